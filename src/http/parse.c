#include "http/parse.h"

#include <string.h>

#include "http/url.h"

/* What each byte may be part of. */
enum {
	TOKEN = 1,  /* tchar (RFC 9110, 5.6.2) */
	TARGET = 2, /* a request target: VCHAR but '#', and obs-text */
	VALUE = 4   /* a field value: VCHAR, SP, HTAB, obs-text (5.5) */
};

#define T (TOKEN | TARGET | VALUE)
#define G (TARGET | VALUE)
#define V VALUE

static const unsigned char char_class[256] = { ['\t'] = V,
	[' '] = V,
	['!'] = T,
	['"'] = G,
	['#'] = T & ~TARGET,
	['$'] = T,
	['%'] = T,
	['&'] = T,
	['\''] = T,
	['('] = G,
	[')'] = G,
	['*'] = T,
	['+'] = T,
	[','] = G,
	['-'] = T,
	['.'] = T,
	['/'] = G,
	['0' ... '9'] = T,
	[':'] = G,
	[';'] = G,
	['<'] = G,
	['='] = G,
	['>'] = G,
	['?'] = G,
	['@'] = G,
	['A' ... 'Z'] = T,
	['['] = G,
	['\\'] = G,
	[']'] = G,
	['^'] = T,
	['_'] = T,
	['`'] = T,
	['a' ... 'z'] = T,
	['{'] = G,
	['|'] = T,
	['}'] = G,
	['~'] = T,
	[0x80 ... 0xff] = G };

#undef T
#undef G
#undef V

static const struct {
	struct str name;
	enum http_method method;
} methods[] = {
	{ STR("GET"), HTTP_GET },
	{ STR("HEAD"), HTTP_HEAD },
	{ STR("OPTIONS"), HTTP_OPTIONS },
	{ STR("POST"), HTTP_POST },
	{ STR("PUT"), HTTP_PUT },
	{ STR("DELETE"), HTTP_DELETE },
	{ STR("PATCH"), HTTP_PATCH },
	{ STR("TRACE"), HTTP_TRACE },
	{ STR("CONNECT"), HTTP_CONNECT },
};

/* What the fields said so far that concerns the message itself. */
struct seen {
	unsigned hosts;
	unsigned content_lengths;
	unsigned transfer_encodings;
	bool close;
	bool keep_alive;
};

static bool
all_are(struct str s, unsigned char class)
{
	unsigned char common = class;

	for (size_t i = 0; i < s.len; i++)
		common &= char_class[(unsigned char)s.p[i]];
	return common != 0;
}

bool
http_is_token_char(char c)
{
	return (char_class[(unsigned char)c] & TOKEN) != 0;
}

/*
 * Cuts one line, without its end, off *rest.  Lines end in CRLF; a bare LF
 * is accepted (RFC 9112, 2.2), because people type requests by hand.
 */
static bool
next_line(struct str *rest, struct str *line, bool *bare_lf)
{
	const char *lf = memchr(rest->p, '\n', rest->len);

	if (lf == NULL)
		return false;
	*line = (struct str){ rest->p, (size_t)(lf - rest->p) };
	rest->len -= line->len + 1;
	rest->p = lf + 1;
	if (line->len > 0 && line->p[line->len - 1] == '\r')
		line->len--;
	else
		*bare_lf = true;
	return true;
}

/* Whether an empty line ends at or after the bytes that were seen before. */
static bool
head_is_complete(const char *buf, size_t len, size_t last_len)
{
	const char *p = buf + (last_len > 3 ? last_len - 3 : 0);
	const char *end = buf + len;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		if (p < end && *p == '\n')
			return true;
		if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
			return true;
	}
	return false;
}

static int
parse_method(struct str name, struct http_request *req)
{
	if (name.len == 0 || !all_are(name, TOKEN))
		return 400;
	req->method = HTTP_OTHER;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (str_eq(name, methods[i].name)) {
			req->method = methods[i].method;
			break;
		}
	}
	return 0;
}

/* HTTP-version (RFC 9112, 2.3): a higher minor of 1 is taken as 1.1. */
static int
parse_version(struct str s, struct http_request *req)
{
	if (s.len != 8 || memcmp(s.p, "HTTP/", 5) != 0 || s.p[6] != '.' ||
	    s.p[5] < '0' || s.p[5] > '9' || s.p[7] < '0' || s.p[7] > '9')
		return 400;
	if (s.p[5] != '1')
		return 505;
	req->minor = s.p[7] != '0';
	return 0;
}

static int
parse_request_line(struct str whole, struct http_request *req)
{
	struct str line = whole, method = str_cut(&line, ' ');
	int status;

	req->line = whole;
	req->target = str_cut(&line, ' ');
	if ((status = parse_method(method, req)) != 0)
		return status;
	if (req->target.len > HTTP_TARGET_MAX)
		return 414;
	if (req->target.len == 0 || !all_are(req->target, TARGET))
		return 400;
	return parse_version(line, req);
}

static int
parse_host(struct str value, struct http_request *req, struct seen *seen)
{
	if (seen->hosts++ > 0 || !url_is_authority(value))
		return 400;
	req->authority = value;
	return 0;
}

/* RFC 9112, 6.3: one number, and no other spelling of it. */
static int
parse_content_length(
    struct str value, struct http_request *req, struct seen *seen)
{
	if (seen->content_lengths++ > 0 ||
	    str_to_u64(value, INT64_MAX, &req->content_length) == -1)
		return 400;
	req->has_content_length = true;
	return 0;
}

/*
 * RFC 9112, 6.1: chunked alone is understood.  Another coding under it is
 * 501; without chunked at the end the body's length cannot be known, 400.
 */
static int
parse_transfer_encoding(
    struct str value, struct http_request *req, struct seen *seen)
{
	bool others = false;

	if (seen->transfer_encodings++ > 0)
		return 400;
	while (value.len > 0) {
		struct str coding = str_trim(str_cut(&value, ','));

		if (req->chunked)
			return 400;
		if (str_eq_nocase(coding, STR("chunked")))
			req->chunked = true;
		else
			others = true;
	}
	if (!req->chunked)
		return 400;
	return others ? 501 : 0;
}

static int
parse_connection(struct str value, struct seen *seen)
{
	while (value.len > 0) {
		struct str option = str_trim(str_cut(&value, ','));

		if (str_eq_nocase(option, STR("close")))
			seen->close = true;
		else if (str_eq_nocase(option, STR("keep-alive")))
			seen->keep_alive = true;
	}
	return 0;
}

static int
parse_expect(struct str value, struct http_request *req)
{
	if (req->minor == 0)
		return 0;
	if (!str_eq_nocase(value, STR("100-continue")))
		return 417;
	req->expect_continue = true;
	return 0;
}

static void
note(const struct http_field *f, struct str name, enum http_noted bit,
    struct http_request *req)
{
	if (str_eq_nocase(f->name, name))
		req->noted |= bit;
}

/*
 * The fields that concern the message itself, and those that are to be found
 * without a search; the length tells most apart.
 */
static int
note_field(
    const struct http_field *f, struct http_request *req, struct seen *seen)
{
	switch (f->name.len) {
	case sizeof("Host") - 1:
		if (str_eq_nocase(f->name, STR("Host")))
			return parse_host(f->value, req, seen);
		break;
	case sizeof("Range") - 1:
		note(f, STR("Range"), HTTP_NOTED_RANGE, req);
		break;
	case sizeof("Expect") - 1:
		if (str_eq_nocase(f->name, STR("Expect")))
			return parse_expect(f->value, req);
		break;
	case sizeof("If-Match") - 1:
		note(f, STR("If-Match"), HTTP_NOTED_CONDITION, req);
		break;
	case sizeof("Connection") - 1:
		if (str_eq_nocase(f->name, STR("Connection")))
			return parse_connection(f->value, seen);
		break;
	case sizeof("If-None-Match") - 1:
		note(f, STR("If-None-Match"), HTTP_NOTED_CONDITION, req);
		break;
	case sizeof("Content-Length") - 1:
		if (str_eq_nocase(f->name, STR("Content-Length")))
			return parse_content_length(f->value, req, seen);
		break;
	case sizeof("Accept-Encoding") - 1:
		note(
		    f, STR("Accept-Encoding"), HTTP_NOTED_ACCEPT_ENCODING, req);
		break;
	case sizeof("Transfer-Encoding") - 1: /* and of If-Modified-Since */
		if (str_eq_nocase(f->name, STR("Transfer-Encoding")))
			return parse_transfer_encoding(f->value, req, seen);
		note(f, STR("If-Modified-Since"), HTTP_NOTED_CONDITION, req);
		break;
	case sizeof("If-Unmodified-Since") - 1:
		note(f, STR("If-Unmodified-Since"), HTTP_NOTED_CONDITION, req);
		break;
	}
	return 0;
}

/*
 * field-line (RFC 9112, 5).  White space before the colon and a folded line
 * both fail here: neither is a token.
 */
static int
parse_field(struct str line, struct http_request *req, struct seen *seen)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct http_field *f;

	if (colon == NULL)
		return 400;
	if (req->nfields == HTTP_FIELDS_MAX)
		return 431;
	f = &req->fields[req->nfields++];
	f->name = (struct str){ line.p, (size_t)(colon - line.p) };
	f->value = (struct str){ colon + 1, line.len - f->name.len - 1 };
	if (f->name.len == 0 || !all_are(f->name, TOKEN) ||
	    !all_are(f->value, VALUE))
		return 400;
	f->value = str_trim(f->value);
	return note_field(f, req, seen);
}

/* What can be judged only when all fields are known. */
static int
check_message(struct http_request *req, const struct seen *seen)
{
	struct str host = req->authority;

	if (seen->hosts == 0 && req->minor > 0)
		return 400;
	if (seen->transfer_encodings > 0 &&
	    (req->minor == 0 || seen->content_lengths > 0))
		return 400;
	if (url_split_target(req->target, req->method == HTTP_CONNECT,
		&req->authority, &req->path, &req->query) == -1)
		return 400;
	if (req->authority.len == 0)
		req->authority = host;
	if (req->path.len == 1 && req->path.p[0] == '*' &&
	    req->method != HTTP_OPTIONS)
		return 400;
	req->keep_alive = !seen->close && !req->bare_lf &&
	    (req->minor > 0 || seen->keep_alive);
	return req->method == HTTP_OTHER ? 501 : 0;
}

/* A status to refuse with, 0 when the head is whole, or -1 for more. */
static int
parse_head(struct str *rest, struct http_request *req)
{
	struct seen seen = { 0 };
	struct str line;
	int status;

	if (!next_line(rest, &line, &req->bare_lf))
		return -1;
	/* RFC 9112, 2.2: one empty line before the request line is skipped. */
	if (line.len == 0 && !next_line(rest, &line, &req->bare_lf))
		return -1;
	if ((status = parse_request_line(line, req)) != 0)
		return status;
	while (next_line(rest, &line, &req->bare_lf)) {
		if (line.len == 0)
			return check_message(req, &seen);
		if ((status = parse_field(line, req, &seen)) != 0)
			return status;
	}
	return -1;
}

/* A head that is not whole: more may come, unless it is too long already. */
static int
check_unfinished(struct str buf)
{
	const char *lf = memchr(buf.p, '\n', buf.len);

	/* Method and version need little beside the target. */
	if (lf == NULL)
		return buf.len > HTTP_TARGET_MAX + 64 ? 414 : 0;
	return buf.len > HTTP_HEAD_MAX ? 431 : 0;
}

ssize_t
http_parse_request(const char *buf, size_t len, size_t last_len,
    struct http_request *req, int *status)
{
	struct str rest = { buf, len };
	size_t used;

	*status = -1;
	if (len > 0 &&
	    (last_len == 0 || head_is_complete(buf, len, last_len))) {
		req->nfields = 0;
		req->noted = 0;
		req->content_length = 0;
		req->authority = (struct str){ NULL, 0 };
		req->has_content_length = req->chunked = false;
		req->expect_continue = req->bare_lf = false;
		*status = parse_head(&rest, req);
	}
	used = (size_t)(rest.p - buf);
	if (*status == 0 && used > HTTP_HEAD_MAX)
		*status = 431;
	if (*status == -1)
		*status =
		    len > 0 ? check_unfinished((struct str){ buf, len }) : 0;
	else if (*status == 0)
		return (ssize_t)used;
	return *status == 0 ? 0 : -1;
}

const struct http_field *
http_field_find(const struct http_request *req, struct str name)
{
	for (size_t i = 0; i < req->nfields; i++) {
		if (str_eq_nocase(req->fields[i].name, name))
			return &req->fields[i];
	}
	return NULL;
}
