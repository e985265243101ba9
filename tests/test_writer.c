#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/daemon.h"
#include "tests/run.h"

#define LINES     10000 /* much more than WRITER_MAX and a pipe hold */
#define LINE_SIZE 66    /* of each line */

/* What comes out of a FIFO or pipe: some of the lines, whole and in order. */
static struct {
	int fd;
	struct buf got;
	uint64_t count;
	int last; /* the number of the last line */
} far;

static const char *dir;
static char path[1024], old_path[1024];
static struct writer *writer;

static void
setup(void)
{
	dir = temp_dir();
	snprintf(path, sizeof(path), "%s/log", dir);
	snprintf(old_path, sizeof(old_path), "%s/log.1", dir);
	far.fd = -1;
	far.last = -1;
}

static void
teardown(void)
{
	writer_free(writer);
	buf_free(&far.got);
	if (far.fd != -1)
		close(far.fd);
}

static void
open_far(void)
{
	far.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ne(far.fd, -1);
}

static void
start(const char *to)
{
	writer = writer_new(to);
	ck_assert_ptr_nonnull(writer);
	ck_assert_int_eq(writer_start(writer), 0);
}

static void
start_fifo(void)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	open_far();
	start(path);
}

static void
finish(void)
{
	writer_free(writer);
	writer = NULL;
}

static void
format_line(char line[LINE_SIZE + 1], int n)
{
	snprintf(line, LINE_SIZE + 1, "line %-60d\n", n);
}

static void
add_lines(int from, int to)
{
	char line[LINE_SIZE + 1];

	for (int n = from; n < to; n++) {
		format_line(line, n);
		writer_add(writer, line, LINE_SIZE);
	}
}

static void
take_line(struct str line)
{
	char text[LINE_SIZE + 1], want[LINE_SIZE + 1];
	int n;

	ck_assert_uint_eq(line.len, LINE_SIZE - 1);
	snprintf(text, sizeof(text), "%.*s\n", (int)line.len, line.p);
	ck_assert_msg(sscanf(text, "line %d", &n) == 1, "got %s", text);
	format_line(want, n);
	ck_assert_str_eq(text, want);
	ck_assert_int_gt(n, far.last);
	far.last = n;
	far.count++;
}

/* Waits and reads once; false at the end.  Check ends it if nothing comes. */
static bool
read_some(void)
{
	struct pollfd p = { .fd = far.fd, .events = POLLIN };
	struct str rest;
	char chunk[4096];
	ssize_t n;

	ck_assert_int_eq(poll(&p, 1, -1), 1);
	n = read(far.fd, chunk, sizeof(chunk));
	ck_assert_int_ge(n, 0);
	buf_add(&far.got, chunk, (size_t)n);
	rest = (struct str){ buf_data(&far.got), buf_len(&far.got) };
	while (rest.len > 0 && memchr(rest.p, '\n', rest.len) != NULL)
		take_line(str_cut(&rest, '\n'));
	buf_drain(&far.got, buf_len(&far.got) - rest.len);
	return n > 0;
}

static void
read_lines(uint64_t count)
{
	while (far.count < count)
		ck_assert(read_some());
	ck_assert_uint_eq(far.count, count);
}

static void
read_rest(uint64_t count)
{
	while (read_some())
		;
	ck_assert_uint_eq(far.count, count);
	ck_assert_uint_eq(buf_len(&far.got), 0);
}

/* The next two assert nothing, since Check would write that to a file. */
static void
wait_until_dropped(uint64_t lines)
{
	while (writer_dropped(writer) < lines)
		poll(NULL, 0, 1);
}

static int
wait_for_error(void)
{
	int error;

	while ((error = writer_error(writer)) == 0)
		poll(NULL, 0, 1);
	return error;
}

static void
check_file(const char *name, const char *want)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	char *got;

	ck_assert_int_ne(fd, -1);
	read_to_end(fd, &got);
	ck_assert_str_eq(got, want);
	free(got);
	close(fd);
}

/* In order, and behind what the file has; the last lines too. */
START_TEST(file)
{
	int lines = WRITER_MAX / LINE_SIZE;
	struct stat st;

	temp_file(dir, "log", "", 0);
	for (int part = 0; part < 2; part++) {
		start(path);
		add_lines(part * lines, (part + 1) * lines);
		ck_assert_uint_eq(writer_dropped(writer), 0);
		finish();
	}
	open_far();
	read_rest(2 * (uint64_t)lines);
	ck_assert_int_eq(fstat(far.fd, &st), 0);
	ck_assert_int_eq(st.st_size, 2 * lines * LINE_SIZE);
}
END_TEST

START_TEST(new_file)
{
	struct stat st;
	int fd;

	umask(0);
	writer = writer_new(path);
	ck_assert_ptr_nonnull(writer);
	fd = writer_fd(writer);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_APPEND, 0);
	finish();
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

/* What is added before the thread runs waits for it. */
START_TEST(start_later)
{
	writer = writer_new(path);
	ck_assert_ptr_nonnull(writer);
	writer_add(writer, "first\n", 6);
	ck_assert_int_eq(writer_start(writer), 0);
	writer_add(writer, "second\n", 7);
	finish();
	check_file(path, "first\nsecond\n");
}
END_TEST

START_TEST(never_started)
{
	writer = writer_new(path);
	ck_assert_ptr_nonnull(writer);
	writer_add(writer, "line\n", 5);
	finish();
	check_file(path, "");
	writer_free(NULL);
}
END_TEST

static const struct {
	const char *name;
	int error;
} unopenable[] = {
	{ "", EISDIR }, /* the directory itself */
	{ "none/log", ENOENT },
	{ "fifo", ENXIO },
};

START_TEST(cannot_open)
{
	char name[1100];

	snprintf(name, sizeof(name), "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	snprintf(name, sizeof(name), "%s/%s", dir, unopenable[_i].name);
	errno = 0;
	ck_assert_ptr_null(writer_new(name));
	ck_assert_int_eq(errno, unopenable[_i].error);
}
END_TEST

/* A line comes by itself, also when others were written before. */
START_TEST(fifo)
{
	start_fifo();
	ck_assert_int_eq(fcntl(writer_fd(writer), F_GETFL) & O_NONBLOCK, 0);
	for (int n = 0; n < 3; n++) {
		add_lines(n, n + 1);
		read_lines((uint64_t)n + 1);
	}
	finish();
	read_rest(3);
}
END_TEST

/* Until it is taken: all was read, but the thread has yet to notice. */
static void
add_after_all(int n)
{
	uint64_t dropped;

	do {
		dropped = writer_dropped(writer);
		add_lines(n, n + 1);
	} while (writer_dropped(writer) > dropped);
}

/* Were the caller ever to wait, this would not end. */
START_TEST(nobody_reads)
{
	uint64_t taken;

	start_fifo();
	add_lines(0, LINES);
	taken = LINES - writer_dropped(writer);
	ck_assert_uint_ge(taken, WRITER_MAX / LINE_SIZE);
	ck_assert_uint_le(taken * LINE_SIZE,
	    WRITER_MAX + (uint64_t)fcntl(far.fd, F_GETPIPE_SZ));
	read_lines(taken);
	add_after_all(LINES);
	read_lines(taken + 1);
	ck_assert_int_eq(far.last, LINES);
	ck_assert_int_eq(writer_error(writer), 0);
	finish();
	read_rest(taken + 1);
}
END_TEST

/* It drops lines at many places. */
START_TEST(slow_reader)
{
	start_fifo();
	for (int n = 0; n < LINES; n += 250) {
		add_lines(n, n + 250);
		ck_assert(n < LINES / 2 || read_some());
	}
	ck_assert_uint_gt(writer_dropped(writer), 0);
	read_lines(LINES - writer_dropped(writer));
}
END_TEST

/* The thread that was left behind still has all it needs. */
START_TEST(free_while_stuck)
{
	uint64_t taken;

	start_fifo();
	add_lines(0, LINES);
	taken = LINES - writer_dropped(writer);
	finish();
	read_rest(taken);
}
END_TEST

/* Blocking or not is up to who shares it; reopening is nothing to it. */
START_TEST(standard_output)
{
	uint64_t taken;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	far.fd = fds[0];
	ck_assert_int_eq(dup2(fds[1], STDOUT_FILENO), STDOUT_FILENO);
	close(fds[1]);
	fcntl(STDOUT_FILENO, F_SETFL, _i == 0 ? 0 : O_NONBLOCK);
	start("-");
	close(STDOUT_FILENO);
	writer_reopen(writer);
	add_lines(0, LINES);
	taken = LINES - writer_dropped(writer);
	read_lines(taken);
	ck_assert_int_eq(writer_error(writer), 0);
	finish();
	read_rest(taken);
}
END_TEST

/* What is too long goes as a whole, and what follows is taken. */
START_TEST(no_room)
{
	char *text = malloc(WRITER_MAX + 2);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', WRITER_MAX + 1);
	memcpy(text + WRITER_MAX - 5, "\nline\n", 7);
	writer = writer_new(path);
	ck_assert_ptr_nonnull(writer);
	writer_add(writer, text, WRITER_MAX + 1);
	ck_assert_uint_eq(writer_dropped(writer), 2);
	writer_add(writer, text + 1, WRITER_MAX);
	ck_assert_uint_eq(writer_dropped(writer), 2);
	writer_add(writer, "\n", 1);
	ck_assert_uint_eq(writer_dropped(writer), 3);
	ck_assert_int_eq(writer_start(writer), 0);
	finish();
	check_file(path, text + 1);
	free(text);
}
END_TEST

/* What came before goes to the old file, what came after to the new one,
 * whatever the thread is about. */
START_TEST(reopen)
{
	start(path);
	writer_add(writer, "old\n", 4);
	ck_assert_int_eq(rename(path, old_path), 0);
	writer_reopen(writer);
	writer_add(writer, "new\n", 4);
	finish();
	check_file(old_path, "old\n");
	check_file(path, "new\n");
}
END_TEST

/* It waits for no line: it fails without one. */
START_TEST(reopen_without_lines)
{
	start_fifo();
	add_lines(0, 1);
	read_lines(1);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	writer_reopen(writer);
	ck_assert_int_eq(wait_for_error(), EISDIR);
}
END_TEST

START_TEST(reopen_fails)
{
	char sub[1024], moved[1024];

	snprintf(sub, sizeof(sub), "%s/sub", dir);
	snprintf(moved, sizeof(moved), "%s/moved", dir);
	ck_assert_int_eq(mkdir(sub, 0700), 0);
	snprintf(path, sizeof(path), "%s/sub/log", dir);
	start_fifo();
	ck_assert_int_eq(rename(sub, moved), 0);
	writer_reopen(writer);
	add_lines(0, 1);
	read_lines(1);
	ck_assert_int_eq(writer_error(writer), ENOENT);
	ck_assert_int_eq(writer_error(writer), 0);
	ck_assert_uint_eq(writer_dropped(writer), 0);
}
END_TEST

START_TEST(full_disk)
{
	if (access("/dev/full", W_OK) == -1) {
		fprintf(stderr, "SKIPPED: this system has no /dev/full\n");
		return;
	}
	start("/dev/full");
	for (uint64_t lines = 3; lines <= 6; lines += 3) {
		writer_add(writer, "1\n2\n3\n", 6);
		wait_until_dropped(lines);
		ck_assert_uint_eq(writer_dropped(writer), lines);
		ck_assert_int_eq(writer_error(writer), ENOSPC);
		ck_assert_int_eq(writer_error(writer), 0);
	}
}
END_TEST

/* SIGPIPE, which is not ignored here, ends nothing. */
START_TEST(reader_leaves)
{
	start_fifo();
	add_lines(0, 1);
	read_lines(1);
	close(far.fd);
	add_lines(1, 3);
	wait_until_dropped(2);
	ck_assert_uint_eq(writer_dropped(writer), 2);
	ck_assert_int_eq(writer_error(writer), EPIPE);
	open_far();
	add_lines(3, 4);
	read_lines(2);
	ck_assert_int_eq(far.last, 3);
}
END_TEST

static void
leave_it(void)
{
}

/* While there is still no room to end the line. */
static void
reopen_it(void)
{
	writer_error(writer);
	writer_reopen(writer);
	wait_for_error();
}

static void
rename_it(void)
{
	rename(path, old_path);
	reopen_it();
}

static const struct {
	void (*then)(void);
	const char *name, *content;
} torn[] = {
	{ leave_it, "log", "first\nsec\nfourth\n" },
	{ reopen_it, "log", "first\nsec\nfourth\n" },
	{ rename_it, "log", "fourth\n" },
	{ rename_it, "log.1", "first\nsec" },
};

/* A line is cut where the file may not grow; the next one stays whole. */
START_TEST(torn_line)
{
	struct rlimit limit, small;
	char name[1024];

	start(path);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = strlen("first\nsec");
	setrlimit(RLIMIT_FSIZE, &small);
	writer_add(writer, "first\nsecond\nthird\n", 19);
	wait_until_dropped(2);
	torn[_i].then();
	setrlimit(RLIMIT_FSIZE, &limit);
	writer_add(writer, "fourth\n", 7);
	ck_assert_uint_eq(writer_dropped(writer), 2);
	finish();
	snprintf(name, sizeof(name), "%s/%s", dir, torn[_i].name);
	check_file(name, torn[_i].content);
}
END_TEST

static Suite *
writer_suite(void)
{
	Suite *suite = suite_create("writer");
	TCase *tc = tcase_create("writer");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, file);
	tcase_add_test(tc, new_file);
	tcase_add_test(tc, start_later);
	tcase_add_test(tc, never_started);
	tcase_add_loop_test(tc, cannot_open, 0, CASES(unopenable));
	tcase_add_test(tc, fifo);
	tcase_add_test(tc, nobody_reads);
	tcase_add_test(tc, slow_reader);
	tcase_add_test(tc, free_while_stuck);
	tcase_add_loop_test(tc, standard_output, 0, 2);
	tcase_add_test(tc, no_room);
	tcase_add_test(tc, reopen);
	tcase_add_test(tc, reopen_without_lines);
	tcase_add_test(tc, reopen_fails);
	tcase_add_test(tc, full_disk);
	tcase_add_test(tc, reader_leaves);
	tcase_add_loop_test(tc, torn_line, 0, CASES(torn));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(writer_suite());
}
