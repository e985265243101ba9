/*
 * What is left after sandbox_enter(): each case enters it in a child of its
 * own, since there is no way back, and tells the outcome by its exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/landlock.h"
#include "cmd/sandbox.h"
#include "tests/daemon.h"
#include "tests/run.h"

#define NOT_ENTERED 255

/* Tries something and returns 0, or errno. */
typedef int attempt_fn(const char *path);

static int
status_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "status %#x", status);
	return WEXITSTATUS(status);
}

static int
outcome(
    const struct sandbox_config *config, attempt_fn *attempt, const char *path)
{
	char text[SANDBOX_TEXT_MAX];
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(sandbox_enter(config, text) == 0 ? attempt(path)
						       : NOT_ENTERED);
	return status_of(pid);
}

/* Files. */

static int
try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd == -1)
		return errno;
	close(fd);
	return 0;
}

static int
reads(const char *path)
{
	return try_open(path, O_RDONLY);
}

static int
lists(const char *path)
{
	return try_open(path, O_RDONLY | O_DIRECTORY);
}

static int
appends(const char *path)
{
	return try_open(path, O_WRONLY | O_APPEND | O_CREAT);
}

static int
truncates(const char *path)
{
	return truncate(path, 0) == 0 ? 0 : errno;
}

static int
makes_directory(const char *path)
{
	return mkdir(path, 0700) == 0 ? 0 : errno;
}

static int
removes(const char *path)
{
	return unlink(path) == 0 ? 0 : errno;
}

static int
executes(const char *path)
{
	execl(path, path, (char *)NULL);
	return errno;
}

/*
 * What make_tree() makes and what of it `confined` names: readable are www
 * and alone/file; cert/now leads to archive/1; writable are the access.log
 * of log, new and (by a link) target, run/socket and /dev/null.
 */
static const struct {
	attempt_fn *attempt;
	const char *path;
	int expected;
} files[] = {
	{ reads, "www/file", 0 },
	{ reads, "www/sub/file", 0 },
	{ lists, "www", 0 },
	{ lists, "www/sub", 0 },
	{ appends, "www/file", EACCES },
	{ appends, "www/made", EACCES },
	{ truncates, "www/file", EACCES },
	{ removes, "www/file", EACCES },
	{ makes_directory, "www/made", EACCES },
	{ executes, "www/file", EACCES },
	{ reads, "alone/file", 0 },
	{ reads, "alone/beside", EACCES },
	{ lists, "alone", EACCES },
	{ reads, "cert/now", 0 },
	{ reads, "cert/key", 0 },
	{ reads, "archive/2", 0 },
	{ lists, "cert", EACCES },
	{ appends, "cert/key", EACCES },
	{ reads, "log/access.log", EACCES },
	{ appends, "log/access.log", 0 },
	{ removes, "log/access.log", EACCES },
	{ makes_directory, "log/made", EACCES },
	{ appends, "new/access.log", 0 },
	{ appends, "target/access.log", 0 },
	{ removes, "run/socket", 0 },
	{ appends, "run/made", EACCES },
	{ appends, "made", EACCES },
	{ appends, "/dev/null", 0 },
	{ reads, "/dev/null", EACCES },
	{ reads, "/etc/passwd", EACCES },
	{ lists, "/", EACCES },
	{ reads, "/proc/self/status", 0 },
	{ lists, "/proc/self/fd", 0 },
};

static void
make_socket(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
}

/* Enters a new directory with the tree in it. */
static void
make_tree(void)
{
	static const char *const directories[] = { "www", "www/sub", "alone",
		"cert", "archive", "log", "new", "target", "run" };
	static const char *const names[] = { "www/file", "www/sub/file",
		"alone/file", "alone/beside", "cert/key", "archive/1",
		"archive/2", "log/access.log", "target/access.log" };

	ck_assert_int_eq(chdir(temp_dir()), 0);
	for (int i = 0; i < CASES(directories); i++)
		ck_assert_int_eq(mkdir(directories[i], 0700), 0);
	for (int i = 0; i < CASES(names); i++)
		temp_file(".", names[i], "text", 4);
	ck_assert_int_eq(chmod("www/file", 0700), 0);
	ck_assert_int_eq(symlink("../archive/1", "cert/now"), 0);
	ck_assert_int_eq(symlink("target/access.log", "link"), 0);
	make_socket("run/socket");
}

static const struct sandbox_config confined = {
	.confine = true,
	.readable = { "www", "alone/file", "missing" },
	.nreadable = 3,
	.reread = { "cert/now" },
	.nreread = 1,
	.writable = { "log/access.log", "new/access.log", "link", "run/socket",
	    "/dev/null", "missing/access.log" },
	.nwritable = 6,
};

START_TEST(file)
{
	int got;

	make_tree();
	got = outcome(&confined, files[_i].attempt, files[_i].path);
	ck_assert_msg(got == files[_i].expected, "case %d, %s: %s", _i,
	    files[_i].path, strerror(got));
}
END_TEST

/* The same is allowed to who has not entered. */
START_TEST(unconfined)
{
	static const struct sandbox_config config = { .confine = false };

	make_tree();
	ck_assert_int_eq(outcome(&config, reads, "/etc/passwd"), 0);
	ck_assert_int_eq(outcome(&config, appends, "www/made"), 0);
	ck_assert_int_eq(outcome(&config, removes, "www/file"), 0);
}
END_TEST

/* Makes the log anew when it goes on. */
static int
reopens(const char *path)
{
	return raise(SIGSTOP) == 0 ? appends(path) : errno;
}

START_TEST(rotation)
{
	char text[SANDBOX_TEXT_MAX];
	int status;
	pid_t pid;

	make_tree();
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(sandbox_enter(&confined, text) == 0
			? reopens("log/access.log")
			: NOT_ENTERED);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(rename("log/access.log", "log/access.log.1"), 0);
	kill(pid, SIGCONT);
	ck_assert_int_eq(status_of(pid), 0);
	ck_assert_int_eq(access("log/access.log", F_OK), 0);
}
END_TEST

/* Beside files. */

static int
connects(const char *path)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(1),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)path;
	return connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? 0 : errno;
}

static int
binds(const char *path)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)path;
	return bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 ? 0 : errno;
}

static int
signals_parent(const char *path)
{
	(void)path;
	return kill(getppid(), 0) == 0 ? 0 : errno;
}

static const struct {
	int since; /* version of Landlock */
	attempt_fn *attempt;
	int expected;
} others[] = {
	{ 4, connects, EACCES },
	{ 4, binds, EACCES },
	{ 6, signals_parent, EPERM },
};

START_TEST(other)
{
	int got;

	if (landlock_version() < others[_i].since) {
		fprintf(stderr, "SKIPPED: this needs Landlock %d\n",
		    others[_i].since);
		return;
	}
	got = outcome(&confined, others[_i].attempt, NULL);
	ck_assert_msg(got == others[_i].expected, "%s", strerror(got));
}
END_TEST

static int
no_new_privs(const char *path)
{
	(void)path;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

START_TEST(privileges)
{
	static const struct sandbox_config config = { .confine = false };
	int before = no_new_privs(NULL);

	ck_assert_int_eq(outcome(&confined, no_new_privs, NULL), 1);
	ck_assert_int_eq(outcome(&config, no_new_privs, NULL), before);
}
END_TEST

/* The user. */

/* Looked up before files are out of reach. */
static uid_t nobody_uid;
static gid_t nobody_gid;

/* Of nobody, and of no group but nobody's own; 0, or which is not. */
static int
is_nobody(const char *path)
{
	gid_t group;
	uid_t u[3];
	gid_t g[3];

	(void)path;
	getresuid(&u[0], &u[1], &u[2]);
	getresgid(&g[0], &g[1], &g[2]);
	for (int i = 0; i < 3; i++) {
		if (u[i] != nobody_uid)
			return 1;
		if (g[i] != nobody_gid)
			return 2;
	}
	if (getgroups(1, &group) != 1 || group != nobody_gid)
		return 3;
	return setuid(0) == -1 && setgid(0) == -1 ? 0 : 4;
}

START_TEST(user)
{
	static const gid_t before[] = { 0, 1, 2 };
	const struct passwd *pw = getpwnam("nobody");
	struct sandbox_config config = confined;

	if (getuid() != 0 || pw == NULL) {
		fprintf(stderr, "SKIPPED: this needs root and nobody\n");
		return;
	}
	nobody_uid = pw->pw_uid;
	nobody_gid = pw->pw_gid;
	ck_assert_int_eq(setgroups(3, before), 0);
	config.user = "nobody";
	ck_assert_int_eq(outcome(&config, is_nobody, NULL), 0);
	config.confine = false;
	ck_assert_int_eq(outcome(&config, is_nobody, NULL), 0);
}
END_TEST

START_TEST(user_unknown)
{
	static const struct sandbox_config config = { .user = "no such user" };

	ck_assert_int_eq(outcome(&config, no_new_privs, NULL), NOT_ENTERED);
}
END_TEST

/* Somebody who is not root becomes nobody else. */
START_TEST(user_not_root)
{
	struct sandbox_config config = { .user = "root" };

	if (getuid() == 0 && setuid(65534) == -1)
		ck_abort_msg("setuid: %s", strerror(errno));
	ck_assert_int_eq(outcome(&config, no_new_privs, NULL), NOT_ENTERED);
}
END_TEST

/* The description. */

START_TEST(description)
{
	struct sandbox_config config = { .user = NULL };
	char text[SANDBOX_TEXT_MAX], landlock[32] = "", expected[128];

	if (landlock_version() > 0)
		snprintf(landlock, sizeof(landlock), "landlock %d, ",
		    landlock_version());
	sandbox_describe(&config, text);
	ck_assert_str_eq(text, "off");
	config.user = "www-data";
	sandbox_describe(&config, text);
	ck_assert_str_eq(text, "user www-data");
	config.confine = true;
	sandbox_describe(&config, text);
	snprintf(expected, sizeof(expected), "%sno_new_privs, user www-data",
	    landlock);
	ck_assert_str_eq(text, expected);
	config.user = NULL;
	sandbox_describe(&config, text);
	snprintf(expected, sizeof(expected), "%sno_new_privs", landlock);
	ck_assert_str_eq(text, expected);
}
END_TEST

static void
add_landlock_tests(Suite *suite)
{
	TCase *tc = tcase_create("landlock");

	suite_add_tcase(suite, tc);
	if (landlock_version() == 0) {
		fprintf(stderr, "SKIPPED: there is no Landlock here\n");
		return;
	}
	tcase_add_loop_test(tc, file, 0, CASES(files));
	tcase_add_test(tc, rotation);
	tcase_add_loop_test(tc, other, 0, CASES(others));
}

static Suite *
sandbox_suite(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tc = tcase_create("sandbox");

	tcase_add_test(tc, unconfined);
	tcase_add_test(tc, privileges);
	tcase_add_test(tc, user);
	tcase_add_test(tc, user_unknown);
	tcase_add_test(tc, user_not_root);
	tcase_add_test(tc, description);
	suite_add_tcase(suite, tc);
	add_landlock_tests(suite);
	return suite;
}

int
main(void)
{
	return run_suite(sandbox_suite());
}
