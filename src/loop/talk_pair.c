/*
 * Two chats without a server.  Who the partner is, once known, never changes.
 */
#include "loop/dialect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "loop/bare.h"
#include "loop/listen.h"

#define LINGER_SECONDS 1 /* unless told otherwise */

struct pair {
	struct talk *talk;
	struct bare bare; /* sends to the partner once there is one */
	struct addr partner;
	bool v4_mapped; /* IPv4 in the form of an IPv6 socket */
};

static void
pair_free(void *arg)
{
	struct pair *p = arg;

	bare_close(&p->bare);
	free(p);
}

static void *
pair_new(struct talk *t)
{
	struct pair *p = calloc(1, sizeof(*p));
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	if (p == NULL)
		return NULL;
	p->talk = t;
	if (bare_open(&p->bare, t) == -1 ||
	    getsockname(t->config->fd, (struct sockaddr *)&name, &len) == -1) {
		pair_free(p);
		return NULL;
	}
	p->v4_mapped = name.ss_family == AF_INET6;
	return p;
}

static void
set_partner(struct pair *p, const struct addr *partner)
{
	char name[ADDR_NAME_MAX];

	p->partner = *partner;
	p->bare.to_len = addr_to_sockaddr(partner, p->v4_mapped, &p->bare.to);
	screen_notice(
	    p->talk->screen, "talking to %s", addr_name(partner, name));
	bare_read(&p->bare, true);
}

static void
pair_begin(void *arg)
{
	struct pair *p = arg;
	const struct talk_config *c = p->talk->config;

	screen_notice(p->talk->screen, "listening on %s", c->where);
	bare_read(&p->bare, false);
	if (c->partner.port != 0)
		set_partner(p, &c->partner);
}

static void
pair_say(void *arg, struct str line)
{
	struct pair *p = arg;

	if (p->bare.to_len == 0)
		screen_notice(p->talk->screen,
		    "nobody has written yet; that was not sent");
	else
		bare_send(&p->bare, line);
}

static void
pair_heard(void *arg, struct str datagram, const struct addr *from)
{
	struct pair *p = arg;
	char prefix[ADDR_NAME_MAX + 16], name[ADDR_NAME_MAX];

	if (p->bare.to_len == 0)
		set_partner(p, from);
	snprintf(prefix, sizeof(prefix),
	    "%s[%s]: ", addr_eq(from, &p->partner) ? "" : "INTERLOPER ",
	    addr_name(from, name));
	bare_show(&p->bare, prefix, datagram, "", NULL);
}

static void
pair_failed(void *arg, int error)
{
	struct pair *p = arg;

	screen_notice(p->talk->screen, "cannot send: %s", strerror(error));
}

static void
pair_leave(void *arg)
{
	struct pair *p = arg;

	talk_over(p->talk);
}

static void
pair_ended(void *arg)
{
	struct pair *p = arg;
	int linger = p->talk->config->linger;

	if (linger == -1)
		linger = LINGER_SECONDS;
	if (screen_is_terminal(p->talk->screen))
		talk_over(p->talk);
	else
		talk_wake(p->talk, clock_now().mono + SECONDS(linger));
}

const struct dialect pair_dialect = {
	.new = pair_new,
	.free = pair_free,
	.begin = pair_begin,
	.say = pair_say,
	.heard = pair_heard,
	.failed = pair_failed,
	.tick = pair_leave,
	.ended = pair_ended,
	.leave = pair_leave,
	.stop = pair_leave,
};
