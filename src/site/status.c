/*
 * Snapshots of the counters are taken at least a second apart, and two are
 * kept.  A rate is told from the older one until now: so it always spans a
 * second or more, and readers share the snapshots without spoiling them for
 * each other.
 */
#include "config.h"

#include "site/status.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "site/process.h"

struct snapshot {
	int64_t at; /* mono; 0 is before the start, when all counters were 0 */
	uint64_t requests, bytes_out, messages, cpu;
};

struct status {
	struct snapshot older, newer;
	struct process tree[STATUS_PROCESSES_MAX];
};

/* What is not among the facts and is asked of the system. */
struct system {
	const struct process *tree; /* the first process is tree[0] */
	size_t listed, processes;   /* 0 where it is not told */
	size_t zombies;
	uint64_t cpu; /* nanoseconds of all, of those that ended too */
	size_t descriptors;
};

static const char *const method_names[HTTP_OTHER + 1] = {
	[HTTP_GET] = "GET",
	[HTTP_HEAD] = "HEAD",
	[HTTP_OPTIONS] = "OPTIONS",
	[HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT",
	[HTTP_DELETE] = "DELETE",
	[HTTP_PATCH] = "PATCH",
	[HTTP_TRACE] = "TRACE",
	[HTTP_CONNECT] = "CONNECT",
	[HTTP_OTHER] = "other",
};

struct status *
status_new(void)
{
	return calloc(1, sizeof(struct status));
}

void
status_free(struct status *s)
{
	free(s);
}

static struct system
ask_system(struct status *s, pid_t first)
{
	struct system sys = { .tree = s->tree };

	sys.processes = process_tree(first, s->tree, STATUS_PROCESSES_MAX);
	sys.listed = sys.processes < STATUS_PROCESSES_MAX
	    ? sys.processes
	    : STATUS_PROCESSES_MAX;
	for (size_t i = 0; i < sys.listed; i++) {
		sys.zombies += s->tree[i].state == 'Z';
		sys.cpu += s->tree[i].cpu + s->tree[i].reaped;
	}
	sys.descriptors = process_descriptors();
	return sys;
}

static struct snapshot
take_snapshot(const struct status_facts *facts, const struct system *sys,
    struct instant now)
{
	struct snapshot current = {
		.at = now.mono,
		.bytes_out = facts->http.bytes_out,
		.messages = facts->chat.messages,
		.cpu = sys->cpu,
	};

	for (int i = 0; i <= HTTP_OTHER; i++)
		current.requests += facts->http.requests[i];
	return current;
}

/* The snapshot that the rates until current are told from. */
static const struct snapshot *
snapshot_before(struct status *s, const struct snapshot *current)
{
	if (current->at - s->newer.at >= SECONDS(1)) {
		s->older = s->newer;
		s->newer = *current;
	}
	return &s->older;
}

static uint64_t
grown(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

/* The thousandths of n a second that n in so many milliseconds are. */
static uint64_t
rate(uint64_t n, uint64_t millis)
{
	return n / millis * 1000000 + n % millis * 1000000 / millis;
}

static void
add_thousandths(struct buf *b, uint64_t n)
{
	buf_addf(b, "%" PRIu64 ".%03" PRIu64, n / 1000, n % 1000);
}

static uint64_t
nanos_to_millis(uint64_t n)
{
	return n / (uint64_t)MILLIS(1);
}

/* A name and its colon; members are told apart by what stands before. */
static void
member(struct buf *b, const char *name)
{
	if (buf_len(b) > 0 && buf_data(b)[buf_len(b) - 1] != '{')
		buf_add_str(b, STR(","));
	json_string(b, str_of(name));
	buf_add_str(b, STR(":"));
}

static void
open_object(struct buf *b, const char *name)
{
	member(b, name);
	buf_add_str(b, STR("{"));
}

static void
close_object(struct buf *b)
{
	buf_add_str(b, STR("}"));
}

static void
number(struct buf *b, const char *name, uint64_t value)
{
	member(b, name);
	buf_add_u64(b, value);
}

static void
thousandths(struct buf *b, const char *name, uint64_t value)
{
	member(b, name);
	add_thousandths(b, value);
}

static void
text(struct buf *b, const char *name, const char *value)
{
	member(b, name);
	json_string(b, str_of(value));
}

static void
number_if(struct buf *b, bool is_told, const char *name, uint64_t value)
{
	member(b, name);
	if (is_told)
		buf_add_u64(b, value);
	else
		buf_add_str(b, STR("null"));
}

static void
json_connections(struct buf *b, const struct status_facts *facts)
{
	open_object(b, "connections");
	number(b, "open", facts->connections.open);
	number(b, "max", facts->connections.max);
	number(b, "accepted", facts->connections.accepted);
	number(b, "refused", facts->connections.refused);
	number(b, "evicted", facts->connections.evicted);
	number(b, "paused", facts->connections.paused);
	close_object(b);
}

static void
json_http(struct buf *b, const struct http_counts *http)
{
	char code[U64_DIGITS_MAX + 1];

	open_object(b, "http");
	open_object(b, "requests");
	for (int i = 0; i <= HTTP_OTHER; i++)
		number(b, method_names[i], http->requests[i]);
	close_object(b);
	open_object(b, "responses");
	for (int i = 0; i < HTTP_STATUS_MAX; i++) {
		if (http->responses[i] == 0)
			continue;
		snprintf(code, sizeof(code), "%d", i);
		number(b, code, http->responses[i]);
	}
	close_object(b);
	number(b, "bytes_in", http->bytes_in);
	number(b, "bytes_out", http->bytes_out);
	number(b, "timeouts", http->timeouts);
	close_object(b);
}

static void
json_udp(struct buf *b, const struct chat_facts *chat)
{
	const struct peers_stats *peers = &chat->peers;
	const struct native_stats *clients = &chat->clients;

	number(b, "datagrams_in", peers->datagrams_in + clients->datagrams_in);
	number(
	    b, "datagrams_out", peers->datagrams_out + clients->datagrams_out);
	number(b, "repairs", clients->repairs);
	number(b, "duplicates", clients->duplicates);
	number(b, "resumed", clients->resumed + chat->posts.resumed);
	number(b, "dropped", peers->dropped + clients->dropped);
	number(b, "malformed", clients->malformed);
	number(b, "challenged", peers->challenged + clients->challenged);
	number(b, "refused",
	    peers->refused + clients->refused + chat->posts.refused);
}

static void
json_history(struct buf *b, const struct chat_facts *chat)
{
	open_object(b, "history");
	number(b, "messages", chat->history.messages);
	number(b, "commits", chat->history.commits);
	number(b, "waiting", chat->history.waiting);
	number(b, "errors", chat->history.errors);
	close_object(b);
}

static void
json_chat(struct buf *b, const struct status_facts *facts)
{
	const struct chat_facts *chat = &facts->chat;

	open_object(b, "chat");
	number(b, "members", chat->members);
	number(b, "udp", chat->udp);
	number(b, "native", chat->native);
	number(b, "http", chat->http);
	number(b, "console", chat->console);
	number(b, "messages", chat->messages);
	json_udp(b, chat);
	if (chat->is_kept)
		json_history(b, chat);
	close_object(b);
}

static void
json_process(struct buf *b, const struct process *p)
{
	char state[] = { p->state, '\0' };

	buf_add_str(b, STR("{"));
	number(b, "pid", (uint64_t)p->pid);
	number(b, "parent", (uint64_t)p->parent);
	text(b, "state", state);
	text(b, "name", p->name);
	number(b, "threads", p->threads);
	thousandths(b, "cpu_seconds", nanos_to_millis(p->cpu));
	number(b, "resident_bytes", p->resident);
	number(b, "context_switches", p->switches);
	close_object(b);
}

static void
json_processes(struct buf *b, const struct system *sys)
{
	member(b, "processes");
	buf_add_str(b, STR("["));
	for (size_t i = 0; i < sys->listed; i++) {
		if (i > 0)
			buf_add_str(b, STR(","));
		json_process(b, &sys->tree[i]);
	}
	buf_add_str(b, STR("]"));
	number_if(b, sys->processes > 0, "process_count", sys->processes);
	number_if(b, sys->processes > 0, "zombies", sys->zombies);
}

static void
json_system(struct buf *b, const struct system *sys, size_t descriptors_max)
{
	const struct process *first = &sys->tree[0];
	bool is_told = sys->processes > 0;

	open_object(b, "memory");
	number_if(b, is_told, "resident_bytes", first->resident);
	close_object(b);
	open_object(b, "descriptors");
	number_if(b, sys->descriptors > 0, "open", sys->descriptors);
	number(b, "max", descriptors_max);
	close_object(b);
	number_if(b, is_told, "threads", first->threads);
	json_processes(b, sys);
}

/* Right after the start the rates are those of a whole second nevertheless:
 * nothing happened in the part of it that was before. */
static void
json_rates(struct buf *b, const struct snapshot *from,
    const struct snapshot *to, int64_t started)
{
	int64_t since = from->at > started ? from->at : started;
	int64_t span = to->at - since;
	uint64_t millis =
	    nanos_to_millis((uint64_t)(span > SECONDS(1) ? span : SECONDS(1)));

	open_object(b, "rates");
	thousandths(b, "requests_per_second",
	    rate(grown(from->requests, to->requests), millis));
	thousandths(b, "bytes_out_per_second",
	    rate(grown(from->bytes_out, to->bytes_out), millis));
	thousandths(b, "messages_per_second",
	    rate(grown(from->messages, to->messages), millis));
	thousandths(b, "cpu", grown(from->cpu, to->cpu) / (millis * 1000));
	close_object(b);
}

void
status_json(struct status *s, struct buf *b, const struct status_facts *facts,
    struct instant now)
{
	struct system sys = ask_system(s, facts->pid);
	struct snapshot current = take_snapshot(facts, &sys, now);
	int64_t uptime = now.mono - facts->started.mono;

	buf_add_str(b, STR("{"));
	text(b, "model", facts->model);
	text(b, "version", PACKAGE_VERSION);
	number(b, "pid", (uint64_t)facts->pid);
	thousandths(b, "uptime_seconds", nanos_to_millis((uint64_t)uptime));
	text(b, "sandbox", facts->sandbox);
	json_connections(b, facts);
	json_http(b, &facts->http);
	json_chat(b, facts);
	json_system(b, &sys, facts->descriptors_max);
	number(b, "log_dropped", facts->log_dropped);
	number(b, "access_dropped", facts->access_dropped);
	json_rates(
	    b, snapshot_before(s, &current), &current, facts->started.mono);
	buf_add_str(b, STR("}\n"));
}

/* What goes before the samples of a family. */
static void
family(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
sample(struct buf *b, const char *name, uint64_t value)
{
	buf_addf(b, "%s %" PRIu64 "\n", name, value);
}

/* The label's value is one of ours, with nothing to escape. */
static void
labelled(struct buf *b, const char *name, const char *label, const char *is,
    uint64_t value)
{
	buf_addf(b, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, is, value);
}

static void
counter(struct buf *b, const char *name, const char *help, uint64_t value)
{
	family(b, name, "counter", help);
	sample(b, name, value);
}

static void
gauge(struct buf *b, const char *name, const char *help, uint64_t value)
{
	family(b, name, "gauge", help);
	sample(b, name, value);
}

static void
metrics_connections(struct buf *b, const struct status_facts *facts)
{
	gauge(b, "chatd_http_connections", "Connections that are open.",
	    facts->connections.open);
	gauge(b, "chatd_http_max_connections",
	    "Connections that may be open at a time.", facts->connections.max);
	counter(b, "chatd_http_accepted_connections_total",
	    "Connections accepted.", facts->connections.accepted);
	counter(b, "chatd_http_refused_connections_total",
	    "Connections refused with 503, for want of room.",
	    facts->connections.refused);
	counter(b, "chatd_http_evicted_connections_total",
	    "Connections closed while idle, to make room.",
	    facts->connections.evicted);
	counter(b, "chatd_http_accept_pauses_total",
	    "Times that accepting paused, as descriptors ran out.",
	    facts->connections.paused);
}

static void
metrics_http(struct buf *b, const struct http_counts *http)
{
	char code[U64_DIGITS_MAX + 1];

	family(
	    b, "chatd_http_requests_total", "counter", "Requests, by method.");
	for (int i = 0; i <= HTTP_OTHER; i++)
		labelled(b, "chatd_http_requests_total", "method",
		    method_names[i], http->requests[i]);
	family(b, "chatd_http_responses_total", "counter",
	    "Responses, by status code.");
	for (int i = 0; i < HTTP_STATUS_MAX; i++) {
		if (http->responses[i] == 0)
			continue;
		snprintf(code, sizeof(code), "%d", i);
		labelled(b, "chatd_http_responses_total", "code", code,
		    http->responses[i]);
	}
	counter(b, "chatd_http_received_bytes_total",
	    "Bytes received through HTTP connections.", http->bytes_in);
	counter(b, "chatd_http_sent_bytes_total",
	    "Bytes sent through HTTP connections.", http->bytes_out);
	counter(b, "chatd_http_timeouts_total",
	    "Connections that a deadline ended.", http->timeouts);
}

static void
metrics_members(struct buf *b, const struct chat_facts *chat)
{
	static const char name[] = "chatd_chat_members";

	family(b, name, "gauge", "Members of the chat, by transport.");
	labelled(b, name, "transport", "udp", chat->udp);
	labelled(b, name, "transport", "native", chat->native);
	labelled(b, name, "transport", "http", chat->http);
	labelled(b, name, "transport", "console", chat->console);
}

static void
metrics_history(struct buf *b, const struct chat_facts *chat)
{
	counter(b, "chatd_history_messages_total",
	    "Messages committed to the history.", chat->history.messages);
	counter(b, "chatd_history_commits_total",
	    "Transactions they were committed in.", chat->history.commits);
	counter(b, "chatd_history_errors_total",
	    "Transactions that failed and were tried again.",
	    chat->history.errors);
	gauge(b, "chatd_history_waiting", "Entries not yet committed.",
	    chat->history.waiting);
}

static void
metrics_udp(struct buf *b, const struct chat_facts *chat)
{
	const struct peers_stats *peers = &chat->peers;
	const struct native_stats *clients = &chat->clients;

	counter(b, "chatd_chat_received_datagrams_total", "Datagrams received.",
	    peers->datagrams_in + clients->datagrams_in);
	counter(b, "chatd_chat_sent_datagrams_total", "Datagrams sent.",
	    peers->datagrams_out + clients->datagrams_out);
	counter(b, "chatd_chat_repaired_messages_total",
	    "Messages sent again to who lacked them.", clients->repairs);
	counter(b, "chatd_chat_duplicate_lines_total",
	    "Lines that came again and were dropped.", clients->duplicates);
	counter(b, "chatd_chat_resumed_total",
	    "Clients and streams that came back where they had been.",
	    clients->resumed + chat->posts.resumed);
	counter(b, "chatd_chat_dropped_total",
	    "Peers and clients dropped after a silence.",
	    peers->dropped + clients->dropped);
	counter(b, "chatd_chat_challenges_total",
	    "Datagrams from addresses that had to prove themselves.",
	    peers->challenged + clients->challenged);
}

static void
metrics_chat(struct buf *b, const struct status_facts *facts)
{
	const struct chat_facts *chat = &facts->chat;

	metrics_members(b, chat);
	counter(b, "chatd_chat_messages_total", "Messages said in the chat.",
	    chat->messages);
	metrics_udp(b, chat);
	counter(b, "chatd_chat_refused_total",
	    "Peers, clients, streams and posts refused.",
	    chat->peers.refused + chat->clients.refused + chat->posts.refused);
	if (chat->is_kept)
		metrics_history(b, chat);
}

static void
metrics_log(struct buf *b, const struct status_facts *facts)
{
	family(b, "chatd_log_dropped_lines_total", "counter",
	    "Lines of a log that found no room and were dropped.");
	labelled(b, "chatd_log_dropped_lines_total", "log", "error",
	    facts->log_dropped);
	labelled(b, "chatd_log_dropped_lines_total", "log", "access",
	    facts->access_dropped);
}

static void
metrics_processes(struct buf *b, const struct system *sys)
{
	const struct process *first = &sys->tree[0];

	gauge(b, "chatd_processes", "Processes, zombies too.", sys->processes);
	gauge(b, "chatd_zombie_processes",
	    "Processes that ended and were not waited for.", sys->zombies);
	gauge(b, "chatd_threads", "Threads of the first process.",
	    first->threads);
	family(b, "process_cpu_seconds_total", "counter",
	    "User and system CPU time of the first process in seconds.");
	buf_add_str(b, STR("process_cpu_seconds_total "));
	add_thousandths(b, nanos_to_millis(first->cpu));
	buf_add_str(b, STR("\n"));
	gauge(b, "process_resident_memory_bytes",
	    "Resident memory of the first process in bytes.", first->resident);
}

static void
metrics_process(
    struct buf *b, const struct system *sys, const struct status_facts *facts)
{
	if (sys->processes > 0)
		metrics_processes(b, sys);
	if (sys->descriptors > 0)
		gauge(b, "process_open_fds", "Open file descriptors.",
		    sys->descriptors);
	gauge(b, "process_max_fds", "File descriptors that may be open.",
	    facts->descriptors_max);
	family(b, "process_start_time_seconds", "gauge",
	    "Start time in seconds since 1970 UTC.");
	buf_add_str(b, STR("process_start_time_seconds "));
	add_thousandths(b, (uint64_t)facts->started.wall);
	buf_add_str(b, STR("\n"));
}

void
status_metrics(
    struct status *s, struct buf *b, const struct status_facts *facts)
{
	struct system sys = ask_system(s, facts->pid);

	family(b, "chatd_build_info", "gauge",
	    "Always 1; the labels tell what runs.");
	buf_addf(b, "chatd_build_info{version=\"%s\",model=\"%s\"} 1\n",
	    PACKAGE_VERSION, facts->model);
	metrics_connections(b, facts);
	metrics_http(b, &facts->http);
	metrics_chat(b, facts);
	metrics_log(b, facts);
	metrics_process(b, &sys, facts);
}
