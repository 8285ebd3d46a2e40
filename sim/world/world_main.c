/* wattle-world: one history, or many. */
#include "sim/world/world.h"

#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MMAP_FROM (256 * 1024)
#define KEPT_FREE (64 * 1024 * 1024)

static uint64_t total[FAULTS], seen[WITNESSES];

static int usage(void)
{
	fprintf(stderr,
	        "usage: wattle-world [--seed S] [--seeds N] [--until HAPPENING] [--profile swarm|calm|rare|heavy|storm]\n"
	        "                    [--drop FAULT,…] [--units N] [--gateways N] [--seconds S] [--start UNIX_S]\n"
	        "                    [--days N [--meters N]] [--coverage] [--shrink] [--quiet] [--notes] [--stop]\n"
	        "faults:");
	for (unsigned k = 0; k < FAULTS; k++)
		fprintf(stderr, " %s", fault_name((enum mishap)k));
	fprintf(stderr, "\n");
	return 2;
}

static bool drop(struct options *o, char *list)
{
	for (char *at = list, *word; (word = strsep(&at, ",")) != NULL;) {
		enum mishap kind = fault_by_name(word);

		if (kind == FAULTS)
			return false;
		o->drop[kind] = true;
	}
	return true;
}

static bool profile(struct options *o, const char *name)
{
	static const char *const names[] = {"swarm", "calm", "rare", "heavy", "storm"};

	for (int i = 0; i < 5; i++)
		if (strcmp(name, names[i]) == 0) {
			o->level = i - 1;
			return true;
		}
	return false;
}

static void print_options(const struct options *o)
{
	printf("--seed %llu --units %u --gateways %u --seconds %lld", (unsigned long long)o->seed,
	       o->units, o->boxes, (long long)o->work_s);
	for (unsigned k = 0, n = 0; k < FAULTS; k++)
		if (o->drop[k])
			printf("%s%s", n++ ? "," : " --drop ", fault_name((enum mishap)k));
	printf("\n");
}

static bool one(const struct options *o, bool shrink)
{
	struct outcome out;

	world_run(o, &out);
	for (unsigned k = 0; k < FAULTS; k++)
		total[k] += out.faults[k];
	for (unsigned k = 0; k < WITNESSES; k++)
		seen[k] += out.seen[k];
	printf("%s seed %llu: %lld s, %llu happenings, trace %016llx%s%s\n",
	       out.failed ? "not ok" : "ok", (unsigned long long)out.seed, (long long)out.virtual_s,
	       (unsigned long long)out.happenings, (unsigned long long)out.hash,
	       out.failed ? ", " : "", out.why);
	fflush(stdout);
	if (out.failed && shrink) {
		struct options small;

		world_shrink(o, &small);
		print_options(&small);
	}
	return !out.failed;
}

/* What was never seen was not tested. */
static bool witnesses(bool months)
{
	bool all = true;

	for (unsigned k = 0; k < (months ? WITNESS_TERMINAL : WITNESSES); k++) {
		printf("%10llu %s\n", (unsigned long long)seen[k], witness_name((enum witness)k));
		if (!seen[k])
			printf("not ok fault %s was never seen\n", witness_name((enum witness)k));
		all = all && seen[k];
	}
	return all;
}

/* A fault that never happened was not tested. */
static bool coverage(bool months)
{
	uint64_t sum = 0;
	bool all = true;

	for (unsigned k = 0; k < FAULTS; k++) {
		if (months && !world_long_has((enum mishap)k))
			continue;
		printf("%10llu %s\n", (unsigned long long)total[k], fault_name((enum mishap)k));
		sum += total[k];
		all = all && total[k];
	}
	printf("%10llu faults\n", (unsigned long long)sum);
	for (unsigned k = 0; k < FAULTS; k++)
		if (!total[k] && (!months || world_long_has((enum mishap)k)))
			printf("not ok fault %s never happened\n", fault_name((enum mishap)k));
	return witnesses(months) && all;
}

int main(int argc, char **argv)
{
	enum {
		SEED = 1,
		SEEDS,
		UNTIL,
		PROFILE,
		DROP,
		UNITS,
		GATEWAYS,
		SECONDS,
		START,
		COVERAGE,
		SHRINK,
		QUIET,
		NOTES,
		STOP,
		DAYS,
		METERS
	};

	static const struct option table[] = {
	        {"seed",     required_argument, NULL, SEED    },
	        {"seeds",    required_argument, NULL, SEEDS   },
	        {"until",    required_argument, NULL, UNTIL   },
	        {"profile",  required_argument, NULL, PROFILE },
	        {"drop",     required_argument, NULL, DROP    },
	        {"units",    required_argument, NULL, UNITS   },
	        {"gateways", required_argument, NULL, GATEWAYS},
	        {"seconds",  required_argument, NULL, SECONDS },
	        {"start",    required_argument, NULL, START   },
	        {"coverage", no_argument,       NULL, COVERAGE},
	        {"shrink",   no_argument,       NULL, SHRINK  },
	        {"quiet",    no_argument,       NULL, QUIET   },
	        {"notes",    no_argument,       NULL, NOTES   },
	        {"stop",     no_argument,       NULL, STOP    },
	        {"days",     required_argument, NULL, DAYS    },
	        {"meters",   required_argument, NULL, METERS  },
	        {NULL,       0,                 NULL, 0       },
	};
	struct options o = {.seed = 1, .level = -1, .bought = METERS_MAX};
	unsigned long long seeds = 1;
	bool stop = false, want_coverage = false, want_shrink = false, good = true;
	int c;

	/* Disks and arenas of a history are megabytes that are hardly touched: fresh pages instead of zeroes. */
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case SEED:
			o.seed = strtoull(optarg, NULL, 10);
			break;
		case SEEDS:
			seeds = strtoull(optarg, NULL, 10);
			break;
		case UNTIL:
			o.until = strtoull(optarg, NULL, 10);
			break;
		case PROFILE:
			if (!profile(&o, optarg))
				return usage();
			break;
		case DROP:
			if (!drop(&o, optarg))
				return usage();
			break;
		case UNITS:
			o.units = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case GATEWAYS:
			o.boxes = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case SECONDS:
			o.work_s = strtoll(optarg, NULL, 10);
			break;
		case START:
			o.start_s = strtoll(optarg, NULL, 10);
			break;
		case DAYS:
			o.days = strtoll(optarg, NULL, 10);
			break;
		case METERS:
			o.bought = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case COVERAGE:
			want_coverage = true;
			break;
		case SHRINK:
			want_shrink = true;
			break;
		case QUIET:
			o.quiet = true;
			break;
		case STOP:
			stop = true;
			break;
		case NOTES:
			o.notes = true;
			break;
		default:
			return usage();
		}
	}
	if (optind != argc || o.units > UNITS_MAX || o.boxes > BOXES_MAX || o.bought > METERS_MAX ||
	    !o.bought || o.days < 0)
		return usage();
	for (unsigned long long i = 0; i < seeds && (good || !stop); i++, o.seed++)
		good = one(&o, want_shrink) && good;
	if (want_coverage)
		good = coverage(o.days > 0) && good;
	return good ? 0 : 1;
}
