/*
 * What the link receives: the room's messages, which chat/order puts in order,
 * and the notes.  What is missing is pulled.
 */
#include "chat/link_inside.h"

#include <stdlib.h>

/* All that is next of the room. */
void
link_deliver(struct link *l)
{
	struct message *m = NULL;
	uint64_t missed;
	enum order_item item;

	while (!l->is_paused &&
	    (item = order_next(&l->order, &m, &missed)) != ORDER_NONE) {
		if (item == ORDER_MISSED) {
			link_emit(l,
			    &(struct link_event){
				.type = LINK_MISSED, .count = missed });
			continue;
		}
		link_emit(l,
		    &(struct link_event){ .type = LINK_MESSAGE,
			.message = *m,
			.is_past = m->seq <= l->past,
			.is_own = m->sender == l->you });
		free(m);
	}
}

void
link_deliver_rest(struct link *l)
{
	do {
		l->is_paused = false;
		link_deliver(l);
	} while (l->is_paused);
}

static void
receive_message(struct link *l, const struct message *m)
{
	enum order_fit fit = order_put(&l->order, m);

	if (fit == ORDER_DUPLICATE)
		l->stats.duplicates++;
	else if (fit == ORDER_EARLY)
		l->stats.early++;
}

/* What all in the room get. */
void
link_receive_shared(struct link *l, const struct wire_frame *f)
{
	switch (f->type) {
	case WIRE_MESSAGE:
		receive_message(l, &f->u.message);
		break;
	case WIRE_SKIP:
		if (!f->u.range.notes)
			order_skip(&l->order, f->u.range.from, f->u.range.to);
		break;
	case WIRE_TAIL:
		order_bounds(&l->order, 0, f->u.last);
		break;
	case WIRE_NOTICE:
		link_emit_text(l, LINK_NOTE, f->u.text);
		break;
	default:
		break;
	}
}

/* Notes come rarely: one before its turn is not kept, but pulled. */

void
link_note_exists(struct link *l, uint32_t number)
{
	if (number > l->last_note)
		l->last_note = number;
}

void
link_receive_note(struct link *l, uint32_t number, struct str text)
{
	link_note_exists(l, number);
	if (number <= l->notes) {
		l->stats.duplicates++;
	} else if (number > l->notes + 1) {
		l->stats.early++;
	} else {
		l->notes = number;
		link_emit_text(l, LINK_NOTE, text);
	}
}

void
link_skip_notes(struct link *l, uint64_t from, uint64_t to)
{
	if (from <= (uint64_t)l->notes + 1 && to > l->notes &&
	    to <= l->last_note)
		l->notes = (uint32_t)to;
}

static bool
is_missing(const struct link *l)
{
	uint64_t from, to;

	return l->notes < l->last_note || order_gap(&l->order, &from, &to);
}

void
link_pull(struct link *l, struct instant now)
{
	struct wire_frame f = { .type = WIRE_PULL };
	struct wire_out out;

	wire_begin(&out, l->config.session);
	if (order_gap(&l->order, &f.u.range.from, &f.u.range.to))
		(void)wire_add(&out, &f);
	if (l->notes < l->last_note) {
		f.u.range.notes = true;
		f.u.range.from = (uint64_t)l->notes + 1;
		f.u.range.to = l->last_note;
		(void)wire_add(&out, &f);
	}
	l->stats.pulls++;
	link_ask(l, &out, now);
}

/* Progress gives what is still missing time to come by itself. */
void
link_watch_gaps(struct link *l, bool progress, struct instant now)
{
	if (l->state != LINK_IN || l->is_paused || !is_missing(l))
		link_timer_stop(l, PULL_TIMER);
	else if (progress || !link_timer_runs(l, PULL_TIMER))
		link_timer_begin(l, PULL_TIMER, now);
}

void
link_pause(struct link *l)
{
	l->is_paused = true;
}

void
link_resume(struct link *l, struct instant now)
{
	if (!l->is_paused)
		return;
	l->is_paused = false;
	link_deliver(l);
	link_watch_gaps(l, true, now);
}

bool
link_is_paused(const struct link *l)
{
	return l->is_paused;
}
