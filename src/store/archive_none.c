/*
 * Without SQLite nothing is kept.
 */
#include <stdio.h>

#include "store/archive.h"

struct archive *
archive_open(
    const char *path, uid_t owner, gid_t group, char why[HISTORY_WHY_MAX])
{
	(void)path;
	(void)owner;
	(void)group;
	snprintf(why, HISTORY_WHY_MAX, "this chatd was built without SQLite");
	return NULL;
}

void
archive_close(struct archive *a)
{
	(void)a;
}

int
archive_load(struct archive *a, struct hub *hub, size_t max_messages,
    struct instant now, char why[HISTORY_WHY_MAX])
{
	(void)a;
	(void)hub;
	(void)max_messages;
	(void)now;
	(void)why;
	return -1;
}

int
archive_write(struct archive *a, struct str entries, char why[HISTORY_WHY_MAX])
{
	(void)a;
	(void)entries;
	(void)why;
	return -1;
}
