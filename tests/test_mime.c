#include "http/mime.h"

#include "tests/run.h"

#define UTF8  "; charset=utf-8"
#define OTHER STR("application/octet-stream")

static const struct {
	struct str name, type;
} names[] = {
	{ STR("index.html"), STR("text/html" UTF8) },
	{ STR("a/b/INDEX.HTML"), STR("text/html" UTF8) },
	{ STR("a.htm"), STR("text/html" UTF8) },
	{ STR("a.css"), STR("text/css" UTF8) },
	{ STR("a.js"), STR("text/javascript" UTF8) },
	{ STR("a.min.js"), STR("text/javascript" UTF8) },
	{ STR("a.json"), STR("application/json") },
	{ STR("a.txt"), STR("text/plain" UTF8) },
	{ STR("a.c"), STR("text/plain" UTF8) },
	{ STR("a.svg"), STR("image/svg+xml") },
	{ STR("a.png"), STR("image/png") },
	{ STR("a.Jpg"), STR("image/jpeg") },
	{ STR("a.jpeg"), STR("image/jpeg") },
	{ STR("a.woff2"), STR("font/woff2") },
	{ STR("a.tar.gz"), STR("application/gzip") },
	{ STR("a.html.gz"), STR("application/gzip") },
	{ STR("a.pdf"), STR("application/pdf") },
	{ STR(""), OTHER },
	{ STR("html"), OTHER },
	{ STR("README"), OTHER },
	{ STR("a."), OTHER },
	{ STR("a.html."), OTHER },
	{ STR("a.htmlx"), OTHER },
	{ STR("a.xhtml5"), OTHER },
	{ STR("a.html/b"), OTHER },
	{ STR("a.html/"), OTHER },
	{ STR("a.ht\0ml"), OTHER },
};

START_TEST(type)
{
	ck_assert_msg(str_eq(mime_type(names[_i].name), names[_i].type),
	    "'%.*s'", (int)names[_i].name.len, names[_i].name.p);
}
END_TEST

static Suite *
mime_suite(void)
{
	Suite *suite = suite_create("mime");
	TCase *tc = tcase_create("mime");

	tcase_add_loop_test(tc, type, 0, CASES(names));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(mime_suite());
}
