/*
 * A talk is in one state at a time and has one timer, which ends the state.
 * Lines wait in `unsent` as long as the socket takes none, and the input is
 * paused until they are gone: see talk_pace().
 */
#include "loop/talk.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "chat/room.h"
#include "loop/nicks.h"
#include "loop/screen.h"

#define DATAGRAM_MAX   65536
#define DATAGRAMS_TURN 64    /* received in one turn of the loop */
#define UNSENT_MAX     65536 /* bytes; a line beyond is refused */
#define NICK_TRIES     9     /* NAME, NAME2, ... NAME9: one digit */
#define ANSWER_SECONDS 1     /* what a server gets to answer in */

/* What the server says, as far as the client has to know it. */
#define SAYS_NOW     " is now "
#define SAYS_TAKEN   "* somebody here has that nick"
#define SAYS_BAD     "* that nick cannot be used"
#define SAYS_TYPE    "* type "
#define SAYS_TO_JOIN " to join"
#define SAYS_BYE     "* bye"

enum talk_state {
	TALK_JOINING,   /* the server is asked for the nick */
	TALK_ON,        /* lines go both ways */
	TALK_LINGERING, /* the input has ended */
	TALK_LEAVING,   /* /quit is sent, its answer is awaited */
	TALK_OVER
};

struct talk {
	const struct talk_config *config;
	char *why;
	int status;
	enum talk_state state;
	bool was_heard; /* the server has ever answered */
	bool is_lost;   /* and does so no more */

	bool v4_mapped;             /* IPv4 in the form of an IPv6 socket */
	struct addr partner;        /* in a pair */
	struct sockaddr_storage to; /* likewise, */
	socklen_t to_len;           /* 0 while there is none */
	struct buf unsent;          /* lines, each with a newline */

	char nick[CHAT_NICK_MAX + 1];   /* what the server calls us, or empty */
	char wanted[CHAT_NICK_MAX + 1]; /* what it was last asked for */
	int nick_tries;                 /* 0: the user chose another */
	struct nicks nicks;             /* of the others */

	struct event_base *base;
	struct event *readable, *writable, *timer;
	struct event *signals[3];
	struct screen *screen;
	char datagram[DATAGRAM_MAX];
};

static void
set_state(struct talk *t, enum talk_state state, int seconds)
{
	struct timeval limit = { .tv_sec = seconds };

	t->state = state;
	event_del(t->timer);
	if (state == TALK_OVER)
		event_base_loopbreak(t->base);
	else if (state != TALK_ON)
		event_add(t->timer, &limit);
}

static void talk_fail(struct talk *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
talk_fail(struct talk *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(t->why, TALK_WHY_MAX, format, ap);
	va_end(ap);
	t->status = -1;
	t->state = TALK_OVER;
	if (t->base != NULL)
		event_base_loopbreak(t->base);
}

static const char *
talk_word(void *arg, size_t i)
{
	static const char *const commands[] = { "/help", "/history", "/me",
		"/msg", "/nick", "/quit", "/who" };
	const struct talk *t = arg;
	size_t ncommands = sizeof(commands) / sizeof(commands[0]);

	return i < ncommands ? commands[i]
			     : nicks_get(&t->nicks, i - ncommands);
}

/* Sending. */

static void talk_lost(struct talk *, int error);

/*
 * Whether the line is done with; false when there is no room for it now.  An
 * error is that of an earlier datagram, hence the second try.
 */
static bool
send_line(struct talk *t, struct str line)
{
	const struct sockaddr *to =
	    t->to_len > 0 ? (const struct sockaddr *)&t->to : NULL;

	for (int tries = 0; tries < 2 && t->state != TALK_OVER; tries++) {
		if (sendto(t->config->fd, line.p, line.len, 0, to, t->to_len) !=
		    -1)
			return true;
		if (errno == EAGAIN || errno == ENOBUFS)
			return false;
		talk_lost(t, errno);
	}
	return true;
}

/* Reads on, or not: lines are taken in only when they can leave at once. */
static void
talk_pace(struct talk *t)
{
	bool has_partner = !t->config->is_pair || t->to_len > 0;

	screen_read(t->screen,
	    t->state == TALK_ON && has_partner && buf_len(&t->unsent) == 0);
}

static void
talk_send(struct talk *t)
{
	while (buf_len(&t->unsent) > 0) {
		struct str rest = { buf_data(&t->unsent), buf_len(&t->unsent) };
		struct str line = str_cut(&rest, '\n');

		if (!send_line(t, line)) {
			event_add(t->writable, NULL);
			break;
		}
		buf_drain(&t->unsent, line.len + 1);
	}
	talk_pace(t);
}

static void
talk_writable_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	talk_send(arg);
}

static void
talk_queue(struct talk *t, struct str line)
{
	if (buf_len(&t->unsent) + line.len >= UNSENT_MAX) {
		screen_notice(
		    t->screen, "the network takes nothing; that was not sent");
		return;
	}
	/* Whole or not at all. */
	if (buf_reserve(&t->unsent, line.len + 1) == NULL) {
		talk_fail(t, "out of memory");
		return;
	}
	buf_add_str(&t->unsent, line);
	buf_add(&t->unsent, "\n", 1);
	talk_send(t);
}

static void
want_nick(struct talk *t, struct str nick)
{
	snprintf(t->wanted, sizeof(t->wanted), "%.*s", (int)nick.len, nick.p);
}

static void
ask_for_nick(struct talk *t)
{
	char line[CHAT_NICK_MAX + 8];

	snprintf(line, sizeof(line), "/nick %s", t->wanted);
	talk_queue(t, str_of(line));
}

/* Leaving. */

static void
talk_leave(struct talk *t)
{
	screen_close(t->screen);
	if (t->config->is_pair) {
		set_state(t, TALK_OVER, 0);
		return;
	}
	set_state(t, TALK_LEAVING, ANSWER_SECONDS);
	talk_queue(t, STR("/quit"));
}

static void
talk_ended(struct talk *t)
{
	int linger = t->config->linger;

	if (linger == -1)
		linger = t->config->is_pair ? ANSWER_SECONDS : 0;
	if (screen_is_terminal(t->screen) || linger == 0)
		talk_leave(t);
	else
		set_state(t, TALK_LINGERING, linger);
}

static void
talk_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct talk *t = arg;

	(void)fd;
	(void)what;
	if (t->state == TALK_JOINING)
		set_state(t, TALK_ON, 0);
	else if (t->state == TALK_LINGERING)
		talk_leave(t);
	else
		set_state(t, TALK_OVER, 0);
	talk_pace(t);
}

/* Ctrl-C and the like wait for nothing. */
static void
talk_signal_cb(evutil_socket_t fd, short what, void *arg)
{
	struct talk *t = arg;

	(void)fd;
	(void)what;
	talk_leave(t);
	set_state(t, TALK_OVER, 0);
}

/*
 * Nobody listens there.  A terminal's user may wait for a server that was
 * there before; anybody else is not left with lines that went nowhere.
 */
static void
talk_lost(struct talk *t, int error)
{
	const struct talk_config *c = t->config;

	if (t->state == TALK_LEAVING && t->is_lost) {
		set_state(t, TALK_OVER, 0);
	} else if (c->is_pair) {
		screen_notice(t->screen, "cannot send: %s", strerror(error));
	} else if (!screen_is_terminal(t->screen) || !t->was_heard) {
		talk_fail(t, "cannot reach %s: %s (is chatd running there?)",
		    c->where, strerror(error));
	} else if (!t->is_lost) {
		t->is_lost = true;
		screen_notice(t->screen, "%s does not answer: %s", c->where,
		    strerror(error));
	}
}

/* What is typed or piped in. */

static void
talk_say(struct talk *t, struct str line)
{
	struct str rest = str_trim(line), command = str_cut(&rest, ' ');

	if (line.len == 0)
		return;
	if (str_eq_nocase(command, STR("/quit"))) {
		talk_leave(t);
		return;
	}
	if (t->config->is_pair && t->to_len == 0) {
		screen_notice(
		    t->screen, "nobody has written yet; that was not sent");
		return;
	}
	if (t->is_lost && t->nick[0] != '\0') {
		want_nick(t, str_of(t->nick));
		ask_for_nick(t);
	}
	if (str_eq_nocase(command, STR("/nick"))) {
		want_nick(t, str_trim(rest));
		t->nick_tries = 0;
	}
	talk_queue(t, line);
}

static void
talk_line_cb(void *arg, struct str line, bool at_eof)
{
	struct talk *t = arg;

	if (at_eof)
		talk_ended(t);
	else
		talk_say(t, line);
}

/* What the server says. */

static void
try_next_nick(struct talk *t)
{
	char next[CHAT_NICK_MAX + 1];

	if (t->nick_tries == 0 || t->nick_tries == NICK_TRIES)
		return;
	t->nick_tries++;
	snprintf(next, sizeof(next), "%.*s%c", CHAT_NICK_MAX - 1,
	    t->config->nick, '0' + t->nick_tries);
	screen_notice(t->screen, "%s is taken: trying %s", t->wanted, next);
	want_nick(t, str_of(next));
	ask_for_nick(t);
}

/* Shows that we receive here, as the server wants to see before we join. */
static void
answer_challenge(struct talk *t, const char *line)
{
	struct str code = str_of(line + strlen(SAYS_TYPE));

	code = str_cut(&code, ' ');
	talk_queue(t, code);
	ask_for_nick(t);
}

/* `* OLD is now NEW`, when NEW is what we asked for. */
static bool
grants_nick(const struct talk *t, const char *line)
{
	const char *now = strstr(line, SAYS_NOW);

	return now != NULL && t->wanted[0] != '\0' &&
	    strcmp(now + strlen(SAYS_NOW), t->wanted) == 0;
}

static bool
begins_with(const char *line, const char *prefix)
{
	return strncmp(line, prefix, strlen(prefix)) == 0;
}

/* What a line `* ...` of the server means to the client. */
static void
heed(struct talk *t, const char *line)
{
	bool is_joining = t->state == TALK_JOINING;

	if (t->state == TALK_LEAVING && strcmp(line, SAYS_BYE) == 0) {
		set_state(t, TALK_OVER, 0);
	} else if (is_joining && begins_with(line, SAYS_TYPE) &&
	    strstr(line, SAYS_TO_JOIN) != NULL) {
		answer_challenge(t, line);
	} else if (begins_with(line, SAYS_TAKEN)) {
		try_next_nick(t);
	} else if (is_joining && begins_with(line, SAYS_BAD)) {
		set_state(t, TALK_ON, 0);
	} else if (grants_nick(t, line)) {
		snprintf(t->nick, sizeof(t->nick), "%s", t->wanted);
		t->nick_tries = 0;
		if (is_joining)
			set_state(t, TALK_ON, 0);
	}
}

/* In a pair the lines have their sender before them. */
static void
pair_prefix(
    const struct talk *t, const struct addr *from, char *out, size_t cap)
{
	char name[ADDR_NAME_MAX];

	snprintf(out, cap,
	    "%s[%s]: ", addr_eq(from, &t->partner) ? "" : "INTERLOPER ",
	    addr_name(from, name));
}

static void
show_line(struct talk *t, const char *prefix, struct str line)
{
	size_t cap = 3 * line.len + 1; /* the longest that it gets */
	char *clean;

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	clean = malloc(cap);
	if (clean == NULL)
		return;
	text_clean(clean, cap, line, NULL);
	nicks_learn(&t->nicks, clean);
	screen_add(t->screen, prefix, clean, mentions_nick(clean, t->nick));
	if (!t->config->is_pair && clean[0] == '*')
		heed(t, clean);
	free(clean);
}

static void
show_datagram(struct talk *t, struct str text, const struct addr *from)
{
	char prefix[ADDR_NAME_MAX + 16] = "";

	if (t->config->is_pair)
		pair_prefix(t, from, prefix, sizeof(prefix));
	do {
		show_line(t, prefix, str_cut(&text, '\n'));
	} while (text.len > 0);
	screen_show(t->screen);
}

static void
set_partner(struct talk *t, const struct addr *partner)
{
	char name[ADDR_NAME_MAX];

	t->partner = *partner;
	t->to_len = addr_to_sockaddr(partner, t->v4_mapped, &t->to);
	screen_notice(t->screen, "talking to %s", addr_name(partner, name));
}

static void
talk_heard(struct talk *t, struct str text, const struct addr *from)
{
	if (t->config->is_pair && t->to_len == 0)
		set_partner(t, from);
	t->was_heard = true;
	if (t->is_lost) {
		t->is_lost = false;
		screen_notice(t->screen, "%s answers again", t->config->where);
	}
	show_datagram(t, text, from);
	talk_pace(t);
}

static void
talk_readable_cb(evutil_socket_t fd, short what, void *arg)
{
	struct talk *t = arg;
	struct sockaddr_storage name;
	struct addr from;

	(void)what;
	for (int i = 0; i < DATAGRAMS_TURN && t->state != TALK_OVER; i++) {
		socklen_t len = sizeof(name);
		ssize_t n = recvfrom(fd, t->datagram, sizeof(t->datagram), 0,
		    (struct sockaddr *)&name, &len);

		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1)
			talk_lost(t, errno);
		else if (n > 0 &&
		    addr_from_sockaddr((struct sockaddr *)&name, &from) == 0)
			talk_heard(
			    t, (struct str){ t->datagram, (size_t)n }, &from);
	}
}

/* Setting up. */

static int
open_events(struct talk *t)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	t->readable = event_new(
	    t->base, t->config->fd, EV_READ | EV_PERSIST, talk_readable_cb, t);
	t->writable =
	    event_new(t->base, t->config->fd, EV_WRITE, talk_writable_cb, t);
	t->timer = event_new(t->base, -1, 0, talk_timer_cb, t);
	if (t->readable == NULL || t->writable == NULL || t->timer == NULL ||
	    event_add(t->readable, NULL) == -1)
		return -1;
	for (size_t i = 0; i < 3; i++) {
		t->signals[i] =
		    evsignal_new(t->base, signals[i], talk_signal_cb, t);
		if (t->signals[i] == NULL ||
		    event_add(t->signals[i], NULL) == -1)
			return -1;
	}
	return 0;
}

/* libevent's warnings would land in the middle of the screen. */
static void
discard_log(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

/* Whom the lines go to, and what is said first. */
static int
open_talk(struct talk *t)
{
	const struct talk_config *c = t->config;
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	if (getsockname(c->fd, (struct sockaddr *)&name, &len) == -1)
		return -1;
	t->v4_mapped = name.ss_family == AF_INET6;
	set_state(t, TALK_ON, 0);
	if (c->is_pair) {
		screen_notice(t->screen, "listening on %s", c->where);
		if (c->partner.port != 0)
			set_partner(t, &c->partner);
	} else if (c->nick != NULL) {
		set_state(t, TALK_JOINING, ANSWER_SECONDS);
		t->nick_tries = 1;
		want_nick(t, str_of(c->nick));
		ask_for_nick(t);
	}
	talk_pace(t);
	return 0;
}

static int
talk_open(struct talk *t)
{
	struct screen_config screen = { t->config->no_colour, talk_line_cb,
		talk_word, t };

	event_set_log_callback(discard_log);
	t->base = event_base_new();
	if (t->base != NULL)
		t->screen = screen_new(t->base, &screen);
	if (t->screen != NULL && open_events(t) == 0 && open_talk(t) == 0)
		return 0;
	talk_fail(t, "cannot set up the event loop or the terminal");
	return -1;
}

/* The terminal is given back before anything is said of how it ended. */
static void
talk_close(struct talk *t)
{
	if (t->screen == NULL)
		return;
	screen_close(t->screen);
	if (screen_finish(t->screen) == -1 && t->status == 0)
		talk_fail(t, "cannot write what came");
}

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

static void
talk_free(struct talk *t)
{
	screen_free(t->screen);
	free_event(t->readable);
	free_event(t->writable);
	free_event(t->timer);
	for (size_t i = 0; i < 3; i++)
		free_event(t->signals[i]);
	if (t->base != NULL)
		event_base_free(t->base);
	buf_free(&t->unsent);
	free(t);
}

int
talk_run(const struct talk_config *config, char why[TALK_WHY_MAX])
{
	struct talk *t = calloc(1, sizeof(*t));
	int status;

	if (t == NULL) {
		snprintf(why, TALK_WHY_MAX, "out of memory");
		return -1;
	}
	t->config = config;
	t->why = why;
	if (talk_open(t) == 0 && t->state != TALK_OVER)
		event_base_dispatch(t->base);
	talk_close(t);
	status = t->status;
	talk_free(t);
	return status;
}
