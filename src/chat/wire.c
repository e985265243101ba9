/*
 * The layout of every frame is a row of fields, written down once: what is
 * written by it is read back by it.  A field lies in struct wire_frame at its
 * offset and in the datagram right after the one before.
 */
#include "chat/wire.h"

#include <string.h>

#define FRAME_HEADER 3 /* type and length */

enum shape {
	END,
	FLAG, /* a bool in a byte, 0 or 1 */
	KIND, /* an enum message_kind in a byte */
	U32,
	U64,
	TOKEN,
	SHORT, /* a str behind a byte with its length */
	REST   /* a str up to the end of the frame */
};

struct field {
	enum shape shape;
	size_t offset; /* in struct wire_frame */
};

#define FIELD(shape, member) \
	{ \
		shape, offsetof(struct wire_frame, u.member) \
	}

static const struct field empty[] = { { END, 0 } };

static const struct field cookie[] = { FIELD(U64, cookie), { END, 0 } };

static const struct field join[] = {
	FIELD(U64, join.cookie),
	FIELD(TOKEN, join.token),
	FIELD(U64, join.room_id),
	FIELD(U64, join.seen),
	FIELD(U32, join.number),
	FIELD(SHORT, join.nick),
	FIELD(SHORT, join.room),
	{ END, 0 },
};

static const struct field line[] = {
	FIELD(U32, line.number),
	FIELD(REST, line.text),
	{ END, 0 },
};

static const struct field range[] = {
	FIELD(FLAG, range.notes),
	FIELD(U64, range.from),
	FIELD(U64, range.to),
	{ END, 0 },
};

static const struct field alive[] = {
	FIELD(U64, alive.seen),
	FIELD(U32, alive.notes),
	FIELD(U32, alive.number),
	{ END, 0 },
};

static const struct field state[] = {
	FIELD(U64, state.room_id),
	FIELD(U64, state.first),
	FIELD(U64, state.last),
	FIELD(U64, state.start),
	FIELD(U64, state.you),
	FIELD(U64, state.identity),
	FIELD(U32, state.acked),
	FIELD(U32, state.notes),
	FIELD(U64, state.began),
	FIELD(U32, state.changes),
	FIELD(FLAG, state.is_kept),
	FIELD(SHORT, state.nick),
	FIELD(SHORT, state.room),
	{ END, 0 },
};

static const struct field ack[] = {
	FIELD(U32, ack.number),
	FIELD(U32, ack.notes),
	{ END, 0 },
};

static const struct field message[] = {
	FIELD(U64, message.seq),
	FIELD(U64, message.time),
	FIELD(U64, message.sender),
	FIELD(U64, message.author),
	FIELD(U64, message.to),
	FIELD(KIND, message.kind),
	FIELD(SHORT, message.via),
	FIELD(SHORT, message.nick),
	FIELD(SHORT, message.to_nick),
	FIELD(REST, message.text),
	{ END, 0 },
};

static const struct field last[] = { FIELD(U64, last), { END, 0 } };

static const struct field text[] = { FIELD(REST, text), { END, 0 } };

/* By type; NULL where there is none. */
static const struct field *const layouts[] = {
	[WIRE_HELLO] = empty,
	[WIRE_JOIN] = join,
	[WIRE_SAY] = line,
	[WIRE_PULL] = range,
	[WIRE_ALIVE] = alive,
	[WIRE_LEAVE] = empty,
	[WIRE_COOKIE] = cookie,
	[WIRE_STATE] = state,
	[WIRE_ACK] = ack,
	[WIRE_REFUSED] = line,
	[WIRE_WAIT] = ack,
	[WIRE_MESSAGE] = message,
	[WIRE_SKIP] = range,
	[WIRE_TAIL] = last,
	[WIRE_NOTE] = line,
	[WIRE_NOTICE] = text,
	[WIRE_BYE] = text,
};

#define TYPES (sizeof(layouts) / sizeof(layouts[0]))

static void
put_uint(unsigned char *to, size_t bytes, uint64_t value)
{
	for (size_t i = bytes; i > 0; i--) {
		to[i - 1] = (unsigned char)value;
		value >>= 8;
	}
}

static uint64_t
get_uint(const char *from, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | (unsigned char)from[i];
	return value;
}

void
wire_begin(struct wire_out *out, uint64_t context)
{
	out->bytes[0] = WIRE_MAGIC;
	out->bytes[1] = WIRE_VERSION;
	put_uint(out->bytes + 2, 8, context);
	out->len = WIRE_HEADER;
}

static int
add_uint(struct wire_out *out, size_t bytes, uint64_t value)
{
	if (sizeof(out->bytes) - out->len < bytes)
		return -1;
	put_uint(out->bytes + out->len, bytes, value);
	out->len += bytes;
	return 0;
}

static int
add_bytes(struct wire_out *out, const void *bytes, size_t len)
{
	if (sizeof(out->bytes) - out->len < len)
		return -1;
	if (len > 0)
		memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
	return 0;
}

static int
add_short(struct wire_out *out, struct str s)
{
	if (s.len > UINT8_MAX || add_uint(out, 1, s.len) == -1)
		return -1;
	return add_bytes(out, s.p, s.len);
}

/* The type of what is at `from` follows from the field's shape. */
static int
add_field(struct wire_out *out, enum shape shape, const void *from)
{
	const struct str *s = from;

	switch (shape) {
	case FLAG:
		return add_uint(out, 1, *(const bool *)from);
	case KIND:
		return add_uint(out, 1, *(const enum message_kind *)from);
	case U32:
		return add_uint(out, 4, *(const uint32_t *)from);
	case U64:
		return add_uint(out, 8, *(const uint64_t *)from);
	case TOKEN:
		return add_bytes(out, from, WIRE_TOKEN);
	case SHORT:
		return add_short(out, *s);
	case REST:
		return add_bytes(out, s->p, s->len);
	default:
		return -1;
	}
}

static int
add_fields(struct wire_out *out, const struct wire_frame *frame)
{
	const struct field *f = layouts[frame->type];

	for (; f->shape != END; f++) {
		if (add_field(out, f->shape, (const char *)frame + f->offset) ==
		    -1)
			return -1;
	}
	return 0;
}

int
wire_add(struct wire_out *out, const struct wire_frame *frame)
{
	size_t before = out->len;

	if (add_uint(out, 1, frame->type) == -1 || add_uint(out, 2, 0) == -1 ||
	    add_fields(out, frame) == -1) {
		out->len = before;
		return -1;
	}
	put_uint(out->bytes + before + 1, 2, out->len - before - FRAME_HEADER);
	return 0;
}

void
wire_pad(struct wire_out *out, size_t len)
{
	if (len > out->len && len <= sizeof(out->bytes)) {
		memset(out->bytes + out->len, 0, len - out->len);
		out->len = len;
	}
}

bool
wire_is_empty(const struct wire_out *out)
{
	return out->len == WIRE_HEADER;
}

struct str
wire_datagram(const struct wire_out *out)
{
	return (struct str){ (const char *)out->bytes, out->len };
}

bool
wire_is_native(struct str datagram)
{
	return datagram.len > 0 && (unsigned char)datagram.p[0] == WIRE_MAGIC;
}

/* Cuts the first n bytes off.  Returns 0, or -1 when there are fewer. */
static int
take(struct str *from, size_t n, struct str *out)
{
	if (from->len < n)
		return -1;
	*out = (struct str){ from->p, n };
	from->p += n;
	from->len -= n;
	return 0;
}

static int
take_uint(struct str *from, size_t bytes, uint64_t *value)
{
	struct str part;

	if (take(from, bytes, &part) == -1)
		return -1;
	*value = get_uint(part.p, bytes);
	return 0;
}

int
wire_open(struct str *datagram, uint64_t *context)
{
	struct str header;

	if (!wire_is_native(*datagram) ||
	    take(datagram, WIRE_HEADER, &header) == -1 ||
	    header.p[1] != WIRE_VERSION)
		return -1;
	*context = get_uint(header.p + 2, 8);
	return 0;
}

static int
take_bytes(struct str *from, enum shape shape, void *to)
{
	uint64_t len = from->len;
	struct str part;

	if (shape == SHORT && take_uint(from, 1, &len) == -1)
		return -1;
	if (shape == TOKEN)
		len = WIRE_TOKEN;
	if (take(from, len, &part) == -1)
		return -1;
	if (shape == TOKEN)
		memcpy(to, part.p, part.len);
	else
		*(struct str *)to = part;
	return 0;
}

static int
take_number(struct str *from, enum shape shape, void *to)
{
	size_t bytes = shape == U64 ? 8 : shape == U32 ? 4 : 1;
	uint64_t value;

	if (take_uint(from, bytes, &value) == -1)
		return -1;
	if (shape == U64)
		*(uint64_t *)to = value;
	else if (shape == U32)
		*(uint32_t *)to = (uint32_t)value;
	else if (shape == FLAG && value <= 1)
		*(bool *)to = value != 0;
	else if (shape == KIND && value <= MESSAGE_ANNOUNCEMENT)
		*(enum message_kind *)to = (enum message_kind)value;
	else
		return -1;
	return 0;
}

/* What follows the fields that are known is of a newer version. */
static int
take_fields(struct str body, struct wire_frame *frame)
{
	const struct field *f = layouts[frame->type];

	for (; f->shape != END; f++) {
		void *to = (char *)frame + f->offset;
		int result = f->shape >= TOKEN
		    ? take_bytes(&body, f->shape, to)
		    : take_number(&body, f->shape, to);

		if (result == -1)
			return -1;
	}
	return 0;
}

int
wire_next(struct str *rest, struct wire_frame *frame)
{
	while (rest->len > 0 && rest->p[0] != 0) {
		uint64_t type, len;
		struct str body;

		if (take_uint(rest, 1, &type) == -1 ||
		    take_uint(rest, 2, &len) == -1 ||
		    take(rest, len, &body) == -1)
			return -1;
		if (type >= TYPES || layouts[type] == NULL)
			continue;
		*frame = (struct wire_frame){ .type = (enum wire_type)type };
		return take_fields(body, frame) == -1 ? -1 : 1;
	}
	return 0;
}
