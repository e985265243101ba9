/*
 * What the system says of processes: this one and its children.
 */
#ifndef CHATD_PROCESS_H
#define CHATD_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_MAX 4096 /* of one tree; more are not looked for */

struct process {
	pid_t pid, parent;
	char state; /* as in ps(1): R, S, D, Z (a zombie), T */
	char name[32];
	unsigned threads;
	uint64_t cpu;      /* nanoseconds, user and system */
	uint64_t reaped;   /* the same of children that were waited for */
	uint64_t resident; /* bytes */
	/* Of context, both kinds, or 0 where it is not told; of other processes
	 * than the caller's own only those of the first thread. */
	uint64_t switches;
};

/*
 * The process first and all beneath it, parents before their children, at
 * most max.  Returns how many there are of them, which may be more than max;
 * 0 where the system does not tell (no /proc).
 */
size_t process_tree(pid_t first, struct process *out, size_t max);

/* Open descriptors of this process, or 0 where it is not told. */
size_t process_descriptors(void);

#endif
