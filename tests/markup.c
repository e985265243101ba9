#include "tests/markup.h"

#include <stdbool.h>
#include <string.h>

#include "tests/run.h"

#define DEPTH_MAX 32 /* of elements */

static const char *
skip_reference(const char *p)
{
	static const char *const references[] = { "&amp;", "&lt;", "&gt;",
		"&quot;", "&#39;" };

	for (int i = 0; i < CASES(references); i++) {
		size_t len = strlen(references[i]);

		if (strncmp(p, references[i], len) == 0)
			return p + len;
	}
	ck_abort_msg("'%.20s'", p);
	return p;
}

/* From within a tag to past its end. */
static const char *
skip_tag(const char *p)
{
	bool is_quoted = false;

	while (*p != '>' || is_quoted) {
		ck_assert_msg(*p != '\0' && *p != '<', "'%.20s'", p);
		if (*p == '&') {
			p = skip_reference(p);
			continue;
		}
		if (*p == '=' && !is_quoted)
			ck_assert_int_eq(p[1], '"');
		is_quoted ^= *p++ == '"';
	}
	return p + 1;
}

static bool
is_void(const char *name)
{
	return strncmp(name, "!DOCTYPE", 8) == 0 ||
	    strncmp(name, "meta", 4) == 0;
}

static const char *
check_text(const char *p, bool is_style)
{
	while (*p != '\0' && *p != '<')
		p = *p == '&' && !is_style ? skip_reference(p) : p + 1;
	return p;
}

void
check_html(const char *p)
{
	const char *open[DEPTH_MAX];
	size_t depth = 0;

	ck_assert_mem_eq(p, "<!DOCTYPE html>\n<html lang=\"en\">", 32);
	while (*p == '<') {
		const char *name = p + 1;
		size_t len = strcspn(name, " >");
		bool is_style = strncmp(name, "style", len) == 0;

		if (name[0] == '/') {
			ck_assert_uint_gt(depth, 0);
			depth--;
			ck_assert_msg(
			    strncmp(open[depth], name + 1, len - 1) == 0,
			    "'%.20s' closes '%.20s'", p, open[depth]);
		} else if (!is_void(name)) {
			ck_assert_uint_lt(depth, DEPTH_MAX);
			open[depth++] = name;
		}
		p = check_text(skip_tag(name + len), is_style);
	}
	ck_assert_int_eq(*p, '\0');
	ck_assert_uint_eq(depth, 0);
}
