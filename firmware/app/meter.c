#include "firmware/app/meter.h"

#include "libs/base/number.h"

#include <string.h>

#define SENSOR_ADDRESS 1

static void show_total(struct meter *m)
{
	m->values.energy_wh = (uint64_t)energy_meter_total(&m->energy).wh;
}

void meter_init(struct meter *m, const struct board *board, struct journal *journal,
                uint32_t first_poll_ms, uint32_t now_ms)
{
	memset(m, 0, sizeof *m);
	m->board = board;
	m->journal = journal;
	m->poll_ms = first_poll_ms;
	energy_meter_open(&m->energy, &board->flash, now_ms);
	show_total(m);
}

static void ask(struct meter *m, uint32_t now_ms)
{
	struct im1253b_request request =
	        im1253b_read(SENSOR_ADDRESS, IM1253B_REG_FIRST, IM1253B_REGS);
	uint8_t frame[IM1253B_REQUEST_MAX];
	size_t len = im1253b_request_encode(&request, frame);

	im1253b_rx_expect(&m->rx, &request);
	m->board->ops->sensor_send(m->board->ctx, frame, len);
	m->waiting = true;
	m->heard = false;
	m->asked_ms = now_ms;
}

static void poll_missed(struct meter *m, uint32_t now_ms)
{
	m->waiting = false;
	m->fresh = true;
	m->missed_total++;
	if (m->missed < UINT8_MAX)
		m->missed++;
	if (m->missed != METER_FAULT_POLLS)
		return;
	m->values.valid = false;
	journal_add(m->journal, EVENT_SENSOR_FAULT, 0, 0, now_ms);
}

static void poll_answered(struct meter *m, uint32_t now_ms)
{
	if (m->missed >= METER_FAULT_POLLS)
		journal_add(m->journal, EVENT_SENSOR_BACK, 0, m->missed, now_ms);
	m->missed = 0;
	m->waiting = false;
	m->fresh = m->sampled = true;
	m->toggle = !m->toggle;
	m->sample_ms = now_ms;
}

static void take_energy(struct meter *m, uint32_t register_100mwh, uint32_t now_ms,
                        uint32_t uptime_s)
{
	struct energy_meter *e = &m->energy;

	switch (energy_meter_take(e, register_100mwh, uptime_s)) {
	case ENERGY_COUNTED:
		break;
	case ENERGY_HELD:
		m->implausible = true;
		m->implausible_total++;
		break;
	case ENERGY_SEGMENT:
	case ENERGY_WRAPPED:
		m->segment = true;
		m->segment_ms = now_ms;
		journal_add(m->journal, EVENT_SEGMENT, 0, e->unbilled_wh, now_ms);
		break;
	}
	if (e->added_wh)
		journal_add(m->journal, EVENT_ENERGY_ADDED, 0, e->added_wh, now_ms);
	e->unbilled_wh = e->added_wh = 0;
	show_total(m);
}

/* Power without energy: the module's register is stuck, and what flows is not billed. */
static void watch_register(struct meter *m, uint32_t register_100mwh, uint32_t now_ms)
{
	if (register_100mwh != m->still_100mwh) {
		m->still_100mwh = register_100mwh;
		m->still_dws = 0;
		m->frozen = false;
		return;
	}
	if (m->frozen || m->values.power_dw < METER_FROZEN_DW)
		return;
	m->still_dws += m->values.power_dw; /* one second's */
	if (m->still_dws < METER_FROZEN_DWS)
		return;
	m->frozen = true;
	journal_add(m->journal, EVENT_REGISTER_FROZEN, 0, m->values.power_dw, now_ms);
}

/* An answer whose check sum is right; what it says may still be impossible. */
static void take_reply(struct meter *m, const struct im1253b_reply *reply, uint32_t now_ms,
                       uint32_t uptime_s)
{
	struct im1253b_sample sample;

	if (im1253b_sample_decode(reply, &sample) != ERR_NONE ||
	    im1253b_sample_check(&sample, RATED_MA) != ERR_NONE) {
		m->implausible = true;
		m->implausible_total++;
		poll_missed(m, now_ms);
		return;
	}
	poll_answered(m, now_ms);
	im1253b_sample_convert(&sample, &m->values);
	take_energy(m, sample.energy_100mwh, now_ms, uptime_s);
	watch_register(m, sample.energy_100mwh, now_ms);
}

void meter_byte(struct meter *m, uint8_t byte, uint32_t now_ms, uint32_t uptime_s)
{
	struct im1253b_reply reply;

	m->byte_ms = now_ms;
	m->heard = true;
	if (im1253b_rx_byte(&m->rx, byte, &reply) == ERR_NONE)
		take_reply(m, &reply, now_ms, uptime_s);
}

void meter_line_error(struct meter *m)
{
	m->line_errors++;
	m->heard = true;
	im1253b_rx_gap(&m->rx);
}

void meter_poll(struct meter *m, uint32_t now_ms, uint32_t uptime_s)
{
	if (m->rx.len > 0 && ms_reached(now_ms, m->byte_ms + METER_GAP_MS))
		im1253b_rx_gap(&m->rx);
	if (m->waiting && ms_reached(now_ms, m->asked_ms + METER_ANSWER_MS)) {
		im1253b_rx_cancel(&m->rx);
		if (m->heard)
			m->bad_frames++;
		poll_missed(m, now_ms);
	}
	if (m->again && !m->waiting && ms_reached(now_ms, m->again_ms))
		m->poll_ms = now_ms;
	if (ms_reached(now_ms, m->poll_ms)) {
		m->again = m->again && !ms_reached(now_ms, m->again_ms);
		m->poll_ms += METER_POLL_MS;
		/* After a long stop (a debugger, many erases): no burst of requests. */
		if (ms_reached(now_ms, m->poll_ms))
			m->poll_ms = now_ms + METER_POLL_MS;
		ask(m, now_ms);
	}
	if (m->segment && ms_reached(now_ms, m->segment_ms + METER_SEGMENT_MS))
		m->segment = false;
	energy_meter_poll(&m->energy, uptime_s, now_ms);
}

void meter_look_again(struct meter *m, uint32_t now_ms)
{
	m->again = true;
	m->again_ms = now_ms + METER_AGAIN_MS;
}

uint16_t meter_quality_take(struct meter *m, uint32_t now_ms)
{
	unsigned quality = 0;

	if (m->missed >= METER_FAULT_POLLS)
		quality |= METER_SENSOR_FAULT;
	if (!m->sampled || ms_reached(now_ms, m->sample_ms + METER_STALE_MS))
		quality |= METER_SAMPLE_STALE;
	if (m->segment)
		quality |= METER_SEGMENT;
	if (m->implausible)
		quality |= METER_IMPLAUSIBLE;
	if (m->energy.store_failed)
		quality |= METER_STORE_FAULT;
	if (m->frozen)
		quality |= METER_FROZEN;
	m->implausible = false;
	return (uint16_t)quality;
}
