#include "site/errors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

static const char *dir;

static const char *
path_of(const char *name)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
write_page(const char *name, const char *text)
{
	temp_file(dir, name, text, strlen(text));
}

static void
setup(void)
{
	dir = temp_dir();
}

static struct errors *
open_errors(void)
{
	struct errors *e = errors_new(dir);

	ck_assert_msg(e != NULL, "%s", strerror(errno));
	return e;
}

static void
check_page(struct errors *e, int status, const char *want)
{
	struct str page = errors_page(e, status);

	ck_assert_msg(str_eq(page, str_of(want)), "%d: '%.*s'", status,
	    (int)page.len, page.p);
}

static const struct {
	int status;
	const char *page;
} answers[] = {
	{ 400, "400" },
	{ 404, "404" },
	{ 403, "4xx" },
	{ 405, "4xx" }, /* its own page is empty */
	{ 499, "4xx" },
	{ 500, "" },
	{ 503, "503" },
	{ 599, "599" },
	{ -1, "" },
	{ 0, "" },
	{ 200, "" },
	{ 304, "" },
	{ 399, "" },
	{ 600, "" },
	{ 1000, "" },
};

START_TEST(page_of_status)
{
	static const char *const names[] = { "400", "404", "4xx", "503", "599",
		"200", "399", "600", "xxx", "40", "0404", "6xx" };
	struct errors *e;
	char file[32];

	for (int i = 0; i < CASES(names); i++) {
		snprintf(file, sizeof(file), "%s.html", names[i]);
		write_page(file, names[i]);
	}
	write_page("405.html", "");
	write_page("500", "not a page");
	write_page("500.htm", "not a page");
	e = open_errors();
	check_page(e, answers[_i].status, answers[_i].page);
	errors_free(e);
}
END_TEST

/* Of the 5xx only the class has a page. */
START_TEST(class_alone)
{
	struct errors *e;

	write_page("5xx.html", "5xx");
	e = open_errors();
	check_page(e, 404, "");
	check_page(e, 500, "5xx");
	check_page(e, 599, "5xx");
	errors_free(e);
}
END_TEST

START_TEST(size_limit)
{
	static char page[ERRORS_PAGE_MAX + 1];
	struct errors *e;
	struct str got;

	memset(page, 'x', sizeof(page));
	temp_file(dir, "404.html", page, ERRORS_PAGE_MAX);
	temp_file(dir, "403.html", page, ERRORS_PAGE_MAX + 1);
	e = open_errors();
	got = errors_page(e, 404);
	ck_assert_uint_eq(got.len, ERRORS_PAGE_MAX);
	ck_assert_mem_eq(got.p, page, got.len);
	check_page(e, 403, "");
	errors_free(e);
}
END_TEST

static void
make_socket(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%.100s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
}

/* A FIFO would block who opens it until the test's end. */
START_TEST(no_regular_file)
{
	struct errors *e;

	ck_assert_int_eq(mkfifo(path_of("400.html"), 0644), 0);
	ck_assert_int_eq(mkdir(path_of("401.html"), 0755), 0);
	make_socket(path_of("402.html"));
	ck_assert_int_eq(symlink("nowhere", path_of("403.html")), 0);
	ck_assert_int_eq(symlink("/dev/null", path_of("405.html")), 0);
	write_page("404.html", "404");
	ck_assert_int_eq(symlink("404.html", path_of("410.html")), 0);
	e = open_errors();
	for (int status = 400; status < 404; status++)
		check_page(e, status, "");
	check_page(e, 405, "");
	check_page(e, 410, "404");
	errors_free(e);
}
END_TEST

START_TEST(no_page)
{
	ck_assert_ptr_null(errors_new(path_of("none")));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(errors_new(dir));
	ck_assert_int_eq(errno, ENOENT);
	write_page("404.html", "404");
	ck_assert_ptr_null(errors_new(path_of("404.html")));
	ck_assert_int_eq(errno, ENOTDIR);
	errors_free(NULL);
}
END_TEST

/* A page that cannot be opened is said, not passed over. */
START_TEST(unreadable)
{
	write_page("404.html", "404");
	ck_assert_int_eq(symlink("403.html", path_of("403.html")), 0);
	ck_assert_ptr_null(errors_new(dir));
	ck_assert_int_eq(errno, ELOOP);
}
END_TEST

START_TEST(reload)
{
	struct errors *e;

	write_page("404.html", "old");
	e = open_errors();
	write_page("404.html", "new");
	write_page("5xx.html", "5xx");
	check_page(e, 404, "old");
	check_page(e, 500, "");
	ck_assert_int_eq(errors_reload(e), 0);
	check_page(e, 404, "new");
	check_page(e, 500, "5xx");

	ck_assert_int_eq(unlink(path_of("404.html")), 0);
	ck_assert_int_eq(errors_reload(e), 0);
	check_page(e, 404, "");

	ck_assert_int_eq(unlink(path_of("5xx.html")), 0);
	ck_assert_int_eq(errors_reload(e), -1);
	ck_assert_int_eq(errno, ENOENT);
	check_page(e, 500, "5xx");
	errors_free(e);
}
END_TEST

static Suite *
errors_suite(void)
{
	Suite *suite = suite_create("errors");
	TCase *tc = tcase_create("errors");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, page_of_status, 0, CASES(answers));
	tcase_add_test(tc, class_alone);
	tcase_add_test(tc, size_limit);
	tcase_add_test(tc, no_regular_file);
	tcase_add_test(tc, no_page);
	tcase_add_test(tc, unreadable);
	tcase_add_test(tc, reload);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(errors_suite());
}
