#include "base/str.h"

#include <string.h>

struct str
str_of(const char *s)
{
	return (struct str){ s, strlen(s) };
}

bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

size_t
str_count(struct str s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.p[i] == c;
	return n;
}

char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
ascii_is_control(char c)
{
	return (unsigned char)c < ' ' || c == '\x7f';
}

bool
str_has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (ascii_is_control(s.p[i]))
			return true;
	}
	return false;
}

/* Not strncasecmp(3), which asks the locale. */
bool
str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	}
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str
str_trim(struct str s)
{
	while (s.len > 0 && is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

struct str
str_cut(struct str *rest, char sep)
{
	struct str part = *rest;
	const char *at;

	if (rest->len == 0)
		return part;
	at = memchr(rest->p, sep, rest->len);
	if (at == NULL) {
		*rest = (struct str){ rest->p + rest->len, 0 };
		return part;
	}
	part.len = (size_t)(at - part.p);
	rest->p += part.len + 1;
	rest->len -= part.len + 1;
	return part;
}

int
str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)((unsigned char)s.p[i] - '0');

		if (digit > 9 || digit > max || value > (max - digit) / 10)
			return -1;
		value = value * 10 + digit;
	}
	*out = value;
	return 0;
}

struct str
str_of_u64(uint64_t value, char space[U64_DIGITS_MAX])
{
	size_t at = U64_DIGITS_MAX;

	do {
		space[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return (struct str){ space + at, U64_DIGITS_MAX - at };
}

int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char
hex_digit(unsigned value)
{
	return "0123456789ABCDEF"[value % 16];
}
