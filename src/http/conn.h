/*
 * An HTTP/1.1 connection as a state machine without a descriptor: bytes in,
 * requests, answers, bytes out.  It keeps requests in order, one answer for
 * each (RFC 9112, 9.3), and never holds more than HTTP_OUT_HIGH, one answer
 * and the body that whoever answers asked for, however many requests were
 * pipelined.
 *
 * A driver owns the socket and repeats: hand in what was received, take out
 * what is to be sent, call http_conn_expire() at the deadline.
 */
#ifndef CHATD_HTTP_CONN_H
#define CHATD_HTTP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/clock.h"
#include "http/outbox.h"
#include "http/service.h"

struct http_conn;

struct http_peer {
	const struct addr *addr; /* the caller's; NULL for a Unix socket */
	bool is_secure;          /* over TLS; set before anything is received */
	struct http_waker waker; /* the driver's, handed to the handler */
};

/* The service and the peer outlive it.  NULL without memory. */
struct http_conn *http_conn_new(
    struct http_service *, const struct http_peer *, struct instant now);

/* An answer that is not yet sent whole counts as it is (http_log). */
void http_conn_free(struct http_conn *, struct instant now);

/* There is no room: its first request, which has to be there within
 * linger_timeout, is answered with 503 and is the last. */
void http_conn_refuse(struct http_conn *, struct instant now);

/*
 * Takes what was received, from the first byte not yet used.  Returns how
 * many bytes it used; the rest is to be handed in again, with more behind
 * it, or once what waits was sent.  0 means that it needs one of the two.
 */
size_t http_conn_receive(
    struct http_conn *, const char *data, size_t len, struct instant now);

/* A waker was called: what waits for it is asked again, here or in
 * http_conn_output(), which is to follow. */
void http_conn_wake(struct http_conn *, struct instant now);

/* The peer sends no more.  What was asked for is still answered. */
void http_conn_eof(struct http_conn *, struct instant now);

/* Whether answers wait, or one is waited for, so that receiving would not go
 * on. */
bool http_conn_is_full(const struct http_conn *);

/* Whether it only waits for another request. */
bool http_conn_is_idle(const struct http_conn *);

/* What to do next.  A piece stays valid until the connection is used again;
 * http_conn_sent() says how much of it was taken away to be sent. */
enum http_output http_conn_output(
    struct http_conn *, struct http_piece *, struct instant now);
void http_conn_sent(struct http_conn *, size_t n, struct instant now);

/*
 * The socket takes no more for now: from here on the peer has to read at the
 * minimal rate.  Here and below, unread is how many of the bytes taken away
 * the peer has not yet read, as far as the driver can tell.
 */
void http_conn_blocked(struct http_conn *, int64_t unread, struct instant now);

/* When to call http_conn_expire(), mono.  It may only move later unnoticed:
 * a driver asks after each call above and may wake up too early. */
int64_t http_conn_deadline(const struct http_conn *);

/* Ends what a deadline has passed for.  After it http_conn_has_ended() says
 * whether the connection is to be closed, with all that waits lost. */
void http_conn_expire(struct http_conn *, int64_t unread, struct instant now);
bool http_conn_has_ended(const struct http_conn *);

/* No request after those under way (the server stops); a stream ends after
 * what http_conn_output() still gets of it. */
void http_conn_drain(struct http_conn *);

/* For a log: "idle", "request", ... */
const char *http_conn_state(const struct http_conn *);

#endif
