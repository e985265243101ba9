#include "site/variant.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "http/accept.h"
#include "site/beneath.h"

static const struct {
	struct str coding;
	const char *suffix;
} variants[VARIANTS] = {
	[VARIANT_IDENTITY] = { STR(""), "" },
	[VARIANT_BR] = { STR("br"), ".br" },
	[VARIANT_GZIP] = { STR("gzip"), ".gz" },
};

struct str
variant_coding(enum variant v)
{
	return variants[v].coding;
}

unsigned
variant_wishes(const struct http_request *req)
{
	unsigned identity = http_accept_coding(req, STR("identity"));
	unsigned br = http_accept_coding(req, variants[VARIANT_BR].coding);
	unsigned gzip = http_accept_coding(req, variants[VARIANT_GZIP].coding);
	unsigned wishes = 0;

	if (br > 0 && br >= identity)
		wishes |= 1u << VARIANT_BR;
	if (gzip > 0 && gzip >= identity)
		wishes |=
		    1u << VARIANT_GZIP | (gzip > br ? VARIANT_GZIP_FIRST : 0);
	return wishes;
}

static const char *
variant_path(char out[VARIANT_PATH_MAX], const char *path, enum variant v)
{
	snprintf(out, VARIANT_PATH_MAX, "%s%s", path, variants[v].suffix);
	return out;
}

static struct stat
look(int root, const char *path, enum variant v)
{
	char name[VARIANT_PATH_MAX];
	struct stat st;

	if (fstatat(root, variant_path(name, path, v), &st, 0) == -1)
		memset(&st, 0, sizeof(st));
	return st;
}

static bool
is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_mode == b->st_mode && a->st_size == b->st_size &&
	    is_same_time(a->st_mtim, b->st_mtim) &&
	    is_same_time(a->st_ctim, b->st_ctim);
}

bool
variant_is_seen(const struct sight *seen, int root, const char *path)
{
	for (enum variant v = VARIANT_IDENTITY; v < VARIANTS; v++) {
		struct stat st = look(root, path, v);

		if (!is_same_file(&st, &seen->st[v]))
			return false;
	}
	return true;
}

bool
variant_is_local(int root, const char *path)
{
	char name[VARIANT_PATH_MAX];
	struct stat st;

	for (enum variant v = VARIANT_IDENTITY; v < VARIANTS; v++) {
		variant_path(name, path, v);
		if (fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (!S_ISREG(st.st_mode) || st.st_nlink != 1))
			return false;
	}
	return true;
}

/* What was made from an earlier state of the file must not be sent. */
static bool
is_usable(const struct stat *st, const struct stat *file)
{
	if (!S_ISREG(st->st_mode))
		return false;
	if (st->st_mtim.tv_sec != file->st_mtim.tv_sec)
		return st->st_mtim.tv_sec > file->st_mtim.tv_sec;
	return st->st_mtim.tv_nsec >= file->st_mtim.tv_nsec;
}

/*
 * Opens a variant, if the file has one that is usable, and notes what is seen
 * before that.  One that cannot be opened is noted as not seen, so that this
 * is tried again.
 */
static int
variant_open(int root, const char *path, enum variant v, struct sight *seen,
    struct stat *st)
{
	const struct stat *file = &seen->st[VARIANT_IDENTITY];
	char name[VARIANT_PATH_MAX];
	int fd;

	seen->st[v] = look(root, path, v);
	if (!is_usable(&seen->st[v], file))
		return -1;
	fd = beneath_open(root, variant_path(name, path, v));
	if (fd == -1) {
		memset(&seen->st[v], 0, sizeof(seen->st[v]));
		return -1;
	}
	if (fstat(fd, st) == 0 && is_usable(st, file))
		return fd;
	close(fd);
	return -1;
}

void
variant_choose(
    struct representation *r, int root, const char *path, unsigned wishes)
{
	static const enum variant orders[2][2] = {
		{ VARIANT_BR, VARIANT_GZIP },
		{ VARIANT_GZIP, VARIANT_BR },
	};
	const enum variant *order = orders[wishes & VARIANT_GZIP_FIRST];

	r->variant = VARIANT_IDENTITY;
	r->varies = false;
	r->seen.st[VARIANT_IDENTITY] = r->st;
	for (int i = 0; i < 2; i++) {
		struct stat st;
		int fd = variant_open(root, path, order[i], &r->seen, &st);

		if (fd == -1)
			continue;
		r->varies = true;
		if (r->variant != VARIANT_IDENTITY ||
		    !(wishes & 1u << order[i])) {
			close(fd);
			continue;
		}
		close(r->fd);
		r->fd = fd;
		r->st = st;
		r->variant = order[i];
	}
}
