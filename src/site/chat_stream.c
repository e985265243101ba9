/*
 * What the hub tells is shown where it was told: a notice waits until its
 * reader has all messages that were there before it.
 */
#include "site/chat_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/json.h"
#include "base/siphash.h"
#include "http/outbox.h"
#include "site/chat.h"
#include "site/chat_event.h"

#define PROBE_FIRST \
	MILLIS(50) /* for a peer that may be gone; then later \
		    * and later */
#define MEMBERS_EVERY SECONDS(1)
#define ROOMS_EVERY   SECONDS(3)

struct notice {
	STAILQ_ENTRY(notice) entry;
	uint64_t room, after; /* the message behind which it stands; room 0:
			       * at once */
	size_t len;
	char text[];
};

struct stream {
	LIST_ENTRY(stream) entry;
	struct chat_streams *streams;
	struct http_waker waker;
	struct member *member; /* NULL before it joins and when it has ended */
	uint64_t begin;        /* messages up to this one are past */
	const char *farewell;  /* for the event that ends it */
	char reason[HUB_LINE_MAX];
	bool is_begun, is_filling;
	int64_t heartbeat; /* the longest that nothing is sent */
	STAILQ_HEAD(, notice) notices;
	size_t notice_bytes;
	uint64_t lost; /* notices that found no room */
	/* What was sent last. */
	uint64_t room; /* its id */
	uint64_t room_print, rooms_print, members_version;
	int64_t sent_at, members_at, rooms_at;
};

struct chat_streams {
	struct hub *hub;
	bool is_kept;
	struct transport transport;
	LIST_HEAD(, stream) list;
	struct siphash_key key; /* of the prints */
	struct chat_event_cache *cache;
	struct buf scratch;
};

static void
stream_wake(const struct stream *s)
{
	s->waker.wake(s->waker.arg);
}

/* For what was said there, or who is there. */
static void
wake(void *arg, struct hall *hall)
{
	struct chat_streams *streams = arg;
	struct stream *s;

	LIST_FOREACH(s, &streams->list, entry) {
		if (s->member != NULL && member_hall(s->member) == hall)
			stream_wake(s);
	}
}

static const struct room *
room_of(const struct stream *s)
{
	return hall_room(member_hall(s->member));
}

static void
tell(void *arg, void *owner, struct str line)
{
	struct stream *s = owner;
	bool at_once = s->member == NULL || s->is_filling;
	struct notice *n = NULL;

	(void)arg;
	if (s->notice_bytes + line.len <= CHAT_STREAM_NOTICES)
		n = malloc(sizeof(*n) + line.len);
	if (n == NULL) {
		s->lost++;
		return;
	}
	n->room = at_once ? 0 : room_id(room_of(s));
	n->after = at_once ? 0 : room_last(room_of(s));
	n->len = line.len;
	memcpy(n->text, line.p, line.len);
	STAILQ_INSERT_TAIL(&s->notices, n, entry);
	s->notice_bytes += n->len;
	if (!at_once)
		stream_wake(s);
}

static void
stream_end(struct stream *s, const char *farewell)
{
	s->member = NULL;
	s->farewell = farewell;
	stream_wake(s);
}

static void
removed(void *arg, void *owner, const char *reason)
{
	struct stream *s = owner;

	(void)arg;
	snprintf(s->reason, sizeof(s->reason), "you were removed (%s)", reason);
	stream_end(s, s->reason);
}

struct chat_streams *
chat_streams_new(struct hub *hub, bool is_kept)
{
	struct chat_streams *streams = calloc(1, sizeof(*streams));

	if (streams == NULL)
		return NULL;
	streams->hub = hub;
	streams->is_kept = is_kept;
	streams->transport = (struct transport){ .name = "http",
		.wake = wake,
		.tell = tell,
		.removed = removed,
		.arg = streams,
		.echoes = true,
		.shares = true };
	streams->cache = chat_event_cache_new();
	if (streams->cache != NULL && siphash_key_random(&streams->key) == 0 &&
	    hub_add_transport(hub, &streams->transport) == 0)
		return streams;
	chat_streams_free(streams);
	return NULL;
}

void
chat_streams_free(struct chat_streams *streams)
{
	if (streams == NULL)
		return;
	hub_remove_transport(streams->hub, &streams->transport);
	chat_event_cache_free(streams->cache);
	buf_free(&streams->scratch);
	free(streams);
}

/* An event but for its data, which one line holds. */
static void
event_begin(struct buf *out, const char *name)
{
	buf_addf(out, "event: %s\ndata: ", name);
}

static void
event_end(struct buf *out)
{
	buf_add_str(out, STR("\n\n"));
}

static void
add_text_event(struct buf *out, const char *name, struct str text)
{
	event_begin(out, name);
	buf_add_str(out, STR("{\"text\":"));
	json_string(out, text);
	buf_add_str(out, STR("}"));
	event_end(out);
}

static bool
is_due(const struct stream *s, const struct notice *n)
{
	return s->member == NULL || n->room != room_id(room_of(s)) ||
	    n->after <= member_cursor(s->member);
}

static void
notice_drop(struct stream *s, struct notice *n)
{
	STAILQ_REMOVE_HEAD(&s->notices, entry);
	s->notice_bytes -= n->len;
	free(n);
}

static void
add_notices(struct stream *s, struct buf *out)
{
	struct notice *n;
	char line[64];

	while ((n = STAILQ_FIRST(&s->notices)) != NULL && is_due(s, n)) {
		add_text_event(out, "notice", (struct str){ n->text, n->len });
		notice_drop(s, n);
	}
	if (n != NULL || s->lost == 0)
		return;
	snprintf(line, sizeof(line), "* %llu more lines were told, and lost",
	    (unsigned long long)s->lost);
	add_text_event(out, "notice", str_of(line));
	s->lost = 0;
}

/* Returns 0, or -1 without memory. */
static int
add_message(struct stream *s, struct buf *out, const struct message *m)
{
	struct str json = chat_event_message(s->streams->cache, room_of(s), m);

	if (json.len == 0)
		return -1;
	buf_add_str(out, STR("id: "));
	buf_add_u64(out, m->seq);
	buf_add_str(out, STR("\ndata: "));
	buf_add_str(out, json);
	if (m->author == member_person(s->member)->identity)
		buf_add_str(out, STR(",\"own\":true"));
	if (m->seq <= s->begin)
		buf_add_str(out, STR(",\"past\":true"));
	buf_add_str(out, STR("}"));
	event_end(out);
	return 0;
}

static void
add_messages(struct stream *s, struct buf *out)
{
	size_t limit = buf_len(out) + HTTP_OUT_HIGH;
	struct message m;
	bool is_next;

	do {
		is_next = buf_len(out) < limit &&
		    member_next(s->streams->hub, s->member, &m) == 0;
		add_notices(s, out);
		if (!is_next || add_message(s, out, &m) == -1)
			return;
		member_set_cursor(s->member, m.seq);
	} while (!buf_failed(out));
}

static void
add_room(struct stream *s, struct buf *out)
{
	struct buf *b = &s->streams->scratch;
	uint64_t print;

	buf_drain(b, buf_len(b));
	chat_event_room(b, s->member, s->streams->is_kept);
	print = siphash(&s->streams->key, buf_data(b), buf_len(b));
	if (print == s->room_print)
		return;
	s->room_print = print;
	event_begin(out, "room");
	buf_add(out, buf_data(b), buf_len(b));
	chat_event_log(out, room_of(s));
	event_end(out);
}

static void
add_members(struct stream *s, struct buf *out, bool is_new, struct instant now)
{
	uint64_t version = hall_version(member_hall(s->member));

	if (!is_new &&
	    (version == s->members_version ||
		now.mono < s->members_at + MEMBERS_EVERY))
		return;
	s->members_version = version;
	s->members_at = now.mono;
	event_begin(out, "members");
	chat_event_members(out, s->streams->cache, s->member);
	event_end(out);
}

static void
add_rooms(struct stream *s, struct buf *out, bool is_new, struct instant now)
{
	uint64_t print;

	if (!is_new && now.mono < s->rooms_at + ROOMS_EVERY)
		return;
	s->rooms_at = now.mono;
	print = chat_event_rooms_print(
	    s->streams->hub, member_hall(s->member), &s->streams->key);
	if (!is_new && print == s->rooms_print)
		return;
	s->rooms_print = print;
	event_begin(out, "rooms");
	chat_event_rooms(out, s->streams->hub);
	event_end(out);
}

/* What is shown beside the messages, where it has changed. */
static void
add_state(struct stream *s, struct buf *out, struct instant now)
{
	uint64_t room = room_id(room_of(s));
	bool is_new = room != s->room;

	if (is_new && s->room != 0)
		s->begin = 0; /* it moved, and nothing there is past */
	s->room = room;
	add_room(s, out);
	add_members(s, out, is_new, now);
	add_rooms(s, out, is_new, now);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool
stream_fill(void *arg, struct buf *out, struct instant now)
{
	struct stream *s = arg;
	size_t before = buf_len(out);

	if (!s->is_begun)
		buf_add_str(out, STR("retry: 2000\n\n"));
	s->is_begun = true;
	if (s->member == NULL) {
		add_notices(s, out);
		add_text_event(out, "bye", str_of(s->farewell));
		return false;
	}
	s->is_filling = true;
	hub_hold(s->streams->hub);
	add_state(s, out, now);
	add_messages(s, out);
	hub_release(s->streams->hub);
	s->is_filling = false;
	if (buf_len(out) == before && now.mono >= s->sent_at + s->heartbeat) {
		buf_add_str(out, STR(":\n\n"));
		s->heartbeat = earlier(2 * s->heartbeat, CHAT_HEARTBEAT);
	}
	if (buf_len(out) > before)
		s->sent_at = now.mono;
	return true;
}

/* Not all that changes beside the messages wakes a stream: it is looked
 * for. */
static int64_t
stream_deadline(void *arg)
{
	const struct stream *s = arg;
	int64_t at =
	    earlier(s->sent_at + s->heartbeat, s->rooms_at + ROOMS_EVERY);

	if (s->member != NULL &&
	    hall_version(member_hall(s->member)) != s->members_version)
		at = earlier(at, s->members_at + MEMBERS_EVERY);
	return at;
}

static void
stream_half_closed(void *arg)
{
	struct stream *s = arg;

	s->heartbeat = PROBE_FIRST;
	s->sent_at = 0;
}

static void
stream_free(struct stream *s)
{
	struct notice *n;

	while ((n = STAILQ_FIRST(&s->notices)) != NULL)
		notice_drop(s, n);
	free(s);
}

/* The peer is gone: it comes back in a moment, or another page does. */
static void
stream_gone(void *arg)
{
	struct stream *s = arg;

	LIST_REMOVE(s, entry);
	if (s->member != NULL) {
		wake(s->streams, member_hall(s->member));
		hub_leave(s->streams->hub, s->member, NULL);
	}
	stream_free(s);
}

/* Where it begins to read. */
static void
set_begin(struct stream *s, const struct chat_stream_wish *wish)
{
	const struct room *room = room_of(s);
	uint64_t last = room_last(room), kept = last + 1 - room_first(room);
	uint64_t past = wish->past < kept ? wish->past : kept;

	if (!wish->resumes) {
		s->begin = last;
		member_set_cursor(s->member, last - past);
	} else {
		/* A number that is not there yet is of a log before this. */
		member_set_cursor(
		    s->member, wish->since <= last ? wish->since : 0);
	}
}

static struct stream *
stream_new(struct chat_streams *streams, const struct chat_stream_wish *wish,
    struct instant now)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->streams = streams;
	s->waker = wish->waker;
	s->sent_at = s->members_at = s->rooms_at = now.mono;
	s->heartbeat = CHAT_HEARTBEAT;
	STAILQ_INIT(&s->notices);
	return s;
}

static enum hub_result
stream_join(
    struct stream *s, const struct chat_stream_wish *wish, struct instant now)
{
	struct chat_caller caller = *wish->caller;
	struct arrival arrival = {
		.transport = &s->streams->transport,
		.owner = s,
		.name = str_of(caller.name),
		.nick = wish->nick,
		.room = wish->room,
		.is_known = caller.is_known,
		.from = chat_caller_from(&caller),
	};
	enum hub_result result;

	/* Who only listens, and shows no cookie, is nobody in particular. */
	chat_caller_go_by(&caller, s->streams->hub, wish->nick);
	if (caller.is_known || wish->nick.len > 0)
		arrival.identity = caller.identity;
	s->member = hub_join(s->streams->hub, &arrival, &result, now);
	return result;
}

enum hub_result
chat_stream_open(struct chat_streams *streams,
    const struct chat_stream_wish *wish, struct http_stream *out,
    struct instant now)
{
	struct stream *s = stream_new(streams, wish, now);
	enum hub_result result;

	if (s == NULL)
		return HUB_NOMEM;
	result = stream_join(s, wish, now);
	if (s->member == NULL) {
		stream_free(s);
		return result;
	}
	set_begin(s, wish);
	wake(streams, member_hall(s->member));
	LIST_INSERT_HEAD(&streams->list, s, entry);
	*out = (struct http_stream){
		.fill = stream_fill,
		.deadline = stream_deadline,
		.half_closed = stream_half_closed,
		.gone = stream_gone,
		.arg = s,
	};
	return HUB_OK;
}

size_t
chat_streams_count(const struct chat_streams *streams)
{
	return hub_transport_count(streams->hub, &streams->transport);
}

struct member *
chat_streams_find(const struct chat_streams *streams, const struct hall *hall,
    uint64_t identity)
{
	const struct stream *s;

	/* The newest: one before it may be broken, which shows late. */
	LIST_FOREACH(s, &streams->list, entry) {
		if (s->member != NULL && member_hall(s->member) == hall &&
		    member_person(s->member)->identity == identity)
			return s->member;
	}
	return NULL;
}

void
chat_streams_quit(
    struct chat_streams *streams, const struct hall *hall, uint64_t identity)
{
	const char *reason = "quit"; /* which the others are told once */
	struct member *m;

	hub_hold(streams->hub);
	while ((m = chat_streams_find(streams, hall, identity)) != NULL) {
		stream_end(member_owner(m), "you left");
		hub_leave(streams->hub, m, reason);
		reason = NULL;
	}
	hub_release(streams->hub);
}
