/* Tariffs for those who rate: the body of a version as a struct (docs/protocol/tariff.md), and which
 * versions hold for a meter over a span. */
#ifndef PLATFORM_CORE_TARIFF_H
#define PLATFORM_CORE_TARIFF_H

#include "libs/credit/plan.h"
#include "platform/core/fault.h"
#include "platform/core/json_out.h"
#include "platform/store/tariff.h"

#define TARIFF_LABEL_SIZE 81 /* of a rate or line: 20 characters */

/* `plan.version`, `valid_from_s` and `utc_offset_s` are not of the body. */
struct tariff_body {
	struct plan plan;
	char rate_name[PLAN_RATES][TARIFF_LABEL_SIZE];
	char line_name[PLAN_LINES - 1][TARIFF_LABEL_SIZE];
	bool unsettled_said; /* the member `steps.unsettled` was there */
};

#define TARIFF_FIELD_SIZE 64

/* ERR_BAD_INPUT: `field` names the member that is wrong ("steps.thresholds[1]") and `why` says how.
 * ERR_NOMEM. Whatever is read passes plan_check, once version and offset are set. */
MUST_USE enum err tariff_body_parse(const char *json, size_t len, struct tariff_body *body,
                                    char field[TARIFF_FIELD_SIZE], const char **why);
/* A plan that people bring has to say what steps without a settlement do; what is stored is older than this rule. */
bool tariff_body_settles(const struct tariff_body *body);
/* What tariff_body_parse reads, as one object. */
void tariff_body_write(struct json_out *out, const char *key, const struct tariff_body *body);
/* Adds to each rate's price. ERR_RANGE: one leaves its limits, *rate names it from 1; unchanged. */
MUST_USE enum err tariff_body_add(struct tariff_body *body, int64_t delta_uy, unsigned *rate);

/* ---- what holds ---- */

#define TARIFF_SPAN_MAX 64 /* versions within one span; more: ERR_TOO_LONG */

/* Parsed versions by number. One thread's; NULL where one is wanted: read each time. */
struct tariff_cache;

MUST_USE struct tariff_cache *tariff_cache_new(void);
void tariff_cache_free(struct tariff_cache *cache);

struct tariff_ask {
	int64_t property_id, meter;
	enum service service;
	int64_t account_id; /* its terms: under a monthly fee, use costs nothing. 0: no account */
	int32_t utc_offset_s;
	int64_t from_s, to_s; /* the version in force at from_s, and those that begin before to_s */
};

struct tariff_span {
	size_t count;
	const struct plan *plan[TARIFF_SPAN_MAX]; /* by valid_from_s: what rate_interval takes */
	struct plan *own;                         /* freed by tariff_span_free */
	size_t room;
};

/* ERR_NOT_FOUND: nothing is in force at from_s. Free it after any answer. */
MUST_USE enum err tariff_span(struct db *db, struct tariff_cache *cache,
                              const struct tariff_ask *ask, struct tariff_span *span);
void tariff_span_free(struct tariff_span *span);

#endif
