#include "loop/nicks.h"

#include <stdio.h>
#include <string.h>

#include "tests/run.h"

static struct nicks list;

START_TEST(test_add_and_remove)
{
	ck_assert_ptr_eq(nicks_get(&list, 0), NULL);
	ck_assert_int_eq(nicks_add(&list, STR("alice")), 0);
	ck_assert_int_eq(nicks_add(&list, STR("bob")), 0);
	ck_assert(nicks_has(&list, STR("ALICE")));
	ck_assert(!nicks_has(&list, STR("alic")));
	/* The newest spelling counts, and comes last. */
	ck_assert_int_eq(nicks_add(&list, STR("Alice")), 0);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_str_eq(nicks_get(&list, 0), "bob");
	ck_assert_str_eq(nicks_get(&list, 1), "Alice");
	ck_assert_int_eq(nicks_remove(&list, STR("BOB")), 0);
	ck_assert_int_eq(nicks_remove(&list, STR("bob")), -1);
	ck_assert_str_eq(nicks_get(&list, 0), "Alice");
	ck_assert_ptr_eq(nicks_get(&list, 1), NULL);
}
END_TEST

START_TEST(test_the_oldest_gives_way)
{
	char nick[16];

	for (int i = 0; i <= NICKS_MAX; i++) {
		int len = snprintf(nick, sizeof(nick), "nick-%d", i);

		ck_assert_int_eq(
		    nicks_add(&list, (struct str){ nick, (size_t)len }), 0);
	}
	ck_assert_uint_eq(list.count, NICKS_MAX);
	ck_assert(!nicks_has(&list, STR("nick-0")));
	ck_assert_str_eq(nicks_get(&list, 0), "nick-1");
	ck_assert_ptr_eq(nicks_get(&list, NICKS_MAX), NULL);
}
END_TEST

START_TEST(test_no_nicks)
{
	char text[CHAT_NICK_MAX + 1];

	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(nicks_add(&list, STR("")), -1);
	ck_assert_int_eq(
	    nicks_add(&list, (struct str){ text, CHAT_NICK_MAX + 1 }), -1);
	ck_assert_int_eq(
	    nicks_add(&list, (struct str){ text, CHAT_NICK_MAX }), 0);
	ck_assert_uint_eq(list.count, 1);
}
END_TEST

static const struct {
	const char *line;
	const char *nick; /* or NULL: nobody is learned */
} lines[] = {
	{ "[alice]: hello", "alice" },
	{ "[alice]: [bob]: hello", "alice" },
	{ "[alice -> you]: hello", "alice" },
	{ "[you -> alice]: hello", NULL },
	{ "[127.0.0.1@5000]: hello", "127.0.0.1@5000" },
	{ "* alice waves", NULL },
	{ "alice]: hello", NULL },
	{ "[alice] hello", NULL },
	{ "[]: hello", NULL },
	{ "", NULL },
};

START_TEST(test_learning)
{
	const char *nick;

	nicks_learn(&list, str_of(lines[_i].line));
	nick = nicks_get(&list, 0);
	if (lines[_i].nick == NULL || nick == NULL)
		ck_assert_ptr_eq(nick, lines[_i].nick);
	else
		ck_assert_str_eq(nick, lines[_i].nick);
}
END_TEST

static const struct {
	const char *text, *nick;
	bool is_mention;
} mentions[] = {
	{ "bob", "bob", true },
	{ "hi Bob!", "bob", true },
	{ "(BOB)", "bob", true },
	{ "is it bob's?", "bob", true },
	{ "bob,bobby", "bob", true },
	{ "bobby,bob", "bob", true },
	{ "hi b\xd0\xbe"
	  "b",
	    "bob", true }, /* with a Cyrillic o */
	{ "bobby", "bob", false },
	{ "kebob", "bob", false },
	{ "bob_", "bob", false },
	{ "bob\xc3\xa4", "bob", false },
	{ "bo b", "bob", false },
	{ "hello", "bob", false },
	{ "hello", "", false },
	{ "", "bob", false },
	{ "a.b or c", "a.b", true },
};

START_TEST(test_mentions)
{
	ck_assert_msg(mentions_nick(str_of(mentions[_i].text),
			  mentions[_i].nick) == mentions[_i].is_mention,
	    "case %d: %s", _i, mentions[_i].text);
}
END_TEST

START_TEST(test_numbers)
{
	ck_assert_uint_eq(nick_number(STR("alice")), nick_number(STR("ALICE")));
	ck_assert_uint_ne(nick_number(STR("alice")), nick_number(STR("bob")));
}
END_TEST

static Suite *
nicks_suite(void)
{
	Suite *s = suite_create("nicks");
	TCase *t = tcase_create("nicks");

	tcase_add_test(t, test_add_and_remove);
	tcase_add_test(t, test_the_oldest_gives_way);
	tcase_add_test(t, test_no_nicks);
	tcase_add_loop_test(t, test_learning, 0, CASES(lines));
	tcase_add_loop_test(t, test_mentions, 0, CASES(mentions));
	tcase_add_test(t, test_numbers);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return run_suite(nicks_suite());
}
