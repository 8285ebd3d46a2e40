/* Acknowledgements: what is accepted encodes to something that decodes to the same. */
#include "libs/proto/uplink.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t memory[UPLINK_ARENA_SIZE / 8], memory_again[UPLINK_ARENA_SIZE / 8];
	static uint8_t out[UPLINK_MESSAGE_MAX];
	struct arena arena, arena_again;
	struct ack n, again;
	size_t len;

	arena_init(&arena, memory, sizeof memory);
	arena_init(&arena_again, memory_again, sizeof memory_again);
	if (ack_decode(data, size, &arena, &n))
		return 0;
	if (ack_encode(&n, out, sizeof out, &len))
		return 0; /* our form of it is longer than a message may be */
	if (ack_decode(out, len, &arena_again, &again) || n.time_ms != again.time_ms ||
	    n.done_count != again.done_count || n.refused_count != again.refused_count)
		abort();
	return 0;
}
