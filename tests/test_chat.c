#include "site/chat.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tests/hostile.h"
#include "tests/run.h"
#include "tests/site.h"
#include "tests/web.h"

/* What each path answers to whom. */
static const struct {
	enum http_method method;
	const char *path;
	int status;
	const char *field; /* stands among those of the answer */
} routes[] = {
	{ HTTP_GET, "/chat", 200, "frame-ancestors 'none'\r\n" },
	{ HTTP_HEAD, "/chat", 200, "Referrer-Policy: no-referrer\r\n" },
	{ HTTP_GET, "/chat/", 308, "Location: /chat\r\n" },
	{ HTTP_GET, "/chat/page.css", 200, "nosniff" },
	{ HTTP_GET, "/chat/page.js", 200, "nosniff" },
	{ HTTP_GET, "/chat/page.js", 200, "Cache-Control: no-cache\r\n" },
	{ HTTP_GET, "/chat/link.js", 200, "nosniff" },
	{ HTTP_GET, "/chat/link.js", 200, "Cache-Control: no-cache\r\n" },
	{ HTTP_POST, "/chat/link.js", 405, "Allow: GET, HEAD, OPTIONS\r\n" },
	{ HTTP_GET, "/chat/rooms", 200, "Cache-Control: no-store\r\n" },
	{ HTTP_HEAD, "/chat/events", 200, "X-Accel-Buffering: no\r\n" },
	{ HTTP_GET, "/chat/events?since=x", 400, "no-store" },
	{ HTTP_GET, "/chat/messages", 405, "Allow: POST, OPTIONS\r\n" },
	{ HTTP_HEAD, "/chat/messages", 405, "Allow: POST, OPTIONS\r\n" },
	{ HTTP_PUT, "/chat/messages", 405, "Allow: POST, OPTIONS\r\n" },
	{ HTTP_OPTIONS, "/chat/messages", 204, "Allow: POST, OPTIONS\r\n" },
	{ HTTP_POST, "/chat", 405, "Allow: GET, HEAD, OPTIONS\r\n" },
	{ HTTP_POST, "/chat/events", 405, "Allow: GET, HEAD, OPTIONS\r\n" },
	{ HTTP_OPTIONS, "/chat", 204, "Allow: GET, HEAD, OPTIONS\r\n" },
};

START_TEST(route)
{
	int wakes = 0;
	struct http_request req =
	    web_request(routes[_i].method, routes[_i].path, NULL, NULL, &wakes);
	struct http_response res = web_ask(&req);

	ck_assert_int_eq(res.status, routes[_i].status);
	web_keep(&res);
	has(web.fields, routes[_i].field);
	has_not(web.fields, "Access-Control");
	if (res.stream.fill != NULL)
		res.stream.gone(res.stream.arg);
}
END_TEST

/* A script is there, and so is each that it imports: none imports itself. */
static void
assert_imports(const char *path, int depth)
{
	static const char import[] = "from \"./", tail[] = "\"";
	int wakes;
	struct http_request req =
	    web_request(HTTP_GET, path, NULL, NULL, &wakes);
	struct http_response res = web_ask(&req);
	char next[64];

	ck_assert_int_lt(depth, 10);
	ck_assert_msg(res.status == 200 &&
		str_eq(res.type, STR("text/javascript; charset=utf-8")),
	    "%s: %d", path, res.status);
	for (const char *s = res.body.p; (s = strstr(s, import)) != NULL;) {
		s += strlen(import);
		snprintf(
		    next, sizeof(next), "/chat/%.*s", (int)strcspn(s, tail), s);
		assert_imports(next, depth + 1);
	}
}

START_TEST(script_imports)
{
	assert_imports("/chat/page.js", 0);
}
END_TEST

/* Other paths are not the chat's; without a hub it says why it is not there. */
START_TEST(elsewhere)
{
	static const struct chat_config off = { .why = "it is switched off" };
	struct chat *none = chat_new(&off);
	struct http_response res = { .status = 200, .fd = -1 };
	struct http_request req;
	int wakes;

	req = web_request(HTTP_GET, "/chats", NULL, NULL, &wakes);
	ck_assert(!chat_answer(web.chat, &req, &res, web.now));
	req = web_request(HTTP_GET, "/chat/events", NULL, NULL, &wakes);
	ck_assert(chat_answer(none, &req, &res, web.now));
	web_keep(&res);
	ck_assert_int_eq(web.status, 503);
	has(web.body, "it is switched off");
	has(web.fields, "Retry-After: ");
	ck_assert_uint_eq(chat_streams(none), 0);
	chat_free(none);
}
END_TEST

/* The page gives a cookie to who has none, a new one to each. */
START_TEST(gives_cookie)
{
	char first[256];
	int wakes;
	struct http_request req =
	    web_request(HTTP_GET, "/chat", NULL, NULL, &wakes);
	struct http_response res = web_ask(&req);

	ck_assert_str_ne(field_of(&res, "Set-Cookie"), "");
	strcpy(first, field_of(&res, "Set-Cookie"));
	ck_assert_uint_eq(strspn(first + 6, "0123456789abcdef"), 32);
	ck_assert_str_eq(first + 38,
	    "; HttpOnly; SameSite=Lax; Path=/chat; Max-Age=31536000");
	req.is_secure = true;
	res = web_ask(&req);
	has(field_of(&res, "Set-Cookie"), "; Secure");
	ck_assert_mem_ne(first, field_of(&res, "Set-Cookie"), 38);
	req = web_request(HTTP_GET, "/chat", COOKIE_B, NULL, &wakes);
	res = web_ask(&req);
	ck_assert_str_eq(field_of(&res, "Set-Cookie"), "");
	req = web_request(HTTP_GET, "/chat", "Cookie: chatd=12", NULL, &wakes);
	res = web_ask(&req);
	ck_assert_str_ne(field_of(&res, "Set-Cookie"), "");
}
END_TEST

/* Who may read and speak: pages of this server, asked by its own name. */
static const struct {
	const char *authority, *origin, *site;
	bool is_secure, is_unix;
	bool may;
} callers[] = {
	{ "127.0.0.1:8080", "", "", false, false, true },
	{ "127.0.0.1:8080", "Origin: http://127.0.0.1:8080", "", false, false,
	    true },
	{ "127.0.0.1:8080", "", "Sec-Fetch-Site: same-origin", false, false,
	    true },
	{ "127.0.0.1:8080", "", "Sec-Fetch-Site: none", false, false, true },
	{ "127.0.0.1:8080", "", "Sec-Fetch-Site: cross-site", false, false,
	    false },
	{ "127.0.0.1:8080", "", "Sec-Fetch-Site: same-site", false, false,
	    false },
	{ "127.0.0.1:8080", "Origin: null", "", false, false, false },
	{ "127.0.0.1:8080", "Origin: http://evil.example", "", false, false,
	    false },
	{ "127.0.0.1:8080", "Origin: https://127.0.0.1:8080", "", false, false,
	    false },
	{ "127.0.0.1:8080", "Origin: http://127.0.0.1", "", false, false,
	    false },
	{ "[::1]:8080", "", "", false, false, true },
	{ "localhost:8080", "", "", false, false, true },
	{ "desk", "", "", false, false, true },
	{ "desk.local", "", "", false, false, true },
	{ "desk.LAN.", "", "", false, false, true },
	{ "desk.internal:80", "", "", false, false, true },
	{ "desk.home.arpa", "", "", false, false, true },
	{ "Chat.Example.org:8080", "", "", false, false, true },
	{ "chat.example.com", "", "", false, false, false },
	{ "evil.example", "Origin: http://evil.example", "", false, false,
	    false },
	{ "evillocal.example", "", "", false, false, false },
	{ ".local", "", "", false, false, false },
	{ "evil.example", "Origin: https://evil.example", "", true, false,
	    true },
	{ "evil.example", "", "", false, true, true },
	{ "evil.example", "Origin: http://other", "", false, true, false },
};

START_TEST(caller)
{
	static const char *const paths[] = { "/chat/events", "/chat/rooms",
		"/chat/messages", "/chat" };

	for (int i = 0; i < CASES(paths); i++) {
		enum http_method method = i == 2 ? HTTP_POST : HTTP_GET;
		int wakes = 0;
		struct http_request req = web_request(method, paths[i],
		    callers[_i].origin, callers[_i].site, &wakes);
		struct http_response res;
		bool may = callers[_i].may || i == 3;

		req.authority = str_of(callers[_i].authority);
		req.is_secure = callers[_i].is_secure;
		if (callers[_i].is_unix)
			req.peer = NULL;
		res = web_ask(&req);
		ck_assert_msg(res.status == (may ? 200 : 403), "%s of %s: %d",
		    paths[i], callers[_i].authority, res.status);
		if (!may)
			ck_assert_ptr_nonnull(
			    memmem(res.body.p, res.body.len, "\"error\"", 7));
		if (res.stream.fill != NULL)
			res.stream.gone(res.stream.arg);
		if (res.later.answer != NULL)
			res.later.gone(res.later.arg);
	}
}
END_TEST

/* What a stream begins with, and how a message comes to two of them. */
START_TEST(say)
{
	struct reader a, b;
	const char *text;

	ck_assert_int_eq(
	    reader_open_as(&a, "/chat/events?nick=ann", COOKIE_A, NULL), 200);
	text = reader_read(&a);
	ck_assert_int_eq(strncmp(text, "retry: 2000\n\nevent: room\n", 25), 0);
	has(text, "\ndata: {\"room\":\"lobby\",\"log\":\"");
	has(text,
	    "\"nick\":\"ann\",\"operator\":false,\"away\":\"\","
	    "\"first\":1,\"last\":0}\n\n");
	has(text,
	    "event: members\ndata: {\"members\":[{\"nick\":\"ann\","
	    "\"via\":\"http\",\"you\":true}]}\n\n");
	has(text,
	    "event: rooms\ndata: {\"rooms\":[{\"room\":\"lobby\","
	    "\"members\":1,\"last\":0,\"topic\":\"\"}]}\n\n");
	reader_open(&b, "/chat/events", COOKIE_B);
	ck_assert_uint_eq(chat_streams(web.chat), 2);
	web_says(COOKIE_A, "text=hello+there%21");
	ck_assert_str_eq(web.body, "{\"room\":\"lobby\",\"seq\":1}");
	ck_assert_int_gt(a.wakes, 0);
	ck_assert_int_gt(b.wakes, 0);
	has(reader_read(&b),
	    "id: 1\ndata: {\"room\":\"lobby\",\"seq\":1,"
	    "\"time\":1764000000000,\"nick\":\"ann\","
	    "\"via\":\"http\",\"text\":\"hello there!\","
	    "\"kind\":\"say\"}\n\n");
	has(reader_read(&a), "\"kind\":\"say\",\"own\":true}\n\n");
	ck_assert_str_eq(reader_read(&a), "");
	ck_assert_uint_eq(chat_stats(web.chat)->posts, 1);
	reader_shut(&a);
	reader_shut(&b);
}
END_TEST

/* The forms of a POST. */
static const struct {
	const char *target, *type;
	struct str body;
	int status;
	const char *expected; /* stands in the answer, or in the message */
} posts[] = {
	{ "", FORM, STR("text=a%20b+c&x=y"), 201, "\"text\":\"a b c\"" },
	{ "", "", STR("text=hi&nick=bob"), 201, "\"nick\":\"bob\"" },
	{ "", FORM, STR("text=hi&room=lobby"), 201, "\"nick\":\"127.0.0.1@" },
	{ "", FORM, STR("text=a%0D%0Ab%0Ac%0D%0A"), 201, "\"text\":\"a b c\"" },
	{ "", FORM, STR("text=%2Fme+waves"), 201, "\"kind\":\"action\"" },
	{ "", FORM, STR("text=%2F%2Fme"), 201, "\"text\":\"/me\"" },
	{ "", JSON, STR("{\"text\":\"a\\nb\",\"n\":[1]}"), 201,
	    "\"text\":\"a b\"" },
	{ "", JSON, STR("{\"text\":\"a\",\"nick\":\"\\u00fc\"}"), 201,
	    "\"nick\":\"\xc3\xbc\"" },
	{ "?nick=b%20b", PLAIN, STR("hi"), 400, "\"error\"" },
	{ "?nick=bob&text=no", PLAIN, STR("one\ntwo\n"), 201,
	    "\"text\":\"one two\"" },
	{ "?nick=bob", "content-type:TEXT/Plain ; charset=x", STR("&text=%41"),
	    201, "\"text\":\"\\u0026text=%41\"" },
	{ "", FORM, STR(""), 400, "\"error\"" },
	{ "", FORM, STR("text=+%0a"), 400, "\"error\"" },
	{ "", FORM, STR("message=hi"), 400, "\"error\"" },
	{ "", FORM, STR("text=hi&nick=a@b"), 400, "\"error\"" },
	{ "", FORM, STR("text=hi&room=a+b"), 400, "\"error\"" },
	{ "", JSON, STR("text=hi"), 400, "malformed" },
	{ "", JSON, STR("{\"text\":1}"), 400, "malformed" },
	{ "", JSON, STR("{\"text\":\"a\",\"nick\":null}"), 400, "malformed" },
	{ "", JSON, STR("{}"), 400, "\"error\"" },
	{ "", FORM, STR("text=/msg+nobody+hi"), 404, "\"error\"" },
	{ "", FORM, STR("text=/kick+nobody"), 403, "\"error\"" },
	{ "", FORM, STR("text=/op+wrong"), 403, "\"error\"" },
	{ "", FORM, STR("text=/me"), 400, "\"told\":[\"* usage: " },
	{ "", FORM, STR("text=/help"), 200, "{\"told\":[\"* /help - " },
	{ "", "Content-Type: text/html", STR("hi"), 415, "\"error\"" },
	{ "", "Content-Type: multipart/form-data; boundary=x", STR("hi"), 415,
	    "\"error\"" },
};

START_TEST(post_forms)
{
	char target[256];
	struct reader r;
	const char *text;

	reader_open(&r, "/chat/events", COOKIE_A);
	snprintf(target, sizeof(target), "/chat/messages%s", posts[_i].target);
	web_post_bytes(target, NULL, posts[_i].type, posts[_i].body);
	ck_assert_msg(
	    web.status == posts[_i].status, "%d: %s", web.status, web.body);
	text = reader_read(&r);
	has(web.status == 201 ? text : web.body, posts[_i].expected);
	has_not(text, "event: notice");
	if (web.status != 201)
		has_not(text, "id: ");
	ck_assert_uint_eq(hub_count(web.hub), 1);
	reader_shut(&r);
}
END_TEST

/* With a stream, the nick is taken for it; a nick of others is refused. */
START_TEST(nicks)
{
	struct reader a, b;

	reader_open(&a, "/chat/events?nick=ann", COOKIE_A);
	reader_open(&b, "/chat/events?nick=ann", COOKIE_B);
	web_says(COOKIE_B, "text=hi");
	has(reader_read(&a), "\"nick\":\"ann2\"");
	web_post(COOKIE_B, "text=hi&nick=Ann");
	ck_assert_int_eq(web.status, 409);
	web_post(NULL, "text=hi&nick=ann");
	ck_assert_int_eq(web.status, 409);
	has(web.body, "\"told\":[]");
	web_post(COOKIE_C, "text=hi&nick=ann");
	ck_assert_int_eq(web.status, 409);
	web_says(COOKIE_C, "text=hi");
	has(reader_read(&b), "\"nick\":\"127.0.0.1@");
	has(reader_read(&a), "id: 2\n");
	has_not(reader_read(&a), "id: ");
	web_says(COOKIE_B, "text=hi&nick=bob");
	has(reader_read(&a), "{\"text\":\"* ann2 is now bob\"}");
	has(reader_read(&b), "\"nick\":\"bob\",\"operator\":");
	reader_shut(&a);
	reader_shut(&b);
}
END_TEST

/* The cookie is the person: both rooms, all streams; no address is one. */
START_TEST(identity)
{
	struct reader a, b;
	char cookie[64] = "Cookie: chatd=";

	reader_open(&a, "/chat/events?nick=ann", COOKIE_A);
	for (int i = 0; i < 16; i++)
		sprintf(cookie + 14 + 2 * i, "%02x", web.address.ip[i]);
	reader_open(&b, "/chat/events", cookie);
	web_post(NULL, "text=/msg+ann+psst");
	ck_assert_int_eq(web.status, 201);
	has(reader_read(&a), "\"to\":\"ann\"");
	has_not(reader_read(&b), "psst");
	reader_shut(&b);
	reader_open(&b, "/chat/events?room=other", COOKIE_A);
	web_says(COOKIE_A, "text=hi&room=other");
	has(reader_read(&b), "\"nick\":\"ann\"");
	has(buf_data(&b.got), "\"own\":true");
	has_not(reader_read(&a), "id: ");
	reader_shut(&a);
	reader_shut(&b);
}
END_TEST

/* With a ledger, nothing is shown nor answered before it is committed. */
START_TEST(commit)
{
	struct reader r;
	struct http_request req, other;
	struct http_response res, unsaid, later = { .status = 200 };
	int wakes = 0, idle = 0;

	web_teardown();
	web.holds_back = true;
	web_setup();
	reader_open(&r, "/chat/events", COOKIE_B);
	req = web_request(HTTP_POST, "/chat/messages", COOKIE_A, FORM, &wakes);
	res = web_ask(&req);
	ck_assert_uint_eq(res.later.max_body, CHAT_POST_MAX);
	ck_assert(
	    !res.later.answer(res.later.arg, STR("text=hi"), &later, web.now));
	has_not(reader_read(&r), "id: ");
	hub_flush(web.hub);
	ck_assert_int_eq(wakes, 0);
	ck_assert(
	    !res.later.answer(res.later.arg, STR("text=hi"), &later, web.now));
	other = web_request(HTTP_POST, "/chat/messages", NULL, FORM, &idle);
	unsaid = web_ask(&other);
	hub_commit(web.hub, hub_stamp(web.hub));
	hub_flush(web.hub);
	ck_assert_int_eq(idle, 0);
	unsaid.later.gone(unsaid.later.arg);
	ck_assert_int_gt(wakes, 0);
	ck_assert(
	    res.later.answer(res.later.arg, STR("text=hi"), &later, web.now));
	ck_assert_int_eq(later.status, 201);
	res.later.gone(res.later.arg);
	has(reader_read(&r), "id: 1\n");
	has_not(buf_data(&r.got), "id: 2\n");
	reader_shut(&r);
}
END_TEST

START_TEST(flood)
{
	web_teardown();
	web_start((struct hub_config){ .max_messages = 100,
	    .max_bytes = 10000,
	    .max_members = 10,
	    .flood_lines = 3,
	    .flood_seconds = 10 });
	for (int i = 0; i < 4; i++)
		web_post(COOKIE_A, "text=hi");
	ck_assert_int_eq(web.status, 429);
	has(web.fields, "Retry-After: ");
	has(web.body, "{\"error\":");
	ck_assert_uint_gt(chat_stats(web.chat)->refused, 0);
	web_post(COOKIE_B, "text=hi");
	ck_assert_int_eq(web.status, 201);
}
END_TEST

/* All are told of another nick, so that it counts as a command. */
START_TEST(nick_flood)
{
	struct reader r;
	char line[32];

	web_teardown();
	web_start((struct hub_config){ .max_messages = 100,
	    .max_bytes = 10000,
	    .max_members = 10,
	    .flood_lines = 3,
	    .flood_seconds = 10 });
	reader_open(&r, "/chat/events", COOKIE_A);
	for (int i = 0; i < 4; i++) {
		snprintf(line, sizeof(line), "text=//x&nick=n%d", i);
		web_post(COOKIE_A, line);
		ck_assert_int_eq(web.status, i < 3 ? 201 : 429);
	}
	has(reader_read(&r), "n1 is now n2");
	has_not(buf_data(&r.got), "n2 is now n3");
	reader_shut(&r);
}
END_TEST

/* An event stream's lines, as a browser takes them apart. */
static void
check_lines(const char *text)
{
	struct str rest = str_of(text);

	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		struct str name = line;

		ck_assert_msg(text_is_clean(line), "unclean: %s", text);
		name = str_cut(&name, ':');
		ck_assert_msg(line.len == 0 || str_eq(name, STR("id")) ||
			str_eq(name, STR("data")) || str_eq(name, STR("event")),
		    "%.*s", (int)line.len, line.p);
	}
}

static void
encode(struct buf *b, struct str bytes, bool as_json)
{
	buf_add_str(b, as_json ? STR("{\"text\":\"") : STR("text="));
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.p[i];

		/* What is no ASCII can stand in JSON as it is alone. */
		if (as_json && c >= 0x80)
			buf_add(b, &c, 1);
		else
			buf_addf(b, as_json ? "\\u%04x" : "%%%02X", c);
	}
	buf_add_str(b, as_json ? STR("\"}") : STR(""));
}

/* However it is said, it is one message, and clean. */
START_TEST(hostile_text)
{
	struct str bytes = hostile[_i].bytes;
	static const char *const types[] = { FORM, JSON, PLAIN };
	struct reader r;
	char id[32];

	reader_open(&r, "/chat/events?nick=ann", COOKIE_A);
	for (int i = 0; i < 3; i++) {
		struct buf body = { 0 };
		const char *text;

		if (i < 2)
			encode(&body, bytes, i == 1);
		else
			buf_add_str(&body, bytes);
		web_post_bytes("/chat/messages", NULL, types[i],
		    (struct str){ buf_data(&body), buf_len(&body) });
		ck_assert_msg(web.status == 201, "%s: %d %s", hostile[_i].name,
		    web.status, web.body);
		text = reader_read(&r);
		check_lines(text);
		snprintf(id, sizeof(id), "id: %d\ndata: {\"room\"", i + 1);
		ck_assert_ptr_eq(strstr(text, "id: "), strstr(text, id));
		has_not(text, "<");
		has_not(text, "\nevent: bye");
		buf_free(&body);
	}
	reader_shut(&r);
}
END_TEST

/* As a nick, a room and a cookie it does no harm either. */
START_TEST(hostile_names)
{
	static const char *const names[] = { "nick", "room" };
	struct reader r;

	for (int i = 0; i < 2; i++) {
		struct buf target = { 0 };

		buf_addf(&target, "/chat/events?%s=", names[i]);
		for (size_t k = 0; k < hostile[_i].bytes.len; k++)
			buf_addf(&target, "%%%02x",
			    (unsigned char)hostile[_i].bytes.p[k]);
		buf_add(&target, "", 1);
		if (reader_open_as(&r, buf_data(&target), COOKIE_A, NULL) ==
		    200) {
			const char *text = reader_read(&r);

			check_lines(strstr(text, "event: "));
			has_not(text, "<");
			reader_shut(&r);
		}
		buf_free(&target);
	}
}
END_TEST

static Suite *
chat_suite(void)
{
	Suite *suite = suite_create("chat");
	TCase *tc = tcase_create("chat");

	tcase_add_checked_fixture(tc, web_setup, web_teardown);
	tcase_add_loop_test(tc, route, 0, CASES(routes));
	tcase_add_test(tc, script_imports);
	tcase_add_test(tc, elsewhere);
	tcase_add_test(tc, gives_cookie);
	tcase_add_loop_test(tc, caller, 0, CASES(callers));
	tcase_add_test(tc, say);
	tcase_add_loop_test(tc, post_forms, 0, CASES(posts));
	tcase_add_test(tc, nicks);
	tcase_add_test(tc, identity);
	tcase_add_test(tc, commit);
	tcase_add_test(tc, flood);
	tcase_add_test(tc, nick_flood);
	tcase_add_loop_test(tc, hostile_text, 0, CASES(hostile));
	tcase_add_loop_test(tc, hostile_names, 0, CASES(hostile));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(chat_suite());
}
