/*
 * The sockets that the options ask for, opened before anything else starts,
 * so that a port that is taken leaves nothing half started.
 */
#ifndef CHATD_SOCKETS_H
#define CHATD_SOCKETS_H

#include <stdbool.h>
#include <sys/types.h>

#include "cmd/options.h"

/* A Unix socket's file that is ours to remove; ino 0: there is none. */
struct socket_file {
	dev_t dev;
	ino_t ino;
};

/* = {0} has none. */
struct sockets {
	int fds[OPTIONS_LIST_MAX];
	struct socket_file files[OPTIONS_LIST_MAX];
	struct endpoints bound; /* with the real ports; n is of all three */
};

/*
 * Opens all of them, beside what a service manager has passed, which takes
 * the place of the defaults.  Where the port was only the default and is
 * taken, the next one free for both TCP and UDP is, and *moved says so.
 * Returns 0, or -1 when the reason was logged and nothing more is open.
 */
int sockets_open(const struct options *, struct sockets *http,
    struct sockets *udp, bool *moved);

/* A socket that somebody else has bound.  0, or -1 where there is no room. */
int sockets_add(struct sockets *, int fd, const struct endpoint *);

/* Removes the files of the Unix sockets opened here, unless they have been
 * replaced: when the daemon ends. */
void sockets_remove_files(const struct sockets *);

#endif
