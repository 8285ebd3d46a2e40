/* Tariffs: drafts and publications, and what holds for a meter when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/core/calendar.h"
#include "platform/core/tariff_roster.h"
#include "platform/test/memory.h"
#include "platform/test/staff.h"

#define NOW_S (LAB_NOW_MS / 1000)
#define LATER (NOW_S + 86400)

static struct lab lab;
static struct actor chief;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	chief = staff_chief(&lab);
	snprintf(chief.reason, sizeof chief.reason, "test");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

/* ---- steps ---- */

static int64_t create(const char *code, int64_t base, int64_t delta_uy)
{
	struct tariff_edit edit = {.actor = chief,
	                           .group_id = 1,
	                           .property_id = 1,
	                           .code = code,
	                           .name = code,
	                           .service = "electricity",
	                           .base_tariff_id = base,
	                           .has_delta = base != 0,
	                           .delta_uy = delta_uy};

	assert_int_equal(lab_step(&lab, tariff_create_step, &edit, false), ERR_NONE);
	return edit.row.tariff_id;
}

static enum err create_wrong(struct tariff_edit edit, const char *field)
{
	enum err err;

	edit.actor = chief;
	edit.group_id = edit.property_id = 1;
	err = lab_step(&lab, tariff_create_step, &edit, false);
	if (field)
		assert_string_equal(edit.fault.field, field);
	return err;
}

static struct version_edit draft_of(int64_t tariff_id, const char *plan, int64_t from_s)
{
	return (struct version_edit){.actor = chief,
	                             .group_id = 1,
	                             .property_id = 1,
	                             .tariff_id = tariff_id,
	                             .plan = plan,
	                             .plan_len = plan ? strlen(plan) : 0,
	                             .has_valid_from = from_s != 0,
	                             .valid_from_s = from_s};
}

static int64_t draft(int64_t tariff_id, const char *plan, int64_t from_s)
{
	struct version_edit edit = draft_of(tariff_id, plan, from_s);

	assert_int_equal(lab_step(&lab, tariff_draft_step, &edit, false), ERR_NONE);
	return edit.row_id;
}

static enum err move(step_fn step, int64_t tariff_id, int64_t version_id, int64_t version,
                     struct version_edit *edit)
{
	*edit = draft_of(tariff_id, NULL, 0);
	edit->version_id = version_id;
	edit->version = version;
	return lab_step(&lab, step, edit, false);
}

static int64_t publish(int64_t tariff_id, const char *plan, int64_t from_s)
{
	int64_t version_id = draft(tariff_id, plan, from_s);
	struct version_edit edit;

	assert_int_equal(move(tariff_publish_step, tariff_id, version_id, 1, &edit), ERR_NONE);
	return version_id;
}

#define FLAT(uy) "{\"rates\":[{\"price_uy\":" #uy "}]}"

static void a_tariff_is_named_once(void **state)
{
	int64_t base = create("flat", 0, 0), derived = create("shops", base, 1);
	struct tariff_edit edit;

	(void)state;
	assert_int_equal(
	        create_wrong((struct tariff_edit){.code = "flat", .name = "x", .service = "water"},
	                     "code"),
	        ERR_DUP);
	assert_int_equal(
	        create_wrong((struct tariff_edit){.code = "A B", .name = "x", .service = "water"},
	                     "code"),
	        ERR_BAD_INPUT);
	assert_int_equal(
	        create_wrong((struct tariff_edit){.code = "a", .service = "water"}, "name"),
	        ERR_BAD_INPUT);
	assert_int_equal(create_wrong((struct tariff_edit){.code = "a", .name = "x"}, "service"),
	                 ERR_BAD_INPUT);
	assert_int_equal(create_wrong((struct tariff_edit){.code = "a",
	                                                   .name = "x",
	                                                   .service = "water",
	                                                   .base_tariff_id = base},
	                              "base"),
	                 ERR_BAD_INPUT);
	assert_int_equal(create_wrong((struct tariff_edit){.code = "a",
	                                                   .name = "x",
	                                                   .service = "electricity",
	                                                   .base_tariff_id = derived},
	                              "base"),
	                 ERR_BAD_INPUT);
	assert_int_equal(create_wrong((struct tariff_edit){.code = "a",
	                                                   .name = "x",
	                                                   .service = "electricity",
	                                                   .base_tariff_id = 999},
	                              "base"),
	                 ERR_BAD_INPUT);
	assert_int_equal(create_wrong((struct tariff_edit){.code = "a",
	                                                   .name = "x",
	                                                   .service = "electricity",
	                                                   .has_delta = true},
	                              "base_delta_uy"),
	                 ERR_BAD_INPUT);
	edit = (struct tariff_edit){.actor = chief,
	                            .group_id = 1,
	                            .property_id = 1,
	                            .tariff_id = derived,
	                            .version = 1,
	                            .name = "shops of the mall",
	                            .has_delta = true,
	                            .delta_uy = 5,
	                            .has_archived = true,
	                            .archived = true};
	assert_int_equal(lab_step(&lab, tariff_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.row.version, 2);
	assert_int_equal(lab_step(&lab, tariff_edit_step, &edit, false), ERR_CONFLICT);
	edit.version = 2;
	edit.delta_uy = INT64_C(2000000000);
	assert_int_equal(lab_step(&lab, tariff_edit_step, &edit, false), ERR_BAD_INPUT);
	edit.tariff_id = 999;
	assert_int_equal(lab_step(&lab, tariff_edit_step, &edit, false), ERR_NOT_FOUND);
}

static void a_draft_may_be_changed_and_a_publication_not(void **state)
{
	int64_t tariff = create("flat", 0, 0), version;
	struct version_edit edit = draft_of(tariff, "{\"rates\":[]}", LATER);

	(void)state;
	assert_int_equal(lab_step(&lab, tariff_draft_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "plan.rates");
	edit = draft_of(tariff, NULL, LATER);
	assert_int_equal(lab_step(&lab, tariff_draft_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "plan");
	edit = draft_of(tariff, FLAT(1), 0);
	assert_int_equal(lab_step(&lab, tariff_draft_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "valid_from");
	edit = draft_of(tariff, FLAT(1), -5);
	assert_int_equal(lab_step(&lab, tariff_draft_step, &edit, false), ERR_BAD_INPUT);
	version = draft(tariff, FLAT(600000), LATER);
	edit = draft_of(tariff, FLAT(610000), 0);
	edit.version_id = version;
	edit.version = 1;
	edit.notice = "涨价通知";
	assert_int_equal(lab_step(&lab, tariff_draft_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.row_version, 2);
	assert_int_equal(move(tariff_publish_step, tariff, version, 1, &edit), ERR_CONFLICT);
	chief.reason[0] = '\0';
	assert_int_equal(move(tariff_publish_step, tariff, version, 2, &edit), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "reason");
	snprintf(chief.reason, sizeof chief.reason, "test");
	assert_int_equal(move(tariff_publish_step, tariff, version, 2, &edit), ERR_NONE);
	assert_int_equal(move(tariff_publish_step, tariff, version, 3, &edit), ERR_REFUSED);
	edit = draft_of(tariff, FLAT(1), 0);
	edit.version_id = version;
	edit.version = 3;
	assert_int_equal(lab_step(&lab, tariff_draft_step, &edit, false), ERR_REFUSED);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM tariff_version WHERE"
	                                  " body LIKE '%610000%' AND state=2"),
	                 1);
	/* Another tariff's number, and one that is none. */
	assert_int_equal(move(tariff_publish_step, create("b", 0, 0), version, 3, &edit),
	                 ERR_NOT_FOUND);
	assert_int_equal(move(tariff_publish_step, tariff, 999, 1, &edit), ERR_NOT_FOUND);
}

static void what_was_in_force_stays(void **state)
{
	int64_t tariff = create("flat", 0, 0), version, past;
	struct version_edit edit;

	(void)state;
	publish(tariff, FLAT(600000), 1); /* the first may begin whenever */
	past = draft(tariff, FLAT(1), NOW_S);
	assert_int_equal(move(tariff_publish_step, tariff, past, 1, &edit), ERR_REFUSED);
	assert_string_equal(edit.fault.field, "valid_from");
	version = publish(tariff, FLAT(650000), LATER);
	assert_int_equal(move(tariff_publish_step, tariff, draft(tariff, FLAT(2), LATER), 1, &edit),
	                 ERR_REFUSED);
	assert_int_equal(move(tariff_withdraw_step, tariff, version, 2, &edit), ERR_NONE);
	assert_int_equal(move(tariff_withdraw_step, tariff, version, 3, &edit), ERR_REFUSED);
	version = publish(tariff, FLAT(660000), LATER);
	lab.now_ms = LATER * 1000;
	assert_int_equal(move(tariff_withdraw_step, tariff, version, 2, &edit), ERR_REFUSED);
	assert_int_equal(move(tariff_withdraw_step, tariff, past, 1, &edit), ERR_NONE);
}

static void a_derived_tariff_follows_its_base(void **state)
{
	int64_t base = create("flat", 0, 0), shops = create("shops", base, 50000);
	struct version_edit edit;
	int64_t version;

	(void)state;
	create("less", base, -100000);
	version = publish(base, FLAT(600000), LATER);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM tariff_version WHERE state=2"), 3);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM tariff_version WHERE"
	                                  " body LIKE '%650000%' AND base_version_id>0"),
	                 1);
	edit = draft_of(shops, FLAT(1), LATER);
	assert_int_equal(lab_step(&lab, tariff_draft_step, &edit, false), ERR_REFUSED);
	/* A price below nothing takes all of it back. */
	assert_int_equal(
	        move(tariff_publish_step, base, draft(base, FLAT(99999), LATER + 1), 1, &edit),
	        ERR_REFUSED);
	assert_non_null(strstr(edit.fault.why, "less"));
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM tariff_version WHERE state=2"), 3);
	assert_int_equal(move(tariff_withdraw_step, base, version, 2, &edit), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM tariff_version WHERE state=3"), 3);
}

/* ---- what holds ---- */

static enum err assign(int64_t tariff_id, int64_t meter, int64_t from_s, struct tariff_assign *r)
{
	*r = (struct tariff_assign){.actor = chief,
	                            .group_id = 1,
	                            .property_id = 1,
	                            .meters = meter ? &meter : NULL,
	                            .meter_count = meter != 0,
	                            .tariff_id = tariff_id,
	                            .from_s = from_s};
	return lab_step(&lab, tariff_assign_step, r, false);
}

static bool count_use(void *arg, const struct tariff_use *use)
{
	assert_int_equal(use->meter, LAB_METER);
	++*(int *)arg;
	return true;
}

/* Meters that pay by a tariff at that time or later. */
static int meters_of(int64_t tariff_id, int64_t now_s)
{
	int count = 0;

	assert_int_equal(tariff_meters(lab.db, 1, tariff_id, now_s, count_use, &count), ERR_NONE);
	return count;
}

static void assignments_are_dated(void **state)
{
	int64_t flat = create("flat", 0, 0), shops = create("shops", 0, 0);
	struct tariff_assign r;

	(void)state;
	assert_int_equal(assign(flat, 0, 1, &r), ERR_NONE); /* the first */
	assert_int_equal(assign(shops, 0, NOW_S - 1, &r), ERR_REFUSED);
	assert_string_equal(r.fault.field, "from");
	assert_int_equal(assign(shops, 0, NOW_S, &r), ERR_NONE);
	assert_int_equal(assign(shops, LAB_METER, 1, &r), ERR_NONE);
	assert_int_equal(assign(0, LAB_METER, 1, &r), ERR_REFUSED);
	assert_int_equal(assign(0, LAB_METER, NOW_S, &r), ERR_NONE);
	assert_int_equal(meters_of(shops, NOW_S - 1), 1);
	assert_int_equal(meters_of(shops, NOW_S), 0);
	assert_int_equal(meters_of(flat, NOW_S), 0);
	assert_int_equal(assign(flat, LAB_METER, NOW_S + 60, &r), ERR_NONE);
	assert_int_equal(meters_of(flat, NOW_S), 1);
	assert_int_equal(assign(0, 0, NOW_S, &r), ERR_BAD_INPUT);
	assert_int_equal(assign(999, 0, NOW_S, &r), ERR_BAD_INPUT);
	assert_int_equal(assign(flat, 999999999999, NOW_S, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "meters");
	assert_int_equal(assign(flat, 0, 0, &r), ERR_BAD_INPUT);
	chief.reason[0] = '\0';
	assert_int_equal(assign(flat, 0, LATER, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "reason");
}

static void work(void)
{
	struct roster_work work = {.more = true};

	while (work.more)
		assert_int_equal(lab_step(&lab, roster_work_step, &work, true), ERR_NONE);
}

static void many_meters_are_assigned_row_by_row(void **state)
{
	static struct roster_request r;
	int64_t flat = create("flat", 0, 0);
	const int64_t meters[] = {LAB_METER + 1, LAB_METER};

	(void)state;
	r = (struct roster_request){
	        .actor = chief,
	        .rules = {.approval_count = 50, .approval_percent = 100},
	        .property_id = 1,
	        .kind = &roster_tariff_assign,
	        .object = meters,
	        .count = 2
        };
	tariff_act_write(flat, LATER, r.body);
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_NONE);
	work();
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM meter_tariff"), 2);
	assert_int_equal(lab_number(&lab, "SELECT done*10+refused FROM roster"), 20);
	/* all of them: what the property has */
	r.object = NULL;
	tariff_act_write(0, LATER + 1, r.body);
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_NONE);
	work();
	assert_int_equal(r.touched,
	                 lab_number(&lab, "SELECT count(*) FROM meter WHERE property_id=1"));
	tariff_act_write(flat, NOW_S - 1, r.body);
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "from");
	tariff_act_write(999, LATER, r.body);
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "tariff");
}

static void a_tariff_of_the_group_goes_to_its_properties(void **state)
{
	static struct tariff_group_assign r;
	static const char *const other[] = {"nowhere"};
	struct tariff_edit edit = {.actor = chief,
	                           .group_id = 1,
	                           .code = "all",
	                           .name = "all",
	                           .service = "electricity"};

	(void)state;
	assert_int_equal(lab_step(&lab, tariff_create_step, &edit, false), ERR_NONE);
	r = (struct tariff_group_assign){
	        .actor = chief, .group_id = 1, .tariff_id = edit.row.tariff_id, .from_s = LATER};
	assert_int_equal(lab_step(&lab, tariff_group_assign_step, &r, false), ERR_NONE);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.refused, 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM property_tariff"), 1);
	r.from_s = 1; /* there is one now: the past stays */
	assert_int_equal(lab_step(&lab, tariff_group_assign_step, &r, false), ERR_NONE);
	assert_int_equal(r.refused, 1);
	assert_string_equal(r.item[0].fault.field, "from");
	r.named = other;
	r.named_count = 1;
	assert_int_equal(lab_step(&lab, tariff_group_assign_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "only");
}

static void a_span_holds_what_is_in_force_and_what_comes(void **state)
{
	struct tariff_ask ask = {.property_id = 1,
	                         .meter = LAB_METER,
	                         .service = SERVICE_ELECTRICITY,
	                         .utc_offset_s = 28800,
	                         .from_s = 1000,
	                         .to_s = 5000};
	int64_t flat = create("flat", 0, 0), shops = create("shops", 0, 0);
	struct tariff_cache *cache = tariff_cache_new();
	struct tariff_assign r;
	struct tariff_span span;
	int64_t first, second, other;

	(void)state;
	assert_int_equal(tariff_span(lab.db, cache, &ask, &span), ERR_NOT_FOUND);
	tariff_span_free(&span);
	lab.now_ms = 0;
	publish(flat, FLAT(1), 10);
	first = publish(flat, FLAT(2), 20);
	second = publish(flat, FLAT(3), 2000);
	publish(flat, FLAT(4), 5000);
	other = publish(shops, FLAT(5), 10);
	assert_int_equal(assign(flat, 0, 5, &r), ERR_NONE);
	assert_int_equal(assign(shops, LAB_METER, 3000, &r), ERR_NONE);
	assert_int_equal(assign(0, LAB_METER, 4000, &r), ERR_NONE);
	/* Twice: read, and from the cache. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(tariff_span(lab.db, cache, &ask, &span), ERR_NONE);
		assert_int_equal(span.count, 4);
		assert_int_equal(span.plan[0]->version, first);
		assert_int_equal(span.plan[0]->valid_from_s, 1000);
		assert_int_equal(span.plan[0]->rate_price_uy[0], 2);
		assert_int_equal(span.plan[0]->utc_offset_s, 28800);
		assert_int_equal(span.plan[1]->version, second);
		assert_int_equal(span.plan[1]->valid_from_s, 2000);
		assert_int_equal(span.plan[2]->version, other);
		assert_int_equal(span.plan[2]->valid_from_s, 3000);
		assert_int_equal(span.plan[3]->version, second);
		assert_int_equal(span.plan[3]->valid_from_s, 4000);
		tariff_span_free(&span);
	}
	ask.to_s = 2000;
	assert_int_equal(tariff_span(lab.db, NULL, &ask, &span), ERR_NONE);
	assert_int_equal(span.count, 1);
	tariff_span_free(&span);
	assert_null(span.own);
	tariff_cache_free(cache);
}

/* Under a monthly fee use is shown with its rate and step, and costs nothing, from the day on which the terms say so. */
static void under_a_monthly_fee_use_is_free(void **state)
{
	static const char dear[] =
	        "{\"rates\":[{\"price_uy\":1},{\"price_uy\":2}],\"steps\":{\"thresholds\":[5],"
	        "\"prices_uy\":[3,4],\"unsettled\":\"free\"},\"lines\":[{\"price_uy\":5}],\"fee_fen\":6,\"minimum_fen\":7}";
	const struct tariff_ask ask = {.property_id = 1,
	                               .meter = LAB_METER,
	                               .service = SERVICE_ELECTRICITY,
	                               .account_id = 77,
	                               .from_s = 1000,
	                               .to_s = 5000};
	const struct account_terms terms[] = {
	        {.property_id = 1,
	         .account_id = 77,
	         .from_s = 2000,
	         .kind = ACCOUNT_MONTHLY_FEE,
	         .fee_fen = 30000,
	         .by_name = "test"},
	        {.property_id = 1,
	         .account_id = 77,
	         .from_s = 3000,
	         .kind = ACCOUNT_PAY_PER_USE,
	         .by_name = "test"},
	};
	int64_t tariff = create("dear", 0, 0);
	struct tariff_assign r;
	struct tariff_span span;

	(void)state;
	lab.now_ms = 0;
	publish(tariff, dear, 10);
	assert_int_equal(assign(tariff, 0, 5, &r), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(terms); i++)
		assert_int_equal(account_terms_put(lab.db, &terms[i]), ERR_NONE);
	assert_int_equal(tariff_span(lab.db, NULL, &ask, &span), ERR_NONE);
	assert_int_equal(span.count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct plan *plan = span.plan[i];
		bool free = i == 1;

		assert_int_equal(plan->valid_from_s, 1000 * (int64_t)(i + 1));
		assert_int_equal(plan->rate_count, 2);
		assert_int_equal(plan->threshold_wh[0], 5);
		assert_int_equal(plan->rate_price_uy[0], free ? 0 : 1);
		assert_int_equal(plan->rate_price_uy[1], free ? 0 : 2);
		assert_int_equal(plan->step_price_uy[0], free ? 0 : 3);
		assert_int_equal(plan->step_price_uy[1], free ? 0 : 4);
		assert_int_equal(plan->line_price_uy[0], free ? 0 : 5);
		assert_int_equal(plan->fee_fen, free ? 0 : 6);
		assert_int_equal(plan->minimum_fen, free ? 0 : 7);
	}
	tariff_span_free(&span);
}

static void span_fails(const struct tariff_ask *ask, enum err expected)
{
	struct tariff_span span;

	assert_int_equal(tariff_span(lab.db, NULL, ask, &span), expected);
	tariff_span_free(&span);
}

#define TOU                                                                                        \
	"{\"rates\":[{\"price_uy\":1},{\"price_uy\":2}],\"calendar\":{\"tables\":["                \
	"{\"slots\":[{\"from\":\"00:00\",\"rate\":1}]},"                                           \
	"{\"slots\":[{\"from\":\"00:00\",\"rate\":2}]}]},\"holiday_table\":2}"

static const struct tariff_ask early = {.property_id = 1,
                                        .meter = LAB_METER,
                                        .service = SERVICE_ELECTRICITY,
                                        .account_id = 77,
                                        .utc_offset_s = 28800,
                                        .from_s = 1000,
                                        .to_s = 5000};

/* Nothing is rated by half of what holds. */
static void a_span_that_cannot_be_known_is_none(void **state)
{
	int64_t flat = create("flat", 0, 0);
	struct tariff_ask before = early;
	struct tariff_assign r;

	(void)state;
	lab.now_ms = 0;
	publish(flat, FLAT(1), 1000);
	assert_int_equal(assign(flat, 0, 5, &r), ERR_NONE);
	span_fails(&early, ERR_NONE);
	before.from_s = 999; /* one second before there is a price */
	span_fails(&before, ERR_NOT_FOUND);

#define MANY(n) "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" #n ") "
	static const char *const too_many[] = {
	        MANY(65) "INSERT INTO meter_tariff SELECT 1,330100000001,1000+i,0,'' FROM n",
	        MANY(65) "INSERT INTO property_tariff SELECT 1,'electricity',1000+i,0,'' FROM n",
	        MANY(65) "INSERT INTO account_terms SELECT 1,77,1000+i,'pay-per-use',0,1,1,0,''"
	                 " FROM n",
	        MANY(65) "INSERT INTO tariff_version SELECT 1000+i,tariff_id,1000+i,state,body,'',0,0,"
	                 "0,'',1 FROM tariff_version, n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(too_many); i++) {
		assert_int_equal(db_exec(lab.db, "BEGIN"), ERR_NONE);
		assert_int_equal(db_exec(lab.db, too_many[i]), ERR_NONE);
		span_fails(&early, ERR_TOO_LONG);
		assert_int_equal(db_exec(lab.db, "ROLLBACK"), ERR_NONE);
	}
	/* 64 are known. */
	assert_int_equal(db_exec(lab.db, MANY(63) "INSERT INTO tariff_version SELECT 1000+i,"
	                                          "tariff_id,1000+i,state,body,'',0,0,0,'',1"
	                                          " FROM tariff_version, n"),
	                 ERR_NONE);
	span_fails(&early, ERR_NONE);
	assert_int_equal(db_exec(lab.db, MANY(63) "INSERT INTO meter_tariff"
	                                          " SELECT 1,330100000001,1000+i,0,'' FROM n"),
	                 ERR_NONE);
	span_fails(&early, ERR_NONE);
	/* What was over before it, or comes behind it, is no matter. */
	assert_int_equal(db_exec(lab.db, MANY(300) "INSERT INTO meter_tariff"
	                                           " SELECT 1,330100000001,i,0,'' FROM n"),
	                 ERR_NONE);
	assert_int_equal(db_exec(lab.db, MANY(300) "INSERT INTO meter_tariff"
	                                           " SELECT 1,330100000001,4999+i,0,'' FROM n"),
	                 ERR_NONE);
	span_fails(&early, ERR_NONE);
	assert_int_equal(db_exec(lab.db, "UPDATE tariff_version SET body='{}'"), ERR_NONE);
	span_fails(&early, ERR_DAMAGED);
}

static void what_was_read_before_is_known_by_its_number(void **state)
{
	struct tariff_cache *cache = tariff_cache_new();
	int64_t flat = create("flat", 0, 0);
	struct tariff_assign r;
	struct tariff_span span;

	(void)state;
	lab.now_ms = 0;
	publish(flat, FLAT(1), 10);
	assert_int_equal(assign(flat, 0, 5, &r), ERR_NONE);
	assert_int_equal(tariff_span(lab.db, cache, &early, &span), ERR_NONE);
	tariff_span_free(&span);
	/* Another version that would stand in the same place. */
	assert_int_equal(db_exec(lab.db, "UPDATE tariff_version SET version_id=version_id+256,"
	                                 " body='" FLAT(2) "'"),
	                 ERR_NONE);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(tariff_span(lab.db, cache, &early, &span), ERR_NONE);
		assert_int_equal(span.plan[0]->rate_price_uy[0], 2);
		tariff_span_free(&span);
	}
	/* And one in the first place. */
	assert_int_equal(
	        db_exec(lab.db, "UPDATE tariff_version SET version_id=256, body='" FLAT(3) "'"),
	        ERR_NONE);
	assert_int_equal(tariff_span(lab.db, cache, &early, &span), ERR_NONE);
	assert_int_equal(span.plan[0]->rate_price_uy[0], 3);
	tariff_span_free(&span);
	tariff_cache_free(cache);
	tariff_cache_free(NULL);
}

/* The nth statement, or piece of memory, is refused; false: fewer are wanted. */
static bool span_shaken(int64_t nth, bool memory)
{
	struct tariff_cache *cache = tariff_cache_new();
	struct tariff_span span;
	bool reached;
	enum err err;

	if (memory)
		memory_fail_nth(nth);
	else
		db_fail_nth(lab.db, nth);
	err = tariff_span(lab.db, cache, &early, &span);
	reached = memory ? memory_has_failed() : db_has_failed(lab.db);
	memory_fail_nth(0);
	db_fail_nth(lab.db, 0);
	assert_int_equal(err, !reached ? ERR_NONE : memory ? ERR_NOMEM : ERR_IO);
	tariff_span_free(&span);
	tariff_cache_free(cache);
	return reached;
}

static void a_span_that_cannot_be_read_is_none(void **state)
{
	int64_t tou = create("tou", 0, 0);
	struct tariff_assign r;

	(void)state;
	lab.now_ms = 0;
	publish(tou, TOU, 10);
	publish(tou, FLAT(3), 2000); /* wants no holidays */
	publish(tou, TOU, 3000);
	assert_int_equal(assign(tou, 0, 5, &r), ERR_NONE);
	for (int memory = 0; memory < 2; memory++)
		for (int64_t nth = 1; span_shaken(nth, memory); nth++)
			;
}

static void plain_versions_have_no_holidays(int64_t tariff_id, const struct tariff_ask *ask)
{
	struct tariff_span span;

	lab.now_ms = 0;
	publish(tariff_id, FLAT(3), ask->from_s + 86400);
	publish(tariff_id, TOU, ask->from_s + 2 * 86400);
	lab.now_ms = NOW_S * 1000;
	assert_int_equal(tariff_span(lab.db, NULL, ask, &span), ERR_NONE);
	assert_int_equal(span.count, 3);
	assert_int_equal(span.plan[0]->holiday_count, 2);
	assert_int_equal(span.plan[1]->holiday_count, 0);
	assert_int_equal(span.plan[2]->holiday_count, 2);
	tariff_span_free(&span);
	/* Also when the first of them asks for none. */
	assert_int_equal(
	        db_exec(lab.db, "UPDATE tariff_version SET body='" FLAT(4) "' WHERE version_id=1"),
	        ERR_NONE);
	assert_int_equal(tariff_span(lab.db, NULL, ask, &span), ERR_NONE);
	assert_int_equal(span.plan[0]->holiday_count, 0);
	assert_int_equal(span.plan[2]->holiday_count, 2);
	tariff_span_free(&span);
	assert_int_equal(
	        db_exec(lab.db,
	                "UPDATE tariff_version SET body=(SELECT body FROM tariff_version WHERE version_id=3)"),
	        ERR_NONE);
	assert_int_equal(db_exec(lab.db, "DELETE FROM tariff_version WHERE version_id>1"),
	                 ERR_NONE);
}

/* Hours from its midnight on, of the day that is two days behind a holiday and two before another. */
static size_t holidays_between(struct tariff_ask ask, int64_t from_h, int64_t to_h)
{
	const int64_t midnight_s = NOW_S / 86400 * 86400 - ask.utc_offset_s;
	struct tariff_span span;
	size_t count;

	ask.from_s = midnight_s + from_h * 3600;
	ask.to_s = midnight_s + to_h * 3600;
	assert_int_equal(tariff_span(lab.db, NULL, &ask, &span), ERR_NONE);
	count = span.plan[0]->holiday_count;
	tariff_span_free(&span);
	return count;
}

static void days_are_those_of_the_property(const struct tariff_ask *ask)
{
	assert_int_equal(holidays_between(*ask, -1, 1), 0);
	assert_int_equal(holidays_between(*ask, -23, 47), 0);
	assert_int_equal(holidays_between(*ask, -23, 49), 1);
	assert_int_equal(holidays_between(*ask, -25, 47), 1);
	assert_int_equal(holidays_between(*ask, -48, 72), 2);
	assert_int_equal(holidays_between(*ask, 49, 50), 1);
	assert_int_equal(holidays_between(*ask, 73, 74), 0);
}

static void days_beyond_the_room_are_left_out(const struct tariff_ask *ask)
{
	static const char head[] =
	        "{\"rates\":[{\"price_uy\":1}],\"calendar\":{\"tables\":[{\"slots\":[]}]},"
	        "\"holiday_table\":1,\"holidays\":[";
	static char sql[PLAN_HOLIDAYS * 64];
	struct tariff_span span;
	size_t len;

	assert_int_equal(db_exec(lab.db, "BEGIN"), ERR_NONE);
	len = (size_t)snprintf(sql, sizeof sql, "UPDATE tariff_version SET body='%s", head);
	for (int i = 0; i < PLAN_HOLIDAYS - 1; i++)
		len += (size_t)snprintf(sql + len, sizeof sql - len,
		                        "{\"month\":1,\"day\":1,\"table\":1}%s",
		                        i < PLAN_HOLIDAYS - 2 ? "," : "");
	snprintf(sql + len, sizeof sql - len, "]}'");
	assert_int_equal(db_exec(lab.db, sql), ERR_NONE);
	assert_int_equal(tariff_span(lab.db, NULL, ask, &span), ERR_NONE);
	assert_int_equal(span.plan[0]->holiday_count, PLAN_HOLIDAYS);
	assert_int_not_equal(span.plan[0]->holiday[PLAN_HOLIDAYS - 1].year, 0);
	tariff_span_free(&span);
	assert_int_equal(db_exec(lab.db, "ROLLBACK"), ERR_NONE);
}

/* A change of the calendar changes prices from the next day on. */
static void holidays_of_the_property_have_a_table_of_their_own(void **state)
{
	static struct calendar_content content;
	const int64_t today = NOW_S / 86400; /* noon in China or so: the same civil day */
	int64_t tou = create("tou", 0, 0);
	struct tariff_assign r;
	struct tariff_span span;
	struct tariff_ask ask = {.property_id = 1,
	                         .meter = LAB_METER,
	                         .service = SERVICE_ELECTRICITY,
	                         .utc_offset_s = 28800,
	                         .from_s = (today - 5) * 86400,
	                         .to_s = (today + 5) * 86400};
	struct calendar_edit edit = {.actor = chief,
	                             .group_id = 1,
	                             .property_id = 1,
	                             .name = "own",
	                             .has_days = true,
	                             .content = &content};

	(void)state;
	lab.now_ms = 0;
	publish(tou, TOU, 10);
	assert_int_equal(assign(tou, 0, 5, &r), ERR_NONE);
	lab.now_ms = NOW_S * 1000;
	content.calendar.day_count = 2;
	content.calendar.day[0] =
	        (struct calendar_day){(int32_t)today - 2, CALENDAR_HOLIDAY, false};
	content.calendar.day[1] =
	        (struct calendar_day){(int32_t)today + 2, CALENDAR_HOLIDAY, false};
	assert_int_equal(lab_step(&lab, calendar_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(tariff_span(lab.db, NULL, &ask, &span), ERR_NONE);
	assert_int_equal(span.plan[0]->holiday_count, 0); /* nobody chose it */
	tariff_span_free(&span);
	assert_int_equal(db_exec(lab.db, "UPDATE property SET calendar_id=1"), ERR_NONE);
	assert_int_equal(tariff_span(lab.db, NULL, &ask, &span), ERR_NONE);
	assert_int_equal(span.plan[0]->holiday_count, 2);
	assert_int_equal(span.plan[0]->holiday[0].table, 2);
	tariff_span_free(&span);
	days_are_those_of_the_property(&ask);
	plain_versions_have_no_holidays(tou, &ask);
	days_beyond_the_room_are_left_out(&ask);
	/* both days go, one of the past comes, and today: only the day to come is another */
	edit.calendar_id = edit.row.calendar_id;
	edit.version = edit.row.version;
	content.calendar.day[1] = (struct calendar_day){(int32_t)today, CALENDAR_HOLIDAY, false};
	content.calendar.day[0] =
	        (struct calendar_day){(int32_t)today - 1, CALENDAR_HOLIDAY, false};
	assert_int_equal(lab_step(&lab, calendar_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(tariff_span(lab.db, NULL, &ask, &span), ERR_NONE);
	assert_int_equal(span.plan[0]->holiday_count, 1);
	assert_int_equal(span.plan[0]->holiday[0].year * 10000 +
	                         span.plan[0]->holiday[0].month * 100 +
	                         span.plan[0]->holiday[0].day,
	                 lab_number(&lab, "SELECT 20261122"));
	tariff_span_free(&span);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_tariff_is_named_once, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_draft_may_be_changed_and_a_publication_not, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(what_was_in_force_stays, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_derived_tariff_follows_its_base, setup, teardown),
	        cmocka_unit_test_setup_teardown(assignments_are_dated, setup, teardown),
	        cmocka_unit_test_setup_teardown(many_meters_are_assigned_row_by_row, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_tariff_of_the_group_goes_to_its_properties, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_span_that_cannot_be_known_is_none, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(what_was_read_before_is_known_by_its_number, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_span_that_cannot_be_read_is_none, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(holidays_of_the_property_have_a_table_of_their_own,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(a_span_holds_what_is_in_force_and_what_comes, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(under_a_monthly_fee_use_is_free, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
