#include "cmd/token.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

static unsigned char tokens[4][WIRE_TOKEN];
static const unsigned char nobody[WIRE_TOKEN];

/* As another process gets it, which then ends. */
static void
make_elsewhere(const char *nick, const char *server, unsigned char *token)
{
	int status, fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		token_make(nick, server, token);
		_exit(write(fds[1], token, WIRE_TOKEN) == WIRE_TOKEN ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(fds[0], token, WIRE_TOKEN), WIRE_TOKEN);
	close(fds[0]);
	close(fds[1]);
}

static bool
is_same(int a, int b)
{
	return memcmp(tokens[a], tokens[b], WIRE_TOKEN) == 0;
}

static bool
is_nobody(int i)
{
	return memcmp(tokens[i], nobody, WIRE_TOKEN) == 0;
}

static const char *
use_new_home(void)
{
	const char *dir = temp_dir();

	unsetenv("XDG_STATE_HOME");
	setenv("HOME", dir, 1);
	return dir;
}

START_TEST(test_the_same_again)
{
	use_new_home();
	make_elsewhere("bob", "a:1", tokens[0]);
	make_elsewhere("BOB", "a:1", tokens[1]);
	ck_assert(!is_nobody(0));
	ck_assert(is_same(0, 1));
	ck_assert_int_ne(
	    memcmp(tokens[0], tokens[0] + WIRE_TOKEN / 2, WIRE_TOKEN / 2), 0);
}
END_TEST

START_TEST(test_others)
{
	use_new_home();
	make_elsewhere("bob", "a:1", tokens[0]);
	make_elsewhere("bob", "a:2", tokens[1]);
	make_elsewhere("alice", "a:1", tokens[2]);
	use_new_home();
	make_elsewhere("bob", "a:1", tokens[3]);
	for (int i = 0; i < 4; i++) {
		ck_assert(!is_nobody(i));
		for (int j = 0; j < i; j++)
			ck_assert_msg(!is_same(i, j), "%d, %d", i, j);
	}
}
END_TEST

START_TEST(test_one_at_a_time)
{
	use_new_home();
	token_make("bob", "a:1", tokens[0]);
	make_elsewhere("bob", "a:1", tokens[1]);
	make_elsewhere("alice", "a:1", tokens[2]);
	ck_assert(!is_nobody(0));
	ck_assert(is_nobody(1));
	ck_assert(!is_nobody(2));
}
END_TEST

START_TEST(test_it_is_private)
{
	const char *home = use_new_home();
	char path[4096];
	struct stat st;
	glob_t found;

	umask(0);
	token_make("../bob", "a:1", tokens[0]);
	snprintf(path, sizeof(path), "%s/.local/state/chatd", home);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	strcat(path, "/*");
	ck_assert_int_eq(glob(path, 0, NULL, &found), 0);
	ck_assert_uint_eq(found.gl_pathc, 1);
	ck_assert_int_eq(stat(found.gl_pathv[0], &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_int_eq(st.st_size, WIRE_TOKEN);
	globfree(&found);
}
END_TEST

/* Directories that lead nowhere. */
static const char *const nowhere[] = { "/dev/null", "", "relative",
	"/dev/null/x" };

START_TEST(test_nowhere_to_keep_it)
{
	unsetenv("HOME");
	setenv("XDG_STATE_HOME", nowhere[_i], 1);
	memset(tokens, 'x', sizeof(tokens));
	token_make("bob", "a:1", tokens[0]);
	ck_assert(is_nobody(0));
}
END_TEST

/* A file cut short is made anew. */
START_TEST(test_a_broken_file)
{
	const char *home = use_new_home();
	char pattern[4096];
	glob_t found;

	make_elsewhere("bob", "a:1", tokens[0]);
	snprintf(pattern, sizeof(pattern), "%s/.local/state/chatd/*", home);
	ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
	ck_assert_int_eq(truncate(found.gl_pathv[0], WIRE_TOKEN - 1), 0);
	globfree(&found);
	make_elsewhere("bob", "a:1", tokens[1]);
	make_elsewhere("bob", "a:1", tokens[2]);
	ck_assert(!is_nobody(1));
	ck_assert(!is_same(0, 1));
	ck_assert(is_same(1, 2));
}
END_TEST

static Suite *
token_suite(void)
{
	Suite *s = suite_create("token");
	TCase *t = tcase_create("token");

	tcase_add_test(t, test_the_same_again);
	tcase_add_test(t, test_others);
	tcase_add_test(t, test_one_at_a_time);
	tcase_add_test(t, test_it_is_private);
	tcase_add_loop_test(t, test_nowhere_to_keep_it, 0, CASES(nowhere));
	tcase_add_test(t, test_a_broken_file);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return run_suite(token_suite());
}
