#include "platform/store/owner.h"

#include <string.h>

/* clang-format off */
static const struct {
	const char *word, *sql;
} kinds[OWNED_COUNT] = {
        [OWNED_ACCOUNT] = {"account", "SELECT 1 FROM account WHERE property_id=? AND account_id=?"},
        [OWNED_ALARM] = {"alarm", "SELECT 1 FROM alarm WHERE property_id=? AND alarm_id=?"},
        [OWNED_ALLOWANCE] = {"allowance", "SELECT 1 FROM allowance WHERE property_id=? AND allowance_id=?"},
        [OWNED_APPROVAL] = {"approval", "SELECT 1 FROM approval WHERE property_id=? AND approval_id=?"},
        [OWNED_BATCH] = {"batch", "SELECT 1 FROM command_batch WHERE property_id=? AND batch_id=?"},
        [OWNED_BILL] = {"bill", "SELECT 1 FROM pay_bill WHERE property_id=? AND bill_id=?"},
        [OWNED_COMMAND] = {"command", "SELECT 1 FROM command WHERE property_id=? AND command_id=?"},
        [OWNED_CUSTOMER] = {"customer", "SELECT 1 FROM customer WHERE property_id=? AND customer_id=?"},
        [OWNED_DEBT] = {"debt", "SELECT 1 FROM debt WHERE property_id=? AND debt_id=?"},
        [OWNED_DIFFERENCE] = {"difference", "SELECT 1 FROM pay_bill_line WHERE property_id=? AND line_id=?"},
        [OWNED_HELD] = {"held", "SELECT 1 FROM supply_held WHERE property_id=? AND held_id=?"},
        [OWNED_IMPORT] = {"import", "SELECT 1 FROM sheet_job WHERE property_id=? AND job_id=?"},
        [OWNED_LEASE] = {"lease", "SELECT 1 FROM lease WHERE property_id=? AND lease_id=?"},
        [OWNED_MESSAGE] = {"message", "SELECT 1 FROM message WHERE property_id=? AND message_id=?"},
        [OWNED_ORDER] = {"order", "SELECT 1 FROM recharge_order WHERE property_id=? AND order_id=?"},
        [OWNED_REFUND] = {"refund", "SELECT 1 FROM refund WHERE property_id=? AND refund_id=?"},
        [OWNED_REMINDER] = {"reminder", "SELECT 1 FROM lease_reminder WHERE property_id=? AND reminder_id=?"},
        [OWNED_ROSTER] = {"roster", "SELECT 1 FROM roster WHERE property_id=? AND roster_id=?"},
        [OWNED_SHIFT] = {"shift", "SELECT 1 FROM shift WHERE property_id=? AND shift_id=?"},
        [OWNED_SUSPENSE] = {"suspense", "SELECT 1 FROM suspense WHERE property_id=? AND suspense_id=?"},
        [OWNED_TAKEOVER] = {"takeover", "SELECT 1 FROM sheet_job WHERE property_id=? AND job_id=?"},
        [OWNED_WEBHOOK] = {"webhook", "SELECT 1 FROM webhook WHERE property_id=? AND webhook_id=?"},
};

/* clang-format on */

bool owned_by_word(const char *word, enum owned *kind)
{
	for (int i = 0; i < OWNED_COUNT; i++) {
		size_t len = strlen(kinds[i].word);

		if (strncmp(word, kinds[i].word, len) != 0 ||
		    strspn(word + len, "s") != strlen(word + len))
			continue;
		*kind = (enum owned)i;
		return true;
	}
	return false;
}

const char *owned_word(enum owned kind)
{
	return kinds[kind].word;
}

enum err owned_find(struct db *db, enum owned kind, int64_t property_id, int64_t number)
{
	struct stmt *st = db_query(db, kinds[kind].sql);
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, number);
	found = stmt_row(st);
	return stmt_end_one(st, found);
}
