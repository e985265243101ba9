/*
 * Endpoints as text, and the sockets that are opened for them or adopted.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop/listen.h"
#include "tests/daemon.h"
#include "tests/run.h"

#define X10  "0123456789"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

/* Text. */

static const struct {
	const char *text;
	const char *formatted; /* NULL: it is refused */
} endpoints[] = {
	{ "8080", "0.0.0.0:8080" },
	{ "*:80", "0.0.0.0:80" },
	{ "[::]:80", "0.0.0.0:80" },
	{ "0.0.0.0:80", "0.0.0.0:80" },
	{ "127.0.0.1:0", "127.0.0.1:0" },
	{ "[::1]:65535", "[::1]:65535" },
	{ "", NULL },
	{ ":", NULL },
	{ "65536", NULL },
	{ "127.0.0.1", NULL },
	{ "127.0.0.1:", NULL },
	{ "localhost:80", NULL },
	{ "[::1]", NULL },
	{ "[::1]80", NULL },
	{ "[::1:80", NULL },
	{ "unix:/run/chatd.sock", "unix:/run/chatd.sock" },
	{ "unix:relative", "unix:relative" },
	{ "unix:with:colon", "unix:with:colon" },
	{ "unix:80", "unix:80" },
	{ "unix:", NULL },
	{ "Unix:/run/chatd.sock", NULL },
	{ "unix", NULL },
	/* 107 bytes and 108. */
	{ "unix:" X100 "0123456", "unix:" X100 "0123456" },
	{ "unix:" X100 "01234567", NULL },
};

START_TEST(parse)
{
	struct str in = str_of(endpoints[_i].text);
	const char *expected = endpoints[_i].formatted;
	char out[ENDPOINT_TEXT_MAX];
	struct endpoint ep;

	if (expected == NULL) {
		ck_assert_msg(endpoint_parse(in, &ep) == -1, "%s", in.p);
		return;
	}
	ck_assert_msg(endpoint_parse(in, &ep) == 0, "%s", in.p);
	ck_assert_str_eq(endpoint_format(&ep, out), expected);
	ck_assert_int_eq(
	    endpoint_is_unix(&ep), strncmp(expected, "unix:", 5) == 0);
}
END_TEST

START_TEST(parse_nul)
{
	struct endpoint ep;

	ck_assert_int_eq(endpoint_parse(STR("unix:/tmp/\0x"), &ep), -1);
}
END_TEST

/* Opening. */

static struct endpoint
endpoint_of(const char *text)
{
	struct endpoint ep;

	ck_assert_msg(endpoint_parse(str_of(text), &ep) == 0, "%s", text);
	return ep;
}

static int
option(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* What every socket here is. */
static void
check_flags(int fd)
{
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
}

START_TEST(open_tcp)
{
	struct endpoint ep = endpoint_of("127.0.0.1:0"), again;
	int fd = listen_stream(&ep);

	ck_assert_int_ne(fd, -1);
	check_flags(fd);
	ck_assert_uint_ne(ep.addr.port, 0);
	ck_assert_int_ne(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	close(tcp_connect((int)ep.addr.port));
	again = ep;
	ck_assert_int_eq(listen_stream(&again), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	close(fd);
}
END_TEST

START_TEST(open_udp)
{
	struct endpoint ep = endpoint_of("127.0.0.1:0");
	int fd = listen_udp(&ep);

	ck_assert_int_ne(fd, -1);
	check_flags(fd);
	ck_assert_uint_ne(ep.addr.port, 0);
	ck_assert_int_ne(option(fd, IPPROTO_IP, IP_PKTINFO), 0);
	close(fd);
}
END_TEST

START_TEST(open_any)
{
	struct endpoint ep = endpoint_of("0");
	char out[ENDPOINT_TEXT_MAX], expected[ENDPOINT_TEXT_MAX];
	int fd = listen_stream(&ep);

	ck_assert_int_ne(fd, -1);
	snprintf(
	    expected, sizeof(expected), "0.0.0.0:%u", (unsigned)ep.addr.port);
	ck_assert_str_eq(endpoint_format(&ep, out), expected);
	close(tcp_connect((int)ep.addr.port));
	close(fd);
}
END_TEST

/* Unix sockets. */

static struct endpoint
unix_endpoint(void)
{
	struct endpoint ep = { .any = false };

	snprintf(ep.path, sizeof(ep.path), "%s/socket", temp_dir());
	return ep;
}

static struct sockaddr_un
unix_name(const struct endpoint *ep)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", ep->path);
	return name;
}

/* Connects as a client does; returns 0, or errno. */
static int
try_connect(const struct endpoint *ep)
{
	struct sockaddr_un name = unix_name(ep);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result;

	result = connect(fd, (struct sockaddr *)&name, sizeof(name));
	result = result == 0 ? 0 : errno;
	close(fd);
	return result;
}

START_TEST(open_unix)
{
	struct endpoint ep = unix_endpoint(), before = ep;
	int fd = listen_stream(&ep);

	ck_assert_int_ne(fd, -1);
	check_flags(fd);
	ck_assert_str_eq(ep.path, before.path);
	ck_assert_int_eq(try_connect(&ep), 0);
	close(fd);
}
END_TEST

START_TEST(unix_mode)
{
	struct endpoint ep = unix_endpoint();
	struct stat st;
	int fd;

	umask(027);
	fd = listen_stream(&ep);
	ck_assert_int_eq(stat(ep.path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0750);
	close(fd);
}
END_TEST

START_TEST(unix_stale)
{
	struct endpoint ep = unix_endpoint();
	int fd = listen_stream(&ep);

	close(fd);
	ck_assert_int_eq(try_connect(&ep), ECONNREFUSED);
	fd = listen_stream(&ep);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(try_connect(&ep), 0);
	close(fd);
}
END_TEST

START_TEST(unix_live)
{
	struct endpoint ep = unix_endpoint();
	int fd = listen_stream(&ep);

	ck_assert_int_eq(listen_stream(&ep), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_int_eq(try_connect(&ep), 0);
	close(fd);
}
END_TEST

/* A program that does not accept is no stale one. */
START_TEST(unix_live_and_full)
{
	struct endpoint ep = unix_endpoint();
	struct sockaddr_un name = unix_name(&ep);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	ck_assert_int_eq(listen(fd, 0), 0);
	ck_assert_int_eq(try_connect(&ep), 0);
	ck_assert_int_eq(listen_stream(&ep), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_int_eq(access(ep.path, F_OK), 0);
	close(fd);
}
END_TEST

static void
make_file(const char *path)
{
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void
make_directory(const char *path)
{
	mkdir(path, 0700);
}

static void
make_fifo(const char *path)
{
	mkfifo(path, 0600);
}

static void
make_link(const char *path)
{
	ck_assert_int_eq(symlink("nowhere", path), 0);
}

static void (*const in_the_way[])(
    const char *) = { make_file, make_directory, make_fifo, make_link };

START_TEST(unix_no_socket)
{
	struct endpoint ep = unix_endpoint();
	struct stat before, after;

	in_the_way[_i](ep.path);
	ck_assert_int_eq(lstat(ep.path, &before), 0);
	ck_assert_int_eq(listen_stream(&ep), -1);
	ck_assert_int_eq(errno, ENOTSOCK);
	ck_assert_int_eq(lstat(ep.path, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
}
END_TEST

/* A link to a stale socket is not removed either. */
START_TEST(unix_linked)
{
	struct endpoint ep = unix_endpoint(), link = unix_endpoint();

	close(listen_stream(&ep));
	ck_assert_int_eq(symlink(ep.path, link.path), 0);
	ck_assert_int_eq(listen_stream(&link), -1);
	ck_assert_int_eq(errno, ENOTSOCK);
	ck_assert_int_eq(access(ep.path, F_OK), 0);
}
END_TEST

START_TEST(unix_nowhere)
{
	struct endpoint ep = endpoint_of("unix:/nonexistent/socket");

	ck_assert_int_eq(listen_stream(&ep), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(unix_datagrams)
{
	struct endpoint ep = unix_endpoint();

	ck_assert_int_eq(listen_udp(&ep), -1);
	ck_assert_int_eq(errno, EAFNOSUPPORT);
	ck_assert_int_eq(access(ep.path, F_OK), -1);
}
END_TEST

START_TEST(unix_peer)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct addr addr;

	ck_assert_int_eq(
	    addr_from_sockaddr((struct sockaddr *)&name, &addr), -1);
}
END_TEST

/* Adopting what somebody else has bound. */

static int
bound_inet(int type)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int
bound_unix(int type)
{
	struct endpoint ep = unix_endpoint();
	struct sockaddr_un name = unix_name(&ep);
	int fd = socket(AF_UNIX, type, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

static int
listening(int fd)
{
	ck_assert_int_eq(listen(fd, 8), 0);
	return fd;
}

START_TEST(adopt_tcp)
{
	int fd = listening(bound_inet(SOCK_STREAM));
	struct endpoint ep;
	bool is_udp;

	ck_assert_int_eq(listen_adopt(fd, &ep, &is_udp), 0);
	ck_assert(!is_udp);
	ck_assert(addr_is_loopback(&ep.addr) && !ep.any);
	check_flags(fd);
	ck_assert_int_ne(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	close(tcp_connect((int)ep.addr.port));
	close(fd);
}
END_TEST

START_TEST(adopt_udp)
{
	int fd = bound_inet(SOCK_DGRAM);
	struct endpoint ep;
	bool is_udp;

	ck_assert_int_eq(listen_adopt(fd, &ep, &is_udp), 0);
	ck_assert(is_udp);
	ck_assert_uint_ne(ep.addr.port, 0);
	check_flags(fd);
	ck_assert_int_ne(option(fd, IPPROTO_IP, IP_PKTINFO), 0);
	close(fd);
}
END_TEST

/* Both families, or IPv6 alone. */
START_TEST(adopt_wildcard)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	struct endpoint ep;
	bool is_udp;

	if (fd == -1) {
		fprintf(stderr, "SKIPPED: there is no IPv6 here\n");
		return;
	}
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &_i, sizeof(_i));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen_adopt(fd, &ep, &is_udp), 0);
	ck_assert_int_eq(ep.any, _i == 0);
	ck_assert_int_ne(option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO), 0);
	close(fd);
}
END_TEST

START_TEST(adopt_unix)
{
	int fd = listening(bound_unix(SOCK_STREAM));
	struct endpoint ep;
	bool is_udp;

	ck_assert_int_eq(listen_adopt(fd, &ep, &is_udp), 0);
	ck_assert(!is_udp && endpoint_is_unix(&ep));
	check_flags(fd);
	ck_assert_int_eq(try_connect(&ep), 0);
	close(fd);
}
END_TEST

static int
no_socket(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int
silent_tcp(void)
{
	return bound_inet(SOCK_STREAM);
}

static int
silent_unix(void)
{
	return bound_unix(SOCK_STREAM);
}

static int
seqpacket(void)
{
	return listening(bound_unix(SOCK_SEQPACKET));
}

static int
unix_datagram(void)
{
	return bound_unix(SOCK_DGRAM);
}

/* One with an abstract name, which the system chooses. */
static int
abstract(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	bind(fd, (struct sockaddr *)&name, sizeof(name.sun_family));
	return listening(fd);
}

static const struct {
	int (*open)(void);
	int error;
} unfit[] = {
	{ no_socket, ENOTSOCK },
	{ silent_tcp, EINVAL },
	{ silent_unix, EINVAL },
	{ seqpacket, ESOCKTNOSUPPORT },
	{ unix_datagram, EAFNOSUPPORT },
	{ abstract, EAFNOSUPPORT },
};

START_TEST(adopt_unfit)
{
	int fd = unfit[_i].open(), error;
	struct endpoint ep;
	bool is_udp;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(listen_adopt(fd, &ep, &is_udp), -1);
	error = errno;
	ck_assert_msg(
	    error == unfit[_i].error, "case %d: %s", _i, strerror(error));
	close(fd);
}
END_TEST

static Suite *
listen_suite(void)
{
	Suite *suite = suite_create("listen");
	TCase *tc = tcase_create("listen");

	tcase_add_loop_test(tc, parse, 0, CASES(endpoints));
	tcase_add_test(tc, parse_nul);
	tcase_add_test(tc, open_tcp);
	tcase_add_test(tc, open_udp);
	tcase_add_test(tc, open_any);
	tcase_add_test(tc, open_unix);
	tcase_add_test(tc, unix_mode);
	tcase_add_test(tc, unix_stale);
	tcase_add_test(tc, unix_live);
	tcase_add_test(tc, unix_live_and_full);
	tcase_add_loop_test(tc, unix_no_socket, 0, CASES(in_the_way));
	tcase_add_test(tc, unix_linked);
	tcase_add_test(tc, unix_nowhere);
	tcase_add_test(tc, unix_datagrams);
	tcase_add_test(tc, unix_peer);
	tcase_add_test(tc, adopt_tcp);
	tcase_add_test(tc, adopt_udp);
	tcase_add_loop_test(tc, adopt_wildcard, 0, 2);
	tcase_add_test(tc, adopt_unix);
	tcase_add_loop_test(tc, adopt_unfit, 0, CASES(unfit));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(listen_suite());
}
