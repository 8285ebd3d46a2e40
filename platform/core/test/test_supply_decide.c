/* Supply, decision by decision: rows as they may stand, and what is wanted of each meter then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "libs/credit/calendar.h"
#include "libs/proto/event.h"
#include "platform/core/supply_look.h"
#include "platform/store/command.h"
#include "platform/store/command_batch.h"
#include "platform/test/money.h"

#define FIRST  LAB_METER
#define SECOND (LAB_METER + 1)

static struct lab lab;
static struct estate estate;
static int64_t account; /* of both meters */

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	estate_setup(&estate, &lab);
	account = money_account(&estate, "A-301", FIRST, 2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static void sql(const char *text)
{
	assert_int_equal(db_exec(lab.db, text), ERR_NONE);
}

/* Cuts are made without a notice; so much may be owed before. */
static void plan(const char *overdraft_fen, bool reminds)
{
	char text[200];

	snprintf(text, sizeof text,
	         "INSERT INTO alarm_plan(property_id, group_id, code, overdraft_fen, alarm2_trips,"
	         " cut_notice_s, version) VALUES(1,1,'default',%s,%d,0,1)",
	         overdraft_fen, reminds);
	sql(text);
}

static struct supply_account memory(void)
{
	struct supply_account row;

	assert_int_equal(supply_account_get(lab.db, 1, account, &row), ERR_NONE);
	return row;
}

static struct supply_meter meter(int64_t number)
{
	struct supply_meter row;

	assert_int_equal(supply_meter_get(lab.db, 1, number, &row), ERR_NONE);
	return row;
}

static void put(const struct supply_meter *row)
{
	assert_int_equal(supply_meter_put(lab.db, row), ERR_NONE);
}

static void mark(int64_t number)
{
	struct supply_meter row = meter(number);

	row.mark = MARK_FIRE;
	put(&row);
}

static void incident(void)
{
	sql("INSERT INTO supply_rules(property_id, incident_ms, incident_by, incident_reason,"
	    " version) VALUES(1,1,'anna','fire',1)");
}

static int64_t commands(void)
{
	return lab_number(&lab, "SELECT count(*) FROM command");
}

static int64_t events(int kind)
{
	char text[80];

	snprintf(text, sizeof text, "SELECT count(*) FROM event WHERE kind=%d", kind);
	return lab_number(&lab, text);
}

/* ---- what is due ---- */

/* A balance so large that nothing can be added to it is no debt. */
static void the_greatest_balance_is_not_owed(void **state)
{
	(void)state;
	plan("1000", false);
	mark(FIRST);
	mark(SECOND);
	money_pay(&lab, account, INT64_MAX);
	assert_int_equal(memory().memory.state, BALANCE_GOOD);
	assert_int_equal(events(EVENT_CUT_SPARED), 0);
	assert_false(memory().waits);
}

static void a_calendar_that_always_spares_cuts_nobody(void **state)
{
	(void)state;
	plan("0", false);
	sql("INSERT INTO calendar VALUES(1,1,0,'c',1,1)");
	sql("UPDATE property SET calendar_id=1");
	sql("INSERT INTO calendar_window VALUES(1,1,127,0,1440)");
	money_pay(&lab, account, -100);
	assert_int_equal(memory().memory.state, BALANCE_GRACE);
	assert_true(memory().memory.cut_at_s == CALENDAR_NEVER);
	assert_int_equal(memory().again_s, lab.now_ms / 1000 + 86400);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE kind='will-be-cut'"),
	                 1);
	money_work(&lab);
	assert_int_equal(commands(), 0);
	money_look(&lab, account);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE kind='will-be-cut'"),
	                 1);
	/* The calendar is another one a day later: there is an hour, which is told, and then it is kept. */
	lab.now_ms += 86400 * 1000;
	sql("DELETE FROM calendar_window");
	sql("UPDATE alarm_plan SET cut_notice_s=3600");
	money_read(&lab, FIRST);
	money_read(&lab, SECOND);
	money_work(&lab);
	assert_int_equal(memory().memory.state, BALANCE_GRACE);
	assert_int_equal(memory().announced_s, lab.now_ms / 1000 + 3600);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE kind='will-be-cut'"),
	                 2);
	lab.now_ms += 3600 * 1000;
	money_work(&lab);
	assert_int_equal(memory().memory.state, BALANCE_CUT);
	assert_int_equal(commands(), 2);
}

/* One limit of the account's own beside one of the plan's: what is told first stays first. */
static void the_first_alarm_is_never_below_the_second(void **state)
{
	struct account_row row;

	(void)state;
	sql("INSERT INTO alarm_plan(property_id, group_id, code, alarm1_fen, alarm2_fen, version)"
	    " VALUES(1,1,'default',5000,2000,1)");
	assert_int_equal(account_get(lab.db, 1, account, &row), ERR_NONE);
	row.set[ACCOUNT_ALARM1] = true;
	row.limit_fen[ACCOUNT_ALARM1] = 500;
	assert_int_equal(account_update(lab.db, &row), ERR_NONE);
	money_pay(&lab, account, 2001);
	assert_int_equal(memory().memory.state, BALANCE_GOOD);
	money_pay(&lab, account, -1);
	assert_int_equal(memory().memory.state, BALANCE_ALARM2);
}

static void water_is_read_less_often(void **state)
{
	(void)state;
	plan("0", false);
	money_pay(&lab, account, 100);
	lab.now_ms += 7201 * 1000;
	sql("UPDATE account_meter SET service='water'");
	money_pay(&lab, account, -100);
	assert_int_equal(memory().memory.state, BALANCE_CUT);
	money_pay(&lab, account, 100000);
	lab.now_ms += 129600 * 1000;
	money_pay(&lab, account, -100000);
	assert_int_equal(memory().memory.state, BALANCE_OVERDRAFT);
	assert_true(memory().waits);
}

/* ---- what is wanted ---- */

static void a_marked_meter_is_not_reminded_with_the_other(void **state)
{
	(void)state;
	plan("5000", true);
	mark(FIRST);
	money_pay(&lab, account, 500);
	assert_int_equal(memory().memory.state, BALANCE_ALARM2);
	assert_int_equal(meter(FIRST).want, SUPPLY_NOTHING);
	assert_int_equal(meter(SECOND).want, SUPPLY_REMIND);
	/* Once it is under way it goes on, whatever the balance does. */
	money_work(&lab);
	assert_int_equal(commands(), 1);
	money_pay(&lab, account, -600);
	assert_int_equal(memory().memory.state, BALANCE_OVERDRAFT);
	assert_int_equal(meter(SECOND).want, SUPPLY_REMIND);
	/* Unless money overtakes it. */
	money_pay(&lab, account, 100000);
	assert_int_equal(meter(SECOND).want, SUPPLY_CLOSE);
	assert_string_equal(meter(SECOND).want_reason, supply_reason_word(SUPPLY_BECAUSE_RECALL));
}

static void a_reminder_that_was_not_made_comes_too_late(void **state)
{
	(void)state;
	plan("5000", true);
	money_pay(&lab, account, 500);
	assert_int_equal(meter(FIRST).want, SUPPLY_REMIND);
	money_pay(&lab, account, -600);
	assert_int_equal(memory().memory.state, BALANCE_OVERDRAFT);
	assert_int_equal(meter(FIRST).want, SUPPLY_NOTHING);
}

static void a_reminded_meter_that_is_marked_gets_its_supply_back(void **state)
{
	struct supply_meter row;

	(void)state;
	plan("5000", false);
	money_pay(&lab, account, 500);
	row = meter(FIRST);
	row.opened = SUPPLY_REMINDED;
	put(&row);
	money_look(&lab, account);
	assert_int_equal(meter(FIRST).want, SUPPLY_NOTHING); /* its tenant may close it */
	mark(FIRST);
	money_look(&lab, account);
	assert_int_equal(meter(FIRST).want, SUPPLY_CLOSE);
	assert_string_equal(meter(FIRST).want_reason, supply_reason_word(SUPPLY_BECAUSE_SPARED));
}

static void while_openings_are_stopped_a_doubtful_one_is_undone_once(void **state)
{
	struct supply_meter row;

	(void)state;
	plan("0", false);
	money_pay(&lab, account, 100);
	money_pay(&lab, account, -100);
	money_work(&lab);
	assert_int_equal(commands(), 2);
	incident();
	money_look(&lab, account); /* under way: its end tells more */
	assert_int_equal(meter(FIRST).want, SUPPLY_OPEN);
	row = meter(FIRST);
	row.command_id = 0;
	put(&row);
	money_look(&lab, account);
	assert_int_equal(meter(FIRST).want, SUPPLY_CLOSE);
	money_work(&lab);
	assert_int_equal(commands(), 3);
	assert_int_not_equal(meter(FIRST).command_id, 0);
	money_look(&lab, account);
	money_work(&lab);
	assert_int_equal(meter(FIRST).want, SUPPLY_CLOSE);
	assert_int_equal(commands(), 3);
	/* One that is surely open stays so, unless it is paid for. */
	row = meter(FIRST);
	row.command_id = 0;
	row.opened = SUPPLY_OPENED;
	put(&row);
	money_look(&lab, account);
	assert_int_equal(meter(FIRST).want, SUPPLY_NOTHING);
}

static void what_is_done_and_not_verified_stays_wanted(void **state)
{
	struct supply_meter row = meter(FIRST);

	(void)state;
	plan("0", false);
	money_pay(&lab, account, 10000);
	row.want = SUPPLY_CLOSE;
	row.opened = SUPPLY_NOT_OPENED;
	row.command_id = 77;
	put(&row);
	money_look(&lab, account);
	assert_int_equal(meter(FIRST).want, SUPPLY_CLOSE);
	assert_int_equal(meter(FIRST).command_id, 77);
	/* Not given yet, and nothing is open: no need any more. */
	row.command_id = 0;
	put(&row);
	money_look(&lab, account);
	assert_int_equal(meter(FIRST).want, SUPPLY_NOTHING);
}

static void each_close_says_why(void **state)
{
	struct supply_meter row = meter(FIRST);

	(void)state;
	plan("0", false);
	money_pay(&lab, account, 100);
	money_pay(&lab, account, -100);
	money_work(&lab);
	money_pay(&lab, account, 10000); /* overtakes the opening */
	assert_int_equal(meter(FIRST).want, SUPPLY_CLOSE);
	assert_string_equal(meter(FIRST).want_reason, supply_reason_word(SUPPLY_BECAUSE_RECALL));
	row = meter(SECOND);
	row.want = SUPPLY_NOTHING; /* opened and verified before */
	row.command_id = 0;
	row.opened = SUPPLY_OPENED;
	put(&row);
	money_look(&lab, account);
	assert_int_equal(meter(SECOND).want, SUPPLY_CLOSE);
	assert_string_equal(meter(SECOND).want_reason, supply_reason_word(SUPPLY_BECAUSE_MONEY));
}

/* ---- who is not decided about ---- */

static void nothing_is_wanted_of_who_leaves(void **state)
{
	struct account_row row;

	(void)state;
	money_pay(&lab, account, -100); /* announced for tomorrow */
	assert_true(memory().again_s < INT64_MAX);
	assert_int_equal(account_get(lab.db, 1, account, &row), ERR_NONE);
	row.state = ACCOUNT_CLOSING;
	assert_int_equal(account_update(lab.db, &row), ERR_NONE);
	money_look(&lab, account);
	assert_true(memory().again_s == INT64_MAX);
	assert_int_equal(meter(FIRST).want, SUPPLY_NOTHING);
	lab.now_ms += 2 * 86400 * INT64_C(1000);
	money_work(&lab);
	assert_int_equal(commands(), 0);
}

static void an_account_that_is_gone_is_forgotten(void **state)
{
	(void)state;
	money_pay(&lab, account, -100);
	lab.now_ms += 2 * 86400 * INT64_C(1000);
	sql("DELETE FROM account");
	money_work(&lab);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM supply_account"), 0);
}

static enum err meter_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const int64_t *number = arg;

	return supply_consider_meter(tx, 1, *number, now_ms, out);
}

static enum err anew_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)arg;
	(void)out;
	return supply_notice_anew(tx, 1, account, now_ms);
}

static void a_use_that_ended_wants_no_opening(void **state)
{
	static const struct {
		enum supply_want before, after;
	} cases[] = {
	        {SUPPLY_OPEN,   SUPPLY_NOTHING},
	        {SUPPLY_REMIND, SUPPLY_NOTHING},
	        {SUPPLY_CLOSE,  SUPPLY_CLOSE  },
	};

	int64_t number = FIRST;

	(void)state;
	sql("UPDATE account_meter SET until_s=from_s+1");
	lab.now_ms += 5000;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct supply_meter row = meter(FIRST);

		row.want = cases[i].before;
		row.account_id = account;
		put(&row);
		assert_int_equal(lab_step(&lab, meter_step, &number, true), ERR_NONE);
		assert_int_equal(meter(FIRST).want, cases[i].after);
	}
	/* The close is given, without a reading: there is none any more. */
	money_work(&lab);
	assert_int_equal(commands(), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM supply_act WHERE reading_s=0"), 1);
}

static void who_is_given_time_was_not_cut(void **state)
{
	struct account_row row;

	(void)state;
	money_pay(&lab, account, 100000);
	assert_int_equal(memory().memory.state, BALANCE_GOOD);
	assert_int_equal(lab_step(&lab, anew_step, NULL, false), ERR_NONE);
	assert_int_equal(memory().memory.state, BALANCE_GOOD);
	assert_int_equal(memory().not_before_s, lab.now_ms / 1000 + 86400);
	sql("UPDATE supply_account SET not_before_s=0");
	assert_int_equal(account_get(lab.db, 1, account, &row), ERR_NONE);
	row.state = ACCOUNT_CLOSED;
	assert_int_equal(account_update(lab.db, &row), ERR_NONE);
	assert_int_equal(lab_step(&lab, anew_step, NULL, false), ERR_NONE);
	assert_int_equal(memory().not_before_s, 0);
}

/* ---- when it is given ---- */

static void an_opening_waits_for_a_clock_that_is_sure(void **state)
{
	struct supply_work work = {
	        .rules = {.expiry_s = 120, .resend_ms = 3000},
                  .hold = true
        };

	(void)state;
	plan("0", false);
	money_pay(&lab, account, 100);
	money_pay(&lab, account, -100);
	assert_int_equal(meter(FIRST).want, SUPPLY_OPEN);
	assert_int_equal(lab_step(&lab, supply_work_step, &work, true), ERR_NONE);
	assert_int_equal(commands(), 0);
	assert_int_equal(meter(FIRST).due_ms, lab.now_ms + 5000);
	lab.now_ms += 4999;
	money_work(&lab);
	assert_int_equal(commands(), 0);
	lab.now_ms += 1;
	money_work(&lab);
	assert_int_equal(commands(), 2);
}

/* What tenants were told holds, also by a clock that was set back. */
static void no_opening_comes_before_its_announcement(void **state)
{
	(void)state;
	money_pay(&lab, account, -100);
	lab.now_ms += 86400 * 1000;
	money_read(&lab, FIRST);
	money_read(&lab, SECOND);
	money_look(&lab, account);
	assert_int_equal(meter(FIRST).want, SUPPLY_OPEN);
	lab.now_ms -= 1000;
	sql("UPDATE supply_meter SET due_ms=0");
	money_work(&lab);
	assert_int_equal(commands(), 0);
	assert_int_equal(meter(FIRST).due_ms, lab.now_ms + 60000);
	lab.now_ms += 60000;
	money_work(&lab);
	assert_int_equal(commands(), 2);
}

/* Cut, as it seemed, at a time that our clock has not reached yet. */
static void a_cut_that_was_announced_by_a_clock_ahead_is_announced_anew(void **state)
{
	int64_t now_s = lab.now_ms / 1000;

	(void)state;
	money_pay(&lab, account, -100);
	assert_int_equal(memory().announced_s, now_s + 86400);
	sql("UPDATE supply_account SET state=5, cut_at_s=0, announced_s=announced_s+864000,"
	    " changed_s=changed_s+864000");
	assert_int_equal(memory().memory.state, BALANCE_CUT);
	money_look(&lab, account);
	assert_int_equal(memory().memory.state, BALANCE_GRACE);
	assert_int_equal(memory().announced_s, now_s + 86400);
	assert_int_equal(memory().changed_s, now_s);
}

/* ---- what waits for people ---- */

static int64_t hold(enum supply_path path, int64_t batch_id)
{
	struct supply_held held = {.property_id = 1,
	                           .meter = FIRST,
	                           .path = path,
	                           .batch_id = batch_id,
	                           .by_name = "anna",
	                           .by_origin = "test",
	                           .reason = "why",
	                           .made_ms = lab.now_ms};

	assert_int_equal(supply_held_insert(lab.db, &held), ERR_NONE);
	return held.held_id;
}

static struct supply_held held_row(int64_t held_id)
{
	struct supply_held held;

	assert_int_equal(supply_held_get(lab.db, 1, held_id, &held), ERR_NONE);
	return held;
}

static enum err release_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct supply_held held = *(const struct supply_held *)arg;

	return supply_give_released(tx, &held, now_ms, out);
}

static void release(int64_t held_id)
{
	struct supply_held held = held_row(held_id);

	assert_int_equal(lab_step(&lab, release_step, &held, false), ERR_NONE);
}

static void an_order_that_says_no_more_is_given_as_built_in(void **state)
{
	int64_t held_id = hold(PATH_BATCH, 7);

	(void)state;
	release(held_id);
	assert_int_equal(held_row(held_id).state, HELD_RELEASED);
	assert_int_not_equal(held_row(held_id).command_id, 0);
	assert_int_equal(lab_number(&lab, "SELECT expires_s FROM command"),
	                 lab.now_ms / 1000 + 120);
	assert_int_equal(lab_number(&lab, "SELECT kind FROM command"), COMMAND_TRIP);
}

static void an_agreed_order_that_cannot_be_given_says_why(void **state)
{
	int64_t held_id = hold(PATH_SINGLE, 0);

	(void)state;
	mark(FIRST);
	release(held_id);
	assert_int_equal(commands(), 0);
	assert_int_equal(held_row(held_id).state, HELD_DROPPED);
	assert_int_equal(held_row(held_id).command_id, 0);
	assert_string_not_equal(held_row(held_id).ended_why, "");
}

static bool take_item(void *arg, const struct command_batch_item *item)
{
	*(struct command_batch_item *)arg = *item;
	return false;
}

/* Who looks at the batch sees it there. */
static void a_dropped_order_of_a_batch_says_why_in_it(void **state)
{
	const struct command_batch_row batch = {.property_id = 1, .batch_id = 7};
	int64_t held_id = hold(PATH_BATCH, batch.batch_id);
	struct command_batch_item item;

	(void)state;
	assert_int_equal(command_batch_add(lab.db, &batch, 0, FIRST), ERR_NONE);
	mark(FIRST);
	release(held_id);
	assert_int_equal(command_batch_items(lab.db, 1, batch.batch_id, -1, take_item, &item),
	                 ERR_NONE);
	assert_int_equal(item.meter, FIRST);
	assert_int_equal(item.command_id, 0);
	assert_string_not_equal(item.error, "");
	assert_string_equal(item.error, held_row(held_id).ended_why);
}

static void what_is_no_longer_wanted_is_not_let_through(void **state)
{
	int64_t held_id = hold(PATH_AUTOMATIC, 0);
	struct supply_meter row = meter(FIRST);

	(void)state;
	release(held_id);
	assert_int_equal(held_row(held_id).state, HELD_RELEASED);
	assert_int_equal(meter(FIRST).held_id, 0);
	held_id = hold(PATH_AUTOMATIC, 0);
	row.held_id = held_id;
	put(&row);
	release(held_id);
	assert_int_equal(meter(FIRST).held_id, -held_id);
	assert_int_equal(meter(FIRST).due_ms, lab.now_ms);
}

/* People were faster than the money that takes the reason away. */
static void a_wait_that_has_ended_is_no_error(void **state)
{
	struct supply_meter row = meter(FIRST);
	int64_t held_id = hold(PATH_AUTOMATIC, 0);

	(void)state;
	row.want = SUPPLY_OPEN;
	row.account_id = account;
	row.held_id = held_id;
	put(&row);
	sql("UPDATE supply_held SET state=2");
	money_pay(&lab, account, 100000);
	assert_int_equal(meter(FIRST).want, SUPPLY_NOTHING);
	assert_int_equal(meter(FIRST).held_id, 0);
	assert_int_equal(held_row(held_id).state, HELD_RELEASED);
}

/* ---- what is shown ---- */

static void a_room_has_one_state(void **state)
{
	static const struct {
		enum account_state account;
		enum supply_mode mode;
		int64_t until_s;
		enum supply_opened opened;
		bool lost;
		enum balance_state balance;
		enum room_state room;
	} cases[] = {
	        {ACCOUNT_DRAFT,     SUPPLY_PREPAID,     0,  SUPPLY_OPENED,     true,  BALANCE_CUT,
	         ROOM_NOT_OPENED	                                                                          },
	        {ACCOUNT_CLOSED,    SUPPLY_PREPAID,     0,  SUPPLY_OPENED,     true,  BALANCE_CUT,
	         ROOM_NOT_OPENED	                                                                          },
	        {ACCOUNT_OPEN,      SUPPLY_FORCED_TRIP, 0,  SUPPLY_OPENED,     true,  BALANCE_CUT,
	         ROOM_FORCED_TRIP	                                                                         },
	        {ACCOUNT_SUSPENDED, SUPPLY_KEEP_POWER,  0,  SUPPLY_NOT_OPENED, true,  BALANCE_CUT,
	         ROOM_KEEP_POWER	                                                                          },
	        {ACCOUNT_OPEN,      SUPPLY_KEEP_POWER,  51, SUPPLY_OPENED,     true,  BALANCE_CUT,
	         ROOM_KEEP_POWER	                                                                          },
	        {ACCOUNT_OPEN,      SUPPLY_KEEP_POWER,  50, SUPPLY_OPENED,     true,  BALANCE_CUT,       ROOM_CUT },
	        {ACCOUNT_SUSPENDED, SUPPLY_PREPAID,     0,  SUPPLY_OPENED,     true,  BALANCE_CUT,
	         ROOM_SUSPENDED	                                                                           },
	        {ACCOUNT_CLOSING,   SUPPLY_PREPAID,     0,  SUPPLY_OPENED,     true,  BALANCE_CUT,       ROOM_CUT },
	        {ACCOUNT_OPEN,      SUPPLY_PREPAID,     0,  SUPPLY_UNSURE,     true,  BALANCE_CUT,       ROOM_LOST},
	        {ACCOUNT_OPEN,      SUPPLY_PREPAID,     0,  SUPPLY_UNSURE,     false, BALANCE_CUT,
	         ROOM_OVERDRAFT	                                                                           },
	        {ACCOUNT_OPEN,      SUPPLY_PREPAID,     0,  SUPPLY_NOT_OPENED, false, BALANCE_OVERDRAFT,
	         ROOM_OVERDRAFT	                                                                           },
	        {ACCOUNT_OPEN,      SUPPLY_PREPAID,     0,  SUPPLY_REMINDED,   false, BALANCE_ALARM2,
	         ROOM_ALARM2	                                                                              },
	        {ACCOUNT_OPEN,      SUPPLY_PREPAID,     0,  SUPPLY_NOT_OPENED, false, BALANCE_ALARM1,
	         ROOM_ALARM1	                                                                              },
	        {ACCOUNT_OPEN,      SUPPLY_PREPAID,     0,  SUPPLY_NOT_OPENED, false, BALANCE_GRACE,
	         ROOM_GRACE	                                                                               },
	        {ACCOUNT_CLOSING,   SUPPLY_PREPAID,     0,  SUPPLY_NOT_OPENED, false, BALANCE_GOOD,
	         ROOM_OPEN	                                                                                },
	};
	enum room_state found;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct supply_use use = {.account_state = cases[i].account, .lost = cases[i].lost};

		use.account.memory.state = cases[i].balance;
		use.meter.mode = cases[i].mode;
		use.meter.mode_until_s = cases[i].until_s;
		use.meter.opened = cases[i].opened;
		assert_int_equal(room_state_of(&use, 50), cases[i].room);
	}
	for (int room = 0; room < ROOM_STATES; room++) {
		assert_true(room_state_parse(room_state_word((enum room_state)room), &found));
		assert_int_equal(found, room);
	}
	assert_false(room_state_parse("gone", &found));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(the_greatest_balance_is_not_owed),
	        TEST(a_calendar_that_always_spares_cuts_nobody),
	        TEST(the_first_alarm_is_never_below_the_second),
	        TEST(water_is_read_less_often),
	        TEST(a_marked_meter_is_not_reminded_with_the_other),
	        TEST(a_reminder_that_was_not_made_comes_too_late),
	        TEST(a_reminded_meter_that_is_marked_gets_its_supply_back),
	        TEST(while_openings_are_stopped_a_doubtful_one_is_undone_once),
	        TEST(what_is_done_and_not_verified_stays_wanted),
	        TEST(each_close_says_why),
	        TEST(nothing_is_wanted_of_who_leaves),
	        TEST(an_account_that_is_gone_is_forgotten),
	        TEST(a_use_that_ended_wants_no_opening),
	        TEST(who_is_given_time_was_not_cut),
	        TEST(an_opening_waits_for_a_clock_that_is_sure),
	        TEST(no_opening_comes_before_its_announcement),
	        TEST(a_cut_that_was_announced_by_a_clock_ahead_is_announced_anew),
	        TEST(an_order_that_says_no_more_is_given_as_built_in),
	        TEST(an_agreed_order_that_cannot_be_given_says_why),
	        TEST(a_dropped_order_of_a_batch_says_why_in_it),
	        TEST(what_is_no_longer_wanted_is_not_let_through),
	        TEST(a_wait_that_has_ended_is_no_error),
	        cmocka_unit_test(a_room_has_one_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
