/*
 * The chat as its members see it: what each hears of the others, and the
 * operator at the console.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "tests/room.h"
#include "tests/run.h"

START_TEST(test_each_hears_the_others)
{
	char line[HEARD_MAX];
	int a, b;

	start(NULL);
	a = join();
	b = join();

	send_text(a, "from a\n");
	snprintf(line, sizeof(line), "[%s]: from a\n", name_of(a));
	hears(b, line);
	prints(line);

	send_text(b, "from b\n");
	snprintf(line, sizeof(line), "[%s]: from b\n", name_of(b));
	hears_without(a, line, "from a");
	prints(line);

	types("from the console\n");
	hears(a, "[operator]: from the console\n");
	hears_without(b, "[operator]: from the console\n", "from b");

	send_text(a, "the end\n");
	prints("the end\n");
	ck_assert_msg(
	    strstr(printed, "from the console") == NULL, "%s", printed);
	daemon_stop(&chatd);
}
END_TEST

START_TEST(test_nicks)
{
	char line[HEARD_MAX];
	int a, b;

	start(NULL);
	a = join_as("alice");
	b = join();
	snprintf(line, sizeof(line), "* %s is now bob\n", name_of(b));
	send_text(b, "/nick bob\n");
	hears(a, line);
	prints(line);
	send_text(b, "it is me\n");
	hears(a, "[bob]: it is me\n");
	prints("[bob]: it is me\n");
	daemon_stop(&chatd);
}
END_TEST

/* The commands of a peer called alice, in a room with one called bob. */
static const struct {
	const char *line, *alice, *bob, *console;
} commands[] = {
	{ "said\n", NULL, "[alice]: said\n", "[alice]: said\n" },
	{ "//said\n", NULL, "[alice]: /said\n", "[alice]: /said\n" },
	{ "/me waves\n", NULL, "* alice waves\n", "* alice waves\n" },
	{ "/who\n", "operator (console), alice (udp), bob (udp)", NULL, NULL },
	{ "/msg bob psst\n", "[you -> bob]: psst\n", "[alice -> you]: psst\n",
	    NULL },
	{ "/msg operator psst\n", NULL, NULL, "[alice -> you]: psst\n" },
	{ "/msg carol psst\n", "nobody here is called that", NULL, NULL },
	{ "/history\n", "[alice]: said\n", NULL, NULL },
	{ "/help\n", "/history", NULL, NULL },
	{ "/nosuch\n", "no such command: /nosuch", NULL, NULL },
	{ "/nick bob\n", "somebody here has that nick", NULL, NULL },
	{ "/nick BOB\n", "somebody here has that nick", NULL, NULL },
	{ "/nick operator\n", "cannot be used", NULL, NULL },
	{ "/quit\n", NULL, "* alice left", "* alice left" },
};

START_TEST(test_commands)
{
	int a, b;

	start(NULL);
	a = join_as("alice");
	b = join_as("bob");
	send_text(a, "said\n");
	hears(b, "said");
	send_text(a, commands[_i].line);
	if (commands[_i].alice != NULL)
		hears(a, commands[_i].alice);
	if (commands[_i].bob != NULL)
		hears(b, commands[_i].bob);
	if (commands[_i].console != NULL)
		prints(commands[_i].console);
	daemon_stop(&chatd);
}
END_TEST

START_TEST(test_private_is_private)
{
	int a, b, c;

	start(NULL);
	a = join_as("alice");
	b = join_as("bob");
	c = join_as("carol");
	send_text(a, "/msg bob psst\n");
	hears(b, "psst");
	send_text(a, "aloud\n");
	hears_without(c, "aloud", "psst");
	prints("aloud");
	ck_assert_msg(strstr(printed, "psst") == NULL, "%s", printed);
	daemon_stop(&chatd);
}
END_TEST

/* The operator's commands. */
static const struct {
	const char *line, *bob, *console;
} console_commands[] = {
	{ "/me waves\n", "* operator waves\n", NULL },
	{ "/msg bob psst\n", "[operator -> you]: psst\n", "[you -> bob]" },
	{ "/who\n", NULL, "operator (console), bob (udp)" },
	{ "/history\n", NULL, "[bob]: said" },
	{ "/help\n", NULL, "/peer NICK" },
	{ "/stats\n", NULL, "\n" },
	{ "/nosuch\n", NULL, "no such command: /nosuch" },
	{ "/peer carol\n", NULL, "nobody else called carol" },
	{ "/peer operator\n", NULL, "nobody else called operator" },
};

START_TEST(test_console_commands)
{
	int b;

	start(NULL);
	b = join_as("bob");
	send_text(b, "said\n");
	prints("[bob]: said\n");
	types(console_commands[_i].line);
	if (console_commands[_i].bob != NULL)
		hears(b, console_commands[_i].bob);
	if (console_commands[_i].console != NULL)
		prints(console_commands[_i].console);
	daemon_stop(&chatd);
}
END_TEST

/* However the operator ends it, status 0, and the peers hear of it. */
static const char *const console_ends[] = { "/quit\n", "/QUIT\n", NULL };

START_TEST(test_console_ends_the_daemon)
{
	int b;

	start(NULL);
	b = join_as("bob");
	if (console_ends[_i] != NULL)
		types(console_ends[_i]);
	else
		program_close_stdin(&chatd);
	hears(b, "* ");
	ck_assert_int_eq(program_wait(&chatd), 0);
}
END_TEST

START_TEST(test_pair_mode)
{
	int a, b;

	start(NULL);
	a = join_as("alice");
	b = join_as("bob");
	prints("is now bob\n");
	types("/peer ALICE\n");
	prints("You talk to alice alone");
	types("secret\n");
	hears(a, "[operator -> you]: secret\n");
	send_text(b, "hey\n");
	prints("\nINTERLOPER [bob]: hey\n");
	send_text(a, "yes?\n");
	prints("[alice]: yes?\n");
	ck_assert_msg(strstr(printed, "INTERLOPER") == NULL, "%s", printed);

	send_text(a, "/nick alicia\n");
	prints("is now alicia\n");
	types("//still secret\n");
	hears(a, "[operator -> you]: /still secret\n");
	send_text(a, "/quit\n");
	prints("Your partner has left");
	types("open\n");
	hears_without(b, "[operator]: open\n", "secret");
	daemon_stop(&chatd);
}
END_TEST

START_TEST(test_pair_mode_is_left)
{
	int a, b;

	start(NULL);
	a = join_as("alice");
	b = join_as("bob");
	types("/peer alice\nsecret\n/peer\nopen\n");
	hears(a, "secret");
	hears_without(b, "[operator]: open\n", "secret");
	send_text(b, "hey\n");
	prints("[bob]: hey\n");
	ck_assert_msg(strstr(printed, "INTERLOPER") == NULL, "%s", printed);
	daemon_stop(&chatd);
}
END_TEST

START_TEST(test_newline_style_follows_the_peer)
{
	int with, without;
	size_t len;

	start(NULL);
	with = join();
	without = udp_connect(chatd.udp_port);
	send_text(without, "no newline");
	hears(with, "no newline");
	len = strlen(heard);
	ck_assert_int_eq(heard[len - 1], '\n');
	hears(without, "here");
	send_text(with, "a newline\n");
	hears(without, "a newline");
	len = strlen(heard);
	ck_assert_int_eq(heard[len - 1], 'e');
	daemon_stop(&chatd);
}
END_TEST

/* The lecture's client sends up to 1023 bytes, without a newline. */
START_TEST(test_a_long_line_passes_whole)
{
	char line[1024];
	int a, b;

	start(NULL);
	a = join();
	b = udp_connect(chatd.udp_port);
	memset(line, 'x', sizeof(line) - 2);
	line[sizeof(line) - 2] = '.';
	line[sizeof(line) - 1] = '\0';
	send_text(b, line);
	hears(a, line);
	prints(line);
	daemon_stop(&chatd);
}
END_TEST

static const char *const unsafe[] = {
	"\x1b[2J\x1b[H",            /* clears a terminal */
	"\x1b]0;title\a",           /* sets its title */
	"\xc2\x9b\x32J \x9b\x32J",  /* C1, as UTF-8 and bare */
	"a\rb\bc\x7f\x01",          /* C0 */
	"\xe2\x80\xae\xe2\x81\xa6", /* bidirectional override and isolate */
	"\xe2\x80\xa8\xe2\x80\xa9", /* line and paragraph separators */
	"\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82", /* no UTF-8 */
};

static void
assert_clean(const char *line)
{
	struct str rest = str_of(line), part;

	while (rest.len > 0) {
		part = str_cut(&rest, '\n');
		ck_assert_msg(text_is_clean(part), "not clean: %s", line);
	}
}

START_TEST(test_unsafe_text_reaches_nobody)
{
	char line[256];
	int a, b;

	start(NULL);
	a = join();
	b = join();
	snprintf(line, sizeof(line), "<%s>\n", unsafe[_i]);
	send_text(b, line);
	hears(a, ">\n");
	assert_clean(heard);
	prints(">\n");
	assert_clean(printed);
	snprintf(line, sizeof(line), "/%s>\n", unsafe[_i]);
	send_text(b, line);
	hears(b, "no such command");
	assert_clean(heard);
	daemon_stop(&chatd);
}
END_TEST

/* How many datagrams contain text, up to one that contains `fence`. */
static int
count_until(int fd, const char *text, const char *fence)
{
	int n = 0;

	while (recv_datagram(fd, heard, sizeof(heard)),
	    strstr(heard, fence) == NULL)
		n += strstr(heard, text) != NULL;
	return n;
}

#define FLOOD 200

START_TEST(test_a_flood_is_limited)
{
	int64_t begun = clock_now().mono, refilled;
	int a, b, told, said;

	start(NULL);
	a = join();
	b = join();
	for (int i = 0; i < FLOOD; i++)
		send_text(a, "flood\n");
	/* The answer shows that all lines before it were taken. */
	send_text(a, "/who\n");
	told = count_until(a, "slow down", "here: ");
	types("fence\n");
	said = count_until(b, "flood", "fence");
	/* One token comes back every half second. */
	refilled = (clock_now().mono - begun) / MILLIS(500) + 1;
	ck_assert_int_ge(told, 1);
	ck_assert_int_le(told, 1 + refilled);
	ck_assert_int_ge(said, 20);
	ck_assert_int_le(said, 20 + refilled);
	daemon_stop(&chatd);
}
END_TEST

START_TEST(test_the_operator_never_floods)
{
	char line[32];
	int b;

	start(NULL);
	b = join();
	for (int i = 0; i < 50; i++) {
		snprintf(line, sizeof(line), "line %d.\n", i);
		types(line);
	}
	for (int i = 0; i < 50; i++) {
		snprintf(line, sizeof(line), "[operator]: line %d.\n", i);
		recv_datagram(b, heard, sizeof(heard));
		ck_assert_str_eq(heard, line);
	}
	daemon_stop(&chatd);
}
END_TEST

START_TEST(test_flood_off)
{
	char line[32];
	int a, b;

	start("--flood=off");
	a = join();
	b = join();
	for (int i = 0; i < FLOOD; i++) {
		snprintf(line, sizeof(line), "line %d.\n", i);
		send_text(a, line);
		hears_without(b, line, "slow down");
	}
	daemon_stop(&chatd);
}
END_TEST

#define CROWD 50
#define LINES 20

/* Every peer has every line but its own, once and in order. */
START_TEST(test_a_crowd)
{
	int peers[CROWD];
	char line[32];

	start("--flood=off");
	for (int i = 0; i < CROWD; i++)
		peers[i] = join();
	for (int n = 0; n < LINES; n++) {
		snprintf(line, sizeof(line), "line %d.\n", n);
		send_text(peers[n], line);
	}
	for (int i = 0; i < CROWD; i++) {
		for (int n = 0; n < LINES; n++) {
			if (n == i)
				continue;
			snprintf(line, sizeof(line), "]: line %d.\n", n);
			recv_datagram(peers[i], heard, sizeof(heard));
			ck_assert_msg(strstr(heard, line) != NULL,
			    "peer %d has '%s' for '%s'", i, heard, line);
		}
	}
	types("the end\n");
	for (int i = 0; i < CROWD; i++) {
		recv_datagram(peers[i], heard, sizeof(heard));
		ck_assert_str_eq(heard, "[operator]: the end\n");
	}
	daemon_stop(&chatd);
}
END_TEST

/* A terminal needs no --console. */
START_TEST(test_console_on_a_terminal)
{
	static const char *const args[] = { "--port=0", "--no-http", NULL };
	int a;

	program_start_pty(&chatd, "chatd", args);
	prints("pid=");
	ck_assert_int_eq(
	    sscanf(strstr(printed, " udp="), " udp=%*[^:]:%d", &chatd.udp_port),
	    1);
	a = join();
	types("hello\n");
	hears(a, "[operator]: hello\n");
	send_text(a, "good day\n");
	prints("]: good day");
	program_close_stdin(&chatd);
	ck_assert_int_eq(program_wait(&chatd), 0);
}
END_TEST

/* What chatd is started by from here on: it reads path as its stdin. */
static void
stdin_from(const char *path)
{
	const char *dir = temp_dir(), *outer = getenv("CHATD_TEST_WRAPPER");
	char script[512], name[512], command[1024];
	int len = snprintf(
	    script, sizeof(script), "#!/bin/sh\nexec \"$@\" < %s\n", path);

	temp_file(dir, "wrapper", script, (size_t)len);
	snprintf(name, sizeof(name), "%s/wrapper", dir);
	ck_assert_int_eq(chmod(name, 0700), 0);
	snprintf(command, sizeof(command), "%s %s", name,
	    outer != NULL ? outer : "");
	setenv("CHATD_TEST_WRAPPER", command, 1);
}

START_TEST(test_stdin_that_is_no_console)
{
	int a, b;

	stdin_from("/dev/null");
	daemon_start(&chatd, NULL);
	a = join();
	b = join();
	send_text(a, "still here?\n");
	hears(b, "still here?");
	daemon_stop(&chatd);
}
END_TEST

/* The banner offers what there is: addresses to type, and a console or not. */
START_TEST(test_banner_without_a_console)
{
	static const char *const args[] = { "--http=0.0.0.0:0",
		"--udp=0.0.0.0:0", NULL };

	stdin_from("/dev/null");
	program_start_pty(&chatd, "chatd", args);
	prints("pid=");
	prints("nc -u 127.0.0.1 ");
	ck_assert_ptr_nonnull(strstr(printed, "http://127.0.0.1:"));
	ck_assert_ptr_null(strstr(printed, "0.0.0.0"));
	kill(chatd.pid, SIGTERM);
	prints("stopping");
	ck_assert_ptr_null(strstr(printed, "What you type here"));
	ck_assert_int_eq(program_wait(&chatd), 0);
}
END_TEST

START_TEST(test_a_file_as_console)
{
	static const char lines[] = "first\nsecond\n/history\nlast";
	const char *dir = temp_dir();
	char path[512], *output;

	temp_file(dir, "lines", lines, sizeof(lines) - 1);
	snprintf(path, sizeof(path), "%s/lines", dir);
	stdin_from(path);
	start(NULL);
	read_to_end(chatd.out, &output);
	ck_assert_msg(strstr(output, "[operator]: first\n") != NULL &&
		strstr(output, "[operator]: second\n") != NULL,
	    "%s", output);
	free(output);
	ck_assert_int_eq(program_wait(&chatd), 0);
}
END_TEST

START_TEST(test_output_that_nobody_reads)
{
	static const char request[] =
	    "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n";
	char line[1024], *response;
	int a, b, http;

	start("--flood=off");
	fcntl(chatd.out, F_SETPIPE_SZ, 4096);
	a = join();
	b = join();
	memset(line, 'x', sizeof(line));
	for (int i = 0; i < 150; i++) {
		snprintf(line + 1000, sizeof(line) - 1000, "%d.\n", i);
		send_text(a, line);
		hears(b, line + 1000);
	}
	http = tcp_connect(chatd.http_port);
	send_text(http, request);
	read_to_end(http, &response);
	ck_assert_int_eq(strncmp(response, "HTTP/1.1 200", 12), 0);
	free(response);
	/* As many are kept; what follows the next line tells of the rest. */
	prints("60.\n");
	send_text(a, "the end\n");
	prints(" lines were dropped here]\n");
	daemon_stop(&chatd);
}
END_TEST

static Suite *
chat_suite(void)
{
	Suite *s = suite_create("chat");
	TCase *room = tcase_create("room");
	TCase *text = tcase_create("text");
	TCase *console = tcase_create("console");

	tcase_add_test(room, test_each_hears_the_others);
	tcase_add_test(room, test_nicks);
	tcase_add_loop_test(room, test_commands, 0, CASES(commands));
	tcase_add_test(room, test_private_is_private);
	tcase_add_test(room, test_a_flood_is_limited);
	tcase_add_test(room, test_the_operator_never_floods);
	tcase_add_test(room, test_flood_off);
	tcase_add_test(room, test_a_crowd);
	suite_add_tcase(s, room);

	tcase_add_test(text, test_newline_style_follows_the_peer);
	tcase_add_test(text, test_a_long_line_passes_whole);
	tcase_add_loop_test(
	    text, test_unsafe_text_reaches_nobody, 0, CASES(unsafe));
	suite_add_tcase(s, text);

	tcase_add_loop_test(
	    console, test_console_commands, 0, CASES(console_commands));
	tcase_add_loop_test(
	    console, test_console_ends_the_daemon, 0, CASES(console_ends));
	tcase_add_test(console, test_pair_mode);
	tcase_add_test(console, test_pair_mode_is_left);
	tcase_add_test(console, test_console_on_a_terminal);
	tcase_add_test(console, test_stdin_that_is_no_console);
	tcase_add_test(console, test_banner_without_a_console);
	tcase_add_test(console, test_a_file_as_console);
	tcase_add_test(console, test_output_that_nobody_reads);
	suite_add_tcase(s, console);

	return s;
}

int
main(void)
{
	return run_suite(chat_suite());
}
