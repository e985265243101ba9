/*
 * The server's side of the native dialect (docs/protocol.md): a transport of
 * the hub over datagrams that get lost, doubled, late and out of order.
 *
 * A message is pushed once to each client, best effort, and no queue is kept
 * for one: who lacks a message sees the gap in the numbers and pulls it.  What
 * a client says is repeated by it until it is acknowledged, and taken once.
 * Nothing is kept for an address that has not sent back its cookie.
 */
#ifndef CHATD_NATIVE_H
#define CHATD_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/str.h"
#include "chat/hub.h"
#include "chat/path.h"

#define NATIVE_SILENCE     SECONDS(60) /* after it a client counts as gone */
#define NATIVE_PAST        20        /* messages that a new client gets first */
#define NATIVE_WINDOW      16        /* numbers that may wait for their ACK */
#define NATIVE_PULL_MAX    8         /* datagrams in answer to one PULL, */
#define NATIVE_PULL_BURST  64        /* to those of a client at once, */
#define NATIVE_PULL_PACE   MILLIS(5) /* and then one in that time */
#define NATIVE_NOTES       64        /* notes of a client that are kept, */
#define NATIVE_NOTES_BYTES 16384     /* and their bytes */

struct native;

struct native_config {
	size_t max_per_address; /* clients from one IP address */
	bool is_kept;           /* the hub's rooms outlive the server */
	path_send *send;        /* what is not taken at once is lost */
	/* After a push, from wherever it came: native_tick() is due soon, and
	 * not from within the call.  NULL where it is called anyway. */
	void (*due)(void *arg);
	void *arg;
};

struct native_stats {
	uint64_t datagrams_in, datagrams_out;
	uint64_t messages_out; /* pushed, to whomever */
	uint64_t repairs;      /* messages sent again on a PULL */
	uint64_t duplicates;   /* lines that came again and were dropped */
	uint64_t resumed;      /* clients that came back, or moved */
	uint64_t challenged, refused, malformed;
	uint64_t dropped; /* clients gone after NATIVE_SILENCE */
};

/* The hub outlives it.  NULL without memory or randomness. */
struct native *native_new(struct hub *, const struct native_config *);
void native_free(struct native *); /* its clients get a BYE-less end: they may
				    * come back to the next server */

/* A datagram that came, for which wire_is_native(). */
void native_receive(struct native *, const struct path *, struct str datagram,
    struct instant now);

/* When to call native_tick() next, mono, or NEVER. */
int64_t native_deadline(const struct native *);
void native_tick(struct native *, struct instant now);

size_t native_count(const struct native *);
const struct native_stats *native_stats(const struct native *);
const struct transport *native_transport(const struct native *);

#endif
