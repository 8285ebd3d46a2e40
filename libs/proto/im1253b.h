/* The IM1253B metering module (and its AC sibling IM1281B): Modbus frames with 4-byte registers.
 * docs/protocol/im1253b.md says what we accept and refuse and why. Both sides are here: the
 * terminal asks and receives, the simulated module decodes requests and answers. */
#ifndef LIBS_PROTO_IM1253B_H
#define LIBS_PROTO_IM1253B_H

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/proto/meter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IM1253B_READ       0x03
#define IM1253B_READ_INPUT 0x04 /* the manual names it in prose; we never send it */
#define IM1253B_WRITE      0x10

#define IM1253B_REG_LINE    0x0004 /* address and line settings: 2 bytes, all others have 4 */
#define IM1253B_REG_FIRST   0x0048
#define IM1253B_REG_ENERGY  0x004B
#define IM1253B_REG_LAST    0x0051 /* 0x0050 and 0x0051 on the IM1281B only */
#define IM1253B_REGS        8      /* of the IM1253B, from IM1253B_REG_FIRST */
#define IM1253B_REGS_MAX    10
#define IM1253B_REQUEST_MAX 13
#define IM1253B_REPLY_MAX   (5 + 4 * IM1253B_REGS_MAX)

/* Longest time from the last byte of a request to the last byte of the answer at 4800 8N1. */
#define IM1253B_ANSWER_MS 150
/* 3.5 characters of silence at 4800 8N1 end a frame (rounded up). */
#define IM1253B_GAP_MS 8

struct im1253b_request {
	uint8_t address;
	uint8_t function;
	uint16_t start;
	uint16_t count; /* as on the wire: registers in a read, 16-bit words in a write */
	uint32_t value; /* written */
};

struct im1253b_request im1253b_read(uint8_t address, uint16_t start, uint16_t count);

/* For the factory only: a cleared module must never credit a tenant. */
struct im1253b_request im1253b_clear_energy(uint8_t address);

/* Address and line settings, register 0x0004. */
struct im1253b_line {
	uint8_t address; /* 1..255; 0 is the broadcast address */
	uint8_t format;  /* enum im1253b_format */
	uint16_t baud;   /* 1200, 2400, 4800, 9600, 19200 */
};

enum im1253b_format {
	IM1253B_8N1 = 0,
	IM1253B_8E1 = 1,
	IM1253B_8O1 = 2,
};

const char *im1253b_format_name(unsigned format); /* "8N1" */

/* ERR_RANGE: no such baud rate or format. */
MUST_USE enum err im1253b_line_encode(const struct im1253b_line *line, uint16_t *word);
MUST_USE enum err im1253b_line_decode(uint16_t word, struct im1253b_line *line);

struct im1253b_request im1253b_set_line(uint8_t address, uint16_t word);

/* Returns the length of the frame. */
size_t im1253b_request_encode(const struct im1253b_request *request,
                              uint8_t frame[IM1253B_REQUEST_MAX]);

/* One whole frame. ERR_SHORT, ERR_TOO_LONG, ERR_CRC, ERR_BAD_INPUT (form), ERR_REFUSED (function),
 * ERR_NOT_FOUND (well formed and decoded, but for registers that the module does not have). */
MUST_USE enum err im1253b_request_decode(const uint8_t *frame, size_t len,
                                         struct im1253b_request *request);

/* Length of the right answer to a request. */
size_t im1253b_reply_size(const struct im1253b_request *request);

/* The module's answer; `reg` holds the registers asked for (one for IM1253B_REG_LINE, none for a
 * write). Returns the length. */
size_t im1253b_reply_encode(const struct im1253b_request *request, const uint32_t *reg,
                            uint8_t frame[IM1253B_REPLY_MAX]);

struct im1253b_reply {
	struct im1253b_request request; /* what it answers */
	uint8_t n;                      /* registers */
	uint32_t reg[IM1253B_REGS_MAX];
};

/* One whole frame as the answer to `request`. ERR_SHORT, ERR_TOO_LONG, ERR_BAD_INPUT (another
 * address, function, length or echo), ERR_CRC. */
MUST_USE enum err im1253b_reply_decode(const struct im1253b_request *request, const uint8_t *frame,
                                       size_t len, struct im1253b_reply *reply);

/* Receives byte by byte. Stray bytes before the answer are dropped one at a time until the rest
 * can be the answer; the module never says that it refuses, so silence is the caller's timeout. */
struct im1253b_rx {
	struct im1253b_request request;
	bool waiting;
	uint8_t len;
	uint8_t frame[IM1253B_REPLY_MAX];
	uint32_t good;    /* answers */
	uint32_t bad_crc; /* whole frames with a wrong check sum */
	uint32_t stray;   /* bytes dropped: noise, or parts of a bad frame */
};

/* The request that was just sent; what came before is dropped. */
void im1253b_rx_expect(struct im1253b_rx *rx, const struct im1253b_request *request);

/* ERR_NONE: *reply is the answer, and nothing is expected any more. ERR_BUSY: more bytes to come,
 * or nothing is expected. */
MUST_USE enum err im1253b_rx_byte(struct im1253b_rx *rx, uint8_t byte, struct im1253b_reply *reply);

/* Silence of 3.5 characters, or a byte with a line error: a frame in pieces is no frame. */
void im1253b_rx_gap(struct im1253b_rx *rx);

/* The time for the answer is over. */
void im1253b_rx_cancel(struct im1253b_rx *rx);

/* The eight registers as numbers, in the module's own units. Power, current and power factor are
 * signed: some modules show a reversed transformer as negative. */
struct im1253b_sample {
	uint32_t voltage_100uv; /* 0.0001 V */
	int32_t current_100ua;  /* 0.0001 A */
	int32_t power_100uw;    /* 0.0001 W */
	uint32_t energy_100mwh; /* 0.0001 kWh, wraps at 2^32 */
	int32_t pf_permille;
	uint32_t co2_100mg;
	int32_t temperature_ccel; /* 0.01 degree Celsius */
	uint32_t frequency_chz;   /* 0.01 Hz */
};

/* The answer to a read of all eight registers (or more). ERR_BAD_INPUT: another answer. */
MUST_USE enum err im1253b_sample_decode(const struct im1253b_reply *reply,
                                        struct im1253b_sample *sample);

/* Registers 0x0048..0x004F of a sample, for the simulated module. */
void im1253b_sample_encode(const struct im1253b_sample *sample, uint32_t reg[IM1253B_REGS]);

/* ERR_RANGE when the values cannot be: more than 456 V, 1.2 x rated current, |P| > 1.02 x U x I + 2 W,
 * |PF| > 1, frequency not in 45..65 Hz. Such a set is a bad read, not data. */
MUST_USE enum err im1253b_sample_check(const struct im1253b_sample *sample, uint32_t rated_ma);

/* To the units of the bus, rounded to the nearest; sets the measured fields and `valid` only. */
void im1253b_sample_convert(const struct im1253b_sample *sample, struct meter_values *v);

/* Energy between two register values in 0.1 Wh, across the wrap at 2^32. ERR_RANGE when it is
 * more than `cap_100mwh`, the most that rated power can make in the time between: then the
 * register was cleared or the module replaced, and nothing is billed. */
MUST_USE enum err im1253b_energy_step(uint32_t last_100mwh, uint32_t now_100mwh,
                                      uint32_t cap_100mwh, uint32_t *step_100mwh);
#endif
