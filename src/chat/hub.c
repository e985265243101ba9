#include "chat/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chat/hub_inside.h"
#include "chat/nick.h"

static struct hall *hall_new(struct hub *, const char *name, uint64_t id);

struct hub *
hub_new(const struct hub_config *config)
{
	struct hub *hub = calloc(1, sizeof(*hub));

	if (hub == NULL)
		return NULL;
	hub->config = *config;
	TAILQ_INIT(&hub->halls);
	TAILQ_INIT(&hub->members);
	hub->names = map_new();
	hub->people = people_new();
	hub->tally = tally_new();
	hub->numbered = map_new();
	hub->numbers = calloc(HUB_NUMBERS_MAX, sizeof(hub->numbers[0]));
	if (hub->names == NULL || hub->people == NULL || hub->tally == NULL ||
	    hub->numbered == NULL || hub->numbers == NULL ||
	    siphash_key_random(&hub->key) == -1 ||
	    siphash_key_random(&hub->ids) == -1 ||
	    hall_new(hub, LOBBY, hub_new_id(hub)) == NULL) {
		hub_free(hub);
		return NULL;
	}
	return hub;
}

static void
hall_free(struct hub *hub, struct hall *hall)
{
	TAILQ_REMOVE(&hub->halls, hall, link);
	hub->nhalls--;
	room_free(hall->room);
	free(hall);
}

/* Out of the list of its hall, and of the hub's. */
static void
member_free(struct hub *hub, struct member *m)
{
	TAILQ_REMOVE(&hub->members, m, in_hub);
	TAILQ_REMOVE(&m->hall->members, m, in_hall);
	free(m);
}

void
hub_free(struct hub *hub)
{
	struct member *m;
	struct hall *hall;

	if (hub == NULL)
		return;
	while ((m = TAILQ_FIRST(&hub->members)) != NULL) {
		people_leave(hub->people, m->person, hub->now);
		m->transport->removed(
		    m->transport->arg, m->owner, "the server stops");
		member_free(hub, m);
	}
	while ((hall = TAILQ_FIRST(&hub->halls)) != NULL)
		hall_free(hub, hall);
	people_free(hub->people);
	tally_free(hub->tally);
	map_free(hub->names);
	map_free(hub->numbered);
	free(hub->numbers);
	buf_free(&hub->pending);
	free(hub);
}

int
hub_set_motd(struct hub *hub, struct str text)
{
	if (text.len > HUB_MOTD_MAX)
		text.len = HUB_MOTD_MAX;
	if (text.len > 0)
		memcpy(hub->motd, text.p, text.len);
	hub->motd[text.len] = '\0';
	return 0;
}

/* None of the numbers that mean something else in a message's `to`. */
static uint64_t
id_of(const struct siphash_key *key, const void *data, size_t len)
{
	uint64_t id = siphash(key, data, len);

	return id > TO_OPERATORS ? id : id + 2;
}

uint64_t
hub_identity(const struct hub *hub, const void *secret, size_t len)
{
	return id_of(&hub->key, secret, len);
}

uint64_t
hub_new_id(struct hub *hub)
{
	hub->made++;
	return id_of(&hub->ids, &hub->made, sizeof(hub->made));
}

/* Transports. */

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

/* Halls. */

static struct hall *
hall_new(struct hub *hub, const char *name, uint64_t id)
{
	struct hall *hall = calloc(1, sizeof(*hall));

	if (hall == NULL)
		return NULL;
	hall->room =
	    room_new(name, id, hub->config.max_messages, hub->config.max_bytes);
	if (hall->room == NULL) {
		free(hall);
		return NULL;
	}
	TAILQ_INIT(&hall->members);
	TAILQ_INSERT_TAIL(&hub->halls, hall, link);
	hub->nhalls++;
	return hall;
}

struct hall *
hub_hall(const struct hub *hub, struct str name)
{
	struct nick_key wanted, key;
	struct hall *hall;

	if (nick_fold(name, &wanted) == -1)
		return NULL;
	TAILQ_FOREACH(hall, &hub->halls, link) {
		nick_fold(str_of(room_name(hall->room)), &key);
		if (nick_key_eq(&key, &wanted))
			return hall;
	}
	return NULL;
}

struct hall *
hub_first_hall(const struct hub *hub)
{
	return TAILQ_FIRST(&hub->halls);
}

struct hall *
hub_next_hall(const struct hall *hall)
{
	return TAILQ_NEXT(hall, link);
}

/* Whether it may give way: nobody is in it, and nothing of it waits to be
 * committed. */
static bool
is_spare(const struct hub *hub, const struct hall *hall)
{
	return hall != TAILQ_FIRST(&hub->halls) &&
	    TAILQ_EMPTY(&hall->members) &&
	    room_appended(hall->room) == room_last(hall->room);
}

/*
 * The oldest room that can gives way, rather one in which nothing was said.
 * What is in the ledger stays there.
 */
static void
make_place(struct hub *hub)
{
	struct hall *hall, *spare = NULL;

	TAILQ_FOREACH(hall, &hub->halls, link) {
		if (is_spare(hub, hall) &&
		    (spare == NULL ||
			(room_last(spare->room) > 0 &&
			    room_last(hall->room) == 0)))
			spare = hall;
	}
	if (spare != NULL)
		hall_free(hub, spare);
}

struct hall *
hub_hall_get(struct hub *hub, struct str name, enum hub_result *result)
{
	char room[CHAT_ROOM_MAX + 1];
	struct hall *hall;

	if (name.len == 0)
		name = STR(LOBBY);
	hall = hub_hall(hub, name);
	if (hall != NULL)
		return hall;
	*result = HUB_BAD_ROOM;
	if (!room_name_is_valid(name))
		return NULL;
	*result = HUB_FULL;
	if (hub->nhalls == HUB_ROOMS_MAX)
		make_place(hub);
	if (hub->nhalls == HUB_ROOMS_MAX)
		return NULL;
	memcpy(room, name.p, name.len);
	room[name.len] = '\0';
	hall = hall_new(hub, room, hub_new_id(hub));
	*result = hall != NULL ? HUB_OK : HUB_NOMEM;
	return hall;
}

const struct room *
hall_room(const struct hall *hall)
{
	return hall->room;
}

size_t
hall_count(const struct hall *hall)
{
	return hall->count;
}

uint64_t
hall_version(const struct hall *hall)
{
	return hall->version;
}

struct hall_rules *
hall_rules(struct hall *hall)
{
	return &hall->rules;
}

/* Nobody is freed between these two. */

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
		next = TAILQ_NEXT(m, in_hub);
		if (m->gone) {
			member_free(hub, m);
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

/* What there was before the server was started. */

void
hub_restore_key(struct hub *hub, const unsigned char key[HUB_TOKEN_LEN])
{
	memcpy(&hub->key, key, sizeof(hub->key));
}

struct room *
hub_restore_room(
    struct hub *hub, struct str name, uint64_t id, struct str topic)
{
	char copy[CHAT_ROOM_MAX + 1];
	struct hall *hall = hub_hall(hub, name);
	struct room *room;

	if (name.len > CHAT_ROOM_MAX ||
	    (hall == NULL && hub->nhalls == HUB_ROOMS_MAX))
		return NULL;
	memcpy(copy, name.p, name.len);
	copy[name.len] = '\0';
	if (hall == NULL && (hall = hall_new(hub, copy, id)) == NULL)
		return NULL;
	room =
	    room_new(copy, id, hub->config.max_messages, hub->config.max_bytes);
	if (room == NULL)
		return NULL;
	room_set_topic(room, topic);
	room_free(hall->room);
	hall->room = room;
	return room;
}

int
hub_restore_nick(
    struct hub *hub, uint64_t identity, struct str nick, struct instant now)
{
	struct person *person = people_get(hub->people, identity, true, now);

	if (person == NULL)
		return -1;
	if (!nick_is_valid(nick) ||
	    people_of_nick(hub->people, nick, now) != NULL)
		return 0;
	return people_set_nick(hub->people, person, nick);
}
