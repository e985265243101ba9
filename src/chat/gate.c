/*
 * A code is a function of the key, the address with its port, and the number
 * of the period; nothing else is remembered.
 */
#include "chat/gate.h"

#include <stdint.h>
#include <string.h>

/* What people do not take for one another: no 0 and o, no 1, l and i. */
static const char alphabet[] = "23456789abcdefghjkmnpqrstuvwxyz";

int
gate_init(struct gate *g, const struct cidr *trusted, size_t ntrusted)
{
	g->trusted = trusted;
	g->ntrusted = ntrusted;
	return siphash_key_random(&g->key);
}

bool
gate_trusts(const struct gate *g, const struct addr *a)
{
	if (addr_is_loopback(a))
		return true;
	for (size_t i = 0; i < g->ntrusted; i++) {
		if (cidr_contains(&g->trusted[i], a))
			return true;
	}
	return false;
}

static int64_t
period_at(struct instant now)
{
	return now.mono / SECONDS(GATE_SECONDS);
}

static void
code_of(const struct gate *g, const struct addr *a, int64_t period, char *out)
{
	unsigned char input[sizeof(*a) + sizeof(period)];
	uint64_t hash;

	memcpy(input, a, sizeof(*a));
	memcpy(input + sizeof(*a), &period, sizeof(period));
	hash = siphash(&g->key, input, sizeof(input));
	for (int i = 0; i < GATE_CODE_LEN; i++) {
		out[i] = alphabet[hash % (sizeof(alphabet) - 1)];
		hash /= sizeof(alphabet) - 1;
	}
	out[GATE_CODE_LEN] = '\0';
}

void
gate_code(
    const struct gate *g, const struct addr *a, struct instant now, char *out)
{
	code_of(g, a, period_at(now), out);
}

/* Takes as long for a wrong first character as for a wrong last one. */
static bool
same_code(const char *code, const char *typed)
{
	int differ = 0;

	for (int i = 0; i < GATE_CODE_LEN; i++)
		differ |= code[i] ^ typed[i];
	return differ == 0;
}

bool
gate_opens(const struct gate *g, const struct addr *a, struct str line,
    struct instant now)
{
	char typed[GATE_CODE_LEN], code[GATE_CODE_LEN + 1];
	char before[GATE_CODE_LEN + 1];
	bool is_code, is_before;

	line = str_trim(line);
	if (line.len != GATE_CODE_LEN)
		return false;
	for (int i = 0; i < GATE_CODE_LEN; i++)
		typed[i] = ascii_lower(line.p[i]);
	code_of(g, a, period_at(now), code);
	code_of(g, a, period_at(now) - 1, before);
	is_code = same_code(code, typed);
	is_before = same_code(before, typed);
	return is_code || is_before;
}
