/* Which addresses a webhook may speak to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "platform/notify/webhook_send.h"

static bool is_public(const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		return address_is_public(bytes, 4);
	assert_int_equal(inet_pton(AF_INET6, text, bytes), 1);
	return address_is_public(bytes, 16);
}

static void private_addresses_are_known(void **state)
{
	static const char *const inside[] = {"0.0.0.0",
	                                     "10.1.2.3",
	                                     "127.0.0.1",
	                                     "100.64.0.1",
	                                     "100.127.9.9",
	                                     "169.254.169.254",
	                                     "172.16.0.1",
	                                     "172.31.255.255",
	                                     "192.168.1.1",
	                                     "192.0.0.8",
	                                     "198.18.0.1",
	                                     "198.19.255.1",
	                                     "224.0.0.1",
	                                     "255.255.255.255",
	                                     "::1",
	                                     "::",
	                                     "fe80::1",
	                                     "fc00::1",
	                                     "fd12::1",
	                                     "ff02::1",
	                                     "::ffff:10.0.0.1",
	                                     "::ffff:127.0.0.1",
	                                     "64:ff9b::a00:1",
	                                     "2002:a00:1::1",
	                                     "2001:0:4136:e378:8000:63bf:3fff:fdd2"};
	static const char *const outside[] = {"1.1.1.1",       "100.128.0.1",  "172.32.0.1",
	                                      "192.169.0.1",   "198.20.0.1",   "223.255.255.1",
	                                      "2606:4700::11", "2400:3200::1", "::ffff:1.1.1.1"};

	(void)state;
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
		if (is_public(inside[i]))
			fail_msg("%s is taken for public", inside[i]);
	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
		if (!is_public(outside[i]))
			fail_msg("%s is taken for private", outside[i]);
	assert_false(address_is_public((const uint8_t *)"\1\2\3", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(private_addresses_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
