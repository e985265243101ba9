/*
 * Content negotiation (RFC 9110, 12): what a client would rather have.
 */
#ifndef CHATD_HTTP_ACCEPT_H
#define CHATD_HTTP_ACCEPT_H

#include "base/str.h"
#include "http/parse.h"

#define HTTP_QUALITY_MAX 1000 /* q=1 in thousandths */

/*
 * The weight in thousandths that the request's Accept-Encoding fields give to
 * a content coding (12.5.3), 0 where it is not acceptable: not listed, or
 * q=0, or there is no such field (then nothing but identity is sent).
 * "x-gzip" is gzip; `*` stands for those not listed.  An element whose weight
 * is not well formed is as if absent, here and below.
 */
unsigned http_accept_coding(const struct http_request *, struct str coding);

/*
 * The weight of a media type, as "application/json", in the Accept fields
 * (12.5.1): the most specific range that matches decides; parameters other
 * than q are ignored.  Without the field every type has HTTP_QUALITY_MAX.
 */
unsigned http_accept_type(const struct http_request *, struct str type);

#endif
