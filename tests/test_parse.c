#include "http/parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/feed.h"
#include "tests/run.h"

#define GET     "GET / HTTP/1.1\r\n"
#define POST    "POST / HTTP/1.1\r\n"
#define HOST    "Host: a\r\n"
#define END     "\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static const char *const method_names[] = { "GET", "HEAD", "OPTIONS", "POST",
	"PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "?" };

/*
 * What a head comes to: the status of a refusal, or the method, version,
 * authority, path and query, and what was found out.
 */
static const struct {
	const char *rfc;
	struct str head;
	const char *result;
} heads[] = {
	/* Request line. */
	{ "9112, 3: origin form", STR(GET HOST END), "GET 1.1 a / keep" },
	{ "9112, 3.2.1: query", STR("GET /a/b?c=d?e HTTP/1.1\r\n" HOST END),
	    "GET 1.1 a /a/b ?c=d?e keep" },
	{ "9112, 3.2.1: empty query", STR("GET /a? HTTP/1.1\r\n" HOST END),
	    "GET 1.1 a /a keep" },
	{ "9110, 9.3: HEAD", STR("HEAD / HTTP/1.1\r\n" HOST END),
	    "HEAD 1.1 a / keep" },
	{ "9110, 9.3: POST", STR(POST HOST END), "POST 1.1 a / keep" },
	{ "9110, 9.3: PUT", STR("PUT / HTTP/1.1\r\n" HOST END),
	    "PUT 1.1 a / keep" },
	{ "9110, 9.3: DELETE", STR("DELETE / HTTP/1.1\r\n" HOST END),
	    "DELETE 1.1 a / keep" },
	{ "9110, 9.3: TRACE", STR("TRACE / HTTP/1.1\r\n" HOST END),
	    "TRACE 1.1 a / keep" },
	{ "5789: PATCH", STR("PATCH / HTTP/1.1\r\n" HOST END),
	    "PATCH 1.1 a / keep" },
	{ "9110, 9.1: unknown", STR("BREW / HTTP/1.1\r\n" HOST END), "501" },
	{ "9110, 9.1: case", STR("get / HTTP/1.1\r\n" HOST END), "501" },
	{ "9110, 9.1: prefix", STR("GE / HTTP/1.1\r\n" HOST END), "501" },
	{ "9110, 9.1: longer", STR("GETS / HTTP/1.1\r\n" HOST END), "501" },
	{ "9112, 3.1: no token", STR("G(T / HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3.1: no method", STR(" / HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3.1: NUL", STR("G\0T / HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3: two spaces", STR("GET  / HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3: tab", STR("GET\t/\tHTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3: space behind", STR("GET / HTTP/1.1 \r\n" HOST END), "400" },
	{ "9112, 3: space before", STR(" GET / HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3.2: space within", STR("GET /a b HTTP/1.1\r\n" HOST END),
	    "400" },
	{ "9112, 3.2: no target", STR("GET HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3.2: control", STR("GET /\x01 HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3.2: NUL", STR("GET /\0 HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3.2: DEL", STR("GET /\x7f HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3.2: fragment", STR("GET /#a HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3.2: no slash", STR("GET a HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3.2: a query alone", STR("GET ?a HTTP/1.1\r\n" HOST END),
	    "400" },
	{ "9112, 2.2: empty line first", STR("\r\n" GET HOST END),
	    "GET 1.1 a / keep" },
	{ "9112, 2.2: two empty lines", STR("\r\n\r\n" GET HOST END), "400" },

	/* Version. */
	{ "9112, 2.3: HTTP/1.0", STR("GET / HTTP/1.0\r\n" END),
	    "GET 1.0 - / close" },
	{ "9110, 2.5: HTTP/1.2", STR("GET / HTTP/1.2\r\n" HOST END),
	    "GET 1.1 a / keep" },
	{ "9110, 2.5: HTTP/1.9", STR("GET / HTTP/1.9\r\n" HOST END),
	    "GET 1.1 a / keep" },
	{ "9110, 15.6.6: HTTP/2.0", STR("GET / HTTP/2.0\r\n" HOST END), "505" },
	{ "9113, 3.4: preface", STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	    "505" },
	{ "9110, 15.6.6: HTTP/9.9", STR("GET / HTTP/9.9\r\n" HOST END), "505" },
	{ "9112, 2.3: no HTTP/0.9", STR("GET /\r\n" HOST END), "400" },
	{ "9112, 2.3: case", STR("GET / http/1.1\r\n" HOST END), "400" },
	{ "9112, 2.3: no minor", STR("GET / HTTP/1\r\n" HOST END), "400" },
	{ "9112, 2.3: two digits", STR("GET / HTTP/1.10\r\n" HOST END), "400" },
	{ "9112, 2.3: two digits", STR("GET / HTTP/01.1\r\n" HOST END), "400" },
	{ "9112, 2.3: no digit", STR("GET / HTTP/1.x\r\n" HOST END), "400" },
	{ "9112, 2.3: sign", STR("GET / HTTP/+.1\r\n" HOST END), "400" },
	{ "9112, 2.3: comma", STR("GET / HTTP/1,1\r\n" HOST END), "400" },
	{ "9112, 2.3: other name", STR("GET / HTCP/1.1\r\n" HOST END), "400" },

	/* Target forms. */
	{ "9112, 3.2.2: absolute",
	    STR("GET http://b:81/c?d HTTP/1.1\r\n" HOST END),
	    "GET 1.1 b:81 /c ?d keep" },
	{ "9112, 3.2.2: https", STR("GET HTTPS://b/ HTTP/1.1\r\n" HOST END),
	    "GET 1.1 b / keep" },
	{ "9112, 3.2.2: no path", STR("GET http://b HTTP/1.1\r\n" HOST END),
	    "GET 1.1 b / keep" },
	{ "9112, 3.2.2: no path but query",
	    STR("GET http://b?q HTTP/1.1\r\n" HOST END),
	    "GET 1.1 b / ?q keep" },
	{ "9112, 3.2.2: Host all the same",
	    STR("GET http://b/ HTTP/1.1\r\n" END), "400" },
	{ "9112, 3.2.2: HTTP/1.0", STR("GET http://b/ HTTP/1.0\r\n" END),
	    "GET 1.0 b / close" },
	{ "9110, 4.2.4: userinfo", STR("GET http://u@b/ HTTP/1.1\r\n" HOST END),
	    "400" },
	{ "9112, 3.2.2: no host", STR("GET http:/// HTTP/1.1\r\n" HOST END),
	    "400" },
	{ "9112, 3.2.2: other scheme",
	    STR("GET ftp://b/ HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3.2.4: asterisk", STR("OPTIONS * HTTP/1.1\r\n" HOST END),
	    "OPTIONS 1.1 a * keep" },
	{ "9112, 3.2.4: OPTIONS alone", STR("GET * HTTP/1.1\r\n" HOST END),
	    "400" },
	{ "9112, 3.2.4: nothing behind",
	    STR("OPTIONS *a HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 3.2.3: authority", STR("CONNECT b:443 HTTP/1.1\r\n" HOST END),
	    "CONNECT 1.1 b:443 / keep" },
	{ "9112, 3.2.3: CONNECT alone", STR("GET b:443 HTTP/1.1\r\n" HOST END),
	    "400" },
	{ "9112, 3.2.3: no path", STR("CONNECT /a HTTP/1.1\r\n" HOST END),
	    "400" },

	/* Line ends. */
	{ "9112, 2.2: bare LF", STR("GET / HTTP/1.1\nHost: a\n\n"),
	    "GET 1.1 a / close lf" },
	{ "9112, 2.2: one bare LF", STR("GET / HTTP/1.1\nHost: a\r\n\r\n"),
	    "GET 1.1 a / close lf" },
	{ "9112, 2.2: a bare LF at the end", STR(GET HOST "\n"),
	    "GET 1.1 a / close lf" },
	{ "9112, 2.2: a bare LF first", STR("\n" GET HOST END),
	    "GET 1.1 a / close lf" },
	{ "9112, 2.2: a bare LF cannot keep alive",
	    STR("GET / HTTP/1.0\nConnection: keep-alive\n\n"),
	    "GET 1.0 - / close lf" },
	{ "9112, 2.2: bare CR", STR("GET / HTTP/1.1\rHost: a\r\r\n\r\n"),
	    "400" },
	{ "9112, 2.2: bare CR", STR("GET /\r HTTP/1.1\r\n" HOST END), "400" },
	{ "9112, 2.2: bare CR", STR("GET / HTTP/1.1\r\r\n" HOST END), "400" },
	{ "9112, 2.2: bare CR", STR(GET HOST "A: b\rc\r\n" END), "400" },
	{ "9112, 2.2: bare CR", STR(GET HOST "A: b\r\r\n" END), "400" },
	{ "9112, 2.2: bare CR", STR(GET "\r" HOST END), "400" },
	{ "9112, 2.2: CR for the empty line", STR(GET HOST "\r\r\n" END),
	    "400" },

	/* Host. */
	{ "9112, 3.2: no Host", STR(GET END), "400" },
	{ "9112, 3.2: two Hosts", STR(GET HOST "Host: b\r\n" END), "400" },
	{ "9112, 3.2: two equal Hosts", STR(GET HOST HOST END), "400" },
	{ "9112, 3.2: two Hosts of 1.0",
	    STR("GET / HTTP/1.0\r\n" HOST HOST END), "400" },
	{ "9112, 3.2: Host of 1.0", STR("GET / HTTP/1.0\r\n" HOST END),
	    "GET 1.0 a / close" },
	{ "9112, 3.2: bad Host of 1.0",
	    STR("GET / HTTP/1.0\r\nHost: a b\r\n" END), "400" },
	{ "9110, 7.2: port", STR(GET "hOsT: a.b:8080\r\n" END),
	    "GET 1.1 a.b:8080 / keep" },
	{ "9110, 7.2: empty port", STR(GET "Host: a:\r\n" END),
	    "GET 1.1 a: / keep" },
	{ "9110, 7.2: IPv6", STR(GET "Host: [::1]:80\r\n" END),
	    "GET 1.1 [::1]:80 / keep" },
	{ "9110, 7.2: IPv4 in IPv6", STR(GET "Host: [::ffff:1.2.3.4]\r\n" END),
	    "GET 1.1 [::ffff:1.2.3.4] / keep" },
	{ "9110, 7.2: empty", STR(GET "Host:\r\n" END), "400" },
	{ "9110, 7.2: space", STR(GET "Host: a b\r\n" END), "400" },
	{ "9110, 7.2: slash", STR(GET "Host: a/b\r\n" END), "400" },
	{ "9110, 7.2: userinfo", STR(GET "Host: u@a\r\n" END), "400" },
	{ "9110, 7.2: list", STR(GET "Host: a, b\r\n" END), "400" },
	{ "9110, 7.2: bad port", STR(GET "Host: a:x\r\n" END), "400" },
	{ "9110, 7.2: signed port", STR(GET "Host: a:+80\r\n" END), "400" },
	{ "9110, 7.2: great port", STR(GET "Host: a:65536\r\n" END), "400" },
	{ "9110, 7.2: open bracket", STR(GET "Host: [::1\r\n" END), "400" },
	{ "9110, 7.2: bare IPv6", STR(GET "Host: ::1\r\n" END), "400" },
	{ "9110, 7.2: no address", STR(GET "Host: [a]\r\n" END), "400" },
	{ "9110, 7.2: more behind", STR(GET "Host: [::1]a\r\n" END), "400" },

	/* Fields. */
	{ "9112, 5.1: space before the colon", STR(GET "Host : a\r\n" END),
	    "400" },
	{ "9112, 5.1: tab before the colon", STR(GET HOST "A\t: b\r\n" END),
	    "400" },
	{ "9112, 5: empty name", STR(GET HOST ": b\r\n" END), "400" },
	{ "9112, 5: no colon", STR(GET HOST "A\r\n" END), "400" },
	{ "9110, 5.6.2: no token", STR(GET HOST "A(b: c\r\n" END), "400" },
	{ "9110, 5.6.2: obs-text name", STR(GET HOST "\xc4: c\r\n" END),
	    "400" },
	{ "9110, 5.5: NUL", STR(GET HOST "A: b\0c\r\n" END), "400" },
	{ "9110, 5.5: control", STR(GET HOST "A: b\x1b[m\r\n" END), "400" },
	{ "9110, 5.5: DEL", STR(GET HOST "A: b\x7f\r\n" END), "400" },
	{ "9110, 5.5: vertical tab", STR(GET HOST "A: b\vc\r\n" END), "400" },
	{ "9110, 5.5: obs-text", STR(GET HOST "A: \xc4\xe4\xff\r\n" END),
	    "GET 1.1 a / keep" },
	{ "9110, 5.6.3: HTAB", STR(GET "Host:\ta\t \r\n" END),
	    "GET 1.1 a / keep" },
	{ "9112, 5.1: no space", STR(GET "Host:a\r\n" END),
	    "GET 1.1 a / keep" },
	{ "9112, 5.2: obs-fold", STR(GET HOST "A: b\r\n c\r\n" END), "400" },
	{ "9112, 5.2: obs-fold", STR(GET HOST "A: b\r\n\tc\r\n" END), "400" },
	{ "9112, 5.2: obs-fold of a colon",
	    STR(GET HOST "A: b\r\n C: d\r\n" END), "400" },
	{ "9112, 2.2: space before the first", STR(GET " A: b\r\n" HOST END),
	    "400" },

	/* Content-Length. */
	{ "9112, 6.2", STR(POST HOST "Content-Length: 5\r\n" END "abcde"),
	    "POST 1.1 a / keep length=5" },
	{ "9112, 6.2: none", STR(POST HOST "Content-Length: 0\r\n" END),
	    "POST 1.1 a / keep length=0" },
	{ "9112, 6.2: leading zero",
	    STR(POST HOST "Content-Length: 007\r\n" END),
	    "POST 1.1 a / keep length=7" },
	{ "9112, 6.2: greatest",
	    STR(POST HOST "Content-Length: 9223372036854775807\r\n" END),
	    "POST 1.1 a / keep length=9223372036854775807" },
	{ "9112, 6.3: over 2^63",
	    STR(POST HOST "Content-Length: 9223372036854775808\r\n" END),
	    "400" },
	{ "9112, 6.3: over 2^64",
	    STR(POST HOST "Content-Length: 18446744073709551621\r\n" END),
	    "400" },
	{ "9112, 6.3: plus", STR(POST HOST "Content-Length: +5\r\n" END),
	    "400" },
	{ "9112, 6.3: minus", STR(POST HOST "Content-Length: -5\r\n" END),
	    "400" },
	{ "9112, 6.3: hex", STR(POST HOST "Content-Length: 0x5\r\n" END),
	    "400" },
	{ "9112, 6.3: list", STR(POST HOST "Content-Length: 5, 5\r\n" END),
	    "400" },
	{ "9112, 6.3: empty", STR(POST HOST "Content-Length:\r\n" END), "400" },
	{ "9112, 6.3: text behind", STR(POST HOST "Content-Length: 5a\r\n" END),
	    "400" },
	{ "9112, 6.3: two numbers",
	    STR(POST HOST "Content-Length: 5 5\r\n" END), "400" },
	{ "9112, 6.3: two fields",
	    STR(POST HOST "Content-Length: 5\r\nContent-Length: 6\r\n" END),
	    "400" },
	{ "9112, 6.3: two equal fields",
	    STR(POST HOST "Content-Length: 5\r\ncontent-length: 5\r\n" END),
	    "400" },

	/* Transfer-Encoding. */
	{ "9112, 6.1", STR(POST HOST CHUNKED END),
	    "POST 1.1 a / keep chunked" },
	{ "9112, 7: case", STR(POST HOST "transfer-encoding:CHUNKED\r\n" END),
	    "POST 1.1 a / keep chunked" },
	{ "9112, 6.3: with Content-Length",
	    STR(POST HOST CHUNKED "Content-Length: 5\r\n" END), "400" },
	{ "9112, 6.3: Content-Length first",
	    STR(POST HOST "Content-Length: 5\r\n" CHUNKED END), "400" },
	{ "9112, 6.1: HTTP/1.0", STR("POST / HTTP/1.0\r\n" HOST CHUNKED END),
	    "400" },
	{ "9112, 6.1: coding under chunked",
	    STR(POST HOST "Transfer-Encoding: gzip, chunked\r\n" END), "501" },
	{ "9112, 6.3: chunked not final",
	    STR(POST HOST "Transfer-Encoding: chunked, gzip\r\n" END), "400" },
	{ "9112, 6.3: no chunked",
	    STR(POST HOST "Transfer-Encoding: gzip\r\n" END), "400" },
	{ "9112, 6.3: identity",
	    STR(POST HOST "Transfer-Encoding: identity\r\n" END), "400" },
	{ "9112, 6.1: chunked twice",
	    STR(POST HOST "Transfer-Encoding: chunked, chunked\r\n" END),
	    "400" },
	{ "9112, 6.1: chunked in two fields",
	    STR(POST HOST CHUNKED CHUNKED END), "400" },
	{ "9112, 6.1: chunked and another field",
	    STR(POST HOST CHUNKED "Transfer-Encoding: gzip\r\n" END), "400" },
	{ "9112, 6.1: empty", STR(POST HOST "Transfer-Encoding:\r\n" END),
	    "400" },
	{ "9112, 6.1: quoted",
	    STR(POST HOST "Transfer-Encoding: \"chunked\"\r\n" END), "400" },
	{ "9112, 6.1: control before it",
	    STR(POST HOST "Transfer-Encoding: \vchunked\r\n" END), "400" },
	{ "9112, 6.1: parameter",
	    STR(POST HOST "Transfer-Encoding: chunked;a=b\r\n" END), "400" },
	{ "9112, 6.1: longer name",
	    STR(POST HOST "Transfer-Encoding: xchunked\r\n" END), "400" },

	/* Connection. */
	{ "9112, 9.3: close", STR(GET HOST "Connection: close\r\n" END),
	    "GET 1.1 a / close" },
	{ "9112, 9.3: in a list",
	    STR(GET HOST "Connection: a ,\tCLOSE\t, b\r\n" END),
	    "GET 1.1 a / close" },
	{ "9112, 9.3: in a second field",
	    STR(GET HOST "Connection: a\r\nConnection: close\r\n" END),
	    "GET 1.1 a / close" },
	{ "9112, 9.3: close wins",
	    STR("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n" END),
	    "GET 1.0 - / close" },
	{ "9112, 9.3: no such option",
	    STR(GET HOST "Connection: closed\r\n" END), "GET 1.1 a / keep" },
	{ "9112, 9.3: 1.0 keep-alive",
	    STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" END),
	    "GET 1.0 - / keep" },

	/* Expect. */
	{ "9110, 10.1.1", STR(POST HOST "Expect: 100-Continue\r\n" CHUNKED END),
	    "POST 1.1 a / keep chunked expect" },
	{ "9110, 10.1.1: other", STR(POST HOST "Expect: tea\r\n" END), "417" },
	{ "9110, 10.1.1: HTTP/1.0",
	    STR("POST / HTTP/1.0\r\nExpect: 100-continue\r\n" END),
	    "POST 1.0 - / close" },

	/* Noted. */
	{ "9110, 13.1.1: If-Match", STR(GET HOST "If-Match: *\r\n" END),
	    "GET 1.1 a / keep condition" },
	{ "9110, 13.1.2: If-None-Match",
	    STR(GET HOST "if-none-match: *\r\n" END),
	    "GET 1.1 a / keep condition" },
	{ "9110, 13.1.3: If-Modified-Since",
	    STR(GET HOST "IF-MODIFIED-SINCE: x\r\n" END),
	    "GET 1.1 a / keep condition" },
	{ "9110, 13.1.4: If-Unmodified-Since",
	    STR(GET HOST "If-Unmodified-Since:\r\n" END),
	    "GET 1.1 a / keep condition" },
	{ "9110, 13.1.5: If-Range is none",
	    STR(GET HOST "If-Range: \"a\"\r\n" END), "GET 1.1 a / keep" },
	{ "9110, 14.2: Range", STR(GET HOST "range: bytes=0-\r\n" END),
	    "GET 1.1 a / keep range" },
	{ "9110, 12.5.3: Accept-Encoding",
	    STR(GET HOST "accept-ENCODING: gzip\r\n" END),
	    "GET 1.1 a / keep accept-encoding" },
	{ "9110, 12 to 14: all",
	    STR(GET HOST "Range: a\r\nAccept-Encoding: b\r\nIf-Match: c\r\n"
			 "If-None-Match: d\r\n" END),
	    "GET 1.1 a / keep condition range accept-encoding" },
	{ "9110, 12 to 14: others as long",
	    STR(GET HOST "Ranges: a\r\nRangf: a\r\nIf-Mbtch: a\r\n"
			 "If-None-Mbtch: a\r\nAccept-Encodinh: a\r\n"
			 "If-Modified-Sincf: a\r\n"
			 "If-Unmodified-Sincf: a\r\n" END),
	    "GET 1.1 a / keep" },
};

static void
add_flag(struct buf *b, bool on, const char *name)
{
	if (on)
		buf_addf(b, " %s", name);
}

static void
describe(struct buf *b, const struct http_request *req)
{
	buf_addf(b, "%s 1.%u ", method_names[req->method], req->minor);
	buf_add_str(b, req->authority.len > 0 ? req->authority : STR("-"));
	buf_add_str(b, STR(" "));
	buf_add_str(b, req->path);
	if (req->query.len > 0)
		buf_addf(b, " ?%.*s", (int)req->query.len, req->query.p);
	add_flag(b, req->keep_alive, "keep");
	add_flag(b, !req->keep_alive, "close");
	if (req->has_content_length)
		buf_addf(
		    b, " length=%llu", (unsigned long long)req->content_length);
	else
		ck_assert_uint_eq(req->content_length, 0);
	add_flag(b, req->chunked, "chunked");
	add_flag(b, req->expect_continue, "expect");
	add_flag(b, req->bare_lf, "lf");
	add_flag(b, req->noted & HTTP_NOTED_CONDITION, "condition");
	add_flag(b, req->noted & HTTP_NOTED_RANGE, "range");
	add_flag(b, req->noted & HTTP_NOTED_ACCEPT_ENCODING, "accept-encoding");
}

static struct guard *guard;

static void
setup(void)
{
	guard = guard_new(2 * HTTP_HEAD_MAX);
}

static void
teardown(void)
{
	guard_free(guard);
}

/*
 * Hands in a head in one of the ways of feed_end() until it is taken or
 * refused.  Returns what http_parse_request() said last.
 */
static ssize_t
parse(struct str head, size_t way, struct http_request *req, int *status)
{
	ssize_t used = 0;
	size_t at = 0;

	memset(req, 0xa5, sizeof(*req));
	while (used == 0 && at < head.len) {
		size_t end = feed_end(way, at, head.len);

		used = http_parse_request(
		    guard_copy(guard, head.p, end), end, at, req, status);
		at = end;
	}
	return used;
}

/* The end of the head, after its empty line. */
static size_t
head_length(struct str s)
{
	for (size_t i = 2; i < s.len; i++) {
		if (s.p[i] == '\n' &&
		    (s.p[i - 1] == '\n' || memcmp(s.p + i - 2, "\n\r", 2) == 0))
			return i + 1;
	}
	return 0;
}

static void
check_head(struct str head, size_t way, const char *rfc, const char *result)
{
	struct http_request req;
	struct buf b = { 0 };
	int status = 0;
	ssize_t used = parse(head, way, &req, &status);

	if (used > 0)
		describe(&b, &req);
	else
		buf_addf(&b, "%d", used == -1 ? status : 0);
	ck_assert_msg(buf_len(&b) == strlen(result) &&
		memcmp(buf_data(&b), result, buf_len(&b)) == 0,
	    "RFC %s, way %zu: '%.*s' is not '%s'", rfc, way, (int)buf_len(&b),
	    buf_data(&b), result);
	if (used > 0)
		ck_assert_int_eq(used, (ssize_t)head_length(head));
	buf_free(&b);
}

START_TEST(head_comes_to)
{
	struct str head = heads[_i].head;

	for (size_t way = 0; way <= head.len; way++)
		check_head(head, way, heads[_i].rfc, heads[_i].result);
}
END_TEST

/* All but the last byte of each head that is taken needs more. */
START_TEST(needs_more)
{
	struct str head = heads[_i].head;
	struct http_request req;
	int status;

	if (heads[_i].result[0] < 'A')
		return;
	for (size_t len = 0; len < head_length(head); len++)
		ck_assert_int_eq(
		    http_parse_request(
			guard_copy(guard, head.p, len), len, 0, &req, &status),
		    0);
}
END_TEST

static const struct {
	struct str line, name, value;
} fields[] = {
	{ STR("A:b"), STR("A"), STR("b") },
	{ STR("A: b"), STR("A"), STR("b") },
	{ STR("A:\t b c \t"), STR("A"), STR("b c") },
	{ STR("A:"), STR("A"), STR("") },
	{ STR("A: \t "), STR("A"), STR("") },
	{ STR("A: b:c"), STR("A"), STR("b:c") },
	{ STR("A:: b"), STR("A"), STR(": b") },
	{ STR("!#$%&'*+-.^_`|~09azAZ: b"), STR("!#$%&'*+-.^_`|~09azAZ"),
	    STR("b") },
	{ STR("A: \"(),/:;<=>?@[\\]{}\""), STR("A"),
	    STR("\"(),/:;<=>?@[\\]{}\"") },
	{ STR("A: \x80\xff"), STR("A"), STR("\x80\xff") },
};

START_TEST(field)
{
	struct buf head = { 0 };
	struct http_request req;
	int status = 0;

	buf_add_str(&head, STR(GET HOST));
	buf_add_str(&head, fields[_i].line);
	buf_add_str(&head, STR("\r\nLast: z\r\n\r\n"));
	for (size_t way = 0; way <= buf_len(&head); way++) {
		struct str in = { buf_data(&head), buf_len(&head) };
		const struct http_field *f;

		ck_assert_int_gt(parse(in, way, &req, &status), 0);
		ck_assert_uint_eq(req.nfields, 3);
		f = &req.fields[1];
		ck_assert(str_eq(f->name, fields[_i].name));
		ck_assert(str_eq(f->value, fields[_i].value));
		ck_assert_ptr_eq(f, http_field_find(&req, fields[_i].name));
	}
	buf_free(&head);
}
END_TEST

START_TEST(field_find)
{
	struct http_request req;
	int status = 0;

	ck_assert_int_gt(
	    parse(STR(GET HOST "B: 1\r\nb: 2\r\n" END), 0, &req, &status), 0);
	ck_assert(str_eq(http_field_find(&req, STR("b"))->value, STR("1")));
	ck_assert(str_eq(http_field_find(&req, STR("hOST"))->value, STR("a")));
	ck_assert_ptr_null(http_field_find(&req, STR("C")));
	ck_assert_ptr_null(http_field_find(&req, STR("")));
}
END_TEST

/* What was found out about one request does not stay for the next. */
START_TEST(nothing_stays)
{
	static const struct str first = STR(POST HOST
	    "Expect: 100-continue\r\nContent-Length: 5\r\nRange: a\r\n\n");
	struct http_request req;
	int status;

	http_parse_request(first.p, first.len, 0, &req, &status);
	ck_assert(req.bare_lf && req.expect_continue && req.has_content_length);
	ck_assert_uint_eq(req.noted, HTTP_NOTED_RANGE);
	ck_assert_int_gt(
	    http_parse_request("GET / HTTP/1.0\r\n\r\n", 18, 0, &req, &status),
	    0);
	ck_assert(!req.bare_lf && !req.expect_continue && !req.chunked &&
	    !req.has_content_length && !req.keep_alive);
	ck_assert_uint_eq(req.content_length, 0);
	ck_assert_uint_eq(req.nfields, 0);
	ck_assert_uint_eq(req.authority.len, 0);
	ck_assert_uint_eq(req.noted, 0);
}
END_TEST

/* Tokens are the same for names everywhere (RFC 9110, 5.6.2). */
START_TEST(token_characters)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	int n = 0;

	for (int c = 0; c < 256; c++)
		n += http_is_token_char((char)c);
	ck_assert_int_eq(n, 10 + 26 + 26 + (int)sizeof(others) - 1);
	for (size_t i = 0; others[i] != '\0'; i++)
		ck_assert(http_is_token_char(others[i]));
}
END_TEST

/* Limits. */

static void
add_many(struct buf *b, char c, size_t n)
{
	char *to = buf_reserve(b, n);

	memset(to, c, n);
	buf_commit(b, n);
}

/* The ways that matter for a long head; each one would take long. */
static void
check_long(struct buf *head, const char *rfc, const char *result)
{
	struct str in = { buf_data(head), buf_len(head) };
	const size_t ways[] = { 0, 1, 100, in.len / 2, HTTP_TARGET_MAX,
		in.len - 4, in.len - 3, in.len - 2, in.len - 1, in.len };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		check_head(in, ways[i], rfc, result);
	buf_free(head);
}

static struct buf
head_with_target(size_t len)
{
	struct buf b = { 0 };

	buf_add_str(&b, STR("OPTIONS /"));
	add_many(&b, 'x', len - 1);
	buf_add_str(&b, STR(" HTTP/1.1\r\n" HOST END));
	return b;
}

START_TEST(target_limit)
{
	const size_t longer[] = { HTTP_TARGET_MAX + 1, HTTP_TARGET_MAX + 100,
		HTTP_HEAD_MAX + 100 };
	struct buf head = head_with_target(HTTP_TARGET_MAX);
	struct http_request req;
	struct str in = { buf_data(&head), buf_len(&head) };
	int status;

	ck_assert_int_gt(parse(in, 0, &req, &status), 0);
	ck_assert_uint_eq(req.target.len, HTTP_TARGET_MAX);
	ck_assert_int_gt(parse(in, in.len, &req, &status), 0);
	ck_assert_uint_eq(req.target.len, HTTP_TARGET_MAX);
	buf_free(&head);
	for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++) {
		head = head_with_target(longer[i]);
		check_long(&head, "9110, 15.5.15", "414");
	}
}
END_TEST

/* A head of so many bytes in all. */
static struct buf
head_of(size_t len)
{
	struct buf b = { 0 };

	buf_add_str(&b, STR(GET HOST "A: "));
	add_many(&b, 'x', len - buf_len(&b) - 4);
	buf_add_str(&b, STR("\r\n" END));
	ck_assert_uint_eq(buf_len(&b), len);
	return b;
}

START_TEST(head_limit)
{
	struct buf head = head_of(HTTP_HEAD_MAX);

	check_long(&head, "6585, 5", "GET 1.1 a / keep");
	head = head_of(HTTP_HEAD_MAX + 1);
	check_long(&head, "6585, 5", "431");
	head = head_of(HTTP_HEAD_MAX + 1000);
	check_long(&head, "6585, 5", "431");
}
END_TEST

/* No end of the head in sight: it is refused all the same. */
START_TEST(endless)
{
	struct http_request req;
	struct buf b = { 0 };
	int status = 0;

	buf_add_str(&b, STR(GET HOST));
	add_many(&b, 'x', HTTP_HEAD_MAX - buf_len(&b));
	ck_assert_int_eq(
	    parse((struct str){ buf_data(&b), buf_len(&b) }, 0, &req, &status),
	    0);
	add_many(&b, 'x', 1);
	ck_assert_int_eq(
	    parse((struct str){ buf_data(&b), buf_len(&b) }, 0, &req, &status),
	    -1);
	ck_assert_int_eq(status, 431);
	buf_free(&b);
	add_many(&b, 'x', HTTP_HEAD_MAX);
	ck_assert_int_eq(
	    parse((struct str){ buf_data(&b), buf_len(&b) }, 0, &req, &status),
	    -1);
	ck_assert_int_eq(status, 414);
	buf_free(&b);
}
END_TEST

static struct buf
head_with_fields(size_t n)
{
	struct buf b = { 0 };

	buf_add_str(&b, STR(GET HOST));
	for (size_t i = 1; i < n; i++)
		buf_addf(
		    &b, "X-Field-%zu: an ordinary value, number %zu\r\n", i, i);
	buf_add_str(&b, STR(END));
	return b;
}

START_TEST(field_limit)
{
	struct buf head = head_with_fields(60);

	check_long(&head, "6585, 5: 60 ordinary fields", "GET 1.1 a / keep");
	head = head_with_fields(HTTP_FIELDS_MAX);
	check_long(&head, "6585, 5", "GET 1.1 a / keep");
	head = head_with_fields(HTTP_FIELDS_MAX + 1);
	check_long(&head, "6585, 5", "431");
}
END_TEST

static Suite *
parse_suite(void)
{
	Suite *suite = suite_create("parse");
	TCase *tc = tcase_create("parse");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, head_comes_to, 0, CASES(heads));
	tcase_add_loop_test(tc, needs_more, 0, CASES(heads));
	tcase_add_loop_test(tc, field, 0, CASES(fields));
	tcase_add_test(tc, field_find);
	tcase_add_test(tc, nothing_stays);
	tcase_add_test(tc, token_characters);
	tcase_add_test(tc, target_limit);
	tcase_add_test(tc, head_limit);
	tcase_add_test(tc, endless);
	tcase_add_test(tc, field_limit);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(parse_suite());
}
