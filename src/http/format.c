#include "http/format.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX 200 /* bytes of a head without its values: 163 at most */

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
	STATUS(201, "Created"),
	STATUS(202, "Accepted"),
	STATUS(204, "No Content"),
	STATUS(206, "Partial Content"),
	STATUS(301, "Moved Permanently"),
	STATUS(304, "Not Modified"),
	STATUS(308, "Permanent Redirect"),
	STATUS(400, "Bad Request"),
	STATUS(403, "Forbidden"),
	STATUS(404, "Not Found"),
	STATUS(405, "Method Not Allowed"),
	STATUS(408, "Request Timeout"),
	STATUS(409, "Conflict"),
	STATUS(412, "Precondition Failed"),
	STATUS(413, "Content Too Large"),
	STATUS(414, "URI Too Long"),
	STATUS(415, "Unsupported Media Type"),
	STATUS(416, "Range Not Satisfiable"),
	STATUS(417, "Expectation Failed"),
	STATUS(421, "Misdirected Request"),
	STATUS(422, "Unprocessable Content"),
	STATUS(429, "Too Many Requests"),
	STATUS(431, "Request Header Fields Too Large"),
	STATUS(500, "Internal Server Error"),
	STATUS(501, "Not Implemented"),
	STATUS(503, "Service Unavailable"),
	STATUS(504, "Gateway Timeout"),
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

/* Where in the buffer's room the next bytes of a head go. */
static char *
put(char *at, struct str s)
{
	if (s.len > 0)
		memcpy(at, s.p, s.len);
	return at + s.len;
}

static char *
put_field(char *at, struct str name, struct str value)
{
	if (value.len == 0)
		return at;
	at = put(put(at, name), value);
	return put(at, STR("\r\n"));
}

static char *
put_number(char *at, uint64_t value)
{
	char digits[U64_DIGITS_MAX];

	return put(at, str_of_u64(value, digits));
}

static char *
put_status_line(char *at, int code)
{
	const struct status *status = status_find(code);

	if (status != NULL)
		return put(at, status->line);
	at = put_number(put(at, STR("HTTP/1.1 ")), (unsigned)code);
	return put(at, STR(" Unknown\r\n"));
}

/* Every answer passes here, so room is made once and for all of the head. */
void
http_head_write(struct buf *b, const struct http_head *head)
{
	size_t most = head->date.len + head->type.len +
	    head->content_range.len + head->fields.len + head->common.len +
	    head->connection.len + NAMES_MAX;
	char *start = buf_reserve(b, most), *at = start;

	if (start == NULL)
		return;
	at = put_status_line(at, head->status);
	at = put_field(at, STR("Date: "), head->date);
	at = put_field(at, STR("Content-Type: "), head->type);
	if (!http_has_no_content(head->status) && !head->until_close) {
		at = put(at, STR("Content-Length: "));
		at = put_number(at, head->content_length);
		at = put(at, STR("\r\n"));
	}
	at = put_field(at, STR("Content-Range: "), head->content_range);
	if (head->accepts_ranges)
		at = put(at, STR("Accept-Ranges: bytes\r\n"));
	at = put(put(at, head->fields), head->common);
	at = put_field(at, STR("Connection: "), head->connection);
	at = put(at, STR("\r\n"));
	buf_commit(b, (size_t)(at - start));
}
