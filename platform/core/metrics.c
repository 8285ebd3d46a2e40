#include "platform/core/metrics.h"

#include <stdio.h>

static int64_t values[METRIC_COUNT];

static const struct {
	const char *name, *type, *help;
} table[METRIC_COUNT] = {

#define X(id, name, type, help) {name, type, help},
        METRICS(X)
#undef X
};

void metric_add(enum metric metric, int64_t n)
{
	__atomic_fetch_add(&values[metric], n, __ATOMIC_RELAXED);
}

void metric_set(enum metric metric, int64_t value)
{
	__atomic_store_n(&values[metric], value, __ATOMIC_RELAXED);
}

int64_t metric_get(enum metric metric)
{
	return __atomic_load_n(&values[metric], __ATOMIC_RELAXED);
}

size_t metrics_print(char *to, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < METRIC_COUNT; i++) {
		int n = snprintf(used < size ? to + used : NULL, used < size ? size - used : 0,
		                 "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", table[i].name,
		                 table[i].help, table[i].name, table[i].type, table[i].name,
		                 (long long)metric_get((enum metric)i));

		used += n > 0 ? (size_t)n : 0;
	}
	return used;
}
