/* Commands: every message a gateway may send, in every stage, and what must come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libs/proto/meter.h"
#include "platform/core/command.h"
#include "platform/test/lab.h"

static struct lab lab;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static struct command_request order(uint8_t kind)
{
	return (struct command_request){
	        .actor = {.who = "anna", .local = true, .origin = "test",   .reason = "why"},
	        .rules = {.expiry_s = 120,             .resend_ms = 3000,            .verify_wait_s = 30},
	        .meter = LAB_METER,
	        .kind = kind
        };
}

static struct command_row create(uint8_t kind)
{
	struct command_request request = order(kind);

	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
	return request.row;
}

static struct command_row row_of(int64_t command_id)
{
	struct command_row row;

	assert_int_equal(command_get(lab.db, command_id, &row), ERR_NONE);
	return row;
}

static enum stage stage_of(int64_t command_id)
{
	return row_of(command_id).stage;
}

static void terminal_says(const struct command_row *row, uint8_t outcome, uint8_t reason)
{
	struct uplink_result up = {.command_id = (uint64_t)row->command_id,
	                           .stage = UPLINK_ANSWERED,
	                           .body_len = RESULT_SIZE};
	struct result result = {.counter = row->counter,
	                        .kind = row->kind,
	                        .outcome = outcome,
	                        .reason = reason,
	                        .relay = 0x04};
	struct command_key key;

	lab_terminal(0, &key);
	result_encode(&result, &key, up.body);
	lab_result(&lab, 0, up);
}

static void read_back(const struct command_row *row, uint32_t state, int32_t current_ma)
{
	lab_result(&lab, 0,
	           (struct uplink_result){.command_id = (uint64_t)row->command_id,
	                                  .stage = UPLINK_READ_BACK,
	                                  .state = state,
	                                  .current_ma = current_ma});
}

static void plain(const struct command_row *row, uint32_t stage, uint32_t reason)
{
	lab_result(&lab, 0,
	           (struct uplink_result){.command_id = (uint64_t)row->command_id,
	                                  .stage = stage,
	                                  .reason = reason});
}

static void sent(const struct command_row *row)
{
	struct sent_request request = {
	        .rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30},
	        .command_id = row->command_id
        };

	assert_int_equal(lab_step(&lab, command_sent_step, &request, false), ERR_NONE);
}

static void outbox(void)
{
	struct outbox_request request = {
	        .rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30}
        };

	assert_int_equal(lab_step(&lab, command_outbox_step, &request, true), ERR_NONE);
}

static void the_signed_bytes_open_with_the_terminals_key(void **state)
{
	struct command_row row = create(COMMAND_TRIP);
	struct command_key key;
	struct command cmd;

	(void)state;
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 1);
	lab_terminal(0, &key);
	assert_int_equal(command_open(row.body, row.body_len, &key, &cmd), ERR_NONE);
	assert_int_equal(cmd.kind, COMMAND_TRIP);
	assert_int_equal(cmd.counter, 1);
	assert_int_equal(cmd.issued_s, LAB_NOW_MS / 1000);
	assert_int_equal(cmd.expires_s, LAB_NOW_MS / 1000 + 120);
	lab_terminal(1, &key);
	assert_int_equal(command_open(row.body, row.body_len, &key, &cmd), ERR_AUTH);
	assert_int_equal(create(COMMAND_CLOSE).counter, 2);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE action='command.trip'"),
	                 1);
}

static void a_trip_goes_through_all_stages(void **state)
{
	struct command_row row = create(COMMAND_TRIP);

	(void)state;
	assert_int_equal(stage_of(row.command_id), STAGE_QUEUED);
	sent(&row);
	assert_int_equal(stage_of(row.command_id), STAGE_SENT);
	plain(&row, UPLINK_RECEIVED, 0);
	assert_int_equal(stage_of(row.command_id), STAGE_RECEIVED);
	lab.now_ms += 200;
	terminal_says(&row, COMMAND_EXECUTED, 0);
	assert_int_equal(stage_of(row.command_id), STAGE_EXECUTED);
	/* The contact is open, but current still flows: not verified yet, not failed either. */
	read_back(&row, METER_FORCED_TRIP, 50);
	assert_int_equal(stage_of(row.command_id), STAGE_EXECUTED);
	read_back(&row, METER_FORCED_TRIP, 49);
	assert_int_equal(stage_of(row.command_id), STAGE_VERIFIED);
	row = row_of(row.command_id);
	for (int s = STAGE_QUEUED; s <= STAGE_VERIFIED; s++)
		assert_true(row.stages[s].at_ms >= LAB_NOW_MS);
	assert_int_equal(row.stages[STAGE_REFUSED].at_ms, 0);
}

static void read_back_rules(void **state)
{
	static const struct {
		uint8_t kind;
		uint32_t state;
		int32_t current_ma;
		bool verified;
	} cases[] = {
	        {COMMAND_TRIP,        0,	                                0,    true },
	        {COMMAND_TRIP,        0,	                                -60,  false},
	        {COMMAND_TRIP,        METER_CONTACT_CLOSED,                     0,    false},
	        {COMMAND_CLOSE,       METER_CONTACT_CLOSED,                     0,    true },
	        {COMMAND_CLOSE,       METER_WANT_CLOSED,                        0,    false},
	        {COMMAND_CLOSE,       METER_CONTACT_CLOSED | METER_FORCED_TRIP, 0,    false},
	        {COMMAND_KEEP_POWER,  METER_CONTACT_CLOSED | METER_KEEP_POWER,  5000, true },
	        {COMMAND_KEEP_POWER,  METER_KEEP_POWER,                         0,    false},
	        {COMMAND_KEEP_POWER,  METER_CONTACT_CLOSED,                     0,    false},
	        {COMMAND_RELEASE,     METER_CONTACT_CLOSED,                     0,    true },
	        {COMMAND_RELEASE,     METER_CONTACT_CLOSED | METER_FORCED_TRIP, 0,    false},
	        {COMMAND_RELEASE,     METER_CONTACT_CLOSED | METER_KEEP_POWER,  0,    false},
	        {COMMAND_RELEASE,     METER_WANT_CLOSED,                        0,    false},
	        {COMMAND_RELEASE,     0,	                                0,    true }, /* its own balance keeps it open */
	        {COMMAND_ALLOW_CLOSE, METER_CLOSE_ALLOWED,                      0,    true },
	        {COMMAND_ALLOW_CLOSE, 0,                                        0,    false},
	        {COMMAND_TIME,        METER_CLOCK_SET,                          0,    true },
	        {COMMAND_TIME,        METER_CONTACT_CLOSED,                     0,    false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct command_row row = create(cases[i].kind);

		terminal_says(&row, COMMAND_EXECUTED, 0);
		read_back(&row, cases[i].state, cases[i].current_ma);
		assert_int_equal(stage_of(row.command_id),
		                 cases[i].verified ? STAGE_VERIFIED : STAGE_EXECUTED);
		lab.now_ms += 31000;
		outbox();
		assert_int_equal(stage_of(row.command_id),
		                 cases[i].verified ? STAGE_VERIFIED : STAGE_FAILED);
		if (!cases[i].verified)
			assert_int_equal(row_of(row.command_id).reason_code,
			                 COMMAND_REASON_READ_BACK);
	}
}

/* ---- every message in every stage ---- */

enum message {
	M_SENT,
	M_RECEIVED,
	M_EXECUTED,
	M_REFUSED,
	M_FAILED,
	M_ACCEPTED,
	M_READ_BACK_GOOD,
	M_READ_BACK_BAD,
	M_GATEWAY_EXPIRED,
	M_NO_ANSWER,
	M_GATEWAY_REFUSED,
	M_DUPLICATE,
	M_FORGED,
	M_COUNT
};

static void say(const struct command_row *row, enum message message)
{
	struct command_row other = *row;

	switch (message) {
	case M_SENT:
		sent(row);
		break;
	case M_RECEIVED:
		plain(row, UPLINK_RECEIVED, 0);
		break;
	case M_EXECUTED:
		terminal_says(row, COMMAND_EXECUTED, 0);
		break;
	case M_REFUSED:
		terminal_says(row, COMMAND_REFUSED, REASON_COUNTER);
		break;
	case M_FAILED:
		terminal_says(row, COMMAND_FAILED, REASON_CONTACT);
		break;
	case M_ACCEPTED:
		terminal_says(row, COMMAND_ACCEPTED, 0);
		break;
	case M_READ_BACK_GOOD:
		read_back(row, 0, 0);
		break;
	case M_READ_BACK_BAD:
		read_back(row, METER_CONTACT_CLOSED, 3000);
		break;
	case M_GATEWAY_EXPIRED:
		plain(row, UPLINK_EXPIRED, 0);
		break;
	case M_NO_ANSWER:
		plain(row, UPLINK_NO_ANSWER, 0);
		break;
	case M_GATEWAY_REFUSED:
		plain(row, UPLINK_REFUSED, UPLINK_COMMAND_UNKNOWN_METER);
		break;
	case M_DUPLICATE:
		plain(row, UPLINK_REFUSED, UPLINK_COMMAND_DUPLICATE);
		break;
	case M_FORGED:
		other.counter++; /* a genuine signature, of another command */
		terminal_says(&other, COMMAND_EXECUTED, 0);
		break;
	case M_COUNT:
		break;
	}
}

/* How a stage is reached in the shortest way; failed and expired here are those that were assumed
 * for want of an answer. */
static struct command_row reach(enum stage stage)
{
	struct command_row row = create(COMMAND_TRIP);

	switch (stage) {
	case STAGE_QUEUED:
	case STAGE_COUNT:
		break;
	case STAGE_SENT:
		say(&row, M_SENT);
		break;
	case STAGE_RECEIVED:
		say(&row, M_RECEIVED);
		break;
	case STAGE_EXECUTED:
		say(&row, M_EXECUTED);
		break;
	case STAGE_VERIFIED:
		say(&row, M_EXECUTED);
		say(&row, M_READ_BACK_GOOD);
		break;
	case STAGE_REFUSED:
		say(&row, M_REFUSED);
		break;
	case STAGE_FAILED:
		say(&row, M_NO_ANSWER);
		break;
	case STAGE_EXPIRED:
		say(&row, M_GATEWAY_EXPIRED);
		break;
	}
	assert_int_equal(stage_of(row.command_id), stage);
	return row;
}

#define Q STAGE_QUEUED
#define S STAGE_SENT
#define R STAGE_RECEIVED
#define E STAGE_EXECUTED
#define V STAGE_VERIFIED
#define X STAGE_REFUSED
#define F STAGE_FAILED
#define O STAGE_EXPIRED

static void every_message_in_every_stage(void **state)
{
	/* clang-format off */
	static const enum stage expected[M_COUNT][STAGE_COUNT] = {
		/* from                 Q  S  R  E  V  X  F  O */
		[M_SENT]            = { S, S, R, E, V, X, F, O },
		[M_RECEIVED]        = { R, R, R, E, V, X, F, O },
		[M_EXECUTED]        = { E, E, E, E, V, E, E, E }, /* corrects a guess, and a refusal for a reason that passes */
		[M_REFUSED]         = { X, X, X, E, V, X, X, X },
		[M_FAILED]          = { F, F, F, E, V, X, F, F },
		[M_ACCEPTED]        = { R, R, R, E, V, X, F, O },
		[M_READ_BACK_GOOD]  = { Q, S, R, V, V, X, F, O },
		[M_READ_BACK_BAD]   = { Q, S, R, E, V, X, F, O },
		[M_GATEWAY_EXPIRED] = { O, O, O, E, V, X, F, O },
		[M_NO_ANSWER]       = { F, F, F, E, V, X, F, O },
		[M_GATEWAY_REFUSED] = { X, X, X, E, V, X, F, O },
		[M_DUPLICATE]       = { R, R, R, E, V, X, F, O },
		[M_FORGED]          = { Q, S, R, E, V, X, F, O },
	};

	/* clang-format on */

	(void)state;
	for (int from = 0; from < STAGE_COUNT; from++) {
		for (int message = 0; message < M_COUNT; message++) {
			struct command_row row = reach((enum stage)from);
			struct command_row after;

			say(&row, (enum message)message);
			after = row_of(row.command_id);
			if (after.stage != expected[message][from])
				fail_msg("message %d in stage %s gave %s", message,
				         stage_text((enum stage)from), stage_text(after.stage));
			/* The same again changes nothing. */
			say(&row, (enum message)message);
			assert_int_equal(stage_of(row.command_id), after.stage);
			/* Close what is left open, so that the next one is first of its meter. */
			lab.now_ms += 200000;
			outbox();
		}
	}
}

static void a_read_back_before_the_answer_counts(void **state)
{
	struct command_row row = create(COMMAND_TRIP);

	(void)state;
	read_back(&row, 0, 0);
	assert_int_equal(stage_of(row.command_id), STAGE_QUEUED);
	terminal_says(&row, COMMAND_EXECUTED, 0);
	assert_int_equal(stage_of(row.command_id), STAGE_VERIFIED);
	assert_true(row_of(row.command_id).stages[STAGE_EXECUTED].at_ms > 0);
}

static void one_in_flight_per_meter(void **state)
{
	struct command_row first = create(COMMAND_TRIP), second;
	struct command_request other = order(COMMAND_TRIP);

	(void)state;
	second = create(COMMAND_CLOSE);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 0);
	lab.now_ms += 5000;
	outbox();
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 1);
	assert_int_equal(lab_first(&lab, EFFECT_SEND)->u.command.command_id, first.command_id);
	/* Another meter does not wait. */
	other.meter = LAB_METER + 1;
	assert_int_equal(lab_step(&lab, command_create_step, &other, false), ERR_NONE);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 1);
	/* Settled: the next one leaves with the same commit. */
	terminal_says(&first, COMMAND_REFUSED, REASON_KEEP_POWER);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 1);
	assert_int_equal(lab_first(&lab, EFFECT_SEND)->u.command.command_id, second.command_id);
}

static void it_is_sent_again_until_received_and_expires(void **state)
{
	struct command_row row = create(COMMAND_TRIP);
	int sends = 0;

	(void)state;
	for (int i = 0; i < 119; i++) {
		lab.now_ms += 1000;
		outbox();
		sends += (int)lab_count(&lab, EFFECT_SEND);
	}
	assert_in_range(sends, 38, 40);
	lab.now_ms += 2000;
	outbox();
	assert_int_equal(stage_of(row.command_id), STAGE_EXPIRED);
	assert_int_equal(row_of(row.command_id).reason_code, COMMAND_REASON_UNSENT);
	outbox();
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 0);
}

static void a_received_one_is_not_sent_again(void **state)
{
	struct command_row row = create(COMMAND_TRIP);

	(void)state;
	plain(&row, UPLINK_RECEIVED, 0);
	lab.now_ms += 10000;
	outbox();
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 0);
	lab.now_ms += 111000;
	outbox();
	assert_int_equal(stage_of(row.command_id), STAGE_RECEIVED); /* grace for the last word */
	lab.now_ms += 10000;
	outbox();
	assert_int_equal(stage_of(row.command_id), STAGE_EXPIRED);
}

static void a_clock_set_back_does_not_stop_the_outbox(void **state)
{
	(void)state;
	create(COMMAND_TRIP);
	lab.now_ms -= 3600000;
	outbox();
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 1);
}

/* F1: ten years forward in a step. Nothing ends by it; when the clock is right again, all is as before. */
static void a_clock_jump_ends_nothing(void **state)
{
	struct outbox_request request = {
	        .rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30},
                  .hold = true
        };
	struct command_row row = create(COMMAND_TRIP);

	(void)state;
	lab.now_ms += INT64_C(315360000000);
	assert_int_equal(lab_step(&lab, command_outbox_step, &request, true), ERR_NONE);
	assert_int_equal(stage_of(row.command_id), STAGE_QUEUED);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 1);
	lab.now_ms -= INT64_C(315360000000);
	outbox();
	assert_int_equal(stage_of(row.command_id), STAGE_QUEUED);
}

static void the_wrong_gateway_is_not_believed(void **state)
{
	struct command_row row = create(COMMAND_TRIP);

	(void)state;
	lab_result(&lab, 1,
	           (struct uplink_result){.command_id = (uint64_t)row.command_id,
	                                  .stage = UPLINK_REFUSED,
	                                  .reason = UPLINK_COMMAND_UNKNOWN_METER});
	assert_int_equal(stage_of(row.command_id), STAGE_QUEUED);
	plain(&(struct command_row){.command_id = 987654}, UPLINK_RECEIVED, 0);
}

static void each_flipped_bit_of_a_result_is_refused(void **state)
{
	struct command_row row = create(COMMAND_TRIP);
	struct uplink_result up = {.command_id = (uint64_t)row.command_id,
	                           .stage = UPLINK_ANSWERED,
	                           .body_len = RESULT_SIZE};
	struct result result = {.counter = row.counter, .kind = row.kind};
	struct command_key key;

	(void)state;
	lab_terminal(0, &key);
	result_encode(&result, &key, up.body);
	for (int bit = 0; bit < RESULT_SIZE * 8; bit++) {
		up.body[bit / 8] ^= (uint8_t)(1 << bit % 8);
		lab_result(&lab, 0, up);
		up.body[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(stage_of(row.command_id), STAGE_QUEUED);
	}
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=133"), 1);
	lab_result(&lab, 0, up);
	assert_int_equal(stage_of(row.command_id), STAGE_EXECUTED);
}

/* ---- a terminal that has no time yet ---- */

#define CLOCK_WAIT_MS 20000

static struct command_request early(uint8_t kind)
{
	struct command_request request = order(kind);

	request.rules.clock_wait_ms = CLOCK_WAIT_MS;
	return request;
}

static void outbox_sends(size_t sends)
{
	struct outbox_request box = {
	        .rules = {120, 3000, 30, CLOCK_WAIT_MS}
        };

	assert_int_equal(lab_step(&lab, command_outbox_step, &box, false), ERR_NONE);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), sends);
}

static void the_time_goes_before_the_first_command(void **state)
{
	struct command_request trip = early(COMMAND_TRIP), keep = early(COMMAND_KEEP_POWER),
	                       time = early(COMMAND_TIME), again = early(COMMAND_TIME);
	struct command_row row, next;
	struct command_key key;
	struct command cmd;

	(void)state;
	assert_int_equal(lab_step(&lab, command_create_step, &trip, false), ERR_NONE);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 0);
	assert_int_equal(lab_step(&lab, command_create_step, &keep, false), ERR_NONE);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 0);
	lab.now_ms += 5000;
	outbox_sends(0);
	assert_int_equal(lab_step(&lab, command_create_step, &time, false), ERR_NONE);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 1);
	assert_int_equal(lab_first(&lab, EFFECT_SEND)->u.command.command_id, time.row.command_id);

	/* What waits has counters above the time's, in its old order, and is otherwise as it was. */
	row = row_of(trip.row.command_id);
	next = row_of(keep.row.command_id);
	assert_true(row.counter > time.row.counter && next.counter > row.counter);
	lab_terminal(0, &key);
	assert_int_equal(command_open(row.body, row.body_len, &key, &cmd), ERR_NONE);
	assert_int_equal(cmd.counter, row.counter);
	assert_int_equal(cmd.kind, COMMAND_TRIP);
	assert_int_equal(cmd.expires_s, row.expires_s);
	outbox_sends(0);

	/* The time is set: now the first of them leaves, and then the other. */
	terminal_says(&time.row, COMMAND_EXECUTED, REASON_NONE);
	read_back(&time.row, METER_CLOCK_SET | METER_CONTACT_CLOSED, 0);
	assert_int_equal(stage_of(time.row.command_id), STAGE_VERIFIED);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 1);
	assert_int_equal(lab_first(&lab, EFFECT_SEND)->u.command.command_id, row.command_id);
	/* It has left: another time waits for its turn. */
	assert_int_equal(lab_step(&lab, command_create_step, &again, false), ERR_REFUSED);
	terminal_says(&row, COMMAND_EXECUTED, REASON_NONE);
	read_back(&row, METER_CLOCK_SET, 0);
	assert_int_equal(stage_of(row.command_id), STAGE_VERIFIED);
	assert_int_equal(lab_first(&lab, EFFECT_SEND)->u.command.command_id, next.command_id);
}

static void nobody_waits_for_the_time_for_ever(void **state)
{
	struct command_request trip = early(COMMAND_TRIP), later = early(COMMAND_CLOSE);

	(void)state;
	assert_int_equal(lab_step(&lab, command_create_step, &trip, false), ERR_NONE);
	lab.now_ms += CLOCK_WAIT_MS - 1;
	outbox_sends(0);
	lab.now_ms += 1;
	outbox_sends(1);
	assert_int_equal(lab_first(&lab, EFFECT_SEND)->u.command.command_id, trip.row.command_id);
	outbox_sends(0);
	terminal_says(&trip.row, COMMAND_REFUSED, REASON_CLOCK_NOT_SET);
	/* Only the first one of a terminal waits. */
	assert_int_equal(lab_step(&lab, command_create_step, &later, false), ERR_NONE);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 1);
}

static void an_idempotency_key_gives_one_command(void **state)
{
	struct command_request a = order(COMMAND_TRIP), b;

	(void)state;
	snprintf(a.idempotency_key, sizeof a.idempotency_key, "k-1");
	b = a;
	assert_int_equal(lab_step(&lab, command_create_step, &a, false), ERR_NONE);
	assert_false(a.repeated);
	assert_int_equal(lab_step(&lab, command_create_step, &b, false), ERR_NONE);
	assert_true(b.repeated);
	assert_int_equal(b.row.command_id, a.row.command_id);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 0);
	b.kind = COMMAND_CLOSE;
	assert_int_equal(lab_step(&lab, command_create_step, &b, false), ERR_CONFLICT);
}

static void orders_that_cannot_be(void **state)
{
	struct command_request r = order(COMMAND_TRIP);

	(void)state;
	r.meter = 330100009999;
	assert_int_equal(lab_step(&lab, command_create_step, &r, false), ERR_NOT_FOUND);
	r = order(COMMAND_RECHARGE);
	assert_int_equal(lab_step(&lab, command_create_step, &r, false), ERR_BAD_INPUT);
	r = order(COMMAND_TRIP);
	r.until_s = LAB_NOW_MS / 1000 + 60; /* only keep-power has an end */
	assert_int_equal(lab_step(&lab, command_create_step, &r, false), ERR_BAD_INPUT);
	r = order(COMMAND_KEEP_POWER);
	r.until_s = LAB_NOW_MS / 1000 - 1;
	assert_int_equal(lab_step(&lab, command_create_step, &r, false), ERR_BAD_INPUT);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM command"), 0);
	for (int i = 0; i < 16; i++)
		create(COMMAND_TRIP);
	r = order(COMMAND_TRIP);
	assert_int_equal(lab_step(&lab, command_create_step, &r, false), ERR_REFUSED);
}

/* What a power cut at any place leaves is what was committed: no counter is used twice. */
/* A terminal that is ahead of the store: one command is refused, the next is beyond it. */
static void a_store_older_than_its_terminal(void **state)
{
	struct command_row first = create(COMMAND_TRIP), second;

	(void)state;
	sent(&first);
	terminal_says(&first, COMMAND_REFUSED, REASON_COUNTER);
	assert_int_equal(stage_of(first.command_id), STAGE_REFUSED);
	second = create(COMMAND_TRIP);
	assert_true(second.counter > first.counter + 60000);
	/* Refused for another reason, or not the newest: no leap. */
	sent(&second);
	terminal_says(&second, COMMAND_REFUSED, REASON_KEEP_POWER);
	terminal_says(&first, COMMAND_REFUSED, REASON_COUNTER);
	first = create(COMMAND_TRIP);
	assert_int_equal(first.counter, second.counter + 1);
}

static void counters_survive_a_kill(void **state)
{
	struct command_row row = create(COMMAND_TRIP);

	(void)state;
	lab_close(&lab);
	lab_open(&lab);
	assert_int_equal(row_of(row.command_id).stage, STAGE_QUEUED);
	lab.now_ms += 4000;
	outbox();
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 1);
	assert_int_equal(create(COMMAND_CLOSE).counter, row.counter + 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(the_signed_bytes_open_with_the_terminals_key),
	        T(a_trip_goes_through_all_stages),
	        T(read_back_rules),
	        T(every_message_in_every_stage),
	        T(a_read_back_before_the_answer_counts),
	        T(one_in_flight_per_meter),
	        T(it_is_sent_again_until_received_and_expires),
	        T(a_received_one_is_not_sent_again),
	        T(a_clock_set_back_does_not_stop_the_outbox),
	        T(a_clock_jump_ends_nothing),
	        T(the_wrong_gateway_is_not_believed),
	        T(each_flipped_bit_of_a_result_is_refused),
	        T(a_store_older_than_its_terminal),
	        T(the_time_goes_before_the_first_command),
	        T(nobody_waits_for_the_time_for_ever),
	        T(an_idempotency_key_gives_one_command),
	        T(orders_that_cannot_be),
	        T(counters_survive_a_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
