#include "firmware/app/price.h"

#include "firmware/app/flash_map.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"

#include <string.h>

/* A page: version u32, valid_from u32, length u16, 0 u16, the image, an even number of bytes, CRC-32 over all
 * before it. */
enum { AT_VERSION = 0, AT_FROM = 4, AT_LEN = 8, HEAD_SIZE = 12, CRC_SIZE = 4 };

struct head {
	uint8_t bytes[HEAD_SIZE];
};

static uint32_t page_number(unsigned page)
{
	return PAGE_TARIFF + page - 1;
}

static uint32_t even(uint32_t len)
{
	return (len + 1) & ~UINT32_C(1);
}

/* ---- reading ---- */

static void read_bytes(const struct prices *p, uint32_t offset, uint8_t *to, uint32_t len)
{
	for (uint32_t i = 0; i < len; i += 2)
		put_le16(to + i, p->flash->ops->read(p->flash->ctx, offset + i));
}

/* The image goes to `staged`. ERR_BAD_INPUT: damaged. */
static enum err page_read(struct prices *p, unsigned page, struct head *head, uint32_t *len)
{
	uint32_t offset = page_number(page) * FLASH_PAGE_SIZE, size;
	uint8_t crc[CRC_SIZE];

	read_bytes(p, offset, head->bytes, HEAD_SIZE);
	*len = get_le16(head->bytes + AT_LEN);
	if (*len == 0 || *len > PLAN_IMAGE_MAX)
		return ERR_BAD_INPUT;
	size = even(*len);
	read_bytes(p, offset + HEAD_SIZE, p->staged, size);
	read_bytes(p, offset + HEAD_SIZE + size, crc, CRC_SIZE);
	if (crc32_ieee(crc32_ieee(0, head->bytes, HEAD_SIZE), p->staged, size) != get_le32(crc))
		return ERR_BAD_INPUT;
	return ERR_NONE;
}

static bool load(struct prices *p, unsigned which, unsigned page)
{
	struct head head;
	uint32_t len;

	p->names.page[which] = 0;
	if (page == 0 || page > PRICE_PAGES || page_read(p, page, &head, &len) != ERR_NONE ||
	    plan_image_decode(p->staged, len, get_le32(head.bytes + AT_VERSION),
	                      get_le32(head.bytes + AT_FROM), &p->plan[which]) != ERR_NONE)
		return false;
	p->names.page[which] = (uint8_t)page;
	return true;
}

void prices_open(struct prices *p, const struct flash *flash, const struct price_names *names)
{
	const struct price_names wanted = *names;

	p->flash = flash;
	p->staged_len = 0;
	/* Without the one in force the next is none either (prices_list): what the platform reads back says so. */
	load(p, PRICE_NOW, wanted.page[PRICE_NOW]);
	if (load(p, PRICE_NEXT, wanted.page[PRICE_NEXT]) &&
	    p->plan[PRICE_NEXT].valid_from_s <= p->plan[PRICE_NOW].valid_from_s)
		p->names.page[PRICE_NEXT] = 0;
}

unsigned prices_list(const struct prices *p, const struct plan *list[PRICE_VERSIONS])
{
	unsigned count = 0;

	while (count < PRICE_VERSIONS && p->names.page[count]) {
		list[count] = &p->plan[count];
		count++;
	}
	return count;
}

/* ---- staging ---- */

enum command_reason prices_part(struct prices *p, const struct price_args *part)
{
	if (part->at == 0) {
		p->staged_version = part->version;
		p->staged_len = 0;
	}
	if (part->version != p->staged_version || part->at > p->staged_len)
		return REASON_PRICE_MISSING;
	if (part->at + part->len > PLAN_IMAGE_MAX)
		return REASON_PRICE_UNFIT;
	memcpy(p->staged + part->at, part->part, part->len);
	p->staged_len = (uint16_t)(part->at + part->len);
	return REASON_NONE;
}

/* ---- writing ---- */

static enum err program(const struct prices *p, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
	enum err err = ERR_NONE;

	for (uint32_t i = 0; !err && i < len; i += 2)
		err = p->flash->ops->program(p->flash->ctx, offset + i, get_le16(bytes + i));
	return err;
}

/* The staged image; whoever programs a half-word reads it back. */
static enum err page_write(struct prices *p, unsigned page, const struct price_args *price)
{
	uint32_t offset = page_number(page) * FLASH_PAGE_SIZE, size = even(price->len);
	struct head head = {{0}};
	uint8_t crc[CRC_SIZE];
	enum err err;

	if (price->len < size)
		p->staged[price->len] = 0;
	put_le32(head.bytes + AT_VERSION, price->version);
	put_le32(head.bytes + AT_FROM, price->valid_from_s);
	put_le16(head.bytes + AT_LEN, price->len);
	put_le32(crc, crc32_ieee(crc32_ieee(0, head.bytes, HEAD_SIZE), p->staged, size));
	err = p->flash->ops->erase(p->flash->ctx, page_number(page));
	if (!err)
		err = program(p, offset, head.bytes, HEAD_SIZE);
	if (!err)
		err = program(p, offset + HEAD_SIZE, p->staged, size);
	if (!err)
		err = program(p, offset + HEAD_SIZE + size, crc, CRC_SIZE);
	return err;
}

static bool is_named(const struct price_names *names, unsigned page)
{
	return names->page[PRICE_NOW] == page || names->page[PRICE_NEXT] == page;
}

/* The page that was written, 0: no free one takes it. */
static unsigned write_free(struct prices *p, const struct price_args *price)
{
	for (unsigned page = 1; page <= PRICE_PAGES; page++)
		if (!is_named(&p->names, page) && page_write(p, page, price) == ERR_NONE)
			return page;
	return 0;
}

static struct price_names names_with(const struct prices *p, unsigned page, uint32_t valid_from_s,
                                     uint32_t charged_s)
{
	struct price_names names = p->names;
	unsigned now = PRICE_NOW;

	if (names.page[PRICE_NEXT] && charged_s >= p->plan[PRICE_NEXT].valid_from_s)
		now = PRICE_NEXT; /* it has begun */
	names.page[PRICE_NOW] = names.page[now];
	names.page[PRICE_NEXT] = (uint8_t)page;
	if (!names.page[PRICE_NOW] || valid_from_s <= p->plan[now].valid_from_s) {
		names.page[PRICE_NOW] = (uint8_t)page;
		names.page[PRICE_NEXT] = 0;
	}
	return names;
}

enum command_reason prices_commit(struct prices *p, const struct price_args *price,
                                  uint32_t charged_s, struct price_names *names)
{
	const struct price_names old = p->names;
	enum command_reason reason = REASON_NONE;
	unsigned page;

	if (price->version != p->staged_version || price->len == 0 || price->len > p->staged_len ||
	    crc32_ieee(0, p->staged, price->len) != price->crc32)
		return REASON_PRICE_MISSING;
	*names = old;
	/* Tried in the place of the next one, which is read again from its page below. */
	if (plan_image_decode(p->staged, price->len, price->version, price->valid_from_s,
	                      &p->plan[PRICE_NEXT]) != ERR_NONE)
		reason = REASON_PRICE_UNFIT;
	page = reason ? 0 : write_free(p, price);
	prices_open(p, p->flash, &old);
	if (reason)
		return reason;
	if (page == 0)
		return REASON_STORE;
	*names = names_with(p, page, price->valid_from_s, charged_s);
	return REASON_NONE;
}
