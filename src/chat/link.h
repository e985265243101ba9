/*
 * The client's side of the native dialect (docs/protocol.md): from datagrams
 * that get lost, doubled, late and out of order, the room's messages exactly
 * once and in order; and what is said, repeated until it is acknowledged.
 * The server may be lost and come back, also a new one, and the client's own
 * address may change.
 *
 * No I/O and no clock: datagrams in, events, datagrams out.
 */
#ifndef CHATD_LINK_H
#define CHATD_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"
#include "chat/wire.h"

#define LINK_WAITING_MAX 1024 /* lines said that wait; more are refused */
#define LINK_LOST_AFTER  SECONDS(10) /* without an answer the server is lost */

enum link_event_type {
	LINK_JOINED,    /* in the room; again after LINK_LOST, and in another
			 * room */
	LINK_MESSAGE,   /* the next one of the room */
	LINK_MISSED,    /* count messages that the server no longer has */
	LINK_RESTARTED, /* the room's log began anew: it is another server's */
	LINK_NOTE,      /* text: a line of the server */
	LINK_NICK,      /* text: what it is called now, other than before */
	LINK_REFUSED,   /* text: why a line was not said */
	LINK_LOST,      /* the server does not answer; it goes on trying */
	LINK_BYE        /* text: why it is out; for good */
};

struct link_event {
	enum link_event_type type;
	struct message message; /* valid during the call */
	bool is_past;           /* it was said before the client first joined */
	bool is_own;            /* this client said it */
	uint64_t count;
	struct str text;
};

struct link_config {
	unsigned char token[WIRE_TOKEN];
	uint64_t session;      /* random, secret */
	uint64_t random;       /* seeds what spreads retries in time */
	struct str nick, room; /* copied; the room may be empty */
	/* Returns 0, or -1 when it was not sent, which is as good as lost. */
	int (*send)(void *arg, struct str datagram);
	/* Must not call the link but for what only reads it, and pauses. */
	void (*event)(void *arg, const struct link_event *);
	void *arg;
};

struct link;

/* Begins to join with the first link_tick(), which is due at once.  NULL
 * without memory. */
struct link *link_new(const struct link_config *, struct instant now);
void link_free(struct link *);

void link_receive(struct link *, struct str datagram, struct instant now);

int64_t link_deadline(const struct link *);
void link_tick(struct link *, struct instant now);

/*
 * While it is paused, which LINK_MESSAGE may do, no message is told of; what
 * comes is kept as far as it can be, and the rest pulled when it goes on.  It
 * goes on by itself where the room is left.
 */
void link_pause(struct link *);
void link_resume(struct link *, struct instant now);
bool link_is_paused(const struct link *);

/* A line or a command, cut to CHAT_TEXT_MAX.  Returns 0, or -1 when
 * LINK_WAITING_MAX wait, or without memory. */
int link_say(struct link *, struct str line, struct instant now);

/* Says goodbye, three times, since nobody answers; then it is done with. */
void link_leave(struct link *);

size_t link_waiting(const struct link *); /* lines not yet acknowledged */
size_t link_refused(const struct link *); /* lines refused so far */
bool link_is_joined(const struct link *);
bool link_was_joined(const struct link *); /* ever */
const char *link_nick(const struct link *);
const char *link_room(const struct link *);
/* The `author` of what this client says; 0 before it has joined. */
uint64_t link_identity(const struct link *);

/* Of the repair: datagrams and messages that came twice or too early, pulls. */
struct link_stats {
	uint64_t duplicates, early, pulls, repeats;
};
const struct link_stats *link_stats(const struct link *);

#endif
