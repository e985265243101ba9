/*
 * Where rooms are kept beyond the memory of the process.  The hub writes into
 * it; whoever has it tells the hub what is committed, hub_committed(), and
 * before the first member comes puts back what there was: hub_restore_*().
 *
 * Nothing here waits: what is handed in is copied and written later, in the
 * order in which it came.
 */
#ifndef CHATD_LEDGER_H
#define CHATD_LEDGER_H

#include <stdint.h>

#include "chat/room.h"

struct ledger {
	/*
	 * A message, with its seq, of that room; number is its sender's own
	 * number for it, or 0.  Each one taken counts for hub_committed().
	 * Returns 0, or -1 when it cannot be taken now: then it is not said.
	 */
	int (*append)(void *arg, const struct room *, const struct message *,
	    uint64_t number);
	/* What is appended between hold and release is committed at once, or
	 * not at all; may be NULL. */
	void (*hold)(void *arg);
	void (*release)(void *arg);
	/* The room's topic as it is now; the person's nick.  Lost when they
	 * cannot be taken. */
	void (*topic)(void *arg, const struct room *);
	void (*nick)(void *arg, uint64_t identity, struct str nick);
	void *arg;
};

#endif
