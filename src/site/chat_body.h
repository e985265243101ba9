/*
 * What a POST says, in any of its forms.
 */
#ifndef CHATD_CHAT_BODY_H
#define CHATD_CHAT_BODY_H

#include "base/buf.h"
#include "base/str.h"

enum chat_body_type {
	CHAT_BODY_FORM, /* also without a Content-Type */
	CHAT_BODY_JSON, /* an object of strings */
	CHAT_BODY_TEXT, /* the text itself; room and nick are in the query */
	CHAT_BODY_UNKNOWN
};

/* From a Content-Type, whose parameters do not count; or an empty str. */
enum chat_body_type chat_body_type(struct str media_type);

struct chat_body {
	struct buf room, nick,
	    text; /* the caller's; what is missing is empty */
};

/* The line ends in the text become spaces, but for one at its end.  Returns
 * 0; or -1 when it is malformed, or without memory. */
int chat_body_read(struct chat_body *, enum chat_body_type, struct str query,
    struct str content);
void chat_body_free(struct chat_body *); /* what it holds */

#endif
