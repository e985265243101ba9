/*
 * Lines from a descriptor, whatever it is: a terminal, pipe, socket, regular
 * file (which epoll refuses), /dev/null.  Its O_NONBLOCK, shared with other
 * processes, is left alone.
 */
#ifndef CHATD_INPUT_H
#define CHATD_INPUT_H

#include <stdbool.h>

#include "base/str.h"

struct event_base;
struct input;

#define INPUT_LINE_MAX 4096 /* bytes; a longer line comes in pieces */

/* One line without its end; *at_eof with an empty line ends it. */
typedef void input_cb(void *arg, struct str line, bool at_eof);

/*
 * Calls cb for every line, from the loop.  A last line without a newline
 * counts.  While the terminal belongs to another job nothing is read.
 * NULL without memory.  fd stays the caller's.
 */
struct input *input_new(struct event_base *, int fd, input_cb *, void *arg);
void input_free(struct input *);

/* Stops and goes on reading. */
void input_pause(struct input *);
void input_resume(struct input *);

#endif
