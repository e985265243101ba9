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
	struct gate gate;
	struct udp *udp;
	struct console *console;
	struct event *committed; /* the history has news */
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
	hub_tell_all(s->config.hub, NULL, NULL, "the server stops");
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
history_facts(struct history *history, struct chat_facts *f)
{
	struct history_stats stats = history_stats(history);

	f->is_kept = true;
	f->history.messages = stats.messages;
	f->history.commits = stats.commits;
	f->history.waiting = stats.waiting;
	f->history.errors = stats.errors;
}

static void
chat_facts(const struct server *s, struct chat_facts *f)
{
	const struct peers *peers = udp_peers(s->udp);
	const struct native *native = udp_native(s->udp);

	f->members = hub_count(s->config.hub);
	f->messages = hub_said(s->config.hub);
	f->udp = peers_count(peers);
	f->native = native_count(native);
	f->http = s->config.chat != NULL ? chat_streams(s->config.chat) : 0;
	f->console = f->members - f->udp - f->native - f->http;
	f->peers = *peers_stats(peers);
	f->clients = *native_stats(native);
	if (s->config.chat != NULL)
		f->posts = *chat_stats(s->config.chat);
	if (s->config.history != NULL)
		history_facts(s->config.history, f);
}

void
server_facts(const struct server *s, struct status_facts *f)
{
	struct httpd_stats http = httpd_stats(s->httpd);

	f->connections.accepted = http.accepted;
	f->connections.refused = http.refused;
	f->connections.evicted = http.evicted;
	f->connections.paused = http.paused;
	f->connections.open = http.open;
	f->connections.max = s->config.httpd.max_connections;
	f->http = s->service.counts;
	chat_facts(s, &f->chat);
}

static void
history_lines(struct buf *out, const struct chat_facts *chat)
{
	if (chat->is_kept)
		buf_addf(out,
		    "history: %llu messages in %llu commits, %llu waiting, "
		    "%llu errors\n",
		    (unsigned long long)chat->history.messages,
		    (unsigned long long)chat->history.commits,
		    (unsigned long long)chat->history.waiting,
		    (unsigned long long)chat->history.errors);
}

/* The lines of /stats. */
static void
console_stats(void *arg, struct buf *out)
{
	struct status_facts facts = { .model = "" };
	const struct chat_facts *chat = &facts.chat;

	server_facts(arg, &facts);
	buf_addf(out, "http: %zu connections open, %llu accepted\n",
	    facts.connections.open,
	    (unsigned long long)facts.connections.accepted);
	buf_addf(out,
	    "chat: %zu members (%zu udp, %zu native, %zu http, %zu console), "
	    "%llu messages\n",
	    chat->members, chat->udp, chat->native, chat->http, chat->console,
	    (unsigned long long)chat->messages);
	buf_addf(out,
	    "udp: %llu datagrams in, %llu out; %llu messages repaired, %llu "
	    "duplicates, %llu dropped, %llu asked to prove their address, "
	    "%llu refused\n",
	    (unsigned long long)(chat->peers.datagrams_in +
		chat->clients.datagrams_in),
	    (unsigned long long)(chat->peers.datagrams_out +
		chat->clients.datagrams_out),
	    (unsigned long long)chat->clients.repairs,
	    (unsigned long long)chat->clients.duplicates,
	    (unsigned long long)(chat->peers.dropped + chat->clients.dropped),
	    (unsigned long long)(chat->peers.challenged +
		chat->clients.challenged),
	    (unsigned long long)(chat->peers.refused + chat->clients.refused +
		chat->posts.refused));
	history_lines(out, chat);
}

/* What the history has on disk may be read and acknowledged. */
static void
committed_cb(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	char why[HISTORY_WHY_MAX];

	(void)fd;
	(void)what;
	hub_commit(s->config.hub, history_committed(s->config.history));
	hub_flush(s->config.hub);
	if (!history_error(s->config.history, why))
		return;
	if (why[0] != '\0')
		log_error("the history cannot be written: %s (nothing is lost "
			  "yet; it is tried again)",
		    why);
	else
		log_info("the history can be written again");
}

static int
watch_history(struct server *s)
{
	if (s->config.history == NULL)
		return 0;
	s->committed = event_new(s->base, history_fd(s->config.history),
	    EV_READ | EV_PERSIST, committed_cb, s);
	return s->committed != NULL ? event_add(s->committed, NULL) : -1;
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
	    (s->udp = udp_new(s->base, config->hub, &s->gate,
		 config->history != NULL)) == NULL ||
	    (s->httpd = httpd_new(
		 s->base, &s->service, &s->turn, &config->httpd)) == NULL ||
	    (s->drain_timer = evtimer_new(s->base, drain_timer_cb, s)) == NULL)
		return -1;
	return watch_history(s) == 0 ? add_signals(s) : -1;
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
	http_service_free(&s->service);
	free_event(s->drain_timer);
	free_event(s->committed);
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

	s->console = console_new(s->base, s->config.hub, &config);
	return s->console != NULL ? 0 : -1;
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
