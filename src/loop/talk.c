/*
 * The loop of a talk: what comes from the socket, the input, the timer and the
 * signals is handed to the dialect, one at a time, until the talk is over.
 */
#include "loop/talk.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/dialect.h"
#include "loop/listen.h"

#define DATAGRAMS_TURN 64 /* received in one turn of the loop */

/* What the dialects do with the talk. */

void
talk_wake(struct talk *t, int64_t at)
{
	int64_t left = at - clock_now().mono;
	struct timeval delay = { 0 };

	event_del(t->timer);
	if (at == NEVER)
		return;
	if (left > 0) { /* rounded up, so that it is not too early */
		delay.tv_sec = (time_t)(left / SECONDS(1));
		delay.tv_usec = (suseconds_t)(left % SECONDS(1) / 1000 + 1);
	}
	event_add(t->timer, &delay);
}

void
talk_over(struct talk *t)
{
	t->is_over = true;
	event_base_loopbreak(t->base);
}

void
talk_fail(struct talk *t, const char *format, ...)
{
	va_list ap;

	if (t->status == -1)
		return;
	va_start(ap, format);
	vsnprintf(t->why, TALK_WHY_MAX, format, ap);
	va_end(ap);
	t->status = -1;
	if (t->base != NULL)
		talk_over(t);
}

void
talk_fail_to_reach(struct talk *t, int error)
{
	talk_fail(t, "cannot reach %s: %s (is chatd running there?)",
	    t->config->where, strerror(error));
}

/* The descriptor stays the same, so that nobody else need know. */
int
talk_reconnect(struct talk *t)
{
	struct sockaddr_storage server;
	socklen_t len = sizeof(server);
	int fd = t->config->fd, fresh, status = -1;

	if (getpeername(fd, (struct sockaddr *)&server, &len) == -1)
		return -1;
	fresh = socket(
	    server.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fresh == -1)
		return -1;
	event_del(t->readable);
	if (connect(fresh, (struct sockaddr *)&server, len) == 0 &&
	    dup3(fresh, fd, O_CLOEXEC) != -1)
		status = 0;
	event_add(t->readable, NULL);
	close(fresh);
	return status;
}

/* What happens. */

static void
talk_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct talk *t = arg;

	(void)fd;
	(void)what;
	if (!t->is_over)
		t->dialect->tick(t->speaker);
}

static void
talk_signal_cb(evutil_socket_t fd, short what, void *arg)
{
	struct talk *t = arg;

	(void)fd;
	(void)what;
	if (!t->is_over)
		t->dialect->stop(t->speaker);
}

static void
talk_line_cb(void *arg, struct str line, bool at_eof)
{
	struct talk *t = arg;
	struct str rest = str_trim(line), command = str_cut(&rest, ' ');

	if (t->is_over)
		return;
	if (at_eof)
		t->dialect->ended(t->speaker);
	else if (str_eq_nocase(command, STR("/quit")))
		t->dialect->leave(t->speaker);
	else if (line.len > 0)
		t->dialect->say(t->speaker, line);
}

static void
talk_readable_cb(evutil_socket_t fd, short what, void *arg)
{
	struct talk *t = arg;
	struct sockaddr_storage name;
	struct addr from;

	(void)what;
	for (int i = 0; i < DATAGRAMS_TURN && !t->is_over; i++) {
		socklen_t len = sizeof(name);
		ssize_t n = recvfrom(fd, t->datagram, sizeof(t->datagram), 0,
		    (struct sockaddr *)&name, &len);

		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1)
			t->dialect->failed(t->speaker, errno);
		else if (n > 0 &&
		    addr_from_sockaddr((struct sockaddr *)&name, &from) == 0)
			t->dialect->heard(t->speaker,
			    (struct str){ t->datagram, (size_t)n }, &from);
	}
}

static const char *
talk_word(void *arg, size_t i)
{
	static const char *const commands[] = { "/announce", "/away", "/ban",
		"/deop", "/help", "/history", "/join", "/kick", "/lock", "/me",
		"/msg", "/mute", "/nick", "/op", "/part", "/questions", "/quit",
		"/rooms", "/slow", "/topic", "/unban", "/unlock", "/unmute",
		"/who" };
	const struct talk *t = arg;
	const char *const *own = t->dialect->commands;
	size_t ncommands = sizeof(commands) / sizeof(commands[0]);

	if (i < ncommands)
		return commands[i];
	i -= ncommands;
	for (; own != NULL && *own != NULL; own++) {
		if (i-- == 0)
			return *own;
	}
	return nicks_get(&t->nicks, i);
}

static void
talk_drained(void *arg)
{
	struct talk *t = arg;

	if (!t->is_over && t->dialect->drained != NULL)
		t->dialect->drained(t->speaker);
}

/* Setting up. */

static const struct dialect *const dialects[] = {
	[TALK_NATIVE] = &native_dialect,
	[TALK_PLAIN] = &plain_dialect,
	[TALK_PAIR] = &pair_dialect,
};

static int
open_events(struct talk *t)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	t->readable = event_new(
	    t->base, t->config->fd, EV_READ | EV_PERSIST, talk_readable_cb, t);
	t->timer = event_new(t->base, -1, 0, talk_timer_cb, t);
	if (t->readable == NULL || t->timer == NULL ||
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

static int
talk_open(struct talk *t)
{
	struct screen_config screen = { t->config->no_colour,
		t->config->no_time, t->dialect->erases, talk_line_cb, talk_word,
		talk_drained, t };

	event_set_log_callback(discard_log);
	t->base = event_base_new();
	if (t->base != NULL)
		t->screen = screen_new(t->base, &screen);
	if (t->screen != NULL && open_events(t) == 0)
		t->speaker = t->dialect->new (t);
	if (t->speaker != NULL)
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
	if (screen_finish(t->screen) == -1)
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
	if (t->speaker != NULL)
		t->dialect->free(t->speaker);
	screen_free(t->screen);
	free_event(t->readable);
	free_event(t->timer);
	for (size_t i = 0; i < 3; i++)
		free_event(t->signals[i]);
	if (t->base != NULL)
		event_base_free(t->base);
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
	t->dialect = dialects[config->dialect];
	t->why = why;
	if (talk_open(t) == 0) {
		t->dialect->begin(t->speaker);
		if (!t->is_over)
			event_base_dispatch(t->base);
	}
	talk_close(t);
	status = t->status;
	talk_free(t);
	return status;
}
