/*
 * What is kept has one of the numbers seen + 1 to seen + ORDER_AHEAD_MAX, each
 * in its own slot of the ring, so that a slot never has to be searched for.
 */
#include "chat/order.h"

#include <stdlib.h>
#include <string.h>

static struct order_slot *
slot(struct order *o, uint64_t seq)
{
	return &o->slots[seq % ORDER_AHEAD_MAX];
}

static bool
has(const struct order *o, uint64_t seq)
{
	return seq - o->seen - 1 < ORDER_AHEAD_MAX &&
	    o->slots[seq % ORDER_AHEAD_MAX].is_taken;
}

static void
keep(struct order *o, uint64_t seq, struct message *m)
{
	*slot(o, seq) = (struct order_slot){ true, m };
	o->ahead++;
}

/* The next number is done with; the message that was kept of it, or NULL. */
static struct message *
advance(struct order *o)
{
	struct order_slot *s = slot(o, ++o->seen);
	struct message *m = s->message;

	if (s->is_taken)
		o->ahead--;
	*s = (struct order_slot){ 0 };
	return m;
}

void
order_begin(struct order *o, uint64_t seen)
{
	for (size_t i = 0; i < ORDER_AHEAD_MAX; i++)
		free(o->slots[i].message);
	memset(o, 0, sizeof(*o));
	o->seen = o->last = seen;
}

enum order_fit
order_put(struct order *o, const struct message *m)
{
	struct message *kept;

	order_bounds(o, 0, m->seq);
	if (m->seq <= o->seen || has(o, m->seq))
		return ORDER_DUPLICATE;
	if (m->seq - o->seen <= ORDER_AHEAD_MAX) {
		kept = message_copy(m);
		if (kept != NULL)
			keep(o, m->seq, kept);
	}
	return m->seq == o->seen + 1 ? ORDER_IN_TURN : ORDER_EARLY;
}

void
order_skip(struct order *o, uint64_t from, uint64_t to)
{
	order_bounds(o, 0, to);
	if (to <= o->seen)
		return;
	if (from <= o->seen)
		from = o->seen + 1;
	if (from == o->seen + 1 && o->ahead == 0) {
		o->seen = to;
		return;
	}
	for (; from <= to && from - o->seen <= ORDER_AHEAD_MAX; from++) {
		if (!has(o, from))
			keep(o, from, NULL);
	}
}

void
order_bounds(struct order *o, uint64_t first, uint64_t last)
{
	if (first > o->first)
		o->first = first;
	if (last > o->last)
		o->last = last;
}

/* Moves over what is gone for good, up to what is kept or may still come;
 * returns how many that were. */
static uint64_t
pass_missed(struct order *o)
{
	uint64_t missed = 0;

	while (o->seen + 1 < o->first && !has(o, o->seen + 1)) {
		uint64_t n = o->ahead == 0 ? o->first - o->seen - 1 : 1;

		o->seen += n;
		missed += n;
	}
	return missed;
}

enum order_item
order_next(struct order *o, struct message **message, uint64_t *missed)
{
	for (;;) {
		*missed = pass_missed(o);
		if (*missed > 0)
			return ORDER_MISSED;
		if (!has(o, o->seen + 1))
			return ORDER_NONE;
		*message = advance(o);
		if (*message != NULL)
			return ORDER_MESSAGE;
	}
}

bool
order_gap(const struct order *o, uint64_t *from, uint64_t *to)
{
	if (o->seen >= o->last)
		return false;
	*from = o->seen + 1;
	*to = o->last;
	if (o->ahead == 0)
		return true;
	for (uint64_t n = 2; n <= ORDER_AHEAD_MAX; n++) {
		if (has(o, o->seen + n)) {
			*to = o->seen + n - 1;
			break;
		}
	}
	return true;
}
