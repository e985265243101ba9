/*
 * Media types by file name (RFC 9110, 8.3).
 */
#ifndef CHATD_HTTP_MIME_H
#define CHATD_HTTP_MIME_H

#include "base/str.h"

#define MIME_EXTENSION_MAX 32 /* bytes; a longer extension has no type */

struct mime;

/* The types that are built in, to which mime_read() adds.  NULL without
 * memory. */
struct mime *mime_new(void);
void mime_free(struct mime *);

/*
 * Reads the text of a mime.types file: `type/subtype ext ext...` a line, `#`
 * begins a comment; a later type for an extension replaces an earlier one, a
 * built-in one too.  Text types get `; charset=utf-8` unless they say a
 * charset.  Returns 0; or -1 with *line set to the number, from 1, of the
 * line that is not well formed, or to 0 without memory; what stood before it
 * counts all the same.
 */
int mime_read(struct mime *, struct str text, unsigned *line);

/* A Content-Type for the name's extension, which is compared without case;
 * application/octet-stream for one that is not known.  Valid as long as the
 * mime; NULL stands for the built-in types. */
struct str mime_type(const struct mime *, struct str name);

#endif
