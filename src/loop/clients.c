#include "loop/clients.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/buf.h"
#include "base/log.h"
#include "loop/outlet.h"
#include "loop/tls.h"

#define RECEIVE_MAX 32768 /* bytes of one receive, into a shared buffer */
#define EVICT_MAX   64    /* clients looked at to find one to evict */

#define TLS_HANDSHAKE 22 /* the first byte of a ClientHello (RFC 8446, 5.1) */

struct client {
	TAILQ_ENTRY(client) link;
	TAILQ_ENTRY(client) woken_link;
	struct clients *all;
	struct http_conn *conn;
	struct http_peer peer;
	struct addr addr;      /* the peer's, if it has one */
	int fd;                /* the outlet's, too */
	struct tls *tls;       /* for a handshake, until the first byte tells */
	struct event readable; /* without TLS */
	struct event writable; /* with it, for its last word */
	struct event timer;
	int64_t timer_at; /* when it fires, mono */
	int64_t since;    /* when it was last received from, or came */
	struct buf in;    /* received and not used yet: usually nothing */
	struct outlet out;
	bool eof; /* the peer sends no more */
	bool reading;
	bool has_spoken;
	bool is_refused;
	bool is_woken; /* is in the list of those */
};

struct clients {
	struct clients_config config;
	TAILQ_HEAD(, client) list; /* who was silent longest comes first */
	size_t count, refused;     /* the latter among the former */
	TAILQ_HEAD(woken_list, client) woken;
	struct event wake_up; /* for all of them */
	char received[RECEIVE_MAX];
};

static struct instant
now(const struct client *cl)
{
	return turn_now(cl->all->config.turn);
}

static void client_read_cb(struct bufferevent *, void *);
static void client_drained_cb(struct bufferevent *, void *);
static void client_event_cb(struct bufferevent *, short, void *);

/* The one place where a client ends; why is for the log. */
static void
client_close(struct client *cl, const char *why)
{
	struct clients *all = cl->all;
	bool counts = cl->peer.addr != NULL && !cl->is_refused;
	struct addr addr = cl->addr;

	all->count--;
	all->refused -= cl->is_refused;
	log_debug("http: fd %d closed (%s): %s", cl->fd,
	    http_conn_state(cl->conn), why);
	http_conn_free(cl->conn, now(cl));
	TAILQ_REMOVE(&all->list, cl, link);
	if (cl->is_woken)
		TAILQ_REMOVE(&all->woken, cl, woken_link);
	event_del(&cl->readable);
	event_del(&cl->writable);
	event_del(&cl->timer);
	outlet_close(&cl->out);
	buf_free(&cl->in);
	free(cl);
	all->config.gone(all->config.arg, counts ? &addr : NULL);
}

static void
timer_add(struct client *cl, int64_t at)
{
	int64_t delay = at - now(cl).mono;
	struct timeval tv = { 0, 1000 };

	if (delay > MILLIS(1)) {
		tv.tv_sec = delay / SECONDS(1);
		tv.tv_usec = delay % SECONDS(1) / 1000;
	}
	cl->timer_at = at;
	evtimer_add(&cl->timer, &tv);
}

/*
 * A deadline usually moves later with every request.  The timer is left where
 * it is then, and looks again when it fires.
 */
static void
client_rearm(struct client *cl)
{
	int64_t at = http_conn_deadline(cl->conn);

	if (at < cl->timer_at)
		timer_add(cl, at);
}

/*
 * Hands in what was received, and keeps what the connection does not use yet.
 * Most requests come whole and are parsed where they were received.
 */
static int
client_feed(struct client *cl, const char *data, size_t len)
{
	size_t used;

	if (len == 0 && (buf_len(&cl->in) == 0 || outlet_is_busy(&cl->out)))
		return 0;
	if (buf_len(&cl->in) > 0) {
		buf_add(&cl->in, data, len);
		data = buf_data(&cl->in);
		len = buf_len(&cl->in);
		used = http_conn_receive(cl->conn, data, len, now(cl));
		buf_drain(&cl->in, used);
	} else {
		used = http_conn_receive(cl->conn, data, len, now(cl));
		buf_add(&cl->in, data + used, len - used);
	}
	if (buf_failed(&cl->in))
		return -1;
	if (buf_len(&cl->in) == 0)
		buf_free(&cl->in);
	return used > 0;
}

/* Where the socket is full, again when it is not. */
static void
client_shutdown(struct client *cl)
{
	if (outlet_shutdown(&cl->out) == -1)
		event_add(&cl->writable, NULL);
}

static int
send_memory(struct client *cl, const struct http_piece *piece)
{
	if (outlet_memory(&cl->out, piece) == -1)
		return -1;
	http_conn_sent(cl->conn, piece->len, now(cl));
	return 0;
}

static int
send_file(struct client *cl, const struct http_piece *piece)
{
	ssize_t n = outlet_file(&cl->out, piece);

	if (n > 0)
		http_conn_sent(cl->conn, (size_t)n, now(cl));
	return n == -1 ? -1 : 0;
}

/* Sends until there is nothing to send, or the socket takes no more.
 * Returns -1 when it closed the client. */
static int
client_flush(struct client *cl)
{
	struct http_piece piece;
	int sent = 0;

	while (sent == 0 && !outlet_is_busy(&cl->out)) {
		switch (http_conn_output(cl->conn, &piece, now(cl))) {
		case HTTP_WAIT:
			return 0;
		case HTTP_MEMORY:
			sent = send_memory(cl, &piece);
			break;
		case HTTP_FILE:
			sent = send_file(cl, &piece);
			break;
		case HTTP_SHUTDOWN:
			client_shutdown(cl);
			break;
		case HTTP_END:
			client_close(cl, "done");
			return -1;
		}
	}
	if (sent == -1)
		client_close(cl, strerror(errno));
	else
		http_conn_blocked(cl->conn, outlet_unread(&cl->out), now(cl));
	return sent;
}

/* Who does not read what was asked for is not read from either. */
static void
client_set_reading(struct client *cl, bool reading)
{
	if (cl->reading == reading)
		return;
	cl->reading = reading;
	if (cl->peer.is_secure)
		(reading ? bufferevent_enable : bufferevent_disable)(
		    cl->out.bev, EV_READ);
	else if (reading)
		event_add(&cl->readable, NULL);
	else
		event_del(&cl->readable);
}

/* Whether the other way may go on, since this one did. */
static bool
client_goes_on(const struct client *cl, bool moved, bool was_full)
{
	return (moved || (was_full && !http_conn_is_full(cl->conn))) &&
	    !outlet_is_busy(&cl->out);
}

/*
 * Moves bytes both ways, first those just received, until neither way goes
 * on.  May close the client.
 */
static void
client_pump(struct client *cl, const char *data, size_t len)
{
	bool was_full;
	int moved;

	outlet_begin_turn(&cl->out);
	do {
		was_full = http_conn_is_full(cl->conn);
		moved = client_feed(cl, data, len);
		len = 0;
		if (moved == -1) {
			client_close(cl, "out of memory");
			return;
		}
		if (moved == 0 && cl->eof && !http_conn_is_full(cl->conn))
			http_conn_eof(cl->conn, now(cl));
		if (client_flush(cl) == -1)
			return;
	} while (client_goes_on(cl, moved > 0, was_full));
	client_set_reading(cl,
	    !cl->eof && !outlet_is_busy(&cl->out) &&
		!http_conn_is_full(cl->conn));
	client_rearm(cl);
}

/* Something was received, so it is no longer the one silent longest. */
static void
client_take(struct client *cl, const char *data, size_t len)
{
	struct clients *all = cl->all;

	cl->since = now(cl).mono;
	cl->has_spoken = true;
	TAILQ_REMOVE(&all->list, cl, link);
	TAILQ_INSERT_TAIL(&all->list, cl, link);
	client_pump(cl, data, len);
}

/* May close the client. */
static void
client_begin_tls(struct client *cl)
{
	client_set_reading(cl, false);
	if (outlet_begin_tls(&cl->out, cl->tls, client_read_cb) == -1) {
		client_close(cl, "no memory for TLS");
		return;
	}
	cl->tls = NULL;
	cl->peer.is_secure = true;
	client_set_reading(cl, true);
}

/* May close the client. */
static void
client_receive(struct client *cl)
{
	char *buffer = cl->all->received;
	ssize_t n = cl->tls != NULL ? recv(cl->fd, buffer, 1, MSG_PEEK) : 1;

	if (cl->tls != NULL && n == 1 && buffer[0] == TLS_HANDSHAKE) {
		client_begin_tls(cl);
		return;
	}
	/* What was not there to be looked at may be by now: wait for it. */
	if (n == 1)
		n = recv(cl->fd, buffer, RECEIVE_MAX, 0);
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		client_close(cl, strerror(errno));
		return;
	}
	if (n <= 0) {
		cl->eof |= n == 0;
		client_pump(cl, NULL, 0);
		return;
	}
	cl->tls = NULL;
	client_take(cl, buffer, (size_t)n);
}

/*
 * Callbacks of TLS are deferred, under load to a later iteration of the same
 * call of event_base_loop(): time has gone on then.
 */
static void
client_renew_turn(struct client *cl)
{
	if (cl->peer.is_secure)
		turn_renew(cl->all->config.turn);
}

static void
client_writable_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	client_shutdown(arg);
}

static void
client_readable_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	client_receive(arg);
}

/* With TLS; all of the input fits, since it is one record (16 KiB). */
static void
client_read_cb(struct bufferevent *bev, void *arg)
{
	struct client *cl = arg;
	char *buffer = cl->all->received;
	int n =
	    evbuffer_remove(bufferevent_get_input(bev), buffer, RECEIVE_MAX);

	if (n > 0)
		client_take(cl, buffer, (size_t)n);
}

/* All that waited has gone. */
static void
client_drained_cb(struct bufferevent *bev, void *arg)
{
	struct client *cl = arg;
	size_t file_bytes = outlet_take_file(&cl->out);

	(void)bev;
	client_renew_turn(cl);
	if (file_bytes > 0)
		http_conn_sent(cl->conn, file_bytes, now(cl));
	client_pump(cl, NULL, 0);
}

static void
client_event_cb(struct bufferevent *bev, short what, void *arg)
{
	struct client *cl = arg;
	char why[TLS_WHY_MAX];

	client_renew_turn(cl);
	if (what & BEV_EVENT_CONNECTED) {
		client_pump(cl, NULL, 0);
	} else if (what == (BEV_EVENT_READING | BEV_EVENT_EOF)) {
		/* libevent stops both ways then. */
		bufferevent_enable(bev, EV_WRITE);
		cl->eof = true;
		client_pump(cl, NULL, 0);
	} else {
		client_close(cl,
		    cl->peer.is_secure ? tls_error(bev, why)
				       : "the connection is lost");
	}
}

static void
client_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct client *cl = arg;

	(void)fd;
	(void)what;
	cl->timer_at = NEVER;
	http_conn_expire(cl->conn, outlet_unread(&cl->out), now(cl));
	if (!http_conn_has_ended(cl->conn)) {
		client_pump(cl, NULL, 0);
		return;
	}
	if (outlet_is_busy(&cl->out))
		outlet_drop(&cl->out);
	client_close(cl, "the time is up");
}

/* Whoever wakes it may be in the middle of another client, or of many. */
static void
client_wake_cb(void *arg)
{
	struct client *cl = arg;

	if (cl->is_woken)
		return;
	cl->is_woken = true;
	TAILQ_INSERT_TAIL(&cl->all->woken, cl, woken_link);
	event_active(&cl->all->wake_up, EV_TIMEOUT, 0);
}

/* May close the client. */
static void
client_wake_up(struct client *cl)
{
	cl->is_woken = false;
	TAILQ_REMOVE(&cl->all->woken, cl, woken_link);
	http_conn_wake(cl->conn, now(cl));
	client_pump(cl, NULL, 0);
}

/* Those woken so far; who is woken meanwhile has a turn of its own. */
static void
clients_wake_up_cb(evutil_socket_t fd, short what, void *arg)
{
	struct clients *all = arg;
	struct client *cl, *last = TAILQ_LAST(&all->woken, woken_list);
	bool was_last = false;

	(void)fd;
	(void)what;
	turn_renew(all->config.turn);
	while (!was_last && (cl = TAILQ_FIRST(&all->woken)) != NULL) {
		was_last = cl == last;
		client_wake_up(cl);
	}
}

static struct client *
client_new(struct clients *all, int fd, const struct addr *peer)
{
	struct client *cl = calloc(1, sizeof(*cl));

	if (cl == NULL)
		return NULL;
	cl->all = all;
	cl->fd = fd;
	cl->since = now(cl).mono;
	cl->peer.waker = (struct http_waker){ client_wake_cb, cl };
	if (peer != NULL) {
		cl->addr = *peer;
		cl->peer.addr = &cl->addr;
	}
	cl->conn = http_conn_new(all->config.service, &cl->peer, now(cl));
	if (cl->conn == NULL) {
		free(cl);
		return NULL;
	}
	outlet_init(&cl->out, all->config.base, fd, client_drained_cb,
	    client_event_cb, cl);
	event_assign(&cl->readable, all->config.base, fd, EV_READ | EV_PERSIST,
	    client_readable_cb, cl);
	event_assign(&cl->writable, all->config.base, fd, EV_WRITE,
	    client_writable_cb, cl);
	evtimer_assign(&cl->timer, all->config.base, client_timer_cb, cl);
	TAILQ_INSERT_TAIL(&all->list, cl, link);
	all->count++;
	return cl;
}

struct clients *
clients_new(const struct clients_config *config)
{
	struct clients *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	all->config = *config;
	TAILQ_INIT(&all->list);
	TAILQ_INIT(&all->woken);
	evtimer_assign(&all->wake_up, config->base, clients_wake_up_cb, all);
	return all;
}

void
clients_free(struct clients *all)
{
	struct client *cl;

	if (all == NULL)
		return;
	while ((cl = TAILQ_FIRST(&all->list)) != NULL)
		client_close(cl, "the server stops");
	event_del(&all->wake_up);
	free(all);
}

int
clients_add(struct clients *all, const struct newcomer *newcomer)
{
	struct client *cl = client_new(all, newcomer->fd, newcomer->peer);

	if (cl == NULL)
		return -1;
	cl->tls = newcomer->tls;
	cl->is_refused = newcomer->is_refused;
	all->refused += cl->is_refused;
	if (cl->is_refused)
		http_conn_refuse(cl->conn, now(cl));
	timer_add(cl, http_conn_deadline(cl->conn));
	/* The request is often there already. */
	if (newcomer->is_prompt)
		client_receive(cl);
	else
		client_set_reading(cl, true);
	return 0;
}

size_t
clients_count(const struct clients *all)
{
	return all->count;
}

size_t
clients_served(const struct clients *all)
{
	return all->count - all->refused;
}

static bool
is_idle(const struct client *cl)
{
	return http_conn_is_idle(cl->conn) && !outlet_is_busy(&cl->out);
}

/* The first request of one that has just come may be under way. */
static bool
is_new(const struct client *cl)
{
	return !cl->has_spoken && now(cl).mono - cl->since < SECONDS(1);
}

bool
clients_evict(struct clients *all)
{
	struct client *cl, *next;
	unsigned looked = 0;

	for (cl = TAILQ_FIRST(&all->list); cl != NULL && looked < EVICT_MAX;
	     cl = next, looked++) {
		next = TAILQ_NEXT(cl, link);
		if (!is_idle(cl)) {
			/* Who is busy now was not silent until now. */
			TAILQ_REMOVE(&all->list, cl, link);
			TAILQ_INSERT_TAIL(&all->list, cl, link);
		} else if (!is_new(cl)) {
			client_close(cl, "others want its place");
			return true;
		}
	}
	return false;
}

void
clients_drain(struct clients *all)
{
	struct client *cl, *next;

	for (cl = TAILQ_FIRST(&all->list); cl != NULL; cl = next) {
		next = TAILQ_NEXT(cl, link);
		http_conn_drain(cl->conn);
		client_pump(cl, NULL, 0);
	}
}
