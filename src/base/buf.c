#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_MIN 512

void
buf_init(struct buf *b)
{
	*b = (struct buf){ 0 };
}

void
buf_free(struct buf *b)
{
	free(b->base);
	buf_init(b);
}

static int
buf_grow(struct buf *b, size_t need)
{
	size_t cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;
	char *base;

	while (cap < need) {
		if (cap > SIZE_MAX / 2)
			return -1;
		cap *= 2;
	}
	base = realloc(b->base, cap);
	if (base == NULL)
		return -1;
	b->base = base;
	b->cap = cap;
	return 0;
}

char *
buf_reserve(struct buf *b, size_t n)
{
	if (b->failed)
		return NULL;
	if (b->start > 0 && n > b->cap - b->end) {
		memmove(b->base, b->base + b->start, b->end - b->start);
		b->end -= b->start;
		b->start = 0;
	}
	if ((b->base == NULL || n > b->cap - b->end) &&
	    (n > SIZE_MAX - b->end || buf_grow(b, b->end + n) == -1)) {
		b->failed = true;
		return NULL;
	}
	return b->base + b->end;
}

void
buf_commit(struct buf *b, size_t n)
{
	b->end += n;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	char *to;

	if (n == 0 || (to = buf_reserve(b, n)) == NULL)
		return;
	memcpy(to, p, n);
	b->end += n;
}

void
buf_add_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.len);
}

void
buf_add_u64(struct buf *b, uint64_t value)
{
	char digits[U64_DIGITS_MAX];

	buf_add_str(b, str_of_u64(value, digits));
}

void
buf_addf(struct buf *b, const char *format, ...)
{
	va_list ap;
	char *to;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	/* vsnprintf writes a NUL, which is not counted in. */
	if ((to = buf_reserve(b, (size_t)n + 1)) == NULL)
		return;
	va_start(ap, format);
	vsnprintf(to, (size_t)n + 1, format, ap);
	va_end(ap);
	b->end += (size_t)n;
}

void
buf_drain(struct buf *b, size_t n)
{
	b->start += n;
	if (b->start == b->end)
		b->start = b->end = 0;
}
