#include "store/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/worker.h"
#include "store/archive.h"
#include "store/entry.h"

#define RETRY_MILLIS     100
#define RETRY_MILLIS_MAX 2000 /* doubled up to this */

struct batch {
	struct buf bytes; /* entries; has room for all from the start */
	uint64_t entries;
	uint64_t messages; /* of them */
};

/*
 * Entries gather in one batch while the thread writes the other, and the two
 * are swapped.  The thread never holds the mutex while it writes: so the
 * caller need not fear to take it.
 */
struct history {
	struct ledger ledger;
	struct worker worker;
	int told[2]; /* a pipe: the byte in it says that there is news */

	/* The thread's alone, once it runs. */
	struct archive *archive;
	struct batch writing;

	/* Under the worker's mutex. */
	struct batch gathering;
	bool is_held;           /* more belongs to what was gathered */
	uint64_t being_written; /* entries that the thread took, */
	size_t bytes_written;   /* and their bytes */
	struct history_stats stats;
	bool has_told; /* the byte is in the pipe */
	char error[HISTORY_WHY_MAX];
	bool error_changed;
};

static void
close_end(int fd)
{
	if (fd != -1)
		close(fd);
}

static void
destroy(struct history *h)
{
	archive_close(h->archive);
	close_end(h->told[0]);
	close_end(h->told[1]);
	worker_destroy(&h->worker);
	buf_free(&h->writing.bytes);
	buf_free(&h->gathering.bytes);
	free(h);
}

/* The thread. */

/* Under the mutex. */
static void
tell(struct history *h)
{
	if (!h->has_told)
		h->has_told = write(h->told[1], "", 1) == 1;
}

static void
set_error(struct history *h, const char *error)
{
	if (strcmp(h->error, error) == 0)
		return;
	memcpy(h->error, error, strlen(error) + 1);
	h->error_changed = true;
	tell(h);
}

/* Returns whether there is something to write; else it is time to end. */
static bool
wait_for_entries(struct history *h)
{
	while ((h->gathering.entries == 0 || h->is_held) && !h->worker.stop)
		worker_wait(&h->worker, NEVER);
	return h->gathering.entries > 0;
}

static void
take_entries(struct history *h)
{
	struct batch empty = h->writing;

	h->writing = h->gathering;
	h->gathering = empty;
	h->being_written = h->writing.entries;
	h->bytes_written = buf_len(&h->writing.bytes);
}

static void
publish(struct history *h)
{
	h->stats.commits++;
	h->stats.messages += h->writing.messages;
	h->being_written = 0;
	h->bytes_written = 0;
	set_error(h, "");
	tell(h);
	buf_drain(&h->writing.bytes, buf_len(&h->writing.bytes));
	h->writing.entries = h->writing.messages = 0;
}

/* Returns false when it is time to end instead. */
static bool
wait_to_retry(struct history *h, int millis)
{
	int64_t deadline = clock_now().mono + MILLIS(millis);

	while (!h->worker.stop && worker_wait(&h->worker, deadline))
		;
	return !h->worker.stop;
}

/* The mutex is held but while it writes.  Returns whether all is written; not
 * so when it is time to end and the last attempt failed. */
static bool
write_batch(struct history *h)
{
	struct str entries = { buf_data(&h->writing.bytes),
		buf_len(&h->writing.bytes) };
	int millis = RETRY_MILLIS;
	bool is_last = false;

	for (;;) {
		char why[HISTORY_WHY_MAX] = "";
		int result;

		pthread_mutex_unlock(&h->worker.mutex);
		result = archive_write(h->archive, entries, why);
		pthread_mutex_lock(&h->worker.mutex);
		if (result == 0)
			return true;
		h->stats.errors++;
		set_error(h, why);
		if (is_last)
			return false;
		is_last = !wait_to_retry(h, millis);
		if ((millis *= 2) > RETRY_MILLIS_MAX)
			millis = RETRY_MILLIS_MAX;
	}
}

static void
end_thread(struct history *h)
{
	archive_close(h->archive);
	h->archive = NULL;
	if (worker_end(&h->worker))
		destroy(h);
}

static void *
run(void *arg)
{
	struct history *h = arg;
	bool is_written = true;

	pthread_mutex_lock(&h->worker.mutex);
	while (is_written && wait_for_entries(h)) {
		take_entries(h);
		is_written = write_batch(h);
		if (is_written)
			publish(h);
	}
	pthread_mutex_unlock(&h->worker.mutex);
	end_thread(h);
	return NULL;
}

/* The caller's side. */

static int
add(struct history *h, const struct entry *e)
{
	size_t size = entry_size(e);
	struct batch *b = &h->gathering;
	int result = -1;

	pthread_mutex_lock(&h->worker.mutex);
	if (h->being_written + b->entries < HISTORY_QUEUE_MAX &&
	    size <=
		HISTORY_QUEUE_BYTES - h->bytes_written - buf_len(&b->bytes)) {
		entry_add(&b->bytes, e);
		b->messages += e->type == ENTRY_MESSAGE;
		if (b->entries++ == 0)
			pthread_cond_signal(&h->worker.wake);
		result = 0;
	}
	pthread_mutex_unlock(&h->worker.mutex);
	return result;
}

static int
append(void *arg, const struct room *room, const struct message *m,
    uint64_t number)
{
	return add(arg,
	    &(struct entry){ .type = ENTRY_MESSAGE,
		.room = room_id(room),
		.room_name = str_of(room_name(room)),
		.number = number,
		.message = *m });
}

static void
set_held(struct history *h, bool is_held)
{
	pthread_mutex_lock(&h->worker.mutex);
	h->is_held = is_held;
	if (!is_held)
		pthread_cond_signal(&h->worker.wake);
	pthread_mutex_unlock(&h->worker.mutex);
}

static void
hold(void *arg)
{
	set_held(arg, true);
}

static void
release(void *arg)
{
	set_held(arg, false);
}

static void
set_topic(void *arg, const struct room *room)
{
	add(arg,
	    &(struct entry){ .type = ENTRY_TOPIC,
		.room = room_id(room),
		.room_name = str_of(room_name(room)),
		.message.text = str_of(room_topic(room)) });
}

static void
set_nick(void *arg, uint64_t identity, struct str nick)
{
	add(arg,
	    &(struct entry){ .type = ENTRY_NICK,
		.message = { .time = clock_now().wall,
		    .author = identity,
		    .nick = nick } });
}

static bool
has_memory(struct history *h)
{
	return buf_reserve(&h->writing.bytes, HISTORY_QUEUE_BYTES) != NULL &&
	    buf_reserve(&h->gathering.bytes, HISTORY_QUEUE_BYTES) != NULL;
}

static int
set_up(struct history *h)
{
	if (!has_memory(h)) {
		errno = ENOMEM;
		return -1;
	}
	return pipe2(h->told, O_CLOEXEC | O_NONBLOCK);
}

struct history *
history_open(
    const char *path, uid_t owner, gid_t group, char why[HISTORY_WHY_MAX])
{
	struct history *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		snprintf(why, HISTORY_WHY_MAX, "%s", strerror(ENOMEM));
		return NULL;
	}
	h->ledger = (struct ledger){
		.append = append,
		.hold = hold,
		.release = release,
		.topic = set_topic,
		.nick = set_nick,
		.arg = h,
	};
	h->told[0] = h->told[1] = -1;
	worker_init(&h->worker);
	if (set_up(h) == -1)
		snprintf(why, HISTORY_WHY_MAX, "%s", strerror(errno));
	else if ((h->archive = archive_open(path, owner, group, why)) != NULL)
		return h;
	destroy(h);
	return NULL;
}

int
history_load(struct history *h, struct hub *hub, size_t max_messages,
    struct instant now, char why[HISTORY_WHY_MAX])
{
	return archive_load(h->archive, hub, max_messages, now, why);
}

int
history_start(struct history *h)
{
	return worker_start(&h->worker, run, h);
}

void
history_free(struct history *h)
{
	if (h != NULL && worker_stop(&h->worker, HISTORY_STOP_MILLIS))
		destroy(h);
}

const struct ledger *
history_ledger(struct history *h)
{
	return &h->ledger;
}

int
history_fd(const struct history *h)
{
	return h->told[0];
}

uint64_t
history_committed(struct history *h)
{
	uint64_t committed;
	char byte;

	pthread_mutex_lock(&h->worker.mutex);
	if (h->has_told && read(h->told[0], &byte, 1) == 1)
		h->has_told = false;
	committed = h->stats.messages;
	pthread_mutex_unlock(&h->worker.mutex);
	return committed;
}

bool
history_error(struct history *h, char text[HISTORY_WHY_MAX])
{
	bool changed;

	pthread_mutex_lock(&h->worker.mutex);
	changed = h->error_changed;
	h->error_changed = false;
	memcpy(text, h->error, HISTORY_WHY_MAX);
	pthread_mutex_unlock(&h->worker.mutex);
	return changed;
}

struct history_stats
history_stats(struct history *h)
{
	struct history_stats stats;

	pthread_mutex_lock(&h->worker.mutex);
	stats = h->stats;
	stats.waiting = h->being_written + h->gathering.entries;
	pthread_mutex_unlock(&h->worker.mutex);
	return stats;
}
