/*
 * Modules are counted from the corner of the quiet zone, and each line of
 * characters has two rows of them.
 */
#include "cmd/qr.h"

#include <qrencode.h>

#define QUIET       4 /* modules on every side */
#define BLACK_WHITE "\033[30;47m"
#define RESET       "\033[0m\n"

static int
full_width(const QRcode *code)
{
	return code->width + 2 * QUIET;
}

static bool
is_dark(const QRcode *code, int x, int y)
{
	x -= QUIET;
	y -= QUIET;
	return x >= 0 && x < code->width && y >= 0 && y < code->width &&
	    (code->data[y * code->width + x] & 1) != 0;
}

/* The rows y and y + 1. */
static void
print_line(struct buf *out, const QRcode *code, int y)
{
	static const char *const blocks[] = { " ", "\u2580", "\u2584",
		"\u2588" };

	buf_add_str(out, STR(BLACK_WHITE));
	for (int x = 0; x < full_width(code); x++)
		buf_add_str(out,
		    str_of(blocks[is_dark(code, x, y) +
			2 * is_dark(code, x, y + 1)]));
	buf_add_str(out, STR(RESET));
}

int
qr_print(struct buf *out, const char *text, unsigned columns)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	bool fits = code != NULL && (unsigned)full_width(code) <= columns;

	for (int y = 0; fits && y < full_width(code); y += 2)
		print_line(out, code, y);
	QRcode_free(code);
	return fits && !buf_failed(out) ? 0 : -1;
}
