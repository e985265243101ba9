/*
 * The daemon as a whole: one event loop with the HTTP connections, the UDP
 * chat, the console and the signals, from start to drain.
 */
#ifndef CHATD_SERVER_H
#define CHATD_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/sink.h"
#include "chat/hub.h"
#include "http/conn.h"
#include "loop/httpd.h"
#include "site/chat.h"
#include "site/status.h"
#include "store/history.h"

/* For what is under way when the daemon is stopped. */
#define DRAIN_SECONDS 10

struct server;

struct server_config {
	struct http_config http;
	struct httpd_config httpd;
	/* The caller's, which outlive the server: */
	struct hub *hub;
	struct history *history; /* the hub's ledger, or NULL */
	const struct chat *chat; /* for its facts */
	const struct cidr *trusted;
	size_t ntrusted;
	/* Told of SIGHUP, and of the begin of the end. */
	void (*reload)(void *arg);
	void (*stopping)(void *arg);
	void *arg;
};

/* NULL, and the reason was logged. */
struct server *server_new(const struct server_config *);
void server_free(struct server *);

/* Take over a socket of listen_stream() or listen_udp().  0, or -1: then it
 * stays the caller's. */
int server_add_http(struct server *, int fd);
int server_add_udp(struct server *, int fd);

/*
 * The operator's console prints to out, which stays the caller's, and reads
 * from fd, or from nothing if that is -1.  0, or -1 without memory.
 */
int server_open_console(struct server *, int fd, struct sink *out);

/* Fills in what the server knows: connections, HTTP, the chat. */
void server_facts(const struct server *, struct status_facts *);

/*
 * Serves until SIGTERM, SIGINT or the console's end, then drains.  A second
 * signal ends it at once.  Returns 0, or -1 when the loop failed.
 */
int server_run(struct server *);

#endif
