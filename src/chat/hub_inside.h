/*
 * The hub's own structs, for its files alone: hub.c (the rooms), hub_member.c
 * (who is in them), hub_say.c (what is said, and commits), hub_tell.c (what
 * members are told) and hub_rule.c (what operators decide).
 *
 * A member is in the hub's list and its hall's until it is freed, and in the
 * map by its name until it leaves.  While hub->holds is not 0 nobody is freed:
 * who leaves is marked as gone, and no transport hears of it again.
 */
#ifndef CHATD_HUB_INSIDE_H
#define CHATD_HUB_INSIDE_H

#include <sys/queue.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/siphash.h"
#include "base/tally.h"
#include "chat/hub.h"

#define HUB_ORIGINS      4096 /* buckets for where members come from */
#define HUB_ORIGIN_TIMES 20   /* what a person may say, from one network */
#define HUB_BANS_MAX     256
#define HUB_NUMBERS_MAX  8192 /* members whose numbers are remembered */
#define HUB_CODE_LEN     16   /* hexadecimal digits */
#define HUB_MOTD_MAX     4096

struct member {
	TAILQ_ENTRY(member) in_hub, in_hall;
	struct hall *hall;
	const struct transport *transport;
	void *owner;
	struct person *person;
	struct addr from;
	uint64_t id;
	uint64_t cursor;
	uint64_t stamp;       /* of its last message, */
	uint64_t said;        /* whose number that is */
	uint64_t number;      /* its own for the next one, or 0 */
	enum hub_result told; /* what became of its last line */
	bool is_silent;       /* is not there for long enough to be shown */
	bool has_from;        /* else it is not known where it comes from */
	bool gone;
	char name[CHAT_NICK_MAX + 1];
};

TAILQ_HEAD(members, member);

struct hall {
	TAILQ_ENTRY(hall) link;
	struct room *room;
	struct members members;
	size_t count; /* of those that are not gone */
	uint64_t version;
	uint64_t flushed; /* room_last() at the last flush */
	struct hall_rules rules;
};

struct ban {
	char label[CHAT_NICK_MAX + 1]; /* as it was given */
	bool is_network;
	struct cidr network;  /* of whoever comes from there; */
	uint64_t identity;    /* or of this person, */
	struct nick_key nick; /* whose nick nobody takes */
};

/* An append that is not committed yet. */
struct pending {
	struct hall *hall;
	uint64_t seq;
};

struct number {
	uint64_t member_id;
	uint64_t number;
};

struct hub {
	struct hub_config config;
	struct siphash_key key;
	struct siphash_key ids; /* of this process alone, so that no id is
				 * made a second time */
	struct people *people;
	TAILQ_HEAD(, hall) halls; /* the lobby first */
	size_t nhalls;
	struct map *names; /* folded names to members */
	struct members members;
	size_t count; /* of members that are not gone */
	size_t gone;
	unsigned holds;
	struct instant now; /* of the latest that was done */
	bool flushing;
	uint64_t made;                      /* ids so far */
	uint64_t stamp, committed;          /* of appends */
	struct buf pending;                 /* of struct pending, in order */
	struct map *numbered;               /* member ids to struct number */
	struct number *numbers;             /* a ring */
	size_t nnumbers;                    /* ever */
	struct bucket origins[HUB_ORIGINS]; /* by a keyed hash of the network */
	struct tally *tally;                /* members, by network */
	struct ban bans[HUB_BANS_MAX];
	size_t nbans;
	char code[HUB_CODE_LEN + 1]; /* or empty */
	int64_t code_ends;           /* mono */
	char motd[HUB_MOTD_MAX + 1];
	const struct transport *transports[HUB_TRANSPORTS_MAX];
};

/* Whether a ban keeps out the person, or who comes from there (or NULL). */
bool hub_is_banned(
    const struct hub *, uint64_t identity, const struct addr *from);
bool hub_is_banned_nick(const struct hub *, struct str nick);

/* Takes a line of the person's bucket, unless the member is exempt. */
bool hub_take(struct hub *, const struct transport *, struct bucket *,
    struct instant now);

/* The hall of that name, made if there is none; or NULL and *result says
 * why. */
struct hall *hub_hall_get(
    struct hub *, struct str name, enum hub_result *result);

/*
 * The same for where somebody comes from, who may say more than one person but
 * not any amount, by whatever many names.  This machine may, and who comes
 * from nowhere (NULL).
 */
bool hub_take_origin(struct hub *, const struct transport *,
    const struct addr *from, struct instant now);

/* Where it comes from, or NULL. */
const struct addr *hub_from(const struct member *);

/* A number that nobody can guess and nobody else has; not 0 or 1. */
uint64_t hub_new_id(struct hub *);

/* Something of who is in the person's halls has changed. */
void hub_touch(struct hub *, const struct person *);

/* The first member of the person in the hall, or in any if that is NULL. */
struct member *hub_member_of(
    const struct hub *, const struct person *, const struct hall *);

#endif
