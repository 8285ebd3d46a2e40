/* wattle-month DIR METER METERS MINUTES START_S: a gateway's folder full of batches that nobody has
 * taken, for tests of the whole gateway. Prints how many bytes they take. */
#include "gateway/core/test/month.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static enum err fill(struct spool *spool, char **argv)
{
	const struct month month = {.boot = 0x3030,
	                            .first_meter = strtoll(argv[2], NULL, 10),
	                            .meters = (unsigned)strtoul(argv[3], NULL, 10),
	                            .minutes = (unsigned)strtoul(argv[4], NULL, 10),
	                            .start_s = strtoll(argv[5], NULL, 10)};
	struct spool_stats stats;
	enum err err = month_write(spool, &month);

	spool_stats(spool, &stats);
	printf("{\"batches\":%" PRIu64 ",\"bytes\":%" PRId64 "}\n", stats.queued, stats.bytes);
	return err;
}

int main(int argc, char **argv)
{
	struct spool *spool;
	struct disk disk;
	enum err err;

	if (argc != 6 || strtoul(argv[3], NULL, 10) > MONTH_METERS) {
		fprintf(stderr, "wattle-month DIR METER METERS MINUTES START_S\n");
		return 2;
	}
	err = disk_posix_open(&disk, argv[1]);
	if (!err)
		err = month_spool(&spool, &disk);
	if (!err) {
		err = fill(spool, argv);
		spool_close(spool);
		disk_posix_close(&disk);
	}
	if (err)
		fprintf(stderr, "wattle-month: %s: %s\n", argv[1], err_text(err));
	return err ? 1 : 0;
}
