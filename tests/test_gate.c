#include "chat/gate.h"

#include <stdio.h>
#include <string.h>

#include "tests/run.h"

static struct addr
address(const char *ip, unsigned port)
{
	struct addr a = { .port = port };

	ck_assert_int_eq(addr_parse_ip(str_of(ip), a.ip), 0);
	return a;
}

static struct instant
at(int64_t seconds)
{
	return (struct instant){ .mono = SECONDS(seconds) };
}

static const struct {
	const char *ip;
	bool trusted;
} trust_cases[] = {
	{ "127.0.0.1", true },
	{ "127.9.9.9", true },
	{ "::1", true },
	{ "10.1.2.3", true },
	{ "11.1.2.3", false },
	{ "192.0.2.1", false },
	{ "fd00::1", true },
	{ "fe80::1", false },
};

START_TEST(trust)
{
	struct cidr nets[2];
	struct gate gate;
	struct addr a = address(trust_cases[_i].ip, 5000);

	ck_assert_int_eq(cidr_parse(STR("10.0.0.0/8"), &nets[0]), 0);
	ck_assert_int_eq(cidr_parse(STR("fd00::/8"), &nets[1]), 0);
	ck_assert_int_eq(gate_init(&gate, nets, 2), 0);
	ck_assert_msg(gate_trusts(&gate, &a) == trust_cases[_i].trusted, "%s",
	    trust_cases[_i].ip);
}
END_TEST

START_TEST(code_has_no_look_alikes)
{
	struct gate gate;
	char code[GATE_CODE_LEN + 1];

	ck_assert_int_eq(gate_init(&gate, NULL, 0), 0);
	for (unsigned port = 1; port < 2000; port++) {
		struct addr a = address("192.0.2.1", port);

		gate_code(&gate, &a, at(0), code);
		ck_assert_uint_eq(strlen(code), GATE_CODE_LEN);
		ck_assert_uint_eq(
		    strspn(code, "23456789abcdefghjkmnpqrstuvwxyz"),
		    GATE_CODE_LEN);
	}
}
END_TEST

/* The code was given at 130 s, in the third period, to 192.0.2.1@5000. */
static const struct {
	const char *ip;
	unsigned port;
	int64_t when;
	bool opens;
} open_cases[] = {
	{ "192.0.2.1", 5000, 130, true },
	{ "192.0.2.1", 5000, 179, true },
	{ "192.0.2.1", 5000, 180, true },
	{ "192.0.2.1", 5000, 239, true },
	{ "192.0.2.1", 5000, 240, false },
	{ "192.0.2.1", 5000, 119, false },
	{ "192.0.2.2", 5000, 130, false },
	{ "192.0.2.1", 5001, 130, false },
	{ "2001:db8::1", 5000, 130, false },
};

START_TEST(code_opens_for_its_address_and_time)
{
	struct gate gate;
	struct addr to = address("192.0.2.1", 5000);
	struct addr from = address(open_cases[_i].ip, open_cases[_i].port);
	char code[GATE_CODE_LEN + 1];

	ck_assert_int_eq(gate_init(&gate, NULL, 0), 0);
	gate_code(&gate, &to, at(130), code);
	ck_assert_msg(gate_opens(&gate, &from, str_of(code),
			  at(open_cases[_i].when)) == open_cases[_i].opens,
	    "%s@%u at %d s", open_cases[_i].ip, open_cases[_i].port,
	    (int)open_cases[_i].when);
}
END_TEST

/* How a person may type the code: %s is it. */
static const struct {
	const char *typed;
	bool opens;
} typed_cases[] = {
	{ "%s", true },
	{ "  %s\t", true },
	{ "%s%s", false },
	{ "x%s", false },
	{ "", false },
	{ " ", false },
	{ "%.5s", false },
	{ "%.5s0", false },
};

START_TEST(code_as_typed)
{
	struct gate gate;
	struct addr a = address("192.0.2.1", 5000);
	char code[GATE_CODE_LEN + 1], typed[64] = "", *to = typed;

	ck_assert_int_eq(gate_init(&gate, NULL, 0), 0);
	gate_code(&gate, &a, at(0), code);
	for (const char *p = typed_cases[_i].typed; *p != '\0'; p++) {
		if (strncmp(p, "%s", 2) == 0) {
			to = stpcpy(to, code);
			p++;
		} else if (strncmp(p, "%.5s", 4) == 0) {
			to = mempcpy(to, code, 5);
			p += 3;
		} else
			*to++ = *p;
	}
	*to = '\0';
	ck_assert_msg(gate_opens(&gate, &a, str_of(typed), at(0)) ==
		typed_cases[_i].opens,
	    "'%s' for %s", typed, code);
	for (char *p = typed; *p != '\0'; p++)
		*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
	ck_assert_msg(gate_opens(&gate, &a, str_of(typed), at(0)) ==
		typed_cases[_i].opens,
	    "'%s' for %s", typed, code);
}
END_TEST

START_TEST(every_character_counts)
{
	struct gate gate;
	struct addr a = address("192.0.2.1", 5000);
	char code[GATE_CODE_LEN + 1];

	ck_assert_int_eq(gate_init(&gate, NULL, 0), 0);
	for (int i = 0; i < GATE_CODE_LEN; i++) {
		gate_code(&gate, &a, at(0), code);
		code[i] = code[i] == 'x' ? 'y' : 'x';
		ck_assert(!gate_opens(&gate, &a, str_of(code), at(0)));
	}
}
END_TEST

START_TEST(keys_differ)
{
	struct gate one, two;
	struct addr a = address("192.0.2.1", 5000);
	char code[GATE_CODE_LEN + 1];

	ck_assert_int_eq(gate_init(&one, NULL, 0), 0);
	ck_assert_int_eq(gate_init(&two, NULL, 0), 0);
	gate_code(&one, &a, at(0), code);
	ck_assert(!gate_opens(&two, &a, str_of(code), at(0)));
}
END_TEST

#define NCASES(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *
gate_suite(void)
{
	Suite *suite = suite_create("gate");
	TCase *tc = tcase_create("gate");

	tcase_add_loop_test(tc, trust, 0, NCASES(trust_cases));
	tcase_add_test(tc, code_has_no_look_alikes);
	tcase_add_loop_test(
	    tc, code_opens_for_its_address_and_time, 0, NCASES(open_cases));
	tcase_add_loop_test(tc, code_as_typed, 0, NCASES(typed_cases));
	tcase_add_test(tc, every_character_counts);
	tcase_add_test(tc, keys_differ);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(gate_suite());
}
