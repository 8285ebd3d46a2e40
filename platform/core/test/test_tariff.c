/* Tariffs: what a body may say, drafts and publications, and what holds for a meter when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/core/tariff_edit.h"
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

/* ---- bodies ---- */

static void each_wrong_member_is_named(void **state)
{
	static const struct {
		const char *json, *field;
	} cases[] = {
	        {"",	                                                                              "plan"	                    },
	        {"[]",	                                                                            "plan"                            },
	        {"{\"rates\":[],\"rates\":[]}",	                                                   "plan"                            },
	        {"{}",	                                                                            "rates"                           },
	        {"{\"rates\":[]}",	                                                                "rates"                           },
	        {"{\"rates\":1}",	                                                                 "rates"                           },
	        {"{\"rates\":[1]}",	                                                               "rates[0]"                        },
	        {"{\"rates\":[{}]}",	                                                              "rates[0].price_uy"               },
	        {"{\"rates\":[{\"price_uy\":1.5}]}",	                                              "rates[0].price_uy"               },
	        {"{\"rates\":[{\"price_uy\":-1}]}",	                                               "rates[0].price_uy"               },
	        {"{\"rates\":[{\"price_uy\":1000000001}]}",                                               "rates[0].price_uy"               },
	        {"{\"rates\":[{\"price_uy\":1,\"name\":1}]}",                                             "rates[0].name"                   },
	        {"{\"rates\":[{\"price_uy\":1,\"name\":\"123456789012345678901\"}]}",
	         "rates[0].name"	                                                                                                    },
	        {"{\"rates\":[{\"price_uy\":1,\"cost\":1}]}",                                             "rates[0].cost"                   },
	        {"{\"rates\":[{\"price_uy\":1}],\"calender\":{}}",                                        "calender"                        },

#define R "{\"rates\":[{\"price_uy\":1},{\"price_uy\":2}],"
	        {R "\"calendar\":[]}",	                                                            "calendar"                        },
	        {R "\"calendar\":{\"tables\":[[]]}}",                                                     "calendar.tables[0]"              },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"7:00\",\"rate\":1}]}]}}",
	         "calendar.tables[0].slots[0].from"	                                                                                 },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"24:00\",\"rate\":1}]}]}}",
	         "calendar.tables[0].slots[0].from"	                                                                                 },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"10:60\",\"rate\":1}]}]}}",
	         "calendar.tables[0].slots[0].from"	                                                                                 },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"07:00\",\"rate\":3}]}]}}",
	         "calendar.tables[0].slots[0].rate"	                                                                                 },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"07:00\",\"rate\":1},"
	           "{\"from\":\"07:14\",\"rate\":2}]}]}}",	                       "calendar.tables[0].slots[1].from"},
	        {R "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"00:00\",\"rate\":1},"
	           "{\"from\":\"23:50\",\"rate\":2}]}]}}",	                       "calendar.tables[0].slots[1].from"},
	        {R "\"calendar\":{\"zones\":[{\"month\":1,\"day\":1,\"table\":1}]}}",
	         "calendar.zones[0].table"	                                                                                          },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[]}],"
	           "\"zones\":[{\"month\":2,\"day\":30,\"table\":1}]}}",	         "calendar.zones[0].day"           },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[]}],"
	           "\"zones\":[{\"month\":3,\"day\":1,\"table\":1},"
	           "{\"month\":2,\"day\":1,\"table\":1}]}}",	                     "calendar.zones[1]"               },
	        {R "\"next_calendar\":{\"tables\":[]}}",                                                  "next_calendar.from"              },
	        {R "\"holidays\":[{\"month\":1,\"day\":1,\"table\":1}]}",                                 "holidays[0].table"               },
	        {R "\"holidays\":[{\"year\":1999,\"month\":1,\"day\":1,\"table\":1}]}",
	         "holidays[0].year"	                                                                                                 },
	        {R "\"calendar\":{\"tables\":[{\"slots\":[]}]},"
	           "\"holidays\":[{\"year\":2027,\"month\":2,\"day\":29,\"table\":1}]}", "holidays[0].day"                 },
	        {R "\"steps\":{}}",	                                                               "steps.thresholds"                },
	        {R "\"steps\":{\"thresholds\":[0],\"prices_uy\":[0,1]}}",                                 "steps.thresholds[0]"             },
	        {R "\"steps\":{\"thresholds\":[5,5],\"prices_uy\":[0,1,2]}}",
	         "steps.thresholds[1]"	                                                                                              },
	        {R "\"steps\":{\"thresholds\":[\"5\"],\"prices_uy\":[0,1]}}",
	         "steps.thresholds[0]"	                                                                                              },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0]}}",                                   "steps.prices_uy"                 },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,\"1\"]}}",                             "steps.prices_uy[1]"              },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,-1]}}",                                "steps.prices_uy[1]"              },
	        {R "\"steps\":{\"thresholds\":[5],\"combine\":\"add\"}}",                                 "steps.combine"                   },
	        {R "\"steps\":{\"thresholds\":[5],\"combine\":\"factor\",\"prices_uy\":[0,1]}}",
	         "steps.prices_uy"	                                                                                                  },
	        {R "\"steps\":{\"thresholds\":[5],\"combine\":\"factor\","
	           "\"factors_ppm\":[1,100000001]}}",	                            "steps.factors_ppm[1]"            },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"settle\":[{\"day\":29}]}}",
	         "steps.settle[0].day"	                                                                                              },
	        {R "\"steps\":{\"thresholds\":[5],\"prices_uy\":[0,1],\"unsettled\":1}}",
	         "steps.unsettled"	                                                                                                  },
	        {R "\"lines\":[{},{},{},{}]}",	                                                    "lines"                           },
	        {R "\"fee_fen\":-1}",	                                                             "fee_fen"                         },
	        {R "\"minimum_fen\":\"1\"}",	                                                      "minimum_fen"                     },
	};
	struct tariff_body body;
	char field[TARIFF_FIELD_SIZE];
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		why = NULL;
		assert_int_equal(
		        tariff_body_parse(cases[i].json, strlen(cases[i].json), &body, field, &why),
		        ERR_BAD_INPUT);
		assert_string_equal(field, cases[i].field);
		assert_non_null(why);
	}
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
	return edit.version_id;
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
	assert_int_equal(assign(0, 0, NOW_S, &r), ERR_BAD_INPUT);
	assert_int_equal(assign(999, 0, NOW_S, &r), ERR_BAD_INPUT);
	assert_int_equal(assign(flat, 999999999999, NOW_S, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "meters");
	assert_int_equal(assign(flat, 0, 0, &r), ERR_BAD_INPUT);
	chief.reason[0] = '\0';
	assert_int_equal(assign(flat, 0, LATER, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "reason");
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
	tariff_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_wrong_member_is_named),
	        cmocka_unit_test_setup_teardown(a_tariff_is_named_once, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_draft_may_be_changed_and_a_publication_not, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(what_was_in_force_stays, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_derived_tariff_follows_its_base, setup, teardown),
	        cmocka_unit_test_setup_teardown(assignments_are_dated, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_span_holds_what_is_in_force_and_what_comes, setup,
	                                        teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
