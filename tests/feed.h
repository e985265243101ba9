/*
 * Hands input to a parser in every way that it can arrive, at the very end
 * of readable memory, so that reading one byte too far is a fault.
 */
#ifndef CHATD_TESTS_FEED_H
#define CHATD_TESTS_FEED_H

#include <stddef.h>

struct guard;

/* Room for up to max bytes before a page that cannot be touched. */
struct guard *guard_new(size_t max);
void guard_free(struct guard *);

/* A copy that ends at the page; valid until the next call. */
const char *guard_copy(struct guard *, const void *data, size_t len);

/*
 * The ways to hand in len bytes are counted from 0 to len: way 0 is byte by
 * byte; way n is in two pieces, cut after n bytes, so that the last is whole.
 * Returns where the piece that begins at `at` ends.
 */
size_t feed_end(size_t way, size_t at, size_t len);

#endif
