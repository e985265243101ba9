/*
 * A line that begins with / is looked up in one table, which /help prints.
 * What a command has to say to its giver is told to that member alone.
 */
#include "chat/command.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "chat/operate.h"

#define LIST_LINE_MAX   1000 /* bytes */
#define HISTORY_DEFAULT 10   /* messages */
#define HISTORY_MAX     100

static command_fn do_help, do_nick, do_who, do_me, do_msg, do_join, do_part,
    do_rooms, do_away, do_history, do_op, do_quit;

static const struct command {
	const char *name;
	const char *form; /* of its argument */
	const char *help;
	command_fn *run;
	bool says; /* then the hub counts it as a line, else it is counted here;
		    * leaving is not counted at all */
	bool for_operators;
} commands[] = {
	{ "help", "", "lists the commands", do_help, false, false },
	{ "nick", " NAME", "takes a name", do_nick, false, false },
	{ "who", "", "lists who is here", do_who, false, false },
	{ "me", " TEXT", "says what you do", do_me, true, false },
	{ "msg", " NICK TEXT", "says something to one alone", do_msg, true,
	    false },
	{ "join", " ROOM", "goes to another room, or a new one", do_join, false,
	    false },
	{ "part", "", "goes back to the " LOBBY, do_part, false, false },
	{ "rooms", "", "lists the rooms", do_rooms, false, false },
	{ "topic", " [TEXT]", "shows the topic; operators set it",
	    operate_topic, false, false },
	{ "away", " [WHY]", "says that you are away; without WHY, back",
	    do_away, false, false },
	{ "history", " [N]", "shows the last lines said", do_history, false,
	    false },
	{ "op", " CODE", "makes you an operator", do_op, false, false },
	{ "quit", "", "leaves", do_quit, true, false },
	{ "deop", " NICK", "takes an operator's rights away", operate_deop,
	    false, true },
	{ "kick", " NICK [WHY]", "removes somebody", operate_kick, false,
	    true },
	{ "ban", " [NICK|ADDRESS]", "keeps somebody out; alone, lists whom",
	    operate_ban, false, true },
	{ "unban", " NICK|ADDRESS", "lets them in again", operate_unban, false,
	    true },
	{ "mute", " NICK", "lets somebody read only", operate_mute, false,
	    true },
	{ "unmute", " NICK", "lets them speak again", operate_unmute, false,
	    true },
	{ "slow", " SECONDS", "between two lines of a person; 0 ends it",
	    operate_slow, false, true },
	{ "lock", "", "lets nobody new into the room", operate_lock, false,
	    true },
	{ "unlock", "", "lets them in again", operate_unlock, false, true },
	{ "questions", " on|off", "has what members say reach operators alone",
	    operate_questions, false, true },
	{ "announce", " TEXT", "says something in all rooms", operate_announce,
	    true, true },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

const char *
command_explain(enum hub_result result)
{
	static const char *const texts[] = {
		[HUB_OK] = "done",
		[HUB_EMPTY] = "there is no text",
		[HUB_FLOOD] = "slow down, try again later",
		[HUB_SLOW] = "this room is slow: wait a little between lines",
		[HUB_MUTED] = "you are muted; nobody reads what you say",
		[HUB_BAD_NICK] = "that nick cannot be used: at most 48 bytes, "
				 "no white space, none of @/[], no * in front, "
				 "not operator, chatd or server",
		[HUB_TAKEN] = "somebody here has that nick",
		[HUB_NOBODY] = "nobody here is called that (try /who)",
		[HUB_BAD_ROOM] = "no room can be called that: at most 32 "
				 "bytes, no white space, none of @/[]",
		[HUB_LOCKED] = "the room is locked: nobody new may come in",
		[HUB_BANNED] = "you are banned",
		[HUB_FULL] = "the server is full, try again later",
		[HUB_NOT_ALLOWED] = "that is for operators",
		[HUB_BAD_CODE] = "that code is wrong, was used or is too old",
		[HUB_NO_COMMAND] = "there is no such command (try /help)",
		[HUB_USAGE] = "the argument is missing or makes no sense",
		[HUB_BUSY] = "the history cannot be written now; your line "
			     "was not said, try again later",
		[HUB_NOMEM] = "the server is short of memory, try again later",
	};

	return texts[result];
}

static enum hub_result
do_help(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	(void)arg;
	(void)now;
	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (!commands[i].for_operators || member_is_operator(m))
			hub_tell(hub, m, "/%s%s - %s", commands[i].name,
			    commands[i].form, commands[i].help);
	}
	return HUB_OK;
}

static enum hub_result
do_nick(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	if (arg.len == 0)
		return HUB_USAGE;
	return hub_set_nick(hub, m, arg, now);
}

/* A line of a list, to which items are added until it is full. */
struct list {
	struct hub *hub;
	struct member *m;
	const char *head;
	size_t len;
	char line[LIST_LINE_MAX];
};

static void
list_end(struct list *l)
{
	hub_tell(l->hub, l->m, "%s: %.*s", l->head, (int)l->len, l->line);
	l->len = 0;
}

static void
list_add(struct list *l, const char *item)
{
	size_t len = strlen(item);

	if (l->len > 0 && l->len + 2 + len >= sizeof(l->line))
		list_end(l);
	l->len += (size_t)snprintf(l->line + l->len, sizeof(l->line) - l->len,
	    "%s%s", l->len > 0 ? ", " : "", item);
}

static enum hub_result
do_who(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	struct list list = { .hub = hub, .m = m, .head = "here" };
	char item[CHAT_NICK_MAX + CHAT_AWAY_MAX + 64];

	(void)arg;
	(void)now;
	for (struct member *it = hall_first(member_hall(m)); it != NULL;
	     it = hall_next(it)) {
		const char *away = member_person(it)->away;

		snprintf(item, sizeof(item), "%s (%s%s%s%s)", member_name(it).p,
		    member_transport(it)->name,
		    member_is_operator(it) && !member_transport(it)->exempt
			? ", operator"
			: "",
		    away[0] != '\0' ? ", away: " : "", away);
		list_add(&list, item);
	}
	list_end(&list);
	return HUB_OK;
}

static enum hub_result
do_rooms(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	struct list list = { .hub = hub, .m = m, .head = "rooms" };
	char item[CHAT_ROOM_MAX + 32];

	(void)arg;
	(void)now;
	for (struct hall *hall = hub_first_hall(hub); hall != NULL;
	     hall = hub_next_hall(hall)) {
		snprintf(item, sizeof(item), "%s (%zu)",
		    room_name(hall_room(hall)), hall_count(hall));
		list_add(&list, item);
	}
	list_end(&list);
	return HUB_OK;
}

static enum hub_result
do_join(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	if (arg.len == 0)
		return HUB_USAGE;
	return hub_move(hub, m, arg, now);
}

static enum hub_result
do_part(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	(void)arg;
	return hub_move(hub, m, STR(LOBBY), now);
}

static enum hub_result
do_me(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	return hub_say(hub, m, MESSAGE_ACTION, arg, now);
}

struct str
command_word(struct str *rest)
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

static enum hub_result
do_msg(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	struct str to = command_word(&arg);

	if (arg.len == 0)
		return HUB_USAGE;
	return hub_private(hub, m, to, arg, now);
}

static enum hub_result
do_away(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	(void)now;
	hub_set_away(hub, m, arg);
	hub_tell(hub, m, "you are %s", arg.len > 0 ? "away" : "back");
	return HUB_OK;
}

static enum hub_result
do_op(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	enum hub_result result = hub_redeem(hub, m, arg, now);

	if (result == HUB_OK)
		hub_tell(hub, m, "you are an operator now; see /help");
	if (result != HUB_NOBODY)
		return result;
	hub_tell(hub, m,
	    "without the cookie of /chat you could be anybody: open that page "
	    "and try again");
	return HUB_NOT_ALLOWED;
}

/* As in /history: with the UTC time it was said at. */
static void
tell_message(struct hub *hub, struct member *m, const struct message *message,
    struct buf *line)
{
	int64_t minutes = message->time / 60000;

	buf_addf(
	    line, "%02d:%02d ", (int)(minutes / 60 % 24), (int)(minutes % 60));
	command_format(line, message, member_person(m)->identity);
	if (!buf_failed(line))
		hub_tell_line(
		    hub, m, "%.*s", (int)buf_len(line), buf_data(line));
	buf_drain(line, buf_len(line));
}

/* The number before the last `count` messages that the member may read. */
static uint64_t
history_start(const struct room *room, const struct member *m, uint64_t count)
{
	uint64_t seq = room_last(room);
	struct message message;

	while (count > 0 && room_get(room, seq, &message) == 0) {
		count -= member_reads(m, &message);
		seq--;
	}
	return seq;
}

static enum hub_result
do_history(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	const struct room *room = hall_room(member_hall(m));
	uint64_t count = HISTORY_DEFAULT, seq;
	struct message message;
	struct buf line = { 0 };
	bool failed, told = false;

	(void)now;
	if (arg.len > 0 && str_to_u64(arg, UINT64_MAX, &count) == -1)
		return HUB_USAGE;
	seq = history_start(room, m, count < HISTORY_MAX ? count : HISTORY_MAX);
	while (room_get(room, ++seq, &message) == 0) {
		if (!member_reads(m, &message))
			continue;
		tell_message(hub, m, &message, &line);
		told = true;
	}
	if (!told && count > 0)
		hub_tell(hub, m, "nothing was said yet");
	failed = buf_failed(&line);
	buf_free(&line);
	return failed ? HUB_NOMEM : HUB_OK;
}

static enum hub_result
do_quit(struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	(void)hub;
	(void)m;
	(void)arg;
	(void)now;
	return HUB_OK;
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

/* What was not done; the hub tells of HUB_FLOOD by itself. */
static void
tell_why(struct hub *hub, struct member *m, const struct command *command,
    enum hub_result result)
{
	bool has_form = command != NULL && command->form[0] != '\0';

	if (!hub_is_news(m, result))
		return;
	if ((result == HUB_USAGE || result == HUB_EMPTY) && has_form)
		hub_tell(hub, m, "usage: /%s%s", command->name, command->form);
	else if (result == HUB_EMPTY)
		return;
	else if (result != HUB_OK && result != HUB_FLOOD)
		hub_tell(hub, m, "%s", command_explain(result));
}

/* line: what follows the slash. */
static enum hub_result
run_command(struct hub *hub, struct member *m, struct str line, bool *quits,
    struct instant now)
{
	struct str name = command_word(&line);
	const struct command *command = command_find(name);
	enum hub_result result = HUB_NOT_ALLOWED;

	if ((command == NULL || !command->says) &&
	    !hub_allows_command(hub, m, now))
		return HUB_FLOOD;
	if (command == NULL) {
		tell_unknown(hub, m, name);
		return HUB_NO_COMMAND;
	}
	if (!command->for_operators || member_is_operator(m))
		result = command->run(hub, m, line, now);
	tell_why(hub, m, command, result);
	*quits = command->run == do_quit;
	return result;
}

struct command_outcome
command_line(
    struct hub *hub, struct member *m, struct str line, struct instant now)
{
	bool slash = line.len > 0 && line.p[0] == '/';
	bool doubled = slash && line.len > 1 && line.p[1] == '/';
	uint64_t stamp = hub_stamp(hub);
	struct command_outcome outcome = { .result = HUB_OK };

	if (slash)
		line = (struct str){ line.p + 1, line.len - 1 };
	hub_hold(hub);
	if (slash && !doubled) {
		outcome.result = run_command(hub, m, line, &outcome.quits, now);
	} else {
		outcome.result = hub_say(hub, m, MESSAGE_SAY, line, now);
		tell_why(hub, m, NULL, outcome.result);
	}
	if (hub_stamp(hub) != stamp) {
		outcome.stamp = hub_stamp(hub);
		outcome.seq = member_said(m);
	}
	hub_release(hub);
	return outcome;
}

static void
format_name(struct buf *out, const struct message *m, uint64_t identity)
{
	bool is_private = m->to > TO_OPERATORS;

	if (is_private && m->author == identity) {
		buf_add_str(out, STR("you -> "));
		buf_add_str(out, m->to_nick);
		return;
	}
	buf_add_str(out, m->nick);
	if (is_private)
		buf_add_str(out, STR(" -> you"));
	else if (m->to == TO_OPERATORS)
		buf_add_str(out, STR(" asks"));
	else if (m->kind == MESSAGE_ANNOUNCEMENT)
		buf_add_str(out, STR(" announces"));
}

void
command_format(struct buf *out, const struct message *m, uint64_t identity)
{
	bool is_action = m->kind == MESSAGE_ACTION && m->to == TO_ALL;

	buf_add_str(out, is_action ? STR("* ") : STR("["));
	format_name(out, m, identity);
	buf_add_str(out, is_action ? STR(" ") : STR("]: "));
	buf_add_str(out, m->text);
}
