#include "loop/tls.h"

#include <stdio.h>

struct tls *
tls_new(const struct tls_config *config, char why[TLS_WHY_MAX])
{
	(void)config;
	snprintf(why, TLS_WHY_MAX,
	    "TLS is not built in (configure and build with OpenSSL)");
	return NULL;
}

void
tls_free(struct tls *tls)
{
	(void)tls;
}

int
tls_reload(struct tls *tls, char why[TLS_WHY_MAX])
{
	(void)tls;
	why[0] = '\0';
	return -1;
}

const char *
tls_fingerprint(const struct tls *tls, char out[TLS_FINGERPRINT_MAX])
{
	(void)tls;
	out[0] = '\0';
	return out;
}

struct bufferevent *
tls_accept(struct tls *tls, struct event_base *base, int fd)
{
	(void)tls;
	(void)base;
	(void)fd;
	return NULL;
}

int
tls_shutdown(struct bufferevent *bev)
{
	(void)bev;
	return 0;
}

const char *
tls_error(struct bufferevent *bev, char why[TLS_WHY_MAX])
{
	(void)bev;
	why[0] = '\0';
	return why;
}
