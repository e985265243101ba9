/*
 * Without libqrencode there are no QR codes.
 */
#include "cmd/qr.h"

int
qr_print(struct buf *out, const char *text, unsigned columns)
{
	(void)out;
	(void)text;
	(void)columns;
	return -1;
}
