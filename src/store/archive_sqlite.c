/*
 * The file is an SQLite database with a write-ahead log, which is synced with
 * each commit: that makes a commit last, and lets others read meanwhile.
 *
 * SQLite keeps everybody else from writing only during a transaction; a
 * second daemon is kept out by flock(2).
 */
#include "store/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/siphash.h"
#include "store/entry.h"
#include "store/restore.h"
#include "store/sql.h"

#define APPLICATION_ID 0x63686174 /* "chat" */
#define FORMAT         1          /* of the tables; counts up */
#define BUSY_MILLIS    1000       /* that another program may write */
#define PRUNE_MILLIS   3600000

/* Numbers of 64 bits are kept as SQLite has them, signed. */
static const char schema[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE rooms(id INTEGER PRIMARY KEY,"
    " log_id INTEGER NOT NULL UNIQUE, name TEXT NOT NULL,"
    " topic TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX rooms_by_name ON rooms(name);"
    "CREATE TABLE messages(room INTEGER NOT NULL REFERENCES rooms,"
    " seq INTEGER NOT NULL, time INTEGER NOT NULL, sender INTEGER NOT NULL,"
    " author INTEGER NOT NULL, addressee INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, via TEXT NOT NULL, nick TEXT NOT NULL,"
    " to_nick TEXT NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY(room, seq)) WITHOUT ROWID;"
    "CREATE TABLE numbers(member INTEGER PRIMARY KEY,"
    " number INTEGER NOT NULL, time INTEGER NOT NULL);"
    "CREATE TABLE nicks(identity INTEGER PRIMARY KEY,"
    " nick TEXT NOT NULL, time INTEGER NOT NULL);"
    "CREATE VIEW said AS SELECT"
    " strftime('%Y-%m-%dT%H:%M:%fZ', m.time / 1000.0, 'unixepoch') AS time,"
    " r.name AS room, m.seq AS seq, m.nick AS nick, m.text AS text"
    " FROM messages AS m JOIN rooms AS r ON r.id = m.room"
    " WHERE m.addressee = 0"; /* TO_ALL */

/* A message of any length fits into a page; in a smaller one the longest would
 * take a page more each. */
static const char page_size[] = "PRAGMA page_size = 8192";

/* What is done for each type of entry, in this order. */
static const struct step {
	enum entry_type type;
	const char *sql;
} steps[] = {
	{ ENTRY_MESSAGE,
	    "INSERT OR IGNORE INTO rooms(log_id, name) VALUES(:room, :name)" },
	{ ENTRY_MESSAGE,
	    "INSERT INTO messages VALUES("
	    "(SELECT id FROM rooms WHERE log_id = :room), :seq, :time, :sender,"
	    " :author, :to, :kind, :via, :nick, :to_nick, :text)" },
	{ ENTRY_MESSAGE,
	    "INSERT OR REPLACE INTO numbers"
	    " SELECT :sender, :number, :time WHERE :number <> 0" },
	{ ENTRY_MESSAGE,
	    "UPDATE nicks SET time = :time WHERE identity = :author" },
	{ ENTRY_TOPIC,
	    "INSERT OR IGNORE INTO rooms(log_id, name) VALUES(:room, :name)" },
	{ ENTRY_TOPIC, "UPDATE rooms SET topic = :text WHERE log_id = :room" },
	{ ENTRY_NICK, "DELETE FROM nicks WHERE identity = :author" },
	{ ENTRY_NICK,
	    "INSERT INTO nicks SELECT :author, :nick, :time WHERE :nick <> ''" },
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

struct archive {
	char *path; /* absolute and without links */
	int fd;     /* of the file, with the lock */
	sqlite3 *db;
	sqlite3_stmt *statements[STEPS];
	int64_t pruned_at; /* wall */
};

/* Opening. */

static int
open_file(struct archive *a, const char *path, char why[HISTORY_WHY_MAX])
{
	struct stat st;

	a->fd = open(
	    path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (a->fd == -1 || fstat(a->fd, &st) == -1) {
		why_set(why, "%s", strerror(errno));
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		why_set(why, "it is not a regular file");
		return -1;
	}
	if (flock(a->fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK) {
		why_set(why, "another chatd keeps its history there");
		return -1;
	}
	if ((a->path = realpath(path, NULL)) == NULL) {
		why_set(why, "%s", strerror(errno));
		return -1;
	}
	return 0;
}

/* SQLite gives its own files to the owner of this one. */
static int
give_away(
    struct archive *a, uid_t owner, gid_t group, char why[HISTORY_WHY_MAX])
{
	if (owner == (uid_t)-1 && group == (gid_t)-1)
		return 0;
	if (fchown(a->fd, owner, group) == 0)
		return 0;
	why_set(why, "its owner cannot be changed: %s", strerror(errno));
	return -1;
}

/* All at once, or nothing. */
static int
create_tables(struct archive *a, char why[HISTORY_WHY_MAX])
{
	struct siphash_key key;
	char more[160];

	if (siphash_key_random(&key) == -1) {
		why_set(why, "no randomness: %s", strerror(errno));
		return -1;
	}
	snprintf(more, sizeof(more),
	    "PRAGMA application_id = %d; PRAGMA user_version = %d;"
	    "INSERT INTO meta VALUES('key', x'%016" PRIx64 "%016" PRIx64 "')",
	    APPLICATION_ID, FORMAT, key.k0, key.k1);
	if (sql_execute(a->db, page_size, why) == -1 ||
	    sql_execute(a->db, "BEGIN EXCLUSIVE", why) == -1 ||
	    sql_execute(a->db, schema, why) == -1 ||
	    sql_execute(a->db, more, why) == -1)
		return -1;
	return sql_execute(a->db, "COMMIT", why);
}

/* Nothing is written to a file before it is known to be ours, or empty. */
static int
check_format(struct archive *a, char why[HISTORY_WHY_MAX])
{
	int64_t id, format, tables;

	if (sql_number(a->db, "PRAGMA application_id", &id, why) == -1 ||
	    sql_number(a->db, "PRAGMA user_version", &format, why) == -1 ||
	    sql_number(a->db, "SELECT count(*) FROM sqlite_master", &tables,
		why) == -1)
		return -1;
	if (id == 0 && format == 0 && tables == 0)
		return create_tables(a, why);
	if (id != APPLICATION_ID) {
		why_set(why,
		    "it is no history of chatd, but a database of "
		    "another program (try another file)");
		return -1;
	}
	if (format != FORMAT) {
		why_set(why,
		    "its format is %" PRId64 ", and this chatd knows only %d "
		    "(try a newer one)",
		    format, FORMAT);
		return -1;
	}
	return 0;
}

/* With FULL each commit waits until the log is on the disk. */
static int
set_modes(struct archive *a, char why[HISTORY_WHY_MAX])
{
	int64_t has_log;

	if (sql_execute(a->db,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 4194304",
		why) == -1 ||
	    sql_number(a->db,
		"SELECT journal_mode = 'wal' FROM pragma_journal_mode",
		&has_log, why) == -1)
		return -1;
	if (has_log)
		return 0;
	why_set(why,
	    "SQLite can keep no write-ahead log there (try a file on "
	    "a local disk)");
	return -1;
}

static int
prepare_steps(struct archive *a, char why[HISTORY_WHY_MAX])
{
	for (size_t i = 0; i < STEPS; i++) {
		if (sqlite3_prepare_v3(a->db, steps[i].sql, -1,
			SQLITE_PREPARE_PERSISTENT, &a->statements[i],
			NULL) != SQLITE_OK) {
			sql_explain(a->db, why);
			return -1;
		}
	}
	return 0;
}

static int
open_database(struct archive *a, char why[HISTORY_WHY_MAX])
{
	if (sqlite3_open_v2(a->path, &a->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK) {
		sql_explain(a->db, why);
		return -1;
	}
	sqlite3_busy_timeout(a->db, BUSY_MILLIS);
	if (check_format(a, why) == -1 || set_modes(a, why) == -1)
		return -1;
	return prepare_steps(a, why);
}

struct archive *
archive_open(
    const char *path, uid_t owner, gid_t group, char why[HISTORY_WHY_MAX])
{
	struct archive *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		why_set(why, "%s", strerror(ENOMEM));
		return NULL;
	}
	a->fd = -1;
	if (open_file(a, path, why) == 0 &&
	    give_away(a, owner, group, why) == 0 && open_database(a, why) == 0)
		return a;
	archive_close(a);
	return NULL;
}

/* Closing any descriptor of the file would take SQLite's locks on it away, so
 * ours is closed last. */
void
archive_close(struct archive *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < STEPS; i++)
		sqlite3_finalize(a->statements[i]);
	sqlite3_close(a->db);
	if (a->fd != -1)
		close(a->fd);
	free(a->path);
	free(a);
}

/* Writing. */

/* What is written to a file that was moved away is not there any more after
 * a restart.  Who gave up the right to look cannot tell. */
static bool
was_moved(const struct archive *a)
{
	struct stat ours, there;

	if (stat(a->path, &there) == -1)
		return errno == ENOENT;
	return fstat(a->fd, &ours) == 0 &&
	    (ours.st_dev != there.st_dev || ours.st_ino != there.st_ino);
}

static int
check_place(const struct archive *a, char why[HISTORY_WHY_MAX])
{
	if (!was_moved(a))
		return 0;
	why_set(why, "the file was moved or removed (put it back, or restart)");
	return -1;
}

static int
bind_entry(sqlite3_stmt *s, const struct entry *e)
{
	const struct message *m = &e->message;
	/* 0 is SQLITE_OK. */
	int failures = sql_bind_number(s, ":room", e->room) |
	    sql_bind_text(s, ":name", e->room_name) |
	    sql_bind_number(s, ":number", e->number) |
	    sql_bind_number(s, ":seq", m->seq) |
	    sql_bind_number(s, ":time", (uint64_t)m->time) |
	    sql_bind_number(s, ":sender", m->sender) |
	    sql_bind_number(s, ":author", m->author) |
	    sql_bind_number(s, ":to", m->to) |
	    sql_bind_number(s, ":kind", m->kind) |
	    sql_bind_text(s, ":via", m->via) |
	    sql_bind_text(s, ":nick", m->nick) |
	    sql_bind_text(s, ":to_nick", m->to_nick) |
	    sql_bind_text(s, ":text", m->text);

	return failures == 0 ? 0 : -1;
}

/* A failure stays that of the database after the statement is reset. */
static int
write_entry(struct archive *a, const struct entry *e)
{
	for (size_t i = 0; i < STEPS; i++) {
		sqlite3_stmt *s = a->statements[i];

		if (steps[i].type != e->type)
			continue;
		if (bind_entry(s, e) == -1)
			return -1;
		sqlite3_step(s);
		if (sqlite3_reset(s) != SQLITE_OK)
			return -1;
	}
	return 0;
}

/* What is too old to be put back. */
static int
prune(struct archive *a, int64_t wall, char why[HISTORY_WHY_MAX])
{
	char sql[160];

	snprintf(sql, sizeof(sql),
	    "DELETE FROM numbers WHERE time < %" PRId64 ";"
	    "DELETE FROM nicks WHERE time < %" PRId64,
	    wall - (int64_t)HISTORY_NUMBER_SECONDS * 1000,
	    wall - (int64_t)NICK_SECONDS * 1000);
	if (sql_execute(a->db, sql, why) == -1)
		return -1;
	a->pruned_at = wall;
	return 0;
}

static int
write_all(struct archive *a, struct str entries, char why[HISTORY_WHY_MAX])
{
	int64_t wall = 0;
	struct entry e;

	while (entries.len > 0) {
		entry_take(&entries, &e);
		if (write_entry(a, &e) == -1) {
			sql_explain(a->db, why);
			return -1;
		}
		if (wall < e.message.time)
			wall = e.message.time;
	}
	return wall - a->pruned_at < PRUNE_MILLIS ? 0 : prune(a, wall, why);
}

/* SQLite may have rolled back by itself. */
static void
roll_back(struct archive *a)
{
	if (!sqlite3_get_autocommit(a->db))
		sqlite3_exec(a->db, "ROLLBACK", NULL, NULL, NULL);
}

int
archive_write(struct archive *a, struct str entries, char why[HISTORY_WHY_MAX])
{
	if (check_place(a, why) == 0 &&
	    sql_execute(a->db, "BEGIN IMMEDIATE", why) == 0 &&
	    write_all(a, entries, why) == 0 &&
	    sql_execute(a->db, "COMMIT", why) == 0)
		return 0;
	roll_back(a);
	return -1;
}

/* That something is written shows that it can be, before anybody waits for
 * it. */
static int
note_start(struct archive *a, int64_t wall, char why[HISTORY_WHY_MAX])
{
	char sql[96];

	snprintf(sql, sizeof(sql),
	    "INSERT OR REPLACE INTO meta VALUES('started', %" PRId64 ")", wall);
	if (sql_execute(a->db, "BEGIN IMMEDIATE", why) == 0 &&
	    sql_execute(a->db, sql, why) == 0 && prune(a, wall, why) == 0 &&
	    sql_execute(a->db, "COMMIT", why) == 0)
		return 0;
	roll_back(a);
	return -1;
}

int
archive_load(struct archive *a, struct hub *hub, size_t max_messages,
    struct instant now, char why[HISTORY_WHY_MAX])
{
	if (note_start(a, now.wall, why) == -1)
		return -1;
	return restore_hub(a->db, hub, max_messages, now, why);
}
