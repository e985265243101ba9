/*
 * The past comes in one go and is over when something new is said, or when
 * none of it has come for a moment.
 */
#include "loop/transcript.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "chat/command.h"

#define PAST_PAUSE MILLIS(300)

const char *const transcript_commands[] = { "/bell", "/ignore", "/ignored",
	"/unignore", NULL };

void
transcript_init(struct transcript *tr, struct screen *screen,
    struct nicks *seen, bool rings)
{
	*tr = (struct transcript){
		.screen = screen,
		.seen = seen,
		.rings = rings,
		.past_at = NEVER,
	};
}

/* Shows text that is not clean yet, and more than CHAT_TEXT_MAX bytes only if
 * somebody plays tricks. */
static void
show(struct transcript *tr, struct screen_line *line, struct str text,
    struct str nick)
{
	char clean[3 * CHAT_TEXT_MAX], name[3 * CHAT_NICK_MAX + 1];
	size_t len = text_clean(name, sizeof(name), nick, NULL);

	line->text =
	    (struct str){ clean, text_clean(clean, sizeof(clean), text, NULL) };
	/* `[nick]: ` or `* nick `: it is known where the nick is. */
	for (size_t at = 1; at <= 2 && len > 0; at++) {
		if (at + len <= line->text.len &&
		    memcmp(clean + at, name, len) == 0)
			line->nick = (struct str){ clean + at, len };
	}
	screen_add(tr->screen, line);
}

/* Messages. */

static void
mark_past(struct transcript *tr, bool is_past, struct instant now)
{
	static const struct screen_line earlier = { .look = LOOK_DIM,
		.text = { "--- earlier ---", 15 } };
	static const struct screen_line present = { .look = LOOK_DIM,
		.text = { "--- now ---", 11 } };

	if (is_past && tr->past_at == NEVER)
		screen_add(tr->screen, &earlier);
	if (!is_past && tr->past_at != NEVER)
		screen_add(tr->screen, &present);
	tr->past_at = is_past ? now.mono : NEVER;
}

static bool
is_mention(const struct link_event *e, const char *nick)
{
	return !e->is_own && !e->is_past &&
	    mentions_nick(e->message.text, nick);
}

static enum screen_look
choose_look(const struct link_event *e, const char *nick)
{
	const struct message *m = &e->message;

	if (e->is_past)
		return LOOK_DIM;
	if (m->kind == MESSAGE_ANNOUNCEMENT)
		return LOOK_ANNOUNCEMENT;
	if (m->to == TO_OPERATORS)
		return LOOK_QUESTION;
	if (m->to != TO_ALL)
		return LOOK_PRIVATE;
	if (is_mention(e, nick))
		return LOOK_BOLD;
	return m->kind == MESSAGE_ACTION ? LOOK_ACTION : LOOK_PLAIN;
}

/* Whether somebody means the user. */
static bool
calls(const struct link_event *e, const char *nick)
{
	bool is_to_one =
	    e->message.to != TO_ALL && e->message.to != TO_OPERATORS;

	return is_mention(e, nick) || (is_to_one && !e->is_own && !e->is_past);
}

void
transcript_message(struct transcript *tr, const struct link_event *e,
    uint64_t identity, const char *nick, struct instant now)
{
	const struct message *m = &e->message;
	struct screen_line line = { .time = m->time };
	struct buf text = { 0 };

	if (!e->is_own && nicks_has(&tr->ignored, m->nick))
		return;
	if (!screen_is_terminal(tr->screen) && (e->is_own || e->is_past))
		return;
	mark_past(tr, e->is_past, now);
	if (!e->is_own && text_is_clean(m->nick))
		nicks_add(tr->seen, m->nick);
	line.look = choose_look(e, nick);
	line.rings = tr->rings && calls(e, nick);
	command_format(&text, m, identity);
	show(tr, &line, (struct str){ buf_data(&text), buf_len(&text) },
	    line.look == LOOK_DIM ? STR("") : m->nick);
	buf_free(&text);
}

void
transcript_note(struct transcript *tr, struct str text, struct instant now)
{
	struct screen_line line = { .time = now.wall };

	show(tr, &line, text, STR(""));
}

void
transcript_waiting(struct transcript *tr, struct str text, struct instant now)
{
	struct screen_line line = { .time = now.wall, .look = LOOK_DIM };
	struct buf b = { 0 };

	buf_add_str(&b, STR("waiting: "));
	buf_add_str(&b, text);
	show(tr, &line, (struct str){ buf_data(&b), buf_len(&b) }, STR(""));
	buf_free(&b);
}

int64_t
transcript_deadline(const struct transcript *tr)
{
	return tr->past_at == NEVER ? NEVER : tr->past_at + PAST_PAUSE;
}

void
transcript_tick(struct transcript *tr, struct instant now)
{
	if (now.mono >= transcript_deadline(tr))
		mark_past(tr, false, now);
}

/* Commands. */

static void
do_ignore(struct transcript *tr, struct str nick)
{
	if (tr->ignored.count == NICKS_MAX && !nicks_has(&tr->ignored, nick))
		screen_notice(tr->screen, "too many are ignored already");
	else if (!text_is_clean(nick) || nicks_add(&tr->ignored, nick) == -1)
		screen_notice(tr->screen, "usage: /ignore NICK");
	else
		screen_notice(
		    tr->screen, "%.*s is ignored", (int)nick.len, nick.p);
}

static void
do_unignore(struct transcript *tr, struct str nick)
{
	if (nicks_remove(&tr->ignored, nick) == -1)
		screen_notice(tr->screen, "nobody of that nick is ignored");
	else
		screen_notice(tr->screen, "that nick is not ignored any more");
}

static void
do_ignored(struct transcript *tr, struct str arg)
{
	const char *nick;

	(void)arg;
	if (tr->ignored.count == 0)
		screen_notice(tr->screen, "nobody is ignored");
	for (size_t i = 0; (nick = nicks_get(&tr->ignored, i)) != NULL; i++)
		screen_notice(tr->screen, "%s is ignored", nick);
}

static void
do_bell(struct transcript *tr, struct str arg)
{
	bool on = str_eq_nocase(arg, STR("on"));

	if (!on && !str_eq_nocase(arg, STR("off"))) {
		screen_notice(tr->screen, "usage: /bell on|off");
		return;
	}
	tr->rings = on;
	screen_notice(tr->screen, "the bell is %s", on ? "on" : "off");
}

bool
transcript_command(struct transcript *tr, struct str line)
{
	static void (*const run[])(struct transcript *, struct str) = { do_bell,
		do_ignore, do_ignored, do_unignore };
	struct str arg = str_trim(line), name = str_cut(&arg, ' ');

	for (size_t i = 0; transcript_commands[i] != NULL; i++) {
		if (!str_eq_nocase(name, str_of(transcript_commands[i])))
			continue;
		run[i](tr, str_trim(arg));
		return true;
	}
	return false;
}
