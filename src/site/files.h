/*
 * The files beneath ROOT as HTTP representations.  Small ones are kept in
 * memory, and yet none is ever stale: an entry holds for the one instant at
 * which the file was looked at, or the watch said that nothing had changed;
 * the requests of one turn of the loop share that, and the next turn asks
 * again.
 */
#ifndef CHATD_FILES_H
#define CHATD_FILES_H

#include "base/clock.h"
#include "base/str.h"
#include "http/conn.h"

#define FILES_SMALL_MAX  32768      /* bytes of a file kept in memory */
#define FILES_CACHE_MAX  (16 << 20) /* bytes of all of them; oldest go */
#define FILES_ENTRY_COST 512        /* what an entry counts beside its file */
#define FILES_PATH_MAX \
	(HTTP_TARGET_MAX + 16) /* bytes of a path with its NUL \
				*/

struct files;

/* Opens the directory.  NULL with errno set. */
struct files *files_new(const char *root);
void files_free(struct files *);

/*
 * Answers GET of a path (of a URL, still encoded, beginning with '/') with
 * the regular file of that name, a directory's index.html, a redirect to a
 * directory's path with its slash, or a 4xx.  What lies outside ROOT, begins
 * with a dot, or is no regular file is 404; without permission it is 403.
 */
void files_answer(struct files *, struct str path, struct str query,
    struct http_response *, struct instant now);

#endif
