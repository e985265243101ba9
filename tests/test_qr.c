/*
 * A code is read back into its modules, which have the patterns that every
 * QR code has (ISO/IEC 18004, 6.3) where they belong.
 */
#include "cmd/qr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/run.h"

#define QUIET     4
#define WIDTH_MAX 200

struct picture {
	int width, height; /* modules, the quiet zone's too */
	bool dark[WIDTH_MAX][WIDTH_MAX];
};

static struct picture picture;

/* The characters of one line, between its colours. */
static int
read_line(struct str line, int y)
{
	int x = 0;

	ck_assert(str_eq((struct str){ line.p, 8 }, STR("\033[30;47m")));
	ck_assert_uint_ge(line.len, 12);
	ck_assert(
	    str_eq((struct str){ line.p + line.len - 4, 4 }, STR("\033[0m")));
	line.p += 8;
	line.len -= 12;
	for (; line.len > 0; x++) {
		struct str c = text_next(&line);
		bool is_full = str_eq(c, STR("\u2588"));

		ck_assert_int_lt(x, WIDTH_MAX);
		ck_assert(is_full || str_eq(c, STR(" ")) ||
		    str_eq(c, STR("\u2580")) || str_eq(c, STR("\u2584")));
		picture.dark[y][x] = is_full || str_eq(c, STR("\u2580"));
		picture.dark[y + 1][x] = is_full || str_eq(c, STR("\u2584"));
	}
	return x;
}

static void
read_picture(const struct buf *out)
{
	struct str rest = { buf_data(out), buf_len(out) };

	memset(&picture, 0, sizeof(picture));
	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		int width = read_line(line, picture.height);

		if (picture.height > 0)
			ck_assert_int_eq(width, picture.width);
		picture.width = width;
		picture.height += 2;
		ck_assert_int_lt(picture.height, WIDTH_MAX);
	}
	ck_assert_int_eq(buf_data(out)[buf_len(out) - 1], '\n');
}

/* Of the symbol alone. */
static bool
is_dark(int x, int y)
{
	return picture.dark[y + QUIET][x + QUIET];
}

static int
size(void)
{
	return picture.width - 2 * QUIET;
}

static void
check_quiet_zone(void)
{
	for (int y = 0; y < picture.height; y++) {
		for (int x = 0; x < picture.width; x++) {
			bool is_inside = x >= QUIET && x < QUIET + size() &&
			    y >= QUIET && y < QUIET + size();

			ck_assert_msg(
			    is_inside || !picture.dark[y][x], "%d, %d", x, y);
		}
	}
}

static int
distance(int a, int b)
{
	return abs(a - b);
}

/* A dark square of 3, a light ring, a dark ring, and a light one around. */
static void
check_finder(int center_x, int center_y)
{
	for (int y = center_y - 4; y <= center_y + 4; y++) {
		for (int x = center_x - 4; x <= center_x + 4; x++) {
			int dx = distance(x, center_x);
			int dy = distance(y, center_y);
			int ring = dx > dy ? dx : dy;

			ck_assert_msg(is_dark(x, y) == (ring != 2 && ring != 4),
			    "%d, %d", x, y);
		}
	}
}

static void
check_timing(void)
{
	for (int i = 8; i < size() - 8; i++) {
		ck_assert(is_dark(i, 6) == (i % 2 == 0));
		ck_assert(is_dark(6, i) == (i % 2 == 0));
	}
}

/* The one module that is always dark, and tells columns from rows. */
static void
check_dark_module(void)
{
	ck_assert(is_dark(8, size() - 8));
}

static const struct {
	const char *text;
	int size;
} codes[] = {
	{ "a", 21 },
	{ "http://192.168.1.20:8080/chat", 25 },
	{ "https://[2001:db8:1234:5678:9abc:def0:1234:5678]:65535/chat", 33 },
};

static bool
is_skipped(void)
{
	if (!HAVE_QRENCODE)
		fprintf(stderr, "SKIPPED: this build has no libqrencode\n");
	return !HAVE_QRENCODE;
}

START_TEST(patterns)
{
	struct buf out = { 0 };

	if (is_skipped())
		return;
	ck_assert_int_eq(qr_print(&out, codes[_i].text, 80), 0);
	read_picture(&out);
	ck_assert_int_eq(size(), codes[_i].size);
	ck_assert_int_eq(picture.height, picture.width + 1);
	check_quiet_zone();
	check_finder(3, 3);
	check_finder(size() - 4, 3);
	check_finder(3, size() - 4);
	check_timing();
	check_dark_module();
	buf_free(&out);
}
END_TEST

START_TEST(fits)
{
	unsigned width = (unsigned)codes[_i].size + 2 * QUIET;
	struct buf out = { 0 };

	ck_assert_int_eq(qr_print(&out, codes[_i].text, 0), -1);
	ck_assert_int_eq(qr_print(&out, codes[_i].text, width - 1), -1);
	ck_assert_uint_eq(buf_len(&out), 0);
	if (!is_skipped())
		ck_assert_int_eq(qr_print(&out, codes[_i].text, width), 0);
	buf_free(&out);
}
END_TEST

/* It goes behind what is there, and another text is another code. */
START_TEST(appends)
{
	struct buf one = { 0 }, other = { 0 };

	if (is_skipped())
		return;
	buf_add_str(&one, STR("before"));
	ck_assert_int_eq(qr_print(&one, "http://192.0.2.1/chat", 80), 0);
	ck_assert(str_eq((struct str){ buf_data(&one), 6 }, STR("before")));
	buf_drain(&one, 6);
	ck_assert_int_eq(qr_print(&other, "http://192.0.2.2/chat", 80), 0);
	ck_assert_uint_gt(buf_len(&one), 0);
	ck_assert(!str_eq((struct str){ buf_data(&one), buf_len(&one) },
	    (struct str){ buf_data(&other), buf_len(&other) }));
	buf_free(&one);
	buf_free(&other);
}
END_TEST

START_TEST(too_long)
{
	static char text[3000];
	struct buf out = { 0 };

	memset(text, 'x', sizeof(text) - 1);
	ck_assert_int_eq(qr_print(&out, text, 1000), -1);
	ck_assert_uint_eq(buf_len(&out), 0);
	buf_free(&out);
}
END_TEST

static Suite *
qr_suite(void)
{
	Suite *suite = suite_create("qr");
	TCase *tc = tcase_create("qr");

	tcase_add_loop_test(tc, patterns, 0, CASES(codes));
	tcase_add_loop_test(tc, fits, 0, CASES(codes));
	tcase_add_test(tc, appends);
	tcase_add_test(tc, too_long);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(qr_suite());
}
