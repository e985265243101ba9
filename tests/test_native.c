#include "chat/native.h"

#include <stdio.h>
#include <string.h>

#include "tests/crowd.h"
#include "tests/run.h"

/* Addresses that have proven nothing. */

/* Whatever a stranger sends. */
static const struct wire_frame strange[] = {
	{ .type = WIRE_HELLO },
	{ .type = WIRE_JOIN, .u.join = { .cookie = 1, .number = 1 } },
	{ .type = WIRE_SAY, .u.line = { 1, { "hi", 2 } } },
	{ .type = WIRE_PULL, .u.range = { false, 0, UINT64_MAX } },
	{ .type = WIRE_PULL, .u.range = { true, 0, UINT64_MAX } },
	{ .type = WIRE_ALIVE },
	{ .type = WIRE_LEAVE },
	{ .type = WIRE_COOKIE },
	{ .type = WIRE_BYE },
	{ .type = WIRE_TAIL, .u.last = 3 },
};

START_TEST(stranger_gets_a_cookie)
{
	join_as(0, "ada");
	/* A session that nobody has, and one that somebody has elsewhere. */
	for (size_t known = 0; known < 2; known++) {
		send_as(session_of(1 - known), 1, &strange[_i], 1);
		expect(1, "COOKIE|");
	}
	ck_assert_uint_eq(native_count(native), 1);
	ck_assert_uint_eq(hub_count(hub), 1);
	ck_assert_uint_eq(native_stats(native)->challenged, 3);
	expect(0, "");
}
END_TEST

/* Cut and padded to every length: never more than three times as much. */
START_TEST(stranger_is_answered_in_proportion)
{
	struct wire_out out;
	struct str datagram;

	wire_begin(&out, session_of(1));
	wire_add(&out, &strange[_i]);
	wire_pad(&out, WIRE_MAX);
	datagram = wire_datagram(&out);
	for (size_t len = 0; len <= WIRE_MAX; len++) {
		forget(1);
		receive_from("192.0.2.1", 1, (struct str){ datagram.p, len });
		ck_assert_uint_le(boxes[1].bytes, 3 * len);
	}
	ck_assert_uint_eq(native_count(native), 0);
	ck_assert_uint_eq(hub_count(hub), 0);
	ck_assert_int_eq(native_deadline(native), NEVER);
}
END_TEST

/* A cookie of port 1 at 1000 s is of the period from 960 to 1020. */
static const struct {
	const char *name;
	int64_t after; /* seconds */
	const char *ip;
	size_t port;
	uint64_t flip;
	bool joins;
} cookies[] = {
	{ "right", 0, "192.0.2.1", 1, 0, true },
	{ "of the period before", 20, "192.0.2.1", 1, 0, true },
	{ "as old as can be", 79, "192.0.2.1", 1, 0, true },
	{ "too old", 80, "192.0.2.1", 1, 0, false },
	{ "of another port", 0, "192.0.2.1", 2, 0, false },
	{ "of another address", 0, "192.0.2.2", 1, 0, false },
	{ "wrong in its last bit", 0, "192.0.2.1", 1, 1, false },
	{ "wrong in its first", 0, "192.0.2.1", 1, 1ULL << 63, false },
};

START_TEST(cookie_opens_its_address_for_a_while)
{
	struct wire_frame join;
	struct wire_out out;

	get_cookie(1);
	join = join_frame(1);
	join.u.join.cookie ^= cookies[_i].flip;
	wire_begin(&out, session_of(1));
	wire_add(&out, &join);
	mono += SECONDS(cookies[_i].after);
	receive_from(cookies[_i].ip, cookies[_i].port, wire_datagram(&out));
	ck_assert_msg(
	    native_count(native) == cookies[_i].joins, "%s", cookies[_i].name);
}
END_TEST

/* Coming in. */

START_TEST(join_is_answered_with_state_and_notes)
{
	struct wire_frame join;

	get_cookie(0);
	join = join_frame(0);
	join.u.join.nick = STR("ada");
	send_frame(0, join);
	expect(0,
	    "STATE lobby ada 1-0 from 0 acked 0 notes 1; "
	    "NOTE 1 * lobby: 1 here; /help lists the commands|");
	ck_assert_uint_eq(
	    boxes[0].state.u.state.you, member_id(hub_first(hub)));
	ck_assert_uint_eq(boxes[0].state.u.state.identity,
	    member_person(hub_first(hub))->identity);
	ck_assert_uint_eq(boxes[0].state.u.state.began, 1700000000000);
	ck_assert(!boxes[0].state.u.state.is_kept);
	/* Again, since the answer was lost, and with other wishes. */
	join.u.join.nick = STR("eve");
	join.u.join.room = STR("cellar");
	send_frame(0, join);
	expect(0, "STATE lobby ada 1-0 from 0 acked 0 notes 1|");
	ck_assert_uint_eq(hub_count(hub), 1);
	ck_assert_uint_eq(native_stats(native)->resumed, 0);
}
END_TEST

START_TEST(join_makes_a_room)
{
	struct wire_frame frames[2];

	get_cookie(0);
	frames[0] = join_frame(0);
	frames[0].u.join.room = STR("cellar");
	frames[1] = say_frame(1, "hi");
	send_as(session_of(0), 0, frames, 2);
	expect(0,
	    "STATE cellar 192.0.2.1@5000 1-0 from 0 acked 0 notes 1; "
	    "NOTE 1 * cellar: 1 here; /help lists the commands; ACK 1|"
	    "MESSAGE 1 hi|");
}
END_TEST

START_TEST(identity_is_of_the_token)
{
	struct wire_frame join;
	const struct member *first, *second;

	for (size_t port = 0; port < 2; port++) {
		get_cookie(port);
		join = join_frame(port);
		memset(join.u.join.token, 5, WIRE_TOKEN);
		send_frame(port, join);
	}
	first = hub_first(hub);
	second = hub_next(first);
	ck_assert_ptr_eq(member_person(first), member_person(second));
	ck_assert(member_person(first)->is_known);
	ck_assert_uint_ne(member_id(first), member_id(second));
	/* Zeros are no token. */
	get_cookie(2);
	join = join_frame(2);
	memset(join.u.join.token, 0, WIRE_TOKEN);
	send_frame(2, join);
	ck_assert(!member_person(hub_next(second))->is_known);
}
END_TEST

START_TEST(recent_past_comes_first)
{
	join_as(0, "");
	for (uint32_t i = 1; i <= NATIVE_PAST + 5; i++)
		say(0, i, "x");
	join_as(1, "");
	ck_assert_uint_eq(boxes[1].state.u.state.start, 5);
	ck_assert_uint_eq(boxes[1].state.u.state.last, NATIVE_PAST + 5);
}
END_TEST

static void
ban(void)
{
	ck_assert_int_eq(hub_ban(hub, STR("192.0.2.0/24")), HUB_OK);
}

static void
lock(void)
{
	hall_rules(hub_first_hall(hub))->is_locked = true;
}

static void
nothing(void)
{
}

static const struct {
	void (*prepare)(void);
	const char *room, *answer;
} refusals[] = {
	{ ban, "", "BYE you are banned|" },
	{ lock, "", "BYE the room is locked: nobody new may come in|" },
	{ nothing, "no room",
	    "BYE no room can be called that: at most 32 bytes, no white "
	    "space, none of @/[]|" },
};

START_TEST(join_is_refused)
{
	struct wire_frame join;

	get_cookie(0);
	refusals[_i].prepare();
	join = join_frame(0);
	join.u.join.room = str_of(refusals[_i].room);
	send_frame(0, join);
	expect(0, refusals[_i].answer);
	ck_assert_uint_eq(native_count(native), 0);
	ck_assert_uint_eq(native_stats(native)->refused, 1);
	ck_assert_int_eq(native_deadline(native), NEVER);
}
END_TEST

/* To leave and come back counts as a line: it will do a little later. */
START_TEST(join_that_floods_is_to_be_repeated)
{
	struct hub_config config = roomy;

	config.flood_lines = 1;
	config.flood_seconds = 10;
	crowd_restart(&config, &patient);
	join_as(0, "");
	say(0, 1, "x");
	send_frame(0, (struct wire_frame){ .type = WIRE_LEAVE });
	forget(0);
	get_cookie(0);
	send_frame(0, join_frame(0));
	expect(0, "");
	ck_assert_uint_eq(native_count(native), 0);
	mono += SECONDS(10);
	send_frame(0, join_frame(0));
	ck_assert_uint_eq(native_count(native), 1);
}
END_TEST

START_TEST(clients_of_an_address_are_counted)
{
	struct native_config config = patient;

	config.max_per_address = 2;
	crowd_restart(&roomy, &config);
	join_as(0, "");
	join_as(1, "");
	get_cookie(2);
	send_frame(2, join_frame(2));
	expect(2, "BYE too many clients at your address|");
	send_frame(1, (struct wire_frame){ .type = WIRE_LEAVE });
	join_as(2, "");
	ck_assert_uint_eq(native_count(native), 2);
}
END_TEST

/* Another port is no other address. */
START_TEST(clients_that_move_are_counted)
{
	struct native_config config = patient;
	struct path there = path_of("192.0.2.2", 1);
	struct wire_frame frame = hello_frame();

	config.max_per_address = 1;
	crowd_restart(&roomy, &config);
	join_as(0, "");
	receive_unflushed(&there, session_of(1), &frame);
	frame = join_frame(1);
	receive_unflushed(&there, session_of(1), &frame);
	ck_assert_uint_eq(native_count(native), 2);
	get_cookie(2);
	frame = join_frame(2);
	send_as(session_of(1), 2, &frame, 1);
	expect(2, "BYE too many clients at your address|");
	send_as(session_of(0), 2, &frame, 1);
	ck_assert_ptr_nonnull(strstr(boxes[2].got, "STATE lobby"));
}
END_TEST

/* Coming back. */

START_TEST(client_moves_to_another_address)
{
	struct wire_frame frame = { .type = WIRE_ALIVE };

	join_as(0, "");
	join_as(9, "bob");
	send_as(session_of(0), 1, &frame, 1);
	expect(1, "COOKIE|");
	expect(0, "");
	frame = join_frame(1);
	send_as(session_of(0), 1, &frame, 1);
	expect(1, "STATE lobby 192.0.2.1@5000 1-0 from 0 acked 0 notes 1|");
	ck_assert_uint_eq(native_count(native), 2);
	ck_assert_uint_eq(native_stats(native)->resumed, 1);
	say(9, 1, "where are you?");
	expect(0, "");
	expect(1, "MESSAGE 1 where are you?|");
	/* Its old address, which is its name, is somebody else's now. */
	get_cookie(0);
	frame = join_frame(0);
	send_as(session_of(7), 0, &frame, 1);
	ck_assert_msg(strstr(boxes[0].got, "192.0.2.1@5000+2") != NULL, "%s",
	    boxes[0].got);
}
END_TEST

/* Two lines are said, of which the client has heard of the first alone. */
static struct wire_frame
interrupt(void)
{
	struct wire_frame join;

	join_as(0, "ada");
	say(0, 1, "one");
	say(0, 2, "two");
	expect(0, "ACK 1|MESSAGE 1 one|ACK 2|MESSAGE 2 two|");
	join = join_frame(0);
	join.u.join.nick = STR("ada");
	join.u.join.room_id = boxes[0].state.u.state.room_id;
	join.u.join.seen = 1;
	join.u.join.number = 2;
	return join;
}

START_TEST(session_is_dropped_and_comes_back)
{
	struct wire_frame join = interrupt();
	uint64_t you = boxes[0].state.u.state.you;

	native_free(native);
	native = native_new(hub, &patient);
	ck_assert_ptr_nonnull(native);
	forget(0);
	wall += 5;
	alive(0);
	expect(0, "COOKIE|");
	join.u.join.cookie = boxes[0].cookie;
	send_frame(0, join);
	expect(0,
	    "STATE lobby ada 1-2 from 1 acked 2 notes 1; "
	    "NOTE 1 * lobby: 1 here; /help lists the commands; "
	    "/history shows what was said|");
	ck_assert_uint_eq(boxes[0].state.u.state.you, you);
	ck_assert_uint_eq(boxes[0].state.u.state.began, 1700000000005);
	ck_assert_uint_eq(native_stats(native)->resumed, 1);
	/* It was said, and is not said again. */
	say(0, 2, "two");
	expect(0, "ACK 2|");
	say(0, 3, "three");
	expect(0, "ACK 3|MESSAGE 3 three|");
}
END_TEST

START_TEST(server_is_another_one)
{
	struct wire_frame join = interrupt();

	crowd_restart(&roomy, &patient);
	get_cookie(0);
	join.u.join.cookie = boxes[0].cookie;
	send_frame(0, join);
	expect(0,
	    "STATE lobby ada 1-0 from 0 acked 1 notes 1; "
	    "NOTE 1 * lobby: 1 here; /help lists the commands|");
	say(0, 2, "two");
	expect(0, "ACK 2|MESSAGE 1 two|");
}
END_TEST

/* Saying. */

/* A row of numbers, and what became of each; 1 to 2 were said before. */
static const struct {
	const char *name;
	uint32_t number;
	const char *line, *answer;
} lines[] = {
	{ "in order", 3, "x", "ACK 3|MESSAGE 3 x|" },
	{ "again", 2, "x", "ACK 2|" },
	{ "an old one", 1, "x", "ACK 2|" },
	{ "none", 0, "x", "ACK 2|" },
	{ "one too far", 4, "x", "ACK 2|" },
	{ "far too far", UINT32_MAX, "x", "ACK 2|" },
	{ "nothing", 3, " ", "REFUSED 3 there is no text; ACK 3|" },
	{ "a command without its argument", 3, "/nick",
	    "NOTE 2 * usage: /nick NAME; "
	    "REFUSED 3 the argument is missing or makes no sense; ACK 3|" },
	{ "a nick", 3, "/nick bob",
	    "NOTICE * 192.0.2.1@5000 is now bob|"
	    "ACK 3; STATE lobby bob 1-2 from 0 acked 3 notes 1|" },
	{ "the same room", 3, "/join lobby", "ACK 3|" },
	{ "another room", 3, "/join attic",
	    "NOTE 2 * attic: 1 here; /help lists the commands; ACK 3; "
	    "STATE attic 192.0.2.1@5000 1-0 from 0 acked 3 notes 2|" },
	{ "leaving", 3, "/quit", "BYE you left|" },
};

START_TEST(lines_are_taken_once_and_in_order)
{
	join_as(0, "");
	say(0, 1, "x");
	say(0, 2, "x");
	forget(0);
	say(0, lines[_i].number, lines[_i].line);
	ck_assert_msg(strcmp(boxes[0].got, lines[_i].answer) == 0,
	    "%s: '%s', not '%s'", lines[_i].name, boxes[0].got,
	    lines[_i].answer);
}
END_TEST

START_TEST(changes_are_counted)
{
	join_as(0, "");
	ck_assert_uint_eq(boxes[0].state.u.state.changes, 0);
	say(0, 1, "/nick bob");
	ck_assert_uint_eq(boxes[0].state.u.state.changes, 1);
	alive(0);
	ck_assert_uint_eq(boxes[0].state.u.state.changes, 1);
	say(0, 2, "/join attic");
	ck_assert_uint_eq(boxes[0].state.u.state.changes, 2);
}
END_TEST

/* The STATE may have been lost with the ACK. */
START_TEST(change_is_told_again_with_its_line)
{
	join_as(0, "ada");
	say(0, 1, "x");
	say(0, 2, "/join attic");
	forget(0);
	say(0, 1, "x");
	expect(0, "ACK 2|");
	say(0, 2, "/join attic");
	expect(0, "ACK 2; STATE attic ada 1-0 from 0 acked 2 notes 2|");
}
END_TEST

/* A JOIN came late, when more was acknowledged already. */
START_TEST(alive_tells_what_was_acknowledged)
{
	struct wire_frame frame = { .type = WIRE_ALIVE, .u.alive.number = 5 };

	join_as(0, "");
	say(0, 5, "x");
	expect(0, "ACK 0|");
	send_frame(0, frame);
	expect(0, "STATE lobby 192.0.2.1@5000 1-0 from 0 acked 4 notes 1|");
	frame.u.alive.number = 2;
	send_frame(0, frame);
	expect(0, "STATE lobby 192.0.2.1@5000 1-0 from 0 acked 4 notes 1|");
	say(0, 5, "x");
	expect(0, "ACK 5|MESSAGE 1 x|");
}
END_TEST

START_TEST(several_lines_in_a_datagram)
{
	struct wire_frame frames[] = { say_frame(1, "a"), say_frame(2, "b"),
		say_frame(2, "b"), say_frame(3, "c") };

	join_as(0, "");
	send_as(session_of(0), 0, frames, 4);
	expect(0, "ACK 3|MESSAGE 1 a; MESSAGE 2 b; MESSAGE 3 c|");
	ck_assert_uint_eq(native_stats(native)->duplicates, 1);
}
END_TEST

START_TEST(refusal_is_repeated_while_it_is_known)
{
	join_as(0, "");
	say(0, 1, " ");
	expect(0, "REFUSED 1 there is no text; ACK 1|");
	say(0, 1, " ");
	expect(0, "REFUSED 1 there is no text; ACK 1|");
	/* Its place is taken by another, which was refused too. */
	for (uint32_t i = 2; i <= NATIVE_WINDOW + 1; i++)
		say(0, i, " ");
	forget(0);
	say(0, 1, " ");
	expect(0, "ACK 17|");
}
END_TEST

START_TEST(line_that_floods_waits)
{
	struct hub_config config = roomy;

	config.flood_lines = 2;
	config.flood_seconds = 10;
	crowd_restart(&config, &patient);
	join_as(0, "");
	say(0, 1, "a");
	say(0, 2, "b");
	forget(0);
	say(0, 3, "c");
	expect(0,
	    "NOTE 2 * slow down: at most 2 lines in 10 seconds; your lines "
	    "wait; WAIT 3; ACK 2|");
	say(0, 3, "c");
	expect(0, "WAIT 3; ACK 2|");
	mono += SECONDS(5);
	say(0, 3, "c");
	expect(0, "ACK 3|MESSAGE 3 c|");
}
END_TEST

/* A ledger that takes what it is told to, and commits nothing by itself. */
static int ledger_result;

static int
append_cb(void *arg, const struct room *room, const struct message *message,
    uint64_t number)
{
	(void)arg;
	(void)room;
	(void)message;
	ck_assert_uint_gt(number, 0);
	return ledger_result;
}

static void
topic_cb(void *arg, const struct room *room)
{
	(void)arg;
	(void)room;
}

static void
nick_cb(void *arg, uint64_t identity, struct str nick)
{
	(void)arg;
	(void)identity;
	(void)nick;
}

static void
start_with_ledger(void)
{
	static const struct ledger ledger = {
		.append = append_cb, .topic = topic_cb, .nick = nick_cb
	};
	struct hub_config config = roomy;
	struct native_config kept = patient;

	config.ledger = &ledger;
	kept.is_kept = true;
	ledger_result = 0;
	crowd_restart(&config, &kept);
}

START_TEST(line_is_acknowledged_when_it_is_committed)
{
	start_with_ledger();
	join_as(0, "");
	ck_assert(boxes[0].state.u.state.is_kept);
	say(0, 1, "a");
	expect(0, "ACK 0|");
	say(0, 2, "b");
	say(0, 2, "b");
	expect(0, "ACK 0|ACK 0|");
	hub_commit(hub, 1);
	hub_flush(hub);
	expect(0, "MESSAGE 1 a|ACK 1|");
	hub_commit(hub, 2);
	hub_flush(hub);
	expect(0, "MESSAGE 2 b|ACK 2|");
	/* What appends nothing waits for what was said before. */
	say(0, 3, "c");
	say(0, 4, "/away");
	expect(0, "ACK 2|NOTE 3 * you are back; ACK 2|");
	hub_commit(hub, 3);
	say(0, 4, "/away");
	expect(0, "ACK 4|MESSAGE 3 c|");
	ledger_result = -1;
	say(0, 5, "d");
	ck_assert_ptr_nonnull(strstr(boxes[0].got, "WAIT 5; ACK 4|"));
	ledger_result = 0;
	forget(0);
	say(0, 5, "d");
	expect(0, "ACK 4|");
}
END_TEST

START_TEST(no_more_than_a_window_waits)
{
	start_with_ledger();
	join_as(0, "");
	for (uint32_t i = 1; i <= NATIVE_WINDOW + 2; i++)
		say(0, i, "x");
	ck_assert_uint_eq(hub_stamp(hub), NATIVE_WINDOW);
	hub_commit(hub, 1);
	hub_flush(hub);
	say(0, NATIVE_WINDOW + 1, "x");
	ck_assert_uint_eq(hub_stamp(hub), NATIVE_WINDOW + 1);
}
END_TEST

/* A client that comes back hears of its lines only when they are committed. */
START_TEST(uncommitted_lines_are_not_acknowledged_after_a_restart)
{
	struct wire_frame join;

	start_with_ledger();
	join_as(0, "");
	say(0, 1, "a");
	say(0, 2, "b");
	native_free(native);
	native = native_new(hub, &patient);
	forget(0);
	get_cookie(0);
	join = join_frame(0);
	send_frame(0, join);
	ck_assert_uint_eq(boxes[0].state.u.state.acked, 0);
	forget(0);
	say(0, 1, "a");
	expect(0, "ACK 0|");
	hub_commit(hub, 2);
	hub_flush(hub);
	ck_assert_ptr_nonnull(strstr(boxes[0].got, "ACK 2|"));
	ck_assert_uint_eq(hub_stamp(hub), 2);
}
END_TEST

/* Going. */

START_TEST(silent_client_is_dropped)
{
	join_as(0, "ada");
	join_as(1, "bob");
	tick(SECONDS(30));
	alive(0);
	forget(0);
	ck_assert_int_eq(native_deadline(native), SECONDS(1060));
	tick(SECONDS(30) - 1);
	ck_assert_uint_eq(native_count(native), 2);
	tick(1);
	ck_assert_uint_eq(native_count(native), 1);
	expect(1, "");
	expect(0, "NOTICE * bob left (timed out)|");
	ck_assert_uint_eq(native_stats(native)->dropped, 1);
	alive(1);
	expect(1, "COOKIE|");
}
END_TEST

START_TEST(client_leaves)
{
	join_as(0, "ada");
	join_as(1, "bob");
	send_frame(0, (struct wire_frame){ .type = WIRE_LEAVE });
	expect(0, "");
	expect(1, "NOTICE * ada left (quit)|");
	ck_assert_uint_eq(hub_count(hub), 1);
}
END_TEST

START_TEST(client_is_removed)
{
	join_as(0, "ada");
	hub_remove(hub, hub_first(hub), "kicked");
	expect(0, "NOTE 2 * you were removed (kicked)|BYE kicked|");
	ck_assert_uint_eq(native_count(native), 0);
}
END_TEST

/* It is gone in the middle of its own datagram. */
START_TEST(client_removes_itself)
{
	struct wire_frame frames[3];
	char line[64];

	join_as(0, "ada");
	snprintf(line, sizeof(line), "/op %s",
	    hub_operator_code(hub, clock_shows()));
	frames[0] = say_frame(1, line);
	frames[1] = say_frame(2, "/ban 192.0.2.1");
	frames[2] = say_frame(3, "x");
	send_as(session_of(0), 0, frames, 3);
	ck_assert_uint_eq(native_count(native), 0);
	ck_assert_uint_eq(hub_count(hub), 0);
	ck_assert_uint_eq(hub_said(hub), 0);
	ck_assert_msg(
	    strstr(boxes[0].got, "BYE banned|") != NULL, "%s", boxes[0].got);
}
END_TEST

/* Bytes after the header, from one who has joined. */
static const struct {
	const char *name;
	struct str bytes;
	const char *answer;
} malformed[] = {
	{ "no frame", { "", 0 }, "" },
	{ "half a frame", { "\x05\0", 2 }, "" },
	{ "a frame past the end", { "\x05\0\x0c", 3 }, "" },
	{ "an ALIVE, then half a frame",
	    { "\x05\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x06\0", 21 },
	    "STATE lobby 192.0.2.1@5000 1-0 from 0 acked 0 notes 1|" },
};

START_TEST(malformed_frames_end_a_datagram)
{
	struct wire_out out;

	join_as(0, "");
	wire_begin(&out, session_of(0));
	memcpy(out.bytes + out.len, malformed[_i].bytes.p,
	    malformed[_i].bytes.len);
	out.len += malformed[_i].bytes.len;
	receive_from("192.0.2.1", 0, wire_datagram(&out));
	ck_assert_msg(strcmp(boxes[0].got, malformed[_i].answer) == 0,
	    "%s: '%s'", malformed[_i].name, boxes[0].got);
	ck_assert_uint_eq(native_stats(native)->malformed, 1);
	ck_assert_uint_eq(native_count(native), 1);
}
END_TEST

START_TEST(large_datagram_is_malformed)
{
	static char bytes[65507] = { (char)WIRE_MAGIC, WIRE_VERSION };

	bytes[WIRE_HEADER] = WIRE_HELLO;
	receive_from("192.0.2.1", 0, (struct str){ bytes, sizeof(bytes) });
	ck_assert_uint_eq(native_stats(native)->malformed, 1);
	expect(0, "");
}
END_TEST

static Suite *
native_suite(void)
{
	Suite *s = suite_create("native");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, crowd_setup, crowd_teardown);
	tcase_add_loop_test(tc, stranger_gets_a_cookie, 0, CASES(strange));
	tcase_add_loop_test(
	    tc, stranger_is_answered_in_proportion, 0, CASES(strange));
	tcase_add_loop_test(
	    tc, cookie_opens_its_address_for_a_while, 0, CASES(cookies));
	tcase_add_test(tc, join_is_answered_with_state_and_notes);
	tcase_add_test(tc, join_makes_a_room);
	tcase_add_test(tc, identity_is_of_the_token);
	tcase_add_test(tc, recent_past_comes_first);
	tcase_add_loop_test(tc, join_is_refused, 0, CASES(refusals));
	tcase_add_test(tc, join_that_floods_is_to_be_repeated);
	tcase_add_test(tc, clients_of_an_address_are_counted);
	tcase_add_test(tc, clients_that_move_are_counted);
	tcase_add_test(tc, client_moves_to_another_address);
	tcase_add_test(tc, session_is_dropped_and_comes_back);
	tcase_add_test(tc, server_is_another_one);
	tcase_add_loop_test(
	    tc, lines_are_taken_once_and_in_order, 0, CASES(lines));
	tcase_add_test(tc, changes_are_counted);
	tcase_add_test(tc, change_is_told_again_with_its_line);
	tcase_add_test(tc, alive_tells_what_was_acknowledged);
	tcase_add_test(tc, several_lines_in_a_datagram);
	tcase_add_test(tc, refusal_is_repeated_while_it_is_known);
	tcase_add_test(tc, line_that_floods_waits);
	tcase_add_test(tc, line_is_acknowledged_when_it_is_committed);
	tcase_add_test(tc, no_more_than_a_window_waits);
	tcase_add_test(
	    tc, uncommitted_lines_are_not_acknowledged_after_a_restart);
	tcase_add_test(tc, silent_client_is_dropped);
	tcase_add_test(tc, client_leaves);
	tcase_add_test(tc, client_is_removed);
	tcase_add_test(tc, client_removes_itself);
	tcase_add_loop_test(
	    tc, malformed_frames_end_a_datagram, 0, CASES(malformed));
	tcase_add_test(tc, large_datagram_is_malformed);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(native_suite());
}
