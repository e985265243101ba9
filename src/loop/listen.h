/*
 * Sockets that listen: where, as an option says it, and how they are opened.
 */
#ifndef CHATD_LISTEN_H
#define CHATD_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "base/str.h"

#define ENDPOINT_PATH_MAX 108 /* sun_path of unix(7), with its NUL */
#define ENDPOINT_TEXT_MAX (5 + ENDPOINT_PATH_MAX)

/* An address and port, or a path, to bind or that is bound. */
struct endpoint {
	struct addr addr;
	bool any; /* every interface, IPv4 and IPv6 (addr.ip is not used) */
	char path[ENDPOINT_PATH_MAX]; /* of a Unix socket; "": addr counts */
};

/*
 * `[ADDR:]PORT`: "8080", "127.0.0.1:8080", "[::1]:0", "*:80"; 0.0.0.0 is
 * IPv4's wildcard alone, [::] both.  Or `unix:PATH`, of 107 bytes at most
 * and without control characters.  Returns 0, or -1.
 */
int endpoint_parse(struct str, struct endpoint *);

bool endpoint_is_unix(const struct endpoint *);

/* `127.0.0.1:8080`, `[::1]:8080` or `unix:/path`; `0.0.0.0:8080` for every
 * interface, since clients on this machine can connect to that.  Returns
 * out, which has ENDPOINT_TEXT_MAX bytes. */
const char *endpoint_format(const struct endpoint *, char *out);

/*
 * A nonblocking, close-on-exec socket bound to the endpoint: a stream
 * listens, for TCP with TCP_NODELAY for what is accepted from it; UDP tells
 * the local address of each datagram (IP_PKTINFO, IPV6_RECVPKTINFO).  On
 * success *ep is what is bound, with the real port.  `any` without IPv6 falls
 * back to IPv4.
 *
 * A Unix socket's file that nobody listens on any more makes way; where one
 * does, errno is EADDRINUSE, and where it is no socket, ENOTSOCK.  UDP has no
 * path: EAFNOSUPPORT.
 *
 * Returns the descriptor, or -1 with errno set.
 */
int listen_stream(struct endpoint *ep);
int listen_udp(struct endpoint *ep);

/*
 * Makes a socket that somebody else has bound such as listen_stream() or
 * listen_udp() give it; *ep and *is_udp say what it is.  Returns 0; or -1,
 * and errno is ENOTSOCK, EINVAL for a stream that does not listen,
 * ESOCKTNOSUPPORT for another type, EAFNOSUPPORT for another family, for
 * datagrams of AF_UNIX and for a Unix socket without a path.
 */
int listen_adopt(int fd, struct endpoint *ep, bool *is_udp);

/* To and from the system's form.  addr_from_sockaddr() returns -1 for
 * another family than AF_INET and AF_INET6.  For an AF_INET6 socket that
 * also serves IPv4, v4_mapped keeps IPv4 addresses in AF_INET6 form. */
int addr_from_sockaddr(const struct sockaddr *, struct addr *);
socklen_t addr_to_sockaddr(
    const struct addr *, bool v4_mapped, struct sockaddr_storage *);

#endif
