#include "gateway/core/outbox.h"

#include <stddef.h>

#include <string.h>

void outbox_init(struct outbox *o, struct spool *spool, uint64_t boot)
{
	memset(o, 0, offsetof(struct outbox, record));
	o->spool = spool;
	o->boot = boot;
}

void outbox_free(struct outbox *o)
{
	backlog_clear(&o->backlog);
}

static bool no_space(enum err err)
{
	return err == ERR_DISK_FULL || err == ERR_FULL;
}

/* A full disk is no failure; anything else that the disk says is the end. */
static void failure_note(struct outbox *o, enum err err)
{
	if (err && !no_space(err) && !o->failed)
		o->failed = err;
}

/* To the spool, or in memory behind those that wait already. */
static void batch_store(struct outbox *o, size_t len, size_t records, bool reserved)
{
	struct spool_entry entry = {
	        .boot = o->boot, .seq = o->seq, .time_s = o->time_s, .len = (uint32_t)len};
	enum err err = ERR_DISK_FULL;

	if (!outbox_waits(o))
		err = spool_append(o->spool, &entry, o->record, reserved);
	if (no_space(err) && backlog_put(&o->backlog, &entry, o->record, reserved))
		o->dropped += records;
	failure_note(o, err);
}

void outbox_close(struct outbox *o)
{
	size_t records = batch_records(&o->batch);
	bool reserved = o->batch.n_events || o->batch.n_results;
	enum err err;
	size_t len;

	if (records == 0)
		return;
	o->seq++;
	err = batch_encode(&o->batch, o->boot, o->seq, o->record, sizeof o->record, &len);
	if (err)
		o->dropped += records;
	else
		batch_store(o, len, records, reserved);
	batch_clear(&o->batch);
}

void outbox_row(struct outbox *o, const struct reading *row)
{
	if (batch_add_row(&o->batch, row))
		return;
	outbox_close(o);
	(void)!batch_add_row(&o->batch, row);
}

void outbox_event(struct outbox *o, const struct uplink_event *event)
{
	if (batch_add_event(&o->batch, event))
		return;
	outbox_close(o);
	(void)!batch_add_event(&o->batch, event);
}

void outbox_result(struct outbox *o, const struct uplink_result *result)
{
	if (batch_add_result(&o->batch, result))
		return;
	outbox_close(o);
	(void)!batch_add_result(&o->batch, result);
}

void outbox_retry(struct outbox *o)
{
	enum err err = ERR_NONE;

	while (outbox_waits(o) && !err) {
		struct backlog_item *item = o->backlog.first;

		err = spool_append(o->spool, &item->entry, item->bytes, item->reserved);
		if (!err)
			backlog_pop(&o->backlog);
	}
	failure_note(o, err);
}

bool outbox_waits(const struct outbox *o)
{
	return o->backlog.first != NULL;
}

bool outbox_is_spooled(const struct outbox *o)
{
	return !outbox_waits(o) && batch_is_empty(&o->batch);
}

uint64_t outbox_dropped_news(struct outbox *o)
{
	uint64_t news = outbox_waits(o) ? 0 : o->dropped - o->dropped_told;

	o->dropped_told += news;
	return news;
}
