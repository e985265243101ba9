#include <stdio.h>
#include <string.h>

#include "tests/crowd.h"
#include "tests/run.h"

/* Notes. */

START_TEST(notes_are_pulled)
{
	join_as(0, "");
	takes = 0;
	say(0, 1, "/away");
	say(0, 2, "/away");
	takes = ANY;
	expect(0, "");
	alive(0);
	expect(0, "STATE lobby 192.0.2.1@5000 1-0 from 0 acked 2 notes 3|");
	pull(0, true, 2, 3);
	expect(0, "NOTE 2 * you are back; NOTE 3 * you are back|");
	pull(0, true, 3, UINT64_MAX);
	expect(0, "NOTE 3 * you are back|");
	pull(0, true, 4, 5);
	expect(0, "");
}
END_TEST

START_TEST(notes_that_are_gone_are_skipped)
{
	join_as(0, "");
	for (uint32_t i = 1; i <= NATIVE_NOTES + 1; i++)
		say(0, i, "/away");
	forget(0);
	pull(0, true, 1, 3);
	expect(0, "SKIP NOTES 1-2; NOTE 3 * you are back|");
}
END_TEST

START_TEST(notes_pulled_are_bounded)
{
	char text[1001];

	memset(text, 'x', 1000);
	text[1000] = '\0';
	join_as(0, "");
	for (int i = 0; i < 20; i++)
		hub_tell(hub, hub_first(hub), "%s", text);
	forget(0);
	pull(0, true, 0, UINT64_MAX);
	ck_assert_uint_eq(boxes[0].datagrams, NATIVE_PULL_MAX);
}
END_TEST

/* A note for one in the answer to another goes to the one. */
START_TEST(note_for_another_client)
{
	join_as(0, "ada");
	join_as(1, "bob");
	say(0, 1, "/away reading");
	forget(0);
	say(1, 1, "/msg ada hello?");
	expect(1, "NOTE 2 * ada is away: reading; ACK 1|MESSAGE 1 hello?|");
	expect(0, "MESSAGE 1 hello?|");
}
END_TEST

/* Pushing. */

static void
line_of(char *text, size_t len)
{
	memset(text, 'x', len);
	text[len] = '\0';
}

START_TEST(messages_share_a_datagram_as_far_as_they_fit)
{
	char text[CHAT_TEXT_MAX + 1];
	struct path path = path_of("192.0.2.1", 0);

	join_as(0, "");
	join_as(1, "");
	line_of(text, 400);
	/* All of them between two flushes. */
	for (uint32_t i = 1; i <= 5; i++) {
		struct wire_frame frame = say_frame(i, text);

		receive_unflushed(&path, session_of(0), &frame);
	}
	forget(1);
	hub_flush(hub);
	ck_assert_uint_eq(boxes[1].datagrams, 3);
	ck_assert_uint_eq(native_stats(native)->messages_out, 10);
	line_of(text, CHAT_TEXT_MAX);
	forget(1);
	say(0, 6, text);
	ck_assert_uint_eq(boxes[1].datagrams, 1);
}
END_TEST

START_TEST(many_clients_share_a_send)
{
	for (size_t i = 0; i < 300; i++)
		join_as(i, "");
	calls = 0;
	say(0, 1, "hello, all");
	/* The ACK, and 128 + 128 + 44. */
	ck_assert_uint_eq(calls, 4);
	for (size_t i = 1; i < 300; i++)
		expect(i, "MESSAGE 1 hello, all|");
}
END_TEST

START_TEST(private_line_is_read_by_two)
{
	join_as(0, "ada");
	join_as(1, "bob");
	join_as(2, "eve");
	say(0, 1, "/msg bob a secret");
	expect(0, "ACK 1|MESSAGE 1 a secret|");
	expect(1, "MESSAGE 1 a secret|");
	expect(2, "SKIP 1-1|");
	/* The same when it is pulled. */
	say(0, 2, "no secret");
	for (size_t port = 0; port < 3; port++) {
		forget(port);
		pull(port, false, 1, 2);
	}
	expect(0, "MESSAGE 1 a secret; MESSAGE 2 no secret|");
	expect(1, "MESSAGE 1 a secret; MESSAGE 2 no secret|");
	expect(2, "SKIP 1-1; MESSAGE 2 no secret|");
}
END_TEST

START_TEST(question_is_read_by_operators)
{
	char line[64];

	join_as(0, "ada");
	join_as(1, "bob");
	join_as(2, "eve");
	snprintf(line, sizeof(line), "/op %s",
	    hub_operator_code(hub, clock_shows()));
	say(1, 1, line);
	for (size_t i = 0; i < 3; i++)
		forget(i);
	hall_rules(hub_first_hall(hub))->asks_operators = true;
	say(0, 1, "why?");
	expect(0, "ACK 1|MESSAGE 1 why?|");
	expect(1, "MESSAGE 1 why?|");
	expect(2, "SKIP 1-1|");
}
END_TEST

START_TEST(rooms_are_apart)
{
	join_as(0, "ada");
	join_as(1, "bob");
	say(1, 1, "/join attic");
	forget(1);
	expect(0, "NOTICE * bob went to another room|");
	say(0, 1, "anybody?");
	expect(1, "");
	say(1, 2, "alone");
	expect(1, "ACK 2|MESSAGE 1 alone|");
	expect(0, "ACK 1|MESSAGE 1 anybody?|");
}
END_TEST

/* It has what was said before it came, or pulls it. */
START_TEST(who_joins_before_a_push_is_left_out)
{
	struct wire_frame frame = say_frame(1, "hi");
	struct path path;

	join_as(0, "");
	get_cookie(1);
	path = path_of("192.0.2.1", 0);
	receive_unflushed(&path, session_of(0), &frame);
	path = path_of("192.0.2.1", 1);
	frame = join_frame(1);
	receive_unflushed(&path, session_of(1), &frame);
	forget(0);
	forget(1);
	hub_flush(hub);
	expect(0, "MESSAGE 1 hi|");
	expect(1, "");
}
END_TEST

START_TEST(notice_is_for_all_but_one)
{
	join_as(0, "");
	join_as(1, "");
	hub_tell_all(hub, NULL, hub_first(hub), "psst");
	expect(0, "");
	expect(1, "NOTICE * psst|");
}
END_TEST

START_TEST(what_is_not_taken_is_pulled)
{
	join_as(0, "ada");
	join_as(1, "bob");
	takes = 2; /* the ACK, and the message to one of the two */
	say(0, 1, "lost");
	takes = ANY;
	expect(0, "ACK 1|MESSAGE 1 lost|");
	expect(1, "");
	say(0, 2, "found");
	expect(1, "MESSAGE 2 found|");
	pull(1, false, 1, 1);
	expect(1, "MESSAGE 1 lost|");
	ck_assert_uint_eq(native_stats(native)->repairs, 1);
}
END_TEST

START_TEST(tails_follow_a_push)
{
	static const struct {
		int64_t after; /* milliseconds */
		const char *got;
	} steps[] = { { 0, "" }, { 199, "" }, { 1, "TAIL 1|" }, { 599, "" },
		{ 1, "TAIL 1|" }, { 2399, "" }, { 1, "TAIL 1|" } };

	join_as(0, "");
	join_as(1, "");
	say(0, 1, "hi");
	ck_assert_int_le(native_deadline(native), mono);
	forget(1);
	for (int i = 0; i < CASES(steps); i++) {
		tick(MILLIS(steps[i].after));
		ck_assert_msg(strcmp(boxes[1].got, steps[i].got) == 0,
		    "step %d: '%s'", i, boxes[1].got);
		ck_assert_int_gt(native_deadline(native), mono);
		forget(1);
	}
	ck_assert_int_gt(native_deadline(native), mono + SECONDS(50));
}
END_TEST

START_TEST(tails_start_over_with_a_newer_push)
{
	join_as(0, "");
	join_as(1, "");
	say(0, 1, "hi");
	tick(0);
	tick(MILLIS(150));
	say(0, 2, "ho");
	tick(0);
	forget(1);
	tick(MILLIS(199));
	expect(1, "");
	tick(MILLIS(1));
	expect(1, "TAIL 2|");
}
END_TEST

/* Pulling. */

START_TEST(pull_is_bounded)
{
	char text[CHAT_TEXT_MAX + 1];
	struct wire_frame twice[2];

	join_as(0, "");
	line_of(text, 700);
	for (uint32_t i = 1; i <= 20; i++)
		say(0, i, text);
	forget(0);
	pull(0, false, 1, UINT64_MAX);
	ck_assert_uint_eq(boxes[0].datagrams, NATIVE_PULL_MAX);
	ck_assert_uint_eq(native_stats(native)->repairs, NATIVE_PULL_MAX);
	/* All PULLs of a datagram together. */
	twice[0] = twice[1] = (struct wire_frame){ .type = WIRE_PULL,
		.u.range = { false, 1, 20 } };
	forget(0);
	send_as(session_of(0), 0, twice, 2);
	ck_assert_uint_eq(boxes[0].datagrams, NATIVE_PULL_MAX);
	/* What there is not, and what is no range. */
	forget(0);
	pull(0, false, 21, 30);
	pull(0, false, 5, 4);
	expect(0, "");
}
END_TEST

/* Of one client, whatever it asks for. */
START_TEST(pulls_are_bounded_in_time)
{
	join_as(0, "");
	say(0, 1, "x");
	for (int round = 0; round < 2; round++) {
		forget(0);
		for (int i = 0; i < 2 * NATIVE_PULL_BURST; i++)
			pull(0, false, i % 2, 1);
		ck_assert_uint_eq(boxes[0].datagrams, NATIVE_PULL_BURST);
		forget(0);
		tick(NATIVE_PULL_PACE);
		pull(0, false, 1, 1);
		pull(0, false, 1, 1);
		expect(0, "MESSAGE 1 x|");
		tick(SECONDS(1));
	}
}
END_TEST

START_TEST(pull_of_what_is_gone)
{
	struct hub_config config = roomy;

	config.max_messages = 3;
	crowd_restart(&config, &patient);
	join_as(0, "");
	for (uint32_t i = 1; i <= 5; i++)
		say(0, i, "x");
	forget(0);
	pull(0, false, 1, 4);
	expect(0,
	    "STATE lobby 192.0.2.1@5000 3-5 from 0 acked 5 notes 1|"
	    "MESSAGE 3 x; MESSAGE 4 x|");
	pull(0, false, 1, 2);
	expect(0, "STATE lobby 192.0.2.1@5000 3-5 from 0 acked 5 notes 1|");
}
END_TEST

/* A STATE is one of the datagrams that a PULL may cost. */
START_TEST(pulls_of_what_is_gone_are_bounded)
{
	struct wire_frame pulls[40];

	join_as(0, "");
	say(0, 1, "x");
	for (size_t i = 0; i < 40; i++)
		pulls[i] = (struct wire_frame){ .type = WIRE_PULL,
			.u.range = { false, 0, 0 } };
	forget(0);
	send_as(session_of(0), 0, pulls, 40);
	ck_assert_uint_eq(boxes[0].datagrams, NATIVE_PULL_MAX);
}
END_TEST

START_TEST(send_that_takes_nothing)
{
	join_as(0, "ada");
	takes = 0;
	say(0, 1, "hi");
	alive(0);
	pull(0, false, 1, 1);
	tick(0);
	tick(MILLIS(200));
	takes = ANY;
	expect(0, "");
	say(0, 1, "hi");
	expect(0, "ACK 1|");
	tick(SECONDS(1));
	expect(0, "TAIL 1|");
}
END_TEST

static Suite *
native_push_suite(void)
{
	Suite *s = suite_create("native_push");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, crowd_setup, crowd_teardown);
	tcase_add_test(tc, notes_are_pulled);
	tcase_add_test(tc, notes_that_are_gone_are_skipped);
	tcase_add_test(tc, notes_pulled_are_bounded);
	tcase_add_test(tc, note_for_another_client);
	tcase_add_test(tc, messages_share_a_datagram_as_far_as_they_fit);
	tcase_add_test(tc, many_clients_share_a_send);
	tcase_add_test(tc, private_line_is_read_by_two);
	tcase_add_test(tc, question_is_read_by_operators);
	tcase_add_test(tc, rooms_are_apart);
	tcase_add_test(tc, who_joins_before_a_push_is_left_out);
	tcase_add_test(tc, notice_is_for_all_but_one);
	tcase_add_test(tc, what_is_not_taken_is_pulled);
	tcase_add_test(tc, tails_follow_a_push);
	tcase_add_test(tc, tails_start_over_with_a_newer_push);
	tcase_add_test(tc, pull_is_bounded);
	tcase_add_test(tc, pulls_are_bounded_in_time);
	tcase_add_test(tc, pull_of_what_is_gone);
	tcase_add_test(tc, pulls_of_what_is_gone_are_bounded);
	tcase_add_test(tc, send_that_takes_nothing);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(native_push_suite());
}
