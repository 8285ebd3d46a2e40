#include "platform/test/supplied.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "libs/proto/meter.h"

void supplied_setup(struct supplied *s, struct lab *lab)
{
	lab_setup(lab);
	s->lab = lab;
	estate_setup(&s->estate, lab);
	s->account = money_account(&s->estate, "A-301", LAB_METER, 1);
}

int supplied_begin(void **state)
{
	struct supplied *s = *state;

	supplied_setup(s, s->lab);
	return 0;
}

int supplied_end(void **state)
{
	const struct supplied *s = *state;

	lab_teardown(s->lab);
	return 0;
}

void supplied_pass(struct supplied *s, int64_t seconds)
{
	lab_later(s->lab, seconds);
	for (int64_t i = 0; i < LAB_METERS; i++)
		money_read(s->lab, LAB_METER + i);
	money_look(s->lab, s->account);
	money_work(s->lab);
}

void supplied_no_notice(struct supplied *s)
{
	assert_int_equal(db_exec(s->lab->db,
	                         "INSERT INTO alarm_plan(property_id, group_id, code, cut_notice_s,"
	                         " version) VALUES(1,1,'default',0,1)"),
	                 ERR_NONE);
}

struct supply_account supplied_memory(struct supplied *s, int64_t account_id)
{
	struct supply_account row;

	assert_int_equal(supply_account_get(s->lab->db, 1, account_id, &row), ERR_NONE);
	return row;
}

struct supply_meter supplied_meter(struct supplied *s, int64_t meter)
{
	struct supply_meter row;

	assert_int_equal(supply_meter_get(s->lab->db, 1, meter, &row), ERR_NONE);
	return row;
}

int64_t supplied_messages(struct supplied *s, const char *kind)
{
	struct stmt *st = db_query(s->lab->db, "SELECT count(*) FROM message WHERE kind=?");
	int64_t count;

	bind_text(st, kind);
	assert_true(stmt_row(st));
	count = col_i64(st);
	assert_int_equal(stmt_end(st), ERR_NONE);
	return count;
}

int64_t supplied_newest(struct supplied *s)
{
	return lab_number(s->lab, "SELECT coalesce(max(command_id),0) FROM command");
}

struct command_row supplied_command(struct supplied *s, int64_t command_id)
{
	struct command_row row;

	assert_int_equal(command_get(s->lab->db, command_id, &row), ERR_NONE);
	return row;
}

void supplied_terminal_says(struct supplied *s, const struct command_row *row, uint8_t outcome,
                            uint8_t reason)
{
	struct uplink_result up = {.command_id = (uint64_t)row->command_id,
	                           .stage = UPLINK_ANSWERED,
	                           .body_len = RESULT_SIZE};
	struct result result = {
	        .counter = row->counter, .kind = row->kind, .outcome = outcome, .reason = reason};
	struct command_key key;

	lab_terminal((int)(row->meter - LAB_METER), &key);
	result_encode(&result, &key, up.body);
	lab_result(s->lab, 0, up);
}

static uint32_t state_after(uint8_t kind)
{
	switch ((enum command_kind)kind) {
	case COMMAND_TRIP:
		return METER_FORCED_TRIP;
	case COMMAND_KEEP_POWER:
		return METER_CONTACT_CLOSED | METER_KEEP_POWER;
	case COMMAND_ALLOW_CLOSE:
		return METER_CLOSE_ALLOWED;
	case COMMAND_CLOSE:
	case COMMAND_RELEASE:
	case COMMAND_TIME:
	case COMMAND_CONFIG:
	case COMMAND_RECHARGE:
	case COMMAND_PURSE_VOID:
	case COMMAND_PRICE_PART:
	case COMMAND_PRICE:
	case COMMAND_CREDIT:
		break;
	}
	return METER_CONTACT_CLOSED;
}

void supplied_obey(struct supplied *s, int64_t command_id)
{
	struct command_row row = supplied_command(s, command_id);

	supplied_terminal_says(s, &row, COMMAND_EXECUTED, REASON_NONE);
	lab_result(s->lab, 0,
	           (struct uplink_result){.command_id = (uint64_t)command_id,
	                                  .stage = UPLINK_READ_BACK,
	                                  .state = state_after(row.kind)});
	assert_int_equal(supplied_command(s, command_id).stage, STAGE_VERIFIED);
}

int64_t supplied_order(struct supplied *s, int64_t meter, uint8_t kind)
{
	struct command_request request = {
	        .actor = {.who = "anna", .local = true, .origin = "test",   .reason = "why"},
	        .rules = {.expiry_s = 120,             .resend_ms = 3000,            .verify_wait_s = 30},
	        .meter = meter,
	        .kind = kind
        };

	assert_int_equal(lab_step(s->lab, command_create_step, &request, false), ERR_NONE);
	return request.row.command_id;
}

void supplied_use_up(struct supplied *s)
{
	money_pay(s->lab, s->account, 1000);
	money_pay(s->lab, s->account, -1000);
}

void supplied_cut(struct supplied *s)
{
	supplied_no_notice(s);
	supplied_use_up(s);
	money_work(s->lab);
	supplied_obey(s, supplied_newest(s));
	assert_int_equal(supplied_meter(s, LAB_METER).opened, SUPPLY_OPENED);
}

void supplied_rule(struct supplied *s, const char *assignments_sql)
{
	assert_int_equal(db_exec(s->lab->db, "INSERT INTO supply_rules(property_id, incident_ms,"
	                                     " incident_by, incident_reason, version)"
	                                     " VALUES(1,0,'','',1) ON CONFLICT DO NOTHING"),
	                 ERR_NONE);
	assert_int_equal(db_exec(s->lab->db, assignments_sql), ERR_NONE);
}

int64_t supplied_trips(struct supplied *s)
{
	return lab_number(s->lab, "SELECT count(*) FROM command WHERE kind=1");
}

int64_t supplied_waiting(struct supplied *s)
{
	return lab_number(s->lab, "SELECT count(*) FROM supply_held WHERE state=1");
}

enum err supplied_mark(struct supplied *s, int64_t meter, enum supply_mark mark, int64_t version)
{
	struct supply_mark_edit edit = {.actor = s->estate.chief,
	                                .property_id = 1,
	                                .meter = meter,
	                                .mark = mark,
	                                .version = version};

	return lab_step(s->lab, supply_mark_step, &edit, false);
}
