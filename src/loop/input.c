/*
 * Bytes collect in data[start, end).  More are read only when no whole line
 * is left there, once a turn of the loop and after poll(2) vouched for it, so
 * that neither a blocking descriptor nor an endless file holds up the loop.
 */
#include "loop/input.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define INPUT_TURN_LINES 64 /* handed over in one turn of the loop */

struct input {
	int fd;
	bool is_tty;
	bool is_watched; /* by `readable`; otherwise looked at by `again` */
	bool paused;
	bool ended; /* nothing more can be read */
	bool over;  /* and that was said */
	bool busy;  /* in the callback, */
	bool freed; /* which called input_free() */
	input_cb *cb;
	void *arg;
	struct event *readable;
	struct event *again; /* a timer */
	size_t start, end;
	char data[INPUT_LINE_MAX + 1]; /* a longest line and its newline */
};

static bool
is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* Whether the terminal belongs to another job, whose input this is not. */
static bool
is_background(const struct input *in)
{
	pid_t owner = in->is_tty ? tcgetpgrp(in->fd) : -1;

	return owner != -1 && owner != getpgrp();
}

/* Where an overlong line is cut: not within a UTF-8 character. */
static size_t
cut_length(const char *p)
{
	size_t len = INPUT_LINE_MAX;

	while (len > INPUT_LINE_MAX - 3 && ((unsigned char)p[len] >> 6) == 2)
		len--;
	return len;
}

/*
 * The line that comes next, and how many bytes it takes with its end.
 * Returns whether there is one.
 */
static bool
next_line(const struct input *in, struct str *line, size_t *taken)
{
	const char *p = in->data + in->start;
	size_t len = in->end - in->start;
	const char *newline = memchr(p, '\n', len);

	if (newline == NULL) {
		if (len > INPUT_LINE_MAX)
			len = cut_length(p);
		else if (!in->ended || len == 0)
			return false;
		*line = (struct str){ p, len };
		*taken = len;
		return true;
	}
	*line = (struct str){ p, (size_t)(newline - p) };
	*taken = line->len + 1;
	if (line->len > 0 && newline[-1] == '\r')
		line->len--;
	return true;
}

static bool
has_line(const struct input *in)
{
	struct str line;
	size_t taken;

	return next_line(in, &line, &taken);
}

static void
look_again(struct input *in, time_t seconds)
{
	struct timeval delay = { .tv_sec = seconds };

	event_del(in->readable);
	event_add(in->again, &delay);
}

/* Waits for whatever lets the input go on. */
static void
input_arm(struct input *in)
{
	event_del(in->again);
	if (in->paused || in->over)
		event_del(in->readable);
	else if (has_line(in) || in->ended)
		look_again(in, 0);
	else if (is_background(in))
		look_again(in, 1);
	else if (!in->is_watched || event_add(in->readable, NULL) == -1)
		look_again(in, is_readable(in->fd) ? 0 : 1);
}

static void
input_read(struct input *in)
{
	ssize_t n;

	memmove(in->data, in->data + in->start, in->end - in->start);
	in->end -= in->start;
	in->start = 0;
	n = read(in->fd, in->data + in->end, sizeof(in->data) - in->end);
	if (n > 0)
		in->end += (size_t)n;
	else if (n == 0 ||
	    !(errno == EINTR || errno == EAGAIN ||
		(errno == EIO && is_background(in))))
		in->ended = true;
}

static void
input_deliver(struct input *in)
{
	struct str line;
	size_t taken;

	in->busy = true;
	for (int i = 0; i < INPUT_TURN_LINES; i++) {
		if (in->paused || in->freed || !next_line(in, &line, &taken))
			break;
		in->start += taken;
		in->cb(in->arg, line, false);
	}
	if (in->ended && in->start == in->end && !in->paused && !in->freed) {
		in->over = true;
		in->cb(in->arg, STR(""), true);
	}
	in->busy = false;
}

static void
input_turn_cb(evutil_socket_t fd, short what, void *arg)
{
	struct input *in = arg;

	(void)what;
	(void)fd;
	if (!in->ended && !has_line(in) && !is_background(in) &&
	    is_readable(in->fd))
		input_read(in);
	input_deliver(in);
	if (in->freed)
		input_free(in);
	else
		input_arm(in);
}

struct input *
input_new(struct event_base *base, int fd, input_cb *cb, void *arg)
{
	struct input *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return NULL;
	in->fd = fd;
	in->is_tty = isatty(fd);
	in->is_watched = fd_is_watchable(fd);
	in->cb = cb;
	in->arg = arg;
	in->readable =
	    event_new(base, fd, EV_READ | EV_PERSIST, input_turn_cb, in);
	in->again = event_new(base, -1, 0, input_turn_cb, in);
	if (in->readable == NULL || in->again == NULL) {
		input_free(in);
		return NULL;
	}
	input_arm(in);
	return in;
}

void
input_free(struct input *in)
{
	if (in == NULL)
		return;
	in->freed = true;
	if (in->busy)
		return;
	if (in->readable != NULL)
		event_free(in->readable);
	if (in->again != NULL)
		event_free(in->again);
	free(in);
}

void
input_pause(struct input *in)
{
	in->paused = true;
	if (!in->busy)
		input_arm(in);
}

void
input_resume(struct input *in)
{
	in->paused = false;
	if (!in->busy)
		input_arm(in);
}
