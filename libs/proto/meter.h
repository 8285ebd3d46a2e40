/* The value set of one terminal, and its bits: the same words in the terminal, on CAN, in the
 * uplink columns, in the store and in the API. Bits are never renumbered. */
#ifndef LIBS_PROTO_METER_H
#define LIBS_PROTO_METER_H

#include <stdbool.h>
#include <stdint.h>

enum meter_state {
	METER_CONTACT_CLOSED = 1 << 0, /* what the contact shows */
	METER_WANT_CLOSED = 1 << 1,    /* what the terminal decided */
	METER_FORCED_TRIP = 1 << 2,    /* open until released or closed by a person */
	METER_KEEP_POWER = 1 << 3,     /* closed whatever money, timetable or load say */
	METER_CLOSE_ALLOWED = 1 << 4,  /* waits for the tenant's button */
	METER_RELAY_FAULT = 1 << 5, /* contact differs from wanted, or current flows though open */
	METER_CLOCK_SET = 1 << 6,
	METER_EVENT_PENDING = 1 << 7,
	METER_SAMPLE_TOGGLE = 1 << 8, /* flips with each new value set from the sensor */
};

#define METER_STATE_BITS 9

enum meter_quality {
	METER_SENSOR_FAULT = 1 << 0, /* three polls or more without an answer */
	METER_SAMPLE_STALE = 1 << 1, /* the value set is older than 2.5 s */
	METER_SEGMENT = 1 << 2,      /* the sensor's register was reset, replaced or wrapped */
	METER_IMPLAUSIBLE = 1 << 3,  /* a value set was dropped since the last one */
	METER_STORE_FAULT = 1 << 4,  /* the terminal's flash log failed */
	METER_FROZEN = 1 << 5,       /* the energy register stands still although power flows */
	/* 0..5 travel on CAN, these are added by the gateway in readings */
	METER_CLOCK_UNSURE = 1 << 8, /* the gateway's clock is unconfirmed or was stepped */
	METER_EDGE = 1 << 9,         /* made by an event, not by the reading plan */
};

#define METER_QUALITY_CAN_BITS 6
#define METER_QUALITY_BITS     10

struct meter_values {
	bool valid;         /* voltage, current, power and power factor are measured */
	int32_t voltage_dv; /* 0.1 V */
	int32_t current_ma;
	int32_t power_dw;    /* 0.1 W; negative: fed back */
	int32_t pf_permille; /* 0.001 */
	int32_t frequency_chz;
	uint64_t energy_wh; /* the terminal's own total */
	uint16_t state;     /* enum meter_state */
	uint16_t quality;   /* enum meter_quality */
};

/* The word of a bit number in API, JSON and DBC: "contact_closed", "sensor_fault". NULL for a bit
 * without a name. */
const char *meter_state_word(unsigned bit);
const char *meter_quality_word(unsigned bit);
#endif
