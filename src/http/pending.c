#include "http/pending.h"

#include <stdlib.h>

#include "http/record.h"

struct pending *
pending_new(const struct http_later *later, const struct http_request *req,
    const struct http_record *record)
{
	struct pending *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	if (record != NULL && (p->record = record_copy(record)) == NULL) {
		free(p);
		return NULL;
	}
	p->later = *later;
	p->minor = req->minor;
	p->owes_continue = req->expect_continue;
	return p;
}

void
pending_free(struct pending *p)
{
	if (p == NULL)
		return;
	p->later.gone(p->later.arg);
	buf_free(&p->body);
	free(p->record);
	free(p);
}

bool
pending_add(struct pending *p, struct str content)
{
	p->owes_continue = false;
	buf_add_str(&p->body, content);
	return !buf_failed(&p->body);
}

bool
pending_ask(struct pending *p, struct http_response *res, struct instant now)
{
	struct str body = { buf_data(&p->body), buf_len(&p->body) };

	return p->later.answer(p->later.arg, body, res, now);
}
