#include "chat/nick.h"

#include "base/text.h"

int
nick_fold(struct str name, struct nick_key *out)
{
	if (name.len > CHAT_NICK_MAX)
		return -1;
	for (size_t i = 0; i < name.len; i++)
		out->bytes[i] = ascii_lower(name.p[i]);
	out->len = name.len;
	return 0;
}

/* White space, and what shows nothing at all: two nicks must not look alike. */
static bool
is_invisible(unsigned code)
{
	static const unsigned ranges[][2] = { { 0x09, 0x20 }, { 0xa0, 0xa0 },
		{ 0xad, 0xad }, { 0x034f, 0x034f }, { 0x115f, 0x1160 },
		{ 0x1680, 0x1680 }, { 0x180b, 0x180f }, { 0x2000, 0x200f },
		{ 0x202f, 0x202f }, { 0x205f, 0x206f }, { 0x2800, 0x2800 },
		{ 0x3000, 0x3000 }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xe0000, 0xe0fff } };

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (code >= ranges[i][0] && code <= ranges[i][1])
			return true;
	}
	return false;
}

static bool
is_reserved(struct str nick)
{
	return str_eq_nocase(nick, STR("operator")) ||
	    str_eq_nocase(nick, STR("chatd")) ||
	    str_eq_nocase(nick, STR("server"));
}

bool
nick_is_valid(struct str nick)
{
	if (nick.len == 0 || nick.len > CHAT_NICK_MAX || nick.p[0] == '*' ||
	    !text_is_clean(nick) || is_reserved(nick))
		return false;
	while (nick.len > 0) {
		unsigned code;
		size_t skip, len = utf8_decode(nick, &code, &skip);

		if (is_invisible(code) || code == '@' || code == '/' ||
		    code == '[' || code == ']')
			return false;
		nick.p += len;
		nick.len -= len;
	}
	return true;
}
