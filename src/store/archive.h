/*
 * The file itself, for history.c alone: everything here waits for the disk.
 * One thread at a time may use it.
 */
#ifndef CHATD_ARCHIVE_H
#define CHATD_ARCHIVE_H

#include "base/str.h"
#include "store/history.h"

struct archive;

/* As history_open(). */
struct archive *archive_open(
    const char *path, uid_t owner, gid_t group, char why[HISTORY_WHY_MAX]);
void archive_close(struct archive *); /* takes NULL */

/* As history_load(). */
int archive_load(struct archive *, struct hub *, size_t max_messages,
    struct instant now, char why[HISTORY_WHY_MAX]);

/* Writes the entries (store/entry), all of them or none, to be there for good
 * when it returns 0; or -1 with why. */
int archive_write(
    struct archive *, struct str entries, char why[HISTORY_WHY_MAX]);

#endif
