#include "libs/base/money.h"

#include "libs/base/number.h"

#include <assert.h>
#include <string.h>

#define REST_PER_FEN (INT64_C(10000) * 1000) /* 1 fen = 10000 micro-yuan */

bool money_add(struct money a, struct money b, struct money *sum)
{
	return i64_add(a.fen, b.fen, &sum->fen);
}

bool money_sub(struct money a, struct money b, struct money *difference)
{
	return i64_sub(a.fen, b.fen, &difference->fen);
}

bool energy_add(struct energy a, struct energy b, struct energy *sum)
{
	return i64_add(a.wh, b.wh, &sum->wh);
}

bool energy_sub(struct energy a, struct energy b, struct energy *difference)
{
	return i64_sub(a.wh, b.wh, &difference->wh);
}

int money_cmp(struct money a, struct money b)
{
	return (a.fen > b.fen) - (a.fen < b.fen);
}

int energy_cmp(struct energy a, struct energy b)
{
	return (a.wh > b.wh) - (a.wh < b.wh);
}

bool charge_energy(struct money *charge, int64_t *rest, struct energy used, struct tariff price)
{
	int64_t total;

	/* Wh times micro-yuan per kWh is 1/1000 micro-yuan. */
	if (!i64_mul(used.wh, price.uy_per_kwh, &total) || !i64_add(total, *rest, &total))
		return false;
	charge->fen = total / REST_PER_FEN;
	*rest = total % REST_PER_FEN;
	return true;
}

void money_format(struct money m, char *text, size_t size)
{
	uint64_t v = m.fen < 0 ? 0 - (uint64_t)m.fen : (uint64_t)m.fen;
	char digits[MONEY_TEXT_SIZE];
	size_t at = sizeof digits;
	int n = 0;

	assert(size >= MONEY_TEXT_SIZE);
	digits[--at] = '\0';
	for (; n < 3 || v; n++) { /* at least 0.00 */
		if (n == 2)
			digits[--at] = '.';
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	}
	if (m.fen < 0)
		digits[--at] = '-';
	memcpy(text, digits + at, sizeof digits - at);
}
