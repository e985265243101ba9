/*
 * Without libsystemd there is no service manager to hear or to tell.
 */
#include "cmd/systemd.h"

int
systemd_sockets(struct sockets *http, struct sockets *udp)
{
	(void)http;
	(void)udp;
	return 0;
}

void
systemd_ready(void)
{
}

void
systemd_reloading(void)
{
}

void
systemd_stopping(void)
{
}
