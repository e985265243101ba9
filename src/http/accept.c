/*
 * Of all elements that match, the most specific one decides, and of those
 * that are equally specific the first.
 */
#include "http/accept.h"

#include <stdbool.h>

/* How closely an element of the list says what is wanted; 0: not at all. */
typedef unsigned specificity(struct str element, struct str wanted);

/* str_cut() at a sep that does not stand in a quoted string (5.6.4). */
static struct str
cut_unquoted(struct str *rest, char sep)
{
	struct str part = { rest->p, 0 };
	bool quoted = false;

	while (part.len < rest->len && (quoted || rest->p[part.len] != sep)) {
		char c = rest->p[part.len++];

		if (c == '"')
			quoted = !quoted;
		else if (c == '\\' && quoted && part.len < rest->len)
			part.len++;
	}
	rest->p += part.len;
	rest->len -= part.len;
	if (rest->len > 0) {
		rest->p++;
		rest->len--;
	}
	return part;
}

/* qvalue (12.4.2): 0 to 1 with at most three digits behind the point. */
static int
parse_quality(struct str s, unsigned *out)
{
	static const unsigned scale[] = { 1000, 100, 10, 1 };
	struct str whole = str_cut(&s, '.');
	uint64_t units, thousandths = 0;

	if (whole.len != 1 || str_to_u64(whole, 1, &units) == -1 || s.len > 3 ||
	    (s.len > 0 && str_to_u64(s, 999, &thousandths) == -1))
		return -1;
	*out = (unsigned)(units * 1000 + thousandths * scale[s.len]);
	return *out <= HTTP_QUALITY_MAX ? 0 : -1;
}

/* The weight among an element's parameters; without one it is the greatest. */
static int
parse_weight(struct str parameters, unsigned *out)
{
	*out = HTTP_QUALITY_MAX;
	while (parameters.len > 0) {
		struct str value = str_trim(cut_unquoted(&parameters, ';'));
		struct str name = str_trim(str_cut(&value, '='));

		if (str_eq_nocase(name, STR("q")) &&
		    parse_quality(value, out) == -1)
			return -1;
	}
	return 0;
}

/* Goes through one field; *best and *weight are of all fields so far. */
static void
weigh_field(struct str list, struct str wanted, specificity *match,
    unsigned *best, unsigned *weight)
{
	while (list.len > 0) {
		struct str rest = cut_unquoted(&list, ',');
		struct str element = str_trim(cut_unquoted(&rest, ';'));
		unsigned matched = match(element, wanted), q;

		if (matched > *best && parse_weight(rest, &q) == 0) {
			*best = matched;
			*weight = q;
		}
	}
}

/* In all fields of that name, which are one list (5.3). */
static unsigned
weigh(const struct http_request *req, struct str name, struct str wanted,
    specificity *match)
{
	unsigned best = 0, weight = 0;

	for (size_t i = 0; i < req->nfields; i++) {
		const struct http_field *f = &req->fields[i];

		if (str_eq_nocase(f->name, name))
			weigh_field(f->value, wanted, match, &best, &weight);
	}
	return weight;
}

/* RFC 9110, 8.4.1.3: x-gzip is an old name of gzip. */
static struct str
coding_name(struct str coding)
{
	return str_eq_nocase(coding, STR("x-gzip")) ? STR("gzip") : coding;
}

static unsigned
match_coding(struct str element, struct str coding)
{
	if (str_eq_nocase(coding_name(element), coding_name(coding)))
		return 2;
	return str_eq(element, STR("*"));
}

static unsigned
match_type(struct str range, struct str type)
{
	struct str subtype = type;
	struct str range_subtype = range;
	struct str main_type = str_cut(&subtype, '/');
	struct str range_main_type = str_cut(&range_subtype, '/');

	if (str_eq_nocase(range, type))
		return 3;
	if (!str_eq(range_subtype, STR("*")))
		return 0;
	if (str_eq_nocase(range_main_type, main_type))
		return 2;
	return str_eq(range_main_type, STR("*"));
}

unsigned
http_accept_coding(const struct http_request *req, struct str coding)
{
	if ((req->noted & HTTP_NOTED_ACCEPT_ENCODING) == 0)
		return 0;
	return weigh(req, STR("Accept-Encoding"), coding, match_coding);
}

unsigned
http_accept_type(const struct http_request *req, struct str type)
{
	struct str name = STR("Accept");

	if (http_field_find(req, name) == NULL)
		return HTTP_QUALITY_MAX;
	return weigh(req, name, type, match_type);
}
