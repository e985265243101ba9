#include "site/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "http/mime.h"
#include "http/url.h"
#include "site/beneath.h"
#include "site/watch.h"

/*
 * A file system's clock is coarse: what changed just before it was read may
 * change again and still have the same times.
 */
#define SETTLED_MILLIS 2000

/* Where changes are watched, a file is looked at no more often than this, in
 * case of one that the watch does not see. */
#define LOOK_AFTER MILLIS(10)

struct entry {
	TAILQ_ENTRY(entry) link; /* the least recently opened first */
	int64_t checked;         /* the instant at which it was known to hold */
	int64_t looked;          /* and that at which it was looked at */
	uint64_t changes;        /* how many the watch had seen by then */
	bool is_watched;         /* the watch sees when it changes */
	bool is_settled;         /* its times tell whether it changed since */
	struct stat st;          /* what the file was then */
	struct str type;
	char *target; /* the path of the URL that it answers, as it was sent */
	char *path;   /* relative to ROOT */
	char *fields;
	size_t nfields; /* bytes */
	char *data;
	size_t size;
};

TAILQ_HEAD(entry_list, entry);

/* What is asked for. */
struct ask {
	struct str target; /* the path as it was sent */
	struct str query;
	const char *path; /* relative to ROOT */
	struct instant now;
};

struct files {
	int root;
	struct watch *watch; /* NULL where the system has none */
	int64_t asked;       /* the instant at which it was asked */
	uint64_t changes;    /* how often it said that something had changed */
	struct map *by_target;
	struct entry_list entries;
	size_t cached;     /* bytes, by entry_cost() */
	struct buf fields; /* of the answer that is being made */
};

struct files *
files_new(const char *root)
{
	struct files *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	TAILQ_INIT(&f->entries);
	f->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->asked = -1;
	f->watch = f->root != -1 ? watch_new(f->root) : NULL;
	f->by_target = f->root != -1 ? map_new() : NULL;
	if (f->by_target == NULL) {
		int saved = errno;

		files_free(f);
		errno = saved;
		return NULL;
	}
	return f;
}

static void
entry_free(struct entry *e)
{
	if (e == NULL)
		return;
	free(e->target);
	free(e->path);
	free(e->fields);
	free(e->data);
	free(e);
}

static size_t
entry_cost(const struct entry *e)
{
	return e->size + e->nfields + strlen(e->target) + strlen(e->path) +
	    FILES_ENTRY_COST;
}

static void
cache_remove(struct files *f, struct entry *e)
{
	map_del(f->by_target, e->target, strlen(e->target));
	TAILQ_REMOVE(&f->entries, e, link);
	f->cached -= entry_cost(e);
	entry_free(e);
}

void
files_free(struct files *f)
{
	struct entry *e;

	if (f == NULL)
		return;
	while ((e = TAILQ_FIRST(&f->entries)) != NULL)
		cache_remove(f, e);
	map_free(f->by_target);
	watch_free(f->watch);
	buf_free(&f->fields);
	if (f->root != -1)
		close(f->root);
	free(f);
}

/* Without memory the entry is simply not kept. */
static int
cache_add(struct files *f, struct entry *e)
{
	while (f->cached + entry_cost(e) > FILES_CACHE_MAX &&
	    !TAILQ_EMPTY(&f->entries))
		cache_remove(f, TAILQ_FIRST(&f->entries));
	if (map_put(f->by_target, e->target, strlen(e->target), e) == -1)
		return -1;
	TAILQ_INSERT_TAIL(&f->entries, e, link);
	f->cached += entry_cost(e);
	return 0;
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

/* Asks the watch, once an instant. */
static void
count_changes(struct files *f, struct instant now)
{
	if (f->watch == NULL || f->asked == now.mono)
		return;
	f->asked = now.mono;
	f->changes += watch_changed(f->watch);
}

/* Whether the file is known to be what it was, without a look at it. */
static bool
is_known(const struct files *f, const struct entry *e, struct instant now)
{
	return e->checked == now.mono ||
	    (e->is_watched && e->changes == f->changes &&
		now.mono - e->looked < LOOK_AFTER);
}

/*
 * The entry of a URL's path, if the file is still what it was.  The path as
 * it was sent is the key, so that a hit need not decode it; two spellings of
 * a path are two entries.
 */
static struct entry *
cache_get(struct files *f, struct str target, struct instant now)
{
	struct entry *e = map_get(f->by_target, target.p, target.len);
	struct stat st;

	if (e == NULL)
		return NULL;
	count_changes(f, now);
	if (is_known(f, e, now)) {
		e->checked = now.mono;
		return e;
	}
	if (!e->is_settled || fstatat(f->root, e->path, &st, 0) == -1 ||
	    !is_same_file(&st, &e->st)) {
		cache_remove(f, e);
		return NULL;
	}
	e->checked = e->looked = now.mono;
	e->changes = f->changes;
	return e;
}

/* The fields of the next answer, whether or not the last had memory. */
static struct buf *
begin_fields(struct files *f)
{
	buf_drain(&f->fields, buf_len(&f->fields));
	f->fields.failed = false;
	return &f->fields;
}

/*
 * Validators (RFC 9110, 8.8): both change when the file is written.  A date
 * in the future becomes that of the answer (8.8.2.1).
 */
static void
write_validators(struct buf *b, const struct stat *st, struct instant now)
{
	int64_t modified = st->st_mtim.tv_sec;
	char date[HTTP_DATE_LEN + 1];

	if (modified > now.wall / 1000)
		modified = now.wall / 1000;
	http_date_format(modified, date);
	buf_addf(b,
	    "Last-Modified: %s\r\nETag: \"%" PRIx64 "-%lx-%" PRIx64 "\"\r\n",
	    date, (uint64_t)st->st_mtim.tv_sec,
	    (unsigned long)st->st_mtim.tv_nsec, (uint64_t)st->st_size);
}

/* All of the file, or as much as there is of it by now. */
static ssize_t
read_whole(int fd, char *data, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = pread(fd, data + got, size - got, (off_t)got);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/*
 * Whether the watch will see every change of the file: not where a link leads
 * to it, symbolic or hard, from a directory that is not watched.
 */
static bool
is_watchable(struct files *f, const char *path)
{
	struct stat st;

	return f->watch != NULL && watch_path(f->watch, path) == 0 &&
	    fstatat(f->root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_nlink == 1;
}

static struct entry *
entry_new(struct files *f, const struct ask *ask, int fd, const struct stat *st)
{
	struct entry *e = calloc(1, sizeof(*e));
	ssize_t got;

	if (e == NULL)
		return NULL;
	/*
	 * The watch may begin after the file was read, so it is trusted only
	 * from the next look on, which compares with what was read.
	 */
	e->checked = ask->now.mono;
	e->looked = ask->now.mono - LOOK_AFTER;
	e->st = *st;
	e->is_settled =
	    st->st_ctim.tv_sec < (ask->now.wall - SETTLED_MILLIS) / 1000;
	/* What is not settled is read anew anyway. */
	e->is_watched = e->is_settled && is_watchable(f, ask->path);
	e->type = mime_type(str_of(ask->path));
	e->nfields = buf_len(&f->fields);
	e->target = strndup(ask->target.p, ask->target.len);
	e->path = strdup(ask->path);
	e->fields = malloc(e->nfields);
	e->data = malloc((size_t)st->st_size + 1);
	if (e->target == NULL || e->path == NULL || e->fields == NULL ||
	    e->data == NULL ||
	    (got = read_whole(fd, e->data, (size_t)st->st_size)) == -1) {
		entry_free(e);
		return NULL;
	}
	memcpy(e->fields, buf_data(&f->fields), e->nfields);
	e->size = (size_t)got;
	return e;
}

static void
answer_from_entry(const struct entry *e, struct http_response *res)
{
	res->type = e->type;
	res->fields = (struct str){ e->fields, e->nfields };
	res->body = (struct str){ e->data, e->size };
}

/* Sends the open regular file, by way of the cache if it is small. */
static void
answer_regular(struct files *f, const struct ask *ask, int fd,
    const struct stat *st, struct http_response *res)
{
	struct entry *e;

	write_validators(begin_fields(f), st, ask->now);
	if (st->st_size <= FILES_SMALL_MAX && !buf_failed(&f->fields) &&
	    (e = entry_new(f, ask, fd, st)) != NULL) {
		if (cache_add(f, e) == 0) {
			answer_from_entry(e, res);
			close(fd);
			return;
		}
		entry_free(e);
	}
	res->type = mime_type(str_of(ask->path));
	res->fields = (struct str){ buf_data(&f->fields), buf_len(&f->fields) };
	res->fd = fd;
	res->length = (uint64_t)st->st_size;
}

/* A directory's own path ends with a slash, so that its links work. */
static void
answer_redirect(
    struct files *f, const struct ask *ask, struct http_response *res)
{
	struct buf *b = begin_fields(f);

	buf_add_str(b, STR("Location: /"));
	url_encode_path(b, str_of(ask->path));
	buf_add_str(b, STR("/"));
	if (ask->query.len > 0) {
		buf_add_str(b, STR("?"));
		url_encode_query(b, ask->query);
	}
	buf_add_str(b, STR("\r\n"));
	if (buf_failed(b)) {
		res->status = 503;
		return;
	}
	res->status = 301;
	res->fields = (struct str){ buf_data(b), buf_len(b) };
}

static int
status_of_errno(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return 403;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return 503;
	default:
		return 404;
	}
}

static void
answer_opened(
    struct files *f, const struct ask *ask, int fd, struct http_response *res)
{
	struct stat st;

	if (fstat(fd, &st) == -1) {
		res->status = status_of_errno(errno);
	} else if (S_ISREG(st.st_mode)) {
		answer_regular(f, ask, fd, &st, res);
		return;
	} else if (S_ISDIR(st.st_mode)) {
		answer_redirect(f, ask, res);
	} else {
		res->status = 404;
	}
	close(fd);
}

static bool
has_dotfile(const char *path)
{
	return path[0] == '.' || strstr(path, "/.") != NULL;
}

/* The file that a path of a URL names, relative to ROOT; a status if none. */
static int
file_path(struct str path, char *out, size_t cap)
{
	static const char index_name[] = "index.html";
	long len = url_decode_path(path, out, cap - sizeof(index_name));

	if (len == -1)
		return 400;
	if (len == 0 || out[len - 1] == '/')
		memcpy(out + len, index_name, sizeof(index_name));
	return has_dotfile(out) ? 404 : 0;
}

static void
answer_from_disk(struct files *f, struct ask *ask, struct http_response *res)
{
	char path[FILES_PATH_MAX];
	int fd, status;

	if ((status = file_path(ask->target, path, sizeof(path))) != 0) {
		res->status = status;
		return;
	}
	ask->path = path;
	fd = beneath_open(f->root, path);
	if (fd == -1)
		res->status = status_of_errno(errno);
	else
		answer_opened(f, ask, fd, res);
}

void
files_answer(struct files *f, struct str path, struct str query,
    struct http_response *res, struct instant now)
{
	const struct entry *e = cache_get(f, path, now);
	struct ask ask = { .target = path, .query = query, .now = now };

	if (e != NULL)
		answer_from_entry(e, res);
	else
		answer_from_disk(f, &ask, res);
}
