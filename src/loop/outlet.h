/*
 * The way out to a client's socket.  It sends at once what the socket takes
 * and leaves the rest to a bufferevent, which there is from then on; so the
 * usual answer costs one system call and no registration of an event.  Over
 * TLS there is a bufferevent from the start, and it takes all.
 */
#ifndef CHATD_OUTLET_H
#define CHATD_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <event2/bufferevent.h>

#include "http/outbox.h"

struct event_base;
struct tls;

struct outlet {
	struct event_base *base;
	int fd;
	bufferevent_data_cb drained; /* all that waited has gone */
	bufferevent_event_cb event;
	void *arg;               /* of the two */
	struct bufferevent *bev; /* NULL until something waits, or TLS */
	bool is_secure;
	size_t file_bytes; /* of a file among what waits */
	size_t burst;      /* bytes of files sent since outlet_begin_turn() */
};

void outlet_init(struct outlet *, struct event_base *, int fd,
    bufferevent_data_cb drained, bufferevent_event_cb event, void *arg);
void outlet_close(struct outlet *); /* the socket too */

/* From now on over TLS; read is called for what is received, which is in
 * bev's input.  Returns 0, or -1 without memory. */
int outlet_begin_tls(struct outlet *, struct tls *, bufferevent_data_cb read);

/* However much is sent, after some megabytes of files in a turn the others
 * have theirs. */
void outlet_begin_turn(struct outlet *);

/* Whether something waits; then nothing more can be sent. */
bool outlet_is_busy(const struct outlet *);

/*
 * Take a piece of http_conn_output().  Of memory all is taken at once.  Of a
 * file so many bytes were sent; 0 when a part of it waits, which
 * outlet_take_file() tells once it was drained.  -1 with errno set when the
 * socket is of no more use.
 */
int outlet_memory(struct outlet *, const struct http_piece *);
ssize_t outlet_file(struct outlet *, const struct http_piece *);
size_t outlet_take_file(struct outlet *);

/*
 * Of the bytes that were taken, but for a file's that wait, those that the
 * peer has not acknowledged.
 */
int64_t outlet_unread(const struct outlet *);

/* What waits will never be read: the kernel drops it with the socket. */
void outlet_drop(struct outlet *);

/* Nothing more will be sent.  Returns 0; or -1 where the socket is full: to
 * be called again when it is not. */
int outlet_shutdown(struct outlet *);

#endif
