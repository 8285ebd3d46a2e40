/* Passwords: what is a good one, and its hash. */
#ifndef PLATFORM_CORE_PASSWORD_H
#define PLATFORM_CORE_PASSWORD_H

#include <stdbool.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "platform/store/user.h"

#define PASSWORD_MIN  10 /* characters */
#define PASSWORD_SIZE 256

/* NULL: it may be used. Else why not, in English and Chinese. */
struct password_fault {
	const char *en, *zh;
};
const struct password_fault *password_fault(const char *password, const char *user_name);

/* Argon2id. Slow on purpose: not on the I/O thread, not in a step. */
MUST_USE enum err password_hash(const char *password, char hash[PASSWORD_HASH_SIZE]);
bool password_verify(const char *password, const char *hash);

/* A password for somebody else to change at once: 16 characters of 31, 79 bits, none of them
 * easily taken for another. */
#define PASSWORD_RANDOM_SIZE 17
void password_random(char password[PASSWORD_RANDOM_SIZE]);

#endif
