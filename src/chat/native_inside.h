/*
 * The structs of the native dialect's server, for its files alone: native.c
 * (what clients send, and what they are answered), native_session.c (how they
 * come and go) and native_push.c (what they get of the rooms' logs).
 *
 * A session is in the map by its id and in the queue in the order of the
 * deadlines, which is that of the latest datagrams.  It has a member but while
 * it is joining.
 */
#ifndef CHATD_NATIVE_INSIDE_H
#define CHATD_NATIVE_INSIDE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/siphash.h"
#include "base/tally.h"
#include "chat/native.h"
#include "chat/wire.h"

/* What became of a number. */
struct outcome {
	uint64_t stamp; /* to be committed before it is acknowledged */
	enum hub_result result;
};

struct session {
	TAILQ_ENTRY(session) entry;
	uint64_t id;
	struct path path;      /* proven */
	struct member *member; /* NULL while it joins */
	int64_t deadline;      /* mono */
	uint32_t last;         /* the last number that was taken */
	uint32_t acked;        /* all up to it are committed */
	struct outcome outcomes[NATIVE_WINDOW]; /* of n at n % NATIVE_WINDOW */
	struct room *notes;  /* a log of them, never seen by anyone else */
	int64_t pulled;      /* mono, up to which it has had its datagrams */
	uint64_t began;      /* tells it from one before, of the same id */
	uint32_t changes;    /* of room or nick */
	uint32_t changed_by; /* the last line taken by the latest of them */
	bool is_told;        /* a STATE: */
	uint64_t room_id;    /* the room in it, */
	uint64_t start;      /* where the client begins there, */
	char nick[CHAT_NICK_MAX + 1]; /* and its nick */
};

TAILQ_HEAD(sessions, session);

/* Of a room whose newest messages were pushed and may have been lost. */
struct tail {
	uint64_t room_id; /* or 0: free */
	int64_t due;      /* mono, of the next TAIL */
	unsigned step;
};

struct native {
	struct hub *hub;
	struct native_config config;
	struct transport transport;
	struct native_stats stats;
	struct siphash_key key; /* of cookies */
	struct map *by_id;
	struct tally *per_address;
	struct sessions sessions;
	uint64_t committed; /* as of the last look at what waits for it */
	struct tail tails[HUB_ROOMS_MAX];
	/* While a datagram is taken: */
	struct session *answering; /* its sender, or NULL once that is gone */
	struct wire_out answer; /* what it gets, in one datagram if it fits */
	bool owes_ack, owes_state;
	unsigned repairs_left; /* datagrams for what it pulls */
};

/* native.c */

/* Returns how many paths were taken. */
size_t native_send(struct native *, const struct path *const *to, size_t count,
    struct str datagram);
void native_send_frame(struct native *, const struct path *, uint64_t context,
    const struct wire_frame *);
void native_send_state(struct native *, struct session *);

/* native_session.c */

/*
 * Whose datagram it is: that of a session at that very address, or of one that
 * the first frame joins or moves there.  Else NULL; then the sender got a
 * cookie at most, or was refused.
 */
struct session *native_sender(struct native *, uint64_t id, const struct path *,
    const struct wire_frame *first, size_t received, struct instant now);

/* Its member leaves; or has left already. */
void native_leave(struct native *, struct session *, const char *reason);
void native_forget(struct native *, struct session *);

/* The member's room is the session's now, and the client begins in it with the
 * recent past. */
void native_enter(struct session *);

/* Moves `acked` over what is committed.  Whether it moved. */
bool native_settle(const struct native *, struct session *);

/* Whether it passes by itself: the same may be tried again later. */
bool native_is_temporary(enum hub_result);

struct wire_frame native_cookie(
    const struct native *, const struct addr *remote, struct instant now);

/* native_push.c */

/* To all in the hall what was committed since the last push there. */
void native_push(struct native *, struct hall *);

/* The line to all in the hall but one, or NULL. */
void native_notice(
    struct native *, struct hall *, const struct member *but, struct str line);

/* How many datagrams it may get now of what it pulls. */
unsigned native_repairs(struct session *, struct instant now);

/* Answers to a PULL. */
void native_pull_messages(
    struct native *, struct session *, uint64_t from, uint64_t to);
void native_pull_notes(
    struct native *, struct session *, uint64_t from, uint64_t to);

/* TAILs that are due, and when the next one is. */
void native_tick_tails(struct native *, struct instant now);
int64_t native_tail_deadline(const struct native *);

#endif
