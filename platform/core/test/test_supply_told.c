/* What is shown of supply, and who is told: the state of a room, messages, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/core/message_out.h"
#include "platform/test/accounts.h"
#include "platform/test/supplied.h"

static struct lab lab;
static struct supplied s = {.lab = &lab};
static struct accounts a = {.lab = &lab}; /* of some tests, in place of s */

/* ---- what is shown ---- */

static bool take_use(void *arg, const struct supply_use *use)
{
	*(struct supply_use *)arg = *use;
	return false;
}

static enum room_state room(void)
{
	struct supply_use use;

	assert_int_equal(supply_uses(lab.db, 1, LAB_METER, 0, take_use, &use), ERR_NONE);
	return room_state_of(&use, lab.now_ms / 1000);
}

static void rooms_say_what_they_are(void **state)
{
	(void)state;
	assert_int_equal(room(), ROOM_OPEN);
	money_pay(&lab, s.account, 6000);
	money_pay(&lab, s.account, -2000);
	assert_int_equal(room(), ROOM_ALARM1);
	money_pay(&lab, s.account, -3500);
	assert_int_equal(room(), ROOM_ALARM2);
	money_pay(&lab, s.account, -500);
	assert_int_equal(room(), ROOM_GRACE);
	assert_int_equal(db_exec(lab.db, "INSERT INTO reading_missed VALUES(1,330100000001,1)"),
	                 ERR_NONE);
	assert_int_equal(room(), ROOM_LOST);
	assert_int_equal(db_exec(lab.db, "DELETE FROM reading_missed"), ERR_NONE);
	supplied_pass(&s, 86400);
	assert_int_equal(room(), ROOM_OVERDRAFT);
	supplied_obey(&s, supplied_newest(&s));
	assert_int_equal(room(), ROOM_CUT);
	supplied_obey(&s, supplied_order(&s, LAB_METER, COMMAND_KEEP_POWER));
	assert_int_equal(room(), ROOM_KEEP_POWER);
	supplied_obey(&s, supplied_order(&s, LAB_METER, COMMAND_RELEASE));
	supplied_obey(&s, supplied_order(&s, LAB_METER, COMMAND_TRIP));
	assert_int_equal(room(), ROOM_FORCED_TRIP);
	supplied_obey(&s, supplied_order(&s, LAB_METER, COMMAND_RELEASE));
	assert_int_equal(db_exec(lab.db, "UPDATE account SET state=3"), ERR_NONE);
	assert_int_equal(room(), ROOM_SUSPENDED);
	assert_int_equal(db_exec(lab.db, "UPDATE account SET state=5"), ERR_NONE);
	assert_int_equal(room(), ROOM_NOT_OPENED);
	for (unsigned i = 0; i < ROOM_STATES; i++) {
		enum room_state found;

		assert_true(room_state_parse(room_state_word((enum room_state)i), &found));
		assert_int_equal(found, i);
	}
}

/* ---- for how long the money lasts ---- */

static int32_t tenths_left(int64_t account_id, int64_t available_fen)
{
	struct account_row row = accounts_row(&a, account_id);
	struct property_row property;
	int32_t tenths;

	assert_int_equal(property_get(lab.db, 1, &property), ERR_NONE);
	assert_int_equal(supply_days_left(lab.db, &property, &row, money_fen(available_fen),
	                                  lab.now_ms, &tenths),
	                 ERR_NONE);
	return tenths;
}

static void at_noon(int64_t days, int64_t wh)
{
	lab.now_ms = (estate_day_s(estate_today() + days) + 12 * 3600) * 1000;
	accounts_read(&a, ACCOUNTS_METER, wh);
}

/* domain.md §15: the money there is, by what was used in the last seven whole days, or in fewer when there are not so
 * many; on the first day by what was used of it. */
static void days_are_left_by_what_was_used_of_late(void **state)
{
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	assert_int_equal(tenths_left(id, 9400), 99990); /* nothing was used */
	at_noon(0, 1010000);                            /* 6.00 */
	assert_int_equal(tenths_left(id, 9400), 156);
	assert_int_equal(tenths_left(id, 0), 0);
	at_noon(1, 1010000);
	assert_int_equal(tenths_left(id, 9400), 156); /* yesterday's */
	lab.now_ms = estate_day_s(estate_today() + 2) * 1000;
	accounts_read(&a, ACCOUNTS_METER, 1010000);
	at_noon(2, 1030000); /* 12.00 */
	lab.now_ms = estate_day_s(estate_today() + 3) * 1000;
	accounts_read(&a, ACCOUNTS_METER, 1030000);
	at_noon(3, 1130000); /* 60.00, of today: not counted yet */
	assert_int_equal(tenths_left(id, 8200), 82 * 30 / 18);
	lab.now_ms = estate_day_s(estate_today() + 4) * 1000;
	accounts_read(&a, ACCOUNTS_METER, 1130000);
	at_noon(7, 1130000);
	assert_int_equal(tenths_left(id, 8200), 82 * 70 / 78);
	at_noon(9, 1130000); /* the first days are long ago */
	assert_int_equal(tenths_left(id, 8200), 82 * 70 / 72);
	at_noon(10, 1130000);
	assert_int_equal(tenths_left(id, 8200), 82 * 70 / 60);
	at_noon(11, 1130000);
	assert_int_equal(tenths_left(id, 8200), 99990);
}

static int64_t told(const char *text)
{
	struct stmt *st = db_query(lab.db, "SELECT count(*) FROM message WHERE body LIKE ?");
	int64_t count;

	bind_text(st, text);
	assert_true(stmt_row(st));
	count = col_i64(st);
	assert_int_equal(stmt_end(st), ERR_NONE);
	return count;
}

static void a_warning_says_for_how_long(void **state)
{
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 5100);
	lab_later(&lab, 3600);
	accounts_read(&a, ACCOUNTS_METER, 1002000); /* 1.20 */
	money_look(&lab, id);
	assert_int_equal(told("%余额 49.80 元，约可用 41.5 天%"), 1);
	lab_later(&lab, 7200);
	accounts_read(&a, ACCOUNTS_METER, 1070000); /* 42.00 */
	money_look(&lab, id);
	assert_int_equal(told("%余额仅剩 9.00 元，约可用 0.2 天%"), 1);
}

/* Nobody counts in tenths of days that are more than a hundred. */
static void many_days_are_told_in_whole_ones(void **state)
{
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 5010);
	lab_later(&lab, 3600);
	accounts_read(&a, ACCOUNTS_METER, 1000200); /* 0.12 */
	money_look(&lab, id);
	assert_int_equal(told("%余额 49.98 元，约可用 365+ 天%"), 1);
}

static void who_will_be_cut_is_told_when(void **state)
{
	(void)state;
	money_pay(&lab, s.account, 1000);
	money_pay(&lab, s.account, -1100);
	assert_int_equal(told("%余额 -1.00 元，将于 2026-11-25 11:13 停电%"), 1);
	supplied_pass(&s, 86400);
	supplied_obey(&s, supplied_newest(&s));
	assert_int_equal(told("%因欠费已于 2026-11-25 11:13 停电，余额 -1.00 元%"), 1);
	lab_later(&lab, 60);
	money_pay(&lab, s.account, 5100);
	money_work(&lab);
	supplied_obey(&s, supplied_newest(&s));
	assert_int_equal(told("%已于 2026-11-25 11:14 恢复供电，余额 50.00 元%"), 1);
}

/* ---- messages ---- */

static void messages_wait_for_the_morning(void **state)
{
	struct message_send send;

	(void)state;
	/* 11:13 in China; eleven hours and a half later it is quiet */
	lab_later(&lab, 41400);
	money_read(&lab, LAB_METER);
	money_pay(&lab, s.account, 6000);
	money_pay(&lab, s.account, -5500);
	assert_int_equal(supplied_messages(&s, "alarm-2"), 1);
	money_pay(&lab, s.account, -500);
	assert_int_equal(supplied_messages(&s, "will-be-cut"), 1);
	assert_int_equal(lab_step(&lab, message_send_step, &send, true), ERR_NONE);
	assert_int_equal(send.sent, 1); /* who will be cut must know */
	lab_later(&lab, 36000);
	assert_int_equal(lab_step(&lab, message_send_step, &send, true), ERR_NONE);
	assert_int_equal(send.sent, 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE state=2"), 2);
}

static void a_message_is_sent_again_on_request(void **state)
{
	struct message_resend resend = {.actor = s.estate.chief, .property_id = 1, .message_id = 1};

	(void)state;
	money_pay(&lab, s.account, 4000);
	assert_int_equal(supplied_messages(&s, "alarm-1"), 1);
	assert_int_equal(lab_step(&lab, message_resend_step, &resend, false), ERR_NONE);
	assert_int_equal(resend.new_id, 2);
	assert_int_equal(supplied_messages(&s, "alarm-1"), 2);
	assert_int_equal(message_forget(lab.db, 1, 1), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE body=''"), 2);
	lab_later(&lab, 1);
	assert_int_equal(lab_step(&lab, message_resend_step, &resend, false), ERR_REFUSED);
	resend.message_id = 99;
	assert_int_equal(lab_step(&lab, message_resend_step, &resend, false), ERR_NOT_FOUND);
}

static void told_once_an_episode(void **state)
{
	(void)state;
	money_pay(&lab, s.account, 6000);
	money_pay(&lab, s.account, -1001);
	money_pay(&lab, s.account, -1);
	assert_int_equal(supplied_messages(&s, "alarm-1"), 1);
	money_pay(&lab, s.account, 9000);
	money_pay(&lab, s.account, -9000);
	assert_int_equal(supplied_messages(&s, "alarm-1"), 2);
}

/* Looks go on all day; only money that comes makes what was told worth telling again. */
static void a_look_ends_no_episode(void **state)
{
	struct supply_account row;

	(void)state;
	money_pay(&lab, s.account, 6000);
	money_pay(&lab, s.account, -2000);
	row = supplied_memory(&s, s.account);
	row.memory.told |= BALANCE_TOLD(BALANCE_ALARM2);
	row.again_s = lab.now_ms / 1000;
	assert_int_equal(supply_account_put(lab.db, &row), ERR_NONE);
	money_work(&lab);
	row = supplied_memory(&s, s.account);
	assert_true(row.again_s > lab.now_ms / 1000); /* it was looked at */
	assert_int_not_equal(row.memory.told & BALANCE_TOLD(BALANCE_ALARM2), 0);
	money_pay(&lab, s.account, 1);
	row = supplied_memory(&s, s.account);
	assert_int_equal(row.memory.told & BALANCE_TOLD(BALANCE_ALARM2), 0);
}

int main(void)
{
#define T(name) SUPPLIED_TEST(name, &s)
#define A(name) ACCOUNTS_TEST(name, &a)
	const struct CMUnitTest tests[] = {
	        T(rooms_say_what_they_are),
	        A(days_are_left_by_what_was_used_of_late),
	        A(a_warning_says_for_how_long),
	        A(many_days_are_told_in_whole_ones),
	        T(who_will_be_cut_is_told_when),
	        T(messages_wait_for_the_morning),
	        T(a_message_is_sent_again_on_request),
	        T(told_once_an_episode),
	        T(a_look_ends_no_episode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
