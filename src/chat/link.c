/*
 * A link knocks (HELLO) until it has a cookie, joins with it (JOIN) until it
 * gets a STATE, and then it is in.  Whenever the server answers with a cookie
 * instead, it does not know the client at its address, and the link joins
 * again.  What it has seen and what waits to be acknowledged survives that,
 * so that a moved client, a restarted server and a lost one are all the same.
 *
 * Whatever is sent and needs an answer has a timer, which sends it again; a
 * retry takes twice as long as the one before, and progress sets it back.
 */
#include "chat/link_inside.h"

#include <stdlib.h>
#include <string.h>

#define LEAVE_TIMES 3
#define LATE_MAX \
	8 /* more STATEs in a row are not late: the server is a new \
	   * one, and its clock was set back */

/* How long each timer runs at first, the second time, and, doubled each time,
 * at most. */
static const struct {
	int64_t first, again, max;
} delays[TIMERS] = {
	[KNOCK_TIMER] = { MILLIS(250), MILLIS(250), SECONDS(4) },
	[ALIVE_TIMER] = { SECONDS(10), SECONDS(1), SECONDS(2) },
	/* What seems to be missing may only be late. */
	[PULL_TIMER] = { MILLIS(50), MILLIS(250), SECONDS(2) },
	[SAY_TIMER] = { MILLIS(300), MILLIS(600), SECONDS(5) },
	[LOST_TIMER] = { LINK_LOST_AFTER, LINK_LOST_AFTER, LINK_LOST_AFTER },
};

/* xorshift64 (Marsaglia, 2003): it has to differ between clients, no more. */
static uint64_t
next_random(struct link *l)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random;
}

/* Timers. */

/* Up to half as much more, lest many clients send at the same time. */
static int64_t
after(struct link *l, int64_t delay, struct instant now)
{
	int64_t jitter = (int64_t)(next_random(l) % 1024) * delay / 2048;

	return now.mono + delay + jitter;
}

void
link_timer_start(
    struct link *l, enum link_timer which, int64_t delay, struct instant now)
{
	l->timers[which] = (struct timer){ .at = after(l, delay, now) };
}

void
link_timer_begin(struct link *l, enum link_timer which, struct instant now)
{
	link_timer_start(l, which, delays[which].first, now);
}

static void
timer_back_off(struct link *l, enum link_timer which, struct instant now)
{
	int64_t delay = delays[which].again, max = delays[which].max;
	struct timer *t = &l->timers[which];

	for (unsigned i = 0; i < t->tries && delay < max; i++)
		delay *= 2;
	t->tries++;
	t->at = after(l, delay < max ? delay : max, now);
}

void
link_timer_stop(struct link *l, enum link_timer which)
{
	l->timers[which] = (struct timer){ .at = NEVER };
}

bool
link_timer_runs(const struct link *l, enum link_timer which)
{
	return l->timers[which].at != NEVER;
}

static void
stop_all(struct link *l)
{
	for (enum link_timer t = 0; t < TIMERS; t++)
		link_timer_stop(l, t);
}

/* Sending. */

static void
send_out(struct link *l, const struct wire_out *out)
{
	(void)l->config.send(l->config.arg, wire_datagram(out));
}

/* What demands an answer. */
void
link_ask(struct link *l, const struct wire_out *out, struct instant now)
{
	send_out(l, out);
	if (!link_timer_runs(l, LOST_TIMER) && !l->is_lost)
		l->timers[LOST_TIMER].at = now.mono + LINK_LOST_AFTER;
}

static void
ask_frame(struct link *l, const struct wire_frame *f, struct instant now)
{
	struct wire_out out;

	wire_begin(&out, l->config.session);
	(void)wire_add(&out, f);
	if (f->type == WIRE_HELLO)
		wire_pad(&out, WIRE_HELLO_MIN);
	link_ask(l, &out, now);
}

static void
send_join(struct link *l, struct instant now)
{
	struct wire_frame f = { .type = WIRE_JOIN };

	f.u.join.cookie = l->cookie;
	memcpy(f.u.join.token, l->config.token, WIRE_TOKEN);
	f.u.join.room_id = l->room_id;
	f.u.join.seen = l->room_id == 0 ? WIRE_NO_SEQ : l->order.seen;
	f.u.join.number = l->acked + 1;
	f.u.join.nick = str_of(l->nick);
	f.u.join.room = str_of(l->room);
	/* What it is called without a nick, ADDRESS@PORT, is none to wish. */
	if (strchr(l->nick, '@') != NULL)
		f.u.join.nick = str_of(l->wish);
	ask_frame(l, &f, now);
}

static void
knock(struct link *l, struct instant now)
{
	struct wire_frame hello = { .type = WIRE_HELLO };

	if (l->state == LINK_JOINING)
		send_join(l, now);
	else
		ask_frame(l, &hello, now);
}

static void
stay_alive(struct link *l, struct instant now)
{
	struct wire_frame f = { .type = WIRE_ALIVE };

	f.u.alive.seen = l->order.seen;
	f.u.alive.notes = l->notes;
	f.u.alive.number = l->acked + 1;
	ask_frame(l, &f, now);
}

/* Events. */

void
link_emit(struct link *l, const struct link_event *event)
{
	l->config.event(l->config.arg, event);
}

void
link_emit_text(struct link *l, enum link_event_type type, struct str text)
{
	link_emit(l, &(struct link_event){ .type = type, .text = text });
}

/* Coming in, and back. */

static void
receive_cookie(struct link *l, uint64_t cookie, struct instant now)
{
	/* One that did not help is tried again when the timer says so. */
	if (l->state == LINK_JOINING && l->cookie == cookie)
		return;
	l->cookie = cookie;
	l->state = LINK_JOINING;
	link_timer_stop(l, ALIVE_TIMER);
	link_timer_stop(l, PULL_TIMER);
	link_timer_stop(l, SAY_TIMER);
	link_timer_begin(l, KNOCK_TIMER, now);
	send_join(l, now);
}

static void
lose(struct link *l, struct instant now)
{
	l->is_lost = true;
	if (l->state != LINK_HELLO) {
		stop_all(l);
		l->state = LINK_HELLO;
		link_timer_begin(l, KNOCK_TIMER, now);
	}
	link_timer_stop(l, LOST_TIMER);
	link_emit_text(l, LINK_LOST, STR(""));
}

/* The names may come from anywhere: what is too long is cut. */
static void
copy_name(char *to, size_t cap, struct str name)
{
	size_t len = name.len < cap ? name.len : cap - 1;

	if (len > 0)
		memcpy(to, name.p, len);
	to[len] = '\0';
}

static bool
is_late(const struct link *l, const struct wire_frame *f)
{
	if (l->room_id == 0 || l->is_lost)
		return false;
	return f->u.state.began < l->began ||
	    (f->u.state.began == l->began && f->u.state.changes < l->changes);
}

/* Returns whether the log is another one in a room of the same name. */
static bool
enter_room(struct link *l, const struct wire_frame *f)
{
	bool restarted =
	    l->room_id != 0 && str_eq(str_of(l->room), f->u.state.room);

	link_deliver_rest(l);
	l->room_id = f->u.state.room_id;
	l->past = restarted ? 0 : f->u.state.last;
	order_begin(&l->order, f->u.state.start);
	return restarted;
}

static void
begin_notes(struct link *l, const struct wire_frame *f)
{
	if (f->u.state.began != l->began)
		l->notes = 0;
	l->last_note = f->u.state.notes;
	l->began = f->u.state.began;
	l->changes = f->u.state.changes;
}

static void
come_in(struct link *l, struct instant now)
{
	l->state = LINK_IN;
	l->was_joined = true;
	l->is_lost = false;
	l->held = 0;
	stop_all(l);
	link_timer_begin(l, ALIVE_TIMER, now);
	l->sent = l->acked;
	link_flush_lines(l, now);
}

static void
receive_state(struct link *l, const struct wire_frame *f, struct instant now)
{
	bool restarted = false, moved = l->room_id != f->u.state.room_id;
	bool was_away = l->is_lost || !l->was_joined;
	bool renamed = !str_eq(str_of(l->nick), f->u.state.nick);

	if (is_late(l, f) && ++l->late <= LATE_MAX)
		return;
	l->late = 0;
	begin_notes(l, f);
	if (l->state == LINK_IN)
		link_timer_begin(l, ALIVE_TIMER, now);
	if (moved)
		restarted = enter_room(l, f);
	l->you = f->u.state.you;
	l->identity = f->u.state.identity;
	copy_name(l->nick, sizeof(l->nick), f->u.state.nick);
	copy_name(l->room, sizeof(l->room), f->u.state.room);
	order_bounds(&l->order, f->u.state.first, f->u.state.last);
	link_receive_ack(l, f->u.state.acked, now);
	if (l->state != LINK_IN)
		come_in(l, now);
	if (restarted)
		link_emit_text(l, LINK_RESTARTED, STR(""));
	if (was_away || (moved && !restarted))
		link_emit_text(l, LINK_JOINED, STR(""));
	if (renamed)
		link_emit_text(l, LINK_NICK, str_of(l->nick));
}

static void
go_out(struct link *l)
{
	stop_all(l);
	l->state = LINK_OUT;
}

/* What comes. */

/* What concerns this client alone. */
static void
receive_own(struct link *l, const struct wire_frame *f, struct instant now)
{
	switch (f->type) {
	case WIRE_COOKIE:
		receive_cookie(l, f->u.cookie, now);
		break;
	case WIRE_STATE:
		receive_state(l, f, now);
		break;
	case WIRE_ACK:
		link_note_exists(l, f->u.ack.notes);
		link_receive_ack(l, f->u.ack.number, now);
		break;
	case WIRE_WAIT:
		link_note_exists(l, f->u.ack.notes);
		link_receive_wait(l, f->u.ack.number, now);
		break;
	case WIRE_REFUSED:
		link_receive_refused(l, f->u.line.number, f->u.line.text);
		break;
	case WIRE_NOTE:
		link_receive_note(l, f->u.line.number, f->u.line.text);
		break;
	case WIRE_SKIP:
		if (f->u.range.notes)
			link_skip_notes(l, f->u.range.from, f->u.range.to);
		break;
	case WIRE_BYE:
		link_deliver_rest(l);
		go_out(l);
		link_emit_text(l, LINK_BYE, f->u.text);
		break;
	default:
		break;
	}
}

static void
receive_frames(
    struct link *l, struct str frames, bool is_own, struct instant now)
{
	struct wire_frame f;

	while (l->state != LINK_OUT && wire_next(&frames, &f) == 1) {
		if (is_own)
			receive_own(l, &f, now);
		else
			link_receive_shared(l, &f);
		link_deliver(l);
	}
}

void
link_receive(struct link *l, struct str datagram, struct instant now)
{
	uint64_t context, seen = l->order.seen;
	uint32_t notes = l->notes;
	bool is_own;

	if (l->state == LINK_OUT || wire_open(&datagram, &context) == -1)
		return;
	is_own = context == l->config.session;
	if (!is_own && (l->room_id == 0 || context != l->room_id))
		return;
	if (l->state == LINK_IN)
		link_timer_stop(l, LOST_TIMER);
	receive_frames(l, datagram, is_own, now);
	link_watch_gaps(l, seen != l->order.seen || notes != l->notes, now);
}

/* The rest of what link.h declares. */

struct link *
link_new(const struct link_config *config, struct instant now)
{
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->config = *config;
	l->random = config->random | 1;
	copy_name(l->wish, sizeof(l->wish), config->nick);
	copy_name(l->nick, sizeof(l->nick), config->nick);
	copy_name(l->room, sizeof(l->room), config->room);
	STAILQ_INIT(&l->lines);
	stop_all(l);
	l->timers[KNOCK_TIMER].at = now.mono;
	return l;
}

void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	while (l->waiting > 0)
		link_drop_line(l);
	order_begin(&l->order, 0);
	free(l);
}

int64_t
link_deadline(const struct link *l)
{
	int64_t first = NEVER;

	for (enum link_timer t = 0; t < TIMERS; t++) {
		if (l->timers[t].at < first)
			first = l->timers[t].at;
	}
	return first;
}

void
link_tick(struct link *l, struct instant now)
{
	static void (*const due[TIMERS])(struct link *, struct instant) = {
		[KNOCK_TIMER] = knock,
		[ALIVE_TIMER] = stay_alive,
		[PULL_TIMER] = link_pull,
		[SAY_TIMER] = link_repeat_lines,
		[LOST_TIMER] = lose,
	};

	for (enum link_timer t = 0; t < TIMERS; t++) {
		if (l->timers[t].at > now.mono)
			continue;
		timer_back_off(l, t, now);
		due[t](l, now);
	}
}

void
link_leave(struct link *l)
{
	struct wire_frame f = { .type = WIRE_LEAVE };
	struct wire_out out;

	wire_begin(&out, l->config.session);
	(void)wire_add(&out, &f);
	for (int i = 0; i < LEAVE_TIMES && l->state != LINK_OUT; i++)
		send_out(l, &out);
	go_out(l);
}

size_t
link_waiting(const struct link *l)
{
	return l->waiting;
}

size_t
link_refused(const struct link *l)
{
	return l->refused;
}

bool
link_is_joined(const struct link *l)
{
	return l->state == LINK_IN;
}

bool
link_was_joined(const struct link *l)
{
	return l->was_joined;
}

const char *
link_nick(const struct link *l)
{
	return l->nick;
}

const char *
link_room(const struct link *l)
{
	return l->room;
}

uint64_t
link_identity(const struct link *l)
{
	return l->identity;
}

const struct link_stats *
link_stats(const struct link *l)
{
	return &l->stats;
}
