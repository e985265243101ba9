/*
 * The access log: a line for each request, in the combined format or as JSON.
 */
#ifndef CHATD_ACCESS_H
#define CHATD_ACCESS_H

#include "base/buf.h"
#include "base/writer.h"
#include "http/conn.h"

/* Bytes of a text, before it is escaped: a request line with the longest
 * target, or a field.  What is beyond is left out. */
#define ACCESS_TEXT_MAX (HTTP_TARGET_MAX + 1024)

enum access_format {
	ACCESS_COMBINED,
	ACCESS_JSON
};

struct access {
	enum access_format format;
	struct writer *writer;
	struct buf line; /* the one being made */
	/* The text of the last second, which many lines share. */
	int64_t second;
	char date[32];
};

/* The writer stays the caller's. */
void access_init(struct access *, enum access_format, struct writer *);
void access_free(struct access *); /* what it holds */

/*
 * An http_log, whose arg is the access.
 *
 * Combined: `host - - [23/Nov/2026:03:06:27 +0000] "line" status bytes
 * "referer" "agent"`, in local time, "-" for what is absent (host too, for a
 * Unix socket).  Inside quotes, a quote, a backslash, a control byte and any
 * byte above 0x7e are written \xHH; so a line stays a line, and one field.
 *
 * JSON: one object a line with time (RFC 3339 with milliseconds, UTC), peer,
 * method, target, protocol, status, bytes, duration (seconds), referer,
 * agent; what is absent is null.  Text is made valid UTF-8 (base/text).
 *
 * Without memory for a line, it is left out.
 */
void access_log(void *arg, const struct http_record *);

#endif
