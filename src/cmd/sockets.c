#include "cmd/sockets.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define PORT_TRIES 100 /* ports from the default on */

typedef int open_fn(struct endpoint *);

static struct socket_file
file_of(const struct endpoint *ep)
{
	struct stat st;

	if (!endpoint_is_unix(ep) || lstat(ep->path, &st) == -1)
		return (struct socket_file){ .ino = 0 };
	return (struct socket_file){ st.st_dev, st.st_ino };
}

static void
remove_file(const struct sockets *s, size_t i)
{
	struct socket_file ours = s->files[i], now = file_of(&s->bound.at[i]);

	if (ours.ino != 0 && ours.ino == now.ino && ours.dev == now.dev)
		unlink(s->bound.at[i].path);
}

void
sockets_remove_files(const struct sockets *s)
{
	for (size_t i = 0; i < s->bound.n; i++)
		remove_file(s, i);
}

/* All but the first n. */
static void
close_after(struct sockets *s, size_t n)
{
	while (s->bound.n > n) {
		remove_file(s, s->bound.n - 1);
		close(s->fds[--s->bound.n]);
	}
}

int
sockets_add(struct sockets *s, int fd, const struct endpoint *ep)
{
	size_t n = s->bound.n;

	if (n == OPTIONS_LIST_MAX)
		return -1;
	s->fds[n] = fd;
	s->files[n] = (struct socket_file){ .ino = 0 };
	s->bound.at[n] = *ep;
	s->bound.n++;
	return 0;
}

static int
open_one(struct endpoint ep, open_fn *open_socket, struct sockets *out)
{
	int fd = open_socket(&ep);

	if (fd == -1)
		return -1;
	if (sockets_add(out, fd, &ep) == -1) {
		close(fd);
		errno = EMFILE;
		return -1;
	}
	out->files[out->bound.n - 1] = file_of(&ep);
	return 0;
}

/* Opens all of a list; where one fails, *failed is it. */
static int
open_list(const struct endpoints *list, open_fn *open_socket,
    struct sockets *out, struct endpoint *failed)
{
	for (size_t i = 0; i < list->n; i++) {
		*failed = list->at[i];
		if (open_one(list->at[i], open_socket, out) == -1)
			return -1;
	}
	return 0;
}

/* Where one fails, none of them is left open. */
static int
open_both(const struct endpoints *tcp, const struct endpoints *dgram,
    struct sockets *http, struct sockets *udp, struct endpoint *failed)
{
	size_t nhttp = http->bound.n, nudp = udp->bound.n;
	int saved;

	if (open_list(tcp, listen_stream, http, failed) == 0 &&
	    open_list(dgram, listen_udp, udp, failed) == 0)
		return 0;
	saved = errno;
	close_after(http, nhttp);
	close_after(udp, nudp);
	errno = saved;
	return -1;
}

static const char *
port_hint(int error)
{
	switch (error) {
	case EADDRINUSE:
		return " (is another chatd running? try --port=0)";
	case EACCES:
		return " (ports below 1024 are for root: try a higher one)";
	case EADDRNOTAVAIL:
		return " (no interface of this machine has that address)";
	default:
		return "";
	}
}

static const char *
path_hint(int error)
{
	switch (error) {
	case EADDRINUSE:
		return " (a program listens there: stop it, or try another "
		       "path)";
	case ENOTSOCK:
		return " (another kind of file is in the way: try another "
		       "path)";
	case EAFNOSUPPORT:
		return " (the UDP chat has no Unix sockets: try a port)";
	default:
		return " (try a directory that this user can write to)";
	}
}

static void
log_failed(const struct endpoint *ep, int error)
{
	char text[ENDPOINT_TEXT_MAX];

	log_error("cannot listen on %s: %s%s", endpoint_format(ep, text),
	    strerror(error),
	    endpoint_is_unix(ep) ? path_hint(error) : port_hint(error));
}

/* What a list of the options comes to, when that is the port. */
static struct endpoints
resolve(const struct endpoints *given, bool off, bool passed, unsigned port)
{
	struct endpoints list = { .n = 0 };

	if (off)
		return list;
	if (given->n > 0 || passed)
		return *given;
	list.at[list.n++] =
	    (struct endpoint){ .any = true, .addr = { .port = port } };
	return list;
}

int
sockets_open(const struct options *o, struct sockets *http, struct sockets *udp,
    bool *moved)
{
	bool passed = http->bound.n + udp->bound.n > 0;
	unsigned tries = o->port_given ? 1 : PORT_TRIES;
	struct endpoint failed;

	for (unsigned i = 0; i < tries; i++) {
		struct endpoints tcp =
		    resolve(&o->http, o->no_http, passed, o->port + i);
		struct endpoints dgram =
		    resolve(&o->udp, o->no_udp, passed, o->port + i);

		*moved = i > 0;
		if (open_both(&tcp, &dgram, http, udp, &failed) == 0)
			return 0;
		/* Another port helps only where the default is taken. */
		if (errno != EADDRINUSE || !failed.any)
			break;
	}
	log_failed(&failed, errno);
	return -1;
}
