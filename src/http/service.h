/*
 * What the connections of a server share: how they are to behave, who answers
 * requests and with what, who is told of them.
 */
#ifndef CHATD_HTTP_SERVICE_H
#define CHATD_HTTP_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/parse.h"

struct http_response;

/* Statuses that are counted: 100 to 599. */
#define HTTP_STATUS_MAX 600

/*
 * An answer that has to wait: for the request's body, for something else, or
 * for both.  Whoever makes one keeps what it needs of the request.
 */
struct http_later {
	size_t max_body; /* bytes of the body that are collected; more: 413 */
	/*
	 * Called with the whole body, and again after each wake-up.  Fills in
	 * the response, as a handler does but with no `later`, and returns
	 * true; or returns false, and is woken when there is more to say.
	 * The body stays the same in each call.
	 */
	bool (*answer)(void *arg, struct str body, struct http_response *,
	    struct instant now);
	/* Called once: the answer was given, or nobody waits for it. */
	void (*gone)(void *arg);
	void *arg;
};

/*
 * Content without an end, such as events: it is sent as it comes, without
 * Content-Length, until the connection closes (RFC 9112, 6.3 rule 8).
 */
struct http_stream {
	/*
	 * Appends what there is to send now, up to about HTTP_OUT_HIGH bytes;
	 * called when all before was sent, after each wake-up and at the
	 * deadline.  Returns false when the content ends after that.
	 */
	bool (*fill)(void *arg, struct buf *out, struct instant now);
	/* When there will be something to send without a wake-up, mono; or
	 * NEVER. */
	int64_t (*deadline)(void *arg);
	/* The peer sends no more: most who do that are gone, which shows only
	 * when something is sent. */
	void (*half_closed)(void *arg);
	/* Called once: the stream has ended, or nobody reads it. */
	void (*gone)(void *arg);
	void *arg;
};

struct http_response {
	int status;        /* 200 until the handler says otherwise */
	struct str type;   /* Content-Type */
	struct str fields; /* more field lines, each with its CRLF */
	/*
	 * The content: body, copied before the handler is called again; or
	 * length bytes of the open file fd, which the connection takes over
	 * and closes.  With neither, a status page stands in for an error.
	 */
	struct str body;
	int fd; /* -1 unless a file is sent */
	uint64_t length;
	/*
	 * Of what would be sent, which fields show too.  The connection
	 * answers conditions and ranges by them when the status is 200.
	 */
	struct http_validators validators;
	/*
	 * Or, when its answer function is set, the answer comes later, and
	 * nothing else above counts.  Only for requests with no other
	 * method than POST, PUT, PATCH or DELETE.
	 */
	struct http_later later;
	/* Or, when its fill function is set, content without an end; not
	 * called for HEAD, but for gone(). */
	struct http_stream stream;
};

/*
 * Answers a request; for HEAD as it would for GET, the content is left out by
 * the connection.  The request is valid only during the call.
 */
typedef void http_handler(void *arg, const struct http_request *,
    struct http_response *, struct instant now);

/* What became of a request; the strs are valid during the call, and empty
 * where the request had no such thing or could not be read. */
struct http_record {
	const struct addr *peer; /* NULL through a Unix socket */
	struct str line;         /* the request line, as it was sent */
	struct str method, target, protocol; /* its parts */
	struct str referer, user_agent;
	int status;
	uint64_t bytes;     /* of content that was sent */
	int64_t began;      /* when the request was there: mono, */
	struct instant now; /* and when its answer was handed over, or lost */
};

/* Told of every request once its answer is done with. */
typedef void http_log(void *arg, const struct http_record *);

/* A page for an error: text/html, valid until the next call; or empty. */
typedef struct str http_page(void *arg, int status);

struct http_limits {
	int64_t header_timeout; /* nanoseconds, for a whole head (408) */
	int64_t idle_timeout;   /* between requests, and for a peer to read */
	int64_t linger_timeout; /* for a peer to close after an error */
	size_t max_head;        /* bytes, up to HTTP_HEAD_MAX; more are 431 */
	uint64_t max_body;      /* bytes of a request body; more are 413 */
	/*
	 * Bytes a second, on average over each header_timeout of a body that
	 * is received, and over each idle_timeout of what is sent.
	 */
	uint64_t min_rate;
};

struct http_config {
	struct http_limits limits;
	http_handler *handler;
	void *handler_arg;
	struct str fields; /* field lines that every response has, or empty */
	http_page *page;   /* or NULL: the pages that are built in */
	void *page_arg;
	http_log *log; /* or NULL */
	void *log_arg;
};

/* Since the start. */
struct http_counts {
	uint64_t requests[HTTP_OTHER + 1]; /* by method */
	uint64_t responses[HTTP_STATUS_MAX];
	uint64_t bytes_in, bytes_out;
	uint64_t timeouts; /* connections that a deadline ended */
};

/* What all connections of a server share; a driver has one for each thread. */
struct http_service {
	struct http_config config; /* its strs and args outlive the service */
	struct http_counts counts;
	int64_t date_second; /* of date; set up as -1 */
	char date[HTTP_DATE_LEN + 1];
	struct buf spare; /* an emptied output buffer, for who needs one next */
};

void http_service_init(struct http_service *, const struct http_config *);
void http_service_free(struct http_service *); /* what it holds */

/* The Date of an answer, made once a second. */
struct str http_service_date(struct http_service *, struct instant now);

#endif
