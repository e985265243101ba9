/*
 * The sockets that the options ask for, opened before anything else starts,
 * so that a port that is taken leaves nothing half started.
 */
#ifndef CHATD_SOCKETS_H
#define CHATD_SOCKETS_H

#include <stdbool.h>

#include "cmd/options.h"

struct sockets {
	int fds[OPTIONS_LIST_MAX];
	struct endpoints bound; /* with the real ports; n is of fds too */
};

/*
 * Opens all of them.  Where the port was only the default and is taken, the
 * next one free for both TCP and UDP is, and *moved says so.
 * Returns 0, or -1 when the reason was logged and nothing is open.
 */
int sockets_open(const struct options *, struct sockets *http,
    struct sockets *udp, bool *moved);

#endif
