/*
 * What was read stands in a map and comes before the table of what is built
 * in.  Both have extensions in small letters.
 */
#include "http/mime.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "http/parse.h"

/* Text is UTF-8 here; a page that says otherwise in itself is out of luck. */
#define UTF8 "; charset=utf-8"

/* A type that was read; the map's values point to these. */
struct type {
	struct type *next;
	struct str value;
	char text[];
};

struct mime {
	struct map *added;
	struct type *types;
};

/* Sorted by extension, for bsearch(3). */
static const struct builtin {
	struct str extension;
	struct str type;
} builtins[] = {
	{ STR("7z"), STR("application/x-7z-compressed") },
	{ STR("apng"), STR("image/apng") },
	{ STR("avif"), STR("image/avif") },
	{ STR("bmp"), STR("image/bmp") },
	{ STR("bz2"), STR("application/x-bzip2") },
	{ STR("c"), STR("text/plain" UTF8) },
	{ STR("cc"), STR("text/plain" UTF8) },
	{ STR("conf"), STR("text/plain" UTF8) },
	{ STR("cpp"), STR("text/plain" UTF8) },
	{ STR("css"), STR("text/css" UTF8) },
	{ STR("csv"), STR("text/csv" UTF8) },
	{ STR("diff"), STR("text/plain" UTF8) },
	{ STR("epub"), STR("application/epub+zip") },
	{ STR("flac"), STR("audio/flac") },
	{ STR("gif"), STR("image/gif") },
	{ STR("gz"), STR("application/gzip") },
	{ STR("h"), STR("text/plain" UTF8) },
	{ STR("hpp"), STR("text/plain" UTF8) },
	{ STR("htm"), STR("text/html" UTF8) },
	{ STR("html"), STR("text/html" UTF8) },
	{ STR("ico"), STR("image/vnd.microsoft.icon") },
	{ STR("ics"), STR("text/calendar" UTF8) },
	{ STR("java"), STR("text/plain" UTF8) },
	{ STR("jpeg"), STR("image/jpeg") },
	{ STR("jpg"), STR("image/jpeg") },
	{ STR("js"), STR("text/javascript" UTF8) },
	{ STR("json"), STR("application/json") },
	{ STR("log"), STR("text/plain" UTF8) },
	{ STR("m4a"), STR("audio/mp4") },
	{ STR("m4v"), STR("video/mp4") },
	{ STR("map"), STR("application/json") },
	{ STR("md"), STR("text/markdown" UTF8) },
	{ STR("mjs"), STR("text/javascript" UTF8) },
	{ STR("mov"), STR("video/quicktime") },
	{ STR("mp3"), STR("audio/mpeg") },
	{ STR("mp4"), STR("video/mp4") },
	{ STR("oga"), STR("audio/ogg") },
	{ STR("ogg"), STR("audio/ogg") },
	{ STR("ogv"), STR("video/ogg") },
	{ STR("opus"), STR("audio/ogg") },
	{ STR("otf"), STR("font/otf") },
	{ STR("patch"), STR("text/plain" UTF8) },
	{ STR("pdf"), STR("application/pdf") },
	{ STR("png"), STR("image/png") },
	{ STR("ps"), STR("application/postscript") },
	{ STR("py"), STR("text/plain" UTF8) },
	{ STR("rtf"), STR("application/rtf") },
	{ STR("sh"), STR("text/plain" UTF8) },
	{ STR("svg"), STR("image/svg+xml") },
	{ STR("tar"), STR("application/x-tar") },
	{ STR("text"), STR("text/plain" UTF8) },
	{ STR("tgz"), STR("application/gzip") },
	{ STR("tif"), STR("image/tiff") },
	{ STR("tiff"), STR("image/tiff") },
	{ STR("ttf"), STR("font/ttf") },
	{ STR("txt"), STR("text/plain" UTF8) },
	{ STR("vtt"), STR("text/vtt" UTF8) },
	{ STR("wasm"), STR("application/wasm") },
	{ STR("wav"), STR("audio/wav") },
	{ STR("webm"), STR("video/webm") },
	{ STR("webmanifest"), STR("application/manifest+json") },
	{ STR("webp"), STR("image/webp") },
	{ STR("woff"), STR("font/woff") },
	{ STR("woff2"), STR("font/woff2") },
	{ STR("xhtml"), STR("application/xhtml+xml") },
	{ STR("xml"), STR("text/xml" UTF8) },
	{ STR("xz"), STR("application/x-xz") },
	{ STR("yaml"), STR("application/yaml") },
	{ STR("yml"), STR("application/yaml") },
	{ STR("zip"), STR("application/zip") },
	{ STR("zst"), STR("application/zstd") },
};

/* What follows the last dot of the last path segment, or nothing. */
static struct str
extension_of(struct str name)
{
	for (size_t i = name.len; i > 0 && name.p[i - 1] != '/'; i--) {
		if (name.p[i - 1] == '.')
			return (struct str){ name.p + i, name.len - i };
	}
	return (struct str){ "", 0 };
}

/* An extension in small letters; nothing for one that is too long. */
static struct str
fold(struct str extension, char space[MIME_EXTENSION_MAX])
{
	if (extension.len > MIME_EXTENSION_MAX)
		extension.len = 0;
	for (size_t i = 0; i < extension.len; i++)
		space[i] = ascii_lower(extension.p[i]);
	return (struct str){ space, extension.len };
}

static int
compare_extension(const void *key, const void *element)
{
	struct str a = *(const struct str *)key;
	struct str b = ((const struct builtin *)element)->extension;
	int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

struct str
mime_type(const struct mime *m, struct str name)
{
	char space[MIME_EXTENSION_MAX];
	struct str extension = fold(extension_of(name), space);
	const struct type *added = NULL;
	const struct builtin *b;

	if (m != NULL)
		added = map_get(m->added, extension.p, extension.len);
	if (added != NULL)
		return added->value;
	b = bsearch(&extension, builtins,
	    sizeof(builtins) / sizeof(builtins[0]), sizeof(builtins[0]),
	    compare_extension);
	return b != NULL ? b->type : STR("application/octet-stream");
}

struct mime *
mime_new(void)
{
	struct mime *m = calloc(1, sizeof(*m));

	if (m != NULL && (m->added = map_new()) == NULL) {
		free(m);
		return NULL;
	}
	return m;
}

void
mime_free(struct mime *m)
{
	struct type *next;

	if (m == NULL)
		return;
	for (struct type *t = m->types; t != NULL; t = next) {
		next = t->next;
		free(t);
	}
	map_free(m->added);
	free(m);
}

static bool
is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!http_is_token_char(s.p[i]))
			return false;
	}
	return s.len > 0;
}

/* Whether it can stand in a field's value, which ends at a control. */
static bool
is_visible(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '\x7f')
			return false;
	}
	return s.len > 0;
}

/* A media-type without white space (RFC 9110, 8.3.1). */
static bool
is_type(struct str s)
{
	bool is_cut_off = s.p[s.len - 1] == ';';
	struct str subtype = str_cut(&s, ';');
	struct str main_type = str_cut(&subtype, '/');

	if (is_cut_off || !is_token(main_type) || !is_token(subtype))
		return false;
	while (s.len > 0) {
		struct str value = str_cut(&s, ';');
		struct str name = str_cut(&value, '=');

		if (!is_token(name) || !is_visible(value))
			return false;
	}
	return true;
}

static bool
needs_charset(struct str type)
{
	struct str rest = type;

	if (!str_eq_nocase(str_cut(&type, '/'), STR("text")))
		return false;
	while (rest.len > 0) {
		struct str parameter = str_cut(&rest, ';');

		if (str_eq_nocase(str_cut(&parameter, '='), STR("charset")))
			return false;
	}
	return true;
}

/* CR too: the file may be from another system. */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct str
next_word(struct str *rest)
{
	struct str word;
	size_t at = 0, end;

	while (at < rest->len && is_blank(rest->p[at]))
		at++;
	end = at;
	while (end < rest->len && !is_blank(rest->p[end]))
		end++;
	word = (struct str){ rest->p + at, end - at };
	*rest = (struct str){ rest->p + end, rest->len - end };
	return word;
}

/* Whether a type stands in the line, and then its extensions; or nothing. */
static bool
is_line(struct str line)
{
	struct str word = next_word(&line);

	if (word.len > 0 && !is_type(word))
		return false;
	while ((word = next_word(&line)).len > 0) {
		if (!is_token(word) || word.len > MIME_EXTENSION_MAX)
			return false;
	}
	return true;
}

static struct type *
add_type(struct mime *m, struct str s)
{
	struct str charset = needs_charset(s) ? STR(UTF8) : STR("");
	struct type *t = malloc(sizeof(*t) + s.len + charset.len);

	if (t == NULL)
		return NULL;
	memcpy(t->text, s.p, s.len);
	memcpy(t->text + s.len, charset.p, charset.len);
	t->value = (struct str){ t->text, s.len + charset.len };
	t->next = m->types;
	m->types = t;
	return t;
}

/* Adds what is_line().  Returns 0, or -1 without memory. */
static int
add_line(struct mime *m, struct str line)
{
	struct str type = next_word(&line), word = next_word(&line);
	struct type *t = NULL;

	for (; word.len > 0; word = next_word(&line)) {
		char space[MIME_EXTENSION_MAX];
		struct str extension = fold(word, space);

		if ((t == NULL && (t = add_type(m, type)) == NULL) ||
		    map_put(m->added, extension.p, extension.len, t) == -1)
			return -1;
	}
	return 0;
}

int
mime_read(struct mime *m, struct str text, unsigned *number)
{
	for (*number = 1; text.len > 0; ++*number) {
		struct str commented = str_cut(&text, '\n');
		struct str line = str_cut(&commented, '#');

		if (!is_line(line))
			return -1;
		if (add_line(m, line) == -1) {
			*number = 0;
			return -1;
		}
	}
	return 0;
}
