#include "platform/core/supply.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "libs/credit/calendar.h"
#include "libs/proto/event.h"
#include "platform/core/calendar.h"
#include "platform/core/event_note.h"
#include "platform/core/message_out.h"
#include "platform/core/meter_price.h"
#include "platform/core/organisation.h"
#include "platform/core/supply_look.h"

#define LOOK_AGAIN_S   SECONDS_PER_DAY /* no hour for a cut in sight */
#define NOTICE_ANEW_S  SECONDS_PER_DAY /* after supply was given back by hand, at least */
#define DAYS_LEFT_DAYS 7
#define AHEAD_S        60 /* a clock was ahead, not only corrected */

/* ---- when a cut may be made ---- */

/* A cut is due by the balance alone. */
static bool is_due(const struct supply_look *look)
{
	struct money most;
	bool fits = money_sub(money_fen(0), look->limits.overdraft, &most);

	assert(fits); /* a limit is not below 0 */
	return money_cmp(look->balance, most) <= 0;
}

/* Only who may be cut or reminded now needs the calendar: it is large. */
static bool calendar_matters(const struct supply_look *look)
{
	const struct balance_limits *limits = &look->limits;

	if (look->memory.memory.state == BALANCE_CUT || look->spared || !look->fresh)
		return false;
	if (limits->alarm2_trips && money_cmp(look->balance, limits->alarm2) <= 0)
		return true;
	return is_due(look);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static enum err read_calendar(struct tx *tx, const struct supply_look *look,
                              struct calendar_content *content)
{
	enum source source;
	int64_t id;
	enum err err = calendar_of_property(tx->db, &look->property, &id, &source);

	if (!err && id)
		err = calendar_read(tx->db, id, content);
	if (!look->friendly)
		content->calendar.window_count = 0;
	return err;
}

static enum err when_cut(struct tx *tx, const struct supply_look *look, struct balance_now *now)
{
	int32_t offset_s = (int32_t)look->property.utc_offset_min * 60;
	int64_t grace_at_s = now->at_s + look->limits.grace_s;
	struct calendar_content *content;
	enum err err;

	now->cut_from_s = now->at_s;
	now->cut_from_grace_s = grace_at_s;
	if (calendar_matters(look)) {
		content = calloc(1, sizeof *content);
		err = content ? read_calendar(tx, look, content) : ERR_NOMEM;
		if (!err) {
			now->cut_from_s =
			        calendar_cut_from(&content->calendar, now->at_s, offset_s);
			now->cut_from_grace_s =
			        calendar_cut_from(&content->calendar, grace_at_s, offset_s);
		}
		free(content);
		if (err)
			return err;
	}
	now->cut_from_s = later(now->cut_from_s, look->memory.not_before_s);
	now->cut_from_grace_s = later(now->cut_from_grace_s, now->cut_from_s);
	return ERR_NONE;
}

/* ---- what tenants are told ---- */

static const char *kind_of(enum balance_state state)
{
	switch (state) {
	case BALANCE_ALARM1:
		return "alarm-1";
	case BALANCE_ALARM2:
		return "alarm-2";
	case BALANCE_GRACE:
		return "will-be-cut";
	case BALANCE_CUT: /* told when the meter has done it */
	case BALANCE_OVERDRAFT:
	case BALANCE_GOOD:
		break;
	}
	return NULL;
}

/* "12.3", whole days above a hundred; fields of the kind that are not there do no harm. */
/* As the console says it: nobody is told of 9999 days because nothing was used of late. */
static void put_days_left(struct message_out *message, int32_t tenths)
{
	char text[16];

	snprintf(text, sizeof text, tenths >= 1000 ? "%d" : "%d.%d", (int)tenths / 10,
	         (int)tenths % 10);
	message_put_text(message, "days_left", tenths > 3650 ? "365+" : text);
}

static enum err tell_state(struct tx *tx, const struct supply_look *look, enum balance_state state,
                           int64_t now_ms)
{
	struct message_out message = {.property_id = look->property.property_id,
	                              .account_id = look->account.account_id,
	                              .kind = kind_of(state)};
	char episode[MESSAGE_EPISODE_SIZE];
	int32_t tenths;
	enum err err;

	if (!message.kind)
		return ERR_NONE;
	snprintf(episode, sizeof episode, "%s:%lld:%lld", message.kind,
	         (long long)look->account.account_id, (long long)look->memory.episode);
	message.episode = episode;
	message.cause = "balance";
	message_put_money(&message, "balance", look->balance);
	err = supply_days_left(tx->db, &look->property, &look->account, look->balance, now_ms,
	                       &tenths);
	if (err)
		return err;
	put_days_left(&message, tenths);
	if (state == BALANCE_GRACE && look->memory.memory.cut_at_s != CALENDAR_NEVER)
		err = message_put_time(tx, &message, "time", look->memory.memory.cut_at_s);
	return err ? err : message_write(tx, &message, now_ms);
}

static enum err tell(struct tx *tx, const struct supply_look *look, uint8_t states, int64_t now_ms)
{
	enum err err = ERR_NONE;

	for (unsigned state = 0; !err && state < BALANCE_STATES; state++)
		if (states & BALANCE_TOLD(state))
			err = tell_state(tx, look, (enum balance_state)state, now_ms);
	return err;
}

enum err supply_tell_verified(struct tx *tx, int64_t property_id, int64_t account_id, bool cut,
                              int64_t command_id, int64_t now_ms)
{
	struct message_out message = {.property_id = property_id,
	                              .account_id = account_id,
	                              .kind = cut ? "cut" : "restored"};
	char episode[MESSAGE_EPISODE_SIZE], cause[MESSAGE_CAUSE_SIZE];
	struct supply_look look;
	enum err err = supply_look(tx, property_id, account_id, now_ms, &look);

	if (!err && look.memory.cut_told == cut)
		goto done;
	if (err)
		goto done;
	snprintf(episode, sizeof episode, "%s:%lld:%lld", message.kind, (long long)account_id,
	         (long long)command_id);
	snprintf(cause, sizeof cause, "command %lld", (long long)command_id);
	message.episode = episode;
	message.cause = cause;
	message_put_money(&message, "balance", look.available);
	err = message_put_time(tx, &message, "time", now_ms / 1000);
	if (!err)
		err = message_write(tx, &message, now_ms);
	look.memory.cut_told = cut;
	if (!err)
		err = supply_account_put(tx->db, &look.memory);
done:
	supply_look_free(&look);
	return err;
}

/* ---- what is wanted of the meters ---- */

static enum err drop_held(struct tx *tx, int64_t property_id, int64_t held_id, int64_t now_ms)
{
	struct supply_held held = {.property_id = property_id,
	                           .held_id = held_id,
	                           .state = HELD_DROPPED,
	                           .ended_ms = now_ms};
	enum err err;

	snprintf(held.ended_why, sizeof held.ended_why, "its reason has gone");
	err = supply_held_end(tx->db, &held);
	return err == ERR_CONFLICT ? ERR_NONE : err;
}

enum err supply_want_set(struct tx *tx, struct supply_meter *row, enum supply_want want,
                         enum supply_reason reason, int64_t account_id, int64_t now_ms,
                         struct effects *out)
{
	int64_t command_id = row->command_id, held_id = row->held_id;
	enum err err = tx_open(tx);

	row->want = want;
	snprintf(row->want_reason, sizeof row->want_reason, "%s",
	         want == SUPPLY_NOTHING ? "" : supply_reason_word(reason));
	row->want_ms = row->due_ms = now_ms;
	row->account_id = account_id;
	row->tries = 0;
	row->command_id = row->held_id = 0;
	/* Before the command is taken back: its end is then no longer this row's. */
	if (!err)
		err = supply_meter_put(tx->db, row);
	if (!err && held_id > 0)
		err = drop_held(tx, row->property_id, held_id, now_ms);
	if (!err && command_id)
		err = command_recall(tx, command_id, now_ms, out);
	if (!err && command_id)
		err = supply_act_end(tx->db, row->property_id, row->act_id, SUPPLY_RECALLED,
		                     now_ms);
	return err;
}

/* A reminder stays wanted until it is made, and what follows it until the tenant may close. */
static bool reminder_goes_on(const struct supply_look *look, const struct look_meter *m)
{
	enum balance_state state = look->memory.memory.state;

	if (m->spared || m->own || state < BALANCE_ALARM2)
		return false;
	return m->row.want == SUPPLY_ALLOW ||
	       (m->row.want == SUPPLY_REMIND && (m->row.command_id || state == BALANCE_ALARM2));
}

/* By what the account is and what we have done to the meter; a forced trip is a person's. */
static enum supply_want want_of(const struct supply_look *look, const struct look_meter *m,
                                bool remind)
{
	enum balance_state state = look->memory.memory.state;
	const struct supply_meter *row = &m->row;

	if (row->mode == SUPPLY_FORCED_TRIP)
		return SUPPLY_NOTHING;
	/* While openings are stopped, one of which nobody knows what became of it is undone. */
	if (look->rules.incident_ms && row->opened == SUPPLY_UNSURE && !row->command_id)
		return SUPPLY_CLOSE;
	if (look->rules.incident_ms && row->want == SUPPLY_CLOSE && row->command_id)
		return SUPPLY_CLOSE;
	if (state == BALANCE_CUT && m->own)
		return SUPPLY_NOTHING; /* it opens and closes by its own balance */
	if (state == BALANCE_CUT && !m->spared)
		return row->want == SUPPLY_OPEN || row->opened != SUPPLY_OPENED ? SUPPLY_OPEN
		                                                                : SUPPLY_NOTHING;
	if (reminder_goes_on(look, m))
		return row->want;
	switch (row->opened) {
	case SUPPLY_OPENED:
	case SUPPLY_UNSURE:
		return SUPPLY_CLOSE;
	case SUPPLY_REMINDED:
		return state >= BALANCE_ALARM2 && !m->spared ? SUPPLY_NOTHING : SUPPLY_CLOSE;
	case SUPPLY_NOT_OPENED:
		break;
	}
	if (row->want == SUPPLY_CLOSE && row->command_id)
		return SUPPLY_CLOSE; /* done, and not verified yet */
	return remind && !m->spared && !m->own ? SUPPLY_REMIND : SUPPLY_NOTHING;
}

static enum supply_reason reason_of(const struct supply_look *look, const struct look_meter *m,
                                    enum supply_want want)
{
	switch (want) {
	case SUPPLY_OPEN:
		return look->by_bill ? SUPPLY_BECAUSE_BILL : SUPPLY_BECAUSE_BALANCE;
	case SUPPLY_REMIND:
	case SUPPLY_ALLOW:
		return SUPPLY_BECAUSE_ALARM2;
	case SUPPLY_CLOSE:
		if (m->spared)
			return SUPPLY_BECAUSE_SPARED;
		if (m->row.want == SUPPLY_OPEN || m->row.want == SUPPLY_REMIND)
			return SUPPLY_BECAUSE_RECALL;
		return SUPPLY_BECAUSE_MONEY;
	case SUPPLY_NOTHING:
		break;
	}
	return SUPPLY_BECAUSE_BALANCE;
}

static enum err want_each(struct tx *tx, struct supply_look *look, bool remind, int64_t now_ms,
                          struct effects *out)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < look->count; i++) {
		struct look_meter *m = &look->meter[i];
		enum supply_want want = look->decides ? want_of(look, m, remind) : SUPPLY_NOTHING;

		if (want != m->row.want)
			err = supply_want_set(tx, &m->row, want, reason_of(look, m, want),
			                      look->account.account_id, now_ms, out);
	}
	return err;
}

/* ---- what staff should see ---- */

static enum err note_account(struct tx *tx, const struct supply_look *look, uint32_t kind,
                             int64_t now_ms, struct effects *out)
{
	struct event_row event = {.property_id = look->property.property_id,
	                          .meter = look->meter[0].use.meter,
	                          .kind = kind,
	                          .value = look->meter[0].reading.at_s,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};

	snprintf(event.source, sizeof event.source, "supply:%u:%lld:%lld", (unsigned)kind,
	         (long long)look->account.account_id, (long long)(now_ms / 1000));
	return event_note(tx, &event, out);
}

/* A cut that would be due by the balance, and is not made: once, when it begins to be so. */
static enum err note_unmade(struct tx *tx, struct supply_look *look,
                            const struct supply_account *before, bool waits, int64_t now_ms,
                            struct effects *out)
{
	bool spared = is_due(look) && look->spared;

	look->memory.waits = waits || spared;
	if (!look->memory.waits || before->waits)
		return ERR_NONE;
	return note_account(tx, look, spared ? EVENT_CUT_SPARED : EVENT_CUT_WAITS, now_ms, out);
}

/* ---- the decision ---- */

static void remember(struct supply_look *look, const struct supply_account *before,
                     const struct balance_verdict *verdict, int64_t now_s)
{
	struct supply_account *memory = &look->memory;
	enum balance_state state = memory->memory.state;
	bool hour_at_last = before->memory.cut_at_s == CALENDAR_NEVER &&
	                    memory->memory.cut_at_s != CALENDAR_NEVER;

	if ((before->memory.told & (uint8_t)~memory->memory.told) || hour_at_last)
		memory->episode++;
	if (state == BALANCE_GRACE)
		memory->announced_s = memory->memory.cut_at_s;
	else if (state != BALANCE_CUT)
		memory->announced_s = 0;
	if (memory->not_before_s <= now_s)
		memory->not_before_s = 0;
	if (state != before->memory.state)
		memory->changed_s = now_s;
	memory->again_s = verdict->again_s;
	if (state == BALANCE_GRACE && memory->memory.cut_at_s == CALENDAR_NEVER)
		memory->again_s = now_s + LOOK_AGAIN_S;
}

/* Pages show it by its state. */
static enum err show_change(const struct supply_look *look, const struct supply_account *before,
                            struct effects *out)
{
	struct effect *effect;

	if (look->memory.memory.state == before->memory.state)
		return ERR_NONE;
	effect = effects_add(out, EFFECT_SUPPLY);
	if (!effect)
		return ERR_NOMEM;
	effect->u.supply =
	        (struct effect_supply){look->account.property_id, look->account.account_id};
	return ERR_NONE;
}

/* What was learnt while our clock was ahead does not wait for that time: a cut that was announced then is
 * announced anew, and a notice is not longer than one given now. */
static void forget_ahead(struct supply_look *look, int64_t now_s)
{
	struct supply_account *memory = &look->memory;
	int64_t ahead_s = now_s + AHEAD_S;
	int64_t notice_s = now_s + later(look->limits.grace_s, NOTICE_ANEW_S);

	if (memory->not_before_s > notice_s + AHEAD_S)
		memory->not_before_s = notice_s;
	if (memory->changed_s <= ahead_s)
		return;
	memory->changed_s = now_s;
	if (memory->memory.state != BALANCE_GRACE && memory->announced_s <= ahead_s)
		return;
	memory->memory.state = BALANCE_OVERDRAFT;
	memory->memory.told &= (uint8_t) ~(BALANCE_TOLD(BALANCE_GRACE) | BALANCE_TOLD(BALANCE_CUT));
	memory->memory.cut_at_s = memory->announced_s = 0;
	memory->episode++;
}

static enum err decide(struct tx *tx, struct supply_look *look, bool recharged, int64_t now_ms,
                       struct effects *out)
{
	struct balance_now now = {.at_s = now_ms / 1000,
	                          .balance = look->balance,
	                          .fresh = look->fresh,
	                          .spared = look->spared,
	                          .recharged = recharged};
	struct supply_account before;
	struct balance_verdict verdict;
	enum err err;

	memcpy(&before, &look->memory, sizeof before);
	forget_ahead(look, now.at_s);
	err = when_cut(tx, look, &now);
	if (err)
		return err;
	verdict = balance_step(&look->limits, &look->memory.memory, &now);
	remember(look, &before, &verdict, now.at_s);
	err = note_unmade(tx, look, &before, verdict.waits, now_ms, out);
	if (!err)
		err = tell(tx, look, verdict.tell, now_ms);
	if (!err && memcmp(&before, &look->memory, sizeof before) != 0)
		err = tx_open(tx);
	if (!err && memcmp(&before, &look->memory, sizeof before) != 0)
		err = supply_account_put(tx->db, &look->memory);
	if (!err)
		err = show_change(look, &before, out);
	return err ? err : want_each(tx, look, verdict.want == BALANCE_REMIND, now_ms, out);
}

/* Money decides nothing for it: nothing is wanted; a closed account is forgotten. */
static enum err rest(struct tx *tx, struct supply_look *look, int64_t now_ms, struct effects *out)
{
	enum err err = want_each(tx, look, false, now_ms, out);

	if (err || look->memory.again_s == INT64_MAX)
		return err;
	look->memory.again_s = INT64_MAX;
	return supply_account_put(tx->db, &look->memory);
}

enum err supply_consider(struct tx *tx, int64_t property_id, int64_t account_id, bool recharged,
                         int64_t now_ms, struct effects *out)
{
	struct supply_look look;
	enum err err = supply_look(tx, property_id, account_id, now_ms, &look);

	if (!err)
		err = look.decides ? decide(tx, &look, recharged, now_ms, out)
		                   : rest(tx, &look, now_ms, out);
	if (!err)
		err = price_considered(tx, &look, now_ms);
	supply_look_free(&look);
	return err;
}

enum err supply_consider_meter(struct tx *tx, int64_t property_id, int64_t meter, int64_t now_ms,
                               struct effects *out)
{
	struct account_meter use;
	struct supply_meter row;
	enum err err = account_meter_at(tx->db, property_id, meter, now_ms / 1000, &use);

	if (err == ERR_NOT_FOUND) {
		/* Its use has ended, and with it each reason to open it. */
		err = supply_meter_get(tx->db, property_id, meter, &row);
		if (err || (row.want != SUPPLY_OPEN && row.want != SUPPLY_REMIND))
			return err;
		return supply_want_set(tx, &row, SUPPLY_NOTHING, SUPPLY_BECAUSE_PERSON,
		                       row.account_id, now_ms, out);
	}
	if (!err)
		err = supply_meter_get(tx->db, property_id, meter, &row);
	/* Another customer: he is not cut for the one before him. */
	if (!err && (row.want == SUPPLY_OPEN || row.want == SUPPLY_REMIND) &&
	    row.account_id != use.account_id)
		err = supply_want_set(tx, &row, SUPPLY_NOTHING, SUPPLY_BECAUSE_PERSON,
		                      use.account_id, now_ms, out);
	return err ? err : supply_consider(tx, property_id, use.account_id, false, now_ms, out);
}

enum err supply_notice_anew(struct tx *tx, int64_t property_id, int64_t account_id, int64_t now_ms)
{
	struct supply_look look;
	int64_t notice_s;
	enum err err = supply_look(tx, property_id, account_id, now_ms, &look);

	if (!err && look.decides) {
		notice_s = later(look.limits.grace_s, NOTICE_ANEW_S);
		if (look.memory.memory.state >= BALANCE_GRACE)
			look.memory.memory.state = BALANCE_OVERDRAFT;
		look.memory.memory.told &=
		        (uint8_t) ~(BALANCE_TOLD(BALANCE_GRACE) | BALANCE_TOLD(BALANCE_CUT));
		look.memory.memory.cut_at_s = look.memory.announced_s = 0;
		look.memory.not_before_s = now_ms / 1000 + notice_s;
		look.memory.episode++;
		err = supply_account_put(tx->db, &look.memory);
	}
	supply_look_free(&look);
	return err;
}

/* ---- what to show ---- */

static const char *const room_states[] = {
        [ROOM_NOT_OPENED] = "not-opened",
        [ROOM_SUSPENDED] = "suspended",
        [ROOM_OPEN] = "open",
        [ROOM_ALARM1] = "alarm-1",
        [ROOM_ALARM2] = "alarm-2",
        [ROOM_OVERDRAFT] = "overdraft",
        [ROOM_GRACE] = "grace",
        [ROOM_CUT] = "cut",
        [ROOM_KEEP_POWER] = "keep-power",
        [ROOM_FORCED_TRIP] = "forced-trip",
        [ROOM_LOST] = "lost",
};

_Static_assert(ARRAY_SIZE(room_states) == ROOM_STATES, "each has a word");

const char *room_state_word(enum room_state state)
{
	assert(state < ROOM_STATES);
	return room_states[state];
}

bool room_state_parse(const char *word, enum room_state *state)
{
	for (size_t i = 0; i < ROOM_STATES; i++)
		if (strcmp(room_states[i], word) == 0) {
			*state = (enum room_state)i;
			return true;
		}
	return false;
}

static enum room_state by_balance(const struct supply_use *use)
{
	switch (use->account.memory.state) {
	case BALANCE_GOOD:
		return ROOM_OPEN;
	case BALANCE_ALARM1:
		return ROOM_ALARM1;
	case BALANCE_ALARM2:
		return ROOM_ALARM2;
	case BALANCE_GRACE:
		return ROOM_GRACE;
	case BALANCE_OVERDRAFT:
	case BALANCE_CUT: /* decided, and not done: marked, stopped, or waiting for people */
		break;
	}
	return ROOM_OVERDRAFT;
}

enum room_state room_state_of(const struct supply_use *use, int64_t now_s)
{
	const struct supply_meter *meter = &use->meter;

	if (use->account_state != ACCOUNT_OPEN && use->account_state != ACCOUNT_SUSPENDED &&
	    use->account_state != ACCOUNT_CLOSING)
		return ROOM_NOT_OPENED;
	if (meter->mode == SUPPLY_FORCED_TRIP)
		return ROOM_FORCED_TRIP;
	if (meter->mode == SUPPLY_KEEP_POWER && supply_spared(meter, now_s))
		return ROOM_KEEP_POWER;
	if (use->account_state == ACCOUNT_SUSPENDED)
		return ROOM_SUSPENDED;
	if (meter->opened == SUPPLY_OPENED || use->cut)
		return ROOM_CUT;
	return use->lost ? ROOM_LOST : by_balance(use);
}

enum err supply_days_left(struct db *db, const struct property_row *property,
                          const struct account_row *account, struct money available, int64_t now_ms,
                          int32_t *tenths)
{
	int64_t today = property_day(property, now_ms / 1000);
	int64_t opened = property_day(property, account->opened_s);
	int64_t days = today - opened < DAYS_LEFT_DAYS ? today - opened : DAYS_LEFT_DAYS;
	struct money cost;
	enum err err;

	/* On its first day an account has no whole one: what it has used of this one stands for it. */
	if (days < 1)
		err = supply_cost(db, account->property_id, account->account_id, today, today + 1,
		                  &cost);
	else
		err = supply_cost(db, account->property_id, account->account_id, today - days,
		                  today, &cost);
	if (!err)
		*tenths = balance_days_left(available, cost, days < 1 ? 1 : (unsigned)days);
	return err;
}
