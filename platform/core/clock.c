#include "platform/core/clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t base_real_ms, base_wall_ms, rate = 1000;
static bool adjusted;

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_mono_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
	int64_t real = read_ms(CLOCK_REALTIME), wall;

	if (!__atomic_load_n(&adjusted, __ATOMIC_RELAXED))
		return real;
	pthread_mutex_lock(&lock);
	wall = base_wall_ms + (real - base_real_ms) * rate / 1000;
	pthread_mutex_unlock(&lock);
	return wall;
}

void clock_adjust(int64_t offset_ms, int64_t rate_permille)
{
	int64_t real = read_ms(CLOCK_REALTIME);

	pthread_mutex_lock(&lock);
	base_real_ms = real;
	base_wall_ms = real + offset_ms;
	rate = rate_permille;
	pthread_mutex_unlock(&lock);
	__atomic_store_n(&adjusted, true, __ATOMIC_RELAXED);
}
