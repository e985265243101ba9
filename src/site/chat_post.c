#include "site/chat_post.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/json.h"
#include "chat/command.h"
#include "site/chat_reply.h"

#define TOLD_MAX \
	16384 /* bytes of what a command tells; the rest is left out \
	       */

struct post {
	LIST_ENTRY(post) entry;
	struct chat_posts *posts;
	struct http_waker waker;
	struct chat_caller caller;
	enum chat_body_type type;
	struct buf query;
	struct member *member; /* that was made for it, while it speaks */
	struct buf told;       /* elements of an array */
	struct buf reply;
	uint64_t stamp; /* what was said is committed with it; 0: not yet */
	uint64_t seq;
	char room[CHAT_ROOM_MAX + 1];
};

struct chat_posts {
	struct hub *hub;
	struct chat_streams *streams;
	struct chat_stats *stats;
	struct transport transport;
	LIST_HEAD(, post) list;
};

/* Something was committed, perhaps what one of them waits for. */
static void
wake(void *arg, struct hall *hall)
{
	struct chat_posts *posts = arg;
	struct post *p;

	(void)hall;
	LIST_FOREACH(p, &posts->list, entry) {
		if (p->stamp != 0)
			p->waker.wake(p->waker.arg);
	}
}

static void
tell(void *arg, void *owner, struct str line)
{
	struct post *p = owner;

	(void)arg;
	if (buf_len(&p->told) + line.len > TOLD_MAX)
		return;
	if (buf_len(&p->told) > 0)
		buf_add_str(&p->told, STR(","));
	json_string(&p->told, line);
}

static void
removed(void *arg, void *owner, const char *reason)
{
	struct post *p = owner;

	(void)arg;
	(void)reason;
	p->member = NULL;
}

struct chat_posts *
chat_posts_new(
    struct hub *hub, struct chat_streams *streams, struct chat_stats *stats)
{
	struct chat_posts *posts = calloc(1, sizeof(*posts));

	if (posts == NULL)
		return NULL;
	posts->hub = hub;
	posts->streams = streams;
	posts->stats = stats;
	posts->transport = (struct transport){ .name = "http",
		.wake = wake,
		.tell = tell,
		.removed = removed,
		.arg = posts,
		.echoes = true,
		.shares = true };
	if (hub_add_transport(hub, &posts->transport) == 0)
		return posts;
	free(posts);
	return NULL;
}

void
chat_posts_free(struct chat_posts *posts)
{
	if (posts == NULL)
		return;
	hub_remove_transport(posts->hub, &posts->transport);
	free(posts);
}

static struct str
slice(const struct buf *b)
{
	return (struct str){ buf_data(b), buf_len(b) };
}

/*
 * Who is not known has no nick before, and takes this one unheard, or one like
 * it; then take_nick() says why not.
 */
static struct member *
join(struct post *p, const struct chat_body *body, enum hub_result *result,
    struct instant now)
{
	const struct arrival arrival = {
		.transport = &p->posts->transport,
		.owner = p,
		.name = str_of(p->caller.name),
		.nick = p->caller.is_known ? STR("") : slice(&body->nick),
		.room = slice(&body->room),
		.identity = p->caller.identity,
		.is_known = p->caller.is_known,
		.is_silent = true,
		.from = chat_caller_from(&p->caller),
	};

	p->member = hub_join(p->posts->hub, &arrival, result, now);
	buf_drain(&p->told, buf_len(&p->told));
	return p->member;
}

/* The member that the caller speaks as, or NULL. */
static struct member *
speaker(struct post *p, const struct chat_body *body, enum hub_result *result,
    struct instant now)
{
	struct str room = slice(&body->room);
	struct hall *hall =
	    hub_hall(p->posts->hub, room.len > 0 ? room : STR(LOBBY));
	struct member *m = NULL;

	*result = HUB_OK;
	if (hall != NULL)
		m = chat_streams_find(
		    p->posts->streams, hall, p->caller.identity);
	return m != NULL ? m : join(p, body, result, now);
}

static enum hub_result
take_nick(struct post *p, struct member *m, struct str nick, struct instant now)
{
	if (nick.len == 0 || str_eq(nick, member_name(m)))
		return HUB_OK;
	if (!hub_allows_command(p->posts->hub, m, now))
		return HUB_FLOOD;
	return hub_set_nick(p->posts->hub, m, nick, now);
}

/* Carries the line out; says where, if something was said. */
static enum hub_result
speak_as(struct post *p, struct member *m, const struct chat_body *body,
    struct instant now)
{
	const struct hall *hall = member_hall(m);
	enum hub_result result = take_nick(p, m, slice(&body->nick), now);
	struct command_outcome outcome;

	if (result != HUB_OK)
		return result;
	snprintf(p->room, sizeof(p->room), "%s", room_name(hall_room(hall)));
	outcome = command_line(p->posts->hub, m, slice(&body->text), now);
	p->stamp = outcome.stamp;
	p->seq = outcome.seq;
	if (outcome.quits)
		chat_streams_quit(p->posts->streams, hall, p->caller.identity);
	return outcome.result;
}

static enum hub_result
speak(struct post *p, const struct chat_body *body, struct instant now)
{
	struct hub *hub = p->posts->hub;
	enum hub_result result;
	struct member *m;

	if (str_trim(slice(&body->text)).len == 0)
		return HUB_EMPTY;
	chat_caller_go_by(&p->caller, hub, slice(&body->nick));
	hub_hold(hub);
	m = speaker(p, body, &result, now);
	if (m != NULL)
		result = speak_as(p, m, body, now);
	if (p->member != NULL)
		hub_leave(hub, p->member, NULL);
	p->member = NULL;
	hub_release(hub);
	hub_flush(hub);
	return result;
}

static void
reply_told(struct post *p, struct http_response *res)
{
	buf_add_str(&p->reply, STR("{\"told\":["));
	buf_add_str(&p->reply, slice(&p->told));
	buf_add_str(&p->reply, STR("]}"));
	chat_reply_json(res, 200, &p->reply);
}

static void
reply_created(struct post *p, struct http_response *res)
{
	buf_add_str(&p->reply, STR("{\"room\":"));
	json_string(&p->reply, str_of(p->room));
	buf_add_str(&p->reply, STR(",\"seq\":"));
	buf_add_u64(&p->reply, p->seq);
	buf_add_str(&p->reply, STR("}"));
	chat_reply_json(res, 201, &p->reply);
}

/* Says what the body holds.  Returns whether that is all, and answered. */
static bool
take_body(struct post *p, struct str content, struct http_response *res,
    struct instant now)
{
	struct chat_stats *stats = p->posts->stats;
	struct chat_body body;
	enum hub_result result;

	if (chat_body_read(&body, p->type, slice(&p->query), content) == -1) {
		chat_body_free(&body);
		stats->refused++;
		chat_reply_error(
		    res, 400, STR("the body is malformed"), &p->reply);
		return true;
	}
	result = speak(p, &body, now);
	chat_body_free(&body);
	if (result != HUB_OK) {
		stats->refused++;
		chat_reply_refusal(res, result, slice(&p->told), &p->reply);
		return true;
	}
	stats->posts++;
	if (p->stamp == 0)
		reply_told(p, res);
	return p->stamp == 0;
}

static bool
post_answer(
    void *arg, struct str body, struct http_response *res, struct instant now)
{
	struct post *p = arg;

	if (p->stamp == 0 && take_body(p, body, res, now))
		return true;
	if (hub_committed(p->posts->hub) < p->stamp)
		return false;
	reply_created(p, res);
	return true;
}

static void
post_gone(void *arg)
{
	struct post *p = arg;

	LIST_REMOVE(p, entry);
	buf_free(&p->query);
	buf_free(&p->told);
	buf_free(&p->reply);
	free(p);
}

int
chat_post_begin(struct chat_posts *posts, const struct chat_caller *caller,
    enum chat_body_type type, const struct http_request *req,
    struct http_later *later)
{
	struct post *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	p->posts = posts;
	p->waker = req->waker;
	p->caller = *caller;
	p->type = type;
	LIST_INSERT_HEAD(&posts->list, p, entry);
	buf_add_str(&p->query, req->query);
	if (buf_failed(&p->query)) {
		post_gone(p);
		return -1;
	}
	*later = (struct http_later){
		.max_body = CHAT_POST_MAX,
		.answer = post_answer,
		.gone = post_gone,
		.arg = p,
	};
	return 0;
}
