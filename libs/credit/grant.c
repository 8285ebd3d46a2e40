#include "libs/credit/grant.h"

#include <assert.h>

static bool is_before(const struct grant *a, const struct grant *b)
{
	return a->until_s != b->until_s ? a->until_s < b->until_s : a->grant_id < b->grant_id;
}

/* Insertion: a meter has a handful of grants, and no heap or qsort is wanted on the terminal. */
void grants_sort(struct grant *grants, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct grant moved = grants[i];
		size_t at = i;

		for (; at > 0 && is_before(&moved, &grants[at - 1]); at--)
			grants[at] = grants[at - 1];
		grants[at] = moved;
	}
}

struct grant *grants_next(struct grant *grants, size_t count, enum grant_kind kind, int64_t at_s)
{
	for (size_t i = 0; i < count; i++) {
		struct grant *g = &grants[i];

		assert(g->left >= 0);
		assert(i == 0 || !is_before(g, &grants[i - 1]));
		if (g->kind == kind && g->left > 0 && g->from_s <= at_s && at_s < g->until_s)
			return g;
	}
	return NULL;
}

struct money grants_pay(struct grant *grants, size_t count, struct money due, int64_t at_s,
                        void (*each)(void *arg, const struct grant *grant, struct money taken),
                        void *arg)
{
	struct grant *grant;

	while (due.fen > 0 && (grant = grants_next(grants, count, GRANT_MONEY, at_s))) {
		int64_t taken = grant->left < due.fen ? grant->left : due.fen;

		grant->left -= taken;
		due.fen -= taken;
		each(arg, grant, money_fen(taken));
	}
	return due;
}

int64_t grant_stack(int64_t left, int64_t amount, int64_t cap, int64_t times)
{
	int64_t limit = cap > amount ? cap : amount, given;

	assert(left >= 0 && amount >= 0 && times >= 0);
	if (times == 0)
		return left;
	if (__builtin_mul_overflow(amount, times, &given) ||
	    __builtin_add_overflow(left, given, &left))
		return limit;
	return left < limit ? left : limit;
}
