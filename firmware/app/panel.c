#include "firmware/app/panel.h"

#include "libs/base/number.h"

#include <string.h>

/* Bit n: lit in step n. */
static const uint16_t pattern[] = {
        [LIGHT_RUNNING] = 0x0001, [LIGHT_SEARCHING] = 0x5555, [LIGHT_PRESS] = 0x0F0F,
        [LIGHT_SENSOR] = 0x0005,  [LIGHT_RELAY] = 0x0015,     [LIGHT_STORE] = 0x0055,
        [LIGHT_TIME] = 0x7FFF,    [LIGHT_CREDIT] = 0x00FF,
};

void panel_init(struct panel *p, const struct board *board, uint32_t now_ms)
{
	memset(p, 0, sizeof *p);
	p->board = board;
	p->step_ms = p->changed_ms = now_ms;
	/* Held down at the start is no press. */
	p->raw_down = p->down = p->held = board->ops->button_down(board->ctx);
	p->start_ms = now_ms;
}

static void light_up(struct panel *p, enum panel_light light)
{
	bool lit;

	p->step = (p->step + 1) & 15;
	lit = pattern[light] >> p->step & 1;
	if (lit == p->lit)
		return;
	p->lit = lit;
	p->board->ops->led(p->board->ctx, lit);
}

bool panel_poll(struct panel *p, enum panel_light light, uint32_t now_ms)
{
	bool raw_down = p->board->ops->button_down(p->board->ctx);

	if (ms_reached(now_ms, p->step_ms)) {
		p->step_ms += PANEL_STEP_MS;
		light_up(p, light);
	}
	if (raw_down != p->raw_down) {
		p->raw_down = raw_down;
		p->changed_ms = now_ms;
	}
	if (raw_down == p->down || !ms_reached(now_ms, p->changed_ms + PANEL_DEBOUNCE_MS))
		return false;
	p->down = raw_down;
	return p->down;
}

bool panel_held(struct panel *p, uint32_t now_ms)
{
	p->held = p->held && p->down;
	if (!p->held || now_ms - p->start_ms < PANEL_HELD_MS)
		return false;
	p->held = false;
	return true;
}
