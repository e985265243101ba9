#include "cmd/sockets.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define PORT_TRIES 100 /* ports from the default on */

typedef int open_fn(struct endpoint *);

static void
close_all(struct sockets *s)
{
	while (s->bound.n > 0)
		close(s->fds[--s->bound.n]);
}

static const char *
hint(int error)
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

/* Opens all of a list; where one fails, none is left open and *failed is it. */
static int
open_list(const struct endpoints *list, open_fn *open_one, struct sockets *out,
    struct endpoint *failed)
{
	out->bound.n = 0;
	for (size_t i = 0; i < list->n; i++) {
		struct endpoint ep = list->at[i];
		int fd = open_one(&ep);

		if (fd == -1) {
			int saved = errno;

			*failed = list->at[i];
			close_all(out);
			errno = saved;
			return -1;
		}
		out->fds[i] = fd;
		out->bound.at[i] = ep;
		out->bound.n++;
	}
	return 0;
}

static int
open_both(const struct endpoints *tcp, const struct endpoints *dgram,
    struct sockets *http, struct sockets *udp, struct endpoint *failed)
{
	int saved;

	udp->bound.n = 0;
	if (open_list(tcp, listen_tcp, http, failed) == -1)
		return -1;
	if (open_list(dgram, listen_udp, udp, failed) == 0)
		return 0;
	saved = errno;
	close_all(http);
	errno = saved;
	return -1;
}

/* What a list of the options comes to, when that is the port. */
static struct endpoints
resolve(const struct endpoints *given, bool off, unsigned port)
{
	struct endpoints list = { .n = 1 };

	if (off)
		list.n = 0;
	else if (given->n > 0)
		list = *given;
	else
		list.at[0] =
		    (struct endpoint){ .any = true, .addr = { .port = port } };
	return list;
}

int
sockets_open(const struct options *o, struct sockets *http, struct sockets *udp,
    bool *moved)
{
	unsigned tries = o->port_given ? 1 : PORT_TRIES;
	struct endpoint failed;
	char text[ENDPOINT_TEXT_MAX];

	for (unsigned i = 0; i < tries; i++) {
		struct endpoints tcp =
		    resolve(&o->http, o->no_http, o->port + i);
		struct endpoints dgram =
		    resolve(&o->udp, o->no_udp, o->port + i);

		*moved = i > 0;
		if (open_both(&tcp, &dgram, http, udp, &failed) == 0)
			return 0;
		/* Another port helps only where the default is taken. */
		if (errno != EADDRINUSE || !failed.any)
			break;
	}
	log_error("cannot listen on %s: %s%s", endpoint_format(&failed, text),
	    strerror(errno), hint(errno));
	return -1;
}
