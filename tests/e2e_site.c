/*
 * What options make of the answers, over a socket: encoded variants, fields,
 * error pages, media types, listings, the daemon's own pages and the log.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/daemon.h"
#include "tests/exchange.h"
#include "tests/run.h"

#define V11  " HTTP/1.1\r\n"
#define HOST "Host: localhost\r\n"
#define END  "\r\n"

/* A GET with field lines. */
#define GET(target, fields) STR("GET " target V11 HOST fields END)

static struct {
	const char *root;
	struct program server;
} site;

/* In ROOT; the times tell which variant is older than its file. */
static const struct {
	const char *name, *content;
	time_t modified;
} contents[] = {
	{ "both.html", "identity", 1000 },
	{ "both.html.gz", "\x1f\x8b gzip", 1000 },
	{ "both.html.br", "brotli", 2000 },
	{ "gzip.txt", "identity", 1000 },
	{ "gzip.txt.gz", "\x1f\x8b gzip", 1000 },
	{ "stale.txt", "identity", 1000 },
	{ "stale.txt.gz", "\x1f\x8b old", 999 },
	{ "stale.txt.br", "old", 999 },
	{ "plain.txt", "identity", 1000 },
	{ "alone.txt.gz", "\x1f\x8b alone", 1000 },
	{ "sub/index.html", "index of sub", 1000 },
	{ "sub/index.html.gz", "\x1f\x8b index", 1000 },
	{ "dir/a.foo", "a", 1000 },
	{ "dir/b<i>&\".txt", "b", 1000 },
	{ "dir/.hidden", "hidden", 1000 },
	{ "metrics", "a file of that name", 1000 },
	{ "pages/404.html", "own 404", 1000 },
	{ "pages/4xx.html", "own 4xx", 1000 },
	{ "pages/5xx.html", "own 5xx", 1000 },
	{ "types", "text/x-foo\tfoo bar\napplication/x-late txt # late\n", 1 },
};

static void
make_tree(void)
{
	static const char *const dirs[] = { "sub", "dir", "dir/below",
		"pages" };
	char path[1024];

	site.root = temp_dir();
	exchange_root(site.root);
	for (int i = 0; i < CASES(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", site.root, dirs[i]);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
	for (int i = 0; i < CASES(contents); i++) {
		const struct timespec times[2] = { { contents[i].modified, 0 },
			{ contents[i].modified, 0 } };

		temp_file(site.root, contents[i].name, contents[i].content,
		    strlen(contents[i].content));
		snprintf(
		    path, sizeof(path), "%s/%s", site.root, contents[i].name);
		ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
	}
}

static void
start(const char *first, const char *second)
{
	const char *args[] = { site.root, first, first != NULL ? second : NULL,
		NULL };

	daemon_start(&site.server, args);
}

static void
run_all(const struct exchange *cases, int n)
{
	for (int i = 0; i < n; i++)
		exchange_run(&cases[i], site.server.http_port);
}

/* Content codings (RFC 9110, 8.4 and 12.5.3). */

#define ACCEPT(codings) "Accept-Encoding: " codings "\r\n"
#define VARY            "\nVary: Accept-Encoding\nETag"
#define IDENTITY        "200 keep" VARY "\n!Content-Encoding\n\nidentity"
#define GZIP            "200 keep" VARY "\nContent-Encoding: gzip\n\n\x1f\x8b gzip"
#define BROTLI          "200 keep" VARY "\nContent-Encoding: br\n\nbrotli"

static const struct exchange codings[] = {
	{ "RFC 9110 12.5.3: no field", GET("/both.html", ""), IDENTITY },
	{ "RFC 9110 12.5.3: gzip", GET("/both.html", ACCEPT("gzip")), GZIP },
	{ "RFC 9110 12.5.3: br", GET("/both.html", ACCEPT("br")), BROTLI },
	{ "RFC 9110 12.5.3: both, br is smaller",
	    GET("/both.html", ACCEPT("gzip, deflate, br, zstd")), BROTLI },
	{ "RFC 9110 12.4.2: weights",
	    GET("/both.html", ACCEPT("br;q=0.5, gzip;q=0.8")), GZIP },
	{ "RFC 9110 12.4.2: weights the other way",
	    GET("/both.html", ACCEPT("br;q=1.0, gzip;q=0.999")), BROTLI },
	{ "RFC 9110 12.4.2: q=0 is not acceptable",
	    GET("/both.html", ACCEPT("br;q=0, gzip")), GZIP },
	{ "RFC 9110 12.4.2: of all",
	    GET("/both.html", ACCEPT("br;q=0, gzip;q=0.000")), IDENTITY },
	{ "RFC 9110 12.5.3: *;q=0", GET("/both.html", ACCEPT("gzip, *;q=0")),
	    GZIP },
	{ "RFC 9110 12.5.3: identity", GET("/both.html", ACCEPT("identity")),
	    IDENTITY },
	{ "RFC 9110 12.5.3: empty", GET("/both.html", "Accept-Encoding:\r\n"),
	    IDENTITY },
	{ "RFC 9110 12.5.3: an unknown one",
	    GET("/both.html", ACCEPT("deflate")), IDENTITY },
	{ "RFC 9110 12.5.3: a longer name",
	    GET("/both.html", ACCEPT("gzipped, brr")), IDENTITY },
	{ "RFC 9110 8.4.1: without case", GET("/both.html", ACCEPT("GZip")),
	    GZIP },
	{ "RFC 9110 8.4.1.3: x-gzip", GET("/both.html", ACCEPT("x-gzip")),
	    GZIP },
	{ "RFC 9110 12.5.3: in two fields",
	    GET("/both.html", ACCEPT("deflate") ACCEPT("gzip")), GZIP },
	{ "RFC 9110 8.3: the type is the file's",
	    GET("/both.html", ACCEPT("gzip")),
	    "200 keep\nContent-Type: text/html; charset=utf-8" },
	{ "RFC 9110 12.5.3: br, and only gzip is there",
	    GET("/gzip.txt", ACCEPT("br")), IDENTITY },
	{ "RFC 9110 12.5.3: both, and only gzip is there",
	    GET("/gzip.txt", ACCEPT("br, gzip;q=0.5")), GZIP },
	{ "RFC 9110 12.5.3: the index of a directory",
	    GET("/sub/", ACCEPT("gzip")),
	    "200 keep" VARY "\nContent-Encoding: gzip\n\n\x1f\x8b index" },
	{ "older than its file", GET("/stale.txt", ACCEPT("gzip, br")),
	    "200 keep\n!Content-Encoding\n\nidentity" },
	{ "none is there", GET("/plain.txt", ACCEPT("gzip, br")),
	    "200 keep\n!Content-Encoding\n\nidentity" },
	{ "without its file", GET("/alone.txt", ACCEPT("gzip")), "404 keep" },
	{ "asked for by its own name", GET("/gzip.txt.gz", ACCEPT("gzip")),
	    "200 keep\nContent-Type: application/gzip\n!Content-Encoding\n\n"
	    "\x1f\x8b gzip" },
	{ "RFC 9110 14.2: a range of the encoded one",
	    GET("/both.html", ACCEPT("br") "Range: bytes=0-1\r\n"),
	    "206 keep" VARY "\nContent-Encoding: br\n\nbr" },
	{ "RFC 9110 14.2: a range of the other",
	    GET("/both.html", "Range: bytes=0-1\r\n"),
	    "206 keep" VARY "\n!Content-Encoding\n\nid" },
	{ "RFC 9110 15.4.5: 304 has Vary",
	    GET("/both.html", ACCEPT("br") "If-None-Match: *\r\n"),
	    "304 keep" VARY "\nDate\nCache-Control: no-cache" },
	{ "RFC 9110 15.4.5: of a file without variants",
	    GET("/plain.txt", "If-None-Match: *\r\n"),
	    "304 keep\nETag\nDate\n!Content-Encoding" },
};

START_TEST(coding)
{
	const char *accept[] = { "", ACCEPT("gzip"), ACCEPT("br") };
	char tags[3][128], fields[512], *data;

	make_tree();
	start(NULL, NULL);
	run_all(codings, CASES(codings));
	/* RFC 9110, 8.8.3.3: each has its own entity tag. */
	for (int i = 0; i < 3; i++)
		exchange_tag(site.server.http_port, "/both.html", accept[i],
		    tags[i], sizeof(tags[i]));
	ck_assert_str_ne(tags[0], tags[1]);
	ck_assert_str_ne(tags[0], tags[2]);
	ck_assert_str_ne(tags[1], tags[2]);
	for (int i = 0; i < 9; i++) {
		int status = i / 3 == i % 3 ? 304 : 200;
		struct exchange_answer a;

		snprintf(fields, sizeof(fields), "%sIf-None-Match: %s\r\n",
		    accept[i / 3], tags[i % 3]);
		a = exchange_with(site.server.http_port, "GET", "/both.html",
		    fields, &data, "RFC 9110 8.8.3.3");
		ck_assert_msg(a.status == status, "%s: %s", fields, a.head.p);
		free(data);
	}
	daemon_stop(&site.server);
}
END_TEST

/* Fields. */

static const struct exchange usual[] = {
	{ "no-cache by default", GET("/plain.txt", ""),
	    "200 keep\nCache-Control: no-cache\n!X-A" },
};

static const struct exchange with_age[] = {
	{ "RFC 9111 5.2: 200", GET("/plain.txt", ""),
	    "200 keep\nCache-Control: max-age=60, public" },
	{ "RFC 9111 5.2: 206", GET("/plain.txt", "Range: bytes=0-0\r\n"),
	    "206 keep\nCache-Control: max-age=60, public" },
	{ "RFC 9111 5.2: 304", GET("/plain.txt", "If-None-Match: *\r\n"),
	    "304 keep\nCache-Control: max-age=60, public" },
};

static const struct exchange without_age[] = {
	{ "none", GET("/plain.txt", ""), "200 keep\n!Cache-Control" },
};

#define OWN "\nX-A: b, c\nX-D: e"

static const struct exchange with_fields[] = {
	{ "--header: 200", GET("/plain.txt", ""), "200 keep" OWN },
	{ "--header: HEAD", STR("HEAD /plain.txt" V11 HOST END),
	    "200 keep" OWN },
	{ "--header: 204", STR("OPTIONS *" V11 HOST END), "204 keep" OWN },
	{ "--header: 206", GET("/plain.txt", "Range: bytes=0-0\r\n"),
	    "206 keep" OWN },
	{ "--header: 301", GET("/dir", ""), "301 keep" OWN },
	{ "--header: 304", GET("/plain.txt", "If-None-Match: *\r\n"),
	    "304 keep" OWN },
	{ "--header: 400", STR("GET /" V11 END), "400 close" OWN },
	{ "--header: 404", GET("/none", ""), "404 keep" OWN },
	{ "--header: 405", STR("POST /" V11 HOST END), "405 keep" OWN },
	{ "--header: 412", GET("/plain.txt", "If-Match: \"a\"\r\n"),
	    "412 keep" OWN },
	{ "--header: 416", GET("/plain.txt", "Range: bytes=99-\r\n"),
	    "416 keep" OWN },
	{ "--header: 501", STR("BREW /" V11 HOST END), "501 any" OWN },
	{ "--header: 505", STR("GET / HTTP/2.0\r\n" HOST END),
	    "505 close" OWN },
	{ "--header: its own page", GET("/healthz", ""), "200 keep" OWN },
};

START_TEST(fields)
{
	make_tree();
	start(NULL, NULL);
	run_all(usual, CASES(usual));
	daemon_stop(&site.server);
	start("--cache-control=max-age=60, public", NULL);
	run_all(with_age, CASES(with_age));
	daemon_stop(&site.server);
	start("--cache-control=", NULL);
	run_all(without_age, CASES(without_age));
	daemon_stop(&site.server);
	start("--header=X-A: b, c", "--header=X-D: e");
	run_all(with_fields, CASES(with_fields));
	daemon_stop(&site.server);
}
END_TEST

/* What would split a response is refused at the start. */
START_TEST(bad_fields)
{
	static const char *const bad[] = { "--header=X-A: b\r\nX-B: c",
		"--header=X A: b", "--header=X-A", "--header=: b",
		"--header=Content-Length: 5", "--header=X-A: b\x1b",
		"--cache-control=a\r\nX-B: c" };

	make_tree();
	for (int i = 0; i < CASES(bad); i++) {
		const char *args[] = { "--port=0", bad[i], NULL };

		program_start(&site.server, "chatd", args);
		ck_assert_msg(
		    program_wait(&site.server) == 2, "%s: accepted", bad[i]);
	}
}
END_TEST

/* Error pages. */

#define HTML "\nContent-Type: text/html; charset=utf-8\n\n"

static const struct exchange own_pages[] = {
	{ "a page of its own", GET("/none", ""), "404 keep" HTML "own 404" },
	{ "RFC 9110 9.3.2: HEAD", STR("HEAD /none" V11 HOST END),
	    "404 keep\nContent-Length: 7\n\n" },
	{ "one for its class", STR("POST /" V11 HOST END),
	    "405 keep\nAllow" HTML "own 4xx" },
	{ "a request that is none", STR("BAD\r\n\r\n"),
	    "400 close" HTML "own 4xx" },
	{ "one for 5xx", STR("BREW /" V11 HOST END), "501 any" HTML "own 5xx" },
	{ "RFC 9110 15.5.17: 416 has its field",
	    GET("/plain.txt", "Range: bytes=99-\r\n"),
	    "416 keep\nContent-Range: bytes */8" HTML "own 4xx" },
	{ "no error", GET("/plain.txt", ""), "200 keep\n\nidentity" },
};

START_TEST(error_pages)
{
	char option[1024];

	make_tree();
	snprintf(option, sizeof(option), "--error-pages=%s/pages", site.root);
	start(option, NULL);
	run_all(own_pages, CASES(own_pages));
	daemon_stop(&site.server);
}
END_TEST

/* Media types. */

static const struct exchange types[] = {
	{ "RFC 9110 8.3: a type that is added", GET("/dir/a.foo", ""),
	    "200 keep\nContent-Type: text/x-foo; charset=utf-8" },
	{ "RFC 9110 8.3: one that is replaced", GET("/plain.txt", ""),
	    "200 keep\nContent-Type: application/x-late" },
	{ "RFC 9110 8.3: a built-in one", GET("/both.html", ""),
	    "200 keep\nContent-Type: text/html; charset=utf-8" },
	{ "RFC 9110 8.3: none is known", GET("/types", ""),
	    "200 keep\nContent-Type: application/octet-stream" },
};

START_TEST(mime_types)
{
	char option[1024];

	make_tree();
	snprintf(option, sizeof(option), "--mime-types=%s/types", site.root);
	start(option, NULL);
	run_all(types, CASES(types));
	daemon_stop(&site.server);
}
END_TEST

/* Listings. */

static bool
contains(struct str s, const char *text)
{
	return memmem(s.p, s.len, text, strlen(text)) != NULL;
}

static const struct exchange listings[] = {
	{ "a directory", GET("/dir/", ""),
	    "200 keep\nContent-Type: text/html; charset=utf-8\n"
	    "Vary: Accept\nContent-Security-Policy" },
	{ "RFC 9110 12.5.1: as JSON",
	    GET("/dir/", "Accept: application/json\r\n"),
	    "200 keep\nContent-Type: application/json\nVary: Accept" },
	{ "RFC 9110 12.5.1: rather as HTML",
	    GET("/dir/", "Accept: text/html, application/json;q=0.9\r\n"),
	    "200 keep\nContent-Type: text/html; charset=utf-8" },
	{ "RFC 9110 9.3.2: HEAD", STR("HEAD /dir/" V11 HOST END), "200 keep" },
	{ "a directory with index.html", GET("/sub/", ""),
	    "200 keep\n\nindex of sub" },
	{ "an empty directory", GET("/dir/below/", ""), "200 keep" },
	{ "a directory without its slash", GET("/dir", ""),
	    "301 keep\nLocation: /dir/" },
	{ "not there", GET("/none/", ""), "404 keep" },
	{ "not a directory", GET("/plain.txt/", ""), "404 keep" },
};

START_TEST(listing)
{
	struct exchange_answer a;
	char *data;

	make_tree();
	start("--listing", NULL);
	run_all(listings, CASES(listings));
	a = exchange_with(
	    site.server.http_port, "GET", "/dir/", "", &data, "a listing");
	ck_assert_msg(contains(a.body, "a.foo"), "%s", data);
	ck_assert_msg(contains(a.body, "below/"), "%s", data);
	ck_assert_msg(!contains(a.body, "hidden"), "%s", data);
	ck_assert_msg(!contains(a.body, "b<i>"), "%s", data);
	ck_assert_msg(contains(a.body, "b%3Ci%3E%26%22.txt"), "%s", data);
	free(data);
	daemon_stop(&site.server);
}
END_TEST

/* Its own pages. */

#define JSON "200 keep\nContent-Type: application/json\nCache-Control: no-store"
#define METRICS \
	"200 keep\nContent-Type: text/plain; version=0.0.4; charset=utf-8"
#define HEALTHY "200 keep\nContent-Type: text/plain; charset=utf-8\n\nok\n"

static const struct exchange local[] = {
	{ "/healthz", GET("/healthz", ""), HEALTHY },
	{ "/status", GET("/status", ""),
	    "200 keep\nContent-Type: text/html; charset=utf-8\n"
	    "Content-Security-Policy" },
	{ "/status.json", GET("/status.json", ""), JSON },
	{ "/metrics wins over a file", GET("/metrics", ""), METRICS },
	{ "not a page of its own", GET("/status.txt", ""), "404 keep" },
	{ "for somebody else", GET("/status.json", "X-Forwarded-For: a\r\n"),
	    "403 keep" },
	{ "for somebody else", GET("/metrics", "Forwarded: for=a\r\n"),
	    "403 keep" },
	{ "by another name", STR("GET /status.json" V11 "Host: a.b\r\n" END),
	    "403 keep" },
	{ "RFC 9112 3.2.2: an authority overrides Host",
	    STR("GET http://localhost/status.json" V11 "Host: a.b\r\n" END),
	    JSON },
	{ "RFC 9112 3.2.2: an authority overrides Host",
	    STR("GET http://a.b/status.json" V11 HOST END), "403 keep" },
	{ "/healthz is for all", GET("/healthz", "X-Forwarded-For: a\r\n"),
	    HEALTHY },
};

static const struct exchange public[] = {
	{ "for somebody else", GET("/status.json", "X-Forwarded-For: a\r\n"),
	    JSON },
	{ "by another name", STR("GET /metrics" V11 "Host: a.b\r\n" END),
	    METRICS },
};

static const struct exchange off[] = {
	{ "/status", GET("/status", ""), "404 keep" },
	{ "/status.json", GET("/status.json", ""), "404 keep" },
	{ "/metrics is a file", GET("/metrics", ""),
	    "200 keep\n\na file of that name" },
	{ "/healthz", GET("/healthz", ""), HEALTHY },
};

START_TEST(status)
{
	make_tree();
	start(NULL, NULL);
	run_all(local, CASES(local));
	daemon_stop(&site.server);
	start("--status=public", NULL);
	run_all(public, CASES(public));
	daemon_stop(&site.server);
	start("--status=off", NULL);
	run_all(off, CASES(off));
	daemon_stop(&site.server);
}
END_TEST

/* The access log, on stdout. */

static const struct {
	const char *request;
	const char *combined; /* what follows the date */
	const char *json;     /* some members */
} logged[] = {
	{ "GET /plain.txt?a" V11 HOST
	  "Referer: http://r/\r\nUser-Agent: agent/1\r\n",
	    "] \"GET /plain.txt?a HTTP/1.1\" 200 8 \"http://r/\" \"agent/1\"\n",
	    "\"method\":\"GET\",\"target\":\"/plain.txt?a\","
	    "\"protocol\":\"HTTP/1.1\",\"status\":200,\"bytes\":8," },
	{ "HEAD /plain.txt" V11 HOST,
	    "] \"HEAD /plain.txt HTTP/1.1\" 200 0 \"-\" \"-\"\n",
	    "\"method\":\"HEAD\",\"target\":\"/plain.txt\"," },
	{ "GET /plain.txt HTTP/1.0\r\nRange: bytes=1-2\r\n",
	    "] \"GET /plain.txt HTTP/1.0\" 206 2 \"-\" \"-\"\n",
	    "\"protocol\":\"HTTP/1.0\",\"status\":206,\"bytes\":2," },
	{ "GET /plain.txt" V11 HOST "User-Agent: a\"b\\c\xc3\xa4\r\n",
	    "200 8 \"-\" \"a\\x22b\\x5Cc\\xC3\\xA4\"\n",
	    "\"agent\":\"a\\\"b\\\\c\xc3\xa4\"}\n" },
	{ "GET /plain.txt" V11 HOST "If-None-Match: *\r\n",
	    "\" 304 0 \"-\" \"-\"\n", "\"status\":304,\"bytes\":0," },
};

static void
check_log(const char *option, bool is_json)
{
	char line[4096];

	start("--access-log=-", option);
	for (int i = 0; i < CASES(logged); i++) {
		const char *wanted =
		    is_json ? logged[i].json : logged[i].combined;
		int fd = tcp_connect(site.server.http_port);
		char *data;

		send_text(fd, logged[i].request);
		send_text(fd, "Connection: close\r\n\r\n");
		read_to_end(fd, &data);
		free(data);
		close(fd);
		read_until(site.server.out, "\n", line, sizeof(line));
		ck_assert_msg(strstr(line, wanted) != NULL, "no '%s' in: %s",
		    wanted, line);
		ck_assert_msg(strstr(line,
				  is_json ? "\"peer\":\"127.0.0.1\""
					  : "127.0.0.1 - - [") != NULL,
		    "no peer: %s", line);
	}
	daemon_stop(&site.server);
}

START_TEST(access_log)
{
	make_tree();
	check_log("--access-log-format=combined", false);
	check_log("--access-log-format=json", true);
}
END_TEST

static Suite *
site_suite(void)
{
	const TTest *const tests[] = { coding, fields, bad_fields, error_pages,
		mime_types, listing, status, access_log };
	Suite *suite = suite_create("e2e_site");
	TCase *tc = tcase_create("site");

	for (int i = 0; i < CASES(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(site_suite());
}
