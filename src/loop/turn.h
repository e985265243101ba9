/*
 * The instant of this turn of the event loop: the clock is read once a turn,
 * by whoever asks first, and all that happens in the turn happens then.
 */
#ifndef CHATD_TURN_H
#define CHATD_TURN_H

#include <stdbool.h>

#include "base/clock.h"

struct turn {
	bool known;
	struct instant now;
};

/* Before each turn. */
static inline void
turn_begin(struct turn *t)
{
	t->known = false;
}

static inline struct instant
turn_now(struct turn *t)
{
	if (!t->known)
		t->now = clock_now();
	t->known = true;
	return t->now;
}

#endif
