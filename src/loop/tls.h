/*
 * TLS for the server, or its absence: certificates, and a bufferevent that
 * speaks TLS 1.2 or 1.3 on an accepted socket.
 */
#ifndef CHATD_TLS_H
#define CHATD_TLS_H

#include <stddef.h>

struct bufferevent;
struct event_base;
struct tls;

#define TLS_WHY_MAX         512
#define TLS_FINGERPRINT_MAX 103 /* bytes of `SHA256 AB:CD:...` with its NUL */

struct tls_config {
	/*
	 * PEM files, the certificate with its chain; key NULL: it is in the
	 * same file.  Their names outlive the tls.  cert NULL: a certificate
	 * signed by its own key is made, for localhost, this host's name and
	 * every interface address.
	 */
	const char *cert, *key;
};

/* NULL with the reason in why, as `what: why (what to try)`. */
struct tls *tls_new(const struct tls_config *, char why[TLS_WHY_MAX]);
void tls_free(struct tls *);

/* Reads the files again, for connections to come; a certificate of its own
 * stays.  Returns 0; or -1 with the reason in why, and keeps what it has. */
int tls_reload(struct tls *, char why[TLS_WHY_MAX]);

/* `SHA256 AB:CD:...` of the certificate, to compare with a browser's. */
const char *tls_fingerprint(const struct tls *, char out[TLS_FINGERPRINT_MAX]);

/*
 * A bufferevent that begins the handshake on a connected socket, and owns it:
 * bufferevent_free() closes it, before the loop waits again.  What it reads
 * and writes is plain text.  NULL without memory; then the socket stays the
 * caller's.  Neither renegotiation nor compression nor early data; ALPN
 * http/1.1.
 *
 * Its callbacks are deferred.  BEV_EVENT_CONNECTED tells that the handshake is
 * done; until then EV_READ is to stay enabled.  BEV_EVENT_EOF without
 * BEV_EVENT_WRITING tells that the peer sends no more, with close_notify or
 * without, and comes after all that it sent; to write on, enable EV_WRITE
 * again.  Any other event tells that the connection is lost.  libevent does
 * not keep a read high-water mark here, and maps a file that is added to the
 * output into memory (if the file then shrinks, that is SIGBUS), so neither
 * is to be used.
 */
struct bufferevent *tls_accept(struct tls *, struct event_base *, int fd);

/*
 * Sends close_notify (RFC 8446, 6.1), unless output waits.  0, or -1 if the
 * socket is full: to be called again when it can be written to.
 */
int tls_shutdown(struct bufferevent *);

/* What went wrong, after its error event, for a log. */
const char *tls_error(struct bufferevent *, char why[TLS_WHY_MAX]);

#endif
