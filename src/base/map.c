#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "base/str.h"

#define MAP_MIN 16 /* chains; a power of two, and doubled when full */

struct map_node {
	struct map_node *next;
	void *value;
	uint64_t hash;
	size_t len;
	char key[];
};

struct map {
	struct siphash_key secret;
	struct map_node **chains;
	size_t nchains;
	size_t count;
};

struct map *
map_new(void)
{
	struct map *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->nchains = MAP_MIN;
	m->chains = calloc(m->nchains, sizeof(m->chains[0]));
	if (m->chains == NULL || siphash_key_random(&m->secret) == -1) {
		map_free(m);
		return NULL;
	}
	return m;
}

void
map_free(struct map *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; m->chains != NULL && i < m->nchains; i++) {
		struct map_node *node = m->chains[i], *next;

		for (; node != NULL; node = next) {
			next = node->next;
			free(node);
		}
	}
	free(m->chains);
	free(m);
}

size_t
map_count(const struct map *m)
{
	return m->count;
}

static bool
node_has(
    const struct map_node *node, const void *key, size_t len, uint64_t hash)
{
	return node->hash == hash &&
	    str_eq(
		(struct str){ node->key, node->len }, (struct str){ key, len });
}

/* The link that points to the key's node, or to the NULL where it would be. */
static struct map_node **
map_find(const struct map *m, const void *key, size_t len, uint64_t hash)
{
	struct map_node **link = &m->chains[hash & (m->nchains - 1)];

	while (*link != NULL && !node_has(*link, key, len, hash))
		link = &(*link)->next;
	return link;
}

void *
map_get(const struct map *m, const void *key, size_t len)
{
	struct map_node **link;

	link = map_find(m, key, len, siphash(&m->secret, key, len));
	return *link != NULL ? (*link)->value : NULL;
}

/* Twice the chains.  Without memory for them the old ones do, more slowly. */
static void
map_grow(struct map *m)
{
	size_t nchains = m->nchains * 2;
	struct map_node **chains = calloc(nchains, sizeof(chains[0]));

	if (chains == NULL)
		return;
	for (size_t i = 0; i < m->nchains; i++) {
		struct map_node *node = m->chains[i], *next;

		for (; node != NULL; node = next) {
			struct map_node **head;

			next = node->next;
			head = &chains[node->hash & (nchains - 1)];
			node->next = *head;
			*head = node;
		}
	}
	free(m->chains);
	m->chains = chains;
	m->nchains = nchains;
}

int
map_put(struct map *m, const void *key, size_t len, void *value)
{
	uint64_t hash = siphash(&m->secret, key, len);
	struct map_node **link = map_find(m, key, len, hash);
	struct map_node *node;

	if (*link != NULL) {
		(*link)->value = value;
		return 0;
	}
	node = malloc(sizeof(*node) + len);
	if (node == NULL)
		return -1;
	*node = (struct map_node){ .value = value, .hash = hash, .len = len };
	if (len > 0)
		memcpy(node->key, key, len);
	*link = node;
	if (++m->count > m->nchains)
		map_grow(m);
	return 0;
}

void *
map_del(struct map *m, const void *key, size_t len)
{
	struct map_node **link, *node;
	void *value;

	link = map_find(m, key, len, siphash(&m->secret, key, len));
	node = *link;
	if (node == NULL)
		return NULL;
	*link = node->next;
	value = node->value;
	free(node);
	m->count--;
	return value;
}
