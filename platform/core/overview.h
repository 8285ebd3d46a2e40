/* One look at a property: what its money, meters and people's tasks are now. docs/design/overview.md. */
#ifndef PLATFORM_CORE_OVERVIEW_H
#define PLATFORM_CORE_OVERVIEW_H

#include "libs/credit/balance.h"
#include "platform/core/step.h"
#include "platform/store/alarm.h"
#include "platform/store/customer.h"
#include "platform/store/overview.h"
#include "platform/store/space.h"

#define OVERVIEW_LOW    10
#define OVERVIEW_USES   10
#define OVERVIEW_POWERS 193 /* two days of quarters of an hour */

struct overview_low {
	int64_t account_id, customer_id, meter; /* meter: one of its; 0: it has none */
	char code[ACCOUNT_CODE_SIZE], customer[CUSTOMER_NAME_SIZE], path[SPACE_PATH_SIZE];
	int64_t available_fen;
	int32_t days_left; /* tenths; as supply_days_left */
	enum balance_state state;
};

/* Times of day and month are of the property's civil time. */
struct overview {
	int64_t property_id;
	struct overview_received today, month;
	int64_t credit_fen, owed_fen;
	int64_t states[BALANCE_STATES];
	struct overview_low low[OVERVIEW_LOW]; /* the least first */
	size_t low_count;
	int64_t alarms[ALARM_LEVELS], alarms_unseen;
	struct overview_waiting waiting;
	struct overview_use uses[OVERVIEW_USES]; /* of today */
	size_t use_count;
	struct power_row power[OVERVIEW_POWERS]; /* of the last two days, in order */
	size_t power_count;
};

/* On a reader's snapshot; overview->property_id says which. */
MUST_USE enum err overview_read(struct db *db, struct overview *overview, int64_t now_ms);

/* ---- power of the present ---- */

struct dir_meter;
struct platform;

/* What a meter said last. */
struct meter_now {
	int64_t at_ms; /* 0: nothing yet */
	int64_t power_dw;
	bool fresh; /* it speaks of the present */
};
struct meter_now meter_now(const struct platform *platform, const struct dir_meter *meter,
                           int64_t now_ms);

struct power_now {
	int64_t power_w, meters; /* of those that told it lately, main meters left out */
};

/* For each property of the directory, by its index there; `sum` has room for all. On the I/O thread. */
void power_sum(const struct platform *platform, int64_t now_ms, struct power_now *sum);

/* Each minute, on the I/O thread: keeps the power at each quarter of an hour. */
void power_tick(void *platform);

#endif
