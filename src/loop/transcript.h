/*
 * What the user of the native dialect gets to see of what comes: messages in
 * the looks that they deserve, the past apart from the present, nothing of
 * those who are ignored.  Off a terminal neither the past nor one's own.
 */
#ifndef CHATD_TRANSCRIPT_H
#define CHATD_TRANSCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"
#include "chat/link.h"
#include "loop/nicks.h"
#include "loop/screen.h"

struct transcript {
	struct screen *screen;
	struct nicks *seen;
	struct nicks ignored;
	bool rings;      /* when somebody means the user */
	int64_t past_at; /* mono: when the last of the past came, or NEVER */
};

/* The commands that transcript_command() knows, up to a NULL. */
extern const char *const transcript_commands[];

void transcript_init(
    struct transcript *, struct screen *, struct nicks *seen, bool rings);

/* A LINK_MESSAGE; the user is called nick, and is the person of that
 * identity.  screen_show() is left to the caller, here and below. */
void transcript_message(struct transcript *, const struct link_event *,
    uint64_t identity, const char *nick, struct instant now);

/* A line of the server, or one of the user's own that still waits. */
void transcript_note(struct transcript *, struct str, struct instant now);
void transcript_waiting(struct transcript *, struct str, struct instant now);

/* Carries out one of the client's own commands: /ignore NICK,
 * /unignore NICK, /ignored, /bell on|off.  Returns whether it was one. */
bool transcript_command(struct transcript *, struct str line);

/* When to call transcript_tick() next, mono, or NEVER. */
int64_t transcript_deadline(const struct transcript *);
void transcript_tick(struct transcript *, struct instant now);

#endif
