/*
 * The people behind the members.  A person is known by an identity, which is
 * made of a secret token that only they have, and may be in several places at
 * once: two pages of a browser are two members and one person.  What belongs
 * to the person, wherever and however often they come in, is kept here: the
 * nick, how much they have said lately, what an operator has decided.
 *
 * Who has no token is nobody known, and loses the nick by leaving.
 */
#ifndef CHATD_PEOPLE_H
#define CHATD_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"
#include "chat/nick.h"

#define PEOPLE_MAX \
	10000             /* known at a time; the one who left first \
			   * is forgotten for the next, before who \
			   * has a nick, and these before who is \
			   * muted or an operator */
#define CHAT_AWAY_MAX 128 /* bytes, without the NUL */
#define NICK_SECONDS \
	(24 * 60 * 60) /* that the nick of one who left is kept \
			*/

/* A token bucket, kept as the time at which it will be full again. */
struct bucket {
	int64_t full_at; /* mono */
	bool told;       /* that it was empty */
};

struct person {
	uint64_t identity;
	bool is_known; /* by a token */
	bool is_operator;
	bool is_muted;
	size_t members; /* how often they are here */
	struct bucket lines, commands;
	int64_t said_at;    /* mono, in a room that is slow; or INT64_MIN */
	int64_t came_at;    /* wall, the first of the members who are here */
	int64_t left_at;    /* mono, while members is 0 */
	uint64_t left_room; /* the id of the room that they left last, unless
			     * they were removed from it */
	char nick[CHAT_NICK_MAX + 1]; /* or empty */
	char away[CHAT_AWAY_MAX + 1]; /* why they are away, or empty */
};

struct people;

struct people *people_new(void); /* NULL without memory or randomness */
void people_free(struct people *);

/* The person of that identity, known or made; is_known for one with a token.
 * NULL without memory, and when PEOPLE_MAX are here. */
struct person *people_get(
    struct people *, uint64_t identity, bool is_known, struct instant now);
struct person *people_find(const struct people *, uint64_t identity);

/* One member more or less.  With the last one, who is not known loses the
 * nick and is no operator any more. */
void people_enter(struct people *, struct person *);
void people_leave(struct people *, struct person *, struct instant now);

/* Who has that nick, though perhaps away; NULL if it is free.  Folded. */
struct person *people_of_nick(
    struct people *, struct str nick, struct instant now);

/* Takes a valid nick that nobody else has.  Returns 0, or -1 without memory:
 * then the old one stays. */
int people_set_nick(struct people *, struct person *, struct str nick);

#endif
