/*
 * chatd's HTTP side over time: what is sent arrives whole and in order, and
 * no client is in the way of another.  What single requests are answered
 * with is in e2e_rfc and its like, and more of slow clients in e2e_slow.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/daemon.h"
#include "tests/run.h"

#define MIB (1 << 20)
#define BIG (64 * MIB)
#define MID (8 * MIB)

#define HOST  " HTTP/1.1\r\nHost: h\r\n"
#define CLOSE HOST "Connection: close\r\n\r\n"

static struct {
	const char *root;
	char *big; /* of BIG and of MID: the same */
	struct program p;
} site;

static void
start(const char *option)
{
	const char *args[] = { site.root, option, NULL };

	daemon_start(&site.p, args);
}

static void
setup(void)
{
	uint32_t state = 1;

	site.root = temp_dir();
	site.big = malloc(BIG);
	ck_assert_ptr_nonnull(site.big);
	for (size_t i = 0; i < BIG; i++) {
		state = state * 1664525 + 1013904223;
		site.big[i] = (char)(state >> 24);
	}
	temp_file(site.root, "big", site.big, BIG);
	temp_file(site.root, "mid", site.big, MID);
	temp_file(site.root, "small.txt", "small", 5);
}

static void
teardown(void)
{
	free(site.big);
}

static int
dial(void)
{
	return tcp_connect(site.p.http_port);
}

static int
request(const char *text)
{
	int fd = dial();

	send_text(fd, text);
	return fd;
}

static struct str
content(const char *response, size_t len)
{
	const char *end = memmem(response, len, "\r\n\r\n", 4);

	ck_assert_ptr_nonnull(end);
	end += 4;
	return (struct str){ end, len - (size_t)(end - response) };
}

/* All that fd answers to its end is one response with this content. */
static void
check_answer(int fd, const char *expected, size_t expected_len)
{
	char *response;
	size_t len = read_to_end(fd, &response);
	struct str got = content(response, len);

	ck_assert_int_eq(strncmp(response, "HTTP/1.1 200 ", 13), 0);
	ck_assert_uint_eq(got.len, expected_len);
	ck_assert_int_eq(memcmp(got.p, expected, expected_len), 0);
	free(response);
	close(fd);
}

/* The server answers somebody new. */
static void
check_serves(void)
{
	check_answer(request("GET /small.txt" CLOSE), "small", 5);
}

/* What is sent arrives. */

START_TEST(intact)
{
	int silent[200];

	start(NULL);
	for (int i = 0; i < 200; i++)
		silent[i] = dial();
	check_answer(request("GET /big" CLOSE), site.big, BIG);
	check_serves();
	for (int i = 0; i < 200; i++)
		close(silent[i]);
	daemon_stop(&site.p);
}
END_TEST

START_TEST(stalled_beside_quick)
{
	int stalled;

	start(NULL);
	stalled = request("GET /big" CLOSE);
	for (int i = 0; i < 10; i++)
		check_serves();
	check_answer(stalled, site.big, BIG);
	daemon_stop(&site.p);
}
END_TEST

START_TEST(half_close)
{
	int fd;

	start(NULL);
	fd = request("GET /big" HOST "\r\n");
	shutdown(fd, SHUT_WR);
	check_answer(fd, site.big, BIG);
	daemon_stop(&site.p);
}
END_TEST

START_TEST(keep_alive)
{
	char response[1024];
	int fd;

	start(NULL);
	fd = dial();
	for (int i = 0; i < 3; i++) {
		send_text(fd, "GET /small.txt" HOST "\r\n");
		read_until(fd, "\r\n\r\nsmall", response, sizeof(response));
		ck_assert_ptr_null(response_field(response, "Connection"));
	}
	send_text(fd, "GET /small.txt" CLOSE);
	check_answer(fd, "small", 5);
	daemon_stop(&site.p);
}
END_TEST

/* Pipelining. */

/* How often text stands in what was read. */
static int
count(const char *data, size_t len, const char *text)
{
	const char *at = data, *end = data + len;
	int n = 0;

	while ((at = memmem(at, (size_t)(end - at), text, strlen(text)))) {
		at += strlen(text);
		n++;
	}
	return n;
}

START_TEST(pipelined)
{
	struct buf b = { 0 };
	char *response;
	size_t len;
	int fd;

	start(NULL);
	for (int i = 0; i < 99; i++)
		buf_add_str(&b, STR("GET /small.txt" HOST "\r\n"));
	buf_add_str(&b, STR("GET /small.txt" CLOSE));
	fd = dial();
	send_all(fd, buf_data(&b), buf_len(&b));
	len = read_to_end(fd, &response);
	ck_assert_int_eq(count(response, len, "HTTP/1.1 200 "), 100);
	ck_assert_int_eq(count(response, len, "\r\n\r\nsmall"), 100);
	free(response);
	buf_free(&b);
	close(fd);
	daemon_stop(&site.p);
}
END_TEST

static void
check_after_files(int fd, int files)
{
	char *response;
	size_t len = read_to_end(fd, &response);
	struct str rest = { response, len };

	for (int i = 0; i < files; i++) {
		rest = content(rest.p, rest.len);
		ck_assert_uint_ge(rest.len, MID);
		ck_assert_int_eq(memcmp(rest.p, site.big, MID), 0);
		rest = (struct str){ rest.p + MID, rest.len - MID };
	}
	ck_assert(str_eq(content(rest.p, rest.len), STR("small")));
	free(response);
	close(fd);
}

/* What was asked for behind a large file comes after it, and at once. */
START_TEST(pipelined_behind_files)
{
	static const char files[] = "GET /mid" HOST "\r\nGET /mid" HOST "\r\n";
	char text[512];
	int fd;

	start(NULL);
	snprintf(text, sizeof(text), "%sGET /small.txt" CLOSE, files);
	check_after_files(request(text), 2);
	snprintf(text, sizeof(text), "%sGET /small.txt" HOST "\r\n", files);
	fd = request(text);
	shutdown(fd, SHUT_WR);
	check_after_files(fd, 2);
	daemon_stop(&site.p);
}
END_TEST

START_TEST(ipv6)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	start(NULL);
	to.sin6_port = htons((uint16_t)site.p.http_port);
	if (fd == -1 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1) {
		printf("skipped: no IPv6 here: %s\n", strerror(errno));
	} else {
		send_text(fd,
		    "GET /small.txt HTTP/1.1\r\nHost: [::1]\r\n"
		    "Connection: close\r\n\r\n");
		check_answer(fd, "small", 5);
	}
	daemon_stop(&site.p);
}
END_TEST

/* An error's answer can be read by who is still sending. */
static const struct {
	const char *start, *status;
} lingers[] = {
	{ "GET / HTTP/1.1\r\n\r\n", "400" },
	{ "POST /" HOST "Content-Length: 20000000\r\n\r\n", "413" },
	{ "GET /", "414" },
	{ "GET /" HOST "A: ", "431" },
	{ "BREW /" HOST "\r\n", "501" },
};

START_TEST(lingering_close)
{
	char *rest = malloc(MIB), *response;
	size_t len;
	int fd;

	memset(rest, 'x', MIB);
	start(NULL);
	fd = request(lingers[_i].start);
	send_all(fd, rest, MIB);
	shutdown(fd, SHUT_WR);
	len = read_to_end(fd, &response);
	ck_assert_msg(
	    len > 12 && strncmp(response + 9, lingers[_i].status, 3) == 0,
	    "%s: %s", lingers[_i].start, response);
	free(response);
	free(rest);
	close(fd);
	daemon_stop(&site.p);
}
END_TEST

/* Deadlines. */

/* A byte now and then does not make a header's time longer. */
START_TEST(header_timeout)
{
	int trickling, silent, bytes = 0;
	char *response;

	start("--header-timeout=1");
	silent = dial();
	trickling = request("GET / HTTP/1.1\r\nA: ");
	while (is_silent(trickling, 200) && bytes < 50) {
		send_text(trickling, "x");
		bytes++;
	}
	read_to_end(trickling, &response);
	ck_assert_int_eq(strncmp(response, "HTTP/1.1 408 ", 13), 0);
	ck_assert_int_lt(bytes, 50);
	free(response);
	ck_assert_uint_eq(read_to_end(silent, &response), 0);
	free(response);
	close(silent);
	close(trickling);
	daemon_stop(&site.p);
}
END_TEST

START_TEST(idle_timeout)
{
	start("--idle-timeout=1");
	check_answer(request("GET /small.txt" HOST "\r\n"), "small", 5);
	daemon_stop(&site.p);
}
END_TEST

/* Who does not read is cut off: by the time that two others were, one after
 * the other, who began later. */
START_TEST(reader_timeout)
{
	char *response;
	int fd;

	start("--idle-timeout=1");
	fd = request("GET /big" CLOSE);
	ck_assert(!is_silent(fd, 1000 * WAIT_SECONDS));
	check_answer(request("GET /small.txt" HOST "\r\n"), "small", 5);
	check_answer(request("GET /small.txt" HOST "\r\n"), "small", 5);
	ck_assert_uint_lt(read_to_end(fd, &response), BIG);
	free(response);
	close(fd);
	daemon_stop(&site.p);
}
END_TEST

/* Limits. */

/* Clock ticks of the processor that the daemon has used. */
static long
ticks(void)
{
	unsigned long user, system;
	char path[64], line[1024];
	const char *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)site.p.pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	fclose(f);
	at = strrchr(line, ')');
	ck_assert_int_eq(sscanf(at + 2,
			     "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			     "%lu %lu",
			     &user, &system),
	    2);
	return (long)(user + system);
}

/* Without descriptors the daemon waits quietly, and goes on with them. */
START_TEST(no_descriptors)
{
	struct timespec second = { 1, 0 };
	long before, used;
	int fds[150];

	ck_assert_int_eq(
	    setenv("CHATD_TEST_WRAPPER", "prlimit --nofile=64", 1), 0);
	start(NULL);
	for (int i = 0; i < 150; i++)
		fds[i] = dial();
	before = ticks();
	nanosleep(&second, NULL);
	used = ticks() - before;
	ck_assert_int_le(used, sysconf(_SC_CLK_TCK) / 50);
	for (int i = 0; i < 150; i++)
		close(fds[i]);
	fds[0] = request("GET /small.txt" CLOSE);
	ck_assert(!is_silent(fds[0], 1000));
	check_answer(fds[0], "small", 5);
	daemon_stop(&site.p);
}
END_TEST

/* A file that becomes shorter while it is sent ends its connection only. */
START_TEST(truncated)
{
	char path[1024], *response;
	int fd;

	start(NULL);
	temp_file(site.root, "cut", site.big, BIG);
	fd = request("GET /cut" CLOSE);
	ck_assert(!is_silent(fd, 1000 * WAIT_SECONDS));
	snprintf(path, sizeof(path), "%s/cut", site.root);
	ck_assert_int_eq(truncate(path, 100), 0);
	ck_assert_uint_lt(read_to_end(fd, &response), BIG);
	free(response);
	close(fd);
	check_serves();
	daemon_stop(&site.p);
}
END_TEST

/* Stopping. */

START_TEST(drain)
{
	char head[1024];
	int slow, idle;

	start(NULL);
	idle = dial();
	slow = request("GET /big" HOST "\r\n");
	ck_assert(!is_silent(slow, 1000 * WAIT_SECONDS));
	kill(site.p.pid, SIGTERM);
	read_until(site.p.err, "stopping", head, sizeof(head));
	check_answer(slow, site.big, BIG);
	ck_assert_int_eq(program_wait(&site.p), 0);
	close(idle);
}
END_TEST

START_TEST(drain_no_more)
{
	char head[1024];
	int stalled;

	start(NULL);
	stalled = request("GET /big" CLOSE);
	ck_assert(!is_silent(stalled, 1000 * WAIT_SECONDS));
	kill(site.p.pid, SIGTERM);
	read_until(site.p.err, "stopping", head, sizeof(head));
	kill(site.p.pid, SIGTERM);
	ck_assert_int_eq(program_wait(&site.p), 0);
	close(stalled);
}
END_TEST

/* Us and what we start, so that the server is often interrupted by us. */
static void
share_a_core(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* Whoever asks after a file was changed gets what it is then, even if the
 * server has only just answered somebody with what it was. */
START_TEST(never_stale)
{
	share_a_core();
	start(NULL);
	for (int i = 0; i < 1000; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%08d", i);
		temp_file(site.root, "new.txt", text, 8);
		check_answer(request("GET /new.txt" CLOSE), text, 8);
	}
	daemon_stop(&site.p);
}
END_TEST

static void
add_tests(TCase *tc, const TTest *const *tests, int n)
{
	tcase_add_unchecked_fixture(tc, setup, teardown);
	for (int i = 0; i < n; i++)
		tcase_add_test(tc, tests[i]);
}

static Suite *
http_suite(void)
{
	const TTest *const tests[] = { never_stale, intact,
		stalled_beside_quick, half_close, keep_alive, pipelined,
		pipelined_behind_files, ipv6, truncated, drain, drain_no_more };
	const TTest *const timed[] = { header_timeout, idle_timeout,
		reader_timeout, no_descriptors };
	Suite *suite = suite_create("e2e_http");
	TCase *tc = tcase_create("http"), *timing = tcase_create("timing");

	add_tests(tc, tests, CASES(tests));
	tcase_add_loop_test(tc, lingering_close, 0, CASES(lingers));
	suite_add_tcase(suite, tc);
	add_tests(timing, timed, CASES(timed));
	suite_add_tcase(suite, timing);
	return suite;
}

int
main(void)
{
	return run_suite(http_suite());
}
