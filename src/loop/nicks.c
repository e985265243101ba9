/*
 * A list is short and is searched from end to end.
 */
#include "loop/nicks.h"

#include <string.h>

#include "base/siphash.h"

/* NICKS_MAX when it is not there. */
static size_t
find_key(const struct nicks *n, const struct nick_key *key)
{
	for (size_t i = 0; i < n->count; i++) {
		if (n->known[i].key.len == key->len &&
		    memcmp(n->known[i].key.bytes, key->bytes, key->len) == 0)
			return i;
	}
	return NICKS_MAX;
}

static size_t
find_nick(const struct nicks *n, struct str nick)
{
	struct nick_key key;

	return nick_fold(nick, &key) == 0 ? find_key(n, &key) : NICKS_MAX;
}

static void
remove_at(struct nicks *n, size_t i)
{
	n->count--;
	memmove(&n->known[i], &n->known[i + 1],
	    (n->count - i) * sizeof(n->known[0]));
}

int
nicks_add(struct nicks *n, struct str nick)
{
	struct nick_key key;
	size_t i;

	if (nick.len == 0 || nick.len > CHAT_NICK_MAX ||
	    nick_fold(nick, &key) == -1)
		return -1;
	i = find_key(n, &key);
	if (i < NICKS_MAX)
		remove_at(n, i);
	else if (n->count == NICKS_MAX)
		remove_at(n, 0);
	n->known[n->count].key = key;
	memcpy(n->known[n->count].name, nick.p, nick.len);
	n->known[n->count].name[nick.len] = '\0';
	n->count++;
	return 0;
}

int
nicks_remove(struct nicks *n, struct str nick)
{
	size_t i = find_nick(n, nick);

	if (i == NICKS_MAX)
		return -1;
	remove_at(n, i);
	return 0;
}

bool
nicks_has(const struct nicks *n, struct str nick)
{
	return find_nick(n, nick) < NICKS_MAX;
}

const char *
nicks_get(const struct nicks *n, size_t i)
{
	return i < n->count ? n->known[i].name : NULL;
}

void
nicks_learn(struct nicks *n, struct str line)
{
	struct str rest = line, nick;

	if (line.len == 0 || line.p[0] != '[' ||
	    memmem(line.p, line.len, "]: ", 3) == NULL)
		return;
	rest = (struct str){ line.p + 1, line.len - 1 };
	rest = str_cut(&rest, ']');
	nick = str_cut(&rest, ' ');
	if (!str_eq(nick, STR("you")))
		nicks_add(n, nick);
}

static bool
is_word_byte(char c)
{
	return (c & 0x80) != 0 || (c >= '0' && c <= '9') || c == '_' ||
	    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether the one key stands in the other, as a word. */
static bool
key_holds(const struct nick_key *in, const struct nick_key *key)
{
	const char *end = in->bytes + in->len, *at = in->bytes;

	while ((at = memmem(at, (size_t)(end - at), key->bytes, key->len)) !=
	    NULL) {
		if ((at == in->bytes || !is_word_byte(at[-1])) &&
		    (at + key->len == end || !is_word_byte(at[key->len])))
			return true;
		at++;
	}
	return false;
}

/* Word by word, since a key has an end and a nick no white space. */
bool
mentions_nick(struct str text, const char *nick)
{
	struct nick_key key, word;

	if (nick_fold(str_of(nick), &key) == -1 || key.len == 0)
		return false;
	while (text.len > 0) {
		if (nick_fold(str_cut(&text, ' '), &word) == 0 &&
		    key_holds(&word, &key))
			return true;
	}
	return false;
}

unsigned
nick_number(struct str nick)
{
	static const struct siphash_key key = { 0, 0 };
	struct nick_key folded = { 0 };

	nick_fold(nick, &folded);
	return (unsigned)siphash(&key, folded.bytes, folded.len);
}
