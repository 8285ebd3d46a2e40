/* The metering module as the terminal sees it: bytes on a UART (protocols: register 0x48..0x4F of four
 * bytes each, Modbus CRC, silence on any error), values from the household data, energy kept through
 * power cuts. The 40 A type.
 *
 * Values are held for their whole minute (the data are minute means); only the frequency
 * walks. A missing minute is silence, and no energy is counted in it. */
#ifndef SIM_MODELS_IM1253B_H
#define SIM_MODELS_IM1253B_H

#include "sim/models/load_data.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum im1253b_register {
	IM1253B_VOLTAGE,     /* 0.0001 V */
	IM1253B_CURRENT,     /* 0.0001 A */
	IM1253B_POWER,       /* 0.0001 W */
	IM1253B_ENERGY,      /* 0.0001 kWh */
	IM1253B_PF,          /* 0.001 */
	IM1253B_CO2,         /* 0.0001 kg */
	IM1253B_TEMPERATURE, /* 0.01 degC */
	IM1253B_FREQUENCY,   /* 0.01 Hz */
	IM1253B_REGISTERS,
};

enum im1253b_mode {
	IM1253B_NORMAL,
	IM1253B_SILENT,
	IM1253B_BAD_CRC,
	IM1253B_SHORT,   /* the answer breaks off */
	IM1253B_ADDRESS, /* another module answers */
	IM1253B_ECHO,    /* the request comes back */
	IM1253B_MODES,
};

enum {
	IM1253B_BAUD = 4800,
	IM1253B_REFRESH_MS = 250,
	IM1253B_REPLY_MAX = 64,
	IM1253B_REQUEST_MAX = 32
};

/* What the module and the relay keep without power; lives in sensor.bin. */
struct im1253b_store {
	uint32_t magic;
	uint32_t energy;      /* register, 0.0001 kWh */
	uint64_t energy_rest; /* below it, in 0.1 mW x ms: 3.6e9 make one step */
	uint64_t position_ms; /* in the household data */
	uint32_t contact_closed;
	uint32_t reserved;
};

#define IM1253B_STORE_MAGIC UINT32_C(0x32444D49)

struct im1253b {
	struct im1253b_store *store;
	const struct load_data *data;
	int32_t value[IM1253B_REGISTERS];
	int32_t override[IM1253B_REGISTERS];
	bool overridden[IM1253B_REGISTERS];
	enum im1253b_mode mode;
	uint32_t walk; /* of the frequency */
	int32_t frequency_chz;
	uint8_t request[IM1253B_REQUEST_MAX];
	size_t request_len;
	uint8_t reply[IM1253B_REPLY_MAX];
	size_t reply_len;
	bool gap; /* the minute has no data */
	uint64_t requests, replies, ignored;
};

void im1253b_init(struct im1253b *m, struct im1253b_store *store, const struct load_data *data,
                  unsigned number);

/* `elapsed_ms` have passed with the contact as it is: counts energy, moves on in the data, and
 * refreshes the registers. */
void im1253b_advance(struct im1253b *m, uint32_t elapsed_ms);

/* A byte from the terminal; `good` false: it did not arrive as a byte. True: reply[] is ready. */
bool im1253b_byte(struct im1253b *m, uint8_t byte, bool good);

/* The line was silent for 3.5 characters. */
void im1253b_gap(struct im1253b *m);

/* Power was lost: what is in RAM is gone. */
void im1253b_power_cut(struct im1253b *m);

int32_t im1253b_value(const struct im1253b *m, enum im1253b_register r);
const char *im1253b_register_name(enum im1253b_register r);
const char *im1253b_mode_name(enum im1253b_mode mode);
#endif
