#include "loop/fetch_url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/http.h>

#include "base/buf.h"

#define NO_MEMORY "out of memory"

/* The C string that b became, NULL without memory; b is used up. */
static char *
buf_to_text(struct buf *b)
{
	buf_add(b, "", 1);
	if (buf_failed(b)) {
		buf_free(b);
		return NULL;
	}
	return b->base;
}

/*
 * What RFC 3986 has no place for is percent-encoded, as browsers do, but
 * white space and controls are refused: they end a request line.
 */
static char *
encode_text(const char *text, bool add_scheme, const char **why)
{
	struct buf b = { 0 };

	if (add_scheme)
		buf_add_str(&b, STR("http://"));
	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || c == 0x7f) {
			*why = "it has a space or a control character in it";
			buf_free(&b);
			return NULL;
		}
		if (c >= 0x80 || strchr("\"<>\\^`{|}", c) != NULL)
			buf_addf(&b, "%%%02X", c);
		else
			buf_add(&b, p, 1);
	}
	return buf_to_text(&b);
}

static bool
has_scheme(const char *text)
{
	const char *slash = text + strcspn(text, "/?#");

	return slash > text && slash[-1] == ':' && strncmp(slash, "//", 2) == 0;
}

/* RFC 3986, 5.2.4, in place, for a path that begins with a slash. */
static void
remove_dot_segments(char *path)
{
	char *out = path;

	for (char *in = path; *in != '\0';) {
		size_t len = 1 + strcspn(in + 1, "/");
		bool is_last = in[len] == '\0';
		bool is_dot = len == 2 && in[1] == '.';
		bool is_up = len == 3 && in[1] == '.' && in[2] == '.';

		if (is_up)
			while (out > path && *--out != '/')
				continue;
		if (!is_dot && !is_up) {
			memmove(out, in, len);
			out += len;
		} else if (is_last) {
			*out++ = '/';
		}
		in += len;
	}
	*out = '\0';
}

/* The path that ref names; base is the target it is relative to, or NULL. */
static char *
resolve_path(const struct evhttp_uri *ref, const char *base)
{
	const char *path = evhttp_uri_get_path(ref);
	struct buf b = { 0 };
	char *merged;

	if (base != NULL && *path != '/') {
		size_t len = strcspn(base, "?");

		while (*path != '\0' && base[len - 1] != '/')
			len--;
		buf_add(&b, base, len);
	} else if (*path == '\0') {
		path = "/";
	}
	buf_add_str(&b, str_of(path));
	merged = buf_to_text(&b);
	if (merged != NULL && base != NULL)
		remove_dot_segments(merged);
	return merged;
}

static char *
resolve_target(const struct evhttp_uri *ref, const char *base)
{
	char *path = resolve_path(ref, base);
	const char *query = evhttp_uri_get_query(ref);
	struct buf b = { 0 };

	if (path == NULL)
		return NULL;
	buf_add_str(&b, str_of(path));
	if (query != NULL)
		buf_addf(&b, "?%s", query);
	else if (base != NULL && *evhttp_uri_get_path(ref) == '\0')
		buf_add_str(&b, str_of(base + strcspn(base, "?")));
	free(path);
	return buf_to_text(&b);
}

static char *
strip_brackets(const char *host)
{
	size_t len = strlen(host);

	return host[0] == '[' ? strndup(host + 1, len - 2) : strdup(host);
}

/* The scheme, host and port of ref, or of base where it has none. */
static const char *
set_server(struct fetch_url *u, const struct evhttp_uri *ref,
    const struct fetch_url *base)
{
	const char *scheme = evhttp_uri_get_scheme(ref);
	const char *host = evhttp_uri_get_host(ref);
	struct buf b = { 0 };

	if (scheme != NULL && strcasecmp(scheme, "http") != 0 &&
	    strcasecmp(scheme, "https") != 0)
		return "its scheme is neither http nor https";
	if (evhttp_uri_get_userinfo(ref) != NULL)
		return "it has a user name in it, which is not supported";
	if (host == NULL && scheme == NULL) {
		u->is_https = base->is_https;
		u->port = base->port;
		u->host = strdup(base->host);
		u->authority = strdup(base->authority);
		return NULL;
	}
	if (host == NULL || *host == '\0')
		return "it has no host";
	u->is_https =
	    scheme != NULL ? strcasecmp(scheme, "https") == 0 : base->is_https;
	u->port = evhttp_uri_get_port(ref);
	if (u->port == 0)
		return "there is no port 0";
	u->host = strip_brackets(host);
	buf_add_str(&b, str_of(host));
	if (u->port == -1)
		u->port = u->is_https ? 443 : 80;
	else if (u->port != (u->is_https ? 443 : 80))
		buf_addf(&b, ":%d", u->port);
	u->authority = buf_to_text(&b);
	return NULL;
}

static const char *
set_parts(struct fetch_url *u, const struct evhttp_uri *ref,
    const struct fetch_url *base)
{
	bool has_host = evhttp_uri_get_host(ref) != NULL;
	const char *why = set_server(u, ref, base);
	struct buf b = { 0 };

	if (why != NULL)
		return why;
	u->target = resolve_target(ref, has_host ? NULL : base->target);
	if (u->host == NULL || u->authority == NULL || u->target == NULL)
		return NO_MEMORY;
	buf_addf(&b, "%s://%s%s", u->is_https ? "https" : "http", u->authority,
	    u->target);
	u->text = buf_to_text(&b);
	return u->text == NULL ? NO_MEMORY : NULL;
}

struct fetch_url *
fetch_url_new(const char *text, const struct fetch_url *base, const char **why)
{
	struct fetch_url *u = calloc(1, sizeof(*u));
	struct evhttp_uri *ref = NULL;
	char *encoded;

	*why = NO_MEMORY;
	encoded = encode_text(text, base == NULL && !has_scheme(text), why);
	if (encoded != NULL) {
		ref = evhttp_uri_parse(encoded);
		*why = "it is not well-formed";
	}
	if (u != NULL && ref != NULL)
		*why = set_parts(u, ref, base);
	if (ref != NULL)
		evhttp_uri_free(ref);
	free(encoded);
	if (*why != NULL) {
		fetch_url_free(u);
		return NULL;
	}
	return u;
}

void
fetch_url_free(struct fetch_url *u)
{
	if (u == NULL)
		return;
	free(u->host);
	free(u->authority);
	free(u->target);
	free(u->text);
	free(u);
}
