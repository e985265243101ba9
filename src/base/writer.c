#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/worker.h"

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
	struct worker worker;

	/* The thread's alone, once it runs. */
	int fd;
	bool torn; /* what was written last is not a whole line */
	struct batch writing;

	/* Under the worker's mutex. */
	struct batch gathering;
	size_t being_written; /* bytes that the thread took */
	uint64_t dropped;
	int error;
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
	worker_destroy(&w->worker);
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
	worker_init(&w->worker);
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
	pthread_mutex_lock(&w->worker.mutex);
	w->dropped += lines;
	w->error = error;
	pthread_mutex_unlock(&w->worker.mutex);
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
	return w->worker.stop || w->gathering.reopen ||
	    buf_len(&w->gathering.lines) >= WRITER_MAX / 2;
}

/* Returns whether there is something to do; else it is time to end. */
static bool
wait_for_lines(struct writer *w)
{
	int64_t deadline;

	while (buf_len(&w->gathering.lines) == 0 && !is_due(w))
		worker_wait(&w->worker, NEVER);
	deadline = clock_now().mono + MILLIS(WRITER_DELAY_MILLIS);
	while (!is_due(w) && worker_wait(&w->worker, deadline))
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
	close_file(w);
	if (worker_end(&w->worker))
		destroy(w);
}

static void *
run(void *arg)
{
	struct writer *w = arg;

	pthread_mutex_lock(&w->worker.mutex);
	while (wait_for_lines(w)) {
		take_lines(w);
		pthread_mutex_unlock(&w->worker.mutex);
		write_batch(w, &w->writing);
		pthread_mutex_lock(&w->worker.mutex);
		w->being_written = 0;
	}
	pthread_mutex_unlock(&w->worker.mutex);
	end_thread(w);
	return NULL;
}

/* The caller's side. */

int
writer_start(struct writer *w)
{
	return worker_start(&w->worker, run, w);
}

void
writer_free(struct writer *w)
{
	if (w != NULL && worker_stop(&w->worker, WRITER_STOP_MILLIS))
		destroy(w);
}

void
writer_add(struct writer *w, const char *p, size_t len)
{
	bool was_empty, was_due;

	pthread_mutex_lock(&w->worker.mutex);
	was_empty = buf_len(&w->gathering.lines) == 0;
	was_due = is_due(w);
	if (len <= WRITER_MAX - w->being_written - buf_len(&w->gathering.lines))
		buf_add(&w->gathering.lines, p, len);
	else
		w->dropped += str_count((struct str){ p, len }, '\n');
	if (was_empty || was_due != is_due(w))
		pthread_cond_signal(&w->worker.wake);
	pthread_mutex_unlock(&w->worker.mutex);
}

void
writer_reopen(struct writer *w)
{
	if (strcmp(w->path, STANDARD_OUTPUT) == 0)
		return;
	pthread_mutex_lock(&w->worker.mutex);
	w->gathering.reopen = true;
	w->gathering.before = buf_len(&w->gathering.lines);
	pthread_cond_signal(&w->worker.wake);
	pthread_mutex_unlock(&w->worker.mutex);
}

uint64_t
writer_dropped(struct writer *w)
{
	uint64_t dropped;

	pthread_mutex_lock(&w->worker.mutex);
	dropped = w->dropped;
	pthread_mutex_unlock(&w->worker.mutex);
	return dropped;
}

int
writer_error(struct writer *w)
{
	int error;

	pthread_mutex_lock(&w->worker.mutex);
	error = w->error;
	w->error = 0;
	pthread_mutex_unlock(&w->worker.mutex);
	return error;
}
