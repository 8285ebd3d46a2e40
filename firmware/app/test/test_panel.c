/* What a person at the meter sees and does: the light for each state, and the button. */
#include "firmware/app/test/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ADDRESS 17
#define NOW_MS  (RIG_TIME_S * UINT64_C(1000))
#define STEPS   16

static struct rig rig;
static struct gate gate;

static void fresh(void)
{
	rig_init(&rig, 61);
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
}

static void met(void)
{
	fresh();
	assert_true(gate_meet(&gate, NOW_MS));
}

/* ---- the light ---- */

static void running(void)
{
	met();
}

static void searching(void)
{
	fresh();
	gate.assigns = false;
}

static void press_to_close(void)
{
	met();
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	assert_true(gate_run(&gate, 100));
	assert_true(gate_order(&gate, 3, COMMAND_ALLOW_CLOSE));
}

static void silent_sensor(void)
{
	press_to_close();
	rig.sensor = SENSOR_SILENT;
	assert_true(gate_run(&gate, 5000));
}

static void stuck_relay(void)
{
	met();
	rig.sensor = SENSOR_SILENT;
	rig.contact_stuck = true;
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	assert_true(gate_run(&gate, 5000));
}

static void bad_flash(void)
{
	stuck_relay();
	rig.flash.dead = true;
	assert_true(gate_order(&gate, 3, COMMAND_CLOSE));
}

static void energy_not_stored(void)
{
	met();
	rig.flash.dead = true;
	assert_true(gate_run(&gate, 901000));
}

static void no_key(void)
{
	rig_init(&rig, 61);
	rig.flash.cell[PAGE_IDENTITY * FLASH_PAGE_SIZE / 2 + 8] ^= 1;
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
}

static void no_crystal(void)
{
	rig_init(&rig, 61);
	rig.boot.clock_failed = true;
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
}

static void held_at_the_start(void)
{
	rig_init(&rig, 61);
	rig.button_down = true;
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	rig.contact_stuck = true;
	assert_true(gate_run(&gate, PANEL_HELD_MS + 500));
	rig.button_down = false;
}

/* Bit n of `lit`: the light in step n of 125 ms, from the longest dark on (docs/hardware/terminal.md). A
 * worse state hides a lesser one. */
static const struct {
	const char *name;
	void (*make)(void);
	uint16_t lit;
} lights[] = {
        {"running",           running,           0x0001},
        {"searching",         searching,         0x5555},
        {"press to close",    press_to_close,    0x0F0F},
        {"silent sensor",     silent_sensor,     0x0005},
        {"stuck relay",       stuck_relay,       0x0015},
        {"bad flash",         bad_flash,         0x0055},
        {"energy not stored", energy_not_stored, 0x0055},
        {"no key",            no_key,            0x0055},
        {"no crystal",        no_crystal,        0x0055},
        {"held at the start", held_at_the_start, 0x7FFF},
};

/* Where in its pattern the terminal is, is nobody's business: any turn of it will do. */
static bool same_turned(uint16_t a, uint16_t b)
{
	for (unsigned turn = 0; turn < STEPS; turn++)
		if (a == (uint16_t)(b << turn | b >> (STEPS - turn) % STEPS))
			return true;
	return false;
}

static uint16_t look_at_the_light(void)
{
	uint16_t lit = 0;

	for (unsigned step = 0; step < STEPS; step++) {
		assert_true(gate_run(&gate, PANEL_STEP_MS / 2));
		lit = (uint16_t)(lit | rig.led << step);
		assert_true(gate_run(&gate, PANEL_STEP_MS - PANEL_STEP_MS / 2));
	}
	return lit;
}

static void each_state_has_its_light(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(lights); i++) {
		uint16_t lit;

		lights[i].make();
		assert_true(gate_run(&gate, 2000));
		lit = look_at_the_light();
		if (!same_turned(lit, lights[i].lit))
			fail_msg("%s: %04x instead of %04x", lights[i].name, lit, lights[i].lit);
	}
}

/* ---- the button ---- */

static unsigned presses(void)
{
	struct bulk_events_get get = {1, BULK_EVENTS_MAX};
	struct bulk_events events;
	unsigned n = 0;

	journal_get(&rig.terminal.journal, &get, &events);
	for (unsigned i = 0; i < events.n; i++)
		n += events.event[i].kind == EVENT_BUTTON;
	return n;
}

static void hold(uint32_t ms)
{
	rig.button_down = true;
	assert_true(gate_run(&gate, ms));
	rig.button_down = false;
	assert_true(gate_run(&gate, 200));
}

static void a_press_is_one_and_bouncing_is_none(void **state)
{
	(void)state;
	met();
	for (unsigned i = 0; i < 20; i++) {
		rig.button_down = i % 2 == 0;
		assert_true(gate_run(&gate, 20));
	}
	rig.button_down = false;
	assert_true(gate_run(&gate, 200));
	assert_int_equal(presses(), 0);
	hold(60);
	assert_int_equal(presses(), 1);
	hold(3000);
	assert_int_equal(presses(), 2);
}

static void held_at_the_start_is_no_press(void **state)
{
	(void)state;
	rig_init(&rig, 61);
	rig.button_down = true;
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_run(&gate, 1000));
	rig.button_down = false;
	assert_true(gate_run(&gate, 1000));
	assert_int_equal(presses(), 0);
	hold(60);
	assert_int_equal(presses(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_state_has_its_light),
	        cmocka_unit_test(a_press_is_one_and_bouncing_is_none),
	        cmocka_unit_test(held_at_the_start_is_no_press),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
