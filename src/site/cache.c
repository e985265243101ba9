#include "site/cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/map.h"
#include "site/watch.h"

/*
 * A file system's clock is coarse: what changed just before it was read may
 * change again and still have the same times.
 */
#define SETTLED_MILLIS 2000

/* Where changes are watched, a file is looked at no more often than this, in
 * case of one that the watch does not see. */
#define LOOK_AFTER MILLIS(10)

struct entry {
	struct cached cached;
	TAILQ_ENTRY(entry) link; /* the least recently opened first */
	int64_t checked;         /* the instant at which it was known to hold */
	int64_t looked;          /* and that at which it was looked at */
	uint64_t changes;        /* how many the watch had seen by then */
	bool is_watched;         /* the watch sees when it changes */
	bool is_settled;         /* its times tell whether it changed since */
	struct sight seen;       /* what the files were then */
	unsigned wishes;
	struct str target;
	const char *path;
	size_t size; /* bytes of text */
	char text[]; /* what the strs above and the response point to */
};

TAILQ_HEAD(entry_list, entry);

struct cache {
	int root;
	struct watch *watch; /* NULL where the system has none */
	int64_t asked;       /* the instant at which it was asked */
	uint64_t changes;    /* how often it said that something had changed */
	struct map *by_target[VARIANT_WISHES];
	struct entry_list entries;
	size_t cost; /* of all entries */
};

struct cache *
cache_new(int root)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	TAILQ_INIT(&c->entries);
	c->root = root;
	c->asked = -1;
	c->watch = watch_new(root);
	for (int i = 0; i < VARIANT_WISHES; i++) {
		if ((c->by_target[i] = map_new()) == NULL) {
			cache_free(c);
			return NULL;
		}
	}
	return c;
}

static size_t
entry_cost(const struct entry *e)
{
	return e->size + CACHE_ENTRY_COST;
}

static void
entry_remove(struct cache *c, struct entry *e)
{
	map_del(c->by_target[e->wishes], e->target.p, e->target.len);
	TAILQ_REMOVE(&c->entries, e, link);
	c->cost -= entry_cost(e);
	free(e);
}

void
cache_clear(struct cache *c)
{
	struct entry *e;

	while ((e = TAILQ_FIRST(&c->entries)) != NULL)
		entry_remove(c, e);
}

void
cache_free(struct cache *c)
{
	if (c == NULL)
		return;
	cache_clear(c);
	for (int i = 0; i < VARIANT_WISHES; i++)
		map_free(c->by_target[i]);
	watch_free(c->watch);
	free(c);
}

/* Asks the watch, once an instant. */
static void
count_changes(struct cache *c, struct instant now)
{
	if (c->watch == NULL || c->asked == now.mono)
		return;
	c->asked = now.mono;
	c->changes += watch_changed(c->watch);
}

/* Whether the files are known to be what they were, without a look. */
static bool
is_known(const struct cache *c, const struct entry *e, struct instant now)
{
	return e->checked == now.mono ||
	    (e->is_watched && e->changes == c->changes &&
		now.mono - e->looked < LOOK_AFTER);
}

const struct cached *
cache_get(
    struct cache *c, struct str target, unsigned wishes, struct instant now)
{
	struct entry *e = map_get(c->by_target[wishes], target.p, target.len);

	if (e == NULL)
		return NULL;
	count_changes(c, now);
	if (is_known(c, e, now)) {
		e->checked = now.mono;
		return &e->cached;
	}
	if (!e->is_settled || !variant_is_seen(&e->seen, c->root, e->path)) {
		entry_remove(c, e);
		return NULL;
	}
	e->checked = e->looked = now.mono;
	e->changes = c->changes;
	return &e->cached;
}

static bool
is_settled(const struct sight *seen, struct instant now)
{
	for (int i = 0; i < VARIANTS; i++) {
		if (seen->st[i].st_ctim.tv_sec >=
		    (now.wall - SETTLED_MILLIS) / 1000)
			return false;
	}
	return true;
}

/*
 * Whether the watch will see every change: not where a link leads to a file,
 * symbolic or hard, from a directory that is not watched.
 */
static bool
is_watchable(struct cache *c, const char *path)
{
	return c->watch != NULL && watch_path(c->watch, path) == 0 &&
	    variant_is_local(c->root, path);
}

/* Copies to the end of an entry's text. */
static const char *
entry_add(struct entry *e, const char *p, size_t len)
{
	char *copy = e->text + e->size;

	memcpy(copy, p, len);
	e->size += len;
	return copy;
}

/* The response, but from the entry's own memory. */
static void
entry_copy(struct entry *e, const struct http_response *res)
{
	struct http_response *own = &e->cached.response;

	*own = *res;
	own->body.p = entry_add(e, res->body.p, res->body.len);
	own->fields.p = entry_add(e, res->fields.p, res->fields.len);
	own->validators.etag.p =
	    own->fields.p + (res->validators.etag.p - res->fields.p);
}

static struct entry *
entry_new(struct cache *c, const struct cache_item *item,
    const struct http_response *res, struct instant now)
{
	size_t path_size = strlen(item->path) + 1;
	struct entry *e = malloc(sizeof(*e) + res->body.len + res->fields.len +
	    item->target.len + path_size);

	if (e == NULL)
		return NULL;
	/*
	 * The watch may begin after the file was read, so it is trusted only
	 * from the next look on, which compares with what was read.
	 */
	*e = (struct entry){ .cached.varies = item->representation->varies,
		.checked = now.mono,
		.looked = now.mono - LOOK_AFTER,
		.seen = item->representation->seen,
		.wishes = item->representation->varies ? item->wishes : 0 };
	entry_copy(e, res);
	e->target.p = entry_add(e, item->target.p, item->target.len);
	e->target.len = item->target.len;
	e->path = entry_add(e, item->path, path_size);
	e->is_settled = is_settled(&e->seen, now);
	/* What is not settled is read anew anyway. */
	e->is_watched = e->is_settled && is_watchable(c, e->path);
	return e;
}

static int
cache_add(struct cache *c, struct entry *e)
{
	struct map *map = c->by_target[e->wishes];
	struct entry *old = map_get(map, e->target.p, e->target.len);

	if (old != NULL)
		entry_remove(c, old);
	while (c->cost + entry_cost(e) > CACHE_MAX && !TAILQ_EMPTY(&c->entries))
		entry_remove(c, TAILQ_FIRST(&c->entries));
	if (map_put(map, e->target.p, e->target.len, e) == -1)
		return -1;
	TAILQ_INSERT_TAIL(&c->entries, e, link);
	c->cost += entry_cost(e);
	return 0;
}

void
cache_keep(struct cache *c, const struct cache_item *item,
    struct http_response *res, struct instant now)
{
	struct entry *e = entry_new(c, item, res, now);

	if (e == NULL)
		return;
	if (cache_add(c, e) == 0)
		*res = e->cached.response;
	else
		free(e);
}
