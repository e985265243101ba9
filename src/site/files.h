/*
 * The files beneath ROOT as HTTP representations.  Small ones are kept in
 * memory (site/cache), and yet none is ever stale.
 */
#ifndef CHATD_FILES_H
#define CHATD_FILES_H

#include <stdbool.h>

#include "base/clock.h"
#include "http/service.h"
#include "http/mime.h"

struct files;

/* The caller's, as long as the files. */
struct files_config {
	const char *root;          /* a directory */
	bool listing;              /* of directories without index.html */
	const char *cache_control; /* of what is sent; "": no such field */
	const struct mime *mime;   /* NULL: the built-in types */
};

/* Opens the directory.  NULL with errno set. */
struct files *files_new(const struct files_config *);
void files_free(struct files *);

/* Other types from now on. */
void files_set_mime(struct files *, const struct mime *);

/*
 * Answers GET of the request's path with the regular file of that name, a
 * directory's index.html or its listing, a redirect to a directory's path
 * with its slash, or a 4xx.  What lies outside ROOT, begins with a dot, or is
 * no regular file is 404; without permission it is 403.
 *
 * Where NAME.br or NAME.gz, not older than NAME, stands beside it, a client
 * that accepts that content coding gets it in its place (RFC 9110, 8.4); all
 * its representations then have Vary: Accept-Encoding, and an entity tag each.
 */
void files_answer(struct files *, const struct http_request *,
    struct http_response *, struct instant now);

#endif
