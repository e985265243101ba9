#include "store/history.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/run.h"

#define LOBBY_ID   0x8123456789abcdefu
#define SENDER     0xfedcba9876543210u
#define AUTHOR     0x9876543210fedcbau
#define NOW        INT64_C(1700000000123) /* 2023-11-14T22:13:20.123Z */
#define KEPT       100000 /* messages of a room; more than any test says */
#define KILLINGS   20
#define NO_OWNER   (uid_t) - 1, (gid_t)-1
#define DAY_MILLIS INT64_C(86400000)
#define PART       4096 /* bytes of the file that are damaged at a time */
#define PARTS      28

static const char *dir;
static char path[1024], moved[1024];
static struct history *history;
static struct hub *hub;
static struct room *lobby;

static void
setup(void)
{
	dir = temp_dir();
	snprintf(path, sizeof(path), "%s/history", dir);
	snprintf(moved, sizeof(moved), "%s/moved", dir);
	lobby = room_new(LOBBY, LOBBY_ID, KEPT, SIZE_MAX);
	ck_assert_ptr_nonnull(lobby);
}

static void
teardown(void)
{
	history_free(history);
	hub_free(hub);
	room_free(lobby);
}

static void
open_history(void)
{
	char why[HISTORY_WHY_MAX] = "";

	history = history_open(path, NO_OWNER, why);
	ck_assert_msg(history != NULL, "%s", why);
}

static void
start(void)
{
	open_history();
	ck_assert_int_eq(history_start(history), 0);
}

static void
finish(void)
{
	history_free(history);
	history = NULL;
}

/* Into a new hub, from a history that is opened for it. */
static int
try_to_load(size_t max_messages, int64_t wall, char why[HISTORY_WHY_MAX])
{
	struct hub_config config = { .max_messages = max_messages,
		.max_bytes = SIZE_MAX,
		.max_members = 4 };

	hub_free(hub);
	hub = hub_new(&config);
	ck_assert_ptr_nonnull(hub);
	history = history_open(path, NO_OWNER, why);
	if (history == NULL)
		return -1;
	return history_load(history, hub, max_messages,
	    (struct instant){ .mono = SECONDS(10), .wall = wall }, why);
}

static void
load(size_t max_messages, int64_t wall)
{
	char why[HISTORY_WHY_MAX] = "";

	ck_assert_msg(try_to_load(max_messages, wall, why) == 0, "%s", why);
}

static const struct room *
loaded_room(const char *name)
{
	struct hall *hall = hub_hall(hub, str_of(name));

	ck_assert_msg(hall != NULL, "no room %s", name);
	return hall_room(hall);
}

/* The n-th message of a room, which follows from n. */
static struct message
message(uint64_t seq)
{
	static char text[32];

	snprintf(text, sizeof(text), "line %" PRIu64, seq);
	return (struct message){ .seq = seq,
		.time = NOW,
		.sender = SENDER,
		.author = AUTHOR,
		.via = STR("udp"),
		.nick = STR("ann"),
		.to_nick = STR(""),
		.text = str_of(text) };
}

static int
append(const struct room *room, const struct message *m, uint64_t number)
{
	const struct ledger *ledger = history_ledger(history);

	return ledger->append(ledger->arg, room, m, number);
}

static void
say(uint64_t from, uint64_t to)
{
	for (uint64_t seq = from; seq <= to; seq++) {
		struct message m = message(seq);

		ck_assert_int_eq(append(lobby, &m, seq), 0);
	}
}

/* Asserts nothing, since Check would write that to a file. */
static uint64_t
wait_until_committed(uint64_t count)
{
	struct pollfd p = { .fd = history_fd(history), .events = POLLIN };
	uint64_t committed;

	while ((committed = history_committed(history)) < count)
		poll(&p, 1, -1);
	return committed;
}

static void
wait_for_error(char text[HISTORY_WHY_MAX])
{
	struct pollfd p = { .fd = history_fd(history), .events = POLLIN };

	while (!history_error(history, text)) {
		poll(&p, 1, -1);
		history_committed(history);
	}
}

static void
check_str(struct str got, struct str want)
{
	ck_assert_msg(str_eq(got, want), "got \"%.*s\", not \"%.*s\"",
	    (int)got.len, got.p, (int)want.len, want.p);
}

static void
check_message(const struct message *got, const struct message *want)
{
	ck_assert_uint_eq(got->seq, want->seq);
	ck_assert_int_eq(got->time, want->time);
	ck_assert_uint_eq(got->sender, want->sender);
	ck_assert_uint_eq(got->author, want->author);
	ck_assert_uint_eq(got->to, want->to);
	ck_assert_int_eq(got->kind, want->kind);
	check_str(got->via, want->via);
	check_str(got->nick, want->nick);
	check_str(got->to_nick, want->to_nick);
	check_str(got->text, want->text);
}

/* The messages from first to last, as message() makes them, and no others. */
static void
check_room(const char *name, uint64_t first, uint64_t last)
{
	const struct room *room = loaded_room(name);

	ck_assert_uint_eq(room_first(room), first);
	ck_assert_uint_eq(room_last(room), last);
	for (uint64_t seq = first; seq <= last; seq++) {
		struct message want = message(seq), got;

		ck_assert_int_eq(room_get(room, seq, &got), 0);
		check_message(&got, &want);
	}
}

START_TEST(new_file)
{
	struct stat st;

	umask(0);
	start();
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_int_eq(
	    fcntl(history_fd(history), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	finish();
	load(KEPT, NOW);
	check_room(LOBBY, 1, 0);
}
END_TEST

static const struct message kinds[] = {
	{ .time = NOW,
	    .sender = 1,
	    .author = UINT64_MAX,
	    .kind = MESSAGE_ACTION,
	    .via = STR("web"),
	    .nick = STR("Zo\303\253"),
	    .text = STR("grinst: \360\237\230\200") },
	{ .time = INT64_C(1) << 42,
	    .sender = UINT64_MAX,
	    .author = (uint64_t)1 << 63,
	    .to = UINT64_MAX - 1,
	    .kind = MESSAGE_SAY,
	    .via = STR("native"),
	    .nick = STR("::1@7"),
	    .to_nick = STR("bob"),
	    .text = STR("'); DROP TABLE messages; --") },
	{ .kind = MESSAGE_ANNOUNCEMENT, .to = TO_OPERATORS },
};

START_TEST(round_trip)
{
	start();
	for (int i = 0; i < CASES(kinds); i++) {
		struct message m = kinds[i];

		m.seq = (uint64_t)i + 1;
		ck_assert_int_eq(append(lobby, &m, 0), 0);
	}
	finish();
	load(KEPT, NOW);
	for (int i = 0; i < CASES(kinds); i++) {
		struct message want = kinds[i], got;

		want.seq = (uint64_t)i + 1;
		ck_assert_int_eq(
		    room_get(loaded_room(LOBBY), want.seq, &got), 0);
		check_message(&got, &want);
	}
	ck_assert_uint_eq(room_id(loaded_room(LOBBY)), LOBBY_ID);
}
END_TEST

START_TEST(newest_messages)
{
	start();
	say(1, 10);
	finish();
	load(3, NOW);
	check_room(LOBBY, 8, 10);
}
END_TEST

/* One process after the other; what is put back is not counted. */
START_TEST(continued)
{
	for (uint64_t part = 0; part < 3; part++) {
		load(KEPT, NOW);
		check_room(LOBBY, 1, 10 * part);
		ck_assert_int_eq(history_start(history), 0);
		say(10 * part + 1, 10 * part + 10);
		ck_assert_uint_eq(wait_until_committed(10), 10);
		finish();
	}
}
END_TEST

/* Who had an identity still has it. */
START_TEST(key)
{
	uint64_t identity;

	load(KEPT, NOW);
	identity = hub_identity(hub, "secret", 6);
	finish();
	load(KEPT, NOW);
	ck_assert_uint_eq(hub_identity(hub, "secret", 6), identity);
}
END_TEST

START_TEST(topic)
{
	const struct ledger *ledger;

	start();
	ledger = history_ledger(history);
	room_set_topic(lobby, STR("old"));
	ledger->topic(ledger->arg, lobby);
	room_set_topic(lobby, STR("new \303\244"));
	ledger->topic(ledger->arg, lobby);
	finish();
	load(KEPT, NOW);
	ck_assert_str_eq(room_topic(loaded_room(LOBBY)), "new \303\244");
	check_room(LOBBY, 1, 0);
}
END_TEST

START_TEST(rooms)
{
	struct message m = message(1);
	char name[CHAT_ROOM_MAX];

	start();
	ck_assert_int_eq(append(lobby, &m, 0), 0);
	for (int i = 1; i <= 2 * HUB_ROOMS_MAX; i++) {
		struct room *room;

		snprintf(name, sizeof(name), "room%d", i);
		room = room_new(name, (uint64_t)i, 1, 1);
		m.time = NOW + i;
		ck_assert_int_eq(append(room, &m, 0), 0);
		room_free(room);
	}
	finish();
	load(KEPT, NOW);
	check_room(LOBBY, 1, 1);
	ck_assert_uint_eq(room_last(loaded_room(name)), 1);
	ck_assert_ptr_null(hub_hall(hub, STR("room1")));
}
END_TEST

/* A log that began anew is another one, though it has the same name. */
START_TEST(same_name)
{
	struct room *again = room_new(LOBBY, 1, 1, 1);
	struct message m;

	start();
	say(1, 3);
	m = message(1);
	ck_assert_int_eq(append(again, &m, 0), 0);
	room_free(again);
	finish();
	load(KEPT, NOW);
	check_room(LOBBY, 1, 1);
	ck_assert_uint_eq(room_id(loaded_room(LOBBY)), 1);
}
END_TEST

static const struct {
	int64_t later; /* milliseconds, when it is put back */
	uint64_t number;
} ages[] = {
	{ 0, UINT64_MAX },
	{ 7 * DAY_MILLIS, UINT64_MAX },
	{ 7 * DAY_MILLIS + 1, 0 },
};

START_TEST(numbers)
{
	struct message m = message(1);

	start();
	ck_assert_int_eq(append(lobby, &m, 1), 0);
	m.seq = 2;
	ck_assert_int_eq(append(lobby, &m, UINT64_MAX), 0);
	m.seq = 3; /* has none */
	ck_assert_int_eq(append(lobby, &m, 0), 0);
	finish();
	load(KEPT, NOW + ages[_i].later);
	ck_assert_uint_eq(hub_number(hub, SENDER), ages[_i].number);
	ck_assert_uint_eq(hub_number(hub, SENDER + 1), 0);
}
END_TEST

static void
ignore(void *arg, void *owner, struct str line)
{
	(void)arg;
	(void)owner;
	(void)line;
}

static void
wake(void *arg, struct hall *hall)
{
	(void)arg;
	(void)hall;
}

/* How that person is called who comes in without a wish. */
static void
check_name(uint64_t identity, const char *want)
{
	static const struct transport transport = {
		.name = "test", .wake = wake, .tell = ignore
	};
	struct arrival arrival = { .transport = &transport,
		.name = STR("1.2.3.4@5"),
		.identity = identity,
		.is_known = true };
	enum hub_result result;
	struct member *m;

	ck_assert_int_eq(hub_add_transport(hub, &transport), 0);
	m = hub_join(hub, &arrival, &result, (struct instant){ .mono = 1 });
	ck_assert_ptr_nonnull(m);
	check_str(member_name(m), str_of(want));
	hub_leave(hub, m, NULL);
	hub_remove_transport(hub, &transport);
}

START_TEST(nicks)
{
	const struct ledger *ledger;
	int64_t now = clock_now().wall;

	start();
	ledger = history_ledger(history);
	ledger->nick(ledger->arg, 10, STR("ann"));
	ledger->nick(ledger->arg, 10, STR("anna"));
	ledger->nick(ledger->arg, 11, STR("bob"));
	ledger->nick(ledger->arg, 11, STR(""));
	finish();
	load(KEPT, now);
	check_name(10, "anna");
	check_name(11, "1.2.3.4@5");
	finish();
	load(KEPT, now + 2 * DAY_MILLIS);
	check_name(10, "1.2.3.4@5");
}
END_TEST

/* It is kept for who has spoken since. */
START_TEST(nick_in_use)
{
	const struct ledger *ledger;
	struct message m = message(1);
	int64_t now = clock_now().wall;

	start();
	ledger = history_ledger(history);
	ledger->nick(ledger->arg, AUTHOR, STR("ann"));
	m.time = now + DAY_MILLIS;
	ck_assert_int_eq(append(lobby, &m, 0), 0);
	finish();
	load(KEPT, now + 2 * DAY_MILLIS - 1);
	check_name(AUTHOR, "ann");
}
END_TEST

/* The file may have been changed by hand. */
START_TEST(unclean)
{
	static char text[2 * CHAT_TEXT_MAX];
	struct message m = message(1), got;

	memset(text, 'x', sizeof(text));
	m.nick = STR("a\033[2Jb");
	m.text = (struct str){ text, sizeof(text) };
	m.kind = (enum message_kind)9;
	start();
	ck_assert_int_eq(append(lobby, &m, 0), 0);
	finish();
	load(KEPT, NOW);
	ck_assert_int_eq(room_get(loaded_room(LOBBY), 1, &got), 0);
	check_str(got.nick, STR("a\357\277\275[2Jb"));
	ck_assert_uint_eq(got.text.len, CHAT_TEXT_MAX);
	ck_assert_int_eq(got.kind, MESSAGE_SAY);
}
END_TEST

/* Commits. */

START_TEST(counted)
{
	const struct ledger *ledger;
	struct history_stats stats;

	start();
	ck_assert(is_silent(history_fd(history), 0));
	ck_assert_uint_eq(history_committed(history), 0);
	ledger = history_ledger(history);
	for (uint64_t seq = 1; seq <= 1000; seq += 10) {
		say(seq, seq + 9);
		ledger->nick(ledger->arg, 10, STR("ann"));
		ledger->topic(ledger->arg, lobby);
		ck_assert_uint_eq(wait_until_committed(seq + 9), seq + 9);
	}
	finish();
	start();
	say(1001, 1001);
	ck_assert_uint_eq(wait_until_committed(1), 1);
	stats = history_stats(history);
	ck_assert_uint_eq(stats.messages, 1);
	ck_assert_uint_eq(stats.commits, 1);
	ck_assert_uint_eq(stats.errors, 0);
	ck_assert_uint_eq(stats.waiting, 0);
	ck_assert(is_silent(history_fd(history), 0));
}
END_TEST

static const struct {
	size_t text, taken;
} queues[] = {
	{ 1, HISTORY_QUEUE_MAX },
	{ CHAT_TEXT_MAX, HISTORY_QUEUE_BYTES / (CHAT_TEXT_MAX + 256) },
};

/* All that waited is one transaction; then there is room again. */
START_TEST(queue_full)
{
	char text[CHAT_TEXT_MAX];
	struct message m = message(1);
	uint64_t taken;

	memset(text, 'x', sizeof(text));
	m.text = (struct str){ text, queues[_i].text };
	open_history();
	while (append(lobby, &m, 0) == 0)
		m.seq++;
	taken = m.seq - 1;
	ck_assert_uint_ge(taken, queues[_i].taken);
	ck_assert_uint_le(taken, HISTORY_QUEUE_MAX);
	ck_assert_uint_eq(history_stats(history).waiting, taken);
	ck_assert_int_eq(history_start(history), 0);
	ck_assert_uint_eq(wait_until_committed(taken), taken);
	ck_assert_uint_eq(history_stats(history).commits, 1);
	ck_assert_int_eq(append(lobby, &m, 0), 0);
	finish();
	load(KEPT, NOW);
	ck_assert_uint_eq(room_first(loaded_room(LOBBY)), 1);
	ck_assert_uint_eq(room_last(loaded_room(LOBBY)), taken + 1);
}
END_TEST

START_TEST(never_started)
{
	open_history();
	say(1, 1);
	finish();
	load(KEPT, NOW);
	check_room(LOBBY, 1, 0);
	history_free(NULL);
}
END_TEST

/* Others use the file, too. */

static bool
has_command(void)
{
	if (system("sqlite3 -version >/dev/null 2>&1") == 0)
		return true;
	fprintf(stderr, "SKIPPED: a test that needs the sqlite3 command\n");
	return false;
}

/* What the command prints; valid until the next call. */
static const char *
query(const char *sql)
{
	static char out[512];
	char command[2048];
	FILE *f;

	snprintf(command, sizeof(command), "sqlite3 '%s' \"%s\"", path, sql);
	f = popen(command, "re");
	ck_assert_ptr_nonnull(f);
	out[fread(out, 1, sizeof(out) - 1, f)] = '\0';
	ck_assert_int_eq(pclose(f), 0);
	return out;
}

/* What is private is not shown. */
START_TEST(view)
{
	struct message m = message(1);

	if (!has_command())
		return;
	start();
	say(1, 2);
	m.seq = 3;
	m.to = AUTHOR + 1;
	ck_assert_int_eq(append(lobby, &m, 0), 0);
	m.seq = 4;
	m.to = TO_OPERATORS;
	ck_assert_int_eq(append(lobby, &m, 0), 0);
	wait_until_committed(4);
	ck_assert_str_eq(query("SELECT time, room, nick, text FROM said"),
	    "2023-11-14T22:13:20.123Z|lobby|ann|line 1\n"
	    "2023-11-14T22:13:20.123Z|lobby|ann|line 2\n");
	say(5, 5);
	ck_assert_uint_eq(wait_until_committed(5), 5);
}
END_TEST

/* A transaction that fails. */

/* Of this process; also the thread then gets EFBIG, not a signal. */
static void
limit_files(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void
move_away(void)
{
	rename(path, moved);
}

static void
put_back(void)
{
	rename(moved, path);
}

static void
fill_disk(void)
{
	limit_files(4096);
}

static void
empty_disk(void)
{
	limit_files(RLIM_INFINITY);
}

static void
forbid(void)
{
	query("CREATE TRIGGER no BEFORE INSERT ON messages WHEN NEW.seq > 100"
	      " BEGIN SELECT RAISE(ABORT, 'not now'); END");
}

static void
allow(void)
{
	query("DROP TRIGGER no");
}

static const struct {
	void (*begin)(void), (*end)(void);
	const char *why;
	bool needs_command;
} failures[] = {
	{ move_away, put_back, "moved", false },
	{ fill_disk, empty_disk, "disk I/O error", false },
	{ forbid, allow, "not now", true },
};

/* The log is longer than the limit before and after. */
START_TEST(failure)
{
	char why[HISTORY_WHY_MAX], again[HISTORY_WHY_MAX];
	struct history_stats stats;

	if (failures[_i].needs_command && !has_command())
		return;
	start();
	say(1, 100);
	wait_until_committed(100);
	failures[_i].begin();
	for (uint64_t seq = 101; seq <= 110; seq++) {
		struct message m = message(seq);

		append(lobby, &m, seq);
	}
	wait_for_error(why);
	while ((stats = history_stats(history)).errors < 3)
		poll(NULL, 0, 1);
	failures[_i].end();
	ck_assert_msg(strstr(why, failures[_i].why) != NULL, "%s", why);
	ck_assert_uint_eq(stats.messages, 100);
	ck_assert_uint_eq(stats.waiting, 10);
	say(111, 120);
	ck_assert_uint_eq(wait_until_committed(120), 120);
	wait_for_error(again);
	ck_assert_str_eq(again, "");
	ck_assert(!history_error(history, again));
	finish();
	load(KEPT, NOW);
	check_room(LOBBY, 1, 120);
	ck_assert_uint_eq(hub_number(hub, SENDER), 120);
}
END_TEST

/* What the thread has taken counts, too. */
START_TEST(full_while_failing)
{
	struct message m = message(1);
	char why[HISTORY_WHY_MAX];

	start();
	move_away();
	ck_assert_int_eq(append(lobby, &m, 0), 0);
	wait_for_error(why);
	do {
		m.seq++;
	} while (append(lobby, &m, 0) == 0);
	ck_assert_uint_eq(history_stats(history).waiting, HISTORY_QUEUE_MAX);
	put_back();
}
END_TEST

/* It ends all the same, and what was committed before is there. */
START_TEST(free_while_failing)
{
	char why[HISTORY_WHY_MAX];

	start();
	say(1, 10);
	wait_until_committed(10);
	move_away();
	say(11, 20);
	wait_for_error(why);
	finish();
	put_back();
	load(KEPT, NOW);
	check_room(LOBBY, 1, 10);
}
END_TEST

/* Killing. */

/* Says lines without end, and the number of the last committed one after each
 * commit, behind those that are there. */
static void
say_until_killed(int out)
{
	struct pollfd p = { .events = POLLIN };
	uint64_t before, seq, committed;

	load(KEPT, NOW);
	before = seq = room_last(loaded_room(LOBBY));
	history_start(history);
	p.fd = history_fd(history);
	for (;;) {
		for (int i = 0; i < 20; i++) {
			struct message m = message(++seq);

			seq -= append(lobby, &m, seq) == -1;
		}
		poll(&p, 1, -1);
		committed = before + history_committed(history);
		if (write(out, &committed, sizeof(committed)) == -1)
			_exit(1);
	}
}

/* Returns the last number that the child reported; it is killed while it
 * goes on, after so many reports. */
static uint64_t
run_and_kill(int reports)
{
	uint64_t committed = 0;
	int fds[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		say_until_killed(fds[1]);
	close(fds[1]);
	for (int i = 0; i < reports; i++)
		ck_assert_int_eq(read(fds[0], &committed, sizeof(committed)),
		    sizeof(committed));
	kill(pid, SIGKILL);
	while (read(fds[0], &committed, sizeof(committed)) > 0)
		;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	close(fds[0]);
	return committed;
}

/* All that was committed is there, and maybe some of what came after it. */
START_TEST(killed)
{
	for (int round = 0; round < KILLINGS; round++) {
		uint64_t committed = run_and_kill(1 + round % 7), last;

		load(KEPT, NOW);
		last = room_last(loaded_room(LOBBY));
		ck_assert_uint_ge(last, committed);
		check_room(LOBBY, 1, last);
		ck_assert_uint_eq(hub_number(hub, SENDER), last);
		finish();
	}
}
END_TEST

/* What cannot be opened. */

static void
check_refused(const char *name, const char *want)
{
	char why[HISTORY_WHY_MAX] = "";

	ck_assert_ptr_null(history_open(name, NO_OWNER, why));
	ck_assert_msg(strstr(why, want) != NULL, "%s: \"%s\", not \"%s\"", name,
	    why, want);
}

START_TEST(second_daemon)
{
	start();
	check_refused(path, "another chatd");
	finish();
	start();
}
END_TEST

static const struct {
	const char *name, *why;
} unopenable[] = {
	{ "/", "directory" },
	{ "/none/history", "No such file or directory" },
	{ "/fifo", "not a regular file" },
	{ "/text", "no history of chatd" },
};

START_TEST(cannot_open)
{
	static const char text[] = "These are the notes of somebody else, which"
				   " are longer than a header and stay.\n";
	char name[1100], *got;
	int fd;

	snprintf(name, sizeof(name), "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	temp_file(dir, "text", text, strlen(text));
	snprintf(name, sizeof(name), "%s%s", dir, unopenable[_i].name);
	check_refused(name, unopenable[_i].why);
	snprintf(name, sizeof(name), "%s/text", dir);
	ck_assert_int_ne(fd = open(name, O_RDONLY | O_CLOEXEC), -1);
	read_to_end(fd, &got);
	ck_assert_str_eq(got, text);
	free(got);
	close(fd);
}
END_TEST

START_TEST(may_not_open)
{
	if (geteuid() == 0) {
		fprintf(stderr, "SKIPPED: rights, which root does not need\n");
		return;
	}
	temp_file(dir, "history", "", 0);
	ck_assert_int_eq(chmod(path, 0400), 0);
	check_refused(path, "Permission denied");
}
END_TEST

static void
overwrite(off_t at, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(pwrite(fd, data, len, at), (ssize_t)len);
	close(fd);
}

/* In the header of the file, as SQLite documents it. */
static const struct {
	off_t at;
	char value[4];
	const char *why;
} headers[] = {
	{ 68, { 0, 0, 0, 0 }, "another program" },
	{ 68, { 'c', 'h', 'a', 'o' }, "another program" },
	{ 60, { 0, 0, 0, 2 }, "its format is 2" },
};

START_TEST(foreign)
{
	open_history();
	finish();
	overwrite(headers[_i].at, headers[_i].value, 4);
	check_refused(path, headers[_i].why);
}
END_TEST

/* Whichever part of it is lost: an error that says so, or that part is not
 * needed at the start.  The file stays as it is. */
START_TEST(damaged)
{
	static const char garbage[PART] = "garbage";
	char why[HISTORY_WHY_MAX] = "";
	struct stat before, after;

	start();
	say(1, 1000);
	finish();
	overwrite(PART * _i, garbage, sizeof(garbage));
	ck_assert_int_eq(stat(path, &before), 0);
	ck_assert_int_ge(before.st_size, PART * PARTS);
	if (try_to_load(KEPT, NOW, why) == -1)
		ck_assert_msg(
		    strstr(why, _i == 0 ? "no history" : "damaged"), "%s", why);
	else
		ck_assert_msg(_i > 1, "nothing was said");
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_ge(after.st_size, before.st_size);
}
END_TEST

/* Whether this build has SQLite. */
static bool
is_built(void)
{
	char name[1100], why[HISTORY_WHY_MAX] = "";

	snprintf(name, sizeof(name), "%s/history", temp_dir());
	history_free(history_open(name, NO_OWNER, why));
	if (strstr(why, "without SQLite") == NULL)
		return true;
	fprintf(stderr, "SKIPPED: test_history, since %s\n", why);
	return false;
}

static Suite *
history_suite(void)
{
	Suite *s = suite_create("history");
	TCase *tc = tcase_create("history");

	suite_add_tcase(s, tc);
	if (!is_built())
		return s;
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, new_file);
	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, newest_messages);
	tcase_add_test(tc, continued);
	tcase_add_test(tc, key);
	tcase_add_test(tc, topic);
	tcase_add_test(tc, rooms);
	tcase_add_test(tc, same_name);
	tcase_add_loop_test(tc, numbers, 0, CASES(ages));
	tcase_add_test(tc, nicks);
	tcase_add_test(tc, nick_in_use);
	tcase_add_test(tc, unclean);
	tcase_add_test(tc, counted);
	tcase_add_loop_test(tc, queue_full, 0, CASES(queues));
	tcase_add_test(tc, never_started);
	tcase_add_loop_test(tc, failure, 0, CASES(failures));
	tcase_add_test(tc, full_while_failing);
	tcase_add_test(tc, free_while_failing);
	tcase_add_test(tc, killed);
	tcase_add_test(tc, second_daemon);
	tcase_add_loop_test(tc, cannot_open, 0, CASES(unopenable));
	tcase_add_test(tc, may_not_open);
	tcase_add_loop_test(tc, foreign, 0, CASES(headers));
	tcase_add_loop_test(tc, damaged, 0, PARTS);
	tcase_add_test(tc, view);
	return s;
}

int
main(void)
{
	return run_suite(history_suite());
}
