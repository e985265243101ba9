/*
 * A hub and some members who write down what they get, one line after the
 * other, for the tests of what is said and told.
 */
#ifndef CHATD_TESTS_PARTY_H
#define CHATD_TESTS_PARTY_H

#include <stdbool.h>

#include "chat/hub.h"

#define PARTY 8 /* users */

struct user {
	struct member *member; /* NULL when not in */
	char got[65536];
	char reason[256];      /* it was removed for, as the transport heard */
	struct member *leaves; /* leaves when this user is told something */
	bool leaves_when_woken;
};

struct party {
	struct hub *hub;
	struct user users[PARTY];
	struct transport net;  /* of ordinary members, without tell_all */
	struct transport desk; /* exempt */
	struct instant now;
	enum hub_result result; /* of the last who came */
};

extern struct party party;

/* A hub with both transports and nobody in it, at 1000 seconds. */
void party_open(const struct hub_config *);
void party_close(void);

void party_later(int64_t seconds);

/* User i comes in, where the arrival says nothing else by the net and as
 * 192.0.2.1@500i.  Returns the member, or NULL and party.result says why. */
struct member *party_come(int i, struct arrival);

/* The same into the lobby, where it must be let in. */
struct member *party_join(int i);

void party_leave(struct user *, const char *reason);

/* User i types the line, which is a command or is said; what was said is then
 * delivered. */
enum hub_result party_type(int i, const char *line);

/* What the user got since it was last asked; and to ask nobody. */
void party_expect(const char *file, int line, int i, const char *lines);
void party_forget(void);

#define expect(i, lines) party_expect(__FILE__, __LINE__, i, lines)

#endif
