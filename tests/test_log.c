#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/run.h"

static FILE *file;
static struct sink *sink;

static void
setup(void)
{
	file = tmpfile();
	ck_assert_ptr_nonnull(file);
	sink = sink_new(fileno(file));
	ck_assert_ptr_nonnull(sink);
}

static void
teardown(void)
{
	log_init("chatd", LOG_INFO, NULL);
	sink_free(sink);
	fclose(file);
}

/* What was logged so far; it stays valid until the next call. */
static const char *
logged(void)
{
	static char text[4 * LOG_LINE_MAX];
	ssize_t n = pread(fileno(file), text, sizeof(text) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

static const struct {
	enum log_level level;
	const char *name, *text;
} levels[] = {
	{ LOG_ERROR, "error", "chatd: e 1\n" },
	{ LOG_WARN, "warn", "chatd: e 1\nchatd: warn: w 2\n" },
	{ LOG_INFO, "info",
	    "chatd: e 1\nchatd: warn: w 2\nchatd: info: i 3\n" },
	{ LOG_DEBUG, "debug",
	    "chatd: e 1\nchatd: warn: w 2\nchatd: info: i 3\n"
	    "chatd: debug: d 4\n" },
};

START_TEST(level_decides)
{
	log_init("chatd", levels[_i].level, sink);
	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++)
		ck_assert(log_enabled((enum log_level)i) == (i <= _i));
	log_error("e %d", 1);
	log_warn("w %d", 2);
	log_info("i %d", 3);
	log_debug("d %d", 4);
	ck_assert_str_eq(logged(), levels[_i].text);
}
END_TEST

START_TEST(level_names)
{
	enum log_level level;

	ck_assert_int_eq(log_level_parse(str_of(levels[_i].name), &level), 0);
	ck_assert_int_eq(level, levels[_i].level);
	ck_assert_str_eq(log_level_name(level), levels[_i].name);
}
END_TEST

START_TEST(unknown_level)
{
	static const char *const names[] = { "", "ERROR", "errors", "err",
		" warn", "3" };
	enum log_level level = LOG_DEBUG;

	for (int i = 0; i < CASES(names); i++)
		ck_assert_msg(log_level_parse(str_of(names[i]), &level) == -1,
		    "%s", names[i]);
	ck_assert_int_eq(level, LOG_DEBUG);
}
END_TEST

START_TEST(no_sink_no_log)
{
	log_init("chatd", LOG_DEBUG, NULL);
	ck_assert(!log_enabled(LOG_ERROR));
	log_error("nobody hears this");
	ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(program_is_named)
{
	log_init("httpget", LOG_INFO, sink);
	log_error("no");
	ck_assert_str_eq(logged(), "httpget: no\n");
}
END_TEST

START_TEST(network_text_is_made_safe)
{
	log_init("chatd", LOG_INFO, sink);
	log_info("nick %s", "a\nchatd: forged\x1b[2J\xff");
	ck_assert_str_eq(logged(),
	    "chatd: info: nick a\xef\xbf\xbd"
	    "chatd: forged\xef\xbf\xbd[2J"
	    "\xef\xbf\xbd\n");
}
END_TEST

/* The last two grow when they are made safe. */
static const char *const fillings[] = { "x", "\xc3\xa9", "\xe2\x82\xac",
	"\xf0\x9f\x98\x80", "\n", "\xff" };

START_TEST(long_line_is_cut)
{
	char text[3 * LOG_LINE_MAX];
	size_t unit = strlen(fillings[_i]), len;
	const char *line;

	for (size_t at = 0; at < sizeof(text); at++)
		text[at] = fillings[_i][at % unit];
	log_init("chatd", LOG_INFO, sink);
	log_warn("%.*s", (int)sizeof(text), text);
	line = logged();
	len = strlen(line);
	ck_assert_uint_le(len, LOG_LINE_MAX);
	ck_assert_uint_gt(len, LOG_LINE_MAX - 8);
	ck_assert_ptr_eq(strchr(line, '\n'), line + len - 1);
	ck_assert(_i > 3 || strstr(line, "\xef\xbf\xbd") == NULL);
}
END_TEST

static Suite *
log_suite(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, level_decides, 0, CASES(levels));
	tcase_add_loop_test(tc, level_names, 0, CASES(levels));
	tcase_add_test(tc, unknown_level);
	tcase_add_test(tc, no_sink_no_log);
	tcase_add_test(tc, program_is_named);
	tcase_add_test(tc, network_text_is_made_safe);
	tcase_add_loop_test(tc, long_line_is_cut, 0, CASES(fillings));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(log_suite());
}
