/*
 * What RFC 9110 and RFC 9112 ask of a server, case by case over a socket:
 * each table is a paragraph of the requirements.  Ranges and conditions are
 * in e2e_range, paths in e2e_paths, what takes time in e2e_slow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/daemon.h"
#include "tests/exchange.h"
#include "tests/run.h"

#define V11     " HTTP/1.1\r\n"
#define GET     "GET /" V11
#define POST    "POST /" V11
#define HOST    "Host: h\r\n"
#define END     "\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define LAST    "0\r\n\r\n"

#define ALLOW "Allow: GET, HEAD, OPTIONS"

/* A request that must never be answered. */
#define INNER "GET /inner" V11 HOST END

static const struct exchange request_lines[] = {
	{ "RFC 9112 3: origin form", STR(GET HOST END),
	    "200 keep\n!Connection\nETag\nDate\nContent-Length: 5\n\nindex" },
	{ "RFC 9110 9.1: lower case", STR("get /" V11 HOST END), "501 any" },
	{ "RFC 9110 9.1: mixed case", STR("Get /" V11 HOST END), "501 any" },
	{ "RFC 9110 9.1: unknown", STR("BREW /" V11 HOST END), "501 any" },
	{ "RFC 9110 9.1: a prefix", STR("GE /" V11 HOST END), "501 any" },
	{ "RFC 9110 9.1: one more letter", STR("GETS /" V11 HOST END),
	    "501 any" },
	{ "RFC 9110 9.1: any token", STR("!#$%&'*+-.^_`|~09aZ /" V11 HOST END),
	    "501 any" },
	{ "RFC 9112 3.1: not a token", STR("G(T /" V11 HOST END), "400 close" },
	{ "RFC 9112 3.1: no method", STR(" /" V11 HOST END), "400 close" },
	{ "RFC 9112 3: two spaces", STR("GET  /" V11 HOST END), "400 close" },
	{ "RFC 9112 3: two spaces before the version",
	    STR("GET / " V11 HOST END), "400 close" },
	{ "RFC 9112 3: HTAB", STR("GET\t/\tHTTP/1.1\r\n" HOST END),
	    "400 close" },
	{ "RFC 9112 3: a space at the end", STR("GET / HTTP/1.1 \r\n" HOST END),
	    "400 close" },
	{ "RFC 9112 3.2: a space within", STR("GET /a b" V11 HOST END),
	    "400 close" },
	{ "RFC 9112 3.2: no target", STR("GET" V11 HOST END), "400 close" },
	{ "RFC 9112 3.2: no slash", STR("GET index.html" V11 HOST END),
	    "400 close" },
	{ "RFC 9112 3.2: a fragment", STR("GET /#a" V11 HOST END),
	    "400 close" },
	{ "RFC 9112 3.2: NUL", STR("GET /\0" V11 HOST END), "400 close" },
	{ "RFC 9112 3.2: a control byte", STR("GET /\x1b" V11 HOST END),
	    "400 close" },
	{ "RFC 9112 3.2: DEL", STR("GET /\x7f" V11 HOST END), "400 close" },
	{ "RFC 9112 2.2: a bare CR in the target", STR("GET /\r" V11 HOST END),
	    "400 close" },
	{ "RFC 9112 2.2: a bare CR before the end",
	    STR("GET / HTTP/1.1\r\r\n" HOST END), "400 close" },
	{ "RFC 9112 2.2: bare CR for line ends",
	    STR("GET / HTTP/1.1\rHost: h\r\r\n\r\n"), "400 close" },
	{ "RFC 9112 2.2: an empty line first", STR("\r\n" GET HOST END),
	    "200 keep\n\nindex" },
	{ "RFC 9112 2.2: an empty line between requests",
	    STR(GET HOST END "\r\n" GET HOST END), "200 200 keep" },
	{ "RFC 9112 2.2: white space before the first field",
	    STR(GET " A: b\r\n" HOST END), "400 close" },
	{ "RFC 9112 2.3: HTTP/0.9", STR("GET /\r\n\r\n"), "400 close" },
	{ "RFC 9112 2.3: HTTP/0.9 with a bare LF", STR("GET /\n\n"),
	    "400 close" },
	{ "RFC 9112 2.3: lower case", STR("GET / http/1.1\r\n" HOST END),
	    "400 close" },
	{ "RFC 9112 2.3: no minor", STR("GET / HTTP/1\r\n" HOST END),
	    "400 close" },
	{ "RFC 9112 2.3: two digits", STR("GET / HTTP/1.10\r\n" HOST END),
	    "400 close" },
	{ "RFC 9112 2.3: a leading zero", STR("GET / HTTP/01.1\r\n" HOST END),
	    "400 close" },
	{ "RFC 9112 2.3: no digit", STR("GET / HTTP/1.x\r\n" HOST END),
	    "400 close" },
	{ "RFC 9112 2.3: another name", STR("GET / HTCP/1.1\r\n" HOST END),
	    "400 close" },
	{ "RFC 9110 2.5: HTTP/1.2 is as 1.1",
	    STR("GET / HTTP/1.2\r\n" HOST END), "200 keep" },
	{ "RFC 9110 2.5: HTTP/1.2 needs Host", STR("GET / HTTP/1.2\r\n" END),
	    "400 close" },
	{ "RFC 9110 15.6.6: HTTP/2.0", STR("GET / HTTP/2.0\r\n" HOST END),
	    "505 close" },
	{ "RFC 9110 15.6.6: HTTP/9.9", STR("GET / HTTP/9.9\r\n" HOST END),
	    "505 close" },
	{ "RFC 9113 3.4: the preface of HTTP/2",
	    STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "505 close" },
};

static const struct exchange methods[] = {
	{ "RFC 9110 9.3.2: HEAD", STR("HEAD /" V11 HOST END),
	    "200 keep\nContent-Length: 5\nETag\nDate\nLast-Modified" },
	{ "RFC 9110 9.3.2: HEAD of what is not there",
	    STR("HEAD /none" V11 HOST END), "404 keep\nContent-Length" },
	{ "RFC 9110 9.3.3: POST", STR("POST /" V11 HOST END),
	    "405 keep\n" ALLOW },
	{ "RFC 9110 9.3.4: PUT", STR("PUT /new" V11 HOST END),
	    "405 keep\n" ALLOW },
	{ "RFC 9110 9.3.5: DELETE", STR("DELETE /" V11 HOST END),
	    "405 keep\n" ALLOW },
	{ "RFC 5789 2: PATCH", STR("PATCH /" V11 HOST END),
	    "405 keep\n" ALLOW },
	{ "RFC 9110 9.3.8: TRACE", STR("TRACE /" V11 HOST END),
	    "405 keep\n" ALLOW "\nContent-Type: text/html; charset=utf-8" },
	{ "RFC 9110 9.3.6: CONNECT", STR("CONNECT h:80" V11 HOST END),
	    "405 any\n" ALLOW },
	{ "RFC 9110 9.3.6: CONNECT of an address",
	    STR("CONNECT 127.0.0.1:80" V11 HOST END), "405 any" },
	{ "RFC 9110 9.3.6: CONNECT with HTTP/1.0",
	    STR("CONNECT h:80 HTTP/1.0\r\n" END), "405 any" },
	{ "RFC 9110 9.3.6: CONNECT of a path", STR("CONNECT /" V11 HOST END),
	    "400 close" },
	{ "RFC 9110 9.3.7: OPTIONS *", STR("OPTIONS *" V11 HOST END),
	    "20x keep\nAllow\n\n" },
	{ "RFC 9110 9.3.7: OPTIONS of a path", STR("OPTIONS /" V11 HOST END),
	    "20x keep\n" ALLOW "\n\n" },
	{ "RFC 9110 9.3.7: OPTIONS with content",
	    STR("OPTIONS /" V11 HOST "Content-Length: 5\r\n" END "abcde"),
	    "20x keep\n" ALLOW "\n\n" },
	{ "RFC 9112 3.2.4: GET *", STR("GET *" V11 HOST END), "400 close" },
	{ "RFC 9112 3.2.4: OPTIONS *a", STR("OPTIONS *a" V11 HOST END),
	    "400 close" },
	{ "RFC 9112 3.2.2: absolute form", STR("GET http://h/" V11 HOST END),
	    "200 keep\n\nindex" },
	{ "RFC 9112 3.2.2: its authority overrides Host",
	    STR("GET http://other:81/" V11 HOST END), "200 keep\n\nindex" },
	{ "RFC 9112 3.2.2: no path", STR("GET http://h" V11 HOST END),
	    "200 keep\n\nindex" },
	{ "RFC 9112 3.2.2: a query and no path",
	    STR("GET http://h?a" V11 HOST END), "200 keep\n\nindex" },
	{ "RFC 9110 4.2.3: the scheme in capitals",
	    STR("GET HTTP://h/" V11 HOST END), "200 keep\n\nindex" },
	{ "RFC 9112 3.2.2: Host is needed all the same",
	    STR("GET http://h/" V11 END), "400 close" },
	{ "RFC 9112 3.2.2: a bad Host is bad all the same",
	    STR("GET http://h/" V11 "Host: a b\r\n" END), "400 close" },
	{ "RFC 9112 3.2.2: HTTP/1.0", STR("GET http://h/ HTTP/1.0\r\n" END),
	    "200 close" },
	{ "RFC 9112 3.2.2: no host", STR("GET http:///" V11 HOST END),
	    "400 close" },
	{ "RFC 9110 4.2.4: userinfo", STR("GET http://u:p@h/" V11 HOST END),
	    "400 close" },
	{ "RFC 9112 3.2.2: another scheme", STR("GET ftp://h/" V11 HOST END),
	    "400 close" },
	{ "RFC 9112 3.2.3: authority form of GET", STR("GET h:80" V11 HOST END),
	    "400 close" },
	{ "RFC 9112 3.2.2: OPTIONS http://h",
	    STR("OPTIONS http://h" V11 HOST END), "20x keep\nAllow" },
};

/* Accepted in a head, for people who type it; then the connection ends. */
static const struct exchange line_ends[] = {
	{ "RFC 9112 2.2: bare LF", STR("GET / HTTP/1.1\nHost: h\n\n"),
	    "200 close\n\nindex" },
	{ "RFC 9112 2.2: bare LF, and more behind",
	    STR("GET / HTTP/1.1\nHost: h\n\n" INNER), "200 close" },
	{ "RFC 9112 2.2: one bare LF", STR("GET / HTTP/1.1\nHost: h\r\n\r\n"),
	    "200 close" },
	{ "RFC 9112 2.2: a bare LF in the fields",
	    STR(GET HOST "A: b\nC: d\r\n" END), "200 close" },
	{ "RFC 9112 2.2: a bare LF for the empty line", STR(GET HOST "\n"),
	    "200 close" },
	{ "RFC 9112 2.2: a bare LF before the request line",
	    STR("\n" GET HOST END), "200 close" },
	{ "RFC 9112 2.2: the client of the lecture", STR("GET / HTTP/1.0\n\n"),
	    "200 close\n\nindex" },
	{ "RFC 9112 2.2: keep-alive does not help",
	    STR("GET / HTTP/1.0\nConnection: keep-alive\n\n"), "200 close" },
	{ "RFC 9112 2.2: with a body",
	    STR("POST / HTTP/1.1\nHost: h\nContent-Length: 3\n\nabc" INNER),
	    "405 close" },
	{ "RFC 9112 7.1: bare LF after a chunk size",
	    STR(POST HOST CHUNKED END "5\nabcde\r\n" LAST), "4xx ends" },
	{ "RFC 9112 7.1: bare LF after chunk data",
	    STR(POST HOST CHUNKED END "5\r\nabcde\n" LAST), "4xx ends" },
	{ "RFC 9112 7.1: bare LF after the last chunk",
	    STR(POST HOST CHUNKED END "0\n\r\n"), "4xx ends" },
	{ "RFC 9112 7.1: bare LF for the last line",
	    STR(POST HOST CHUNKED END "0\r\n\n"), "4xx ends" },
	{ "RFC 9112 7.1.1: bare LF after an extension",
	    STR(POST HOST CHUNKED END "5;a=b\nabcde\r\n" LAST), "4xx ends" },
	{ "RFC 9112 7.1.2: bare LF in a trailer",
	    STR(POST HOST CHUNKED END "0\r\nA: b\n\r\n"), "4xx ends" },
};

static const struct exchange hosts[] = {
	{ "RFC 9112 3.2: no Host", STR(GET END), "400 close" },
	{ "RFC 9112 3.2: HTTP/1.0 needs none", STR("GET / HTTP/1.0\r\n" END),
	    "200 close" },
	{ "RFC 9112 3.2: two Host fields",
	    STR(GET "Host: a\r\nHost: b\r\n" END), "400 close" },
	{ "RFC 9112 3.2: two equal Host fields", STR(GET HOST HOST END),
	    "400 close" },
	{ "RFC 9112 3.2: two Host fields of HTTP/1.0",
	    STR("GET / HTTP/1.0\r\n" HOST HOST END), "400 close" },
	{ "RFC 9112 3.2: a list", STR(GET "Host: a, b\r\n" END), "400 close" },
	{ "RFC 9110 7.2: empty", STR(GET "Host:\r\n" END), "400 close" },
	{ "RFC 9110 7.2: a space", STR(GET "Host: a b\r\n" END), "400 close" },
	{ "RFC 9110 7.2: a slash", STR(GET "Host: a/b\r\n" END), "400 close" },
	{ "RFC 9110 7.2: a whole URI", STR(GET "Host: http://a/\r\n" END),
	    "400 close" },
	{ "RFC 9110 7.2: userinfo", STR(GET "Host: u@a\r\n" END), "400 close" },
	{ "RFC 9110 7.2: a port in letters", STR(GET "Host: a:http\r\n" END),
	    "400 close" },
	{ "RFC 9110 7.2: a signed port", STR(GET "Host: a:+80\r\n" END),
	    "400 close" },
	{ "RFC 9110 7.2: a port too great", STR(GET "Host: a:65536\r\n" END),
	    "400 close" },
	{ "RFC 9110 7.2: two ports", STR(GET "Host: a:80:80\r\n" END),
	    "400 close" },
	{ "RFC 9110 7.2: an open bracket", STR(GET "Host: [::1\r\n" END),
	    "400 close" },
	{ "RFC 9110 7.2: text after the bracket",
	    STR(GET "Host: [::1]a\r\n" END), "400 close" },
	{ "RFC 9110 7.2: IPv6 without brackets", STR(GET "Host: ::1\r\n" END),
	    "400 close" },
	{ "RFC 9110 7.2: a name in brackets", STR(GET "Host: [a]\r\n" END),
	    "400 close" },
	{ "RFC 9110 7.2: a bad escape", STR(GET "Host: a%2\r\n" END),
	    "400 close" },
	{ "RFC 9110 7.2: IPv6", STR(GET "Host: [2001:db8::1]\r\n" END),
	    "200 keep" },
	{ "RFC 9110 7.2: IPv6 with a port", STR(GET "Host: [::1]:8080\r\n" END),
	    "200 keep" },
	{ "RFC 9110 7.2: an IPv4 address within",
	    STR(GET "Host: [::ffff:192.0.2.1]\r\n" END), "200 keep" },
	{ "RFC 9110 7.2: a port", STR(GET "Host: a.example:8080\r\n" END),
	    "200 keep" },
	{ "RFC 9110 7.2: an empty port", STR(GET "Host: a:\r\n" END),
	    "200 keep" },
	{ "RFC 9110 5.1: the name in capitals", STR(GET "HOST: a\r\n" END),
	    "200 keep" },
};

static const struct exchange fields[] = {
	{ "RFC 9112 5.1: a space before the colon",
	    STR(GET HOST "A : b\r\n" END), "400 close" },
	{ "RFC 9112 5.1: HTAB before the colon", STR(GET HOST "A\t: b\r\n" END),
	    "400 close" },
	{ "RFC 9112 5.1: a space before the colon of Host",
	    STR(GET "Host : h\r\n" END), "400 close" },
	{ "RFC 9112 5: an empty name", STR(GET HOST ": b\r\n" END),
	    "400 close" },
	{ "RFC 9112 5: no colon", STR(GET HOST "A\r\n" END), "400 close" },
	{ "RFC 9110 5.1: a name that is no token",
	    STR(GET HOST "A(b: c\r\n" END), "400 close" },
	{ "RFC 9110 5.1: obs-text in a name",
	    STR(GET HOST "\xc3\xa4: c\r\n" END), "400 close" },
	{ "RFC 9110 5.5: NUL", STR(GET HOST "A: b\0c\r\n" END), "400 close" },
	{ "RFC 9110 5.5: a bare CR", STR(GET HOST "A: b\rc\r\n" END),
	    "400 close" },
	{ "RFC 9110 5.5: a control byte", STR(GET HOST "A: b\x1b[m\r\n" END),
	    "400 close" },
	{ "RFC 9110 5.5: DEL", STR(GET HOST "A: \x7f\r\n" END), "400 close" },
	{ "RFC 9110 5.5: obs-text", STR(GET HOST "A: \xc3\xa4\xff\r\n" END),
	    "200 keep" },
	{ "RFC 9110 5.5: an empty value", STR(GET HOST "A:\r\n" END),
	    "200 keep" },
	{ "RFC 9110 5.6.3: HTAB is white space",
	    STR(GET "Host:\t h \t\r\n" END), "200 keep" },
	{ "RFC 9110 5.6.3: no white space", STR(GET "Host:h\r\n" END),
	    "200 keep" },
	{ "RFC 9112 5.2: obs-fold", STR(GET HOST "A: b\r\n c\r\n" END),
	    "400 close" },
	{ "RFC 9112 5.2: obs-fold with HTAB",
	    STR(GET HOST "A: b\r\n\tc\r\n" END), "400 close" },
	{ "RFC 9112 5.2: obs-fold of what looks like a field",
	    STR(GET HOST "A: b\r\n Connection: close\r\n" END), "400 close" },
};

static const struct exchange framing[] = {
	{ "RFC 9112 6.2: a body is read past",
	    STR(POST HOST "Content-Length: 5\r\n" END "abcde"), "405 keep" },
	{ "RFC 9112 6.2: it is no request",
	    STR(POST HOST "Content-Length: 32\r\n" END INNER), "405 keep" },
	{ "RFC 9112 6: GET with a body",
	    STR("GET /" V11 HOST "Content-Length: 32\r\n" END INNER),
	    "200 keep\n\nindex" },
	{ "RFC 9112 6: HEAD with a body",
	    STR("HEAD /" V11 HOST "Content-Length: 32\r\n" END INNER),
	    "200 keep" },
	{ "RFC 9112 6: TRACE with a body",
	    STR("TRACE /" V11 HOST "Content-Length: 3\r\n" END "abc"),
	    "405 any" },
	{ "RFC 9112 6.2: no content",
	    STR(POST HOST "Content-Length: 0\r\n" END), "405 keep" },
	{ "RFC 9112 6.3: plus", STR(POST HOST "Content-Length: +5\r\n" END),
	    "400 close" },
	{ "RFC 9112 6.3: minus", STR(POST HOST "Content-Length: -5\r\n" END),
	    "400 close" },
	{ "RFC 9112 6.3: hex", STR(POST HOST "Content-Length: 0x5\r\n" END),
	    "400 close" },
	{ "RFC 9112 6.3: a fraction",
	    STR(POST HOST "Content-Length: 5.0\r\n" END), "400 close" },
	{ "RFC 9112 6.3: a list", STR(POST HOST "Content-Length: 5, 5\r\n" END),
	    "400 close" },
	{ "RFC 9112 6.3: empty", STR(POST HOST "Content-Length:\r\n" END),
	    "400 close" },
	{ "RFC 9112 6.3: two numbers",
	    STR(POST HOST "Content-Length: 5 5\r\n" END), "400 close" },
	{ "RFC 9112 6.3: over 2^63",
	    STR(POST HOST "Content-Length: 9223372036854775808\r\n" END),
	    "400 close" },
	{ "RFC 9112 6.3: over 2^64",
	    STR(POST HOST "Content-Length: 18446744073709551621\r\n" END),
	    "400 close" },
	{ "RFC 9112 6.3: two fields",
	    STR(POST HOST "Content-Length: 5\r\nContent-Length: 6\r\n" END),
	    "400 close" },
	{ "RFC 9112 6.3: two equal fields",
	    STR(POST HOST "Content-Length: 5\r\nContent-Length: 5\r\n" END),
	    "400 close" },
	{ "RFC 9110 15.5.14: 413 from Content-Length alone",
	    STR(POST HOST "Content-Length: 1048577\r\n" END), "413 close" },
	{ "RFC 9112 7.1: chunked",
	    STR(POST HOST CHUNKED END "5\r\nabcde\r\n" LAST), "405 keep" },
	{ "RFC 9112 7.1: no chunk", STR(POST HOST CHUNKED END LAST),
	    "405 keep" },
	{ "RFC 9112 7.1: it is no request",
	    STR(POST HOST CHUNKED END "20\r\n" INNER "\r\n" LAST), "405 keep" },
	{ "RFC 9112 7.1: hex digits of both cases",
	    STR(POST HOST CHUNKED END "a\r\n0123456789\r\nA\r\n0123456789\r\n"
				      "000\r\n\r\n"),
	    "405 keep" },
	{ "RFC 9112 7: the name without case",
	    STR(POST HOST "transfer-encoding: CHUNKED\r\n" END LAST),
	    "405 keep" },
	{ "RFC 9112 7.1.1: an extension",
	    STR(POST HOST CHUNKED END "5;a=b;c=\"d e\"\r\nabcde\r\n" LAST),
	    "405 keep" },
	{ "RFC 9112 7.1.2: trailers",
	    STR(POST HOST CHUNKED END "0\r\nA: b\r\nC: d\r\n\r\n"),
	    "405 keep" },
	{ "RFC 9112 7.1: an empty chunk size",
	    STR(POST HOST CHUNKED END "\r\nabcde\r\n" LAST), "4xx ends" },
	{ "RFC 9112 7.1: no hex", STR(POST HOST CHUNKED END "g\r\n" LAST),
	    "4xx ends" },
	{ "RFC 9112 7.1: 0x",
	    STR(POST HOST CHUNKED END "0x5\r\nabcde\r\n" LAST), "4xx ends" },
	{ "RFC 9112 7.1: a sign",
	    STR(POST HOST CHUNKED END "+5\r\nabcde\r\n" LAST), "4xx ends" },
	{ "RFC 9112 7.1: a minus",
	    STR(POST HOST CHUNKED END "-5\r\nabcde\r\n" LAST), "4xx ends" },
	{ "RFC 9112 7.1: a space before the size",
	    STR(POST HOST CHUNKED END " 5\r\nabcde\r\n" LAST), "4xx ends" },
	{ "RFC 9112 7.1: over 2^64",
	    STR(POST HOST CHUNKED END "10000000000000005\r\nabcde\r\n" LAST),
	    "4xx ends" },
	{ "RFC 9112 7.1: data longer than its size",
	    STR(POST HOST CHUNKED END "4\r\nabcde\r\n" LAST), "4xx ends" },
	{ "RFC 9112 7.1: data shorter than its size",
	    STR(POST HOST CHUNKED END "6\r\nabcde\r\n" LAST), "4xx ends" },
	{ "RFC 9112 7.1: a bare CR after the size",
	    STR(POST HOST CHUNKED END "5\rabcde\r\n" LAST), "4xx ends" },
	{ "RFC 9112 6.3: both",
	    STR(POST HOST CHUNKED "Content-Length: 5\r\n" END LAST INNER),
	    "400 close" },
	{ "RFC 9112 6.3: both, Content-Length first",
	    STR(POST HOST "Content-Length: 5\r\n" CHUNKED END LAST INNER),
	    "400 close" },
	{ "RFC 9112 6.1: HTTP/1.0",
	    STR("POST / HTTP/1.0\r\n" CHUNKED END LAST INNER), "400 close" },
	{ "RFC 9112 6.1: HTTP/1.0 with keep-alive",
	    STR("POST / HTTP/1.0\r\nConnection: keep-alive\r\n" CHUNKED END LAST
		    INNER),
	    "400 close" },
	{ "RFC 9112 6.3: chunked is not final",
	    STR(POST HOST
		"Transfer-Encoding: chunked, gzip\r\n" END LAST INNER),
	    "400 close" },
	{ "RFC 9112 6.3: without chunked",
	    STR(POST HOST "Transfer-Encoding: gzip\r\n" END INNER),
	    "400 close" },
	{ "RFC 9112 6.1: chunked twice",
	    STR(POST HOST "Transfer-Encoding: chunked, chunked\r\n" END LAST),
	    "400 close" },
	{ "RFC 9112 6.1: chunked in two fields",
	    STR(POST HOST CHUNKED CHUNKED END LAST INNER), "400 close" },
	{ "RFC 9112 6.1: identity",
	    STR(POST HOST "Transfer-Encoding: identity\r\n" END LAST),
	    "400 close" },
	{ "RFC 9112 6.1: a coding that is not known",
	    STR(POST HOST "Transfer-Encoding: gzip, chunked\r\n" END LAST),
	    "501 close" },
	{ "RFC 9112 6.1: another name",
	    STR(POST HOST "Transfer-Encoding: xchunked\r\n" END LAST),
	    "400 close" },
	{ "RFC 9112 6.1: quoted",
	    STR(POST HOST "Transfer-Encoding: \"chunked\"\r\n" END LAST),
	    "400 close" },
};

static const struct exchange persistence[] = {
	{ "RFC 9112 9.3: HTTP/1.1 persists", STR(GET HOST END),
	    "200 keep\n!Connection" },
	{ "RFC 9112 9.6: close", STR(GET HOST "Connection: close\r\n" END),
	    "200 close" },
	{ "RFC 9112 9.6: nothing is answered after close",
	    STR(GET HOST "Connection: close\r\n" END INNER), "200 close" },
	{ "RFC 9110 7.6.1: in a list, without case",
	    STR(GET HOST "Connection: a ,\tCLOSE , b\r\n" END), "200 close" },
	{ "RFC 9110 7.6.1: in a second field",
	    STR(GET HOST "Connection: a\r\nConnection: close\r\n" END),
	    "200 close" },
	{ "RFC 9110 7.6.1: a longer name",
	    STR(GET HOST "Connection: closed\r\n" END), "200 keep" },
	{ "RFC 9112 9.3: HTTP/1.0 does not persist",
	    STR("GET / HTTP/1.0\r\n" END INNER), "200 close" },
	{ "RFC 9112 C.2.2: HTTP/1.0 with keep-alive",
	    STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" END),
	    "200 keep\nConnection: keep-alive" },
	{ "RFC 9112 9.3: HTTP/1.0 with both",
	    STR("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n" END),
	    "200 close" },
	{ "RFC 9112 9.3.2: pipelining",
	    STR(GET HOST END "GET /none" V11 HOST END "POST /" V11 HOST
			     "Content-Length: 3\r\n" END "abc" GET HOST END),
	    "200 404 405 200 keep" },
	{ "RFC 9112 9.3.2: an error ends it",
	    STR(GET HOST END "BAD\r\n\r\n" INNER), "200 400 close" },
	{ "RFC 9110 9.2.2: an error of the client does not end it",
	    STR("GET /none" V11 HOST END), "404 keep" },
};

static const struct exchange expectations[] = {
	{ "RFC 9110 10.1.1: never to HTTP/1.0",
	    STR("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
		"Content-Length: 3\r\n" END "abc"),
	    "405 close" },
	{ "RFC 9110 10.1.1: which does as if it were not there",
	    STR("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
		"Connection: keep-alive\r\nContent-Length: 3\r\n" END "abc"),
	    "405 keep" },
	{ "RFC 9110 10.1.1: without content",
	    STR(GET HOST "Expect: 100-continue\r\n" END), "200 any\n\nindex" },
	{ "RFC 9110 10.1.1: another expectation",
	    STR(GET HOST "Expect: tea\r\n" END), "417 any" },
};

/* Messages that are mostly one text again and again. */
static const struct {
	const char *name, *start, *repeat;
	int times;
	const char *end, *result;
} repeated[] = {
	{ "RFC 9112 3: a path of 8000 octets", "GET /", "a", 7999, V11 HOST END,
	    "404 keep" },
	{ "RFC 9112 3: a target of 8000 octets", "GET /?", "a", 7998,
	    V11 HOST END, "200 keep" },
	{ "RFC 9112 3: 8000 octets in absolute form", "GET http://h/?", "a",
	    7987, V11 HOST END, "200 keep" },
	{ "RFC 9110 15.5.15: 8193 octets", "GET /", "a", 8192, V11 HOST END,
	    "414 close" },
	{ "RFC 9110 15.5.15: a line without an end", "GET /", "a", 100000, "",
	    "414 close" },
	{ "RFC 9110 5.4: 60 fields", GET HOST, "Accept: text/html\r\n", 60, END,
	    "200 keep" },
	{ "RFC 9110 5.4: a field of 8000 octets", GET HOST "Cookie: ", "a",
	    8000, "\r\n" END, "200 keep" },
	{ "RFC 9110 5.4: a head of 16000 octets", GET HOST "Cookie: ", "a",
	    15900, "\r\n" END, "200 keep" },
	{ "RFC 6585 5: a field too large", GET HOST "Cookie: ", "a", 17000,
	    "\r\n" END, "431 close" },
	{ "RFC 6585 5: 64 KiB are sent before the client reads",
	    GET HOST "Cookie: ", "a", 65536, "\r\n" END, "431 close" },
	{ "RFC 6585 5: too many fields", GET HOST, "A: b\r\n", 20000, END,
	    "431 close" },
	{ "RFC 9112 9.3: a body within the limit is read past",
	    POST HOST "Content-Length: 1000000\r\n" END, "a", 1000000, "",
	    "405 keep" },
	{ "RFC 9110 15.5.14: a body over the limit",
	    POST HOST "Content-Length: 1100000\r\n" END, "a", 1100000, "",
	    "413 close" },
	{ "RFC 9112 7.1: many chunks", POST HOST CHUNKED END, "1\r\na\r\n",
	    10000, LAST, "405 keep" },
	{ "RFC 9112 7.1: a chunked body over the limit", POST HOST CHUNKED END,
	    "a\r\n0123456789\r\n", 110000, LAST, "4xx ends" },
	{ "RFC 9112 7.1.1: extensions without end",
	    POST HOST CHUNKED END "1;a=", "b", 100000, "\r\na\r\n" LAST,
	    "4xx ends" },
	{ "RFC 9112 7.1: a chunk size without end", POST HOST CHUNKED END, "0",
	    100000, "1\r\na\r\n" LAST, "4xx ends" },
	{ "RFC 9112 7.1.2: trailers without end", POST HOST CHUNKED END "0\r\n",
	    "A: b\r\n", 20000, "\r\n", "4xx ends" },
};

static const struct {
	const char *name;
	const struct exchange *cases;
	int n;
} tables[] = {
	{ "request lines", request_lines, CASES(request_lines) },
	{ "methods", methods, CASES(methods) },
	{ "line ends", line_ends, CASES(line_ends) },
	{ "hosts", hosts, CASES(hosts) },
	{ "fields", fields, CASES(fields) },
	{ "framing", framing, CASES(framing) },
	{ "persistence", persistence, CASES(persistence) },
	{ "expectations", expectations, CASES(expectations) },
};

static struct program server;

static void
start(void)
{
	const char *args[] = { temp_dir(), NULL };
	char path[1024];

	exchange_root(args[0]);
	temp_file(args[0], "index.html", "index", 5);
	temp_file(args[0], "inner", "inner", 5);
	temp_file(args[0], "empty", "", 0);
	snprintf(path, sizeof(path), "%s/dir", args[0]);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	daemon_start(&server, args);
}

START_TEST(conforms)
{
	start();
	for (int i = 0; i < tables[_i].n; i++)
		exchange_run(&tables[_i].cases[i], server.http_port);
	daemon_stop(&server);
}
END_TEST

START_TEST(conforms_at_length)
{
	start();
	for (int i = 0; i < CASES(repeated); i++) {
		struct exchange e = { .name = repeated[i].name,
			.expected = repeated[i].result };
		struct buf b = { 0 };

		buf_add_str(&b, str_of(repeated[i].start));
		for (int n = 0; n < repeated[i].times; n++)
			buf_add_str(&b, str_of(repeated[i].repeat));
		buf_add_str(&b, str_of(repeated[i].end));
		e.request = (struct str){ buf_data(&b), buf_len(&b) };
		exchange_run(&e, server.http_port);
		buf_free(&b);
	}
	daemon_stop(&server);
}
END_TEST

/* HEAD has the fields of GET (RFC 9110, 9.3.2). */

static const char *const targets[] = { "/", "/tail", "/empty", "/dir", "/none",
	"/%00", "/healthz", "/tail?query" };

/* The head but for its date. */
static struct buf
ask_head(const char *method, const char *target)
{
	struct exchange_answer a;
	struct str rest, line;
	struct buf b = { 0 };
	char text[256], *data;

	snprintf(text, sizeof(text),
	    "%s %s" V11 HOST "Connection: close\r\n" END, method, target);
	a = exchange_ask(server.http_port, str_of(text), &data, text);
	for (rest = a.head; rest.len > 0;) {
		line = str_cut(&rest, '\n');
		if (memcmp(line.p, "Date:", 5) != 0)
			buf_add_str(&b, line);
	}
	buf_add(&b, "", 1);
	free(data);
	return b;
}

START_TEST(head_is_as_get)
{
	start();
	for (int i = 0; i < CASES(targets); i++) {
		struct buf get = ask_head("GET", targets[i]);
		struct buf head = ask_head("HEAD", targets[i]);

		ck_assert_msg(strcmp(buf_data(&get), buf_data(&head)) == 0,
		    "%s: HEAD has %s, GET %s", targets[i], buf_data(&head),
		    buf_data(&get));
		buf_free(&get);
		buf_free(&head);
	}
	daemon_stop(&server);
}
END_TEST

/* Pipelined answers come in order, each with what it was asked for. */
START_TEST(in_order)
{
	struct buf b = { 0 };
	struct str rest;
	char *data;
	int fd;

	start();
	for (int i = 0; i < 300; i++)
		buf_addf(&b, "%s /%s" V11 HOST END, i % 3 == 2 ? "HEAD" : "GET",
		    i % 2 ? "tail" : "inner");
	buf_addf(&b, GET HOST "Connection: close\r\n" END);
	fd = tcp_connect(server.http_port);
	send_all(fd, buf_data(&b), buf_len(&b));
	rest.len = read_to_end(fd, &data);
	rest.p = data;
	for (int i = 0; i < 300; i++) {
		struct exchange_answer a =
		    exchange_cut(&rest, i % 3 == 2, "RFC 9112 9.3.2: in order");

		exchange_check_field(&a,
		    i % 2 ? STR("Content-Length: 22")
			  : STR("Content-Length: 5"),
		    "RFC 9112 9.3.2: in order");
	}
	ck_assert(
	    str_eq(exchange_cut(&rest, false, "the last").body, STR("index")));
	ck_assert_uint_eq(rest.len, 0);
	free(data);
	buf_free(&b);
	close(fd);
	daemon_stop(&server);
}
END_TEST

/*
 * Expect: 100-continue (RFC 9110, 10.1.1): before the body, 100 or a final
 * status comes; after it, a final status either way.
 */
static const struct {
	const char *name, *head, *body, *result;
} waiting[] = {
	{ "RFC 9110 10.1.1: 100-continue",
	    POST HOST "Expect: 100-continue\r\nContent-Length: 5\r\n" END,
	    "abcde", "405" },
	{ "RFC 9110 10.1.1: without case, chunked",
	    POST HOST "Expect: 100-CONTINUE\r\n" CHUNKED END,
	    "5\r\nabcde\r\n" LAST, "405" },
	{ "RFC 9110 10.1.1: a final status for what is too large",
	    POST HOST "Expect: 100-continue\r\nContent-Length: 9999999\r\n" END,
	    "", "413" },
};

START_TEST(expects)
{
	start();
	for (int i = 0; i < CASES(waiting); i++) {
		int fd = tcp_connect(server.http_port);
		char head[4096], *data;
		size_t len;

		send_text(fd, waiting[i].head);
		len = read_until(fd, "\r\n\r\n", head, sizeof(head));
		ck_assert_uint_ge(len, 12);
		if (memcmp(head + 9, "100", 3) == 0) {
			send_text(fd, waiting[i].body);
			read_until(fd, "\r\n\r\n", head, sizeof(head));
		}
		ck_assert_msg(memcmp(head + 9, waiting[i].result, 3) == 0,
		    "%s: %s", waiting[i].name, head);
		shutdown(fd, SHUT_WR);
		read_to_end(fd, &data);
		ck_assert_ptr_null(strstr(data, "HTTP/1.1 "));
		free(data);
		close(fd);
	}
	daemon_stop(&server);
}
END_TEST

/* A client that closes its side after the request gets all of the answer. */
START_TEST(half_closed)
{
	char *data;
	int fd;

	start();
	fd = tcp_connect(server.http_port);
	send_text(fd, GET HOST END GET HOST END);
	shutdown(fd, SHUT_WR);
	read_to_end(fd, &data);
	ck_assert_ptr_nonnull(strstr(data, "\r\n\r\nindexHTTP/1.1 200"));
	free(data);
	close(fd);
	/* An unfinished head is answered 400 or not at all. */
	fd = tcp_connect(server.http_port);
	send_text(fd, GET HOST);
	shutdown(fd, SHUT_WR);
	read_to_end(fd, &data);
	ck_assert(data[0] == '\0' || strncmp(data + 9, "400", 3) == 0);
	free(data);
	close(fd);
	daemon_stop(&server);
}
END_TEST

static Suite *
rfc_suite(void)
{
	Suite *suite = suite_create("e2e_rfc");
	TCase *tc = tcase_create("rfc");

	tcase_add_loop_test(tc, conforms, 0, CASES(tables));
	tcase_add_test(tc, conforms_at_length);
	tcase_add_test(tc, head_is_as_get);
	tcase_add_test(tc, in_order);
	tcase_add_test(tc, expects);
	tcase_add_test(tc, half_closed);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(rfc_suite());
}
