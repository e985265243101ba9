#include "site/app.h"

#include <errno.h>
#include <stdlib.h>

#include "site/files.h"
#include "site/pages.h"

struct app {
	struct files *files; /* NULL without ROOT */
	struct buf front;
};

struct app *
app_new(const struct app_config *config)
{
	struct app *app = calloc(1, sizeof(*app));
	int saved;

	if (app == NULL)
		return NULL;
	page_front(&app->front, config->udp_port);
	if (config->root != NULL)
		app->files = files_new(config->root);
	saved = errno;
	if (!buf_failed(&app->front) &&
	    (config->root == NULL || app->files != NULL))
		return app;
	app_free(app);
	errno = saved;
	return NULL;
}

void
app_free(struct app *app)
{
	if (app == NULL)
		return;
	files_free(app->files);
	buf_free(&app->front);
	free(app);
}

static void
answer_front(struct app *app, struct http_response *res)
{
	res->status = 200;
	res->type = STR("text/html; charset=utf-8");
	res->body = (struct str){ buf_data(&app->front), buf_len(&app->front) };
}

static void
answer_health(struct http_response *res)
{
	res->type = STR("text/plain; charset=utf-8");
	res->body = STR("ok\n");
}

static void
answer_get(struct app *app, const struct http_request *req,
    struct http_response *res, struct instant now)
{
	if (str_eq(req->path, STR("/healthz"))) {
		answer_health(res);
		return;
	}
	res->status = 404;
	if (app->files != NULL) {
		res->status = 200;
		files_answer(app->files, req->path, req->query, res, now);
	}
	if (res->status == 404 && str_eq(req->path, STR("/")))
		answer_front(app, res);
}

void
app_answer(void *arg, const struct http_request *req, struct http_response *res,
    struct instant now)
{
	static const struct str allow = STR("Allow: GET, HEAD, OPTIONS\r\n");

	switch (req->method) {
	case HTTP_GET:
	case HTTP_HEAD:
		answer_get(arg, req, res, now);
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
