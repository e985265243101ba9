#include "http/url.h"

#include <stdlib.h>
#include <string.h>

#include "tests/feed.h"
#include "tests/run.h"

/* A host with an optional port: a name or address, or refused. */
static const struct {
	struct str s;
	bool ok;
} authorities[] = {
	{ STR("a"), true },
	{ STR("localhost"), true },
	{ STR("www.example.org"), true },
	{ STR("www.example.org."), true },
	{ STR("a_b-c~!$&'()*+,;="), true },
	{ STR("%41b"), true },
	{ STR("127.0.0.1"), true },
	{ STR("a:0"), true },
	{ STR("a:80"), true },
	{ STR("a:00080"), true },
	{ STR("a:65535"), true },
	{ STR("a:"), true },
	{ STR("[::1]"), true },
	{ STR("[::1]:"), true },
	{ STR("[::1]:8080"), true },
	{ STR("[2001:db8::a:B]"), true },
	{ STR("[::ffff:127.0.0.1]:1"), true },
	{ STR(""), false },
	{ STR(":"), false },
	{ STR(":80"), false },
	{ STR("a:65536"), false },
	{ STR("a:99999999999999999999"), false },
	{ STR("a:-1"), false },
	{ STR("a:+1"), false },
	{ STR("a: 1"), false },
	{ STR("a:80:80"), false },
	{ STR("a:80a"), false },
	{ STR("a b"), false },
	{ STR("a/b"), false },
	{ STR("a\\b"), false },
	{ STR("a?b"), false },
	{ STR("a#b"), false },
	{ STR("u@a"), false },
	{ STR("u:p@a"), false },
	{ STR("a\0b"), false },
	{ STR("a\x80"), false },
	{ STR("a<b>"), false },
	{ STR("a\"b"), false },
	{ STR("%"), false },
	{ STR("%4"), false },
	{ STR("%4g"), false },
	{ STR("a%"), false },
	{ STR("["), false },
	{ STR("[]"), false },
	{ STR("[:"), false },
	{ STR("[::1"), false },
	{ STR("[::1:80"), false },
	{ STR("[::1]a"), false },
	{ STR("[::1]80"), false },
	{ STR("[::1]:x"), false },
	{ STR("[::1]]"), false },
	{ STR("[[::1]]"), false },
	{ STR("[a]"), false },
	{ STR("[127.0.0.1]"), false },
	{ STR("[::1%25lo]"), false },
	{ STR("[1:2:3:4:5:6:7:8:9]"), false },
	{ STR("[v1.a]"), false },
	{ STR("::1"), false },
	{ STR("]"), false },
	{ STR("a]"), false },
};

START_TEST(authority)
{
	struct str s = authorities[_i].s;
	struct guard *g = guard_new(s.len);

	s.p = guard_copy(g, s.p, s.len);
	ck_assert_msg(url_is_authority(s) == authorities[_i].ok, "'%.*s'",
	    (int)s.len, s.p);
	guard_free(g);
}
END_TEST

/* Whose hosts cannot be made to point here by a stranger. */
static const struct {
	struct str s;
	bool local;
} hosts[] = {
	{ STR(""), true },
	{ STR("localhost"), true },
	{ STR("LOCALHOST:8080"), true },
	{ STR("localhost."), true },
	{ STR("localhost.:8080"), true },
	{ STR("a.localhost"), true },
	{ STR("a.localhost.:80"), true },
	{ STR("intranet"), true },
	{ STR("intranet."), true },
	{ STR("127.0.0.1"), true },
	{ STR("192.0.2.1:80"), true },
	{ STR("[::1]:80"), true },
	{ STR("example.org"), false },
	{ STR("example.org."), false },
	{ STR("example.org.:80"), false },
	{ STR("localhost.."), false },
	{ STR("."), false },
	{ STR("..:80"), false },
	{ STR("localhost.example.org"), false },
	{ STR("alocalhost.org"), false },
	{ STR(".localhost"), false },
	{ STR("127.0.0.1.example.org"), false },
};

START_TEST(local_authority)
{
	struct str s = hosts[_i].s;
	struct guard *g = guard_new(s.len);

	s.p = guard_copy(g, s.p, s.len);
	ck_assert_msg(url_is_local_authority(s) == hosts[_i].local, "'%.*s'",
	    (int)s.len, s.p);
	guard_free(g);
}
END_TEST

static const struct {
	struct str target;
	bool connect;
	int result;
	struct str authority, path, query;
} targets[] = {
	{ STR("/"), false, 0, STR(""), STR("/"), STR("") },
	{ STR("/a?b"), false, 0, STR(""), STR("/a"), STR("b") },
	{ STR("/a?b?c"), false, 0, STR(""), STR("/a"), STR("b?c") },
	{ STR("/?"), false, 0, STR(""), STR("/"), STR("") },
	{ STR("//b/c"), false, 0, STR(""), STR("//b/c"), STR("") },
	{ STR("/http://b/"), false, 0, STR(""), STR("/http://b/"), STR("") },
	{ STR("*"), false, 0, STR(""), STR("*"), STR("") },
	{ STR("http://b"), false, 0, STR("b"), STR("/"), STR("") },
	{ STR("http://b/"), false, 0, STR("b"), STR("/"), STR("") },
	{ STR("hTTp://b:1/c?d"), false, 0, STR("b:1"), STR("/c"), STR("d") },
	{ STR("https://[::1]:1/c"), false, 0, STR("[::1]:1"), STR("/c"),
	    STR("") },
	{ STR("http://b?c/d"), false, 0, STR("b"), STR("/"), STR("c/d") },
	{ STR("http://b//c"), false, 0, STR("b"), STR("//c"), STR("") },
	{ STR("a:443"), true, 0, STR("a:443"), STR("/"), STR("") },
	{ STR("[::1]:443"), true, 0, STR("[::1]:443"), STR("/"), STR("") },
	{ STR("/"), true, -1, STR(""), STR(""), STR("") },
	{ STR("http://b/"), true, -1, STR(""), STR(""), STR("") },
	{ STR("a"), false, -1, STR(""), STR(""), STR("") },
	{ STR("**"), false, -1, STR(""), STR(""), STR("") },
	{ STR("?a"), false, -1, STR(""), STR(""), STR("") },
	{ STR("http:"), false, -1, STR(""), STR(""), STR("") },
	{ STR("http://"), false, -1, STR(""), STR(""), STR("") },
	{ STR("http:///a"), false, -1, STR(""), STR(""), STR("") },
	{ STR("http://?a"), false, -1, STR(""), STR(""), STR("") },
	{ STR("http://u@b/"), false, -1, STR(""), STR(""), STR("") },
	{ STR("http://b:x/"), false, -1, STR(""), STR(""), STR("") },
	{ STR("http://b\\/"), false, -1, STR(""), STR(""), STR("") },
	{ STR("ftp://b/"), false, -1, STR(""), STR(""), STR("") },
	{ STR("file:///etc/passwd"), false, -1, STR(""), STR(""), STR("") },
};

START_TEST(target)
{
	struct str in = targets[_i].target, auth, path, query;
	struct guard *g = guard_new(in.len);

	in.p = guard_copy(g, in.p, in.len);
	ck_assert_int_eq(
	    url_split_target(in, targets[_i].connect, &auth, &path, &query),
	    targets[_i].result);
	if (targets[_i].result == 0) {
		ck_assert(str_eq(auth, targets[_i].authority));
		ck_assert(str_eq(path, targets[_i].path));
		ck_assert(str_eq(query, targets[_i].query));
	}
	guard_free(g);
}
END_TEST

/* NULL where the path is refused. */
static const struct {
	struct str path;
	const char *out;
} paths[] = {
	{ STR("/"), "" },
	{ STR("//"), "" },
	{ STR("/a"), "a" },
	{ STR("/a/"), "a/" },
	{ STR("/a/b"), "a/b" },
	{ STR("//a//b//"), "a/b/" },
	{ STR("/a//./b"), "a/b" },
	{ STR("/."), "" },
	{ STR("/./"), "" },
	{ STR("/a/."), "a/" },
	{ STR("/a/./"), "a/" },
	{ STR("/.."), "" },
	{ STR("/../"), "" },
	{ STR("/../a"), "a" },
	{ STR("/../../../../etc/passwd"), "etc/passwd" },
	{ STR("/a/.."), "" },
	{ STR("/a/../"), "" },
	{ STR("/a/../.."), "" },
	{ STR("/a/../../b"), "b" },
	{ STR("/a/b/.."), "a/" },
	{ STR("/a/b/../"), "a/" },
	{ STR("/a/b/../c"), "a/c" },
	{ STR("/a/b/../../c"), "c" },
	{ STR("/a//../b"), "b" },
	{ STR("/ab/../c"), "c" },
	{ STR("/a/bc/../d"), "a/d" },
	{ STR("/..."), "..." },
	{ STR("/a/.../b"), "a/.../b" },
	{ STR("/.a"), ".a" },
	{ STR("/a."), "a." },
	{ STR("/..a"), "..a" },
	{ STR("/a.."), "a.." },
	{ STR("/%2e%2e/a"), "a" },
	{ STR("/a/%2e%2e/b"), "b" },
	{ STR("/a/.%2E/b"), "b" },
	{ STR("/a/%2e./b"), "b" },
	{ STR("/a/%2e/b"), "a/b" },
	{ STR("/a%2f..%2fb"), "b" },
	{ STR("/..%2f..%2fetc"), "etc" },
	{ STR("/%2f%2fa"), "a" },
	{ STR("/%252e%252e/a"), "%2e%2e/a" },
	{ STR("/%25"), "%" },
	{ STR("/%41%7a"), "Az" },
	{ STR("/a%20b+c"), "a b+c" },
	{ STR("/%C3%A4"), "\xc3\xa4" },
	{ STR("/\xc3\xa4"), "\xc3\xa4" },
	{ STR("/%ff"), "\xff" },
	{ STR("/a\\..\\b"), "a\\..\\b" },
	{ STR("/a;b"), "a;b" },
	{ STR("/%"), NULL },
	{ STR("/%4"), NULL },
	{ STR("/a%4"), NULL },
	{ STR("/%4g"), NULL },
	{ STR("/%g4"), NULL },
	{ STR("/%%41"), NULL },
	{ STR("/%+1"), NULL },
	{ STR("/%u0041"), NULL },
	{ STR("/%00"), NULL },
	{ STR("/a%00.html"), NULL },
	{ STR("/%0a"), NULL },
	{ STR("/%0d%0aA:b"), NULL },
	{ STR("/%1f"), NULL },
	{ STR("/%7f"), NULL },
	{ STR("/\x01"), NULL },
};

START_TEST(decode_path)
{
	struct str in = paths[_i].path;
	struct guard *g = guard_new(in.len);
	char out[64];
	long len;

	in.p = guard_copy(g, in.p, in.len);
	len = url_decode_path(in, out, sizeof(out));
	if (paths[_i].out == NULL) {
		ck_assert_int_eq(len, -1);
	} else {
		ck_assert_str_eq(out, paths[_i].out);
		ck_assert_int_eq(len, (long)strlen(out));
	}
	guard_free(g);
}
END_TEST

/* No more is written than there is room for, whatever the path. */
START_TEST(decode_room)
{
	struct str in = paths[_i].path;
	size_t need = paths[_i].out != NULL ? strlen(paths[_i].out) + 1 : 0;

	for (size_t cap = 1; cap <= in.len + 1; cap++) {
		char *out = malloc(cap);
		long len = url_decode_path(in, out, cap);

		if (cap < need)
			ck_assert_int_eq(len, -1);
		if (len != -1)
			ck_assert_uint_eq(strlen(out), (size_t)len);
		free(out);
	}
}
END_TEST

static const struct {
	struct str in;
	const char *path, *query;
} encodings[] = {
	{ STR(""), "", "" },
	{ STR("azAZ09-._~/"), "azAZ09-._~/", "azAZ09-._~/" },
	{ STR("a=1&b=2;c"), "a%3D1%26b%3D2%3Bc", "a=1&b=2;c" },
	{ STR("a%20b"), "a%2520b", "a%20b" },
	{ STR("a b"), "a%20b", "a%20b" },
	{ STR("//b"), "//b", "//b" },
	{ STR("?:@"), "%3F%3A%40", "?:@" },
	{ STR("\r\nA: b"), "%0D%0AA%3A%20b", "%0D%0AA:%20b" },
	{ STR("<\"'>"), "%3C%22%27%3E", "%3C%22%27%3E" },
	{ STR("\\`{|}^#[]"), "%5C%60%7B%7C%7D%5E%23%5B%5D",
	    "%5C%60%7B%7C%7D%5E%23%5B%5D" },
	{ STR("\0\x7f\x80\xff"), "%00%7F%80%FF", "%00%7F%80%FF" },
};

static void
check_encoding(void (*encode)(struct buf *, struct str), struct str in,
    const char *expected)
{
	struct buf b = { 0 };

	encode(&b, in);
	buf_add(&b, "", 1);
	ck_assert_str_eq(buf_data(&b), expected);
	buf_free(&b);
}

START_TEST(encode)
{
	check_encoding(url_encode_path, encodings[_i].in, encodings[_i].path);
	check_encoding(url_encode_query, encodings[_i].in, encodings[_i].query);
}
END_TEST

static const struct {
	struct str origin, authority;
	bool is_secure, same;
} origins[] = {
	{ STR("http://a"), STR("a"), false, true },
	{ STR("http://a:80"), STR("a"), false, true },
	{ STR("http://a"), STR("a:80"), false, true },
	{ STR("http://a"), STR("a:"), false, true },
	{ STR("http://A.Example:8080"), STR("a.example:8080"), false, true },
	{ STR("HTTP://a"), STR("a"), false, true },
	{ STR("https://a"), STR("a"), true, true },
	{ STR("https://a:443"), STR("a"), true, true },
	{ STR("http://[::1]:8080"), STR("[::1]:8080"), false, true },
	{ STR("http://[::1]"), STR("[::1]:80"), false, true },
	{ STR("http://a"), STR("a"), true, false },
	{ STR("https://a"), STR("a"), false, false },
	{ STR("https://a"), STR("a:443"), false, false },
	{ STR("http://a:8080"), STR("a"), false, false },
	{ STR("http://a"), STR("a:8080"), false, false },
	{ STR("http://b"), STR("a"), false, false },
	{ STR("http://a.b"), STR("a"), false, false },
	{ STR("http://a"), STR("a.b"), false, false },
	{ STR("http://[::1]:8080"), STR("[::2]:8080"), false, false },
	{ STR("http://a/"), STR("a"), false, false },
	{ STR("http://u@a"), STR("a"), false, false },
	{ STR("http://a http://b"), STR("a"), false, false },
	{ STR("http://"), STR(""), false, false },
	{ STR("http://a"), STR(""), false, false },
	{ STR("ftp://a"), STR("a"), false, false },
	{ STR("null"), STR("null"), false, false },
	{ STR("a"), STR("a"), false, false },
	{ STR(""), STR("a"), false, false },
	{ STR(""), STR(""), false, false },
};

START_TEST(same_origin)
{
	ck_assert_msg(
	    url_is_same_origin(origins[_i].origin, origins[_i].authority,
		origins[_i].is_secure) == origins[_i].same,
	    "%s at %s", origins[_i].origin.p, origins[_i].authority.p);
}
END_TEST

/* The value of the field `a b`. */
static const struct {
	struct str form;
	const char *value; /* NULL: absent */
} forms[] = {
	{ STR("a+b=c"), "c" },
	{ STR("a%20b=c"), "c" },
	{ STR("%61+%62=c"), "c" },
	{ STR("x=y&a+b=c&z"), "c" },
	{ STR("a+b=c&a+b=d"), "c" },
	{ STR("a+b="), "" },
	{ STR("a+b"), "" },
	{ STR("&&a+b=c&"), "c" },
	{ STR("a+b=c=d"), "c=d" },
	{ STR("a+b=1+2%2b3%26"), "1 2+3&" },
	{ STR("a+b=%c3%BC%0d%0A"), "\xc3\xbc\r\n" },
	{ STR("a+b=100%"), "100%" },
	{ STR("a+b=%4"), "%4" },
	{ STR("a+b=%4g%zz"), "%4g%zz" },
	{ STR("a+b=%%41"), "%A" },
	{ STR(""), NULL },
	{ STR("a"), NULL },
	{ STR("a+b+=c"), NULL },
	{ STR("A+B=c"), NULL },
	{ STR("=a+b"), NULL },
	{ STR("x=a+b"), NULL },
};

START_TEST(form_get)
{
	struct guard *g = guard_new(forms[_i].form.len);
	struct str form = { guard_copy(g, forms[_i].form.p, forms[_i].form.len),
		forms[_i].form.len };
	struct buf value = { 0 };
	bool found = url_form_get(form, STR("a b"), &value);

	ck_assert(found == (forms[_i].value != NULL));
	buf_add(&value, "", 1);
	if (found)
		ck_assert_str_eq(buf_data(&value), forms[_i].value);
	buf_free(&value);
	guard_free(g);
}
END_TEST

static Suite *
url_suite(void)
{
	Suite *suite = suite_create("url");
	TCase *tc = tcase_create("url");

	tcase_add_loop_test(tc, authority, 0, CASES(authorities));
	tcase_add_loop_test(tc, local_authority, 0, CASES(hosts));
	tcase_add_loop_test(tc, target, 0, CASES(targets));
	tcase_add_loop_test(tc, decode_path, 0, CASES(paths));
	tcase_add_loop_test(tc, decode_room, 0, CASES(paths));
	tcase_add_loop_test(tc, encode, 0, CASES(encodings));
	tcase_add_loop_test(tc, same_origin, 0, CASES(origins));
	tcase_add_loop_test(tc, form_get, 0, CASES(forms));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(url_suite());
}
