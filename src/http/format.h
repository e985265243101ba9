/*
 * The parts of a response that are text: status lines, dates, heads.
 */
#ifndef CHATD_HTTP_FORMAT_H
#define CHATD_HTTP_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* The reason phrase (RFC 9110, 15), or "Unknown". */
struct str http_reason(int status);

/* Whether a response of that status has no content at all (RFC 9110, 6.4.1). */
bool http_has_no_content(int status);

/* A small page that says the status, for a response without a body. */
void http_status_page(struct buf *, int status);

/*
 * What a head holds.  The strs may be empty: then there is no such field.
 */
struct http_head {
	int status;
	struct str date;          /* Date */
	struct str type;          /* Content-Type */
	uint64_t content_length;  /* left out where there can be no content, */
	bool until_close;         /* or where it ends with the connection */
	struct str content_range; /* Content-Range */
	bool accepts_ranges;      /* Accept-Ranges: bytes */
	struct str fields;        /* whole field lines, each with its CRLF */
	struct str common;        /* more of them */
	struct str connection;    /* Connection */
};

/* Appends the head and the empty line that ends it (RFC 9112, 4 and 5). */
void http_head_write(struct buf *, const struct http_head *);

#endif
