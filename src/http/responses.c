#include "http/responses.h"

#include <stdlib.h>

#include "http/record.h"

void
responses_init(struct responses *r, struct http_service *service)
{
	*r = (struct responses){ .service = service };
	outbox_init(&r->box);
}

bool
responses_is_streaming(const struct responses *r)
{
	return r->stream.fill != NULL;
}

bool
responses_failed(const struct responses *r)
{
	return buf_failed(&r->box.memory);
}

/* Of the content that the record counts. */
static uint64_t
unsent(const struct responses *r)
{
	uint64_t waiting = buf_len(&r->box.memory);

	if (!r->has_stream)
		return outbox_file_left(&r->box);
	/* The head waits in front of the content. */
	return waiting < r->record->bytes ? waiting : r->record->bytes;
}

/* Tells the log of a request whose answer ends here. */
static void
end_record(struct responses *r, struct instant now)
{
	const struct http_config *config = &r->service->config;

	if (r->record == NULL)
		return;
	r->record->bytes -= unsent(r);
	r->record->now = now;
	config->log(config->log_arg, r->record);
	free(r->record);
	r->record = NULL;
}

static void
end_stream(struct responses *r)
{
	if (!responses_is_streaming(r))
		return;
	r->stream.fill = NULL;
	r->stream.gone(r->stream.arg);
}

void
responses_clear(struct responses *r, struct instant now)
{
	end_record(r, now);
	end_stream(r);
	outbox_clear(&r->box);
}

struct http_record *
responses_record(const struct responses *r, const struct http_request *req,
    bool refused, struct http_record *space, struct instant now)
{
	if (r->service->config.log == NULL)
		return NULL;
	*space = record_of(req, refused);
	space->began = now.mono;
	return space;
}

/* Counts the response and tells the log of it: of a file's or a stream's
 * once that was sent. */
static void
account(struct responses *r, struct http_record *record, int status,
    uint64_t bytes, struct instant now)
{
	const struct http_config *config = &r->service->config;

	if (status < HTTP_STATUS_MAX)
		r->service->counts.responses[status]++;
	if (record == NULL)
		return;
	record->status = status;
	record->bytes = bytes;
	record->now = now;
	if ((r->box.fd != -1 || r->has_stream) &&
	    (r->record = record_copy(record)) != NULL)
		return;
	config->log(config->log_arg, record);
}

static void
begin_stream(struct responses *r, const struct http_stream *stream)
{
	r->stream = *stream;
	r->has_stream = r->is_due = true;
}

void
responses_add(struct responses *r, const struct http_request *req,
    struct http_record *record, struct http_response *res,
    struct http_manner manner, struct instant now)
{
	uint64_t bytes;

	outbox_take_spare(&r->box, &r->service->spare);
	bytes = http_answer(r->service, &r->box, req, res, manner, now);
	if (res->stream.fill != NULL && !manner.is_head)
		begin_stream(r, &res->stream);
	account(r, record, res->status, bytes, now);
	if (res->stream.fill != NULL && manner.is_head)
		res->stream.gone(res->stream.arg);
}

void
responses_add_error(struct responses *r, struct http_record *record, int status,
    bool is_head, struct instant now)
{
	struct http_response res = { .status = status, .fd = -1 };

	if (status == 503)
		res.fields = STR("Retry-After: 1\r\n");
	responses_add(
	    r, NULL, record, &res, http_manner_of(1, false, is_head), now);
}

void
responses_add_continue(struct responses *r)
{
	outbox_take_spare(&r->box, &r->service->spare);
	buf_add_str(&r->box.memory, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* Some was sent, or there will be no more of it: is that the end? */
static void
settle(struct responses *r, struct instant now)
{
	bool is_over =
	    r->has_stream ? outbox_is_empty(&r->box) : r->box.fd == -1;

	if (is_over && !responses_is_streaming(r))
		end_record(r, now);
	if (!responses_failed(r) && r->box.memory.base != NULL &&
	    buf_len(&r->box.memory) == 0)
		outbox_leave_spare(&r->box, &r->service->spare);
}

void
responses_half_closed(struct responses *r)
{
	if (!responses_is_streaming(r))
		return;
	r->stream.half_closed(r->stream.arg);
	r->is_due = true;
}

void
responses_fill(struct responses *r, bool is_last, struct instant now)
{
	if (!responses_is_streaming(r) || !r->is_due)
		return;
	r->is_due = false;
	outbox_take_spare(&r->box, &r->service->spare);
	if (!r->stream.fill(r->stream.arg, &r->box.memory, now) || is_last)
		end_stream(r);
	if (r->record != NULL)
		r->record->bytes += buf_len(&r->box.memory);
	settle(r, now);
}

void
responses_sent(struct responses *r, size_t n, struct instant now)
{
	outbox_sent(&r->box, n);
	r->service->counts.bytes_out += n;
	r->is_due = true;
	settle(r, now);
}
