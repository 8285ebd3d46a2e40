/* wattle-bench: loads and reference programs behind bench/run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/bench.h"
#include "libs/base/macros.h"

void die(const char *what, const char *why)
{
	fprintf(stderr, "wattle-bench: %s: %s\n", what, why);
	exit(1);
}

const char *option(int argc, char **argv, const char *name, const char *fallback)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, name) == 0)
			return argv[i + 1];
	if (!fallback)
		die(name, "is missing");
	return fallback;
}

int64_t option_int(int argc, char **argv, const char *name, int64_t fallback)
{
	const char *text = option(argc, argv, name, "");

	return *text ? strtoll(text, NULL, 10) : fallback;
}

int64_t mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

double cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
	       (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*main)(int argc, char **argv);
	} parts[] = {
	        {"ingest",      ingest_main     },
	        {"fill",        fill_main       },
	        {"recharge",    recharge_main   },
	        {"load",        load_main       },
	        {"rtt",         rtt_main        },
	        {"sink",        sink_main       },
	        {"http-bare",   http_bare_main  },
	        {"http-load",   http_load_main  },
	        {"http-listen", http_listen_main},
	        {"bill",        bill_main       },
	};

	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(parts); i++)
		if (strcmp(argv[1], parts[i].name) == 0)
			return parts[i].main(argc - 1, argv + 1);
	fprintf(stderr,
	        "usage: wattle-bench ingest|fill|recharge|load|rtt|sink|http-bare|http-load|http-listen|bill [--option value] ...\n");
	return 2;
}
