#include "tests/site.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

struct site site;

void
site_setup(void)
{
	site = (struct site){ .root = temp_dir(),
		.request = { .minor = 1 },
		.now = { .mono = 1, .wall = SITE_WALL } };
	site.config =
	    (struct files_config){ .root = site.root, .cache_control = "" };
	site.files = files_new(&site.config);
	ck_assert_ptr_nonnull(site.files);
}

void
site_teardown(void)
{
	files_free(site.files);
}

void
site_restart(void)
{
	files_free(site.files);
	site.files = files_new(&site.config);
	ck_assert_ptr_nonnull(site.files);
}

const char *
path_of(const char *name)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", site.root, name);
	return path;
}

void
write_file(const char *name, const char *text)
{
	temp_file(site.root, name, text, strlen(text));
}

void
make_dir(const char *name)
{
	ck_assert_int_eq(mkdir(path_of(name), 0755), 0);
}

void
make_link(const char *to, const char *name)
{
	ck_assert_int_eq(symlink(to, path_of(name)), 0);
}

void
rename_file(const char *from, const char *to)
{
	char old[1024];

	snprintf(old, sizeof(old), "%s", path_of(from));
	ck_assert_int_eq(rename(old, path_of(to)), 0);
}

void
remove_file(const char *name)
{
	ck_assert_int_eq(unlink(path_of(name)), 0);
}

void
set_times(const char *name, int64_t seconds, long nanoseconds)
{
	const struct timespec time = { seconds, nanoseconds };
	const struct timespec times[2] = { time, time };

	ck_assert_int_eq(utimensat(AT_FDCWD, path_of(name), times, 0), 0);
}

char *
make_sized(const char *name, size_t size)
{
	char *data = malloc(size);

	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < size; i++)
		data[i] = (char)('a' + i % 23);
	temp_file(site.root, name, data, size);
	return data;
}

void
site_field(const char *name, const char *value)
{
	struct http_request *req = &site.request;

	req->nfields = 0;
	req->noted = 0;
	if (name == NULL || value == NULL)
		return;
	req->fields[req->nfields++] =
	    (struct http_field){ str_of(name), str_of(value) };
	if (strcmp(name, "Accept-Encoding") == 0)
		req->noted = HTTP_NOTED_ACCEPT_ENCODING;
}

struct http_response
get(struct str path, struct str query)
{
	struct http_response res = {
		.status = 200, .fd = -1, .validators.modified = -1
	};

	site.request.path = path;
	site.request.query = query;
	files_answer(site.files, &site.request, &res, site.now);
	return res;
}

struct buf
content_of(const struct http_response *res)
{
	struct buf b = { 0 };

	if (res->fd == -1) {
		buf_add_str(&b, res->body);
	} else {
		char *to = buf_reserve(&b, (size_t)res->length + 1);
		ssize_t n = read(res->fd, to, (size_t)res->length + 1);

		ck_assert_int_eq(n, (ssize_t)res->length);
		buf_commit(&b, (size_t)n);
		close(res->fd);
	}
	return b;
}

void
check_get(struct str path, int status, const char *text)
{
	struct http_response res;
	struct buf content;

	site.now.mono++;
	res = get(path, STR(""));
	content = content_of(&res);
	buf_add(&content, "", 1);
	ck_assert_msg(res.status == status, "%.*s: %d, not %d", (int)path.len,
	    path.p, res.status, status);
	ck_assert_msg(strcmp(buf_data(&content), text) == 0,
	    "%.*s: '%s', not '%s'", (int)path.len, path.p, buf_data(&content),
	    text);
	buf_free(&content);
}

void
check_sized(struct str path, const char *data, size_t size, bool by_fd)
{
	struct http_response res = get(path, STR(""));
	struct buf content;

	ck_assert(by_fd == (res.fd != -1));
	if (by_fd)
		ck_assert_uint_eq(res.length, size);
	content = content_of(&res);
	ck_assert_uint_eq(buf_len(&content), size);
	ck_assert_int_eq(memcmp(buf_data(&content), data, size), 0);
	buf_free(&content);
}

const char *
field_of(const struct http_response *res, const char *name)
{
	static char head[1024];
	const char *value;

	snprintf(head, sizeof(head), "\n%.*s\r\n", (int)res->fields.len,
	    res->fields.p);
	value = response_field(head, name);
	return value != NULL ? value : "";
}
