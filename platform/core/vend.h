/* The cashier's day and the property's rules of selling: shifts, debts that purchases recover, limits and the
 * service fee. docs/design/orders.md. */
#ifndef PLATFORM_CORE_VEND_H
#define PLATFORM_CORE_VEND_H

#include "platform/core/books.h"

/* ---- rules ---- */

/* What must be read before a service fee is switched on: resale of electricity forbids mark-ups. */
#define FEE_WARNING_ZH                                                                             \
	"转供电价格受政策监管：不得在电价之外加收服务费或变相加价，须公示电价。开启前请确认服务费有合法依据，并已告知用户。"
#define FEE_WARNING_EN                                                                                 \
	"The price of resold electricity is regulated: no mark-up or service fee may be hidden in or " \
	"added to it, and the price must be posted. Confirm that this fee is lawful and that tenants " \
	"were told before you switch it on."

struct vend_edit {
	struct actor actor;
	int64_t property_id;
	int64_t version; /* 0: nothing was set yet */
	bool has[VEND_RULE_COUNT];
	int64_t value[VEND_RULE_COUNT];
	bool fee_confirmed;      /* the warning was shown and accepted */
	struct vend_rules rules; /* answer */
	struct fault fault;
};
/* Needs `property.write`. Without fee_confirmed no fee begins or grows. */
MUST_USE enum err vend_edit_step(struct tx *tx, void *vend_edit, int64_t now_ms,
                                 struct effects *out);

const char *vend_rule_word(enum vend_rule rule); /* "fee_ppm" */
bool vend_rule_fits(enum vend_rule rule, int64_t value);

/* ---- shifts ---- */

struct shift_begin {
	struct actor actor;
	int64_t property_id;
	int64_t opening_fen;  /* float taken out of the safe */
	struct shift_row row; /* answer */
	struct fault fault;
};
/* Needs `vend.sell` somewhere in the property. */
MUST_USE enum err shift_begin_step(struct tx *tx, void *shift_begin, int64_t now_ms,
                                   struct effects *out);

struct shift_end {
	struct actor actor;
	int64_t property_id, shift_id, version; /* 0: whichever it has */
	int64_t counted_fen;
	const char *handed_to, *note; /* a difference wants a note */
	struct shift_row row;         /* answer */
	struct fault fault;
};
/* By who opened it, or by somebody with `ledger.write`. */
MUST_USE enum err shift_end_step(struct tx *tx, void *shift_end, int64_t now_ms,
                                 struct effects *out);
/* What an open shift's till holds by the books. */
MUST_USE enum err shift_expected_fen(struct db *db, const struct shift_row *row, int64_t *fen);

/* ---- debts ---- */

struct debt_edit {
	struct actor actor; /* with a reason */
	int64_t property_id;
	int64_t debt_id; /* 0: a new one; else it is waived */
	int64_t version;
	int64_t account_id;
	enum debt_kind kind;
	int64_t amount_fen;
	struct debt_row row; /* answer */
	struct fault fault;
};
/* Needs `ledger.write` where the account is. */
MUST_USE enum err debt_edit_step(struct tx *tx, void *debt_edit, int64_t now_ms,
                                 struct effects *out);

#endif
