/*
 * JSON strings (RFC 8259, 7).
 */
#ifndef CHATD_JSON_H
#define CHATD_JSON_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Appends a string in its quotes, cleaned as text_clean() does.  It holds no
 * `<`, `>` or `&`, so that it is safe inside a script element too.
 */
void json_string(struct buf *, struct str);

#endif
