/*
 * A peer is in the map by its remote address, in the array of all peers, and
 * in one of two queues: `active`, or `pinged` when it was asked whether it is
 * still there.  Each queue is in the order of the peers' deadlines.
 *
 * No peer lacks a message older than number `next`.  Each message from there
 * on is formatted once and sent to all whose cursor stands right before it;
 * when the driver takes no more, the rest keep their cursors and `next` stays
 * at that message.
 */
#include "chat/peers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/map.h"
#include "chat/command.h"

#define CHUNK_MAX     128  /* paths given to the driver at once */
#define AMPLIFY_MAX   3    /* bytes out for a byte from an address unproven */
#define RESERVED_BYTE 0xf8 /* such first bytes begin no text (RFC 3629) */
#define DROPS_MAX     16   /* peers dropped in a tick: each is told to all */
#define LEFT_MAX      256  /* of those who left, the latest are known */

_Static_assert(HUB_LINE_MAX <= PEER_DATAGRAM_MAX,
    "a line and its newline must fit into a datagram");

TAILQ_HEAD(queue, peer);

struct peer {
	TAILQ_ENTRY(peer) entry;
	struct queue *queue; /* the one that it is in */
	size_t index;        /* in the array */
	struct path path;    /* of its latest datagram */
	struct member *member;
	int64_t deadline; /* for a ping, or for an answer to it */
	bool newline;     /* whether its lines shall end in one */
};

/* Peers that are to get the same bytes. */
struct chunk {
	size_t n;
	struct peer *peers[CHUNK_MAX];
	const struct path *paths[CHUNK_MAX];
};

/* Who left, and would not have new lines by joining again. */
struct left {
	struct addr remote;
	struct hub_usage usage;
};

struct peers {
	struct hub *hub;
	const struct gate *gate;
	struct peers_config config;
	struct transport transport;
	struct peers_stats stats;
	struct map *by_remote;
	struct peer **all;
	size_t count, cap;
	struct queue active, pinged;
	struct left left[LEFT_MAX];
	size_t nleft; /* ever; the newest takes the place of the oldest */
	uint64_t next;
	bool blocked;           /* until peers_writable() */
	struct buf line;        /* the message being sent */
	struct chunk chunks[2]; /* without and with a newline */
};

static void wake_cb(void *);
static void tell_cb(void *, void *, struct str);
static void removed_cb(void *, void *);

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
		.wake = wake_cb,
		.tell = tell_cb,
		.removed = removed_cb,
		.arg = p,
	};
	p->next = room_last(hub_room(hub)) + 1;
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

static struct left *
left_find(struct peers *p, const struct addr *remote)
{
	for (size_t i = 0; i < LEFT_MAX; i++) {
		if (addr_eq(&p->left[i].remote, remote))
			return &p->left[i];
	}
	return NULL;
}

static void
left_keep(struct peers *p, const struct peer *peer)
{
	struct left *left = left_find(p, &peer->path.remote);

	if (left == NULL)
		left = &p->left[p->nleft++ % LEFT_MAX];
	left->remote = peer->path.remote;
	left->usage = member_usage(peer->member);
}

/* Forgets the peer, whose member leaves or is removed. */
static void
peer_free(struct peers *p, struct peer *peer)
{
	struct peer *last = p->all[--p->count];

	left_keep(p, peer);
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
removed_cb(void *arg, void *owner)
{
	peer_free(arg, owner);
}

/* Returns how many paths were taken. */
static size_t
send_to(struct peers *p, const struct path *const *to, size_t n,
    struct str datagram)
{
	size_t taken = p->config.send(p->config.arg, to, n, datagram);

	p->stats.datagrams_out += taken;
	return taken;
}

/* Best effort: what is not taken at once is lost. */
static void
tell_cb(void *arg, void *owner, struct str line)
{
	const struct peer *peer = owner;
	const struct path *path = &peer->path;
	char datagram[HUB_LINE_MAX];

	memcpy(datagram, line.p, line.len);
	if (peer->newline)
		datagram[line.len++] = '\n';
	send_to(arg, &path, 1, (struct str){ datagram, line.len });
}

/* Sends the line to the chunk, which is then empty. */
static void
chunk_send(struct peers *p, struct chunk *chunk, uint64_t seq)
{
	bool newline = chunk == &p->chunks[1];
	size_t len = buf_len(&p->line) - (newline ? 0 : 1);
	size_t taken = 0;

	if (chunk->n > 0 && !p->blocked)
		taken = send_to(p, chunk->paths, chunk->n,
		    (struct str){ buf_data(&p->line), len });
	for (size_t i = 0; i < taken; i++)
		member_set_cursor(chunk->peers[i]->member, seq);
	if (taken < chunk->n)
		p->blocked = true;
	chunk->n = 0;
}

static void
chunk_add(struct peers *p, struct peer *peer, uint64_t seq)
{
	struct chunk *chunk = &p->chunks[peer->newline];

	chunk->peers[chunk->n] = peer;
	chunk->paths[chunk->n] = &peer->path;
	if (++chunk->n == CHUNK_MAX)
		chunk_send(p, chunk, seq);
}

/* One message to all who come to it next, as far as the driver takes it. */
static void
send_message(struct peers *p, const struct message *message)
{
	uint64_t seq = message->seq;

	command_format(&p->line, message);
	buf_add(&p->line, "\n", 1);
	for (size_t i = 0; i < p->count && !p->blocked; i++) {
		struct member *member = p->all[i]->member;

		if (member_cursor(member) != seq - 1)
			continue;
		if (member_id(member) == message->sender)
			member_set_cursor(member, seq);
		else
			chunk_add(p, p->all[i], seq);
	}
	chunk_send(p, &p->chunks[0], seq);
	chunk_send(p, &p->chunks[1], seq);
	buf_drain(&p->line, buf_len(&p->line));
}

/* Peers that wait for messages which the log has lost are told so. */
static void
skip_lost(struct peers *p, uint64_t first)
{
	struct message message;

	for (size_t i = 0; i < p->count; i++) {
		struct member *member = p->all[i]->member;

		if (member_cursor(member) + 1 < first)
			member_next(p->hub, member, &message);
	}
	p->next = first;
}

static void
wake_cb(void *arg)
{
	struct peers *p = arg;
	const struct room *room = hub_room(p->hub);
	struct message message;

	if (p->blocked)
		return;
	if (p->next < room_first(room))
		skip_lost(p, room_first(room));
	while (room_get(room, p->next, &message) == 0) {
		send_message(p, &message);
		if (p->blocked)
			return;
		p->next++;
	}
}

void
peers_writable(struct peers *p)
{
	p->blocked = false;
	wake_cb(p);
}

/* An answer to an address that may be forged: in proportion or not at all. */
static bool
reply(struct peers *p, const struct path *path, size_t received,
    struct str datagram)
{
	return datagram.len <= AMPLIFY_MAX * received &&
	    send_to(p, &path, 1, datagram) == 1;
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
	struct left *left = left_find(p, remote);
	char name[ADDR_NAME_MAX];
	enum hub_result result;

	if (left != NULL && !hub_allows_return(p->hub, &left->usage, now))
		return HUB_FLOOD;
	if (grow(p) == -1 ||
	    map_put(p->by_remote, remote, sizeof(*remote), peer) == -1)
		return HUB_NOMEM;
	peer->member = hub_join(p->hub, &p->transport, peer,
	    str_of(addr_name(remote, name)), &result, now);
	if (peer->member == NULL) {
		map_del(p->by_remote, remote, sizeof(*remote));
		return result;
	}
	if (left != NULL)
		member_set_usage(peer->member, left->usage);
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
	if (result == HUB_FULL)
		reply(p, path, datagram.len,
		    STR("* the room is full, try again later\n"));
	else if (result == HUB_FLOOD)
		reply(p, path, datagram.len,
		    STR("* slow down, try again later\n"));
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

static void
take_lines(
    struct peers *p, struct peer *peer, struct str rest, struct instant now)
{
	struct str line;

	for (int n = 0; next_line(&rest, &line) == 0; n++) {
		if (n == PEER_LINES_MAX) {
			hub_tell(p->hub, peer->member,
			    "only the first %d lines of a datagram are taken",
			    PEER_LINES_MAX);
			return;
		}
		p->stats.lines_in++;
		if (command_line(p->hub, peer->member, line, now) ==
		    COMMAND_QUIT) {
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

const struct peers_stats *
peers_stats(const struct peers *p)
{
	return &p->stats;
}
