/*
 * multipart/byteranges: several ranges of a representation in one answer
 * (RFC 9110, 14.6; RFC 2046, 5.1.1).
 */
#ifndef CHATD_HTTP_MULTIPART_H
#define CHATD_HTTP_MULTIPART_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/range.h"

#define MULTIPART_TYPE_MAX 128 /* bytes of a type; a longer one is left out */

struct http_multipart {
	struct http_ranges ranges;
	size_t next;       /* the part whose head comes next */
	uint64_t complete; /* bytes of the whole representation */
	char boundary[24];
	char type[MULTIPART_TYPE_MAX]; /* Content-Type of the parts, or "" */
	char own_type[64];             /* Content-Type of the whole */
};

/*
 * salt makes the boundary one that no representation holds but by chance.
 * NULL without memory; to be given to free(3).
 */
struct http_multipart *multipart_new(const struct http_ranges *,
    uint64_t complete, struct str type, uint64_t salt);

/* Bytes of the whole content, heads and end included. */
uint64_t multipart_length(const struct http_multipart *);

/*
 * Appends what comes before the content of the next part, which it returns;
 * or after the last one the end of it all, and returns NULL.
 */
const struct http_range *multipart_next(struct http_multipart *, struct buf *);

/* `bytes 0-99/1234`, for a Content-Range field (RFC 9110, 14.4). */
#define CONTENT_RANGE_MAX 72
struct str content_range(
    const struct http_range *, uint64_t complete, char out[CONTENT_RANGE_MAX]);

#endif
