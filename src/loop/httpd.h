/*
 * The HTTP server's sockets that listen, and who of those that connect is let
 * in: within the limits of connections, in all and from one address.
 */
#ifndef CHATD_HTTPD_H
#define CHATD_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/conn.h"
#include "loop/turn.h"

struct event_base;
struct httpd;
struct tls;

struct httpd_config {
	/*
	 * Beyond it the client that is idle longest makes room for a new one;
	 * if none is, the new one is answered with 503.
	 */
	size_t max_connections;
	/* From one address, or IPv6 network of 64 bits; more get 503. */
	size_t max_per_address;
	bool loopback_too; /* the latter holds for loopback as well */
	struct tls *tls;   /* spoken on all sockets but Unix ones; or NULL */
};

struct httpd_stats {
	uint64_t accepted;
	uint64_t refused; /* with 503, or closed at once */
	uint64_t evicted; /* closed while idle, for another */
	uint64_t paused;  /* times that accepting paused: no descriptors */
	size_t open;      /* connections now */
};

/* The service, turn and TLS outlive it.  NULL without memory. */
struct httpd *httpd_new(struct event_base *, struct http_service *,
    struct turn *, const struct httpd_config *);

/* Closes all at once. */
void httpd_free(struct httpd *);

/* Takes over a socket that listens.  Returns 0, or -1: then it stays the
 * caller's. */
int httpd_listen(struct httpd *, int fd);

/*
 * Stops accepting, closes what is idle and lets the rest finish; idle_cb is
 * called from the loop once no connection is left.
 */
void httpd_drain(struct httpd *, void (*idle_cb)(void *), void *arg);

struct httpd_stats httpd_stats(const struct httpd *);

#endif
