/* Alarm plans: limits and options by which accounts are warned and cut. A plan is named by a code.
 * A property's row under a code overrides its group's, value by value, and that overrides what is
 * built in. The code `default` exists always; an account without a plan uses the property's choice,
 * or `default`. */
#ifndef PLATFORM_CORE_PLAN_H
#define PLATFORM_CORE_PLAN_H

#include "platform/core/calendar.h"
#include "platform/store/plan.h"

#define PLAN_DEFAULT "default"

/* What holds: each value and whose it is. */
struct plan_effective {
	char code[PLAN_CODE_SIZE], name[PLAN_NAME_SIZE];
	enum source name_source;
	int64_t value[PLAN_VALUE_COUNT];
	enum source source[PLAN_VALUE_COUNT];
	int64_t version; /* of the level that was asked for; 0: it sets nothing */
};

/* 1 to 32 of a to z, 0 to 9 and -. */
bool plan_code_valid(const char *code);
const char *plan_value_word(enum plan_value value); /* "alarm1_fen" */
/* The two that are yes or no. */
bool plan_value_is_flag(enum plan_value value);

/* property_id 0: what the group says. ERR_NOT_FOUND: no such plan here. */
MUST_USE enum err plan_effective(struct db *db, int64_t property_id, int64_t group_id,
                                 const char *code, struct plan_effective *plan);
/* Is there such a plan here? Of a code that is none: no. */
MUST_USE enum err plan_known(struct db *db, int64_t property_id, int64_t group_id, const char *code,
                             bool *known);

/* Does what holds make sense? ERR_BAD_INPUT names the value and says why not. */
MUST_USE enum err plan_check_values(struct fault *fault, const struct plan_effective *plan);

struct plan_edit {
	struct actor actor;
	int64_t group_id, property_id; /* property_id 0: of the group */
	const char *code;
	int64_t version; /* 0: this level sets nothing yet */
	bool has_name;   /* name NULL then: inherit it */
	const char *name;
	bool has[PLAN_VALUE_COUNT]; /* value i changes: */
	bool set[PLAN_VALUE_COUNT]; /* to value[i], or is inherited again */
	int64_t value[PLAN_VALUE_COUNT];
	struct plan_effective plan; /* answer */
	struct fault fault;
};
/* Needs `plan.write`. What holds must make sense in the end, for a group also in those of its
 * properties that override a part: alarm 2 is not above alarm 1. */
MUST_USE enum err plan_edit_step(struct tx *tx, void *plan_edit, int64_t now_ms,
                                 struct effects *out);
/* This level sets nothing any more. ERR_REFUSED: nothing would be left of a plan in use. */
MUST_USE enum err plan_delete_step(struct tx *tx, void *plan_edit, int64_t now_ms,
                                   struct effects *out);

#endif
