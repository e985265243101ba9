/*
 * The UDP sockets of the chat in the event loop: datagrams are received in
 * batches (recvmmsg), handed to the plain peers or the native clients, and
 * what they send leaves in batches that share one copy of the text (sendmmsg).
 */
#ifndef CHATD_UDP_H
#define CHATD_UDP_H

#include <stdbool.h>
#include <stddef.h>

#include "chat/gate.h"
#include "chat/hub.h"
#include "chat/native.h"
#include "chat/peers.h"

struct event_base;
struct udp;

/* How long a plain peer may be silent before a ping, and then before it is
 * dropped, in seconds. */
#define UDP_PING_SECONDS 600
#define UDP_DROP_SECONDS 660

/* The hub and the gate outlive it; is_kept: the hub has a ledger.  NULL
 * without memory. */
struct udp *udp_new(
    struct event_base *, struct hub *, const struct gate *, bool is_kept);
void udp_free(struct udp *); /* closes its sockets */

/* Takes over a socket of listen_udp().  Returns 0, or -1: then it stays the
 * caller's. */
int udp_add(struct udp *, int fd);

const struct peers *udp_peers(const struct udp *);
const struct native *udp_native(const struct udp *);

#endif
