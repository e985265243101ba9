/*
 * The environment says what was passed and whom to tell; LISTEN_* is unset
 * when it was read, so that a child does not take it for its own.
 */
#include "cmd/systemd.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/log.h"

static const char *
hint(int error)
{
	switch (error) {
	case EINVAL:
		return " (a stream has to listen: Accept=no)";
	case ESOCKTNOSUPPORT:
		return " (try ListenStream= or ListenDatagram=)";
	case EAFNOSUPPORT:
		return " (try an IP address and port, or for HTTP a path)";
	case EMFILE:
		return " (pass fewer of them)";
	default:
		return "";
	}
}

/* Returns 0, or -1 with errno set. */
static int
take(int fd, struct sockets *http, struct sockets *udp)
{
	struct endpoint ep;
	bool is_udp;

	if (listen_adopt(fd, &ep, &is_udp) == -1)
		return -1;
	if (sockets_add(is_udp ? udp : http, fd, &ep) == 0)
		return 0;
	errno = EMFILE;
	return -1;
}

int
systemd_sockets(struct sockets *http, struct sockets *udp)
{
	int n = sd_listen_fds(1);

	if (n < 0) {
		log_error("cannot take the sockets that were passed: %s (are "
			  "LISTEN_PID and LISTEN_FDS numbers?)",
		    strerror(-n));
		return -1;
	}
	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		if (take(fd, http, udp) == -1) {
			log_error("cannot use socket %d that was passed: %s%s",
			    fd, strerror(errno), hint(errno));
			return -1;
		}
	}
	return n;
}

void
systemd_ready(void)
{
	sd_notify(0, "READY=1");
}

/* The time tells this reload from the one before (sd_notify(3)). */
void
systemd_reloading(void)
{
	sd_notifyf(
	    0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_now().mono / 1000);
}

void
systemd_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}
