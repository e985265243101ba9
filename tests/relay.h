/*
 * A bad network on loopback: a process that passes datagrams on between
 * clients and a server, and loses, doubles and delays some, so that they
 * come out of order too.
 */
#ifndef CHATD_TESTS_RELAY_H
#define CHATD_TESTS_RELAY_H

#include <stdint.h>
#include <sys/types.h>

struct relay_config {
	int server_port; /* on 127.0.0.1 */
	unsigned loss;   /* of a hundred datagrams, each way */
	unsigned twice;
	unsigned delay_millis; /* at most; each has its own */
	uint64_t seed;
};

struct relay {
	pid_t pid;
	int port; /* on 127.0.0.1, for the clients */
};

/* Ends with the test at the latest. */
void relay_start(struct relay *, const struct relay_config *);
void relay_stop(struct relay *);

#endif
