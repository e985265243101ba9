/*
 * The commands of operators, each told to be carried out by one; but for
 * /topic, which anybody may ask for.  For chat/command alone.
 */
#ifndef CHATD_OPERATE_H
#define CHATD_OPERATE_H

#include "base/clock.h"
#include "base/str.h"
#include "chat/hub.h"

/* Carries a command out.  What it has to say it tells the member; of what it
 * could not do, the result tells. */
typedef enum hub_result command_fn(
    struct hub *, struct member *, struct str arg, struct instant now);

command_fn operate_topic, operate_deop, operate_kick, operate_ban,
    operate_unban, operate_mute, operate_unmute, operate_slow, operate_lock,
    operate_unlock, operate_questions, operate_announce;

/* The first word, which is cut off *rest. */
struct str command_word(struct str *rest);

#endif
