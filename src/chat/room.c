/*
 * The message of number n lies in slot n % max of the ring, and the messages
 * first to appended, no others, are there: what is looked up by its number is
 * found at once, however long the log.
 */
#include "chat/room.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct room {
	char name[CHAT_ROOM_MAX + 1];
	char topic[CHAT_TOPIC_MAX + 1];
	uint64_t id;
	struct message **ring;
	size_t max_messages;
	size_t max_bytes;
	size_t bytes; /* of all strs kept */
	uint64_t first;
	uint64_t appended;
	uint64_t committed;
};

static size_t
message_size(const struct message *m)
{
	return m->via.len + m->nick.len + m->to_nick.len + m->text.len;
}

/* A copy of s at to, which is moved past it. */
static struct str
copy_str(char **to, struct str s)
{
	struct str out = { *to, s.len };

	if (s.len > 0)
		memcpy(*to, s.p, s.len);
	*to += s.len;
	return out;
}

/* The strs lie behind the message. */
struct message *
message_copy(const struct message *m)
{
	struct message *out = malloc(sizeof(*out) + message_size(m));
	char *to;

	if (out == NULL)
		return NULL;
	to = (char *)(out + 1);
	*out = *m;
	out->via = copy_str(&to, m->via);
	out->nick = copy_str(&to, m->nick);
	out->to_nick = copy_str(&to, m->to_nick);
	out->text = copy_str(&to, m->text);
	return out;
}

struct room *
room_new(const char *name, uint64_t id, size_t max_messages, size_t max_bytes)
{
	size_t len = strlen(name);
	struct room *r;

	if (len == 0 || len > CHAT_ROOM_MAX || max_messages == 0)
		return NULL;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	memcpy(r->name, name, len);
	r->id = id;
	r->max_messages = max_messages;
	r->max_bytes = max_bytes;
	r->first = 1;
	r->ring = calloc(max_messages, sizeof(struct message *));
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

uint64_t
room_id(const struct room *r)
{
	return r->id;
}

const char *
room_topic(const struct room *r)
{
	return r->topic;
}

void
room_set_topic(struct room *r, struct str topic)
{
	text_clean(r->topic, sizeof(r->topic), topic, NULL);
}

static struct message **
slot(const struct room *r, uint64_t seq)
{
	return &r->ring[seq % r->max_messages];
}

static void
drop(struct room *r, uint64_t seq)
{
	struct message **m = slot(r, seq);

	r->bytes -= message_size(*m);
	free(*m);
	*m = NULL;
}

/* Whether a message of that size has to wait for the oldest to go. */
static bool
is_full(const struct room *r, size_t size)
{
	uint64_t kept = r->appended + 1 - r->first;

	return kept == r->max_messages ||
	    (kept > 0 && r->bytes + size > r->max_bytes);
}

uint64_t
room_append(struct room *r, const struct message *m)
{
	struct message *kept = message_copy(m);
	size_t size = message_size(m);

	if (kept == NULL)
		return 0;
	while (is_full(r, size))
		drop(r, r->first++);
	kept->seq = ++r->appended;
	*slot(r, kept->seq) = kept;
	r->bytes += size;
	return r->appended;
}

void
room_retract(struct room *r)
{
	drop(r, r->appended--);
}

void
room_commit(struct room *r, uint64_t seq)
{
	r->committed = seq;
}

int
room_restore(struct room *r, const struct message *m)
{
	if (m->seq != r->appended + 1) {
		while (r->first <= r->appended)
			drop(r, r->first++);
		r->first = m->seq;
		r->appended = m->seq - 1;
	}
	if (room_append(r, m) == 0)
		return -1;
	r->committed = r->appended;
	return 0;
}

int
room_get(const struct room *r, uint64_t seq, struct message *out)
{
	if (seq < r->first || seq > r->committed)
		return -1;
	*out = **slot(r, seq);
	return 0;
}

/* What waits to be committed may have pushed out all that is. */
uint64_t
room_first(const struct room *r)
{
	return r->first <= r->committed ? r->first : r->committed + 1;
}

uint64_t
room_last(const struct room *r)
{
	return r->committed;
}

uint64_t
room_appended(const struct room *r)
{
	return r->appended;
}

bool
message_is_for(const struct message *m, uint64_t identity, bool is_operator)
{
	return m->to == TO_ALL || m->to == identity || m->author == identity ||
	    (m->to == TO_OPERATORS && is_operator);
}
