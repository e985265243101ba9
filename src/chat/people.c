/*
 * A person is in `by_identity`, and in `by_nick` while they have a nick.  Who
 * is not here stands in one of the queues `absent`, those who left first at
 * its front: it is they who are forgotten for others, and nobody before all
 * in the queues in front of theirs.
 */
#include "chat/people.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/map.h"

TAILQ_HEAD(queue, entry);

/* What the others see of a person comes first, so that one is the other. */
struct entry {
	struct person person;
	TAILQ_ENTRY(entry) link;
	struct queue *queue; /* that it is in, while not here */
};

/* What is lost with who is forgotten. */
enum worth {
	NOTHING,
	NICK,
	DECISION,
	WORTHS
};

struct people {
	struct map *by_identity;
	struct map *by_nick; /* folded */
	struct queue absent[WORTHS];
};

struct people *
people_new(void)
{
	struct people *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	for (int i = 0; i < WORTHS; i++)
		TAILQ_INIT(&p->absent[i]);
	p->by_identity = map_new();
	p->by_nick = map_new();
	if (p->by_identity == NULL || p->by_nick == NULL) {
		people_free(p);
		return NULL;
	}
	return p;
}

static enum worth
worth_of(const struct person *person)
{
	if (person->is_muted || person->is_operator)
		return DECISION;
	return person->nick[0] != '\0' ? NICK : NOTHING;
}

static void
absent_add(struct people *p, struct entry *e)
{
	e->queue = &p->absent[worth_of(&e->person)];
	TAILQ_INSERT_TAIL(e->queue, e, link);
}

/* Who is forgotten first, or NULL if all are here. */
static struct entry *
absent_first(const struct people *p)
{
	struct entry *e = NULL;

	for (int i = 0; i < WORTHS && e == NULL; i++)
		e = TAILQ_FIRST(&p->absent[i]);
	return e;
}

static void
absent_remove(struct entry *e)
{
	TAILQ_REMOVE(e->queue, e, link);
}

/* All members have left by then. */
void
people_free(struct people *p)
{
	struct entry *e;

	if (p == NULL)
		return;
	while ((e = absent_first(p)) != NULL) {
		absent_remove(e);
		free(e);
	}
	map_free(p->by_identity);
	map_free(p->by_nick);
	free(p);
}

static void
drop_nick(struct people *p, struct person *person)
{
	struct nick_key key;

	if (person->nick[0] == '\0')
		return;
	nick_fold(str_of(person->nick), &key);
	map_del(p->by_nick, key.bytes, key.len);
	person->nick[0] = '\0';
}

static void
forget(struct people *p, struct entry *e)
{
	uint64_t identity = e->person.identity;

	absent_remove(e);
	drop_nick(p, &e->person);
	map_del(p->by_identity, &identity, sizeof(identity));
	free(e);
}

struct person *
people_find(const struct people *p, uint64_t identity)
{
	return map_get(p->by_identity, &identity, sizeof(identity));
}

struct person *
people_get(
    struct people *p, uint64_t identity, bool is_known, struct instant now)
{
	struct person *person = people_find(p, identity);
	struct entry *e;

	if (person != NULL) {
		person->is_known |= is_known;
		return person;
	}
	if (map_count(p->by_identity) >= PEOPLE_MAX) {
		if ((e = absent_first(p)) == NULL)
			return NULL;
		forget(p, e);
	}
	e = calloc(1, sizeof(*e));
	if (e == NULL ||
	    map_put(p->by_identity, &identity, sizeof(identity), e) == -1) {
		free(e);
		return NULL;
	}
	e->person.identity = identity;
	e->person.is_known = is_known;
	e->person.lines.full_at = e->person.commands.full_at = now.mono;
	e->person.said_at = INT64_MIN;
	e->person.left_at = now.mono;
	absent_add(p, e);
	return &e->person;
}

void
people_enter(struct people *p, struct person *person)
{
	struct entry *e = (struct entry *)person;

	(void)p;
	if (person->members++ == 0)
		absent_remove(e);
}

void
people_leave(struct people *p, struct person *person, struct instant now)
{
	struct entry *e = (struct entry *)person;

	if (--person->members > 0)
		return;
	person->left_at = now.mono;
	person->away[0] = '\0';
	if (!person->is_known) {
		drop_nick(p, person);
		person->is_operator = false;
	}
	absent_add(p, e);
}

struct person *
people_of_nick(struct people *p, struct str nick, struct instant now)
{
	struct nick_key key;
	struct person *holder;

	if (nick_fold(nick, &key) == -1)
		return NULL;
	holder = map_get(p->by_nick, key.bytes, key.len);
	if (holder != NULL && holder->members == 0 &&
	    now.mono - holder->left_at >= SECONDS(NICK_SECONDS)) {
		drop_nick(p, holder);
		holder = NULL;
	}
	return holder;
}

int
people_set_nick(struct people *p, struct person *person, struct str nick)
{
	struct entry *e = (struct entry *)person;
	struct nick_key key, old;

	/* Put in first: the old one stays when there is no memory. */
	if (nick_fold(nick, &key) == -1 ||
	    map_put(p->by_nick, key.bytes, key.len, person) == -1)
		return -1;
	nick_fold(str_of(person->nick), &old);
	if (!nick_key_eq(&key, &old))
		drop_nick(p, person);
	memcpy(person->nick, nick.p, nick.len);
	person->nick[nick.len] = '\0';
	if (person->members == 0) {
		absent_remove(e);
		absent_add(p, e);
	}
	return 0;
}
