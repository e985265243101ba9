/*
 * The datagrams of the native dialect, docs/protocol.md: a header of ten bytes
 * and then frames.  Integers are big-endian.  Bytes in, slices out; nothing is
 * allocated.
 *
 *   header:  WIRE_MAGIC, WIRE_VERSION, context (8 bytes)
 *   frame:   type (1), length of what follows (2), the fields below in order
 *
 * The context is the client's session, a secret random number of its own, in
 * all that concerns this client alone; and the room's id in what all in a
 * room get.  Unknown frames are skipped; a type of 0 ends the frames, and what
 * follows it is padding.
 */
#ifndef CHATD_WIRE_H
#define CHATD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "chat/hub.h"
#include "chat/room.h"

#define WIRE_MAGIC   0xfe /* no UTF-8 begins with it (RFC 3629) */
#define WIRE_VERSION 1
#define WIRE_MAX     1200 /* bytes of a datagram */
#define WIRE_HEADER  10   /* bytes */
#define WIRE_TOKEN   HUB_TOKEN_LEN
#define WIRE_NO_SEQ  UINT64_MAX /* seen nothing yet */

enum wire_type {
	/* From the client. */
	WIRE_HELLO = 1, /* asks for a cookie; padded to at least 32 bytes */
	WIRE_JOIN,      /* with the cookie: comes in, comes back, moved */
	WIRE_SAY,       /* a line or command, with the client's own number */
	WIRE_PULL,      /* asks for messages or notes again */
	WIRE_ALIVE,     /* answered with a STATE */
	WIRE_LEAVE,
	/* From the server. */
	WIRE_COOKIE = 64, /* the answer to a HELLO, and to anything from a
			   * client that is not known at its address */
	WIRE_STATE,       /* the answer to a JOIN and an ALIVE, and unasked when
			   * something of it has changed */
	WIRE_ACK,     /* all numbers up to it were dealt with, and committed */
	WIRE_REFUSED, /* that number was dealt with, but not said */
	WIRE_WAIT,    /* that number was not taken: repeat it later */
	WIRE_MESSAGE, /* of the room's log */
	WIRE_SKIP,    /* numbers of the log that are not for this client,
		       * or of notes that are no longer kept */
	WIRE_TAIL,    /* the number of the log's last message */
	WIRE_NOTE,    /* a line of the server to this client alone */
	WIRE_NOTICE,  /* a line of the server to all in the room, best effort */
	WIRE_BYE      /* the client is out: it may not come back by itself */
};

/* A frame as it is written and read; which fields count depends on its type.
 * The strs of one that was read lie in the datagram. */
struct wire_frame {
	enum wire_type type;
	union {
		uint64_t cookie; /* COOKIE: 8 */
		struct {
			uint64_t cookie;                 /* 8 */
			unsigned char token[WIRE_TOKEN]; /* 16 */
			uint64_t room_id; /* 8: of `seen`, or 0 */
			uint64_t seen; /* 8: has all up to it, or WIRE_NO_SEQ */
			uint32_t number; /* 4: of its first line not yet
					  * acknowledged, from 1 on */
			struct str nick; /* 1 + n: wished */
			struct str room; /* 1 + n */
		} join;
		struct {
			uint32_t number; /* 4 */
			struct str
			    text; /* the rest; of SAY and REFUSED (why) */
		} line;           /* SAY, REFUSED, and NOTE by its own
				   * number, which counts from 1 in the
				   * session */
		struct {
			bool notes;    /* 1: of the notes, not of the room */
			uint64_t from; /* 8: first and */
			uint64_t to;   /* 8: last number */
		} range;               /* PULL; SKIP (of notes: not kept) */
		struct {
			uint64_t seen; /* 8: the last message it has, all before
					* too */
			uint32_t notes;  /* 4: the last note, likewise */
			uint32_t number; /* 4: as in JOIN */
		} alive;
		struct {
			uint64_t room_id; /* 8 */
			uint64_t first;   /* 8: the oldest message kept, */
			uint64_t last;    /* 8: the newest */
			uint64_t start; /* 8: the client's first is the next */
			uint64_t you;   /* 8: the `sender` of its own lines */
			uint64_t identity; /* 8: their `author` */
			uint32_t acked;    /* 4: as in ACK */
			uint32_t notes;    /* 4: notes told so far */
			uint64_t began;    /* 8: when the server began the
					    * session, milliseconds since 1970:
					    * the notes count from then */
			uint32_t
			    changes;     /* 4: of nick and room since then; a
					  * STATE with less, or that began
					  * before, is late and does not count */
			bool is_kept;    /* 1: the room outlives the server */
			struct str nick; /* 1 + n: what it is called now */
			struct str room; /* 1 + n */
		} state;
		struct {
			uint32_t number; /* 4: ACK, WAIT */
			uint32_t notes;  /* 4: notes told so far */
		} ack;
		struct message message; /* seq 8, time 8, sender 8, author 8,
					 * to 8, kind 1, via 1 + n, nick 1 + n,
					 * to_nick 1 + n, text the rest */
		uint64_t last;          /* TAIL: 8 */
		struct str text;        /* NOTICE; BYE: why */
	} u;
};

#define WIRE_HELLO_MIN 32 /* bytes of a datagram with a HELLO */

/* A datagram being written. */
struct wire_out {
	size_t len;
	unsigned char bytes[WIRE_MAX];
};

void wire_begin(struct wire_out *, uint64_t context);

/* Appends a frame.  Returns 0, or -1 when it does not fit any more, and then
 * nothing has changed.  Any one frame fits into an empty datagram. */
int wire_add(struct wire_out *, const struct wire_frame *);

/* Zeros after a HELLO, up to that length of the datagram. */
void wire_pad(struct wire_out *, size_t len);

/* Whether it holds a frame. */
bool wire_is_empty(const struct wire_out *);

/* What was written, as it is sent; valid until it is written to again. */
struct str wire_datagram(const struct wire_out *);

/* Whether the datagram is of this dialect, of whatever version. */
bool wire_is_native(struct str datagram);

/* Takes the header off *datagram.  Returns 0, or -1 when it is not one of this
 * version. */
int wire_open(struct str *datagram, uint64_t *context);

/* The next frame of a type that is known, taken off *rest.  Returns 1, 0 at
 * the end, or -1 when what is there is no frame; nothing after it counts. */
int wire_next(struct str *rest, struct wire_frame *);

#endif
