/*
 * The events of a room as a stream (HTML, 9.2): each stream is a member of
 * the hub with a cursor on the room's log.  A reader that is slow lags there;
 * what the hub tells it alone waits in a small queue of its own.
 */
#ifndef CHATD_CHAT_STREAM_H
#define CHATD_CHAT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/hub.h"
#include "http/service.h"
#include "site/chat_caller.h"

#define CHAT_STREAM_NOTICES \
	16384                /* bytes that wait; more are counted alone \
			      */
#define CHAT_STREAM_PAST 200 /* messages before the begin, at most */

struct chat_streams;

/* The hub outlives it; is_kept: its rooms outlive the process.  NULL without
 * memory or randomness. */
struct chat_streams *chat_streams_new(struct hub *, bool is_kept);
void chat_streams_free(struct chat_streams *); /* none is open any more */

struct chat_stream_wish {
	const struct chat_caller *caller;
	struct str room, nick; /* or empty */
	bool resumes;          /* after the message of the number since; */
	uint64_t since;
	uint64_t past; /* else so many messages before the newest */
	struct http_waker waker;
};

/* Fills in the stream, whose gone() ends it; or says why not. */
enum hub_result chat_stream_open(struct chat_streams *,
    const struct chat_stream_wish *, struct http_stream *, struct instant now);

size_t chat_streams_count(const struct chat_streams *); /* of members */

/* A stream's member in the hall with that identity, or NULL. */
struct member *chat_streams_find(
    const struct chat_streams *, const struct hall *, uint64_t identity);

/* All of them leave. */
void chat_streams_quit(
    struct chat_streams *, const struct hall *, uint64_t identity);

#endif
