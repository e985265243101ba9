#include "http/conditional.h"

#include "base/buf.h"
#include "http/date.h"
#include "tests/run.h"

#define MODIFIED "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE   "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER    "Sun, 06 Nov 1994 08:49:38 GMT"
#define NOW      "Sun, 06 Nov 1994 09:00:00 GMT"
#define FUTURE   "Sun, 06 Nov 1994 09:00:01 GMT"

#define M   "If-Match: "
#define NM  "If-None-Match: "
#define MS  "If-Modified-Since: "
#define US  "If-Unmodified-Since: "
#define IR  "If-Range: "
#define EOL "\r\n"

#define GET    "GET"
#define HEAD   "HEAD"
#define PUT    "PUT"
#define STRONG "\"a,b\""
#define WEAK   "W/\"a,b\""

/* A request with these lines; its slices point into head. */
static void
parse(struct buf *head, const char *method, const char *lines,
    struct http_request *req)
{
	int status;

	buf_addf(head, "%s / HTTP/1.1\r\nHost: a\r\n%s\r\n", method, lines);
	ck_assert_int_gt(
	    http_parse_request(buf_data(head), buf_len(head), 0, req, &status),
	    0);
}

static int64_t
seconds(const char *date)
{
	int64_t out = -1;

	ck_assert_int_eq(http_date_parse(str_of(date), 0, &out), 0);
	return out;
}

/* Of what changed at MODIFIED last; an empty etag is none. */
static struct http_validators
validators(const char *etag)
{
	return (struct http_validators){ .etag = str_of(etag),
		.modified = seconds(MODIFIED) };
}

static const struct {
	const char *rfc;
	const char *method, *etag, *lines;
	int status;
} cases[] = {
	{ "9110, 13: no condition", GET, STRONG, "", 0 },

	/* If-Match. */
	{ "9110, 13.1.1: same", PUT, STRONG, M STRONG EOL, 0 },
	{ "9110, 13.1.1: other", PUT, STRONG, M "\"c\"" EOL, 412 },
	{ "9110, 13.1.1: other, GET", GET, STRONG, M "\"c\"" EOL, 412 },
	{ "9110, 13.1.1: *", PUT, STRONG, M "*" EOL, 0 },
	{ "9110, 13.1.1: * without an etag", PUT, "", M "*" EOL, 0 },
	{ "9110, 13.1.1: without an etag", PUT, "", M "\"\"" EOL, 412 },
	{ "9110, 13.1.1: list", PUT, STRONG, M "\"c\", " STRONG EOL, 0 },
	{ "9110, 13.1.1: list", PUT, STRONG, M "\"c\",\"d\"" EOL, 412 },
	{ "9110, 8.8.3.2: weak of the client", PUT, STRONG, M WEAK EOL, 412 },
	{ "9110, 8.8.3.2: weak of the server", PUT, WEAK, M STRONG EOL, 412 },
	{ "9110, 8.8.3.2: both weak", PUT, WEAK, M WEAK EOL, 412 },
	{ "9110, 8.8.3: case", PUT, STRONG, M "\"A,B\"" EOL, 412 },
	{ "9110, 5.3: two lines", PUT, STRONG, M "\"c\"" EOL M STRONG EOL, 0 },
	{ "9110, 5.3: two lines", PUT, STRONG, M "\"c\"" EOL M "\"d\"" EOL,
	    412 },
	{ "9110, 13.1.1: bad", PUT, STRONG, M "a,b" EOL, 412 },
	{ "9110, 13.1.1: bad, GET", GET, STRONG, M "a,b" EOL, 412 },
	{ "9110, 13.1.1: bad behind another", PUT, STRONG, M "\"c\", d" EOL,
	    412 },
	{ "9110, 13.1.1: bad behind a tag", PUT, STRONG, M "\"c\" d" EOL, 412 },
	{ "9110, 13.1.1: bad behind the tag", PUT, STRONG, M STRONG " d" EOL,
	    412 },
	{ "9110, 13.1.1: bad after it", PUT, STRONG, M STRONG ", d" EOL, 0 },
	{ "9110, 13.1.1: bad before it", PUT, STRONG, M "d, " STRONG EOL, 412 },
	{ "9110, 13.1.1: bad in a second line", PUT, STRONG,
	    M "\"c\"" EOL M "d" EOL, 412 },
	{ "9110, 13.1.1: bad in the first of two", PUT, STRONG,
	    M "d" EOL M STRONG EOL, 412 },
	{ "9110, 13.1.1: empty list", PUT, STRONG, M EOL, 412 },

	/* If-Unmodified-Since. */
	{ "9110, 13.1.4: before", PUT, STRONG, US BEFORE EOL, 412 },
	{ "9110, 13.1.4: before, GET", GET, STRONG, US BEFORE EOL, 412 },
	{ "9110, 13.1.4: same", PUT, STRONG, US MODIFIED EOL, 0 },
	{ "9110, 13.1.4: after", PUT, STRONG, US AFTER EOL, 0 },
	{ "9110, 13.1.4: bad", PUT, STRONG, US "yesterday" EOL, 0 },
	{ "9110, 13.1.4: two", PUT, STRONG, US BEFORE EOL US BEFORE EOL, 0 },
	{ "9110, 13.1.4: If-Match holds", PUT, STRONG,
	    M STRONG EOL US BEFORE EOL, 0 },
	{ "9110, 13.1.4: If-Match fails", PUT, STRONG,
	    US MODIFIED EOL M "\"c\"" EOL, 412 },
	{ "9110, 13.1.4: If-Match is bad", PUT, STRONG,
	    M "c" EOL US MODIFIED EOL, 412 },

	/* If-None-Match. */
	{ "9110, 13.1.2: same", GET, STRONG, NM STRONG EOL, 304 },
	{ "9110, 13.1.2: same, HEAD", HEAD, STRONG, NM STRONG EOL, 304 },
	{ "9110, 13.1.2: same, PUT", PUT, STRONG, NM STRONG EOL, 412 },
	{ "9110, 13.1.2: same, POST", "POST", STRONG, NM STRONG EOL, 412 },
	{ "9110, 13.1.2: same, DELETE", "DELETE", STRONG, NM STRONG EOL, 412 },
	{ "9110, 13.1.2: other", GET, STRONG, NM "\"c\"" EOL, 0 },
	{ "9110, 13.1.2: other, PUT", PUT, STRONG, NM "\"c\"" EOL, 0 },
	{ "9110, 13.1.2: *", GET, STRONG, NM "*" EOL, 304 },
	{ "9110, 13.1.2: * without an etag", PUT, "", NM "*" EOL, 412 },
	{ "9110, 13.1.2: * in quotes", GET, STRONG, NM "\"*\"" EOL, 0 },
	{ "9110, 13.1.2: * and more", GET, STRONG, NM "*, " STRONG EOL, 0 },
	{ "9110, 13.1.2: without an etag", GET, "", NM "\"\"" EOL, 0 },
	{ "9110, 13.1.2: empty etag", GET, "\"\"", NM "\"\"" EOL, 304 },
	{ "9110, 8.8.3.2: weak of the client", GET, STRONG, NM WEAK EOL, 304 },
	{ "9110, 8.8.3.2: weak of the server", GET, WEAK, NM STRONG EOL, 304 },
	{ "9110, 8.8.3.2: both weak", GET, WEAK, NM WEAK EOL, 304 },
	{ "9110, 8.8.3.2: others, weak", GET, WEAK, NM "W/\"a\"" EOL, 0 },
	{ "9110, 5.3: two lines", GET, STRONG, NM "\"c\"" EOL NM STRONG EOL,
	    304 },
	{ "9110, 13.1.2: empty list", GET, STRONG, NM EOL, 0 },

	/* Lists of entity tags. */
	{ "9110, 8.8.3: the comma is the tag's", GET, STRONG,
	    NM "\"a\", \"b\"" EOL, 0 },
	{ "9110, 8.8.3: the comma is the tag's", GET, "\"b\"", NM STRONG EOL,
	    0 },
	{ "9110, 5.6.1.2: empty elements", GET, STRONG,
	    NM ",, \"c\" , \t," STRONG ", ," EOL, 304 },
	{ "9110, 5.6.1.2: empty elements", GET, STRONG, NM ", ," EOL, 0 },
	{ "9110, 5.6.1.2: no comma", GET, STRONG, NM "\"c\" " STRONG EOL, 0 },
	{ "9110, 5.6.1.2: no comma", GET, STRONG, NM "\"c\"" STRONG EOL, 0 },
	{ "9110, 5.6.1.2: semicolon", GET, STRONG, NM "\"c\";" STRONG EOL, 0 },
	{ "9110, 8.8.3: no quotes", GET, STRONG, NM "a, " STRONG EOL, 0 },
	{ "9110, 8.8.3: no end", GET, STRONG, NM "\"a,b" EOL, 0 },
	{ "9110, 8.8.3: quote alone", GET, STRONG, NM "\"" EOL, 0 },
	{ "9110, 8.8.3: space within", GET, STRONG, NM "\"c d\"," STRONG EOL,
	    0 },
	{ "9110, 8.8.3: w/", GET, STRONG, NM "w/" STRONG EOL, 0 },
	{ "9110, 8.8.3: W alone", GET, STRONG, NM "W" EOL, 0 },
	{ "9110, 8.8.3: W/ alone", GET, STRONG, NM "W/" EOL, 0 },
	{ "9110, 8.8.3: W without /", GET, STRONG, NM "W" STRONG EOL, 0 },
	{ "9110, 8.8.3: W without /", GET, STRONG, NM "Wx" STRONG EOL, 0 },
	{ "9110, 8.8.3: W / apart", GET, STRONG, NM "W/ " STRONG EOL, 0 },
	{ "9110, 8.8.3: backslash is no escape", GET, "\"\\\"", NM "\"\\\"" EOL,
	    304 },
	{ "9110, 8.8.3: obs-text", GET, "\"\xff\"", NM "\"\xff\"" EOL, 304 },
	{ "9110, 8.8.3: good before bad", GET, STRONG, NM STRONG ", c" EOL,
	    304 },

	/* If-Modified-Since. */
	{ "9110, 13.1.3: before", GET, STRONG, MS BEFORE EOL, 0 },
	{ "9110, 13.1.3: same", GET, STRONG, MS MODIFIED EOL, 304 },
	{ "9110, 13.1.3: same, HEAD", HEAD, STRONG, MS MODIFIED EOL, 304 },
	{ "9110, 13.1.3: after", GET, STRONG, MS AFTER EOL, 304 },
	{ "9110, 13.1.3: RFC 850", GET, STRONG,
	    MS "Sunday, 06-Nov-94 08:49:37 GMT" EOL, 304 },
	{ "9110, 13.1.3: asctime", GET, STRONG,
	    MS "Sun Nov  6 08:49:37 1994" EOL, 304 },
	{ "9110, 13.1.3: before 1970", GET, STRONG,
	    MS "Wed, 31 Dec 1969 23:59:59 GMT" EOL, 0 },
	{ "9110, 13.1.3: now", GET, STRONG, MS NOW EOL, 304 },
	{ "9110, 13.1.3: later than now", GET, STRONG, MS FUTURE EOL, 304 },
	{ "9110, 13.1.3: much later", HEAD, STRONG,
	    MS "Fri, 31 Dec 9999 23:59:59 GMT" EOL, 304 },
	{ "9110, 13.1.3: GET and HEAD alone", PUT, STRONG, MS MODIFIED EOL, 0 },
	{ "9110, 13.1.3: GET and HEAD alone", "POST", STRONG, MS MODIFIED EOL,
	    0 },
	{ "9110, 13.1.3: bad", GET, STRONG, MS "784111777" EOL, 0 },
	{ "9110, 13.1.3: more than one", GET, STRONG,
	    MS MODIFIED ", " MODIFIED EOL, 0 },
	{ "9110, 13.1.3: two lines", GET, STRONG,
	    MS MODIFIED EOL MS MODIFIED EOL, 0 },
	{ "9110, 13.1.3: with If-None-Match", GET, STRONG,
	    MS MODIFIED EOL NM "\"c\"" EOL, 0 },
	{ "9110, 13.1.3: with If-None-Match", GET, STRONG,
	    MS BEFORE EOL NM STRONG EOL, 304 },
	{ "9110, 13.1.3: If-None-Match is bad", GET, STRONG,
	    MS MODIFIED EOL NM "c" EOL, 304 },
	{ "9110, 13.1.3: If-None-Match is empty", GET, STRONG,
	    MS MODIFIED EOL NM EOL, 0 },

	/* Order. */
	{ "9110, 13.2.2: 1, then 3", GET, STRONG, NM STRONG EOL M STRONG EOL,
	    304 },
	{ "9110, 13.2.2: 1 before 3", GET, STRONG, NM STRONG EOL M "\"c\"" EOL,
	    412 },
	{ "9110, 13.2.2: 2 before 4", GET, STRONG,
	    MS MODIFIED EOL US BEFORE EOL, 412 },
	{ "9110, 13.2.2: 2, then 4", GET, STRONG,
	    MS MODIFIED EOL US MODIFIED EOL, 304 },
	{ "9110, 13.2.2: 2 before 3", GET, STRONG, NM STRONG EOL US BEFORE EOL,
	    412 },
	{ "9110, 13.2.2: 1, then 4", GET, STRONG, MS MODIFIED EOL M STRONG EOL,
	    304 },
	{ "9110, 13.2.1: OPTIONS", "OPTIONS", STRONG, M "\"c\"" EOL, 0 },
	{ "9110, 13.2.1: TRACE", "TRACE", STRONG, NM "*" EOL, 0 },
	{ "9110, 13.1: names without case", GET, STRONG, "iF-nONE-mATCH: *" EOL,
	    304 },
};

START_TEST(condition)
{
	struct http_validators v = validators(cases[_i].etag);
	struct http_request req;
	struct buf head = { 0 };
	int status;

	parse(&head, cases[_i].method, cases[_i].lines, &req);
	status = http_conditional(&req, &v, seconds(NOW));
	ck_assert_msg(
	    status == cases[_i].status, "RFC %s: %d", cases[_i].rfc, status);
	buf_free(&head);
}
END_TEST

/* RFC 9110, 13.1.3 and 13.1.4: nothing to compare a date with. */
START_TEST(time_not_known)
{
	static const char *const lines[] = { MS AFTER EOL, US BEFORE EOL };
	struct http_validators v = { .modified = -1 };
	struct http_request req;

	for (int i = 0; i < CASES(lines); i++) {
		struct buf head = { 0 };

		parse(&head, GET, lines[i], &req);
		ck_assert_int_eq(http_conditional(&req, &v, seconds(NOW)), 0);
		buf_free(&head);
	}
}
END_TEST

static const struct {
	const char *rfc;
	const char *etag, *lines, *now;
	bool holds;
} ranges[] = {
	{ "9110, 13.1.5: absent", STRONG, "", NOW, true },
	{ "9110, 13.1.5: same", STRONG, IR STRONG EOL, NOW, true },
	{ "9110, 13.1.5: other", STRONG, IR "\"c\"" EOL, NOW, false },
	{ "9110, 13.1.5: without an etag", "", IR STRONG EOL, NOW, false },
	{ "9110, 13.1.5: weak of the client", STRONG, IR WEAK EOL, NOW, false },
	{ "9110, 13.1.5: weak of the server", WEAK, IR STRONG EOL, NOW, false },
	{ "9110, 13.1.5: both weak", WEAK, IR WEAK EOL, NOW, false },
	{ "9110, 13.1.5: no list", STRONG, IR STRONG ", \"c\"" EOL, NOW,
	    false },
	{ "9110, 13.1.5: no list", STRONG, IR STRONG "," EOL, NOW, false },
	{ "9110, 13.1.5: no *", STRONG, IR "*" EOL, NOW, false },
	{ "9110, 13.1.5: two lines", STRONG, IR STRONG EOL IR STRONG EOL, NOW,
	    false },
	{ "9110, 13.1.5: no end", STRONG, IR "\"a,b" EOL, NOW, false },
	{ "9110, 13.1.5: empty", STRONG, IR EOL, NOW, false },
	{ "9110, 13.1.5: bad", STRONG, IR "a,b" EOL, NOW, false },
	{ "9110, 13.1.5: date", STRONG, IR MODIFIED EOL, NOW, true },
	{ "9110, 13.1.5: RFC 850", STRONG,
	    IR "Sunday, 06-Nov-94 08:49:37 GMT" EOL, NOW, true },
	{ "9110, 13.1.5: date before", STRONG, IR BEFORE EOL, NOW, false },
	{ "9110, 13.1.5: date after", STRONG, IR AFTER EOL, NOW, false },
	{ "9110, 8.8.2.2: one second old", STRONG, IR MODIFIED EOL, AFTER,
	    true },
	{ "9110, 8.8.2.2: of this second", STRONG, IR MODIFIED EOL, MODIFIED,
	    false },
	{ "9110, 8.8.2.2: in the future", STRONG, IR MODIFIED EOL, BEFORE,
	    false },
};

START_TEST(if_range)
{
	struct http_validators v = validators(ranges[_i].etag);
	struct http_request req;
	struct buf head = { 0 };

	parse(&head, GET, ranges[_i].lines, &req);
	ck_assert_msg(http_if_range(&req, &v, seconds(ranges[_i].now)) ==
		ranges[_i].holds,
	    "RFC %s", ranges[_i].rfc);
	buf_free(&head);
}
END_TEST

START_TEST(if_range_time_not_known)
{
	struct http_validators v = { .modified = -1 };
	struct http_request req;
	struct buf head = { 0 };

	parse(&head, GET, IR "Wed, 31 Dec 1969 23:59:59 GMT" EOL, &req);
	ck_assert(!http_if_range(&req, &v, seconds(NOW)));
	buf_free(&head);
}
END_TEST

static Suite *
conditional_suite(void)
{
	Suite *suite = suite_create("conditional");
	TCase *tc = tcase_create("conditional");

	tcase_add_loop_test(tc, condition, 0, CASES(cases));
	tcase_add_test(tc, time_not_known);
	tcase_add_loop_test(tc, if_range, 0, CASES(ranges));
	tcase_add_test(tc, if_range_time_not_known);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(conditional_suite());
}
