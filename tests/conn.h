/*
 * An HTTP connection without a socket: the test is the driver, says what comes
 * and how much the peer takes, and moves the clock.
 */
#ifndef CHATD_TESTS_CONN_H
#define CHATD_TESTS_CONN_H

#include "http/conn.h"

#define HEADER_TIMEOUT SECONDS(10)
#define IDLE_TIMEOUT   SECONDS(60)
#define LINGER_TIMEOUT SECONDS(2)
#define MAX_HEAD       16384
#define MAX_BODY       100
#define MIN_RATE       500

/* A connection, and the socket and clock around it. */
struct rig {
	struct http_service service;
	struct http_conn *conn;
	struct instant now;
	struct buf in;  /* received, and not used yet */
	struct buf out; /* sent */
	bool eof, shut, ended;
	size_t room;    /* bytes that the peer takes */
	size_t step;    /* bytes that one send takes */
	int64_t unread; /* of what was sent */
	struct buf log; /* for what is told of requests */
};

/* Each test has a process, and so one of its own. */
extern struct rig rig;
extern const struct http_peer nobody;

/* A new connection, at 08:49:37 on 6 November 1994 and 1000 seconds; both are
 * called with the rig. */
void rig_open(http_handler *, http_log *);
void rig_close(void);

/* Uses what came and sends what can be sent, as long as either is possible. */
void pump(void);

/* Something comes; or comes in one of the ways of feed_end(), and then nothing
 * more, if eof is set. */
void receive(struct str data);
void exchange(struct str in, size_t way, bool eof);

/* Time passes; how much is left until the deadline. */
void pass(int64_t time);
int64_t left(void);

/* A file to send, without a name, that contains text. */
int open_file(const char *text);

/* The value of a head's field, or an empty one. */
struct str field_value(struct str head, struct str name);

/* The first bytes of rest, which is moved past them; and a head, with the
 * empty line. */
struct str cut(struct str *rest, size_t len);
struct str cut_head(struct str *rest);

/* Valid until the next call. */
const char *text_of(const struct buf *);

/* What was sent, each response in the words of tell_one, which cuts it off;
 * then how the connection stands.  Valid likewise. */
const char *tell(void (*tell_one)(struct buf *, struct str *rest));

#endif
