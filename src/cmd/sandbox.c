/*
 * Rights are given up in the order in which each step still has the right to
 * take the next: the groups, the user, new privileges, files.
 */
#include "cmd/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/landlock.h"

/* Whether the way back to root is open to somebody who is not root. */
static bool
regains_root(const struct passwd *pw)
{
	if (pw->pw_uid == 0)
		return false;
	return setuid(0) == 0 || (pw->pw_gid != 0 && setgid(0) == 0);
}

static int
become(const char *user)
{
	const struct passwd *pw = getpwnam(user);

	if (pw == NULL) {
		log_error("cannot become %s: there is no such user (`getent "
			  "passwd` lists them)",
		    user);
		return -1;
	}
	if (initgroups(pw->pw_name, pw->pw_gid) == -1 ||
	    setgid(pw->pw_gid) == -1 || setuid(pw->pw_uid) == -1) {
		log_error("cannot become %s: %s (only root can: start it as "
			  "root, or without --user)",
		    user, strerror(errno));
		return -1;
	}
	if (regains_root(pw)) {
		log_error("cannot become %s: the way back to root stayed open "
			  "(try without extra capabilities)",
		    user);
		return -1;
	}
	return 0;
}

static int
confine(const struct sandbox_config *config)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    (landlock_version() == 0 || landlock_confine(config) == 0))
		return 0;
	log_error("cannot enter the sandbox: %s (--no-sandbox serves without)",
	    strerror(errno));
	return -1;
}

int
sandbox_enter(const struct sandbox_config *config, char text[SANDBOX_TEXT_MAX])
{
	if (config->user != NULL && become(config->user) == -1)
		return -1;
	if (config->confine && confine(config) == -1)
		return -1;
	sandbox_describe(config, text);
	return 0;
}

void
sandbox_describe(
    const struct sandbox_config *config, char text[SANDBOX_TEXT_MAX])
{
	char landlock[32] = "";
	int version = config->confine ? landlock_version() : 0;

	if (version > 0)
		snprintf(landlock, sizeof(landlock), "landlock %d, ", version);
	snprintf(text, SANDBOX_TEXT_MAX, "%s%s%s%s%s", landlock,
	    config->confine ? "no_new_privs" : "",
	    config->confine && config->user != NULL ? ", " : "",
	    config->user != NULL ? "user " : "",
	    config->user != NULL ? config->user : "");
	if (text[0] == '\0')
		snprintf(text, SANDBOX_TEXT_MAX, "off");
}
