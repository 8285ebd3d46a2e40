/* A folder with any bytes as its segment (and, by the first byte, as its tables): opening,
 * reading, appending and opening again never crash, and what was appended is there. */
#include "gateway/spool/spool.h"

#include "gateway/spool/statefile.h"
#include "gateway/spool/test/fake_disk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct spool_options options = {
        .most_bytes = 8 << 20, .reserve_bytes = 4096, .segment_bytes = 65536, .keep_s = 86400};
static uint8_t body[RECORD_BODY_MAX];

static void file_put(struct fake_disk *fake, const char *name, const uint8_t *data, size_t size)
{
	int file;

	assert(!fake->disk.open(fake, name, true, &file));
	assert(!fake->disk.write(fake, file, 0, data, size));
	assert(!fake->disk.sync(fake, file));
}

/* The number of whole batches. */
static unsigned read_all(struct spool *spool)
{
	struct spool_entry entry;
	uint64_t index = 1;
	unsigned n = 0;
	enum err err;

	while ((err = spool_read(spool, index, &entry, body, sizeof body)) != ERR_NOT_FOUND) {
		assert(err == ERR_NONE || err == ERR_DAMAGED);
		assert(entry.index >= index);
		n += !err;
		if (entry.index == UINT64_MAX)
			break;
		index = entry.index + 1;
	}
	return n;
}

static void spool_exercise(struct fake_disk *fake)
{
	struct spool_entry entry = {.boot = 1, .seq = 1, .time_s = 1, .len = 5};
	struct spool_stats stats;
	struct spool *spool;
	unsigned before;
	enum err err;

	err = spool_open(&spool, &fake->disk, &options);
	if (err) {
		assert(err == ERR_VERSION);
		return;
	}
	before = read_all(spool);
	spool_stats(spool, &stats);
	assert(stats.acked < stats.next);
	assert(!spool_append(spool, &entry, (const uint8_t *)"hello", false));
	assert(!spool_sync(spool));
	spool_ack(spool, entry.index, 7);
	assert(!spool_save(spool, 1));
	spool_close(spool);
	assert(!spool_open(&spool, &fake->disk, &options));
	assert(read_all(spool) == before + 1);
	spool_stats(spool, &stats);
	assert(stats.acked == entry.index && stats.epoch == 7);
	spool_close(spool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_disk *fake = malloc(sizeof *fake);
	size_t split, len;
	enum err err;

	assert(fake);
	fake_disk_init(fake);
	if (size > 1) {
		/* Two segments, cut where the first byte says. */
		split = 1 + (size - 1) * data[0] / 255;
		file_put(fake, "00000001.seg", data + 1, split - 1);
		file_put(fake, "00000002.seg", data + split, size - split);
		file_put(fake, "x.tab", data + 1, size - 1);
		spool_exercise(fake);
		err = statefile_load(&fake->disk, "x.tab", body, sizeof body, &len);
		assert(err || len + 16 <= size);
	}
	fake_disk_free(fake);
	free(fake);
	return 0;
}
