/*
 * The responses of one connection on their way out: they are put together in
 * the outbox, counted, and told to the log when they are done with.  The last
 * of them may be a stream, whose content is asked for as it is sent.
 */
#ifndef CHATD_HTTP_RESPONSES_H
#define CHATD_HTTP_RESPONSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"
#include "http/answer.h"
#include "http/outbox.h"
#include "http/parse.h"
#include "http/service.h"

struct responses {
	struct http_service *service;
	struct outbox box;
	struct http_record *record; /* of the file or stream that is sent */
	struct http_stream stream;  /* without a fill function: none, or over */
	bool has_stream;            /* what is sent ends with a stream's */
	bool is_due;                /* the stream may have something to send */
};

void responses_init(struct responses *, struct http_service *);

/* Forgets what waits, which counts as far as it was sent. */
void responses_clear(struct responses *, struct instant now);

/* What the request tells the log, put into space; NULL without a log. */
struct http_record *responses_record(const struct responses *,
    const struct http_request *, bool refused, struct http_record *space,
    struct instant now);

/*
 * Adds a response, as http_answer() does.  The record, which may be NULL, is
 * completed; it stays the caller's.
 */
void responses_add(struct responses *, const struct http_request *,
    struct http_record *, struct http_response *, struct http_manner,
    struct instant now);

/* Adds one that says what is wrong, and that the connection ends. */
void responses_add_error(struct responses *, struct http_record *, int status,
    bool is_head, struct instant now);

/* 100 (Continue), in front of what answers the same request. */
void responses_add_continue(struct responses *);

/* Tells the stream that the peer sends no more; it is asked anew. */
void responses_half_closed(struct responses *);

/* All was sent: asks the stream, if it is due, for what comes next.  It ends
 * if it says so, or if this was to be the last time. */
void responses_fill(struct responses *, bool is_last, struct instant now);
bool responses_is_streaming(const struct responses *);

/* So much of the outbox was sent. */
void responses_sent(struct responses *, size_t n, struct instant now);

/* There was no memory for all. */
bool responses_failed(const struct responses *);

#endif
