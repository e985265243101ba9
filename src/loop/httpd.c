#include "loop/httpd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/listener.h>

#include "base/log.h"
#include "base/tally.h"
#include "loop/clients.h"
#include "loop/listen.h"

#define ACCEPT_MAX   64  /* clients served in the turn that took them */
#define REFUSED_MIN  8   /* beyond the limit, while they are told so: a */
#define REFUSED_MAX  64  /* quarter of it, but between these */
#define PAUSE_MILLIS 250 /* of accepting, when descriptors run out */

struct listener {
	LIST_ENTRY(listener) link;
	struct evconnlistener *ev;
};

struct httpd {
	struct event_base *base;
	struct turn *turn;
	struct httpd_config config;
	struct clients *clients;
	struct tally *by_address;
	LIST_HEAD(, listener) listeners;
	struct event *resume; /* accepting, after a pause */
	unsigned accept_turn; /* the turn that last took a client */
	unsigned taken;       /* clients that it took so far */
	int64_t warned;       /* when accepting last failed aloud, mono */
	void (*idle_cb)(void *);
	void *idle_arg;
	struct httpd_stats stats;
};

static void
set_accepting(struct httpd *h, bool accepting)
{
	struct listener *l;

	LIST_FOREACH(l, &h->listeners, link) {
		if (accepting)
			evconnlistener_enable(l->ev);
		else
			evconnlistener_disable(l->ev);
	}
}

static void
gone_cb(void *arg, const struct addr *peer)
{
	struct httpd *h = arg;

	if (peer != NULL)
		tally_drop(h->by_address, peer);
	if (clients_count(h->clients) == 0 && h->idle_cb != NULL)
		h->idle_cb(h->idle_arg);
}

/*
 * The request is often there already.  But new clients keep coming while the
 * others are served, so after some the turn goes to those who wait.
 */
static bool
is_served_at_once(struct httpd *h)
{
	if (h->accept_turn != h->turn->number)
		h->taken = 0;
	h->accept_turn = h->turn->number;
	return h->taken++ < ACCEPT_MAX;
}

static bool
is_one_too_many(const struct httpd *h, const struct addr *peer)
{
	return peer != NULL &&
	    (h->config.loopback_too || !addr_is_loopback(peer)) &&
	    tally_get(h->by_address, peer) >= h->config.max_per_address;
}

static bool
evict(struct httpd *h)
{
	if (!clients_evict(h->clients))
		return false;
	h->stats.evicted++;
	return true;
}

/* Whether there is a place for one more, or one was made. */
static bool
has_room(struct httpd *h)
{
	return clients_served(h->clients) < h->config.max_connections ||
	    evict(h);
}

/* Few where there are few descriptors, since those let in need some too. */
static size_t
most_refused(const struct httpd *h)
{
	size_t quarter = h->config.max_connections / 4;

	if (quarter < REFUSED_MIN)
		return REFUSED_MIN;
	return quarter < REFUSED_MAX ? quarter : REFUSED_MAX;
}

/* 0, or -1 where there is neither memory nor room to say so. */
static int
refuse(struct httpd *h, struct newcomer *newcomer)
{
	h->stats.refused++;
	if (clients_count(h->clients) >=
	    h->config.max_connections + most_refused(h))
		return -1;
	newcomer->is_refused = true;
	return clients_add(h->clients, newcomer);
}

static int
let_in(struct httpd *h, struct newcomer *newcomer)
{
	const struct addr *peer = newcomer->peer;

	if (is_one_too_many(h, peer) || !has_room(h))
		return refuse(h, newcomer);
	if (peer != NULL && tally_add(h->by_address, peer) == -1)
		return -1;
	h->stats.accepted++;
	if (clients_add(h->clients, newcomer) == 0)
		return 0;
	gone_cb(h, peer);
	return -1;
}

static void
accept_cb(struct evconnlistener *ev, evutil_socket_t fd, struct sockaddr *from,
    int len, void *arg)
{
	struct httpd *h = arg;
	struct newcomer newcomer = { .fd = fd,
		.is_prompt = is_served_at_once(h) };
	struct addr addr;

	(void)ev;
	(void)len;
	/* One that came after another of the same turn was answered. */
	turn_renew(h->turn);
	if (addr_from_sockaddr(from, &addr) == 0) {
		newcomer.peer = &addr;
		newcomer.tls = h->config.tls;
	}
	if (let_in(h, &newcomer) == -1)
		close(fd);
}

static bool
is_exhausted(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM;
}

/* Once a second at most. */
static void
warn(struct httpd *h, const char *what, int error, const char *hint)
{
	int64_t now = turn_now(h->turn).mono;

	if (now - h->warned < SECONDS(1))
		return;
	log_warn("%s: %s%s", what, strerror(error), hint);
	h->warned = now;
}

/*
 * Without a descriptor or memory for it, the next client waits in the
 * backlog; to try again at once would only spin.  Any other error is of one
 * client, who is gone.
 */
static void
accept_error_cb(struct evconnlistener *ev, void *arg)
{
	static const struct timeval pause = { 0, PAUSE_MILLIS * 1000 };
	struct httpd *h = arg;
	int error = errno;

	(void)ev;
	if (!is_exhausted(error)) {
		warn(h, "cannot accept a client", error, "");
		return;
	}
	if (evict(h))
		return;
	warn(h, "accepting pauses", error, " (try a higher ulimit -n)");
	h->stats.paused++;
	set_accepting(h, false);
	evtimer_add(h->resume, &pause);
}

static void
resume_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	set_accepting(arg, true);
}

static int
httpd_init(struct httpd *h, struct http_service *service)
{
	struct clients_config config = {
		.base = h->base,
		.service = service,
		.turn = h->turn,
		.gone = gone_cb,
		.arg = h,
	};

	h->clients = clients_new(&config);
	h->by_address = tally_new();
	h->resume = evtimer_new(h->base, resume_cb, h);
	return h->clients != NULL && h->by_address != NULL && h->resume != NULL
	    ? 0
	    : -1;
}

struct httpd *
httpd_new(struct event_base *base, struct http_service *service,
    struct turn *turn, const struct httpd_config *config)
{
	struct httpd *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->base = base;
	h->turn = turn;
	h->config = *config;
	h->warned = -SECONDS(1);
	LIST_INIT(&h->listeners);
	if (httpd_init(h, service) == 0)
		return h;
	httpd_free(h);
	return NULL;
}

static void
close_listeners(struct httpd *h)
{
	struct listener *l;

	while ((l = LIST_FIRST(&h->listeners)) != NULL) {
		LIST_REMOVE(l, link);
		evconnlistener_free(l->ev);
		free(l);
	}
}

void
httpd_free(struct httpd *h)
{
	if (h == NULL)
		return;
	h->idle_cb = NULL;
	close_listeners(h);
	clients_free(h->clients);
	tally_free(h->by_address);
	if (h->resume != NULL)
		event_free(h->resume);
	free(h);
}

int
httpd_listen(struct httpd *h, int fd)
{
	struct listener *l = malloc(sizeof(*l));

	if (l == NULL)
		return -1;
	/* A backlog of 0: it listens already. */
	l->ev = evconnlistener_new(h->base, accept_cb, h,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (l->ev == NULL) {
		free(l);
		return -1;
	}
	evconnlistener_set_error_cb(l->ev, accept_error_cb);
	LIST_INSERT_HEAD(&h->listeners, l, link);
	return 0;
}

void
httpd_drain(struct httpd *h, void (*idle_cb)(void *), void *arg)
{
	close_listeners(h);
	clients_drain(h->clients);
	h->idle_cb = idle_cb;
	h->idle_arg = arg;
	if (clients_count(h->clients) == 0)
		idle_cb(arg);
}

struct httpd_stats
httpd_stats(const struct httpd *h)
{
	struct httpd_stats stats = h->stats;

	stats.open = clients_count(h->clients);
	return stats;
}
