/*
 * What waits to be written, as bytes: an entry after the other, each with its
 * strings behind it.
 */
#ifndef CHATD_ENTRY_H
#define CHATD_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "chat/room.h"

enum entry_type {
	ENTRY_MESSAGE,
	ENTRY_TOPIC, /* message.text is the room's topic */
	ENTRY_NICK   /* message.author has message.nick since message.time */
};

struct entry {
	enum entry_type type;
	uint64_t room; /* its id */
	struct str room_name;
	uint64_t number; /* the sender's own, or 0 */
	struct message message;
};

size_t entry_size(const struct entry *); /* in bytes */

/* Appends it to the buf, which has room for it. */
void entry_add(struct buf *, const struct entry *);

/* Cuts the first entry off *rest, which is not empty.  Its strings lie in
 * those bytes and are never NULL. */
void entry_take(struct str *rest, struct entry *);

#endif
