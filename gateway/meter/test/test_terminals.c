/* Claims, addresses and value sets, frame by frame. */
#include "gateway/meter/terminals.h"

#include "libs/proto/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static struct terminals *ts;
static struct terminals_now now;
static struct can_msg sent[64];
static size_t n_sent;
static unsigned events[256], edges, values;

static void on_send(void *ctx, const struct can_msg *msg)
{
	(void)ctx;
	assert_true(n_sent < ARRAY_SIZE(sent));
	sent[n_sent++] = *msg;
}

static void on_event(void *ctx, const struct terminal *t, const struct bulk_event *event)
{
	(void)ctx;
	(void)t;
	events[event->kind]++;
}

static void on_edge(void *ctx, struct terminal *t)
{
	(void)ctx;
	(void)t;
	edges++;
}

static void on_values(void *ctx, struct terminal *t)
{
	(void)ctx;
	(void)t;
	values++;
}

static void on_result(void *ctx, struct terminal *t, const uint8_t *body, size_t len)
{
	(void)ctx;
	(void)t;
	(void)body;
	(void)len;
}

static void on_failed(void *ctx, struct terminal *t, enum err err)
{
	(void)ctx;
	(void)t;
	(void)err;
}

static void on_want(void *ctx, const struct terminal *t, const struct bulk_time_want *want)
{
	(void)ctx;
	(void)t;
	(void)want;
}

static const struct terminals_out effects = {NULL,      on_send,   on_event,  on_edge,
                                             on_values, on_result, on_failed, on_want};

static int setup(void **state)
{
	(void)state;
	n_sent = edges = values = 0;
	memset(events, 0, sizeof events);
	now = (struct terminals_now){100000, INT64_C(1795500000000)};
	return terminals_new(&ts, &effects) == ERR_NONE ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	terminals_free(ts);
	return 0;
}

static struct can_claim claim_of(uint8_t number)
{
	struct can_claim claim = {.version = CAN_VERSION, .boot = 1, .firmware = 0x0102};

	memset(claim.chip, number, CHIP_SIZE);
	return claim;
}

static void claim_part(const struct can_claim *claim, unsigned k)
{
	struct can_msg msg;

	can_claim_encode(claim, k, &msg);
	terminals_frame(ts, &msg, &now);
}

static void claim_send(const struct can_claim *claim)
{
	for (unsigned k = 0; k < CAN_CLAIM_FRAMES; k++)
		claim_part(claim, k);
}

static struct terminal *known(uint8_t number)
{
	struct can_claim claim = claim_of(number);

	claim_send(&claim);
	terminals_saved(ts);
	return terminals_by_chip(ts, claim.chip);
}

static void test_address_waits_for_the_table(void **state)
{
	struct can_claim claim = claim_of(1);
	struct can_assign assign;

	(void)state;
	claim_send(&claim);
	assert_true(terminals_must_save(ts));
	assert_int_equal(n_sent, 0);
	assert_int_equal(events[EVENT_DEVICE_FOUND], 1);
	terminals_saved(ts);
	assert_int_equal(n_sent, 1);
	assert_int_equal(can_assign_decode(&sent[0], &assign), ERR_NONE);
	assert_int_equal(assign.address, 1);
	assert_int_equal(assign.hash20, can_hash20(claim.chip, 0));
	/* Known already: at once. */
	claim_send(&claim);
	assert_int_equal(n_sent, 2);
	assert_false(terminals_must_save(ts));
	assert_int_equal(events[EVENT_DEVICE_FOUND], 1);
}

static void test_assignment_goes_to_the_claimed_hash(void **state)
{
	struct can_claim claim = claim_of(1);
	struct can_assign assign;
	uint8_t fingerprint[FINGERPRINT_SIZE];

	(void)state;
	claim.salt = 5;
	claim_send(&claim);
	terminals_saved(ts);
	assert_int_equal(can_assign_decode(&sent[0], &assign), ERR_NONE);
	assert_int_equal(assign.hash20, can_hash20(claim.chip, 5));
	can_fingerprint(claim.chip, fingerprint);
	assert_memory_equal(assign.fingerprint, fingerprint, FINGERPRINT_SIZE);
}

static void test_claims_side_by_side(void **state)
{
	struct can_claim claims[40];

	(void)state;
	for (uint8_t i = 0; i < 40; i++)
		claims[i] = claim_of((uint8_t)(i + 1));
	for (unsigned k = 0; k < CAN_CLAIM_FRAMES; k++)
		for (unsigned i = 0; i < 40; i++)
			claim_part(&claims[i], k);
	terminals_saved(ts);
	assert_int_equal(n_sent, 40);
	for (unsigned i = 0; i < 40; i++)
		assert_non_null(terminals_by_chip(ts, claims[i].chip));
}

static void test_half_claims_are_forgotten(void **state)
{
	struct can_claim claim = claim_of(1);

	(void)state;
	claim_part(&claim, 0);
	claim_part(&claim, 1);
	now.mono_ms += 10000;
	claim_part(&claim, 2);
	assert_null(terminals_by_chip(ts, claim.chip));
	claim_part(&claim, 0);
	claim_part(&claim, 1);
	assert_non_null(terminals_by_chip(ts, claim.chip));
}

static void test_held_address_is_kept_if_free(void **state)
{
	struct can_claim a = claim_of(1), b = claim_of(2), c = claim_of(3);

	(void)state;
	a.address = 17;
	b.address = 17; /* a clash: the second gets another one */
	claim_send(&a);
	claim_send(&b);
	claim_send(&c);
	assert_int_equal(terminals_by_chip(ts, a.chip)->address, 17);
	assert_int_equal(terminals_by_chip(ts, b.chip)->address, 1);
	assert_int_equal(terminals_by_chip(ts, c.chip)->address, 2);
}

static void test_thousand_and_no_more(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1005; i++) {
		struct can_claim claim = claim_of(0);

		claim.chip[0] = (uint8_t)i;
		claim.chip[1] = (uint8_t)(i >> 8);
		claim_send(&claim);
		now.mono_ms += 10;
	}
	assert_int_equal(terminals_online(ts), 1000);
	assert_int_equal(events[EVENT_DEVICE_FOUND], 1000);
}

static void test_table_round_trip(void **state)
{
	static uint8_t table[TERMINALS_TABLE_SIZE];
	struct terminals *again;
	struct terminal *t;
	size_t len;

	(void)state;
	for (uint8_t i = 1; i <= 5; i++)
		known(i)->event_seq = i;
	len = terminals_table_encode(ts, table);
	assert_int_equal(terminals_new(&again, &effects), ERR_NONE);
	assert_int_equal(terminals_table_decode(again, table, len, &now), ERR_NONE);
	t = terminals_by_chip(again, claim_of(4).chip);
	assert_int_equal(t->address, 4);
	assert_int_equal(t->event_seq, 4);
	terminals_free(again);
	for (size_t cut = 0; cut < len; cut++) {
		assert_int_equal(terminals_new(&again, &effects), ERR_NONE);
		assert_int_equal(terminals_table_decode(again, table, cut, &now), ERR_DAMAGED);
		terminals_free(again);
	}
	/* The same address twice cannot have been written by us. */
	table[8 + 22 + 12] = table[8 + 12];
	assert_int_equal(terminals_new(&again, &effects), ERR_NONE);
	assert_int_equal(terminals_table_decode(again, table, len, &now), ERR_DAMAGED);
	terminals_free(again);
}

static void frame_a(const struct terminal *t, const struct meter_values *v)
{
	struct can_msg msg;

	assert_int_equal(can_values_a_encode(t->address, v, &msg), ERR_NONE);
	terminals_frame(ts, &msg, &now);
}

static void frame_b(const struct terminal *t, const struct meter_values *v)
{
	struct can_msg msg;

	assert_int_equal(can_values_b_encode(t->address, v, &msg), ERR_NONE);
	terminals_frame(ts, &msg, &now);
}

static void test_sets_and_edges(void **state)
{
	struct meter_values v = {.valid = true, .energy_wh = 5, .state = METER_CONTACT_CLOSED};
	struct terminal *t = known(1);

	(void)state;
	frame_b(t, &v); /* no A before it */
	assert_int_equal(values, 0);
	frame_a(t, &v);
	frame_b(t, &v);
	assert_int_equal(values, 1);
	assert_int_equal(t->values.energy_wh, 5);
	frame_a(t, &v);
	frame_b(t, &v); /* the same set once more */
	assert_int_equal(values, 1);
	v.state ^= METER_SAMPLE_TOGGLE;
	frame_a(t, &v);
	now.mono_ms += 901;
	frame_b(t, &v); /* too late for its A */
	assert_int_equal(values, 1);
	frame_a(t, &v);
	frame_b(t, &v);
	assert_int_equal(values, 2);
	assert_int_equal(edges, 0);
	v.state ^= METER_CONTACT_CLOSED;
	frame_a(t, &v);
	frame_b(t, &v);
	assert_int_equal(edges, 1);
	assert_int_equal(values, 2);
}

static void test_invalid_set_keeps_the_last_measurement(void **state)
{
	struct meter_values v = {.valid = true, .voltage_dv = 2300, .energy_wh = 5};
	struct terminal *t = known(1);
	int64_t sampled;

	(void)state;
	frame_a(t, &v);
	frame_b(t, &v);
	sampled = t->sample_mono;
	now.mono_ms += 1000;
	v = (struct meter_values){
	        .energy_wh = 6, .quality = METER_SENSOR_FAULT, .state = METER_SAMPLE_TOGGLE};
	frame_a(t, &v);
	frame_b(t, &v);
	assert_int_equal(values, 1);
	assert_int_equal(t->values.voltage_dv, 2300);
	assert_int_equal(t->values.energy_wh, 6);
	assert_int_equal(t->values.quality, METER_SENSOR_FAULT | METER_SAMPLE_STALE);
	assert_int_equal(t->sample_mono, sampled);
	assert_false(t->values.valid);
}

static void test_stranger_is_asked_who_he_is(void **state)
{
	struct terminal stranger = {.address = 99};
	struct meter_values v = {.valid = true};

	(void)state;
	for (int i = 0; i < 100; i++) {
		frame_a(&stranger, &v);
		now.mono_ms += 100;
		terminals_tick(ts, &now);
	}
	assert_int_equal(n_sent, 1);
	assert_int_equal(can_id_type(sent[0].id), CAN_WHO);
}

static void test_lost_back_and_restarted(void **state)
{
	struct meter_values v = {.valid = true, .state = METER_CLOCK_SET};
	struct can_claim claim = claim_of(1);
	struct terminal *t = known(1);

	(void)state;
	for (int i = 0; i < 30; i++) {
		now.mono_ms += 1000;
		terminals_tick(ts, &now);
	}
	assert_int_equal(events[EVENT_DEVICE_LOST], 1);
	assert_int_equal(terminals_online(ts), 0);
	frame_a(t, &v);
	assert_int_equal(events[EVENT_DEVICE_BACK], 1);
	claim.boot = 2;
	claim_send(&claim);
	assert_int_equal(events[EVENT_TERMINAL_RESTARTED], 1);
	assert_int_equal(t->boot, 2);
	claim.firmware = 0x0103;
	claim_send(&claim);
	assert_int_equal(events[EVENT_DEVICE_FOUND], 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_address_waits_for_the_table),
	        TEST(test_assignment_goes_to_the_claimed_hash),
	        TEST(test_claims_side_by_side),
	        TEST(test_half_claims_are_forgotten),
	        TEST(test_held_address_is_kept_if_free),
	        TEST(test_thousand_and_no_more),
	        TEST(test_table_round_trip),
	        TEST(test_sets_and_edges),
	        TEST(test_invalid_set_keeps_the_last_measurement),
	        TEST(test_stranger_is_asked_who_he_is),
	        TEST(test_lost_back_and_restarted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
