/* Devices: terminals found on a bus, their keys, and how one becomes a meter. */
#ifndef PLATFORM_CORE_DEVICE_H
#define PLATFORM_CORE_DEVICE_H

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/core/fault.h"
#include "platform/core/keys.h"
#include "platform/store/meter.h"

/* Version of a key that came with its terminal; changed keys count on from here. */
#define KEY_VERSION_FIRST 1

/* `WATTLE1:<chip>:<key>`, as on the QR label. */
MUST_USE enum err label_parse(const char *label, char chip[CHIP_TEXT_SIZE],
                              uint8_t key[TERMINAL_KEY_SIZE]);

struct adopt_request {
	struct actor actor;
	char chip[CHIP_TEXT_SIZE];
	int64_t meter; /* 12-digit number */
	char name[LABEL_SIZE];
	char meter_use[16];           /* "" : prepaid */
	char model[METER_MODEL_SIZE]; /* "" : the usual one */
	int64_t space_id; /* 0: in no space; else `meter.write` is needed there and outside of spaces */
	bool has_key;
	uint8_t key[TERMINAL_KEY_SIZE]; /* from label or form; without it the imported one */
	struct meter_row row;           /* answer */
	struct place place;             /* answer: of the device, as soon as it is found */
	const char *field;              /* answer on ERR_BAD_INPUT, ERR_DUP: which one */
	struct fault fault;             /* answer: what is wrong with space or model */
};
/* ERR_NOT_FOUND: no such device, or not for this actor to see; ERR_FORBIDDEN; ERR_AUTH: its key is not known; ERR_DUP: number or chip taken. */
MUST_USE enum err device_adopt_step(struct tx *tx, void *adopt_request, int64_t now_ms,
                                    struct effects *out);

/* Lines `chip,key[,label]`, a header line allowed. All or nothing. */
struct import_request {
	struct actor actor;
	char property[SLUG_SIZE]; /* "" : the only one */
	const char *csv;
	size_t len;
	unsigned added, known, line; /* answers; line: where it is wrong */
	const char *why;
};
MUST_USE enum err device_import_step(struct tx *tx, void *import_request, int64_t now_ms,
                                     struct effects *out);

#endif
