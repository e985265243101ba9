/*
 * The native dialect: chat/link does the protocol, and here are its socket,
 * its clock and its user.  Whatever happens, settle() then looks at the link
 * as it is now and decides what comes next.
 */
#include "loop/dialect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/siphash.h"
#include "base/text.h"
#include "chat/link.h"
#include "loop/transcript.h"

#define ANSWER_LIMIT SECONDS(5)  /* in which a server is to answer at first, */
#define LOST_LIMIT   SECONDS(10) /* and again when the input has ended, */
#define HASTE_LIMIT  SECONDS(2)  /* and when a terminal's user leaves */
#define WAIT_SHOWN   SECONDS(1)  /* after which a line is shown as waiting */

enum native_state {
	NATIVE_JOINING,   /* no server has answered yet */
	NATIVE_ON,        /* lines go both ways */
	NATIVE_DRAINING,  /* the input has ended; what was said still waits */
	NATIVE_LINGERING, /* all of that is acknowledged */
	NATIVE_OUT        /* the server wants no more of this client */
};

/* A line that was said on a terminal. */
struct said {
	int64_t at; /* mono */
	char *text; /* NULL without memory */
};

struct native {
	struct talk *talk;
	struct link *link;
	struct transcript transcript;
	enum native_state state;
	int64_t state_end;            /* mono, or NEVER */
	bool lingers;                 /* before it leaves */
	bool is_lost;                 /* the server does not answer */
	char room[CHAT_ROOM_MAX + 1]; /* the last that was told of */
	char nick[CHAT_NICK_MAX + 1]; /* likewise; at first the one wished */

	/* Lines are counted from the begin.  The link has those from
	 * said - link_waiting() on; before `shown` they are shown, or gone. */
	uint64_t said, kept, shown;
	struct said lines[LINK_WAITING_MAX]; /* kept to said, each at its
					      * number modulo the size */
};

static void
set_state(struct native *n, enum native_state state, int64_t end)
{
	n->state = state;
	n->state_end = end;
}

/* Sending. */

/* Nobody listens there, for now: who was there before may come back. */
static void
native_failed(void *arg, int error)
{
	struct native *n = arg;

	if (error == ECONNREFUSED && n->state == NATIVE_JOINING)
		talk_fail_to_reach(n->talk, error);
}

/*
 * An error may be that of an earlier datagram, hence the second try.  One that
 * does not pass is that of a socket whose address is not this machine's any
 * more, or from which no way leads to the server now.
 */
static int
native_send(void *arg, struct str datagram)
{
	struct native *n = arg;

	for (int tries = 0; tries < 2; tries++) {
		if (send(n->talk->config->fd, datagram.p, datagram.len, 0) !=
		    -1)
			return 0;
		if (errno == EAGAIN || errno == ENOBUFS || errno == EPERM)
			return -1;
		if (errno == ECONNREFUSED)
			native_failed(n, errno);
		else if (talk_reconnect(n->talk) == -1)
			return -1;
	}
	return -1;
}

/* Leaving. */

/* Why is NULL, or an error. */
static void
finish(struct native *n, const char *why)
{
	bool counts = !screen_is_terminal(n->talk->screen);
	size_t lines = link_waiting(n->link);

	if (counts)
		lines += link_refused(n->link);
	if (n->state != NATIVE_OUT)
		link_leave(n->link);
	if (lines == 0 && why == NULL)
		talk_over(n->talk);
	else if (lines == 0)
		talk_fail(n->talk, "%s", why);
	else
		talk_fail(n->talk, "%s%s%zu line%s not delivered",
		    why != NULL ? why : "", why != NULL ? "; " : "", lines,
		    lines == 1 ? " was" : "s were");
}

static void
drain(struct native *n, bool lingers)
{
	struct talk *t = n->talk;
	struct instant now = clock_now();
	int64_t end = NEVER;

	screen_close(t->screen);
	n->lingers = lingers && t->config->linger > 0;
	if (screen_is_terminal(t->screen))
		end = now.mono + HASTE_LIMIT;
	else if (n->is_lost)
		end = now.mono + LOST_LIMIT;
	set_state(n, NATIVE_DRAINING, end);
}

static void
end_state(struct native *n)
{
	const char *where = n->talk->config->where;

	if (n->state == NATIVE_JOINING)
		talk_fail(n->talk,
		    "cannot reach %s: no answer (is chatd running there? try "
		    "--plain for other servers)",
		    where);
	else
		finish(n, NULL);
}

/* Waiting. */

static struct said *
line_at(struct native *n, uint64_t number)
{
	return &n->lines[number % LINK_WAITING_MAX];
}

static void
forget_taken(struct native *n)
{
	uint64_t taken = n->said - link_waiting(n->link);

	for (; n->kept < taken; n->kept++) {
		free(line_at(n, n->kept)->text);
		line_at(n, n->kept)->text = NULL;
	}
	if (n->shown < taken)
		n->shown = taken;
}

static int64_t
waiting_deadline(struct native *n)
{
	if (n->shown == n->said || !screen_is_terminal(n->talk->screen))
		return NEVER;
	return line_at(n, n->shown)->at + WAIT_SHOWN;
}

/* Each line once, if the server has not taken it for a while. */
static void
show_waiting(struct native *n, struct instant now)
{
	for (; waiting_deadline(n) <= now.mono; n->shown++) {
		const char *text = line_at(n, n->shown)->text;

		if (text != NULL)
			transcript_waiting(&n->transcript, str_of(text), now);
	}
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
wake_in_time(struct native *n)
{
	int64_t at = earlier(n->state_end, link_deadline(n->link));

	at = earlier(at, transcript_deadline(&n->transcript));
	talk_wake(n->talk, earlier(at, waiting_deadline(n)));
}

/* Messages wait in the server's log while those before are not written. */
static void
show(struct native *n, struct instant now)
{
	struct screen *screen = n->talk->screen;

	screen_show(screen);
	while (link_is_paused(n->link) && !screen_is_full(screen)) {
		link_resume(n->link, now);
		screen_show(screen);
	}
}

static void
settle(struct native *n)
{
	struct instant now = clock_now();
	size_t waiting = link_waiting(n->link);

	if (n->talk->is_over)
		return;
	if (n->state == NATIVE_OUT)
		return;
	if (n->state == NATIVE_JOINING && link_was_joined(n->link))
		set_state(n, NATIVE_ON, NEVER);
	if (n->state == NATIVE_DRAINING && waiting == 0)
		set_state(n, NATIVE_LINGERING,
		    now.mono +
			(n->lingers ? SECONDS(n->talk->config->linger) : 0));
	if (now.mono >= n->state_end) {
		end_state(n);
		return;
	}
	forget_taken(n);
	show_waiting(n, now);
	transcript_tick(&n->transcript, now);
	show(n, now);
	screen_read(n->talk->screen,
	    n->state == NATIVE_ON && waiting < LINK_WAITING_MAX);
	wake_in_time(n);
}

/* What the link tells. */

static void
tell_of_nick(struct native *n)
{
	char nick[sizeof(n->nick)];

	text_clean(nick, sizeof(nick), str_of(link_nick(n->link)), NULL);
	if (n->nick[0] != '\0' && strcmp(n->nick, nick) != 0)
		screen_notice(n->talk->screen, "you are called %s here, not %s",
		    nick, n->nick);
	memcpy(n->nick, nick, sizeof(nick));
}

/* The server tells of what was wished, and LINK_JOINED of the rest. */
static void
heed_nick(struct native *n, struct str nick)
{
	if (n->state != NATIVE_JOINING && !n->is_lost)
		text_clean(n->nick, sizeof(n->nick), nick, NULL);
}

static void
tell_of_room(struct native *n)
{
	char room[sizeof(n->room)];

	text_clean(room, sizeof(room), str_of(link_room(n->link)), NULL);
	if (strcmp(n->room, room) == 0)
		return;
	memcpy(n->room, room, sizeof(room));
	if (screen_is_terminal(n->talk->screen))
		screen_notice(n->talk->screen, "in %s as %s", room, n->nick);
}

static void
heed_joined(struct native *n)
{
	if (n->is_lost)
		screen_notice(n->talk->screen, "the server answers again");
	n->is_lost = false;
	if (n->state == NATIVE_DRAINING && !screen_is_terminal(n->talk->screen))
		n->state_end = NEVER;
	tell_of_nick(n);
	tell_of_room(n);
}

/* The way may be another one now, for instance through another network. */
static void
heed_lost(struct native *n)
{
	n->is_lost = true;
	screen_notice(
	    n->talk->screen, "the server does not answer; still trying");
	if (n->state == NATIVE_DRAINING)
		n->state_end = 0;
	talk_reconnect(n->talk);
}

/* On a terminal the server's own note about it is there. */
static void
heed_refused(struct native *n, struct str why)
{
	char clean[256];

	if (screen_is_terminal(n->talk->screen))
		return;
	text_clean(clean, sizeof(clean), why, NULL);
	screen_notice(n->talk->screen, "not said: %s", clean);
}

static void
heed_bye(struct native *n, struct str why)
{
	char clean[256];

	set_state(n, NATIVE_OUT, NEVER);
	text_clean(clean, sizeof(clean), why, NULL);
	finish(n, clean);
}

static void
native_event(void *arg, const struct link_event *e)
{
	struct native *n = arg;
	struct screen *screen = n->talk->screen;
	struct instant now = clock_now();

	switch (e->type) {
	case LINK_JOINED:
		heed_joined(n);
		break;
	case LINK_MESSAGE:
		transcript_message(&n->transcript, e, link_identity(n->link),
		    link_nick(n->link), now);
		if (screen_is_full(screen))
			link_pause(n->link);
		break;
	case LINK_MISSED:
		screen_notice(screen, "%llu message%s missed",
		    (unsigned long long)e->count,
		    e->count == 1 ? " was" : "s were");
		break;
	case LINK_RESTARTED:
		screen_notice(screen, "the server has begun anew");
		tell_of_nick(n);
		break;
	case LINK_NOTE:
		transcript_note(&n->transcript, e->text, now);
		break;
	case LINK_NICK:
		heed_nick(n, e->text);
		break;
	case LINK_REFUSED:
		heed_refused(n, e->text);
		break;
	case LINK_LOST:
		heed_lost(n);
		break;
	case LINK_BYE:
		heed_bye(n, e->text);
		break;
	}
}

/* What is typed or piped in. */

static void
say(struct native *n, struct str line)
{
	struct instant now = clock_now();

	if (link_say(n->link, line, now) == -1) {
		screen_notice(n->talk->screen,
		    "too much waits for the server; that was not said");
		return;
	}
	n->said++;
	forget_taken(n);
	line_at(n, n->said - 1)->at = now.mono;
	if (screen_is_terminal(n->talk->screen))
		line_at(n, n->said - 1)->text = strndup(line.p, line.len);
}

/*
 * As much as one message holds.  What follows begins with a whole character,
 * and not with a slash, unless there is none for long.
 */
static struct str
cut_piece(struct str *line)
{
	struct str piece = { line->p, CHAT_TEXT_MAX };

	if (line->len < piece.len)
		piece.len = line->len;
	while (piece.len < line->len && piece.len > CHAT_TEXT_MAX / 2 &&
	    (((unsigned char)line->p[piece.len] >> 6) == 2 ||
		line->p[piece.len] == '/'))
		piece.len--;
	line->p += piece.len;
	line->len -= piece.len;
	return piece;
}

/* A long line is several messages; what is blank is none. */
static void
say_text(struct native *n, struct str line)
{
	while (line.len > 0) {
		struct str piece = cut_piece(&line);

		if (str_trim(piece).len > 0)
			say(n, piece);
	}
}

static void
native_say(void *arg, struct str line)
{
	struct native *n = arg;

	if (transcript_command(&n->transcript, line))
		return;
	if (line.p[0] == '/')
		say(n, line);
	else
		say_text(n, line);
	settle(n);
}

static void
native_heard(void *arg, struct str datagram, const struct addr *from)
{
	struct native *n = arg;

	(void)from; /* the socket is connected */
	link_receive(n->link, datagram, clock_now());
	settle(n);
}

static void
native_drained(void *arg)
{
	settle(arg);
}

static void
native_tick(void *arg)
{
	struct native *n = arg;
	struct instant now = clock_now();

	if (now.mono >= link_deadline(n->link))
		link_tick(n->link, now);
	settle(n);
}

static void
native_ended(void *arg)
{
	drain(arg, true);
	settle(arg);
}

static void
native_leave(void *arg)
{
	drain(arg, false);
	settle(arg);
}

static void
native_stop(void *arg)
{
	finish(arg, NULL);
}

/* Its begin and end. */

static void
native_free(void *arg)
{
	struct native *n = arg;

	for (size_t i = 0; i < LINK_WAITING_MAX; i++)
		free(n->lines[i].text);
	link_free(n->link);
	free(n);
}

static void *
native_new(struct talk *t)
{
	const struct talk_config *c = t->config;
	struct link_config link = {
		.nick = str_of(c->nick != NULL ? c->nick : ""),
		.room = str_of(c->room != NULL ? c->room : ""),
		.send = native_send,
		.event = native_event,
	};
	struct native *n = calloc(1, sizeof(*n));
	struct siphash_key random;

	if (n == NULL || siphash_key_random(&random) == -1) {
		free(n);
		return NULL;
	}
	memcpy(link.token, c->token, sizeof(link.token));
	link.session = random.k0;
	link.random = random.k1;
	link.arg = n;
	n->talk = t;
	n->link = link_new(&link, clock_now());
	if (n->link == NULL) {
		free(n);
		return NULL;
	}
	snprintf(
	    n->nick, sizeof(n->nick), "%.*s", (int)link.nick.len, link.nick.p);
	transcript_init(&n->transcript, t->screen, &t->nicks, !c->no_bell);
	return n;
}

static void
native_begin(void *arg)
{
	struct native *n = arg;

	set_state(n, NATIVE_JOINING, clock_now().mono + ANSWER_LIMIT);
	settle(n);
}

const struct dialect native_dialect = {
	.erases = true,
	.commands = transcript_commands,
	.new = native_new,
	.free = native_free,
	.begin = native_begin,
	.say = native_say,
	.heard = native_heard,
	.failed = native_failed,
	.drained = native_drained,
	.tick = native_tick,
	.ended = native_ended,
	.leave = native_leave,
	.stop = native_stop,
};
