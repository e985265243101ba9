/*
 * A file holds one secret, a siphash_key as it is in memory, and is locked by
 * the program that uses it, until its end.
 */
#include "cmd/token.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/siphash.h"
#include "base/str.h"
#include "chat/nick.h"

#define SERVER_MAX 2048 /* bytes that count of its name; no name has more */

/* Returns 0, or -1 when there is no such place or its name is too long. */
static int
find_directory(char path[PATH_MAX])
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int len = -1;

	if (state != NULL && state[0] == '/')
		len = snprintf(path, PATH_MAX, "%s/chatd", state);
	else if (home != NULL && home[0] == '/')
		len = snprintf(path, PATH_MAX, "%s/.local/state/chatd", home);
	return len > 0 && len < PATH_MAX ? 0 : -1;
}

/* It and what leads to it. */
static void
make_directory(char *path)
{
	for (char *p = strchr(path + 1, '/'); p != NULL;
	     p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	mkdir(path, 0700);
}

/* A name that any nick makes safe, the same for nicks that are the same. */
static int
open_file(const char *nick)
{
	static const struct siphash_key key = { 0, 0 };
	struct nick_key folded = { 0 };
	char directory[PATH_MAX], path[PATH_MAX + 24];

	if (find_directory(directory) == -1)
		return -1;
	make_directory(directory);
	nick_fold(str_of(nick), &folded);
	snprintf(path, sizeof(path), "%s/%016" PRIx64, directory,
	    siphash(&key, folded.bytes, folded.len));
	return open(
	    path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
}

static int
read_secret(int fd, struct siphash_key *secret)
{
	ssize_t n = pread(fd, secret, sizeof(*secret), 0);

	if (n == sizeof(*secret))
		return 0;
	if (siphash_key_random(secret) == -1)
		return -1;
	n = pwrite(fd, secret, sizeof(*secret), 0);
	return n == sizeof(*secret) ? 0 : -1;
}

/* The lock is held, and the descriptor open, to the end of the program. */
static int
use_file(const char *nick, struct siphash_key *secret)
{
	int fd = open_file(nick);

	if (fd == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && read_secret(fd, secret) == 0)
		return 0;
	close(fd);
	return -1;
}

/* Each half is a hash of the server and the number of the half. */
void
token_make(
    const char *nick, const char *server, unsigned char token[WIRE_TOKEN])
{
	struct siphash_key secret;
	char input[SERVER_MAX + 2];
	uint64_t half;
	int len;

	memset(token, 0, WIRE_TOKEN);
	if (use_file(nick, &secret) == -1)
		return;
	for (size_t i = 0; i < WIRE_TOKEN / sizeof(half); i++) {
		len = snprintf(
		    input, sizeof(input), "%zu%.*s", i, SERVER_MAX, server);
		half = siphash(&secret, input, (size_t)len);
		memcpy(token + i * sizeof(half), &half, sizeof(half));
	}
}
