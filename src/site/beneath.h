/*
 * Opens files beneath a directory and never outside it, whatever the path or
 * the symbolic links in it say, and without waiting for anything.
 */
#ifndef CHATD_BENEATH_H
#define CHATD_BENEATH_H

/*
 * Opens path, relative and without "..", for reading beneath the directory
 * root.  A FIFO or device does not block the caller, who has yet to look at
 * what was opened.  Returns the descriptor, nonblocking and close-on-exec,
 * or -1 with errno set: EXDEV or ELOOP where a link would lead outside.
 *
 * The kernel resolves it (openat2 with RESOLVE_BENEATH) where it can; where
 * it cannot, beneath_walk() does, which follows no symbolic link at all.
 */
int beneath_open(int root, const char *path);
int beneath_walk(int root, const char *path);

#endif
