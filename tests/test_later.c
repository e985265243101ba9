/*
 * Requests whose body is collected, answers that come later, and content
 * without an end: whoever gives them is told exactly once that it is over.
 */
#include <string.h>

#include "tests/conn.h"
#include "tests/run.h"

#define MAX_LATER 10 /* bytes of the body that is collected */
#define PORTION   9  /* bytes of the news at once */

#define FILE_TEXT "of a file"

#define HOST   " HTTP/1.1\r\nHost: h\r\n"
#define GET_B  "GET /b" HOST "\r\n"
#define POST   "POST /later" HOST
#define HELLO  POST "Content-Length: 5\r\n\r\nhello"
#define CHUNKS POST "Transfer-Encoding: chunked\r\n\r\n"
#define EXPECT POST "Expect: 100-continue\r\n"
#define STREAM "GET /stream" HOST "\r\n"

/* Who answers. */
static struct origin {
	unsigned given, gone; /* later answers and streams: they end up equal */
	bool is_ready;        /* the answer is there */
	bool as_file, as_stream;
	unsigned asked;  /* calls for the answer */
	struct buf body; /* in the last of them */

	struct buf news; /* what the stream says next */
	bool is_over;
	unsigned fills;
	int64_t deadline;
} origin;

static void
gone(void *arg)
{
	struct origin *o = arg;

	o->gone++;
	ck_assert_uint_le(o->gone, o->given);
}

static bool
fill(void *arg, struct buf *out, struct instant now)
{
	struct origin *o = arg;
	size_t len = buf_len(&o->news);
	size_t n = len < PORTION ? len : PORTION;

	ck_assert_int_eq(now.mono, rig.now.mono);
	ck_assert_uint_lt(o->gone, o->given);
	ck_assert_uint_eq(buf_len(out), 0);
	o->fills++;
	buf_add(out, buf_data(&o->news), n);
	buf_drain(&o->news, n);
	return !o->is_over;
}

static int64_t
deadline(void *arg)
{
	struct origin *o = arg;

	ck_assert_uint_lt(o->gone, o->given);
	return o->deadline;
}

static void
half_closed(void *arg)
{
	struct origin *o = arg;

	ck_assert_uint_lt(o->gone, o->given);
	buf_add_str(&o->news, STR("?"));
}

static void
give_stream(struct origin *o, struct http_response *res)
{
	res->type = STR("text/event-stream");
	res->fields = STR("Cache-Control: no-store\r\n");
	res->stream =
	    (struct http_stream){ fill, deadline, half_closed, gone, o };
	o->given++;
}

static void
give_file(struct http_response *res)
{
	res->fd = open_file(FILE_TEXT);
	res->length = sizeof(FILE_TEXT) - 1;
}

/* Answers with the body itself. */
static bool
answer(
    void *arg, struct str body, struct http_response *res, struct instant now)
{
	struct origin *o = arg;

	(void)now;
	ck_assert_uint_lt(o->gone, o->given);
	o->asked++;
	buf_free(&o->body);
	buf_add_str(&o->body, body);
	if (!o->is_ready)
		return false;
	if (o->as_stream)
		give_stream(o, res);
	else if (o->as_file)
		give_file(res);
	else
		res->body = body;
	return true;
}

static void
handle(void *arg, const struct http_request *req, struct http_response *res,
    struct instant now)
{
	(void)now;
	ck_assert_ptr_eq(arg, &rig);
	ck_assert_ptr_eq(req->waker.arg, &rig);
	res->type = STR("text/plain");
	if (str_eq(req->path, STR("/later"))) {
		res->later =
		    (struct http_later){ MAX_LATER, answer, gone, &origin };
		origin.given++;
	} else if (str_eq(req->path, STR("/stream"))) {
		give_stream(&origin, res);
	} else {
		res->body = req->path;
	}
}

/* `method target status bytes seconds;` for each. */
static void
keep_record(void *arg, const struct http_record *record)
{
	struct rig *to = arg;

	buf_addf(&to->log, "%.*s %d %d %ds; ",
	    (int)(record->method.len + record->target.len + 1), record->line.p,
	    record->status, (int)record->bytes,
	    (int)((record->now.mono - record->began) / SECONDS(1)));
}

static void
setup(void)
{
	origin = (struct origin){ .is_ready = true, .deadline = NEVER };
	rig_open(handle, keep_record);
}

/* However a connection ends, nobody is forgotten. */
static void
teardown(void)
{
	rig_close();
	ck_assert_uint_eq(origin.gone, origin.given);
	buf_free(&origin.body);
	buf_free(&origin.news);
}

static void
wake_up(void)
{
	http_conn_wake(rig.conn, rig.now);
	pump();
}

/* What was sent, told in short: each response's status and content. */

static struct str
cut_content(struct str *rest, struct str head)
{
	struct str length = field_value(head, STR("Content-Length"));
	uint64_t n = 0;

	if (length.len == 0 && memcmp(head.p, "HTTP/1.1 1", 10) != 0)
		return cut(rest, rest->len);
	if (length.len > 0)
		ck_assert_int_eq(str_to_u64(length, SIZE_MAX, &n), 0);
	return cut(rest, (size_t)n);
}

static void
tell_response(struct buf *b, struct str *rest)
{
	struct str head = cut_head(rest);
	struct str option = field_value(head, STR("Connection"));
	struct str content = cut_content(rest, head);

	buf_add(b, head.p + 9, 3);
	if (option.len > 0)
		buf_addf(b, " %.*s", (int)option.len, option.p);
	if (content.len > 9 && memcmp(content.p, "<!DOCTYPE", 9) == 0)
		content = STR("page");
	if (content.len > 0)
		buf_addf(b, " %.*s", (int)content.len, content.p);
	buf_add_str(b, STR("; "));
}

static const char *
told(void)
{
	return tell(tell_response);
}

/* Bodies, in whatever pieces they come. */

static const struct {
	const char *rfc;
	struct str in;
	bool eof; /* and then the peer sends no more */
	const char *told, *log;
} exchanges[] = {
	{ "9112, 6.2", STR(HELLO GET_B), false, "200 hello; 200 /b; wait",
	    "POST /later 200 5 0s; GET /b 200 2 0s; " },
	{ "9112, 7.1",
	    STR(CHUNKS "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n" GET_B),
	    false, "200 hello; 200 /b; wait",
	    "POST /later 200 5 0s; GET /b 200 2 0s; " },
	{ "9112, 6.3: no body", STR(POST "\r\n" GET_B), false,
	    "200; 200 /b; wait", "POST /later 200 0 0s; GET /b 200 2 0s; " },
	{ "9112, 6.3: none for DELETE", STR("DELETE /later" HOST "\r\n" GET_B),
	    false, "200; 200 /b; wait",
	    "DELETE /later 200 0 0s; GET /b 200 2 0s; " },
	{ "9112, 6.2: length 0", STR(POST "Content-Length: 0\r\n\r\n" GET_B),
	    false, "200; 200 /b; wait",
	    "POST /later 200 0 0s; GET /b 200 2 0s; " },
	{ "9112, 7.1: no chunks", STR(CHUNKS "0\r\n\r\n" GET_B), false,
	    "200; 200 /b; wait", "POST /later 200 0 0s; GET /b 200 2 0s; " },
	{ "9112, 9.3.2: in order", STR(GET_B HELLO HELLO GET_B), false,
	    "200 /b; 200 hello; 200 hello; 200 /b; wait",
	    "GET /b 200 2 0s; POST /later 200 5 0s; POST /later 200 5 0s; "
	    "GET /b 200 2 0s; " },

	/* Too large. */
	{ "9110, 15.5.14: not yet",
	    STR(POST "Content-Length: 10\r\n\r\n0123456789" GET_B), false,
	    "200 0123456789; 200 /b; wait",
	    "POST /later 200 10 0s; GET /b 200 2 0s; " },
	{ "9110, 15.5.14: not yet",
	    STR(CHUNKS "a\r\n0123456789\r\n0\r\n\r\n" GET_B), false,
	    "200 0123456789; 200 /b; wait",
	    "POST /later 200 10 0s; GET /b 200 2 0s; " },
	{ "9110, 15.5.14: without the body",
	    STR(POST "Content-Length: 11\r\n\r\n"), false,
	    "413 close page; shutdown", "POST /later 413 122 0s; " },
	{ "9110, 15.5.14: for the service",
	    STR(POST "Content-Length: 101\r\n\r\n"), false,
	    "413 close page; shutdown", "POST /later 413 122 0s; " },
	{ "9110, 15.5.14: a large chunk",
	    STR(CHUNKS "b\r\n0123456789x\r\n0\r\n\r\n" GET_B), false,
	    "413 close page; shutdown", "POST /later 413 122 0s; " },
	{ "9110, 15.5.14: small chunks",
	    STR(CHUNKS "6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n" GET_B), false,
	    "413 close page; shutdown", "POST /later 413 122 0s; " },
	{ "9112, 7.1: bad framing", STR(CHUNKS "1\r\nxyz" GET_B), false,
	    "400 close page; shutdown", "POST /later 400 110 0s; " },

	/* Who persists, and who does not (RFC 9112, 9.3). */
	{ "9112, 9.6",
	    STR(POST
		"Connection: close\r\nContent-Length: 5\r\n\r\nhello" GET_B),
	    false, "200 close hello; end", "POST /later 200 5 0s; " },
	{ "9112, 9.3: HTTP/1.0",
	    STR("POST /later HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello"),
	    false, "200 close hello; end", "POST /later 200 5 0s; " },
	{ "9112, 9.3: HTTP/1.0 keep-alive",
	    STR("POST /later HTTP/1.0\r\nConnection: keep-alive\r\n"
		"Content-Length: 5\r\n\r\nhello" GET_B),
	    false, "200 keep-alive hello; 200 /b; wait",
	    "POST /later 200 5 0s; GET /b 200 2 0s; " },
	{ "9112, 2.2: bare LF",
	    STR("POST /later HTTP/1.1\nHost: h\nContent-Length: 5\n\nhello"),
	    false, "200 close hello; shutdown", "POST /later 200 5 0s; " },

	/* The peer sends no more. */
	{ "9112, 9.6: EOF", STR(HELLO), true, "200 hello; end",
	    "POST /later 200 5 0s; " },
	{ "9112, 9.6: EOF later", STR(HELLO GET_B), true,
	    "200 hello; 200 /b; end",
	    "POST /later 200 5 0s; GET /b 200 2 0s; " },
	{ "9112, 8: EOF in the body", STR(POST "Content-Length: 5\r\n\r\nhell"),
	    true, "400 close page; end", "POST /later 400 110 0s; " },
	{ "9112, 8: EOF in a chunk", STR(CHUNKS "5\r\nhell"), true,
	    "400 close page; end", "POST /later 400 110 0s; " },
	{ "9112, 8: EOF before the last chunk", STR(CHUNKS "5\r\nhello\r\n"),
	    true, "400 close page; end", "POST /later 400 110 0s; " },
};

/* Asks in vain until all is there, if it is told late. */
static void
check_exchange(int i, size_t way, bool late)
{
	teardown();
	setup();
	origin.is_ready = !late;
	exchange(exchanges[i].in, way, exchanges[i].eof);
	origin.is_ready = true;
	wake_up();
	ck_assert_msg(strcmp(told(), exchanges[i].told) == 0,
	    "RFC %s, way %zu: '%s' is not '%s'", exchanges[i].rfc, way, told(),
	    exchanges[i].told);
	ck_assert_str_eq(text_of(&rig.log), exchanges[i].log);
	ck_assert_uint_eq(origin.gone, origin.given);
}

START_TEST(comes_to)
{
	for (size_t way = 0; way <= exchanges[_i].in.len; way++) {
		check_exchange(_i, way, false);
		check_exchange(_i, way, true);
	}
}
END_TEST

/* Expect (RFC 9110, 10.1.1). */

static const struct {
	struct str first, then;
	const char *told, *at_last;
} expectations[] = {
	{ STR(EXPECT "Content-Length: 5\r\n\r\n"), STR("hello" GET_B),
	    "100; wait", "100; 200 hello; 200 /b; wait" },
	{ STR(EXPECT "Transfer-Encoding: chunked\r\n\r\n"),
	    STR("5\r\nhello\r\n0\r\n\r\n" GET_B), "100; wait",
	    "100; 200 hello; 200 /b; wait" },
	{ STR(GET_B EXPECT "Content-Length: 5\r\n\r\n"), STR("hello"),
	    "200 /b; 100; wait", "200 /b; 100; 200 hello; wait" },
	{ STR(EXPECT "Content-Length: 5\r\n\r\nh"), STR("ello"), "wait",
	    "200 hello; wait" },
	{ STR(EXPECT "Content-Length: 5\r\n\r\nhello"), STR(GET_B),
	    "200 hello; wait", "200 hello; 200 /b; wait" },
	{ STR(EXPECT "Content-Length: 0\r\n\r\n"), STR(GET_B), "200; wait",
	    "200; 200 /b; wait" },
	{ STR(EXPECT "\r\n"), STR(GET_B), "200; wait", "200; 200 /b; wait" },
	{ STR(EXPECT "Content-Length: 11\r\n\r\n"), STR("hello world"),
	    "413 close page; shutdown", "413 close page; shutdown" },
	{ STR("POST /later HTTP/1.0\r\nExpect: 100-continue\r\n"
	      "Content-Length: 5\r\n\r\n"),
	    STR("hello"), "wait", "200 close hello; end" },
};

START_TEST(expect)
{
	receive(expectations[_i].first);
	ck_assert_str_eq(told(), expectations[_i].told);
	receive(expectations[_i].then);
	ck_assert_str_eq(told(), expectations[_i].at_last);
}
END_TEST

/* Answers that wait. */

START_TEST(waits)
{
	origin.is_ready = false;
	receive(STR(HELLO GET_B));
	ck_assert_str_eq(told(), "wait");
	ck_assert_str_eq(http_conn_state(rig.conn), "await");
	ck_assert(http_conn_is_full(rig.conn));
	ck_assert(!http_conn_is_idle(rig.conn));
	ck_assert_uint_eq(buf_len(&rig.in), sizeof(GET_B) - 1);
	wake_up();
	ck_assert_uint_eq(origin.asked, 2);
	ck_assert_str_eq(text_of(&origin.body), "hello");
	ck_assert_uint_eq(origin.gone, 0);
	origin.is_ready = true;
	pass(SECONDS(3));
	ck_assert_uint_eq(origin.asked, 2);
	wake_up();
	ck_assert_str_eq(told(), "200 hello; 200 /b; wait");
	ck_assert_str_eq(
	    text_of(&rig.log), "POST /later 200 5 3s; GET /b 200 2 0s; ");
	ck_assert_uint_eq(origin.gone, 1);
	ck_assert_int_eq(left(), IDLE_TIMEOUT);
}
END_TEST

/* Who is woken may have been answered by then, or not be asked yet. */

static const char *const vain[] = { "", "GET", GET_B,
	POST "Content-Length: 5\r\n\r\nhell", HELLO,
	POST "Content-Length: 11\r\n\r\n", HELLO "GET" };

START_TEST(woken_in_vain)
{
	unsigned asked;

	receive(str_of(vain[_i]));
	asked = origin.asked;
	wake_up();
	ck_assert_uint_eq(origin.asked, asked);
}
END_TEST

START_TEST(eof_while_waiting)
{
	origin.is_ready = false;
	receive(STR(HELLO));
	http_conn_eof(rig.conn, rig.now);
	pump();
	ck_assert_str_eq(told(), "wait");
	origin.is_ready = true;
	wake_up();
	ck_assert_str_eq(told(), "200 close hello; end");
}
END_TEST

START_TEST(file_later)
{
	origin.as_file = true;
	rig.room = 0;
	receive(STR(HELLO GET_B));
	ck_assert_uint_eq(origin.gone, 1);
	ck_assert_uint_eq(buf_len(&rig.log), 0);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_str_eq(told(), "200 of a file; 200 /b; wait");
	ck_assert_str_eq(
	    text_of(&rig.log), "POST /later 200 9 0s; GET /b 200 2 0s; ");
}
END_TEST

START_TEST(stream_later)
{
	origin.as_stream = true;
	buf_add_str(&origin.news, STR("news"));
	receive(STR(HELLO GET_B));
	ck_assert_str_eq(told(), "200 close news; wait");
	ck_assert_uint_eq(origin.gone, 1);
	origin.is_over = true;
	wake_up();
	ck_assert_str_eq(told(), "200 close news; shutdown");
	ck_assert_str_eq(text_of(&rig.log), "POST /later 200 4 0s; ");
}
END_TEST

/* Nobody waits any more: teardown() sees that each is told so, once. */

static const struct str unfinished[] = {
	STR(POST "Content-Length: 5\r\n\r\nhell"),
	STR(HELLO),
	STR(HELLO GET_B),
	STR(CHUNKS),
	STR(STREAM),
};

START_TEST(freed)
{
	origin.is_ready = false;
	receive(unfinished[_i]);
	ck_assert_uint_eq(origin.gone, 0);
	http_conn_free(rig.conn, rig.now);
	rig.conn = NULL;
	ck_assert_uint_eq(origin.gone, 1);
}
END_TEST

/* Deadlines. */

START_TEST(trickled_body)
{
	receive(STR(POST "Content-Length: 10\r\n\r\n"));
	for (int i = 0; i < 9; i++) {
		pass(SECONDS(1));
		receive(STR("x"));
	}
	ck_assert_int_eq(left(), HEADER_TIMEOUT - SECONDS(9));
	pass(SECONDS(1));
	ck_assert_str_eq(told(), "408 close page; shutdown");
	ck_assert_int_eq(left(), LINGER_TIMEOUT);
	ck_assert_uint_eq(rig.service.counts.timeouts, 1);
	ck_assert_uint_eq(origin.asked, 0);
	ck_assert_uint_eq(origin.gone, 1);
	ck_assert_ptr_nonnull(strstr(text_of(&rig.log), "POST /later 408 "));
	receive(STR("x" GET_B));
	pass(LINGER_TIMEOUT);
	ck_assert_str_eq(told(), "408 close page; end");
}
END_TEST

/* The time for the answer is not that of the body. */
START_TEST(answer_too_late)
{
	origin.is_ready = false;
	receive(STR(POST "Content-Length: 5\r\n\r\nhell"));
	pass(HEADER_TIMEOUT - 1);
	receive(STR("o" GET_B));
	ck_assert_int_eq(left(), IDLE_TIMEOUT);
	pass(SECONDS(30));
	wake_up();
	ck_assert_int_eq(left(), IDLE_TIMEOUT - SECONDS(30));
	pass(left());
	ck_assert_str_eq(told(), "504 close page; shutdown");
	ck_assert_ptr_null(memmem(
	    buf_data(&rig.out), buf_len(&rig.out), "\r\nRetry-After: ", 15));
	ck_assert_uint_eq(rig.service.counts.timeouts, 1);
	ck_assert_uint_eq(origin.gone, 1);
	ck_assert_uint_eq(buf_len(&rig.in), 0);
}
END_TEST

START_TEST(drained_while_waiting)
{
	origin.is_ready = false;
	receive(STR(POST "Content-Length: 5\r\n\r\nhell"));
	http_conn_drain(rig.conn);
	receive(STR("o" GET_B));
	ck_assert_str_eq(told(), "wait");
	origin.is_ready = true;
	wake_up();
	ck_assert_str_eq(told(), "200 close hello; shutdown");
}
END_TEST

/* Streams. */

static void
say(const char *news)
{
	buf_add_str(&origin.news, str_of(news));
	wake_up();
}

START_TEST(stream_head)
{
	receive(STR(STREAM));
	buf_add(&rig.out, "", 1);
	ck_assert_str_eq(buf_data(&rig.out),
	    "HTTP/1.1 200 OK\r\n"
	    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	    "Content-Type: text/event-stream\r\n"
	    "Cache-Control: no-store\r\n"
	    "Connection: close\r\n\r\n");
	ck_assert_str_eq(http_conn_state(rig.conn), "stream");
	ck_assert(!http_conn_is_idle(rig.conn));
}
END_TEST

/* No condition and no range is for what has no end. */
START_TEST(stream_is_not_selected)
{
	buf_add_str(&origin.news, STR("news"));
	receive(STR("GET /stream" HOST "If-None-Match: *\r\n"
		    "Range: bytes=0-1\r\n\r\n"));
	ck_assert_str_eq(told(), "200 close news; wait");
}
END_TEST

START_TEST(stream_goes_on)
{
	buf_add_str(&origin.news, STR("one "));
	receive(STR(GET_B STREAM));
	say("two ");
	say("");
	say("three in several portions ");
	ck_assert_str_eq(told(),
	    "200 /b; 200 close one two three in several portions ; wait");
	ck_assert_str_eq(text_of(&rig.log), "GET /b 200 2 0s; ");
	pass(SECONDS(5));
	origin.is_over = true;
	say("!");
	ck_assert_uint_eq(origin.gone, 1);
	ck_assert_str_eq(told(),
	    "200 /b; 200 close one two three in several portions !; shutdown");
	ck_assert_str_eq(
	    text_of(&rig.log), "GET /b 200 2 0s; GET /stream 200 35 5s; ");
	ck_assert_int_eq(left(), LINGER_TIMEOUT);
}
END_TEST

/* What the peer does not take is not made. */
START_TEST(stream_waits_for_the_peer)
{
	rig.room = 20;
	receive(STR(STREAM));
	say("one ");
	pass(SECONDS(1));
	ck_assert_uint_eq(origin.fills, 0);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_str_eq(told(), "200 close one ; wait");
	rig.room = 1;
	say("two ");
	say("three");
	ck_assert_uint_eq(buf_len(&origin.news), 5);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_str_eq(told(), "200 close one two three; wait");
}
END_TEST

START_TEST(stream_deadline)
{
	origin.deadline = rig.now.mono + SECONDS(15);
	receive(STR(STREAM));
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(left(), SECONDS(15));
		pass(SECONDS(15) - 1);
		ck_assert_uint_eq(buf_len(&origin.news), 0);
		buf_add_str(&origin.news, STR("."));
		origin.deadline += SECONDS(15);
		pass(1);
		ck_assert_uint_eq(buf_len(&origin.news), 0);
	}
	ck_assert_str_eq(told(), "200 close ...; wait");
}
END_TEST

/* A deadline that passes while the peer reads nothing does not come again. */
START_TEST(stream_deadline_in_vain)
{
	origin.deadline = rig.now.mono + SECONDS(15);
	receive(STR(STREAM));
	rig.room = 0;
	say("one");
	http_conn_blocked(rig.conn, 3, rig.now);
	pass(SECONDS(15));
	ck_assert_int_eq(left(), IDLE_TIMEOUT - SECONDS(15));
}
END_TEST

START_TEST(stream_has_no_idle_timeout)
{
	receive(STR(STREAM));
	ck_assert_int_eq(http_conn_deadline(rig.conn), NEVER);
	ck_assert_uint_eq(origin.fills, 1);
	receive(STR(GET_B "whatever"));
	ck_assert_uint_eq(origin.fills, 1);
	ck_assert_int_eq(http_conn_deadline(rig.conn), NEVER);
	ck_assert_uint_eq(buf_len(&rig.in), 0);
	pass(100 * IDLE_TIMEOUT);
	say("news");
	ck_assert_str_eq(told(), "200 close news; wait");
}
END_TEST

START_TEST(stream_of_head)
{
	receive(STR("HEAD /stream" HOST "\r\n" GET_B));
	ck_assert_uint_eq(origin.gone, 1);
	ck_assert_uint_eq(origin.fills, 0);
	ck_assert_str_eq(told(), "200 close; shutdown");
	ck_assert_str_eq(text_of(&rig.log), "HEAD /stream 200 0 0s; ");
}
END_TEST

START_TEST(stream_after_eof)
{
	receive(STR(STREAM));
	rig.eof = true;
	pump();
	ck_assert_str_eq(told(), "200 close ?; wait");
	say("news");
	ck_assert_str_eq(told(), "200 close ?news; wait");
	origin.is_over = true;
	say("!");
	ck_assert_str_eq(told(), "200 close ?news!; end");
}
END_TEST

START_TEST(stream_drained)
{
	receive(STR(STREAM));
	buf_add_str(&origin.news, STR("bye"));
	http_conn_drain(rig.conn);
	pump();
	ck_assert_uint_eq(origin.gone, 1);
	ck_assert_str_eq(told(), "200 close bye; shutdown");
	ck_assert_str_eq(text_of(&rig.log), "GET /stream 200 3 0s; ");
}
END_TEST

START_TEST(stream_drained_while_full)
{
	receive(STR(STREAM));
	rig.room = 1;
	say("one ");
	buf_add_str(&origin.news, STR("bye"));
	http_conn_drain(rig.conn);
	pump();
	ck_assert_uint_eq(origin.gone, 0);
	rig.room = SIZE_MAX;
	pump();
	ck_assert_str_eq(told(), "200 close one bye; shutdown");
}
END_TEST

START_TEST(stream_begun_while_draining)
{
	receive(STR("GET /str"));
	buf_add_str(&origin.news, STR("bye"));
	http_conn_drain(rig.conn);
	receive(STR("eam" HOST "\r\n"));
	ck_assert_str_eq(told(), "200 close bye; shutdown");
}
END_TEST

/* Of what is lost the log counts what was sent: of the head nothing. */

static const struct {
	size_t room;
	const char *log;
} losses[] = {
	{ 0, "GET /stream 200 0 60s; " },
	{ 20, "GET /stream 200 0 60s; " },
	{ SIZE_MAX, "GET /stream 200 6 60s; " },
};

START_TEST(stream_not_read)
{
	rig.room = losses[_i].room;
	receive(STR(STREAM));
	say("one ");
	rig.room = rig.room < 100 ? 0 : 2;
	say("two ");
	http_conn_blocked(rig.conn, 4, rig.now);
	rig.unread = 4;
	pass(IDLE_TIMEOUT);
	ck_assert(http_conn_has_ended(rig.conn));
	ck_assert_uint_eq(origin.gone, 1);
	ck_assert_str_eq(text_of(&rig.log), losses[_i].log);
}
END_TEST

/* Its end waits for the peer, too. */

static const struct {
	size_t room;
	const char *log;
} ends[] = {
	{ 0, "GET /stream 200 0 60s; " },
	{ 2, "GET /stream 200 2 60s; " },
};

START_TEST(stream_end_not_read)
{
	receive(STR(STREAM));
	rig.room = ends[_i].room;
	origin.is_over = true;
	say("bye");
	ck_assert_uint_eq(origin.gone, 1);
	ck_assert_int_eq(left(), IDLE_TIMEOUT);
	ck_assert_uint_eq(buf_len(&rig.log), 0);
	pass(IDLE_TIMEOUT);
	ck_assert(http_conn_has_ended(rig.conn));
	ck_assert_str_eq(text_of(&rig.log), ends[_i].log);
}
END_TEST

/* Little news, with the last always just under way, is no slow reader. */
START_TEST(stream_trickles)
{
	origin.deadline = rig.now.mono + SECONDS(15);
	receive(STR(STREAM));
	say("much news");
	rig.unread = 9;
	http_conn_blocked(rig.conn, rig.unread, rig.now);
	for (int i = 0; i < 100; i++) {
		buf_add_str(&origin.news, STR("."));
		origin.deadline += SECONDS(15);
		pass(SECONDS(15));
		rig.unread = 1;
		ck_assert(!rig.ended);
	}
}
END_TEST

/* A socket may take for hours what nobody reads. */
START_TEST(stream_trickles_in_vain)
{
	int64_t start = rig.now.mono;

	origin.deadline = start + SECONDS(15);
	receive(STR(STREAM));
	while (!http_conn_has_ended(rig.conn)) {
		buf_add_str(&origin.news, STR("."));
		origin.deadline += SECONDS(15);
		pass(SECONDS(15));
		rig.unread++;
	}
	ck_assert_int_le(rig.now.mono - start, 2 * IDLE_TIMEOUT);
	ck_assert_uint_eq(rig.service.counts.timeouts, 1);
}
END_TEST

static void
add_later_tests(TCase *tc)
{
	tcase_add_loop_test(tc, comes_to, 0, CASES(exchanges));
	tcase_add_loop_test(tc, expect, 0, CASES(expectations));
	tcase_add_test(tc, waits);
	tcase_add_loop_test(tc, woken_in_vain, 0, CASES(vain));
	tcase_add_test(tc, eof_while_waiting);
	tcase_add_test(tc, file_later);
	tcase_add_test(tc, stream_later);
	tcase_add_loop_test(tc, freed, 0, CASES(unfinished));
	tcase_add_test(tc, trickled_body);
	tcase_add_test(tc, answer_too_late);
	tcase_add_test(tc, drained_while_waiting);
}

static void
add_stream_tests(TCase *tc)
{
	tcase_add_test(tc, stream_head);
	tcase_add_test(tc, stream_is_not_selected);
	tcase_add_test(tc, stream_goes_on);
	tcase_add_test(tc, stream_waits_for_the_peer);
	tcase_add_test(tc, stream_deadline);
	tcase_add_test(tc, stream_deadline_in_vain);
	tcase_add_test(tc, stream_has_no_idle_timeout);
	tcase_add_test(tc, stream_of_head);
	tcase_add_test(tc, stream_after_eof);
	tcase_add_test(tc, stream_drained);
	tcase_add_test(tc, stream_drained_while_full);
	tcase_add_test(tc, stream_begun_while_draining);
	tcase_add_loop_test(tc, stream_not_read, 0, CASES(losses));
	tcase_add_loop_test(tc, stream_end_not_read, 0, CASES(ends));
	tcase_add_test(tc, stream_trickles);
	tcase_add_test(tc, stream_trickles_in_vain);
}

static Suite *
later_suite(void)
{
	Suite *suite = suite_create("later");
	TCase *tc = tcase_create("later");

	tcase_add_checked_fixture(tc, setup, teardown);
	add_later_tests(tc);
	add_stream_tests(tc);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(later_suite());
}
