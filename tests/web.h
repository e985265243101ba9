/*
 * The chat over HTTP with a hub of its own, and no connections: requests are
 * made by hand, and streams are read when the test says so.
 */
#ifndef CHATD_TESTS_WEB_H
#define CHATD_TESTS_WEB_H

#include "site/chat.h"

#define COOKIE_A "Cookie: chatd=000102030405060708090a0b0c0d0e0f"
#define COOKIE_B "Cookie: x=y; chatd=ff0102030405060708090a0b0c0d0e0f"
#define COOKIE_C "Cookie: chatd=FF0102030405060708090A0B0C0D0EFF"
#define FORM     "Content-Type: application/x-www-form-urlencoded"
#define JSON     "Content-Type: application/json; charset=utf-8"
#define PLAIN    "Content-Type: text/plain"

/* Each test has a process, and so one of its own. */
extern struct web {
	struct hub *hub;
	struct chat *chat;
	struct instant now;
	bool holds_back;     /* there is a ledger, which commits nothing */
	struct addr address; /* of the latest request */
	/* The answer that was kept; with a NUL. */
	int status;
	char fields[512];
	char body[32768];
} web;

void web_start(struct hub_config);
void web_setup(void); /* with a roomy hub */
void web_teardown(void);

/* Of 127.0.0.1, each from a port of its own; the fields as "Name: value" or
 * NULL. */
struct http_request web_request(enum http_method, const char *target,
    const char *field, const char *other, int *wakes);
struct http_response web_ask(const struct http_request *);
void web_keep(const struct http_response *);

/* Keeps what a POST of the body is answered, to /chat/messages as a form
 * unless it says otherwise; web_says() is answered with 201. */
void web_post_bytes(
    const char *target, const char *cookie, const char *type, struct str body);
void web_post(const char *cookie, const char *body);
void web_says(const char *cookie, const char *body);

/* What makes the next who says it an operator. */
const char *web_op_line(void);

/* A stream that is open, and what it sent at the last read. */
struct reader {
	struct http_stream stream;
	struct buf got;
	int wakes;
};

/* Opens a stream and reads what it begins with; or returns the status without
 * reading. */
void reader_open(struct reader *, const char *target, const char *cookie);
int reader_open_as(
    struct reader *, const char *target, const char *cookie, const char *field);

/* What the stream sends now; it goes on, or ends. */
const char *reader_read(struct reader *);
const char *reader_read_to(struct reader *, bool goes_on);

void reader_shut(struct reader *);

/* Whether a part stands in the text. */
void has(const char *text, const char *part);
void has_not(const char *text, const char *part);

#endif
