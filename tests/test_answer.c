#include "http/answer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/run.h"

#define TEXT \
	"0123456789abcdefghij0123456789abcdefghij0123456789" \
	"abcdefghij0123456789abcdefghij0123456789abcdefghij" \
	"0123456789abcdefghij0123456789abcdefghij0123456789" \
	"abcdefghij0123456789abcdefghij0123456789abcdefghij"
#define LENGTH   200
#define GET      "GET /a HTTP/1.1\r\nHost: h\r\n"
#define HEAD     "HEAD /a HTTP/1.1\r\nHost: h\r\n"
#define ETAG     "\"v1\""
#define DATE     "Sun, 06 Nov 1994 08:49:37 GMT"
#define SECOND   INT64_C(784111777) /* of DATE */
#define A_YEAR   31536000
#define BOUNDARY "part-00000000000003e8"

static const struct instant now = { .mono = 1000,
	.wall = (SECOND + A_YEAR) * 1000 };

/* Where the handler's content stands. */
enum source {
	IN_MEMORY,
	IN_FILE
};

static int
file_with(const char *text, size_t len)
{
	FILE *f = tmpfile();
	int fd;

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fflush(f), 0);
	fd = dup(fileno(f));
	fclose(f);
	return fd;
}

static struct http_response
representation(enum source source, size_t length)
{
	struct http_response res = { .status = 200,
		.type = STR("text/x"),
		.fields = STR("ETag: " ETAG "\r\nVary: V\r\n"),
		.fd = -1,
		.validators = { STR(ETAG), SECOND } };

	if (source == IN_FILE) {
		res.fd = file_with(TEXT, length);
		res.length = length;
	} else {
		res.body = (struct str){ TEXT, length };
	}
	return res;
}

/* All that the outbox sends, as one string. */
static void
send_all_of(struct outbox *out, struct buf *sent)
{
	struct http_piece piece;

	while (outbox_next(out, &piece) != HTTP_WAIT) {
		size_t n = piece.len < 7 ? (size_t)piece.len : 7;
		char *to = buf_reserve(sent, n);

		ck_assert_uint_gt(n, 0);
		if (piece.fd == -1)
			memcpy(to, piece.data, n);
		else
			ck_assert_int_eq(
			    pread(piece.fd, to, n, piece.offset), (ssize_t)n);
		buf_commit(sent, n);
		outbox_sent(out, n);
	}
	buf_add(sent, "", 1);
}

/* The whole answer; valid until the next call. */
static const char *
answer(const char *text, struct http_response res, uint64_t *content)
{
	static struct buf sent;
	struct http_config config = { .fields = STR("X: common\r\n") };
	struct http_service service;
	struct http_request req;
	struct http_manner manner = { .is_head = text[0] == 'H' };
	struct outbox out;
	int status;

	http_service_init(&service, &config);
	outbox_init(&out);
	ck_assert_int_gt(
	    http_parse_request(text, strlen(text), 0, &req, &status), 0);
	*content = http_answer(&service, &out, &req, &res, manner, now);
	buf_drain(&sent, buf_len(&sent));
	send_all_of(&out, &sent);
	ck_assert(!buf_failed(&out.memory));
	outbox_clear(&out);
	http_service_free(&service);
	return buf_data(&sent);
}

/* Needed: lines of the head, each once, and what follows the head. */
struct expectation {
	const char *rfc;
	const char *request;
	const char *status;
	const char *has, *has_not; /* a field line, or NULL */
	const char *content;       /* NULL: whatever it is */
};

static const struct expectation expectations[] = {
	{ "9110, 14.2: no Range", GET "\r\n", "200", "Accept-Ranges: bytes",
	    "Content-Range", TEXT },
	{ "9110, 15.3.7: one range", GET "Range: bytes=10-19\r\n\r\n", "206",
	    "Content-Range: bytes 10-19/200", "Accept-Ranges", "abcdefghij" },
	{ "9110, 15.3.7: its length", GET "Range: bytes=10-19\r\n\r\n", "206",
	    "Content-Length: 10", NULL, "abcdefghij" },
	{ "9110, 15.3.7: its fields", GET "Range: bytes=10-19\r\n\r\n", "206",
	    "ETag: " ETAG, NULL, "abcdefghij" },
	{ "9110, 14.1.2: suffix", GET "Range: bytes=-3\r\n\r\n", "206",
	    "Content-Range: bytes 197-199/200", NULL, "hij" },
	{ "9110, 14.1.2: clamped", GET "Range: bytes=190-999\r\n\r\n", "206",
	    "Content-Range: bytes 190-199/200", NULL, "abcdefghij" },
	{ "9110, 15.5.17: unsatisfiable", GET "Range: bytes=200-\r\n\r\n",
	    "416", "Content-Range: bytes */200", "ETag", NULL },
	{ "9110, 14.2: not for HEAD", HEAD "Range: bytes=10-19\r\n\r\n", "200",
	    "Content-Length: 200", "Content-Range", "" },
	{ "9110, 14.2: two fields",
	    GET "Range: bytes=1-2\r\nRange: bytes=3-4\r\n\r\n", "200", NULL,
	    "Content-Range", TEXT },
	{ "9110, 14.2: another unit", GET "Range: lines=1-2\r\n\r\n", "200",
	    NULL, "Content-Range", TEXT },
	{ "9110, 13.1.5: If-Range",
	    GET "Range: bytes=0-1\r\nIf-Range: " ETAG "\r\n\r\n", "206", NULL,
	    NULL, "01" },
	{ "9110, 13.1.5: If-Range of another",
	    GET "Range: bytes=0-1\r\nIf-Range: \"v0\"\r\n\r\n", "200", NULL,
	    NULL, TEXT },
	{ "9110, 13.1.2: If-None-Match", GET "If-None-Match: " ETAG "\r\n\r\n",
	    "304", "ETag: " ETAG, "Content-", "" },
	{ "9110, 15.4.5: 304 has Date", GET "If-None-Match: " ETAG "\r\n\r\n",
	    "304", "Date: ", NULL, "" },
	{ "9110, 15.4.5: 304 has Vary", GET "If-None-Match: " ETAG "\r\n\r\n",
	    "304", "Vary: V", NULL, "" },
	{ "9110, 13.1.1: If-Match", GET "If-Match: \"v0\"\r\n\r\n", "412", NULL,
	    "ETag", NULL },
	{ "9110, 13.2.2: a condition before a range",
	    GET "If-None-Match: *\r\nRange: bytes=0-1\r\n\r\n", "304", NULL,
	    "Content-Range", "" },
	{ "9110, 13.1.3: If-Modified-Since",
	    GET "If-Modified-Since: " DATE "\r\n\r\n", "304", NULL, NULL, "" },
	{ "fields of the service", GET "If-None-Match: *\r\n\r\n", "304",
	    "X: common", NULL, "" },
};

static void
check(const struct expectation *e, enum source source)
{
	uint64_t length;
	const char *text =
	    answer(e->request, representation(source, LENGTH), &length);
	const char *end = strstr(text, "\r\n\r\n");

	ck_assert_ptr_nonnull(end);
	ck_assert_msg(
	    memcmp(text + 9, e->status, 3) == 0, "%s: %s", e->rfc, text);
	if (e->has != NULL)
		ck_assert_msg(
		    strstr(text, e->has) != NULL, "%s: %s", e->rfc, text);
	if (e->has_not != NULL)
		ck_assert_msg(
		    strstr(text, e->has_not) == NULL, "%s: %s", e->rfc, text);
	if (e->content != NULL)
		ck_assert_str_eq(end + 4, e->content);
	ck_assert_uint_eq(length, strlen(end + 4));
}

START_TEST(from_memory)
{
	check(&expectations[_i], IN_MEMORY);
}
END_TEST

START_TEST(from_a_file)
{
	check(&expectations[_i], IN_FILE);
}
END_TEST

static const char two_parts[] =
    "--" BOUNDARY "\r\n"
    "Content-Type: text/x\r\nContent-Range: bytes 0-2/200\r\n\r\n012\r\n"
    "--" BOUNDARY "\r\n"
    "Content-Type: text/x\r\nContent-Range: bytes 198-199/200\r\n\r\nij\r\n"
    "--" BOUNDARY "--\r\n";

/* RFC 9110, 14.6. */
START_TEST(several_ranges)
{
	char expected[64];
	uint64_t length;
	const char *text = answer(GET "Range: bytes=0-2,-2\r\n\r\n",
	    representation((enum source)_i, LENGTH), &length);

	ck_assert_ptr_nonnull(strstr(text,
	    "Content-Type: multipart/byteranges; boundary=" BOUNDARY "\r\n"));
	snprintf(expected, sizeof(expected), "Content-Length: %zu\r\n",
	    sizeof(two_parts) - 1);
	ck_assert_ptr_nonnull(strstr(text, expected));
	ck_assert_str_eq(strstr(text, "\r\n\r\n") + 4, two_parts);
	ck_assert_uint_eq(length, sizeof(two_parts) - 1);
}
END_TEST

/* A type too long for a part's head is left out of it. */
START_TEST(long_type)
{
	char type[MULTIPART_TYPE_MAX + 1];
	struct http_response res = representation(IN_MEMORY, LENGTH);
	uint64_t length;
	const char *text;

	memset(type, 't', sizeof(type));
	res.type = (struct str){ type, sizeof(type) };
	text = answer(GET "Range: bytes=0-2,-2\r\n\r\n", res, &length);
	ck_assert_ptr_null(strstr(text, "ttt"));
	ck_assert_uint_eq(length, strlen(strstr(text, "\r\n\r\n") + 4));
}
END_TEST

START_TEST(empty_representation)
{
	uint64_t length;
	const char *text = answer(GET "Range: bytes=0-2\r\n\r\n",
	    representation((enum source)_i, 0), &length);

	ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 416 "));
	ck_assert_ptr_nonnull(strstr(text, "Content-Range: bytes */0\r\n"));
}
END_TEST

/* What has no entity tag may be another thing the next time. */
START_TEST(without_validators)
{
	struct http_response res = { .status = 200,
		.fd = -1,
		.body = STR(TEXT),
		.validators.modified = -1 };
	uint64_t length;
	const char *text = answer(GET "Range: bytes=0-2\r\n\r\n", res, &length);

	ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 200 "));
	ck_assert_ptr_null(strstr(text, "Accept-Ranges"));
	ck_assert_uint_eq(length, LENGTH);
}
END_TEST

/* RFC 9110, 13.2.1: other statuses come before conditions. */
START_TEST(errors_first)
{
	struct http_response res = { .status = 404, .fd = -1 };
	uint64_t length;
	const char *text = answer(
	    GET "If-Match: \"x\"\r\nRange: bytes=0-2\r\n\r\n", res, &length);

	ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 404 "));
}
END_TEST

static struct str
own_page(void *arg, int status)
{
	return status == *(int *)arg ? STR("mine") : STR("");
}

START_TEST(own_error_page)
{
	int which = 404;
	struct http_config config = { .page = own_page, .page_arg = &which };
	struct http_service service;
	struct outbox out;

	http_service_init(&service, &config);
	for (int status = 403; status <= 404; status++) {
		struct http_response res = { .status = status, .fd = -1 };
		struct buf sent = { 0 };

		outbox_init(&out);
		http_answer(&service, &out, NULL, &res,
		    (struct http_manner){ .is_head = false }, now);
		send_all_of(&out, &sent);
		ck_assert_int_eq(
		    strstr(buf_data(&sent), "\r\n\r\nmine") != NULL,
		    status == which);
		buf_free(&sent);
		outbox_clear(&out);
	}
	http_service_free(&service);
}
END_TEST

static Suite *
answer_suite(void)
{
	Suite *s = suite_create("answer");
	TCase *tc = tcase_create("answer");

	tcase_add_loop_test(tc, from_memory, 0, CASES(expectations));
	tcase_add_loop_test(tc, from_a_file, 0, CASES(expectations));
	tcase_add_loop_test(tc, several_ranges, 0, 2);
	tcase_add_test(tc, long_type);
	tcase_add_loop_test(tc, empty_representation, 0, 2);
	tcase_add_test(tc, without_validators);
	tcase_add_test(tc, errors_first);
	tcase_add_test(tc, own_error_page);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(answer_suite());
}
