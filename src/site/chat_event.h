/*
 * What the events of a stream tell, as JSON.  base/json makes all text in it,
 * so that no line ends within.
 */
#ifndef CHATD_CHAT_EVENT_H
#define CHATD_CHAT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/siphash.h"
#include "chat/hub.h"

#define CHAT_EVENT_MEMBERS_MAX 1000 /* that are listed; more are counted */

/* The room that the member is in, and the member; without its end, which
 * chat_event_log() appends and which changes with every message. */
void chat_event_room(struct buf *, const struct member *, bool is_kept);
void chat_event_log(struct buf *, const struct room *);

/* All rooms. */
void chat_event_rooms(struct buf *, const struct hub *);

/* Stands for what the rooms' list shows, but for how many messages and
 * members the one hall has. */
uint64_t chat_event_rooms_print(
    const struct hub *, const struct hall *, const struct siphash_key *);

/* Messages of late, and who is in a room, formatted once for all of their
 * readers. */
struct chat_event_cache;

struct chat_event_cache *chat_event_cache_new(void); /* NULL without memory */
void chat_event_cache_free(struct chat_event_cache *);

/* A message of the room, without the brace at its end; valid until the next
 * call; empty without memory. */
struct str chat_event_message(
    struct chat_event_cache *, const struct room *, const struct message *);

/* Who is in the member's room. */
void chat_event_members(
    struct buf *, struct chat_event_cache *, const struct member *);

#endif
