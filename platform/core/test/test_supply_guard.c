/* Many at once: the guard over openings, the switch of an incident, everyone restored, and the rules of a
 * property. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "platform/core/supply_look.h"
#include "platform/test/supplied.h"

static struct lab lab;
static struct supplied s = {.lab = &lab};

/* ---- the guard ---- */

static int64_t accounts[LAB_METERS];

static void everybody_owes(void)
{
	supplied_no_notice(&s);
	accounts[0] = s.account;
	for (int64_t i = 1; i < LAB_METERS; i++) {
		char code[8];

		snprintf(code, sizeof code, "B%d", (int)i);
		accounts[i] = money_account(&s.estate, code, LAB_METER + i, 1);
	}
	for (size_t i = 0; i < LAB_METERS; i++) {
		money_pay(&lab, accounts[i], 1000);
		money_pay(&lab, accounts[i], -1000);
	}
}

static struct actor boss(const char *name)
{
	return staff_with(&lab, name,
	                  P(SUPPLY_WRITE) | P(APPROVAL_DECIDE) | P(PROPERTY_READ) |
	                          P(METER_COMMAND),
	                  1, 1, 0);
}

static enum err agree(const struct actor *actor, int64_t approval_id)
{
	struct approval_decision decision = {.actor = *actor, .approval_id = approval_id};
	struct stmt *st = db_query(lab.db, "SELECT hash FROM approval WHERE approval_id=?");

	bind_i64(st, approval_id);
	assert_true(stmt_row(st));
	col_text_to(st, decision.hash, sizeof decision.hash);
	assert_int_equal(stmt_end(st), ERR_NONE);
	return lab_step(&lab, approval_decide_step, &decision, false);
}

/* reliability.md T3, I17: automatic openings */
static void openings_above_the_limit_wait_for_two_persons(void **state)
{
	struct actor anna = boss("anna"), berta = boss("berta");
	struct supply_release release = {.actor = anna, .property_id = 1};

	(void)state;
	supplied_rule(&s, "UPDATE supply_rules SET guard_count=2");
	everybody_owes();
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 2);
	assert_int_equal(supplied_waiting(&s), 2);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=152"), 1);
	/* not by waiting until the window is over */
	supplied_pass(&s, 7000);
	assert_int_equal(supplied_trips(&s), 2);
	/* who pays needs nobody */
	money_pay(&lab, accounts[3], 5000);
	assert_int_equal(supplied_waiting(&s), 1);
	assert_int_equal(lab_step(&lab, supply_release_step, &release, false), ERR_NONE);
	assert_int_equal(release.touched, 1);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 2);
	assert_int_equal(agree(&anna, release.approval_id), ERR_FORBIDDEN);
	assert_int_equal(agree(&berta, release.approval_id), ERR_NONE);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 3);
	assert_int_equal(supplied_waiting(&s), 0);
	/* What was agreed to once is no leave for the next time. */
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM supply_meter WHERE held_id<>0"), 0);
}

/* Persons, the API and the CLI: one by one. */
static void orders_above_the_limit_wait_too(void **state)
{
	struct actor anna = boss("anna"), berta = boss("berta");
	struct command_request request = {
	        .actor = anna, .rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30}
        };
	struct supply_release release = {.actor = berta, .property_id = 1};
	struct supply_drop drop = {.actor = berta, .property_id = 1};

	(void)state;
	supplied_rule(&s, "UPDATE supply_rules SET guard_count=1");
	request.kind = COMMAND_TRIP;
	request.meter = LAB_METER;
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
	/* the same one again is no other */
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
	request.meter = LAB_METER + 1;
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_FULL);
	assert_int_equal(lab_step(&lab, command_hold_step, &request, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, command_hold_step, &request, false), ERR_NONE);
	assert_int_equal(supplied_waiting(&s), 1);
	request.actor = (struct actor){.who = "cli:root", .local = true, .reason = "x"};
	request.meter = LAB_METER + 2;
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_FULL);
	request.may_wait = true;
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
	assert_int_equal(supplied_waiting(&s), 2);
	/* closing is held by nothing */
	supplied_order(&s, LAB_METER + 3, COMMAND_CLOSE);
	drop.held_id = request.held_id;
	assert_int_equal(lab_step(&lab, supply_drop_step, &drop, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, supply_drop_step, &drop, false), ERR_REFUSED);
	assert_int_equal(lab_step(&lab, supply_release_step, &release, false), ERR_NONE);
	assert_int_equal(agree(&anna, release.approval_id), ERR_NONE);
	assert_int_equal(supplied_trips(&s), 3);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).meter, LAB_METER + 1);
	assert_string_equal(supplied_command(&s, supplied_newest(&s)).by_name, "anna");
	assert_int_equal(supplied_waiting(&s), 0);
	assert_int_equal(lab_step(&lab, supply_release_step, &release, false), ERR_REFUSED);
}

/* One call an hour is enough, and in the next there is one again. */
static void each_hour_somebody_is_called(void **state)
{
	static const int64_t calls[] = {0, 1, 1, 2};
	struct command_request request = {
	        .actor = boss("anna"),
	        .rules = {600, 3000, 30},
	        .kind = COMMAND_TRIP,
	        .may_wait = true
        };

	(void)state;
	supplied_rule(&s, "UPDATE supply_rules SET guard_count=1, guard_window_s=86400");
	lab.now_ms = (lab.now_ms / 3600000 + 1) * 3600000 + 500;
	for (int64_t i = 0; i < LAB_METERS; i++) {
		request.meter = LAB_METER + i;
		assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
		assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=152"),
		                 calls[i]);
		lab_later(&lab, i == 1 ? 60 : 1800);
	}
	assert_int_equal(lab_number(&lab, "SELECT value FROM event WHERE kind=152 ORDER BY event_id"
	                                  " LIMIT 1"),
	                 LAB_METER + 1);
	assert_int_equal(lab_number(&lab, "SELECT max(at_s) FROM event WHERE kind=152"),
	                 lab.now_ms / 1000 - 1800);
	assert_int_equal(lab_number(&lab, "SELECT max(made_ms) FROM supply_held"),
	                 lab.now_ms - 1800000);
}

static bool room_for(int64_t meter)
{
	bool room;

	assert_int_equal(supply_guard(&lab.tx, 1, meter, lab.now_ms, &room), ERR_NONE);
	return room;
}

static void meters(int64_t count)
{
	char sql[400];

	snprintf(
	        sql, sizeof sql,
	        "DELETE FROM meter WHERE meter>1000000000000;"
	        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d)"
	        " INSERT INTO meter(property_id, meter, name, meter_use, chip, gateway_id, period_s,"
	        " created_s) SELECT 1,1000000000000+i,'','main','chip'||i,1,60,1 FROM n",
	        (int)(count - lab_number(&lab, "SELECT count(*) FROM meter WHERE property_id=1 AND"
	                                       " meter<1000000000000")));
	assert_int_equal(db_exec(lab.db, sql), ERR_NONE);
}

/* Trips of so many meters, `ago` before now. */
static void trips_of(int64_t count, int64_t ago_ms)
{
	char sql[700];

	snprintf(
	        sql, sizeof sql,
	        "DELETE FROM command;"
	        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d)"
	        " INSERT INTO command(property_id, command_id, meter, chip, gateway_id, kind, counter,"
	        " body, by_name, reason, request_hash, until_s, created_ms, expires_s, stage,"
	        " reason_code, relay, next_send_ms, sends) SELECT 1,i,1000000000000+i,'',1,1,1,"
	        "CAST('' AS BLOB),'','',0,0,%lld,0,9,0,0,0,0 FROM n",
	        (int)count, (long long)(lab.now_ms - ago_ms));
	assert_int_equal(db_exec(lab.db, sql), ERR_NONE);
}

/* reliability.md I17: of a large property a share, of a small one ten at least, and never more than the count. */
static void the_limit_is_a_share_and_a_count(void **state)
{
	static const struct {
		int64_t meters, limit;
	} cases[] = {
	        {20,  10}, /* a tenth would be 2 */
	        {100, 10},
                {109, 10},
                {110, 11},
                {200, 20},
                {900, 50},
	};

	int64_t window_ms;

	(void)state;
	supplied_rule(
	        &s, "UPDATE supply_rules SET guard_percent=10, guard_count=50, guard_window_s=600");
	window_ms = 600 * 1000;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		meters(cases[i].meters);
		trips_of(cases[i].limit - 1, 0);
		assert_true(room_for(LAB_METER));
		trips_of(cases[i].limit, 0);
		assert_false(room_for(LAB_METER));
		/* One that was tripped in the window is counted already. */
		assert_true(room_for(1000000000001));
		trips_of(cases[i].limit, window_ms);
		assert_false(room_for(LAB_METER));
		trips_of(cases[i].limit, window_ms + 1);
		assert_true(room_for(LAB_METER));
	}
}

/* What was right two hours ago may cut somebody wrongly now. */
static void an_order_that_nobody_agreed_to_expires(void **state)
{
	struct actor anna = boss("anna"), berta = boss("berta");
	struct command_request request = {
	        .actor = anna, .rules = {600, 3000, 30},
                     .kind = COMMAND_TRIP, .may_wait = true
        };
	struct supply_release release = {.actor = anna, .property_id = 1};

	(void)state;
	supplied_rule(&s, "UPDATE supply_rules SET guard_count=1, held_s=3600");
	supplied_order(&s, LAB_METER, COMMAND_TRIP);
	for (int64_t i = 1; i < 3; i++) {
		request.meter = LAB_METER + i;
		assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
		lab_later(&lab, 1800);
	}
	assert_int_equal(supplied_waiting(&s), 2);
	assert_int_equal(lab_step(&lab, supply_release_step, &release, false), ERR_NONE);
	money_work(&lab);
	assert_int_equal(supplied_waiting(&s), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM supply_held WHERE state=3"
	                                  " AND ended_why='expired'"),
	                 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE action='supply.expire'"
	                                  " AND object='opening 1' AND who='platform'"),
	                 1);
	assert_int_equal(lab_number(&lab, "SELECT ended_ms FROM supply_held WHERE held_id=1"),
	                 lab.now_ms);
	/* of what was agreed to only the one that still waits is given, with the life it was asked with */
	assert_int_equal(agree(&berta, release.approval_id), ERR_NONE);
	assert_int_equal(supplied_trips(&s), 2);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).meter, LAB_METER + 2);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).expires_s,
	                 lab.now_ms / 1000 + 600);
}

/* ---- incidents ---- */

static void the_switch_stops_what_is_under_way(void **state)
{
	struct supply_incident incident = {.actor = s.estate.chief, .property_id = 1, .on = true};

	(void)state;
	everybody_owes();
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), LAB_METERS);
	supplied_obey(&s, supplied_newest(&s)); /* one has happened already */
	assert_int_equal(lab_step(&lab, supply_incident_step, &incident, false), ERR_NONE);
	assert_int_equal(incident.recalled, LAB_METERS - 1);
	assert_int_equal(lab_step(&lab, supply_incident_step, &incident, false), ERR_REFUSED);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM command WHERE reason_code=70"),
	                 LAB_METERS - 1);
	for (int i = 0; i < 2; i++) {
		lab_later(&lab, 6);
		money_work(&lab);
	}
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM command WHERE kind=3"),
	                 LAB_METERS - 1);
	supplied_obey(&s, supplied_newest(&s));
	lab_later(&lab, 3600);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), LAB_METERS);
	/* when it is over, what still has its reason is given */
	incident.on = false;
	assert_int_equal(lab_step(&lab, supply_incident_step, &incident, false), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind IN (153,154)"), 2);
	for (int64_t i = 0; i < LAB_METERS; i++)
		money_read(&lab, LAB_METER + i);
	lab_later(&lab, 60);
	money_work(&lab);
	assert_true(supplied_trips(&s) > LAB_METERS);
}

static void everyone_who_was_cut_is_restored(void **state)
{
	struct supply_restore restore = {.actor = s.estate.chief, .property_id = 1};
	int64_t before, last;

	(void)state;
	supplied_rule(&s, "UPDATE supply_rules SET spread_s=100");
	everybody_owes();
	money_work(&lab);
	for (int64_t id = 1; id <= LAB_METERS; id++)
		supplied_obey(&s, id);
	supplied_obey(&s, supplied_order(&s, LAB_METER + 3, COMMAND_TRIP)); /* a person's stays */
	restore.since_ms = lab.now_ms + 1;
	assert_int_equal(lab_step(&lab, supply_restore_step, &restore, false), ERR_BAD_INPUT);
	restore.since_ms = lab.now_ms - 1000;
	assert_int_equal(lab_step(&lab, supply_restore_step, &restore, false), ERR_NONE);
	assert_int_equal(restore.meters, LAB_METERS - 1);
	before = supplied_newest(&s);
	for (int i = 0; i < 100; i++) {
		lab_later(&lab, 1);
		money_work(&lab);
	}
	last = supplied_newest(&s);
	assert_int_equal(last, before + LAB_METERS - 1);
	for (int64_t id = before + 1; id <= last; id++) {
		assert_int_equal(supplied_command(&s, id).kind, COMMAND_CLOSE);
		supplied_obey(&s, id);
	}
	assert_true(supplied_command(&s, last).created_ms -
	                    supplied_command(&s, before + 1).created_ms >
	            1000);
	/* nobody is cut again at once */
	supplied_pass(&s, 7200);
	assert_int_equal(supplied_newest(&s), last);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GRACE);
}

/* ---- rules ---- */

static void rules_have_limits_and_versions(void **state)
{
	struct supply_rules_edit edit = {.actor = s.estate.chief, .property_id = 1};

	(void)state;
	edit.has[SUPPLY_GUARD_PERCENT] = edit.set[SUPPLY_GUARD_PERCENT] = true;
	edit.value[SUPPLY_GUARD_PERCENT] = 101;
	assert_int_equal(lab_step(&lab, supply_rules_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "guard_percent");
	edit.value[SUPPLY_GUARD_PERCENT] = 25;
	assert_int_equal(lab_step(&lab, supply_rules_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.rules.version, 1);
	assert_int_equal(edit.rules.value[SUPPLY_GUARD_PERCENT], 25);
	assert_int_equal(lab_step(&lab, supply_rules_step, &edit, false), ERR_CONFLICT);
	edit.version = 1;
	edit.set[SUPPLY_GUARD_PERCENT] = false;
	assert_int_equal(lab_step(&lab, supply_rules_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.rules.value[SUPPLY_GUARD_PERCENT], 10);
}

int main(void)
{
#define T(name) SUPPLIED_TEST(name, &s)
	const struct CMUnitTest tests[] = {
	        T(openings_above_the_limit_wait_for_two_persons),
	        T(orders_above_the_limit_wait_too),
	        T(each_hour_somebody_is_called),
	        T(the_limit_is_a_share_and_a_count),
	        T(an_order_that_nobody_agreed_to_expires),
	        T(the_switch_stops_what_is_under_way),
	        T(everyone_who_was_cut_is_restored),
	        T(rules_have_limits_and_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
