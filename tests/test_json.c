#include "base/json.h"

#include "tests/run.h"

#define R "\xef\xbf\xbd" /* the replacement, U+FFFD */

static const struct {
	struct str in, out;
} strings[] = {
	{ { NULL, 0 }, STR("\"\"") },
	{ STR(""), STR("\"\"") },
	{ STR("hello there!"), STR("\"hello there!\"") },
	{ STR("a\"b\\c/d"), STR("\"a\\\"b\\\\c/d\"") },
	{ STR("\"\""), STR("\"\\\"\\\"\"") },
	{ STR("a\tb"), STR("\"a\\tb\"") },
	{ STR("</script><!--"), STR("\"\\u003c/script\\u003e\\u003c!--\"") },
	{ STR("a&b"), STR("\"a\\u0026b\"") },
	{ STR("one\r\n"), STR("\"one" R R "\"") },
	{ STR("a\0b"), STR("\"a" R "b\"") },
	{ STR("\x7f"), STR("\"" R "\"") },
	{ STR("\x1b[2J"), STR("\"" R "[2J\"") },
	{ STR("Gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"),
	    STR("\"Gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"") },
	{ STR("\xe2\x80\xa8\xe2\x80\xa9"), STR("\"" R R "\"") },
	{ STR("\xe2\x80\xaegpj"), STR("\"" R "gpj\"") },
	{ STR("caf\xe9"), STR("\"caf" R "\"") },
	{ STR("\xe2\x82"), STR("\"" R "\"") },
	{ STR("\xc3\""), STR("\"" R "\\\"\"") },
};

START_TEST(string)
{
	struct buf b = { 0 };

	json_string(&b, strings[_i].in);
	ck_assert(!buf_failed(&b));
	ck_assert_msg(
	    str_eq((struct str){ buf_data(&b), buf_len(&b) }, strings[_i].out),
	    "%.*s", (int)buf_len(&b), buf_data(&b));
	buf_free(&b);
}
END_TEST

/* No length is too long. */
START_TEST(long_string)
{
	static char text[100000];
	struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "\xc3\xa4\"x"[i % 4];
	json_string(&b, (struct str){ text, sizeof(text) });
	ck_assert_uint_eq(buf_len(&b), sizeof(text) / 4 * 5 + 2);
	ck_assert_mem_eq(buf_data(&b), "\"\xc3\xa4\\\"x\xc3", 7);
	ck_assert_mem_eq(buf_data(&b) + buf_len(&b) - 4, "\\\"x\"", 4);
	buf_free(&b);
}
END_TEST

static Suite *
json_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *tc = tcase_create("json");

	tcase_add_loop_test(tc, string, 0, CASES(strings));
	tcase_add_test(tc, long_string);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(json_suite());
}
