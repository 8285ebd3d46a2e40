#include "platform/core/alarm.h"

#include <stdio.h>
#include <string.h>

#include "libs/proto/event.h"
#include "platform/core/access.h"

/* end 0: nothing says that it is over, so a person does. */
static const struct alarm_kind {
	uint32_t kind, end;
	enum alarm_level level;
	bool end_told; /* whoever looks on hears of the end at once, too */
} kinds[] = {
        {EVENT_RELAY_FAULT,      0,                      ALARM_URGENT,    false},
        {EVENT_BAD_RESULT_MAC,   0,                      ALARM_URGENT,    false},
        {EVENT_SPOOL_DAMAGED,    0,                      ALARM_URGENT,    false},
        {EVENT_SPOOL_REPLACED,   0,                      ALARM_URGENT,    false},
        {EVENT_STORE_RESTORED,   0,                      ALARM_URGENT,    false},
        {EVENT_MONEY_WRONG,      0,                      ALARM_URGENT,    false},
        {EVENT_PURSE_DIFFERS,    0,                      ALARM_URGENT,    false},
        {EVENT_PRICE_UNFIT,      0,                      ALARM_IMPORTANT, false},
        {EVENT_SPENT_DIFFERS,    0,                      ALARM_URGENT,    false},
        {EVENT_OPENINGS_HELD,    0,                      ALARM_URGENT,    false},
        {EVENT_OPENINGS_STOPPED, EVENT_OPENINGS_AGAIN,   ALARM_IMPORTANT, true },
        {EVENT_STANDBY_LATE,     EVENT_STANDBY_BACK,     ALARM_IMPORTANT, true },
        {EVENT_SENSOR_FAULT,     EVENT_SENSOR_BACK,      ALARM_IMPORTANT, false},
        {EVENT_DEVICE_LOST,      EVENT_DEVICE_BACK,      ALARM_IMPORTANT, false},
        {EVENT_BUS_OVERLOAD,     EVENT_BUS_OVERLOAD_END, ALARM_IMPORTANT, false},
        {EVENT_READING_MISSED,   EVENT_READING_BACK,     ALARM_IMPORTANT, false},
        {EVENT_RATING_FAULT,     0,                      ALARM_IMPORTANT, false},
        {EVENT_LATE_ALLOWANCE,   0,                      ALARM_IMPORTANT, false},
        {EVENT_LATE_STEPS,       0,                      ALARM_IMPORTANT, false},
        {EVENT_LATE_ENDED,       0,                      ALARM_IMPORTANT, false},
        {EVENT_LATE_OLD,         0,                      ALARM_IMPORTANT, false},
        {EVENT_LATE_UNPRICED,    0,                      ALARM_IMPORTANT, false},
        {EVENT_LATE_DECIDED,     0,                      ALARM_IMPORTANT, false},
        {EVENT_CUT_WAITS,        0,                      ALARM_IMPORTANT, false},
        {EVENT_READING_CONFLICT, 0,                      ALARM_IMPORTANT, false},
        {EVENT_BATCH_CONFLICT,   0,                      ALARM_IMPORTANT, false},
        {EVENT_CONFIG_REFUSED,   0,                      ALARM_IMPORTANT, false},
        {EVENT_FOREIGN_TOPIC,    0,                      ALARM_IMPORTANT, false},
        {EVENT_CLIENT_REFUSED,   0,                      ALARM_IMPORTANT, false},
        {EVENT_CUT_SPARED,       0,                      ALARM_NOTICE,    false},
        {EVENT_ASSERT,           0,                      ALARM_NOTICE,    false},
        {EVENT_CLOCK_STEPPED,    0,                      ALARM_NOTICE,    false},
};

static const struct alarm_kind *begun_by(uint32_t kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].kind == kind)
			return &kinds[i];
	return NULL;
}

static const struct alarm_kind *ended_by(uint32_t kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].end == kind)
			return &kinds[i];
	return NULL;
}

bool alarm_is_told(uint32_t kind)
{
	const struct alarm_kind *ended = ended_by(kind);

	return begun_by(kind) || (kind && ended && ended->end_told);
}

/* When it was. A terminal that has no clock yet, or a wrong one, does not know. */
static int64_t moment_of(const struct event_row *event)
{
	int64_t stored_s = event->stored_ms / 1000;

	return event->at_s > 0 && event->at_s < stored_s ? event->at_s : stored_s;
}

/* What began before its terminal was adopted is of the terminal: it ends with the meter's. */
static enum err end(struct db *db, struct alarm_row *row, const struct event_row *event)
{
	enum err err = alarm_end(db, row);

	if (err || !event->meter || !event->chip[0])
		return err;
	row->meter = 0;
	snprintf(row->chip, sizeof row->chip, "%s", event->chip);
	return alarm_end(db, row);
}

enum err alarm_event(struct db *db, const struct event_row *event)
{
	const struct alarm_kind *begins = begun_by(event->kind), *ends = ended_by(event->kind);
	int64_t at_s = moment_of(event);
	struct alarm_row row = {.property_id = event->property_id,
	                        .gateway_id = event->gateway_id,
	                        .meter = event->meter,
	                        .detail = event->detail,
	                        .value = event->value,
	                        .started_s = at_s,
	                        .last_s = at_s,
	                        .ended_s = at_s};
	enum err err;

	if (!event->kind || (!begins && !ends))
		return ERR_NONE;
	/* A meter is itself, whichever terminal it has today. */
	if (!event->meter)
		snprintf(row.chip, sizeof row.chip, "%s", event->chip);
	if (ends) {
		row.kind = ends->kind;
		return end(db, &row, event);
	}
	row.kind = begins->kind;
	row.level = begins->level;
	err = alarm_again(db, &row);
	return err == ERR_NOT_FOUND ? alarm_insert(db, &row) : err;
}

enum err alarm_seen_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct alarm_edit *r = arg;
	const struct alarm_kind *kind;
	char object[64];
	enum err err = access_require_property(tx, &r->actor, PERMISSION_ALARM_WRITE,
	                                       r->property_id, now_ms);

	(void)out;
	r->fault = (struct fault){0};
	if (!err)
		err = alarm_get(tx->db, r->property_id, r->alarm_id, &r->row);
	if (err)
		return err;
	if (r->row.seen_s)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "it is acknowledged already");
	kind = begun_by(r->row.kind);
	r->row.seen_s = now_ms / 1000;
	snprintf(r->row.seen_by, sizeof r->row.seen_by, "%s", r->actor.who);
	snprintf(r->row.note, sizeof r->row.note, "%s", r->actor.reason);
	if (!r->row.ended_s && (!kind || !kind->end))
		r->row.ended_s = r->row.seen_s;
	err = alarm_seen(tx->db, &r->row);
	if (err)
		return err;
	snprintf(object, sizeof object, "alarm %lld", (long long)r->alarm_id);
	return audit_note(tx, &r->actor, r->property_id, "alarm.acknowledge", object,
	                  event_name(r->row.kind)->word, now_ms);
}
