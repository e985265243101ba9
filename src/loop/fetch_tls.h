/*
 * What fetch needs of a TLS library, or of its absence.
 */
#ifndef CHATD_FETCH_TLS_H
#define CHATD_FETCH_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct bufferevent;
struct event_base;

/*
 * A bufferevent that speaks TLS to the host once it is connected, and
 * connects to nobody whose certificate the system's trust store and the
 * host's name do not confirm.  Returns NULL with *why set.
 */
struct bufferevent *fetch_tls_new(
    struct event_base *, const char *host, const char **why);

/*
 * Whether it is TLS that kept it from connecting; then out has the reason.
 * To be asked once.
 */
bool fetch_tls_failed(struct bufferevent *, char *out, size_t cap);

#endif
