/* Orders: what is accepted encodes to something that decodes to the same. */
#include "libs/proto/uplink.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t memory[UPLINK_ARENA_SIZE / 8], memory_again[UPLINK_ARENA_SIZE / 8];
	static uint8_t out[UPLINK_MESSAGE_MAX];
	struct arena arena, arena_again;
	struct down n, again;
	size_t len;

	arena_init(&arena, memory, sizeof memory);
	arena_init(&arena_again, memory_again, sizeof memory_again);
	if (down_decode(data, size, &arena, &n))
		return 0;
	if (down_encode(&n, out, sizeof out, &len))
		return 0; /* our form of it is longer than a message may be */
	if (down_decode(out, len, &arena_again, &again) || n.time_ms != again.time_ms ||
	    n.command_count != again.command_count || n.has_config != again.has_config ||
	    n.config.meter_count != again.config.meter_count ||
	    n.watch.meter_count != again.watch.meter_count)
		abort();
	return 0;
}
