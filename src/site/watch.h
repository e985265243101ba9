/*
 * Tells, with one cheap question, whether anything changed in the directories
 * that are watched.  It only ever errs by saying yes.
 *
 * The kernel queues a change before the call that made it returns (inotify),
 * so that who asks after a change is told of it.  What changes a file by
 * another way (a mapping, a hard link elsewhere, another machine) is not
 * seen.  A child of fork(2) shares the queue and must not ask.
 */
#ifndef CHATD_WATCH_H
#define CHATD_WATCH_H

#include <stdbool.h>

#define WATCH_MAX 1024 /* directories; what lies in others is not watched */

struct watch;

/* root stays the caller's.  NULL where the system has no such thing. */
struct watch *watch_new(int root);
void watch_free(struct watch *);

/*
 * Watches the directories on the way to path, which is relative to root.
 * Returns 0, or -1 where one cannot be watched, or is a symbolic link: then
 * changes may go unseen.
 */
int watch_path(struct watch *, const char *path);

/* Whether something may have changed since the last call. */
bool watch_changed(struct watch *);

#endif
