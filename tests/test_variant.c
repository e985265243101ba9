#include "site/variant.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "site/cache.h"
#include "tests/daemon.h"
#include "tests/run.h"
#include "tests/site.h"

#define MADE 1000000000 /* when the files were */

static void
make_at(const char *name, const char *text, long nanoseconds)
{
	write_file(name, text);
	set_times(name, MADE, nanoseconds);
}

/* A page; one that has both variants; and each one variant. */
static void
setup(void)
{
	site_setup();
	make_at("page.html", "page", 5);
	make_at("both.html", "page", 5);
	make_at("both.html.br", "BR", 5);
	make_at("both.html.gz", "GZIP", 5);
	make_at("br.html", "page", 5);
	make_at("br.html.br", "BR", 5);
	make_at("gzip.html", "page", 5);
	make_at("gzip.html.gz", "GZIP", 5);
}

/* What is sent where there are both, br, gzip. */
static const struct {
	const char *accept; /* NULL: no such field */
	const char *both, *br, *gzip;
} choices[] = {
	{ NULL, "page", "page", "page" },
	{ "", "page", "page", "page" },
	{ "identity", "page", "page", "page" },
	{ "deflate, zstd", "page", "page", "page" },
	{ "gzip", "GZIP", "page", "GZIP" },
	{ "x-gzip", "GZIP", "page", "GZIP" },
	{ "br", "BR", "BR", "page" },
	{ "gzip, br", "BR", "BR", "GZIP" },
	{ "gzip, deflate, br, zstd", "BR", "BR", "GZIP" },
	{ "*", "BR", "BR", "GZIP" },
	{ "gzip;q=0.5, br;q=0.5", "BR", "BR", "GZIP" },
	{ "gzip, br;q=0.9", "GZIP", "BR", "GZIP" },
	{ "gzip;q=0.001, br;q=0", "GZIP", "page", "GZIP" },
	{ "br;q=0.2, *;q=0.1", "BR", "BR", "GZIP" },
	{ "br;q=0.1, *;q=0.2", "GZIP", "page", "GZIP" },
	{ "gzip;q=0, br;q=0", "page", "page", "page" },

	/* What weighs less than identity is not what the client wants. */
	{ "identity, gzip;q=0.5", "page", "page", "page" },
	{ "identity;q=0.5, gzip;q=0.6, br;q=0.4", "GZIP", "page", "GZIP" },

	/* No 406: there is no better answer than the page. */
	{ "identity;q=0", "page", "page", "page" },
	{ "*;q=0", "page", "page", "page" },
	{ "br, identity;q=0", "BR", "BR", "page" },
};

START_TEST(choice)
{
	site_field("Accept-Encoding", choices[_i].accept);
	/* From the disk, from the cache, and at the same instant again. */
	for (int i = 0; i < 3; i++) {
		check_get(STR("/both.html"), 200, choices[_i].both);
		check_get(STR("/br.html"), 200, choices[_i].br);
		check_get(STR("/gzip.html"), 200, choices[_i].gzip);
		check_get(STR("/page.html"), 200, "page");
		site.now.mono -= i;
	}
}
END_TEST

/* None gets what another asked for. */
START_TEST(clients_take_turns)
{
	for (int i = 0; i < 3 * CASES(choices); i++) {
		int n = i * 5 % CASES(choices);

		site_field("Accept-Encoding", choices[n].accept);
		check_get(STR("/both.html"), 200, choices[n].both);
		if (i % 2 == 0)
			site.now.mono--;
		check_get(STR("/gzip.html"), 200, choices[n].gzip);
	}
}
END_TEST

static const struct {
	struct str path;
	const char *accept;
	const char *coding, *vary;
	struct str type;
} heads[] = {
	{ STR("/page.html"), "gzip, br", "", "",
	    STR("text/html; charset=utf-8") },
	{ STR("/both.html"), NULL, "", "Accept-Encoding",
	    STR("text/html; charset=utf-8") },
	{ STR("/both.html"), "*;q=0", "", "Accept-Encoding",
	    STR("text/html; charset=utf-8") },
	{ STR("/both.html"), "br", "br", "Accept-Encoding",
	    STR("text/html; charset=utf-8") },
	{ STR("/both.html"), "x-gzip", "gzip", "Accept-Encoding",
	    STR("text/html; charset=utf-8") },
	{ STR("/br.html"), "gzip", "", "Accept-Encoding",
	    STR("text/html; charset=utf-8") },
	{ STR("/both.html.gz"), "gzip", "", "", STR("application/gzip") },
};

START_TEST(head)
{
	site_field("Accept-Encoding", heads[_i].accept);
	for (int i = 0; i < 3; i++) {
		struct http_response res = get(heads[_i].path, STR(""));

		ck_assert_int_eq(res.status, 200);
		ck_assert(str_eq(res.type, heads[_i].type));
		ck_assert_str_eq(
		    field_of(&res, "Content-Encoding"), heads[_i].coding);
		ck_assert_str_eq(field_of(&res, "Vary"), heads[_i].vary);
		site.now.mono++;
	}
}
END_TEST

/* Each representation has its own. */
START_TEST(validators)
{
	static const char *const accepts[] = { NULL, "br", "gzip" };
	static char etags[3][128];

	set_times("both.html.br", MADE + 1, 0);
	set_times("both.html.gz", MADE + 2, 0);
	for (int i = 0; i < 6; i++) {
		struct http_response res;

		site_field("Accept-Encoding", accepts[i % 3]);
		res = get(STR("/both.html"), STR(""));
		ck_assert_int_eq(res.validators.modified, MADE + i % 3);
		if (i < 3)
			strcpy(etags[i], field_of(&res, "ETag"));
		ck_assert(str_eq(res.validators.etag, str_of(etags[i % 3])));
	}
	ck_assert_str_ne(etags[0], etags[1]);
	ck_assert_str_ne(etags[0], etags[2]);
	ck_assert_str_ne(etags[1], etags[2]);
}
END_TEST

/* What may stand at the name of a variant, and whether it is one. */

static void
of_the_same_time(void)
{
	make_at("page.html.gz", "GZIP", 5);
}

static void
later(void)
{
	make_at("page.html.gz", "GZIP", 6);
}

static void
older(void)
{
	make_at("page.html.gz", "GZIP", 4);
}

static void
older_by_a_second(void)
{
	write_file("page.html.gz", "GZIP");
	set_times("page.html.gz", MADE - 1, 999999999);
}

static void
directory(void)
{
	make_dir("page.html.gz");
}

static void
fifo(void)
{
	ck_assert_int_eq(mkfifo(path_of("page.html.gz"), 0644), 0);
}

static void
link_outside(void)
{
	make_link("/etc/passwd", "page.html.gz");
}

static void
dangling_link(void)
{
	make_link("nowhere", "page.html.gz");
}

static void
link_to_itself(void)
{
	make_link("page.html.gz", "page.html.gz");
}

static void
link_to_device(void)
{
	make_link("/dev/zero", "page.html.gz");
}

static const struct {
	void (*make)(void);
	bool is_variant;
} candidates[] = {
	{ of_the_same_time, true },
	{ later, true },
	{ older, false },
	{ older_by_a_second, false },
	{ directory, false },
	{ fifo, false },
	{ link_outside, false },
	{ dangling_link, false },
	{ link_to_itself, false },
	{ link_to_device, false },
};

static int
lowest_free_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), number = fd;

	close(fd);
	return number;
}

static void
check_candidate(bool is_variant)
{
	int before = lowest_free_descriptor();

	site_field("Accept-Encoding", "gzip");
	for (int i = 0; i < 3; i++) {
		struct http_response res;

		check_get(STR("/page.html"), 200, is_variant ? "GZIP" : "page");
		res = get(STR("/page.html"), STR(""));
		ck_assert_str_eq(field_of(&res, "Vary"),
		    is_variant ? "Accept-Encoding" : "");
	}
	ck_assert_int_eq(lowest_free_descriptor(), before);
}

START_TEST(candidate)
{
	candidates[_i].make();
	check_candidate(candidates[_i].is_variant);
}
END_TEST

START_TEST(link_inside)
{
	if (!follows_links())
		return;
	make_link("gzip.html.gz", "page.html.gz");
	check_candidate(true);
}
END_TEST

START_TEST(unreadable)
{
	if (geteuid() == 0) {
		fputs("SKIPPED: nothing is forbidden to root\n", stderr);
		return;
	}
	of_the_same_time();
	ck_assert_int_eq(chmod(path_of("page.html.gz"), 0), 0);
	check_candidate(false);
	ck_assert_int_eq(chmod(path_of("page.html.gz"), 0644), 0);
	check_candidate(true);
}
END_TEST

/* A directory's index has variants like any file. */
START_TEST(index_of_directory)
{
	make_dir("dir");
	make_at("dir/index.html", "page", 0);
	make_at("dir/index.html.br", "BR", 0);
	check_get(STR("/dir/"), 200, "page");
	site_field("Accept-Encoding", "br");
	check_get(STR("/dir/"), 200, "BR");
	check_get(STR("/dir/"), 200, "BR");
}
END_TEST

/* One from memory, the other by descriptor. */
START_TEST(sizes)
{
	const size_t small = CACHE_FILE_MAX, large = small + 1;
	char *data = make_sized("a", large);

	free(make_sized("a.gz", small));
	free(make_sized("b", small));
	free(make_sized("b.gz", large));
	for (int i = 0; i < 3; i++) {
		site_field("Accept-Encoding", NULL);
		check_sized(STR("/a"), data, large, true);
		check_sized(STR("/b"), data, small, false);
		site_field("Accept-Encoding", "gzip");
		check_sized(STR("/a"), data, small, false);
		check_sized(STR("/b"), data, large, true);
		site.now.mono++;
	}
	free(data);
}
END_TEST

/* No variant can have so long a name; the file itself is served. */
START_TEST(long_names)
{
	char name[257];

	name[0] = '/';
	memset(name + 1, 'a', 255);
	name[256] = '\0';
	write_file(name, "text");
	site_field("Accept-Encoding", "gzip, br");
	check_get(str_of(name), 200, "text");
	check_get(str_of(name), 200, "text");
}
END_TEST

static Suite *
variant_suite(void)
{
	Suite *suite = suite_create("variant");
	TCase *tc = tcase_create("variant");

	tcase_add_checked_fixture(tc, setup, site_teardown);
	tcase_add_loop_test(tc, choice, 0, CASES(choices));
	tcase_add_test(tc, clients_take_turns);
	tcase_add_loop_test(tc, head, 0, CASES(heads));
	tcase_add_test(tc, validators);
	tcase_add_loop_test(tc, candidate, 0, CASES(candidates));
	tcase_add_test(tc, link_inside);
	tcase_add_test(tc, unreadable);
	tcase_add_test(tc, index_of_directory);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, long_names);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(variant_suite());
}
