/*
 * The message of number n lies in slot n % max of the ring, and the messages
 * first to last, no others, are there: what is looked up by its number is
 * found at once, however long the log.
 */
#include "chat/room.h"

#include <stdlib.h>
#include <string.h>

/* The nick and then the text lie behind the message, in one allocation. */
struct entry {
	struct message message;
	char bytes[];
};

struct room {
	char name[CHAT_ROOM_MAX + 1];
	struct entry **ring;
	size_t max_messages;
	size_t max_bytes;
	size_t bytes; /* of all nicks and texts kept */
	uint64_t first;
	uint64_t last;
};

struct room *
room_new(const char *name, size_t max_messages, size_t max_bytes)
{
	size_t len = strlen(name);
	struct room *r;

	if (len == 0 || len > CHAT_ROOM_MAX || max_messages == 0)
		return NULL;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	memcpy(r->name, name, len);
	r->max_messages = max_messages;
	r->max_bytes = max_bytes;
	r->first = 1;
	r->ring = calloc(max_messages, sizeof(struct entry *));
	if (r->ring == NULL) {
		free(r);
		return NULL;
	}
	return r;
}

void
room_free(struct room *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->max_messages; i++)
		free(r->ring[i]);
	free(r->ring);
	free(r);
}

const char *
room_name(const struct room *r)
{
	return r->name;
}

static struct entry **
slot(const struct room *r, uint64_t seq)
{
	return &r->ring[seq % r->max_messages];
}

static size_t
message_size(const struct message *m)
{
	return m->nick.len + m->text.len;
}

/* A copy of s at to, which is moved past it. */
static struct str
copy(char **to, struct str s)
{
	struct str out = { *to, s.len };

	if (s.len > 0)
		memcpy(*to, s.p, s.len);
	*to += s.len;
	return out;
}

static struct entry *
entry_new(const struct message *m, uint64_t seq)
{
	struct entry *e = malloc(sizeof(*e) + message_size(m));
	char *to;

	if (e == NULL)
		return NULL;
	to = e->bytes;
	e->message = *m;
	e->message.seq = seq;
	e->message.nick = copy(&to, m->nick);
	e->message.text = copy(&to, m->text);
	return e;
}

static void
drop_oldest(struct room *r)
{
	struct entry **oldest = slot(r, r->first++);

	r->bytes -= message_size(&(*oldest)->message);
	free(*oldest);
	*oldest = NULL;
}

/* Whether a message of that size has to wait for the oldest to go. */
static bool
is_full(const struct room *r, size_t size)
{
	uint64_t kept = r->last + 1 - r->first;

	return kept == r->max_messages ||
	    (kept > 0 && r->bytes + size > r->max_bytes);
}

uint64_t
room_append(struct room *r, const struct message *m)
{
	struct entry *e = entry_new(m, r->last + 1);
	size_t size;

	if (e == NULL)
		return 0;
	size = message_size(&e->message);
	while (is_full(r, size))
		drop_oldest(r);
	*slot(r, ++r->last) = e;
	r->bytes += size;
	return r->last;
}

int
room_get(const struct room *r, uint64_t seq, struct message *out)
{
	if (seq < r->first || seq > r->last)
		return -1;
	*out = (*slot(r, seq))->message;
	return 0;
}

uint64_t
room_first(const struct room *r)
{
	return r->first;
}

uint64_t
room_last(const struct room *r)
{
	return r->last;
}
