#include "http/format.h"

#include <stdio.h>

#define STATUS(code, phrase) \
	{ \
		code, STR(phrase), STR("HTTP/1.1 " #code " " phrase "\r\n") \
	}

static const struct status {
	int code;
	struct str reason;
	struct str line;
} statuses[] = {
	STATUS(200, "OK"),
	STATUS(204, "No Content"),
	STATUS(301, "Moved Permanently"),
	STATUS(304, "Not Modified"),
	STATUS(308, "Permanent Redirect"),
	STATUS(400, "Bad Request"),
	STATUS(403, "Forbidden"),
	STATUS(404, "Not Found"),
	STATUS(405, "Method Not Allowed"),
	STATUS(408, "Request Timeout"),
	STATUS(413, "Content Too Large"),
	STATUS(414, "URI Too Long"),
	STATUS(417, "Expectation Failed"),
	STATUS(431, "Request Header Fields Too Large"),
	STATUS(500, "Internal Server Error"),
	STATUS(501, "Not Implemented"),
	STATUS(503, "Service Unavailable"),
	STATUS(505, "HTTP Version Not Supported"),
};

static const struct status *
status_find(int code)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (statuses[i].code == code)
			return &statuses[i];
	}
	return NULL;
}

/*
 * The civil date of a day counted from 1970-01-01.  Years are counted from
 * March here, so that a leap day is a year's last day.
 */
static void
civil_date(int64_t days, int *year, int *month, int *day)
{
	int64_t shifted = days + 719468; /* from 0000-03-01 */
	int64_t era = shifted / 146097;  /* 400 years */
	int64_t doe = shifted % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t m = (5 * doy + 2) / 153; /* 0 is March */

	*day = (int)(doy - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

void
http_date_format(int64_t seconds, char *out)
{
	static const char weekdays[][4] = { "Thu", "Fri", "Sat", "Sun", "Mon",
		"Tue", "Wed" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int year, month, day;
	int64_t days, rest;

	if (seconds < 0)
		seconds = 0;
	days = seconds / 86400;
	rest = seconds % 86400;
	civil_date(days, &year, &month, &day);
	snprintf(out, HTTP_DATE_LEN + 1, "%s, %02d %s %04d %02d:%02d:%02d GMT",
	    weekdays[days % 7], day, months[month - 1], year % 10000,
	    (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
}

struct str
http_reason(int code)
{
	const struct status *status = status_find(code);

	return status != NULL ? status->reason : STR("Unknown");
}

bool
http_has_no_content(int status)
{
	return status < 200 || status == 204 || status == 304;
}

void
http_status_page(struct buf *b, int status)
{
	struct str reason = http_reason(status);

	buf_addf(b,
	    "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
	    "<title>%d %.*s</title>\n<h1>%d %.*s</h1>\n",
	    status, (int)reason.len, reason.p, status, (int)reason.len,
	    reason.p);
}

static void
write_status_line(struct buf *b, int code)
{
	const struct status *status = status_find(code);

	if (status != NULL)
		buf_add_str(b, status->line);
	else
		buf_addf(b, "HTTP/1.1 %03d Unknown\r\n", code);
}

static void
write_field(struct buf *b, struct str name, struct str value)
{
	if (value.len == 0)
		return;
	buf_add_str(b, name);
	buf_add_str(b, value);
	buf_add_str(b, STR("\r\n"));
}

void
http_head_write(struct buf *b, const struct http_head *head)
{
	write_status_line(b, head->status);
	write_field(b, STR("Date: "), head->date);
	write_field(b, STR("Content-Type: "), head->type);
	if (!http_has_no_content(head->status)) {
		buf_add_str(b, STR("Content-Length: "));
		buf_add_u64(b, head->content_length);
		buf_add_str(b, STR("\r\n"));
	}
	buf_add_str(b, head->fields);
	write_field(b, STR("Connection: "), head->connection);
	buf_add_str(b, STR("\r\n"));
}
