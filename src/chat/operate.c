#include "chat/operate.h"

#include <stdio.h>

#include "base/text.h"

#define SLOW_MAX 3600 /* seconds */

enum hub_result
operate_topic(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	struct hall *hall = member_hall(m);
	const char *topic = room_topic(hall_room(hall));

	(void)now;
	if (arg.len == 0) {
		hub_tell(hub, m, "topic: %s",
		    topic[0] != '\0' ? topic : "there is none");
		return HUB_OK;
	}
	if (!member_is_operator(m))
		return HUB_NOT_ALLOWED;
	hub_set_topic(hub, hall, arg);
	return HUB_OK;
}

enum hub_result
operate_deop(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	struct member *whom = hub_find(hub, arg, now);

	if (arg.len == 0)
		return HUB_USAGE;
	if (whom == NULL || member_transport(whom)->exempt)
		return HUB_NOBODY;
	hub_demote(hub, whom);
	hub_tell(hub, whom, "you are an operator no more");
	hub_tell(hub, m, "%s is an operator no more", member_name(whom).p);
	return HUB_OK;
}

enum hub_result
operate_kick(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	struct str who = command_word(&arg);
	struct member *whom = hub_find(hub, who, now);
	char why[CHAT_AWAY_MAX + 1], reason[sizeof(why) + sizeof("kicked: ")];

	if (who.len == 0)
		return HUB_USAGE;
	if (whom == NULL || member_transport(whom)->exempt)
		return HUB_NOBODY;
	text_clean(why, sizeof(why), arg, NULL);
	snprintf(
	    reason, sizeof(reason), "kicked%s%s", arg.len > 0 ? ": " : "", why);
	hub_tell(hub, m, "%s is out", member_name(whom).p);
	hub_remove_person(hub, whom, reason);
	return HUB_OK;
}

static void
list_bans(struct hub *hub, struct member *m)
{
	if (hub_banned(hub, 0) == NULL)
		hub_tell(hub, m, "nobody is banned");
	for (size_t i = 0; hub_banned(hub, i) != NULL; i++)
		hub_tell(hub, m, "banned: %s", hub_banned(hub, i));
}

enum hub_result
operate_ban(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	enum hub_result result = HUB_OK;

	(void)now;
	if (arg.len == 0)
		list_bans(hub, m);
	else if ((result = hub_ban(hub, arg)) == HUB_OK)
		hub_tell(hub, m, "%.*s is banned", (int)arg.len, arg.p);
	return result;
}

enum hub_result
operate_unban(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	(void)now;
	if (arg.len == 0)
		return HUB_USAGE;
	if (hub_unban(hub, arg) != HUB_OK) {
		hub_tell(hub, m, "%.*s is not banned (/ban lists who is)",
		    (int)arg.len, arg.p);
		return HUB_OK;
	}
	hub_tell(hub, m, "%.*s may come back", (int)arg.len, arg.p);
	return HUB_OK;
}

static enum hub_result
set_muted(struct hub *hub, struct member *m, struct str who, bool is_muted,
    struct instant now)
{
	struct member *whom = hub_find(hub, who, now);

	if (who.len == 0)
		return HUB_USAGE;
	if (whom == NULL || member_transport(whom)->exempt)
		return HUB_NOBODY;
	hub_mute(hub, whom, is_muted);
	hub_tell(hub, whom,
	    is_muted ? "an operator has muted you: you can read, not speak"
		     : "you may speak again");
	hub_tell(hub, m, "%s %s", member_name(whom).p,
	    is_muted ? "is muted" : "may speak again");
	return HUB_OK;
}

enum hub_result
operate_mute(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	return set_muted(hub, m, arg, true, now);
}

enum hub_result
operate_unmute(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	return set_muted(hub, m, arg, false, now);
}

enum hub_result
operate_slow(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	struct hall *hall = member_hall(m);
	uint64_t seconds;

	(void)now;
	if (str_to_u64(arg, SLOW_MAX, &seconds) == -1)
		return HUB_USAGE;
	hall_rules(hall)->slow = (unsigned)seconds;
	if (seconds > 0)
		hub_tell_all(hub, hall, NULL,
		    "this room is slow now: a line every %u seconds each",
		    (unsigned)seconds);
	else
		hub_tell_all(hub, hall, NULL, "this room is slow no more");
	return HUB_OK;
}

static enum hub_result
set_locked(struct hub *hub, struct member *m, bool is_locked)
{
	struct hall *hall = member_hall(m);

	hall_rules(hall)->is_locked = is_locked;
	hub_tell_all(hub, hall, NULL,
	    is_locked ? "this room is locked: nobody new may come in"
		      : "this room is open again");
	return HUB_OK;
}

enum hub_result
operate_lock(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	(void)arg;
	(void)now;
	return set_locked(hub, m, true);
}

enum hub_result
operate_unlock(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	(void)arg;
	(void)now;
	return set_locked(hub, m, false);
}

enum hub_result
operate_questions(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	struct hall_rules *rules = hall_rules(member_hall(m));
	bool on = str_eq_nocase(arg, STR("on"));

	(void)now;
	if (arg.len == 0)
		on = !rules->asks_operators;
	else if (!on && !str_eq_nocase(arg, STR("off")))
		return HUB_USAGE;
	rules->asks_operators = on;
	hub_tell_all(hub, member_hall(m), NULL,
	    on ? "questions: what you say now reaches the operators alone"
	       : "questions are over: what you say reaches all");
	return HUB_OK;
}

enum hub_result
operate_announce(
    struct hub *hub, struct member *m, struct str arg, struct instant now)
{
	return hub_announce(hub, m, arg, now);
}
