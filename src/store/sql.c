#include "store/sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
why_set(char why[HISTORY_WHY_MAX], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, HISTORY_WHY_MAX, format, ap);
	va_end(ap);
}

/* The system's error is not always known: at COMMIT it is not. */
static void
explain_system_error(sqlite3 *db, char why[HISTORY_WHY_MAX])
{
	int error = sqlite3_system_errno(db);

	why_set(why, "%s%s%s", sqlite3_errmsg(db), error != 0 ? ": " : "",
	    error != 0 ? strerror(error) : "");
}

void
sql_explain(sqlite3 *db, char why[HISTORY_WHY_MAX])
{
	switch (sqlite3_errcode(db) & 0xff) {
	case SQLITE_NOTADB:
		why_set(why, "it is no history of chatd (try another file)");
		break;
	case SQLITE_CORRUPT:
		why_set(why,
		    "it is damaged: %s (rescue it with `.recover' of sqlite3, "
		    "or move it away and begin anew)",
		    sqlite3_errmsg(db));
		break;
	case SQLITE_BUSY:
		why_set(why, "another program is writing to it (end that)");
		break;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		explain_system_error(db, why);
		break;
	default:
		why_set(why, "%s", sqlite3_errmsg(db));
	}
}

int
sql_execute(sqlite3 *db, const char *sql, char why[HISTORY_WHY_MAX])
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	sql_explain(db, why);
	return -1;
}

int
sql_number(
    sqlite3 *db, const char *sql, int64_t *out, char why[HISTORY_WHY_MAX])
{
	sqlite3_stmt *s = NULL;
	int result = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW) {
		*out = sqlite3_column_int64(s, 0);
		result = 0;
	} else {
		sql_explain(db, why);
	}
	sqlite3_finalize(s);
	return result;
}

int
sql_bind_number(sqlite3_stmt *s, const char *name, uint64_t value)
{
	int i = sqlite3_bind_parameter_index(s, name);

	if (i == 0 || sqlite3_bind_int64(s, i, (int64_t)value) == SQLITE_OK)
		return 0;
	return -1;
}

int
sql_bind_text(sqlite3_stmt *s, const char *name, struct str text)
{
	int i = sqlite3_bind_parameter_index(s, name);

	if (i == 0 ||
	    sqlite3_bind_text(s, i, text.p, (int)text.len, SQLITE_STATIC) ==
		SQLITE_OK)
		return 0;
	return -1;
}
