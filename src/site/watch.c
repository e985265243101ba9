#include "config.h"

#include "site/watch.h"

#ifdef HAVE_SYS_INOTIFY_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define CHANGES \
	(IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | \
	    IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)

struct watch {
	int root;
	int queue;
};

struct watch *
watch_new(int root)
{
	struct watch *w = malloc(sizeof(*w));

	if (w == NULL)
		return NULL;
	w->root = root;
	w->queue = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->queue == -1) {
		free(w);
		return NULL;
	}
	return w;
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	close(w->queue);
	free(w);
}

/* The kernel knows a directory that is watched already, and counts up. */
static int
watch_directory(struct watch *w, int dir)
{
	char path[32];
	int id;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	id = inotify_add_watch(w->queue, path, CHANGES | IN_ONLYDIR);
	if (id > WATCH_MAX)
		inotify_rm_watch(w->queue, id);
	return id == -1 || id > WATCH_MAX ? -1 : 0;
}

/* The directory that the first len bytes of name are in dir, or -1. */
static int
open_directory(int dir, const char *name, size_t len)
{
	char part[256]; /* NAME_MAX and a NUL */

	if (len >= sizeof(part))
		return -1;
	memcpy(part, name, len);
	part[len] = '\0';
	return openat(dir, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
watch_path(struct watch *w, const char *path)
{
	int dir = w->root, result = watch_directory(w, dir);
	const char *slash;

	while (result == 0 && (slash = strchr(path, '/')) != NULL) {
		int next = open_directory(dir, path, (size_t)(slash - path));

		if (dir != w->root)
			close(dir);
		dir = next;
		path = slash + 1;
		result = dir == -1 ? -1 : watch_directory(w, dir);
	}
	if (dir != w->root && dir != -1)
		close(dir);
	return result;
}

bool
watch_changed(struct watch *w)
{
	char events[4096];
	bool changed = false;
	ssize_t n;

	/* A queue that overflowed says so with an event too. */
	do {
		n = read(w->queue, events, sizeof(events));
		changed |= n > 0;
	} while (n > 0);
	return changed || errno != EAGAIN;
}

#else

#include <stddef.h>

struct watch *
watch_new(int root)
{
	(void)root;
	return NULL;
}

void
watch_free(struct watch *w)
{
	(void)w;
}

int
watch_path(struct watch *w, const char *path)
{
	(void)w;
	(void)path;
	return -1;
}

bool
watch_changed(struct watch *w)
{
	(void)w;
	return true;
}

#endif
