/*
 * A network that is simulated: datagrams get lost, doubled, late and out of
 * order, and time stands still while nothing happens.  All chance comes from
 * one seed, so that what happened once happens again.
 */
#ifndef CHATD_TESTS_NETWORK_H
#define CHATD_TESTS_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/str.h"

struct weather {
	unsigned loss, doubled;   /* percent */
	int64_t fastest, slowest; /* nanoseconds that a datagram takes */
};

struct parcel {
	int64_t at;     /* mono, when it comes */
	uint64_t order; /* of those at the same time */
	struct addr from, to;
	size_t len;
	char bytes[];
};

struct network {
	uint64_t random;
	struct weather weather;
	uint64_t sent, lost, came; /* datagrams */
	struct parcel **heap;      /* the first to come at its root */
	size_t count, capacity;
};

void network_init(struct network *, uint64_t seed, const struct weather *);
void network_free(struct network *);

/* From 0 to below - 1. */
unsigned network_random(struct network *, unsigned below);
bool network_chance(struct network *, unsigned percent);

void network_send(struct network *, const struct addr *from,
    const struct addr *to, struct str datagram, int64_t now);

/* When the next datagram comes, or NEVER; and that datagram, for free(). */
int64_t network_deadline(const struct network *);
struct parcel *network_take(struct network *);

#endif
