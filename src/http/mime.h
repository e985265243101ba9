/*
 * Media types by file name (RFC 9110, 8.3).
 */
#ifndef CHATD_HTTP_MIME_H
#define CHATD_HTTP_MIME_H

#include "base/str.h"

/* A static Content-Type for the name's extension, which is compared without
 * case; application/octet-stream for one that is not known. */
struct str mime_type(struct str name);

#endif
