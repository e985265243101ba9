#include "http/mime.h"

#include "base/buf.h"
#include "tests/feed.h"
#include "tests/run.h"

#define UTF8  "; charset=utf-8"
#define OTHER STR("application/octet-stream")

static const struct {
	struct str name, type;
} names[] = {
	{ STR("index.html"), STR("text/html" UTF8) },
	{ STR("a/b/INDEX.HTML"), STR("text/html" UTF8) },
	{ STR("a.htm"), STR("text/html" UTF8) },
	{ STR("a.css"), STR("text/css" UTF8) },
	{ STR("a.js"), STR("text/javascript" UTF8) },
	{ STR("a.min.js"), STR("text/javascript" UTF8) },
	{ STR("a.json"), STR("application/json") },
	{ STR("a.txt"), STR("text/plain" UTF8) },
	{ STR("a.c"), STR("text/plain" UTF8) },
	{ STR("a.svg"), STR("image/svg+xml") },
	{ STR("a.png"), STR("image/png") },
	{ STR("a.Jpg"), STR("image/jpeg") },
	{ STR("a.jpeg"), STR("image/jpeg") },
	{ STR("a.woff2"), STR("font/woff2") },
	{ STR("a.tar.gz"), STR("application/gzip") },
	{ STR("a.html.gz"), STR("application/gzip") },
	{ STR("a.pdf"), STR("application/pdf") },
	{ STR("a.7z"), STR("application/x-7z-compressed") },
	{ STR("a.apng"), STR("image/apng") },
	{ STR("a.avif"), STR("image/avif") },
	{ STR("a.bmp"), STR("image/bmp") },
	{ STR("a.bz2"), STR("application/x-bzip2") },
	{ STR("a.cc"), STR("text/plain" UTF8) },
	{ STR("a.conf"), STR("text/plain" UTF8) },
	{ STR("a.cpp"), STR("text/plain" UTF8) },
	{ STR("a.csv"), STR("text/csv" UTF8) },
	{ STR("a.diff"), STR("text/plain" UTF8) },
	{ STR("a.epub"), STR("application/epub+zip") },
	{ STR("a.flac"), STR("audio/flac") },
	{ STR("a.gif"), STR("image/gif") },
	{ STR("a.gz"), STR("application/gzip") },
	{ STR("a.h"), STR("text/plain" UTF8) },
	{ STR("a.hpp"), STR("text/plain" UTF8) },
	{ STR("a.html"), STR("text/html" UTF8) },
	{ STR("a.ico"), STR("image/vnd.microsoft.icon") },
	{ STR("a.ics"), STR("text/calendar" UTF8) },
	{ STR("a.java"), STR("text/plain" UTF8) },
	{ STR("a.jpg"), STR("image/jpeg") },
	{ STR("a.log"), STR("text/plain" UTF8) },
	{ STR("a.m4a"), STR("audio/mp4") },
	{ STR("a.m4v"), STR("video/mp4") },
	{ STR("a.map"), STR("application/json") },
	{ STR("a.md"), STR("text/markdown" UTF8) },
	{ STR("a.mjs"), STR("text/javascript" UTF8) },
	{ STR("a.mov"), STR("video/quicktime") },
	{ STR("a.mp3"), STR("audio/mpeg") },
	{ STR("a.mp4"), STR("video/mp4") },
	{ STR("a.oga"), STR("audio/ogg") },
	{ STR("a.ogg"), STR("audio/ogg") },
	{ STR("a.ogv"), STR("video/ogg") },
	{ STR("a.opus"), STR("audio/ogg") },
	{ STR("a.otf"), STR("font/otf") },
	{ STR("a.patch"), STR("text/plain" UTF8) },
	{ STR("a.ps"), STR("application/postscript") },
	{ STR("a.py"), STR("text/plain" UTF8) },
	{ STR("a.rtf"), STR("application/rtf") },
	{ STR("a.sh"), STR("text/plain" UTF8) },
	{ STR("a.tar"), STR("application/x-tar") },
	{ STR("a.text"), STR("text/plain" UTF8) },
	{ STR("a.tgz"), STR("application/gzip") },
	{ STR("a.tif"), STR("image/tiff") },
	{ STR("a.tiff"), STR("image/tiff") },
	{ STR("a.ttf"), STR("font/ttf") },
	{ STR("a.vtt"), STR("text/vtt" UTF8) },
	{ STR("a.wasm"), STR("application/wasm") },
	{ STR("a.wav"), STR("audio/wav") },
	{ STR("a.webm"), STR("video/webm") },
	{ STR("a.webmanifest"), STR("application/manifest+json") },
	{ STR("a.webp"), STR("image/webp") },
	{ STR("a.woff"), STR("font/woff") },
	{ STR("a.xhtml"), STR("application/xhtml+xml") },
	{ STR("a.xml"), STR("text/xml" UTF8) },
	{ STR("a.xz"), STR("application/x-xz") },
	{ STR("a.yaml"), STR("application/yaml") },
	{ STR("a.yml"), STR("application/yaml") },
	{ STR("a.zip"), STR("application/zip") },
	{ STR("a.zst"), STR("application/zstd") },
	{ STR(""), OTHER },
	{ STR("html"), OTHER },
	{ STR("README"), OTHER },
	{ STR("a."), OTHER },
	{ STR("a.html."), OTHER },
	{ STR("a.htmlx"), OTHER },
	{ STR("a.ht"), OTHER },
	{ STR("a.0"), OTHER },
	{ STR("a.zzz"), OTHER },
	{ STR("a.html "), OTHER },
	{ STR("a.xhtml5"), OTHER },
	{ STR("a.html/b"), OTHER },
	{ STR("a.html/"), OTHER },
	{ STR("a.ht\0ml"), OTHER },
};

static void
check_type(const struct mime *m, struct str name, struct str type)
{
	struct str found = mime_type(m, name);

	ck_assert_msg(str_eq(found, type), "'%.*s': %.*s", (int)name.len,
	    name.p, (int)found.len, found.p);
}

START_TEST(type)
{
	struct guard *guard = guard_new(100);
	struct str name = names[_i].name;
	struct mime *m = mime_new();

	ck_assert_ptr_nonnull(m);
	name.p = guard_copy(guard, name.p, name.len);
	check_type(NULL, name, names[_i].type);
	check_type(m, name, names[_i].type);
	mime_free(m);
	guard_free(guard);
}
END_TEST

/* What a.x has after a text was read; or the line that is not well formed. */
static const struct {
	struct str text;
	struct str type;
	unsigned bad;
} texts[] = {
	{ STR("a/b x"), STR("a/b"), 0 },
	{ STR("a/b y x z\n"), STR("a/b"), 0 },
	{ STR("a/b x\r\nc/d y\r\n"), STR("a/b"), 0 },
	{ STR(" \ta/b\t \tx\t\n"), STR("a/b"), 0 },
	{ STR("a/b X"), STR("a/b"), 0 },
	{ STR("application/vnd.a-b+xml x"), STR("application/vnd.a-b+xml"), 0 },
	{ STR("a/b c++ x"), STR("a/b"), 0 },
	{ STR("a/b x\na/c x\n"), STR("a/c"), 0 },
	{ STR("a/b x\na/c y\n"), STR("a/b"), 0 },
	{ STR("a/b x x"), STR("a/b"), 0 },

	/* Comments, empty lines, and types without an extension. */
	{ STR("# types\n\na/b x # the x\n"), STR("a/b"), 0 },
	{ STR("a/b x#y\n"), STR("a/b"), 0 },
	{ STR("a/b #x\n"), OTHER, 0 },
	{ STR("#a/b x\n"), OTHER, 0 },
	{ STR("  # a/b x"), OTHER, 0 },
	{ STR("a/b\n"), OTHER, 0 },
	{ STR("\n\n \t\r\n"), OTHER, 0 },
	{ STR(""), OTHER, 0 },

	/* Parameters. */
	{ STR("text/a x"), STR("text/a" UTF8), 0 },
	{ STR("TEXT/a x"), STR("TEXT/a" UTF8), 0 },
	{ STR("text/a;charset=iso-8859-1 x"), STR("text/a;charset=iso-8859-1"),
	    0 },
	{ STR("text/a;b=c;Charset=\"d\" x"), STR("text/a;b=c;Charset=\"d\""),
	    0 },
	{ STR("text/a;charsets=b x"), STR("text/a;charsets=b" UTF8), 0 },
	{ STR("texts/a x"), STR("texts/a"), 0 },
	{ STR("a/text x"), STR("a/text"), 0 },
	{ STR("a/b;c=d x"), STR("a/b;c=d"), 0 },

	/* Not well formed; what stands before it counts. */
	{ STR("x"), OTHER, 1 },
	{ STR("a/b x\nx\n"), STR("a/b"), 2 },
	{ STR("\n# c\na/b x\nx a/b\na/c x\n"), STR("a/b"), 4 },
	{ STR("/b x"), OTHER, 1 },
	{ STR("a/ x"), OTHER, 1 },
	{ STR("a x"), OTHER, 1 },
	{ STR("/ x"), OTHER, 1 },
	{ STR("a/b/c x"), OTHER, 1 },
	{ STR("a/(b) x"), OTHER, 1 },
	{ STR("a/b; x"), OTHER, 1 },
	{ STR("a/b;c x"), OTHER, 1 },
	{ STR("a/b;c= x"), OTHER, 1 },
	{ STR("a/b;=c x"), OTHER, 1 },
	{ STR("a/b;;c=d x"), OTHER, 1 },
	{ STR("a/b; charset=c x"), OTHER, 1 },
	{ STR("a/b;c=\x01 x"), OTHER, 1 },
	{ STR("a/b;c=\x7f x"), OTHER, 1 },
	{ STR("a/b\0c x"), OTHER, 1 },
	{ STR("a/b x y/z"), OTHER, 1 },
	{ STR("a/b x \0"), OTHER, 1 },
	{ STR("a/b x;"), OTHER, 1 },
	{ STR("types {\n a/b x;\n}\n"), OTHER, 1 },
};

START_TEST(read_text)
{
	struct guard *guard = guard_new(100);
	struct str text = texts[_i].text;
	struct mime *m = mime_new();
	unsigned line = 1000;
	int rc;

	ck_assert_ptr_nonnull(m);
	text.p = guard_copy(guard, text.p, text.len);
	rc = mime_read(m, text, &line);
	/* It keeps nothing of the text. */
	guard_copy(guard, "", 0);
	ck_assert_int_eq(rc, texts[_i].bad > 0 ? -1 : 0);
	if (rc == -1)
		ck_assert_uint_eq(line, texts[_i].bad);
	check_type(m, STR("a.x"), texts[_i].type);
	check_type(m, STR("a.html"), STR("text/html" UTF8));
	mime_free(m);
	guard_free(guard);
}
END_TEST

static void
read_more(struct mime *m, const char *text)
{
	unsigned line;

	ck_assert_int_eq(mime_read(m, str_of(text), &line), 0);
}

START_TEST(later_replaces)
{
	struct mime *m = mime_new();

	read_more(m, "a/b x HTML\n");
	check_type(m, STR("a.x"), STR("a/b"));
	check_type(m, STR("a.html"), STR("a/b"));
	check_type(m, STR("a.Html"), STR("a/b"));
	read_more(m, "text/c html\n");
	check_type(m, STR("a.x"), STR("a/b"));
	check_type(m, STR("a.html"), STR("text/c" UTF8));
	check_type(NULL, STR("a.html"), STR("text/html" UTF8));
	mime_free(m);
	mime_free(NULL);
}
END_TEST

START_TEST(many)
{
	struct mime *m = mime_new();
	struct buf b = { 0 };
	unsigned line;

	for (int i = 0; i < 2000; i++)
		buf_addf(&b, "a/b%d x%d\n", i, i);
	ck_assert_int_eq(
	    mime_read(m, (struct str){ buf_data(&b), buf_len(&b) }, &line), 0);
	check_type(m, STR("a.x0"), STR("a/b0"));
	check_type(m, STR("a.x1999"), STR("a/b1999"));
	check_type(m, STR("a.x2000"), OTHER);
	buf_free(&b);
	mime_free(m);
}
END_TEST

#define LONGEST "abcdefghijklmnopqrstuvwxyz012345" /* MIME_EXTENSION_MAX */

START_TEST(extension_limit)
{
	struct mime *m = mime_new();
	unsigned line;

	ck_assert_uint_eq(sizeof(LONGEST) - 1, MIME_EXTENSION_MAX);
	read_more(m, "a/b " LONGEST "\n");
	check_type(m, STR("a." LONGEST), STR("a/b"));
	check_type(m, STR("a." LONGEST "6"), OTHER);
	ck_assert_int_eq(mime_read(m, STR("\na/b " LONGEST "6"), &line), -1);
	ck_assert_uint_eq(line, 2);
	mime_free(m);
}
END_TEST

static Suite *
mime_suite(void)
{
	Suite *suite = suite_create("mime");
	TCase *tc = tcase_create("mime");

	tcase_add_loop_test(tc, type, 0, CASES(names));
	tcase_add_loop_test(tc, read_text, 0, CASES(texts));
	tcase_add_test(tc, later_replaces);
	tcase_add_test(tc, many);
	tcase_add_test(tc, extension_limit);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(mime_suite());
}
