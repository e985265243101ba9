/*
 * Several rooms, people who are in several places, and what is said to one
 * alone; typed by the members, as it is by people.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/party.h"
#include "tests/run.h"

#define hub   party.hub
#define users party.users
#define type  party_type

#define ANN 100 /* identities of tokens */
#define BOB 101
#define EVE 102

static const struct hub_config config = {
	.max_messages = 100,
	.max_bytes = 100000,
	.max_members = 200,
};

static void
setup(void)
{
	party_open(&config);
}

static void
teardown(void)
{
	party_close();
}

/* Somebody with a token comes in. */
static struct member *
come(int i, uint64_t identity, const char *wish, const char *room)
{
	struct member *m = party_come(i,
	    (struct arrival){ .identity = identity,
		.is_known = true,
		.nick = str_of(wish),
		.room = str_of(room) });

	ck_assert_ptr_nonnull(m);
	return m;
}

static struct hall *
hall(const char *name)
{
	return hub_hall(hub, str_of(name));
}

static const char *
name_of(int i)
{
	return member_name(users[i].member).p;
}

/* Rooms. */

START_TEST(there_is_a_lobby)
{
	struct hall *lobby = hub_first_hall(hub);

	ck_assert_ptr_eq(hall("LOBBY"), lobby);
	ck_assert_str_eq(room_name(hall_room(lobby)), "lobby");
	ck_assert_ptr_null(hub_next_hall(lobby));
	ck_assert_uint_eq(hall_count(lobby), 0);
	ck_assert_ptr_null(hall_first(lobby));
	ck_assert_ptr_null(hall("tea"));
	ck_assert_ptr_null(hall(""));
}
END_TEST

START_TEST(room_is_made_by_who_comes)
{
	come(0, 0, "ann", "");
	come(1, 0, "bob", "Tea");
	expect(0, "* lobby: 1 here; /help lists the commands\n");
	expect(1, "* Tea: 1 here; /help lists the commands\n");
	come(2, 0, "eve", "tEA");
	expect(2, "* Tea: 2 here; /help lists the commands\n");
	ck_assert_ptr_eq(member_hall(users[2].member), hall("tea"));
	ck_assert_uint_eq(hall_count(hall("tea")), 2);
	ck_assert_uint_eq(hub_count(hub), 3);
	ck_assert_uint_ne(
	    room_id(hall_room(hall("tea"))), room_id(hall_room(hall("lobby"))));
	ck_assert_ptr_eq(hall_first(hall("tea")), users[1].member);
	ck_assert_ptr_eq(hall_next(users[1].member), users[2].member);
	ck_assert_ptr_null(hall_next(users[2].member));
}
END_TEST

START_TEST(what_is_said_stays_in_the_room)
{
	come(0, 0, "ann", "");
	come(1, 0, "bob", "tea");
	come(2, 0, "eve", "tea");
	party_forget();
	type(0, "one");
	type(1, "two");
	expect(0, "");
	expect(1, "");
	expect(2, "[bob]: two\n");
	ck_assert_uint_eq(room_last(hall_room(hall("tea"))), 1);
	ck_assert_uint_eq(room_last(hall_room(hall("lobby"))), 1);
	ck_assert_uint_eq(hub_said(hub), 2);
}
END_TEST

START_TEST(moving)
{
	uint64_t id;

	come(0, 0, "ann", "");
	come(1, 0, "bob", "");
	come(2, 0, "eve", "tea");
	type(2, "early");
	party_forget();
	id = member_id(users[0].member);
	ck_assert_int_eq(type(0, "/join TEA"), HUB_OK);
	expect(0,
	    "* tea: 2 here; /help lists the commands; /history shows what "
	    "was said\n");
	expect(1, "* ann went to another room\n");
	expect(2, "");
	ck_assert_uint_eq(member_id(users[0].member), id);
	ck_assert_uint_eq(hall_count(hall("lobby")), 1);
	ck_assert_uint_eq(hall_count(hall("tea")), 2);
	ck_assert_uint_eq(hub_count(hub), 3);
	ck_assert_ptr_eq(hall_next(users[2].member), users[0].member);
	type(1, "not for ann");
	type(2, "for ann");
	expect(0, "[eve]: for ann\n");
	ck_assert_int_eq(type(0, "/join tea"), HUB_OK); /* is there already */
	expect(0, "");
	ck_assert_int_eq(type(0, "/part"), HUB_OK);
	expect(2, "* ann went to another room\n");
	expect(0,
	    "* lobby: 2 here; /help lists the commands; /history shows "
	    "what was said\n");
}
END_TEST

START_TEST(mover_has_what_was_said_before)
{
	come(0, 0, "ann", "");
	come(1, 0, "bob", "");
	party_forget();
	hub_say(hub, users[1].member, MESSAGE_SAY, STR("wait"), party.now);
	type(0, "/join tea");
	expect(0, "[bob]: wait\n* tea: 1 here; /help lists the commands\n");
}
END_TEST

START_TEST(mover_may_leave_meanwhile)
{
	come(0, 0, "ann", "");
	come(1, 0, "bob", "");
	hub_say(hub, users[1].member, MESSAGE_SAY, STR("wait"), party.now);
	users[0].leaves_when_woken = true;
	type(0, "/join tea");
	ck_assert_uint_eq(hub_count(hub), 1);
	ck_assert_uint_eq(hall_count(hall("lobby")), 1);
	ck_assert_uint_eq(hall_count(hall("tea")), 0);
	ck_assert_ptr_null(hall_first(hall("tea")));
	/* And on the threshold. */
	come(2, 0, "eve", "");
	users[2].leaves = users[2].member;
	type(2, "/join tea");
	ck_assert_uint_eq(hub_count(hub), 1);
	ck_assert_uint_eq(hall_count(hall("tea")), 0);
	/* And who hears of it. */
	come(2, 0, "eve", "");
	users[1].leaves = users[1].member;
	type(2, "/join tea");
	ck_assert_uint_eq(hub_count(hub), 1);
	ck_assert_uint_eq(hall_count(hall("lobby")), 0);
}
END_TEST

static const char *const bad_rooms[] = { "a b", "a@b", "a/b", "*a", "[a]",
	"\x1b[m", "\xff", "a\xe2\x80\x8b", "##a", "#",
	"123456789012345678901234567890123" };

START_TEST(bad_names)
{
	const char *bad = bad_rooms[_i];

	party_join(0);
	ck_assert_int_eq(hub_move(hub, users[0].member, str_of(bad), party.now),
	    HUB_BAD_ROOM);
	ck_assert_ptr_null(
	    party_come(1, (struct arrival){ .room = str_of(bad) }));
	ck_assert_int_eq(party.result, HUB_BAD_ROOM);
	ck_assert_ptr_null(hub_next_hall(hub_first_hall(hub)));
	ck_assert_uint_eq(hub_count(hub), 1);
}
END_TEST

START_TEST(good_names)
{
	static const char *const good[] = { "#tea", "operator", "t\xc3\xa9",
		"12345678901234567890123456789012", "x" };

	party_join(0);
	for (int i = 0; i < CASES(good); i++) {
		ck_assert_msg(hub_move(hub, users[0].member, str_of(good[i]),
				  party.now) == HUB_OK,
		    "'%s'", good[i]);
		ck_assert_str_eq(
		    room_name(hall_room(member_hall(users[0].member))),
		    good[i]);
	}
}
END_TEST

/* As many rooms as may be, the last of them room63. */
static void
fill_rooms(void)
{
	for (int i = 1; i < HUB_ROOMS_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "room%d", i);
		ck_assert_int_eq(
		    hub_move(hub, users[0].member, str_of(name), party.now),
		    HUB_OK);
	}
}

START_TEST(an_empty_room_gives_way)
{
	party_join(0);
	party_come(1, (struct arrival){ .room = STR("room1") });
	fill_rooms();
	ck_assert_ptr_nonnull(hall("room2"));
	ck_assert_int_eq(type(1, "/join tea"), HUB_OK);
	ck_assert_ptr_null(hall("room2"));
	ck_assert_ptr_nonnull(hall("lobby")); /* though it is empty */
	ck_assert_ptr_nonnull(hall("room1"));
	ck_assert_int_eq(type(1, "/join room2"), HUB_OK);
	ck_assert_ptr_null(hall("room1"));
	ck_assert_uint_eq(hub_count(hub), 2);
}
END_TEST

START_TEST(rooms_in_use_are_bounded)
{
	static struct user extra;
	char name[32], room[32];
	enum hub_result result;

	for (int i = 1; i < HUB_ROOMS_MAX; i++) {
		struct arrival a = { .transport = &party.net, .owner = &extra };

		snprintf(name, sizeof(name), "10.0.0.1@%d", i);
		snprintf(room, sizeof(room), "room%d", i);
		a.name = str_of(name);
		a.room = str_of(room);
		ck_assert_ptr_nonnull(hub_join(hub, &a, &result, party.now));
	}
	party_join(0);
	ck_assert_int_eq(type(0, "/join tea"), HUB_FULL);
	ck_assert_ptr_null(
	    party_come(1, (struct arrival){ .room = STR("tea") }));
	ck_assert_int_eq(party.result, HUB_FULL);
	ck_assert_int_eq(type(0, "/join room9"), HUB_OK);
	ck_assert_int_eq(type(0, "/part"), HUB_OK);
}
END_TEST

START_TEST(version_changes)
{
	static const struct {
		const char *line;
		bool changes;
	} cases[] = {
		{ "hello", false },
		{ "/who", false },
		{ "/nick ann", true },
		{ "/nick ann", false },
		{ "/nick ann b", false },
		{ "/away lunch", true },
		{ "/away", true },
		{ "/topic tea", true },
		{ "/topic", false },
		{ "/slow 0", false },
	};
	uint64_t before;

	party_join(0);
	party_come(1, (struct arrival){ .room = STR("tea") });
	before = hall_version(hall("lobby"));
	type(0, "/join tea");
	ck_assert_uint_gt(hall_version(hall("lobby")), before);
	before = hall_version(hall("tea"));
	type(0, "/part");
	ck_assert_uint_gt(hall_version(hall("tea")), before);
	before = hall_version(hall("lobby"));
	hub_redeem(hub, users[0].member,
	    str_of(hub_operator_code(hub, party.now)), party.now);
	ck_assert_uint_gt(hall_version(hall("lobby")), before);
	for (int i = 0; i < CASES(cases); i++) {
		uint64_t other = hall_version(hall("tea"));

		before = hall_version(hall("lobby"));
		type(0, cases[i].line);
		ck_assert_msg(
		    (hall_version(hall("lobby")) > before) == cases[i].changes,
		    "%s", cases[i].line);
		ck_assert_uint_eq(hall_version(hall("tea")), other);
	}
	before = hall_version(hall("lobby"));
	party_leave(&users[0], NULL);
	ck_assert_uint_gt(hall_version(hall("lobby")), before);
}
END_TEST

/* A person in two rooms changes both. */
START_TEST(version_of_every_room_of_the_person)
{
	uint64_t tea;

	come(0, ANN, "ann", "");
	come(1, ANN, "ann", "tea");
	tea = hall_version(hall("tea"));
	type(0, "/away lunch");
	ck_assert_uint_gt(hall_version(hall("tea")), tea);
	tea = hall_version(hall("tea"));
	come(2, ANN, "anna", "");
	ck_assert_uint_gt(hall_version(hall("tea")), tea);
}
END_TEST

/* The message of the day, and what is told from it after the greeting. */
static const struct {
	const char *motd, *told;
} motds[] = {
	{ "", "" },
	{ "one", "* one\n" },
	{ "one\ntwo\n", "* one\n* two\n" },
	{ "one\n\ntwo", "* one\n* \n* two\n" },
	{ "\x1b[2J%s", "* \xef\xbf\xbd[2J%s\n" },
};

START_TEST(message_of_the_day)
{
	const char *greeting = "* lobby: 1 here; /help lists the commands\n";
	char want[128];

	snprintf(want, sizeof(want), "%s%s", greeting, motds[_i].told);
	ck_assert_int_eq(hub_set_motd(hub, str_of(motds[_i].motd)), 0);
	party_join(0);
	expect(0, want);
	type(0, "/join tea");
	expect(0, "* tea: 1 here; /help lists the commands\n");
	party_come(1, (struct arrival){ .is_silent = true });
	expect(1, "");
}
END_TEST

START_TEST(longest_message_of_the_day)
{
	static char text[5000];

	memset(text, 'x', sizeof(text));
	for (size_t i = 99; i < sizeof(text); i += 100)
		text[i] = '\n';
	hub_set_motd(hub, (struct str){ text, sizeof(text) });
	party_join(0);
	/* 4096 bytes: 40 whole lines, each with its star, and 96 bytes. */
	ck_assert_uint_eq(strlen(users[0].got),
	    strlen("* lobby: 1 here; /help lists the commands\n") + 40 * 102 +
		2 + 96 + 1);
	hub_set_motd(hub, (struct str){ NULL, 0 });
	party_join(1);
	ck_assert_uint_lt(strlen(users[1].got), 50);
}
END_TEST

START_TEST(topic_is_told_to_who_comes)
{
	party_join(0);
	hub_set_topic(hub, hall("lobby"), STR("tea \x1b[2J"));
	party_forget();
	party_join(1);
	expect(1,
	    "* lobby: 2 here; /help lists the commands\n"
	    "* topic: tea \xef\xbf\xbd[2J\n");
}
END_TEST

/* People. */

#define LONG  "123456789012345678901234567890123456789012345678"
#define LONG1 "12345678901234567890123456789012345678901234567"
#define LONG2 "1234567890123456789012345678901234567890123456"

/* A second person wishes a nick that the first one has, or another. */
static const struct {
	const char *has, *wish, *gets; /* NULL: none */
	bool told;
} wishes[] = {
	{ "bob", "eve", "eve", false },
	{ "bob", "bob", "bob2", true },
	{ "Bob", "bOB", "bOB2", true },
	{ "bob", "", NULL, false },
	{ "bob", "a b", NULL, true },
	{ "bob", "operator", NULL, true },
	{ "bob", "\xff", NULL, true },
	{ "bob", LONG "9", NULL, true },
	{ "bob", LONG, LONG, false },
	{ LONG, LONG, LONG1 "2", true },
	/* The end is cut between characters. */
	{ LONG2 "\xc3\xa4", LONG2 "\xc3\xa4", LONG2 "2", true },
	{ LONG1 "x", LONG1 "x", LONG1 "2", true },
};

START_TEST(nick_is_wished)
{
	size_t len = strlen(wishes[_i].wish);
	char *wish = malloc(len > 0 ? len : 1); /* nothing is read behind it */
	const char *gets = wishes[_i].gets;
	char want[256] = "";

	memcpy(wish, wishes[_i].wish, len);
	come(0, 0, wishes[_i].has, "");
	ck_assert_str_eq(name_of(0), wishes[_i].has);
	party_forget();
	party_come(
	    1, (struct arrival){ .nick = { wish, len }, .is_silent = true });
	ck_assert_str_eq(name_of(1), gets != NULL ? gets : "192.0.2.1@5001");
	if (wishes[_i].told && gets != NULL)
		snprintf(want, sizeof(want),
		    "* somebody has that nick: you are %s\n", gets);
	else if (wishes[_i].told)
		strcpy(want, "* that nick cannot be used; /nick takes one\n");
	expect(1, want);
	expect(0, "");
	free(wish);
}
END_TEST

START_TEST(wishes_end_at_nine)
{
	static struct user extra;
	char name[32], want[32];

	for (int i = 1; i <= 10; i++) {
		struct arrival a = { .transport = &party.net,
			.owner = &extra,
			.nick = STR("bob") };
		enum hub_result result;
		struct member *m;

		snprintf(name, sizeof(name), "10.0.0.1@%d", i);
		a.name = str_of(name);
		snprintf(want, sizeof(want), i == 1 ? "bob" : "bob%d", i);
		extra.got[0] = '\0';
		m = hub_join(hub, &a, &result, party.now);
		ck_assert_ptr_nonnull(m);
		ck_assert_str_eq(member_name(m).p, i <= 9 ? want : name);
	}
	ck_assert_ptr_nonnull(
	    strstr(extra.got, "* that nick cannot be used; /nick takes one\n"));
}
END_TEST

START_TEST(nick_waits_for_who_has_a_token)
{
	come(0, ANN, "ann", "");
	come(1, 0, "bob", "");
	ck_assert(!member_person(users[1].member)->is_known ||
	    member_person(users[1].member)->identity != ANN);
	party_leave(&users[0], NULL);
	ck_assert_ptr_null(hub_find(hub, STR("ann"), party.now));
	ck_assert_int_eq(type(1, "/nick Ann"), HUB_TAKEN);
	come(0, ANN, "", "");
	ck_assert_str_eq(name_of(0), "ann");
	party_leave(&users[0], NULL);
	party_later(NICK_SECONDS);
	ck_assert_int_eq(type(1, "/nick Ann"), HUB_OK);
	come(0, ANN, "ann", "");
	ck_assert_str_eq(name_of(0), "ann2");
}
END_TEST

START_TEST(one_person_in_several_places)
{
	come(0, ANN, "ann", "");
	come(1, ANN, "ann", ""); /* no ann2 */
	come(2, ANN, "", "tea");
	come(3, BOB, "bob", "tea");
	party_forget();
	for (int i = 0; i < 3; i++)
		ck_assert_str_eq(name_of(i), "ann");
	ck_assert_ptr_eq(
	    member_person(users[0].member), member_person(users[2].member));
	/* The others hear it once in each room, under the name they know. */
	ck_assert_int_eq(type(2, "/nick anna"), HUB_OK);
	for (int i = 0; i < 4; i++)
		expect(i, "* ann is now anna\n");
	ck_assert_ptr_eq(
	    hub_find(hub, STR("anna"), party.now), users[0].member);
	/* What one of them says the other gets. */
	type(0, "hello");
	expect(0, "");
	expect(1, "[anna]: hello\n");
	expect(2, "");
	party_leave(&users[0], NULL);
	ck_assert_ptr_eq(
	    hub_find(hub, STR("anna"), party.now), users[1].member);
}
END_TEST

/* Who sees a nick change hears of it, even when it is by coming in. */
START_TEST(wish_of_one_who_is_here_already)
{
	come(0, ANN, "ann", "tea");
	come(1, BOB, "bob", "tea");
	party_forget();
	come(2, ANN, "anna", "");
	expect(0, "* ann is now anna\n");
	expect(1, "* ann is now anna\n");
	expect(2,
	    "* lobby: 1 here; /help lists the commands\n"
	    "* ann is now anna\n");
	come(3, ANN, "bob", "tea");
	expect(1, "* anna is now bob2\n");
}
END_TEST

START_TEST(removing_a_person)
{
	come(0, ANN, "ann", "");
	come(1, BOB, "bob", "");
	come(2, ANN, "ann", "tea");
	come(3, BOB, "bob", "tea");
	party_forget();
	hub_remove_person(hub, users[2].member, "enough");
	for (int i = 0; i < 4; i += 2) {
		ck_assert_ptr_null(users[i].member);
		ck_assert_str_eq(users[i].reason, "enough");
		expect(i, "* you were removed (enough)\n");
		expect(i + 1, "* ann left (enough)\n");
	}
	ck_assert_uint_eq(hub_count(hub), 2);
	ck_assert_uint_eq(hub_transport_count(hub, &party.net), 2);
}
END_TEST

START_TEST(persons_members_may_leave_while_it_is_removed)
{
	come(0, ANN, "ann", "");
	come(1, BOB, "bob", "");
	come(2, ANN, "ann", "");
	users[0].leaves = users[2].member;
	users[1].leaves = users[1].member;
	hub_remove_person(hub, users[0].member, "enough");
	ck_assert_uint_eq(hub_count(hub), 0);
}
END_TEST

START_TEST(members_may_leave_while_a_nick_is_told)
{
	come(0, ANN, "ann", "");
	come(1, ANN, "ann", "tea");
	come(2, 0, "bob", "");
	users[0].leaves = users[0].member;
	users[1].leaves = users[1].member;
	ck_assert_int_eq(type(0, "/nick anna"), HUB_OK);
	ck_assert_uint_eq(hub_count(hub), 1);
	party_forget();
	come(0, ANN, "", "");
	users[2].leaves = users[0].member;
	users[0].leaves = users[2].member;
	ck_assert_int_eq(type(0, "/nick ann"), HUB_OK);
	ck_assert_uint_eq(hub_count(hub), 1);
}
END_TEST

START_TEST(identities_tell_apart)
{
	uint64_t one = hub_identity(hub, "secret", 6);

	ck_assert_uint_gt(one, TO_OPERATORS);
	ck_assert_uint_eq(hub_identity(hub, "secret", 6), one);
	ck_assert_uint_ne(hub_identity(hub, "secreT", 6), one);
	ck_assert_uint_ne(hub_identity(hub, "secret", 5), one);
	hub_restore_key(hub, (const unsigned char *)"0123456789abcdef");
	ck_assert_uint_ne(hub_identity(hub, "secret", 6), one);
	one = hub_identity(hub, "secret", 6);
	party_close();
	party_open(&config);
	hub_restore_key(hub, (const unsigned char *)"0123456789abcdef");
	ck_assert_uint_eq(hub_identity(hub, "secret", 6), one);
}
END_TEST

/* Ids of before a restart are not given again, though the key is the same. */
START_TEST(ids_are_not_given_twice)
{
	uint64_t ids[2];

	for (int i = 0; i < 2; i++) {
		hub_restore_key(hub, (const unsigned char *)"0123456789abcdef");
		party_join(0);
		ids[i] = member_id(users[0].member);
		party_close();
		party_open(&config);
	}
	ck_assert_uint_ne(ids[0], ids[1]);
}
END_TEST

/* What is said to one alone. */

START_TEST(private_across_rooms)
{
	come(0, ANN, "ann", "");
	come(1, BOB, "bob", "tea");
	come(2, EVE, "eve", "");
	come(3, EVE, "eve", "tea");
	party_forget();
	ck_assert_int_eq(type(0, "/msg bob psst"), HUB_OK);
	expect(0, "[you -> bob]: psst\n");
	expect(1, "[ann -> you]: psst\n");
	ck_assert_int_eq(type(1, "/msg ann yes?"), HUB_OK);
	expect(0, "[bob -> you]: yes?\n");
	expect(1, "[you -> ann]: yes?\n");
	type(2, "/history");
	type(3, "/history");
	expect(2, "* nothing was said yet\n");
	expect(3, "* nothing was said yet\n");
	type(0, "/history");
	expect(0, "00:16 [you -> bob]: psst\n00:16 [bob -> you]: yes?\n");
	type(1, "/history");
	expect(1, "00:16 [ann -> you]: psst\n00:16 [you -> ann]: yes?\n");
}
END_TEST

START_TEST(private_is_for_all_members_of_both)
{
	come(0, ANN, "ann", "");
	come(1, ANN, "ann", "");
	come(2, BOB, "bob", "");
	come(3, BOB, "bob", "");
	come(4, BOB, "bob", "tea");
	come(5, EVE, "eve", "");
	party_forget();
	type(0, "/msg bob psst");
	for (int i = 0; i < 2; i++)
		expect(i, "[you -> bob]: psst\n");
	for (int i = 2; i < 4; i++)
		expect(i, "[ann -> you]: psst\n");
	expect(4, ""); /* once is enough */
	expect(5, "");
	ck_assert_uint_eq(hub_said(hub), 1);
}
END_TEST

START_TEST(private_goes_to_the_nearest)
{
	come(0, BOB, "bob", "");
	come(1, BOB, "bob", "tea");
	come(2, ANN, "ann", "tea");
	party_forget();
	type(2, "/msg bob psst");
	expect(0, "");
	expect(1, "[ann -> you]: psst\n");
	expect(2, "[you -> bob]: psst\n");
	ck_assert_uint_eq(hub_said(hub), 1);
}
END_TEST

START_TEST(private_to_oneself)
{
	come(0, ANN, "ann", "");
	come(1, ANN, "ann", "tea");
	come(2, BOB, "bob", "");
	party_forget();
	ck_assert_int_eq(type(1, "/msg ann note"), HUB_OK);
	expect(0, "");
	expect(1, "[you -> ann]: note\n");
	expect(2, "");
}
END_TEST

START_TEST(private_to_who_is_away)
{
	come(0, ANN, "ann", "");
	come(1, BOB, "bob", "tea");
	type(1, "/away lunch \x1b[m");
	party_forget();
	ck_assert_int_eq(type(0, "/msg bob psst"), HUB_OK);
	expect(0, "* bob is away: lunch \xef\xbf\xbd[m\n[you -> bob]: psst\n");
	expect(1, "[ann -> you]: psst\n");
	type(1, "/away");
	type(0, "/msg bob psst");
	expect(0, "[you -> bob]: psst\n");
	party_leave(&users[1], NULL);
	ck_assert_int_eq(type(0, "/msg bob psst"), HUB_NOBODY);
}
END_TEST

START_TEST(away_is_cut_and_ends_by_leaving)
{
	char line[300] = "/away ";

	come(0, ANN, "ann", "");
	memset(line + 6, 'x', 200);
	type(0, line);
	ck_assert_uint_eq(
	    strlen(member_person(users[0].member)->away), CHAT_AWAY_MAX);
	party_leave(&users[0], NULL);
	come(0, ANN, "", "");
	ck_assert_str_eq(member_person(users[0].member)->away, "");
}
END_TEST

/* Who has no token is known by the address, which somebody else may have
 * later. */
START_TEST(stranger_inherits_no_letters)
{
	struct arrival a = { .identity = 500 };

	party_come(0, a);
	come(1, ANN, "ann", "");
	type(1, "/msg 192.0.2.1@5000 psst");
	type(0, "/msg ann yes?");
	type(0, "hello");
	party_forget();
	type(0, "/history");
	ck_assert_ptr_nonnull(strstr(users[0].got, "psst"));
	party_leave(&users[0], NULL);
	party_later(1);
	party_come(0, a);
	party_forget();
	type(0, "/history");
	expect(0, "00:16 [192.0.2.1@5000]: hello\n");
	type(1, "/msg 192.0.2.1@5000 again");
	expect(0, "[ann -> you]: again\n");
	party_leave(&users[1], NULL);
	come(1, ANN, "", "");
	party_forget();
	type(1, "/history");
	ck_assert_ptr_nonnull(strstr(users[1].got, "yes?"));
}
END_TEST

START_TEST(echoing_transport_gets_its_own)
{
	party.net.echoes = true;
	come(0, ANN, "ann", "");
	come(1, BOB, "bob", "");
	party_forget();
	type(0, "hello");
	type(0, "/msg bob psst");
	expect(0, "[ann]: hello\n[you -> bob]: psst\n");
	expect(1, "[ann]: hello\n[ann -> you]: psst\n");
}
END_TEST

/* Every hall gets a line that is told to all, and each member once. */
START_TEST(told_in_all_rooms)
{
	come(0, ANN, "ann", "");
	come(1, ANN, "ann", "tea");
	come(2, BOB, "bob", "tea");
	party_forget();
	hub_tell_all(hub, NULL, NULL, "%d minutes", 5);
	for (int i = 0; i < 3; i++)
		expect(i, "* 5 minutes\n");
	hub_tell_all(hub, hall("tea"), users[1].member, "tea");
	expect(0, "");
	expect(1, "");
	expect(2, "* tea\n");
}
END_TEST

static int shared;

static void
tell_all_cb(
    void *arg, struct hall *where, const struct member *but, struct str line)
{
	(void)arg;
	(void)but;
	ck_assert_ptr_eq(where, hall("tea"));
	ck_assert(str_eq(line, STR("* tea")));
	shared++;
}

START_TEST(transport_may_tell_all_at_once)
{
	come(0, 0, "ann", "tea");
	come(1, 0, "bob", "tea");
	party_come(2,
	    (struct arrival){ .transport = &party.desk,
		.name = STR("console"),
		.room = STR("tea") });
	party_forget();
	party.net.tell_all = tell_all_cb;
	hub_tell_all(hub, hall("tea"), NULL, "tea");
	ck_assert_int_eq(shared, 1);
	expect(0, "");
	expect(2, "* tea\n");
	party.net.tell_all = NULL;
}
END_TEST

static void
add_rooms(Suite *suite)
{
	TCase *tc = tcase_create("rooms");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, there_is_a_lobby);
	tcase_add_test(tc, room_is_made_by_who_comes);
	tcase_add_test(tc, what_is_said_stays_in_the_room);
	tcase_add_test(tc, moving);
	tcase_add_test(tc, mover_has_what_was_said_before);
	tcase_add_test(tc, mover_may_leave_meanwhile);
	tcase_add_loop_test(tc, bad_names, 0, CASES(bad_rooms));
	tcase_add_test(tc, good_names);
	tcase_add_test(tc, an_empty_room_gives_way);
	tcase_add_test(tc, rooms_in_use_are_bounded);
	tcase_add_test(tc, version_changes);
	tcase_add_test(tc, version_of_every_room_of_the_person);
	tcase_add_loop_test(tc, message_of_the_day, 0, CASES(motds));
	tcase_add_test(tc, longest_message_of_the_day);
	tcase_add_test(tc, topic_is_told_to_who_comes);
	tcase_add_test(tc, told_in_all_rooms);
	tcase_add_test(tc, transport_may_tell_all_at_once);
	suite_add_tcase(suite, tc);
}

static void
add_people(Suite *suite)
{
	TCase *tc = tcase_create("people");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, nick_is_wished, 0, CASES(wishes));
	tcase_add_test(tc, wishes_end_at_nine);
	tcase_add_test(tc, nick_waits_for_who_has_a_token);
	tcase_add_test(tc, one_person_in_several_places);
	tcase_add_test(tc, wish_of_one_who_is_here_already);
	tcase_add_test(tc, removing_a_person);
	tcase_add_test(tc, persons_members_may_leave_while_it_is_removed);
	tcase_add_test(tc, members_may_leave_while_a_nick_is_told);
	tcase_add_test(tc, identities_tell_apart);
	tcase_add_test(tc, ids_are_not_given_twice);
	suite_add_tcase(suite, tc);
}

static void
add_private(Suite *suite)
{
	TCase *tc = tcase_create("private");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, private_across_rooms);
	tcase_add_test(tc, private_is_for_all_members_of_both);
	tcase_add_test(tc, private_goes_to_the_nearest);
	tcase_add_test(tc, private_to_oneself);
	tcase_add_test(tc, private_to_who_is_away);
	tcase_add_test(tc, away_is_cut_and_ends_by_leaving);
	tcase_add_test(tc, stranger_inherits_no_letters);
	tcase_add_test(tc, echoing_transport_gets_its_own);
	suite_add_tcase(suite, tc);
}

static Suite *
rooms_suite(void)
{
	Suite *suite = suite_create("rooms");

	add_rooms(suite);
	add_people(suite);
	add_private(suite);
	return suite;
}

int
main(void)
{
	return run_suite(rooms_suite());
}
