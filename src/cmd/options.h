/*
 * What the daemon is to do: the defaults, then the file of --config, then the
 * command line.  cmd/settings has the table of what there is to set.
 */
#ifndef CHATD_OPTIONS_H
#define CHATD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/log.h"
#include "loop/listen.h"
#include "site/access.h"
#include "site/app.h"

#define OPTIONS_LIST_MAX 32 /* values of a setting that is repeatable */
#define DEFAULT_PORT     8080

struct endpoints {
	struct endpoint at[OPTIONS_LIST_MAX];
	size_t n;
};

struct networks {
	struct cidr at[OPTIONS_LIST_MAX];
	size_t n;
};

struct strings {
	char *at[OPTIONS_LIST_MAX];
	size_t n;
};

enum tls_source {
	TLS_OFF, /* but with a tls_cert */
	TLS_SELF /* a certificate signed by itself */
};

struct options {
	char *root; /* NULL: the built-in pages alone */
	unsigned port;
	bool port_given;            /* so that it is not another if taken */
	struct endpoints http, udp; /* none: every interface, port */
	bool no_http, no_udp;

	bool listing;
	char *cache_control; /* "": none */
	struct strings header;
	char *error_pages, *mime_types; /* NULL: none */
	enum tls_source tls;
	char *tls_cert, *tls_key;
	enum app_audience status;

	unsigned max_connections, max_per_address;
	unsigned max_header, max_body;         /* bytes */
	unsigned header_timeout, idle_timeout; /* seconds */
	unsigned min_rate;                     /* bytes a second */
	char *access_log;                      /* NULL: none; "-": stdout */
	enum access_format access_log_format;

	char *history; /* a file; NULL: in memory */
	unsigned history_limit;
	char *motd;                 /* a file; NULL: none */
	struct strings server_name; /* besides addresses and local names */
	struct networks trust;
	unsigned flood_lines, flood_seconds; /* 0 lines: off */
	bool console;

	char *user; /* NULL: nobody else */
	bool no_sandbox;
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
