#include "http/conn.h"

#include <stdlib.h>

#include "http/conn_inside.h"

static const char *const state_names[] = { "idle", "head", "body", "await",
	"stream", "closing", "linger", "ended" };

struct http_conn *
http_conn_new(struct http_service *service, const struct http_peer *peer,
    struct instant now)
{
	struct http_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->service = service;
	c->peer = peer;
	c->deadline = now.mono + conn_limits(c)->header_timeout;
	c->reading.end = NEVER;
	responses_init(&c->out, service);
	return c;
}

void
conn_abandon(struct http_conn *c, struct instant now)
{
	responses_clear(&c->out, now);
	pending_free(c->pending);
	c->pending = NULL;
	c->state = ENDED;
}

void
http_conn_free(struct http_conn *c, struct instant now)
{
	if (c == NULL)
		return;
	conn_abandon(c, now);
	free(c);
}

bool
http_conn_is_full(const struct http_conn *c)
{
	return outbox_is_full(&c->out.box) || c->state == AWAIT;
}

bool
http_conn_is_idle(const struct http_conn *c)
{
	return c->state == IDLE && outbox_is_empty(&c->out.box);
}

/* No further request; with linger, because the peer may not expect it. */
static void
begin_close(struct http_conn *c, bool linger)
{
	c->state = CLOSING;
	c->linger = linger;
}

/* The last answer, whatever else was asked for. */
static void
respond_error(struct http_conn *c, struct http_record *record, int status,
    bool is_head, struct instant now)
{
	begin_close(c, true);
	responses_add_error(&c->out, record, status, is_head, now);
	if (responses_failed(&c->out))
		conn_abandon(c, now);
}

static void
refuse(struct http_conn *c, const struct http_request *req, int status,
    struct instant now)
{
	struct http_record space;

	respond_error(c, responses_record(&c->out, req, true, &space, now),
	    status, req->method == HTTP_HEAD, now);
}

/* What is known of a request of which nothing could be read. */
static void
blank_request(struct http_conn *c, struct http_request *req)
{
	req->method = HTTP_OTHER;
	req->line = STR("");
	req->nfields = 0;
	req->peer = c->peer->addr;
	req->is_secure = c->peer->is_secure;
	req->waker = c->peer->waker;
}

void
conn_fail(struct http_conn *c, int status, struct instant now)
{
	struct pending *p = c->pending;
	struct http_request req;

	c->pending = NULL;
	if (p != NULL) {
		respond_error(c, p->record, status, false, now);
	} else {
		blank_request(c, &req);
		refuse(c, &req, status, now);
	}
	pending_free(p);
}

void
http_conn_refuse(struct http_conn *c, struct instant now)
{
	c->is_refused = true;
	c->deadline = now.mono + conn_limits(c)->linger_timeout;
}

static bool
has_body(const struct http_request *req)
{
	return req->chunked || req->content_length > 0;
}

/* A body follows, of which at most max bytes may come. */
static void
begin_body(struct http_conn *c, const struct http_request *req, uint64_t max,
    struct instant now)
{
	http_body_init(&c->body, req);
	c->body_left = max;
	c->body_mark = c->received;
	c->deadline = now.mono + conn_limits(c)->header_timeout;
	c->state = BODY;
}

static void
begin_stream(struct http_conn *c)
{
	c->state = STREAM;
	c->deadline = NEVER;
}

static void
begin_next(struct http_conn *c)
{
	if (c->is_last)
		begin_close(c, c->linger);
	else
		c->state = IDLE;
}

/* Asks for the answer to the pending request. */
static void
ask(struct http_conn *c, struct instant now)
{
	struct http_response res = {
		.status = 200, .fd = -1, .validators.modified = -1
	};
	struct pending *p = c->pending;

	if (!pending_ask(p, &res, now))
		return;
	c->pending = NULL;
	c->is_last |= res.stream.fill != NULL;
	if (res.stream.fill != NULL)
		begin_stream(c);
	else
		begin_next(c);
	responses_add(&c->out, NULL, p->record, &res,
	    http_manner_of(p->minor, !c->is_last, false), now);
	pending_free(p);
	if (responses_failed(&c->out))
		conn_abandon(c, now);
}

static void
end_body(struct http_conn *c, struct instant now)
{
	if (c->pending == NULL) {
		begin_next(c);
		return;
	}
	c->state = AWAIT;
	c->deadline = now.mono + conn_limits(c)->idle_timeout;
	ask(c, now);
}

/* The answer waits for the body, if there is one, and for who gives it. */
static void
put_off(struct http_conn *c, const struct http_request *req,
    const struct http_later *later, struct instant now)
{
	uint64_t max = conn_limits(c)->max_body;
	struct http_record space;

	if (req->content_length > later->max_body) {
		refuse(c, req, 413, now);
		later->gone(later->arg);
		return;
	}
	c->pending = pending_new(
	    later, req, responses_record(&c->out, req, false, &space, now));
	if (c->pending == NULL) {
		conn_abandon(c, now);
		later->gone(later->arg);
		return;
	}
	begin_body(c, req, later->max_body < max ? later->max_body : max, now);
	if (!has_body(req))
		end_body(c, now);
}

/*
 * How it goes on after an answer: a body is read past within the limit, and
 * only then may the next request begin.  Who waits for 100 (Continue) gets
 * the final status instead, and may or may not send the body then: that
 * connection ends.
 */
static void
go_on(struct http_conn *c, const struct http_request *req, struct instant now)
{
	if (has_body(req) && req->expect_continue) {
		c->is_last = true;
		begin_close(c, true);
	} else if (has_body(req)) {
		c->linger = false;
		begin_body(c, req, conn_limits(c)->max_body, now);
	} else {
		begin_next(c);
	}
}

static void
serve(struct http_conn *c, const struct http_request *req, struct instant now)
{
	const struct http_config *config = &c->service->config;
	struct http_response res = {
		.status = 200, .fd = -1, .validators.modified = -1
	};
	bool is_head = req->method == HTTP_HEAD;
	struct http_record space;

	c->service->counts.requests[req->method]++;
	if (c->is_refused || req->content_length > conn_limits(c)->max_body) {
		refuse(c, req, c->is_refused ? 503 : 413, now);
		return;
	}
	c->is_last = !req->keep_alive || c->draining;
	c->linger = req->keep_alive || req->bare_lf;
	config->handler(config->handler_arg, req, &res, now);
	if (res.later.answer != NULL) {
		put_off(c, req, &res.later, now);
		return;
	}
	c->is_last |= res.stream.fill != NULL;
	if (res.stream.fill != NULL && !is_head)
		begin_stream(c);
	else
		go_on(c, req, now);
	responses_add(&c->out, req,
	    responses_record(&c->out, req, false, &space, now), &res,
	    http_manner_of(req->minor, !c->is_last, is_head), now);
	if (responses_failed(&c->out))
		conn_abandon(c, now);
}

/* The limit that the service sets beneath the parser's own. */
static bool
is_too_long(const struct http_conn *c, ssize_t used, size_t len)
{
	return used >= 0 &&
	    (used > 0 ? (size_t)used : len) > conn_limits(c)->max_head;
}

/* One request head, if it is all there. */
static size_t
receive_head(
    struct http_conn *c, const char *data, size_t len, struct instant now)
{
	struct http_request req;
	int status;
	ssize_t used;

	blank_request(c, &req);
	used = http_parse_request(data, len, c->last_len, &req, &status);
	if (is_too_long(c, used, len)) {
		used = -1;
		status = 431;
	}
	if (used == 0) {
		if (c->last_len == 0 && !c->is_refused)
			c->deadline = now.mono + conn_limits(c)->header_timeout;
		c->state = HEAD;
		c->last_len = len;
		return 0;
	}
	c->last_len = 0;
	if (used == -1) {
		refuse(c, &req, status, now);
		return 0;
	}
	serve(c, &req, now);
	return (size_t)used;
}

/* Where the answer has gone already, nothing that follows counts. */
static void
fail_body(struct http_conn *c, int status, struct instant now)
{
	if (c->pending != NULL)
		conn_fail(c, status, now);
	else
		begin_close(c, true);
}

static size_t
receive_body(
    struct http_conn *c, const char *data, size_t len, struct instant now)
{
	struct str content;
	size_t used;
	enum http_body_result result =
	    http_body_feed(&c->body, data, len, &used, &content);

	if (result == HTTP_BODY_BAD) {
		fail_body(c, 400, now);
		return used;
	}
	if (content.len > c->body_left) {
		fail_body(c, 413, now);
		return used;
	}
	c->body_left -= content.len;
	if (c->pending != NULL && !pending_add(c->pending, content))
		conn_abandon(c, now);
	else if (result == HTTP_BODY_DONE)
		end_body(c, now);
	return used;
}

static size_t
receive_some(
    struct http_conn *c, const char *data, size_t len, struct instant now)
{
	switch (c->state) {
	case IDLE:
	case HEAD:
		return http_conn_is_full(c) ? 0
					    : receive_head(c, data, len, now);
	case BODY:
		return receive_body(c, data, len, now);
	case AWAIT:
		return 0;
	case STREAM:
	case CLOSING:
	case LINGER:
	case ENDED:
		break;
	}
	return len;
}

/*
 * Something moved, so the peer has its time anew; but a head, a body, an
 * answer to come, a stream and lingering each have a deadline of their own.
 */
static void
wait_anew(struct http_conn *c, struct instant now)
{
	if (c->state == IDLE || c->state == CLOSING)
		c->deadline = now.mono + conn_limits(c)->idle_timeout;
}

size_t
http_conn_receive(
    struct http_conn *c, const char *data, size_t len, struct instant now)
{
	size_t total = 0;

	while (total < len) {
		size_t used = receive_some(c, data + total, len - total, now);

		if (used == 0)
			break;
		total += used;
	}
	if (total == 0)
		return 0;
	c->received += (int64_t)total;
	c->service->counts.bytes_in += total;
	wait_anew(c, now);
	return total;
}

void
http_conn_wake(struct http_conn *c, struct instant now)
{
	c->out.is_due = true;
	if (c->state != AWAIT)
		return;
	ask(c, now);
	wait_anew(c, now);
}

void
http_conn_eof(struct http_conn *c, struct instant now)
{
	if (c->state == LINGER)
		c->state = ENDED;
	if (c->state == ENDED)
		return;
	if (c->state == BODY)
		fail_body(c, 400, now);
	if (c->state == STREAM && !c->half_closed)
		responses_half_closed(&c->out);
	c->half_closed = c->is_last = true;
	c->linger = false;
	if (c->state != AWAIT && c->state != STREAM && c->state != ENDED)
		c->state = CLOSING;
	if (!outbox_is_empty(&c->out.box))
		wait_anew(c, now);
}

/* All was sent, and nothing more will be. */
static enum http_output
finish(struct http_conn *c, struct instant now)
{
	if (c->state == LINGER)
		return HTTP_WAIT;
	if (c->state != CLOSING || !c->linger) {
		c->state = ENDED;
		return HTTP_END;
	}
	c->state = LINGER;
	c->deadline = now.mono + conn_limits(c)->linger_timeout;
	return HTTP_SHUTDOWN;
}

static void
end_stream(struct http_conn *c, struct instant now)
{
	begin_close(c, c->linger);
	wait_anew(c, now);
}

/* All before was sent; a drain lets a stream have its last word. */
static void
go_on_with_stream(struct http_conn *c, struct instant now)
{
	responses_fill(&c->out, c->draining, now);
	if (responses_failed(&c->out))
		conn_abandon(c, now);
	else if (responses_is_streaming(&c->out))
		c->deadline = c->out.stream.deadline(c->out.stream.arg);
	else
		end_stream(c, now);
}

/* The body is asked for that the peer holds back (RFC 9110, 10.1.1). */
static void
ask_for_body(struct http_conn *c, struct instant now)
{
	if (c->pending == NULL || !c->pending->owes_continue)
		return;
	c->pending->owes_continue = false;
	responses_add_continue(&c->out);
	if (responses_failed(&c->out))
		conn_abandon(c, now);
}

enum http_output
http_conn_output(
    struct http_conn *c, struct http_piece *piece, struct instant now)
{
	enum http_output next = outbox_next(&c->out.box, piece);

	if (next != HTTP_WAIT)
		return next;
	if (c->state == BODY)
		ask_for_body(c, now);
	else if (c->state == STREAM)
		go_on_with_stream(c, now);
	next = outbox_next(&c->out.box, piece);
	if (next == HTTP_WAIT && c->state >= CLOSING)
		return finish(c, now);
	return next;
}

void
http_conn_sent(struct http_conn *c, size_t n, struct instant now)
{
	responses_sent(&c->out, n, now);
	c->sent += (int64_t)n;
	if (responses_failed(&c->out))
		conn_abandon(c, now);
	wait_anew(c, now);
}

bool
http_conn_has_ended(const struct http_conn *c)
{
	return c->state == ENDED;
}

void
http_conn_drain(struct http_conn *c)
{
	c->draining = c->is_last = c->out.is_due = true;
	if (c->state == IDLE)
		begin_close(c, false);
}

const char *
http_conn_state(const struct http_conn *c)
{
	return state_names[c->state];
}
