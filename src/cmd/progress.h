/*
 * How far a body has come that goes to a file, drawn on standard error where
 * that is a terminal, and the body is long or nobody knows its length.
 */
#ifndef CHATD_PROGRESS_H
#define CHATD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool is_shown;
	bool has_colour; /* unless NO_COLOR is set */
	int64_t total;   /* bytes, -1 if unknown */
	int64_t start, drawn;
};

/* = {0} shows nothing yet.  out is where the body goes. */
void progress_start(struct progress *, int out, int64_t total);

/* Draws ten times a second at most; done is in bytes. */
void progress_update(struct progress *, int64_t done);

/* Draws the last state and leaves the cursor at the start of a line. */
void progress_end(struct progress *, int64_t done);

#endif
