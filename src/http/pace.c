#include "http/pace.h"

#define STALLS_MAX 3

bool
pace_is_enough(int64_t bytes, int64_t time, uint64_t rate)
{
	double least = (double)rate * (double)time / 1e9;

	return bytes > 0 && (double)bytes >= least;
}

static void
begin_stretch(struct pace *p, int64_t sent, int64_t read, int64_t end)
{
	p->goal = sent;
	p->mark = read;
	p->end = end;
}

void
pace_begin(struct pace *p, int64_t sent, int64_t read, int64_t end)
{
	p->moves = p->stalls = 0;
	begin_stretch(p, sent, read, end);
}

bool
pace_goes_on(struct pace *p, int64_t sent, int64_t read, bool was_fast_enough,
    int64_t end)
{
	if (was_fast_enough) {
		p->moves++;
		p->stalls = 0;
	} else if (++p->stalls > STALLS_MAX || p->stalls >= p->moves) {
		return false;
	}
	begin_stretch(p, sent, read, end);
	return true;
}
