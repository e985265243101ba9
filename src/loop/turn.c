#include "loop/turn.h"

void
turn_begin(struct turn *t)
{
	t->known = false;
}

struct instant
turn_now(struct turn *t)
{
	if (!t->known)
		t->now = clock_now();
	t->known = true;
	return t->now;
}
