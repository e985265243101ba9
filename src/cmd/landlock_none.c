/*
 * Without Landlock there is nothing to confine with.
 */
#include "cmd/landlock.h"

#include <errno.h>

int
landlock_version(void)
{
	return 0;
}

int
landlock_confine(const struct sandbox_config *config)
{
	(void)config;
	errno = ENOSYS;
	return -1;
}
