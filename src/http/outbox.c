#include "http/outbox.h"

#include <stdlib.h>
#include <unistd.h>

void
outbox_init(struct outbox *o)
{
	*o = (struct outbox){ .fd = -1 };
}

static void
close_file(struct outbox *o)
{
	if (o->fd != -1)
		close(o->fd);
	free(o->parts);
	o->fd = -1;
	o->parts = NULL;
}

void
outbox_clear(struct outbox *o)
{
	close_file(o);
	buf_free(&o->memory);
}

void
outbox_take_spare(struct outbox *o, struct buf *spare)
{
	if (o->memory.base == NULL) {
		o->memory = *spare;
		buf_init(spare);
	}
}

void
outbox_leave_spare(struct outbox *o, struct buf *spare)
{
	if (spare->base == NULL && o->memory.cap <= 2 * HTTP_OUT_HIGH) {
		*spare = o->memory;
		buf_init(&o->memory);
	} else {
		buf_free(&o->memory);
	}
}

/* The head of the next part goes to memory; after the last, the end. */
static void
next_part(struct outbox *o)
{
	const struct http_range *range = multipart_next(o->parts, &o->memory);

	if (range != NULL)
		o->file = *range;
	else
		close_file(o);
}

void
outbox_set_file(struct outbox *o, int fd, struct http_range range)
{
	o->fd = fd;
	o->file = range;
}

void
outbox_set_parts(struct outbox *o, int fd, struct http_multipart *parts)
{
	o->fd = fd;
	o->parts = parts;
	next_part(o);
}

uint64_t
outbox_file_left(const struct outbox *o)
{
	uint64_t left = o->fd != -1 ? o->file.length : 0;

	if (o->parts == NULL)
		return left;
	for (size_t i = o->parts->next; i < o->parts->ranges.n; i++)
		left += o->parts->ranges.at[i].length;
	return left;
}

bool
outbox_is_empty(const struct outbox *o)
{
	return buf_len(&o->memory) == 0 && o->fd == -1;
}

bool
outbox_is_full(const struct outbox *o)
{
	return o->fd != -1 || buf_len(&o->memory) >= HTTP_OUT_HIGH;
}

enum http_output
outbox_next(const struct outbox *o, struct http_piece *piece)
{
	*piece = (struct http_piece){ .fd = -1 };
	if (buf_len(&o->memory) > 0) {
		piece->data = buf_data(&o->memory);
		piece->len = buf_len(&o->memory);
		piece->more = o->fd != -1;
		return HTTP_MEMORY;
	}
	if (o->fd == -1)
		return HTTP_WAIT;
	piece->fd = o->fd;
	piece->offset = (off_t)o->file.first;
	piece->len = o->file.length;
	piece->more = o->parts != NULL;
	return HTTP_FILE;
}

void
outbox_sent(struct outbox *o, size_t n)
{
	if (buf_len(&o->memory) > 0) {
		buf_drain(&o->memory, n);
		return;
	}
	if (o->fd == -1)
		return;
	o->file.first += n;
	o->file.length -= n;
	if (o->file.length > 0)
		return;
	if (o->parts != NULL)
		next_part(o);
	else
		close_file(o);
}
