#include "site/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "site/cache.h"
#include "tests/daemon.h"
#include "tests/run.h"
#include "tests/site.h"

static void
setup(void)
{
	site_setup();
	make_dir("dir");
	make_dir("bare");
	make_dir("a b<\"&'>");
	make_dir(".git");
	write_file("index.html", "front");
	write_file("a.txt", "text");
	write_file("page.html", "page");
	write_file("unknown", "?");
	write_file("empty.css", "");
	write_file("a b.txt", "space");
	write_file("\xc3\xa4.txt", "umlaut");
	write_file("dir/index.html", "dir");
	write_file("bare/file.js", "js");
	write_file("a b<\"&'>/index.html", "odd");
	write_file(".secret", "secret");
	write_file(".git/config", "secret");
	write_file("dir/.secret", "secret");
	ck_assert_int_eq(mkfifo(path_of("fifo"), 0644), 0);
	make_link("/etc/passwd", "passwd");
	make_link("a.txt", "link.txt");
	make_link("self", "self");
}

static const struct {
	struct str path;
	int status;
	const char *text;
} gets[] = {
	{ STR("/"), 200, "front" },
	{ STR("//"), 200, "front" },
	{ STR("/index.html"), 200, "front" },
	{ STR("/a.txt"), 200, "text" },
	{ STR("//a.txt"), 200, "text" },
	{ STR("/./a.txt"), 200, "text" },
	{ STR("/dir/../a.txt"), 200, "text" },
	{ STR("/%61%2etxt"), 200, "text" },
	{ STR("/link.txt"), 200, "text" },
	{ STR("/empty.css"), 200, "" },
	{ STR("/a%20b.txt"), 200, "space" },
	{ STR("/%C3%A4.txt"), 200, "umlaut" },
	{ STR("/dir/"), 200, "dir" },
	{ STR("/dir/."), 200, "dir" },
	{ STR("/bare/file.js"), 200, "js" },
	{ STR("/bare/.."), 200, "front" },

	/* Not there. */
	{ STR("/none"), 404, "" },
	{ STR("/none/"), 404, "" },
	{ STR("/bare/"), 404, "" },
	{ STR("/a.txt/"), 404, "" },
	{ STR("/a.txt/a.txt"), 404, "" },
	{ STR("/A.TXT"), 404, "" },
	{ STR("/a.txt%20"), 404, "" },
	{ STR("/*"), 404, "" },

	/* Not to be seen. */
	{ STR("/.secret"), 404, "" },
	{ STR("/%2esecret"), 404, "" },
	{ STR("/%2Esecret"), 404, "" },
	{ STR("/.git/config"), 404, "" },
	{ STR("/.git"), 404, "" },
	{ STR("/.git/"), 404, "" },
	{ STR("/dir/.secret"), 404, "" },
	{ STR("/dir%2f.secret"), 404, "" },
	{ STR("/..."), 404, "" },
	{ STR("/passwd"), 404, "" },
	{ STR("/fifo"), 404, "" },
	{ STR("/self"), 404, "" },

	/* Above the root there is only the root again. */
	{ STR("/../../../../../../etc/passwd"), 404, "" },
	{ STR("/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd"), 404, "" },
	{ STR("/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd"), 404, "" },
	{ STR("/.%2e/.%2e/.%2e/.%2e/.%2e/etc/passwd"), 404, "" },
	{ STR("/dir/../../../../../../etc/passwd"), 404, "" },
	{ STR("/..;/..;/etc/passwd"), 404, "" },
	{ STR("/..\\..\\..\\etc\\passwd"), 404, "" },
	{ STR("/%5c..%5c..%5cetc%5cpasswd"), 404, "" },
	{ STR("/%252e%252e/%252e%252e/etc/passwd"), 404, "" },
	{ STR("/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd"), 404, "" },
	{ STR("//etc/passwd"), 404, "" },
	{ STR("/%2fetc/passwd"), 404, "" },
	{ STR("/proc/self/environ"), 404, "" },

	/* Malformed. */
	{ STR("/%00"), 400, "" },
	{ STR("/a.txt%00"), 400, "" },
	{ STR("/a.txt%00.html"), 400, "" },
	{ STR("/%"), 400, "" },
	{ STR("/%4"), 400, "" },
	{ STR("/%zz"), 400, "" },
	{ STR("/%0d%0aSet-Cookie:a"), 400, "" },
};

/* Of a file behind a link, where links cannot be followed. */
static bool
is_out_of_reach(struct str path)
{
	return str_eq(path, STR("/link.txt")) && !follows_links();
}

START_TEST(answer)
{
	if (is_out_of_reach(gets[_i].path))
		return;
	/* From the disk, from the cache, and at the same instant again. */
	check_get(gets[_i].path, gets[_i].status, gets[_i].text);
	check_get(gets[_i].path, gets[_i].status, gets[_i].text);
	site.now.mono--;
	check_get(gets[_i].path, gets[_i].status, gets[_i].text);
}
END_TEST

static const struct {
	struct str path, type;
} types[] = {
	{ STR("/"), STR("text/html; charset=utf-8") },
	{ STR("/dir/"), STR("text/html; charset=utf-8") },
	{ STR("/a.txt"), STR("text/plain; charset=utf-8") },
	{ STR("/link.txt"), STR("text/plain; charset=utf-8") },
	{ STR("/bare/file.js"), STR("text/javascript; charset=utf-8") },
	{ STR("/empty.css"), STR("text/css; charset=utf-8") },
	{ STR("/unknown"), STR("application/octet-stream") },
};

START_TEST(type)
{
	struct http_response res;

	if (is_out_of_reach(types[_i].path))
		return;
	res = get(types[_i].path, STR(""));
	ck_assert(str_eq(res.type, types[_i].type));
	if (res.fd != -1)
		close(res.fd);
}
END_TEST

/* The redirect of a directory stays on this server, and is one line. */
static const struct {
	struct str path, query;
	const char *location;
} redirects[] = {
	{ STR("/dir"), STR(""), "/dir/" },
	{ STR("//dir"), STR(""), "/dir/" },
	{ STR("///dir"), STR(""), "/dir/" },
	{ STR("/%2fdir"), STR(""), "/dir/" },
	{ STR("/bare/../dir"), STR(""), "/dir/" },
	{ STR("/bare"), STR(""), "/bare/" },
	{ STR("/dir"), STR("a=1&b=2"), "/dir/?a=1&b=2" },
	{ STR("/dir"), STR("a=%0d%0aX:y"), "/dir/?a=%0d%0aX:y" },
	{ STR("/dir"), STR("\"><script>"), "/dir/?%22%3E%3Cscript%3E" },
	{ STR("/dir"), STR("\xc3\xa4"), "/dir/?%C3%A4" },
	{ STR("/a%20b%3c%22&'%3E"), STR(""), "/a%20b%3C%22%26%27%3E/" },
};

START_TEST(redirect)
{
	struct http_response res = get(redirects[_i].path, redirects[_i].query);
	char expected[256];
	int len;

	len = snprintf(expected, sizeof(expected), "Location: %s\r\n",
	    redirects[_i].location);
	ck_assert_int_eq(res.status, 301);
	ck_assert_int_eq(res.fd, -1);
	ck_assert_msg(str_eq(res.fields, (struct str){ expected, (size_t)len }),
	    "'%.*s' is not '%s'", (int)res.fields.len, res.fields.p, expected);
}
END_TEST

/* Which fields say of a file when and what it was. */

static void
copy_etag(char out[128], const char *name)
{
	char path[64];
	struct http_response res;

	site.now.mono++;
	snprintf(path, sizeof(path), "/%s", name);
	res = get(str_of(path), STR(""));
	ck_assert_int_eq(res.status, 200);
	snprintf(out, 128, "%s", field_of(&res, "ETag"));
	ck_assert(str_eq(res.validators.etag, str_of(out)));
	ck_assert(res.validators.etag.p >= res.fields.p &&
	    res.validators.etag.p < res.fields.p + res.fields.len);
	ck_assert(out[0] == '"' && out[strlen(out) - 1] == '"');
}

#define LARGE      "large.bin"
#define LARGE_SIZE (CACHE_FILE_MAX + 1)

static void
make_large(const char *name, size_t size)
{
	free(make_sized(name, size));
	set_times(name, 784111777, 5);
}

/* Its owner is set to what it is, which alone moves the ctime. */
static void
change_ctime(void)
{
	struct stat before, after;

	ck_assert_int_eq(stat(path_of(LARGE), &before), 0);
	do {
		ck_assert_int_eq(chown(path_of(LARGE), geteuid(), -1u), 0);
		ck_assert_int_eq(stat(path_of(LARGE), &after), 0);
	} while (memcmp(&before.st_ctim, &after.st_ctim,
		     sizeof(before.st_ctim)) == 0);
}

static void
change_seconds(void)
{
	set_times(LARGE, 784111778, 5);
}

static void
change_nanoseconds(void)
{
	set_times(LARGE, 784111777, 6);
}

static void
change_size(void)
{
	make_large(LARGE, LARGE_SIZE + 1);
}

static void
change_inode(void)
{
	make_large("new", LARGE_SIZE);
	rename_file("new", LARGE);
}

static void (*const etag_changes[])(void) = { change_ctime, change_seconds,
	change_nanoseconds, change_size, change_inode };

START_TEST(etag_of_large)
{
	char before[128], same[128], after[128];

	make_large(LARGE, LARGE_SIZE);
	copy_etag(before, LARGE);
	copy_etag(same, LARGE);
	ck_assert_str_eq(before, same);
	etag_changes[_i]();
	copy_etag(after, LARGE);
	ck_assert_str_ne(before, after);
}
END_TEST

/* A small file's tells its content alone, whatever its times are. */
START_TEST(etag_of_small)
{
	static const char *const others[] = { "tex7", "text ", "", "7ext" };
	char before[128], after[128];

	set_times("a.txt", 784111777, 5);
	copy_etag(before, "a.txt");
	set_times("a.txt", 784111778, 6);
	copy_etag(after, "a.txt");
	ck_assert_str_eq(before, after);
	for (int i = 0; i < CASES(others); i++) {
		write_file("a.txt", others[i]);
		set_times("a.txt", 784111777, 5);
		copy_etag(after, "a.txt");
		ck_assert_str_ne(before, after);
	}
}
END_TEST

static const struct {
	int64_t modified, now; /* seconds */
	int64_t expected;
	const char *date;
} dates[] = {
	{ 784111777, SITE_WALL / 1000, 784111777,
	    "Sun, 06 Nov 1994 08:49:37 GMT" },
	/* RFC 9110, 8.8.2.1: the date is then that of the answer. */
	{ 784111778, 784111777, 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
	{ -86400, 784111777, 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
};

START_TEST(last_modified)
{
	set_times("a.txt", dates[_i].modified, 0);
	site.now.wall = dates[_i].now * 1000;
	for (int i = 0; i < 2; i++) {
		struct http_response res = get(STR("/a.txt"), STR(""));

		ck_assert_str_eq(
		    field_of(&res, "Last-Modified"), dates[_i].date);
		ck_assert_int_eq(res.validators.modified, dates[_i].expected);
	}
}
END_TEST

/* Of what is sent, and of nothing else. */
static const struct {
	struct str path;
	bool has_it;
} controlled[] = {
	{ STR("/a.txt"), true },
	{ STR("/"), true },
	{ STR("/bare/"), true },
	{ STR("/bare"), false },
	{ STR("/none"), false },
	{ STR("/%00"), false },
};

START_TEST(cache_control)
{
	struct http_response res;

	site.config.listing = true;
	res = get(controlled[_i].path, STR(""));
	ck_assert_str_eq(field_of(&res, "Cache-Control"), "");
	site.config.cache_control = "max-age=60, public";
	site_restart();
	for (int i = 0; i < 2; i++) {
		res = get(controlled[_i].path, STR(""));
		ck_assert_str_eq(field_of(&res, "Cache-Control"),
		    controlled[_i].has_it ? "max-age=60, public" : "");
	}
}
END_TEST

/* What is in memory gets its new type too. */
START_TEST(new_types)
{
	struct mime *mime = mime_new();
	unsigned line;

	ck_assert_ptr_nonnull(mime);
	ck_assert_int_eq(mime_read(mime, STR("image/x txt\n"), &line), 0);
	check_get(STR("/a.txt"), 200, "text");
	files_set_mime(site.files, mime);
	for (int i = 0; i < 2; i++)
		ck_assert(
		    str_eq(get(STR("/a.txt"), STR("")).type, STR("image/x")));
	files_set_mime(site.files, NULL);
	mime_free(mime);
	ck_assert(str_eq(get(STR("/a.txt"), STR("")).type,
	    STR("text/plain; charset=utf-8")));
}
END_TEST

/* Directories without an index. */

static void
start_listing(void)
{
	site.config.listing = true;
	site_restart();
}

static bool
contains(const struct http_response *res, const char *text)
{
	return memmem(res->body.p, res->body.len, text, strlen(text)) != NULL;
}

static const struct {
	const char *accept; /* NULL: no such field */
	bool is_json;
} accepts[] = {
	{ NULL, false },
	{ "*/*", false },
	{ "text/html", false },
	{ "application/json", true },
	{ "application/json, text/html", false },
	{ "application/json, text/html;q=0.9", true },
	{ "text/html, application/json;q=0.9", false },
	{ "image/png", false },
};

START_TEST(listing)
{
	bool is_json = accepts[_i].is_json;
	struct http_response res;

	start_listing();
	site_field("Accept", accepts[_i].accept);
	res = get(STR("/bare/"), STR("sort=size"));
	ck_assert_int_eq(res.status, 200);
	ck_assert(str_eq(res.type,
	    is_json ? STR("application/json")
		    : STR("text/html; charset=utf-8")));
	ck_assert_str_eq(field_of(&res, "Vary"), "Accept");
	ck_assert_str_eq(field_of(&res, "X-Content-Type-Options"), "nosniff");
	ck_assert_str_eq(field_of(&res, "Content-Security-Policy"),
	    is_json ? "" : "default-src 'none'; style-src 'unsafe-inline'");
	ck_assert_uint_eq(res.validators.etag.len, 0);
	ck_assert_int_eq(res.validators.modified, -1);
	ck_assert(contains(&res, "file.js"));
	ck_assert(contains(&res, "<html") == !is_json);
}
END_TEST

static void
no_index(void)
{
}

static void
index_is_directory(void)
{
	make_dir("bare/index.html");
}

static void
index_is_dangling(void)
{
	make_link("nowhere", "bare/index.html");
}

static void
index_is_outside(void)
{
	make_link("/etc/passwd", "bare/index.html");
}

static void
index_is_loop(void)
{
	make_link("index.html", "bare/index.html");
}

static void
index_is_fifo(void)
{
	ck_assert_int_eq(mkfifo(path_of("bare/index.html"), 0644), 0);
}

/* What is an index of any kind hides the listing, but for a directory. */
static const struct {
	struct str path;
	void (*prepare)(void);
	int status; /* with listings; 404 or the same without */
} directories[] = {
	{ STR("/bare/"), no_index, 200 },
	{ STR("/bare/."), no_index, 200 },
	{ STR("/bare"), no_index, 301 },
	{ STR("/bare/"), index_is_directory, 200 },
	{ STR("/bare/"), index_is_dangling, 404 },
	{ STR("/bare/"), index_is_outside, 404 },
	{ STR("/bare/"), index_is_loop, 404 },
	{ STR("/bare/"), index_is_fifo, 404 },
	{ STR("/none/"), no_index, 404 },
	{ STR("/none"), no_index, 404 },
	{ STR("/a.txt/"), no_index, 404 },
	{ STR("/.git/"), no_index, 404 },
	{ STR("/%2egit/"), no_index, 404 },
	{ STR("/bare/index.html"), no_index, 404 },
	{ STR("/outside/"), no_index, 404 },
	{ STR("/..%2f..%2fetc/"), no_index, 404 },
	{ STR("/%00/"), no_index, 400 },
};

START_TEST(listed)
{
	int status = directories[_i].status;

	make_link("/tmp", "outside");
	directories[_i].prepare();
	ck_assert_int_eq(get(directories[_i].path, STR("")).status,
	    status == 200 ? 404 : status);
	start_listing();
	ck_assert_int_eq(get(directories[_i].path, STR("")).status, status);
}
END_TEST

/* The root too, and what changes in it is seen at once. */
START_TEST(listing_of_root)
{
	struct http_response res;

	start_listing();
	remove_file("index.html");
	res = get(STR("/"), STR(""));
	ck_assert_int_eq(res.status, 200);
	ck_assert(contains(&res, "page.html"));
	ck_assert(!contains(&res, "secret"));
	write_file("index.html", "front");
	check_get(STR("/"), 200, "front");
	remove_file("index.html");
	remove_file("page.html");
	site.now.mono++;
	res = get(STR("/"), STR(""));
	ck_assert(contains(&res, "a.txt"));
	ck_assert(!contains(&res, "page.html"));
}
END_TEST

/* The longest path that a target can have. */
START_TEST(long_paths)
{
	char *path = malloc(HTTP_TARGET_MAX);

	memset(path, 'a', HTTP_TARGET_MAX);
	path[0] = '/';
	check_get((struct str){ path, HTTP_TARGET_MAX }, 404, "");
	path[HTTP_TARGET_MAX - 1] = '/';
	check_get((struct str){ path, HTTP_TARGET_MAX }, 404, "");
	check_get((struct str){ path, 256 }, 404, "");
	check_get((struct str){ path, 257 }, 404, "");
	free(path);
}
END_TEST

START_TEST(forbidden)
{
	if (geteuid() == 0) {
		fputs("SKIPPED: nothing is forbidden to root\n", stderr);
		return;
	}
	ck_assert_int_eq(chmod(path_of("a.txt"), 0), 0);
	check_get(STR("/a.txt"), 403, "");
	ck_assert_int_eq(chmod(path_of("dir/index.html"), 0), 0);
	start_listing();
	check_get(STR("/dir/"), 403, "");
	ck_assert_int_eq(chmod(path_of("bare"), 0311), 0);
	check_get(STR("/bare/"), 403, "");
}
END_TEST

START_TEST(no_root)
{
	site.config.root = "/nonexistent";
	ck_assert_ptr_null(files_new(&site.config));
	site.config.root = path_of("a.txt");
	ck_assert_ptr_null(files_new(&site.config));
}
END_TEST

static TCase *
path_case(void)
{
	TCase *tc = tcase_create("paths");

	tcase_add_checked_fixture(tc, setup, site_teardown);
	tcase_add_loop_test(tc, answer, 0, CASES(gets));
	tcase_add_loop_test(tc, redirect, 0, CASES(redirects));
	tcase_add_test(tc, long_paths);
	tcase_add_test(tc, forbidden);
	tcase_add_test(tc, no_root);
	return tc;
}

static TCase *
field_case(void)
{
	TCase *tc = tcase_create("fields");

	tcase_add_checked_fixture(tc, setup, site_teardown);
	tcase_add_loop_test(tc, type, 0, CASES(types));
	tcase_add_test(tc, new_types);
	tcase_add_loop_test(tc, etag_of_large, 0, CASES(etag_changes));
	tcase_add_test(tc, etag_of_small);
	tcase_add_loop_test(tc, last_modified, 0, CASES(dates));
	tcase_add_loop_test(tc, cache_control, 0, CASES(controlled));
	return tc;
}

static TCase *
listing_case(void)
{
	TCase *tc = tcase_create("listings");

	tcase_add_checked_fixture(tc, setup, site_teardown);
	tcase_add_loop_test(tc, listing, 0, CASES(accepts));
	tcase_add_loop_test(tc, listed, 0, CASES(directories));
	tcase_add_test(tc, listing_of_root);
	return tc;
}

static Suite *
files_suite(void)
{
	Suite *suite = suite_create("files");

	suite_add_tcase(suite, path_case());
	suite_add_tcase(suite, field_case());
	suite_add_tcase(suite, listing_case());
	return suite;
}

int
main(void)
{
	return run_suite(files_suite());
}
