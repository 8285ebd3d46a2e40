#include "gateway/spool/statefile.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"

#include <stdio.h>
#include <string.h>

#define HEAD_SIZE 16
#define VERSION   1

static const uint8_t magic[4] = {'W', 'S', 'T', 'F'};

/* magic | u16 version | u16 0 | u32 body length | u32 CRC over the 12 bytes before and the body */
static void head_encode(uint8_t head[HEAD_SIZE], const uint8_t *body, size_t len)
{
	memcpy(head, magic, 4);
	put_le16(head + 4, VERSION);
	put_le16(head + 6, 0);
	put_le32(head + 8, (uint32_t)len);
	put_le32(head + 12, crc32_ieee(crc32_ieee(0, head, 12), body, len));
}

static enum err file_write(const struct disk *disk, const char *name, const uint8_t *body,
                           size_t len)
{
	uint8_t head[HEAD_SIZE];
	enum err err;
	int file;

	err = disk->open(disk->ctx, name, true, &file);
	if (err)
		return err;
	head_encode(head, body, len);
	err = disk->truncate(disk->ctx, file, 0);
	if (!err)
		err = disk->write(disk->ctx, file, 0, head, sizeof head);
	if (!err)
		err = disk->write(disk->ctx, file, HEAD_SIZE, body, len);
	if (!err)
		err = disk->sync(disk->ctx, file);
	disk->close(disk->ctx, file);
	return err;
}

enum err statefile_save(const struct disk *disk, const char *name, const uint8_t *body, size_t len)
{
	char fresh[DISK_NAME_SIZE];
	enum err err;

	snprintf(fresh, sizeof fresh, "%s.new", name);
	err = file_write(disk, fresh, body, len);
	if (!err)
		err = disk->rename(disk->ctx, fresh, name);
	if (!err)
		err = disk->sync_names(disk->ctx);
	return err;
}

static enum err file_read(const struct disk *disk, int file, uint8_t *body, size_t size,
                          size_t *len)
{
	uint8_t head[HEAD_SIZE];
	uint8_t expected[HEAD_SIZE];
	enum err err;
	size_t got;

	err = disk->read(disk->ctx, file, 0, head, sizeof head, &got);
	if (err)
		return err;
	if (got < sizeof head || memcmp(head, magic, 4) != 0)
		return ERR_DAMAGED;
	if (get_le16(head + 4) > VERSION)
		return ERR_VERSION;
	*len = get_le32(head + 8);
	if (*len > size)
		return *len > STATEFILE_BODY_MAX ? ERR_DAMAGED : ERR_TOO_LONG;
	err = disk->read(disk->ctx, file, HEAD_SIZE, body, *len, &got);
	if (err)
		return err;
	if (got != *len)
		return ERR_DAMAGED;
	head_encode(expected, body, *len);
	return memcmp(head, expected, HEAD_SIZE) == 0 ? ERR_NONE : ERR_DAMAGED;
}

enum err statefile_load(const struct disk *disk, const char *name, uint8_t *body, size_t size,
                        size_t *len)
{
	enum err err;
	int file;

	err = disk->open(disk->ctx, name, false, &file);
	if (err)
		return err;
	err = file_read(disk, file, body, size, len);
	disk->close(disk->ctx, file);
	return err;
}
