/*
 * JSON (RFC 8259): strings to write, flat objects to read.
 */
#ifndef CHATD_JSON_H
#define CHATD_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * Appends a string in its quotes, cleaned as text_clean() does.  It holds no
 * `<`, `>` or `&`, so that it is safe inside a script element too.
 */
void json_string(struct buf *, struct str);

#define JSON_DEPTH_MAX 32 /* of values in a value; deeper is an error */

/* A member of an object that is looked for by its name, and what was found. */
struct json_member {
	struct str name;
	bool is_there;
	bool is_string;
	struct buf value; /* of a string, decoded; the caller's, empty before */
};

/*
 * Reads an object's members of those names; of two with one name the last
 * counts.  Half a surrogate pair becomes U+FFFD; text that is no UTF-8 is
 * left as it is.  Returns 0; or -1 when the text is not one object and
 * nothing else, or without memory.
 */
int json_read(struct str text, struct json_member *, size_t n);

#endif
