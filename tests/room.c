#include "tests/room.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct program chatd;
char heard[HEARD_MAX];
char printed[PRINTED_MAX];

void
start(const char *option)
{
	const char *args[] = { "--console", option, NULL };

	daemon_start(&chatd, args);
}

void
hears(int fd, const char *text)
{
	recv_until(fd, text, heard, sizeof(heard));
}

void
hears_without(int fd, const char *text, const char *never)
{
	do {
		recv_datagram(fd, heard, sizeof(heard));
		ck_assert_msg(strstr(heard, never) == NULL,
		    "heard '%s' before '%s'", heard, text);
	} while (strstr(heard, text) == NULL);
}

void
prints(const char *text)
{
	read_until(chatd.out, text, printed, sizeof(printed));
}

void
types(const char *line)
{
	send_text(chatd.in, line);
}

int
join(void)
{
	int fd = udp_connect(chatd.udp_port);

	send_text(fd, "/history\n");
	hears(fd, "nothing was said yet");
	return fd;
}

int
join_as(const char *nick)
{
	int fd = udp_connect(chatd.udp_port);
	char text[64];

	snprintf(text, sizeof(text), "/nick %s\n", nick);
	send_text(fd, text);
	snprintf(text, sizeof(text), "is now %s", nick);
	hears(fd, text);
	return fd;
}

const char *
name_of(int fd)
{
	static char name[64];
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	char host[INET_ADDRSTRLEN];

	ck_assert(getsockname(fd, (struct sockaddr *)&sin, &len) == 0);
	inet_ntop(AF_INET, &sin.sin_addr, host, sizeof(host));
	snprintf(name, sizeof(name), "%s@%d", host, ntohs(sin.sin_port));
	return name;
}

int
connect_to(const char *to)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)chatd.udp_port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	inet_pton(AF_INET, to, &sin.sin_addr);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}
