#include "site/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

#define LONG_NAME 300 /* bytes, more than a name may have */

/* root/ is served; what stands beside it is not. */
static struct {
	int parent, root;
} dirs;

static void
make_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void
make_link(const char *target, const char *name)
{
	ck_assert_int_eq(symlinkat(target, dirs.root, name), 0);
}

static void
make_socket(const char *parent)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%.80s/root/socket", parent);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
}

static void
setup(void)
{
	const char *parent = temp_dir();
	char absolute[512];

	dirs.parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(dirs.parent, "root", 0755), 0);
	ck_assert_int_eq(mkdirat(dirs.parent, "rootless", 0755), 0);
	make_file(dirs.parent, "secret", "secret");
	make_file(dirs.parent, "rootless/secret", "secret");
	dirs.root = openat(dirs.parent, "root", O_RDONLY | O_DIRECTORY);
	ck_assert_int_ne(dirs.root, -1);
	ck_assert_int_eq(mkdirat(dirs.root, "dir", 0755), 0);
	make_file(dirs.root, "file", "file");
	make_file(dirs.root, "dir/file", "dir/file");
	make_link("file", "in");
	make_link("dir", "dir-in");
	make_link("../file", "dir/up-in");
	make_link("../secret", "out");
	make_link("../../secret", "dir/up-out");
	make_link("..", "parent");
	make_link("../rootless", "sibling");
	make_link("/etc", "etc");
	make_link("/etc/passwd", "passwd");
	snprintf(absolute, sizeof(absolute), "%s/root/file", parent);
	make_link(absolute, "absolute");
	make_link("loop-b", "loop-a");
	make_link("loop-a", "loop-b");
	make_link("nowhere", "dangling");
	make_link("/proc/self/root/etc/passwd", "magic");
	ck_assert_int_eq(mkfifoat(dirs.root, "fifo", 0644), 0);
	make_link("fifo", "fifo-link");
	make_socket(parent);
}

static void
teardown(void)
{
	close(dirs.root);
	close(dirs.parent);
}

/* What both ways of opening come to; a link is followed by one alone. */
static const struct {
	const char *path;
	const char *text; /* NULL: refused */
	bool is_link;
} opens[] = {
	{ "file", "file", false },
	{ "dir/file", "dir/file", false },
	{ "dir//file", "dir/file", false },
	{ "./dir/./file", "dir/file", false },
	{ "in", "file", true },
	{ "dir-in/file", "dir/file", true },
	{ "dir/up-in", "file", true },
	{ "none", NULL, false },
	{ "none/file", NULL, false },
	{ "file/", NULL, false },
	{ "file/file", NULL, false },
	{ "", NULL, false },
	{ "out", NULL, false },
	{ "dir/up-out", NULL, false },
	{ "parent", NULL, false },
	{ "parent/", NULL, false },
	{ "parent/secret", NULL, false },
	{ "parent/root/file", NULL, false },
	{ "sibling", NULL, false },
	{ "sibling/", NULL, false },
	{ "sibling/secret", NULL, false },
	{ "etc", NULL, false },
	{ "etc/", NULL, false },
	{ "etc//", NULL, false },
	{ "etc/passwd", NULL, false },
	{ "passwd", NULL, false },
	{ "absolute", NULL, false },
	{ "magic", NULL, false },
	{ "loop-a", NULL, false },
	{ "loop-a/file", NULL, false },
	{ "dangling", NULL, false },
	{ "..", NULL, false },
	{ "../", NULL, false },
	{ "..//", NULL, false },
	{ "../secret", NULL, false },
	{ "../rootless/secret", NULL, false },
	{ "dir/../../secret", NULL, false },
	{ "dir/../..", NULL, false },
	{ "./..", NULL, false },
	{ "/", NULL, false },
	{ "//", NULL, false },
	{ "/etc", NULL, false },
	{ "/etc/passwd", NULL, false },
	{ "//etc/passwd", NULL, false },
	{ "socket", NULL, false },
};

static void
check_text(int fd, const char *path, const char *text)
{
	char got[64] = "";

	ck_assert_msg(fd != -1, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(read(fd, got, sizeof(got) - 1), (ssize_t)strlen(text));
	ck_assert_str_eq(got, text);
	close(fd);
}

static void
check_refused(int fd, const char *path)
{
	ck_assert_msg(fd == -1, "'%s' was opened", path);
	ck_assert_int_ne(errno, 0);
}

START_TEST(open_beneath)
{
	int fd;

	if (opens[_i].is_link && !follows_links())
		return;
	fd = beneath_open(dirs.root, opens[_i].path);
	if (opens[_i].text == NULL)
		check_refused(fd, opens[_i].path);
	else
		check_text(fd, opens[_i].path, opens[_i].text);
}
END_TEST

START_TEST(walk_beneath)
{
	int fd = beneath_walk(dirs.root, opens[_i].path);

	if (opens[_i].text == NULL || opens[_i].is_link)
		check_refused(fd, opens[_i].path);
	else
		check_text(fd, opens[_i].path, opens[_i].text);
}
END_TEST

typedef int open_fn(int, const char *);

static open_fn *const both[] = { beneath_open, beneath_walk };

START_TEST(directory)
{
	static const char *const paths[] = { "dir", "dir/", "dir//" };
	struct stat st;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int fd = both[_i](dirs.root, paths[i]);

		ck_assert_msg(fd != -1, "%s: %s", paths[i], strerror(errno));
		ck_assert_int_eq(fstat(fd, &st), 0);
		ck_assert(S_ISDIR(st.st_mode));
		close(fd);
	}
}
END_TEST

START_TEST(flags)
{
	int fd = both[_i](dirs.root, "file");

	ck_assert_int_ne(fd, -1);
	ck_assert((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	ck_assert((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	ck_assert((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	close(fd);
}
END_TEST

/* Without O_NONBLOCK this would wait for a writer until the test's end. */
START_TEST(fifo)
{
	struct stat st;
	int fd = both[_i](dirs.root, "fifo");

	if (fd != -1) {
		ck_assert_int_eq(fstat(fd, &st), 0);
		ck_assert(S_ISFIFO(st.st_mode));
		close(fd);
	}
	fd = both[_i](dirs.root, "fifo-link");
	if (fd != -1)
		close(fd);
}
END_TEST

START_TEST(too_long)
{
	char path[3 * LONG_NAME];

	memset(path, 'a', sizeof(path));
	path[LONG_NAME] = '\0';
	ck_assert_int_eq(both[_i](dirs.root, path), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
	path[LONG_NAME] = '/';
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(both[_i](dirs.root, path), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
}
END_TEST

/* Longer than PATH_MAX, and names that are there. */
START_TEST(path_too_long)
{
	char path[8192];
	size_t len = 0;
	int fd;

	while (len + 4 < sizeof(path)) {
		memcpy(path + len, "./", 2);
		len += 2;
	}
	memcpy(path + len, "x", 2);
	fd = both[_i](dirs.root, path);
	ck_assert_int_eq(fd, -1);
	ck_assert(errno == ENAMETOOLONG || errno == ENOENT);
}
END_TEST

static int
open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

START_TEST(nothing_leaks)
{
	int before = open_descriptors();

	for (int i = 0; i < CASES(opens); i++) {
		int fd = both[_i](dirs.root, opens[i].path);

		if (fd != -1)
			close(fd);
	}
	ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

static Suite *
beneath_suite(void)
{
	Suite *suite = suite_create("beneath");
	TCase *tc = tcase_create("beneath");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, open_beneath, 0, CASES(opens));
	tcase_add_loop_test(tc, walk_beneath, 0, CASES(opens));
	tcase_add_loop_test(tc, directory, 0, CASES(both));
	tcase_add_loop_test(tc, flags, 0, CASES(both));
	tcase_add_loop_test(tc, fifo, 0, CASES(both));
	tcase_add_loop_test(tc, too_long, 0, CASES(both));
	tcase_add_loop_test(tc, path_too_long, 0, CASES(both));
	tcase_add_loop_test(tc, nothing_leaks, 0, CASES(both));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(beneath_suite());
}
