/* docs/protocol/wattle.dbc says the same as our encoder: each signal of each message is read out of
 * our frames by the file's own numbers. A small parser of the lines we need, because it must not share
 * a line with the code it checks. */
#include "libs/base/rnd.h"
#include "libs/proto/can.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIGNALS_MAX  400
#define MESSAGES_MAX 100

struct signal {
	unsigned message;
	char name[40];
	unsigned start, width;
	bool is_signed;
	double factor, least, most;
};

static struct {
	unsigned long id;
	unsigned len;
	unsigned cycle_ms;
	char name[40];
} messages[MESSAGES_MAX];

static struct signal signals[SIGNALS_MAX];
static unsigned message_count, signal_count, value_tables, comments;

static unsigned message_find(unsigned long id)
{
	for (unsigned i = 0; i < message_count; i++)
		if (messages[i].id == id)
			return i;
	fail_msg("no message %lu", id);
	return 0;
}

static void parse_line(const char *line)
{
	struct signal s = {.message = message_count - 1};
	unsigned long id;
	unsigned len, ms;
	char name[40] = "", sign;

	if (sscanf(line, "BO_ %lu %39[^:]: %u", &id, name, &len) == 3) {
		assert_true(message_count < MESSAGES_MAX);
		messages[message_count].id = id;
		messages[message_count].len = len;
		memcpy(messages[message_count++].name, name, sizeof name);
	} else if (sscanf(line, " SG_ %39s : %u|%u@1%c (%lf,0) [%lf|%lf]", s.name, &s.start,
	                  &s.width, &sign, &s.factor, &s.least, &s.most) == 7) {
		assert_true(signal_count < SIGNALS_MAX && message_count > 0);
		s.is_signed = sign == '-';
		signals[signal_count++] = s;
	} else if (sscanf(line, "BA_ \"GenMsgCycleTime\" BO_ %lu %u;", &id, &ms) == 2) {
		messages[message_find(id)].cycle_ms = ms;
	} else if (sscanf(line, "VAL_ %lu %39s", &id, name) == 2) {
		message_find(id);
		value_tables++;
	} else if (strncmp(line, "CM_ ", 4) == 0) {
		comments++;
	} else {
		assert_null(strstr(line, "SG_ ")); /* a signal that we could not read */
	}
}

static int load(void **state)
{
	FILE *f = fopen(SOURCE_DIR "/../../docs/protocol/wattle.dbc", "r");
	char line[400];

	(void)state;
	if (!f)
		return -1;
	while (fgets(line, sizeof line, f))
		parse_line(line);
	fclose(f);
	return 0;
}

static double signal_value(const struct signal *s, const uint8_t *data)
{
	uint64_t raw = 0;

	for (unsigned i = 0; i < s->width; i++) {
		unsigned bit = s->start + i;

		raw |= (uint64_t)(data[bit / 8] >> bit % 8 & 1) << i;
	}
	if (s->is_signed && raw >> (s->width - 1))
		return ((double)raw - pow(2, s->width)) * s->factor;
	return (double)raw * s->factor;
}

static double read_signal(const struct can_msg *msg, const char *name)
{
	unsigned m = message_find((unsigned long)msg->id | 1ul << 31);

	assert_int_equal(messages[m].len, msg->len);
	for (unsigned i = 0; i < signal_count; i++)
		if (signals[i].message == m && strcmp(signals[i].name, name) == 0) {
			double v = signal_value(&signals[i], msg->data);

			assert_true(v >= signals[i].least - 1e-9 && v <= signals[i].most + 1e-9);
			return v;
		}
	fail_msg("%s has no signal %s", messages[m].name, name);
	return 0;
}

static void is(const struct can_msg *msg, const char *name, double want)
{
	double got = read_signal(msg, name);

	if (fabs(got - want) > 1e-6)
		fail_msg("%s is %f, expected %f", name, got, want);
}

static void check_values(uint16_t address, const struct meter_values *v)
{
	static const char *const state_name[] = {
	        "ContactClosed", "WantClosed", "ForcedTrip",   "KeepPower",    "CloseAllowed",
	        "RelayFault",    "ClockSet",   "EventPending", "SampleToggle",
	};
	static const char *const quality_name[] = {"SensorFault", "SampleStale", "Segment",
	                                           "Implausible", "StoreFault",  "Frozen"};
	struct can_msg msg;

	assert_int_equal(can_values_a_encode(address, v, &msg), ERR_NONE);
	is(&msg, "Voltage", v->voltage_dv / 10.0);
	is(&msg, "Current", v->current_ma / 1000.0);
	is(&msg, "Power", v->power_dw / 10.0);
	is(&msg, "PowerFactor", v->pf_permille / 1000.0);
	is(&msg, "Valid", v->valid);
	assert_int_equal(can_values_b_encode(address, v, &msg), ERR_NONE);
	is(&msg, "Energy", (double)v->energy_wh / 1000.0);
	is(&msg, "Frequency", v->frequency_chz / 100.0);
	for (unsigned i = 0; i < ARRAY_SIZE(state_name); i++)
		is(&msg, state_name[i], v->state >> i & 1);
	for (unsigned i = 0; i < ARRAY_SIZE(quality_name); i++)
		is(&msg, quality_name[i], v->quality >> i & 1);
}

static int32_t between(struct rnd *rnd, int32_t least, int32_t most)
{
	return least + (int32_t)rnd_below(rnd, (uint32_t)(most - least) + 1);
}

static void each_signal_reads_what_we_wrote(void **state)
{
	static const struct meter_values most = {
	        true, 8191, 131071, 524287, 2047, 8191, (UINT64_C(1) << 36) - 1, 0x1FF, 0x1F};
	static const struct meter_values least = {false, 0, -131072, -524288, -2048, 0, 0, 0, 0};
	struct rnd rnd;

	(void)state;
	check_values(1, &most);
	check_values(8, &least);
	rnd_seed(&rnd, 1);
	for (int i = 0; i < 500; i++) {
		struct meter_values v = {
		        .valid = rnd_below(&rnd, 2),
		        .voltage_dv = between(&rnd, 0, 8191),
		        .current_ma = between(&rnd, -131072, 131071),
		        .power_dw = between(&rnd, -524288, 524287),
		        .pf_permille = between(&rnd, -2048, 2047),
		        .frequency_chz = between(&rnd, 0, 8191),
		        .energy_wh = rnd_u64(&rnd) >> 28,
		        .state = (uint16_t)rnd_below(&rnd, 512),
		        .quality = (uint16_t)rnd_below(&rnd, 64),
		};

		check_values((uint16_t)between(&rnd, 1, 8), &v);
	}
}

static void time_reads_as_written(void **state)
{
	struct can_msg msg;

	(void)state;
	can_time_encode(1795490409123, &msg);
	is(&msg, "UnixTime", 1795490409123.0);
}

static unsigned cycle_ms(enum can_type type)
{
	if (type == CAN_TIME)
		return 10000;
	return type == CAN_VALUES_A || type == CAN_VALUES_B ? 1000 : 0;
}

static void every_message_is_one_of_ours(void **state)
{
	(void)state;
	assert_int_equal(message_count, 2 + 8 * 6);
	for (unsigned i = 0; i < message_count; i++) {
		struct can_id id;

		assert_true(messages[i].id >> 31); /* extended */
		assert_int_equal(can_id_decode(messages[i].id & 0x7FFFFFFF, &id), ERR_NONE);
		assert_int_equal(messages[i].cycle_ms, cycle_ms(id.type));
		for (unsigned j = 0; j < i; j++)
			assert_true(messages[i].id != messages[j].id);
	}
	assert_in_range(value_tables, 8 * 14, 8 * 30);
	assert_in_range(comments, message_count, 1000);
}

static void signals_share_no_bit(void **state)
{
	(void)state;
	for (unsigned m = 0; m < message_count; m++) {
		uint64_t used = 0;

		for (unsigned i = 0; i < signal_count; i++) {
			if (signals[i].message != m)
				continue;
			assert_true(signals[i].start + signals[i].width <= 8 * messages[m].len);
			for (unsigned bit = 0; bit < signals[i].width; bit++) {
				uint64_t mask = UINT64_C(1) << (signals[i].start + bit);

				assert_true((used & mask) == 0);
				used |= mask;
			}
		}
		if (strncmp(messages[m].name, "VALUES_", 7) == 0) /* all are in use */
			assert_true(used == UINT64_MAX);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_signal_reads_what_we_wrote),
	        cmocka_unit_test(time_reads_as_written),
	        cmocka_unit_test(every_message_is_one_of_ours),
	        cmocka_unit_test(signals_share_no_bit),
	};

	return cmocka_run_group_tests(tests, load, NULL);
}
