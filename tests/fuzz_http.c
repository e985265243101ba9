/*
 * libFuzzer entry: what a connection answers is well formed, ends, and does
 * not depend on the pieces in which the requests arrive or answers leave.
 * The first byte of the input chooses the pieces; the rest is received.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http/conn.h"

#define FILE_SIZE 6
#define BIG_SIZE  (HTTP_OUT_HIGH + 1000)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* One run of a connection. */
struct run {
	struct http_conn *conn;
	size_t step;     /* bytes received, and sent, at a time */
	struct buf in;   /* received and not used yet */
	struct buf out;  /* sent */
	struct buf seen; /* what the handler was asked */
	unsigned calls;
	bool eof, ended;
	char seq[24];
};

static const struct instant start = { .mono = SECONDS(1), .wall = 1000 };
static char big[BIG_SIZE];
static int file = -1;

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
note(struct run *r, struct str s)
{
	buf_add_u64(&r->seen, s.len);
	buf_add_str(&r->seen, STR(":"));
	buf_add_str(&r->seen, s);
}

static void
answer(void *arg, const struct http_request *req, struct http_response *res,
    struct instant now)
{
	struct run *r = arg;
	uint64_t n = r->calls++ % 10;

	(void)now;
	note(r, req->target);
	note(r, req->authority);
	note(r, req->path);
	note(r, req->query);
	for (size_t i = 0; i < req->nfields; i++) {
		check(req->fields[i].name.len > 0);
		note(r, req->fields[i].name);
		note(r, req->fields[i].value);
	}
	memcpy(r->seq, "Seq: n\r\nHead: y\r\n", 17);
	r->seq[5] = (char)('0' + n);
	res->fields = (struct str){ r->seq, req->method == HTTP_HEAD ? 17 : 8 };
	res->validators = (struct http_validators){ STR("\"v\""), 500 };
	if (str_eq(req->path, STR("/f"))) {
		res->fd = dup(file);
		res->length = FILE_SIZE;
	} else if (str_eq(req->path, STR("/b"))) {
		res->body = (struct str){ big, sizeof(big) };
	} else if (str_eq(req->path, STR("/e"))) {
		res->status = 404;
	} else {
		res->body = req->path;
	}
}

/* Sends one piece; whether there was one. */
static bool
send_piece(struct run *r)
{
	struct http_piece piece;
	size_t n;
	char *to;

	switch (http_conn_output(r->conn, &piece, start)) {
	case HTTP_WAIT:
		return false;
	case HTTP_SHUTDOWN:
		return true;
	case HTTP_END:
		r->ended = true;
		return false;
	case HTTP_MEMORY:
	case HTTP_FILE:
		break;
	}
	n = piece.len < 1000 * r->step ? (size_t)piece.len : 1000 * r->step;
	to = buf_reserve(&r->out, n);
	check(n > 0 && to != NULL);
	if (piece.fd == -1)
		memcpy(to, piece.data, n);
	else
		check(pread(piece.fd, to, n, piece.offset) == (ssize_t)n);
	buf_commit(&r->out, n);
	http_conn_sent(r->conn, n, start);
	return true;
}

/* What a driver does. */
static void
pump(struct run *r)
{
	bool moved = true;

	while (moved && !r->ended) {
		size_t used = 0, len = buf_len(&r->in);

		if (len > 0)
			used = http_conn_receive(
			    r->conn, buf_data(&r->in), len, start);
		check(used <= len);
		buf_drain(&r->in, used);
		if (used == 0 && r->eof && !http_conn_is_full(r->conn))
			http_conn_eof(r->conn, start);
		moved = used > 0;
		while (send_piece(r))
			moved = true;
	}
}

static struct run
run(const char *data, size_t len, size_t step)
{
	static const struct http_peer nobody = { .addr = NULL };
	struct run r = { .step = step };
	struct http_config config = {
		.limits = {
			.header_timeout = SECONDS(10),
			.idle_timeout = SECONDS(60),
			.linger_timeout = SECONDS(2),
			.max_head = 16384,
			.max_body = 1000,
		},
		.handler = answer,
		.handler_arg = &r,
	};
	struct http_service service;

	http_service_init(&service, &config);
	r.conn = http_conn_new(&service, &nobody, start);
	check(r.conn != NULL);
	for (size_t at = 0; at < len && !r.ended; at += step) {
		buf_add(&r.in, data + at, step < len - at ? step : len - at);
		pump(&r);
	}
	r.eof = true;
	pump(&r);
	check(r.ended);
	http_conn_free(r.conn, start);
	http_service_free(&service);
	return r;
}

static bool
has_field(struct str head, const char *line)
{
	return memmem(head.p, head.len, line, strlen(line)) != NULL;
}

static size_t
content_length(struct str head)
{
	const char *at = memmem(head.p, head.len, "\r\nContent-Length: ", 18);

	check(at != NULL);
	return (size_t)strtoul(at + 18, NULL, 10);
}

/*
 * All of the output is whole responses: one for each request that the
 * handler saw, and at the end one refusal at most.  Returns where it begins.
 */
static size_t
check_output(const struct run *r)
{
	struct str rest = { buf_data(&r->out), buf_len(&r->out) };
	unsigned answers = 0;

	while (rest.len > 0) {
		const char *end = memmem(rest.p, rest.len, "\r\n\r\n", 4);
		struct str head = { rest.p, 0 };
		size_t len;

		check(end != NULL && memcmp(rest.p, "HTTP/1.1 ", 9) == 0);
		head.len = (size_t)(end - rest.p) + 4;
		len = head.len;
		if (!has_field(head, "\r\nHead: y\r\n"))
			len += content_length(head);
		if (!has_field(head, "\r\nSeq: ")) {
			/* The latter for HEAD. */
			check(len == rest.len || head.len == rest.len);
			check(has_field(head, "\r\nConnection: close\r\n"));
			break;
		}
		check(len <= rest.len);
		answers++;
		rest.p += len;
		rest.len -= len;
	}
	check(answers == r->calls);
	return buf_len(&r->out) - rest.len;
}

static bool
is_same(const struct buf *a, const struct buf *b, size_t len)
{
	return memcmp(buf_data(a), buf_data(b), len) == 0;
}

static void
run_free(struct run *r)
{
	buf_free(&r->in);
	buf_free(&r->out);
	buf_free(&r->seen);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run whole, pieces;
	size_t answered;

	if (size == 0)
		return 0;
	if (file == -1) {
		file = memfd_create("file", MFD_CLOEXEC);
		check(write(file, "a file", FILE_SIZE) == FILE_SIZE);
	}
	whole = run((const char *)data + 1, size - 1, size);
	pieces = run((const char *)data + 1, size - 1, data[0] % 64 + 1);
	/* A head that cannot be good is refused, or never becomes whole. */
	answered = check_output(&whole);
	check(check_output(&pieces) == answered);
	check(is_same(&whole.out, &pieces.out, answered));
	check(buf_len(&whole.seen) == buf_len(&pieces.seen));
	check(is_same(&whole.seen, &pieces.seen, buf_len(&whole.seen)));
	run_free(&whole);
	run_free(&pieces);
	return 0;
}
