/* A small property for tests of leases and persons: building A with floor 3 (rooms 301, 302) and
 * floor 4 (room 401), building B with floor 1 (room 101); meter LAB_METER hangs in 301 and LAB_METER + 1 in 302
 * since the beginning. */
#ifndef PLATFORM_TEST_ESTATE_H
#define PLATFORM_TEST_ESTATE_H

#include "platform/core/customer.h"
#include "platform/core/lease.h"
#include "platform/test/staff.h"

#define P(id) PERMISSION_BIT(PERMISSION_##id)

struct estate {
	struct lab *lab;
	struct actor chief;
	int64_t a, a3, r301, r302, a4, r401, b, b1, r101;
};

void estate_setup(struct estate *estate, struct lab *lab);

/* The civil day of LAB_NOW_MS in China, and its first second. */
int64_t estate_today(void);
int64_t estate_day_s(int64_t day);

int64_t estate_customer(struct estate *estate, const char *name, const char *phone);

/* From `from` days after today to `to` (both included; 0: open) in one space. */
enum err estate_try_lease(struct estate *estate, const struct actor *actor, int64_t customer_id,
                          int64_t space_id, int64_t from, int64_t to, struct lease_edit *edit);
int64_t estate_lease(struct estate *estate, int64_t customer_id, int64_t space_id, int64_t from,
                     int64_t to);
/* Ends or cancels it now. */
enum err estate_end(struct estate *estate, const struct actor *actor, int64_t lease_id,
                    struct lease_edit *edit);

#endif
