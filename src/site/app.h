/*
 * What the server answers: its own paths first, then the files of ROOT.
 * Every driver installs app_answer() as its handler.
 */
#ifndef CHATD_APP_H
#define CHATD_APP_H

#include <stdbool.h>
#include <stddef.h>

#include "http/conn.h"
#include "site/chat.h"
#include "site/status.h"

#define APP_WHY_MAX 512

struct app;

/* Who may see /status and /metrics. */
enum app_audience {
	APP_LOCAL, /* who asks from this machine, and through no proxy */
	APP_PUBLIC,
	APP_NOBODY
};

/* Strings are the caller's, as long as the app. */
struct app_config {
	const char *root;          /* a directory, or NULL */
	bool listing;              /* of directories without index.html */
	const char *cache_control; /* of files; "": no such field */
	const char *mime_types;    /* a file of more types, or NULL */
	const char *error_pages;   /* a directory of them, or NULL */
	enum app_audience status;
	bool secure_only;  /* what comes without TLS is sent to https, but not
			    * through a Unix socket */
	int udp_port;      /* for the built-in page; 0: no chat over UDP */
	struct chat *chat; /* over HTTP, or NULL: there is none */
	/* Fills in what the status tells. */
	void (*facts)(void *arg, struct status_facts *);
	void *facts_arg;
};

/* NULL with the reason in why, as `what: why (what to try)`. */
struct app *app_new(const struct app_config *, char why[APP_WHY_MAX]);
void app_free(struct app *);

/* Reads the types and error pages anew.  Returns 0; or -1 with the reason in
 * why, and goes on with what it has. */
int app_reload(struct app *, char why[APP_WHY_MAX]);

/* An http_handler and an http_page, whose arg is the app. */
void app_answer(void *arg, const struct http_request *, struct http_response *,
    struct instant now);
struct str app_error_page(void *arg, int status);

#endif
