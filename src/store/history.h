/*
 * The rooms kept in a file (--history), an SQLite database.  It is the hub's
 * ledger: what is handed in waits in a queue for a thread of its own, which
 * writes all that waits in one transaction.  Only what is committed is told:
 * that is on the disk, and no kill -9 and no loss of power takes it away
 * again, as long as the disk keeps what it says it has written.
 *
 * A transaction that fails (a full disk) is tried again until it goes
 * through.  Meanwhile nothing is lost, nothing is told as committed, and the
 * queue fills up until the ledger takes no more.
 *
 * The file keeps all messages ever said; others may read it at any time, the
 * view `said` shows what was for everybody.  Only one daemon writes it.
 */
#ifndef CHATD_HISTORY_H
#define CHATD_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "chat/hub.h"
#include "chat/ledger.h"

#define HISTORY_WHY_MAX   256  /* bytes of a reason, with a NUL */
#define HISTORY_QUEUE_MAX 4096 /* entries that wait, */
#define HISTORY_QUEUE_BYTES \
	(4 * 1024 * 1024)        /* and their bytes; no more are \
				  * taken */
#define HISTORY_STOP_MILLIS 2000 /* that history_free() waits for the disk */

#define HISTORY_NUMBERS_MAX    4096               /* of sessions, put back */
#define HISTORY_NUMBER_SECONDS (7 * 24 * 60 * 60) /* and kept so long */

struct history;

/*
 * Opens the file, making it if need be (mode 0600) and giving it to that
 * owner and group, -1 for as it is.  NULL when it cannot be used: another
 * daemon has it, it is no history, its format is newer, it is damaged.  why
 * then says so and what to try, without the path.  Nothing is ever deleted.
 *
 * Next to it the files PATH-wal and PATH-shm come and go, so its directory is
 * written too; both are open from here on.  A child of fork(2) must not use it.
 */
struct history *history_open(
    const char *path, uid_t owner, gid_t group, char why[HISTORY_WHY_MAX]);

/*
 * Writes what waits and closes the file, within HISTORY_STOP_MILLIS; a thread
 * that is stuck is left behind, with its memory, to end when it can.  One that
 * was never started writes nothing.  Takes NULL.
 */
void history_free(struct history *);

/*
 * Puts back into a new hub what the file has: the key; the rooms, each with
 * its newest messages, max_messages at most; the numbers of sessions; the
 * nicks.  Before history_start().  Returns 0, or -1 with why as above.
 */
int history_load(struct history *, struct hub *, size_t max_messages,
    struct instant now, char why[HISTORY_WHY_MAX]);

/* Starts the thread, with all signals blocked in it.  0, or -1 with errno. */
int history_start(struct history *);

/* Never waits, and makes no system call but to wake the thread.  May be used
 * from the start; it stays the history's. */
const struct ledger *history_ledger(struct history *);

/* Becomes readable when more is committed, and when history_error() has news;
 * history_committed() drains it and tells how many appends are committed. */
int history_fd(const struct history *);
uint64_t history_committed(struct history *);

/* Whether something has changed since the last call: then text says why
 * nothing can be written, or is empty, because it can again. */
bool history_error(struct history *, char text[HISTORY_WHY_MAX]);

struct history_stats {
	uint64_t messages; /* committed */
	uint64_t commits;
	uint64_t errors;  /* transactions that failed */
	uint64_t waiting; /* entries not yet committed */
};
struct history_stats history_stats(struct history *);

#endif
