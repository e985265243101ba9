/*
 * Every socket opened here is nonblocking and close-on-exec, and a failure
 * leaves none open.
 */
#include "loop/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG    4096    /* the system lowers it to its own limit */
#define UDP_BUFFER 1048576 /* bytes; takes the bursts of a full room */

/* `[ADDR]:PORT` cut in two.  Returns 0, or -1. */
static int
cut_bracketed(struct str text, struct str *host, struct str *port)
{
	*port = (struct str){ text.p + 1, text.len - 1 };
	*host = str_cut(port, ']');
	return str_cut(port, ':').len == 0 ? 0 : -1;
}

int
endpoint_parse(struct str text, struct endpoint *out)
{
	struct str host = STR("*"), port = text;
	struct endpoint ep = { .any = false };
	uint64_t number;

	if (text.len > 0 && text.p[0] == '[') {
		if (cut_bracketed(text, &host, &port) == -1)
			return -1;
	} else if (text.len > 0 && memchr(text.p, ':', text.len) != NULL)
		host = str_cut(&port, ':');
	ep.any = str_eq(host, STR("*")) || str_eq(host, STR("::"));
	if (!ep.any && addr_parse_ip(host, ep.addr.ip) == -1)
		return -1;
	if (str_to_u64(port, UINT16_MAX, &number) == -1)
		return -1;
	ep.addr.port = (uint32_t)number;
	*out = ep;
	return 0;
}

const char *
endpoint_format(const struct endpoint *ep, char *out)
{
	bool v4 = ep->any || addr_is_v4(&ep->addr);
	char host[ADDR_HOST_MAX] = "0.0.0.0";

	if (!ep->any)
		addr_host(&ep->addr, host);
	snprintf(out, ENDPOINT_TEXT_MAX, v4 ? "%s:%u" : "[%s]:%u", host,
	    (unsigned)(uint16_t)ep->addr.port);
	return out;
}

int
addr_from_sockaddr(const struct sockaddr *sa, struct addr *out)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*out = (struct addr){ .ip = { [10] = 0xff, [11] = 0xff } };
	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&v4, sa, sizeof(v4));
		memcpy(out->ip + 12, &v4.sin_addr, 4);
		out->port = ntohs(v4.sin_port);
		return 0;
	case AF_INET6:
		memcpy(&v6, sa, sizeof(v6));
		memcpy(out->ip, &v6.sin6_addr, 16);
		out->scope = v6.sin6_scope_id;
		out->port = ntohs(v6.sin6_port);
		return 0;
	default:
		return -1;
	}
}

socklen_t
addr_to_sockaddr(
    const struct addr *a, bool v4_mapped, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (addr_is_v4(a) && !v4_mapped) {
		memcpy(&v4.sin_addr, a->ip + 12, 4);
		v4.sin_port = htons((uint16_t)a->port);
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, a->ip, 16);
	v6.sin6_scope_id = a->scope;
	v6.sin6_port = htons((uint16_t)a->port);
	memcpy(out, &v6, sizeof(v6));
	return sizeof(v6);
}

static int
set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* Ready to be bound: what a type of socket wants for its family. */
typedef int prepare_fn(int fd, int family);

static int
prepare_tcp(int fd, int family)
{
	(void)family;
	if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1)
		return -1;
	return set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/*
 * A socket for both families tells the local address of IPv4 datagrams in
 * IP_PKTINFO, so it wants both options.
 */
static int
prepare_udp(int fd, int family)
{
	set_option(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER);
	set_option(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER);
	if (family == AF_INET6 &&
	    set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) == -1)
		return -1;
	return set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

static int
close_failed(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

static int
bind_family(const struct endpoint *ep, int family, int type, prepare_fn prepare)
{
	struct addr addr =
	    ep->any ? (struct addr){ .port = ep->addr.port } : ep->addr;
	struct sockaddr_storage name;
	socklen_t len;
	int fd;

	if (ep->any && family == AF_INET)
		addr.ip[10] = addr.ip[11] = 0xff;
	fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	len = addr_to_sockaddr(&addr, family == AF_INET6, &name);
	if ((family == AF_INET6 &&
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !ep->any) == -1) ||
	    prepare(fd, family) == -1 ||
	    bind(fd, (struct sockaddr *)&name, len) == -1)
		return close_failed(fd);
	return fd;
}

static int
bind_endpoint(const struct endpoint *ep, int type, prepare_fn prepare)
{
	int fd;

	if (!ep->any && addr_is_v4(&ep->addr))
		return bind_family(ep, AF_INET, type, prepare);
	fd = bind_family(ep, AF_INET6, type, prepare);
	if (fd == -1 && ep->any &&
	    (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
		fd = bind_family(ep, AF_INET, type, prepare);
	return fd;
}

static int
read_port(int fd, struct endpoint *ep)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	struct addr bound;

	if (getsockname(fd, (struct sockaddr *)&name, &len) == -1 ||
	    addr_from_sockaddr((struct sockaddr *)&name, &bound) == -1)
		return -1;
	ep->addr.port = bound.port;
	return 0;
}

int
listen_tcp(struct endpoint *ep)
{
	int fd = bind_endpoint(ep, SOCK_STREAM, prepare_tcp);

	if (fd == -1)
		return -1;
	if (listen(fd, BACKLOG) == -1 || read_port(fd, ep) == -1)
		return close_failed(fd);
	return fd;
}

int
listen_udp(struct endpoint *ep)
{
	int fd = bind_endpoint(ep, SOCK_DGRAM, prepare_udp);

	if (fd == -1)
		return -1;
	return read_port(fd, ep) == -1 ? close_failed(fd) : fd;
}
