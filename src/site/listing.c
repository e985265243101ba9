/*
 * However long the names are, a page has room for one entry at least: what
 * stands around the entries is bounded by PATH_NAMES_MAX and TAIL_MAX.
 */
#include "site/listing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <time.h>

#include "base/html.h"
#include "base/json.h"
#include "http/url.h"
#include "site/directory.h"

#define PATH_NAMES_MAX 8    /* of the path, that the page shows */
#define TAIL_MAX       1024 /* bytes after the entries */

#define TIME_SIZE sizeof("2026-11-23T03:06:27Z")

/* A page while it is made. */
struct page {
	struct buf *out;
	size_t start; /* of the page in out */
	struct buf row;
	const char *path;
	const struct directory *dir;
	const struct listing_view *view;
	size_t from, to; /* the entries on it */
};

/* Writes an entry, and before it what parts it from one that is not first. */
typedef void row_fn(struct buf *, const struct entry *, bool is_first);

static const struct {
	const char *key, *label;
} columns[] = {
	[LISTING_BY_NAME] = { "name", "Name" },
	[LISTING_BY_SIZE] = { "size", "Size" },
	[LISTING_BY_TIME] = { "time", "Modified" },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static enum listing_order
order_parse(struct str key)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		if (str_eq(key, str_of(columns[i].key)))
			return (enum listing_order)i;
	}
	return LISTING_BY_NAME;
}

struct listing_view
listing_view_parse(struct str query)
{
	struct listing_view view = { .order = LISTING_BY_NAME };

	while (query.len > 0) {
		struct str value = str_cut(&query, '&');
		struct str name = str_cut(&value, '=');
		uint64_t from = 0;

		if (str_eq(name, STR("sort"))) {
			view.order = order_parse(value);
		} else if (str_eq(name, STR("order"))) {
			view.descending = str_eq(value, STR("desc"));
		} else if (str_eq(name, STR("from"))) {
			str_to_u64(value, LISTING_ENTRIES_MAX, &from);
			view.from = (size_t)from;
		}
	}
	return view;
}

/* Parts of both kinds of page. */

static void
format_time(int64_t seconds, char out[TIME_SIZE])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	gmtime_r(&time, &tm);
	strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* After "./" nothing in a name can make it another kind of reference. */
static void
write_href(struct buf *b, const struct entry *e)
{
	buf_add_str(b, STR("./"));
	url_encode_path(b, str_of(e->name));
	if (e->is_dir)
		buf_add_str(b, STR("/"));
}

/* Makes entry i in p->row.  Returns its length. */
static size_t
make_row(struct page *p, row_fn *row, size_t i, bool is_first)
{
	buf_drain(&p->row, buf_len(&p->row));
	row(&p->row, &p->dir->entries[i], is_first);
	return buf_len(&p->row);
}

/* Bytes that entries may take on a page of which only the head is there. */
static size_t
room_for_rows(const struct page *p)
{
	return LISTING_PAGE_MAX - TAIL_MAX - (buf_len(p->out) - p->start);
}

static void
add_rows(struct page *p, row_fn *row, size_t room)
{
	for (p->to = p->from; p->to < p->dir->count; p->to++) {
		size_t len = make_row(p, row, p->to, p->to == p->from);

		if (len > room)
			break;
		buf_add(p->out, buf_data(&p->row), len);
		room -= len;
	}
}

/* Where the page before begins, if it ends where this one begins. */
static size_t
page_before(struct page *p, row_fn *row, size_t room)
{
	size_t from = p->from;

	while (from > 0) {
		size_t len = make_row(p, row, from - 1, false);

		if (len > room)
			break;
		room -= len;
		from--;
	}
	return from;
}

/* JSON. */

static void
json_row(struct buf *b, const struct entry *e, bool is_first)
{
	char time[TIME_SIZE];

	format_time(e->modified, time);
	buf_add_str(b, is_first ? STR("\n{\"name\":") : STR(",\n{\"name\":"));
	json_string(b, str_of(e->name));
	buf_add_str(b, STR(",\"href\":\""));
	write_href(b, e);
	buf_addf(b,
	    "\",\"type\":\"%s\",\"size\":%" PRIu64 ",\"modified\":\"%s\"}",
	    e->is_dir ? "directory" : "file", e->size, time);
}

static void
write_json(struct page *p)
{
	struct buf *b = p->out;

	buf_add_str(&p->row, STR("/"));
	buf_add_str(&p->row, str_of(p->path));
	buf_add_str(b, STR("{\"path\":"));
	json_string(b, (struct str){ buf_data(&p->row), buf_len(&p->row) });
	buf_add_str(b, STR(",\"entries\":["));
	add_rows(p, json_row, room_for_rows(p));
	buf_addf(b, "\n],\"total\":%zu,\"truncated\":%s,\"from\":%zu,\"next\":",
	    p->dir->count, p->dir->is_cut ? "true" : "false", p->from);
	if (p->to < p->dir->count)
		buf_addf(b, "%zu}\n", p->to);
	else
		buf_add_str(b, STR("null}\n"));
}

/* HTML. */

static const char style[] =
    "<style>\n"
    ":root { color-scheme: light dark; --page: #fff; --text: #1d1d1f;"
    " --muted: #5c6066; --link: #0b57d0; --line: #e2e3e6; --row: #f4f6fa }\n"
    "@media (prefers-color-scheme: dark) { :root { --page: #141517;"
    " --text: #e8e8ea; --muted: #a2a6ad; --link: #8ab4f8; --line: #313338;"
    " --row: #1e2023 } }\n"
    "body { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem;"
    " font: 1rem/1.5 system-ui, sans-serif; background: var(--page);"
    " color: var(--text) }\n"
    "a { color: var(--link); text-decoration: none }\n"
    "a:hover { text-decoration: underline }\n"
    "h1 { margin: 0 .5rem 1rem; font-size: 1.25rem;"
    " overflow-wrap: anywhere }\n"
    "h1 > * { margin-right: .4rem }\n"
    "h1 > *, td a { unicode-bidi: isolate; white-space: pre-wrap }\n"
    "table { width: 100%; border-collapse: collapse;"
    " font-variant-numeric: tabular-nums }\n"
    "th, td { padding: .4rem .5rem; text-align: right;"
    " vertical-align: baseline; white-space: nowrap; color: var(--muted);"
    " border-bottom: 1px solid var(--line) }\n"
    "th { position: sticky; top: 0; background: var(--page);"
    " font-weight: 600 }\n"
    "th a { color: inherit }\n"
    "th:first-child, td:first-child { width: 100%; text-align: left;"
    " white-space: normal; overflow-wrap: anywhere }\n"
    "td a { display: block }\n"
    "td a[href$='/'] { font-weight: 600 }\n"
    "tbody tr:hover { background: var(--row) }\n"
    "[aria-sort=ascending] a::after { content: ' \\2191' }\n"
    "[aria-sort=descending] a::after { content: ' \\2193' }\n"
    "footer { margin: 1rem .5rem; color: var(--muted) }\n"
    "footer a { display: inline-block; padding: .5rem 1.5rem .5rem 0 }\n"
    "@media (max-width: 30em) { body { padding: 1rem .5rem }"
    " time span { display: none } }\n"
    "</style>\n";

static size_t
count_names(struct str path)
{
	size_t n = 0;

	for (size_t i = 0; i < path.len; i++)
		n += path.p[i] == '/';
	return n;
}

/* The last names of the path, as many as are shown. */
static struct str
shown_path(const char *path)
{
	struct str s = str_of(path);

	for (size_t n = count_names(s); n > PATH_NAMES_MAX; n--)
		str_cut(&s, '/');
	return s;
}

/* A directory on the path, so many levels up. */
static void
write_crumb(struct buf *b, struct str name, size_t up)
{
	if (up == 0)
		buf_add_str(b, STR("<span aria-current=\"page\">"));
	else
		buf_add_str(b, STR("<a href=\""));
	for (size_t i = 0; i < up; i++)
		buf_add_str(b, STR("../"));
	if (up > 0)
		buf_add_str(b, STR("\">"));
	html_text(b, name);
	buf_add_str(b, up > 0 ? STR("/</a>") : STR("/</span>"));
}

static void
write_crumbs(struct buf *b, const char *path)
{
	struct str rest = shown_path(path);
	size_t up = count_names(rest);

	write_crumb(b, STR(""), count_names(str_of(path)));
	if (rest.p != path)
		buf_add_str(b, STR("\xe2\x80\xa6/"));
	while (rest.len > 0)
		write_crumb(b, str_cut(&rest, '/'), --up);
}

/* The address of the same directory in another view. */
static void
write_view(
    struct buf *b, enum listing_order order, bool descending, size_t from)
{
	buf_addf(b, "?sort=%s&amp;order=%s", columns[order].key,
	    descending ? "desc" : "asc");
	if (from > 0)
		buf_addf(b, "&amp;from=%zu", from);
}

static void
write_columns(struct buf *b, const struct listing_view *view)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		enum listing_order order = (enum listing_order)i;
		bool is_active = order == view->order;

		buf_add_str(b, STR("<th scope=\"col\""));
		if (is_active)
			buf_addf(b, " aria-sort=\"%sending\"",
			    view->descending ? "desc" : "asc");
		buf_add_str(b, STR("><a href=\""));
		write_view(b, order, is_active && !view->descending, 0);
		buf_addf(b, "\">%s</a></th>\n", columns[i].label);
	}
}

static void
write_head(struct buf *b, const char *path, const struct listing_view *view)
{
	struct str shown = shown_path(path);

	buf_add_str(b,
	    STR("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		"<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>Index of /"));
	buf_add_str(b, shown.p != path ? STR("\xe2\x80\xa6/") : STR(""));
	html_text(b, shown);
	buf_add_str(b, STR("</title>\n"));
	buf_add_str(b, STR(style));
	buf_add_str(b,
	    STR("</head>\n<body>\n<main>\n<nav aria-label=\"Path\">"
		"<h1 id=\"path\">"));
	write_crumbs(b, path);
	buf_add_str(b,
	    STR("</h1></nav>\n<table aria-labelledby=\"path\">\n<thead>\n<tr>\n"));
	write_columns(b, view);
	buf_add_str(b, STR("</tr>\n</thead>\n<tbody>\n"));
	if (path[0] != '\0')
		buf_add_str(b,
		    STR("<tr><td><a href=\"../\">Parent directory</a></td>"
			"<td></td><td></td></tr>\n"));
}

static void
write_size(struct buf *b, uint64_t size)
{
	const char *unit = "KMGTPE";
	double value = (double)size / 1024;

	if (size < 1024) {
		buf_addf(b, "%u B", (unsigned)size);
		return;
	}
	for (; value >= 1023.5; unit++)
		value /= 1024;
	buf_addf(b, "%.*f %ciB", value < 9.95 ? 1 : 0, value, *unit);
}

static void
html_row(struct buf *b, const struct entry *e, bool is_first)
{
	char time[TIME_SIZE];

	(void)is_first;
	buf_add_str(b, STR("<tr><td><a href=\""));
	write_href(b, e);
	buf_add_str(b, STR("\">"));
	html_text(b, str_of(e->name));
	if (e->is_dir) {
		buf_add_str(b, STR("/</a></td><td>"));
	} else {
		buf_addf(b, "</a></td><td title=\"%" PRIu64 " byte%s\">",
		    e->size, e->size == 1 ? "" : "s");
		write_size(b, e->size);
	}
	format_time(e->modified, time);
	buf_addf(b,
	    "</td><td><time datetime=\"%s\">%.10s<span> %.5s</span></time></td>"
	    "</tr>\n",
	    time, time, time + sizeof("2026-11-23T") - 1);
}

static void
write_page_link(struct page *p, const char *rel, const char *label, size_t from)
{
	buf_addf(p->out, "<a rel=\"%s\" href=\"", rel);
	write_view(p->out, p->view->order, p->view->descending, from);
	buf_addf(p->out, "\">%s</a>\n", label);
}

static void
write_summary(struct page *p)
{
	if (p->from < p->to)
		buf_addf(p->out,
		    "<p>Entries %zu to %zu of %zu. Times are UTC.</p>\n",
		    p->from + 1, p->to, p->dir->count);
	else
		buf_add_str(p->out,
		    p->from > 0 ? STR("<p>There are no more entries.</p>\n")
				: STR("<p>This directory is empty.</p>\n"));
	if (p->dir->is_cut)
		buf_addf(p->out,
		    "<p>There are more than %d entries; the others are not"
		    " listed.</p>\n",
		    LISTING_ENTRIES_MAX);
}

static void
write_html(struct page *p)
{
	size_t room;

	write_head(p->out, p->path, p->view);
	room = room_for_rows(p);
	add_rows(p, html_row, room);
	buf_add_str(p->out, STR("</tbody>\n</table>\n</main>\n<footer>\n"));
	write_summary(p);
	if (p->from > 0)
		write_page_link(
		    p, "prev", "Previous", page_before(p, html_row, room));
	if (p->to < p->dir->count)
		write_page_link(p, "next", "Next", p->to);
	buf_add_str(p->out, STR("</footer>\n</body>\n</html>\n"));
}

static int
write_page(struct page *p)
{
	bool failed;

	if (p->view->as_json)
		write_json(p);
	else
		write_html(p);
	failed = buf_failed(p->out) || buf_failed(&p->row);
	buf_free(&p->row);
	if (failed)
		errno = ENOMEM;
	return failed ? -1 : 0;
}

int
listing_write(
    struct buf *b, int root, const char *path, const struct listing_view *view)
{
	struct directory dir = { 0 };
	struct page page = { .out = b,
		.start = buf_len(b),
		.path = path,
		.dir = &dir,
		.view = view };
	int result = directory_read(&dir, root, path), saved;

	if (result == 0) {
		directory_sort(&dir, view);
		page.from = view->from < dir.count ? view->from : dir.count;
		result = write_page(&page);
	}
	saved = errno;
	directory_free(&dir);
	errno = saved;
	return result;
}
