/*
 * Puts the messages of a room into the order of their numbers, each once,
 * however they come; and knows which are missing.
 */
#ifndef CHATD_ORDER_H
#define CHATD_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/room.h"

#define ORDER_AHEAD_MAX \
	256 /* numbers after the next one of which something is \
	     * kept; what is beyond is dropped */

struct order_slot {
	bool is_taken;
	struct message *message; /* NULL: the number is skipped */
};

struct order {
	uint64_t seen;  /* all up to it were taken */
	uint64_t first; /* none before it will ever come */
	uint64_t last;  /* the greatest number heard of */
	size_t ahead;   /* slots that are taken */
	struct order_slot slots[ORDER_AHEAD_MAX]; /* by number */
};

enum order_fit {
	ORDER_EARLY, /* kept, or beyond what can be kept */
	ORDER_IN_TURN,
	ORDER_DUPLICATE
};

enum order_item {
	ORDER_NONE,
	ORDER_MESSAGE,
	ORDER_MISSED
};

/* Forgets everything; the message after `seen` is the next.  A struct of
 * zeros is as if seen were 0.  Called once more at the end, it frees all. */
void order_begin(struct order *, uint64_t seen);

/* A message that came, which is copied.  Without memory it is dropped. */
enum order_fit order_put(struct order *, const struct message *);

/* The numbers from the one to the other will not come. */
void order_skip(struct order *, uint64_t from, uint64_t to);

/* These numbers are said to exist. */
void order_bounds(struct order *, uint64_t first, uint64_t last);

/*
 * Takes what is next: ORDER_MESSAGE, which the caller frees, ORDER_MISSED, so
 * many that can no longer be had, or ORDER_NONE.
 */
enum order_item order_next(struct order *, struct message **, uint64_t *missed);

/* The first numbers that are missing.  Only when there is nothing to take. */
bool order_gap(const struct order *, uint64_t *from, uint64_t *to);

#endif
