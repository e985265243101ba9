#include "config.h"

#include "cmd/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/settings.h"

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
	size_t n;
	const struct setting *table = settings(&n);

	printf("Usage: chatd [OPTION]... [ROOT]\n"
	       "Serve the files of ROOT over HTTP and a chat room over UDP, "
	       "in one event loop.\n\n");
	for (size_t i = 0; i < n; i++) {
		const struct setting *s = &table[i];

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
	if ((wanted = setting_set(s, o, line)) == NULL)
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

	size_t n;
	const struct setting *table = settings(&n);

	for (size_t i = 0; i < n; i++)
		out[i] = (struct option){ table[i].name,
			table[i].argument ? required_argument : no_argument,
			NULL, (int)i };
	memcpy(out + n, others, sizeof(others));
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
	    setting_set(s, o, argument ? str_of(argument) : STR(""));

	if (wanted == NULL)
		return OPTIONS_OK;
	fprintf(stderr, "chatd: --%s=%s: should be %s\n", s->name,
	    argument ? argument : "", wanted);
	return usage_error();
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
	size_t n;

	if (c >= OPT_CONFIG)
		return OPTIONS_OK;
	s = c == 'p' ? setting_find(STR("port")) : &settings(&n)[c];
	/* A list on the command line takes the place of one in the file. */
	if (!seen[s - settings(&n)])
		setting_clear(s, o);
	seen[s - settings(&n)] = true;
	return set_option(o, s, optarg);
}

/* Twice over the command line, so that it wins over the files it names. */
static enum options_result
parse_line(struct options *o, int argc, char **argv)
{
	struct option longs[SETTINGS_MAX + 5];
	bool seen[SETTINGS_MAX] = { false };
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

/* The defaults; -1 without memory. */
static int
set_defaults(struct options *o)
{
	*o = (struct options){
		.port = DEFAULT_PORT,
		.cache_control = strdup("no-cache"),
		.max_connections = 10000,
		.max_header = 16384,
		.max_body = 1 << 20,
		.header_timeout = 10,
		.idle_timeout = 60,
		.min_rate = 500,
		.history_limit = 1000,
		.flood_lines = 20,
		.flood_seconds = 10,
		.log_level = LOG_INFO,
	};
	return o->cache_control != NULL ? 0 : -1;
}

/* What is wrong with the settings together, or NULL. */
static const char *
find_conflict(const struct options *o)
{
	if (o->no_http && o->no_udp)
		return "--no-http and --no-udp together leave nothing to do";
	if (o->no_http &&
	    (o->http.n > 0 || o->tls == TLS_SELF || o->tls_cert != NULL))
		return "--no-http rules out --http, --tls=self and --tls-cert";
	if (o->no_udp && o->udp.n > 0)
		return "--no-udp rules out --udp";
	if (o->tls == TLS_SELF && o->tls_cert != NULL)
		return "--tls=self and --tls-cert: one of them is enough";
	if (o->tls_key != NULL && o->tls_cert == NULL)
		return "--tls-key needs --tls-cert";
	return NULL;
}

static enum options_result
parse_root(struct options *o, int n, char **words)
{
	if (n > 1) {
		fprintf(
		    stderr, "chatd: one ROOT alone, not also %s\n", words[1]);
		return usage_error();
	}
	if (n == 1 &&
	    setting_set(setting_find(STR("root")), o, str_of(words[0])) !=
		NULL) {
		fprintf(stderr, "chatd: ROOT should be a directory\n");
		return usage_error();
	}
	return OPTIONS_OK;
}

enum options_result
options_parse(struct options *o, int argc, char **argv)
{
	enum options_result result;
	const char *conflict;

	if (set_defaults(o) == -1) {
		fprintf(stderr, "chatd: out of memory\n");
		return OPTIONS_FAILED;
	}
	if ((result = parse_line(o, argc, argv)) != OPTIONS_OK ||
	    (result = parse_root(o, argc - optind, argv + optind)) !=
		OPTIONS_OK)
		return result;
	if ((conflict = find_conflict(o)) == NULL)
		return OPTIONS_OK;
	fprintf(stderr, "chatd: %s\n", conflict);
	return usage_error();
}

void
options_free(struct options *o)
{
	size_t n;
	const struct setting *table = settings(&n);

	for (size_t i = 0; i < n; i++)
		setting_free(&table[i], o);
}

void
options_print(const struct options *o, FILE *f)
{
	size_t n;
	const struct setting *table = settings(&n);

	for (size_t i = 0; i < n; i++)
		setting_print(&table[i], o, f);
}
