#include "config.h"

#include "cmd/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/*
 * One setting, by the types of which set() and print() know where it stands.
 * set() returns NULL, or what the value should have been.
 */
struct setting {
	const char *name;
	int letter;           /* of the short option, or 0 */
	const char *argument; /* its name in --help; NULL: a flag */
	const char *help;
	const char *(*set)(
	    const struct setting *, struct options *, struct str value);
	void (*print)(const struct setting *, const struct options *, FILE *);
	size_t offset;     /* in struct options */
	unsigned min, max; /* of a number */
};

static void *
place(const struct setting *s, const struct options *o)
{
	return (char *)o + s->offset;
}

static const char *
set_number(const struct setting *s, struct options *o, struct str value)
{
	static char wanted[64];
	uint64_t number;

	if (str_to_u64(value, s->max, &number) == 0 && number >= s->min) {
		*(unsigned *)place(s, o) = (unsigned)number;
		return NULL;
	}
	snprintf(
	    wanted, sizeof(wanted), "a number from %u to %u", s->min, s->max);
	return wanted;
}

static void
print_number(const struct setting *s, const struct options *o, FILE *f)
{
	fprintf(f, "%s = %u\n", s->name, *(unsigned *)place(s, o));
}

static const char *
set_flag(const struct setting *s, struct options *o, struct str value)
{
	bool yes = value.len == 0 || str_eq(value, STR("yes"));

	if (!yes && !str_eq(value, STR("no")))
		return "yes or no";
	*(bool *)place(s, o) = yes;
	return NULL;
}

static void
print_flag(const struct setting *s, const struct options *o, FILE *f)
{
	fprintf(f, "%s = %s\n", s->name, *(bool *)place(s, o) ? "yes" : "no");
}

static const char *
set_root(const struct setting *s, struct options *o, struct str value)
{
	(void)s;
	free(o->root);
	o->root = strndup(value.p, value.len);
	return value.len > 0 && o->root != NULL ? NULL : "a directory";
}

static void
print_root(const struct setting *s, const struct options *o, FILE *f)
{
	if (o->root != NULL)
		fprintf(f, "%s = %s\n", s->name, o->root);
}

static const char *
set_port(const struct setting *s, struct options *o, struct str value)
{
	o->port_given = true;
	return set_number(s, o, value);
}

static const char *
set_endpoint(const struct setting *s, struct options *o, struct str value)
{
	struct endpoints *list = place(s, o);

	if (list->n == OPTIONS_LIST_MAX)
		return "given at most 32 times";
	if (endpoint_parse(value, &list->at[list->n]) == -1)
		return "[ADDR:]PORT with an IP address, as in 127.0.0.1:8080";
	list->n++;
	return NULL;
}

static void
print_endpoints(const struct setting *s, const struct options *o, FILE *f)
{
	const struct endpoints *list = place(s, o);
	char text[ENDPOINT_TEXT_MAX];

	for (size_t i = 0; i < list->n; i++) {
		const struct endpoint *ep = &list->at[i];

		if (ep->any)
			fprintf(f, "%s = %u\n", s->name, ep->addr.port);
		else
			fprintf(
			    f, "%s = %s\n", s->name, endpoint_format(ep, text));
	}
}

static const char *
set_trust(const struct setting *s, struct options *o, struct str value)
{
	(void)s;
	if (o->ntrust == OPTIONS_LIST_MAX)
		return "given at most 32 times";
	if (cidr_parse(value, &o->trust[o->ntrust]) == -1)
		return "a network, as in 192.168.0.0/16 or fd00::/8";
	o->ntrust++;
	return NULL;
}

static void
print_trust(const struct setting *s, const struct options *o, FILE *f)
{
	char host[ADDR_HOST_MAX];

	for (size_t i = 0; i < o->ntrust; i++) {
		struct addr addr = { .port = 0 };

		memcpy(addr.ip, o->trust[i].ip, sizeof(addr.ip));
		fprintf(f, "%s = %s/%u\n", s->name, addr_host(&addr, host),
		    o->trust[i].bits - (addr_is_v4(&addr) ? 96 : 0));
	}
}

static const char *
set_flood(const struct setting *s, struct options *o, struct str value)
{
	struct str lines;
	uint64_t n, seconds;

	(void)s;
	if (str_eq(value, STR("off"))) {
		o->flood_lines = 0;
		return NULL;
	}
	lines = str_cut(&value, '/');
	if (str_to_u64(lines, 1000000, &n) == -1 || n == 0 ||
	    str_to_u64(value, 86400, &seconds) == -1 || seconds == 0)
		return "LINES/SECONDS, as in 20/10, or off";
	o->flood_lines = (unsigned)n;
	o->flood_seconds = (unsigned)seconds;
	return NULL;
}

static void
print_flood(const struct setting *s, const struct options *o, FILE *f)
{
	if (o->flood_lines == 0)
		fprintf(f, "%s = off\n", s->name);
	else
		fprintf(f, "%s = %u/%u\n", s->name, o->flood_lines,
		    o->flood_seconds);
}

static const char *
set_log_level(const struct setting *s, struct options *o, struct str value)
{
	(void)s;
	if (log_level_parse(value, &o->log_level) == -1)
		return "error, warn, info or debug";
	return NULL;
}

static void
print_log_level(const struct setting *s, const struct options *o, FILE *f)
{
	fprintf(f, "%s = %s\n", s->name, log_level_name(o->log_level));
}

#define AT(field)                offsetof(struct options, field)
#define NUMBER(field, low, high) set_number, print_number, AT(field), low, high
#define FLAG(field)              set_flag, print_flag, AT(field), 0, 0
#define OTHER(set, print, field) set, print, AT(field), 0, 0

static const struct setting settings[] = {
	{ "root", 0, "DIR", "the directory to serve, the same as ROOT",
	    OTHER(set_root, print_root, root) },
	{ "port", 'p', "N",
	    "TCP and UDP port (default 8080; 0: any free one, for each)",
	    set_port, print_number, AT(port), 0, 65535 },
	{ "http", 0, "[ADDR:]PORT", "where HTTP listens (repeatable)",
	    OTHER(set_endpoint, print_endpoints, http) },
	{ "udp", 0, "[ADDR:]PORT", "where the UDP chat listens (repeatable)",
	    OTHER(set_endpoint, print_endpoints, udp) },
	{ "no-http", 0, NULL, "no HTTP server", FLAG(no_http) },
	{ "no-udp", 0, NULL, "no UDP chat", FLAG(no_udp) },
	{ "history-limit", 0, "N", "messages that a room keeps (default 1000)",
	    NUMBER(history_limit, 1, 1000000) },
	{ "trust", 0, "CIDR",
	    "a network whose plain UDP peers join without a code "
	    "(repeatable; loopback always)",
	    OTHER(set_trust, print_trust, trust) },
	{ "flood", 0, "N/S|off",
	    "lines that a member may say in S seconds (default 20/10)",
	    OTHER(set_flood, print_flood, flood_lines) },
	{ "console", 0, NULL,
	    "read commands from stdin even where it is no terminal",
	    FLAG(console) },
	{ "max-connections", 0, "N",
	    "HTTP connections at a time (default 10000)",
	    NUMBER(max_connections, 1, 10000000) },
	{ "header-timeout", 0, "S",
	    "seconds for a whole request head (default 10)",
	    NUMBER(header_timeout, 1, 86400) },
	{ "idle-timeout", 0, "S",
	    "seconds between two requests, or without a byte read by the "
	    "client (default 60)",
	    NUMBER(idle_timeout, 1, 86400) },
	{ "log-level", 0, "LEVEL", "error, warn, info (default) or debug",
	    OTHER(set_log_level, print_log_level, log_level) },
};

#define NSETTINGS (sizeof(settings) / sizeof(settings[0]))

/* Long options beside the settings, which have their index as value. */
enum {
	OPT_CONFIG = 1000,
	OPT_PRINT_CONFIG,
	OPT_HELP,
	OPT_VERSION
};

static void
print_help(void)
{
	char left[64];

	printf("Usage: chatd [OPTION]... [ROOT]\n"
	       "Serve the files of ROOT over HTTP and a chat room over UDP, "
	       "in one event loop.\n\n");
	for (size_t i = 0; i < NSETTINGS; i++) {
		const struct setting *s = &settings[i];

		snprintf(left, sizeof(left), "%c%c%s --%s%s%s",
		    s->letter ? '-' : ' ', s->letter ? s->letter : ' ',
		    s->letter ? "," : " ", s->name, s->argument ? "=" : "",
		    s->argument ? s->argument : "");
		printf("  %-28s %s\n", left, s->help);
	}
	printf("      --config=FILE            read settings from FILE, one "
	       "`name = value` a line\n"
	       "      --print-config           print the merged settings and "
	       "exit\n"
	       "      --help                   print this and exit\n"
	       "      --version                print the version and exit\n\n"
	       "SIGTERM and SIGINT finish what is under way, up to 10 s; a "
	       "second one exits at once.\n"
	       "Exit status: 0 done, 1 failed at run time, 2 wrong usage.\n");
}

static const struct setting *
setting_find(struct str name)
{
	for (size_t i = 0; i < NSETTINGS; i++) {
		if (str_eq(name, str_of(settings[i].name)))
			return &settings[i];
	}
	return NULL;
}

/* One line of a config file; returns NULL, or what is wrong with it. */
static const char *
config_line(struct options *o, struct str line, char *why, size_t cap)
{
	const struct setting *s;
	const char *wanted;
	struct str name;

	line = str_trim(line);
	if (line.len == 0 || line.p[0] == '#')
		return NULL;
	name = str_trim(str_cut(&line, '='));
	line = str_trim(line);
	if ((s = setting_find(name)) == NULL) {
		snprintf(why, cap, "there is no setting %.*s", (int)name.len,
		    name.p);
		return why;
	}
	if ((wanted = s->set(s, o, line)) == NULL)
		return NULL;
	snprintf(why, cap, "%s = %.*s: should be %s", s->name, (int)line.len,
	    line.p, wanted);
	return why;
}

static enum options_result
read_config(struct options *o, const char *path)
{
	FILE *f = fopen(path, "re");
	enum options_result result = OPTIONS_OK;
	char *line = NULL, why[256];
	size_t cap = 0, number = 0;
	ssize_t len;

	if (f == NULL) {
		fprintf(stderr, "chatd: cannot read %s: %s\n", path,
		    strerror(errno));
		return OPTIONS_FAILED;
	}
	while (result == OPTIONS_OK && (len = getline(&line, &cap, f)) != -1) {
		struct str text = { line, (size_t)len };

		number++;
		text = str_cut(&text, '\n');
		if (text.len > 0 && text.p[text.len - 1] == '\r')
			text.len--;
		if (config_line(o, text, why, sizeof(why)) != NULL) {
			fprintf(
			    stderr, "chatd: %s:%zu: %s\n", path, number, why);
			result = OPTIONS_USAGE;
		}
	}
	if (result == OPTIONS_OK && ferror(f)) {
		fprintf(stderr, "chatd: cannot read %s: %s\n", path,
		    strerror(errno));
		result = OPTIONS_FAILED;
	}
	free(line);
	fclose(f);
	return result;
}

/* What getopt_long takes, made from the table. */
static void
fill_long_options(struct option *out)
{
	static const struct option others[] = {
		{ "config", required_argument, NULL, OPT_CONFIG },
		{ "print-config", no_argument, NULL, OPT_PRINT_CONFIG },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ NULL, 0, NULL, 0 },
	};

	for (size_t i = 0; i < NSETTINGS; i++)
		out[i] = (struct option){ settings[i].name,
			settings[i].argument ? required_argument : no_argument,
			NULL, (int)i };
	memcpy(out + NSETTINGS, others, sizeof(others));
}

static enum options_result
usage_error(void)
{
	fprintf(stderr, "Try 'chatd --help' for more information.\n");
	return OPTIONS_USAGE;
}

static enum options_result
set_option(struct options *o, const struct setting *s, const char *argument)
{
	const char *wanted =
	    s->set(s, o, argument ? str_of(argument) : STR(""));

	if (wanted == NULL)
		return OPTIONS_OK;
	fprintf(stderr, "chatd: --%s=%s: should be %s\n", s->name,
	    argument ? argument : "", wanted);
	return usage_error();
}

/* A list on the command line takes the place of one in the file. */
static void
replace_list(struct options *o, const struct setting *s)
{
	if (s->set == set_endpoint)
		((struct endpoints *)place(s, o))->n = 0;
	else if (s->set == set_trust)
		o->ntrust = 0;
}

/* The words that are no settings, and the files: before all settings. */
static enum options_result
parse_words(struct options *o, int c)
{
	switch (c) {
	case '?':
		return usage_error();
	case OPT_HELP:
		print_help();
		return OPTIONS_DONE;
	case OPT_VERSION:
		printf("chatd %s\n", PACKAGE_VERSION);
		return OPTIONS_DONE;
	case OPT_PRINT_CONFIG:
		o->print_config = true;
		return OPTIONS_OK;
	case OPT_CONFIG:
		return read_config(o, optarg);
	default:
		return OPTIONS_OK;
	}
}

static enum options_result
parse_setting(struct options *o, int c, bool *seen)
{
	const struct setting *s;

	if (c >= OPT_CONFIG)
		return OPTIONS_OK;
	s = c == 'p' ? setting_find(STR("port")) : &settings[c];
	if (!seen[s - settings])
		replace_list(o, s);
	seen[s - settings] = true;
	return set_option(o, s, optarg);
}

/* Twice over the command line, so that it wins over the files it names. */
static enum options_result
parse_line(struct options *o, int argc, char **argv)
{
	struct option longs[NSETTINGS + 5];
	bool seen[NSETTINGS] = { false };
	enum options_result result = OPTIONS_OK;
	static char name[] = "chatd";
	int c;

	argv[0] = name; /* getopt_long() begins its messages with it */
	fill_long_options(longs);
	while (result == OPTIONS_OK &&
	    (c = getopt_long(argc, argv, "p:", longs, NULL)) != -1)
		result = parse_words(o, c);
	optind = 1;
	while (result == OPTIONS_OK &&
	    (c = getopt_long(argc, argv, "p:", longs, NULL)) != -1)
		result = parse_setting(o, c, seen);
	return result;
}

enum options_result
options_parse(struct options *o, int argc, char **argv)
{
	enum options_result result;

	*o = (struct options){
		.port = DEFAULT_PORT,
		.history_limit = 1000,
		.flood_lines = 20,
		.flood_seconds = 10,
		.max_connections = 10000,
		.header_timeout = 10,
		.idle_timeout = 60,
		.log_level = LOG_INFO,
	};
	if ((result = parse_line(o, argc, argv)) != OPTIONS_OK)
		return result;
	if (argc - optind > 1) {
		fprintf(stderr, "chatd: one ROOT alone, not also %s\n",
		    argv[optind + 1]);
		return usage_error();
	}
	if (argc - optind == 1 &&
	    set_root(NULL, o, str_of(argv[optind])) != NULL) {
		fprintf(stderr, "chatd: ROOT should be a directory\n");
		return usage_error();
	}
	if (o->no_http && o->no_udp) {
		fprintf(stderr,
		    "chatd: --no-http and --no-udp together leave "
		    "nothing to do\n");
		return usage_error();
	}
	return OPTIONS_OK;
}

void
options_free(struct options *o)
{
	free(o->root);
}

void
options_print(const struct options *o, FILE *f)
{
	for (size_t i = 0; i < NSETTINGS; i++)
		settings[i].print(&settings[i], o, f);
}
