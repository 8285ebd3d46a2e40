#include "gateway/spool/segment.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"

#include <assert.h>
#include <string.h>

#define VERSION      1
#define SEARCH_CHUNK 4096

static const uint8_t segment_magic[4] = {'W', 'S', 'E', 'G'};
static const uint8_t record_magic[4] = {'W', 'R', 'E', 'C'};

void segment_head_encode(uint8_t head[SEGMENT_HEAD_SIZE], uint64_t first_index, int64_t created_s)
{
	memcpy(head, segment_magic, 4);
	put_le16(head + 4, VERSION);
	put_le16(head + 6, SEGMENT_HEAD_SIZE);
	put_le64(head + 8, first_index);
	put_le64(head + 16, (uint64_t)created_s);
	put_le32(head + 24, 0);
	put_le32(head + 28, crc32_ieee(0, head, 28));
}

enum err segment_head_decode(const uint8_t head[SEGMENT_HEAD_SIZE], uint64_t *first_index,
                             int64_t *created_s)
{
	if (memcmp(head, segment_magic, 4) != 0 || get_le32(head + 28) != crc32_ieee(0, head, 28))
		return ERR_DAMAGED;
	if (get_le16(head + 4) > VERSION)
		return ERR_VERSION;
	*first_index = get_le64(head + 8);
	*created_s = (int64_t)get_le64(head + 16);
	return ERR_NONE;
}

void record_head_encode(uint8_t head[RECORD_HEAD_SIZE], const struct record *record)
{
	assert(record->len <= RECORD_BODY_MAX);
	memcpy(head, record_magic, 4);
	head[4] = (uint8_t)record->kind;
	memset(head + 5, 0, 3);
	put_le32(head + 8, record->len);
	put_le64(head + 12, record->index);
	put_le64(head + 20, record->boot);
	put_le64(head + 28, record->seq);
	put_le64(head + 36, (uint64_t)record->time_s);
	put_le32(head + 44, record->body_crc);
	put_le32(head + 48, crc32_ieee(0, head, 48));
}

enum err record_head_decode(const uint8_t head[RECORD_HEAD_SIZE], struct record *record)
{
	if (memcmp(head, record_magic, 4) != 0 || get_le32(head + 48) != crc32_ieee(0, head, 48))
		return ERR_DAMAGED;
	record->kind = (enum record_kind)head[4];
	record->len = get_le32(head + 8);
	record->index = get_le64(head + 12);
	record->boot = get_le64(head + 20);
	record->seq = get_le64(head + 28);
	record->time_s = (int64_t)get_le64(head + 36);
	record->body_crc = get_le32(head + 44);
	if (record->len > RECORD_BODY_MAX || record->index == 0)
		return ERR_DAMAGED;
	return ERR_NONE;
}

enum err segment_walk_start(struct segment_walk *walk, const struct disk *disk, int file,
                            int64_t offset)
{
	*walk = (struct segment_walk){.disk = disk, .file = file};
	walk->offset = offset > SEGMENT_HEAD_SIZE ? offset : SEGMENT_HEAD_SIZE;
	return disk->size(disk->ctx, file, &walk->size);
}

/* A whole record at walk->offset? ERR_DAMAGED when not. */
static enum err record_at(struct segment_walk *walk, struct record *record)
{
	uint8_t head[RECORD_HEAD_SIZE];
	enum err err;
	size_t got;

	err = walk->disk->read(walk->disk->ctx, walk->file, walk->offset, head, sizeof head, &got);
	if (err)
		return err;
	if (got < sizeof head)
		return ERR_DAMAGED;
	err = record_head_decode(head, record);
	if (err)
		return err;
	/* A cut in mid-write leaves the head of a record whose body is not there. */
	if (walk->offset + RECORD_HEAD_SIZE + record->len > walk->size)
		return ERR_DAMAGED;
	return ERR_NONE;
}

static const uint8_t *magic_find(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i + sizeof record_magic <= len; i++)
		if (memcmp(bytes + i, record_magic, sizeof record_magic) == 0)
			return bytes + i;
	return NULL;
}

/* Moves to the next place behind `offset` that looks like a record, or to the end. */
static enum err magic_search(struct segment_walk *walk)
{
	uint8_t chunk[SEARCH_CHUNK];

	walk->offset++;
	while (walk->offset < walk->size) {
		const uint8_t *found;
		enum err err;
		size_t got;

		err = walk->disk->read(walk->disk->ctx, walk->file, walk->offset, chunk,
		                       sizeof chunk, &got);
		if (err)
			return err;
		found = magic_find(chunk, got);
		if (found) {
			walk->offset += found - chunk;
			return ERR_NONE;
		}
		if (got < sizeof chunk)
			break;
		/* A mark may lie across the edge of two chunks. */
		walk->offset += (int64_t)(got - (sizeof record_magic - 1));
	}
	walk->offset = walk->size;
	return ERR_NONE;
}

enum err segment_walk_next(struct segment_walk *walk, struct record *record)
{
	bool stepped_over = false;
	enum err err;

	while (walk->offset < walk->size) {
		err = record_at(walk, record);
		if (!err) {
			walk->record_at = walk->offset;
			walk->offset += RECORD_HEAD_SIZE + record->len;
			return ERR_NONE;
		}
		if (err != ERR_DAMAGED)
			return err;
		walk->broken += !stepped_over;
		stepped_over = true;
		err = magic_search(walk);
		if (err)
			return err;
	}
	return ERR_NOT_FOUND;
}

enum err segment_body_read(const struct segment_walk *walk, const struct record *record,
                           uint8_t *body, size_t size)
{
	enum err err;
	size_t got;

	if (record->len > size)
		return ERR_TOO_LONG;
	err = walk->disk->read(walk->disk->ctx, walk->file, walk->record_at + RECORD_HEAD_SIZE,
	                       body, record->len, &got);
	if (err)
		return err;
	if (got != record->len || crc32_ieee(0, body, record->len) != record->body_crc)
		return ERR_DAMAGED;
	return ERR_NONE;
}
