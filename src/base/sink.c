#include "base/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

struct sink {
	int fd;  /* written to */
	int own; /* fd when it is ours to close, or -1 */
	struct buf waiting;
	uint64_t dropped; /* lines, ever */
	uint64_t untold;  /* of those, not yet told of in the output */
};

/*
 * An open file of our own for the same terminal or pipe, where O_NONBLOCK
 * disturbs nobody else.  -1 where there is none: a regular file never makes
 * a writer wait, and the rest is asked by poll(2) before each write.
 */
static int
reopen_nonblocking(int fd)
{
	char path[32];
	struct stat st;

	if (fstat(fd, &st) == -1 ||
	    !(S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

struct sink *
sink_new(int fd)
{
	struct sink *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->own = reopen_nonblocking(fd);
	s->fd = s->own != -1 ? s->own : fd;
	return s;
}

void
sink_free(struct sink *s)
{
	if (s == NULL)
		return;
	sink_flush(s);
	if (s->own != -1)
		close(s->own);
	buf_free(&s->waiting);
	free(s);
}

static bool
sink_is_writable(const struct sink *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };

	return s->own != -1 || (poll(&p, 1, 0) == 1 && p.revents == POLLOUT);
}

/* Without a descriptor of our own, no more than poll(2) vouches for. */
static size_t
sink_chunk(const struct sink *s)
{
	size_t len = buf_len(&s->waiting);

	return s->own == -1 && len > 512 ? 512 : len;
}

static void
sink_write_waiting(struct sink *s)
{
	while (buf_len(&s->waiting) > 0 && sink_is_writable(s)) {
		ssize_t n;

		n = write(s->fd, buf_data(&s->waiting), sink_chunk(s));
		if (n > 0)
			buf_drain(&s->waiting, (size_t)n);
		else if (n == -1 && errno == EINTR)
			continue;
		else
			break;
	}
}

/* Whether all of it was taken in. */
static bool
sink_keep(struct sink *s, const char *p, size_t len)
{
	if (len > SINK_MAX - buf_len(&s->waiting))
		return false;
	buf_add(&s->waiting, p, len);
	if (!buf_failed(&s->waiting))
		return true;
	s->waiting.failed = false;
	return false;
}

static void
sink_tell_dropped(struct sink *s)
{
	char line[64];
	int n;

	n = snprintf(line, sizeof(line), "[%llu lines were dropped here]\n",
	    (unsigned long long)s->untold);
	if (sink_keep(s, line, (size_t)n))
		s->untold = 0;
}

size_t
sink_flush(struct sink *s)
{
	sink_write_waiting(s);
	if (s->untold > 0) {
		sink_tell_dropped(s);
		sink_write_waiting(s);
	}
	return buf_len(&s->waiting);
}

void
sink_write(struct sink *s, const char *p, size_t len)
{
	uint64_t lines;

	sink_flush(s);
	if (s->untold == 0 && sink_keep(s, p, len)) {
		sink_write_waiting(s);
		return;
	}
	lines = str_count((struct str){ p, len }, '\n');
	s->dropped += lines;
	s->untold += lines;
}

int
sink_fd(const struct sink *s)
{
	return s->fd;
}

uint64_t
sink_dropped(const struct sink *s)
{
	return s->dropped;
}
