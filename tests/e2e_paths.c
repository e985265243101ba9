/*
 * Which file a path names, and that none names what lies outside ROOT: each
 * line of tests/corpus/paths is asked for, while a secret lies beside ROOT,
 * behind links and in dotfiles.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/daemon.h"
#include "tests/exchange.h"
#include "tests/run.h"

#define SECRET "what lies beside the root"
#define MARKUP "<script>alert"

static struct {
	const char *dir;  /* with ROOT, a sibling of it and the secret */
	char passwd[256]; /* the first line of /etc/passwd */
	struct program server;
} site;

static const char *const directories[] = { "root", "root/dir", "root/dir/deep",
	"root/.git", "root/noperm-dir", "root/a b%", "root-sibling" };

static const struct {
	const char *path, *content;
} contents[] = {
	{ "secret", SECRET },
	{ "root-sibling/secret", SECRET },
	{ "root/.hidden", SECRET },
	{ "root/.git/config", SECRET },
	{ "root/dir/.hidden", SECRET },
	{ "root/index.html", "index" },
	{ "root/dir/file", "file" },
	{ "root/noperm", "noperm" },
	{ "root/noperm-dir/file", "noperm" },
};

static const struct {
	const char *path, *target;
} links[] = {
	{ "link-out", "../secret" },
	{ "link-out-dir", ".." },
	{ "link-out-up", "dir/../.." },
	{ "link-out-absolute", "" /* the directory, by its full name */ },
	{ "link-out-sibling", "../root-sibling" },
	{ "link-loop", "link-loop" },
	{ "link-loop-a", "link-loop-b" },
	{ "link-loop-b", "link-loop-a" },
	{ "link-loop-self", "." },
	{ "link-dangling", "none" },
	{ "link-in", "dir/file" },
	{ "link-in-dir", "dir" },
	{ "link-chain", "link-out" },
	{ "link-fifo-link", "fifo" },
	{ "link-device", "/dev/zero" },
	{ "dir/link-up", "../.." },
};

static const char *
place(const char *path)
{
	static char full[1024];

	snprintf(full, sizeof(full), "%s/%s", site.dir, path);
	return full;
}

static void
make_links(void)
{
	char path[256];

	for (int i = 0; i < CASES(links); i++) {
		const char *target = links[i].target;

		snprintf(path, sizeof(path), "root/%s", links[i].path);
		ck_assert_int_eq(
		    symlink(target[0] != '\0' ? target : site.dir, place(path)),
		    0);
	}
}

/* A name that is bound stays when its socket is closed. */
static void
make_socket(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_lt(
	    snprintf(to.sun_path, sizeof(to.sun_path), "%s", place(path)),
	    (int)sizeof(to.sun_path));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	close(fd);
}

static void
make_tree(void)
{
	site.dir = temp_dir();
	for (int i = 0; i < CASES(directories); i++)
		ck_assert_int_eq(mkdir(place(directories[i]), 0755), 0);
	for (int i = 0; i < CASES(contents); i++)
		temp_file(site.dir, contents[i].path, contents[i].content,
		    strlen(contents[i].content));
	exchange_root(place("root"));
	make_links();
	ck_assert_int_eq(mkfifo(place("root/fifo"), 0644), 0);
	make_socket("root/socket");
	ck_assert_int_eq(chmod(place("root/noperm"), 0), 0);
	ck_assert_int_eq(chmod(place("root/noperm-dir"), 0), 0);
}

static void
start(const char *option)
{
	const char *args[] = { place("root"), option, NULL };

	daemon_start(&site.server, args);
}

/* So that the tree can be removed by who is not root. */
static void
stop(void)
{
	daemon_stop(&site.server);
	chmod(place("root/noperm-dir"), 0755);
}

/* What paths name. */

#define PATH(path) STR("GET " path " HTTP/1.1\r\nHost: h\r\n\r\n")

static const struct exchange paths[] = {
	{ "RFC 3986 3.3: a file", PATH("/dir/file"), "200 keep\n\nfile" },
	{ "RFC 3986 2.1: an encoded letter", PATH("/%64ir/fil%65"),
	    "200 keep\n\nfile" },
	{ "RFC 3986 3.4: a query", PATH("/dir/file?/../x"),
	    "200 keep\n\nfile" },
	{ "RFC 3986 5.2.4: dot segments", PATH("/dir/deep/.././file"),
	    "200 keep\n\nfile" },
	{ "RFC 3986 5.2.4: encoded ones", PATH("/dir/deep/%2e%2e/%2E/file"),
	    "200 keep\n\nfile" },
	{ "RFC 3986 5.2.4: none above the root", PATH("/../../dir/file"),
	    "200 keep\n\nfile" },
	{ "RFC 3986 5.2.4: so nothing is beside it", PATH("/../secret"),
	    "404 keep" },
	{ "decoded once", PATH("/%2564ir/file"), "404 keep" },
	{ "decoded once, dots too", PATH("/dir/%252e%252e/index.html"),
	    "404 keep" },
	{ "the case of a name", PATH("/DIR/file"), "404 keep" },
	{ "index.html of a directory", PATH("/"), "200 keep\n\nindex" },
	{ "a directory without one", PATH("/dir/"), "404 keep" },
	{ "RFC 9110 10.2.2: a directory", PATH("/dir"),
	    "301 keep\nLocation: /dir/" },
	{ "RFC 9110 10.2.2: with a query", PATH("/dir?a=b&c"),
	    "301 keep\nLocation: /dir/?a=b&c" },
	{ "RFC 9110 10.2.2: below another", PATH("/dir/deep"),
	    "301 keep\nLocation: /dir/deep/" },
	{ "RFC 3986 4.2: two slashes name no host", PATH("//dir"),
	    "301 keep\nLocation: /dir/" },
	{ "RFC 3986 4.2: nor do three", PATH("///dir"),
	    "301 keep\nLocation: /dir/" },
	{ "RFC 3986 4.2: nor an encoded one", PATH("/%2fdir"),
	    "301 keep\nLocation: /dir/" },
	{ "RFC 3986 2.1: what is encoded stays so", PATH("/a%20b%25"),
	    "301 keep\nLocation: /a%20b%25/" },
	{ "RFC 9110 10.2.2: CR and LF", PATH("/dir?%0d%0aX: y"), "400 close" },
	{ "RFC 9110 10.2.2: encoded CR and LF stay so", PATH("/dir?%0d%0aX:y"),
	    "301 keep\nLocation: /dir/?%0d%0aX:y\n!X" },
	{ "a file is no directory", PATH("/dir/file/"), "404 keep" },
	{ "nor has it anything in it", PATH("/dir/file/x"), "404 keep" },
	{ "RFC 3986 2.1: %00", PATH("/dir/file%00"), "40x keep" },
	{ "RFC 3986 2.1: a control byte", PATH("/dir/file%1b"), "40x keep" },
	{ "RFC 3986 2.1: no hex", PATH("/%zz"), "40x keep" },
	{ "RFC 3986 2.1: one digit", PATH("/dir/%2"), "40x keep" },
	{ "RFC 3986 2.1: none", PATH("/%"), "40x keep" },
	{ "a dotfile", PATH("/.hidden"), "404 keep" },
	{ "a dotfile, encoded", PATH("/%2ehidden"), "404 keep" },
	{ "a dotfile below", PATH("/dir/.hidden"), "404 keep" },
	{ "below a dotfile", PATH("/.git/config"), "404 keep" },
	{ "a directory that is one", PATH("/.git"), "404 keep" },
	{ "a FIFO", PATH("/fifo"), "404 keep" },
	{ "a socket", PATH("/socket"), "404 keep" },
	{ "a link to a FIFO", PATH("/link-fifo-link"), "404 keep" },
	{ "a link to a device", PATH("/link-device"), "404 keep" },
	{ "a link out of ROOT", PATH("/link-out"), "404 keep" },
	{ "a link to such a link", PATH("/link-chain"), "404 keep" },
	{ "a link to the directory above", PATH("/link-out-dir/secret"),
	    "404 keep" },
	{ "an absolute link", PATH("/link-out-absolute/secret"), "404 keep" },
	{ "a link to what begins as ROOT does",
	    PATH("/link-out-sibling/secret"), "404 keep" },
	{ "a link out and back", PATH("/link-out-up/root/dir/file"),
	    "404 keep" },
	{ "a link that leads nowhere", PATH("/link-dangling"), "404 keep" },
	{ "a link to itself", PATH("/link-loop"), "404 keep" },
	{ "two links to each other", PATH("/link-loop-a"), "404 keep" },
};

/* What the system refuses to those that are not root. */
static const struct exchange permissions[] = {
	{ "RFC 9110 15.5.4: no permission", PATH("/noperm"), "403 keep" },
	{ "RFC 9110 15.5.4: nor within", PATH("/noperm-dir/file"), "403 keep" },
};

/* Links within ROOT are followed where the system can tell. */
static const struct exchange followed[] = {
	{ "a link to a file", PATH("/link-in"), "200 keep\n\nfile" },
	{ "a link to a directory", PATH("/link-in-dir/file"),
	    "200 keep\n\nfile" },
	{ "a link to its own directory",
	    PATH("/link-loop-self/link-loop-self/dir/file"),
	    "200 keep\n\nfile" },
};

static void
run_all(const struct exchange *cases, int n)
{
	for (int i = 0; i < n; i++)
		exchange_run(&cases[i], site.server.http_port);
}

START_TEST(named)
{
	make_tree();
	start(NULL);
	run_all(paths, CASES(paths));
	if (geteuid() != 0)
		run_all(permissions, CASES(permissions));
	else
		fprintf(stderr, "SKIPPED: permissions, since this is root\n");
	if (follows_links())
		run_all(followed, CASES(followed));
	stop();
}
END_TEST

/* Names and paths longer than the system has (RFC 9110, 15.5: a 4xx). */
START_TEST(too_long)
{
	static const size_t lengths[] = { 255, 256, 1023, 1024, 4095, 4096,
		4097, 8000 };

	make_tree();
	start(NULL);
	for (int i = 0; i < 2 * CASES(lengths); i++) {
		size_t len = lengths[i / 2];
		struct exchange_answer a;
		char target[9000], *data;

		/* One long name, or many of one letter. */
		for (size_t k = 0; k < len; k++)
			target[k] = i % 2 == 1 && k % 2 == 0 ? '/' : 'a';
		target[0] = '/';
		target[len] = '\0';
		a = exchange_with(site.server.http_port, "GET", target, "",
		    &data, "a long path");
		ck_assert_msg(a.status >= 400 && a.status < 500,
		    "%zu bytes: %s", len, a.head.p);
		free(data);
	}
	stop();
}
END_TEST

/* The corpus. */

static struct str
read_corpus(void)
{
	const char *dir = getenv("CHATD_SRCDIR");
	struct buf b = { 0 };
	char path[1024], chunk[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/corpus/paths",
	    dir != NULL ? dir : ".");
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	fclose(f);
	return (struct str){ b.base, buf_len(&b) };
}

/* The line with the directory's path, but for its first slash, as $TMP. */
static const char *
target_of(struct str line)
{
	static char target[2048];
	const char *at = memmem(line.p, line.len, "$TMP", 4);
	size_t len = at != NULL ? (size_t)(at - line.p) : line.len;

	snprintf(target, sizeof(target), "%.*s%s%.*s", (int)len, line.p,
	    at != NULL ? site.dir + 1 : "",
	    at != NULL ? (int)(line.len - len - 4) : 0,
	    at != NULL ? at + 4 : "");
	return target;
}

static bool
contains(struct str s, const char *text)
{
	return memmem(s.p, s.len, text, strlen(text)) != NULL;
}

/* It leads to a path of this host alone, however a browser reads it. */
static void
check_location(const struct exchange_answer *a, const char *target)
{
	static const char unsafe[] = "\\\"'<> \t";
	struct str to = exchange_field(a, STR("Location"));

	if (to.p == NULL)
		return;
	ck_assert_msg(
	    to.len > 0 && to.p[0] == '/' && (to.len == 1 || to.p[1] != '/'),
	    "%s leads to %.*s", target, (int)to.len, to.p);
	for (size_t i = 0; i < to.len; i++)
		ck_assert_msg(strchr(unsafe, to.p[i]) == NULL,
		    "%s leads to %.*s", target, (int)to.len, to.p);
}

static void
check_hostile(const char *method, const char *target)
{
	char *data;
	struct exchange_answer a = exchange_with(
	    site.server.http_port, method, target, "", &data, target);

	ck_assert_msg(a.status < 500, "%s: %s", target, data);
	ck_assert_msg(
	    !contains(a.body, SECRET), "%s: the secret: %s", target, data);
	ck_assert_msg(
	    !contains(a.body, site.passwd), "%s: passwd: %s", target, data);
	ck_assert_msg(
	    !contains(a.body, MARKUP), "%s: unescaped: %s", target, data);
	exchange_check_field(&a, STR("!X-Injected"), target);
	check_location(&a, target);
	free(data);
}

/* How many descriptors the daemon has open. */
static int
descriptors(void)
{
	struct dirent *entry;
	char path[64];
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)site.server.pid);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void
read_passwd(void)
{
	FILE *f = fopen("/etc/passwd", "re");

	strcpy(site.passwd, "root:x:0:0:");
	if (f != NULL && fgets(site.passwd, sizeof(site.passwd), f) != NULL)
		site.passwd[strcspn(site.passwd, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
}

static const char *const options[] = { NULL, "--listing" };

START_TEST(hostile)
{
	struct str corpus = read_corpus(), rest = corpus;
	int before, n = 0;

	make_tree();
	read_passwd();
	start(options[_i]);
	check_hostile("GET", "/dir/file");
	before = descriptors();
	for (; rest.len > 0; n++) {
		const char *target = target_of(str_cut(&rest, '\n'));

		check_hostile("GET", target);
		check_hostile("HEAD", target);
	}
	ck_assert_int_ge(n, 200);
	/* One more for a connection that is just being closed. */
	check_hostile("GET", "/dir/file");
	ck_assert_int_le(descriptors(), before + 1);
	free((char *)corpus.p);
	stop();
}
END_TEST

static Suite *
paths_suite(void)
{
	Suite *suite = suite_create("e2e_paths");
	TCase *tc = tcase_create("paths");

	tcase_add_test(tc, named);
	tcase_add_test(tc, too_long);
	tcase_add_loop_test(tc, hostile, 0, CASES(options));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(paths_suite());
}
