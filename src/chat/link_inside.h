/*
 * The link's own struct, for its files alone: link.c (coming in and going out,
 * timers), link_log.c (what is received in order) and link_say.c (what is
 * said).
 */
#ifndef CHATD_LINK_INSIDE_H
#define CHATD_LINK_INSIDE_H

#include <sys/queue.h>

#include "chat/link.h"
#include "chat/order.h"

enum link_state {
	LINK_HELLO,
	LINK_JOINING,
	LINK_IN,
	LINK_OUT /* for good */
};

enum link_timer {
	KNOCK_TIMER, /* HELLO and JOIN */
	ALIVE_TIMER,
	PULL_TIMER,
	SAY_TIMER,
	LOST_TIMER, /* runs while an answer is awaited */
	TIMERS
};

struct timer {
	int64_t at; /* mono, or NEVER */
	unsigned tries;
};

/* A line that was said. */
struct line {
	STAILQ_ENTRY(line) entry;
	uint32_t number;
	bool is_refused;
	size_t len;
	char text[];
};

struct link {
	struct link_config config;
	char wish[CHAT_NICK_MAX + 1]; /* the nick that it came with */
	enum link_state state;
	bool was_joined;
	bool is_lost; /* and it was said */
	struct timer timers[TIMERS];
	uint64_t random;
	uint64_t cookie;
	char nick[CHAT_NICK_MAX + 1];
	char room[CHAT_ROOM_MAX + 1];
	struct link_stats stats;

	/* Of the latest STATE that counted. */
	uint64_t began;
	uint32_t changes;
	unsigned late; /* that did not count since */
	uint64_t you;
	uint64_t identity;

	/* The room. */
	uint64_t room_id; /* 0: none yet */
	uint64_t past;    /* what is older than the client ends with it */
	struct order order;
	bool is_paused;

	/* The notes: the last one had, and the last one known. */
	uint32_t notes, last_note;

	/* The lines that wait.  Numbers up to `acked` are dealt with, and up
	 * to `sent` were sent at least once; with `held` the server asked to
	 * wait. */
	STAILQ_HEAD(, line) lines;
	size_t waiting;
	size_t refused;
	uint32_t acked, sent, said, held;
	int64_t held_for;
};

/* link.c */

void link_timer_start(
    struct link *, enum link_timer, int64_t delay, struct instant now);
/* With the delay that is the timer's first. */
void link_timer_begin(struct link *, enum link_timer, struct instant now);
void link_timer_stop(struct link *, enum link_timer);
bool link_timer_runs(const struct link *, enum link_timer);

/* Sends what demands an answer. */
void link_ask(struct link *, const struct wire_out *, struct instant now);

void link_emit(struct link *, const struct link_event *);
void link_emit_text(struct link *, enum link_event_type, struct str);

/* link_log.c */

/* A frame that all in the room get. */
void link_receive_shared(struct link *, const struct wire_frame *);

/* All that is next of the room, unless it is paused; and even then. */
void link_deliver(struct link *);
void link_deliver_rest(struct link *);

/* That note exists. */
void link_note_exists(struct link *, uint32_t number);
void link_receive_note(struct link *, uint32_t number, struct str);
/* These notes are no longer kept. */
void link_skip_notes(struct link *, uint64_t from, uint64_t to);

/* After a datagram: whether a pull is due, which progress puts off. */
void link_watch_gaps(struct link *, bool progress, struct instant now);
void link_pull(struct link *, struct instant now);

/* link_say.c */

/* Sends lines for the first time, and those again that wait for an ACK. */
void link_flush_lines(struct link *, struct instant now);
void link_repeat_lines(struct link *, struct instant now);
void link_drop_line(struct link *); /* the first */

void link_receive_ack(struct link *, uint32_t number, struct instant now);
void link_receive_wait(struct link *, uint32_t number, struct instant now);
void link_receive_refused(struct link *, uint32_t number, struct str why);

#endif
