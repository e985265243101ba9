/*
 * Small files as answers in memory, and yet none is ever stale: an answer
 * holds for the one instant at which its file and the file's variants were
 * looked at, or the watch said that nothing had changed; the requests of one
 * turn of the loop share that, and the next turn asks again.
 */
#ifndef CHATD_CACHE_H
#define CHATD_CACHE_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/str.h"
#include "http/service.h"
#include "site/variant.h"

#define CACHE_FILE_MAX   32768      /* bytes of a file kept in memory */
#define CACHE_MAX        (16 << 20) /* bytes of all of them; oldest go */
#define CACHE_ENTRY_COST 1024       /* what one counts beside its text */

struct cache;

/* Of the files beneath root, a descriptor that stays the caller's.  NULL
 * without memory. */
struct cache *cache_new(int root);
void cache_free(struct cache *);

void cache_clear(struct cache *);

struct cached {
	struct http_response response; /* its strs as long as this */
	bool varies;                   /* it depends on the client's wishes */
};

/*
 * What is kept for a path, as it was sent, so that a hit need not decode it;
 * two spellings of a path are two answers.  What does not vary is kept
 * without wishes (0).  Valid until the cache is used again; NULL if nothing
 * is kept, or no longer holds.
 */
const struct cached *cache_get(
    struct cache *, struct str target, unsigned wishes, struct instant now);

struct cache_item {
	struct str target;
	unsigned wishes;
	const char *path; /* of the file, relative to root */
	const struct representation *representation;
};

/* Keeps a copy of a response with its content, of CACHE_FILE_MAX bytes at
 * most, and makes it point to the copy; without memory it is left as it is. */
void cache_keep(struct cache *, const struct cache_item *,
    struct http_response *, struct instant now);

#endif
