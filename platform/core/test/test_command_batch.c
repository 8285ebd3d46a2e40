/* Command batches: exact lists, rights asked with each slice, the second person, gateways' limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/proto/command.h"
#include "platform/core/command_batch.h"
#include "platform/core/keys.h"
#include "platform/core/role.h"
#include "platform/core/staff.h"
#include "platform/store/info.h"
#include "platform/store/space.h"
#include "platform/test/lab.h"

#define MORE 30 /* meters beside those of the lab, of gw-1 */

static struct lab lab;
static const struct actor cli = {.reason = "test", .who = "cli:root", .local = true};
static const struct command_batch_rules rules = {
        .command = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30},
        .approval_count = 20,
        .approval_percent = 50,
        .trip_limit_count = 10,
        .trip_limit_window_s = 60
};
static struct actor anna;

static int64_t number(int i)
{
	return i < LAB_METERS ? LAB_METER + i : LAB_METER + 1000 + i;
}

static void add_meter(int i, int64_t space_id)
{
	struct terminal_row terminal = {.property_id = 1,
	                                .key_known = true,
	                                .gateway_id = lab.gateway[0].gateway_id,
	                                .first_seen_s = 1};
	struct adopt_request adopt = {.actor = cli, .meter = number(i)};
	uint8_t key[TERMINAL_KEY_SIZE] = {1};
	struct meter_row row;

	snprintf(terminal.chip, sizeof terminal.chip, "bb%022d", i);
	assert_int_equal(keys_wrap(lab.keys, terminal.chip, key, terminal.key_wrapped), 0);
	assert_int_equal(terminal_put(lab.db, &terminal), 0);
	memcpy(adopt.chip, terminal.chip, sizeof adopt.chip);
	assert_int_equal(lab_step(&lab, device_adopt_step, &adopt, false), 0);
	if (!space_id)
		return;
	assert_int_equal(meter_get(lab.db, 1, number(i), &row), 0);
	row.space_id = space_id;
	assert_int_equal(meter_update(lab.db, &row), 0);
}

static struct actor person(const char *name, int64_t role_id, int64_t space_id)
{
	struct user_create create = {.actor = cli, .row = {.group_id = 1}};
	struct grant_request grant = {
	        .actor = cli,
	        .row = {.role_id = role_id, .group_id = 1, .property_id = 1, .space_id = space_id}
        };
	struct actor actor = {.reason = "arrears"};

	snprintf(create.row.name, sizeof create.row.name, "%s", name);
	snprintf(actor.who, sizeof actor.who, "%s", name);
	assert_int_equal(lab_step(&lab, user_create_step, &create, false), 0);
	grant.row.user_id = actor.user_id = create.row.user_id;
	assert_int_equal(lab_step(&lab, grant_add_step, &grant, false), 0);
	return actor;
}

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	anna = person("anna", ROLE_PROPERTY_MANAGER, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static struct command_batch_request order(const struct actor *actor, const int64_t *meter,
                                          size_t count, uint8_t kind)
{
	return (struct command_batch_request){.actor = *actor,
	                                      .rules = rules,
	                                      .property_id = 1,
	                                      .kind = kind,
	                                      .meter = meter,
	                                      .count = count};
}

static enum err give(struct command_batch_request *request)
{
	return lab_step(&lab, command_batch_create_step, request, false);
}

static void slice(void)
{
	struct command_batch_rules copy = rules;

	assert_int_equal(lab_step(&lab, command_batch_give_step, &copy, true), 0);
}

static struct command_batch_row batch_now(int64_t batch_id)
{
	struct command_batch_row row;

	assert_int_equal(command_batch_get(lab.db, 1, batch_id, &row), 0);
	return row;
}

static int64_t commands(void)
{
	return lab_number(&lab, "SELECT count(*) FROM command");
}

/* ---- lists ---- */

static void each_meter_gets_a_command_of_its_own(void **state)
{
	const int64_t meters[] = {number(2), number(0), number(1)};
	struct command_batch_request request = order(&anna, meters, 3, COMMAND_TRIP);
	struct command_batch_row row;
	int64_t stages[STAGE_COUNT];

	(void)state;
	assert_int_equal(give(&request), ERR_NONE);
	assert_int_equal(request.approval_id, 0);
	assert_int_equal(request.touched, 3);
	assert_int_equal(commands(), 0);
	slice();
	assert_int_equal(commands(), 3);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 3);
	row = batch_now(request.row.batch_id);
	assert_int_equal(row.state, COMMAND_BATCH_DONE);
	assert_int_equal(row.given, 3);
	assert_int_equal(command_batch_stages(lab.db, 1, row.batch_id, stages), 0);
	assert_int_equal(stages[STAGE_QUEUED], 3);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM command WHERE by_name='anna'"
	                                  " AND reason='arrears'"),
	                 3);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE action='command.trip'"
	                                  " AND who='anna' AND reason='arrears'"),
	                 3);
	slice();
	assert_int_equal(commands(), 3);
}

static void one_unknown_or_foreign_id_and_nothing_is_done(void **state)
{
	struct property_row other = {.group_id = 1, .slug = "p2"};
	int64_t meters[] = {number(0), number(1), 999999999999};
	struct command_batch_request request = order(&anna, meters, 3, COMMAND_TRIP);

	(void)state;
	assert_int_equal(give(&request), ERR_HIDDEN);
	assert_int_equal(request.bad, 2);
	assert_int_equal(sequence_next(lab.db, "property", &other.property_id), 0);
	assert_int_equal(property_insert(lab.db, &other), 0);
	assert_int_equal(db_exec(lab.db, "UPDATE meter SET property_id=2 WHERE meter=330200000001"),
	                 0);
	meters[2] = LAB_FOREIGN; /* of the other property now */
	assert_int_equal(give(&request), ERR_HIDDEN);
	meters[2] = number(0);
	assert_int_equal(give(&request), ERR_DUP);
	slice();
	assert_int_equal(commands(), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM command_batch"), 0);
}

static void what_makes_no_sense_is_refused(void **state)
{
	const int64_t meter = number(0);
	struct command_batch_request request = order(&anna, &meter, 1, COMMAND_TIME);

	(void)state;
	assert_int_equal(give(&request), ERR_BAD_INPUT);
	request = order(&anna, &meter, 1, COMMAND_TRIP);
	request.until_s = lab.now_ms / 1000 + 60;
	assert_int_equal(give(&request), ERR_BAD_INPUT);
	request.kind = COMMAND_KEEP_POWER;
	assert_int_equal(give(&request), ERR_NONE);
	request.actor.reason[0] = '\0';
	assert_int_equal(give(&request), ERR_BAD_INPUT);
	request = order(&anna, NULL, 0, COMMAND_TRIP);
	snprintf(request.select.meter_use, sizeof request.select.meter_use, "main");
	assert_int_equal(give(&request), ERR_NOT_FOUND);
}

/* ---- rights ---- */

static void it_needs_the_right_to_many_and_to_each(void **state)
{
	struct actor electrician = person("bert", ROLE_ELECTRICIAN, 0);
	const int64_t meter = number(0);
	struct command_batch_request request = order(&electrician, &meter, 1, COMMAND_TRIP);

	(void)state;
	assert_int_equal(give(&request), ERR_FORBIDDEN);
	request.property_id = 9;
	assert_int_equal(give(&request), ERR_NOT_FOUND);
}

static void a_building_is_as_far_as_his_right_goes(void **state)
{
	struct space_row building = {.property_id = 1, .kind = SPACE_BUILDING, .code = "A"};
	const int64_t mixed[] = {number(10), number(0)}, inside[] = {number(10), number(11)};
	struct command_batch_request request;
	struct actor keeper;

	(void)state;
	assert_int_equal(sequence_next(lab.db, "space", &building.space_id), 0);
	building.building_id = building.space_id;
	assert_int_equal(space_insert(lab.db, &building), 0);
	add_meter(10, building.space_id);
	add_meter(11, building.space_id);
	keeper = person("carl", ROLE_PROPERTY_MANAGER, building.space_id);

	request = order(&keeper, mixed, 2, COMMAND_TRIP);
	assert_int_equal(give(&request), ERR_FORBIDDEN); /* the other one is not in it */
	assert_int_equal(request.bad, 1);
	request = order(&keeper, inside, 2, COMMAND_TRIP);
	assert_int_equal(give(&request), ERR_NONE);
	/* Without a list: all that he may switch. */
	request = order(&keeper, NULL, 0, COMMAND_TRIP);
	assert_int_equal(give(&request), ERR_NONE);
	assert_int_equal(request.touched, 2);
	/* And the manager of the property by building. */
	request = order(&anna, NULL, 0, COMMAND_TRIP);
	request.select.space_id = building.space_id;
	assert_int_equal(give(&request), ERR_NONE);
	assert_int_equal(request.touched, 2);
}

static void a_right_taken_away_stops_the_rest(void **state)
{
	struct grant_request take = {.actor = cli, .row = {.user_id = anna.user_id}};
	struct command_batch_request request;
	struct command_batch_row row;
	int64_t meters[20];

	(void)state;
	for (int i = 0; i < 20; i++) {
		if (i >= LAB_METERS)
			add_meter(i, 0);
		meters[i] = number(i);
	}
	request = order(&anna, meters, 20, COMMAND_TRIP);
	request.rules.approval_percent = 100;
	assert_int_equal(give(&request), ERR_NONE);
	slice(); /* as many as the gateway takes: 8 of 10 */
	assert_int_equal(commands(), 8);
	slice();
	assert_int_equal(commands(), 8);

	take.row.grant_id = lab_number(&lab, "SELECT max(grant_id) FROM user_grant");
	assert_int_equal(lab_step(&lab, grant_remove_step, &take, false), 0);
	lab.now_ms += 61000;
	slice();
	assert_int_equal(commands(), 8);
	row = batch_now(request.row.batch_id);
	assert_int_equal(row.state, COMMAND_BATCH_STOPPED);
	assert_string_equal(row.stopped_why, "the right was taken away");
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE who='platform'"
	                                  " AND action='command-batch.stop'"),
	                 1);
}

/* ---- pace, stop, errors ---- */

static void trips_keep_below_what_a_gateway_passes_on(void **state)
{
	struct command_batch_request request;
	int64_t meters[20];

	(void)state;
	assert_int_equal(db_exec(lab.db, "INSERT INTO supply_rules(property_id, guard_percent,"
	                                 " incident_ms, incident_by, incident_reason, version)"
	                                 " VALUES(1,100,0,'','',1)"),
	                 ERR_NONE);
	for (int i = 0; i < 20; i++) {
		if (i >= LAB_METERS)
			add_meter(i, 0);
		meters[i] = number(i);
	}
	request = order(&anna, meters, 20, COMMAND_TRIP);
	request.rules.approval_percent = 100;
	assert_int_equal(give(&request), ERR_NONE);
	for (int minute = 1; minute <= 3; minute++) {
		slice();
		slice();
		assert_int_equal(commands(), minute < 3 ? 8 * minute : 20);
		lab.now_ms += 60001;
	}
	assert_int_equal(batch_now(request.row.batch_id).state, COMMAND_BATCH_DONE);
	/* What closes has no such limit. */
	request = order(&anna, meters, 20, COMMAND_CLOSE);
	request.rules.approval_percent = 100;
	assert_int_equal(give(&request), ERR_NONE);
	slice();
	assert_int_equal(commands(), 40);
}

static void the_rest_can_be_stopped(void **state)
{
	struct actor electrician = person("bert", ROLE_ELECTRICIAN, 0);
	struct command_batch_stop stop = {.actor = electrician, .property_id = 1};
	const int64_t meters[] = {number(0), number(1)};
	const struct space_row building = {.property_id = 1,
	                                   .space_id = 5,
	                                   .kind = SPACE_BUILDING,
	                                   .building_id = 5,
	                                   .code = "A"};
	struct command_batch_request request = order(&anna, meters, 2, COMMAND_TRIP);

	(void)state;
	assert_int_equal(space_insert(lab.db, &building), ERR_NONE);
	assert_int_equal(give(&request), ERR_NONE);
	stop.batch_id = request.row.batch_id;
	assert_int_equal(lab_step(&lab, command_batch_stop_step, &stop, false), ERR_FORBIDDEN);
	stop.actor = person("carl", ROLE_PROPERTY_MANAGER, 5);
	assert_int_equal(lab_step(&lab, command_batch_stop_step, &stop, false), ERR_HIDDEN);
	stop.actor = anna;
	assert_int_equal(lab_step(&lab, command_batch_stop_step, &stop, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, command_batch_stop_step, &stop, false), ERR_REFUSED);
	slice();
	assert_int_equal(commands(), 0);
	assert_string_equal(batch_now(stop.batch_id).stopped_why, "by anna");
}

struct errors {
	char word[4][32];
	size_t count;
};

static bool take_error(void *arg, const struct command_batch_item *item)
{
	struct errors *errors = arg;

	snprintf(errors->word[errors->count++], sizeof errors->word[0], "%s", item->error);
	return true;
}

static void a_meter_that_cannot_be_switched_says_why(void **state)
{
	const int64_t meters[] = {number(0), number(1), number(2)};
	struct command_batch_request request = order(&anna, meters, 3, COMMAND_CLOSE);
	struct errors errors = {.count = 0};

	(void)state;
	assert_int_equal(give(&request), ERR_NONE);
	assert_int_equal(db_exec(lab.db, "UPDATE terminal SET key_wrapped=NULL WHERE chip="
	                                 "(SELECT chip FROM meter WHERE meter=330100000002)"),
	                 0);
	assert_int_equal(db_exec(lab.db, "DELETE FROM meter WHERE meter=330100000003"), 0);
	slice();
	assert_int_equal(commands(), 1);
	assert_int_equal(
	        command_batch_items(lab.db, 1, request.row.batch_id, 0, take_error, &errors), 0);
	assert_int_equal(errors.count, 3);
	assert_string_equal(errors.word[0], "");
	assert_string_equal(errors.word[1], "auth");
	assert_string_equal(errors.word[2], "not-found");
	assert_int_equal(batch_now(request.row.batch_id).state, COMMAND_BATCH_DONE);
}

/* ---- the second person ---- */

static void many_wait_for_a_second_person(void **state)
{
	struct actor second = person("second", ROLE_PROPERTY_MANAGER, 0);
	struct approval_decision d = {.actor = second};
	struct command_batch_request request, again;
	struct approval_row row;
	int64_t meters[LAB_METERS + MORE];

	(void)state;
	for (int i = 0; i < LAB_METERS + MORE; i++) {
		if (i >= LAB_METERS)
			add_meter(i, 0);
		meters[i] = number(LAB_METERS + MORE - 1 - i);
	}
	request = order(&anna, meters, LAB_METERS + MORE, COMMAND_TRIP);
	assert_int_equal(give(&request), ERR_NONE);
	assert_int_not_equal(request.approval_id, 0);
	assert_int_equal(request.row.batch_id, 0);
	slice();
	assert_int_equal(commands(), 0);
	/* The same act in another order is the same act. */
	again = order(&anna, meters, LAB_METERS + MORE, COMMAND_TRIP);
	meters[0] = number(0);
	meters[LAB_METERS + MORE - 1] = number(LAB_METERS + MORE - 1);
	assert_int_equal(give(&again), ERR_CONFLICT);

	assert_int_equal(approval_get(lab.db, request.approval_id, &row), 0);
	assert_int_equal(row.object_count, LAB_METERS + MORE);
	d.approval_id = request.approval_id;
	memcpy(d.hash, row.hash, sizeof d.hash);
	assert_int_equal(lab_step(&lab, approval_decide_step, &d, false), ERR_NONE);
	assert_int_equal(d.row.state, APPROVAL_DONE);
	slice();
	assert_int_equal(commands(), 8);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM command WHERE by_name='anna'"), 8);
}

static void a_share_counts_too_but_a_handful_never(void **state)
{
	struct command_batch_request request;
	int64_t meters[6];

	(void)state;
	for (int i = 0; i < 6; i++) {
		if (i >= LAB_METERS)
			add_meter(i, 0);
		meters[i] = number(i);
	}
	request = order(&anna, meters, 5, COMMAND_TRIP); /* 5 of 7 */
	assert_int_equal(give(&request), ERR_NONE);
	assert_int_equal(request.approval_id, 0);
	request = order(&anna, meters, 6, COMMAND_TRIP); /* 6 of 7: over half */
	assert_int_equal(give(&request), ERR_NONE);
	assert_int_not_equal(request.approval_id, 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(each_meter_gets_a_command_of_its_own),
	        T(one_unknown_or_foreign_id_and_nothing_is_done),
	        T(what_makes_no_sense_is_refused),
	        T(it_needs_the_right_to_many_and_to_each),
	        T(a_building_is_as_far_as_his_right_goes),
	        T(a_right_taken_away_stops_the_rest),
	        T(trips_keep_below_what_a_gateway_passes_on),
	        T(the_rest_can_be_stopped),
	        T(a_meter_that_cannot_be_switched_says_why),
	        T(many_wait_for_a_second_person),
	        T(a_share_counts_too_but_a_handful_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
