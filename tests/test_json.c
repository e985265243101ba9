#include "base/json.h"

#include "base/text.h"
#include "tests/feed.h"
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

/* An object's member `a`: its text, or what else it is. */
static const struct {
	struct str in;
	const char *a; /* NULL: malformed */
	size_t len;    /* unless it ends with the first NUL */
} objects[] = {
	{ STR("{\"a\":\"b\"}"), "b", 0 },
	{ STR(" \t\r\n{ \"a\" :\n\"b\" , \"c\":\"d\" } \n"), "b", 0 },
	{ STR("{\"c\":\"d\",\"a\":\"b\"}"), "b", 0 },
	{ STR("{\"a\":\"b\",\"a\":\"c\"}"), "c", 0 },
	{ STR("{\"\\u0061\":\"b\"}"), "b", 0 },
	{ STR("{\"a\":\"\"}"), "", 0 },
	{ STR("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"), "\"\\/\b\f\n\r\t", 0 },
	{ STR("{\"a\":\"\\u0041\\u00dF\\u20ac\"}"), "A\xc3\x9f\xe2\x82\xac",
	    0 },
	{ STR("{\"a\":\"\\uD83D\\uDE00\"}"), "\xf0\x9f\x98\x80", 0 },
	{ STR("{\"a\":\"\\udbff\\udfff\"}"), "\xf4\x8f\xbf\xbf", 0 },
	{ STR("{\"a\":\"\\uD83D\"}"), R, 0 },
	{ STR("{\"a\":\"\\uD83D\\u0041\"}"), R "A", 0 },
	{ STR("{\"a\":\"\\uD83D\\uD83D\\uDE00\"}"), R "\xf0\x9f\x98\x80", 0 },
	{ STR("{\"a\":\"\\uDE00x\"}"), R "x", 0 },
	{ STR("{\"a\":\"\\u0000\"}"), "\0", 1 },
	{ STR("{\"a\":\"\xff\x7f\"}"), "\xff\x7f", 0 },
	{ STR("{}"), "absent", 0 },
	{ STR("{ }"), "absent", 0 },
	{ STR("{\"b\":[]}"), "absent", 0 },
	{ STR("{\"A\":\"b\"}"), "absent", 0 },
	{ STR("{\"b\":{\"a\":\"c\"}}"), "absent", 0 },
	{ STR("{\"b\":[1,-0,2.5e+3,1E-1,\"x\",null,[ ],{ },true,false]}"),
	    "absent", 0 },
	{ STR("{\"a\":1}"), "other", 0 },
	{ STR("{\"a\":null}"), "other", 0 },
	{ STR("{\"a\":[\"b\"]}"), "other", 0 },
	{ STR("{\"a\":{\"a\":\"b\"}}"), "other", 0 },
	{ STR(""), NULL, 0 },
	{ STR("[]"), NULL, 0 },
	{ STR("\"a\""), NULL, 0 },
	{ STR("null"), NULL, 0 },
	{ STR("{"), NULL, 0 },
	{ STR("{\"a\""), NULL, 0 },
	{ STR("{\"a\":"), NULL, 0 },
	{ STR("{\"a\":}"), NULL, 0 },
	{ STR("{\"a\":\"b\""), NULL, 0 },
	{ STR("{\"a\":\"b}"), NULL, 0 },
	{ STR("{\"a\":\"b\",}"), NULL, 0 },
	{ STR("{,}"), NULL, 0 },
	{ STR("{\"a\" \"b\"}"), NULL, 0 },
	{ STR("{\"a\":\"b\" \"c\":\"d\"}"), NULL, 0 },
	{ STR("{\"a\":\"b\"}}"), NULL, 0 },
	{ STR("{\"a\":\"b\"} x"), NULL, 0 },
	{ STR("{\"a\":\"b\"}\0"), NULL, 0 },
	{ STR("\xef\xbb\xbf{\"a\":\"b\"}"), NULL, 0 },
	{ STR("{a:\"b\"}"), NULL, 0 },
	{ STR("{1:\"b\"}"), NULL, 0 },
	{ STR("{'a':'b'}"), NULL, 0 },
	{ STR("{\"a\":\"\n\"}"), NULL, 0 },
	{ STR("{\"a\":\"\0\"}"), NULL, 0 },
	{ STR("{\"a\":\"\\x\"}"), NULL, 0 },
	{ STR("{\"a\":\"\\\"}"), NULL, 0 },
	{ STR("{\"a\":\"\\u12\"}"), NULL, 0 },
	{ STR("{\"a\":\"\\u12g4\"}"), NULL, 0 },
	{ STR("{\"a\":\"\\U0041\"}"), NULL, 0 },
	{ STR("{\"a\":01}"), NULL, 0 },
	{ STR("{\"a\":-}"), NULL, 0 },
	{ STR("{\"a\":+1}"), NULL, 0 },
	{ STR("{\"a\":1.}"), NULL, 0 },
	{ STR("{\"a\":.1}"), NULL, 0 },
	{ STR("{\"a\":1e}"), NULL, 0 },
	{ STR("{\"a\":NaN}"), NULL, 0 },
	{ STR("{\"a\":True}"), NULL, 0 },
	{ STR("{\"a\":nul}"), NULL, 0 },
	{ STR("{\"b\":[1,]}"), NULL, 0 },
	{ STR("{\"b\":[1 2]}"), NULL, 0 },
	{ STR("{\"b\":[1}"), NULL, 0 },
	{ STR("{\"b\":{\"c\"}}"), NULL, 0 },
	{ STR("{\"b\":{1:2}}"), NULL, 0 },
	{ STR("{/**/\"a\":\"b\"}"), NULL, 0 },
};

START_TEST(object)
{
	struct json_member a = { .name = STR("a") };
	const char *expected = objects[_i].a;
	struct guard *g = guard_new(objects[_i].in.len);
	struct str in = { guard_copy(g, objects[_i].in.p, objects[_i].in.len),
		objects[_i].in.len };
	int result = json_read(in, &a, 1);
	struct str got = { buf_data(&a.value), buf_len(&a.value) };

	if (result == 0 && !a.is_there)
		got = STR("absent");
	else if (result == 0 && !a.is_string)
		got = STR("other");
	ck_assert_msg(
	    result == (expected != NULL ? 0 : -1), "%.*s", (int)in.len, in.p);
	if (expected != NULL)
		ck_assert_msg(str_eq(got,
				  objects[_i].len > 0 ? (struct str){ expected,
							    objects[_i].len }
						      : str_of(expected)),
		    "%.*s: %.*s", (int)in.len, in.p, (int)got.len, got.p);
	buf_free(&a.value);
	guard_free(g);
}
END_TEST

/* Objects and arrays in each other, as deep as is allowed and one deeper. */
START_TEST(nested)
{
	struct json_member none = { .name = STR("none") };

	for (int depth = 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
		struct buf b = { 0 };

		for (int i = 0; i < depth; i++)
			buf_add_str(&b, STR("{\"a\":"));
		buf_add_str(&b, STR("1"));
		for (int i = 0; i < depth; i++)
			buf_add_str(&b, STR("}"));
		ck_assert_int_eq(
		    json_read(
			(struct str){ buf_data(&b), buf_len(&b) }, &none, 1),
		    depth <= JSON_DEPTH_MAX ? 0 : -1);
		buf_free(&b);
	}
}
END_TEST

/* What is written is read again, whatever it was. */
START_TEST(written)
{
	struct json_member a = { .name = STR("a") };
	struct buf b = { 0 };

	for (unsigned code = 0; code < 256; code++) {
		char bytes[2] = { (char)code, 'x' };
		char clean[8];
		struct str in = { bytes, 2 };

		buf_drain(&b, buf_len(&b));
		buf_add_str(&b, STR("{\"a\":"));
		json_string(&b, in);
		buf_add_str(&b, STR("}"));
		ck_assert_int_eq(
		    json_read((struct str){ buf_data(&b), buf_len(&b) }, &a, 1),
		    0);
		text_clean(clean, sizeof(clean), in, NULL);
		ck_assert(str_eq(
		    (struct str){ buf_data(&a.value), buf_len(&a.value) },
		    str_of(clean)));
	}
	buf_free(&a.value);
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
	tcase_add_loop_test(tc, object, 0, CASES(objects));
	tcase_add_test(tc, nested);
	tcase_add_test(tc, written);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(json_suite());
}
