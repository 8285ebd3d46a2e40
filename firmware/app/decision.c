#include "firmware/app/decision.h"

#include "firmware/app/flash_map.h"

#include "libs/base/bytes.h"

#include <string.h>

enum {
	AT_COUNTER = 0,
	AT_ISSUE = 4,
	AT_UNTIL = 8,
	AT_KIND = 12,
	AT_FLAGS = 13,
	AT_MAC = 14,
	AT_SUPPLY = AT_MAC + COMMAND_MAC_SIZE,
	PAYLOAD_SIZE = AT_SUPPLY + 4,
};

static const struct flog_layout layout = {
        .first_page = PAGE_DECISION,
        .pages = DECISION_PAGES,
        .payload_size = PAYLOAD_SIZE,
        .refresh = true,
};

enum err decision_open(struct flog *log, const struct flash *flash, uint32_t now_ms,
                       struct decision *d)
{
	uint8_t payload[PAYLOAD_SIZE];
	enum err err = flog_open(log, flash, &layout, now_ms, payload);

	if (err == ERR_NOT_FOUND)
		return err;
	d->counter = get_le32(payload + AT_COUNTER);
	d->issue_s = get_le32(payload + AT_ISSUE);
	d->until_s = get_le32(payload + AT_UNTIL);
	d->kind = payload[AT_KIND];
	d->flags = payload[AT_FLAGS];
	memcpy(d->mac, payload + AT_MAC, sizeof d->mac);
	d->supply_counter = get_le32(payload + AT_SUPPLY);
	return err;
}

enum err decision_store(struct flog *log, const struct decision *d, uint32_t now_ms)
{
	uint8_t payload[PAYLOAD_SIZE];

	put_le32(payload + AT_COUNTER, d->counter);
	put_le32(payload + AT_ISSUE, d->issue_s);
	put_le32(payload + AT_UNTIL, d->until_s);
	payload[AT_KIND] = d->kind;
	payload[AT_FLAGS] = d->flags;
	memcpy(payload + AT_MAC, d->mac, sizeof d->mac);
	put_le32(payload + AT_SUPPLY, d->supply_counter);
	return flog_append(log, payload, now_ms);
}

void decision_set(struct decision *d, enum decision_flag flag, bool on)
{
	d->flags = (uint8_t)(on ? d->flags | (unsigned)flag : d->flags & ~(unsigned)flag);
}
