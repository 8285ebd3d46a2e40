#include "platform/core/password.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "libs/base/utf8.h"

_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "libsodium's hash text fits");

enum err password_hash(const char *password, char hash[PASSWORD_HASH_SIZE])
{
	if (sodium_init() < 0)
		return ERR_INTERNAL;
	/* 64 MiB and 2 passes: a login costs about 0.1 s here and a guess the same elsewhere. */
	if (crypto_pwhash_str_alg(hash, password, strlen(password),
	                          crypto_pwhash_OPSLIMIT_INTERACTIVE,
	                          crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13))
		return ERR_NOMEM;
	return ERR_NONE;
}

bool password_verify(const char *password, const char *hash)
{
	return sodium_init() >= 0 &&
	       crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

void password_random(char password[PASSWORD_RANDOM_SIZE])
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";

	for (size_t i = 0; i + 1 < PASSWORD_RANDOM_SIZE; i++)
		password[i] = letters[randombytes_uniform(sizeof letters - 1)];
	password[PASSWORD_RANDOM_SIZE - 1] = '\0';
}

/* ---- rules ---- */

/* What guessing programs try first, in any mixture of cases, as the whole or with digits and signs
 * around it. */
static const char *const common[] = {
        "password", "passw0rd",  "qwerty",   "qwertyuiop", "asdfghjkl",     "zxcvbnm",   "iloveyou",
        "admin",    "letmein",   "welcome",  "wattle",     "woaini",        "woaiwojia", "mima",
        "qazwsx",   "qazwsxedc", "dianbiao", "wuye",       "administrator",
};

/* Few different characters, or a run like 1234567890 up or down. */
static bool is_simple(const char *text)
{
	bool seen[256] = {false};
	size_t different = 0, runs = 0, len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		different += !seen[c];
		seen[c] = true;
		if (i > 0) {
			int step = c - (unsigned char)text[i - 1];

			runs += step == 1 || step == -1 || step == 0 || step == -9 || step == 9;
		}
	}
	return different < 5 || runs >= len - 2;
}

/* Letters only, without what stands around them: "Password123!" is "password". */
static bool is_common(const char *text)
{
	const char *start = text, *end = text + strlen(text);

	while (start < end && !isalpha((unsigned char)*start))
		start++;
	while (end > start && !isalpha((unsigned char)end[-1]))
		end--;
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		if (strlen(common[i]) == (size_t)(end - start) &&
		    strncasecmp(common[i], start, (size_t)(end - start)) == 0)
			return true;
	return false;
}

static bool holds(const char *text, const char *part)
{
	size_t len = strlen(part);

	if (len < 4)
		return strcasecmp(text, part) == 0;
	for (; strlen(text) >= len; text++)
		if (strncasecmp(text, part, len) == 0)
			return true;
	return false;
}

const struct password_fault *password_fault(const char *password, const char *user_name)
{
	static const struct password_fault too_short = {"at least 10 characters", "至少 10 个字符"},
	                                   simple = {"too simple", "过于简单"},
	                                   guessed = {"one of the first that is guessed",
	                                              "属于最常被猜到的密码"},
	                                   name = {"it holds the name", "包含用户名"};

	if (utf8_count(password, strlen(password)) < PASSWORD_MIN)
		return &too_short;
	if (is_simple(password))
		return &simple;
	if (is_common(password))
		return &guessed;
	return holds(password, user_name) ? &name : NULL;
}
