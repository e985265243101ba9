#include "site/chat.h"

#include <stdlib.h>
#include <string.h>

#include "http/url.h"
#include "site/chat_body.h"
#include "site/chat_caller.h"
#include "site/chat_event.h"
#include "site/chat_page.h"
#include "site/chat_post.h"
#include "site/chat_reply.h"
#include "site/chat_stream.h"

#define PAGE_FIELDS \
	"Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n" \
	"Referrer-Policy: no-referrer\r\n"
#define PAGE_POLICY  "Content-Security-Policy: " CHAT_PAGE_POLICY "\r\n"
#define EVENT_FIELDS CHAT_REPLY_FIELDS "X-Accel-Buffering: no\r\n"
#define TYPE_STYLE   "text/css; charset=utf-8"
#define TYPE_SCRIPT  "text/javascript; charset=utf-8"

struct chat {
	struct chat_config config;
	struct chat_streams *streams;
	struct chat_posts *posts;
	struct chat_stats stats;
	uint64_t callers; /* so far: the number of the next */
	struct buf made;  /* content or fields of the answer being made */
};

struct chat *
chat_new(const struct chat_config *config)
{
	struct chat *chat = calloc(1, sizeof(*chat));

	if (chat == NULL)
		return NULL;
	chat->config = *config;
	if (config->hub == NULL)
		return chat;
	chat->streams = chat_streams_new(config->hub, config->is_kept);
	if (chat->streams != NULL)
		chat->posts =
		    chat_posts_new(config->hub, chat->streams, &chat->stats);
	if (chat->posts != NULL)
		return chat;
	chat_free(chat);
	return NULL;
}

void
chat_free(struct chat *chat)
{
	if (chat == NULL)
		return;
	chat_posts_free(chat->posts);
	chat_streams_free(chat->streams);
	buf_free(&chat->made);
	free(chat);
}

size_t
chat_streams(const struct chat *chat)
{
	return chat->streams != NULL ? chat_streams_count(chat->streams) : 0;
}

const struct chat_stats *
chat_stats(const struct chat *chat)
{
	return &chat->stats;
}

/* Empty again, whether or not there was memory the last time. */
static struct buf *
begin_made(struct chat *chat)
{
	buf_drain(&chat->made, buf_len(&chat->made));
	chat->made.failed = false;
	return &chat->made;
}

static void
refuse(
    struct chat *chat, struct http_response *res, int status, const char *why)
{
	chat->stats.refused++;
	chat_reply_error(res, status, str_of(why), begin_made(chat));
}

static void
refuse_result(
    struct chat *chat, struct http_response *res, enum hub_result result)
{
	chat->stats.refused++;
	chat_reply_refusal(res, result, STR(""), begin_made(chat));
}

static struct chat_caller
identify(struct chat *chat, const struct http_request *req)
{
	struct chat_caller caller;

	chat_caller_identify(&caller, chat->config.hub, req, ++chat->callers);
	return caller;
}

static void
answer_page(struct chat *chat, const struct http_request *req,
    struct http_response *res, struct instant now)
{
	struct buf *b = begin_made(chat);

	(void)now;
	buf_add_str(b, STR(PAGE_FIELDS PAGE_POLICY));
	if (!chat_caller_has_cookie(req) &&
	    chat_caller_add_cookie(b, req->is_secure) == -1)
		b->failed = true;
	res->status = buf_failed(b) ? 503 : 200;
	if (buf_failed(b))
		return;
	res->type = STR("text/html; charset=utf-8");
	res->fields = (struct str){ buf_data(b), buf_len(b) };
	res->body = chat_page();
}

/* As it is easily typed. */
static void
answer_slash(struct chat *chat, const struct http_request *req,
    struct http_response *res, struct instant now)
{
	(void)chat;
	(void)req;
	(void)now;
	res->status = 308;
	res->fields = STR("Location: /chat\r\n");
}

static void
answer_rooms(struct chat *chat, const struct http_request *req,
    struct http_response *res, struct instant now)
{
	struct buf *b = begin_made(chat);

	(void)req;
	(void)now;
	chat_event_rooms(b, chat->config.hub);
	chat_reply_json(res, 200, b);
}

/* A number of up to 20 digits in the query.  *is_there stays as it was when it
 * is not there.  Returns 0, or -1 when it is none. */
static int
query_number(const struct http_request *req, const char *name, uint64_t *out,
    bool *is_there)
{
	struct buf value = { 0 };
	int result = 0;

	if (url_form_get(req->query, str_of(name), &value)) {
		*is_there = true;
		result = buf_len(&value) <= U64_DIGITS_MAX
		    ? str_to_u64(
			  (struct str){ buf_data(&value), buf_len(&value) },
			  UINT64_MAX, out)
		    : -1;
	}
	buf_free(&value);
	return result;
}

/* Where the stream is to begin.  Returns 0, or -1 for what is no number. */
static int
read_begin(const struct http_request *req, struct chat_stream_wish *wish)
{
	const struct http_field *last =
	    http_field_find(req, STR("Last-Event-ID"));
	bool has_past = false;

	if (query_number(req, "past", &wish->past, &has_past) == -1)
		return -1;
	if (wish->past > CHAT_STREAM_PAST)
		wish->past = CHAT_STREAM_PAST;
	if (last == NULL)
		return query_number(req, "since", &wish->since, &wish->resumes);
	wish->resumes = true;
	return last->value.len <= U64_DIGITS_MAX
	    ? str_to_u64(last->value, UINT64_MAX, &wish->since)
	    : -1;
}

static void
open_stream(struct chat *chat, struct chat_stream_wish *wish,
    const struct http_request *req, struct http_response *res,
    struct instant now)
{
	struct buf room = { 0 }, nick = { 0 };
	enum hub_result result = HUB_NOMEM;

	url_form_get(req->query, STR("room"), &room);
	url_form_get(req->query, STR("nick"), &nick);
	wish->room = (struct str){ buf_data(&room), buf_len(&room) };
	wish->nick = (struct str){ buf_data(&nick), buf_len(&nick) };
	if (!buf_failed(&room) && !buf_failed(&nick))
		result =
		    chat_stream_open(chat->streams, wish, &res->stream, now);
	buf_free(&room);
	buf_free(&nick);
	if (result != HUB_OK)
		refuse_result(chat, res, result);
	else if (wish->resumes)
		chat->stats.resumed++;
}

/* The stream of who asked for the head alone. */
static bool
nothing_fill(void *arg, struct buf *out, struct instant now)
{
	(void)arg;
	(void)out;
	(void)now;
	return false;
}

static int64_t
nothing_deadline(void *arg)
{
	(void)arg;
	return NEVER;
}

static void
nothing_gone(void *arg)
{
	(void)arg;
}

static void
answer_events(struct chat *chat, const struct http_request *req,
    struct http_response *res, struct instant now)
{
	struct chat_caller caller = identify(chat, req);
	struct chat_stream_wish wish = { .caller = &caller,
		.waker = req->waker };

	if (read_begin(req, &wish) == -1) {
		refuse(chat, res, 400,
		    "Last-Event-ID, since and past are decimal numbers");
		return;
	}
	res->type = STR("text/event-stream");
	res->fields = STR(EVENT_FIELDS);
	if (req->method != HTTP_HEAD)
		open_stream(chat, &wish, req, res, now);
	else
		res->stream = (struct http_stream){ .fill = nothing_fill,
			.deadline = nothing_deadline,
			.half_closed = nothing_gone,
			.gone = nothing_gone };
}

static void
answer_messages(struct chat *chat, const struct http_request *req,
    struct http_response *res, struct instant now)
{
	const struct http_field *field =
	    http_field_find(req, STR("Content-Type"));
	enum chat_body_type type =
	    chat_body_type(field != NULL ? field->value : STR(""));
	struct chat_caller caller;

	(void)now;
	if (type == CHAT_BODY_UNKNOWN) {
		refuse(chat, res, 415,
		    "send application/x-www-form-urlencoded, application/json "
		    "or text/plain");
		return;
	}
	caller = identify(chat, req);
	if (chat_post_begin(chat->posts, &caller, type, req, &res->later) == -1)
		refuse_result(chat, res, HUB_NOMEM);
}

#define SCRIPT(name) STR("/chat/" name ".js"), .type = STR(TYPE_SCRIPT)

static const struct route {
	struct str path;
	void (*answer)(struct chat *, const struct http_request *,
	    struct http_response *, struct instant now);
	bool is_data; /* for the page, or programs: not to be read by others */
	bool posts;
	/* Instead of an answer: a text that never changes, and its type. */
	struct str type;
	struct str (*text)(void);
} routes[] = {
	{ STR("/chat"), .answer = answer_page },
	{ STR("/chat/"), .answer = answer_slash },
	{ STR("/chat/page.css"), .type = STR(TYPE_STYLE), .text = chat_style },
	{ SCRIPT("page"), .text = chat_script },
	{ SCRIPT("alerts"), .text = chat_script_alerts },
	{ SCRIPT("hall"), .text = chat_script_hall },
	{ SCRIPT("input"), .text = chat_script_input },
	{ SCRIPT("lines"), .text = chat_script_lines },
	{ SCRIPT("link"), .text = chat_script_link },
	{ SCRIPT("lists"), .text = chat_script_lists },
	{ SCRIPT("state"), .text = chat_script_state },
	{ SCRIPT("text"), .text = chat_script_text },
	{ STR("/chat/rooms"), .answer = answer_rooms, .is_data = true },
	{ STR("/chat/events"), .answer = answer_events, .is_data = true },
	{ STR("/chat/messages"), .answer = answer_messages, .is_data = true,
	    .posts = true },
};

static const struct route *
route_find(struct str path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (str_eq(routes[i].path, path))
			return &routes[i];
	}
	return NULL;
}

/* Returns whether the request may go on; else it is answered. */
static bool
may_call(struct chat *chat, const struct http_request *req,
    struct http_response *res)
{
	if (!chat_caller_is_own_page(req)) {
		refuse(chat, res, 403,
		    "a page from elsewhere may not use this chat");
		return false;
	}
	if (chat_caller_uses_own_name(
		req, chat->config.hosts, chat->config.nhosts))
		return true;
	refuse(chat, res, 403,
	    "this server does not go by that name; start it with "
	    "--server-name=NAME, or use its address");
	return false;
}

static bool
takes_method(const struct route *route, enum http_method method)
{
	return route->posts ? method == HTTP_POST
			    : method == HTTP_GET || method == HTTP_HEAD;
}

static void
answer_method(const struct route *route, const struct http_request *req,
    struct http_response *res)
{
	res->status = req->method == HTTP_OPTIONS ? 204 : 405;
	res->fields = route->posts ? STR("Allow: POST, OPTIONS\r\n")
				   : STR("Allow: GET, HEAD, OPTIONS\r\n");
}

static void
answer_text(const struct route *route, struct http_response *res)
{
	res->type = route->type;
	res->fields = STR(PAGE_FIELDS);
	res->body = route->text();
}

bool
chat_answer(struct chat *chat, const struct http_request *req,
    struct http_response *res, struct instant now)
{
	const struct route *route = route_find(req->path);

	if (route == NULL)
		return false;
	if (route->is_data && !may_call(chat, req, res))
		return true;
	if (!takes_method(route, req->method))
		answer_method(route, req, res);
	else if (chat->config.hub == NULL)
		refuse(chat, res, 503, chat->config.why);
	else if (route->text != NULL)
		answer_text(route, res);
	else
		route->answer(chat, req, res, now);
	return true;
}
