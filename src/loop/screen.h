/*
 * What the user of the chat client sees and types.  On a terminal (stdin and
 * stdout) the line being typed stays whole, and messages have the time before
 * them; elsewhere stdin is read line by line and messages are printed bare.
 */
#ifndef CHATD_SCREEN_H
#define CHATD_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "loop/input.h"

struct event_base;
struct screen;

struct screen_config {
	bool no_colour;
	input_cb *line; /* typed or read; nothing comes after at_eof */
	/* The i-th word that TAB may complete to, or NULL past the last. */
	const char *(*word)(void *arg, size_t i);
	void *arg;
};

/* NULL without memory, or when the terminal cannot be set up. */
struct screen *screen_new(struct event_base *, const struct screen_config *);
void screen_free(struct screen *);

bool screen_is_terminal(const struct screen *);

/* Adds a line of clean text after a prefix; screen_show() shows what was
 * added in one go. */
void screen_add(
    struct screen *, const char *prefix, const char *line, bool stands_out);
void screen_show(struct screen *);

/* The program's own word; off a terminal it goes to stderr, so that it is
 * not among the messages. */
void screen_notice(struct screen *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether lines are read; a terminal's user may always type. */
void screen_read(struct screen *, bool on);

/* Gives the terminal back as it was: nothing is typed any more. */
void screen_close(struct screen *);

/*
 * Writes what waits: to a pipe all of it, however slow its reader; a stopped
 * terminal is not waited for.  Returns 0, or -1 when it takes no more.
 */
int screen_finish(struct screen *);

#endif
