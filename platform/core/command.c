#include "platform/core/command.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/proto/command.h"
#include "libs/proto/event.h"
#include "libs/proto/meter.h"
#include "platform/core/access.h"
#include "platform/core/clock_trust.h"
#include "platform/core/event_note.h"
#include "platform/core/keys.h"
#include "platform/core/meter_price.h"
#include "platform/core/metrics.h"
#include "platform/core/supply.h"
#include "platform/core/topup.h"
#include "platform/store/event.h"
#include "platform/store/info.h"
#include "platform/store/log.h"

#define OPEN_MAX        16    /* commands of one meter that may wait */
#define OUTBOX_MAX      4096  /* open commands looked at in one step */
#define ANSWER_GRACE_MS 10000 /* a gateway's last word on an expired command may take so long */
#define TIME_EXPIRY_S   30    /* a terminal refuses a time that is older */
#define OPEN_CURRENT_MA 50    /* below this no current flows */
#define COUNTER_LEAP    65536 /* commands that a terminal may be ahead of an old store */

/* Marks in command_row.relay beside the six bits of the signed result: what the read-back said,
 * which may come before the result. */
#define READ_BACK_GOOD (1u << 16)
#define READ_BACK_BAD  (1u << 17)
/* And of one that has not left: a time command may go before it. */
#define WAITS_FOR_CLOCK (1u << 18)

/* ---- reasons ---- */

static const struct {
	uint32_t code;
	const char *en, *zh;
} reasons[] = {
        {REASON_NONE,                                           "",                                        ""                                 },
        {REASON_BAD_MAC,                                        "signature wrong",                         "签名错误"                     },
        {REASON_COUNTER,                                        "counter not greater than the last",       "命令计数不大于上次"      },
        {REASON_EXPIRED,                                        "expired at the terminal",                 "到达终端时已过期"         },
        {REASON_CLOCK_NOT_SET,                                  "the terminal's clock is not set",         "终端时钟未设置"            },
        {REASON_UNKNOWN_KIND,                                   "the terminal does not know this command", "终端不支持该命令"         },
        {REASON_BAD_ARGUMENTS,                                  "arguments refused",                       "参数不正确"                  },
        {REASON_KEEP_POWER,                                     "keep-power is in force",                  "保电生效中"                  },
        {REASON_FORCED_TRIP,                                    "a forced trip is in force",               "强制分闸生效中"            },
        {REASON_STALE_TIME,                                     "the time came too late",                  "校时信息已过时"            },
        {REASON_CONTACT,                                        "the contact did not move",                "触点未动作"                  },
        {REASON_KEY_VERSION,                                    "key version differs",                     "密钥版本不一致"            },
        {REASON_STORE,                                          "the terminal could not store it",         "终端存储故障"               },
        {REASON_SUPERSEDED,                                     "a later command took its place",          "已被后续命令取代"         },
        {REASON_BUSY,                                           "the terminal is busy",                    "终端忙"                        },
        {REASON_NOT_YET_VALID,                                  "issued in the future",                    "签发时间在未来"            },
        {REASON_PURCHASE_REPEATED,                              "this purchase was taken before",          "该次购电已入表"            },
        {REASON_PURCHASE_MISSING,                               "an earlier purchase has not come",        "缺少前一次购电"            },
        {REASON_PURCHASE_DIFFERS,                               "the totals of both sides differ",         "表计与平台累计购电不符"},
        {REASON_PURCHASE_SHORT,                                 "more than is left in the meter",          "超过表内剩余金额"         },
        {REASON_HOARDING,                                       "above the hoarding limit",                "超过囤积金额限值"         },
        {REASON_NO_CREDIT,                                      "tripped for money: only money closes it", "欠费分闸：仅充值可合闸"},
        {REASON_PRICE_MISSING,                                  "a part of the price has not come",        "费率数据不完整"            },
        {REASON_PRICE_UNFIT,                                    "the meter cannot hold this price",        "表计不支持该费率"         },
        {COMMAND_REASON_GATEWAY_EXPIRED,                        "no answer before it expired",             "过期前未收到应答"         },
        {COMMAND_REASON_NO_ANSWER,                              "the terminal did not answer",             "终端无应答"                  },
        {COMMAND_REASON_NOT_VERIFIED,                           "executed but not read back",              "已执行但未回读"            },
        {COMMAND_REASON_READ_BACK,                              "contact or current contradict it",        "回读的触点或电流不符"   },
        {COMMAND_REASON_UNSENT,                                 "no gateway received it in time",          "网关未及时收到"            },
        {COMMAND_REASON_RECALLED,                               "taken back: its reason has gone",         "已撤回：原因已消除"      },
        {COMMAND_REASON_GATEWAY + UPLINK_COMMAND_UNKNOWN_METER,
         "the gateway does not have this meter",                                                           "网关无此表计"               },
        {COMMAND_REASON_GATEWAY + UPLINK_COMMAND_TRIP_LIMIT,    "the gateway's trip limit is reached",
         "达到网关拉闸限额"                                                                                                           },
        {COMMAND_REASON_GATEWAY + UPLINK_COMMAND_OFFLINE,       "the terminal is offline",                 "终端离线"                     },
        {COMMAND_REASON_GATEWAY + UPLINK_COMMAND_MALFORMED,     "the gateway could not read it",
         "网关无法识别"                                                                                                                 },
};

const char *command_reason_text(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].en;
	return "unknown reason";
}

const char *command_reason_text_zh(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].zh;
	return "未知原因";
}

/* ---- creation ---- */

/* Money goes into meters by its own rules only. */
static bool kind_offered(const struct command_request *r)
{
	if (r->kind == COMMAND_RECHARGE || r->kind == COMMAND_PURSE_VOID)
		return r->purse.count > 0;
	if (r->kind == COMMAND_PRICE_PART || r->kind == COMMAND_PRICE)
		return r->price.version > 0;
	if (r->kind == COMMAND_CREDIT)
		return r->credit.version > 0;
	return r->kind >= COMMAND_TRIP && r->kind <= COMMAND_TIME;
}

/* What makes a repeat of a request the same request. */
static int64_t request_hash(const struct command_request *r)
{
	uint8_t bytes[8 + 1 + 8 + 2], digest[8];
	static const uint8_t key[crypto_shorthash_KEYBYTES];

	put_le64(bytes, (uint64_t)r->meter);
	bytes[8] = r->kind;
	put_le64(bytes + 9, (uint64_t)r->until_s);
	put_le16(bytes + 17, r->delay_max_s);
	crypto_shorthash(digest, bytes, sizeof bytes, key);
	return (int64_t)get_le64(digest);
}

static enum err terminal_key(const struct tx *tx, const struct terminal_row *t,
                             struct command_key *key)
{
	if (!t->key_known || !tx->keys || chip_parse(t->chip, key->chip))
		return ERR_AUTH;
	return keys_unwrap(tx->keys, t->chip, t->key_wrapped, key->key);
}

static enum err sign(struct tx *tx, const struct command_request *r, struct terminal_row *t,
                     struct command_row *row, int64_t now_ms)
{
	struct command_args args = {.delay_max_s = r->delay_max_s,
	                            .until_s = (uint32_t)r->until_s,
	                            .unix_ms = (uint64_t)now_ms,
	                            .boot = r->want_boot,
	                            .uptime_s = r->want_uptime_s,
	                            .count = r->purse.count,
	                            .amount_fen = r->purse.amount_fen,
	                            .total_fen = r->purse.total_fen,
	                            .price = r->price,
	                            .credit = r->credit};
	struct command cmd = {.key_version = t->key_version,
	                      .counter = t->counter + 1,
	                      .kind = r->kind,
	                      .issued_s = (uint32_t)(now_ms / 1000),
	                      .expires_s = (uint32_t)row->expires_s};
	struct command_key key;
	enum err err;

	if (t->counter == UINT32_MAX)
		return ERR_OVERFLOW; /* a command each second for 136 years */
	err = terminal_key(tx, t, &key);
	if (!err)
		err = command_args_encode(&cmd, &args);
	if (!err)
		err = command_encode(&cmd, &key, row->body, sizeof row->body, &row->body_len);
	sodium_memzero(&key, sizeof key);
	row->counter = cmd.counter;
	return err ? err : terminal_set_counter(tx->db, t->property_id, t->chip, cmd.counter);
}

static enum err effect_send(struct effects *out, const struct command_row *row)
{
	struct effect *effect = effects_add(out, EFFECT_SEND);

	if (!effect)
		return ERR_NOMEM;
	effect->u.command = *row;
	out->hurry = true;
	return ERR_NONE;
}

static enum err note_command(struct tx *tx, const struct command_request *r, int64_t now_ms)
{
	char action[48], object[64], detail[96];

	/* Time is set by the platform itself, dozens of times a day; money and prices have their own records. */
	if (r->purse.count || command_is_of_credit(r->kind) ||
	    (r->kind == COMMAND_TIME && strcmp(r->actor.who, "platform") == 0))
		return ERR_NONE;
	snprintf(action, sizeof action, "command.%s", command_kind_word(r->kind));
	snprintf(object, sizeof object, "meter %lld", (long long)r->meter);
	snprintf(detail, sizeof detail, "command %lld, counter %u", (long long)r->row.command_id,
	         (unsigned)r->row.counter);
	return audit_note(tx, &r->actor, r->row.property_id, action, object, detail, now_ms);
}

/* ERR_NOT_FOUND: the key is new. */
static enum err find_repeated(struct tx *tx, struct command_request *r, int64_t property_id)
{
	enum err err;

	if (!r->idempotency_key[0])
		return ERR_NOT_FOUND;
	err = command_by_idempotency(tx->db, property_id, r->idempotency_key, &r->row);
	if (err)
		return err;
	r->repeated = true;
	return r->row.request_hash == request_hash(r) ? ERR_NONE : ERR_CONFLICT;
}

static bool until_valid(const struct command_request *r, int64_t now_ms)
{
	if (r->until_s == 0)
		return true;
	return r->kind == COMMAND_KEEP_POWER && r->until_s > now_ms / 1000 &&
	       r->until_s <= UINT32_MAX;
}

static enum err put_into_queue(struct tx *tx, struct command_request *r, int64_t property_id,
                               int64_t now_ms, struct effects *out)
{
	struct supply_held held = {.property_id = property_id,
	                           .meter = r->meter,
	                           .path = r->batch_id ? PATH_BATCH : PATH_SINGLE,
	                           .batch_id = r->batch_id,
	                           .position = r->position,
	                           .user_id = r->actor.user_id,
	                           .key_id = r->actor.key_id,
	                           .expiry_s = r->rules.expiry_s,
	                           .resend_ms = r->rules.resend_ms,
	                           .clock_wait_ms = r->rules.clock_wait_ms};
	enum err err;

	snprintf(held.by_name, sizeof held.by_name, "%s", r->actor.who);
	snprintf(held.by_origin, sizeof held.by_origin, "%s", r->actor.origin);
	snprintf(held.reason, sizeof held.reason, "%s", r->actor.reason);
	err = supply_hold(tx, &held, now_ms, out);
	r->held_id = held.held_id;
	return err;
}

/* Whoever wants to open a meter: not one that is never cut, and not more at once than the property
 * allows without a second person. */
static enum err may_open(struct tx *tx, struct command_request *r, int64_t property_id,
                         int64_t now_ms, struct effects *out)
{
	struct supply_meter supply;
	bool room = true;
	enum err err = supply_meter_get(tx->db, property_id, r->meter, &supply);

	if (!err && supply.mark != MARK_NONE)
		return ERR_CLOSED;
	if (!err && !r->act_id && !r->agreed)
		err = supply_guard(tx, property_id, r->meter, now_ms, &room);
	if (err || room)
		return err;
	return r->may_wait ? put_into_queue(tx, r, property_id, now_ms, out) : ERR_FULL;
}

static enum err find_meter(struct tx *tx, const struct command_request *r, struct meter_row *meter,
                           int64_t now_ms)
{
	struct place place;
	enum err err = meter_by_number(tx->db, r->meter, meter);

	if (!err)
		err = place_of_object(tx->db, meter->property_id, meter->space_id, &place);
	return err ? err : access_require(tx, &r->actor, PERMISSION_METER_COMMAND, &place, now_ms);
}

enum err command_hold_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct command_request *r = arg;
	struct meter_row meter;
	enum err err = find_meter(tx, r, &meter, now_ms);

	return err ? err : put_into_queue(tx, r, meter.property_id, now_ms, out);
}

/* ---- a terminal without time ---- */

/* Nothing was ever sent to a terminal that was just adopted, not even the time; what a person orders
 * then would be refused because its clock is not set. It waits for the time command, for a while. */
static bool waits_for_clock(const struct command_row *row, const struct command_rules *rules,
                            int64_t now_ms)
{
	return row->stage == STAGE_QUEUED && row->relay & WAITS_FOR_CLOCK &&
	       now_ms >= row->created_ms && now_ms - row->created_ms < rules->clock_wait_ms;
}

/* Open commands of a meter, oldest first. */
struct line {
	struct command_row row[OPEN_MAX];
	size_t count;
};

static void stand_in_line(void *arg, const struct command_row *row)
{
	struct line *line = arg;

	if (line->count < ARRAY_SIZE(line->row))
		line->row[line->count++] = *row;
}

/* May a time command go before all that is open? Then none of it has left. */
static enum err time_goes_first(struct tx *tx, const struct command_request *r, int64_t property_id,
                                struct line *line, int64_t now_ms)
{
	enum err err = command_list_open_of(tx->db, property_id, r->meter, stand_in_line, line);

	if (err)
		return err;
	return line->count && waits_for_clock(&line->row[0], &r->rules, now_ms) ? ERR_NONE
	                                                                        : ERR_REFUSED;
}

/* What the time command went before gets counters above its own: a terminal takes rising ones only. */
static enum err sign_again(struct tx *tx, const struct terminal_row *t, struct line *line,
                           uint32_t counter)
{
	struct command_key key;
	enum err err = terminal_key(tx, t, &key);

	for (size_t i = 0; !err && i < line->count; i++) {
		struct command_row *row = &line->row[i];
		struct command cmd;

		if (counter == UINT32_MAX)
			err = ERR_OVERFLOW;
		if (!err)
			err = command_open(row->body, row->body_len, &key, &cmd);
		cmd.counter = row->counter = ++counter;
		if (!err)
			err = command_encode(&cmd, &key, row->body, sizeof row->body,
			                     &row->body_len);
		if (!err)
			err = command_set_body(tx->db, row);
	}
	sodium_memzero(&key, sizeof key);
	return err || !line->count ? err
	                           : terminal_set_counter(tx->db, t->property_id, t->chip, counter);
}

enum err command_create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct command_request *r = arg;
	struct command_row *row = &r->row;
	struct terminal_row terminal;
	struct meter_row meter;
	struct line line = {.count = 0};
	int64_t open;
	enum err err;

	r->repeated = false;
	r->held_id = 0;
	if (!kind_offered(r) || !until_valid(r, now_ms))
		return ERR_BAD_INPUT;
	err = find_meter(tx, r, &meter, now_ms);
	if (err)
		return err;
	err = find_repeated(tx, r, meter.property_id);
	if (err != ERR_NOT_FOUND)
		return err;
	err = terminal_get(tx->db, meter.property_id, meter.chip, &terminal);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_AUTH : err;
	err = command_count_open(tx->db, meter.property_id, meter.meter, &open);
	if (err)
		return err;
	if (open >= OPEN_MAX)
		return ERR_REFUSED;
	if (r->kind == COMMAND_TIME && open > 0)
		err = time_goes_first(tx, r, meter.property_id, &line, now_ms);
	if (!err && r->kind == COMMAND_TIME)
		err = clock_may_sign(tx->db, r->clock_disputed_ms, now_ms);
	if (!err && r->kind == COMMAND_TRIP)
		err = may_open(tx, r, meter.property_id, now_ms, out);
	if (err || r->held_id)
		return err;

	memset(row, 0, sizeof *row);
	err = sequence_next(tx->db, "command", &row->command_id);
	if (err)
		return err;
	row->property_id = meter.property_id;
	row->meter = meter.meter;
	row->gateway_id = meter.gateway_id;
	row->kind = r->kind;
	row->until_s = r->until_s;
	row->request_hash = request_hash(r);
	row->act_id = r->act_id;
	row->created_ms = now_ms;
	row->expires_s =
	        now_ms / 1000 + (r->kind == COMMAND_TIME ? TIME_EXPIRY_S : r->rules.expiry_s);
	row->next_send_ms = now_ms + r->rules.resend_ms;
	row->stages[STAGE_QUEUED].at_ms = now_ms;
	if (r->kind != COMMAND_TIME && r->rules.clock_wait_ms && open == 0 && !terminal.counter)
		row->relay = WAITS_FOR_CLOCK;
	snprintf(row->chip, sizeof row->chip, "%s", meter.chip);
	snprintf(row->by_name, sizeof row->by_name, "%s", r->actor.who);
	snprintf(row->reason, sizeof row->reason, "%s", r->actor.reason);
	snprintf(row->idempotency_key, sizeof row->idempotency_key, "%s", r->idempotency_key);
	err = sign(tx, r, &terminal, row, now_ms);
	if (!err)
		err = command_insert(tx->db, row);
	if (!err)
		err = note_command(tx, r, now_ms);
	if (!err)
		err = effects_command(out, row);
	if (!err)
		err = supply_command_made(tx, row, now_ms, out);
	if (!err)
		err = sign_again(tx, &terminal, &line, row->counter);
	/* One in flight per meter: the next one leaves when this one is settled. */
	if (!err && (open == 0 || line.count) && !(row->relay & WAITS_FOR_CLOCK))
		err = effect_send(out, row);
	if (!err)
		metric_add(METRIC_COMMANDS, 1);
	return err;
}

/* ---- stages ---- */

struct next_of {
	bool found, time; /* time: such a command is open, and goes before all others */
	struct command_row row;
};

static void first_of_meter(void *arg, const struct command_row *row)
{
	struct next_of *next = arg;

	next->time |= row->kind == COMMAND_TIME;
	if (next->found || row->stage > STAGE_SENT)
		return;
	next->found = true;
	next->row = *row;
}

static enum err send_next(struct tx *tx, const struct command_row *settled, struct effects *out)
{
	struct next_of next = {.found = false};
	enum err err = command_list_open_of(tx->db, settled->property_id, settled->meter,
	                                    first_of_meter, &next);

	if (err || !next.found || (next.time && next.row.kind != COMMAND_TIME))
		return err;
	if (next.row.relay & WAITS_FOR_CLOCK) {
		next.row.relay &= ~WAITS_FOR_CLOCK;
		err = command_update(tx->db, &next.row);
	}
	return err ? err : effect_send(out, &next.row);
}

/* Move a command to `stage`; the first reason and time of a stage stay. */
static enum err move(struct tx *tx, struct command_row *row, enum stage stage, uint32_t reason,
                     int64_t now_ms, struct effects *out)
{
	enum err err;

	row->stage = stage;
	row->reason_code = reason;
	if (row->stages[stage].at_ms == 0) {
		row->stages[stage].at_ms = now_ms;
		row->stages[stage].reason_code = reason;
	}
	err = tx_open(tx);
	if (!err)
		err = command_update(tx->db, row);
	if (!err)
		err = effects_command(out, row);
	if (!err && (stage == STAGE_EXECUTED || stage_final(stage)))
		err = supply_command_moved(tx, row, now_ms, out);
	if (!err && stage_final(stage) && reason >= COMMAND_REASON_GATEWAY_EXPIRED)
		err = topup_command_lost(tx, row, now_ms, out);
	if (!err && stage_final(stage) && reason >= COMMAND_REASON_GATEWAY_EXPIRED)
		err = price_command_lost(tx, row, now_ms);
	if (err || !stage_final(stage))
		return err;
	metric_add(stage == STAGE_VERIFIED ? METRIC_COMMANDS_VERIFIED : METRIC_COMMANDS_FAILED, 1);
	return send_next(tx, row, out);
}

enum err command_recall(struct tx *tx, int64_t command_id, int64_t now_ms, struct effects *out)
{
	struct command_row row;
	enum err err = command_get(tx->db, command_id, &row);

	if (err || row.stage >= STAGE_RECEIVED)
		return err;
	return move(tx, &row, STAGE_EXPIRED, COMMAND_REASON_RECALLED, now_ms, out);
}

/* Does what was read back agree with the command? */
static bool read_back_agrees(uint8_t kind, uint32_t state, int32_t current_ma)
{
	bool closed = state & METER_CONTACT_CLOSED;

	switch ((enum command_kind)kind) {
	case COMMAND_TRIP:
		return !closed && abs(current_ma) < OPEN_CURRENT_MA;
	case COMMAND_CLOSE:
		return closed && !(state & METER_FORCED_TRIP);
	case COMMAND_KEEP_POWER:
		return closed && (state & METER_KEEP_POWER);
	case COMMAND_RELEASE: /* closed, unless the meter's own balance keeps it open */
		return (closed || !(state & METER_WANT_CLOSED)) &&
		       !(state & (METER_FORCED_TRIP | METER_KEEP_POWER));
	case COMMAND_ALLOW_CLOSE:
		return closed || (state & METER_CLOSE_ALLOWED);
	case COMMAND_TIME:
		return state & METER_CLOCK_SET;
	case COMMAND_CONFIG:
	case COMMAND_RECHARGE:
	case COMMAND_PURSE_VOID:
	case COMMAND_PRICE_PART:
	case COMMAND_PRICE:
	case COMMAND_CREDIT:
		break;
	}
	return false;
}

static enum err take_read_back(struct tx *tx, struct command_row *row,
                               const struct uplink_result *result, int64_t now_ms,
                               struct effects *out)
{
	enum err err;

	if (stage_final(row->stage))
		return ERR_NONE;
	row->relay &= ~(READ_BACK_GOOD | READ_BACK_BAD);
	row->relay |= read_back_agrees(row->kind, result->state, result->current_ma)
	                      ? READ_BACK_GOOD
	                      : READ_BACK_BAD;
	if (row->stage == STAGE_EXECUTED && (row->relay & READ_BACK_GOOD))
		return move(tx, row, STAGE_VERIFIED, REASON_NONE, now_ms, out);
	/* Too early for the signed result, or not as wanted yet: the outbox decides when the time
	 * for verification is over. */
	err = tx_open(tx);
	return err ? err : command_update(tx->db, row);
}

static enum err executed(struct tx *tx, struct command_row *row, int64_t now_ms,
                         struct effects *out)
{
	enum err err = move(tx, row, STAGE_EXECUTED, REASON_NONE, now_ms, out);
	bool told = row->kind == COMMAND_RECHARGE || row->kind == COMMAND_PURSE_VOID ||
	            command_is_of_credit(row->kind);

	/* What is in a purse, and which prices, stands in the signed answer itself. */
	if (!err && (told || row->relay & READ_BACK_GOOD))
		err = move(tx, row, STAGE_VERIFIED, REASON_NONE, now_ms, out);
	return err;
}

/* Ends that were only assumed, for want of an answer: a genuine signed answer corrects them. */
static bool assumed(const struct command_row *row)
{
	return row->stage == STAGE_EXPIRED ||
	       (row->stage == STAGE_FAILED && row->reason_code == COMMAND_REASON_NO_ANSWER);
}

/* What was refused for a reason that passes, as keep-power, is obeyed when it comes again in time. */
static bool corrects(const struct command_row *row, const struct result *result)
{
	return assumed(row) || (row->stage == STAGE_REFUSED && result->outcome == COMMAND_EXECUTED);
}

static enum err forged(struct tx *tx, const struct command_row *row, int64_t gateway_id,
                       int64_t now_ms, struct effects *out)
{
	struct event_row event = {.property_id = row->property_id,
	                          .gateway_id = gateway_id,
	                          .meter = row->meter,
	                          .kind = EVENT_BAD_RESULT_MAC,
	                          .value = row->command_id,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};

	metric_add(METRIC_RESULTS_BAD, 1);
	/* One event per command: a hostile gateway cannot fill the store with them. */
	snprintf(event.source, sizeof event.source, "forged:%lld", (long long)row->command_id);
	snprintf(event.chip, sizeof event.chip, "%s", row->chip);
	return event_note(tx, &event, out);
}

/* Signature, counter and kind must be those of the command. */
static enum err open_result(struct tx *tx, const struct command_row *row,
                            const struct uplink_result *up, struct result *result)
{
	struct terminal_row terminal;
	struct command_key key;
	enum err err;

	err = terminal_get(tx->db, row->property_id, row->chip, &terminal);
	if (!err)
		err = terminal_key(tx, &terminal, &key);
	if (err)
		return err;
	err = result_open(up->body, up->body_len, &key, result);
	sodium_memzero(&key, sizeof key);
	if (!err && (result->counter != row->counter || result->kind != row->kind))
		err = ERR_AUTH;
	return err;
}

/* The terminal itself, signed, has seen a counter at least as high as our newest: this store is an
 * older copy. Only the newest counts: a gateway that delivers an old command late gets nothing. */
static enum err counter_leap(struct tx *tx, const struct command_row *row)
{
	struct terminal_row t;
	enum err err = terminal_get(tx->db, row->property_id, row->chip, &t);

	if (err || t.counter != row->counter || t.counter > UINT32_MAX - COUNTER_LEAP)
		return err;
	log_warn("meter %" PRId64 ": its terminal has seen command counters that this store has not"
	         " given; going on %d higher",
	         row->meter, COUNTER_LEAP);
	return terminal_set_counter(tx->db, t.property_id, t.chip, t.counter + COUNTER_LEAP);
}

static enum err take_answer(struct tx *tx, struct command_row *row, int64_t gateway_id,
                            const struct uplink_result *up, int64_t now_ms, struct effects *out)
{
	struct result result;
	enum err err;

	err = open_result(tx, row, up, &result);
	if (err == ERR_AUTH || err == ERR_BAD_INPUT || err == ERR_NOT_FOUND)
		return forged(tx, row, gateway_id, now_ms, out);
	if (err)
		return err;
	if (row->stage == STAGE_EXECUTED || (stage_final(row->stage) && !corrects(row, &result)))
		return ERR_NONE; /* heard before */
	err = topup_command_answered(tx, row, &result, now_ms, out);
	if (!err)
		err = price_command_answered(tx, row, &result, now_ms, out);
	if (err)
		return err;
	row->relay = (row->relay & ~(uint32_t)RESULT_RELAY_MASK) | result.relay;
	switch ((enum command_outcome)result.outcome) {
	case COMMAND_EXECUTED:
		return executed(tx, row, now_ms, out);
	case COMMAND_REFUSED:
		err = result.reason == REASON_COUNTER ? counter_leap(tx, row) : ERR_NONE;
		return err ? err : move(tx, row, STAGE_REFUSED, result.reason, now_ms, out);
	case COMMAND_FAILED:
		return move(tx, row, STAGE_FAILED, result.reason, now_ms, out);
	case COMMAND_ACCEPTED:
		/* The terminal waits for its drawn delay; a second result follows. */
		return row->stage < STAGE_RECEIVED
		               ? move(tx, row, STAGE_RECEIVED, REASON_NONE, now_ms, out)
		               : ERR_NONE;
	}
	return ERR_NONE;
}

static enum err take_refusal(struct tx *tx, struct command_row *row, uint32_t reason,
                             int64_t now_ms, struct effects *out)
{
	if (reason == UPLINK_COMMAND_DUPLICATE) /* it has it: as good as received */
		return row->stage < STAGE_RECEIVED
		               ? move(tx, row, STAGE_RECEIVED, REASON_NONE, now_ms, out)
		               : ERR_NONE;
	return move(tx, row, STAGE_REFUSED, COMMAND_REASON_GATEWAY + (reason & 0xF), now_ms, out);
}

enum err command_result_apply(struct tx *tx, int64_t property_id, int64_t gateway_id,
                              const struct uplink_result *result, int64_t now_ms,
                              struct effects *out)
{
	struct command_row row;
	enum err err;

	metric_add(METRIC_RESULTS, 1);
	err = command_get(tx->db, (int64_t)result->command_id, &row);
	if (err == ERR_NOT_FOUND ||
	    (!err && (row.property_id != property_id || row.gateway_id != gateway_id))) {
		/* Of a store that was restored, or of somebody else's command. */
		metric_add(METRIC_RESULTS_BAD, 1);
		return ERR_NONE;
	}
	if (err)
		return err;
	/* A person waits for what the terminal did; that it is on its way may wait for company. */
	out->hurry |= result->stage != UPLINK_RECEIVED;
	if (result->stage == UPLINK_ANSWERED)
		return take_answer(tx, &row, gateway_id, result, now_ms, out);
	if (result->stage == UPLINK_READ_BACK)
		return take_read_back(tx, &row, result, now_ms, out);
	/* What follows is the gateway's word alone and cannot undo a terminal's. */
	if (row.stage >= STAGE_EXECUTED)
		return ERR_NONE;
	switch ((enum uplink_stage)result->stage) {
	case UPLINK_RECEIVED:
		return row.stage < STAGE_RECEIVED
		               ? move(tx, &row, STAGE_RECEIVED, REASON_NONE, now_ms, out)
		               : ERR_NONE;
	case UPLINK_EXPIRED:
		return move(tx, &row, STAGE_EXPIRED, COMMAND_REASON_GATEWAY_EXPIRED, now_ms, out);
	case UPLINK_NO_ANSWER:
		return move(tx, &row, STAGE_FAILED, COMMAND_REASON_NO_ANSWER, now_ms, out);
	case UPLINK_REFUSED:
		return take_refusal(tx, &row, result->reason, now_ms, out);
	case UPLINK_ANSWERED:
	case UPLINK_READ_BACK:
		break;
	}
	metric_add(METRIC_RESULTS_BAD, 1); /* a stage of a later version */
	return ERR_NONE;
}

/* ---- outbox ---- */

enum err command_sent_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct sent_request *request = arg;
	struct command_row row;
	enum err err = command_get(tx->db, request->command_id, &row);

	if (err || row.stage != STAGE_QUEUED)
		return err;
	return move(tx, &row, STAGE_SENT, REASON_NONE, now_ms, out);
}

struct open_list {
	struct command_row *rows;
	size_t count, room;
	bool failed;
};

static void collect(void *arg, const struct command_row *row)
{
	struct open_list *list = arg;

	if (list->count == list->room) {
		size_t more = list->room ? list->room * 2 : 64;
		struct command_row *rows = realloc(list->rows, more * sizeof *rows);

		list->failed |= !rows;
		if (!rows)
			return;
		list->rows = rows;
		list->room = more;
	}
	list->rows[list->count++] = *row;
}

/* Does no older open command of the same meter stand before it, and none that sets its clock? */
static bool is_first(const struct open_list *list, size_t i)
{
	if (list->rows[i].kind == COMMAND_TIME)
		return true;
	for (size_t k = 0; k < list->count; k++)
		if (list->rows[k].meter == list->rows[i].meter &&
		    !stage_final(list->rows[k].stage) &&
		    (k < i || list->rows[k].kind == COMMAND_TIME) && k != i)
			return false;
	return true;
}

static bool verification_over(const struct command_row *row, const struct command_rules *rules,
                              int64_t now_ms)
{
	return now_ms - row->stages[STAGE_EXECUTED].at_ms > rules->verify_wait_s * 1000;
}

static enum err settle_late(struct tx *tx, struct command_row *row,
                            const struct command_rules *rules, int64_t now_ms, struct effects *out)
{
	int64_t late_ms = now_ms - row->expires_s * 1000;
	enum err err;

	if (row->stage < STAGE_EXECUTED && late_ms < 0)
		return ERR_NONE;
	err = command_stages(tx->db, row);
	if (err)
		return err;
	switch (row->stage) {
	case STAGE_QUEUED:
	case STAGE_SENT:
		return move(tx, row, STAGE_EXPIRED, COMMAND_REASON_UNSENT, now_ms, out);
	case STAGE_RECEIVED:
		if (late_ms >= ANSWER_GRACE_MS)
			return move(tx, row, STAGE_EXPIRED, COMMAND_REASON_GATEWAY_EXPIRED, now_ms,
			            out);
		break;
	case STAGE_EXECUTED:
		if (verification_over(row, rules, now_ms))
			return move(tx, row, STAGE_FAILED,
			            row->relay & READ_BACK_BAD ? COMMAND_REASON_READ_BACK
			                                       : COMMAND_REASON_NOT_VERIFIED,
			            now_ms, out);
		break;
	case STAGE_VERIFIED:
	case STAGE_REFUSED:
	case STAGE_FAILED:
	case STAGE_EXPIRED:
	case STAGE_COUNT:
		break;
	}
	return ERR_NONE;
}

static enum err send_again(struct tx *tx, struct command_row *row,
                           const struct command_rules *rules, int64_t now_ms, struct effects *out)
{
	enum err err = tx_open(tx);

	row->next_send_ms = now_ms + rules->resend_ms;
	row->relay &= ~WAITS_FOR_CLOCK;
	row->sends++;
	if (!err)
		err = command_update(tx->db, row);
	return err ? err : effect_send(out, row);
}

enum err command_outbox_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct outbox_request *request = arg;
	struct open_list list = {0};
	enum err err;

	err = command_list_open(tx->db, OUTBOX_MAX, collect, &list);
	if (!err && list.failed)
		err = ERR_NOMEM; /* what is missing may be what has to go first */
	for (size_t i = 0; !err && i < list.count; i++) {
		struct command_row *row = &list.rows[i];

		if (!request->hold)
			err = settle_late(tx, row, &request->rules, now_ms, out);
		/* A clock set back must not hold a command back for as long. */
		if (!err && row->stage <= STAGE_SENT && is_first(&list, i) &&
		    !waits_for_clock(row, &request->rules, now_ms) &&
		    (row->next_send_ms <= now_ms ||
		     row->next_send_ms > now_ms + request->rules.resend_ms))
			err = send_again(tx, row, &request->rules, now_ms, out);
	}
	free(list.rows);
	return err;
}
