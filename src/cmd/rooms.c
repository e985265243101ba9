#include "cmd/rooms.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define HISTORY_BYTES_EACH 256 /* of memory a kept message, on average */
#define MAX_MEMBERS        4000
#define MOTD_MAX           4096 /* bytes */

static int
open_history(struct rooms *r, const struct options *o)
{
	const struct passwd *pw = o->user != NULL ? getpwnam(o->user) : NULL;
	char why[HISTORY_WHY_MAX];

	if (o->history == NULL)
		return 0;
	r->history =
	    history_open(o->history, pw != NULL ? pw->pw_uid : (uid_t)-1,
		pw != NULL ? pw->pw_gid : (gid_t)-1, why);
	if (r->history != NULL)
		return 0;
	log_error("cannot keep the history in %s: %s", o->history, why);
	return -1;
}

static int
open_hub(struct rooms *r, const struct options *o)
{
	struct hub_config config = {
		.max_messages = o->history_limit,
		.max_bytes =
		    (size_t)o->history_limit * HISTORY_BYTES_EACH + (1 << 20),
		.max_members = MAX_MEMBERS,
		.flood_lines = o->flood_lines,
		.flood_seconds = o->flood_seconds,
	};

	if (r->history != NULL)
		config.ledger = history_ledger(r->history);
	r->hub = hub_new(&config);
	if (r->hub != NULL)
		return 0;
	log_error("cannot start the chat: out of memory");
	return -1;
}

static int
load_history(struct rooms *r, const struct options *o, struct instant now)
{
	char why[HISTORY_WHY_MAX];

	if (r->history == NULL ||
	    history_load(r->history, r->hub, o->history_limit, now, why) == 0)
		return 0;
	log_error("cannot read the history in %s: %s", o->history, why);
	return -1;
}

/* Returns 0, or -1 with errno. */
static int
read_motd(struct rooms *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char text[MOTD_MAX + 1];
	ssize_t n;

	if (fd == -1)
		return -1;
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n == -1)
		return -1;
	if (n > MOTD_MAX)
		log_warn(
		    "only the first %d bytes of %s are told", MOTD_MAX, path);
	return hub_set_motd(r->hub, (struct str){ text, (size_t)n });
}

static int
open_motd(struct rooms *r, const struct options *o)
{
	if (o->motd == NULL || read_motd(r, o->motd) == 0)
		return 0;
	log_error("cannot read the message of the day %s: %s (see --motd)",
	    o->motd, strerror(errno));
	return -1;
}

static int
open_chat(struct rooms *r, const struct options *o)
{
	struct chat_config config = {
		.hub = r->hub,
		.hosts = r->hosts,
		.nhosts = o->server_name.n,
		.is_kept = r->history != NULL,
	};

	for (size_t i = 0; i < o->server_name.n; i++)
		r->hosts[i] = o->server_name.at[i];
	if (gethostname(r->host, sizeof(r->host) - 1) == 0 &&
	    r->host[0] != '\0')
		r->hosts[config.nhosts++] = r->host;
	r->chat = chat_new(&config);
	if (r->chat != NULL)
		return 0;
	log_error("cannot start the chat: out of memory");
	return -1;
}

int
rooms_open(struct rooms *r, const struct options *o, struct instant now)
{
	if (open_history(r, o) == -1 || open_hub(r, o) == -1 ||
	    load_history(r, o, now) == -1 || open_motd(r, o) == -1)
		return -1;
	return open_chat(r, o);
}

int
rooms_start(struct rooms *r)
{
	if (r->history == NULL || history_start(r->history) == 0)
		return 0;
	log_error("cannot start the history's thread: %s", strerror(errno));
	return -1;
}

void
rooms_reload(struct rooms *r, const struct options *o)
{
	if (o->motd != NULL && read_motd(r, o->motd) == -1)
		log_warn("the old message of the day stays: %s: %s", o->motd,
		    strerror(errno));
}

void
rooms_close(struct rooms *r)
{
	chat_free(r->chat);
	hub_free(r->hub);
	history_free(r->history);
}
