#include "site/chat_reply.h"

#include "base/json.h"
#include "chat/command.h"

/* What may be tried again is not now, but soon. */
#define SOON  STR(CHAT_REPLY_FIELDS "Retry-After: 1\r\n")
#define LATER STR(CHAT_REPLY_FIELDS "Retry-After: 5\r\n")

void
chat_reply_json(struct http_response *res, int status, const struct buf *b)
{
	res->status = buf_failed(b) ? 503 : status;
	res->type = STR("application/json");
	res->fields = res->status == 429 ? SOON
	    : res->status == 503         ? LATER
					 : STR(CHAT_REPLY_FIELDS);
	res->body = (struct str){ buf_data(b), buf_len(b) };
	if (buf_failed(b))
		res->body =
		    STR("{\"error\":\"the server is short of memory\"}");
}

void
chat_reply_error(
    struct http_response *res, int status, struct str text, struct buf *b)
{
	buf_drain(b, buf_len(b));
	buf_add_str(b, STR("{\"error\":"));
	json_string(b, text);
	buf_add_str(b, STR("}"));
	chat_reply_json(res, status, b);
}

static int
status_of(enum hub_result result)
{
	switch (result) {
	case HUB_FLOOD:
	case HUB_SLOW:
		return 429;
	case HUB_MUTED:
	case HUB_LOCKED:
	case HUB_BANNED:
	case HUB_NOT_ALLOWED:
	case HUB_BAD_CODE:
		return 403;
	case HUB_NOBODY:
		return 404;
	case HUB_TAKEN:
		return 409;
	case HUB_FULL:
	case HUB_BUSY:
	case HUB_NOMEM:
		return 503;
	default:
		return 400;
	}
}

void
chat_reply_refusal(struct http_response *res, enum hub_result result,
    struct str told, struct buf *b)
{
	buf_drain(b, buf_len(b));
	buf_add_str(b, STR("{\"error\":"));
	json_string(b, str_of(command_explain(result)));
	buf_add_str(b, STR(",\"told\":["));
	buf_add_str(b, told);
	buf_add_str(b, STR("]}"));
	chat_reply_json(res, status_of(result), b);
}
