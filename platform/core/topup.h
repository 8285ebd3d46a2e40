/* Credit into the purse of a meter, exactly once on a way that loses, repeats and delays: the counted
 * delivery of docs/design/orders.md. One is under way per meter; what the meter answers or shows decides.
 *
 * topup_work_step gives what is due as commands; whatever a command comes to is told back
 * (topup_command_answered, topup_command_lost). */
#ifndef PLATFORM_CORE_TOPUP_H
#define PLATFORM_CORE_TOPUP_H

#include "libs/proto/command.h"
#include "platform/core/books.h"
#include "platform/core/command.h"
#include "platform/store/topup.h"

/* ---- the table ---- */

struct purse_values {
	int64_t count, total_fen;
};

enum topup_verdict {
	TOPUP_THERE,    /* delivered */
	TOPUP_SEND,     /* not there: the same once more */
	TOPUP_SEND_OLD, /* it lost an earlier one: that first */
	TOPUP_ASK,      /* read the purse, then decide */
	TOPUP_FAILS,    /* the meter will not take it */
	TOPUP_DIFFERS,  /* somebody else counted: a person decides */
};

/* What a read purse says about a delivery that would make it `then`, while we know `ours` to be in it. */
enum topup_verdict topup_judge(const struct purse_values *ours, const struct purse_values *then,
                               const struct purse_values *read);

enum topup_outcome {
	TOPUP_ADDED,
	TOPUP_REPEAT,      /* 重复充值: nothing added */
	TOPUP_COUNT_ERROR, /* 充值次数错误: nothing added */
	TOPUP_HOARDING,    /* over its limit: nothing added */
	TOPUP_CUSTOMER,    /* another customer number */
	TOPUP_CHECK,       /* its check failed */
	TOPUP_OTHER,
	TOPUP_LATER,  /* not now, for a reason that passes: clock, flash, busy */
	TOPUP_SILENT, /* no answer in time */
};

#define TOPUP_OUTCOMES (TOPUP_SILENT + 1)

const char *topup_outcome_word(enum topup_outcome outcome); /* "count_error" */
/* The same of an answer, which brings the purse as the meter has it then (unless silent). */
enum topup_verdict topup_judge_answer(enum topup_outcome outcome, const struct purse_values *then,
                                      const struct purse_values *read);

/* ---- steps ---- */

/* Inside the order's step: queues its credit, or lets it wait for the one before it. */
MUST_USE enum err topup_begin(struct tx *tx, struct order_row *order, const char *who,
                              int64_t now_ms, struct effects *out);
/* Money of the account is to be in the purse of this meter: a swap, an old balance. Queued, or waits. */
MUST_USE enum err topup_carry(struct tx *tx, int64_t property_id, int64_t account_id, int64_t meter,
                              int64_t amount_fen, int64_t now_ms);
/* A use of a meter that keeps its credit has ended: orders on their way into it are credited to the
 * account, everything for it is dropped, and what is left in it is to be voided, unless nothing was ever
 * sent there. *credited_fen: of those orders and carries, money that stays in the account. */
MUST_USE enum err topup_leave(struct tx *tx, int64_t property_id, int64_t meter,
                              int64_t *credited_fen, int64_t now_ms, struct effects *out);
/* Its money goes back: nothing of it may be sent any more; the next one moves up. ERR_REFUSED: it may be in
 * the meter already. */
MUST_USE enum err topup_drop(struct tx *tx, const struct order_row *order, int64_t now_ms);

struct topup_told {
	int64_t property_id, topup_id;
	enum topup_outcome outcome;
	bool has_purse; /* the answer said what is in it */
	struct purse_values purse;
	int64_t balance_fen;
	int64_t counter; /* of the command that was answered; 0: not known */
	bool left_once;  /* that command was not sent a second time */
	/* answers */
	struct topup_row row;
	struct order_row order;
};
/* What came back to a delivery that was sent. Messages may come twice, late and in any order. */
MUST_USE enum err topup_told_step(struct tx *tx, void *topup_told, int64_t now_ms,
                                  struct effects *out);

struct topup_read {
	int64_t property_id, meter;
	struct purse_values purse;
	int64_t balance_fen, read_ms;
	int64_t counter; /* as above */
	/* answers */
	struct meter_purse row;
	bool differs; /* from what we know, with nothing under way that would explain it */
};
/* A purse as it was read: kept beside ours, and decides what is under way. An older one than the last, by
 * time or counter, is passed over. */
MUST_USE enum err topup_read_step(struct tx *tx, void *topup_read, int64_t now_ms,
                                  struct effects *out);

/* A person tries a failed or held one once more: with `as_meter` what the meter says is taken as ours first. */
struct topup_retry {
	struct actor actor; /* with a reason */
	int64_t property_id, order_id;
	bool as_meter;
	struct order_row order; /* answer */
	struct fault fault;
};
MUST_USE enum err topup_retry_step(struct tx *tx, void *topup_retry, int64_t now_ms,
                                   struct effects *out);

/* ---- the carrier ---- */

struct topup_work {
	struct command_rules rules;
};
/* Each second, as a bulk step: what is due leaves as recharge commands. */
MUST_USE enum err topup_work_step(struct tx *tx, void *topup_work, int64_t now_ms,
                                  struct effects *out);

/* Called by command.c. A signed result of any command: what it says about the purse. */
MUST_USE enum err topup_command_answered(struct tx *tx, const struct command_row *command,
                                         const struct result *result, int64_t now_ms,
                                         struct effects *out);
/* A recharge or void ended without one. */
MUST_USE enum err topup_command_lost(struct tx *tx, const struct command_row *command,
                                     int64_t now_ms, struct effects *out);

#define TOPUP_AGAIN_MS     INT64_C(30000) /* between two tries, doubled up to */
#define TOPUP_AGAIN_MAX_MS INT64_C(900000)
#define TOPUP_VOID_MAX_MS  INT64_C(21600000) /* a void's: nobody waits for it */

#endif
