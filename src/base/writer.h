/*
 * Writes whole lines to a file from a thread of its own, so that a disk or a
 * pipe that takes nothing never stalls the caller: lines that find no room
 * are dropped and counted.  The caller's side never waits, and makes no system
 * call but to wake the thread: for the first of the lines that wait, and when
 * they are many.  Any thread may be the caller; a child of fork(2), which has
 * no such thread, must not.
 */
#ifndef CHATD_WRITER_H
#define CHATD_WRITER_H

#include <stddef.h>
#include <stdint.h>

#define WRITER_MAX          262144 /* bytes that wait; more are dropped */
#define WRITER_DELAY_MILLIS 200    /* that a line waits for others at most */
#define WRITER_STOP_MILLIS  1000   /* that writer_free() waits for the file */

struct writer;

/*
 * Opens the file to append, making it if need be (mode 0640); path "-" is
 * standard output.  Opening never blocks: a FIFO that nobody has open to read
 * is an error, ENXIO.  Starts no thread yet, so that the process can give up
 * rights in between; lines that are added wait for it.  NULL with errno set.
 */
struct writer *writer_new(const char *path);

/* Writes what waits, within WRITER_STOP_MILLIS, and ends.  A thread that is
 * stuck in a write is left behind, with its memory, to end when it can; one
 * that was never started writes nothing.  Takes NULL. */
void writer_free(struct writer *);

/* Starts the thread, with all signals blocked in it.  0, or -1 with errno. */
int writer_start(struct writer *);

/* Adds whole lines, all or none. */
void writer_add(struct writer *, const char *, size_t len);

/* Has the thread open the path anew, after what waits was written to the old
 * file; if that fails it goes on with the old one.  Standard output stays. */
void writer_reopen(struct writer *);

/* The descriptor, to change its owner with before writer_start(). */
int writer_fd(const struct writer *);

/* Lines dropped so far, those too that could not be written (a full disk; a
 * line that was cut so is ended before the next); and errno of the last
 * failure, to write or to open anew, since the last call, or 0. */
uint64_t writer_dropped(struct writer *);
int writer_error(struct writer *);

#endif
