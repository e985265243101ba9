#include "base/tally.h"

#include "tests/run.h"

static struct addr
addr_of(const char *ip)
{
	struct addr a = { .port = 0 };

	ck_assert_int_eq(addr_parse_ip(str_of(ip), a.ip), 0);
	return a;
}

static const struct {
	const char *one, *other;
	bool is_same;
} pairs[] = {
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "2001:db8::1", "2001:db8::ffff:1", true },
	{ "2001:db8::1", "2001:db8:0:1::1", false },
	{ "::1", "0.0.0.1", false },
};

START_TEST(networks)
{
	struct tally *t = tally_new();
	struct addr one = addr_of(pairs[_i].one);
	struct addr other = addr_of(pairs[_i].other);

	ck_assert_ptr_nonnull(t);
	ck_assert_int_eq(tally_add(t, &one), 0);
	ck_assert_uint_eq(tally_get(t, &other), pairs[_i].is_same);
	tally_free(t);
}
END_TEST

START_TEST(up_and_down)
{
	struct tally *t = tally_new();
	struct addr a = addr_of("192.0.2.1"), b = addr_of("192.0.2.2");

	ck_assert_ptr_nonnull(t);
	for (size_t i = 1; i <= 3; i++) {
		ck_assert_int_eq(tally_add(t, &a), 0);
		ck_assert_uint_eq(tally_get(t, &a), i);
	}
	for (size_t i = 3; i-- > 0;) {
		tally_drop(t, &a);
		ck_assert_uint_eq(tally_get(t, &a), i);
	}
	tally_drop(t, &b);
	ck_assert_uint_eq(tally_get(t, &b), 0);
	tally_free(t);
}
END_TEST

static Suite *
tally_suite(void)
{
	Suite *s = suite_create("tally");
	TCase *tc = tcase_create("tally");

	tcase_add_loop_test(tc, networks, 0, CASES(pairs));
	tcase_add_test(tc, up_and_down);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(tally_suite());
}
