/*
 * The URL of an http or https server, taken apart.
 */
#ifndef CHATD_FETCH_URL_H
#define CHATD_FETCH_URL_H

#include <stdbool.h>

struct fetch_url {
	bool is_https;
	int port;
	char *host;      /* without brackets */
	char *authority; /* as the Host field has it */
	char *target;    /* path and query */
	char *text;      /* the whole of it, in ASCII, without the fragment */
};

/*
 * An absolute URL of http or https, or, where base is not NULL, a reference
 * to resolve against it (RFC 3986, 5.2).  An absolute URL without a scheme is
 * taken as http.  The fragment is dropped.
 * Returns NULL with *why set to what is wrong with it.
 */
struct fetch_url *fetch_url_new(
    const char *text, const struct fetch_url *base, const char **why);
void fetch_url_free(struct fetch_url *);

#endif
