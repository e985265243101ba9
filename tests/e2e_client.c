/*
 * The chat client in the plain dialect and as one of a pair, against a server
 * that is a socket in the test itself, so that each datagram is seen; and, at
 * the end, against chatd.
 */
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

#define LINE_MAX_IN 4096 /* bytes of stdin that become one datagram */

/* Each test has a process, and so one of each, of its own. */
static struct program chat;
static int server = -1;
static char port[16];
static char got[65536];
static char seen[131072];

static void
open_server_at(int number)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)number),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(name);

	server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(server, -1);
	ck_assert_int_eq(
	    bind(server, (struct sockaddr *)&name, sizeof(name)), 0);
	getsockname(server, (struct sockaddr *)&name, &len);
	snprintf(port, sizeof(port), "%d", ntohs(name.sin_port));
}

static void
open_server(void)
{
	open_server_at(0);
}

/* The next datagram is this text, no more and no less. */
static void
expect(const char *text)
{
	size_t len = recv_datagram(server, got, sizeof(got));

	ck_assert_str_eq(got, text);
	ck_assert_uint_eq(len, strlen(text));
}

/* The same; from here on the server talks to its sender. */
static void
expect_first(const char *text)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	is_silent(server, WAIT_SECONDS * 1000);
	ck_assert_int_ge(recvfrom(server, got, 1, MSG_PEEK | MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len),
	    0);
	expect(text);
	ck_assert_int_eq(connect(server, (struct sockaddr *)&from, len), 0);
}

static void
answer(const char *text)
{
	send_text(server, text);
}

/* chat --plain 127.0.0.1 PORT with one more option, or NULL; and the same on
 * a terminal. */
static void
start(const char *option)
{
	const char *args[] = { "--plain", "127.0.0.1", port, option, NULL };

	open_server();
	program_start(&chat, "chat", args);
}

static void
start_terminal(const char *option)
{
	const char *args[] = { "--plain", "127.0.0.1", port, option, NULL };

	open_server();
	setenv("TERM", "xterm", 1);
	program_start_pty(&chat, "chat", args);
	read_until(chat.out, ": ", seen, sizeof(seen));
}

/* It is named bob, and the server knows where it is. */
static void
start_bob(void (*how)(const char *))
{
	how("--nick=bob");
	expect_first("/nick bob");
	answer("* 127.0.0.1@1 is now bob\n");
	read_until(chat.out, "is now bob", seen, sizeof(seen));
	read_until(chat.out, "\n", seen, sizeof(seen));
}

static void
types(const char *text)
{
	send_text(chat.in, text);
}

static void
shows(const char *text)
{
	read_until(chat.out, text, seen, sizeof(seen));
}

/* All that is still to come from fd, into seen; how much. */
static size_t
read_rest(int fd)
{
	char *data;
	size_t len = read_to_end(fd, &data);

	ck_assert_uint_lt(len, sizeof(seen));
	memcpy(seen, data, len + 1);
	free(data);
	return len;
}

/* The end of its input, the /quit that follows, and its end. */
static void
finish(void)
{
	program_close_stdin(&chat);
	expect("/quit");
	answer("* bye\n");
	ck_assert_int_eq(program_wait(&chat), 0);
}

/* Off a terminal. */

START_TEST(test_lines_are_datagrams)
{

	start(NULL);
	types("one\ntwo \xc3\xa4\r\n\n /three");
	program_close_stdin(&chat);
	expect_first("one");
	expect("two \xc3\xa4");
	expect(" /three");
	expect("/quit");
	answer("* bye\n");
	read_rest(chat.out);
	ck_assert_str_eq(seen, "* bye\n");
	ck_assert_int_eq(program_wait(&chat), 0);
}
END_TEST

START_TEST(test_nick_is_told_before_lines)
{
	start("--nick=bob");
	types("hello\n");
	expect_first("/nick bob");
	answer("* 127.0.0.1@1 is now bob\n");
	expect("hello");
	finish();
}
END_TEST

START_TEST(test_lines_do_not_wait_for_ever)
{
	start("--nick=bob");
	types("hello\n");
	expect_first("/nick bob");
	answer("who is there?");
	expect("hello");
	finish();
}
END_TEST

START_TEST(test_taken_nick_falls_back)
{
	start("--nick=bob");
	types("hello\n");
	expect_first("/nick bob");
	answer("* somebody here has that nick\n");
	expect("/nick bob2");
	answer("* somebody here has that nick\n");
	expect("/nick bob3");
	read_until(chat.err, "bob2 is taken: trying bob3", seen, sizeof(seen));
	answer("* 127.0.0.1@1 is now bob3\n");
	expect("hello");
	finish();
}
END_TEST

START_TEST(test_code_is_typed_by_itself)
{
	start("--nick=bob");
	types("hello\n");
	expect_first("/nick bob");
	answer("* type AB12CD to join\n");
	expect("AB12CD");
	expect("/nick bob");
	answer("* 127.0.0.1@1 is now bob\n");
	expect("hello");
	finish();
}
END_TEST

static const struct {
	const char *datagram;
	const char *printed;
} messages[] = {
	{ "[alice]: hi", "[alice]: hi\n" },
	{ "[alice]: hi\n", "[alice]: hi\n" },
	{ "[alice]: hi\r\n", "[alice]: hi\n" },
	{ "a\nb\n\nc\n", "a\nb\n\nc\n" },
	{ "\n", "\n" },
	{ "tab\there", "tab\there\n" },
	{ "\xc3\xa4\xe6\xbc\xa2", "\xc3\xa4\xe6\xbc\xa2\n" },
	{ "red \033[31m", "red \xef\xbf\xbd[31m\n" },
	{ "c1 \xc2\x9b", "c1 \xef\xbf\xbd\n" },
	{ "cr\rcr",
	    "cr\xef\xbf\xbd"
	    "cr\n" },
	{ "bad \xff\xfe", "bad \xef\xbf\xbd\xef\xbf\xbd\n" },
	{ "rtl \xe2\x80\xae", "rtl \xef\xbf\xbd\n" },
};

START_TEST(test_what_comes_is_printed_clean)
{
	start(NULL);
	types("hello\n");
	expect_first("hello");
	answer(messages[_i].datagram);
	answer("fence");
	shows("fence\n");
	ck_assert_msg(
	    strncmp(seen, messages[_i].printed, strlen(seen) - 6) == 0 &&
		strlen(seen) - 6 == strlen(messages[_i].printed),
	    "case %d: %s", _i, seen);
	finish();
}
END_TEST

START_TEST(test_longest_datagram)
{
	static char text[65507 + 1];

	start(NULL);
	types("hello\n");
	expect_first("hello");
	memset(text, 'x', sizeof(text) - 1);
	answer(text);
	program_close_stdin(&chat);
	expect("/quit");
	answer("* bye\n");
	ck_assert_uint_eq(read_rest(chat.out), sizeof(text) + 6);
	ck_assert_int_eq(memcmp(seen, text, sizeof(text) - 1), 0);
	ck_assert_int_eq(program_wait(&chat), 0);
}
END_TEST

START_TEST(test_a_silent_server_is_no_error)
{
	start(NULL);
	types("hello\n");
	program_close_stdin(&chat);
	expect("hello");
	expect("/quit");
	ck_assert_int_eq(program_wait(&chat), 0);
}
END_TEST

START_TEST(test_quit_ends_the_input)
{
	start(NULL);
	types("one\n/quit\ntwo\n");
	expect_first("one");
	expect("/quit");
	answer("* bye\n");
	ck_assert_int_eq(program_wait(&chat), 0);
	ck_assert(is_silent(server, 0));
}
END_TEST

START_TEST(test_linger_listens_on)
{
	start("--linger=60");
	types("hello\n");
	program_close_stdin(&chat);
	expect_first("hello");
	answer("[alice]: late\n");
	shows("[alice]: late\n");
	ck_assert(is_silent(server, 0));
	kill(chat.pid, SIGTERM);
	expect("/quit");
	ck_assert_int_eq(program_wait(&chat), 0);
}
END_TEST

START_TEST(test_nobody_listens_there)
{
	const char *args[] = { "--plain", NULL, NULL };
	char where[32], want[128];

	open_server();
	close(server);
	snprintf(where, sizeof(where), "127.0.0.1:%s", port);
	snprintf(want, sizeof(want),
	    "chat: cannot reach %s: Connection refused (is chatd running "
	    "there?)\n",
	    where);
	args[1] = where;
	program_start(&chat, "chat", args);
	types("hello\n");
	read_rest(chat.err);
	ck_assert_str_eq(seen, want);
	ck_assert_int_eq(program_wait(&chat), 1);
}
END_TEST

static const char *const bad_usage[][4] = {
	{ NULL },
	{ "--no-such-option", "host" },
	{ "--nick=", "host" },
	{ "--nick=two words", "host" },
	{ "--linger=soon", "host" },
	{ "--listen=x", "host" },
	{ "--room=", "host" },
	{ "--room=two words", "host" },
	{ "--room=x", "--plain", "host" },
	{ "--room=x", "--listen=0" },
	{ "host", "0" },
	{ "host", "65536" },
	{ "host:x" },
	{ "host:" },
	{ ":80" },
	{ "[::1" },
	{ "[::1]x" },
	{ "host", "1", "2" },
};

START_TEST(test_wrong_usage)
{

	program_start(&chat, "chat", bad_usage[_i]);
	read_rest(chat.err);
	ck_assert_int_ne(strlen(seen), 0);
	ck_assert_msg(program_wait(&chat) == 2, "case %d: %s", _i, seen);
}
END_TEST

static const char *const informing[] = { "--help", "--version" };

START_TEST(test_help_and_version)
{
	const char *args[] = { informing[_i], NULL };

	program_start(&chat, "chat", args);
	ck_assert_int_gt(read_rest(chat.out), 0);
	ck_assert_int_eq(program_wait(&chat), 0);
}
END_TEST

/* A host written in each way reaches 127.0.0.1 at the server's port. */
static const char *const hosts[] = { "127.0.0.1:%s", "localhost:%s",
	"[127.0.0.1]:%s" };

START_TEST(test_forms_of_host)
{
	char where[64];
	const char *args[] = { "--plain", where, NULL };

	open_server();
	snprintf(where, sizeof(where), "%.*s%s", (int)strlen(hosts[_i]) - 2,
	    hosts[_i], port);
	program_start(&chat, "chat", args);
	types("hello\n");
	expect_first("hello");
	finish();
}
END_TEST

/* What stdin may be. */

/* chat --plain with stdin from that path, started by a shell. */
static FILE *
start_from(const char *path)
{
	const char *dir = getenv("CHATD_BUILDDIR");
	char command[4096];
	FILE *f;

	open_server();
	snprintf(command, sizeof(command), "%s/chat --plain 127.0.0.1 %s <%s",
	    dir != NULL ? dir : ".", port, path);
	f = popen(command, "re");
	ck_assert_ptr_ne(f, NULL);
	return f;
}

static void
finish_from(FILE *f)
{
	expect_first("/quit");
	answer("* bye\n");
	ck_assert_ptr_ne(fgets(seen, sizeof(seen), f), NULL);
	ck_assert_str_eq(seen, "* bye\n");
	ck_assert_int_eq(pclose(f), 0);
}

START_TEST(test_stdin_is_a_file)
{
	enum {
		LINES = 200
	};
	static char text[16 * LINES];
	const char *dir = temp_dir();
	char path[4096], line[32];
	size_t len = 0;
	FILE *f;

	for (int i = 0; i < LINES; i++)
		len += (size_t)sprintf(text + len, "line %d\n", i);
	temp_file(dir, "in", text, len - 1);
	snprintf(path, sizeof(path), "%s/in", dir);
	f = start_from(path);
	expect_first("line 0");
	for (int i = 1; i < LINES; i++) {
		snprintf(line, sizeof(line), "line %d", i);
		expect(line);
	}
	finish_from(f);
}
END_TEST

static const char *const empty_inputs[] = { "/dev/null", "&-" };

START_TEST(test_stdin_is_nothing)
{
	FILE *f = start_from(empty_inputs[_i]);

	finish_from(f);
}
END_TEST

/* The lengths of lines, and of the datagrams that they come in. */
static const struct {
	size_t line;
	size_t pieces[3];
} long_lines[] = {
	{ LINE_MAX_IN - 1, { LINE_MAX_IN - 1 } },
	{ LINE_MAX_IN, { LINE_MAX_IN } },
	{ LINE_MAX_IN + 1, { LINE_MAX_IN, 1 } },
	{ 2 * LINE_MAX_IN, { LINE_MAX_IN, LINE_MAX_IN } },
	{ 2 * LINE_MAX_IN + 2, { LINE_MAX_IN, LINE_MAX_IN, 2 } },
};

START_TEST(test_long_lines_come_in_pieces)
{
	static char text[3 * LINE_MAX_IN];
	size_t len = long_lines[_i].line;

	start(NULL);
	memset(text, 'x', len);
	text[len] = '\n';
	send_all(chat.in, text, len + 1);
	types("end");
	program_close_stdin(&chat);
	for (int i = 0; i < 3 && long_lines[_i].pieces[i] > 0; i++)
		ck_assert_uint_eq(recv_datagram(server, got, sizeof(got)),
		    long_lines[_i].pieces[i]);
	expect_first("end");
	expect("/quit");
	answer("* bye\n");
	ck_assert_int_eq(program_wait(&chat), 0);
}
END_TEST

START_TEST(test_pieces_hold_whole_characters)
{
	static char text[LINE_MAX_IN + 3];

	start(NULL);
	memset(text, 'x', LINE_MAX_IN - 1);
	memcpy(text + LINE_MAX_IN - 1, "\xe6\xbc\xa2\n", 4);
	send_all(chat.in, text, LINE_MAX_IN + 3);
	ck_assert_uint_eq(
	    recv_datagram(server, got, sizeof(got)), LINE_MAX_IN - 1);
	expect_first("\xe6\xbc\xa2");
	finish();
}
END_TEST

START_TEST(test_a_line_comes_byte_by_byte)
{
	start(NULL);
	for (const char *p = "hello\n"; *p != '\0'; p++)
		send_all(chat.in, p, 1);
	expect_first("hello");
	finish();
}
END_TEST

/* Two chats without a daemon. */

static struct program peer;

/* Starts one that listens on a free port; returns that. */
static int
start_listening(struct program *p, const char *partner)
{
	const char *args[] = { "--listen=0", partner, NULL };
	char line[256];

	program_start(p, "chat", args);
	read_until(p->err, "listening on 0.0.0.0:", line, sizeof(line));
	read_until(p->err, "\n", line, sizeof(line));
	return atoi(line);
}

/* `[127.0.0.1@PORT]: text` */
static void
prints_from(struct program *p, const char *mark, int from, const char *text)
{
	char want[256];

	snprintf(
	    want, sizeof(want), "%s[127.0.0.1@%d]: %s\n", mark, from, text);
	read_until(p->out, "\n", seen, sizeof(seen));
	ck_assert_str_eq(seen, want);
}

START_TEST(test_two_chats_talk)
{
	char where[32];
	int a = start_listening(&chat, NULL), b, other;
	struct sockaddr_in name;
	socklen_t len = sizeof(name);

	snprintf(where, sizeof(where), "127.0.0.1:%d", a);
	b = start_listening(&peer, where);
	send_text(peer.in, "hello\n");
	prints_from(&chat, "", b, "hello");
	types("good morning!\n");
	prints_from(&peer, "", a, "good morning!");

	other = udp_connect(a);
	getsockname(other, (struct sockaddr *)&name, &len);
	send_text(other, "boo \033[2J\n");
	prints_from(
	    &chat, "INTERLOPER ", ntohs(name.sin_port), "boo \xef\xbf\xbd[2J");
	types("still you\n");
	prints_from(&peer, "", a, "still you");
	ck_assert(is_silent(other, 0));

	program_close_stdin(&peer);
	ck_assert_int_eq(program_wait(&peer), 0);
	program_close_stdin(&chat);
	ck_assert_int_eq(program_wait(&chat), 0);
}
END_TEST

/* On a terminal. */

/* Without libedit the terminal keeps its own line mode. */
static bool
has_no_editing(void)
{
	struct termios mode;

	tcgetattr(chat.out, &mode);
	if ((mode.c_lflag & (tcflag_t)ICANON) == 0)
		return false;
	printf("skipped: chat is built without libedit\n");
	finish();
	return true;
}

START_TEST(test_what_arrives_keeps_the_line)
{
	start_bob(start_terminal);
	if (has_no_editing())
		return;
	types("half ty");
	shows("half ty");
	answer("[alice]: hello\n");
	shows("[alice]: hello\r\n");
	shows(": half ty");
	types("ped\r");
	expect("half typed");
	finish();
}
END_TEST

/* The cursor is not at the end, and the line is longer than the screen. */
START_TEST(test_what_arrives_keeps_a_long_line)
{
	static char text[201];

	memset(text, 'x', sizeof(text) - 1);
	start_bob(start_terminal);
	if (has_no_editing())
		return;
	types(text);
	types("\001zq");
	shows("q");
	answer("[alice]: hello\n");
	shows("[alice]: hello\r\n");
	shows(": zqxx");
	types("w\r");
	recv_datagram(server, got, sizeof(got));
	ck_assert_int_eq(strncmp(got, "zqwx", 4), 0);
	ck_assert_uint_eq(strlen(got), 203);
	finish();
}
END_TEST

START_TEST(test_a_line_longer_than_a_kilobyte)
{
	static char text[1501];

	start_bob(start_terminal);
	if (has_no_editing())
		return;
	memset(text, 'x', sizeof(text) - 1);
	types(text);
	types("\r");
	ck_assert_uint_eq(recv_datagram(server, got, sizeof(got)), 1500);
	finish();
}
END_TEST

START_TEST(test_editing_history_completion)
{
	start_bob(start_terminal);
	if (has_no_editing())
		return;
	answer("[alice]: hello\n");
	shows("[alice]: hello\r\n");
	types("helo\033[Dl\r");
	expect("hello");
	types("/m\ts\tal\thi\r");
	expect("/msg alice hi");
	types("\033[A\033[A!\r");
	expect("hello!");
	finish();
}
END_TEST

/* The escape key alone does not keep messages away. */
START_TEST(test_escape_key_holds_up_nothing)
{
	start_bob(start_terminal);
	if (has_no_editing())
		return;
	types("x\033");
	shows("x");
	answer("[alice]: hello\n");
	shows("[alice]: hello\r\n");
	answer("[alice]: again\n");
	shows("[alice]: again\r\n");
	kill(chat.pid, SIGTERM);
	expect("/quit");
	ck_assert_int_eq(program_wait(&chat), 0);
}
END_TEST

/* Whether NO_COLOR is set, and what is seen of a line with the own nick. */
static const struct {
	const char *no_color;
	const char *line;
	const char *shown;
} mentions[] = {
	{ "", "[alice]: hi Bob!", " \033[1m[alice]: hi Bob!\033[0m\r\n" },
	{ "", "[alice]: hi bobby", " [alice]: hi bobby\r\n" },
	{ "1", "[alice]: hi Bob!", " [alice]: hi Bob!\r\n" },
};

START_TEST(test_mentions_stand_out)
{
	setenv("NO_COLOR", mentions[_i].no_color, 1);
	start_bob(start_terminal);
	answer(mentions[_i].line);
	shows(mentions[_i].shown);
	finish();
}
END_TEST

START_TEST(test_messages_have_a_time)
{
	const char *line;

	start_bob(start_terminal);
	answer("[alice]: hi");
	shows("[alice]: hi\r\n");
	line = strstr(seen, " [alice]");
	ck_assert_ptr_ne(line, NULL);
	ck_assert_int_ge(line - seen, 5);
	ck_assert_int_eq(line[-3], ':');
	finish();
}
END_TEST

START_TEST(test_escape_sequences_do_not_reach_the_terminal)
{
	start_bob(start_terminal);
	answer("[a\033[31m]: \033]0;title\007\n");
	shows("]0;title");
	ck_assert_ptr_eq(strstr(seen, "\033[31m"), NULL);
	ck_assert_ptr_eq(strstr(seen, "\033]0;"), NULL);
	finish();
}
END_TEST

static const char *const leaving[] = { "\004", "\003", "half\003", "/quit\r" };

START_TEST(test_leaving_restores_the_terminal)
{
	struct termios mode;

	start_bob(start_terminal);
	if (has_no_editing())
		return;
	types(leaving[_i]);
	expect("/quit");
	answer("* bye\n");
	read_rest(chat.out);
	tcgetattr(chat.out, &mode);
	ck_assert_uint_eq(
	    mode.c_lflag & (ICANON | ECHO | ISIG), ICANON | ECHO | ISIG);
	ck_assert_int_eq(program_wait(&chat), 0);
}
END_TEST

START_TEST(test_a_lost_server_comes_back)
{
	int number;

	start_bob(start_terminal);
	number = atoi(port);
	close(server);
	types("into the void\r");
	shows("does not answer: Connection refused");
	open_server_at(number);
	types("again\r");
	expect_first("/nick bob");
	expect("again");
	answer("* 127.0.0.1@1 is now bob\n");
	shows("answers again");
	types("more\r");
	expect("more");
	finish();
}
END_TEST

START_TEST(test_no_server_from_the_start)
{
	const char *args[] = { "--plain", "--nick=bob", "127.0.0.1", port,
		NULL };

	open_server();
	close(server);
	program_start_pty(&chat, "chat", args);
	shows("cannot reach");
	ck_assert_int_eq(program_wait(&chat), 1);
}
END_TEST

/* With chatd. */

static struct program daemon_;
static char daemon_port[16];

static void
start_in_room(struct program *p, const char *nick)
{
	const char *args[] = { "--plain", nick, "127.0.0.1", daemon_port,
		NULL };

	program_start(p, "chat", args);
}

static void
start_daemon(void)
{
	daemon_start(&daemon_, NULL);
	snprintf(daemon_port, sizeof(daemon_port), "%d", daemon_.udp_port);
}

static void
finish_in_room(struct program *p)
{
	program_close_stdin(p);
	read_until(p->out, "* bye\n", seen, sizeof(seen));
	ck_assert_int_eq(program_wait(p), 0);
}

START_TEST(test_two_in_one_room)
{
	start_daemon();
	start_in_room(&chat, "--nick=alice");
	shows("is now alice\n");
	start_in_room(&peer, "--nick=bob");
	read_until(peer.out, "is now bob\n", seen, sizeof(seen));
	types("hello bob\n");
	read_until(peer.out, "[alice]: hello bob\n", seen, sizeof(seen));
	send_text(peer.in, "hello alice\n");
	shows("[bob]: hello alice\n");
	finish_in_room(&peer);
	finish_in_room(&chat);
	daemon_stop(&daemon_);
}
END_TEST

START_TEST(test_taken_nick_in_a_room)
{
	start_daemon();
	start_in_room(&chat, "--nick=alice");
	shows("is now alice\n");
	start_in_room(&peer, "--nick=Alice");
	send_text(peer.in, "me too\n");
	shows("[Alice2]: me too\n");
	finish_in_room(&peer);
	finish_in_room(&chat);
	daemon_stop(&daemon_);
}
END_TEST

static void
add_pipe_tests(Suite *s)
{
	TCase *t = tcase_create("pipe");

	tcase_add_test(t, test_lines_are_datagrams);
	tcase_add_test(t, test_nick_is_told_before_lines);
	tcase_add_test(t, test_lines_do_not_wait_for_ever);
	tcase_add_test(t, test_taken_nick_falls_back);
	tcase_add_test(t, test_code_is_typed_by_itself);
	tcase_add_loop_test(
	    t, test_what_comes_is_printed_clean, 0, CASES(messages));
	tcase_add_test(t, test_longest_datagram);
	tcase_add_test(t, test_a_silent_server_is_no_error);
	tcase_add_test(t, test_quit_ends_the_input);
	tcase_add_test(t, test_linger_listens_on);
	tcase_add_test(t, test_nobody_listens_there);
	tcase_add_loop_test(t, test_wrong_usage, 0, CASES(bad_usage));
	tcase_add_loop_test(t, test_help_and_version, 0, CASES(informing));
	tcase_add_loop_test(t, test_forms_of_host, 0, CASES(hosts));
	suite_add_tcase(s, t);
}

static void
add_input_tests(Suite *s)
{
	TCase *t = tcase_create("input");

	tcase_add_test(t, test_stdin_is_a_file);
	tcase_add_loop_test(t, test_stdin_is_nothing, 0, CASES(empty_inputs));
	tcase_add_loop_test(
	    t, test_long_lines_come_in_pieces, 0, CASES(long_lines));
	tcase_add_test(t, test_pieces_hold_whole_characters);
	tcase_add_test(t, test_a_line_comes_byte_by_byte);
	suite_add_tcase(s, t);
}

static void
add_terminal_tests(Suite *s)
{
	TCase *t = tcase_create("terminal");

	tcase_add_test(t, test_what_arrives_keeps_the_line);
	tcase_add_test(t, test_what_arrives_keeps_a_long_line);
	tcase_add_test(t, test_a_line_longer_than_a_kilobyte);
	tcase_add_test(t, test_editing_history_completion);
	tcase_add_test(t, test_escape_key_holds_up_nothing);
	tcase_add_loop_test(t, test_mentions_stand_out, 0, CASES(mentions));
	tcase_add_test(t, test_messages_have_a_time);
	tcase_add_test(t, test_escape_sequences_do_not_reach_the_terminal);
	tcase_add_loop_test(
	    t, test_leaving_restores_the_terminal, 0, CASES(leaving));
	tcase_add_test(t, test_a_lost_server_comes_back);
	tcase_add_test(t, test_no_server_from_the_start);
	suite_add_tcase(s, t);
}

static Suite *
client_suite(void)
{
	Suite *s = suite_create("client");
	TCase *pair = tcase_create("pair"), *room = tcase_create("room");

	add_pipe_tests(s);
	add_input_tests(s);
	tcase_add_test(pair, test_two_chats_talk);
	suite_add_tcase(s, pair);
	add_terminal_tests(s);
	tcase_add_test(room, test_two_in_one_room);
	tcase_add_test(room, test_taken_nick_in_a_room);
	suite_add_tcase(s, room);
	return s;
}

int
main(void)
{
	return run_suite(client_suite());
}
