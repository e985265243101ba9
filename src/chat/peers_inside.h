/*
 * The structs of the plain UDP peers, for their files alone: peers.c (how they
 * come and go, and what they send) and peers_send.c (what is sent to them).
 *
 * A peer is in the map by its remote address, in the array of all peers, and
 * in one of two queues: `active`, or `pinged` when it was asked whether it is
 * still there.  Each queue is in the order of the peers' deadlines.
 */
#ifndef CHATD_PEERS_INSIDE_H
#define CHATD_PEERS_INSIDE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/map.h"
#include "chat/peers.h"

#define CHUNK_MAX 128 /* paths given to the driver at once */

TAILQ_HEAD(queue, peer);

struct peer {
	TAILQ_ENTRY(peer) entry;
	struct queue *queue; /* the one that it is in */
	size_t index;        /* in the array */
	struct path path;    /* of its latest datagram */
	struct member *member;
	int64_t deadline; /* for a ping, or for an answer to it */
	bool newline;     /* whether its lines shall end in one */
};

/* Peers that are to get the same bytes. */
struct chunk {
	size_t n;
	struct peer *peers[CHUNK_MAX];
	const struct path *paths[CHUNK_MAX];
};

struct peers {
	struct hub *hub;
	const struct gate *gate;
	struct peers_config config;
	struct transport transport;
	struct peers_stats stats;
	struct map *by_remote;
	struct peer **all;
	size_t count, cap;
	struct queue active, pinged;
	bool blocked;           /* until peers_writable() */
	struct buf line;        /* what is being sent, with its newline */
	struct chunk chunks[2]; /* without and with a newline */
};

/* The transport's callbacks, with the peers as their argument. */
void peers_wake_cb(void *, struct hall *);
void peers_tell_cb(void *, void *owner, struct str line);
void peers_tell_all_cb(
    void *, struct hall *, const struct member *but, struct str line);

/* Returns how many paths were taken. */
size_t peers_send(struct peers *, const struct path *const *to, size_t n,
    struct str datagram);

#endif
