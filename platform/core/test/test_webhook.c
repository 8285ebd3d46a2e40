/* Webhooks: a row with its cause or none, in order, again for a day, and never more than its maker
 * may tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/proto/event.h"
#include "platform/core/event_note.h"
#include "platform/core/role.h"
#include "platform/core/webhook.h"
#include "platform/ingest/missed.h"
#include "platform/store/api_key.h"
#include "platform/store/grant.h"
#include "platform/test/lab.h"

static const struct place here = {.group_id = 1, .property_id = 1};
static struct lab lab;
static int64_t maker, maker_grant;
static struct webhook_take take;

static int setup(void **state)
{
	struct user_row row = {.name = "anna", .password_hash = "x", .lang = "en", .group_id = 1};
	struct grant_row grant = {.role_id = ROLE_GROUP_ADMIN, .group_id = 1};

	(void)state;
	lab_setup(&lab);
	assert_int_equal(user_insert(lab.db, &row), 0);
	maker = grant.user_id = row.user_id;
	assert_int_equal(grant_insert(lab.db, &grant), 0);
	maker_grant = grant.grant_id;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static struct webhook_request make(int64_t kinds)
{
	struct webhook_request r = {.actor = {.who = "anna"}, .place = here};

	r.actor.user_id = maker;
	r.row.kinds = kinds;
	snprintf(r.row.name, sizeof r.row.name, "crm");
	snprintf(r.row.url, sizeof r.row.url, "https://example.org/hook");
	assert_int_equal(lab_step(&lab, webhook_create_step, &r, false), ERR_NONE);
	assert_int_equal(strlen(r.secret), WEBHOOK_SECRET_TEXT - 1);
	return r;
}

/* An alarm: a step that writes an event, and fails afterwards when told to. */
struct alarm {
	int number;
	bool fails;
};

static enum err alarm_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct alarm *alarm = arg;
	struct event_row row = {.property_id = 1, .kind = EVENT_RELAY_FAULT, .stored_ms = now_ms};
	enum err err;

	snprintf(row.source, sizeof row.source, "test/%d", alarm->number);
	err = event_note(tx, &row, out);
	if (!err)
		err = webhook_note(tx, out, 0, now_ms);
	return err ? err : alarm->fails ? ERR_REFUSED : ERR_NONE;
}

static void ring(int number)
{
	struct alarm alarm = {.number = number};

	assert_int_equal(lab_step(&lab, alarm_step, &alarm, false), ERR_NONE);
}

static size_t take_due(void)
{
	take.want = WEBHOOK_TAKE;
	assert_int_equal(lab_step(&lab, webhook_take_step, &take, true), ERR_NONE);
	return take.count;
}

static void answer(int64_t status)
{
	struct webhook_sent sent = {.property_id = take.parcel[0].property_id,
	                            .delivery_id = take.parcel[0].delivery_id,
	                            .status = status};

	assert_int_equal(lab_step(&lab, webhook_sent_step, &sent, false), ERR_NONE);
}

#define ALARM (INT64_C(1) << WEBHOOK_ALARM)

static void told_with_its_cause_or_not_at_all(void **state)
{
	struct alarm undone = {.number = 7, .fails = true};

	(void)state;
	make(ALARM);
	make(INT64_C(1) << WEBHOOK_DEVICE_FOUND);
	assert_int_equal(lab_step(&lab, alarm_step, &undone, false), ERR_REFUSED);
	assert_int_equal(take_due(), 0);
	ring(1);
	assert_int_equal(take_due(), 1);
	assert_string_equal(take.parcel[0].kind, "alarm");
	assert_non_null(strstr(take.parcel[0].body, "\"kind\":\"relay-fault\""));
	assert_non_null(strstr(take.parcel[0].body, "\"property\":\"p1\""));
	answer(204);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery WHERE state=1"),
	                 1);
	lab.now_ms += 120000;
	assert_int_equal(take_due(), 0);
}

static enum err two_stages_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const enum order_state states[] = {ORDER_PAID, ORDER_DELIVERED};

	(void)arg;
	for (int i = 0; i < 2; i++) {
		struct effect *effect = effects_add(out, EFFECT_ORDER);

		if (!effect)
			return ERR_NOMEM;
		effect->u.order = (struct effect_order){.property_id = 1,
		                                        .order_id = 81,
		                                        .account_id = 7,
		                                        .channel = CHANNEL_CASH,
		                                        .state = states[i]};
	}
	return webhook_note(tx, out, 0, now_ms);
}

/* Each stage to who asked for stages, in their order; to nobody else. */
static void stages_of_an_order_are_told_one_by_one(void **state)
{
	(void)state;
	make(ALARM);
	make(INT64_C(1) << WEBHOOK_ORDER_STAGE);
	assert_int_equal(lab_step(&lab, two_stages_step, NULL, false), ERR_NONE);
	assert_int_equal(take_due(), 1);
	assert_string_equal(take.parcel[0].kind, "order.stage");
	assert_non_null(strstr(take.parcel[0].body,
	                       "\"data\":{\"order\":\"81\",\"number\":\"W000000000081\","
	                       "\"account\":\"7\",\"channel\":\"cash\",\"state\":\"paid\"}"));
	answer(204);
	assert_int_equal(take_due(), 1);
	assert_non_null(strstr(take.parcel[0].body, "\"state\":\"delivered\""));
	answer(204);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery"), 2);
}

static void in_order_and_again_for_a_day(void **state)
{
	int64_t first;
	int tries = 0;

	(void)state;
	make(ALARM);
	ring(1);
	ring(2);
	assert_int_equal(take_due(), 1);
	first = take.parcel[0].delivery_id;
	assert_int_equal(take_due(), 0); /* the second waits for the first */
	answer(500);
	for (lab.now_ms += 9999; lab.now_ms < LAB_NOW_MS + 2 * WEBHOOK_RETRY_MS;
	     lab.now_ms += 1000) {
		if (!take_due())
			continue;
		if (take.parcel[0].delivery_id != first)
			break;
		assert_true(lab.now_ms <= LAB_NOW_MS + WEBHOOK_RETRY_MS + 3600000);
		tries++;
		answer(0);
	}
	assert_in_range(tries, 25, 40); /* 10 s, 20 s … 1 h */
	assert_int_equal(
	        lab_number(&lab, "SELECT state FROM webhook_delivery ORDER BY delivery_id"),
	        DELIVERY_FAILED);
	answer(200); /* and the second one came after it */
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery WHERE state=1"),
	                 1);
}

/* A sender that died with a delivery on its way: tried again, never forgotten. */
static void a_lost_try_comes_again(void **state)
{
	(void)state;
	make(ALARM);
	ring(1);
	assert_int_equal(take_due(), 1);
	lab.now_ms += WEBHOOK_TAKE_MS - 1;
	assert_int_equal(take_due(), 0);
	lab.now_ms += 1;
	assert_int_equal(take_due(), 1);
	assert_int_equal(take.parcel[0].tries, 2);
}

static void it_tells_no_more_than_its_maker_may(void **state)
{
	(void)state;
	make(ALARM);
	ring(1);
	assert_int_equal(grant_delete(lab.db, maker_grant), 0);
	assert_int_equal(take_due(), 0);
	assert_int_equal(lab_number(&lab, "SELECT state FROM webhook_delivery"), DELIVERY_FAILED);
}

/* A key is nobody: the person who made it answers for what it makes and edits, and when he is not
 * allowed any more, nothing is told, however much the machine itself may. */
static void a_keys_webhook_is_its_makers(void **state)
{
	struct api_key_row key = {.group_id = 1,
	                          .name = "robot",
	                          .token_hash = "x",
	                          .permissions = PERMISSION_BIT(PERMISSION_WEBHOOK_WRITE),
	                          .made_by = maker};
	struct webhook_request r = {.actor = {.who = "key robot"}, .place = here};

	(void)state;
	assert_int_equal(api_key_insert(lab.db, &key), 0);
	r.actor.key_id = key.key_id;
	r.row.kinds = ALARM;
	snprintf(r.row.name, sizeof r.row.name, "crm");
	snprintf(r.row.url, sizeof r.row.url, "https://example.org/hook");
	assert_int_equal(lab_step(&lab, webhook_create_step, &r, false), ERR_NONE);
	assert_int_equal(r.row.made_by, maker);
	r.version = r.row.version;
	assert_int_equal(lab_step(&lab, webhook_edit_step, &r, false), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT made_by FROM webhook"), maker);
	ring(1);
	assert_int_equal(take_due(), 1);
	answer(200);
	ring(2);
	assert_int_equal(grant_delete(lab.db, maker_grant), 0);
	assert_int_equal(take_due(), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery WHERE state=2"),
	                 1);
}

/* A key that leaked is ended: what somebody made with it meanwhile is told nothing more, until a
 * person takes it over. */
static void a_keys_webhook_ends_with_the_key(void **state)
{
	struct api_key_row key = {.group_id = 1,
	                          .name = "robot",
	                          .token_hash = "x",
	                          .permissions = PERMISSION_BIT(PERMISSION_WEBHOOK_WRITE),
	                          .made_by = maker};
	struct webhook_request r = {.actor = {.who = "key robot"}, .place = here};

	(void)state;
	assert_int_equal(api_key_insert(lab.db, &key), 0);
	r.actor.key_id = key.key_id;
	r.row.kinds = ALARM;
	snprintf(r.row.name, sizeof r.row.name, "crm");
	snprintf(r.row.url, sizeof r.row.url, "https://example.org/hook");
	assert_int_equal(lab_step(&lab, webhook_create_step, &r, false), ERR_NONE);
	assert_int_equal(api_key_end(lab.db, key.key_id, LAB_NOW_MS / 1000), 0);
	ring(1);
	assert_int_equal(take_due(), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery WHERE state=2"),
	                 1);
	r.actor = (struct actor){.user_id = maker, .who = "anna"};
	r.version = r.row.version;
	assert_int_equal(lab_step(&lab, webhook_edit_step, &r, false), ERR_NONE);
	ring(2);
	assert_int_equal(take_due(), 1);
}

static void old_deliveries_go_with_new_ones(void **state)
{
	(void)state;
	make(ALARM);
	ring(1);
	assert_int_equal(take_due(), 1);
	answer(200);
	lab.now_ms += WEBHOOK_KEPT_MS + 1;
	assert_int_equal(take_due(), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery"), 1);
	ring(2);
	assert_int_equal(take_due(), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery"), 1);
}

static void edits_and_secrets(void **state)
{
	struct webhook_request r = make(ALARM), other;
	uint8_t secret[WEBHOOK_SECRET_SIZE];

	(void)state;
	ring(1);
	assert_int_equal(take_due(), 1);
	memcpy(secret, take.parcel[0].secret, sizeof secret);
	other = r;
	other.version = 9;
	assert_int_equal(lab_step(&lab, webhook_edit_step, &other, false), ERR_CONFLICT);
	other = r;
	other.version = r.row.version;
	other.new_secret = true;
	assert_int_equal(lab_step(&lab, webhook_edit_step, &other, false), ERR_NONE);
	assert_string_not_equal(other.secret, r.secret);
	lab.now_ms += WEBHOOK_TAKE_MS;
	assert_int_equal(take_due(), 1);
	assert_memory_not_equal(secret, take.parcel[0].secret, sizeof secret);
	other.row.enabled = false;
	other.version = other.row.version;
	assert_int_equal(lab_step(&lab, webhook_edit_step, &other, false), ERR_NONE);
	ring(2); /* nobody is told */
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery"), 1);
	other.version = other.row.version;
	assert_int_equal(lab_step(&lab, webhook_delete_step, &other, false), ERR_BAD_INPUT);
	snprintf(other.actor.reason, sizeof other.actor.reason, "moved");
	assert_int_equal(lab_step(&lab, webhook_delete_step, &other, false), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery"), 0);
}

static void replays(void **state)
{
	struct webhook_request r = make(ALARM);
	struct webhook_replay replay = {.actor = {.who = "anna"}, .place = here};

	(void)state;
	replay.actor.user_id = maker;
	replay.webhook_id = r.row.webhook_id;
	assert_int_equal(lab_step(&lab, webhook_replay_step, &replay, false), ERR_NONE);
	assert_int_equal(take_due(), 1);
	assert_string_equal(take.parcel[0].kind, "ping");
	replay.delivery_id = replay.new_delivery_id;
	assert_int_equal(lab_step(&lab, webhook_replay_step, &replay, false), ERR_REFUSED);
	answer(200);
	assert_int_equal(lab_step(&lab, webhook_replay_step, &replay, false), ERR_NONE);
	assert_int_equal(take_due(), 1);
	assert_int_not_equal(take.parcel[0].delivery_id, replay.delivery_id);
	replay.delivery_id = 999;
	assert_int_equal(lab_step(&lab, webhook_replay_step, &replay, false), ERR_NOT_FOUND);
}

static void addresses(void **state)
{
	static const char *const bad[] = {"",
	                                  "ftp://a/b",
	                                  "https://",
	                                  "https:///x",
	                                  "https://user:pw@host/",
	                                  "https://host/#part",
	                                  "https://ho st/",
	                                  "https://h\nost/",
	                                  "file:///etc/passwd",
	                                  "http://[::1",
	                                  "http://::1/",
	                                  "http://[]x/",
	                                  "http://host]/",
	                                  "http://ho[st]/",
	                                  "http://host:/",
	                                  "http://host:port/",
	                                  "http://[::1]8080/",
	                                  "http://:8080/",
	                                  "http://host:123456/"};
	static const char *const good[] = {"https://example.org:8443/a?b=c@d", "http://h",
	                                   "http://[::1]:8080/x", "http://[fe80::1]?a",
	                                   "https://192.0.2.1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(webhook_url_valid(bad[i]));
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(webhook_url_valid(good[i]));
}

/* The example of docs/protocol/webhook.md. */
static void the_signature_of_the_page(void **state)
{
	uint8_t secret[WEBHOOK_SECRET_SIZE];
	char signature[WEBHOOK_SIGNATURE_SIZE];

	(void)state;
	for (uint8_t i = 0; i < sizeof secret; i++)
		secret[i] = i;
	webhook_sign(secret, 1795690000, "{\"kind\":\"ping\"}", signature);
	assert_string_equal(
	        signature,
	        "t=1795690000,v1=2485f141a711f212eacd44c269a4f2e9ea88ea8a92d3c996430facd00cc47190");
}

/* ---- readings that stay away ---- */

static int64_t missed(int64_t running_s)
{
	struct missed_request r = {.ingest = lab.ingest, .period_s = 60, .running_s = running_s};

	assert_int_equal(lab_step(&lab, missed_step, &r, true), ERR_NONE);
	return r.missing;
}

static void a_missed_plan_is_told_once(void **state)
{
	int64_t meters = lab_number(&lab, "SELECT count(*) FROM meter");
	struct reading row;
	struct lab_batch batch = {.boot = 1, .seq = 1, .rows = &row, .row_count = 1};

	(void)state;
	row = lab_reading(LAB_METER, LAB_NOW_MS / 1000, 1000);
	assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
	/* Right after the start nobody can know. */
	assert_int_equal(missed(10), meters - 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM reading_missed"), 0);
	assert_int_equal(missed(1000), meters - 1);
	assert_int_equal(missed(1060), meters - 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM reading_missed"), meters - 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=136"), meters - 1);

	lab.now_ms += (2 * 60 + MISSED_EXTRA_S) * 1000;
	assert_int_equal(missed(2000), meters - 1);
	lab.now_ms += 1000;
	assert_int_equal(missed(2001), meters);
	row = lab_reading(LAB_METER, lab.now_ms / 1000, 1100);
	batch.seq = 2;
	assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
	assert_int_equal(missed(2002), meters - 1);
	assert_int_equal(lab_number(&lab, "SELECT value FROM event WHERE kind=137"),
	                 2 * 60 + MISSED_EXTRA_S + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(told_with_its_cause_or_not_at_all, setup, teardown),
	        cmocka_unit_test_setup_teardown(stages_of_an_order_are_told_one_by_one, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(in_order_and_again_for_a_day, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_lost_try_comes_again, setup, teardown),
	        cmocka_unit_test_setup_teardown(it_tells_no_more_than_its_maker_may, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_keys_webhook_is_its_makers, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_keys_webhook_ends_with_the_key, setup, teardown),
	        cmocka_unit_test_setup_teardown(old_deliveries_go_with_new_ones, setup, teardown),
	        cmocka_unit_test_setup_teardown(edits_and_secrets, setup, teardown),
	        cmocka_unit_test_setup_teardown(replays, setup, teardown),
	        cmocka_unit_test(addresses),
	        cmocka_unit_test(the_signature_of_the_page),
	        cmocka_unit_test_setup_teardown(a_missed_plan_is_told_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
