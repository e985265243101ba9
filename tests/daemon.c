#include "tests/daemon.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"

#ifndef SYS_openat2
#define SYS_openat2 437 /* on every architecture */
#endif

#define ARGS_MAX     64
#define PROGRAMS_MAX 16
#define PIPE_SIZE    (1 << 20) /* more than a test leaves unread */

/* What runs now: a failure prints what it wrote to stderr. */
static struct {
	pid_t pid;
	int err;
} running[PROGRAMS_MAX];

/* Check forks each test; the first process outlives them and cleans up. */
static pid_t first_process;

static const char *
wrapper(void)
{
	const char *command = getenv("CHATD_TEST_WRAPPER");

	return command != NULL && command[0] != '\0' ? command : NULL;
}

/* A wrapper makes the program slower, but not the machine. */
static int64_t
deadline_start(void)
{
	int64_t seconds = wrapper() != NULL ? 6 * WAIT_SECONDS : WAIT_SECONDS;

	return clock_now().mono + SECONDS(seconds);
}

/* Whether fd, or either end of its life, is ready before the deadline. */
static bool
wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do {
		int64_t left = (deadline - clock_now().mono) / MILLIS(1);

		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n == -1 && errno == EINTR);
	return n == 1;
}

static bool
is_readable_now(int fd)
{
	return wait_for(fd, POLLIN, 0);
}

/* What all running programs wrote to stderr and nobody has read. */
static void
add_errors(struct buf *b)
{
	char chunk[4096];
	ssize_t n;

	for (int i = 0; i < PROGRAMS_MAX; i++) {
		if (running[i].pid == 0 || running[i].err == -1)
			continue;
		buf_addf(b, "\nstderr of %d: ", (int)running[i].pid);
		while (is_readable_now(running[i].err) &&
		    (n = read(running[i].err, chunk, sizeof(chunk))) > 0)
			buf_add(b, chunk, (size_t)n);
	}
	buf_add(b, "", 1);
}

static void give_up(const char *, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

static void
give_up(const char *format, ...)
{
	struct buf errors = { 0 };
	char what[4096];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	add_errors(&errors);
	ck_abort_msg("%.3000s%.4000s", what, buf_data(&errors));
}

/* Starting and ending programs. */

/* Writes new over the entry that has old; 0 is nobody. */
static void
running_replace(pid_t old, pid_t new, int err)
{
	for (int i = 0; i < PROGRAMS_MAX; i++) {
		if (running[i].pid == old) {
			running[i].pid = new;
			running[i].err = err;
			return;
		}
	}
	give_up("more than %d programs at once", PROGRAMS_MAX);
}

/* In the child: becomes the program and does not return. */
static void
child_exec(const char *name, const char *const *args)
{
	const char *dir = getenv("CHATD_BUILDDIR");
	const char *argv[ARGS_MAX];
	char path[4096];
	int n = 0;

	if (wrapper() != NULL) {
		char *word = strtok(strdup(wrapper()), " ");

		for (; word != NULL && n < ARGS_MAX / 2; n++) {
			argv[n] = word;
			word = strtok(NULL, " ");
		}
	}
	snprintf(path, sizeof(path), "%s/%s", dir != NULL ? dir : ".", name);
	argv[n++] = path;
	while (args != NULL && *args != NULL && n < ARGS_MAX - 1)
		argv[n++] = *args++;
	argv[n] = NULL;
	execvp(argv[0], (char *const *)argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Starts the program on these descriptors, which it closes here. */
static pid_t
spawn(const char *name, const char *const *args, const int fds[3],
    bool is_terminal)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == -1)
		give_up("fork: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		signal(SIGPIPE, SIG_DFL);
		if (is_terminal &&
		    (setsid() == -1 || ioctl(fds[0], TIOCSCTTY, 0) == -1))
			_exit(127);
		for (int i = 0; i < 3; i++)
			dup2(fds[i], i);
		child_exec(name, args);
	}
	for (int i = 0; i < (is_terminal ? 1 : 3); i++)
		close(fds[i]);
	return pid;
}

static void
make_pipe(int *ours, int *theirs, bool we_read)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		give_up("pipe: %s", strerror(errno));
	/* Refused to a user who has many pipes: then it holds less. */
	if (we_read)
		fcntl(fds[0], F_SETPIPE_SZ, PIPE_SIZE);
	*ours = fds[we_read ? 0 : 1];
	*theirs = fds[we_read ? 1 : 0];
}

void
program_start(struct program *p, const char *name, const char *const *args)
{
	int fds[3];

	*p = (struct program){ 0 };
	make_pipe(&p->in, &fds[0], false);
	make_pipe(&p->out, &fds[1], true);
	make_pipe(&p->err, &fds[2], true);
	p->pid = spawn(name, args, fds, false);
	running_replace(0, p->pid, p->err);
}

void
program_start_pty(struct program *p, const char *name, const char *const *args)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	char path[64];
	int fds[3];

	*p = (struct program){ .err = -1 };
	p->out = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->out == -1 || grantpt(p->out) == -1 || unlockpt(p->out) == -1 ||
	    ptsname_r(p->out, path, sizeof(path)) != 0)
		give_up("no pseudo-terminal: %s", strerror(errno));
	ioctl(p->out, TIOCSWINSZ, &size);
	p->in = fcntl(p->out, F_DUPFD_CLOEXEC, 0);
	fds[0] = fds[1] = fds[2] = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->in == -1 || fds[0] == -1)
		give_up("%s: %s", path, strerror(errno));
	p->pid = spawn(name, args, fds, true);
	running_replace(0, p->pid, p->err);
}

/* The port of ` NAME=HOST:PORT` in the ready line; 0 for off. */
static int
ready_port(const char *line, const char *name)
{
	const char *at = strstr(line, name), *end;

	if (at == NULL)
		give_up("no%s in the ready line: %s", name, line);
	end = at + 1 + strcspn(at + 1, " \n");
	while (end > at && end[-1] != ':')
		end--;
	return end > at ? atoi(end) : 0;
}

void
daemon_start(struct program *p, const char *const *args)
{
	const char *argv[ARGS_MAX] = { "--port=0" };
	const char *pid;

	for (int n = 1; args != NULL && *args != NULL && n < ARGS_MAX - 1; n++)
		argv[n] = *args++;
	program_start(p, "chatd", argv);
	read_until(p->out, "\n", p->ready, sizeof(p->ready));
	if (strncmp(p->ready, "chatd: ready ", 13) != 0)
		give_up("the first line is not the ready line: %s", p->ready);
	p->http_port = ready_port(p->ready, " http=");
	p->udp_port = ready_port(p->ready, " udp=");
	pid = strstr(p->ready, " pid=");
	if (pid == NULL || (wrapper() == NULL && atoi(pid + 5) != p->pid))
		give_up("it is process %d, not: %s", (int)p->pid, p->ready);
}

static void
close_once(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
program_close_stdin(struct program *p)
{
	if (p->err == -1)
		send_text(p->in, "\004");
	else
		close_once(&p->in);
}

/* Reads what there is and hands it on to fd `to`; false at the end. */
static bool
pass_on(int fd, int to)
{
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n > 0 && to != -1 && write(to, chunk, (size_t)n) == -1)
		return false;
	return n > 0;
}

/*
 * A program that waits for its reader does not end, so its output is read
 * until it has ended.  What nobody read of its stderr goes to our own.
 */
static bool
drain_until_end(struct program *p, int64_t deadline)
{
	enum {
		END,
		OUT,
		ERR
	};
	struct pollfd fds[] = {
		[END] = { .events = POLLIN },
		[OUT] = { .fd = p->out, .events = POLLIN },
		[ERR] = { .fd = p->err, .events = POLLIN },
	};
	bool has_ended = false;

	fds[END].fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (fds[END].fd == -1)
		give_up("pidfd_open: %s", strerror(errno));
	while (!has_ended) {
		int64_t left = (deadline - clock_now().mono) / MILLIS(1);

		if (left <= 0 || poll(fds, 3, (int)left) == 0)
			break;
		if (fds[OUT].revents != 0 && !pass_on(p->out, -1))
			fds[OUT].fd = -1;
		if (fds[ERR].revents != 0 && !pass_on(p->err, STDERR_FILENO))
			fds[ERR].fd = -1;
		has_ended = fds[END].revents != 0;
	}
	while (has_ended && p->err != -1 && is_readable_now(p->err) &&
	    pass_on(p->err, STDERR_FILENO))
		continue;
	close(fds[END].fd);
	return has_ended;
}

int
program_wait(struct program *p)
{
	int status;

	if (!drain_until_end(p, deadline_start())) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, &status, 0);
		give_up("process %d did not end", (int)p->pid);
	}
	waitpid(p->pid, &status, 0);
	running_replace(p->pid, 0, -1);
	close_once(&p->in);
	close_once(&p->out);
	close_once(&p->err);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

void
daemon_stop(struct program *p)
{
	int status;

	kill(p->pid, SIGTERM);
	status = program_wait(p);
	if (status != 0)
		give_up("chatd ended with status %d after SIGTERM", status);
}

/* Files. */

/* From directory to directory, since a whole path may be too long. */
static void
remove_at(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			remove_at(fd, entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	unlinkat(parent, name, dir != NULL ? AT_REMOVEDIR : 0);
}

/* The pattern, or the start, of the names of this run's directories. */
static void
temp_path(char *out, size_t cap, const char *end)
{
	const char *dir = getenv("TMPDIR");

	snprintf(out, cap, "%s/chatd-test-%d-%s", dir != NULL ? dir : "/tmp",
	    (int)first_process, end);
}

static void
temp_remove_all(void)
{
	char pattern[4096];
	glob_t found;

	if (getpid() != first_process)
		return;
	temp_path(pattern, sizeof(pattern), "*");
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		remove_at(AT_FDCWD, found.gl_pathv[i]);
	globfree(&found);
}

/* Before main(): Check's own limit, 4 s, would come before our deadlines. */
static void __attribute__((constructor)) test_init(void)
{
	setenv("CK_DEFAULT_TIMEOUT", "60", 0);
	first_process = getpid();
	atexit(temp_remove_all);
}

const char *
temp_dir(void)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];

	temp_path(path, sizeof(paths[0]), "XXXXXX");
	if (mkdtemp(path) == NULL)
		give_up("%s: %s", path, strerror(errno));
	return path;
}

void
temp_file(const char *dir, const char *name, const void *data, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0)
		give_up("%s: %s", path, strerror(errno));
}

bool
follows_links(void)
{
	if (syscall(SYS_openat2, -1, "", NULL, 0) == -1 && errno != ENOSYS)
		return true;
	fprintf(stderr, "SKIPPED: links, since there is no openat2(2) here\n");
	return false;
}

/* Sockets and streams. */

static int
connect_loopback(int type, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = WAIT_SECONDS };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd == -1)
		give_up("socket: %s", strerror(errno));
	/* This bounds connect(2). */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1)
		give_up("connect to port %d: %s", port, strerror(errno));
	return fd;
}

int
tcp_connect(int port)
{
	return connect_loopback(SOCK_STREAM, port);
}

int
udp_connect(int port)
{
	return connect_loopback(SOCK_DGRAM, port);
}

/* One write that does not wait; no more than a pipe or terminal takes. */
static ssize_t
send_some(int fd, const char *p, size_t len)
{
	ssize_t n = send(fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n == -1 && errno == ENOTSOCK)
		n = write(fd, p, len < 512 ? len : 512);
	return n;
}

void
send_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	int64_t deadline = deadline_start();

	signal(SIGPIPE, SIG_IGN);
	for (size_t sent = 0; sent < len;) {
		ssize_t n;

		if (!wait_for(fd, POLLOUT, deadline))
			give_up("sent %zu of %zu bytes in time", sent, len);
		n = send_some(fd, p + sent, len - sent);
		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EPIPE || errno == ECONNRESET)
			return;
		/* The error of an earlier datagram: this one was not sent. */
		else if (errno != EAGAIN && errno != EINTR &&
		    errno != ECONNREFUSED)
			give_up("send: %s", strerror(errno));
	}
}

void
send_text(int fd, const char *text)
{
	send_all(fd, text, strlen(text));
}

/* Bytes read; 0 at the end of the stream, however it came; -1 in time. */
static ssize_t
read_some(int fd, void *p, size_t len, int64_t deadline)
{
	ssize_t n;

	do {
		if (!wait_for(fd, POLLIN, deadline))
			return -1;
		n = read(fd, p, len);
	} while (n == -1 && (errno == EINTR || errno == EAGAIN));
	/* A terminal whose other side is closed says EIO. */
	if (n == -1 && errno != ECONNRESET && errno != EIO)
		give_up("read: %s", strerror(errno));
	return n == -1 ? 0 : n;
}

size_t
read_to_end(int fd, char **data)
{
	int64_t deadline = deadline_start();
	struct buf b = { 0 };
	char chunk[4096];
	ssize_t n;

	while ((n = read_some(fd, chunk, sizeof(chunk), deadline)) > 0)
		buf_add(&b, chunk, (size_t)n);
	buf_add(&b, "", 1);
	if (n == -1 || buf_failed(&b))
		give_up("no end in time after %zu bytes: %s", buf_len(&b) - 1,
		    buf_data(&b));
	*data = b.base;
	return buf_len(&b) - 1;
}

/* Byte by byte, so that what follows text is left for the next call. */
size_t
read_until(int fd, const char *text, char *out, size_t cap)
{
	int64_t deadline = deadline_start();
	size_t want = strlen(text), len = 0;

	out[0] = '\0';
	while (len < want || memcmp(out + len - want, text, want) != 0) {
		ssize_t n;

		if (len == cap - 1)
			give_up("no '%s' in the first %zu bytes: %s", text, len,
			    out);
		n = read_some(fd, out + len, 1, deadline);
		if (n <= 0)
			give_up("no '%s' %s after: %s", text,
			    n == 0 ? "before the end" : "in time", out);
		out[++len] = '\0';
	}
	return len;
}

/* -1 in time. */
static ssize_t
recv_some(int fd, char *out, size_t cap, int64_t deadline)
{
	ssize_t n;

	if (!wait_for(fd, POLLIN, deadline))
		return -1;
	n = recv(fd, out, cap - 1, 0);
	if (n == -1)
		give_up("recv: %s", strerror(errno));
	out[n] = '\0';
	return n;
}

size_t
recv_datagram(int fd, char *out, size_t cap)
{
	ssize_t n = recv_some(fd, out, cap, deadline_start());

	if (n == -1)
		give_up("no datagram in time");
	return (size_t)n;
}

void
recv_until(int fd, const char *text, char *out, size_t cap)
{
	int64_t deadline = deadline_start();
	struct buf seen = { 0 };

	while (recv_some(fd, out, cap, deadline) != -1) {
		if (strstr(out, text) != NULL) {
			buf_free(&seen);
			return;
		}
		buf_addf(&seen, "\n%s", out);
	}
	buf_add(&seen, "", 1);
	give_up(
	    "no datagram with '%s' in time after:%s", text, buf_data(&seen));
}

bool
is_silent(int fd, int millis)
{
	return !wait_for(fd, POLLIN, clock_now().mono + MILLIS(millis));
}

const char *
response_field(const char *response, const char *name)
{
	static char value[4096];
	struct str rest = str_of(response), line = str_cut(&rest, '\n');

	for (line = str_cut(&rest, '\n'); line.len > 1;
	     line = str_cut(&rest, '\n')) {
		struct str key = str_cut(&line, ':');

		if (!str_eq_nocase(key, str_of(name)))
			continue;
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		line = str_trim(line);
		snprintf(value, sizeof(value), "%.*s", (int)line.len, line.p);
		return value;
	}
	return NULL;
}
