/*
 * A thread that works for one object until it is stopped, and is then waited
 * for within limits: one that is stuck, in a write to a dead disk, is left
 * behind with the object, which it frees itself when it can.  All signals are
 * blocked in it.  A child of fork(2) has no such thread.
 *
 * The object has the worker as a member.  Its fields that both sides use are
 * under the worker's mutex, and the side that changes what the thread waits
 * for signals `wake`.
 */
#ifndef CHATD_WORKER_H
#define CHATD_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct worker {
	pthread_t thread;
	bool started; /* the caller's alone */
	pthread_mutex_t mutex;

	/* Under the mutex. */
	pthread_cond_t wake; /* the thread */
	bool stop;           /* it shall end */
	pthread_cond_t has_ended;
	bool ended;
	bool abandoned; /* it frees the object */
};

/* One that was never started, or has ended, is destroyed. */
void worker_init(struct worker *);
void worker_destroy(struct worker *);

/* Starts the thread with run(arg).  0, or -1 with errno. */
int worker_start(struct worker *, void *(*run)(void *), void *arg);

/*
 * Sets `stop`, wakes the thread and waits so long for its end.  Returns
 * whether it has ended, or was never started, so that the caller frees the
 * object; else the thread does, and the caller must not touch it any more.
 */
bool worker_stop(struct worker *, int millis);

/*
 * For the thread, which holds the mutex: sleeps until it is woken, perhaps for
 * nothing, or until that time (struct instant, mono) or NEVER.  Returns
 * whether there is time left.
 */
bool worker_wait(struct worker *, int64_t deadline);

/* The last that the thread does, without the mutex.  Returns whether it was
 * left behind, and has to free the object; else the object may be gone. */
bool worker_end(struct worker *);

#endif
