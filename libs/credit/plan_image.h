/* A version of a plan as few bytes, for meters that rate their use themselves: docs/protocol/price.md is the
 * SPEC. Number of the version and valid_from travel beside it. */
#ifndef LIBS_CREDIT_PLAN_IMAGE_H
#define LIBS_CREDIT_PLAN_IMAGE_H

#include "libs/credit/plan.h"

#define PLAN_IMAGE_FORMAT 1
#define PLAN_IMAGE_MAX    512

/* Why a version does not go into a meter. */
enum plan_image_verdict {
	PLAN_IMAGE_FITS,
	PLAN_IMAGE_FEE,     /* it has a fee of a month: meters charge what flows, nothing else */
	PLAN_IMAGE_MINIMUM, /* the same of a minimum */
	PLAN_IMAGE_SWITCH,  /* two calendars: the second belongs into a version of its own */
	PLAN_IMAGE_LARGE,   /* more than PLAN_IMAGE_MAX bytes */
	PLAN_IMAGE_RANGE,   /* a threshold or an instant does not fit into 32 bits */
};

/* Of a sound plan. Holidays whose year is before that of valid_from are left out. *len is 0 unless it fits. */
MUST_USE enum plan_image_verdict plan_image_encode(const struct plan *plan,
                                                   uint8_t image[PLAN_IMAGE_MAX], size_t *len);

/* Fills all of *plan; sound by plan_find_fault. ERR_BAD_INPUT: another format, cut, longer, or not sound; then
 * *plan is not to be used. */
MUST_USE enum err plan_image_decode(const uint8_t *image, size_t len, uint32_t version,
                                    int64_t valid_from_s, struct plan *plan);

#endif
