#include "gateway/core/test/month.h"

#include "gateway/core/outbox.h"

#include "libs/base/rnd.h"
#include "libs/proto/meter.h"

#include <assert.h>
#include <stdlib.h>

struct household {
	struct rnd rnd;
	int64_t energy_wh[MONTH_METERS];
};

static int32_t between(struct household *h, int32_t low, int32_t high)
{
	return low + (int32_t)rnd_below(&h->rnd, (uint32_t)(high - low + 1));
}

static struct reading minute_of(struct household *h, const struct month *month, unsigned meter,
                                int64_t time_s)
{
	int32_t voltage_dv = between(h, 1980, 2420), current_ma = between(h, 0, 60000);
	int32_t pf_permille = between(h, 300, 1000);
	int64_t apparent_mva = (int64_t)voltage_dv * current_ma / 10;

	h->energy_wh[meter] += apparent_mva * pf_permille / 1000 / 1000 / 60;
	return (struct reading){.meter = month->first_meter + meter,
	                        .time_s = time_s + between(h, 0, 1),
	                        .energy_wh = h->energy_wh[meter],
	                        .voltage_dv = voltage_dv,
	                        .current_ma = current_ma,
	                        .power_dw = (int32_t)(apparent_mva * pf_permille / 1000 / 100),
	                        .pf_permille = pf_permille,
	                        .frequency_chz = between(h, 4980, 5020),
	                        .state = METER_CONTACT_CLOSED | METER_WANT_CLOSED |
	                                 METER_CLOCK_SET |
	                                 (between(h, 0, 1) ? METER_SAMPLE_TOGGLE : 0),
	                        .quality = between(h, 0, 50) ? 0 : METER_SAMPLE_STALE};
}

enum err month_write(struct spool *spool, const struct month *month)
{
	struct household home = {0};
	struct outbox *outbox = calloc(1, sizeof *outbox);
	enum err err;

	assert(month->meters <= MONTH_METERS);
	if (!outbox)
		return ERR_NOMEM;
	rnd_seed(&home.rnd, 1);
	for (unsigned meter = 0; meter < month->meters; meter++)
		home.energy_wh[meter] = between(&home, 0, 99999999); /* as old meters stand */
	outbox_init(outbox, spool, month->boot);
	for (unsigned minute = 0; minute < month->minutes && !outbox->failed; minute++) {
		outbox->time_s = month->start_s + (int64_t)minute * 60;
		for (unsigned meter = 0; meter < month->meters; meter++) {
			const struct reading row = minute_of(&home, month, meter, outbox->time_s);

			outbox_row(outbox, &row);
		}
		outbox_close(outbox);
	}
	err = outbox->failed ? outbox->failed : spool_sync(spool);
	if (!err && (outbox->dropped || outbox_waits(outbox)))
		err = ERR_FULL;
	outbox_free(outbox);
	free(outbox);
	return err;
}

static enum err sync_nothing(void *ctx, int file)
{
	(void)ctx, (void)file;
	return ERR_NONE;
}

static enum err sync_no_names(void *ctx)
{
	(void)ctx;
	return ERR_NONE;
}

enum err month_spool(struct spool **spool, struct disk *disk)
{
	const struct spool_options options = {.most_bytes = 200 * 1024 * 1024,
	                                      .reserve_bytes = 2 * 1024 * 1024,
	                                      .segment_bytes = 1024 * 1024,
	                                      .keep_s = INT64_C(30) * 86400};

	disk->sync = sync_nothing;
	disk->sync_names = sync_no_names;
	return spool_open(spool, disk, &options);
}
