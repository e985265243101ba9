#include "http/multipart.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a part's head, whose two fields and boundary are bounded too. */
#define PART_HEAD_MAX (MULTIPART_TYPE_MAX + CONTENT_RANGE_MAX + 128)

struct http_multipart *
multipart_new(const struct http_ranges *ranges, uint64_t complete,
    struct str type, uint64_t salt)
{
	struct http_multipart *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->ranges = *ranges;
	m->complete = complete;
	snprintf(m->boundary, sizeof(m->boundary), "part-%016" PRIx64, salt);
	snprintf(m->own_type, sizeof(m->own_type),
	    "multipart/byteranges; boundary=%s", m->boundary);
	if (type.len < sizeof(m->type))
		memcpy(m->type, type.p, type.len);
	return m;
}

struct str
content_range(const struct http_range *range, uint64_t complete,
    char out[CONTENT_RANGE_MAX])
{
	int n = snprintf(out, CONTENT_RANGE_MAX,
	    "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first,
	    range->first + range->length - 1, complete);

	return (struct str){ out, (size_t)n };
}

/* What comes before part i, or after the last. */
static size_t
part_head(const struct http_multipart *m, size_t i, char out[PART_HEAD_MAX])
{
	char range[CONTENT_RANGE_MAX];
	const char *before = i == 0 ? "" : "\r\n";

	if (i == m->ranges.n)
		return (size_t)snprintf(
		    out, PART_HEAD_MAX, "%s--%s--\r\n", before, m->boundary);
	content_range(&m->ranges.at[i], m->complete, range);
	return (size_t)snprintf(out, PART_HEAD_MAX,
	    "%s--%s\r\n%s%s%sContent-Range: %s\r\n\r\n", before, m->boundary,
	    m->type[0] != '\0' ? "Content-Type: " : "", m->type,
	    m->type[0] != '\0' ? "\r\n" : "", range);
}

uint64_t
multipart_length(const struct http_multipart *m)
{
	char head[PART_HEAD_MAX];
	uint64_t length = part_head(m, m->ranges.n, head);

	for (size_t i = 0; i < m->ranges.n; i++)
		length += part_head(m, i, head) + m->ranges.at[i].length;
	return length;
}

const struct http_range *
multipart_next(struct http_multipart *m, struct buf *b)
{
	char head[PART_HEAD_MAX];

	buf_add(b, head, part_head(m, m->next, head));
	return m->next < m->ranges.n ? &m->ranges.at[m->next++] : NULL;
}
