#include "base/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/run.h"

#define LINES     5000 /* much more than SINK_MAX and a pipe or socket hold */
#define LINE_SIZE 66   /* of each line */

/*
 * The far end of a sink that is given `line 0`, `line 1` and so on.  Each
 * line comes out whole and in order, or is counted as dropped in its place.
 */
struct far_end {
	int fd;
	struct buf got;
	unsigned long long next; /* the number that the next line has */
	unsigned long long told; /* lines that were told to be dropped */
};

static int sink_end;
static struct far_end far;
static struct sink *sink;

static void
open_pipe(void)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	far.fd = fds[0];
	sink_end = fds[1];
}

/* One that holds less than a sink does. */
static void
open_socket(void)
{
	int fds[2], size = SINK_MAX / 4;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	far.fd = fds[0];
	sink_end = fds[1];
}

/* Raw: line ends arrive as they were written. */
static void
open_terminal(void)
{
	struct termios raw;

	far.fd = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_ne(far.fd, -1);
	ck_assert_int_eq(grantpt(far.fd), 0);
	ck_assert_int_eq(unlockpt(far.fd), 0);
	sink_end = open(ptsname(far.fd), O_RDWR | O_NOCTTY);
	ck_assert_int_ne(sink_end, -1);
	ck_assert_int_eq(tcgetattr(sink_end, &raw), 0);
	cfmakeraw(&raw);
	ck_assert_int_eq(tcsetattr(sink_end, TCSANOW, &raw), 0);
}

static void (*const kinds[])(void) = { open_pipe, open_socket, open_terminal };

static void
start(void (*open_kind)(void))
{
	signal(SIGPIPE, SIG_IGN);
	far = (struct far_end){ 0 };
	open_kind();
	fcntl(far.fd, F_SETFL, O_NONBLOCK);
	sink = sink_new(sink_end);
	ck_assert_ptr_nonnull(sink);
}

static void
finish(void)
{
	sink_free(sink);
	buf_free(&far.got);
	close(sink_end);
	close(far.fd);
}

static void
write_line(int n)
{
	char line[LINE_SIZE + 1];
	int len = snprintf(line, sizeof(line), "line %-60d\n", n);

	sink_write(sink, line, (size_t)len);
}

static void
take_line(struct str line)
{
	unsigned long long n;
	char text[80];

	snprintf(text, sizeof(text), "%.*s", (int)line.len, line.p);
	if (sscanf(text, "line %llu", &n) == 1) {
		ck_assert_uint_eq(n, far.next);
		far.next++;
	} else if (sscanf(text, "[%llu lines were dropped here]", &n) == 1) {
		far.next += n;
		far.told += n;
	} else {
		ck_abort_msg("not a whole line: %s", text);
	}
}

/* Reads once, after waiting a moment for something to read. */
static void
read_some(void)
{
	struct pollfd p = { .fd = far.fd, .events = POLLIN };
	struct str rest;
	char chunk[4096];
	ssize_t n;

	poll(&p, 1, 100);
	n = read(far.fd, chunk, sizeof(chunk));
	ck_assert(n >= 0 || errno == EAGAIN);
	buf_add(&far.got, chunk, n > 0 ? (size_t)n : 0);
	rest = (struct str){ buf_data(&far.got), buf_len(&far.got) };
	while (rest.len > 0 && memchr(rest.p, '\n', rest.len) != NULL)
		take_line(str_cut(&rest, '\n'));
	buf_drain(&far.got, buf_len(&far.got) - rest.len);
}

/* Until all of the lines have come or are told of; Check ends it if not. */
static void
read_all(unsigned long long lines)
{
	while (far.next < lines) {
		sink_flush(sink);
		read_some();
	}
	ck_assert_uint_eq(far.next, lines);
	ck_assert_uint_eq(far.told, sink_dropped(sink));
	ck_assert_uint_eq(sink_flush(sink), 0);
	ck_assert_uint_eq(buf_len(&far.got), 0);
}

START_TEST(lines_come_through)
{
	start(kinds[_i]);
	for (int i = 0; i < 100; i++)
		write_line(i);
	read_all(100);
	ck_assert_uint_eq(sink_dropped(sink), 0);
	finish();
}
END_TEST

START_TEST(nobody_reads)
{
	start(kinds[_i]);
	for (int i = 0; i < LINES; i++)
		write_line(i);
	ck_assert_uint_gt(sink_dropped(sink), 0);
	ck_assert_uint_gt(sink_flush(sink), SINK_MAX - LINE_SIZE);
	ck_assert_uint_le(sink_flush(sink), SINK_MAX);
	read_all(LINES);
	write_line(LINES);
	read_all(LINES + 1);
	finish();
}
END_TEST

/* Slower than the writer: it drops many times and tells each time. */
START_TEST(slow_reader)
{
	start(kinds[_i]);
	for (int i = 0; i < LINES; i++) {
		write_line(i);
		if (i % 250 == 249)
			read_some();
	}
	read_all(LINES);
	ck_assert_uint_gt(sink_dropped(sink), 0);
	finish();
}
END_TEST

START_TEST(stopped_terminal)
{
	start(open_terminal);
	ck_assert_int_eq(tcflow(sink_end, TCOOFF), 0);
	for (int i = 0; i < LINES; i++)
		write_line(i);
	ck_assert_uint_gt(sink_dropped(sink), 0);
	ck_assert_int_eq(tcflow(sink_end, TCOON), 0);
	read_all(LINES);
	finish();
}
END_TEST

START_TEST(far_end_closes)
{
	start(kinds[_i]);
	write_line(0);
	close(far.fd);
	for (int i = 0; i < LINES; i++)
		write_line(i);
	ck_assert_uint_le(sink_flush(sink), SINK_MAX);
	ck_assert_uint_gt(sink_dropped(sink), 0);
	finish();
}
END_TEST

START_TEST(far_end_was_closed)
{
	start(kinds[_i]);
	sink_free(sink);
	close(far.fd);
	sink = sink_new(sink_end);
	for (int i = 0; i < LINES; i++)
		write_line(i);
	ck_assert_uint_gt(sink_dropped(sink), 0);
	finish();
}
END_TEST

/* The descriptor's open file is shared, with a shell for instance. */
START_TEST(stays_blocking)
{
	start(kinds[_i]);
	write_line(0);
	ck_assert_int_eq(fcntl(sink_end, F_GETFL) & O_NONBLOCK, 0);
	sink_free(sink);
	ck_assert_int_ne(fcntl(sink_end, F_GETFD), -1);
	sink = NULL;
	finish();
}
END_TEST

START_TEST(polls_writable_when_read)
{
	struct pollfd p = { .events = POLLOUT };

	start(kinds[_i]);
	for (int i = 0; i < LINES; i++)
		write_line(i);
	p.fd = sink_fd(sink);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	while (poll(&p, 1, 0) == 0)
		read_some();
	ck_assert_int_eq(p.revents, POLLOUT);
	finish();
}
END_TEST

START_TEST(regular_file)
{
	FILE *file = tmpfile();
	char *all = malloc(LINES * LINE_SIZE), line[LINE_SIZE + 1];
	size_t want = 0;

	ck_assert(file != NULL && all != NULL);
	sink = sink_new(fileno(file));
	for (int i = 0; i < LINES; i++) {
		write_line(i);
		want += (size_t)snprintf(line, sizeof(line), "line %-60d\n", i);
	}
	ck_assert_uint_eq(sink_flush(sink), 0);
	ck_assert_uint_eq(sink_dropped(sink), 0);
	ck_assert_uint_eq(pread(fileno(file), all, LINES * LINE_SIZE, 0), want);
	ck_assert_mem_eq(all + want - strlen(line), line, strlen(line));
	sink_free(sink);
	free(all);
	fclose(file);
}
END_TEST

START_TEST(full_disk)
{
	int fd = open("/dev/full", O_WRONLY);

	ck_assert_int_ne(fd, -1);
	sink = sink_new(fd);
	for (int i = 0; i < LINES; i++)
		write_line(i);
	ck_assert_uint_gt(sink_dropped(sink), 0);
	sink_free(sink);
	close(fd);
}
END_TEST

/* No room will ever be enough for it; what follows is not held up. */
START_TEST(line_above_the_limit)
{
	static char text[SINK_MAX + 2];

	start(open_pipe);
	write_line(0);
	memset(text, 'x', sizeof(text));
	text[10] = text[SINK_MAX + 1] = '\n';
	sink_write(sink, text, sizeof(text));
	ck_assert_uint_eq(sink_dropped(sink), 2);
	write_line(3);
	read_all(4);
	finish();
}
END_TEST

START_TEST(free_of_nothing)
{
	sink_free(NULL);
}
END_TEST

static Suite *
sink_suite(void)
{
	Suite *suite = suite_create("sink");
	TCase *tc = tcase_create("sink");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, lines_come_through, 0, CASES(kinds));
	tcase_add_loop_test(tc, nobody_reads, 0, CASES(kinds));
	tcase_add_loop_test(tc, slow_reader, 0, CASES(kinds));
	tcase_add_test(tc, stopped_terminal);
	tcase_add_loop_test(tc, far_end_closes, 0, CASES(kinds));
	tcase_add_loop_test(tc, far_end_was_closed, 0, CASES(kinds));
	tcase_add_loop_test(tc, stays_blocking, 0, CASES(kinds));
	tcase_add_loop_test(tc, polls_writable_when_read, 0, CASES(kinds));
	tcase_add_test(tc, regular_file);
	tcase_add_test(tc, full_disk);
	tcase_add_test(tc, line_above_the_limit);
	tcase_add_test(tc, free_of_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(sink_suite());
}
