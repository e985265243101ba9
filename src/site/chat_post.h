/*
 * Messages by POST.  The caller speaks as the member of its own stream; who
 * has none, such as curl, is a member for as long as it takes to speak.  The
 * answer comes when what was said is committed.
 */
#ifndef CHATD_CHAT_POST_H
#define CHATD_CHAT_POST_H

#include "chat/hub.h"
#include "http/service.h"
#include "site/chat.h"
#include "site/chat_body.h"
#include "site/chat_caller.h"
#include "site/chat_stream.h"

struct chat_posts;

/* The hub, the streams and the stats outlive it.  NULL without memory. */
struct chat_posts *chat_posts_new(
    struct hub *, struct chat_streams *, struct chat_stats *);
void chat_posts_free(struct chat_posts *); /* none is under way any more */

/* Has the response come later: 201 with the number of what was said, 200 for
 * a command.  Returns 0, or -1 without memory. */
int chat_post_begin(struct chat_posts *, const struct chat_caller *,
    enum chat_body_type, const struct http_request *, struct http_later *);

#endif
