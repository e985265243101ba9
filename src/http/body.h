/*
 * The body of a request and its framing (RFC 9112, 6 and 7.1): bytes in, the
 * content's pieces out.  It allocates nothing.
 */
#ifndef CHATD_HTTP_BODY_H
#define CHATD_HTTP_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "http/parse.h"

#define HTTP_CHUNK_LINE_MAX 256  /* bytes of a chunk's size and extensions */
#define HTTP_TRAILER_MAX    8192 /* bytes of the whole trailer section */

enum http_body_result {
	HTTP_BODY_MORE, /* all bytes were used, and more belong to the body */
	HTTP_BODY_DONE,
	HTTP_BODY_BAD /* the framing is lost: answer 400 and close */
};

struct http_body {
	int state;
	uint64_t left; /* bytes of the content or chunk still to come */
	size_t line;   /* bytes of the chunk line or trailer so far */
	size_t digits; /* of the chunk size so far */
};

/* The body that the head announces; none counts as one of length 0. */
void http_body_init(struct http_body *, const struct http_request *);

/*
 * Uses up to len bytes, *used of them, and gives the next piece of content,
 * a slice of data that may be empty.  To be called until it says DONE, or
 * MORE with *used == len.
 */
enum http_body_result http_body_feed(struct http_body *, const char *data,
    size_t len, size_t *used, struct str *content);

#endif
