/*
 * An HTTP/1.1 connection as a state machine without a descriptor: bytes in,
 * requests, answers, bytes out.  It keeps requests in order, one answer for
 * each (RFC 9112, 9.3), and never holds more than HTTP_OUT_HIGH and one
 * answer of memory, however many requests were pipelined.
 *
 * A driver owns the socket and repeats: hand in what was received, take out
 * what is to be sent, call http_conn_expire() at the deadline.
 */
#ifndef CHATD_HTTP_CONN_H
#define CHATD_HTTP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "http/format.h"
#include "http/parse.h"

/* Bytes of answers that may wait before no further request is taken. */
#define HTTP_OUT_HIGH 65536

struct http_response {
	int status;        /* 200 until the handler says otherwise */
	struct str type;   /* Content-Type */
	struct str fields; /* more field lines, each with its CRLF */
	/*
	 * The content: body, copied before the handler is called again; or
	 * length bytes of the open file fd, which the connection takes over
	 * and closes.  With neither, a status page stands in for an error.
	 */
	struct str body;
	int fd; /* -1 unless a file is sent */
	uint64_t length;
};

/*
 * Answers a request; for HEAD as it would for GET, the content is left out by
 * the connection.  The request is valid only during the call.
 */
typedef void http_handler(void *arg, const struct http_request *,
    struct http_response *, struct instant now);

struct http_limits {
	int64_t
	    header_timeout;   /* nanoseconds, for a whole head (408) or body */
	int64_t idle_timeout; /* between requests, and for a peer to read */
	int64_t linger_timeout; /* for a peer to close after an error */
	uint64_t max_body;      /* bytes of a request body; more are 413 */
};

/* What all connections of a server share; a driver has one for each thread. */
struct http_service {
	struct http_limits limits;
	http_handler *handler;
	void *arg;
	int64_t date_second; /* of date; set up as -1 */
	char date[HTTP_DATE_LEN + 1];
	struct buf spare; /* an emptied output buffer, for who needs one next */
};

void http_service_init(struct http_service *, const struct http_limits *,
    http_handler *, void *arg);
void http_service_free(struct http_service *); /* what it holds */

enum http_output {
	HTTP_WAIT,     /* nothing to send now */
	HTTP_MEMORY,   /* send len bytes at data */
	HTTP_FILE,     /* send len bytes of fd from offset on */
	HTTP_SHUTDOWN, /* shut down writing, and go on receiving */
	HTTP_END       /* close */
};

struct http_piece {
	const char *data;
	uint64_t len;
	int fd;
	off_t offset;
	bool more; /* another piece follows at once (MSG_MORE) */
};

struct http_conn;

/* The service outlives it.  NULL without memory. */
struct http_conn *http_conn_new(struct http_service *, struct instant now);
void http_conn_free(struct http_conn *);

/*
 * Takes what was received, from the first byte not yet used.  Returns how
 * many bytes it used; the rest is to be handed in again, with more behind
 * it, or once what waits was sent.  0 means that it needs one of the two.
 */
size_t http_conn_receive(
    struct http_conn *, const char *data, size_t len, struct instant now);

/* The peer sends no more.  What was asked for is still answered. */
void http_conn_eof(struct http_conn *, struct instant now);

/* Whether answers wait, so that receiving would not go on. */
bool http_conn_is_full(const struct http_conn *);

/* What to do next.  A piece stays valid until the connection is used again;
 * http_conn_sent() says how much of it was sent. */
enum http_output http_conn_output(
    struct http_conn *, struct http_piece *, struct instant now);
void http_conn_sent(struct http_conn *, size_t n, struct instant now);

/* When to call http_conn_expire(), mono.  It may only move later unnoticed:
 * a driver asks after each call above and may wake up too early. */
int64_t http_conn_deadline(const struct http_conn *);
void http_conn_expire(struct http_conn *, struct instant now);

/* No request after those under way (the server stops). */
void http_conn_drain(struct http_conn *);

/* For a log: "idle", "request", ... */
const char *http_conn_state(const struct http_conn *);

#endif
