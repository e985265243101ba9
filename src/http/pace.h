/*
 * How fast a peer reads, while something waits for it.  Acknowledgements come
 * in large steps, so that some stretches of time without any are forgiven to
 * one who was fast enough in others; the first only fills its buffers.
 */
#ifndef CHATD_HTTP_PACE_H
#define CHATD_HTTP_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	int64_t end;     /* of this stretch, mono; NEVER: nothing waits */
	int64_t mark;    /* bytes read at its begin */
	int64_t goal;    /* bytes sent at its begin */
	unsigned moves;  /* stretches that were fast enough */
	unsigned stalls; /* that were not, since the last of those */
};

/* The first stretch, up to end. */
void pace_begin(struct pace *, int64_t sent, int64_t read, int64_t end);

/* A stretch is over.  Begins the next; or returns false: the peer was too slow
 * for too long. */
bool pace_goes_on(struct pace *, int64_t sent, int64_t read,
    bool was_fast_enough, int64_t end);

/* Whether so many bytes in that time, in nanoseconds, are some, and at least
 * rate a second. */
bool pace_is_enough(int64_t bytes, int64_t time, uint64_t rate);

#endif
