#include "base/tally.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/map.h"

/* The count itself stands where the map has a pointer. */
struct tally {
	struct map *by_network;
};

struct tally *
tally_new(void)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->by_network = map_new();
	if (t->by_network == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void
tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	map_free(t->by_network);
	free(t);
}

size_t
tally_get(const struct tally *t, const struct addr *a)
{
	struct str network = addr_network(a);

	return (uintptr_t)map_get(t->by_network, network.p, network.len);
}

int
tally_add(struct tally *t, const struct addr *a)
{
	struct str network = addr_network(a);
	uintptr_t count = tally_get(t, a) + 1;

	return map_put(t->by_network, network.p, network.len, (void *)count);
}

void
tally_drop(struct tally *t, const struct addr *a)
{
	struct str network = addr_network(a);
	uintptr_t count = tally_get(t, a);

	/* Replacing a value takes no memory. */
	if (count > 1)
		map_put(
		    t->by_network, network.p, network.len, (void *)(count - 1));
	else
		map_del(t->by_network, network.p, network.len);
}
