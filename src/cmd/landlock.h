/*
 * Landlock, or its absence: the Linux kernel's way for a process to give up
 * rights to files and more, for itself and all its children, for good.
 */
#ifndef CHATD_LANDLOCK_H
#define CHATD_LANDLOCK_H

struct sandbox_config;

/* The version (ABI) that the kernel has in force, or 0 for none. */
int landlock_version(void);

/*
 * Leaves the calling thread, which has set no_new_privs, what the
 * configuration names, /proc and the time zones; of signals, abstract
 * sockets and new TCP sockets as little as the version can deny.
 * Returns 0, or -1 with errno set.
 */
int landlock_confine(const struct sandbox_config *);

#endif
