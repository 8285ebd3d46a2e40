/* Reports that the installation signs, so that a paper from a drawer can be checked years later:
 * Ed25519 (RFC 8032) over the bytes of the report. The key is made at the first signature. */
#ifndef PLATFORM_CORE_SIGN_H
#define PLATFORM_CORE_SIGN_H

#include "platform/core/step.h"

#define SIGNATURE_TEXT_SIZE 256 /* "ed25519 <public key, hex> <signature, hex>" */

/* ERR_AUTH: there is no key at hand that opens the stored one. */
MUST_USE enum err sign_text(struct tx *tx, const char *text, int64_t now_ms,
                            char signature[SIGNATURE_TEXT_SIZE]);

enum sign_verdict {
	SIGN_GOOD,    /* by a key of this installation */
	SIGN_FOREIGN, /* intact, but by a key that this store does not know */
	SIGN_BAD,     /* text or signature were changed, or it is none */
};
MUST_USE enum err sign_verify(struct db *db, const char *text, const char *signature,
                              enum sign_verdict *verdict);

#endif
