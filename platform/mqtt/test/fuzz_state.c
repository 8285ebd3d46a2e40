/* Any bytes as a gateway's state: what is accepted is well-formed JSON that fits its row. */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "platform/mqtt/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gateway_state state;
	json_t *root;

	if (state_parse(data, size, &state))
		return 0;
	assert((state.acked_boot == 0 || state.acked_seq > 0) && state.acked_seq <= INT64_MAX);
	assert(state.before_count <= (state.has_before ? GATEWAY_STATE_BEFORE : 0));
	for (size_t i = 0; i < state.before_count; i++)
		assert(state.before[i].seq > 0 && state.before[i].seq <= INT64_MAX);
	assert(memchr(state.json, 0, sizeof state.json));
	root = json_loads(state.json, 0, NULL);
	assert(json_is_boolean(json_object_get(root, "online")));
	json_decref(root);
	return 0;
}
