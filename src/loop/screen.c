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
#include "loop/nicks.h"

#define NOTICE_MAX 512
#define FULL       (SINK_MAX / 2) /* bytes that wait */

struct screen {
	bool is_terminal;
	bool no_colour;
	bool no_time;
	struct sink *out;
	size_t waiting; /* bytes in the sink when it was last flushed */
	struct event *writable;
	void (*drained)(void *);
	void *arg;
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
	struct screen *s = arg;

	(void)fd;
	(void)what;
	screen_flush(s);
	s->drained(s->arg);
}

/* What turns a look on; all are turned off together. */
static const char *const looks[] = {
	[LOOK_PLAIN] = "",
	[LOOK_DIM] = "\033[2m",
	[LOOK_BOLD] = "\033[1m",
	[LOOK_ACTION] = "\033[3m",
	[LOOK_PRIVATE] = "\033[35m",
	[LOOK_QUESTION] = "\033[36m",
	[LOOK_ANNOUNCEMENT] = "\033[1;33m",
};

#define LOOK_OFF "\033[0m"

/* Those of the 256 colours that can be read on black and on white, and told
 * from each other. */
static const unsigned char nick_colours[] = { 26, 29, 31, 64, 97, 99, 130, 131,
	133, 136, 160, 166 };

#define NICK_COLOURS (sizeof(nick_colours) / sizeof(nick_colours[0]))

static void
add_time(struct buf *b, int64_t millis)
{
	time_t seconds = (time_t)(millis / 1000);
	char text[16];
	struct tm tm;

	if (localtime_r(&seconds, &tm) != NULL &&
	    strftime(text, sizeof(text), "%H:%M ", &tm) > 0)
		buf_add_str(b, str_of(text));
}

static void
add_coloured(struct buf *b, const struct screen_line *line)
{
	const char *look = looks[line->look];
	size_t before;

	buf_add_str(b, str_of(look));
	if (line->nick.len > 0) {
		before = (size_t)(line->nick.p - line->text.p);
		buf_add(b, line->text.p, before);
		buf_addf(b, "\033[38;5;%um",
		    nick_colours[nick_number(line->nick) % NICK_COLOURS]);
		buf_add_str(b, line->nick);
		buf_addf(b, LOOK_OFF "%s", look);
		before += line->nick.len;
		buf_add(b, line->text.p + before, line->text.len - before);
	} else
		buf_add_str(b, line->text);
	if (look[0] != '\0')
		buf_add_str(b, STR(LOOK_OFF));
}

void
screen_add(struct screen *s, const struct screen_line *line)
{
	if (s->is_terminal && !s->no_time && line->time != 0)
		add_time(&s->lines, line->time);
	if (s->is_terminal && !s->no_colour)
		add_coloured(&s->lines, line);
	else
		buf_add_str(&s->lines, line->text);
	buf_add_str(
	    &s->lines, s->is_terminal && line->rings ? STR("\a\n") : STR("\n"));
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

bool
screen_is_full(const struct screen *s)
{
	return buf_len(&s->lines) + s->waiting > FULL;
}

void
screen_notice(struct screen *s, const char *format, ...)
{
	char text[NOTICE_MAX] = "* ";
	va_list ap;

	va_start(ap, format);
	vsnprintf(text + 2, sizeof(text) - 2, format, ap);
	va_end(ap);
	if (s->is_terminal) {
		screen_add(s,
		    &(struct screen_line){
			.time = clock_now().wall, .text = str_of(text) });
		screen_show(s);
	} else
		dprintf(STDERR_FILENO, "chat: %s\n", text + 2);
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
	struct lineedit_config edit = { ": ", NULL, config->erases,
		config->line, config->word, config->arg };

	s->is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	s->no_colour = config->no_colour;
	s->no_time = config->no_time;
	s->drained = config->drained;
	s->arg = config->arg;
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
