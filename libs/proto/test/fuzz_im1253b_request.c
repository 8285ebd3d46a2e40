/* What the simulated module hears; what it accepts encodes back to the same bytes. */
#include "libs/proto/im1253b.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t frame[IM1253B_REQUEST_MAX];
	struct im1253b_request request;

	if (im1253b_request_decode(data, size, &request))
		return 0;
	if (im1253b_request_encode(&request, frame) != size || memcmp(frame, data, size) != 0)
		abort();
	if (im1253b_reply_size(&request) > IM1253B_REPLY_MAX)
		abort();
	return 0;
}
