#include "http/accept.h"

#include "base/buf.h"
#include "tests/run.h"

#define AE     "Accept-Encoding: "
#define ACCEPT "Accept: "

/* A request with these lines; its slices point into head. */
static void
parse(struct buf *head, const char *lines, struct http_request *req)
{
	int status;

	buf_addf(head, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
	ck_assert_int_gt(
	    http_parse_request(buf_data(head), buf_len(head), 0, req, &status),
	    0);
}

static const struct {
	const char *rfc;
	const char *lines;
	struct str coding;
	unsigned quality;
} codings[] = {
	{ "9110, 12.5.3: no field", "", STR("gzip"), 0 },
	{ "9110, 12.5.3: empty", AE "\r\n", STR("gzip"), 0 },
	{ "9110, 12.5.3: listed", AE "compress, gzip\r\n", STR("gzip"), 1000 },
	{ "9110, 12.5.3: not listed", AE "compress, br\r\n", STR("gzip"), 0 },
	{ "9110, 12.5.3: any", AE "*\r\n", STR("gzip"), 1000 },
	{ "9110, 12.5.3: weights", AE "compress;q=0.5, gzip;q=1.0\r\n",
	    STR("compress"), 500 },
	{ "9110, 12.5.3: weights", AE "gzip;q=1.0, identity; q=0.5, *;q=0\r\n",
	    STR("gzip"), 1000 },
	{ "9110, 12.5.3: weights", AE "gzip;q=1.0, identity; q=0.5, *;q=0\r\n",
	    STR("identity"), 500 },
	{ "9110, 12.5.3: not any other",
	    AE "gzip;q=1.0, identity; q=0.5, *;q=0\r\n", STR("br"), 0 },
	{ "9110, 12.5.3: not acceptable", AE "gzip;q=0\r\n", STR("gzip"), 0 },
	{ "9110, 12.5.3: not acceptable", AE "*, gzip;q=0\r\n", STR("gzip"),
	    0 },
	{ "9110, 12.5.3: not acceptable", AE "gzip;q=0, *\r\n", STR("gzip"),
	    0 },
	{ "9110, 12.5.3: any other", AE "gzip;q=0, *;q=0.3\r\n", STR("br"),
	    300 },
	{ "9110, 12.5.3: the first counts", AE "gzip;q=0.2, gzip;q=0.9\r\n",
	    STR("gzip"), 200 },
	{ "9110, 8.4.1: case", AE "GZip\r\n", STR("gzip"), 1000 },
	{ "9110, 8.4.1.3: x-gzip", AE "x-gzip;q=0.5\r\n", STR("gzip"), 500 },
	{ "9110, 8.4.1.3: X-GZIP", AE "X-GZIP\r\n", STR("gzip"), 1000 },
	{ "9110, 8.4.1.3: x-gzip alone", AE "x-br\r\n", STR("br"), 0 },
	{ "9110, 12.5.3: longer name", AE "gzipped\r\n", STR("gzip"), 0 },
	{ "9110, 12.5.3: shorter name", AE "gz\r\n", STR("gzip"), 0 },
	{ "9110, 5.3: two lines", AE "br\r\n" AE "gzip;q=0.7\r\n", STR("gzip"),
	    700 },
	{ "9110, 5.3: two lines", AE "*\r\naccept-encoding: gzip;q=0\r\n",
	    STR("gzip"), 0 },
	{ "9110, 5.6.1.2: empty elements", AE ", ,\tgzip ,\r\n", STR("gzip"),
	    1000 },
	{ "9110, 5.6.1.2: empty elements alone", AE ", ,\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: white space", AE "gzip \t;\t q=0.5\r\n", STR("gzip"),
	    500 },
	{ "9110, 12.4.2: case", AE "gzip;Q=0.5\r\n", STR("gzip"), 500 },
	{ "9110, 12.4.2: 0.001", AE "gzip;q=0.001\r\n", STR("gzip"), 1 },
	{ "9110, 12.4.2: 0.01", AE "gzip;q=0.01\r\n", STR("gzip"), 10 },
	{ "9110, 12.4.2: 0.999", AE "gzip;q=0.999\r\n", STR("gzip"), 999 },
	{ "9110, 12.4.2: 0.000", AE "gzip;q=0.000\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: 0.", AE "gzip;q=0., *\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: 1.", AE "gzip;q=1.\r\n", STR("gzip"), 1000 },
	{ "9110, 12.4.2: 1.000", AE "gzip;q=1.000\r\n", STR("gzip"), 1000 },
	{ "9110, 12.4.2: over 1", AE "gzip;q=1.001\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: over 1", AE "gzip;q=2\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: four digits", AE "gzip;q=0.0001\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: four digits", AE "gzip;q=1.0000\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: leading zero", AE "gzip;q=01\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: no zero", AE "gzip;q=.5\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: minus", AE "gzip;q=-1\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: exponent", AE "gzip;q=1e0\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: comma for point", AE "gzip;q=0,5\r\n", STR("gzip"),
	    0 },
	{ "9110, 12.4.2: empty", AE "gzip;q=\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: no value", AE "gzip;q\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: space around =", AE "gzip;q = 1\r\n", STR("gzip"), 0 },
	{ "9110, 12.4.2: bad weight, then any", AE "gzip;q=x, *;q=0.1\r\n",
	    STR("gzip"), 100 },
	{ "9110, 12.4.2: quoted", AE "gzip;q=\"1\"\r\n", STR("gzip"), 0 },
	{ "9110, 12.5.3: another field", "X-" AE "gzip\r\n", STR("gzip"), 0 },
};

START_TEST(coding)
{
	struct http_request req;
	struct buf head = { 0 };
	unsigned quality;

	parse(&head, codings[_i].lines, &req);
	quality = http_accept_coding(&req, codings[_i].coding);
	ck_assert_msg(quality == codings[_i].quality, "RFC %s: %u",
	    codings[_i].rfc, quality);
	buf_free(&head);
}
END_TEST

#define BROWSER \
	ACCEPT "text/html,application/xhtml+xml,application/xml;q=0.9," \
	       "image/avif,*/*;q=0.8\r\n"
#define EXAMPLE \
	ACCEPT "text/*;q=0.3, text/plain;q=0.7, " \
	       "text/plain;format=flowed, text/plain;" \
	       "format=fixed;q=0.4, */*;q=0.5\r\n"

static const struct {
	const char *rfc;
	const char *lines;
	struct str type;
	unsigned quality;
} types[] = {
	{ "9110, 12.5.1: no field", "", STR("text/html"), 1000 },
	{ "9110, 12.5.1: empty", ACCEPT "\r\n", STR("text/html"), 0 },
	{ "9110, 12.5.1: listed", BROWSER, STR("text/html"), 1000 },
	{ "9110, 12.5.1: weight", BROWSER, STR("application/xml"), 900 },
	{ "9110, 12.5.1: any", BROWSER, STR("application/json"), 800 },
	{ "9110, 12.5.1: most specific", EXAMPLE, STR("text/plain"), 700 },
	{ "9110, 12.5.1: most specific", EXAMPLE, STR("text/html"), 300 },
	{ "9110, 12.5.1: most specific", EXAMPLE, STR("image/jpeg"), 500 },
	{ "9110, 12.5.1: in any order",
	    ACCEPT "a/b;q=0.1, a/*;q=0.2, */*;q=0.3\r\n", STR("a/b"), 100 },
	{ "9110, 12.5.1: in any order",
	    ACCEPT "*/*;q=0.3, a/*;q=0.2, a/b;q=0.1\r\n", STR("a/b"), 100 },
	{ "9110, 12.5.1: not acceptable", ACCEPT "*/*, a/b;q=0\r\n", STR("a/b"),
	    0 },
	{ "9110, 12.5.1: none matches", ACCEPT "a/*, c/d\r\n", STR("c/b"), 0 },
	{ "9110, 8.3.1: case", ACCEPT "TEXT/Html\r\n", STR("text/html"), 1000 },
	{ "9110, 8.3.1: case", ACCEPT "TEXT/*\r\n", STR("text/html"), 1000 },
	{ "9110, 12.5.1: type that begins alike", ACCEPT "tex/*\r\n",
	    STR("text/html"), 0 },
	{ "9110, 12.5.1: type that begins alike", ACCEPT "text/h*\r\n",
	    STR("text/html"), 0 },
	{ "9110, 12.5.1: no range", ACCEPT "*\r\n", STR("text/html"), 0 },
	{ "9110, 12.5.1: no range", ACCEPT "*/html\r\n", STR("text/html"), 0 },
	{ "9110, 12.5.1: no range", ACCEPT "text\r\n", STR("text/html"), 0 },
	{ "9110, 12.5.1: no range", ACCEPT "text/\r\n", STR("text/html"), 0 },
	{ "9110, 12.5.1: no range", ACCEPT ";q=1\r\n", STR("text/html"), 0 },
	{ "9110, 5.6.4: comma in a quoted string",
	    ACCEPT "a/b;c=\"x,c/d\";q=0.5\r\n", STR("c/d\""), 0 },
	{ "9110, 5.6.4: comma in a quoted string",
	    ACCEPT "a/b;c=\"x,c/d\";q=0.5\r\n", STR("a/b"), 500 },
	{ "9110, 5.6.4: semicolon in a quoted string",
	    ACCEPT "a/b;c=\";q=0.1\";q=0.5\r\n", STR("a/b"), 500 },
	{ "9110, 5.6.4: quoted-pair", ACCEPT "a/b;c=\"\\\",e/f\", c/d\r\n",
	    STR("e/f\""), 0 },
	{ "9110, 5.6.4: quoted-pair", ACCEPT "a/b;c=\"\\\",e/f\", c/d\r\n",
	    STR("c/d"), 1000 },
	{ "9110, 5.6.4: quoted-pair of a backslash",
	    ACCEPT "a/b;c=\"\\\\\", c/d\r\n", STR("c/d"), 1000 },
	{ "9110, 5.6.4: no quoted-pair", ACCEPT "a/b;c=\\, c/d\r\n", STR("c/d"),
	    1000 },
	{ "9110, 5.6.4: no end", ACCEPT "a/b;c=\"x, c/d\r\n", STR("c/d"), 0 },
	{ "9110, 5.6.4: no end", ACCEPT "a/b;c=\"x\\\r\n", STR("a/b"), 1000 },
	{ "9110, 12.5.1: bad weight, then wider",
	    ACCEPT "a/b;q=2, */*;q=0.1\r\n", STR("a/b"), 100 },
	{ "9110, 12.5.1: parameter behind the weight",
	    ACCEPT "a/b;q=0.5;c=d\r\n", STR("a/b"), 500 },
	{ "9110, 5.6.6: empty parameters", ACCEPT "a/b;;q=0.5;\r\n", STR("a/b"),
	    500 },
	{ "9110, 5.3: two lines", ACCEPT "a/*\r\n" ACCEPT "a/b;q=0.2\r\n",
	    STR("a/b"), 200 },
};

START_TEST(type)
{
	struct http_request req;
	struct buf head = { 0 };
	unsigned quality;

	parse(&head, types[_i].lines, &req);
	quality = http_accept_type(&req, types[_i].type);
	ck_assert_msg(
	    quality == types[_i].quality, "RFC %s: %u", types[_i].rfc, quality);
	buf_free(&head);
}
END_TEST

static Suite *
accept_suite(void)
{
	Suite *suite = suite_create("accept");
	TCase *tc = tcase_create("accept");

	tcase_add_loop_test(tc, coding, 0, CASES(codings));
	tcase_add_loop_test(tc, type, 0, CASES(types));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(accept_suite());
}
