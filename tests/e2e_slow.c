/*
 * Slow clients, clients that do not read, and too many of them: each comes
 * to an end, and none is in the way of another.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "tests/daemon.h"
#include "tests/exchange.h"
#include "tests/run.h"

#define MIB (1 << 20)
#define BIG ((off_t)64 * MIB) /* more than sockets hold */

#define HOST " HTTP/1.1\r\nHost: h\r\n"
#define TAIL "GET /tail" HOST "\r\n"

static struct {
	const char *root;
	struct program server;
} site;

static void
start(const char *const *options)
{
	const char *args[8];
	char path[1024];
	int n = 0;

	site.root = temp_dir();
	exchange_root(site.root);
	temp_file(site.root, "big", "", 0);
	snprintf(path, sizeof(path), "%s/big", site.root);
	ck_assert_int_eq(truncate(path, BIG), 0);
	while (options[n] != NULL && n < CASES(args) - 2) {
		args[n] = options[n];
		n++;
	}
	args[n++] = site.root;
	args[n] = NULL;
	daemon_start(&site.server, args);
}

static int
request(const char *text)
{
	int fd = tcp_connect(site.server.http_port);

	send_text(fd, text);
	return fd;
}

/* The server answers somebody new. */
static void
check_serves(void)
{
	char *data;
	struct exchange_answer a = exchange_with(
	    site.server.http_port, "GET", "/tail", "", &data, "beside others");

	ck_assert_msg(a.status == 200, "beside others: %s", data);
	free(data);
}

/* How many descriptors the daemon has open. */
static int
descriptors(void)
{
	struct dirent *entry;
	char path[64];
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)site.server.pid);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* Slow clients. */

struct slow {
	const char *name;
	const char *first; /* sent at once */
	const char *drip;  /* sent every DRIP_MILLIS from then on; or NULL */
	int reads;         /* bytes that it reads as often; -1: all */
	int fd;
	size_t got; /* bytes read */
	bool has_ended;
};

#define DRIP_MILLIS 250

static struct slow slow[] = {
	{ .name = "silent", .first = "", .reads = -1 },
	{ .name = "one byte", .first = "G", .reads = -1 },
	{ .name = "half a head", .first = "GET /tail" HOST, .reads = -1 },
	{ .name = "half a field",
	    .first = "GET /tail" HOST "A: b",
	    .reads = -1 },
	{ .name = "a byte at a time",
	    .first = "GET /tail" HOST "A: ",
	    .drip = "b",
	    .reads = -1 },
	{ .name = "a field at a time",
	    .first = "GET /tail" HOST,
	    .drip = "A: b\r\n",
	    .reads = -1 },
	{ .name = "empty lines", .first = "\r\n", .reads = -1 },
	{ .name = "idle after a request",
	    .first = "GET /tail" HOST "\r\n",
	    .reads = -1 },
	{ .name = "no body",
	    .first = "POST /" HOST "Content-Length: 100000\r\n\r\n",
	    .reads = -1 },
	{ .name = "a body that trickles",
	    .first = "POST /" HOST "Content-Length: 100000\r\n\r\n",
	    .drip = "a",
	    .reads = -1 },
	{ .name = "chunks that trickle",
	    .first = "POST /" HOST "Transfer-Encoding: chunked\r\n\r\n",
	    .drip = "1\r\na\r\n",
	    .reads = -1 },
	{ .name = "a chunk size that trickles",
	    .first = "POST /" HOST "Transfer-Encoding: chunked\r\n\r\n",
	    .drip = "0",
	    .reads = -1 },
	{ .name = "one that lingers after an error",
	    .first = "BAD\r\n\r\n",
	    .drip = "a",
	    .reads = -1 },
	{ .name = "one that never reads",
	    .first = "GET /big" HOST "\r\n",
	    .reads = 0 },
	{ .name = "one that asks again and never reads",
	    .first = "GET /big" HOST "\r\n",
	    .drip = "GET /tail" HOST "\r\n",
	    .reads = 0 },
	{ .name = "one that reads a little",
	    .first = "GET /big" HOST "\r\n",
	    .reads = 100 },
};

/* One turn of a client; a write to a peer that has closed fails unseen. */
static void
turn(struct slow *s, bool drips)
{
	static char space[65536];
	size_t max = s->reads == -1 ? sizeof(space) : (size_t)s->reads;
	ssize_t n;

	if (s->has_ended)
		return;
	if (drips && s->drip != NULL)
		send(s->fd, s->drip, strlen(s->drip),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (s->reads == 0 || (s->reads > 0 && !drips))
		return;
	n = recv(s->fd, space, max, MSG_DONTWAIT);
	s->got += n > 0 ? (size_t)n : 0;
	s->has_ended = n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR);
	if (s->has_ended)
		close(s->fd);
}

/* Waits for a moment, or until one of those who read has news. */
static void
wait_a_little(void)
{
	struct pollfd fds[CASES(slow)];
	nfds_t n = 0;

	for (int i = 0; i < CASES(slow); i++) {
		if (!slow[i].has_ended && slow[i].reads == -1)
			fds[n++] = (struct pollfd){ .fd = slow[i].fd,
				.events = POLLIN };
	}
	ck_assert_int_ge(poll(fds, n, DRIP_MILLIS / 5), 0);
}

static bool
are_gone(int before)
{
	for (int i = 0; i < CASES(slow); i++) {
		if (slow[i].reads == -1 && !slow[i].has_ended)
			return false;
	}
	/* Of the others only the daemon knows. */
	return descriptors() <= before;
}

static const char *
who_is_left(void)
{
	for (int i = 0; i < CASES(slow); i++) {
		if (slow[i].reads == -1 && !slow[i].has_ended)
			return slow[i].name;
	}
	return "one that does not read, or reads a little";
}

/* All at once, and meanwhile somebody is served again and again. */
START_TEST(slow_clients)
{
	const char *options[] = { "--header-timeout=1", "--idle-timeout=1",
		"--min-rate=1000", NULL };
	int64_t began, dripped = 0, longest = 0;
	int before, served = 0;

	start(options);
	check_serves();
	before = descriptors();
	for (int i = 0; i < CASES(slow); i++)
		slow[i].fd = request(slow[i].first);
	began = clock_now().mono;
	while (!are_gone(before)) {
		int64_t now = clock_now().mono, took;
		bool drips = now - dripped >= MILLIS(DRIP_MILLIS);

		ck_assert_msg(now - began < SECONDS(WAIT_SECONDS),
		    "after %d s there still is: %s", WAIT_SECONDS,
		    who_is_left());
		dripped = drips ? now : dripped;
		for (int i = 0; i < CASES(slow); i++)
			turn(&slow[i], drips);
		check_serves();
		served++;
		took = clock_now().mono - now;
		longest = took > longest ? took : longest;
		wait_a_little();
	}
	printf("slow clients were gone after %lld ms; %d others were served "
	       "meanwhile, each in %lld ms at most\n",
	    (long long)((clock_now().mono - began) / MILLIS(1)), served,
	    (long long)(longest / MILLIS(1)));
	for (int i = 0; i < CASES(slow); i++) {
		ck_assert_uint_lt(slow[i].got, (size_t)BIG);
		if (!slow[i].has_ended)
			close(slow[i].fd);
	}
	daemon_stop(&site.server);
}
END_TEST

/* A body that comes steadily may take longer than a head. */
START_TEST(steady_body)
{
	const char *options[] = { "--header-timeout=1", "--min-rate=1000",
		NULL };
	char text[2000], *data;
	int fd;

	start(options);
	memset(text, 'a', sizeof(text));
	fd = request("POST /" HOST "Content-Length: 50000\r\n\r\n");
	/* 10 KB/s: what is waited for is that nothing comes but the answer. */
	for (int i = 0; i < 25; i++) {
		struct pollfd p = { .fd = fd, .events = POLLRDHUP };

		send_all(fd, text, sizeof(text));
		ck_assert_msg(poll(&p, 1, 100) == 0, "cut off after %d bytes",
		    (i + 1) * (int)sizeof(text));
	}
	send_text(fd, "GET /tail" HOST "Connection: close\r\n\r\n");
	read_to_end(fd, &data);
	ck_assert_ptr_nonnull(strstr(data, "HTTP/1.1 405 "));
	ck_assert_ptr_nonnull(strstr(data, "HTTP/1.1 200 "));
	free(data);
	close(fd);
	daemon_stop(&site.server);
}
END_TEST

/* Clients that send and never read. */

static const struct {
	const char *name, *request;
} floods[] = {
	{ "a small file", "GET /tail" HOST "\r\n" },
	{ "only its head", "HEAD /tail" HOST "\r\n" },
	{ "what is not there", "GET /none" HOST "\r\n" },
	{ "a large file", "GET /big" HOST "\r\n" },
	{ "many parts of a large file",
	    "GET /big" HOST "Range: bytes=0-99999,200000-299999,-1\r\n\r\n" },
	{ "with a body", "POST /" HOST "Content-Length: 4\r\n\r\nbody" },
};

/* Bytes that are resident, and all that are mapped. */
static long
memory(int64_t *mapped)
{
	long size = sysconf(_SC_PAGESIZE), all = 0, resident = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)site.server.pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%ld %ld", &all, &resident), 2);
	fclose(f);
	*mapped = (int64_t)all * size;
	return resident * size;
}

/* Whether memory says something about chatd itself: not where a sanitizer,
 * known by the terabytes that it maps, or a wrapper keeps what was freed. */
static bool
is_plain(int64_t mapped)
{
	if (mapped >> 40 == 0 && getenv("CHATD_TEST_WRAPPER") == NULL)
		return true;
	fprintf(stderr, "SKIPPED: memory, under sanitizers or a wrapper\n");
	return false;
}

/* Sends text again and again until the peer takes no more; the bytes. */
static size_t
send_until_full(int fd, const char *text, size_t max)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	struct buf b = { 0 };
	size_t len, sent = 0;

	while (buf_len(&b) < 65536)
		buf_add_str(&b, str_of(text));
	len = buf_len(&b);
	while (sent < max && poll(&p, 1, 200) == 1) {
		size_t at = sent % len;
		ssize_t n = send(fd, buf_data(&b) + at, len - at,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		ck_assert(n > 0 || errno == EAGAIN);
		sent += n > 0 ? (size_t)n : 0;
	}
	buf_free(&b);
	return sent;
}

START_TEST(never_reads)
{
	const char *options[] = { NULL };
	int64_t mapped;
	long before, after;
	int fds[4];

	start(options);
	check_serves();
	before = memory(&mapped);
	for (int i = 0; i < CASES(fds); i++) {
		fds[i] = tcp_connect(site.server.http_port);
		ck_assert_uint_lt(
		    send_until_full(fds[i], floods[_i].request, (size_t)BIG),
		    (size_t)BIG);
	}
	after = memory(&mapped);
	check_serves();
	printf("%s: %d clients that never read: %ld KiB more memory\n",
	    floods[_i].name, CASES(fds), (after - before) / 1024);
	ck_assert(!is_plain(mapped) || after - before < 2 * MIB);
	for (int i = 0; i < CASES(fds); i++)
		close(fds[i]);
	daemon_stop(&site.server);
}
END_TEST

/* Limits of how many. */

/* Sends (the rest of) a request for /tail and gets the whole answer. */
static void
ask_on(int fd, const char *text)
{
	char head[1024];

	send_text(fd, text);
	read_until(fd, "what the tail asks for", head, sizeof(head));
}

/* Waits for the end of a connection on which nothing is to come. */
static void
check_closed(int fd)
{
	char *data;

	ck_assert_uint_eq(read_to_end(fd, &data), 0);
	free(data);
	close(fd);
}

static void
check_refused(const struct exchange_answer *a, const char *name)
{
	ck_assert_msg(a->status == 503, "%s: %s", name, a->head.p);
	exchange_check_field(a, STR("Retry-After"), name);
	exchange_check_field(a, STR("Connection: close"), name);
}

/* Who has been idle longest makes room. */
START_TEST(makes_room)
{
	const char *options[] = { "--max-connections=2", NULL };
	int first, second, third;

	start(options);
	first = tcp_connect(site.server.http_port);
	ask_on(first, TAIL);
	second = tcp_connect(site.server.http_port);
	ask_on(second, TAIL);
	ask_on(first, TAIL);
	third = tcp_connect(site.server.http_port);
	ask_on(third, TAIL);
	check_closed(second);
	ask_on(first, TAIL);
	ask_on(third, TAIL);
	close(first);
	close(third);
	daemon_stop(&site.server);
}
END_TEST

/* Nobody is idle: 503, and later there is room again. */
START_TEST(has_no_room)
{
	const char *options[] = { "--max-connections=2", NULL };
	struct exchange_answer a;
	int busy[2];
	char *data;

	start(options);
	busy[0] = request("GET /big" HOST "\r\n");
	ck_assert(!is_silent(busy[0], 1000 * WAIT_SECONDS));
	busy[1] = request("GET /tail" HOST);
	for (int i = 0; i < 10; i++) {
		a = exchange_with(site.server.http_port, "GET", "/tail", "",
		    &data, "RFC 9110 15.6.4: nobody is idle");
		check_refused(&a, "RFC 9110 15.6.4: nobody is idle");
		free(data);
	}
	close(busy[0]);
	/* It takes the server a moment to see that. */
	for (int i = 0; i < 1000; i++) {
		a = exchange_with(site.server.http_port, "GET", "/tail", "",
		    &data, "there is room again");
		free(data);
		if (a.status == 200)
			break;
	}
	ck_assert_int_eq(a.status, 200);
	/* The other goes on as if nothing had been. */
	ask_on(busy[1], "\r\n");
	close(busy[1]);
	daemon_stop(&site.server);
}
END_TEST

/* It is refused before it was read, and yet may not get content. */
START_TEST(has_no_room_for_head)
{
	const char *options[] = { "--max-connections=1", NULL };
	static const char name[] = "RFC 9110 9.3.2: HEAD, and nobody is idle";
	struct exchange_answer a;
	char *data;
	int busy;

	start(options);
	busy = request("GET /tail" HOST);
	a = exchange_with(
	    site.server.http_port, "HEAD", "/tail", "", &data, name);
	check_refused(&a, name);
	free(data);
	close(busy);
	daemon_stop(&site.server);
}
END_TEST

/* From 127.0.0.2. */
static int
connect_from_another(void)
{
	struct sockaddr_in from = { .sin_family = AF_INET }, to = from;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "127.0.0.2", &from.sin_addr);
	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	to.sin_port = htons((uint16_t)site.server.http_port);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

START_TEST(max_per_address)
{
	const char *options[] = { "--max-per-address=2", NULL };
	struct exchange_answer a;
	int fds[2], other;
	char *data;

	start(options);
	for (int i = 0; i < 2; i++) {
		fds[i] = tcp_connect(site.server.http_port);
		ask_on(fds[i], TAIL);
	}
	a = exchange_with(site.server.http_port, "GET", "/tail", "", &data,
	    "a third of one address");
	check_refused(&a, "a third of one address");
	free(data);
	other = connect_from_another();
	ask_on(other, TAIL);
	for (int i = 0; i < 2; i++) {
		ask_on(fds[i], TAIL);
		close(fds[i]);
	}
	for (int i = 0; i < 1000; i++) {
		a = exchange_with(site.server.http_port, "GET", "/tail", "",
		    &data, "there is room again");
		free(data);
		if (a.status == 200)
			break;
	}
	ck_assert_int_eq(a.status, 200);
	close(other);
	daemon_stop(&site.server);
}
END_TEST

/* By default an address has three quarters of the connections, but not
 * loopback. */
START_TEST(loopback_is_excepted)
{
	const char *options[] = { "--max-connections=8", NULL };
	int fds[8];

	start(options);
	for (int i = 0; i < 8; i++) {
		fds[i] = tcp_connect(site.server.http_port);
		ask_on(fds[i], TAIL);
	}
	for (int i = 0; i < 8; i++) {
		ask_on(fds[i], TAIL);
		close(fds[i]);
	}
	daemon_stop(&site.server);
}
END_TEST

/* Until the server has seen that all others are gone, it closes whom it has no
 * room for. */
static void
wait_until_served(void)
{
	char answer[16];
	ssize_t n;

	do {
		int fd = request("GET /tail" HOST "\r\n");

		n = recv(fd, answer, sizeof(answer), 0);
		close(fd);
	} while (n < 12 || memcmp(answer, "HTTP/1.1 200", 12) != 0);
}

/* More clients than it may have descriptors, from its start on: whoever is
 * let in finds one for a file as well. */
START_TEST(few_descriptors)
{
	const char *options[] = { NULL };
	int fds[150];

	ck_assert_int_eq(
	    setenv("CHATD_TEST_WRAPPER", "prlimit --nofile=64", 1), 0);
	start(options);
	for (int i = 0; i < 150; i++)
		fds[i] = request("GET /tail" HOST "\r\n");
	for (int i = 0; i < 150; i++)
		close(fds[i]);
	wait_until_served();
	for (int i = 0; i < 20; i++)
		check_serves();
	daemon_stop(&site.server);
}
END_TEST

/* Limits of how much. */

static const struct {
	const char *option, *start;
	int times; /* bytes that follow it */
	const char *end, *expected;
} sizes[] = {
	{ "--max-header=2000", "GET /tail" HOST "A: ", 1900, "\r\n\r\n",
	    "200 keep" },
	{ "--max-header=2000", "GET /tail" HOST "A: ", 2000, "\r\n\r\n",
	    "431 close" },
	{ "--max-header=16384", "GET /tail" HOST "A: ", 16300, "\r\n\r\n",
	    "200 keep" },
	{ "--max-header=2000", "GET /tail" HOST "A: ", 100000, "\r\n\r\n",
	    "431 close" },
	{ "--max-body=1000", "POST /" HOST "Content-Length: 1000\r\n\r\n", 1000,
	    "", "405 keep" },
	{ "--max-body=1000", "POST /" HOST "Content-Length: 1001\r\n\r\n", 0,
	    "", "413 close" },
	{ "--max-body=1000", "POST /" HOST "Content-Length: 1001\r\n\r\n", 1001,
	    "", "413 close" },
	{ "--max-body=1000",
	    "POST /" HOST "Transfer-Encoding: chunked\r\n\r\n3e8\r\n", 1000,
	    "\r\n0\r\n\r\n", "405 keep" },
	{ "--max-body=1000",
	    "POST /" HOST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 1001,
	    "\r\n0\r\n\r\n", "4xx ends" },
	{ "--max-body=0", "POST /" HOST "Content-Length: 1\r\n\r\n", 1, "",
	    "413 close" },
	{ "--max-body=0", "GET /tail" HOST, 0, "\r\n", "200 keep" },
};

START_TEST(limited)
{
	const char *options[] = { sizes[_i].option, NULL };
	struct exchange e = { .name = sizes[_i].option,
		.expected = sizes[_i].expected };
	struct buf b = { 0 };

	start(options);
	buf_add_str(&b, str_of(sizes[_i].start));
	for (int n = 0; n < sizes[_i].times; n++)
		buf_add(&b, "a", 1);
	buf_add_str(&b, str_of(sizes[_i].end));
	e.request = (struct str){ buf_data(&b), buf_len(&b) };
	exchange_run(&e, site.server.http_port);
	buf_free(&b);
	daemon_stop(&site.server);
}
END_TEST

static Suite *
slow_suite(void)
{
	const TTest *const tests[] = { makes_room, has_no_room,
		has_no_room_for_head, max_per_address, loopback_is_excepted };
	Suite *suite = suite_create("e2e_slow");
	TCase *limits = tcase_create("limits"),
	      *timing = tcase_create("timing");

	for (int i = 0; i < CASES(tests); i++)
		tcase_add_test(limits, tests[i]);
	tcase_add_loop_test(limits, limited, 0, CASES(sizes));
	tcase_add_loop_test(limits, never_reads, 0, CASES(floods));
	suite_add_tcase(suite, limits);
	tcase_add_test(timing, slow_clients);
	tcase_add_test(timing, steady_body);
	tcase_add_test(timing, few_descriptors);
	suite_add_tcase(suite, timing);
	return suite;
}

int
main(void)
{
	return run_suite(slow_suite());
}
