/* Any line on the hub's control socket: one JSON object comes back, and the bus goes on with whatever was set. */
#include "sim/hub/hub.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void deliver_nowhere(void *ctx, int to, const struct can_frame *frame, int64_t at_us)
{
	(void)ctx;
	(void)to;
	(void)frame;
	(void)at_us;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hub h;
	const struct can_frame frame = {.id = CAN_FRAME_EFF | 1, .len = 8};
	char *line = strndup((const char *)data, size), *answer;

	if (!line)
		return 0;
	memset(&h, 0, sizeof h);
	bus_init(&h.bus, 1);
	h.bus.deliver = deliver_nowhere;
	answer = answer_line(&h, line);
	if (!answer || answer[0] != '{' || strcmp(answer + strlen(answer) - 2, "}\n") != 0)
		abort();
	free(answer);
	free(line);
	h.bus.port[0].open = h.bus.port[1].open = true;
	if (!bus_send(&h.bus, 0, &frame))
		abort();
	(void)bus_run(&h.bus, 100000);
	return 0;
}
