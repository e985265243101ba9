#include "http/body.h"

#include <string.h>

#include "base/buf.h"
#include "tests/feed.h"
#include "tests/run.h"

/* Fits a row of the tables below. */
#define X16  "xxxxxxxxxxxxxxxx"
#define X128 X16 X16 X16 X16 X16 X16 X16 X16

enum outcome {
	MORE = HTTP_BODY_MORE,
	DONE = HTTP_BODY_DONE,
	BAD = HTTP_BODY_BAD
};

/* Chunked framing (RFC 9112, 7.1): what it comes to. */
static const struct {
	struct str in;
	enum outcome outcome;
	const char *content;
	size_t left; /* bytes of in that are no part of a body that is DONE */
} chunked[] = {
	{ STR("0\r\n\r\n"), DONE, "", 0 },
	{ STR("0\r\n\r\nGET"), DONE, "", 3 },
	{ STR("3\r\nabc\r\n0\r\n\r\n"), DONE, "abc", 0 },
	{ STR("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nG"), DONE, "abcde", 1 },
	{ STR("000003\r\nabc\r\n000\r\n\r\n"), DONE, "abc", 0 },
	{ STR("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), DONE,
	    "01234567890123456789", 0 },
	{ STR("10\r\n" X16 "\r\n0\r\n\r\n"), DONE, X16, 0 },
	{ STR("5\r\n\r\n0\r\n\r\n0\r\n\r\n"), DONE, "\r\n0\r\n", 0 },

	/* Extensions are ignored. */
	{ STR("3;a\r\nabc\r\n0;b=\"c d\"\r\n\r\n"), DONE, "abc", 0 },
	{ STR("3 \t;a=b;c\r\nabc\r\n0\r\n\r\n"), DONE, "abc", 0 },
	{ STR("3;a\n\r\nabc\r\n0\r\n\r\n"), BAD, "", 0 },
	{ STR("3;a\rb\r\nabc\r\n0\r\n\r\n"), BAD, "", 0 },
	{ STR("3;a\0b\r\nabc\r\n0\r\n\r\n"), BAD, "", 0 },
	{ STR("3 a\r\nabc\r\n0\r\n\r\n"), BAD, "", 0 },
	{ STR("3 3\r\nabc\r\n0\r\n\r\n"), BAD, "", 0 },
	{ STR("3 \r\nabc\r\n0\r\n\r\n"), BAD, "", 0 },

	/* Trailers are ignored too (7.1.2). */
	{ STR("0\r\nA: b\r\nC: d\r\n\r\nG"), DONE, "", 1 },
	{ STR("0\r\nA: b\n\r\n"), BAD, "", 0 },
	{ STR("0\r\nA: b\rc\r\n\r\n"), BAD, "", 0 },
	{ STR("0\r\nA: \0\r\n\r\n"), BAD, "", 0 },

	/* But each is a field line (9112, 5), not folded. */
	{ STR("0\r\nA:\r\n\r\n"), DONE, "", 0 },
	{ STR("0\r\n!#$%&'*+-.^_`|~9zZ:\t\"(:)\xff \r\n\r\n"), DONE, "", 0 },
	{ STR("0\r\nA\r\n\r\n"), BAD, "", 0 },
	{ STR("0\r\n: b\r\n\r\n"), BAD, "", 0 },
	{ STR("0\r\nA : b\r\n\r\n"), BAD, "", 0 },
	{ STR("0\r\nA B: c\r\n\r\n"), BAD, "", 0 },
	{ STR("0\r\nA\xff: b\r\n\r\n"), BAD, "", 0 },
	{ STR("0\r\n A: b\r\n\r\n"), BAD, "", 0 },
	{ STR("0\r\nA: b\r\n c\r\n\r\n"), BAD, "", 0 },
	{ STR("0\r\nA: b\r\n\tc: d\r\n\r\n"), BAD, "", 0 },
	{ STR("0\r\nA: \x1f\r\n\r\n"), BAD, "", 0 },
	{ STR("0\r\nA: \x7f\r\n\r\n"), BAD, "", 0 },
	{ STR("0\r\nGET / HTTP/1.1\r\n\r\n"), BAD, "", 0 },

	/* Sizes. */
	{ STR("\r\nabc"), BAD, "", 0 },
	{ STR("g\r\nabc"), BAD, "", 0 },
	{ STR("-1\r\na"), BAD, "", 0 },
	{ STR("+1\r\na"), BAD, "", 0 },
	{ STR(" 1\r\na"), BAD, "", 0 },
	{ STR("0x1\r\na"), BAD, "", 0 },
	{ STR("1h\r\na"), BAD, "", 0 },
	{ STR("1,1\r\na"), BAD, "", 0 },
	{ STR("\xb1\r\na"), BAD, "", 0 },
	{ STR(";a\r\na"), BAD, "", 0 },
	{ STR("7ffffffffffffff0\r\na"), MORE, "a", 0 },
	{ STR("8000000000000000\r\na"), BAD, "", 0 },
	{ STR("ffffffffffffffff\r\na"), BAD, "", 0 },
	{ STR("10000000000000000\r\na"), BAD, "", 0 },
	{ STR("10000000000000003\r\nabc"), BAD, "", 0 },
	{ STR("fffffffffffffffff\r\na"), BAD, "", 0 },

	/* Line ends: no bare LF, no bare CR (7.1; 2.2 is for heads). */
	{ STR("3\nabc\r\n0\r\n\r\n"), BAD, "", 0 },
	{ STR("3\rabc\r\n0\r\n\r\n"), BAD, "", 0 },
	{ STR("3\r\nabc\n0\r\n\r\n"), BAD, "abc", 0 },
	{ STR("3\r\nabc\r0\r\n\r\n"), BAD, "abc", 0 },
	{ STR("3\r\nabcd\r\n0\r\n\r\n"), BAD, "abc", 0 },
	{ STR("3\r\nabc0\r\n\r\n"), BAD, "abc", 0 },
	{ STR("3\r\nabc\r\n0\n\r\n"), BAD, "abc", 0 },
	{ STR("0\r\n\n"), BAD, "", 0 },
	{ STR("0\r\n\r\r\n"), BAD, "", 0 },
	{ STR("0\r\rX"), BAD, "", 0 },

	/* Bounds. */
	{ STR("1;" X128 "\r\na\r\n0\r\n\r\n"), DONE, "a", 0 },
	{ STR("1;" X128 X128 "\r\na\r\n0\r\n\r\n"), BAD, "", 0 },
	{ STR("1;" X128 X128), BAD, "", 0 },

	/* Unfinished. */
	{ STR(""), MORE, "", 0 },
	{ STR("3"), MORE, "", 0 },
	{ STR("3\r"), MORE, "", 0 },
	{ STR("3\r\nab"), MORE, "ab", 0 },
	{ STR("3\r\nabc"), MORE, "abc", 0 },
	{ STR("3\r\nabc\r\n"), MORE, "abc", 0 },
	{ STR("3\r\nabc\r\n0\r\n"), MORE, "abc", 0 },
	{ STR("0\r\nA"), MORE, "", 0 },
	{ STR("0\r\nA: b\r\n\r"), MORE, "", 0 },
};

static struct guard *guard;

static void
setup(void)
{
	guard = guard_new(4 * HTTP_TRAILER_MAX);
}

static void
teardown(void)
{
	guard_free(guard);
}

/* All of one piece; *used of it. */
static enum http_body_result
feed_piece(struct http_body *body, const char *data, size_t len, size_t *used,
    struct buf *content)
{
	enum http_body_result result = HTTP_BODY_MORE;

	*used = 0;
	while (result == HTTP_BODY_MORE && *used < len) {
		struct str piece;
		size_t n;

		result =
		    http_body_feed(body, data + *used, len - *used, &n, &piece);
		ck_assert_uint_le(n, len - *used);
		ck_assert(result != HTTP_BODY_MORE || n > 0);
		buf_add_str(content, piece);
		*used += n;
	}
	return result;
}

/* All of the input in one of the ways of feed_end(); *left after its end. */
static enum http_body_result
feed(const struct http_request *req, struct str in, size_t way,
    struct buf *content, size_t *left)
{
	enum http_body_result result = HTTP_BODY_MORE;
	struct http_body body;
	size_t at = 0, used;

	http_body_init(&body, req);
	while (result == HTTP_BODY_MORE && at < in.len) {
		size_t len = feed_end(way, at, in.len) - at;

		result = feed_piece(&body, guard_copy(guard, in.p + at, len),
		    len, &used, content);
		at += used;
	}
	*left = in.len - at;
	return result;
}

static void
check_content(const struct buf *content, const char *expected, size_t way)
{
	struct str got = { buf_data(content), buf_len(content) };

	ck_assert_msg(str_eq(got, str_of(expected)), "way %zu: '%.*s'", way,
	    (int)got.len, got.p);
}

START_TEST(chunks)
{
	const struct http_request req = { .chunked = true };
	struct str in = chunked[_i].in;

	for (size_t way = 0; way <= in.len; way++) {
		struct buf content = { 0 };
		size_t left;
		enum http_body_result result =
		    feed(&req, in, way, &content, &left);

		ck_assert_msg((int)result == (int)chunked[_i].outcome,
		    "way %zu: %d", way, result);
		check_content(&content, chunked[_i].content, way);
		if (result == HTTP_BODY_DONE)
			ck_assert_uint_eq(left, chunked[_i].left);
		buf_free(&content);
	}
}
END_TEST

START_TEST(content_length)
{
	const struct http_request req = { .has_content_length = true,
		.content_length = 5 };
	struct str in = STR("abcdeGET");

	for (size_t way = 0; way <= in.len; way++) {
		struct buf content = { 0 };
		size_t left;

		ck_assert_int_eq(
		    feed(&req, in, way, &content, &left), HTTP_BODY_DONE);
		check_content(&content, "abcde", way);
		ck_assert_uint_eq(left, 3);
		buf_free(&content);
	}
}
END_TEST

/* RFC 9112, 6.3: without both fields there is no body. */
START_TEST(no_body)
{
	const struct http_request none = { .content_length = 0 },
				  zero = { .has_content_length = true };
	struct http_body body;
	struct str content;
	size_t used;

	http_body_init(&body, &none);
	ck_assert_int_eq(
	    http_body_feed(&body, "GET", 3, &used, &content), HTTP_BODY_DONE);
	ck_assert_uint_eq(used, 0);
	http_body_init(&body, &zero);
	ck_assert_int_eq(
	    http_body_feed(&body, "GET", 3, &used, &content), HTTP_BODY_DONE);
	ck_assert_uint_eq(used, 0);
	ck_assert_uint_eq(content.len, 0);
}
END_TEST

START_TEST(longest_content_length)
{
	const struct http_request req = { .has_content_length = true,
		.content_length = INT64_MAX };
	struct http_body body;
	struct str content;
	size_t used;

	http_body_init(&body, &req);
	ck_assert_int_eq(
	    http_body_feed(&body, "abc", 3, &used, &content), HTTP_BODY_MORE);
	ck_assert_uint_eq(used, 3);
	ck_assert_uint_eq(content.len, 3);
	ck_assert_uint_eq(body.left, INT64_MAX - 3);
}
END_TEST

/* A chunked body with `times` trailer lines, or extensions, of ten bytes. */
static struct buf
repeated(const char *start, const char *ten, size_t times, const char *end)
{
	struct buf b = { 0 };

	buf_add_str(&b, str_of(start));
	for (size_t i = 0; i < times; i++)
		buf_add(&b, ten, 10);
	buf_add_str(&b, str_of(end));
	return b;
}

static void
check_bound(struct buf b, enum http_body_result expected)
{
	const struct http_request req = { .chunked = true };
	struct str in = { buf_data(&b), buf_len(&b) };
	const size_t ways[] = { 0, 3, in.len / 2, in.len };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct buf content = { 0 };
		size_t left;

		ck_assert_int_eq(
		    feed(&req, in, ways[i], &content, &left), expected);
		buf_free(&content);
	}
	buf_free(&b);
}

START_TEST(bounds)
{
	check_bound(repeated("0\r\n", "Name: va\r\n", HTTP_TRAILER_MAX / 10 - 1,
			"\r\n"),
	    HTTP_BODY_DONE);
	check_bound(repeated("0\r\n", "Name: va\r\n", HTTP_TRAILER_MAX / 10 + 1,
			"\r\n"),
	    HTTP_BODY_BAD);
	check_bound(
	    repeated("0\r\nA:", "0123456789", HTTP_TRAILER_MAX / 10 + 1, ""),
	    HTTP_BODY_BAD);
	check_bound(
	    repeated("0;", "0123456789", HTTP_CHUNK_LINE_MAX / 10 + 1, ""),
	    HTTP_BODY_BAD);
	check_bound(
	    repeated("", "0000000000", HTTP_CHUNK_LINE_MAX / 10 + 1, ""),
	    HTTP_BODY_BAD);
	/* Each chunk's line has a bound of its own, not all together. */
	check_bound(repeated("1\r\na\r\n1;xx", "0123456789",
			HTTP_CHUNK_LINE_MAX / 10, "\r\nb\r\n0\r\n\r\n"),
	    HTTP_BODY_DONE);
	check_bound(repeated("1\r\na\r\n1;xxx", "0123456789",
			HTTP_CHUNK_LINE_MAX / 10, "\r\nb\r\n0\r\n\r\n"),
	    HTTP_BODY_BAD);
	check_bound(
	    repeated("", "2;ab\r\nxx\r\n", 200, "0\r\n\r\n"), HTTP_BODY_DONE);
}
END_TEST

static Suite *
body_suite(void)
{
	Suite *suite = suite_create("body");
	TCase *tc = tcase_create("body");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, chunks, 0, CASES(chunked));
	tcase_add_test(tc, content_length);
	tcase_add_test(tc, no_body);
	tcase_add_test(tc, longest_content_length);
	tcase_add_test(tc, bounds);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(body_suite());
}
