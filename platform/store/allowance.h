/* Allowances: free energy or money of an account, with a source, a period and an end. What they mean and
 * the order of their use: libs/credit/grant.h. Written by platform/core/allowance.c and rating.c alone. */
#ifndef PLATFORM_STORE_ALLOWANCE_H
#define PLATFORM_STORE_ALLOWANCE_H

#include "libs/credit/grant.h"
#include "platform/store/account.h"

#define ALLOWANCE_SOURCE_SIZE 129 /* 32 characters */
#define ALLOWANCE_NONE_YET    INT64_MIN

enum allowance_period { ALLOWANCE_ONCE, ALLOWANCE_DAILY, ALLOWANCE_MONTHLY };

const char *allowance_period_word(enum allowance_period period); /* "once" ... */
bool allowance_period_parse(const char *word, enum allowance_period *period);
const char *allowance_kind_word(enum grant_kind kind); /* "energy", "money" */
bool allowance_kind_parse(const char *word, enum grant_kind *kind);

struct allowance_row {
	int64_t property_id, allowance_id, account_id;
	enum grant_kind kind;
	enum service service; /* of energy */
	char source[ALLOWANCE_SOURCE_SIZE];
	enum allowance_period period;
	int64_t amount;          /* Wh, litres or fen a time */
	int64_t cap;             /* most in stock; 0: what was left lapses with the period */
	int64_t from_s, until_s; /* INT64_MAX: no end */
	int64_t period_no;       /* the newest period that was given; ALLOWANCE_NONE_YET */
	int64_t left, given, used, lapsed; /* given = used + lapsed + left */
	int64_t ended_s;                   /* over or cleared; 0: it goes on */
	char by_name[64];
	int64_t created_s, version;
};

MUST_USE enum err allowance_insert(struct db *db, const struct allowance_row *row);
MUST_USE enum err allowance_get(struct db *db, int64_t property_id, int64_t allowance_id,
                                struct allowance_row *row);
/* period_no, left, given, used, lapsed, ended_s, if it still has this version; that grows by one. */
MUST_USE enum err allowance_update(struct db *db, struct allowance_row *row);
/* Of an account by number; open_only: those that go on. */
MUST_USE enum err allowance_list(struct db *db, int64_t property_id, int64_t account_id,
                                 bool open_only,
                                 bool (*each)(void *arg, const struct allowance_row *), void *arg);
/* Of a property, or of one account (0: all), newest first, those below `before` (0: from the newest); source
 * NULL: any. */
MUST_USE enum err allowance_page(struct db *db, int64_t property_id, int64_t account_id,
                                 const char *source, bool open_only, int64_t before,
                                 bool (*each)(void *arg, const struct allowance_row *), void *arg);

struct allowance_total {
	char source[ALLOWANCE_SOURCE_SIZE];
	enum grant_kind kind;
	enum service service; /* of energy */
	int64_t allowances, open;
	int64_t accounts; /* with an open one */
	int64_t given, used, lapsed, left;
};
/* Sums of a property by source, kind and service. */
MUST_USE enum err allowance_totals(struct db *db, int64_t property_id,
                                   bool (*each)(void *arg, const struct allowance_total *),
                                   void *arg);

#endif
