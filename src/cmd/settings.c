#include "cmd/settings.h"

#include <stdlib.h>
#include <string.h>

#include "http/parse.h"

/* What settings of a type do; clear and release may be NULL. */
struct setting_type {
	const char *(*set)(
	    const struct setting *, struct options *, struct str value);
	void (*print)(const struct setting *, const struct options *, FILE *);
	void (*clear)(const struct setting *, struct options *);
	void (*release)(const struct setting *, struct options *);
};

static void *
place(const struct setting *s, const struct options *o)
{
	return (char *)o + s->offset;
}

static const char *
set_number(const struct setting *s, struct options *o, struct str value)
{
	static char wanted[64];
	uint64_t number;

	if (str_to_u64(value, s->max, &number) == 0 && number >= s->min) {
		*(unsigned *)place(s, o) = (unsigned)number;
		return NULL;
	}
	snprintf(
	    wanted, sizeof(wanted), "a number from %u to %u", s->min, s->max);
	return wanted;
}

static void
print_number(const struct setting *s, const struct options *o, FILE *f)
{
	fprintf(f, "%s = %u\n", s->name, *(unsigned *)place(s, o));
}

static const struct setting_type number_type = { set_number, print_number, NULL,
	NULL };

/* The default is another when that port is taken; one that was asked for is
 * not. */
static const char *
set_port(const struct setting *s, struct options *o, struct str value)
{
	o->port_given = true;
	return set_number(s, o, value);
}

static void
print_port(const struct setting *s, const struct options *o, FILE *f)
{
	fputs(o->port_given ? "" : "# ", f);
	print_number(s, o, f);
}

static const struct setting_type port_type = { set_port, print_port, NULL,
	NULL };

static const char *
set_flag(const struct setting *s, struct options *o, struct str value)
{
	bool yes = value.len == 0 || str_eq(value, STR("yes"));

	if (!yes && !str_eq(value, STR("no")))
		return "yes or no";
	*(bool *)place(s, o) = yes;
	return NULL;
}

static void
print_flag(const struct setting *s, const struct options *o, FILE *f)
{
	fprintf(f, "%s = %s\n", s->name, *(bool *)place(s, o) ? "yes" : "no");
}

static const struct setting_type flag_type = { set_flag, print_flag, NULL,
	NULL };

/* One of some words, kept as its number among them. */
static const char *
set_word(const struct setting *s, struct options *o, struct str value)
{
	static char wanted[64];

	for (int i = 0; s->words[i] != NULL; i++) {
		if (str_eq(value, str_of(s->words[i]))) {
			*(int *)place(s, o) = i;
			return NULL;
		}
	}
	wanted[0] = '\0';
	for (int i = 0; s->words[i] != NULL; i++) {
		strcat(wanted, i == 0 ? "" : s->words[i + 1] ? ", " : " or ");
		strcat(wanted, s->words[i]);
	}
	return wanted;
}

static void
print_word(const struct setting *s, const struct options *o, FILE *f)
{
	fprintf(f, "%s = %s\n", s->name, s->words[*(int *)place(s, o)]);
}

static const struct setting_type word_type = { set_word, print_word, NULL,
	NULL };

static const char *
set_text(const struct setting *s, struct options *o, struct str value)
{
	char **text = place(s, o);

	free(*text);
	*text = strndup(value.p, value.len);
	return *text != NULL ? NULL : "shorter (out of memory)";
}

static void
print_text(const struct setting *s, const struct options *o, FILE *f)
{
	char *const *text = place(s, o);

	if (*text != NULL)
		fprintf(f, "%s = %s\n", s->name, *text);
}

static void
free_text(const struct setting *s, struct options *o)
{
	free(*(char **)place(s, o));
}

/* The name of a file, a directory or a user. */
static const char *
set_name(const struct setting *s, struct options *o, struct str value)
{
	if (value.len == 0 || str_has_control(value))
		return "a name, without control characters";
	return set_text(s, o, value);
}

static const struct setting_type name_type = { set_name, print_text, NULL,
	free_text };

static bool
is_field_value(struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (ascii_is_control(value.p[i]) && value.p[i] != '\t')
			return false;
	}
	return true;
}

static const char *
set_field_value(const struct setting *s, struct options *o, struct str value)
{
	return is_field_value(value) ? set_text(s, o, str_trim(value))
				     : "a value without control characters";
}

static const struct setting_type field_value_type = { set_field_value,
	print_text, NULL, free_text };

/* NULL-terminated. */
static bool
is_one_of(struct str name, const char *const *names)
{
	while (*names != NULL && !str_eq_nocase(name, str_of(*names)))
		names++;
	return *names != NULL;
}

/* NULL for a field that may be added to all responses; or what to give. */
static const char *
other_field(struct str name)
{
	/* Those that the server writes, which can stand there once. */
	static const char *const own[] = { "Accept-Ranges", "Allow",
		"Content-Encoding", "Content-Length", "Content-Range",
		"Content-Type", "Date", "ETag", "Last-Modified", "Location",
		"Retry-After", NULL };
	/* RFC 9110, 7.6.1, and the Trailer of 6.6.2. */
	static const char *const hop_by_hop[] = { "Connection", "Keep-Alive",
		"Proxy-Connection", "TE", "Trailer", "Transfer-Encoding",
		"Upgrade", NULL };

	if (str_eq_nocase(name, STR("Cache-Control")))
		return "another field: --cache-control sets this one";
	if (is_one_of(name, own))
		return "another field: the server sets this one by itself";
	if (is_one_of(name, hop_by_hop))
		return "another field: this one is about the connection";
	return NULL;
}

/* RFC 9110, 5.1. */
static bool
is_field_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!http_is_token_char(name.p[i]))
			return false;
	}
	return name.len > 0;
}

static const char *
set_field(const struct setting *s, struct options *o, struct str line)
{
	struct strings *list = place(s, o);
	struct str value = line, name = str_cut(&value, ':');
	const char *other;
	char *text;

	if (list->n == OPTIONS_LIST_MAX)
		return "given at most 32 times";
	if (name.len == line.len || !is_field_name(name) ||
	    !is_field_value(value))
		return "NAME: VALUE, as in X-Content-Type-Options: nosniff";
	if ((other = other_field(name)) != NULL)
		return other;
	value = str_trim(value);
	text = malloc(name.len + value.len + sizeof(": "));
	if (text == NULL)
		return "shorter (out of memory)";
	sprintf(
	    text, "%.*s: %.*s", (int)name.len, name.p, (int)value.len, value.p);
	list->at[list->n++] = text;
	return NULL;
}

static void
print_strings(const struct setting *s, const struct options *o, FILE *f)
{
	const struct strings *list = place(s, o);

	for (size_t i = 0; i < list->n; i++)
		fprintf(f, "%s = %s\n", s->name, list->at[i]);
}

static void
clear_strings(const struct setting *s, struct options *o)
{
	struct strings *list = place(s, o);

	while (list->n > 0)
		free(list->at[--list->n]);
}

/* As the chat's page may be reached by. */
static const char *
set_host(const struct setting *s, struct options *o, struct str value)
{
	struct strings *list = place(s, o);

	if (list->n == OPTIONS_LIST_MAX)
		return "given at most 32 times";
	for (size_t i = 0; i < value.len; i++) {
		if (!http_is_token_char(value.p[i]))
			value.len = 0;
	}
	if (value.len == 0)
		return "a host name, as in chat.example.org";
	list->at[list->n] = strndup(value.p, value.len);
	if (list->at[list->n] == NULL)
		return "shorter (out of memory)";
	list->n++;
	return NULL;
}

static const struct setting_type hosts_type = { set_host, print_strings,
	clear_strings, clear_strings };

static const struct setting_type field_type = { set_field, print_strings,
	clear_strings, clear_strings };

static const char *
set_endpoint(const struct setting *s, struct options *o, struct str value)
{
	struct endpoints *list = place(s, o);

	if (list->n == OPTIONS_LIST_MAX)
		return "given at most 32 times";
	if (endpoint_parse(value, &list->at[list->n]) == -1)
		return "[ADDR:]PORT with an IP address, as in 127.0.0.1:8080, or "
		       "unix:PATH (107 bytes at most, no control characters)";
	if (list == &o->udp && endpoint_is_unix(&list->at[list->n]))
		return "[ADDR:]PORT: only HTTP has Unix sockets";
	list->n++;
	return NULL;
}

static void
print_endpoints(const struct setting *s, const struct options *o, FILE *f)
{
	const struct endpoints *list = place(s, o);
	char text[ENDPOINT_TEXT_MAX];

	for (size_t i = 0; i < list->n; i++) {
		const struct endpoint *ep = &list->at[i];

		if (ep->any)
			fprintf(f, "%s = %u\n", s->name, ep->addr.port);
		else
			fprintf(
			    f, "%s = %s\n", s->name, endpoint_format(ep, text));
	}
}

static void
clear_endpoints(const struct setting *s, struct options *o)
{
	((struct endpoints *)place(s, o))->n = 0;
}

static const struct setting_type endpoints_type = { set_endpoint,
	print_endpoints, clear_endpoints, NULL };

static const char *
set_trust(const struct setting *s, struct options *o, struct str value)
{
	struct networks *list = place(s, o);

	if (list->n == OPTIONS_LIST_MAX)
		return "given at most 32 times";
	if (cidr_parse(value, &list->at[list->n]) == -1)
		return "a network, as in 192.168.0.0/16 or fd00::/8";
	list->n++;
	return NULL;
}

static void
print_trust(const struct setting *s, const struct options *o, FILE *f)
{
	const struct networks *list = place(s, o);
	char host[ADDR_HOST_MAX];

	for (size_t i = 0; i < list->n; i++) {
		struct addr addr = { .port = 0 };

		memcpy(addr.ip, list->at[i].ip, sizeof(addr.ip));
		fprintf(f, "%s = %s/%u\n", s->name, addr_host(&addr, host),
		    list->at[i].bits - (addr_is_v4(&addr) ? 96 : 0));
	}
}

static void
clear_networks(const struct setting *s, struct options *o)
{
	((struct networks *)place(s, o))->n = 0;
}

static const struct setting_type networks_type = { set_trust, print_trust,
	clear_networks, NULL };

static const char *
set_flood(const struct setting *s, struct options *o, struct str value)
{
	struct str lines;
	uint64_t n, seconds;

	(void)s;
	if (str_eq(value, STR("off"))) {
		o->flood_lines = 0;
		return NULL;
	}
	lines = str_cut(&value, '/');
	if (str_to_u64(lines, 1000000, &n) == -1 || n == 0 ||
	    str_to_u64(value, 86400, &seconds) == -1 || seconds == 0)
		return "LINES/SECONDS, as in 20/10, or off";
	o->flood_lines = (unsigned)n;
	o->flood_seconds = (unsigned)seconds;
	return NULL;
}

static void
print_flood(const struct setting *s, const struct options *o, FILE *f)
{
	if (o->flood_lines == 0)
		fprintf(f, "%s = off\n", s->name);
	else
		fprintf(f, "%s = %u/%u\n", s->name, o->flood_lines,
		    o->flood_seconds);
}

static const struct setting_type flood_type = { set_flood, print_flood, NULL,
	NULL };

static const char *const level_words[] = { "error", "warn", "info", "debug",
	NULL };
static const char *const format_words[] = { "combined", "json", NULL };
static const char *const audience_words[] = { "local", "public", "off", NULL };
static const char *const tls_words[] = { "off", "self", NULL };

#define AT(field)           offsetof(struct options, field)
#define NUMBER(field, a, b) &number_type, AT(field), a, b, NULL
#define FLAG(field)         &flag_type, AT(field), 0, 0, NULL
#define WORD(field, words)  &word_type, AT(field), 0, 0, words
#define OTHER(type, field)  &type, AT(field), 0, 0, NULL

static const struct setting table[] = {
	{ "root", 0, "DIR", "the directory to serve, the same as ROOT",
	    OTHER(name_type, root) },
	{ "port", 'p', "N",
	    "TCP and UDP port (default 8080; 0: any free one, for each)",
	    &port_type, AT(port), 0, 65535, NULL },
	{ "http", 0, "[ADDR:]PORT",
	    "where HTTP listens, or unix:PATH (repeatable)",
	    OTHER(endpoints_type, http) },
	{ "udp", 0, "[ADDR:]PORT", "where the UDP chat listens (repeatable)",
	    OTHER(endpoints_type, udp) },
	{ "no-http", 0, NULL, "no HTTP server", FLAG(no_http) },
	{ "no-udp", 0, NULL, "no UDP chat", FLAG(no_udp) },

	{ "listing", 0, NULL, "list directories that have no index.html",
	    FLAG(listing) },
	{ "cache-control", 0, "VALUE",
	    "Cache-Control of files (default no-cache: ask each time whether "
	    "it changed; empty: none)",
	    OTHER(field_value_type, cache_control) },
	{ "header", 0, "NAME: VALUE",
	    "one more field in every response (repeatable)",
	    OTHER(field_type, header) },
	{ "error-pages", 0, "DIR",
	    "pages for errors: DIR/404.html, 4xx.html, 5xx.html, ...",
	    OTHER(name_type, error_pages) },
	{ "mime-types", 0, "FILE",
	    "more media types, `type/subtype ext ext...` a line",
	    OTHER(name_type, mime_types) },
	{ "tls", 0, "self|off",
	    "speak HTTPS with a certificate made for it, signed by itself",
	    WORD(tls, tls_words) },
	{ "tls-cert", 0, "FILE",
	    "speak HTTPS with this certificate and its chain (PEM)",
	    OTHER(name_type, tls_cert) },
	{ "tls-key", 0, "FILE",
	    "its private key (default: in the file of --tls-cert)",
	    OTHER(name_type, tls_key) },
	{ "status", 0, "local|public|off",
	    "who may see /status and /metrics (default local: this machine)",
	    WORD(status, audience_words) },

	{ "max-connections", 0, "N",
	    "HTTP connections at a time (default 10000)",
	    NUMBER(max_connections, 1, 10000000) },
	{ "max-per-address", 0, "N",
	    "of them from one address (default 0: three quarters, and any "
	    "number from this machine)",
	    NUMBER(max_per_address, 0, 10000000) },
	{ "max-header", 0, "BYTES", "of a request head (default 16384)",
	    NUMBER(max_header, 256, HTTP_HEAD_MAX) },
	{ "max-body", 0, "BYTES", "of a request body (default 1048576)",
	    NUMBER(max_body, 0, 1U << 30) },
	{ "header-timeout", 0, "S",
	    "seconds for a whole request head (default 10)",
	    NUMBER(header_timeout, 1, 86400) },
	{ "idle-timeout", 0, "S",
	    "seconds between two requests, or without a byte read by the "
	    "client (default 60)",
	    NUMBER(idle_timeout, 1, 86400) },
	{ "min-rate", 0, "BYTES",
	    "a second that a client must read or send on average (default "
	    "500)",
	    NUMBER(min_rate, 0, 1U << 30) },
	{ "access-log", 0, "FILE",
	    "a line for each request ('-': stdout; default none)",
	    OTHER(name_type, access_log) },
	{ "access-log-format", 0, "combined|json", "its format",
	    WORD(access_log_format, format_words) },

	{ "history", 0, "FILE", "keep the rooms' messages in this SQLite file",
	    OTHER(name_type, history) },
	{ "history-limit", 0, "N",
	    "messages that a room keeps in memory (default 1000)",
	    NUMBER(history_limit, 1, 1000000) },
	{ "motd", 0, "FILE", "the message of the day, told to who comes in",
	    OTHER(name_type, motd) },
	{ "server-name", 0, "HOST",
	    "a name that browsers reach the chat by, besides addresses and "
	    "local names (repeatable)",
	    OTHER(hosts_type, server_name) },
	{ "trust", 0, "CIDR",
	    "a network whose plain UDP peers join without a code "
	    "(repeatable; loopback always)",
	    OTHER(networks_type, trust) },
	{ "flood", 0, "N/S|off",
	    "lines that a member may say in S seconds (default 20/10)",
	    OTHER(flood_type, flood_lines) },
	{ "console", 0, NULL,
	    "read commands from stdin even where it is no terminal",
	    FLAG(console) },

	{ "user", 0, "NAME", "become that user once all is open",
	    OTHER(name_type, user) },
	{ "no-sandbox", 0, NULL,
	    "keep the right to open any file (no Landlock, no no_new_privs)",
	    FLAG(no_sandbox) },
	{ "log-level", 0, "LEVEL", "error, warn, info (default) or debug",
	    WORD(log_level, level_words) },
};

_Static_assert(sizeof(table) / sizeof(table[0]) <= SETTINGS_MAX,
    "SETTINGS_MAX is the number of settings at least");

const struct setting *
settings(size_t *n)
{
	*n = sizeof(table) / sizeof(table[0]);
	return table;
}

const struct setting *
setting_find(struct str name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (str_eq(name, str_of(table[i].name)))
			return &table[i];
	}
	return NULL;
}

const char *
setting_set(const struct setting *s, struct options *o, struct str value)
{
	return s->type->set(s, o, value);
}

void
setting_clear(const struct setting *s, struct options *o)
{
	if (s->type->clear != NULL)
		s->type->clear(s, o);
}

void
setting_print(const struct setting *s, const struct options *o, FILE *f)
{
	s->type->print(s, o, f);
}

void
setting_free(const struct setting *s, struct options *o)
{
	if (s->type->release != NULL)
		s->type->release(s, o);
}
