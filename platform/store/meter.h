/* Meters: what is read and switched. Not to be confused with libs/proto/meter.h, their values. */
#ifndef PLATFORM_STORE_METER_H
#define PLATFORM_STORE_METER_H

#include "platform/store/db.h"
#include "platform/store/place.h"
#include "platform/store/terminal.h"

#define METER_NUMBER_MIN INT64_C(100000000000) /* 12 digits, the first not 0 */
#define METER_NUMBER_MAX INT64_C(999999999999)

#define METER_MODEL_SIZE    16
#define METER_MODEL_DEFAULT "wattle-1" /* our terminal: measures, switches, keeps credit */

/* "wattle-1", "wattle-0" (the same without credit of its own). */
bool meter_model_valid(const char *model);
/* May its credit be in it? */
bool meter_model_keeps_credit(const char *model);
/* May it have prices and limits, to charge itself? */
bool meter_model_takes_prices(const char *model);

struct meter_row {
	int64_t property_id;
	int64_t meter;
	char name[LABEL_SIZE];
	char meter_use[16];           /* prepaid | postpaid | control-only | main | common */
	char model[METER_MODEL_SIZE]; /* meter_insert takes METER_MODEL_DEFAULT */
	char chip[CHIP_TEXT_SIZE];
	int64_t gateway_id;
	uint32_t period_s; /* reading plan; 0: the installation's default */
	int64_t space_id;  /* where it is now; 0: nowhere in the tree */
	int64_t created_s, version;
	char gateway[SLUG_SIZE], property[SLUG_SIZE]; /* filled by get and list */
};

bool meter_use_valid(const char *use);

/* Opens its history of places too. ERR_DUP: number or chip are taken, in this or any other
 * property. */
MUST_USE enum err meter_insert(struct db *db, const struct meter_row *row);
MUST_USE enum err meter_get(struct db *db, int64_t property_id, int64_t meter,
                            struct meter_row *row);
MUST_USE enum err meter_by_number(struct db *db, int64_t meter, struct meter_row *row);

/* Meters by number, those greater than `after`, at most `limit`. property_id 0: of all. */
MUST_USE enum err meter_list(struct db *db, int64_t property_id, int64_t after, int64_t limit,
                             void (*each)(void *arg, const struct meter_row *), void *arg);

/* Name, use, period and space, if it still has this version; that grows by one. */
MUST_USE enum err meter_update(struct db *db, struct meter_row *row);

/* A meter's place and use from `from_s` until the next line's. */
struct meter_place_row {
	int64_t property_id, meter, from_s, space_id;
	char meter_use[16];
	char by_name[64];
};

/* A second change in the same second replaces the first. */
MUST_USE enum err meter_place_put(struct db *db, const struct meter_place_row *row);
/* Where it is. ERR_NOT_FOUND: no such meter. */
MUST_USE enum err meter_place_last(struct db *db, int64_t property_id, int64_t meter,
                                   struct meter_place_row *row);
/* Newest first, those from before `before_s`. `each` says whether there is room for more. */
MUST_USE enum err meter_place_list(struct db *db, int64_t property_id, int64_t meter,
                                   int64_t before_s,
                                   bool (*each)(void *arg, const struct meter_place_row *),
                                   void *arg);

#endif
