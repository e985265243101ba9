/*
 * What the plain dialect and a pair share: a line of text is a datagram.
 * Lines wait as long as the socket takes none, and no input is read meanwhile.
 */
#ifndef CHATD_BARE_H
#define CHATD_BARE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/str.h"

struct event;
struct talk;

struct bare {
	struct talk *talk;
	struct buf unsent; /* lines, each with a newline */
	struct event *writable;
	struct sockaddr_storage to; /* where the socket is not connected, */
	socklen_t to_len;           /* else 0 */
	bool reads;                 /* input is wanted */
};

/* Returns 0, or -1 without memory.  bare_close() follows in either case. */
int bare_open(struct bare *, struct talk *);
void bare_close(struct bare *);

/* Whether input is read, when nothing waits. */
void bare_read(struct bare *, bool on);

/* What goes wrong is told to the dialect's failed(). */
void bare_send(struct bare *, struct str line);

/* Shows each line of the datagram after the prefix, those that have the nick
 * in bold; and hands each to heed, unless that is NULL, with the speaker. */
void bare_show(struct bare *, const char *prefix, struct str datagram,
    const char *nick, void (*heed)(void *, const char *line));

#endif
