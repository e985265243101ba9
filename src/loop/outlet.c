#include "loop/outlet.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "loop/tls.h"

#define FILE_MAX  (1 << 20) /* bytes of files sent at once in one turn */
#define QUEUE_MAX 65536     /* of a file left to the bufferevent after that */

void
outlet_init(struct outlet *o, struct event_base *base, int fd,
    bufferevent_data_cb drained, bufferevent_event_cb event, void *arg)
{
	*o = (struct outlet){ .base = base,
		.fd = fd,
		.drained = drained,
		.event = event,
		.arg = arg };
}

void
outlet_close(struct outlet *o)
{
	if (o->is_secure)
		tls_shutdown(o->bev);
	if (o->bev != NULL)
		bufferevent_free(o->bev);
	/* The bufferevent of TLS has taken the socket with it. */
	if (!o->is_secure)
		close(o->fd);
}

int
outlet_begin_tls(struct outlet *o, struct tls *tls, bufferevent_data_cb read)
{
	o->bev = tls_accept(tls, o->base, o->fd);
	if (o->bev == NULL)
		return -1;
	o->is_secure = true;
	bufferevent_setcb(o->bev, read, o->drained, o->event, o->arg);
	return 0;
}

void
outlet_begin_turn(struct outlet *o)
{
	o->burst = 0;
}

static size_t
waiting(const struct outlet *o)
{
	return o->bev != NULL
	    ? evbuffer_get_length(bufferevent_get_output(o->bev))
	    : 0;
}

/* Nothing waits any more only once the callback has counted it. */
bool
outlet_is_busy(const struct outlet *o)
{
	return waiting(o) > 0 || o->file_bytes > 0;
}

int64_t
outlet_unread(const struct outlet *o)
{
	int queued;

	if (ioctl(o->fd, TIOCOUTQ, &queued) == -1)
		queued = 0;
	return (int64_t)waiting(o) + queued - (int64_t)o->file_bytes;
}

/* Where the bufferevent takes what it is to send. */
static struct evbuffer *
queue(struct outlet *o)
{
	if (o->bev == NULL) {
		o->bev = bufferevent_socket_new(o->base, o->fd, 0);
		if (o->bev == NULL)
			return NULL;
		bufferevent_setcb(o->bev, NULL, o->drained, o->event, o->arg);
		bufferevent_set_max_single_write(o->bev, QUEUE_MAX);
	}
	return bufferevent_get_output(o->bev);
}

int
outlet_memory(struct outlet *o, const struct http_piece *piece)
{
	struct evbuffer *rest;
	ssize_t n = 0;

	if (!o->is_secure)
		n = send(o->fd, piece->data, piece->len,
		    MSG_NOSIGNAL | (piece->more ? MSG_MORE : 0));
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		return -1;
	if (n == -1)
		n = 0;
	if ((size_t)n == piece->len)
		return 0;
	rest = queue(o);
	return rest != NULL
	    ? evbuffer_add(rest, piece->data + n, piece->len - (size_t)n)
	    : -1;
}

/* To be encrypted, a part of a file has to come to memory. */
static int
copy_file(struct evbuffer *to, const struct http_piece *piece, size_t len)
{
	struct evbuffer_iovec space;
	ssize_t n;

	if (evbuffer_reserve_space(to, (ev_ssize_t)len, &space, 1) != 1)
		return -1;
	n = pread(piece->fd, space.iov_base, len, piece->offset);
	if (n != (ssize_t)len) {
		errno = n == -1 ? errno : ENODATA;
		return -1;
	}
	space.iov_len = len;
	return evbuffer_commit_space(to, &space, 1);
}

/* Otherwise the bufferevent uses sendfile too. */
static int
refer_file(struct evbuffer *to, const struct http_piece *piece, size_t len)
{
	struct evbuffer_file_segment *segment = evbuffer_file_segment_new(
	    piece->fd, piece->offset, (ev_off_t)len, EVBUF_FS_DISABLE_LOCKING);
	int added;

	if (segment == NULL)
		return -1;
	added = evbuffer_add_file_segment(to, segment, 0, (ev_off_t)len);
	evbuffer_file_segment_free(segment);
	return added;
}

/* Leaves the next part of a file to the bufferevent: a small one, so that
 * little memory is held. */
static int
queue_file(struct outlet *o, const struct http_piece *piece)
{
	struct evbuffer *to = queue(o);
	size_t len = piece->len < QUEUE_MAX ? piece->len : QUEUE_MAX;

	if (to == NULL)
		return -1;
	o->file_bytes = len;
	return o->is_secure ? copy_file(to, piece, len)
			    : refer_file(to, piece, len);
}

ssize_t
outlet_file(struct outlet *o, const struct http_piece *piece)
{
	size_t room = FILE_MAX - o->burst;
	size_t len = piece->len < room ? piece->len : room;
	off_t offset = piece->offset;
	ssize_t n;

	if (room == 0 || o->is_secure)
		return queue_file(o, piece);
	n = sendfile(o->fd, piece->fd, &offset, len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return queue_file(o, piece);
	if (n == 0)
		errno = ENODATA; /* the file is shorter than was promised */
	if (n <= 0)
		return -1;
	o->burst += (size_t)n;
	return n;
}

size_t
outlet_take_file(struct outlet *o)
{
	size_t taken = o->file_bytes;

	o->file_bytes = 0;
	return taken;
}

void
outlet_drop(struct outlet *o)
{
	static const struct linger reset = { .l_onoff = 1 };

	setsockopt(o->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

int
outlet_shutdown(struct outlet *o)
{
	if (o->is_secure && tls_shutdown(o->bev) == -1)
		return -1;
	shutdown(o->fd, SHUT_WR);
	return 0;
}
