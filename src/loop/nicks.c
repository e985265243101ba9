/*
 * No name is in here twice; the oldest gives way to the newest.
 */
#include "loop/nicks.h"

#include <string.h>

static bool
is_known(const struct nicks *n, struct str nick)
{
	const char *name;

	for (size_t i = 0; (name = nicks_get(n, i)) != NULL; i++) {
		if (str_eq(nick, str_of(name)))
			return true;
	}
	return false;
}

void
nicks_learn(struct nicks *n, const char *line)
{
	struct str rest = str_of(line), nick;
	char *slot = n->names[n->seen % NICKS_MAX];

	if (line[0] != '[' || strstr(line, "]: ") == NULL)
		return;
	rest = (struct str){ line + 1, rest.len - 1 };
	rest = str_cut(&rest, ']');
	nick = str_cut(&rest, ' ');
	if (nick.len == 0 || nick.len > CHAT_NICK_MAX ||
	    str_eq(nick, STR("you")) || is_known(n, nick))
		return;
	memcpy(slot, nick.p, nick.len);
	slot[nick.len] = '\0';
	n->seen++;
}

const char *
nicks_get(const struct nicks *n, size_t i)
{
	return i < n->seen && i < NICKS_MAX ? n->names[i] : NULL;
}

static bool
is_word_byte(char c)
{
	return (c & 0x80) != 0 || (c >= '0' && c <= '9') || c == '_' ||
	    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
mentions_nick(const char *line, const char *nick)
{
	size_t len = strlen(nick);
	const char *at = line;

	if (len == 0)
		return false;
	while ((at = strcasestr(at, nick)) != NULL) {
		if ((at == line || !is_word_byte(at[-1])) &&
		    !is_word_byte(at[len]))
			return true;
		at++;
	}
	return false;
}
