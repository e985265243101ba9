#include "base/json.h"

#include <string.h>

#include "base/text.h"

/* What stands for itself, and is nearly all of it. */
static bool
is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '<' &&
	    c != '>' && c != '&';
}

static size_t
plain_length(struct str s)
{
	size_t len = 0;

	while (len < s.len && is_plain(s.p[len]))
		len++;
	return len;
}

/* A character that text_next() gave. */
static struct str
escape(struct str piece)
{
	switch (piece.p[0]) {
	case '"':
		return STR("\\\"");
	case '\\':
		return STR("\\\\");
	case '\t':
		return STR("\\t");
	case '<':
		return STR("\\u003c");
	case '>':
		return STR("\\u003e");
	case '&':
		return STR("\\u0026");
	default:
		return piece;
	}
}

void
json_string(struct buf *b, struct str s)
{
	buf_add_str(b, STR("\""));
	while (s.len > 0) {
		size_t plain = plain_length(s);

		buf_add(b, s.p, plain);
		s.p += plain;
		s.len -= plain;
		if (s.len > 0)
			buf_add_str(b, escape(text_next(&s)));
	}
	buf_add_str(b, STR("\""));
}

/* Reading: each function takes what it reads off *in; false when it is not
 * there. */

static void
skip_space(struct str *in)
{
	while (in->len > 0 && memchr(" \t\n\r", in->p[0], 4) != NULL) {
		in->p++;
		in->len--;
	}
}

static bool
take(struct str *in, struct str text)
{
	if (in->len < text.len || memcmp(in->p, text.p, text.len) != 0)
		return false;
	in->p += text.len;
	in->len -= text.len;
	return true;
}

/* With the white space around it. */
static bool
take_mark(struct str *in, struct str mark)
{
	bool is_there;

	skip_space(in);
	is_there = take(in, mark);
	skip_space(in);
	return is_there;
}

static bool
take_hex4(struct str *in, unsigned *code)
{
	*code = 0;
	if (in->len < 4)
		return false;
	for (size_t i = 0; i < 4; i++) {
		int digit = hex_value(in->p[i]);

		if (digit == -1)
			return false;
		*code = *code << 4 | (unsigned)digit;
	}
	in->p += 4;
	in->len -= 4;
	return true;
}

static void
add_utf8(struct buf *out, unsigned code)
{
	char bytes[4];
	size_t len = code < 0x80 ? 1
	    : code < 0x800       ? 2
	    : code < 0x10000     ? 3
				 : 4;

	for (size_t i = len; i-- > 1; code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(len == 1 ? code : (0xf00u >> len & 0xf0) | code);
	buf_add(out, bytes, len);
}

/* What follows \u: a code unit of UTF-16, or two that belong together. */
static bool
take_unicode(struct str *in, struct buf *out)
{
	struct str rest;
	unsigned high, low;

	if (!take_hex4(in, &high))
		return false;
	if (high < 0xd800 || high > 0xdfff) {
		add_utf8(out, high);
		return true;
	}
	rest = *in;
	if (high < 0xdc00 && take(&rest, STR("\\u")) &&
	    take_hex4(&rest, &low) && low >= 0xdc00 && low <= 0xdfff) {
		*in = rest;
		add_utf8(out, 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff)));
	} else {
		add_utf8(out, 0xfffd);
	}
	return true;
}

/* What follows a backslash. */
static bool
take_escape(struct str *in, struct buf *out)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (take(in, STR("u")))
		return take_unicode(in, out);
	if (in->len == 0 || (at = memchr(names, in->p[0], 8)) == NULL)
		return false;
	buf_add(out, meant + (at - names), 1);
	in->p++;
	in->len--;
	return true;
}

static bool
take_string(struct str *in, struct buf *out)
{
	if (!take(in, STR("\"")))
		return false;
	while (in->len > 0 && (unsigned char)in->p[0] >= ' ') {
		if (take(in, STR("\"")))
			return true;
		if (take(in, STR("\\"))) {
			if (!take_escape(in, out))
				return false;
			continue;
		}
		buf_add(out, in->p, 1);
		in->p++;
		in->len--;
	}
	return false;
}

static bool
take_digits(struct str *in)
{
	size_t len = in->len;

	while (in->len > 0 && in->p[0] >= '0' && in->p[0] <= '9') {
		in->p++;
		in->len--;
	}
	return in->len < len;
}

static bool
take_number(struct str *in)
{
	take(in, STR("-"));
	if (!take(in, STR("0")) && !take_digits(in))
		return false;
	if (take(in, STR(".")) && !take_digits(in))
		return false;
	if (!take(in, STR("e")) && !take(in, STR("E")))
		return true;
	if (!take(in, STR("+")))
		take(in, STR("-"));
	return take_digits(in);
}

static bool skip_value(struct str *in, struct buf *scratch, unsigned depth);

/* A string in front of a colon. */
static bool
take_name(struct str *in, struct buf *out)
{
	buf_drain(out, buf_len(out));
	return take_string(in, out) && take_mark(in, STR(":"));
}

/* What follows the opening bracket of an array or object. */
static bool
skip_nested(struct str *in, struct buf *scratch, bool is_object, unsigned depth)
{
	struct str end = is_object ? STR("}") : STR("]");

	skip_space(in);
	if (take(in, end))
		return true;
	do {
		if (is_object && !take_name(in, scratch))
			return false;
		if (!skip_value(in, scratch, depth))
			return false;
	} while (take_mark(in, STR(",")));
	return take(in, end);
}

static bool
skip_value(struct str *in, struct buf *scratch, unsigned depth)
{
	if (take(in, STR("{")))
		return depth > 0 && skip_nested(in, scratch, true, depth - 1);
	if (take(in, STR("[")))
		return depth > 0 && skip_nested(in, scratch, false, depth - 1);
	if (in->len > 0 && in->p[0] == '"') {
		buf_drain(scratch, buf_len(scratch));
		return take_string(in, scratch);
	}
	return take(in, STR("true")) || take(in, STR("false")) ||
	    take(in, STR("null")) || take_number(in);
}

static struct json_member *
member_find(struct json_member *members, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(members[i].name, name))
			return &members[i];
	}
	return NULL;
}

/* A member's value, kept if it is looked for. */
static bool
take_value(struct str *in, struct json_member *member, struct buf *scratch)
{
	if (member == NULL)
		return skip_value(in, scratch, JSON_DEPTH_MAX - 1);
	buf_drain(&member->value, buf_len(&member->value));
	member->is_there = true;
	member->is_string = in->len > 0 && in->p[0] == '"';
	return member->is_string ? take_string(in, &member->value)
				 : skip_value(in, scratch, JSON_DEPTH_MAX - 1);
}

static bool
take_members(
    struct str *in, struct json_member *members, size_t n, struct buf *scratch)
{
	do {
		struct str name;

		if (!take_name(in, scratch))
			return false;
		name = (struct str){ buf_data(scratch), buf_len(scratch) };
		if (!take_value(in, member_find(members, n, name), scratch))
			return false;
	} while (take_mark(in, STR(",")));
	return take_mark(in, STR("}"));
}

int
json_read(struct str text, struct json_member *members, size_t n)
{
	struct buf scratch = { 0 };
	bool ok = take_mark(&text, STR("{")) &&
	    (take_mark(&text, STR("}")) ||
		take_members(&text, members, n, &scratch)) &&
	    text.len == 0 && !buf_failed(&scratch);

	for (size_t i = 0; i < n; i++)
		ok = ok && !buf_failed(&members[i].value);
	buf_free(&scratch);
	return ok ? 0 : -1;
}
