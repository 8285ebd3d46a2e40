#include "gateway/core/sender.h"

#include <string.h>

#define PATIENCE_FIRST_MS 10000
#define PATIENCE_MAX_MS   80000

static uint64_t acked(struct sender *s)
{
	struct spool_stats stats;

	spool_stats(s->spool, &stats);
	return stats.acked;
}

static uint64_t known_epoch(struct sender *s)
{
	struct spool_stats stats;

	spool_stats(s->spool, &stats);
	return stats.epoch;
}

static void window_restart(struct sender *s)
{
	s->n = 0;
	s->next = acked(s) + 1;
	s->patience_ms = PATIENCE_FIRST_MS;
}

/* The newest name that the spool keeps: of what is acknowledged without a hole. */
static void newest_from_spool(struct sender *s)
{
	struct spool_stats stats;

	spool_stats(s->spool, &stats);
	s->newest_index = stats.acked;
	s->newest_boot = stats.stored_boot;
	s->newest_seq = stats.stored_seq;
}

static void before_note(struct sender *s)
{
	s->before_boot = s->newest_boot;
	s->before_seq = s->newest_seq;
}

void sender_init(struct sender *s, struct spool *spool, uint8_t *body,
                 void (*publish)(void *ctx, const uint8_t *bytes, size_t len), void *ctx)
{
	*s = (struct sender){.spool = spool, .body = body, .publish = publish, .ctx = ctx};
	newest_from_spool(s);
	before_note(s);
	window_restart(s);
}

/* What was on its way when the link broke may be lost: begin again behind the last ack. */
void sender_link(struct sender *s, bool up)
{
	s->link_up = up;
	window_restart(s);
}

static size_t window_bytes(const struct sender *s)
{
	size_t sum = 0;

	for (size_t i = 0; i < s->n; i++)
		sum += s->window[i].batch.len;
	return sum;
}

/* Reads batch `index` or the next one there is; a damaged one is passed by (the spool counts it). */
static enum err batch_offer(struct sender *s, uint64_t index, struct sender_entry *entry)
{
	enum err err = spool_read(s->spool, index, &entry->batch, s->body, RECORD_BODY_MAX);

	entry->done = err == ERR_DAMAGED;
	entry->stored = false;
	if (!err)
		s->publish(s->ctx, s->body, entry->batch.len);
	return err == ERR_DAMAGED ? ERR_NONE : err;
}

static void window_trim(struct sender *s)
{
	size_t done = 0;

	while (done < s->n && s->window[done].done)
		done++;
	if (!done)
		return;
	spool_ack(s->spool, s->window[done - 1].batch.index, known_epoch(s));
	for (size_t i = 0; i < done; i++)
		if (s->window[i].stored)
			spool_stored(s->spool, s->window[i].batch.boot, s->window[i].batch.seq);
	s->n -= done;
	memmove(s->window, s->window + done, s->n * sizeof *s->window);
	s->patience_ms = PATIENCE_FIRST_MS;
}

static enum err window_repeat(struct sender *s, int64_t mono_ms)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; i < s->n && !err; i++) {
		if (s->window[i].done)
			continue;
		err = batch_offer(s, s->window[i].batch.index, &s->window[i]);
		s->repeats++;
	}
	s->sent_ms = mono_ms;
	if (s->patience_ms < PATIENCE_MAX_MS)
		s->patience_ms *= 2;
	window_trim(s);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static enum err window_fill(struct sender *s, int64_t mono_ms)
{
	enum err err = ERR_NONE;

	while (s->n < SENDER_WINDOW && window_bytes(s) < SENDER_WINDOW_BYTES) {
		struct sender_entry *entry = &s->window[s->n];

		err = batch_offer(s, s->next, entry);
		if (err)
			break;
		s->next = entry->batch.index + 1;
		if (s->n++ == 0)
			s->sent_ms = mono_ms;
		window_trim(s);
	}
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err sender_pump(struct sender *s, int64_t mono_ms)
{
	enum err err = ERR_NONE;

	if (!s->link_up)
		return ERR_NONE;
	if (s->n > 0 && mono_ms - s->sent_ms >= s->patience_ms)
		err = window_repeat(s, mono_ms);
	return err ? err : window_fill(s, mono_ms);
}

void sender_run(struct sender *s, uint64_t run)
{
	bool first = s->run == 0;

	if (run == 0 || run == s->run)
		return;
	s->run = run;
	before_note(s);
	/* What an older run acknowledged behind a batch that was lost may be gone from the store of
	 * this one: its word counts only up to the first hole. */
	if (!first)
		window_restart(s);
}

bool sender_epoch(struct sender *s, uint64_t epoch)
{
	uint64_t known = known_epoch(s);

	if (epoch == 0 || epoch == known)
		return false;
	/* The first one ever is no news: there was no other store to be acknowledged by. */
	if (known == 0) {
		spool_ack(s->spool, acked(s), epoch);
		return false;
	}
	spool_rewind(s->spool, epoch);
	newest_from_spool(s);
	before_note(s);
	window_restart(s);
	return true;
}

static void done_mark(struct sender *s, const struct ack_done *done)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct spool_entry *batch = &s->window[i].batch;

		if (batch->boot != done->boot || batch->seq < done->first ||
		    batch->seq > done->last)
			continue;
		s->window[i].done = s->window[i].stored = true;
		if (batch->index > s->newest_index) {
			s->newest_index = batch->index;
			s->newest_boot = batch->boot;
			s->newest_seq = batch->seq;
		}
	}
}

/* Set aside: it stays in the spool, marked, and the next ones go on. */
static enum err refused_mark(struct sender *s, const struct ack_refused *refused)
{
	for (size_t i = 0; i < s->n; i++) {
		struct sender_entry *entry = &s->window[i];
		enum err err;

		if (entry->done || entry->batch.boot != refused->boot ||
		    entry->batch.seq != refused->seq)
			continue;
		entry->done = true;
		err = spool_refuse(s->spool, entry->batch.index, refused->reason);
		/* Without space for the mark it is only not counted after a restart. */
		if (err && err != ERR_DISK_FULL)
			return err;
	}
	return ERR_NONE;
}

bool sender_ack(struct sender *s, const struct ack *ack, enum err *err)
{
	bool other_store;

	sender_run(s, ack->run);
	other_store = sender_epoch(s, ack->epoch);
	*err = ERR_NONE;
	for (size_t i = 0; i < ack->done_count; i++)
		done_mark(s, &ack->done[i]);
	for (size_t i = 0; i < ack->refused_count && !*err; i++)
		*err = refused_mark(s, &ack->refused[i]);
	window_trim(s);
	return other_store;
}
