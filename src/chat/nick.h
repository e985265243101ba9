/*
 * What a nick may be, and when two are the same.
 */
#ifndef CHATD_NICK_H
#define CHATD_NICK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "chat/room.h"

#define NICK_KEY_MAX 256 /* bytes */

/* A name as it is compared: names that a person could take for each other
 * have one key. */
struct nick_key {
	size_t len;
	char bytes[NICK_KEY_MAX];
};

/*
 * Folds a nick, a room's name or ADDRESS@PORT: case, compatible forms and
 * marks, where the library for that is there (utf8proc), and the letters of
 * other scripts and the digits that look like a Latin letter (after Unicode
 * UTS 39).  Folding a key again changes nothing.  Returns 0, or -1 when it is
 * too long.
 */
int nick_fold(struct str name, struct nick_key *);

bool nick_key_eq(const struct nick_key *, const struct nick_key *);

/*
 * Whether a member may take it: 1 to CHAT_NICK_MAX bytes of clean text
 * without white space, invisible characters and any of @ / [ ], not beginning
 * with * or #, and nothing that looks like one of these or like a name that
 * stands for the server.
 */
bool nick_is_valid(struct str nick);

/* Whether a room may be called so: as a nick, of up to CHAT_ROOM_MAX bytes,
 * but reserved names are free and a leading # is allowed. */
bool room_name_is_valid(struct str name);

#endif
