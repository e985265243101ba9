#include "base/worker.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"

/* Deadlines are told by the clock that nobody sets. */
static void
init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attr);
	pthread_condattr_destroy(&attr);
}

/* Returns whether there is time left. */
static bool
wait_for(struct worker *w, pthread_cond_t *condition, int64_t deadline)
{
	struct timespec at = { .tv_sec = deadline / SECONDS(1),
		.tv_nsec = deadline % SECONDS(1) };

	if (deadline == NEVER)
		return pthread_cond_wait(condition, &w->mutex) == 0;
	return pthread_cond_timedwait(condition, &w->mutex, &at) == 0;
}

void
worker_init(struct worker *w)
{
	*w = (struct worker){ 0 };
	pthread_mutex_init(&w->mutex, NULL);
	init_condition(&w->wake);
	init_condition(&w->has_ended);
}

void
worker_destroy(struct worker *w)
{
	pthread_mutex_destroy(&w->mutex);
	pthread_cond_destroy(&w->wake);
	pthread_cond_destroy(&w->has_ended);
}

/* Signals are for the other threads; without SIGPIPE there is EPIPE. */
int
worker_start(struct worker *w, void *(*run)(void *), void *arg)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->started = error == 0;
	if (w->started)
		return 0;
	errno = error;
	return -1;
}

/* Returns whether the thread has ended; else it is on its own. */
static bool
await_end(struct worker *w, int64_t deadline)
{
	bool ended;

	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	while (!w->ended && wait_for(w, &w->has_ended, deadline))
		;
	ended = w->ended;
	if (!ended) {
		w->abandoned = true;
		pthread_detach(w->thread);
	}
	pthread_mutex_unlock(&w->mutex);
	return ended;
}

bool
worker_stop(struct worker *w, int millis)
{
	if (!w->started)
		return true;
	if (!await_end(w, clock_now().mono + MILLIS(millis)))
		return false;
	pthread_join(w->thread, NULL);
	return true;
}

bool
worker_wait(struct worker *w, int64_t deadline)
{
	return wait_for(w, &w->wake, deadline);
}

bool
worker_end(struct worker *w)
{
	bool abandoned;

	pthread_mutex_lock(&w->mutex);
	w->ended = true;
	abandoned = w->abandoned;
	pthread_cond_signal(&w->has_ended);
	pthread_mutex_unlock(&w->mutex);
	return abandoned;
}
