/*
 * Dates of HTTP fields (RFC 9110, 5.6.7).
 */
#ifndef CHATD_HTTP_DATE_H
#define CHATD_HTTP_DATE_H

#include <stdint.h>

#include "base/str.h"

#define HTTP_DATE_LEN 29 /* bytes of an IMF-fixdate */

/* `Sun, 06 Nov 1994 08:49:37 GMT` of seconds since 1970 UTC, 0 to the end of
 * the year 9999; what lies beyond is taken as the nearer of the two.  out has
 * HTTP_DATE_LEN + 1 bytes. */
void http_date_format(int64_t seconds, char *out);

/*
 * Reads any of the three formats: IMF-fixdate, RFC 850's and asctime's.  A
 * year of two digits is the one that lies at most 50 years after now, which
 * is in seconds since 1970 as *out is.  The name of the day is not compared
 * with the date; a leap second counts as the second after it.
 * Returns 0, or -1 for what is no such date.
 */
int http_date_parse(struct str, int64_t now, int64_t *out);

#endif
