/*
 * What the server answers: its own paths first, then the files of ROOT.
 * Every driver installs app_answer() as its handler.
 */
#ifndef CHATD_APP_H
#define CHATD_APP_H

#include "http/conn.h"

struct app;

struct app_config {
	const char *root; /* a directory, or NULL */
	int udp_port;     /* for the built-in page; 0: there is no chat */
};

/* NULL with errno set, as for a root that cannot be opened. */
struct app *app_new(const struct app_config *);
void app_free(struct app *);

/* An http_handler, whose arg is the app. */
void app_answer(void *arg, const struct http_request *, struct http_response *,
    struct instant now);

#endif
