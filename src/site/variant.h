/*
 * A file's representations in a content coding (RFC 9110, 8.4.1), made
 * beforehand: NAME.br and NAME.gz beside NAME.  One that is older than its
 * file, no regular file, or outside ROOT, is as if it were not there.
 */
#ifndef CHATD_VARIANT_H
#define CHATD_VARIANT_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/str.h"
#include "http/parse.h"

/* Bytes of a variant's path with its NUL: it may be as long as a target, and
 * then have "index.html" and a suffix behind it. */
#define VARIANT_PATH_MAX   (HTTP_TARGET_MAX + 16)
#define VARIANT_SUFFIX_MAX 3

enum variant {
	VARIANT_IDENTITY, /* the file itself */
	VARIANT_BR,
	VARIANT_GZIP,
	VARIANTS
};

/* What a client would rather have than the file itself: 1 << variant for
 * each, and whether gzip comes before br.  Less than VARIANT_WISHES. */
#define VARIANT_GZIP_FIRST 1
#define VARIANT_WISHES     (1 << VARIANTS)

/* From the weights of Accept-Encoding (RFC 9110, 12.5.3); 0 without it.
 * What weighs less than identity is not wished for. */
unsigned variant_wishes(const struct http_request *);

/* What the paths of a file and of its variants lead to; st_mode is 0 where
 * there is nothing. */
struct sight {
	struct stat st[VARIANTS];
};

struct representation {
	enum variant variant;
	int fd;
	struct stat st;    /* of fd */
	bool varies;       /* there are others, for other clients */
	struct sight seen; /* when it was chosen, or before */
};

/*
 * Chooses for a regular file what is to be sent.  *r has the file's own fd
 * and st; both are replaced when a variant is chosen.
 */
void variant_choose(
    struct representation *r, int root, const char *path, unsigned wishes);

/* Whether another look at the paths sees the same. */
bool variant_is_seen(const struct sight *, int root, const char *path);

/*
 * Whether only changes in the path's directory change what its variants are:
 * none is a link, symbolic or one of several hard ones.
 */
bool variant_is_local(int root, const char *path);

/* The name of its content coding; empty for identity. */
struct str variant_coding(enum variant);

#endif
