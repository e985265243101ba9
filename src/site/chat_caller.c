#include "site/chat_caller.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/siphash.h"
#include "chat/nick.h"
#include "http/url.h"

#define COOKIE_DIGITS (2 * (size_t)HUB_TOKEN_LEN)

static struct str
field_value(const struct http_request *req, struct str name)
{
	const struct http_field *f = http_field_find(req, name);

	return f != NULL ? f->value : STR("");
}

static bool
decode_token(struct str digits, unsigned char token[HUB_TOKEN_LEN])
{
	if (digits.len != COOKIE_DIGITS)
		return false;
	for (size_t i = 0; i < COOKIE_DIGITS; i++) {
		int digit = hex_value(digits.p[i]);

		if (digit == -1)
			return false;
		token[i / 2] = (unsigned char)(token[i / 2] << 4 | digit);
	}
	return true;
}

/* The secret of the request's cookie (RFC 6265, 4.2). */
static bool
find_token(const struct http_request *req, unsigned char token[HUB_TOKEN_LEN])
{
	struct str cookies = field_value(req, STR("Cookie"));

	while (cookies.len > 0) {
		struct str value = str_trim(str_cut(&cookies, ';'));

		if (str_eq(str_cut(&value, '='), STR("chatd")) &&
		    decode_token(value, token))
			return true;
	}
	return false;
}

/* Longer than the secret of a cookie, so that none can stand for it. */
struct place {
	uint8_t ip[16];
	struct nick_key nick;
};

void
chat_caller_identify(struct chat_caller *caller, const struct hub *hub,
    const struct http_request *req, uint64_t number)
{
	unsigned char token[HUB_TOKEN_LEN];

	*caller = (struct chat_caller){ .has_address = req->peer != NULL };
	if (req->peer != NULL) {
		caller->address = *req->peer;
		addr_name(req->peer, caller->name);
	} else {
		snprintf(caller->name, sizeof(caller->name), "local@%llu",
		    (unsigned long long)number);
	}
	caller->is_known = find_token(req, token);
	if (caller->is_known)
		caller->identity = hub_identity(hub, token, sizeof(token));
	else
		chat_caller_go_by(caller, hub, STR(""));
}

void
chat_caller_go_by(
    struct chat_caller *caller, const struct hub *hub, struct str nick)
{
	struct place place = { .nick.len = 0 };

	if (caller->is_known)
		return;
	memcpy(place.ip, caller->address.ip, sizeof(place.ip));
	if (nick_fold(nick, &place.nick) == -1)
		place.nick.len = 0;
	caller->identity = hub_identity(
	    hub, &place, offsetof(struct place, nick.bytes) + place.nick.len);
}

const struct addr *
chat_caller_from(const struct chat_caller *caller)
{
	return caller->has_address ? &caller->address : NULL;
}

bool
chat_caller_has_cookie(const struct http_request *req)
{
	unsigned char token[HUB_TOKEN_LEN];

	return find_token(req, token);
}

int
chat_caller_add_cookie(struct buf *b, bool is_secure)
{
	struct siphash_key secret;

	if (siphash_key_random(&secret) == -1)
		return -1;
	buf_addf(b,
	    "Set-Cookie: chatd=%016llx%016llx; HttpOnly; SameSite=Lax; "
	    "Path=/chat; Max-Age=31536000%s\r\n",
	    (unsigned long long)secret.k0, (unsigned long long)secret.k1,
	    is_secure ? "; Secure" : "");
	return 0;
}

bool
chat_caller_is_own_page(const struct http_request *req)
{
	const struct http_field *origin = http_field_find(req, STR("Origin"));
	struct str site = field_value(req, STR("Sec-Fetch-Site"));

	if (origin != NULL &&
	    !url_is_same_origin(origin->value, req->authority, req->is_secure))
		return false;
	return site.len == 0 || str_eq(site, STR("same-origin")) ||
	    str_eq(site, STR("none"));
}

static bool
ends_with(struct str s, struct str end)
{
	return s.len > end.len &&
	    str_eq_nocase((struct str){ s.p + s.len - end.len, end.len }, end);
}

/* Of names that only a local network knows (RFC 6762, RFC 8375, and what is
 * used in its place). */
static bool
is_of_local_network(struct str host)
{
	static const struct str ends[] = {
		STR(".local"),
		STR(".lan"),
		STR(".internal"),
		STR(".home.arpa"),
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (ends_with(host, ends[i]))
			return true;
	}
	return false;
}

bool
chat_caller_uses_own_name(
    const struct http_request *req, const char *const *hosts, size_t nhosts)
{
	struct str host = url_host(req->authority);

	if (req->is_secure || req->peer == NULL ||
	    url_is_local_authority(req->authority) || is_of_local_network(host))
		return true;
	for (size_t i = 0; i < nhosts; i++) {
		if (str_eq_nocase(host, str_of(hosts[i])))
			return true;
	}
	return false;
}
