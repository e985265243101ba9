/*
 * How a client becomes known: by the cookie of its address.  Nothing is kept
 * for an address that has not sent it back, and a session that does is either
 * a new one, which joins the hub, or one that has moved.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/command.h"
#include "chat/native_inside.h"

#define AMPLIFY_MAX    3  /* bytes out for a byte from an address unproven */
#define COOKIE_SECONDS 60 /* a cookie holds for one to two of these */
#define TOO_MANY       "too many clients at your address"

/* In the map, the tally and the queue; it has yet to join.  NULL without
 * memory. */
static struct session *
session_new(
    struct native *n, uint64_t id, const struct path *path, struct instant now)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->id = id;
	s->path = *path;
	s->began = (uint64_t)now.wall;
	s->notes = room_new("notes", 1, NATIVE_NOTES, NATIVE_NOTES_BYTES);
	if (s->notes == NULL || map_put(n->by_id, &id, sizeof(id), s) == -1 ||
	    tally_add(n->per_address, &path->remote) == -1) {
		map_del(n->by_id, &id, sizeof(id));
		room_free(s->notes);
		free(s);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&n->sessions, s, entry);
	return s;
}

void
native_forget(struct native *n, struct session *s)
{
	if (n->answering == s)
		n->answering = NULL;
	TAILQ_REMOVE(&n->sessions, s, entry);
	map_del(n->by_id, &s->id, sizeof(s->id));
	tally_drop(n->per_address, &s->path.remote);
	room_free(s->notes);
	free(s);
}

void
native_leave(struct native *n, struct session *s, const char *reason)
{
	hub_leave(n->hub, s->member, reason);
	native_forget(n, s);
}

bool
native_settle(const struct native *n, struct session *s)
{
	uint64_t committed = hub_committed(n->hub);
	uint32_t before = s->acked;

	while (s->acked != s->last &&
	    s->outcomes[(s->acked + 1) % NATIVE_WINDOW].stamp <= committed)
		s->acked++;
	return s->acked != before;
}

static uint64_t
recent_past(const struct room *room)
{
	uint64_t before = room_first(room) - 1, last = room_last(room);

	return last - before > NATIVE_PAST ? last - NATIVE_PAST : before;
}

void
native_enter(struct session *s)
{
	const struct room *room = hall_room(member_hall(s->member));

	s->room_id = room_id(room);
	s->start = recent_past(room);
}

/* Cookies. */

static uint64_t
cookie_of(const struct native *n, const struct addr *remote, int64_t period)
{
	unsigned char input[sizeof(*remote) + sizeof(period)];

	memcpy(input, remote, sizeof(*remote));
	memcpy(input + sizeof(*remote), &period, sizeof(period));
	return siphash(&n->key, input, sizeof(input));
}

struct wire_frame
native_cookie(
    const struct native *n, const struct addr *remote, struct instant now)
{
	return (struct wire_frame){
		.type = WIRE_COOKIE,
		.u.cookie =
		    cookie_of(n, remote, now.mono / SECONDS(COOKIE_SECONDS)),
	};
}

/* Both are always compared, whole, so that the time it takes says nothing. */
static bool
cookie_is_valid(const struct native *n, const struct addr *remote,
    uint64_t cookie, struct instant now)
{
	int64_t period = now.mono / SECONDS(COOKIE_SECONDS);
	uint64_t current = cookie_of(n, remote, period) ^ cookie;
	uint64_t before = cookie_of(n, remote, period - 1) ^ cookie;

	return (current == 0) | (before == 0);
}

static void
challenge(struct native *n, const struct path *path, uint64_t context,
    size_t received, struct instant now)
{
	struct wire_frame frame = native_cookie(n, &path->remote, now);
	struct wire_out out;

	wire_begin(&out, context);
	wire_add(&out, &frame);
	if (out.len > AMPLIFY_MAX * received)
		return;
	native_send(n, &path, 1, wire_datagram(&out));
	n->stats.challenged++;
}

/* Coming in. */

static void
refuse(struct native *n, const struct path *path, uint64_t id, const char *why)
{
	struct wire_frame frame = { .type = WIRE_BYE, .u.text = str_of(why) };

	n->stats.refused++;
	native_send_frame(n, path, id, &frame);
}

bool
native_is_temporary(enum hub_result result)
{
	return result == HUB_FLOOD || result == HUB_SLOW || result == HUB_BUSY;
}

/*
 * The numbers that the client has yet to see acknowledged, and that were taken
 * before it was forgotten; they are, once all said so far is committed.
 */
static void
restore_numbers(struct native *n, struct session *s, uint32_t first)
{
	uint64_t said = hub_number(n->hub, member_id(s->member));

	s->last = s->acked = first > 0 ? first - 1 : 0;
	if (said > s->last && said <= UINT32_MAX)
		s->last = (uint32_t)said;
	if (s->last - s->acked > NATIVE_WINDOW)
		s->acked = s->last - NATIVE_WINDOW;
	for (size_t i = 0; i < NATIVE_WINDOW; i++)
		s->outcomes[i].stamp = hub_stamp(n->hub);
	native_settle(n, s);
}

static bool
has_token(const struct wire_frame *join)
{
	static const unsigned char none[WIRE_TOKEN];

	return memcmp(join->u.join.token, none, sizeof(none)) != 0;
}

static enum hub_result
session_join(struct native *n, struct session *s, const struct wire_frame *join,
    struct instant now)
{
	char name[ADDR_NAME_MAX];
	struct arrival arrival = {
		.transport = &n->transport,
		.owner = s,
		.name = str_of(addr_name(&s->path.remote, name)),
		.nick = join->u.join.nick,
		.room = join->u.join.room,
		.id = hub_identity(n->hub, &s->id, sizeof(s->id)),
		.is_known = has_token(join),
		.from = &s->path.remote,
	};
	enum hub_result result;

	if (arrival.is_known)
		arrival.identity =
		    hub_identity(n->hub, join->u.join.token, WIRE_TOKEN);
	s->member = hub_join(n->hub, &arrival, &result, now);
	if (s->member == NULL)
		return result;
	restore_numbers(n, s, join->u.join.number);
	native_enter(s);
	if (join->u.join.seen == WIRE_NO_SEQ)
		return HUB_OK;
	n->stats.resumed++;
	if (join->u.join.room_id == s->room_id)
		s->start = join->u.join.seen;
	return HUB_OK;
}

/* NULL when the client is refused; it hears of it unless it shall retry. */
static struct session *
admit(struct native *n, uint64_t id, const struct path *path,
    const struct wire_frame *join, struct instant now)
{
	enum hub_result result = HUB_NOMEM;
	struct session *s;

	if (tally_get(n->per_address, &path->remote) >=
	    n->config.max_per_address) {
		refuse(n, path, id, TOO_MANY);
		return NULL;
	}
	if ((s = session_new(n, id, path, now)) != NULL)
		result = session_join(n, s, join, now);
	if (result == HUB_OK)
		return s;
	if (s != NULL)
		native_forget(n, s);
	if (!native_is_temporary(result))
		refuse(n, path, id, command_explain(result));
	return NULL;
}

/* The session is at another address now.  NULL without memory, and where no
 * more may come from there; another port alone does not count. */
static struct session *
move(struct native *n, struct session *s, const struct path *path)
{
	size_t here = tally_get(n->per_address, &s->path.remote);

	if (tally_add(n->per_address, &path->remote) == -1)
		return NULL;
	if (tally_get(n->per_address, &s->path.remote) == here &&
	    tally_get(n->per_address, &path->remote) >
		n->config.max_per_address) {
		tally_drop(n->per_address, &path->remote);
		refuse(n, path, s->id, TOO_MANY);
		return NULL;
	}
	tally_drop(n->per_address, &s->path.remote);
	s->path = *path;
	n->stats.resumed++;
	return s;
}

struct session *
native_sender(struct native *n, uint64_t id, const struct path *path,
    const struct wire_frame *first, size_t received, struct instant now)
{
	struct session *s = map_get(n->by_id, &id, sizeof(id));

	if (s != NULL && addr_eq(&s->path.remote, &path->remote))
		return s;
	if (first->type != WIRE_JOIN ||
	    !cookie_is_valid(n, &path->remote, first->u.join.cookie, now)) {
		challenge(n, path, id, received, now);
		return NULL;
	}
	return s != NULL ? move(n, s, path) : admit(n, id, path, first, now);
}
