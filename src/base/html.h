/*
 * Text in HTML.
 */
#ifndef CHATD_HTML_H
#define CHATD_HTML_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Appends text, cleaned as text_clean() does, that stands for itself between
 * tags and within the quotes of an attribute, double or single.
 */
void html_text(struct buf *, struct str);

#endif
