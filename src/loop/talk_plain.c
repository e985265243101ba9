/*
 * A line is a datagram, to any server that takes such, and nothing is told of
 * whether it arrived.  A speaker is in one state at a time, and has one timer,
 * which ends the state.
 */
#include "loop/dialect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "loop/bare.h"

#define NICK_TRIES     9 /* NAME, NAME2, ... NAME9: one digit */
#define ANSWER_SECONDS 1 /* what a server gets to answer in */

/* What chatd says, as far as the client has to know it. */
#define SAYS_NOW     " is now "
#define SAYS_TAKEN   "* somebody here has that nick"
#define SAYS_BAD     "* that nick cannot be used"
#define SAYS_TYPE    "* type "
#define SAYS_TO_JOIN " to join"
#define SAYS_BYE     "* bye"

enum plain_state {
	PLAIN_JOINING,   /* the server is asked for the nick */
	PLAIN_ON,        /* lines go both ways */
	PLAIN_LINGERING, /* the input has ended */
	PLAIN_LEAVING    /* /quit is sent, its answer is awaited */
};

struct plain {
	struct talk *talk;
	struct bare bare;
	enum plain_state state;
	bool was_heard; /* the server has ever answered */
	bool is_lost;   /* and does so no more */

	char nick[CHAT_NICK_MAX + 1];   /* what the server calls us, or empty */
	char wanted[CHAT_NICK_MAX + 1]; /* what it was last asked for */
	int nick_tries;                 /* 0: the user chose another */
};

static void
plain_free(void *arg)
{
	struct plain *p = arg;

	bare_close(&p->bare);
	free(p);
}

static void *
plain_new(struct talk *t)
{
	struct plain *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->talk = t;
	if (bare_open(&p->bare, t) == -1) {
		plain_free(p);
		return NULL;
	}
	return p;
}

static void
set_state(struct plain *p, enum plain_state state, int seconds)
{
	p->state = state;
	talk_wake(p->talk,
	    state == PLAIN_ON ? NEVER : clock_now().mono + SECONDS(seconds));
	bare_read(&p->bare, state == PLAIN_ON);
}

static void
want_nick(struct plain *p, struct str nick)
{
	snprintf(p->wanted, sizeof(p->wanted), "%.*s", (int)nick.len, nick.p);
}

static void
ask_for_nick(struct plain *p)
{
	char line[CHAT_NICK_MAX + 8];

	snprintf(line, sizeof(line), "/nick %s", p->wanted);
	bare_send(&p->bare, str_of(line));
}

static void
plain_begin(void *arg)
{
	struct plain *p = arg;
	const char *nick = p->talk->config->nick;

	if (nick == NULL) {
		set_state(p, PLAIN_ON, 0);
		return;
	}
	set_state(p, PLAIN_JOINING, ANSWER_SECONDS);
	p->nick_tries = 1;
	want_nick(p, str_of(nick));
	ask_for_nick(p);
}

/* Leaving. */

static void
plain_leave(void *arg)
{
	struct plain *p = arg;

	screen_close(p->talk->screen);
	set_state(p, PLAIN_LEAVING, ANSWER_SECONDS);
	bare_send(&p->bare, STR("/quit"));
}

static void
plain_ended(void *arg)
{
	struct plain *p = arg;
	int linger = p->talk->config->linger;

	if (screen_is_terminal(p->talk->screen) || linger <= 0)
		plain_leave(p);
	else
		set_state(p, PLAIN_LINGERING, linger);
}

/* Ctrl-C and the like wait for nothing. */
static void
plain_stop(void *arg)
{
	struct plain *p = arg;

	plain_leave(p);
	talk_over(p->talk);
}

static void
plain_tick(void *arg)
{
	struct plain *p = arg;

	if (p->state == PLAIN_JOINING)
		set_state(p, PLAIN_ON, 0);
	else if (p->state == PLAIN_LINGERING)
		plain_leave(p);
	else
		talk_over(p->talk);
}

/*
 * Nobody listens there.  A terminal's user may wait for a server that was
 * there before; anybody else is not left with lines that went nowhere.
 */
static void
plain_failed(void *arg, int error)
{
	struct plain *p = arg;
	struct talk *t = p->talk;

	if (p->state == PLAIN_LEAVING && p->is_lost) {
		talk_over(t);
	} else if (!screen_is_terminal(t->screen) || !p->was_heard) {
		talk_fail_to_reach(t, error);
	} else if (!p->is_lost) {
		p->is_lost = true;
		screen_notice(t->screen, "%s does not answer: %s",
		    t->config->where, strerror(error));
	}
}

/* What is typed or piped in. */

static void
plain_say(void *arg, struct str line)
{
	struct plain *p = arg;
	struct str rest = str_trim(line), command = str_cut(&rest, ' ');

	if (p->is_lost && p->nick[0] != '\0') {
		want_nick(p, str_of(p->nick));
		ask_for_nick(p);
	}
	if (str_eq_nocase(command, STR("/nick"))) {
		want_nick(p, str_trim(rest));
		p->nick_tries = 0;
	}
	bare_send(&p->bare, line);
}

/* What the server says. */

static void
try_next_nick(struct plain *p)
{
	const struct talk *t = p->talk;
	char next[CHAT_NICK_MAX + 1];

	if (p->nick_tries == 0 || p->nick_tries == NICK_TRIES)
		return;
	p->nick_tries++;
	snprintf(next, sizeof(next), "%.*s%c", CHAT_NICK_MAX - 1,
	    t->config->nick, '0' + p->nick_tries);
	screen_notice(t->screen, "%s is taken: trying %s", p->wanted, next);
	want_nick(p, str_of(next));
	ask_for_nick(p);
}

/* Shows that we receive here, as the server wants to see before we join. */
static void
answer_challenge(struct plain *p, const char *line)
{
	struct str code = str_of(line + strlen(SAYS_TYPE));

	bare_send(&p->bare, str_cut(&code, ' '));
	ask_for_nick(p);
}

/* `* OLD is now NEW`, when NEW is what we asked for. */
static bool
grants_nick(const struct plain *p, const char *line)
{
	const char *now = strstr(line, SAYS_NOW);

	return now != NULL && p->wanted[0] != '\0' &&
	    strcmp(now + strlen(SAYS_NOW), p->wanted) == 0;
}

static bool
begins_with(const char *line, const char *prefix)
{
	return strncmp(line, prefix, strlen(prefix)) == 0;
}

/* What a line `* ...` of the server means to the client. */
static void
plain_heed(void *arg, const char *line)
{
	struct plain *p = arg;
	bool is_joining = p->state == PLAIN_JOINING;

	if (p->state == PLAIN_LEAVING && strcmp(line, SAYS_BYE) == 0) {
		talk_over(p->talk);
	} else if (is_joining && begins_with(line, SAYS_TYPE) &&
	    strstr(line, SAYS_TO_JOIN) != NULL) {
		answer_challenge(p, line);
	} else if (begins_with(line, SAYS_TAKEN)) {
		try_next_nick(p);
	} else if (is_joining && begins_with(line, SAYS_BAD)) {
		set_state(p, PLAIN_ON, 0);
	} else if (grants_nick(p, line)) {
		snprintf(p->nick, sizeof(p->nick), "%s", p->wanted);
		p->nick_tries = 0;
		if (is_joining)
			set_state(p, PLAIN_ON, 0);
	}
}

static void
plain_heard(void *arg, struct str datagram, const struct addr *from)
{
	struct plain *p = arg;
	struct talk *t = p->talk;

	(void)from;
	p->was_heard = true;
	if (p->is_lost) {
		p->is_lost = false;
		screen_notice(t->screen, "%s answers again", t->config->where);
	}
	bare_show(&p->bare, "", datagram, p->nick, plain_heed);
}

const struct dialect plain_dialect = {
	.new = plain_new,
	.free = plain_free,
	.begin = plain_begin,
	.say = plain_say,
	.heard = plain_heard,
	.failed = plain_failed,
	.tick = plain_tick,
	.ended = plain_ended,
	.leave = plain_leave,
	.stop = plain_stop,
};
