#include "site/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "site/beneath.h"

void
directory_free(struct directory *d)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->entries[i].name);
	free(d->entries);
}

static int
directory_grow(struct directory *d)
{
	size_t cap = d->cap > 0 ? 2 * d->cap : 64;
	struct entry *entries = realloc(d->entries, cap * sizeof(*entries));

	if (entries == NULL)
		return -1;
	d->entries = entries;
	d->cap = cap;
	return 0;
}

static int64_t
clamp_time(int64_t seconds)
{
	return seconds < 0                  ? 0
	    : seconds > DIRECTORY_TIME_LAST ? DIRECTORY_TIME_LAST
					    : seconds;
}

static int
directory_add(struct directory *d, const char *name, const struct stat *st)
{
	struct entry *e;

	if (d->count == d->cap && directory_grow(d) == -1)
		return -1;
	e = &d->entries[d->count];
	*e = (struct entry){ .name = strdup(name),
		.size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
		.modified = clamp_time(st->st_mtim.tv_sec),
		.is_dir = S_ISDIR(st->st_mode) };
	if (e->name == NULL)
		return -1;
	d->count++;
	return 0;
}

/* What the link at path leads to, if it may be served. */
static int
follow_link(int root, const char *path, const char *name, struct stat *st)
{
	char full[PATH_MAX];
	int fd, result;

	if (snprintf(full, sizeof(full), "%s%s", path, name) >=
	    (int)sizeof(full))
		return -1;
	if ((fd = beneath_open(root, full)) == -1)
		return -1;
	result = fstat(fd, st);
	close(fd);
	return result;
}

static bool
is_servable(
    int root, const char *path, int dir, const char *name, struct stat *st)
{
	if (fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	if (S_ISLNK(st->st_mode) && follow_link(root, path, name, st) == -1)
		return false;
	return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
}

/* However few of them are listed, no more than so many are looked at. */
static int
read_entries(struct directory *d, DIR *from, int root, const char *path)
{
	for (size_t seen = 0;;) {
		const struct dirent *found;
		struct stat st;

		errno = 0;
		if ((found = readdir(from)) == NULL)
			return errno == 0 ? 0 : -1;
		/* Names that would not be answered. */
		if (found->d_name[0] == '.' ||
		    str_has_control(str_of(found->d_name)))
			continue;
		if (seen++ == LISTING_ENTRIES_MAX) {
			d->is_cut = true;
			return 0;
		}
		if (is_servable(root, path, dirfd(from), found->d_name, &st) &&
		    directory_add(d, found->d_name, &st) == -1)
			return -1;
	}
}

int
directory_read(struct directory *d, int root, const char *path)
{
	int fd = beneath_open(root, path[0] != '\0' ? path : ".");
	DIR *from = fd != -1 ? fdopendir(fd) : NULL;
	int result = -1, saved;

	if (from != NULL)
		result = read_entries(d, from, root, path);
	saved = errno;
	if (from != NULL)
		closedir(from);
	else if (fd != -1)
		close(fd);
	errno = saved;
	return result;
}

static int
compare_names(const char *a, const char *b)
{
	size_t i = 0;
	unsigned char x, y;

	while (a[i] != '\0' && ascii_lower(a[i]) == ascii_lower(b[i]))
		i++;
	x = (unsigned char)ascii_lower(a[i]);
	y = (unsigned char)ascii_lower(b[i]);
	return x != y ? x - y : strcmp(a, b);
}

static int
compare_entries(const struct entry *a, const struct entry *b, int sign)
{
	if (a->is_dir != b->is_dir)
		return a->is_dir ? -1 : 1;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return sign * compare_names(a->name, b->name);
}

static int
compare_ascending(const void *a, const void *b)
{
	return compare_entries(a, b, 1);
}

static int
compare_descending(const void *a, const void *b)
{
	return compare_entries(a, b, -1);
}

void
directory_sort(struct directory *d, const struct listing_view *view)
{
	bool by_name = view->order == LISTING_BY_NAME;

	for (size_t i = 0; i < d->count; i++) {
		struct entry *e = &d->entries[i];
		uint64_t key = view->order == LISTING_BY_SIZE
		    ? e->size
		    : (uint64_t)e->modified;

		e->key = by_name ? 0 : view->descending ? ~key : key;
	}
	if (d->count > 1)
		qsort(d->entries, d->count, sizeof(d->entries[0]),
		    by_name && view->descending ? compare_descending
						: compare_ascending);
}
