/*
 * There is a lineedit on a terminal, until screen_close(), and an input
 * elsewhere, never both.
 */
#include "loop/screen.h"

#include <event2/event.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/sink.h"
#include "loop/lineedit.h"

#define NOTICE_MAX 512

struct screen {
	bool is_terminal;
	bool no_colour;
	struct sink *out;
	size_t waiting; /* bytes in the sink when it was last flushed */
	struct event *writable;
	struct input *input;
	struct lineedit *edit;
	struct buf lines; /* not yet shown */
};

/*
 * A descriptor that was writable and took nothing is broken, and is tried
 * again only when there is more to print.
 */
static void
screen_flush(struct screen *s)
{
	size_t waiting = sink_flush(s->out);

	if (waiting > 0 && waiting != s->waiting)
		event_add(s->writable, NULL);
	else if (waiting == 0 && s->waiting > 0 && s->edit != NULL)
		lineedit_redraw(s->edit);
	s->waiting = waiting;
}

static void
screen_writable_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	screen_flush(arg);
}

static void
add_time(struct buf *b)
{
	time_t now = (time_t)(clock_now().wall / 1000);
	char text[16];
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL &&
	    strftime(text, sizeof(text), "%H:%M ", &tm) > 0)
		buf_add_str(b, str_of(text));
}

void
screen_add(
    struct screen *s, const char *prefix, const char *line, bool stands_out)
{
	bool is_bold = stands_out && s->is_terminal && !s->no_colour;

	if (s->is_terminal)
		add_time(&s->lines);
	buf_addf(&s->lines, "%s%s%s%s\n", is_bold ? "\033[1m" : "", prefix,
	    line, is_bold ? "\033[0m" : "");
}

void
screen_show(struct screen *s)
{
	const struct buf *b = &s->lines;

	if (buf_failed(b) || buf_len(b) == 0)
		;
	else if (s->edit != NULL)
		lineedit_print(s->edit, buf_data(b), buf_len(b));
	else
		sink_write(s->out, buf_data(b), buf_len(b));
	buf_free(&s->lines);
	screen_flush(s);
}

void
screen_notice(struct screen *s, const char *format, ...)
{
	char text[NOTICE_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (s->is_terminal) {
		screen_add(s, "* ", text, false);
		screen_show(s);
	} else
		dprintf(STDERR_FILENO, "chat: %s\n", text);
}

void
screen_read(struct screen *s, bool on)
{
	if (s->input == NULL)
		return;
	if (on)
		input_resume(s->input);
	else
		input_pause(s->input);
}

void
screen_close(struct screen *s)
{
	lineedit_free(s->edit);
	s->edit = NULL;
	screen_read(s, false);
}

int
screen_finish(struct screen *s)
{
	struct pollfd p = { .fd = sink_fd(s->out), .events = POLLOUT };
	size_t before, waiting = sink_flush(s->out);

	if (s->is_terminal)
		return 0;
	do {
		before = waiting;
		if (before > 0)
			poll(&p, 1, -1);
		waiting = sink_flush(s->out);
	} while (waiting > 0 && waiting < before);
	return waiting == 0 ? 0 : -1;
}

static int
screen_open(struct screen *s, struct event_base *base,
    const struct screen_config *config)
{
	struct lineedit_config edit = { ": ", NULL, config->line, config->word,
		config->arg };

	s->is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	s->no_colour = config->no_colour;
	edit.out = s->out = sink_new(STDOUT_FILENO);
	if (s->out == NULL)
		return -1;
	s->writable =
	    event_new(base, sink_fd(s->out), EV_WRITE, screen_writable_cb, s);
	if (s->writable == NULL)
		return -1;
	if (s->is_terminal)
		s->edit = lineedit_new(base, &edit);
	else
		s->input =
		    input_new(base, STDIN_FILENO, config->line, config->arg);
	return s->edit != NULL || s->input != NULL ? 0 : -1;
}

struct screen *
screen_new(struct event_base *base, const struct screen_config *config)
{
	struct screen *s = calloc(1, sizeof(*s));

	if (s != NULL && screen_open(s, base, config) == -1) {
		screen_free(s);
		return NULL;
	}
	return s;
}

void
screen_free(struct screen *s)
{
	if (s == NULL)
		return;
	lineedit_free(s->edit);
	input_free(s->input);
	if (s->writable != NULL)
		event_free(s->writable);
	sink_free(s->out);
	buf_free(&s->lines);
	free(s);
}

bool
screen_is_terminal(const struct screen *s)
{
	return s->is_terminal;
}
