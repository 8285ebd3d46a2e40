/* Personal data: retention, erasure, export, privacy text, and the daily work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/daily.h"
#include "platform/core/person.h"
#include "platform/store/info.h"
#include "platform/store/takeover.h"
#include "platform/test/estate.h"

static struct lab lab;
static struct estate estate;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	estate_setup(&estate, &lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static struct customer_row customer(int64_t customer_id)
{
	struct customer_row row;

	assert_int_equal(customer_get(lab.db, 1, customer_id, &row), ERR_NONE);
	return row;
}

/* With phone, id number and a note. */
static int64_t whole_person(const char *name)
{
	struct customer_edit edit = {.actor = estate.chief,
	                             .property_id = 1,
	                             .customer_id = estate_customer(&estate, name, "13812345678"),
	                             .version = 1,
	                             .note = "wohnt bei Berta",
	                             .identity = "11010519491231002X"};

	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_NONE);
	return edit.customer_id;
}

static void pass_days(int days)
{
	lab.now_ms += days * INT64_C(86400000);
}

static struct daily_request work(void)
{
	struct daily_request request;

	do
		assert_int_equal(lab_step(&lab, daily_step, &request, false), ERR_NONE);
	while (request.more);
	return request;
}

/* ---- reminders ---- */

struct reminders {
	size_t count;
	struct reminder_row last;
};

static bool take_reminder(void *arg, const struct reminder_row *row)
{
	struct reminders *reminders = arg;

	reminders->count++;
	reminders->last = *row;
	return true;
}

static struct reminders open_reminders(void)
{
	const struct reminder_filter open = {
	        .ask = {.sort = REMINDER_BY_NUMBER}, .from_day = INT64_MIN, .to_day = INT64_MAX};
	struct reminders reminders = {.count = 0};

	assert_int_equal(reminder_list(lab.db, 1, &open, take_reminder, &reminders), ERR_NONE);
	return reminders;
}

static void a_lease_is_reminded_of_once(void **state)
{
	int64_t anna = estate_customer(&estate, "Anna", NULL);
	int64_t id = estate_lease(&estate, anna, estate.r301, -10, 32), far;
	struct lease_edit longer = {.actor = estate.chief,
	                            .property_id = 1,
	                            .lease_id = id,
	                            .version = 1,
	                            .has_end = true,
	                            .end_day = estate_today() + 400};
	struct reminder_edit done = {.actor = estate.chief, .property_id = 1};
	struct reminders found;

	(void)state;
	far = estate_lease(&estate, anna, estate.r302, -10, 300);
	(void)far;
	work();
	assert_int_equal(open_reminders().count, 0); /* 32 days before */
	pass_days(2);
	work();
	found = open_reminders();
	assert_int_equal(found.count, 1);
	assert_int_equal(found.last.lease_id, id);
	pass_days(1);
	work();
	work();
	assert_int_equal(open_reminders().count, 1);
	done.reminder_id = found.last.reminder_id;
	assert_int_equal(lab_step(&lab, reminder_done_step, &done, false), ERR_NONE);
	assert_int_equal(open_reminders().count, 0);
	assert_int_equal(lab_step(&lab, reminder_done_step, &done, false), ERR_REFUSED);
	/* A lease that was made longer has another end. */
	assert_int_equal(lab_step(&lab, lease_edit_step, &longer, false), ERR_NONE);
	pass_days(368);
	work();
	assert_int_equal(open_reminders().last.end_day, estate_today() + 400);
}

static void a_lease_written_near_its_end_is_reminded_of_at_once(void **state)
{
	int64_t anna = estate_customer(&estate, "Anna", NULL), id;
	struct lease_edit sooner = {.actor = estate.chief,
	                            .property_id = 1,
	                            .version = 1,
	                            .has_end = true,
	                            .end_day = estate_today() + 5};

	(void)state;
	work(); /* today's work is done: it will not come again */
	estate_lease(&estate, anna, estate.r301, -10, 20);
	assert_int_equal(open_reminders().count, 1);
	id = estate_lease(&estate, anna, estate.r302, -10, 300);
	assert_int_equal(open_reminders().count, 1);
	sooner.lease_id = id;
	assert_int_equal(lab_step(&lab, lease_edit_step, &sooner, false), ERR_NONE);
	assert_int_equal(open_reminders().count, 2);
	assert_int_equal(open_reminders().last.lease_id, id);
	pass_days(1);
	work();
	assert_int_equal(open_reminders().count, 2);
}

static void the_days_work_is_done_once_and_says_when_next(void **state)
{
	struct daily_request first = work();
	int64_t midnight_s = estate_day_s(estate_today() + 1);

	(void)state;
	assert_int_equal(first.next_s, midnight_s);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM daily_work"), 3);
	pass_days(1);
	assert_int_equal(lab_number(&lab, "SELECT count(DISTINCT day) FROM daily_work"), 1);
	assert_int_equal(lab_number(&lab, "SELECT max(day) FROM daily_work"), estate_today());
	work();
	assert_int_equal(lab_number(&lab, "SELECT min(day) FROM daily_work"), estate_today() + 1);
}

/* ---- retention ---- */

static void each_kind_goes_when_its_time_is_over(void **state)
{
	int64_t anna = whole_person("Anna"), berta = whole_person("Berta");
	struct customer_row row;

	(void)state;
	estate_lease(&estate, anna, estate.r301, -10, 1);
	estate_lease(&estate, berta, estate.r302, -10, 0);
	work();
	for (int i = 0; i < 4; i++) {
		pass_days(30);
		work();
	}
	row = customer(anna); /* her lease ended 118 days ago */
	assert_false(row.has_identity);
	assert_int_equal(row.phone_count, 1);
	assert_true(customer(berta).has_identity);
	for (int i = 0; i < 9; i++) {
		pass_days(30);
		work();
	}
	row = customer(anna);
	assert_int_equal(row.phone_count, 0);
	assert_string_equal(row.name, "Anna");
	for (int i = 0; i < 50; i++) {
		pass_days(30);
		work();
	}
	row = customer(anna);
	assert_true(row.erased_s > 0);
	assert_string_equal(row.name, "(已删除)");
	assert_string_equal(row.note, "");
	row = customer(berta);
	assert_string_equal(row.name, "Berta");
	assert_int_equal(row.phone_count, 1);
	/* And it says so. */
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE who='platform'"
	                                  " AND action='person.expire'"),
	                 3);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE detail='identity 1'"),
	                 1);
	assert_int_equal(lab_number(&lab, "SELECT sum(removed) FROM retention_run"), 3);
}

static void a_clock_that_leapt_removes_nothing_at_first(void **state)
{
	int64_t anna = whole_person("Anna");

	(void)state;
	work();
	pass_days(40000);
	work();
	assert_string_equal(customer(anna).name, "Anna");
	pass_days(1);
	work();
	assert_string_equal(customer(anna).name, "(已删除)");
}

static void retention_is_a_setting_of_the_property(void **state)
{
	int64_t anna = whole_person("Anna");
	struct retention_edit edit = {.actor = estate.chief, .property_id = 1};

	(void)state;
	edit.has[RETENTION_IDENTITY] = edit.set[RETENTION_IDENTITY] = true; /* 0: for ever */
	edit.has[RETENTION_PHONE] = edit.set[RETENTION_PHONE] = true;
	edit.days[RETENTION_PHONE] = 1;
	assert_int_equal(lab_step(&lab, retention_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.row.version, 1);
	assert_int_equal(lab_step(&lab, retention_edit_step, &edit, false), ERR_CONFLICT);
	work();
	for (int i = 0; i < 4; i++) {
		pass_days(30);
		work();
	}
	assert_true(customer(anna).has_identity);
	assert_int_equal(customer(anna).phone_count, 0);
	edit = (struct retention_edit){.actor = estate.chief, .property_id = 1, .version = 1};
	edit.has[RETENTION_EVENT] = edit.set[RETENTION_EVENT] = true;
	edit.days[RETENTION_EVENT] = 29;
	assert_int_equal(lab_step(&lab, retention_edit_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "event");
	edit.has[RETENTION_EVENT] = false;
	edit.has[RETENTION_IDENTITY] = true; /* built in again */
	assert_int_equal(lab_step(&lab, retention_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(retention_days(&edit.row, RETENTION_IDENTITY), 90);
	pass_days(1);
	work();
	assert_false(customer(anna).has_identity);
}

static void many_rows_go_in_several_steps(void **state)
{
	struct daily_request request;
	unsigned steps = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * DAILY_ROWS + 1; i++) {
		struct event_row row = {.property_id = 1, .kind = 1, .stored_ms = lab.now_ms};

		snprintf(row.source, sizeof row.source, "e %u", i);
		assert_int_equal(event_insert(lab.db, &row), ERR_NONE);
	}
	work();
	for (int i = 0; i < 37; i++) {
		pass_days(30);
		do {
			assert_int_equal(lab_step(&lab, daily_step, &request, false), ERR_NONE);
			steps++;
		} while (request.more);
	}
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event"), 0);
	assert_int_equal(steps, 37 + 2);
	assert_int_equal(
	        lab_number(&lab, "SELECT max(removed) FROM retention_run WHERE kind='event'"),
	        2 * DAILY_ROWS + 1);
}

/* ---- erasure ---- */

static struct person_erase erase_of(const struct actor *actor, int64_t customer_id)
{
	return (struct person_erase){.actor = *actor,
	                             .property_id = 1,
	                             .customer_id = customer_id,
	                             .version = customer(customer_id).version};
}

static enum err decide(const struct actor *actor, int64_t approval_id,
                       struct approval_decision *decision)
{
	struct approval_row row;

	assert_int_equal(approval_get(lab.db, approval_id, &row), ERR_NONE);
	*decision = (struct approval_decision){.actor = *actor, .approval_id = approval_id};
	memcpy(decision->hash, row.hash, sizeof decision->hash);
	return lab_step(&lab, approval_decide_step, decision, false);
}

static void erasing_takes_two_and_keeps_figures(void **state)
{
	struct actor second = staff_with(&lab, "second", PERMISSION_ALL, 1, 1, 0);
	int64_t anna = whole_person("Anna");
	struct approval_decision decision;
	struct person_erase erase;
	struct lease_edit edit;
	int64_t lease;

	(void)state;
	lease = estate_lease(&estate, anna, estate.r301, -10, 0);
	erase = erase_of(&estate.chief, anna);
	assert_int_equal(lab_step(&lab, person_erase_step, &erase, false), ERR_REFUSED);
	assert_int_equal(estate_end(&estate, &estate.chief, lease, &edit), ERR_NONE);
	erase.actor.reason[0] = '\0';
	assert_int_equal(lab_step(&lab, person_erase_step, &erase, false), ERR_BAD_INPUT);
	erase = erase_of(&estate.chief, anna);
	assert_int_equal(lab_step(&lab, person_erase_step, &erase, false), ERR_NONE);
	assert_true(erase.approval_id > 0);
	assert_string_equal(customer(anna).name, "Anna");
	assert_int_equal(decide(&estate.chief, erase.approval_id, &decision), ERR_FORBIDDEN);
	/* Somebody else has the code that she would get. */
	assert_int_equal(lab_step(&lab, customer_edit_step,
	                          &(struct customer_edit){.actor = estate.chief,
	                                                  .property_id = 1,
	                                                  .name = "Zoe",
	                                                  .code = "E000001"},
	                          false),
	                 ERR_NONE);
	assert_int_equal(decide(&second, erase.approval_id, &decision), ERR_NONE);
	assert_int_equal(decision.row.state, APPROVAL_DONE);
	assert_string_equal(customer(anna).code, "E000001-1");
	assert_string_equal(customer(anna).name, "(已删除)");
	assert_int_equal(customer(anna).phone_count, 0);
	assert_false(customer(anna).has_identity);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM lease"), 1);
	/* Nothing of her name, number or note is in any table. */
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM customer WHERE name LIKE '%Anna%'"
	                                  " OR note<>'' OR identity_masked<>''"),
	                 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM customer_phone"), 0);
	assert_int_equal(
	        lab_number(&lab,
	                   "SELECT count(*) FROM audit WHERE before LIKE '%Anna%' OR after LIKE"
	                   " '%Anna%' OR before LIKE '%12345678%' OR after LIKE '%12345678%'"),
	        0);
	erase = erase_of(&estate.chief, anna);
	assert_int_equal(lab_step(&lab, person_erase_step, &erase, false), ERR_REFUSED);
}

static void what_changed_meanwhile_is_not_erased(void **state)
{
	struct actor second = staff_with(&lab, "second", PERMISSION_ALL, 1, 1, 0);
	int64_t anna = whole_person("Anna");
	struct person_erase erase = erase_of(&estate.chief, anna);
	struct customer_edit edit = {.actor = estate.chief,
	                             .property_id = 1,
	                             .customer_id = anna,
	                             .version = 2,
	                             .note = "she is coming back"};
	struct approval_decision decision;

	(void)state;
	assert_int_equal(lab_step(&lab, person_erase_step, &erase, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(decide(&second, erase.approval_id, &decision), ERR_NONE);
	assert_int_equal(decision.row.state, APPROVAL_FAILED);
	assert_string_equal(customer(anna).name, "Anna");
}

static void erasing_needs_the_right(void **state)
{
	struct actor reader =
	        staff_with(&lab, "reader", P(CUSTOMER_READ) | P(CUSTOMER_WRITE), 1, 1, 0);
	struct actor foreign = staff_with(&lab, "foreign", PERMISSION_ALL, 2, 0, 0);
	int64_t anna = whole_person("Anna");
	struct person_erase erase = erase_of(&reader, anna);

	(void)state;
	assert_int_equal(lab_step(&lab, person_erase_step, &erase, false), ERR_FORBIDDEN);
	erase.actor = foreign;
	assert_int_equal(lab_step(&lab, person_erase_step, &erase, false), ERR_HIDDEN);
	erase.customer_id = 999;
	assert_int_equal(lab_step(&lab, person_erase_step, &erase, false), ERR_NOT_FOUND);
}

/* ---- export ---- */

/* Ten readings of a civil day, some days from today, the registers 1000 to 1009. */
static void send_readings(int day)
{
	static uint64_t seq;
	struct reading rows[10];

	for (unsigned i = 0; i < 10; i++)
		rows[i] = lab_reading(LAB_METER, estate_day_s(estate_today() + day) + 60 * i,
		                      1000 + i);
	assert_int_equal(lab_send(&lab, 0,
	                          &(struct lab_batch){.boot = 9,
	                                              .seq = ++seq,
	                                              .rows = rows,
	                                              .row_count = ARRAY_SIZE(rows)}),
	                 ERR_NONE);
}

static void a_person_gets_all_that_is_kept(void **state)
{
	int64_t anna = whole_person("=cmd|'/c calc'!A0");
	struct person_export export = {
	        .actor = estate.chief, .property_id = 1, .customer_id = anna};
	struct reader reader = {.db = lab.db};
	struct takeover_row hers = {.property_id = 1,
	                            .job_id = 7,
	                            .row_no = 2,
	                            .customer_id = anna,
	                            .balance_fen = -300,
	                            .old_account = "H1"};
	struct takeover_row anothers = {
	        .property_id = 1, .job_id = 7, .row_no = 3, .customer_id = anna + 1};
	uint8_t hash_key[16];
	struct json_out out;
	json_t *root, *leases, *meters, *days;

	(void)state;
	estate_lease(&estate, anna, estate.r301, -10, 20);
	assert_int_equal(takeover_insert(lab.db, &hers), ERR_NONE);
	assert_int_equal(takeover_insert(lab.db, &anothers), ERR_NONE);
	assert_int_equal(lab_step(&lab, person_export_step, &export, false), ERR_NONE);
	/* Two days of hers, and one before. */
	for (int k = -11; k < 2; k += 11)
		send_readings(k);
	send_readings(-1);
	assert_int_equal(info_hash_key(lab.db, hash_key), ERR_NONE);
	assert_int_equal(day_reader_open(&reader.days, lab.dir, hash_key), ERR_NONE);
	json_out_init(&out);
	assert_int_equal(person_document(&reader, lab.keys, 1, anna, lab.now_ms, &out), ERR_NONE);
	day_reader_close(reader.days);
	root = json_loadb(out.data, out.len, 0, NULL);
	assert_non_null(root);
	leases = json_object_get(root, "leases");
	meters = json_object_get(root, "meters");
	assert_string_equal(
	        json_string_value(json_object_get(json_object_get(root, "customer"), "name")),
	        "=cmd|'/c calc'!A0");
	assert_string_equal(
	        json_string_value(json_object_get(json_object_get(root, "customer"), "identity")),
	        "11010519491231002X");
	assert_int_equal(json_array_size(leases), 1);
	assert_string_equal(json_string_value(json_array_get(
	                            json_object_get(json_array_get(leases, 0), "spaces"), 0)),
	                    "A/3/301");
	assert_int_equal(json_array_size(meters), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(meters, 0), "meter")),
	                    "330100000001");
	days = json_object_get(json_array_get(meters, 0), "days");
	assert_int_equal(json_array_size(days), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(days, 1), "energy_wh")),
	                 1009);
	assert_int_equal(json_array_size(json_object_get(root, "takeovers")), 1);
	assert_int_equal(
	        json_integer_value(json_object_get(
	                json_array_get(json_object_get(root, "takeovers"), 0), "balance_fen")),
	        -300);
	/* created, edited, exported */
	assert_int_equal(json_array_size(json_object_get(root, "acts")), 3);
	json_decref(root);
	json_out_free(&out);
	export.actor.reason[0] = '\0';
	assert_int_equal(lab_step(&lab, person_export_step, &export, false), ERR_BAD_INPUT);
}

/* The document tells of all his rooms: whoever has one building of them gives none. */
static void a_document_is_given_by_the_whole_property(void **state)
{
	int64_t anna = whole_person("Anna");
	struct person_export export = {
	        .actor = staff_with(&lab, "house", PERMISSION_ALL, 1, 1, estate.a),
	        .property_id = 1,
	        .customer_id = anna};

	(void)state;
	snprintf(export.actor.reason, sizeof export.actor.reason, "asked for");
	assert_int_equal(lab_step(&lab, person_export_step, &export, false), ERR_HIDDEN);
	estate_lease(&estate, anna, estate.r301, -10, 20);
	assert_int_equal(lab_step(&lab, person_export_step, &export, false), ERR_FORBIDDEN);
}

/* Codes are typed by people, and the audit stays for ever. */
static void the_audit_has_no_code_of_a_person(void **state)
{
	struct customer_edit edit = {
	        .actor = estate.chief, .property_id = 1, .name = "Ottilie", .code = "Ottilie-301"};
	struct customer_edit shop = {.actor = estate.chief,
	                             .property_id = 1,
	                             .name = "Laden",
	                             .kind = "company",
	                             .code = "LADEN-7"};

	(void)state;
	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, customer_edit_step, &shop, false), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE after LIKE '%Ott%'"),
	                 0);
	assert_int_equal(
	        lab_number(&lab, "SELECT count(*) FROM audit WHERE after LIKE '%LADEN-7%'"), 1);
}

/* ---- privacy text ---- */

static void a_privacy_text_is_long_and_in_two_languages(void **state)
{
	static char memory[2][PRIVACY_TEXT_SIZE], emoji[40001], too_long[80005];
	struct privacy_edit edit = {
	        .actor = estate.chief,
	        .group_id = 1,
	        .row = {{.text = memory[0]}, {.text = memory[1]}}
        };
	struct privacy_row rows[2] = {{.text = memory[0]}, {.text = memory[1]}};

	(void)state;
	for (size_t i = 0; i < 80004; i += 4)
		memcpy(too_long + i, "😀", 4);
	memcpy(emoji, too_long, 40000);
	assert_int_equal(privacy_read(lab.db, 1, rows), ERR_NONE);
	assert_int_equal(rows[0].version, 0);
	assert_string_equal(rows[1].text, "");
	edit.text[0] = emoji;
	edit.text[1] = "We keep:\n\t<phones>";
	assert_int_equal(lab_step(&lab, privacy_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(privacy_read(lab.db, 1, rows), ERR_NONE);
	assert_string_equal(rows[0].text, emoji);
	assert_string_equal(rows[1].text, "We keep:\n\t<phones>");
	assert_int_equal(rows[1].version, 1);
	edit.text[0] = too_long;
	edit.version = 1;
	assert_int_equal(lab_step(&lab, privacy_edit_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "zh");
	assert_string_equal(edit.fault.why, "must have 0 to 20000 characters");
	edit.group_id = 77;
	edit.version = 0;
	assert_int_equal(lab_step(&lab, privacy_edit_step, &edit, false), ERR_NOT_FOUND);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(a_lease_is_reminded_of_once),
	        T(a_lease_written_near_its_end_is_reminded_of_at_once),
	        T(the_days_work_is_done_once_and_says_when_next),
	        T(each_kind_goes_when_its_time_is_over),
	        T(a_clock_that_leapt_removes_nothing_at_first),
	        T(retention_is_a_setting_of_the_property),
	        T(many_rows_go_in_several_steps),
	        T(erasing_takes_two_and_keeps_figures),
	        T(what_changed_meanwhile_is_not_erased),
	        T(a_document_is_given_by_the_whole_property),
	        T(the_audit_has_no_code_of_a_person),
	        T(erasing_needs_the_right),
	        T(a_person_gets_all_that_is_kept),
	        T(a_privacy_text_is_long_and_in_two_languages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
