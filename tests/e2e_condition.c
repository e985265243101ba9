/*
 * Validators and conditions (RFC 9110, 8.8 and 13) over a socket, of a file
 * that is kept in memory and of one that goes out by sendfile.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/date.h"
#include "tests/daemon.h"
#include "tests/exchange.h"
#include "tests/run.h"

/* The example of RFC 9110, 5.6.7. */
#define MODIFIED 784111777
#define DATE     "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE   "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER    "Sun, 06 Nov 1994 08:49:38 GMT"

static const struct file {
	const char *path;
	size_t size;
} files[] = {
	{ "/small.txt", 4000 },
	{ "/large.bin", 1 << 20 },
};

static struct {
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
	char *data = calloc(1, files[1].size);

	site.root = args[0];
	ck_assert_ptr_nonnull(data);
	for (int i = 0; i < CASES(files); i++)
		add_file(files[i].path + 1, data, files[i].size, MODIFIED);
	free(data);
	daemon_start(&site.server, args);
}

static void
stop(void)
{
	daemon_stop(&site.server);
}

#define IF_MATCH      "If-Match: "
#define IF_NONE_MATCH "If-None-Match: "
#define IF_MODIFIED   "If-Modified-Since: "
#define IF_UNMODIFIED "If-Unmodified-Since: "
#define E             "\r\n"

static const struct {
	const char *name;
	const char *fields;
	int status;
} conditions[] = {
	{ "RFC 9110 13.1.1: the entity tag", IF_MATCH "{etag}" E, 200 },
	{ "RFC 9110 13.1.1: another", IF_MATCH "\"other\"" E, 412 },
	{ "RFC 9110 13.1.1: *", IF_MATCH "*" E, 200 },
	{ "RFC 9110 13.1.1: a list", IF_MATCH "\"a\", {etag} ,\"b\"" E, 200 },
	{ "RFC 9110 13.1.1: a list without it", IF_MATCH "\"a\", \"b\"" E,
	    412 },
	{ "RFC 9110 13.1.1: a list in two fields",
	    IF_MATCH "\"a\"" E IF_MATCH "{etag}" E, 200 },
	{ "RFC 9110 13.1.1: strong comparison", IF_MATCH "W/{etag}" E, 412 },
	{ "RFC 9110 13.1.1: no quotes", IF_MATCH "etag" E, 412 },
	{ "RFC 9110 13.1.1: no quotes, and the date",
	    IF_MATCH "etag" E IF_UNMODIFIED DATE E, 412 },
	{ "RFC 9110 13.1.2: the entity tag", IF_NONE_MATCH "{etag}" E, 304 },
	{ "RFC 9110 13.1.2: another", IF_NONE_MATCH "\"other\"" E, 200 },
	{ "RFC 9110 13.1.2: *", IF_NONE_MATCH "*" E, 304 },
	{ "RFC 9110 13.1.2: weak comparison", IF_NONE_MATCH "W/{etag}" E, 304 },
	{ "RFC 9110 13.1.2: a list", IF_NONE_MATCH "\"a\",W/\"b\" , {etag}" E,
	    304 },
	{ "RFC 9110 5.6.1: empty elements", IF_NONE_MATCH ", ,{etag},," E,
	    304 },
	{ "RFC 9110 13.1.2: a list in two fields",
	    IF_NONE_MATCH "\"a\"" E IF_NONE_MATCH "{etag}" E, 304 },
	{ "RFC 9110 8.8.3: a comma within a tag",
	    IF_NONE_MATCH "\"a,b\", {etag}" E, 304 },
	{ "RFC 9110 13.1.2: a list without it",
	    IF_NONE_MATCH "\"a\", W/\"b\"" E, 200 },
	{ "RFC 9110 8.8.3: no quotes", IF_NONE_MATCH "etag" E, 200 },
	{ "RFC 9110 8.8.3: a small w", IF_NONE_MATCH "w/{etag}" E, 200 },
	{ "RFC 9110 8.8.3: the tag within another",
	    IF_NONE_MATCH "\"x{etag}x\"" E, 200 },
	{ "RFC 9110 13.1.3: IMF-fixdate", IF_MODIFIED DATE E, 304 },
	{ "RFC 9110 13.1.3: an earlier date", IF_MODIFIED BEFORE E, 200 },
	{ "RFC 9110 13.1.3: a later date", IF_MODIFIED AFTER E, 304 },
	{ "RFC 9110 13.1.3: a date that has not come yet",
	    IF_MODIFIED "Fri, 31 Dec 9999 23:59:59 GMT" E, 304 },
	{ "RFC 9110 5.6.7: RFC 850",
	    IF_MODIFIED "Sunday, 06-Nov-94 08:49:37 GMT" E, 304 },
	{ "RFC 9110 5.6.7: RFC 850, earlier",
	    IF_MODIFIED "Sunday, 06-Nov-94 08:49:36 GMT" E, 200 },
	{ "RFC 9110 5.6.7: asctime", IF_MODIFIED "Sun Nov  6 08:49:37 1994" E,
	    304 },
	{ "RFC 9110 5.6.7: asctime, earlier",
	    IF_MODIFIED "Sun Nov  6 08:49:36 1994" E, 200 },
	{ "RFC 9110 13.1.3: no date", IF_MODIFIED "yesterday" E, 200 },
	{ "RFC 9110 5.6.7: another zone",
	    IF_MODIFIED "Sun, 06 Nov 1994 08:49:37 CET" E, 200 },
	{ "RFC 9110 5.6.7: no such month",
	    IF_MODIFIED "Sun, 06 Foo 1994 08:49:37 GMT" E, 200 },
	{ "RFC 9110 5.6.7: no such hour",
	    IF_MODIFIED "Sun, 06 Nov 1994 24:49:37 GMT" E, 200 },
	{ "RFC 9110 13.1.3: empty", "If-Modified-Since:" E, 200 },
	{ "RFC 9110 13.1.3: text behind the date", IF_MODIFIED DATE " x" E,
	    200 },
	{ "RFC 9110 13.1.4: the date", IF_UNMODIFIED DATE E, 200 },
	{ "RFC 9110 13.1.4: an earlier date", IF_UNMODIFIED BEFORE E, 412 },
	{ "RFC 9110 13.1.4: a later date", IF_UNMODIFIED AFTER E, 200 },
	{ "RFC 9110 13.1.4: no date", IF_UNMODIFIED "yesterday" E, 200 },
	{ "RFC 9110 13.1.4: asctime, earlier",
	    IF_UNMODIFIED "Sun Nov  6 08:49:36 1994" E, 412 },
	{ "RFC 9110 13.2.2: If-Match over If-Unmodified-Since",
	    IF_MATCH "{etag}" E IF_UNMODIFIED BEFORE E, 200 },
	{ "RFC 9110 13.2.2: in whatever order they come",
	    IF_UNMODIFIED BEFORE E IF_MATCH "{etag}" E, 200 },
	{ "RFC 9110 13.2.2: If-None-Match over If-Modified-Since",
	    IF_NONE_MATCH "\"other\"" E IF_MODIFIED AFTER E, 200 },
	{ "RFC 9110 13.2.2: likewise when it matches",
	    IF_MODIFIED BEFORE E IF_NONE_MATCH "{etag}" E, 304 },
	{ "RFC 9110 13.2.2: If-Match before If-None-Match",
	    IF_NONE_MATCH "{etag}" E IF_MATCH "\"other\"" E, 412 },
	{ "RFC 9110 13.2.2: If-Match true, then If-None-Match",
	    IF_MATCH "{etag}" E IF_NONE_MATCH "{etag}" E, 304 },
	{ "RFC 9110 13.2.2: If-Unmodified-Since before If-None-Match",
	    IF_NONE_MATCH "{etag}" E IF_UNMODIFIED BEFORE E, 412 },
	{ "RFC 9110 13.2.2: If-Unmodified-Since true, then If-Modified-Since",
	    IF_UNMODIFIED DATE E IF_MODIFIED DATE E, 304 },
};

/* A 304 has these of the 200 (RFC 9110, 15.4.5). */
static void
check_not_modified(const struct exchange_answer *a, const char *tag,
    const struct file *f, const char *name)
{
	char line[256];

	snprintf(line, sizeof(line), "ETag: %s", tag);
	exchange_check_field(a, str_of(line), name);
	exchange_check_field(a, STR("Date"), name);
	exchange_check_field(a, STR("Cache-Control: no-cache"), name);
	exchange_check_field(a, STR("!Content-Range"), name);
	snprintf(line, sizeof(line), "Content-Length: %zu", f->size);
	if (exchange_field(a, STR("Content-Length")).p != NULL)
		exchange_check_field(a, str_of(line), name);
	if (exchange_field(a, STR("Last-Modified")).p != NULL)
		exchange_check_field(a, STR("Last-Modified: " DATE), name);
}

/* Both methods have the same answer, but for the content. */
static void
check_condition(
    int i, const char *method, const struct file *f, const char *tag)
{
	struct exchange_answer a;
	char fields[512], *data;

	exchange_fill(conditions[i].fields, tag, fields, sizeof(fields));
	a = exchange_with(site.server.http_port, method, f->path, fields, &data,
	    conditions[i].name);
	ck_assert_msg(a.status == conditions[i].status, "%s: %s %s: not %d: %s",
	    conditions[i].name, method, f->path, conditions[i].status,
	    a.head.p);
	if (a.status == 304)
		check_not_modified(&a, tag, f, conditions[i].name);
	if (a.status == 200)
		ck_assert_uint_eq(a.body.len, method[0] == 'G' ? f->size : 0);
	free(data);
}

START_TEST(condition)
{
	char tag[128];

	start();
	for (int f = 0; f < CASES(files); f++) {
		exchange_tag(
		    site.server.http_port, files[f].path, "", tag, sizeof(tag));
		for (int i = 0; i < CASES(conditions); i++) {
			check_condition(i, "GET", &files[f], tag);
			check_condition(i, "HEAD", &files[f], tag);
		}
	}
	stop();
}
END_TEST

/* Conditions are of what would be answered with 200 (RFC 9110, 13.2.1). */
START_TEST(condition_aside)
{
	static const char *const fields[] = { IF_MATCH "\"other\"" E,
		IF_MATCH "*" E, IF_NONE_MATCH "*" E, IF_MODIFIED AFTER E,
		IF_UNMODIFIED BEFORE E };
	static const struct {
		const char *method, *path;
		int status;
	} others[] = {
		{ "GET", "/none", 404 },
		{ "HEAD", "/none", 404 },
		{ "OPTIONS", "/small.txt", 204 },
		{ "POST", "/small.txt", 405 },
	};

	start();
	for (int i = 0; i < CASES(fields) * CASES(others); i++) {
		int k = i % CASES(others);
		char *data;
		struct exchange_answer a = exchange_with(site.server.http_port,
		    others[k].method, others[k].path, fields[i / CASES(others)],
		    &data, "RFC 9110 13.2.1");

		ck_assert_msg(a.status == others[k].status, "%s %s, %s: %s",
		    others[k].method, others[k].path, fields[i / CASES(others)],
		    a.head.p);
		free(data);
	}
	stop();
}
END_TEST

/* What changes has another entity tag, even within a second and at the same
 * size; a date in the future is not sent (RFC 9110, 8.8.2.1). */
START_TEST(validators)
{
	char before[128], after[128], now[HTTP_DATE_LEN + 1], *data;
	struct exchange_answer a;
	struct str modified;
	int64_t parsed = 0;

	start();
	temp_file(site.root, "new", "a", 1);
	exchange_tag(site.server.http_port, "/new", "", before, sizeof(before));
	temp_file(site.root, "new", "b", 1);
	exchange_tag(site.server.http_port, "/new", "", after, sizeof(after));
	ck_assert_str_ne(before, after);
	add_file("future", "x", 1, clock_now().wall / 1000 + 100000);
	a = exchange_with(site.server.http_port, "GET", "/future", "", &data,
	    "RFC 9110 8.8.2.1");
	modified = exchange_field(&a, STR("Last-Modified"));
	if (modified.p != NULL) {
		int64_t seconds = clock_now().wall / 1000;

		ck_assert_int_eq(
		    http_date_parse(modified, seconds, &parsed), 0);
		http_date_format(seconds, now);
		ck_assert_msg(
		    parsed <= seconds, "now is %s: %s", now, a.head.p);
	}
	free(data);
	/* A date of this second is no strong validator (8.8.2.2). */
	temp_file(site.root, "new", "c", 1);
	http_date_format(clock_now().wall / 1000, now);
	snprintf(
	    after, sizeof(after), "Range: bytes=0-0\r\nIf-Range: %s\r\n", now);
	a = exchange_with(site.server.http_port, "GET", "/new", after, &data,
	    "RFC 9110 8.8.2.2");
	ck_assert_int_eq(a.status, 200);
	free(data);
	stop();
}
END_TEST

static Suite *
condition_suite(void)
{
	Suite *suite = suite_create("e2e_condition");
	TCase *tc = tcase_create("condition");

	tcase_add_test(tc, condition);
	tcase_add_test(tc, condition_aside);
	tcase_add_test(tc, validators);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(condition_suite());
}
