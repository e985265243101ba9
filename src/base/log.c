#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char *const level_names[] = { "error", "warn", "info", "debug" };

static struct {
	const char *program;
	enum log_level level;
	struct sink *sink;
} log_to = { "chatd", LOG_INFO, NULL };

void
log_init(const char *program, enum log_level level, struct sink *sink)
{
	log_to.program = program;
	log_to.level = level;
	log_to.sink = sink;
}

bool
log_enabled(enum log_level level)
{
	return log_to.sink != NULL && level <= log_to.level;
}

int
log_level_parse(struct str name, enum log_level *out)
{
	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++) {
		if (str_eq(name, str_of(level_names[i]))) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

const char *
log_level_name(enum log_level level)
{
	return level_names[level];
}

static void log_line(enum log_level, const char *, va_list)
    __attribute__((format(printf, 2, 0)));

/* An error has no level in its line: it reads `chatd: what: why (try)`. */
static void
log_line(enum log_level level, const char *format, va_list ap)
{
	char raw[LOG_LINE_MAX], line[LOG_LINE_MAX];
	size_t len;

	if (!log_enabled(level))
		return;
	vsnprintf(raw, sizeof(raw), format, ap);
	len = (size_t)snprintf(line, 64, "%s: %s%s", log_to.program,
	    level == LOG_ERROR ? "" : level_names[level],
	    level == LOG_ERROR ? "" : ": ");
	len += text_clean(line + len, sizeof(line) - len, str_of(raw), NULL);
	line[len++] = '\n'; /* in place of the NUL */
	sink_write(log_to.sink, line, len);
}

#define LOG_FUNCTION(name, level) \
	void name(const char *format, ...) \
	{ \
		va_list ap; \
\
		va_start(ap, format); \
		log_line(level, format, ap); \
		va_end(ap); \
	}

LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warn, LOG_WARN)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)
