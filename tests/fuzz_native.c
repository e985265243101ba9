/*
 * Datagrams from a few addresses against the promises of the native dialect:
 * short datagrams out that can be read, clean text in them, and never more
 * than three times its bytes to an address that has not joined.
 *
 * The input is a row of: a byte for the sender and what to do, a byte for the
 * length, and so many bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chat/native.h"
#include "chat/wire.h"

#define SENDERS  8
#define SESSIONS 4 /* each is used by two senders */

enum action {
	RECEIVE,        /* the bytes alone */
	RECEIVE_FRAMES, /* the bytes behind the sender's header */
	JOIN,           /* with the right cookie; the bytes are the nick */
	SAY,            /* the bytes as the session's next line */
	SKIP_TIME,      /* as many seconds as there are bytes */
	COMMIT,         /* as many stamps */
	TAKE            /* the driver takes as many datagrams, or all */
};

struct fuzz {
	struct hub *hub;
	struct native *native;
	struct instant now;
	size_t takes;
	uint64_t cookies[SENDERS];
	bool proven[SENDERS];
	uint32_t numbers[SESSIONS];
	size_t allowed; /* bytes to the sender, if it is not proven */
};

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_frame(const struct wire_frame *frame)
{
	require(frame->type >= WIRE_COOKIE);
	switch (frame->type) {
	case WIRE_MESSAGE:
		require(text_is_clean(frame->u.message.text));
		require(text_is_clean(frame->u.message.nick));
		break;
	case WIRE_NOTE:
	case WIRE_REFUSED:
		require(text_is_clean(frame->u.line.text));
		break;
	case WIRE_NOTICE:
	case WIRE_BYE:
		require(text_is_clean(frame->u.text));
		break;
	case WIRE_STATE:
		require(text_is_clean(frame->u.state.nick));
		require(text_is_clean(frame->u.state.room));
		break;
	default:
		break;
	}
}

/* Remembers the cookie in it, if there is one. */
static void
check_datagram(struct str datagram, uint64_t *cookie)
{
	struct wire_frame frame;
	uint64_t context;
	int got;

	require(datagram.len > WIRE_HEADER && datagram.len <= WIRE_MAX);
	require(wire_open(&datagram, &context) == 0);
	while ((got = wire_next(&datagram, &frame)) == 1) {
		check_frame(&frame);
		if (frame.type == WIRE_COOKIE)
			*cookie = frame.u.cookie;
	}
	require(got == 0);
}

static size_t
fuzz_send(
    void *arg, const struct path *const *to, size_t n, struct str datagram)
{
	struct fuzz *f = arg;
	size_t taken = n < f->takes ? n : f->takes;

	require(n > 0);
	for (size_t i = 0; i < n; i++) {
		size_t sender = to[i]->remote.port;

		check_datagram(datagram, &f->cookies[sender]);
		if (!f->proven[sender]) {
			require(datagram.len <= f->allowed);
			f->allowed -= datagram.len;
		}
	}
	if (f->takes != SIZE_MAX)
		f->takes -= taken;
	return taken;
}

/* A ledger that takes every third message not at all. */
static int
fuzz_append(void *arg, const struct room *room, const struct message *message,
    uint64_t number)
{
	(void)arg;
	(void)room;
	(void)number;
	return message->seq % 3 == 0 && message->text.len % 2 == 0 ? -1 : 0;
}

static void
fuzz_topic(void *arg, const struct room *room)
{
	(void)arg;
	(void)room;
}

static void
fuzz_nick(void *arg, uint64_t identity, struct str nick)
{
	(void)arg;
	(void)identity;
	(void)nick;
}

static void
fuzz_start(struct fuzz *f)
{
	static const struct ledger ledger = {
		.append = fuzz_append, .topic = fuzz_topic, .nick = fuzz_nick
	};
	struct hub_config hub_config = {
		.max_messages = 8,
		.max_bytes = 2000,
		.max_members = 3,
		.flood_lines = 20,
		.flood_seconds = 10,
		.ledger = &ledger,
	};
	struct native_config config = {
		.max_per_address = 3, .send = fuzz_send, .arg = f
	};

	*f = (struct fuzz){ .takes = SIZE_MAX };
	f->now.mono = SECONDS(1000);
	f->hub = hub_new(&hub_config);
	require(f->hub != NULL);
	f->native = native_new(f->hub, &config);
	require(f->native != NULL);
}

static void
fuzz_receive(struct fuzz *f, size_t sender, struct str datagram)
{
	struct path path = { .remote.port = (uint32_t)sender };

	path.remote.ip[0] = 0x20;
	f->allowed = 3 * datagram.len;
	native_receive(f->native, &path, datagram, f->now);
	f->allowed = 0;
	hub_flush(f->hub);
}

static void
fuzz_frames(struct fuzz *f, size_t sender, struct str bytes)
{
	struct wire_out out;

	wire_begin(&out, sender % SESSIONS);
	memcpy(out.bytes + out.len, bytes.p, bytes.len);
	out.len += bytes.len;
	fuzz_receive(f, sender, wire_datagram(&out));
}

static void
fuzz_frame(struct fuzz *f, size_t sender, const struct wire_frame *frame)
{
	struct wire_out out;

	wire_begin(&out, sender % SESSIONS);
	wire_add(&out, frame);
	fuzz_receive(f, sender, wire_datagram(&out));
}

static void
fuzz_join(struct fuzz *f, size_t sender, struct str nick)
{
	struct wire_frame hello = { .type = WIRE_HELLO };
	struct wire_frame join = {
		.type = WIRE_JOIN,
		.u.join = { .number = 1, .seen = WIRE_NO_SEQ, .nick = nick },
	};

	fuzz_frame(f, sender, &hello);
	f->proven[sender] = true;
	join.u.join.cookie = f->cookies[sender];
	join.u.join.token[0] = (unsigned char)sender;
	fuzz_frame(f, sender, &join);
}

static void
fuzz_say(struct fuzz *f, size_t sender, struct str text)
{
	struct wire_frame say = {
		.type = WIRE_SAY,
		.u.line = { ++f->numbers[sender % SESSIONS], text },
	};

	fuzz_frame(f, sender, &say);
}

static void
fuzz_act(struct fuzz *f, unsigned what, struct str bytes)
{
	size_t sender = what % SENDERS;

	switch (what / SENDERS % (TAKE + 1)) {
	case RECEIVE:
		fuzz_receive(f, sender, bytes);
		break;
	case RECEIVE_FRAMES:
		fuzz_frames(f, sender, bytes);
		break;
	case JOIN:
		fuzz_join(f, sender, bytes);
		break;
	case SAY:
		fuzz_say(f, sender, bytes);
		break;
	case SKIP_TIME:
		f->now.mono += SECONDS(bytes.len);
		native_tick(f->native, f->now);
		require(native_deadline(f->native) > f->now.mono);
		break;
	case COMMIT:
		hub_commit(f->hub, hub_committed(f->hub) + bytes.len);
		hub_flush(f->hub);
		break;
	case TAKE:
		f->takes = bytes.len < UINT8_MAX ? bytes.len : SIZE_MAX;
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f;

	fuzz_start(&f);
	while (size >= 2) {
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		fuzz_act(
		    &f, data[0], (struct str){ (const char *)data + 2, len });
		data += 2 + len;
		size -= 2 + len;
		require(native_count(f.native) == hub_count(f.hub));
	}
	native_free(f.native);
	require(hub_count(f.hub) == 0);
	hub_free(f.hub);
	return 0;
}
