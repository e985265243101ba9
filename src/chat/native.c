/*
 * Lines are taken in the order of their numbers, each once.  What became of
 * the last NATIVE_WINDOW of them is kept, so that a line which comes again is
 * answered again.
 */
#include "chat/native.h"

#include <stdlib.h>
#include <string.h>

#include "chat/command.h"
#include "chat/native_inside.h"

#define DROPS_MAX 16 /* clients dropped in a tick: each is told to all */

static void wake_cb(void *, struct hall *);
static void tell_cb(void *, void *, struct str);
static void tell_all_cb(
    void *, struct hall *, const struct member *, struct str);
static void removed_cb(void *, void *, const char *);

struct native *
native_new(struct hub *hub, const struct native_config *config)
{
	struct native *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->hub = hub;
	n->config = *config;
	n->transport = (struct transport){
		.name = "native",
		.wake = wake_cb,
		.tell = tell_cb,
		.tell_all = tell_all_cb,
		.removed = removed_cb,
		.arg = n,
		.echoes = true,
		.waits = true,
	};
	TAILQ_INIT(&n->sessions);
	n->by_id = map_new();
	n->per_address = tally_new();
	if (n->by_id == NULL || n->per_address == NULL ||
	    siphash_key_random(&n->key) == -1 ||
	    hub_add_transport(hub, &n->transport) == -1) {
		native_free(n);
		return NULL;
	}
	return n;
}

void
native_free(struct native *n)
{
	struct session *s;

	if (n == NULL)
		return;
	while ((s = TAILQ_FIRST(&n->sessions)) != NULL)
		native_leave(n, s, NULL);
	hub_remove_transport(n->hub, &n->transport);
	map_free(n->by_id);
	tally_free(n->per_address);
	free(n);
}

/* Sending. */

size_t
native_send(struct native *n, const struct path *const *to, size_t count,
    struct str datagram)
{
	size_t taken = n->config.send(n->config.arg, to, count, datagram);

	n->stats.datagrams_out += taken;
	return taken;
}

void
native_send_frame(struct native *n, const struct path *path, uint64_t context,
    const struct wire_frame *frame)
{
	struct wire_out out;

	wire_begin(&out, context);
	wire_add(&out, frame);
	native_send(n, &path, 1, wire_datagram(&out));
}

/* Sends what there is of the answer. */
static void
flush_answer(struct native *n)
{
	const struct path *path = &n->answering->path;

	if (!wire_is_empty(&n->answer))
		native_send(n, &path, 1, wire_datagram(&n->answer));
	wire_begin(&n->answer, n->answering->id);
}

/* To the client alone; with the answer, if one is being made for it. */
static void
reply(struct native *n, struct session *s, const struct wire_frame *frame)
{
	if (n->answering != s) {
		native_send_frame(n, &s->path, s->id, frame);
	} else if (wire_add(&n->answer, frame) == -1) {
		flush_answer(n);
		wire_add(&n->answer, frame);
	}
}

/* The last that the client gets. */
static void
reply_bye(struct native *n, struct session *s, const char *why)
{
	struct wire_frame frame = { .type = WIRE_BYE, .u.text = str_of(why) };

	reply(n, s, &frame);
	if (n->answering == s)
		flush_answer(n);
}

static void
reply_line(struct native *n, struct session *s, enum wire_type type,
    uint64_t number, struct str text)
{
	struct wire_frame frame = {
		.type = type,
		.u.line = { (uint32_t)number, text },
	};

	reply(n, s, &frame);
}

/* ACK, or WAIT. */
static void
reply_ack(
    struct native *n, struct session *s, enum wire_type type, uint32_t number)
{
	struct wire_frame frame = {
		.type = type,
		.u.ack = { number, (uint32_t)room_last(s->notes) },
	};

	reply(n, s, &frame);
}

/* Whether the client knows neither its new room nor its new nick. */
static bool
state_has_changed(const struct session *s)
{
	return s->room_id != room_id(hall_room(member_hall(s->member))) ||
	    !str_eq(str_of(s->nick), member_name(s->member));
}

static void
reply_state(struct native *n, struct session *s)
{
	const struct room *room = hall_room(member_hall(s->member));
	struct str nick = member_name(s->member);
	struct wire_frame frame = { .type = WIRE_STATE };

	if (s->is_told && state_has_changed(s)) {
		s->changes++;
		s->changed_by = s->last;
	}
	if (room_id(room) != s->room_id)
		native_enter(s);
	memcpy(s->nick, nick.p, nick.len);
	s->nick[nick.len] = '\0';
	s->is_told = true;
	frame.u.state.room_id = s->room_id;
	frame.u.state.first = room_first(room);
	frame.u.state.last = room_last(room);
	frame.u.state.start = s->start;
	frame.u.state.you = member_id(s->member);
	frame.u.state.identity = member_person(s->member)->identity;
	frame.u.state.began = s->began;
	frame.u.state.changes = s->changes;
	frame.u.state.acked = s->acked;
	frame.u.state.notes = (uint32_t)room_last(s->notes);
	frame.u.state.is_kept = n->config.is_kept;
	frame.u.state.nick = nick;
	frame.u.state.room = str_of(room_name(room));
	reply(n, s, &frame);
	n->owes_state = false;
}

void
native_send_state(struct native *n, struct session *s)
{
	reply_state(n, s);
	flush_answer(n);
}

static void
reply_notes(struct native *n, struct session *s)
{
	uint64_t seq = room_first(s->notes);
	struct message note;

	for (; room_get(s->notes, seq, &note) == 0; seq++)
		reply_line(n, s, WIRE_NOTE, seq, note.text);
}

/* What the hub calls. */

static void
tell_cb(void *arg, void *owner, struct str line)
{
	struct native *n = arg;
	struct session *s = owner;
	struct message note = { .text = line };
	uint64_t seq = room_append(s->notes, &note);

	room_commit(s->notes, seq);
	/* Who is joining gets its notes after its first STATE. */
	if (seq != 0 && s->is_told)
		reply_line(n, s, WIRE_NOTE, seq, line);
}

static void
tell_all_cb(
    void *arg, struct hall *hall, const struct member *but, struct str line)
{
	native_notice(arg, hall, but, line);
}

static void
removed_cb(void *arg, void *owner, const char *reason)
{
	reply_bye(arg, owner, reason);
	native_forget(arg, owner);
}

static void
settle_all(struct native *n)
{
	struct session *s;

	if (n->committed == hub_committed(n->hub))
		return;
	n->committed = hub_committed(n->hub);
	TAILQ_FOREACH(s, &n->sessions, entry) {
		if (native_settle(n, s))
			reply_ack(n, s, WIRE_ACK, s->acked);
	}
}

static void
wake_cb(void *arg, struct hall *hall)
{
	native_push(arg, hall);
	settle_all(arg);
}

/* What clients send. */

static void
take_join(struct native *n, struct session *s)
{
	n->owes_state = s->is_told;
	if (!s->is_told) {
		reply_state(n, s);
		reply_notes(n, s);
	}
}

static void
take_again(struct native *n, struct session *s, uint32_t number)
{
	enum hub_result result = s->outcomes[number % NATIVE_WINDOW].result;

	n->stats.duplicates++;
	/* The STATE may have been lost with the ACK. */
	n->owes_state |= s->changes > 0 && number == s->changed_by;
	if (s->last - number < NATIVE_WINDOW && result != HUB_OK)
		reply_line(n, s, WIRE_REFUSED, number,
		    str_of(command_explain(result)));
}

/* The next line.  The session may be gone after it. */
static void
take_next(struct native *n, struct session *s, uint32_t number, struct str text,
    struct instant now)
{
	struct command_outcome outcome;

	member_set_number(s->member, number);
	outcome = command_line(n->hub, s->member, text, now);
	if (n->answering != s)
		return;
	if (native_is_temporary(outcome.result)) {
		reply_ack(n, s, WIRE_WAIT, number);
		return;
	}
	s->last = number;
	s->outcomes[number % NATIVE_WINDOW] =
	    (struct outcome){ outcome.stamp, outcome.result };
	if (outcome.result != HUB_OK)
		reply_line(n, s, WIRE_REFUSED, number,
		    str_of(command_explain(outcome.result)));
	if (outcome.quits) {
		reply_bye(n, s, "you left");
		native_leave(n, s, "quit");
	}
}

static void
take_line(struct native *n, struct session *s, const struct wire_frame *frame,
    struct instant now)
{
	uint32_t number = frame->u.line.number;

	n->owes_ack = true;
	native_settle(n, s);
	if (number <= s->last)
		take_again(n, s, number);
	else if (number == s->last + 1 && s->last - s->acked < NATIVE_WINDOW)
		take_next(n, s, number, frame->u.line.text, now);
}

/* What a server before this one has acknowledged may have come to the client
 * after it joined here. */
static void
take_alive(struct native *n, struct session *s, uint32_t number)
{
	n->owes_state = true;
	if (number > 0 && number - 1 > s->last)
		s->last = s->acked = number - 1;
}

static void
take_frame(struct native *n, struct session *s, const struct wire_frame *frame,
    struct instant now)
{
	struct wire_frame cookie;

	switch (frame->type) {
	case WIRE_HELLO:
		cookie = native_cookie(n, &s->path.remote, now);
		reply(n, s, &cookie);
		break;
	case WIRE_JOIN:
		take_join(n, s);
		break;
	case WIRE_SAY:
		take_line(n, s, frame, now);
		break;
	case WIRE_PULL:
		if (frame->u.range.notes)
			native_pull_notes(
			    n, s, frame->u.range.from, frame->u.range.to);
		else
			native_pull_messages(
			    n, s, frame->u.range.from, frame->u.range.to);
		break;
	case WIRE_ALIVE:
		take_alive(n, s, frame->u.alive.number);
		break;
	case WIRE_LEAVE:
		native_leave(n, s, "quit");
		break;
	default:
		break;
	}
}

static void
finish_answer(struct native *n, struct session *s)
{
	native_settle(n, s);
	if (n->owes_ack)
		reply_ack(n, s, WIRE_ACK, s->acked);
	if (n->owes_state || state_has_changed(s))
		reply_state(n, s);
	flush_answer(n);
	n->answering = NULL;
}

/* The datagram's first frame, and the rest. */
static void
take_frames(struct native *n, struct session *s, struct wire_frame *frame,
    struct str rest, struct instant now)
{
	int got;

	n->answering = s;
	wire_begin(&n->answer, s->id);
	n->owes_ack = n->owes_state = false;
	n->repairs_left = native_repairs(s, now);
	do {
		take_frame(n, s, frame, now);
		got = n->answering == s ? wire_next(&rest, frame) : 0;
	} while (got == 1);
	if (got == -1)
		n->stats.malformed++;
	if (n->answering == s)
		finish_answer(n, s);
}

static void
heard(struct native *n, struct session *s, const struct path *path,
    struct instant now)
{
	s->path = *path;
	s->deadline = now.mono + NATIVE_SILENCE;
	TAILQ_REMOVE(&n->sessions, s, entry);
	TAILQ_INSERT_TAIL(&n->sessions, s, entry);
}

void
native_receive(struct native *n, const struct path *path, struct str datagram,
    struct instant now)
{
	struct str rest = datagram;
	struct wire_frame first;
	struct session *s;
	uint64_t id;

	n->stats.datagrams_in++;
	if (datagram.len > WIRE_MAX || wire_open(&rest, &id) == -1 ||
	    wire_next(&rest, &first) != 1) {
		n->stats.malformed++;
		return;
	}
	hub_hold(n->hub);
	s = native_sender(n, id, path, &first, datagram.len, now);
	if (s != NULL) {
		heard(n, s, path, now);
		take_frames(n, s, &first, rest, now);
	}
	hub_release(n->hub);
}

/* Time. */

static int64_t
silence_deadline(const struct native *n)
{
	const struct session *s = TAILQ_FIRST(&n->sessions);

	return s != NULL ? s->deadline : NEVER;
}

int64_t
native_deadline(const struct native *n)
{
	int64_t silence = silence_deadline(n), tail = native_tail_deadline(n);

	return silence < tail ? silence : tail;
}

void
native_tick(struct native *n, struct instant now)
{
	for (int i = 0; i < DROPS_MAX && silence_deadline(n) <= now.mono; i++) {
		n->stats.dropped++;
		native_leave(n, TAILQ_FIRST(&n->sessions), "timed out");
	}
	native_tick_tails(n, now);
}

size_t
native_count(const struct native *n)
{
	return map_count(n->by_id);
}

const struct native_stats *
native_stats(const struct native *n)
{
	return &n->stats;
}

const struct transport *
native_transport(const struct native *n)
{
	return &n->transport;
}
