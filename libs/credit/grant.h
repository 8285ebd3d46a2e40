/* Grants: free energy or money with a source, a period and an expiry. They are used before paid
 * money, those that expire first before the others, and are never paid out (domain rules: order of
 * use, stacking cap, lapse at expiry and closing). */
#ifndef LIBS_CREDIT_GRANT_H
#define LIBS_CREDIT_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/money.h"

enum grant_kind { GRANT_ENERGY, GRANT_MONEY };

struct grant {
	int64_t grant_id;
	enum grant_kind kind;
	int64_t left;    /* Wh (litres), or fen; >= 0 */
	int64_t from_s;  /* usable from here */
	int64_t until_s; /* and before this; INT64_MAX: no expiry */
};

/* Bring into order of use: soonest expiry first, then the older number. */
void grants_sort(struct grant *grants, size_t count);

/* The first usable grant of a kind at `at_s`, or NULL; the list must be sorted. */
struct grant *grants_next(struct grant *grants, size_t count, enum grant_kind kind, int64_t at_s);

/* Pays as much of `due` as money grants hold at `at_s`; returns what remains to be paid. `each` hears
 * of every part taken. */
struct money grants_pay(struct grant *grants, size_t count, struct money due, int64_t at_s,
                        void (*each)(void *arg, const struct grant *grant, struct money taken),
                        void *arg);

/* An allowance that is given again each day or period: `amount` a time, never more than `cap` in
 * stock (0: no stacking, what was left lapses and only `amount` is there). Returns the new stock
 * after `times` more periods have begun; what does not fit lapses. `left` >= 0. */
int64_t grant_stack(int64_t left, int64_t amount, int64_t cap, int64_t times);

#endif
