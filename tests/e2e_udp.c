/*
 * The chat on the network: datagrams of every size, addresses that answers
 * come from, peers that are gone, and peers that must show their address.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/room.h"
#include "tests/run.h"

#define UNTRUSTED "198.51.100.1" /* TEST-NET-2 (RFC 5737) */

START_TEST(test_the_longest_datagram)
{
	static char big[65507];
	int a, b;

	start(NULL);
	a = join();
	b = join();
	memset(big, 'z', sizeof(big));
	ck_assert_int_eq(send(a, big, sizeof(big), 0), sizeof(big));
	hears(a, "your line was cut");
	hears(b, "zzz");
	send_text(a, "still here\n");
	hears(b, "still here");
	daemon_stop(&chatd);
}
END_TEST

START_TEST(test_an_empty_datagram_is_ignored)
{
	int a, mute;

	start(NULL);
	a = join();
	mute = udp_connect(chatd.udp_port);
	ck_assert_int_eq(send(mute, "", 0, 0), 0);
	send_text(a, "/who\n");
	hears(a, "here: ");
	ck_assert_ptr_eq(strstr(heard, name_of(mute)), NULL);
	ck_assert(is_silent(mute, 0));
	daemon_stop(&chatd);
}
END_TEST

/*
 * The second line is sent when the error that the first one caused is known:
 * to the others it makes no difference.
 */
START_TEST(test_closed_peers_are_dropped)
{
	char lines[2][HEARD_MAX];
	int others[2], gone[2], a;

	start(NULL);
	a = join();
	for (int i = 0; i < 2; i++) {
		others[i] = join();
		gone[i] = join();
		snprintf(lines[i], HEARD_MAX, "* %s left", name_of(gone[i]));
	}
	close(gone[0]);
	close(gone[1]);
	send_text(a, "anybody?\nnobody?\n");
	for (int i = 0; i < 2; i++) {
		hears(others[i], "anybody?");
		hears_without(others[i], "nobody?", "left");
		hears(others[i], lines[0]);
		hears(others[i], lines[1]);
	}
	send_text(others[0], "we are here\n");
	hears(a, "we are here");
	daemon_stop(&chatd);
}
END_TEST

/* The option says whether the socket is IPv4's alone. */
static const char *const udp_options[] = { NULL, "--udp=0.0.0.0:0" };

START_TEST(test_answers_come_from_the_address_written_to)
{
	int a, b;

	start(udp_options[_i]);
	a = connect_to("127.0.0.2");
	b = join();
	send_text(a, "/who\n");
	hears(a, "here: ");
	send_text(b, "hello\n");
	hears(a, "hello");
	daemon_stop(&chatd);
}
END_TEST

static const char *const udp6_options[] = { NULL, "--udp=[::1]:0" };

START_TEST(test_ipv6)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int a, b;

	start(udp6_options[_i]);
	sin6.sin6_port = htons((uint16_t)chatd.udp_port);
	a = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	b = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (a == -1 || b == -1 ||
	    connect(a, (struct sockaddr *)&sin6, sizeof(sin6)) == -1 ||
	    connect(b, (struct sockaddr *)&sin6, sizeof(sin6)) == -1) {
		fprintf(stderr, "skipped: no IPv6: %s\n", strerror(errno));
		daemon_stop(&chatd);
		return;
	}
	send_text(a, "from a\n");
	hears(a, "here");
	prints("[::1@");
	send_text(b, "from b\n");
	hears(a, "]: from b\n");
	ck_assert_int_eq(strncmp(heard, "[::1@", 5), 0);
	close(b);
	send_text(a, "anybody?\n");
	hears(a, "left");
	daemon_stop(&chatd);
}
END_TEST

/*
 * A network namespace of the test's own, whose loopback interface has an
 * address that chatd does not trust by itself.  Returns 0, or -1 with errno.
 */
static int
enter_untrusted_network(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct ifreq alias = { .ifr_name = "lo:1" };
	int fd, result;

	if (unshare(CLONE_NEWNET) == -1 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) == -1)
		return -1;
	inet_pton(AF_INET, UNTRUSTED, &sin.sin_addr);
	memcpy(&alias.ifr_addr, &sin, sizeof(sin));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	result = ioctl(fd, SIOCSIFFLAGS, &up);
	if (result == 0)
		result = ioctl(fd, SIOCSIFADDR, &alias);
	close(fd);
	return result;
}

/* Whether the test goes on there. */
static bool
start_untrusted(const char *option)
{
	if (enter_untrusted_network() == -1) {
		fprintf(stderr, "skipped: no network namespace: %s\n",
		    strerror(errno));
		return false;
	}
	start(option);
	return true;
}

/* Asks for a code in a line long enough for the question; it is in code. */
static void
ask_for_code(int fd, char code[8])
{
	static const char line[] = "hello, may I come in?\n";

	send_text(fd, line);
	hears(fd, "* type ");
	ck_assert_uint_le(strlen(heard), 3 * strlen(line));
	ck_assert_int_eq(sscanf(heard, "* type %6s to join", code), 1);
	ck_assert(is_silent(fd, 0));
}

START_TEST(test_the_code_lets_in)
{
	char code[8] = "", line[64];
	int a, b;

	if (!start_untrusted(NULL))
		return;
	a = join();
	b = connect_to(UNTRUSTED);
	ask_for_code(b, code);
	send_text(b, "222222\n");
	hears(b, code);
	send_text(b, strcat(code, "\n"));
	hears(b, "here");
	send_text(b, "thank you\n");
	snprintf(line, sizeof(line), "[%s]: thank you\n", name_of(b));
	hears_without(a, line, "may I come in");
	daemon_stop(&chatd);
}
END_TEST

/* It is bound to the address and the port that asked. */
START_TEST(test_the_code_of_another_lets_nobody_in)
{
	char code[8] = "";
	int a, b, c;

	if (!start_untrusted(NULL))
		return;
	a = join();
	b = connect_to(UNTRUSTED);
	c = connect_to(UNTRUSTED);
	ask_for_code(b, code);
	send_text(c, strcat(code, "\n"));
	send_text(a, "/who\n");
	hears(a, "here: ");
	ck_assert_ptr_eq(strstr(heard, name_of(c)), NULL);
	daemon_stop(&chatd);
}
END_TEST

#define FORGED_ROUNDS 20
#define FORGED_PORTS  50

/* Bytes that came, without waiting. */
static size_t
bytes_come(int fd)
{
	size_t sum = 0;
	ssize_t n;

	while ((n = recv(fd, heard, sizeof(heard), MSG_DONTWAIT)) > 0)
		sum += (size_t)n;
	return sum;
}

/* One byte each from many ports, as forged ones would come. */
START_TEST(test_no_amplification)
{
	int a, ports[FORGED_PORTS];
	size_t sum = 0;

	if (!start_untrusted(NULL))
		return;
	a = join();
	for (int round = 0; round < FORGED_ROUNDS; round++) {
		for (int i = 0; i < FORGED_PORTS; i++) {
			ports[i] = connect_to(UNTRUSTED);
			send_text(ports[i], "x");
		}
		/* Its answer shows that all before it were looked at. */
		types("fence\n");
		send_text(a, "/me is a fence\n");
		prints("is a fence\n");
		for (int i = 0; i < FORGED_PORTS; i++) {
			sum += bytes_come(ports[i]);
			close(ports[i]);
		}
	}
	ck_assert_uint_le(sum, 3 * FORGED_ROUNDS * FORGED_PORTS);
	types("/who\n");
	prints("here: ");
	prints("\n");
	ck_assert_ptr_eq(strstr(printed, UNTRUSTED), NULL);
	daemon_stop(&chatd);
}
END_TEST

START_TEST(test_a_trusted_network_needs_no_code)
{
	int a;

	if (!start_untrusted("--trust=198.51.100.0/24"))
		return;
	a = connect_to(UNTRUSTED);
	send_text(a, "hello\n");
	hears_without(a, "here", "* type ");
	prints("]: hello\n");
	daemon_stop(&chatd);
}
END_TEST

static Suite *
udp_suite(void)
{
	Suite *s = suite_create("udp");
	TCase *network = tcase_create("network");
	TCase *gate = tcase_create("gate");

	tcase_add_test(network, test_the_longest_datagram);
	tcase_add_test(network, test_an_empty_datagram_is_ignored);
	tcase_add_test(network, test_closed_peers_are_dropped);
	tcase_add_loop_test(network,
	    test_answers_come_from_the_address_written_to, 0,
	    CASES(udp_options));
	tcase_add_loop_test(network, test_ipv6, 0, CASES(udp6_options));
	suite_add_tcase(s, network);

	tcase_add_test(gate, test_the_code_lets_in);
	tcase_add_test(gate, test_the_code_of_another_lets_nobody_in);
	tcase_add_test(gate, test_no_amplification);
	tcase_add_test(gate, test_a_trusted_network_needs_no_code);
	suite_add_tcase(s, gate);
	return s;
}

int
main(void)
{
	return run_suite(udp_suite());
}
