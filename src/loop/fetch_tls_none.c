#include "loop/fetch_tls.h"

struct bufferevent *
fetch_tls_new(struct event_base *base, const char *host, const char **why)
{
	(void)base;
	(void)host;
	*why = "this httpget was built without HTTPS";
	return NULL;
}

bool
fetch_tls_failed(struct bufferevent *bev, char *out, size_t cap)
{
	(void)bev;
	(void)out;
	(void)cap;
	return false;
}
