/* Signed commands through the bus to the contact and back: cases C1, C3 and T2. */
#include "firmware/app/test/rig.h"

#include "libs/base/bytes.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ADDRESS 17
#define NOW_MS  (RIG_TIME_S * UINT64_C(1000))

static struct rig rig, other_rig;
static struct gate gate;

static int start(void **state)
{
	(void)state;
	rig_init(&rig, 1);
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_meet(&gate, NOW_MS));
	assert_int_equal(gate_result(&gate).outcome, COMMAND_EXECUTED);
	gate.results = 0;
	return 0;
}

static void expect(enum command_outcome outcome, enum command_reason reason)
{
	struct result result = gate_result(&gate);

	assert_int_equal(result.outcome, outcome);
	assert_int_equal(result.reason, reason);
}

static uint16_t state_bits(void)
{
	return control_state(&rig.terminal.control);
}

/* What a refused command must leave alone. */
struct before {
	struct decision decided;
	uint64_t flash_operations;
	unsigned pulses;
};

static struct before look(void)
{
	return (struct before){rig.terminal.control.decided, rig.flash.operations,
	                       rig.pulses[0] + rig.pulses[1]};
}

static void expect_unchanged(const struct before *b)
{
	assert_memory_equal(&b->decided, &rig.terminal.control.decided, sizeof b->decided);
	assert_int_equal(b->pulses, rig.pulses[0] + rig.pulses[1]);
}

static void trip_and_close(void **state)
{
	(void)state;
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_false(rig.contact_closed);
	assert_int_equal(state_bits() & 0x3F, METER_FORCED_TRIP);
	assert_true(gate_run(&gate, 100));
	assert_true(gate_order(&gate, 3, COMMAND_CLOSE));
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_true(rig.contact_closed);
	assert_int_equal(state_bits() & 0x3F, METER_CONTACT_CLOSED | METER_WANT_CLOSED);
	assert_int_equal(rig.pulses[COIL_OPEN], 1);
	assert_int_equal(rig.pulses[COIL_CLOSE], 1);
}

static uint32_t erases(void)
{
	uint32_t sum = 0;

	for (unsigned page = 0; page < FLASH_PAGES; page++)
		sum += rig.flash.erases[page];
	return sum;
}

/* An erase stops the core for 20 to 40 ms. Somebody who switches all the time leaves short quiet moments
 * in which the pages that fill up are got ready. */
static void no_command_waits_for_an_erase(void **state)
{
	uint32_t at_first = erases();

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		uint32_t before = erases();

		gate.results = 0;
		assert_true(gate_order(&gate, 2 + i, i % 2 ? COMMAND_CLOSE : COMMAND_TRIP));
		expect(COMMAND_EXECUTED, REASON_NONE);
		assert_int_equal(erases(), before);
		assert_true(gate_run(&gate, 1600));
	}
	assert_true(erases() > at_first + 10);
}

static void allow_close_waits_for_the_button(void **state)
{
	(void)state;
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	assert_true(gate_run(&gate, 100));
	assert_true(gate_order(&gate, 3, COMMAND_ALLOW_CLOSE));
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_true(state_bits() & METER_CLOSE_ALLOWED);
	assert_false(rig.contact_closed);
	rig.button_down = true;
	assert_true(gate_run(&gate, 200));
	rig.button_down = false;
	assert_true(gate_run(&gate, 200));
	assert_true(rig.contact_closed);
	assert_false(state_bits() & (METER_CLOSE_ALLOWED | METER_FORCED_TRIP));
}

static void button_without_permission_does_nothing(void **state)
{
	(void)state;
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	rig.button_down = true;
	assert_true(gate_run(&gate, 500));
	assert_false(rig.contact_closed);
}

static void keep_power_beats_trip_also_after_a_restart(void **state)
{
	struct before before;

	(void)state;
	assert_true(gate_order(&gate, 2, COMMAND_KEEP_POWER));
	expect(COMMAND_EXECUTED, REASON_NONE);
	before = look();
	assert_true(gate_order(&gate, 3, COMMAND_TRIP));
	expect(COMMAND_REFUSED, REASON_KEEP_POWER);
	expect_unchanged(&before);

	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_meet(&gate, NOW_MS));
	assert_true(state_bits() & METER_KEEP_POWER);
	assert_true(gate_order(&gate, 5, COMMAND_TRIP));
	expect(COMMAND_REFUSED, REASON_KEEP_POWER);
	assert_true(gate_order(&gate, 6, COMMAND_RELEASE));
	assert_true(gate_order(&gate, 7, COMMAND_TRIP));
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_false(rig.contact_closed);
}

static void keep_power_ends_at_its_time(void **state)
{
	struct command_args args = {.until_s = RIG_TIME_S + 60};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_KEEP_POWER, &args, body);

	(void)state;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_true(gate_run(&gate, 50000));
	assert_true(state_bits() & METER_KEEP_POWER);
	assert_true(gate_run(&gate, 12000));
	assert_false(state_bits() & METER_KEEP_POWER);
	assert_true(rig.contact_closed);
}

static void release_ends_a_forced_trip(void **state)
{
	(void)state;
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	assert_true(gate_run(&gate, 100));
	assert_true(gate_order(&gate, 3, COMMAND_RELEASE));
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_true(rig.contact_closed);
}

/* T2: nothing but the command as it was signed is obeyed. */
static void each_flipped_bit_is_refused(void **state)
{
	struct command_args args = {0};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_TRIP, &args, body);
	struct before before = look();

	(void)state;
	for (unsigned bit = 0; bit < 8 * len; bit++) {
		body[bit / 8] ^= (uint8_t)(1u << bit % 8);
		control_command(&rig.terminal.control, body, len, rig.now_ms);
		assert_int_equal(rig.terminal.control.queued, 0);
		expect_unchanged(&before);
		body[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(rig.terminal.control.bad_macs, 8 * len);
	for (size_t cut = 0; cut < len; cut++)
		control_command(&rig.terminal.control, body, cut, rig.now_ms);
	expect_unchanged(&before);
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect(COMMAND_EXECUTED, REASON_NONE);
}

static void older_recordings_are_refused(void **state)
{
	static const enum command_kind kinds[] = {COMMAND_TRIP, COMMAND_CLOSE, COMMAND_KEEP_POWER,
	                                          COMMAND_RELEASE, COMMAND_ALLOW_CLOSE};

	uint8_t recorded[ARRAY_SIZE(kinds)][COMMAND_SIZE_MAX];
	size_t len[ARRAY_SIZE(kinds)];
	struct command_args args = {0};
	struct before before;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		len[i] = gate_command(&gate, 2 + i, kinds[i], &args, recorded[i]);
		assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, recorded[i], len[i]));
		expect(COMMAND_EXECUTED, REASON_NONE);
		assert_true(gate_run(&gate, 100));
	}
	before = look();
	for (unsigned i = 0; i + 1 < ARRAY_SIZE(kinds); i++) {
		assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, recorded[i], len[i]));
		expect(COMMAND_REFUSED, REASON_COUNTER);
		assert_int_equal(gate_result(&gate).counter, 2 + i);
		expect_unchanged(&before);
	}
}

static void command_for_another_terminal_is_refused(void **state)
{
	struct command_args args = {0};
	uint8_t body[COMMAND_SIZE_MAX];
	struct command_key key;
	struct before before = look();
	struct command cmd;
	size_t len;

	(void)state;
	rig_init(&other_rig, 2);
	/* Same key, other chip: the key alone is not enough. */
	memcpy(key.key, rig.terminal.identity.key.key, sizeof key.key);
	memcpy(key.chip, other_rig.boot.chip, sizeof key.chip);
	len = gate_command(&gate, 2, COMMAND_TRIP, &args, body);
	assert_int_equal(command_parse(body, len, &cmd), ERR_NONE);
	assert_int_equal(command_encode(&cmd, &key, body, sizeof body, &len), ERR_NONE);
	gate.results = 0;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_int_equal(gate.results, 0);
	assert_int_equal(rig.terminal.control.bad_macs, 1);
	expect_unchanged(&before);
}

/* C1: the same command again and again, whole or at each later moment: it worked once. */
static void a_repeat_gets_the_stored_answer(void **state)
{
	struct command_args args = {0};
	uint8_t body[COMMAND_SIZE_MAX], first[RESULT_SIZE];
	size_t len = gate_command(&gate, 2, COMMAND_TRIP, &args, body);
	uint64_t operations;

	(void)state;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_int_equal(gate.results, 1);
	memcpy(first, gate.result[0], RESULT_SIZE);
	assert_true(gate_run(&gate, 2000)); /* the record settles */
	operations = rig.terminal.control.log.newest_seq;
	for (unsigned i = 1; i <= 5; i++) {
		assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
		assert_int_equal(gate.results, 1 + i);
		assert_memory_equal(gate.result[i], first, RESULT_SIZE);
	}
	assert_int_equal(rig.terminal.control.log.newest_seq, operations);
	assert_int_equal(rig.pulses[COIL_OPEN], 1);
}

static void a_repeat_after_a_restart_is_told_what_stands(void **state)
{
	struct command_args args = {0};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_TRIP, &args, body);

	(void)state;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_run(&gate, 2500));
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_int_equal(rig.pulses[COIL_OPEN], 1);
}

static void commands_need_the_time(void **state)
{
	(void)state;
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_run(&gate, 2500));
	assert_true(gate_order(&gate, 9, COMMAND_TRIP));
	expect(COMMAND_REFUSED, REASON_CLOCK_NOT_SET);
	assert_true(rig.contact_closed);
	/* The refused command is good once the time is known. */
	assert_true(gate_set_time(&gate, 8, NOW_MS));
	assert_true(gate_order(&gate, 9, COMMAND_TRIP));
	expect(COMMAND_EXECUTED, REASON_NONE);
}

static void send_signed(struct command *cmd)
{
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len;

	assert_int_equal(command_encode(cmd, &rig.terminal.identity.key, body, sizeof body, &len),
	                 ERR_NONE);
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
}

static void every_other_reason(void **state)
{
	static const struct {
		struct command cmd;
		enum command_reason reason;
	} rows[] = {
	        {{1, 2, COMMAND_TRIP, RIG_TIME_S - 100, RIG_TIME_S - 1, 2, {0}},        REASON_EXPIRED      },
	        {{1, 2, COMMAND_TRIP, RIG_TIME_S + 700, RIG_TIME_S + 999, 2, {0}},
	         REASON_NOT_YET_VALID	                                                               },
	        {{1, 2, COMMAND_TRIP, RIG_TIME_S, RIG_TIME_S + 99, 3, {0}},             REASON_BAD_ARGUMENTS},
	        {{1, 2, COMMAND_TRIP, RIG_TIME_S, RIG_TIME_S + 99, 0, {0}},             REASON_BAD_ARGUMENTS},
	        {{1, 2, COMMAND_KEEP_POWER, RIG_TIME_S, RIG_TIME_S + 99, 6, {0, 0, 1}},
	         REASON_BAD_ARGUMENTS	                                                               },
	        {{1, 2, COMMAND_RECHARGE, RIG_TIME_S, RIG_TIME_S + 99, 2, {0}},
	         REASON_BAD_ARGUMENTS	                                                               },
	        {{1, 2, COMMAND_CONFIG, RIG_TIME_S, RIG_TIME_S + 99, 2, {0}},           REASON_UNKNOWN_KIND },
	        {{1, 2, 99, RIG_TIME_S, RIG_TIME_S + 99, 2, {0}},                       REASON_UNKNOWN_KIND },
	        {{2, 2, COMMAND_TRIP, RIG_TIME_S, RIG_TIME_S + 99, 2, {0}},             REASON_KEY_VERSION  },
	        {{1, 1, COMMAND_TRIP, RIG_TIME_S, RIG_TIME_S + 99, 2, {0}},             REASON_COUNTER      },
	        {{1, 0, COMMAND_TRIP, RIG_TIME_S, RIG_TIME_S + 99, 2, {0}},             REASON_COUNTER      },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct command cmd = rows[i].cmd;
		struct before before = look();

		gate.results = 0;
		send_signed(&cmd);
		assert_int_equal(gate_result(&gate).outcome, COMMAND_REFUSED);
		assert_int_equal(gate_result(&gate).reason, rows[i].reason);
		assert_int_equal(gate_result(&gate).counter, cmd.counter);
		expect_unchanged(&before);
	}
	assert_true(rig.contact_closed);
}

static void stuck_contact_fails_and_is_tried_again(void **state)
{
	(void)state;
	rig.contact_stuck = true;
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	assert_int_equal(gate.results, 0);
	assert_true(gate_order(&gate, 3, COMMAND_TRIP)); /* one at a time */
	expect(COMMAND_REFUSED, REASON_BUSY);
	assert_true(gate_run(&gate, 300));
	expect(COMMAND_FAILED, REASON_CONTACT);
	assert_true(state_bits() & METER_RELAY_FAULT);
	assert_true(gate_run(&gate, 120000));
	assert_int_equal(rig.pulses[COIL_OPEN], 1 + RELAY_RETRIES);
	/* A new decision tries again. */
	rig.contact_stuck = false;
	assert_true(gate_order(&gate, 4, COMMAND_TRIP));
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_false(state_bits() & METER_RELAY_FAULT);
}

static void delayed_trip_comes_within_its_delay(void **state)
{
	struct command_args args = {.delay_max_s = 20};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_TRIP, &args, body);

	(void)state;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect(COMMAND_ACCEPTED, REASON_NONE);
	assert_true(rig.contact_closed);
	assert_false(state_bits() & METER_FORCED_TRIP);
	assert_true(gate_run(&gate, 20100));
	assert_int_equal(gate.results, 2);
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_false(rig.contact_closed);
}

static void newer_command_supersedes_a_delayed_one(void **state)
{
	struct command_args args = {.delay_max_s = 600};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_TRIP, &args, body);
	struct result result;

	(void)state;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_true(gate_order(&gate, 3, COMMAND_CLOSE));
	assert_true(gate_run(&gate, 100));
	assert_int_equal(gate.results, 3);
	assert_int_equal(
	        result_open(gate.result[1], RESULT_SIZE, &rig.terminal.identity.key, &result),
	        ERR_NONE);
	assert_int_equal(result.counter, 2);
	assert_int_equal(result.reason, REASON_SUPERSEDED);
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_true(gate_run(&gate, 601000));
	assert_true(rig.contact_closed);
	assert_int_equal(rig.pulses[COIL_OPEN], 0);
}

static void delayed_command_does_not_survive_a_restart(void **state)
{
	struct command_args args = {.delay_max_s = 60};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_TRIP, &args, body);

	(void)state;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_run(&gate, 2500));
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect(COMMAND_FAILED, REASON_SUPERSEDED);
	assert_true(gate_meet(&gate, NOW_MS));
	assert_true(gate_run(&gate, 61000));
	assert_true(rig.contact_closed);
}

static struct result result_at(unsigned i)
{
	struct result result;

	assert_true(i < gate.results);
	assert_int_equal(
	        result_open(gate.result[i], RESULT_SIZE, &rig.terminal.identity.key, &result),
	        ERR_NONE);
	return result;
}

static void expect_at(unsigned i, uint32_t counter, enum command_kind kind,
                      enum command_outcome outcome, enum command_reason reason)
{
	struct result result = result_at(i);

	assert_int_equal(result.counter, counter);
	assert_int_equal(result.kind, kind);
	assert_int_equal(result.outcome, outcome);
	assert_int_equal(result.reason, reason);
}

/* The flash refuses the newer command: the older one goes on waiting, and nobody says otherwise. */
static void a_refused_command_supersedes_nothing(void **state)
{
	struct command_args args = {.delay_max_s = 20};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_TRIP, &args, body);

	(void)state;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	rig.flash.dead = true;
	assert_true(gate_order(&gate, 3, COMMAND_CLOSE));
	assert_int_equal(gate.results, 2);
	expect_at(1, 3, COMMAND_CLOSE, COMMAND_REFUSED, REASON_STORE);
	rig.flash.dead = false;
	assert_true(gate_run(&gate, 20100));
	expect_at(2, 2, COMMAND_TRIP, COMMAND_EXECUTED, REASON_NONE);
}

static void no_flash_no_pulse(struct rig *r, enum coil coil)
{
	(void)r;
	(void)coil;
	fail_msg("a pulse without a record");
}

static void flash_fault_refuses_before_the_relay(void **state)
{
	(void)state;
	/* One bad page: the log moves on to its other one. */
	rig.flash.broken_page = PAGE_DECISION;
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_true(gate_run(&gate, 2000));
	/* Both bad: no record, no movement. */
	rig.flash.dead = true;
	rig.flash.broken_page = 0;
	rig.on_pulse = no_flash_no_pulse;
	assert_true(gate_order(&gate, 3, COMMAND_CLOSE));
	expect(COMMAND_REFUSED, REASON_STORE);
	assert_true(gate_run(&gate, 2000));
	assert_false(rig.contact_closed);
	assert_true(state_bits() & METER_FORCED_TRIP);
	assert_true(rig.terminal.meter.values.quality & METER_STORE_FAULT);
	/* And when it works again, so do commands. */
	rig.flash.dead = false;
	rig.on_pulse = NULL;
	assert_true(gate_order(&gate, 4, COMMAND_CLOSE));
	expect(COMMAND_EXECUTED, REASON_NONE);
}

/* C3: a transfer that is not whole does nothing. Each segment missing, twice, swapped, foreign. */
static void broken_transfers_do_nothing(void **state)
{
	struct command_args args = {0};
	uint8_t body[COMMAND_SIZE_MAX + TRANSFER_CRC_SIZE];
	size_t len = gate_command(&gate, 2, COMMAND_TRIP, &args, body);
	struct isotp sender;
	uint8_t none[8], frame[8][8];
	struct before before = look();
	unsigned frames = 0;
	bool done = false;
	enum err err;

	(void)state;
	gate.results = 0;
	isotp_init(&sender, none, sizeof none);
	assert_int_equal(isotp_send(&sender, body, transfer_seal(body, len)), ERR_NONE);
	while (!done) {
		static const uint8_t go[3] = {0x30, 0, 0};

		assert_true(isotp_next(&sender, 0, frame[frames++], &done));
		isotp_take(&sender, go, sizeof go, 0, &err);
	}
	assert_true(frames >= 4);
	for (unsigned kind = 0; kind < 5; kind++)
		for (unsigned at = 0; at < frames; at++) {
			struct can_msg msg = {
			        can_id(CAN_TRANSFER_COMMAND, ADDRESS, CAN_TO_TERMINAL), 8, {0}};

			/* A repeated first frame begins anew, a repeated last one comes too late. */
			if ((kind == 1 && (at == 0 || at + 1 == frames)) ||
			    (kind == 2 && at + 1 == frames))
				continue;
			for (unsigned i = 0; i < frames; i++) {
				unsigned which = i;

				if (kind == 0 && i == at)
					continue; /* missing */
				if (kind == 2 && (i == at || i == at + 1))
					which = i == at ? at + 1 : at;  /* swapped */
				msg.len = kind == 4 && i == at ? 1 : 8; /* short */
				memcpy(msg.data, frame[which], 8);
				if (kind == 3 && i == at)
					msg.data[1] ^= 0x10; /* changed */
				rig_hear(&rig, &msg);
				if (kind == 1 && i == at)
					rig_hear(&rig, &msg); /* twice */
			}
			assert_true(gate_run(&gate, 1100)); /* the rest of it times out */
			expect_unchanged(&before);
			assert_int_equal(gate.results, 0);
		}
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect(COMMAND_EXECUTED, REASON_NONE);
}

static void no_key_obeys_nobody(void **state)
{
	struct command_args args = {0};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len;

	(void)state;
	rig_init(&rig, 3);
	rig.flash.cell[PAGE_IDENTITY * FLASH_PAGE_SIZE / 2 + 8] ^= 1;
	assert_true(rig_boot(&rig));
	assert_false(rig.terminal.identity.known);
	gate_init(&gate, &rig, ADDRESS);
	len = gate_command(&gate, 1, COMMAND_TRIP, &args, body);
	assert_true(gate_run(&gate, 2500));
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_int_equal(gate.results, 0);
	assert_true(rig.contact_closed);
}

/* The read-back does not wait for the next full second: wherever in the second the contact moves,
 * its values are on the bus 300 ms + an exchange later, and the seconds between sets stay whole. */
static void values_follow_a_moved_contact(void **state)
{
	struct meter_values values;
	struct can_msg msg;
	uint32_t counter = 10;

	(void)state;
	for (unsigned phase = 0; phase < 20; phase++) {
		bool trip = phase % 2 == 0;
		unsigned before;

		gate.results = 0;
		assert_true(gate_run(&gate, 1500 + phase * 50));
		assert_true(gate_order(&gate, counter++, trip ? COMMAND_TRIP : COMMAND_RELEASE));
		expect(COMMAND_EXECUTED, REASON_NONE);
		rig.sent_n = gate.seen = 0;
		assert_true(rig_run(&rig, METER_AGAIN_MS + METER_ANSWER_MS));
		before = rig_count(&rig, CAN_VALUES_A, &msg);
		assert_true(before > 0);
		assert_int_equal(can_values_a_decode(&msg, &values), ERR_NONE);
		assert_int_equal(values.current_ma == 0, trip);
		/* One set each second from there on, neither more nor fewer. */
		assert_true(rig_run(&rig, 3 * METER_POLL_MS));
		assert_int_equal(rig_count(&rig, CAN_VALUES_A, &msg), before + 3);
	}
}

/* ---- purchases ---- */

static void buy(uint32_t counter, uint32_t count, int64_t amount_fen, int64_t total_fen)
{
	struct command_args args = {
	        .count = count, .amount_fen = amount_fen, .total_fen = total_fen};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, counter, COMMAND_RECHARGE, &args, body);

	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
}

/* The answer to whatever came last tells what is in the purse. */
static void holds(uint32_t count, int64_t total_fen)
{
	struct result result = gate_result(&gate);

	assert_int_equal(result.count, count);
	assert_int_equal(result.total_fen, total_fen);
	assert_int_equal(result.balance_fen, total_fen);
}

static void purchases_come_once_each_in_their_order(void **state)
{
	(void)state;
	buy(2, 1, 5000, 5000);
	expect(COMMAND_EXECUTED, REASON_NONE);
	holds(1, 5000);
	buy(3, 1, 5000, 5000); /* signed again under a new counter */
	expect(COMMAND_REFUSED, REASON_PURCHASE_REPEATED);
	holds(1, 5000);
	buy(4, 3, 100, 5200); /* T2: count + 2 */
	expect(COMMAND_REFUSED, REASON_PURCHASE_MISSING);
	buy(5, 2, 100, 5200);
	expect(COMMAND_REFUSED, REASON_PURCHASE_DIFFERS);
	buy(6, 2, -5001, -1);
	expect(COMMAND_REFUSED, REASON_PURCHASE_DIFFERS);
	holds(1, 5000);
	buy(7, 2, -2000, 3000);
	expect(COMMAND_EXECUTED, REASON_NONE);
	holds(2, 3000);
	assert_true(gate_order(&gate, 8, COMMAND_TRIP)); /* every answer tells it */
	holds(2, 3000);
}

/* C1 for money: the same bytes at each later moment, over a restart too. */
static void a_repeated_purchase_is_answered_and_not_taken(void **state)
{
	struct command_args args = {.count = 1, .amount_fen = 5000, .total_fen = 5000};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_RECHARGE, &args, body);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
		expect(COMMAND_EXECUTED, REASON_NONE);
		holds(1, 5000);
	}
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_run(&gate, 2500));
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect(COMMAND_EXECUTED, REASON_NONE);
	holds(1, 5000);
	assert_int_equal(rig.terminal.control.decided.counter, 2);
	assert_true(gate_set_time(&gate, 3, NOW_MS));
	assert_true(gate_order(&gate, 4, COMMAND_TRIP));
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect(COMMAND_EXECUTED, REASON_NONE); /* still the last purchase */
	holds(1, 5000);
	buy(5, 2, 100, 5100);
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect(COMMAND_REFUSED, REASON_COUNTER);
	holds(2, 5100);
}

static void void_purse(uint32_t counter, uint32_t count)
{
	struct command_args args = {.count = count};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, counter, COMMAND_PURSE_VOID, &args, body);

	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
}

/* What was on its way below its count is over; what is bought after it counts from nothing. */
static void a_void_leaves_nothing(void **state)
{
	(void)state;
	buy(2, 1, 5000, 5000);
	void_purse(3, 1);
	expect(COMMAND_REFUSED, REASON_PURCHASE_REPEATED);
	holds(1, 5000);
	void_purse(4, 3);
	expect(COMMAND_EXECUTED, REASON_NONE);
	holds(3, 0);
	buy(5, 2, 100, 5100);
	expect(COMMAND_REFUSED, REASON_PURCHASE_REPEATED);
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_run(&gate, 2500));
	assert_true(gate_set_time(&gate, 6, NOW_MS));
	buy(7, 4, 100, 100);
	expect(COMMAND_EXECUTED, REASON_NONE);
	holds(4, 100);
	rig.flash.dead = true;
	void_purse(8, 5);
	expect(COMMAND_REFUSED, REASON_STORE);
	holds(4, 100);
}

static void a_purchase_that_flash_does_not_take_is_refused(void **state)
{
	(void)state;
	rig.flash.dead = true;
	buy(2, 1, 5000, 5000);
	expect(COMMAND_REFUSED, REASON_STORE);
	holds(0, 0);
	rig.flash.dead = false;
	buy(3, 1, 5000, 5000);
	expect(COMMAND_EXECUTED, REASON_NONE);
	holds(1, 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(trip_and_close, start),
	        cmocka_unit_test_setup(no_command_waits_for_an_erase, start),
	        cmocka_unit_test_setup(allow_close_waits_for_the_button, start),
	        cmocka_unit_test_setup(button_without_permission_does_nothing, start),
	        cmocka_unit_test_setup(keep_power_beats_trip_also_after_a_restart, start),
	        cmocka_unit_test_setup(keep_power_ends_at_its_time, start),
	        cmocka_unit_test_setup(release_ends_a_forced_trip, start),
	        cmocka_unit_test_setup(each_flipped_bit_is_refused, start),
	        cmocka_unit_test_setup(older_recordings_are_refused, start),
	        cmocka_unit_test_setup(command_for_another_terminal_is_refused, start),
	        cmocka_unit_test_setup(a_repeat_gets_the_stored_answer, start),
	        cmocka_unit_test_setup(a_repeat_after_a_restart_is_told_what_stands, start),
	        cmocka_unit_test_setup(commands_need_the_time, start),
	        cmocka_unit_test_setup(every_other_reason, start),
	        cmocka_unit_test_setup(stuck_contact_fails_and_is_tried_again, start),
	        cmocka_unit_test_setup(values_follow_a_moved_contact, start),
	        cmocka_unit_test_setup(delayed_trip_comes_within_its_delay, start),
	        cmocka_unit_test_setup(newer_command_supersedes_a_delayed_one, start),
	        cmocka_unit_test_setup(delayed_command_does_not_survive_a_restart, start),
	        cmocka_unit_test_setup(a_refused_command_supersedes_nothing, start),
	        cmocka_unit_test_setup(flash_fault_refuses_before_the_relay, start),
	        cmocka_unit_test_setup(broken_transfers_do_nothing, start),
	        cmocka_unit_test_setup(purchases_come_once_each_in_their_order, start),
	        cmocka_unit_test_setup(a_repeated_purchase_is_answered_and_not_taken, start),
	        cmocka_unit_test_setup(a_purchase_that_flash_does_not_take_is_refused, start),
	        cmocka_unit_test_setup(a_void_leaves_nothing, start),
	        cmocka_unit_test(no_key_obeys_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
