/*
 * The chat over HTTP as browsers and curl see it: streams of events, and
 * messages by POST.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "tests/daemon.h"
#include "tests/exchange.h"
#include "tests/hostile.h"
#include "tests/run.h"

#define HOST    " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
#define ANN     "Cookie: chatd=000102030405060708090a0b0c0d0e0f\r\n"
#define BOB     "Cookie: chatd=100102030405060708090a0b0c0d0e0f\r\n"
#define EVE     "Cookie: chatd=200102030405060708090a0b0c0d0e0f\r\n"
#define JSON    "Content-Type: application/json\r\n"
#define PLAIN   "Content-Type: text/plain; charset=utf-8\r\n"
#define READERS 100

static struct program server;
static char seen[1 << 20]; /* of a stream, at the last read */

static void
start(const char *option)
{
	const char *args[] = { option, NULL };

	daemon_start(&server, args);
}

/* A stream whose head was read. */
static int
open_stream(const char *target, const char *fields)
{
	int fd = tcp_connect(server.http_port);

	send_text(fd, "GET /chat/events");
	send_text(fd, target);
	send_text(fd, HOST);
	send_text(fd, fields);
	send_text(fd, "\r\n");
	read_until(fd, "\r\n\r\n", seen, sizeof(seen));
	ck_assert_msg(strncmp(seen, "HTTP/1.1 200 ", 13) == 0, "%s", seen);
	ck_assert_str_eq(
	    response_field(seen, "Content-Type"), "text/event-stream");
	ck_assert_str_eq(response_field(seen, "Cache-Control"), "no-store");
	ck_assert_ptr_null(response_field(seen, "Content-Length"));
	ck_assert_ptr_null(response_field(seen, "Transfer-Encoding"));
	return fd;
}

/* The same, and what it begins with was read too. */
static int
join(const char *target, const char *fields)
{
	int fd = open_stream(target, fields);

	read_until(fd, "event: rooms\n", seen, sizeof(seen));
	return fd;
}

static void
reads(int fd, const char *text)
{
	read_until(fd, text, seen, sizeof(seen));
}

static void
reads_without(int fd, const char *text, const char *never)
{
	reads(fd, text);
	ck_assert_msg(strstr(seen, never) == NULL, "%s", seen);
}

/* What a POST is answered; the body lies in *data, which the caller frees. */
static struct exchange_answer
post_bytes(const char *target, const char *fields, struct str body, char **data)
{
	struct buf b = { 0 };
	struct exchange_answer a;

	buf_addf(&b,
	    "POST /chat/messages%s" HOST "Connection: close\r\n%s"
	    "Content-Length: %zu\r\n\r\n",
	    target, fields, body.len);
	buf_add_str(&b, body);
	a = exchange_ask(server.http_port,
	    (struct str){ buf_data(&b), buf_len(&b) }, data, fields);
	buf_free(&b);
	return a;
}

static void
post(const char *fields, const char *body, int status, const char *part)
{
	char *data;
	struct exchange_answer a = post_bytes("", fields, str_of(body), &data);

	ck_assert_msg(a.status == status &&
		memmem(a.body.p, a.body.len, part, strlen(part)) != NULL,
	    "%s: %s", body, data);
	free(data);
}

static void
says(const char *fields, const char *body)
{
	post(fields, body, 201, "{\"room\":\"");
}

START_TEST(test_three_forms)
{
	char *data;
	int fd;

	start(NULL);
	fd = join("?nick=ann", ANN);
	post("", "text=hello+there%21&nick=bob", 201,
	    "{\"room\":\"lobby\",\"seq\":1}");
	reads(fd, "id: 1\ndata: {\"room\":\"lobby\",\"seq\":1,\"time\":");
	reads(
	    fd, "\"nick\":\"bob\",\"via\":\"http\",\"text\":\"hello there!\"");
	post(JSON, "{\"text\":\"\\u00fc\",\"room\":\"lobby\"}", 201, "2}");
	reads(fd, "\"text\":\"\xc3\xbc\",\"kind\":\"say\"}\n\n");
	ck_assert_int_eq(
	    post_bytes("?nick=carl", PLAIN, STR("one\r\ntwo\n"), &data).status,
	    201);
	free(data);
	reads(fd, "\"nick\":\"carl\",\"via\":\"http\",\"text\":\"one two\"");
	says(ANN, "text=/me+waves");
	reads(fd, "\"kind\":\"action\",\"own\":true}\n\n");
	close(fd);
	daemon_stop(&server);
}
END_TEST

static size_t
messages_in(const char *text)
{
	size_t n = 0;

	while ((text = strstr(text, "\nid: ")) != NULL) {
		text++;
		n++;
	}
	return n;
}

/* Who comes back with a number gets what is behind it, exactly once. */
START_TEST(test_resume)
{
	static const struct {
		const char *target, *fields, *part;
	} ways[] = {
		{ "", "Last-Event-ID: 3\r\n", "six" },
		{ "?since=3", "", "six" },
		{ "?since=0", "Last-Event-ID: 3\r\n", "six" },
		{ "?past=3", "", "six\",\"kind\":\"say\",\"past\":true}" },
	};
	int fd;

	start(NULL);
	fd = join("", ANN);
	says(BOB, "text=one");
	says(BOB, "text=two");
	says(BOB, "text=three");
	reads(fd, "three");
	close(fd);
	says(BOB, "text=four");
	says(BOB, "text=five");
	says(BOB, "text=six");
	for (int i = 0; i < CASES(ways); i++) {
		fd = join(ways[i].target, ways[i].fields);
		reads(fd, ways[i].part);
		ck_assert_ptr_null(strstr(seen, "id: 3\n"));
		ck_assert_uint_eq(messages_in(seen), 3);
		ck_assert_ptr_nonnull(strstr(strstr(seen, "id: 4\n"), "id: 5"));
		ck_assert_ptr_nonnull(strstr(strstr(seen, "id: 5\n"), "id: 6"));
		close(fd);
	}
	fd = join("", "");
	says(BOB, "text=seven");
	reads_without(fd, "seven", "six");
	close(fd);
	daemon_stop(&server);
}
END_TEST

/* What is refused, and how. */
static const struct {
	const char *name, *head;
	int status;
} refused[] = {
	{ "foreign Origin",
	    "POST /chat/messages" HOST "Origin: http://evil.example\r\n", 403 },
	{ "Origin null", "POST /chat/messages" HOST "Origin: null\r\n", 403 },
	{ "Origin with another port",
	    "POST /chat/messages" HOST "Origin: http://127.0.0.1:1\r\n", 403 },
	{ "foreign Origin, events",
	    "GET /chat/events" HOST "Origin: http://evil.example\r\n", 403 },
	{ "cross-site",
	    "POST /chat/messages" HOST "Sec-Fetch-Site: cross-site\r\n", 403 },
	{ "cross-site, events",
	    "GET /chat/events" HOST "Sec-Fetch-Site: cross-site\r\n", 403 },
	{ "another name",
	    "POST /chat/messages HTTP/1.1\r\nHost: evil.example\r\n", 403 },
	{ "another name, events",
	    "GET /chat/events HTTP/1.1\r\nHost: evil.example\r\n", 403 },
	{ "another name, rooms",
	    "GET /chat/rooms HTTP/1.1\r\nHost: evil.example\r\n", 403 },
	{ "another name and its Origin",
	    "POST /chat/messages HTTP/1.1\r\nHost: evil.example\r\n"
	    "Origin: http://evil.example\r\n",
	    403 },
	{ "media type",
	    "POST /chat/messages" HOST "Content-Type: text/html\r\n", 415 },
	{ "no text", "POST /chat/messages" HOST, 400 },
	{ "broken JSON", "POST /chat/messages" HOST JSON, 400 },
	{ "GET of messages", "GET /chat/messages" HOST, 405 },
	{ "PUT of messages", "PUT /chat/messages" HOST, 405 },
	{ "POST of events", "POST /chat/events" HOST, 405 },
	{ "POST of the page", "POST /chat" HOST, 405 },
	{ "no number", "GET /chat/events?since=x" HOST, 400 },
	{ "no room", "GET /chat/events?room=a%0Ab" HOST, 400 },
	{ "no id", "GET /chat/events" HOST "Last-Event-ID: -1\r\n", 400 },
};

START_TEST(test_refused)
{
	start(NULL);
	for (int i = 0; i < CASES(refused); i++) {
		struct buf b = { 0 };
		struct exchange_answer a;
		char *data;

		buf_addf(&b, "%sConnection: close\r\nContent-Length: 0\r\n\r\n",
		    refused[i].head);
		a = exchange_ask(server.http_port,
		    (struct str){ buf_data(&b), buf_len(&b) }, &data,
		    refused[i].name);
		ck_assert_msg(a.status == refused[i].status, "%s: %s",
		    refused[i].name, data);
		ck_assert_msg(
		    strstr(data, "Access-Control") == NULL, "%s", data);
		free(data);
		buf_free(&b);
	}
	daemon_stop(&server);
}
END_TEST

START_TEST(test_too_large)
{
	static char text[20000];
	struct exchange_answer a;
	char *data;

	start(NULL);
	memset(text, 'x', sizeof(text));
	a = post_bytes("", PLAIN, (struct str){ text, sizeof(text) }, &data);
	ck_assert_msg(a.status == 413, "%s", data);
	free(data);
	a = post_bytes("", PLAIN, (struct str){ text, 10000 }, &data);
	ck_assert_msg(a.status == 201, "%s", data);
	free(data);
	daemon_stop(&server);
}
END_TEST

START_TEST(test_head)
{
	char *head;
	int fd;

	start(NULL);
	fd = tcp_connect(server.http_port);
	send_text(fd, "HEAD /chat/events" HOST "\r\n");
	read_to_end(fd, &head);
	ck_assert_str_eq(
	    response_field(head, "Content-Type"), "text/event-stream");
	ck_assert_ptr_null(response_field(head, "Content-Length"));
	ck_assert_str_eq(strstr(head, "\r\n\r\n"), "\r\n\r\n");
	free(head);
	close(fd);
	daemon_stop(&server);
}
END_TEST

START_TEST(test_page)
{
	struct exchange_answer a;
	char *data;

	start(NULL);
	a = exchange_with(server.http_port, "GET", "/chat", "", &data, "page");
	ck_assert_int_eq(a.status, 200);
	exchange_check_field(&a, STR("Set-Cookie"), "page");
	exchange_check_field(&a, STR("Content-Security-Policy"), "page");
	free(data);
	a = exchange_with(server.http_port, "GET", "/chat", ANN, &data, "page");
	exchange_check_field(&a, STR("!Set-Cookie"), "page");
	free(data);
	daemon_stop(&server);
}
END_TEST

START_TEST(test_private)
{
	int ann, bob, eve;

	start(NULL);
	ann = join("?nick=ann", ANN);
	bob = join("?nick=bob", BOB);
	eve = join("?nick=eve", EVE);
	says(ANN, "text=/msg+bob+psst");
	says(ANN, "text=the+end");
	reads(ann, "\"to\":\"bob\",\"own\":true}\n\n");
	reads(bob, "\"text\":\"psst\",\"kind\":\"say\",\"to\":\"bob\"}\n\n");
	reads_without(eve, "the end", "psst");
	post(EVE, "text=/history", 200, "{\"told\":[]}");
	reads_without(eve, "the end", "psst");
	close(ann);
	close(bob);
	close(eve);
	daemon_stop(&server);
}
END_TEST

/* What the others are told, and what one is told alone. */
START_TEST(test_notices)
{
	int ann, bob;

	start(NULL);
	ann = join("?nick=ann", ANN);
	bob = join("?nick=bob", BOB);
	post(BOB, "text=/nick+bert", 200, "{\"told\":[]}");
	reads(ann, "event: notice\ndata: {\"text\":\"* bob is now bert\"}\n\n");
	reads(bob, "\"nick\":\"bert\"");
	post(BOB, "text=hi&nick=Ann", 409, "{\"error\":\"");
	post("", "text=hi&nick=ANN", 409, "{\"error\":\"");
	post(BOB, "text=/quit", 200, "");
	reads(bob, "event: bye\ndata: {\"text\":\"you left\"}\n\n");
	ck_assert_int_eq(read(bob, seen, 1), 0);
	reads(ann, "* bert left (quit)");
	close(ann);
	close(bob);
	daemon_stop(&server);
}
END_TEST

/* From one dialect into the other. */
START_TEST(test_udp)
{
	char heard[2048];
	int fd, peer;

	start(NULL);
	fd = join("?nick=ann", ANN);
	peer = udp_connect(server.udp_port);
	send_text(peer, "hello from udp\n");
	reads(fd, "\"via\":\"udp\",\"text\":\"hello from udp\"");
	says(ANN, "text=and+back");
	recv_until(peer, "[ann]: and back\n", heard, sizeof(heard));
	close(fd);
	close(peer);
	daemon_stop(&server);
}
END_TEST

START_TEST(test_flood)
{
	struct exchange_answer a;
	char *data;

	start("--flood=2/60");
	says(ANN, "text=one");
	for (int i = 0; i < 3; i++) {
		a = post_bytes("", ANN, STR("text=more"), &data);
		if (a.status == 429)
			exchange_check_field(&a, STR("Retry-After"), "flood");
		free(data);
	}
	ck_assert_int_eq(a.status, 429);
	says(BOB, "text=other");
	daemon_stop(&server);
}
END_TEST

/* Nothing is read while much is said: it waits in the log, and comes. */
START_TEST(test_slow_reader)
{
	static char discarded[2048], text[801];
	struct buf request = { 0 };
	char id[32];
	int fd, speaker;

	start("--flood=off");
	fd = join("", ANN);
	speaker = tcp_connect(server.http_port);
	memset(text, 'x', sizeof(text) - 1);
	buf_addf(&request,
	    "POST /chat/messages" HOST "Content-Length: %zu\r\n\r\ntext=%s",
	    strlen(text) + 5, text);
	for (int i = 1; i <= 900; i++) {
		send_all(speaker, buf_data(&request), buf_len(&request));
		read_until(speaker, "\"seq\":", discarded, sizeof(discarded));
		read_until(speaker, "}", discarded, sizeof(discarded));
		ck_assert_int_eq(atoi(discarded), i);
	}
	for (int i = 1; i <= 900; i++) {
		snprintf(id, sizeof(id), "\nid: %d\n", i);
		reads(fd, id);
		ck_assert_msg(strstr(seen, "missed") == NULL, "%s", seen);
	}
	buf_free(&request);
	close(fd);
	close(speaker);
	daemon_stop(&server);
}
END_TEST

/* The messages among the events, with their numbers. */
static void
messages_of(struct buf *out, const char *text)
{
	for (const char *at = text; (at = strstr(at, "\nid: ")) != NULL;) {
		const char *end = strstr(at, "\n\n");

		if (end == NULL)
			end = at + strlen(at);
		buf_add(out, at, (size_t)(end - at));
		at = end;
	}
}

START_TEST(test_hundred_readers)
{
	struct buf first = { 0 }, other = { 0 };
	int fds[READERS];

	start("--flood=off");
	for (int i = 0; i < READERS; i++)
		fds[i] = join("", "");
	for (int i = 0; i < 20; i++)
		says(ANN, "text=hello+there&nick=ann");
	says(ANN, "text=the+end");
	for (int i = 0; i < READERS; i++) {
		reads(fds[i], "the end");
		messages_of(i == 0 ? &first : &other, seen);
		if (i == 0)
			continue;
		ck_assert_uint_eq(buf_len(&other), buf_len(&first));
		ck_assert_mem_eq(
		    buf_data(&other), buf_data(&first), buf_len(&first));
		buf_drain(&other, buf_len(&other));
	}
	ck_assert_uint_gt(buf_len(&first), 21 * 80);
	for (int i = 0; i < READERS; i++)
		close(fds[i]);
	buf_free(&first);
	buf_free(&other);
	daemon_stop(&server);
}
END_TEST

/* A server that stops does not wait for its readers. */
START_TEST(test_drain)
{
	char *rest;
	int fd;

	start(NULL);
	fd = join("", ANN);
	says(BOB, "text=last+words");
	kill(server.pid, SIGTERM);
	read_to_end(fd, &rest);
	ck_assert_msg(strstr(rest, "last words") != NULL, "%s", rest);
	free(rest);
	close(fd);
	ck_assert_int_eq(program_wait(&server), 0);
}
END_TEST

static void
check_clean(const char *text, const char *name)
{
	struct str rest = str_of(text);

	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');

		ck_assert_msg(text_is_clean(line) &&
			memchr(line.p, '<', line.len) == NULL,
		    "%s: %s", name, text);
		ck_assert_msg(line.len == 0 ||
			strncmp(line.p, "id: ", 4) == 0 ||
			strncmp(line.p, "data: {", 7) == 0 ||
			strncmp(line.p, "event: ", 7) == 0 || line.p == text,
		    "%s: %s", name, text);
	}
}

/* Said here and by UDP, hostile text is one message each, and clean. */
START_TEST(test_hostile)
{
	char id[64], *data;
	int fd, peer;

	start("--flood=off");
	fd = join("", ANN);
	reads(fd, "\n\n");
	peer = udp_connect(server.udp_port);
	for (int i = 0; i < CASES(hostile); i++) {
		struct exchange_answer a =
		    post_bytes("", PLAIN, hostile[i].bytes, &data);

		ck_assert_msg(a.status == 201, "%s: %s", hostile[i].name, data);
		free(data);
		send_all(peer, hostile[i].bytes.p, hostile[i].bytes.len);
		for (int seq = 2 * i + 1; seq <= 2 * i + 2; seq++) {
			snprintf(id, sizeof(id),
			    "id: %d\ndata: {\"room\":\"lobby\",\"seq\":%d,",
			    seq, seq);
			reads(fd, id);
			check_clean(seen, hostile[i].name);
			reads(fd, "}\n\n");
			check_clean(seen, hostile[i].name);
		}
	}
	close(fd);
	close(peer);
	daemon_stop(&server);
}
END_TEST

static Suite *
web_suite(void)
{
	Suite *suite = suite_create("e2e_web");
	TCase *tc = tcase_create("web");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_three_forms);
	tcase_add_test(tc, test_resume);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_too_large);
	tcase_add_test(tc, test_head);
	tcase_add_test(tc, test_page);
	tcase_add_test(tc, test_private);
	tcase_add_test(tc, test_notices);
	tcase_add_test(tc, test_udp);
	tcase_add_test(tc, test_flood);
	tcase_add_test(tc, test_slow_reader);
	tcase_add_test(tc, test_hundred_readers);
	tcase_add_test(tc, test_drain);
	tcase_add_test(tc, test_hostile);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(web_suite());
}
