/*
 * A sink takes whole lines for a terminal, pipe or file and never waits for
 * it.  What the descriptor will not take at once is kept, up to SINK_MAX;
 * lines beyond that are dropped and counted, and a line that says how many
 * stands in their place when it takes text again.
 */
#ifndef CHATD_SINK_H
#define CHATD_SINK_H

#include <stddef.h>
#include <stdint.h>

#define SINK_MAX 65536 /* bytes kept for a descriptor that takes none */

struct sink;

/*
 * Writes to fd, which stays the caller's.  The open file behind fd is shared
 * with other processes (the shell), so its O_NONBLOCK is left alone.
 * Returns NULL without memory.
 */
struct sink *sink_new(int fd);
void sink_free(struct sink *); /* after one last sink_flush() */

/* Adds whole lines and writes what can be written. */
void sink_write(struct sink *, const char *, size_t len);

/* Writes what can be written.  Returns the bytes that still wait. */
size_t sink_flush(struct sink *);

/* The descriptor to watch for writing while bytes wait. */
int sink_fd(const struct sink *);

/* Lines dropped so far. */
uint64_t sink_dropped(const struct sink *);

#endif
