#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "tests/run.h"

#define R "\xef\xbf\xbd" /* the replacement, U+FFFD */

/* In memory of exactly its size, so that a read past its end is seen. */
static struct str
exact(struct str s)
{
	char *p = malloc(s.len > 0 ? s.len : 1);

	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < s.len; i++)
		p[i] = s.p[i];
	return (struct str){ p, s.len };
}

static void
exact_free(struct str s)
{
	free((char *)s.p);
}

static const struct {
	struct str in;
	size_t len;
	unsigned code;
	size_t skip;
} characters[] = {
	{ STR("a"), 1, 'a', 0 },
	{ STR("\0"), 1, 0, 0 },
	{ STR("\x7f"), 1, 0x7f, 0 },
	{ STR("\xc2\x80"), 2, 0x80, 0 },
	{ STR("\xdf\xbfz"), 2, 0x7ff, 0 },
	{ STR("\xe0\xa0\x80"), 3, 0x800, 0 },
	{ STR("\xed\x9f\xbf"), 3, 0xd7ff, 0 },
	{ STR("\xee\x80\x80"), 3, 0xe000, 0 },
	{ STR("\xef\xbf\xbf"), 3, 0xffff, 0 },
	{ STR("\xf0\x90\x80\x80"), 4, 0x10000, 0 },
	{ STR("\xf4\x8f\xbf\xbfz"), 4, 0x10ffff, 0 },
	/* no first byte */
	{ STR("\x80"), 0, 0, 1 },
	{ STR("\xbf\xbf"), 0, 0, 1 },
	{ STR("\xfe"), 0, 0, 1 },
	{ STR("\xff\xff"), 0, 0, 1 },
	/* overlong */
	{ STR("\xc0\x80"), 0, 0, 1 },
	{ STR("\xc1\xbf"), 0, 0, 1 },
	{ STR("\xe0\x80\x80"), 0, 0, 1 },
	{ STR("\xe0\x9f\xbf"), 0, 0, 1 },
	{ STR("\xf0\x80\x80\x80"), 0, 0, 1 },
	{ STR("\xf0\x8f\xbf\xbf"), 0, 0, 1 },
	/* surrogates */
	{ STR("\xed\xa0\x80"), 0, 0, 1 },
	{ STR("\xed\xbf\xbf"), 0, 0, 1 },
	/* above U+10FFFF */
	{ STR("\xf4\x90\x80\x80"), 0, 0, 1 },
	{ STR("\xf5\x80\x80\x80"), 0, 0, 1 },
	{ STR("\xf7\xbf\xbf\xbf"), 0, 0, 1 },
	{ STR("\xf8\x88\x80\x80\x80"), 0, 0, 1 },
	/* cut short, by the end or by something else */
	{ STR("\xc3"), 0, 0, 1 },
	{ STR("\xc3z"), 0, 0, 1 },
	{ STR("\xc3\xc3"), 0, 0, 1 },
	{ STR("\xe2\x82"), 0, 0, 2 },
	{ STR("\xe2\x82z"), 0, 0, 2 },
	{ STR("\xe2z\x82"), 0, 0, 1 },
	{ STR("\xf0\x9f\x98"), 0, 0, 3 },
	{ STR("\xf0\x9f\x98z"), 0, 0, 3 },
	{ STR("\xf0\x9fz"), 0, 0, 2 },
	{ STR("\xf0"), 0, 0, 1 },
};

START_TEST(decode)
{
	struct str in = exact(characters[_i].in);
	unsigned code = 0;
	size_t skip = 0;

	ck_assert_uint_eq(utf8_decode(in, &code, &skip), characters[_i].len);
	if (characters[_i].len > 0)
		ck_assert_uint_eq(code, characters[_i].code);
	else
		ck_assert_uint_eq(skip, characters[_i].skip);
	exact_free(in);
}
END_TEST

static const struct {
	struct str in, out;
} texts[] = {
	{ { NULL, 0 }, STR("") },
	{ STR(""), STR("") },
	{ STR("hello there!"), STR("hello there!") },
	{ STR("tab\there"), STR("tab\there") },
	{ STR("Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
	    STR("Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80") },
	{ STR(R), STR(R) },
	{ STR("one\ntwo\r\n"), STR("one" R "two" R R) },
	{ STR("a\0b"), STR("a" R "b") },
	{ STR("\x1b[2J"), STR(R "[2J") },
	{ STR("\xc2\x9b"
	      "2J"),
	    STR(R "2J") },
	{ STR("\xe2\x80\xaegpj.exe"), STR(R "gpj.exe") },
	{ STR("caf\xe9"), STR("caf" R) },
	{ STR("\xe2\x82"), STR(R) },
	/* Unicode 15, tables 3-8 to 3-11 */
	{ STR("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82"
	      "A"),
	    STR(R R R R R R R R "A") },
	{ STR("\xed\xa0\x80\xed\xbf\xbf\xed\xaf"
	      "A"),
	    STR(R R R R R R R R "A") },
	{ STR("\xf4\x91\x92\x93\xff"
	      "A"
	      "\x80\xbf"
	      "B"),
	    STR(R R R R R "A" R R "B") },
	{ STR("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf"
	      "A"),
	    STR(R R R R "A") },
};

static void
check_clean(struct str in, struct str want)
{
	char out[256];
	bool cut = true;
	size_t len = text_clean(out, sizeof(out), in, &cut);
	struct str got = { out, len };

	ck_assert_msg(str_eq(got, want), "'%s'", out);
	ck_assert(!cut);
	ck_assert_int_eq(out[len], '\0');
	ck_assert(text_is_clean(got));
	ck_assert(text_is_clean(in) == str_eq(in, want));
}

START_TEST(clean)
{
	struct str in = exact(texts[_i].in);

	check_clean(in, texts[_i].out);
	exact_free(in);
}
END_TEST

/* However little room there is, what fits is whole characters. */
START_TEST(cut_between_characters)
{
	struct str in = texts[_i].in, want = texts[_i].out;

	for (size_t cap = 1; cap <= want.len + 2; cap++) {
		char *out = malloc(cap);
		bool cut;
		size_t len = text_clean(out, cap, in, &cut);

		ck_assert_uint_lt(len, cap);
		ck_assert_int_eq(out[len], '\0');
		ck_assert(cut == (len < want.len));
		ck_assert(str_eq(
		    (struct str){ out, len }, (struct str){ want.p, len }));
		ck_assert(text_is_clean((struct str){ out, len }));
		ck_assert(!cut || cap - 1 - len < 4);
		ck_assert_uint_eq(text_clean(out, cap, in, NULL), len);
		free(out);
	}
}
END_TEST

/* Where a text is split between characters, the parts clean alike. */
START_TEST(split_anywhere)
{
	struct str in = texts[_i].in;
	char out[256], parts[256];
	size_t len = text_clean(out, sizeof(out), in, NULL);

	for (size_t at = 0; at < in.len; at++) {
		struct str head = exact((struct str){ in.p, at });
		struct str tail = exact((struct str){ in.p + at, in.len - at });
		size_t n = text_clean(parts, sizeof(parts), head, NULL);

		ck_assert(text_is_clean((struct str){ parts, n }));
		n += text_clean(parts + n, sizeof(parts) - n, tail, NULL);
		ck_assert(text_is_clean((struct str){ parts, n }));
		/* Inside a character the parts are each invalid. */
		if (((unsigned char)in.p[at] & 0xc0) != 0x80)
			ck_assert(str_eq((struct str){ parts, n },
			    (struct str){ out, len }));
		else
			ck_assert_uint_ge(n, 3);
		exact_free(head);
		exact_free(tail);
	}
}
END_TEST

static const struct {
	unsigned first, last;
} unsafe[] = {
	{ 0x00, 0x08 },     /* C0 up to TAB */
	{ 0x0a, 0x1f },     /* and the rest */
	{ 0x7f, 0x9f },     /* DEL, C1 */
	{ 0x061c, 0x061c }, /* ALM */
	{ 0x200e, 0x200f }, /* LRM, RLM */
	{ 0x2028, 0x2029 }, /* line and paragraph separator */
	{ 0x202a, 0x202e }, /* LRE, RLE, PDF, LRO, RLO */
	{ 0x2066, 0x2069 }, /* LRI, RLI, FSI, PDI */
};

static bool
is_listed_unsafe(unsigned code)
{
	for (int i = 0; i < CASES(unsafe); i++) {
		if (code >= unsafe[i].first && code <= unsafe[i].last)
			return true;
	}
	return false;
}

static size_t
encode(unsigned code, char out[4])
{
	static const unsigned limits[] = { 0x80, 0x800, 0x10000, 0x110000 };
	static const unsigned marks[] = { 0, 0xc0, 0xe0, 0xf0 };
	size_t more = 0;

	while (code >= limits[more])
		more++;
	for (size_t i = more; i > 0; i--, code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(marks[more] | code);
	return more + 1;
}

START_TEST(every_code_point)
{
	for (unsigned code = 0; code <= 0x10ffff; code++) {
		bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
		struct str want, in;
		char bytes[4], out[16];

		in = (struct str){ bytes, encode(code, bytes) };
		want = is_surrogate          ? STR(R R R)
		    : is_listed_unsafe(code) ? STR(R)
					     : in;
		if (text_clean(out, sizeof(out), in, NULL) != want.len ||
		    memcmp(out, want.p, want.len) != 0 ||
		    text_is_clean(in) != (want.p == in.p))
			ck_abort_msg("U+%04X", code);
	}
}
END_TEST

START_TEST(any_three_bytes)
{
	for (unsigned n = 0; n < 256 * 256; n++) {
		char bytes[] = { (char)(n >> 8), (char)n, (char)(n * 7) };
		struct str in = { bytes, 3 };
		char out[16];
		size_t len = text_clean(out, sizeof(out), in, NULL);
		struct str got = { out, len };

		if (!text_is_clean(got) || text_is_clean(in) != str_eq(in, got))
			ck_abort_msg(
			    "%02x %02x %02x", n >> 8, n & 0xff, n * 7 & 0xff);
	}
}
END_TEST

static Suite *
text_suite(void)
{
	Suite *suite = suite_create("text");
	TCase *tc = tcase_create("text");

	tcase_add_loop_test(tc, decode, 0, CASES(characters));
	tcase_add_loop_test(tc, clean, 0, CASES(texts));
	tcase_add_loop_test(tc, cut_between_characters, 0, CASES(texts));
	tcase_add_loop_test(tc, split_anywhere, 0, CASES(texts));
	tcase_add_test(tc, every_code_point);
	tcase_add_test(tc, any_three_bytes);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(text_suite());
}
