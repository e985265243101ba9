/*
 * libedit reads one key whenever the terminal is readable and draws through
 * the sink, so that a terminal that takes nothing stalls nobody.  Its own
 * interface is used and not the one like readline's, which has neither a way
 * to the sink nor room for a line of more than a kilobyte.
 *
 * While `shown`, the terminal is in libedit's mode and the cursor stands in
 * the line; whoever prints takes the line off the screen first.
 */
#include "loop/lineedit.h"

#include <event2/event.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <wchar.h>

#include "base/buf.h"

#define HISTORY_LINES 500
#define CTRL_D        '\004'
#define ESCAPE        L'\033'
#define ESCAPE_MILLIS 100 /* in which the rest of a key's sequence comes */

struct lineedit {
	struct lineedit_config config;
	FILE *screen; /* libedit's way to the sink */
	EditLine *el;
	History *history;
	struct event *readable, *resized, *suspended;
	unsigned keys;     /* read for the command under way, */
	wchar_t first_key; /* and the first of them */
	bool shown;
	bool busy;  /* in the line callback, */
	bool freed; /* which called lineedit_free() */
};

static ssize_t
screen_write(void *arg, const char *p, size_t len)
{
	struct lineedit *le = arg;

	sink_write(le->config.out, p, len);
	return (ssize_t)len;
}

static struct lineedit *
client(EditLine *el)
{
	void *arg = NULL;

	el_get(el, EL_CLIENTDATA, &arg);
	return arg;
}

static char *
prompt(EditLine *el)
{
	return (char *)(uintptr_t)client(el)->config.prompt;
}

/* Where the line is on the screen. */

/* The columns that libedit gives a character. */
static unsigned
columns_of(wchar_t c, unsigned column)
{
	int width = wcwidth(c);

	if (c == L'\t')
		return 8 - column % 8;
	if (width >= 0)
		return (unsigned)width;
	return c < 0x20 || c == 0x7f ? 2 : c > 0xffff ? 8 : 7;
}

/* How many rows below the prompt's the end of that text is. */
static unsigned
row_after(struct lineedit *le, const char *p, const char *end)
{
	unsigned row = 0, column = (unsigned)strlen(le->config.prompt);
	int screen = 80;
	mbstate_t state = { 0 };

	el_get(le->el, EL_GETTC, "co", &screen);
	while (p < end) {
		wchar_t c;
		size_t n = mbrtowc(&c, p, (size_t)(end - p), &state);
		unsigned width;

		if (n == 0 || n > MB_CUR_MAX)
			break;
		p += n;
		width = columns_of(c, column);
		if (column + width > (unsigned)screen) {
			row++;
			column = 0;
		}
		column += width;
		if (column >= (unsigned)screen) {
			row++;
			column = 0;
		}
	}
	return row;
}

/* Takes all from so many rows above on off the screen. */
static void
erase_rows_and_write(
    struct lineedit *le, unsigned rows, const char *text, size_t len)
{
	struct buf b = { 0 };

	if (rows > 0)
		buf_addf(&b, "\033[%uA", rows);
	buf_add_str(&b, STR("\r\033[J"));
	buf_add(&b, text, len);
	if (!buf_failed(&b))
		sink_write(le->config.out, buf_data(&b), buf_len(&b));
	buf_free(&b);
}

static void
erase_and_write(struct lineedit *le, const char *text, size_t len)
{
	const LineInfo *line = el_line(le->el);

	erase_rows_and_write(
	    le, row_after(le, line->buffer, line->cursor), text, len);
}

void
lineedit_print(struct lineedit *le, const char *text, size_t len)
{
	if (!le->shown || sink_flush(le->config.out) > 0) {
		sink_write(le->config.out, text, len);
		return;
	}
	erase_and_write(le, text, len);
	el_set(le->el, EL_REFRESH);
}

void
lineedit_redraw(struct lineedit *le)
{
	if (le->shown)
		lineedit_print(le, "", 0);
}

/* Completion. */

/* The part of the line from the last blank to the cursor. */
static struct str
typed_word(EditLine *el)
{
	const LineInfo *line = el_line(el);
	const char *p = line->cursor;

	while (p > line->buffer && p[-1] != ' ' && p[-1] != '\t')
		p--;
	return (struct str){ p, (size_t)(line->cursor - p) };
}

/* How far the two agree but for case, in whole characters. */
static size_t
common_length(const char *a, const char *b, size_t max)
{
	size_t n = 0;

	while (n < max && strncasecmp(a + n, b + n, 1) == 0)
		n++;
	while (n > 0 && ((unsigned char)a[n] >> 6) == 2)
		n--;
	return n;
}

/*
 * The longest beginning that all words share which begin with `typed`, and
 * those words in *list.  Returns how many there are.
 */
static size_t
find_words(
    struct lineedit *le, struct str typed, struct str *common, struct buf *list)
{
	const char *word;
	size_t found = 0;

	for (size_t i = 0; (word = le->config.word(le->config.arg, i)) != NULL;
	     i++) {
		if (strncasecmp(word, typed.p, typed.len) != 0)
			continue;
		if (found++ == 0)
			*common = str_of(word);
		else
			common->len =
			    common_length(common->p, word, common->len);
		buf_addf(list, "%s ", word);
	}
	return found;
}

/* Puts the word in the place of what was typed of it. */
static void
replace_word(EditLine *el, const char *typed, struct str word, bool whole)
{
	size_t characters = mbstowcs(NULL, typed, 0);
	char text[INPUT_LINE_MAX];

	if (characters == (size_t)-1)
		return;
	el_deletestr(el, (int)characters);
	snprintf(text, sizeof(text), "%.*s%s", (int)word.len, word.p,
	    whole ? " " : "");
	el_insertstr(el, text);
}

static void
complete(struct lineedit *le)
{
	struct str word = typed_word(le->el), common = { 0 };
	char *typed = strndup(word.p, word.len);
	struct buf list = { 0 };
	size_t found = 0;

	if (typed != NULL)
		found = find_words(le, str_of(typed), &common, &list);
	buf_add(&list, "\n", 1);
	if (found == 1 || (found > 1 && common.len > word.len)) {
		erase_and_write(le, "", 0);
		replace_word(le->el, typed, common, found == 1);
		el_set(le->el, EL_REFRESH);
	} else if (found > 1 && !buf_failed(&list)) {
		lineedit_print(le, buf_data(&list), buf_len(&list));
	}
	buf_free(&list);
	free(typed);
}

/* Reading. */

static bool
is_ready(int fd, short events, int millis)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, millis) > 0 && (p.revents & events) != 0;
}

/* One character of the terminal, which is readable.  0 if it has no meaning. */
static int
read_character(wchar_t *c)
{
	mbstate_t state = { 0 };
	size_t n;
	char byte;

	do {
		if (read(STDIN_FILENO, &byte, 1) != 1)
			return 0;
		n = mbrtowc(c, &byte, 1, &state);
	} while (n == (size_t)-2);
	return n != (size_t)-1;
}

/*
 * Called by libedit for the keys of a command; on 0 it gives the command up.
 * TAB is no command of libedit's, since it never frees those it is taught.
 */
static int
read_key(EditLine *el, wchar_t *key)
{
	struct lineedit *le = client(el);
	bool is_first = le->keys++ == 0;

	/* The escape key alone must not hold up the loop. */
	if (le->keys == 2 && le->first_key == ESCAPE &&
	    !is_ready(STDIN_FILENO, POLLIN, ESCAPE_MILLIS))
		return 0;
	if (read_character(key) == 0)
		return 0;
	if (is_first)
		le->first_key = *key;
	if (is_first && *key == L'\t') {
		complete(le);
		return 0;
	}
	return 1;
}

/*
 * An empty line.  Outside edit mode el_reset() leaves the terminal alone; in
 * it, the terminal would take keys for its own line mode in between.
 */
static void
lineedit_begin(struct lineedit *le)
{
	el_set(le->el, EL_EDITMODE, 0);
	el_reset(le->el);
	el_set(le->el, EL_EDITMODE, 1);
	el_set(le->el, EL_REFRESH);
	le->shown = true;
}

/* Hands on a copy of the line, which is libedit's own. */
static void
lineedit_finish(struct lineedit *le, const char *line, size_t len, bool at_eof)
{
	char *copy = strndup(line, len);
	HistEvent event;

	if (at_eof)
		erase_and_write(le, "", 0);
	else if (le->config.erases) /* the cursor is in the row after it */
		erase_rows_and_write(
		    le, row_after(le, line, line + len) + 1, "", 0);
	le->shown = false;
	if (copy != NULL) {
		if (len > 0)
			history(le->history, &event, H_ENTER, copy);
		le->busy = true;
		le->config.line(
		    le->config.arg, (struct str){ copy, len }, at_eof);
		le->busy = false;
		free(copy);
	}
	if (le->freed)
		lineedit_free(le);
	else
		lineedit_begin(le);
}

static void
lineedit_readable_cb(evutil_socket_t fd, short what, void *arg)
{
	struct lineedit *le = arg;
	const char *line;
	int len = 0;

	(void)what;
	if (is_ready(fd, POLLHUP | POLLERR, 0)) {
		event_del(le->readable);
		lineedit_finish(le, "", 0, true);
		return;
	}
	le->keys = 0;
	line = el_gets(le->el, &len);
	if (line == NULL || len <= 0)
		return;
	if (len == 1 && line[0] == CTRL_D)
		lineedit_finish(le, "", 0, true);
	else if (line[len - 1] == '\n' || line[len - 1] == '\r')
		lineedit_finish(le, line, (size_t)len - 1, false);
}

/* The terminal has moved the rows in its own way: none above is taken off. */
static void
lineedit_resized_cb(evutil_socket_t fd, short what, void *arg)
{
	struct lineedit *le = arg;

	(void)fd;
	(void)what;
	el_resize(le->el);
	sink_write(le->config.out, "\r\033[J", 4);
	el_set(le->el, EL_REFRESH);
}

/* Ctrl-Z: stops with the terminal as the shell wants it. */
static void
lineedit_suspended_cb(evutil_socket_t fd, short what, void *arg)
{
	struct lineedit *le = arg;

	(void)fd;
	(void)what;
	erase_and_write(le, "", 0);
	el_set(le->el, EL_PREP_TERM, 0);
	kill(getpid(), SIGSTOP);
	el_set(le->el, EL_PREP_TERM, 1);
	el_set(le->el, EL_REFRESH);
}

/* Setting up. */

static int
setup_events(struct lineedit *le, struct event_base *base)
{
	le->readable = event_new(
	    base, STDIN_FILENO, EV_READ | EV_PERSIST, lineedit_readable_cb, le);
	le->resized = evsignal_new(base, SIGWINCH, lineedit_resized_cb, le);
	le->suspended = evsignal_new(base, SIGTSTP, lineedit_suspended_cb, le);
	if (le->readable == NULL || le->resized == NULL ||
	    le->suspended == NULL)
		return -1;
	return event_add(le->readable, NULL) == -1 ||
		event_add(le->resized, NULL) == -1 ||
		event_add(le->suspended, NULL) == -1
	    ? -1
	    : 0;
}

/* SIGINT and the like are the caller's, hence no EL_SIGNAL. */
static int
setup_libedit(struct lineedit *le)
{
	cookie_io_functions_t io = { .write = screen_write };
	HistEvent event;

	le->screen = fopencookie(le, "w", io);
	le->history = history_init();
	if (le->screen == NULL || le->history == NULL)
		return -1;
	le->el = el_init_fd("chat", stdin, le->screen, le->screen, STDIN_FILENO,
	    STDOUT_FILENO, STDOUT_FILENO);
	if (le->el == NULL)
		return -1;
	history(le->history, &event, H_SETSIZE, HISTORY_LINES);
	history(le->history, &event, H_SETUNIQUE, 1);
	el_set(le->el, EL_CLIENTDATA, le);
	el_set(le->el, EL_PROMPT, prompt);
	el_set(le->el, EL_EDITOR, "emacs");
	el_set(le->el, EL_HIST, history, le->history);
	el_set(le->el, EL_GETCFN, read_key);
	el_source(le->el, NULL);
	return 0;
}

struct lineedit *
lineedit_new(struct event_base *base, const struct lineedit_config *config)
{
	struct lineedit *le = calloc(1, sizeof(*le));

	if (le == NULL)
		return NULL;
	le->config = *config;
	if (setup_libedit(le) == -1 || setup_events(le, base) == -1) {
		lineedit_free(le);
		return NULL;
	}
	el_set(le->el, EL_UNBUFFERED, 1);
	le->shown = true;
	return le;
}

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

void
lineedit_free(struct lineedit *le)
{
	if (le == NULL)
		return;
	le->freed = true;
	if (le->busy)
		return;
	if (le->shown)
		erase_and_write(le, "", 0);
	free_event(le->readable);
	free_event(le->resized);
	free_event(le->suspended);
	if (le->el != NULL)
		el_end(le->el); /* restores the terminal */
	if (le->history != NULL)
		history_end(le->history);
	if (le->screen != NULL)
		fclose(le->screen);
	free(le);
}
