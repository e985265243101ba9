#include "site/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

static int root;

static void
setup(void)
{
	root = open(temp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(root, -1);
}

static void
teardown(void)
{
	close(root);
}

static void
make_file(const char *name, off_t size)
{
	int fd = openat(root, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_msg(fd != -1, "%s: %s", name, strerror(errno));
	ck_assert_int_eq(ftruncate(fd, size), 0);
	close(fd);
}

static void
make_dir(const char *name)
{
	ck_assert_int_eq(mkdirat(root, name, 0755), 0);
}

static void
make_link(const char *target, const char *name)
{
	ck_assert_int_eq(symlinkat(target, root, name), 0);
}

static void
set_time(const char *name, time_t seconds)
{
	struct timespec times[] = { { .tv_sec = seconds },
		{ .tv_sec = seconds } };

	ck_assert_int_eq(utimensat(root, name, times, 0), 0);
}

static struct directory
read_sorted(const char *path, const struct listing_view *view)
{
	struct directory d = { 0 };

	ck_assert_msg(directory_read(&d, root, path) == 0, "%s: %s", path,
	    strerror(errno));
	directory_sort(&d, view);
	return d;
}

/* The names, with a slash after a directory's and a space between two. */
static void
check_names(const char *path, const struct listing_view *view, const char *want)
{
	struct directory d = read_sorted(path, view);
	char got[256] = "";

	for (size_t i = 0; i < d.count; i++) {
		size_t len = strlen(got);

		snprintf(got + len, sizeof(got) - len, "%s%s%s",
		    i > 0 ? " " : "", d.entries[i].name,
		    d.entries[i].is_dir ? "/" : "");
	}
	ck_assert_str_eq(got, want);
	directory_free(&d);
}

static const struct listing_view by_name = { .order = LISTING_BY_NAME };

START_TEST(what_is_read)
{
	make_file("file", 0);
	make_dir("dir");
	make_file("dir/inner", 0);
	make_file(".hidden", 0);
	make_dir(".git");
	ck_assert_int_eq(mkfifoat(root, "fifo", 0644), 0);
	make_link("fifo", "fifo-link");
	make_link("/etc/passwd", "absolute");
	make_link("..", "parent");
	make_link("nowhere", "dangling");
	make_link("loop", "loop");
	check_names("", &by_name, "dir/ file");
	check_names("dir/", &by_name, "inner");
}
END_TEST

/* Nobody can ask for them: see url_decode_path(). */
START_TEST(names_with_control_characters)
{
	static const char *const names[] = { "new\nline", "tab\t", "\x1b[2J",
		"\x01", "del\x7f", "a b", "\x80", "~" };

	for (int i = 0; i < CASES(names); i++)
		make_file(names[i], 0);
	make_dir("dir\r");
	check_names("", &by_name, "a b ~ \x80");
}
END_TEST

/* A link counts as what it leads to, wherever beneath the root that is. */
START_TEST(links_inside)
{
	struct directory d;

	if (!follows_links())
		return;
	make_dir("dir");
	make_file("file", 12345);
	set_time("file", 678);
	make_link("../file", "dir/up");
	make_link("../dir", "dir/again");
	check_names("dir/", &by_name, "again/ up");
	d = read_sorted("dir/", &by_name);
	ck_assert_uint_eq(d.entries[1].size, 12345);
	ck_assert_int_eq(d.entries[1].modified, 678);
	directory_free(&d);
}
END_TEST

static const struct {
	struct listing_view view;
	const char *names;
} orders[] = {
	{ { .order = LISTING_BY_NAME }, "D/ e/ A B b c" },
	{ { .order = LISTING_BY_NAME, .descending = true }, "e/ D/ c b B A" },
	{ { .order = LISTING_BY_SIZE }, "D/ e/ B A b c" },
	{ { .order = LISTING_BY_SIZE, .descending = true }, "D/ e/ A b c B" },
	{ { .order = LISTING_BY_TIME }, "e/ D/ b A B c" },
	{ { .order = LISTING_BY_TIME, .descending = true }, "D/ e/ c A B b" },
};

START_TEST(order)
{
	static const struct {
		const char *name;
		off_t size;
		time_t time;
	} files[] = {
		{ "b", 5, 1 },
		{ "c", 5, 7 },
		{ "A", 5, 4 },
		{ "B", 0, 4 },
	};

	for (int i = 0; i < CASES(files); i++) {
		make_file(files[i].name, files[i].size);
		set_time(files[i].name, files[i].time);
	}
	make_dir("e");
	make_dir("D");
	set_time("e", 100);
	set_time("D", 200);
	check_names("", &orders[_i].view, orders[_i].names);
}
END_TEST

/* Names of which one begins another, or that differ in case alone. */
START_TEST(order_of_names)
{
	static const char *const names[] = { "ab", "a", "A", "aB", "_", "Z",
		"\xc3\xa4", "1", "10", "2" };

	for (int i = 0; i < CASES(names); i++)
		make_file(names[i], 0);
	check_names("", &by_name, "1 10 2 _ A a aB ab Z \xc3\xa4");
}
END_TEST

START_TEST(early_time)
{
	struct directory d;

	make_file("file", 1);
	set_time("file", -5);
	d = read_sorted("", &by_name);
	ck_assert_int_eq(d.entries[0].modified, 0);
	directory_free(&d);
}
END_TEST

static const struct {
	const char *path;
	int error;
} failures[] = {
	{ "none/", ENOENT },
	{ "file/", ENOTDIR },
	{ "file", ENOTDIR },
	{ "fifo", ENOTDIR },
	{ "../", EXDEV },
};

static int
lowest_free_descriptor(void)
{
	int fd = dup(root), number = fd;

	close(fd);
	return number;
}

START_TEST(fails)
{
	struct directory d = { 0 };
	int next = lowest_free_descriptor();

	make_file("file", 0);
	ck_assert_int_eq(mkfifoat(root, "fifo", 0644), 0);
	ck_assert_int_eq(directory_read(&d, root, failures[_i].path), -1);
	ck_assert_int_eq(errno, failures[_i].error);
	ck_assert_uint_eq(d.count, 0);
	directory_free(&d);
	/* Nothing was left open. */
	ck_assert_int_eq(lowest_free_descriptor(), next);
}
END_TEST

static Suite *
directory_suite(void)
{
	Suite *suite = suite_create("directory");
	TCase *tc = tcase_create("directory");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_read);
	tcase_add_test(tc, names_with_control_characters);
	tcase_add_test(tc, links_inside);
	tcase_add_loop_test(tc, order, 0, CASES(orders));
	tcase_add_test(tc, order_of_names);
	tcase_add_test(tc, early_time);
	tcase_add_loop_test(tc, fails, 0, CASES(failures));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(directory_suite());
}
