#include "cmd/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define BODY_MIN (1 << 20) /* a shorter body shows no progress */
#define CELLS    30
#define MIB      1048576.0

static void
progress_draw(struct progress *p, int64_t done, int64_t now)
{
	double seconds = (double)(now - p->start) / 1e9;
	double rate = seconds > 0 ? (double)done / MIB / seconds : 0;
	const char *on = p->has_colour ? "\033[32m" : "";
	const char *off = p->has_colour ? "\033[0m" : "";

	p->drawn = now;
	if (p->total > 0) {
		int cells = (int)(CELLS * (done / (double)p->total));

		fprintf(stderr, "\r[%s%.*s%s%*s] %3d%%", on, cells,
		    "##############################", off, CELLS - cells, "",
		    (int)(100 * (done / (double)p->total)));
	} else {
		fputc('\r', stderr);
	}
	fprintf(stderr, " %9.1f MiB %8.1f MiB/s", (double)done / MIB, rate);
	fflush(stderr);
}

void
progress_start(struct progress *p, int out, int64_t total)
{
	const char *no_color = getenv("NO_COLOR");
	struct stat st;

	p->is_shown = isatty(STDERR_FILENO) && fstat(out, &st) == 0 &&
	    S_ISREG(st.st_mode) && (total == -1 || total > BODY_MIN);
	p->has_colour = no_color == NULL || *no_color == '\0';
	p->total = total;
	p->start = p->drawn = clock_now().mono;
}

void
progress_update(struct progress *p, int64_t done)
{
	int64_t now = clock_now().mono;

	if (p->is_shown && now - p->drawn >= MILLIS(100))
		progress_draw(p, done, now);
}

void
progress_end(struct progress *p, int64_t done)
{
	if (!p->is_shown)
		return;
	progress_draw(p, done, clock_now().mono);
	fputc('\n', stderr);
	p->is_shown = false;
}
