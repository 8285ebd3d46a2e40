/* A disk in memory for tests: it knows what was synced and what was not, fails when told, and can
 * lose power. */
#ifndef GATEWAY_SPOOL_TEST_FAKE_DISK_H
#define GATEWAY_SPOOL_TEST_FAKE_DISK_H

#include "gateway/spool/disk.h"

#define FAKE_FILES 1024

struct fake_file {
	char name[DISK_NAME_SIZE];
	char synced_name[DISK_NAME_SIZE]; /* "" when the name itself was never synced */
	uint8_t *bytes, *synced;
	size_t len, synced_len;
	bool used;
};

struct fake_disk {
	struct disk disk;
	struct fake_file files[FAKE_FILES];
	unsigned changes;   /* writes, truncations, syncs, renames, removals, creations so far */
	unsigned fail_at;   /* the change with this number fails; 0 none */
	enum err fail_with; /* … with this; ERR_CLOSED: power is cut in the middle of it */
	bool fail_for_ever; /* … and all that follow */
	bool off;           /* after the cut nothing works */
	bool sync_fails;    /* only sync answers ERR_IO */
	int64_t space;      /* bytes left; negative: unlimited */
	uint64_t random;
};

void fake_disk_init(struct fake_disk *fake);
void fake_disk_free(struct fake_disk *fake);

/* Power comes back: synced bytes are there, of the rest any part, torn at sectors. */
void fake_disk_power_up(struct fake_disk *fake, uint64_t seed);

struct fake_file *fake_disk_file(struct fake_disk *fake, const char *name);
size_t fake_disk_count(const struct fake_disk *fake);
#endif
