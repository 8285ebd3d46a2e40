#include "platform/core/tenant.h"

#include <string.h>

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

bool lease_window(const struct lease_meter *meter, int64_t now_s, int64_t *from_s, int64_t *to_s)
{
	int64_t from = later(later(*from_s, meter->lease_from_s), meter->place_from_s);
	int64_t to = earlier(earlier(*to_s, meter->lease_until_s), meter->place_until_s);
	bool tenant = now_s >= meter->lease_from_s && now_s < meter->lease_until_s;

	/* Up to now, this second included: what is dated later was dated by a wrong clock. */
	if (now_s < INT64_MAX)
		to = earlier(to, now_s + 1);
	if (!tenant || from >= to) {
		*from_s = *to_s = 0;
		return false;
	}
	*from_s = from;
	*to_s = to;
	return true;
}

bool lease_window_holds(const struct lease_meter *meter, int64_t now_s, int64_t at_s)
{
	int64_t from_s = at_s, to_s = at_s + 1;

	return at_s < INT64_MAX && lease_window(meter, now_s, &from_s, &to_s);
}

/* ---- from the rows ---- */

struct collect {
	const struct tenant_request *request;
	struct lease_meter *spans;
	size_t count;
};

static void take_span(void *arg, const struct lease_meter *meter)
{
	struct collect *collect = arg;
	int64_t from_s = collect->request->from_s, to_s = collect->request->to_s;

	if (meter->meter != collect->request->meter ||
	    !lease_window(meter, collect->request->now_s, &from_s, &to_s))
		return;
	/* More than there is room for: the newest stay. */
	if (collect->count == TENANT_SPANS) {
		memmove(collect->spans, collect->spans + 1,
		        (TENANT_SPANS - 1) * sizeof *collect->spans);
		collect->count--;
	}
	collect->spans[collect->count++] = *meter;
}

enum err tenant_spans(struct db *db, const struct tenant_request *request,
                      struct lease_meter spans[TENANT_SPANS], size_t *count)
{
	struct collect collect = {.request = request, .spans = spans};
	enum err err =
	        lease_meters(db, request->property_id, request->customer_id, take_span, &collect);

	*count = collect.count;
	return err ? err : collect.count ? ERR_NONE : ERR_NOT_FOUND;
}

enum err tenant_meter_now(struct db *db, const struct tenant_request *request,
                          struct lease_meter *meter)
{
	struct tenant_request now = *request;
	struct lease_meter spans[TENANT_SPANS];
	size_t count;
	enum err err;

	now.from_s = request->now_s;
	now.to_s = request->now_s < INT64_MAX ? request->now_s + 1 : INT64_MAX;
	err = tenant_spans(db, &now, spans, &count);
	if (!err)
		*meter = spans[count - 1];
	return err;
}

enum err tenant_history(struct db *db, struct day_reader *days,
                        const struct tenant_request *request, struct history_request *history)
{
	struct lease_meter spans[TENANT_SPANS];
	size_t count;
	enum err err = tenant_spans(db, request, spans, &count);

	if (err)
		return err;
	history->property_id = request->property_id;
	history->meter = request->meter;
	history->gateway_id = spans[count - 1].gateway_id;
	history->now_s = request->now_s;
	history->from_s = request->from_s;
	history->to_s = request->to_s;
	if (!lease_window(&spans[count - 1], request->now_s, &history->from_s, &history->to_s))
		return ERR_NOT_FOUND;
	return history_read(days, history);
}

struct events {
	const struct tenant_request *request;
	const struct lease_meter *spans;
	size_t span_count;
	int64_t limit, shown, last;
	void (*each)(void *arg, const struct event_row *);
	void *arg;
};

static void take_event(void *arg, const struct event_row *row)
{
	struct events *events = arg;
	bool holds = false;

	events->last = row->event_id;
	if (row->at_s < events->request->from_s || row->at_s >= events->request->to_s)
		return;
	for (size_t i = 0; !holds && i < events->span_count; i++)
		holds = lease_window_holds(&events->spans[i], events->request->now_s, row->at_s);
	if (!holds || events->shown == events->limit)
		return;
	events->shown++;
	events->each(events->arg, row);
}

#define EVENTS_AT_ONCE 200

enum err tenant_events(struct db *db, const struct tenant_request *request, int64_t before,
                       int64_t limit, void (*each)(void *arg, const struct event_row *), void *arg)
{
	struct lease_meter spans[TENANT_SPANS];
	struct events events = {
	        .request = request, .spans = spans, .limit = limit, .each = each, .arg = arg};
	enum err err = tenant_spans(db, request, spans, &events.span_count);

	/* Rows that are not his are passed over, not counted: a page is full of his own. */
	while (!err && events.shown < limit) {
		events.last = 0;
		err = event_list(db, request->property_id, request->meter, before, EVENTS_AT_ONCE,
		                 take_event, &events);
		if (events.last == 0)
			break;
		before = events.last;
	}
	return err;
}
