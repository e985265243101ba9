#include "base/text.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/*
 * The range of the second byte depends on the first (Unicode 15, table 3-7),
 * which rules out overlong forms, surrogates and what lies above U+10FFFF.
 */
static bool
second_byte_fits(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

size_t
utf8_decode(struct str s, unsigned *code, size_t *skip)
{
	unsigned char first = (unsigned char)s.p[0];
	size_t need, have;

	*skip = 1;
	if (first < 0x80) {
		*code = first;
		return 1;
	}
	if (first < 0xc2 || first > 0xf4)
		return 0;
	need = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	*code = first & (0x7fu >> need);
	for (have = 1; have < need && have < s.len; have++) {
		unsigned char next = (unsigned char)s.p[have];

		if (have == 1 ? !second_byte_fits(first, next)
			      : next < 0x80 || next > 0xbf)
			break;
		*code = *code << 6 | (next & 0x3f);
	}
	*skip = have;
	return have == need ? need : 0;
}

static bool
is_unsafe(unsigned code)
{
	return (code < 0x20 && code != '\t') ||
	    (code >= 0x7f && code <= 0x9f) ||     /* DEL and C1 */
	    code == 0x061c ||                     /* Arabic letter mark */
	    code == 0x200e || code == 0x200f ||   /* directional marks */
	    code == 0x2028 || code == 0x2029 ||   /* separators */
	    (code >= 0x202a && code <= 0x202e) || /* embeddings, overrides */
	    (code >= 0x2066 && code <= 0x2069);   /* isolates */
}

struct str
text_next(struct str *in)
{
	struct str piece = { in->p, 0 };
	unsigned code;
	size_t skip;

	piece.len = utf8_decode(*in, &code, &skip);
	if (piece.len > 0)
		skip = piece.len;
	if (piece.len == 0 || is_unsafe(code))
		piece = STR(REPLACEMENT);
	in->p += skip;
	in->len -= skip;
	return piece;
}

size_t
text_clean(char *out, size_t cap, struct str in, bool *cut)
{
	size_t len = 0;
	bool full = false;

	while (in.len > 0) {
		struct str piece = text_next(&in);

		full = piece.len > cap - 1 - len;
		if (full)
			break;
		memcpy(out + len, piece.p, piece.len);
		len += piece.len;
	}
	out[len] = '\0';
	if (cut != NULL)
		*cut = full;
	return len;
}

bool
text_is_clean(struct str in)
{
	while (in.len > 0) {
		const char *at = in.p;

		if (text_next(&in).p != at)
			return false;
	}
	return true;
}
