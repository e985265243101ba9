/*
 * What operators decide, what --flood limits, and what waits for a ledger.
 */
#include <stdio.h>
#include <string.h>

#include "chat/command.h"
#include "tests/party.h"
#include "tests/run.h"

#define hub   party.hub
#define users party.users
#define type  party_type

#define ANN 100 /* identities */
#define BOB 101
#define EVE 102

static const struct hub_config roomy = {
	.max_messages = 100,
	.max_bytes = 100000,
	.max_members = 1000,
};

static const struct hub_config limited = {
	.max_messages = 100,
	.max_bytes = 100000,
	.max_members = 1000,
	.flood_lines = 3,
	.flood_seconds = 10,
};

static void
teardown(void)
{
	party_close();
}

static struct member *
come(int i, uint64_t identity, const char *wish, const char *room)
{
	return party_come(i,
	    (struct arrival){ .identity = identity,
		.is_known = true,
		.nick = str_of(wish),
		.room = str_of(room) });
}

static struct member *
come_from(int i, const char *ip)
{
	struct addr from = { .port = 9 };

	addr_parse_ip(str_of(ip), from.ip);
	return party_come(i, (struct arrival){ .from = &from });
}

static enum hub_result
redeem(int i, const char *code)
{
	return hub_redeem(hub, users[i].member, str_of(code), party.now);
}

static void
make_operator(int i)
{
	ck_assert_int_eq(redeem(i, hub_operator_code(hub, party.now)), HUB_OK);
}

/* Ann is an operator, Bob and Eve are not. */
static void
setup(void)
{
	party_open(&roomy);
	come(0, ANN, "ann", "");
	come(1, BOB, "bob", "");
	come(2, EVE, "eve", "");
	make_operator(0);
	party_forget();
}

static void
setup_limited(void)
{
	party_open(&limited);
	come(0, ANN, "ann", "");
	come(1, BOB, "bob", "");
	party_forget();
}

/* Codes. */

START_TEST(code_makes_one_operator_once)
{
	char code[32];

	strcpy(code, hub_operator_code(hub, party.now));
	ck_assert_uint_eq(strlen(code), 16);
	ck_assert_uint_eq(strspn(code, "0123456789abcdef"), 16);
	ck_assert(!member_is_operator(users[1].member));
	ck_assert_int_eq(redeem(1, code), HUB_OK);
	ck_assert(member_is_operator(users[1].member));
	ck_assert_int_eq(redeem(2, code), HUB_BAD_CODE);
	ck_assert(!member_is_operator(users[2].member));
}
END_TEST

START_TEST(wrong_codes)
{
	char code[32], wrong[32];

	strcpy(code, hub_operator_code(hub, party.now));
	for (size_t i = 0; i < strlen(code); i++) {
		strcpy(wrong, code);
		wrong[i] ^= 1;
		ck_assert_int_eq(redeem(1, wrong), HUB_BAD_CODE);
	}
	strcpy(wrong, code);
	wrong[15] = '\0';
	ck_assert_int_eq(redeem(1, wrong), HUB_BAD_CODE);
	strcat(strcpy(wrong, code), "0");
	ck_assert_int_eq(redeem(1, wrong), HUB_BAD_CODE);
	ck_assert_int_eq(redeem(1, ""), HUB_BAD_CODE);
	strcpy(wrong, hub_operator_code(hub, party.now));
	ck_assert_int_eq(redeem(1, code), HUB_BAD_CODE); /* no more */
	ck_assert_int_eq(redeem(1, wrong), HUB_OK);
	ck_assert_int_eq(redeem(2, ""), HUB_BAD_CODE);
}
END_TEST

START_TEST(code_holds_for_an_hour)
{
	const char *code = hub_operator_code(hub, party.now);

	party_later(3600);
	ck_assert_int_eq(redeem(1, code), HUB_BAD_CODE);
	code = hub_operator_code(hub, party.now);
	party_later(3599);
	ck_assert_int_eq(redeem(1, code), HUB_OK);
}
END_TEST

START_TEST(operator_stays_one_with_a_token)
{
	come(3, ANN, "", "tea");
	ck_assert(member_is_operator(users[3].member));
	party_leave(&users[0], NULL);
	party_leave(&users[3], NULL);
	ck_assert(member_is_operator(come(0, ANN, "", "")));
	party_come(4, (struct arrival){ .identity = 500 });
	make_operator(4);
	party_leave(&users[4], NULL);
	party_come(4, (struct arrival){ .identity = 500 });
	ck_assert(!member_is_operator(users[4].member));
	party_come(5,
	    (struct arrival){
		.transport = &party.desk, .name = STR("operator") });
	ck_assert(member_is_operator(users[5].member));
}
END_TEST

/* Mute, slow, lock. */

START_TEST(muted_can_read)
{
	come(3, BOB, "", "tea");
	party_forget();
	ck_assert_int_eq(type(0, "/mute BOB"), HUB_OK);
	expect(0, "* bob is muted\n");
	expect(1, "* an operator has muted you: you can read, not speak\n");
	ck_assert_int_eq(type(1, "hello"), HUB_MUTED);
	ck_assert_int_eq(type(1, "/me waves"), HUB_MUTED);
	ck_assert_int_eq(type(1, "/msg ann hi"), HUB_MUTED);
	ck_assert_int_eq(type(3, "hello"), HUB_MUTED);
	ck_assert_int_eq(type(1, "/nick hello"), HUB_MUTED); /* all see it */
	ck_assert_int_eq(type(1, "/nick bob"), HUB_OK);
	come(4, BOB, "hello", "");
	ck_assert_str_eq(member_name(users[4].member).p, "bob");
	party_leave(&users[4], NULL);
	expect(0, "");
	ck_assert_uint_eq(hub_said(hub), 0);
	party_forget();
	type(2, "hello");
	expect(1, "[eve]: hello\n");
	party_leave(&users[1], NULL);
	party_leave(&users[3], NULL);
	come(1, BOB, "", "");
	ck_assert_int_eq(type(1, "hello"), HUB_MUTED);
	party_forget();
	ck_assert_int_eq(type(0, "/unmute bob"), HUB_OK);
	expect(1, "* you may speak again\n");
	ck_assert_int_eq(type(1, "hello"), HUB_OK);
}
END_TEST

START_TEST(slow_room)
{
	ck_assert_int_eq(type(0, "/slow 10"), HUB_OK);
	for (int i = 0; i < 3; i++)
		expect(i,
		    "* this room is slow now: a line every 10 seconds each\n");
	ck_assert_int_eq(type(1, "one"), HUB_OK);
	ck_assert_int_eq(type(2, "one"), HUB_OK);
	party_later(9);
	ck_assert_int_eq(type(1, "two"), HUB_SLOW);
	ck_assert_int_eq(type(1, "/me two"), HUB_SLOW);
	party_later(1);
	ck_assert_int_eq(type(1, "two"), HUB_OK);
	come(3, BOB, "", "");
	ck_assert_int_eq(type(3, "as the same person"), HUB_SLOW);
	ck_assert_int_eq(type(3, "/msg ann hi"), HUB_OK);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(type(0, "operators may"), HUB_OK);
	type(3, "/join tea");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(type(3, "not slow"), HUB_OK);
	ck_assert_int_eq(type(0, "/slow 0"), HUB_OK);
	ck_assert_int_eq(type(1, "three"), HUB_OK);
}
END_TEST

START_TEST(locked_room)
{
	type(2, "/join tea");
	party_forget();
	ck_assert_int_eq(type(0, "/lock"), HUB_OK);
	for (int i = 0; i < 2; i++)
		expect(i, "* this room is locked: nobody new may come in\n");
	expect(2, "");
	ck_assert_int_eq(type(1, "hello"), HUB_OK); /* stays in */
	ck_assert_ptr_null(party_come(3, (struct arrival){ 0 }));
	ck_assert_int_eq(party.result, HUB_LOCKED);
	ck_assert_int_eq(type(2, "/part"), HUB_LOCKED);
	ck_assert_ptr_eq(
	    member_hall(users[2].member), hub_hall(hub, STR("tea")));
	/* Once more, who is in; and operators. */
	ck_assert_ptr_nonnull(come(3, BOB, "", ""));
	make_operator(2);
	ck_assert_int_eq(type(2, "/part"), HUB_OK);
	ck_assert_ptr_nonnull(party_come(4,
	    (struct arrival){
		.transport = &party.desk, .name = STR("operator") }));
	/* Who was in, and is known, may come back, as a browser does. */
	party_leave(&users[1], NULL);
	party_leave(&users[3], NULL);
	ck_assert_ptr_nonnull(come(1, BOB, "", ""));
	/* But not from elsewhere, and not when he was removed. */
	party_leave(&users[1], NULL);
	ck_assert_ptr_nonnull(come(1, BOB, "", "tea"));
	party_leave(&users[1], NULL);
	ck_assert_ptr_null(come(1, BOB, "", ""));
	ck_assert_ptr_nonnull(come(1, BOB, "", "tea"));
	ck_assert_int_eq(type(1, "/part"), HUB_LOCKED);
	ck_assert_int_eq(type(0, "/unlock"), HUB_OK);
	ck_assert_int_eq(type(1, "/part"), HUB_OK);
	ck_assert_int_eq(type(0, "/lock"), HUB_OK);
	ck_assert_int_eq(type(0, "/kick bob"), HUB_OK);
	ck_assert_ptr_null(come(1, BOB, "", ""));
	ck_assert_ptr_nonnull(come(1, BOB, "", "tea"));
	ck_assert_int_eq(type(0, "/unlock"), HUB_OK);
	ck_assert_int_eq(type(1, "/part"), HUB_OK);
}
END_TEST

/* Bans. */

START_TEST(banned_by_nick)
{
	come(3, BOB, "", "tea");
	party_forget();
	ck_assert_int_eq(type(0, "/ban BOB"), HUB_OK);
	for (int i = 1; i < 4; i += 2) {
		ck_assert_ptr_null(users[i].member);
		ck_assert_str_eq(users[i].reason, "banned");
		expect(i, "* you were removed (banned)\n");
	}
	expect(0, "* bob left (banned)\n* BOB is banned\n");
	expect(2, "* bob left (banned)\n");
	ck_assert_ptr_null(come(1, BOB, "", ""));
	ck_assert_int_eq(party.result, HUB_BANNED);
	/* The nick is nobody's, even for a newcomer. */
	ck_assert_ptr_nonnull(come(1, 900, "bob", ""));
	ck_assert_str_eq(member_name(users[1].member).p, "192.0.2.1@5001");
	ck_assert_int_eq(type(2, "/nick Bob"), HUB_BAD_NICK);
	ck_assert_str_eq(hub_banned(hub, 0), "BOB");
	ck_assert_ptr_null(hub_banned(hub, 1));
	party_forget();
	ck_assert_int_eq(type(0, "/unban bob"), HUB_OK);
	expect(0, "* bob may come back\n");
	ck_assert_ptr_null(hub_banned(hub, 0));
	ck_assert_int_eq(type(2, "/nick eve2"), HUB_OK);
	ck_assert_ptr_nonnull(come(3, BOB, "", ""));
	ck_assert_str_eq(member_name(users[3].member).p, "bob");
}
END_TEST

START_TEST(banned_by_name)
{
	ck_assert_int_eq(type(0, "/ban 192.0.2.1@5001"), HUB_OK);
	ck_assert_ptr_null(users[1].member);
	ck_assert_str_eq(hub_banned(hub, 0), "192.0.2.1@5001");
	ck_assert_int_eq(type(2, "/nick bob"), HUB_BAD_NICK);
	ck_assert_int_eq(hub_unban(hub, STR("192.0.2.1@5001")), HUB_OK);
	come(1, BOB, "", "");
	ck_assert_int_eq(type(0, "/ban 192.0.2.1@5001"), HUB_OK);
	ck_assert_int_eq(hub_unban(hub, STR("BOB")), HUB_OK);
	ck_assert_ptr_null(hub_banned(hub, 0));
}
END_TEST

/* A ban, and whether 192.0.2.77 and 2001:db8::5 are kept out. */
static const struct {
	const char *ban;
	enum hub_result result;
	bool v4, v6;
} networks[] = {
	{ "192.0.2.77", HUB_OK, true, false },
	{ "192.0.2.0/24", HUB_OK, true, false },
	{ "192.0.2.78", HUB_OK, false, false },
	{ "192.0.3.0/24", HUB_OK, false, false },
	{ "2001:db8::/32", HUB_OK, false, true },
	{ "2001:db8::5", HUB_OK, false, true },
	{ "0.0.0.0/0", HUB_OK, true, false },
	{ "::/0", HUB_OK, true, true },
	{ "192.0.2.0/33", HUB_NOBODY, false, false },
	{ "192.0.2", HUB_NOBODY, false, false },
	{ "nobody", HUB_NOBODY, false, false },
};

START_TEST(banned_by_network)
{
	const char *ban = networks[_i].ban;
	bool v4 = networks[_i].v4, v6 = networks[_i].v6;

	party_close();
	party_open(&roomy);
	party_come(3,
	    (struct arrival){
		.transport = &party.desk, .name = STR("operator") });
	come_from(4, "192.0.2.77");
	come_from(5, "2001:db8::5");
	ck_assert_int_eq(hub_ban(hub, str_of(ban)), networks[_i].result);
	ck_assert_ptr_nonnull(users[3].member);
	ck_assert(v4 == (users[4].member == NULL));
	ck_assert(v6 == (users[5].member == NULL));
	for (int i = 4; i < 6; i++) {
		if (users[i].member != NULL)
			party_leave(&users[i], NULL);
	}
	ck_assert(v4 == (come_from(4, "192.0.2.77") == NULL));
	ck_assert(v6 == (come_from(5, "2001:db8::5") == NULL));
	if (networks[_i].result != HUB_OK)
		return;
	ck_assert_str_eq(hub_banned(hub, 0), ban);
	/* Banned twice, it takes one word to end it. */
	ck_assert_int_eq(hub_ban(hub, str_of(ban)), HUB_OK);
	ck_assert_int_eq(hub_unban(hub, str_of(ban)), HUB_OK);
	ck_assert_int_eq(hub_unban(hub, str_of(ban)), HUB_NOBODY);
	ck_assert(users[4].member != NULL || come_from(4, "192.0.2.77"));
	ck_assert(users[5].member != NULL || come_from(5, "2001:db8::5"));
}
END_TEST

START_TEST(console_cannot_be_banned)
{
	party_come(3,
	    (struct arrival){
		.transport = &party.desk, .name = STR("operator") });
	ck_assert_int_eq(type(0, "/ban operator"), HUB_NOBODY);
	ck_assert_int_eq(type(0, "/kick operator"), HUB_NOBODY);
	ck_assert_int_eq(type(0, "/mute operator"), HUB_NOBODY);
	ck_assert_int_eq(type(0, "/ban ::/0"), HUB_OK);
	ck_assert_ptr_nonnull(users[3].member);
	ck_assert_uint_eq(hub_count(hub), 1);
	party_leave(&users[3], NULL);
	ck_assert_ptr_nonnull(party_come(3,
	    (struct arrival){
		.transport = &party.desk, .name = STR("operator") }));
}
END_TEST

START_TEST(bans_are_bounded)
{
	char ip[32];

	for (int i = 0; i < 256; i++) {
		snprintf(ip, sizeof(ip), "10.0.0.%d", i);
		ck_assert_int_eq(hub_ban(hub, str_of(ip)), HUB_OK);
	}
	ck_assert_int_eq(hub_ban(hub, STR("10.0.1.0")), HUB_FULL);
	ck_assert_str_eq(hub_banned(hub, 255), "10.0.0.255");
	ck_assert_ptr_null(hub_banned(hub, 256));
	ck_assert_int_eq(hub_unban(hub, STR("10.0.0.9")), HUB_OK);
	ck_assert_int_eq(hub_ban(hub, STR("10.0.1.0")), HUB_OK);
}
END_TEST

START_TEST(kicked_with_a_reason)
{
	come(3, BOB, "", "tea");
	party_forget();
	ck_assert_int_eq(type(0, "/kick bob be \x1b[m nice"), HUB_OK);
	expect(1, "* you were removed (kicked: be \xef\xbf\xbd[m nice)\n");
	ck_assert_str_eq(users[1].reason, "kicked: be \xef\xbf\xbd[m nice");
	ck_assert_ptr_null(users[3].member);
	expect(
	    0, "* bob is out\n* bob left (kicked: be \xef\xbf\xbd[m nice)\n");
	ck_assert_ptr_nonnull(come(1, BOB, "", ""));
	ck_assert_int_eq(type(0, "/kick bob"), HUB_OK);
	ck_assert_str_eq(users[1].reason, "kicked");
}
END_TEST

START_TEST(long_reason_is_cut_between_characters)
{
	char line[400] = "/kick bob ", want[200] = "kicked: ";

	for (int i = 0; i < 127; i++) {
		strcat(line, "x");
		strcat(want, "x");
	}
	strcat(line, "\xc3\xa4\xc3\xa4");
	ck_assert_int_eq(type(0, line), HUB_OK);
	ck_assert_str_eq(users[1].reason, want);
}
END_TEST

START_TEST(operator_may_remove_himself)
{
	static const char *const lines[] = { "/kick ann", "/ban ann",
		"/ban ::/0" };

	for (int i = 0; i < CASES(lines); i++) {
		party_close();
		setup();
		ck_assert_int_eq(type(0, lines[i]), HUB_OK);
		ck_assert_ptr_null(users[0].member);
	}
	ck_assert_uint_eq(hub_count(hub), 0);
}
END_TEST

START_TEST(members_may_leave_while_they_are_banned)
{
	for (int i = 0; i < 3; i++)
		users[i].leaves = users[(i + 1) % 3].member;
	ck_assert_int_eq(hub_ban(hub, STR("::/0")), HUB_OK);
	ck_assert_uint_eq(hub_count(hub), 0);
}
END_TEST

START_TEST(members_may_leave_in_any_command_of_an_operator)
{
	static const char *const lines[] = { "/mute bob", "/unmute bob",
		"/slow 5", "/lock", "/unlock", "/questions on", "/topic tea",
		"/kick bob", "/ban bob", "/announce hi", "/help", "/who" };

	for (int i = 0; i < CASES(lines) * 9; i++) {
		party_close();
		setup();
		users[i % 3].leaves = users[i / 3 % 3].member;
		type(0, lines[i / 9]);
		for (int j = 0; j < 3; j++)
			ck_assert(users[j].member == NULL ||
			    hub_find(hub, member_name(users[j].member),
				party.now) == users[j].member);
	}
}
END_TEST

/* Questions and announcements. */

START_TEST(questions_reach_operators_alone)
{
	ck_assert_int_eq(type(0, "/questions on"), HUB_OK);
	party_forget();
	ck_assert_int_eq(type(1, "why?"), HUB_OK);
	ck_assert_int_eq(type(2, "/me wonders"), HUB_OK);
	expect(0, "[bob asks]: why?\n[eve asks]: wonders\n");
	expect(1, "[bob asks]: why?\n");
	expect(2, "[eve asks]: wonders\n");
	type(0, "because");
	type(1, "/msg eve psst");
	expect(1, "[ann]: because\n[you -> eve]: psst\n");
	expect(2, "[ann]: because\n[bob -> you]: psst\n");
	expect(0, "");
	type(0, "/questions off");
	party_forget();
	type(1, "hello");
	expect(2, "[bob]: hello\n");
	type(2, "/history");
	expect(2,
	    "00:16 [eve asks]: wonders\n00:16 [ann]: because\n"
	    "00:16 [bob -> you]: psst\n00:16 [bob]: hello\n");
}
END_TEST

START_TEST(announced_in_all_rooms)
{
	struct command_outcome outcome;

	type(1, "/join tea");
	type(2, "/join coffee");
	type(2, "hello");
	party_forget();
	outcome = command_line(
	    hub, users[0].member, STR("/announce five minutes"), party.now);
	hub_flush(hub);
	ck_assert_int_eq(outcome.result, HUB_OK);
	expect(0, "");
	expect(1, "[ann announces]: five minutes\n");
	expect(2, "[ann announces]: five minutes\n");
	ck_assert_uint_eq(outcome.stamp, 4);
	ck_assert_uint_eq(outcome.seq, 1); /* in the lobby */
	ck_assert_uint_eq(member_said(users[0].member), 1);
}
END_TEST

/* Flood: three lines in ten seconds. */

START_TEST(bucket_follows_the_person)
{
	come(2, ANN, "", "tea");
	ck_assert_int_eq(type(0, "one"), HUB_OK);
	ck_assert_int_eq(type(2, "two"), HUB_OK);
	ck_assert_int_eq(type(0, "/msg bob three"), HUB_OK);
	ck_assert_int_eq(type(2, "four"), HUB_FLOOD);
	ck_assert_int_eq(type(1, "one"), HUB_OK);
	ck_assert_int_eq(type(2, "/who"), HUB_OK); /* has its own */
	party_leave(&users[2], NULL);
	come(2, ANN, "", "");
	ck_assert_ptr_nonnull(users[2].member);
	ck_assert_int_eq(type(2, "four"), HUB_FLOOD);
}
END_TEST

START_TEST(to_come_back_is_a_line)
{
	for (int i = 0; i < 3; i++) {
		party_leave(&users[1], NULL);
		ck_assert_ptr_nonnull(come(1, BOB, "", ""));
	}
	party_leave(&users[1], NULL);
	ck_assert_ptr_null(come(1, BOB, "", ""));
	ck_assert_int_eq(party.result, HUB_FLOOD);
	party_later(4);
	ck_assert_ptr_nonnull(come(1, BOB, "", ""));
	ck_assert_ptr_nonnull(come(2, BOB, "", "")); /* was here already */
	ck_assert_int_eq(type(1, "hello"), HUB_FLOOD);
}
END_TEST

/* A wish is told to all, like /nick, when the person is here already. */
START_TEST(wishing_again_is_a_command)
{
	for (int i = 0; i < 5; i++) {
		char wish[16];

		snprintf(wish, sizeof(wish), "ann%d", i);
		ck_assert_ptr_nonnull(come(2, ANN, wish, "tea"));
		party_leave(&users[2], NULL);
	}
	expect(
	    1, "* ann is now ann0\n* ann0 is now ann1\n* ann1 is now ann2\n");
	ck_assert_int_eq(type(0, "/nick ann"), HUB_FLOOD);
	party_forget();
	come(2, ANN, "ann2", "tea"); /* changes nothing */
	expect(2, "* tea: 1 here; /help lists the commands\n");
}
END_TEST

/* User 0 says a line under a name of its own, which it then leaves. */
static enum hub_result
say_as_stranger(const struct addr *from)
{
	enum hub_result result;

	if (party_come(0, (struct arrival){ .from = from }) == NULL)
		return party.result;
	result = type(0, "spam");
	party_leave(&users[0], NULL);
	return result;
}

/* New names do not help who says too much from one place. */
START_TEST(places_flood_too)
{
	struct addr from = { .ip = { 0x20, 1, 0xd, 0xb8 }, .port = 1 };
	unsigned said = 0;

	party_leave(&users[0], NULL);
	while (said < 10000 && say_as_stranger(&from) == HUB_OK) {
		from.ip[15]++; /* of the same network */
		said++;
	}
	/* To come costs as much as to say something. */
	ck_assert_uint_eq(said, 20 * limited.flood_lines / 2);
	from.ip[7]++;
	ck_assert_int_eq(say_as_stranger(&from), HUB_OK);
	memset(from.ip, 0, sizeof(from.ip));
	from.ip[15] = 1; /* this machine */
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(say_as_stranger(&from), HUB_OK);
}
END_TEST

START_TEST(transports_flood_in_their_ways)
{
	party_come(3,
	    (struct arrival){
		.transport = &party.desk, .name = STR("operator") });
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(type(3, "hello"), HUB_OK);
		ck_assert_int_eq(type(3, "/who"), HUB_OK);
	}
	party.net.waits = true;
	for (int i = 0; i < 3; i++)
		type(0, "hello");
	party_forget();
	type(0, "hello");
	expect(
	    0, "* slow down: at most 3 lines in 10 seconds; your lines wait\n");
	for (int i = 0; i < 3; i++)
		type(0, "/rooms");
	party_forget();
	type(0, "/rooms");
	type(0, "/rooms");
	expect(0,
	    "* slow down: at most 3 lines in 10 seconds; your command "
	    "waits\n");
}
END_TEST

/* A ledger that writes down what it is given. */

static struct {
	char got[4096];
	int takes; /* messages, then it is busy */
} ledger;

static int
append_cb(void *arg, const struct room *room, const struct message *m,
    uint64_t number)
{
	size_t len = strlen(ledger.got);

	ck_assert_ptr_eq(arg, &ledger);
	if (ledger.takes-- <= 0)
		return -1;
	snprintf(ledger.got + len, sizeof(ledger.got) - len,
	    "%s %u #%u %.*s>%.*s\n", room_name(room), (unsigned)m->seq,
	    (unsigned)number, (int)m->nick.len, m->nick.p, (int)m->text.len,
	    m->text.p);
	return 0;
}

static void
topic_cb(void *arg, const struct room *room)
{
	size_t len = strlen(ledger.got);

	ck_assert_ptr_eq(arg, &ledger);
	snprintf(ledger.got + len, sizeof(ledger.got) - len, "%s topic %s\n",
	    room_name(room), room_topic(room));
}

static void
nick_cb(void *arg, uint64_t identity, struct str nick)
{
	size_t len = strlen(ledger.got);

	ck_assert_ptr_eq(arg, &ledger);
	snprintf(ledger.got + len, sizeof(ledger.got) - len, "nick %u %.*s\n",
	    (unsigned)identity, (int)nick.len, nick.p);
}

static void
note(const char *what)
{
	strcat(ledger.got, what);
}

static void
hold_cb(void *arg)
{
	ck_assert_ptr_eq(arg, &ledger);
	note("(");
}

static void
release_cb(void *arg)
{
	ck_assert_ptr_eq(arg, &ledger);
	note(")");
}

static const struct ledger fake = {
	.append = append_cb,
	.hold = hold_cb,
	.release = release_cb,
	.topic = topic_cb,
	.nick = nick_cb,
	.arg = &ledger,
};

static void
expect_ledger_at(int line, const char *want)
{
	ck_assert_msg(strcmp(ledger.got, want) == 0,
	    "line %d: the ledger got '%s', not '%s'", line, ledger.got, want);
	ledger.got[0] = '\0';
}

#define expect_ledger(want) expect_ledger_at(__LINE__, want)

static void
setup_ledger(void)
{
	struct hub_config config = roomy;

	config.ledger = &fake;
	memset(&ledger, 0, sizeof(ledger));
	ledger.takes = 1000;
	party_open(&config);
	come(0, ANN, "ann", "");
	come(1, BOB, "bob", "");
	ledger.got[0] = '\0';
	party_forget();
}

START_TEST(nothing_is_seen_before_it_is_committed)
{
	uint64_t stamps[2];

	type(0, "one");
	stamps[0] = member_stamp(users[0].member);
	type(0, "two");
	stamps[1] = member_stamp(users[0].member);
	ck_assert_uint_eq(stamps[1], stamps[0] + 1);
	ck_assert_uint_eq(hub_stamp(hub), stamps[1]);
	ck_assert_uint_lt(hub_committed(hub), stamps[0]);
	expect(1, "");
	type(1, "/history");
	expect(1, "* nothing was said yet\n");
	hub_commit(hub, stamps[0]);
	hub_flush(hub);
	expect(1, "[ann]: one\n");
	ck_assert_uint_eq(hub_committed(hub), stamps[0]);
	hub_commit(hub, stamps[0]);
	hub_commit(hub, stamps[1]);
	hub_flush(hub);
	expect(1, "[ann]: two\n");
	hub_commit(hub, stamps[1] + 100);
	ck_assert_uint_eq(hub_committed(hub), stamps[1]);
	expect_ledger("lobby 1 #0 ann>one\nlobby 2 #0 ann>two\n");
}
END_TEST

START_TEST(commits_follow_the_order_of_all_rooms)
{
	type(1, "/join tea");
	party_forget();
	type(1, "tea 1");
	type(0, "lobby 1");
	type(1, "/msg ann psst"); /* here, and in the lobby */
	expect_ledger("tea 1 #0 bob>tea 1\nlobby 1 #0 ann>lobby 1\n"
		      "(lobby 2 #0 bob>psst\ntea 2 #0 bob>psst\n)");
	hub_commit(hub, hub_committed(hub) + 3);
	hub_flush(hub);
	expect(0, "[bob -> you]: psst\n");
	expect(1, "");
	ck_assert_uint_eq(
	    room_last(hall_room(member_hall(users[1].member))), 1);
	hub_commit(hub, hub_stamp(hub));
	hub_flush(hub);
	expect(1, "[you -> ann]: psst\n");
}
END_TEST

START_TEST(newcomer_starts_behind_what_is_committed)
{
	type(0, "one");
	come(2, EVE, "eve", "");
	expect(2,
	    "* lobby: 3 here; /help lists the commands\n"
	    "* what is said here is kept\n");
	hub_commit(hub, hub_stamp(hub));
	hub_flush(hub);
	expect(2, "[ann]: one\n");
}
END_TEST

START_TEST(busy_ledger_takes_it_back)
{
	const struct room *room = hall_room(hub_first_hall(hub));

	ledger.takes = 1;
	ck_assert_int_eq(type(0, "one"), HUB_OK);
	member_set_number(users[0].member, 7);
	ck_assert_int_eq(type(0, "two"), HUB_BUSY);
	expect(0,
	    "* the history cannot be written now; your line was not said, "
	    "try again later\n");
	ck_assert_uint_eq(hub_stamp(hub), 1);
	ck_assert_uint_eq(room_appended(room), 1);
	ck_assert_uint_eq(hub_number(hub, member_id(users[0].member)), 0);
	ledger.takes = 1;
	ck_assert_int_eq(type(0, "two"), HUB_OK);
	ck_assert_uint_eq(hub_number(hub, member_id(users[0].member)), 7);
	hub_commit(hub, 2);
	hub_flush(hub);
	expect(1, "[ann]: one\n[ann]: two\n");
	expect_ledger("lobby 1 #0 ann>one\nlobby 2 #7 ann>two\n");
}
END_TEST

/* What nobody has seen yet is never pushed out of the log. */
START_TEST(uncommitted_lines_are_not_pushed_out)
{
	const struct room *room = hall_room(hub_first_hall(hub));
	unsigned n = 0;

	while (n < 2 * roomy.max_messages && type(0, "line") == HUB_OK)
		n++;
	ck_assert_uint_eq(n, roomy.max_bytes / ROOM_MESSAGE_MAX);
	ck_assert_uint_eq(room_first(room), 1);
	hub_commit(hub, hub_stamp(hub));
	ck_assert_int_eq(type(0, "line"), HUB_OK);
}
END_TEST

/* A line that comes again by itself is told of once. */
START_TEST(waiting_is_told_once)
{
	party.net.waits = true;
	ledger.takes = 0;
	ck_assert_int_eq(type(0, "one"), HUB_BUSY);
	party_forget();
	ck_assert_int_eq(type(0, "one"), HUB_BUSY);
	expect(0, "");
	ledger.takes = 1;
	ck_assert_int_eq(type(0, "one"), HUB_OK);
	ck_assert_int_eq(type(0, "two"), HUB_BUSY);
	expect(0,
	    "* the history cannot be written now; your line was not said, "
	    "try again later\n");
	party.net.waits = false;
}
END_TEST

/* Who said it must not repeat what others have read. */
START_TEST(said_in_part_is_said)
{
	type(1, "/join tea");
	ledger.takes = 1;
	ck_assert_int_eq(type(0, "/msg bob psst"), HUB_OK);
	expect_ledger("(tea 1 #0 ann>psst\n)");
	make_operator(0);
	ledger.takes = 1;
	ck_assert_int_eq(type(0, "/announce hi"), HUB_OK);
	expect_ledger("(lobby 1 #0 ann>hi\n)");
	ck_assert_int_eq(type(0, "/announce hi"), HUB_BUSY);
	hub_commit(hub, hub_stamp(hub));
	ck_assert_uint_eq(hub_committed(hub), 2);
}
END_TEST

START_TEST(numbers_are_remembered)
{
	uint64_t id = member_id(users[0].member);
	struct command_outcome outcome;

	member_set_number(users[0].member, 5);
	outcome = command_line(hub, users[0].member, STR("five"), party.now);
	ck_assert_uint_eq(outcome.stamp, 1);
	ck_assert_uint_eq(outcome.seq, 1);
	ck_assert_uint_eq(hub_number(hub, id), 5);
	party_leave(&users[0], NULL);
	ck_assert_uint_eq(hub_number(hub, id), 5);
	ck_assert_uint_eq(hub_number(hub, id + 1), 0);
	ck_assert_int_eq(hub_restore_number(hub, 77, 9), 0);
	ck_assert_int_eq(hub_restore_number(hub, 77, 4), 0);
	ck_assert_uint_eq(hub_number(hub, 77), 9);
	expect_ledger("lobby 1 #5 ann>five\n");
	/* Those of the last 8192. */
	for (uint64_t i = 0; i < 8192; i++)
		ck_assert_int_eq(hub_restore_number(hub, 1000 + i, 2), 0);
	ck_assert_uint_eq(hub_number(hub, 77), 0);
	ck_assert_uint_eq(hub_number(hub, 1000), 2);
	hub_restore_number(hub, 77, 1);
	ck_assert_uint_eq(hub_number(hub, 77), 1);
	ck_assert_uint_eq(hub_number(hub, 1000), 0);
}
END_TEST

START_TEST(command_that_says_nothing_has_no_stamp)
{
	struct command_outcome outcome;

	type(0, "hello");
	outcome = command_line(hub, users[0].member, STR("/who"), party.now);
	ck_assert_uint_eq(outcome.stamp, 0);
	outcome = command_line(hub, users[0].member, STR(""), party.now);
	ck_assert_uint_eq(outcome.stamp, 0);
}
END_TEST

START_TEST(topics_and_nicks_are_kept)
{
	make_operator(0);
	type(0, "/topic tea");
	type(0, "/nick anna");
	type(0, "/nick anna");
	party_come(2, (struct arrival){ .nick = STR("nobody known") });
	type(2, "/nick nemo"); /* has no token */
	expect_ledger("lobby topic tea\nnick 100 anna\n");
}
END_TEST

START_TEST(rooms_are_put_back)
{
	struct message m = { .seq = 41,
		.time = 5,
		.sender = 6,
		.author = BOB,
		.to = ANN,
		.via = STR("udp"),
		.nick = STR("bob"),
		.to_nick = STR("ann"),
		.text = STR("psst") };
	struct room *room;

	party_close();
	party_open(&(struct hub_config){ 3, 1000, 9, 0, 0, &fake });
	room = hub_restore_room(hub, STR("lobby"), 1234, STR("old topic"));
	ck_assert_ptr_nonnull(room);
	ck_assert_ptr_eq(hall_room(hub_first_hall(hub)), room);
	ck_assert_uint_eq(room_id(room), 1234);
	ck_assert_int_eq(room_restore(room, &m), 0);
	room = hub_restore_room(hub, STR("tea"), 1235, STR(""));
	ck_assert_ptr_eq(hall_room(hub_hall(hub, STR("TEA"))), room);
	ck_assert_ptr_null(hub_restore_room(hub, STR(""), 1, STR("")));
	ck_assert_ptr_null(hub_restore_room(
	    hub, STR("123456789012345678901234567890123"), 1, STR("")));
	ck_assert_int_eq(hub_restore_nick(hub, ANN, STR("Ann"), party.now), 0);
	ck_assert_int_eq(/* is taken, or no nick any more */
	    hub_restore_nick(hub, BOB, STR("ANN"), party.now), 0);
	ck_assert_int_eq(hub_restore_nick(hub, BOB, STR("a b"), party.now), 0);
	come(0, ANN, "", "");
	ck_assert_str_eq(member_name(users[0].member).p, "Ann");
	come(1, BOB, "", "");
	ck_assert_str_eq(member_name(users[1].member).p, "192.0.2.1@5001");
	ck_assert_ptr_nonnull(strstr(users[0].got, "* topic: old topic\n"));
	party_forget();
	type(0, "/history");
	expect(0, "00:00 [bob -> you]: psst\n");
	ledger.got[0] = '\0';
	type(0, "new");
	expect_ledger("lobby 42 #0 Ann>new\n");
	ck_assert_uint_eq(hub_said(hub), 1);
}
END_TEST

START_TEST(rooms_put_back_are_bounded)
{
	char name[32];

	for (int i = 1; i < HUB_ROOMS_MAX; i++) {
		snprintf(name, sizeof(name), "room%d", i);
		ck_assert_ptr_nonnull(
		    hub_restore_room(hub, str_of(name), (uint64_t)i, STR("")));
	}
	ck_assert_ptr_null(hub_restore_room(hub, STR("more"), 99, STR("")));
	ck_assert_ptr_nonnull(hub_restore_room(hub, STR("lobby"), 99, STR("")));
}
END_TEST

/* An empty room in which nothing waits to be committed gives way. */
START_TEST(rooms_wait_for_the_ledger)
{
	char line[64];

	for (int i = 1; i < HUB_ROOMS_MAX; i++) {
		snprintf(line, sizeof(line), "/join room%d", i);
		ck_assert_int_eq(type(0, line), HUB_OK);
		if (i != 31)
			type(0, "hello");
	}
	ck_assert_int_eq(type(0, "/join tea"), HUB_OK);
	ck_assert_ptr_null(hub_hall(hub, STR("room31")));
	ck_assert_int_eq(type(0, "/join coffee"), HUB_FULL);
	hub_commit(hub, hub_stamp(hub));
	ck_assert_int_eq(type(0, "/join coffee"), HUB_OK);
	ck_assert_ptr_null(hub_hall(hub, STR("room1")));
	ck_assert_ptr_nonnull(hub_hall(hub, STR("room2")));
}
END_TEST

/* Who is known by address and nick alone could be somebody else. */
START_TEST(nobody_in_particular_is_no_operator)
{
	party.net.shares = true;
	party_join(3);
	ck_assert_int_eq(
	    redeem(3, hub_operator_code(hub, party.now)), HUB_NOBODY);
	ck_assert(!member_is_operator(users[3].member));
	make_operator(0); /* who has a token */
	hub_demote(hub, users[0].member);
	ck_assert(!member_is_operator(users[0].member));
	party.net.shares = false;
}
END_TEST

static void
add_operators(Suite *suite)
{
	TCase *tc = tcase_create("operators");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, code_makes_one_operator_once);
	tcase_add_test(tc, wrong_codes);
	tcase_add_test(tc, code_holds_for_an_hour);
	tcase_add_test(tc, operator_stays_one_with_a_token);
	tcase_add_test(tc, nobody_in_particular_is_no_operator);
	tcase_add_test(tc, muted_can_read);
	tcase_add_test(tc, slow_room);
	tcase_add_test(tc, locked_room);
	tcase_add_test(tc, banned_by_nick);
	tcase_add_test(tc, banned_by_name);
	tcase_add_loop_test(tc, banned_by_network, 0, CASES(networks));
	tcase_add_test(tc, console_cannot_be_banned);
	tcase_add_test(tc, bans_are_bounded);
	tcase_add_test(tc, kicked_with_a_reason);
	tcase_add_test(tc, long_reason_is_cut_between_characters);
	tcase_add_test(tc, operator_may_remove_himself);
	tcase_add_test(tc, members_may_leave_while_they_are_banned);
	tcase_add_test(tc, members_may_leave_in_any_command_of_an_operator);
	tcase_add_test(tc, questions_reach_operators_alone);
	tcase_add_test(tc, announced_in_all_rooms);
	suite_add_tcase(suite, tc);
}

static void
add_flood(Suite *suite)
{
	TCase *tc = tcase_create("flood");

	tcase_add_checked_fixture(tc, setup_limited, teardown);
	tcase_add_test(tc, bucket_follows_the_person);
	tcase_add_test(tc, to_come_back_is_a_line);
	tcase_add_test(tc, wishing_again_is_a_command);
	tcase_add_test(tc, places_flood_too);
	tcase_add_test(tc, transports_flood_in_their_ways);
	suite_add_tcase(suite, tc);
}

static void
add_ledger(Suite *suite)
{
	TCase *tc = tcase_create("ledger");

	tcase_add_checked_fixture(tc, setup_ledger, teardown);
	tcase_add_test(tc, nothing_is_seen_before_it_is_committed);
	tcase_add_test(tc, commits_follow_the_order_of_all_rooms);
	tcase_add_test(tc, newcomer_starts_behind_what_is_committed);
	tcase_add_test(tc, busy_ledger_takes_it_back);
	tcase_add_test(tc, uncommitted_lines_are_not_pushed_out);
	tcase_add_test(tc, waiting_is_told_once);
	tcase_add_test(tc, said_in_part_is_said);
	tcase_add_test(tc, numbers_are_remembered);
	tcase_add_test(tc, command_that_says_nothing_has_no_stamp);
	tcase_add_test(tc, topics_and_nicks_are_kept);
	tcase_add_test(tc, rooms_are_put_back);
	tcase_add_test(tc, rooms_put_back_are_bounded);
	tcase_add_test(tc, rooms_wait_for_the_ledger);
	suite_add_tcase(suite, tc);
}

static Suite *
rules_suite(void)
{
	Suite *suite = suite_create("rules");

	add_operators(suite);
	add_flood(suite);
	add_ledger(suite);
	return suite;
}

int
main(void)
{
	return run_suite(rules_suite());
}
