/*
 * What is said.  Each message that is appended to a log gets the hub's next
 * stamp, and is committed in that order: at once without a ledger, else when
 * its keeper says so.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chat/hub_inside.h"

/* Of so many tokens that come back in --flood's time. */
static bool
bucket_take(const struct hub *hub, struct bucket *b, unsigned tokens,
    struct instant now)
{
	int64_t size = SECONDS(hub->config.flood_seconds);
	int64_t from = b->full_at > now.mono ? b->full_at : now.mono;

	from += size / tokens;
	if (from > now.mono + size)
		return false;
	b->full_at = from;
	return true;
}

bool
hub_take(struct hub *hub, const struct transport *t, struct bucket *b,
    struct instant now)
{
	return t->exempt || hub->config.flood_lines == 0 ||
	    bucket_take(hub, b, hub->config.flood_lines, now);
}

bool
hub_take_origin(struct hub *hub, const struct transport *t,
    const struct addr *from, struct instant now)
{
	struct str network;
	uint64_t hash;

	if (t->exempt || hub->config.flood_lines == 0 || from == NULL ||
	    addr_is_loopback(from))
		return true;
	network = addr_network(from);
	hash = siphash(&hub->key, network.p, network.len);
	return bucket_take(hub, &hub->origins[hash % HUB_ORIGINS],
	    HUB_ORIGIN_TIMES * hub->config.flood_lines, now);
}

/* what: becomes of a line that is too much. */
static bool
allows(struct hub *hub, struct member *m, struct bucket *b, const char *what,
    struct instant now)
{
	bool was_full = b->full_at <= now.mono;
	bool allowed = hub_take_origin(hub, m->transport, hub_from(m), now) &&
	    hub_take(hub, m->transport, b, now);
	bool tell;

	hub->now = now;
	b->told &= !was_full;
	tell = !allowed && !b->told;
	b->told |= tell;
	if (tell)
		hub_tell(hub, m,
		    "slow down: at most %u lines in %u seconds; %s",
		    hub->config.flood_lines, hub->config.flood_seconds, what);
	return allowed;
}

bool
hub_allows_command(struct hub *hub, struct member *m, struct instant now)
{
	return allows(hub, m, &m->person->commands,
	    m->transport->waits ? "your command waits"
				: "your line was not done",
	    now);
}

bool
hub_is_news(struct member *m, enum hub_result result)
{
	bool comes_again = m->transport->waits &&
	    (result == HUB_SLOW || result == HUB_BUSY) && m->told == result;

	m->told = result;
	return !comes_again;
}

/* In a room that is slow a person waits between two lines. */
static bool
is_too_early(const struct member *m, struct instant now)
{
	return m->hall->rules.slow > 0 && !m->person->is_operator &&
	    m->person->said_at != INT64_MIN &&
	    now.mono - m->person->said_at < SECONDS(m->hall->rules.slow);
}

/* Whether *text may be said; then it is clean and in out, NUL-terminated. */
static enum hub_result
text_take(struct hub *hub, struct member *m, struct str text,
    char out[CHAT_TEXT_MAX + 1], struct instant now)
{
	bool cut;

	if (str_trim(text).len == 0)
		return HUB_EMPTY;
	if (m->person->is_muted)
		return HUB_MUTED;
	if (!allows(hub, m, &m->person->lines,
		m->transport->waits ? "your lines wait"
				    : "your line was not said",
		now))
		return HUB_FLOOD;
	text_clean(out, CHAT_TEXT_MAX + 1, text, &cut);
	if (cut)
		hub_tell(
		    hub, m, "your line was cut to %d bytes", CHAT_TEXT_MAX);
	return HUB_OK;
}

/* Remembers the greatest number of what the member said. */
static void
note_number(struct hub *hub, uint64_t member_id, uint64_t number)
{
	struct number *n =
	    map_get(hub->numbered, &member_id, sizeof(member_id));

	if (n == NULL) {
		n = &hub->numbers[hub->nnumbers % HUB_NUMBERS_MAX];
		if (hub->nnumbers >= HUB_NUMBERS_MAX)
			map_del(
			    hub->numbered, &n->member_id, sizeof(n->member_id));
		*n = (struct number){ .member_id = member_id };
		if (map_put(hub->numbered, &member_id, sizeof(member_id), n) ==
		    -1)
			return;
		hub->nnumbers++;
	}
	if (number > n->number)
		n->number = number;
}

uint64_t
hub_number(const struct hub *hub, uint64_t member_id)
{
	const struct number *n =
	    map_get(hub->numbered, &member_id, sizeof(member_id));

	return n != NULL ? n->number : 0;
}

int
hub_restore_number(struct hub *hub, uint64_t member_id, uint64_t number)
{
	note_number(hub, member_id, number);
	return hub_number(hub, member_id) >= number ? 0 : -1;
}

/* Whether so much waits to be committed that one more could push out what
 * nobody has seen yet. */
static bool
is_behind(const struct hub *hub, const struct room *room)
{
	uint64_t waiting = room_appended(room) - room_last(room);

	return waiting > 0 &&
	    (waiting + 1 >= hub->config.max_messages ||
		(waiting + 1) * ROOM_MESSAGE_MAX > hub->config.max_bytes);
}

static void
ledger_hold(const struct hub *hub)
{
	const struct ledger *ledger = hub->config.ledger;

	if (ledger != NULL && ledger->hold != NULL)
		ledger->hold(ledger->arg);
}

static void
ledger_release(const struct hub *hub)
{
	const struct ledger *ledger = hub->config.ledger;

	if (ledger != NULL && ledger->hold != NULL)
		ledger->release(ledger->arg);
}

/* Into the ledger too.  Returns HUB_OK, or why not: then nothing is changed. */
static enum hub_result
append(struct hub *hub, struct member *m, struct hall *hall,
    struct message *message)
{
	const struct ledger *ledger = hub->config.ledger;
	struct pending pending = { .hall = hall };

	if (is_behind(hub, hall->room))
		return HUB_BUSY;
	if (buf_reserve(&hub->pending, sizeof(pending)) == NULL ||
	    (message->seq = room_append(hall->room, message)) == 0) {
		hub->pending.failed = false;
		return HUB_NOMEM;
	}
	if (ledger != NULL &&
	    ledger->append(ledger->arg, hall->room, message, m->number) == -1) {
		room_retract(hall->room);
		return HUB_BUSY;
	}
	pending.seq = message->seq;
	buf_add(&hub->pending, &pending, sizeof(pending));
	m->stamp = ++hub->stamp;
	if (hall == m->hall)
		m->said = message->seq;
	if (m->number != 0)
		note_number(hub, m->id, m->number);
	if (ledger == NULL)
		hub_commit(hub, hub->stamp);
	return HUB_OK;
}

void
hub_commit(struct hub *hub, uint64_t stamp)
{
	struct pending pending;

	while (hub->committed < stamp &&
	    buf_len(&hub->pending) >= sizeof(pending)) {
		memcpy(&pending, buf_data(&hub->pending), sizeof(pending));
		buf_drain(&hub->pending, sizeof(pending));
		room_commit(pending.hall->room, pending.seq);
		hub->committed++;
	}
}

static struct message
message_from(const struct member *m, enum message_kind kind, const char *text,
    struct instant now)
{
	return (struct message){
		.time = now.wall,
		.sender = m->id,
		.author = m->person->identity,
		.kind = kind,
		.via = str_of(m->transport->name),
		.nick = member_name(m),
		.text = str_of(text),
	};
}

enum hub_result
hub_say(struct hub *hub, struct member *m, enum message_kind kind,
    struct str text, struct instant now)
{
	char clean[CHAT_TEXT_MAX + 1];
	struct message message;
	enum hub_result result;

	if (is_too_early(m, now))
		return HUB_SLOW;
	hub_hold(hub);
	result = text_take(hub, m, text, clean, now);
	if (result == HUB_OK) {
		message = message_from(m, kind, clean, now);
		if (m->hall->rules.asks_operators && !m->person->is_operator)
			message.to = TO_OPERATORS;
		result = append(hub, m, m->hall, &message);
	}
	if (result == HUB_OK)
		m->person->said_at = now.mono;
	hub_release(hub);
	return result;
}

/* Where the person that m is of is nearest: in the same room, if they are. */
static struct hall *
nearest_hall(
    const struct hub *hub, const struct member *from, const struct member *m)
{
	const struct member *here = hub_member_of(hub, m->person, from->hall);

	return here != NULL ? here->hall : m->hall;
}

enum hub_result
hub_private(struct hub *hub, struct member *from, struct str to,
    struct str text, struct instant now)
{
	struct member *m = hub_find(hub, to, now);
	char clean[CHAT_TEXT_MAX + 1];
	struct message message;
	struct hall *hall;
	enum hub_result result;

	if (m == NULL)
		return HUB_NOBODY;
	hub_hold(hub);
	result = text_take(hub, from, text, clean, now);
	if (result == HUB_OK) {
		hall = nearest_hall(hub, from, m);
		ledger_hold(hub);
		message = message_from(from, MESSAGE_SAY, clean, now);
		message.to = m->person->identity;
		message.to_nick = member_name(m);
		result = append(hub, from, hall, &message);
		/* The author reads it in the room where it was said; it was
		 * said even when that copy is not taken. */
		message.to = from->person->identity;
		if (result == HUB_OK && hall != from->hall)
			append(hub, from, from->hall, &message);
		ledger_release(hub);
		if (result == HUB_OK && m->person->away[0] != '\0')
			hub_tell(hub, from, "%s is away: %s", member_name(m).p,
			    m->person->away);
	}
	hub_release(hub);
	return result;
}

enum hub_result
hub_announce(
    struct hub *hub, struct member *m, struct str text, struct instant now)
{
	char clean[CHAT_TEXT_MAX + 1];
	enum hub_result result;
	struct message message;
	struct hall *hall;
	bool said = false;

	hub_hold(hub);
	result = text_take(hub, m, text, clean, now);
	ledger_hold(hub);
	if (result == HUB_OK) {
		message = message_from(m, MESSAGE_ANNOUNCEMENT, clean, now);
		TAILQ_FOREACH(hall, &hub->halls, link) {
			result = append(hub, m, hall, &message);
			said |= result == HUB_OK;
		}
	}
	ledger_release(hub);
	hub_release(hub);
	return said ? HUB_OK : result;
}

void
hub_set_topic(struct hub *hub, struct hall *hall, struct str topic)
{
	const struct ledger *ledger = hub->config.ledger;

	room_set_topic(hall->room, topic);
	hall->version++;
	if (ledger != NULL)
		ledger->topic(ledger->arg, hall->room);
	hub_tell_all(hub, hall, NULL, "topic: %s", room_topic(hall->room));
}

static void
wake_all(struct hub *hub, struct hall *hall)
{
	hall->flushed = room_last(hall->room);
	for (size_t i = 0; i < HUB_TRANSPORTS_MAX; i++) {
		const struct transport *t = hub->transports[i];

		if (t != NULL)
			t->wake(t->arg, hall);
	}
}

void
hub_flush(struct hub *hub)
{
	struct hall *hall;

	if (hub->flushing)
		return;
	hub->flushing = true;
	hub_hold(hub);
	TAILQ_FOREACH(hall, &hub->halls, link) {
		if (hall->flushed != room_last(hall->room))
			wake_all(hub, hall);
	}
	hub_release(hub);
	hub->flushing = false;
}

uint64_t
hub_stamp(const struct hub *hub)
{
	return hub->stamp;
}

uint64_t
hub_committed(const struct hub *hub)
{
	return hub->committed;
}

uint64_t
hub_said(const struct hub *hub)
{
	return hub->stamp;
}

uint64_t
member_stamp(const struct member *m)
{
	return m->stamp;
}

uint64_t
member_said(const struct member *m)
{
	return m->said;
}

void
member_set_number(struct member *m, uint64_t number)
{
	m->number = number;
}

/* Cursors. */

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

bool
member_reads(const struct member *m, const struct message *message)
{
	const struct person *person = m->person;
	/* Who is not known may have the address, and thus the identity, of
	 * somebody else who was here before. */
	bool was_here = person->is_known || message->time >= person->came_at;

	return message_is_for(
	    message, was_here ? person->identity : 0, person->is_operator);
}

/* Moves a cursor that the log no longer reaches. */
static void
skip_missed(struct hub *hub, struct member *m)
{
	uint64_t before = room_first(m->hall->room) - 1;
	uint64_t missed = before - m->cursor;

	if (m->cursor >= before)
		return;
	m->cursor = before;
	hub_tell(hub, m, "%" PRIu64 " lines were missed", missed);
}

/* Moves the cursor over what is not for the member. */
static int
next_for(struct member *m, struct message *message)
{
	const struct room *room = m->hall->room;

	while (room_get(room, m->cursor + 1, message) == 0) {
		bool is_own = message->sender == m->id &&
		    !m->transport->echoes && message->to == TO_ALL;

		if (!is_own && member_reads(m, message))
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
	found = m->gone ? -1 : next_for(m, message);
	hub_release(hub);
	return found;
}
