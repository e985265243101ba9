#include "http/date.h"

#include <stdbool.h>
#include <string.h>

#define MINUTE      INT64_C(60)
#define HOUR        (60 * MINUTE)
#define DAY         (24 * HOUR)
#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31 23:59:59 */

#define SHORT 3 /* letters of a short name */

/* From the day of 1970-01-01 on. */
static const struct str weekdays[] = { STR("Thursday"), STR("Friday"),
	STR("Saturday"), STR("Sunday"), STR("Monday"), STR("Tuesday"),
	STR("Wednesday") };

static const struct str months[] = { STR("Jan"), STR("Feb"), STR("Mar"),
	STR("Apr"), STR("May"), STR("Jun"), STR("Jul"), STR("Aug"), STR("Sep"),
	STR("Oct"), STR("Nov"), STR("Dec") };

/* The formats of 5.6.7 in the letters of strptime(3), which asks the locale
 * and would take more than these. */
static const char *const formats[] = {
	"%a, %d %b %Y %H:%M:%S GMT", /* IMF-fixdate */
	"%A, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
	"%a %b %e %H:%M:%S %Y",      /* asctime */
};

struct date {
	int year, month, day; /* month: 0 to 11 */
	int hour, minute, second;
	int weekday; /* index of its name */
	bool has_short_year;
};

/*
 * The civil date of a day counted from 1970-01-01.  Years are counted from
 * March here, so that a leap day is a year's last day.
 */
static void
date_of_days(int64_t days, struct date *d)
{
	int64_t shifted = days + 719468; /* from 0000-03-01 */
	int64_t era = shifted / 146097;  /* 400 years */
	int64_t doe = shifted % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t m = (5 * doy + 2) / 153; /* 0 is March */

	d->day = (int)(doy - (153 * m + 2) / 5 + 1);
	d->month = (int)((m + 2) % 12);
	d->year = (int)(yoe + era * 400 + (d->month < 2));
}

/* The other way round, for the years 0 to 9999. */
static int64_t
days_of_date(int year, int month, int day)
{
	int64_t y = (int64_t)year + 400 - (month < 2); /* never negative */
	int64_t m = (month + 10) % 12;                 /* 0 is March */
	int64_t doy = (153 * m + 2) / 5 + day - 1;

	return 365 * y + y / 4 - y / 100 + y / 400 + doy - 719468 - 146097;
}

static int64_t
seconds_of_date(const struct date *d, int year)
{
	return days_of_date(year, d->month, d->day) * DAY + d->hour * HOUR +
	    d->minute * MINUTE + d->second;
}

static void
put_number(char *at, int64_t value, size_t digits)
{
	for (; digits > 0; value /= 10)
		at[--digits] = (char)('0' + value % 10);
}

void
http_date_format(int64_t seconds, char *out)
{
	struct date d;
	int64_t rest;

	if (seconds < 0)
		seconds = 0;
	if (seconds > LAST_SECOND)
		seconds = LAST_SECOND;
	date_of_days(seconds / DAY, &d);
	rest = seconds % DAY;
	memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", HTTP_DATE_LEN + 1);
	memcpy(out, weekdays[seconds / DAY % 7].p, SHORT);
	put_number(out + 5, d.day, 2);
	memcpy(out + 8, months[d.month].p, SHORT);
	put_number(out + 12, d.year, 4);
	put_number(out + 17, rest / HOUR, 2);
	put_number(out + 20, rest / MINUTE % 60, 2);
	put_number(out + 23, rest % 60, 2);
}

static bool
take(struct str *s, struct str expected)
{
	if (s->len < expected.len ||
	    !str_eq((struct str){ s->p, expected.len }, expected))
		return false;
	s->p += expected.len;
	s->len -= expected.len;
	return true;
}

/* One of the names, or of their first letters; case counts (5.6.7). */
static bool
take_name(struct str *s, const struct str *names, int n, size_t max, int *out)
{
	for (*out = 0; *out < n; ++*out) {
		struct str name = names[*out];

		if (name.len > max)
			name.len = max;
		if (take(s, name))
			return true;
	}
	return false;
}

static bool
take_number(struct str *s, size_t digits, int *out)
{
	uint64_t value;

	if (s->len < digits ||
	    str_to_u64((struct str){ s->p, digits }, 9999, &value) == -1)
		return false;
	*out = (int)value;
	s->p += digits;
	s->len -= digits;
	return true;
}

static bool
take_item(struct str *s, char item, struct date *d)
{
	switch (item) {
	case 'a':
		return take_name(s, weekdays, 7, SHORT, &d->weekday);
	case 'A':
		return take_name(s, weekdays, 7, SIZE_MAX, &d->weekday);
	case 'b':
		return take_name(s, months, 12, SHORT, &d->month);
	case 'd':
		return take_number(s, 2, &d->day);
	case 'e':
		return take_number(s, take(s, STR(" ")) ? 1 : 2, &d->day);
	case 'H':
		return take_number(s, 2, &d->hour);
	case 'M':
		return take_number(s, 2, &d->minute);
	case 'S':
		return take_number(s, 2, &d->second);
	case 'y':
		d->has_short_year = true;
		return take_number(s, 2, &d->year);
	default:
		return take_number(s, 4, &d->year);
	}
}

/* Whether all of s is in this format. */
static bool
take_date(struct str s, const char *format, struct date *d)
{
	d->has_short_year = false;
	for (; *format != '\0'; format++) {
		if (*format == '%') {
			if (!take_item(&s, *++format, d))
				return false;
		} else if (!take(&s, (struct str){ format, 1 })) {
			return false;
		}
	}
	return s.len == 0;
}

/* The last year with these two digits that is not over 50 years from now. */
static int
full_year(const struct date *d, int64_t now)
{
	struct date today;
	int latest, year;

	date_of_days(now / DAY, &today);
	latest = today.year + 50;
	year = latest - (latest - d->year) % 100;
	return seconds_of_date(d, year - 50) > now ? year - 100 : year;
}

static bool
is_possible(const struct date *d)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	bool leap =
	    d->year % 4 == 0 && (d->year % 100 != 0 || d->year % 400 == 0);
	int length = lengths[d->month] + (d->month == 1 && leap);

	return d->day >= 1 && d->day <= length && d->hour <= 23 &&
	    d->minute <= 59 && d->second <= 60;
}

int
http_date_parse(struct str s, int64_t now, int64_t *out)
{
	struct date d = { 0 };
	size_t i = 0, n = sizeof(formats) / sizeof(formats[0]);

	while (i < n && !take_date(s, formats[i], &d))
		i++;
	if (i == n)
		return -1;
	if (d.has_short_year)
		d.year = full_year(&d, now);
	if (!is_possible(&d))
		return -1;
	*out = seconds_of_date(&d, d.year);
	return 0;
}
