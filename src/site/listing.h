/*
 * Directory listings: a page for people, or JSON for programs.
 */
#ifndef CHATD_LISTING_H
#define CHATD_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

#define LISTING_PAGE_MAX 65536 /* bytes; the rest is behind links */

/* Of a directory; the listing says so when there are more. */
#define LISTING_ENTRIES_MAX 10000

enum listing_order {
	LISTING_BY_NAME,
	LISTING_BY_SIZE,
	LISTING_BY_TIME
};

struct listing_view {
	enum listing_order order;
	bool descending;
	size_t from; /* entries before this page */
	bool as_json;
};

/* From a query, `sort=name|size|time&order=asc|desc&from=N`; what is missing
 * or not understood is by name, ascending, from 0. */
struct listing_view listing_view_parse(struct str query);

/*
 * Appends the listing of the directory path ("" or "a/b/", decoded) beneath
 * root.  Directories come first.  Names that begin with a dot are left out,
 * and so is what files_answer() would not serve: what is neither a regular
 * file nor a directory, links that lead outside or nowhere, names with control
 * characters.
 * Returns 0, or -1 with errno set.
 *
 * As JSON it is an object: path, entries, total, truncated (there are more
 * than LISTING_ENTRIES_MAX), from, next (a from, or null).  An entry has name
 * (made safe), href (its exact bytes), type "file" or "directory", size (0 of
 * a directory) and modified (RFC 3339, UTC).
 */
int listing_write(
    struct buf *, int root, const char *path, const struct listing_view *);

#endif
