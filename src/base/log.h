/*
 * The daemon's log: one line an event, to a sink, so that a log that takes
 * nothing never stalls the loop.  Text from the network is made safe here
 * again, whatever the caller did.
 */
#ifndef CHATD_LOG_H
#define CHATD_LOG_H

#include "base/sink.h"
#include "base/str.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG
};

#define LOG_LINE_MAX 1024 /* bytes; a longer line is cut */

/* Lines above level are not logged.  The sink stays the caller's. */
void log_init(const char *program, enum log_level level, struct sink *);

/* Whether a line of this level is logged: asked before a costly argument. */
bool log_enabled(enum log_level);

/* "error", "warn", "info" or "debug".  Returns 0, or -1. */
int log_level_parse(struct str, enum log_level *);
const char *log_level_name(enum log_level);

void log_error(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
