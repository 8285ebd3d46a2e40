#include "gateway/core/buswatch.h"

#define HIGH_PERMILLE 800 /* our own traffic stays under 450 */
#define LOW_PERMILLE  600
#define HIGH_FOR_S    5
#define LOW_FOR_S     10

/* Bits of an extended frame with its gap and half of the worst stuffing (can-stm32: worst is
 * (53 + 8n) / 4). */
static uint32_t frame_bits(const struct can_msg *msg)
{
	return 67 + 8u * msg->len + (53 + 8u * msg->len) / 8;
}

void buswatch_frame(struct buswatch *w, const struct can_msg *msg)
{
	w->bits += frame_bits(msg);
}

static enum buswatch_change second_end(struct buswatch *w)
{
	w->high_s = w->load_permille >= HIGH_PERMILLE ? w->high_s + 1 : 0;
	w->low_s = w->load_permille <= LOW_PERMILLE ? w->low_s + 1 : 0;
	if (!w->overloaded && w->high_s >= HIGH_FOR_S) {
		w->overloaded = true;
		return BUSWATCH_OVERLOAD;
	}
	if (w->overloaded && w->low_s >= LOW_FOR_S) {
		w->overloaded = false;
		return BUSWATCH_RELIEF;
	}
	return BUSWATCH_SAME;
}

enum buswatch_change buswatch_tick(struct buswatch *w, int64_t mono_ms)
{
	int64_t passed = mono_ms - w->second_ms;

	if (passed < 1000)
		return BUSWATCH_SAME;
	w->load_permille = (uint32_t)((int64_t)w->bits * 1000 * 1000 / passed / BUSWATCH_BITRATE);
	w->bits = 0;
	w->second_ms = mono_ms;
	return second_end(w);
}
