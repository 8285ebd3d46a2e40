/* A channel that receives any frames while it also sends. Each step is 10 bytes: milliseconds to
 * the next, frame length, frame. */
#include "libs/proto/isotp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t payload[100] = {0}, buffer[ISOTP_LENGTH_MAX], frame[8];
	uint32_t now_ms = 0xFFFFFF00;
	struct isotp ch;
	bool done;
	enum err err;

	isotp_init(&ch, buffer, sizeof buffer);
	for (; size >= 10; data += 10, size -= 10) {
		now_ms += data[0] * 8u;
		if (data[1] & 0x80)
			isotp_ask(&ch, data[1] & 7, data[2]);
		if (!isotp_sending(&ch) && isotp_send(&ch, payload, 1 + data[1] % sizeof payload))
			abort();
		if (isotp_take(&ch, data + 2, data[1] % 9, now_ms, &err) == ISOTP_RECEIVED &&
		    (ch.rx.len == 0 || ch.rx.len > sizeof buffer))
			abort();
		isotp_poll(&ch, now_ms, &err);
		if (isotp_next(&ch, now_ms, frame, &done) && done && isotp_sending(&ch))
			abort();
	}
	return 0;
}
