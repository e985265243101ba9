/*
 * What a person types, the same on every transport: text is said, and a line
 * that begins with / is a command.
 */
#ifndef CHATD_COMMAND_H
#define CHATD_COMMAND_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "chat/hub.h"

struct command_outcome {
	/* HUB_OK: said or carried out.  Else the member was told why not; a
	 * line for which it is HUB_FLOOD, HUB_SLOW or HUB_BUSY may be tried
	 * again later. */
	enum hub_result result;
	bool quits;     /* the member asks to leave */
	uint64_t stamp; /* what was appended is committed with it; 0: nothing */
	uint64_t seq;   /* its number in the member's room */
};

/*
 * One line without its line end, from the network and not yet clean; `//text`
 * says `/text`.  For everybody: /help, /nick NAME, /who, /me TEXT,
 * /msg NICK TEXT, /join ROOM, /part, /rooms, /topic, /away [WHY],
 * /history [N], /op CODE, /quit.  For operators: /topic TEXT, /kick NICK
 * [WHY], /ban, /unban NICK|ADDRESS, /mute, /unmute NICK, /slow SECONDS,
 * /lock, /unlock, /questions on|off, /announce TEXT.
 */
struct command_outcome command_line(
    struct hub *, struct member *, struct str line, struct instant now);

/*
 * A message as it is read by the person of that identity: `[nick]: text`,
 * `* nick text`, `[nick -> you]: text`, `[you -> nick]: text`, `[nick asks]:
 * text` or `[nick announces]: text`; clean, without a line end.
 */
void command_format(struct buf *, const struct message *, uint64_t identity);

/* What the result means, for the one whose wish it was: a sentence without
 * a full stop. */
const char *command_explain(enum hub_result);

#endif
