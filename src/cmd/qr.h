/*
 * A QR code (ISO/IEC 18004), for whoever has a camera rather than a keyboard.
 */
#ifndef CHATD_QR_H
#define CHATD_QR_H

#include "base/buf.h"

/*
 * Appends a QR code of text, two modules a character (half blocks, UTF-8),
 * with its quiet zone, for a terminal of so many columns.  It is black on
 * white whatever the terminal's colours are, so that it scans on dark and on
 * light ones.  Returns 0, or -1 when there is no library, it does not fit, or
 * no memory.
 */
int qr_print(struct buf *out, const char *text, unsigned columns);

#endif
