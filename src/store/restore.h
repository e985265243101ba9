/*
 * Reads from the history what the hub had: history_load().
 */
#ifndef CHATD_RESTORE_H
#define CHATD_RESTORE_H

#include <sqlite3.h>
#include <stddef.h>

#include "base/clock.h"
#include "chat/hub.h"
#include "store/history.h"

/* Returns 0, or -1 with why. */
int restore_hub(sqlite3 *, struct hub *, size_t max_messages,
    struct instant now, char why[HISTORY_WHY_MAX]);

#endif
