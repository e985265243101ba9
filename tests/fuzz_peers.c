/*
 * Datagrams from a few addresses, trusted or not, against the promises of the
 * plain UDP chat: short datagrams out, clean text in them, and never more than
 * three times its bytes to an address that has not joined.
 *
 * The input is a row of: a byte for the sender and what to do, a byte for the
 * length, and so many bytes of a datagram.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chat/peers.h"

#define SENDERS 8 /* the upper half is not trusted */

enum action {
	RECEIVE,
	RECEIVE_CODE, /* what the sender was asked for, and then the bytes */
	SKIP_TIME,
	UNREACHABLE,
	WRITABLE, /* the driver then takes as many as the length byte says */
	PROMOTE   /* the sender is an operator from now on, if it is in */
};

struct fuzz {
	struct gate gate;
	struct hub *hub;
	struct peers *peers;
	struct instant now;
	size_t takes;
	const struct path *from; /* who must be answered in proportion */
	size_t allowed;          /* bytes to it */
};

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static size_t
fuzz_send(
    void *arg, const struct path *const *to, size_t n, struct str datagram)
{
	struct fuzz *f = arg;
	size_t taken = n < f->takes ? n : f->takes;
	struct str text = datagram;

	require(n > 0 && datagram.len > 0 && datagram.len <= PEER_DATAGRAM_MAX);
	if (text.p[text.len - 1] == '\n')
		text.len--;
	require(text_is_clean(text));
	for (size_t i = 0; i < taken && f->from != NULL; i++) {
		if (addr_eq(&to[i]->remote, &f->from->remote)) {
			require(datagram.len <= f->allowed);
			f->allowed -= datagram.len;
		}
	}
	f->takes -= taken;
	return taken;
}

static void
fuzz_start(struct fuzz *f)
{
	struct hub_config hub_config = { 8, 2000, 5, 50, 10, NULL };
	struct peers_config config = { SECONDS(600), SECONDS(660), 3, fuzz_send,
		f };

	*f = (struct fuzz){ .takes = SIZE_MAX };
	f->gate.key = (struct siphash_key){ 1, 2 };
	f->hub = hub_new(&hub_config);
	require(f->hub != NULL);
	f->peers = peers_new(f->hub, &f->gate, &config);
	require(f->peers != NULL);
}

static struct path
sender_path(unsigned sender)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };
	static const uint8_t stranger[4] = { 192, 0, 2, 1 };
	struct path path = { .remote.port = 5000 + sender };

	path.remote.ip[10] = path.remote.ip[11] = 0xff;
	memcpy(
	    path.remote.ip + 12, sender < SENDERS / 2 ? loopback : stranger, 4);
	return path;
}

static struct member *
member_at(const struct fuzz *f, const struct path *path)
{
	char name[ADDR_NAME_MAX];

	return hub_find(f->hub, str_of(addr_name(&path->remote, name)), f->now);
}

static bool
has_joined(const struct fuzz *f, const struct path *path)
{
	return member_at(f, path) != NULL;
}

static void
fuzz_receive(
    struct fuzz *f, const struct path *path, struct str datagram, bool has_code)
{
	bool known = has_code || has_joined(f, path) ||
	    gate_trusts(&f->gate, &path->remote);

	f->from = known ? NULL : path;
	f->allowed = 3 * datagram.len;
	peers_receive(f->peers, path, datagram, f->now);
	require(f->from == NULL || !has_joined(f, path));
	f->from = NULL;
	hub_flush(f->hub);
}

static void
fuzz_receive_code(struct fuzz *f, const struct path *path, struct str bytes)
{
	char datagram[GATE_CODE_LEN + 1 + UINT8_MAX + 1];
	size_t len = GATE_CODE_LEN + 1;

	gate_code(&f->gate, &path->remote, f->now, datagram);
	datagram[GATE_CODE_LEN] = '\n';
	memcpy(datagram + len, bytes.p, bytes.len);
	fuzz_receive(f, path, (struct str){ datagram, len + bytes.len }, true);
}

static void
fuzz_promote(struct fuzz *f, const struct path *path)
{
	struct member *m = member_at(f, path);
	struct str code = str_of(hub_operator_code(f->hub, f->now));

	if (m != NULL)
		require(hub_redeem(f->hub, m, code, f->now) == HUB_OK);
}

static void
fuzz_act(struct fuzz *f, unsigned what, struct str bytes)
{
	struct path path = sender_path(what % SENDERS);

	switch (what / SENDERS % (PROMOTE + 1)) {
	case RECEIVE:
		fuzz_receive(f, &path, bytes, false);
		break;
	case RECEIVE_CODE:
		fuzz_receive_code(f, &path, bytes);
		break;
	case SKIP_TIME:
		f->now.mono += SECONDS(bytes.len);
		peers_tick(f->peers, f->now);
		require(peers_deadline(f->peers) > f->now.mono);
		break;
	case UNREACHABLE:
		peers_unreachable(f->peers, &path.remote);
		break;
	case WRITABLE:
		f->takes = bytes.len < UINT8_MAX ? bytes.len : SIZE_MAX;
		peers_writable(f->peers);
		break;
	case PROMOTE:
		fuzz_promote(f, &path);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f;

	fuzz_start(&f);
	while (size >= 2) {
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		fuzz_act(
		    &f, data[0], (struct str){ (const char *)data + 2, len });
		data += 2 + len;
		size -= 2 + len;
		require(peers_count(f.peers) == hub_count(f.hub));
	}
	peers_free(f.peers);
	require(hub_count(f.hub) == 0);
	hub_free(f.hub);
	return 0;
}
