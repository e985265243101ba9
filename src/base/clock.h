/*
 * The time, read in one place and handed to all who need it: the protocol
 * code takes an instant as an argument and never asks a clock.
 */
#ifndef CHATD_CLOCK_H
#define CHATD_CLOCK_H

#include <stdint.h>

struct instant {
	int64_t mono; /* nanoseconds, never goes back: for deadlines */
	int64_t wall; /* milliseconds since 1970 UTC: for people */
};

#define SECONDS(n) ((int64_t)(n)*1000000000)
#define MILLIS(n)  ((int64_t)(n)*1000000)

/* A deadline that never comes. */
#define NEVER INT64_MAX

struct instant clock_now(void);

#endif
