#include "chat/room.h"

#include <stdio.h>
#include <string.h>

#include "tests/run.h"

static uint64_t
append(struct room *r, const char *nick, const char *text)
{
	struct message m = {
		.seq = 77, /* not for the caller to choose */
		.time = 1234,
		.sender = 5,
		.kind = MESSAGE_ACTION,
		.via = "udp",
		.nick = str_of(nick),
		.text = str_of(text),
	};

	return room_append(r, &m);
}

START_TEST(new_room_is_empty)
{
	struct room *r = room_new("lobby", 3, 100);
	struct message m;

	ck_assert_str_eq(room_name(r), "lobby");
	ck_assert_uint_eq(room_first(r), 1);
	ck_assert_uint_eq(room_last(r), 0);
	ck_assert_int_eq(room_get(r, 0, &m), -1);
	ck_assert_int_eq(room_get(r, 1, &m), -1);
	room_free(r);
	room_free(NULL);
}
END_TEST

START_TEST(bad_rooms_are_refused)
{
	char name[CHAT_ROOM_MAX + 2];

	memset(name, 'x', sizeof(name));
	name[CHAT_ROOM_MAX + 1] = '\0';
	ck_assert_ptr_null(room_new(name, 1, 1));
	ck_assert_ptr_null(room_new("", 1, 1));
	ck_assert_ptr_null(room_new("lobby", 0, 1));
}
END_TEST

START_TEST(message_is_copied)
{
	struct room *r = room_new("lobby", 3, 100);
	char text[] = "hello";
	struct message m;

	ck_assert_uint_eq(append(r, "bob", text), 1);
	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(room_get(r, 1, &m), 0);
	ck_assert_uint_eq(m.seq, 1);
	ck_assert_int_eq(m.time, 1234);
	ck_assert_uint_eq(m.sender, 5);
	ck_assert_int_eq(m.kind, MESSAGE_ACTION);
	ck_assert_str_eq(m.via, "udp");
	ck_assert(str_eq(m.nick, STR("bob")));
	ck_assert(str_eq(m.text, STR("hello")));
	room_free(r);
}
END_TEST

START_TEST(numbers_are_dense_while_the_oldest_go)
{
	struct room *r = room_new("lobby", 3, 1000);
	char text[16];

	for (uint64_t seq = 1; seq <= 20; seq++) {
		uint64_t first = seq > 3 ? seq - 2 : 1;
		struct message m;

		snprintf(text, sizeof(text), "line %u", (unsigned)seq);
		ck_assert_uint_eq(append(r, "bob", text), seq);
		ck_assert_uint_eq(room_first(r), first);
		ck_assert_uint_eq(room_last(r), seq);
		ck_assert_int_eq(room_get(r, first - 1, &m), -1);
		ck_assert_int_eq(room_get(r, seq + 1, &m), -1);
		for (uint64_t i = first; i <= seq; i++) {
			snprintf(text, sizeof(text), "line %u", (unsigned)i);
			ck_assert_int_eq(room_get(r, i, &m), 0);
			ck_assert_uint_eq(m.seq, i);
			ck_assert(str_eq(m.text, str_of(text)));
		}
	}
	room_free(r);
}
END_TEST

static const struct {
	const char *text;
	uint64_t first; /* after it was appended with an empty nick */
} bytes_cases[] = {
	{ "1234", 1 },
	{ "123456", 1 }, /* ten bytes in all, and ten may be kept */
	{ "1", 2 },
	{ "123456789", 3 },
	{ "", 3 },
	{ "12345678901234567890", 6 }, /* too much by itself, but the newest */
	{ "", 7 },
};

START_TEST(bytes_are_bounded)
{
	struct room *r = room_new("lobby", 100, 10);

	for (size_t i = 0; i < sizeof(bytes_cases) / sizeof(bytes_cases[0]);
	     i++) {
		ck_assert_uint_eq(append(r, "", bytes_cases[i].text), i + 1);
		ck_assert_msg(room_first(r) == bytes_cases[i].first,
		    "after message %zu the first is %u", i + 1,
		    (unsigned)room_first(r));
	}
	room_free(r);
}
END_TEST

START_TEST(nicks_count_as_bytes)
{
	struct room *r = room_new("lobby", 100, 10);

	append(r, "bobby", "hello");
	append(r, "bobby", "");
	ck_assert_uint_eq(room_first(r), 2);
	room_free(r);
}
END_TEST

START_TEST(own_message_can_be_appended_again)
{
	struct room *r = room_new("lobby", 1, 10);
	struct message m;

	append(r, "bob", "hello");
	ck_assert_int_eq(room_get(r, 1, &m), 0);
	ck_assert_uint_eq(room_append(r, &m), 2);
	ck_assert_int_eq(room_get(r, 2, &m), 0);
	ck_assert(str_eq(m.nick, STR("bob")));
	ck_assert(str_eq(m.text, STR("hello")));
	room_free(r);
}
END_TEST

static Suite *
room_suite(void)
{
	Suite *suite = suite_create("room");
	TCase *tc = tcase_create("room");

	tcase_add_test(tc, new_room_is_empty);
	tcase_add_test(tc, bad_rooms_are_refused);
	tcase_add_test(tc, message_is_copied);
	tcase_add_test(tc, numbers_are_dense_while_the_oldest_go);
	tcase_add_test(tc, bytes_are_bounded);
	tcase_add_test(tc, nicks_count_as_bytes);
	tcase_add_test(tc, own_message_can_be_appended_again);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(room_suite());
}
