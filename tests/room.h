/*
 * The room of a chatd that a test starts: its console, and plain UDP peers
 * with sockets of their own.
 */
#ifndef CHATD_TESTS_ROOM_H
#define CHATD_TESTS_ROOM_H

#include "tests/daemon.h"

#define HEARD_MAX   2048   /* bytes of a datagram that is kept */
#define PRINTED_MAX 131072 /* bytes that the console prints at once */

/* Each test has a process, and so one of each, of its own. */
extern struct program chatd;
extern char heard[HEARD_MAX];     /* the datagram that was waited for */
extern char printed[PRINTED_MAX]; /* what the console printed up to it */

/* chatd --console with one more option, or NULL. */
void start(const char *option);

/* A datagram that contains text comes to the peer. */
void hears(int fd, const char *text);

/* The same, and no datagram until then contains `never`. */
void hears_without(int fd, const char *text, const char *never);

/* The console prints text; what is typed there. */
void prints(const char *text);
void types(const char *line);

/* A socket that drops what comes from another address than `to`. */
int connect_to(const char *to);

/* A new peer that is in the room; without a nick, nothing was said yet. */
int join(void);
int join_as(const char *nick);

/* What the room calls it before it takes a nick: ADDRESS@PORT. */
const char *name_of(int fd);

#endif
