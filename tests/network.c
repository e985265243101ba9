#include "tests/network.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

void
network_init(struct network *n, uint64_t seed, const struct weather *weather)
{
	/* Seeds that are near are spread by a multiplication (Knuth). */
	*n = (struct network){
		.random = (seed + 1) * 0x9e3779b97f4a7c15,
		.weather = *weather,
	};
	for (int i = 0; i < 4; i++)
		(void)network_random(n, 1);
}

void
network_free(struct network *n)
{
	while (n->count > 0)
		free(n->heap[--n->count]);
	free(n->heap);
}

unsigned
network_random(struct network *n, unsigned below)
{
	n->random ^= n->random << 13;
	n->random ^= n->random >> 7;
	n->random ^= n->random << 17;
	return (unsigned)((n->random >> 16) % below);
}

bool
network_chance(struct network *n, unsigned percent)
{
	return network_random(n, 100) < percent;
}

static bool
is_before(const struct parcel *a, const struct parcel *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
swap(struct network *n, size_t a, size_t b)
{
	struct parcel *p = n->heap[a];

	n->heap[a] = n->heap[b];
	n->heap[b] = p;
}

static void
heap_add(struct network *n, struct parcel *p)
{
	size_t i = n->count++;

	if (n->count > n->capacity) {
		n->capacity = 2 * n->count;
		n->heap = realloc(n->heap, n->capacity * sizeof(n->heap[0]));
		ck_assert_ptr_nonnull(n->heap);
	}
	n->heap[i] = p;
	for (; i > 0 && is_before(p, n->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(n, i, (i - 1) / 2);
}

/* What is at i may have to go behind what is below it. */
static void
heap_sink(struct network *n, size_t i)
{
	for (;;) {
		size_t first = i, child = 2 * i + 1;

		for (size_t c = child; c < child + 2 && c < n->count; c++) {
			if (is_before(n->heap[c], n->heap[first]))
				first = c;
		}
		if (first == i)
			return;
		swap(n, i, first);
		i = first;
	}
}

static int64_t
travel(struct network *n)
{
	int64_t span = n->weather.slowest - n->weather.fastest;

	return n->weather.fastest + span / 1000 * network_random(n, 1000);
}

void
network_send(struct network *n, const struct addr *from, const struct addr *to,
    struct str datagram, int64_t now)
{
	int copies = network_chance(n, n->weather.doubled) ? 2 : 1;

	for (int i = 0; i < copies; i++) {
		struct parcel *p;

		n->sent++;
		if (network_chance(n, n->weather.loss)) {
			n->lost++;
			continue;
		}
		p = malloc(sizeof(*p) + datagram.len);
		ck_assert_ptr_nonnull(p);
		p->at = now + travel(n);
		p->order = n->sent;
		p->from = *from;
		p->to = *to;
		p->len = datagram.len;
		memcpy(p->bytes, datagram.p, datagram.len);
		heap_add(n, p);
	}
}

int64_t
network_deadline(const struct network *n)
{
	return n->count > 0 ? n->heap[0]->at : NEVER;
}

struct parcel *
network_take(struct network *n)
{
	struct parcel *p = n->heap[0];

	n->heap[0] = n->heap[--n->count];
	heap_sink(n, 0);
	n->came++;
	return p;
}
