/*
 * The gate keeps out addresses that have not shown that they receive what is
 * sent to them: the source of a datagram is easily forged (RFC 8085, 6).
 * It asks for a code that depends on the address, the port and the time under
 * a secret key, and so it keeps no state for those who ask.
 */
#ifndef CHATD_GATE_H
#define CHATD_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/siphash.h"
#include "base/str.h"

#define GATE_CODE_LEN 6  /* characters of 31: almost 30 bits */
#define GATE_SECONDS  60 /* a code holds for one to two of these */

struct gate {
	struct siphash_key key;
	const struct cidr *trusted; /* the caller's; loopback needs no entry */
	size_t ntrusted;
};

/* Returns 0, or -1 without randomness. */
int gate_init(struct gate *, const struct cidr *trusted, size_t ntrusted);

/* Loopback, and the trusted networks. */
bool gate_trusts(const struct gate *, const struct addr *);

/* The code for that address now, with a NUL: out has GATE_CODE_LEN + 1. */
void gate_code(
    const struct gate *, const struct addr *, struct instant now, char *out);

/*
 * Whether the line, but for white space and case, is the address's code of
 * now or of the period before; compared in constant time.
 */
bool gate_opens(const struct gate *, const struct addr *, struct str line,
    struct instant now);

#endif
