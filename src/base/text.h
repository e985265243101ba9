/*
 * Text from the network, made safe before any person or log sees it: valid
 * UTF-8 and nothing that moves a cursor, ends a line or turns its direction.
 */
#ifndef CHATD_TEXT_H
#define CHATD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * Copies in to out, at most cap - 1 bytes and a NUL; cap >= 1.  Each invalid
 * sequence (Unicode 15, 3.9: maximal subparts) and each C0 control but TAB,
 * DEL, C1 control, line or paragraph separator and bidirectional control
 * becomes U+FFFD.  What does not fit is cut between characters.
 * Returns the length; *cut, unless NULL, says whether something was cut.
 */
size_t text_clean(char *out, size_t cap, struct str in, bool *cut);

/*
 * The next character of a non-empty *in as text_clean() would write it, and
 * *in moved past it: a slice of *in itself, or the static replacement.
 */
struct str text_next(struct str *in);

/* Whether text_clean() would leave it as it is. */
bool text_is_clean(struct str);

/*
 * The length in bytes, 1 to 4, of the well-formed UTF-8 character that a
 * non-empty str begins with, and its code point; or 0 where it begins with
 * none, *skip then being the bytes of its maximal subpart, 1 to 3.
 */
size_t utf8_decode(struct str, unsigned *code, size_t *skip);

#endif
