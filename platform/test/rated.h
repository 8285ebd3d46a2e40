/* A meter whose use is rated for an account, for tests of what it costs: tariffs that hold, marks of its register, and
 * what the account has then. Calls that return no error must work. */
#ifndef PLATFORM_TEST_RATED_H
#define PLATFORM_TEST_RATED_H

#include "platform/core/rating.h"
#include "platform/test/lab.h"

#define RATED_ACCOUNT 7
#define RATED_METER   LAB_METER

struct rated {
	struct lab *lab;
	int64_t property_id;
};

/* With lab_setup. */
void rated_setup(struct rated *r, struct lab *lab);
/* A test of cmocka between that and lab_teardown; of `r` only the lab is filled. */
#define RATED_TEST(test, r)                                                                        \
	cmocka_unit_test_prestate_setup_teardown(test, rated_begin, rated_end, r)
int rated_begin(void **state);
int rated_end(void **state);

/* A step that calls what is under test: the lab commits or undoes it. */
enum err rated_run(struct rated *r, enum err (*fn)(struct tx *tx, void *arg, int64_t now_ms),
                   void *arg);

/* A published version; from when on a meter (0: the property's electricity) pays by a tariff. */
void rated_version(struct rated *r, int64_t tariff_id, int64_t version_id, int64_t valid_from_s,
                   const char *body);
void rated_use(struct rated *r, int64_t meter, int64_t from_s, int64_t tariff_id);
/* The property's only tariff, one version since ever. */
void rated_price(struct rated *r, const char *body);

enum err rated_start(struct rated *r, struct rating_start *start);
enum err rated_settle(struct rated *r, struct rating_settle *settle);
void rated_start_at(struct rated *r, int64_t at_s, int64_t units, int64_t step_used,
                    int64_t settled_s);
struct rating_pass rated_pass_marks(struct rated *r, const struct rate_mark *marks, size_t count);
/* One mark; the lab's clock is at it, at least. */
struct rating_pass rated_read_at(struct rated *r, int64_t at_s, int64_t units);

struct rating_row rated_cursor(struct rated *r);
/* What is posted, in fen. */
int64_t rated_balance(struct rated *r);
struct account_money rated_money(struct rated *r);
/* What the account has once all that is open counts, in fen. */
int64_t rated_available(struct rated *r);

#endif
