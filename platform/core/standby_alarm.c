#include "platform/core/standby_alarm.h"

#include <stdio.h>

#include "platform/core/event_note.h"
#include "platform/store/info.h"
#include "platform/store/place.h"

struct telling {
	struct tx *tx;
	const struct standby_alarm *alarm;
	int64_t since_s, now_ms;
	struct effects *out;
	enum err err;
};

/* One that was made since never heard of the begin. */
static void tell_property(void *arg, const struct property_row *property)
{
	struct telling *telling = arg;
	const struct standby_alarm *alarm = telling->alarm;
	int64_t now_s = telling->now_ms / 1000;
	struct event_row row = {.property_id = property->property_id,
	                        .kind = alarm->late ? EVENT_STANDBY_LATE : EVENT_STANDBY_BACK,
	                        .detail = alarm->late ? (uint32_t)alarm->cause : 0,
	                        .value = alarm->late ? alarm->lag_s : now_s - telling->since_s,
	                        .at_s = now_s,
	                        .stored_ms = telling->now_ms};

	if (telling->err || property->archived_s || property->created_s > telling->since_s)
		return;
	snprintf(row.source, sizeof row.source, "standby/%lld/%u", (long long)telling->since_s,
	         (unsigned)row.kind);
	telling->err = event_note(telling->tx, &row, telling->out);
}

enum err standby_alarm_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct standby_alarm *alarm = arg;
	struct telling telling = {.tx = tx, .alarm = alarm, .now_ms = now_ms, .out = out};
	enum err err = tx_open(tx);

	if (!err)
		err = info_number(tx->db, INFO_STANDBY_S, &telling.since_s);
	if (err || alarm->late == (telling.since_s != 0))
		return err;
	if (alarm->late)
		telling.since_s = now_ms / 1000;
	err = property_list(tx->db, tell_property, &telling);
	if (!err)
		err = telling.err;
	return err ? err
	           : info_number_set(tx->db, INFO_STANDBY_S, alarm->late ? telling.since_s : 0);
}
