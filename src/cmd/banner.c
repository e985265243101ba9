#include "cmd/banner.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

static void
ready_field(struct buf *b, const char *name, const struct sockets *s)
{
	char text[ENDPOINT_TEXT_MAX];

	if (s->bound.n == 0)
		buf_addf(b, " %s=off", name);
	for (size_t i = 0; i < s->bound.n; i++)
		buf_addf(
		    b, " %s=%s", name, endpoint_format(&s->bound.at[i], text));
}

void
banner_ready(
    struct buf *b, const struct sockets *http, const struct sockets *udp)
{
	buf_add_str(b, STR("chatd: ready"));
	ready_field(b, "http", http);
	ready_field(b, "udp", udp);
	buf_addf(b, " model=event pid=%ld\n", (long)getpid());
}

typedef void write_fn(struct buf *, const struct endpoint *);

static void
write_url(struct buf *b, const struct endpoint *ep)
{
	char text[ENDPOINT_TEXT_MAX];

	buf_addf(b, "  http://%s/\n", endpoint_format(ep, text));
}

static void
write_chat(struct buf *b, const struct endpoint *ep)
{
	char text[ENDPOINT_TEXT_MAX], host[ADDR_HOST_MAX];

	buf_addf(b, "  chat %s    or    nc -u %s %u\n",
	    endpoint_format(ep, text), addr_host(&ep->addr, host),
	    ep->addr.port);
}

/* A link-local address is of no use in a URL. */
static bool
is_for_neighbours(const struct addr *a)
{
	if (addr_is_v4(a))
		return !(a->ip[12] == 169 && a->ip[13] == 254);
	return !(a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80);
}

/* Once for each address of this machine, the loopback's last. */
static void
write_interfaces(struct buf *b, const struct endpoint *any, write_fn *write)
{
	struct ifaddrs *list = NULL;
	struct endpoint ep = { .any = false };

	if (getifaddrs(&list) == -1)
		list = NULL;
	for (struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0 ||
		    (i->ifa_flags & IFF_LOOPBACK) != 0 ||
		    addr_from_sockaddr(i->ifa_addr, &ep.addr) == -1 ||
		    !is_for_neighbours(&ep.addr) ||
		    (!any->any && !addr_is_v4(&ep.addr)))
			continue;
		ep.addr.port = any->addr.port;
		write(b, &ep);
	}
	if (list != NULL)
		freeifaddrs(list);
	addr_parse_ip(STR("127.0.0.1"), ep.addr.ip);
	ep.addr.port = any->addr.port;
	write(b, &ep);
}

/* 0.0.0.0 is every interface too, for IPv4 alone. */
static bool
is_wildcard(const struct endpoint *ep)
{
	static const uint8_t unspecified[4];

	return ep->any ||
	    (addr_is_v4(&ep->addr) &&
		memcmp(ep->addr.ip + 12, unspecified, 4) == 0);
}

static void
write_all(struct buf *b, const struct sockets *s, write_fn *write)
{
	for (size_t i = 0; i < s->bound.n; i++) {
		if (is_wildcard(&s->bound.at[i]))
			write_interfaces(b, &s->bound.at[i], write);
		else
			write(b, &s->bound.at[i]);
	}
}

void
banner_welcome(struct buf *b, const struct sockets *http,
    const struct sockets *udp, const char *root, bool moved, bool has_console)
{
	if (moved)
		buf_addf(b, "\nPort %d is taken; this is the next free one.\n",
		    DEFAULT_PORT);
	if (http->bound.n > 0) {
		buf_addf(b, "\nServing %s at\n",
		    root != NULL ? root : "the built-in page");
		write_all(b, http, write_url);
	}
	if (udp->bound.n > 0) {
		buf_addf(b, "\nChat from another terminal with\n");
		write_all(b, udp, write_chat);
	}
	if (has_console)
		buf_addf(b,
		    "\nWhat you type here is said to all; /help lists the "
		    "commands, Ctrl-D stops the server.\n");
	buf_add_str(b, STR("\n"));
}
