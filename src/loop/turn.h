/*
 * The instant of this turn of the event loop: the clock is read once a turn,
 * by whoever asks first, and all that happens in the turn happens then.
 */
#ifndef CHATD_TURN_H
#define CHATD_TURN_H

#include <stdbool.h>

#include "base/clock.h"

struct turn {
	unsigned number;
	bool known;
	struct instant now;
};

/* Where something may have happened since that was caused by what was done
 * earlier in the turn, such as a file changed by who was answered then. */
static inline void
turn_renew(struct turn *t)
{
	t->known = false;
}

/* Before each turn. */
static inline void
turn_begin(struct turn *t)
{
	t->number++;
	turn_renew(t);
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
