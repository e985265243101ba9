/*
 * A member is in the list until it is freed, and in the map, by its name and
 * by its nick, until it leaves.  While hub->holds is not 0 nobody is freed:
 * who leaves is marked as gone, and no transport hears of it again.
 */
#include "chat/hub.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/text.h"
#include "chat/nick.h"

/* A token bucket, kept as the time at which it will be full again. */
struct bucket {
	int64_t full_at;
	bool told; /* that it was empty */
};

struct member {
	TAILQ_ENTRY(member) entry;
	const struct transport *transport;
	void *owner;
	uint64_t id;
	uint64_t cursor;
	struct bucket lines;
	struct bucket commands;
	bool gone;
	char name[CHAT_NICK_MAX + 1];
	char nick[CHAT_NICK_MAX + 1]; /* empty until it takes one */
};

TAILQ_HEAD(members, member);

struct hub {
	struct hub_config config;
	struct room *room;
	struct map *names; /* folded names and nicks to members */
	struct members members;
	size_t count; /* of members that are not gone */
	size_t gone;
	unsigned holds;
	uint64_t last_id;
	uint64_t flushed; /* room_last() at the last flush */
	bool flushing;
	const struct transport *transports[HUB_TRANSPORTS_MAX];
};

struct hub *
hub_new(const struct hub_config *config)
{
	struct hub *hub = calloc(1, sizeof(*hub));

	if (hub == NULL)
		return NULL;
	hub->config = *config;
	TAILQ_INIT(&hub->members);
	hub->names = map_new();
	hub->room = room_new("lobby", config->max_messages, config->max_bytes);
	if (hub->names == NULL || hub->room == NULL) {
		hub_free(hub);
		return NULL;
	}
	return hub;
}

void
hub_free(struct hub *hub)
{
	struct member *m;

	if (hub == NULL)
		return;
	while ((m = TAILQ_FIRST(&hub->members)) != NULL) {
		TAILQ_REMOVE(&hub->members, m, entry);
		m->transport->removed(m->transport->arg, m->owner);
		free(m);
	}
	room_free(hub->room);
	map_free(hub->names);
	free(hub);
}

struct room *
hub_room(const struct hub *hub)
{
	return hub->room;
}

/* The place that holds the transport (NULL: a free one), or NULL. */
static const struct transport **
transport_slot(struct hub *hub, const struct transport *t)
{
	for (size_t i = 0; i < HUB_TRANSPORTS_MAX; i++) {
		if (hub->transports[i] == t)
			return &hub->transports[i];
	}
	return NULL;
}

int
hub_add_transport(struct hub *hub, const struct transport *t)
{
	const struct transport **slot = transport_slot(hub, NULL);

	if (slot == NULL)
		return -1;
	*slot = t;
	return 0;
}

void
hub_remove_transport(struct hub *hub, const struct transport *t)
{
	const struct transport **slot = transport_slot(hub, t);

	if (slot != NULL)
		*slot = NULL;
}

void
hub_hold(struct hub *hub)
{
	hub->holds++;
}

static void
reap(struct hub *hub)
{
	struct member *m, *next;

	for (m = TAILQ_FIRST(&hub->members); hub->gone > 0; m = next) {
		next = TAILQ_NEXT(m, entry);
		if (m->gone) {
			TAILQ_REMOVE(&hub->members, m, entry);
			free(m);
			hub->gone--;
		}
	}
}

void
hub_release(struct hub *hub)
{
	if (--hub->holds == 0)
		reap(hub);
}

/* Returns 0, or -1 without memory. */
static int
name_add(struct hub *hub, struct member *m, struct str name)
{
	struct nick_key key;

	nick_fold(name, &key);
	return map_put(hub->names, key.bytes, key.len, m);
}

static void
name_del(struct hub *hub, struct str name)
{
	struct nick_key key;

	nick_fold(name, &key);
	map_del(hub->names, key.bytes, key.len);
}

struct member *
hub_find(const struct hub *hub, struct str name)
{
	struct nick_key key;

	if (nick_fold(name, &key) == -1)
		return NULL;
	return map_get(hub->names, key.bytes, key.len);
}

/* Formats a line into out, of HUB_LINE_MAX bytes, and makes it clean. */
static struct str __attribute__((format(printf, 3, 0)))
line_format(char *out, const char *prefix, const char *format, va_list ap)
{
	char raw[HUB_LINE_MAX];
	size_t len = strlen(prefix);

	memcpy(raw, prefix, len);
	vsnprintf(raw + len, sizeof(raw) - len, format, ap);
	len = text_clean(out, HUB_LINE_MAX, str_of(raw), NULL);
	return (struct str){ out, len };
}

static void
deliver(struct hub *hub, struct member *m, struct str line)
{
	if (m->gone)
		return;
	hub_hold(hub);
	m->transport->tell(m->transport->arg, m->owner, line);
	hub_release(hub);
}

void
hub_tell(struct hub *hub, struct member *m, const char *format, ...)
{
	char out[HUB_LINE_MAX];
	struct str line;
	va_list ap;

	va_start(ap, format);
	line = line_format(out, "* ", format, ap);
	va_end(ap);
	deliver(hub, m, line);
}

void
hub_tell_line(struct hub *hub, struct member *m, const char *format, ...)
{
	char out[HUB_LINE_MAX];
	struct str line;
	va_list ap;

	va_start(ap, format);
	line = line_format(out, "", format, ap);
	va_end(ap);
	deliver(hub, m, line);
}

void
hub_tell_all(struct hub *hub, const struct member *but, const char *format, ...)
{
	char out[HUB_LINE_MAX];
	struct member *m;
	struct str line;
	va_list ap;

	va_start(ap, format);
	line = line_format(out, "* ", format, ap);
	va_end(ap);
	hub_hold(hub);
	hub_flush(hub);
	TAILQ_FOREACH(m, &hub->members, entry) {
		if (m != but)
			deliver(hub, m, line);
	}
	hub_release(hub);
}

void
hub_flush(struct hub *hub)
{
	if (hub->flushing || hub->flushed == room_last(hub->room))
		return;
	hub->flushing = true;
	hub->flushed = room_last(hub->room);
	hub_hold(hub);
	for (size_t i = 0; i < HUB_TRANSPORTS_MAX; i++) {
		const struct transport *t = hub->transports[i];

		if (t != NULL)
			t->wake(t->arg);
	}
	hub_release(hub);
	hub->flushing = false;
}

static enum hub_result
why_not_join(const struct hub *hub, struct str name)
{
	if (name.len == 0 || name.len > CHAT_NICK_MAX || !text_is_clean(name))
		return HUB_BAD_NICK;
	if (hub->count >= hub->config.max_members)
		return HUB_FULL;
	return hub_find(hub, name) != NULL ? HUB_TAKEN : HUB_OK;
}

static struct member *
member_new(struct hub *hub, const struct transport *t, void *owner,
    struct str name, struct instant now)
{
	struct member *m = calloc(1, sizeof(*m));

	if (m == NULL || name_add(hub, m, name) == -1) {
		free(m);
		return NULL;
	}
	memcpy(m->name, name.p, name.len);
	m->transport = t;
	m->owner = owner;
	m->id = ++hub->last_id;
	m->cursor = room_last(hub->room);
	m->lines.full_at = m->commands.full_at = now.mono;
	TAILQ_INSERT_TAIL(&hub->members, m, entry);
	hub->count++;
	return m;
}

struct member *
hub_join(struct hub *hub, const struct transport *t, void *owner,
    struct str name, enum hub_result *result, struct instant now)
{
	struct member *m;

	*result = why_not_join(hub, name);
	if (*result != HUB_OK)
		return NULL;
	m = member_new(hub, t, owner, name, now);
	if (m == NULL) {
		*result = HUB_NOMEM;
		return NULL;
	}
	hub_tell(hub, m, "%s: %zu here; /help lists the commands%s",
	    room_name(hub->room), hub->count,
	    m->cursor > 0 ? "; /history shows what was said" : "");
	return m;
}

void
hub_leave(struct hub *hub, struct member *m, const char *reason)
{
	if (m->gone)
		return;
	hub_hold(hub);
	m->gone = true;
	hub->gone++;
	hub->count--;
	name_del(hub, str_of(m->name));
	if (m->nick[0] != '\0')
		name_del(hub, str_of(m->nick));
	if (reason != NULL)
		hub_tell_all(hub, m, "%s left (%s)", member_name(m).p, reason);
	hub_release(hub);
}

void
hub_remove(struct hub *hub, struct member *m, const char *reason)
{
	hub_hold(hub);
	hub_tell(hub, m, "you were removed (%s)", reason);
	if (!m->gone) {
		m->transport->removed(m->transport->arg, m->owner);
		hub_leave(hub, m, reason);
	}
	hub_release(hub);
}

static bool
bucket_take(
    struct bucket *b, const struct hub_config *config, struct instant now)
{
	int64_t size = SECONDS(config->flood_seconds);
	int64_t from = b->full_at > now.mono ? b->full_at : now.mono;

	if (config->flood_lines == 0)
		return true;
	from += size / config->flood_lines;
	if (from > now.mono + size)
		return false;
	b->full_at = from;
	return true;
}

bool
hub_allows_return(
    const struct hub *hub, struct hub_usage *usage, struct instant now)
{
	struct bucket lines = { .full_at = usage->lines };
	bool allowed = bucket_take(&lines, &hub->config, now);

	usage->lines = lines.full_at;
	return allowed;
}

struct hub_usage
member_usage(const struct member *m)
{
	return (struct hub_usage){ m->lines.full_at, m->commands.full_at };
}

void
member_set_usage(struct member *m, struct hub_usage usage)
{
	m->lines.full_at = usage.lines;
	m->commands.full_at = usage.commands;
}

/* done: what was not, "said" or "done". */
static bool
allows(struct hub *hub, struct member *m, struct bucket *b, const char *done,
    struct instant now)
{
	bool allowed =
	    m->transport->exempt || bucket_take(b, &hub->config, now);
	bool tell = !allowed && !b->told;

	b->told = !allowed;
	if (tell)
		hub_tell(hub, m,
		    "slow down: at most %u lines in %u seconds; "
		    "your line was not %s",
		    hub->config.flood_lines, hub->config.flood_seconds, done);
	return allowed;
}

bool
hub_allows_command(struct hub *hub, struct member *m, struct instant now)
{
	return allows(hub, m, &m->commands, "done", now);
}

/* Whether *text may be said; then it is clean and in out, NUL-terminated. */
static enum hub_result
text_take(struct hub *hub, struct member *m, struct str text,
    char out[CHAT_TEXT_MAX + 1], struct instant now)
{
	bool cut;

	if (str_trim(text).len == 0)
		return HUB_EMPTY;
	if (!allows(hub, m, &m->lines, "said", now))
		return HUB_FLOOD;
	text_clean(out, CHAT_TEXT_MAX + 1, text, &cut);
	if (cut)
		hub_tell(
		    hub, m, "your line was cut to %d bytes", CHAT_TEXT_MAX);
	return HUB_OK;
}

enum hub_result
hub_say(struct hub *hub, struct member *m, enum message_kind kind,
    struct str text, struct instant now)
{
	char clean[CHAT_TEXT_MAX + 1];
	enum hub_result result;

	hub_hold(hub);
	result = text_take(hub, m, text, clean, now);
	if (result == HUB_OK) {
		struct message message = {
			.time = now.wall,
			.sender = m->id,
			.kind = kind,
			.via = m->transport->name,
			.nick = member_name(m),
			.text = str_of(clean),
		};

		if (room_append(hub->room, &message) == 0)
			result = HUB_NOMEM;
	}
	hub_release(hub);
	return result;
}

enum hub_result
hub_private(struct hub *hub, struct member *from, struct str to,
    struct str text, struct instant now)
{
	struct member *m = hub_find(hub, to);
	char clean[CHAT_TEXT_MAX + 1];
	enum hub_result result;

	if (m == NULL)
		return HUB_NOBODY;
	hub_hold(hub);
	result = text_take(hub, from, text, clean, now);
	if (result == HUB_OK) {
		hub_tell_line(
		    hub, m, "[%s -> you]: %s", member_name(from).p, clean);
		hub_tell_line(
		    hub, from, "[you -> %s]: %s", member_name(m).p, clean);
	}
	hub_release(hub);
	return result;
}

enum hub_result
hub_set_nick(struct hub *hub, struct member *m, struct str nick)
{
	char old[CHAT_NICK_MAX + 1];
	struct member *holder;

	if (!nick_is_valid(nick))
		return HUB_BAD_NICK;
	if (str_eq(nick, str_of(m->nick)))
		return HUB_OK;
	holder = hub_find(hub, nick);
	if (holder != NULL && holder != m)
		return HUB_TAKEN;
	if (holder == NULL && name_add(hub, m, nick) == -1)
		return HUB_NOMEM;
	if (holder == NULL && m->nick[0] != '\0')
		name_del(hub, str_of(m->nick));
	strcpy(old, member_name(m).p);
	memcpy(m->nick, nick.p, nick.len);
	m->nick[nick.len] = '\0';
	hub_tell_all(hub, NULL, "%s is now %s", old, m->nick);
	return HUB_OK;
}

size_t
hub_count(const struct hub *hub)
{
	return hub->count;
}

uint64_t
hub_said(const struct hub *hub)
{
	return room_last(hub->room);
}

/* The member itself, or the next one that is still here. */
static struct member *
still_here(struct member *m)
{
	while (m != NULL && m->gone)
		m = TAILQ_NEXT(m, entry);
	return m;
}

struct member *
hub_first(const struct hub *hub)
{
	return still_here(TAILQ_FIRST(&hub->members));
}

struct member *
hub_next(const struct member *m)
{
	return still_here(TAILQ_NEXT(m, entry));
}

uint64_t
member_id(const struct member *m)
{
	return m->id;
}

struct str
member_name(const struct member *m)
{
	return str_of(m->nick[0] != '\0' ? m->nick : m->name);
}

void *
member_owner(const struct member *m)
{
	return m->owner;
}

const struct transport *
member_transport(const struct member *m)
{
	return m->transport;
}

uint64_t
member_cursor(const struct member *m)
{
	return m->cursor;
}

void
member_set_cursor(struct member *m, uint64_t seq)
{
	m->cursor = seq;
}

/* Moves a cursor that the log no longer reaches. */
static void
skip_missed(struct hub *hub, struct member *m)
{
	uint64_t before = room_first(hub->room) - 1;
	uint64_t missed = before - m->cursor;

	if (m->cursor >= before)
		return;
	m->cursor = before;
	hub_tell(hub, m, "%" PRIu64 " lines were missed", missed);
}

/* Moves the cursor over the member's own messages. */
static int
next_of_others(const struct hub *hub, struct member *m, struct message *message)
{
	while (room_get(hub->room, m->cursor + 1, message) == 0) {
		if (message->sender != m->id)
			return 0;
		m->cursor++;
	}
	return -1;
}

int
member_next(struct hub *hub, struct member *m, struct message *message)
{
	int found;

	hub_hold(hub);
	skip_missed(hub, m);
	found = m->gone ? -1 : next_of_others(hub, m, message);
	hub_release(hub);
	return found;
}
