#include "base/html.h"

#include "tests/run.h"

#define R "\xef\xbf\xbd" /* the replacement, U+FFFD */

static const struct {
	struct str in, out;
} texts[] = {
	{ { NULL, 0 }, STR("") },
	{ STR(""), STR("") },
	{ STR("hello there!"), STR("hello there!") },
	{ STR("a\tb"), STR("a\tb") },
	{ STR("<b>"), STR("&lt;b&gt;") },
	{ STR("\" onclick='x'"), STR("&quot; onclick=&#39;x&#39;") },
	{ STR("&amp;"), STR("&amp;amp;") },
	{ STR("one\r\n"), STR("one" R R) },
	{ STR("a\0b"), STR("a" R "b") },
	{ STR("Gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"),
	    STR("Gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80") },
	{ STR("\xe2\x80\xaegpj"), STR(R "gpj") },
	{ STR("caf\xe9"), STR("caf" R) },
	{ STR("\xc3<"), STR(R "&lt;") },
};

START_TEST(text)
{
	struct buf b = { 0 };

	html_text(&b, texts[_i].in);
	ck_assert(!buf_failed(&b));
	ck_assert_msg(
	    str_eq((struct str){ buf_data(&b), buf_len(&b) }, texts[_i].out),
	    "%.*s", (int)buf_len(&b), buf_data(&b));
	buf_free(&b);
}
END_TEST

/* No length is too long. */
START_TEST(long_text)
{
	static char name[100000];
	struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = '&';
	html_text(&b, (struct str){ name, sizeof(name) });
	ck_assert_uint_eq(buf_len(&b), sizeof(name) * 5);
	ck_assert_mem_eq(buf_data(&b) + buf_len(&b) - 5, "&amp;", 5);
	buf_free(&b);
}
END_TEST

static Suite *
html_suite(void)
{
	Suite *suite = suite_create("html");
	TCase *tc = tcase_create("html");

	tcase_add_loop_test(tc, text, 0, CASES(texts));
	tcase_add_test(tc, long_text);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(html_suite());
}
