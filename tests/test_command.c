#include "chat/command.h"

#include <stdio.h>
#include <string.h>

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
	snprintf(u->got + len, sizeof(u->got) - len, "%.*s\n", (int)line.len,
	    line.p);
	if (leave_when_told)
		hub_leave(hub, u->member, "gone");
}

static void
wake(void *arg)
{
	(void)arg;
}

static void
removed(void *arg, void *owner)
{
	(void)arg;
	(void)owner;
}

static const struct transport transport = {
	.name = "udp",
	.wake = wake,
	.tell = tell,
	.removed = removed,
};

/* 22:13:20 UTC on some day. */
static const struct instant now = { .wall = 1700000000000 };

static void
setup(void)
{
	struct hub_config config = { 500, 1000000, 300, 1000, 10 };

	memset(users, 0, sizeof(users));
	leave_when_told = false;
	hub = hub_new(&config);
	ck_assert_ptr_nonnull(hub);
	hub_add_transport(hub, &transport);
	for (int i = 0; i < NUSERS; i++) {
		enum hub_result result;
		char name[32];

		snprintf(name, sizeof(name), "192.0.2.1@%d", 5000 + i);
		users[i].member = hub_join(
		    hub, &transport, &users[i], str_of(name), &result, now);
		ck_assert_ptr_nonnull(users[i].member);
	}
	hub_set_nick(hub, users[1].member, STR("bob"));
	for (int i = 0; i < NUSERS; i++)
		users[i].got[0] = '\0';
}

static void
teardown(void)
{
	hub_free(hub);
}

static enum command_result
type(int i, const char *line)
{
	return command_line(hub, users[i].member, str_of(line), now);
}

#define USAGE(command) "* usage: /" command "\n"

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
	    "none of @/[], no * in front\n",
	    NULL },
	{ "/msg", USAGE("msg NICK TEXT"), NULL },
	{ "/msg bob", USAGE("msg NICK TEXT"), NULL },
	{ "/msg bob  hi there", "[you -> bob]: hi there\n", NULL },
	{ "/msg eve hi", "* nobody here is called that (try /who)\n", NULL },
	{ "/who",
	    "* here: 192.0.2.1@5000 (udp), bob (udp), 192.0.2.1@5002 (udp)\n",
	    NULL },
	{ "/history", "* nothing was said yet\n", NULL },
	{ "/history x", USAGE("history [N]"), NULL },
	{ "/history -1", USAGE("history [N]"), NULL },
	{ "/foo", "* no such command: /foo (try /help)\n", NULL },
	{ "/", "* no such command: / (try /help)\n", NULL },
	{ "/whom", "* no such command: /whom (try /help)\n", NULL },
	{ "/\x1b[2J x", "* no such command: /\xef\xbf\xbd[2J (try /help)\n",
	    NULL },
};

START_TEST(each_line)
{
	struct message message;
	struct buf line = { 0 };

	ck_assert_int_eq(type(0, cases[_i].line), COMMAND_DONE);
	ck_assert_msg(strcmp(users[0].got, cases[_i].told) == 0,
	    "'%s' was told '%s'", cases[_i].line, users[0].got);
	if (cases[_i].said == NULL) {
		ck_assert_uint_eq(hub_said(hub), 0);
		return;
	}
	ck_assert_int_eq(room_get(hub_room(hub), 1, &message), 0);
	command_format(&line, &message);
	ck_assert_msg(str_eq((struct str){ buf_data(&line), buf_len(&line) },
			  str_of(cases[_i].said)),
	    "'%s' said '%.*s'", cases[_i].line, (int)buf_len(&line),
	    buf_data(&line));
	buf_free(&line);
}
END_TEST

START_TEST(nul_and_newline_are_text)
{
	struct message message;

	command_line(hub, users[0].member, STR("a\0b\n/quit"), now);
	ck_assert_int_eq(room_get(hub_room(hub), 1, &message), 0);
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
	ck_assert_int_eq(type(0, "/quit"), COMMAND_QUIT);
	ck_assert_int_eq(type(0, "/QUIT now"), COMMAND_QUIT);
	ck_assert_str_eq(users[0].got, "");
}
END_TEST

START_TEST(help_lists_every_command)
{
	static const char *const forms[] = { "/help ", "/nick NAME ", "/who ",
		"/me TEXT ", "/msg NICK TEXT ", "/history [N] ", "/quit " };
	int lines = 0;

	type(0, "/help");
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		ck_assert_msg(
		    strstr(users[0].got, forms[i]) != NULL, "%s", forms[i]);
	for (const char *p = users[0].got; *p != '\0'; p++)
		lines += *p == '\n';
	ck_assert_int_eq(lines, 7);
}
END_TEST

START_TEST(private_is_for_two)
{
	type(2, "/msg bob psst");
	ck_assert_str_eq(users[0].got, "");
	ck_assert_str_eq(users[1].got, "[192.0.2.1@5002 -> you]: psst\n");
	ck_assert_str_eq(users[2].got, "[you -> bob]: psst\n");
	type(1, "/msg bob note");
	ck_assert_str_eq(users[1].got,
	    "[192.0.2.1@5002 -> you]: psst\n"
	    "[bob -> you]: note\n[you -> bob]: note\n");
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
	enum hub_result result;
	struct user other = { 0 };
	int names = 0;

	for (int i = 0; i < 200; i++) {
		char name[48];

		snprintf(name, sizeof(name), "2001:db8::%d@%d", i, 10000 + i);
		ck_assert_ptr_nonnull(hub_join(
		    hub, &transport, &other, str_of(name), &result, now));
	}
	type(0, "/who");
	for (char *line = strtok(users[0].got, "\n"); line != NULL;
	     line = strtok(NULL, "\n")) {
		ck_assert_uint_le(strlen(line), 1000);
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
	ck_assert_int_eq(type(0, "/quit"), COMMAND_QUIT);
}
END_TEST

START_TEST(member_may_leave_when_told)
{
	leave_when_told = true;
	ck_assert_int_eq(type(0, "/help"), COMMAND_DONE);
	ck_assert_ptr_null(strstr(users[0].got, "/nick"));
	ck_assert_uint_eq(hub_count(hub), 0); /* each told leaves in turn */
}
END_TEST

#define NCASES(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *
command_suite(void)
{
	Suite *suite = suite_create("command");
	TCase *tc = tcase_create("command");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, each_line, 0, NCASES(cases));
	tcase_add_test(tc, nul_and_newline_are_text);
	tcase_add_test(tc, quit);
	tcase_add_test(tc, help_lists_every_command);
	tcase_add_test(tc, private_is_for_two);
	tcase_add_loop_test(tc, history, 0, NCASES(history_cases));
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
