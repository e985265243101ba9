#include "loop/server.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include <event2/event.h>

#include "base/log.h"
#include "chat/gate.h"
#include "loop/console.h"
#include "loop/httpd.h"
#include "loop/turn.h"
#include "loop/udp.h"

static const int watched_signals[] = { SIGTERM, SIGINT, SIGHUP };

#define NSIGNALS (sizeof(watched_signals) / sizeof(watched_signals[0]))

struct server {
	struct server_config config;
	struct event_base *base;
	struct turn turn;
	struct event *signals[NSIGNALS];
	struct event *drain_timer;
	struct http_service service;
	struct httpd *httpd;
	struct hub *hub;
	struct gate gate;
	struct udp *udp;
	struct console *console;
	bool draining;
	bool stopped;
};

static void
stop_now(void *arg)
{
	struct server *s = arg;

	s->stopped = true;
	/* Callbacks that TLS defers may keep a call of the loop going. */
	event_base_loopbreak(s->base);
}

static void
drain_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	log_warn("%zu connections were cut after %d s of draining",
	    httpd_stats(s->httpd).open, DRAIN_SECONDS);
	stop_now(s);
}

/* Also the console's wish, so the console itself is not freed here. */
static void
begin_drain(void *arg)
{
	static const struct timeval limit = { DRAIN_SECONDS, 0 };
	struct server *s = arg;

	if (s->draining)
		return;
	s->draining = true;
	log_info("stopping");
	s->config.stopping(s->config.arg);
	hub_tell_all(s->hub, NULL, "the server stops");
	evtimer_add(s->drain_timer, &limit);
	httpd_drain(s->httpd, stop_now, s);
}

static void
signal_cb(evutil_socket_t signo, short what, void *arg)
{
	struct server *s = arg;

	(void)what;
	if (signo != SIGHUP && s->draining)
		stop_now(s);
	else if (signo != SIGHUP)
		begin_drain(s);
	else if (!s->draining)
		s->config.reload(s->config.arg);
}

static void
console_stats(void *arg, struct buf *out)
{
	const struct server *s = arg;
	struct httpd_stats http = httpd_stats(s->httpd);
	const struct peers_stats *udp = peers_stats(udp_peers(s->udp));

	buf_addf(out, "http: %zu connections open, %llu accepted\n", http.open,
	    (unsigned long long)http.accepted);
	buf_addf(out, "chat: %zu members, %llu messages\n", hub_count(s->hub),
	    (unsigned long long)hub_said(s->hub));
	buf_addf(out,
	    "udp:  %zu peers, %llu datagrams in, %llu out, %llu asked for a "
	    "code, %llu refused\n",
	    peers_count(udp_peers(s->udp)),
	    (unsigned long long)udp->datagrams_in,
	    (unsigned long long)udp->datagrams_out,
	    (unsigned long long)udp->challenged,
	    (unsigned long long)udp->refused);
}

static int
add_signals(struct server *s)
{
	for (size_t i = 0; i < NSIGNALS; i++) {
		s->signals[i] =
		    evsignal_new(s->base, watched_signals[i], signal_cb, s);
		if (s->signals[i] == NULL ||
		    event_add(s->signals[i], NULL) == -1)
			return -1;
	}
	return 0;
}

/* One thread, so no locks in libevent. */
static struct event_base *
base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL &&
	    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

static int
server_init(struct server *s, const struct server_config *config)
{
	s->config = *config;
	http_service_init(&s->service, &config->http);
	if ((s->base = base_new()) == NULL ||
	    gate_init(&s->gate, config->trusted, config->ntrusted) == -1 ||
	    (s->hub = hub_new(&config->hub)) == NULL ||
	    (s->udp = udp_new(s->base, s->hub, &s->gate)) == NULL ||
	    (s->httpd = httpd_new(
		 s->base, &s->service, &s->turn, &config->httpd)) == NULL ||
	    (s->drain_timer = evtimer_new(s->base, drain_timer_cb, s)) == NULL)
		return -1;
	return add_signals(s);
}

struct server *
server_new(const struct server_config *config)
{
	struct server *s = calloc(1, sizeof(*s));

	if (s != NULL && server_init(s, config) == 0)
		return s;
	log_error("cannot start the event loop: out of memory or descriptors "
		  "(try a higher ulimit -n)");
	server_free(s);
	return NULL;
}

static void
free_event(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	console_free(s->console);
	udp_free(s->udp);
	httpd_free(s->httpd);
	hub_free(s->hub);
	http_service_free(&s->service);
	free_event(s->drain_timer);
	for (size_t i = 0; i < NSIGNALS; i++)
		free_event(s->signals[i]);
	if (s->base != NULL) {
		/* Bufferevents are freed in the turn after their end. */
		event_base_loop(s->base, EVLOOP_NONBLOCK);
		event_base_free(s->base);
	}
	free(s);
}

int
server_add_http(struct server *s, int fd)
{
	return httpd_listen(s->httpd, fd);
}

int
server_add_udp(struct server *s, int fd)
{
	return udp_add(s->udp, fd);
}

int
server_open_console(struct server *s, int fd, struct sink *out)
{
	struct console_config config = {
		.fd = fd,
		.out = out,
		.stop = begin_drain,
		.stats = console_stats,
		.arg = s,
	};

	s->console = console_new(s->base, s->hub, &config);
	return s->console != NULL ? 0 : -1;
}

void
server_facts(const struct server *s, struct status_facts *f)
{
	struct httpd_stats http = httpd_stats(s->httpd);
	const struct peers_stats *udp = peers_stats(udp_peers(s->udp));

	f->connections.accepted = http.accepted;
	f->connections.refused = http.refused;
	f->connections.evicted = http.evicted;
	f->connections.paused = http.paused;
	f->connections.open = http.open;
	f->connections.max = s->config.httpd.max_connections;
	f->http = s->service.counts;
	f->chat.members = hub_count(s->hub);
	f->chat.udp = peers_count(udp_peers(s->udp));
	f->chat.console = f->chat.members - f->chat.udp;
	f->chat.messages = hub_said(s->hub);
	f->chat.datagrams_in = udp->datagrams_in;
	f->chat.datagrams_out = udp->datagrams_out;
	f->chat.challenged = udp->challenged;
	f->chat.refused = udp->refused;
}

int
server_run(struct server *s)
{
	while (!s->stopped) {
		turn_begin(&s->turn);
		if (event_base_loop(s->base, EVLOOP_ONCE) != 0)
			return -1;
	}
	return 0;
}
