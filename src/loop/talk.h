/*
 * The chat client: what is typed or piped in is said, and what comes back is
 * shown.  It speaks one of three dialects (loop/dialect.h).  Nothing from the
 * network reaches the terminal but through text_clean().
 */
#ifndef CHATD_TALK_H
#define CHATD_TALK_H

#include <stdbool.h>

#include "base/addr.h"
#include "chat/wire.h"

#define TALK_WHY_MAX 512

enum talk_dialect {
	TALK_NATIVE,
	TALK_PLAIN, /* bare lines to a server, best effort */
	TALK_PAIR   /* bare lines between two chats without a server: every
		     * sender but the partner is marked INTERLOPER */
};

struct talk_config {
	enum talk_dialect dialect;
	int fd;            /* nonblocking UDP; connected, unless in a pair */
	const char *where; /* the server's name, or what fd listens on */
	const char *nick;  /* told to the server, or NULL: none is */
	const char *room;  /* native: or NULL, the server's own choice */
	unsigned char token[WIRE_TOKEN]; /* native: who one is, a secret */
	struct addr partner; /* in a pair; port 0: the first who writes */
	int linger; /* seconds to listen on after the end of stdin; -1: a
		     * moment in a pair, else none */
	bool no_colour;
	bool no_time; /* before messages */
	bool no_bell;
};

/*
 * Talks until the end of the input or a signal.  Returns 0, or -1 with what
 * went wrong in why.
 */
int talk_run(const struct talk_config *, char why[TALK_WHY_MAX]);

#endif
