/*
 * What the link says.  The lines lie in the order of their numbers, those from
 * `acked` + 1 on; NATIVE_WINDOW of them at most are on their way.
 */
#include "chat/link_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chat/native.h"

#define WAIT_MIN SECONDS(1)
#define WAIT_MAX SECONDS(8)

/* Sends the lines after that number, as far as the window goes. */
static void
send_lines(struct link *l, uint32_t after, struct instant now)
{
	struct wire_out out;
	struct line *line;

	wire_begin(&out, l->config.session);
	STAILQ_FOREACH(line, &l->lines, entry) {
		struct wire_frame f = { .type = WIRE_SAY };

		if (line->number <= after)
			continue;
		if (line->number > l->acked + NATIVE_WINDOW)
			break;
		f.u.line.number = line->number;
		f.u.line.text = (struct str){ line->text, line->len };
		if (wire_add(&out, &f) == -1) {
			link_ask(l, &out, now);
			wire_begin(&out, l->config.session);
			(void)wire_add(&out, &f);
		}
		if (line->number <= l->sent)
			l->stats.repeats++;
		else
			l->sent = line->number;
	}
	if (!wire_is_empty(&out))
		link_ask(l, &out, now);
}

void
link_flush_lines(struct link *l, struct instant now)
{
	if (l->state != LINK_IN || l->held != 0)
		return;
	send_lines(l, l->sent, now);
	if (l->waiting > 0 && !link_timer_runs(l, SAY_TIMER))
		link_timer_begin(l, SAY_TIMER, now);
}

void
link_repeat_lines(struct link *l, struct instant now)
{
	if (l->held != 0) {
		l->held = 0;
		link_timer_begin(l, SAY_TIMER, now);
	}
	send_lines(l, l->acked, now);
}

void
link_drop_line(struct link *l)
{
	struct line *line = STAILQ_FIRST(&l->lines);

	STAILQ_REMOVE_HEAD(&l->lines, entry);
	free(line);
	l->waiting--;
}

void
link_receive_ack(struct link *l, uint32_t number, struct instant now)
{
	if (number <= l->acked || number > l->sent)
		return;
	while (l->acked < number) {
		link_drop_line(l);
		l->acked++;
	}
	if (l->acked >= l->held) {
		l->held = 0;
		l->held_for = 0;
		link_timer_stop(l, SAY_TIMER);
		link_flush_lines(l, now);
	}
}

void
link_receive_wait(struct link *l, uint32_t number, struct instant now)
{
	if (l->held != 0 || number <= l->acked || number > l->sent)
		return;
	l->held = number;
	l->held_for = l->held_for == 0 ? WAIT_MIN : 2 * l->held_for;
	if (l->held_for > WAIT_MAX)
		l->held_for = WAIT_MAX;
	link_timer_start(l, SAY_TIMER, l->held_for, now);
}

void
link_receive_refused(struct link *l, uint32_t number, struct str why)
{
	struct line *line;

	STAILQ_FOREACH(line, &l->lines, entry) {
		if (line->number >= number)
			break;
	}
	if (line == NULL || line->number != number || line->is_refused)
		return;
	line->is_refused = true;
	l->refused++;
	link_emit_text(l, LINK_REFUSED, why);
}

int
link_say(struct link *l, struct str text, struct instant now)
{
	char clean[CHAT_TEXT_MAX + 1];
	size_t len = text_clean(clean, sizeof(clean), text, NULL);
	struct line *line;

	if (l->waiting == LINK_WAITING_MAX)
		return -1;
	line = malloc(sizeof(*line) + len);
	if (line == NULL)
		return -1;
	*line = (struct line){ .number = ++l->said, .len = len };
	memcpy(line->text, clean, len);
	STAILQ_INSERT_TAIL(&l->lines, line, entry);
	l->waiting++;
	link_flush_lines(l, now);
	return 0;
}
