#include "base/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/run.h"

/* An object with a worker; its fields are under the mutex while it works. */
struct object {
	struct worker worker;
	bool has_news;
	pthread_cond_t took; /* the news */
	unsigned taken;
	bool was_in_time; /* the last time that it waited */
	sigset_t blocked;
	int stuck; /* a pipe to read from, before it ends; or -1 */
	int gone;  /* a pipe that is closed when the object is freed */
};

static struct object *object;

static void
setup(void)
{
	object = calloc(1, sizeof(*object));
	ck_assert_ptr_nonnull(object);
	worker_init(&object->worker);
	pthread_cond_init(&object->took, NULL);
	object->stuck = object->gone = -1;
}

static void
destroy(struct object *o)
{
	int gone = o->gone;

	worker_destroy(&o->worker);
	pthread_cond_destroy(&o->took);
	free(o);
	if (gone != -1)
		close(gone);
}

static void
stop(void)
{
	ck_assert(worker_stop(&object->worker, 10000));
}

static void
teardown(void)
{
	if (object == NULL)
		return;
	stop();
	destroy(object);
}

/* What the thread does. */

static void *
end(struct object *o)
{
	if (worker_end(&o->worker))
		destroy(o);
	return NULL;
}

static void *
take_news(void *arg)
{
	struct object *o = arg;

	pthread_mutex_lock(&o->worker.mutex);
	while (!o->worker.stop) {
		if (!o->has_news) {
			o->was_in_time = worker_wait(&o->worker, NEVER);
			continue;
		}
		o->has_news = false;
		o->taken++;
		pthread_cond_signal(&o->took);
	}
	pthread_mutex_unlock(&o->worker.mutex);
	return end(o);
}

static void *
wait_until_it_is_time(void *arg)
{
	struct object *o = arg;
	int64_t deadline = clock_now().mono + MILLIS(20);

	pthread_mutex_lock(&o->worker.mutex);
	while (worker_wait(&o->worker, deadline))
		;
	o->taken += clock_now().mono >= deadline;
	pthread_mutex_unlock(&o->worker.mutex);
	return end(o);
}

static void *
look_at_signals(void *arg)
{
	struct object *o = arg;

	pthread_sigmask(SIG_SETMASK, NULL, &o->blocked);
	return end(o);
}

static void *
be_stuck(void *arg)
{
	struct object *o = arg;
	char byte;

	while (read(o->stuck, &byte, 1) == -1)
		;
	close(o->stuck);
	return end(o);
}

static void
start(void *(*run)(void *))
{
	ck_assert_int_eq(worker_start(&object->worker, run, object), 0);
}

START_TEST(never_started)
{
	ck_assert(worker_stop(&object->worker, 0));
}
END_TEST

/* It waits without limit, and is woken for news and to end. */
START_TEST(woken)
{
	start(take_news);
	pthread_mutex_lock(&object->worker.mutex);
	for (unsigned i = 1; i <= 100; i++) {
		object->has_news = true;
		pthread_cond_signal(&object->worker.wake);
		while (object->has_news)
			pthread_cond_wait(&object->took, &object->worker.mutex);
		ck_assert_uint_eq(object->taken, i);
	}
	pthread_mutex_unlock(&object->worker.mutex);
	stop();
	ck_assert(object->was_in_time);
}
END_TEST

START_TEST(deadline)
{
	start(wait_until_it_is_time);
	stop();
	ck_assert_uint_eq(object->taken, 1);
}
END_TEST

/* All of them, in the thread alone. */
START_TEST(signals)
{
	static const int some[] = { SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGUSR1 };
	sigset_t before, after;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	start(look_at_signals);
	stop();
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int i = 0; i < CASES(some); i++) {
		ck_assert_int_eq(sigismember(&object->blocked, some[i]), 1);
		ck_assert_int_eq(sigismember(&after, some[i]),
		    sigismember(&before, some[i]));
	}
}
END_TEST

/* Who is left behind still has all it needs, and frees it. */
START_TEST(left_behind)
{
	int stuck[2], gone[2];
	char byte;

	ck_assert_int_eq(pipe2(stuck, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(gone, O_CLOEXEC), 0);
	object->stuck = stuck[0];
	object->gone = gone[1];
	start(be_stuck);
	ck_assert(!worker_stop(&object->worker, 1));
	object = NULL;
	close(stuck[1]);
	ck_assert_int_eq(read(gone[0], &byte, 1), 0);
	close(gone[0]);
}
END_TEST

/* No stack is so large. */
START_TEST(cannot_start)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	ck_assert_int_eq(pthread_attr_setstacksize(&attr, SIZE_MAX / 4), 0);
	ck_assert_int_eq(pthread_setattr_default_np(&attr), 0);
	pthread_attr_destroy(&attr);
	errno = 0;
	ck_assert_int_eq(worker_start(&object->worker, take_news, object), -1);
	ck_assert_int_ne(errno, 0);
	ck_assert(worker_stop(&object->worker, 0));
}
END_TEST

static Suite *
worker_suite(void)
{
	Suite *suite = suite_create("worker");
	TCase *tc = tcase_create("worker");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, never_started);
	tcase_add_test(tc, woken);
	tcase_add_test(tc, deadline);
	tcase_add_test(tc, signals);
	tcase_add_test(tc, left_behind);
	tcase_add_test(tc, cannot_start);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(worker_suite());
}
