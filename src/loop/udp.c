/*
 * Nothing is allocated per datagram, and one wake-up does a bounded amount of
 * work, so that a flood of datagrams or of ICMP errors starves nobody else.
 * The receive buffers hold the longest datagram there is: none is truncated,
 * and the pages that only long ones touch cost nothing until one comes.
 */
#include "config.h"

#include "loop/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <event2/event.h>
#include <linux/errqueue.h>

#include "base/clock.h"
#include "chat/wire.h"
#include "loop/listen.h"

#define SOCKETS_MAX     32
#define RECEIVE_BATCH   32    /* datagrams a system call */
#define RECEIVE_BATCHES 8     /* system calls a wake-up */
#define ERRORS_PER_WAKE 8     /* ICMP errors read; each is told to all */
#define DATAGRAM_MAX    65536 /* more than UDP over IPv4 or IPv6 carries */
#define SEND_BATCH      64    /* datagrams a system call */
#define FULL_MILLIS     10    /* until the next try when a device is full */
#define PER_ADDRESS_MAX \
	1024 /* members from one address: a NAT hides a hall \
	      */

/* Both kinds: a socket for both families is told the address in each form. */
union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(struct in_pktinfo)) +
	    CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct udp_socket {
	struct udp *udp;
	int fd;
	bool v6; /* IPv4 addresses are mapped */
	struct event *readable;
	struct event *writable; /* added while a send waits for room */
};

struct udp {
	struct event_base *base;
	struct hub *hub;
	struct peers *peers;
	struct native *native;
	struct udp_socket sockets[SOCKETS_MAX];
	unsigned nsockets;
	struct event *timer; /* for the ticks of both dialects */
	int64_t timer_at;    /* never later than next_deadline() */
	struct event *retry; /* added while a device's queue is full */

	struct mmsghdr in[RECEIVE_BATCH];
	struct iovec in_text[RECEIVE_BATCH];
	struct sockaddr_storage in_name[RECEIVE_BATCH];
	union control in_control[RECEIVE_BATCH];
	char in_space[RECEIVE_BATCH][DATAGRAM_MAX];

	struct mmsghdr out[SEND_BATCH];
	struct iovec out_text; /* shared by all of a batch */
	struct sockaddr_storage out_name[SEND_BATCH];
	union control out_control[SEND_BATCH];
};

#if defined(HAVE_RECVMMSG) && defined(HAVE_SENDMMSG)

static int
receive_messages(int fd, struct mmsghdr *messages, unsigned n)
{
	return recvmmsg(fd, messages, n, 0, NULL);
}

static int
send_messages(int fd, struct mmsghdr *messages, unsigned n)
{
	return sendmmsg(fd, messages, n, MSG_NOSIGNAL);
}

#else

static int
receive_messages(int fd, struct mmsghdr *messages, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		ssize_t len = recvmsg(fd, &messages[i].msg_hdr, 0);

		if (len == -1)
			break;
		messages[i].msg_len = (unsigned)len;
	}
	return i > 0 ? (int)i : -1;
}

static int
send_messages(int fd, struct mmsghdr *messages, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (sendmsg(fd, &messages[i].msg_hdr, MSG_NOSIGNAL) == -1)
			break;
	return i > 0 ? (int)i : -1;
}

#endif

static int64_t
next_deadline(const struct udp *u)
{
	int64_t peers = peers_deadline(u->peers);
	int64_t native = native_deadline(u->native);

	return peers < native ? peers : native;
}

static void
timer_rearm(struct udp *u, struct instant now)
{
	int64_t deadline = next_deadline(u), wait;
	struct timeval delay;

	if (deadline >= u->timer_at)
		return;
	u->timer_at = deadline;
	wait = deadline > now.mono ? deadline - now.mono : 0;
	wait += 999; /* rounds up to microseconds */
	delay.tv_sec = wait / SECONDS(1);
	delay.tv_usec = wait % SECONDS(1) / 1000;
	event_add(u->timer, &delay);
}

/* Somebody has said something, perhaps in a browser. */
static void
udp_due(void *arg)
{
	static const struct timeval soon = { 0, 0 };
	struct udp *u = arg;

	if (u->timer_at == 0)
		return;
	u->timer_at = 0;
	event_add(u->timer, &soon);
}

static void
udp_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct udp *u = arg;
	struct instant now = clock_now();

	(void)fd;
	(void)what;
	u->timer_at = NEVER;
	peers_tick(u->peers, now);
	native_tick(u->native, now);
	hub_flush(u->hub);
	timer_rearm(u, now);
}

/*
 * The local address as a reply may carry it: IPv4's ipi_spec_dst is one even
 * where a broadcast was received; an IPv6 multicast address is none.
 */
static void
local_from_control(struct msghdr *m, struct path *path)
{
	struct in6_pktinfo v6;
	struct in_pktinfo v4;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	     c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			path->interface = (unsigned)v4.ipi_ifindex;
			memset(path->local.ip, 0, 10);
			memset(path->local.ip + 10, 0xff, 2);
			memcpy(path->local.ip + 12, &v4.ipi_spec_dst, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			path->interface = v6.ipi6_ifindex;
			if (!IN6_IS_ADDR_MULTICAST(&v6.ipi6_addr))
				memcpy(path->local.ip, &v6.ipi6_addr, 16);
		}
	}
	path->local.scope = path->remote.scope;
}

static struct cmsghdr *
control_of(struct msghdr *m, int level, int type, size_t len)
{
	struct cmsghdr *c;

	m->msg_controllen = CMSG_SPACE(len);
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	return c;
}

/*
 * The source address is the one that was written to, since a connected
 * socket there drops anything else.  Routes choose the interface, but for
 * link-local addresses, which have none.
 */
static void
local_to_control(struct msghdr *m, const struct path *path)
{
	struct in6_pktinfo v6 = {
		.ipi6_ifindex = path->remote.scope != 0 ? path->interface : 0
	};
	struct in_pktinfo v4 = { .ipi_ifindex = 0 };
	struct cmsghdr *c;

	if (addr_is_v4(&path->remote)) {
		c = control_of(m, IPPROTO_IP, IP_PKTINFO, sizeof(v4));
		memcpy(&v4.ipi_spec_dst, path->local.ip + 12, 4);
		memcpy(CMSG_DATA(c), &v4, sizeof(v4));
	} else {
		c = control_of(m, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(v6));
		memcpy(&v6.ipi6_addr, path->local.ip, 16);
		memcpy(CMSG_DATA(c), &v6, sizeof(v6));
	}
}

static void
receive_one(struct udp_socket *s, unsigned i, struct instant now)
{
	struct udp *u = s->udp;
	struct msghdr *m = &u->in[i].msg_hdr;
	struct path path = { .socket = (unsigned)(s - u->sockets) };
	struct str datagram = { u->in_space[i], u->in[i].msg_len };

	if (addr_from_sockaddr(m->msg_name, &path.remote) == -1)
		return;
	local_from_control(m, &path);
	if (wire_is_native(datagram))
		native_receive(u->native, &path, datagram, now);
	else
		peers_receive(u->peers, &path, datagram, now);
}

/* Whether more may wait. */
static bool
receive_batch(struct udp_socket *s, struct instant now)
{
	struct udp *u = s->udp;
	bool more;
	int n;

	for (unsigned i = 0; i < RECEIVE_BATCH; i++) {
		struct msghdr *m = &u->in[i].msg_hdr;

		m->msg_namelen = sizeof(u->in_name[i]);
		m->msg_controllen = sizeof(u->in_control[i]);
	}
	n = receive_messages(s->fd, u->in, RECEIVE_BATCH);
	/* Another error is an ICMP one, which the error queue tells again. */
	more = n == RECEIVE_BATCH ||
	    (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK);
	for (int i = 0; i < n; i++)
		receive_one(s, (unsigned)i, now);
	hub_flush(u->hub);
	return more;
}

static bool
says_refused(struct msghdr *m)
{
	struct sock_extended_err error;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	     c = CMSG_NXTHDR(m, c)) {
		if (!(c->cmsg_level == IPPROTO_IP &&
			c->cmsg_type == IP_RECVERR) &&
		    !(c->cmsg_level == IPPROTO_IPV6 &&
			c->cmsg_type == IPV6_RECVERR))
			continue;
		memcpy(&error, CMSG_DATA(c), sizeof(error));
		return error.ee_errno == ECONNREFUSED;
	}
	return false;
}

/* One ICMP error.  Returns 0, or -1 when none waits. */
static int
read_error(struct udp_socket *s)
{
	struct sockaddr_storage name = { .ss_family = AF_UNSPEC };
	char control[512], text[1];
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr m = {
		.msg_name = &name,
		.msg_namelen = sizeof(name),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct addr remote;

	if (recvmsg(s->fd, &m, MSG_ERRQUEUE) == -1)
		return -1;
	if (says_refused(&m) &&
	    addr_from_sockaddr((struct sockaddr *)&name, &remote) == 0)
		peers_unreachable(s->udp->peers, &remote);
	return 0;
}

/* While errors wait the socket counts as readable, so they are read first. */
static void
udp_read_cb(evutil_socket_t fd, short what, void *arg)
{
	struct udp_socket *s = arg;
	struct instant now = clock_now();

	(void)fd;
	(void)what;
	for (int i = 0; i < ERRORS_PER_WAKE && read_error(s) == 0; i++)
		;
	for (int i = 0; i < RECEIVE_BATCHES && receive_batch(s, now); i++)
		;
	timer_rearm(s->udp, now);
}

static void
send_again(struct udp *u)
{
	peers_writable(u->peers);
	hub_flush(u->hub);
}

static void
udp_write_cb(evutil_socket_t fd, short what, void *arg)
{
	struct udp_socket *s = arg;

	(void)fd;
	(void)what;
	send_again(s->udp);
}

static void
udp_retry_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_again(arg);
}

/*
 * Whether the datagram has to wait.  A socket that is full becomes writable;
 * one whose device is full is writable all the time, so a timer tries again.
 */
static bool
must_wait(struct udp_socket *s, int error)
{
	const struct timeval delay = { .tv_usec = FULL_MILLIS * 1000 };
	struct event *retry = s->udp->retry;

	if (error == EAGAIN || error == EWOULDBLOCK)
		return event_add(s->writable, NULL) == 0;
	if (error != ENOBUFS)
		return false;
	return event_pending(retry, EV_TIMEOUT, NULL) ||
	    event_add(retry, &delay) == 0;
}

/* How many of the first n in u->out were taken. */
static size_t
send_batch(struct udp_socket *s, size_t n)
{
	struct mmsghdr *out = s->udp->out;
	bool again = false;
	size_t taken = 0;

	while (taken < n) {
		int sent =
		    send_messages(s->fd, out + taken, (unsigned)(n - taken));

		if (sent > 0) {
			taken += (size_t)sent;
			again = false;
		} else if (must_wait(s, errno))
			break;
		else {
			/*
			 * It may be an ICMP error for an earlier datagram; an
			 * error that comes again is this one's, and loses it.
			 */
			taken += again;
			again = !again;
		}
	}
	return taken;
}

/* Fills u->out with the paths that share the first one's socket. */
static size_t
fill_batch(struct udp *u, const struct path *const *to, size_t n)
{
	const struct udp_socket *s = &u->sockets[to[0]->socket];
	size_t i;

	for (i = 0; i < n && i < SEND_BATCH && to[i]->socket == to[0]->socket;
	     i++) {
		struct msghdr *m = &u->out[i].msg_hdr;

		m->msg_namelen =
		    addr_to_sockaddr(&to[i]->remote, s->v6, &u->out_name[i]);
		local_to_control(m, to[i]);
	}
	return i;
}

static size_t
udp_send(void *arg, const struct path *const *to, size_t n, struct str datagram)
{
	struct udp *u = arg;
	size_t taken = 0, filled, sent;

	u->out_text.iov_base = (char *)datagram.p;
	u->out_text.iov_len = datagram.len;
	while (taken < n) {
		filled = fill_batch(u, to + taken, n - taken);
		sent = send_batch(&u->sockets[to[taken]->socket], filled);
		taken += sent;
		if (sent < filled)
			break;
	}
	return taken;
}

/* What of the messages never changes. */
static void
init_messages(struct udp *u)
{
	for (unsigned i = 0; i < RECEIVE_BATCH; i++) {
		struct msghdr *m = &u->in[i].msg_hdr;

		u->in_text[i].iov_base = u->in_space[i];
		u->in_text[i].iov_len = sizeof(u->in_space[i]);
		m->msg_name = &u->in_name[i];
		m->msg_iov = &u->in_text[i];
		m->msg_iovlen = 1;
		m->msg_control = &u->in_control[i];
	}
	for (unsigned i = 0; i < SEND_BATCH; i++) {
		struct msghdr *m = &u->out[i].msg_hdr;

		m->msg_name = &u->out_name[i];
		m->msg_iov = &u->out_text;
		m->msg_iovlen = 1;
		m->msg_control = &u->out_control[i];
	}
}

struct udp *
udp_new(struct event_base *base, struct hub *hub, const struct gate *gate,
    bool is_kept)
{
	struct udp *u = calloc(1, sizeof(*u));
	struct peers_config config = {
		.ping_after = SECONDS(UDP_PING_SECONDS),
		.drop_after = SECONDS(UDP_DROP_SECONDS),
		.max_per_address = PER_ADDRESS_MAX,
		.send = udp_send,
		.arg = u,
	};
	struct native_config native = {
		.max_per_address = PER_ADDRESS_MAX,
		.is_kept = is_kept,
		.send = udp_send,
		.due = udp_due,
		.arg = u,
	};

	if (u == NULL)
		return NULL;
	u->base = base;
	u->hub = hub;
	u->timer_at = NEVER;
	init_messages(u);
	u->timer = evtimer_new(base, udp_timer_cb, u);
	u->retry = evtimer_new(base, udp_retry_cb, u);
	u->peers = peers_new(hub, gate, &config);
	u->native = native_new(hub, &native);
	if (u->timer == NULL || u->retry == NULL || u->peers == NULL ||
	    u->native == NULL) {
		udp_free(u);
		return NULL;
	}
	return u;
}

static void
event_drop(struct event *e)
{
	if (e != NULL)
		event_free(e);
}

static void
socket_drop_events(struct udp_socket *s)
{
	event_drop(s->readable);
	event_drop(s->writable);
}

void
udp_free(struct udp *u)
{
	if (u == NULL)
		return;
	peers_free(u->peers);
	native_free(u->native);
	event_drop(u->timer);
	event_drop(u->retry);
	for (unsigned i = 0; i < u->nsockets; i++) {
		socket_drop_events(&u->sockets[i]);
		close(u->sockets[i].fd);
	}
	free(u);
}

/*
 * ICMP errors are wanted: an unconnected socket hears of them only by its
 * error queue.  A socket for both families has one for each.
 */
static int
want_errors(const struct udp_socket *s)
{
	const int on = 1;

	if (s->v6 &&
	    setsockopt(s->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on)) ==
		-1)
		return -1;
	return setsockopt(s->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
}

static int
read_family(struct udp_socket *s)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	if (getsockname(s->fd, (struct sockaddr *)&name, &len) == -1)
		return -1;
	s->v6 = name.ss_family == AF_INET6;
	return 0;
}

int
udp_add(struct udp *u, int fd)
{
	struct udp_socket *s = &u->sockets[u->nsockets];

	if (u->nsockets == SOCKETS_MAX)
		return -1;
	*s = (struct udp_socket){ .udp = u, .fd = fd };
	if (read_family(s) == -1 || want_errors(s) == -1)
		return -1;
	s->readable =
	    event_new(u->base, fd, EV_READ | EV_PERSIST, udp_read_cb, s);
	s->writable = event_new(u->base, fd, EV_WRITE, udp_write_cb, s);
	if (s->readable == NULL || s->writable == NULL ||
	    event_add(s->readable, NULL) == -1) {
		socket_drop_events(s);
		return -1;
	}
	u->nsockets++;
	return 0;
}

const struct peers *
udp_peers(const struct udp *u)
{
	return u->peers;
}

const struct native *
udp_native(const struct udp *u)
{
	return u->native;
}
