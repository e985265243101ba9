#include "http/conn.h"

#include <stdlib.h>
#include <unistd.h>

#include "http/body.h"

/*
 * IDLE -> HEAD -> (BODY) -> IDLE ... -> CLOSING -> (LINGER) -> ENDED
 */
enum state {
	IDLE,    /* no byte of a request */
	HEAD,    /* some bytes of a head */
	BODY,    /* answered, and its body is being read past */
	CLOSING, /* takes no more requests; sends what waits, then closes */
	LINGER,  /* sent all; reads on so that the peer sees it (9.6) */
	ENDED
};

static const char *const state_names[] = { "idle", "head", "body", "closing",
	"linger", "ended" };

struct http_conn {
	struct http_service *service;
	enum state state;
	bool linger;   /* CLOSING leads to LINGER: the peer may still send */
	bool draining; /* answers say Connection: close */
	bool close_after_body;
	size_t last_len;    /* bytes of an unfinished head seen so far */
	uint64_t body_left; /* bytes of the body that are still read past */
	struct http_body body;
	struct buf out;
	int fd; /* the file that follows out, or -1 */
	off_t offset;
	uint64_t file_left;
	int64_t deadline;
};

void
http_service_init(struct http_service *s, const struct http_limits *limits,
    http_handler *handler, void *arg)
{
	*s = (struct http_service){ .limits = *limits,
		.handler = handler,
		.arg = arg,
		.date_second = -1 };
}

void
http_service_free(struct http_service *s)
{
	buf_free(&s->spare);
}

static struct str
service_date(struct http_service *s, struct instant now)
{
	if (now.wall / 1000 != s->date_second) {
		s->date_second = now.wall / 1000;
		http_date_format(s->date_second, s->date);
	}
	return (struct str){ s->date, HTTP_DATE_LEN };
}

struct http_conn *
http_conn_new(struct http_service *service, struct instant now)
{
	struct http_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->service = service;
	c->fd = -1;
	c->deadline = now.mono + service->limits.header_timeout;
	return c;
}

static void
close_file(struct http_conn *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->file_left = 0;
}

void
http_conn_free(struct http_conn *c)
{
	if (c == NULL)
		return;
	close_file(c);
	buf_free(&c->out);
	free(c);
}

static bool
has_output(const struct http_conn *c)
{
	return buf_len(&c->out) > 0 || c->fd != -1;
}

bool
http_conn_is_full(const struct http_conn *c)
{
	return c->fd != -1 || buf_len(&c->out) >= HTTP_OUT_HIGH;
}

/* An idle connection owns no buffer: it goes round through the service. */
static void
borrow_buffer(struct http_conn *c)
{
	if (c->out.base == NULL) {
		c->out = c->service->spare;
		buf_init(&c->service->spare);
	}
}

static void
return_buffer(struct http_conn *c)
{
	if (c->service->spare.base == NULL && c->out.cap <= 2 * HTTP_OUT_HIGH) {
		c->service->spare = c->out;
		buf_init(&c->out);
	} else {
		buf_free(&c->out);
	}
}

/* No further request; with linger, because the peer may not expect it. */
static void
begin_close(struct http_conn *c, bool linger)
{
	c->state = CLOSING;
	c->linger = linger;
}

/* Without memory for an answer there is nothing left to say. */
static void
abandon(struct http_conn *c)
{
	close_file(c);
	buf_free(&c->out);
	c->state = ENDED;
}

static struct str
connection_option(const struct http_request *req, bool keep)
{
	if (!keep)
		return STR("close");
	/* HTTP/1.1 persists without being told so. */
	return req->minor == 0 ? STR("keep-alive") : (struct str){ "", 0 };
}

static void
write_response(struct http_conn *c, const struct http_response *res,
    struct str connection, bool is_head, struct instant now)
{
	struct http_head head = {
		.status = res->status,
		.date = service_date(c->service, now),
		.type = res->type,
		.content_length = res->fd != -1 ? res->length : res->body.len,
		.fields = res->fields,
		.connection = connection,
	};

	http_head_write(&c->out, &head);
	if (is_head || http_has_no_content(res->status))
		return;
	buf_add_str(&c->out, res->body);
}

/* An error without content of its own gets a page, for people. */
static void
write_status_page(struct http_conn *c, struct http_response *res,
    struct str connection, bool is_head, struct instant now)
{
	struct buf page = { 0 };

	http_status_page(&page, res->status);
	res->type = STR("text/html; charset=utf-8");
	res->body = (struct str){ buf_data(&page), buf_len(&page) };
	c->out.failed = buf_failed(&page);
	write_response(c, res, connection, is_head, now);
	buf_free(&page);
}

static void
respond(struct http_conn *c, struct http_response *res, struct str connection,
    bool is_head, struct instant now)
{
	bool has_file = res->fd != -1;

	if (has_file && (is_head || res->length == 0)) {
		close(res->fd);
	} else if (has_file) {
		c->fd = res->fd;
		c->offset = 0;
		c->file_left = res->length;
	}
	borrow_buffer(c);
	if (res->status >= 300 && res->status != 304 && !has_file &&
	    res->body.len == 0)
		write_status_page(c, res, connection, is_head, now);
	else
		write_response(c, res, connection, is_head, now);
	if (buf_failed(&c->out))
		abandon(c);
}

static void
refuse(struct http_conn *c, int status, bool is_head, struct instant now)
{
	struct http_response res = { .status = status, .fd = -1 };

	begin_close(c, true);
	respond(c, &res, STR("close"), is_head, now);
}

/*
 * A body follows: it is read past within the limit, and only then may the
 * next request begin.  Who waits for 100 (Continue) gets the final status
 * instead, and may or may not send the body then: that connection ends.
 */
static void
expect_body(struct http_conn *c, const struct http_request *req, bool keep,
    struct instant now)
{
	if (req->expect_continue) {
		begin_close(c, true);
		return;
	}
	http_body_init(&c->body, req);
	c->body_left = c->service->limits.max_body;
	c->close_after_body = !keep;
	c->deadline = now.mono + c->service->limits.header_timeout;
	c->state = BODY;
}

static void
serve(struct http_conn *c, const struct http_request *req, struct instant now)
{
	bool has_body = req->chunked || req->content_length > 0;
	bool keep = req->keep_alive && !c->draining &&
	    !(has_body && req->expect_continue);
	struct http_response res = { .status = 200, .fd = -1 };

	if (req->content_length > c->service->limits.max_body) {
		refuse(c, 413, req->method == HTTP_HEAD, now);
		return;
	}
	c->service->handler(c->service->arg, req, &res, now);
	if (has_body)
		expect_body(c, req, keep, now);
	else if (keep)
		c->state = IDLE;
	else
		begin_close(c, req->keep_alive || req->bare_lf);
	respond(c, &res, connection_option(req, keep), req->method == HTTP_HEAD,
	    now);
}

/* One request head, if it is all there. */
static size_t
receive_head(
    struct http_conn *c, const char *data, size_t len, struct instant now)
{
	struct http_request req;
	int status;
	ssize_t used;

	req.method = HTTP_OTHER; /* of a head that is refused unread */
	used = http_parse_request(data, len, c->last_len, &req, &status);
	if (used == 0) {
		if (c->last_len == 0)
			c->deadline =
			    now.mono + c->service->limits.header_timeout;
		c->state = HEAD;
		c->last_len = len;
		return 0;
	}
	c->last_len = 0;
	if (used == -1) {
		refuse(c, status, req.method == HTTP_HEAD, now);
		return 0;
	}
	serve(c, &req, now);
	return (size_t)used;
}

/* Reads past a body; the next request begins after it. */
static size_t
receive_body(struct http_conn *c, const char *data, size_t len)
{
	struct str content;
	size_t used;

	switch (http_body_feed(&c->body, data, len, &used, &content)) {
	case HTTP_BODY_BAD:
		/* The answer has gone already; nothing that follows counts. */
		begin_close(c, true);
		return used;
	case HTTP_BODY_DONE:
		c->state = IDLE;
		if (c->close_after_body)
			begin_close(c, false);
		break;
	case HTTP_BODY_MORE:
		break;
	}
	if (content.len > c->body_left)
		begin_close(c, true);
	else
		c->body_left -= content.len;
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
		return receive_body(c, data, len);
	case CLOSING:
	case LINGER:
	case ENDED:
		break;
	}
	return len;
}

/*
 * Something moved, so the peer has its time anew; but a head, a body and
 * lingering each have one deadline for all of it.
 */
static void
wait_anew(struct http_conn *c, struct instant now)
{
	if (c->state != HEAD && c->state != BODY && c->state != LINGER)
		c->deadline = now.mono + c->service->limits.idle_timeout;
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
	if (total > 0)
		wait_anew(c, now);
	return total;
}

void
http_conn_eof(struct http_conn *c, struct instant now)
{
	if (c->state == LINGER)
		c->state = ENDED;
	else if (c->state != ENDED)
		begin_close(c, false);
	if (!has_output(c))
		return;
	c->deadline = now.mono + c->service->limits.idle_timeout;
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
	c->deadline = now.mono + c->service->limits.linger_timeout;
	return HTTP_SHUTDOWN;
}

enum http_output
http_conn_output(
    struct http_conn *c, struct http_piece *piece, struct instant now)
{
	*piece = (struct http_piece){ .fd = -1 };
	if (buf_len(&c->out) > 0) {
		piece->data = buf_data(&c->out);
		piece->len = buf_len(&c->out);
		piece->more = c->fd != -1;
		return HTTP_MEMORY;
	}
	if (c->fd != -1) {
		piece->fd = c->fd;
		piece->offset = c->offset;
		piece->len = c->file_left;
		return HTTP_FILE;
	}
	return c->state >= CLOSING ? finish(c, now) : HTTP_WAIT;
}

void
http_conn_sent(struct http_conn *c, size_t n, struct instant now)
{
	if (buf_len(&c->out) > 0) {
		buf_drain(&c->out, n);
		if (buf_len(&c->out) == 0)
			return_buffer(c);
	} else if (c->fd != -1) {
		c->offset += (off_t)n;
		c->file_left -= n;
		if (c->file_left == 0)
			close_file(c);
	}
	wait_anew(c, now);
}

int64_t
http_conn_deadline(const struct http_conn *c)
{
	return c->deadline;
}

void
http_conn_expire(struct http_conn *c, struct instant now)
{
	if (now.mono < c->deadline)
		return;
	if (c->state == HEAD && !has_output(c)) {
		refuse(c, 408, false, now);
		c->deadline = now.mono + c->service->limits.linger_timeout;
	} else {
		abandon(c);
	}
}

void
http_conn_drain(struct http_conn *c)
{
	c->draining = c->close_after_body = true;
	if (c->state == IDLE)
		begin_close(c, false);
}

const char *
http_conn_state(const struct http_conn *c)
{
	return state_names[c->state];
}
