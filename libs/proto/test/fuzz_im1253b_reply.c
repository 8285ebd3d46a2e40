/* The terminal's receiver: any bytes, gaps and polls. The first byte chooses the request. */
#include "libs/proto/im1253b.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct im1253b_rx rx = {.waiting = false};
	struct im1253b_request request;
	struct im1253b_reply reply;
	struct im1253b_sample sample;

	if (size < 1)
		return 0;
	if (data[0] & 0x80)
		request = im1253b_clear_energy(data[0] & 0x7F);
	else if (data[0] & 0x40)
		request = im1253b_read(1, IM1253B_REG_LINE, 1);
	else
		request = im1253b_read(1, IM1253B_REG_FIRST, 1 + data[0] % IM1253B_REGS_MAX);
	im1253b_rx_expect(&rx, &request);
	for (size_t i = 1; i < size; i++) {
		if (im1253b_rx_byte(&rx, data[i], &reply))
			continue;
		if (im1253b_sample_decode(&reply, &sample) == ERR_NONE) {
			struct meter_values v = {.valid = false};

			im1253b_sample_convert(&sample, &v);
			if (im1253b_sample_check(&sample, 16000) == ERR_NONE && v.voltage_dv > 4560)
				abort();
		}
		im1253b_rx_expect(&rx, &request);
	}
	/* Every byte is part of an answer, waiting, or counted as stray. */
	if (rx.good * im1253b_reply_size(&request) + rx.stray + rx.len != size - 1)
		abort();
	return 0;
}
