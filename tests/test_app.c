#include "site/app.h"

#include <stdio.h>
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

static char why[APP_WHY_MAX];

static void
fill_facts(void *arg, struct status_facts *f)
{
	(void)arg;
	f->model = "modelled";
	f->pid = getpid();
	f->sandbox = "off";
}

static struct app_config
config_of(const char *root)
{
	return (struct app_config){ .root = root,
		.cache_control = "",
		.udp_port = 4711,
		.facts = fill_facts };
}

static struct app *
new_app(bool has_root)
{
	struct app_config config = config_of(NULL);
	struct app *app;

	if (has_root) {
		config.root = temp_dir();
		temp_file(config.root, "a.txt", "text", 4);
	}
	app = app_new(&config, why);
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
		struct app *app = app_new(&config, why);

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

/* The chat comes before the files, where there is one; then the front page
 * leads to it. */
START_TEST(chat_first)
{
	const struct chat_config nothing = { .why = "no chat in this test" };
	const struct http_request page = { .path = STR("/chat") };
	const struct http_request other = { .path = STR("/chat.txt") };
	const struct http_request front = { .path = STR("/") };
	struct chat *chat = chat_new(&nothing);

	for (int has_chat = 0; has_chat < 2; has_chat++) {
		struct app_config config = config_of(temp_dir());
		struct http_response res = { .status = 200, .fd = -1 };
		struct app *app;

		config.chat = has_chat ? chat : NULL;
		temp_file(config.root, "chat", "mine", 4);
		temp_file(config.root, "chat.txt", "mine", 4);
		app = app_new(&config, why);
		app_answer(app, &page, &res, (struct instant){ .mono = 1 });
		ck_assert_int_eq(res.status, has_chat ? 503 : 200);
		ck_assert(has_chat || str_eq(res.body, STR("mine")));
		res = (struct http_response){ .status = 200, .fd = -1 };
		app_answer(app, &other, &res, (struct instant){ .mono = 1 });
		ck_assert(str_eq(res.body, STR("mine")));
		res = (struct http_response){ .status = 200, .fd = -1 };
		app_answer(app, &front, &res, (struct instant){ .mono = 1 });
		ck_assert(has_chat ==
		    (memmem(res.body.p, res.body.len, "\"/chat\"", 7) != NULL));
		app_free(app);
	}
	chat_free(chat);
}
END_TEST

START_TEST(index_wins)
{
	const struct http_request req = { .path = STR("/") };
	struct app_config config = config_of(temp_dir());
	struct http_response res = { .status = 200, .fd = -1 };
	struct app *app;

	temp_file(config.root, "index.html", "mine", 4);
	temp_file(config.root, "healthz", "mine", 4);
	app = app_new(&config, why);
	app_answer(app, &req, &res, (struct instant){ .mono = 1 });
	ck_assert(str_eq(res.body, STR("mine")));
	app_free(app);
}
END_TEST

/* What cannot be read at the start is told, by its name. */
static const struct {
	struct app_config config;
	const char *why;
} refused[] = {
	{ { .root = "/nonexistent" }, "/nonexistent: No such file" },
	{ { .root = "/dev/null" }, "/dev/null: Not a directory" },
	{ { .error_pages = "/nonexistent" }, "/nonexistent: No such file" },
	{ { .mime_types = "/nonexistent" }, "/nonexistent: No such file" },
	{ { .mime_types = "/" }, "/: Is a directory" },
};

START_TEST(refuse)
{
	ck_assert_ptr_null(app_new(&refused[_i].config, why));
	ck_assert_ptr_nonnull(strstr(why, refused[_i].why));
	app_free(NULL);
}
END_TEST

/* Who may see the status. */

static const struct asker {
	enum app_audience audience;
	const char *peer; /* NULL: a Unix socket */
	struct str authority;
	struct str proxy; /* the name of a field that a proxy sends */
	int status;
} askers[] = {
	{ APP_LOCAL, "127.0.0.1", STR("127.0.0.1:8080"), STR(""), 200 },
	{ APP_LOCAL, "127.0.0.1", STR("localhost"), STR(""), 200 },
	{ APP_LOCAL, "127.0.0.1", STR(""), STR(""), 200 },
	{ APP_LOCAL, "::1", STR("[::1]:8080"), STR(""), 200 },
	{ APP_LOCAL, NULL, STR("localhost"), STR(""), 200 },
	{ APP_LOCAL, "192.0.2.1", STR("127.0.0.1"), STR(""), 403 },
	{ APP_LOCAL, "127.0.0.1", STR("a.example"), STR(""), 403 },
	{ APP_LOCAL, "127.0.0.1", STR("a"), STR("Forwarded"), 403 },
	{ APP_LOCAL, NULL, STR("a"), STR("X-Forwarded-For"), 403 },
	{ APP_PUBLIC, "192.0.2.1", STR("a.example"), STR(""), 200 },
	{ APP_NOBODY, "127.0.0.1", STR("localhost"), STR(""), 404 },
};

static const struct str status_paths[] = { STR("/status"), STR("/status.js"),
	STR("/status.json"), STR("/metrics") };

static void
ask_status(struct app *app, const struct asker *who, struct str path)
{
	struct addr addr = { .port = 1 };
	struct http_request req = { .path = path, .authority = who->authority };
	struct http_response res = { .status = 200, .fd = -1 };

	if (who->peer != NULL) {
		addr_parse_ip(str_of(who->peer), addr.ip);
		req.peer = &addr;
	}
	if (who->proxy.len > 0)
		req.fields[req.nfields++] =
		    (struct http_field){ who->proxy, STR("x") };
	app_answer(app, &req, &res, (struct instant){ .mono = 1 });
	ck_assert_int_eq(res.status, who->status);
	ck_assert((res.body.len > 0) == (who->status != 404));
}

START_TEST(status)
{
	struct app_config config = config_of(NULL);
	struct app *app;

	config.status = askers[_i].audience;
	app = app_new(&config, why);
	for (int i = 0; i < CASES(status_paths); i++)
		ask_status(app, &askers[_i], status_paths[i]);
	app_free(app);
}
END_TEST

START_TEST(status_tells_facts)
{
	struct app *app = new_app(false);
	struct http_request req = { .path = STR("/status.json") };
	struct http_response res = { .status = 200, .fd = -1 };

	app_answer(app, &req, &res, (struct instant){ .mono = 1 });
	ck_assert_ptr_nonnull(memmem(res.body.p, res.body.len, "\"modelled\"",
	    sizeof("\"modelled\"") - 1));
	app_free(app);
}
END_TEST

/* What comes without TLS is sent on, with nothing added to the head. */

static const struct {
	struct str authority, path, query;
	bool is_secure, has_peer;
	int status;
	struct str fields;
} moved[] = {
	{ STR("a:1"), STR("/b%20c"), STR(""), false, true, 308,
	    STR("Location: https://a:1/b%20c\r\n") },
	{ STR("a"), STR("/b"), STR("c=d"), false, true, 308,
	    STR("Location: https://a/b?c=d\r\n") },
	{ STR("[::1]:1"), STR("*"), STR(""), false, true, 308,
	    STR("Location: https://[::1]:1/\r\n") },
	{ STR("a"), STR("/\"<"), STR("\""), false, true, 308,
	    STR("Location: https://a/%22%3C?%22\r\n") },
	{ STR("a"), STR("//b/c"), STR(""), false, true, 308,
	    STR("Location: https://a//b/c\r\n") },
	{ STR(""), STR("/b"), STR(""), false, true, 403, STR("") },
	{ STR("a"), STR("/b"), STR(""), true, true, 404, STR("") },
	{ STR("a"), STR("/b"), STR(""), false, false, 404, STR("") },
};

START_TEST(secure_only)
{
	struct app_config config = config_of(NULL);
	struct addr addr = { .port = 1 };
	struct http_request req = { .authority = moved[_i].authority,
		.path = moved[_i].path,
		.query = moved[_i].query,
		.is_secure = moved[_i].is_secure,
		.peer = moved[_i].has_peer ? &addr : NULL };
	struct http_response res = { .status = 200, .fd = -1 };
	struct app *app;

	config.secure_only = true;
	app = app_new(&config, why);
	app_answer(app, &req, &res, (struct instant){ .mono = 1 });
	ck_assert_int_eq(res.status, moved[_i].status);
	ck_assert(str_eq(res.fields, moved[_i].fields));
	app_free(app);
}
END_TEST

static void
check_type(struct app *app, struct str type)
{
	struct http_request req = { .path = STR("/a.odd") };
	struct http_response res = { .status = 200, .fd = -1 };

	app_answer(app, &req, &res, (struct instant){ .mono = 1 });
	ck_assert(str_eq(res.type, type));
}

/* Types and error pages are read anew, unless they are wrong. */
START_TEST(reload)
{
	struct app_config config = config_of(temp_dir());
	const char *dir = temp_dir();
	char types[256];
	struct app *app;

	snprintf(types, sizeof(types), "%s/types", dir);
	temp_file(config.root, "a.odd", "text", 4);
	temp_file(dir, "types", "x/one odd\n", 10);
	temp_file(dir, "404.html", "one", 3);
	config.mime_types = types;
	config.error_pages = dir;
	app = app_new(&config, why);
	ck_assert_ptr_nonnull(app);
	check_type(app, STR("x/one"));
	ck_assert(str_eq(app_error_page(app, 404), STR("one")));
	temp_file(dir, "types", "x/two odd\n", 10);
	temp_file(dir, "404.html", "two", 3);
	ck_assert_int_eq(app_reload(app, why), 0);
	check_type(app, STR("x/two"));
	ck_assert(str_eq(app_error_page(app, 404), STR("two")));
	temp_file(dir, "types", "x/three odd\n;\n", 14);
	ck_assert_int_eq(app_reload(app, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "types:2: "));
	check_type(app, STR("x/two"));
	app_free(app);
}
END_TEST

static Suite *
app_suite(void)
{
	Suite *suite = suite_create("app");
	TCase *tc = tcase_create("app");

	tcase_add_loop_test(tc, answer, 0, CASES(requests));
	tcase_add_test(tc, front_page);
	tcase_add_test(tc, chat_first);
	tcase_add_test(tc, index_wins);
	tcase_add_loop_test(tc, refuse, 0, CASES(refused));
	tcase_add_loop_test(tc, status, 0, CASES(askers));
	tcase_add_test(tc, status_tells_facts);
	tcase_add_loop_test(tc, secure_only, 0, CASES(moved));
	tcase_add_test(tc, reload);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(app_suite());
}
