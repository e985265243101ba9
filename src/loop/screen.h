/*
 * What the user of the chat client sees and types.  On a terminal (stdin and
 * stdout) the line being typed stays whole, and messages have the time before
 * them; elsewhere stdin is read line by line and messages are printed bare.
 */
#ifndef CHATD_SCREEN_H
#define CHATD_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "loop/input.h"

struct event_base;
struct screen;

/* How a line looks on a terminal with colours. */
enum screen_look {
	LOOK_PLAIN,
	LOOK_DIM,
	LOOK_BOLD,
	LOOK_ACTION,
	LOOK_PRIVATE,
	LOOK_QUESTION,
	LOOK_ANNOUNCEMENT
};

struct screen_line {
	int64_t time; /* milliseconds since 1970 UTC, or 0: none is shown */
	enum screen_look look;
	struct str text; /* clean */
	struct str nick; /* a part of text with a colour of its own, or empty */
	bool rings;      /* a terminal's bell */
};

struct screen_config {
	bool no_colour;
	bool no_time;
	bool erases;    /* what was typed vanishes when it is entered */
	input_cb *line; /* typed or read; nothing comes after at_eof */
	/* The i-th word that TAB may complete to, or NULL past the last. */
	const char *(*word)(void *arg, size_t i);
	/* Some of what waited is written. */
	void (*drained)(void *arg);
	void *arg;
};

/* NULL without memory, or when the terminal cannot be set up. */
struct screen *screen_new(struct event_base *, const struct screen_config *);
void screen_free(struct screen *);

bool screen_is_terminal(const struct screen *);

/* Adds a line; screen_show() shows what was added in one go. */
void screen_add(struct screen *, const struct screen_line *);
void screen_show(struct screen *);

/* Whether so much waits to be written that no more should be added now. */
bool screen_is_full(const struct screen *);

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
