#include "base/addr.h"

#include <string.h>

#include "tests/run.h"

#define V4(a, b, c, d) \
	{ \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d \
	}

static struct addr
addr_of(const char *ip, uint32_t port)
{
	struct addr a = { .port = port };

	ck_assert_msg(addr_parse_ip(str_of(ip), a.ip) == 0, "%s", ip);
	return a;
}

static const struct {
	const char *text;
	uint8_t ip[16];
	bool is_v4, is_loopback;
} literals[] = {
	{ "127.0.0.1", V4(127, 0, 0, 1), true, true },
	{ "127.255.0.9", V4(127, 255, 0, 9), true, true },
	{ "126.0.0.1", V4(126, 0, 0, 1), true, false },
	{ "0.0.0.0", V4(0, 0, 0, 0), true, false },
	{ "255.255.255.255", V4(255, 255, 255, 255), true, false },
	{ "::ffff:127.0.0.1", V4(127, 0, 0, 1), true, true },
	{ "::ffff:a00:1", V4(10, 0, 0, 1), true, false },
	{ "::1", { [15] = 1 }, false, true },
	{ "::", { 0 }, false, false },
	{ "::127.0.0.1", { [12] = 127, [15] = 1 }, false, false },
	{ "fe80::1:2", { 0xfe, 0x80, [13] = 1, [15] = 2 }, false, false },
	{ "FE80::1:2", { 0xfe, 0x80, [13] = 1, [15] = 2 }, false, false },
};

START_TEST(literal_is_parsed)
{
	struct addr a = addr_of(literals[_i].text, 0);

	ck_assert_mem_eq(a.ip, literals[_i].ip, 16);
	ck_assert_msg(
	    addr_is_v4(&a) == literals[_i].is_v4, "%s", literals[_i].text);
	ck_assert_msg(addr_is_loopback(&a) == literals[_i].is_loopback, "%s",
	    literals[_i].text);
}
END_TEST

static const struct str no_literals[] = {
	{ NULL, 0 },
	STR(""),
	STR(" 127.0.0.1"),
	STR("127.0.0.1 "),
	STR("127.0.0"),
	STR("127.0.0.1.1"),
	STR("127.1"),
	STR("256.0.0.1"),
	STR("1.2.3.-4"),
	STR("0x7f.0.0.1"),
	STR("localhost"),
	STR("[::1]"),
	STR("::1%lo"),
	STR(":::"),
	STR("1:2:3:4:5:6:7"),
	STR("1:2:3:4:5:6:7:8:9"),
	STR("::12345"),
	STR("::ffff:1.2.3.4.5"),
	STR("127.0.0.1\0"),
	STR("::1\0 and more"),
	STR("0000:0000:0000:0000:0000:0000:0000:0000:000000"),
};

START_TEST(what_is_no_literal_is_refused)
{
	uint8_t ip[16];

	ck_assert_msg(addr_parse_ip(no_literals[_i], ip) == -1, "'%.*s'",
	    (int)no_literals[_i].len, no_literals[_i].p);
}
END_TEST

static const struct {
	const char *ip, *host, *name;
	uint32_t port;
} names[] = {
	{ "127.0.0.1", "127.0.0.1", "127.0.0.1@50655", 50655 },
	{ "::ffff:1.2.3.4", "1.2.3.4", "1.2.3.4@0", 0 },
	{ "::1", "::1", "::1@1", 1 },
	{ "2001:0DB8:0:0:0:0:0:1", "2001:db8::1", "2001:db8::1@65535", 65535 },
	{ "1111:2222:3333:4444:5555:6666:7777:8888",
	    "1111:2222:3333:4444:5555:6666:7777:8888",
	    "1111:2222:3333:4444:5555:6666:7777:8888@65535", 65535 },
};

START_TEST(address_is_written)
{
	struct addr a = addr_of(names[_i].ip, names[_i].port);
	char host[ADDR_HOST_MAX], name[ADDR_NAME_MAX];

	ck_assert_str_eq(addr_host(&a, host), names[_i].host);
	ck_assert_str_eq(addr_name(&a, name), names[_i].name);
	ck_assert_ptr_eq(addr_name(&a, name), name);
}
END_TEST

START_TEST(equal_means_every_part)
{
	struct addr a = addr_of("fe80::1", 7), b = a;

	ck_assert(addr_eq(&a, &b));
	b.port = 8;
	ck_assert(!addr_eq(&a, &b));
	b = a;
	b.scope = 2;
	ck_assert(!addr_eq(&a, &b));
	b = a;
	b.ip[15] = 2;
	ck_assert(!addr_eq(&a, &b));
}
END_TEST

static const struct {
	const char *net, *ip;
	bool is_inside;
} nets[] = {
	{ "10.0.0.0/8", "10.255.255.255", true },
	{ "10.0.0.0/8", "11.0.0.0", false },
	{ "10.0.0.0/8", "::a00:0", false },
	{ "10.0.0.0/9", "10.127.0.1", true },
	{ "10.0.0.0/9", "10.128.0.1", false },
	{ "10.1.2.3/8", "10.9.9.9", true },
	{ "192.168.1.128/25", "192.168.1.128", true },
	{ "192.168.1.128/25", "192.168.1.127", false },
	{ "192.168.1.7/31", "192.168.1.6", true },
	{ "192.168.1.7/31", "192.168.1.8", false },
	{ "192.168.1.7", "192.168.1.7", true },
	{ "192.168.1.7", "192.168.1.6", false },
	{ "192.168.1.7/32", "192.168.1.7", true },
	{ "0.0.0.0/0", "255.1.2.3", true },
	{ "0.0.0.0/0", "::1", false },
	{ "::ffff:10.0.0.0/8", "10.2.3.4", true },
	{ "::/0", "::1", true },
	{ "::/0", "1.2.3.4", true },
	{ "fd00::/8", "fdff::1", true },
	{ "fd00::/8", "fc00::1", false },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "::1", "::1", true },
	{ "::1/128", "::2", false },
};

START_TEST(network_contains_address)
{
	struct addr a = addr_of(nets[_i].ip, 1);
	struct cidr net;

	ck_assert_msg(
	    cidr_parse(str_of(nets[_i].net), &net) == 0, "%s", nets[_i].net);
	ck_assert_msg(cidr_contains(&net, &a) == nets[_i].is_inside, "%s in %s",
	    nets[_i].ip, nets[_i].net);
}
END_TEST

static const char *const no_nets[] = { "", "/", "/8", "10.0.0.0/",
	"10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.0/-1", "10.0.0.0/+8",
	"10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/0x8",
	"10.0.0.0/18446744073709551624", "10.0.0/8", "::/129", "::1/", "name/8",
	"[::1]/128" };

START_TEST(what_is_no_network_is_refused)
{
	struct cidr net;

	ck_assert_msg(
	    cidr_parse(str_of(no_nets[_i]), &net) == -1, "%s", no_nets[_i]);
}
END_TEST

static Suite *
addr_suite(void)
{
	Suite *suite = suite_create("addr");
	TCase *tc = tcase_create("addr");

	tcase_add_loop_test(tc, literal_is_parsed, 0, CASES(literals));
	tcase_add_loop_test(
	    tc, what_is_no_literal_is_refused, 0, CASES(no_literals));
	tcase_add_loop_test(tc, address_is_written, 0, CASES(names));
	tcase_add_test(tc, equal_means_every_part);
	tcase_add_loop_test(tc, network_contains_address, 0, CASES(nets));
	tcase_add_loop_test(
	    tc, what_is_no_network_is_refused, 0, CASES(no_nets));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(addr_suite());
}
