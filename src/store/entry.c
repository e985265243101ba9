#include "store/entry.h"

#include <string.h>

#define STRINGS 5

/* All strings of an entry, in the order in which they follow it. */
static void
find_strings(struct entry *e, struct str *strings[STRINGS])
{
	strings[0] = &e->room_name;
	strings[1] = &e->message.via;
	strings[2] = &e->message.nick;
	strings[3] = &e->message.to_nick;
	strings[4] = &e->message.text;
}

size_t
entry_size(const struct entry *e)
{
	return sizeof(*e) + e->room_name.len + e->message.via.len +
	    e->message.nick.len + e->message.to_nick.len + e->message.text.len;
}

void
entry_add(struct buf *b, const struct entry *e)
{
	struct entry copy = *e;
	struct str *strings[STRINGS];

	find_strings(&copy, strings);
	buf_add(b, &copy, sizeof(copy));
	for (size_t i = 0; i < STRINGS; i++)
		buf_add_str(b, *strings[i]);
}

void
entry_take(struct str *rest, struct entry *e)
{
	struct str *strings[STRINGS];
	const char *p = rest->p;

	memcpy(e, p, sizeof(*e));
	p += sizeof(*e);
	find_strings(e, strings);
	for (size_t i = 0; i < STRINGS; i++) {
		strings[i]->p = p;
		p += strings[i]->len;
	}
	rest->len -= (size_t)(p - rest->p);
	rest->p = p;
}
