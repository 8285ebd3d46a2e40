/* Messages to tenants, written in the transaction of their cause, and the sender that takes them from
 * the outbox after it. Kinds, texts and templates: message.h; the rules: docs/design/supply.md. */
#ifndef PLATFORM_CORE_MESSAGE_OUT_H
#define PLATFORM_CORE_MESSAGE_OUT_H

#include "libs/base/money.h"
#include "platform/core/admin.h"
#include "platform/core/fault.h"

#include "platform/store/message.h"

#define MESSAGE_VALUES_MAX 8
#define MESSAGE_VALUE_SIZE 64

struct message_value {
	const char *name; /* a field of the kind: "amount", "order" ... */
	char text[MESSAGE_VALUE_SIZE];
};

/* What it says beside property, place, account, customer and phone, which come from the rows. */
struct message_out {
	int64_t property_id, account_id;
	const char *kind;    /* "recharged": a word of message_kinds */
	const char *episode; /* unique: the same again writes nothing, "recharged:ORDER" */
	const char *cause;   /* for people: "order 12" */
	bool stays_cut;      /* money came in and does not bring supply back: {supply} says so */
	struct message_value value[MESSAGE_VALUES_MAX];
	size_t count;
};

/* One more value; more than MESSAGE_VALUES_MAX is a mistake of the caller. */
void message_put_text(struct message_out *message, const char *name, const char *text);
void message_put_money(struct message_out *message, const char *name, struct money amount);
/* "2026-11-26 18:00" in the civil time of the property. */
MUST_USE enum err message_put_time(struct tx *tx, struct message_out *message, const char *name,
                                   int64_t at_s);

/* In the language of the account's customer, to his main phone. ERR_NONE also when the episode has one
 * already. ERR_NOT_FOUND: no such account or kind. */
MUST_USE enum err message_write(struct tx *tx, const struct message_out *message, int64_t now_ms);

/* Regularly, as a bulk step: what is due is sent. The only provider so far is the log. */
struct message_send {
	uint64_t sent; /* answer */
};
MUST_USE enum err message_send_step(struct tx *tx, void *message_send, int64_t now_ms,
                                    struct effects *out);

/* The same text again, to the phone that the customer has now, at once. */
struct message_resend {
	struct actor actor;
	int64_t property_id, message_id;
	int64_t new_id; /* answer */
	struct fault fault;
};
/* Needs `account.write`. ERR_REFUSED: its text was removed. */
MUST_USE enum err message_resend_step(struct tx *tx, void *message_resend, int64_t now_ms,
                                      struct effects *out);

#endif
