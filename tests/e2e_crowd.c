/*
 * Everybody in one room: clients of the native dialect behind a network that
 * loses, doubles and reorders, and browsers' streams.  Whatever is said comes
 * to each of them once and in order.
 *
 * CHATD_CROWD=NATIVE,STREAMS,SECONDS in the environment makes it larger, and
 * then it prints what it cost.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "chat/link.h"
#include "tests/daemon.h"
#include "tests/relay.h"
#include "tests/run.h"

#define CROWD_MAX     1000
#define MESSAGES_RATE 20 /* a second, of all together */
#define SETTLE        SECONDS(60)

struct one {
	int fd;
	struct link *link; /* NULL: a stream */
	struct buf in;     /* of a stream, up to a whole line */
	uint64_t seen;     /* the last number that came */
	uint64_t got;      /* messages */
	bool is_joined;
};

static struct {
	unsigned natives, streams, seconds;
	struct program daemon;
	struct relay relay;
	int epoll;
	struct one all[2 * CROWD_MAX];
	size_t n;
	uint64_t said, begin; /* messages; the room's last before them */
} crowd;

/* A message came to one; there were no others in between. */
static void
came(struct one *one, uint64_t seq)
{
	ck_assert_msg(one->seen == 0 || seq == one->seen + 1,
	    "%s %td: %" PRIu64 " came after %" PRIu64,
	    one->link != NULL ? "client" : "stream", one - crowd.all, seq,
	    one->seen);
	one->seen = seq;
	one->got++;
}

static int
send_cb(void *arg, struct str datagram)
{
	struct one *one = arg;

	return send(one->fd, datagram.p, datagram.len, 0) == -1 ? -1 : 0;
}

static void
event_cb(void *arg, const struct link_event *event)
{
	struct one *one = arg;

	switch (event->type) {
	case LINK_JOINED:
		one->is_joined = true;
		break;
	case LINK_MESSAGE:
		came(one, event->message.seq);
		break;
	case LINK_LOST: /* many losses in a row; it comes back by itself */
	case LINK_NOTE:
	case LINK_NICK:
		break;
	default:
		ck_abort_msg("client %td: event %d: %.*s", one - crowd.all,
		    (int)event->type, (int)event->text.len, event->text.p);
	}
}

static void
watch(struct one *one)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = one };

	fcntl(one->fd, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(
	    epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, one->fd, &event), 0);
}

static void
add_native(unsigned i)
{
	struct one *one = &crowd.all[crowd.n++];
	char nick[32];
	struct link_config config = {
		.session = 0x1000000 + i,
		.random = i + 1,
		.send = send_cb,
		.event = event_cb,
		.arg = one,
	};

	snprintf(nick, sizeof(nick), "native-%u", i);
	snprintf((char *)config.token, sizeof(config.token), "t%u", i);
	config.nick = str_of(nick);
	one->fd = udp_connect(crowd.relay.port);
	one->link = link_new(&config, clock_now());
	ck_assert_ptr_nonnull(one->link);
	watch(one);
}

static void
add_stream(unsigned i)
{
	struct one *one = &crowd.all[crowd.n++];
	char request[256];

	snprintf(request, sizeof(request),
	    "GET /chat/events?nick=stream-%u HTTP/1.1\r\nHost: localhost\r\n"
	    "\r\n",
	    i);
	one->fd = tcp_connect(crowd.daemon.http_port);
	send_text(one->fd, request);
	watch(one);
}

/* `id: N` of an event that is a message. */
static void
take_line(struct one *one, struct str line)
{
	uint64_t seq;

	if (str_eq(line, STR("event: members")))
		one->is_joined = true;
	if (line.len <= 4 || memcmp(line.p, "id: ", 4) != 0)
		return;
	ck_assert_int_eq(str_to_u64((struct str){ line.p + 4, line.len - 4 },
			     UINT64_MAX, &seq),
	    0);
	came(one, seq);
}

static void
read_stream(struct one *one)
{
	ssize_t n;
	char *room;

	while ((room = buf_reserve(&one->in, 65536)) != NULL &&
	    (n = recv(one->fd, room, 65536, 0)) > 0) {
		const char *end;

		buf_commit(&one->in, (size_t)n);
		while ((end = memchr(buf_data(&one->in), '\n',
			    buf_len(&one->in))) != NULL) {
			size_t len = (size_t)(end - buf_data(&one->in));

			take_line(one, (struct str){ buf_data(&one->in), len });
			buf_drain(&one->in, len + 1);
		}
	}
	ck_assert_msg(n == -1 && errno == EAGAIN, "stream %td has ended",
	    one - crowd.all);
}

static void
read_native(struct one *one)
{
	char datagram[2048];
	ssize_t n;

	while ((n = recv(one->fd, datagram, sizeof(datagram), 0)) > 0)
		link_receive(one->link, (struct str){ datagram, (size_t)n },
		    clock_now());
}

/* One turn of everybody, up to that time. */
static void
turn(int64_t until)
{
	struct epoll_event events[256];
	int64_t next = until, now;
	int n;

	for (size_t i = 0; i < crowd.n; i++) {
		struct link *link = crowd.all[i].link;

		if (link != NULL && link_deadline(link) < next)
			next = link_deadline(link);
	}
	now = clock_now().mono;
	n = epoll_wait(crowd.epoll, events, 256,
	    next > now ? (int)((next - now) / MILLIS(1)) + 1 : 0);
	for (int i = 0; i < n; i++) {
		struct one *one = events[i].data.ptr;

		if (one->link != NULL)
			read_native(one);
		else
			read_stream(one);
	}
	for (size_t i = 0; i < crowd.n; i++) {
		struct link *link = crowd.all[i].link;

		if (link != NULL && link_deadline(link) <= clock_now().mono)
			link_tick(link, clock_now());
	}
}

static bool
all_joined(void)
{
	for (size_t i = 0; i < crowd.n; i++) {
		if (!crowd.all[i].is_joined)
			return false;
	}
	return true;
}

static bool
all_have_all(void)
{
	for (size_t i = 0; i < crowd.n; i++) {
		if (crowd.all[i].got < crowd.said)
			return false;
	}
	return true;
}

/* Turns until it holds, which is waited for no longer than that. */
static void
wait_for(bool (*holds)(void), const char *what)
{
	int64_t end = clock_now().mono + SETTLE;

	while (!holds()) {
		ck_assert_msg(clock_now().mono < end, "not %s", what);
		turn(end);
	}
}

static void
say(void)
{
	struct one *one = &crowd.all[crowd.said % crowd.natives];
	char text[128];

	snprintf(
	    text, sizeof(text), "message %" PRIu64 " of a crowd", ++crowd.said);
	ck_assert_int_eq(link_say(one->link, str_of(text), clock_now()), 0);
}

static void
chatter(void)
{
	int64_t step = SECONDS(1) / MESSAGES_RATE;
	int64_t at = clock_now().mono, end = at + SECONDS(crowd.seconds);

	for (; at < end; at += step) {
		say();
		while (clock_now().mono < at + step)
			turn(at + step);
	}
}

/* KiB of the daemon's memory. */
static long
resident(void)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)crowd.daemon.pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "VmRSS: %ld", &kib);
	if (f != NULL)
		fclose(f);
	return kib;
}

/* Seconds that the daemon has run on a processor. */
static double
cpu_time(void)
{
	unsigned long user = 0, kernel = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)crowd.daemon.pid);
	f = fopen(path, "r");
	if (f != NULL &&
	    fscanf(f,
		"%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		"%lu %lu",
		&user, &kernel) != 2)
		user = kernel = 0;
	if (f != NULL)
		fclose(f);
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static void
read_size(void)
{
	const char *size = getenv("CHATD_CROWD");

	crowd.natives = crowd.streams = 20;
	crowd.seconds = 2;
	if (size != NULL)
		sscanf(size, "%u,%u,%u", &crowd.natives, &crowd.streams,
		    &crowd.seconds);
	ck_assert_uint_le(crowd.natives, CROWD_MAX);
	ck_assert_uint_le(crowd.streams, CROWD_MAX);
}

static void
check_all(void)
{
	for (size_t i = 0; i < crowd.n; i++) {
		ck_assert_uint_eq(crowd.all[i].got, crowd.said);
		ck_assert_uint_eq(crowd.all[i].seen, crowd.said);
	}
}

static void
free_all(void)
{
	for (size_t i = 0; i < crowd.n; i++) {
		link_free(crowd.all[i].link);
		buf_free(&crowd.all[i].in);
		close(crowd.all[i].fd);
	}
}

START_TEST(in_one_room)
{
	struct relay_config bad = {
		.loss = 20, .twice = 10, .delay_millis = 30, .seed = 1
	};
	long before, after;
	double cpu;

	read_size();
	crowd.epoll = epoll_create1(0);
	daemon_start(&crowd.daemon, NULL);
	bad.server_port = crowd.daemon.udp_port;
	relay_start(&crowd.relay, &bad);
	for (unsigned i = 0; i < crowd.natives; i++)
		add_native(i);
	for (unsigned i = 0; i < crowd.streams; i++)
		add_stream(i);
	wait_for(all_joined, "joined");
	before = resident();
	cpu = cpu_time();
	chatter();
	wait_for(all_have_all, "everything has come to everybody");
	after = resident();
	cpu = cpu_time() - cpu;
	check_all();
	fprintf(stderr,
	    "%u clients and %u streams: %" PRIu64 " messages came to each, "
	    "once and in order; memory %ld KiB before, %ld KiB after; %.1f us "
	    "of CPU a delivery\n",
	    crowd.natives, crowd.streams, crowd.said, before, after,
	    1e6 * cpu / (double)(crowd.said * crowd.n));
	relay_stop(&crowd.relay);
	free_all();
	daemon_stop(&crowd.daemon);
}
END_TEST

/* Whether the datagram shows the number of the log's last message alone. */
static bool
is_tail(struct str datagram)
{
	struct wire_frame frame;
	uint64_t context;

	return wire_open(&datagram, &context) == 0 &&
	    wire_next(&datagram, &frame) == 1 && frame.type == WIRE_TAIL;
}

/* What a browser says is announced again to native clients, though no
 * datagram comes in that could remind the server. */
START_TEST(said_in_a_browser)
{
	static const char post[] =
	    "POST /chat/messages HTTP/1.1\r\nHost: localhost\r\n"
	    "Connection: close\r\nContent-Length: 7\r\n\r\ntext=hi";
	char datagram[2048], *answer;
	int http;
	size_t n;

	crowd.epoll = epoll_create1(0);
	daemon_start(&crowd.daemon, NULL);
	crowd.relay.port = crowd.daemon.udp_port; /* there is no relay */
	add_native(0);
	wait_for(all_joined, "joined");
	http = tcp_connect(crowd.daemon.http_port);
	send_text(http, post);
	read_to_end(http, &answer);
	ck_assert_ptr_nonnull(strstr(answer, "201 Created"));
	fcntl(crowd.all[0].fd, F_SETFL, 0);
	do
		n = recv_datagram(crowd.all[0].fd, datagram, sizeof(datagram));
	while (!is_tail((struct str){ datagram, n }));
	free(answer);
	close(http);
	free_all();
	daemon_stop(&crowd.daemon);
}
END_TEST

static Suite *
crowd_suite(void)
{
	Suite *suite = suite_create("e2e_crowd");
	TCase *tc = tcase_create("crowd");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, in_one_room);
	tcase_add_test(tc, said_in_a_browser);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(crowd_suite());
}
