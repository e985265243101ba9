/*
 * What a service manager hands over and wants to hear: sockets that it has
 * opened (sd_listen_fds(3)), and how the daemon does (sd_notify(3)).
 */
#ifndef CHATD_SYSTEMD_H
#define CHATD_SYSTEMD_H

#include "cmd/sockets.h"

/*
 * Adds the sockets passed to the lists, made nonblocking and close-on-exec:
 * listening streams to http, datagrams to udp.  Returns how many were taken,
 * 0 without a service manager; or -1 when one is of no use, which was logged.
 */
int systemd_sockets(struct sockets *http, struct sockets *udp);

/* Tell the manager, if there is one. */
void systemd_ready(void);
void systemd_reloading(void);
void systemd_stopping(void);

#endif
