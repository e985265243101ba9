#include "chat/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/command.h"
#include "tests/party.h"
#include "tests/run.h"

#define hub        party.hub
#define users      party.users
#define LOBBY_HALL hub_first_hall(hub)

static const struct hub_config small = {
	.max_messages = 5,
	.max_bytes = 100000,
	.max_members = 4,
	.flood_lines = 3,
	.flood_seconds = 10,
};

static const struct hub_config roomy = {
	.max_messages = 100,
	.max_bytes = 100000,
	.max_members = 200,
};

/* Users 0 to 2 are in the lobby. */
static void
start(const struct hub_config *config)
{
	party_open(config);
	for (int i = 0; i < 3; i++)
		party_join(i);
	party_forget();
}

static void
setup(void)
{
	start(&small);
}

static void
teardown(void)
{
	party_close();
}

static enum hub_result
say(int i, const char *text)
{
	return hub_say(
	    hub, users[i].member, MESSAGE_SAY, str_of(text), party.now);
}

static enum hub_result
nick(int i, const char *text)
{
	return hub_set_nick(hub, users[i].member, str_of(text), party.now);
}

static enum hub_result
tell_alone(int i, const char *to, const char *text)
{
	return hub_private(
	    hub, users[i].member, str_of(to), str_of(text), party.now);
}

START_TEST(join_tells_the_joiner_alone)
{
	party_join(3);
	expect(3, "* lobby: 4 here; /help lists the commands\n");
	for (int i = 0; i < 3; i++)
		expect(i, "");
	party_leave(&users[3], "gone");
	say(0, "hello");
	party_join(3);
	ck_assert_ptr_nonnull(strstr(users[3].got,
	    "/help lists the commands; /history shows what was said\n"));
	ck_assert_uint_eq(member_cursor(users[3].member), 1);
}
END_TEST

START_TEST(join_refused)
{
	static const struct {
		const char *name;
		enum hub_result result;
	} cases[] = {
		{ "", HUB_BAD_NICK },
		{ "\x1b[2J", HUB_BAD_NICK },
		{ "0123456789012345678901234567890123456789012345678",
		    HUB_BAD_NICK },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_ptr_null(party_come(
		    3, (struct arrival){ .name = str_of(cases[i].name) }));
		ck_assert_msg(party.result == cases[i].result, "name '%s'",
		    cases[i].name);
	}
	party_join(3);
	ck_assert_ptr_null(party_come(4, (struct arrival){ 0 }));
	ck_assert_int_eq(party.result, HUB_FULL);
}
END_TEST

/* A browser and a datagram may come from the same address and port. */
START_TEST(name_is_numbered_when_taken)
{
	party_come(3, (struct arrival){ .name = STR("192.0.2.1@5001") });
	ck_assert_str_eq(member_name(users[3].member).p, "192.0.2.1@5001+2");
	ck_assert_ptr_null(party_come(4,
	    (struct arrival){
		.transport = &party.desk, .name = STR("192.0.2.1@5001") }));
	ck_assert_int_eq(party.result, HUB_FULL);
	party_leave(&users[0], NULL);
	ck_assert_ptr_null(party_come(4,
	    (struct arrival){
		.transport = &party.desk, .name = STR("192.0.2.1@5001") }));
	ck_assert_int_eq(party.result, HUB_TAKEN);
}
END_TEST

START_TEST(sender_is_not_echoed)
{
	ck_assert_int_eq(say(0, "hello"), HUB_OK);
	expect(1, "");
	hub_flush(hub);
	expect(0, "");
	expect(1, "[192.0.2.1@5000]: hello\n");
	expect(2, "[192.0.2.1@5000]: hello\n");
	ck_assert_uint_eq(member_cursor(users[0].member), 1);
	hub_flush(hub);
	expect(1, "");
	ck_assert_uint_eq(hub_said(hub), 1);
}
END_TEST

START_TEST(lagging_member_is_told)
{
	struct member *m = users[2].member;
	struct message message;

	users[2].member = NULL; /* it takes nothing for a while */
	for (int i = 0; i < 12; i++) {
		char text[32];

		snprintf(text, sizeof(text), "line %d", i + 1);
		ck_assert_int_eq(say(0, text), HUB_OK);
		party_later(10);
		hub_flush(hub);
	}
	expect(2, "");
	ck_assert_int_eq(member_next(hub, m, &message), 0);
	expect(2, "* 7 lines were missed\n");
	ck_assert_uint_eq(message.seq, 8);
	ck_assert_int_eq(member_next(hub, m, &message), 0);
	expect(2, "");
	ck_assert_uint_eq(message.seq, 8);
	member_set_cursor(m, 12);
	ck_assert_int_eq(member_next(hub, m, &message), -1);
	member_set_cursor(m, UINT64_MAX);
	ck_assert_int_eq(member_next(hub, m, &message), -1);
	expect(2, "");
}
END_TEST

static const struct {
	const char *text;
	const char *said; /* NULL: nothing */
} text_cases[] = {
	{ "", NULL },
	{ " \t ", NULL },
	{ "plain", "plain" },
	{ "  kept  ", "  kept  " },
	{ "\x1b[31mred", "\xef\xbf\xbd[31mred" },
	{ "a\nb\rc",
	    "a\xef\xbf\xbd"
	    "b\xef\xbf\xbd"
	    "c" },
	{ "\xc2\x9b"
	  "2J",
	    "\xef\xbf\xbd"
	    "2J" },
	{ "\xe2\x80\xae"
	  "evil",
	    "\xef\xbf\xbd"
	    "evil" },
	{ "bad \xff utf", "bad \xef\xbf\xbd utf" },
	{ "%s%n", "%s%n" },
};

START_TEST(text_is_made_safe)
{
	const char *said = text_cases[_i].said;
	char line[64] = "";

	ck_assert_int_eq(
	    say(0, text_cases[_i].text), said == NULL ? HUB_EMPTY : HUB_OK);
	hub_flush(hub);
	if (said != NULL)
		snprintf(line, sizeof(line), "[192.0.2.1@5000]: %s\n", said);
	expect(1, line);
	expect(0, "");
}
END_TEST

START_TEST(long_text_is_cut)
{
	char text[CHAT_TEXT_MAX + 3];
	struct message message;

	memset(text, 'x', sizeof(text));
	text[CHAT_TEXT_MAX] = '\0';
	say(0, text);
	expect(0, "");
	text[CHAT_TEXT_MAX] = 'x';
	text[CHAT_TEXT_MAX + 1] = '\0';
	say(0, text);
	expect(0, "* your line was cut to 1024 bytes\n");
	ck_assert_int_eq(room_get(hall_room(LOBBY_HALL), 2, &message), 0);
	ck_assert_uint_eq(message.text.len, CHAT_TEXT_MAX);
	/* The last character is two bytes long and does not fit whole. */
	memcpy(text + CHAT_TEXT_MAX - 1, "\xc3\xa4", 3);
	say(0, text);
	ck_assert_int_eq(room_get(hall_room(LOBBY_HALL), 3, &message), 0);
	ck_assert_uint_eq(message.text.len, CHAT_TEXT_MAX - 1);
}
END_TEST

START_TEST(flood_is_told_once)
{
	/* Three lines in ten seconds; a token comes back every 3.33 s. */
	static const struct {
		int64_t at;
		enum hub_result result;
		bool told;
	} cases[] = {
		{ 100, HUB_OK, false },
		{ 100, HUB_OK, false },
		{ 101, HUB_OK, false },
		{ 101, HUB_FLOOD, true },
		{ 102, HUB_FLOOD, false },
		{ 104, HUB_OK, false },
		{ 104, HUB_FLOOD, false }, /* it was never quiet */
		{ 200, HUB_OK, false },
		{ 200, HUB_OK, false },
		{ 200, HUB_OK, false },
		{ 200, HUB_FLOOD, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		party.now.mono = SECONDS(1000 + cases[i].at);
		ck_assert_msg(say(0, "x") == cases[i].result, "case %zu", i);
		expect(0,
		    cases[i].told ? "* slow down: at most 3 lines in 10 "
				    "seconds; your line was not said\n"
				  : "");
	}
	ck_assert_uint_eq(hub_said(hub), 7);
	/* Others are not held up. */
	ck_assert_int_eq(say(1, "x"), HUB_OK);
}
END_TEST

START_TEST(flood_counts_private_lines_and_not_commands)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(tell_alone(0, "192.0.2.1@5001", "x"), HUB_OK);
	ck_assert_int_eq(say(0, "x"), HUB_FLOOD);
	for (int i = 0; i < 3; i++)
		ck_assert(hub_allows_command(hub, users[0].member, party.now));
	users[0].got[0] = '\0';
	ck_assert(!hub_allows_command(hub, users[0].member, party.now));
	expect(0,
	    "* slow down: at most 3 lines in 10 seconds; your line was "
	    "not done\n");
}
END_TEST

START_TEST(flood_can_be_off)
{
	party_close();
	start(&roomy);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(say(0, "x"), HUB_OK);
	ck_assert_uint_eq(hub_said(hub), 1000);
}
END_TEST

/* User 1 is called Bob. */
static const struct {
	const char *nick;
	enum hub_result result;
} nick_cases[] = {
	{ "alice", HUB_OK },
	{ "J\xc3\xbcrgen", HUB_OK },
	{ "a*b", HUB_OK },
	{ "bobby", HUB_OK },
	{ "123456789012345678901234567890123456789012345678", HUB_OK },
	{ "1234567890123456789012345678901234567890123456789", HUB_BAD_NICK },
	{ "Bob", HUB_TAKEN },
	{ "bOB", HUB_TAKEN },
	{ "operator", HUB_BAD_NICK },
	{ "Chatd", HUB_BAD_NICK },
	{ "SERVER", HUB_BAD_NICK },
	{ "", HUB_BAD_NICK },
	{ "*bob", HUB_BAD_NICK },
	{ "a b", HUB_BAD_NICK },
	{ "a\tb", HUB_BAD_NICK },
	{ "a\nb", HUB_BAD_NICK },
	{ "a@b", HUB_BAD_NICK },
	{ "192.0.2.1@5001", HUB_BAD_NICK },
	{ "192.0.2.1", HUB_BAD_NICK }, /* or a ban would be of the address */
	{ "2001:db8::1", HUB_BAD_NICK },
	{ "192.0.2", HUB_OK },
	{ "a/b", HUB_BAD_NICK },
	{ "/a", HUB_BAD_NICK },
	{ "[a", HUB_BAD_NICK },
	{ "a]", HUB_BAD_NICK },
	{ "a\xc2\xa0", HUB_BAD_NICK },
	{ "bob\xe3\x80\x80", HUB_BAD_NICK },
	{ "bob\xe2\x80\x8b", HUB_BAD_NICK }, /* zero-width space */
	{ "bob\xe2\x80\x89", HUB_BAD_NICK },
	{ "bob\xef\xbb\xbf", HUB_BAD_NICK },
	{ "bob\xe2\x80\xae", HUB_BAD_NICK },
	{ "bob\xff", HUB_BAD_NICK },
	{ "bob\xc3", HUB_BAD_NICK },
	{ "bob\x1b[m", HUB_BAD_NICK },
};

START_TEST(nicks)
{
	char line[128] = "";

	ck_assert_int_eq(nick(1, "Bob"), HUB_OK);
	for (int i = 0; i < 3; i++)
		expect(i, "* 192.0.2.1@5001 is now Bob\n");
	ck_assert_msg(nick(0, nick_cases[_i].nick) == nick_cases[_i].result,
	    "nick '%s'", nick_cases[_i].nick);
	if (nick_cases[_i].result == HUB_OK)
		snprintf(line, sizeof(line), "* 192.0.2.1@5000 is now %s\n",
		    nick_cases[_i].nick);
	expect(2, line);
}
END_TEST

START_TEST(nick_is_found_until_it_is_given_up)
{
	struct member *m = users[0].member;

	ck_assert_int_eq(nick(0, "Bob"), HUB_OK);
	ck_assert_ptr_eq(hub_find(hub, STR("bOb"), party.now), m);
	ck_assert_ptr_eq(hub_find(hub, STR("192.0.2.1@5000"), party.now), m);
	ck_assert_ptr_null(hub_find(hub, STR("bobb"), party.now));
	ck_assert_int_eq(nick(0, "BOB"), HUB_OK); /* its own, folded */
	ck_assert(str_eq(member_name(m), STR("BOB")));
	ck_assert_int_eq(nick(1, "bob"), HUB_TAKEN);
	expect(1, "* 192.0.2.1@5000 is now Bob\n* Bob is now BOB\n");
	ck_assert_int_eq(nick(0, "BOB"), HUB_OK); /* no change, no news */
	expect(1, "");
	ck_assert_int_eq(nick(0, "carol"), HUB_OK);
	ck_assert_int_eq(nick(1, "bob"), HUB_OK);
	party_leave(&users[1], "gone");
	ck_assert_ptr_null(hub_find(hub, STR("bob"), party.now));
	ck_assert_ptr_null(hub_find(hub, STR("192.0.2.1@5001"), party.now));
	ck_assert_int_eq(nick(2, "bob"), HUB_OK);
	party_join(1);
	ck_assert(str_eq(member_name(users[1].member), STR("192.0.2.1@5001")));
}
END_TEST

START_TEST(private_reaches_its_two_ends)
{
	nick(1, "bob");
	party_forget();
	ck_assert_int_eq(tell_alone(0, "BOB", "psst \x1b"), HUB_OK);
	for (int i = 0; i < 3; i++)
		expect(i, "");
	hub_flush(hub);
	expect(0, "[you -> bob]: psst \xef\xbf\xbd\n");
	expect(1, "[192.0.2.1@5000 -> you]: psst \xef\xbf\xbd\n");
	expect(2, "");
	ck_assert_uint_eq(hub_said(hub), 1);
	ck_assert_int_eq(tell_alone(0, "carol", "x"), HUB_NOBODY);
	ck_assert_int_eq(tell_alone(0, "bob", " "), HUB_EMPTY);
	hub_flush(hub);
	for (int i = 0; i < 3; i++)
		expect(i, "");
}
END_TEST

START_TEST(leaving_follows_what_was_said)
{
	say(0, "so long");
	party_leave(&users[0], "gone");
	expect(0, "");
	expect(1, "[192.0.2.1@5000]: so long\n* 192.0.2.1@5000 left (gone)\n");
	ck_assert_uint_eq(hub_count(hub), 2);
	hub_leave(hub, users[1].member, NULL);
	users[1].member = NULL;
	users[2].got[0] = '\0';
	hub_flush(hub);
	expect(2, "");
}
END_TEST

START_TEST(removed_member_and_transport_are_told)
{
	hub_remove(hub, users[0].member, "kicked");
	ck_assert_ptr_null(users[0].member);
	ck_assert_str_eq(users[0].reason, "kicked");
	expect(0, "* you were removed (kicked)\n");
	expect(1, "* 192.0.2.1@5000 left (kicked)\n");
	ck_assert_uint_eq(hub_count(hub), 2);
}
END_TEST

START_TEST(all_may_leave_when_told)
{
	for (int i = 0; i < 3; i++)
		users[i].leaves = users[i].member;
	hub_tell_all(hub, NULL, NULL, "%s", "fire");
	ck_assert_uint_eq(hub_count(hub), 0);
	ck_assert_ptr_null(hub_first(hub));
	/* The first to leave says so to the second, whose leave ends it. */
	ck_assert_str_eq(users[0].got, "* fire\n");
	ck_assert_str_eq(users[1].got, "* 192.0.2.1@5000 left (gone)\n");
}
END_TEST

START_TEST(member_may_leave_inside_its_own_call)
{
	char text[CHAT_TEXT_MAX + 2];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	users[0].leaves = users[0].member;
	ck_assert_int_eq(say(0, text), HUB_OK); /* told that it was cut */
	ck_assert_ptr_null(users[0].member);
	users[1].leaves = users[1].member;
	ck_assert_int_eq(nick(1, "bob"), HUB_OK);
	ck_assert_ptr_null(users[1].member);
	ck_assert_uint_eq(hub_count(hub), 1);
}
END_TEST

START_TEST(sender_or_target_may_leave_when_told)
{
	char text[CHAT_TEXT_MAX + 2];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	users[0].leaves = users[1].member;
	ck_assert_int_eq(tell_alone(0, "192.0.2.1@5001", text), HUB_OK);
	ck_assert_uint_eq(hub_count(hub), 2);
	users[0].leaves = users[0].member;
	ck_assert_int_eq(tell_alone(0, "192.0.2.1@5002", text), HUB_OK);
	ck_assert_uint_eq(hub_count(hub), 1);
	party_forget();
	hub_flush(hub);
	ck_assert_uint_eq(strlen(users[2].got), CHAT_TEXT_MAX + 26);
}
END_TEST

START_TEST(members_may_leave_when_woken)
{
	for (int i = 0; i < 3; i++)
		users[i].leaves_when_woken = true;
	say(0, "hello");
	hub_flush(hub);
	ck_assert_ptr_nonnull(users[0].member);
	ck_assert_ptr_null(users[1].member);
	ck_assert_ptr_null(users[2].member);
	ck_assert_uint_eq(hub_count(hub), 1);
	expect(0,
	    "* 192.0.2.1@5001 left (gone)\n"
	    "* 192.0.2.1@5002 left (gone)\n");
}
END_TEST

START_TEST(lagging_member_may_leave_when_told)
{
	struct member *m = users[2].member;
	struct message message;

	for (int i = 0; i < 6; i++)
		say(i % 2, "x");
	users[2].leaves = m;
	ck_assert_int_eq(member_next(hub, m, &message), -1);
	ck_assert_uint_eq(hub_count(hub), 2);
}
END_TEST

START_TEST(members_in_the_order_of_joining)
{
	uint64_t id = member_id(users[1].member);
	struct member *m;
	int i = 0;

	hub_hold(hub);
	party_leave(&users[1], "gone");
	for (m = hub_first(hub); m != NULL; m = hub_next(m), i += 2) {
		ck_assert_ptr_eq(member_owner(m), &users[i]);
		ck_assert_ptr_eq(member_transport(m), &party.net);
		ck_assert_ptr_eq(member_hall(m), LOBBY_HALL);
	}
	ck_assert_int_eq(i, 4);
	hub_release(hub);
	ck_assert_uint_ne(member_id(users[0].member), 0);
	m = party_join(1);
	ck_assert_uint_ne(member_id(m), id); /* and not the old one again */
	ck_assert_ptr_eq(hub_member(hub, member_id(m)), m);
	ck_assert_ptr_null(hub_member(hub, id));
}
END_TEST

START_TEST(hub_free_gives_members_back)
{
	party_close();
	for (int i = 0; i < 3; i++) {
		ck_assert_ptr_null(users[i].member);
		ck_assert_str_eq(users[i].reason, "the server stops");
	}
}
END_TEST

START_TEST(transports_are_bounded)
{
	struct transport more[HUB_TRANSPORTS_MAX];

	for (int i = 0; i < HUB_TRANSPORTS_MAX; i++) {
		more[i] = party.net;
		ck_assert_int_eq(hub_add_transport(hub, &more[i]),
		    i < HUB_TRANSPORTS_MAX - 2 ? 0 : -1);
	}
	hub_remove_transport(hub, &more[3]);
	ck_assert_int_eq(hub_add_transport(hub, &more[3]), 0);
}
END_TEST

static Suite *
hub_suite(void)
{
	Suite *suite = suite_create("hub");
	TCase *tc = tcase_create("hub");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, join_tells_the_joiner_alone);
	tcase_add_test(tc, join_refused);
	tcase_add_test(tc, name_is_numbered_when_taken);
	tcase_add_test(tc, sender_is_not_echoed);
	tcase_add_test(tc, lagging_member_is_told);
	tcase_add_loop_test(tc, text_is_made_safe, 0, CASES(text_cases));
	tcase_add_test(tc, long_text_is_cut);
	tcase_add_test(tc, flood_is_told_once);
	tcase_add_test(tc, flood_counts_private_lines_and_not_commands);
	tcase_add_test(tc, flood_can_be_off);
	tcase_add_loop_test(tc, nicks, 0, CASES(nick_cases));
	tcase_add_test(tc, nick_is_found_until_it_is_given_up);
	tcase_add_test(tc, private_reaches_its_two_ends);
	tcase_add_test(tc, leaving_follows_what_was_said);
	tcase_add_test(tc, removed_member_and_transport_are_told);
	tcase_add_test(tc, all_may_leave_when_told);
	tcase_add_test(tc, member_may_leave_inside_its_own_call);
	tcase_add_test(tc, sender_or_target_may_leave_when_told);
	tcase_add_test(tc, members_may_leave_when_woken);
	tcase_add_test(tc, lagging_member_may_leave_when_told);
	tcase_add_test(tc, members_in_the_order_of_joining);
	tcase_add_test(tc, hub_free_gives_members_back);
	tcase_add_test(tc, transports_are_bounded);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(hub_suite());
}
