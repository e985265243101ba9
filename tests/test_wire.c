#include "chat/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/run.h"

#define SESSION 0x0123456789abcdefULL

static struct wire_out out;

/* The hexadecimal digits of a text, with or without spaces, as bytes. */
static struct str
bytes_of(const char *hex, char *space)
{
	size_t len = 0;

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		space[len++] =
		    (char)(hex_value(hex[0]) << 4 | hex_value(hex[1]));
		hex++;
	}
	return (struct str){ space, len };
}

static void
expect_bytes(const char *name, const char *hex)
{
	char space[WIRE_MAX];
	struct str wanted = bytes_of(hex, space), got = wire_datagram(&out);

	ck_assert_msg(str_eq(got, wanted), "%s: %zu bytes, not %zu", name,
	    got.len, wanted.len);
}

/* The frame alone in a datagram, read back from a copy of its exact size. */
static struct wire_frame
carry(const struct wire_frame *frame)
{
	struct str rest;
	struct wire_frame read;
	uint64_t context;

	wire_begin(&out, SESSION);
	ck_assert_int_eq(wire_add(&out, frame), 0);
	ck_assert(!wire_is_empty(&out));
	rest = wire_datagram(&out);
	ck_assert(wire_is_native(rest));
	ck_assert_int_eq(wire_open(&rest, &context), 0);
	ck_assert_uint_eq(context, SESSION);
	ck_assert_int_eq(wire_next(&rest, &read), 1);
	ck_assert_int_eq(read.type, frame->type);
	ck_assert_int_eq(wire_next(&rest, &read), 0);
	rest = wire_datagram(&out);
	wire_open(&rest, &context);
	wire_next(&rest, &read);
	return read;
}

#define expect_str(got, text) ck_assert(str_eq(got, STR(text)))

START_TEST(empty_datagram)
{
	wire_begin(&out, SESSION);
	ck_assert(wire_is_empty(&out));
	expect_bytes("header", "fe 01 0123456789abcdef");
}
END_TEST

START_TEST(hello_is_padded)
{
	struct wire_frame hello = { .type = WIRE_HELLO }, read;
	struct str rest;
	uint64_t context;

	wire_begin(&out, SESSION);
	wire_add(&out, &hello);
	wire_pad(&out, WIRE_HELLO_MIN);
	expect_bytes("HELLO",
	    "fe 01 0123456789abcdef 01 0000 00000000 00000000 00000000"
	    "00000000 000000");
	rest = wire_datagram(&out);
	ck_assert_uint_eq(rest.len, WIRE_HELLO_MIN);
	ck_assert_int_eq(wire_open(&rest, &context), 0);
	ck_assert_int_eq(wire_next(&rest, &read), 1);
	ck_assert_int_eq(read.type, WIRE_HELLO);
	ck_assert_int_eq(wire_next(&rest, &read), 0);
	/* To a length that it has, or that is too long: as it was. */
	wire_pad(&out, 5);
	wire_pad(&out, WIRE_MAX + 1);
	ck_assert_uint_eq(wire_datagram(&out).len, WIRE_HELLO_MIN);
}
END_TEST

/* The exchange that docs/protocol.md shows, byte by byte. */
static const struct {
	const char *name;
	uint64_t context;
	struct wire_frame frame;
	const char *hex;
} shown[] = {
	{ "COOKIE", SESSION,
	    { .type = WIRE_COOKIE, .u.cookie = 0x1122334455667788ULL },
	    "fe 01 0123456789abcdef 40 0008 1122334455667788" },
	{ "JOIN", SESSION,
	    { .type = WIRE_JOIN,
		.u.join = { .cookie = 0x1122334455667788ULL,
		    .token = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
			0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf },
		    .seen = WIRE_NO_SEQ,
		    .number = 1,
		    .nick = { "ada", 3 },
		    .room = { "lobby", 5 } } },
	    "fe 01 0123456789abcdef 02 0036 1122334455667788"
	    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf 0000000000000000"
	    "ffffffffffffffff 00000001 03 616461 05 6c6f626279" },
	{ "STATE", SESSION,
	    { .type = WIRE_STATE,
		.u.state = { .room_id = 0x5ca1ab1e,
		    .first = 1,
		    .last = 42,
		    .start = 22,
		    .you = 7,
		    .identity = 9,
		    .acked = 0,
		    .notes = 1,
		    .began = 0x0195d6f2a400ULL,
		    .changes = 0,
		    .is_kept = true,
		    .nick = { "ada", 3 },
		    .room = { "lobby", 5 } } },
	    "fe 01 0123456789abcdef 41 004f 000000005ca1ab1e"
	    "0000000000000001 000000000000002a 0000000000000016"
	    "0000000000000007 0000000000000009 00000000 00000001"
	    "00000195d6f2a400 00000000 01 03 616461 05 6c6f626279" },
	{ "SAY", SESSION, { .type = WIRE_SAY, .u.line = { 1, { "hello", 5 } } },
	    "fe 01 0123456789abcdef 03 0009 00000001 68656c6c6f" },
	{ "ACK", SESSION, { .type = WIRE_ACK, .u.ack = { 1, 1 } },
	    "fe 01 0123456789abcdef 42 0008 00000001 00000001" },
	{ "MESSAGE", 0x5ca1ab1e,
	    { .type = WIRE_MESSAGE,
		.u.message = { .seq = 43,
		    .time = 0x0195d6f2a4ff,
		    .sender = 7,
		    .author = 9,
		    .to = TO_ALL,
		    .kind = MESSAGE_SAY,
		    .via = { "native", 6 },
		    .nick = { "ada", 3 },
		    .text = { "hello", 5 } } },
	    "fe 01 000000005ca1ab1e 45 003a 000000000000002b"
	    "00000195d6f2a4ff 0000000000000007 0000000000000009"
	    "0000000000000000 00 06 6e6174697665 03 616461 00 68656c6c6f" },
	{ "TAIL", 0x5ca1ab1e, { .type = WIRE_TAIL, .u.last = 43 },
	    "fe 01 000000005ca1ab1e 47 0008 000000000000002b" },
	{ "PULL", SESSION, { .type = WIRE_PULL, .u.range = { false, 23, 42 } },
	    "fe 01 0123456789abcdef 04 0011 00 0000000000000017"
	    "000000000000002a" },
};

START_TEST(bytes_are_as_documented)
{
	wire_begin(&out, shown[_i].context);
	ck_assert_int_eq(wire_add(&out, &shown[_i].frame), 0);
	expect_bytes(shown[_i].name, shown[_i].hex);
}
END_TEST

/* What is in docs/protocol.md, without spaces and line ends. */
static char *
read_document(void)
{
	const char *dir = getenv("CHATD_SRCDIR");
	char path[4096], *text = calloc(1, 1 << 17);
	size_t len = 0;
	FILE *f;
	int c;

	snprintf(
	    path, sizeof(path), "%s/docs/protocol.md", dir != NULL ? dir : ".");
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "cannot open %s", path);
	while ((c = getc(f)) != EOF && len < (1 << 17) - 1) {
		if (c != ' ' && c != '\n')
			text[len++] = (char)c;
	}
	fclose(f);
	return text;
}

START_TEST(document_shows_the_bytes)
{
	char *text = read_document(), hex[2 * WIRE_MAX + 1];
	size_t len = 0;

	for (const char *p = shown[_i].hex; *p != '\0'; p++) {
		if (*p != ' ')
			hex[len++] = *p;
	}
	hex[len] = '\0';
	ck_assert_msg(strstr(text, hex) != NULL, "%s is not shown as %s",
	    shown[_i].name, shown[_i].hex);
	free(text);
}
END_TEST

START_TEST(join_is_read_back)
{
	struct wire_frame read = carry(&shown[1].frame);

	ck_assert_uint_eq(read.u.join.cookie, 0x1122334455667788ULL);
	ck_assert_mem_eq(
	    read.u.join.token, shown[1].frame.u.join.token, WIRE_TOKEN);
	ck_assert_uint_eq(read.u.join.room_id, 0);
	ck_assert_uint_eq(read.u.join.seen, WIRE_NO_SEQ);
	ck_assert_uint_eq(read.u.join.number, 1);
	expect_str(read.u.join.nick, "ada");
	expect_str(read.u.join.room, "lobby");
}
END_TEST

START_TEST(state_is_read_back)
{
	struct wire_frame read = carry(&shown[2].frame);

	ck_assert_uint_eq(read.u.state.room_id, 0x5ca1ab1e);
	ck_assert_uint_eq(read.u.state.first, 1);
	ck_assert_uint_eq(read.u.state.last, 42);
	ck_assert_uint_eq(read.u.state.start, 22);
	ck_assert_uint_eq(read.u.state.you, 7);
	ck_assert_uint_eq(read.u.state.identity, 9);
	ck_assert_uint_eq(read.u.state.acked, 0);
	ck_assert_uint_eq(read.u.state.notes, 1);
	ck_assert_uint_eq(read.u.state.began, 0x0195d6f2a400ULL);
	ck_assert_uint_eq(read.u.state.changes, 0);
	ck_assert(read.u.state.is_kept);
	expect_str(read.u.state.nick, "ada");
	expect_str(read.u.state.room, "lobby");
}
END_TEST

START_TEST(message_is_read_back)
{
	struct wire_frame frame = {
		.type = WIRE_MESSAGE,
		.u.message = { .seq = UINT64_MAX,
		    .time = -1,
		    .sender = 1ULL << 63,
		    .author = 3,
		    .to = 4,
		    .kind = MESSAGE_ANNOUNCEMENT,
		    .via = STR("http"),
		    .nick = STR("a"),
		    .to_nick = STR("b"),
		    .text = STR("\xc3\xa9\0!") },
	};
	struct message m = carry(&frame).u.message;

	ck_assert_uint_eq(m.seq, UINT64_MAX);
	ck_assert_int_eq(m.time, -1);
	ck_assert_uint_eq(m.sender, 1ULL << 63);
	ck_assert_uint_eq(m.author, 3);
	ck_assert_uint_eq(m.to, 4);
	ck_assert_int_eq(m.kind, MESSAGE_ANNOUNCEMENT);
	expect_str(m.via, "http");
	expect_str(m.nick, "a");
	expect_str(m.to_nick, "b");
	expect_str(m.text, "\xc3\xa9\0!");
}
END_TEST

/* The types whose layout is a number and a text, or a text, or two numbers. */
START_TEST(short_frames_are_read_back)
{
	static const enum wire_type lines[] = { WIRE_SAY, WIRE_REFUSED,
		WIRE_NOTE };
	static const enum wire_type acks[] = { WIRE_ACK, WIRE_WAIT };
	static const enum wire_type texts[] = { WIRE_NOTICE, WIRE_BYE };
	static const enum wire_type ranges[] = { WIRE_PULL, WIRE_SKIP };
	struct wire_frame frame, read;

	for (int i = 0; i < CASES(lines); i++) {
		frame = (struct wire_frame){ lines[i],
			.u.line = { UINT32_MAX, STR("x") } };
		read = carry(&frame);
		ck_assert_uint_eq(read.u.line.number, UINT32_MAX);
		expect_str(read.u.line.text, "x");
	}
	for (int i = 0; i < CASES(acks); i++) {
		frame = (struct wire_frame){ acks[i], .u.ack = { 1, 2 } };
		read = carry(&frame);
		ck_assert_uint_eq(read.u.ack.number, 1);
		ck_assert_uint_eq(read.u.ack.notes, 2);
	}
	for (int i = 0; i < CASES(texts); i++) {
		frame = (struct wire_frame){ texts[i], .u.text = STR("") };
		ck_assert_uint_eq(carry(&frame).u.text.len, 0);
	}
	for (int i = 0; i < CASES(ranges); i++) {
		frame = (struct wire_frame){ ranges[i],
			.u.range = { true, 5, UINT64_MAX } };
		read = carry(&frame);
		ck_assert(read.u.range.notes);
		ck_assert_uint_eq(read.u.range.from, 5);
		ck_assert_uint_eq(read.u.range.to, UINT64_MAX);
	}
	frame = (struct wire_frame){ WIRE_ALIVE, .u.alive = { 9, 8, 7 } };
	read = carry(&frame);
	ck_assert_uint_eq(read.u.alive.seen, 9);
	ck_assert_uint_eq(read.u.alive.notes, 8);
	ck_assert_uint_eq(read.u.alive.number, 7);
}
END_TEST

/* A full datagram takes no more and stays as it is. */
START_TEST(what_does_not_fit)
{
	static const char text[CHAT_TEXT_MAX + 1];
	struct wire_frame line = { WIRE_SAY,
		.u.line = { 1, { text, CHAT_TEXT_MAX } } };
	struct wire_frame join = { .type = WIRE_JOIN,
		.u.join.nick = { text, UINT8_MAX + 1 } };
	struct wire_frame ack = { .type = WIRE_ACK };
	size_t len;

	wire_begin(&out, SESSION);
	ck_assert_int_eq(wire_add(&out, &join), -1);
	ck_assert(wire_is_empty(&out));
	ck_assert_int_eq(wire_add(&out, &line), 0);
	len = wire_datagram(&out).len;
	ck_assert_int_eq(wire_add(&out, &line), -1);
	ck_assert_uint_eq(wire_datagram(&out).len, len);
	while (wire_add(&out, &ack) == 0)
		len += 11;
	ck_assert_uint_eq(wire_datagram(&out).len, len);
	ck_assert_uint_gt(len + 11, WIRE_MAX);
}
END_TEST

/* Bytes after the header: how many frames, and how it ends. */
static const struct {
	const char *name, *hex;
	int frames, end;
} rests[] = {
	{ "nothing", "", 0, 0 },
	{ "padding", "00", 0, 0 },
	{ "a type alone", "06", 0, -1 },
	{ "half a length", "06 00", 0, -1 },
	{ "a LEAVE", "06 0000", 1, 0 },
	{ "a LEAVE with more in it", "06 0002 ffff", 1, 0 },
	{ "a length past the end", "06 0001", 0, -1 },
	{ "an unknown type", "3f 0001 ff", 0, 0 },
	{ "one past the greatest", "4b 0000", 0, 0 },
	{ "the greatest byte", "ff 0000", 0, 0 },
	{ "unknown, then a LEAVE", "3f 0001 ff 06 0000", 1, 0 },
	{ "an ALIVE too short", "05 000f 0000000000000000 00000000 000000", 0,
	    -1 },
	{ "an ALIVE", "05 0010 0000000000000000 00000000 00000000", 1, 0 },
	{ "a newer ALIVE", "05 0011 0000000000000000 00000000 00000000 ff", 1,
	    0 },
	{ "a flag of 2", "04 0011 02 0000000000000000 0000000000000000", 0,
	    -1 },
	{ "a SAY without text", "03 0004 00000001", 1, 0 },
	{ "a SAY of half a number", "03 0002 0000", 0, -1 },
	{ "a NOTICE of nothing", "49 0000", 1, 0 },
	{ "a kind of 3",
	    "45 002c 0000000000000000 0000000000000000 0000000000000000"
	    "0000000000000000 0000000000000000 03 00 00 00",
	    0, -1 },
	{ "a kind of 2",
	    "45 002c 0000000000000000 0000000000000000 0000000000000000"
	    "0000000000000000 0000000000000000 02 00 00 00",
	    1, 0 },
	{ "a nick past the end of its frame",
	    "45 002c 0000000000000000 0000000000000000 0000000000000000"
	    "0000000000000000 0000000000000000 00 00 00 01 00",
	    0, -1 },
	{ "a good one, then a bad one", "06 0000 06 00ff", 1, -1 },
};

START_TEST(rests_are_read)
{
	char space[WIRE_MAX];
	struct str bytes = bytes_of(rests[_i].hex, space), rest;
	char *exact = malloc(bytes.len > 0 ? bytes.len : 1);
	struct wire_frame frame;
	int frames = 0, end;

	memcpy(exact, bytes.p, bytes.len);
	rest = (struct str){ exact, bytes.len };
	while ((end = wire_next(&rest, &frame)) == 1)
		frames++;
	ck_assert_msg(frames == rests[_i].frames && end == rests[_i].end,
	    "%s: %d frames, then %d", rests[_i].name, frames, end);
	free(exact);
}
END_TEST

/* Cut at any point it is a frame less and no frame more. */
START_TEST(cut_frames_are_none)
{
	struct str whole;

	wire_begin(&out, SESSION);
	wire_add(&out, &shown[_i].frame);
	whole = wire_datagram(&out);
	for (size_t len = WIRE_HEADER + 1; len < whole.len; len++) {
		char *exact = malloc(len);
		struct str rest = { exact, len };
		struct wire_frame frame;
		uint64_t context;

		memcpy(exact, whole.p, len);
		ck_assert_int_eq(wire_open(&rest, &context), 0);
		ck_assert_int_eq(wire_next(&rest, &frame), -1);
		free(exact);
	}
}
END_TEST

static const struct {
	const char *name, *hex;
	bool is_native;
	int result;
} headers[] = {
	{ "nothing", "", false, -1 },
	{ "text", "68656c6c6f20776f726c64", false, -1 },
	{ "the magic alone", "fe", true, -1 },
	{ "a byte too short", "fe01 00000000000000", true, -1 },
	{ "whole", "fe01 0000000000000000", true, 0 },
	{ "another version", "fe02 0000000000000000", true, -1 },
	{ "another magic", "ff01 0000000000000000", false, -1 },
};

START_TEST(headers_are_read)
{
	char space[WIRE_MAX];
	struct str bytes = bytes_of(headers[_i].hex, space);
	uint64_t context;

	ck_assert_msg(wire_is_native(bytes) == headers[_i].is_native, "%s",
	    headers[_i].name);
	ck_assert_msg(wire_open(&bytes, &context) == headers[_i].result, "%s",
	    headers[_i].name);
}
END_TEST

static Suite *
wire_suite(void)
{
	Suite *s = suite_create("wire");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, empty_datagram);
	tcase_add_test(tc, hello_is_padded);
	tcase_add_loop_test(tc, bytes_are_as_documented, 0, CASES(shown));
	tcase_add_loop_test(tc, document_shows_the_bytes, 0, CASES(shown));
	tcase_add_test(tc, join_is_read_back);
	tcase_add_test(tc, state_is_read_back);
	tcase_add_test(tc, message_is_read_back);
	tcase_add_test(tc, short_frames_are_read_back);
	tcase_add_test(tc, what_does_not_fit);
	tcase_add_loop_test(tc, rests_are_read, 0, CASES(rests));
	tcase_add_loop_test(tc, cut_frames_are_none, 0, CASES(shown));
	tcase_add_loop_test(tc, headers_are_read, 0, CASES(headers));
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(wire_suite());
}
