#include "chat/command.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tests/hostile.h"
#include "tests/run.h"

#define NUSERS 3

/* A member that writes down what it is told; messages stay in the log. */
struct user {
	struct member *member;
	char got[65536];
};

static struct hub *hub;
static struct user users[NUSERS];
static bool leave_when_told;

static void
tell(void *arg, void *owner, struct str line)
{
	struct user *u = owner;
	size_t len = strlen(u->got);

	(void)arg;
	ck_assert(text_is_clean(line));
	snprintf(u->got + len, sizeof(u->got) - len, "%.*s\n", (int)line.len,
	    line.p);
	if (leave_when_told)
		hub_leave(hub, u->member, "gone");
}

static void
wake(void *arg, struct hall *hall)
{
	(void)arg;
	(void)hall;
}

static void
removed(void *arg, void *owner, const char *reason)
{
	struct user *u = owner;

	(void)arg;
	(void)reason;
	u->member = NULL;
}

static const struct transport transport = {
	.name = "udp",
	.wake = wake,
	.tell = tell,
	.removed = removed,
};

/* 22:13:20 UTC on some day. */
static const struct instant now = { .wall = 1700000000000 };

static struct member *
come(struct user *u, const char *name)
{
	struct arrival arrival = {
		.transport = &transport, .owner = u, .name = str_of(name)
	};
	enum hub_result result;

	u->member = hub_join(hub, &arrival, &result, now);
	ck_assert_ptr_nonnull(u->member);
	return u->member;
}

static void
forget(void)
{
	for (int i = 0; i < NUSERS; i++)
		users[i].got[0] = '\0';
}

static void
setup(void)
{
	struct hub_config config = { 500, 1000000, 300, 1000, 10, NULL };

	memset(users, 0, sizeof(users));
	leave_when_told = false;
	hub = hub_new(&config);
	ck_assert_ptr_nonnull(hub);
	hub_add_transport(hub, &transport);
	for (int i = 0; i < NUSERS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "192.0.2.1@%d", 5000 + i);
		come(&users[i], name);
	}
	hub_set_nick(hub, users[1].member, STR("bob"), now);
	forget();
}

static void
teardown(void)
{
	hub_free(hub);
}

static struct command_outcome
type(int i, const char *line)
{
	return command_line(hub, users[i].member, str_of(line), now);
}

/* The log of the lobby, as somebody reads it. */
static const struct room *
log_of_lobby(void)
{
	return hall_room(hub_first_hall(hub));
}

#define USAGE(command) "* usage: /" command "\n"
#define NOBODY         "* nobody here is called that (try /who)\n"
#define NOT_ALLOWED    "* that is for operators\n"
#define BAD_CODE       "* that code is wrong, was used or is too old\n"

static const struct {
	const char *line;
	const char *told; /* to who types it */
	const char *said; /* the log's new message, formatted, or NULL */
} cases[] = {
	{ "", "", NULL },
	{ "hello", "", "[192.0.2.1@5000]: hello" },
	{ " /who", "", "[192.0.2.1@5000]:  /who" },
	{ "//who", "", "[192.0.2.1@5000]: /who" },
	{ "///who", "", "[192.0.2.1@5000]: //who" },
	{ "//", "", "[192.0.2.1@5000]: /" },
	{ "* bob is now eve", "", "[192.0.2.1@5000]: * bob is now eve" },
	{ "/me waves", "", "* 192.0.2.1@5000 waves" },
	{ "/ME\twaves ", "", "* 192.0.2.1@5000 waves" },
	{ "/me", USAGE("me TEXT"), NULL },
	{ "/me  ", USAGE("me TEXT"), NULL },
	{ "/nick", USAGE("nick NAME"), NULL },
	{ "/nick alice", "* 192.0.2.1@5000 is now alice\n", NULL },
	{ "/nick  alice ", "* 192.0.2.1@5000 is now alice\n", NULL },
	{ "/nick BOB", "* somebody here has that nick\n", NULL },
	{ "/nick a b",
	    "* that nick cannot be used: at most 48 bytes, no white space, "
	    "none of @/[], no * in front, not operator, chatd or server\n",
	    NULL },
	{ "/msg", USAGE("msg NICK TEXT"), NULL },
	{ "/msg bob", USAGE("msg NICK TEXT"), NULL },
	{ "/msg bob  hi there", "", "[you -> bob]: hi there" },
	{ "/msg BOB\thi", "", "[you -> bob]: hi" },
	{ "/msg 192.0.2.1@5002 hi", "", "[you -> 192.0.2.1@5002]: hi" },
	{ "/msg eve hi", NOBODY, NULL },
	{ "/who",
	    "* here: 192.0.2.1@5000 (udp), bob (udp), 192.0.2.1@5002 (udp)\n",
	    NULL },
	{ "/history", "* nothing was said yet\n", NULL },
	{ "/history x", USAGE("history [N]"), NULL },
	{ "/history -1", USAGE("history [N]"), NULL },
	{ "/history 5 5", USAGE("history [N]"), NULL },
	{ "/history 99999999999999999999", USAGE("history [N]"), NULL },
	{ "/join", USAGE("join ROOM"), NULL },
	{ "/join a b",
	    "* no room can be called that: at most 32 bytes, no white space, "
	    "none of @/[]\n",
	    NULL },
	{ "/join lobby", "", NULL },
	{ "/join tea", "* tea: 1 here; /help lists the commands\n", NULL },
	{ "/part", "", NULL },
	{ "/part now", "", NULL },
	{ "/rooms", "* rooms: lobby (3)\n", NULL },
	{ "/rooms x", "* rooms: lobby (3)\n", NULL },
	{ "/topic", "* topic: there is none\n", NULL },
	{ "/topic tea", NOT_ALLOWED, NULL },
	{ "/away", "* you are back\n", NULL },
	{ "/away lunch", "* you are away\n", NULL },
	{ "/op", BAD_CODE, NULL },
	{ "/op 0123456789abcdef", BAD_CODE, NULL },
	{ "/kick", NOT_ALLOWED, NULL },
	{ "/kick bob", NOT_ALLOWED, NULL },
	{ "/ban", NOT_ALLOWED, NULL },
	{ "/ban bob", NOT_ALLOWED, NULL },
	{ "/unban bob", NOT_ALLOWED, NULL },
	{ "/mute bob", NOT_ALLOWED, NULL },
	{ "/deop bob", NOT_ALLOWED, NULL },
	{ "/unmute bob", NOT_ALLOWED, NULL },
	{ "/slow 5", NOT_ALLOWED, NULL },
	{ "/lock", NOT_ALLOWED, NULL },
	{ "/unlock", NOT_ALLOWED, NULL },
	{ "/questions on", NOT_ALLOWED, NULL },
	{ "/announce hi", NOT_ALLOWED, NULL },
	{ "/foo", "* no such command: /foo (try /help)\n", NULL },
	{ "/", "* no such command: / (try /help)\n", NULL },
	{ "/whom", "* no such command: /whom (try /help)\n", NULL },
	{ "/\x1b[2J x", "* no such command: /\xef\xbf\xbd[2J (try /help)\n",
	    NULL },
};

static void
expect_line(const char *typed, const char *told, const char *said)
{
	struct message message;
	struct buf line = { 0 };

	type(0, typed);
	ck_assert_msg(strcmp(users[0].got, told) == 0, "'%s' was told '%s'",
	    typed, users[0].got);
	ck_assert_msg(hub_said(hub) == (said != NULL), "%s", typed);
	if (said == NULL)
		return;
	ck_assert_int_eq(room_get(log_of_lobby(), 1, &message), 0);
	command_format(
	    &line, &message, member_person(users[0].member)->identity);
	ck_assert_msg(str_eq((struct str){ buf_data(&line), buf_len(&line) },
			  str_of(said)),
	    "'%s' said '%.*s'", typed, (int)buf_len(&line), buf_data(&line));
	buf_free(&line);
}

START_TEST(each_line)
{
	expect_line(cases[_i].line, cases[_i].told, cases[_i].said);
}
END_TEST

/* The same of an operator. */
static const struct {
	const char *line;
	const char *told;
	const char *said;
} operator_cases[] = {
	{ "/topic", "* topic: there is none\n", NULL },
	{ "/topic  tea ", "* topic: tea\n", NULL },
	{ "/kick", USAGE("kick NICK [WHY]"), NULL },
	{ "/kick eve", NOBODY, NULL },
	{ "/kick bob", "* bob is out\n* bob left (kicked)\n", NULL },
	{ "/kick bob  too loud",
	    "* bob is out\n* bob left (kicked: too loud)\n", NULL },
	{ "/ban", "* nobody is banned\n", NULL },
	{ "/ban eve", NOBODY, NULL },
	{ "/ban 10.0.0.0/40", NOBODY, NULL },
	{ "/ban 10.0.0.0/8", "* 10.0.0.0/8 is banned\n", NULL },
	{ "/ban bob", "* bob left (banned)\n* bob is banned\n", NULL },
	{ "/unban", USAGE("unban NICK|ADDRESS"), NULL },
	{ "/unban bob", "* bob is not banned (/ban lists who is)\n", NULL },
	{ "/deop", USAGE("deop NICK"), NULL },
	{ "/deop eve", NOBODY, NULL },
	{ "/deop bob", "* bob is an operator no more\n", NULL },
	{ "/mute", USAGE("mute NICK"), NULL },
	{ "/mute eve", NOBODY, NULL },
	{ "/mute bob", "* bob is muted\n", NULL },
	{ "/unmute", USAGE("unmute NICK"), NULL },
	{ "/unmute eve", NOBODY, NULL },
	{ "/unmute bob", "* bob may speak again\n", NULL },
	{ "/slow", USAGE("slow SECONDS"), NULL },
	{ "/slow -1", USAGE("slow SECONDS"), NULL },
	{ "/slow 3601", USAGE("slow SECONDS"), NULL },
	{ "/slow x", USAGE("slow SECONDS"), NULL },
	{ "/slow 3600",
	    "* this room is slow now: a line every 3600 seconds each\n", NULL },
	{ "/slow 0", "* this room is slow no more\n", NULL },
	{ "/lock", "* this room is locked: nobody new may come in\n", NULL },
	{ "/unlock", "* this room is open again\n", NULL },
	{ "/questions perhaps", USAGE("questions on|off"), NULL },
	{ "/questions ON",
	    "* questions: what you say now reaches the operators alone\n",
	    NULL },
	{ "/questions",
	    "* questions: what you say now reaches the operators alone\n",
	    NULL },
	{ "/questions off", "* questions are over: what you say reaches all\n",
	    NULL },
	{ "/announce", USAGE("announce TEXT"), NULL },
	{ "/announce  hi all", "", "[192.0.2.1@5000 announces]: hi all" },
	{ "/rooms", "* rooms: lobby (3)\n", NULL },
	{ "/who",
	    "* here: 192.0.2.1@5000 (udp, operator), bob (udp), "
	    "192.0.2.1@5002 (udp)\n",
	    NULL },
};

static void
make_operator(int i)
{
	char line[64];

	snprintf(line, sizeof(line), "/op %s", hub_operator_code(hub, now));
	type(i, line);
	ck_assert_str_eq(
	    users[i].got, "* you are an operator now; see /help\n");
	forget();
}

START_TEST(each_line_of_an_operator)
{
	make_operator(0);
	expect_line(operator_cases[_i].line, operator_cases[_i].told,
	    operator_cases[_i].said);
}
END_TEST

#define ANN 10
#define BOB 11
#define EVE 12

/* What Ann said, as somebody reads it. */
static const struct {
	enum message_kind kind;
	uint64_t to, reader;
	const char *line;
} formats[] = {
	{ MESSAGE_SAY, TO_ALL, ANN, "[ann]: hi" },
	{ MESSAGE_SAY, TO_ALL, EVE, "[ann]: hi" },
	{ MESSAGE_SAY, TO_ALL, 0, "[ann]: hi" },
	{ MESSAGE_SAY, BOB, ANN, "[you -> bob]: hi" },
	{ MESSAGE_SAY, BOB, BOB, "[ann -> you]: hi" },
	{ MESSAGE_SAY, ANN, ANN, "[you -> bob]: hi" },
	{ MESSAGE_SAY, TO_OPERATORS, ANN, "[ann asks]: hi" },
	{ MESSAGE_SAY, TO_OPERATORS, EVE, "[ann asks]: hi" },
	{ MESSAGE_ACTION, TO_ALL, ANN, "* ann hi" },
	{ MESSAGE_ACTION, TO_ALL, EVE, "* ann hi" },
	{ MESSAGE_ACTION, TO_OPERATORS, EVE, "[ann asks]: hi" },
	{ MESSAGE_ANNOUNCEMENT, TO_ALL, ANN, "[ann announces]: hi" },
	{ MESSAGE_ANNOUNCEMENT, TO_ALL, EVE, "[ann announces]: hi" },
};

START_TEST(message_is_formatted_for_its_reader)
{
	struct message message = { .author = ANN,
		.nick = STR("ann"),
		.to_nick = STR("bob"),
		.text = STR("hi") };
	struct buf line = { 0 };

	message.kind = formats[_i].kind;
	message.to = formats[_i].to;
	command_format(&line, &message, formats[_i].reader);
	ck_assert(str_eq((struct str){ buf_data(&line), buf_len(&line) },
	    str_of(formats[_i].line)));
	buf_free(&line);
}
END_TEST

START_TEST(every_result_is_explained)
{
	for (int i = HUB_OK; i <= HUB_NOMEM; i++) {
		const char *text = command_explain((enum hub_result)i);

		ck_assert_msg(text != NULL && text[0] != '\0', "%d", i);
		ck_assert_msg(text[strlen(text) - 1] != '.', "%s", text);
	}
}
END_TEST

START_TEST(nul_and_newline_are_text)
{
	struct message message;

	command_line(hub, users[0].member, STR("a\0b\n/quit"), now);
	ck_assert_int_eq(room_get(log_of_lobby(), 1, &message), 0);
	ck_assert(str_eq(message.text,
	    STR("a\xef\xbf\xbd"
		"b\xef\xbf\xbd/quit")));
	command_line(hub, users[0].member, STR("/f\0o"), now);
	ck_assert_str_eq(
	    users[0].got, "* no such command: /f\xef\xbf\xbdo (try /help)\n");
}
END_TEST

START_TEST(quit)
{
	ck_assert(type(0, "/quit").quits);
	ck_assert(type(0, "/QUIT now").quits);
	ck_assert(!type(0, "//quit").quits);
	ck_assert(!type(0, "/part").quits);
	ck_assert_str_eq(users[0].got, "");
}
END_TEST

START_TEST(help_lists_every_command)
{
	static const char *const forms[] = { "/help ", "/nick NAME ", "/who ",
		"/me TEXT ", "/msg NICK TEXT ", "/join ROOM ", "/part ",
		"/rooms ", "/topic [TEXT] ", "/away [WHY] ", "/history [N] ",
		"/op CODE ", "/quit ", "/deop NICK ", "/kick NICK [WHY] ",
		"/ban [NICK|ADDRESS] ", "/unban NICK|ADDRESS ", "/mute NICK ",
		"/unmute NICK ", "/slow SECONDS ", "/lock ", "/unlock ",
		"/questions on|off ", "/announce TEXT " };
	int lines = 0;

	type(0, "/help");
	ck_assert_ptr_null(strstr(users[0].got, "/kick"));
	for (const char *p = users[0].got; *p != '\0'; p++)
		lines += *p == '\n';
	ck_assert_int_eq(lines, 13);
	forget();
	make_operator(0);
	type(0, "/help");
	lines = 0;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		ck_assert_msg(
		    strstr(users[0].got, forms[i]) != NULL, "%s", forms[i]);
	for (const char *p = users[0].got; *p != '\0'; p++)
		lines += *p == '\n';
	ck_assert_int_eq(lines, CASES(forms));
}
END_TEST

START_TEST(private_is_for_two)
{
	type(2, "/msg bob psst");
	type(1, "/msg bob note");
	for (int i = 0; i < 3; i++) {
		ck_assert_str_eq(users[i].got, "");
		type(i, "/history");
	}
	ck_assert_str_eq(users[0].got, "* nothing was said yet\n");
	ck_assert_str_eq(users[1].got,
	    "22:13 [192.0.2.1@5002 -> you]: psst\n"
	    "22:13 [you -> bob]: note\n");
	ck_assert_str_eq(users[2].got, "22:13 [you -> bob]: psst\n");
}
END_TEST

/* The last N are those that the member may read. */
START_TEST(history_counts_what_is_read)
{
	type(2, "one");
	type(2, "two");
	for (int i = 0; i < 20; i++)
		type(2, "/msg bob psst");
	type(0, "/history 1");
	ck_assert_str_eq(users[0].got, "22:13 [192.0.2.1@5002]: two\n");
}
END_TEST

START_TEST(who_shows_the_away_of_this_room)
{
	type(2, "/away \x1b[m lunch");
	type(1, "/join tea");
	forget();
	type(0, "/who");
	ck_assert_str_eq(users[0].got,
	    "* here: 192.0.2.1@5000 (udp), "
	    "192.0.2.1@5002 (udp, away: \xef\xbf\xbd[m lunch)\n");
	forget();
	type(0, "/rooms");
	ck_assert_str_eq(users[0].got, "* rooms: lobby (2), tea (1)\n");
}
END_TEST

/* Whatever is typed, what comes back is text, and the members are in order. */
START_TEST(hostile_arguments)
{
	static const char *const names[] = { "help", "nick", "who", "me", "msg",
		"join", "part", "rooms", "topic", "away", "history", "op",
		"kick", "ban", "unban", "mute", "unmute", "slow", "lock",
		"unlock", "questions", "announce" };
	char line[256];

	make_operator(0);
	for (int i = 0; i < CASES(names) * CASES(hostile); i++) {
		struct str bytes = hostile[i / CASES(names)].bytes;
		int len = snprintf(
		    line, sizeof(line), "/%s ", names[i % CASES(names)]);

		if (users[0].member == NULL) { /* who has kicked himself */
			come(&users[0], "192.0.2.1@5000");
			forget();
			make_operator(0);
		}
		memcpy(line + len, bytes.p, bytes.len);
		command_line(hub, users[0].member,
		    (struct str){ line, (size_t)len + bytes.len }, now);
		forget();
	}
	ck_assert_uint_ge(hub_count(hub), NUSERS - 1);
}
END_TEST

START_TEST(longest_arguments)
{
	static char line[70000];
	static const char *const begins[] = { "", "/", "/nick ", "/me ",
		"/msg ", "/msg bob ", "/join ", "/topic ", "/away ", "/op ",
		"/kick ", "/ban ", "/unban ", "/mute ", "/slow ",
		"/announce " };

	make_operator(0);
	for (int i = 0; i < CASES(begins); i++) {
		memset(line, 'x', sizeof(line));
		memcpy(line, begins[i], strlen(begins[i]));
		command_line(hub, users[0].member,
		    (struct str){ line, sizeof(line) }, now);
		memset(line + strlen(begins[i]), '\xc3',
		    sizeof(line) - strlen(begins[i]));
		command_line(hub, users[0].member,
		    (struct str){ line, sizeof(line) }, now);
	}
	ck_assert_uint_eq(hub_count(hub), NUSERS);
}
END_TEST

/* 120 lines were said. */
static const struct {
	const char *line;
	int first, count;
} history_cases[] = {
	{ "/history", 111, 10 },
	{ "/history 0", 0, 0 },
	{ "/history 3", 118, 3 },
	{ "/history 100", 21, 100 },
	{ "/history 101", 21, 100 },
	{ "/history 18446744073709551615", 21, 100 },
};

START_TEST(history)
{
	char want[8192] = "", *to = want;

	for (int i = 1; i <= 120; i++) {
		char text[32];

		snprintf(text, sizeof(text), "line %d", i);
		type(1, text);
	}
	for (int i = 0; i < history_cases[_i].count; i++)
		to += sprintf(
		    to, "22:13 [bob]: line %d\n", history_cases[_i].first + i);
	type(0, history_cases[_i].line);
	ck_assert_str_eq(users[0].got, want);
	ck_assert_str_eq(users[1].got, "");
}
END_TEST

START_TEST(history_shows_all_there_is)
{
	type(0, "mine");
	type(1, "/me waves");
	type(0, "/history 50");
	ck_assert_str_eq(
	    users[0].got, "22:13 [192.0.2.1@5000]: mine\n22:13 * bob waves\n");
}
END_TEST

START_TEST(who_is_split_into_lines)
{
	static struct user other;
	int names = 0;

	for (int i = 0; i < 200; i++) {
		char name[48];

		snprintf(name, sizeof(name), "2001:db8::%d@%d", i, 10000 + i);
		come(&other, name);
	}
	type(0, "/who");
	for (char *line = strtok(users[0].got, "\n"); line != NULL;
	     line = strtok(NULL, "\n")) {
		ck_assert_uint_lt(strlen(line), 1000 + 8);
		ck_assert_int_eq(strncmp(line, "* here: ", 8), 0);
		ck_assert_str_eq(line + strlen(line) - 6, " (udp)");
		for (const char *p = line; (p = strstr(p, "(udp)")); p++)
			names++;
	}
	ck_assert_int_eq(names, 203);
}
END_TEST

START_TEST(commands_flood_and_quit_does_not)
{
	for (int i = 0; i < 1000; i++)
		type(0, "/nick");
	users[0].got[0] = '\0';
	type(0, "/help");
	type(0, "/foo");
	ck_assert_str_eq(users[0].got,
	    "* slow down: at most 1000 lines in 10 "
	    "seconds; your line was not done\n");
	type(0, "hello");
	ck_assert_uint_eq(hub_said(hub), 1);
	ck_assert(type(0, "/quit").quits);
}
END_TEST

START_TEST(member_may_leave_when_told)
{
	leave_when_told = true;
	ck_assert(!type(0, "/help").quits);
	ck_assert_ptr_null(strstr(users[0].got, "/nick"));
	ck_assert_uint_eq(hub_count(hub), 0); /* each told leaves in turn */
}
END_TEST

static Suite *
command_suite(void)
{
	Suite *suite = suite_create("command");
	TCase *tc = tcase_create("command");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, each_line, 0, CASES(cases));
	tcase_add_test(tc, nul_and_newline_are_text);
	tcase_add_test(tc, quit);
	tcase_add_test(tc, help_lists_every_command);
	tcase_add_loop_test(
	    tc, each_line_of_an_operator, 0, CASES(operator_cases));
	tcase_add_loop_test(
	    tc, message_is_formatted_for_its_reader, 0, CASES(formats));
	tcase_add_test(tc, every_result_is_explained);
	tcase_add_test(tc, private_is_for_two);
	tcase_add_test(tc, history_counts_what_is_read);
	tcase_add_test(tc, who_shows_the_away_of_this_room);
	tcase_add_test(tc, hostile_arguments);
	tcase_add_test(tc, longest_arguments);
	tcase_add_loop_test(tc, history, 0, CASES(history_cases));
	tcase_add_test(tc, history_shows_all_there_is);
	tcase_add_test(tc, who_is_split_into_lines);
	tcase_add_test(tc, commands_flood_and_quit_does_not);
	tcase_add_test(tc, member_may_leave_when_told);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(command_suite());
}
