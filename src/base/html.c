#include "base/html.h"

#include "base/text.h"

/* A character that text_next() gave. */
static struct str
escape(struct str piece)
{
	switch (piece.p[0]) {
	case '&':
		return STR("&amp;");
	case '<':
		return STR("&lt;");
	case '>':
		return STR("&gt;");
	case '"':
		return STR("&quot;");
	case '\'':
		return STR("&#39;");
	default:
		return piece;
	}
}

void
html_text(struct buf *b, struct str s)
{
	while (s.len > 0)
		buf_add_str(b, escape(text_next(&s)));
}
