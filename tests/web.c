#include "tests/web.h"

#include <stdio.h>
#include <string.h>

#include "tests/run.h"

struct web web = { .address.ip = { [10] = 0xff, 0xff, 127, 0, 0, 1 } };

static int
take(void *arg, const struct room *room, const struct message *m, uint64_t n)
{
	(void)arg;
	(void)room;
	(void)m;
	(void)n;
	return 0;
}

void
web_start(struct hub_config config)
{
	static const struct ledger ledger = { .append = take };
	static const char *const hosts[] = { "chat.example.org" };
	struct chat_config chat_config = { .hosts = hosts, .nhosts = 1 };

	config.ledger = web.holds_back ? &ledger : NULL;
	web.now =
	    (struct instant){ .mono = SECONDS(1000), .wall = 1764000000000 };
	web.hub = hub_new(&config);
	ck_assert_ptr_nonnull(web.hub);
	chat_config.hub = web.hub;
	web.chat = chat_new(&chat_config);
	ck_assert_ptr_nonnull(web.chat);
}

void
web_setup(void)
{
	web_start((struct hub_config){
	    .max_messages = 5000, .max_bytes = 1 << 20, .max_members = 100 });
}

void
web_teardown(void)
{
	ck_assert_uint_eq(chat_streams(web.chat), 0);
	chat_free(web.chat);
	ck_assert_uint_eq(hub_count(web.hub), 0);
	hub_free(web.hub);
}

static void
count_wake(void *arg)
{
	++*(int *)arg;
}

/* "Name: value" becomes a field; "" and NULL none. */
static void
add_field(struct http_request *req, const char *line)
{
	struct str value = str_of(line != NULL ? line : "");
	struct str name = str_cut(&value, ':');

	if (name.len > 0)
		req->fields[req->nfields++] =
		    (struct http_field){ name, str_trim(value) };
}

/* Each request comes from a port of its own. */
struct http_request
web_request(enum http_method method, const char *target, const char *field,
    const char *other, int *wakes)
{
	struct http_request req = { .method = method,
		.authority = STR("127.0.0.1:8080"),
		.query = str_of(target),
		.peer = &web.address,
		.waker = { count_wake, wakes } };

	web.address.port = web.address.port % 60000 + 1;
	req.path = str_cut(&req.query, '?');
	add_field(&req, field);
	add_field(&req, other);
	return req;
}

struct http_response
web_ask(const struct http_request *req)
{
	struct http_response res = { .status = 200, .fd = -1 };

	ck_assert(chat_answer(web.chat, req, &res, web.now));
	return res;
}

/* Opens a stream, or says by its status why it is none. */
int
reader_open_as(
    struct reader *r, const char *target, const char *cookie, const char *field)
{
	struct http_request req;
	struct http_response res;

	*r = (struct reader){ 0 };
	req = web_request(HTTP_GET, target, cookie, field, &r->wakes);
	res = web_ask(&req);
	r->stream = res.stream;
	ck_assert_int_eq(res.status == 200, r->stream.fill != NULL);
	return res.status;
}

/* What the stream sends now; it goes on, or ends. */
const char *
reader_read_to(struct reader *r, bool goes_on)
{
	buf_drain(&r->got, buf_len(&r->got));
	ck_assert(r->stream.fill(r->stream.arg, &r->got, web.now) == goes_on);
	buf_add(&r->got, "", 1);
	r->wakes = 0;
	return buf_data(&r->got);
}

const char *
reader_read(struct reader *r)
{
	return reader_read_to(r, true);
}

void
reader_open(struct reader *r, const char *target, const char *cookie)
{
	ck_assert_int_eq(reader_open_as(r, target, cookie, NULL), 200);
	reader_read(r);
}

void
reader_shut(struct reader *r)
{
	r->stream.gone(r->stream.arg);
	buf_free(&r->got);
}

void
has(const char *text, const char *part)
{
	ck_assert_msg(
	    strstr(text, part) != NULL, "no '%s' in:\n%s", part, text);
}

void
has_not(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) == NULL, "'%s' in:\n%s", part, text);
}

void
web_keep(const struct http_response *res)
{
	web.status = res->status;
	snprintf(web.fields, sizeof(web.fields), "%.*s", (int)res->fields.len,
	    res->fields.p);
	snprintf(web.body, sizeof(web.body), "%.*s", (int)res->body.len,
	    res->body.p);
}

void
web_post_bytes(
    const char *target, const char *cookie, const char *type, struct str body)
{
	int wakes = 0;
	struct http_request req =
	    web_request(HTTP_POST, target, cookie, type, &wakes);
	struct http_response res = web_ask(&req), later = { .status = 200 };

	if (res.later.answer != NULL) {
		ck_assert(
		    res.later.answer(res.later.arg, body, &later, web.now));
		web_keep(&later);
		res.later.gone(res.later.arg);
	} else {
		web_keep(&res);
	}
}

void
web_post(const char *cookie, const char *body)
{
	web_post_bytes("/chat/messages", cookie, FORM, str_of(body));
}

const char *
web_op_line(void)
{
	static char line[64];

	snprintf(
	    line, sizeof(line), "/op %s", hub_operator_code(web.hub, web.now));
	return line;
}

void
web_says(const char *cookie, const char *body)
{
	web_post(cookie, body);
	ck_assert_msg(web.status == 201, "%d %s", web.status, web.body);
}
