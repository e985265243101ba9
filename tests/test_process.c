#include "site/process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/run.h"

#define FEW 8

static bool
is_told(void)
{
	return access("/proc/thread-self/children", R_OK) == 0;
}

/* A child that waits for the end of what this pipe's writer holds: ours. */
static pid_t
fork_waiting(const char *name)
{
	int ready[2], end[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(end), 0);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		prctl(PR_SET_NAME, name);
		close(end[1]);
		if (write(ready[1], "", 1) == 1 && read(end[0], &byte, 1) == 0)
			_exit(0);
		_exit(1);
	}
	close(end[0]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static pid_t
fork_zombie(void)
{
	siginfo_t info;
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(0);
	/* Waits until it is one, and leaves it so. */
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	return pid;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static const struct process *
find(const struct process *p, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i].pid == pid)
			return &p[i];
	}
	ck_abort_msg("process %ld is not told of", (long)pid);
	return NULL;
}

START_TEST(this_one)
{
	struct process self;

	if (!is_told())
		return;
	ck_assert_uint_eq(process_tree(getpid(), &self, 1), 1);
	ck_assert_int_eq(self.pid, getpid());
	ck_assert_int_eq(self.parent, getppid());
	ck_assert_int_eq(self.state, 'R');
	ck_assert_uint_eq(self.threads, 1);
	ck_assert_uint_gt(self.resident, 65536);
	ck_assert_uint_lt(self.resident, UINT64_C(1) << 40);
}
END_TEST

START_TEST(children)
{
	struct process p[FEW];
	const struct process *found;
	pid_t zombie, sleeper;
	size_t n;

	if (!is_told())
		return;
	zombie = fork_zombie();
	sleeper = fork_waiting("sleeper");
	n = process_tree(getpid(), p, FEW);
	ck_assert_uint_eq(n, 3);
	ck_assert_int_eq(p[0].pid, getpid());
	found = find(p, n, zombie);
	ck_assert_int_eq(found->state, 'Z');
	ck_assert_int_eq(found->parent, getpid());
	ck_assert_uint_eq(found->resident, 0);
	found = find(p, n, sleeper);
	ck_assert_int_eq(found->parent, getpid());
	ck_assert_str_eq(found->name, "sleeper");
	ck_assert_uint_eq(found->threads, 1);
	ck_assert_uint_gt(found->switches, 0);
	end(zombie);
	end(sleeper);
	ck_assert_uint_eq(process_tree(getpid(), p, FEW), 1);
}
END_TEST

/* It said that it is ready before it began to read, so give it the time. */
START_TEST(sleeping)
{
	struct process p;
	pid_t pid;

	if (!is_told())
		return;
	pid = fork_waiting("sleeper");
	do {
		ck_assert_uint_eq(process_tree(pid, &p, 1), 1);
		sched_yield();
	} while (p.state != 'S'); /* or else Check's timeout ends it */
	end(pid);
}
END_TEST

static const struct {
	const char *name, *told;
} names[] = {
	{ "plain", "plain" },
	{ "with space", "with space" },
	{ "a) Z 1 (b", "a) Z 1 (b" },
	{ ")", ")" },
	{ "(", "(" },
	{ ") R 1 1 1", ") R 1 1 1" },
	{ "", "" },
	{ "line\nend",
	    "line\xef\xbf\xbd"
	    "end" },
	{ "\x1b[31mred", "\xef\xbf\xbd[31mred" },
	{ "\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd" },
};

/* A process may call itself anything. */
START_TEST(name)
{
	struct process p[FEW];
	const struct process *found;
	pid_t pid;

	if (!is_told())
		return;
	pid = fork_waiting(names[_i].name);
	found = find(p, process_tree(getpid(), p, FEW), pid);
	ck_assert_str_eq(found->name, names[_i].told);
	ck_assert_int_eq(found->parent, getpid());
	ck_assert(found->state == 'S' || found->state == 'R');
	end(pid);
}
END_TEST

static void *
fork_in_thread(void *arg)
{
	*(pid_t *)arg = fork_waiting("child");
	pause();
	return NULL;
}

/* A grandchild, and a child that not the first thread forked. */
START_TEST(deep)
{
	struct process p[FEW];
	pthread_t thread;
	pid_t middle, of_thread = 0;
	int ready[2];
	char byte;

	if (!is_told())
		return;
	ck_assert_int_eq(pipe(ready), 0);
	middle = fork();
	if (middle == 0) {
		pthread_create(&thread, NULL, fork_in_thread, &of_thread);
		while (__atomic_load_n(&of_thread, __ATOMIC_ACQUIRE) == 0)
			sched_yield();
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_uint_eq(process_tree(getpid(), p, FEW), 3);
	ck_assert_int_eq(p[1].pid, middle);
	ck_assert_uint_eq(p[1].threads, 2);
	ck_assert_int_eq(p[2].parent, middle);
	ck_assert_str_eq(p[2].name, "child");
	kill(p[2].pid, SIGKILL);
	end(middle);
}
END_TEST

/* Counts them all, whatever there is room for. */
START_TEST(limits)
{
	struct process p[FEW];
	pid_t pid[FEW];

	if (!is_told())
		return;
	for (size_t i = 0; i < FEW; i++)
		pid[i] = fork_zombie();
	for (size_t max = 0; max < FEW; max++) {
		memset(p, 0xee, sizeof(p));
		ck_assert_uint_eq(
		    process_tree(getpid(), max == 0 ? NULL : p, max), FEW + 1);
		for (size_t i = 0; i < max; i++)
			ck_assert_int_eq(
			    p[i].parent, i == 0 ? getppid() : getpid());
		ck_assert_int_eq(p[max].state, (char)0xee);
	}
	for (size_t i = 0; i < FEW; i++)
		end(pid[i]);
}
END_TEST

static const pid_t none[] = { 0, -1, INT32_MAX };

START_TEST(no_such_process)
{
	struct process p;

	ck_assert_uint_eq(process_tree(none[_i], &p, 1), 0);
}
END_TEST

/* Children that come and go all the time, waited for or not. */
START_TEST(vanishing)
{
	struct process p[FEW];
	pid_t churn;

	if (!is_told())
		return;
	churn = fork();
	if (churn == 0) {
		for (;;) {
			pid_t pid = fork();

			if (pid == 0)
				_exit(0);
			waitpid(pid, NULL, 0);
		}
	}
	for (int i = 0; i < 500; i++) {
		size_t n = process_tree(churn, p, FEW);

		ck_assert_uint_ge(n, 1);
		ck_assert_uint_le(n, 2);
		ck_assert_int_eq(p[0].pid, churn);
		if (n == 2)
			ck_assert_int_eq(p[1].parent, churn);
	}
	end(churn);
}
END_TEST

/* Burns time until the clock that is told of has ticked. */
START_TEST(cpu_and_switches)
{
	struct process before, after;

	if (!is_told())
		return;
	process_tree(getpid(), &before, 1);
	do {
		process_tree(getpid(), &after, 1);
		sched_yield();
	} while (after.cpu == before.cpu);
	ck_assert_uint_gt(after.cpu, before.cpu);
	ck_assert_uint_lt(after.cpu, UINT64_C(3600000000000));
	end(fork_waiting("child")); /* for which this one waits once */
	process_tree(getpid(), &after, 1);
	ck_assert_uint_gt(after.switches, before.switches);
}
END_TEST

START_TEST(descriptors)
{
	size_t before = process_descriptors();
	int fd[FEW];

	if (before == 0)
		return;
	for (size_t i = 0; i < FEW; i++)
		fd[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_uint_eq(process_descriptors(), before + FEW);
	for (size_t i = 0; i < FEW; i++)
		close(fd[i]);
	ck_assert_uint_eq(process_descriptors(), before);
}
END_TEST

static Suite *
process_suite(void)
{
	Suite *suite = suite_create("process");
	TCase *tc = tcase_create("process");

	if (!is_told())
		fprintf(stderr, "SKIPPED: this system tells of no processes\n");
	tcase_add_test(tc, this_one);
	tcase_add_test(tc, children);
	tcase_add_test(tc, sleeping);
	tcase_add_loop_test(tc, name, 0, CASES(names));
	tcase_add_test(tc, deep);
	tcase_add_test(tc, limits);
	tcase_add_loop_test(tc, no_such_process, 0, CASES(none));
	tcase_add_test(tc, vanishing);
	tcase_add_test(tc, cpu_and_switches);
	tcase_add_test(tc, descriptors);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(process_suite());
}
