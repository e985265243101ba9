/*
 * Ranges (RFC 9110, 14) over a socket: of a file that is small enough to be
 * kept in memory, of one that goes out by sendfile, and of an empty one.
 * Each answer's bytes are compared with the file's.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/daemon.h"
#include "tests/exchange.h"
#include "tests/run.h"

#define SMALL 4000
#define LARGE (1 << 20)

#define PARTS_MAX 8

/* The example of RFC 9110, 5.6.7. */
#define MODIFIED 784111777
#define DATE     "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE   "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER    "Sun, 06 Nov 1994 08:49:38 GMT"

static const struct file {
	const char *path;
	size_t size;
} files[] = {
	{ "/small.txt", SMALL },
	{ "/large.bin", LARGE },
};

static struct {
	char *data; /* of all files, from its start */
	const char *root;
	struct program server;
} site;

static void
add_file(const char *name, const char *data, size_t size, time_t modified)
{
	const struct timespec times[2] = { { modified, 0 }, { modified, 0 } };
	char path[1024];

	temp_file(site.root, name, data, size);
	snprintf(path, sizeof(path), "%s/%s", site.root, name);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
start(void)
{
	const char *args[] = { temp_dir(), NULL };
	uint32_t state = 1;

	site.root = args[0];
	site.data = malloc(LARGE);
	ck_assert_ptr_nonnull(site.data);
	for (size_t i = 0; i < LARGE; i++) {
		state = state * 1664525 + 1013904223;
		site.data[i] = (char)(state >> 24);
	}
	for (int i = 0; i < CASES(files); i++)
		add_file(files[i].path + 1, site.data, files[i].size, MODIFIED);
	add_file("empty", "", 0, MODIFIED);
	daemon_start(&site.server, args);
}

static void
stop(void)
{
	daemon_stop(&site.server);
	free(site.data);
}

/* What is expected of a range request. */
struct part {
	int64_t first, last; /* negative: from the end, -1 is the last byte */
};

struct range_case {
	const char *name;
	const char *fields; /* with its CRLFs; {etag} is the file's */
	int status;
	int nparts; /* of 206 */
	struct part parts[PARTS_MAX];
};

#define RANGE(value) "Range: " value "\r\n"

/* Of both files; what is said of single bytes holds for SMALL too. */
static const struct range_case ranges[] = {
	{ "RFC 9110 14.1.2: the first 500 bytes", RANGE("bytes=0-499"), 206, 1,
	    { { 0, 499 } } },
	{ "RFC 9110 14.1.2: the second 500 bytes", RANGE("bytes=500-999"), 206,
	    1, { { 500, 999 } } },
	{ "RFC 9110 14.1.2: one byte", RANGE("bytes=0-0"), 206, 1,
	    { { 0, 0 } } },
	{ "RFC 9110 14.1.2: from a byte on", RANGE("bytes=3000-"), 206, 1,
	    { { 3000, -1 } } },
	{ "RFC 9110 14.1.2: all", RANGE("bytes=0-"), 206, 1, { { 0, -1 } } },
	{ "RFC 9110 14.1.2: the last 500 bytes", RANGE("bytes=-500"), 206, 1,
	    { { -500, -1 } } },
	{ "RFC 9110 14.1.2: the last byte", RANGE("bytes=-1"), 206, 1,
	    { { -1, -1 } } },
	{ "RFC 9110 14.1.2: a suffix longer than the file",
	    RANGE("bytes=-99999999"), 206, 1, { { 0, -1 } } },
	{ "RFC 9110 14.1.2: a last byte past the end",
	    RANGE("bytes=1000-99999999"), 206, 1, { { 1000, -1 } } },
	{ "RFC 9110 14.1.2: leading zeros", RANGE("bytes=000-0009"), 206, 1,
	    { { 0, 9 } } },
	{ "RFC 9110 14.1.2: a last byte over 2^63",
	    RANGE("bytes=0-9223372036854775808"), 206, 1, { { 0, -1 } } },
	{ "RFC 9110 14.1.2: a last byte over 2^64",
	    RANGE("bytes=10-18446744073709551616"), 206, 1, { { 10, -1 } } },
	{ "RFC 9110 14.1.2: a suffix over 2^64",
	    RANGE("bytes=-99999999999999999999999"), 206, 1, { { 0, -1 } } },
	{ "RFC 9110 14.1.2: the unit without case", RANGE("Bytes=0-9"), 206, 1,
	    { { 0, 9 } } },
	{ "RFC 9110 14.2: the name without case", "rANGE: bytes=0-9\r\n", 206,
	    1, { { 0, 9 } } },
	{ "RFC 9110 15.3.7.2: several", RANGE("bytes=0-9,1000-1999,-10"), 206,
	    3, { { 0, 9 }, { 1000, 1999 }, { -10, -1 } } },
	{ "RFC 9110 14.1.1: white space and empty elements",
	    RANGE("bytes=0-9 ,\t1000-1009,, ,"), 206, 2,
	    { { 0, 9 }, { 1000, 1009 } } },
	{ "RFC 9110 15.3.7.2: in the order of the request",
	    RANGE("bytes=3000-3009,0-9"), 206, 2,
	    { { 3000, 3009 }, { 0, 9 } } },
	{ "RFC 9110 15.3.7.2: overlapping ones are joined",
	    RANGE("bytes=0-99,50-149"), 206, 1, { { 0, 149 } } },
	{ "RFC 9110 15.3.7.2: touching ones are joined",
	    RANGE("bytes=0-99,100-199"), 206, 1, { { 0, 199 } } },
	{ "RFC 9110 15.3.7.2: one byte between is not worth a part",
	    RANGE("bytes=0-99,101-199"), 206, 1, { { 0, 199 } } },
	{ "RFC 9110 15.3.7.2: equal ones are joined",
	    RANGE("bytes=5-9,5-9,5-9"), 206, 1, { { 5, 9 } } },
	{ "RFC 9110 14.1.1: what cannot be satisfied is left out",
	    RANGE("bytes=99999999-,0-9"), 206, 1, { { 0, 9 } } },
	{ "RFC 9110 14.1.1: likewise of several",
	    RANGE("bytes=0-9,99999999-,2000-2009"), 206, 2,
	    { { 0, 9 }, { 2000, 2009 } } },
	{ "RFC 9110 15.5.17: past the end", RANGE("bytes=99999999-"), 416, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 15.5.17: past the end, with a last byte",
	    RANGE("bytes=99999999-999999999"), 416, 0, { { 0, 0 } } },
	{ "RFC 9110 15.5.17: a first byte over 2^64",
	    RANGE("bytes=18446744073709551616-"), 416, 0, { { 0, 0 } } },
	{ "RFC 9110 14.1.2: a suffix of no bytes", RANGE("bytes=-0"), 416, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 14.1.1: another unit", RANGE("lines=0-9"), 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 14.1.1: a last byte before the first", RANGE("bytes=9-0"),
	    200, 0, { { 0, 0 } } },
	{ "RFC 9110 14.1.1: one bad range spoils all", RANGE("bytes=0-9,9-0"),
	    200, 0, { { 0, 0 } } },
	{ "RFC 9110 14.1.1: no number", RANGE("bytes=a-b"), 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 14.1.1: no range", RANGE("bytes="), 200, 0, { { 0, 0 } } },
	{ "RFC 9110 14.1.1: a dash alone", RANGE("bytes=-"), 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 14.1.1: no dash", RANGE("bytes=5"), 200, 0, { { 0, 0 } } },
	{ "RFC 9110 14.1.1: no equals sign", RANGE("bytes 0-9"), 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 14.1.1: a sign", RANGE("bytes=+0-9"), 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 14.1.1: minus twice", RANGE("bytes=--5"), 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 14.1.1: hex", RANGE("bytes=0x0-0x9"), 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 14.1.1: a space within", RANGE("bytes=0 - 9"), 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 14.1.1: empty", "Range:\r\n", 200, 0, { { 0, 0 } } },
	{ "RFC 9110 14.2: two fields", RANGE("bytes=0-9") RANGE("lines=0-9"),
	    200, 0, { { 0, 0 } } },
	{ "RFC 9110 13.1.5: If-Range with the entity tag",
	    RANGE("bytes=0-9") "If-Range: {etag}\r\n", 206, 1, { { 0, 9 } } },
	{ "RFC 9110 13.1.5: with it made weak",
	    RANGE("bytes=0-9") "If-Range: W/{etag}\r\n", 200, 0, { { 0, 0 } } },
	{ "RFC 9110 13.1.5: with another",
	    RANGE("bytes=0-9") "If-Range: \"other\"\r\n", 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 13.1.5: with the date",
	    RANGE("bytes=0-9") "If-Range: " DATE "\r\n", 206, 1, { { 0, 9 } } },
	{ "RFC 9110 13.1.5: with an earlier date",
	    RANGE("bytes=0-9") "If-Range: " BEFORE "\r\n", 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 13.1.5: with a later date",
	    RANGE("bytes=0-9") "If-Range: " AFTER "\r\n", 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 13.1.5: with no date",
	    RANGE("bytes=0-9") "If-Range: yesterday\r\n", 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 13.1.5: before 416",
	    RANGE("bytes=99999999-") "If-Range: \"other\"\r\n", 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 13.1.5: without Range", "If-Range: {etag}\r\n", 200, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 13.2.2: If-None-Match comes first",
	    RANGE("bytes=0-9") "If-None-Match: {etag}\r\n", 304, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 13.2.2: If-Match comes first",
	    RANGE("bytes=0-9") "If-Match: \"other\"\r\n", 412, 0,
	    { { 0, 0 } } },
	{ "RFC 9110 13.2.2: and lets it pass",
	    RANGE("bytes=0-9") "If-Match: {etag}\r\n", 206, 1, { { 0, 9 } } },
};

/* Whether the range of the answer, or of a part of it, is this one. */
static void
check_part(const struct part *part, const struct file *f, struct str range,
    struct str content, const char *name)
{
	int64_t size = (int64_t)f->size;
	int64_t first = part->first + (part->first < 0 ? size : 0);
	int64_t last = part->last + (part->last < 0 ? size : 0);
	char text[128];

	snprintf(text, sizeof(text), "bytes %" PRId64 "-%" PRId64 "/%zu", first,
	    last, f->size);
	ck_assert_msg(str_eq(range, str_of(text)), "%s: %s: '%.*s' is not '%s'",
	    name, f->path, (int)range.len, range.p, text);
	ck_assert_msg(content.len == (size_t)(last - first + 1) &&
		memcmp(content.p, site.data + first, content.len) == 0,
	    "%s: %s: these are not the bytes of %s", name, f->path, text);
}

/* Moves *s past what it must begin with. */
static void
skip(struct str *s, struct str expected, const char *name)
{
	ck_assert_msg(s->len >= expected.len &&
		memcmp(s->p, expected.p, expected.len) == 0,
	    "%s: '%.*s', not '%.*s'", name, (int)(s->len < 80 ? s->len : 80),
	    s->p, (int)expected.len, expected.p);
	s->p += expected.len;
	s->len -= expected.len;
}

/* boundary (RFC 2046, 5.1.1), without its quotes. */
static struct str
boundary_of(const struct exchange_answer *a, const char *name)
{
	static const char bchars[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=?";
	struct str type = exchange_field(a, STR("Content-Type"));

	ck_assert_msg(type.p != NULL, "%s: no Content-Type", name);
	skip(&type, STR("multipart/byteranges; boundary="), name);
	if (type.len > 2 && type.p[0] == '"' && type.p[type.len - 1] == '"')
		type = (struct str){ type.p + 1, type.len - 2 };
	ck_assert_msg(type.len >= 1 && type.len <= 70, "%s: boundary", name);
	for (size_t i = 0; i < type.len; i++)
		ck_assert_msg(strchr(bchars, type.p[i]) != NULL,
		    "%s: boundary %.*s", name, (int)type.len, type.p);
	return type;
}

/* Cuts the head of a part off *rest and returns its Content-Range. */
static struct str
part_range(struct str *rest, const char *type, const char *name)
{
	struct exchange_answer part = { .head = *rest };
	const char *end = memmem(rest->p, rest->len, "\r\n\r\n", 4);
	struct str range;

	ck_assert_msg(end != NULL, "%s: a part without a head", name);
	part.head.len = (size_t)(end - rest->p) + 4;
	rest->p += part.head.len;
	rest->len -= part.head.len;
	/* The end of the delimiter's line stands where a status line would. */
	exchange_check_field(&part, str_of(type), name);
	range = exchange_field(&part, STR("Content-Range"));
	ck_assert_msg(range.p != NULL, "%s: a part without a range", name);
	return range;
}

/* The bytes of content before the next delimiter. */
static size_t
part_length(struct str rest, struct str delimiter, const char *name)
{
	const char *end = memmem(rest.p, rest.len, delimiter.p, delimiter.len);

	ck_assert_msg(end != NULL, "%s: a part without an end", name);
	return (size_t)(end - rest.p);
}

/*
 * multipart/byteranges (RFC 9110, 14.6): exactly these parts, nothing before
 * and nothing after.
 */
static void
check_multipart(const struct range_case *c, const struct file *f,
    const struct exchange_answer *a, const char *type)
{
	struct str boundary = boundary_of(a, c->name), rest = a->body;
	char delimiter[128];

	snprintf(delimiter, sizeof(delimiter), "\r\n--%.*s", (int)boundary.len,
	    boundary.p);
	exchange_check_field(a, STR("!Content-Range"), c->name);
	if (rest.len > 0 && rest.p[0] == '-')
		skip(&rest, str_of(delimiter + 2), c->name);
	else
		skip(&rest, str_of(delimiter), c->name);
	for (int i = 0; i < c->nparts; i++) {
		struct str range = part_range(&rest, type, c->name);
		size_t len = part_length(rest, str_of(delimiter), c->name);

		check_part(&c->parts[i], f, range, (struct str){ rest.p, len },
		    c->name);
		rest.p += len;
		rest.len -= len;
		skip(&rest, str_of(delimiter), c->name);
	}
	skip(&rest, STR("--"), c->name);
	ck_assert_msg(rest.len == 0 || str_eq(rest, STR("\r\n")),
	    "%s: text after the last part: %.*s", c->name, (int)rest.len,
	    rest.p);
}

static void
check_partial(const struct range_case *c, const struct file *f,
    const struct exchange_answer *a)
{
	const char *type = strstr(f->path, ".txt") != NULL
	    ? "Content-Type: text/plain; charset=utf-8"
	    : "Content-Type: application/octet-stream";

	/* RFC 9110, 15.3.7: as 200 would have them. */
	exchange_check_field(a, STR("ETag"), c->name);
	exchange_check_field(a, STR("Date"), c->name);
	exchange_check_field(a, STR("Cache-Control: no-cache"), c->name);
	if (c->nparts > 1) {
		check_multipart(c, f, a, type);
		return;
	}
	exchange_check_field(a, str_of(type), c->name);
	check_part(&c->parts[0], f, exchange_field(a, STR("Content-Range")),
	    a->body, c->name);
}

static void
check_range(const struct range_case *c, const struct file *f, const char *tag)
{
	struct exchange_answer a;
	char fields[512], *data;

	exchange_fill(c->fields, tag, fields, sizeof(fields));
	a = exchange_with(
	    site.server.http_port, "GET", f->path, fields, &data, c->name);
	ck_assert_msg(a.status == c->status, "%s: %s: not %d: %.*s", c->name,
	    f->path, c->status, (int)a.head.len, a.head.p);
	if (a.status == 206)
		check_partial(c, f, &a);
	if (a.status == 200)
		ck_assert_msg(a.body.len == f->size &&
			memcmp(a.body.p, site.data, f->size) == 0,
		    "%s: %s: not the whole file", c->name, f->path);
	if (a.status == 416) {
		snprintf(fields, sizeof(fields), "Content-Range: bytes */%zu",
		    f->size);
		exchange_check_field(&a, str_of(fields), c->name);
	}
	free(data);
}

START_TEST(range)
{
	char tag[128];

	start();
	for (int f = 0; f < CASES(files); f++) {
		exchange_tag(
		    site.server.http_port, files[f].path, "", tag, sizeof(tag));
		for (int i = 0; i < CASES(ranges); i++)
			check_range(&ranges[i], &files[f], tag);
	}
	stop();
}
END_TEST

/* At the very end of a file; and where a Range is not looked at, or has
 * nothing to choose from. */
static const struct {
	const char *name, *method, *path, *fields;
	int status;
	const char *field;
} aside[] = {
	{ "RFC 9110 14.2: HEAD", "HEAD", "/small.txt", RANGE("bytes=0-9"), 200,
	    "Content-Length: 4000" },
	{ "RFC 9110 14.2: HEAD, unsatisfiable", "HEAD", "/small.txt",
	    RANGE("bytes=9999999-"), 200, "!Content-Range" },
	{ "RFC 9110 14.1.2: one past the end", "GET", "/small.txt",
	    RANGE("bytes=3990-4000"), 206,
	    "Content-Range: bytes 3990-3999/4000" },
	{ "RFC 9110 14.1.2: up to the end", "GET", "/small.txt",
	    RANGE("bytes=3999-3999"), 206,
	    "Content-Range: bytes 3999-3999/4000" },
	{ "RFC 9110 15.5.17: from the end on", "GET", "/small.txt",
	    RANGE("bytes=4000-"), 416, "Content-Range: bytes */4000" },
	{ "RFC 9110 14.2: POST", "POST", "/small.txt", RANGE("bytes=0-9"), 405,
	    "!Content-Range" },
	{ "RFC 9110 14.2: of what is not there", "GET", "/none",
	    RANGE("bytes=0-9"), 404, "!Content-Range" },
	{ "RFC 9110 14.3: bytes are offered", "GET", "/small.txt", "", 200,
	    "Accept-Ranges: bytes" },
	{ "RFC 9110 14.3: of a large file too", "HEAD", "/large.bin", "", 200,
	    "Accept-Ranges: bytes" },
	{ "RFC 9110 15.5.17: of an empty file", "GET", "/empty",
	    RANGE("bytes=0-0"), 416, "Content-Range: bytes */0" },
	{ "RFC 9110 15.5.17: all of an empty file", "GET", "/empty",
	    RANGE("bytes=0-"), 416, "Content-Range: bytes */0" },
	{ "RFC 9110 9.3.2: HEAD of a large file", "HEAD", "/large.bin", "", 200,
	    "Content-Length: 1048576" },
	{ "RFC 9110 8.6: an empty file", "GET", "/empty", "", 200,
	    "Content-Length: 0" },
};

/* Elements of a list: before, a number, after and perhaps the number again. */
static const struct {
	const char *before, *after;
	bool again;
	int step, times;
} lists[] = {
	{ "", "-", true, 2, 100 },
	{ "", "-", true, 2, 1000 },
	{ "", "-", true, 200, 20 },
	{ "", "-", false, 1, 200 },
	{ "0-", "", false, 1, 1000 },
	{ "-", "", false, 1, 200 },
	{ "-", "", false, 100, 39 },
};

/* Many ranges may be as good as none (RFC 9110, 14.2); no answer is much
 * longer than the file. */
static void
check_many(int i, const struct file *f)
{
	struct buf b = { 0 };
	struct exchange_answer a;
	char *data;

	buf_addf(&b,
	    "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
	    "Range: bytes=",
	    f->path);
	for (int n = lists[i].times; n > 0; n--) {
		buf_addf(&b, "%s%d%s", lists[i].before, n * lists[i].step,
		    lists[i].after);
		if (lists[i].again)
			buf_addf(&b, "%d", n * lists[i].step);
		buf_addf(&b, ",");
	}
	buf_addf(&b, "0-0\r\n\r\n");
	a = exchange_ask(site.server.http_port,
	    (struct str){ buf_data(&b), buf_len(&b) }, &data, "many ranges");
	ck_assert_msg(
	    a.status == 200 || a.status == 206, "list %d: %s", i, a.head.p);
	ck_assert_msg(
	    a.body.len < f->size + 4096, "list %d: %zu bytes", i, a.body.len);
	free(data);
	buf_free(&b);
}

START_TEST(range_aside)
{
	start();
	for (int i = 0; i < CASES(aside); i++) {
		char *data;
		struct exchange_answer a =
		    exchange_with(site.server.http_port, aside[i].method,
			aside[i].path, aside[i].fields, &data, aside[i].name);

		ck_assert_msg(a.status == aside[i].status, "%s: not %d: %s",
		    aside[i].name, aside[i].status, a.head.p);
		exchange_check_field(&a, str_of(aside[i].field), aside[i].name);
		free(data);
	}
	for (int i = 0; i < CASES(lists); i++) {
		check_many(i, &files[0]);
		check_many(i, &files[1]);
	}
	stop();
}
END_TEST

static Suite *
range_suite(void)
{
	Suite *suite = suite_create("e2e_range");
	TCase *tc = tcase_create("range");

	tcase_add_test(tc, range);
	tcase_add_test(tc, range_aside);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(range_suite());
}
