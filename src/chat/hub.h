/*
 * The hub knows the rooms and who is in them, by whatever transport.  To say
 * something is to append it to a room's log; hub_flush() then lets each
 * transport move its members' cursors as far as it can.  No member has a
 * queue: one that is slow lags behind in the log, and one that lags past its
 * beginning is told how many messages it missed.
 *
 * A member is one way into one room; the person behind it (chat/people) may
 * have several.  A transport owns what it needs to reach a member (an address,
 * a stream) and hands itself in as `owner`.  Nothing here reads a clock or a
 * socket.
 */
#ifndef CHATD_HUB_H
#define CHATD_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/str.h"
#include "chat/ledger.h"
#include "chat/people.h"
#include "chat/room.h"

struct hub;
struct hall; /* a room and the members in it */
struct member;

#define HUB_LINE_MAX       1152 /* bytes of the longest line told, and a NUL */
#define HUB_TRANSPORTS_MAX 8
#define HUB_ROOMS_MAX      64   /* an empty one gives way to a new one */
#define HUB_NETWORK_MAX    1024 /* members from one address, or IPv6 /64 */
#define HUB_TOKEN_LEN      16   /* bytes of the secret behind an identity */

#define LOBBY "lobby"

struct hub_config {
	size_t max_messages;    /* messages a room keeps */
	size_t max_bytes;       /* and bytes of their text and nicks */
	size_t max_members;     /* beyond these nobody joins */
	unsigned flood_lines;   /* a person may say so many lines, 0 = any, */
	unsigned flood_seconds; /* in so many seconds (a token bucket) */
	/* As many commands that say nothing have a bucket of their own. */
	const struct ledger *ledger; /* NULL: in memory alone */
};

struct transport {
	const char *name; /* a message's `via` */
	/* The hall's log may have grown: advance your members' cursors. */
	void (*wake)(void *arg, struct hall *);
	/* One line of clean text, without a newline, for this member alone. */
	void (*tell)(void *arg, void *owner, struct str line);
	/* The same for all of your members in the hall but one, which may be
	 * NULL; NULL here: tell() is called for each. */
	void (*tell_all)(void *arg, struct hall *, const struct member *but,
	    struct str line);
	/*
	 * The hub removes the member, which is freed on return; the reason was
	 * told before.  Not called for hub_leave(), the transport's own wish.
	 */
	void (*removed)(void *arg, void *owner, const char *reason);
	void *arg;
	bool exempt; /* its members never flood, and are operators */
	bool echoes; /* its members get what they say themselves, too */
	bool shares; /* who has no token may be one of many behind an address */
	bool waits;  /* a line that floods will come again by itself */
};

enum hub_result {
	HUB_OK,
	HUB_EMPTY,       /* no text */
	HUB_FLOOD,       /* more than --flood allows; not said */
	HUB_SLOW,        /* the room is slow, and it was too early */
	HUB_MUTED,       /* by an operator */
	HUB_BAD_NICK,    /* empty, too long, white space, reserved, unclean */
	HUB_TAKEN,       /* somebody has that nick */
	HUB_NOBODY,      /* no member of that name */
	HUB_BAD_ROOM,    /* no name for a room */
	HUB_LOCKED,      /* nobody new may join the room */
	HUB_BANNED,      /* nor may this person or address */
	HUB_FULL,        /* max_members are in, or HUB_ROOMS_MAX rooms in use */
	HUB_NOT_ALLOWED, /* that is for operators */
	HUB_BAD_CODE,    /* which makes nobody an operator */
	HUB_NO_COMMAND,  /* there is none of that name */
	HUB_USAGE,       /* a command's argument is missing or wrong */
	HUB_BUSY,        /* the ledger takes nothing now; try again */
	HUB_NOMEM
};

/* NULL without memory or randomness.  The hub has one room, LOBBY. */
struct hub *hub_new(const struct hub_config *);
void hub_free(struct hub *);

/* Told to each new member, a line of it after the other; "" is nothing.
 * Made clean and cut to 4096 bytes.  Returns 0, or -1 without memory. */
int hub_set_motd(struct hub *, struct str text);

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

/* Rooms. */

/* The hall of that name, folded; NULL if there is none. */
struct hall *hub_hall(const struct hub *, struct str name);
struct hall *hub_first_hall(const struct hub *); /* the lobby */
struct hall *hub_next_hall(const struct hall *);

const struct room *hall_room(const struct hall *);
size_t hall_count(const struct hall *); /* members in it */

/* A number that grows whenever somebody comes, goes, takes a nick, becomes an
 * operator or is away, and when the topic changes: for who shows all that. */
uint64_t hall_version(const struct hall *);

/* In the order of joining: the first member in it, and the one after. */
struct member *hall_first(const struct hall *);
struct member *hall_next(const struct member *);

/* People. */

/* The identity that a secret of any length stands for; never 0 or 1.  It tells
 * nothing of the secret. */
uint64_t hub_identity(const struct hub *, const void *secret, size_t len);

struct arrival {
	const struct transport *transport;
	void *owner;
	/*
	 * How it is called until it takes a nick: ADDRESS@PORT, which no nick
	 * can be since nicks have no '@', or a reserved name such as the
	 * console's.
	 */
	struct str name;
	struct str nick;   /* wished: else with a digit behind; empty: none */
	struct str room;   /* made if there is none; empty: the LOBBY */
	uint64_t id;       /* the member's, or 0: a new one */
	uint64_t identity; /* or 0: of nobody known */
	bool is_known;     /* the identity is of a secret of their own */
	bool is_silent;    /* is not told what others are at the begin; not
			    * here for long, and no news (hall_version) */
	const struct addr *from; /* where it comes from, for bans; or NULL */
};

/*
 * A new member, whose cursor stands at the end of the log.  It is told, before
 * this returns, how many are here, the topic and the message of the day.
 * Returns NULL, with *result saying why it may not come in.
 */
struct member *hub_join(struct hub *, const struct arrival *,
    enum hub_result *result, struct instant now);

/*
 * Removes the member and tells the others in its room `* NAME left (reason)`,
 * or nothing where reason is NULL.  Frees it.
 */
void hub_leave(struct hub *, struct member *, const char *reason);

/* The same against its will: it is told why, and its transport too.  The
 * second does so to all members of the person. */
void hub_remove(struct hub *, struct member *, const char *reason);
void hub_remove_person(struct hub *, struct member *, const char *reason);

/* Goes to another room, where its cursor stands at the end of the log.  The
 * member stays the same.  It is told as in hub_join(). */
enum hub_result hub_move(
    struct hub *, struct member *, struct str room, struct instant now);

/*
 * Appends to the log of the member's room.  The text is made clean and cut to
 * CHAT_TEXT_MAX; the member is told when it was cut, and once when it floods.
 * member_stamp() then says when it will be committed.
 */
enum hub_result hub_say(struct hub *, struct member *, enum message_kind,
    struct str text, struct instant now);

/*
 * The same for the one person of that nick or name alone, wherever they are;
 * the sender's own members can read it too.
 */
enum hub_result hub_private(struct hub *, struct member *from, struct str to,
    struct str text, struct instant now);

/* To all rooms. */
enum hub_result hub_announce(
    struct hub *, struct member *, struct str text, struct instant now);

/*
 * Whether the member may give one more command of those that say nothing; it
 * is told once when not.
 */
bool hub_allows_command(struct hub *, struct member *, struct instant now);

/* Whether the member has still to be told of a result: a line that waits and
 * comes again is told of once, until something else becomes of it. */
bool hub_is_news(struct member *, enum hub_result);

/* A nick that is unique after folding; tells all `* OLD is now NEW`. */
enum hub_result hub_set_nick(
    struct hub *, struct member *, struct str nick, struct instant now);

/* Away for that reason, or back when it is empty; cut to CHAT_AWAY_MAX. */
void hub_set_away(struct hub *, struct member *, struct str why);

/* What operators decide.  Who may is asked by the caller (chat/command). */

void hub_set_topic(struct hub *, struct hall *, struct str topic);

struct hall_rules {
	bool is_locked;      /* nobody new may join */
	bool asks_operators; /* what others than operators say reaches those */
	unsigned slow;       /* seconds between two lines of a person, or 0 */
};

struct hall_rules *hall_rules(struct hall *); /* to change */

/* The person behind the member may read, not speak. */
void hub_mute(struct hub *, struct member *, bool is_muted);

/* Takes an operator's rights away. */
void hub_demote(struct hub *, struct member *);

/* By nick or name of one who is here, or an address or network (CIDR): who is
 * here and banned is removed.  Returns HUB_OK, HUB_NOBODY, HUB_FULL. */
enum hub_result hub_ban(struct hub *, struct str whom);
enum hub_result hub_unban(struct hub *, struct str whom); /* as it was given */
/* The i-th ban as it was given, or NULL past the last. */
const char *hub_banned(const struct hub *, size_t i);

/* A code that makes one person an operator, once, within an hour; the newest
 * alone counts.  Hexadecimal, valid until the next call. */
const char *hub_operator_code(struct hub *, struct instant now);
/* Makes the person behind the member an operator, or says HUB_BAD_CODE;
 * HUB_NOBODY to who is nobody known where others could be taken for them. */
enum hub_result hub_redeem(
    struct hub *, struct member *, struct str code, struct instant now);

/* Telling. */

/*
 * A line `* text` to one member, or to all in its hall but one (which may be
 * NULL; hall NULL: in all halls); all get what was said before first.
 * hub_tell_line() puts nothing in front.  Cut to HUB_LINE_MAX and made clean,
 * but nothing follows a NUL in a %s.
 */
void hub_tell(struct hub *, struct member *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void hub_tell_line(struct hub *, struct member *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void hub_tell_all(struct hub *, struct hall *, const struct member *but,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Wakes every transport for each hall whose log has grown since the last
 * call. */
void hub_flush(struct hub *);

/* Members. */

/* A member by its nick or name, folded; NULL if there is none. */
struct member *hub_find(struct hub *, struct str nick, struct instant now);
/* Any member with that id; NULL if there is none. */
struct member *hub_member(const struct hub *, uint64_t id);

size_t hub_count(const struct hub *);  /* members in all halls */
uint64_t hub_said(const struct hub *); /* messages since the start */
size_t hub_transport_count(const struct hub *, const struct transport *);

/* In the order of joining: the first member, and the one after. */
struct member *hub_first(const struct hub *);
struct member *hub_next(const struct member *);

uint64_t member_id(const struct member *);     /* never 0, never reused */
struct str member_name(const struct member *); /* the nick, or the name */
void *member_owner(const struct member *);
const struct transport *member_transport(const struct member *);
struct hall *member_hall(const struct member *);
const struct person *member_person(const struct member *);
bool member_is_operator(const struct member *);

/*
 * The cursor: the number of the last message that the member has.
 * member_next() gives the first message after it that the member may read,
 * skipping its own unless its transport echoes; it moves the cursor over what
 * it skips, and when the log no longer goes back so far it first tells the
 * member `* N lines were missed`.  Returns 0, or -1 when there is nothing to
 * deliver.  member_reads() says whether it may read a message.
 */
uint64_t member_cursor(const struct member *);
void member_set_cursor(struct member *, uint64_t seq);
int member_next(struct hub *, struct member *, struct message *);
bool member_reads(const struct member *, const struct message *);

/*
 * Commits.  Each message that is appended gets the next stamp.  member_stamp()
 * is that of the member's last one, member_said() its number in the room; what
 * the member says next carries its own number, member_set_number(), which the
 * hub remembers by the member's id, hub_number(): the greatest that was
 * appended, also of members that left or were here before a restart, or 0.
 */
uint64_t hub_stamp(const struct hub *);        /* of the last appended */
uint64_t hub_committed(const struct hub *);    /* all up to this one are */
void hub_commit(struct hub *, uint64_t stamp); /* by the ledger's keeper, who
						* then calls hub_flush() */
uint64_t member_stamp(const struct member *);
uint64_t member_said(const struct member *);
void member_set_number(struct member *, uint64_t number);
uint64_t hub_number(const struct hub *, uint64_t member_id);

/* From the ledger, before the first member comes. */
void hub_restore_key(struct hub *, const unsigned char key[HUB_TOKEN_LEN]);
struct room *hub_restore_room(
    struct hub *, struct str name, uint64_t id, struct str topic);
int hub_restore_number(struct hub *, uint64_t member_id, uint64_t number);
int hub_restore_nick(
    struct hub *, uint64_t identity, struct str nick, struct instant now);

#endif
