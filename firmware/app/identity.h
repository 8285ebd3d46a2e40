/* Who this terminal is: the key that was written when it was flashed. docs/hardware/flash-map.md
 * has the bytes. */
#ifndef FIRMWARE_APP_IDENTITY_H
#define FIRMWARE_APP_IDENTITY_H

#include "firmware/app/board.h"

#include "libs/proto/command.h"

#define IDENTITY_LAYOUT 1
#define IDENTITY_SIZE   44 /* "WID1", layout, key version, 0 0, key, CRC-32 */

struct identity {
	struct command_key key; /* and the chip id */
	uint8_t key_version;
	bool known; /* without a key the terminal meters, claims, and obeys nobody */
};

void identity_load(struct identity *id, const struct flash *flash, const uint8_t chip[CHIP_SIZE]);
#endif
