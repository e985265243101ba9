#include "http/range.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "tests/feed.h"
#include "tests/run.h"

#define OVER_2_64 "99999999999999999999999"

/* The ranges that a field comes to, as FIRST-LAST in the order of the parts. */
static const struct {
	const char *rfc;
	struct str field;
	uint64_t length;
	const char *result;
} fields[] = {
	/* The examples of 14.1.2. */
	{ "9110, 14.1.2: first 500", STR("bytes=0-499"), 10000, "0-499" },
	{ "9110, 14.1.2: second 500", STR("bytes=500-999"), 10000, "500-999" },
	{ "9110, 14.1.2: final 500", STR("bytes=-500"), 10000, "9500-9999" },
	{ "9110, 14.1.2: final 500", STR("bytes=9500-"), 10000, "9500-9999" },
	{ "9110, 14.1.2: first and last", STR("bytes=0-0,-1"), 10000,
	    "0-0 9999-9999" },
	{ "9110, 14.1.2: first, middle, last",
	    STR("bytes= 0-999, 4500-5499, -1000"), 10000,
	    "0-999 4500-5499 9000-9999" },
	{ "9110, 14.1.2: second 500, in two", STR("bytes=500-600,601-999"),
	    10000, "500-999" },
	{ "9110, 14.1.2: second 500, overlapping", STR("bytes=500-700,601-999"),
	    10000, "500-999" },

	/* Clamping. */
	{ "9110, 14.1.1: all", STR("bytes=0-"), 5, "0-4" },
	{ "9110, 14.1.1: last byte", STR("bytes=4-4"), 5, "4-4" },
	{ "9110, 14.1.2: last-pos at the length", STR("bytes=1-5"), 5, "1-4" },
	{ "9110, 14.1.2: last-pos beyond", STR("bytes=1-999"), 5, "1-4" },
	{ "9110, 14.1.2: suffix of the length", STR("bytes=-5"), 5, "0-4" },
	{ "9110, 14.1.2: suffix beyond", STR("bytes=-6"), 5, "0-4" },
	{ "9110, 14.1.2: leading zeros", STR("bytes=0001-0002"), 5, "1-2" },
	{ "9110, 14.1.2: last-pos over 2^64", STR("bytes=1-" OVER_2_64), 5,
	    "1-4" },
	{ "9110, 14.1.2: last-pos of 2^64-1",
	    STR("bytes=0-18446744073709551615"), 5, "0-4" },
	{ "9110, 14.1.2: suffix over 2^64", STR("bytes=-" OVER_2_64), 5,
	    "0-4" },
	{ "9110, 14.1.2: the longest representation", STR("bytes=0-"),
	    UINT64_MAX, "0-18446744073709551614" },
	{ "9110, 14.1.2: its end",
	    STR("bytes=18446744073709551614-18446744073709551615"), UINT64_MAX,
	    "18446744073709551614-18446744073709551614" },
	{ "9110, 14.1.2: its ends", STR("bytes=-1,0-0"), UINT64_MAX,
	    "18446744073709551614-18446744073709551614 0-0" },

	/* What cannot be satisfied. */
	{ "9110, 15.5.17: first-pos at the length", STR("bytes=5-"), 5, "416" },
	{ "9110, 15.5.17: first-pos beyond", STR("bytes=6-7"), 5, "416" },
	{ "9110, 15.5.17: first-pos over 2^64", STR("bytes=" OVER_2_64 "-"), 5,
	    "416" },
	{ "9110, 15.5.17: both over 2^64",
	    STR("bytes=" OVER_2_64 "-" OVER_2_64), UINT64_MAX, "416" },
	{ "9110, 15.5.17: suffix of 0", STR("bytes=-0"), 5, "416" },
	{ "9110, 15.5.17: none of them", STR("bytes=5-,-0,7-9"), 5, "416" },
	{ "9110, 15.5.17: no bytes at all", STR("bytes=0-"), 0, "416" },
	{ "9110, 15.5.17: no bytes at all", STR("bytes=0-0"), 0, "416" },
	{ "9110, 15.5.17: no bytes at all", STR("bytes=-1"), 0, "416" },
	{ "9110, 14.1.2: one of them", STR("bytes=5-,0-0,-0"), 5, "0-0" },

	/* Syntax. */
	{ "9110, 14.1.1: last before first", STR("bytes=5-2"), 10, "ignored" },
	{ "9110, 14.1.1: one such", STR("bytes=0-1,5-2"), 10, "ignored" },
	{ "9110, 14.1.1: such beyond the length", STR("bytes=50-20"), 10,
	    "ignored" },
	{ "9110, 14.1.1: first over 2^64", STR("bytes=" OVER_2_64 "-5"), 10,
	    "ignored" },
	{ "9110, 14.1: unit without case", STR("ByTeS=0-1"), 5, "0-1" },
	{ "9110, 14.2: other unit", STR("lines=0-1"), 5, "ignored" },
	{ "9110, 14.2: other unit", STR("byte=0-1"), 5, "ignored" },
	{ "9110, 14.2: other unit", STR("bytess=0-1"), 5, "ignored" },
	{ "9110, 14.1.1: no unit", STR("0-1"), 5, "ignored" },
	{ "9110, 14.1.1: no unit", STR("=0-1"), 5, "ignored" },
	{ "9110, 14.1.1: no set", STR("bytes"), 5, "ignored" },
	{ "9110, 14.1.1: no set", STR("bytes="), 5, "ignored" },
	{ "9110, 14.1.1: empty", STR(""), 5, "ignored" },
	{ "9110, 14.1.1: space before =", STR("bytes =0-1"), 5, "ignored" },
	{ "9110, 14.1.1: colon", STR("bytes:0-1"), 5, "ignored" },
	{ "9110, 14.1.1: no hyphen", STR("bytes=1"), 5, "ignored" },
	{ "9110, 14.1.1: hyphen alone", STR("bytes=-"), 5, "ignored" },
	{ "9110, 14.1.1: two hyphens", STR("bytes=--1"), 5, "ignored" },
	{ "9110, 14.1.1: two hyphens", STR("bytes=0--1"), 5, "ignored" },
	{ "9110, 14.1.1: two hyphens", STR("bytes=0-1-"), 5, "ignored" },
	{ "9110, 14.1.1: plus", STR("bytes=+0-1"), 5, "ignored" },
	{ "9110, 14.1.1: hex", STR("bytes=0x0-1"), 5, "ignored" },
	{ "9110, 14.1.1: point", STR("bytes=0-1.0"), 5, "ignored" },
	{ "9110, 14.1.1: word", STR("bytes=a-b"), 5, "ignored" },
	{ "9110, 14.1.1: word behind digits over 2^64",
	    STR("bytes=0-" OVER_2_64 "x"), 5, "ignored" },
	{ "9110, 14.1.1: space within", STR("bytes=0 -1"), 5, "ignored" },
	{ "9110, 14.1.1: space within", STR("bytes=0- 1"), 5, "ignored" },
	{ "9110, 14.1.1: NUL", STR("bytes=0-\0001"), 5, "ignored" },
	{ "9110, 14.1.1: semicolon", STR("bytes=0-0;4-4"), 5, "ignored" },
	{ "9110, 14.1.1: another =", STR("bytes==0-1"), 5, "ignored" },
	{ "9110, 14.1.1: unit again", STR("bytes=0-0,bytes=4-4"), 500,
	    "ignored" },
	{ "9110, 5.6.1.2: white space", STR("bytes=0-0\t , \t-1"), 500,
	    "0-0 499-499" },
	{ "9110, 5.6.1.2: empty elements", STR("bytes=,, 0-0 , ,-1,"), 500,
	    "0-0 499-499" },
	{ "9110, 5.6.1.2: empty elements alone", STR("bytes=, ,"), 5,
	    "ignored" },

	/* Joining: parts with less than 80 bytes between them. */
	{ "9110, 15.3.7.2: gap of 79", STR("bytes=0-0,80-80"), 500, "0-80" },
	{ "9110, 15.3.7.2: gap of 80", STR("bytes=0-0,81-81"), 500,
	    "0-0 81-81" },
	{ "9110, 15.3.7.2: gap of 79, backwards", STR("bytes=80-80,0-0"), 500,
	    "0-80" },
	{ "9110, 15.3.7.2: same", STR("bytes=1-2,1-2,1-2"), 500, "1-2" },
	{ "9110, 15.3.7.2: within", STR("bytes=0-9,3-4"), 500, "0-9" },
	{ "9110, 15.3.7.2: around", STR("bytes=3-4,0-9"), 500, "0-9" },
	{ "9110, 15.3.7.2: order kept", STR("bytes=400-401,0-1,200-201"), 500,
	    "400-401 0-1 200-201" },
	{ "9110, 15.3.7.2: in the place of the first",
	    STR("bytes=400-401,0-1,200-201,402-403"), 500,
	    "400-403 0-1 200-201" },
	{ "9110, 15.3.7.2: bridge", STR("bytes=0-1,400-401,200-201,100-300"),
	    500, "0-1 400-401 100-300" },
	{ "9110, 15.3.7.2: bridge over another",
	    STR("bytes=0-1,900-901,200-201,1-200"), 1000, "0-201 900-901" },
	{ "9110, 15.3.7.2: bridge over all",
	    STR("bytes=900-901,400-401,200-201,0-450"), 1000, "900-901 0-450" },
	{ "9110, 15.3.7.2: longer by a join, near another",
	    STR("bytes=200-201,0-1,150-260,70-71"), 500, "0-260" },
};

static const char *
describe(struct str field, uint64_t length, struct buf *b)
{
	struct http_ranges ranges;

	switch (http_range_parse(field, length, &ranges)) {
	case HTTP_RANGE_IGNORED:
		buf_addf(b, "ignored");
		break;
	case HTTP_RANGE_UNSATISFIABLE:
		buf_addf(b, "416");
		break;
	case HTTP_RANGE_SATISFIABLE:
		for (size_t i = 0; i < ranges.n; i++)
			buf_addf(b, "%s%" PRIu64 "-%" PRIu64, i > 0 ? " " : "",
			    ranges.at[i].first,
			    ranges.at[i].first + ranges.at[i].length - 1);
		break;
	}
	buf_add(b, "", 1);
	return buf_data(b);
}

START_TEST(field_comes_to)
{
	struct guard *guard = guard_new(100);
	struct str field = fields[_i].field;
	struct buf b = { 0 };

	field.p = guard_copy(guard, field.p, field.len);
	ck_assert_msg(strcmp(describe(field, fields[_i].length, &b),
			  fields[_i].result) == 0,
	    "RFC %s: %s", fields[_i].rfc, buf_data(&b));
	buf_free(&b);
	guard_free(guard);
}
END_TEST

/* So many single bytes, each a step from the one before. */
static struct buf
many(size_t n, size_t step)
{
	struct buf b = { 0 };

	buf_addf(&b, "bytes=");
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%zu-%zu", i > 0 ? "," : "", i * step, i * step);
	return b;
}

static enum http_range_result
parse_many(size_t n, size_t step, const char *more, struct http_ranges *ranges)
{
	struct buf field = many(n, step);
	enum http_range_result result;

	buf_addf(&field, "%s", more);
	result =
	    http_range_parse((struct str){ buf_data(&field), buf_len(&field) },
		UINT64_MAX, ranges);
	buf_free(&field);
	return result;
}

/* RFC 9110, 14.2: many small ranges may be ignored. */
START_TEST(limit)
{
	struct http_ranges ranges;

	ck_assert_int_eq(parse_many(HTTP_RANGES_MAX, 1000, "", &ranges),
	    HTTP_RANGE_SATISFIABLE);
	ck_assert_uint_eq(ranges.n, HTTP_RANGES_MAX);
	ck_assert_int_eq(parse_many(HTTP_RANGES_MAX + 1, 1000, "", &ranges),
	    HTTP_RANGE_IGNORED);
	ck_assert_int_eq(parse_many(HTTP_RANGES_MAX + 1, 1000, ",0-", &ranges),
	    HTTP_RANGE_IGNORED);
	/* A full table takes what can be joined. */
	ck_assert_int_eq(parse_many(HTTP_RANGES_MAX, 1000, ",1-1", &ranges),
	    HTTP_RANGE_SATISFIABLE);
	ck_assert_uint_eq(ranges.n, HTTP_RANGES_MAX);
	ck_assert_uint_eq(ranges.at[0].length, 2);
	ck_assert_int_eq(parse_many(HTTP_RANGES_MAX, 1000, ",0-", &ranges),
	    HTTP_RANGE_SATISFIABLE);
	ck_assert_uint_eq(ranges.n, 1);
	ck_assert_int_eq(
	    parse_many(5000, 10, "", &ranges), HTTP_RANGE_SATISFIABLE);
	ck_assert_uint_eq(ranges.n, 1);
	ck_assert_uint_eq(ranges.at[0].length, 49991);
}
END_TEST

static Suite *
range_suite(void)
{
	Suite *suite = suite_create("range");
	TCase *tc = tcase_create("range");

	tcase_add_loop_test(tc, field_comes_to, 0, CASES(fields));
	tcase_add_test(tc, limit);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(range_suite());
}
