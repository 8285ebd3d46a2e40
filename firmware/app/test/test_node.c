/* Terminals on a bus of variables: claims, clashes, WHO, values, events. */
#include "firmware/app/test/rig.h"

#include "libs/base/bytes.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TERMINALS 12
#define NOW_MS    (RIG_TIME_S * UINT64_C(1000))

static struct rig rig, rigs[TERMINALS];
static struct gate gate;

static int start(void **state)
{
	(void)state;
	rig_init(&rig, 21);
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, 5);
	return 0;
}

static uint16_t address_of(const struct rig *r)
{
	return r->terminal.node.claim.address;
}

/* ---- claims ---- */

static void claims_within_two_seconds(void **state)
{
	(void)state;
	gate.assigns = false;
	assert_true(gate_run(&gate, 2100));
	assert_int_equal(gate.claims, 1);
	assert_memory_equal(gate.claim.chip, rig.boot.chip, CHIP_SIZE);
	assert_int_equal(gate.claim.boot, 1);
	assert_int_equal(gate.claim.address, CAN_ADDRESS_NONE);
	/* Again and again, with growing pauses, and nothing else is sent. */
	assert_true(gate_run(&gate, 60000));
	assert_in_range(gate.claims, 60 / 5, 60 / 3);
	gate.assigns = true;
	assert_true(gate_run(&gate, 6000));
	assert_int_equal(address_of(&rig), 5);
	assert_false(rig.single_shot);
}

static void values_each_second_once_assigned(void **state)
{
	struct meter_values v = {0};
	struct can_msg a, b;

	(void)state;
	assert_true(gate_run(&gate, 2500));
	rig.sent_n = 0;
	assert_true(rig_run(&rig, 10000));
	assert_in_range(rig_count(&rig, CAN_VALUES_A, &a), 9, 11);
	assert_in_range(rig_count(&rig, CAN_VALUES_B, &b), 9, 11);
	assert_int_equal(can_values_a_decode(&a, &v), ERR_NONE);
	assert_int_equal(can_values_b_decode(&b, &v), ERR_NONE);
	assert_true(v.valid);
	assert_int_equal(v.voltage_dv, 2300);
	assert_int_equal(v.quality, 0);
	assert_int_equal(v.state & (METER_CONTACT_CLOSED | METER_WANT_CLOSED | METER_CLOCK_SET),
	                 METER_CONTACT_CLOSED | METER_WANT_CLOSED);
	assert_true(v.state & METER_EVENT_PENDING);
	assert_int_equal(can_id_address(a.id), 5);
}

static void who_is_answered_with_the_address(void **state)
{
	struct can_msg who;

	(void)state;
	assert_true(gate_run(&gate, 2500));
	gate.claims = 0;
	can_who_encode(&who);
	rig_hear(&rig, &who);
	assert_true(gate_run(&gate, 2500));
	assert_int_equal(gate.claims, 1);
	assert_int_equal(gate.claim.address, 5);
	assert_int_equal(address_of(&rig), 5);
}

static void assignment_for_another_chip_is_not_ours(void **state)
{
	struct can_assign assign = {
	        can_hash20(rig.boot.chip, 0), 9, {1, 2, 3, 4, 5, 6}
        };
	struct can_msg msg;

	(void)state;
	can_assign_encode(&assign, &msg);
	rig_hear(&rig, &msg);
	assert_int_equal(address_of(&rig), CAN_ADDRESS_NONE);
	can_fingerprint(rig.boot.chip, assign.fingerprint);
	can_assign_encode(&assign, &msg);
	rig_hear(&rig, &msg);
	assert_int_equal(address_of(&rig), 9);
	assign.address = CAN_ADDRESS_NONE;
	can_assign_encode(&assign, &msg);
	rig_hear(&rig, &msg);
	assert_int_equal(address_of(&rig), CAN_ADDRESS_NONE);
	assert_true(gate_run(&gate, 6000));
	assert_int_equal(address_of(&rig), 5);
}

static void nobody_listens_then_somebody_does(void **state)
{
	(void)state;
	rig.bus_silent = true;
	assert_true(rig_run(&rig, 30000));
	assert_true(rig.terminal.node.claim.salt <= CAN_CLAIM_SALT_LAST);
	assert_int_equal(rig.terminal.meter.missed_total, 0);
	rig.bus_silent = false;
	rig.sent_n = 0;
	assert_true(gate_run(&gate, 6000));
	assert_int_equal(address_of(&rig), 5);
}

static void own_address_heard_is_given_up(void **state)
{
	struct meter_values v = {0};
	struct can_msg msg;

	(void)state;
	assert_true(gate_run(&gate, 2500));
	assert_int_equal(can_values_a_encode(5, &v, &msg), ERR_NONE);
	gate.address = 6;
	rig_hear(&rig, &msg);
	assert_int_equal(address_of(&rig), CAN_ADDRESS_NONE);
	assert_int_equal(rig.terminal.node.clashes, 1);
	assert_true(gate_run(&gate, 2500));
	assert_int_equal(address_of(&rig), 6);
}

static void bus_off_pauses_grow(void **state)
{
	static const uint32_t pauses_ms[] = {100, 500, 1000, 5000, 5000};

	(void)state;
	assert_true(gate_run(&gate, 2500));
	for (unsigned i = 0; i < ARRAY_SIZE(pauses_ms); i++) {
		unsigned before = rig.recoveries;

		terminal_can_event(&rig.terminal, CAN_BUS_OFF, rig.now_ms);
		rig.bus_silent = true;
		assert_true(rig_run(&rig, pauses_ms[i] - 15));
		assert_int_equal(rig.recoveries, before);
		assert_true(rig_run(&rig, 30));
		assert_int_equal(rig.recoveries, before + 1);
	}
	rig.bus_silent = false;
	assert_true(gate_run(&gate, 3000));
	assert_int_equal(rig.terminal.node.bus_off_row, 0);
}

/* ---- many on one bus ---- */

static struct can_claim_join joins[TERMINALS];

/* The gateway: keeps chip to address. */
static void assign_for(const struct can_claim *claim, uint32_t hash20)
{
	struct can_assign assign = {hash20, 0, {0}};
	struct can_msg msg;

	for (unsigned i = 0; i < TERMINALS; i++)
		if (memcmp(rigs[i].boot.chip, claim->chip, CHIP_SIZE) == 0)
			assign.address = (uint16_t)(100 + i);
	can_fingerprint(claim->chip, assign.fingerprint);
	can_assign_encode(&assign, &msg);
	for (unsigned i = 0; i < TERMINALS; i++)
		rig_hear(&rigs[i], &msg);
}

static void deliver(struct rig *r, unsigned from)
{
	for (unsigned n = 0; n < r->sent_n; n++) {
		const struct can_msg msg = r->sent[n];

		for (unsigned k = 0; k < TERMINALS; k++)
			if (k != from)
				rig_hear(&rigs[k], &msg);
		if (can_id_type(msg.id) == CAN_CLAIM &&
		    can_claim_take(&joins[from], &msg) == ERR_NONE)
			assign_for(&joins[from].claim, msg.id & CAN_HASH_MASK);
	}
	r->sent_n = 0;
}

/* Each terminal sends by itself; equal identifiers with other data that are first in two of them at once
 * fail for both, as on the wire. */
static void bus_ms(void)
{
	for (unsigned i = 0; i < TERMINALS; i++)
		for (unsigned k = 0; k < TERMINALS; k++)
			if (i != k && rigs[i].box_n && rigs[k].box_n &&
			    rigs[i].box[0].id == rigs[k].box[0].id &&
			    memcmp(rigs[i].box[0].data, rigs[k].box[0].data, 8) != 0)
				rigs[i].bus_silent = rigs[k].bus_silent = true;
	for (unsigned i = 0; i < TERMINALS; i++) {
		assert_true(rig_run(&rigs[i], 1));
		deliver(&rigs[i], i);
		rigs[i].bus_silent = false;
	}
}

static void start_bus(void)
{
	memset(joins, 0, sizeof joins);
	for (unsigned i = 0; i < TERMINALS; i++)
		rig_init(&rigs[i], 1000 + i);
}

static void expect_all_assigned(void)
{
	for (unsigned i = 0; i < TERMINALS; i++) {
		assert_int_equal(address_of(&rigs[i]), 100 + i);
		assert_int_equal(rigs[i].terminal.meter.missed_total, 0);
	}
}

static void a_house_powers_up(void **state)
{
	(void)state;
	start_bus();
	for (unsigned i = 0; i < TERMINALS; i++)
		assert_true(rig_boot(&rigs[i]));
	for (unsigned ms = 0; ms < 10000; ms++)
		bus_ms();
	expect_all_assigned();
}

/* Two chips whose claims have the same identifier and leave in the same millisecond: salts part them. */
static void equal_hashes_are_parted(void **state)
{
	uint32_t hash;
	uint8_t *twin = rigs[1].boot.chip;

	(void)state;
	start_bus();
	hash = can_hash20(rigs[0].boot.chip, 0);
	for (uint32_t i = 0; can_hash20(twin, 0) != hash; i++)
		put_le32(twin, i);
	for (unsigned i = 0; i < TERMINALS; i++)
		assert_true(rig_boot(&rigs[i]));
	rigs[0].terminal.node.due_ms = rigs[1].terminal.node.due_ms = 701;
	for (unsigned ms = 0; ms < 10000; ms++) {
		if (ms == 700)
			rigs[0].poll_ms = rigs[1].poll_ms = 0;
		bus_ms();
	}
	assert_true(rigs[0].terminal.node.claim.salt > 0);
	expect_all_assigned();
}

/* ---- values and transfers share three mailboxes ---- */

/* A bus that leaves this terminal one frame in 140 ms: a long transfer takes ten seconds, and the values
 * of each second go out between its segments. */
static void values_and_a_long_transfer_share_a_busy_bus(void **state)
{
	struct bulk_events_get get = {1, BULK_EVENTS_MAX};
	struct bulk_events events;
	uint8_t body[BULK_SIZE_MAX];
	unsigned ms = 0;

	(void)state;
	assert_true(gate_run(&gate, 2500));
	gate.values_a = gate.values_b = 0;
	for (unsigned i = 0; i < BULK_EVENTS_MAX + 1; i++)
		journal_add(&rig.terminal.journal, EVENT_BOOT, 0, (int32_t)i, rig.now_ms);
	rig.frame_us = 140000;
	assert_int_equal(isotp_send(&gate.bulk, body,
	                            transfer_seal(body, bulk_events_get_encode(&get, body))),
	                 ERR_NONE);
	for (gate.answer_len = 0; gate.answer_len == 0 && ms < 30000; ms++)
		assert_true(gate_run(&gate, 1));
	assert_int_equal(bulk_events_decode(gate.answer, gate.answer_len, &events), ERR_NONE);
	assert_int_equal(events.n, BULK_EVENTS_MAX);
	assert_in_range(ms, 10000, 20000);
	assert_in_range(gate.values_a, ms / 1000 - 1, ms / 1000 + 1);
	assert_in_range(gate.values_b, ms / 1000 - 1, ms / 1000 + 1);
	assert_int_equal(rig.terminal.talk.bad_transfers, 0);
}

/* Nothing leaves for a while: afterwards come the values of now, not of then. */
static void values_that_waited_too_long_are_dropped(void **state)
{
	struct meter_values v;
	struct can_msg msg;

	(void)state;
	assert_true(gate_run(&gate, 2500));
	rig.frame_us = 10000000;
	assert_true(gate_run(&gate, 5000));
	rig.sample.voltage_100uv = 2400000;
	assert_true(gate_run(&gate, 2000));
	rig.sent_n = gate.seen = 0;
	rig.frame_us = RIG_FRAME_US;
	assert_true(rig_run(&rig, 5));
	assert_int_equal(rig_count(&rig, CAN_VALUES_B, NULL), 1);
	assert_int_equal(rig_count(&rig, CAN_VALUES_A, &msg), 1);
	assert_int_equal(can_values_a_decode(&msg, &v), ERR_NONE);
	assert_int_equal(v.voltage_dv, 2400);
}

/* Two terminals were given one address (a restored gateway, a moved terminal). */
static void clash_heals_by_itself(void **state)
{
	(void)state;
	start_bus();
	for (unsigned i = 0; i < TERMINALS; i++)
		assert_true(rig_boot(&rigs[i]));
	for (unsigned ms = 0; ms < 6000; ms++)
		bus_ms();
	rigs[3].terminal.node.claim.address = 107;
	rigs[3].address = 107;
	for (unsigned ms = 0; ms < 8000; ms++)
		bus_ms();
	expect_all_assigned();
	assert_true(rigs[3].terminal.node.clashes + rigs[7].terminal.node.clashes > 0);
}

/* ---- events ---- */

static unsigned fetch(uint32_t from, uint8_t max, struct bulk_events *events)
{
	struct bulk_events_get get = {from, max};
	uint8_t body[BULK_SIZE_MAX];

	gate.answer_len = 0;
	assert_true(gate_send(&gate, CAN_TRANSFER_BULK, body, bulk_events_get_encode(&get, body)));
	assert_true(gate_run(&gate, 200));
	assert_int_equal(bulk_events_decode(gate.answer, gate.answer_len, events), ERR_NONE);
	return events->n;
}

static void events_are_fetched_and_acknowledged(void **state)
{
	struct bulk_events events;
	uint8_t body[8];

	(void)state;
	assert_true(gate_meet(&gate, NOW_MS));
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	assert_true(gate_run(&gate, 2000));
	assert_int_equal(fetch(1, 31, &events), 3);
	assert_int_equal(events.event[0].kind, EVENT_BOOT);
	assert_int_equal(events.event[1].kind, EVENT_CLOCK_SET);
	assert_int_equal(events.event[2].kind, EVENT_RELAY_MOVED);
	assert_int_equal(events.event[2].detail, RELAY_CAUSE_COMMAND);
	assert_in_range(events.event[2].time_s, RIG_TIME_S, RIG_TIME_S + 10);
	assert_int_equal(fetch(3, 1, &events), 1);
	assert_int_equal(fetch(4, 31, &events), 0);
	assert_int_equal(events.newest_seq, 3);
	assert_true(journal_pending(&rig.terminal.journal));
	assert_true(gate_send(&gate, CAN_TRANSFER_BULK, body, bulk_events_ack_encode(2, body)));
	assert_true(journal_pending(&rig.terminal.journal));
	assert_true(gate_send(&gate, CAN_TRANSFER_BULK, body, bulk_events_ack_encode(99, body)));
	assert_true(journal_pending(&rig.terminal.journal));
	assert_true(gate_send(&gate, CAN_TRANSFER_BULK, body, bulk_events_ack_encode(3, body)));
	assert_false(journal_pending(&rig.terminal.journal));
}

/* 64 events at least, though every one of them was followed by a power cut. */
static void events_survive_power_cuts(void **state)
{
	struct bulk_events events;
	struct rnd rnd;
	uint32_t newest, seq;
	unsigned found = 0;

	(void)state;
	rnd_seed(&rnd, 4);
	for (unsigned i = 0; i < 400; i++) {
		if (i % 3 == 0) {
			rig.flash.cut_at = rig.flash.operations + 1 + rnd_below(&rnd, 30);
			rig.flash.cut_kind = (enum cut_kind)rnd_below(&rnd, CUT_KINDS);
		}
		if (rig_boot(&rig))
			rig_run(&rig, rnd_below(&rnd, 1500));
		rig.flash.cut_at = 0;
	}
	assert_true(rig_boot(&rig));
	newest = rig.terminal.journal.log.newest_seq;
	for (seq = newest; seq > newest - JOURNAL_KEPT; seq--) {
		struct bulk_events_get get = {seq, 1};

		journal_get(&rig.terminal.journal, &get, &events);
		if (events.n == 1 && events.event[0].seq == seq)
			found++;
	}
	/* A cut may take the one event that it hit, and then its number is used by the next. */
	assert_int_equal(found, JOURNAL_KEPT);
	assert_in_range(rig.terminal.journal.boot, 250, 402);
}

static void a_flood_of_events_is_held_back(void **state)
{
	uint32_t before = rig.terminal.journal.log.newest_seq;
	struct bulk_events_get get = {before + JOURNAL_BURST + 1, 1};
	struct bulk_events events;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		journal_add(&rig.terminal.journal, EVENT_COMMAND_REFUSED, 1, 0, rig.now_ms);
	assert_int_equal(rig.terminal.journal.log.newest_seq, before + JOURNAL_BURST);
	assert_int_equal(rig.terminal.journal.suppressed, 1000 - JOURNAL_BURST);
	/* The next that is written tells how many are missing, and once. */
	assert_true(rig_run(&rig, 3600 * 1000));
	assert_int_equal(rig.terminal.journal.log.newest_seq, before + JOURNAL_BURST + 1);
	journal_get(&rig.terminal.journal, &get, &events);
	assert_int_equal(events.event[0].kind, EVENT_EVENTS_LOST);
	assert_int_equal(events.event[0].value, 1000 - JOURNAL_BURST);
	journal_add(&rig.terminal.journal, EVENT_COMMAND_REFUSED, 1, 0, rig.now_ms);
	assert_int_equal(rig.terminal.journal.log.newest_seq, before + JOURNAL_BURST + 2);
}

/* A bad cell costs a slot; that it happened, and in which log, is an event. */
static void a_repaired_log_is_told(void **state)
{
	struct bulk_events_get get = {0, 1};
	struct bulk_events events;

	(void)state;
	assert_true(gate_meet(&gate, NOW_MS));
	rig.flash.broken_page = PAGE_DECISION;
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	rig.flash.broken_page = 0;
	assert_true(gate_run(&gate, 6000));
	get.from_seq = rig.terminal.journal.log.newest_seq;
	journal_get(&rig.terminal.journal, &get, &events);
	assert_int_equal(events.event[0].kind, EVENT_STORE_REPAIRED);
	assert_int_equal(events.event[0].detail, PAGE_DECISION);
	assert_int_equal(events.event[0].value, rig.terminal.control.log.repairs);
	assert_true(gate_run(&gate, 20000));
	assert_int_equal(rig.terminal.journal.log.newest_seq, get.from_seq);
}

/* ---- light and relay by themselves ---- */

static void current_through_an_open_contact_is_a_fault(void **state)
{
	(void)state;
	assert_true(gate_meet(&gate, NOW_MS));
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	assert_true(gate_run(&gate, 5000));
	assert_false(control_state(&rig.terminal.control) & METER_RELAY_FAULT);
	rig.leaks = true;
	assert_true(gate_run(&gate, 5000));
	assert_true(control_state(&rig.terminal.control) & METER_RELAY_FAULT);
	rig.leaks = false;
	assert_true(gate_run(&gate, 2000));
	assert_false(control_state(&rig.terminal.control) & METER_RELAY_FAULT);
}

static void a_contact_moved_by_hand_is_moved_back(void **state)
{
	(void)state;
	assert_true(gate_meet(&gate, NOW_MS));
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	assert_true(gate_run(&gate, 1000));
	/* Somebody closes it again and again: each time it opens, ever later. */
	for (unsigned i = 0; i < 5; i++) {
		rig.contact_closed = true;
		assert_true(gate_run(&gate, 70000));
		assert_false(rig.contact_closed);
	}
	assert_int_equal(rig.pulses[COIL_OPEN], 6);
	assert_int_equal(rig.pulses[COIL_CLOSE], 0);
}

static void a_restart_never_moves_the_relay(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		assert_true(rig_boot(&rig));
		assert_true(rig_run(&rig, 500 + 100 * i));
	}
	assert_true(gate_meet(&gate, NOW_MS));
	assert_true(gate_order(&gate, 60, COMMAND_TRIP));
	for (unsigned i = 0; i < 50; i++) {
		assert_true(rig_boot(&rig));
		assert_true(rig_run(&rig, 500 + 100 * i));
	}
	assert_false(rig.contact_closed);
	assert_int_equal(rig.pulses[COIL_OPEN], 1);
	assert_int_equal(rig.pulses[COIL_CLOSE], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(claims_within_two_seconds, start),
	        cmocka_unit_test_setup(values_each_second_once_assigned, start),
	        cmocka_unit_test_setup(who_is_answered_with_the_address, start),
	        cmocka_unit_test_setup(assignment_for_another_chip_is_not_ours, start),
	        cmocka_unit_test_setup(nobody_listens_then_somebody_does, start),
	        cmocka_unit_test_setup(own_address_heard_is_given_up, start),
	        cmocka_unit_test_setup(bus_off_pauses_grow, start),
	        cmocka_unit_test_setup(values_and_a_long_transfer_share_a_busy_bus, start),
	        cmocka_unit_test_setup(values_that_waited_too_long_are_dropped, start),
	        cmocka_unit_test(a_house_powers_up),
	        cmocka_unit_test(equal_hashes_are_parted),
	        cmocka_unit_test(clash_heals_by_itself),
	        cmocka_unit_test_setup(events_are_fetched_and_acknowledged, start),
	        cmocka_unit_test_setup(events_survive_power_cuts, start),
	        cmocka_unit_test_setup(a_flood_of_events_is_held_back, start),
	        cmocka_unit_test_setup(a_repaired_log_is_told, start),
	        cmocka_unit_test_setup(current_through_an_open_contact_is_a_fault, start),
	        cmocka_unit_test_setup(a_contact_moved_by_hand_is_moved_back, start),
	        cmocka_unit_test_setup(a_restart_never_moves_the_relay, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
