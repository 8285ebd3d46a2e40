#include "sim/emu/control.h"

#include "libs/base/macros.h"
#include "sim/emu/emulator.h"
#include "sim/emu/mcu_faults.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODULE_BITS = 8, STEP_MAX_MS = 24 * 3600 * 1000 };

/* An operation fills `answer` and returns NULL, or the reason of its refusal. */
typedef const char *(*operation)(struct emulator *e, struct terminal *t, const json_t *in,
                                 json_t *answer);

static json_int_t number_of(const json_t *in, const char *key, json_int_t fallback)
{
	const json_t *value = json_object_get(in, key);

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

static void set(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static const char *op_uart_flip(struct emulator *e, struct terminal *t, const json_t *in,
                                json_t *answer)
{
	json_int_t bit = number_of(in, "bit", 0);

	(void)e;
	(void)answer;
	if (bit < 0 || bit >= MODULE_BITS)
		return "bit is 0..7";
	t->flip_bit = (unsigned)bit;
	return NULL;
}

static const char *op_register(struct emulator *e, struct terminal *t, const json_t *in,
                               json_t *answer)
{
	const char *name = json_string_value(json_object_get(in, "reg"));
	const json_t *value = json_object_get(in, "value");
	int r = 0;

	(void)e;
	(void)answer;
	while (name && r < IM1253B_REGISTERS &&
	       strcmp(name, im1253b_register_name((enum im1253b_register)r)) != 0)
		r++;
	if (!name || r == IM1253B_REGISTERS)
		return "no such register";
	if (!json_is_null(value) && !json_is_integer(value))
		return "value is an integer in the register's unit, or null";
	t->sensor.overridden[r] = json_is_integer(value);
	t->sensor.override[r] = (int32_t)json_integer_value(value);
	return NULL;
}

static const char *op_sensor(struct emulator *e, struct terminal *t, const json_t *in,
                             json_t *answer)
{
	const char *name = json_string_value(json_object_get(in, "mode"));

	(void)e;
	(void)answer;
	for (int m = 0; name && m < IM1253B_MODES; m++) {
		if (strcmp(name, im1253b_mode_name((enum im1253b_mode)m)) != 0)
			continue;
		t->sensor.mode = (enum im1253b_mode)m;
		return NULL;
	}
	return "mode is silent, bad-crc, short, address, echo or normal";
}

static const char *op_seek(struct emulator *e, struct terminal *t, const json_t *in, json_t *answer)
{
	json_int_t minute = number_of(in, "minute", -1);

	(void)e;
	(void)answer;
	if (minute < 0)
		return "minute is a number of the data";
	t->store->position_ms = (uint64_t)minute * 60000;
	return NULL;
}

static const char *op_power(struct emulator *e, struct terminal *t, const json_t *in,
                            json_t *answer)
{
	(void)answer;
	terminal_power(t, json_is_true(json_object_get(in, "on")), e->world->now);
	return NULL;
}

static const char *op_button(struct emulator *e, struct terminal *t, const json_t *in,
                             json_t *answer)
{
	(void)answer;
	terminal_press_button(t, e->world->now, (vtime)number_of(in, "ms", 100) * VTIME_PER_MS);
	return NULL;
}

static const char *op_relay(struct emulator *e, struct terminal *t, const json_t *in,
                            json_t *answer)
{
	(void)e;
	(void)answer;
	t->relay_stuck = json_is_true(json_object_get(in, "stuck"));
	return NULL;
}

static const char *op_cut_flash(struct emulator *e, struct terminal *t, const json_t *in,
                                json_t *answer)
{
	static const char *const modes[] = {"none", "all", "random", "part"};
	const char *mode = json_string_value(json_object_get(in, "mode"));
	json_int_t after = number_of(in, "after", 0);

	(void)e;
	(void)answer;
	t->mcu->flash.cut_mode = FLASH_CUT_RANDOM;
	for (int m = 0; mode && m < 4; m++)
		if (strcmp(mode, modes[m]) == 0)
			t->mcu->flash.cut_mode = (enum flash_cut)m;
	t->mcu->flash.cut_seed = (uint32_t)number_of(in, "seed", 1) | 1U;
	t->mcu->flash.cut_at = after < 0 ? UINT64_MAX : t->mcu->flash.operations + (uint64_t)after;
	return NULL;
}

static const char *op_crystal(struct emulator *e, struct terminal *t, const json_t *in,
                              json_t *answer)
{
	(void)answer;
	mcu_sync(t->mcu, e->world->now);
	mcu_crystal(t->mcu, json_is_true(json_object_get(in, "good")));
	return NULL;
}

static const char *op_break(struct emulator *e, struct terminal *t, const json_t *in,
                            json_t *answer)
{
	static const char *const kinds[] = {"hang", "fault", "assert"};
	const char *kind = json_string_value(json_object_get(in, "kind"));

	(void)answer;
	mcu_sync(t->mcu, e->world->now);
	for (int k = 0; kind && k < (int)ARRAY_SIZE(kinds); k++) {
		if (strcmp(kind, kinds[k]) != 0)
			continue;
		if (k == MCU_BREAK_ASSERT && t->assert_failed == 0)
			return "the application has no assert_failed";
		return mcu_break(t->mcu, (enum mcu_break)k, t->assert_failed,
		                 (uint32_t)number_of(in, "line", 1)) == ERR_NONE
		               ? NULL
		               : "in an interrupt or without power: ask again";
	}
	return "kind is hang, fault or assert";
}

static json_t *pins(const struct terminal *t)
{
	return json_pack("{s:b,s:b,s:b,s:b,s:b}", "coil_close", terminal_pin(t, 'B', 0),
	                 "coil_open", terminal_pin(t, 'B', 1), "feedback", terminal_pin(t, 'B', 5),
	                 "button", terminal_pin(t, 'B', 12), "led", terminal_pin(t, 'C', 13));
}

static json_t *registers(const struct terminal *t)
{
	json_t *out = json_object();

	for (int r = 0; r < IM1253B_REGISTERS; r++)
		json_object_set_new(
		        out, im1253b_register_name((enum im1253b_register)r),
		        json_integer(im1253b_value(&t->sensor, (enum im1253b_register)r)));
	return out;
}

static json_t *data_row(const struct terminal *t)
{
	const struct load_row *row = load_data_at(t->sensor.data, t->store->position_ms);

	return json_pack("{s:I,s:I,s:b,s:I,s:I,s:I}", "minute",
	                 (json_int_t)(t->store->position_ms / 60000), "position_ms",
	                 (json_int_t)t->store->position_ms, "present", row->present, "voltage_mv",
	                 (json_int_t)row->voltage_mv, "power_w", (json_int_t)row->power_w,
	                 "reactive_var", (json_int_t)row->reactive_var);
}

/* The application's own, in the order of its `diagnostics`. */
static const char *const firmware_counters[] = {
        "bad_frames",    "missed_polls",     "implausible",   "line_errors",   "bad_macs",
        "bad_transfers", "can_frames_lost",  "events_lost",   "register_back", "address_clashes",
        "bus_offs",      "commands_dropped", "bulks_dropped",
};

static json_t *counters(const struct terminal *t)
{
	const struct mcu_counters *c = &t->mcu->counters;
	json_t *out = json_object();
	uint32_t value;

	set(out, "instructions", c->instructions);
	set(out, "exceptions", c->exceptions);
	set(out, "wakeups", c->wakeups);
	set(out, "resets", c->resets);
	set(out, "watchdog_resets", c->watchdog_resets);
	set(out, "faults", c->faults);
	set(out, "fault_pc", c->fault_pc);
	set(out, "lockups", c->lockups);
	set(out, "unmodelled", c->unmodelled);
	set(out, "unmodelled_at", c->unmodelled_at);
	set(out, "flash_operations", t->mcu->flash.operations);
	set(out, "contact_moves", t->contact_moves);
	set(out, "uart_flips", t->uart_flips);
	set(out, "sensor_requests", t->sensor.requests);
	set(out, "sensor_replies", t->sensor.replies);
	set(out, "sensor_ignored", t->sensor.ignored);
	set(out, "usart_overruns", t->mcu->usart[1].overruns);
	set(out, "usart_framing_errors", t->mcu->usart[1].framing_errors);
	for (unsigned place = 0; place < ARRAY_SIZE(firmware_counters); place++)
		if (terminal_counter(t, place, &value))
			set(out, firmware_counters[place], value);
	return out;
}

static json_t *can_state(const struct terminal *t)
{
	const struct bxcan *c = &t->mcu->can;

	return json_pack("{s:i,s:i,s:b,s:I,s:i}", "tec", (int)c->node.tec, "rec", (int)c->node.rec,
	                 "bus_off", c->node.bus_off, "bus_offs", (json_int_t)c->bus_offs,
	                 "last_error", (int)c->lec);
}

static json_t *erases(const struct terminal *t)
{
	json_t *out = json_array();

	for (unsigned page = 0; page < FLASH_PAGES; page++)
		json_array_append_new(out, json_integer(t->mcu->flash.erases[page]));
	return out;
}

static const char *op_state(struct emulator *e, struct terminal *t, const json_t *in,
                            json_t *answer)
{
	static const char *const power[] = {"off", "running", "sleeping", "locked up"};
	char chip[2 * MCU_UID_BYTES + 1];

	(void)in;
	for (unsigned i = 0; i < MCU_UID_BYTES; i++)
		snprintf(chip + 2 * i, 3, "%02x", t->mcu->uid[i]);
	json_object_set_new(answer, "terminal", json_integer(t->number));
	json_object_set_new(answer, "chip", json_string(chip));
	json_object_set_new(answer, "power", json_string(power[t->mcu->power]));
	set(answer, "now_ms", e->world->now / VTIME_PER_MS);
	json_object_set_new(answer, "lag_ms", json_integer(e->lag_ms));
	json_object_set_new(answer, "contact_closed", json_boolean(t->store->contact_closed));
	json_object_set_new(answer, "pins", pins(t));
	json_object_set_new(answer, "registers", registers(t));
	json_object_set_new(answer, "energy_rest", json_integer((json_int_t)t->store->energy_rest));
	json_object_set_new(answer, "data", data_row(t));
	json_object_set_new(answer, "can", can_state(t));
	json_object_set_new(answer, "counters", counters(t));
	json_object_set_new(answer, "erases", erases(t));
	json_object_set_new(answer, "console", json_stringn_nocheck(t->console, t->console_len));
	return NULL;
}

static const char *op_quit(struct emulator *e, struct terminal *t, const json_t *in, json_t *answer)
{
	(void)t;
	(void)in;
	(void)answer;
	e->quit = true;
	return NULL;
}

static const char *op_run(struct emulator *e, struct terminal *t, const json_t *in, json_t *answer)
{
	json_int_t ms = number_of(in, "ms", 0);

	(void)t;
	if (e->pace != PACE_STEP)
		return "only with --step";
	if (ms < 0 || ms > STEP_MAX_MS)
		return "ms is 0..86400000";
	emulator_step(e, (uint64_t)ms);
	set(answer, "now_ms", e->world->now / VTIME_PER_MS);
	return NULL;
}

static const char *op_bus(struct emulator *e, struct terminal *t, const json_t *in, json_t *answer)
{
	const char *mode = json_string_value(json_object_get(in, "mode"));
	unsigned frames = (unsigned)number_of(in, "frames", 1);

	(void)t;
	(void)answer;
	if (mode && strcmp(mode, "stuck") == 0)
		can_segment_set_fault(&e->world->segment, CAN_BUS_STUCK, 0);
	else if (mode && strcmp(mode, "corrupt") == 0)
		can_segment_set_fault(&e->world->segment, CAN_BUS_CORRUPT, frames);
	else if (mode && strcmp(mode, "good") == 0)
		can_segment_set_fault(&e->world->segment, CAN_BUS_GOOD, 0);
	else
		return "mode is stuck, corrupt or good";
	return NULL;
}

static const char *op_world(struct emulator *e, struct terminal *t, const json_t *in,
                            json_t *answer)
{
	const struct can_segment *s = &e->world->segment;

	(void)t;
	(void)in;
	set(answer, "now_ms", e->world->now / VTIME_PER_MS);
	set(answer, "terminals", e->world->count);
	set(answer, "frames", s->frames);
	set(answer, "errors", s->errors);
	set(answer, "busy_us", s->busy_ticks / VTIME_PER_US);
	set(answer, "hub_lost", e->hub_lost);
	set(answer, "queue_full", e->world->queue_full);
	json_object_set_new(answer, "lag_ms", json_integer(e->lag_ms));
	json_object_set_new(answer, "lag_max_ms", json_integer(e->lag_max_ms));
	json_object_set_new(answer, "slipped_ms", json_integer(e->slipped_ms));
	return NULL;
}

static const struct {
	const char *name;
	operation run;
	bool of_terminal;
} operations[] = {
        {"uart-flip", op_uart_flip, true },
        {"register",  op_register,  true },
        {"sensor",    op_sensor,    true },
        {"seek",      op_seek,      true },
        {"power",     op_power,     true },
        {"button",    op_button,    true },
        {"relay",     op_relay,     true },
        {"cut-flash", op_cut_flash, true },
        {"crystal",   op_crystal,   true },
        {"break",     op_break,     true },
        {"state",     op_state,     true },
        {"quit",      op_quit,      false},
        {"run",       op_run,       false},
        {"bus",       op_bus,       false},
        {"world",     op_world,     false},
};

static const char *dispatch(struct emulator *e, const json_t *in, json_t *answer)
{
	const char *name = json_string_value(json_object_get(in, "op"));

	for (size_t i = 0; name && i < sizeof operations / sizeof *operations; i++) {
		struct terminal *t;
		const char *refusal;

		if (strcmp(operations[i].name, name) != 0)
			continue;
		if (!operations[i].of_terminal)
			return operations[i].run(e, NULL, in, answer);
		t = world_terminal(e->world, (unsigned)number_of(in, "terminal", 0));
		if (!t)
			return "no such terminal";
		refusal = operations[i].run(e, t, in, answer);
		world_touch(e->world, t);
		return refusal;
	}
	return "no such op";
}

char *control_answer(struct emulator *e, const char *line)
{
	json_error_t error;
	json_t *in = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	json_t *answer = json_object();
	const char *refusal = json_is_object(in) ? dispatch(e, in, answer) : "not a JSON object";
	char *text, *out = NULL;

	json_object_set_new(answer, "ok", json_boolean(!refusal));
	if (refusal)
		json_object_set_new(answer, "error", json_string(refusal));
	text = json_dumps(answer, JSON_COMPACT);
	if (text && asprintf(&out, "%s\n", text) < 0)
		out = NULL;
	free(text);
	json_decref(answer);
	json_decref(in);
	return out;
}
