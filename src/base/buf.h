/*
 * A buf is a growing array of bytes that is filled at its end and drained at
 * its front.  Running out of memory is remembered: every later call does
 * nothing, so that a writer checks buf_failed() once, at the end.
 */
#ifndef CHATD_BUF_H
#define CHATD_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct buf {
	char *base;   /* what malloc gave */
	size_t start; /* offset of the first byte not yet drained */
	size_t end;   /* offset past the last byte */
	size_t cap;   /* size of base */
	bool failed;
};

/* An empty buf owns nothing; = {0} is one. */
void buf_init(struct buf *);
void buf_free(struct buf *);

static inline const char *
buf_data(const struct buf *b) /* never NULL */
{
	return b->base != NULL ? b->base + b->start : "";
}

static inline size_t
buf_len(const struct buf *b) /* bytes */
{
	return b->end - b->start;
}

static inline bool
buf_failed(const struct buf *b)
{
	return b->failed;
}

/* Append.  buf_addf() formats like printf(3). */
void buf_add(struct buf *, const void *, size_t);
void buf_add_str(struct buf *, struct str);
void buf_add_u64(struct buf *, uint64_t);
void buf_addf(struct buf *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Room for n more bytes at the end, or NULL without memory; what was then
 * written there counts after buf_commit().
 */
char *buf_reserve(struct buf *, size_t n);
void buf_commit(struct buf *, size_t n);

/* Forgets the first n bytes, n <= buf_len(). */
void buf_drain(struct buf *, size_t n);

#endif
