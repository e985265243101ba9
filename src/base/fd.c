#include "base/fd.h"

#include <sys/stat.h>
#include <unistd.h>

bool
fd_is_watchable(int fd)
{
	struct stat st;

	if (isatty(fd))
		return true;
	return fstat(fd, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}
