/*
 * What the daemon says when it is ready.
 */
#ifndef CHATD_BANNER_H
#define CHATD_BANNER_H

#include <stdbool.h>

#include "base/buf.h"
#include "cmd/sockets.h"

/* The line that is always first on stdout; programs read it. */
void banner_ready(
    struct buf *, const struct sockets *http, const struct sockets *udp);

struct banner {
	const struct sockets *http, *udp;
	const char *root;        /* NULL: the built-in page */
	const char *sandbox;     /* as sandbox_enter() says it, or NULL */
	const char *fingerprint; /* as tls_fingerprint() says it, or NULL */
	bool is_secure;          /* https:// */
	bool moved;              /* the default port was taken */
	bool has_console;
};

/* For a person at the terminal on stdout: every URL that a neighbour can use
 * (the first one of the chat page as a QR code too, if there is room for it),
 * what to type to chat, what is served, and where there is a console what it
 * does. */
void banner_welcome(struct buf *, const struct banner *);

#endif
