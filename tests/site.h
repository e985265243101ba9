/*
 * A ROOT for one test, and how files_answer() answers requests for it.
 */
#ifndef CHATD_TESTS_SITE_H
#define CHATD_TESTS_SITE_H

#include <stdbool.h>

#include "base/buf.h"
#include "site/files.h"

/* Later than any file here, in 2096: so are all of them settled. */
#define SITE_WALL INT64_C(4000000000000)

/* Each test has a process, and so one of its own. */
extern struct site {
	const char *root;
	struct files_config config;
	struct files *files;
	struct http_request request; /* all of it but path and query */
	struct instant now;
} site;

/* An empty ROOT, without listings and Cache-Control. */
void site_setup(void);
void site_teardown(void);

/* Anew, after a change of site.config. */
void site_restart(void);

/* Names are relative to ROOT; what path_of() gives is valid until the next. */
const char *path_of(const char *name);
void write_file(const char *name, const char *text);
void make_dir(const char *name);
void make_link(const char *to, const char *name); /* a symbolic one */
void rename_file(const char *from, const char *to);
void remove_file(const char *name);
void set_times(const char *name, int64_t seconds, long nanoseconds);

/* Of size bytes; free(3) what they are. */
char *make_sized(const char *name, size_t size);

/* The requests have this one field from now on, or none (NULL). */
void site_field(const char *name, const char *value);

struct http_response get(struct str path, struct str query);

/* The response's content, from memory or its descriptor, which is closed. */
struct buf content_of(const struct http_response *);

/* Checks status and content of a path, on a turn of its own. */
void check_get(struct str path, int status, const char *text);
void check_sized(struct str path, const char *data, size_t size, bool by_fd);

/* The value of a field among those of the response, or "". */
const char *field_of(const struct http_response *, const char *name);

#endif
