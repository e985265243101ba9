/*
 * Conditional requests (RFC 9110, 13): whether the representation that would
 * be sent is the one that the client asks about.
 */
#ifndef CHATD_HTTP_CONDITIONAL_H
#define CHATD_HTTP_CONDITIONAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "http/parse.h"

/* Of the selected representation (RFC 9110, 8.8). */
struct http_validators {
	struct str etag;  /* with its quotes, and W/ where weak; empty: none */
	int64_t modified; /* seconds since 1970; negative: not known */
};

/*
 * Evaluates If-Match, If-Unmodified-Since, If-None-Match and
 * If-Modified-Since in the order of 13.2.2, for a request that would be
 * answered with 200.  now, in seconds since 1970, is for years of two digits.
 * Fields of the same name are one list.  A date that is none, or an
 * If-None-Match that is not well formed as far as it was needed, is as if
 * absent; such an If-Match is answered with 412, the safe side for who asked
 * for one representation alone.
 * Returns 0 to go on, or the status to answer with: 304 or 412.
 */
int http_conditional(
    const struct http_request *, const struct http_validators *, int64_t now);

/*
 * Whether a Range is to be looked at: there is no If-Range, or it names this
 * very representation by a strong entity tag or by its exact date, which
 * must be at least one second old (13.1.5, 8.8.2.2).
 */
bool http_if_range(
    const struct http_request *, const struct http_validators *, int64_t now);

#endif
