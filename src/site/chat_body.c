#include "site/chat_body.h"

#include "base/json.h"
#include "http/url.h"

#define ROOM STR("room")
#define NICK STR("nick")
#define TEXT STR("text")

enum chat_body_type
chat_body_type(struct str media_type)
{
	struct str type = str_trim(str_cut(&media_type, ';'));

	if (type.len == 0 ||
	    str_eq_nocase(type, STR("application/x-www-form-urlencoded")))
		return CHAT_BODY_FORM;
	if (str_eq_nocase(type, STR("application/json")))
		return CHAT_BODY_JSON;
	if (str_eq_nocase(type, STR("text/plain")))
		return CHAT_BODY_TEXT;
	return CHAT_BODY_UNKNOWN;
}

static int
read_json(struct chat_body *body, struct str content)
{
	struct json_member members[] = {
		{ .name = ROOM },
		{ .name = NICK },
		{ .name = TEXT },
	};
	int result = json_read(content, members, 3);

	for (size_t i = 0; i < 3; i++) {
		if (members[i].is_there && !members[i].is_string)
			result = -1;
	}
	body->room = members[0].value;
	body->nick = members[1].value;
	body->text = members[2].value;
	return result;
}

static void
read_form(struct chat_body *body, struct str form)
{
	url_form_get(form, ROOM, &body->room);
	url_form_get(form, NICK, &body->nick);
	url_form_get(form, TEXT, &body->text);
}

static bool
is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* A message is one line: CR LF, LF and CR become one space each. */
static void
join_lines(struct buf *out, struct str text)
{
	if (text.len > 0 && text.p[text.len - 1] == '\n')
		text.len--;
	if (text.len > 0 && text.p[text.len - 1] == '\r')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		bool is_pair = text.p[i] == '\r' && i + 1 < text.len &&
		    text.p[i + 1] == '\n';

		if (!is_pair)
			buf_add(
			    out, is_line_end(text.p[i]) ? " " : text.p + i, 1);
	}
}

int
chat_body_read(struct chat_body *body, enum chat_body_type type,
    struct str query, struct str content)
{
	struct buf text;
	int result = 0;

	*body = (struct chat_body){ 0 };
	if (type == CHAT_BODY_JSON) {
		result = read_json(body, content);
	} else {
		read_form(body, type == CHAT_BODY_TEXT ? query : content);
	}
	text = body->text;
	buf_init(&body->text);
	join_lines(&body->text,
	    type == CHAT_BODY_TEXT
		? content
		: (struct str){ buf_data(&text), buf_len(&text) });
	if (buf_failed(&text) || buf_failed(&body->text) ||
	    buf_failed(&body->room) || buf_failed(&body->nick))
		result = -1;
	buf_free(&text);
	return result;
}

void
chat_body_free(struct chat_body *body)
{
	buf_free(&body->room);
	buf_free(&body->nick);
	buf_free(&body->text);
}
