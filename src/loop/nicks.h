/*
 * A list of nicks, without two that are the same (chat/nick): those seen in
 * what was said, or those that are ignored.
 */
#ifndef CHATD_NICKS_H
#define CHATD_NICKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "chat/nick.h"

#define NICKS_MAX 64 /* the one added first gives way to one more */

/* = {0} has none. */
struct nicks {
	size_t count;
	struct {
		struct nick_key key;
		char name[CHAT_NICK_MAX + 1];
	} known[NICKS_MAX]; /* the newest last */
};

/* Adds clean text.  Returns 0, or -1 when it is empty or too long for one. */
int nicks_add(struct nicks *, struct str nick);

/* Returns 0, or -1 when it was not in the list. */
int nicks_remove(struct nicks *, struct str nick);

bool nicks_has(const struct nicks *, struct str nick);

/* The i-th, or NULL past the last. */
const char *nicks_get(const struct nicks *, size_t i);

/* Adds who says that clean line, `[nick]: text` or `[nick -> you]: text`. */
void nicks_learn(struct nicks *, struct str line);

/* Whether the clean text has the nick as a word of it. */
bool mentions_nick(struct str text, const char *nick);

/* The same number for the same nick, wherever and whenever. */
unsigned nick_number(struct str nick);

#endif
