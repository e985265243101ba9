#include "site/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/daemon.h"
#include "tests/run.h"

#define WALL INT64_C(4000000000000) /* 2096: later than any file here */

static struct {
	const char *root;
	struct files *files;
	struct instant now;
} site;

static void
write_file(const char *name, const char *text)
{
	temp_file(site.root, name, text, strlen(text));
}

static const char *
path_of(const char *name)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", site.root, name);
	return path;
}

static void
make_dir(const char *name)
{
	ck_assert_int_eq(mkdir(path_of(name), 0755), 0);
}

static void
setup(void)
{
	site.root = temp_dir();
	site.now = (struct instant){ .mono = 1, .wall = WALL };
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
	ck_assert_int_eq(symlink("/etc/passwd", path_of("passwd")), 0);
	ck_assert_int_eq(symlink("a.txt", path_of("link.txt")), 0);
	ck_assert_int_eq(symlink("self", path_of("self")), 0);
	site.files = files_new(site.root);
	ck_assert_ptr_nonnull(site.files);
}

static void
teardown(void)
{
	files_free(site.files);
}

/* The file's content, from memory or its descriptor, which is closed. */
static struct buf
content_of(const struct http_response *res)
{
	struct buf b = { 0 };

	if (res->fd == -1) {
		buf_add_str(&b, res->body);
	} else {
		char *to = buf_reserve(&b, (size_t)res->length + 1);
		ssize_t n = read(res->fd, to, (size_t)res->length + 1);

		ck_assert_int_eq(n, (ssize_t)res->length);
		buf_commit(&b, (size_t)n);
		close(res->fd);
	}
	return b;
}

static struct http_response
get(struct str path, struct str query)
{
	struct http_response res = { .status = 200, .fd = -1 };

	files_answer(site.files, path, query, &res, site.now);
	return res;
}

/* Checks status and content of a path, on a turn of its own. */
static void
check_get(struct str path, int status, const char *text)
{
	struct http_response res;
	struct buf content;

	site.now.mono++;
	res = get(path, STR(""));
	content = content_of(&res);
	buf_add(&content, "", 1);
	ck_assert_msg(res.status == status, "%.*s: %d, not %d", (int)path.len,
	    path.p, res.status, status);
	ck_assert_msg(strcmp(buf_data(&content), text) == 0, "%.*s: '%s'",
	    (int)path.len, path.p, buf_data(&content));
	buf_free(&content);
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

/* The value of a field among those of the response; valid until the next. */
static const char *
field(const struct http_response *res, const char *name)
{
	static char head[1024];
	const char *value;

	snprintf(head, sizeof(head), "\n%.*s\r\n", (int)res->fields.len,
	    res->fields.p);
	value = response_field(head, name);
	return value != NULL ? value : "";
}

START_TEST(validators)
{
	const struct timespec times[2] = { { 784111777, 0 }, { 784111777, 5 } };
	struct http_response res;
	char tag[128];

	ck_assert_int_eq(utimensat(AT_FDCWD, path_of("a.txt"), times, 0), 0);
	res = get(STR("/a.txt"), STR(""));
	ck_assert_str_eq(
	    field(&res, "Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
	snprintf(tag, sizeof(tag), "%s", field(&res, "ETag"));
	ck_assert(tag[0] == '"' && tag[strlen(tag) - 1] == '"');
	write_file("a.txt", "other");
	site.now.mono++;
	res = get(STR("/a.txt"), STR(""));
	ck_assert_str_ne(field(&res, "ETag"), tag);
}
END_TEST

/* What changed is seen at the next instant. */

START_TEST(changed_content)
{
	char text[16];

	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "%08d", i);
		write_file("a.txt", text);
		check_get(STR("/a.txt"), 200, text);
	}
}
END_TEST

/* Written through a mapping, a file changes and its times do not: so it is
 * too where the clock of a file system is coarse. */
START_TEST(changed_in_one_tick)
{
	struct stat st;
	int fd = open(path_of("a.txt"), O_RDWR | O_CLOEXEC);
	char *map = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	map[0] = 'n';
	ck_assert_int_eq(fstat(fd, &st), 0);
	site.now.wall = (int64_t)st.st_ctim.tv_sec * 1000 + 999;
	check_get(STR("/a.txt"), 200, "next");
	map[0] = 't';
	check_get(STR("/a.txt"), 200, "text");
	munmap(map, 4);
	close(fd);
}
END_TEST

/* The watch does not see what is written through a mapping. */
START_TEST(changed_unseen)
{
	int fd = open(path_of("a.txt"), O_RDWR | O_CLOEXEC);
	char *map = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	check_get(STR("/a.txt"), 200, "text");
	check_get(STR("/a.txt"), 200, "text");
	map[0] = 'n';
	ck_assert_int_eq(msync(map, 4, MS_SYNC), 0);
	site.now.mono += SECONDS(1);
	check_get(STR("/a.txt"), 200, "next");
	munmap(map, 4);
	close(fd);
}
END_TEST

/* The file itself is the same, but its path leads to another. */
START_TEST(directory_replaced)
{
	char from[1024];

	check_get(STR("/dir/"), 200, "dir");
	check_get(STR("/dir/"), 200, "dir");
	make_dir("other");
	write_file("other/index.html", "other");
	snprintf(from, sizeof(from), "%s", path_of("dir"));
	ck_assert_int_eq(rename(from, path_of("old")), 0);
	ck_assert_int_eq(rename(path_of("other"), from), 0);
	check_get(STR("/dir/"), 200, "other");
}
END_TEST

/* RFC 9110, 8.8.2.1: the date is then that of the answer. */
START_TEST(changed_in_the_future)
{
	const struct timespec times[2] = { { 253402300799, 0 },
		{ 253402300799, 0 } };
	char fields[256];
	struct http_response res;

	ck_assert_int_eq(utimensat(AT_FDCWD, path_of("a.txt"), times, 0), 0);
	site.now.wall = INT64_C(784111777000);
	res = get(STR("/a.txt"), STR(""));
	snprintf(
	    fields, sizeof(fields), "%.*s", (int)res.fields.len, res.fields.p);
	ck_assert_ptr_nonnull(
	    strstr(fields, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
}
END_TEST

/* As cp -p or an archive leaves them: another content, the same mtime. */
START_TEST(changed_with_old_time)
{
	const struct timespec times[2] = { { 784111777, 0 }, { 784111777, 0 } };

	ck_assert_int_eq(utimensat(AT_FDCWD, path_of("a.txt"), times, 0), 0);
	check_get(STR("/a.txt"), 200, "text");
	write_file("a.txt", "next");
	ck_assert_int_eq(utimensat(AT_FDCWD, path_of("a.txt"), times, 0), 0);
	check_get(STR("/a.txt"), 200, "next");
}
END_TEST

START_TEST(replaced)
{
	char from[1024];

	check_get(STR("/a.txt"), 200, "text");
	write_file("new", "news");
	snprintf(from, sizeof(from), "%s", path_of("new"));
	ck_assert_int_eq(rename(from, path_of("a.txt")), 0);
	check_get(STR("/a.txt"), 200, "news");
	ck_assert_int_eq(unlink(path_of("a.txt")), 0);
	check_get(STR("/a.txt"), 404, "");
	write_file("a.txt", "back");
	check_get(STR("/a.txt"), 200, "back");
}
END_TEST

/* A cached file that became a link out of the root is not served. */
START_TEST(replaced_by_link)
{
	check_get(STR("/a.txt"), 200, "text");
	ck_assert_int_eq(unlink(path_of("a.txt")), 0);
	ck_assert_int_eq(symlink("/etc/passwd", path_of("a.txt")), 0);
	check_get(STR("/a.txt"), 404, "");
}
END_TEST

START_TEST(replaced_by_directory)
{
	check_get(STR("/a.txt"), 200, "text");
	ck_assert_int_eq(unlink(path_of("a.txt")), 0);
	make_dir("a.txt");
	site.now.mono++;
	ck_assert_int_eq(get(STR("/a.txt"), STR("")).status, 301);
}
END_TEST

/* Requests of one instant share a look, whatever happens meanwhile. */
START_TEST(one_look)
{
	check_get(STR("/a.txt"), 200, "text");
	ck_assert_int_eq(unlink(path_of("a.txt")), 0);
	site.now.mono--;
	check_get(STR("/a.txt"), 200, "text");
	check_get(STR("/a.txt"), 404, "");
}
END_TEST

/* Small ones come from memory, larger ones by descriptor. */

static char *
make_sized(const char *name, size_t size)
{
	char *data = malloc(size);

	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < size; i++)
		data[i] = (char)('a' + i % 23);
	temp_file(site.root, name, data, size);
	return data;
}

static void
check_sized(struct str path, const char *data, size_t size, bool by_fd)
{
	struct http_response res = get(path, STR(""));
	struct buf content;

	ck_assert(by_fd == (res.fd != -1));
	if (by_fd)
		ck_assert_uint_eq(res.length, size);
	content = content_of(&res);
	ck_assert_uint_eq(buf_len(&content), size);
	ck_assert_int_eq(memcmp(buf_data(&content), data, size), 0);
	buf_free(&content);
}

START_TEST(sizes)
{
	char *small = make_sized("small", FILES_SMALL_MAX);
	char *large = make_sized("large", FILES_SMALL_MAX + 1);

	for (int i = 0; i < 3; i++) {
		check_sized(STR("/small"), small, FILES_SMALL_MAX, false);
		check_sized(STR("/large"), large, FILES_SMALL_MAX + 1, true);
		site.now.mono++;
	}
	free(small);
	free(large);
}
END_TEST

/* More small files than are kept.  A file that is gone shows, within an
 * instant, whether it was: all were served, the first is no longer kept. */
START_TEST(eviction)
{
	enum {
		FILES = FILES_CACHE_MAX / FILES_SMALL_MAX + 1
	};
	char *data = make_sized("original", FILES_SMALL_MAX);
	char name[32], from[1024];

	snprintf(from, sizeof(from), "%s", path_of("original"));
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "/n%d", i);
		ck_assert_int_eq(link(from, path_of(name)), 0);
		check_sized(str_of(name), data, FILES_SMALL_MAX, false);
		ck_assert_int_eq(unlink(path_of(name)), 0);
	}
	check_sized(str_of(name), data, FILES_SMALL_MAX, false);
	ck_assert_int_eq(get(STR("/n0"), STR("")).status, 404);
	free(data);
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
		puts("skipped: nothing is forbidden to root");
		return;
	}
	ck_assert_int_eq(chmod(path_of("a.txt"), 0), 0);
	check_get(STR("/a.txt"), 403, "");
}
END_TEST

START_TEST(no_root)
{
	ck_assert_ptr_null(files_new("/nonexistent"));
	ck_assert_ptr_null(files_new(path_of("a.txt")));
}
END_TEST

static void
add_cache_tests(TCase *tc)
{
	tcase_add_test(tc, validators);
	tcase_add_test(tc, changed_content);
	tcase_add_test(tc, changed_in_one_tick);
	tcase_add_test(tc, changed_unseen);
	tcase_add_test(tc, directory_replaced);
	tcase_add_test(tc, changed_in_the_future);
	tcase_add_test(tc, changed_with_old_time);
	tcase_add_test(tc, replaced);
	tcase_add_test(tc, replaced_by_link);
	tcase_add_test(tc, replaced_by_directory);
	tcase_add_test(tc, one_look);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, eviction);
}

static Suite *
files_suite(void)
{
	Suite *suite = suite_create("files");
	TCase *tc = tcase_create("files");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, answer, 0, CASES(gets));
	tcase_add_loop_test(tc, type, 0, CASES(types));
	tcase_add_loop_test(tc, redirect, 0, CASES(redirects));
	add_cache_tests(tc);
	tcase_add_test(tc, long_paths);
	tcase_add_test(tc, forbidden);
	tcase_add_test(tc, no_root);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(files_suite());
}
