/* Accounts, their terms, their uses of meters and the meter tree, as rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/account.h"
#include "platform/store/customer.h"
#include "platform/store/meter.h"
#include "platform/store/store.h"
#include "platform/test/fresh_store.h"

#define METER INT64_C(330100000001)

static char dir[64];
static char url[FRESH_URL_SIZE];
static struct db *db;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/wattle-account-XXXXXX");
	assert_non_null(mkdtemp(dir));
	fresh_store(url);
	assert_int_equal(store_open(&db, dir, url), ERR_NONE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	fresh_store_drop(url);
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct account_row account(int64_t id, const char *code)
{
	struct account_row row = {.property_id = 1,
	                          .account_id = id,
	                          .customer_id = 7,
	                          .state = ACCOUNT_DRAFT,
	                          .created_s = 100 + id};

	snprintf(row.code, sizeof row.code, "%s", code);
	return row;
}

static struct account_meter use(int64_t meter, int64_t account_id, int64_t from_s)
{
	return (struct account_meter){.property_id = 1,
	                              .meter = meter,
	                              .from_s = from_s,
	                              .until_s = ACCOUNT_OPEN_S,
	                              .account_id = account_id,
	                              .service = SERVICE_ELECTRICITY,
	                              .credit = CREDIT_PLATFORM,
	                              .open_units = 1000,
	                              .open_source = REGISTER_AUTO};
}

/* ---- words ---- */

static void every_word_comes_back(void **state)
{
	enum account_state account_state;
	enum account_kind kind;
	enum service service;
	enum credit_place place;
	enum register_source source;

	(void)state;
	for (int i = ACCOUNT_DRAFT; i <= ACCOUNT_CLOSED; i++) {
		assert_true(account_state_parse(account_state_word((enum account_state)i),
		                                &account_state));
		assert_int_equal(account_state, i);
	}
	for (int i = ACCOUNT_PAY_PER_USE; i <= ACCOUNT_POSTPAID; i++) {
		assert_true(account_kind_parse(account_kind_word((enum account_kind)i), &kind));
		assert_int_equal(kind, i);
	}
	for (int i = SERVICE_ELECTRICITY; i <= SERVICE_WATER; i++) {
		assert_true(service_parse(service_word((enum service)i), &service));
		assert_int_equal(service, i);
	}
	for (int i = CREDIT_PLATFORM; i <= CREDIT_METER; i++) {
		assert_true(credit_place_parse(credit_place_word((enum credit_place)i), &place));
		assert_int_equal(place, i);
	}
	for (int i = REGISTER_NONE; i <= REGISTER_ESTIMATED; i++) {
		assert_true(register_source_parse(register_source_word((enum register_source)i),
		                                  &source));
		assert_int_equal(source, i);
	}
	assert_false(account_state_parse("shut", &account_state));
	assert_false(account_kind_parse("", &kind));
	assert_false(service_parse("gas", &service));
	assert_false(credit_place_parse("purse", &place));
	assert_false(register_source_parse("guessed", &source));
}

/* ---- accounts ---- */

static void an_account_comes_back_as_it_was_written(void **state)
{
	struct account_row row = account(1, "A-1"), found;

	(void)state;
	snprintf(row.plan_code, sizeof row.plan_code, "shops");
	snprintf(row.note, sizeof row.note, "corner");
	row.set[ACCOUNT_ALARM2] = true; /* a limit of 0 is one of its own */
	row.set[ACCOUNT_HOARDING] = true;
	row.limit_fen[ACCOUNT_HOARDING] = 50000;
	assert_int_equal(account_insert(db, &row), ERR_NONE);
	assert_int_equal(account_get(db, 1, 1, &found), ERR_NONE);
	assert_string_equal(found.code, "A-1");
	assert_string_equal(found.plan_code, "shops");
	assert_string_equal(found.note, "corner");
	assert_int_equal(found.customer_id, 7);
	assert_int_equal(found.state, ACCOUNT_DRAFT);
	assert_int_equal(found.created_s, 101);
	assert_int_equal(found.version, 1);
	for (int i = 0; i < ACCOUNT_LIMITS; i++)
		assert_int_equal(found.set[i], i == ACCOUNT_ALARM2 || i == ACCOUNT_HOARDING);
	assert_int_equal(found.limit_fen[ACCOUNT_ALARM2], 0);
	assert_int_equal(found.limit_fen[ACCOUNT_HOARDING], 50000);
	assert_int_equal(account_by_code(db, 1, "A-1", &found), ERR_NONE);
	assert_int_equal(account_get(db, 2, 1, &found), ERR_NOT_FOUND);
	assert_int_equal(account_by_code(db, 2, "A-1", &found), ERR_NOT_FOUND);
	row = account(2, "A-1");
	assert_int_equal(account_insert(db, &row), ERR_DUP);
	row.property_id = 2;
	assert_int_equal(account_insert(db, &row), ERR_NONE);
}

static void an_update_knows_when_somebody_was_faster(void **state)
{
	struct account_row row = account(1, "A-1"), first, second;

	(void)state;
	assert_int_equal(account_insert(db, &row), ERR_NONE);
	assert_int_equal(account_get(db, 1, 1, &first), ERR_NONE);
	second = first;
	first.state = ACCOUNT_OPEN;
	first.opened_s = 500;
	first.set[ACCOUNT_ALARM1] = true;
	first.limit_fen[ACCOUNT_ALARM1] = 2000;
	assert_int_equal(account_update(db, &first), ERR_NONE);
	assert_int_equal(first.version, 2);
	second.customer_id = 8;
	assert_int_equal(account_update(db, &second), ERR_CONFLICT);
	assert_int_equal(second.version, 1);
	assert_int_equal(account_get(db, 1, 1, &row), ERR_NONE);
	assert_int_equal(row.state, ACCOUNT_OPEN);
	assert_int_equal(row.opened_s, 500);
	assert_int_equal(row.customer_id, 7);
	assert_true(row.set[ACCOUNT_ALARM1]);
	assert_int_equal(row.limit_fen[ACCOUNT_ALARM1], 2000);
	assert_int_equal(row.version, 2);
	row = account(3, "A-3");
	assert_int_equal(account_insert(db, &row), ERR_NONE);
	assert_int_equal(account_get(db, 1, 3, &row), ERR_NONE);
	snprintf(row.code, sizeof row.code, "A-1");
	assert_int_equal(account_update(db, &row), ERR_DUP);
}

struct seen {
	size_t count, room;
	int64_t id[16];
};

static bool see_account(void *arg, const struct account_row *row)
{
	struct seen *seen = arg;

	seen->id[seen->count++] = row->account_id;
	return seen->count < seen->room;
}

static void customer(int64_t id, const char *name)
{
	struct customer_row row = {.property_id = 1, .customer_id = id};

	snprintf(row.name, sizeof row.name, "%s", name);
	snprintf(row.code, sizeof row.code, "C%lld", (long long)id);
	assert_int_equal(customer_insert(db, &row), ERR_NONE);
}

static void a_walk_and_a_list_find_what_they_are_asked_for(void **state)
{
	struct account_filter filter = {.ask = {.sort = ACCOUNT_BY_CODE}};
	struct account_meter meter = use(METER, 2, 100);
	struct seen seen = {.room = 16};

	(void)state;
	customer(7, "Anna");
	customer(8, "Bert");
	for (int64_t id = 1; id <= 4; id++) {
		char code[8];
		struct account_row row;

		snprintf(code, sizeof code, "Z%d", (int)(9 - id));
		row = account(id, code);
		row.customer_id = id == 4 ? 8 : 7;
		row.state = id % 2 ? ACCOUNT_OPEN : ACCOUNT_DRAFT;
		assert_int_equal(account_insert(db, &row), ERR_NONE);
	}
	assert_int_equal(account_meter_insert(db, &meter), ERR_NONE);
	assert_int_equal(account_walk(db, 1, 0, 1, see_account, &seen), ERR_NONE);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.id[0], 2);
	seen.count = 0;
	assert_int_equal(account_walk(db, 1, ACCOUNT_OPEN, 0, see_account, &seen), ERR_NONE);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.id[1], 3);
	seen = (struct seen){.room = 1};
	assert_int_equal(account_walk(db, 1, 0, 0, see_account, &seen), ERR_NONE);
	assert_int_equal(seen.count, 1);

	seen = (struct seen){.room = 16};
	assert_int_equal(account_list(db, 1, &filter, see_account, &seen), ERR_NONE);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.id[0], 4); /* Z5 */
	filter.ask.has_after = true;
	snprintf(filter.ask.after_text, sizeof filter.ask.after_text, "Z6");
	filter.ask.after_id = 3;
	seen.count = 0;
	assert_int_equal(account_list(db, 1, &filter, see_account, &seen), ERR_NONE);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.id[0], 2);
	filter = (struct account_filter){.meter = METER};
	seen.count = 0;
	assert_int_equal(account_list(db, 1, &filter, see_account, &seen), ERR_NONE);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.id[0], 2);
	filter = (struct account_filter){.state = ACCOUNT_DRAFT, .ask = {.descending = true}};
	snprintf(filter.ask.search, sizeof filter.ask.search, "bert");
	seen.count = 0;
	assert_int_equal(account_list(db, 1, &filter, see_account, &seen), ERR_NONE);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.id[0], 4);
	filter = (struct account_filter){
	        .customer_id = 7, .ask = {.sort = ACCOUNT_BY_OPENED, .descending = true}
        };
	seen.count = 0;
	assert_int_equal(account_list(db, 1, &filter, see_account, &seen), ERR_NONE);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.id[0], 3);
}

/* ---- terms ---- */

static bool see_terms(void *arg, const struct account_terms *terms)
{
	struct seen *seen = arg;

	seen->id[seen->count++] = terms->from_s;
	return true;
}

static void terms_hold_from_their_instant(void **state)
{
	struct account_terms terms = {.property_id = 1,
	                              .account_id = 1,
	                              .from_s = 100,
	                              .kind = ACCOUNT_MONTHLY_FEE,
	                              .fee_fen = 30000,
	                              .by_name = "anna"},
	                     found;
	struct seen seen = {0};

	(void)state;
	assert_int_equal(account_terms_put(db, &terms), ERR_NONE);
	terms.from_s = 200;
	terms.kind = ACCOUNT_PAY_PER_USE;
	assert_int_equal(account_terms_put(db, &terms), ERR_NONE);
	terms.kind = ACCOUNT_POSTPAID; /* the same instant again */
	terms.bill_day = 5;
	terms.due_days = 15;
	terms.overdue_trips = true;
	assert_int_equal(account_terms_put(db, &terms), ERR_NONE);
	assert_int_equal(account_terms_at(db, 1, 1, 99, &found), ERR_NOT_FOUND);
	assert_int_equal(account_terms_at(db, 1, 1, 199, &found), ERR_NONE);
	assert_int_equal(found.kind, ACCOUNT_MONTHLY_FEE);
	assert_int_equal(found.fee_fen, 30000);
	assert_string_equal(found.by_name, "anna");
	assert_int_equal(account_terms_at(db, 1, 1, 200, &found), ERR_NONE);
	assert_int_equal(found.kind, ACCOUNT_POSTPAID);
	assert_int_equal(found.bill_day, 5);
	assert_int_equal(found.due_days, 15);
	assert_true(found.overdue_trips);
	assert_int_equal(account_terms_list(db, 1, 1, see_terms, &seen), ERR_NONE);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.id[1], 200);
	assert_int_equal(account_terms_delete(db, 1, 1, 200), ERR_NONE);
	assert_int_equal(account_terms_delete(db, 1, 1, 200), ERR_NOT_FOUND);
	assert_int_equal(account_terms_at(db, 1, 1, 300, &found), ERR_NONE);
	assert_int_equal(found.kind, ACCOUNT_MONTHLY_FEE);
}

/* ---- uses ---- */

static bool see_use(void *arg, const struct account_meter *row)
{
	struct seen *seen = arg;

	seen->id[seen->count++] = row->meter;
	return true;
}

static void a_meter_has_one_use_at_an_instant(void **state)
{
	struct account_meter row = use(METER, 1, 100), found;

	(void)state;
	row.open_source = REGISTER_TYPED;
	snprintf(row.open_photo, sizeof row.open_photo, "p0.jpg");
	assert_int_equal(account_meter_insert(db, &row), ERR_NONE);
	row.from_s = 150;
	assert_int_equal(account_meter_insert(db, &row), ERR_DUP);
	row.from_s = 100;
	row.until_s = 200;
	row.close_units = 4000;
	row.close_source = REGISTER_TYPED;
	snprintf(row.close_photo, sizeof row.close_photo, "p1.jpg");
	assert_int_equal(account_meter_end(db, &row), ERR_NONE);
	assert_int_equal(account_meter_end(db, &row), ERR_CONFLICT);
	row = use(METER, 2, 200);
	assert_int_equal(account_meter_insert(db, &row), ERR_NONE);
	assert_int_equal(account_meter_at(db, 1, METER, 99, &found), ERR_NOT_FOUND);
	assert_int_equal(account_meter_at(db, 1, METER, 199, &found), ERR_NONE);
	assert_int_equal(found.account_id, 1);
	assert_int_equal(found.until_s, 200);
	assert_int_equal(found.close_units, 4000);
	assert_int_equal(found.open_source, REGISTER_TYPED);
	assert_int_equal(found.close_source, REGISTER_TYPED);
	assert_string_equal(found.open_photo, "p0.jpg");
	assert_string_equal(found.close_photo, "p1.jpg");
	assert_int_equal(account_meter_at(db, 1, METER, 200, &found), ERR_NONE);
	assert_int_equal(found.account_id, 2);
	assert_true(found.until_s == ACCOUNT_OPEN_S);
	assert_int_equal(found.service, SERVICE_ELECTRICITY);
	assert_int_equal(found.credit, CREDIT_PLATFORM);
	assert_int_equal(found.close_source, REGISTER_NONE);
}

static void insert_meter(int64_t meter, int64_t space_id)
{
	struct meter_row row = {.property_id = 1,
	                        .meter = meter,
	                        .meter_use = "prepaid",
	                        .gateway_id = 1,
	                        .space_id = space_id,
	                        .created_s = 1};

	snprintf(row.chip, sizeof row.chip, "%024lld", (long long)meter);
	assert_int_equal(meter_insert(db, &row), ERR_NONE);
}

static void uses_are_found_by_account_and_by_property(void **state)
{
	struct account_meter row = use(METER, 1, 100);
	struct seen seen = {0};

	(void)state;
	assert_int_equal(account_meter_insert(db, &row), ERR_NONE);
	row.until_s = 200;
	row.close_source = REGISTER_AUTO;
	assert_int_equal(account_meter_end(db, &row), ERR_NONE);
	row = use(METER + 1, 1, 100);
	assert_int_equal(account_meter_insert(db, &row), ERR_NONE);
	row = use(METER + 2, 2, 100);
	assert_int_equal(account_meter_insert(db, &row), ERR_NONE);
	assert_int_equal(account_meters(db, 1, 1, false, see_use, &seen), ERR_NONE);
	assert_int_equal(seen.count, 2);
	seen.count = 0;
	assert_int_equal(account_meters(db, 1, 1, true, see_use, &seen), ERR_NONE);
	assert_int_equal(seen.count, 1);
	assert_true(seen.id[0] == METER + 1);
	seen.count = 0;
	assert_int_equal(account_meter_walk(db, 1, 0, see_use, &seen), ERR_NONE);
	assert_int_equal(seen.count, 2);
	seen.count = 0;
	assert_int_equal(account_meter_walk(db, 1, METER + 1, see_use, &seen), ERR_NONE);
	assert_int_equal(seen.count, 1);
	assert_true(seen.id[0] == METER + 2);
	/* In a room: the meters that hang in it, while their use goes on. */
	insert_meter(METER, 7);
	insert_meter(METER + 1, 7);
	insert_meter(METER + 2, 8);
	seen.count = 0;
	assert_int_equal(account_meter_in(db, 1, 7, see_use, &seen), ERR_NONE);
	assert_int_equal(seen.count, 1);
	assert_true(seen.id[0] == METER + 1);
}

static void a_word_that_nobody_wrote_is_damage(void **state)
{
	struct account_meter row = use(METER, 1, 100);
	struct account_terms terms = {
	        .property_id = 1, .account_id = 1, .from_s = 100, .kind = ACCOUNT_MERGED};

	(void)state;
	assert_int_equal(account_meter_insert(db, &row), ERR_NONE);
	assert_int_equal(db_exec(db, "UPDATE account_meter SET credit='purse'"), ERR_NONE);
	assert_int_equal(account_meter_at(db, 1, METER, 100, &row), ERR_DAMAGED);
	assert_int_equal(account_terms_put(db, &terms), ERR_NONE);
	assert_int_equal(db_exec(db, "UPDATE account_terms SET kind='free'"), ERR_NONE);
	assert_int_equal(account_terms_at(db, 1, 1, 100, &terms), ERR_DAMAGED);
}

/* ---- the meter tree ---- */

static bool see_parent(void *arg, const struct meter_parent *row)
{
	struct seen *seen = arg;

	seen->id[seen->count++] = row->parent;
	return true;
}

static void the_tree_is_dated(void **state)
{
	struct meter_parent row = {
	        .property_id = 1, .meter = METER, .from_s = 100, .parent = 5, .by_name = "anna"};
	struct seen seen = {0};

	(void)state;
	assert_int_equal(meter_parent_put(db, &row), ERR_NONE);
	row.from_s = 200;
	row.parent = 0;
	assert_int_equal(meter_parent_put(db, &row), ERR_NONE);
	row.parent = 6;
	assert_int_equal(meter_parent_put(db, &row), ERR_NONE);
	assert_int_equal(meter_parent_at(db, 1, METER, 99, &row), ERR_NONE);
	assert_int_equal(row.parent, 0);
	assert_int_equal(meter_parent_at(db, 1, METER, 199, &row), ERR_NONE);
	assert_int_equal(row.parent, 5);
	assert_string_equal(row.by_name, "anna");
	assert_int_equal(meter_parent_at(db, 1, METER, 200, &row), ERR_NONE);
	assert_int_equal(row.parent, 6);
	assert_int_equal(meter_parent_list(db, 1, METER, see_parent, &seen), ERR_NONE);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.id[0], 5);
	assert_int_equal(seen.id[1], 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_word_comes_back),
	        cmocka_unit_test_setup_teardown(an_account_comes_back_as_it_was_written, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(an_update_knows_when_somebody_was_faster, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_walk_and_a_list_find_what_they_are_asked_for,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(terms_hold_from_their_instant, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_meter_has_one_use_at_an_instant, setup, teardown),
	        cmocka_unit_test_setup_teardown(uses_are_found_by_account_and_by_property, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_word_that_nobody_wrote_is_damage, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(the_tree_is_dated, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
