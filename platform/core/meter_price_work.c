/* Prices and limits on their way into meters: what is due becomes a command. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/crc.h"
#include "libs/proto/event.h"
#include "platform/core/event_note.h"
#include "platform/core/meter_price.h"
#include "platform/core/purse_look.h"
#include "platform/core/topup.h"
#include "platform/store/charge.h"
#include "platform/store/log.h"

#define AT_ONCE  64
#define GRACE_MS 30000 /* a command that has ended was told; this long after it is too late */
#define LOOK_MS  60000 /* what passes by itself is looked at again */
#define FAULT_MS 3600000

/* ---- what it is to have ---- */

static void begin_use(struct meter_price *row, const struct price_want *want)
{
	row->account_id = want->account_id;
	row->use_from_s = want->use_from_s;
	row->start_s = row->own_start_s = 0;
	row->now_version = row->next_version = 0;
	row->refused = row->refused_for = row->tries = 0;
	row->waits = row->differs_fen = row->compared_ms = 0;
	row->versions = row->timed = 0;
}

static void take_images(struct meter_price *row, const struct price_want *want)
{
	if (want->now.version && want->now.version != row->now_version) {
		row->versions++;
		row->lines = want->now.lines > row->lines ? want->now.lines : row->lines;
		row->timed |= want->now.timed;
	}
	row->now_version = want->now.version;
	row->now_tariff = want->now.tariff_version_id;
	if (want->now.version)
		row->now_from_s = want->now.valid_from_s;
	row->next_version = want->next.version;
	row->next_tariff = want->next.tariff_version_id;
	row->next_from_s = want->next.valid_from_s;
	row->next_why = want->next_why;
}

/* A void on its way changes the total that what was spent is worked out from; and whoever lost his purse gets that back
 * first. */
static enum err is_purse_sure(struct db *db, const struct meter_price *row, bool *sure)
{
	struct meter_purse purse;
	struct topup_row topup;
	enum err err = meter_purse_get(db, row->property_id, row->meter, &purse);

	*sure = true;
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	err = topup_under_way(db, row->property_id, row->meter, &topup);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (!err)
		*sure = topup.kind != TOPUP_VOID;
	else
		*sure = !purse.read_ms || (purse.count == purse.meter_count &&
		                           purse.total_fen == purse.meter_total_fen);
	if (row->erased_ms && purse.read_ms <= row->erased_ms)
		*sure = false;
	return ERR_NONE;
}

/* Charging begins where ours stands. */
static enum err take_start(struct db *db, struct meter_price *row)
{
	struct rating_row rating;
	int64_t fen, at_s;
	bool sure;
	enum err err = is_purse_sure(db, row, &sure);

	if (!err && !sure)
		row->why = PRICE_PURSE;
	if (err || !sure)
		return err;
	err = rating_get(db, row->property_id, row->meter, &rating);
	if (err == ERR_NOT_FOUND ||
	    (!err && (rating.account_id != row->account_id || rating.fault ||
	              rating.billed_s == row->last_start_s))) {
		row->why = PRICE_RATING;
		return ERR_NONE;
	}
	if (!err)
		err = price_spent(db, row->property_id, row->meter, &fen, &at_s);
	if (err)
		return err;
	row->start_s = row->last_start_s = at_s;
	row->start_wh = rating.billed_units;
	row->start_spent_fen = fen > 0 ? fen : 0;
	row->start_step_wh = rating.step_used;
	row->versions = 1;
	row->spent_fen = row->start_spent_fen;
	row->waits = row->differs_fen = row->compared_ms = 0;
	row->erased_ms = 0;
	return ERR_NONE;
}

static enum err take_want(struct db *db, struct meter_price *row, const struct price_want *want)
{
	struct credit_args limits;
	enum err err = ERR_NONE;

	if (row->account_id != want->account_id || row->use_from_s != want->use_from_s)
		begin_use(row, want);
	take_images(row, want);
	row->why = want->why;
	if (row->refused_for && row->refused_for != row->now_version &&
	    row->refused_for != row->next_version && row->refused_for != row->limits_version)
		row->refused = row->refused_for = 0;
	if (row->refused_for && row->refused_for == row->next_version)
		row->next_why = PRICE_REFUSED;
	else if (row->refused_for && row->why == PRICE_HANDED)
		row->why = PRICE_REFUSED;
	if (row->why == PRICE_HANDED && !row->start_s)
		err = take_start(db, row);
	if (row->why != PRICE_HANDED)
		row->start_s = 0;
	if (!row->start_s && row->why != PRICE_REFUSED)
		row->limits_version = 0;
	if (row->start_s) {
		price_limits(row, &want->limits, &limits);
		row->limits_version = limits.version;
	}
	return err;
}

/* ---- people ---- */

static enum err tell_fault(struct tx *tx, const struct meter_price *row, enum price_why why,
                           int64_t of, int64_t now_ms, struct effects *out)
{
	struct event_row event = {.property_id = row->property_id,
	                          .meter = row->meter,
	                          .kind = EVENT_PRICE_UNFIT,
	                          .detail = why,
	                          .value = of,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};

	if (!price_is_fault(why))
		return ERR_NONE;
	snprintf(event.source, sizeof event.source, "price:%lld:%d:%lld:%lld",
	         (long long)row->meter, (int)why, (long long)of, (long long)row->use_from_s);
	return event_note(tx, &event, out);
}

static enum err tell_faults(struct tx *tx, const struct meter_price *row, int64_t now_ms,
                            struct effects *out)
{
	enum err err =
	        tell_fault(tx, row, (enum price_why)row->why,
	                   row->why == PRICE_REFUSED ? row->refused : row->now_tariff, now_ms, out);

	return err ? err
	           : tell_fault(tx, row, (enum price_why)row->next_why, row->next_tariff, now_ms,
	                        out);
}

/* ---- both sums ---- */

static enum err compare(struct tx *tx, struct meter_price *row, int64_t now_ms, struct effects *out)
{
	struct event_row event = {.property_id = row->property_id,
	                          .meter = row->meter,
	                          .kind = EVENT_SPENT_DIFFERS,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};
	int64_t fen, at_s;
	struct topup_row topup;
	enum err err;

	if (!row->waits || !row->start_s)
		return ERR_NONE;
	err = topup_under_way(tx->db, row->property_id, row->meter, &topup);
	if (err != ERR_NOT_FOUND)
		return err;
	err = price_spent(tx->db, row->property_id, row->meter, &fen, &at_s);
	if (err || at_s < row->spent_s)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	row->waits = 0;
	row->spent_fen = row->told_fen;
	row->ours_fen = fen;
	row->ours_s = at_s;
	row->compared_ms = now_ms;
	row->differs_fen = row->spent_fen > fen               ? row->spent_fen - fen
	                   : row->spent_fen < row->before_fen ? row->spent_fen - row->before_fen
	                                                      : 0;
	if (!price_is_beyond(row))
		return ERR_NONE;
	event.value = row->differs_fen;
	snprintf(event.source, sizeof event.source, "spent:%lld:%lld", (long long)row->meter,
	         (long long)row->start_s);
	return event_note(tx, &event, out);
}

/* ---- out ---- */

static const struct price_image *image_of(const struct price_want *want, uint32_t version)
{
	return version == want->now.version ? &want->now : &want->next;
}

static void fill(struct command_request *request, const struct meter_price *row,
                 const struct price_want *want, const struct price_choice *choice)
{
	const struct price_image *image = image_of(want, choice->version);

	request->price.version = choice->version;
	switch (choice->move) {
	case PRICE_PART:
		request->kind = COMMAND_PRICE_PART;
		request->price.at = choice->at;
		request->price.len = choice->len;
		request->price.part = image->bytes + choice->at;
		break;
	case PRICE_WHOLE:
		request->kind = COMMAND_PRICE;
		request->price.valid_from_s = (uint32_t)image->valid_from_s;
		request->price.len = (uint16_t)image->len;
		request->price.crc32 = crc32_ieee(0, image->bytes, image->len);
		break;
	case PRICE_LIMITS:
		request->kind = COMMAND_CREDIT;
		price_limits(row, &want->limits, &request->credit);
		break;
	case PRICE_OFF:
		request->kind = COMMAND_CREDIT;
		request->credit.version = PRICE_LIMITS_OFF;
		break;
	case PRICE_REST:
	case PRICE_WAIT:
		break;
	}
}

static enum err make(struct tx *tx, const struct price_work *work, struct meter_price *row,
                     const struct price_want *want, const struct price_choice *choice,
                     int64_t now_ms, struct effects *out)
{
	struct command_request request = {
	        .actor = {.who = "platform", .origin = "price", .local = true},
	        .rules = work->rules,
	        .meter = row->meter,
	};
	enum err err;

	snprintf(request.actor.reason, sizeof request.actor.reason, "version %08" PRIx32,
	         choice->version);
	fill(&request, row, want, choice);
	err = command_create_step(tx, &request, now_ms, out);
	if (err)
		return err;
	row->command_id = request.row.command_id;
	row->next_ms = request.row.expires_s * 1000 + GRACE_MS;
	if (choice->move == PRICE_LIMITS)
		row->sent_limits = choice->version;
	return ERR_NONE;
}

/* In a part of its own: what cannot be given now is tried later, and others are not held up. */
static enum err give(struct tx *tx, const struct price_work *work, struct meter_price *row,
                     const struct price_want *want, const struct price_choice *choice,
                     int64_t now_ms, struct effects *out)
{
	size_t part;
	enum err err, end = tx_part_begin(tx, out, &part);

	if (end)
		return end;
	err = make(tx, work, row, want, choice, now_ms, out);
	end = tx_part_end(tx, part, err, out);
	if (!end && err)
		row->next_ms = now_ms + LOOK_MS;
	return end;
}

static enum err read_facts(struct db *db, const struct meter_price *row,
                           const struct price_want *want, struct price_facts *facts)
{
	struct command_row command = {.stage = STAGE_EXPIRED};
	enum err err = row->command_id ? command_get(db, row->command_id, &command) : ERR_NONE;

	*facts = (struct price_facts){
	        .busy = !stage_final(command.stage),
	        .hand_over = row->why == PRICE_HANDED,
	        .now = (uint32_t)row->now_version,
	        .next = (uint32_t)row->next_version,
	        .limits = (uint32_t)row->limits_version,
	        .now_len = (uint16_t)want->now.len,
	        .next_len = (uint16_t)want->next.len,
	        .read = {(uint32_t)row->read_price, (uint32_t)row->read_next,
	                 (uint32_t)row->read_limits},
	        .sent_limits = (uint32_t)row->sent_limits,
	        .part_version = (uint32_t)row->part_version,
	        .part_at = (uint16_t)row->part_at,
	        .refused_for = (uint32_t)row->refused_for,
	        .ask = row->ask,
	};
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t look_again_ms(const struct meter_price *row, int64_t now_ms)
{
	int64_t next_ms = now_ms + PRICE_ASK_MS;

	if (row->why == PRICE_HANDED && row->read_ms && row->read_ms <= now_ms)
		next_ms = row->read_ms + PRICE_ASK_MS;
	if (row->next_from_s)
		next_ms = least(next_ms, row->next_from_s * 1000);
	if (row->why == PRICE_PURSE || row->why == PRICE_RATING)
		next_ms = least(next_ms, now_ms + LOOK_MS);
	if (price_is_fault((enum price_why)row->why))
		next_ms = least(next_ms, now_ms + FAULT_MS);
	return next_ms > now_ms ? next_ms : now_ms + LOOK_MS;
}

/* ---- a look at one ---- */

static enum err look(struct tx *tx, const struct price_work *work, struct meter_price *row,
                     int64_t now_ms, struct effects *out)
{
	bool was_own = price_confirmed(row), lost;
	int64_t account_id = row->account_id;
	struct price_facts facts;
	struct price_choice choice;
	struct price_want want;
	enum err err = price_wanted(tx, row, now_ms, &want);

	if (!err)
		err = take_want(tx->db, row, &want);
	if (!err)
		err = tell_faults(tx, row, now_ms, out);
	if (!err)
		err = compare(tx, row, now_ms, out);
	if (row->why == PRICE_HANDED && row->read_ms && now_ms >= row->read_ms + PRICE_ASK_MS)
		row->ask = 1;
	if (!err)
		err = read_facts(tx->db, row, &want, &facts);
	if (err)
		return err;
	choice = price_choose(&facts);
	if (choice.move == PRICE_REST)
		row->next_ms = look_again_ms(row, now_ms);
	else if (choice.move == PRICE_WAIT)
		row->next_ms = now_ms + GRACE_MS;
	else
		err = give(tx, work, row, &want, &choice, now_ms, out);
	lost = was_own && !price_confirmed(row);
	if (!err && lost)
		err = price_take_back(tx, row, now_ms);
	if (!err)
		err = meter_price_put(tx->db, row);
	if (!err && lost) {
		err = supply_consider(tx, row->property_id, account_id, false, now_ms, out);
		if (err == ERR_NOT_FOUND)
			err = ERR_NONE;
	}
	return err;
}

/* In a part of its own: what cannot be known of one meter holds up no other. */
static enum err look_apart(struct tx *tx, const struct price_work *work, struct meter_price *row,
                           int64_t now_ms, struct effects *out)
{
	struct meter_price before = *row;
	size_t part;
	enum err err, end = tx_part_begin(tx, out, &part);

	if (end)
		return end;
	err = look(tx, work, row, now_ms, out);
	end = tx_part_end(tx, part, err, out);
	if (end || !err)
		return end;
	log_warn("meter %lld: its prices: %s", (long long)row->meter, err_text(err));
	before.next_ms = now_ms + FAULT_MS;
	return meter_price_put(tx->db, &before);
}

struct due {
	struct meter_price row[AT_ONCE];
	size_t count;
};

static bool take_due(void *arg, const struct meter_price *row)
{
	struct due *due = arg;

	due->row[due->count++] = *row;
	return due->count < AT_ONCE;
}

enum err price_work_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct price_work *work = arg;
	struct due due = {.count = 0};
	enum err err = meter_price_due(tx->db, now_ms, AT_ONCE, take_due, &due);

	if (!err && due.count)
		err = tx_open(tx);
	for (size_t i = 0; !err && i < due.count; i++)
		err = look_apart(tx, work, &due.row[i], now_ms, out);
	return err;
}
