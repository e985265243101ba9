#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "tests/run.h"

static void
check_content(const struct buf *b, struct str want)
{
	ck_assert(!buf_failed(b));
	ck_assert(str_eq((struct str){ buf_data(b), buf_len(b) }, want));
}

START_TEST(empty)
{
	struct buf b = { 0 };

	check_content(&b, STR(""));
	buf_add(&b, NULL, 0);
	buf_add_str(&b, (struct str){ NULL, 0 });
	buf_drain(&b, 0);
	check_content(&b, STR(""));
	ck_assert_ptr_nonnull(buf_reserve(&b, 0));
	buf_free(&b);
	buf_init(&b);
	check_content(&b, STR(""));
	buf_free(&b);
	buf_free(&b);
}
END_TEST

START_TEST(add_and_drain)
{
	struct buf b = { 0 };

	buf_add(&b, "a\0b", 3);
	buf_add_str(&b, STR("cd"));
	check_content(&b, STR("a\0bcd"));
	buf_drain(&b, 2);
	check_content(&b, STR("bcd"));
	buf_add_u64(&b, 42);
	check_content(&b, STR("bcd42"));
	buf_drain(&b, 5);
	check_content(&b, STR(""));
	buf_add_str(&b, STR("again"));
	check_content(&b, STR("again"));
	buf_free(&b);
}
END_TEST

static const struct {
	uint64_t value;
	struct str text;
} numbers[] = {
	{ 0, STR("0") },
	{ 9, STR("9") },
	{ 10, STR("10") },
	{ 1000000, STR("1000000") },
	{ UINT64_MAX, STR("18446744073709551615") },
};

START_TEST(number)
{
	struct buf b = { 0 };

	buf_add_u64(&b, numbers[_i].value);
	check_content(&b, numbers[_i].text);
	buf_free(&b);
}
END_TEST

/* The NUL that vsnprintf writes must neither count nor need to fit. */
START_TEST(format)
{
	struct buf b = { 0 };

	buf_addf(&b, "%s", "");
	check_content(&b, STR(""));
	buf_addf(&b, "%d-%s", -7, "x");
	check_content(&b, STR("-7-x"));
	for (size_t len = 500; len < 1050; len++) {
		buf_drain(&b, buf_len(&b));
		buf_addf(&b, "%0*d", (int)len, 1);
		ck_assert_uint_eq(buf_len(&b), len);
		ck_assert_int_eq(buf_data(&b)[len - 1], '1');
	}
	buf_free(&b);
}
END_TEST

START_TEST(reserve_and_commit)
{
	struct buf b = { 0 };
	char *room = buf_reserve(&b, 600);

	ck_assert_ptr_nonnull(room);
	memset(room, 'x', 600);
	check_content(&b, STR(""));
	buf_commit(&b, 3);
	check_content(&b, STR("xxx"));
	ck_assert_ptr_nonnull(buf_reserve(&b, 0));
	check_content(&b, STR("xxx"));
	buf_free(&b);
}
END_TEST

/* What was drained makes room before memory is asked for. */
START_TEST(room_is_used_again)
{
	struct buf b = { 0 };
	char block[256];

	memset(block, 'y', sizeof(block));
	for (int i = 0; i < 1000; i++) {
		buf_add(&b, block, sizeof(block));
		buf_drain(&b, sizeof(block) - 1);
		if (buf_len(&b) > 128)
			buf_drain(&b, 128);
	}
	ck_assert_uint_le(b.cap, 1024);
	buf_free(&b);
}
END_TEST

START_TEST(failure_is_remembered)
{
	struct buf b = { 0 };

	buf_add_str(&b, STR("kept"));
	ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX));
	ck_assert(buf_failed(&b));
	buf_add_str(&b, STR("not"));
	buf_add_u64(&b, 1);
	buf_addf(&b, "%d", 1);
	ck_assert_ptr_null(buf_reserve(&b, 1));
	ck_assert_uint_eq(buf_len(&b), 4);
	ck_assert_mem_eq(buf_data(&b), "kept", 4);
	buf_free(&b);
	ck_assert(!buf_failed(&b));
}
END_TEST

/* Bytes count up from 0, so each one that is drained is known. */
START_TEST(any_order_of_calls)
{
	unsigned added = 0, drained = 0, wrong = 0, seed = (unsigned)_i;
	struct buf b = { 0 };

	for (int step = 0; step < 2000; step++) {
		unsigned char bytes[1500];
		size_t n = (size_t)rand_r(&seed) % sizeof(bytes);

		for (size_t i = 0; i < n; i++)
			bytes[i] = (unsigned char)(added++ % 251);
		buf_add(&b, bytes, n);
		n = (size_t)rand_r(&seed) % (buf_len(&b) + 1);
		for (size_t i = 0; i < n; i++)
			wrong +=
			    (unsigned char)buf_data(&b)[i] != drained++ % 251;
		ck_assert_uint_eq(wrong, 0);
		buf_drain(&b, n);
		ck_assert_uint_eq(buf_len(&b), added - drained);
	}
	ck_assert(!buf_failed(&b));
	buf_free(&b);
}
END_TEST

static Suite *
buf_suite(void)
{
	Suite *suite = suite_create("buf");
	TCase *tc = tcase_create("buf");

	tcase_add_test(tc, empty);
	tcase_add_test(tc, add_and_drain);
	tcase_add_loop_test(tc, number, 0, CASES(numbers));
	tcase_add_test(tc, format);
	tcase_add_test(tc, reserve_and_commit);
	tcase_add_test(tc, room_is_used_again);
	tcase_add_test(tc, failure_is_remembered);
	tcase_add_loop_test(tc, any_order_of_calls, 0, 3);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(buf_suite());
}
