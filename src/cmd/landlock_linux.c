/*
 * A right that the ruleset handles is denied unless a rule allows it, so
 * every right that the kernel knows is handled.
 *
 * The kernel tells a version, each of which knows more rights than the one
 * before.  The headers may be older than the kernel or newer, so all rights
 * but those of the first version stand here under names of our own.
 */
#include "cmd/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmd/sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define FS_FIRST     ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define FS_REFER     (UINT64_C(1) << 13)
#define FS_TRUNCATE  (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)

#define NET_BIND_TCP    (UINT64_C(1) << 0)
#define NET_CONNECT_TCP (UINT64_C(1) << 1)

#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)
#define SCOPE_SIGNAL        (UINT64_C(1) << 1)

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* To write a file, and to make it anew where it was renamed. */
#define FS_WRITE \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	    FS_TRUNCATE)
/* Those of them that a rule for one file can give. */
#define FS_OF_FILE \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	    FS_TRUNCATE)

/*
 * struct landlock_ruleset_attr of version 6.  An older kernel takes it too as
 * long as what it does not know is 0.
 */
struct rights {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

/* What the kernel has of it, to add rules to. */
struct ruleset {
	int fd;
	struct rights handled;
};

/* For the status page and the sanitizers, and for local time. */
static const char *const always_readable[] = { "/proc", "/etc/localtime",
	"/usr/share/zoneinfo" };

int
landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

/* A service manager may listen for sd_notify(3) on an abstract socket. */
static uint64_t
scopes(void)
{
	const char *notify = getenv("NOTIFY_SOCKET");

	if (notify != NULL && notify[0] == '@')
		return SCOPE_SIGNAL;
	return SCOPE_SIGNAL | SCOPE_ABSTRACT_UNIX;
}

/* All that a version can deny. */
static struct rights
rights_of(int version)
{
	static const struct {
		int since;
		uint64_t fs;
	} added[] = {
		{ 1, FS_FIRST },
		{ 2, FS_REFER },
		{ 3, FS_TRUNCATE },
		{ 5, FS_IOCTL_DEV },
	};
	struct rights r = { .fs = 0 };

	for (size_t i = 0; i < COUNT(added); i++) {
		if (version >= added[i].since)
			r.fs |= added[i].fs;
	}
	if (version >= 4)
		r.net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (version >= 6)
		r.scoped = scopes();
	return r;
}

/* What cannot be opened is not there, for this user, and so is skipped. */
static int
allow(const struct ruleset *set, const char *path, uint64_t fs)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };
	struct stat st;
	int result = -1;

	if (fd == -1)
		return 0;
	if (fstat(fd, &st) == 0) {
		rule.allowed_access = fs & set->handled.fs;
		if (!S_ISDIR(st.st_mode))
			rule.allowed_access &= FS_OF_FILE;
		result = (int)syscall(SYS_landlock_add_rule, set->fd,
		    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	close(fd);
	return result;
}

/* The same for the directory that the path is in. */
static int
allow_parent(const struct ruleset *set, const char *path, uint64_t fs)
{
	const char *slash = strrchr(path, '/');
	char *parent;
	int result;

	if (slash == NULL)
		return allow(set, ".", fs);
	parent = strndup(path, (size_t)(slash - path) + 1);
	if (parent == NULL)
		return -1;
	result = allow(set, parent, fs);
	free(parent);
	return result;
}

/* Also where a link leads to now: there the next file will be, too. */
static int
allow_rereading(const struct ruleset *set, const char *path)
{
	char target[PATH_MAX];

	if (allow_parent(set, path, LANDLOCK_ACCESS_FS_READ_FILE) == -1)
		return -1;
	if (realpath(path, target) == NULL)
		return 0;
	return allow_parent(set, target, LANDLOCK_ACCESS_FS_READ_FILE);
}

/*
 * A file is made anew in its directory, or where its link leads to; a socket
 * is only removed; a device or a pipe is written as it is.
 */
static int
allow_writing(const struct ruleset *set, const char *path)
{
	char target[PATH_MAX];
	struct stat st;

	if (realpath(path, target) == NULL || stat(target, &st) == -1)
		return allow_parent(set, path, FS_WRITE);
	if (S_ISREG(st.st_mode))
		return allow_parent(set, target, FS_WRITE);
	if (S_ISSOCK(st.st_mode))
		return allow_parent(
		    set, target, LANDLOCK_ACCESS_FS_REMOVE_FILE);
	return allow(set, target, LANDLOCK_ACCESS_FS_WRITE_FILE);
}

static int
allow_reading(const struct ruleset *set, const char *path)
{
	return allow(set, path, FS_READ);
}

typedef int allow_fn(const struct ruleset *, const char *path);

static int
allow_each(const struct ruleset *set, allow_fn *allow_one,
    const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (allow_one(set, paths[i]) == -1)
			return -1;
	}
	return 0;
}

static int
allow_all(const struct ruleset *set, const struct sandbox_config *config)
{
	if (allow_each(set, allow_reading, always_readable,
		COUNT(always_readable)) == -1 ||
	    allow_each(set, allow_reading, config->readable,
		config->nreadable) == -1 ||
	    allow_each(set, allow_rereading, config->reread, config->nreread) ==
		-1)
		return -1;
	return allow_each(
	    set, allow_writing, config->writable, config->nwritable);
}

int
landlock_confine(const struct sandbox_config *config)
{
	struct ruleset set = { .handled = rights_of(landlock_version()) };
	int result = -1, saved;

	set.fd = (int)syscall(
	    SYS_landlock_create_ruleset, &set.handled, sizeof(set.handled), 0);
	if (set.fd == -1)
		return -1;
	if (allow_all(&set, config) == 0)
		result = (int)syscall(SYS_landlock_restrict_self, set.fd, 0);
	saved = errno;
	close(set.fd);
	errno = saved;
	return result;
}
