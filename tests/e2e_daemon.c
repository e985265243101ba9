/*
 * chatd as a process: how it starts, what it says, how it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

#define ARGS_MAX 8
#define GET      "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

/* What a program that ends by itself did. */
struct outcome {
	int status;
	char *out, *err;
};

static struct outcome
chatd(const char *const *args)
{
	struct program p;
	struct outcome o;

	program_start(&p, "chatd", args);
	read_to_end(p.out, &o.out);
	read_to_end(p.err, &o.err);
	o.status = program_wait(&p);
	return o;
}

static void
outcome_free(struct outcome *o)
{
	free(o->out);
	free(o->err);
}

static void
check_serves(int port)
{
	char *response;
	int fd = tcp_connect(port);

	send_text(fd, GET);
	read_to_end(fd, &response);
	ck_assert_int_eq(strncmp(response, "HTTP/1.1 200 OK\r\n", 17), 0);
	free(response);
	close(fd);
}

/* The ready line. */

START_TEST(ready_line)
{
	char expected[256];
	struct program p;

	daemon_start(&p, NULL);
	ck_assert_int_ne(p.http_port, 0);
	ck_assert_int_ne(p.udp_port, 0);
	snprintf(expected, sizeof(expected),
	    "chatd: ready http=0.0.0.0:%d udp=0.0.0.0:%d model=event pid=%d\n",
	    p.http_port, p.udp_port, (int)p.pid);
	/* A wrapper may be another process than the daemon. */
	if (getenv("CHATD_TEST_WRAPPER") == NULL)
		ck_assert_str_eq(p.ready, expected);
	check_serves(p.http_port);
	daemon_stop(&p);
}
END_TEST

/* Options, and what must stand in the ready line. */
static const struct {
	const char *args[ARGS_MAX];
	const char *in_line, *also;
	int many; /* sockets of each kind */
} lines[] = {
	{ { "--no-http" }, " http=off ", " udp=0.0.0.0:", 1 },
	{ { "--no-udp" }, " udp=off ", " http=0.0.0.0:", 1 },
	{ { "--http=127.0.0.1:0" }, " http=127.0.0.1:", " udp=0.0.0.0:", 1 },
	{ { "--udp=127.0.0.1:0" }, " udp=127.0.0.1:", " http=0.0.0.0:", 1 },
	{ { "--http=0", "--http=127.0.0.1:0", "--udp=0", "--udp=127.0.0.1:0" },
	    " http=", " udp=", 2 },
};

static int
count(const char *s, const char *word)
{
	int n = 0;

	for (; (s = strstr(s, word)) != NULL; s++)
		n++;
	return n;
}

START_TEST(listening)
{
	struct program p;

	daemon_start(&p, lines[_i].args);
	ck_assert_ptr_nonnull(strstr(p.ready, lines[_i].in_line));
	ck_assert_ptr_nonnull(strstr(p.ready, lines[_i].also));
	ck_assert_int_eq(count(p.ready, " http="), lines[_i].many);
	ck_assert_int_eq(count(p.ready, " udp="), lines[_i].many);
	daemon_stop(&p);
}
END_TEST

/* All of several sockets are served. */
START_TEST(several)
{
	static const char *const args[] = { "--http=127.0.0.1:0",
		"--http=127.0.0.1:0", "--http=[::]:0", "--no-udp", NULL };
	struct program p;
	const char *at;

	daemon_start(&p, args);
	for (at = p.ready; (at = strstr(at, " http=")) != NULL; at++) {
		const char *end = at + 1 + strcspn(at + 1, " ");

		while (end[-1] != ':')
			end--;
		check_serves(atoi(end));
	}
	daemon_stop(&p);
}
END_TEST

/* Ports. */

/* A socket bound to every interface as the daemon does it; -1 if taken. */
static int
take_port(int *port)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)*port) };
	socklen_t len = sizeof(at);
	int off = 0, fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&at, len) == -1 ||
	    listen(fd, 1) == -1 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) == -1) {
		close(fd);
		return -1;
	}
	*port = ntohs(at.sin6_port);
	return fd;
}

START_TEST(port_taken)
{
	static const char *const options[] = { "--port", "--http" };
	char option[32], number[16];
	const char *args[] = { option, NULL };
	struct outcome o;
	int port = 0, fd = take_port(&port);

	ck_assert_int_ne(fd, -1);
	snprintf(option, sizeof(option), "%s=%d", options[_i], port);
	snprintf(number, sizeof(number), ":%d", port);
	o = chatd(args);
	ck_assert_int_eq(o.status, 1);
	ck_assert_str_eq(o.out, "");
	ck_assert_ptr_nonnull(strstr(o.err, number));
	ck_assert_ptr_nonnull(strstr(o.err, strerror(EADDRINUSE)));
	ck_assert_int_eq(strncmp(o.err, "chatd: ", 7), 0);
	outcome_free(&o);
	close(fd);
}
END_TEST

/* The default port only moves on. */
START_TEST(default_port_taken)
{
	struct program p;
	char line[256], text[512];
	const char *colon;
	int port = 8080, fd = take_port(&port);

	if (fd == -1) {
		puts("skipped: port 8080 is in use here");
		return;
	}
	program_start(&p, "chatd", (const char *[]){ NULL });
	read_until(p.out, "\n", line, sizeof(line));
	colon = strchr(strstr(line, " http="), ':');
	ck_assert_int_gt(atoi(colon + 1), 8080);
	ck_assert_int_lt(atoi(colon + 1), 8180);
	read_until(p.err, "next free", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "8080"));
	daemon_stop(&p);
	close(fd);
}
END_TEST

START_TEST(restart_after_kill)
{
	char option[32];
	const char *args[] = { option, NULL };
	struct program p;
	int fd, port;

	daemon_start(&p, NULL);
	port = p.http_port;
	fd = tcp_connect(port);
	check_serves(port);
	snprintf(option, sizeof(option), "--http=%d", port);
	kill(p.pid, SIGKILL);
	ck_assert_int_eq(program_wait(&p), 128 + SIGKILL);
	daemon_start(&p, args);
	ck_assert_int_eq(p.http_port, port);
	check_serves(port);
	close(fd);
	daemon_stop(&p);
}
END_TEST

/* The command line. */
static const struct {
	const char *args[ARGS_MAX];
	int status;
	const char *out, *err; /* stands in it; NULL: it is empty */
} usages[] = {
	{ { "--help" }, 0, "Usage: chatd [OPTION]... [ROOT]", NULL },
	{ { "--help", "--no-such" }, 0, "Usage: chatd", NULL },
	{ { "--version" }, 0, "chatd ", NULL },
	{ { "--no-such" }, 2, NULL, "--no-such" },
	{ { "-x" }, 2, NULL, "x" },
	{ { "--port" }, 2, NULL, "port" },
	{ { "--port=" }, 2, NULL, "--port=: should be" },
	{ { "--port=65536" }, 2, NULL, "--port=65536: should be" },
	{ { "--port=-1" }, 2, NULL, "--port=-1: should be" },
	{ { "--port=http" }, 2, NULL, "--port=http: should be" },
	{ { "--http=nowhere:80" }, 2, NULL, "--http=nowhere:80: should be" },
	{ { "--http=127.0.0.1" }, 2, NULL, "--http=127.0.0.1: should be" },
	{ { "--udp=[::1:80" }, 2, NULL, "--udp=[::1:80: should be" },
	{ { "--trust=10.0.0.0/33" }, 2, NULL, "--trust=10.0.0.0/33" },
	{ { "--flood=20" }, 2, NULL, "--flood=20" },
	{ { "--flood=0/10" }, 2, NULL, "--flood=0/10" },
	{ { "--flood=off/" }, 2, NULL, "--flood=off/" },
	{ { "--log-level=loud" }, 2, NULL, "--log-level=loud" },
	{ { "--header-timeout=0" }, 2, NULL, "--header-timeout=0" },
	{ { "--max-connections=0" }, 2, NULL, "--max-connections=0" },
	{ { "--no-http", "--no-udp" }, 2, NULL, "--no-http and --no-udp" },
	{ { "--no-http", "--http=0", "--print-config" }, 2, NULL,
	    "--no-http rules out" },
	{ { "--http=unix:/tmp/socket", "--no-http", "--print-config" }, 2, NULL,
	    "--no-http rules out" },
	{ { "--no-http", "--tls=self", "--print-config" }, 2, NULL,
	    "--no-http rules out" },
	{ { "--no-http", "--tls-cert=/nonexistent", "--print-config" }, 2, NULL,
	    "--no-http rules out" },
	{ { "--no-http", "--tls=off", "--print-config" }, 0, "no-http = yes",
	    NULL },
	{ { "--no-udp", "--udp=0", "--print-config" }, 2, NULL,
	    "--no-udp rules out" },
	{ { "--no-udp", "--http=0", "--print-config" }, 0, "no-udp = yes",
	    NULL },
	{ { "--header=Content-Length: 5", "--print-config" }, 2, NULL,
	    "another field: " },
	{ { "--header=Retry-After: 5", "--print-config" }, 2, NULL,
	    "another field: " },
	{ { "--header=cache-control: no-store", "--print-config" }, 2, NULL,
	    "another field: --cache-control" },
	{ { "--header=Connection: close", "--print-config" }, 2, NULL,
	    "another field: " },
	{ { "--header=Keep-Alive: max=5", "--print-config" }, 2, NULL,
	    "another field: " },
	{ { "--header=Proxy-Connection: close", "--print-config" }, 2, NULL,
	    "another field: " },
	{ { "--header=TE: trailers", "--print-config" }, 2, NULL,
	    "another field: " },
	{ { "--header=Trailer: X-A", "--print-config" }, 2, NULL,
	    "another field: " },
	{ { "--header=Transfer-Encoding: x", "--print-config" }, 2, NULL,
	    "another field: " },
	{ { "--header=upgrade: h2c", "--print-config" }, 2, NULL,
	    "another field: " },
	{ { "--header=Vary: Cookie", "--print-config" }, 0,
	    "header = Vary: Cookie\n", NULL },
	{ { "--root=", "--print-config" }, 2, NULL, "--root=: should be" },
	{ { "--root=/tmp\n", "--print-config" }, 2, NULL,
	    "control characters" },
	{ { "--user=a\tb", "--print-config" }, 2, NULL, "control characters" },
	{ { "--access-log=\x7f", "--print-config" }, 2, NULL,
	    "control characters" },
	{ { "--http=unix:/tmp/a\nb", "--print-config" }, 2, NULL,
	    "control characters" },
	{ { "/tmp/\x1b[2J", "--print-config" }, 2, NULL, "ROOT" },
	{ { "/tmp", "/var" }, 2, NULL, "/var" },
	{ { "" }, 2, NULL, "ROOT" },
	{ { "--port=0", "/nonexistent" }, 1, NULL, "/nonexistent" },
	{ { "--port=0", "/dev/null" }, 1, NULL, "/dev/null" },
	{ { "--port=0", "--config=/nonexistent" }, 1, NULL, "/nonexistent" },
	{ { "--http=192.0.2.1:0" }, 1, NULL, "192.0.2.1" },
};

static void
check_text(const char *got, const char *part)
{
	if (part == NULL)
		ck_assert_str_eq(got, "");
	else
		ck_assert_msg(
		    strstr(got, part) != NULL, "'%s' is not in: %s", part, got);
}

START_TEST(usage)
{
	struct outcome o = chatd(usages[_i].args);

	ck_assert_msg(o.status == usages[_i].status, "%d: %s", o.status, o.err);
	if (usages[_i].err != NULL)
		ck_assert_msg(strncmp(o.err, "chatd: ", 7) == 0, "%s", o.err);
	check_text(o.out, usages[_i].out);
	check_text(o.err, usages[_i].err);
	outcome_free(&o);
}
END_TEST

/* What was asked for and could not be printed is a failure. */
static const char *const printing[] = { "--help", "--version",
	"--print-config" };

START_TEST(print_fails)
{
	static const char script[] = "exec \"$@\" > /dev/full\n";
	const char *args[] = { printing[_i], NULL };
	const char *dir = temp_dir();
	const char *outer = getenv("CHATD_TEST_WRAPPER");
	char command[1024];
	struct outcome o;

	temp_file(dir, "wrapper", script, sizeof(script) - 1);
	snprintf(command, sizeof(command), "sh %s/wrapper %s", dir,
	    outer != NULL ? outer : "");
	setenv("CHATD_TEST_WRAPPER", command, 1);
	o = chatd(args);
	ck_assert_int_eq(o.status, 1);
	check_text(o.err, "chatd: cannot print: ");
	outcome_free(&o);
}
END_TEST

/* --config. */

static const char *
config_file(const char *dir, const char *text)
{
	static char option[1024];

	temp_file(dir, "config", text, strlen(text));
	snprintf(option, sizeof(option), "--config=%s/config", dir);
	return option;
}

static const struct {
	const char *text;
	int line; /* the one that is wrong */
	const char *why;
} configs[] = {
	{ "port = 0\nno-such = 1\n", 2, "no-such" },
	{ "\n# a comment\n\nport = x\n", 4, "port" },
	{ "port = 65536\n", 1, "65536" },
	{ "no-udp = maybe\n", 1, "yes or no" },
	{ "port 80\n", 1, "port 80" },
	{ "= 80\n", 1, "setting" },
	{ "help\n", 1, "help" },
	{ "port = 0\nhttp = nowhere:80", 2, "nowhere" },
};

START_TEST(bad_config)
{
	const char *option = config_file(temp_dir(), configs[_i].text);
	const char *args[] = { option, NULL };
	struct outcome o = chatd(args);
	char place[1100];

	snprintf(place, sizeof(place),
	    "chatd: %s:%d: ", option + sizeof("--config=") - 1,
	    configs[_i].line);
	ck_assert_int_eq(o.status, 2);
	check_text(o.out, NULL);
	check_text(o.err, place);
	check_text(o.err, configs[_i].why);
	outcome_free(&o);
}
END_TEST

START_TEST(good_config)
{
	const char *option = config_file(temp_dir(),
	    "# a comment\n\n  port=0  \nno-udp = yes\nheader-timeout =\t7\n");
	const char *args[] = { option, "--header-timeout=8", "--no-udp",
		"--print-config", NULL };
	struct outcome o = chatd(args);
	struct program p;

	ck_assert_int_eq(o.status, 0);
	check_text(o.out, "port = 0\n");
	check_text(o.out, "no-udp = yes\n");
	check_text(o.out, "header-timeout = 8\n");
	outcome_free(&o);
	args[1] = NULL;
	daemon_start(&p, args);
	ck_assert_ptr_nonnull(strstr(p.ready, " udp=off "));
	daemon_stop(&p);
}
END_TEST

/* The command line wins wherever it names the file, for lists too. */
START_TEST(config_with_crlf)
{
	const char *option =
	    config_file(temp_dir(), "port = 0\r\n\r\nroot = /\r\n");
	const char *args[] = { option, "--print-config", NULL };
	struct outcome o = chatd(args);

	ck_assert_int_eq(o.status, 0);
	check_text(o.out, "port = 0\n");
	check_text(o.out, "root = /\n");
	outcome_free(&o);
}
END_TEST

START_TEST(command_line_wins)
{
	const char *option = config_file(
	    temp_dir(), "port = 1\nhttp = 10.0.0.1:1\nno-udp = yes\n");
	const char *args[] = { "--port=2", "--http=127.0.0.1:3",
		"--print-config", option, NULL };
	struct outcome o = chatd(args);

	ck_assert_int_eq(o.status, 0);
	check_text(o.out, "port = 2\n");
	check_text(o.out, "http = 127.0.0.1:3\n");
	ck_assert_int_eq(count(o.out, "http = "), 2); /* and no-http */
	outcome_free(&o);
}
END_TEST

/* Of settings, one line of what is printed. */
static const struct {
	const char *args[ARGS_MAX];
	const char *line;
} prints[] = {
	{ { "--print-config" }, "# port = 8080\n" },
	{ { "--port=8080", "--print-config", "/tmp" },
	    "root = /tmp\nport = 8080\n" },
	{ { "--port=0", "--http=[::1]:80", "--http=*:81", "--http=unix:a b#c",
	      "--udp=127.0.0.1:82", "--trust=10.0.0.0/8", "--print-config" },
	    "\nhttp = unix:a b#c\n" },
	{ { "--no-http", "--udp=0", "--print-config" }, "\nno-http = yes\n" },
	{ { "--no-udp", "--tls-cert=cert", "--tls-key=key", "--print-config" },
	    "\nno-udp = yes\n" },
	{ { "--cache-control= a,\t b ", "--header=X-A:", "--header=X-B: c: d",
	      "--error-pages=#", "--access-log=-", "--print-config" },
	    "\nheader = X-B: c: d\n" },
	{ { "--cache-control=", "--status=off", "--tls=self",
	      "--access-log-format=json", "--user=\xff", "--print-config" },
	    "\nuser = \xff\n" },
	{ { "--trust=fd00::/8", "--flood=off", "--console", "--log-level=debug",
	      "--history-limit=5", "--print-config", "/var/tmp" },
	    "trust = fd00::/8\n" },
};

/* Read again, it is the same. */
START_TEST(printed_config)
{
	const char *again[] = { NULL, "--print-config", NULL };
	struct outcome first = chatd(prints[_i].args), second;

	ck_assert_msg(first.status == 0, "%s", first.err);
	check_text(first.out, prints[_i].line);
	again[0] = config_file(temp_dir(), first.out);
	second = chatd(again);
	ck_assert_msg(second.status == 0, "%s", second.err);
	ck_assert_str_eq(second.out, first.out);
	outcome_free(&first);
	outcome_free(&second);
}
END_TEST

/* stdin and stdout. */

/* The daemon has done all that came before and serves on. */
static void
check_lives(struct program *p)
{
	check_serves(p->http_port);
	check_serves(p->http_port);
}

START_TEST(stdin_ends)
{
	struct program p;

	daemon_start(&p, NULL);
	send_text(p.in, "/quit\n");
	program_close_stdin(&p);
	check_lives(&p);
	daemon_stop(&p);
}
END_TEST

/* Started by a shell with its descriptors so; the port is in a file. */
static const char *const redirections[] = { "<&-", "</dev/null", "<&- 2>&-",
	"</dev/zero", "</etc/passwd" };

START_TEST(stdin_is)
{
	const char *dir = temp_dir();
	char command[2048], line[256];
	const char *build = getenv("CHATD_BUILDDIR");
	FILE *f;

	snprintf(command, sizeof(command),
	    "%s/chatd --port=0 %s & pid=$!; trap 'kill $pid; wait $pid' EXIT; "
	    "read _ < %s/go",
	    build != NULL ? build : ".", redirections[_i], dir);
	snprintf(line, sizeof(line), "%s/go", dir);
	ck_assert_int_eq(mkfifo(line, 0600), 0);
	f = popen(command, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(command, sizeof(command), f));
	ck_assert_int_eq(strncmp(command, "chatd: ready http=", 18), 0);
	check_serves(atoi(strchr(command + 18, ':') + 1));
	check_serves(atoi(strchr(command + 18, ':') + 1));
	temp_file(dir, "go", "\n", 1);
	ck_assert_ptr_null(fgets(command, sizeof(command), f));
	ck_assert_int_eq(pclose(f), 0);
}
END_TEST

START_TEST(stdout_closed)
{
	char answer[2048];
	struct program p;
	int fd;

	daemon_start(&p, NULL);
	close(p.out);
	p.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = udp_connect(p.udp_port);
	send_text(fd, "what the console prints");
	send_text(fd, "/who");
	recv_until(fd, "127.0.0.1@", answer, sizeof(answer));
	check_lives(&p);
	close(fd);
	daemon_stop(&p);
}
END_TEST

/* A pipe that takes no more: the chat's lines are dropped, HTTP goes on. */
START_TEST(stdout_full)
{
	static const char *const args[] = { "--flood=off", NULL };
	char text[1000], answer[2048];
	struct program p;
	int fd;

	daemon_start(&p, args);
	fcntl(p.out, F_SETPIPE_SZ, 4096);
	fd = udp_connect(p.udp_port);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 500; i++)
		send_text(fd, text);
	send_text(fd, "/who");
	recv_until(fd, "127.0.0.1@", answer, sizeof(answer));
	check_lives(&p);
	close(fd);
	daemon_stop(&p);
}
END_TEST

/* Signals. */

START_TEST(hangup)
{
	struct program p;
	char text[512];

	daemon_start(&p, NULL);
	kill(p.pid, SIGHUP);
	read_until(p.err, "SIGHUP", text, sizeof(text));
	check_lives(&p);
	daemon_stop(&p);
}
END_TEST

static const int ends[] = { SIGTERM, SIGINT };

START_TEST(ended)
{
	struct program p;

	daemon_start(&p, NULL);
	kill(p.pid, ends[_i]);
	ck_assert_int_eq(program_wait(&p), 0);
}
END_TEST

static void
add_start_tests(TCase *tc)
{
	tcase_add_test(tc, ready_line);
	tcase_add_loop_test(tc, listening, 0, CASES(lines));
	tcase_add_test(tc, several);
	tcase_add_loop_test(tc, port_taken, 0, 2);
	tcase_add_test(tc, default_port_taken);
	tcase_add_test(tc, restart_after_kill);
}

static Suite *
daemon_suite(void)
{
	Suite *suite = suite_create("e2e_daemon");
	TCase *tc = tcase_create("daemon");

	add_start_tests(tc);
	tcase_add_loop_test(tc, usage, 0, CASES(usages));
	tcase_add_loop_test(tc, print_fails, 0, CASES(printing));
	tcase_add_loop_test(tc, bad_config, 0, CASES(configs));
	tcase_add_test(tc, good_config);
	tcase_add_test(tc, config_with_crlf);
	tcase_add_test(tc, command_line_wins);
	tcase_add_loop_test(tc, printed_config, 0, CASES(prints));
	tcase_add_test(tc, stdin_ends);
	tcase_add_loop_test(tc, stdin_is, 0, CASES(redirections));
	tcase_add_test(tc, stdout_closed);
	tcase_add_test(tc, stdout_full);
	tcase_add_test(tc, hangup);
	tcase_add_loop_test(tc, ended, 0, CASES(ends));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(daemon_suite());
}
