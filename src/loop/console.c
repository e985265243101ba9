/*
 * The console prints at once and never waits: what the terminal does not take
 * stays in the sink, within its bound, until the descriptor is writable.
 *
 * In pair mode typed lines go to the partner alone, and never to the room by
 * mistake.  The partner is known by its id, since members come and go.
 */
#include "loop/console.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/fd.h"
#include "chat/command.h"
#include "loop/input.h"

struct console {
	struct console_config config;
	struct transport transport;
	struct hub *hub;
	struct member
	    *member;   /* NULL when nobody can type, or it was removed */
	uint64_t seen; /* the cursor of a console without a member */
	struct input *input;
	struct event *writable; /* added while bytes wait; NULL: they cannot */
	size_t waiting;         /* how many did */
	uint64_t partner;       /* its member id, or 0 outside pair mode */
	struct buf out;
};

/*
 * Waits for the descriptor, unless it was writable and took nothing: then it
 * is broken, and is tried again only when there is more to print.
 */
static void
console_flush(struct console *c)
{
	size_t waiting = sink_flush(c->config.out);

	if (c->writable != NULL && waiting > 0 && waiting != c->waiting)
		event_add(c->writable, NULL);
	c->waiting = waiting;
}

static void
console_writable_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	console_flush(arg);
}

/* Prints what was put in c->out. */
static void
console_print(struct console *c)
{
	if (!buf_failed(&c->out))
		sink_write(c->config.out, buf_data(&c->out), buf_len(&c->out));
	buf_free(&c->out);
	console_flush(c);
}

static void
console_print_line(struct console *c, struct str line)
{
	buf_add_str(&c->out, line);
	buf_add(&c->out, "\n", 1);
	console_print(c);
}

/* Ends pair mode, and says so, when the partner has left. */
static void
console_check_partner(struct console *c)
{
	if (c->partner == 0 || hub_member(c->hub, c->partner) != NULL)
		return;
	c->partner = 0;
	console_print_line(
	    c, STR("* Your partner has left: you talk to the room again."));
}

/* The next message to print, and the cursor moved past it. */
static int
console_next(struct console *c, struct message *message)
{
	const struct room *room = hall_room(hub_first_hall(c->hub));

	if (c->member != NULL) {
		if (member_next(c->hub, c->member, message) == -1)
			return -1;
		member_set_cursor(c->member, message->seq);
		return 0;
	}
	if (c->seen + 1 < room_first(room))
		c->seen = room_first(room) - 1;
	while (room_get(room, ++c->seen, message) == 0) {
		if (message->to == TO_ALL)
			return 0;
	}
	c->seen--;
	return -1;
}

static uint64_t
console_identity(const struct console *c)
{
	return c->member != NULL ? member_person(c->member)->identity : TO_ALL;
}

/* Who reads along without being a member sees the lobby, as anybody would. */
static void
console_wake(void *arg, struct hall *hall)
{
	struct console *c = arg;
	struct message message;

	(void)hall;
	while (console_next(c, &message) == 0) {
		if (c->partner != 0 && message.sender != c->partner &&
		    message.author != console_identity(c))
			buf_add_str(&c->out, STR("INTERLOPER "));
		command_format(&c->out, &message, console_identity(c));
		buf_add(&c->out, "\n", 1);
		console_print(c);
	}
	console_check_partner(c);
}

static void
console_tell(void *arg, void *owner, struct str line)
{
	(void)owner;
	console_print_line(arg, line);
	console_check_partner(arg);
}

static void
console_removed(void *arg, void *owner, const char *reason)
{
	struct console *c = arg;

	(void)owner;
	(void)reason;
	c->member = NULL;
}

static void
command_peer(struct console *c, struct str nick)
{
	struct member *partner = hub_find(c->hub, nick, clock_now());
	struct str name;

	if (nick.len == 0) {
		c->partner = 0;
		hub_tell(c->hub, c->member, "You talk to the room.");
	} else if (partner == NULL || partner == c->member) {
		hub_tell(c->hub, c->member, "There is nobody else called %.*s.",
		    (int)nick.len, nick.p);
	} else {
		c->partner = member_id(partner);
		name = member_name(partner);
		hub_tell(c->hub, c->member,
		    "You talk to %.*s alone; /peer ends it.", (int)name.len,
		    name.p);
	}
}

static void
command_stats(struct console *c, struct str rest)
{
	(void)rest;
	c->config.stats(c->config.arg, &c->out);
	console_print(c);
}

/* For somebody else, who types it, or opens the link. */
static void
command_operator(struct console *c, struct str rest)
{
	const char *code = hub_operator_code(c->hub, clock_now());

	(void)rest;
	hub_tell(c->hub, c->member,
	    "Whoever types /op %s within an hour, once, is an operator; in a "
	    "browser: /chat#op=%s",
	    code, code);
}

static const struct {
	const char *name;
	void (*run)(struct console *, struct str rest);
} commands[] = {
	{ "/op", command_operator },
	{ "/peer", command_peer },
	{ "/stats", command_stats },
};

/* Whether the line was a command of the console's own. */
static bool
run_own_command(struct console *c, struct str line)
{
	struct str rest = line, name = str_cut(&rest, ' ');

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (str_eq_nocase(name, str_of(commands[i].name))) {
			commands[i].run(c, str_trim(rest));
			return true;
		}
	}
	return false;
}

static bool
starts_with(struct str s, struct str head)
{
	return s.len >= head.len && str_eq((struct str){ s.p, head.len }, head);
}

/* Text for the partner; a line that begins with // says /. */
static bool
say_to_partner(struct console *c, struct str line, struct instant now)
{
	struct member *partner;

	if (c->partner == 0 || line.len == 0)
		return false;
	if (starts_with(line, STR("//")))
		line = (struct str){ line.p + 1, line.len - 1 };
	else if (line.p[0] == '/')
		return false;
	partner = hub_member(c->hub, c->partner);
	if (partner != NULL)
		hub_private(c->hub, c->member, member_name(partner), line, now);
	else
		console_check_partner(c);
	return true;
}

static void
console_line(struct console *c, struct str line)
{
	struct instant now = clock_now();

	if (c->member == NULL || run_own_command(c, line) ||
	    say_to_partner(c, line, now))
		return;
	if (command_line(c->hub, c->member, line, now).quits)
		c->config.stop(c->config.arg);
	else if (str_eq_nocase(str_trim(line), STR("/help")))
		hub_tell(c->hub, c->member,
		    "Here also: /op makes a code for another operator, /peer "
		    "NICK talks to one alone (/peer ends it), /stats; /quit "
		    "stops the daemon.");
}

static void
console_input_cb(void *arg, struct str line, bool at_eof)
{
	struct console *c = arg;

	if (at_eof) {
		c->config.stop(c->config.arg);
		return;
	}
	console_line(c, line);
	hub_flush(c->hub);
}

static int
console_open(struct console *c, struct event_base *base)
{
	int fd = c->config.fd, out = sink_fd(c->config.out);
	struct arrival arrival = {
		.transport = &c->transport,
		.owner = c,
		.name = STR(CONSOLE_NICK),
	};
	enum hub_result result;

	if (fd_is_watchable(out) &&
	    (c->writable = event_new(
		 base, out, EV_WRITE, console_writable_cb, c)) == NULL)
		return -1;
	if (fd != -1 &&
	    (c->input = input_new(base, fd, console_input_cb, c)) == NULL)
		return -1;
	if (hub_add_transport(c->hub, &c->transport) == -1)
		return -1;
	/* Who cannot type is no member: nobody should wait for an answer. */
	if (fd == -1)
		return 0;
	c->member = hub_join(c->hub, &arrival, &result, clock_now());
	return c->member != NULL ? 0 : -1;
}

struct console *
console_new(struct event_base *base, struct hub *hub,
    const struct console_config *config)
{
	struct console *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->config = *config;
	c->hub = hub;
	c->transport = (struct transport){
		.name = "console",
		.wake = console_wake,
		.tell = console_tell,
		.removed = console_removed,
		.arg = c,
		.exempt = true,
	};
	if (console_open(c, base) == -1) {
		console_free(c);
		return NULL;
	}
	return c;
}

void
console_free(struct console *c)
{
	if (c == NULL)
		return;
	if (c->member != NULL)
		hub_leave(c->hub, c->member, NULL);
	hub_remove_transport(c->hub, &c->transport);
	input_free(c->input);
	if (c->writable != NULL)
		event_free(c->writable);
	buf_free(&c->out);
	free(c);
}
