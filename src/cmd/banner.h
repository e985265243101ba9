/*
 * What the daemon says when it is ready.
 */
#ifndef CHATD_BANNER_H
#define CHATD_BANNER_H

#include "base/buf.h"
#include "cmd/sockets.h"

/* The line that is always first on stdout; programs read it. */
void banner_ready(
    struct buf *, const struct sockets *http, const struct sockets *udp);

/* For a person at a terminal: every URL that a neighbour can use, what to
 * type to chat, what is served, and where there is a console what it does. */
void banner_welcome(struct buf *, const struct sockets *http,
    const struct sockets *udp, const char *root, bool moved, bool has_console);

#endif
