/* One-time codes of a second factor: RFC 6238 with SHA-1, 6 digits, 30 s, as every authenticator
 * program does it. Arithmetic only; rows and rules are platform/core/factor.h. */
#ifndef PLATFORM_CORE_TOTP_H
#define PLATFORM_CORE_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOTP_PERIOD_S    30
#define TOTP_SECRET_SIZE 20
#define TOTP_CODE_SIZE   7  /* 6 digits and the end */
#define TOTP_BASE32_SIZE 33 /* the secret as people type it */
#define TOTP_URL_SIZE    512

/* The code of one step (Unix time / 30). */
void totp_code(const uint8_t secret[TOTP_SECRET_SIZE], int64_t step, char code[TOTP_CODE_SIZE]);

/* Is it the code of now, or of the step before or after (clocks differ)? Steps up to `used` are
 * spent. *step: the one it belongs to. */
bool totp_matches(const uint8_t secret[TOTP_SECRET_SIZE], const char *code, int64_t now_s,
                  int64_t used, int64_t *step);

/* RFC 4648 without padding. `text` takes (len * 8 + 4) / 5 characters and the end. */
void base32_encode(const uint8_t *data, size_t len, char *text);

/* otpauth://totp/… for the picture that authenticator programs read. */
void totp_url(const char *issuer, const char *name, const char *secret_base32,
              char url[TOTP_URL_SIZE]);

#endif
