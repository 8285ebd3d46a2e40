#include "firmware/app/identity.h"

#include "firmware/app/flash_map.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"

#include <string.h>

enum { AT_LAYOUT = 4, AT_KEY_VERSION = 5, AT_KEY = 8, AT_CRC = 40 };

static bool page_load(struct identity *id, const struct flash *flash, unsigned page)
{
	uint8_t bytes[IDENTITY_SIZE];

	for (uint32_t i = 0; i < IDENTITY_SIZE; i += 2)
		put_le16(bytes + i, flash->ops->read(flash->ctx, page * FLASH_PAGE_SIZE + i));
	if (memcmp(bytes, "WID1", AT_LAYOUT) != 0 || bytes[AT_LAYOUT] != IDENTITY_LAYOUT ||
	    crc32_ieee(0, bytes, AT_CRC) != get_le32(bytes + AT_CRC))
		return false;
	id->key_version = bytes[AT_KEY_VERSION];
	memcpy(id->key.key, bytes + AT_KEY, COMMAND_KEY_SIZE);
	return true;
}

void identity_load(struct identity *id, const struct flash *flash, const uint8_t chip[CHIP_SIZE])
{
	memset(id, 0, sizeof *id);
	memcpy(id->key.chip, chip, CHIP_SIZE);
	id->known = page_load(id, flash, PAGE_IDENTITY) || page_load(id, flash, PAGE_IDENTITY_NEXT);
}
