#include "tests/party.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "chat/command.h"
#include "tests/run.h"

struct party party;

static void
note(struct user *u, struct str line)
{
	size_t len = strlen(u->got);

	snprintf(u->got + len, sizeof(u->got) - len, "%.*s\n", (int)line.len,
	    line.p);
}

void
party_leave(struct user *u, const char *reason)
{
	struct member *m = u->member;

	u->member = NULL;
	hub_leave(party.hub, m, reason);
}

static struct user *
user_of(const struct member *m)
{
	for (struct user *u = party.users; u < party.users + PARTY; u++) {
		if (u->member == m)
			return u;
	}
	return NULL;
}

static void
tell_cb(void *arg, void *owner, struct str line)
{
	struct user *u = owner, *leaver;

	(void)arg;
	ck_assert_msg(
	    text_is_clean(line), "unclean: %.*s", (int)line.len, line.p);
	ck_assert_uint_lt(line.len, HUB_LINE_MAX);
	note(u, line);
	leaver = u->leaves != NULL ? user_of(u->leaves) : NULL;
	u->leaves = NULL;
	if (leaver != NULL)
		party_leave(leaver, "gone");
}

static void
take_messages(struct user *u)
{
	struct buf line = { 0 };
	struct message message;

	while (u->member != NULL &&
	    member_next(party.hub, u->member, &message) == 0) {
		command_format(
		    &line, &message, member_person(u->member)->identity);
		note(u, (struct str){ buf_data(&line), buf_len(&line) });
		buf_drain(&line, buf_len(&line));
		member_set_cursor(u->member, message.seq);
		if (u->leaves_when_woken)
			party_leave(u, "gone");
	}
	buf_free(&line);
}

static void
wake_cb(void *arg, struct hall *hall)
{
	for (struct user *u = party.users; u < party.users + PARTY; u++) {
		if (u->member != NULL && member_hall(u->member) == hall &&
		    member_transport(u->member)->arg == arg)
			take_messages(u);
	}
}

static void
removed_cb(void *arg, void *owner, const char *reason)
{
	struct user *u = owner;

	(void)arg;
	ck_assert(text_is_clean(str_of(reason)));
	snprintf(u->reason, sizeof(u->reason), "%s", reason);
	u->member = NULL;
}

void
party_open(const struct hub_config *config)
{
	struct transport net = {
		.name = "net",
		.wake = wake_cb,
		.tell = tell_cb,
		.removed = removed_cb,
		.arg = &party.net,
	};

	memset(&party, 0, sizeof(party));
	party.net = party.desk = net;
	party.desk.name = "desk";
	party.desk.arg = &party.desk;
	party.desk.exempt = true;
	party.now = (struct instant){ SECONDS(1000), 1000 * 1000 };
	party.hub = hub_new(config);
	ck_assert_ptr_nonnull(party.hub);
	ck_assert_int_eq(hub_add_transport(party.hub, &party.net), 0);
	ck_assert_int_eq(hub_add_transport(party.hub, &party.desk), 0);
}

void
party_close(void)
{
	hub_free(party.hub);
	party.hub = NULL;
}

void
party_later(int64_t seconds)
{
	party.now.mono += SECONDS(seconds);
	party.now.wall += seconds * 1000;
}

struct member *
party_come(int i, struct arrival a)
{
	struct addr from = { .ip = { [10] = 0xff, 0xff, 192, 0, 2, 1 },
		.port = (uint32_t)(5000 + i) };
	char name[ADDR_NAME_MAX];

	if (a.transport == NULL)
		a.transport = &party.net;
	if (a.name.p == NULL)
		a.name = str_of(addr_name(&from, name));
	if (a.from == NULL && !a.transport->exempt)
		a.from = &from;
	a.owner = &party.users[i];
	party.users[i].member =
	    hub_join(party.hub, &a, &party.result, party.now);
	return party.users[i].member;
}

struct member *
party_join(int i)
{
	struct member *m = party_come(i, (struct arrival){ 0 });

	ck_assert_ptr_nonnull(m);
	return m;
}

enum hub_result
party_type(int i, const char *line)
{
	struct command_outcome outcome = command_line(
	    party.hub, party.users[i].member, str_of(line), party.now);

	hub_flush(party.hub);
	return outcome.result;
}

void
party_expect(const char *file, int line, int i, const char *lines)
{
	char *got = party.users[i].got;

	ck_assert_msg(strcmp(got, lines) == 0,
	    "%s:%d: user %d got '%s', not '%s'", file, line, i, got, lines);
	got[0] = '\0';
}

void
party_forget(void)
{
	for (int i = 0; i < PARTY; i++)
		party.users[i].got[0] = '\0';
}
