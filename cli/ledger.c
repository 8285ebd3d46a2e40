/* Is the money as it was written? */
#include "cli/backup.h"

#include "platform/store/ledger.h"
#include "platform/store/place.h"

struct ledgers {
	struct db *db;
	int64_t groups;
	unsigned wrong;
};

static void tell(const struct property_row *row, enum err err, const struct ledger_proof *proof)
{
	if (proof->fault == LEDGER_BAD_BALANCE)
		fail("ledger of %s: the balance of %s %lld is not the sum of its entries",
		     row->slug, ledger_account_word(proof->account), (long long)proof->subject);
	else if (proof->fault == LEDGER_BAD_GROUP)
		fail("ledger of %s: group %lld was changed", row->slug, (long long)proof->group_no);
	else if (proof->fault == LEDGER_BAD_STATE)
		fail("ledger of %s: it does not end where it says", row->slug);
	else
		fail("ledger of %s: %s", row->slug, err_text(err));
}

static void check_one(void *arg, const struct property_row *row)
{
	struct ledgers *ledgers = arg;
	struct ledger_proof proof;
	enum err err = ledger_verify(ledgers->db, row->property_id, &proof);

	ledgers->groups += proof.groups;
	if (!err)
		return;
	tell(row, err, &proof);
	ledgers->wrong++;
}

unsigned ledgers_check(struct db *db, int64_t *groups)
{
	struct ledgers ledgers = {.db = db};
	enum err err = property_list(db, check_one, &ledgers);

	*groups = ledgers.groups;
	return err ? (unsigned)fail("the properties cannot be read: %s", err_text(err))
	           : ledgers.wrong;
}
