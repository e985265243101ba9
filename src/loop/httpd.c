#include "loop/httpd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>

#include "base/buf.h"
#include "base/log.h"

#define RECEIVE_MAX  32768     /* bytes of one receive, into a shared buffer */
#define FILE_MAX     (1 << 20) /* bytes of a file sent at once in one turn */
#define QUEUE_MAX    65536     /* of it left to the bufferevent after that */
#define ACCEPT_MAX   64        /* clients served in the turn that took them */
#define PAUSE_MILLIS 250       /* of accepting, when descriptors run out */

struct client {
	LIST_ENTRY(client) link;
	struct httpd *httpd;
	struct http_conn *conn;
	int fd;
	struct event readable;
	struct event timer;
	int64_t timer_at; /* when it fires, mono */
	struct buf in;    /* received and not used yet: usually nothing */
	/* What waits for the socket; NULL until something does. */
	struct bufferevent *out;
	size_t file_bytes; /* of a file among that */
	size_t burst;      /* bytes of files sent in this turn */
	bool eof;          /* the peer sends no more */
	bool reading;
};

struct listener {
	LIST_ENTRY(listener) link;
	struct evconnlistener *ev;
};

struct httpd {
	struct event_base *base;
	struct http_service *service;
	struct turn *turn;
	size_t max_connections;
	LIST_HEAD(, client) clients;
	LIST_HEAD(, listener) listeners;
	struct event *resume; /* accepting, after a pause */
	bool accepting;
	int64_t accept_turn; /* the turn that last took a client, mono */
	unsigned taken;      /* clients that it took so far */
	int64_t warned;      /* when descriptors last ran out, mono */
	void (*idle_cb)(void *);
	void *idle_arg;
	struct httpd_stats stats;
	char received[RECEIVE_MAX];
};

static struct instant
now(const struct client *cl)
{
	return turn_now(cl->httpd->turn);
}

static void client_write_cb(struct bufferevent *, void *);
static void client_event_cb(struct bufferevent *, short, void *);

static void
set_accepting(struct httpd *h, bool accepting)
{
	struct listener *l;

	if (h->accepting == accepting)
		return;
	h->accepting = accepting;
	LIST_FOREACH(l, &h->listeners, link) {
		if (accepting)
			evconnlistener_enable(l->ev);
		else
			evconnlistener_disable(l->ev);
	}
}

/* The one place where a client ends; why is for the log. */
static void
client_close(struct client *cl, const char *why)
{
	struct httpd *h = cl->httpd;

	log_debug("http: fd %d closed (%s): %s", cl->fd,
	    http_conn_state(cl->conn), why);
	LIST_REMOVE(cl, link);
	event_del(&cl->readable);
	event_del(&cl->timer);
	if (cl->out != NULL)
		bufferevent_free(cl->out);
	close(cl->fd);
	http_conn_free(cl->conn);
	buf_free(&cl->in);
	free(cl);
	if (h->stats.open-- == h->max_connections && h->idle_cb == NULL)
		set_accepting(h, true);
	if (h->stats.open == 0 && h->idle_cb != NULL)
		h->idle_cb(h->idle_arg);
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

/* Whether bytes wait that the socket would not take. */
static bool
is_sending(const struct client *cl)
{
	return cl->out != NULL &&
	    evbuffer_get_length(bufferevent_get_output(cl->out)) > 0;
}

/*
 * Hands in what was received, and keeps what the connection does not use yet.
 * Most requests come whole and are parsed where they were received.
 */
static int
client_feed(struct client *cl, const char *data, size_t len)
{
	size_t used;

	if (len == 0 && buf_len(&cl->in) == 0)
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

/* The bufferevent that sends what the socket does not take at once. */
static struct evbuffer *
client_output(struct client *cl)
{
	if (cl->out == NULL) {
		cl->out = bufferevent_socket_new(cl->httpd->base, cl->fd, 0);
		if (cl->out == NULL)
			return NULL;
		bufferevent_setcb(
		    cl->out, NULL, client_write_cb, client_event_cb, cl);
		bufferevent_set_max_single_write(cl->out, QUEUE_MAX);
	}
	return bufferevent_get_output(cl->out);
}

static int
queue_memory(struct client *cl, const char *data, size_t len)
{
	struct evbuffer *out = client_output(cl);

	return out != NULL ? evbuffer_add(out, data, len) : -1;
}

static int
send_memory(struct client *cl, const struct http_piece *piece)
{
	ssize_t n = send(cl->fd, piece->data, piece->len,
	    MSG_NOSIGNAL | (piece->more ? MSG_MORE : 0));

	if (n == -1 && errno != EAGAIN && errno != EINTR)
		return -1;
	if (n == -1)
		n = 0;
	if ((size_t)n < piece->len &&
	    queue_memory(cl, piece->data + n, piece->len - (size_t)n) == -1)
		return -1;
	http_conn_sent(cl->conn, piece->len, now(cl));
	return 0;
}

/*
 * Leaves the next part of a file to the bufferevent, which uses sendfile too.
 * The part is small, since only its end shows that the peer still reads.
 */
static int
queue_file(struct client *cl, const struct http_piece *piece)
{
	struct evbuffer *out = client_output(cl);
	size_t len = piece->len < QUEUE_MAX ? piece->len : QUEUE_MAX;
	struct evbuffer_file_segment *segment;
	int added;

	if (out == NULL)
		return -1;
	segment = evbuffer_file_segment_new(
	    piece->fd, piece->offset, (ev_off_t)len, EVBUF_FS_DISABLE_LOCKING);
	if (segment == NULL)
		return -1;
	added = evbuffer_add_file_segment(out, segment, 0, (ev_off_t)len);
	evbuffer_file_segment_free(segment);
	cl->file_bytes = len;
	return added;
}

/*
 * However fast the peer reads, and however many files it asked for, after
 * FILE_MAX bytes the others have their turn.
 */
static int
send_file(struct client *cl, const struct http_piece *piece)
{
	size_t room = FILE_MAX - cl->burst;
	size_t len = piece->len < room ? piece->len : room;
	off_t offset = piece->offset;
	ssize_t n;

	if (room == 0)
		return queue_file(cl, piece);
	n = sendfile(cl->fd, piece->fd, &offset, len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return queue_file(cl, piece);
	if (n == 0)
		errno = ENODATA; /* the file is shorter than was promised */
	if (n <= 0)
		return -1;
	cl->burst += (size_t)n;
	http_conn_sent(cl->conn, (size_t)n, now(cl));
	return 0;
}

/* Sends until there is nothing to send, or the socket takes no more.
 * Returns -1 when it closed the client. */
static int
client_flush(struct client *cl)
{
	struct http_piece piece;
	int sent = 0;

	while (sent == 0 && !is_sending(cl)) {
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
			shutdown(cl->fd, SHUT_WR);
			break;
		case HTTP_END:
			client_close(cl, "done");
			return -1;
		}
	}
	if (sent == -1)
		client_close(cl, strerror(errno));
	return sent;
}

/* Who does not read what was asked for is not read from either. */
static void
client_set_reading(struct client *cl, bool reading)
{
	if (cl->reading == reading)
		return;
	cl->reading = reading;
	if (reading)
		event_add(&cl->readable, NULL);
	else
		event_del(&cl->readable);
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

	cl->burst = 0;
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
	} while ((moved > 0 || was_full) && !is_sending(cl));
	client_set_reading(cl, !cl->eof && !is_sending(cl));
	client_rearm(cl);
}

/* May close the client. */
static void
client_receive(struct client *cl)
{
	char *buffer = cl->httpd->received;
	ssize_t n = recv(cl->fd, buffer, RECEIVE_MAX, 0);

	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		client_close(cl, strerror(errno));
		return;
	}
	if (n == 0)
		cl->eof = true;
	client_pump(cl, buffer, n > 0 ? (size_t)n : 0);
}

static void
client_readable_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	client_receive(arg);
}

/* All that waited has gone. */
static void
client_write_cb(struct bufferevent *out, void *arg)
{
	struct client *cl = arg;

	(void)out;
	if (cl->file_bytes > 0) {
		http_conn_sent(cl->conn, cl->file_bytes, now(cl));
		cl->file_bytes = 0;
	}
	client_pump(cl, NULL, 0);
}

static void
client_event_cb(struct bufferevent *out, short what, void *arg)
{
	(void)out;
	(void)what;
	client_close(arg, "the connection is lost");
}

static void
client_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct client *cl = arg;

	(void)fd;
	(void)what;
	cl->timer_at = NEVER;
	http_conn_expire(cl->conn, now(cl));
	/* What the bufferevent still holds was not read in time either. */
	if (is_sending(cl) && now(cl).mono >= http_conn_deadline(cl->conn)) {
		client_close(cl, "the peer does not read");
		return;
	}
	client_pump(cl, NULL, 0);
}

static struct client *
client_new(struct httpd *h, int fd)
{
	struct client *cl = calloc(1, sizeof(*cl));

	if (cl == NULL)
		return NULL;
	cl->httpd = h;
	cl->fd = fd;
	cl->conn = http_conn_new(h->service, turn_now(h->turn));
	if (cl->conn == NULL) {
		free(cl);
		return NULL;
	}
	event_assign(&cl->readable, h->base, fd, EV_READ | EV_PERSIST,
	    client_readable_cb, cl);
	evtimer_assign(&cl->timer, h->base, client_timer_cb, cl);
	LIST_INSERT_HEAD(&h->clients, cl, link);
	h->stats.open++;
	h->stats.accepted++;
	return cl;
}

/*
 * The request is often there already.  But new clients keep coming while the
 * others are served, so after some the turn goes to those who wait.
 */
static bool
is_served_at_once(struct httpd *h)
{
	int64_t turn = turn_now(h->turn).mono;

	if (h->accept_turn != turn)
		h->taken = 0;
	h->accept_turn = turn;
	return h->taken++ < ACCEPT_MAX;
}

static void
accept_cb(struct evconnlistener *ev, evutil_socket_t fd, struct sockaddr *from,
    int len, void *arg)
{
	struct httpd *h = arg;
	struct client *cl = client_new(h, fd);

	(void)ev;
	(void)from;
	(void)len;
	if (cl == NULL) {
		evutil_closesocket(fd);
		return;
	}
	if (h->stats.open == h->max_connections)
		set_accepting(h, false);
	timer_add(cl, http_conn_deadline(cl->conn));
	if (is_served_at_once(h))
		client_receive(cl);
	else
		client_set_reading(cl, true);
}

/* Without a descriptor or memory for it, the next client waits in the
 * backlog; to try again at once would only spin. */
static void
accept_error_cb(struct evconnlistener *ev, void *arg)
{
	static const struct timeval pause = { 0, PAUSE_MILLIS * 1000 };
	struct httpd *h = arg;
	struct instant when = turn_now(h->turn);

	(void)ev;
	if (when.mono - h->warned >= SECONDS(1)) {
		log_warn("accepting pauses: %s (try a higher ulimit -n)",
		    strerror(errno));
		h->warned = when.mono;
	}
	h->stats.paused++;
	set_accepting(h, false);
	evtimer_add(h->resume, &pause);
}

static void
resume_cb(evutil_socket_t fd, short what, void *arg)
{
	struct httpd *h = arg;

	(void)fd;
	(void)what;
	if (h->stats.open < h->max_connections)
		set_accepting(h, true);
}

struct httpd *
httpd_new(struct event_base *base, struct http_service *service,
    struct turn *turn, size_t max_connections)
{
	struct httpd *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->base = base;
	h->service = service;
	h->turn = turn;
	h->max_connections = max_connections;
	h->accepting = true;
	h->warned = -SECONDS(1);
	LIST_INIT(&h->clients);
	LIST_INIT(&h->listeners);
	h->resume = evtimer_new(base, resume_cb, h);
	if (h->resume == NULL) {
		free(h);
		return NULL;
	}
	return h;
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
	struct client *cl;

	if (h == NULL)
		return;
	h->idle_cb = NULL;
	close_listeners(h);
	while ((cl = LIST_FIRST(&h->clients)) != NULL)
		client_close(cl, "the server stops");
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
	struct client *cl, *next;

	close_listeners(h);
	for (cl = LIST_FIRST(&h->clients); cl != NULL; cl = next) {
		next = LIST_NEXT(cl, link);
		http_conn_drain(cl->conn);
		client_pump(cl, NULL, 0);
	}
	h->idle_cb = idle_cb;
	h->idle_arg = arg;
	if (h->stats.open == 0)
		idle_cb(arg);
}

const struct httpd_stats *
httpd_stats(const struct httpd *h)
{
	return &h->stats;
}
