/*
 * The chat client in its native dialect: through pipes and on a terminal,
 * with a chatd that is stopped, killed and started anew meanwhile.
 */
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "chat/wire.h"
#include "tests/daemon.h"
#include "tests/run.h"

#define LOST_MILLIS 9000 /* near the time after which a server is lost */

/* Each test has a process, and so one of each, of its own. */
static struct program daemon_, alice, bob, carol;
static char port[16];
static char seen[131072];

static void
start_daemon(const char *option)
{
	const char *args[] = { option, NULL };

	daemon_start(&daemon_, args);
	snprintf(port, sizeof(port), "%d", daemon_.udp_port);
}

/* Another one at the same port, which knows nothing of the first. */
static void
replace_daemon(void)
{
	char udp[32];
	const char *args[] = { udp, NULL };

	kill(daemon_.pid, SIGKILL);
	ck_assert_int_eq(program_wait(&daemon_), 128 + SIGKILL);
	snprintf(udp, sizeof(udp), "--udp=%s", port);
	daemon_start(&daemon_, args);
}

static void
start_as(struct program *p, const char *nick, const char *option)
{
	const char *args[] = { nick, "127.0.0.1", port, option, NULL };

	program_start(p, "chat", args);
	read_until(p->out, "/help", seen, sizeof(seen));
	read_until(p->out, "\n", seen, sizeof(seen));
}

static void
start_both(void)
{
	start_daemon("--flood=off");
	start_as(&alice, "--nick=alice", NULL);
	start_as(&bob, "--nick=bob", NULL);
}

/* The next line that is none of the server's own. */
static void
prints(const struct program *p, const char *line)
{
	do {
		read_until(p->out, "\n", seen, sizeof(seen));
		seen[strlen(seen) - 1] = '\0';
	} while (strncmp(seen, "* ", 2) == 0 && strcmp(seen, line) != 0);
	ck_assert_str_eq(seen, line);
}

static void
complains(const struct program *p, const char *text)
{
	read_until(p->err, text, seen, sizeof(seen));
}

static void
finish(struct program *p)
{
	program_close_stdin(p);
	ck_assert_int_eq(program_wait(p), 0);
}

/* Through pipes. */

START_TEST(test_two_talk)
{
	start_both();
	send_text(alice.in, "hello \xc3\xa4\r\n\n  \n//slash");
	send_text(alice.in, "ed\n/me waves\n/msg bob psst\n");
	prints(&bob, "[alice]: hello \xc3\xa4");
	prints(&bob, "[alice]: /slashed");
	prints(&bob, "* alice waves");
}
END_TEST

START_TEST(test_lines_come_in_order)
{
	enum {
		LINES = 1500
	};
	char line[32];
	int sent = 0, come = 0;

	start_both();
	/* Not all at once, since the pipe from bob is not read meanwhile. */
	while (come < LINES) {
		for (; sent < LINES && sent < come + 500; sent++) {
			snprintf(line, sizeof(line), "line %d\n", sent);
			send_text(alice.in, line);
		}
		for (; come < sent; come++) {
			snprintf(line, sizeof(line), "[alice]: line %d", come);
			prints(&bob, line);
		}
	}
	finish(&alice);
	finish(&bob);
	daemon_stop(&daemon_);
}
END_TEST

/* More than a pipe and the client hold, and nobody reads it meanwhile. */
START_TEST(test_a_slow_reader_gets_all)
{
	enum {
		LINES = 400
	};
	char line[1024], shown[1100];

	start_both();
	for (int i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line), "%01000d\n", i);
		send_text(alice.in, line);
	}
	finish(&alice);
	for (int i = 0; i < LINES; i++) {
		snprintf(shown, sizeof(shown), "[alice]: %01000d", i);
		prints(&bob, shown);
	}
	finish(&bob);
}
END_TEST

/* The end of the input comes long before the last line is taken. */
START_TEST(test_what_floods_waits)
{
	start_daemon("--flood=3/1");
	start_as(&alice, "--nick=alice", NULL);
	start_as(&bob, "--nick=bob", NULL);
	send_text(alice.in, "1\n2\n3\n4\n5\n6\n7\n");
	program_close_stdin(&alice);
	prints(&bob, "[alice]: 1");
	prints(&bob, "[alice]: 2");
	prints(&bob, "[alice]: 3");
	prints(&bob, "[alice]: 4");
	prints(&bob, "[alice]: 5");
	prints(&bob, "[alice]: 6");
	prints(&bob, "[alice]: 7");
	ck_assert_int_eq(program_wait(&alice), 0);
}
END_TEST

START_TEST(test_quit_ends_the_input)
{
	start_both();
	send_text(alice.in, "one\n/quit\ntwo\n");
	ck_assert_int_eq(program_wait(&alice), 0);
	prints(&bob, "[alice]: one");
	read_until(bob.out, "alice left", seen, sizeof(seen));
}
END_TEST

START_TEST(test_a_signal_leaves)
{
	start_both();
	kill(alice.pid, SIGTERM);
	ck_assert_int_eq(program_wait(&alice), 0);
	read_until(bob.out, "alice left", seen, sizeof(seen));
}
END_TEST

START_TEST(test_what_is_refused_is_counted)
{
	start_both();
	send_text(alice.in, "/nosuch\nhello\n/nick two words\n");
	program_close_stdin(&alice);
	complains(&alice, "not said: ");
	complains(&alice, "not said: ");
	complains(&alice, "chat: 2 lines were not delivered\n");
	ck_assert_int_eq(program_wait(&alice), 1);
	prints(&bob, "[alice]: hello");
}
END_TEST

START_TEST(test_linger_listens_on)
{
	start_daemon(NULL);
	start_as(&alice, "--nick=alice", "--linger=60");
	program_close_stdin(&alice);
	start_as(&bob, "--nick=bob", NULL);
	send_text(bob.in, "still there?\n");
	prints(&alice, "[bob]: still there?");
}
END_TEST

/* A piece begins neither within a character nor with a slash. */
START_TEST(test_a_long_line_comes_in_pieces)
{
	static char text[CHAT_TEXT_MAX + 64], want[CHAT_TEXT_MAX + 64];

	start_both();
	memset(text, 'x', CHAT_TEXT_MAX + 9);
	memcpy(text + CHAT_TEXT_MAX - 1, "\xc3\xa4", 2);
	text[CHAT_TEXT_MAX + 9] = '\n';
	send_text(alice.in, text);
	snprintf(want, sizeof(want), "[alice]: %.*s", CHAT_TEXT_MAX - 1, text);
	prints(&bob, want);
	prints(&bob, "[alice]: \xc3\xa4xxxxxxxx");

	memset(text, 'y', CHAT_TEXT_MAX + 3);
	text[CHAT_TEXT_MAX] = '/';
	snprintf(text + CHAT_TEXT_MAX + 3, 2, "\n");
	send_text(alice.in, text);
	snprintf(want, sizeof(want), "[alice]: %.*s", CHAT_TEXT_MAX - 1, text);
	prints(&bob, want);
	prints(&bob, "[alice]: y/yy");
}
END_TEST

START_TEST(test_rooms)
{
	start_daemon(NULL);
	start_as(&alice, "--nick=alice", "--room=den");
	start_as(&bob, "--nick=bob", "--room=den");
	start_as(&bob, "--nick=bob", "--room=attic");
	send_text(bob.in, "in the attic\n/join den\nin the den\n");
	prints(&alice, "[bob2]: in the den");
}
END_TEST

/* Who they are. */

START_TEST(test_a_nick_is_kept_for_its_owner)
{
	start_daemon(NULL);
	start_as(&alice, "--nick=alice", NULL);
	start_as(&bob, "--nick=Alice", NULL);
	complains(&bob, "chat: you are called Alice2 here, not Alice\n");
	finish(&bob);
	finish(&alice);

	setenv("XDG_STATE_HOME", temp_dir(), 1);
	start_as(&bob, "--nick=alice", NULL);
	complains(&bob, "you are called alice2 here");
}
END_TEST

START_TEST(test_a_nick_is_known_again)
{
	start_daemon(NULL);
	start_as(&alice, "--nick=alice", NULL);
	start_as(&bob, "--nick=bob", NULL);
	finish(&alice);
	start_as(&alice, "--nick=ALICE", NULL);
	send_text(alice.in, "me again\n");
	prints(&bob, "[ALICE]: me again");
}
END_TEST

START_TEST(test_the_secret_is_private)
{
	const char *state = getenv("XDG_STATE_HOME");
	char path[4096];
	struct stat st;

	start_daemon(NULL);
	start_as(&alice, "--nick=alice", NULL);
	snprintf(path, sizeof(path), "%s/chatd", state);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
}
END_TEST

/* Where it cannot be kept: a directory that is none, and no directory. */
static const char *const no_homes[] = { "/dev/null", "relative" };

START_TEST(test_nowhere_to_keep_the_secret)
{
	unsetenv("HOME");
	setenv("XDG_STATE_HOME", no_homes[_i], 1);
	start_both();
	send_text(alice.in, "hello\n");
	prints(&bob, "[alice]: hello");
	finish(&alice);
}
END_TEST

/* Without a server. */

static int
open_silent_server(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(name);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, len), 0);
	getsockname(fd, (struct sockaddr *)&name, &len);
	snprintf(port, sizeof(port), "%d", ntohs(name.sin_port));
	return fd;
}

static void
fails_to_reach(const char *why)
{
	const char *args[] = { "127.0.0.1", port, NULL };
	char want[256];

	program_start(&alice, "chat", args);
	snprintf(want, sizeof(want),
	    "chat: cannot reach 127.0.0.1:%s: %s (is chatd running there?%s",
	    port, why,
	    why[0] == 'n' ? " try --plain for other servers)\n" : ")\n");
	complains(&alice, want);
	ck_assert_int_eq(program_wait(&alice), 1);
}

START_TEST(test_nobody_listens_there)
{
	close(open_silent_server());
	fails_to_reach("Connection refused");
}
END_TEST

START_TEST(test_nobody_answers)
{
	int fd = open_silent_server();

	fails_to_reach("no answer");
	close(fd);
}
END_TEST

/* Whoever gets alice's answer has got the ACK for what it answers before. */
START_TEST(test_a_new_server_gets_what_the_old_one_did_not)
{
	start_both();
	send_text(bob.in, "one\n");
	prints(&alice, "[bob]: one");
	send_text(alice.in, "yes\n");
	prints(&bob, "[alice]: yes");
	kill(daemon_.pid, SIGSTOP);
	send_text(bob.in, "two\nthree\n");
	replace_daemon();
	/* She finds out as soon as she says something. */
	send_text(alice.in, "what?\n");
	prints(&bob, "[alice]: what?");
	prints(&alice, "[bob]: two");
	prints(&alice, "[bob]: three");
	send_text(bob.in, "four\n");
	prints(&alice, "[bob]: four");
	complains(&alice, "begun anew");
	finish(&alice);
	finish(&bob);
}
END_TEST

/* A server that is in the test itself, and rude. */

static void
answer(int fd, uint64_t context, const struct wire_frame *f)
{
	struct wire_out out;
	struct str datagram;

	wire_begin(&out, context);
	ck_assert_int_eq(wire_add(&out, f), 0);
	datagram = wire_datagram(&out);
	send_all(fd, datagram.p, datagram.len);
}

/* The next datagram's first frame, and its context. */
static struct wire_frame
receive(int fd, uint64_t *context)
{
	static char bytes[2048];
	struct wire_frame f;
	struct str datagram = { bytes,
		recv_datagram(fd, bytes, sizeof(bytes)) };

	ck_assert_int_eq(wire_open(&datagram, context), 0);
	ck_assert_int_eq(wire_next(&datagram, &f), 1);
	return f;
}

static void
connect_to_sender(int fd)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char byte;

	is_silent(fd, WAIT_SECONDS * 1000);
	ck_assert_int_ge(recvfrom(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len),
	    0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&from, len), 0);
}

/* Lets the client in; returns its session. */
static uint64_t
let_in(int fd)
{
	struct wire_frame cookie = { .type = WIRE_COOKIE, .u.cookie = 1 };
	struct wire_frame state = { .type = WIRE_STATE };
	uint64_t session;

	connect_to_sender(fd);
	ck_assert_int_eq(receive(fd, &session).type, WIRE_HELLO);
	answer(fd, session, &cookie);
	ck_assert_int_eq(receive(fd, &session).type, WIRE_JOIN);
	state.u.state.room_id = 7;
	state.u.state.first = 1;
	state.u.state.you = 5;
	state.u.state.identity = 6;
	state.u.state.nick = STR("b\033[1mb");
	state.u.state.room = STR("r\033[1mr");
	state.u.state.began = 1;
	answer(fd, session, &state);
	return session;
}

START_TEST(test_nothing_rude_reaches_the_terminal)
{
	static const char rude[] = "\033]0;title\007\033[31m\r\n\x9b\xff";
	const char *args[] = { "--nick=bob", "127.0.0.1", port, NULL };
	struct wire_frame f = { .type = WIRE_MESSAGE };
	struct str text = { rude, sizeof(rude) - 1 };
	int fd = open_silent_server();
	uint64_t session;

	setenv("NO_COLOR", "1", 1);
	setenv("TERM", "xterm", 1);
	program_start_pty(&alice, "chat", args);
	session = let_in(fd);
	f.u.message = (struct message){ .seq = 1,
		.author = 9,
		.sender = 9,
		.nick = text,
		.to_nick = text,
		.text = text,
		.via = text };
	answer(fd, 7, &f);
	f = (struct wire_frame){ .type = WIRE_NOTICE, .u.text = text };
	answer(fd, 7, &f);
	f = (struct wire_frame){ .type = WIRE_BYE, .u.text = text };
	answer(fd, session, &f);
	read_until(alice.out, "chat: ", seen, sizeof(seen));
	ck_assert_ptr_ne(strstr(seen, "title"), NULL);
	ck_assert_ptr_eq(strstr(seen, "\033]0;"), NULL);
	ck_assert_ptr_eq(strstr(seen, "\033[31m"), NULL);
	ck_assert_ptr_eq(strstr(seen, "\033[1m"), NULL);
	ck_assert_ptr_eq(strchr(seen, '\007'), NULL);
	ck_assert_int_eq(program_wait(&alice), 1);
}
END_TEST

/* On a terminal. */

static void
types(const char *text)
{
	send_text(bob.in, text);
}

static void
shows(const char *text)
{
	read_until(bob.out, text, seen, sizeof(seen));
}

/* bob on a terminal, with alice in the room; option may be NULL. */
static void
start_terminal(const char *option)
{
	const char *args[] = { "--nick=bob", "127.0.0.1", port, option, NULL };

	start_daemon("--flood=off");
	start_as(&alice, "--nick=alice", NULL);
	setenv("TERM", "xterm", 1);
	program_start_pty(&bob, "chat", args);
	shows("in lobby as bob");
	shows("/help");
	shows("\n");
}

/* Without libedit the terminal keeps its own line mode. */
static bool
has_no_editing(void)
{
	struct termios mode;

	tcgetattr(bob.out, &mode);
	if ((mode.c_lflag & (tcflag_t)ICANON) == 0)
		return false;
	fprintf(stderr, "SKIPPED: chat is built without libedit\n");
	return true;
}

static void
says(const char *line)
{
	send_text(alice.in, line);
	send_text(alice.in, "\n");
}

static bool
has_shown(const char *text)
{
	return strstr(seen, text) != NULL;
}

START_TEST(test_what_is_typed_is_shown_once)
{
	setenv("NO_COLOR", "1", 1);
	start_terminal(NULL);
	if (has_no_editing())
		return;
	types("hello\r");
	shows(" [bob]: hello\r\n");
	ck_assert(has_shown("\033[1A\r\033[J"));
	prints(&alice, "[bob]: hello");
	types("half ty");
	shows("half ty");
	says("in between");
	shows(" [alice]: in between\r\n");
	ck_assert(!has_shown("hello"));
	shows(": half ty");
	types("ped\r");
	shows(" [bob]: half typed\r\n");
	prints(&alice, "[bob]: half typed");
	types("\004");
	ck_assert_int_eq(program_wait(&bob), 0);
}
END_TEST

static const struct {
	const char *option;
	const char *said;
	const char *shown;
} looks[] = {
	{ NULL, "hi Bob!",
	    "\033[1m[\033[38;5;*malice\033[0m\033[1m]: hi Bob!\033[0m\a\r\n" },
	{ "--no-bell",
	    "hi b\xd0\xbe"
	    "b!",
	    "]: hi b\xd0\xbe"
	    "b!\033[0m\r\n" },
	{ "--no-color", "bob?", " [alice]: bob?\a\r\n" },
	{ "--no-color", "bobby", " [alice]: bobby\r\n" },
	{ NULL, "/msg bob psst", " -> you]: psst\033[0m\a\r\n" },
	{ NULL, "/me waves", "\033[3m waves\033[0m\r\n" },
	{ "--no-time", "hi", "\033[J[\033[38;5;*malice\033[0m]: hi\r\n" },
};

/* A * stands for digits. */
static void
shows_like(const char *pattern)
{
	char head[128];
	const char *star = strchr(pattern, '*');

	if (star == NULL) {
		shows(pattern);
		return;
	}
	snprintf(head, sizeof(head), "%.*s", (int)(star - pattern), pattern);
	shows(head);
	shows(star + 1);
	ck_assert_uint_le(strspn(seen, "0123456789"), 3);
	ck_assert_uint_eq(
	    strspn(seen, "0123456789") + strlen(star + 1), strlen(seen));
}

START_TEST(test_looks)
{
	start_terminal(looks[_i].option);
	if (has_no_editing())
		return;
	says(looks[_i].said);
	shows_like(looks[_i].shown);
}
END_TEST

START_TEST(test_ignored_is_not_shown)
{
	setenv("NO_COLOR", "1", 1);
	start_terminal(NULL);
	if (has_no_editing())
		return;
	types("/ignore ALICE\r");
	shows("ALICE is ignored");
	says("not seen");
	says("/msg bob neither");
	says("/nick carol");
	shows("is now carol");
	ck_assert(!has_shown("not seen"));
	ck_assert(!has_shown("neither"));
	types("/ignored\r");
	shows("* ALICE is ignored");
	types("/unignore alice\r");
	shows("not ignored any more");
	says("/nick alice");
	says("seen");
	shows("[alice]: seen");
}
END_TEST

START_TEST(test_bell)
{
	setenv("NO_COLOR", "1", 1);
	start_terminal(NULL);
	types("/bell off\r");
	shows("the bell is off");
	says("bob?");
	shows("]: bob?\r\n");
	types("/bell on\r");
	shows("the bell is on");
	says("bob!");
	shows("]: bob!\a\r\n");
}
END_TEST

START_TEST(test_completion)
{
	setenv("NO_COLOR", "1", 1);
	start_terminal(NULL);
	if (has_no_editing())
		return;
	says("hi");
	shows("]: hi\r\n");
	types("/unig\tAL\t\r");
	shows("nobody of that nick is ignored");
	types("/kic\tal\t\r");
	shows("operator");
}
END_TEST

START_TEST(test_the_past_is_apart)
{
	const char *args[] = { "--nick=bob", "127.0.0.1", port, NULL };

	setenv("NO_COLOR", "1", 1);
	start_both();
	says("long ago");
	prints(&bob, "[alice]: long ago");
	finish(&bob);
	setenv("TERM", "xterm", 1);
	program_start_pty(&bob, "chat", args);
	shows("--- earlier ---\r\n");
	shows(" [alice]: long ago\r\n");
	shows("--- now ---\r\n");
}
END_TEST

START_TEST(test_the_past_is_not_for_pipes)
{
	start_both();
	says("long ago");
	prints(&bob, "[alice]: long ago");
	finish(&bob);
	start_as(&bob, "--nick=bob", NULL);
	says("now");
	prints(&bob, "[alice]: now");
}
END_TEST

/* For longer than a user is left in doubt; who only pipes does not wait. */
START_TEST(test_a_lost_server_is_told_of_once)
{
	setenv("NO_COLOR", "1", 1);
	start_terminal(NULL);
	if (has_no_editing())
		return;
	start_as(&carol, "--nick=carol", NULL);
	kill(daemon_.pid, SIGSTOP);
	send_text(carol.in, "in vain\n");
	program_close_stdin(&carol);
	types("one\r");
	shows("waiting: one\r\n");
	types("two\r");
	shows("waiting: two\r\n");
	is_silent(bob.out, LOST_MILLIS);
	shows("* the server does not answer; still trying\r\n");
	complains(&carol, "chat: 1 line was not delivered\n");
	ck_assert_int_eq(program_wait(&carol), 1);
	kill(daemon_.pid, SIGCONT);
	shows("the server answers again\r\n");
	ck_assert(!has_shown("does not answer"));
	shows(" [bob]: one\r\n");
	shows(" [bob]: two\r\n");
	ck_assert(!has_shown(" [bob]: one\r\n"));
	types("\004");
	ck_assert_int_eq(program_wait(&bob), 0);
}
END_TEST

/* Who leaves does not wait for ever. */
START_TEST(test_what_is_left_is_counted)
{
	setenv("NO_COLOR", "1", 1);
	start_terminal(NULL);
	if (has_no_editing())
		return;
	kill(daemon_.pid, SIGSTOP);
	types("one\r");
	shows("waiting: one\r\n");
	types("\004");
	shows("chat: 1 line was not delivered");
	ck_assert_int_eq(program_wait(&bob), 1);
	kill(daemon_.pid, SIGCONT);
}
END_TEST

static void
setup(void)
{
	setenv("XDG_STATE_HOME", temp_dir(), 1);
	unsetenv("NO_COLOR");
}

static TCase *
add_case(Suite *s, const char *name)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, setup, NULL);
	suite_add_tcase(s, t);
	return t;
}

static void
add_pipe_tests(TCase *t)
{
	tcase_add_test(t, test_two_talk);
	tcase_add_test(t, test_lines_come_in_order);
	tcase_add_test(t, test_a_slow_reader_gets_all);
	tcase_add_test(t, test_what_floods_waits);
	tcase_add_test(t, test_quit_ends_the_input);
	tcase_add_test(t, test_a_signal_leaves);
	tcase_add_test(t, test_what_is_refused_is_counted);
	tcase_add_test(t, test_linger_listens_on);
	tcase_add_test(t, test_a_long_line_comes_in_pieces);
	tcase_add_test(t, test_rooms);
	tcase_add_test(t, test_the_past_is_not_for_pipes);
}

static void
add_identity_tests(TCase *t)
{
	tcase_add_test(t, test_a_nick_is_kept_for_its_owner);
	tcase_add_test(t, test_a_nick_is_known_again);
	tcase_add_test(t, test_the_secret_is_private);
	tcase_add_loop_test(
	    t, test_nowhere_to_keep_the_secret, 0, CASES(no_homes));
}

static void
add_server_tests(TCase *t)
{
	tcase_add_test(t, test_nobody_listens_there);
	tcase_add_test(t, test_nobody_answers);
	tcase_add_test(t, test_a_new_server_gets_what_the_old_one_did_not);
	tcase_add_test(t, test_nothing_rude_reaches_the_terminal);
}

static void
add_terminal_tests(TCase *t)
{
	tcase_add_test(t, test_what_is_typed_is_shown_once);
	tcase_add_loop_test(t, test_looks, 0, CASES(looks));
	tcase_add_test(t, test_ignored_is_not_shown);
	tcase_add_test(t, test_bell);
	tcase_add_test(t, test_completion);
	tcase_add_test(t, test_the_past_is_apart);
	tcase_add_test(t, test_a_lost_server_is_told_of_once);
	tcase_add_test(t, test_what_is_left_is_counted);
}

static Suite *
talk_suite(void)
{
	Suite *s = suite_create("talk");

	add_pipe_tests(add_case(s, "pipe"));
	add_identity_tests(add_case(s, "identity"));
	add_server_tests(add_case(s, "server"));
	add_terminal_tests(add_case(s, "terminal"));
	return s;
}

int
main(void)
{
	return run_suite(talk_suite());
}
