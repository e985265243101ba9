#include "config.h"

#include "site/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define OPEN_TRIES 8

#ifdef HAVE_LINUX_OPENAT2_H
#include <linux/openat2.h>
#include <sys/syscall.h>

static int
open_resolved(int root, const char *path)
{
	struct open_how how = {
		.flags = OPEN_FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd;
	int tries = 0;

	/* EAGAIN: something was renamed just then (openat2(2)). */
	do
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd == -1 && (errno == EAGAIN || errno == EINTR) &&
	    ++tries < OPEN_TRIES);
	return (int)fd;
}
#else
static int
open_resolved(int root, const char *path)
{
	(void)root;
	(void)path;
	errno = ENOSYS;
	return -1;
}
#endif

int
beneath_open(int root, const char *path)
{
	int fd = open_resolved(root, path);

	/* EPERM: a sandbox that does not know the call. */
	if (fd == -1 && (errno == ENOSYS || errno == EPERM))
		return beneath_walk(root, path);
	return fd;
}

/* Opens the directory named by the first len bytes of path, in dir. */
static int
enter(int dir, const char *path, size_t len)
{
	char name[256]; /* NAME_MAX and a NUL */

	if (len >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, path, len);
	name[len] = '\0';
	if (strcmp(name, "..") == 0) {
		errno = EXDEV;
		return -1;
	}
	return openat(dir, len > 0 ? name : ".",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The last part of a path, which is empty after a slash. */
static int
open_last(int dir, const char *name)
{
	if (strcmp(name, "..") == 0) {
		errno = EXDEV;
		return -1;
	}
	return openat(dir, name, OPEN_FLAGS | O_NOFOLLOW);
}

int
beneath_walk(int root, const char *path)
{
	const char *slash;
	int dir = root, fd, saved;

	if (path[0] == '/') {
		errno = EXDEV;
		return -1;
	}
	/* A slash at the end would make openat(2) follow a link before it. */
	while ((slash = strchr(path, '/')) != NULL) {
		fd = enter(dir, path, (size_t)(slash - path));
		if (dir != root)
			close(dir);
		if (fd == -1)
			return -1;
		dir = fd;
		path = slash + 1;
	}
	fd = open_last(dir, dir != root && path[0] == '\0' ? "." : path);
	saved = errno;
	if (dir != root)
		close(dir);
	errno = saved;
	return fd;
}
