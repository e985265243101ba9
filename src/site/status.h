/*
 * How the daemon does: /status, /status.json and /metrics.
 */
#ifndef CHATD_STATUS_H
#define CHATD_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "chat/native.h"
#include "chat/peers.h"
#include "http/service.h"
#include "site/chat.h"

/* Of the chat; all counts are since the start. */
struct chat_facts {
	size_t members, udp, native, http, console; /* by transport */
	uint64_t messages;
	struct peers_stats peers;
	struct native_stats clients;
	struct chat_stats posts;
	bool is_kept; /* in a file, */
	struct {
		uint64_t messages, commits; /* written; in so many goes */
		uint64_t waiting, errors;
	} history;
};

/* What the driver knows; likewise. */
struct status_facts {
	const char *model;   /* "event", ... */
	pid_t pid;           /* of the first process, whose tree is shown */
	const char *sandbox; /* what is in force, or "off" */
	struct instant started;
	struct {
		uint64_t accepted;
		uint64_t refused; /* with 503, for want of room */
		uint64_t evicted; /* closed while idle, to make room */
		uint64_t paused;  /* times that descriptors ran out */
		size_t open, max;
	} connections;
	struct http_counts http;
	struct chat_facts chat;
	uint64_t log_dropped;    /* lines of the log on stderr */
	uint64_t access_dropped; /* lines of the access log */
	size_t descriptors_max;  /* RLIMIT_NOFILE */
};

/* Processes that /status.json names; it counts those beyond too. */
#define STATUS_PROCESSES_MAX 256

/* What rates are told from. */
struct status;

struct status *status_new(void); /* NULL without memory */
void status_free(struct status *);

/*
 * The live page, which reads status.json beside it each second, and its
 * script, which is status.js there: static text (text/html, text/javascript).
 * With STATUS_PAGE_POLICY as its Content-Security-Policy it can do no more.
 */
struct str status_page(void);
struct str status_script(void);

#define STATUS_PAGE_POLICY \
	"default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; " \
	"connect-src 'self'; base-uri 'none'; form-action 'none'; " \
	"frame-ancestors 'none'"

/*
 * Append JSON, or the Prometheus text exposition format 0.0.4 (with
 * STATUS_METRICS_TYPE).  Rates in the JSON are over at least a second, since
 * an earlier call or the start, whoever else asks meanwhile; what the system
 * does not tell is null there, and left out of the metrics.
 */
void status_json(struct status *, struct buf *, const struct status_facts *,
    struct instant now);
void status_metrics(struct status *, struct buf *, const struct status_facts *);

#define STATUS_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
