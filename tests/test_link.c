#include "chat/link.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "chat/native.h"
#include "chat/link_inside.h"
#include "tests/network.h"
#include "tests/run.h"

#define SESSION 0x5e5510a
#define ROOM    0x400a

/* What the link sent and what it said since it was last asked, as text. */
static char sent[65536], events[65536];
static size_t datagrams;
static bool takes; /* whether the network takes what is sent */
static struct link *l;
static int64_t mono;

__attribute__((format(printf, 2, 3))) static void
note(char *log, const char *format, ...)
{
	size_t len = strlen(log);
	va_list ap;

	if (len > 0 && len < 65535)
		log[len++] = ' ';
	va_start(ap, format);
	vsnprintf(log + len, 65536 - len, format, ap);
	va_end(ap);
}

static void
note_sent(const struct wire_frame *f)
{
	switch (f->type) {
	case WIRE_HELLO:
		note(sent, "HELLO");
		break;
	case WIRE_JOIN:
		note(sent,
		    "JOIN%" PRIu64 "(%" PRIx64 ":%" PRId64 ",%" PRIu32
		    ",%.*s,%.*s)",
		    f->u.join.cookie, f->u.join.room_id,
		    (int64_t)f->u.join.seen, f->u.join.number,
		    (int)f->u.join.nick.len, f->u.join.nick.p,
		    (int)f->u.join.room.len, f->u.join.room.p);
		break;
	case WIRE_SAY:
		note(sent, "SAY%" PRIu32 "=%.*s", f->u.line.number,
		    (int)f->u.line.text.len, f->u.line.text.p);
		break;
	case WIRE_PULL:
		note(sent, "PULL%s%" PRIu64 "-%" PRIu64,
		    f->u.range.notes ? "n" : "", f->u.range.from,
		    f->u.range.to);
		break;
	case WIRE_ALIVE:
		note(sent, "ALIVE%" PRIu64 "/%" PRIu32 "/%" PRIu32,
		    f->u.alive.seen, f->u.alive.notes, f->u.alive.number);
		break;
	case WIRE_LEAVE:
		note(sent, "LEAVE");
		break;
	default:
		ck_abort_msg("sent a frame of type %d", (int)f->type);
	}
}

static int
send_cb(void *arg, struct str datagram)
{
	struct wire_frame f;
	uint64_t context;

	(void)arg;
	datagrams++;
	ck_assert_uint_le(datagram.len, WIRE_MAX);
	ck_assert_int_eq(wire_open(&datagram, &context), 0);
	ck_assert_uint_eq(context, SESSION);
	while (wire_next(&datagram, &f) == 1) {
		if (f.type == WIRE_HELLO)
			ck_assert_uint_ge(
			    datagram.len + WIRE_HEADER + 3, WIRE_HELLO_MIN);
		note_sent(&f);
	}
	return takes ? 0 : -1;
}

static void
event_cb(void *arg, const struct link_event *e)
{
	static const char *const names[] = {
		[LINK_JOINED] = "joined",
		[LINK_RESTARTED] = "restarted",
		[LINK_LOST] = "lost",
		[LINK_NOTE] = "note:",
		[LINK_NICK] = "nick:",
		[LINK_REFUSED] = "refused:",
		[LINK_BYE] = "bye:",
	};

	(void)arg;
	if (e->type == LINK_MESSAGE)
		note(events, "%s%s%" PRIu64 "=%.*s", e->is_past ? "past" : "",
		    e->is_own ? "own" : "", e->message.seq,
		    (int)e->message.text.len, e->message.text.p);
	else if (e->type == LINK_MISSED)
		note(events, "missed%" PRIu64, e->count);
	else
		note(events, "%s%.*s", names[e->type], (int)e->text.len,
		    e->text.p);
}

static struct instant
clock_shows(void)
{
	return (struct instant){ .mono = mono };
}

static void
start(struct str nick)
{
	struct link_config config = {
		.session = SESSION,
		.random = 1,
		.nick = nick,
		.room = STR("lobby"),
		.send = send_cb,
		.event = event_cb,
	};

	sent[0] = events[0] = '\0';
	takes = true;
	mono = SECONDS(100);
	l = link_new(&config, clock_shows());
	ck_assert_ptr_nonnull(l);
}

static void
setup(void)
{
	start(STR("bob"));
}

static void
teardown(void)
{
	link_free(l);
}

/* Lets so much time pass, each deadline being kept. */
static void
pass(int64_t time)
{
	int64_t until = mono + time;

	while (link_deadline(l) <= until) {
		if (link_deadline(l) > mono)
			mono = link_deadline(l);
		link_tick(l, clock_shows());
		ck_assert_int_gt(link_deadline(l), mono);
	}
	mono = until;
}

/* Until something is sent, in a minute at most. */
static void
pass_until_sent(void)
{
	for (int i = 0; i < 6000 && sent[0] == '\0'; i++)
		pass(MILLIS(10));
}

static void
expect(int line, char *log, const char *want)
{
	ck_assert_msg(
	    strcmp(log, want) == 0, "line %d: `%s`, not `%s`", line, log, want);
	log[0] = '\0';
}

#define SENT(want)   expect(__LINE__, sent, want)
#define EVENTS(want) expect(__LINE__, events, want)

/* One datagram with these frames. */
static void
receive(uint64_t context, size_t n, const struct wire_frame *frames)
{
	struct wire_out out;

	wire_begin(&out, context);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(wire_add(&out, &frames[i]), 0);
	link_receive(l, wire_datagram(&out), clock_shows());
}

#define RECEIVE(context, ...) \
	receive(context, \
	    sizeof((struct wire_frame[]){ __VA_ARGS__ }) / \
		sizeof(struct wire_frame), \
	    (struct wire_frame[]){ __VA_ARGS__ })
#define OWN(...)    RECEIVE(SESSION, __VA_ARGS__)
#define SHARED(...) RECEIVE(ROOM, __VA_ARGS__)

#define COOKIE(n) \
	{ \
		.type = WIRE_COOKIE, .u.cookie = (n) \
	}
#define ACK(n) \
	{ \
		.type = WIRE_ACK, .u.ack = {.number = (n) } \
	}
#define WAIT(n) \
	{ \
		.type = WIRE_WAIT, .u.ack = {.number = (n) } \
	}
#define REFUSED(n) \
	{ \
		.type = WIRE_REFUSED, .u.line = {(n), STR("why") } \
	}
#define NOTE(n) \
	{ \
		.type = WIRE_NOTE, .u.line = {(n), STR(#n) } \
	}
#define SKIP(a, b) \
	{ \
		.type = WIRE_SKIP, .u.range = { false, (a), (b) } \
	}
#define SKIP_NOTES(a, b) \
	{ \
		.type = WIRE_SKIP, .u.range = { true, (a), (b) } \
	}
#define TAIL(n) \
	{ \
		.type = WIRE_TAIL, .u.last = (n) \
	}
#define BYE \
	{ \
		.type = WIRE_BYE, .u.text = STR("kicked") \
	}

#define MESSAGE(n) \
	{ \
		.type = WIRE_MESSAGE, .u.message = { \
			.seq = (n), \
			.sender = 7, \
			.text = STR(#n) \
		} \
	}

/* What a server says of itself, to change and to send. */
static const struct wire_frame state = {
	.type = WIRE_STATE,
	.u.state = {
		.room_id = ROOM,
		.first = 1,
		.you = 42,
		.began = 1000,
		.nick = { "bob", 3 },
		.room = { "lobby", 5 },
	},
};

/* The STATE of a room of ten messages that the client is to see two of. */
static struct wire_frame
state_of_ten(void)
{
	struct wire_frame f = state;

	f.u.state.last = 10;
	f.u.state.start = 8;
	return f;
}

/* In, with nothing said yet. */
static void
come_in(void)
{
	pass(0);
	SENT("HELLO");
	OWN(COOKIE(5));
	SENT("JOIN5(0:-1,1,bob,lobby)");
	receive(SESSION, 1, &state);
	EVENTS("joined");
	SENT("");
	ck_assert(link_is_joined(l));
}

static void
say(const char *text)
{
	ck_assert_int_eq(link_say(l, str_of(text), clock_shows()), 0);
}

/* How often what was sent says that. */
static size_t
count_sent(const char *what)
{
	size_t n = 0;

	for (const char *p = sent; (p = strstr(p, what)) != NULL; p++)
		n++;
	sent[0] = '\0';
	return n;
}

START_TEST(joins)
{
	ck_assert(!link_is_joined(l) && !link_was_joined(l));
	ck_assert_int_eq(link_deadline(l), mono);
	come_in();
	ck_assert(link_was_joined(l));
	ck_assert_str_eq(link_nick(l), "bob");
	ck_assert_str_eq(link_room(l), "lobby");
	link_free(NULL);
}
END_TEST

START_TEST(knocks_ever_more_rarely)
{
	/* At once, 0.25 s, doubled up to 4 s, and up to half as much more. */
	pass(SECONDS(4));
	datagrams = count_sent("HELLO");
	ck_assert_uint_ge(datagrams, 4);
	ck_assert_uint_le(datagrams, 5);
	pass(SECONDS(96));
	datagrams = count_sent("HELLO");
	ck_assert_uint_ge(datagrams, 16);
	ck_assert_uint_le(datagrams, 26);
	EVENTS("lost"); /* said once */
	OWN(COOKIE(5));
	SENT("JOIN5(0:-1,1,bob,lobby)");
	pass(SECONDS(100));
	ck_assert_uint_ge(count_sent("JOIN5("), 17);
	EVENTS("");
}
END_TEST

START_TEST(jitter_differs_by_seed)
{
	int64_t deadlines[2];
	uint64_t seeds[2] = { 12345, 98765 };

	for (int i = 0; i < 2; i++) {
		struct link_config config = {
			.random = seeds[i],
			.send = send_cb,
			.session = SESSION,
			.event = event_cb,
		};
		struct link *other = link_new(&config, clock_shows());

		link_tick(other, clock_shows());
		deadlines[i] = link_deadline(other);
		link_free(other);
	}
	ck_assert_int_ne(deadlines[0], deadlines[1]);
}
END_TEST

START_TEST(other_cookie_is_used_at_once)
{
	pass(0);
	OWN(COOKIE(5));
	SENT("HELLO JOIN5(0:-1,1,bob,lobby)");
	OWN(COOKIE(5)); /* doubled, or useless: no loop */
	SENT("");
	OWN(COOKIE(6));
	SENT("JOIN6(0:-1,1,bob,lobby)");
}
END_TEST

START_TEST(cookie_while_joined_joins_again)
{
	come_in();
	SHARED(MESSAGE(1));
	EVENTS("1=1");
	say("hello");
	SENT("SAY1=hello");
	OWN(COOKIE(6));
	SENT("JOIN6(400a:1,1,bob,lobby)");
	ck_assert(!link_is_joined(l));
	receive(SESSION, 1, &state);
	EVENTS("");
	SENT("SAY1=hello");
	OWN(ACK(1));
	ck_assert_uint_eq(link_waiting(l), 0);
}
END_TEST

START_TEST(past_is_told_from_present)
{
	struct wire_frame f = state_of_ten();
	struct wire_frame own = MESSAGE(12);

	pass(0);
	OWN(COOKIE(5));
	receive(SESSION, 1, &f);
	EVENTS("joined");
	SENT("HELLO JOIN5(0:-1,1,bob,lobby)");
	pass(MILLIS(75));
	SENT("PULL9-10");
	SHARED(SKIP(9, 9), MESSAGE(10), MESSAGE(11));
	own.u.message.sender = 42;
	receive(ROOM, 1, &own);
	EVENTS("past10=10 11=11 own12=12");
	pass(SECONDS(5));
	SENT("");
}
END_TEST

START_TEST(messages_come_in_any_order)
{
	come_in();
	SHARED(MESSAGE(3));
	SHARED(MESSAGE(2));
	EVENTS("");
	SHARED(MESSAGE(2));
	SHARED(MESSAGE(1), MESSAGE(1));
	EVENTS("1=1 2=2 3=3");
	SHARED(MESSAGE(3));
	EVENTS("");
	pass(SECONDS(5));
	SENT("");
	ck_assert_uint_eq(link_stats(l)->duplicates, 3);
	ck_assert_uint_eq(link_stats(l)->early, 2);
}
END_TEST

START_TEST(gaps_are_pulled)
{
	come_in();
	SHARED(MESSAGE(3), MESSAGE(6));
	pass(MILLIS(49)); /* it may be late only */
	SENT("");
	pass(MILLIS(26));
	SENT("PULL1-2");
	SHARED(MESSAGE(1), MESSAGE(2));
	EVENTS("1=1 2=2 3=3");
	pass(MILLIS(75)); /* progress: soon again */
	SENT("PULL4-5");
	SHARED(SKIP(4, 5));
	EVENTS("6=6");
	pass(SECONDS(5));
	SENT("");
	ck_assert_uint_eq(link_stats(l)->pulls, 2);
}
END_TEST

START_TEST(pulls_back_off)
{
	come_in();
	SHARED(TAIL(1));
	for (int i = 0; i < 100; i++) { /* the server is there, and no more */
		pass(MILLIS(100));
		SHARED(TAIL(1));
	}
	/* 50, 250, 500, 1000 ms, and then every 2 to 3 s. */
	datagrams = count_sent("PULL1-1");
	ck_assert_uint_ge(datagrams, 6);
	ck_assert_uint_le(datagrams, 9);
	SHARED(MESSAGE(1));
	SHARED(TAIL(2));
	pass(MILLIS(75));
	SENT("PULL2-2");
	EVENTS("1=1");
}
END_TEST

START_TEST(skips_cover_what_was_kept)
{
	come_in();
	SHARED(SKIP(4, 5), MESSAGE(3), MESSAGE(6));
	SHARED(SKIP(1, 2));
	EVENTS("3=3 6=6");
	SHARED(SKIP(7, 1000000)); /* nothing is kept: all at once */
	SHARED(SKIP(2, 9));
	SHARED(MESSAGE(1000001));
	EVENTS("1000001=1000001");
	SHARED(SKIP(1000003, UINT64_MAX), MESSAGE(1000002));
	EVENTS("1000002=1000002");
}
END_TEST

START_TEST(messages_ahead_are_bounded)
{
	static const struct wire_frame skeleton = MESSAGE(0);
	struct wire_frame f = skeleton;

	come_in();
	for (f.u.message.seq = 2; f.u.message.seq < 1000; f.u.message.seq++)
		receive(ROOM, 1, &f);
	pass(MILLIS(75));
	SENT("PULL1-1");
	f.u.message.seq = 1;
	receive(ROOM, 1, &f);
	ck_assert_ptr_nonnull(strstr(events, " 256=0"));
	ck_assert_ptr_null(strstr(events, " 257=0"));
	pass(MILLIS(75));
	SENT("PULL257-999");
}
END_TEST

/* What comes meanwhile is kept as far as it can be, and pulled later. */
START_TEST(pauses)
{
	static const struct wire_frame skeleton = MESSAGE(0);
	struct wire_frame f = skeleton;

	come_in();
	link_pause(l);
	for (f.u.message.seq = 1; f.u.message.seq <= 300; f.u.message.seq++)
		receive(ROOM, 1, &f);
	pass(SECONDS(1));
	EVENTS("");
	SENT("");
	link_resume(l, clock_shows());
	ck_assert_ptr_nonnull(strstr(events, " 256=0"));
	ck_assert_ptr_null(strstr(events, " 257=0"));
	pass(MILLIS(75));
	SENT("PULL257-300");
}
END_TEST

/* What is next is told before the room is left. */
START_TEST(pause_ends_with_the_room)
{
	struct wire_frame f = state, bye = { .type = WIRE_BYE };

	come_in();
	link_pause(l);
	SHARED(MESSAGE(1));
	f.u.state.room_id = ROOM + 1;
	f.u.state.changes++;
	f.u.state.room = STR("attic");
	receive(SESSION, 1, &f);
	EVENTS("1=1 joined");
	link_pause(l);
	f = (struct wire_frame)MESSAGE(1);
	receive(ROOM + 1, 1, &f);
	bye.u.text = STR("kicked");
	receive(SESSION, 1, &bye);
	EVENTS("1=1 bye:kicked");
}
END_TEST

START_TEST(what_is_gone_is_missed)
{
	struct wire_frame f = state;

	come_in();
	SHARED(MESSAGE(1), MESSAGE(5), MESSAGE(9));
	EVENTS("1=1");
	f.u.state.first = 8;
	f.u.state.last = 9;
	receive(SESSION, 1, &f);
	EVENTS("missed3 5=5 missed2");
	pass(MILLIS(75));
	SENT("PULL8-8");
	SHARED(MESSAGE(8));
	EVENTS("8=8 9=9");
	f.u.state.first = UINT64_MAX - 1;
	f.u.state.last = UINT64_MAX - 1;
	receive(SESSION, 1, &f);
	EVENTS("missed18446744073709551604");
}
END_TEST

START_TEST(other_contexts_are_ignored)
{
	static const uint64_t contexts[] = { 0, 1, ROOM, SESSION + 1 };

	pass(0);
	sent[0] = '\0';
	for (size_t i = 0; i < 4; i++)
		RECEIVE(contexts[i], COOKIE(5), MESSAGE(1), TAIL(9));
	SENT("");
	OWN(COOKIE(5));
	receive(SESSION, 1, &state);
	EVENTS("joined");
	sent[0] = '\0';
	RECEIVE(ROOM + 1, MESSAGE(1));
	/* What is of the room counts nowhere else, and what is own neither. */
	OWN(MESSAGE(1), TAIL(7), SKIP(1, 1));
	SHARED(COOKIE(7), NOTE(1), BYE, WAIT(1), SKIP_NOTES(1, 1));
	link_receive(l, STR(""), clock_shows());
	link_receive(l, STR("\xfe\x02 from another version"), clock_shows());
	EVENTS("");
	pass(SECONDS(2));
	SENT("");
}
END_TEST

START_TEST(lines_go_out_in_a_window)
{
	char text[32];

	come_in();
	for (int i = 1; i <= 40; i++) {
		snprintf(text, sizeof(text), "%d", i);
		say(text);
	}
	ck_assert_uint_eq(count_sent("SAY"), NATIVE_WINDOW);
	OWN(ACK(3));
	SENT("SAY17=17 SAY18=18 SAY19=19");
	OWN(ACK(2), ACK(3), ACK(99)); /* late, doubled, nonsense */
	SENT("");
	ck_assert_uint_eq(link_waiting(l), 37);
	pass(MILLIS(450));
	ck_assert_uint_eq(count_sent("SAY"), NATIVE_WINDOW);
	ck_assert_uint_eq(link_stats(l)->repeats, NATIVE_WINDOW);
	OWN(ACK(19));
	OWN(ACK(35));
	OWN(ACK(40));
	ck_assert_uint_eq(link_waiting(l), 0);
	sent[0] = '\0';
	pass(SECONDS(5));
	SENT("");
	pass_until_sent();
	SENT("ALIVE0/0/41");
}
END_TEST

START_TEST(repeats_back_off)
{
	come_in();
	say("1");
	say("2");
	SENT("SAY1=1 SAY2=2");
	for (int i = 0; i < 200; i++) {
		pass(MILLIS(100));
		SHARED(TAIL(0)); /* it is there */
	}
	/* 0.3, 0.6, 1.2, 2.4, 4.8, 5 s, with up to half as much more. */
	datagrams = count_sent("SAY1");
	ck_assert_uint_ge(datagrams, 4);
	ck_assert_uint_le(datagrams, 7);
	OWN(ACK(1));
	pass(MILLIS(450));
	SENT("SAY2=2");
}
END_TEST

START_TEST(long_lines_are_cut)
{
	static char text[5000];

	come_in();
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(link_say(l, (struct str){ text, sizeof(text) },
				     clock_shows()),
		    0);
	datagrams = 0;
	pass(MILLIS(450)); /* send_cb() checks that none is too long */
	ck_assert_uint_eq(datagrams, 3);
}
END_TEST

START_TEST(waiting_lines_are_bounded)
{
	for (int i = 0; i < LINK_WAITING_MAX; i++)
		say("x");
	ck_assert_int_eq(link_say(l, STR("x"), clock_shows()), -1);
	ck_assert_uint_eq(link_waiting(l), LINK_WAITING_MAX);
	SENT("");
}
END_TEST

START_TEST(waits_when_asked)
{
	come_in();
	say("1");
	say("2");
	sent[0] = '\0';
	OWN(WAIT(2));
	OWN(WAIT(2)); /* doubled */
	OWN(ACK(1));
	say("3");
	pass(MILLIS(999));
	SENT("");
	pass_until_sent();
	SENT("SAY2=2 SAY3=3");
	OWN(WAIT(2));
	pass(MILLIS(1999));
	SENT("");
	pass_until_sent();
	SENT("SAY2=2 SAY3=3");
	OWN(WAIT(1)); /* late */
	OWN(ACK(3));
	say("4");
	SENT("SAY4=4");
	OWN(WAIT(4));
	pass(MILLIS(1500)); /* from the beginning */
	ck_assert_uint_ge(count_sent("SAY4=4"), 1);
}
END_TEST

START_TEST(refusals_are_told_once)
{
	come_in();
	say("1");
	say("2");
	OWN(REFUSED(2));
	OWN(REFUSED(2), ACK(2));
	OWN(REFUSED(2), REFUSED(1), REFUSED(9));
	EVENTS("refused:why");
	ck_assert_uint_eq(link_refused(l), 1);
	ck_assert_uint_eq(link_waiting(l), 0);
}
END_TEST

START_TEST(notes_come_in_order)
{
	struct wire_frame f = state;

	come_in();
	OWN(NOTE(1), NOTE(1));
	OWN(NOTE(3));
	EVENTS("note:1");
	pass(MILLIS(75));
	SENT("PULLn2-3");
	OWN(NOTE(2), NOTE(3));
	EVENTS("note:2 note:3");
	f.u.state.notes = 9;
	receive(SESSION, 1, &f);
	pass(MILLIS(75));
	SENT("PULLn4-9");
	OWN(SKIP_NOTES(4, 7), NOTE(8), NOTE(9));
	EVENTS("note:8 note:9");
	pass(SECONDS(2));
	SENT("");
	RECEIVE(ROOM, { .type = WIRE_NOTICE, .u.text = STR("all") });
	EVENTS("note:all");
}
END_TEST

START_TEST(stays_alive)
{
	come_in();
	SHARED(MESSAGE(1));
	OWN(NOTE(1));
	EVENTS("1=1 note:1");
	for (int i = 0; i < 8; i++) {
		pass(SECONDS(9));
		SENT("");
		pass_until_sent();
		SENT("ALIVE1/1/1");
		pass(SECONDS(9)); /* one that is lost does not cost the link */
		ck_assert_uint_ge(count_sent("ALIVE1/1/1"), 2);
		receive(SESSION, 1, &state);
	}
	EVENTS("");
}
END_TEST

START_TEST(loses_the_server_and_finds_it)
{
	struct wire_frame f = state;

	come_in();
	SHARED(MESSAGE(1), MESSAGE(3));
	say("a");
	pass(MILLIS(9999));
	EVENTS("1=1");
	pass(SECONDS(60));
	EVENTS("lost");
	ck_assert(!link_is_joined(l) && link_was_joined(l));
	ck_assert_uint_ge(count_sent("HELLO"), 10);
	say("b");
	SENT("");
	OWN(COOKIE(6));
	SENT("JOIN6(400a:1,1,bob,lobby)");
	f.u.state.acked = 1;
	f.u.state.last = 3;
	receive(SESSION, 1, &f);
	EVENTS("joined");
	SENT("SAY2=b");
	SHARED(MESSAGE(2));
	EVENTS("2=2 3=3");
}
END_TEST

START_TEST(failing_sends_are_losses)
{
	takes = false;
	come_in();
	say("a");
	pass(MILLIS(450));
	SENT("SAY1=a SAY1=a");
}
END_TEST

START_TEST(restarted_log_begins_anew)
{
	struct wire_frame f = state_of_ten();

	come_in();
	SHARED(MESSAGE(1));
	EVENTS("1=1");
	f.u.state.room_id = 77;
	f.u.state.began = 2000;
	f.u.state.notes = 1;
	receive(SESSION, 1, &f);
	EVENTS("restarted");
	SHARED(MESSAGE(2)); /* of the old log */
	RECEIVE(77, MESSAGE(9), MESSAGE(10));
	OWN(NOTE(1));
	EVENTS("9=9 10=10 note:1");
}
END_TEST

START_TEST(moves_to_another_room)
{
	struct wire_frame f = state_of_ten();

	come_in();
	SHARED(MESSAGE(1), MESSAGE(3));
	EVENTS("1=1");
	f.u.state.room_id = 77;
	f.u.state.room = STR("den");
	f.u.state.start = 10;
	f.u.state.changes = 1;
	receive(SESSION, 1, &f);
	EVENTS("joined");
	ck_assert_str_eq(link_room(l), "den");
	SHARED(MESSAGE(2));
	RECEIVE(77, MESSAGE(11));
	EVENTS("11=11");
	receive(SESSION, 1, &state); /* late: it is not moved back */
	ck_assert_str_eq(link_room(l), "den");
	RECEIVE(77, MESSAGE(12));
	EVENTS("12=12");
	f.u.state.last = 12;
	f.u.state.start = 3; /* means nothing any more */
	receive(SESSION, 1, &f);
	EVENTS("");
	OWN(COOKIE(9));
	ck_assert_ptr_nonnull(strstr(sent, "JOIN9(4d:12,1,bob,den)"));
}
END_TEST

START_TEST(clock_may_be_set_back)
{
	struct wire_frame f = state;

	come_in();
	f.u.state.room_id = 77;
	f.u.state.began = 500;
	for (int i = 0; i < 8; i++) {
		receive(SESSION, 1, &f);
		receive(SESSION, 1, &f);
		receive(SESSION, 1, &state);
	}
	EVENTS("");
	for (int i = 0; i < 9; i++)
		receive(SESSION, 1, &f);
	EVENTS("restarted");
	receive(SESSION, 1, &f);
	EVENTS("");
}
END_TEST

START_TEST(nick_is_what_the_server_says)
{
	struct wire_frame f = state;
	static char longest[255];

	come_in();
	f.u.state.nick = STR("bob2");
	f.u.state.changes = 1;
	receive(SESSION, 1, &f);
	receive(SESSION, 1, &f);
	EVENTS("nick:bob2");
	ck_assert_str_eq(link_nick(l), "bob2");
	OWN(COOKIE(6));
	SENT("JOIN6(400a:0,1,bob2,lobby)");
	memset(longest, '@', sizeof(longest));
	f.u.state.nick = (struct str){ longest, sizeof(longest) };
	f.u.state.room = f.u.state.nick;
	receive(SESSION, 1, &f);
	ck_assert_uint_eq(strlen(link_nick(l)), CHAT_NICK_MAX);
	ck_assert_uint_eq(strlen(link_room(l)), CHAT_ROOM_MAX);
	OWN(COOKIE(7)); /* no nick to wish: the one of the beginning */
	ck_assert_ptr_nonnull(strstr(sent, "JOIN7(400a:0,1,bob,@@@"));
}
END_TEST

START_TEST(bye_is_for_good)
{
	come_in();
	OWN(BYE, NOTE(1));
	EVENTS("bye:kicked");
	ck_assert_int_eq(link_deadline(l), NEVER);
	ck_assert(!link_is_joined(l));
	OWN(COOKIE(6));
	receive(SESSION, 1, &state);
	say("x");
	link_leave(l);
	pass(SECONDS(100));
	SENT("");
	EVENTS("");
}
END_TEST

START_TEST(leaves)
{
	come_in();
	link_leave(l);
	SENT("LEAVE LEAVE LEAVE");
	link_leave(l);
	OWN(COOKIE(6));
	pass(SECONDS(100));
	SENT("");
	EVENTS("");
	ck_assert_int_eq(link_deadline(l), NEVER);
}
END_TEST

static void
forget_event(void *arg, const struct link_event *e)
{
	(void)arg;
	(void)e;
}

static int
forget_datagram(void *arg, struct str datagram)
{
	(void)arg;
	(void)datagram;
	return 0;
}

/* Some frames, of which some bytes are then changed. */
static struct str
nonsense(struct network *chance, struct wire_out *out)
{
	static const uint64_t contexts[] = { SESSION, ROOM };
	const struct wire_frame frames[] = { COOKIE(1), ACK(1), WAIT(1),
		REFUSED(1), NOTE(1), SKIP(1, 2), SKIP_NOTES(1, 2), TAIL(3),
		MESSAGE(2), state };

	wire_begin(out, contexts[network_random(chance, 2)]);
	for (unsigned n = 1 + network_random(chance, 4); n > 0; n--) {
		unsigned i = network_random(chance, (unsigned)CASES(frames));

		wire_add(out, &frames[i]);
	}
	for (unsigned n = network_random(chance, 6); n > 0; n--) {
		size_t i = network_random(chance, (unsigned)out->len);

		if (i >= WIRE_HEADER)
			out->bytes[i] =
			    (unsigned char)network_random(chance, 256);
	}
	return wire_datagram(out);
}

START_TEST(survives_nonsense)
{
	struct network chance;
	struct wire_out out;

	network_init(&chance, 1, &(struct weather){ 0 });
	for (int i = 0; i < 20000; i++) {
		if (i % 100 == 0) {
			link_free(l);
			start(STR("bob"));
			l->config.event = forget_event;
			l->config.send = forget_datagram;
			receive(SESSION, 1, &state);
		}
		link_receive(l, nonsense(&chance, &out), clock_shows());
		say("x");
		pass(MILLIS(10));
		ck_assert_uint_le(l->order.ahead, ORDER_AHEAD_MAX);
	}
	network_free(&chance);
}
END_TEST

static Suite *
link_suite(void)
{
	Suite *s = suite_create("link");
	TCase *tc = tcase_create("link");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, joins);
	tcase_add_test(tc, knocks_ever_more_rarely);
	tcase_add_test(tc, jitter_differs_by_seed);
	tcase_add_test(tc, other_cookie_is_used_at_once);
	tcase_add_test(tc, cookie_while_joined_joins_again);
	tcase_add_test(tc, past_is_told_from_present);
	tcase_add_test(tc, messages_come_in_any_order);
	tcase_add_test(tc, gaps_are_pulled);
	tcase_add_test(tc, pulls_back_off);
	tcase_add_test(tc, skips_cover_what_was_kept);
	tcase_add_test(tc, messages_ahead_are_bounded);
	tcase_add_test(tc, pauses);
	tcase_add_test(tc, pause_ends_with_the_room);
	tcase_add_test(tc, what_is_gone_is_missed);
	tcase_add_test(tc, other_contexts_are_ignored);
	tcase_add_test(tc, lines_go_out_in_a_window);
	tcase_add_test(tc, repeats_back_off);
	tcase_add_test(tc, long_lines_are_cut);
	tcase_add_test(tc, waiting_lines_are_bounded);
	tcase_add_test(tc, waits_when_asked);
	tcase_add_test(tc, refusals_are_told_once);
	tcase_add_test(tc, notes_come_in_order);
	tcase_add_test(tc, stays_alive);
	tcase_add_test(tc, loses_the_server_and_finds_it);
	tcase_add_test(tc, failing_sends_are_losses);
	tcase_add_test(tc, restarted_log_begins_anew);
	tcase_add_test(tc, moves_to_another_room);
	tcase_add_test(tc, clock_may_be_set_back);
	tcase_add_test(tc, nick_is_what_the_server_says);
	tcase_add_test(tc, bye_is_for_good);
	tcase_add_test(tc, leaves);
	tcase_add_test(tc, survives_nonsense);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(link_suite());
}
