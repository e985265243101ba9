/*
 * What is sent to the plain UDP peers.  Each message of a room is formatted
 * once and sent to all whose cursor stands right before it; when the driver
 * takes no more, the rest keep their cursors.
 */
#include <string.h>

#include "chat/command.h"
#include "chat/peers_inside.h"

_Static_assert(HUB_LINE_MAX <= PEER_DATAGRAM_MAX,
    "a line and its newline must fit into a datagram");

size_t
peers_send(struct peers *p, const struct path *const *to, size_t n,
    struct str datagram)
{
	size_t taken = p->config.send(p->config.arg, to, n, datagram);

	p->stats.datagrams_out += taken;
	return taken;
}

/* Best effort: what is not taken at once is lost. */
void
peers_tell_cb(void *arg, void *owner, struct str line)
{
	const struct peer *peer = owner;
	const struct path *path = &peer->path;
	char datagram[HUB_LINE_MAX];

	memcpy(datagram, line.p, line.len);
	if (peer->newline)
		datagram[line.len++] = '\n';
	peers_send(arg, &path, 1, (struct str){ datagram, line.len });
}

/* Sends the line to the chunk, which is then empty; returns to how many of
 * its first. */
static size_t
chunk_send(struct peers *p, struct chunk *chunk)
{
	bool newline = chunk == &p->chunks[1];
	size_t len = buf_len(&p->line) - (newline ? 0 : 1);
	size_t n = chunk->n;

	chunk->n = 0;
	if (n == 0 || p->blocked)
		return 0;
	return peers_send(
	    p, chunk->paths, n, (struct str){ buf_data(&p->line), len });
}

/* The same for a message, and moves the cursors of whom it was sent to. */
static void
chunk_deliver(struct peers *p, struct chunk *chunk, uint64_t seq)
{
	size_t n = chunk->n, taken = chunk_send(p, chunk);

	for (size_t i = 0; i < taken; i++)
		member_set_cursor(chunk->peers[i]->member, seq);
	p->blocked |= taken < n;
}

static struct chunk *
chunk_add(struct peers *p, struct peer *peer)
{
	struct chunk *chunk = &p->chunks[peer->newline];

	chunk->peers[chunk->n] = peer;
	chunk->paths[chunk->n] = &peer->path;
	chunk->n++;
	return chunk;
}

static void
begin_line(struct peers *p, const struct message *message, uint64_t reader)
{
	buf_drain(&p->line, buf_len(&p->line));
	command_format(&p->line, message, reader);
	buf_add(&p->line, "\n", 1);
}

/* Best effort, as in peers_tell_cb(), but the bytes are shared. */
void
peers_tell_all_cb(
    void *arg, struct hall *hall, const struct member *but, struct str line)
{
	struct peers *p = arg;

	buf_drain(&p->line, buf_len(&p->line));
	buf_add_str(&p->line, line);
	buf_add(&p->line, "\n", 1);
	for (size_t i = 0; i < p->count; i++) {
		struct member *member = p->all[i]->member;

		if (member_hall(member) != hall || member == but)
			continue;
		if (chunk_add(p, p->all[i])->n == CHUNK_MAX)
			chunk_send(p, &p->chunks[p->all[i]->newline]);
	}
	chunk_send(p, &p->chunks[0]);
	chunk_send(p, &p->chunks[1]);
}

/* Whether the message is to be sent to the peer, whose turn it is; else it is
 * passed over. */
static bool
is_wanted(struct peer *peer, const struct message *message)
{
	struct member *member = peer->member;
	bool is_own =
	    member_id(member) == message->sender && message->to == TO_ALL;

	if (!is_own && member_reads(member, message))
		return true;
	member_set_cursor(member, message->seq);
	return false;
}

/* One message to all in the hall who come to it next, as far as the driver
 * takes it.  A private one reads differently at either end. */
static void
send_message(
    struct peers *p, const struct hall *hall, const struct message *message)
{
	bool is_private = message->to > TO_OPERATORS;

	begin_line(p, message, 0);
	for (size_t i = 0; i < p->count && !p->blocked; i++) {
		struct peer *peer = p->all[i];
		struct chunk *chunk;

		if (member_hall(peer->member) != hall ||
		    member_cursor(peer->member) != message->seq - 1 ||
		    !is_wanted(peer, message))
			continue;
		if (is_private)
			begin_line(
			    p, message, member_person(peer->member)->identity);
		chunk = chunk_add(p, peer);
		if (is_private || chunk->n == CHUNK_MAX)
			chunk_deliver(p, chunk, message->seq);
	}
	chunk_deliver(p, &p->chunks[0], message->seq);
	chunk_deliver(p, &p->chunks[1], message->seq);
}

/*
 * The number of the first message that somebody in the hall lacks.  Who waits
 * for messages which the log has lost is told so.
 */
static uint64_t
first_lacking(struct peers *p, const struct hall *hall)
{
	const struct room *room = hall_room(hall);
	uint64_t first = room_last(room) + 1;
	struct message message;

	for (size_t i = 0; i < p->count; i++) {
		struct member *member = p->all[i]->member;

		if (member_hall(member) != hall)
			continue;
		if (member_cursor(member) + 1 < room_first(room))
			member_next(p->hub, member, &message);
		if (member_cursor(member) + 1 < first)
			first = member_cursor(member) + 1;
	}
	return first;
}

void
peers_wake_cb(void *arg, struct hall *hall)
{
	struct peers *p = arg;
	struct message message;
	uint64_t seq;

	if (p->blocked)
		return;
	seq = first_lacking(p, hall);
	while (!p->blocked && room_get(hall_room(hall), seq++, &message) == 0)
		send_message(p, hall, &message);
}

void
peers_writable(struct peers *p)
{
	p->blocked = false;
	hub_hold(p->hub);
	for (struct hall *hall = hub_first_hall(p->hub); hall != NULL;
	     hall = hub_next_hall(hall))
		peers_wake_cb(p, hall);
	hub_release(p->hub);
}
