/* FIPS 180-4 examples and RFC 4231 cases. */
#include "libs/base/bytes.h"
#include "libs/base/macros.h"
#include "libs/base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void digest_is(const uint8_t *digest, const char *want)
{
	char text[2 * SHA256_SIZE + 1];

	hex_encode(digest, SHA256_SIZE, text);
	assert_string_equal(text, want);
}

static void digests_of_the_standard(void **state)
{
	static const struct {
		const char *text, *digest;
	} cases[] = {
	        {"",	                                                                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	        {"abc",	                                                               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"                                                                             },
	        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	         "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
	};

	uint8_t digest[SHA256_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		sha256(cases[i].text, strlen(cases[i].text), digest);
		digest_is(digest, cases[i].digest);
	}
}

static void a_million_letters_in_pieces(void **state)
{
	uint8_t digest[SHA256_SIZE];
	char letters[999];
	struct sha256 s;

	(void)state;
	memset(letters, 'a', sizeof letters);
	sha256_init(&s);
	for (size_t done = 0; done < 1000000;) {
		size_t n = 1000000 - done < sizeof letters ? 1000000 - done : sizeof letters;

		sha256_update(&s, letters, n);
		done += n;
	}
	sha256_final(&s, digest);
	digest_is(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void hmac_is(const uint8_t *key, size_t key_len, const char *text, const char *want)
{
	uint8_t mac[SHA256_SIZE];
	struct hmac h;

	hmac_init(&h, key, key_len);
	hmac_update(&h, text, strlen(text) / 2);
	hmac_update(&h, text + strlen(text) / 2, strlen(text) - strlen(text) / 2);
	hmac_final(&h, mac);
	digest_is(mac, want);
}

static void macs_of_the_rfc(void **state)
{
	uint8_t key[131];

	(void)state;
	memset(key, 0x0b, 20);
	hmac_is(key, 20, "Hi There",
	        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_is((const uint8_t *)"Jefe", 4, "what do ya want for nothing?",
	        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	hmac_is(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
	        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_is(key, 131,
	        "This is a test using a larger than block-size key and a larger than block-size data. "
	        "The key needs to be hashed before being used by the HMAC algorithm.",
	        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

static void the_processor_comes_to_the_same(void **state)
{
	uint8_t bytes[200], ours[SHA256_SIZE], its[SHA256_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 167 + 13);
	for (size_t len = 0; len <= sizeof bytes; len++) {
		assert_false(sha256_by_cpu(false));
		sha256(bytes, len, ours);
		(void)sha256_by_cpu(true);
		sha256(bytes, len, its);
		assert_memory_equal(ours, its, sizeof ours);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(digests_of_the_standard),
	        cmocka_unit_test(a_million_letters_in_pieces),
	        cmocka_unit_test(macs_of_the_rfc),
	        cmocka_unit_test(the_processor_comes_to_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
