#include "http/format.h"

#include <string.h>

#include "tests/run.h"

static const struct {
	int status;
	struct str reason;
} reasons[] = {
	{ 200, STR("OK") },
	{ 301, STR("Moved Permanently") },
	{ 400, STR("Bad Request") },
	{ 404, STR("Not Found") },
	{ 405, STR("Method Not Allowed") },
	{ 408, STR("Request Timeout") },
	{ 413, STR("Content Too Large") },
	{ 414, STR("URI Too Long") },
	{ 417, STR("Expectation Failed") },
	{ 431, STR("Request Header Fields Too Large") },
	{ 501, STR("Not Implemented") },
	{ 503, STR("Service Unavailable") },
	{ 505, STR("HTTP Version Not Supported") },
	{ 299, STR("Unknown") },
	{ 0, STR("Unknown") },
};

START_TEST(reason)
{
	ck_assert(str_eq(http_reason(reasons[_i].status), reasons[_i].reason));
}
END_TEST

START_TEST(no_content)
{
	ck_assert(http_has_no_content(100));
	ck_assert(http_has_no_content(204));
	ck_assert(http_has_no_content(304));
	ck_assert(!http_has_no_content(200));
	ck_assert(!http_has_no_content(206));
	ck_assert(!http_has_no_content(404));
}
END_TEST

static const struct {
	struct http_head head;
	const char *text;
} heads[] = {
	{ { .status = 200,
	      .date = STR("DATE"),
	      .type = STR("a/b"),
	      .content_length = 18446744073709551615u,
	      .fields = STR("A: b\r\nC: d\r\n"),
	      .connection = STR("close") },
	    "HTTP/1.1 200 OK\r\nDate: DATE\r\nContent-Type: a/b\r\n"
	    "Content-Length: 18446744073709551615\r\nA: b\r\nC: d\r\n"
	    "Connection: close\r\n\r\n" },
	{ { .status = 404 },
	    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" },
	{ { .status = 204, .content_length = 5 },
	    "HTTP/1.1 204 No Content\r\n\r\n" },
	{ { .status = 304, .type = STR("a/b") },
	    "HTTP/1.1 304 Not Modified\r\nContent-Type: a/b\r\n\r\n" },
	{ { .status = 299 },
	    "HTTP/1.1 299 Unknown\r\nContent-Length: 0\r\n\r\n" },
};

START_TEST(head)
{
	struct buf b = { 0 };

	http_head_write(&b, &heads[_i].head);
	buf_add(&b, "", 1);
	ck_assert_str_eq(buf_data(&b), heads[_i].text);
	buf_free(&b);
}
END_TEST

START_TEST(status_page)
{
	struct buf b = { 0 };

	http_status_page(&b, 404);
	buf_add(&b, "", 1);
	ck_assert_ptr_nonnull(strstr(buf_data(&b), "<h1>404 Not Found</h1>"));
	buf_free(&b);
}
END_TEST

static Suite *
format_suite(void)
{
	Suite *suite = suite_create("format");
	TCase *tc = tcase_create("format");

	tcase_add_loop_test(tc, reason, 0, CASES(reasons));
	tcase_add_test(tc, no_content);
	tcase_add_loop_test(tc, head, 0, CASES(heads));
	tcase_add_test(tc, status_page);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(format_suite());
}
