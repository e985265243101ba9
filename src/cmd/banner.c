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

/* One line for an endpoint that clients can use. */
typedef void write_fn(
    struct buf *, const struct endpoint *, const struct banner *);

/* TLS is spoken on the network alone. */
static void
write_url(struct buf *b, const struct endpoint *ep, const struct banner *banner)
{
	char text[ENDPOINT_TEXT_MAX];

	if (endpoint_is_unix(ep))
		buf_addf(
		    b, "  curl --unix-socket %s http://localhost/\n", ep->path);
	else
		buf_addf(b, "  %s://%s/\n",
		    banner->is_secure ? "https" : "http",
		    endpoint_format(ep, text));
}

static void
write_chat(
    struct buf *b, const struct endpoint *ep, const struct banner *banner)
{
	char text[ENDPOINT_TEXT_MAX], host[ADDR_HOST_MAX];

	(void)banner;
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
write_interfaces(struct buf *b, const struct endpoint *any, write_fn *write,
    const struct banner *banner)
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
		write(b, &ep, banner);
	}
	if (list != NULL)
		freeifaddrs(list);
	addr_parse_ip(STR("127.0.0.1"), ep.addr.ip);
	ep.addr.port = any->addr.port;
	write(b, &ep, banner);
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
write_all(struct buf *b, const struct sockets *s, write_fn *write,
    const struct banner *banner)
{
	for (size_t i = 0; i < s->bound.n; i++) {
		const struct endpoint *ep = &s->bound.at[i];

		if (is_wildcard(ep))
			write_interfaces(b, ep, write, banner);
		else
			write(b, ep, banner);
	}
}

void
banner_welcome(struct buf *b, const struct banner *banner)
{
	if (banner->moved)
		buf_addf(b, "\nPort %d is taken; this is the next free one.\n",
		    DEFAULT_PORT);
	if (banner->http->bound.n > 0) {
		buf_addf(b, "\nServing %s at\n",
		    banner->root != NULL ? banner->root : "the built-in page");
		write_all(b, banner->http, write_url, banner);
	}
	if (banner->fingerprint != NULL)
		buf_addf(b, "The certificate is %s\n", banner->fingerprint);
	if (banner->udp->bound.n > 0) {
		buf_addf(b, "\nChat from another terminal with\n");
		write_all(b, banner->udp, write_chat, banner);
	}
	if (banner->sandbox != NULL)
		buf_addf(b, "\nSandbox: %s\n", banner->sandbox);
	if (banner->has_console)
		buf_addf(b,
		    "\nWhat you type here is said to all; /help lists the "
		    "commands, Ctrl-D stops the server.\n");
	buf_add_str(b, STR("\n"));
}
