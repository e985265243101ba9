/*
 * The event driver of HTTP: it moves bytes between sockets and the
 * connections of http/conn.  It receives into one buffer that all share and
 * sends straight from the callback that read the request.  What the socket
 * will not take then is left to a bufferevent, which the connection has from
 * then on; so the usual request costs one receive and one send, and an idle
 * connection holds no buffer.
 */
#ifndef CHATD_HTTPD_H
#define CHATD_HTTPD_H

#include <stddef.h>
#include <stdint.h>

#include "http/conn.h"
#include "loop/turn.h"

struct event_base;
struct httpd;

struct httpd_stats {
	uint64_t accepted;
	uint64_t paused; /* times that accepting paused: no descriptors */
	size_t open;     /* connections now */
};

/*
 * The service and turn outlive it.  At max_connections accepting waits until
 * one closes.  NULL without memory.
 */
struct httpd *httpd_new(struct event_base *, struct http_service *,
    struct turn *, size_t max_connections);

/* Closes all at once. */
void httpd_free(struct httpd *);

/* Takes over a socket of listen_tcp().  Returns 0, or -1: then it stays the
 * caller's. */
int httpd_listen(struct httpd *, int fd);

/*
 * Stops accepting, closes what is idle and lets the rest finish; idle_cb is
 * called from the loop once no connection is left.
 */
void httpd_drain(struct httpd *, void (*idle_cb)(void *), void *arg);

const struct httpd_stats *httpd_stats(const struct httpd *);

#endif
