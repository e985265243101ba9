/*
 * The nicks seen in what was said, for completion: the last ones.
 */
#ifndef CHATD_NICKS_H
#define CHATD_NICKS_H

#include <stdbool.h>
#include <stddef.h>

#include "chat/room.h"

#define NICKS_MAX 64

/* = {0} has none. */
struct nicks {
	char names[NICKS_MAX][CHAT_NICK_MAX + 1];
	size_t seen; /* ever */
};

/* Remembers who says that clean line, `[nick]: text` or `[nick -> you]: `. */
void nicks_learn(struct nicks *, const char *line);

/* The i-th, or NULL past the last. */
const char *nicks_get(const struct nicks *, size_t i);

/* Whether the clean line has the nick as a word, whatever its case. */
bool mentions_nick(const char *line, const char *nick);

#endif
