/*
 * Plain UDP peers: a datagram is a line of text, and so is what they get.
 * Datagrams in, the hub's log, cursors, datagrams out; sockets and clocks are
 * somebody else's.
 *
 * The first line from a trusted address joins it; any other address is asked
 * for the gate's code, in never more than three times the bytes it sent.
 */
#ifndef CHATD_PEERS_H
#define CHATD_PEERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/str.h"
#include "chat/gate.h"
#include "chat/hub.h"
#include "chat/path.h"

#define PEER_DATAGRAM_MAX 1200 /* bytes of the longest datagram sent */
#define PEER_LINES_MAX    16   /* lines taken from one datagram */

struct peers;

struct peers_config {
	int64_t ping_after;     /* nanoseconds of silence, then a ping */
	int64_t drop_after;     /* nanoseconds of silence, then out; the time
				 * between the two counts from the ping */
	size_t max_per_address; /* members from one IP address */
	/* When it takes fewer than n, the driver calls peers_writable() once
	 * there is room. */
	path_send *send;
	void *arg;
};

struct peers_stats {
	uint64_t datagrams_in, datagrams_out, lines_in, challenged, refused;
	uint64_t dropped; /* after drop_after */
};

/* The hub and the gate outlive it.  NULL without memory. */
struct peers *peers_new(
    struct hub *, const struct gate *, const struct peers_config *);
void peers_free(struct peers *); /* its members leave without a word */

/*
 * A datagram that came.  Its lines are taken one by one; a line end (LF or
 * CRLF) at its end shows that this peer wants its own lines ended so.  The
 * caller calls hub_flush() after a batch.
 */
void peers_receive(struct peers *, const struct path *, struct str datagram,
    struct instant now);

/* The system says that nobody listens there (ECONNREFUSED): out at once. */
void peers_unreachable(struct peers *, const struct addr *remote);

/* The driver can send again. */
void peers_writable(struct peers *);

/* When to call peers_tick() next, mono, or NEVER.  One tick does a bounded
 * amount of work; what is left is due at once. */
int64_t peers_deadline(const struct peers *);
void peers_tick(struct peers *, struct instant now);

size_t peers_count(const struct peers *);
const struct transport *peers_transport(const struct peers *);
const struct peers_stats *peers_stats(const struct peers *);

#endif
