/*
 * The way between the server and whoever is at the other end of a datagram.
 */
#ifndef CHATD_PATH_H
#define CHATD_PATH_H

#include <stddef.h>

#include "base/addr.h"
#include "base/str.h"

/* Where a datagram came from, and which address of ours it was sent to. */
struct path {
	struct addr remote;
	struct addr local;  /* port 0: ip and scope alone matter */
	unsigned interface; /* its index, or 0 */
	unsigned socket;    /* the driver's number for its socket */
};

/*
 * Sends the same bytes to n paths; returns how many it took, from the first.
 * A path that gives an error is counted as taken.
 */
typedef size_t path_send(
    void *arg, const struct path *const *to, size_t n, struct str datagram);

#endif
