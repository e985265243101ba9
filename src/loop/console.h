/*
 * The operator's console: a member of the room whose transport is the
 * terminal.  What is typed is said to all; what is said is printed as the
 * lecture prints it, `[127.0.0.1@50655]: hello there!`.
 */
#ifndef CHATD_CONSOLE_H
#define CHATD_CONSOLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/sink.h"
#include "chat/hub.h"

struct event_base;
struct console;

#define CONSOLE_NICK "operator"

struct console_config {
	int fd;           /* read from; -1: print alone, and be no member */
	struct sink *out; /* the caller's, outlives the console */
	/* /quit, or the end of the input: the daemon is asked to stop. */
	void (*stop)(void *arg);
	/* /stats: appends lines, each with its newline. */
	void (*stats)(void *arg, struct buf *out);
	void *arg;
};

/*
 * Greets on config->out at once.  The hub outlives it, and config->stop does
 * not free it.  NULL when it cannot join or without memory.
 */
struct console *console_new(
    struct event_base *, struct hub *, const struct console_config *);
void console_free(struct console *);

#endif
