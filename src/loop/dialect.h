/*
 * What the chat client needs to know of a way to talk.  talk.c has the loop,
 * the socket, the signals and the screen; a dialect decides what is sent and
 * what is shown.  A talk speaks one from its begin to its end.
 */
#ifndef CHATD_DIALECT_H
#define CHATD_DIALECT_H

#include "base/addr.h"
#include "base/str.h"
#include "loop/nicks.h"
#include "loop/screen.h"
#include "loop/talk.h"

#define TALK_DATAGRAM_MAX 65536 /* bytes; no datagram of UDP has more */

struct event_base;
struct dialect;
struct event;

struct talk {
	const struct talk_config *config;
	const struct dialect *dialect;
	void *speaker; /* what dialect->new() gave */
	struct screen *screen;
	struct nicks nicks; /* of the others, for completion */

	/* For talk.c alone. */
	struct event_base *base;
	struct event *readable, *timer;
	struct event *signals[3];
	bool is_over;
	int status;
	char *why;
	char datagram[TALK_DATAGRAM_MAX];
};

/*
 * The first argument of all but new() is the speaker.  Each of them may end
 * the talk by talk_over() or talk_fail(); after that only free() is called.
 */
struct dialect {
	bool erases;                 /* what is said comes back by itself */
	const char *const *commands; /* that TAB completes to, besides those of
				      * the server, up to a NULL; or NULL */
	void *(*new)(struct talk *); /* NULL without memory or randomness */
	void (*free)(void *);
	void (*begin)(void *);
	void (*say)(void *, struct str line); /* it is not empty */
	void (*heard)(void *, struct str datagram, const struct addr *from);
	void (*failed)(void *, int error); /* a datagram that was sent */
	void (*drained)(void *); /* the screen is not so full any more; or
				  * NULL */
	void (*tick)(void *);    /* the time of talk_wake() is here */
	void (*ended)(void *);   /* the input has */
	void (*leave)(void *);   /* by /quit: no more of the input is read */
	void (*stop)(void *);    /* by a signal: at once */
};

extern const struct dialect native_dialect, plain_dialect, pair_dialect;

/* Calls tick() at that time, mono, in place of any before. */
void talk_wake(struct talk *, int64_t at);

/* The talk ends; or it does so because of an error, the first that was. */
void talk_over(struct talk *);
void talk_fail(struct talk *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A connected socket has the address that this machine had when it was
 * connected; this gives it the one of now.  Returns 0, or -1 when there is
 * none that leads to the server.
 */
int talk_reconnect(struct talk *);

/* Fails because nobody listens there. */
void talk_fail_to_reach(struct talk *, int error);

#endif
