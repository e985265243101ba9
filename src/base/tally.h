/*
 * How many of something each network address has; an IPv6 network of 64 bits
 * counts as one address, since whoever has one has all of it.
 */
#ifndef CHATD_TALLY_H
#define CHATD_TALLY_H

#include <stddef.h>

#include "base/addr.h"

struct tally;

struct tally *tally_new(void); /* NULL without memory or randomness */
void tally_free(struct tally *);

size_t tally_get(const struct tally *, const struct addr *);

/* One more, or one less.  Returns 0, or -1 without memory. */
int tally_add(struct tally *, const struct addr *);
void tally_drop(struct tally *, const struct addr *);

#endif
