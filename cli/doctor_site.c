/* What the store tells about the site: clocks and gateways. */
#include "cli/doctor.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/number.h"
#include "platform/core/clock.h"
#include "platform/core/clock_trust.h"
#include "platform/store/place.h"

#define CLOCK_OFF_MAX_MS (5 * 60 * 1000) /* five minutes: what billing tolerates without a word */
#define SILENT_AFTER_MS  (120 * 1000)    /* a state comes each 30 s */

struct clocks {
	unsigned gateways, off;
	int64_t worst_ms, newest_ms;
	char worst[SLUG_SIZE];
};

/* How far the gateway's clock is from the platform's, as the gateway itself measured it. It follows the
 * platform up to a day, and then only its machine's clock still shows the difference. */
static int64_t reported_offset_ms(const struct gateway_row *row)
{
	json_t *state = json_loads(row->state, 0, NULL), *clock = json_object_get(state, "clock");
	int64_t ours_ms = json_integer_value(json_object_get(clock, "offset_ms"));
	int64_t machine_ms = json_integer_value(json_object_get(clock, "wall_offset_ms"));

	json_decref(state);
	return llabs(machine_ms) > llabs(ours_ms) ? machine_ms : ours_ms;
}

static void look_at_clock(void *arg, const struct gateway_row *row)
{
	struct clocks *c = arg;
	int64_t offset_ms = reported_offset_ms(row);

	if (row->revoked_s || !row->state_at_ms)
		return;
	c->gateways++;
	if (row->state_at_ms > c->newest_ms)
		c->newest_ms = row->state_at_ms;
	if (llabs(offset_ms) < CLOCK_OFF_MAX_MS)
		return;
	c->off++;
	if (llabs(offset_ms) > llabs(c->worst_ms)) {
		c->worst_ms = offset_ms;
		snprintf(c->worst, sizeof c->worst, "%s", row->name);
	}
}

static int64_t minutes(int64_t ms)
{
	return i64_div_round(llabs(ms), 60000);
}

void check_clock(struct doctor *d)
{
	struct clocks c = {0};
	int64_t now_ms = clock_wall_ms();

	if (!d->db || gateway_list(d->db, look_at_clock, &c))
		return;
	if (clock_may_sign(d->db, 0, now_ms) == ERR_REFUSED)
		found(d, "clock-doubted",
		      "look at the time; if it is right: `wattle clock confirm` (核对时间后确认)",
		      "the store had not been written for 30 days when wattled started: terminals get no time");
	if (c.newest_ms > now_ms + CLOCK_OFF_MAX_MS)
		found(d, "clock",
		      "set this machine's clock: `timedatectl set-ntp true` (校准本机时钟)",
		      "this machine's clock is %lld minutes behind its own newest record",
		      (long long)minutes(c.newest_ms - now_ms));
	/* All gateways off by the same fault is unlikely: then it is this machine. */
	else if (c.off && c.off == c.gateways && c.gateways > 1)
		found(d, "clock",
		      "set this machine's clock: `timedatectl set-ntp true` (校准本机时钟)",
		      "the clocks of all %u gateways differ from this machine's, %s's by %lld minutes",
		      c.gateways, c.worst, (long long)minutes(c.worst_ms));
	else if (c.off)
		found(d, "clock",
		      "compare both with a watch and set the wrong one: `timedatectl set-ntp true` (校准时钟)",
		      "the clocks of gateway %s and this machine differ by %lld minutes", c.worst,
		      (long long)minutes(c.worst_ms));
}

static void look_at_gateway(void *arg, const struct gateway_row *row)
{
	struct doctor *d = arg;
	int64_t silent_ms = clock_wall_ms() - row->state_at_ms;

	if (row->revoked_s)
		return;
	if (!row->state_at_ms)
		found(d, "gateway-silent",
		      "install its certificate and start it; its log says why it cannot connect (检查网关)",
		      "gateway %s has never been heard of", row->name);
	else if (!row->online || silent_ms > SILENT_AFTER_MS)
		found(d, "gateway-silent",
		      "check its power, its network and its log; readings wait in its spool (检查网关电源与网络)",
		      "gateway %s has been silent for %lld s", row->name,
		      (long long)(silent_ms / 1000));
}

void check_gateways(struct doctor *d)
{
	if (d->db && gateway_list(d->db, look_at_gateway, d))
		found(d, "store", "stop wattled and restore the last backup (恢复最近备份)",
		      "the gateways cannot be read from the store");
}
