/*
 * What SQLite is used with here: short calls, and why they failed in words.
 */
#ifndef CHATD_SQL_H
#define CHATD_SQL_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/str.h"
#include "store/history.h"

void why_set(char why[HISTORY_WHY_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Why SQLite failed last. */
void sql_explain(sqlite3 *, char why[HISTORY_WHY_MAX]);

/* Statements that give nothing, and one that gives one number.  0, or -1 with
 * why. */
int sql_execute(sqlite3 *, const char *sql, char why[HISTORY_WHY_MAX]);
int sql_number(
    sqlite3 *, const char *sql, int64_t *out, char why[HISTORY_WHY_MAX]);

/*
 * A value for the parameter of that name; none where the statement does not
 * name it.  A number is kept as SQLite has them, signed; text has to stay
 * until the statement was run.  Returns 0, or -1.
 */
int sql_bind_number(sqlite3_stmt *, const char *name, uint64_t);
int sql_bind_text(sqlite3_stmt *, const char *name, struct str);

#endif
