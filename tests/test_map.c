#include "base/map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/run.h"

#define KEYS 3000

static struct map *map;

static void
setup(void)
{
	map = map_new();
	ck_assert_ptr_nonnull(map);
}

static void
teardown(void)
{
	map_free(map);
}

START_TEST(empty)
{
	ck_assert_uint_eq(map_count(map), 0);
	ck_assert_ptr_null(map_get(map, "a", 1));
	ck_assert_ptr_null(map_del(map, "a", 1));
	map_free(NULL);
}
END_TEST

START_TEST(put_get_replace_delete)
{
	int one, two;

	ck_assert_int_eq(map_put(map, "a", 1, &one), 0);
	ck_assert_ptr_eq(map_get(map, "a", 1), &one);
	ck_assert_int_eq(map_put(map, "a", 1, &two), 0);
	ck_assert_ptr_eq(map_get(map, "a", 1), &two);
	ck_assert_uint_eq(map_count(map), 1);
	ck_assert_ptr_eq(map_del(map, "a", 1), &two);
	ck_assert_ptr_null(map_get(map, "a", 1));
	ck_assert_uint_eq(map_count(map), 0);
}
END_TEST

/* Keys that differ only in length, case, or after a NUL. */
START_TEST(keys_are_bytes)
{
	static const struct {
		const char *key;
		size_t len;
	} keys[] = { { NULL, 0 }, { "\0", 1 }, { "\0\0", 2 }, { "a", 1 },
		{ "A", 1 }, { "ab", 2 }, { "a\0b", 3 }, { "a\0c", 3 } };

	for (int i = 0; i < CASES(keys); i++)
		ck_assert_int_eq(
		    map_put(map, keys[i].key, keys[i].len, (void *)&keys[i]),
		    0);
	ck_assert_uint_eq(map_count(map), CASES(keys));
	for (int i = 0; i < CASES(keys); i++)
		ck_assert_ptr_eq(
		    map_get(map, keys[i].key, keys[i].len), &keys[i]);
	ck_assert_ptr_eq(map_get(map, "", 0), &keys[0]);
}
END_TEST

START_TEST(key_is_copied)
{
	char key[] = "nick";

	ck_assert_int_eq(map_put(map, key, 4, map), 0);
	memset(key, 'x', sizeof(key));
	ck_assert_ptr_eq(map_get(map, "nick", 4), map);
	ck_assert_ptr_null(map_get(map, "xxxx", 4));
}
END_TEST

/* Against an array that says which of the keys 0 to KEYS - 1 are in. */
START_TEST(many_keys)
{
	static bool is_in[KEYS];
	static int values[KEYS];
	unsigned seed = 1;
	size_t count = 0;

	for (int step = 0; step < 20 * KEYS; step++) {
		int k = rand_r(&seed) % KEYS;
		void *want = is_in[k] ? &values[k] : NULL;

		/* First it grows, then it shrinks. */
		if (rand_r(&seed) % 4 < (step < 10 * KEYS ? 3 : 1)) {
			ck_assert_int_eq(
			    map_put(map, &k, sizeof(k), &values[k]), 0);
			count += !is_in[k];
			is_in[k] = true;
		} else {
			ck_assert_ptr_eq(map_del(map, &k, sizeof(k)), want);
			count -= is_in[k];
			is_in[k] = false;
		}
		ck_assert_uint_eq(map_count(map), count);
	}
	for (int k = 0; k < KEYS; k++)
		ck_assert_ptr_eq(
		    map_get(map, &k, sizeof(k)), is_in[k] ? &values[k] : NULL);
}
END_TEST

static Suite *
map_suite(void)
{
	Suite *suite = suite_create("map");
	TCase *tc = tcase_create("map");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, empty);
	tcase_add_test(tc, put_get_replace_delete);
	tcase_add_test(tc, keys_are_bytes);
	tcase_add_test(tc, key_is_copied);
	tcase_add_test(tc, many_keys);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(map_suite());
}
