/*
 * chatd --history is killed again and again while everybody talks.  Whatever
 * was acknowledged, by a 201 or to a client of the native dialect, is in the
 * room once, under its number; and what such a client has said comes in once
 * and in order, however often it had to say it.
 *
 * CHATD_KILLINGS=N in the environment does it N times.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "chat/link.h"
#include "tests/daemon.h"
#include "tests/run.h"

#define KILLINGS  20
#define POSTERS   4
#define CLIENTS   4
#define PARTIES   (POSTERS + CLIENTS)
#define LINES_MAX 100000 /* of each party, and of the room */
#define WAITING   8      /* lines of a client that wait */

/* The first POSTERS post over HTTP, the others are native clients. */
static struct party {
	int fd;
	struct link *link;
	uint64_t said;
	uint32_t *seq; /* of each line: as it was acknowledged, or 0 */
	char reply[1024];
	size_t len;
} parties[PARTIES];

static struct program chatd;
static const char *history;
static uint64_t acknowledged; /* posts */

static void
run(const char *udp)
{
	char file[1024], limit[64];
	const char *args[] = { "--flood=off", "--http=127.0.0.1:0", udp, file,
		limit, NULL };

	snprintf(file, sizeof(file), "--history=%s/history", history);
	snprintf(limit, sizeof(limit), "--history-limit=%d", LINES_MAX);
	daemon_start(&chatd, args);
}

static bool
is_poster(const struct party *p)
{
	return p < parties + POSTERS;
}

/* Line n of a party, which nobody else says. */
static int
format_line(const struct party *p, uint64_t n, char *out, size_t cap)
{
	return snprintf(out, cap, "%td/%" PRIu64, p - parties, n);
}

/* Posts. */

static void
post(struct party *p)
{
	char line[64], request[256];
	int len = format_line(p, p->said++, line, sizeof(line));

	ck_assert_uint_lt(p->said, LINES_MAX);
	snprintf(request, sizeof(request),
	    "POST /chat/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
	    len, line);
	send_text(p->fd, request);
	p->len = 0;
}

/* Whether the answer is whole; it is a 201 then. */
static bool
take_reply(struct party *p)
{
	const char *seq;

	p->reply[p->len] = '\0';
	if (p->len == 0 || p->reply[p->len - 1] != '}')
		return false;
	ck_assert_msg(
	    strncmp(p->reply, "HTTP/1.1 201 ", 13) == 0, "%s", p->reply);
	seq = strstr(p->reply, "\"seq\":");
	ck_assert_ptr_nonnull(seq);
	p->seq[p->said - 1] = (uint32_t)strtoul(seq + 6, NULL, 10);
	acknowledged++;
	return true;
}

/* Returns whether there is more to come. */
static bool
receive_reply(struct party *p)
{
	ssize_t n =
	    read(p->fd, p->reply + p->len, sizeof(p->reply) - 1 - p->len);

	if (n <= 0)
		return false;
	p->len += (size_t)n;
	if (take_reply(p))
		post(p);
	return true;
}

/* Native clients. */

/* What is not sent is as good as lost. */
static int
send_datagram(void *arg, struct str datagram)
{
	struct party *p = arg;

	return send(p->fd, datagram.p, datagram.len, 0) == -1 ? -1 : 0;
}

static void
ignore_event(void *arg, const struct link_event *event)
{
	(void)arg;
	ck_assert_msg(event->type != LINK_BYE && event->type != LINK_REFUSED &&
		event->type != LINK_RESTARTED,
	    "%.*s", (int)event->text.len, event->text.p);
}

static void
start_client(struct party *p)
{
	char nick[32];
	struct link_config config = { .session = (uint64_t)(p - parties) + 1000,
		.random = (uint64_t)(p - parties),
		.send = send_datagram,
		.event = ignore_event,
		.arg = p };

	snprintf(nick, sizeof(nick), "client%td", p - parties);
	memset(config.token, (int)(p - parties), sizeof(config.token));
	config.nick = str_of(nick);
	p->fd = udp_connect(chatd.udp_port);
	p->link = link_new(&config, clock_now());
	ck_assert_ptr_nonnull(p->link);
}

static void
say(struct party *p)
{
	char line[64];

	while (link_waiting(p->link) < WAITING) {
		format_line(p, p->said++, line, sizeof(line));
		ck_assert_uint_lt(p->said, LINES_MAX);
		ck_assert_int_eq(
		    link_say(p->link, str_of(line), clock_now()), 0);
	}
}

static void
receive_datagrams(struct party *p)
{
	char datagram[2048];
	ssize_t n;

	while ((n = recv(p->fd, datagram, sizeof(datagram), MSG_DONTWAIT)) >= 0)
		link_receive(
		    p->link, (struct str){ datagram, (size_t)n }, clock_now());
}

/* All of them. */

static int
millis_left(void)
{
	struct instant now = clock_now();
	int64_t first = now.mono + SECONDS(1);

	for (struct party *p = parties + POSTERS; p < parties + PARTIES; p++) {
		if (link_deadline(p->link) < first)
			first = link_deadline(p->link);
	}
	return first <= now.mono ? 0
				 : (int)((first - now.mono) / MILLIS(1)) + 1;
}

static void
wait_once(void)
{
	struct pollfd fds[PARTIES];

	for (int i = 0; i < PARTIES; i++)
		fds[i] = (struct pollfd){ parties[i].fd, POLLIN, 0 };
	poll(fds, PARTIES, millis_left());
	for (int i = 0; i < PARTIES; i++) {
		struct party *p = &parties[i];

		if (p->link != NULL)
			link_tick(p->link, clock_now());
		if (fds[i].revents != 0 && p->link != NULL)
			receive_datagrams(p);
		else if (fds[i].revents != 0 && !receive_reply(p))
			ck_abort_msg("chatd closed a connection");
	}
}

/* Until so many more posts were acknowledged. */
static void
talk(uint64_t posts)
{
	uint64_t enough = acknowledged + posts;

	while (acknowledged < enough) {
		for (int i = POSTERS; i < PARTIES; i++)
			say(&parties[i]);
		wait_once();
	}
}

static void
connect_posters(void)
{
	for (int i = 0; i < POSTERS; i++) {
		parties[i].fd = tcp_connect(chatd.http_port);
		post(&parties[i]);
	}
}

/* What it had sent before it was killed counts. */
static void
disconnect_posters(void)
{
	for (int i = 0; i < POSTERS; i++) {
		struct party *p = &parties[i];
		ssize_t n;

		while ((n = read(p->fd, p->reply + p->len,
			    sizeof(p->reply) - 1 - p->len)) > 0)
			p->len += (size_t)n;
		take_reply(p);
		close(p->fd);
		p->fd = -1;
	}
}

static void
kill_daemon(void)
{
	kill(chatd.pid, SIGKILL);
	ck_assert_int_eq(program_wait(&chatd), 128 + SIGKILL);
	disconnect_posters();
}

/* The room, from its stream. */

static uint64_t
read_number(const char *from, const char *name)
{
	const char *at = strstr(from, name);

	ck_assert_msg(at != NULL, "no %s in %.200s", name, from);
	return strtoull(at + strlen(name), NULL, 10);
}

/* Whether the event of that number is there as a whole. */
static bool
has_event(const char *events, uint64_t number)
{
	char begin[64];
	const char *at;

	snprintf(begin, sizeof(begin), "\nid: %" PRIu64 "\n", number);
	at = strstr(events, begin);
	return at != NULL && strstr(at, "\n\n") != NULL;
}

/* The events of all messages, in a buf, with a NUL. */
static uint64_t
read_room(struct buf *b)
{
	int fd = tcp_connect(chatd.http_port);
	char begin[4096];
	uint64_t last;
	ssize_t n;

	send_text(
	    fd, "GET /chat/events?since=0 HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
	read_until(fd, "event: members", begin, sizeof(begin));
	ck_assert_uint_eq(read_number(begin, "\"first\":"), 1);
	last = read_number(begin, "\"last\":");
	do {
		char *to = buf_reserve(b, 65536);

		ck_assert_ptr_nonnull(to);
		n = read(fd, to, 65535);
		ck_assert_int_gt(n, 0);
		to[n] = '\0';
		buf_commit(b, (size_t)n);
	} while (!has_event(buf_data(b), last));
	close(fd);
	return last;
}

/* A line of the room: who said which. */
static void
check_line(uint64_t seq, const char *text, uint64_t next[PARTIES])
{
	unsigned long who, n;
	char *end;

	who = strtoul(text, &end, 10);
	ck_assert_msg(who < PARTIES && *end == '/', "%.40s", text);
	n = strtoul(end + 1, NULL, 10);
	ck_assert_msg(n < parties[who].said, "%.40s", text);
	if (is_poster(&parties[who])) {
		ck_assert_msg(n >= next[who], "%.20s comes twice", text);
		for (; next[who] < n; next[who]++)
			ck_assert_msg(parties[who].seq[next[who]] == 0,
			    "%lu/%" PRIu64 " is lost", who, next[who]);
		ck_assert_msg(
		    parties[who].seq[n] == 0 || parties[who].seq[n] == seq,
		    "%.20s is %" PRIu64, text, seq);
	} else {
		ck_assert_msg(
		    n == next[who], "%.20s, not %" PRIu64, text, next[who]);
	}
	next[who] = n + 1;
}

static void
check_room(void)
{
	uint64_t next[PARTIES] = { 0 }, last, seq = 0;
	struct buf events = { 0 };

	last = read_room(&events);
	for (const char *at = buf_data(&events);
	     (at = strstr(at, "\nid: ")) != NULL; at++) {
		ck_assert_uint_eq(strtoull(at + 5, NULL, 10), ++seq);
		at = strstr(at, "\"text\":\"");
		ck_assert_ptr_nonnull(at);
		check_line(seq, at + 8, next);
	}
	ck_assert_uint_eq(seq, last);
	for (int i = POSTERS; i < PARTIES; i++)
		ck_assert_uint_eq(next[i], parties[i].said);
	for (int i = 0; i < POSTERS; i++) {
		for (; next[i] < parties[i].said; next[i]++)
			ck_assert_uint_eq(parties[i].seq[next[i]], 0);
	}
	buf_free(&events);
}

static int
killings(void)
{
	const char *value = getenv("CHATD_KILLINGS");

	return value != NULL ? atoi(value) : KILLINGS;
}

static void
setup(void)
{
	history = temp_dir();
	for (int i = 0; i < PARTIES; i++) {
		parties[i].fd = -1;
		parties[i].seq = calloc(LINES_MAX, sizeof(uint32_t));
		ck_assert_ptr_nonnull(parties[i].seq);
	}
}

static void
teardown(void)
{
	for (int i = 0; i < PARTIES; i++) {
		link_free(parties[i].link);
		free(parties[i].seq);
	}
}

/* Whether this chatd has SQLite: a directory is never a history. */
static bool
keeps_history(void)
{
	const char *args[] = { "--port=0", "--history=/", NULL };
	struct program p;
	char *errors;
	bool has_sqlite;

	program_start(&p, "chatd", args);
	read_to_end(p.err, &errors);
	ck_assert_int_eq(program_wait(&p), 1);
	has_sqlite = strstr(errors, "without SQLite") == NULL;
	if (!has_sqlite)
		fprintf(stderr, "SKIPPED: e2e_history: %s", errors);
	free(errors);
	return has_sqlite;
}

START_TEST(killed)
{
	char udp[64];

	if (!keeps_history())
		return;
	run("--udp=127.0.0.1:0");
	snprintf(udp, sizeof(udp), "--udp=127.0.0.1:%d", chatd.udp_port);
	for (int i = POSTERS; i < PARTIES; i++)
		start_client(&parties[i]);
	for (int i = 0; i < killings(); i++) {
		connect_posters();
		talk(1 + (uint64_t)i * 7 % 50);
		kill_daemon();
		run(udp);
	}
	connect_posters();
	for (int i = POSTERS; i < PARTIES; i++) {
		while (link_waiting(parties[i].link) > 0)
			wait_once();
	}
	kill_daemon();
	run(udp);
	check_room();
	daemon_stop(&chatd);
}
END_TEST

/* Until it says that it cannot write. */
static void
fill_disk(void)
{
	struct pollfd p[] = { { .events = POLLIN },
		{ .fd = chatd.err, .events = POLLIN } };
	char out[8192];

	p[0].fd = parties[0].fd;
	while (poll(p, 2, -1) > 0 && p[1].revents == 0)
		ck_assert(receive_reply(&parties[0]));
	read_until(
	    chatd.err, "the history cannot be written: ", out, sizeof(out));
}

/* Until no more can wait. */
static void
fill_queue(void)
{
	int fd = udp_connect(chatd.udp_port);
	char heard[2048];

	do {
		send_text(fd, "hello\n");
		if (is_silent(fd, 0))
			heard[0] = '\0';
		else
			recv_datagram(fd, heard, sizeof(heard));
	} while (strstr(heard, "was not said") == NULL);
	close(fd);
}

/* Nothing is acknowledged any more, and everything else goes on; what was
 * acknowledged is there when there is room again. */
START_TEST(disk_full)
{
	const char *outer = getenv("CHATD_TEST_WRAPPER");
	char command[256], out[1024];
	int fd;

	if (!keeps_history())
		return;
	if (system("prlimit --version >/dev/null 2>&1") != 0) {
		fprintf(stderr,
		    "SKIPPED: disk_full, since there is no "
		    "prlimit\n");
		return;
	}
	snprintf(command, sizeof(command), "%s prlimit --fsize=262144",
	    outer != NULL ? outer : "");
	setenv("CHATD_TEST_WRAPPER", command, 1);
	run("--udp=127.0.0.1:0");
	setenv("CHATD_TEST_WRAPPER", outer != NULL ? outer : "", 1);
	parties[0].fd = tcp_connect(chatd.http_port);
	post(&parties[0]);
	fill_disk();
	fill_queue();
	ck_assert(is_silent(parties[0].fd, 0));
	fd = tcp_connect(chatd.http_port);
	send_text(fd, "GET /healthz HTTP/1.0\r\n\r\n");
	read_until(fd, " 200 OK", out, sizeof(out));
	close(fd);
	kill_daemon();
	run("--udp=127.0.0.1:0");
	check_room();
	daemon_stop(&chatd);
}
END_TEST

static Suite *
history_suite(void)
{
	Suite *s = suite_create("e2e_history");
	TCase *tc = tcase_create("e2e_history");

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60 + 10 * killings());
	tcase_add_test(tc, killed);
	tcase_add_test(tc, disk_full);
	return s;
}

int
main(void)
{
	return run_suite(history_suite());
}
