#include "base/json.h"

#include <stdbool.h>

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
