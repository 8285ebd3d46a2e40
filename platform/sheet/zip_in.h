/* The parts of a ZIP archive, read in pieces and with suspicion: names that leave their folder,
 * encryption and unknown methods are refused, and what comes out is counted as it comes out,
 * whatever the archive says about sizes. The only user of minizip. */
#ifndef PLATFORM_SHEET_ZIP_IN_H
#define PLATFORM_SHEET_ZIP_IN_H

#include <stdint.h>
#include <sys/types.h>

#include "platform/sheet/sheet.h"

#define ZIP_PARTS_MAX    4096
#define ZIP_NAME_MAX     256
#define ZIP_UNPACKED_MAX (INT64_C(4) << 30) /* bytes of all parts that were read */
/* A sheet of a million rows packs 10 to 40 times; only bombs reach this. */
#define ZIP_RATIO_MAX  250
#define ZIP_RATIO_FREE (INT64_C(8) << 20) /* bytes before the ratio counts */

struct zip_in {
	void *archive; /* minizip's */
	int fd;
	off_t at, size;
	bool open;                /* a part */
	int64_t packed, unpacked; /* of the open part */
	int64_t total;            /* unpacked, of all parts */
};

MUST_USE enum err zip_in_open(struct zip_in *zip, int fd, struct sheet_mistake *mistake);
/* ERR_NOT_FOUND: no such part. One part is open at a time. */
MUST_USE enum err zip_in_part(struct zip_in *zip, const char *name);
/* *len 0 at the end of the part, whose check sum was right then. */
MUST_USE enum err zip_in_read(struct zip_in *zip, void *to, size_t size, size_t *len,
                              struct sheet_mistake *mistake);
void zip_in_part_close(struct zip_in *zip);
void zip_in_close(struct zip_in *zip);

#endif
