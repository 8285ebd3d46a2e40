#include "sim/models/im1253b.h"

#include "libs/base/crc.h"

#include <math.h>
#include <string.h>

enum {
	ADDRESS = 1,
	FUNCTION_READ = 0x03,
	FUNCTION_WRITE = 0x10,
	FIRST_REGISTER = 0x48,
	ENERGY_REGISTER = 0x4B,
	LINE_REGISTER = 0x04,
	LINE_DEFAULT = 0x0105, /* address 1, 8N1, 4800 */
	READ_REQUEST_LEN = 8,
	CHIP_TEMPERATURE = 3275,
};

#define ENERGY_STEP UINT64_C(3600000000) /* 0.1 Wh in 0.1 mW x ms */

static const char *const register_names[IM1253B_REGISTERS] = {
        "voltage", "current", "power", "energy", "pf", "co2", "temperature", "frequency"};
static const char *const mode_names[IM1253B_MODES] = {"normal", "silent",  "bad-crc",
                                                      "short",  "address", "echo"};

const char *im1253b_register_name(enum im1253b_register r)
{
	return register_names[r];
}

const char *im1253b_mode_name(enum im1253b_mode mode)
{
	return mode_names[mode];
}

int32_t im1253b_value(const struct im1253b *m, enum im1253b_register r)
{
	return m->overridden[r] ? m->override[r] : m->value[r];
}

/* 50 Hz with a walk of one step a refresh, held inside 49.90..50.10 Hz. */
static void walk_frequency(struct im1253b *m)
{
	m->walk = m->walk * UINT32_C(1664525) + UINT32_C(1013904223);
	m->frequency_chz += (int32_t)(m->walk >> 16 & 3U) - 1 - (int32_t)(m->walk >> 18 & 1U);
	if (m->frequency_chz > 5010)
		m->frequency_chz = 5010;
	if (m->frequency_chz < 4990)
		m->frequency_chz = 4990;
}

/* Apparent power gives the current: the recorded one is a minute mean of its own and would not
 * fit power and voltage (data/README.md). */
static void measure(struct im1253b *m, const struct load_row *row)
{
	double p = row->power_w;
	double q = row->reactive_var;
	double s = sqrt(p * p + q * q);
	double u = row->voltage_mv / 1000.0;
	bool loaded = m->store->contact_closed && row->present && s > 0;

	m->value[IM1253B_VOLTAGE] = (int32_t)row->voltage_mv * 10;
	m->value[IM1253B_CURRENT] = loaded ? (int32_t)lround(s / u * 10000) : 0;
	m->value[IM1253B_POWER] = loaded ? (int32_t)row->power_w * 10000 : 0;
	m->value[IM1253B_PF] = loaded ? (int32_t)lround(p / s * 1000) : 0;
	m->value[IM1253B_ENERGY] = (int32_t)m->store->energy;
	m->value[IM1253B_CO2] = (int32_t)((uint64_t)m->store->energy * 997 / 1000);
	m->value[IM1253B_TEMPERATURE] = CHIP_TEMPERATURE;
	m->value[IM1253B_FREQUENCY] = m->frequency_chz;
}

static void count_energy(struct im1253b_store *s, int32_t power, uint32_t elapsed_ms)
{
	if (power <= 0)
		return;
	s->energy_rest += (uint64_t)power * elapsed_ms;
	s->energy +=
	        (uint32_t)(s->energy_rest / ENERGY_STEP); /* wraps at 2^32, as the module does */
	s->energy_rest %= ENERGY_STEP;
}

void im1253b_advance(struct im1253b *m, uint32_t elapsed_ms)
{
	const struct load_row *row;

	count_energy(m->store, im1253b_value(m, IM1253B_POWER), elapsed_ms);
	m->store->position_ms += elapsed_ms;
	row = load_data_at(m->data, m->store->position_ms);
	m->gap = !row->present;
	walk_frequency(m);
	measure(m, row);
}

void im1253b_init(struct im1253b *m, struct im1253b_store *store, const struct load_data *data,
                  unsigned number)
{
	*m = (struct im1253b){.store = store,
	                      .data = data,
	                      .walk = number * UINT32_C(2654435761),
	                      .frequency_chz = 5000};
	if (store->magic != IM1253B_STORE_MAGIC)
		*store = (struct im1253b_store){.magic = IM1253B_STORE_MAGIC,
		                                .position_ms = load_data_start_ms(data, number),
		                                .contact_closed = 1};
	im1253b_advance(m, 0);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & UINT32_C(0xFFFF));
}

static void finish_reply(struct im1253b *m, size_t n)
{
	uint16_t crc = crc16_modbus(m->reply, n);

	m->reply[n] = (uint8_t)crc;
	m->reply[n + 1] = (uint8_t)(crc >> 8);
	m->reply_len = n + 2;
}

/* Each register is four bytes although Modbus says two: byte count 4N. */
static bool answer_measurements(struct im1253b *m, unsigned first, unsigned count)
{
	if (first < FIRST_REGISTER || count == 0 ||
	    first + count > FIRST_REGISTER + IM1253B_REGISTERS)
		return false;
	m->reply[0] = ADDRESS;
	m->reply[1] = FUNCTION_READ;
	m->reply[2] = (uint8_t)(4 * count);
	for (unsigned i = 0; i < count; i++)
		put32(m->reply + 3 + 4 * i,
		      (uint32_t)im1253b_value(m,
		                              (enum im1253b_register)(first - FIRST_REGISTER + i)));
	finish_reply(m, 3 + 4 * count);
	return true;
}

static bool answer_read(struct im1253b *m)
{
	unsigned first = (unsigned)m->request[2] << 8 | m->request[3];
	unsigned count = (unsigned)m->request[4] << 8 | m->request[5];

	if (first != LINE_REGISTER || count != 1)
		return answer_measurements(m, first, count);
	m->reply[0] = ADDRESS;
	m->reply[1] = FUNCTION_READ;
	m->reply[2] = 2;
	put16(m->reply + 3, LINE_DEFAULT);
	finish_reply(m, 5);
	return true;
}

/* Only "energy = 0" is understood: 4B, two 16-bit words, four zero bytes. */
static bool answer_write(struct im1253b *m)
{
	static const uint8_t clear[] = {
	        ADDRESS, FUNCTION_WRITE, 0, ENERGY_REGISTER, 0, 2, 4, 0, 0, 0, 0};

	if (memcmp(m->request, clear, sizeof clear) != 0)
		return false;
	m->store->energy = 0;
	m->store->energy_rest = 0;
	memcpy(m->reply, clear, 6);
	finish_reply(m, 6);
	return true;
}

static void apply_mode(struct im1253b *m)
{
	switch (m->mode) {
	case IM1253B_BAD_CRC:
		m->reply[m->reply_len - 1] ^= 0x5A;
		break;
	case IM1253B_SHORT:
		m->reply_len /= 2;
		break;
	case IM1253B_ADDRESS:
		m->reply[0] = ADDRESS + 1;
		finish_reply(m, m->reply_len - 2);
		break;
	case IM1253B_ECHO:
		memcpy(m->reply, m->request, m->request_len);
		m->reply_len = m->request_len;
		break;
	case IM1253B_NORMAL:
	case IM1253B_SILENT:
	case IM1253B_MODES:
		break;
	}
}

static size_t wanted_length(const struct im1253b *m)
{
	if (m->request_len < 7 || m->request[1] != FUNCTION_WRITE)
		return READ_REQUEST_LEN;
	return 9 + (size_t)m->request[6];
}

static bool answer(struct im1253b *m)
{
	uint16_t crc = crc16_modbus(m->request, m->request_len - 2);
	bool whole = m->request[m->request_len - 2] == (uint8_t)crc &&
	             m->request[m->request_len - 1] == crc >> 8;

	m->requests++;
	if (!whole || m->request[0] != ADDRESS || m->mode == IM1253B_SILENT || m->gap)
		return false;
	if (m->request[1] == FUNCTION_READ)
		return answer_read(m);
	return m->request[1] == FUNCTION_WRITE && answer_write(m);
}

bool im1253b_byte(struct im1253b *m, uint8_t byte, bool good)
{
	bool answered;

	if (!good || m->request_len == sizeof m->request) {
		m->ignored++;
		m->request_len = 0;
		return false;
	}
	m->request[m->request_len++] = byte;
	if (m->request_len < READ_REQUEST_LEN || m->request_len < wanted_length(m))
		return false;
	answered = answer(m);
	if (answered) {
		apply_mode(m);
		m->replies++;
	} else {
		m->ignored++;
	}
	m->request_len = 0;
	return answered;
}

void im1253b_gap(struct im1253b *m)
{
	m->request_len = 0;
}

void im1253b_power_cut(struct im1253b *m)
{
	m->request_len = m->reply_len = 0;
}
