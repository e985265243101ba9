#include "site/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/run.h"
#include "tests/web.h"

/* Where a stream begins, after nine messages. */
static const struct {
	const char *query, *last_id;
	int status;
	unsigned first; /* number that comes; 10: none */
	bool past;
} begins[] = {
	{ "", NULL, 200, 10, false },
	{ "?past=3", NULL, 200, 7, true },
	{ "?past=1000", NULL, 200, 1, true },
	{ "?since=4", NULL, 200, 5, false },
	{ "?since=0", NULL, 200, 1, false },
	{ "?since=9&past=3", NULL, 200, 10, false },
	{ "?since=10", NULL, 200, 1, false },
	{ "?since=18446744073709551615", NULL, 200, 1, false },
	{ "?since=2", "Last-Event-ID: 8", 200, 9, false },
	{ "?past=9", "Last-Event-ID: 8", 200, 9, false },
	{ "?since=", NULL, 400, 0, false },
	{ "?since=-1", NULL, 400, 0, false },
	{ "?since=+1", NULL, 400, 0, false },
	{ "?since=0x1", NULL, 400, 0, false },
	{ "?since=18446744073709551616", NULL, 400, 0, false },
	{ "?since=000000000000000000001", NULL, 400, 0, false },
	{ "?past=x", NULL, 400, 0, false },
	{ "?since=1", "Last-Event-ID: 1\x01", 400, 0, false },
	{ "", "Last-Event-ID: one", 400, 0, false },
	{ "", "Last-Event-ID: 000000000000000000001", 400, 0, false },
};

START_TEST(begin)
{
	struct reader r;
	char target[256], id[32];
	const char *text;

	for (int i = 0; i < 9; i++)
		web_says(COOKIE_B, "text=hi");
	snprintf(target, sizeof(target), "/chat/events%s", begins[_i].query);
	ck_assert_int_eq(
	    reader_open_as(&r, target, COOKIE_A, begins[_i].last_id),
	    begins[_i].status);
	if (begins[_i].status != 200)
		return;
	text = reader_read(&r);
	for (unsigned seq = 1; seq <= 9; seq++) {
		snprintf(id, sizeof(id), "\nid: %u\n", seq);
		ck_assert(
		    (strstr(text, id) != NULL) == (seq >= begins[_i].first));
	}
	ck_assert((strstr(text, "\"past\":true") != NULL) == begins[_i].past);
	web_says(COOKIE_B, "text=new");
	has(reader_read(&r), "id: 10\n");
	has_not(buf_data(&r.got), "past");
	ck_assert_uint_eq(chat_stats(web.chat)->resumed,
	    strstr(target, "since") != NULL || begins[_i].last_id != NULL);
	reader_shut(&r);
}
END_TEST

/* A reader that does not read lags in the log, and gets all of it. */
START_TEST(lag)
{
	struct reader r;
	unsigned long seq = 0;

	reader_open(&r, "/chat/events", COOKIE_A);
	for (int i = 0; i < 2000; i++)
		web_says(
		    COOKIE_B, "text=0123456789012345678901234567890123456789");
	while (seq < 2000) {
		const char *at = reader_read(&r);

		ck_assert_uint_lt(buf_len(&r.got), 65536);
		ck_assert_ptr_nonnull(strstr(at, "id: "));
		while ((at = strstr(at, "id: ")) != NULL) {
			ck_assert_uint_eq(strtoul(at += 4, NULL, 10), ++seq);
			at = strstr(at, "\"seq\":");
			ck_assert_uint_eq(strtoul(at += 6, NULL, 10), seq);
		}
	}
	ck_assert_str_eq(reader_read(&r), "");
	reader_shut(&r);
	reader_open(&r, "/chat/events?past=1000", COOKIE_A);
	ck_assert_uint_eq(
	    strtoul(strstr(buf_data(&r.got), "id: ") + 4, NULL, 10), 1801);
	reader_shut(&r);
}
END_TEST

/* One that lags beyond the log is told so, before what comes then. */
START_TEST(missed)
{
	struct reader r;
	const char *text;

	web_teardown();
	web_start((struct hub_config){
	    .max_messages = 3, .max_bytes = 1000, .max_members = 10 });
	reader_open(&r, "/chat/events", COOKIE_A);
	for (int i = 0; i < 5; i++)
		web_says(COOKIE_B, "text=hi");
	text = strstr(reader_read(&r), "\"* 2 lines were missed\"");
	ck_assert_ptr_nonnull(text);
	has(text, "id: 3\n");
	reader_shut(&r);
}
END_TEST

/* What is told stands behind what was said before, and before the rest. */
START_TEST(notices)
{
	struct reader a, b;
	const char *text;

	reader_open(&a, "/chat/events?nick=ann", COOKIE_A);
	reader_open(&b, "/chat/events?nick=bob", COOKIE_B);
	web_says(COOKIE_B, "text=first");
	web_post(COOKIE_B, "text=/nick+bert");
	ck_assert_int_eq(web.status, 200);
	web_says(COOKIE_B, "text=second");
	text = strstr(reader_read(&a), "first");
	ck_assert_ptr_nonnull(text);
	text = strstr(text, "event: notice\ndata: {\"text\":\"* bob is now");
	ck_assert_ptr_nonnull(text);
	has(text, "second");
	web_post(COOKIE_A, "text=/who");
	ck_assert_str_eq(web.body, "{\"told\":[]}");
	has(reader_read(&a), "{\"text\":\"* here: ");
	has_not(reader_read(&b), "here: ");
	for (int i = 0; i < 100; i++)
		web_post(COOKIE_A, "text=/help");
	has(reader_read(&a), " lines were told, and lost\"}");
	ck_assert_uint_lt(buf_len(&a.got), 65536);
	reader_shut(&a);
	reader_shut(&b);
}
END_TEST

/* Who is removed, and who leaves, is told so, and the stream ends. */
START_TEST(bye)
{
	struct reader a, b, c;
	const char *text;

	reader_open(&a, "/chat/events?nick=ann", COOKIE_A);
	reader_open(&b, "/chat/events?nick=bob", COOKIE_B);
	reader_open(&c, "/chat/events", COOKIE_B);
	web_post(COOKIE_B, "text=/quit");
	ck_assert_int_eq(web.status, 200);
	ck_assert_int_gt(b.wakes, 0);
	has(reader_read_to(&b, false),
	    "event: bye\ndata: {\"text\":\"you left\"}\n\n");
	has(reader_read_to(&c, false), "event: bye\n");
	text = strstr(reader_read(&a), "* bob left (quit)");
	ck_assert_ptr_nonnull(text);
	has_not(text + 1, "* bob left");
	web_post_bytes("/chat/messages", NULL, FORM, STR("text=/quit"));
	ck_assert_int_eq(web.status, 200);
	hub_remove(web.hub, hub_find(web.hub, STR("ann"), web.now), "spam");
	ck_assert_int_gt(a.wakes, 0);
	has(reader_read_to(&a, false),
	    "event: bye\ndata: {\"text\":\"you were removed (spam)\"}\n\n");
	reader_shut(&a);
	reader_shut(&b);
	reader_shut(&c);
}
END_TEST

START_TEST(moves)
{
	struct reader a, b;
	const char *text;

	for (int i = 0; i < 3; i++)
		web_says(COOKIE_B, "text=hi");
	reader_open(&a, "/chat/events?past=5", COOKIE_A);
	reader_open(&b, "/chat/events?room=other", COOKIE_B);
	web_says(COOKIE_B, "text=before&room=other");
	web_post(COOKIE_A, "text=/join+other");
	ck_assert_int_eq(web.status, 200);
	ck_assert_int_gt(a.wakes, 0);
	web_says(COOKIE_B, "text=after&room=other");
	text = reader_read(&a);
	has(text, "event: room\ndata: {\"room\":\"other\"");
	has(text, "event: members\n");
	has(text, "id: 2\n");
	has_not(text, "before");
	has_not(text, "past");
	reader_shut(&a);
	reader_shut(&b);
}
END_TEST

/* A comment when nothing else came; who is here and the rooms not too often. */
START_TEST(times)
{
	struct reader a, b;
	int64_t began = web.now.mono;

	reader_open(&a, "/chat/events", COOKIE_A);
	ck_assert_int_gt(a.stream.deadline(a.stream.arg), web.now.mono);
	reader_open(&b, "/chat/events?room=other", COOKIE_B);
	ck_assert_str_eq(reader_read(&a), "");
	web.now.mono = began + SECONDS(3);
	ck_assert_int_le(a.stream.deadline(a.stream.arg), web.now.mono);
	has(reader_read(&a), "{\"room\":\"other\",\"members\":1");
	ck_assert_int_gt(a.stream.deadline(a.stream.arg), web.now.mono);
	reader_shut(&b);
	reader_open(&b, "/chat/events", COOKIE_B);
	ck_assert_int_gt(a.wakes, 0);
	has(reader_read(&a), "event: members\n");
	reader_shut(&b);
	ck_assert_int_gt(a.wakes, 0);
	ck_assert_str_eq(reader_read(&a), "");
	ck_assert_int_eq(
	    a.stream.deadline(a.stream.arg), web.now.mono + SECONDS(1));
	web.now.mono += SECONDS(1);
	has(reader_read(&a), "event: members\n");
	web.now.mono += SECONDS(3);
	reader_read(&a);
	web.now.mono += CHAT_HEARTBEAT - 1;
	ck_assert_str_eq(reader_read(&a), "");
	web.now.mono++;
	ck_assert_int_le(a.stream.deadline(a.stream.arg), web.now.mono);
	ck_assert_str_eq(reader_read(&a), ":\n\n");
	reader_shut(&a);
}
END_TEST

START_TEST(rooms_and_topics)
{
	struct reader a, b;

	reader_open(&a, "/chat/events?room=other", COOKIE_A);
	reader_open(&b, "/chat/events", COOKIE_B);
	web.now.mono += SECONDS(3);
	has(reader_read(&a), "event: rooms\n");
	web_says(COOKIE_A, "text=hi&room=other");
	web.now.mono += SECONDS(3);
	has(reader_read(&b), "event: rooms\n");
	has_not(reader_read(&a), "event: rooms\n");
	hub_set_topic(
	    web.hub, hub_hall(web.hub, STR("other")), STR("\"what\""));
	has(reader_read(&a), "\"topic\":\"\\\"what\\\"\",\"kept\":false");
	ck_assert_str_eq(reader_read(&b), "");
	web.now.mono += SECONDS(3);
	has(reader_read(&b), "\"topic\":\"\\\"what\\\"\"}]}");
	reader_shut(&a);
	reader_shut(&b);
}
END_TEST

/* Numbers are of a room: what is kept of one is not shown in another. */
START_TEST(many_rooms)
{
	struct reader readers[60];
	char text[64];

	for (int i = 0; i < CASES(readers); i++) {
		snprintf(text, sizeof(text), "/chat/events?room=r%d", i);
		reader_open(&readers[i], text, COOKIE_A);
		snprintf(text, sizeof(text), "text=hi&room=r%d", i);
		web_says(COOKIE_A, text);
		snprintf(
		    text, sizeof(text), "id: 1\ndata: {\"room\":\"r%d\",", i);
		has(reader_read(&readers[i]), text);
	}
	for (int i = 0; i < CASES(readers); i++)
		reader_shut(&readers[i]);
}
END_TEST

/* Who is here: each person once, with what they are and do. */
START_TEST(members)
{
	struct reader a, b, c;
	const char *text;

	reader_open(&a, "/chat/events?nick=ann", COOKIE_A);
	reader_open(&b, "/chat/events?nick=bob", COOKIE_B);
	reader_open(&c, "/chat/events", COOKIE_B);
	web_post(COOKIE_A, "text=/away+lunch");
	web_post_bytes(
	    "/chat/messages", COOKIE_B, PLAIN, str_of(web_op_line()));
	ck_assert_int_eq(web.status, 200);
	web.now.mono += SECONDS(1);
	has(reader_read(&a),
	    "{\"members\":[{\"nick\":\"ann\",\"via\":\"http\","
	    "\"away\":\"lunch\",\"you\":true},{\"nick\":\"bob\","
	    "\"via\":\"http\",\"operator\":true}]}\n\n");
	has(buf_data(&a.got), "\"away\":\"lunch\",\"first\":1");
	has(reader_read(&b), "\"operator\":true,\"away\":\"\",\"first\"");
	has(buf_data(&b.got),
	    "\"away\":\"lunch\"},{\"nick\":\"bob\",\"via\":\"http\","
	    "\"operator\":true,\"you\":true}]}\n\n");
	has(reader_read(&c), "\"operator\":true,\"you\":true}]}\n\n");
	hall_rules(hub_first_hall(web.hub))->asks_operators = true;
	web_says(NULL, "text=why");
	text = reader_read(&b);
	has(text, "\"kind\":\"say\",\"to\":\"operators\"}");
	has(text, "\"questions\":true");
	has_not(reader_read(&a), "why");
	reader_shut(&a);
	reader_shut(&b);
	reader_shut(&c);
}
END_TEST

/* Who is only there to say a line is no news of who is here. */
START_TEST(members_of_a_moment)
{
	struct reader a;

	reader_open(&a, "/chat/events", COOKIE_A);
	web_says(NULL, "text=hi&nick=bob");
	web.now.mono += SECONDS(1);
	has(reader_read(&a), "\"text\":\"hi\"");
	has_not(buf_data(&a.got), "event: members");
	reader_shut(&a);
}
END_TEST

/* One that was removed is no member any more, though it is not read. */
START_TEST(count_is_of_members)
{
	struct reader a;

	reader_open(&a, "/chat/events", COOKIE_A);
	ck_assert_uint_eq(chat_streams(web.chat), 1);
	hub_remove(web.hub, hub_first(web.hub), "kicked");
	ck_assert_uint_eq(chat_streams(web.chat), 0);
	reader_shut(&a);
	ck_assert_uint_eq(chat_streams(web.chat), 0);
}
END_TEST

static Suite *
chat_stream_suite(void)
{
	Suite *suite = suite_create("chat_stream");
	TCase *tc = tcase_create("chat_stream");

	tcase_add_checked_fixture(tc, web_setup, web_teardown);
	tcase_add_loop_test(tc, begin, 0, CASES(begins));
	tcase_add_test(tc, lag);
	tcase_add_test(tc, missed);
	tcase_add_test(tc, notices);
	tcase_add_test(tc, bye);
	tcase_add_test(tc, moves);
	tcase_add_test(tc, times);
	tcase_add_test(tc, rooms_and_topics);
	tcase_add_test(tc, many_rooms);
	tcase_add_test(tc, members);
	tcase_add_test(tc, members_of_a_moment);
	tcase_add_test(tc, count_is_of_members);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(chat_stream_suite());
}
