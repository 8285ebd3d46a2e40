#include "platform/core/totp.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/bytes.h"

/* RFC 4226 §5.3: dynamic truncation. */
void totp_code(const uint8_t secret[TOTP_SECRET_SIZE], int64_t step, char code[TOTP_CODE_SIZE])
{
	uint8_t counter[8], mac[EVP_MAX_MD_SIZE] = {0};
	unsigned mac_len = 0;
	uint32_t value;
	size_t at;

	put_be64(counter, (uint64_t)step);
	HMAC(EVP_sha1(), secret, TOTP_SECRET_SIZE, counter, sizeof counter, mac, &mac_len);
	at = mac[19] & 15;
	value = get_be32(mac + at) & 0x7FFFFFFF;
	snprintf(code, TOTP_CODE_SIZE, "%06u", (unsigned)(value % 1000000));
}

bool totp_matches(const uint8_t secret[TOTP_SECRET_SIZE], const char *code, int64_t now_s,
                  int64_t used, int64_t *step)
{
	int64_t now = now_s / TOTP_PERIOD_S;
	char expected[TOTP_CODE_SIZE];
	bool found = false;

	if (strlen(code) != TOTP_CODE_SIZE - 1)
		return false;
	for (int64_t s = now - 1; s <= now + 1; s++) {
		totp_code(secret, s, expected);
		if (sodium_memcmp(expected, code, TOTP_CODE_SIZE - 1) == 0 && s > used && !found) {
			found = true;
			*step = s;
		}
	}
	sodium_memzero(expected, sizeof expected);
	return found;
}

void base32_encode(const uint8_t *data, size_t len, char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | data[i];
		for (have += 8; have >= 5; have -= 5)
			*text++ = letters[bits >> (have - 5) & 31];
	}
	if (have)
		*text++ = letters[bits << (5 - have) & 31];
	*text = '\0';
}

static size_t put_escaped(char *to, size_t size, const char *text)
{
	size_t len = 0;

	for (; *text && len + 4 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c))
			to[len++] = (char)c;
		else
			len += (size_t)snprintf(to + len, size - len, "%%%02X", c);
	}
	to[len] = '\0';
	return len;
}

void totp_url(const char *issuer, const char *name, const char *secret_base32,
              char url[TOTP_URL_SIZE])
{
	char who[TOTP_URL_SIZE / 2], from[TOTP_URL_SIZE / 8];

	put_escaped(who, sizeof who, name);
	put_escaped(from, sizeof from, issuer);
	snprintf(url, TOTP_URL_SIZE,
	         "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=6&period=%d", from,
	         who, secret_base32, from, TOTP_PERIOD_S);
}
