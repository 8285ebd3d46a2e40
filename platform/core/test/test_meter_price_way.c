/* Meters that charge themselves: the way of prices and limits into a meter that loses, restarts and forgets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "libs/proto/meter.h"
#include "platform/core/meter_price.h"
#include "platform/core/topup.h"
#include "platform/test/money.h"
#include "platform/test/own_meter.h"
#include "platform/test/rated.h"

#define FLAT(uy) "{\"rates\":[{\"price_uy\":" #uy "}]}"

/* ---- with the store ---- */

#define ACCOUNT RATED_ACCOUNT

static struct lab lab;
static struct estate estate;
static struct rated rated;
static struct own_meter meter;
static int64_t register_wh;

static void sql(const char *text)
{
	assert_int_equal(db_exec(lab.db, text), ERR_NONE);
}

static int setup(void **state)
{
	struct account_row row = {.property_id = 1,
	                          .account_id = ACCOUNT,
	                          .code = "A-301",
	                          .state = ACCOUNT_OPEN,
	                          .version = 1};
	struct account_meter use = {.property_id = 1,
	                            .meter = LAB_METER,
	                            .until_s = ACCOUNT_OPEN_S,
	                            .account_id = ACCOUNT,
	                            .service = SERVICE_ELECTRICITY,
	                            .credit = CREDIT_METER};
	struct rating_start start = {.property_id = 1,
	                             .meter = LAB_METER,
	                             .account_id = ACCOUNT,
	                             .service = SERVICE_ELECTRICITY,
	                             .credit = CREDIT_METER};

	(void)state;
	rated_setup(&rated, &lab);
	estate_setup(&estate, &lab);
	rated_price(&rated, FLAT(600000));
	row.customer_id = estate_customer(&estate, "Anna", "13800001234");
	row.created_s = row.opened_s = use.from_s = start.from_s = lab.now_ms / 1000;
	assert_int_equal(account_insert(lab.db, &row), ERR_NONE);
	assert_int_equal(account_meter_insert(lab.db, &use), ERR_NONE);
	assert_int_equal(rated_start(&rated, &start), ERR_NONE);
	sql("INSERT INTO alarm_plan(property_id, group_id, code, cut_notice_s, friendly_hours, version)"
	    " VALUES(1,1,'default',0,0,1)");
	meter = (struct own_meter){.relay = METER_CONTACT_CLOSED | METER_WANT_CLOSED};
	register_wh = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static const struct command_rules rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30};

/* What is due leaves; how many commands were made. */
static int64_t work(void)
{
	struct price_work request = {.rules = rules};
	int64_t before = lab_number(&lab, "SELECT count(*) FROM command");

	assert_int_equal(lab_step(&lab, price_work_step, &request, true), ERR_NONE);
	return lab_number(&lab, "SELECT count(*) FROM command") - before;
}

static struct command_row newest(void)
{
	struct command_row row;

	assert_int_equal(
	        command_get(lab.db, lab_number(&lab, "SELECT max(command_id) FROM command"), &row),
	        ERR_NONE);
	return row;
}

static struct uplink_result executed(const struct command_row *row)
{
	struct command_key key;

	lab_terminal(0, &key);
	return own_meter_answer(&meter, row, &key, lab.now_ms / 1000);
}

static void arrives(void)
{
	struct command_row row = newest();

	lab_result(&lab, 0, executed(&row));
}

static void lost(void)
{
	lab_result(&lab, 0,
	           (struct uplink_result){.command_id = (uint64_t)newest().command_id,
	                                  .stage = UPLINK_NO_ANSWER});
}

static enum err consider_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)arg;
	return supply_consider(tx, 1, ACCOUNT, false, now_ms, out);
}

static void consider(void)
{
	assert_int_equal(lab_step(&lab, consider_step, NULL, false), ERR_NONE);
}

/* A minute passes, in which so much flows. */
static void minute(int64_t wh)
{
	lab.now_ms += 60000;
	register_wh += wh;
	rated_read_at(&rated, lab.now_ms / 1000, register_wh);
	consider();
}

static struct meter_price row_of(void)
{
	struct meter_price row;

	assert_int_equal(meter_price_get(lab.db, 1, LAB_METER, &row), ERR_NONE);
	return row;
}

/* All that is due is sent and answered; how many commands that took. */
static int settle(void)
{
	int commands = 0;

	while (work() && commands < 50) {
		arrives();
		commands++;
		lab.now_ms += 1000;
	}
	return commands;
}

static bool is_own(void)
{
	struct account_meter use;
	struct meter_price row = row_of();

	assert_int_equal(account_meter_last(lab.db, 1, LAB_METER, &use), ERR_NONE);
	return price_is_own(&row, &use);
}

static struct supply_meter supply_of(void)
{
	struct supply_meter row;

	assert_int_equal(supply_meter_get(lab.db, 1, LAB_METER, &row), ERR_NONE);
	return row;
}

/* From the account into the purse, as topup.c books it. */
static enum err fill_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)out;
	return topup_carry(tx, 1, ACCOUNT, LAB_METER, *(int64_t *)arg, now_ms);
}

static void fill(int64_t fen)
{
	struct topup_work request = {.rules = rules};

	money_pay(&lab, ACCOUNT, fen);
	assert_int_equal(lab_step(&lab, fill_step, &fen, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, topup_work_step, &request, true), ERR_NONE);
	arrives();
	consider();
}

static void hand_over(void)
{
	minute(0);
	fill(1000);
	minute(0);
	settle();
	assert_true(is_own());
}

static void a_meter_gets_prices_and_limits_and_charges_itself(void **state)
{
	struct meter_price row;

	(void)state;
	assert_int_equal(work(), 0); /* nobody has looked at the account */
	consider();
	assert_int_equal(settle(), 3); /* a part, the price, limits */
	row = row_of();
	assert_int_equal(row.why, PRICE_HANDED);
	assert_int_equal(meter.now.version, row.now_version);
	assert_int_equal(meter.limits.version, row.limits_version);
	assert_int_equal(meter.limits.alarm1_fen, 5000);
	assert_true(is_own());
	assert_int_equal(newest().stage, STAGE_VERIFIED);
	assert_int_equal(work(), 0);
}

static enum err other_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct meter_price row = {
	        .property_id = 1, .meter = LAB_METER + 1, .why = PRICE_MODEL, .next_ms = now_ms};
	enum err err = tx_open(tx);

	(void)arg;
	(void)out;
	return err ? err : meter_price_put(tx->db, &row);
}

/* Its prices cannot be told: more of them begin in these years than a span has room for. */
static void one_meter_holds_up_no_other(void **state)
{
	struct meter_price other;
	char sql[256];

	(void)state;
	consider();
	snprintf(sql, sizeof sql,
	         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<65)"
	         " INSERT INTO meter_tariff SELECT 1,%lld,%lld+i,0,'' FROM n",
	         (long long)LAB_METER, (long long)(lab.now_ms / 1000));
	assert_int_equal(db_exec(lab.db, sql), ERR_NONE);
	assert_int_equal(lab_step(&lab, other_step, NULL, false), ERR_NONE);
	assert_int_equal(work(), 0);
	assert_true(row_of().next_ms > lab.now_ms);
	assert_int_equal(meter_price_get(lab.db, 1, LAB_METER + 1, &other), ERR_NONE);
	assert_int_equal(other.why, PRICE_NO_USE);
	assert_true(other.next_ms > lab.now_ms);
}

#define SET_PLAN(what) "UPDATE alarm_plan SET " what

/* The default plan announces cuts; what else a meter cannot do. */
static void what_a_meter_cannot_do_stays_here(void **state)
{
	static const char terms[] =
	        "INSERT INTO account_terms(property_id, account_id, from_s, kind, fee_fen, bill_day,"
	        " due_days, overdue_trips, by_name) VALUES(1,7,1,'monthly-fee',100,0,0,0,'x')";
	static const char incident[] =
	        "INSERT INTO supply_rules(property_id, incident_ms, incident_by, incident_reason,"
	        " version) VALUES(1,1,'anna','price',1)";

	static const struct {
		enum price_why why;
		const char *change, *back;
	} cases[] = {
	        {PRICE_GRACE,    SET_PLAN("cut_notice_s=60"),         SET_PLAN("cut_notice_s=0")      },
	        {PRICE_REMINDER, SET_PLAN("alarm2_trips=1"),          SET_PLAN("alarm2_trips=0")      },
	        {PRICE_FRIENDLY, SET_PLAN("friendly_hours=1"),        SET_PLAN("friendly_hours=0")    },
	        {PRICE_NO_USE,   "UPDATE account SET state=3",        "UPDATE account SET state=2"    },
	        {PRICE_KIND,     terms,                               "DELETE FROM account_terms"     },
	        {PRICE_STOPPED,  incident,                            "DELETE FROM supply_rules"      },
	        {PRICE_MARK,     "UPDATE supply_meter SET mark=2",    "UPDATE supply_meter SET mark=0"},
	        {PRICE_MODEL,    "UPDATE meter SET model='wattle-0'",
	         "UPDATE meter SET model='wattle-1'"                                                  },
	};

	(void)state;
	hand_over();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		sql(cases[i].change);
		if (cases[i].why == PRICE_MODEL)
			sql("UPDATE meter_price SET next_ms=0");
		consider();
		assert_int_equal(work(), 1);
		assert_int_equal(row_of().why, cases[i].why);
		assert_false(is_own()); /* at once, not when the meter knows */
		arrives();
		assert_int_equal(meter.limits.version, PRICE_LIMITS_OFF);
		assert_int_equal(meter.limits.flags, 0);
		assert_int_equal(work(), 0);
		sql(cases[i].back);
		if (cases[i].why == PRICE_MODEL)
			sql("UPDATE meter_price SET next_ms=0");
		minute(10);
		minute(10);
		settle();
		assert_true(is_own());
		assert_int_equal(meter.spent_fen, row_of().start_spent_fen);
	}
}

static void a_price_that_fits_no_meter_is_told(void **state)
{
	int64_t events;

	(void)state;
	hand_over();
	rated_version(&rated, 1, 2, lab.now_ms / 1000 + 3600,
	              "{\"rates\":[{\"price_uy\":600000}],\"fee_fen\":100}");
	sql("UPDATE meter_price SET next_ms=0");
	assert_int_equal(work(), 0);
	assert_int_equal(row_of().next_why, PRICE_FEE);
	events = lab_number(&lab,
	                    "SELECT count(*) FROM event WHERE kind=163 AND detail=11 AND value=2");
	assert_int_equal(events, 1);
	assert_true(is_own()); /* until then */
	lab.now_ms += 3600000;
	consider();
	assert_int_equal(work(), 1);
	assert_false(is_own());
	assert_int_equal(row_of().why, PRICE_FEE);
	arrives();
	assert_false(price_spends(meter.limits.version));
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=163"), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM alarm WHERE kind=163"), 1);
}

/* Answers that overtook each other: the one to the newest command holds. */
static void an_older_answer_changes_nothing(void **state)
{
	struct meter_price before;

	(void)state;
	hand_over();
	rated_version(&rated, 1, 2, lab.now_ms / 1000 + 3600, FLAT(900000));
	sql("UPDATE meter_price SET next_ms=0");
	assert_int_equal(work(), 1);
	sql("UPDATE meter_price SET read_counter=1000000");
	before = row_of();
	arrives();
	assert_int_equal(row_of().part_at, before.part_at);
	assert_int_equal(row_of().read_counter, 1000000);
}

static void the_next_price_is_there_before_its_time(void **state)
{
	int64_t first;

	(void)state;
	hand_over();
	first = row_of().now_version;
	rated_version(&rated, 1, 2, lab.now_ms / 1000 + 3600, FLAT(900000));
	sql("UPDATE meter_price SET next_ms=0");
	assert_int_equal(settle(), 2);
	assert_int_equal(row_of().read_next, row_of().next_version);
	assert_int_equal(row_of().read_price, first);
	lab.now_ms += 3600000;
	assert_int_equal(settle(), 1); /* asked, not sent */
	assert_int_not_equal(row_of().read_price, first);
	assert_int_equal(row_of().read_price, row_of().now_version);
	assert_int_equal(row_of().read_next, 0);
	assert_true(is_own());
	assert_int_equal(row_of().versions, 2);
}

static void changed_limits_follow_and_charging_goes_on(void **state)
{
	uint32_t start_s;

	(void)state;
	hand_over();
	start_s = meter.limits.start_s;
	sql("UPDATE account SET alarm1_fen=7000");
	consider();
	assert_int_equal(work(), 1);
	assert_true(is_own()); /* by the old ones, meanwhile */
	arrives();
	assert_int_equal(meter.limits.alarm1_fen, 7000);
	assert_int_equal(meter.limits.start_s, start_s);
	assert_true(is_own());
}

static void lost_answers_and_restarts_cost_commands_only(void **state)
{
	int64_t begun;

	(void)state;
	minute(0);
	minute(0);
	assert_int_equal(work(), 1);
	{
		struct command_row row = newest();

		(void)executed(&row); /* taken, and nobody hears of it */
	}
	lost();
	assert_int_equal(work(), 0);
	lab.now_ms += PRICE_AGAIN_MS;
	assert_int_equal(work(), 1);
	arrives();
	own_meter_restart(&meter); /* between the part and the price */
	assert_int_equal(work(), 1);
	assert_int_equal(newest().kind, COMMAND_PRICE);
	arrives();
	assert_int_equal(newest().stage, STAGE_REFUSED);
	assert_int_equal(work(), 1);
	assert_int_equal(newest().kind, COMMAND_PRICE_PART);
	arrives();
	assert_int_equal(settle(), 2);
	assert_true(is_own());

	/* Nobody reaches it: later each time. */
	sql("UPDATE account SET alarm1_fen=7000");
	consider();
	begun = lab.now_ms;
	for (int i = 0; i < 6; i++) {
		assert_int_equal(work(), 1);
		lost();
		assert_int_equal(work(), 0);
		lab.now_ms = row_of().next_ms;
	}
	assert_in_range(lab.now_ms - begun, 15 * PRICE_AGAIN_MS, 61 * PRICE_AGAIN_MS);
	assert_int_equal(settle(), 1);
	assert_int_equal(meter.limits.alarm1_fen, 7000);
}

/* Flash that is new says that it has nothing: prices again, and charging from where ours stands. */
static void an_erased_meter_gets_all_again(void **state)
{
	struct own_meter old;

	(void)state;
	hand_over();
	minute(100);
	old = meter;
	meter = (struct own_meter){.counter = old.counter, .relay = old.relay};
	meter.count = old.count;
	meter.total_fen = old.total_fen;
	lab.now_ms += PRICE_ASK_MS;
	consider();
	assert_int_equal(work(), 1); /* the daily question */
	arrives();
	assert_false(is_own());
	minute(0);
	assert_int_equal(settle(), 1); /* off: the question gave it limits */
	assert_false(price_spends(meter.limits.version));
	assert_int_equal(row_of().why, PRICE_PURSE); /* is its money there? */
	fill(1);
	minute(0);
	lab.now_ms += 60000;
	assert_int_equal(settle(), 3);
	assert_true(is_own());
	assert_int_equal(meter.spent_fen, 6);
}

static enum err look_soon_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)arg;
	(void)out;
	return price_look_soon(tx, 1, LAB_METER, false, now_ms);
}

/* As at a closing, a swap or a change of rooms. */
static void the_end_of_a_use_ends_it_and_the_next_begins_anew(void **state)
{
	struct rating_settle final = {.property_id = 1, .meter = LAB_METER};
	struct account_meter use;
	struct rating_start start = {.property_id = 1,
	                             .meter = LAB_METER,
	                             .account_id = ACCOUNT,
	                             .service = SERVICE_ELECTRICITY,
	                             .credit = CREDIT_METER};
	uint32_t start_s;

	(void)state;
	hand_over();
	start_s = meter.limits.start_s;
	minute(100);
	assert_int_equal(account_meter_last(lab.db, 1, LAB_METER, &use), ERR_NONE);
	use.until_s = final.at_s = lab.now_ms / 1000;
	use.close_units = final.units = register_wh;
	use.close_source = REGISTER_AUTO;
	assert_int_equal(rated_settle(&rated, &final), ERR_NONE);
	assert_int_equal(account_meter_end(lab.db, &use), ERR_NONE);
	assert_int_equal(lab_step(&lab, look_soon_step, NULL, false), ERR_NONE);
	assert_int_equal(settle(), 1);
	assert_int_equal(row_of().why, PRICE_NO_USE);
	assert_false(price_spends(meter.limits.version));

	lab.now_ms += 60000;
	use.from_s = start.from_s = lab.now_ms / 1000;
	use.open_units = start.units = register_wh;
	use.until_s = ACCOUNT_OPEN_S;
	assert_int_equal(account_meter_insert(lab.db, &use), ERR_NONE);
	assert_int_equal(rated_start(&rated, &start), ERR_NONE);
	minute(0);
	settle();
	assert_true(is_own());
	assert_int_not_equal(meter.limits.start_s, start_s);
	assert_int_equal(meter.spent_fen, 6); /* of its purse, by the use before */
	assert_int_equal(row_of().versions, 1);
}

static void a_meter_of_old_refuses_and_is_told(void **state)
{
	(void)state;
	meter.deaf = true;
	minute(0);
	minute(0);
	assert_int_equal(work(), 1);
	arrives();
	assert_int_equal(work(), 0);
	assert_int_equal(row_of().why, PRICE_REFUSED);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=163"), 1);
	lab.now_ms += 2 * 3600000;
	assert_int_equal(work(), 0);
}

/* ---- supply ---- */

static bool take_room(void *arg, const struct supply_use *use)
{
	*(enum room_state *)arg = room_state_of(use, lab.now_ms / 1000);
	return true;
}

static enum room_state room(void)
{
	enum room_state state = ROOM_LOST;

	assert_int_equal(supply_uses(lab.db, 1, LAB_METER, 0, take_room, &state), ERR_NONE);
	return state;
}

/* 12 yuan; it has 10. */
static void use_it_up(void)
{
	for (int i = 0; i < 10; i++)
		minute(2000);
}

static void the_platform_opens_nothing_that_charges_itself(void **state)
{
	struct supply_work supply = {.rules = rules};
	int64_t before;

	(void)state;
	hand_over();
	before = newest().command_id;
	use_it_up();
	assert_int_equal(lab_number(&lab, "SELECT state FROM supply_account"), BALANCE_CUT);
	assert_int_equal(supply_of().want, SUPPLY_NOTHING);
	assert_int_equal(lab_step(&lab, supply_work_step, &supply, true), ERR_NONE);
	assert_int_equal(newest().command_id, before);

	/* It cuts by itself, and says so; a question confirms it. */
	meter.spent_fen = 1200;
	meter.relay = 0;
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE kind='cut'"), 0);
	sql("UPDATE meter_price SET ask=1, next_ms=0");
	assert_int_equal(settle(), 1);
	assert_int_equal(row_of().cut, 1);
	assert_int_equal(room(), ROOM_CUT);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE kind='cut'"), 1);

	/* Money restores it there. */
	fill(5000);
	meter.relay = METER_CONTACT_CLOSED | METER_WANT_CLOSED;
	sql("UPDATE meter_price SET ask=1, next_ms=0");
	assert_int_equal(settle(), 1);
	assert_int_equal(row_of().cut, 0);
	assert_int_equal(room(), ROOM_ALARM1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE kind='restored'"), 1);
	assert_int_equal(supply_of().want, SUPPLY_NOTHING);
}

/* What it opened by itself is ours to close once it does not charge itself any more. */
static void an_own_cut_is_taken_over(void **state)
{
	(void)state;
	hand_over();
	use_it_up();
	meter.spent_fen = 1200;
	meter.relay = 0;
	sql("UPDATE meter_price SET ask=1, next_ms=0");
	settle();
	assert_int_equal(row_of().cut, 1);
	sql("UPDATE alarm_plan SET friendly_hours=1");
	consider();
	assert_int_equal(settle(), 1);
	assert_int_equal(supply_of().opened, SUPPLY_OPENED);
	fill(5000);
	assert_int_equal(supply_of().want, SUPPLY_CLOSE);
}

/* It forgot that it had opened, and closes by itself no more. */
static void what_an_erased_meter_opened_is_closed_by_us(void **state)
{
	struct own_meter old;

	(void)state;
	hand_over();
	use_it_up();
	meter.spent_fen = 1200;
	meter.relay = 0;
	sql("UPDATE meter_price SET ask=1, next_ms=0");
	settle();
	assert_int_equal(row_of().cut, 1);
	old = meter;
	meter = (struct own_meter){
	        .counter = old.counter, .count = old.count, .total_fen = old.total_fen};
	sql("UPDATE meter_price SET ask=1, next_ms=0");
	assert_int_equal(work(), 1);
	arrives();
	assert_int_equal(row_of().cut, 0);
	assert_int_equal(supply_of().opened, SUPPLY_OPENED);
	assert_int_equal(supply_of().want, SUPPLY_NOTHING); /* nothing is left */
	fill(5000);
	assert_int_equal(supply_of().want, SUPPLY_CLOSE);
}

/* ---- both sums ---- */

/* Any signed answer tells what was spent; the next charge behind it decides. */
static void ask_sum(int64_t spent_fen)
{
	meter.spent_fen = spent_fen;
	lab.now_ms += 10000;
	sql("UPDATE meter_price SET ask=1, next_ms=0");
	assert_int_equal(settle(), 1);
	minute(100);
	work();
}

static void both_sums_are_compared(void **state)
{
	struct price_anew anew = {.actor = estate.chief, .property_id = 1, .meter = LAB_METER};

	(void)state;
	hand_over();
	minute(100);
	ask_sum(7); /* ours is 6 before and 12 after */
	assert_int_equal(row_of().differs_fen, 0);
	assert_int_equal(row_of().ours_fen, 12);
	assert_int_equal(row_of().waits, 0);
	assert_int_equal(price_bound_fen(&(struct meter_price){.lines = 2, .versions = 3}), 8);
	ask_sum(9); /* ours is 12 before: 3 less, within 2 and one for its only line */
	assert_int_equal(row_of().differs_fen, -3);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=164"), 0);
	ask_sum(60);
	assert_int_equal(row_of().differs_fen, 36);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=164 AND value=36"),
	                 1);

	anew.actor.reason[0] = '\0';
	assert_int_equal(lab_step(&lab, price_anew_step, &anew, false), ERR_BAD_INPUT);
	snprintf(anew.actor.reason, sizeof anew.actor.reason, "seen");
	assert_int_equal(lab_step(&lab, price_anew_step, &anew, false), ERR_NONE);
	settle();
	assert_true(is_own());
	assert_int_equal(meter.spent_fen, 24);
	ask_sum(24);
	assert_int_equal(row_of().differs_fen, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(a_meter_gets_prices_and_limits_and_charges_itself),
	        T(one_meter_holds_up_no_other),
	        T(what_a_meter_cannot_do_stays_here),
	        T(a_price_that_fits_no_meter_is_told),
	        T(an_older_answer_changes_nothing),
	        T(the_next_price_is_there_before_its_time),
	        T(changed_limits_follow_and_charging_goes_on),
	        T(lost_answers_and_restarts_cost_commands_only),
	        T(an_erased_meter_gets_all_again),
	        T(the_end_of_a_use_ends_it_and_the_next_begins_anew),
	        T(a_meter_of_old_refuses_and_is_told),
	        T(the_platform_opens_nothing_that_charges_itself),
	        T(an_own_cut_is_taken_over),
	        T(what_an_erased_meter_opened_is_closed_by_us),
	        T(both_sums_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
