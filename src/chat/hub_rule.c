/*
 * What operators decide, and who becomes one.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "chat/hub_inside.h"

#define CODE_SECONDS 3600

void
hub_mute(struct hub *hub, struct member *m, bool is_muted)
{
	(void)hub;
	m->person->is_muted = is_muted;
}

void
hub_demote(struct hub *hub, struct member *m)
{
	m->person->is_operator = false;
	hub_touch(hub, m->person);
}

/* Bans. */

bool
hub_is_banned(const struct hub *hub, uint64_t identity, const struct addr *from)
{
	for (size_t i = 0; i < hub->nbans; i++) {
		const struct ban *ban = &hub->bans[i];

		if (ban->is_network
			? from != NULL && cidr_contains(&ban->network, from)
			: ban->identity == identity)
			return true;
	}
	return false;
}

bool
hub_is_banned_nick(const struct hub *hub, struct str nick)
{
	struct nick_key key;

	if (nick_fold(nick, &key) == -1)
		return false;
	for (size_t i = 0; i < hub->nbans; i++) {
		const struct ban *ban = &hub->bans[i];

		if (!ban->is_network && nick_key_eq(&ban->nick, &key))
			return true;
	}
	return false;
}

static void
remove_banned(struct hub *hub)
{
	struct member *m;

	hub_hold(hub);
	for (m = hub_first(hub); m != NULL; m = hub_next(m)) {
		if (!m->transport->exempt &&
		    hub_is_banned(hub, m->person->identity, hub_from(m)))
			hub_remove(hub, m, "banned");
	}
	hub_release(hub);
}

enum hub_result
hub_ban(struct hub *hub, struct str whom)
{
	struct ban *ban = &hub->bans[hub->nbans];
	struct member *m = NULL;

	if (hub->nbans == HUB_BANS_MAX)
		return HUB_FULL;
	memset(ban, 0, sizeof(*ban));
	ban->is_network = cidr_parse(whom, &ban->network) == 0;
	if (!ban->is_network) {
		m = hub_find(hub, whom, hub->now);
		if (m == NULL || m->transport->exempt)
			return HUB_NOBODY;
		ban->identity = m->person->identity;
		nick_fold(member_name(m), &ban->nick);
	}
	text_clean(ban->label, sizeof(ban->label), whom, NULL);
	hub->nbans++;
	remove_banned(hub);
	return HUB_OK;
}

/* Whether it is the ban that was given so, or of who had that nick. */
static bool
is_called(const struct ban *ban, const struct nick_key *wanted)
{
	struct nick_key label;

	nick_fold(str_of(ban->label), &label);
	return nick_key_eq(&label, wanted) ||
	    (!ban->is_network && nick_key_eq(&ban->nick, wanted));
}

enum hub_result
hub_unban(struct hub *hub, struct str whom)
{
	enum hub_result result = HUB_NOBODY;
	struct nick_key wanted;
	size_t i = 0;

	if (nick_fold(whom, &wanted) == -1)
		return HUB_NOBODY;
	while (i < hub->nbans) {
		if (is_called(&hub->bans[i], &wanted)) {
			hub->bans[i] = hub->bans[--hub->nbans];
			result = HUB_OK;
		} else {
			i++;
		}
	}
	return result;
}

const char *
hub_banned(const struct hub *hub, size_t i)
{
	return i < hub->nbans ? hub->bans[i].label : NULL;
}

/* Codes. */

const char *
hub_operator_code(struct hub *hub, struct instant now)
{
	struct siphash_key random;

	hub->code[0] = '\0';
	if (siphash_key_random(&random) == 0)
		snprintf(hub->code, sizeof(hub->code), "%016llx",
		    (unsigned long long)random.k0);
	hub->code_ends = now.mono + SECONDS(CODE_SECONDS);
	return hub->code;
}

/* In a time that does not tell how much of it is right. */
static bool
is_code(const struct hub *hub, struct str code)
{
	unsigned differs = 0;

	if (hub->code[0] == '\0' || code.len != HUB_CODE_LEN)
		return false;
	for (size_t i = 0; i < HUB_CODE_LEN; i++)
		differs |= (unsigned char)(hub->code[i] ^ code.p[i]);
	return differs == 0;
}

enum hub_result
hub_redeem(
    struct hub *hub, struct member *m, struct str code, struct instant now)
{
	if (!is_code(hub, code) || now.mono >= hub->code_ends)
		return HUB_BAD_CODE;
	if (m->transport->shares && !m->person->is_known)
		return HUB_NOBODY;
	hub->code[0] = '\0';
	m->person->is_operator = true;
	hub_touch(hub, m->person);
	hub_tell_all(
	    hub, m->hall, m, "%s is an operator now", member_name(m).p);
	return HUB_OK;
}
