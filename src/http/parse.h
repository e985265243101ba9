/*
 * The head of a request (RFC 9112, 2 to 3 and 5): bytes in, slices out.  It
 * allocates nothing; every str of a request lies in the caller's buffer.
 */
#ifndef CHATD_HTTP_PARSE_H
#define CHATD_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/str.h"

#define HTTP_TARGET_MAX 8192  /* bytes; a longer target is 414 */
#define HTTP_HEAD_MAX   65536 /* bytes of a whole head; a longer one is 431 */
#define HTTP_FIELDS_MAX 100   /* field lines; more are 431 */

/* The methods of RFC 9110, 9.3, and RFC 5789. */
enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_OPTIONS,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_PATCH,
	HTTP_TRACE,
	HTTP_CONNECT,
	HTTP_OTHER /* a token that this server does not know: 501 */
};

/* Fields that most requests have not, noted so that they need no search. */
enum http_noted {
	HTTP_NOTED_CONDITION = 1, /* If-..., but for If-Range */
	HTTP_NOTED_RANGE = 2,
	HTTP_NOTED_ACCEPT_ENCODING = 4
};

struct http_field {
	struct str name;
	struct str value; /* without the white space around it */
};

/*
 * Has the connection ask its `later` or `stream` again, soon and not from
 * within the call.  Not to be called after gone(); nor to be kept where the
 * answer has neither.  wake is NULL where the driver cannot wait.
 */
struct http_waker {
	void (*wake)(void *arg);
	void *arg;
};

struct http_request {
	enum http_method method;
	struct str line;      /* the request line */
	unsigned minor;       /* of HTTP/1.minor: 0 or 1 */
	struct str target;    /* as it was sent */
	struct str authority; /* of an absolute-form target, or the Host */
	struct str path;      /* of the target, still encoded: "/..." or "*" */
	struct str query;     /* what follows its '?', or empty */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t nfields;
	uint64_t content_length; /* 0 when absent */
	bool has_content_length;
	bool chunked;         /* Transfer-Encoding: chunked */
	bool keep_alive;      /* RFC 9112, 9.3 */
	bool expect_continue; /* RFC 9110, 10.1.1; never for HTTP/1.0 */
	bool bare_lf;         /* a line ended without CR: answer, then close */
	unsigned noted;       /* enum http_noted, or'ed */
	/* Not of the head; the connection knows them. */
	const struct addr *peer; /* who asks; NULL through a Unix socket */
	bool is_secure;          /* over TLS */
	struct http_waker waker;
};

/*
 * Parses the request head at the front of buf.  last_len is the len of the
 * call before for the same head, or 0, so that a head that comes byte by byte
 * is not parsed anew for each.
 * Returns the bytes of the head, its empty line included; 0 when more is
 * needed; or -1 with *status set to the refusal (400, 414, 417, 431, 501,
 * 505), after which nothing that follows can be trusted as a request.
 */
ssize_t http_parse_request(const char *buf, size_t len, size_t last_len,
    struct http_request *, int *status);

/* The first field of that name, folded; or NULL. */
const struct http_field *http_field_find(
    const struct http_request *, struct str name);

/* A token character (RFC 9110, 5.6.2). */
bool http_is_token_char(char);

#endif
