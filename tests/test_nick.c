#include "chat/nick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chat/nick_fold.h"
#include "tests/run.h"

enum needs {
	ANY,
	UNICODE
}; /* UNICODE: utf8proc */

/* Says so when the row is for a build with utf8proc, and this is none. */
static bool
is_skipped(enum needs needs, const char *row)
{
	if (needs == ANY || nick_folds_unicode())
		return false;
	fprintf(stderr, "SKIPPED: without utf8proc: %s\n", row);
	return true;
}

static struct nick_key
key_of(struct str name)
{
	struct nick_key key;

	ck_assert_int_eq(nick_fold(name, &key), 0);
	return key;
}

static bool
is_same(struct str a, struct str b)
{
	struct nick_key key_a = key_of(a), key_b = key_of(b);

	return str_eq((struct str){ key_a.bytes, key_a.len },
	    (struct str){ key_b.bytes, key_b.len });
}

static const struct {
	enum needs needs;
	const char *a, *b;
} same[] = {
	{ ANY, "", "" },
	{ ANY, "alice", "alice" },
	{ ANY, "Alice", "aLICE" },
	/* ASCII */
	{ ANY, "alice", "aIice" },
	{ ANY, "alice", "al1ce" },
	{ ANY, "alice", "a|ice" },
	{ ANY, "bob", "b0b" },
	{ ANY, "B0B", "bOb" },
	{ ANY, "mama", "rnarna" },
	{ ANY, "MAMA", "RNARNA" },
	{ ANY, "wolf", "vvolf" },
	/* Cyrillic, Greek, Armenian, Cherokee, Arabic */
	{ ANY, "alice", "\u0430lice" },
	{ ANY, "peace", "\u0440\u0435\u0430\u0441\u0435" },
	{ ANY, "PEACE", "\u0420\u0415\u0410\u0421\u0415" },
	{ ANY, "bob", "b\u03bfb" },
	{ ANY, "dave", "da\u03bde" },
	{ ANY, "ATHENA", "\u0391\u03a4\u0397\u0395na" },
	{ ANY, "hugo", "\u0570\u057d\u0581\u0585" },
	{ ANY, "lazy", "\u13de\u13aa\u13c3\u13bd" },
	{ ANY, "bob", "b\u0665b" },
	/* a look-alike is one half of a pair */
	{ ANY, "mama", "\u0433na\u0433na" },
	{ ANY, "wolf", "\u03bd\u0475olf" },
	/* the same letters in other dress */
	{ ANY, "alice", "\uff41\uff4c\uff49\uff43\uff45" },
	{ ANY, "ALICE1", "\uff21\uff2c\uff29\uff23\uff25\uff11" },
	{ ANY, "alice", "\U0001d41a\U0001d425\U0001d422\U0001d41c\U0001d41e" },
	{ ANY, "Zz09", "\U0001d6a3\U0001d6a3\U0001d7ce\U0001d7ff" },
	{ ANY, "az", "\u24b6\u24e9" },
	{ ANY, "az", "\U0001f1e6\U0001f1ff" },
	/* case and marks of any script */
	{ UNICODE, "jose", "Jos\u00e9" },
	{ UNICODE, "jos\u00e9", "JOSE\u0301" },
	{ UNICODE, "strasse", "STRA\u1e9eE" },
	{ UNICODE, "\u00c5ngstr\u00f6m", "\u212bngstro\u0308m" },
	{ UNICODE, "\u039d\u03af\u03ba\u03bf\u03c2",
	    "\u039d\u0399\u039a\u039f\u03a3" },
	{ UNICODE, "\u0416\u0415\u041d\u042f", "\u0436\u0435\u043d\u044f" },
	{ UNICODE, "\u30d0\u30ab", "\uff8a\uff9e\uff76" },
	{ UNICODE, "\ufb01nn", "finn" },
	{ UNICODE, "x\u00b2", "x2" },
	{ UNICODE, "bob", "b\u0336o\u0336b\u0336" },
	{ UNICODE, "bob", "b\u00ado\u200db" },
	/* invalid UTF-8 is what it is shown as */
	{ ANY, "caf\xe9", "caf\ufffd" },
	{ ANY, "a\xe2\x82z", "a\ufffdz" },
	{ ANY, "a\x1b", "a\ufffd" },
};

START_TEST(are_same)
{
	const char *a = same[_i].a, *b = same[_i].b;

	if (!is_skipped(same[_i].needs, a))
		ck_assert_msg(is_same(str_of(a), str_of(b)), "%s, %s", a, b);
}
END_TEST

static const struct {
	const char *a, *b;
} different[] = {
	{ "", "a" },
	{ "alice", "alicia" },
	{ "alice", "alce" },
	{ "bob", "rob" },
	{ "bob1", "bob2" },
	{ "ann", "anm" },
	{ "nick", "vick" },
	{ "m", "nr" },
	{ "v", "w" },
	{ "rm", "mr" },
	{ "ivan", "\u0438\u0432\u0430\u043d" },
	{ "\u0436\u0435\u043d\u044f", "\u0436\u0435\u043d\u0430" },
	{ "\u5c71", "\u5ddd" },
	/* marks that are letters */
	{ "\u0930\u093e\u092e", "\u0930\u092e\u093e" },
	{ "\u0915\u092e", "\u0915\u093f\u092e" },
	{ "\u304b", "\u304c" },
	/* how members without a nick are called */
	{ "127.0.0.1@50655", "127.0.0.1@50656" },
	{ "fe80::10@1", "fe80::1@01" },
};

START_TEST(are_different)
{
	const char *a = different[_i].a, *b = different[_i].b;

	ck_assert_msg(!is_same(str_of(a), str_of(b)), "%s, %s", a, b);
}
END_TEST

/* Each character of a row looks like what the row begins with. */
static const char *const rows[] = {
	"a\u0251\u1d00\u0391\u03b1\u0410\u0430\u13aa\u237a",
	"b\u0185\u0299\u0392\u03b2\u0412\u0432\u042c\u044c\u13cf\u212c",
	"c\u1d04\u0421\u0441\u13df\u2ca4\u2ca5\u2102\u216d\u217d",
	"d\u00d0\u00f0\u0110\u0111\u1d05\u0500\u0501\u13a0\u216e\u217e",
	"e\u025b\u1d07\u0395\u03b5\u0415\u0435\u0401\u0451\u13ac\u212e\u212f\u2130",
	"f\u0192\ua730\u2131",
	"g\u0261\u0262\u050c\u050d\u0581\u13c0\u210a",
	"h\u0126\u0127\u029c\u0397\u03b7\u041d\u043d\u04ba\u04bb\u0570\u13bb\u210b\u210d\u210e",
	"i\u0131\u0196\u0269\u026a\u0399\u03b9\u0406\u0456\u0407\u0457\u13a5\u2110\u2129",
	"j\u1d0a\u037f\u03f3\u0408\u0458\u0575\u13ab",
	"k\u1d0b\u039a\u03ba\u041a\u043a\u13e6",
	"l\u0141\u0142\u01c0\u029f\u04c0\u04cf\u053c\u056c\u05d5\u05df\u0627\u13de\u2112\u2113\u216c\u217c\u2223",
	"m\u1d0d\u039c\u03bc\u00b5\u041c\u043c\u13b7\u2133\u216f\u217f",
	"n\u0274\u0548\u0578\u2115",
	"o\u00d8\u00f8\u0275\u1d0f\u039f\u03bf\u03c3\u041e\u043e\u0555\u0585\u05e1\u0647\u0966\u09e6\u0d66\u0e50\u0d20\u2c9e\u2c9f\u2134",
	"p\u1d18\u03a1\u03c1\u0420\u0440\u13e2\u2ca2\u2ca3\u2119",
	"q\u051a\u051b\u0566\u211a",
	"r\u0280\u0413\u0433\u13a1\u211b\u211d",
	"s\ua731\u0405\u0455\u13da",
	"t\u0166\u0167\u1d1b\u03a4\u03c4\u0422\u0442",
	"u\u028b\u1d1c\u03c5\u054d\u057d\u222a",
	"v\u1d20\u03bd\u0474\u0475\u13d9\u2164\u2174\u2228",
	"w\u026f\u1d21\u03c9\u0460\u0461\u051c\u051d\u0561\u13b3",
	"x\u00d7\u03a7\u03c7\u0425\u0445\u2169\u2179",
	"y\u028f\u03b3\u0423\u0443\u04ae\u04af\u13bd",
	"z\u1d22\u0396\u03b6\u13c3\u2124",
	"2\u01a8",
	"3\u021c\u021d\u0417\u0437",
	"4\u13ce",
	"6\u0431",
	"1\u0661",
	"0\u0665",
};

START_TEST(look_alike)
{
	struct str rest = str_of(rows[_i]), first = { rest.p, 1 };

	while (rest.len > 0) {
		struct str character = text_next(&rest);

		ck_assert_msg(is_same(first, character), "%.1s, %.*s", first.p,
		    (int)character.len, character.p);
	}
}
END_TEST

#define X16 "xxxxxxxxxxxxxxxx"

static const struct {
	enum needs needs;
	bool nick, room;
	struct str name;
} names[] = {
	{ ANY, true, true, STR("alice") },
	{ ANY, true, true, STR("a") },
	{ ANY, true, true, STR("Gr\u00fc\u00dfe") },
	{ ANY, true, true, STR("\u5c71\u7530") },
	{ ANY, true, true, STR("\U0001f600") },
	{ ANY, true, true, STR("a*b#c") },
	{ ANY, true, true, STR("a|b{c}") },
	{ ANY, true, true, STR("operators") },
	/* length */
	{ ANY, false, false, STR("") },
	{ ANY, true, true, STR(X16 X16) },
	{ ANY, true, false, STR(X16 X16 "x") },
	{ ANY, true, false, STR(X16 X16 X16) },
	{ ANY, false, false, STR(X16 X16 X16 "x") },
	/* what has a meaning */
	{ ANY, false, false, STR("*") },
	{ ANY, false, false, STR("*a") },
	{ ANY, false, true, STR("#a") },
	{ ANY, false, true, STR("#" X16 "xxxxxxxxxxxxxxx") },
	{ ANY, false, false, STR("#" X16 X16) },
	{ ANY, false, false, STR("#") },
	{ ANY, false, false, STR("##a") },
	{ ANY, false, false, STR("#*a") },
	{ ANY, false, false, STR("1.2.3.4@5") },
	{ ANY, false, false, STR("a/b") },
	{ ANY, false, false, STR("[a") },
	{ ANY, false, false, STR("a]") },
	{ ANY, false, false, STR("\uff0aa") },
	{ ANY, false, false, STR("1.2.3.4\uff205") },
	{ ANY, false, false, STR("a\uff0f") },
	{ ANY, false, false, STR("\uff3ba\uff3d") },
	{ UNICODE, false, false, STR("\u2105") },
	{ UNICODE, false, false, STR("a\ufe6b") },
	/* white space and what is not seen */
	{ ANY, false, false, STR("a b") },
	{ ANY, false, false, STR(" ") },
	{ ANY, false, false, STR("a\tb") },
	{ ANY, false, false, STR("a\nb") },
	{ ANY, false, false, STR("a\0b") },
	{ ANY, false, false, STR("a\u00a0b") },
	{ ANY, false, false, STR("a\u200bb") },
	{ ANY, false, false, STR("a\u200db") },
	{ ANY, false, false, STR("a\u202eb") },
	{ ANY, false, false, STR("a\u3000b") },
	{ ANY, false, false, STR("\u3164") },
	{ ANY, false, false, STR("a\ufe0f") },
	{ ANY, false, false, STR("a\U000e0041") },
	{ UNICODE, false, false, STR("\u0301") },
	/* what is no text */
	{ ANY, false, false, STR("caf\xe9") },
	{ ANY, false, false, STR("\xe2\x82") },
	{ ANY, false, false, STR("\x1b[2J") },
	/* who stands for the server */
	{ ANY, false, true, STR("operator") },
	{ ANY, false, true, STR("Chatd") },
	{ ANY, false, true, STR("SERVER") },
	{ ANY, false, true, STR("0perator") },
	{ ANY, false, true, STR("\u0441hatd") },
	{ ANY, false, true, STR("s\u0435rv\u0435r") },
	{ ANY, false, true, STR("\uff53\uff45\uff52\uff56\uff45\uff52") },
	{ UNICODE, false, true, STR("s\u00e9rver") },
	/* too long once it is folded: 18 characters each */
	{ UNICODE, false, false, STR("\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa") },
};

START_TEST(valid)
{
	struct str name = names[_i].name;

	if (is_skipped(names[_i].needs, name.p))
		return;
	ck_assert_msg(nick_is_valid(name) == names[_i].nick, "%s", name.p);
	ck_assert_msg(
	    room_name_is_valid(name) == names[_i].room, "room %s", name.p);
}
END_TEST

/* The key of a key is the key, and clean; ck_assert() is too slow for all. */
static void
check_folded(struct str name)
{
	struct nick_key once, twice;
	struct str key;

	if (nick_fold(name, &once) == -1)
		return;
	key = (struct str){ once.bytes, once.len };
	if (!text_is_clean(key) || nick_fold(key, &twice) == -1 ||
	    !str_eq((struct str){ twice.bytes, twice.len }, key))
		ck_abort_msg("'%.*s': '%.*s'", (int)name.len, name.p,
		    (int)key.len, key.p);
}

START_TEST(random_bytes)
{
	static const char few[] = "rnv1|\xcc\x81\xd0\xb3\xe2\xf0\x9d\x90";
	char bytes[CHAT_NICK_MAX];

	srandom(1);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)random() % (sizeof(bytes) + 1);

		for (size_t j = 0; j < len; j++)
			bytes[j] = i % 2 == 0
			    ? (char)random()
			    : few[(size_t)random() % (sizeof(few) - 1)];
		check_folded((struct str){ bytes, len });
	}
}
END_TEST

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

/* Of code points, so that most of it is text. */
static size_t
random_text(char *out, size_t cap)
{
	static const unsigned limits[] = { 0x80, 0x250, 0x600, 0x3000, 0x10000,
		0x20000 };
	size_t len = 0;

	while (len + 4 <= cap) {
		unsigned code = (unsigned)random() % limits[random() % 6];

		len += encode(code, out + len);
	}
	return len;
}

START_TEST(random_characters)
{
	char bytes[CHAT_NICK_MAX];

	srandom(1);
	for (int i = 0; i < 20000; i++) {
		size_t len = random_text(bytes, sizeof(bytes));

		check_folded((struct str){ bytes, len });
	}
}
END_TEST

/* Beyond these are ideographs alone. */
START_TEST(every_character)
{
	char bytes[4];

	for (unsigned code = 0; code < 0x20000; code++) {
		size_t len = encode(code, bytes);

		check_folded((struct str){ bytes, len });
	}
}
END_TEST

START_TEST(longest)
{
	char bytes[NICK_KEY_MAX + 1];
	struct nick_key key;

	memset(bytes, 'R', sizeof(bytes));
	key = key_of((struct str){ bytes, NICK_KEY_MAX });
	ck_assert_uint_eq(key.len, NICK_KEY_MAX);
	ck_assert_int_eq(key.bytes[NICK_KEY_MAX - 1], 'r');
	ck_assert_int_eq(
	    nick_fold((struct str){ bytes, sizeof(bytes) }, &key), -1);
	/* Each invalid byte is shown as one character of three bytes. */
	memset(bytes, 0xff, sizeof(bytes));
	key = key_of((struct str){ bytes, NICK_KEY_MAX / 3 });
	ck_assert_uint_eq(key.len, NICK_KEY_MAX / 3 * 3);
	ck_assert_int_eq(
	    nick_fold((struct str){ bytes, NICK_KEY_MAX / 3 + 1 }, &key), -1);
}
END_TEST

static Suite *
nick_suite(void)
{
	Suite *suite = suite_create("nick");
	TCase *tc = tcase_create("nick");

	tcase_add_loop_test(tc, are_same, 0, CASES(same));
	tcase_add_loop_test(tc, are_different, 0, CASES(different));
	tcase_add_loop_test(tc, look_alike, 0, CASES(rows));
	tcase_add_loop_test(tc, valid, 0, CASES(names));
	tcase_add_test(tc, random_bytes);
	tcase_add_test(tc, random_characters);
	tcase_add_test(tc, every_character);
	tcase_add_test(tc, longest);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(nick_suite());
}
