#include "libs/credit/split.h"

#include <assert.h>

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t share(int64_t amount, int32_t ppm)
{
	return amount / SPLIT_PPM * ppm + amount % SPLIT_PPM * ppm / SPLIT_PPM;
}

struct split split_purchase(const struct split_rule *rule, struct money paid, struct money balance)
{
	struct split split = {.arrears = {0}};
	int64_t left = paid.fen;

	assert(paid.fen > 0 && rule->debt.fen >= 0);
	assert(rule->recover_ppm >= 0 && rule->recover_ppm <= SPLIT_PPM);
	assert(rule->fee_ppm >= 0 && rule->fee_ppm < SPLIT_PPM);
	if (balance.fen < 0)
		split.arrears.fen = balance.fen <= -left ? left : -balance.fen;
	left -= split.arrears.fen;
	split.debt.fen = least(rule->debt.fen, share(left, rule->recover_ppm));
	left -= split.debt.fen;
	split.fee.fen = share(left, rule->fee_ppm);
	split.credit.fen = left - split.fee.fen;
	return split;
}
