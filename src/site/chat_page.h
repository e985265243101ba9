/*
 * What a browser is given for the chat: static text, with the page's policy.
 */
#ifndef CHATD_CHAT_PAGE_H
#define CHATD_CHAT_PAGE_H

#include "base/str.h"

/*
 * The page (text/html), which lies at /chat, and what it loads from beside
 * itself: chat/page.css (text/css) and chat/page.js (text/javascript).  With
 * CHAT_PAGE_POLICY as its Content-Security-Policy it can do no more.
 */
struct str chat_page(void);
struct str chat_style(void);
struct str chat_script(void);

#define CHAT_PAGE_POLICY \
	"default-src 'none'; script-src 'self'; style-src 'self'; " \
	"connect-src 'self'; img-src 'self' data:; base-uri 'none'; " \
	"form-action 'none'; frame-ancestors 'none'"

#endif
