#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"

#define STANDARD_OUTPUT "-"

struct batch {
	struct buf lines; /* has room for WRITER_MAX from the start */
	bool reopen;      /* the path, once the first bytes were written: */
	size_t before;
};

/*
 * Lines gather in one batch while the thread writes the other, and the two
 * are swapped.  The thread holds the mutex for that and to report, never
 * while it opens, writes or closes: so the caller need not fear to take it.
 */
struct writer {
	char *path;
	bool started;
	pthread_t thread;

	/* The thread's alone, once it runs. */
	int fd;
	bool torn; /* what was written last is not a whole line */
	struct batch writing;

	/* Under the mutex. */
	pthread_mutex_t mutex;
	pthread_cond_t wake; /* the thread */
	struct batch gathering;
	size_t being_written; /* bytes that the thread took */
	uint64_t dropped;
	int error;
	bool stop;
	pthread_cond_t has_ended;
	bool ended;
	bool abandoned; /* the thread frees it all */
};

/* With O_NONBLOCK no FIFO makes the opening wait; the writing may. */
static int
open_to_append(const char *path)
{
	int fd, flags;

	if (strcmp(path, STANDARD_OUTPUT) == 0)
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	fd = open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
	    0640);
	if (fd != -1 && (flags = fcntl(fd, F_GETFL)) != -1)
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	return fd;
}

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
close_file(struct writer *w)
{
	if (w->fd != -1)
		close(w->fd);
	w->fd = -1;
}

static void
destroy(struct writer *w)
{
	close_file(w);
	pthread_mutex_destroy(&w->mutex);
	pthread_cond_destroy(&w->wake);
	pthread_cond_destroy(&w->has_ended);
	buf_free(&w->writing.lines);
	buf_free(&w->gathering.lines);
	free(w->path);
	free(w);
}

struct writer *
writer_new(const char *path)
{
	struct writer *w = calloc(1, sizeof(*w));
	int error = ENOMEM;

	if (w == NULL)
		return NULL;
	pthread_mutex_init(&w->mutex, NULL);
	init_condition(&w->wake);
	init_condition(&w->has_ended);
	w->fd = -1;
	w->path = strdup(path);
	if (w->path != NULL &&
	    buf_reserve(&w->writing.lines, WRITER_MAX) != NULL &&
	    buf_reserve(&w->gathering.lines, WRITER_MAX) != NULL) {
		w->fd = open_to_append(path);
		error = errno;
	}
	if (w->fd != -1)
		return w;
	destroy(w);
	errno = error;
	return NULL;
}

int
writer_fd(const struct writer *w)
{
	return w->fd;
}

/* The thread. */

static void
note_failure(struct writer *w, uint64_t lines, int error)
{
	pthread_mutex_lock(&w->mutex);
	w->dropped += lines;
	w->error = error;
	pthread_mutex_unlock(&w->mutex);
}

/* Standard output may have been made nonblocking by who shares it. */
static void
wait_for_room(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	poll(&p, 1, -1);
}

/* Returns 0, or what went wrong; *s is then what was not written. */
static int
write_all(struct writer *w, struct str *s)
{
	while (s->len > 0) {
		ssize_t n;

		errno = EIO; /* should it take nothing and not say why */
		n = write(w->fd, s->p, s->len);
		if (n > 0) {
			w->torn = s->p[n - 1] != '\n';
			s->p += n;
			s->len -= (size_t)n;
		} else if (errno == EAGAIN) {
			wait_for_room(w->fd);
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

/* A line that an earlier failure cut, and counted, is ended first. */
static void
write_lines(struct writer *w, struct str lines)
{
	struct str end = STR("\n");
	int error = w->torn ? write_all(w, &end) : 0;

	if (error == 0)
		error = write_all(w, &lines);
	if (error != 0)
		note_failure(w, str_count(lines, '\n'), error);
}

static bool
is_same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static void
open_anew(struct writer *w)
{
	int fd = open_to_append(w->path);

	if (fd == -1) {
		note_failure(w, 0, errno);
		return;
	}
	w->torn = w->torn && is_same_file(fd, w->fd);
	close_file(w);
	w->fd = fd;
}

static void
write_batch(struct writer *w, struct batch *batch)
{
	struct str rest = { buf_data(&batch->lines), buf_len(&batch->lines) };

	if (batch->reopen) {
		write_lines(w, (struct str){ rest.p, batch->before });
		rest.p += batch->before;
		rest.len -= batch->before;
		open_anew(w);
	}
	write_lines(w, rest);
	buf_drain(&batch->lines, buf_len(&batch->lines));
	batch->reopen = false;
}

/* Whether not to wait for more lines. */
static bool
is_due(const struct writer *w)
{
	return w->stop || w->gathering.reopen ||
	    buf_len(&w->gathering.lines) >= WRITER_MAX / 2;
}

/* Returns whether there is something to do; else it is time to end. */
static bool
wait_for_lines(struct writer *w)
{
	struct timespec deadline;

	while (buf_len(&w->gathering.lines) == 0 && !is_due(w))
		pthread_cond_wait(&w->wake, &w->mutex);
	deadline = deadline_in(WRITER_DELAY_MILLIS);
	while (!is_due(w) &&
	    pthread_cond_timedwait(&w->wake, &w->mutex, &deadline) == 0)
		;
	return buf_len(&w->gathering.lines) > 0 || w->gathering.reopen;
}

static void
take_lines(struct writer *w)
{
	struct batch empty = w->writing;

	w->writing = w->gathering;
	w->gathering = empty;
	w->being_written = buf_len(&w->writing.lines);
}

static void
end_thread(struct writer *w)
{
	bool abandoned;

	close_file(w);
	pthread_mutex_lock(&w->mutex);
	w->ended = true;
	abandoned = w->abandoned;
	pthread_cond_signal(&w->has_ended);
	pthread_mutex_unlock(&w->mutex);
	if (abandoned)
		destroy(w);
}

static void *
run(void *arg)
{
	struct writer *w = arg;

	pthread_mutex_lock(&w->mutex);
	while (wait_for_lines(w)) {
		take_lines(w);
		pthread_mutex_unlock(&w->mutex);
		write_batch(w, &w->writing);
		pthread_mutex_lock(&w->mutex);
		w->being_written = 0;
	}
	pthread_mutex_unlock(&w->mutex);
	end_thread(w);
	return NULL;
}

/* The caller's side. */

/* Signals are for the other threads; without SIGPIPE there is EPIPE. */
int
writer_start(struct writer *w)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->started = error == 0;
	if (w->started)
		return 0;
	errno = error;
	return -1;
}

/* Returns whether the thread has ended; else it will free the writer. */
static bool
stop_thread(struct writer *w)
{
	struct timespec deadline = deadline_in(WRITER_STOP_MILLIS);
	bool ended;

	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	while (!w->ended &&
	    pthread_cond_timedwait(&w->has_ended, &w->mutex, &deadline) == 0)
		;
	ended = w->ended;
	if (!ended) {
		w->abandoned = true;
		pthread_detach(w->thread);
	}
	pthread_mutex_unlock(&w->mutex);
	return ended;
}

void
writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	if (w->started) {
		if (!stop_thread(w))
			return;
		pthread_join(w->thread, NULL);
	}
	destroy(w);
}

void
writer_add(struct writer *w, const char *p, size_t len)
{
	bool was_empty, was_due;

	pthread_mutex_lock(&w->mutex);
	was_empty = buf_len(&w->gathering.lines) == 0;
	was_due = is_due(w);
	if (len <= WRITER_MAX - w->being_written - buf_len(&w->gathering.lines))
		buf_add(&w->gathering.lines, p, len);
	else
		w->dropped += str_count((struct str){ p, len }, '\n');
	if (was_empty || was_due != is_due(w))
		pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->mutex);
}

void
writer_reopen(struct writer *w)
{
	if (strcmp(w->path, STANDARD_OUTPUT) == 0)
		return;
	pthread_mutex_lock(&w->mutex);
	w->gathering.reopen = true;
	w->gathering.before = buf_len(&w->gathering.lines);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->mutex);
}

uint64_t
writer_dropped(struct writer *w)
{
	uint64_t dropped;

	pthread_mutex_lock(&w->mutex);
	dropped = w->dropped;
	pthread_mutex_unlock(&w->mutex);
	return dropped;
}

int
writer_error(struct writer *w)
{
	int error;

	pthread_mutex_lock(&w->mutex);
	error = w->error;
	w->error = 0;
	pthread_mutex_unlock(&w->mutex);
	return error;
}
