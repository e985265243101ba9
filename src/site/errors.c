#include "site/errors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define STATUS_FIRST 400
#define STATUSES     200 /* 400 to 599 */
#define CLASSES      2   /* 4xx and 5xx, whose pages follow */

struct pages {
	struct buf page[STATUSES + CLASSES]; /* empty: there is none */
};

struct errors {
	char *dir;
	struct pages *pages;
};

static void
pages_free(struct pages *p)
{
	for (size_t i = 0; p != NULL && i < STATUSES + CLASSES; i++)
		buf_free(&p->page[i]);
	free(p);
}

static void
page_name(size_t i, char *out, size_t cap)
{
	if (i < STATUSES)
		snprintf(out, cap, "%zu.html", STATUS_FIRST + i);
	else
		snprintf(out, cap, "%zuxx.html", 4 + i - STATUSES);
}

/* All of the file, or as much as there is of it by now. */
static int
read_whole(int fd, size_t size, struct buf *page)
{
	char *to = buf_reserve(page, size);

	if (to == NULL) {
		errno = ENOMEM;
		return -1;
	}
	while (buf_len(page) < size) {
		ssize_t n = read(fd, to + buf_len(page), size - buf_len(page));

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		buf_commit(page, (size_t)n);
	}
	return 0;
}

/* What is no regular file, or too large, is no page. */
static int
read_regular(int fd, struct buf *page)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_size > ERRORS_PAGE_MAX)
		return 0;
	return read_whole(fd, (size_t)st.st_size, page);
}

static int
read_page(int dir, const char *name, struct buf *page)
{
	/* Without O_NONBLOCK a FIFO would wait for a writer. */
	int fd =
	    openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int result, saved;

	if (fd == -1) /* ENXIO: a socket */
		return errno == ENOENT || errno == ENXIO ? 0 : -1;
	result = read_regular(fd, page);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

static int
read_pages(int dir, struct pages *p)
{
	size_t found = 0;

	for (size_t i = 0; i < STATUSES + CLASSES; i++) {
		char name[16];

		page_name(i, name, sizeof(name));
		if (read_page(dir, name, &p->page[i]) == -1)
			return -1;
		found += buf_len(&p->page[i]) > 0;
	}
	errno = ENOENT;
	return found > 0 ? 0 : -1;
}

static struct pages *
pages_new(const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), saved;
	struct pages *p;

	if (dir == -1)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (p != NULL && read_pages(dir, p) == -1) {
		saved = errno;
		pages_free(p);
		errno = saved;
		p = NULL;
	}
	saved = errno;
	close(dir);
	errno = saved;
	return p;
}

struct errors *
errors_new(const char *dir)
{
	struct errors *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->dir = strdup(dir);
	if (e->dir == NULL || errors_reload(e) == -1) {
		int saved = errno;

		errors_free(e);
		errno = saved;
		return NULL;
	}
	return e;
}

void
errors_free(struct errors *e)
{
	if (e == NULL)
		return;
	pages_free(e->pages);
	free(e->dir);
	free(e);
}

int
errors_reload(struct errors *e)
{
	struct pages *p = pages_new(e->dir);

	if (p == NULL)
		return -1;
	pages_free(e->pages);
	e->pages = p;
	return 0;
}

struct str
errors_page(void *arg, int status)
{
	const struct errors *e = arg;
	int i = status - STATUS_FIRST;
	const struct buf *page;

	if (i < 0 || i >= STATUSES)
		return STR("");
	page = &e->pages->page[i];
	if (buf_len(page) == 0)
		page = &e->pages->page[STATUSES + i / 100];
	return (struct str){ buf_data(page), buf_len(page) };
}
