/* wattle-world: one history, or many. */
#include "sim/world/world.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t total[FAULTS];

static int usage(void)
{
	fprintf(stderr,
	        "usage: wattle-world [--seed S] [--seeds N] [--until HAPPENING] [--profile swarm|calm|rare|heavy]\n"
	        "                    [--drop FAULT,…] [--units N] [--gateways N] [--seconds S] [--start UNIX_S]\n"
	        "                    [--coverage] [--shrink] [--quiet] [--notes] [--stop]\n"
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
	static const char *const names[] = {"swarm", "calm", "rare", "heavy"};

	for (int i = 0; i < 4; i++)
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

/* A fault that never happened was not tested. */
static bool coverage(void)
{
	uint64_t sum = 0;
	bool all = true;

	for (unsigned k = 0; k < FAULTS; k++) {
		printf("%10llu %s\n", (unsigned long long)total[k], fault_name((enum mishap)k));
		sum += total[k];
		all = all && total[k];
	}
	printf("%10llu faults\n", (unsigned long long)sum);
	for (unsigned k = 0; k < FAULTS; k++)
		if (!total[k])
			printf("not ok fault %s never happened\n", fault_name((enum mishap)k));
	return all;
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
		STOP
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
	        {NULL,       0,                 NULL, 0       },
	};
	struct options o = {.seed = 1, .level = -1};
	unsigned long long seeds = 1;
	bool stop = false, want_coverage = false, want_shrink = false, good = true;
	int c;

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
	if (optind != argc || o.units > UNITS_MAX || o.boxes > BOXES_MAX)
		return usage();
	for (unsigned long long i = 0; i < seeds && (good || !stop); i++, o.seed++)
		good = one(&o, want_shrink) && good;
	if (want_coverage)
		good = coverage() && good;
	return good ? 0 : 1;
}
