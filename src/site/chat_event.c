#include "site/chat_event.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define CACHED_MAX 256 /* messages */

static void
add_key(struct buf *b, const char *key)
{
	buf_add_str(b, STR(",\""));
	buf_add_str(b, str_of(key));
	buf_add_str(b, STR("\":"));
}

static void
add_bool(struct buf *b, const char *key, bool value)
{
	add_key(b, key);
	buf_add_str(b, value ? STR("true") : STR("false"));
}

static void
add_text(struct buf *b, const char *key, struct str value)
{
	add_key(b, key);
	json_string(b, value);
}

static void
add_number(struct buf *b, const char *key, uint64_t value)
{
	add_key(b, key);
	buf_add_u64(b, value);
}

/* What its person shows, who may be nobody. */
static const char *
nick_of(const struct member *m)
{
	const struct person *p = member_person(m);

	return p != NULL ? p->nick : "";
}

static const char *
away_of(const struct member *m)
{
	const struct person *p = member_person(m);

	return p != NULL ? p->away : "";
}

void
chat_event_room(struct buf *b, const struct member *m, bool is_kept)
{
	struct hall *hall = member_hall(m);
	const struct hall_rules *rules = hall_rules(hall);
	const struct room *room = hall_room(hall);

	buf_add_str(b, STR("{\"room\":"));
	json_string(b, str_of(room_name(room)));
	buf_addf(b, ",\"log\":\"%016" PRIx64 "\"", room_id(room));
	add_text(b, "topic", str_of(room_topic(room)));
	add_bool(b, "kept", is_kept);
	add_bool(b, "locked", rules->is_locked);
	add_number(b, "slow", rules->slow);
	add_bool(b, "questions", rules->asks_operators);
	add_text(b, "nick", str_of(nick_of(m)));
	add_bool(b, "operator", member_is_operator(m));
	add_text(b, "away", str_of(away_of(m)));
}

void
chat_event_log(struct buf *b, const struct room *room)
{
	add_number(b, "first", room_first(room));
	add_number(b, "last", room_last(room));
	buf_add_str(b, STR("}"));
}

/* Whether somebody further in front is the same person. */
static bool
is_again(const struct member *m)
{
	const struct person *p = member_person(m);

	if (p == NULL || p->members < 2)
		return false;
	for (const struct member *it = hall_first(member_hall(m)); it != m;
	     it = hall_next(it)) {
		if (member_person(it) == p)
			return true;
	}
	return false;
}

static void
add_member(struct buf *b, const struct member *m)
{
	buf_add_str(b, STR("{\"nick\":"));
	json_string(b, member_name(m));
	add_text(b, "via", str_of(member_transport(m)->name));
	if (member_is_operator(m))
		add_bool(b, "operator", true);
	if (away_of(m)[0] != '\0')
		add_text(b, "away", str_of(away_of(m)));
	buf_add_str(b, STR("}"));
}

void
chat_event_rooms(struct buf *b, const struct hub *hub)
{
	const struct hall *first = hub_first_hall(hub);

	buf_add_str(b, STR("{\"rooms\":["));
	for (const struct hall *h = first; h != NULL; h = hub_next_hall(h)) {
		const struct room *room = hall_room(h);

		buf_add_str(
		    b, h == first ? STR("{\"room\":") : STR(",{\"room\":"));
		json_string(b, str_of(room_name(room)));
		add_number(b, "members", hall_count(h));
		add_number(b, "last", room_last(room));
		add_text(b, "topic", str_of(room_topic(room)));
		buf_add_str(b, STR("}"));
	}
	buf_add_str(b, STR("]}"));
}

uint64_t
chat_event_rooms_print(const struct hub *hub, const struct hall *own,
    const struct siphash_key *key)
{
	uint64_t print = 0;

	for (const struct hall *h = hub_first_hall(hub); h != NULL;
	     h = hub_next_hall(h)) {
		const struct room *room = hall_room(h);
		const char *topic = room_topic(room);
		uint64_t shown[4] = { room_id(room),
			siphash(key, topic, strlen(topic)) };

		if (h != own) {
			shown[2] = hall_count(h);
			shown[3] = room_last(room);
		}
		print += siphash(key, shown, sizeof(shown));
	}
	return print;
}

struct cached {
	uint64_t room, seq; /* 0: nothing is here */
	struct buf text;
};

/* Somebody in a list of members, and where that ends but for its brace. */
struct listed {
	const struct person *person;
	size_t end;
};

/* Who is in a hall, of the version that was formatted last. */
struct member_list {
	uint64_t room, version; /* 0: nothing is here */
	size_t count;
	struct listed listed[CHAT_EVENT_MEMBERS_MAX];
	struct buf text;
};

struct chat_event_cache {
	struct cached cached[CACHED_MAX];
	struct member_list members;
};

struct chat_event_cache *
chat_event_cache_new(void)
{
	return calloc(1, sizeof(struct chat_event_cache));
}

void
chat_event_cache_free(struct chat_event_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < CACHED_MAX; i++)
		buf_free(&cache->cached[i].text);
	buf_free(&cache->members.text);
	free(cache);
}

static const char *
kind_of(const struct message *m)
{
	switch (m->kind) {
	case MESSAGE_ACTION:
		return "action";
	case MESSAGE_ANNOUNCEMENT:
		return "announcement";
	default:
		return "say";
	}
}

static void
add_message(struct buf *b, const struct room *room, const struct message *m)
{
	buf_add_str(b, STR("{\"room\":"));
	json_string(b, str_of(room_name(room)));
	add_number(b, "seq", m->seq);
	add_number(b, "time", m->time > 0 ? (uint64_t)m->time : 0);
	add_text(b, "nick", m->nick);
	add_text(b, "via", m->via);
	add_text(b, "text", m->text);
	add_text(b, "kind", str_of(kind_of(m)));
	if (m->to == TO_OPERATORS)
		add_text(b, "to", STR("operators"));
	else if (m->to != TO_ALL)
		add_text(b, "to", m->to_nick);
}

struct str
chat_event_message(struct chat_event_cache *cache, const struct room *room,
    const struct message *m)
{
	struct cached *c =
	    &cache->cached[(room_id(room) + m->seq) % CACHED_MAX];

	if (c->room != room_id(room) || c->seq != m->seq) {
		buf_drain(&c->text, buf_len(&c->text));
		c->text.failed = false;
		add_message(&c->text, room, m);
		c->room = buf_failed(&c->text) ? 0 : room_id(room);
		c->seq = m->seq;
	}
	if (buf_failed(&c->text))
		return STR("");
	return (struct str){ buf_data(&c->text), buf_len(&c->text) };
}

static void
list_members(struct member_list *list, const struct hall *hall)
{
	struct buf *b = &list->text;
	size_t all = 0;

	buf_drain(b, buf_len(b));
	b->failed = false;
	list->count = 0;
	buf_add_str(b, STR("{\"members\":["));
	for (const struct member *m = hall_first(hall); m != NULL;
	     m = hall_next(m)) {
		if (is_again(m) || all++ >= CHAT_EVENT_MEMBERS_MAX)
			continue;
		buf_add_str(b, list->count > 0 ? STR(",") : STR(""));
		add_member(b, m);
		list->listed[list->count++] =
		    (struct listed){ member_person(m), buf_len(b) - 1 };
	}
	buf_add_str(b, STR("]"));
	if (all > CHAT_EVENT_MEMBERS_MAX)
		add_number(b, "more", all - CHAT_EVENT_MEMBERS_MAX);
	buf_add_str(b, STR("}"));
	list->room = buf_failed(b) ? 0 : room_id(hall_room(hall));
	list->version = hall_version(hall);
}

void
chat_event_members(
    struct buf *b, struct chat_event_cache *cache, const struct member *reader)
{
	struct member_list *list = &cache->members;
	const struct hall *hall = member_hall(reader);
	size_t i = 0, end;

	if (list->room != room_id(hall_room(hall)) ||
	    list->version != hall_version(hall))
		list_members(list, hall);
	b->failed |= buf_failed(&list->text);
	if (b->failed)
		return;
	while (
	    i < list->count && list->listed[i].person != member_person(reader))
		i++;
	end = i < list->count ? list->listed[i].end : buf_len(&list->text);
	buf_add(b, buf_data(&list->text), end);
	if (i < list->count)
		add_bool(b, "you", true);
	buf_add(b, buf_data(&list->text) + end, buf_len(&list->text) - end);
}
