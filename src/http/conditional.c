#include "http/conditional.h"

#include "http/date.h"

/* What a list of entity tags says of the representation. */
enum naming {
	ABSENT, /* nothing: there is no such field */
	MALFORMED,
	NAMED,
	NOT_NAMED
};

typedef bool comparison(struct str tag, struct str etag);

static bool
is_weak(struct str tag)
{
	return tag.len > 0 && tag.p[0] == 'W';
}

/* 8.8.3.2; tag is never empty, so that it equals no etag that is. */
static bool
equals_strongly(struct str tag, struct str etag)
{
	return !is_weak(tag) && str_eq(tag, etag);
}

static struct str
opaque_tag(struct str tag)
{
	return is_weak(tag) ? (struct str){ tag.p + 2, tag.len - 2 } : tag;
}

static bool
equals_weakly(struct str tag, struct str etag)
{
	return str_eq(opaque_tag(tag), opaque_tag(etag));
}

/* etagc (8.8.3), of what a field value can hold. */
static bool
is_tag_char(char c)
{
	return c != '"' && c != ' ' && c != '\t';
}

/* Cuts the entity-tag off that *rest begins with.  Returns 0, or -1. */
static int
cut_tag(struct str *rest, struct str *tag)
{
	bool weak = rest->len >= 2 && rest->p[0] == 'W' && rest->p[1] == '/';
	size_t at = weak ? 2 : 0;

	if (at == rest->len || rest->p[at++] != '"')
		return -1;
	while (at < rest->len && is_tag_char(rest->p[at]))
		at++;
	if (at == rest->len || rest->p[at++] != '"')
		return -1;
	*tag = (struct str){ rest->p, at };
	*rest = (struct str){ rest->p + at, rest->len - at };
	return 0;
}

/* Goes to the next element of a list that is not empty (5.6.1.2). */
static bool
find_element(struct str *list)
{
	*list = str_trim(*list);
	while (list->len > 0 && list->p[0] == ',') {
		str_cut(list, ',');
		*list = str_trim(*list);
	}
	return list->len > 0;
}

/* Whether the list of one field names etag. */
static enum naming
list_names(struct str list, struct str etag, comparison *equals)
{
	struct str tag;

	if (str_eq(list, STR("*")))
		return NAMED;
	while (find_element(&list)) {
		if (cut_tag(&list, &tag) == -1 ||
		    str_trim(str_cut(&list, ',')).len > 0)
			return MALFORMED;
		if (equals(tag, etag))
			return NAMED;
	}
	return NOT_NAMED;
}

/* The same of all fields of that name, which are one list (5.3). */
static enum naming
fields_name(const struct http_request *req, struct str name, struct str etag,
    comparison *equals)
{
	enum naming naming = ABSENT;

	for (size_t i = 0; i < req->nfields; i++) {
		const struct http_field *f = &req->fields[i];

		if (!str_eq_nocase(f->name, name))
			continue;
		naming = list_names(f->value, etag, equals);
		if (naming != NOT_NAMED)
			break;
	}
	return naming;
}

/* The field of that name, or NULL where there is none or more than one. */
static const struct http_field *
only_field(const struct http_request *req, struct str name)
{
	const struct http_field *only = http_field_find(req, name);

	for (size_t i = 0; i < req->nfields; i++) {
		const struct http_field *f = &req->fields[i];

		if (f != only && str_eq_nocase(f->name, name))
			return NULL;
	}
	return only;
}

/* Whether there is a date in the field, and one to compare it with. */
static bool
has_date(const struct http_request *req, struct str name,
    const struct http_validators *v, int64_t now, int64_t *date)
{
	const struct http_field *f = only_field(req, name);

	return f != NULL && v->modified >= 0 &&
	    http_date_parse(f->value, now, date) == 0;
}

/* Steps 1 and 2 of 13.2.2. */
static int
check_is_same(const struct http_request *req, const struct http_validators *v,
    int64_t now)
{
	int64_t date;

	switch (fields_name(req, STR("If-Match"), v->etag, equals_strongly)) {
	case NAMED:
		return 0;
	case NOT_NAMED:
	case MALFORMED:
		return 412;
	case ABSENT:
		break;
	}
	if (has_date(req, STR("If-Unmodified-Since"), v, now, &date) &&
	    v->modified > date)
		return 412;
	return 0;
}

/* Steps 3 and 4. */
static int
check_is_other(const struct http_request *req, const struct http_validators *v,
    int64_t now)
{
	bool reads = req->method == HTTP_GET || req->method == HTTP_HEAD;
	int64_t date;

	switch (
	    fields_name(req, STR("If-None-Match"), v->etag, equals_weakly)) {
	case NAMED:
		return reads ? 304 : 412;
	case NOT_NAMED:
		return 0;
	case MALFORMED:
	case ABSENT:
		break;
	}
	if (reads && has_date(req, STR("If-Modified-Since"), v, now, &date) &&
	    v->modified <= date)
		return 304;
	return 0;
}

/* 13.2.1: these neither select a representation nor change one. */
static bool
is_unconditional(enum http_method method)
{
	return method == HTTP_CONNECT || method == HTTP_OPTIONS ||
	    method == HTTP_TRACE;
}

int
http_conditional(const struct http_request *req,
    const struct http_validators *v, int64_t now)
{
	int status;

	if ((req->noted & HTTP_NOTED_CONDITION) == 0 ||
	    is_unconditional(req->method))
		return 0;
	status = check_is_same(req, v, now);
	return status != 0 ? status : check_is_other(req, v, now);
}

bool
http_if_range(const struct http_request *req, const struct http_validators *v,
    int64_t now)
{
	struct str name = STR("If-Range");
	const struct http_field *f = only_field(req, name);
	struct str value, tag;
	int64_t date;

	if (f == NULL)
		return http_field_find(req, name) == NULL;
	value = f->value;
	if (cut_tag(&value, &tag) == 0)
		return value.len == 0 && equals_strongly(tag, v->etag);
	return has_date(req, name, v, now, &date) && date == v->modified &&
	    date < now;
}
