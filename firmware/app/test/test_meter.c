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

#define KWH 10000u /* in 0.1 Wh */

/* What a jump of the register comes to: what is counted, whether a new segment begins, and what the events
 * say in Wh. */
struct outcome {
	uint32_t counted;
	bool segment;
	int32_t unbilled_wh, added_wh;
};

/* While the terminal runs, a second goes by; while it was off, nobody knows how much, but not much. */
static const struct jump {
	uint32_t from, to;
	struct outcome running, off;
} jumps[] = {
  /* cleared */
        {500000,     0,                          {0, true, -50000, 0},     {0, true, -50000, 0}          },
 /* another module */
        {500000,     100,                        {0, true, -49990, 0},     {0, true, -49990, 0}          },
        {500000,     498999,                     {0, true, -100, 0},       {0, true, -100, 0}            },
 /* went a little back: a module that saved late */
        {500000,     499000,                     {0, true, -100, 0},       {0, false, 0, 0}              },
        {500000,     499990,                     {0, true, -1, 0},         {0, false, 0, 0}              },
 /* stands still, counts */
        {500000,     500000,                     {0, false, 0, 0},         {0, false, 0, 0}              },
        {500000,     500050,                     {50, false, 0, 0},        {50, false, 0, 0}             },
 /* as much as a power cut can hide, and more */
        {500000,     500000 + KWH - 1,           {0, true, 999, 0},        {KWH - 1, false, 0, 0}        },
        {500000,     500000 + KWH,               {0, true, 1000, 0},       {KWH, false, 0, 1000}         },
        {500000,     500000 + 6 * KWH,           {0, true, 6000, 0},       {6 * KWH, false, 0, 6000}     },
        {500000,     500000 + 6 * KWH + 1,       {0, true, 6000, 0},       {0, true, 6000, 0}            },
        {500000,     500000 + 50 * KWH,          {0, true, 50000, 0},      {0, true, 50000, 0}           },
        {500000,     500000 + 500 * KWH,         {0, true, 500000, 0},     {0, true, 500000, 0}          },
 /* + 10^6 kWh, modulo 2^32; the greatest jump up */
        {500000,     10000500000u % 4294967296u, {0, true, 141006540, 0},  {0, true, 141006540, 0}       },
        {500000,     4294967295,                 {0, true, 429446729, 0},  {0, true, 429446729, 0}       },
        {4294967290, 0x7FFFFFFF,                 {0, true, -214748364, 0}, {0, true, -214748364, 0}      },
 /* wraps: counted, and marked */
        {4294967290, 10,                         {16, true, 0, 0},         {16, true, 0, 0}              },
        {4294967000, 4 * KWH,                    {0, true, -429492700, 0}, {4 * KWH + 296, true, 0, 4029}},
 /* cleared where a wrap is near but not due: 6.6 kWh and 5,000 kWh before the end */
        {0xFFFEFFFF, 5,                          {0, true, -429490175, 0}, {0, true, -429490175, 0}      },
        {4244967296, 100,                        {0, true, -424496719, 0}, {0, true, -424496719, 0}      },
};

static void set_register(uint32_t value)
{
	rig.register_fixed = true;
	rig.sample.energy_100mwh = value;
}

/* Value of the only event of this kind since `from_seq`; 0 when there is none. */
static int32_t event_value(uint32_t from_seq, enum event_kind kind)
{
	struct bulk_events_get get = {from_seq, BULK_EVENTS_MAX};
	struct bulk_events events;
	int32_t value = 0;
	unsigned n = 0;

	journal_get(&rig.terminal.journal, &get, &events);
	for (unsigned i = 0; i < events.n; i++) {
		if (events.event[i].kind != kind)
			continue;
		value = events.event[i].value;
		n++;
	}
	assert_in_range(n, 0, 1);
	return value;
}

static void jump(const struct jump *j, bool off)
{
	const struct outcome *o = off ? &j->off : &j->running;
	uint32_t from_seq;
	unsigned segments;
	uint64_t before;

	rig_init(&rig, 11);
	set_register(j->from);
	assert_true(rig_boot(&rig));
	assert_true(rig_run(&rig, 5000));
	segments = events_of(EVENT_SEGMENT);
	before = total();
	from_seq = rig.terminal.journal.log.newest_seq + 1;
	set_register(j->to);
	if (off)
		assert_true(rig_boot(&rig));
	assert_true(rig_run(&rig, 10000));
	assert_int_equal(total() - before, o->counted);
	assert_int_equal(events_of(EVENT_SEGMENT) - segments, o->segment);
	assert_int_equal(meter()->segment, o->segment);
	assert_int_equal(event_value(from_seq, EVENT_SEGMENT), o->unbilled_wh);
	assert_int_equal(event_value(from_seq, EVENT_ENERGY_ADDED), o->added_wh);
	/* It counts on from there. */
	before = total();
	set_register(j->to + 30);
	assert_true(rig_run(&rig, 2000));
	assert_int_equal(total() - before, 30);
	/* And the next start knows the new base. */
	assert_true(rig_boot(&rig));
	assert_true(rig_run(&rig, 5000));
	assert_int_equal(total() - before, 30);
}

static void jumping_registers_bill_nothing_absurd(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(jumps); i++) {
		print_message("           %u to %u\n", jumps[i].from, jumps[i].to);
		jump(&jumps[i], false);
		jump(&jumps[i], true);
	}
}

/* Many short runs, none of them long enough to store: what the next start finds is still believed. */
static void full_load_and_a_flapping_breaker_are_billed(void **state)
{
	(void)state;
	rig_init(&rig, 11);
	rig.sample.power_100uw = 126700000;
	rig.sample.voltage_100uv = 2640000;
	rig.sample.current_100ua = 480000;
	for (unsigned i = 0; i < 5; i++) {
		/* 14 minutes and more, then off and on at once: 2.9 kWh each. */
		assert_true(rig_boot(&rig));
		assert_true(rig_run(&rig, 899000));
		assert_true(rig_boot(&rig));
		assert_true(
		        rig_run(&rig, 280000)); /* just below 1 kWh: not stored at the next start */
		assert_true(rig_boot(&rig));
		assert_true(rig_run(&rig, 5000));
	}
	assert_int_equal(events_of(EVENT_SEGMENT), 0);
	assert_in_range(rig_register(&rig) - (12345 + total()), 0, 40 + 36);
}

/* ---- a register that does not follow the power ---- */

static void a_frozen_register_is_told(void **state)
{
	uint16_t quality;

	(void)state;
	set_register(rig_register(&rig)); /* 2 kW flow on: 20 Wh take 36 s */
	assert_true(rig_run(&rig, 34000));
	assert_int_equal(events_of(EVENT_REGISTER_FROZEN), 0);
	assert_true(rig_run(&rig, 5000));
	assert_int_equal(events_of(EVENT_REGISTER_FROZEN), 1);
	quality = meter_quality_take(&rig.terminal.meter, rig.now_ms);
	assert_true(quality & METER_FROZEN);
	assert_true(rig_run(&rig, 600000));
	assert_int_equal(events_of(EVENT_REGISTER_FROZEN), 1);
	rig.sample.energy_100mwh += 3;
	assert_true(rig_run(&rig, 2000));
	quality = meter_quality_take(&rig.terminal.meter, rig.now_ms);
	assert_false(quality & METER_FROZEN);
}

static void little_or_no_power_freezes_nothing(void **state)
{
	static const int32_t power_100uw[] = {900000, 0, -20000000};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(power_100uw); i++) {
		rig.sample.power_100uw = power_100uw[i];
		rig.sample.current_100ua = power_100uw[i] < 0 ? -87000 : 87000;
		rig.sample.pf_permille = 0;
		set_register(rig_register(&rig));
		assert_true(rig_run(&rig, 3600 * 1000));
	}
	assert_int_equal(events_of(EVENT_REGISTER_FROZEN), 0);
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
	        cmocka_unit_test(full_load_and_a_flapping_breaker_are_billed),
	        cmocka_unit_test_setup(a_frozen_register_is_told, start),
	        cmocka_unit_test_setup(little_or_no_power_freezes_nothing, start),
	        cmocka_unit_test_setup(one_disturbed_register_is_forgotten, start),
	        cmocka_unit_test(no_wh_is_lost_by_switching_the_breaker),
	        cmocka_unit_test_setup(the_total_never_goes_back_over_a_cut, start),
	        cmocka_unit_test_setup(stored_each_quarter_hour, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
