/*
 * The UDP sockets of the chat in the event loop: datagrams are received in
 * batches (recvmmsg), handed to the peers, and what they send leaves in
 * batches that share one copy of the text (sendmmsg).
 */
#ifndef CHATD_UDP_H
#define CHATD_UDP_H

#include <stddef.h>

#include "chat/gate.h"
#include "chat/hub.h"
#include "chat/peers.h"

struct event_base;
struct udp;

/* How long a plain peer may be silent before a ping, and then before it is
 * dropped, in seconds. */
#define UDP_PING_SECONDS 600
#define UDP_DROP_SECONDS 660

/* The hub and the gate outlive it.  NULL without memory. */
struct udp *udp_new(struct event_base *, struct hub *, const struct gate *);
void udp_free(struct udp *); /* closes its sockets */

/* Takes over a socket of listen_udp().  Returns 0, or -1: then it stays the
 * caller's. */
int udp_add(struct udp *, int fd);

const struct peers *udp_peers(const struct udp *);

#endif
