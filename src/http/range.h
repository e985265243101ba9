/*
 * Range requests (RFC 9110, 14): which bytes of a representation are wanted.
 */
#ifndef CHATD_HTTP_RANGE_H
#define CHATD_HTTP_RANGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define HTTP_RANGES_MAX 16 /* parts of an answer, after joining */

struct http_range {
	uint64_t first; /* offset of its first byte */
	uint64_t length;
};

struct http_ranges {
	struct http_range at[HTTP_RANGES_MAX];
	size_t n;
};

enum http_range_result {
	HTTP_RANGE_IGNORED,      /* no bytes unit, bad syntax, too many */
	HTTP_RANGE_SATISFIABLE,  /* at least one range, clamped to length */
	HTTP_RANGE_UNSATISFIABLE /* 416 */
};

/*
 * Parses the value of a Range field (14.2) for a representation of length
 * bytes.  Ranges that cannot be satisfied are left out as long as one can.
 * Those that overlap, or lie closer together than the head of a part is long,
 * are joined (15.3.7.2); the others keep the order in which they were asked
 * for.  They are too many once more than HTTP_RANGES_MAX lie apart, even if a
 * later one would join them.  The field is no list of lines: a request that
 * has two is as one that has none, which is the caller's to see.  Where the
 * result is not HTTP_RANGE_SATISFIABLE, nothing of use is in the ranges.
 */
enum http_range_result http_range_parse(
    struct str, uint64_t length, struct http_ranges *);

#endif
