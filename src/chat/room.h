/*
 * A room is an append-only log of messages, numbered 1, 2, 3, ... without
 * gaps and bounded in memory: the oldest give way to the newest.  Nobody is
 * in it and nothing is sent from here; whoever receives keeps the number of
 * the last message that it has, a cursor, and reads on from there.
 */
#ifndef CHATD_ROOM_H
#define CHATD_ROOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define CHAT_TEXT_MAX 1024 /* bytes of one message's text, without the NUL */
#define CHAT_NICK_MAX 48   /* bytes of a nick or ADDRESS@PORT, likewise */
#define CHAT_ROOM_MAX 32   /* bytes of a room's name, likewise */

enum message_kind {
	MESSAGE_SAY,   /* [nick]: text */
	MESSAGE_ACTION /* * nick text */
};

/* The strs stay valid until the room is next appended to. */
struct message {
	uint64_t seq;
	int64_t time;    /* milliseconds since 1970 UTC */
	uint64_t sender; /* the member's id, or 0 */
	enum message_kind kind;
	const char *via; /* the transport's name: "udp", "console" */
	struct str nick;
	struct str text;
};

struct room;

/*
 * An empty room that keeps at most max_messages (1 or more) and, of their
 * text and nicks, at most max_bytes; the newest message always stays.
 * NULL without memory, and for a name that is empty or too long.
 */
struct room *room_new(const char *name, size_t max_messages, size_t max_bytes);
void room_free(struct room *);

const char *room_name(const struct room *);

/*
 * Appends a copy; seq is ignored, and given by the room.  nick and text are
 * clean already (text_clean) and within their limits.
 * Returns the message's number, or 0 without memory, and then nothing has
 * changed.
 */
uint64_t room_append(struct room *, const struct message *);

/* The message of that number.  Returns 0, or -1 when it is not kept. */
int room_get(const struct room *, uint64_t seq, struct message *);

/* The numbers of the oldest message kept and of the newest; 1 and 0 if none. */
uint64_t room_first(const struct room *);
uint64_t room_last(const struct room *);

#endif
