/*
 * A map from byte strings to pointers.  It keeps a copy of each key and
 * never touches the values.  Keys are hashed with a secret, so that nobody
 * on the network can choose keys that collide.
 */
#ifndef CHATD_MAP_H
#define CHATD_MAP_H

#include <stddef.h>

struct map;

struct map *map_new(void); /* NULL without memory or randomness */
void map_free(struct map *);

size_t map_count(const struct map *);

/* The value, or NULL. */
void *map_get(const struct map *, const void *key, size_t len);

/* Adds or replaces; value is not NULL.  Returns 0, or -1 without memory. */
int map_put(struct map *, const void *key, size_t len, void *value);

/* Removes.  Returns the value it had, or NULL. */
void *map_del(struct map *, const void *key, size_t len);

#endif
