/*
 * What the daemon's chat is made of, from the options: the hub, its history,
 * the message of the day, and the chat over HTTP.
 */
#ifndef CHATD_ROOMS_H
#define CHATD_ROOMS_H

#include "chat/hub.h"
#include "cmd/options.h"
#include "site/chat.h"
#include "store/history.h"

#define ROOMS_HOST_MAX 256

/* = {0} has nothing open. */
struct rooms {
	struct history *history; /* NULL: in memory alone */
	struct hub *hub;
	struct chat *chat;
	char host[ROOMS_HOST_MAX]; /* this machine's name */
	const char *hosts[OPTIONS_LIST_MAX + 1];
};

/* Returns 0, or -1 and the reason was logged. */
int rooms_open(struct rooms *, const struct options *, struct instant now);
void rooms_close(struct rooms *);

/* Starts the history's thread, once in the sandbox.  As rooms_open(). */
int rooms_start(struct rooms *);

/* Reads the message of the day anew; the old one stays if that fails. */
void rooms_reload(struct rooms *, const struct options *);

#endif
