/*
 * An HTTP client: one exchange with the server that a URL names.  The body is
 * handed over as it arrives and never kept.
 */
#ifndef CHATD_FETCH_H
#define CHATD_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "loop/fetch_url.h"

#define FETCH_HEAD_MAX  65536      /* bytes of a response's head */
#define FETCH_CHUNK_MAX (16 << 20) /* bytes of a chunk, which is kept whole */
#define FETCH_ERROR_MAX 1024

/* The head of the final response; all of it is valid during the call. */
struct fetch_head {
	int status;
	const char *reason;
	const char *location; /* NULL without one */
	int64_t length;       /* Content-Length, -1 if unknown */
	struct str text;      /* status line and fields, each with its CRLF */
};

/* What the caller does meanwhile.  Where an int is returned, -1 stops. */
struct fetch_handler {
	void (*note)(void *arg, const char *what); /* which address is tried */
	void (*sent)(void *arg, struct str head);  /* a part of the request */
	int (*head)(void *arg, const struct fetch_head *);
	int (*body)(void *arg, const void *, size_t len);
	void *arg;
};

struct fetch_options {
	const char *user_agent;
	bool is_head; /* HEAD in place of GET */
	int timeout;  /* seconds without progress, at least 1 */
};

enum fetch_end {
	FETCH_DONE,
	FETCH_STOPPED, /* by the handler */
	FETCH_FAILED
};

struct fetch_result {
	/* Nanoseconds that each step took; connect includes TLS. */
	int64_t lookup, connect, first_byte, total;
	char error[FETCH_ERROR_MAX]; /* what: why (what to try) */
};

/* Runs until the exchange has ended.  Looking the name up may block. */
enum fetch_end fetch_run(const struct fetch_url *, const struct fetch_options *,
    const struct fetch_handler *, struct fetch_result *);

#endif
