#include "http/body.h"

/* chunked-body (RFC 9112, 7.1), a byte at a time but for the data. */
enum {
	LENGTH,     /* content with a Content-Length */
	CHUNK_SIZE, /* hexadecimal digits */
	CHUNK_BWS,  /* white space before an extension */
	CHUNK_EXT,  /* from its semicolon on, ignored */
	CHUNK_LF,   /* the LF of the chunk line */
	CHUNK_DATA,
	DATA_CR, /* the CRLF after the data */
	DATA_LF,
	TRAILER_START, /* of a line; an empty one ends the body */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	LAST_LF,
	DONE
};

void
http_body_init(struct http_body *b, const struct http_request *req)
{
	*b = (struct http_body){ .state = LENGTH };
	if (req->chunked)
		b->state = CHUNK_SIZE;
	else if (req->has_content_length)
		b->left = req->content_length;
}

static int
extension_start(char c)
{
	if (c == ' ' || c == '\t')
		return CHUNK_BWS;
	return c == ';' ? CHUNK_EXT : -1;
}

static int
chunk_size_byte(struct http_body *b, char c)
{
	int digit = hex_value(c);

	if (digit == -1) {
		if (b->digits == 0)
			return -1;
		return c == '\r' ? CHUNK_LF : extension_start(c);
	}
	if (b->left > (INT64_MAX - 15) / 16)
		return -1;
	b->left = b->left * 16 + (unsigned)digit;
	b->digits++;
	return CHUNK_SIZE;
}

/* Up to the CR of the line, and no bare LF. */
static int
extension_byte(char c)
{
	if (c == '\r')
		return CHUNK_LF;
	return c == '\n' || c == '\0' ? -1 : CHUNK_EXT;
}

/* field-line (RFC 9112, 5); neither an empty name nor a folded line begins
 * with a token. */
static int
trailer_name_byte(int state, char c)
{
	if (c == ':' && state == TRAILER_NAME)
		return TRAILER_VALUE;
	return http_is_token_char(c) ? TRAILER_NAME : -1;
}

static int
trailer_value_byte(char c)
{
	if (c == '\r')
		return TRAILER_LF;
	return ascii_is_control(c) && c != '\t' ? -1 : TRAILER_VALUE;
}

static int
chunk_line_end(struct http_body *b)
{
	bool last = b->left == 0;

	b->line = b->digits = 0;
	return last ? TRAILER_START : CHUNK_DATA;
}

/* The state after one byte of framing, or -1. */
static int
framing_byte(struct http_body *b, char c)
{
	switch (b->state) {
	case CHUNK_SIZE:
		return chunk_size_byte(b, c);
	case CHUNK_BWS:
		return extension_start(c);
	case CHUNK_EXT:
		return extension_byte(c);
	case CHUNK_LF:
		return c == '\n' ? chunk_line_end(b) : -1;
	case DATA_CR:
		return c == '\r' ? DATA_LF : -1;
	case DATA_LF:
		b->line = 0;
		return c == '\n' ? CHUNK_SIZE : -1;
	case TRAILER_START:
		return c == '\r' ? LAST_LF : trailer_name_byte(b->state, c);
	case TRAILER_NAME:
		return trailer_name_byte(b->state, c);
	case TRAILER_VALUE:
		return trailer_value_byte(c);
	case TRAILER_LF:
		return c == '\n' ? TRAILER_START : -1;
	case LAST_LF:
		return c == '\n' ? DONE : -1;
	}
	return -1;
}

static bool
line_is_too_long(struct http_body *b)
{
	size_t max =
	    b->state >= TRAILER_START ? HTTP_TRAILER_MAX : HTTP_CHUNK_LINE_MAX;

	return ++b->line > max;
}

/* Up to the next data or the end; -1 where the framing is broken. */
static int
skip_framing(struct http_body *b, const char *data, size_t len, size_t *used)
{
	while (*used < len && b->state != CHUNK_DATA && b->state != DONE) {
		if (line_is_too_long(b))
			return -1;
		b->state = framing_byte(b, data[(*used)++]);
		if (b->state == -1)
			return -1;
	}
	return 0;
}

enum http_body_result
http_body_feed(struct http_body *b, const char *data, size_t len, size_t *used,
    struct str *content)
{
	*used = 0;
	*content = (struct str){ data, 0 };
	if (b->state != LENGTH && skip_framing(b, data, len, used) == -1)
		return HTTP_BODY_BAD;
	if (b->state == LENGTH || b->state == CHUNK_DATA) {
		size_t n = len - *used;

		if (n > b->left)
			n = (size_t)b->left;
		*content = (struct str){ data + *used, n };
		*used += n;
		b->left -= n;
		if (b->left == 0)
			b->state = b->state == LENGTH ? DONE : DATA_CR;
	}
	return b->state == DONE ? HTTP_BODY_DONE : HTTP_BODY_MORE;
}
