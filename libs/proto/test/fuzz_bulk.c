/* A transfer's payload, and each body of the bulk channel with or without its CRC. */
#include "libs/proto/bulk.h"
#include "libs/proto/transfer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const uint8_t *data, size_t size, const uint8_t *body, size_t len)
{
	if (size != len || memcmp(data, body, len) != 0)
		abort();
}

static void bodies(const uint8_t *data, size_t size)
{
	uint8_t body[BULK_SIZE_MAX];
	struct bulk_events_get get;
	struct bulk_events events;
	struct bulk_time_want want;
	uint32_t seq;

	if (bulk_events_decode(data, size, &events) == ERR_NONE)
		same(data, size, body, bulk_events_encode(&events, body));
	if (bulk_events_get_decode(data, size, &get) == ERR_NONE)
		same(data, size, body, bulk_events_get_encode(&get, body));
	if (bulk_events_ack_decode(data, size, &seq) == ERR_NONE)
		same(data, size, body, bulk_events_ack_encode(seq, body));
	if (bulk_time_want_decode(data, size, &want) == ERR_NONE)
		same(data, size, body, bulk_time_want_encode(&want, body));
	if (bulk_time_want_get_decode(data, size) == ERR_NONE)
		same(data, size, body, bulk_time_want_get_encode(body));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len;

	if (transfer_open(data, size, &len) == ERR_NONE)
		bodies(data, len);
	else
		bodies(data, size);
	return 0;
}
