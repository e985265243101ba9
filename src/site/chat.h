/*
 * The chat over HTTP: its page, the events of a room as a stream, messages by
 * POST.  A stream is a member of the hub; so a message's path to a browser is
 * the same as to anybody else: log, cursor, bytes.
 *
 *   GET  /chat           the page; gives a browser the cookie that is its
 *                        identity
 *   GET  /chat/events    ?room= ?nick= ?since= (or Last-Event-ID) ?past=
 *   POST /chat/messages  room, nick, text: form, JSON, or plain text with
 *                        ?room=&nick=
 *   GET  /chat/rooms     the rooms there are, as JSON
 *   GET  /chat/page.css, /chat/page.js and the modules that it imports
 */
#ifndef CHATD_CHAT_H
#define CHATD_CHAT_H

#include <stdbool.h>
#include <stddef.h>

#include "chat/hub.h"
#include "http/service.h"

#define CHAT_POST_MAX  16384 /* bytes of a POST's body */
#define CHAT_HEARTBEAT SECONDS(15)

struct chat;

struct chat_config {
	struct hub *hub; /* outlives the chat; NULL: all is answered with 503 */
	const char *why; /* and this reason */
	/* Host names that this server has besides its addresses, names without
	 * a dot and those that only a local network knows; the caller's. */
	const char *const *hosts;
	size_t nhosts;
	bool is_kept; /* the rooms outlive the process (a ledger) */
};

struct chat_stats {
	uint64_t posts;   /* taken */
	uint64_t refused; /* posts and streams: foreign, banned, flooding ... */
	uint64_t resumed; /* streams that came back with a number */
};

/* NULL without memory or randomness.  The connections whose answers it gives
 * end before it is freed. */
struct chat *chat_new(const struct chat_config *);
void chat_free(struct chat *);

/* Answers if the path is one of the chat's; returns whether it is. */
bool chat_answer(struct chat *, const struct http_request *,
    struct http_response *, struct instant now);

size_t chat_streams(const struct chat *); /* that are members now */
const struct chat_stats *chat_stats(const struct chat *);

#endif
