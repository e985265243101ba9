/*
 * A request that its handler did not answer at once: what is kept of it until
 * whoever shall answer it later has done so.
 */
#ifndef CHATD_HTTP_PENDING_H
#define CHATD_HTTP_PENDING_H

#include <stdbool.h>

#include "base/buf.h"
#include "http/parse.h"
#include "http/service.h"

struct pending {
	struct http_later later;
	struct buf body;            /* what was collected of it */
	struct http_record *record; /* without a status yet; or NULL */
	unsigned minor;             /* of the request's version */
	bool owes_continue;         /* 100 (Continue), before the body comes */
};

/* Copies the record, if there is one.  NULL without memory: then later.gone()
 * is the caller's to call. */
struct pending *pending_new(const struct http_later *,
    const struct http_request *, const struct http_record *);

/* Tells by later.gone() that nobody waits any more. */
void pending_free(struct pending *);

/* Keeps a piece of the body.  Returns false without memory. */
bool pending_add(struct pending *, struct str content);

/* Asks for the answer, the body being whole; whether it was given. */
bool pending_ask(struct pending *, struct http_response *, struct instant now);

#endif
