#include "store/history.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
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
	bool started;
	pthread_t thread;
	int told[2]; /* a pipe: the byte in it says that there is news */

	/* The thread's alone, once it runs. */
	struct archive *archive;
	struct batch writing;

	/* Under the mutex. */
	pthread_mutex_t mutex;
	pthread_cond_t wake; /* the thread */
	struct batch gathering;
	bool is_held;           /* more belongs to what was gathered */
	uint64_t being_written; /* entries that the thread took, */
	size_t bytes_written;   /* and their bytes */
	struct history_stats stats;
	bool has_told; /* the byte is in the pipe */
	char error[HISTORY_WHY_MAX];
	bool error_changed;
	bool stop;
	pthread_cond_t has_ended;
	bool ended;
	bool abandoned; /* the thread frees it all */
};

/* Deadlines are told by the clock that nobody sets. */
static void
init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attr);
	pthread_condattr_destroy(&attr);
}

static struct timespec
deadline_in(int millis)
{
	int64_t at = clock_now().mono + MILLIS(millis);

	return (struct timespec){ .tv_sec = at / SECONDS(1),
		.tv_nsec = at % SECONDS(1) };
}

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
	pthread_mutex_destroy(&h->mutex);
	pthread_cond_destroy(&h->wake);
	pthread_cond_destroy(&h->has_ended);
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
	while ((h->gathering.entries == 0 || h->is_held) && !h->stop)
		pthread_cond_wait(&h->wake, &h->mutex);
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
	struct timespec deadline = deadline_in(millis);

	while (!h->stop &&
	    pthread_cond_timedwait(&h->wake, &h->mutex, &deadline) == 0)
		;
	return !h->stop;
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

		pthread_mutex_unlock(&h->mutex);
		result = archive_write(h->archive, entries, why);
		pthread_mutex_lock(&h->mutex);
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
	bool abandoned;

	archive_close(h->archive);
	h->archive = NULL;
	pthread_mutex_lock(&h->mutex);
	h->ended = true;
	abandoned = h->abandoned;
	pthread_cond_signal(&h->has_ended);
	pthread_mutex_unlock(&h->mutex);
	if (abandoned)
		destroy(h);
}

static void *
run(void *arg)
{
	struct history *h = arg;
	bool is_written = true;

	pthread_mutex_lock(&h->mutex);
	while (is_written && wait_for_entries(h)) {
		take_entries(h);
		is_written = write_batch(h);
		if (is_written)
			publish(h);
	}
	pthread_mutex_unlock(&h->mutex);
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

	pthread_mutex_lock(&h->mutex);
	if (h->being_written + b->entries < HISTORY_QUEUE_MAX &&
	    size <=
		HISTORY_QUEUE_BYTES - h->bytes_written - buf_len(&b->bytes)) {
		entry_add(&b->bytes, e);
		b->messages += e->type == ENTRY_MESSAGE;
		if (b->entries++ == 0)
			pthread_cond_signal(&h->wake);
		result = 0;
	}
	pthread_mutex_unlock(&h->mutex);
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
	pthread_mutex_lock(&h->mutex);
	h->is_held = is_held;
	if (!is_held)
		pthread_cond_signal(&h->wake);
	pthread_mutex_unlock(&h->mutex);
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
	pthread_mutex_init(&h->mutex, NULL);
	init_condition(&h->wake);
	init_condition(&h->has_ended);
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
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&h->thread, NULL, run, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	h->started = error == 0;
	if (h->started)
		return 0;
	errno = error;
	return -1;
}

/* Returns whether the thread has ended; else it will free the history. */
static bool
stop_thread(struct history *h)
{
	struct timespec deadline = deadline_in(HISTORY_STOP_MILLIS);
	bool ended;

	pthread_mutex_lock(&h->mutex);
	h->stop = true;
	pthread_cond_signal(&h->wake);
	while (!h->ended &&
	    pthread_cond_timedwait(&h->has_ended, &h->mutex, &deadline) == 0)
		;
	ended = h->ended;
	if (!ended) {
		h->abandoned = true;
		pthread_detach(h->thread);
	}
	pthread_mutex_unlock(&h->mutex);
	return ended;
}

void
history_free(struct history *h)
{
	if (h == NULL)
		return;
	if (h->started) {
		if (!stop_thread(h))
			return;
		pthread_join(h->thread, NULL);
	}
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

	pthread_mutex_lock(&h->mutex);
	if (h->has_told && read(h->told[0], &byte, 1) == 1)
		h->has_told = false;
	committed = h->stats.messages;
	pthread_mutex_unlock(&h->mutex);
	return committed;
}

bool
history_error(struct history *h, char text[HISTORY_WHY_MAX])
{
	bool changed;

	pthread_mutex_lock(&h->mutex);
	changed = h->error_changed;
	h->error_changed = false;
	memcpy(text, h->error, HISTORY_WHY_MAX);
	pthread_mutex_unlock(&h->mutex);
	return changed;
}

struct history_stats
history_stats(struct history *h)
{
	struct history_stats stats;

	pthread_mutex_lock(&h->mutex);
	stats = h->stats;
	stats.waiting = h->being_written + h->gathering.entries;
	pthread_mutex_unlock(&h->mutex);
	return stats;
}
