/*
 * How the plain UDP peers come and go, and what they send.  Only who has
 * joined is kept; whoever is refused leaves no trace.
 */
#include "chat/peers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/command.h"
#include "chat/peers_inside.h"

#define AMPLIFY_MAX   3    /* bytes out for a byte from an address unproven */
#define RESERVED_BYTE 0xf8 /* such first bytes begin no text (RFC 3629) */
#define DROPS_MAX     16   /* peers dropped in a tick: each is told to all */

static void removed_cb(void *, void *, const char *);

struct peers *
peers_new(
    struct hub *hub, const struct gate *gate, const struct peers_config *config)
{
	struct peers *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->hub = hub;
	p->gate = gate;
	p->config = *config;
	p->transport = (struct transport){
		.name = "udp",
		.wake = peers_wake_cb,
		.tell = peers_tell_cb,
		.tell_all = peers_tell_all_cb,
		.removed = removed_cb,
		.arg = p,
	};
	TAILQ_INIT(&p->active);
	TAILQ_INIT(&p->pinged);
	p->by_remote = map_new();
	/* Every line fits: no memory is needed later to send one. */
	if (p->by_remote == NULL ||
	    buf_reserve(&p->line, PEER_DATAGRAM_MAX) == NULL ||
	    hub_add_transport(hub, &p->transport) == -1) {
		peers_free(p);
		return NULL;
	}
	return p;
}

static struct peer *
peer_find(const struct peers *p, const struct addr *remote)
{
	return map_get(p->by_remote, remote, sizeof(*remote));
}

/* Forgets the peer, whose member leaves or is removed. */
static void
peer_free(struct peers *p, struct peer *peer)
{
	struct peer *last = p->all[--p->count];

	p->all[peer->index] = last;
	last->index = peer->index;
	map_del(p->by_remote, &peer->path.remote, sizeof(peer->path.remote));
	TAILQ_REMOVE(peer->queue, peer, entry);
	free(peer);
}

/* The others may be sent to meanwhile, so that the peer is forgotten first. */
static void
peer_leave(struct peers *p, struct peer *peer, const char *reason)
{
	struct member *member = peer->member;

	peer_free(p, peer);
	hub_leave(p->hub, member, reason);
}

void
peers_free(struct peers *p)
{
	if (p == NULL)
		return;
	while (p->count > 0)
		peer_leave(p, p->all[p->count - 1], NULL);
	hub_remove_transport(p->hub, &p->transport);
	map_free(p->by_remote);
	buf_free(&p->line);
	free(p->all);
	free(p);
}

static void
removed_cb(void *arg, void *owner, const char *reason)
{
	(void)reason;
	peer_free(arg, owner);
}

/* An answer to an address that may be forged: in proportion or not at all. */
static bool
reply(struct peers *p, const struct path *path, size_t received,
    struct str datagram)
{
	return datagram.len <= AMPLIFY_MAX * received &&
	    peers_send(p, &path, 1, datagram) == 1;
}

static void
challenge(struct peers *p, const struct path *path, size_t received,
    struct instant now)
{
	char code[GATE_CODE_LEN + 1], whole[64], bare[GATE_CODE_LEN + 2];

	gate_code(p->gate, &path->remote, now, code);
	snprintf(whole, sizeof(whole), "* type %s to join\n", code);
	snprintf(bare, sizeof(bare), "%s\n", code);
	if (reply(p, path, received, str_of(whole)) ||
	    reply(p, path, received, str_of(bare)))
		p->stats.challenged++;
}

static bool
has_place(const struct peers *p, const struct addr *remote)
{
	size_t same = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct addr *other = &p->all[i]->path.remote;

		same += memcmp(other->ip, remote->ip, sizeof(remote->ip)) == 0;
	}
	return same < p->config.max_per_address;
}

/* Room for one more in the array.  Returns 0, or -1 without memory. */
static int
grow(struct peers *p)
{
	size_t cap = p->cap == 0 ? 16 : p->cap * 2;
	struct peer **all;

	if (p->count < p->cap)
		return 0;
	all = realloc(p->all, cap * sizeof(all[0]));
	if (all == NULL)
		return -1;
	p->all = all;
	p->cap = cap;
	return 0;
}

static void
enqueue(struct peer *peer, struct queue *queue, int64_t deadline)
{
	peer->queue = queue;
	peer->deadline = deadline;
	TAILQ_INSERT_TAIL(queue, peer, entry);
}

/* A sign of life, by whatever path it came. */
static void
peer_heard(struct peers *p, struct peer *peer, const struct path *path,
    struct instant now)
{
	peer->path = *path;
	TAILQ_REMOVE(peer->queue, peer, entry);
	enqueue(peer, &p->active, now.mono + p->config.ping_after);
}

/* Only a peer that has joined is put into the array and a queue. */
static enum hub_result
peer_join(struct peers *p, struct peer *peer, struct instant now)
{
	const struct addr *remote = &peer->path.remote;
	char name[ADDR_NAME_MAX];
	struct arrival arrival = {
		.transport = &p->transport,
		.owner = peer,
		.name = str_of(addr_name(remote, name)),
		.identity = hub_identity(p->hub, remote, sizeof(*remote)),
		.from = remote,
	};
	enum hub_result result;

	if (grow(p) == -1 ||
	    map_put(p->by_remote, remote, sizeof(*remote), peer) == -1)
		return HUB_NOMEM;
	/* What it is told while it joins is sent to it. */
	peer->member = hub_join(p->hub, &arrival, &result, now);
	if (peer->member == NULL) {
		map_del(p->by_remote, remote, sizeof(*remote));
		return result;
	}
	peer->index = p->count;
	p->all[p->count++] = peer;
	enqueue(peer, &p->active, now.mono + p->config.ping_after);
	return HUB_OK;
}

static bool
ends_in_newline(struct str datagram)
{
	return datagram.p[datagram.len - 1] == '\n';
}

/* In a few words, so that they may be told to who sent a few. */
static void
refuse(struct peers *p, const struct path *path, size_t received,
    enum hub_result result)
{
	static const char *const texts[] = {
		[HUB_FULL] = "* the room is full, try again later\n",
		[HUB_FLOOD] = "* slow down, try again later\n",
		[HUB_LOCKED] = "* the room is locked\n",
		[HUB_BANNED] = "* you are banned\n",
		[HUB_NOMEM] = NULL,
	};

	if (texts[result] != NULL)
		reply(p, path, received, str_of(texts[result]));
}

/* NULL when the peer is refused; it hears of it when a retry may help. */
static struct peer *
admit(struct peers *p, const struct path *path, struct str datagram,
    struct instant now)
{
	struct peer *peer = NULL;
	enum hub_result result = HUB_NOMEM;

	if (has_place(p, &path->remote) &&
	    (peer = calloc(1, sizeof(*peer))) != NULL) {
		peer->path = *path;
		peer->newline = ends_in_newline(datagram);
		result = peer_join(p, peer, now);
	}
	if (result == HUB_OK)
		return peer;
	free(peer);
	p->stats.refused++;
	refuse(p, path, datagram.len, result);
	return NULL;
}

/* The next line that is not empty, without its end.  Returns 0, or -1. */
static int
next_line(struct str *rest, struct str *line)
{
	while (rest->len > 0) {
		*line = str_cut(rest, '\n');
		if (line->len > 0 && line->p[line->len - 1] == '\r')
			line->len--;
		if (line->len > 0)
			return 0;
	}
	return -1;
}

/*
 * The peer that *rest, the lines of a stranger's datagram, makes of it, or
 * NULL.  A code is taken off *rest.
 */
static struct peer *
greet(struct peers *p, const struct path *path, struct str *rest,
    struct instant now)
{
	struct str datagram = *rest, ahead = *rest, line;

	if (next_line(&ahead, &line) == -1)
		return NULL;
	if (!gate_trusts(p->gate, &path->remote)) {
		if (!gate_opens(p->gate, &path->remote, line, now)) {
			challenge(p, path, datagram.len, now);
			return NULL;
		}
		*rest = ahead;
	}
	return admit(p, path, datagram, now);
}

/* An operator may remove himself, and the peer is no more. */
static void
take_lines(
    struct peers *p, struct peer *peer, struct str rest, struct instant now)
{
	const struct addr remote = peer->path.remote;
	struct str line;

	for (int n = 0;
	     peer_find(p, &remote) == peer && next_line(&rest, &line) == 0;
	     n++) {
		if (n == PEER_LINES_MAX) {
			hub_tell(p->hub, peer->member,
			    "only the first %d lines of a datagram are taken",
			    PEER_LINES_MAX);
			return;
		}
		p->stats.lines_in++;
		if (command_line(p->hub, peer->member, line, now).quits) {
			hub_tell(p->hub, peer->member, "bye");
			peer_leave(p, peer, "quit");
			return;
		}
	}
}

/* Those datagrams are left to a dialect that is not text. */
static bool
is_reserved(struct str datagram)
{
	return datagram.len > 0 &&
	    (datagram.p[0] == '\0' ||
		(unsigned char)datagram.p[0] >= RESERVED_BYTE);
}

void
peers_receive(struct peers *p, const struct path *path, struct str datagram,
    struct instant now)
{
	struct peer *peer = peer_find(p, &path->remote);

	p->stats.datagrams_in++;
	if (is_reserved(datagram))
		return;
	if (peer != NULL)
		peer_heard(p, peer, path, now);
	if (datagram.len == 0)
		return;
	if (peer != NULL)
		peer->newline = ends_in_newline(datagram);
	else
		peer = greet(p, path, &datagram, now);
	if (peer != NULL)
		take_lines(p, peer, datagram, now);
}

void
peers_unreachable(struct peers *p, const struct addr *remote)
{
	struct peer *peer = peer_find(p, remote);

	if (peer != NULL)
		peer_leave(p, peer, "unreachable");
}

static int64_t
first_deadline(const struct queue *queue)
{
	const struct peer *peer = TAILQ_FIRST(queue);

	return peer != NULL ? peer->deadline : NEVER;
}

int64_t
peers_deadline(const struct peers *p)
{
	int64_t ping = first_deadline(&p->active);
	int64_t drop = first_deadline(&p->pinged);

	return ping < drop ? ping : drop;
}

static void
peer_ping(struct peers *p, struct peer *peer, struct instant now)
{
	TAILQ_REMOVE(peer->queue, peer, entry);
	enqueue(peer, &p->pinged,
	    now.mono + p->config.drop_after - p->config.ping_after);
	hub_tell(
	    p->hub, peer->member, "are you still there? say anything to stay");
}

static void
peer_drop(struct peers *p, struct peer *peer)
{
	int64_t minutes = p->config.drop_after / SECONDS(60);

	hub_tell(p->hub, peer->member,
	    "you were dropped after %" PRId64 " minute%s of silence; "
	    "say anything to come back",
	    minutes, minutes == 1 ? "" : "s");
	p->stats.dropped++;
	peer_leave(p, peer, "timed out");
}

void
peers_tick(struct peers *p, struct instant now)
{
	for (int n = 0; n < DROPS_MAX && first_deadline(&p->pinged) <= now.mono;
	     n++)
		peer_drop(p, TAILQ_FIRST(&p->pinged));
	while (first_deadline(&p->active) <= now.mono)
		peer_ping(p, TAILQ_FIRST(&p->active), now);
}

size_t
peers_count(const struct peers *p)
{
	return p->count;
}

const struct transport *
peers_transport(const struct peers *p)
{
	return &p->transport;
}

const struct peers_stats *
peers_stats(const struct peers *p)
{
	return &p->stats;
}
