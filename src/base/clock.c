#include "base/clock.h"

#include <time.h>

struct instant
clock_now(void)
{
	struct timespec mono, wall;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct instant){
		.mono = SECONDS(mono.tv_sec) + mono.tv_nsec,
		.wall = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
	};
}
