/*
 * What clients get of a room's log.  A push takes each message from the log
 * once, packs as many as fit into a datagram and gives that to all; what is
 * not for everybody goes in a datagram of its own to its readers, and its
 * number alone to the others, so that nobody sees a gap for ever.
 *
 * Pushes are best effort.  A TAIL a little later shows those who lost the last
 * of them that there is something to pull.
 */
#include <string.h>

#include "chat/native_inside.h"

#define CHUNK_MAX 128 /* paths given to the driver at once */
#define VIA_MAX   16  /* bytes of the longest name of a transport */

/* The lengths are those of the fields of fixed size and of the header. */
_Static_assert(
    WIRE_HEADER + 3 + 41 + 3 + VIA_MAX + 2 * CHAT_NICK_MAX + CHAT_TEXT_MAX <=
	WIRE_MAX,
    "any message fits into a datagram");
_Static_assert(WIRE_HEADER + 3 + 4 + HUB_LINE_MAX <= WIRE_MAX,
    "any note fits into a datagram");

/* From one step to the next: 0.2, 0.8 and 3.2 s after the push. */
static const int64_t tail_steps[] = { MILLIS(200), MILLIS(600), MILLIS(2400) };

#define TAIL_STEPS (sizeof(tail_steps) / sizeof(tail_steps[0]))

/* Which of a hall's members get a datagram. */
struct audience {
	const struct member *but;      /* not this one, or NULL */
	const struct message *message; /* those for whom it is, */
	bool is_hidden;                /* or is not; NULL: all */
	uint64_t last; /* those whose cursor stands before this number */
};

/* The member, or the next of its hall that is ours. */
static struct member *
ours(const struct native *n, struct member *m)
{
	while (m != NULL && member_transport(m) != &n->transport)
		m = hall_next(m);
	return m;
}

static bool
is_in(const struct audience *who, const struct member *m)
{
	if (m == who->but || member_cursor(m) >= who->last)
		return false;
	return who->message == NULL ||
	    member_reads(m, who->message) != who->is_hidden;
}

/* Returns how many it was sent to. */
static size_t
send_to_hall(struct native *n, const struct hall *hall,
    const struct audience *who, const struct wire_out *out)
{
	const struct path *paths[CHUNK_MAX];
	struct str datagram = wire_datagram(out);
	size_t count = 0, sent = 0;
	struct member *m = ours(n, hall_first(hall));

	for (; m != NULL; m = ours(n, hall_next(m))) {
		const struct session *s = member_owner(m);

		if (!is_in(who, m))
			continue;
		paths[count++] = &s->path;
		if (count == CHUNK_MAX) {
			sent += native_send(n, paths, count, datagram);
			count = 0;
		}
	}
	if (count > 0)
		sent += native_send(n, paths, count, datagram);
	return sent;
}

static struct wire_frame
message_frame(const struct message *message)
{
	return (struct wire_frame){
		.type = WIRE_MESSAGE,
		.u.message = *message,
	};
}

static struct wire_frame
skip_frame(bool notes, uint64_t from, uint64_t to)
{
	return (struct wire_frame){
		.type = WIRE_SKIP,
		.u.range = { notes, from, to },
	};
}

/* Messages for all from that number on; returns the number after them. */
static uint64_t
push_public(struct native *n, const struct hall *hall, uint64_t seq)
{
	const struct room *room = hall_room(hall);
	struct audience who = { .last = 0 };
	struct message message;
	struct wire_out out;
	size_t count = 0;

	wire_begin(&out, room_id(room));
	for (; room_get(room, seq, &message) == 0 && message.to == TO_ALL;
	     seq++) {
		struct wire_frame frame = message_frame(&message);

		if (wire_add(&out, &frame) == -1)
			break;
		count++;
	}
	who.last = seq - 1;
	n->stats.messages_out += count * send_to_hall(n, hall, &who, &out);
	return seq;
}

static void
push_private(
    struct native *n, const struct hall *hall, const struct message *message)
{
	uint64_t id = room_id(hall_room(hall));
	struct wire_frame frame = message_frame(message);
	struct wire_frame skip = skip_frame(false, message->seq, message->seq);
	struct audience who = { .message = message, .last = message->seq };
	struct wire_out out;

	wire_begin(&out, id);
	wire_add(&out, &frame);
	n->stats.messages_out += send_to_hall(n, hall, &who, &out);
	who.is_hidden = true;
	wire_begin(&out, id);
	wire_add(&out, &skip);
	send_to_hall(n, hall, &who, &out);
}

/* Starts over where it is under way.  When the first TAIL is due is not known
 * before the next tick, which has the time: that one is due at once. */
static void
tail_start(struct native *n, uint64_t room)
{
	struct tail *unused = NULL;

	for (size_t i = 0; i < HUB_ROOMS_MAX; i++) {
		struct tail *tail = &n->tails[i];

		if (tail->room_id == room) {
			*tail = (struct tail){ .room_id = room };
			return;
		}
		if (tail->room_id == 0)
			unused = tail;
	}
	if (unused != NULL)
		*unused = (struct tail){ .room_id = room };
}

/* The cursor of the one that lags most, or the last number if nobody does. */
static uint64_t
lowest_cursor(const struct native *n, const struct hall *hall)
{
	uint64_t lowest = room_last(hall_room(hall));
	struct member *m = ours(n, hall_first(hall));

	for (; m != NULL; m = ours(n, hall_next(m))) {
		if (member_cursor(m) < lowest)
			lowest = member_cursor(m);
	}
	return lowest;
}

void
native_push(struct native *n, struct hall *hall)
{
	const struct room *room = hall_room(hall);
	uint64_t last = room_last(room), seq = lowest_cursor(n, hall) + 1;
	struct message message;
	struct member *m;

	if (seq > last)
		return;
	if (seq < room_first(room))
		seq = room_first(room);
	while (room_get(room, seq, &message) == 0) {
		if (message.to == TO_ALL)
			seq = push_public(n, hall, seq);
		else {
			push_private(n, hall, &message);
			seq++;
		}
	}
	for (m = ours(n, hall_first(hall)); m != NULL;
	     m = ours(n, hall_next(m)))
		member_set_cursor(m, last);
	tail_start(n, room_id(room));
	if (n->config.due != NULL)
		n->config.due(n->config.arg);
}

void
native_notice(struct native *n, struct hall *hall, const struct member *but,
    struct str line)
{
	struct wire_frame frame = { .type = WIRE_NOTICE, .u.text = line };
	struct audience who = { .but = but, .last = UINT64_MAX };
	struct wire_out out;

	wire_begin(&out, room_id(hall_room(hall)));
	wire_add(&out, &frame);
	send_to_hall(n, hall, &who, &out);
}

unsigned
native_repairs(struct session *s, struct instant now)
{
	int64_t ahead;

	if (s->pulled < now.mono)
		s->pulled = now.mono;
	ahead =
	    (s->pulled - now.mono + NATIVE_PULL_PACE - 1) / NATIVE_PULL_PACE;
	if (ahead > NATIVE_PULL_BURST - NATIVE_PULL_MAX)
		return (unsigned)(NATIVE_PULL_BURST - ahead);
	return NATIVE_PULL_MAX;
}

/* One datagram less may be sent. */
static void
repair_count(struct native *n, struct session *s)
{
	n->repairs_left--;
	s->pulled += NATIVE_PULL_PACE;
}

/* Returns 0, or -1 when no more may be sent in answer to this datagram. */
static int
repair_flush(struct native *n, struct session *s, struct wire_out *out)
{
	const struct path *to = &s->path;

	if (!wire_is_empty(out)) {
		native_send(n, &to, 1, wire_datagram(out));
		repair_count(n, s);
	}
	return n->repairs_left > 0 ? 0 : -1;
}

static int
repair_add(struct native *n, struct session *s, uint64_t context,
    struct wire_out *out, const struct wire_frame *frame)
{
	if (wire_add(out, frame) == 0)
		return 0;
	if (repair_flush(n, s, out) == -1)
		return -1;
	wire_begin(out, context);
	return wire_add(out, frame);
}

void
native_pull_messages(
    struct native *n, struct session *s, uint64_t from, uint64_t to)
{
	const struct room *room = hall_room(member_hall(s->member));
	uint64_t id = room_id(room);
	struct message message;
	struct wire_out out;

	if (n->repairs_left == 0)
		return;
	if (from < room_first(room)) {
		native_send_state(n, s);
		from = room_first(room);
		repair_count(n, s);
		if (n->repairs_left == 0)
			return;
	}
	wire_begin(&out, id);
	for (uint64_t seq = from;
	     seq <= to && room_get(room, seq, &message) == 0; seq++) {
		struct wire_frame frame = member_reads(s->member, &message)
		    ? message_frame(&message)
		    : skip_frame(false, seq, seq);

		if (repair_add(n, s, id, &out, &frame) == -1)
			return;
		n->stats.repairs++;
	}
	repair_flush(n, s, &out);
}

void
native_pull_notes(
    struct native *n, struct session *s, uint64_t from, uint64_t to)
{
	uint64_t first = room_first(s->notes);
	struct wire_frame gone = skip_frame(true, from, first - 1);
	struct message note;
	struct wire_out out;

	if (n->repairs_left == 0)
		return;
	wire_begin(&out, s->id);
	if (from < first) {
		wire_add(&out, &gone);
		from = first;
	}
	for (uint64_t seq = from;
	     seq <= to && room_get(s->notes, seq, &note) == 0; seq++) {
		struct wire_frame frame = {
			.type = WIRE_NOTE,
			.u.line = { (uint32_t)seq, note.text },
		};

		if (repair_add(n, s, s->id, &out, &frame) == -1)
			return;
	}
	repair_flush(n, s, &out);
}

static struct hall *
hall_of(const struct hub *hub, uint64_t id)
{
	struct hall *hall = hub_first_hall(hub);

	while (hall != NULL && room_id(hall_room(hall)) != id)
		hall = hub_next_hall(hall);
	return hall;
}

static void
send_tail(struct native *n, struct hall *hall)
{
	const struct room *room = hall_room(hall);
	struct wire_frame frame = {
		.type = WIRE_TAIL,
		.u.last = room_last(room),
	};
	struct audience who = { .last = UINT64_MAX };
	struct wire_out out;

	wire_begin(&out, room_id(room));
	wire_add(&out, &frame);
	send_to_hall(n, hall, &who, &out);
}

static void
tail_step(struct native *n, struct tail *tail, struct instant now)
{
	struct hall *hall = hall_of(n->hub, tail->room_id);

	if (hall != NULL && tail->step > 0)
		send_tail(n, hall);
	if (hall == NULL || tail->step == TAIL_STEPS)
		tail->room_id = 0;
	else
		tail->due = now.mono + tail_steps[tail->step++];
}

void
native_tick_tails(struct native *n, struct instant now)
{
	for (size_t i = 0; i < HUB_ROOMS_MAX; i++) {
		if (n->tails[i].room_id != 0 && n->tails[i].due <= now.mono)
			tail_step(n, &n->tails[i], now);
	}
}

int64_t
native_tail_deadline(const struct native *n)
{
	int64_t first = NEVER;

	for (size_t i = 0; i < HUB_ROOMS_MAX; i++) {
		if (n->tails[i].room_id != 0 && n->tails[i].due < first)
			first = n->tails[i].due;
	}
	return first;
}
