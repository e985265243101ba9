#include "base/str.h"

#include "tests/run.h"

static const struct {
	struct str a, b;
	bool eq, eq_nocase;
} pairs[] = {
	{ STR(""), STR(""), true, true },
	{ { NULL, 0 }, STR(""), true, true },
	{ STR(""), { NULL, 0 }, true, true },
	{ { NULL, 0 }, { NULL, 0 }, true, true },
	{ STR("a"), STR(""), false, false },
	{ STR("Host"), STR("Host"), true, true },
	{ STR("Host"), STR("hOST"), false, true },
	{ STR("Host"), STR("Hos"), false, false },
	{ STR("Host"), STR("Hosts"), false, false },
	{ STR("[\\]^"), STR("{|}~"), false, false },
	{ STR("@`"), STR("`@"), false, false },
	{ STR("\xc4"), STR("\xe4"), false, false },
	{ STR("a\0b"), STR("a\0b"), true, true },
};

START_TEST(equal)
{
	ck_assert(str_eq(pairs[_i].a, pairs[_i].b) == pairs[_i].eq);
	ck_assert(
	    str_eq_nocase(pairs[_i].a, pairs[_i].b) == pairs[_i].eq_nocase);
}
END_TEST

static const struct {
	struct str in, out;
} trims[] = {
	{ { NULL, 0 }, STR("") },
	{ STR(""), STR("") },
	{ STR(" "), STR("") },
	{ STR(" \t \t"), STR("") },
	{ STR("a"), STR("a") },
	{ STR(" a b\t"), STR("a b") },
	{ STR("\ta"), STR("a") },
	{ STR("a "), STR("a") },
	{ STR("\r\na\r\n"), STR("\r\na\r\n") },
	{ STR("\va\f"), STR("\va\f") },
	{ STR(" \0 "), STR("\0") },
};

START_TEST(trim)
{
	ck_assert_msg(str_eq(str_trim(trims[_i].in), trims[_i].out), "'%.*s'",
	    (int)trims[_i].in.len, trims[_i].in.p);
}
END_TEST

static const struct {
	struct str in, part, rest;
} cuts[] = {
	{ { NULL, 0 }, STR(""), STR("") },
	{ STR(""), STR(""), STR("") },
	{ STR("a"), STR("a"), STR("") },
	{ STR("a,"), STR("a"), STR("") },
	{ STR(",a"), STR(""), STR("a") },
	{ STR("a,b,c"), STR("a"), STR("b,c") },
	{ STR(",,"), STR(""), STR(",") },
	{ STR("a\0b,c"), STR("a\0b"), STR("c") },
};

START_TEST(cut)
{
	struct str rest = cuts[_i].in, part = str_cut(&rest, ',');

	ck_assert(str_eq(part, cuts[_i].part));
	ck_assert(str_eq(rest, cuts[_i].rest));
}
END_TEST

START_TEST(cut_ends)
{
	struct str rest = STR("one,two");
	const char *end = rest.p + rest.len;

	ck_assert(str_eq(str_cut(&rest, ','), STR("one")));
	ck_assert(str_eq(str_cut(&rest, ','), STR("two")));
	ck_assert_ptr_eq(rest.p, end);
	ck_assert(str_eq(str_cut(&rest, ','), STR("")));
	ck_assert_uint_eq(rest.len, 0);
}
END_TEST

START_TEST(of_c_string)
{
	ck_assert(str_eq(str_of("ab"), STR("ab")));
	ck_assert_uint_eq(str_of("").len, 0);
}
END_TEST

static const struct {
	struct str text;
	uint64_t max;
	uint64_t value;
	bool ok;
} numbers[] = {
	{ STR("0"), 0, 0, true },
	{ STR("1"), 0, 0, false },
	{ STR("7"), 7, 7, true },
	{ STR("8"), 7, 0, false },
	{ STR("65535"), 65535, 65535, true },
	{ STR("65536"), 65535, 0, false },
	{ STR("99999"), 65535, 0, false },
	{ STR("007"), 7, 7, true },
	{ STR("0000000000000000000000001"), 1, 1, true },
	{ STR("9223372036854775807"), INT64_MAX, INT64_MAX, true },
	{ STR("9223372036854775808"), INT64_MAX, 0, false },
	{ STR("18446744073709551615"), UINT64_MAX, UINT64_MAX, true },
	{ STR("18446744073709551616"), UINT64_MAX, 0, false },
	{ STR("18446744073709551620"), UINT64_MAX, 0, false },
	{ STR("99999999999999999999"), UINT64_MAX, 0, false },
	{ STR("184467440737095516150"), UINT64_MAX, 0, false },
	{ { NULL, 0 }, UINT64_MAX, 0, false },
	{ STR(""), UINT64_MAX, 0, false },
	{ STR("+1"), UINT64_MAX, 0, false },
	{ STR("-1"), UINT64_MAX, 0, false },
	{ STR(" 1"), UINT64_MAX, 0, false },
	{ STR("1 "), UINT64_MAX, 0, false },
	{ STR("0x1"), UINT64_MAX, 0, false },
	{ STR("1e1"), UINT64_MAX, 0, false },
	{ STR("1\0"), UINT64_MAX, 0, false },
	{ STR("\xb2"), UINT64_MAX, 0, false },
	{ STR("/"), UINT64_MAX, 0, false },
	{ STR(":"), UINT64_MAX, 0, false },
};

START_TEST(number)
{
	const uint64_t before = 4711;
	uint64_t value = before;
	int result = str_to_u64(numbers[_i].text, numbers[_i].max, &value);

	ck_assert_msg(result == (numbers[_i].ok ? 0 : -1), "'%.*s'",
	    (int)numbers[_i].text.len, numbers[_i].text.p);
	ck_assert_uint_eq(value, numbers[_i].ok ? numbers[_i].value : before);
}
END_TEST

START_TEST(hex)
{
	static const char lower[] = "0123456789abcdef",
			  upper[] = "0123456789ABCDEF";
	int known = 0;

	for (int i = 0; i < 16; i++) {
		ck_assert_int_eq(hex_value(lower[i]), i);
		ck_assert_int_eq(hex_value(upper[i]), i);
	}
	for (int c = 0; c < 256; c++)
		known += hex_value((char)c) != -1;
	ck_assert_int_eq(known, 22);
}
END_TEST

START_TEST(count)
{
	ck_assert_uint_eq(str_count(STR(""), 'a'), 0);
	ck_assert_uint_eq(str_count(STR("abca"), 'a'), 2);
	ck_assert_uint_eq(str_count(STR("abca"), 'd'), 0);
}
END_TEST

START_TEST(hex_digits)
{
	for (unsigned i = 0; i < 32; i++)
		ck_assert_int_eq(hex_value(hex_digit(i)), (int)(i % 16));
	ck_assert_int_eq(hex_digit(10), 'A');
}
END_TEST

START_TEST(control_characters)
{
	int known = 0;

	for (int c = 0; c < 256; c++)
		known += ascii_is_control((char)c);
	ck_assert_int_eq(known, 33);
	ck_assert(ascii_is_control('\0') && ascii_is_control('\x1f') &&
	    ascii_is_control('\x7f'));
	ck_assert(!str_has_control(STR("")));
	ck_assert(!str_has_control(STR(" ~\x80\xff")));
	ck_assert(str_has_control(STR("a\0b")));
	ck_assert(str_has_control(STR("\tb")));
	ck_assert(str_has_control(STR("ab\x7f")));
}
END_TEST

static Suite *
str_suite(void)
{
	Suite *suite = suite_create("str");
	TCase *tc = tcase_create("str");

	tcase_add_loop_test(tc, equal, 0, CASES(pairs));
	tcase_add_loop_test(tc, trim, 0, CASES(trims));
	tcase_add_loop_test(tc, cut, 0, CASES(cuts));
	tcase_add_test(tc, cut_ends);
	tcase_add_test(tc, of_c_string);
	tcase_add_loop_test(tc, number, 0, CASES(numbers));
	tcase_add_test(tc, hex);
	tcase_add_test(tc, count);
	tcase_add_test(tc, hex_digits);
	tcase_add_test(tc, control_characters);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(str_suite());
}
