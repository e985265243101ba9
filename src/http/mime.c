#include "http/mime.h"

/* Text is UTF-8 here; a page that says otherwise in itself is out of luck. */
#define UTF8 "; charset=utf-8"

static const struct {
	struct str extension;
	struct str type;
} types[] = {
	{ STR("html"), STR("text/html" UTF8) },
	{ STR("htm"), STR("text/html" UTF8) },
	{ STR("css"), STR("text/css" UTF8) },
	{ STR("js"), STR("text/javascript" UTF8) },
	{ STR("mjs"), STR("text/javascript" UTF8) },
	{ STR("json"), STR("application/json") },
	{ STR("map"), STR("application/json") },
	{ STR("txt"), STR("text/plain" UTF8) },
	{ STR("text"), STR("text/plain" UTF8) },
	{ STR("log"), STR("text/plain" UTF8) },
	{ STR("c"), STR("text/plain" UTF8) },
	{ STR("h"), STR("text/plain" UTF8) },
	{ STR("md"), STR("text/markdown" UTF8) },
	{ STR("csv"), STR("text/csv" UTF8) },
	{ STR("xml"), STR("text/xml" UTF8) },
	{ STR("svg"), STR("image/svg+xml") },
	{ STR("png"), STR("image/png") },
	{ STR("jpg"), STR("image/jpeg") },
	{ STR("jpeg"), STR("image/jpeg") },
	{ STR("gif"), STR("image/gif") },
	{ STR("webp"), STR("image/webp") },
	{ STR("avif"), STR("image/avif") },
	{ STR("ico"), STR("image/vnd.microsoft.icon") },
	{ STR("bmp"), STR("image/bmp") },
	{ STR("woff"), STR("font/woff") },
	{ STR("woff2"), STR("font/woff2") },
	{ STR("ttf"), STR("font/ttf") },
	{ STR("otf"), STR("font/otf") },
	{ STR("mp3"), STR("audio/mpeg") },
	{ STR("ogg"), STR("audio/ogg") },
	{ STR("wav"), STR("audio/wav") },
	{ STR("mp4"), STR("video/mp4") },
	{ STR("webm"), STR("video/webm") },
	{ STR("pdf"), STR("application/pdf") },
	{ STR("wasm"), STR("application/wasm") },
	{ STR("zip"), STR("application/zip") },
	{ STR("gz"), STR("application/gzip") },
	{ STR("tar"), STR("application/x-tar") },
	{ STR("webmanifest"), STR("application/manifest+json") },
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

struct str
mime_type(struct str name)
{
	struct str extension = extension_of(name);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (str_eq_nocase(extension, types[i].extension))
			return types[i].type;
	}
	return STR("application/octet-stream");
}
