#include "site/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/markup.h"
#include "tests/run.h"

#define R         "\xef\xbf\xbd" /* the replacement, U+FFFD */
#define NAME_LONG 255            /* bytes, as long as a name may be */
#define MANY      700            /* files, more than fit on a page */
#define DEPTH     15  /* directories of long names that can be opened */
#define LONG      120 /* files of long names, more than fit on a page */

static struct {
	int root;
	struct buf page;
} site;

static void
setup(void)
{
	site.root = open(temp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(site.root, -1);
}

static void
teardown(void)
{
	close(site.root);
	buf_free(&site.page);
}

static void
make_sized(int dir, const char *name, off_t size)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_msg(fd != -1, "%s: %s", name, strerror(errno));
	ck_assert_int_eq(ftruncate(fd, size), 0);
	close(fd);
}

static void
make_file(const char *name)
{
	make_sized(site.root, name, 0);
}

static void
make_dir(const char *name)
{
	ck_assert_int_eq(mkdirat(site.root, name, 0755), 0);
}

static void
set_time(const char *name, time_t seconds)
{
	struct timespec times[] = { { .tv_sec = seconds },
		{ .tv_sec = seconds } };

	ck_assert_int_eq(utimensat(site.root, name, times, 0), 0);
}

/* The page of a directory, with a NUL. */
static const char *
list_view(const char *path, struct listing_view view)
{
	const char *text;

	buf_free(&site.page);
	ck_assert_msg(listing_write(&site.page, site.root, path, &view) == 0,
	    "%s: %s", path, strerror(errno));
	ck_assert_uint_le(buf_len(&site.page), LISTING_PAGE_MAX);
	buf_add(&site.page, "", 1);
	text = buf_data(&site.page);
	ck_assert_uint_eq(strlen(text) + 1, buf_len(&site.page));
	return text;
}

static const char *
list_html(const char *path, const char *query)
{
	const char *text = list_view(path, listing_view_parse(str_of(query)));

	check_html(text);
	return text;
}

static const char *
list_json(const char *path, const char *query)
{
	struct listing_view view = listing_view_parse(str_of(query));

	view.as_json = true;
	return list_view(path, view);
}

static void
check_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no '%s' in\n%s", part, text);
}

static void
check_lacks(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) == NULL, "'%s' in\n%s", part, text);
}

static const struct {
	const char *query;
	struct listing_view view;
} views[] = {
	{ "", { LISTING_BY_NAME, false, 0, false } },
	{ "sort=name", { LISTING_BY_NAME, false, 0, false } },
	{ "sort=size", { LISTING_BY_SIZE, false, 0, false } },
	{ "sort=time&order=desc&from=7", { LISTING_BY_TIME, true, 7, false } },
	{ "order=asc&sort=time", { LISTING_BY_TIME, false, 0, false } },
	{ "&&x=y&order=desc&", { LISTING_BY_NAME, true, 0, false } },
	{ "sort=size&sort=none", { LISTING_BY_NAME, false, 0, false } },
	{ "sort", { LISTING_BY_NAME, false, 0, false } },
	{ "sort=SIZE&order=down", { LISTING_BY_NAME, false, 0, false } },
	{ "from=10000", { LISTING_BY_NAME, false, 10000, false } },
	{ "from=10001", { LISTING_BY_NAME, false, 0, false } },
	{ "from=-1", { LISTING_BY_NAME, false, 0, false } },
	{ "from=5&from=x", { LISTING_BY_NAME, false, 0, false } },
	{ "from=99999999999999999999", { LISTING_BY_NAME, false, 0, false } },
};

START_TEST(view_of_query)
{
	struct listing_view got = listing_view_parse(str_of(views[_i].query));

	ck_assert_int_eq(got.order, views[_i].view.order);
	ck_assert(got.descending == views[_i].view.descending);
	ck_assert_uint_eq(got.from, views[_i].view.from);
	ck_assert(!got.as_json);
}
END_TEST

static const struct {
	const char *name, *href, *html, *json;
} names[] = {
	{ "plain.txt", "./plain.txt", "plain.txt", "plain.txt" },
	{ "a b", "./a%20b", "a b", "a b" },
	{ "<b>", "./%3Cb%3E", "&lt;b&gt;", "\\u003cb\\u003e" },
	{ "a&amp;b", "./a%26amp%3Bb", "a&amp;amp;b", "a\\u0026amp;b" },
	{ "\"x'", "./%22x%27", "&quot;x&#39;", "\\\"x'" },
	{ "javascript:alert(1)", "./javascript%3Aalert%281%29",
	    "javascript:alert(1)", "javascript:alert(1)" },
	{ "http:", "./http%3A", "http:", "http:" },
	{ "a?b#c", "./a%3Fb%23c", "a?b#c", "a?b#c" },
	{ "%41", "./%2541", "%41", "%41" },
	{ "back\\slash", "./back%5Cslash", "back\\slash", "back\\\\slash" },
	{ "caf\xe9", "./caf%E9", "caf" R, "caf" R },
	{ "caf\xc3\xa9", "./caf%C3%A9", "caf\xc3\xa9", "caf\xc3\xa9" },
	{ "\xe2\x80\xaegpj", "./%E2%80%AEgpj", R "gpj", R "gpj" },
	{ "\xc2\x85", "./%C2%85", R, R },
};

START_TEST(name_in_html)
{
	char want[256];

	make_file(names[_i].name);
	snprintf(want, sizeof(want), "<td><a href=\"%s\">%s</a></td>",
	    names[_i].href, names[_i].html);
	check_has(list_html("", ""), want);
}
END_TEST

START_TEST(name_in_json)
{
	char want[256];

	make_dir(names[_i].name);
	snprintf(want, sizeof(want), "{\"name\":\"%s\",\"href\":\"%s/\",",
	    names[_i].json, names[_i].href);
	check_has(list_json("", ""), want);
}
END_TEST

/* A link to such a name would be answered with 400. */
START_TEST(names_left_out)
{
	make_file("new\nline");
	make_file("\x1b[2J");
	make_dir("tab\t");
	check_has(list_json("", ""), "\"total\":0,\"truncated\":false,");
	check_lacks(list_html("", ""), "[2J");
	make_file("file");
	check_has(list_json("", ""), "\"total\":1,\"truncated\":false,");
}
END_TEST

/* All of a page, for the shape. */
START_TEST(json_page)
{
	make_dir("a");
	make_dir("a/b");
	make_sized(site.root, "a/c", 42);
	set_time("a/b", 1795403187);
	set_time("a/c", 0);
	ck_assert_str_eq(list_json("a/", ""),
	    "{\"path\":\"/a/\",\"entries\":[\n"
	    "{\"name\":\"b\",\"href\":\"./b/\",\"type\":\"directory\","
	    "\"size\":0,\"modified\":\"2026-11-23T03:06:27Z\"},\n"
	    "{\"name\":\"c\",\"href\":\"./c\",\"type\":\"file\","
	    "\"size\":42,\"modified\":\"1970-01-01T00:00:00Z\"}\n"
	    "],\"total\":2,\"truncated\":false,\"from\":0,\"next\":null}\n");
	ck_assert_str_eq(list_json("a/b/", ""),
	    "{\"path\":\"/a/b/\",\"entries\":[\n"
	    "],\"total\":0,\"truncated\":false,\"from\":0,\"next\":null}\n");
}
END_TEST

START_TEST(columns)
{
	check_has(list_html("", ""),
	    "<th scope=\"col\" aria-sort=\"ascending\">"
	    "<a href=\"?sort=name&amp;order=desc\">Name</a></th>\n"
	    "<th scope=\"col\">"
	    "<a href=\"?sort=size&amp;order=asc\">Size</a></th>\n"
	    "<th scope=\"col\">"
	    "<a href=\"?sort=time&amp;order=asc\">Modified</a></th>\n");
	check_has(list_html("", "sort=size&order=desc"),
	    "<th scope=\"col\" aria-sort=\"descending\">"
	    "<a href=\"?sort=size&amp;order=asc\">Size</a></th>\n");
}
END_TEST

START_TEST(path_shown)
{
	const char *page;

	make_dir("a&b");
	make_dir("a&b/caf\xe9");
	page = list_html("a&b/caf\xe9/", "");
	check_has(page, "<title>Index of /a&amp;b/caf" R "/</title>");
	check_has(page,
	    "<h1 id=\"path\"><a href=\"../../\">/</a>"
	    "<a href=\"../\">a&amp;b/</a>"
	    "<span aria-current=\"page\">caf" R "/</span></h1>");
	check_has(page, "<a href=\"../\">Parent directory</a>");
	check_has(page, "This directory is empty.");
	page = list_html("", "");
	check_has(page, "<title>Index of /</title>");
	check_has(page, "<h1 id=\"path\"><span aria-current=\"page\">/</span>");
	check_lacks(page, "Parent directory");
}
END_TEST

/* Of a deep path the last names are shown. */
START_TEST(deep_path)
{
	static const char path[] = "1/2/3/4/5/6/7/8/9/";
	const char *page;

	for (size_t i = 1; i < sizeof(path); i += 2) {
		char dir[sizeof(path)];

		snprintf(dir, sizeof(dir), "%.*s", (int)i, path);
		make_dir(dir);
	}
	check_has(list_html("1/2/3/4/5/6/7/8/", ""), "<title>Index of /1/2/");
	page = list_html(path, "");
	check_has(
	    page, "<title>Index of /\xe2\x80\xa6/2/3/4/5/6/7/8/9/</title>");
	check_has(page,
	    "<a href=\"../../../../../../../../../\">/</a>\xe2\x80\xa6/"
	    "<a href=\"../../../../../../../\">2/</a>");
	check_has(page, "<a href=\"../\">8/</a><span aria-current=\"page\">9/");
}
END_TEST

static const struct {
	off_t size;
	const char *html;
} sizes[] = {
	{ 0, "<td title=\"0 bytes\">0 B</td>" },
	{ 1, "<td title=\"1 byte\">1 B</td>" },
	{ 1023, "<td title=\"1023 bytes\">1023 B</td>" },
	{ 1024, "<td title=\"1024 bytes\">1.0 KiB</td>" },
	{ 10188, "<td title=\"10188 bytes\">9.9 KiB</td>" },
	{ 10189, "<td title=\"10189 bytes\">10 KiB</td>" },
	{ 1048063, "<td title=\"1048063 bytes\">1023 KiB</td>" },
	{ 1048064, "<td title=\"1048064 bytes\">1.0 MiB</td>" },
	{ 5000000000, "<td title=\"5000000000 bytes\">4.7 GiB</td>" },
	{ 1099511627776, "<td title=\"1099511627776 bytes\">1.0 TiB</td>" },
};

START_TEST(size)
{
	make_sized(site.root, "file", sizes[_i].size);
	check_has(list_html("", ""), sizes[_i].html);
}
END_TEST

static const struct {
	time_t time;
	const char *html;
} times[] = {
	{ 1795403187,
	    "<time datetime=\"2026-11-23T03:06:27Z\">2026-11-23<span> 03:06</"
	    "span></time>" },
	{ 951782400, "<time datetime=\"2000-02-29T00:00:00Z\">" },
	{ 0, "<time datetime=\"1970-01-01T00:00:00Z\">" },
	{ -1, "<time datetime=\"1970-01-01T00:00:00Z\">" },
};

START_TEST(modified)
{
	make_dir("dir");
	set_time("dir", times[_i].time);
	check_has(list_html("", ""), times[_i].html);
}
END_TEST

/* The order of a listing is that of its directory (test_directory.c). */
START_TEST(sorted)
{
	const char *page;

	make_sized(site.root, "small", 1);
	make_sized(site.root, "large", 2);
	page = list_html("", "sort=size&order=desc");
	ck_assert(strstr(page, "./large") < strstr(page, "./small"));
	page = list_json("", "sort=size");
	ck_assert(strstr(page, "./small") < strstr(page, "./large"));
}
END_TEST

/* Pages. */

static void
make_many(int n)
{
	char name[32];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "file-%05d", i);
		make_file(name);
	}
}

static size_t
count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

/* The from= of a link, whose sort order is that of the page; -1 if none. */
static long
link_from(const char *page, const char *rel, const char *view)
{
	char start[128];
	const char *at;

	snprintf(start, sizeof(start), "<a rel=\"%s\" href=\"?%s", rel, view);
	if ((at = strstr(page, start)) == NULL) {
		snprintf(start, sizeof(start), "rel=\"%s\"", rel);
		check_lacks(page, start);
		return -1;
	}
	at += strlen(start);
	if (strncmp(at, "&amp;from=", 10) != 0)
		return 0;
	return strtol(at + 10, NULL, 10);
}

/* Goes through all pages and back; each entry is on one of them. */
static size_t
turn_pages(const char *path, size_t total)
{
	static const char view[] = "sort=size&amp;order=desc";
	long from = 0, next, before = -1;
	size_t pages = 0, rows = 0;
	char query[64];

	for (; from != -1; from = next, pages++) {
		const char *page;
		size_t here;

		snprintf(query, sizeof(query), "sort=size&order=desc&from=%ld",
		    from);
		page = list_html(path, query);
		here = count(page, "<td><a href=\"./");
		next = link_from(page, "next", view);
		ck_assert_int_eq(link_from(page, "prev", view), before);
		ck_assert_uint_gt(here, 0);
		if (next != -1)
			ck_assert_int_eq(next, from + (long)here);
		rows += here;
		before = from;
	}
	ck_assert_uint_eq(rows, total);
	return pages;
}

START_TEST(html_pages)
{
	make_many(MANY);
	ck_assert_uint_ge(turn_pages("", MANY), 2);
}
END_TEST

/* The page before one that is not at a seam. */
START_TEST(page_before)
{
	const char *page;

	make_many(MANY);
	page = list_html("", "from=10");
	ck_assert_int_eq(link_from(page, "prev", "sort=name&amp;order=asc"), 0);
	check_has(page, "./file-00010");
	check_lacks(page, "./file-00009");
	page = list_html("", "from=9999");
	ck_assert_uint_eq(count(page, "<td><a href=\"./"), 0);
	check_has(page, "There are no more entries.");
	ck_assert_int_gt(link_from(page, "prev", "sort=name&amp;order=asc"), 0);
	ck_assert_int_eq(
	    link_from(page, "next", "sort=name&amp;order=asc"), -1);
}
END_TEST

static size_t
json_next(const char *page, size_t rows)
{
	const char *end = strstr(page, "\n],\"total\":");
	unsigned total, from, next;
	int n;

	ck_assert_ptr_nonnull(end);
	n = sscanf(end,
	    "\n],\"total\":%u,\"truncated\":false,\"from\":%u,\"next\":%u}",
	    &total, &from, &next);
	ck_assert_int_ge(n, 2);
	if (n == 2) {
		check_has(end, "\"next\":null}\n");
		ck_assert_uint_eq(from + rows, total);
		return 0;
	}
	ck_assert_uint_eq(from + rows, next);
	return next;
}

static size_t
turn_json_pages(const char *path)
{
	size_t from = 0, pages = 0;

	do {
		char query[32];
		const char *page;
		size_t rows;

		snprintf(query, sizeof(query), "from=%zu", from);
		page = list_json(path, query);
		rows = count(page, "\n{\"name\":");
		ck_assert_uint_gt(rows, 0);
		ck_assert_uint_eq(count(page, "},\n{"), rows - 1);
		from = json_next(page, rows);
		pages++;
	} while (from > 0);
	return pages;
}

START_TEST(json_pages)
{
	make_many(MANY);
	ck_assert_uint_ge(turn_json_pages(""), 2);
}
END_TEST

/* Each takes the most bytes in one of the places where a name stands. */
static const char long_bytes[] = { '&', '"', '\xff', '<', '\\', 'x' };

static void
long_name(char *out, char byte, unsigned number)
{
	memset(out, byte, NAME_LONG);
	out[0] = (char)('a' + number / 26);
	out[1] = (char)('a' + number % 26);
	out[NAME_LONG] = '\0';
}

/* In a directory whose path has such names too, as long as can be opened. */
START_TEST(long_names)
{
	char path[DEPTH * (NAME_LONG + 1) + 1] = "";
	char name[NAME_LONG + 1];
	int dir = dup(site.root);

	for (unsigned i = 0; i < DEPTH; i++) {
		int inner;

		long_name(name, long_bytes[_i], i);
		ck_assert_int_eq(mkdirat(dir, name, 0755), 0);
		inner = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ne(inner, -1);
		close(dir);
		dir = inner;
		strcat(path, name);
		strcat(path, "/");
	}
	for (unsigned i = 0; i < LONG; i++) {
		long_name(name, long_bytes[_i], i);
		make_sized(dir, name, 0);
	}
	close(dir);
	ck_assert_uint_ge(turn_pages(path, LONG), 2);
	ck_assert_uint_ge(turn_json_pages(path), 2);
}
END_TEST

START_TEST(too_many)
{
	make_many(LISTING_ENTRIES_MAX);
	check_has(list_json("", ""), "\"total\":10000,\"truncated\":false,");
	check_lacks(list_html("", ""), "There are more than");
	make_file("one-more");
	check_has(list_json("", ""), "\"total\":10000,\"truncated\":true,");
	check_has(list_html("", ""), "There are more than 10000 entries;");
}
END_TEST

/* What stands in the buffer already is no part of the page. */
START_TEST(appends)
{
	static char before[2 * LISTING_PAGE_MAX];
	struct listing_view by_name = { .order = LISTING_BY_NAME };
	size_t len;

	make_many(MANY);
	list_html("", "");
	len = buf_len(&site.page) - 1;
	buf_drain(&site.page, buf_len(&site.page));
	buf_add(&site.page, before, sizeof(before));
	ck_assert_int_eq(listing_write(&site.page, site.root, "", &by_name), 0);
	ck_assert_uint_eq(buf_len(&site.page), sizeof(before) + len);
}
END_TEST

START_TEST(no_directory)
{
	struct listing_view by_name = { .order = LISTING_BY_NAME };

	ck_assert_int_eq(
	    listing_write(&site.page, site.root, "none/", &by_name), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_uint_eq(buf_len(&site.page), 0);
}
END_TEST

START_TEST(without_memory)
{
	struct listing_view view = { .as_json = _i };

	make_file("file");
	site.page.failed = true;
	ck_assert_int_eq(listing_write(&site.page, site.root, "", &view), -1);
	ck_assert_int_eq(errno, ENOMEM);
}
END_TEST

static Suite *
listing_suite(void)
{
	Suite *suite = suite_create("listing");
	TCase *tc = tcase_create("listing");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, view_of_query, 0, CASES(views));
	tcase_add_loop_test(tc, name_in_html, 0, CASES(names));
	tcase_add_loop_test(tc, name_in_json, 0, CASES(names));
	tcase_add_test(tc, names_left_out);
	tcase_add_test(tc, json_page);
	tcase_add_test(tc, columns);
	tcase_add_test(tc, path_shown);
	tcase_add_test(tc, deep_path);
	tcase_add_loop_test(tc, size, 0, CASES(sizes));
	tcase_add_loop_test(tc, modified, 0, CASES(times));
	tcase_add_test(tc, sorted);
	tcase_add_test(tc, html_pages);
	tcase_add_test(tc, page_before);
	tcase_add_test(tc, json_pages);
	tcase_add_loop_test(tc, long_names, 0, CASES(long_bytes));
	tcase_add_test(tc, too_many);
	tcase_add_test(tc, appends);
	tcase_add_test(tc, no_directory);
	tcase_add_loop_test(tc, without_memory, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(listing_suite());
}
