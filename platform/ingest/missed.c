#include "platform/ingest/missed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/proto/event.h"
#include "platform/core/event_note.h"
#include "platform/ingest/state.h"
#include "platform/store/missed.h"

/* The meters that are marked, by number: few at most times. */
struct marked {
	struct missed_row *row;
	size_t count, room;
	enum err err;
};

static void take_marked(void *arg, const struct missed_row *row)
{
	struct marked *m = arg;
	struct missed_row *more;

	if (m->count == m->room) {
		size_t room = m->room ? 2 * m->room : 64;

		more = realloc(m->row, room * sizeof *more);
		if (!more) {
			m->err = ERR_NOMEM;
			return;
		}
		m->row = more;
		m->room = room;
	}
	m->row[m->count++] = *row;
}

static int by_number(const void *a, const void *b)
{
	const struct missed_row *x = a, *y = b;

	return x->meter < y->meter ? -1 : x->meter > y->meter;
}

static const struct missed_row *find(const struct marked *m, int64_t meter)
{
	const struct missed_row key = {.meter = meter};

	return m->count ? bsearch(&key, m->row, m->count, sizeof key, by_number) : NULL;
}

static enum err note(struct tx *tx, const struct dir_meter *meter, uint32_t kind, int64_t since_s,
                     int64_t value, int64_t now_ms, struct effects *out)
{
	struct event_row row = {.property_id = meter->property_id,
	                        .gateway_id = meter->gateway_id,
	                        .meter = meter->meter,
	                        .kind = kind,
	                        .value = value,
	                        .at_s = now_ms / 1000,
	                        .stored_ms = now_ms};

	/* One per episode, however often the step is run again. */
	snprintf(row.source, sizeof row.source, "missed/%012" PRId64 "/%" PRId64 "/%" PRIu32,
	         meter->meter, since_s, kind);
	return event_note(tx, &row, out);
}

static enum err look_at(struct tx *tx, struct missed_request *r, const struct marked *m,
                        const struct dir_meter *meter, int64_t now_ms, struct effects *out)
{
	int64_t period_s = meter->period_s ? meter->period_s : r->period_s;
	int64_t patience_s = 2 * period_s + MISSED_EXTRA_S, now_s = now_ms / 1000, last_s;
	const struct reading *latest = latest_peek(r->ingest->config.latest, meter->slot);
	const struct missed_row *mark = find(m, meter->meter);
	bool silent;
	enum err err;

	last_s = latest ? latest->time_s : 0;
	silent = now_s - last_s > patience_s;
	r->missing += silent;
	if (silent && !mark && r->running_s > patience_s) {
		err = missed_insert(tx->db, meter->property_id, meter->meter, last_s);
		return err ? err
		           : note(tx, meter, EVENT_READING_MISSED, last_s, last_s, now_ms, out);
	}
	if (silent || !mark)
		return ERR_NONE;
	err = missed_delete(tx->db, meter->property_id, meter->meter);
	return err ? err
	           : note(tx, meter, EVENT_READING_BACK, mark->since_s,
	                  mark->since_s ? last_s - mark->since_s : 0, now_ms, out);
}

enum err missed_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct missed_request *r = arg;
	const struct directory *dir = r->ingest->dir;
	struct marked m = {0};
	enum err err;

	r->missing = 0;
	err = tx_open(tx);
	if (!err)
		err = missed_list(tx->db, take_marked, &m);
	if (!err)
		err = m.err;
	if (!err && m.count)
		qsort(m.row, m.count, sizeof *m.row, by_number);
	for (size_t i = 0; !err && i < dir->meter_count; i++)
		err = look_at(tx, r, &m, &dir->meters[i], now_ms, out);
	free(m.row);
	return err;
}
