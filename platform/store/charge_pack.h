/* Charges of one meter as bytes: those of a day that is posted in one row of `charge_day`, those that are
 * open beside the meter's cursor (docs/design/money.md, "What is stored"). */
#ifndef PLATFORM_STORE_CHARGE_PACK_H
#define PLATFORM_STORE_CHARGE_PACK_H

#include <stdint.h>

#include "platform/store/charge.h"

/* Bytes that grow; free(bytes.data). After `failed` nothing more is added. */
struct bytes {
	uint8_t *data;
	size_t len, room;
	bool failed; /* no memory */
};

void bytes_add(struct bytes *to, const void *data, size_t len);

/* Appends; of a row, what its day's row or its meter's cursor does not say already: not property, meter,
 * account, use, number and group. Any value of 64 bits comes back as it was. */
void charge_pack(struct bytes *to, const struct charge_row *rows, size_t count);
/* Calls `each` with a copy of `base`, filled and numbered from charge_no 1; until it says false. `day` is
 * that of base. ERR_DAMAGED: not what charge_pack wrote. */
MUST_USE enum err charge_unpack(const uint8_t *data, size_t len, const struct charge_row *base,
                                bool (*each)(void *arg, const struct charge_row *), void *arg);

/* A cursor: its numbers (billed_s to version_id of `row`), rests and open charges. */
void rating_pack(struct bytes *to, const struct rating_row *row, const struct rating_open *open);
/* Fills these of `row`, which has its keys, account and use; and `open`, into what it has room for or more.
 * NULL: the numbers alone. ERR_DAMAGED, ERR_NOMEM. */
MUST_USE enum err rating_unpack(const uint8_t *data, size_t len, struct rating_row *row,
                                struct rating_open *open);
/* In two parts: the numbers, and where the rest begins; the rest, which is what is open. */
MUST_USE enum err rating_unpack_row(const uint8_t *data, size_t len, struct rating_row *row,
                                    size_t *rest);
MUST_USE enum err rating_unpack_open(const uint8_t *data, size_t len, const struct rating_row *row,
                                     struct rating_open *open);

/* A gap: its numbers and charges; not property, meter, use and end. */
void gap_pack(struct bytes *to, const struct rating_gap *gap);
/* Fills these of `gap`, which has the others. ERR_DAMAGED, ERR_NOMEM: its parts are to be freed all the same. */
MUST_USE enum err gap_unpack(const uint8_t *data, size_t len, struct rating_gap *gap);

#endif
