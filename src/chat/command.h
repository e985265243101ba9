/*
 * What a person types, the same on every line-based transport: text is said,
 * and a line that begins with / is a command.
 */
#ifndef CHATD_COMMAND_H
#define CHATD_COMMAND_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "chat/hub.h"

enum command_result {
	COMMAND_DONE, /* said or carried out, or told what is wrong with it */
	COMMAND_QUIT  /* the member asks to leave */
};

/*
 * One line without its line end, from the network and not yet clean.
 * Commands: /help, /nick NAME, /who, /me TEXT, /msg NICK TEXT, /history [N],
 * /quit.  `//text` says `/text`.
 */
enum command_result command_line(
    struct hub *, struct member *, struct str line, struct instant now);

/* `[nick]: text` or `* nick text`, clean, without a line end. */
void command_format(struct buf *, const struct message *);

#endif
