#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool
ip_is_v4(const uint8_t ip[16])
{
	return memcmp(ip, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool
addr_is_v4(const struct addr *a)
{
	return ip_is_v4(a->ip);
}

bool
addr_is_loopback(const struct addr *a)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	if (addr_is_v4(a))
		return a->ip[12] == 127;
	return memcmp(a->ip, loopback6, sizeof(loopback6)) == 0;
}

struct str
addr_network(const struct addr *a)
{
	return (struct str){ (const char *)a->ip, addr_is_v4(a) ? 16 : 8 };
}

int
addr_parse_ip(struct str s, uint8_t ip[16])
{
	char text[ADDR_HOST_MAX];

	if (s.len == 0 || s.len >= sizeof(text) ||
	    memchr(s.p, '\0', s.len) != NULL)
		return -1;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	if (inet_pton(AF_INET, text, ip + 12) == 1) {
		memcpy(ip, v4_prefix, sizeof(v4_prefix));
		return 0;
	}
	return inet_pton(AF_INET6, text, ip) == 1 ? 0 : -1;
}

const char *
addr_host(const struct addr *a, char *out)
{
	if (addr_is_v4(a))
		inet_ntop(AF_INET, a->ip + 12, out, ADDR_HOST_MAX);
	else
		inet_ntop(AF_INET6, a->ip, out, ADDR_HOST_MAX);
	return out;
}

const char *
addr_name(const struct addr *a, char *out)
{
	char host[ADDR_HOST_MAX];

	snprintf(out, ADDR_NAME_MAX, "%s@%u", addr_host(a, host),
	    (unsigned)(uint16_t)a->port);
	return out;
}

int
cidr_parse(struct str s, struct cidr *out)
{
	struct str ip = str_cut(&s, '/');
	bool whole = s.p == ip.p + ip.len; /* there was no slash */
	struct cidr net;
	uint64_t bits, width;

	if (addr_parse_ip(ip, net.ip) == -1)
		return -1;
	bits = width = ip_is_v4(net.ip) ? 32 : 128;
	if (!whole && str_to_u64(s, width, &bits) == -1)
		return -1;
	net.bits = (unsigned)(128 - width + bits);
	*out = net;
	return 0;
}

bool
cidr_contains(const struct cidr *net, const struct addr *a)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (memcmp(net->ip, a->ip, whole) != 0)
		return false;
	return rest == 0 || ((net->ip[whole] ^ a->ip[whole]) & mask) == 0;
}
