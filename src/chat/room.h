/*
 * A room is an append-only log of messages, numbered 1, 2, 3, ... without
 * gaps and bounded in memory: the oldest give way to the newest.  Nobody is
 * in it and nothing is sent from here; whoever receives keeps the number of
 * the last message that it has, a cursor, and reads on from there.
 *
 * A message can be read once it is committed.  Where the room is kept in
 * memory alone that is at once; else when it is on disk, so that a number,
 * once seen, never comes to stand for something else.
 */
#ifndef CHATD_ROOM_H
#define CHATD_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define CHAT_TEXT_MAX  1024 /* bytes of one message's text, without the NUL */
#define CHAT_NICK_MAX  48   /* bytes of a nick or ADDRESS@PORT, likewise */
#define CHAT_ROOM_MAX  32   /* bytes of a room's name, likewise */
#define CHAT_TOPIC_MAX 256  /* bytes of its topic, likewise */

/* Bytes of all the strs of a message, at most. */
#define ROOM_MESSAGE_MAX (CHAT_TEXT_MAX + 4 * (CHAT_NICK_MAX + 1))

enum message_kind {
	MESSAGE_SAY,         /* [nick]: text */
	MESSAGE_ACTION,      /* * nick text */
	MESSAGE_ANNOUNCEMENT /* from an operator, to all */
};

/* For whom a message is, besides its author: everybody, the operators, or
 * the one person of that identity. */
#define TO_ALL       0
#define TO_OPERATORS 1

/* The strs stay valid until the room is next appended to. */
struct message {
	uint64_t seq;
	int64_t time;    /* milliseconds since 1970 UTC */
	uint64_t sender; /* the member's id */
	uint64_t author; /* the identity of the person behind it */
	uint64_t to;     /* TO_ALL, TO_OPERATORS or an identity */
	enum message_kind kind;
	struct str via; /* the transport's name: "udp", "console" */
	struct str nick;
	struct str to_nick; /* whom it is for, or empty */
	struct str text;
};

/* A copy with its own strs, in one allocation that free(3) takes; or NULL
 * without memory. */
struct message *message_copy(const struct message *);

/* Whether the person of that identity, who may be an operator, may read it. */
bool message_is_for(
    const struct message *, uint64_t identity, bool is_operator);

struct room;

/*
 * An empty room that keeps at most max_messages (1 or more) and, of their
 * text and nicks, at most max_bytes; the newest message always stays.  id
 * tells this log from any other that had the same name, and is not 0.
 * NULL without memory, and for a name that is empty or too long.
 */
struct room *room_new(
    const char *name, uint64_t id, size_t max_messages, size_t max_bytes);
void room_free(struct room *);

const char *room_name(const struct room *);
uint64_t room_id(const struct room *);

/* Cut to CHAT_TOPIC_MAX; clean already.  Empty at first. */
const char *room_topic(const struct room *);
void room_set_topic(struct room *, struct str);

/*
 * Appends a copy; seq is ignored, and given by the room.  nick and text are
 * clean already (text_clean) and within their limits.
 * Returns the message's number, or 0 without memory, and then nothing has
 * changed.
 */
uint64_t room_append(struct room *, const struct message *);

/* Takes back the newest that was appended, which is not committed. */
void room_retract(struct room *);

/* What was appended up to that number can be read from here on. */
void room_commit(struct room *, uint64_t seq);

/*
 * Puts back a message as it was, with its number, and committed; into a room
 * that holds only messages put back, each with a greater number than the one
 * before.  A gap empties the room.  Returns 0, or -1 without memory.
 */
int room_restore(struct room *, const struct message *);

/* The message of that number.  Returns 0, or -1 when it is not kept, or not
 * committed. */
int room_get(const struct room *, uint64_t seq, struct message *);

/* The numbers of the oldest message kept and of the newest committed; if there
 * are none, the first is one more than the last, which is 0 at the begin. */
uint64_t room_first(const struct room *);
uint64_t room_last(const struct room *);

/* The number of the newest appended. */
uint64_t room_appended(const struct room *);

#endif
