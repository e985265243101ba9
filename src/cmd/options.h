/*
 * The daemon's settings: defaults, then the file of --config, then the
 * command line.  One table names them all, for both, for --help and for
 * --print-config.
 */
#ifndef CHATD_OPTIONS_H
#define CHATD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/log.h"
#include "loop/listen.h"

#define OPTIONS_LIST_MAX 32 /* --http, --udp and --trust, each */
#define DEFAULT_PORT     8080

struct endpoints {
	struct endpoint at[OPTIONS_LIST_MAX];
	size_t n;
};

struct options {
	char *root; /* NULL: the built-in pages alone */
	unsigned port;
	bool port_given; /* so that it is not another if it is taken */
	struct endpoints http, udp; /* none: every interface, port */
	bool no_http, no_udp;
	unsigned history_limit;
	struct cidr trust[OPTIONS_LIST_MAX];
	size_t ntrust;
	unsigned flood_lines, flood_seconds; /* 0 lines: off */
	bool console;
	unsigned max_connections;
	unsigned header_timeout, idle_timeout; /* seconds */
	enum log_level log_level;
	bool print_config;
};

enum options_result {
	OPTIONS_OK,
	OPTIONS_DONE,  /* --help or --version was printed: exit 0 */
	OPTIONS_USAGE, /* said on stderr: exit 2 */
	OPTIONS_FAILED /* the config file cannot be read, said: exit 1 */
};

enum options_result options_parse(struct options *, int argc, char **argv);
void options_free(struct options *);

/* `name = value`, a line each, as --config reads it. */
void options_print(const struct options *, FILE *);

#endif
