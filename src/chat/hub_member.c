/*
 * Coming and going, and what members are called.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chat/hub_inside.h"
#include "chat/nick.h"

#define NAMES_MAX  99 /* NAME, NAME+2, ... */
#define NICK_TRIES 9  /* NAME, NAME2, ... NAME9 */

/* Returns 0, or -1 without memory. */
static int
name_add(struct hub *hub, struct member *m)
{
	struct nick_key key;

	nick_fold(str_of(m->name), &key);
	return map_put(hub->names, key.bytes, key.len, m);
}

static void
name_del(struct hub *hub, struct member *m)
{
	struct nick_key key;

	nick_fold(str_of(m->name), &key);
	map_del(hub->names, key.bytes, key.len);
}

static struct member *
find_name(const struct hub *hub, struct str name)
{
	struct nick_key key;

	return nick_fold(name, &key) == -1
	    ? NULL
	    : map_get(hub->names, key.bytes, key.len);
}

/* One network does not take all places; this machine may. */
static bool
has_place(const struct hub *hub, const struct arrival *a)
{
	return a->from == NULL || addr_is_loopback(a->from) ||
	    tally_get(hub->tally, a->from) < HUB_NETWORK_MAX;
}

/* Its name, or one like it: a browser and a datagram may come from the same
 * address and port.  Returns 0, or -1 when they are all taken. */
static int
free_name(const struct hub *hub, struct str wish, bool exempt,
    char name[CHAT_NICK_MAX + 1])
{
	memcpy(name, wish.p, wish.len);
	name[wish.len] = '\0';
	for (unsigned i = 2; find_name(hub, str_of(name)) != NULL; i++) {
		if (exempt || i > NAMES_MAX ||
		    wish.len + sizeof("+99") > CHAT_NICK_MAX + 1)
			return -1;
		snprintf(name, CHAT_NICK_MAX + 1, "%.*s+%u", (int)wish.len,
		    wish.p, i);
	}
	return 0;
}

const struct addr *
hub_from(const struct member *m)
{
	return m->has_from ? &m->from : NULL;
}

static enum hub_result
why_not_join(const struct hub *hub, const struct arrival *a)
{
	struct str name = a->name;

	if (name.len == 0 || name.len > CHAT_NICK_MAX || !text_is_clean(name))
		return HUB_BAD_NICK;
	if (!a->transport->exempt && hub_is_banned(hub, a->identity, a->from))
		return HUB_BANNED;
	if (hub->count >= hub->config.max_members || !has_place(hub, a))
		return HUB_FULL;
	return HUB_OK;
}

/* Whether the person may come into the hall. */
static bool
lets_in(const struct hub *hub, const struct hall *hall,
    const struct person *person, const struct transport *t)
{
	bool was_here =
	    person->is_known && person->left_room == room_id(hall->room);

	return !hall->rules.is_locked || t->exempt || person->is_operator ||
	    was_here || hub_member_of(hub, person, hall) != NULL;
}

/*
 * The person, who has to be allowed in; to leave and to come back counts as
 * a line, since it is no way around --flood; but not for who only comes to
 * say a line.
 */
static struct person *
person_get(struct hub *hub, const struct arrival *a, const struct hall *hall,
    enum hub_result *result, struct instant now)
{
	uint64_t identity = a->identity != 0 ? a->identity : hub_new_id(hub);
	struct person *person = people_find(hub->people, identity);
	bool comes_back =
	    person != NULL && person->members == 0 && !a->is_silent;

	*result = HUB_FLOOD;
	if (person == NULL && !hub_take_origin(hub, a->transport, a->from, now))
		return NULL;
	if (person == NULL)
		person = people_get(hub->people, identity, a->is_known, now);
	*result = HUB_NOMEM;
	if (person == NULL)
		return NULL;
	person->is_known |= a->is_known;
	*result = HUB_LOCKED;
	if (!lets_in(hub, hall, person, a->transport))
		return NULL;
	*result = HUB_FLOOD;
	if (comes_back && !hub_take(hub, a->transport, &person->lines, now))
		return NULL;
	*result = HUB_OK;
	return person;
}

static struct member *
member_new(struct hub *hub, const struct arrival *a, const char *name,
    struct hall *hall, struct person *person)
{
	struct member *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	strcpy(m->name, name);
	if (name_add(hub, m) == -1) {
		free(m);
		return NULL;
	}
	if (a->from != NULL && tally_add(hub->tally, a->from) == -1) {
		name_del(hub, m);
		free(m);
		return NULL;
	}
	m->hall = hall;
	m->transport = a->transport;
	m->owner = a->owner;
	m->person = person;
	m->id = a->id != 0 ? a->id : hub_new_id(hub);
	m->cursor = room_last(hall->room);
	m->is_silent = a->is_silent;
	m->has_from = a->from != NULL;
	if (m->has_from)
		m->from = *a->from;
	if (person->members == 0)
		person->came_at = hub->now.wall;
	people_enter(hub->people, person);
	person->is_operator |= a->transport->exempt;
	TAILQ_INSERT_TAIL(&hub->members, m, in_hub);
	TAILQ_INSERT_TAIL(&hall->members, m, in_hall);
	hub->count++;
	hall->count++;
	hall->version += !m->is_silent;
	return m;
}

static enum hub_result
nick_is_free(struct hub *hub, const struct member *m, struct str nick,
    struct instant now)
{
	struct person *holder;
	struct cidr network;

	/* To ban an address must not mean to ban who is called so. */
	if (!nick_is_valid(nick) || cidr_parse(nick, &network) == 0)
		return HUB_BAD_NICK;
	/* All are told of it. */
	if (m->person->is_muted && !str_eq(nick, str_of(m->person->nick)))
		return HUB_MUTED;
	if (!m->transport->exempt && hub_is_banned_nick(hub, nick))
		return HUB_BAD_NICK;
	holder = people_of_nick(hub->people, nick, now);
	return holder != NULL && holder != m->person ? HUB_TAKEN : HUB_OK;
}

/* Returns 0, or -1 without memory. */
static int
nick_take(struct hub *hub, struct member *m, struct str nick)
{
	const struct ledger *ledger = hub->config.ledger;

	if (people_set_nick(hub->people, m->person, nick) == -1)
		return -1;
	if (ledger != NULL && m->person->is_known)
		ledger->nick(ledger->arg, m->person->identity, nick);
	hub_touch(hub, m->person);
	return 0;
}

/* Who is in a room with the person hears of it. */
static enum hub_result
nick_change(struct hub *hub, struct member *m, struct str nick)
{
	char old[CHAT_NICK_MAX + 1];
	struct hall *hall;

	strcpy(old, member_name(m).p);
	if (nick_take(hub, m, nick) == -1)
		return HUB_NOMEM;
	hub_hold(hub);
	TAILQ_FOREACH(hall, &hub->halls, link) {
		if (hub_member_of(hub, m->person, hall) != NULL)
			hub_tell_all(hub, hall, NULL, "%s is now %s", old,
			    m->person->nick);
	}
	hub_release(hub);
	return HUB_OK;
}

/* The length of a nick without its end, so that a digit can be put behind. */
static size_t
stem_len(struct str nick)
{
	size_t len = nick.len;

	if (len < CHAT_NICK_MAX)
		return len;
	len = CHAT_NICK_MAX - 1;
	while (len > 0 && ((unsigned char)nick.p[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/*
 * The nick that is wished by one who joins, or one like it.  Nobody has seen
 * the newcomer yet, but perhaps the person, who is in other places too.
 */
static void
wish_nick(
    struct hub *hub, struct member *m, struct str wish, struct instant now)
{
	enum hub_result result = nick_is_free(hub, m, wish, now);
	bool was_seen = m->person->members > 1 && m->person->nick[0] != '\0';
	char other[CHAT_NICK_MAX + 1];
	struct str nick = wish;

	for (int i = 2; i <= NICK_TRIES && result == HUB_TAKEN; i++) {
		snprintf(other, sizeof(other), "%.*s%d", (int)stem_len(wish),
		    wish.p, i);
		nick = str_of(other);
		result = nick_is_free(hub, m, nick, now);
	}
	if (result != HUB_OK) {
		hub_tell(hub, m, "that nick cannot be used; /nick takes one");
		return;
	}
	if (str_eq(nick, str_of(m->person->nick)) ||
	    (was_seen && !hub_allows_command(hub, m, now)))
		return;
	if (was_seen)
		nick_change(hub, m, nick);
	else
		nick_take(hub, m, nick);
	if (nick.p == other)
		hub_tell(hub, m, "somebody has that nick: you are %s", nick.p);
}

static void
tell_motd(struct hub *hub, struct member *m)
{
	struct str rest = str_of(hub->motd), line;

	while (rest.len > 0) {
		line = str_cut(&rest, '\n');
		hub_tell(hub, m, "%.*s", (int)line.len, line.p);
	}
}

/* What somebody is told who comes into a room. */
static void
greet(struct hub *hub, struct member *m)
{
	const struct room *room = m->hall->room;

	hub_tell(hub, m, "%s: %zu here; /help lists the commands%s",
	    room_name(room), m->hall->count,
	    m->cursor > 0 ? "; /history shows what was said" : "");
	if (room_topic(room)[0] != '\0')
		hub_tell(hub, m, "topic: %s", room_topic(room));
	if (hub->config.ledger != NULL)
		hub_tell(hub, m, "what is said here is kept");
}

struct member *
hub_join(struct hub *hub, const struct arrival *a, enum hub_result *result,
    struct instant now)
{
	char name[CHAT_NICK_MAX + 1];
	struct person *person;
	struct hall *hall;
	struct member *m;

	hub->now = now;
	*result = why_not_join(hub, a);
	if (*result == HUB_OK &&
	    free_name(hub, a->name, a->transport->exempt, name) == -1)
		*result = HUB_TAKEN;
	if (*result != HUB_OK)
		return NULL;
	if ((hall = hub_hall_get(hub, a->room, result)) == NULL ||
	    (person = person_get(hub, a, hall, result, now)) == NULL)
		return NULL;
	if ((m = member_new(hub, a, name, hall, person)) == NULL) {
		*result = HUB_NOMEM;
		return NULL;
	}
	hub_hold(hub);
	if (!a->is_silent) {
		greet(hub, m);
		tell_motd(hub, m);
	}
	if (a->nick.len > 0 && !m->gone)
		wish_nick(hub, m, a->nick, now);
	hub_release(hub);
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
	m->hall->count--;
	m->hall->version += !m->is_silent;
	m->person->left_room = room_id(m->hall->room);
	name_del(hub, m);
	if (m->has_from)
		tally_drop(hub->tally, &m->from);
	if (reason != NULL)
		hub_tell_all(
		    hub, m->hall, m, "%s left (%s)", member_name(m).p, reason);
	people_leave(hub->people, m->person, hub->now);
	hub_release(hub);
}

void
hub_remove(struct hub *hub, struct member *m, const char *reason)
{
	hub_hold(hub);
	hub_tell(hub, m, "you were removed (%s)", reason);
	if (!m->gone) {
		m->transport->removed(m->transport->arg, m->owner, reason);
		hub_leave(hub, m, reason);
		m->person->left_room = 0;
	}
	hub_release(hub);
}

void
hub_remove_person(struct hub *hub, struct member *m, const char *reason)
{
	const struct person *person = m->person;

	hub_hold(hub);
	for (m = hub_first(hub); m != NULL; m = hub_next(m)) {
		if (m->person == person)
			hub_remove(hub, m, reason);
	}
	hub_release(hub);
}

static void
change_hall(struct hub *hub, struct member *m, struct hall *hall)
{
	struct hall *old = m->hall;

	old->count--;
	old->version++;
	TAILQ_REMOVE(&old->members, m, in_hall);
	m->hall = hall;
	m->cursor = room_last(hall->room);
	TAILQ_INSERT_TAIL(&hall->members, m, in_hall);
	hall->count++;
	hall->version++;
	hub_tell_all(
	    hub, old, NULL, "%s went to another room", member_name(m).p);
	greet(hub, m);
}

enum hub_result
hub_move(struct hub *hub, struct member *m, struct str room, struct instant now)
{
	enum hub_result result = HUB_OK;
	struct hall *hall = hub_hall_get(hub, room, &result);

	hub->now = now;
	if (hall == NULL)
		return result;
	if (hall == m->hall)
		return HUB_OK;
	if (!lets_in(hub, hall, m->person, m->transport))
		return HUB_LOCKED;
	hub_hold(hub);
	hub_flush(hub);
	if (!m->gone)
		change_hall(hub, m, hall);
	hub_release(hub);
	return HUB_OK;
}

/* Nicks. */

void
hub_touch(struct hub *hub, const struct person *person)
{
	struct member *m;

	TAILQ_FOREACH(m, &hub->members, in_hub) {
		if (m->person == person && !m->is_silent)
			m->hall->version++;
	}
}

enum hub_result
hub_set_nick(
    struct hub *hub, struct member *m, struct str nick, struct instant now)
{
	enum hub_result result = nick_is_free(hub, m, nick, now);

	if (result != HUB_OK || str_eq(nick, str_of(m->person->nick)))
		return result;
	return nick_change(hub, m, nick);
}

void
hub_set_away(struct hub *hub, struct member *m, struct str why)
{
	text_clean(m->person->away, sizeof(m->person->away), why, NULL);
	hub_touch(hub, m->person);
}

/* Members. */

/* The member itself, or the next one that is still here. */
static struct member *
still_here(struct member *m)
{
	while (m != NULL && m->gone)
		m = TAILQ_NEXT(m, in_hub);
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
	return still_here(TAILQ_NEXT(m, in_hub));
}

/* Likewise of those in the hall. */
static struct member *
still_in(struct member *m)
{
	while (m != NULL && m->gone)
		m = TAILQ_NEXT(m, in_hall);
	return m;
}

struct member *
hall_first(const struct hall *hall)
{
	return still_in(TAILQ_FIRST(&hall->members));
}

struct member *
hall_next(const struct member *m)
{
	return still_in(TAILQ_NEXT(m, in_hall));
}

struct member *
hub_member_of(
    const struct hub *hub, const struct person *person, const struct hall *hall)
{
	struct member *m = hub_first(hub);

	while (m != NULL &&
	    (m->person != person || (hall != NULL && m->hall != hall)))
		m = hub_next(m);
	return m;
}

struct member *
hub_find(struct hub *hub, struct str name, struct instant now)
{
	struct person *person = people_of_nick(hub->people, name, now);

	return person != NULL ? hub_member_of(hub, person, NULL)
			      : find_name(hub, name);
}

struct member *
hub_member(const struct hub *hub, uint64_t id)
{
	struct member *m = hub_first(hub);

	while (m != NULL && m->id != id)
		m = hub_next(m);
	return m;
}

size_t
hub_count(const struct hub *hub)
{
	return hub->count;
}

size_t
hub_transport_count(const struct hub *hub, const struct transport *t)
{
	size_t n = 0;

	for (struct member *m = hub_first(hub); m != NULL; m = hub_next(m))
		n += m->transport == t;
	return n;
}

uint64_t
member_id(const struct member *m)
{
	return m->id;
}

struct str
member_name(const struct member *m)
{
	return str_of(m->person->nick[0] != '\0' ? m->person->nick : m->name);
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

struct hall *
member_hall(const struct member *m)
{
	return m->hall;
}

const struct person *
member_person(const struct member *m)
{
	return m->person;
}

bool
member_is_operator(const struct member *m)
{
	return m->person->is_operator;
}
