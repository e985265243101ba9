/*
 * What waits to be sent of a connection's answers: bytes in memory, and
 * behind them at most one file, whole or some ranges of it.
 */
#ifndef CHATD_HTTP_OUTBOX_H
#define CHATD_HTTP_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "http/multipart.h"
#include "http/range.h"

/* Bytes in memory from which on no further request is answered. */
#define HTTP_OUT_HIGH 32768

/* What a driver does next. */
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

struct outbox {
	struct buf memory;
	int fd;                       /* the file, or -1 */
	struct http_range file;       /* what is left of this range of it */
	struct http_multipart *parts; /* NULL: that range alone */
};

void outbox_init(struct outbox *);

/* Forgets what waits and closes the file. */
void outbox_clear(struct outbox *);

/*
 * Without anything to send it needs no buffer of its own: before something is
 * added it may take a spare one, and afterwards leave its own as the spare.
 */
void outbox_take_spare(struct outbox *, struct buf *spare);
void outbox_leave_spare(struct outbox *, struct buf *spare);

/*
 * Takes over fd, to send a range of it; or the ranges of a multipart, with
 * their heads, which it takes over too.  There must be no file yet.
 */
void outbox_set_file(struct outbox *, int fd, struct http_range);
void outbox_set_parts(struct outbox *, int fd, struct http_multipart *);

/* Bytes of the file, or of its ranges, that were not sent yet. */
uint64_t outbox_file_left(const struct outbox *);

bool outbox_is_empty(const struct outbox *);
bool outbox_is_full(const struct outbox *);

/* HTTP_WAIT, HTTP_MEMORY or HTTP_FILE.  The piece stays valid until the
 * outbox is used again; outbox_sent() says how much of it was sent. */
enum http_output outbox_next(const struct outbox *, struct http_piece *);
void outbox_sent(struct outbox *, size_t n);

#endif
