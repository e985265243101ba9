/*
 * Records of requests for a log, from the request to the end of its answer.
 */
#ifndef CHATD_HTTP_RECORD_H
#define CHATD_HTTP_RECORD_H

#include "http/parse.h"
#include "http/service.h"

/*
 * What the request tells; its strs are slices of the request.  Of a head that
 * was refused nothing but its first line is known, if that, and what may be
 * its parts.
 */
struct http_record record_of(const struct http_request *, bool refused);

/* A copy with its own text, to be given to free(3).  NULL without memory. */
struct http_record *record_copy(const struct http_record *);

#endif
