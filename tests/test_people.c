#include "chat/people.h"

#include <stdio.h>
#include <string.h>

#include "tests/run.h"

static struct people *people;

static void
setup(void)
{
	people = people_new();
	ck_assert_ptr_nonnull(people);
}

static void
teardown(void)
{
	people_free(people);
}

static struct instant
at(int64_t seconds)
{
	return (
	    struct instant){ .mono = SECONDS(seconds), .wall = seconds * 1000 };
}

static struct person *
get(uint64_t identity, bool is_known)
{
	struct person *person = people_get(people, identity, is_known, at(100));

	ck_assert_ptr_nonnull(person);
	return person;
}

START_TEST(person_begins_with_nothing)
{
	struct person *person = get(7, true);

	ck_assert_uint_eq(person->identity, 7);
	ck_assert(person->is_known);
	ck_assert(!person->is_operator);
	ck_assert(!person->is_muted);
	ck_assert_uint_eq(person->members, 0);
	ck_assert_str_eq(person->nick, "");
	ck_assert_str_eq(person->away, "");
	ck_assert_int_eq(person->said_at, INT64_MIN);
	ck_assert_int_eq(person->lines.full_at, SECONDS(100));
	ck_assert_int_eq(person->commands.full_at, SECONDS(100));
}
END_TEST

START_TEST(identity_is_kept)
{
	struct person *person = get(7, false);

	ck_assert_ptr_null(people_find(people, 8));
	ck_assert_ptr_eq(people_find(people, 7), person);
	ck_assert_ptr_ne(get(8, false), person);
	ck_assert_ptr_eq(get(7, true), person);
	ck_assert(person->is_known); /* and stays so */
	get(7, false);
	ck_assert(person->is_known);
}
END_TEST

/* What is kept of a person who leaves and comes back. */
static const struct {
	bool is_known;
	int members;
	bool keeps_nick;
} leavers[] = {
	{ true, 1, true }, { false, 1, false },
	{ false, 2, true }, /* the other one stays */
};

START_TEST(nick_is_kept_by_who_has_a_token)
{
	struct person *person = get(7, leavers[_i].is_known);
	bool keeps = leavers[_i].keeps_nick;

	for (int i = 0; i < leavers[_i].members; i++)
		people_enter(people, person);
	people_set_nick(people, person, STR("Bob"));
	person->is_operator = person->is_muted = true;
	strcpy(person->away, "lunch");
	people_leave(people, person, at(200));
	ck_assert_str_eq(person->nick, keeps ? "Bob" : "");
	ck_assert(people_of_nick(people, STR("bob"), at(200)) ==
	    (keeps ? person : NULL));
	ck_assert_int_eq(person->is_operator, keeps);
	ck_assert(person->is_muted);
	ck_assert_str_eq(person->away, leavers[_i].members == 2 ? "lunch" : "");
	ck_assert_ptr_eq(get(7, false), person);
	if (leavers[_i].members == 2)
		people_leave(people, person, at(200));
}
END_TEST

START_TEST(nick_is_kept_for_a_day)
{
	struct person *person = get(7, true);
	int64_t day = 24 * 60 * 60;

	people_enter(people, person);
	people_set_nick(people, person, STR("Bob"));
	ck_assert_ptr_eq(
	    people_of_nick(people, STR("bob"), at(9 * day)), person);
	people_leave(people, person, at(1000));
	ck_assert_ptr_eq(
	    people_of_nick(people, STR("bob"), at(1000 + day - 1)), person);
	ck_assert_str_eq(person->nick, "Bob");
	ck_assert_ptr_null(people_of_nick(people, STR("bob"), at(1000 + day)));
	ck_assert_str_eq(person->nick, "");
	ck_assert_ptr_eq(people_find(people, 7), person);
}
END_TEST

START_TEST(who_comes_back_late_has_the_nick_still)
{
	struct person *person = get(7, true);

	people_enter(people, person);
	people_set_nick(people, person, STR("bob"));
	people_leave(people, person, at(0));
	people_enter(people, person);
	ck_assert_ptr_eq(
	    people_of_nick(people, STR("bob"), at(NICK_SECONDS)), person);
	people_leave(people, person, at(NICK_SECONDS));
}
END_TEST

START_TEST(nicks_are_folded_and_given_up)
{
	struct person *person = get(7, true);
	char longest[CHAT_NICK_MAX + 1];

	people_enter(people, person);
	ck_assert_int_eq(people_set_nick(people, person, STR("Bob")), 0);
	ck_assert_int_eq(people_set_nick(people, person, STR("BOB")), 0);
	ck_assert_str_eq(person->nick, "BOB");
	ck_assert_ptr_eq(people_of_nick(people, STR("bob"), at(0)), person);
	ck_assert_int_eq(people_set_nick(people, person, STR("eve")), 0);
	ck_assert_ptr_null(people_of_nick(people, STR("bob"), at(0)));
	ck_assert_ptr_eq(people_of_nick(people, STR("eve"), at(0)), person);
	memset(longest, 'n', CHAT_NICK_MAX);
	longest[CHAT_NICK_MAX] = '\0';
	people_set_nick(people, person, str_of(longest));
	ck_assert_str_eq(person->nick, longest);
	ck_assert_ptr_null(people_of_nick(people, STR(""), at(0)));
	people_leave(people, person, at(0));
}
END_TEST

/* The identities 1000 and up, as many as there may be, are here. */
static void
fill(void)
{
	for (uint64_t i = 0; i < PEOPLE_MAX; i++)
		people_enter(people, get(1000 + i, true));
}

START_TEST(nobody_who_is_here_is_forgotten)
{
	fill();
	ck_assert_ptr_null(people_get(people, 7, true, at(0)));
	ck_assert_ptr_nonnull(people_find(people, 1000));
	ck_assert_ptr_nonnull(people_get(people, 1000, true, at(0)));
	for (uint64_t i = 0; i < PEOPLE_MAX; i++)
		people_leave(people, people_find(people, 1000 + i), at(0));
}
END_TEST

/* Cookies are cheap: who made many up makes nobody lose a nick, or get rid of
 * what an operator decided. */
START_TEST(who_is_somebody_is_forgotten_last)
{
	struct person *muted = get(1, true), *named = get(2, true);

	people_enter(people, muted);
	muted->is_muted = true;
	people_leave(people, muted, at(1));
	people_set_nick(people, named, STR("ann")); /* put back */
	people_enter(people, get(3, true));
	people_set_nick(people, people_find(people, 3), STR("bob"));
	people_leave(people, people_find(people, 3), at(2));
	for (uint64_t i = 0; i < 2 * PEOPLE_MAX; i++) {
		struct person *person = get(1000 + i, true);

		people_enter(people, person);
		people_leave(people, person, at(3));
	}
	ck_assert_ptr_null(people_find(people, 1000));
	ck_assert_ptr_eq(people_of_nick(people, STR("ann"), at(4)), named);
	ck_assert_ptr_nonnull(people_of_nick(people, STR("bob"), at(4)));
	/* Nicks are cheap, too. */
	for (uint64_t i = 0; i < PEOPLE_MAX; i++) {
		struct person *person = get(100000 + i, true);
		char nick[16];

		snprintf(nick, sizeof(nick), "n%u", (unsigned)i);
		people_enter(people, person);
		people_set_nick(people, person, str_of(nick));
		people_leave(people, person, at(4));
	}
	ck_assert_ptr_null(people_of_nick(people, STR("ann"), at(4)));
	ck_assert_ptr_null(people_find(people, 3));
	ck_assert_ptr_eq(people_find(people, 1), muted);
}
END_TEST

START_TEST(who_left_first_is_forgotten)
{
	static const uint64_t leave[] = { 1005, 1003, 1009, 1004 };

	fill();
	for (int i = 0; i < CASES(leave); i++)
		people_leave(people, people_find(people, leave[i]), at(i));
	people_enter(people, people_find(people, 1003)); /* is back */
	people_enter(people, get(1, true));
	ck_assert_ptr_null(people_find(people, 1005));
	people_enter(people, get(2, true));
	ck_assert_ptr_null(people_find(people, 1009));
	people_enter(people, get(3, true));
	ck_assert_ptr_null(people_find(people, 1004));
	ck_assert_ptr_null(people_get(people, 4, true, at(9)));
	ck_assert_ptr_nonnull(people_find(people, 1003));
	for (uint64_t i = 0; i < PEOPLE_MAX; i++) {
		struct person *person = people_find(people, 1000 + i);

		if (person != NULL)
			people_leave(people, person, at(0));
	}
	for (uint64_t i = 1; i <= 3; i++)
		people_leave(people, people_find(people, i), at(0));
}
END_TEST

START_TEST(who_never_came_in_is_forgotten_too)
{
	for (uint64_t i = 0; i < PEOPLE_MAX; i++)
		get(1000 + i, false);
	get(7, false);
	ck_assert_ptr_null(people_find(people, 1000));
	ck_assert_ptr_nonnull(people_find(people, 1001));
}
END_TEST

static Suite *
people_suite(void)
{
	Suite *suite = suite_create("people");
	TCase *tc = tcase_create("people");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, person_begins_with_nothing);
	tcase_add_test(tc, identity_is_kept);
	tcase_add_loop_test(
	    tc, nick_is_kept_by_who_has_a_token, 0, CASES(leavers));
	tcase_add_test(tc, nick_is_kept_for_a_day);
	tcase_add_test(tc, who_comes_back_late_has_the_nick_still);
	tcase_add_test(tc, nicks_are_folded_and_given_up);
	tcase_add_test(tc, nobody_who_is_here_is_forgotten);
	tcase_add_test(tc, who_is_somebody_is_forgotten_last);
	tcase_add_test(tc, who_left_first_is_forgotten);
	tcase_add_test(tc, who_never_came_in_is_forgotten_too);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	people_free(NULL);
	return run_suite(people_suite());
}
