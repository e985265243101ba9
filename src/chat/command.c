/*
 * A line that begins with / is looked up in one table, which /help prints.
 * What a command has to say to its giver is told to that member alone.
 */
#include "chat/command.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define WHO_LINE_MAX    1000 /* bytes */
#define HISTORY_DEFAULT 10   /* messages */
#define HISTORY_MAX     100

enum outcome {
	DONE,
	QUIT,
	USAGE /* the argument is missing or makes no sense */
};

typedef enum outcome command_fn(
    struct hub *, struct member *, struct str arg, struct instant now);

static command_fn do_help, do_nick, do_who, do_me, do_msg, do_history, do_quit;

static const struct command {
	const char *name;
	const char *form; /* of its argument */
	const char *help;
	command_fn *run;
	bool says; /* then the hub counts it as a line, else it is counted here;
		    * leaving is not counted at all */
} commands[] = {
	{ "help", "", "lists the commands", do_help, false },
	{ "nick", " NAME", "takes a name", do_nick, false },
	{ "who", "", "lists who is here", do_who, false },
	{ "me", " TEXT", "says what you do", do_me, true },
	{ "msg", " NICK TEXT", "says something to one alone", do_msg, true },
	{ "history", " [N]", "shows the last lines said", do_history, false },
	{ "quit", "", "leaves", do_quit, true },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

/* What the hub did not do; it tells of HUB_FLOOD by itself. */
static enum outcome
explain(struct hub *hub, struct member *m, enum hub_result result)
{
	static const char *const texts[] = {
		[HUB_BAD_NICK] = "that nick cannot be used: at most 48 bytes, "
				 "no white space, none of @/[], no * in front",
		[HUB_TAKEN] = "somebody here has that nick",
		[HUB_NOBODY] = "nobody here is called that (try /who)",
		[HUB_NOMEM] = "the server is short of memory, try again later",
	};

	if (result == HUB_EMPTY)
		return USAGE;
	if (texts[result] != NULL)
		hub_tell(hub, m, "%s", texts[result]);
	return DONE;
}

static enum outcome
do_help(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	(void)arg;
	(void)now;
	for (size_t i = 0; i < NCOMMANDS; i++)
		hub_tell(hub, m, "/%s%s - %s", commands[i].name,
		    commands[i].form, commands[i].help);
	return DONE;
}

static enum outcome
do_nick(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	(void)now;
	if (arg.len == 0)
		return USAGE;
	return explain(hub, m, hub_set_nick(hub, m, arg));
}

static enum outcome
do_who(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	char line[WHO_LINE_MAX + 1 - sizeof("* here: ")];
	size_t len = 0;

	(void)arg;
	(void)now;
	for (struct member *it = hub_first(hub); it != NULL;
	     it = hub_next(it)) {
		struct str name = member_name(it);
		const char *via = member_transport(it)->name;

		if (len + name.len + strlen(via) + 5 >= sizeof(line)) {
			hub_tell(hub, m, "here: %s", line);
			len = 0;
		}
		len += (size_t)snprintf(line + len, sizeof(line) - len,
		    "%s%s (%s)", len > 0 ? ", " : "", name.p, via);
	}
	hub_tell(hub, m, "here: %s", line);
	return DONE;
}

static enum outcome
do_me(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	return explain(hub, m, hub_say(hub, m, MESSAGE_ACTION, arg, now));
}

/* The first word, which is cut off *rest. */
static struct str
cut_word(struct str *rest)
{
	struct str word = *rest;

	word.len = 0;
	while (word.len < rest->len && rest->p[word.len] != ' ' &&
	    rest->p[word.len] != '\t')
		word.len++;
	*rest =
	    str_trim((struct str){ rest->p + word.len, rest->len - word.len });
	return word;
}

static enum outcome
do_msg(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	struct str to = cut_word(&arg);

	if (arg.len == 0)
		return USAGE;
	return explain(hub, m, hub_private(hub, m, to, arg, now));
}

/* As in /history: with the UTC time it was said at. */
static void
tell_message(struct hub *hub, struct member *m, const struct message *message,
    struct buf *line)
{
	int64_t minutes = message->time / 60000;

	buf_addf(
	    line, "%02d:%02d ", (int)(minutes / 60 % 24), (int)(minutes % 60));
	command_format(line, message);
	if (!buf_failed(line))
		hub_tell_line(
		    hub, m, "%.*s", (int)buf_len(line), buf_data(line));
	buf_drain(line, buf_len(line));
}

static enum outcome
do_history(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	const struct room *room = hub_room(hub);
	uint64_t count = HISTORY_DEFAULT, seq, last = room_last(room);
	struct message message;
	struct buf line = { 0 };

	(void)now;
	if (arg.len > 0 && str_to_u64(arg, UINT64_MAX, &count) == -1)
		return USAGE;
	if (last == 0)
		hub_tell(hub, m, "nothing was said yet");
	if (count > HISTORY_MAX)
		count = HISTORY_MAX;
	if (count > last + 1 - room_first(room))
		count = last + 1 - room_first(room);
	for (seq = last + 1 - count; seq <= last; seq++) {
		if (room_get(room, seq, &message) == 0)
			tell_message(hub, m, &message, &line);
	}
	if (buf_failed(&line))
		explain(hub, m, HUB_NOMEM);
	buf_free(&line);
	return DONE;
}

static enum outcome
do_quit(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	(void)hub;
	(void)m;
	(void)arg;
	(void)now;
	return QUIT;
}

static const struct command *
command_find(struct str name)
{
	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (str_eq_nocase(name, str_of(commands[i].name)))
			return &commands[i];
	}
	return NULL;
}

static void
tell_unknown(struct hub *hub, struct member *m, struct str name)
{
	char clean[CHAT_NICK_MAX + 1];

	text_clean(clean, sizeof(clean), name, NULL);
	hub_tell(hub, m, "no such command: /%s (try /help)", clean);
}

/* line: what follows the slash. */
static enum outcome
run_command(
    struct hub *hub, struct member *m, struct str line, struct instant now)
{
	struct str name = cut_word(&line);
	const struct command *command = command_find(name);
	enum outcome outcome;

	if ((command == NULL || !command->says) &&
	    !hub_allows_command(hub, m, now))
		return DONE;
	if (command == NULL) {
		tell_unknown(hub, m, name);
		return DONE;
	}
	outcome = command->run(hub, m, line, now);
	if (outcome == USAGE)
		hub_tell(hub, m, "usage: /%s%s", command->name, command->form);
	return outcome;
}

enum command_result
command_line(
    struct hub *hub, struct member *m, struct str line, struct instant now)
{
	bool slash = line.len > 0 && line.p[0] == '/';
	bool doubled = slash && line.len > 1 && line.p[1] == '/';
	enum outcome outcome = DONE;

	if (slash)
		line = (struct str){ line.p + 1, line.len - 1 };
	hub_hold(hub);
	if (slash && !doubled)
		outcome = run_command(hub, m, line, now);
	else
		explain(hub, m, hub_say(hub, m, MESSAGE_SAY, line, now));
	hub_release(hub);
	return outcome == QUIT ? COMMAND_QUIT : COMMAND_DONE;
}

void
command_format(struct buf *out, const struct message *m)
{
	bool action = m->kind == MESSAGE_ACTION;

	buf_add_str(out, action ? STR("* ") : STR("["));
	buf_add_str(out, m->nick);
	buf_add_str(out, action ? STR(" ") : STR("]: "));
	buf_add_str(out, m->text);
}
