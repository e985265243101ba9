/*
 * An IP address and a port without any socket type, so that the chat can
 * know its peers by address and yet know no sockets.
 */
#ifndef CHATD_ADDR_H
#define CHATD_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * There is no padding, so that an addr can be hashed and compared as bytes.
 * IPv4 stands in its IPv4-mapped form (RFC 4291, 2.5.5.2).
 */
struct addr {
	uint8_t ip[16];
	uint32_t scope; /* the interface of a link-local address, or 0 */
	uint32_t port;  /* host byte order */
};

struct cidr {
	uint8_t ip[16];
	unsigned bits; /* 0 to 128; an IPv4 prefix counts from 96 */
};

#define ADDR_HOST_MAX 46 /* bytes of the longest host, with its NUL */
#define ADDR_NAME_MAX 52 /* likewise of a name */

bool addr_eq(const struct addr *, const struct addr *);
bool addr_is_v4(const struct addr *);
bool addr_is_loopback(const struct addr *);

/* The bytes that tell networks apart: a whole IPv4 address, and the first 64
 * bits of an IPv6 one, all of which whoever has one address has. */
struct str addr_network(const struct addr *);

/* An IPv4 or IPv6 literal without brackets.  Returns 0, or -1. */
int addr_parse_ip(struct str, uint8_t ip[16]);

/* `127.0.0.1` or `::1`; returns out, which has ADDR_HOST_MAX bytes. */
const char *addr_host(const struct addr *, char *out);

/* As the lecture prints it, `127.0.0.1@50655`; ADDR_NAME_MAX bytes. */
const char *addr_name(const struct addr *, char *out);

/* `10.0.0.0/8`, `fd00::/8`, or one address.  Returns 0, or -1. */
int cidr_parse(struct str, struct cidr *);
bool cidr_contains(const struct cidr *, const struct addr *);

#endif
