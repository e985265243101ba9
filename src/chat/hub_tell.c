/*
 * What members are told: lines that are in no log.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "chat/hub_inside.h"

/* Formats a line into out, of HUB_LINE_MAX bytes, and makes it clean. */
static struct str __attribute__((format(printf, 3, 0)))
line_format(char *out, const char *prefix, const char *format, va_list ap)
{
	char raw[HUB_LINE_MAX];
	size_t len = strlen(prefix);

	memcpy(raw, prefix, len);
	vsnprintf(raw + len, sizeof(raw) - len, format, ap);
	len = text_clean(out, HUB_LINE_MAX, str_of(raw), NULL);
	return (struct str){ out, len };
}

static void
deliver(struct hub *hub, struct member *m, struct str line)
{
	if (m->gone)
		return;
	hub_hold(hub);
	m->transport->tell(m->transport->arg, m->owner, line);
	hub_release(hub);
}

void
hub_tell(struct hub *hub, struct member *m, const char *format, ...)
{
	char out[HUB_LINE_MAX];
	struct str line;
	va_list ap;

	va_start(ap, format);
	line = line_format(out, "* ", format, ap);
	va_end(ap);
	deliver(hub, m, line);
}

void
hub_tell_line(struct hub *hub, struct member *m, const char *format, ...)
{
	char out[HUB_LINE_MAX];
	struct str line;
	va_list ap;

	va_start(ap, format);
	line = line_format(out, "", format, ap);
	va_end(ap);
	deliver(hub, m, line);
}

static void
tell_each(struct hub *hub, struct hall *hall, const struct transport *t,
    const struct member *but, struct str line)
{
	struct member *m;

	TAILQ_FOREACH(m, &hall->members, in_hall) {
		if (m->transport == t && m != but)
			deliver(hub, m, line);
	}
}

static void
tell_hall(struct hub *hub, struct hall *hall, const struct member *but,
    struct str line)
{
	for (size_t i = 0; i < HUB_TRANSPORTS_MAX; i++) {
		const struct transport *t = hub->transports[i];

		if (t != NULL && t->tell_all != NULL)
			t->tell_all(t->arg, hall, but, line);
		else if (t != NULL)
			tell_each(hub, hall, t, but, line);
	}
}

void
hub_tell_all(struct hub *hub, struct hall *hall, const struct member *but,
    const char *format, ...)
{
	char out[HUB_LINE_MAX];
	struct hall *each;
	struct str line;
	va_list ap;

	va_start(ap, format);
	line = line_format(out, "* ", format, ap);
	va_end(ap);
	hub_hold(hub);
	hub_flush(hub);
	TAILQ_FOREACH(each, &hub->halls, link) {
		if (hall == NULL || hall == each)
			tell_hall(hub, each, but, line);
	}
	hub_release(hub);
}
