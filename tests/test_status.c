#include "config.h"

#include "site/status.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/map.h"
#include "site/process.h"
#include "tests/run.h"

#define FILE_MAX 65536

static struct status *status;
static struct status_facts facts;
static struct buf out;

/* Times since the start. */
static struct instant
at(int64_t millis)
{
	return (struct instant){
		.mono = facts.started.mono + MILLIS(millis),
		.wall = facts.started.wall + millis,
	};
}

static void
setup(void)
{
	facts = (struct status_facts){
		.model = "event",
		.pid = getpid(),
		.sandbox = "off",
		.started = { SECONDS(1000), 1600000000250 },
		.connections = { 1, 2, 3, 4, 5, 6 },
		.http = { .bytes_in = 7, .bytes_out = 8, .timeouts = 9 },
		.chat = {
			.members = 10,
			.udp = 11,
			.native = 30,
			.http = 31,
			.console = 12,
			.messages = 13,
			.peers = { .datagrams_in = 4, .datagrams_out = 5,
			    .challenged = 6, .refused = 7, .dropped = 8 },
			.clients = { .datagrams_in = 10, .datagrams_out = 10,
			    .challenged = 10, .refused = 5, .dropped = 32,
			    .repairs = 33, .duplicates = 34, .resumed = 35,
			    .malformed = 36 },
			.posts = { .refused = 5, .resumed = 37 },
			.is_kept = true,
			.history = { 41, 42, 43, 44 },
		},
		.log_dropped = 18,
		.access_dropped = 19,
		.descriptors_max = 20,
	};
	facts.http.requests[HTTP_GET] = 21;
	facts.http.requests[HTTP_OTHER] = 22;
	facts.http.responses[200] = 23;
	facts.http.responses[404] = 24;
	status = status_new();
	ck_assert_ptr_nonnull(status);
}

static void
teardown(void)
{
	status_free(status);
	buf_free(&out);
}

static const char *
text_of(struct buf *b)
{
	buf_add(b, "", 1);
	ck_assert(!buf_failed(b));
	return buf_data(b);
}

static const char *
json_at(int64_t millis)
{
	buf_drain(&out, buf_len(&out));
	status_json(status, &out, &facts, at(millis));
	return text_of(&out);
}

static const char *
metrics(void)
{
	buf_drain(&out, buf_len(&out));
	status_metrics(status, &out, &facts);
	return text_of(&out);
}

/* Whether this system tells of processes. */
static bool
is_told(void)
{
	return access("/proc/thread-self/children", R_OK) == 0;
}

static void
assert_has(const char *text, const char *part)
{
	ck_assert_msg(
	    strstr(text, part) != NULL, "no %s in: %.4000s", part, text);
}

static void
assert_has_not(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) == NULL, "%s in: %.4000s", part, text);
}

/*
 * JSON (RFC 8259) without white space: each returns what follows the value,
 * or NULL where there is none.
 */

static const char *json_value(const char *);

static const char *
json_literal(const char *p, const char *literal)
{
	size_t len = strlen(literal);

	return strncmp(p, literal, len) == 0 ? p + len : NULL;
}

static const char *
json_number(const char *p)
{
	size_t digits = strspn(p, "0123456789");

	if (digits == 0 || (p[0] == '0' && digits > 1))
		return NULL;
	p += digits;
	if (*p != '.')
		return p;
	digits = strspn(p + 1, "0123456789");
	return digits == 0 ? NULL : p + 1 + digits;
}

static const char *
json_text(const char *p)
{
	if (*p++ != '"')
		return NULL;
	while (*p != '"') {
		if ((unsigned char)*p < ' ')
			return NULL;
		p += *p == '\\' && p[1] != '\0' ? 2 : 1;
	}
	return p + 1;
}

static const char *
json_member(const char *p)
{
	p = json_text(p);
	return p != NULL && *p == ':' ? json_value(p + 1) : NULL;
}

static const char *
json_list(const char *p, const char *(*item)(const char *), char end)
{
	if (p[1] == end)
		return p + 2;
	do
		p = item(p + 1);
	while (p != NULL && *p == ',');
	return p != NULL && *p == end ? p + 1 : NULL;
}

static const char *
json_value(const char *p)
{
	switch (*p) {
	case '{':
		return json_list(p, json_member, '}');
	case '[':
		return json_list(p, json_value, ']');
	case '"':
		return json_text(p);
	case 'n':
		return json_literal(p, "null");
	default:
		return json_number(p);
	}
}

static void
assert_json(const char *text)
{
	const char *end = json_value(text);

	ck_assert_msg(end != NULL && strcmp(end, "\n") == 0, "%s", text);
}

START_TEST(json_facts)
{
	const char *text = json_at(93784567);
	char expected[2048];
	int n;

	assert_json(text);
	n = snprintf(expected, sizeof(expected),
	    "{\"model\":\"event\",\"version\":\"%s\",\"pid\":%ld,"
	    "\"uptime_seconds\":93784.567,\"sandbox\":\"off\","
	    "\"connections\":{\"open\":5,\"max\":6,\"accepted\":1,"
	    "\"refused\":2,\"evicted\":3,\"paused\":4},"
	    "\"http\":{\"requests\":{\"GET\":21,\"HEAD\":0,\"OPTIONS\":0,"
	    "\"POST\":0,\"PUT\":0,\"DELETE\":0,\"PATCH\":0,\"TRACE\":0,"
	    "\"CONNECT\":0,\"other\":22},"
	    "\"responses\":{\"200\":23,\"404\":24},"
	    "\"bytes_in\":7,\"bytes_out\":8,\"timeouts\":9},"
	    "\"chat\":{\"members\":10,\"udp\":11,\"native\":30,\"http\":31,"
	    "\"console\":12,\"messages\":13,\"datagrams_in\":14,"
	    "\"datagrams_out\":15,\"repairs\":33,\"duplicates\":34,"
	    "\"resumed\":72,\"dropped\":40,\"malformed\":36,"
	    "\"challenged\":16,\"refused\":17,"
	    "\"history\":{\"messages\":41,\"commits\":42,\"waiting\":43,"
	    "\"errors\":44}},\"memory\":{",
	    PACKAGE_VERSION, (long)getpid());
	ck_assert_int_eq(strncmp(text, expected, (size_t)n), 0);
	assert_has(text, "\"max\":20},\"threads\":");
	assert_has(text, "\"log_dropped\":18,\"access_dropped\":19,\"rates\":");
}
END_TEST

START_TEST(json_hostile_text)
{
	facts.model = "a\"b\\\n</script>";
	facts.sandbox = "{";
	assert_json(json_at(0));
	assert_has_not(buf_data(&out), "</script>");
}
END_TEST

START_TEST(json_large)
{
	memset(&facts.connections, 0xff, sizeof(facts.connections));
	memset(&facts.http, 0xff, sizeof(facts.http));
	memset(&facts.chat.peers, 0xff, sizeof(facts.chat.peers));
	assert_json(json_at(1));
	assert_has(buf_data(&out), "\"bytes_in\":18446744073709551615");
}
END_TEST

START_TEST(json_processes)
{
	char expected[128];
	siginfo_t info;
	pid_t pid;

	if (!is_told())
		return;
	if ((pid = fork()) == 0)
		_exit(0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_json(json_at(0));
	snprintf(expected, sizeof(expected),
	    "{\"pid\":%ld,\"parent\":%ld,\"state\":\"Z\",\"name\":\"",
	    (long)pid, (long)getpid());
	assert_has(buf_data(&out), expected);
	assert_has(buf_data(&out), "\"process_count\":2,\"zombies\":1,");
	assert_has(metrics(), "\nchatd_zombie_processes 1\n");
	assert_has(buf_data(&out), "\nchatd_processes 2\n");
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	assert_has(json_at(0), "\"process_count\":1,\"zombies\":0,");
}
END_TEST

/* What is not told is said to be so. */
START_TEST(no_processes)
{
	facts.pid = INT32_MAX;
	assert_json(json_at(0));
	assert_has(buf_data(&out), "\"memory\":{\"resident_bytes\":null}");
	assert_has(buf_data(&out),
	    "\"threads\":null,\"processes\":[],"
	    "\"process_count\":null,\"zombies\":null,");
	assert_has_not(metrics(), "process_resident_memory_bytes");
	assert_has_not(buf_data(&out), "chatd_zombie_processes");
}
END_TEST

/* Requests at a time since the start, and their rate in the JSON asked for
 * then, each case after the one above it. */
static const struct {
	int64_t millis;
	uint64_t requests;
	const char *rate;
} first_reader[] = {
	{ 0, 0, "0.000" }, { 500, 5, "5.000" }, /* of a whole second */
	{ 2000, 30, "15.000" },                 /* since the start */
	{ 2900, 30, "10.344" }, /* still so: no second since the last */
	{ 3000, 40, "10.000" }, /* since 2000 */
	{ 4500, 70, "20.000" }, /* since 3000 */
	{ 4500, 70, "20.000" }, /* for another reader at the same time */
	{ 5000, 80, "20.000" }, /* still since 3000 */
	{ 5500, 80, "10.000" }, /* since 4500 */
	{ 65500, 80, "0.000" }, /* since 5500 */
	{ 66500, 81, "1.000" }, /* since 65500 */
};

static void
set_counts(uint64_t n)
{
	memset(facts.http.requests, 0, sizeof(facts.http.requests));
	facts.http.requests[HTTP_GET] = n / 2;
	facts.http.requests[HTTP_POST] = n - n / 2;
	facts.http.bytes_out = 1000 * n;
	facts.chat.messages = 2 * n;
}

START_TEST(rates)
{
	char expected[64];

	for (int i = 0; i < CASES(first_reader); i++) {
		set_counts(first_reader[i].requests);
		snprintf(expected, sizeof(expected),
		    "{\"requests_per_second\":%s,", first_reader[i].rate);
		assert_has(json_at(first_reader[i].millis), expected);
	}
	assert_has(buf_data(&out),
	    "\"bytes_out_per_second\":1000.000,"
	    "\"messages_per_second\":2.000,\"cpu\":");
}
END_TEST

/* One that asks all the time does not spoil it for one that asks seldom. */
START_TEST(two_readers)
{
	for (int64_t millis = 0; millis <= 10000; millis += 100) {
		set_counts((uint64_t)millis / 10);
		json_at(millis);
		if (millis % 2500 == 0 && millis > 0)
			assert_has(json_at(millis),
			    "\"requests_per_second\":100.000,");
	}
}
END_TEST

/* The clock that CPU time is told in ticks a hundred times a second. */
START_TEST(cpu_rate)
{
	struct process self;
	double rate;

	if (!is_told())
		return;
	json_at(0);
	json_at(1000);
	do
		process_tree(getpid(), &self, 1);
	while (self.cpu + self.reaped < (uint64_t)MILLIS(100));
	rate = strtod(strstr(json_at(2000), "\"cpu\":") + 6, NULL);
	ck_assert_double_gt(rate, 0.02);
	ck_assert_double_lt(rate, 60);
}
END_TEST

/*
 * The text exposition format 0.0.4, as strictly as this server writes it:
 * HELP, TYPE and then all samples of a family, each family and each sample
 * once, no time stamps.
 */

struct checker {
	struct map *seen; /* families, and samples with their labels */
	char family[128];
	bool is_counter;
	const char *wrong;
};

static bool
is_name(struct str s, const char *more)
{
	static const char letters[] =
	    "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (size_t i = 0; i < s.len; i++) {
		bool is_digit = s.p[i] >= '0' && s.p[i] <= '9';

		if (s.p[i] == '\0' ||
		    (strchr(letters, s.p[i]) == NULL &&
			strchr(more, s.p[i]) == NULL && (i == 0 || !is_digit)))
			return false;
	}
	return s.len > 0;
}

/* Whether this is the first of them. */
static bool
is_new(struct checker *c, struct str key)
{
	if (map_get(c->seen, key.p, key.len) != NULL)
		return false;
	ck_assert_int_eq(map_put(c->seen, key.p, key.len, c), 0);
	return true;
}

static const char *
check_help(struct checker *c, struct str line)
{
	struct str name = str_cut(&line, ' ');

	if (!is_name(name, ":") || name.len >= sizeof(c->family))
		return "the name of a family";
	if (!is_new(c, (struct str){ name.p - 1, name.len + 1 }))
		return "a family twice";
	if (line.len == 0)
		return "a family without help";
	snprintf(c->family, sizeof(c->family), "%.*s", (int)name.len, name.p);
	return NULL;
}

static bool
ends_in_total(struct str name)
{
	return name.len > 6 && memcmp(name.p + name.len - 6, "_total", 6) == 0;
}

static const char *
check_type(struct checker *c, struct str line)
{
	struct str name = str_cut(&line, ' ');

	if (!str_eq(name, str_of(c->family)))
		return "a TYPE without its HELP";
	c->is_counter = str_eq(line, STR("counter"));
	if (!c->is_counter && !str_eq(line, STR("gauge")))
		return "the type of a family";
	if (c->is_counter != ends_in_total(name))
		return "a counter, and only it, ends in _total";
	return NULL;
}

/* `name="value"` at the front of *s, which it cuts off; nothing in the value
 * needs to be escaped. */
static bool
take_label(struct str *s)
{
	struct str name = str_cut(s, '='), value;

	if (!is_name(name, "") || s->len == 0 || s->p[0] != '"')
		return false;
	str_cut(s, '"');
	if (memchr(s->p, '"', s->len) == NULL)
		return false;
	value = str_cut(s, '"');
	return value.len == 0 || memchr(value.p, '\\', value.len) == NULL;
}

static bool
are_labels(struct str s)
{
	while (take_label(&s)) {
		if (s.len == 0)
			return true;
		if (str_cut(&s, ',').len != 0)
			return false;
	}
	return false;
}

static bool
is_value(struct str s)
{
	uint64_t n;
	bool has_point = memchr(s.p, '.', s.len) != NULL;
	struct str whole = str_cut(&s, '.');

	return str_to_u64(whole, UINT64_MAX, &n) == 0 &&
	    (!has_point || str_to_u64(s, UINT64_MAX, &n) == 0);
}

static const char *
check_sample(struct checker *c, struct str line)
{
	struct str key = str_cut(&line, ' '), labels = key;
	struct str name = str_cut(&labels, '{');

	if (!str_eq(name, str_of(c->family)))
		return "a sample without its HELP and TYPE";
	if (!is_new(c, key))
		return "a sample twice";
	if (key.len > name.len &&
	    (labels.len == 0 || labels.p[--labels.len] != '}' ||
		!are_labels(labels)))
		return "labels";
	return is_value(line) ? NULL : "a value";
}

static const char *
check_line(struct checker *c, struct str line)
{
	static const size_t prefix = sizeof("# HELP ") - 1;
	struct str rest = line;

	if (line.len == 0)
		return "an empty line";
	if (line.p[0] != '#')
		return check_sample(c, line);
	if (line.len <= prefix)
		return "a comment";
	rest.p += prefix;
	rest.len -= prefix;
	if (memcmp(line.p, "# HELP ", prefix) == 0)
		return check_help(c, rest);
	if (memcmp(line.p, "# TYPE ", prefix) == 0)
		return check_type(c, rest);
	return "a comment";
}

/* What is wrong with it, or NULL. */
static const char *
check_metrics(const char *text)
{
	struct checker c = { .seen = map_new() };
	struct str rest = str_of(text);

	ck_assert_ptr_nonnull(c.seen);
	if (rest.len == 0 || rest.p[rest.len - 1] != '\n')
		c.wrong = "the end of the last line";
	while (c.wrong == NULL && rest.len > 0)
		c.wrong = check_line(&c, str_cut(&rest, '\n'));
	map_free(c.seen);
	return c.wrong;
}

#define A "# HELP a x\n# TYPE a gauge\n"

static const char *const good_metrics[] = {
	A,
	A "a 1\n",
	A "a 1.5\n",
	A "a{b=\"c\"} 1\na{b=\"d\"} 1\na{b=\"c\",d=\"\"} 1\n",
	A "a 1\n# HELP b_total x\n# TYPE b_total counter\nb_total 1\n",
};

static const char *const bad_metrics[] = {
	"",
	"a 1\n",
	"\n",
	"# a\n",
	"# HELP a x\na 1",
	"# TYPE a gauge\na 1\n",
	"# HELP a\n# TYPE a gauge\na 1\n",
	"# HELP 1 x\n",
	"# HELP a-b x\n",
	"# HELP b x\n# TYPE a gauge\n",
	"# HELP a x\n# TYPE a counter\n",
	"# HELP a x\n# TYPE a number\n",
	"# HELP a_total x\n# TYPE a_total gauge\n",
	A A,
	A "a 1",
	A "a 1\n\n",
	A "b 1\n",
	A "a 1\na 1\n",
	A "a{b=\"c\"} 1\na{b=\"c\"} 2\n",
	A "a\n",
	A "a \n",
	A "a  1\n",
	A "a -\n",
	A "a 1.\n",
	A "a 1,5\n",
	A "a 1 2\n",
	A "a{b=\"c\" 1\n",
	A "a{} 1\n",
	A "a{b} 1\n",
	A "a{b=c} 1\n",
	A "a{b=\"c} 1\n",
	A "a{b=\"c\",} 1\n",
	A "a{b=\"c\"d=\"e\"} 1\n",
	A "a{b:=\"c\"} 1\n",
	A "a{=\"c\"} 1\n",
};

START_TEST(checker_takes)
{
	const char *wrong = check_metrics(good_metrics[_i]);

	ck_assert_msg(wrong == NULL, "%s: %s", wrong, good_metrics[_i]);
}
END_TEST

START_TEST(checker_refuses)
{
	ck_assert_msg(
	    check_metrics(bad_metrics[_i]) != NULL, "%s", bad_metrics[_i]);
}
END_TEST

START_TEST(metrics_format)
{
	const char *text = metrics(), *wrong = check_metrics(text);

	ck_assert_msg(wrong == NULL, "%s: %.4000s", wrong, text);
	memset(&facts.http, 0, sizeof(facts.http));
	ck_assert_ptr_null(check_metrics(metrics()));
	memset(&facts.http, 0xff, sizeof(facts.http));
	ck_assert_ptr_null(check_metrics(metrics()));
}
END_TEST

static const char *const samples[] = {
	"chatd_build_info{version=\"" PACKAGE_VERSION "\",model=\"event\"} 1",
	"chatd_http_connections 5",
	"chatd_http_max_connections 6",
	"chatd_http_accepted_connections_total 1",
	"chatd_http_refused_connections_total 2",
	"chatd_http_evicted_connections_total 3",
	"chatd_http_accept_pauses_total 4",
	"chatd_http_requests_total{method=\"GET\"} 21",
	"chatd_http_requests_total{method=\"HEAD\"} 0",
	"chatd_http_requests_total{method=\"other\"} 22",
	"chatd_http_responses_total{code=\"200\"} 23",
	"chatd_http_responses_total{code=\"404\"} 24",
	"chatd_http_received_bytes_total 7",
	"chatd_http_sent_bytes_total 8",
	"chatd_http_timeouts_total 9",
	"chatd_chat_members{transport=\"udp\"} 11",
	"chatd_chat_members{transport=\"native\"} 30",
	"chatd_chat_members{transport=\"http\"} 31",
	"chatd_chat_members{transport=\"console\"} 12",
	"chatd_chat_repaired_messages_total 33",
	"chatd_chat_duplicate_lines_total 34",
	"chatd_chat_resumed_total 72",
	"chatd_chat_dropped_total 40",
	"chatd_history_messages_total 41",
	"chatd_history_commits_total 42",
	"chatd_history_errors_total 44",
	"chatd_history_waiting 43",
	"chatd_chat_messages_total 13",
	"chatd_chat_received_datagrams_total 14",
	"chatd_chat_sent_datagrams_total 15",
	"chatd_chat_challenges_total 16",
	"chatd_chat_refused_total 17",
	"chatd_log_dropped_lines_total{log=\"error\"} 18",
	"chatd_log_dropped_lines_total{log=\"access\"} 19",
	"process_max_fds 20",
	"process_start_time_seconds 1600000000.250",
};

START_TEST(metrics_samples)
{
	char expected[128];

	snprintf(expected, sizeof(expected), "\n%s\n", samples[_i]);
	assert_has(metrics(), expected);
}
END_TEST

/* What is served is what lies in the tree. */
static void
assert_is_file(struct str served, const char *name)
{
	const char *dir = getenv("CHATD_SRCDIR");
	char path[1024], *text = malloc(FILE_MAX);
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/src/site/%s", dir != NULL ? dir : ".",
	    name);
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "no %s (is CHATD_SRCDIR set?)", path);
	ck_assert_ptr_nonnull(text);
	n = fread(text, 1, FILE_MAX, file);
	fclose(file);
	ck_assert_uint_gt(n, 0);
	ck_assert(str_eq(served, (struct str){ text, n }));
	free(text);
}

START_TEST(page)
{
	assert_is_file(status_page(), "status.html");
	assert_is_file(status_script(), "status.js");
}
END_TEST

/* All it needs lies beside it, and no text becomes markup. */
START_TEST(page_is_self_contained)
{
	static const char *const foreign[] = { "://", "url(", "@import",
		"innerHTML", "outerHTML", "insertAdjacent", "document.write",
		"eval(", " onclick", " style=" };

	for (int i = 0; i < CASES(foreign); i++) {
		const char *svg = "http://www.w3.org/2000/svg";
		const char *p = status_script().p;

		assert_has_not(status_page().p, foreign[i]);
		if (strcmp(foreign[i], "://") == 0)
			p = strstr(p, svg) + strlen(svg);
		assert_has_not(p, foreign[i]);
	}
}
END_TEST

static Suite *
status_suite(void)
{
	Suite *suite = suite_create("status");
	TCase *tc = tcase_create("status");

	if (!is_told())
		fprintf(stderr, "SKIPPED: this system tells of no processes\n");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, json_facts);
	tcase_add_test(tc, json_hostile_text);
	tcase_add_test(tc, json_large);
	tcase_add_test(tc, json_processes);
	tcase_add_test(tc, no_processes);
	tcase_add_test(tc, rates);
	tcase_add_test(tc, two_readers);
	tcase_add_test(tc, cpu_rate);
	tcase_add_loop_test(tc, checker_takes, 0, CASES(good_metrics));
	tcase_add_loop_test(tc, checker_refuses, 0, CASES(bad_metrics));
	tcase_add_test(tc, metrics_format);
	tcase_add_loop_test(tc, metrics_samples, 0, CASES(samples));
	tcase_add_test(tc, page);
	tcase_add_test(tc, page_is_self_contained);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return run_suite(status_suite());
}
