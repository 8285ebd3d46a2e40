/* Any bytes as the three tables that survive a restart, behind a sound check sum: records of {table,
 * length (2 bytes), bytes}. What is taken is written the same way again; what is not leaves its table
 * empty and is counted; and with whatever was taken, terminals and commands go on for some minutes. */
#include "gateway/core/tables.h"

#include "gateway/spool/test/fake_disk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TABLES 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[TABLES] = {"terminals.tab", "policy.tab", "commands.tab"};

static struct fake_disk fake;
static struct tables tables;
static struct commands commands;
static struct policy policy;

static void can_out(void *ctx, const struct can_msg *msg)
{
	(void)ctx;
	assert(msg->len <= 8);
}

static void event_out(void *ctx, const struct terminal *t, const struct bulk_event *event)
{
	(void)ctx, (void)t, (void)event;
}

static void terminal_out(void *ctx, struct terminal *t)
{
	(void)ctx, (void)t;
}

static void answer_out(void *ctx, struct terminal *t, const uint8_t *body, size_t len)
{
	(void)ctx, (void)t, (void)body, (void)len;
}

static void failed_out(void *ctx, struct terminal *t, enum err err)
{
	(void)ctx, (void)t, (void)err;
}

static void want_out(void *ctx, const struct terminal *t, const struct bulk_time_want *want)
{
	(void)ctx, (void)t, (void)want;
}

static void result_out(void *ctx, const struct uplink_result *result)
{
	(void)ctx;
	assert(result->stage >= 1 && result->stage <= 6);
}

static void note_out(void *ctx, const struct pending_command *c, const char *text)
{
	(void)ctx, (void)c, (void)text;
}

static size_t files_write(const uint8_t *data, size_t size)
{
	size_t written = 0;

	while (size >= 3) {
		size_t len = (size_t)data[1] << 8 | data[2];

		len = len < size - 3 ? len : size - 3;
		assert(!statefile_save(&fake.disk, files[data[0] % TABLES], data + 3, len));
		data += 3 + len;
		size -= 3 + len;
		written++;
	}
	return written;
}

static void open_tables(void)
{
	const struct terminals_out terminals_out = {NULL,         can_out,      event_out,
	                                            terminal_out, terminal_out, answer_out,
	                                            failed_out,   want_out};
	const struct commands_out commands_out = {NULL, result_out, note_out};

	policy = (struct policy){.period_s = POLICY_PERIOD_S};
	tables.disk = &fake.disk;
	tables.commands = &commands;
	assert(!terminals_new(&tables.terminals, &terminals_out));
	commands_init(&commands, tables.terminals, &policy, &commands_out);
}

static size_t terminals_count(void)
{
	size_t n = 0;

	for (unsigned i = 0; terminals_next(tables.terminals, &i);)
		n++;
	return n;
}

static size_t commands_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < commands.used; i++)
		n += commands.all[i].step != STEP_FREE;
	return n;
}

/* What was taken is written, and read again as the same. */
static void write_and_compare(const struct terminals_now *now)
{
	static uint8_t before[TABLES][STATEFILE_BODY_MAX], after[STATEFILE_BODY_MAX];
	size_t len[TABLES], again;
	unsigned damaged = 0;

	assert(!tables_save_terminals(&tables) && !tables_save_policy(&tables, &policy) &&
	       !tables_save_commands(&tables));
	for (int i = 0; i < TABLES; i++)
		assert(!statefile_load(&fake.disk, files[i], before[i], sizeof before[i], &len[i]));
	terminals_free(tables.terminals);
	open_tables();
	assert(!tables_load(&tables, &policy, now, &damaged));
	assert(damaged == 0);
	assert(!tables_save_terminals(&tables) && !tables_save_policy(&tables, &policy) &&
	       !tables_save_commands(&tables));
	for (int i = 0; i < TABLES; i++) {
		assert(!statefile_load(&fake.disk, files[i], after, sizeof after, &again));
		assert(again == len[i] && memcmp(before[i], after, again) == 0);
	}
}

static void go_on(struct terminals_now now)
{
	struct commands_now cnow = {now.mono_ms, now.time_ms, true};

	commands_resume(&commands, &cnow);
	terminals_bus_up(tables.terminals, &now);
	for (int step = 0; step < 40; step++) {
		now.mono_ms += 5000;
		now.time_ms += 5000;
		cnow = (struct commands_now){now.mono_ms, now.time_ms, true};
		terminals_tick(tables.terminals, &now);
		commands_tick(&commands, &cnow);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct terminals_now now = {1000, INT64_C(1795500000000)};
	unsigned damaged = 0;
	size_t written;
	enum err err;

	fake_disk_init(&fake);
	written = files_write(data, size);
	open_tables();
	err = tables_load(&tables, &policy, &now, &damaged);
	assert(!err || err == ERR_VERSION);
	assert(damaged <= written);
	if (!err && damaged == written && written > 0)
		assert(!terminals_count() && !policy.n_meters && !commands_count());
	if (!err) {
		write_and_compare(&now);
		go_on(now);
	}
	terminals_free(tables.terminals);
	fake_disk_free(&fake);
	return 0;
}
