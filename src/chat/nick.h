/*
 * What a nick may be, and when two are the same.
 */
#ifndef CHATD_NICK_H
#define CHATD_NICK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "chat/room.h"

/* A name as it is compared: names that differ only in case have one key. */
struct nick_key {
	size_t len;
	char bytes[CHAT_NICK_MAX];
};

/* Folds a nick or ADDRESS@PORT.  Returns 0, or -1 when it is too long to be
 * either.  ASCII alone is folded. */
int nick_fold(struct str name, struct nick_key *);

/*
 * Whether a member may take it: 1 to CHAT_NICK_MAX bytes of clean text
 * without white space, invisible characters and any of @ / [ ], not beginning
 * with *, and no name that stands for the server.
 */
bool nick_is_valid(struct str nick);

#endif
