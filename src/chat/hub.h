/*
 * The hub knows the room and who is in it, by whatever transport.  To say
 * something is to append it to the room's log; hub_flush() then lets each
 * transport move its members' cursors as far as it can.  No member has a
 * queue: one that is slow lags behind in the log, and one that lags past its
 * beginning is told how many messages it missed.
 *
 * A transport owns what it needs to reach a member (an address, a stream) and
 * hands itself in as `owner`.  Nothing here reads a clock or a socket.
 */
#ifndef CHATD_HUB_H
#define CHATD_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"
#include "chat/room.h"

struct hub;
struct member;

#define HUB_LINE_MAX       1152 /* bytes of the longest line told, and a NUL */
#define HUB_TRANSPORTS_MAX 8

struct hub_config {
	size_t max_messages;    /* messages a room keeps */
	size_t max_bytes;       /* and bytes of their text and nicks */
	size_t max_members;     /* beyond these nobody joins */
	unsigned flood_lines;   /* a member may say so many lines, 0 = any, */
	unsigned flood_seconds; /* in so many seconds (a token bucket) */
	/* As many commands that say nothing have a bucket of their own. */
};

struct transport {
	const char *name; /* a message's `via` */
	/* The log may have grown: advance the cursors of your members. */
	void (*wake)(void *arg);
	/* One line of clean text, without a newline, for this member alone. */
	void (*tell)(void *arg, void *owner, struct str line);
	/*
	 * The hub removes the member, which is freed on return; the reason was
	 * told before.  Not called for hub_leave(), the transport's own wish.
	 */
	void (*removed)(void *arg, void *owner);
	void *arg;
	bool exempt; /* its members never flood: the operator's */
};

/* What a member has used of that: when each is whole again, mono. */
struct hub_usage {
	int64_t lines, commands;
};

enum hub_result {
	HUB_OK,
	HUB_EMPTY,    /* no text */
	HUB_FLOOD,    /* more than --flood allows; not said */
	HUB_BAD_NICK, /* empty, too long, white space, reserved or unclean */
	HUB_TAKEN,    /* somebody in the room has that nick */
	HUB_NOBODY,   /* no member of that name */
	HUB_FULL,     /* max_members are in */
	HUB_NOMEM
};

/* NULL without memory or randomness.  The hub has one room, `lobby`. */
struct hub *hub_new(const struct hub_config *);
void hub_free(struct hub *);

struct room *hub_room(const struct hub *);

/*
 * The transport stays the caller's, who removes it, after its members, before
 * it goes.  Returns 0, or -1 when there are HUB_TRANSPORTS_MAX.
 */
int hub_add_transport(struct hub *, const struct transport *);
void hub_remove_transport(struct hub *, const struct transport *);

/*
 * Between the two nobody is freed: a member that leaves is only marked, gets
 * nothing any more, and is freed when the last hold ends.  The hub holds
 * while it calls a transport, which may thus call hub_leave() from there.
 */
void hub_hold(struct hub *);
void hub_release(struct hub *);

/*
 * A new member, whose cursor stands at the end of the log.  name is how it
 * is called until it takes a nick: ADDRESS@PORT, which no nick can be since
 * nicks have no '@', or a reserved name such as the console's.  It is told
 * how many are here, before this returns.
 * Returns NULL, with *result saying why, when there is no place or memory or
 * the name is taken.
 */
struct member *hub_join(struct hub *, const struct transport *, void *owner,
    struct str name, enum hub_result *result, struct instant now);

/*
 * For a transport that knows who comes back: whether one who left with that
 * usage may join again, which counts as a line, since to leave and to join is
 * no way around --flood.  Then it goes on with what it had used.
 */
bool hub_allows_return(
    const struct hub *, struct hub_usage *, struct instant now);
struct hub_usage member_usage(const struct member *);
void member_set_usage(struct member *, struct hub_usage);

/*
 * Removes the member and tells the others `* NAME left (reason)`, or nothing
 * where reason is NULL.  Frees it.
 */
void hub_leave(struct hub *, struct member *, const char *reason);

/* The same against its will: it is told why, and its transport too. */
void hub_remove(struct hub *, struct member *, const char *reason);

/*
 * Appends to the log.  The text is made clean and cut to CHAT_TEXT_MAX; the
 * member is told when it was cut, and once when it floods.
 */
enum hub_result hub_say(struct hub *, struct member *, enum message_kind,
    struct str text, struct instant now);

/*
 * `[from -> you]: text` to the one member of that nick or name, and an echo
 * `[you -> NICK]: text` to the sender; not logged.  The text is treated and
 * floods count as for hub_say().
 */
enum hub_result hub_private(struct hub *, struct member *from, struct str to,
    struct str text, struct instant now);

/*
 * Whether the member may give one more command of those that say nothing; it
 * is told once when not.
 */
bool hub_allows_command(struct hub *, struct member *, struct instant now);

/* A unique nick after case folding; tells all `* OLD is now NEW`. */
enum hub_result hub_set_nick(struct hub *, struct member *, struct str nick);

/*
 * A line `* text` to one member, or to all but one (which may be NULL); all
 * get what was said before first.  hub_tell_line() puts nothing in front.
 * Cut to HUB_LINE_MAX and made clean, but nothing follows a NUL in a %s.
 */
void hub_tell(struct hub *, struct member *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void hub_tell_line(struct hub *, struct member *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void hub_tell_all(struct hub *, const struct member *but, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* Wakes every transport when the log has grown since the last call. */
void hub_flush(struct hub *);

/* By nick or name, case folded; NULL if there is none. */
struct member *hub_find(const struct hub *, struct str nick);
size_t hub_count(const struct hub *);
uint64_t hub_said(const struct hub *); /* messages ever */

/* In the order of joining: the first member, and the one after. */
struct member *hub_first(const struct hub *);
struct member *hub_next(const struct member *);

uint64_t member_id(const struct member *);     /* never 0, never reused */
struct str member_name(const struct member *); /* the nick, or the name */
void *member_owner(const struct member *);
const struct transport *member_transport(const struct member *);

/*
 * The cursor: the number of the last message that the member has.
 * member_next() gives the first message after it that is to be delivered,
 * skipping the member's own; it moves the cursor over what it skips, and when
 * the log no longer goes back so far it first tells the member
 * `* N lines were missed`.  Returns 0, or -1 when there is nothing to deliver.
 */
uint64_t member_cursor(const struct member *);
void member_set_cursor(struct member *, uint64_t seq);
int member_next(struct hub *, struct member *, struct message *);

#endif
