#include "site/watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

static const char *dir;
static int root;
static struct watch *watch;

static const char *
path_of(const char *name)
{
	static char paths[2][1024];
	static int next;

	next = !next;
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
	return paths[next];
}

static void
setup(void)
{
	dir = temp_dir();
	ck_assert_int_eq(mkdir(path_of("a"), 0755), 0);
	ck_assert_int_eq(mkdir(path_of("a/b"), 0755), 0);
	temp_file(dir, "a/b/file", "text", 4);
	temp_file(dir, "file", "text", 4);
	ck_assert_int_eq(symlink("a", path_of("link")), 0);
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(root, -1);
	watch = watch_new(root);
}

static void
teardown(void)
{
	watch_free(watch);
	close(root);
}

static void
rewrite(void)
{
	temp_file(dir, "a/b/file", "next", 4);
}

static void
append(void)
{
	int fd = open(path_of("a/b/file"), O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_eq(write(fd, "x", 1), 1);
	close(fd);
}

static void
cut(void)
{
	ck_assert_int_eq(truncate(path_of("a/b/file"), 1), 0);
}

static void
forbid(void)
{
	ck_assert_int_eq(chmod(path_of("a/b/file"), 0), 0);
}

static void
remove_it(void)
{
	ck_assert_int_eq(unlink(path_of("a/b/file")), 0);
}

static void
replace(void)
{
	ck_assert_int_eq(rename(path_of("file"), path_of("a/b/file")), 0);
}

static void
move_its_directory(void)
{
	ck_assert_int_eq(rename(path_of("a/b"), path_of("a/c")), 0);
}

static void
move_all(void)
{
	ck_assert_int_eq(rename(path_of("a"), path_of("z")), 0);
}

static void
add_beside(void)
{
	temp_file(dir, "a/b/new", "", 0);
}

static void (*const changes[])(void) = { rewrite, append, cut, forbid,
	remove_it, replace, move_its_directory, move_all, add_beside };

/* Told of at once, and once. */
START_TEST(changed)
{
	if (watch == NULL)
		return;
	ck_assert_int_eq(watch_path(watch, "a/b/file"), 0);
	ck_assert(!watch_changed(watch));
	changes[_i]();
	ck_assert(watch_changed(watch));
	ck_assert(!watch_changed(watch));
}
END_TEST

START_TEST(reading_is_no_change)
{
	char text[4];
	int fd;

	if (watch == NULL)
		return;
	ck_assert_int_eq(watch_path(watch, "a/b/file"), 0);
	fd = open(path_of("a/b/file"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 4);
	close(fd);
	ck_assert(!watch_changed(watch));
}
END_TEST

static const char *const unwatchable[] = { "link/b/file", "none/file",
	"file/file", "a/none/file" };

START_TEST(refused)
{
	if (watch != NULL)
		ck_assert_int_eq(watch_path(watch, unwatchable[_i]), -1);
}
END_TEST

/* The directories over the limit are refused, those before it still seen. */
START_TEST(limit)
{
	char name[32];

	if (watch == NULL)
		return;
	ck_assert_int_eq(watch_path(watch, "a/b/file"), 0);
	for (int i = 0; i < WATCH_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ck_assert_int_eq(mkdir(path_of(name), 0755), 0);
		strcat(name, "/file");
		ck_assert_int_eq(
		    watch_path(watch, name), i < WATCH_MAX - 3 ? 0 : -1);
	}
	while (watch_changed(watch))
		;
	append();
	ck_assert(watch_changed(watch));
}
END_TEST

static Suite *
watch_suite(void)
{
	Suite *suite = suite_create("watch");
	TCase *tc = tcase_create("watch");
	struct watch *probe = watch_new(-1);

	if (probe == NULL)
		fprintf(stderr, "SKIPPED: this system has no inotify\n");
	watch_free(probe);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, changed, 0, CASES(changes));
	tcase_add_test(tc, reading_is_no_change);
	tcase_add_loop_test(tc, refused, 0, CASES(unwatchable));
	tcase_add_test(tc, limit);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(watch_suite());
}
