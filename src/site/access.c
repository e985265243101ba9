#include "site/access.h"

#include <inttypes.h>
#include <time.h>

#include "base/json.h"

/* So that no request is too long for the log: there are four texts, of which
 * JSON writes some bytes as six. */
_Static_assert(4 * 6 * ACCESS_TEXT_MAX + 512 <= WRITER_MAX,
    "the writer takes the longest line");

void
access_init(struct access *a, enum access_format format, struct writer *writer)
{
	*a =
	    (struct access){ .format = format, .writer = writer, .second = -1 };
	tzset(); /* which localtime_r(3) need not do */
}

void
access_free(struct access *a)
{
	buf_free(&a->line);
}

/* The months have their English names, since the daemon sets no locale. */
static void
set_date(struct access *a, int64_t second)
{
	time_t t = (time_t)second;
	struct tm tm = { .tm_mday = 1 }; /* stays for a year it cannot hold */

	if (second == a->second)
		return;
	if (a->format == ACCESS_JSON) {
		gmtime_r(&t, &tm);
		strftime(a->date, sizeof(a->date), "%Y-%m-%dT%H:%M:%S", &tm);
	} else {
		localtime_r(&t, &tm);
		strftime(a->date, sizeof(a->date), "%d/%b/%Y:%H:%M:%S %z", &tm);
	}
	a->second = second;
}

static bool
is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

static void
add_escape(struct buf *b, unsigned char c)
{
	const char escape[] = { '\\', 'x', hex_digit(c >> 4), hex_digit(c) };

	buf_add(b, escape, sizeof(escape));
}

static struct str
bounded(struct str s)
{
	if (s.len > ACCESS_TEXT_MAX)
		s.len = ACCESS_TEXT_MAX;
	return s;
}

static struct str
or_dash(struct str s)
{
	return s.len > 0 ? s : STR("-");
}

static void
add_quoted(struct buf *b, struct str text)
{
	struct str s = or_dash(bounded(text));

	buf_add_str(b, STR("\""));
	while (s.len > 0) {
		size_t plain = 0;

		while (plain < s.len && is_plain(s.p[plain]))
			plain++;
		buf_add(b, s.p, plain);
		if (plain < s.len)
			add_escape(b, (unsigned char)s.p[plain++]);
		s.p += plain;
		s.len -= plain;
	}
	buf_add_str(b, STR("\""));
}

/* Empty through a Unix socket; host has ADDR_HOST_MAX bytes. */
static struct str
peer_host(const struct http_record *r, char *host)
{
	return r->peer != NULL ? str_of(addr_host(r->peer, host)) : STR("");
}

static void
add_combined(struct access *a, const struct http_record *r)
{
	struct buf *b = &a->line;
	char host[ADDR_HOST_MAX];

	buf_add_str(b, or_dash(peer_host(r, host)));
	buf_add_str(b, STR(" - - ["));
	buf_add_str(b, str_of(a->date));
	buf_add_str(b, STR("] "));
	add_quoted(b, r->line);
	buf_addf(b, " %d %" PRIu64 " ", r->status, r->bytes);
	add_quoted(b, r->referer);
	buf_add_str(b, STR(" "));
	add_quoted(b, r->user_agent);
	buf_add_str(b, STR("\n"));
}

/* key comes with all that stands before the value. */
static void
add_member(struct buf *b, struct str key, struct str value)
{
	buf_add_str(b, key);
	if (value.len > 0)
		json_string(b, bounded(value));
	else
		buf_add_str(b, STR("null"));
}

static void
add_json(struct access *a, const struct http_record *r, unsigned millis)
{
	struct buf *b = &a->line;
	int64_t micros = (r->now.mono - r->began) / 1000;
	char host[ADDR_HOST_MAX];

	buf_addf(b, "{\"time\":\"%s.%03uZ\"", a->date, millis);
	add_member(b, STR(",\"peer\":"), peer_host(r, host));
	add_member(b, STR(",\"method\":"), r->method);
	add_member(b, STR(",\"target\":"), r->target);
	add_member(b, STR(",\"protocol\":"), r->protocol);
	buf_addf(b,
	    ",\"status\":%d,\"bytes\":%" PRIu64 ",\"duration\":%" PRId64
	    ".%06" PRId64,
	    r->status, r->bytes, micros / 1000000, micros % 1000000);
	add_member(b, STR(",\"referer\":"), r->referer);
	add_member(b, STR(",\"agent\":"), r->user_agent);
	buf_add_str(b, STR("}\n"));
}

void
access_log(void *arg, const struct http_record *r)
{
	struct access *a = arg;
	int64_t wall = r->now.wall > 0 ? r->now.wall : 0;

	set_date(a, wall / 1000);
	if (a->format == ACCESS_JSON)
		add_json(a, r, (unsigned)(wall % 1000));
	else
		add_combined(a, r);
	if (!buf_failed(&a->line))
		writer_add(a->writer, buf_data(&a->line), buf_len(&a->line));
	buf_drain(&a->line, buf_len(&a->line));
	a->line.failed = false;
}
