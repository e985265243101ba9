/*
 * The clients of the HTTP server: moves bytes between their sockets and the
 * connections of http/conn.  It receives into one buffer that all share and
 * sends (loop/outlet) straight from the callback that read the request; so
 * the usual request costs one receive and one send, and an idle client holds
 * no buffer.  A client that speaks TLS has a bufferevent, and is the same
 * otherwise.  Clients that are woken, however many at once, have their turn
 * from one event.
 */
#ifndef CHATD_CLIENTS_H
#define CHATD_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "http/conn.h"
#include "loop/turn.h"

struct clients;
struct event_base;
struct tls;

struct clients_config {
	struct event_base *base;
	struct http_service *service;
	struct turn *turn;
	/* Called once a client is closed; peer is NULL for one of a Unix
	 * socket, and for one that was refused. */
	void (*gone)(void *arg, const struct addr *peer);
	void *arg;
};

/* What the config points to outlives it.  NULL without memory. */
struct clients *clients_new(const struct clients_config *);
void clients_free(struct clients *); /* closes all at once */

struct newcomer {
	int fd;
	const struct addr *peer; /* NULL for a Unix socket */
	/* Who begins with a handshake is served over TLS, any other as it is;
	 * NULL: all are. */
	struct tls *tls;
	bool is_refused; /* answered with 503 and closed */
	bool is_prompt;  /* received from at once */
};

/* Takes over an accepted socket.  Returns 0, or -1 without memory: then the
 * socket stays the caller's. */
int clients_add(struct clients *, const struct newcomer *);

size_t clients_count(const struct clients *);
size_t clients_served(const struct clients *); /* all but the refused */

/*
 * Closes the client that has waited longest for its next request, or, if it
 * never sent one, for a second.  Returns whether there was one.
 */
bool clients_evict(struct clients *);

/* Closes who is idle, ends streams after their last word, and lets the others
 * finish what is under way. */
void clients_drain(struct clients *);

#endif
