/* The terminal's side: what parses and is signed anew is the same up to the MAC. */
#include "libs/proto/command.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct command_key key;
	uint8_t body[COMMAND_SIZE_MAX];
	struct command_args args;
	struct command cmd, opened;
	size_t len;

	if (command_parse(data, size, &cmd))
		return 0;
	if (command_args_decode(&cmd, &args) == ERR_NONE) {
		struct command again = cmd;

		if (command_args_encode(&again, &args) || again.arg_len != cmd.arg_len ||
		    memcmp(again.args, cmd.args, cmd.arg_len) != 0)
			abort();
	}
	if (command_encode(&cmd, &key, body, sizeof body, &len) || len != size ||
	    memcmp(body, data, len - COMMAND_MAC_SIZE) != 0 ||
	    command_open(body, len, &key, &opened))
		abort();
	return 0;
}
