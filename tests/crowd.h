/*
 * A server of the native dialect in a world without a network.  Each port is a
 * client, whose session is known by it.  What is sent there is written down in
 * words: the frames of a datagram with "; " between them and a bar at its end.
 */
#ifndef CHATD_TESTS_CROWD_H
#define CHATD_TESTS_CROWD_H

#include "chat/native.h"
#include "chat/wire.h"

#define CLIENTS 400
#define PORTS   5000 /* and up */
#define ANY     ((size_t)-1)

struct mailbox {
	char got[32768];
	size_t datagrams, bytes;
	uint64_t cookie;
	struct wire_frame state; /* its strs are gone */
};

extern struct hub *hub;
extern struct native *native;
extern struct mailbox boxes[CLIENTS];
extern size_t takes;       /* how many more datagrams are taken, or ANY */
extern size_t calls;       /* to send some */
extern int64_t mono, wall; /* what the clock shows */

extern const struct hub_config roomy;
extern const struct native_config patient;

/* The fixture; and the same anew, for tests that want other limits. */
void crowd_setup(void);
void crowd_teardown(void);
void crowd_restart(
    const struct hub_config *hub_config, const struct native_config *config);

struct instant clock_shows(void);
void tick(int64_t later);
struct path path_of(const char *ip, size_t port);
uint64_t session_of(size_t port);

struct wire_frame hello_frame(void);
struct wire_frame join_frame(size_t port); /* with the cookie it has */
struct wire_frame say_frame(uint32_t number, const char *text);

/* A datagram comes; and one of several that come together. */
void receive_from(const char *ip, size_t port, struct str datagram);
void receive_unflushed(
    const struct path *path, uint64_t session, const struct wire_frame *frame);

/* That session's frames come from that port; or one of the port's own. */
void send_as(
    uint64_t session, size_t port, const struct wire_frame *frames, size_t n);
void send_frame(size_t port, struct wire_frame frame);
void say(size_t port, uint32_t number, const char *text);
void pull(size_t port, bool notes, uint64_t from, uint64_t to);
void alive(size_t port);
void get_cookie(size_t port);

/* Comes in, with a nick or "". */
void join_as(size_t port, const char *nick);

/* What the port got since it was last asked. */
void expect_at(int line, size_t port, const char *words);
void forget(size_t port);

#define expect(port, words) expect_at(__LINE__, port, words)

#endif
