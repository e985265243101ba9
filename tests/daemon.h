/*
 * Starts the programs under test and talks to them.  Everything waits for
 * the event itself under a deadline of WAIT_SECONDS, which fails the test
 * and shows what was seen until then; nothing sleeps.  What a test started
 * is ended when the test ends.
 *
 * Programs are found in CHATD_BUILDDIR, by default the working directory.
 */
#ifndef CHATD_TESTS_DAEMON_H
#define CHATD_TESTS_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WAIT_SECONDS 10

/* A child process with pipes (or a pty) on its stdin, stdout and stderr. */
struct program {
	pid_t pid;
	int in;        /* write here what it reads from stdin */
	int out;       /* read here what it writes to stdout */
	int err;       /* and to stderr; -1 where it shares out (pty) */
	int http_port; /* of the ready line, 0 if off */
	int udp_port;
	char ready[256]; /* the ready line */
};

/*
 * Starts a program of the build tree by its name; args end with NULL and do
 * not hold the name.  The CHATD_TEST_WRAPPER environment variable, if set,
 * is put before the command.
 */
void program_start(struct program *, const char *name, const char *const *args);

/* The same with a pseudo-terminal as stdin, stdout and stderr. */
void program_start_pty(
    struct program *, const char *name, const char *const *args);

/* chatd --port=0 with more args (NULL for none), up to its ready line. */
void daemon_start(struct program *, const char *const *args);

/* Closes its stdin; on a terminal, types Ctrl-D. */
void program_close_stdin(struct program *);

/*
 * Waits for its end, closes everything; the exit status, or 128 + signal.
 * What was not read of its stdout is lost, of its stderr goes to our own.
 */
int program_wait(struct program *);

/* SIGTERM and program_wait(); chatd must exit 0. */
void daemon_stop(struct program *);

/* A new directory for one test, removed in the end; the path stays valid. */
const char *temp_dir(void);
void temp_file(const char *dir, const char *name, const void *data, size_t len);

int tcp_connect(int port); /* to 127.0.0.1 */
int udp_connect(int port); /* a fresh socket connected to 127.0.0.1 */

/*
 * To a peer that has closed, the rest is not sent and that is no failure:
 * what it answered tells.
 */
void send_all(int fd, const void *data, size_t len);
void send_text(int fd, const char *text);

/*
 * Reads to the end of the stream, a reset too, into *data (malloc'ed,
 * NUL-terminated); returns the length.
 */
size_t read_to_end(int fd, char **data);

/*
 * Reads a stream until text stands in what this call read, and no byte
 * more, into out (cap bytes, NUL-terminated); returns the length.
 */
size_t read_until(int fd, const char *text, char *out, size_t cap);

/* One datagram, NUL-terminated; its length. */
size_t recv_datagram(int fd, char *out, size_t cap);

/* Datagrams until one contains text, which is left in out. */
void recv_until(int fd, const char *text, char *out, size_t cap);

/* Whether nothing can be read from fd for so many milliseconds. */
bool is_silent(int fd, int millis);

/*
 * Whether the system knows openat2(2), without which no symbolic link is
 * followed (valgrind and old kernels do not); says aloud when it does not.
 */
bool follows_links(void);

/* The value of a field in a response head, without case; NULL if absent.
 * It stays valid until the next call. */
const char *response_field(const char *response, const char *name);

#endif
