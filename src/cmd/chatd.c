/*
 * chatd: the daemon.  Opens what the options ask for, says that it is ready,
 * and serves until it is told to stop.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd/banner.h"
#include "cmd/options.h"
#include "cmd/sockets.h"
#include "cmd/streams.h"
#include "loop/server.h"
#include "site/app.h"

#define HISTORY_BYTES_EACH 256 /* of memory a kept message, on average */
#define MAX_MEMBERS        2000
#define MAX_BODY           (1 << 20)

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

static struct server_config
server_config(const struct options *o, struct app *app)
{
	return (struct server_config){
		.http = {
			.header_timeout = SECONDS(o->header_timeout),
			.idle_timeout = SECONDS(o->idle_timeout),
			.linger_timeout = SECONDS(2),
			.max_body = MAX_BODY,
		},
		.handler = app_answer,
		.handler_arg = app,
		.max_connections = o->max_connections,
		.hub = {
			.max_messages = o->history_limit,
			.max_bytes = (size_t)o->history_limit *
			    HISTORY_BYTES_EACH + (1 << 20),
			.max_members = MAX_MEMBERS,
			.flood_lines = o->flood_lines,
			.flood_seconds = o->flood_seconds,
		},
		.trusted = o->trust,
		.ntrusted = o->ntrust,
	};
}

/* Hands the sockets over; one that is not taken is closed at exit. */
static int
add_sockets(struct server *server, const struct sockets *http,
    const struct sockets *udp)
{
	for (size_t i = 0; i < http->bound.n; i++) {
		if (server_add_http(server, http->fds[i]) == -1)
			return -1;
	}
	for (size_t i = 0; i < udp->bound.n; i++) {
		if (server_add_udp(server, udp->fds[i]) == -1)
			return -1;
	}
	return 0;
}

static void
say_ready(const struct options *o, const struct sockets *http,
    const struct sockets *udp, bool moved, bool has_console, struct sink *out)
{
	struct buf text = { 0 };

	banner_ready(&text, http, udp);
	if (isatty(STDOUT_FILENO))
		banner_welcome(&text, http, udp, o->root, moved, has_console);
	else if (moved)
		log_warn("port %d is taken; this is the next free one",
		    DEFAULT_PORT);
	sink_write(out, buf_data(&text), buf_len(&text));
	buf_free(&text);
}

static int
serve(const struct options *o, struct app *app, const struct sockets *http,
    const struct sockets *udp, bool moved, struct sink *out)
{
	struct server_config config = server_config(o, app);
	struct server *server = server_new(&config);
	int stdin_fd = o->console || isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
	int result = -1;

	if (server == NULL)
		return -1;
	if (add_sockets(server, http, udp) == 0) {
		say_ready(o, http, udp, moved, stdin_fd != -1, out);
		if (server_open_console(server, stdin_fd, out) == 0)
			result = server_run(server);
	}
	if (result == -1)
		log_error("cannot go on: out of memory or descriptors");
	server_free(server);
	return result;
}

static int
run(const struct options *o, struct sink *out)
{
	struct app_config config = { .root = o->root };
	struct sockets http, udp;
	struct app *app;
	bool moved;
	int result;

	if (sockets_open(o, &http, &udp, &moved) == -1)
		return -1;
	if (udp.bound.n > 0)
		config.udp_port = (int)udp.bound.at[0].addr.port;
	app = app_new(&config);
	if (app == NULL) {
		log_error("cannot serve %s: %s (try a directory that this "
			  "user can read)",
		    o->root != NULL ? o->root : "the built-in page",
		    strerror(errno));
		return -1;
	}
	result = serve(o, app, &http, &udp, moved, out);
	app_free(app);
	return result;
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
		options_print(&options, stdout);
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
		result = run(&options, out);
	}
	log_init("chatd", options.log_level, NULL);
	sink_free(out);
	sink_free(err);
	options_free(&options);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
