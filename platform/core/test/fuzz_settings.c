/* Any bytes as a settings file: read, or refused with file and line; never more than that. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "platform/core/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings settings;
	char why[200] = "";
	enum err err;

	err = settings_parse(&settings, (const char *)data, size, "f.ini", why, sizeof why);
	assert(err == ERR_NONE || err == ERR_BAD_INPUT || err == ERR_NOMEM);
	if (err)
		assert(strncmp(why, "f.ini:", 6) == 0);
	else
		assert(settings.http_port >= 1 && settings.http_port <= 65535 &&
		       memchr(settings.broker_host, 0, sizeof settings.broker_host));
	return 0;
}
