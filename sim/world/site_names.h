/* Names as they are found on doors and contracts. */
#ifndef SIM_WORLD_SITE_NAMES_H
#define SIM_WORLD_SITE_NAMES_H

#include <stddef.h>

#include "libs/base/rnd.h"

/* Of the i-th property: "梧桐苑", ... "梧桐苑二期". */
void site_property_name(size_t i, char *to, size_t size);
void site_person_name(struct rnd *rnd, char *to, size_t size);
void site_company_name(struct rnd *rnd, char *to, size_t size);
/* A mobile number that nobody has: 1990000xxxx up to 1999999xxxx. */
void site_phone(struct rnd *rnd, char *to, size_t size);

#endif
