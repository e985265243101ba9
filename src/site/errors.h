/*
 * Pages of one's own for errors: the files of a directory, `404.html` for a
 * status, `4xx.html` or `5xx.html` for those that have none.
 */
#ifndef CHATD_ERRORS_H
#define CHATD_ERRORS_H

#include "base/str.h"

#define ERRORS_PAGE_MAX 32768 /* bytes of a page; a larger one is left out */

struct errors;

/* Reads the pages of the directory into memory.  NULL with errno set: no such
 * directory, or no page in it (ENOENT). */
struct errors *errors_new(const char *dir);
void errors_free(struct errors *);

/* Reads them again.  Returns 0; or -1 with errno set, and keeps the old. */
int errors_reload(struct errors *);

/* An http_page, whose arg is the errors: the page, valid until
 * errors_reload(), or an empty str. */
struct str errors_page(void *arg, int status);

#endif
