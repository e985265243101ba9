#include "tests/feed.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
	char *base;
	size_t size; /* bytes that can be touched */
	size_t page;
};

struct guard *
guard_new(size_t max)
{
	struct guard *g = malloc(sizeof(*g));

	ck_assert_ptr_nonnull(g);
	g->page = (size_t)sysconf(_SC_PAGESIZE);
	g->size = (max / g->page + 1) * g->page;
	g->base = mmap(NULL, g->size + g->page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(g->base, MAP_FAILED);
	ck_assert_int_eq(mprotect(g->base + g->size, g->page, PROT_NONE), 0);
	return g;
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	munmap(g->base, g->size + g->page);
	free(g);
}

const char *
guard_copy(struct guard *g, const void *data, size_t len)
{
	char *copy = g->base + g->size - len;

	ck_assert_uint_le(len, g->size);
	/* What lay there before must not be mistaken for input. */
	memset(g->base, '\n', g->size - len);
	if (len > 0)
		memcpy(copy, data, len);
	return copy;
}

size_t
feed_end(size_t way, size_t at, size_t len)
{
	if (way == 0)
		return at + 1;
	return at < way && way < len ? way : len;
}
