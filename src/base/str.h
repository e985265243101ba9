/*
 * A str is a slice: a pointer and a length, into memory that somebody else
 * owns.  It is not terminated by a NUL and may contain any byte.
 */
#ifndef CHATD_STR_H
#define CHATD_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *p;
	size_t len; /* bytes */
};

#define U64_DIGITS_MAX 20 /* of a 64-bit number */

/* The slice of a string literal. */
#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })

/* The slice of a C string, which must outlive it. */
struct str str_of(const char *);

/* Equal bytes; the second folds ASCII letters (RFC 9110 field names). */
bool str_eq(struct str, struct str);
bool str_eq_nocase(struct str, struct str);

/* Without the spaces and tabs at both ends. */
struct str str_trim(struct str);

/*
 * Cuts the part before the first sep off *rest, which keeps what follows sep;
 * without a sep all of *rest is the part and *rest becomes empty.
 */
struct str str_cut(struct str *rest, char sep);

/*
 * Decimal digits alone, no sign and no space, at most max.
 * Returns 0, or -1 and leaves *out as it was.
 */
int str_to_u64(struct str, uint64_t max, uint64_t *out);

/* The decimal digits of value, at the end of space. */
struct str str_of_u64(uint64_t value, char space[U64_DIGITS_MAX]);

/* How often the character stands in it. */
size_t str_count(struct str, char);

/* An ASCII capital made small; any other byte as it is. */
char ascii_lower(char);

/* A control character of ASCII: a byte below the space, or DEL. */
bool ascii_is_control(char);
bool str_has_control(struct str);

/* The value of a hexadecimal digit, or -1; and the digit, a capital, of the
 * lowest four bits of a value. */
int hex_value(char);
char hex_digit(unsigned);

#endif
