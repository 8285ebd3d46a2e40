/* Price images: refused, or a sound plan that says the same after encoding, and that can be rated over a year. */
#include <stdlib.h>
#include <string.h>

#include "libs/credit/plan_image.h"
#include "libs/credit/rate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FROM_S INT64_C(1795490400)

static void check(bool good)
{
	if (!good)
		abort();
}

/* 1 kWh an hour, in steps of eleven days. */
static void rate_a_year(const struct plan *plan)
{
	struct rate_state state = {.step_used = 0};
	const struct plan *versions[] = {plan};

	for (int64_t at_s = FROM_S; at_s < FROM_S + 366 * INT64_C(86400); at_s += 950400)
		check(rate_interval(versions, 1, &state, NULL, 0, at_s, at_s + 950400, 264000, NULL,
		                    NULL) == ERR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t image[PLAN_IMAGE_MAX];
	struct plan plan, again;
	struct plan_fault fault;
	size_t len;

	if (plan_image_decode(data, size, 1, FROM_S, &plan) != ERR_NONE)
		return 0;
	check(plan_find_fault(&plan, &fault) == ERR_NONE);
	rate_a_year(&plan);
	/* Holidays that are over go away; a second time all stays. */
	if (plan_image_encode(&plan, image, &len) != PLAN_IMAGE_FITS)
		return 0;
	check(plan_image_decode(image, len, 1, FROM_S, &plan) == ERR_NONE);
	check(plan_image_encode(&plan, image, &len) == PLAN_IMAGE_FITS);
	check(plan_image_decode(image, len, 1, FROM_S, &again) == ERR_NONE);
	check(memcmp(&plan, &again, sizeof plan) == 0);
	return 0;
}
