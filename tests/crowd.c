#include "tests/crowd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/run.h"

struct hub *hub;
struct native *native;
struct mailbox boxes[CLIENTS];
size_t takes; /* how many more datagrams send_cb() takes */
size_t calls; /* of send_cb() */
int64_t mono, wall;

uint64_t
session_of(size_t port)
{
	return 0xabc0000000000000ULL + port;
}

static const char *
render(struct mailbox *box, const struct wire_frame *f, char *out, size_t size)
{
	int len = 0;

	switch (f->type) {
	case WIRE_COOKIE:
		box->cookie = f->u.cookie;
		len = snprintf(out, size, "COOKIE");
		break;
	case WIRE_STATE:
		box->state = *f;
		len = snprintf(out, size,
		    "STATE %.*s %.*s %" PRIu64 "-%" PRIu64 " from %" PRIu64
		    " acked %u notes %u",
		    (int)f->u.state.room.len, f->u.state.room.p,
		    (int)f->u.state.nick.len, f->u.state.nick.p,
		    f->u.state.first, f->u.state.last, f->u.state.start,
		    f->u.state.acked, f->u.state.notes);
		break;
	case WIRE_ACK:
	case WIRE_WAIT:
		len = snprintf(out, size, "%s %u",
		    f->type == WIRE_ACK ? "ACK" : "WAIT", f->u.ack.number);
		break;
	case WIRE_REFUSED:
	case WIRE_NOTE:
		len = snprintf(out, size, "%s %u %.*s",
		    f->type == WIRE_NOTE ? "NOTE" : "REFUSED", f->u.line.number,
		    (int)f->u.line.text.len, f->u.line.text.p);
		break;
	case WIRE_MESSAGE:
		len = snprintf(out, size, "MESSAGE %" PRIu64 " %.*s",
		    f->u.message.seq, (int)f->u.message.text.len,
		    f->u.message.text.p);
		break;
	case WIRE_SKIP:
		len = snprintf(out, size, "SKIP%s %" PRIu64 "-%" PRIu64,
		    f->u.range.notes ? " NOTES" : "", f->u.range.from,
		    f->u.range.to);
		break;
	case WIRE_TAIL:
		len = snprintf(out, size, "TAIL %" PRIu64, f->u.last);
		break;
	case WIRE_NOTICE:
	case WIRE_BYE:
		len = snprintf(out, size, "%s %.*s",
		    f->type == WIRE_BYE ? "BYE" : "NOTICE", (int)f->u.text.len,
		    f->u.text.p);
		break;
	default:
		ck_abort_msg("a server sends no frame of type %d", f->type);
	}
	ck_assert_int_lt(len, (int)size);
	return out;
}

/* What is for all has the id of a room as its context, the rest a session. */
static bool
is_shared(const struct wire_frame *f)
{
	return f->type == WIRE_MESSAGE || f->type == WIRE_TAIL ||
	    f->type == WIRE_NOTICE ||
	    (f->type == WIRE_SKIP && !f->u.range.notes);
}

static bool
is_room(uint64_t id)
{
	struct hall *hall = hub_first_hall(hub);

	while (hall != NULL && room_id(hall_room(hall)) != id)
		hall = hub_next_hall(hall);
	return hall != NULL;
}

static void
deliver(struct mailbox *box, struct str datagram)
{
	char text[2048];
	size_t len = strlen(box->got);
	struct wire_frame frame;
	uint64_t context;
	const char *sep = "";
	int got;

	ck_assert_int_eq(wire_open(&datagram, &context), 0);
	while ((got = wire_next(&datagram, &frame)) == 1) {
		if (is_shared(&frame))
			ck_assert(is_room(context));
		else
			ck_assert_uint_eq(
			    context & 0xfff0000000000000ULL, session_of(0));
		len += (size_t)snprintf(box->got + len, sizeof(box->got) - len,
		    "%s%s", sep, render(box, &frame, text, sizeof(text)));
		ck_assert_uint_lt(len, sizeof(box->got) - 2);
		sep = "; ";
	}
	ck_assert_int_eq(got, 0);
	strcpy(box->got + len, "|");
}

static size_t
send_cb(void *arg, const struct path *const *to, size_t n, struct str datagram)
{
	size_t i;

	(void)arg;
	calls++;
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_gt(datagram.len, WIRE_HEADER);
	ck_assert_uint_le(datagram.len, WIRE_MAX);
	for (i = 0; i < n && takes > 0; i++) {
		struct mailbox *box = &boxes[to[i]->remote.port - PORTS];

		deliver(box, datagram);
		box->datagrams++;
		box->bytes += datagram.len;
		if (takes != ANY)
			takes--;
	}
	return i;
}

const struct hub_config roomy = {
	.max_messages = 100,
	.max_bytes = 1000000,
	.max_members = 1000,
};

const struct native_config patient = {
	.max_per_address = CLIENTS,
	.send = send_cb,
};

static void
start(const struct hub_config *hub_config, const struct native_config *config)
{
	memset(boxes, 0, sizeof(boxes));
	takes = ANY;
	mono = SECONDS(1000);
	wall = 1700000000000;
	hub = hub_new(hub_config);
	ck_assert_ptr_nonnull(hub);
	native = native_new(hub, config);
	ck_assert_ptr_nonnull(native);
}

void
crowd_teardown(void)
{
	native_free(native);
	hub_free(hub);
}

void
crowd_restart(
    const struct hub_config *hub_config, const struct native_config *config)
{
	crowd_teardown();
	start(hub_config, config);
}

void
crowd_setup(void)
{
	start(&roomy, &patient);
}

struct instant
clock_shows(void)
{
	return (struct instant){ mono, wall };
}

struct path
path_of(const char *ip, size_t port)
{
	struct path path = { .remote.port = (uint32_t)(PORTS + port) };

	ck_assert_int_eq(addr_parse_ip(str_of(ip), path.remote.ip), 0);
	return path;
}

void
receive_from(const char *ip, size_t port, struct str datagram)
{
	struct path path = path_of(ip, port);

	native_receive(native, &path, datagram, clock_shows());
	hub_flush(hub);
}

void
receive_unflushed(
    const struct path *path, uint64_t session, const struct wire_frame *frame)
{
	struct wire_out out;

	wire_begin(&out, session);
	ck_assert_int_eq(wire_add(&out, frame), 0);
	native_receive(native, path, wire_datagram(&out), clock_shows());
}

void
send_as(
    uint64_t session, size_t port, const struct wire_frame *frames, size_t n)
{
	struct wire_out out;

	wire_begin(&out, session);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(wire_add(&out, &frames[i]), 0);
	receive_from("192.0.2.1", port, wire_datagram(&out));
}

void
send_frame(size_t port, struct wire_frame frame)
{
	send_as(session_of(port), port, &frame, 1);
}

void
expect_at(int line, size_t port, const char *words)
{
	ck_assert_msg(strcmp(boxes[port].got, words) == 0,
	    "line %d: port %zu got '%s', not '%s'", line, port, boxes[port].got,
	    words);
	boxes[port].got[0] = '\0';
}

void
forget(size_t port)
{
	boxes[port].got[0] = '\0';
	boxes[port].datagrams = boxes[port].bytes = 0;
}

struct wire_frame
hello_frame(void)
{
	return (struct wire_frame){ .type = WIRE_HELLO };
}

struct wire_frame
join_frame(size_t port)
{
	return (struct wire_frame){
		.type = WIRE_JOIN,
		.u.join = { .cookie = boxes[port].cookie,
		    .token = { (unsigned char)(port & 0xff),
			(unsigned char)(port >> 8), 1 },
		    .seen = WIRE_NO_SEQ,
		    .number = 1 },
	};
}

struct wire_frame
say_frame(uint32_t number, const char *text)
{
	return (struct wire_frame){
		.type = WIRE_SAY,
		.u.line = { number, str_of(text) },
	};
}

void
say(size_t port, uint32_t number, const char *text)
{
	send_frame(port, say_frame(number, text));
}

void
pull(size_t port, bool notes, uint64_t from, uint64_t to)
{
	send_frame(port,
	    (struct wire_frame){
		.type = WIRE_PULL, .u.range = { notes, from, to } });
}

void
alive(size_t port)
{
	send_frame(port, (struct wire_frame){ .type = WIRE_ALIVE });
}

void
get_cookie(size_t port)
{
	send_frame(port, hello_frame());
	expect(port, "COOKIE|");
}

void
join_as(size_t port, const char *nick)
{
	struct wire_frame join;

	get_cookie(port);
	join = join_frame(port);
	join.u.join.nick = str_of(nick);
	send_frame(port, join);
	ck_assert_msg(strncmp(boxes[port].got, "STATE ", 6) == 0,
	    "port %zu got '%s'", port, boxes[port].got);
	forget(port);
}

void
tick(int64_t later)
{
	mono += later;
	native_tick(native, clock_shows());
}
