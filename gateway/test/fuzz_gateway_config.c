/* Any text as settings file: an answer, a reason when refused, all values within their limits. */
#include "gateway/config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct config config;
	char why[256] = "";

	assert(text);
	memcpy(text, data, size);
	text[size] = 0;
	if (config_parse(&config, "fuzz.ini", text, why, sizeof why)) {
		assert(strstr(why, "fuzz.ini") == why);
	} else {
		assert(config.broker_port >= 1 && config.broker_port <= 65535);
		assert(config.id[0] && strlen(config.id) <= 32 && config.bus[0]);
	}
	free(text);
	return 0;
}
