#include "http/conn_inside.h"

void
http_conn_blocked(struct http_conn *c, int64_t unread, struct instant now)
{
	if (c->reading.end == NEVER)
		pace_begin(&c->reading, c->sent, c->sent - unread,
		    now.mono + conn_limits(c)->idle_timeout);
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
	conn_abandon(c, now);
}

/* A stream may have little to send: who reads all of it is fast enough. */
static bool
has_read_enough(const struct http_conn *c, int64_t read)
{
	const struct pace *p = &c->reading;

	return (c->state == STREAM && read >= p->goal) ||
	    pace_is_enough(read - p->mark, conn_limits(c)->idle_timeout,
		conn_limits(c)->min_rate);
}

/* The time is up in which the peer had to read at the minimal rate. */
static void
check_reading(struct http_conn *c, int64_t unread, struct instant now)
{
	int64_t read = c->sent - unread;

	if (unread <= 0 && outbox_is_empty(&c->out.box))
		c->reading.end = NEVER;
	else if (!pace_goes_on(&c->reading, c->sent, read,
		     has_read_enough(c, read),
		     now.mono + conn_limits(c)->idle_timeout))
		time_out(c, now);
}

/* Says who is late: the peer with its request, or the answer. */
static void
fail_late(struct http_conn *c, int status, struct instant now)
{
	c->service->counts.timeouts++;
	conn_fail(c, status, now);
	c->deadline = now.mono + conn_limits(c)->linger_timeout;
}

/* The time is up in which so much of a body had to come. */
static void
check_body(struct http_conn *c, struct instant now)
{
	int64_t header_timeout = conn_limits(c)->header_timeout;

	if (pace_is_enough(c->received - c->body_mark, header_timeout,
		conn_limits(c)->min_rate)) {
		c->deadline = now.mono + header_timeout;
		c->body_mark = c->received;
	} else if (c->pending != NULL) {
		fail_late(c, 408, now);
	} else {
		time_out(c, now);
	}
}

/* Besides, it is seen here that a stream is not read which has so little to
 * send that the socket takes it all. */
static void
check_stream(struct http_conn *c, int64_t unread, struct instant now)
{
	c->out.is_due = true;
	c->deadline = NEVER;
	if (unread > 0)
		http_conn_blocked(c, unread, now);
}

static void
check_state(struct http_conn *c, struct instant now)
{
	switch (c->state) {
	case HEAD:
		fail_late(c, 408, now);
		break;
	case BODY:
		check_body(c, now);
		break;
	case AWAIT: /* it may be done yet, so that it is not to be tried again
		     */
		fail_late(c, 504, now);
		break;
	case LINGER: /* what came before it was counted */
		conn_abandon(c, now);
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
	if (c->state == STREAM)
		check_stream(c, unread, now);
	else if (c->reading.end != NEVER && c->state != LINGER)
		c->deadline = c->reading.end;
	else
		check_state(c, now);
}
