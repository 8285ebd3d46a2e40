/* Accounts of two customers on an estate, for tests of what becomes of them: opened, read and paid through the
 * platform's own steps. Calls that return no error must work. */
#ifndef PLATFORM_TEST_ACCOUNTS_H
#define PLATFORM_TEST_ACCOUNTS_H

#include "platform/core/account_open.h"
#include "platform/core/photo.h"
#include "platform/store/ledger.h"
#include "platform/test/estate.h"

#define ACCOUNTS_METER  LAB_METER       /* in 301 */
#define ACCOUNTS_SECOND (LAB_METER + 1) /* in 302 */
#define ACCOUNTS_THIRD  (LAB_METER + 2) /* nowhere */

/* 0.60 yuan; with a second step of + 0.10 above 100 kWh a month. */
#define ACCOUNTS_FLAT "{\"rates\":[{\"price_uy\":600000}]}"
#define ACCOUNTS_STEPS                                                                             \
	"{\"rates\":[{\"price_uy\":600000}],\"steps\":{\"thresholds\":[100000],"                   \
	"\"prices_uy\":[0,100000],\"settle\":[{\"day\":1}]}}"

struct accounts {
	struct lab *lab;
	struct estate estate;
	int64_t anna, berta;
};

/* With lab_setup and estate_setup; at the end the ledger must be sound. */
void accounts_setup(struct accounts *a, struct lab *lab);
void accounts_teardown(struct accounts *a);
/* A test of cmocka between the two; of `a` only the lab is filled. */
#define ACCOUNTS_TEST(test, a)                                                                     \
	cmocka_unit_test_prestate_setup_teardown(test, accounts_begin, accounts_end, a)
int accounts_begin(void **state);
int accounts_end(void **state);

void accounts_run(struct accounts *a, enum err (*fn)(struct tx *tx, void *arg, int64_t now_ms),
                  void *arg);
/* The property's only tariff for electricity, since ever. */
void accounts_price(struct accounts *a, const char *body);
/* A reading of this instant, stored and rated. */
void accounts_read(struct accounts *a, int64_t meter, int64_t wh);

struct account_row accounts_row(struct accounts *a, int64_t account_id);
/* An act of the chief on an account as it is; account 0: on one that is to be. */
struct account_act accounts_act(struct accounts *a, int64_t account_id, const char *reason);
/* NULL: the terms that an account has by itself. */
int64_t accounts_draft(struct accounts *a, int64_t customer_id, const struct account_terms *terms);
struct account_binding accounts_binding(int64_t meter);
enum err accounts_open(struct accounts *a, int64_t account_id, struct account_binding *meters,
                       size_t count, struct account_open *open);
/* An account of Anna with ACCOUNTS_METER, whose register stands at 1,000 kWh. */
int64_t accounts_opened(struct accounts *a, const struct account_terms *terms);
/* The same at this price, after a payment; 0 fen: without one. */
int64_t accounts_paid(struct accounts *a, const char *price, int64_t fen);

/* What is posted, in fen. */
int64_t accounts_fen(struct accounts *a, enum ledger_account of, int64_t subject);
int64_t accounts_balance(struct accounts *a, int64_t account_id);
void accounts_pay(struct accounts *a, int64_t account_id, int64_t amount);
#define ACCOUNTS_PICTURE 57
/* A PNG of one column and `height` rows, as far as anybody looks into it; its length. */
size_t accounts_picture(uint8_t height, uint8_t bytes[ACCOUNTS_PICTURE]);
/* Such a photo of a register of the account; its name, which is in *add. */
const char *accounts_photo(struct accounts *a, int64_t account_id, uint8_t height,
                           struct photo_add *add);
/* Whose a meter was at an instant. */
struct account_meter accounts_use(struct accounts *a, int64_t meter, int64_t at_s);

#endif
