/*
 * chat, the terminal chat client: the options, and the socket they ask for.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <netdb.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "chat/nick.h"
#include "cmd/streams.h"
#include "cmd/token.h"
#include "loop/listen.h"
#include "loop/talk.h"

#define EXIT_USAGE   2
#define DEFAULT_PORT "8080"
#define LINGER_MAX   86400 /* seconds */

struct options {
	char *host; /* NULL only with --listen */
	const char *port;
	const char *nick;
	const char *room;
	enum talk_dialect dialect;
	struct endpoint listen;
	int linger;                      /* -1: not given */
	int no_bell, no_colour, no_time; /* set by getopt_long() */
};

static const char help[] =
    "Usage: chat [OPTION]... HOST[:PORT]\n"
    "       chat [OPTION]... HOST PORT\n"
    "       chat [OPTION]... --listen=PORT [HOST PORT]\n"
    "Talks to a chatd, and loses no line on the way.  The default port is\n" DEFAULT_PORT
    ".\n"
    "\n"
    "  --nick=NAME    your name in the chat (default: the login name)\n"
    "  --room=ROOM    the room to go to (default: the server's lobby)\n"
    "  --plain        for any program that takes lines of text as UDP\n"
    "                 datagrams: bare lines alone, which may get lost; no name\n"
    "                 is told unless --nick gives one\n"
    "  --listen=PORT  no server: two chats talk to each other.  Without HOST\n"
    "                 the first who writes is the partner\n"
    "  --linger=S     go on listening for S seconds after the end of stdin\n"
    "  --no-bell      no bell when somebody means you\n"
    "  --no-color     no colours and the like\n"
    "  --no-time      no time before messages\n"
    "  --help         this text\n"
    "  --version      the version\n"
    "\n"
    "On a terminal: Tab completes, the arrow keys recall lines, Ctrl-D or\n"
    "/quit leaves, /help lists the server's commands.  Elsewhere each line\n"
    "of stdin is said and each message printed.  NO_COLOR is heeded.\n";

static void complain(const char *, ...) __attribute__((format(printf, 1, 2)));

static void
complain(const char *format, ...)
{
	va_list ap;

	fputs("chat: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void usage_error(const char *, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

static void
usage_error(const char *format, ...)
{
	va_list ap;

	fputs("chat: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputs(" (try --help)\n", stderr);
	exit(EXIT_USAGE);
}

static void
print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static const char *
parse_nick(const char *nick)
{
	struct str s = str_of(nick);

	if (s.len == 0 || s.len > CHAT_NICK_MAX || !text_is_clean(s) ||
	    strpbrk(nick, " \t") != NULL)
		usage_error("--nick: not a name of at most %d bytes without "
			    "white space",
		    CHAT_NICK_MAX);
	return nick;
}

static const char *
parse_room(const char *room)
{
	if (!room_name_is_valid(str_of(room)))
		usage_error("--room=%s: not a name of at most %d bytes without "
			    "white space and any of @/[]",
		    room, CHAT_ROOM_MAX);
	return room;
}

static void
parse_listen(struct options *o, const char *value)
{
	if (endpoint_parse(str_of(value), &o->listen) == -1)
		usage_error("--listen=%s: not a port", value);
	o->dialect = TALK_PAIR;
}

static int
parse_linger(const char *value)
{
	uint64_t seconds;

	if (str_to_u64(str_of(value), LINGER_MAX, &seconds) == -1)
		usage_error("--linger=%s: not a number of seconds", value);
	return (int)seconds;
}

static void
parse_options(struct options *o, int argc, char **argv)
{
	enum {
		OPT_NICK = 1,
		OPT_ROOM,
		OPT_PLAIN,
		OPT_LISTEN,
		OPT_LINGER,
		OPT_HELP,
		OPT_VERSION
	};
	const struct option names[] = {
		{ "nick", required_argument, NULL, OPT_NICK },
		{ "room", required_argument, NULL, OPT_ROOM },
		{ "plain", no_argument, NULL, OPT_PLAIN },
		{ "listen", required_argument, NULL, OPT_LISTEN },
		{ "linger", required_argument, NULL, OPT_LINGER },
		{ "no-bell", no_argument, &o->no_bell, 1 },
		{ "no-color", no_argument, &o->no_colour, 1 },
		{ "no-time", no_argument, &o->no_time, 1 },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	static char name[] = "chat";
	int option;

	argv[0] = name; /* getopt_long() begins its messages with it */
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 0: /* it has set a flag */
			break;
		case OPT_NICK:
			o->nick = parse_nick(optarg);
			break;
		case OPT_ROOM:
			o->room = parse_room(optarg);
			break;
		case OPT_PLAIN:
			if (o->dialect == TALK_NATIVE)
				o->dialect = TALK_PLAIN;
			break;
		case OPT_LISTEN:
			parse_listen(o, optarg);
			break;
		case OPT_LINGER:
			o->linger = parse_linger(optarg);
			break;
		case OPT_HELP:
			print_and_exit(help);
			break;
		case OPT_VERSION:
			print_and_exit("chat " PACKAGE_VERSION "\n");
			break;
		default: /* getopt_long() has said what is wrong */
			fputs("Try 'chat --help' for more information.\n",
			    stderr);
			exit(EXIT_USAGE);
		}
	}
}

/* Cuts `HOST:PORT` or `[HOST]:PORT` in place; more than one colon without
 * brackets is an IPv6 address alone. */
static void
split_host(struct options *o, char *text)
{
	char *colon = strchr(text, ':');

	o->host = text;
	if (text[0] == '[') {
		char *end = strchr(text, ']');

		if (end == NULL || (end[1] != ':' && end[1] != '\0'))
			usage_error("%s: not [HOST]:PORT", text);
		o->host = text + 1;
		*end = '\0';
		if (end[1] == ':')
			o->port = end + 2;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0';
		o->port = colon + 1;
	}
}

static void
parse_operands(struct options *o, int n, char **operands)
{
	uint64_t port;

	if (o->room != NULL && o->dialect != TALK_NATIVE)
		usage_error("--room: there is none with --plain or --listen");
	if (n > 2 || (n == 0 && o->dialect != TALK_PAIR))
		usage_error(n == 0 ? "there is no HOST"
				   : "neither HOST[:PORT] nor HOST PORT");
	if (n == 1)
		split_host(o, operands[0]);
	if (n == 2) {
		o->host = operands[0];
		o->port = operands[1];
	}
	if (o->host != NULL && o->host[0] == '\0')
		usage_error("HOST is empty");
	if (str_to_u64(str_of(o->port), UINT16_MAX, &port) == -1 || port == 0)
		usage_error("%s: not a port", o->port);
}

/* The name to tell the server, or NULL. */
static const char *
choose_nick(const struct options *o)
{
	const struct passwd *user;

	if (o->nick != NULL || o->dialect != TALK_NATIVE)
		return o->nick;
	user = getpwuid(getuid());
	return user != NULL && nick_is_valid(str_of(user->pw_name))
	    ? user->pw_name
	    : NULL;
}

/*
 * The first IPv4 address, or else the first: nc and the lecture's programs
 * listen on IPv4 alone, chatd on both.
 */
static const struct addrinfo *
choose_address(const struct addrinfo *list)
{
	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		if (ai->ai_family == AF_INET)
			return ai;
	}
	return list;
}

static int
open_connected(const struct talk_config *talk, const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family,
	    ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);

	if (fd != -1 && connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	complain("cannot reach %s: %s", talk->where, strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

/* Writes to where, of ENDPOINT_TEXT_MAX bytes, what it listens on. */
static int
open_listening(struct endpoint *ep, char *where)
{
	int fd = listen_udp(ep);

	endpoint_format(ep, where);
	if (fd == -1)
		complain("cannot listen on %s: %s (try another port)", where,
		    strerror(errno));
	return fd;
}

/* Finds HOST, and opens the socket.  Returns 0, or -1 after saying why. */
static int
open_socket(struct options *o, struct talk_config *talk, char *listening)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *found = NULL;
	const struct addrinfo *ai;
	int error = 0;

	if (o->host != NULL)
		error = getaddrinfo(o->host, o->port, &hints, &found);
	if (error != 0) {
		complain("cannot find %s: %s", o->host, gai_strerror(error));
		return -1;
	}
	ai = choose_address(found);
	if (o->dialect == TALK_PAIR) {
		talk->where = listening;
		talk->fd = open_listening(&o->listen, listening);
		if (ai != NULL)
			addr_from_sockaddr(ai->ai_addr, &talk->partner);
	} else
		talk->fd = open_connected(talk, ai);
	if (found != NULL)
		freeaddrinfo(found);
	return talk->fd == -1 ? -1 : 0;
}

/* What is typed is UTF-8, even where the environment names no locale. */
static void
set_locale(void)
{
	setlocale(LC_ALL, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static bool
wants_no_colour(const struct options *o)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return o->no_colour || (no_color != NULL && no_color[0] != '\0') ||
	    term == NULL || strcmp(term, "dumb") == 0;
}

int
main(int argc, char **argv)
{
	struct options options = { .port = DEFAULT_PORT, .linger = -1 };
	struct talk_config talk = { .fd = -1 };
	char where[NI_MAXHOST + 16], why[TALK_WHY_MAX];

	set_locale();
	if (streams_occupy() == -1) {
		complain("cannot open /dev/null: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	parse_options(&options, argc, argv);
	parse_operands(&options, argc - optind, argv + optind);
	snprintf(where, sizeof(where), "%s:%s",
	    options.host != NULL ? options.host : "", options.port);
	talk.where = where;
	talk.nick = choose_nick(&options);
	talk.room = options.room;
	talk.dialect = options.dialect;
	talk.linger = options.linger;
	talk.no_colour = wants_no_colour(&options);
	talk.no_time = options.no_time;
	talk.no_bell = options.no_bell;
	if (talk.dialect == TALK_NATIVE)
		token_make(
		    talk.nick != NULL ? talk.nick : "", where, talk.token);
	if (open_socket(&options, &talk, where) == -1)
		return EXIT_FAILURE;
	if (talk_run(&talk, why) == -1) {
		complain("%s", why);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
