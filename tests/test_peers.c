#include "chat/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/run.h"

#define PEERS 300 /* ports 5000 and up, each with what was sent there */
#define ANY   ((size_t)-1)

struct mailbox {
	char got[4096];
	struct path path; /* the last one used */
	size_t bytes;
};

static struct hub *hub;
static struct gate gate;
static struct peers *peers;
static struct mailbox boxes[PEERS];
static size_t takes;       /* how many more datagrams send_cb() takes */
static size_t calls;       /* of send_cb() */
static int64_t mono, wall; /* what the clock shows */

static size_t
send_cb(void *arg, const struct path *const *to, size_t n, struct str datagram)
{
	size_t i;

	(void)arg;
	calls++;
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_gt(datagram.len, 0);
	ck_assert_uint_le(datagram.len, PEER_DATAGRAM_MAX);
	for (i = 0; i < n && takes > 0; i++) {
		struct mailbox *box = &boxes[to[i]->remote.port - 5000];
		size_t len = strlen(box->got);

		/* A datagram without a newline is shown with a bar. */
		snprintf(box->got + len, sizeof(box->got) - len, "%.*s%s",
		    (int)datagram.len, datagram.p,
		    datagram.p[datagram.len - 1] == '\n' ? "" : "|");
		box->path = *to[i];
		box->bytes += datagram.len;
		if (takes != ANY)
			takes--;
	}
	return i;
}

static const struct hub_config roomy = { 100, 1000000, 1000, 100, 10, NULL };

static void
start(const struct hub_config *config, size_t max_per_address)
{
	struct peers_config peers_config = {
		.ping_after = SECONDS(600),
		.drop_after = SECONDS(660),
		.max_per_address = max_per_address,
		.send = send_cb,
	};

	memset(boxes, 0, sizeof(boxes));
	takes = ANY;
	mono = SECONDS(1000);
	ck_assert_int_eq(gate_init(&gate, NULL, 0), 0);
	hub = hub_new(config);
	ck_assert_ptr_nonnull(hub);
	peers = peers_new(hub, &gate, &peers_config);
	ck_assert_ptr_nonnull(peers);
}

static void
setup(void)
{
	start(&roomy, PEERS);
}

static void
teardown(void)
{
	peers_free(peers);
	hub_free(hub);
}

static struct instant
clock_shows(void)
{
	return (struct instant){ mono, wall };
}

static struct path
path_of(const char *ip, int port)
{
	struct path path = { .remote.port = (uint32_t)(5000 + port) };

	ck_assert_int_eq(addr_parse_ip(str_of(ip), path.remote.ip), 0);
	return path;
}

static void
receive_from(const char *ip, int port, struct str datagram)
{
	struct path path = path_of(ip, port);

	peers_receive(peers, &path, datagram, clock_shows());
	hub_flush(hub);
}

static void
receive(int port, const char *datagram)
{
	receive_from("127.0.0.1", port, str_of(datagram));
}

/* What the port got since it was last asked. */
static void
expect_at(int line, int port, const char *lines)
{
	ck_assert_msg(strcmp(boxes[port].got, lines) == 0,
	    "line %d: port %d got '%s', not '%s'", line, port, boxes[port].got,
	    lines);
	boxes[port].got[0] = '\0';
}

#define expect(port, lines) expect_at(__LINE__, port, lines)

/* So many peers that have said nothing yet: /foo joins as well as a line. */
static void
join(int from, int count)
{
	for (int i = from; i < from + count; i++) {
		receive(i, "/foo\n");
		ck_assert_msg(strncmp(boxes[i].got, "* lobby: ", 9) == 0,
		    "port %d got '%s'", i, boxes[i].got);
		boxes[i].got[0] = '\0';
	}
}

START_TEST(first_line_joins)
{
	receive(0, "hello");
	expect(0, "* lobby: 1 here; /help lists the commands|");
	receive(1, "hi\n");
	expect(1,
	    "* lobby: 2 here; /help lists the commands; /history shows "
	    "what was said\n");
	expect(0, "[127.0.0.1@5001]: hi|");
	receive(0, "how are you?");
	expect(1, "[127.0.0.1@5000]: how are you?\n");
	expect(0, "");
	ck_assert_uint_eq(peers_count(peers), 2);
	ck_assert_uint_eq(hub_count(hub), 2);
}
END_TEST

START_TEST(newline_style_is_the_latest)
{
	join(0, 2);
	receive(1, "one\n");
	expect(0, "[127.0.0.1@5001]: one\n");
	receive(0, "/nick");
	expect(0, "* usage: /nick NAME|");
	receive(0, "/nick\r\n");
	expect(0, "* usage: /nick NAME\n");
	receive(0, "");
	receive(1, "two\n");
	expect(0, "[127.0.0.1@5001]: two\n");
}
END_TEST

/* Datagrams from a second peer, and what the first one gets. */
static const struct {
	struct str datagram;
	const char *got;
} datagrams[] = {
	{ { "one\ntwo", 7 }, "[127.0.0.1@5001]: one\n[127.0.0.1@5001]: two\n" },
	{ { "one\r\n\r\ntwo\r\n", 12 },
	    "[127.0.0.1@5001]: one\n[127.0.0.1@5001]: two\n" },
	{ { "\n\n\n", 3 }, "" },
	{ { "\r\n", 2 }, "" },
	{ { "\0text", 5 }, "" },
	{ { "\xfftext", 5 }, "" },
	{ { "\xf8text", 5 }, "" },
	{ { "", 0 }, "" },
	{ { "\xf0\x9f\x98\x80", 4 }, "[127.0.0.1@5001]: \xf0\x9f\x98\x80\n" },
	{ { "a\0b", 3 },
	    "[127.0.0.1@5001]: a\xef\xbf\xbd"
	    "b\n" },
	{ { "a\x1b[2J\rb\xe2\x80\xae", 9 },
	    "[127.0.0.1@5001]: a\xef\xbf\xbd[2J\xef\xbf\xbd"
	    "b\xef\xbf\xbd\n" },
	{ { "\xc2\x9b", 2 }, "[127.0.0.1@5001]: \xef\xbf\xbd\n" },
};

START_TEST(datagram_is_taken_apart)
{
	join(0, 2);
	receive_from("127.0.0.1", 1, datagrams[_i].datagram);
	expect(0, datagrams[_i].got);
}
END_TEST

START_TEST(nothing_but_text_joins)
{
	static const struct str not_text[] = { { "", 0 }, { "\n", 1 },
		{ "\0hello", 6 }, { "\xff", 1 } };

	for (size_t i = 0; i < sizeof(not_text) / sizeof(not_text[0]); i++)
		receive_from("127.0.0.1", 0, not_text[i]);
	ck_assert_uint_eq(peers_count(peers), 0);
	expect(0, "");
}
END_TEST

START_TEST(lines_of_a_datagram_are_bounded)
{
	char datagram[128] = "", *to = datagram;

	join(0, 2);
	for (int i = 0; i < PEER_LINES_MAX; i++)
		to = stpcpy(to, "x\n");
	receive(1, datagram);
	expect(1, "");
	ck_assert_uint_eq(hub_said(hub), PEER_LINES_MAX);
	strcpy(to, "y\nz\n");
	receive(1, datagram);
	expect(1, "* only the first 16 lines of a datagram are taken\n");
	ck_assert_uint_eq(hub_said(hub), 2 * PEER_LINES_MAX);
	ck_assert_ptr_null(strchr(boxes[0].got, 'y'));
	/* What joined the two was a line too. */
	ck_assert_uint_eq(peers_stats(peers)->lines_in, 2 * 16 + 2);
}
END_TEST

START_TEST(longest_datagram_survives)
{
	size_t len = 65507;
	char *bytes = malloc(len);

	join(0, 2);
	memset(bytes, 'x', len);
	receive_from("127.0.0.1", 1, (struct str){ bytes, len });
	expect(1, "* your line was cut to 1024 bytes|");
	ck_assert_uint_eq(strlen(boxes[0].got), 1024 + 19);
	memset(bytes, '\xc2', len);
	receive_from("127.0.0.1", 1, (struct str){ bytes, len });
	memset(bytes, '\n', len);
	receive_from("127.0.0.1", 1, (struct str){ bytes, len });
	ck_assert_uint_eq(hub_said(hub), 2);
	free(bytes);
}
END_TEST

START_TEST(longest_line_fits)
{
	char line[CHAT_TEXT_MAX + 16] = "/nick ";

	join(0, 2);
	memset(line + 6, 'n', CHAT_NICK_MAX);
	strcpy(line + 6 + CHAT_NICK_MAX, "\n");
	receive(1, line);
	boxes[0].got[0] = '\0';
	memset(line, 'x', CHAT_TEXT_MAX);
	strcpy(line + CHAT_TEXT_MAX, "\n");
	receive(1, line);
	ck_assert_uint_eq(
	    strlen(boxes[0].got), CHAT_TEXT_MAX + CHAT_NICK_MAX + 5);
}
END_TEST

START_TEST(private_is_for_two)
{
	join(0, 4);
	receive(3, ""); /* ends its lines in a newline */
	receive(1, "/msg 127.0.0.1@5000 psst\n");
	expect(0, "[127.0.0.1@5001 -> you]: psst\n");
	expect(1, "[you -> 127.0.0.1@5000]: psst\n");
	receive(1, "/nick bob");
	receive(0, "/join tea\n");
	for (int i = 0; i < 4; i++)
		boxes[i].got[0] = '\0';
	receive(1, "/msg 127.0.0.1@5000 again");
	expect(0, "[bob -> you]: again\n");
	expect(1, "[you -> 127.0.0.1@5000]: again|");
	expect(2, "");
	expect(3, "");
}
END_TEST

/* Who has the port next may be somebody else. */
START_TEST(letters_are_not_for_the_next_at_that_port)
{
	join(0, 2);
	receive(1, "/msg 127.0.0.1@5000 psst\n");
	receive(0, "/quit\n");
	mono += SECONDS(1);
	wall += 1000;
	boxes[0].got[0] = '\0';
	receive(0, "/history\n");
	ck_assert_ptr_null(strstr(boxes[0].got, "psst"));
	receive(1, "/msg 127.0.0.1@5000 new\n");
	ck_assert_ptr_nonnull(
	    strstr(boxes[0].got, "[127.0.0.1@5001 -> you]: new"));
}
END_TEST

/* Rooms. */

START_TEST(peer_gets_the_lines_of_its_room)
{
	join(0, 4);
	receive(2, "/join tea\n");
	receive(3, "/join tea\n");
	for (int i = 0; i < 4; i++)
		boxes[i].got[0] = '\0';
	receive(0, "lobby\n");
	receive(2, "tea\n");
	expect(0, "");
	expect(1, "[127.0.0.1@5000]: lobby\n");
	expect(2, "");
	expect(3, "[127.0.0.1@5002]: tea\n");
	receive(3, "/part\n");
	expect(2, "* 127.0.0.1@5003 went to another room\n");
	expect(0, "");
	expect(3,
	    "* lobby: 3 here; /help lists the commands; /history shows what "
	    "was said\n");
	receive(2, "more tea\n");
	expect(3, "");
}
END_TEST

START_TEST(rooms_go_on_where_they_were_blocked)
{
	join(0, 6);
	for (int i = 3; i < 6; i++)
		receive(i, "/join tea\n");
	for (int i = 0; i < 6; i++)
		boxes[i].got[0] = '\0';
	takes = 1;
	receive(0, "lobby 1\n"); /* one of two gets it */
	receive(3, "tea 1\n");
	receive(3, "/msg 127.0.0.1@5001 psst\n");
	receive(0, "lobby 2\n");
	for (int n = 0; n < 30; n++) {
		takes = 1;
		peers_writable(peers);
	}
	takes = ANY;
	peers_writable(peers);
	expect(0, "");
	expect(1,
	    "[127.0.0.1@5000]: lobby 1\n[127.0.0.1@5003 -> you]: psst\n"
	    "[127.0.0.1@5000]: lobby 2\n");
	expect(2, "[127.0.0.1@5000]: lobby 1\n[127.0.0.1@5000]: lobby 2\n");
	expect(3, "[you -> 127.0.0.1@5001]: psst\n");
	expect(4, "[127.0.0.1@5003]: tea 1\n");
	expect(5, "[127.0.0.1@5003]: tea 1\n");
}
END_TEST

START_TEST(told_to_all_in_few_sends)
{
	join(0, PEERS);
	for (int i = 0; i < PEERS; i += 2)
		receive(i, "/away x"); /* wants no newline */
	for (int i = 0; i < PEERS; i++)
		boxes[i].got[0] = '\0';
	calls = 0;
	hub_tell_all(hub, NULL, NULL, "five minutes");
	ck_assert_uint_le(calls, 4);
	for (int i = 0; i < PEERS; i++)
		expect(i, i % 2 == 0 ? "* five minutes|" : "* five minutes\n");
	calls = 0;
	receive(0, "/quit");
	ck_assert_uint_le(calls, 5);
	expect(0, "* bye|");
	for (int i = 1; i < PEERS; i++)
		expect(i,
		    i % 2 == 0 ? "* 127.0.0.1@5000 left (quit)|"
			       : "* 127.0.0.1@5000 left (quit)\n");
}
END_TEST

/* Operators. */

static void
make_operator(int port)
{
	char line[64];

	snprintf(line, sizeof(line), "/op %s\n",
	    hub_operator_code(hub, clock_shows()));
	receive(port, line);
	expect(port, "* you are an operator now; see /help\n");
}

/* Lines of an operator's datagram, of which the first one is the end. */
static const char *const suicides[] = { "/kick 127.0.0.1@5000\nnever\n",
	"/ban 127.0.0.1@5000\nnever\n/quit\n", "/ban ::/0\n/who\nnever\n",
	"/ban 127.0.0.0/8\r\n\r\nnever\n",
	"/kick 127.0.0.1@5000\n/quit\n/quit\n" };

START_TEST(operator_may_remove_himself)
{
	join(0, 3);
	make_operator(0);
	receive(0, suicides[_i]);
	ck_assert_uint_le(peers_count(peers), 2);
	ck_assert_uint_eq(hub_count(hub), peers_count(peers));
	ck_assert_uint_eq(hub_said(hub), 0);
	ck_assert_ptr_nonnull(strstr(boxes[0].got, "* you were removed ("));
	ck_assert_ptr_null(strstr(boxes[0].got, "bye"));
}
END_TEST

START_TEST(operator_may_remove_all_others)
{
	join(0, 5);
	make_operator(2);
	for (int i = 0; i < 5; i++) {
		char line[64];

		snprintf(line, sizeof(line), "/kick 127.0.0.1@%d\n", 5000 + i);
		if (i != 2)
			receive(2, line);
	}
	ck_assert_uint_eq(peers_count(peers), 1);
	receive(2, "still here\n");
	ck_assert_uint_eq(hub_said(hub), 1);
}
END_TEST

/* What an address may be told that has not come in: three times its bytes. */
static const struct {
	const char *command, *datagram, *told;
} refusals[] = {
	{ "/lock\n", "hello\n", "" },
	{ "/lock\n", "hello there\n", "* the room is locked\n" },
	{ "/ban 192.0.2.0/24\n", "hi\n", "" },
	{ "/ban 192.0.2.0/24\n", "hello\n", "* you are banned\n" },
};

START_TEST(refused_in_proportion)
{
	static const struct cidr all = { .bits = 0 };

	join(0, 1);
	make_operator(0);
	receive(0, refusals[_i].command);
	gate.trusted = &all;
	gate.ntrusted = 1;
	receive_from("192.0.2.1", 1, str_of(refusals[_i].datagram));
	expect(1, refusals[_i].told);
	ck_assert_uint_eq(peers_count(peers), 1);
	ck_assert_uint_eq(peers_stats(peers)->refused, 1);
}
END_TEST

START_TEST(quit_ends_it)
{
	join(0, 2);
	receive(1, "so long\n/quit\nnever said\n");
	expect(1, "* bye\n");
	expect(0, "[127.0.0.1@5001]: so long\n* 127.0.0.1@5001 left (quit)\n");
	ck_assert_uint_eq(peers_count(peers), 1);
	ck_assert_uint_eq(hub_count(hub), 1);
}
END_TEST

START_TEST(returning_peer_inherits_nothing)
{
	struct member *m;
	uint64_t id;

	receive(0, "/nick bob\n");
	m = hub_find(hub, STR("bob"), clock_shows());
	ck_assert_ptr_nonnull(m);
	id = member_id(m);
	receive(0, "/quit\n");
	ck_assert_ptr_null(hub_find(hub, STR("bob"), clock_shows()));
	receive(0, "hello\n");
	m = hub_find(hub, STR("127.0.0.1@5000"), clock_shows());
	ck_assert_ptr_nonnull(m);
	ck_assert_uint_ne(member_id(m), id);
	ck_assert(str_eq(member_name(m), STR("127.0.0.1@5000")));
}
END_TEST

/* As many lines as --flood allows, then neither lines nor `* left`. */
START_TEST(leaving_is_no_way_around_the_flood_limit)
{
	join(1, 1);
	for (int i = 0; i < 300; i++)
		receive(0, "spam\n/quit\n");
	ck_assert_uint_eq(hub_said(hub), 50);
	ck_assert_uint_eq(hub_count(hub), 1);
	ck_assert_uint_eq(peers_stats(peers)->refused, 249);
	mono += SECONDS(1);
	boxes[0].got[0] = '\0';
	receive(0, "hello\n");
	expect(0,
	    "* lobby: 2 here; /help lists the commands; /history shows "
	    "what was said\n");
	ck_assert_uint_eq(hub_said(hub), 51);
}
END_TEST

START_TEST(unreachable_peer_is_out)
{
	struct addr nobody = path_of("127.0.0.1", 9).remote;
	struct addr remote = path_of("127.0.0.1", 1).remote;

	join(0, 2);
	peers_unreachable(peers, &nobody);
	peers_unreachable(peers, &remote);
	peers_unreachable(peers, &remote);
	expect(0, "* 127.0.0.1@5001 left (unreachable)\n");
	expect(1, "");
	ck_assert_uint_eq(peers_count(peers), 1);
}
END_TEST

START_TEST(peers_go_in_any_order)
{
	static const int order[] = { 0, 4, 1, 3 };

	join(0, 5);
	for (int i = 0; i < 4; i++) {
		receive(order[i], "/quit\n");
		expect(order[i], "* bye\n");
		receive(5, "hello\n/quit\n");
		for (int j = 0; j <= i; j++)
			expect(order[j], "");
		for (int j = i + 1; j < 4; j++)
			ck_assert_ptr_nonnull(
			    strstr(boxes[order[j]].got, "]: hello\n"));
		for (int j = 0; j < 6; j++)
			boxes[j].got[0] = '\0';
	}
	ck_assert_uint_eq(peers_count(peers), 1);
}
END_TEST

START_TEST(removed_peer_is_forgotten)
{
	join(0, 3);
	hub_remove(
	    hub, hub_find(hub, STR("127.0.0.1@5000"), clock_shows()), "kicked");
	expect(0, "* you were removed (kicked)\n");
	ck_assert_uint_eq(peers_count(peers), 2);
	receive(1, "good\n");
	expect(0, "");
	expect(2, "* 127.0.0.1@5000 left (kicked)\n[127.0.0.1@5001]: good\n");
}
END_TEST

START_TEST(latest_path_is_used)
{
	struct path path = path_of("127.0.0.1", 0);

	join(0, 2);
	path.socket = 3;
	path.interface = 2;
	path.local.ip[15] = 9;
	peers_receive(peers, &path, STR("/foo\n"), clock_shows());
	receive(1, "hello\n");
	ck_assert_uint_eq(boxes[0].path.socket, 3);
	ck_assert_uint_eq(boxes[0].path.interface, 2);
	ck_assert_uint_eq(boxes[0].path.local.ip[15], 9);
	ck_assert_uint_eq(peers_count(peers), 2);
}
END_TEST

/* Silence: ping at 600 s, out at 660 s. */

START_TEST(silent_peer_is_pinged_and_dropped)
{
	ck_assert_int_eq(peers_deadline(peers), NEVER);
	join(0, 1);
	mono += SECONDS(10);
	join(1, 1);
	ck_assert_int_eq(peers_deadline(peers), SECONDS(1600));
	mono = SECONDS(1600) - 1;
	peers_tick(peers, clock_shows());
	expect(0, "");
	mono++;
	peers_tick(peers, clock_shows());
	expect(0, "* are you still there? say anything to stay\n");
	expect(1, "");
	ck_assert_int_eq(peers_deadline(peers), SECONDS(1610));
	mono = SECONDS(1605);
	receive(1, "");
	ck_assert_int_eq(peers_deadline(peers), SECONDS(1660));
	mono = SECONDS(1660);
	peers_tick(peers, clock_shows());
	expect(0,
	    "* you were dropped after 11 minutes of silence; say "
	    "anything to come back\n");
	expect(1, "* 127.0.0.1@5000 left (timed out)\n");
	ck_assert_uint_eq(peers_count(peers), 1);
	ck_assert_int_eq(peers_deadline(peers), SECONDS(1605 + 600));
}
END_TEST

START_TEST(answer_to_a_ping_is_enough)
{
	join(0, 1);
	mono += SECONDS(600);
	peers_tick(peers, clock_shows());
	mono += SECONDS(59);
	receive(0, "");
	mono += SECONDS(599);
	peers_tick(peers, clock_shows());
	expect(0, "* are you still there? say anything to stay\n");
	ck_assert_uint_eq(peers_count(peers), 1);
	mono += SECONDS(1);
	peers_tick(peers, clock_shows());
	expect(0, "* are you still there? say anything to stay\n");
}
END_TEST

/* Each drop is told to all: many at once would hold up the loop. */
START_TEST(drops_of_a_tick_are_bounded)
{
	size_t before, after;

	join(0, 100);
	mono += SECONDS(600);
	peers_tick(peers, clock_shows());
	mono += SECONDS(60);
	do {
		before = peers_count(peers);
		ck_assert_int_le(peers_deadline(peers), mono);
		peers_tick(peers, clock_shows());
		after = peers_count(peers);
		ck_assert_uint_lt(after, before);
		ck_assert_uint_le(before - after, 16);
	} while (after > 0);
}
END_TEST

START_TEST(late_tick_pings_first)
{
	join(0, 1);
	mono += SECONDS(10000);
	peers_tick(peers, clock_shows());
	expect(0, "* are you still there? say anything to stay\n");
	ck_assert_uint_eq(peers_count(peers), 1);
	ck_assert_int_eq(peers_deadline(peers), mono + SECONDS(60));
}
END_TEST

/* Strangers: addresses that are not trusted. */

#define STRANGER "192.0.2.1"

static void
code_for(const char *ip, int port, char *code)
{
	struct addr remote = path_of(ip, port).remote;

	gate_code(&gate, &remote, clock_shows(), code);
}

START_TEST(challenge_is_in_proportion)
{
	char datagram[64], code[GATE_CODE_LEN + 1], whole[64], bare[64];
	size_t in = 0;

	code_for(STRANGER, 0, code);
	snprintf(whole, sizeof(whole), "* type %s to join\n", code);
	snprintf(bare, sizeof(bare), "%s\n", code);
	for (size_t len = 1; len <= 40; len++) {
		size_t before = boxes[0].bytes, out;

		memset(datagram, 'x', len);
		receive_from(STRANGER, 0, (struct str){ datagram, len });
		out = boxes[0].bytes - before;
		in += len;
		ck_assert_msg(out <= 3 * len, "%zu bytes for %zu", out, len);
		ck_assert_uint_le(boxes[0].bytes, 3 * in);
		expect(0,
		    3 * len >= strlen(whole)      ? whole
			: 3 * len >= strlen(bare) ? bare
						  : "");
	}
	ck_assert_uint_eq(peers_count(peers), 0);
	ck_assert_uint_eq(hub_said(hub), 0);
	ck_assert_uint_eq(peers_stats(peers)->challenged, 38);
	ck_assert_uint_eq(peers_stats(peers)->datagrams_in, 40);
	ck_assert_uint_eq(peers_stats(peers)->datagrams_out, 38);
}
END_TEST

START_TEST(many_lines_get_one_challenge)
{
	receive_from(STRANGER, 0, STR("hello\nhello\nhello\n/help\n/who\n"));
	ck_assert_uint_eq(peers_stats(peers)->datagrams_out, 1);
	receive_from(STRANGER, 0, STR("\n\n\n\n\n\n\n\n\n\n\n\n\n\n"));
	receive_from(STRANGER, 0, STR(""));
	ck_assert_uint_eq(peers_stats(peers)->datagrams_out, 1);
}
END_TEST

START_TEST(right_code_joins)
{
	char datagram[64];

	join(1, 1);
	code_for(STRANGER, 0, datagram);
	strcat(datagram, "\nhello\n");
	receive_from(STRANGER, 0, str_of(datagram));
	expect(0, "* lobby: 2 here; /help lists the commands\n");
	expect(1, "[192.0.2.1@5000]: hello\n");
	receive_from(STRANGER, 0, STR("again\n"));
	expect(1, "[192.0.2.1@5000]: again\n");
}
END_TEST

/* A code given to 192.0.2.1@5000 at 1000 s, in the period to 1020 s. */
static const struct {
	const char *ip;
	int port;
	int64_t later;
	size_t joined;
} code_cases[] = {
	{ STRANGER, 0, 0, 1 },
	{ STRANGER, 0, 79, 1 }, /* the period after */
	{ STRANGER, 0, 80, 0 },
	{ STRANGER, 1, 0, 0 },
	{ "192.0.2.2", 0, 0, 0 },
};

START_TEST(code_is_for_one_address_and_time)
{
	char code[GATE_CODE_LEN + 1];

	code_for(STRANGER, 0, code);
	mono += SECONDS(code_cases[_i].later);
	receive_from(code_cases[_i].ip, code_cases[_i].port, str_of(code));
	ck_assert_uint_eq(peers_count(peers), code_cases[_i].joined);
}
END_TEST

START_TEST(members_of_an_address_are_bounded)
{
	teardown();
	start(&roomy, 2);
	join(0, 2);
	receive(2, "hello there, can I come in?");
	expect(2, "");
	expect(0, "");
	ck_assert_uint_eq(peers_count(peers), 2);
	ck_assert_uint_eq(peers_stats(peers)->refused, 1);
	receive_from("127.0.0.2", 2, STR("hello\n"));
	ck_assert_uint_eq(peers_count(peers), 3);
	receive(1, "/quit");
	receive(3, "hello\n");
	ck_assert_uint_eq(peers_count(peers), 3);
}
END_TEST

START_TEST(full_room_says_so_in_proportion)
{
	struct hub_config config = roomy;

	teardown();
	config.max_members = 1;
	start(&config, PEERS);
	join(0, 1);
	receive(1, "hello there\n");
	expect(1, "* the room is full, try again later\n");
	receive(1, "hello there");
	expect(1, "");
	ck_assert_uint_eq(peers_count(peers), 1);
	ck_assert_uint_eq(peers_stats(peers)->refused, 2);
}
END_TEST

/* Back-pressure. */

START_TEST(one_send_for_all_who_end_lines_alike)
{
	join(0, 100);
	calls = 0;
	receive(0, "hello\n");
	ck_assert_uint_eq(calls, 1);
	for (int i = 1; i < 100; i++)
		expect(i, "[127.0.0.1@5000]: hello\n");
	join(100, PEERS - 100);
	receive(0, "hello\n");
	for (int i = 1; i < PEERS; i++)
		expect(i, "[127.0.0.1@5000]: hello\n");
}
END_TEST

/*
 * The driver takes step datagrams each time it can send, while lines go on
 * coming: each peer gets every line of the others once and in order.
 */
static const size_t steps[] = { 0, 1, 2, 3, 7, 8, 9, 100, 129, 1000 };

START_TEST(all_lines_arrive_in_order_under_back_pressure)
{
	size_t step = steps[_i];
	char want[4096];

	join(0, 200);
	for (int i = 0; i < 200; i += 3)
		receive(i, ""); /* keeps its newline */
	for (int i = 1; i < 200; i += 3)
		receive(i, "/nick"); /* wants none */
	for (int i = 0; i < 200; i++)
		boxes[i].got[0] = '\0';
	for (int n = 0; n < 12; n++) {
		char line[32];

		takes = step;
		peers_writable(peers);
		snprintf(
		    line, sizeof(line), "line %d%s", n, n % 3 == 1 ? "" : "\n");
		receive(n % 3, line);
	}
	for (int n = 0; n < 5000 && step > 0; n++) {
		takes = step;
		peers_writable(peers);
	}
	takes = ANY;
	peers_writable(peers);
	for (int i = 0; i < 200; i++) {
		char *to = want;

		*to = '\0';
		for (int n = 0; n < 12; n++) {
			if (n % 3 != i)
				to += sprintf(to, "[127.0.0.1@%d]: line %d%s",
				    5000 + n % 3, n, i % 3 == 1 ? "|" : "\n");
		}
		expect(i, want);
	}
}
END_TEST

START_TEST(blocked_driver_is_not_asked_again)
{
	join(0, 10);
	takes = 0;
	calls = 0;
	receive(0, "one\n");
	receive(0, "two\n");
	ck_assert_uint_eq(calls, 1);
	takes = ANY;
	peers_writable(peers);
	expect(1, "[127.0.0.1@5000]: one\n[127.0.0.1@5000]: two\n");
	expect(0, "");
}
END_TEST

START_TEST(told_lines_are_best_effort)
{
	join(0, 1);
	takes = 0;
	receive(0, "/help\n");
	takes = ANY;
	peers_writable(peers);
	expect(0, "");
}
END_TEST

START_TEST(newcomer_does_not_get_what_was_said_before)
{
	join(0, 2);
	takes = 0;
	receive(0, "early\n");
	takes = 1; /* the notice to the newcomer */
	receive(2, "/foo\n");
	takes = ANY;
	peers_writable(peers);
	expect(1, "[127.0.0.1@5000]: early\n");
	ck_assert_ptr_null(strstr(boxes[2].got, "early"));
}
END_TEST

START_TEST(lost_lines_are_told)
{
	struct hub_config config = roomy;

	teardown();
	config.max_messages = 3;
	start(&config, PEERS);
	join(0, 2);
	takes = 0;
	receive(0, "1\n");
	receive(0, "2\n3\n4\n5\n");
	takes = ANY;
	peers_writable(peers);
	expect(1,
	    "* 2 lines were missed\n[127.0.0.1@5000]: 3\n"
	    "[127.0.0.1@5000]: 4\n[127.0.0.1@5000]: 5\n");
	receive(0, "6\n");
	expect(1, "[127.0.0.1@5000]: 6\n");
}
END_TEST

START_TEST(peer_may_leave_while_it_lags)
{
	struct addr remote = path_of("127.0.0.1", 1).remote;

	join(0, 3);
	takes = 0;
	receive(0, "one\n");
	peers_unreachable(peers, &remote);
	takes = ANY;
	peers_writable(peers);
	expect(1, "");
	expect(2, "[127.0.0.1@5000]: one\n");
}
END_TEST

START_TEST(freed_peers_leave_without_a_word)
{
	join(0, 3);
	peers_free(peers);
	peers = NULL;
	for (int i = 0; i < 3; i++)
		expect(i, "");
	ck_assert_uint_eq(hub_count(hub), 0);
	hub_flush(hub);
	peers_free(NULL);
}
END_TEST

START_TEST(hub_may_already_hold_messages)
{
	struct peers_config config = { SECONDS(1), SECONDS(2), 9, send_cb,
		NULL };

	join(0, 2);
	receive(0, "before\n");
	peers_free(peers);
	peers = peers_new(hub, &gate, &config);
	join(5, 2);
	receive(5, "after\n");
	expect(6, "[127.0.0.1@5005]: after\n");
}
END_TEST

static void
add_lines(Suite *suite)
{
	TCase *tc = tcase_create("lines");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, first_line_joins);
	tcase_add_test(tc, newline_style_is_the_latest);
	tcase_add_loop_test(tc, datagram_is_taken_apart, 0, CASES(datagrams));
	tcase_add_test(tc, nothing_but_text_joins);
	tcase_add_test(tc, lines_of_a_datagram_are_bounded);
	tcase_add_test(tc, longest_datagram_survives);
	tcase_add_test(tc, longest_line_fits);
	tcase_add_test(tc, private_is_for_two);
	tcase_add_test(tc, letters_are_not_for_the_next_at_that_port);
	tcase_add_test(tc, peer_gets_the_lines_of_its_room);
	tcase_add_test(tc, rooms_go_on_where_they_were_blocked);
	tcase_add_test(tc, told_to_all_in_few_sends);
	suite_add_tcase(suite, tc);
}

static void
add_operators(Suite *suite)
{
	TCase *tc = tcase_create("operators");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, operator_may_remove_himself, 0, CASES(suicides));
	tcase_add_test(tc, operator_may_remove_all_others);
	tcase_add_loop_test(tc, refused_in_proportion, 0, CASES(refusals));
	suite_add_tcase(suite, tc);
}

static void
add_coming_and_going(Suite *suite)
{
	TCase *tc = tcase_create("coming and going");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, quit_ends_it);
	tcase_add_test(tc, returning_peer_inherits_nothing);
	tcase_add_test(tc, leaving_is_no_way_around_the_flood_limit);
	tcase_add_test(tc, unreachable_peer_is_out);
	tcase_add_test(tc, peers_go_in_any_order);
	tcase_add_test(tc, removed_peer_is_forgotten);
	tcase_add_test(tc, latest_path_is_used);
	tcase_add_test(tc, silent_peer_is_pinged_and_dropped);
	tcase_add_test(tc, answer_to_a_ping_is_enough);
	tcase_add_test(tc, late_tick_pings_first);
	tcase_add_test(tc, drops_of_a_tick_are_bounded);
	tcase_add_test(tc, freed_peers_leave_without_a_word);
	suite_add_tcase(suite, tc);
}

static void
add_strangers(Suite *suite)
{
	TCase *tc = tcase_create("strangers");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, challenge_is_in_proportion);
	tcase_add_test(tc, many_lines_get_one_challenge);
	tcase_add_test(tc, right_code_joins);
	tcase_add_loop_test(
	    tc, code_is_for_one_address_and_time, 0, CASES(code_cases));
	tcase_add_test(tc, members_of_an_address_are_bounded);
	tcase_add_test(tc, full_room_says_so_in_proportion);
	suite_add_tcase(suite, tc);
}

static void
add_back_pressure(Suite *suite)
{
	TCase *tc = tcase_create("back-pressure");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_send_for_all_who_end_lines_alike);
	tcase_add_loop_test(
	    tc, all_lines_arrive_in_order_under_back_pressure, 0, CASES(steps));
	tcase_add_test(tc, blocked_driver_is_not_asked_again);
	tcase_add_test(tc, told_lines_are_best_effort);
	tcase_add_test(tc, newcomer_does_not_get_what_was_said_before);
	tcase_add_test(tc, lost_lines_are_told);
	tcase_add_test(tc, peer_may_leave_while_it_lags);
	tcase_add_test(tc, hub_may_already_hold_messages);
	suite_add_tcase(suite, tc);
}

static Suite *
peers_suite(void)
{
	Suite *suite = suite_create("peers");

	add_lines(suite);
	add_coming_and_going(suite);
	add_operators(suite);
	add_strangers(suite);
	add_back_pressure(suite);
	return suite;
}

int
main(void)
{
	return run_suite(peers_suite());
}
