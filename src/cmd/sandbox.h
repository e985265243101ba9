/*
 * What the daemon gives up once its sockets and files are open: its user, and
 * on Linux (Landlock, no_new_privs) every file but those it was told to
 * serve and to write.
 */
#ifndef CHATD_SANDBOX_H
#define CHATD_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#define SANDBOX_PATHS_MAX 64
#define SANDBOX_TEXT_MAX  128

struct sandbox_config {
	const char *user; /* to become, with its groups; NULL: nobody else */
	bool confine;     /* Landlock and no_new_privs, where there are */
	/* Files, or directories with all beneath them. */
	const char *readable[SANDBOX_PATHS_MAX];
	size_t nreadable;
	/* Files that are read again when others have taken their place, and so
	 * all files of their directories and of where links lead. */
	const char *reread[SANDBOX_PATHS_MAX];
	size_t nreread;
	/* Files that are written and made anew, and so their directories. */
	const char *writable[SANDBOX_PATHS_MAX];
	size_t nwritable;
};

/*
 * Before any thread starts.  Returns 0; or -1 when the reason was logged: the
 * user does not exist or cannot be become.  A kernel without Landlock is no
 * failure: text says what is in force.
 */
int sandbox_enter(const struct sandbox_config *, char text[SANDBOX_TEXT_MAX]);

/* What sandbox_enter() would put in force, such as "landlock 6, no_new_privs,
 * user www-data"; "off" for nothing. */
void sandbox_describe(
    const struct sandbox_config *, char text[SANDBOX_TEXT_MAX]);

#endif
