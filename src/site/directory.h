/*
 * The entries of a directory that a listing shows.
 */
#ifndef CHATD_DIRECTORY_H
#define CHATD_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "site/listing.h"

/* In the year 9999, the last that has four digits. */
#define DIRECTORY_TIME_LAST INT64_C(253402300799)

struct entry {
	char *name;
	uint64_t size;    /* 0 for a directory */
	int64_t modified; /* seconds since 1970, 0 to DIRECTORY_TIME_LAST */
	uint64_t key;     /* what it is sorted by before its name */
	bool is_dir;
};

struct directory {
	struct entry *entries;
	size_t count, cap;
	bool is_cut; /* there are more than LISTING_ENTRIES_MAX */
};

/* Reads what listing_write() lists, in no order.  Returns 0, or -1 with errno
 * set; in both cases directory_free() frees what is there. */
int directory_read(struct directory *, int root, const char *path);
void directory_free(struct directory *);

/*
 * Sorts, directories first.  Names are compared without the case of ASCII
 * letters; entries of one size or time are by name, ascending either way.
 */
void directory_sort(struct directory *, const struct listing_view *);

#endif
