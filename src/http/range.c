/*
 * While a field is read, no two of the ranges found so far are near each
 * other, so that their number is that of the parts to send.
 */
#include "http/range.h"

#include <stdbool.h>
#include <string.h>

#define PART_HEAD 80 /* bytes, about: boundary, Content-Type, Content-Range */

static uint64_t
end_of(const struct http_range *r)
{
	return r->first + r->length;
}

/* Whether sending what lies between them costs less than another part. */
static bool
is_near(const struct http_range *a, const struct http_range *b)
{
	if (a->first > b->first)
		return is_near(b, a);
	return end_of(a) >= b->first || b->first - end_of(a) < PART_HEAD;
}

static struct http_range
span(const struct http_range *a, const struct http_range *b)
{
	uint64_t first = a->first < b->first ? a->first : b->first;
	uint64_t end = end_of(a) > end_of(b) ? end_of(a) : end_of(b);

	return (struct http_range){ first, end - first };
}

/*
 * Adds a range, or joins it with all that are near, in the place of the first
 * of them.  Each join makes it longer, so that the search begins anew.
 */
static int
add_range(struct http_ranges *out, struct http_range r)
{
	size_t place = out->n, i = 0;

	while (i < out->n) {
		if (!is_near(&out->at[i], &r)) {
			i++;
			continue;
		}
		r = span(&out->at[i], &r);
		place = i < place ? i : place;
		out->n--;
		memmove(&out->at[i], &out->at[i + 1],
		    (out->n - i) * sizeof(out->at[0]));
		i = 0;
	}
	if (out->n == HTTP_RANGES_MAX)
		return -1;
	memmove(&out->at[place + 1], &out->at[place],
	    (out->n - place) * sizeof(out->at[0]));
	out->at[place] = r;
	out->n++;
	return 0;
}

/* A number of digits; one that has too many is just very large. */
static int
parse_position(struct str s, uint64_t *out)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
	}
	if (s.len > 0 && str_to_u64(s, UINT64_MAX, out) == -1)
		*out = UINT64_MAX;
	return s.len > 0 ? 0 : -1;
}

/* suffix-range (14.1.1), of which s is the length. */
static int
parse_suffix(struct str s, uint64_t length, struct http_range *out)
{
	if (parse_position(s, &out->length) == -1)
		return -1;
	if (out->length > length)
		out->length = length;
	out->first = length - out->length;
	return 0;
}

/* int-range (14.1.1); its last byte may be left out. */
static int
parse_int_range(
    struct str first, struct str last, uint64_t length, struct http_range *out)
{
	uint64_t end = UINT64_MAX;

	if (parse_position(first, &out->first) == -1 ||
	    (last.len > 0 && parse_position(last, &end) == -1) ||
	    end < out->first)
		return -1;
	if (out->first >= length)
		out->length = 0;
	else if (end >= length)
		out->length = length - out->first;
	else
		out->length = end - out->first + 1;
	return 0;
}

/* range-spec; what cannot be satisfied comes to no bytes. */
static int
parse_spec(struct str spec, uint64_t length, struct http_range *out)
{
	struct str first = str_cut(&spec, '-');

	/* Without a hyphen it is no range, and first reaches spec's end. */
	if (first.p + first.len == spec.p)
		return -1;
	return first.len > 0 ? parse_int_range(first, spec, length, out)
			     : parse_suffix(spec, length, out);
}

enum http_range_result
http_range_parse(struct str value, uint64_t length, struct http_ranges *out)
{
	struct str unit = str_cut(&value, '=');
	size_t specs = 0;

	out->n = 0;
	if (!str_eq_nocase(unit, STR("bytes")))
		return HTTP_RANGE_IGNORED;
	while (value.len > 0) {
		struct str spec = str_trim(str_cut(&value, ','));
		struct http_range r;

		if (spec.len == 0)
			continue;
		specs++;
		if (parse_spec(spec, length, &r) == -1 ||
		    (r.length > 0 && add_range(out, r) == -1))
			return HTTP_RANGE_IGNORED;
	}
	if (specs == 0)
		return HTTP_RANGE_IGNORED;
	return out->n > 0 ? HTTP_RANGE_SATISFIABLE : HTTP_RANGE_UNSATISFIABLE;
}
