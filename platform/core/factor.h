/* The second factor of a login: TOTP enrolment, codes that count once, recovery codes. Secrets are
 * wrapped by the key outside the store, recovery codes kept as hashes. */
#ifndef PLATFORM_CORE_FACTOR_H
#define PLATFORM_CORE_FACTOR_H

#include "platform/core/admin.h"
#include "platform/core/totp.h"

#define FACTOR_CODE_SIZE   32
#define RECOVERY_CODES     10
#define RECOVERY_CODE_SIZE 20 /* ABCD-EFGH-IJKL-MNOP and the end: 80 bits */

/* Is it a code of this user: of his authenticator and not used yet, or a recovery code, which is
 * then gone? In the step that acts on it. */
MUST_USE enum err factor_check(struct tx *tx, int64_t user_id, const char *code, int64_t now_ms,
                               bool *good);
/* Does one of his roles want a second factor? */
MUST_USE enum err factor_required(struct db *db, int64_t user_id, int64_t now_s, bool *required);

struct totp_start {
	struct actor actor;               /* for himself */
	uint8_t secret[TOTP_SECRET_SIZE]; /* random, by the caller */
};
/* A secret that waits for its first code. ERR_CONFLICT: he has a confirmed one. */
MUST_USE enum err totp_start_step(struct tx *tx, void *totp_start, int64_t now_ms,
                                  struct effects *out);

struct totp_confirm {
	struct actor actor;
	char code[FACTOR_CODE_SIZE];
	char recovery[RECOVERY_CODES][RECOVERY_CODE_SIZE]; /* random, by recovery_codes_new */
	bool good;                                         /* answer */
};

void recovery_codes_new(char codes[RECOVERY_CODES][RECOVERY_CODE_SIZE]);
/* The first code proves that the secret arrived. ERR_NOT_FOUND: none waits. */
MUST_USE enum err totp_confirm_step(struct tx *tx, void *totp_confirm, int64_t now_ms,
                                    struct effects *out);

struct totp_remove {
	struct actor actor;
	int64_t user_id;             /* another's: who may manage him (staff.h), without a code */
	char code[FACTOR_CODE_SIZE]; /* one's own */
	bool good;                   /* answer */
};
/* ERR_NOT_FOUND: there is none. ERR_BAD_INPUT: another's, and no reason. A person whose role wants one must enrol anew at once. */
MUST_USE enum err totp_remove_step(struct tx *tx, void *totp_remove, int64_t now_ms,
                                   struct effects *out);

#endif
