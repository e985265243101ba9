/*
 * Who calls the chat, and whether they may: a browser sends what any page
 * tells it to, also a page from elsewhere, and its cookies with it.
 */
#ifndef CHATD_CHAT_CALLER_H
#define CHATD_CHAT_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "chat/hub.h"
#include "http/parse.h"

struct chat_caller {
	uint64_t identity;
	bool is_known;    /* by a cookie, else by address and nick */
	bool has_address; /* else through a Unix socket */
	struct addr address;
	char name[ADDR_NAME_MAX]; /* ADDRESS@PORT, or local@N */
};

/* The number is what tells callers apart that have no address. */
void chat_caller_identify(struct chat_caller *, const struct hub *,
    const struct http_request *, uint64_t number);

/*
 * The nick it wants.  Without a cookie, whoever has the same address and nick
 * is the same person, so that what a program posts and what it reads belong
 * together.
 */
void chat_caller_go_by(
    struct chat_caller *, const struct hub *, struct str nick);

/* As it stands in an arrival. */
const struct addr *chat_caller_from(const struct chat_caller *);

/* Whether the request has an identity's cookie that is well formed. */
bool chat_caller_has_cookie(const struct http_request *);

/*
 * Appends the field that gives a browser a cookie with a new secret.  It is
 * sent along when a link elsewhere leads here (SameSite=Lax), or who follows
 * one would get another in its place.  Returns 0, or -1 without randomness.
 */
int chat_caller_add_cookie(struct buf *, bool is_secure);

/*
 * Whether the browser, if it is one, asks for a page of this server: Origin
 * and Sec-Fetch-Site say nothing else (RFC 6454; Fetch Metadata).
 */
bool chat_caller_is_own_page(const struct http_request *);

/*
 * Whether the name by which it asks is one that no stranger's page can have
 * point here (DNS rebinding): of those of url_is_local_authority(), of a
 * local network's, or in hosts.  Over TLS the certificate sees to that, and a
 * Unix socket is reached by no browser.
 */
bool chat_caller_uses_own_name(
    const struct http_request *, const char *const *hosts, size_t nhosts);

#endif
