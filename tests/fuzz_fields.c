/*
 * libFuzzer entry: what is made of the values of fields that choose or
 * condition an answer.  The first byte of the input chooses the method, the
 * validators and how long the representation is; the rest is the value, each
 * line of which stands in a field line of its own.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/accept.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/mime.h"
#include "http/range.h"

#define NOW         INT64_C(1732320000)
#define LAST_SECOND INT64_C(253402300799)
#define LINES_MAX   4

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const uint64_t lengths[] = { 0, 1, 2, 100, 10000, UINT64_MAX - 1,
	UINT64_MAX };

static const enum http_method methods[] = { HTTP_GET, HTTP_HEAD, HTTP_PUT,
	HTTP_OPTIONS };

static const struct http_validators validators[] = {
	{ STR("\"a,b\""), 784111777 },
	{ STR("W/\"a,b\""), 784111777 },
	{ STR(""), -1 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static bool
are_apart(const struct http_range *a, const struct http_range *b)
{
	return a->first + a->length < b->first ||
	    b->first + b->length < a->first;
}

/* Every range is within the length and apart from all others. */
static void
check_ranges(const struct http_ranges *ranges, uint64_t length)
{
	check(ranges->n >= 1 && ranges->n <= HTTP_RANGES_MAX);
	for (size_t i = 0; i < ranges->n; i++) {
		const struct http_range *r = &ranges->at[i];

		check(r->length > 0 && r->first < length &&
		    r->length <= length - r->first);
		for (size_t j = 0; j < i; j++)
			check(are_apart(r, &ranges->at[j]));
	}
}

/* Asked for again one by one, they stay as they are. */
static void
check_again(const struct http_ranges *ranges, uint64_t length)
{
	struct http_ranges again;
	struct buf b = { 0 };

	buf_addf(&b, "bytes=");
	for (size_t i = 0; i < ranges->n; i++) {
		const struct http_range *r = &ranges->at[i];

		buf_add_u64(&b, r->first);
		buf_add(&b, "-", 1);
		buf_add_u64(&b, r->first + (r->length - 1));
		buf_add(&b, ",", 1);
	}
	check(http_range_parse((struct str){ buf_data(&b), buf_len(&b) },
		  length, &again) == HTTP_RANGE_SATISFIABLE);
	check(again.n == ranges->n &&
	    memcmp(again.at, ranges->at, again.n * sizeof(again.at[0])) == 0);
	buf_free(&b);
}

static void
fuzz_range(struct str value, uint64_t length)
{
	struct http_ranges ranges;

	switch (http_range_parse(value, length, &ranges)) {
	case HTTP_RANGE_SATISFIABLE:
		check_ranges(&ranges, length);
		check_again(&ranges, length);
		break;
	case HTTP_RANGE_UNSATISFIABLE:
	case HTTP_RANGE_IGNORED:
		break;
	}
}

/* What is read and can be printed is read again as the same. */
static void
fuzz_date(struct str value)
{
	char text[HTTP_DATE_LEN + 1];
	int64_t date = 0, again = 0;

	if (http_date_parse(value, NOW, &date) == -1)
		check(date == 0);
	http_date_format(date, text);
	check(strlen(text) == HTTP_DATE_LEN);
	check(http_date_parse(str_of(text), NOW, &again) == 0);
	check(again == date || date < 0 || date > LAST_SECOND);
}

/* A request with the lines of the value as fields of that name. */
static struct http_request
request(struct str name, struct str value, enum http_method method)
{
	struct http_request req = { .method = method, .noted = UINT32_MAX };

	do {
		struct str line = str_trim(str_cut(&value, '\n'));

		req.fields[req.nfields++] = (struct http_field){ name, line };
	} while (value.len > 0 && req.nfields < LINES_MAX);
	return req;
}

static int
condition(const char *name, struct str value, enum http_method method,
    const struct http_validators *v)
{
	struct http_request req = request(str_of(name), value, method);

	return http_conditional(&req, v, NOW);
}

static void
fuzz_conditional(
    struct str value, enum http_method method, const struct http_validators *v)
{
	bool reads = method == HTTP_GET || method == HTTP_HEAD;
	int named = method == HTTP_OPTIONS ? 0 : reads ? 304 : 412;
	int refused = method == HTTP_OPTIONS ? 0 : 412;
	int match = condition("If-Match", value, method, v);
	int none_match = condition("If-None-Match", value, method, v);
	int since = condition("If-Modified-Since", value, method, v);
	int not_since = condition("If-Unmodified-Since", value, method, v);

	check(match == 0 || match == refused);
	check(none_match == 0 || none_match == named);
	check(since == 0 || (reads && since == 304));
	check(not_since == 0 || not_since == refused);
	/* No date is both before and not before the time of change. */
	check(since == 0 || not_since == 0);
	check(v->modified >= 0 || (since == 0 && not_since == 0));
}

/* What If-Range takes, If-Match takes if it is a tag, and likewise
 * If-Unmodified-Since a date; one that is none counts as absent there. */
static void
fuzz_if_range(struct str value, const struct http_validators *v)
{
	struct http_request req = request(STR("If-Range"), value, HTTP_GET);
	bool is_tag = memchr(value.p, '"', value.len) != NULL;

	if (!http_if_range(&req, v, NOW))
		return;
	check(req.nfields == 1);
	check(condition("If-Match", value, HTTP_GET, v) == (is_tag ? 0 : 412));
	check(condition("If-Unmodified-Since", value, HTTP_GET, v) == 0);
}

static void
fuzz_accept(struct str value)
{
	struct http_request req =
	    request(STR("Accept-Encoding"), value, HTTP_GET);
	unsigned gzip = http_accept_coding(&req, STR("gzip"));

	check(gzip <= HTTP_QUALITY_MAX);
	check(http_accept_coding(&req, STR("X-GZip")) == gzip);
	req = request(STR("Accept"), value, HTTP_GET);
	check(http_accept_type(&req, STR("text/html")) <= HTTP_QUALITY_MAX);
	check(http_accept_type(&req, STR("a/b")) <= HTTP_QUALITY_MAX);
}

/* A type can stand in a field whatever was read. */
static void
check_type(const struct mime *m, struct str name)
{
	struct str type = mime_type(m, name);

	check(memchr(type.p, '/', type.len) != NULL);
	for (size_t i = 0; i < type.len; i++)
		check((unsigned char)type.p[i] >= ' ' && type.p[i] != '\x7f');
}

static void
fuzz_mime(struct str value)
{
	struct mime *m = mime_new();
	unsigned line = 0, lines = 1;

	check(m != NULL);
	for (size_t i = 0; i < value.len; i++)
		lines += value.p[i] == '\n';
	if (mime_read(m, value, &line) == -1)
		check(line >= 1 && line <= lines);
	check_type(m, STR("a.x"));
	check_type(m, STR("a.html"));
	check_type(m, value);
	check_type(NULL, value);
	mime_free(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str value = { (const char *)data + 1, size - 1 };
	const struct http_validators *v;

	if (size == 0)
		return 0;
	v = &validators[data[0] % COUNT(validators)];
	fuzz_range(value, lengths[data[0] % COUNT(lengths)]);
	fuzz_date(value);
	fuzz_conditional(value, methods[data[0] % COUNT(methods)], v);
	fuzz_if_range(value, v);
	fuzz_accept(value);
	fuzz_mime(value);
	return 0;
}
