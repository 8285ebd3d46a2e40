#include "libs/proto/transfer.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"

size_t transfer_seal(uint8_t *body, size_t len)
{
	put_le32(body + len, crc32_ieee(0, body, len));
	return len + TRANSFER_CRC_SIZE;
}

enum err transfer_open(const uint8_t *payload, size_t len, size_t *body_len)
{
	if (len <= TRANSFER_CRC_SIZE)
		return ERR_SHORT;
	len -= TRANSFER_CRC_SIZE;
	if (get_le32(payload + len) != crc32_ieee(0, payload, len))
		return ERR_CRC;
	*body_len = len;
	return ERR_NONE;
}
