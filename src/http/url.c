#include "http/url.h"

#include <string.h>

#include "base/addr.h"

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* unreserved and sub-delims of RFC 3986, 2; '%' is checked apart. */
static bool
is_name_char(char c)
{
	switch (c) {
	case '-':
	case '.':
	case '_':
	case '~':
	case '!':
	case '$':
	case '&' ... ',': /* & ' ( ) * + , */
	case ';':
	case '=':
		return true;
	default:
		return is_alnum(c);
	}
}

static bool
is_reg_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (is_name_char(s.p[i]))
			continue;
		if (s.p[i] != '%' || s.len - i < 3 ||
		    hex_value(s.p[i + 1]) == -1 || hex_value(s.p[i + 2]) == -1)
			return false;
		i += 2;
	}
	return s.len > 0;
}

static bool
is_ip_literal(struct str s)
{
	uint8_t ip[16];

	return memchr(s.p, ':', s.len) != NULL && addr_parse_ip(s, ip) == 0;
}

static bool
is_port(struct str s)
{
	uint64_t port;

	return s.len == 0 || str_to_u64(s, 65535, &port) == 0;
}

bool
url_is_authority(struct str s)
{
	struct str host, port;

	if (s.len == 0 || s.p[0] != '[') {
		host = str_cut(&s, ':');
		return is_reg_name(host) && is_port(s);
	}
	host = str_cut(&s, ']');
	host.p++;
	host.len--;
	/* What follows the bracket is nothing, or a colon and a port. */
	port = s;
	if (host.p + host.len == s.p || !is_ip_literal(host))
		return false;
	return str_cut(&port, ':').len == 0 && is_port(port);
}

/* The port of an authority: its digits, or empty. */
static struct str
port_of(struct str s)
{
	if (s.len > 0 && s.p[0] == '[')
		str_cut(&s, ']');
	str_cut(&s, ':');
	return s;
}

struct str
url_host(struct str s)
{
	struct str host = s;

	if (s.len > 0 && s.p[0] == '[') {
		host.len = str_cut(&s, ']').len + 1;
		return host;
	}
	host = str_cut(&s, ':');
	if (host.len > 1 && host.p[host.len - 1] == '.')
		host.len--;
	return host;
}

bool
url_is_local_authority(struct str s)
{
	static const struct str local = STR(".localhost");
	struct str host = url_host(s);
	uint8_t ip[16];

	/* Whatever is in brackets is an IP literal. */
	if (host.len == 0 || host.p[0] == '[' ||
	    memchr(host.p, '.', host.len) == NULL)
		return true;
	return addr_parse_ip(host, ip) == 0 ||
	    (host.len > local.len &&
		str_eq_nocase(
		    (struct str){ host.p + host.len - local.len, local.len },
		    local));
}

/* The length of "http://" or "https://" at the front, or 0. */
static size_t
scheme_length(struct str s)
{
	static const struct str schemes[] = { STR("http://"), STR("https://") };

	for (size_t i = 0; i < 2; i++) {
		struct str front = { s.p, schemes[i].len };

		if (s.len >= front.len && str_eq_nocase(front, schemes[i]))
			return front.len;
	}
	return 0;
}

static bool
is_same_port(struct str a, struct str b, uint64_t usual)
{
	uint64_t first = usual, second = usual;

	return (a.len == 0 || str_to_u64(a, 65535, &first) == 0) &&
	    (b.len == 0 || str_to_u64(b, 65535, &second) == 0) &&
	    first == second;
}

bool
url_is_same_origin(struct str origin, struct str authority, bool is_secure)
{
	size_t scheme = scheme_length(origin);

	if (scheme != (is_secure ? STR("https://") : STR("http://")).len)
		return false;
	origin.p += scheme;
	origin.len -= scheme;
	return url_is_authority(origin) &&
	    str_eq_nocase(url_host(origin), url_host(authority)) &&
	    is_same_port(
		port_of(origin), port_of(authority), is_secure ? 443 : 80);
}

/* Cuts the authority off a target in absolute form. */
static int
split_absolute(struct str *target, struct str *authority)
{
	size_t scheme = scheme_length(*target);
	size_t len = 0;

	if (scheme == 0)
		return -1;
	target->p += scheme;
	target->len -= scheme;
	while (
	    len < target->len && target->p[len] != '/' && target->p[len] != '?')
		len++;
	*authority = (struct str){ target->p, len };
	target->p += len;
	target->len -= len;
	return url_is_authority(*authority) ? 0 : -1;
}

int
url_split_target(struct str target, bool connect, struct str *authority,
    struct str *path, struct str *query)
{
	*authority = *query = (struct str){ "", 0 };
	*path = STR("/");
	if (connect) {
		*authority = target;
		return url_is_authority(target) ? 0 : -1;
	}
	if (str_eq(target, STR("*"))) {
		*path = target;
		return 0;
	}
	if (target.p[0] != '/' && split_absolute(&target, authority) == -1)
		return -1;
	*query = target;
	target = str_cut(query, '?');
	if (target.len > 0)
		*path = target;
	return 0;
}

/* The byte that *s begins with, decoded, and *s moved past it; or -1. */
static int
decode_byte(struct str *s)
{
	int byte = (unsigned char)s->p[0];
	size_t used = 1;

	if (byte == '%') {
		int high = s->len >= 3 ? hex_value(s->p[1]) : -1;
		int low = s->len >= 3 ? hex_value(s->p[2]) : -1;

		if (high == -1 || low == -1)
			return -1;
		byte = high << 4 | low;
		used = 3;
	}
	s->p += used;
	s->len -= used;
	return ascii_is_control((char)byte) ? -1 : byte;
}

/*
 * out[0..len) is a resolved path and then one segment from start on.
 * Resolves that segment too if it is a dot segment; returns the new length.
 */
static size_t
resolve_segment(const char *out, size_t start, size_t len)
{
	struct str segment = { out + start, len - start };

	if (str_eq(segment, STR(".")))
		return start;
	if (!str_eq(segment, STR("..")))
		return len;
	if (start == 0)
		return 0;
	do
		start--;
	while (start > 0 && out[start - 1] != '/');
	return start;
}

long
url_decode_path(struct str path, char *out, size_t cap)
{
	size_t len = 0, start = 0; /* start: of the segment being read */
	int byte;

	while (path.len > 0) {
		if ((byte = decode_byte(&path)) == -1)
			return -1;
		if (byte == '/') {
			start = len = resolve_segment(out, start, len);
			if (len == 0 || out[len - 1] == '/')
				continue;
			start++;
		}
		if (len + 1 >= cap)
			return -1;
		out[len++] = (char)byte;
	}
	len = resolve_segment(out, start, len);
	out[len] = '\0';
	return (long)len;
}

/* Escapes every byte but letters, digits and those in safe. */
static void
encode(struct buf *b, struct str s, const char *safe)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char escape[3] = { '%', hex_digit(c >> 4), hex_digit(c) };

		if (is_alnum((char)c) || (c != 0 && strchr(safe, c)))
			buf_add(b, &c, 1);
		else
			buf_add(b, escape, 3);
	}
}

void
url_encode_path(struct buf *b, struct str path)
{
	encode(b, path, "/-._~");
}

void
url_encode_query(struct buf *b, struct str query)
{
	encode(b, query, "%/?:@-._~!$&()*+,;=");
}

/* The byte that a non-empty part of a form begins with, and *s moved past
 * it. */
static char
form_byte(struct str *s)
{
	int high = s->p[0] == '%' && s->len >= 3 ? hex_value(s->p[1]) : -1;
	int low = high != -1 ? hex_value(s->p[2]) : -1;
	char byte = s->p[0] == '+' ? ' ' : s->p[0];
	size_t used = low != -1 ? 3 : 1;

	if (low != -1)
		byte = (char)(high << 4 | low);
	s->p += used;
	s->len -= used;
	return byte;
}

static bool
form_is(struct str encoded, struct str name)
{
	size_t i = 0;

	while (encoded.len > 0 && i < name.len) {
		if (form_byte(&encoded) != name.p[i++])
			return false;
	}
	return encoded.len == 0 && i == name.len;
}

bool
url_form_get(struct str form, struct str name, struct buf *value)
{
	while (form.len > 0) {
		struct str field = str_cut(&form, '&');

		if (!form_is(str_cut(&field, '='), name))
			continue;
		while (field.len > 0) {
			char byte = form_byte(&field);

			buf_add(value, &byte, 1);
		}
		return true;
	}
	return false;
}
