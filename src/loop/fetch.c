/*
 * An exchange ends once, through end() or fail(); every callback that comes
 * later finds PHASE_ENDED and does nothing.  evhttp connects by itself, so it
 * is given numeric addresses, one after another.
 */
#include "loop/fetch.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "base/buf.h"
#include "base/clock.h"
#include "loop/fetch_tls.h"

/* libevent's clock is coarse: a timeout may come this much early. */
#define CLOCK_SLACK MILLIS(50)

/* Each phase is named after what has happened. */
enum phase {
	PHASE_STARTED,
	PHASE_CONNECTED,
	PHASE_FIRST_BYTE,
	PHASE_HEAD,
	PHASE_ENDED
};

struct fetch {
	const struct fetch_url *url;
	const struct fetch_options *options;
	const struct fetch_handler *handler;
	struct fetch_result *result;
	struct event_base *base;
	struct bufferevent *bev;
	enum phase phase;
	enum fetch_end end;
	bool may_try_next; /* it failed before it was connected */
	int64_t phase_start;
	int64_t length; /* of the body, -1 if unknown */
	int64_t received;
};

/* How an exchange goes on and ends. */

/* Returns how long the phase took that ends here. */
static int64_t
enter(struct fetch *f, enum phase phase)
{
	int64_t now = clock_now().mono, took = now - f->phase_start;

	f->phase = phase;
	f->phase_start = now;
	return took;
}

static void
end(struct fetch *f, enum fetch_end how)
{
	f->phase = PHASE_ENDED;
	f->end = how;
	event_base_loopbreak(f->base);
}

static void fail(struct fetch *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
fail(struct fetch *f, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(f->result->error, sizeof(f->result->error), format, ap);
	va_end(ap);
	end(f, FETCH_FAILED);
}

static void
fail_to_fetch(struct fetch *f, const char *why)
{
	fail(f, "cannot fetch %s: %s", f->url->text, why);
}

static void
fail_to_connect(struct fetch *f, int error)
{
	char why[256];

	if (f->url->is_https && fetch_tls_failed(f->bev, why, sizeof(why))) {
		fail_to_fetch(f, why);
		return;
	}
	f->may_try_next = true;
	if (error == ETIMEDOUT)
		fail(f,
		    "cannot connect to %s port %d: no answer within %d s (--timeout=S waits longer)",
		    f->url->host, f->url->port, f->options->timeout);
	else
		fail(f,
		    "cannot connect to %s port %d: %s (is a server running there?)",
		    f->url->host, f->url->port,
		    error != 0 ? strerror(error) : "the connection was closed");
}

static void
fail_cut_short(struct fetch *f)
{
	if (f->length >= 0)
		fail(f,
		    "cannot fetch %s: the connection was closed after %lld of %lld bytes (try again)",
		    f->url->text, (long long)f->received, (long long)f->length);
	else
		fail(f,
		    "cannot fetch %s: the connection was closed after %lld bytes, before the end of the body (try again)",
		    f->url->text, (long long)f->received);
}

static void
fail_closed(struct fetch *f, int error)
{
	switch (f->phase) {
	case PHASE_STARTED:
		fail_to_connect(f, error);
		break;
	case PHASE_CONNECTED:
		fail_to_fetch(f,
		    "the connection was closed without an answer (is this an HTTP server?)");
		break;
	case PHASE_FIRST_BYTE:
		fail_to_fetch(f,
		    "the connection was closed within the head of the response (is this an HTTP server?)");
		break;
	case PHASE_HEAD:
		fail_cut_short(f);
		break;
	case PHASE_ENDED:
		break;
	}
}

/* What evhttp calls. */

static void
error_cb(enum evhttp_request_error error, void *arg)
{
	int saved_errno = errno;
	struct fetch *f = arg;

	if (f->phase == PHASE_ENDED)
		return;
	switch (error) {
	case EVREQ_HTTP_TIMEOUT:
		fail(f,
		    "cannot fetch %s: nothing arrived for %d s (--timeout=S waits longer)",
		    f->url->text, f->options->timeout);
		break;
	case EVREQ_HTTP_INVALID_HEADER:
		fail_to_fetch(f,
		    "the head of the response is malformed or too long (is this an HTTP server?)");
		break;
	case EVREQ_HTTP_DATA_TOO_LONG:
		fail_to_fetch(f, "the chunked body is malformed (try again)");
		break;
	default:
		fail_closed(f, saved_errno);
	}
}

/*
 * evhttp says why a request failed in error_cb(), but not when the connection
 * is refused or times out: then there is a request without a status.
 */
static void
done_cb(struct evhttp_request *req, void *arg)
{
	struct fetch *f = arg;
	int64_t waited = clock_now().mono - f->phase_start + CLOCK_SLACK;

	if (f->phase == PHASE_ENDED)
		return;
	if (req != NULL && evhttp_request_get_response_code(req) != 0)
		end(f, FETCH_DONE);
	else if (waited >= SECONDS(f->options->timeout))
		fail_to_connect(f, ETIMEDOUT);
	else
		fail_to_connect(f, ECONNREFUSED);
}

static void
chunk_cb(struct evhttp_request *req, void *arg)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(req);
	struct fetch *f = arg;
	size_t len;

	while (f->phase != PHASE_ENDED &&
	    (len = evbuffer_get_contiguous_space(input)) > 0) {
		const void *data = evbuffer_pullup(input, (ev_ssize_t)len);

		f->received += (int64_t)len;
		if (f->handler->body(f->handler->arg, data, len) == -1)
			end(f, FETCH_STOPPED);
		evbuffer_drain(input, len);
	}
}

/* evhttp_make_header() adds the request a line at a time, once connected. */
static void
output_cb(
    struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
	struct fetch *f = arg;
	struct evbuffer_ptr at;
	struct buf b = { 0 };
	char *copy;

	if (info->n_added == 0 || f->phase == PHASE_ENDED)
		return;
	if (f->phase == PHASE_STARTED)
		f->result->connect = enter(f, PHASE_CONNECTED);
	copy = buf_reserve(&b, info->n_added);
	if (copy != NULL &&
	    evbuffer_ptr_set(output, &at, info->orig_size, EVBUFFER_PTR_SET) ==
		0 &&
	    evbuffer_copyout_from(output, &at, copy, info->n_added) > 0)
		f->handler->sent(
		    f->handler->arg, (struct str){ copy, info->n_added });
	buf_free(&b);
}

/* evhttp waits for the whole of a chunk, so its size has to be bounded. */
static void
input_cb(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
	struct fetch *f = arg;

	if (info->n_added == 0 || f->phase == PHASE_ENDED)
		return;
	if (f->phase == PHASE_CONNECTED)
		f->result->first_byte = enter(f, PHASE_FIRST_BYTE);
	if (evbuffer_get_length(input) > FETCH_CHUNK_MAX)
		fail_to_fetch(f,
		    "the body has a chunk of more than 16 MiB (a server that sends smaller ones is needed)");
}

/* The head. */

static void
add_head(struct buf *b, struct evhttp_request *req)
{
	struct evkeyval *field;

	buf_addf(b, "HTTP/%d.%d %d %s\r\n", req->major, req->minor,
	    req->response_code, evhttp_request_get_response_code_line(req));
	TAILQ_FOREACH(field, evhttp_request_get_input_headers(req), next)
		buf_addf(b, "%s: %s\r\n", field->key, field->value);
}

/* Content-Length, which may be repeated if it is equal (RFC 9112, 6.3). */
static int
parse_length(struct evkeyvalq *fields, int64_t *length)
{
	struct evkeyval *field;
	uint64_t value;

	*length = -1;
	TAILQ_FOREACH(field, fields, next) {
		if (strcasecmp(field->key, "Content-Length") != 0)
			continue;
		if (str_to_u64(str_of(field->value), INT64_MAX, &value) == -1 ||
		    (*length != -1 && *length != (int64_t)value))
			return -1;
		*length = (int64_t)value;
	}
	return 0;
}

/*
 * Sees to it that evhttp finds the end of the body where it is: it takes any
 * other coding than chunked for none, and a body that ends with the
 * connection for empty where Connection is not just `close`.
 */
static int
parse_framing(struct evkeyvalq *fields, int64_t *length)
{
	const char *coding = evhttp_find_header(fields, "Transfer-Encoding");

	*length = -1;
	if (coding != NULL)
		return strcasecmp(coding, "chunked") == 0 ? 0 : -1;
	while (evhttp_remove_header(fields, "Connection") == 0)
		continue;
	return parse_length(fields, length);
}

static void
final_head(struct fetch *f, struct evhttp_request *req)
{
	struct evkeyvalq *fields = evhttp_request_get_input_headers(req);
	struct fetch_head head = { .status = req->response_code,
		.reason = evhttp_request_get_response_code_line(req),
		.location = evhttp_find_header(fields, "Location") };
	struct buf text = { 0 };

	f->phase = PHASE_HEAD;
	add_head(&text, req);
	head.text = (struct str){ buf_data(&text), buf_len(&text) };
	if (parse_framing(fields, &f->length) == -1)
		fail_to_fetch(f,
		    "the response does not say how long its body is in a way that is understood (try another server)");
	else if (buf_failed(&text))
		fail_to_fetch(f, "out of memory");
	head.length = f->length;
	if (f->phase != PHASE_ENDED &&
	    f->handler->head(f->handler->arg, &head) == -1)
		end(f, FETCH_STOPPED);
	buf_free(&text);
}

/*
 * Of the interim responses evhttp skips only the 100.  It then waits until it
 * has written, although it has nothing to write, and takes an end of the
 * stream meanwhile for a failure: so it is told at once that it has written.
 */
static void
skip_interim(struct fetch *f, struct evhttp_request *req)
{
	evhttp_clear_headers(evhttp_request_get_input_headers(req));
	req->response_code = 100;
	bufferevent_trigger(f->bev, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
}

static int
head_cb(struct evhttp_request *req, void *arg)
{
	struct fetch *f = arg;
	int status = req->response_code;

	if (f->phase == PHASE_ENDED)
		return -1;
	if (status < 100 || status > 999 || status == 101) {
		fail_to_fetch(f,
		    "the head of the response is malformed (is this an HTTP server?)");
	} else if (status < 200) {
		skip_interim(f, req);
	} else {
		final_head(f, req);
	}
	return f->phase == PHASE_ENDED ? -1 : 0;
}

/* Looking up, connecting, asking. */

static struct evhttp_request *
request_new(struct fetch *f)
{
	struct evhttp_request *req = evhttp_request_new(done_cb, f);
	struct evkeyvalq *fields;

	if (req == NULL)
		return NULL;
	fields = evhttp_request_get_output_headers(req);
	evhttp_request_set_header_cb(req, head_cb);
	evhttp_request_set_chunked_cb(req, chunk_cb);
	evhttp_request_set_error_cb(req, error_cb);
	if (evhttp_add_header(fields, "Host", f->url->authority) == -1 ||
	    evhttp_add_header(fields, "User-Agent", f->options->user_agent) ==
		-1 ||
	    evhttp_add_header(fields, "Accept", "*/*") == -1 ||
	    evhttp_add_header(fields, "Connection", "close") == -1) {
		evhttp_request_free(req);
		return NULL;
	}
	return req;
}

static struct evhttp_connection *
connection_new(struct fetch *f, const char *address)
{
	const char *why = "out of memory";
	struct evhttp_connection *conn = NULL;

	f->bev = f->url->is_https ? fetch_tls_new(f->base, f->url->host, &why)
				  : bufferevent_socket_new(f->base, -1, 0);
	if (f->bev != NULL)
		conn = evhttp_connection_base_bufferevent_new(
		    f->base, NULL, f->bev, address, (ev_uint16_t)f->url->port);
	if (conn == NULL ||
	    evbuffer_add_cb(bufferevent_get_output(f->bev), output_cb, f) ==
		NULL ||
	    evbuffer_add_cb(bufferevent_get_input(f->bev), input_cb, f) ==
		NULL) {
		fail_to_fetch(f, why);
		return NULL;
	}
	evhttp_connection_set_timeout(conn, f->options->timeout);
	evhttp_connection_set_max_headers_size(conn, FETCH_HEAD_MAX);
	return conn;
}

/* One address, from connecting to the end. */
static void
exchange(struct fetch *f, const char *address)
{
	struct evhttp_connection *conn;
	struct evhttp_request *req;

	f->phase = PHASE_STARTED;
	f->may_try_next = false;
	f->phase_start = clock_now().mono;
	conn = connection_new(f, address);
	if (conn == NULL)
		return;
	req = request_new(f);
	errno = 0;
	if (req == NULL ||
	    evhttp_make_request(conn, req,
		f->options->is_head ? EVHTTP_REQ_HEAD : EVHTTP_REQ_GET,
		f->url->target) == -1)
		fail_to_fetch(f, "out of memory");
	if (f->phase != PHASE_ENDED)
		event_base_dispatch(f->base);
	if (f->phase != PHASE_ENDED)
		fail_closed(f, errno);
	evhttp_connection_free(conn);
}

static void
try_each(struct fetch *f, const struct addrinfo *list)
{
	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		char address[NI_MAXHOST], note[NI_MAXHOST + 32];
		int error = getnameinfo(ai->ai_addr, ai->ai_addrlen, address,
		    sizeof(address), NULL, 0, NI_NUMERICHOST);

		if (error != 0) {
			fail_to_fetch(f, gai_strerror(error));
			return;
		}
		snprintf(note, sizeof(note), "connecting to %s port %d",
		    address, f->url->port);
		f->handler->note(f->handler->arg, note);
		exchange(f, address);
		if (!f->may_try_next)
			return;
		if (ai->ai_next != NULL)
			f->handler->note(f->handler->arg, f->result->error);
	}
}

static void
look_up_and_try(struct fetch *f)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	int64_t start = clock_now().mono;
	int error = getaddrinfo(f->url->host, NULL, &hints, &list);

	f->result->lookup = clock_now().mono - start;
	if (error != 0) {
		fail(f,
		    "cannot find the address of %s: %s (is the name right?)",
		    f->url->host,
		    error == EAI_SYSTEM ? strerror(errno)
					: gai_strerror(error));
		return;
	}
	try_each(f, list);
	freeaddrinfo(list);
	f->result->total = clock_now().mono - start;
}

/* What libevent would print is told through the result. */
static void
ignore_log_cb(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

enum fetch_end
fetch_run(const struct fetch_url *url, const struct fetch_options *options,
    const struct fetch_handler *handler, struct fetch_result *result)
{
	struct fetch f = { .url = url,
		.options = options,
		.handler = handler,
		.result = result,
		.end = FETCH_FAILED,
		.length = -1 };

	*result = (struct fetch_result){ 0 };
	event_set_log_callback(ignore_log_cb);
	f.base = event_base_new();
	if (f.base == NULL) {
		snprintf(result->error, sizeof(result->error),
		    "cannot set up the event loop: %s", strerror(errno));
		return FETCH_FAILED;
	}
	look_up_and_try(&f);
	event_base_free(f.base);
	return f.end;
}
