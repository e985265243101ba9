#include "tests/conn.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "tests/run.h"

#define HOST      " HTTP/1.1\r\nHost: h\r\n"
#define GET_A     "GET /a" HOST "\r\n"
#define GET_B     "GET /b" HOST "\r\n"
#define POST      "POST /p" HOST
#define FILE_TEXT "0123456789"
#define BIG       40000 /* bytes of the answer to /big */

static unsigned calls; /* of the handler */
static int handed;     /* the file that it handed over last */
static char big[BIG];

/* Answers with the path, but for a few. */
static void
answer(void *arg, const struct http_request *req, struct http_response *res,
    struct instant now)
{
	(void)now;
	ck_assert_ptr_eq(arg, &rig);
	calls++;
	res->type = STR("text/plain");
	if (req->method == HTTP_HEAD)
		res->fields = STR("Head: yes\r\n");
	if (str_eq(req->path, STR("/404"))) {
		res->status = 404;
	} else if (str_eq(req->path, STR("/204"))) {
		res->status = 204;
	} else if (str_eq(req->path, STR("/big"))) {
		res->body = (struct str){ big, sizeof(big) };
	} else if (str_eq(req->path, STR("/file"))) {
		res->fd = handed = open_file(FILE_TEXT);
		res->length = sizeof(FILE_TEXT) - 1;
	} else if (str_eq(req->path, STR("/empty"))) {
		res->fd = handed = open_file("");
		res->length = 0;
	} else {
		res->body = req->path;
	}
}

/* `line status bytes;` for each. */
static void
keep_record(void *arg, const struct http_record *r)
{
	struct rig *to = arg;

	buf_addf(&to->log, "%.*s %d %d; ", (int)r->line.len, r->line.p,
	    r->status, (int)r->bytes);
}

static void
setup(void)
{
	memset(big, 'x', sizeof(big));
	calls = 0;
	rig_open(answer, keep_record);
}

/* What was sent, told in short: each response's status and content. */

static void
tell_content(struct buf *b, struct str content)
{
	if (content.len > 9 && memcmp(content.p, "<!DOCTYPE", 9) == 0)
		buf_add_str(b, STR(" page"));
	else if (content.len > 20)
		buf_addf(b, " [%zu]", content.len);
	else if (content.len > 0)
		buf_addf(b, " %.*s", (int)content.len, content.p);
}

static void
tell_response(struct buf *b, struct str *rest)
{
	struct str head = cut_head(rest);
	struct str option = field_value(head, STR("Connection"));
	uint64_t length = 0;

	ck_assert(str_eq(field_value(head, STR("Date")),
	    STR("Sun, 06 Nov 1994 08:49:37 GMT")));
	buf_addf(b, "%.3s", head.p + 9);
	if (option.len > 0)
		buf_addf(b, " %.*s", (int)option.len, option.p);
	str_to_u64(field_value(head, STR("Content-Length")), SIZE_MAX, &length);
	/* A refused HEAD does not reach the handler, which marks the others. */
	if (field_value(head, STR("Head")).len > 0 ||
	    (length > 0 && rest->len == 0)) {
		buf_addf(b, " head %zu", (size_t)length);
		length = 0;
	}
	tell_content(b, cut(rest, (size_t)length));
	buf_add_str(b, STR("; "));
}

static const char *
told(void)
{
	return tell(tell_response);
}

/* What comes to what, in whatever pieces it comes. */

static const struct {
	const char *rfc;
	struct str in;
	bool eof; /* and then the peer sends no more */
	const char *told;
} exchanges[] = {
	/* Keep-alive (RFC 9112, 9.3). */
	{ "9112, 9.3", STR(GET_A), false, "200 /a; wait" },
	{ "9112, 9.3: HTTP/1.0", STR("GET /a HTTP/1.0\r\n\r\n"), false,
	    "200 close /a; end" },
	{ "9112, 9.3: HTTP/1.0 keep-alive",
	    STR("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" GET_B),
	    false, "200 keep-alive /a; 200 /b; wait" },
	{ "9112, 9.3: HTTP/1.0 after it", STR("GET /a HTTP/1.0\r\n\r\n" GET_B),
	    false, "200 close /a; end" },
	{ "9112, 9.6: nothing after close",
	    STR("GET /a" HOST "Connection: close\r\n\r\n" GET_B), false,
	    "200 close /a; end" },
	{ "9112, 9.3.2: pipelining", STR(GET_A GET_B GET_A), false,
	    "200 /a; 200 /b; 200 /a; wait" },
	{ "9112, 2.2: empty lines between", STR(GET_A "\r\n" GET_B), false,
	    "200 /a; 200 /b; wait" },

	/* Content. */
	{ "9110, 9.3.2: HEAD", STR("HEAD /a" HOST "\r\n" GET_B), false,
	    "200 head 2; 200 /b; wait" },
	{ "9110, 9.3.2: HEAD of a file", STR("HEAD /file" HOST "\r\n" GET_B),
	    false, "200 head 10; 200 /b; wait" },
	{ "9110, 9.3.2: HEAD of what is large",
	    STR("HEAD /big" HOST "\r\n" GET_B), false,
	    "200 head 40000; 200 /b; wait" },
	{ "9110, 15: page of an error", STR("GET /404" HOST "\r\n" GET_B),
	    false, "404 page; 200 /b; wait" },
	{ "9110, 15.3.5: no content", STR("GET /204" HOST "\r\n" GET_B), false,
	    "204; 200 /b; wait" },
	{ "file", STR("GET /file" HOST "\r\n" GET_B), false,
	    "200 0123456789; 200 /b; wait" },
	{ "empty file", STR("GET /empty" HOST "\r\n" GET_B), false,
	    "200; 200 /b; wait" },
	{ "files in order",
	    STR("GET /file" HOST "\r\nGET /file" HOST "\r\n" GET_B), false,
	    "200 0123456789; 200 0123456789; 200 /b; wait" },

	/* Refusals: one answer, and nothing that follows is a request. */
	{ "9112, 2.2: bare LF", STR("GET /a HTTP/1.1\nHost: h\n\n"), false,
	    "200 close /a; shutdown" },
	{ "9112, 2.2: bare LF", STR("GET /a HTTP/1.1\nHost: h\r\n\r\n" GET_B),
	    false, "200 close /a; shutdown" },
	{ "9112, 2.2: after one that was kept",
	    STR(GET_A "GET /b HTTP/1.0\nConnection: keep-alive\n\n" GET_A),
	    false, "200 /a; 200 close /b; shutdown" },
	{ "9112, 3.2: no Host", STR("GET /a HTTP/1.1\r\n\r\n" GET_B), false,
	    "400 close page; shutdown" },
	{ "9112, 3: after one that was kept", STR(GET_A "GET\r\n\r\n" GET_B),
	    false, "200 /a; 400 close page; shutdown" },
	{ "9110, 9.3.2: HEAD refused", STR("HEAD /a HTTP/1.1\r\n\r\n" GET_B),
	    false, "400 close head 110; shutdown" },
	{ "9110, 9.3.2: HEAD too large",
	    STR("HEAD /a" HOST "Content-Length: 101\r\n\r\n" GET_B), false,
	    "413 close head 122; shutdown" },
	{ "9110, 9.1: method", STR("BREW /a" HOST "\r\n" GET_B), false,
	    "501 close page; shutdown" },
	{ "9110, 15.6.6: version", STR("GET /a HTTP/2.0\r\n\r\n" GET_B), false,
	    "505 close page; shutdown" },
	{ "9112, 6.3: both lengths",
	    STR(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "0\r\n\r\n" GET_B),
	    false, "400 close page; shutdown" },
	{ "9112, 6.1: chunked in HTTP/1.0",
	    STR("POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"
		"Connection: keep-alive\r\n\r\n0\r\n\r\n" GET_B),
	    false, "400 close page; shutdown" },
	{ "9112, 6.3: chunked not final",
	    STR(POST "Transfer-Encoding: chunked, gzip\r\n\r\n"
		     "0\r\n\r\n" GET_B),
	    false, "400 close page; shutdown" },

	/* Bodies are read past. */
	{ "9112, 6.2", STR(POST "Content-Length: 5\r\n\r\nabcde" GET_B), false,
	    "200 /p; 200 /b; wait" },
	{ "9112, 6.2: no request in it",
	    STR(POST "Content-Length: 30\r\n\r\n" GET_B "XX" GET_A), false,
	    "200 /p; 200 /a; wait" },
	{ "9112, 6.2: length 0", STR(POST "Content-Length: 0\r\n\r\n" GET_B),
	    false, "200 /p; 200 /b; wait" },
	{ "9112, 6: with GET",
	    STR("GET /file" HOST "Content-Length: 5\r\n\r\nabcde" GET_B), false,
	    "200 0123456789; 200 /b; wait" },
	{ "9112, 7.1: chunked",
	    STR(POST "Transfer-Encoding: chunked\r\n\r\n"
		     "5;a=b\r\nabcde\r\n0\r\nA: b\r\n\r\n" GET_B),
	    false, "200 /p; 200 /b; wait" },
	{ "9112, 7.1: no request in it",
	    STR(POST "Transfer-Encoding: chunked\r\n\r\n"
		     "1c\r\n" GET_B "\r\n0\r\n\r\n" GET_A),
	    false, "200 /p; 200 /a; wait" },
	{ "9112, 9.6: close after the body",
	    STR(POST "Connection: close\r\nContent-Length: 5\r\n\r\n"
		     "abcde" GET_B),
	    false, "200 close /p; end" },
	{ "9112, 7.1: bare LF",
	    STR(POST "Transfer-Encoding: chunked\r\n\r\n0\n\n" GET_B), false,
	    "200 /p; shutdown" },
	{ "9112, 7.1: bad size",
	    STR(POST "Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n" GET_B),
	    false, "200 /p; shutdown" },
	{ "9112, 7.1: no CRLF after the data",
	    STR(POST "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n" GET_B),
	    false, "200 /p; shutdown" },

	/* Too large. */
	{ "9110, 15.5.14", STR(POST "Content-Length: 101\r\n\r\n" GET_B), false,
	    "413 close page; shutdown" },
	{ "9110, 15.5.14: never parsed",
	    STR(POST "Content-Length: 9223372036854775807\r\n\r\n" GET_B),
	    false, "413 close page; shutdown" },
	{ "9110, 15.5.14: chunked",
	    STR(POST "Transfer-Encoding: chunked\r\n\r\n"
		     "1c\r\n" GET_B "\r\n1c\r\n" GET_B "\r\n1c\r\n" GET_B
		     "\r\n1c\r\n" GET_B "\r\n0\r\n\r\n" GET_B),
	    false, "200 /p; shutdown" },

	/* Expect (RFC 9110, 10.1.1): a final status instead of 100. */
	{ "9110, 10.1.1",
	    STR(POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
	    false, "200 close /p; shutdown" },
	{ "9110, 10.1.1: the body all the same",
	    STR(POST "Expect: 100-continue\r\nContent-Length: 28\r\n\r\n" GET_B
		    GET_A),
	    false, "200 close /p; shutdown" },
	{ "9110, 10.1.1: too large",
	    STR(POST "Expect: 100-continue\r\nContent-Length: 500\r\n\r\n"),
	    false, "413 close page; shutdown" },
	{ "9110, 10.1.1: no body",
	    STR("GET /a" HOST "Expect: 100-continue\r\n\r\n" GET_B), false,
	    "200 /a; 200 /b; wait" },
	{ "9110, 10.1.1: never for HTTP/1.0",
	    STR("POST /p HTTP/1.0\r\nExpect: 100-continue\r\n"
		"Content-Length: 5\r\n\r\nabcde"),
	    false, "200 close /p; end" },
	{ "9110, 10.1.1: another expectation",
	    STR(POST "Expect: tea\r\nContent-Length: 5\r\n\r\nabcde" GET_B),
	    false, "417 close page; shutdown" },

	/* The peer sends no more. */
	{ "9112, 9.6: EOF at once", STR(""), true, "end" },
	{ "9112, 9.6: EOF after a request", STR(GET_A), true, "200 /a; end" },
	{ "9112, 9.6: EOF after requests",
	    STR(GET_A "GET /file" HOST "\r\n" GET_B), true,
	    "200 /a; 200 0123456789; 200 /b; end" },
	{ "9112, 9.6: EOF after close",
	    STR("GET /big" HOST "Connection: close\r\n\r\n"), true,
	    "200 close [40000]; end" },
	{ "9112, 9.6: EOF after a bare LF", STR("GET /a HTTP/1.1\nHost: h\n\n"),
	    true, "200 close /a; end" },
	{ "9112, 8: EOF in a head", STR(GET_A "GET /b HTTP/1.1\r\nHo"), true,
	    "200 /a; end" },
	{ "9112, 8: EOF in a body", STR(POST "Content-Length: 5\r\n\r\nabc"),
	    true, "200 /p; end" },
	{ "9112, 9.6: EOF after an error", STR("GET /a HTTP/1.1\r\n\r\n" GET_B),
	    true, "400 close page; end" },
};

static void
check_exchange(int i, size_t way, size_t step)
{
	rig_close();
	setup();
	rig.step = step;
	exchange(exchanges[i].in, way, exchanges[i].eof);
	ck_assert_msg(strcmp(told(), exchanges[i].told) == 0,
	    "RFC %s, way %zu: '%s' is not '%s'", exchanges[i].rfc, way, told(),
	    exchanges[i].told);
}

START_TEST(comes_to)
{
	for (size_t way = 0; way <= exchanges[_i].in.len; way++)
		check_exchange(_i, way, SIZE_MAX);
	check_exchange(_i, exchanges[_i].in.len, 7);
}
END_TEST

/* A peer that takes nothing until it has sent all gets the same. */
START_TEST(comes_to_the_same_late)
{
	rig.room = 0;
	exchange(exchanges[_i].in, exchanges[_i].in.len, exchanges[_i].eof);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_str_eq(told(), exchanges[_i].told);
}
END_TEST

/* Back-pressure. */

static size_t
waiting(void)
{
	struct http_piece piece;

	if (http_conn_output(rig.conn, &piece, rig.now) != HTTP_MEMORY)
		return 0;
	return (size_t)piece.len;
}

/* Answers n requests and checks that what waits stays within a bound. */
static void
flood(const char *request, size_t n, size_t answer_max)
{
	rig.room = 0;
	for (size_t i = 0; i < n; i++) {
		buf_add_str(&rig.in, str_of(request));
		pump();
		ck_assert_uint_lt(waiting(), HTTP_OUT_HIGH + answer_max);
	}
	ck_assert(http_conn_is_full(rig.conn));
	ck_assert_uint_lt(calls, n);
}

START_TEST(pipelining_without_reading)
{
	enum {
		REQUESTS = 5000
	};
	char expected[32];
	struct str rest;

	rig.room = 0;
	for (int i = 0; i < REQUESTS; i++) {
		buf_addf(&rig.in, "GET /n%d" HOST "\r\n", i);
		pump();
		ck_assert_uint_lt(waiting(), HTTP_OUT_HIGH + 1000);
	}
	ck_assert(http_conn_is_full(rig.conn));
	ck_assert_uint_lt(calls, REQUESTS);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_uint_eq(calls, REQUESTS);
	rest = (struct str){ buf_data(&rig.out), buf_len(&rig.out) };
	for (int i = 0; i < REQUESTS; i++) {
		struct buf one = { 0 };

		tell_response(&one, &rest);
		buf_add(&one, "", 1);
		snprintf(expected, sizeof(expected), "200 /n%d; ", i);
		ck_assert_str_eq(buf_data(&one), expected);
		buf_free(&one);
	}
	ck_assert_uint_eq(rest.len, 0);
}
END_TEST

START_TEST(large_answers_without_reading)
{
	flood("GET /big" HOST "\r\n", 20, BIG + 1000);
	ck_assert_uint_le(calls, 2);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_uint_eq(calls, 20);
}
END_TEST

START_TEST(files_without_reading)
{
	flood("GET /file" HOST "\r\n", 20, 1000);
	ck_assert_uint_eq(calls, 1);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_uint_eq(calls, 20);
}
END_TEST

/* A body may be read past while its answer waits: it needs no memory. */
START_TEST(body_while_full)
{
	rig.room = 0;
	receive(STR("GET /file" HOST "Content-Length: 5\r\n\r\nabc"));
	receive(STR("de" GET_B));
	ck_assert_uint_eq(buf_len(&rig.in), sizeof(GET_B) - 1);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_str_eq(told(), "200 0123456789; 200 /b; wait");
}
END_TEST

/* EOF while answers wait: what was asked for before is still answered. */
START_TEST(eof_while_full)
{
	rig.room = 0;
	receive(STR("GET /file" HOST "\r\n" GET_B));
	rig.eof = true;
	pump();
	rig.room = 30;
	pump();
	ck_assert(!rig.ended);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_str_eq(told(), "200 0123456789; 200 /b; end");
}
END_TEST

/* Files. */

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

START_TEST(file_pieces)
{
	struct http_piece piece;

	rig.room = 0;
	receive(STR("GET /file" HOST "\r\n"));
	ck_assert_int_eq(
	    http_conn_output(rig.conn, &piece, rig.now), HTTP_MEMORY);
	ck_assert(piece.more);
	http_conn_sent(rig.conn, (size_t)piece.len, rig.now);
	ck_assert_int_eq(
	    http_conn_output(rig.conn, &piece, rig.now), HTTP_FILE);
	ck_assert_int_eq(piece.fd, handed);
	ck_assert(piece.offset == 0 && piece.len == 10 && !piece.more);
	http_conn_sent(rig.conn, 4, rig.now);
	ck_assert_int_eq(
	    http_conn_output(rig.conn, &piece, rig.now), HTTP_FILE);
	ck_assert(piece.offset == 4 && piece.len == 6);
	http_conn_sent(rig.conn, 6, rig.now);
	ck_assert_int_eq(
	    http_conn_output(rig.conn, &piece, rig.now), HTTP_WAIT);
	ck_assert(!is_open(handed));
}
END_TEST

static const char *const file_ends[] = { "HEAD /file", "GET /empty",
	"HEAD /empty" };

START_TEST(file_not_sent)
{
	char request[64];

	snprintf(request, sizeof(request), "%s" HOST "\r\n", file_ends[_i]);
	receive(str_of(request));
	ck_assert(!is_open(handed));
}
END_TEST

START_TEST(file_freed)
{
	rig.room = 0;
	receive(STR("GET /file" HOST "\r\n"));
	ck_assert(is_open(handed));
	http_conn_free(rig.conn, rig.now);
	rig.conn = NULL;
	ck_assert(!is_open(handed));
}
END_TEST

START_TEST(file_not_read)
{
	rig.room = 0;
	receive(STR("GET /file" HOST "\r\n"));
	pass(IDLE_TIMEOUT);
	ck_assert(rig.ended);
	ck_assert(!is_open(handed));
}
END_TEST

/* Deadlines. */

START_TEST(silent)
{
	ck_assert_int_eq(left(), HEADER_TIMEOUT);
	pass(HEADER_TIMEOUT - 1);
	ck_assert(!rig.ended);
	pass(1);
	ck_assert_str_eq(told(), "end");
}
END_TEST

/* The deadline of a head is for all of it, however it trickles in. */
START_TEST(trickled_head)
{
	static const char request[] = "GET /a HTTP/1.1\r\nHost: h\r\n";

	for (size_t i = 0; i < 9; i++) {
		receive((struct str){ request + i, 1 });
		pass(SECONDS(1));
		ck_assert_str_eq(http_conn_state(rig.conn), "head");
	}
	ck_assert_int_eq(left(), SECONDS(1));
	rig.now.wall -= 10000; /* the Date that told() expects */
	pass(SECONDS(1));
	ck_assert_str_eq(told(), "408 close page; shutdown");
	ck_assert_int_eq(left(), LINGER_TIMEOUT);
	receive(STR("\r\n" GET_B));
	pass(LINGER_TIMEOUT);
	ck_assert_str_eq(told(), "408 close page; end");
}
END_TEST

START_TEST(idle)
{
	receive(STR(GET_A));
	ck_assert_str_eq(http_conn_state(rig.conn), "idle");
	ck_assert_int_eq(left(), IDLE_TIMEOUT);
	pass(IDLE_TIMEOUT - SECONDS(1));
	receive(STR(GET_B));
	ck_assert_int_eq(left(), IDLE_TIMEOUT);
	pass(IDLE_TIMEOUT);
	ck_assert(rig.ended);
}
END_TEST

/* The first byte of the next head starts its deadline. */
START_TEST(head_after_idle)
{
	receive(STR(GET_A));
	pass(SECONDS(20));
	receive(STR("G"));
	ck_assert_int_eq(left(), HEADER_TIMEOUT);
	receive(STR("ET /b" HOST "\r\nGET"));
	ck_assert_int_eq(left(), HEADER_TIMEOUT);
	pass(SECONDS(5));
	receive(STR(" "));
	ck_assert_int_eq(left(), HEADER_TIMEOUT - SECONDS(5));
}
END_TEST

START_TEST(trickled_body)
{
	receive(STR(POST "Content-Length: 50\r\n\r\n"));
	ck_assert_str_eq(http_conn_state(rig.conn), "body");
	for (int i = 0; i < 9; i++) {
		pass(SECONDS(1));
		receive(STR("x"));
	}
	ck_assert_int_eq(left(), HEADER_TIMEOUT - SECONDS(9));
	pass(SECONDS(1));
	ck_assert(rig.ended);
}
END_TEST

/* Each body has a deadline of its own. */
START_TEST(body_after_body)
{
	receive(STR(POST "Content-Length: 2\r\n\r\nx"));
	pass(SECONDS(6));
	receive(STR("x" POST "Content-Length: 2\r\n\r\nx"));
	ck_assert_int_eq(left(), HEADER_TIMEOUT);
	receive(STR("x"));
	ck_assert_int_eq(left(), IDLE_TIMEOUT);
}
END_TEST

/* Who reads on, however slowly, is not cut off. */
START_TEST(slow_reader)
{
	rig.room = 0;
	receive(STR("GET /big" HOST "\r\n"));
	for (int i = 0; i < 10; i++) {
		pass(IDLE_TIMEOUT - 1);
		ck_assert(!rig.ended);
		rig.room = 100;
		pump();
		ck_assert_int_eq(left(), IDLE_TIMEOUT);
	}
	pass(IDLE_TIMEOUT);
	ck_assert(rig.ended);
}
END_TEST

/* What is sent in vain does not keep a connection that lingers. */
START_TEST(linger)
{
	receive(STR("GET /a HTTP/1.1\r\n\r\n"));
	ck_assert_str_eq(told(), "400 close page; shutdown");
	ck_assert_str_eq(http_conn_state(rig.conn), "linger");
	pass(LINGER_TIMEOUT - 1);
	receive(STR(GET_A GET_B));
	ck_assert_uint_eq(buf_len(&rig.in), 0);
	ck_assert_int_eq(left(), 1);
	pass(1);
	ck_assert_str_eq(told(), "400 close page; end");
}
END_TEST

START_TEST(linger_eof)
{
	receive(STR("GET /a HTTP/1.1\r\n\r\n"));
	rig.eof = true;
	pump();
	ck_assert_str_eq(told(), "400 close page; end");
}
END_TEST

/* The server stops. */

START_TEST(drain_idle)
{
	receive(STR(GET_A));
	http_conn_drain(rig.conn);
	pump();
	ck_assert_str_eq(told(), "200 /a; end");
}
END_TEST

START_TEST(drain_fresh)
{
	http_conn_drain(rig.conn);
	pump();
	ck_assert_str_eq(told(), "end");
}
END_TEST

START_TEST(drain_in_head)
{
	receive(STR("GET /a HTTP/1.1\r\n"));
	http_conn_drain(rig.conn);
	pump();
	receive(STR("Host: h\r\n\r\n" GET_B));
	ck_assert_str_eq(told(), "200 close /a; shutdown");
}
END_TEST

START_TEST(drain_in_body)
{
	receive(STR(POST "Content-Length: 5\r\n\r\nabc"));
	http_conn_drain(rig.conn);
	pump();
	ck_assert(!rig.ended);
	receive(STR("de" GET_B));
	ck_assert_str_eq(told(), "200 /p; end");
}
END_TEST

START_TEST(drain_while_sending)
{
	rig.room = 50;
	receive(STR("GET /file" HOST "\r\n" GET_B));
	http_conn_drain(rig.conn);
	pump();
	ck_assert(!rig.ended);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_str_eq(told(), "200 0123456789; end");
}
END_TEST

START_TEST(drain_in_linger)
{
	receive(STR("GET /a HTTP/1.1\r\n\r\n"));
	http_conn_drain(rig.conn);
	pump();
	ck_assert_str_eq(told(), "400 close page; shutdown");
	pass(LINGER_TIMEOUT);
	ck_assert(rig.ended);
}
END_TEST

/* What connections share. */

/* Who does not read at the minimal rate is cut, whatever was sent before. */
START_TEST(stalled_reader)
{
	receive(STR("GET /big" HOST "\r\n"));
	rig.unread = BIG;
	http_conn_blocked(rig.conn, rig.unread, rig.now);
	pass(IDLE_TIMEOUT - 1);
	ck_assert(!http_conn_has_ended(rig.conn));
	rig.unread -= MIN_RATE * (IDLE_TIMEOUT / SECONDS(1)) - 1;
	pass(1);
	ck_assert(http_conn_has_ended(rig.conn));
	ck_assert_uint_eq(rig.service.counts.timeouts, 1);
}
END_TEST

START_TEST(slow_but_steady_reader)
{
	receive(STR("GET /big" HOST "\r\n"));
	rig.unread = BIG;
	http_conn_blocked(rig.conn, rig.unread, rig.now);
	rig.unread -= MIN_RATE * (IDLE_TIMEOUT / SECONDS(1));
	pass(IDLE_TIMEOUT);
	ck_assert(!http_conn_has_ended(rig.conn));
	/* All is read: from here on it is idle like any other. */
	rig.unread = 0;
	pass(IDLE_TIMEOUT);
	pass(IDLE_TIMEOUT);
	ck_assert_str_eq(told(), "200 [40000]; end");
}
END_TEST

/* Acknowledgements come in steps: who was fast enough over all may seem to
 * stand still for a while, but not for ever. */
START_TEST(reader_in_steps)
{
	receive(STR("GET /big" HOST "\r\n"));
	rig.unread = 10 << 20;
	http_conn_blocked(rig.conn, rig.unread, rig.now);
	for (int step = 0; step < 6; step++) {
		int stalls = step < 3 ? step : 3;

		rig.unread -= 1 << 18;
		for (int still = 0; still <= stalls; still++) {
			pass(IDLE_TIMEOUT);
			ck_assert(!http_conn_has_ended(rig.conn));
		}
	}
	pass(IDLE_TIMEOUT);
	ck_assert(http_conn_has_ended(rig.conn));
}
END_TEST

/* A body that comes late does not cut it either. */
START_TEST(body_while_reading)
{
	receive(STR("GET /big" HOST "Content-Length: 9\r\n\r\n1234"));
	rig.unread = BIG;
	http_conn_blocked(rig.conn, rig.unread, rig.now);
	pass(HEADER_TIMEOUT);
	ck_assert(!http_conn_has_ended(rig.conn));
	rig.unread = 0;
	pass(IDLE_TIMEOUT);
	pass(HEADER_TIMEOUT);
	ck_assert(http_conn_has_ended(rig.conn));
}
END_TEST

/* A part of the next head does not cut an answer that is still read. */
START_TEST(head_while_reading)
{
	receive(STR("GET /big" HOST "\r\nGET"));
	rig.unread = BIG;
	http_conn_blocked(rig.conn, rig.unread, rig.now);
	pass(HEADER_TIMEOUT);
	ck_assert_uint_eq(rig.service.counts.responses[408], 0);
	ck_assert(!rig.ended);
	rig.unread = 0;
	pass(IDLE_TIMEOUT);
	ck_assert_uint_eq(rig.service.counts.responses[408], 1);
	ck_assert(rig.shut);
}
END_TEST

START_TEST(body_at_the_minimal_rate)
{
	int64_t seconds = HEADER_TIMEOUT / SECONDS(1);

	rig.service.config.limits.max_body = 1 << 20;
	receive(STR(POST "Content-Length: 100000\r\n\r\n"));
	for (int64_t i = 0; i < MIN_RATE * seconds; i++)
		receive(STR("x"));
	pass(HEADER_TIMEOUT);
	ck_assert(!http_conn_has_ended(rig.conn));
	for (int64_t i = 1; i < MIN_RATE * seconds; i++)
		receive(STR("x"));
	pass(HEADER_TIMEOUT);
	ck_assert(http_conn_has_ended(rig.conn));
}
END_TEST

static const struct {
	struct str in;
	const char *told;
} refusals[] = {
	{ STR(GET_A GET_B), "503 close page;" },
	{ STR("HEAD /a" HOST "\r\n"), "503 close head " },
	{ STR("nonsense\r\n\r\n"), "400 close page;" },
};

START_TEST(refused)
{
	http_conn_refuse(rig.conn, rig.now);
	pump();
	ck_assert_str_eq(told(), "wait");
	receive(refusals[_i].in);
	ck_assert_uint_eq(calls, 0);
	ck_assert_msg(
	    strncmp(told(), refusals[_i].told, 15) == 0, "%s", told());
	ck_assert(rig.shut);
	ck_assert_int_eq(memmem(buf_data(&rig.out), buf_len(&rig.out),
			     "\r\nRetry-After: ", 15) != NULL,
	    _i < 2);
}
END_TEST

/* It has little time for its request. */
START_TEST(refused_and_silent)
{
	http_conn_refuse(rig.conn, rig.now);
	receive(STR("GET /a"));
	pass(LINGER_TIMEOUT - 1);
	ck_assert(!rig.ended && !rig.shut);
	pass(1);
	ck_assert(rig.shut || rig.ended);
}
END_TEST

/* The limit of the service, below that of the parser. */
START_TEST(long_head)
{
	struct buf b = { 0 };

	buf_add_str(&b, STR("GET /a" HOST "X: "));
	while (buf_len(&b) < MAX_HEAD - (_i == 0 ? 4 : 3))
		buf_add_str(&b, STR("x"));
	buf_add_str(&b, STR("\r\n\r\n"));
	receive((struct str){ buf_data(&b), buf_len(&b) });
	ck_assert_str_eq(
	    told(), _i == 0 ? "200 /a; wait" : "431 close page; shutdown");
	buf_free(&b);
}
END_TEST

/* What the log is told, and when. */

static const struct {
	struct str in;
	const char *log;
} logged[] = {
	{ STR(GET_A), "GET /a HTTP/1.1 200 2; " },
	{ STR("HEAD /a" HOST "\r\n"), "HEAD /a HTTP/1.1 200 0; " },
	{ STR("GET /file" HOST "\r\n"), "GET /file HTTP/1.1 200 10; " },
	{ STR("GET /empty" HOST "\r\n"), "GET /empty HTTP/1.1 200 0; " },
	{ STR(GET_A GET_B), "GET /a HTTP/1.1 200 2; GET /b HTTP/1.1 200 2; " },
	{ STR("nonsense\r\n\r\n"), "nonsense 400 " },
	{ STR("GET /a HTTP/1.1\r\n\r\n"), "GET /a HTTP/1.1 400 " },
};

START_TEST(records)
{
	receive(logged[_i].in);
	ck_assert_uint_ge(buf_len(&rig.log), strlen(logged[_i].log));
	ck_assert_msg(memcmp(buf_data(&rig.log), logged[_i].log,
			  strlen(logged[_i].log)) == 0,
	    "%.*s", (int)buf_len(&rig.log), buf_data(&rig.log));
}
END_TEST

/* A file that is not sent whole counts as far as it went. */
START_TEST(record_of_a_part)
{
	struct http_piece head;

	rig.room = 0;
	receive(STR("GET /file" HOST "\r\n"));
	ck_assert_int_eq(
	    http_conn_output(rig.conn, &head, rig.now), HTTP_MEMORY);
	rig.room = (size_t)head.len + 4;
	pump();
	ck_assert_uint_eq(buf_len(&rig.log), 0);
	pass(IDLE_TIMEOUT);
	ck_assert(rig.ended);
	buf_add(&rig.log, "", 1);
	ck_assert_str_eq(buf_data(&rig.log), "GET /file HTTP/1.1 200 4; ");
}
END_TEST

START_TEST(date_moves)
{
	rig.now.wall += 999 - rig.now.wall % 1000;
	receive(STR(GET_A));
	ck_assert_str_eq(told(), "200 /a; wait");
	buf_free(&rig.out);
	rig.now.wall++;
	receive(STR(GET_A));
	buf_add(&rig.out, "", 1);
	ck_assert_ptr_nonnull(
	    strstr(buf_data(&rig.out), "Sun, 06 Nov 1994 08:49:38 GMT"));
}
END_TEST

/* One buffer serves one connection after the other; two at once are apart. */
START_TEST(spare_buffer)
{
	struct http_conn *other = http_conn_new(&rig.service, &nobody, rig.now);
	struct http_piece piece;

	receive(STR(GET_A));
	ck_assert_ptr_nonnull(rig.service.spare.base);
	rig.room = 0;
	receive(STR(GET_A));
	ck_assert_ptr_null(rig.service.spare.base);
	http_conn_receive(other, GET_B, sizeof(GET_B) - 1, rig.now);
	ck_assert_int_eq(http_conn_output(other, &piece, rig.now), HTTP_MEMORY);
	ck_assert_int_eq(memcmp(piece.data + piece.len - 2, "/b", 2), 0);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_str_eq(told(), "200 /a; 200 /a; wait");
	http_conn_sent(other, (size_t)piece.len, rig.now);
	http_conn_free(other, rig.now);
}
END_TEST

static void
add_deadline_tests(TCase *tc)
{
	tcase_add_test(tc, silent);
	tcase_add_test(tc, trickled_head);
	tcase_add_test(tc, idle);
	tcase_add_test(tc, head_after_idle);
	tcase_add_test(tc, trickled_body);
	tcase_add_test(tc, body_after_body);
	tcase_add_test(tc, slow_reader);
	tcase_add_test(tc, linger);
	tcase_add_test(tc, linger_eof);
	tcase_add_test(tc, stalled_reader);
	tcase_add_test(tc, slow_but_steady_reader);
	tcase_add_test(tc, reader_in_steps);
	tcase_add_test(tc, head_while_reading);
	tcase_add_test(tc, body_while_reading);
	tcase_add_test(tc, body_at_the_minimal_rate);
}

static void
add_drain_tests(TCase *tc)
{
	tcase_add_test(tc, drain_idle);
	tcase_add_test(tc, drain_fresh);
	tcase_add_test(tc, drain_in_head);
	tcase_add_test(tc, drain_in_body);
	tcase_add_test(tc, drain_while_sending);
	tcase_add_test(tc, drain_in_linger);
}

static Suite *
conn_suite(void)
{
	Suite *suite = suite_create("conn");
	TCase *tc = tcase_create("conn");

	tcase_add_checked_fixture(tc, setup, rig_close);
	tcase_add_loop_test(tc, comes_to, 0, CASES(exchanges));
	tcase_add_loop_test(tc, comes_to_the_same_late, 0, CASES(exchanges));
	tcase_add_test(tc, pipelining_without_reading);
	tcase_add_test(tc, large_answers_without_reading);
	tcase_add_test(tc, files_without_reading);
	tcase_add_test(tc, body_while_full);
	tcase_add_test(tc, eof_while_full);
	tcase_add_test(tc, file_pieces);
	tcase_add_loop_test(tc, file_not_sent, 0, CASES(file_ends));
	tcase_add_test(tc, file_freed);
	tcase_add_test(tc, file_not_read);
	add_deadline_tests(tc);
	add_drain_tests(tc);
	tcase_add_loop_test(tc, refused, 0, CASES(refusals));
	tcase_add_test(tc, refused_and_silent);
	tcase_add_loop_test(tc, long_head, 0, 2);
	tcase_add_loop_test(tc, records, 0, CASES(logged));
	tcase_add_test(tc, record_of_a_part);
	tcase_add_test(tc, date_moves);
	tcase_add_test(tc, spare_buffer);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(conn_suite());
}
