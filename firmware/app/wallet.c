#include "firmware/app/wallet.h"

#include "firmware/app/flash_map.h"

#include "libs/base/bytes.h"

#include <string.h>

enum {
	AT_COUNTER = 0,
	AT_COUNT = 4,
	AT_TOTAL = 8,
	AT_SPENT = 16,
	AT_MAC = 24,
	PAYLOAD_SIZE = AT_MAC + COMMAND_MAC_SIZE,
};

static const struct flog_layout layout = {
        .first_page = PAGE_PURSE,
        .pages = PURSE_PAGES,
        .payload_size = PAYLOAD_SIZE,
        .refresh = true,
};

void wallet_open(struct wallet *w, const struct flash *flash, uint32_t now_ms)
{
	uint8_t payload[PAYLOAD_SIZE];
	enum err err;

	memset(w, 0, sizeof *w);
	err = flog_open(&w->log, flash, &layout, now_ms, payload);
	if (err == ERR_NOT_FOUND)
		return;
	w->failed = err != ERR_NONE;
	w->counter = get_le32(payload + AT_COUNTER);
	w->purse.count = get_le32(payload + AT_COUNT);
	w->purse.total = money_fen((int64_t)get_le64(payload + AT_TOTAL));
	w->purse.spent = money_fen((int64_t)get_le64(payload + AT_SPENT));
	memcpy(w->mac, payload + AT_MAC, sizeof w->mac);
}

static enum err keep(struct wallet *w, const struct purse *purse, uint32_t counter,
                     const uint8_t mac[COMMAND_MAC_SIZE], uint32_t now_ms)
{
	uint8_t payload[PAYLOAD_SIZE];
	enum err err;

	put_le32(payload + AT_COUNTER, counter);
	put_le32(payload + AT_COUNT, purse->count);
	put_le64(payload + AT_TOTAL, (uint64_t)purse->total.fen);
	put_le64(payload + AT_SPENT, (uint64_t)purse->spent.fen);
	memcpy(payload + AT_MAC, mac, COMMAND_MAC_SIZE);
	err = flog_append(&w->log, payload, now_ms);
	w->failed = err != ERR_NONE;
	if (err)
		return err;
	w->purse = *purse;
	w->counter = counter;
	memcpy(w->mac, mac, sizeof w->mac);
	return ERR_NONE;
}

enum command_reason wallet_take(struct wallet *w, const struct purse_entry *entry,
                                struct money hoarding, uint32_t counter,
                                const uint8_t mac[COMMAND_MAC_SIZE], uint32_t now_ms)
{
	static const enum command_reason reasons[] = {
	        [PURSE_TAKEN] = REASON_NONE,
	        [PURSE_REPEATED] = REASON_PURCHASE_REPEATED,
	        [PURSE_MISSING] = REASON_PURCHASE_MISSING,
	        [PURSE_DIFFERS] = REASON_PURCHASE_DIFFERS,
	        [PURSE_SHORT] = REASON_PURCHASE_SHORT,
	        [PURSE_HOARDING] = REASON_HOARDING,
	};
	struct purse next = w->purse;
	enum purse_verdict verdict = purse_take(&next, entry, hoarding);

	if (verdict != PURSE_TAKEN)
		return reasons[verdict];
	return keep(w, &next, counter, mac, now_ms) ? REASON_STORE : REASON_NONE;
}

enum command_reason wallet_void(struct wallet *w, uint32_t count, uint32_t counter,
                                const uint8_t mac[COMMAND_MAC_SIZE], uint32_t now_ms)
{
	struct purse next = w->purse;

	if (!purse_void(&next, count))
		return REASON_PURCHASE_REPEATED;
	return keep(w, &next, counter, mac, now_ms) ? REASON_STORE : REASON_NONE;
}

void wallet_tell(const struct wallet *w, struct result *result)
{
	result->count = w->purse.count;
	result->total_fen = w->purse.total.fen;
	result->balance_fen = purse_balance(&w->purse).fen;
}

bool wallet_knows(const struct wallet *w, uint32_t counter, const uint8_t mac[COMMAND_MAC_SIZE])
{
	return w->purse.count > 0 && counter == w->counter &&
	       memcmp(mac, w->mac, COMMAND_MAC_SIZE) == 0;
}
