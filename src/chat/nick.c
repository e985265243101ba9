/*
 * A name is compared by its key: clean text, folded by the library if there
 * is one, then each letter replaced by the Latin one that it looks like.
 * What a step yields, the steps before it leave as it is, so that the key of
 * a key is the key.
 */
#include "chat/nick.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "chat/nick_fold.h"

/*
 * By code point, for a binary search.  Where a capital looks like another
 * letter than its small form does, the small one counts with utf8proc, which
 * has folded case before, and each its own without.
 */
static const struct lookalike {
	uint16_t code;
	char latin;
} lookalikes[] = {
	/* Latin */
	{ 0x00b5, 'm' }, { 0x00d0, 'd' }, { 0x00d7, 'x' }, { 0x00d8, 'o' },
	{ 0x00f0, 'd' }, { 0x00f8, 'o' }, { 0x0110, 'd' }, { 0x0111, 'd' },
	{ 0x0126, 'h' }, { 0x0127, 'h' }, { 0x0131, 'i' }, { 0x0141, 'l' },
	{ 0x0142, 'l' }, { 0x0166, 't' }, { 0x0167, 't' }, { 0x0185, 'b' },
	{ 0x0192, 'f' }, { 0x0196, 'i' }, { 0x01a8, '2' }, { 0x01c0, 'l' },
	{ 0x021c, '3' }, { 0x021d, '3' }, { 0x0251, 'a' }, { 0x025b, 'e' },
	{ 0x0261, 'g' }, { 0x0262, 'g' }, { 0x0269, 'i' }, { 0x026a, 'i' },
	{ 0x026f, 'w' }, { 0x0274, 'n' }, { 0x0275, 'o' }, { 0x0280, 'r' },
	{ 0x028b, 'u' }, { 0x028f, 'y' }, { 0x0299, 'b' }, { 0x029c, 'h' },
	{ 0x029f, 'l' },
	/* Greek */
	{ 0x037f, 'j' }, { 0x0391, 'a' }, { 0x0392, 'b' }, { 0x0395, 'e' },
	{ 0x0396, 'z' }, { 0x0397, 'h' }, { 0x0399, 'i' }, { 0x039a, 'k' },
	{ 0x039c, 'm' }, { 0x039d, 'n' }, { 0x039f, 'o' }, { 0x03a1, 'p' },
	{ 0x03a4, 't' }, { 0x03a5, 'y' }, { 0x03a7, 'x' }, { 0x03b1, 'a' },
	{ 0x03b2, 'b' }, { 0x03b3, 'y' }, { 0x03b5, 'e' }, { 0x03b6, 'z' },
	{ 0x03b7, 'h' }, { 0x03b9, 'i' }, { 0x03ba, 'k' }, { 0x03bc, 'm' },
	{ 0x03bd, 'v' }, { 0x03bf, 'o' }, { 0x03c1, 'p' }, { 0x03c3, 'o' },
	{ 0x03c4, 't' }, { 0x03c5, 'u' }, { 0x03c7, 'x' }, { 0x03c9, 'w' },
	{ 0x03f2, 'c' }, { 0x03f3, 'j' }, { 0x03f9, 'c' },
	/* Cyrillic */
	{ 0x0401, 'e' }, { 0x0405, 's' }, { 0x0406, 'i' }, { 0x0407, 'i' },
	{ 0x0408, 'j' }, { 0x0410, 'a' }, { 0x0412, 'b' }, { 0x0413, 'r' },
	{ 0x0415, 'e' }, { 0x0417, '3' }, { 0x041a, 'k' }, { 0x041c, 'm' },
	{ 0x041d, 'h' }, { 0x041e, 'o' }, { 0x0420, 'p' }, { 0x0421, 'c' },
	{ 0x0422, 't' }, { 0x0423, 'y' }, { 0x0425, 'x' }, { 0x042c, 'b' },
	{ 0x0430, 'a' }, { 0x0431, '6' }, { 0x0432, 'b' }, { 0x0433, 'r' },
	{ 0x0435, 'e' }, { 0x0437, '3' }, { 0x043a, 'k' }, { 0x043c, 'm' },
	{ 0x043d, 'h' }, { 0x043e, 'o' }, { 0x0440, 'p' }, { 0x0441, 'c' },
	{ 0x0442, 't' }, { 0x0443, 'y' }, { 0x0445, 'x' }, { 0x044c, 'b' },
	{ 0x0451, 'e' }, { 0x0455, 's' }, { 0x0456, 'i' }, { 0x0457, 'i' },
	{ 0x0458, 'j' }, { 0x0460, 'w' }, { 0x0461, 'w' }, { 0x0474, 'v' },
	{ 0x0475, 'v' }, { 0x04ae, 'y' }, { 0x04af, 'y' }, { 0x04ba, 'h' },
	{ 0x04bb, 'h' }, { 0x04c0, 'l' }, { 0x04cf, 'l' }, { 0x0500, 'd' },
	{ 0x0501, 'd' }, { 0x050c, 'g' }, { 0x050d, 'g' }, { 0x051a, 'q' },
	{ 0x051b, 'q' }, { 0x051c, 'w' }, { 0x051d, 'w' },
	/* Armenian */
	{ 0x053c, 'l' }, { 0x0548, 'n' }, { 0x054d, 'u' }, { 0x0555, 'o' },
	{ 0x0561, 'w' }, { 0x0566, 'q' }, { 0x056c, 'l' }, { 0x0570, 'h' },
	{ 0x0575, 'j' }, { 0x0578, 'n' }, { 0x057d, 'u' }, { 0x0581, 'g' },
	{ 0x0585, 'o' },
	/* letters and digits of other scripts */
	{ 0x05d5, 'l' }, { 0x05df, 'l' }, { 0x05e1, 'o' }, { 0x0627, 'l' },
	{ 0x0647, 'o' }, { 0x0661, '1' }, { 0x0665, '0' }, { 0x0966, 'o' },
	{ 0x09e6, 'o' }, { 0x0d20, 'o' }, { 0x0d66, 'o' }, { 0x0e50, 'o' },
	/* Cherokee */
	{ 0x13a0, 'd' }, { 0x13a1, 'r' }, { 0x13a5, 'i' }, { 0x13aa, 'a' },
	{ 0x13ab, 'j' }, { 0x13ac, 'e' }, { 0x13b3, 'w' }, { 0x13b7, 'm' },
	{ 0x13bb, 'h' }, { 0x13bd, 'y' }, { 0x13c0, 'g' }, { 0x13c3, 'z' },
	{ 0x13ce, '4' }, { 0x13cf, 'b' }, { 0x13d9, 'v' }, { 0x13da, 's' },
	{ 0x13de, 'l' }, { 0x13df, 'c' }, { 0x13e2, 'p' }, { 0x13e6, 'k' },
	/* small capitals */
	{ 0x1d00, 'a' }, { 0x1d04, 'c' }, { 0x1d05, 'd' }, { 0x1d07, 'e' },
	{ 0x1d0a, 'j' }, { 0x1d0b, 'k' }, { 0x1d0d, 'm' }, { 0x1d0f, 'o' },
	{ 0x1d18, 'p' }, { 0x1d1b, 't' }, { 0x1d1c, 'u' }, { 0x1d20, 'v' },
	{ 0x1d21, 'w' }, { 0x1d22, 'z' },
	/* symbols */
	{ 0x2102, 'c' }, { 0x210a, 'g' }, { 0x210b, 'h' }, { 0x210d, 'h' },
	{ 0x210e, 'h' }, { 0x2110, 'i' }, { 0x2112, 'l' }, { 0x2113, 'l' },
	{ 0x2115, 'n' }, { 0x2119, 'p' }, { 0x211a, 'q' }, { 0x211b, 'r' },
	{ 0x211d, 'r' }, { 0x2124, 'z' }, { 0x2129, 'i' }, { 0x212c, 'b' },
	{ 0x212e, 'e' }, { 0x212f, 'e' }, { 0x2130, 'e' }, { 0x2131, 'f' },
	{ 0x2133, 'm' }, { 0x2134, 'o' }, { 0x2164, 'v' }, { 0x2169, 'x' },
	{ 0x216c, 'l' }, { 0x216d, 'c' }, { 0x216e, 'd' }, { 0x216f, 'm' },
	{ 0x2174, 'v' }, { 0x2179, 'x' }, { 0x217c, 'l' }, { 0x217d, 'c' },
	{ 0x217e, 'd' }, { 0x217f, 'm' }, { 0x2223, 'l' }, { 0x2228, 'v' },
	{ 0x222a, 'u' }, { 0x237a, 'a' },
	/* Coptic, Latin */
	{ 0x2c9e, 'o' }, { 0x2c9f, 'o' }, { 0x2ca2, 'p' }, { 0x2ca3, 'p' },
	{ 0x2ca4, 'c' }, { 0x2ca5, 'c' }, { 0xa730, 'f' }, { 0xa731, 's' }
};

/* Alphabets and digits in other dress, one after the other. */
static const struct run {
	unsigned first, last;
	char begin; /* what the first is */
	unsigned period;
} runs[] = {
	{ 0x24b6, 0x24e9, 'a', 26 },   /* circled */
	{ 0xff01, 0xff5e, '!', 94 },   /* fullwidth, all of ASCII */
	{ 0x1d400, 0x1d6a3, 'a', 26 }, /* mathematical letters */
	{ 0x1d7ce, 0x1d7ff, '0', 10 }, /* mathematical digits */
	{ 0x1f130, 0x1f149, 'a', 26 }, /* squared */
	{ 0x1f150, 0x1f169, 'a', 26 }, /* circled, white on black */
	{ 0x1f170, 0x1f189, 'a', 26 }, /* squared, white on black */
	{ 0x1f1e6, 0x1f1ff, 'a', 26 }, /* regional indicators */
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static unsigned
undress(unsigned code)
{
	for (size_t i = 0; i < COUNT(runs); i++) {
		if (code >= runs[i].first && code <= runs[i].last)
			return (unsigned)runs[i].begin +
			    (code - runs[i].first) % runs[i].period;
	}
	return code;
}

static unsigned
latin_lookalike(unsigned code)
{
	size_t low = 0, high = COUNT(lookalikes);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lookalikes[middle].code == code)
			return (unsigned)lookalikes[middle].latin;
		if (lookalikes[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return code;
}

/* The one that stands for all of ASCII that look alike. */
static char
ascii_class(char c)
{
	switch (c) {
	case '0':
		return 'o';
	case '1':
	case 'i':
	case '|':
		return 'l';
	default:
		return c;
	}
}

/* Appends the character, or its Latin look-alike. */
static int
add_lookalike(struct nick_key *out, struct str character, unsigned code)
{
	char latin;

	code = latin_lookalike(undress(code));
	if (code >= 0x80)
		return nick_key_add(out, character);
	latin = ascii_class(ascii_lower((char)code));
	return nick_key_add(out, (struct str){ &latin, 1 });
}

/* Two letters that look like one: no pair is left, nor made, by the others. */
static void
join_pairs(struct nick_key *key)
{
	size_t len = 0;

	for (size_t i = 0; i < key->len; i++) {
		char c = key->bytes[i];
		char next = i + 1 < key->len ? key->bytes[i + 1] : '\0';

		if (c == 'r' && next == 'n') {
			c = 'm';
			i++;
		} else if (c == 'v' && next == 'v') {
			c = 'w';
			i++;
		}
		key->bytes[len++] = c;
	}
	key->len = len;
}

int
nick_key_add(struct nick_key *key, struct str s)
{
	if (s.len > NICK_KEY_MAX - key->len)
		return -1;
	if (s.len > 0)
		memcpy(key->bytes + key->len, s.p, s.len);
	key->len += s.len;
	return 0;
}

int
nick_fold(struct str name, struct nick_key *out)
{
	char clean[NICK_KEY_MAX + 1];
	struct nick_key forms = { .len = 0 };
	struct str rest;
	bool cut;

	out->len = 0;
	rest.p = clean;
	rest.len = text_clean(clean, sizeof(clean), name, &cut);
	if (cut || nick_fold_forms(rest, &forms) == -1)
		return -1;
	rest = (struct str){ forms.bytes, forms.len };
	while (rest.len > 0) {
		unsigned code;
		size_t skip, len = utf8_decode(rest, &code, &skip);

		if (add_lookalike(out, (struct str){ rest.p, len }, code) == -1)
			return -1;
		rest.p += len;
		rest.len -= len;
	}
	join_pairs(out);
	return 0;
}

bool
nick_key_eq(const struct nick_key *a, const struct nick_key *b)
{
	return str_eq(
	    (struct str){ a->bytes, a->len }, (struct str){ b->bytes, b->len });
}

/* White space, and what shows nothing at all: two nicks must not look alike. */
static bool
is_invisible(unsigned code)
{
	static const unsigned ranges[][2] = { { 0x09, 0x20 }, { 0xa0, 0xa0 },
		{ 0xad, 0xad }, { 0x034f, 0x034f }, { 0x115f, 0x1160 },
		{ 0x1680, 0x1680 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
		{ 0x2000, 0x200f }, { 0x202f, 0x202f }, { 0x205f, 0x206f },
		{ 0x2800, 0x2800 }, { 0x3000, 0x3000 }, { 0x3164, 0x3164 },
		{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
		{ 0xe0000, 0xe0fff } };

	for (size_t i = 0; i < COUNT(ranges); i++) {
		if (code >= ranges[i][0] && code <= ranges[i][1])
			return true;
	}
	return false;
}

static bool
is_name_character(unsigned code)
{
	return !is_invisible(code) && code != '@' && code != '/' &&
	    code != '[' && code != ']';
}

/* Neither empty nor marked as a notice of the server's or as a room. */
static bool
is_name(struct str s)
{
	if (s.len == 0 || s.p[0] == '*' || s.p[0] == '#')
		return false;
	while (s.len > 0) {
		unsigned code;
		size_t skip, len = utf8_decode(s, &code, &skip);

		if (len == 0 || !is_name_character(code))
			return false;
		s.p += len;
		s.len -= len;
	}
	return true;
}

/* Neither it nor what it looks like is anything but a name. */
static bool
fold_valid(struct str name, struct nick_key *key)
{
	return text_is_clean(name) && is_name(name) &&
	    nick_fold(name, key) == 0 &&
	    is_name((struct str){ key->bytes, key->len });
}

static bool
is_reserved(const struct nick_key *key)
{
	static const char *const names[] = { "operator", "chatd", "server" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct nick_key reserved;

		if (nick_fold(str_of(names[i]), &reserved) == 0 &&
		    nick_key_eq(&reserved, key))
			return true;
	}
	return false;
}

bool
nick_is_valid(struct str nick)
{
	struct nick_key key;

	return nick.len <= CHAT_NICK_MAX && fold_valid(nick, &key) &&
	    !is_reserved(&key);
}

bool
room_name_is_valid(struct str name)
{
	struct nick_key key;

	if (name.len > CHAT_ROOM_MAX)
		return false;
	if (name.len > 0 && name.p[0] == '#') {
		name.p++;
		name.len--;
	}
	return fold_valid(name, &key);
}
