/*
 * The chat client: lines typed or piped in go out as datagrams, one line
 * each, and what comes back is shown.  Nothing from the network reaches the
 * terminal but through text_clean().
 *
 * On a terminal (stdin and stdout) the line being typed stays whole, and
 * messages have the time before them.  Elsewhere messages are printed as they
 * come, and the end of stdin ends the talk.
 */
#ifndef CHATD_TALK_H
#define CHATD_TALK_H

#include <stdbool.h>

#include "loop/listen.h"

#define TALK_WHY_MAX 512

struct talk_config {
	int fd;            /* nonblocking UDP; connected, unless in a pair */
	const char *where; /* the server's name, or what fd listens on */
	const char *nick;  /* told to the server, or NULL: none is */
	/* Two chats without a daemon: every sender but the partner is marked
	 * INTERLOPER.  port 0: the first who writes is the partner. */
	bool is_pair;
	struct addr partner;
	int linger; /* seconds to listen on after the end of stdin; -1: a
		     * moment in a pair, else none */
	bool no_colour;
};

/*
 * Talks until the end of the input or a signal.  Returns 0, or -1 with what
 * went wrong in why.
 */
int talk_run(const struct talk_config *, char why[TALK_WHY_MAX]);

#endif
