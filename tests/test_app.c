#include "site/app.h"

#include <string.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

static const struct {
	enum http_method method;
	struct str path;
	bool has_root; /* with a file a.txt and no index.html */
	int status;
	const char *content; /* stands in it */
} requests[] = {
	{ HTTP_GET, STR("/"), false, 200, "chatd is running" },
	{ HTTP_HEAD, STR("/"), false, 200, "chatd is running" },
	{ HTTP_GET, STR("/"), true, 200, "chatd is running" },
	{ HTTP_GET, STR("/a.txt"), true, 200, "text" },
	{ HTTP_HEAD, STR("/a.txt"), true, 200, "text" },
	{ HTTP_GET, STR("/a.txt"), false, 404, "" },
	{ HTTP_GET, STR("/none"), true, 404, "" },
	{ HTTP_GET, STR("/%00"), true, 400, "" },
	{ HTTP_GET, STR("/healthz"), false, 200, "ok\n" },
	{ HTTP_GET, STR("/healthz"), true, 200, "ok\n" },
	{ HTTP_OPTIONS, STR("*"), true, 204, "" },
	{ HTTP_OPTIONS, STR("/a.txt"), true, 204, "" },
	{ HTTP_POST, STR("/a.txt"), true, 405, "" },
	{ HTTP_POST, STR("/healthz"), true, 405, "" },
	{ HTTP_PUT, STR("/a.txt"), true, 405, "" },
	{ HTTP_DELETE, STR("/a.txt"), true, 405, "" },
	{ HTTP_PATCH, STR("/a.txt"), true, 405, "" },
	{ HTTP_TRACE, STR("/"), true, 405, "" },
	{ HTTP_CONNECT, STR("/"), true, 405, "" },
};

static struct app *
new_app(bool has_root)
{
	struct app_config config = { .udp_port = 4711 };
	struct app *app;

	if (has_root) {
		config.root = temp_dir();
		temp_file(config.root, "a.txt", "text", 4);
	}
	app = app_new(&config);
	ck_assert_ptr_nonnull(app);
	return app;
}

START_TEST(answer)
{
	const struct http_request req = { .method = requests[_i].method,
		.minor = 1,
		.path = requests[_i].path,
		.query = STR("") };
	struct http_response res = { .status = 200, .fd = -1 };
	struct app *app = new_app(requests[_i].has_root);
	bool allows;
	char content[4096];

	app_answer(app, &req, &res, (struct instant){ .mono = 1 });
	ck_assert_int_eq(res.status, requests[_i].status);
	ck_assert_int_eq(res.fd, -1);
	ck_assert_uint_lt(res.body.len, sizeof(content));
	memcpy(content, res.body.p != NULL ? res.body.p : "", res.body.len);
	content[res.body.len] = '\0';
	ck_assert_ptr_nonnull(strstr(content, requests[_i].content));
	allows = res.status == 204 || res.status == 405;
	ck_assert(
	    allows == str_eq(res.fields, STR("Allow: GET, HEAD, OPTIONS\r\n")));
	app_free(app);
}
END_TEST

/* The front page tells the port of the chat, unless there is none. */
START_TEST(front_page)
{
	const struct http_request req = { .path = STR("/") };

	for (int port = 0; port <= 4711; port += 4711) {
		struct app_config config = { .udp_port = port };
		struct http_response res = { .status = 200, .fd = -1 };
		struct app *app = app_new(&config);

		app_answer(app, &req, &res, (struct instant){ .mono = 1 });
		ck_assert_int_eq(res.status, 200);
		ck_assert((memmem(res.body.p, res.body.len, "4711", 4) !=
			      NULL) == (port != 0));
		ck_assert(
		    (memmem(res.body.p, res.body.len, "chat", 4)) != NULL);
		app_free(app);
	}
}
END_TEST

START_TEST(index_wins)
{
	const struct http_request req = { .path = STR("/") };
	struct app_config config = { .root = temp_dir() };
	struct http_response res = { .status = 200, .fd = -1 };
	struct app *app;

	temp_file(config.root, "index.html", "mine", 4);
	temp_file(config.root, "healthz", "mine", 4);
	app = app_new(&config);
	app_answer(app, &req, &res, (struct instant){ .mono = 1 });
	ck_assert(str_eq(res.body, STR("mine")));
	app_free(app);
}
END_TEST

START_TEST(no_root)
{
	struct app_config config = { .root = "/nonexistent" };

	ck_assert_ptr_null(app_new(&config));
	app_free(NULL);
}
END_TEST

static Suite *
app_suite(void)
{
	Suite *suite = suite_create("app");
	TCase *tc = tcase_create("app");

	tcase_add_loop_test(tc, answer, 0, CASES(requests));
	tcase_add_test(tc, front_page);
	tcase_add_test(tc, index_wins);
	tcase_add_test(tc, no_root);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(app_suite());
}
