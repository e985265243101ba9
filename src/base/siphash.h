/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of short input.
 * Who does not know the key can neither forge a value nor choose collisions.
 */
#ifndef CHATD_SIPHASH_H
#define CHATD_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

/* A key from the system's random source.  Returns 0, or -1 with errno set. */
int siphash_key_random(struct siphash_key *);

uint64_t siphash(const struct siphash_key *, const void *, size_t len);

#endif
