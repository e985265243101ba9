/*
 * Sockets that listen: where, as an option says it, and how they are opened.
 */
#ifndef CHATD_LISTEN_H
#define CHATD_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "base/str.h"

/* An address and port to bind, or that is bound. */
struct endpoint {
	struct addr addr;
	bool any; /* every interface, IPv4 and IPv6 (addr.ip is not used) */
};

#define ENDPOINT_TEXT_MAX 64

/*
 * `[ADDR:]PORT`: "8080", "127.0.0.1:8080", "[::1]:0", "*:80"; 0.0.0.0 is
 * IPv4's wildcard alone, [::] both.  Returns 0, or -1.
 */
int endpoint_parse(struct str, struct endpoint *);

/* `127.0.0.1:8080` or `[::1]:8080`; `0.0.0.0:8080` for every interface,
 * since clients on this machine can connect to that. Returns out. */
const char *endpoint_format(const struct endpoint *, char *out);

/*
 * A nonblocking, close-on-exec socket bound to the endpoint: for TCP
 * listening, with TCP_NODELAY for what is accepted from it; for UDP with the
 * local address of each datagram told (IP_PKTINFO, IPV6_RECVPKTINFO).  On
 * success *ep has the real port.  `any` without IPv6 falls back to IPv4.
 * Returns the descriptor, or -1 with errno set.
 */
int listen_tcp(struct endpoint *ep);
int listen_udp(struct endpoint *ep);

/* To and from the system's form.  addr_from_sockaddr() returns -1 for
 * another family than AF_INET and AF_INET6.  For an AF_INET6 socket that
 * also serves IPv4, v4_mapped keeps IPv4 addresses in AF_INET6 form. */
int addr_from_sockaddr(const struct sockaddr *, struct addr *);
socklen_t addr_to_sockaddr(
    const struct addr *, bool v4_mapped, struct sockaddr_storage *);

#endif
