#include "http/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "http/format.h"
#include "http/multipart.h"

/* What is made of the handler's response. */
struct answer {
	struct http_service *service;
	struct outbox *out;
	struct http_response *res;
	struct http_manner manner;
	struct http_ranges ranges; /* of the content; none: all of it */
	char content_range[CONTENT_RANGE_MAX];
	struct http_multipart *parts; /* of several ranges */
	struct instant now;
};

struct http_manner
http_manner_of(unsigned minor, bool keep, bool is_head)
{
	struct http_manner manner = { STR(""), is_head };

	if (!keep)
		manner.connection = STR("close");
	else if (minor == 0)
		manner.connection = STR("keep-alive");
	return manner;
}

static uint64_t
complete_length(const struct http_response *res)
{
	return res->fd != -1 ? res->length : res->body.len;
}

static void
drop_content(struct http_response *res)
{
	if (res->fd != -1)
		close(res->fd);
	res->fd = -1;
	res->length = 0;
	res->body.len = 0;
}

/* Another status takes the place of the representation, and of what its
 * fields say of it. */
static void
replace(struct http_response *res, int status)
{
	drop_content(res);
	res->status = status;
	res->fields.len = 0;
	res->type.len = 0;
}

/* RFC 9110, 13.2.2.  A 304 keeps the fields that a 200 would have had. */
static void
apply_conditions(const struct http_request *req, struct answer *a)
{
	int status =
	    http_conditional(req, &a->res->validators, a->now.wall / 1000);

	if (status == 304) {
		drop_content(a->res);
		a->res->status = status;
		a->res->type.len = 0;
	} else if (status != 0) {
		replace(a->res, status);
	}
}

/* The only Range; RFC 9110 knows no list of fields here. */
static struct str
range_field(const struct http_request *req)
{
	static const struct str name = STR("Range");
	const struct http_field *first = http_field_find(req, name), *f;

	for (f = first + 1; f < req->fields + req->nfields; f++) {
		if (str_eq_nocase(f->name, name))
			return STR("");
	}
	return first->value;
}

static void
begin_multipart(struct answer *a)
{
	struct http_response *res = a->res;

	a->parts = multipart_new(
	    &a->ranges, complete_length(res), res->type, (uint64_t)a->now.mono);
	if (a->parts == NULL) {
		a->out->memory.failed = true;
		return;
	}
	res->type = str_of(a->parts->own_type);
}

static void
apply_range(const struct http_request *req, struct answer *a)
{
	uint64_t complete = complete_length(a->res);

	if (!http_if_range(req, &a->res->validators, a->now.wall / 1000))
		return;
	switch (http_range_parse(range_field(req), complete, &a->ranges)) {
	case HTTP_RANGE_IGNORED:
		a->ranges.n = 0;
		break;
	case HTTP_RANGE_SATISFIABLE:
		a->res->status = 206;
		if (a->ranges.n > 1)
			begin_multipart(a);
		else
			content_range(
			    &a->ranges.at[0], complete, a->content_range);
		break;
	case HTTP_RANGE_UNSATISFIABLE:
		a->ranges.n = 0;
		snprintf(a->content_range, sizeof(a->content_range),
		    "bytes */%" PRIu64, complete);
		replace(a->res, 416);
		break;
	}
}

/* Ranges are for GET alone, and for what can be told from its next version. */
static void
select_content(const struct http_request *req, struct answer *a)
{
	if (req->method != HTTP_GET && req->method != HTTP_HEAD)
		return;
	if (req->noted & HTTP_NOTED_CONDITION)
		apply_conditions(req, a);
	if (a->res->status == 200 && (req->noted & HTTP_NOTED_RANGE) &&
	    req->method == HTTP_GET && a->res->validators.etag.len > 0)
		apply_range(req, a);
}

static uint64_t
content_length(const struct answer *a)
{
	if (a->parts != NULL)
		return multipart_length(a->parts);
	if (a->ranges.n == 1)
		return a->ranges.at[0].length;
	return complete_length(a->res);
}

static void
write_head(struct answer *a)
{
	const struct http_response *res = a->res;
	struct http_head head = {
		.status = res->status,
		.date = http_service_date(a->service, a->now),
		.type = res->type,
		.content_length = content_length(a),
		.until_close = res->stream.fill != NULL,
		.content_range = str_of(a->content_range),
		.accepts_ranges =
		    res->status == 200 && res->validators.etag.len > 0,
		.fields = res->fields,
		.common = a->service->config.fields,
		.connection = a->manner.connection,
	};

	http_head_write(&a->out->memory, &head);
}

static void
write_parts(struct answer *a)
{
	const struct http_range *range;

	while ((range = multipart_next(a->parts, &a->out->memory)) != NULL)
		buf_add(&a->out->memory, a->res->body.p + range->first,
		    range->length);
	free(a->parts);
}

static void
write_content(struct answer *a)
{
	struct http_range all = { 0, complete_length(a->res) };
	struct http_range range = a->ranges.n == 1 ? a->ranges.at[0] : all;

	if (a->res->fd != -1 && a->parts != NULL)
		outbox_set_parts(a->out, a->res->fd, a->parts);
	else if (a->parts != NULL)
		write_parts(a);
	else if (a->res->fd != -1 && range.length > 0)
		outbox_set_file(a->out, a->res->fd, range);
	else if (a->res->fd != -1)
		close(a->res->fd);
	else
		buf_add(&a->out->memory, a->res->body.p + range.first,
		    range.length);
}

/* An error without content of its own gets a page, for people. */
static void
add_status_page(struct answer *a, struct buf *page)
{
	const struct http_config *config = &a->service->config;
	struct http_response *res = a->res;

	if (config->page != NULL && res->status >= 400)
		res->body = config->page(config->page_arg, res->status);
	if (res->body.len == 0) {
		http_status_page(page, res->status);
		res->body = (struct str){ buf_data(page), buf_len(page) };
		a->out->memory.failed |= buf_failed(page);
	}
	res->type = STR("text/html; charset=utf-8");
}

static void
write_answer(struct answer *a)
{
	write_head(a);
	if (a->manner.is_head || http_has_no_content(a->res->status))
		drop_content(a->res);
	else
		write_content(a);
}

uint64_t
http_answer(struct http_service *service, struct outbox *out,
    const struct http_request *req, struct http_response *res,
    struct http_manner manner, struct instant now)
{
	struct answer a = { .service = service,
		.out = out,
		.res = res,
		.manner = manner,
		.now = now };
	struct buf page = { 0 };
	uint64_t length;

	if (res->stream.fill != NULL) {
		write_head(&a);
		return 0;
	}
	if (req != NULL && req->noted != 0 && res->status == 200)
		select_content(req, &a);
	if (res->status >= 300 && res->status != 304 &&
	    complete_length(res) == 0)
		add_status_page(&a, &page);
	length = manner.is_head || http_has_no_content(res->status)
	    ? 0
	    : content_length(&a);
	write_answer(&a);
	buf_free(&page);
	return length;
}
