/*
 * The file may have been changed by hand: text is made clean again before it
 * reaches anybody, and what is too long is cut.
 */
#include "store/restore.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "store/sql.h"

struct reading {
	sqlite3 *db;
	struct hub *hub;
	size_t max_messages;
	struct instant now;
	char *why; /* empty until something fails */
	bool has_key;
	struct room *room; /* whose messages are read */
};

/* Takes a row.  Returns 0, or -1 when the hub has no memory for it or why says
 * why. */
typedef int row_fn(struct reading *, sqlite3_stmt *);

struct query {
	row_fn *take;
	const char *sql;
	uint64_t limit, since, room; /* for what it names so */
};

/* Returns SQLITE_DONE, SQLITE_ROW when a row was not taken, or what failed. */
static int
run_query(struct reading *r, const struct query *q, sqlite3_stmt *s)
{
	int rc = SQLITE_ROW;

	if (sql_bind_number(s, ":limit", q->limit) == -1 ||
	    sql_bind_number(s, ":since", q->since) == -1 ||
	    sql_bind_number(s, ":room", q->room) == -1)
		return SQLITE_NOMEM;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW && q->take(r, s) == 0)
		;
	return rc;
}

static int
read_rows(struct reading *r, const struct query *q)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(r->db, q->sql, -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = run_query(r, q, s);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		sql_explain(r->db, r->why);
	else if (rc == SQLITE_ROW && r->why[0] == '\0')
		why_set(r->why, "%s", strerror(ENOMEM));
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? 0 : -1;
}

static uint64_t
get_number(sqlite3_stmt *s, int column)
{
	return (uint64_t)sqlite3_column_int64(s, column);
}

/* In space, made clean and cut to cap - 1 bytes. */
static struct str
get_text(sqlite3_stmt *s, int column, char *space, size_t cap)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	size_t len = (size_t)sqlite3_column_bytes(s, column);

	len = text_clean(space, cap,
	    (struct str){ text != NULL ? text : "", text != NULL ? len : 0 },
	    NULL);
	return (struct str){ space, len };
}

static int
take_key(struct reading *r, sqlite3_stmt *s)
{
	const void *key = sqlite3_column_blob(s, 0);

	if (key == NULL || sqlite3_column_bytes(s, 0) != HUB_TOKEN_LEN)
		return 0;
	hub_restore_key(r->hub, key);
	r->has_key = true;
	return 0;
}

/* Without the key nobody would be known any more. */
static int
read_key(struct reading *r)
{
	static const struct query query = { .take = take_key,
		.sql = "SELECT value FROM meta WHERE name = 'key'" };

	if (read_rows(r, &query) == -1)
		return -1;
	if (r->has_key)
		return 0;
	why_set(r->why,
	    "it is damaged: its key is missing (move it away and "
	    "begin anew)");
	return -1;
}

static int
take_message(struct reading *r, sqlite3_stmt *s)
{
	char via[CHAT_NICK_MAX + 1], nick[CHAT_NICK_MAX + 1];
	char to_nick[CHAT_NICK_MAX + 1], text[CHAT_TEXT_MAX + 1];
	uint64_t kind = get_number(s, 5);
	struct message m = {
		.seq = get_number(s, 0),
		.time = sqlite3_column_int64(s, 1),
		.sender = get_number(s, 2),
		.author = get_number(s, 3),
		.to = get_number(s, 4),
		.kind = kind <= MESSAGE_ANNOUNCEMENT ? (enum message_kind)kind
						     : MESSAGE_SAY,
		.via = get_text(s, 6, via, sizeof(via)),
		.nick = get_text(s, 7, nick, sizeof(nick)),
		.to_nick = get_text(s, 8, to_nick, sizeof(to_nick)),
		.text = get_text(s, 9, text, sizeof(text)),
	};

	return room_restore(r->room, &m);
}

static int
take_room(struct reading *r, sqlite3_stmt *s)
{
	char name[CHAT_ROOM_MAX + 1], topic[CHAT_TOPIC_MAX + 1];
	struct query messages = { .take = take_message,
		.sql = "SELECT seq, time, sender, author, addressee, kind, via,"
		       " nick, to_nick, text FROM messages"
		       " WHERE room = :room AND seq > 0 AND seq >"
		       " (SELECT max(seq) FROM messages WHERE room = :room) -"
		       " :limit ORDER BY seq",
		.limit = r->max_messages,
		.room = get_number(s, 0) };

	r->room = hub_restore_room(r->hub, get_text(s, 1, name, sizeof(name)),
	    get_number(s, 2), get_text(s, 3, topic, sizeof(topic)));
	return r->room != NULL ? read_rows(r, &messages) : -1;
}

/* Where a name had several logs, the newest counts.  The lobby comes first,
 * then who spoke last, as many as the hub takes. */
static int
read_rooms(struct reading *r)
{
	static const struct query query = { .take = take_room,
		.sql = "SELECT id, name, log_id, topic FROM rooms AS r"
		       " WHERE id ="
		       " (SELECT max(id) FROM rooms WHERE name = r.name)"
		       " ORDER BY name <> '" LOBBY "',"
		       " (SELECT time FROM messages WHERE room = r.id"
		       " ORDER BY seq DESC LIMIT 1) DESC LIMIT :limit",
		.limit = HUB_ROOMS_MAX - 1 };

	return read_rows(r, &query);
}

static int
take_number(struct reading *r, sqlite3_stmt *s)
{
	return hub_restore_number(r->hub, get_number(s, 0), get_number(s, 1));
}

static int
take_nick(struct reading *r, sqlite3_stmt *s)
{
	char nick[CHAT_NICK_MAX + 1];

	return hub_restore_nick(r->hub, get_number(s, 0),
	    get_text(s, 1, nick, sizeof(nick)), r->now);
}

static uint64_t
millis_ago(const struct reading *r, int64_t seconds)
{
	return (uint64_t)(r->now.wall - seconds * 1000);
}

/* The newest, and of them the oldest first, which give way first. */
static int
read_numbers(struct reading *r)
{
	struct query query = { .take = take_number,
		.sql = "SELECT member, number FROM (SELECT * FROM numbers"
		       " WHERE time >= :since ORDER BY time DESC LIMIT :limit)"
		       " ORDER BY time",
		.limit = HISTORY_NUMBERS_MAX,
		.since = millis_ago(r, HISTORY_NUMBER_SECONDS) };

	return read_rows(r, &query);
}

static int
read_nicks(struct reading *r)
{
	struct query query = { .take = take_nick,
		.sql = "SELECT identity, nick FROM (SELECT * FROM nicks"
		       " WHERE time >= :since ORDER BY time DESC LIMIT :limit)"
		       " ORDER BY time",
		.limit = PEOPLE_MAX,
		.since = millis_ago(r, NICK_SECONDS) };

	return read_rows(r, &query);
}

int
restore_hub(sqlite3 *db, struct hub *hub, size_t max_messages,
    struct instant now, char why[HISTORY_WHY_MAX])
{
	struct reading r = { .db = db,
		.hub = hub,
		.max_messages = max_messages,
		.now = now,
		.why = why };

	why[0] = '\0';
	if (read_key(&r) == -1 || read_rooms(&r) == -1 ||
	    read_numbers(&r) == -1 || read_nicks(&r) == -1)
		return -1;
	return 0;
}
