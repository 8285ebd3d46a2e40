/* From a history that fails to a smaller one that fails by the same rule. */
#include "sim/world/world.h"

#include <string.h>

static bool same_rule(const char *a, const char *b)
{
	return strcspn(a, ":") == strcspn(b, ":") && strncmp(a, b, strcspn(a, ":")) == 0;
}

static bool still_fails(const struct options *o, const char *why)
{
	struct outcome out;

	world_run(o, &out);
	return out.failed && same_rule(out.why, why);
}

/* Kinds of faults, half of them at a time, then one by one. */
static void drop_faults(struct options *best, const char *why)
{
	for (unsigned width = FAULTS / 2; width; width /= 2)
		for (unsigned first = 0; first < FAULTS; first += width) {
			struct options o = *best;

			for (unsigned k = first; k < first + width && k < FAULTS; k++)
				o.drop[k] = true;
			if (memcmp(o.drop, best->drop, sizeof o.drop) != 0 && still_fails(&o, why))
				*best = o;
		}
}

static void fewer(struct options *best, const char *why)
{
	for (unsigned units = 1; units < 4; units++) {
		struct options o = *best;

		o.units = units;
		o.boxes = 1;
		if (still_fails(&o, why)) {
			*best = o;
			return;
		}
	}
}

static void shorter(struct options *best, const char *why)
{
	for (int64_t s = 20; s < 300; s += s / 2) {
		struct options o = *best;

		o.work_s = s;
		if (still_fails(&o, why)) {
			*best = o;
			return;
		}
	}
}

void world_shrink(const struct options *options, struct options *smallest)
{
	struct options best = *options;
	struct outcome out;

	best.quiet = true;
	best.until = 0;
	world_run(&best, &out);
	if (out.failed) {
		drop_faults(&best, out.why);
		fewer(&best, out.why);
		shorter(&best, out.why);
		drop_faults(&best, out.why);
	}
	*smallest = best;
}
