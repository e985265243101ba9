/*
 * An exchange with chatd's HTTP side, as a strict client sees it: an answer
 * that is not framed as RFC 9112 has it fails the test, whatever it says.
 *
 * What the tables hold is sent at once, and a second time byte by byte, with
 * a request for /tail behind it.  So what comes tells whether the connection
 * went on, and that nothing that was sent was taken for a request unduly.
 */
#ifndef CHATD_TESTS_EXCHANGE_H
#define CHATD_TESTS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct exchange {
	const char *name; /* "RFC 9112 3.2: two Host fields" */
	struct str request;
	/*
	 * "405 keep\nAllow: GET\n!ETag\n\nbody".  The first line has the
	 * statuses in order, x for any digit, and what becomes of the
	 * connection: "keep", "close" (and the answer says so), "ends" (it
	 * need not say so) or "any".  Then fields of the last answer follow,
	 * as exchange_check_field() has them; and its whole body, unless
	 * there is no empty line.
	 */
	const char *expected;
};

/* One response; the strs lie in what was received. */
struct exchange_answer {
	int status;
	struct str head; /* to its empty line, which it includes */
	struct str body;
};

/* What the tables need in ROOT: the file /tail. */
void exchange_root(const char *dir);

void exchange_run(const struct exchange *, int port);

/*
 * Cuts the first answer off *rest.  bodiless: the request was HEAD.  The name
 * is of the case, for what is said when it fails.
 */
struct exchange_answer exchange_cut(
    struct str *rest, bool bodiless, const char *name);

/*
 * Sends one request that ends the connection.  Exactly one answer comes, and
 * the end; *data is what the caller frees.
 */
struct exchange_answer exchange_ask(
    int port, struct str request, char **data, const char *name);

/* The same in words: a method, a target and field lines with their CRLFs. */
struct exchange_answer exchange_with(int port, const char *method,
    const char *target, const char *fields, char **data, const char *name);

/* The entity tag of what a request with these fields gets: a strong one, with
 * its quotes. */
void exchange_tag(
    int port, const char *target, const char *fields, char *out, size_t cap);

/* Writes the text with a tag in place of each `{etag}`. */
void exchange_fill(const char *text, const char *tag, char *out, size_t cap);

/* The value of a field; p is NULL if there is none. */
struct str exchange_field(const struct exchange_answer *, struct str name);

/* Fails unless the answer has what the line says: "Name: value", "Name" with
 * any value, or "!Name" for no such field. */
void exchange_check_field(
    const struct exchange_answer *, struct str line, const char *name);

#endif
