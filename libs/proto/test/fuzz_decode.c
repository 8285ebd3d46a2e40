/* `wattle decode`: the first byte chooses the protocol, the rest is the frame. */
#include "libs/proto/decode.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char reason[120] = "";
	const char *name;
	json_t *out = NULL;

	if (size == 0)
		return 0;
	name = decode_protocol_name(data[0] & 15);
	if (!name)
		return 0;
	if (decode_frame(name, data + 1, size - 1, &out, reason, sizeof reason)) {
		if (out || strlen(reason) == 0)
			abort();
		return 0;
	}
	if (!json_is_object(out))
		abort();
	json_decref(out);
	return 0;
}
