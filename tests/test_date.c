#include "http/date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/feed.h"
#include "tests/run.h"

#define DAY       INT64_C(86400)
#define EXAMPLE   INT64_C(784111777)    /* the RFC's own: 1994-11-06 08:49:37 */
#define NOW       INT64_C(1732320000)   /* 2024-11-23 00:00:00 */
#define LAST_YEAR INT64_C(253402300799) /* 9999-12-31 23:59:59 */

static const int64_t instants[] = { 0, 1, 59, 3599, 3600, DAY - 1, DAY, EXAMPLE,
	951782399, 951782400, 951868799, 951868800, 1709164800, 1709251200,
	4107542399, 4107542400, 2147483647, 2147483648, LAST_YEAR - DAY,
	LAST_YEAR };

enum format {
	IMF_FIXDATE,
	RFC_850,
	ASCTIME
};

/* As the C library prints it, whose calendar is not ours. */
static void
print(int64_t seconds, enum format format, char *out, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	size_t n;

	gmtime_r(&t, &tm);
	switch (format) {
	case IMF_FIXDATE:
		strftime(out, size, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		break;
	case RFC_850:
		n = strftime(out, size, "%A, %d-%b-", &tm);
		snprintf(out + n, size - n, "%02d %02d:%02d:%02d GMT",
		    tm.tm_year % 100, tm.tm_hour, tm.tm_min, tm.tm_sec);
		break;
	case ASCTIME:
		strftime(out, size, "%a %b %e %H:%M:%S %Y", &tm);
		break;
	}
}

static void
check_instant(int64_t seconds)
{
	char expected[HTTP_DATE_LEN + 1], out[HTTP_DATE_LEN + 1];
	int64_t again = -1;

	print(seconds, IMF_FIXDATE, expected, sizeof(expected));
	http_date_format(seconds, out);
	/* Check's own assertions cost too much for so many. */
	if (strcmp(out, expected) != 0 ||
	    http_date_parse(str_of(out), NOW, &again) == -1 || again != seconds)
		ck_abort_msg("%s: %s, %lld", expected, out, (long long)again);
}

START_TEST(there_and_back)
{
	for (int i = 0; i < CASES(instants); i++)
		check_instant(instants[i]);
	/* Each day of four centuries, and thinly the rest. */
	for (int64_t day = 0; day < 146097 + 1; day++)
		check_instant(day * DAY + day % DAY);
	for (int64_t t = 0; t <= LAST_YEAR; t += 7777777)
		check_instant(t);
}
END_TEST

START_TEST(format_example)
{
	char out[HTTP_DATE_LEN + 1];

	http_date_format(EXAMPLE, out);
	ck_assert_str_eq(out, "Sun, 06 Nov 1994 08:49:37 GMT");
}
END_TEST

static const struct {
	int64_t seconds;
	const char *date;
} beyond[] = {
	{ -1, "Thu, 01 Jan 1970 00:00:00 GMT" },
	{ INT64_MIN, "Thu, 01 Jan 1970 00:00:00 GMT" },
	{ LAST_YEAR + 1, "Fri, 31 Dec 9999 23:59:59 GMT" },
	{ INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT" },
};

/* A file's time may be anything. */
START_TEST(format_beyond)
{
	char out[HTTP_DATE_LEN + 1];

	http_date_format(beyond[_i].seconds, out);
	ck_assert_str_eq(out, beyond[_i].date);
}
END_TEST

#define NONE INT64_MIN

static const struct {
	const char *rfc;
	struct str date;
	int64_t seconds; /* or NONE */
} dates[] = {
	{ "9110, 5.6.7: IMF-fixdate", STR("Sun, 06 Nov 1994 08:49:37 GMT"),
	    EXAMPLE },
	{ "9110, 5.6.7: RFC 850", STR("Sunday, 06-Nov-94 08:49:37 GMT"),
	    EXAMPLE },
	{ "9110, 5.6.7: asctime", STR("Sun Nov  6 08:49:37 1994"), EXAMPLE },
	{ "9110, 5.6.7: asctime, 2DIGIT", STR("Sun Nov 06 08:49:37 1994"),
	    EXAMPLE },
	{ "9110, 5.6.7: asctime, 2DIGIT", STR("Wed Nov 16 08:49:37 1994"),
	    EXAMPLE + 10 * DAY },
	{ "9110, 5.6.7: the day's name is not compared",
	    STR("Mon, 06 Nov 1994 08:49:37 GMT"), EXAMPLE },
	{ "5322, 3.3: leap second", STR("Sat, 31 Dec 2016 23:59:60 GMT"),
	    1483228800 },
	{ "9110, 5.6.7: before 1970", STR("Wed, 31 Dec 1969 23:59:59 GMT"),
	    -1 },
	{ "9110, 5.6.7: first", STR("Sat, 01 Jan 0000 00:00:00 GMT"),
	    -62167219200 },
	{ "9110, 5.6.7: last", STR("Fri, 31 Dec 9999 23:59:59 GMT"),
	    LAST_YEAR },
	{ "9110, 5.6.7: 29 February", STR("Tue, 29 Feb 2000 00:00:00 GMT"),
	    951782400 },
	{ "9110, 5.6.7: no 29 February", STR("Sun, 29 Feb 2100 00:00:00 GMT"),
	    NONE },
	{ "9110, 5.6.7: no 29 February", STR("Sun, 29 Feb 2023 00:00:00 GMT"),
	    NONE },
	{ "9110, 5.6.7: no 30 February", STR("Sun, 30 Feb 2024 00:00:00 GMT"),
	    NONE },
	{ "9110, 5.6.7: no 31 April", STR("Sun, 31 Apr 2024 00:00:00 GMT"),
	    NONE },
	{ "9110, 5.6.7: day 0", STR("Sun, 00 Nov 1994 08:49:37 GMT"), NONE },
	{ "9110, 5.6.7: day 32", STR("Sun, 32 Dec 1994 08:49:37 GMT"), NONE },
	{ "9110, 5.6.7: hour 24", STR("Sun, 06 Nov 1994 24:00:00 GMT"), NONE },
	{ "9110, 5.6.7: minute 60", STR("Sun, 06 Nov 1994 08:60:37 GMT"),
	    NONE },
	{ "9110, 5.6.7: second 61", STR("Sun, 06 Nov 1994 08:49:61 GMT"),
	    NONE },
	{ "9110, 5.6.7: case counts", STR("sun, 06 Nov 1994 08:49:37 GMT"),
	    NONE },
	{ "9110, 5.6.7: case counts", STR("Sun, 06 NOV 1994 08:49:37 GMT"),
	    NONE },
	{ "9110, 5.6.7: case counts", STR("Sun, 06 Nov 1994 08:49:37 gmt"),
	    NONE },
	{ "9110, 5.6.7: GMT alone", STR("Sun, 06 Nov 1994 08:49:37 UTC"),
	    NONE },
	{ "9110, 5.6.7: no zone", STR("Sun, 06 Nov 1994 08:49:37"), NONE },
	{ "9110, 5.6.7: offset", STR("Sun, 06 Nov 1994 08:49:37 +0000"), NONE },
	{ "9110, 5.6.7: one digit", STR("Sun, 6 Nov 1994 08:49:37 GMT"), NONE },
	{ "9110, 5.6.7: space for a digit",
	    STR("Sun,  6 Nov 1994 08:49:37 GMT"), NONE },
	{ "9110, 5.6.7: sign", STR("Sun, +6 Nov 1994 08:49:37 GMT"), NONE },
	{ "9110, 5.6.7: two spaces", STR("Sun,  06 Nov 1994 08:49:37 GMT"),
	    NONE },
	{ "9110, 5.6.7: text behind", STR("Sun, 06 Nov 1994 08:49:37 GMT;"),
	    NONE },
	{ "9110, 5.6.7: space before", STR(" Sun, 06 Nov 1994 08:49:37 GMT"),
	    NONE },
	{ "9110, 5.6.7: no such day", STR("Sol, 06 Nov 1994 08:49:37 GMT"),
	    NONE },
	{ "9110, 5.6.7: no such month", STR("Sun, 06 Nob 1994 08:49:37 GMT"),
	    NONE },
	{ "9110, 5.6.7: long day name", STR("Sunday, 06 Nov 1994 08:49:37 GMT"),
	    NONE },
	{ "9110, 5.6.7: short day name", STR("Sun, 06-Nov-94 08:49:37 GMT"),
	    NONE },
	{ "9110, 5.6.7: RFC 850 with four digits",
	    STR("Sunday, 06-Nov-1994 08:49:37 GMT"), NONE },
	{ "9110, 5.6.7: asctime with a zone",
	    STR("Sun Nov  6 08:49:37 1994 GMT"), NONE },
	{ "9110, 5.6.7: asctime with one digit", STR("Sun Nov 6 08:49:37 1994"),
	    NONE },
	{ "9110, 5.6.7: a number", STR("784111777"), NONE },
	{ "9110, 5.6.7: NUL", STR("Sun, 06 Nov 1994 08:49:37\0GMT"), NONE },
	{ "9110, 5.6.7: empty", STR(""), NONE },
};

START_TEST(parse)
{
	struct guard *guard = guard_new(100);
	struct str date = dates[_i].date;
	int64_t out = NONE;
	int rc;

	date.p = guard_copy(guard, date.p, date.len);
	rc = http_date_parse(date, NOW, &out);
	ck_assert_msg(out == dates[_i].seconds && rc == (out == NONE ? -1 : 0),
	    "RFC %s: %lld", dates[_i].rfc, (long long)out);
	guard_free(guard);
}
END_TEST

/* Each date, cut anywhere, is none. */
START_TEST(parse_cut)
{
	struct guard *guard = guard_new(100);
	int64_t out;

	for (size_t len = 0; len < dates[_i].date.len; len++) {
		struct str cut = { guard_copy(guard, dates[_i].date.p, len),
			len };

		if (dates[_i].seconds != NONE)
			ck_assert_int_eq(http_date_parse(cut, NOW, &out), -1);
	}
	guard_free(guard);
}
END_TEST

/* RFC 9110, 5.6.7: over 50 years from now is in the past. */
static const struct {
	const char *now, *date, *expected;
} centuries[] = {
	{ "Sat, 23 Nov 2024 00:00:00 GMT", "Friday, 23-Nov-74 00:00:00 GMT",
	    "Fri, 23 Nov 2074 00:00:00 GMT" },
	{ "Sat, 23 Nov 2024 00:00:00 GMT", "Saturday, 23-Nov-74 00:00:01 GMT",
	    "Sat, 23 Nov 1974 00:00:01 GMT" },
	{ "Sat, 23 Nov 2024 00:00:00 GMT", "Monday, 31-Dec-73 23:59:59 GMT",
	    "Sun, 31 Dec 2073 23:59:59 GMT" },
	{ "Sat, 23 Nov 2024 00:00:00 GMT", "Wednesday, 01-Jan-75 00:00:00 GMT",
	    "Wed, 01 Jan 1975 00:00:00 GMT" },
	{ "Sat, 23 Nov 2024 00:00:00 GMT", "Saturday, 01-Jan-00 00:00:00 GMT",
	    "Sat, 01 Jan 2000 00:00:00 GMT" },
	{ "Sat, 23 Nov 2024 00:00:00 GMT", "Thursday, 31-Dec-99 23:59:59 GMT",
	    "Fri, 31 Dec 1999 23:59:59 GMT" },
	{ "Fri, 01 Jan 1999 00:00:00 GMT", "Saturday, 01-Jan-00 00:00:00 GMT",
	    "Sat, 01 Jan 2000 00:00:00 GMT" },
	{ "Fri, 01 Jan 2060 00:00:00 GMT", "Wednesday, 01-Jan-10 00:00:00 GMT",
	    "Wed, 01 Jan 2110 00:00:00 GMT" },
	{ "Fri, 01 Jan 2060 00:00:00 GMT", "Friday, 02-Jan-10 00:00:00 GMT",
	    "Sat, 02 Jan 2010 00:00:00 GMT" },
	{ "Sat, 23 Nov 2024 00:00:00 GMT", "Tuesday, 29-Feb-00 00:00:00 GMT",
	    "Tue, 29 Feb 2000 00:00:00 GMT" },
};

START_TEST(century)
{
	char out[HTTP_DATE_LEN + 1];
	int64_t now, seconds;

	ck_assert_int_eq(
	    http_date_parse(str_of(centuries[_i].now), 0, &now), 0);
	ck_assert_int_eq(
	    http_date_parse(str_of(centuries[_i].date), now, &seconds), 0);
	http_date_format(seconds, out);
	ck_assert_str_eq(out, centuries[_i].expected);
}
END_TEST

/* The two obsolete formats, five years later: by then 1970 is no 2070. */
START_TEST(obsolete_formats)
{
	char text[64];
	int64_t out;

	for (int64_t t = 0; t < 2 * NOW; t += 777777) {
		for (enum format f = RFC_850; f <= ASCTIME; f++) {
			print(t, f, text, sizeof(text));
			out = -1;
			http_date_parse(str_of(text), t + 5 * 365 * DAY, &out);
			if (out != t)
				ck_abort_msg("%s: %lld", text, (long long)out);
		}
	}
}
END_TEST

static Suite *
date_suite(void)
{
	Suite *suite = suite_create("date");
	TCase *tc = tcase_create("date");

	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, format_example);
	tcase_add_loop_test(tc, format_beyond, 0, CASES(beyond));
	tcase_add_loop_test(tc, parse, 0, CASES(dates));
	tcase_add_loop_test(tc, parse_cut, 0, CASES(dates));
	tcase_add_loop_test(tc, century, 0, CASES(centuries));
	tcase_add_test(tc, obsolete_formats);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(date_suite());
}
