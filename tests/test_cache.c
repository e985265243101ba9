#include "site/cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"
#include "tests/site.h"

static void
setup(void)
{
	site_setup();
	make_dir("dir");
	write_file("a.txt", "text");
	write_file("dir/index.html", "dir");
}

/* What changed is seen at the next instant. */

START_TEST(changed_content)
{
	char text[16];

	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "%08d", i);
		write_file("a.txt", text);
		check_get(STR("/a.txt"), 200, text);
	}
}
END_TEST

/* Written through a mapping, a file changes and its times do not: so it is
 * too where the clock of a file system is coarse. */
START_TEST(changed_in_one_tick)
{
	struct stat st;
	int fd = open(path_of("a.txt"), O_RDWR | O_CLOEXEC);
	char *map = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	map[0] = 'n';
	ck_assert_int_eq(fstat(fd, &st), 0);
	site.now.wall = (int64_t)st.st_ctim.tv_sec * 1000 + 999;
	check_get(STR("/a.txt"), 200, "next");
	map[0] = 't';
	check_get(STR("/a.txt"), 200, "text");
	munmap(map, 4);
	close(fd);
}
END_TEST

/* The watch does not see what is written through a mapping. */
START_TEST(changed_unseen)
{
	int fd = open(path_of("a.txt"), O_RDWR | O_CLOEXEC);
	char *map = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	check_get(STR("/a.txt"), 200, "text");
	check_get(STR("/a.txt"), 200, "text");
	map[0] = 'n';
	ck_assert_int_eq(msync(map, 4, MS_SYNC), 0);
	site.now.mono += SECONDS(1);
	check_get(STR("/a.txt"), 200, "next");
	munmap(map, 4);
	close(fd);
}
END_TEST

/* The file itself is the same, but its path leads to another. */
START_TEST(directory_replaced)
{
	check_get(STR("/dir/"), 200, "dir");
	check_get(STR("/dir/"), 200, "dir");
	make_dir("other");
	write_file("other/index.html", "other");
	rename_file("dir", "old");
	rename_file("other", "dir");
	check_get(STR("/dir/"), 200, "other");
}
END_TEST

/* As cp -p or an archive leaves them: another content, the same mtime. */
START_TEST(changed_with_old_time)
{
	set_times("a.txt", 784111777, 0);
	check_get(STR("/a.txt"), 200, "text");
	write_file("a.txt", "next");
	set_times("a.txt", 784111777, 0);
	check_get(STR("/a.txt"), 200, "next");
}
END_TEST

START_TEST(replaced)
{
	check_get(STR("/a.txt"), 200, "text");
	write_file("new", "news");
	rename_file("new", "a.txt");
	check_get(STR("/a.txt"), 200, "news");
	remove_file("a.txt");
	check_get(STR("/a.txt"), 404, "");
	write_file("a.txt", "back");
	check_get(STR("/a.txt"), 200, "back");
}
END_TEST

/* A cached file that became a link out of the root is not served. */
START_TEST(replaced_by_link)
{
	check_get(STR("/a.txt"), 200, "text");
	remove_file("a.txt");
	make_link("/etc/passwd", "a.txt");
	check_get(STR("/a.txt"), 404, "");
}
END_TEST

START_TEST(replaced_by_directory)
{
	check_get(STR("/a.txt"), 200, "text");
	remove_file("a.txt");
	make_dir("a.txt");
	site.now.mono++;
	ck_assert_int_eq(get(STR("/a.txt"), STR("")).status, 301);
}
END_TEST

/* Requests of one instant share a look, whatever happens meanwhile. */
START_TEST(one_look)
{
	check_get(STR("/a.txt"), 200, "text");
	remove_file("a.txt");
	site.now.mono--;
	check_get(STR("/a.txt"), 200, "text");
	check_get(STR("/a.txt"), 404, "");
}
END_TEST

/* Small ones come from memory, larger ones by descriptor. */

START_TEST(sizes)
{
	char *small = make_sized("small", CACHE_FILE_MAX);
	char *large = make_sized("large", CACHE_FILE_MAX + 1);

	for (int i = 0; i < 3; i++) {
		check_sized(STR("/small"), small, CACHE_FILE_MAX, false);
		check_sized(STR("/large"), large, CACHE_FILE_MAX + 1, true);
		site.now.mono++;
	}
	free(small);
	free(large);
}
END_TEST

static void
link_file(const char *from, const char *to)
{
	char old[1024];

	snprintf(old, sizeof(old), "%s", path_of(from));
	ck_assert_int_eq(link(old, path_of(to)), 0);
}

/* More small files than are kept.  A file that is gone shows, within an
 * instant, whether it was: all were served, the first is no longer kept. */
static void
check_eviction(void)
{
	enum {
		FILES = CACHE_MAX / CACHE_FILE_MAX + 9
	};
	char *data = make_sized("original", CACHE_FILE_MAX);
	char name[32], gzip[64];

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "/n%d", i);
		snprintf(gzip, sizeof(gzip), "%s.gz", name);
		link_file("original", name);
		link_file("original", gzip);
		check_sized(str_of(name), data, CACHE_FILE_MAX, false);
		remove_file(name);
		remove_file(gzip);
	}
	check_sized(str_of(name), data, CACHE_FILE_MAX, false);
	check_sized(STR("/n99"), data, CACHE_FILE_MAX, false);
	ck_assert_int_eq(get(STR("/n0"), STR("")).status, 404);
	free(data);
}

START_TEST(eviction)
{
	check_eviction();
}
END_TEST

START_TEST(eviction_of_variants)
{
	site_field("Accept-Encoding", "gzip");
	check_eviction();
}
END_TEST

/*
 * What changes about a file and its variants while answers are kept, and what
 * is then sent to a client that accepts no coding, and to one that does.  The
 * file is v.txt with v.txt.gz beside it.
 */

static void
add_br(void)
{
	write_file("v.txt.br", "br");
}

static void
move_br_in(void)
{
	write_file("new", "br");
	rename_file("new", "v.txt.br");
}

static void
add_old_br(void)
{
	add_br();
	set_times("v.txt.br", 1, 0);
}

static void
add_br_link(void)
{
	make_link("/etc/passwd", "v.txt.br");
}

static void
remove_gzip(void)
{
	remove_file("v.txt.gz");
}

static void
move_gzip_away(void)
{
	rename_file("v.txt.gz", "away");
}

static void
rewrite_gzip(void)
{
	write_file("v.txt.gz", "zip2");
}

static void
rewrite_gzip_at_once(void)
{
	struct stat st;

	ck_assert_int_eq(stat(path_of("v.txt.gz"), &st), 0);
	write_file("v.txt.gz", "ZIP!");
	set_times("v.txt.gz", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void
age_gzip(void)
{
	set_times("v.txt.gz", 1, 0);
}

static void
link_gzip_out(void)
{
	remove_gzip();
	make_link("/etc/passwd", "v.txt.gz");
}

static void
replace_gzip_by_directory(void)
{
	remove_gzip();
	make_dir("v.txt.gz");
}

static void
touch_file(void)
{
	set_times("v.txt", 4000000000, 0);
}

static void
edit_file(void)
{
	write_file("v.txt", "edited");
	touch_file();
}

static void
remove_all(void)
{
	remove_file("v.txt");
}

static const struct {
	void (*change)(void);
	const char *identity, *coded;
	const char *vary;
} changes[] = {
	{ add_br, "file", "br", "Accept-Encoding" },
	{ move_br_in, "file", "br", "Accept-Encoding" },
	{ add_old_br, "file", "gzip", "Accept-Encoding" },
	{ add_br_link, "file", "gzip", "Accept-Encoding" },
	{ remove_gzip, "file", "file", "" },
	{ move_gzip_away, "file", "file", "" },
	{ rewrite_gzip, "file", "zip2", "Accept-Encoding" },
	{ rewrite_gzip_at_once, "file", "ZIP!", "Accept-Encoding" },
	{ age_gzip, "file", "file", "" },
	{ link_gzip_out, "file", "file", "" },
	{ replace_gzip_by_directory, "file", "file", "" },
	{ touch_file, "file", "file", "" },
	{ edit_file, "edited", "edited", "" },
	{ remove_all, "", "", "" },
};

/* Both clients, on one turn. */
static void
check_both(const char *identity, const char *coded, const char *vary)
{
	const char *const expected[] = { identity, coded };

	site.now.mono++;
	for (int i = 0; i < 2; i++) {
		struct http_response res;
		struct buf content;

		site_field("Accept-Encoding", i == 0 ? NULL : "br, gzip");
		res = get(STR("/v.txt"), STR(""));
		ck_assert_str_eq(field_of(&res, "Vary"), vary);
		content = content_of(&res);
		buf_add(&content, "", 1);
		ck_assert_str_eq(buf_data(&content), expected[i]);
		buf_free(&content);
	}
}

static void
check_change(int i)
{
	for (int turn = 0; turn < 3; turn++)
		check_both("file", "gzip", "Accept-Encoding");
	changes[i].change();
	for (int turn = 0; turn < 3; turn++)
		check_both(
		    changes[i].identity, changes[i].coded, changes[i].vary);
}

static void
make_negotiated(void)
{
	write_file("v.txt", "file");
	set_times("v.txt", 1000000000, 0);
	write_file("v.txt.gz", "gzip");
}

START_TEST(variant_changed)
{
	make_negotiated();
	check_change(_i);
}
END_TEST

/* A file with a second name is not left to the watch. */
START_TEST(variant_changed_unwatched)
{
	make_negotiated();
	link_file("v.txt", "second");
	check_change(_i);
}
END_TEST

/* Too fresh for their times to tell. */
START_TEST(variant_changed_unsettled)
{
	struct stat st;

	make_negotiated();
	ck_assert_int_eq(stat(path_of("v.txt.gz"), &st), 0);
	site.now.wall = (int64_t)st.st_ctim.tv_sec * 1000 + 999;
	check_change(_i);
}
END_TEST

/* A file without variants gets its first. */
START_TEST(variant_appears)
{
	write_file("v.txt", "file");
	check_both("file", "file", "");
	check_both("file", "file", "");
	write_file("v.txt.gz", "gzip");
	check_both("file", "gzip", "Accept-Encoding");
	remove_gzip();
	check_both("file", "file", "");
	write_file("v.txt.gz", "again");
	check_both("file", "again", "Accept-Encoding");
}
END_TEST

/* Requests of one instant share a look here too. */
START_TEST(variant_looked_at_once)
{
	make_negotiated();
	check_both("file", "gzip", "Accept-Encoding");
	remove_gzip();
	site.now.mono--;
	check_both("file", "gzip", "Accept-Encoding");
	check_both("file", "file", "");
}
END_TEST

/* What does not vary is kept once, whoever asked first: within an instant, a
 * file that is gone shows it. */
START_TEST(one_answer_for_all)
{
	const char *const accepts[] = { NULL, "gzip, br" };

	site_field("Accept-Encoding", accepts[_i]);
	check_get(STR("/a.txt"), 200, "text");
	remove_file("a.txt");
	site.now.mono--;
	site_field("Accept-Encoding", accepts[!_i]);
	check_get(STR("/a.txt"), 200, "text");
}
END_TEST

/* What is written by another name, in a directory that is not watched. */
static const struct {
	const char *name;
	const char *identity, *coded;
} linked[] = {
	{ "v.txt", "else", "gzip" },
	{ "v.txt.gz", "file", "else" },
};

START_TEST(changed_elsewhere)
{
	make_negotiated();
	link_file(linked[_i].name, "dir/elsewhere");
	for (int turn = 0; turn < 3; turn++)
		check_both("file", "gzip", "Accept-Encoding");
	write_file("dir/elsewhere", "else");
	set_times("dir/elsewhere", 1000000000, 0);
	check_both(linked[_i].identity, linked[_i].coded, "Accept-Encoding");
}
END_TEST

/* A variant that could not be opened then is not given up. */
START_TEST(out_of_descriptors)
{
	struct rlimit before, limit;
	int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(lowest);
	make_negotiated();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)lowest + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	check_both("file", "file", "");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	check_both("file", "gzip", "Accept-Encoding");
}
END_TEST

static TCase *
file_case(void)
{
	TCase *tc = tcase_create("files");

	tcase_add_checked_fixture(tc, setup, site_teardown);
	tcase_add_test(tc, changed_content);
	tcase_add_test(tc, changed_in_one_tick);
	tcase_add_test(tc, changed_unseen);
	tcase_add_test(tc, directory_replaced);
	tcase_add_test(tc, changed_with_old_time);
	tcase_add_test(tc, replaced);
	tcase_add_test(tc, replaced_by_link);
	tcase_add_test(tc, replaced_by_directory);
	tcase_add_test(tc, one_look);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, eviction);
	return tc;
}

static TCase *
variant_case(void)
{
	TCase *tc = tcase_create("variants");

	tcase_add_checked_fixture(tc, setup, site_teardown);
	tcase_add_loop_test(tc, variant_changed, 0, CASES(changes));
	tcase_add_loop_test(tc, variant_changed_unwatched, 0, CASES(changes));
	tcase_add_loop_test(tc, variant_changed_unsettled, 0, CASES(changes));
	tcase_add_test(tc, variant_appears);
	tcase_add_test(tc, variant_looked_at_once);
	tcase_add_loop_test(tc, one_answer_for_all, 0, 2);
	tcase_add_loop_test(tc, changed_elsewhere, 0, CASES(linked));
	tcase_add_test(tc, out_of_descriptors);
	tcase_add_test(tc, eviction_of_variants);
	return tc;
}

static Suite *
cache_suite(void)
{
	Suite *suite = suite_create("cache");

	suite_add_tcase(suite, file_case());
	suite_add_tcase(suite, variant_case());
	return suite;
}

int
main(void)
{
	return run_suite(cache_suite());
}
