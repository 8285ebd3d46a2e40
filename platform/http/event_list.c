/* What happened at a meter, at a gateway or in a property, newest first. */
#include "platform/core/show.h"
#include "platform/http/context.h"
#include "platform/http/page.h"

struct events_request {
	struct page page;
	int64_t property_id, meter, gateway_id; /* one of the two, or none: all */
	struct db *db;
	struct gateway_row gateway; /* of the event before: most come in runs */
	enum err err;
};

static const char *name_of(struct events_request *events, const struct event_row *row)
{
	struct gateway_row *gateway = &events->gateway;
	enum err err = ERR_NONE;

	if (!row->gateway_id)
		return NULL;
	if (gateway->gateway_id != row->gateway_id)
		err = gateway_get(events->db, row->property_id, row->gateway_id, gateway);
	if (err)
		gateway->gateway_id = 0;
	if (err && err != ERR_NOT_FOUND)
		events->err = err;
	return err ? NULL : gateway->name;
}

static void take_event(void *arg, const struct event_row *row)
{
	struct events_request *events = arg;

	if (page_take(&events->page, "", 0, row->event_id))
		show_event(events->page.out, NULL, row, name_of(events, row));
}

/* Rows go straight into the answer: the request waits, and nobody else writes to it. */
static enum err read_events(struct reader *reader, void *arg)
{
	struct events_request *events = arg;
	int64_t before = events->page.ask.after_id, rows = page_rows(&events->page);
	enum err err;

	events->db = reader->db;
	if (events->gateway_id)
		err = event_list_gateway(reader->db, events->property_id, events->gateway_id,
		                         before, rows, take_event, events);
	else
		err = event_list(reader->db, events->property_id, events->meter, before, rows,
		                 take_event, events);
	return err ? err : events->err;
}

static void events_found(struct request *request, void *arg, enum err err)
{
	struct events_request *events = arg;

	if (err)
		answer_err(request, err);
	else
		page_close(request, &events->page);
}

static void answer_events(struct request *request, int64_t meter, int64_t gateway_id)
{
	struct events_request *events = request_alloc(request, sizeof *events);

	if (!events) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!page_open(request, &events->page))
		return;
	events->property_id = request->place.property_id;
	events->meter = meter;
	events->gateway_id = gateway_id;
	request_read(request, read_events, events, events_found);
}

void meter_events(struct request *request)
{
	answer_events(request, request->scope.meter->meter, 0);
}

void gateway_events(struct request *request)
{
	answer_events(request, 0, request->scope.gateway->gateway_id);
}

void property_events(struct request *request)
{
	answer_events(request, 0, 0);
}
