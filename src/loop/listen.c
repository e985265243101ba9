/*
 * Every socket opened here is nonblocking and close-on-exec, and a failure
 * leaves none open.
 */
#include "loop/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG    4096    /* the system lowers it to its own limit */
#define UDP_BUFFER 1048576 /* bytes; takes the bursts of a full room */

_Static_assert(ENDPOINT_PATH_MAX <= sizeof(((struct sockaddr_un *)0)->sun_path),
    "a path of an endpoint fits in its socket address");

/* `[ADDR]:PORT` cut in two.  Returns 0, or -1. */
static int
cut_bracketed(struct str text, struct str *host, struct str *port)
{
	*port = (struct str){ text.p + 1, text.len - 1 };
	*host = str_cut(port, ']');
	return str_cut(port, ':').len == 0 ? 0 : -1;
}

/* Whether it begins with that, which is then cut off. */
static bool
cut_prefix(struct str *s, struct str prefix)
{
	if (s->len < prefix.len || memcmp(s->p, prefix.p, prefix.len) != 0)
		return false;
	s->p += prefix.len;
	s->len -= prefix.len;
	return true;
}

static int
parse_path(struct str path, struct endpoint *out)
{
	if (path.len == 0 || path.len >= ENDPOINT_PATH_MAX ||
	    str_has_control(path))
		return -1;
	*out = (struct endpoint){ .any = false };
	memcpy(out->path, path.p, path.len);
	return 0;
}

int
endpoint_parse(struct str text, struct endpoint *out)
{
	struct str host = STR("*"), port = text;
	struct endpoint ep = { .any = false };
	uint64_t number;

	if (cut_prefix(&text, STR("unix:")))
		return parse_path(text, out);
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

bool
endpoint_is_unix(const struct endpoint *ep)
{
	return ep->path[0] != '\0';
}

const char *
endpoint_format(const struct endpoint *ep, char *out)
{
	bool v4 = ep->any || addr_is_v4(&ep->addr);
	char host[ADDR_HOST_MAX] = "0.0.0.0";

	if (endpoint_is_unix(ep)) {
		snprintf(out, ENDPOINT_TEXT_MAX, "unix:%s", ep->path);
		return out;
	}
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

/* Whether an AF_INET6 socket bound to the wildcard takes IPv4 as well. */
static bool
is_any(int fd, const struct addr *bound)
{
	static const uint8_t unspecified[16];
	int v6_only = 1;
	socklen_t len = sizeof(v6_only);

	return memcmp(bound->ip, unspecified, sizeof(unspecified)) == 0 &&
	    getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, &len) == 0 &&
	    v6_only == 0;
}

/* Only a path can be said, found and removed: no abstract name. */
static int
read_path(const struct sockaddr_storage *name, socklen_t len, char *path)
{
	struct sockaddr_un un;

	memcpy(&un, name, sizeof(un));
	snprintf(path, ENDPOINT_PATH_MAX, "%.*s",
	    (int)(len - offsetof(struct sockaddr_un, sun_path)), un.sun_path);
	return path[0] != '\0' ? 0 : -1;
}

/* What it is bound to. */
static int
read_name(int fd, struct endpoint *ep)
{
	struct endpoint bound = { .any = false };
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	int result;

	if (getsockname(fd, (struct sockaddr *)&name, &len) == -1)
		return -1;
	if (name.ss_family == AF_UNIX)
		result = read_path(&name, len, bound.path);
	else
		result =
		    addr_from_sockaddr((struct sockaddr *)&name, &bound.addr);
	if (result == -1) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	bound.any = !endpoint_is_unix(&bound) && is_any(fd, &bound.addr);
	*ep = bound;
	return 0;
}

static bool
is_socket_file(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* A program that was killed leaves its socket's file, and nobody answers. */
static bool
is_stale(const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool refused;

	if (fd == -1)
		return false;
	refused =
	    connect(fd, (const struct sockaddr *)name, sizeof(*name)) == -1 &&
	    errno == ECONNREFUSED;
	close(fd);
	return refused;
}

/* Makes way for a new socket.  Returns 0, or -1 with errno set. */
static int
remove_stale(const struct sockaddr_un *name)
{
	if (!is_socket_file(name->sun_path)) {
		errno = ENOTSOCK;
		return -1;
	}
	if (!is_stale(name)) {
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(name->sun_path);
}

static int
bind_unix(const struct endpoint *ep)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const struct sockaddr *sa = (const struct sockaddr *)&name;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	memcpy(name.sun_path, ep->path, sizeof(ep->path));
	if (bind(fd, sa, sizeof(name)) == 0)
		return fd;
	if (errno != EADDRINUSE || remove_stale(&name) == -1 ||
	    bind(fd, sa, sizeof(name)) == -1)
		return close_failed(fd);
	return fd;
}

int
listen_stream(struct endpoint *ep)
{
	int fd = endpoint_is_unix(ep)
	    ? bind_unix(ep)
	    : bind_endpoint(ep, SOCK_STREAM, prepare_tcp);

	if (fd == -1)
		return -1;
	if (listen(fd, BACKLOG) == -1 || read_name(fd, ep) == -1)
		return close_failed(fd);
	return fd;
}

int
listen_udp(struct endpoint *ep)
{
	int fd;

	if (endpoint_is_unix(ep)) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	fd = bind_endpoint(ep, SOCK_DGRAM, prepare_udp);
	if (fd == -1)
		return -1;
	return read_name(fd, ep) == -1 ? close_failed(fd) : fd;
}

/* One of the socket's own attributes; -1 with errno set. */
static int
get_option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

/* Whether it is of a type that is served; errno says why it is not. */
static int
check_type(int fd, bool *is_udp, bool is_unix)
{
	int type = get_option(fd, SO_TYPE);

	if (type == -1)
		return -1;
	*is_udp = type == SOCK_DGRAM;
	errno = 0;
	if (type != SOCK_STREAM && type != SOCK_DGRAM)
		errno = ESOCKTNOSUPPORT;
	else if (*is_udp && is_unix)
		errno = EAFNOSUPPORT;
	else if (!*is_udp && get_option(fd, SO_ACCEPTCONN) != 1)
		errno = EINVAL;
	return errno == 0 ? 0 : -1;
}

static int
set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return -1;
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int
listen_adopt(int fd, struct endpoint *ep, bool *is_udp)
{
	int family = get_option(fd, SO_DOMAIN);
	bool is_unix = family == AF_UNIX;

	if (family == -1 || check_type(fd, is_udp, is_unix) == -1 ||
	    read_name(fd, ep) == -1 || set_flags(fd) == -1)
		return -1;
	if (is_unix)
		return 0;
	return *is_udp ? prepare_udp(fd, family) : prepare_tcp(fd, family);
}
