/*
 * Request targets, URI paths and forms (RFC 9112, 3.2; RFC 3986).
 */
#ifndef CHATD_HTTP_URL_H
#define CHATD_HTTP_URL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * A host with an optional port, as Host and an absolute-form target have it
 * (RFC 9110, 7.2; RFC 3986, 3.2.2): a name, an IPv4 address or an IPv6
 * literal in brackets.  No user information; not empty.
 */
bool url_is_authority(struct str);

/*
 * Whether an authority is one that no stranger's page can have point to this
 * machine (DNS rebinding): an IP literal, or a name without a dot or beneath
 * localhost; or none at all.  One dot at the end does not count.
 */
bool url_is_local_authority(struct str);

/* The host of an authority: an IPv6 literal keeps its brackets, a name loses
 * one dot at its end (RFC 1034, 3.1). */
struct str url_host(struct str authority);

/*
 * Whether an Origin (RFC 6454, 7) is that of who is asked by this authority,
 * over TLS or not: scheme, host and port are the same.
 */
bool url_is_same_origin(
    struct str origin, struct str authority, bool is_secure);

/*
 * Splits a target in origin, absolute, authority (for CONNECT alone) or
 * asterisk form.  *authority is set for the absolute and authority forms and
 * empty for the others; *path begins with '/' or is "*"; *query has no '?'.
 * All are slices of target, or static.  Returns 0, or -1 when malformed.
 */
int url_split_target(struct str target, bool connect, struct str *authority,
    struct str *path, struct str *query);

/*
 * Decodes a path once and resolves its dot segments after that, so that an
 * encoded one is a dot segment too (RFC 3986, 5.2.4; ".." at the root stays
 * there).  Repeated slashes count as one.  Writes it without its first slash
 * and with a NUL: "" for "/", "a/b" for "/a//./b", "a/" for "/a/b/..".
 * Returns its length, or -1 for a bad escape, an encoded control character
 * or a result of cap bytes or more.
 */
long url_decode_path(struct str path, char *out, size_t cap);

/*
 * Appends a decoded path, or a query as it was sent, so encoded that it is
 * safe in a URL and a field value; neither can end an attribute of HTML.
 */
void url_encode_path(struct buf *, struct str path);
void url_encode_query(struct buf *, struct str query);

/*
 * Appends the value of the first field of that name in a query or a body of
 * application/x-www-form-urlencoded, decoded: `+` is a space, %XX a byte, and
 * a `%` without two digits stands for itself.  Returns whether it is there.
 */
bool url_form_get(struct str form, struct str name, struct buf *value);

#endif
