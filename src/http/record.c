#include "http/record.h"

#include <stdlib.h>
#include <string.h>

static struct str
field_value(const struct http_request *req, struct str name)
{
	const struct http_field *f = http_field_find(req, name);

	return f != NULL ? f->value : STR("");
}

struct http_record
record_of(const struct http_request *req, bool refused)
{
	struct http_record r = { .peer = req->peer, .line = req->line };

	r.protocol = req->line;
	r.method = str_cut(&r.protocol, ' ');
	r.target = str_cut(&r.protocol, ' ');
	if (refused)
		return r;
	r.referer = field_value(req, STR("Referer"));
	r.user_agent = field_value(req, STR("User-Agent"));
	return r;
}

/* The strs of a record, which its copy takes along. */
static const size_t texts[] = {
	offsetof(struct http_record, line),
	offsetof(struct http_record, method),
	offsetof(struct http_record, target),
	offsetof(struct http_record, protocol),
	offsetof(struct http_record, referer),
	offsetof(struct http_record, user_agent),
};

#define NTEXTS (sizeof(texts) / sizeof(texts[0]))

static struct str *
text_at(struct http_record *r, size_t i)
{
	return (struct str *)(void *)((char *)r + texts[i]);
}

struct http_record *
record_copy(const struct http_record *from)
{
	struct http_record whole = *from, *r;
	size_t size = sizeof(*r);
	char *at;

	for (size_t i = 0; i < NTEXTS; i++)
		size += text_at(&whole, i)->len;
	if ((r = malloc(size)) == NULL)
		return NULL;
	*r = whole;
	at = (char *)(r + 1);
	for (size_t i = 0; i < NTEXTS; i++) {
		struct str *text = text_at(r, i);

		if (text->len > 0)
			memcpy(at, text->p, text->len);
		text->p = at;
		at += text->len;
	}
	return r;
}
