/*
 * chatd and the system around it: Unix sockets, a service manager, and what
 * it gives up.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

#define GET "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#define X10 "0123456789"
#define X50 X10 X10 X10 X10 X10

/* Closes fd. */
static void
check_answers(int fd)
{
	char *response;

	send_text(fd, GET);
	read_to_end(fd, &response);
	ck_assert_msg(
	    strncmp(response, "HTTP/1.1 200 OK\r\n", 17) == 0, "%s", response);
	free(response);
	close(fd);
}

/* Waits for a chatd that ends by itself with this status, and says this. */
static void
check_fails(struct program *p, int status, const char *said)
{
	char *out, *err;
	int got;

	read_to_end(p->out, &out);
	read_to_end(p->err, &err);
	got = program_wait(p);
	ck_assert_msg(got == status, "%d: %s", got, err);
	ck_assert_str_eq(out, "");
	ck_assert_msg(strncmp(err, "chatd: ", 7) == 0, "%s", err);
	ck_assert_msg(strstr(err, said) != NULL, "no '%s' in %s", said, err);
	free(out);
	free(err);
}

/* Unix sockets. */

/* A path, and the option that has HTTP listen there. */
struct place {
	char path[512];
	char option[600];
};

static struct place
new_place(void)
{
	struct place place;

	snprintf(place.path, sizeof(place.path), "%s/socket", temp_dir());
	snprintf(
	    place.option, sizeof(place.option), "--http=unix:%s", place.path);
	return place;
}

static struct sockaddr_un
unix_name(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	ck_assert_uint_lt(strlen(path), sizeof(name.sun_path));
	memcpy(name.sun_path, path, strlen(path) + 1);
	return name;
}

static int
unix_connect(const char *path)
{
	struct sockaddr_un name = unix_name(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) == -1)
		ck_abort_msg("%s: %s", path, strerror(errno));
	return fd;
}

static int
unix_bind(int type, const char *path)
{
	struct sockaddr_un name = unix_name(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == -1)
		ck_abort_msg("%s: %s", path, strerror(errno));
	return fd;
}

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

START_TEST(unix_socket)
{
	struct place place = new_place();
	const char *args[] = { place.option, NULL };
	char expected[600];
	struct program p;

	daemon_start(&p, args);
	snprintf(expected, sizeof(expected), " http=unix:%s ", place.path);
	ck_assert_msg(strstr(p.ready, expected) != NULL, "%s", p.ready);
	check_answers(unix_connect(place.path));
	daemon_stop(&p);
	ck_assert(!exists(place.path));
}
END_TEST

START_TEST(unix_and_tcp)
{
	struct place place = new_place();
	const char *args[] = { "--http=127.0.0.1:0", place.option, NULL };
	struct program p;

	daemon_start(&p, args);
	check_answers(tcp_connect(p.http_port));
	check_answers(unix_connect(place.path));
	daemon_stop(&p);
	ck_assert(!exists(place.path));
}
END_TEST

START_TEST(unix_stale)
{
	struct place place = new_place();
	const char *args[] = { place.option, NULL };
	struct program p;

	daemon_start(&p, args);
	kill(p.pid, SIGKILL);
	program_wait(&p);
	ck_assert(exists(place.path));
	daemon_start(&p, args);
	check_answers(unix_connect(place.path));
	daemon_stop(&p);
}
END_TEST

START_TEST(unix_live)
{
	struct place place = new_place();
	const char *args[] = { place.option, "--no-udp", NULL };
	struct program first, second;
	char said[1024];

	daemon_start(&first, args);
	program_start(&second, "chatd", args);
	snprintf(said, sizeof(said), "unix:%s: %s", place.path,
	    strerror(EADDRINUSE));
	check_fails(&second, 1, said);
	check_answers(unix_connect(place.path));
	daemon_stop(&first);
}
END_TEST

START_TEST(unix_no_socket)
{
	struct place place = new_place();
	const char *args[] = { place.option, "--no-udp", NULL };
	struct program p;

	ck_assert_int_eq(mkdir(place.path, 0700), 0);
	program_start(&p, "chatd", args);
	check_fails(&p, 1, strerror(ENOTSOCK));
	ck_assert(exists(place.path));
}
END_TEST

/* What stands there in the end is not what the daemon made. */
START_TEST(unix_replaced)
{
	struct place place = new_place();
	const char *args[] = { place.option, NULL };
	struct program p;
	int fd;

	daemon_start(&p, args);
	ck_assert_int_eq(unlink(place.path), 0);
	fd = unix_bind(SOCK_STREAM, place.path);
	daemon_stop(&p);
	ck_assert(exists(place.path));
	close(fd);
}
END_TEST

/* One that cannot start leaves nothing behind. */
START_TEST(unix_cleaned_up)
{
	struct place place = new_place();
	const char *args[] = { place.option, "--http=192.0.2.1:0", NULL };
	struct program p;

	program_start(&p, "chatd", args);
	check_fails(&p, 1, "192.0.2.1");
	ck_assert(!exists(place.path));
}
END_TEST

static const struct {
	const char *option, *said;
} refused[] = {
	{ "--http=unix:", "--http=unix:: should be" },
	{ "--http=unix:/" X50 X50 X10, "should be" },
	{ "--udp=unix:/tmp/chatd.sock", "--udp=unix:/tmp/chatd.sock" },
};

START_TEST(unix_refused)
{
	const char *args[] = { refused[_i].option, NULL };
	struct program p;

	program_start(&p, "chatd", args);
	check_fails(&p, 2, refused[_i].said);
}
END_TEST

START_TEST(unix_banner)
{
	struct place place = new_place();
	const char *args[] = { "--port=0", place.option, NULL };
	char text[4096], expected[600];
	struct program p;

	program_start_pty(&p, "chatd", args);
	snprintf(expected, sizeof(expected),
	    "curl --unix-socket %s http://localhost/", place.path);
	read_until(p.out, expected, text, sizeof(text));
	read_until(p.out, "no_new_privs", text, sizeof(text));
	program_close_stdin(&p);
	ck_assert_int_eq(program_wait(&p), 0);
}
END_TEST

/* A service manager. */

/* Without libsystemd there is none for chatd. */
static bool
has_systemd(void)
{
	if (!HAVE_SYSTEMD)
		fprintf(stderr, "SKIPPED: this build has no libsystemd\n");
	return HAVE_SYSTEMD;
}

#define PASSED_MAX 2
#define PASSED_FD  3 /* the first, sd_listen_fds(3) */

/*
 * What is started next finds the descriptors where a service manager puts
 * them; ours that are there meanwhile stand aside.
 */
static void
swap_in(const int *fds, int n, int aside[PASSED_MAX])
{
	for (int i = 0; i < n; i++) {
		aside[i] = fcntl(PASSED_FD + i, F_DUPFD_CLOEXEC, 100);
		dup2(fds[i], PASSED_FD + i);
	}
}

static void
swap_out(int n, const int aside[PASSED_MAX])
{
	for (int i = 0; i < n; i++) {
		if (aside[i] == -1) {
			close(PASSED_FD + i);
			continue;
		}
		dup3(aside[i], PASSED_FD + i, O_CLOEXEC);
		close(aside[i]);
	}
}

/* The shell has the process that then becomes the daemon. */
static void
wrap_passing(int n, const char *outer)
{
	static const char script[] = "LISTEN_PID=$$\n"
				     "export LISTEN_PID\n"
				     "exec \"$@\"\n";
	const char *dir = temp_dir();
	char command[2048], number[16];

	temp_file(dir, "pass", script, sizeof(script) - 1);
	snprintf(command, sizeof(command), "sh %s/pass %s", dir, outer);
	setenv("CHATD_TEST_WRAPPER", command, 1);
	snprintf(number, sizeof(number), "%d", n);
	setenv("LISTEN_FDS", number, 1);
}

typedef void start_fn(struct program *, const char *const *args);

static void
start_unready(struct program *p, const char *const *args)
{
	program_start(p, "chatd", args);
}

/* Closes the descriptors here. */
static void
start_passing(struct program *p, start_fn *start, const int *fds, int n,
    const char *const *args)
{
	const char *wrapper = getenv("CHATD_TEST_WRAPPER");
	char outer[1024];
	int high[PASSED_MAX], aside[PASSED_MAX];

	snprintf(outer, sizeof(outer), "%s", wrapper != NULL ? wrapper : "");
	wrap_passing(n, outer);
	for (int i = 0; i < n; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 100);
		close(fds[i]);
	}
	swap_in(high, n, aside);
	start(p, args);
	swap_out(n, aside);
	setenv("CHATD_TEST_WRAPPER", outer, 1);
	for (int i = 0; i < n; i++)
		close(high[i]);
}

static int
inet_bind(int type, int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&at, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) == -1)
		ck_abort_msg("bind: %s", strerror(errno));
	*port = ntohs(at.sin_port);
	return fd;
}

static int
inet_listen(int *port)
{
	int fd = inet_bind(SOCK_STREAM, port);

	ck_assert_int_eq(listen(fd, 8), 0);
	return fd;
}

START_TEST(passed_both)
{
	int tcp, udp,
	    fds[] = { inet_listen(&tcp), inet_bind(SOCK_DGRAM, &udp) };
	struct program p;
	char line[2048];
	int fd;

	if (!has_systemd())
		return;
	start_passing(&p, daemon_start, fds, 2, NULL);
	ck_assert_int_eq(p.http_port, tcp);
	ck_assert_int_eq(p.udp_port, udp);
	check_answers(tcp_connect(tcp));
	fd = udp_connect(udp);
	send_text(fd, "/who\n");
	recv_until(fd, "lobby", line, sizeof(line));
	close(fd);
	daemon_stop(&p);
}
END_TEST

/* What is passed takes the place of the defaults, */
START_TEST(passed_one)
{
	int port, fd = inet_listen(&port);
	struct program p;

	if (!has_systemd())
		return;
	start_passing(&p, daemon_start, &fd, 1, NULL);
	ck_assert_int_eq(p.http_port, port);
	ck_assert_msg(strstr(p.ready, " udp=off ") != NULL, "%s", p.ready);
	daemon_stop(&p);
}
END_TEST

/* but not of what is asked for. */
START_TEST(passed_beside)
{
	static const char *const args[] = { "--udp=127.0.0.1:0", NULL };
	struct place place = new_place();
	int fd = unix_bind(SOCK_STREAM, place.path);
	struct program p;

	if (!has_systemd())
		return;
	ck_assert_int_eq(listen(fd, 8), 0);
	start_passing(&p, daemon_start, &fd, 1, args);
	ck_assert_msg(strstr(p.ready, place.path) != NULL, "%s", p.ready);
	ck_assert_int_ne(p.udp_port, 0);
	check_answers(unix_connect(place.path));
	daemon_stop(&p);
	/* It is the manager's. */
	ck_assert(exists(place.path));
}
END_TEST

static int
silent_stream(void)
{
	int port;

	return inet_bind(SOCK_STREAM, &port);
}

static int
seqpacket(void)
{
	return unix_bind(SOCK_SEQPACKET, new_place().path);
}

static int
no_socket(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int (*const unfit[])(void) = { silent_stream, seqpacket, no_socket };

START_TEST(passed_unfit)
{
	int port, fds[] = { inet_listen(&port), unfit[_i]() };
	struct program p;

	if (!has_systemd())
		return;
	start_passing(&p, start_unready, fds, 2, NULL);
	check_fails(&p, 1, "socket 4");
}
END_TEST

/* The manager's socket, at a path or with an abstract name. */
static int
notify_socket(bool is_abstract)
{
	struct place place = new_place();
	struct sockaddr_un name = unix_name(place.path);
	socklen_t len = (socklen_t)(sizeof(sa_family_t) + strlen(place.path));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (is_abstract) {
		name.sun_path[0] = '\0';
		place.path[0] = '@';
	}
	if (bind(fd, (struct sockaddr *)&name, len) == -1)
		ck_abort_msg("%s: %s", place.path, strerror(errno));
	setenv("NOTIFY_SOCKET", place.path, 1);
	return fd;
}

START_TEST(notifies)
{
	struct program p;
	char told[256];
	int fd;

	if (!has_systemd())
		return;
	fd = notify_socket(_i == 1);
	daemon_start(&p, NULL);
	recv_until(fd, "READY=1", told, sizeof(told));
	kill(p.pid, SIGHUP);
	recv_until(fd, "RELOADING=1\nMONOTONIC_USEC=", told, sizeof(told));
	recv_until(fd, "READY=1", told, sizeof(told));
	kill(p.pid, SIGTERM);
	recv_until(fd, "STOPPING=1", told, sizeof(told));
	ck_assert_int_eq(program_wait(&p), 0);
	close(fd);
}
END_TEST

/* What it gives up. */

/* A line of /proc/PID/status, without its name. */
static const char *
process_status(const struct program *p, const char *name)
{
	static char line[256];
	char path[64];
	size_t len = strlen(name);
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)p->pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, name, len) == 0 && line[len] == ':') {
			fclose(f);
			return line + len + 1;
		}
	}
	ck_abort_msg("no %s in %s", name, path);
}

/* The four of a kind: real, effective, saved, and of the file system. */
static void
check_ids(const struct program *p, const char *name, unsigned id)
{
	char expected[64];

	snprintf(
	    expected, sizeof(expected), "\t%u\t%u\t%u\t%u\n", id, id, id, id);
	ck_assert_str_eq(process_status(p, name), expected);
}

static const char *const as_nobody[] = { "--port=0", "--user=nobody", NULL };

START_TEST(user)
{
	const struct passwd *pw = getpwnam("nobody");
	struct program p;

	if (getuid() != 0 || pw == NULL) {
		fprintf(stderr, "SKIPPED: this needs root and nobody\n");
		return;
	}
	daemon_start(&p, as_nobody);
	check_ids(&p, "Uid", pw->pw_uid);
	check_ids(&p, "Gid", pw->pw_gid);
	ck_assert_int_eq(atoi(process_status(&p, "Groups")), (int)pw->pw_gid);
	ck_assert_str_eq(process_status(&p, "CapEff"), "\t0000000000000000\n");
	ck_assert_str_eq(process_status(&p, "NoNewPrivs"), "\t1\n");
	check_answers(tcp_connect(p.http_port));
	daemon_stop(&p);
}
END_TEST

/* Whether the daemon can be started by somebody who is not root: now us. */
static bool
leave_root(void)
{
	const struct passwd *pw = getpwnam("nobody");
	const char *dir = getenv("CHATD_BUILDDIR");
	char path[4096];

	snprintf(path, sizeof(path), "%s/chatd", dir != NULL ? dir : ".");
	if ((getuid() != 0 || (pw != NULL && setuid(pw->pw_uid) == 0)) &&
	    access(path, X_OK) == 0)
		return true;
	fprintf(stderr, "SKIPPED: only root can run %s\n", path);
	return false;
}

START_TEST(user_not_root)
{
	struct program p;

	if (!leave_root())
		return;
	program_start(&p, "chatd", as_nobody);
	check_fails(&p, 1, "cannot become nobody");
}
END_TEST

START_TEST(user_unknown)
{
	static const char *const args[] = { "--port=0", "--user=no such user",
		NULL };
	struct program p;

	program_start(&p, "chatd", args);
	check_fails(&p, 1, "cannot become no such user");
}
END_TEST

/* It is confined unless told otherwise. */
static const struct {
	const char *option;
	const char *no_new_privs;
} sandboxes[] = {
	{ NULL, "\t1\n" },
	{ "--no-sandbox", "\t0\n" },
};

START_TEST(sandbox)
{
	const char *args[] = { sandboxes[_i].option, NULL };
	struct program p;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0) {
		fprintf(stderr, "SKIPPED: all here have no_new_privs\n");
		return;
	}
	daemon_start(&p, args);
	ck_assert_str_eq(
	    process_status(&p, "NoNewPrivs"), sandboxes[_i].no_new_privs);
	check_answers(tcp_connect(p.http_port));
	daemon_stop(&p);
}
END_TEST

static Suite *
process_suite(void)
{
	Suite *suite = suite_create("process");
	TCase *tc = tcase_create("process");

	tcase_add_test(tc, unix_socket);
	tcase_add_test(tc, unix_and_tcp);
	tcase_add_test(tc, unix_stale);
	tcase_add_test(tc, unix_live);
	tcase_add_test(tc, unix_no_socket);
	tcase_add_test(tc, unix_replaced);
	tcase_add_test(tc, unix_cleaned_up);
	tcase_add_loop_test(tc, unix_refused, 0, CASES(refused));
	tcase_add_test(tc, unix_banner);
	tcase_add_test(tc, passed_both);
	tcase_add_test(tc, passed_one);
	tcase_add_test(tc, passed_beside);
	tcase_add_loop_test(tc, passed_unfit, 0, CASES(unfit));
	tcase_add_loop_test(tc, notifies, 0, 2);
	tcase_add_test(tc, user);
	tcase_add_test(tc, user_not_root);
	tcase_add_test(tc, user_unknown);
	tcase_add_loop_test(tc, sandbox, 0, CASES(sandboxes));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(process_suite());
}
