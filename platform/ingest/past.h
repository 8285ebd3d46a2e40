/* The slow path: a reading that is not newer than its meter's last is compared with what is stored
 * for that second. */
#ifndef PLATFORM_INGEST_PAST_H
#define PLATFORM_INGEST_PAST_H

#include "libs/proto/uplink.h"
#include "platform/store/day.h"

enum past_answer { PAST_MISSING, PAST_SAME, PAST_DIFFERENT };

struct past_row {
	struct reading reading;
	enum past_answer answer;
};

struct past;

MUST_USE enum err past_new(struct past **past, struct day_reader *days);
void past_free(struct past *past);

/* Same values? Quality marks of the gateway may differ between two sendings of one reading. */
bool reading_same(const struct reading *a, const struct reading *b);

/* Fills the answers of all rows from the stored batches of this gateway. */
MUST_USE enum err past_look(struct past *past, int64_t property_id, int64_t gateway_id,
                            struct past_row *rows, size_t count);
/* The same from one batch that is not in a file yet. */
void past_look_in(struct past *past, const void *body, size_t len, struct past_row *rows,
                  size_t count);

#endif
