#include "site/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/siphash.h"
#include "http/accept.h"
#include "http/date.h"
#include "http/url.h"
#include "site/beneath.h"
#include "site/cache.h"
#include "site/listing.h"

struct files {
	struct files_config config;
	int root;
	struct cache *cache;
	struct buf fields;  /* of the answer that is being made */
	struct buf listing; /* its content */
	char content[CACHE_FILE_MAX];
};

/* What is asked for. */
struct ask {
	const struct http_request *request;
	struct instant now;
	unsigned wishes; /* for variants */
	char *path;      /* relative to ROOT */
	char *index;     /* the index.html that was added to it; or NULL */
};

struct files *
files_new(const struct files_config *config)
{
	struct files *f = calloc(1, sizeof(*f));
	int saved;

	if (f == NULL)
		return NULL;
	f->config = *config;
	f->root = open(config->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->cache = f->root != -1 ? cache_new(f->root) : NULL;
	if (f->cache != NULL)
		return f;
	saved = errno;
	files_free(f);
	errno = saved;
	return NULL;
}

void
files_free(struct files *f)
{
	if (f == NULL)
		return;
	cache_free(f->cache);
	buf_free(&f->fields);
	buf_free(&f->listing);
	if (f->root != -1)
		close(f->root);
	free(f);
}

void
files_set_mime(struct files *f, const struct mime *mime)
{
	f->config.mime = mime;
	cache_clear(f->cache);
}

/* Empty, whether or not the last answer had memory. */
static struct buf *
begin(struct buf *b)
{
	buf_drain(b, buf_len(b));
	b->failed = false;
	return b;
}

/* Adds the fields to the response; without memory it becomes a 503. */
static int
finish_fields(struct files *f, struct http_response *res)
{
	if (buf_failed(&f->fields)) {
		if (res->fd != -1)
			close(res->fd);
		*res = (struct http_response){ .status = 503, .fd = -1 };
		return -1;
	}
	res->fields = (struct str){ buf_data(&f->fields), buf_len(&f->fields) };
	return 0;
}

static void
write_cache_control(struct files *f)
{
	if (f->config.cache_control[0] != '\0')
		buf_addf(&f->fields, "Cache-Control: %s\r\n",
		    f->config.cache_control);
}

/* Since 1970, for an entity tag. */
static uint64_t
nanoseconds(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/*
 * RFC 9110, 8.8.3.  What was read whole is told by what it is, for the clock
 * of a file system may be too coarse to tell two versions apart.
 */
static void
write_etag(
    struct buf *b, const struct stat *st, const struct http_response *res)
{
	static const struct siphash_key everywhere_the_same;

	if (res->fd == -1)
		buf_addf(b, "\"%zx-%016" PRIx64 "\"", res->body.len,
		    siphash(&everywhere_the_same, res->body.p, res->body.len));
	else
		buf_addf(b,
		    "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"",
		    (uint64_t)st->st_ino, (uint64_t)st->st_size,
		    nanoseconds(st->st_mtim), nanoseconds(st->st_ctim));
}

/* RFC 9110, 8.8.2.  A date in the future becomes that of the answer. */
static int64_t
last_modified(const struct stat *st, struct instant now)
{
	int64_t modified = st->st_mtim.tv_sec;

	if (modified > now.wall / 1000)
		modified = now.wall / 1000;
	return modified > 0 ? modified : 0;
}

static struct http_validators
write_validators(struct buf *b, const struct stat *st,
    const struct http_response *res, struct instant now)
{
	int64_t modified = last_modified(st, now);
	char date[HTTP_DATE_LEN + 1];
	size_t start;
	struct str etag;

	http_date_format(modified, date);
	buf_addf(b, "Last-Modified: %s\r\nETag: ", date);
	start = buf_len(b);
	write_etag(b, st, res);
	etag.len = buf_len(b) - start;
	buf_add_str(b, STR("\r\n"));
	etag.p = buf_data(b) + start;
	return (struct http_validators){ etag, modified };
}

/* Validators come last: they point into what was written. */
static int
write_fields(struct files *f, const struct representation *r,
    struct http_response *res, struct instant now)
{
	struct buf *b = begin(&f->fields);
	struct str coding = variant_coding(r->variant);

	write_cache_control(f);
	if (r->varies)
		buf_add_str(b, STR("Vary: Accept-Encoding\r\n"));
	if (coding.len > 0)
		buf_addf(b, "Content-Encoding: %s\r\n", coding.p);
	res->validators = write_validators(b, &r->st, res, now);
	return finish_fields(f, res);
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

/* The content: in memory if it is small, else the file. */
static void
open_content(
    struct files *f, const struct representation *r, struct http_response *res)
{
	ssize_t got = -1;

	if (r->st.st_size <= CACHE_FILE_MAX)
		got = read_whole(r->fd, f->content, (size_t)r->st.st_size);
	if (got == -1) {
		res->fd = r->fd;
		res->length = (uint64_t)r->st.st_size;
		return;
	}
	close(r->fd);
	res->body = (struct str){ f->content, (size_t)got };
}

/* Sends the open regular file, or a variant of it. */
static void
answer_regular(struct files *f, const struct ask *ask, struct representation *r,
    struct http_response *res)
{
	const struct cache_item item = { .target = ask->request->path,
		.wishes = ask->wishes,
		.path = ask->path,
		.representation = r };

	variant_choose(r, f->root, ask->path, ask->wishes);
	open_content(f, r, res);
	res->type = mime_type(f->config.mime, str_of(ask->path));
	if (write_fields(f, r, res, ask->now) == 0 && res->fd == -1)
		cache_keep(f->cache, &item, res, ask->now);
}

/* A directory's own path ends with a slash, so that its links work. */
static void
answer_redirect(
    struct files *f, const struct ask *ask, struct http_response *res)
{
	struct buf *b = begin(&f->fields);

	buf_add_str(b, STR("Location: /"));
	url_encode_path(b, str_of(ask->path));
	buf_add_str(b, STR("/"));
	if (ask->request->query.len > 0) {
		buf_add_str(b, STR("?"));
		url_encode_query(b, ask->request->query);
	}
	buf_add_str(b, STR("\r\n"));
	if (finish_fields(f, res) == 0)
		res->status = 301;
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

static struct listing_view
listing_view(const struct http_request *req)
{
	struct listing_view view = listing_view_parse(req->query);

	view.as_json = http_accept_type(req, STR("application/json")) >
	    http_accept_type(req, STR("text/html"));
	return view;
}

static void
write_listing_fields(struct files *f, bool as_json)
{
	struct buf *b = begin(&f->fields);

	write_cache_control(f);
	buf_add_str(b,
	    STR("Vary: Accept\r\n"
		"X-Content-Type-Options: nosniff\r\n"));
	if (!as_json)
		buf_add_str(b,
		    STR("Content-Security-Policy: default-src 'none'; "
			"style-src 'unsafe-inline'\r\n"));
}

static void
answer_listing(
    struct files *f, const struct ask *ask, struct http_response *res)
{
	struct listing_view view = listing_view(ask->request);
	struct buf *b = begin(&f->listing);

	*ask->index = '\0';
	if (listing_write(b, f->root, ask->path, &view) == -1) {
		res->status = status_of_errno(errno);
		return;
	}
	write_listing_fields(f, view.as_json);
	if (finish_fields(f, res) == -1)
		return;
	res->type = view.as_json ? STR("application/json")
				 : STR("text/html; charset=utf-8");
	res->body = (struct str){ buf_data(b), buf_len(b) };
}

static void
answer_without_index(
    struct files *f, const struct ask *ask, struct http_response *res)
{
	if (f->config.listing)
		answer_listing(f, ask, res);
	else
		res->status = 404;
}

static void
answer_opened(
    struct files *f, const struct ask *ask, int fd, struct http_response *res)
{
	struct representation r = { .fd = fd };

	if (fstat(fd, &r.st) == -1) {
		res->status = status_of_errno(errno);
	} else if (S_ISREG(r.st.st_mode)) {
		answer_regular(f, ask, &r, res);
		return;
	} else if (!S_ISDIR(r.st.st_mode)) {
		res->status = 404;
	} else if (ask->index == NULL) {
		answer_redirect(f, ask, res);
	} else {
		answer_without_index(f, ask, res);
	}
	close(fd);
}

static bool
has_dotfile(const char *path)
{
	return path[0] == '.' || strstr(path, "/.") != NULL;
}

/* The file that a path of a URL names, relative to ROOT; a status if none.
 * A variant's suffix still fits behind it. */
static int
find_path(struct ask *ask, char out[VARIANT_PATH_MAX])
{
	static const char index_name[] = "index.html";
	const size_t cap =
	    VARIANT_PATH_MAX - sizeof(index_name) - VARIANT_SUFFIX_MAX;
	long len = url_decode_path(ask->request->path, out, cap);

	if (len == -1)
		return 400;
	ask->path = out;
	if (len == 0 || out[len - 1] == '/')
		ask->index = memcpy(out + len, index_name, sizeof(index_name));
	return has_dotfile(out) ? 404 : 0;
}

/* A link that leads nowhere is there too, if broken. */
static bool
is_there(const struct files *f, const char *path)
{
	struct stat st;

	return fstatat(f->root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno != ENOENT;
}

static void
answer_from_disk(struct files *f, struct ask *ask, struct http_response *res)
{
	char path[VARIANT_PATH_MAX];
	int fd, status;

	if ((status = find_path(ask, path)) != 0) {
		res->status = status;
		return;
	}
	fd = beneath_open(f->root, path);
	if (fd != -1) {
		answer_opened(f, ask, fd, res);
		return;
	}
	res->status = status_of_errno(errno);
	if (res->status == 404 && ask->index != NULL && !is_there(f, path)) {
		res->status = 200;
		answer_without_index(f, ask, res);
	}
}

/* Looks for what the client wishes only where that makes a difference. */
static const struct cached *
find_cached(struct files *f, struct ask *ask)
{
	const struct http_request *req = ask->request;
	const struct cached *c = cache_get(f->cache, req->path, 0, ask->now);

	if ((c != NULL && !c->varies) ||
	    !(req->noted & HTTP_NOTED_ACCEPT_ENCODING))
		return c;
	ask->wishes = variant_wishes(req);
	if (ask->wishes == 0)
		return c;
	return cache_get(f->cache, req->path, ask->wishes, ask->now);
}

void
files_answer(struct files *f, const struct http_request *req,
    struct http_response *res, struct instant now)
{
	struct ask ask = { .request = req, .now = now };
	const struct cached *c = find_cached(f, &ask);

	if (c != NULL)
		*res = c->response;
	else
		answer_from_disk(f, &ask, res);
}
