#include "platform/test/own_meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libs/base/crc.h"

void own_meter_restart(struct own_meter *m)
{
	m->staged_len = 0;
	m->staged_version = 0;
}

static uint8_t take_price(struct own_meter *m, const struct price_args *a, int64_t now_s)
{
	if (a->version != m->staged_version || a->len > m->staged_len || !a->len ||
	    crc32_ieee(0, m->staged, a->len) != a->crc32)
		return REASON_PRICE_MISSING;
	if (m->next.version && m->next.from_s <= now_s)
		m->now = m->next;
	m->next.version = a->version;
	m->next.from_s = a->valid_from_s;
	if (!m->now.version || m->next.from_s <= m->now.from_s) {
		m->now = m->next;
		m->next.version = 0;
	}
	return REASON_NONE;
}

static uint8_t take_part(struct own_meter *m, const struct price_args *a)
{
	if (a->at == 0) {
		m->staged_version = a->version;
		m->staged_len = 0;
	}
	if (a->version != m->staged_version || a->at > m->staged_len)
		return REASON_PRICE_MISSING;
	memcpy(m->staged + a->at, a->part, a->len);
	m->staged_len = a->at + a->len;
	return REASON_NONE;
}

uint8_t own_meter_obey(struct own_meter *m, uint8_t kind, const struct command_args *args,
                       int64_t now_s)
{
	if (m->deaf && command_is_of_credit(kind))
		return REASON_UNKNOWN_KIND;
	switch ((enum command_kind)kind) {
	case COMMAND_PRICE_PART:
		return take_part(m, &args->price);
	case COMMAND_PRICE:
		return take_price(m, &args->price, now_s);
	case COMMAND_CREDIT:
		if (args->credit.flags && args->credit.start_s != m->limits.start_s)
			m->spent_fen = args->credit.start_spent_fen;
		m->limits = args->credit;
		return REASON_NONE;
	case COMMAND_RECHARGE:
		m->count = args->count;
		m->total_fen = args->total_fen;
		return REASON_NONE;
	case COMMAND_PURSE_VOID:
		m->count = args->count;
		m->total_fen = m->spent_fen;
		return REASON_NONE;
	case COMMAND_TRIP:
	case COMMAND_ALLOW_CLOSE:
	case COMMAND_CLOSE:
	case COMMAND_KEEP_POWER:
	case COMMAND_RELEASE:
	case COMMAND_TIME:
	case COMMAND_CONFIG:
		break;
	}
	return REASON_NONE;
}

struct result_credit own_meter_tell(const struct own_meter *m, int64_t now_s)
{
	struct result_credit told = {m->now.version, m->next.version, m->limits.version};

	if (m->next.version && m->next.from_s <= now_s) {
		told.price = m->next.version;
		told.next = 0;
	}
	return told;
}

struct uplink_result own_meter_answer(struct own_meter *m, const struct command_row *row,
                                      const struct command_key *key, int64_t now_s)
{
	struct uplink_result up = {.command_id = (uint64_t)row->command_id,
	                           .stage = UPLINK_ANSWERED,
	                           .body_len = RESULT_SIZE};
	struct result result = {.counter = row->counter,
	                        .kind = row->kind,
	                        .relay = m->relay,
	                        .time_s = (uint32_t)now_s};
	struct command_args args;
	struct command cmd;

	assert_int_equal(command_open(row->body, row->body_len, key, &cmd), ERR_NONE);
	assert_int_equal(command_args_decode(&cmd, &args), ERR_NONE);
	result.reason = cmd.counter <= m->counter ? REASON_COUNTER
	                                          : own_meter_obey(m, cmd.kind, &args, now_s);
	if (!result.reason)
		m->counter = cmd.counter;
	result.outcome = result.reason ? COMMAND_REFUSED : COMMAND_EXECUTED;
	result.count = m->count;
	result.total_fen = m->total_fen;
	result.balance_fen = m->total_fen - m->spent_fen;
	if (command_is_of_credit(cmd.kind)) {
		struct result_credit told = own_meter_tell(m, now_s);

		result_credit_put(&result, &told);
	}
	result_encode(&result, key, up.body);
	return up;
}
