/* The platform's side of a signed result. */
#include "libs/proto/command.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct command_key key;
	struct result result, opened;
	uint8_t body[RESULT_SIZE];

	if (result_parse(data, size, &result))
		return 0;
	result_encode(&result, &key, body);
	if (memcmp(body, data, RESULT_SIZE - COMMAND_MAC_SIZE) != 0 ||
	    result_open(body, sizeof body, &key, &opened))
		abort();
	return 0;
}
