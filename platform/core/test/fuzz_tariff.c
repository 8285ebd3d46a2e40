/* Bodies of tariffs: refused with a member's name, or sound by plan_check and the same after writing. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/tariff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct tariff_body *body)
{
	char field[TARIFF_FIELD_SIZE], plan_field[PLAN_FIELD_SIZE];
	struct tariff_body *again = malloc(sizeof *again);
	struct plan plan = body->plan;
	struct json_out out;
	const char *why;

	plan.version = 1;
	plan.utc_offset_s = PLAN_OFFSET_CHINA_S;
	if (plan_check(&plan, plan_field) != ERR_NONE)
		abort();
	json_out_init(&out);
	tariff_body_write(&out, NULL, body);
	if (again && !out.failed) {
		if (tariff_body_parse(out.data, out.len, again, field, &why) != ERR_NONE)
			abort();
		again->unsettled_said = body->unsettled_said; /* what is written says it */
		assert(memcmp(again, body, sizeof *body) == 0);
	}
	json_out_free(&out);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tariff_body *body = malloc(sizeof *body);
	char field[TARIFF_FIELD_SIZE];
	const char *why = NULL;

	if (!body)
		return 0;
	if (tariff_body_parse((const char *)data, size, body, field, &why) == ERR_NONE)
		check_again(body);
	else
		assert(field[0] && why);
	free(body);
	return 0;
}
