/* From the sensor's bytes to energy: cases S1 and S2, and supply that comes and goes. */
#include "firmware/app/test/rig.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct rig rig;

static int start(void **state)
{
	(void)state;
	rig_init(&rig, 11);
	assert_true(rig_boot(&rig));
	assert_true(rig_run(&rig, 3000));
	return 0;
}

static const struct meter *meter(void)
{
	return &rig.terminal.meter;
}

static uint64_t total(void)
{
	return rig.terminal.meter.energy.total_100mwh;
}

static unsigned events_of(enum event_kind kind)
{
	struct bulk_events_get get = {1, BULK_EVENTS_MAX};
	struct bulk_events events;
	unsigned n = 0;

	do {
		journal_get(&rig.terminal.journal, &get, &events);
		for (unsigned i = 0; i < events.n; i++)
			n += events.event[i].kind == kind;
		get.from_seq += BULK_EVENTS_MAX;
	} while (events.n == BULK_EVENTS_MAX);
	return n;
}

/* ---- a value set each second ---- */

static void values_arrive(void **state)
{
	const struct meter_values *v = &meter()->values;
	bool toggle = meter()->toggle;

	(void)state;
	assert_true(v->valid);
	assert_int_equal(v->voltage_dv, 2300);
	assert_int_equal(v->current_ma, 8700);
	assert_int_equal(v->power_dw, 20000);
	assert_int_equal(v->frequency_chz, 5000);
	assert_true(rig_run(&rig, 1000));
	assert_int_not_equal(meter()->toggle, toggle);
	assert_int_equal(meter()->missed_total, 0);
}

static void energy_follows_the_register(void **state)
{
	uint64_t before = total();
	uint32_t at = meter()->energy.register_100mwh;

	(void)state;
	assert_true(rig_run(&rig, 3600 * 1000));
	assert_int_equal(total() - before, meter()->energy.register_100mwh - at);
	/* 2 kW for an hour, give or take the sample's second. */
	assert_in_range(total() - before, 19990, 20010);
}

/* ---- S1 ---- */

static void bad_answers_are_dropped_and_asked_again(void **state)
{
	static const enum sensor_mode modes[] = {SENSOR_SILENT,  SENSOR_BAD_CRC, SENSOR_SHORT,
	                                         SENSOR_ADDRESS, SENSOR_ECHO,    SENSOR_LATE};

	uint16_t quality;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
		uint64_t before = total();
		unsigned pulses = rig.pulses[0] + rig.pulses[1];
		uint32_t seconds;

		rig.sensor = modes[i];
		rig.late_len = 0;
		assert_true(rig_run(&rig, 2100));
		assert_false(meter_quality_take(&rig.terminal.meter, rig.now_ms) &
		             METER_SENSOR_FAULT);
		/* An hour of silence, ten minutes of each other kind. */
		seconds = modes[i] == SENSOR_SILENT ? 3600 : 600;
		assert_true(rig_run(&rig, seconds * 1000));
		quality = meter_quality_take(&rig.terminal.meter, rig.now_ms);
		/* A late answer is a right one: only older. */
		if (modes[i] != SENSOR_LATE) {
			assert_true(quality & METER_SENSOR_FAULT);
			assert_true(quality & METER_SAMPLE_STALE);
			assert_false(meter()->values.valid);
			assert_int_equal(total(), before); /* never guessed */
		}
		assert_int_equal(rig.pulses[0] + rig.pulses[1], pulses); /* the relay stays */
		rig.sensor = SENSOR_NORMAL;
		assert_true(rig_run(&rig, 2000));
		quality = meter_quality_take(&rig.terminal.meter, rig.now_ms);
		assert_false(quality & (METER_SENSOR_FAULT | METER_SAMPLE_STALE));
		assert_true(meter()->values.valid);
		/* The register counted on: 2 kW over all that time are there. */
		assert_in_range(total() - before, seconds * 50 / 9 + 10, seconds * 50 / 9 + 36);
	}
	assert_int_equal(events_of(EVENT_SENSOR_FAULT), ARRAY_SIZE(modes) - 1);
	assert_int_equal(events_of(EVENT_SENSOR_BACK), ARRAY_SIZE(modes) - 1);
	assert_int_equal(meter()->implausible_total, 0);
}

static void spoilt_answers_are_counted(void **state)
{
	(void)state;
	rig.sensor = SENSOR_BAD_CRC;
	assert_true(rig_run(&rig, 5000));
	assert_int_equal(meter()->bad_frames, 5);
	rig.sensor = SENSOR_SILENT;
	assert_true(rig_run(&rig, 5000));
	assert_int_equal(meter()->bad_frames, 5);
	assert_int_equal(meter()->missed_total, 10);
}

static void noise_before_an_answer_is_skipped(void **state)
{
	(void)state;
	rig.sensor = SENSOR_NOISE;
	assert_true(rig_run(&rig, 60000));
	assert_int_equal(meter()->missed_total, 0);
	assert_int_equal(meter()->rx.stray, 60 * 5);
}

static void line_error_spoils_the_frame(void **state)
{
	(void)state;
	assert_true(rig_run(&rig, 1000));
	for (unsigned i = 0; i < 3000 && rig.terminal.meter.rx.len < 10; i++)
		assert_true(rig_run(&rig, 1));
	assert_true(rig.terminal.meter.rx.len >= 10);
	terminal_sensor_error(&rig.terminal);
	assert_true(rig_run(&rig, 500));
	assert_int_equal(meter()->missed_total, 1);
	assert_int_equal(meter()->bad_frames, 1);
}

static void impossible_values_are_no_data(void **state)
{
	struct im1253b_sample good = rig.sample;
	uint64_t before;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		rig.sample = good;
		rig.sample.voltage_100uv = i == 0 ? 4600000 : good.voltage_100uv;
		rig.sample.current_100ua = i == 1 ? 500000 : good.current_100ua;
		rig.sample.power_100uw = i == 2 ? 30000000 : good.power_100uw;
		rig.sample.pf_permille = i == 3 ? 1001 : good.pf_permille;
		rig.sample.frequency_chz = i == 4 ? 7000 : good.frequency_chz;
		before = meter()->implausible_total;
		assert_true(rig_run(&rig, 1000));
		assert_int_equal(meter()->implausible_total, before + 1);
		assert_int_equal(meter()->values.voltage_dv, 2300);
		assert_int_equal(meter()->values.power_dw, 20000);
	}
	rig.sample = good;
	assert_true(rig_run(&rig, 1000));
	assert_int_equal(meter()->missed, 0);
}

static void negative_power_is_negative(void **state)
{
	(void)state;
	rig.sample.power_100uw = -5000000;
	rig.sample.current_100ua = -21740;
	rig.sample.pf_permille = -1000;
	rig.register_fixed = true;
	assert_true(rig_run(&rig, 2000));
	assert_int_equal(meter()->values.power_dw, -5000);
	assert_int_equal(meter()->values.current_ma, -2174);
}

/* ---- S2 ---- */

/* Registers that jump: what may be counted, and whether a new segment begins. */
static const struct jump {
	uint32_t from, to;
	bool segment;
	uint32_t counted;
	int32_t unbilled_wh;
} jumps[] = {
        {500000,     0,                          true,  0,  -50000    }, /* cleared */
        {500000,     499990,                     true,  0,  -1        }, /* went a little back */
        {500000,     100,                        true,  0,  -49990    }, /* another module */
        {500000,     500000,                     false, 0,  0         }, /* stands still */
        {500000,     500050,                     false, 50, 0         }, /* counts */
        {4294967290, 10,                         true,  16, 0         }, /* wraps: counted, and marked */
        {500000,     10000500000u % 4294967296u, true,  0,  141006540 }, /* + 10^6 kWh, modulo 2^32 */
        {500000,     4294967295,                 true,  0,  429446729 }, /* the greatest jump up */
        {4294967290, 0x7FFFFFFF,                 true,  0,  -214748364},
};

static void set_register(uint32_t value)
{
	rig.register_fixed = true;
	rig.sample.energy_100mwh = value;
}

static void jumping_registers_bill_nothing_absurd(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(jumps); i++) {
		const struct jump *j = &jumps[i];
		struct bulk_events_get get;
		struct bulk_events events;
		unsigned segments;
		uint64_t before;

		rig_init(&rig, 11);
		set_register(j->from);
		assert_true(rig_boot(&rig));
		assert_true(rig_run(&rig, 5000));
		segments = events_of(EVENT_SEGMENT);
		before = total();
		set_register(j->to);
		assert_true(rig_run(&rig, 10000));
		assert_int_equal(total() - before, j->counted);
		assert_int_equal(events_of(EVENT_SEGMENT) - segments, j->segment);
		assert_int_equal(meter()->segment, j->segment);
		if (!j->segment)
			continue;
		get = (struct bulk_events_get){rig.terminal.journal.log.newest_seq, 1};
		journal_get(&rig.terminal.journal, &get, &events);
		assert_int_equal(events.event[0].kind, EVENT_SEGMENT);
		assert_int_equal(events.event[0].value, j->unbilled_wh);
		/* It counts on from there. */
		before = total();
		set_register(j->to + 30);
		assert_true(rig_run(&rig, 2000));
		assert_int_equal(total() - before, 30);
	}
}

static void jump_while_the_terminal_was_off(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(jumps); i++) {
		const struct jump *j = &jumps[i];
		uint64_t before;

		rig_init(&rig, 11);
		set_register(j->from);
		assert_true(rig_boot(&rig));
		assert_true(rig_run(&rig, 5000));
		before = total();
		set_register(j->to);
		assert_true(rig_boot(&rig));
		assert_true(rig_run(&rig, 10000));
		assert_int_equal(total() - before, j->counted);
	}
}

static void one_disturbed_register_is_forgotten(void **state)
{
	uint64_t before = total();
	uint32_t offset = rig.register_offset;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		rig.register_offset = offset ^ 1u << (12 + i);
		assert_true(rig_run(&rig, 1000));
		rig.register_offset = offset;
		assert_true(rig_run(&rig, 1000));
	}
	assert_int_equal(events_of(EVENT_SEGMENT), 0);
	assert_int_equal(meter()->implausible_total, 20);
	assert_in_range(total() - before, 220, 226); /* 40 s of 2 kW */
}

static void longest_believed_outage(void **state)
{
	uint64_t before;

	(void)state;
	set_register(1000);
	assert_true(rig_boot(&rig));
	assert_true(rig_run(&rig, 5000));
	assert_int_equal(meter()->energy.register_100mwh, 1000);
	before = total();
	set_register(1000 + ENERGY_CAP_BOOT_100MWH);
	assert_true(rig_boot(&rig));
	assert_true(rig_run(&rig, 5000));
	assert_int_equal(total() - before, ENERGY_CAP_BOOT_100MWH);
	set_register(1000 + 2 * ENERGY_CAP_BOOT_100MWH + 1);
	assert_true(rig_boot(&rig));
	assert_true(rig_run(&rig, 10000));
	assert_int_equal(total() - before, ENERGY_CAP_BOOT_100MWH);
}

/* ---- supply that comes and goes ---- */

static void no_wh_is_lost_by_switching_the_breaker(void **state)
{
	uint32_t first_register = 0;
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd, 3);
	rig_init(&rig, 12);
	rig.register_offset = 0xFFFF0000u; /* the wrap comes on the way, too */
	for (unsigned i = 0; i < 3000; i++) {
		rig.sample.power_100uw = 1000000 + (int32_t)rnd_below(&rnd, 90000000);
		rig.sample.current_100ua = rig.sample.power_100uw / 230;
		if (rnd_below(&rnd, 3) == 0) { /* or in the middle of writing */
			rig.flash.cut_at = rig.flash.operations + 1 + rnd_below(&rnd, 40);
			rig.flash.cut_kind = (enum cut_kind)rnd_below(&rnd, CUT_KINDS);
		}
		if (rig_boot(&rig))
			rig_run(&rig, 1 + rnd_below(&rnd, i % 200 ? 6000 : 1000000));
		if (i == 0)
			first_register =
			        rig.terminal.meter.energy.register_100mwh - (uint32_t)total();
		rig_off(&rig, rnd_below(&rnd, 5000));
	}
	rig.flash.cut_at = 0;
	assert_true(rig_boot(&rig));
	assert_true(rig_run(&rig, 3000));
	assert_true(total() > 100000);
	assert_int_equal((uint32_t)total(), meter()->energy.register_100mwh - first_register);
	assert_in_range(rig_register(&rig) - meter()->energy.register_100mwh, 0, 30);
	assert_int_equal(rig.terminal.meter.energy.steps_back, 0);
}

static void the_total_never_goes_back_over_a_cut(void **state)
{
	uint64_t shown = 0;
	uint32_t first_register = meter()->energy.register_100mwh - (uint32_t)total();

	(void)state;
	for (unsigned kind = 0; kind < CUT_KINDS; kind++)
		for (unsigned at = 1; at < 60; at++) {
			rig.flash.cut_at = rig.flash.operations + at;
			rig.flash.cut_kind = (enum cut_kind)kind;
			if (rig_boot(&rig) && rig_run(&rig, 2000))
				rig_run(&rig, 900000);
			rig.flash.cut_at = 0;
			assert_true(rig_boot(&rig));
			assert_true(rig_run(&rig, 3000));
			assert_true(meter()->values.energy_wh >= shown);
			shown = meter()->values.energy_wh;
			assert_int_equal(total(), meter()->energy.register_100mwh - first_register);
		}
}

static void stored_each_quarter_hour(void **state)
{
	uint32_t stored = meter()->energy.log.newest_seq;

	(void)state;
	assert_true(rig_run(&rig, 10 * 900 * 1000));
	assert_int_equal(meter()->energy.log.newest_seq, stored + 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(values_arrive, start),
	        cmocka_unit_test_setup(energy_follows_the_register, start),
	        cmocka_unit_test_setup(bad_answers_are_dropped_and_asked_again, start),
	        cmocka_unit_test_setup(spoilt_answers_are_counted, start),
	        cmocka_unit_test_setup(noise_before_an_answer_is_skipped, start),
	        cmocka_unit_test_setup(line_error_spoils_the_frame, start),
	        cmocka_unit_test_setup(impossible_values_are_no_data, start),
	        cmocka_unit_test_setup(negative_power_is_negative, start),
	        cmocka_unit_test(jumping_registers_bill_nothing_absurd),
	        cmocka_unit_test(jump_while_the_terminal_was_off),
	        cmocka_unit_test_setup(one_disturbed_register_is_forgotten, start),
	        cmocka_unit_test_setup(longest_believed_outage, start),
	        cmocka_unit_test(no_wh_is_lost_by_switching_the_breaker),
	        cmocka_unit_test_setup(the_total_never_goes_back_over_a_cut, start),
	        cmocka_unit_test_setup(stored_each_quarter_hour, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
