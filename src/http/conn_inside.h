/*
 * What http/conn keeps of a connection, for its own files alone: conn.c, where
 * bytes come and go, and conn_time.c, where time passes.
 */
#ifndef CHATD_HTTP_CONN_INSIDE_H
#define CHATD_HTTP_CONN_INSIDE_H

#include "http/body.h"
#include "http/conn.h"
#include "http/pace.h"
#include "http/pending.h"
#include "http/responses.h"

/*
 * IDLE -> HEAD -> (BODY) -> (AWAIT) -> IDLE ...
 *      -> (STREAM) -> CLOSING -> (LINGER) -> ENDED
 */
enum state {
	IDLE,    /* no byte of a request */
	HEAD,    /* some bytes of a head */
	BODY,    /* of a pending request; or answered, and read past */
	AWAIT,   /* the pending request is whole, its answer is still to come */
	STREAM,  /* sends content as it comes, and ignores what it receives */
	CLOSING, /* takes no more requests; sends what waits, then closes */
	LINGER,  /* sent all; reads on so that the peer sees it (9.6) */
	ENDED
};

struct http_conn {
	struct http_service *service;
	const struct http_peer *peer;
	enum state state;
	bool linger;   /* CLOSING leads to LINGER: the peer may still send */
	bool draining; /* answers say Connection: close */
	bool is_refused;
	bool half_closed; /* the peer sends no more */
	bool is_last; /* no request after the one that is not done with yet */
	size_t last_len;    /* bytes of an unfinished head seen so far */
	uint64_t body_left; /* bytes of the body that may still come */
	struct http_body body;
	struct pending *pending; /* not answered yet; or NULL */
	struct responses out;
	int64_t deadline;       /* of the state */
	int64_t received, sent; /* bytes */
	int64_t body_mark;      /* received when the body's deadline was set */
	struct pace reading;
};

static inline const struct http_limits *
conn_limits(const struct http_conn *c)
{
	return &c->service->config.limits;
}

/* There is nothing left to say: no memory for it, or no time. */
void conn_abandon(struct http_conn *, struct instant now);

/* Answers the request that is not all there, or whose answer is not, with an
 * error, and begins to close. */
void conn_fail(struct http_conn *, int status, struct instant now);

#endif
