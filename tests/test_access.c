#include "site/access.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

#define NOVEMBER INT64_C(1795399587123) /* 2026-11-23 02:06:27.123 UTC */
#define BEGAN    INT64_C(5000000000)

#define V4(a, b, c, d) \
	{ \
		.ip = { [10] = 0xff, 0xff, a, b, c, d } \
	}

static const struct addr client = V4(192, 0, 2, 7);
static const struct addr client6 = {
	.ip = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
	.port = 50000,
};

/* Logs to a file, and takes from it what was written. */
static struct access access_to;
static char path[1024];

static void
start(enum access_format format)
{
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	snprintf(path, sizeof(path), "%s/log", temp_dir());
	access_init(&access_to, format, writer_new(path));
	ck_assert_ptr_nonnull(access_to.writer);
	ck_assert_int_eq(writer_start(access_to.writer), 0);
}

static char *
finish(void)
{
	char *text;
	int fd;

	ck_assert_uint_eq(writer_dropped(access_to.writer), 0);
	writer_free(access_to.writer);
	access_free(&access_to);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	read_to_end(fd, &text);
	close(fd);
	return text;
}

static void
check_written(const char *want)
{
	char *got = finish();

	ck_assert_str_eq(got, want);
	free(got);
}

/* Of a request that has all there can be. */
static struct http_record
full_record(void)
{
	return (struct http_record){
		.peer = &client,
		.line = STR("GET /a?b=c HTTP/1.1"),
		.method = STR("GET"),
		.target = STR("/a?b=c"),
		.protocol = STR("HTTP/1.1"),
		.referer = STR("http://example.org/"),
		.user_agent = STR("curl/8.0 (x; y)"),
		.status = 200,
		.bytes = 12345678901,
		.began = BEGAN,
		.now = { .mono = BEGAN + 1250042999, .wall = NOVEMBER },
	};
}

/* Of what could not be read, through a Unix socket. */
static struct http_record
empty_record(void)
{
	return (struct http_record){
		.status = 400,
		.began = BEGAN,
		.now = { .mono = BEGAN, .wall = NOVEMBER },
	};
}

static struct http_record
bad_record(void)
{
	struct http_record r = empty_record();

	r.peer = &client;
	r.line = STR("GET /\" HTTP/1.1");
	return r;
}

static struct http_record
old_record(void)
{
	struct http_record r = full_record();

	r.peer = &client6;
	r.line = STR("HEAD / HTTP/1.0");
	r.method = STR("HEAD");
	r.target = STR("/");
	r.protocol = STR("HTTP/1.0");
	r.referer = STR("");
	r.bytes = 0;
	return r;
}

#define DATE     "[23/Nov/2026:03:06:27 +0100]"
#define JSONDATE "{\"time\":\"2026-11-23T02:06:27.123Z\""

static const struct {
	struct http_record (*record)(void);
	const char *combined, *json;
} kinds[] = {
	{ full_record,
	    "192.0.2.7 - - " DATE " \"GET /a?b=c HTTP/1.1\" 200 12345678901"
	    " \"http://example.org/\" \"curl/8.0 (x; y)\"\n",
	    JSONDATE ",\"peer\":\"192.0.2.7\",\"method\":\"GET\","
		     "\"target\":\"/a?b=c\",\"protocol\":\"HTTP/1.1\","
		     "\"status\":200,\"bytes\":12345678901,"
		     "\"duration\":1.250042,"
		     "\"referer\":\"http://example.org/\","
		     "\"agent\":\"curl/8.0 (x; y)\"}\n" },
	{ empty_record, "- - - " DATE " \"-\" 400 0 \"-\" \"-\"\n",
	    JSONDATE ",\"peer\":null,\"method\":null,\"target\":null,"
		     "\"protocol\":null,\"status\":400,\"bytes\":0,"
		     "\"duration\":0.000000,\"referer\":null,\"agent\":null}"
		     "\n" },
	{ bad_record,
	    "192.0.2.7 - - " DATE " \"GET /\\x22 HTTP/1.1\" 400 0 \"-\""
	    " \"-\"\n",
	    JSONDATE ",\"peer\":\"192.0.2.7\",\"method\":null,"
		     "\"target\":null,\"protocol\":null,\"status\":400,"
		     "\"bytes\":0,\"duration\":0.000000,\"referer\":null,"
		     "\"agent\":null}\n" },
	{ old_record,
	    "2001:db8::1 - - " DATE " \"HEAD / HTTP/1.0\" 200 0 \"-\""
	    " \"curl/8.0 (x; y)\"\n",
	    JSONDATE ",\"peer\":\"2001:db8::1\",\"method\":\"HEAD\","
		     "\"target\":\"/\",\"protocol\":\"HTTP/1.0\","
		     "\"status\":200,\"bytes\":0,\"duration\":1.250042,"
		     "\"referer\":null,\"agent\":\"curl/8.0 (x; y)\"}\n" },
};

START_TEST(combined)
{
	struct http_record r = kinds[_i].record();

	start(ACCESS_COMBINED);
	access_log(&access_to, &r);
	check_written(kinds[_i].combined);
}
END_TEST

START_TEST(json)
{
	struct http_record r = kinds[_i].record();

	start(ACCESS_JSON);
	access_log(&access_to, &r);
	check_written(kinds[_i].json);
}
END_TEST

/* What a client may send in any of the three texts. */
static const struct {
	struct str text;
	const char *combined, *json;
} hostile[] = {
	{ STR("a\"b\\c"), "a\\x22b\\x5Cc", "a\\\"b\\\\c" },
	{ STR("\" 200 1 \"-"), "\\x22 200 1 \\x22-", "\\\" 200 1 \\\"-" },
	{ STR("a\r\nb"), "a\\x0D\\x0Ab",
	    "a\xef\xbf\xbd\xef\xbf\xbd"
	    "b" },
	{ STR("\0\x1b[2J\x7f~"), "\\x00\\x1B[2J\\x7F~",
	    "\xef\xbf\xbd\xef\xbf\xbd[2J\xef\xbf\xbd~" },
	{ STR("\t"), "\\x09", "\\t" },
	{ STR("\xc3\xa4"), "\\xC3\\xA4", "\xc3\xa4" },
	{ STR("\xc3"), "\\xC3", "\xef\xbf\xbd" },
	{ STR("\xff\x80"), "\\xFF\\x80", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ STR("\xe2\x80\xae"), "\\xE2\\x80\\xAE", "\xef\xbf\xbd" },
	{ STR("-"), "-", "-" },
};

START_TEST(hostile_text)
{
	struct http_record r = full_record();
	char want[1024];

	r.line = r.target = r.referer = r.user_agent = hostile[_i].text;
	start(ACCESS_COMBINED);
	access_log(&access_to, &r);
	snprintf(want, sizeof(want),
	    "192.0.2.7 - - " DATE " \"%s\" 200 12345678901 \"%s\" \"%s\"\n",
	    hostile[_i].combined, hostile[_i].combined, hostile[_i].combined);
	check_written(want);

	start(ACCESS_JSON);
	access_log(&access_to, &r);
	snprintf(want, sizeof(want),
	    JSONDATE ",\"peer\":\"192.0.2.7\",\"method\":\"GET\","
		     "\"target\":\"%s\",\"protocol\":\"HTTP/1.1\","
		     "\"status\":200,\"bytes\":12345678901,"
		     "\"duration\":1.250042,\"referer\":\"%s\","
		     "\"agent\":\"%s\"}\n",
	    hostile[_i].json, hostile[_i].json, hostile[_i].json);
	check_written(want);
}
END_TEST

/* One log through all of them, so that a second may be like the last. */
static const struct {
	int64_t wall;
	const char *local, *utc;
} times[] = {
	{ NOVEMBER, "23/Nov/2026:03:06:27 +0100", "2026-11-23T02:06:27.123Z" },
	{ NOVEMBER + 876, "23/Nov/2026:03:06:27 +0100",
	    "2026-11-23T02:06:27.999Z" },
	{ NOVEMBER + 877, "23/Nov/2026:03:06:28 +0100",
	    "2026-11-23T02:06:28.000Z" },
	{ NOVEMBER, "23/Nov/2026:03:06:27 +0100", "2026-11-23T02:06:27.123Z" },
	/* The hour of the end of summer time comes twice. */
	{ 1792889999000, "25/Oct/2026:02:59:59 +0200",
	    "2026-10-25T00:59:59.000Z" },
	{ 1792890000005, "25/Oct/2026:02:00:00 +0100",
	    "2026-10-25T01:00:00.005Z" },
	{ 0, "01/Jan/1970:01:00:00 +0100", "1970-01-01T00:00:00.000Z" },
	{ -1, "01/Jan/1970:01:00:00 +0100", "1970-01-01T00:00:00.000Z" },
	{ 951782400000, "29/Feb/2000:01:00:00 +0100",
	    "2000-02-29T00:00:00.000Z" },
};

START_TEST(dates)
{
	struct http_record r = empty_record();
	char *got, want[64];
	struct str rest;

	start(_i);
	for (int i = 0; i < CASES(times); i++) {
		r.now.wall = times[i].wall;
		access_log(&access_to, &r);
	}
	got = finish();
	rest = str_of(got);
	for (int i = 0; i < CASES(times); i++) {
		struct str line = str_cut(&rest, '\n');

		if (_i == ACCESS_JSON)
			snprintf(want, sizeof(want), "{\"time\":\"%s\",",
			    times[i].utc);
		else
			snprintf(
			    want, sizeof(want), "- - - [%s] ", times[i].local);
		ck_assert_msg(strncmp(line.p, want, strlen(want)) == 0,
		    "%.*s begins not with %s", (int)line.len, line.p, want);
	}
	ck_assert_uint_eq(rest.len, 0);
	free(got);
}
END_TEST

static const struct {
	enum access_format format;
	char byte;
	size_t escaped; /* to so many */
} longest[] = {
	{ ACCESS_COMBINED, '\xff', 4 },
	{ ACCESS_JSON, '\xff', 3 },
	{ ACCESS_JSON, '<', 6 },
};

/* The longest there can be is logged, and so is the line after it. */
START_TEST(longest_line)
{
	static char text[HTTP_HEAD_MAX];
	struct http_record r = full_record();
	size_t texts = longest[_i].format == ACCESS_JSON ? 4 : 3, want;
	char *got, *end;

	memset(text, longest[_i].byte, sizeof(text));
	start(longest[_i].format);
	r.line = r.method = r.target = r.referer = r.user_agent =
	    (struct str){ text, sizeof(text) };
	access_log(&access_to, &r);
	r = empty_record();
	access_log(&access_to, &r);
	got = finish();
	end = strchr(got, '\n');
	want = texts * ACCESS_TEXT_MAX * longest[_i].escaped;
	ck_assert_uint_ge((size_t)(end - got), want);
	ck_assert_uint_le((size_t)(end - got), want + 512);
	ck_assert_str_eq(end + 1,
	    longest[_i].format == ACCESS_JSON ? kinds[1].json
					      : kinds[1].combined);
	free(got);
}
END_TEST

/* The line is left out; the next one is whole. */
START_TEST(without_memory)
{
	struct http_record r = full_record();

	start(ACCESS_COMBINED);
	access_to.line.failed = true;
	access_log(&access_to, &r);
	r = empty_record();
	access_log(&access_to, &r);
	check_written(kinds[1].combined);
}
END_TEST

static Suite *
access_suite(void)
{
	Suite *suite = suite_create("access");
	TCase *tc = tcase_create("access");

	tcase_add_loop_test(tc, combined, 0, CASES(kinds));
	tcase_add_loop_test(tc, json, 0, CASES(kinds));
	tcase_add_loop_test(tc, hostile_text, 0, CASES(hostile));
	tcase_add_loop_test(tc, dates, 0, 2);
	tcase_add_loop_test(tc, longest_line, 0, CASES(longest));
	tcase_add_test(tc, without_memory);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(access_suite());
}
