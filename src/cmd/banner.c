#include "cmd/banner.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/qr.h"

#define CHAT_PATH "/chat"

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
write_location(struct buf *b, const struct endpoint *ep,
    const struct banner *banner, const char *path)
{
	char text[ENDPOINT_TEXT_MAX];

	buf_addf(b, "%s://%s%s", banner->is_secure ? "https" : "http",
	    endpoint_format(ep, text), path);
}

static void
write_url(struct buf *b, const struct endpoint *ep, const struct banner *banner)
{
	if (endpoint_is_unix(ep)) {
		buf_addf(
		    b, "  curl --unix-socket %s http://localhost/\n", ep->path);
		return;
	}
	buf_add_str(b, STR("  "));
	write_location(b, ep, banner, "/");
	buf_add_str(b, STR("    chat: "));
	write_location(b, ep, banner, CHAT_PATH);
	buf_add_str(b, STR("\n"));
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

/* The chat page's, where there is none in b yet. */
static void
write_neighbours_url(
    struct buf *b, const struct endpoint *ep, const struct banner *banner)
{
	if (buf_len(b) == 0 && !endpoint_is_unix(ep) &&
	    !addr_is_loopback(&ep->addr) && is_for_neighbours(&ep->addr))
		write_location(b, ep, banner, CHAT_PATH);
}

/* POSIX, 8.2: the first of them that is set and not empty counts. */
static bool
locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && *value != '\0')
			return strcasestr(value, "UTF-8") != NULL ||
			    strcasestr(value, "UTF8") != NULL;
	}
	return false;
}

static bool
has_colours(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no_color == NULL || *no_color == '\0') && term != NULL &&
	    strcmp(term, "dumb") != 0;
}

static size_t
lines_of(const struct buf *b)
{
	return str_count((struct str){ buf_data(b), buf_len(b) }, '\n');
}

/* How many rows of a terminal it takes; long lines are broken. */
static size_t
rows_of(const struct buf *b, size_t columns)
{
	struct str rest = { buf_data(b), buf_len(b) };
	size_t rows = 0;

	while (rest.len > 0)
		rows += 1 + str_cut(&rest, '\n').len / columns;
	return rows;
}

/* Returns 0, or -1 where there is no URL to show or it cannot be shown. */
static int
make_code(struct buf *code, const struct banner *banner, unsigned columns)
{
	struct buf url = { 0 };
	int result = -1;

	write_all(&url, banner->http, write_neighbours_url, banner);
	if (buf_len(&url) > 0) {
		buf_add(&url, "", 1);
		buf_add_str(code, STR("\nThe chat on a phone:\n"));
		if (!buf_failed(&url))
			result = qr_print(code, buf_data(&url), columns);
	}
	buf_free(&url);
	return result;
}

/* Only where all else, and a line to type in, stays in sight. */
static void
write_code(struct buf *b, const struct banner *banner, const struct buf *below)
{
	struct buf code = { 0 };
	struct winsize size;

	if (has_colours() && locale_is_utf8() &&
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	    make_code(&code, banner, size.ws_col) == 0 &&
	    rows_of(b, size.ws_col) + lines_of(&code) +
		    rows_of(below, size.ws_col) <
		size.ws_row)
		buf_add(b, buf_data(&code), buf_len(&code));
	buf_free(&code);
}

static void
write_http(struct buf *b, const struct banner *banner)
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
}

static void
write_rest(struct buf *b, const struct banner *banner)
{
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

void
banner_welcome(struct buf *b, const struct banner *banner)
{
	struct buf rest = { 0 };

	write_http(b, banner);
	write_rest(&rest, banner);
	write_code(b, banner, &rest);
	buf_add(b, buf_data(&rest), buf_len(&rest));
	buf_free(&rest);
}
