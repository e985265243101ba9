/*
 * What a descriptor is.
 */
#ifndef CHATD_FD_H
#define CHATD_FD_H

#include <stdbool.h>

/*
 * Whether an event loop can wait for it: a terminal, pipe or socket.  epoll
 * takes neither regular files nor devices such as /dev/null, which are always
 * ready anyway.
 */
bool fd_is_watchable(int fd);

#endif
