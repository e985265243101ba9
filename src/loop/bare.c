/*
 * Whenever something changes, pace() decides anew whether input is read.
 */
#include "loop/bare.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "loop/dialect.h"

#define UNSENT_MAX 65536 /* bytes; a line beyond is refused */

static void
pace(struct bare *b)
{
	screen_read(b->talk->screen, b->reads && buf_len(&b->unsent) == 0);
}

void
bare_read(struct bare *b, bool on)
{
	b->reads = on;
	pace(b);
}

/*
 * Whether the line is done with; false when there is no room for it now.  An
 * error is that of an earlier datagram, hence the second try.
 */
static bool
send_line(struct bare *b, struct str line)
{
	const struct talk *t = b->talk;
	const struct sockaddr *to =
	    b->to_len > 0 ? (const struct sockaddr *)&b->to : NULL;

	for (int tries = 0; tries < 2 && !t->is_over; tries++) {
		if (sendto(t->config->fd, line.p, line.len, 0, to, b->to_len) !=
		    -1)
			return true;
		if (errno == EAGAIN || errno == ENOBUFS)
			return false;
		t->dialect->failed(t->speaker, errno);
	}
	return true;
}

static void
flush(struct bare *b)
{
	while (buf_len(&b->unsent) > 0) {
		struct str rest = { buf_data(&b->unsent), buf_len(&b->unsent) };
		struct str line = str_cut(&rest, '\n');

		if (!send_line(b, line)) {
			event_add(b->writable, NULL);
			break;
		}
		buf_drain(&b->unsent, line.len + 1);
	}
	pace(b);
}

static void
bare_writable_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush(arg);
}

void
bare_send(struct bare *b, struct str line)
{
	/* Whole or not at all. */
	if (buf_len(&b->unsent) + line.len >= UNSENT_MAX ||
	    buf_reserve(&b->unsent, line.len + 1) == NULL) {
		screen_notice(b->talk->screen,
		    "the network takes nothing; that was not sent");
		return;
	}
	buf_add_str(&b->unsent, line);
	buf_add(&b->unsent, "\n", 1);
	flush(b);
}

/* The line as it is shown, with a NUL; or NULL without memory. */
static char *
clean_line(struct str line, size_t *len)
{
	size_t cap = 3 * line.len + 1; /* the longest that it gets */
	char *clean = malloc(cap);

	if (clean != NULL)
		*len = text_clean(clean, cap, line, NULL);
	return clean;
}

static void
show_line(struct talk *t, const char *prefix, struct str line, const char *nick)
{
	struct screen_line shown = { .time = clock_now().wall };
	struct buf text = { 0 };

	if (mentions_nick(line, nick))
		shown.look = LOOK_BOLD;
	buf_add_str(&text, str_of(prefix));
	buf_add_str(&text, line);
	shown.text = (struct str){ buf_data(&text), buf_len(&text) };
	screen_add(t->screen, &shown);
	buf_free(&text);
}

void
bare_show(struct bare *b, const char *prefix, struct str datagram,
    const char *nick, void (*heed)(void *, const char *line))
{
	struct talk *t = b->talk;

	do {
		struct str line = str_cut(&datagram, '\n');
		char *clean;

		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		clean = clean_line(line, &line.len);
		if (clean == NULL)
			break;
		line.p = clean;
		nicks_learn(&t->nicks, line);
		show_line(t, prefix, line, nick);
		if (heed != NULL)
			heed(t->speaker, clean);
		free(clean);
	} while (datagram.len > 0);
	screen_show(t->screen);
}

int
bare_open(struct bare *b, struct talk *t)
{
	b->talk = t;
	b->writable =
	    event_new(t->base, t->config->fd, EV_WRITE, bare_writable_cb, b);
	return b->writable != NULL ? 0 : -1;
}

void
bare_close(struct bare *b)
{
	if (b->writable != NULL)
		event_free(b->writable);
	buf_free(&b->unsent);
}
