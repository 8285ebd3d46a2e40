/* Customers: who sees them, what of them, and how they are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/core/mask.h"
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

static struct customer_edit edit_of(int64_t customer_id)
{
	return (struct customer_edit){.actor = estate.chief,
	                              .property_id = 1,
	                              .customer_id = customer_id,
	                              .version = customer(customer_id).version};
}

/* ---- masks ---- */

static void masks_hide_the_middle(void **state)
{
	static const char *const phones[][2] = {
	        {"13812341234",    "138****1234"   },
	        {"+8613812341234", "+86138****1234"},
	        {"057188886666",   "0571****6666"  },
	        {"12345678",       "****5678"      },
	        {"1234567",        "*****67"       },
	        {"110",            "*10"           },
	        {"",               ""              }
        };
	static const char *const identities[][2] = {
	        {"11010519491231002X", "110*************2X"},
	        {"E12345678",          "*********"         },
	        {"91330100MA27XXXX0A", "913*************0A"}
        };
	char to[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(phones); i++) {
		mask_phone(to, sizeof to, phones[i][0]);
		assert_string_equal(to, phones[i][1]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(identities); i++) {
		mask_identity(to, sizeof to, identities[i][0]);
		assert_string_equal(to, identities[i][1]);
	}
	mask_name(to, sizeof to, "张三丰");
	assert_string_equal(to, "张**");
}

/* ---- edits ---- */

static void a_customer_has_several_phones_and_one_main_one(void **state)
{
	struct phone_edit phones[3] = {
	        {.number = "138 1234 1234", .label = "本人", .main = true},
	        {.number = "0571-88886666"            }
        };
	int64_t id = estate_customer(&estate, "张三", "13900000000");
	struct customer_edit edit = edit_of(id);
	struct customer_row row;

	(void)state;
	edit.has_phones = true;
	edit.phone = phones;
	edit.phone_count = 2;
	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_NONE);
	row = customer(id);
	assert_int_equal(row.phone_count, 2);
	assert_string_equal(row.phone[0].phone, "13812341234");
	assert_string_equal(row.phone[0].label, "本人");
	assert_true(row.phone[0].main);
	/* Who sees them masked keeps one by its id, and changes the label of the other. */
	edit = edit_of(id);
	phones[0] = (struct phone_edit){.phone_id = row.phone[1].phone_id, .main = true};
	phones[1] = (struct phone_edit){.phone_id = row.phone[0].phone_id, .label = "家"};
	phones[2] = (struct phone_edit){.number = "12345"};
	edit.has_phones = true;
	edit.phone = phones;
	edit.phone_count = 3;
	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_NONE);
	row = customer(id);
	assert_string_equal(row.phone[0].phone, "13812341234");
	assert_string_equal(row.phone[0].label, "家");
	assert_false(row.phone[0].main);
	assert_true(row.phone[1].main);
	assert_string_equal(row.phone[2].phone, "12345");
}

static void bad_phones_are_refused(void **state)
{
	static const struct {
		struct phone_edit phone[2];
		size_t count;
	} bad[] = {
	        {{{.number = "1381234123x", .main = true}},                           1},
	        {{{.number = "13812341234"}},                                         1},
	        {{{.phone_id = 7, .main = true}},                                     1},
	        {{{.main = true}},	                                            1},
	        {{{.phone_id = 1, .main = true}, {.phone_id = 1}},                    2},
	        {{{.number = "12345", .main = true}, {.number = "1", .main = false}}, 2},
	        {{{.number = "12345", .main = true, .label = "a\x7F"}},               1},
	};

	int64_t id = estate_customer(&estate, "张三", "13900000000");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct customer_edit edit = edit_of(id);

		edit.has_phones = true;
		edit.phone = bad[i].phone;
		edit.phone_count = bad[i].count;
		assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_BAD_INPUT);
		assert_string_equal(edit.fault.field, "phones");
	}
}

static void an_id_number_is_wrapped_and_shown_masked(void **state)
{
	int64_t id = estate_customer(&estate, "张三", NULL);
	struct customer_edit edit = edit_of(id);
	struct customer_row row;
	char identity[IDENTITY_SIZE];

	(void)state;
	edit.identity = "11010519491231002X";
	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_NONE);
	row = customer(id);
	assert_string_equal(row.identity_masked, "110*************2X");
	assert_int_equal(identity_open(lab.keys, &row, identity), ERR_NONE);
	assert_string_equal(identity, "11010519491231002X");
	/* In nobody else's row. */
	row.customer_id++;
	assert_int_equal(identity_open(lab.keys, &row, identity), ERR_AUTH);
	/* Nor in the file. */
	assert_int_equal(lab_number(&lab,
	                            "SELECT count(*) FROM audit WHERE after LIKE '%19491231%'"
	                            " OR before LIKE '%19491231%' OR detail LIKE '%19491231%'"),
	                 0);
	edit = edit_of(id);
	edit.identity = "";
	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_NONE);
	assert_false(customer(id).has_identity);
	edit = edit_of(id);
	edit.identity = "12;34";
	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "identity");
}

static void the_audit_gets_nothing_whole(void **state)
{
	int64_t id = estate_customer(&estate, "欧阳锋", "13812345678");
	struct customer_edit edit = edit_of(id);

	(void)state;
	edit.name = "欧阳克";
	edit.note = "欠债人 13812345678";
	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE object='customer 1'"),
	                 2);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE after LIKE '%阳%'"
	                                  " OR before LIKE '%阳%' OR after LIKE '%13812345678%'"),
	                 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE after LIKE "
	                                  "'%\"name\":\"欧**\"%' AND action='customer.edit'"),
	                 1);
}

static void revealing_needs_the_right_and_leaves_a_line(void **state)
{
	int64_t id = estate_customer(&estate, "张三", "13812345678");
	struct actor reader = staff_with(&lab, "reader", P(CUSTOMER_READ), 1, 1, 0);
	struct customer_reveal reveal = {
	        .actor = estate.chief, .property_id = 1, .customer_id = id};

	(void)state;
	assert_int_equal(lab_step(&lab, customer_reveal_step, &reveal, false), ERR_NONE);
	assert_string_equal(reveal.row.phone[0].phone, "13812345678");
	assert_int_equal(lab_number(&lab,
	                            "SELECT count(*) FROM audit WHERE action='customer.reveal'"
	                            " AND who='chief' AND reason='because'"),
	                 1);
	reveal.actor.reason[0] = '\0';
	assert_int_equal(lab_step(&lab, customer_reveal_step, &reveal, false), ERR_BAD_INPUT);
	reveal.actor = reader;
	assert_int_equal(lab_step(&lab, customer_reveal_step, &reveal, false), ERR_FORBIDDEN);
	reveal.customer_id = 999;
	assert_int_equal(lab_step(&lab, customer_reveal_step, &reveal, false), ERR_NOT_FOUND);
}

/* ---- who sees whom ---- */

static enum err rename_by(const struct actor *actor, int64_t customer_id)
{
	struct customer_edit edit = {
	        .actor = *actor, .property_id = 1, .customer_id = customer_id, .name = "neu"};
	struct customer_row row;

	if (customer_get(lab.db, 1, customer_id, &row) == ERR_NONE)
		edit.version = row.version;
	return lab_step(&lab, customer_edit_step, &edit, false);
}

static void a_floors_staff_sees_who_leases_on_it(void **state)
{
	struct actor on_a3 =
	        staff_with(&lab, "a3", P(CUSTOMER_READ) | P(CUSTOMER_WRITE), 1, 1, estate.a3);
	struct actor looks = staff_with(&lab, "looks", P(CUSTOMER_READ), 1, 1, estate.a3);
	struct actor foreign = staff_with(&lab, "foreign", P(CUSTOMER_WRITE), 2, 0, 0);
	int64_t now = estate_customer(&estate, "jetzt", NULL),
	        past = estate_customer(&estate, "einst", NULL);
	int64_t soon = estate_customer(&estate, "bald", NULL),
	        none = estate_customer(&estate, "nie", NULL);
	int64_t other = estate_customer(&estate, "drüben", NULL);

	(void)state;
	estate_lease(&estate, now, estate.r301, -10, 10);
	estate_lease(&estate, past, estate.r302, -10, -1);
	estate_lease(&estate, soon, estate.r302, 5, 0);
	estate_lease(&estate, other, estate.r401, -10, 0);
	assert_int_equal(rename_by(&on_a3, now), ERR_NONE);
	assert_int_equal(rename_by(&on_a3, soon), ERR_NONE);
	assert_int_equal(rename_by(&looks, now), ERR_FORBIDDEN);
	/* What he does not see and what is not there: the same. */
	assert_int_equal(rename_by(&on_a3, past), ERR_HIDDEN);
	assert_int_equal(rename_by(&on_a3, none), ERR_HIDDEN);
	assert_int_equal(rename_by(&on_a3, other), ERR_HIDDEN);
	assert_int_equal(rename_by(&on_a3, 999), ERR_NOT_FOUND);
	assert_int_equal(rename_by(&foreign, now), ERR_HIDDEN);
	assert_int_equal(rename_by(&estate.chief, none), ERR_NONE);
	/* Who leases the building is on each of its floors, too. */
	estate_lease(&estate, none, estate.b, 1, 0);
	on_a3 = staff_with(&lab, "b1", P(CUSTOMER_WRITE), 1, 1, estate.b1);
	assert_int_equal(rename_by(&on_a3, none), ERR_HIDDEN);
	on_a3 = staff_with(&lab, "b", P(CUSTOMER_WRITE), 1, 1, estate.b);
	assert_int_equal(rename_by(&on_a3, none), ERR_NONE);
}

static void who_has_a_lease_is_not_archived(void **state)
{
	int64_t id = estate_customer(&estate, "张三", NULL);
	struct customer_edit edit = edit_of(id);

	(void)state;
	estate_lease(&estate, id, estate.r301, 3, 10);
	edit.has_archived = edit.archived = true;
	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_REFUSED);
	assert_string_equal(edit.fault.field, "archived");
	lab.now_ms += 20 * INT64_C(86400000);
	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_NONE);
	assert_true(edit.row.archived_s > 0);
}

/* ---- lists ---- */

static bool take_name(void *arg, const struct customer_row *row)
{
	char *text = arg;
	size_t len = strlen(text);

	snprintf(text + len, 256 - len, "%s ", row->name);
	return true;
}

static const char *find(const char *search, bool reveal)
{
	static char text[256];
	struct customer_filter filter = {.now_s = lab.now_ms / 1000};

	snprintf(filter.ask.search, sizeof filter.ask.search, "%s", search);
	customer_search(&filter, reveal);
	text[0] = '\0';
	assert_int_equal(customer_list(lab.db, 1, &filter, take_name, text), ERR_NONE);
	return text;
}

static void phones_are_found_but_not_told(void **state)
{
	(void)state;
	(void)estate_customer(&estate, "Anna", "13812345678");
	(void)estate_customer(&estate, "Berta", "13912345678");
	(void)estate_customer(&estate, "Carla 5678", NULL);
	assert_string_equal(find("5678", false), "Anna Berta Carla 5678 ");
	assert_string_equal(find("678", false), "Anna Berta Carla 5678 ");
	/* A fifth digit is one that is hidden. */
	assert_string_equal(find("45678", false), "");
	assert_string_equal(find("12345678", false), "");
	assert_string_equal(find("45678", true), "Anna Berta ");
	assert_string_equal(find("13812345678", false), "Anna ");
	assert_string_equal(find("138 1234 5678", false), "Anna ");
	assert_string_equal(find("anna", false), "Anna ");
	assert_string_equal(find("%", false), "");
	assert_string_equal(find("_", false), "");
	assert_string_equal(find("C00000", false), "Anna Berta Carla 5678 ");
}

static void lists_filter_by_place_and_state(void **state)
{
	struct customer_filter filter = {.now_s = lab.now_ms / 1000, .space_id = estate.a};
	int64_t id = estate_customer(&estate, "Anna", NULL);
	struct customer_edit edit;
	char text[256] = "";

	(void)state;
	(void)estate_customer(&estate, "Berta", NULL);
	estate_lease(&estate, id, estate.r301, -1, 10);
	assert_int_equal(customer_list(lab.db, 1, &filter, take_name, text), ERR_NONE);
	assert_string_equal(text, "Anna ");
	filter.space_id = estate.b;
	text[0] = '\0';
	assert_int_equal(customer_list(lab.db, 1, &filter, take_name, text), ERR_NONE);
	assert_string_equal(text, "");
	edit = edit_of(id + 1);
	edit.has_archived = edit.archived = true;
	assert_int_equal(lab_step(&lab, customer_edit_step, &edit, false), ERR_NONE);
	filter = (struct customer_filter){.state = CUSTOMER_ARCHIVED};
	assert_int_equal(customer_list(lab.db, 1, &filter, take_name, text), ERR_NONE);
	assert_string_equal(text, "Berta ");
	filter.state = CUSTOMER_ACTIVE;
	text[0] = '\0';
	assert_int_equal(customer_list(lab.db, 1, &filter, take_name, text), ERR_NONE);
	assert_string_equal(text, "Anna ");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(masks_hide_the_middle),
	        T(a_customer_has_several_phones_and_one_main_one),
	        T(bad_phones_are_refused),
	        T(an_id_number_is_wrapped_and_shown_masked),
	        T(the_audit_gets_nothing_whole),
	        T(revealing_needs_the_right_and_leaves_a_line),
	        T(a_floors_staff_sees_who_leases_on_it),
	        T(who_has_a_lease_is_not_archived),
	        T(phones_are_found_but_not_told),
	        T(lists_filter_by_place_and_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
