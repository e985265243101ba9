/*
 * The chat's answers in JSON, and what the hub's refusals are in HTTP.
 */
#ifndef CHATD_CHAT_REPLY_H
#define CHATD_CHAT_REPLY_H

#include "base/buf.h"
#include "chat/hub.h"
#include "http/service.h"

/* Fields that every answer of the chat has that is not to be kept. */
#define CHAT_REPLY_FIELDS \
	"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"

/* Content that lies in the buf; 503 where that had no memory. */
void chat_reply_json(struct http_response *, int status, const struct buf *);

/* {"error":text}, for which the buf is emptied. */
void chat_reply_error(
    struct http_response *, int status, struct str text, struct buf *);

/* The same for what the hub did not do; told: what the member was told, as
 * elements of an array, or empty. */
void chat_reply_refusal(
    struct http_response *, enum hub_result, struct str told, struct buf *);

#endif
