/*
 * Each client's address has a socket of its own towards the server, so that
 * the server sees as many clients as there are.  Whatever is passed on waits
 * in a heap until its time has come.
 */
#include "tests/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/run.h"

#define CLIENTS_MAX   1024
#define PACKETS_MAX   65536
#define DATAGRAM_MAX  2048
#define RECEIVE_BATCH 64

struct client {
	struct sockaddr_in name;
	int fd; /* connected to the server */
};

struct packet {
	int64_t at; /* when it is passed on, mono */
	struct client *client;
	bool to_server;
	size_t len;
	char *data;
};

static struct {
	struct relay_config config;
	int listener, epoll;
	struct client clients[CLIENTS_MAX];
	size_t nclients;
	struct packet heap[PACKETS_MAX]; /* the earliest first */
	size_t npackets;
	uint64_t random;
} relay;

static uint64_t
random_below(uint64_t n)
{
	relay.random ^= relay.random << 13;
	relay.random ^= relay.random >> 7;
	relay.random ^= relay.random << 17;
	return relay.random % n;
}

static void
swap(size_t a, size_t b)
{
	struct packet packet = relay.heap[a];

	relay.heap[a] = relay.heap[b];
	relay.heap[b] = packet;
}

static void
heap_add(struct packet packet)
{
	size_t i = relay.npackets++;

	relay.heap[i] = packet;
	while (i > 0 && relay.heap[i].at < relay.heap[(i - 1) / 2].at) {
		swap(i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static struct packet
heap_take(void)
{
	struct packet first = relay.heap[0];
	size_t i = 0, child;

	relay.heap[0] = relay.heap[--relay.npackets];
	while ((child = 2 * i + 1) < relay.npackets) {
		if (child + 1 < relay.npackets &&
		    relay.heap[child + 1].at < relay.heap[child].at)
			child++;
		if (relay.heap[i].at <= relay.heap[child].at)
			break;
		swap(i, child);
		i = child;
	}
	return first;
}

static void
enqueue(struct client *client, bool to_server, const char *data, size_t len,
    int64_t now)
{
	struct packet packet = {
		.client = client, .to_server = to_server, .len = len
	};

	if (relay.npackets == PACKETS_MAX)
		return;
	packet.at =
	    now + MILLIS((int64_t)random_below(relay.config.delay_millis + 1));
	packet.data = malloc(len);
	memcpy(packet.data, data, len);
	heap_add(packet);
}

static void
pass(struct client *client, bool to_server, const char *data, size_t len,
    int64_t now)
{
	if (client == NULL || random_below(100) < relay.config.loss)
		return;
	enqueue(client, to_server, data, len, now);
	if (random_below(100) < relay.config.twice)
		enqueue(client, to_server, data, len, now);
}

static struct sockaddr_in
loopback(int port)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return name;
}

static void
watch(int fd, struct client *client)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };

	epoll_ctl(relay.epoll, EPOLL_CTL_ADD, fd, &event);
}

static struct client *
client_of(const struct sockaddr_in *name)
{
	struct sockaddr_in server = loopback(relay.config.server_port);
	struct client *client = relay.clients;

	for (; client < relay.clients + relay.nclients; client++) {
		if (client->name.sin_port == name->sin_port)
			return client;
	}
	if (relay.nclients == CLIENTS_MAX)
		return NULL;
	client->name = *name;
	client->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (connect(client->fd, (struct sockaddr *)&server, sizeof(server)) ==
	    -1)
		return NULL;
	relay.nclients++;
	watch(client->fd, client);
	return client;
}

/* client: whose socket it is, or NULL for the clients' own. */
static void
receive(struct client *client, int64_t now)
{
	char data[DATAGRAM_MAX];

	for (int i = 0; i < RECEIVE_BATCH; i++) {
		struct sockaddr_in name;
		socklen_t len = sizeof(name);
		ssize_t n = recvfrom(
		    client != NULL ? client->fd : relay.listener, data,
		    sizeof(data), MSG_DONTWAIT, (struct sockaddr *)&name, &len);

		if (n == -1)
			return;
		pass(client != NULL ? client : client_of(&name), client == NULL,
		    data, (size_t)n, now);
	}
}

static void
send_due(int64_t now)
{
	while (relay.npackets > 0 && relay.heap[0].at <= now) {
		struct packet packet = heap_take();
		const struct sockaddr_in *name = &packet.client->name;

		if (packet.to_server)
			send(packet.client->fd, packet.data, packet.len, 0);
		else
			sendto(relay.listener, packet.data, packet.len, 0,
			    (const struct sockaddr *)name, sizeof(*name));
		free(packet.data);
	}
}

static int
millis_to_next(int64_t now)
{
	if (relay.npackets == 0)
		return -1;
	return relay.heap[0].at <= now
	    ? 0
	    : (int)((relay.heap[0].at - now + MILLIS(1) - 1) / MILLIS(1));
}

static void __attribute__((noreturn)) run(void)
{
	struct epoll_event events[64];

	for (;;) {
		int n = epoll_wait(
		    relay.epoll, events, 64, millis_to_next(clock_now().mono));

		for (int i = 0; i < n; i++)
			receive(events[i].data.ptr, clock_now().mono);
		send_due(clock_now().mono);
	}
}

void
relay_start(struct relay *r, const struct relay_config *config)
{
	struct sockaddr_in name = loopback(0);
	socklen_t len = sizeof(name);
	const int space = 4 << 20;

	relay.config = *config;
	relay.random = config->seed * 2 + 1;
	relay.epoll = epoll_create1(0);
	relay.listener = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	setsockopt(
	    relay.listener, SOL_SOCKET, SO_RCVBUF, &space, sizeof(space));
	ck_assert_int_eq(
	    bind(relay.listener, (struct sockaddr *)&name, sizeof(name)), 0);
	ck_assert_int_eq(
	    getsockname(relay.listener, (struct sockaddr *)&name, &len), 0);
	watch(relay.listener, NULL);
	r->port = ntohs(name.sin_port);
	r->pid = fork();
	ck_assert_int_ne(r->pid, -1);
	if (r->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run();
	}
	close(relay.listener);
	close(relay.epoll);
}

void
relay_stop(struct relay *r)
{
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
}
