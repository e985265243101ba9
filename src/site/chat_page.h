/*
 * What a browser is given for the chat: static text, with the page's policy.
 */
#ifndef CHATD_CHAT_PAGE_H
#define CHATD_CHAT_PAGE_H

#include "base/str.h"

/*
 * The page (text/html), which lies at /chat, and what it loads from beside
 * itself: chat/page.css (text/css) and chat/page.js (text/javascript), a
 * module that imports the others, which lie in chat/ by their names.  With
 * CHAT_PAGE_POLICY as its Content-Security-Policy it can do no more.
 */
struct str chat_page(void);
struct str chat_style(void);
struct str chat_script(void);
struct str chat_script_alerts(void);
struct str chat_script_hall(void);
struct str chat_script_input(void);
struct str chat_script_lines(void);
struct str chat_script_link(void);
struct str chat_script_lists(void);
struct str chat_script_state(void);
struct str chat_script_text(void);

#define CHAT_PAGE_POLICY \
	"default-src 'none'; script-src 'self'; style-src 'self'; " \
	"connect-src 'self'; img-src 'self' data:; base-uri 'none'; " \
	"form-action 'none'; frame-ancestors 'none'"

#endif
