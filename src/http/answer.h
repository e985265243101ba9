/*
 * From the representation that a handler gives to the answer that is sent:
 * conditions and ranges are answered here, so that handlers need not know of
 * them (RFC 9110, 13 and 14).
 */
#ifndef CHATD_HTTP_ANSWER_H
#define CHATD_HTTP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "http/outbox.h"
#include "http/parse.h"
#include "http/service.h"

struct http_manner {
	struct str connection; /* value of Connection, or empty */
	bool is_head;          /* leave out the content */
};

/* RFC 9112, 9.3: HTTP/1.1 persists without being told so. */
struct http_manner http_manner_of(unsigned minor, bool keep, bool is_head);

/*
 * Puts the answer into the outbox, which has no file yet, and takes over
 * res->fd.  The request is NULL where it is not there to be asked for
 * conditions and ranges.  Of a stream only the head is put there.  res->status
 * becomes the status that was sent.  Returns the bytes of its content; the
 * outbox's memory has failed where there was none.
 */
uint64_t http_answer(struct http_service *, struct outbox *,
    const struct http_request *, struct http_response *, struct http_manner,
    struct instant now);

#endif
