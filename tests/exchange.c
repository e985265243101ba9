#include "tests/exchange.h"

#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "http/parse.h"
#include "tests/daemon.h"

#define TAIL_BODY "what the tail asks for"

/* Longer ones are not sent byte by byte. */
#define BYTEWISE_MAX 1024

static const char tail[] = "GET /tail HTTP/1.1\r\nHost: tail\r\n"
			   "Connection: close\r\n\r\n";

void
exchange_root(const char *dir)
{
	temp_file(dir, "tail", TAIL_BODY, sizeof(TAIL_BODY) - 1);
}

/* Reading an answer. */

/* Cuts a line off *rest, which must end in CRLF and hold no other control. */
static struct str
cut_line(struct str *rest, const char *name)
{
	const char *end = memmem(rest->p, rest->len, "\r\n", 2);
	struct str line = { rest->p, 0 };

	ck_assert_msg(
	    end != NULL, "%s: no line: %.*s", name, (int)rest->len, rest->p);
	line.len = (size_t)(end - rest->p);
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.p[i];

		ck_assert_msg((c >= ' ' || c == '\t') && c != 0x7f,
		    "%s: byte 0x%02x in: %.*s", name, c, (int)line.len, line.p);
	}
	rest->p += line.len + 2;
	rest->len -= line.len + 2;
	return line;
}

/* status-line (RFC 9112, 4): the reason may be empty, its space may not. */
static int
read_status(struct str line, const char *name)
{
	struct str version = { line.p, 9 }, digits = { line.p + 9, 3 };
	uint64_t status = 0;

	ck_assert_msg(line.len >= 13 && str_eq(version, STR("HTTP/1.1 ")) &&
		str_to_u64(digits, 599, &status) == 0 && status >= 100 &&
		line.p[12] == ' ',
	    "%s: not a status line: %.*s", name, (int)line.len, line.p);
	return (int)status;
}

/* The next field line of a head that was checked; false at its end. */
static bool
next_field(struct str *rest, struct str *key, struct str *value)
{
	*value = str_cut(rest, '\n');
	if (value->len <= 1)
		return false;
	value->len--; /* CR */
	*key = str_cut(value, ':');
	*value = str_trim(*value);
	return true;
}

static struct str
fields_of(const struct exchange_answer *a)
{
	struct str rest = a->head;

	str_cut(&rest, '\n');
	return rest;
}

struct str
exchange_field(const struct exchange_answer *a, struct str name)
{
	struct str rest = fields_of(a), key, value;

	while (next_field(&rest, &key, &value)) {
		if (str_eq_nocase(key, name))
			return value;
	}
	return (struct str){ NULL, 0 };
}

/* field-line (RFC 9112, 5), and no name twice. */
static void
check_fields(const struct exchange_answer *a, const char *name)
{
	struct str rest = fields_of(a), key, value;

	while (next_field(&rest, &key, &value)) {
		struct str behind = rest, other;

		ck_assert_msg(
		    key.len > 0, "%s: an empty name: %s", name, a->head.p);
		for (size_t i = 0; i < key.len; i++)
			ck_assert_msg(http_is_token_char(key.p[i]),
			    "%s: not a token: %.*s", name, (int)key.len, key.p);
		while (next_field(&behind, &other, &value))
			ck_assert_msg(!str_eq_nocase(key, other),
			    "%s: %.*s twice", name, (int)key.len, key.p);
	}
}

/* Which content follows the head (RFC 9112, 6.3; RFC 9110, 8.6). */
static uint64_t
body_length(const struct exchange_answer *a, bool bodiless, const char *name)
{
	struct str length = exchange_field(a, STR("Content-Length"));
	bool has_none = a->status < 200 || a->status == 204;
	uint64_t n = 0;

	ck_assert_msg(exchange_field(a, STR("Transfer-Encoding")).p == NULL,
	    "%s: Transfer-Encoding: %s", name, a->head.p);
	ck_assert_msg(!has_none || length.p == NULL,
	    "%s: Content-Length with %d", name, a->status);
	ck_assert_msg(has_none || a->status == 304 || length.p != NULL,
	    "%s: no Content-Length: %s", name, a->head.p);
	ck_assert_msg(
	    length.p == NULL || str_to_u64(length, UINT64_MAX, &n) == 0,
	    "%s: bad Content-Length: %s", name, a->head.p);
	return bodiless || a->status == 304 ? 0 : n;
}

struct exchange_answer
exchange_cut(struct str *rest, bool bodiless, const char *name)
{
	struct exchange_answer a = { .head = *rest };
	uint64_t length;

	a.status = read_status(cut_line(rest, name), name);
	while (cut_line(rest, name).len > 0)
		continue;
	a.head.len = (size_t)(rest->p - a.head.p);
	check_fields(&a, name);
	length = body_length(&a, bodiless, name);
	ck_assert_msg(rest->len >= length,
	    "%s: %zu bytes of content came, not %llu: %s", name, rest->len,
	    (unsigned long long)length, a.head.p);
	ck_assert_msg(
	    a.status < 200 || exchange_field(&a, STR("Date")).len == 29,
	    "%s: no Date: %s", name, a.head.p);
	a.body = (struct str){ rest->p, length };
	rest->p += length;
	rest->len -= length;
	return a;
}

static bool
is_head(struct str request)
{
	return request.len > 5 && memcmp(request.p, "HEAD ", 5) == 0;
}

struct exchange_answer
exchange_ask(int port, struct str request, char **data, const char *name)
{
	int fd = tcp_connect(port);
	struct exchange_answer a;
	struct str rest;

	send_all(fd, request.p, request.len);
	rest.len = read_to_end(fd, data);
	rest.p = *data;
	close(fd);
	a = exchange_cut(&rest, is_head(request), name);
	ck_assert_msg(
	    rest.len == 0, "%s: more than one answer: %s", name, a.head.p);
	return a;
}

struct exchange_answer
exchange_with(int port, const char *method, const char *target,
    const char *fields, char **data, const char *name)
{
	struct exchange_answer a;
	struct buf b = { 0 };

	buf_addf(&b, "%s %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s\r\n",
	    method, target, fields);
	a = exchange_ask(
	    port, (struct str){ buf_data(&b), buf_len(&b) }, data, name);
	buf_free(&b);
	return a;
}

void
exchange_tag(
    int port, const char *target, const char *fields, char *out, size_t cap)
{
	char *data;
	struct exchange_answer a =
	    exchange_with(port, "HEAD", target, fields, &data, target);
	struct str tag = exchange_field(&a, STR("ETag"));

	ck_assert_msg(tag.len >= 2 && tag.len < cap && tag.p[0] == '"' &&
		tag.p[tag.len - 1] == '"',
	    "%s: no strong entity tag: %s", target, a.head.p);
	snprintf(out, cap, "%.*s", (int)tag.len, tag.p);
	free(data);
}

void
exchange_fill(const char *text, const char *tag, char *out, size_t cap)
{
	static const char place[] = "{etag}";
	const char *at;
	size_t len = 0;

	while ((at = strstr(text, place)) != NULL) {
		len += (size_t)snprintf(out + len, cap - len, "%.*s%s",
		    (int)(at - text), text, tag);
		ck_assert_uint_lt(len, cap);
		text = at + sizeof(place) - 1;
	}
	len += (size_t)snprintf(out + len, cap - len, "%s", text);
	ck_assert_uint_lt(len, cap);
}

/* Judging it. */

void
exchange_check_field(
    const struct exchange_answer *a, struct str line, const char *name)
{
	bool is_absent = line.p[0] == '!';
	struct str rest = { line.p + is_absent, line.len - is_absent };
	bool has_value = memchr(rest.p, ':', rest.len) != NULL;
	struct str key = str_cut(&rest, ':');
	struct str value = exchange_field(a, key);

	ck_assert_msg((value.p == NULL) == is_absent &&
		(!has_value || str_eq(value, str_trim(rest))),
	    "%s: not '%.*s': %s", name, (int)line.len, line.p, a->head.p);
}

/* Whether the last answer is the tail's. */
static bool
is_tail(const struct exchange_answer *a)
{
	return a->status == 200 && str_eq(a->body, STR(TAIL_BODY));
}

/* What came, in the words of a result. */
struct outcome {
	char statuses[256]; /* "200 404 " */
	const char *end;
	struct exchange_answer last; /* but for the tail's */
};

static struct outcome
outcome_of(const struct exchange *e, struct str rest)
{
	struct outcome o = { .end = "ends" };
	struct exchange_answer a;
	size_t len = 0;

	while (rest.len > 0) {
		a = exchange_cut(
		    &rest, is_head(e->request) && o.last.status < 200, e->name);
		if (rest.len == 0 && is_tail(&a)) {
			o.end = "keep";
			return o;
		}
		o.last = a;
		ck_assert_uint_lt(len, sizeof(o.statuses) - 5);
		len += (size_t)sprintf(o.statuses + len, "%d ", a.status);
	}
	if (o.last.status != 0 &&
	    str_eq(exchange_field(&o.last, STR("Connection")), STR("close")))
		o.end = "close";
	return o;
}

/* x stands for any digit; what need not be announced may be. */
static bool
fits(struct str wanted, const struct outcome *o)
{
	size_t i = 0;
	struct str end;

	for (; o->statuses[i] != '\0'; i++) {
		if (i == wanted.len ||
		    (wanted.p[i] != o->statuses[i] &&
			(wanted.p[i] != 'x' || o->statuses[i] == ' ')))
			return false;
	}
	end = (struct str){ wanted.p + i, wanted.len - i };
	return str_eq(end, str_of(o->end)) || str_eq(end, STR("any")) ||
	    (str_eq(end, STR("ends")) && strcmp(o->end, "close") == 0);
}

static void
check(const struct exchange *e, const char *data, size_t len)
{
	struct outcome o = outcome_of(e, (struct str){ data, len });
	struct str rest = str_of(e->expected), line = str_cut(&rest, '\n');
	bool has_body = false;

	ck_assert_msg(fits(line, &o), "%s: '%s%s' is not '%.*s': %s", e->name,
	    o.statuses, o.end, (int)line.len, line.p, data);
	while (rest.len > 0 && !has_body) {
		line = str_cut(&rest, '\n');
		has_body = line.len == 0;
		if (!has_body)
			exchange_check_field(&o.last, line, e->name);
	}
	ck_assert_msg(!has_body || str_eq(o.last.body, rest),
	    "%s: the body is not '%s': %s", e->name, rest.p, data);
}

static void
send_bytewise(int fd, struct str s)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (size_t i = 0; i < s.len; i++)
		send_all(fd, s.p + i, 1);
}

static void
run_once(const struct exchange *e, int port, bool bytewise)
{
	int fd = tcp_connect(port);
	char *data;
	size_t len;

	if (bytewise)
		send_bytewise(fd, e->request);
	else
		send_all(fd, e->request.p, e->request.len);
	send_text(fd, tail);
	len = read_to_end(fd, &data);
	check(e, data, len);
	free(data);
	close(fd);
}

void
exchange_run(const struct exchange *e, int port)
{
	run_once(e, port, false);
	if (e->request.len <= BYTEWISE_MAX)
		run_once(e, port, true);
}
