/*
 * The built-in pages: what is shown where ROOT has nothing of its own.
 */
#ifndef CHATD_PAGES_H
#define CHATD_PAGES_H

#include <stdbool.h>

#include "base/buf.h"

/* Its Content-Security-Policy: it has a style, and nothing else. */
#define PAGE_FRONT_POLICY "default-src 'none'; style-src 'unsafe-inline'"

/* The front page, which tells how to join the chat: by its page, if it has
 * one, and on udp_port (0: off). */
void page_front(struct buf *, int udp_port, bool has_chat_page);

#endif
