/*
 * The standard streams, which whoever started the program may have closed.
 */
#ifndef CHATD_STREAMS_H
#define CHATD_STREAMS_H

/*
 * Opens /dev/null in the place of each that is closed, so that no socket ever
 * stands where stdin, stdout or stderr should.  It is opened for reading: a
 * write still fails.  Returns 0, or -1 with errno set.
 */
int streams_occupy(void);

#endif
