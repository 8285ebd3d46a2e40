/* T1 for commands: power goes at every flash operation between the frame and the contact. */
#include "firmware/app/test/rig.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ADDRESS 17
#define NOW_MS  (RIG_TIME_S * UINT64_C(1000))
#define COUNTER 9

static struct rig rig, saved, probe;
static struct gate gate, saved_gate;
static unsigned cuts, pulses;

/* At the moment of a pulse the decision for it stands in the flash: another start would see it. */
static void decision_is_durable(struct rig *r, enum coil coil)
{
	probe.flash = r->flash;
	probe.flash.cut_at = 0;
	assert_true(rig_boot(&probe));
	assert_int_equal(!!(probe.terminal.control.decided.flags & DECIDED_CLOSED),
	                 coil == COIL_CLOSE);
	pulses++;
}

/* A terminal in the given state, its records settled or fresh. */
static void prepare(enum command_kind before, bool settled)
{
	rig_init(&rig, 31);
	rig_init(&probe, 31);
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_meet(&gate, NOW_MS));
	assert_true(gate_order(&gate, COUNTER - 1, before));
	assert_true(gate_run(&gate, settled ? 3000 : 100));
	rig.on_pulse = decision_is_durable;
	saved = rig;
	saved_gate = gate;
}

/* Everything points into itself, so a copy back to the same place is whole. */
static void restore(void)
{
	rig = saved;
	gate = saved_gate;
}

static void plan_cut(uint64_t after, enum cut_kind kind, uint64_t seed)
{
	rnd_seed(&rig.flash.rnd, seed);
	rig.flash.cut_at = rig.flash.operations + after;
	rig.flash.cut_kind = kind;
}

static bool closed_by(enum command_kind kind)
{
	return kind != COMMAND_TRIP;
}

/* After all cuts: old or new, contact as decided, and the command sent again works once. */
static void check_outcome(enum command_kind before, enum command_kind kind, const uint8_t *body,
                          size_t len)
{
	const struct decision *d = &rig.terminal.control.decided;
	bool new = d->counter == COUNTER;

	assert_true(new || d->counter == COUNTER - 1);
	assert_true(gate_run(&gate, 3000));
	assert_int_equal(rig.contact_closed, closed_by(new ? kind : before));
	gate.results = 0;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	if (new) {
		assert_int_equal(gate_result(&gate).outcome, COMMAND_EXECUTED);
	} else {
		assert_int_equal(gate_result(&gate).reason, REASON_CLOCK_NOT_SET);
		assert_true(gate_set_time(&gate, COUNTER + 1, NOW_MS));
		assert_true(gate_order(&gate, COUNTER + 2, kind));
		assert_int_equal(gate_result(&gate).outcome, COMMAND_EXECUTED);
	}
	assert_true(gate_run(&gate, 300));
	assert_int_equal(rig.contact_closed, closed_by(kind));
}

static bool run_and_cut(const uint8_t *body, size_t len, uint64_t at, enum cut_kind kind)
{
	restore();
	plan_cut(at, kind, at * 7 + (uint64_t)kind);
	return gate_send(&gate, CAN_TRANSFER_COMMAND, body, len) && gate_run(&gate, 2000);
}

static void restart(void)
{
	rig.flash.cut_at = 0;
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	cuts++;
}

static void one_cut(enum command_kind before, enum command_kind kind)
{
	struct command_args args = {0};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, COUNTER, kind, &args, body);

	for (unsigned cut = 0; cut < CUT_KINDS; cut++)
		for (uint64_t at = 1;; at++) {
			if (run_and_cut(body, len, at, (enum cut_kind)cut))
				break;
			restart();
			check_outcome(before, kind, body, len);
		}
}

/* The start after the first cut is cut as well, at every operation. The counter never goes back. */
static void two_cuts(enum command_kind before, enum command_kind kind)
{
	struct command_args args = {0};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, COUNTER, kind, &args, body);

	for (unsigned cut = 0; cut < CUT_KINDS; cut++)
		for (uint64_t at = 1; at < 30; at++)
			for (uint64_t second = 1;; second++) {
				uint32_t seen = 0;
				bool through;

				if (run_and_cut(body, len, at, (enum cut_kind)cut))
					break;
				plan_cut(second, (enum cut_kind)((cut + second) % CUT_KINDS),
				         second);
				through = rig_boot(&rig);
				if (through)
					seen = rig.terminal.control.decided.counter;
				through = through && rig_run(&rig, 2500);
				restart();
				assert_true(rig.terminal.control.decided.counter >= seen);
				check_outcome(before, kind, body, len);
				if (through)
					break;
			}
}

static void trip_is_old_or_new(void **state)
{
	(void)state;
	prepare(COMMAND_CLOSE, true);
	one_cut(COMMAND_CLOSE, COMMAND_TRIP);
	prepare(COMMAND_CLOSE, false);
	one_cut(COMMAND_CLOSE, COMMAND_TRIP);
	print_message("           %u cuts, %u pulses\n", cuts, pulses);
	assert_true(cuts > 100 && pulses > 100);
}

static void close_is_old_or_new(void **state)
{
	(void)state;
	prepare(COMMAND_TRIP, true);
	one_cut(COMMAND_TRIP, COMMAND_CLOSE);
	prepare(COMMAND_TRIP, false);
	one_cut(COMMAND_TRIP, COMMAND_KEEP_POWER);
}

static void two_cuts_never_go_back(void **state)
{
	(void)state;
	cuts = 0;
	prepare(COMMAND_CLOSE, true);
	two_cuts(COMMAND_CLOSE, COMMAND_TRIP);
	print_message("           %u cuts\n", cuts);
	assert_true(cuts > 1000);
}

/* ---- purchases: T1 for money ---- */

#define FIRST_FEN  5000
#define SECOND_FEN 700

static size_t purchase(uint32_t counter, uint32_t count, int64_t amount_fen, int64_t total_fen,
                       uint8_t body[COMMAND_SIZE_MAX])
{
	struct command_args args = {
	        .count = count, .amount_fen = amount_fen, .total_fen = total_fen};

	return gate_command(&gate, counter, COMMAND_RECHARGE, &args, body);
}

/* One purchase stands in the purse, settled or fresh. */
static void prepare_purse(bool settled)
{
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len;

	prepare(COMMAND_CLOSE, true);
	restore();
	len = purchase(COUNTER, 1, FIRST_FEN, FIRST_FEN, body);
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_true(gate_run(&gate, settled ? 3000 : 100));
	saved = rig;
	saved_gate = gate;
}

/* After all cuts: the old or the new purse, with its counter, and the same bytes again make it the new one once. */
static void check_purse(uint32_t at_least, const uint8_t *body, size_t len)
{
	const struct control *c = &rig.terminal.control;
	bool new = c->wallet.purse.count == 2;

	assert_true(new || c->wallet.purse.count == 1);
	assert_true(c->wallet.purse.count >= at_least);
	assert_int_equal(c->wallet.purse.total.fen, new ? FIRST_FEN + SECOND_FEN : FIRST_FEN);
	assert_int_equal(c->decided.counter, new ? COUNTER + 1 : COUNTER);
	assert_true(gate_run(&gate, 2500));
	if (!new)
		assert_true(gate_set_time(&gate, COUNTER + 1, NOW_MS));
	gate.results = 0;
	if (!new) { /* its counter went to the time command: signed again, the count stays */
		uint8_t again[COMMAND_SIZE_MAX];
		size_t again_len =
		        purchase(COUNTER + 2, 2, SECOND_FEN, FIRST_FEN + SECOND_FEN, again);

		assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, again, again_len));
	} else {
		assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	}
	assert_int_equal(gate_result(&gate).outcome, COMMAND_EXECUTED);
	assert_int_equal(gate_result(&gate).count, 2);
	assert_int_equal(gate_result(&gate).total_fen, FIRST_FEN + SECOND_FEN);
}

static void cut_purse(bool settled)
{
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len;

	prepare_purse(settled);
	len = purchase(COUNTER + 1, 2, SECOND_FEN, FIRST_FEN + SECOND_FEN, body);
	for (unsigned cut = 0; cut < CUT_KINDS; cut++)
		for (uint64_t at = 1;; at++) {
			if (run_and_cut(body, len, at, (enum cut_kind)cut))
				break;
			restart();
			check_purse(1, body, len);
		}
	for (unsigned cut = 0; cut < CUT_KINDS; cut++)
		for (uint64_t at = 1; at < 30; at++)
			for (uint64_t second = 1;; second++) {
				uint32_t seen = 0;
				bool through;

				if (run_and_cut(body, len, at, (enum cut_kind)cut))
					break;
				plan_cut(second, (enum cut_kind)((cut + second) % CUT_KINDS),
				         second);
				through = rig_boot(&rig);
				if (through)
					seen = rig.terminal.control.wallet.purse.count;
				through = through && rig_run(&rig, 2500);
				restart();
				check_purse(seen, body, len);
				if (through)
					break;
			}
}

static void a_purchase_is_old_or_new_and_never_goes_back(void **state)
{
	(void)state;
	cuts = 0;
	cut_purse(true);
	cut_purse(false);
	print_message("           %u cuts\n", cuts);
	assert_true(cuts > 1000);
}

static void a_void_is_whole_or_not_there(void **state)
{
	struct command_args args = {.count = 3};
	const struct wallet *w = &rig.terminal.control.wallet;
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len;

	(void)state;
	cuts = 0;
	prepare_purse(false);
	len = gate_command(&gate, COUNTER + 1, COMMAND_PURSE_VOID, &args, body);
	for (unsigned cut = 0; cut < CUT_KINDS; cut++)
		for (uint64_t at = 1;; at++) {
			bool through = run_and_cut(body, len, at, (enum cut_kind)cut);

			if (through)
				break;
			restart();
			assert_true(w->purse.count == 1 || w->purse.count == 3);
			assert_int_equal(purse_balance(&w->purse).fen,
			                 w->purse.count == 1 ? FIRST_FEN : 0);
			assert_int_equal(w->counter, w->purse.count == 1 ? COUNTER : COUNTER + 1);
		}
	assert_true(cuts > 20);
}

static uint64_t erases(const struct flog *log, uint64_t records)
{
	return records / flog_slots(log->layout) / log->layout->pages;
}

/* docs/hardware/flash-map.md: the data sheet promises 10,000 erases of a page. */
static void wear_of_15_years(void **state)
{
	const uint64_t days = 15 * 366;
	uint64_t energy, events, decisions, purchases;

	(void)state;
	rig_init(&rig, 31);
	assert_true(rig_boot(&rig));
	/* Each quarter of an hour, and a refreshed record for each of ten power cuts a day. */
	energy = erases(&rig.terminal.meter.energy.log, days * (96 + 10));
	/* Ten power cuts, and a flood of events all day. */
	events = erases(&rig.terminal.journal.log, days * (10 * 2 + 24 * 6));
	decisions = erases(&rig.terminal.control.log, days * 48);
	purchases = erases(&rig.terminal.control.wallet.log, days * (12 + 10));
	print_message("           energy pages %llu erases, event pages %llu, decision pages %llu,"
	              " purse pages %llu\n",
	              (unsigned long long)energy, (unsigned long long)events,
	              (unsigned long long)decisions, (unsigned long long)purchases);
	assert_in_range(energy, 1, 9000);
	assert_in_range(events, 1, 9000);
	assert_in_range(decisions, 1, 9000);
	assert_in_range(purchases, 1, 9000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(trip_is_old_or_new),
	        cmocka_unit_test(close_is_old_or_new),
	        cmocka_unit_test(two_cuts_never_go_back),
	        cmocka_unit_test(a_purchase_is_old_or_new_and_never_goes_back),
	        cmocka_unit_test(a_void_is_whole_or_not_there),
	        cmocka_unit_test(wear_of_15_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
