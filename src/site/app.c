#include "site/app.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/mime.h"
#include "http/url.h"
#include "site/errors.h"
#include "site/files.h"
#include "site/pages.h"

#define MIME_FILE_MAX (1 << 20) /* bytes of a file of types */

#define TEXT    STR("text/plain; charset=utf-8")
#define HTML    STR("text/html; charset=utf-8")
#define DYNAMIC STR("Cache-Control: no-store\r\n")

struct app {
	struct app_config config;
	struct mime *mime;     /* NULL: the built-in types */
	struct errors *errors; /* NULL: the built-in pages */
	struct files *files;   /* NULL without ROOT */
	struct status *status;
	struct buf front;
	struct buf made; /* content or fields of the answer being made */
};

static int
explain(
    char why[APP_WHY_MAX], const char *what, const char *name, const char *try)
{
	snprintf(why, APP_WHY_MAX, "%s %s: %s (%s)", what, name,
	    strerror(errno), try);
	return -1;
}

/* The whole of a regular file, which is small.  Returns 0, or -1. */
static int
read_file(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = -1;
	char *room;

	if (fd == -1)
		return -1;
	while ((room = buf_reserve(b, 4096)) != NULL &&
	    (n = read(fd, room, 4096)) > 0 && buf_len(b) < MIME_FILE_MAX)
		buf_commit(b, (size_t)n);
	if (n > 0)
		errno = EFBIG;
	close(fd);
	return n == 0 ? 0 : -1;
}

static struct mime *
mime_load(const char *path, char why[APP_WHY_MAX])
{
	struct buf text = { 0 };
	struct mime *mime = mime_new();
	unsigned line;
	int result = -1;

	if (mime == NULL || read_file(path, &text) == -1)
		explain(
		    why, "cannot read the types of", path, "see --mime-types");
	else if (mime_read(mime,
		     (struct str){ buf_data(&text), buf_len(&text) },
		     &line) == -1)
		snprintf(why, APP_WHY_MAX,
		    "%s:%u: no media type with its extensions (a line should "
		    "read: text/html html htm)",
		    path, line);
	else
		result = 0;
	buf_free(&text);
	if (result == 0)
		return mime;
	mime_free(mime);
	return NULL;
}

static int
reload_mime(struct app *app, char why[APP_WHY_MAX])
{
	struct mime *mime, *old = app->mime;

	if (app->config.mime_types == NULL)
		return 0;
	if ((mime = mime_load(app->config.mime_types, why)) == NULL)
		return -1;
	app->mime = mime;
	if (app->files != NULL)
		files_set_mime(app->files, mime);
	mime_free(old);
	return 0;
}

static int
reload_errors(struct app *app, char why[APP_WHY_MAX])
{
	const char *dir = app->config.error_pages;

	if (dir == NULL)
		return 0;
	if (app->errors != NULL ? errors_reload(app->errors) == 0
				: (app->errors = errors_new(dir)) != NULL)
		return 0;
	return explain(why, "cannot read the error pages of", dir,
	    "it should hold files such as 404.html or 5xx.html");
}

int
app_reload(struct app *app, char why[APP_WHY_MAX])
{
	return reload_mime(app, why) == 0 ? reload_errors(app, why) : -1;
}

static int
open_files(struct app *app, char why[APP_WHY_MAX])
{
	struct files_config config = {
		.root = app->config.root,
		.listing = app->config.listing,
		.cache_control = app->config.cache_control,
		.mime = app->mime,
	};

	if (config.root == NULL || (app->files = files_new(&config)) != NULL)
		return 0;
	return explain(why, "cannot serve", config.root,
	    "try a directory that this user can read");
}

static int
app_init(struct app *app, char why[APP_WHY_MAX])
{
	page_front(&app->front, app->config.udp_port, app->config.chat != NULL);
	app->status = status_new();
	if (app->status != NULL && !buf_failed(&app->front))
		return app_reload(app, why) == 0 ? open_files(app, why) : -1;
	snprintf(why, APP_WHY_MAX, "cannot start: out of memory");
	return -1;
}

struct app *
app_new(const struct app_config *config, char why[APP_WHY_MAX])
{
	struct app *app = calloc(1, sizeof(*app));

	if (app == NULL) {
		snprintf(why, APP_WHY_MAX, "cannot start: out of memory");
		return NULL;
	}
	app->config = *config;
	if (app_init(app, why) == 0)
		return app;
	app_free(app);
	return NULL;
}

void
app_free(struct app *app)
{
	if (app == NULL)
		return;
	files_free(app->files);
	errors_free(app->errors);
	mime_free(app->mime);
	status_free(app->status);
	buf_free(&app->front);
	buf_free(&app->made);
	free(app);
}

/* Empty again, whether or not there was memory the last time. */
static struct buf *
begin_made(struct app *app)
{
	buf_drain(&app->made, buf_len(&app->made));
	app->made.failed = false;
	return &app->made;
}

static struct str
made(const struct app *app)
{
	return (struct str){ buf_data(&app->made), buf_len(&app->made) };
}

static void
answer_front(struct app *app, struct http_response *res)
{
	res->status = 200;
	res->type = HTML;
	res->fields = STR("Cache-Control: no-cache\r\n"
			  "Content-Security-Policy: " PAGE_FRONT_POLICY "\r\n");
	res->body = (struct str){ buf_data(&app->front), buf_len(&app->front) };
}

static void
answer_health(struct app *app, struct http_response *res, struct instant now)
{
	(void)app;
	(void)now;
	res->type = TEXT;
	res->fields = DYNAMIC;
	res->body = STR("ok\n");
}

static void
answer_status(struct app *app, struct http_response *res, struct instant now)
{
	(void)app;
	(void)now;
	res->type = HTML;
	res->fields =
	    STR("Cache-Control: no-cache\r\n"
		"Content-Security-Policy: " STATUS_PAGE_POLICY "\r\n");
	res->body = status_page();
}

static void
answer_script(struct app *app, struct http_response *res, struct instant now)
{
	(void)app;
	(void)now;
	res->type = STR("text/javascript; charset=utf-8");
	res->fields = STR("Cache-Control: no-cache\r\n");
	res->body = status_script();
}

static void
answer_json(struct app *app, struct http_response *res, struct instant now)
{
	struct status_facts facts = { .model = "" };

	app->config.facts(app->config.facts_arg, &facts);
	status_json(app->status, begin_made(app), &facts, now);
	res->type = STR("application/json");
	res->fields = DYNAMIC;
	res->body = made(app);
}

static void
answer_metrics(struct app *app, struct http_response *res, struct instant now)
{
	struct status_facts facts = { .model = "" };

	(void)now;
	app->config.facts(app->config.facts_arg, &facts);
	status_metrics(app->status, begin_made(app), &facts);
	res->type = STR(STATUS_METRICS_TYPE);
	res->fields = DYNAMIC;
	res->body = made(app);
}

/* The daemon's own paths; they win over files of the same name. */
static const struct page {
	struct str path;
	void (*answer)(
	    struct app *, struct http_response *, struct instant now);
	bool is_for_all; /* not subject to --status */
} own_pages[] = {
	{ STR("/healthz"), answer_health, true },
	{ STR("/status"), answer_status, false },
	{ STR("/status.js"), answer_script, false },
	{ STR("/status.json"), answer_json, false },
	{ STR("/metrics"), answer_metrics, false },
};

static const struct page *
page_find(const struct app *app, struct str path)
{
	for (size_t i = 0; i < sizeof(own_pages) / sizeof(own_pages[0]); i++) {
		const struct page *p = &own_pages[i];

		if (str_eq(p->path, path))
			return p->is_for_all || app->config.status != APP_NOBODY
			    ? p
			    : NULL;
	}
	return NULL;
}

/*
 * A proxy on this machine asks for others, and says so.  A page from
 * elsewhere can have its own name point to this machine, but needs a name
 * with a dot for that.
 */
static bool
is_local(const struct http_request *req)
{
	return (req->peer == NULL || addr_is_loopback(req->peer)) &&
	    http_field_find(req, STR("Forwarded")) == NULL &&
	    http_field_find(req, STR("X-Forwarded-For")) == NULL &&
	    url_is_local_authority(req->authority);
}

static void
answer_own(struct app *app, const struct page *page,
    const struct http_request *req, struct http_response *res,
    struct instant now)
{
	if (page->is_for_all || app->config.status == APP_PUBLIC ||
	    is_local(req)) {
		page->answer(app, res, now);
		if (!buf_failed(&app->made))
			return;
		res->status = 503;
		res->body.len = 0;
		return;
	}
	res->status = 403;
	res->type = TEXT;
	res->body = STR("This page is for the server's own machine; "
			"chatd --status=public shows it to all.\n");
}

static void
answer_get(struct app *app, const struct http_request *req,
    struct http_response *res, struct instant now)
{
	const struct page *page = page_find(app, req->path);

	if (page != NULL) {
		answer_own(app, page, req, res, now);
		return;
	}
	res->status = 404;
	if (app->files != NULL) {
		res->status = 200;
		files_answer(app->files, req, res, now);
	}
	if (res->status == 404 && str_eq(req->path, STR("/")))
		answer_front(app, res);
}

/* RFC 9110, 15.4.9: the same request, over TLS. */
static void
answer_moved(
    struct app *app, const struct http_request *req, struct http_response *res)
{
	struct buf *b = begin_made(app);

	if (req->authority.len == 0) {
		res->status = 403;
		res->type = TEXT;
		res->body = STR("This server speaks TLS: use https.\n");
		return;
	}
	buf_add_str(b, STR("Location: https://"));
	buf_add_str(b, req->authority); /* which the parser has checked */
	url_encode_query(b, str_eq(req->path, STR("*")) ? STR("/") : req->path);
	if (req->query.len > 0) {
		buf_add_str(b, STR("?"));
		url_encode_query(b, req->query);
	}
	buf_add_str(b, STR("\r\n"));
	res->status = buf_failed(b) ? 503 : 308;
	res->fields = buf_failed(b) ? STR("") : made(app);
}

void
app_answer(void *arg, const struct http_request *req, struct http_response *res,
    struct instant now)
{
	static const struct str allow = STR("Allow: GET, HEAD, OPTIONS\r\n");
	struct app *app = arg;

	if (app->config.secure_only && !req->is_secure && req->peer != NULL) {
		answer_moved(app, req, res);
		return;
	}
	if (app->config.chat != NULL &&
	    chat_answer(app->config.chat, req, res, now))
		return;
	switch (req->method) {
	case HTTP_GET:
	case HTTP_HEAD:
		answer_get(app, req, res, now);
		return;
	case HTTP_OPTIONS:
		res->status = 204;
		res->fields = allow;
		return;
	default:
		res->status = 405;
		res->fields = allow;
		return;
	}
}

struct str
app_error_page(void *arg, int status)
{
	const struct app *app = arg;

	return app->errors != NULL ? errors_page(app->errors, status) : STR("");
}
