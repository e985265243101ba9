#include "tests/conn.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/feed.h"
#include "tests/run.h"

struct rig rig;

static void
wake(void *arg)
{
	(void)arg;
}

const struct http_peer nobody = { .waker = { wake, &rig } };

void
rig_open(http_handler *handler, http_log *log)
{
	const struct http_config config = {
		.limits = {
			.header_timeout = HEADER_TIMEOUT,
			.idle_timeout = IDLE_TIMEOUT,
			.linger_timeout = LINGER_TIMEOUT,
			.max_head = MAX_HEAD,
			.max_body = MAX_BODY,
			.min_rate = MIN_RATE,
		},
		.handler = handler,
		.handler_arg = &rig,
		.log = log,
		.log_arg = &rig,
	};

	rig = (struct rig){ .now = { .mono = SECONDS(1000),
				.wall = INT64_C(784111777000) },
		.room = SIZE_MAX,
		.step = SIZE_MAX };
	http_service_init(&rig.service, &config);
	rig.conn = http_conn_new(&rig.service, &nobody, rig.now);
	ck_assert_ptr_nonnull(rig.conn);
}

void
rig_close(void)
{
	http_conn_free(rig.conn, rig.now);
	http_service_free(&rig.service);
	buf_free(&rig.in);
	buf_free(&rig.out);
	buf_free(&rig.log);
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool
take_piece(const struct http_piece *piece)
{
	size_t n = least(least((size_t)piece->len, rig.room), rig.step);
	char *to = buf_reserve(&rig.out, n);

	ck_assert_uint_gt(piece->len, 0);
	if (n == 0)
		return false;
	if (piece->fd == -1)
		memcpy(to, piece->data, n);
	else
		ck_assert_int_eq(
		    pread(piece->fd, to, n, piece->offset), (ssize_t)n);
	buf_commit(&rig.out, n);
	rig.room -= n;
	http_conn_sent(rig.conn, n, rig.now);
	return true;
}

/* Sends what can be sent; whether anything was. */
static bool
send_some(void)
{
	struct http_piece piece;
	bool sent = false;

	while (!rig.ended) {
		switch (http_conn_output(rig.conn, &piece, rig.now)) {
		case HTTP_WAIT:
			return sent;
		case HTTP_MEMORY:
		case HTTP_FILE:
			ck_assert(!rig.shut);
			if (!take_piece(&piece))
				return sent;
			sent = true;
			break;
		case HTTP_SHUTDOWN:
			ck_assert(!rig.shut);
			rig.shut = true;
			break;
		case HTTP_END:
			rig.ended = true;
			break;
		}
	}
	return sent;
}

void
pump(void)
{
	bool moved = true;

	while (moved && !rig.ended) {
		bool was_full = http_conn_is_full(rig.conn);
		size_t used = 0, len = buf_len(&rig.in);

		if (len > 0)
			used = http_conn_receive(
			    rig.conn, buf_data(&rig.in), len, rig.now);
		ck_assert_uint_le(used, len);
		buf_drain(&rig.in, used);
		if (used == 0 && rig.eof && !http_conn_is_full(rig.conn))
			http_conn_eof(rig.conn, rig.now);
		moved = send_some() || used > 0 ||
		    (was_full && !http_conn_is_full(rig.conn));
	}
}

void
receive(struct str data)
{
	buf_add_str(&rig.in, data);
	pump();
}

void
exchange(struct str in, size_t way, bool eof)
{
	size_t at = 0;

	while (at < in.len) {
		size_t end = feed_end(way, at, in.len);

		receive((struct str){ in.p + at, end - at });
		at = end;
	}
	rig.eof = eof;
	pump();
}

void
pass(int64_t time)
{
	rig.now.mono += time;
	rig.now.wall += time / MILLIS(1);
	if (!rig.ended)
		http_conn_expire(rig.conn, rig.unread, rig.now);
	pump();
}

int64_t
left(void)
{
	return http_conn_deadline(rig.conn) - rig.now.mono;
}

int
open_file(const char *text)
{
	FILE *f = tmpfile();
	int fd;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fflush(f), 0);
	fd = dup(fileno(f));
	fclose(f);
	return fd;
}

struct str
field_value(struct str head, struct str name)
{
	while (head.len > 0) {
		struct str line = str_cut(&head, '\n');
		struct str key = str_cut(&line, ':');

		if (line.len > 0 && str_eq(key, name))
			return str_trim((struct str){ line.p, line.len - 1 });
	}
	return (struct str){ "", 0 };
}

struct str
cut(struct str *rest, size_t len)
{
	struct str part = { rest->p, len };

	ck_assert_uint_le(len, rest->len);
	rest->p += len;
	rest->len -= len;
	return part;
}

struct str
cut_head(struct str *rest)
{
	const char *end = memmem(rest->p, rest->len, "\r\n\r\n", 4);

	ck_assert_ptr_nonnull(end);
	ck_assert_int_eq(memcmp(rest->p, "HTTP/1.1 ", 9), 0);
	return cut(rest, (size_t)(end - rest->p) + 4);
}

const char *
text_of(const struct buf *b)
{
	static char text[1024];

	ck_assert_uint_lt(buf_len(b), sizeof(text));
	memcpy(text, buf_data(b), buf_len(b));
	text[buf_len(b)] = '\0';
	return text;
}

const char *
tell(void (*tell_one)(struct buf *, struct str *rest))
{
	struct str rest = { buf_data(&rig.out), buf_len(&rig.out) };
	struct buf b = { 0 };
	const char *text;

	while (rest.len > 0)
		tell_one(&b, &rest);
	buf_addf(&b, "%s", rig.ended ? "end" : rig.shut ? "shutdown" : "wait");
	text = text_of(&b);
	buf_free(&b);
	return text;
}
