/*
 * chatd: the daemon.  Opens what the options ask for, gives up what it needs
 * no more, says that it is ready, and serves until it is told to stop.
 */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd/banner.h"
#include "cmd/options.h"
#include "cmd/rooms.h"
#include "cmd/sandbox.h"
#include "cmd/sockets.h"
#include "cmd/streams.h"
#include "cmd/systemd.h"
#include "loop/server.h"
#include "loop/tls.h"
#include "site/access.h"
#include "site/app.h"

#define DESCRIPTORS_KEPT 32 /* from connections, for files and the rest */

/* All that is open, in the order in which it is opened. */
struct daemon {
	const struct options *options;
	struct sink *out, *err;
	struct instant started;
	struct sockets http, udp;
	bool moved;         /* from the default port */
	struct writer *log; /* NULL: no access log */
	struct access access;
	struct tls *tls;
	struct rooms rooms;
	struct app *app;
	struct buf fields; /* of --header */
	char sandbox[SANDBOX_TEXT_MAX];
	struct server *server;
};

static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static bool
is_secure(const struct options *o)
{
	return o->tls == TLS_SELF || o->tls_cert != NULL;
}

/* The user is to write it, and to open it anew. */
static void
give_log_away(const struct daemon *d)
{
	const struct passwd *pw;

	if (d->options->user == NULL ||
	    (pw = getpwnam(d->options->user)) == NULL)
		return;
	if (fchown(writer_fd(d->log), pw->pw_uid, pw->pw_gid) == -1)
		log_debug(
		    "the access log keeps its owner: %s", strerror(errno));
}

static int
open_log(struct daemon *d)
{
	const char *path = d->options->access_log;

	if (path == NULL)
		return 0;
	if ((d->log = writer_new(path)) == NULL) {
		log_error("cannot write the access log %s: %s (try another "
			  "--access-log)",
		    path, strerror(errno));
		return -1;
	}
	if (strcmp(path, "-") != 0)
		give_log_away(d);
	access_init(&d->access, d->options->access_log_format, d->log);
	return 0;
}

static int
open_tls(struct daemon *d)
{
	struct tls_config config = { d->options->tls_cert,
		d->options->tls_key };
	char why[TLS_WHY_MAX];

	if (!is_secure(d->options) || (d->tls = tls_new(&config, why)) != NULL)
		return 0;
	log_error("%s", why);
	return -1;
}

static void
fill_facts(void *arg, struct status_facts *f)
{
	struct daemon *d = arg;
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	server_facts(d->server, f);
	f->model = "event";
	f->pid = getpid();
	f->sandbox = d->sandbox;
	f->started = d->started;
	f->log_dropped = sink_dropped(d->err);
	f->access_dropped = d->log != NULL ? writer_dropped(d->log) : 0;
	f->descriptors_max = limit.rlim_cur;
}

static int
open_app(struct daemon *d)
{
	const struct options *o = d->options;
	struct app_config config = {
		.root = o->root,
		.listing = o->listing,
		.cache_control = o->cache_control,
		.mime_types = o->mime_types,
		.error_pages = o->error_pages,
		.status = o->status,
		.secure_only = is_secure(o),
		.chat = d->rooms.chat,
		.facts = fill_facts,
		.facts_arg = d,
	};
	char why[APP_WHY_MAX];

	if (d->udp.bound.n > 0)
		config.udp_port = (int)d->udp.bound.at[0].addr.port;
	if ((d->app = app_new(&config, why)) != NULL)
		return 0;
	log_error("%s", why);
	return -1;
}

static void
allow_reading(struct sandbox_config *config, const char *path)
{
	if (path != NULL)
		config->readable[config->nreadable++] = path;
}

static void
allow_reading_anew(struct sandbox_config *config, const char *path)
{
	if (path != NULL)
		config->reread[config->nreread++] = path;
}

static void
allow_writing(struct sandbox_config *config, const char *path)
{
	if (config->nwritable < SANDBOX_PATHS_MAX)
		config->writable[config->nwritable++] = path;
}

static struct sandbox_config
sandbox_config(const struct options *o, const struct sockets *http)
{
	struct sandbox_config config = { .user = o->user,
		.confine = !o->no_sandbox };

	allow_reading(&config, o->root);
	allow_reading(&config, o->error_pages);
	allow_reading_anew(&config, o->mime_types);
	allow_reading_anew(&config, o->tls_cert);
	allow_reading_anew(&config, o->tls_key);
	allow_reading_anew(&config, o->motd);
	if (o->access_log != NULL && strcmp(o->access_log, "-") != 0)
		allow_writing(&config, o->access_log);
	if (o->history != NULL)
		allow_writing(&config, o->history);
	for (size_t i = 0; i < http->bound.n; i++) {
		if (endpoint_is_unix(&http->bound.at[i]))
			allow_writing(&config, http->bound.at[i].path);
	}
	return config;
}

/* A thread would not be in the sandbox that was entered after its start. */
static int
enter_sandbox(struct daemon *d)
{
	struct sandbox_config config = sandbox_config(d->options, &d->http);

	if (sandbox_enter(&config, d->sandbox) == -1 ||
	    rooms_start(&d->rooms) == -1)
		return -1;
	if (d->log == NULL || writer_start(d->log) == 0)
		return 0;
	log_error("cannot start the access log's thread: %s", strerror(errno));
	return -1;
}

/* What the writer of the access log could not do. */
static void
tell_log_error(struct daemon *d)
{
	int error = d->log != NULL ? writer_error(d->log) : 0;

	if (error != 0)
		log_warn("access log %s: %s (%llu lines lost so far)",
		    d->options->access_log, strerror(error),
		    (unsigned long long)writer_dropped(d->log));
}

/* What fails here stays as it was, and the server goes on. */
static void
reload(void *arg)
{
	struct daemon *d = arg;
	char why[APP_WHY_MAX > TLS_WHY_MAX ? APP_WHY_MAX : TLS_WHY_MAX];

	systemd_reloading();
	log_info("SIGHUP: reading anew what can be");
	tell_log_error(d);
	if (d->log != NULL)
		writer_reopen(d->log);
	if (d->tls != NULL && tls_reload(d->tls, why) == -1)
		log_warn("the old certificate stays: %s", why);
	rooms_reload(&d->rooms, d->options);
	if (app_reload(d->app, why) == -1)
		log_warn("the old pages and types stay: %s", why);
	systemd_ready();
}

static void
stopping(void *arg)
{
	(void)arg;
	systemd_stopping();
}

static struct http_config
http_config(struct daemon *d)
{
	const struct options *o = d->options;

	return (struct http_config){
		.limits = {
			.header_timeout = SECONDS(o->header_timeout),
			.idle_timeout = SECONDS(o->idle_timeout),
			.linger_timeout = SECONDS(2),
			.max_head = o->max_header,
			.max_body = o->max_body,
			.min_rate = o->min_rate,
		},
		.handler = app_answer,
		.handler_arg = d->app,
		.fields = { buf_data(&d->fields), buf_len(&d->fields) },
		.page = app_error_page,
		.page_arg = d->app,
		.log = d->log != NULL ? access_log : NULL,
		.log_arg = &d->access,
	};
}

/* A connection that is let in shall find a descriptor for its file. */
static size_t
most_connections(const struct options *o)
{
	struct rlimit limit;
	size_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur >= (rlim_t)o->max_connections + DESCRIPTORS_KEPT)
		return o->max_connections;
	most = limit.rlim_cur > 2 * DESCRIPTORS_KEPT
	    ? (size_t)limit.rlim_cur - DESCRIPTORS_KEPT
	    : (size_t)limit.rlim_cur / 2;
	log_info("%zu connections at most, since there are %zu descriptors "
		 "(try a higher ulimit -n)",
	    most, (size_t)limit.rlim_cur);
	return most;
}

static struct httpd_config
httpd_config(const struct daemon *d)
{
	const struct options *o = d->options;
	size_t most = most_connections(o);

	return (struct httpd_config){
		.max_connections = most,
		.max_per_address = o->max_per_address != 0 ? o->max_per_address
							   : most - most / 4,
		.loopback_too = o->max_per_address != 0,
		.tls = d->tls,
	};
}

/* Hands the sockets over; one that is not taken is closed at exit. */
static int
add_sockets(struct daemon *d)
{
	for (size_t i = 0; i < d->http.bound.n; i++) {
		if (server_add_http(d->server, d->http.fds[i]) == -1)
			return -1;
	}
	for (size_t i = 0; i < d->udp.bound.n; i++) {
		if (server_add_udp(d->server, d->udp.fds[i]) == -1)
			return -1;
	}
	return 0;
}

static int
open_server(struct daemon *d)
{
	const struct options *o = d->options;
	struct server_config config = {
		.hub = d->rooms.hub,
		.history = d->rooms.history,
		.chat = d->rooms.chat,
		.trusted = o->trust.at,
		.ntrusted = o->trust.n,
		.reload = reload,
		.stopping = stopping,
		.arg = d,
	};

	for (size_t i = 0; i < o->header.n; i++)
		buf_addf(&d->fields, "%s\r\n", o->header.at[i]);
	config.http = http_config(d);
	config.httpd = httpd_config(d);
	if (buf_failed(&d->fields)) {
		log_error("cannot start: out of memory");
		return -1;
	}
	if ((d->server = server_new(&config)) == NULL)
		return -1;
	if (add_sockets(d) == 0)
		return 0;
	log_error("cannot listen: out of memory or descriptors (try a higher "
		  "ulimit -n)");
	return -1;
}

static void
say_ready(struct daemon *d, bool has_console)
{
	char fingerprint[TLS_FINGERPRINT_MAX];
	struct banner banner = {
		.http = &d->http,
		.udp = &d->udp,
		.root = d->options->root,
		.sandbox = d->sandbox,
		.is_secure = is_secure(d->options),
		.moved = d->moved,
		.has_console = has_console,
	};
	struct buf text = { 0 };

	if (d->options->tls == TLS_SELF)
		banner.fingerprint = tls_fingerprint(d->tls, fingerprint);
	banner_ready(&text, &d->http, &d->udp);
	if (isatty(STDOUT_FILENO))
		banner_welcome(&text, &banner);
	else if (d->moved)
		log_warn("port %d is taken; this is the next free one",
		    DEFAULT_PORT);
	sink_write(d->out, buf_data(&text), buf_len(&text));
	buf_free(&text);
	systemd_ready();
}

static int
serve(struct daemon *d)
{
	bool has_console = d->options->console || isatty(STDIN_FILENO);

	say_ready(d, has_console);
	if (server_open_console(
		d->server, has_console ? STDIN_FILENO : -1, d->out) == 0 &&
	    server_run(d->server) == 0)
		return 0;
	log_error("cannot go on: out of memory or descriptors");
	return -1;
}

static void
close_all(struct daemon *d)
{
	server_free(d->server);
	app_free(d->app);
	rooms_close(&d->rooms);
	tls_free(d->tls);
	tell_log_error(d);
	writer_free(d->log);
	access_free(&d->access);
	buf_free(&d->fields);
	sockets_remove_files(&d->http);
}

static int
run(const struct options *o, struct sink *out, struct sink *err)
{
	struct daemon d = {
		.options = o, .out = out, .err = err, .started = clock_now()
	};
	int result = -1;

	if (systemd_sockets(&d.http, &d.udp) != -1 &&
	    sockets_open(o, &d.http, &d.udp, &d.moved) == 0 &&
	    open_log(&d) == 0 && open_tls(&d) == 0 &&
	    rooms_open(&d.rooms, o, d.started) == 0 && open_app(&d) == 0 &&
	    enter_sandbox(&d) == 0 && open_server(&d) == 0)
		result = serve(&d);
	close_all(&d);
	return result;
}

/* The settings, and what they come to on this machine. */
static void
print_config(const struct options *o)
{
	struct sockets none = { .bound.n = 0 };
	struct sandbox_config config = sandbox_config(o, &none);
	char text[SANDBOX_TEXT_MAX];

	options_print(o, stdout);
	sandbox_describe(&config, text);
	printf("# sandbox: %s\n", text);
}

/* Help or settings that could not be printed are a failure. */
static int
print_status(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_SUCCESS;
	fprintf(stderr, "chatd: cannot print: %s\n", strerror(errno));
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	struct options options;
	struct sink *out, *err;
	enum options_result parsed;
	int result = -1;

	if (streams_occupy() == -1)
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN);
	/* A job in the background neither stops nor fails at its terminal. */
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);

	parsed = options_parse(&options, argc, argv);
	if (parsed == OPTIONS_OK && options.print_config) {
		print_config(&options);
		parsed = OPTIONS_DONE;
	}
	if (parsed != OPTIONS_OK) {
		options_free(&options);
		return parsed == OPTIONS_DONE ? print_status()
		    : parsed == OPTIONS_USAGE ? 2
					      : 1;
	}
	raise_descriptor_limit();
	out = sink_new(STDOUT_FILENO);
	err = sink_new(STDERR_FILENO);
	if (out != NULL && err != NULL) {
		log_init("chatd", options.log_level, err);
		result = run(&options, out, err);
	}
	log_init("chatd", options.log_level, NULL);
	sink_free(out);
	sink_free(err);
	options_free(&options);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
