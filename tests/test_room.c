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
		.author = 6,
		.to = 7,
		.kind = MESSAGE_ACTION,
		.via = STR("udp"),
		.nick = str_of(nick),
		.to_nick = STR(""),
		.text = str_of(text),
	};
	uint64_t seq = room_append(r, &m);

	room_commit(r, seq);
	return seq;
}

/* What room_first(), room_last() and room_appended() are. */
static void
expect_at(int line, const struct room *r, unsigned first, unsigned last,
    unsigned appended)
{
	ck_assert_msg(room_first(r) == first && room_last(r) == last &&
		room_appended(r) == appended,
	    "line %d: %u to %u, appended %u", line, (unsigned)room_first(r),
	    (unsigned)room_last(r), (unsigned)room_appended(r));
}

#define expect(r, first, last, appended) \
	expect_at(__LINE__, r, first, last, appended)

START_TEST(new_room_is_empty)
{
	struct room *r = room_new("lobby", 9, 3, 100);
	struct message m;

	ck_assert_str_eq(room_name(r), "lobby");
	ck_assert_uint_eq(room_id(r), 9);
	ck_assert_str_eq(room_topic(r), "");
	expect(r, 1, 0, 0);
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
	ck_assert_ptr_null(room_new(name, 9, 1, 1));
	ck_assert_ptr_null(room_new("", 9, 1, 1));
	ck_assert_ptr_null(room_new("lobby", 9, 0, 1));
}
END_TEST

START_TEST(message_is_copied)
{
	struct room *r = room_new("lobby", 9, 3, 100);
	char text[] = "hello";
	struct message m;

	ck_assert_uint_eq(append(r, "bob", text), 1);
	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(room_get(r, 1, &m), 0);
	ck_assert_uint_eq(m.seq, 1);
	ck_assert_int_eq(m.time, 1234);
	ck_assert_uint_eq(m.sender, 5);
	ck_assert_int_eq(m.kind, MESSAGE_ACTION);
	ck_assert_uint_eq(m.author, 6);
	ck_assert_uint_eq(m.to, 7);
	ck_assert(str_eq(m.via, STR("udp")));
	ck_assert(str_eq(m.nick, STR("bob")));
	ck_assert(str_eq(m.text, STR("hello")));
	room_free(r);
}
END_TEST

START_TEST(numbers_are_dense_while_the_oldest_go)
{
	struct room *r = room_new("lobby", 9, 3, 1000);
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
	uint64_t first; /* after it was appended, with `udp` and no nick */
} bytes_cases[] = {
	{ "1234", 1 },
	{ "123456", 1 }, /* 16 bytes in all, and 16 may be kept */
	{ "1", 2 },
	{ "123456789", 3 },
	{ "", 4 },
	{ "12345678901234567890", 6 }, /* too much by itself, but the newest */
	{ "", 7 },
};

START_TEST(bytes_are_bounded)
{
	struct room *r = room_new("lobby", 9, 100, 16);

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

START_TEST(names_count_as_bytes)
{
	struct message m = { .via = STR("net"),
		.nick = STR("b"),
		.to_nick = STR("carol"),
		.text = STR("x") };
	struct room *r = room_new("lobby", 9, 100, 10);

	append(r, "ann", "hell"); /* and three bytes of the transport */
	expect(r, 1, 1, 1);
	append(r, "", "");
	expect(r, 2, 2, 2);
	room_append(r, &m);
	room_commit(r, 3);
	expect(r, 3, 3, 3);
	room_free(r);
}
END_TEST

START_TEST(own_message_can_be_appended_again)
{
	struct room *r = room_new("lobby", 9, 1, 10);
	struct message m;

	append(r, "bob", "hello");
	ck_assert_int_eq(room_get(r, 1, &m), 0);
	ck_assert_uint_eq(room_append(r, &m), 2);
	room_commit(r, 2);
	ck_assert_int_eq(room_get(r, 2, &m), 0);
	ck_assert(str_eq(m.nick, STR("bob")));
	ck_assert(str_eq(m.text, STR("hello")));
	room_free(r);
}
END_TEST

START_TEST(longest_name_and_topic)
{
	char name[CHAT_ROOM_MAX + 1] = "", topic[CHAT_TOPIC_MAX + 2];
	struct room *r;

	memset(name, 'n', CHAT_ROOM_MAX);
	r = room_new(name, UINT64_MAX, 1, 0);
	ck_assert_str_eq(room_name(r), name);
	ck_assert_uint_eq(room_id(r), UINT64_MAX);
	memset(topic, 't', sizeof(topic));
	room_set_topic(r, (struct str){ topic, CHAT_TOPIC_MAX });
	ck_assert_uint_eq(strlen(room_topic(r)), CHAT_TOPIC_MAX);
	room_set_topic(r, (struct str){ topic, CHAT_TOPIC_MAX + 1 });
	ck_assert_uint_eq(strlen(room_topic(r)), CHAT_TOPIC_MAX);
	memcpy(topic + CHAT_TOPIC_MAX - 1, "\xc3\xa4", 2);
	room_set_topic(r, (struct str){ topic, CHAT_TOPIC_MAX + 1 });
	ck_assert_uint_eq(strlen(room_topic(r)), CHAT_TOPIC_MAX - 1);
	room_set_topic(r, STR("tea"));
	ck_assert_str_eq(room_topic(r), "tea");
	room_set_topic(r, STR(""));
	ck_assert_str_eq(room_topic(r), "");
	room_free(r);
}
END_TEST

START_TEST(message_is_seen_once_committed)
{
	struct room *r = room_new("lobby", 9, 3, 100);
	struct message m = { .text = STR("x") };

	ck_assert_uint_eq(room_append(r, &m), 1);
	ck_assert_uint_eq(room_append(r, &m), 2);
	expect(r, 1, 0, 2);
	ck_assert_int_eq(room_get(r, 1, &m), -1);
	room_commit(r, 1);
	expect(r, 1, 1, 2);
	ck_assert_int_eq(room_get(r, 1, &m), 0);
	ck_assert_int_eq(room_get(r, 2, &m), -1);
	room_commit(r, 2);
	ck_assert_int_eq(room_get(r, 2, &m), 0);
	room_free(r);
}
END_TEST

START_TEST(retracted_message_was_never_there)
{
	struct room *r = room_new("lobby", 9, 3, 10);
	struct message m = { .text = STR("gone") };

	room_append(r, &m);
	room_retract(r);
	expect(r, 1, 0, 0);
	ck_assert_uint_eq(append(r, "", "1"), 1);
	room_append(r, &m);
	room_retract(r);
	expect(r, 1, 1, 1);
	/* Its bytes do not count either. */
	ck_assert_uint_eq(append(r, "", "2"), 2);
	expect(r, 1, 2, 2);
	ck_assert_int_eq(room_get(r, 2, &m), 0);
	ck_assert(str_eq(m.text, STR("2")));
	room_free(r);
}
END_TEST

/* The oldest may have given way; what is kept is consistent. */
START_TEST(retracting_from_a_full_room)
{
	struct room *r = room_new("lobby", 9, 1, 10);
	struct message m = { .text = STR("gone") };

	append(r, "", "1");
	for (int i = 0; i < 3; i++) {
		room_append(r, &m);
		room_retract(r);
		expect(r, 2, 1, 1);
	}
	ck_assert_int_eq(room_get(r, 1, &m), -1);
	ck_assert_uint_eq(append(r, "", "2"), 2);
	expect(r, 2, 2, 2);
	room_free(r);
}
END_TEST

START_TEST(uncommitted_may_push_out_everything)
{
	struct room *r = room_new("lobby", 9, 2, 100);
	struct message m = { .text = STR("x") };

	append(r, "", "1");
	for (int i = 0; i < 5; i++)
		room_append(r, &m);
	for (uint64_t seq = 0; seq < 8; seq++)
		ck_assert_int_eq(room_get(r, seq, &m), -1);
	expect(r, 2, 1, 6);
	room_commit(r, 3);
	expect(r, 4, 3, 6);
	ck_assert_int_eq(room_get(r, 3, &m), -1);
	room_commit(r, 5);
	ck_assert_int_eq(room_get(r, 5, &m), 0);
	ck_assert_int_eq(room_get(r, 6, &m), -1);
	room_commit(r, 6);
	expect(r, 5, 6, 6);
	room_free(r);
}
END_TEST

/* Numbers put back into a room that keeps three, and the oldest after. */
static const struct {
	uint64_t seqs[6];
	uint64_t first, last;
} restored[] = {
	{ { 1, 2 }, 1, 2 },
	{ { 7 }, 7, 7 },
	{ { 7, 8, 9, 10 }, 8, 10 },
	{ { 3, 4, 9, 10 }, 9, 10 }, /* what is before a gap is forgotten */
	{ { 1, 2, 3, 4, 6 }, 6, 6 },
	{ { 3, 1000000000000 }, 1000000000000, 1000000000000 },
};

START_TEST(messages_are_put_back)
{
	struct room *r = room_new("lobby", 9, 3, 100);
	uint64_t first = restored[_i].first, last = restored[_i].last;
	struct message m = { .time = 5, .author = 6, .text = STR("old") };

	for (const uint64_t *seq = restored[_i].seqs; *seq != 0; seq++) {
		m.seq = *seq;
		ck_assert_int_eq(room_restore(r, &m), 0);
		ck_assert_uint_eq(room_last(r), *seq);
	}
	ck_assert_uint_eq(room_first(r), first);
	ck_assert_uint_eq(room_last(r), last);
	ck_assert_uint_eq(room_appended(r), last);
	ck_assert_int_eq(room_get(r, first - 1, &m), -1);
	for (uint64_t seq = first; seq <= last; seq++) {
		ck_assert_int_eq(room_get(r, seq, &m), 0);
		ck_assert_uint_eq(m.seq, seq);
		ck_assert_int_eq(m.time, 5);
		ck_assert_uint_eq(m.author, 6);
		ck_assert(str_eq(m.text, STR("old")));
	}
	ck_assert_uint_eq(append(r, "", "new"), last + 1);
	ck_assert_uint_eq(room_last(r), last + 1);
	room_free(r);
}
END_TEST

START_TEST(a_gap_frees_the_bytes_too)
{
	struct room *r = room_new("lobby", 9, 100, 10);
	struct message m = { .seq = 1, .text = STR("12345678") };

	room_restore(r, &m);
	m.seq = 5;
	m.text = STR("1");
	room_restore(r, &m);
	m.seq = 6;
	m.text = STR("123456789");
	room_restore(r, &m);
	expect(r, 5, 6, 6);
	room_free(r);
}
END_TEST

#define ANN 10
#define BOB 11
#define EVE 12

/* What Ann said. */
static const struct {
	uint64_t to, reader;
	bool is_operator, reads;
} readers[] = {
	{ TO_ALL, ANN, false, true },
	{ TO_ALL, EVE, false, true },
	{ TO_ALL, EVE, true, true },
	{ TO_ALL, 0, false, true },
	{ TO_OPERATORS, ANN, false, true },
	{ TO_OPERATORS, EVE, false, false },
	{ TO_OPERATORS, EVE, true, true },
	{ TO_OPERATORS, 0, false, false },
	{ BOB, ANN, false, true },
	{ BOB, BOB, false, true },
	{ BOB, EVE, false, false },
	{ BOB, EVE, true, false }, /* operators read no letters */
	{ BOB, 0, false, false },
	{ ANN, ANN, false, true },
	{ ANN, BOB, true, false },
};

START_TEST(who_reads_what)
{
	struct message m = { .author = ANN, .to = readers[_i].to };

	ck_assert_int_eq(
	    message_is_for(&m, readers[_i].reader, readers[_i].is_operator),
	    readers[_i].reads);
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
	tcase_add_test(tc, names_count_as_bytes);
	tcase_add_test(tc, own_message_can_be_appended_again);
	tcase_add_test(tc, longest_name_and_topic);
	tcase_add_test(tc, message_is_seen_once_committed);
	tcase_add_test(tc, retracted_message_was_never_there);
	tcase_add_test(tc, retracting_from_a_full_room);
	tcase_add_test(tc, uncommitted_may_push_out_everything);
	tcase_add_loop_test(tc, messages_are_put_back, 0, CASES(restored));
	tcase_add_test(tc, a_gap_frees_the_bytes_too);
	tcase_add_loop_test(tc, who_reads_what, 0, CASES(readers));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(room_suite());
}
