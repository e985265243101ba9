/*
 * The line being typed on the terminal at stdin.  What is printed meanwhile
 * goes above it and leaves it whole.  With libedit there are editing, history
 * and completion; without it the terminal's own line mode.
 */
#ifndef CHATD_LINEEDIT_H
#define CHATD_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sink.h"
#include "loop/input.h"

struct event_base;
struct lineedit;

struct lineedit_config {
	const char *prompt;
	struct sink
	    *out;    /* the terminal; the caller's, outlives the lineedit */
	bool erases; /* a line that is finished is taken off the screen, where
		      * what it shows is known */
	input_cb *line; /* at_eof: Ctrl-D, or the terminal is gone */
	/* The i-th word that TAB may complete to, or NULL past the last. */
	const char *(*word)(void *arg, size_t i);
	void *arg;
};

/* Shows the prompt.  NULL without memory, or when that terminal cannot be
 * set up.  There is one at a time. */
struct lineedit *lineedit_new(
    struct event_base *, const struct lineedit_config *);

/* Takes the line off the screen and gives the terminal back as it was; may
 * be called from the line callback. */
void lineedit_free(struct lineedit *);

/* Whole lines of clean text, printed above the line being typed. */
void lineedit_print(struct lineedit *, const char *, size_t len);

/* Draws the line again: the terminal had not taken all of it. */
void lineedit_redraw(struct lineedit *);

#endif
