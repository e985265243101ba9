/*
 * Processes come and go while they are read: one that is gone by then is left
 * out, and one that is no longer its parent's child (its number is another's
 * by now) is too.  So each that is told of has its parent told of before it.
 */
#include "site/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"

#define PROC_PATH_MAX 512
#define PROC_FILE_MAX 65536 /* bytes that are read of a file in /proc */

/* The fields of /proc/PID/stat that follow the name (proc(5) counts from 1,
 * the state being 3). */
enum stat_field {
	STAT_STATE,
	STAT_PARENT,
	STAT_UTIME = 11,
	STAT_STIME,
	STAT_CUTIME,
	STAT_CSTIME,
	STAT_THREADS = 17,
	STAT_RESIDENT = 21,
	STAT_FIELDS
};

/* One that is to be read, and whose child it was said to be (0: no matter). */
struct kin {
	pid_t pid, parent;
};

struct walk {
	struct buf queue; /* of kin */
	struct buf file;  /* the one that was read last */
};

/* Appends what the file holds now, or nothing when it is gone. */
static void
read_all(int fd, struct buf *b)
{
	char *to;
	ssize_t n;

	while (buf_len(b) < PROC_FILE_MAX &&
	    (to = buf_reserve(b, 4096)) != NULL && (n = read(fd, to, 4096)) > 0)
		buf_commit(b, (size_t)n);
}

static struct str
read_file(struct buf *b, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	buf_drain(b, buf_len(b));
	if (fd != -1) {
		read_all(fd, b);
		close(fd);
	}
	return (struct str){ buf_data(b), buf_len(b) };
}

static struct str
read_of(struct buf *b, pid_t pid, const char *name)
{
	char path[PROC_PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	return read_file(b, path);
}

static uint64_t
nanoseconds(uint64_t ticks)
{
	return ticks * ((uint64_t)SECONDS(1) / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* What follows the name: `S 1 ...`. */
static int
parse_fields(struct process *p, struct str rest)
{
	uint64_t field[STAT_FIELDS] = { 0 };

	if (rest.len == 0)
		return -1;
	p->state = rest.p[0];
	for (int i = STAT_STATE; i < STAT_FIELDS; i++)
		str_to_u64(str_cut(&rest, ' '), UINT64_MAX, &field[i]);
	p->parent = (pid_t)field[STAT_PARENT];
	p->threads = (unsigned)field[STAT_THREADS];
	p->cpu = nanoseconds(field[STAT_UTIME] + field[STAT_STIME]);
	p->reaped = nanoseconds(field[STAT_CUTIME] + field[STAT_CSTIME]);
	p->resident = field[STAT_RESIDENT] * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

/* `PID (NAME) S 1 ...`: a process chooses its name, which may hold spaces,
 * parentheses and line ends, so that only the last ')' ends it. */
static int
parse_stat(struct process *p, struct str text)
{
	const char *open = memchr(text.p, '(', text.len);
	const char *end = text.p + text.len, *close = end;

	if (open == NULL)
		return -1;
	while (close > open && *--close != ')')
		;
	if (close == open || end - close < 2)
		return -1;
	text_clean(p->name, sizeof(p->name),
	    (struct str){ open + 1, (size_t)(close - open - 1) }, NULL);
	return parse_fields(
	    p, (struct str){ close + 2, (size_t)(end - close - 2) });
}

static uint64_t
parse_switches(struct str text)
{
	uint64_t n, sum = 0;

	while (text.len > 0) {
		struct str value = str_cut(&text, '\n');
		struct str name = str_cut(&value, ':');

		if ((str_eq(name, STR("voluntary_ctxt_switches")) ||
			str_eq(name, STR("nonvoluntary_ctxt_switches"))) &&
		    str_to_u64(str_trim(value), UINT64_MAX, &n) == 0)
			sum += n;
	}
	return sum;
}

/* Of this process the system counts those of all its threads together, the
 * ended ones too. */
static uint64_t
switches_of(pid_t pid, struct buf *file)
{
	struct rusage usage;

	if (pid != getpid())
		return parse_switches(read_of(file, pid, "status"));
	if (getrusage(RUSAGE_SELF, &usage) == -1)
		return 0;
	return (uint64_t)usage.ru_nvcsw + (uint64_t)usage.ru_nivcsw;
}

static int
process_read(struct process *p, const struct kin *kin, struct buf *file)
{
	*p = (struct process){ .pid = kin->pid };
	if (parse_stat(p, read_of(file, kin->pid, "stat")) == -1 ||
	    (kin->parent != 0 && kin->parent != p->parent))
		return -1;
	p->switches = switches_of(kin->pid, file);
	return 0;
}

static void
add_children(struct walk *w, pid_t parent, struct str list)
{
	while (list.len > 0) {
		struct kin kin = { .parent = parent };
		uint64_t pid;

		if (str_to_u64(str_cut(&list, ' '), INT32_MAX, &pid) == -1)
			continue;
		kin.pid = (pid_t)pid;
		buf_add(&w->queue, &kin, sizeof(kin));
	}
}

/* Each thread has a list of those that it forked. */
static void
find_children(struct walk *w, pid_t parent)
{
	char path[PROC_PATH_MAX];
	struct dirent *task;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%ld/task", (long)parent);
	if ((tasks = opendir(path)) == NULL)
		return;
	while ((task = readdir(tasks)) != NULL) {
		snprintf(path, sizeof(path), "/proc/%ld/task/%s/children",
		    (long)parent, task->d_name);
		if (task->d_name[0] != '.')
			add_children(w, parent, read_file(&w->file, path));
	}
	closedir(tasks);
}

static int
next_kin(struct walk *w, struct kin *kin)
{
	if (buf_len(&w->queue) < sizeof(*kin))
		return -1;
	memcpy(kin, buf_data(&w->queue), sizeof(*kin));
	buf_drain(&w->queue, sizeof(*kin));
	return 0;
}

size_t
process_tree(pid_t first, struct process *out, size_t max)
{
	struct walk walk = { 0 };
	struct kin kin = { .pid = first };
	struct process p;
	size_t count = 0;

	do {
		if (process_read(&p, &kin, &walk.file) == -1)
			continue;
		if (count < max)
			out[count] = p;
		count++;
		find_children(&walk, kin.pid);
	} while (count < PROCESS_MAX && next_kin(&walk, &kin) == 0);
	buf_free(&walk.queue);
	buf_free(&walk.file);
	return count;
}

static size_t
count_entries(const char *path)
{
	struct dirent *entry;
	size_t count = 0;
	DIR *dir = opendir(path);

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count - 1; /* but for the one that counted */
}

/* Linux 6.2 and later tell the number as a size, at no cost and even when
 * there is no descriptor left to look with. */
size_t
process_descriptors(void)
{
	struct stat st;

	if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
		return (size_t)st.st_size;
	return count_entries("/proc/self/fd");
}
