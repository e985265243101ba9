/*
 * httpget against a server in a child process that answers with canned bytes,
 * against `openssl s_server`, and against chatd.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

#define ARGS_MAX 10
#define OK       "HTTP/1.1 200 OK\r\n"

/* What is sent for a target; after /hold... the connection stays open. */
struct answer {
	const char *target;
	const char *bytes; /* NULL: the request itself is the body */
};

/* What httpget did. */
struct outcome {
	int status;
	size_t len;
	char *out, *err;
};

/* The server. */

static int
listen_loopback(int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* In the child nothing is asserted: Check hears one process of a test. */

static void
read_head(int fd, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	while (len < cap - 1 && strstr(out, "\r\n\r\n") == NULL &&
	    read(fd, out + len, 1) == 1)
		out[++len] = '\0';
}

static void
write_text(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n = 0;

	while (len > 0 && (n = send(fd, text, len, MSG_NOSIGNAL)) > 0) {
		text += n;
		len -= (size_t)n;
	}
}

static void
answer_one(int fd, const struct answer *a)
{
	char request[4096], head[128], target[2048] = "", rest[16];

	read_head(fd, request, sizeof(request));
	sscanf(request, "%*s %2047s", target);
	while (a->target != NULL && strcmp(a->target, target) != 0)
		a++;
	snprintf(head, sizeof(head), OK "Content-Length: %zu\r\n\r\n",
	    strlen(request));
	if (a->target == NULL) {
		write_text(
		    fd, "HTTP/1.1 404 Not Found\r\n\r\nno such target\n");
	} else if (a->bytes == NULL) {
		write_text(fd, head);
		write_text(fd, request);
	} else {
		write_text(fd, a->bytes);
	}
	/* So that what was sent arrives before the end of the stream. */
	if (strncmp(target, "/hold", 5) != 0)
		shutdown(fd, SHUT_WR);
	while (read(fd, rest, sizeof(rest)) > 0)
		continue;
	close(fd);
}

/* Answers in a child process, which ends with the test; the port. */
static int
serve(const struct answer *answers)
{
	int port, fd = listen_loopback(&port);

	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			answer_one(accept(fd, NULL, NULL), answers);
	}
	close(fd);
	return port;
}

/* Answers requests for / alone. */
static int
serve_one(const char *response)
{
	struct answer answers[] = { { "/", response }, { NULL, NULL } };

	return serve(answers);
}

/* A port of 127.0.0.1 where nobody listens. */
static int
free_port(void)
{
	int port;

	close(listen_loopback(&port));
	return port;
}

/* httpget. */

static struct outcome
httpget(const char *const *args)
{
	struct program p;
	struct outcome o;

	program_start(&p, "httpget", args);
	program_close_stdin(&p);
	o.len = read_to_end(p.out, &o.out);
	read_to_end(p.err, &o.err);
	o.status = program_wait(&p);
	return o;
}

static void
outcome_free(struct outcome *o)
{
	free(o->out);
	free(o->err);
}

/* http://127.0.0.1:PORT and what follows; valid for a few calls. */
static const char *
url_of(int port, const char *target)
{
	static char urls[4][2048];
	static unsigned next;
	char *url = urls[next++ % 4];

	snprintf(url, sizeof(urls[0]), "http://127.0.0.1:%d%s", port, target);
	return url;
}

static struct outcome
get(int port, const char *option, const char *target)
{
	const char *url = url_of(port, target);

	return httpget(option[0] != '\0'
		? (const char *const[]){ option, url, NULL }
		: (const char *const[]){ url, NULL });
}

static void
check(const char *name, struct outcome *o, int status, const char *out,
    const char *err)
{
	ck_assert_msg(o->status == status, "%s: exit status %d, not %d: %s",
	    name, o->status, status, o->err);
	ck_assert_msg(strcmp(o->out, out) == 0, "%s: stdout '%.500s', not '%s'",
	    name, o->out, out);
	ck_assert_msg(strstr(o->err, err) != NULL, "%s: no '%s' in stderr '%s'",
	    name, err, o->err);
	ck_assert_msg(
	    *err != '\0' || o->err[0] == '\0', "%s: stderr '%s'", name, o->err);
	outcome_free(o);
}

/* Responses. */

static const struct {
	const char *name;
	const char *option;
	const char *response;
	int status;
	const char *out;
	const char *err;
} responses[] = {
	{ "length", "", OK "Content-Length: 3\r\n\r\nabc", 0, "abc", "" },
	{ "equal lengths", "",
	    OK "Content-Length: 3\r\ncontent-length: 3\r\n\r\nabc", 0, "abc",
	    "" },
	{ "until close", "", OK "\r\nabc", 0, "abc", "" },
	{ "until close, although Connection says otherwise", "",
	    OK "Connection: keep-alive\r\n\r\nabc", 0, "abc", "" },
	{ "HTTP/1.0", "", "HTTP/1.0 200 OK\r\n\r\nabc", 0, "abc", "" },
	{ "chunked", "",
	    OK "Transfer-Encoding: chunked\r\n\r\n"
	       "3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n",
	    0, "abcde", "" },
	{ "no content", "", "HTTP/1.1 204 No Content\r\n\r\n", 0, "", "" },
	{ "interim responses", "",
	    "HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"
	    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK
	    "Content-Length: 3\r\n\r\nabc",
	    0, "abc", "" },
	{ "head and body", "-i", OK "Content-Length: 3\r\nA: b\r\n\r\nabc", 0,
	    OK "Content-Length: 3\r\nA: b\r\n\r\nabc", "" },
	{ "HEAD", "-I", OK "Content-Length: 3\r\n\r\n", 0,
	    OK "Content-Length: 3\r\n\r\n", "" },
	{ "404", "", "HTTP/1.1 404 Not Found\r\n\r\nnone", 0, "none", "" },
	{ "404 with -f", "-f", "HTTP/1.1 404 Not Found\r\n\r\nnone", 1, "",
	    "answered 404 Not Found" },
	{ "404 with -if", "-if", "HTTP/1.1 404 Not Found\r\n\r\nnone", 1,
	    "HTTP/1.1 404 Not Found\r\n\r\n", "answered 404 Not Found" },
	{ "redirect without -L", "",
	    "HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", 0, "", "" },
	{ "redirect to nowhere", "-L", "HTTP/1.1 302 Found\r\n\r\nabc", 0,
	    "abc", "" },
	{ "redirect to another scheme", "-L",
	    "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", 1, "",
	    "neither http nor https" },
	{ "redirect to itself", "-L",
	    "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", 1, "",
	    "go round in a circle" },
	{ "cut short", "", OK "Content-Length: 9\r\n\r\nabc", 1, "abc",
	    "closed after 3 of 9 bytes" },
	{ "cut short, chunked", "",
	    OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 1, "abc",
	    "before the end of the body" },
	{ "cut short in the trailer", "",
	    OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", 1, "abc",
	    "before the end of the body" },
	{ "cut short in the head", "", OK "Content-Le", 1, "",
	    "closed within the head" },
	{ "no answer", "", "", 1, "", "closed without an answer" },
	{ "garbage", "", "SSH-2.0-OpenSSH_9.2\r\n", 1, "", "malformed" },
	{ "status out of range", "", "HTTP/1.1 99 No\r\n\r\n", 1, "",
	    "malformed" },
	{ "unasked upgrade", "", "HTTP/1.1 101 Go\r\n\r\n", 1, "",
	    "malformed" },
	{ "bad field", "", OK "no colon\r\n\r\n", 1, "", "malformed" },
	{ "bad chunk size", "", OK "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
	    1, "", "chunked body is malformed" },
	{ "signed length", "", OK "Content-Length: +3\r\n\r\nabc", 1, "",
	    "how long its body is" },
	{ "different lengths", "",
	    OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 1, "",
	    "how long its body is" },
	{ "unknown coding", "",
	    OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 1, "",
	    "how long its body is" },
};

START_TEST(test_response)
{
	int port = serve_one(responses[_i].response);
	struct outcome o = get(port, responses[_i].option, "/");

	check(responses[_i].name, &o, responses[_i].status, responses[_i].out,
	    responses[_i].err);
}
END_TEST

START_TEST(test_request)
{
	static const struct answer answers[] = { { "/a?b", NULL },
		{ NULL, NULL } };
	int port = serve(answers);
	struct outcome o = get(port, "", "/a?b#fragment");
	char want[512];

	snprintf(want, sizeof(want),
	    "GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
	    "User-Agent: httpget/%s\r\nAccept: */*\r\n"
	    "Connection: close\r\n\r\n",
	    port, PACKAGE_VERSION);
	check("request", &o, 0, want, "");
}
END_TEST

static const struct {
	const char *location;
	const char *target;
} references[] = {
	{ "/x", "/x" },
	{ "x", "/dir/sub/x" },
	{ "x?y", "/dir/sub/x?y" },
	{ "./x", "/dir/sub/x" },
	{ "../x", "/dir/x" },
	{ "../../../x", "/x" },
	{ "..", "/dir/" },
	{ "/a/./b/../c/.", "/a/c/" },
	{ "?z", "/dir/sub/page?z" },
	{ "x#fragment", "/dir/sub/x" },
	{ "\xc3\xa4", "/dir/sub/%C3%A4" },
};

START_TEST(test_reference)
{
	char redirect[256], want[128];
	struct answer answers[] = { { "/dir/sub/page?q", redirect },
		{ references[_i].target, NULL }, { NULL, NULL } };
	struct outcome o;

	snprintf(redirect, sizeof(redirect),
	    "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\n\r\n",
	    references[_i].location);
	snprintf(
	    want, sizeof(want), "GET %s HTTP/1.1\r\n", references[_i].target);
	o = get(serve(answers), "-L", "/dir/sub/page?q");
	ck_assert_msg(o.status == 0 && strncmp(o.out, want, strlen(want)) == 0,
	    "%s: %s%s", references[_i].location, o.out, o.err);
	outcome_free(&o);
}
END_TEST

START_TEST(test_redirect_statuses)
{
	static const int statuses[] = { 301, 302, 303, 307, 308 };
	char redirect[128], name[16];
	struct answer answers[] = { { "/", redirect }, { "/x", OK "\r\nabc" },
		{ NULL, NULL } };
	struct outcome o;

	snprintf(name, sizeof(name), "%d", statuses[_i]);
	snprintf(redirect, sizeof(redirect),
	    "HTTP/1.1 %d Elsewhere\r\nLocation: /x\r\n\r\nno", statuses[_i]);
	o = get(serve(answers), "-L", "/");
	check(name, &o, 0, "abc", "");
}
END_TEST

START_TEST(test_redirect_loop)
{
	static const struct answer answers[] = {
		{ "/a", "HTTP/1.1 302 F\r\nLocation: /b\r\n\r\n" },
		{ "/b", "HTTP/1.1 302 F\r\nLocation: /a\r\n\r\n" },
		{ NULL, NULL }
	};
	struct outcome o = get(serve(answers), "-L", "/a");

	check("loop", &o, 1, "", "go round in a circle");
}
END_TEST

/* /0 leads to /1, and so on: last redirects until a body. */
static struct outcome
follow_many(int last)
{
	static char targets[32][8], redirects[32][64];
	struct answer answers[32] = { { NULL, NULL } };

	for (int i = 0; i <= last; i++) {
		snprintf(targets[i], sizeof(targets[i]), "/%d", i);
		snprintf(redirects[i], sizeof(redirects[i]),
		    "HTTP/1.1 301 M\r\nLocation: /%d\r\n\r\n", i + 1);
		answers[i] = (struct answer){ targets[i],
			i < last ? redirects[i] : OK "\r\nabc" };
	}
	return get(serve(answers), "-L", "/0");
}

START_TEST(test_redirect_limit)
{
	struct outcome o = follow_many(20);

	check("20 redirects", &o, 0, "abc", "");
	o = follow_many(21);
	check("21 redirects", &o, 1, "", "more than 20 redirects");
}
END_TEST

START_TEST(test_timeout)
{
	static const struct answer answers[] = { { "/hold-silent", "" },
		{ "/hold-stuck", OK "Content-Length: 9\r\n\r\nabc" },
		{ NULL, NULL } };
	int port = serve(answers);
	struct outcome o = get(port, "--timeout=1", "/hold-silent");

	check("silent", &o, 1, "", "nothing arrived for 1 s");
	o = get(port, "--timeout=1", "/hold-stuck");
	check("stuck", &o, 1, "abc", "nothing arrived for 1 s");
}
END_TEST

/* A head and so many bytes after it, malloc'ed. */
static char *
long_response(const char *head, size_t len)
{
	size_t head_len = strlen(head);
	char *response = malloc(head_len + len + 1);

	ck_assert_ptr_nonnull(response);
	memcpy(response, head, head_len);
	memset(response + head_len, 'a', len);
	response[head_len + len] = '\0';
	return response;
}

START_TEST(test_chunk_limit)
{
	char *response = long_response(
	    OK "Transfer-Encoding: chunked\r\n\r\n1100000\r\n", 0x1100000);
	struct outcome o = get(serve_one(response), "", "/");

	check("a large chunk", &o, 1, "", "more than 16 MiB");
	free(response);
}
END_TEST

/* What is printed, and where. */

START_TEST(test_verbose)
{
	static const char response[] =
	    OK "Content-Length: 3\r\nX: \033[31m\r\n\r\nabc";
	static const char *const wanted[] = { "* connecting to 127.0.0.1 port ",
		"> GET / HTTP/1.1\n> Host: 127.0.0.1:", "> Connection: close\n",
		"< HTTP/1.1 200 OK\n< Content-Length: 3\n",
		"< X: \xef\xbf\xbd[31m\n", "* name look-up ", "connecting ",
		"first byte ", "total " };
	struct outcome o = get(serve_one(response), "-v", "/");

	ck_assert_int_eq(o.status, 0);
	ck_assert_str_eq(o.out, "abc");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		ck_assert_msg(strstr(o.err, wanted[i]) != NULL,
		    "no '%s' in: %s", wanted[i], o.err);
	outcome_free(&o);
}
END_TEST

static void
check_file(const char *path, const char *want)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data;

	ck_assert_msg(fd != -1, "%s: %s", path, strerror(errno));
	read_to_end(fd, &data);
	ck_assert_str_eq(data, want);
	free(data);
	close(fd);
}

START_TEST(test_output_file)
{
	static const struct answer answers[] = { { "/", OK "\r\nabc" },
		{ "/short", OK "Content-Length: 9\r\n\r\nab" },
		{ NULL, NULL } };
	int port = serve(answers);
	const char *dir = temp_dir();
	char path[1024], option[1040];
	struct outcome o;

	snprintf(path, sizeof(path), "%s/out", dir);
	snprintf(option, sizeof(option), "-fo%s", path);
	o = get(port, option, "/");
	check("to a file", &o, 0, "", "");
	check_file(path, "abc");
	o = get(port, option, "/none");
	check("a failure leaves the file", &o, 1, "", "404");
	check_file(path, "abc");
	o = get(port, option, "/short");
	check("cut short", &o, 1, "", "is incomplete: it has 2 bytes");
	check_file(path, "ab");
	snprintf(option, sizeof(option), "-o%s", dir);
	o = get(port, option, "/");
	check("not a file", &o, 1, "", "cannot open ");
}
END_TEST

START_TEST(test_closed_stdout)
{
	int port = serve_one(OK "\r\nabc");
	struct program p;
	char *err;

	program_start(
	    &p, "httpget", (const char *const[]){ url_of(port, "/"), NULL });
	close(p.out);
	p.out = -1;
	read_to_end(p.err, &err);
	ck_assert_int_eq(program_wait(&p), 1);
	ck_assert_str_eq(err, "");
	free(err);
}
END_TEST

/* 2 MiB to a file, with a terminal to look at meanwhile. */
static char *
progress_of(const char *no_color)
{
	char *response =
	    long_response(OK "Content-Length: 2097152\r\n\r\n", 2097152);
	int port = serve_one(response);
	char path[1024], *seen;
	struct program p;

	snprintf(path, sizeof(path), "%s/out", temp_dir());
	setenv("NO_COLOR", no_color, 1);
	program_start_pty(&p, "httpget",
	    (const char *const[]){ "-o", path, url_of(port, "/"), NULL });
	read_to_end(p.out, &seen);
	ck_assert_int_eq(program_wait(&p), 0);
	free(response);
	return seen;
}

START_TEST(test_progress)
{
	char *seen = progress_of("");

	ck_assert_msg(strstr(seen, "100%") != NULL, "%s", seen);
	ck_assert_msg(strstr(seen, "\033[32m") != NULL, "%s", seen);
	free(seen);
	seen = progress_of("1");
	ck_assert_msg(strstr(seen, "100%") != NULL, "%s", seen);
	ck_assert_msg(strchr(seen, '\033') == NULL, "%s", seen);
	free(seen);
}
END_TEST

/* The command line. */

static const struct {
	const char *args[ARGS_MAX];
	const char *err;
} usages[] = {
	{ { NULL }, "no URL" },
	{ { "127.0.0.1", "80", NULL }, "2 operands" },
	{ { "127.0.0.1", "80", "/", "/", NULL }, "4 operands" },
	{ { "127.0.0.1", "http", "/", NULL }, "bad port 'http'" },
	{ { "127.0.0.1", "0", "/", NULL }, "bad port '0'" },
	{ { "127.0.0.1", "65536", "/", NULL }, "bad port '65536'" },
	{ { "a/b", "80", "/", NULL }, "bad host 'a/b'" },
	{ { "--nonsense", "http://127.0.0.1/", NULL }, "--nonsense" },
	{ { "--timeout=0", "http://127.0.0.1/", NULL }, "--timeout" },
	{ { "http://127.0.0.1/a b", NULL }, "space or a control" },
	{ { "http://127.0.0.1/a\nb", NULL }, "space or a control" },
	{ { "http://127.0.0.1:65536/", NULL }, "not well-formed" },
	{ { "http://127.0.0.1:0/", NULL }, "port 0" },
	{ { "http://[::1/", NULL }, "not well-formed" },
	{ { "http:///x", NULL }, "no host" },
	{ { "http://me:secret@127.0.0.1/", NULL }, "user name" },
	{ { "gopher://127.0.0.1/", NULL }, "neither http nor https" },
	{ { "", NULL }, "no host" },
};

START_TEST(test_usage)
{
	struct outcome o = httpget(usages[_i].args);

	ck_assert_msg(strncmp(o.err, "httpget: ", 9) == 0, "%s", o.err);
	check(usages[_i].err, &o, 2, "", usages[_i].err);
}
END_TEST

START_TEST(test_help)
{
	struct outcome o = httpget((const char *const[]){ "--help", NULL });

	ck_assert_ptr_nonnull(strstr(o.out, "Usage: httpget "));
	ck_assert_int_eq(o.status, 0);
	outcome_free(&o);
	o = httpget((const char *const[]){ "--version", NULL });
	check("--version", &o, 0, "httpget (chatd) " PACKAGE_VERSION "\n", "");
}
END_TEST

START_TEST(test_url_forms)
{
	static const struct answer answers[] = { { "/x", OK "\r\nabc" },
		{ "/?q", OK "\r\nroot" }, { NULL, NULL } };
	char port[8], url[64];
	int number = serve(answers);
	struct outcome o;

	snprintf(port, sizeof(port), "%d", number);
	o = httpget((const char *const[]){ "127.0.0.1", port, "/x", NULL });
	check("HOST PORT PATH", &o, 0, "abc", "");
	o = httpget((const char *const[]){ "127.0.0.1", port, "x", NULL });
	check("HOST PORT PATH without a slash", &o, 0, "abc", "");
	snprintf(url, sizeof(url), "localhost:%d/x", number);
	o = httpget((const char *const[]){ url, NULL });
	check("no scheme", &o, 0, "abc", "");
	snprintf(url, sizeof(url), "HTTP://127.0.0.1:%d?q", number);
	o = httpget((const char *const[]){ url, NULL });
	check("no path", &o, 0, "root", "");
}
END_TEST

START_TEST(test_no_server)
{
	struct outcome o = get(free_port(), "", "/");

	check("refused", &o, 1, "", "Connection refused");
	o = httpget((const char *const[]){ "http://name.invalid/", NULL });
	check("unknown name", &o, 1, "",
	    "cannot find the address of name.invalid");
}
END_TEST

/* HTTPS. */

/* Whether it ran and succeeded. */
static bool
run_quietly(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/*
 * Starts openssl s_server for two connections with a certificate of its own
 * for `localhost`; NULL, said aloud, without openssl.
 */
static FILE *
serve_tls(const char *dir, int *port)
{
	char command[2048], line[256];
	FILE *server;

	snprintf(command, sizeof(command),
	    "cd '%s' && openssl req -x509 -newkey rsa:2048 -nodes -days 2"
	    " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
	    " -keyout key.pem -out cert.pem >openssl.log 2>&1",
	    dir);
	if (!run_quietly(command)) {
		fputs("SKIP: HTTPS: no working openssl command\n", stderr);
		return NULL;
	}
	snprintf(command, sizeof(command),
	    "cd '%s' && exec openssl s_server -accept 127.0.0.1:0 -www"
	    " -cert cert.pem -key key.pem -naccept 3 2>&1 </dev/null",
	    dir);
	server = popen(command, "re");
	ck_assert_ptr_nonnull(server);
	do
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), server));
	while (strncmp(line, "ACCEPT ", 7) != 0);
	*port = atoi(strrchr(line, ':') + 1);
	return server;
}

static struct outcome
get_tls(const char *host, int port)
{
	char url[64];

	snprintf(url, sizeof(url), "https://%s:%d/", host, port);
	return httpget((const char *const[]){ url, NULL });
}

START_TEST(test_https)
{
	const char *dir = temp_dir();
	char cert[1024];
	int port;
	FILE *server = serve_tls(dir, &port);
	struct outcome o;

	if (server == NULL)
		return;
	o = get_tls("localhost", port);
	if (strstr(o.err, "built without HTTPS") != NULL) {
		fputs("SKIP: HTTPS: not built in\n", stderr);
		outcome_free(&o);
		return;
	}
	check("self-signed", &o, 1, "", "certificate is not trusted");
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	setenv("SSL_CERT_FILE", cert, 1);
	o = get_tls("127.0.0.1", port);
	check("another host's", &o, 1, "", "IP address mismatch");
	o = get_tls("localhost", port);
	ck_assert_msg(o.status == 0 && strstr(o.out, "s_server") != NULL,
	    "trusted: %s%s", o.out, o.err);
	outcome_free(&o);
	pclose(server);
}
END_TEST

/* chatd. */

START_TEST(test_chatd)
{
	static char data[300000];
	const char *dir = temp_dir();
	struct program chatd;
	struct outcome o;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 251);
	temp_file(dir, "file.bin", data, sizeof(data));
	daemon_start(&chatd, (const char *const[]){ dir, NULL });
	o = get(chatd.http_port, "", "/file.bin");
	ck_assert_msg(o.status == 0, "%s", o.err);
	ck_assert_uint_eq(o.len, sizeof(data));
	ck_assert_mem_eq(o.out, data, sizeof(data));
	outcome_free(&o);
	o = get(chatd.http_port, "-f", "/none");
	check("404", &o, 1, "", "answered 404");
	o = get(chatd.http_port, "-I", "/file.bin");
	ck_assert_msg(o.status == 0, "%s", o.err);
	ck_assert_str_eq(response_field(o.out, "Content-Length"), "300000");
	ck_assert_str_eq(strstr(o.out, "\r\n\r\n"), "\r\n\r\n");
	outcome_free(&o);
	daemon_stop(&chatd);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

static Suite *
httpget_suite(void)
{
	Suite *s = suite_create("httpget");
	TCase *wire = tcase_create("responses");
	TCase *user = tcase_create("user");
	TCase *tls = tcase_create("https");
	TCase *chatd = tcase_create("chatd");

	tcase_set_timeout(wire, 6 * WAIT_SECONDS);
	tcase_add_loop_test(wire, test_response, 0, COUNT(responses));
	tcase_add_test(wire, test_request);
	tcase_add_loop_test(wire, test_reference, 0, COUNT(references));
	tcase_add_loop_test(wire, test_redirect_statuses, 0, 5);
	tcase_add_test(wire, test_redirect_loop);
	tcase_add_test(wire, test_redirect_limit);
	tcase_add_test(wire, test_timeout);
	tcase_add_test(wire, test_chunk_limit);
	suite_add_tcase(s, wire);
	tcase_set_timeout(user, 6 * WAIT_SECONDS);
	tcase_add_test(user, test_verbose);
	tcase_add_test(user, test_output_file);
	tcase_add_test(user, test_closed_stdout);
	tcase_add_test(user, test_progress);
	tcase_add_loop_test(user, test_usage, 0, COUNT(usages));
	tcase_add_test(user, test_help);
	tcase_add_test(user, test_url_forms);
	tcase_add_test(user, test_no_server);
	suite_add_tcase(s, user);
	tcase_set_timeout(tls, 6 * WAIT_SECONDS);
	tcase_add_test(tls, test_https);
	suite_add_tcase(s, tls);
	tcase_set_timeout(chatd, 6 * WAIT_SECONDS);
	tcase_add_test(chatd, test_chatd);
	suite_add_tcase(s, chatd);
	return s;
}

int
main(void)
{
	return run_suite(httpget_suite());
}
