/*
 * Many short chats over a bad network.  Whatever becomes readable in a room
 * is written down, once, and held against what each client sees: each message
 * that it may read, once, in order.
 *
 * CHATD_SEED=N repeats the run of that seed alone, and CHATD_RUNS=N makes so
 * many runs in place of the usual number.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/hub.h"
#include "chat/link_inside.h"
#include "chat/native.h"
#include "tests/network.h"
#include "tests/run.h"

#define RUNS         2400 /* in BATCHES processes */
#define BATCHES      12
#define CLIENTS_MAX  8
#define LINES_MAX    128 /* said by one client */
#define LOGS_MAX     16
#define MOVES_MAX    64 /* of one client, from room to room */
#define ROOMS        3
#define CHAT_TIME    SECONDS(4)             /* that the clients chat, */
#define SERVER_CLOCK INT64_C(1700000000000) /* at the begin, milliseconds */
#define SETTLE_TIME  SECONDS(400) /* and that it may take until all is well */

/* A message that became readable. */
struct entry {
	char text[24];
	unsigned readers; /* a bit for each client */
};

struct log {
	uint64_t id;
	char room[CHAT_ROOM_MAX + 1];
	unsigned era; /* how often the server had lost all before */
	size_t count;
	struct entry entries[CLIENTS_MAX * LINES_MAX];
};

/* A line that a client has said; it came into these logs. */
struct line_said {
	bool is_public;
	uint32_t number;
	unsigned life;
	size_t nlogs;
	const struct log *logs[LOGS_MAX];
};

struct client {
	unsigned index;
	struct link *link; /* NULL while it is away */
	int64_t comes_back;
	struct addr addr;
	uint64_t session;
	unsigned char token[WIRE_TOKEN];
	const struct log *log;
	uint64_t seen;
	size_t nmoves, moves_known; /* the logs in whose rooms it was, by the
				     * server; and it knows of so many */
	const struct log *moves[MOVES_MAX];
	uint32_t acked;
	unsigned life; /* how often it was away */
	size_t nlines;
	struct line_said lines[LINES_MAX];
};

/* What the ledger was given. */
struct record {
	uint64_t room_id;
	char room[CHAT_ROOM_MAX + 1];
	char nick[CHAT_NICK_MAX + 1], to_nick[CHAT_NICK_MAX + 1], text[24];
	struct message message;
	uint64_t number;
};

static struct world {
	unsigned seed;
	struct network network;
	int64_t now;
	int64_t chat_ends;
	struct addr server;
	uint32_t ports; /* given out */

	/* What this run is like. */
	unsigned loss;          /* percent of the datagrams, without a storm */
	bool has_ledger, keeps; /* and what is kept survives the server */
	bool misses;            /* the rooms are so small that some is missed */
	unsigned busy;          /* percent of the appends that are not taken */
	unsigned flood;         /* lines in two seconds, or 0 */

	struct hub *hub; /* NULL while the server is down */
	int64_t clock;   /* milliseconds that its clock has been set back */
	struct native *native;
	int64_t action_at, commit_at, down_at, up_at;
	int64_t storm_at, calm_at; /* nothing comes through between them */
	unsigned era;

	size_t nrecords, committed, before; /* before: of the servers before */
	struct record records[CLIENTS_MAX * LINES_MAX * 2];

	size_t nlogs;
	struct log logs[LOGS_MAX];
	size_t nclients;
	struct client clients[CLIENTS_MAX];
} w;

#define CLAIM(condition, ...) \
	do { \
		if (!(condition)) \
			refute(__LINE__, #condition, __VA_ARGS__); \
	} while (0)

__attribute__((format(printf, 3, 4), noreturn)) static void
refute(int line, const char *condition, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	ck_abort_msg("CHATD_SEED=%u, line %d, at %.3f s: not %s: %s", w.seed,
	    line, (double)(w.now - SECONDS(1000)) / 1e9, condition, text);
}

static struct instant
now(void)
{
	return (
	    struct instant){ w.now, SERVER_CLOCK - w.clock + w.now / 1000000 };
}

static bool
chance(unsigned percent)
{
	return network_chance(&w.network, percent);
}

static unsigned
random_below(unsigned below)
{
	return network_random(&w.network, below);
}

static int64_t
in_millis(unsigned least, unsigned more)
{
	return w.now + MILLIS(least + random_below(more));
}

/* The truth. */

static struct log *
find_log(uint64_t id)
{
	for (size_t i = 0; i < w.nlogs; i++) {
		if (w.logs[i].id == id)
			return &w.logs[i];
	}
	return NULL;
}

static struct log *
get_log(const struct room *room)
{
	struct log *log = find_log(room_id(room));

	if (log != NULL)
		return log;
	CLAIM(w.nlogs < LOGS_MAX, "%s", room_name(room));
	log = &w.logs[w.nlogs++];
	log->id = room_id(room);
	log->count = 0;
	log->era = w.era;
	strcpy(log->room, room_name(room));
	return log;
}

/* The line comes into each log once, and if public into one of an era. */
static void
came_into(const struct log *log, const struct entry *entry)
{
	unsigned client, index;
	struct line_said *line;
	char kind;

	CLAIM(sscanf(entry->text, "%c%u.%u", &kind, &client, &index) == 3, "%s",
	    entry->text);
	line = &w.clients[client].lines[index];
	for (size_t i = 0; i < line->nlogs; i++) {
		CLAIM(line->logs[i] != log, "%s is twice in %s", entry->text,
		    log->room);
		CLAIM(!line->is_public || line->logs[i]->era != log->era,
		    "%s is in %s and %s", entry->text, line->logs[i]->room,
		    log->room);
	}
	line->logs[line->nlogs++] = log;
}

static unsigned
readers_of(const struct message *m)
{
	unsigned readers = 0;

	for (size_t i = 0; i < w.nclients; i++) {
		uint64_t identity =
		    hub_identity(w.hub, w.clients[i].token, WIRE_TOKEN);

		readers |= (unsigned)message_is_for(m, identity, false) << i;
	}
	return readers;
}

/* What became readable since the last time. */
static void
write_down(void)
{
	const struct hall *hall = hub_first_hall(w.hub);
	struct message m;

	for (; hall != NULL; hall = hub_next_hall(hall)) {
		const struct room *room = hall_room(hall);
		struct log *log = get_log(room);

		CLAIM(room_last(room) >= log->count, "%s lost its end",
		    log->room);
		while (room_get(room, log->count + 1, &m) == 0) {
			struct entry *entry = &log->entries[log->count++];

			CLAIM(m.seq == log->count, "%" PRIu64, m.seq);
			snprintf(entry->text, sizeof(entry->text), "%.*s",
			    (int)m.text.len, m.text.p);
			entry->readers = readers_of(&m);
			came_into(log, entry);
		}
		CLAIM(log->count == room_last(room), "%s was not seen",
		    log->room);
	}
}

/* The ledger. */

static void
copy_str(char *to, size_t cap, struct str s)
{
	snprintf(to, cap, "%.*s", (int)s.len, s.p);
}

static int
append_cb(void *arg, const struct room *room, const struct message *m,
    uint64_t number)
{
	struct record *r = &w.records[w.nrecords];

	(void)arg;
	if (chance(w.busy))
		return -1;
	CLAIM((size_t)CASES(w.records) > w.nrecords, "full");
	w.nrecords++;
	r->room_id = room_id(room);
	copy_str(r->room, sizeof(r->room), str_of(room_name(room)));
	copy_str(r->nick, sizeof(r->nick), m->nick);
	copy_str(r->to_nick, sizeof(r->to_nick), m->to_nick);
	copy_str(r->text, sizeof(r->text), m->text);
	r->message = *m;
	r->number = number;
	if (w.commit_at == NEVER)
		w.commit_at = in_millis(1, 300);
	return 0;
}

static void
topic_cb(void *arg, const struct room *room)
{
	(void)arg;
	(void)room;
}

static void
nick_cb(void *arg, uint64_t identity, struct str nick)
{
	(void)arg;
	(void)identity;
	(void)nick;
}

static const struct ledger ledger = {
	.append = append_cb, .topic = topic_cb, .nick = nick_cb
};

static void
commit_some(void)
{
	size_t n = w.nrecords - w.committed;

	w.commit_at = NEVER;
	if (n == 0)
		return;
	n = 1 + random_below((unsigned)n);
	w.committed += n;
	if (w.committed < w.nrecords)
		w.commit_at = in_millis(1, 300);
}

static void
restore(void)
{
	for (size_t i = 0; i < w.nrecords; i++) {
		const struct record *r = &w.records[i];
		struct hall *hall = hub_hall(w.hub, str_of(r->room));
		struct message m = r->message;

		if (hall == NULL || room_id(hall_room(hall)) != r->room_id)
			hub_restore_room(
			    w.hub, str_of(r->room), r->room_id, STR(""));
		hall = hub_hall(w.hub, str_of(r->room));
		m.via = STR("native");
		m.nick = str_of(r->nick);
		m.to_nick = str_of(r->to_nick);
		m.text = str_of(r->text);
		/* The test may write where the hub's users may not. */
		CLAIM(room_restore((struct room *)hall_room(hall), &m) == 0,
		    "%s", r->text);
		if (r->number > hub_number(w.hub, m.sender))
			hub_restore_number(w.hub, m.sender, r->number);
	}
}

/* The server. */

static struct client *
client_at(const struct addr *addr)
{
	for (size_t i = 0; i < w.nclients; i++) {
		if (addr_eq(&w.clients[i].addr, addr))
			return &w.clients[i];
	}
	return NULL;
}

static size_t
server_send_cb(
    void *arg, const struct path *const *to, size_t n, struct str datagram)
{
	(void)arg;
	CLAIM(datagram.len <= WIRE_MAX, "%zu bytes", datagram.len);
	for (size_t i = 0; i < n; i++)
		network_send(
		    &w.network, &w.server, &to[i]->remote, datagram, w.now);
	return n;
}

static void
server_start(void)
{
	const unsigned char key[HUB_TOKEN_LEN] = "the key is kept";
	struct hub_config config = {
		.max_messages = w.misses ? 64 : 2000,
		.max_bytes = 1000000,
		.max_members = 100,
		.flood_lines = w.flood,
		.flood_seconds = 2,
		.ledger = w.has_ledger ? &ledger : NULL,
	};
	struct native_config native_config = {
		.max_per_address = 100,
		.send = server_send_cb,
	};

	w.hub = hub_new(&config);
	ck_assert_ptr_nonnull(w.hub);
	if (w.keeps) {
		hub_restore_key(w.hub, key);
		restore();
	}
	w.native = native_new(w.hub, &native_config);
	ck_assert_ptr_nonnull(w.native);
	w.before = w.nrecords;
	w.up_at = NEVER;
	write_down();
}

static void
server_stop(void)
{
	native_free(w.native);
	hub_free(w.hub);
	w.native = NULL;
	w.hub = NULL;
}

/* What is not committed is lost, though some may be that nobody knows of. */
static void
server_crash(void)
{
	if (chance(50))
		commit_some();
	w.nrecords = w.committed;
	w.commit_at = NEVER;
	server_stop();
	if (!w.keeps) {
		w.era++;
		w.nrecords = w.committed = 0;
	}
	w.down_at = NEVER;
	w.up_at = in_millis(1, chance(50) ? 500 : 15000);
	if (chance(10))
		w.clock += 3600000;
}

static void
note_move(struct client *c)
{
	uint64_t id = hub_identity(w.hub, &c->session, sizeof(c->session));
	const struct member *m = hub_member(w.hub, id);
	const struct log *log;

	if (m == NULL)
		return;
	log = find_log(room_id(hall_room(member_hall(m))));
	if (c->nmoves > 0 && c->moves[c->nmoves - 1] == log)
		return;
	CLAIM(c->nmoves < MOVES_MAX, "client %u", c->index);
	c->moves[c->nmoves++] = log;
}

static void
after_server(void)
{
	write_down();
	for (size_t i = 0; i < w.nclients; i++)
		note_move(&w.clients[i]);
	hub_flush(w.hub);
}

/* The clients. */

/* Between the two numbers there is nothing that the client may read. */
static void
check_skipped(const struct client *c, uint64_t after, uint64_t before)
{
	unsigned bit = 1u << c->index;

	for (uint64_t seq = after + 1; seq < before; seq++)
		CLAIM(!(c->log->entries[seq - 1].readers & bit),
		    "client %u lacks %" PRIu64 " of %s", c->index, seq,
		    c->log->room);
}

static void
check_message(struct client *c, const struct message *m)
{
	const struct entry *entry;

	CLAIM(c->log != NULL && c->log->id == c->link->room_id, "no log");
	CLAIM(m->seq <= c->log->count, "%" PRIu64, m->seq);
	entry = &c->log->entries[m->seq - 1];
	CLAIM(m->seq > c->seen, "client %u: %" PRIu64 " after %" PRIu64,
	    c->index, m->seq, c->seen);
	CLAIM(str_eq(m->text, str_of(entry->text)), "%s", entry->text);
	CLAIM(entry->readers & 1u << c->index, "%s is private", entry->text);
	check_skipped(c, c->seen, m->seq);
	c->seen = m->seq;
}

static void
check_missed(struct client *c, uint64_t count)
{
	uint64_t last = c->link->order.seen;

	CLAIM(w.misses, "%" PRIu64 " missed", count);
	check_skipped(c, c->seen, last - count + 1);
	c->seen = last;
}

/* It may be in a log that is new to it, or in the old one; but it does not
 * go where it was before it went where it is. */
static void
check_joined(struct client *c)
{
	const struct log *log = find_log(c->link->room_id);

	CLAIM(log != NULL, "an unknown log");
	if (log == c->log)
		return;
	do
		CLAIM(c->moves_known < c->nmoves, "client %u is not in %s",
		    c->index, log->room);
	while (c->moves[c->moves_known++] != log);
	c->log = log;
	c->seen = c->link->order.seen;
	CLAIM(c->seen <= log->count, "%" PRIu64, c->seen);
}

static void
event_cb(void *arg, const struct link_event *e)
{
	struct client *c = arg;

	switch (e->type) {
	case LINK_MESSAGE:
		check_message(c, &e->message);
		break;
	case LINK_MISSED:
		check_missed(c, e->count);
		break;
	case LINK_JOINED:
	case LINK_RESTARTED:
		check_joined(c);
		break;
	case LINK_BYE:
		CLAIM(false, "bye: %.*s", (int)e->text.len, e->text.p);
	default:
		break;
	}
}

static int
client_send_cb(void *arg, struct str datagram)
{
	struct client *c = arg;

	CLAIM(datagram.len <= WIRE_MAX, "%zu bytes", datagram.len);
	network_send(&w.network, &c->addr, &w.server, datagram, w.now);
	return 0;
}

static void
client_move(struct client *c)
{
	c->addr.port = 1000 + w.ports++;
}

static void
client_start(struct client *c)
{
	struct link_config config = {
		.random = random_below(1u << 31),
		.room = STR("lobby"),
		.send = client_send_cb,
		.event = event_cb,
		.arg = c,
	};
	char nick[24];

	config.session = c->session =
	    (uint64_t)random_below(1u << 31) << 16 | w.ports;
	snprintf(nick, sizeof(nick), "n%u", c->index);
	config.nick = str_of(nick);
	memcpy(config.token, c->token, sizeof(config.token));
	client_move(c);
	c->nmoves = c->moves_known = 0;
	c->life++;
	c->comes_back = NEVER;
	c->log = NULL;
	c->acked = 0;
	c->link = link_new(&config, now());
	ck_assert_ptr_nonnull(c->link);
}

static void
client_leave(struct client *c)
{
	link_leave(c->link);
	link_free(c->link);
	c->link = NULL;
	c->comes_back = in_millis(1, 3000);
}

/* What was acknowledged is in a log. */
static void
check_acked(struct client *c)
{
	for (size_t i = 0; i < c->nlines; i++) {
		const struct line_said *line = &c->lines[i];

		if (line->life != c->life || !line->is_public ||
		    line->number <= c->acked || line->number > c->link->acked)
			continue;
		CLAIM(line->nlogs > 0, "client %u: line %zu is lost", c->index,
		    i);
	}
	c->acked = c->link->acked;
}

static void
check_bounds(const struct client *c)
{
	CLAIM(c->link->order.ahead <= ORDER_AHEAD_MAX, "%zu",
	    c->link->order.ahead);
	CLAIM(c->link->sent - c->link->acked <= NATIVE_WINDOW, "%u",
	    c->link->sent);
	CLAIM(link_deadline(c->link) > w.now, "late");
}

static void
after_client(struct client *c)
{
	if (c->acked != c->link->acked)
		check_acked(c);
	check_bounds(c);
}

/* What clients do. */

static void
say(struct client *c, bool is_public, const char *text)
{
	struct line_said *line = &c->lines[c->nlines++];

	*line = (struct line_said){ .is_public = is_public, .life = c->life };
	CLAIM(link_say(c->link, str_of(text), now()) == 0, "%s", text);
	line->number = c->link->said;
}

static void
act(struct client *c)
{
	const struct client *other =
	    &w.clients[random_below((unsigned)w.nclients)];
	unsigned what = random_below(100);
	char text[128];

	if (c->link == NULL || c->nlines == LINES_MAX)
		return;
	if (what < 60) {
		snprintf(text, sizeof(text), "s%u.%zu", c->index, c->nlines);
		say(c, true, text);
	} else if (what < 75 && other->link != NULL) {
		snprintf(text, sizeof(text), "/msg %s p%u.%zu",
		    link_nick(other->link), c->index, c->nlines);
		say(c, false, text);
	} else if (what < 80) {
		snprintf(
		    text, sizeof(text), "/nick n%ux%zu", c->index, c->nlines);
		say(c, false, text);
	} else if (what < 88) {
		snprintf(text, sizeof(text), "/join %s",
		    (const char *[ROOMS]){
			"lobby", "den", "attic" }[random_below(ROOMS)]);
		say(c, false, text);
	} else if (what < 94) {
		client_move(c);
	} else if (what < 97) {
		client_leave(c);
	}
}

/* The run. */

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
next_deadline(void)
{
	int64_t t = network_deadline(&w.network);

	t = earlier(t, earlier(w.action_at, w.commit_at));
	t = earlier(t, earlier(w.down_at, w.up_at));
	t = earlier(t, earlier(w.storm_at, w.calm_at));
	if (w.native != NULL)
		t = earlier(t, native_deadline(w.native));
	for (size_t i = 0; i < w.nclients; i++) {
		const struct client *c = &w.clients[i];

		t = earlier(t,
		    c->link != NULL ? link_deadline(c->link) : c->comes_back);
	}
	return t;
}

static void
deliver(struct parcel *p)
{
	struct str datagram = { p->bytes, p->len };
	struct client *c = client_at(&p->to);

	if (addr_eq(&p->to, &w.server)) {
		struct path path = { .remote = p->from, .local = w.server };

		if (w.native != NULL) {
			native_receive(w.native, &path, datagram, now());
			after_server();
		}
	} else if (c != NULL && c->link != NULL) {
		link_receive(c->link, datagram, now());
		after_client(c);
	}
	free(p);
}

static void
server_turn(void)
{
	if (w.commit_at <= w.now) {
		commit_some();
		hub_commit(w.hub, w.committed - w.before);
		after_server();
	}
	if (w.native != NULL && native_deadline(w.native) <= w.now) {
		native_tick(w.native, now());
		after_server();
	}
	if (w.down_at <= w.now)
		server_crash();
	if (w.up_at <= w.now)
		server_start();
}

static void
weather_turn(void)
{
	if (w.storm_at <= w.now) {
		w.storm_at = NEVER;
		w.calm_at = in_millis(1000, 90000);
		w.network.weather.loss = 100;
	}
	if (w.calm_at <= w.now) {
		w.calm_at = NEVER;
		w.network.weather.loss = w.loss;
	}
}

static void
client_turn(struct client *c)
{
	if (c->link == NULL && c->comes_back <= w.now)
		client_start(c);
	if (c->link != NULL && link_deadline(c->link) <= w.now) {
		link_tick(c->link, now());
		after_client(c);
	}
}

static void
step(void)
{
	int64_t next = next_deadline();

	if (next > w.now)
		w.now = next;
	if (network_deadline(&w.network) <= w.now)
		deliver(network_take(&w.network));
	weather_turn();
	server_turn();
	for (size_t i = 0; i < w.nclients; i++)
		client_turn(&w.clients[i]);
	if (w.action_at <= w.now) {
		act(&w.clients[random_below((unsigned)w.nclients)]);
		w.action_at = w.now < w.chat_ends
		    ? in_millis(1, w.misses ? 15 : 120)
		    : NEVER;
	}
}

static const struct member *
member_of(const struct client *c)
{
	return c->link->you != 0 ? hub_member(w.hub, c->link->you) : NULL;
}

/* NULL, or what is still to come to the client. */
static const char *
what_lacks(const struct client *c)
{
	const struct link *l = c->link;
	const struct member *m;
	const struct room *room;

	if (l == NULL || !link_was_joined(l))
		return "it is not there";
	if ((m = member_of(c)) == NULL)
		return "the server does not know it";
	room = hall_room(member_hall(m));
	if (room_id(room) != l->room_id)
		return "it does not know its room";
	if (!str_eq(member_name(m), str_of(link_nick(l))))
		return "it does not know its name";
	if (l->order.seen != room_last(room))
		return "messages";
	if (link_waiting(l) > 0)
		return "an acknowledgement";
	return l->notes < l->last_note ? "notes" : NULL;
}

static const char *
what_lacks_anyone(void)
{
	const char *what;

	if (w.hub == NULL || w.down_at != NEVER || w.nrecords != w.committed)
		return "the server is not ready";
	for (size_t i = 0; i < w.nclients; i++) {
		if ((what = what_lacks(&w.clients[i])) != NULL)
			return what;
	}
	return NULL;
}

static void
check_end(void)
{
	for (size_t i = 0; i < w.nclients; i++) {
		const struct client *c = &w.clients[i];

		check_skipped(c, c->seen, c->log->count + 1);
		CLAIM(link_refused(c->link) <= c->nlines, "refused");
	}
}

static void
make_world(unsigned seed)
{
	static const unsigned losses[] = { 0, 5, 20, 40 };
	static const int64_t delays[] = { MILLIS(1), MILLIS(50), MILLIS(300),
		SECONDS(2) };
	struct weather weather = { .fastest = 1000 };

	memset(&w.records, 0, sizeof(struct record));
	w.seed = seed;
	weather.loss = w.loss = losses[seed % 4];
	weather.doubled = seed / 4 % 3 * 10;
	weather.slowest = delays[seed / 12 % 4];
	network_init(&w.network, seed, &weather);
	w.now = SECONDS(1000);
	w.chat_ends = w.now + CHAT_TIME;
	w.server = (struct addr){ .ip = { 127, 0, 0, 1 }, .port = 9999 };
	w.ports = 0;
	w.has_ledger = chance(70);
	w.keeps = w.has_ledger && chance(80);
	w.misses = chance(20);
	w.busy = w.has_ledger && chance(30) ? 10 : 0;
	w.flood = chance(30) ? 10 : 0;
	w.era = 0;
	w.clock = 0;
	w.nrecords = w.committed = w.before = 0;
	w.nlogs = 0;
	w.action_at = w.now;
	w.commit_at = w.up_at = NEVER;
	w.down_at = chance(60) ? in_millis(500, 4000) : NEVER;
	w.storm_at = chance(15) ? in_millis(500, 4000) : NEVER;
	w.calm_at = NEVER;
	w.nclients = 2 + random_below(CLIENTS_MAX - 1);
}

static void
fill_world(void)
{
	server_start();
	for (size_t i = 0; i < w.nclients; i++) {
		struct client *c = &w.clients[i];

		c->index = (unsigned)i;
		c->life = 0;
		c->nlines = 0;
		c->addr = (struct addr){ .ip = { 10, 0, 0, (uint8_t)i } };
		memset(c->token, 't', sizeof(c->token));
		/* The second is the same person as the first, at times. */
		c->token[0] = (unsigned char)(i == 1 && chance(20) ? 0 : i);
		c->link = NULL;
		c->comes_back = in_millis(0, 1000);
	}
}

static void
run(unsigned seed)
{
	int64_t ends;

	make_world(seed);
	fill_world();
	while (w.now < w.chat_ends)
		step();
	ends = w.now + SETTLE_TIME;
	while (what_lacks_anyone() != NULL) {
		CLAIM(w.now < ends, "lacks %s", what_lacks_anyone());
		step();
	}
	check_end();
	for (size_t i = 0; i < w.nclients; i++)
		link_free(w.clients[i].link);
	server_stop();
	network_free(&w.network);
}

static unsigned
setting(const char *name, unsigned otherwise)
{
	const char *value = getenv(name);

	return value != NULL ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

START_TEST(nothing_is_lost_doubled_or_misplaced)
{
	unsigned runs = setting("CHATD_RUNS", RUNS) / BATCHES;

	for (unsigned i = 0; i < runs; i++)
		run(setting("CHATD_SEED", (unsigned)_i * runs + i));
}
END_TEST

static Suite *
network_suite(void)
{
	Suite *s = suite_create("network");
	TCase *tc = tcase_create("network");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(
	    tc, nothing_is_lost_doubled_or_misplaced, 0, BATCHES);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(network_suite());
}
