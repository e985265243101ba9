/*
 * httpget fetches one URL.  Standard output gets the response and nothing
 * else; what there is to say about it goes to standard error.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "cmd/progress.h"
#include "cmd/streams.h"
#include "loop/fetch.h"

#define EXIT_USAGE      2
#define REDIRECTS_MAX   20
#define TIMEOUT_DEFAULT 60
#define TIMEOUT_MAX     86400

struct options {
	const char *output; /* NULL for standard output */
	bool include_head;
	bool verbose;
	bool follow;
	bool fail_on_error;
	struct fetch_options fetch;
};

struct get {
	struct options options;
	int out; /* -1 until there is something to write */
	bool write_failed;
	int status;
	char reason[128];
	char *location; /* where a redirect leads that is followed */
	int64_t body_len;
	struct progress progress;
};

static const char help[] =
    "Usage: httpget [OPTION]... URL\n"
    "  or:  httpget [OPTION]... HOST PORT PATH\n"
    "Fetch a URL over HTTP or HTTPS and write its body to standard output.\n"
    "\n"
    "  -o, --output=FILE   write to FILE instead\n"
    "  -i, --include       write the head of the response before the body\n"
    "  -I, --head          send HEAD, write the head alone\n"
    "  -L, --location      follow redirects, at most 20\n"
    "  -f, --fail          exit 1 without a body for a status of 400 and over\n"
    "  -v, --verbose       print what is sent and received, and the timing\n"
    "      --timeout=S     give up after S seconds without progress (default 60)\n"
    "  -h, --help          print this help and exit\n"
    "  -V, --version       print the version and exit\n"
    "\n"
    "A URL without a scheme is taken as http.  A long body that goes to a file\n"
    "shows its progress on a terminal; NO_COLOR is honoured.  SSL_CERT_FILE and\n"
    "SSL_CERT_DIR name certificate authorities other than the system's.\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n"
    "\n"
    "Examples:\n"
    "  httpget localhost:8080/\n"
    "  httpget -L -o page.html https://example.com/\n"
    "  httpget localhost 8080 /index.html\n";

/* Messages. */

/* One line on standard error, safe to print whatever is in it. */
static void complain(const char *, ...) __attribute__((format(printf, 1, 2)));

static void
complain(const char *format, ...)
{
	char raw[2048], line[2048];
	va_list ap;

	va_start(ap, format);
	vsnprintf(raw, sizeof(raw), format, ap);
	va_end(ap);
	text_clean(line, sizeof(line), str_of(raw), NULL);
	fprintf(stderr, "httpget: %s\n", line);
}

/* Adds the lines of a head, each after prefix and safe to print. */
static void
add_lines(struct buf *b, const char *prefix, struct str text)
{
	while (text.len > 0) {
		struct str line = str_cut(&text, '\n');
		size_t cap = 3 * line.len + 1; /* U+FFFD for every byte */
		char *to;

		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		buf_add_str(b, str_of(prefix));
		to = buf_reserve(b, cap);
		if (to != NULL)
			buf_commit(b, text_clean(to, cap, line, NULL));
		buf_add(b, "\n", 1);
	}
}

static void
show_lines(const char *prefix, struct str text)
{
	struct buf b = { 0 };

	add_lines(&b, prefix, text);
	if (!buf_failed(&b))
		fwrite(buf_data(&b), 1, buf_len(&b), stderr);
	buf_free(&b);
}

static void
show_times(const struct fetch_result *r)
{
	fprintf(stderr,
	    "* name look-up %.1f ms, connecting %.1f ms, first byte %.1f ms, total %.1f ms\n",
	    (double)r->lookup / 1e6, (double)r->connect / 1e6,
	    (double)r->first_byte / 1e6, (double)r->total / 1e6);
}

/* Output. */

/* A reader that has gone away needs no message. */
static int
output_failed(struct get *g, const char *what)
{
	const char *name = g->options.output;
	int error = errno;

	g->write_failed = true;
	progress_end(&g->progress, g->body_len);
	if (error != EPIPE)
		complain("cannot %s %s: %s (-o FILE writes somewhere else)",
		    what, name != NULL ? name : "standard output",
		    strerror(error));
	return -1;
}

static int
output_open(struct get *g)
{
	if (g->out != -1)
		return 0;
	g->out = g->options.output == NULL
	    ? STDOUT_FILENO
	    : open(g->options.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		  0666);
	return g->out == -1 ? output_failed(g, "open") : 0;
}

/* Standard output may be shared with somebody who made it nonblocking. */
static int
output_write(struct get *g, const char *data, size_t len)
{
	struct pollfd ready = { .fd = g->out, .events = POLLOUT };

	while (len > 0) {
		ssize_t n = write(g->out, data, len);

		if (n == -1 && errno == EAGAIN)
			poll(&ready, 1, -1);
		else if (n == -1 && errno != EINTR)
			return output_failed(g, "write to");
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int
output_close(struct get *g)
{
	if (g->options.output == NULL || g->out == -1)
		return 0;
	return close(g->out) == -1 ? output_failed(g, "write to") : 0;
}

/* As it came, but safe to print where it meets a terminal. */
static int
output_head(struct get *g, struct str text)
{
	struct buf b = { 0 };
	int result = -1;

	if (isatty(g->out)) {
		add_lines(&b, "", text);
		buf_add(&b, "\n", 1);
	} else {
		buf_add_str(&b, text);
		buf_add_str(&b, STR("\r\n"));
	}
	if (!buf_failed(&b))
		result = output_write(g, buf_data(&b), buf_len(&b));
	buf_free(&b);
	return result;
}

/* What happens in an exchange. */

static void
get_note_cb(void *arg, const char *what)
{
	struct get *g = arg;

	if (g->options.verbose)
		show_lines("* ", str_of(what));
}

static void
get_sent_cb(void *arg, struct str head)
{
	struct get *g = arg;

	if (g->options.verbose)
		show_lines("> ", head);
}

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	    status == 307 || status == 308;
}

static bool
is_refused(const struct get *g)
{
	return g->options.fail_on_error && g->status >= 400;
}

static int
get_head_cb(void *arg, const struct fetch_head *head)
{
	struct get *g = arg;
	bool wants_head = g->options.include_head || g->options.fetch.is_head;

	g->status = head->status;
	snprintf(g->reason, sizeof(g->reason), "%s", head->reason);
	if (g->options.follow && is_redirect(head->status) &&
	    head->location != NULL)
		g->location = strdup(head->location);
	if (g->options.verbose) {
		show_lines("< ", head->text);
		show_lines("< ", STR("\r\n"));
	}
	if (wants_head &&
	    (output_open(g) == -1 || output_head(g, head->text) == -1))
		return -1;
	if (g->location != NULL || is_refused(g))
		return -1;
	if (output_open(g) == -1)
		return -1;
	if (!g->options.fetch.is_head)
		progress_start(&g->progress, g->out, head->length);
	return 0;
}

static int
get_body_cb(void *arg, const void *data, size_t len)
{
	struct get *g = arg;

	if (output_write(g, data, len) == -1)
		return -1;
	g->body_len += (int64_t)len;
	progress_update(&g->progress, g->body_len);
	return 0;
}

/* Getting, redirect by redirect. */

static void
explain_failure(const struct get *g, const struct fetch_result *result)
{
	complain("%s", result->error);
	if (g->options.output != NULL && g->out != -1)
		complain("%s is incomplete: it has %lld bytes of the body",
		    g->options.output, (long long)g->body_len);
}

/* Returns 0, or -1 when it failed, which has been said. */
static int
get_one(struct get *g, const struct fetch_url *url)
{
	struct fetch_handler handler = { .note = get_note_cb,
		.sent = get_sent_cb,
		.head = get_head_cb,
		.body = get_body_cb,
		.arg = g };
	struct fetch_result result;
	enum fetch_end end;

	free(g->location);
	g->location = NULL;
	end = fetch_run(url, &g->options.fetch, &handler, &result);
	progress_end(&g->progress, g->body_len);
	if (g->options.verbose && end != FETCH_FAILED)
		show_times(&result);
	if (end == FETCH_FAILED)
		explain_failure(g, &result);
	else if (is_refused(g))
		complain("cannot fetch %s: the server answered %d %s",
		    url->text, g->status, g->reason);
	return end == FETCH_FAILED || g->write_failed || is_refused(g) ? -1 : 0;
}

static bool
has_seen(struct fetch_url *const *seen, int n, const struct fetch_url *url)
{
	while (n-- > 0)
		if (strcmp(seen[n]->text, url->text) == 0)
			return true;
	return false;
}

/* The URL that the last of n leads to, or NULL, which has been said. */
static struct fetch_url *
next_url(const struct get *g, struct fetch_url *const *seen, int n)
{
	const struct fetch_url *from = seen[n - 1];
	const char *why = NULL;
	struct fetch_url *to = fetch_url_new(g->location, from, &why);

	if (to != NULL && n > REDIRECTS_MAX)
		why = "there were more than 20 redirects";
	else if (to != NULL && has_seen(seen, n, to))
		why = "the redirects go round in a circle";
	if (why != NULL) {
		complain("cannot follow the redirect of %s to '%s': %s",
		    from->text, g->location, why);
		fetch_url_free(to);
		return NULL;
	}
	if (g->options.verbose && from->is_https && !to->is_https)
		show_lines("* ", STR("this redirect leaves HTTPS"));
	return to;
}

/* Takes over url.  Returns 0, or -1. */
static int
get_all(struct get *g, struct fetch_url *url)
{
	struct fetch_url *seen[REDIRECTS_MAX + 1];
	int n = 0, result;

	do {
		seen[n++] = url;
		result = get_one(g, url);
		if (result == 0 && g->location != NULL) {
			url = next_url(g, seen, n);
			result = url != NULL ? 0 : -1;
		}
	} while (result == 0 && g->location != NULL);
	while (n > 0)
		fetch_url_free(seen[--n]);
	free(g->location);
	if (output_close(g) == -1)
		result = -1;
	return result;
}

/* The command line. */

static void usage_error(const char *, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

static void
usage_error(const char *format, ...)
{
	char what[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	complain("%s (try 'httpget --help')", what);
	exit(EXIT_USAGE);
}

static void
print_and_exit(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
		if (errno != EPIPE)
			complain("cannot write to standard output: %s",
			    strerror(errno));
		exit(EXIT_FAILURE);
	}
	exit(EXIT_SUCCESS);
}

static int
parse_timeout(const char *text)
{
	uint64_t seconds;

	if (str_to_u64(str_of(text), TIMEOUT_MAX, &seconds) == -1 ||
	    seconds == 0)
		usage_error(
		    "bad --timeout '%s': it is a number of seconds, 1 to %d",
		    text, TIMEOUT_MAX);
	return (int)seconds;
}

static void
parse_options(struct options *o, int argc, char **argv)
{
	enum {
		TIMEOUT = 256
	};
	static const struct option known[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "include", no_argument, NULL, 'i' },
		{ "head", no_argument, NULL, 'I' },
		{ "location", no_argument, NULL, 'L' },
		{ "fail", no_argument, NULL, 'f' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "timeout", required_argument, NULL, TIMEOUT },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	static char name[] = "httpget";
	int c;

	argv[0] = name; /* getopt_long() begins its messages with it */
	while ((c = getopt_long(argc, argv, "o:iILfvhV", known, NULL)) != -1) {
		switch (c) {
		case 'o':
			o->output = strcmp(optarg, "-") != 0 ? optarg : NULL;
			break;
		case 'i':
			o->include_head = true;
			break;
		case 'I':
			o->fetch.is_head = true;
			break;
		case 'L':
			o->follow = true;
			break;
		case 'f':
			o->fail_on_error = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case TIMEOUT:
			o->fetch.timeout = parse_timeout(optarg);
			break;
		case 'h':
			print_and_exit(help);
			break;
		case 'V':
			print_and_exit("httpget (chatd) " PACKAGE_VERSION "\n");
			break;
		default: /* getopt_long() has said what is wrong */
			fputs("Try 'httpget --help' for more information.\n",
			    stderr);
			exit(EXIT_USAGE);
		}
	}
}

static char *
url_text_of(const char *host, const char *port, const char *path)
{
	bool is_ipv6 = strchr(host, ':') != NULL && host[0] != '[';
	struct buf b = { 0 };
	uint64_t number;

	if (str_to_u64(str_of(port), 65535, &number) == -1 || number == 0)
		usage_error("bad port '%s': it is a number, 1 to 65535", port);
	if (host[strcspn(host, "/?#@")] != '\0')
		usage_error("bad host '%s': it is a name or an address", host);
	buf_addf(&b, is_ipv6 ? "http://[%s]:" : "http://%s:", host);
	buf_addf(&b, "%s%s%s", port, path[0] == '/' ? "" : "/", path);
	buf_add(&b, "", 1);
	return b.base;
}

static struct fetch_url *
url_of_operands(char **operands, int n)
{
	struct fetch_url *url;
	const char *why = "out of memory";
	char *text;

	if (n != 1 && n != 3)
		usage_error(n == 0
			? "there is no URL"
			: "neither a URL nor HOST PORT PATH: %d operands",
		    n);
	text = n == 1 ? strdup(operands[0])
		      : url_text_of(operands[0], operands[1], operands[2]);
	url = text != NULL ? fetch_url_new(text, NULL, &why) : NULL;
	if (url == NULL)
		usage_error("bad URL '%s': %s", text != NULL ? text : "", why);
	free(text);
	return url;
}

int
main(int argc, char **argv)
{
	struct get g = { .out = -1,
		.options.fetch = { .user_agent = "httpget/" PACKAGE_VERSION,
		    .timeout = TIMEOUT_DEFAULT } };

	signal(SIGPIPE, SIG_IGN);
	if (streams_occupy() == -1) {
		complain("cannot open /dev/null: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	parse_options(&g.options, argc, argv);
	return get_all(&g, url_of_operands(argv + optind, argc - optind)) == 0
	    ? EXIT_SUCCESS
	    : EXIT_FAILURE;
}
