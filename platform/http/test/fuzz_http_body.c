/* JSON bodies: the first byte says for which operation the rest is read. What is refused must name
 * a field. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "platform/core/json_out.h"
#include "platform/http/api_gen.h"
#include "platform/http/test/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The n-th route with a body, round and round; 1st, 2nd, 3rd, ... in the order of api_gen.c. */
static const struct body_object *object_of(uint8_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < route_count; i++)
		count += routes[i].object != NULL;
	n = (uint8_t)(n % count);
	for (size_t i = 0; i < route_count; i++)
		if (routes[i].object && n-- == 0)
			return routes[i].object;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct refusal refusal = {0};
	struct memory memory = {0};
	struct json_out out;

	if (size == 0 || size > 65536)
		return 0;
	if (!body_parse(object_of(data[0]), (const char *)data + 1, size - 1,
	                &(struct body_memory){take, &memory}, &refusal)) {
		if (!refusal.field[0] || problem_status(refusal.problem) != 400)
			abort();
		json_out_init(&out);
		problem_write(&out, &refusal);
		json_out_free(&out);
	}
	release(&memory);
	return 0;
}
