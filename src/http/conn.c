#include "http/conn.h"

#include <stdlib.h>

#include "http/answer.h"
#include "http/body.h"
#include "http/record.h"

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

#define STALLS_MAX 3

static const char *const state_names[] = { "idle", "head", "body", "closing",
	"linger", "ended" };

/*
 * How fast the peer reads, while something waits for it.  Acknowledgements
 * come in large steps, so that some stretches of time without any are forgiven
 * to one who was fast enough in others; the first only fills its buffers.
 */
struct pace {
	int64_t end;     /* of this stretch; NEVER: nothing waits */
	int64_t mark;    /* bytes read at its begin */
	unsigned moves;  /* stretches that were fast enough */
	unsigned stalls; /* that were not, since the last of those */
};

struct http_conn {
	struct http_service *service;
	const struct http_peer *peer;
	enum state state;
	bool linger;   /* CLOSING leads to LINGER: the peer may still send */
	bool draining; /* answers say Connection: close */
	bool is_refused;
	bool close_after_body;
	size_t last_len;    /* bytes of an unfinished head seen so far */
	uint64_t body_left; /* bytes of the body that are still read past */
	struct http_body body;
	struct outbox out;
	struct http_record *record; /* of the file that is being sent */
	int64_t deadline;           /* of the state */
	int64_t received, sent;     /* bytes */
	int64_t body_mark; /* received when the body's deadline was set */
	struct pace reading;
};

static const struct http_limits *
limits(const struct http_conn *c)
{
	return &c->service->config.limits;
}

struct http_conn *
http_conn_new(struct http_service *service, const struct http_peer *peer,
    struct instant now)
{
	struct http_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->service = service;
	c->peer = peer;
	c->deadline = now.mono + limits(c)->header_timeout;
	c->reading.end = NEVER;
	outbox_init(&c->out);
	return c;
}

/* Tells the log of the file's request, whose answer ends here. */
static void
end_record(struct http_conn *c, struct instant now)
{
	const struct http_config *config = &c->service->config;

	if (c->record == NULL)
		return;
	c->record->bytes -= outbox_file_left(&c->out);
	c->record->now = now;
	config->log(config->log_arg, c->record);
	free(c->record);
	c->record = NULL;
}

void
http_conn_free(struct http_conn *c, struct instant now)
{
	if (c == NULL)
		return;
	end_record(c, now);
	outbox_clear(&c->out);
	free(c);
}

bool
http_conn_is_full(const struct http_conn *c)
{
	return outbox_is_full(&c->out);
}

bool
http_conn_is_idle(const struct http_conn *c)
{
	return c->state == IDLE && outbox_is_empty(&c->out);
}

/* An idle connection owns no buffer: it goes round through the service. */
static void
borrow_buffer(struct http_conn *c)
{
	if (c->out.memory.base == NULL) {
		c->out.memory = c->service->spare;
		buf_init(&c->service->spare);
	}
}

static void
return_buffer(struct http_conn *c)
{
	if (c->service->spare.base == NULL &&
	    c->out.memory.cap <= 2 * HTTP_OUT_HIGH) {
		c->service->spare = c->out.memory;
		buf_init(&c->out.memory);
	} else {
		buf_free(&c->out.memory);
	}
}

/* No further request; with linger, because the peer may not expect it. */
static void
begin_close(struct http_conn *c, bool linger)
{
	c->state = CLOSING;
	c->linger = linger;
}

/* There is nothing left to say: no memory for it, or no time. */
static void
abandon(struct http_conn *c, struct instant now)
{
	end_record(c, now);
	outbox_clear(&c->out);
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

/*
 * Counts the answer and tells the log of it, of a file's once it is sent.
 */
static void
account(struct http_conn *c, struct http_record *r, int status, uint64_t bytes,
    struct instant now)
{
	const struct http_config *config = &c->service->config;

	if (status < HTTP_STATUS_MAX)
		c->service->counts.responses[status]++;
	if (config->log == NULL)
		return;
	r->status = status;
	r->bytes = bytes;
	r->began = now.mono;
	r->now = now;
	if (c->out.fd != -1 && (c->record = record_copy(r)) != NULL)
		return;
	config->log(config->log_arg, r);
}

/* The request is one that was refused where there is no handler's word. */
static void
respond(struct http_conn *c, const struct http_request *req, bool refused,
    struct http_response *res, struct str connection, struct instant now)
{
	struct http_manner manner = { connection, req->method == HTTP_HEAD };
	struct http_record record = { .peer = req->peer };
	uint64_t bytes;

	borrow_buffer(c);
	bytes = http_answer(
	    c->service, &c->out, refused ? NULL : req, res, manner, now);
	if (c->service->config.log != NULL)
		record = record_of(req, refused);
	account(c, &record, res->status, bytes, now);
	if (buf_failed(&c->out.memory))
		abandon(c, now);
}

static void
refuse(struct http_conn *c, const struct http_request *req, int status,
    struct instant now)
{
	struct http_response res = { .status = status, .fd = -1 };

	if (status == 503)
		res.fields = STR("Retry-After: 1\r\n");
	begin_close(c, true);
	respond(c, req, true, &res, STR("close"), now);
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
}

void
http_conn_refuse(struct http_conn *c, struct instant now)
{
	c->is_refused = true;
	c->deadline = now.mono + limits(c)->linger_timeout;
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
	c->body_left = limits(c)->max_body;
	c->body_mark = c->received;
	c->close_after_body = !keep;
	c->deadline = now.mono + limits(c)->header_timeout;
	c->state = BODY;
}

static void
serve(struct http_conn *c, const struct http_request *req, struct instant now)
{
	const struct http_config *config = &c->service->config;
	bool has_body = req->chunked || req->content_length > 0;
	bool keep = req->keep_alive && !c->draining &&
	    !(has_body && req->expect_continue);
	struct http_response res = {
		.status = 200, .fd = -1, .validators.modified = -1
	};

	c->service->counts.requests[req->method]++;
	if (c->is_refused || req->content_length > limits(c)->max_body) {
		refuse(c, req, c->is_refused ? 503 : 413, now);
		return;
	}
	config->handler(config->handler_arg, req, &res, now);
	if (has_body)
		expect_body(c, req, keep, now);
	else if (keep)
		c->state = IDLE;
	else
		begin_close(c, req->keep_alive || req->bare_lf);
	respond(c, req, false, &res, connection_option(req, keep), now);
}

/* The limit that the service sets beneath the parser's own. */
static bool
is_too_long(const struct http_conn *c, ssize_t used, size_t len)
{
	return used >= 0 &&
	    (used > 0 ? (size_t)used : len) > limits(c)->max_head;
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
			c->deadline = now.mono + limits(c)->header_timeout;
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
 * lingering each have a deadline of their own.
 */
static void
wait_anew(struct http_conn *c, struct instant now)
{
	if (c->state != HEAD && c->state != BODY && c->state != LINGER)
		c->deadline = now.mono + limits(c)->idle_timeout;
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
http_conn_eof(struct http_conn *c, struct instant now)
{
	if (c->state == LINGER)
		c->state = ENDED;
	else if (c->state != ENDED)
		begin_close(c, false);
	if (!outbox_is_empty(&c->out))
		c->deadline = now.mono + limits(c)->idle_timeout;
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
	c->deadline = now.mono + limits(c)->linger_timeout;
	return HTTP_SHUTDOWN;
}

enum http_output
http_conn_output(
    struct http_conn *c, struct http_piece *piece, struct instant now)
{
	enum http_output next = outbox_next(&c->out, piece);

	if (next == HTTP_WAIT && c->state >= CLOSING)
		return finish(c, now);
	return next;
}

void
http_conn_sent(struct http_conn *c, size_t n, struct instant now)
{
	outbox_sent(&c->out, n);
	c->sent += (int64_t)n;
	c->service->counts.bytes_out += n;
	if (c->record != NULL && c->out.fd == -1)
		end_record(c, now);
	if (buf_failed(&c->out.memory))
		abandon(c, now);
	else if (c->out.memory.base != NULL && buf_len(&c->out.memory) == 0)
		return_buffer(c);
	wait_anew(c, now);
}

void
http_conn_blocked(struct http_conn *c, int64_t unread, struct instant now)
{
	struct pace *p = &c->reading;

	if (p->end != NEVER)
		return;
	p->end = now.mono + limits(c)->idle_timeout;
	p->mark = c->sent - unread;
	p->moves = p->stalls = 0;
}

int64_t
http_conn_deadline(const struct http_conn *c)
{
	return c->deadline < c->reading.end ? c->deadline : c->reading.end;
}

static void
time_out(struct http_conn *c, struct instant now)
{
	c->service->counts.timeouts++;
	abandon(c, now);
}

/* Whether so much moved as the minimal rate asks for in that time. */
static bool
is_fast_enough(const struct http_conn *c, int64_t bytes, int64_t time)
{
	double least = (double)limits(c)->min_rate * (double)time / 1e9;

	return bytes > 0 && (double)bytes >= least;
}

static bool
keeps_pace(const struct http_conn *c, struct pace *p, int64_t read)
{
	if (is_fast_enough(c, read - p->mark, limits(c)->idle_timeout)) {
		p->moves++;
		p->stalls = 0;
		return true;
	}
	p->stalls++;
	return p->stalls <= STALLS_MAX && p->stalls < p->moves;
}

/* The time is up in which the peer had to read at the minimal rate. */
static void
check_reading(struct http_conn *c, int64_t unread, struct instant now)
{
	struct pace *p = &c->reading;
	int64_t read = c->sent - unread;

	if (unread <= 0 && outbox_is_empty(&c->out)) {
		p->end = NEVER;
	} else if (keeps_pace(c, p, read)) {
		p->end = now.mono + limits(c)->idle_timeout;
		p->mark = read;
	} else {
		time_out(c, now);
	}
}

/* Likewise for a body. */
static void
check_body(struct http_conn *c, struct instant now)
{
	int64_t header_timeout = limits(c)->header_timeout;

	if (is_fast_enough(c, c->received - c->body_mark, header_timeout)) {
		c->deadline = now.mono + header_timeout;
		c->body_mark = c->received;
	} else {
		time_out(c, now);
	}
}

static void
check_state(struct http_conn *c, struct instant now)
{
	struct http_request req;

	switch (c->state) {
	case HEAD:
		c->service->counts.timeouts++;
		blank_request(c, &req);
		refuse(c, &req, 408, now);
		c->deadline = now.mono + limits(c)->linger_timeout;
		break;
	case BODY:
		check_body(c, now);
		break;
	case LINGER: /* what came before it was counted */
		abandon(c, now);
		break;
	default:
		time_out(c, now);
		break;
	}
}

void
http_conn_expire(struct http_conn *c, int64_t unread, struct instant now)
{
	if (now.mono >= c->reading.end)
		check_reading(c, unread, now);
	if (now.mono < c->deadline || c->state == ENDED)
		return;
	/* Who still reads an answer is not late with another request. */
	if (c->reading.end != NEVER && c->state != LINGER)
		c->deadline = c->reading.end;
	else
		check_state(c, now);
}

bool
http_conn_has_ended(const struct http_conn *c)
{
	return c->state == ENDED;
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
