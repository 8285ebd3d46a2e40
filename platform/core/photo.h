/* Photos of registers: sent before the act that uses them, each for one account. docs/design/money.md. */
#ifndef PLATFORM_CORE_PHOTO_H
#define PLATFORM_CORE_PHOTO_H

#include "platform/core/account.h"
#include "platform/store/photo.h"

#define PHOTO_BYTES_MAX   (4 << 20)
#define PHOTOS_MAX        200   /* of an account */
#define PHOTO_UNUSED_KEPT 86400 /* seconds until one that no register uses is removed */

struct photo_add {
	struct account_act act; /* its version does not count */
	const void *bytes;
	size_t len;
	struct photo_row row; /* answer */
};
/* Needs `account.write` or `account.close` at all places of the account. The same picture again is the one that is
 * there. ERR_BAD_INPUT names `body`; ERR_REFUSED: the account has too many. */
MUST_USE enum err photo_add_step(struct tx *tx, void *photo_add, int64_t now_ms,
                                 struct effects *out);

/* A photo that is named for a register is one of this account; NULL and "" name none. ERR_BAD_INPUT names `photo`. */
MUST_USE enum err photo_named(struct tx *tx, struct account_act *act, const char *name);

#endif
