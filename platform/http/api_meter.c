/* Meters: list, one, its readings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/core/history.h"
#include "platform/core/show.h"
#include "platform/http/context.h"
#include "platform/http/page.h"

#define HISTORY_DEFAULT_S  (6 * 3600)
#define HISTORY_SPAN_MAX_S (32 * 86400)

/* What is shown needs both: the values in memory, and what the store says of the moment. */
struct meters_request {
	int64_t meter; /* 0: a page of all */
	struct page page;
	uint64_t version; /* of the cached state, before the store was asked */
	struct link_state state;
};

static int64_t period_of(const struct platform *platform, const struct dir_meter *meter)
{
	return meter->period_s ? meter->period_s : platform->settings.reading_period_s;
}

static void view_fill(struct meter_view *view, struct platform *platform,
                      const struct dir_meter *meter, const struct link_state *state)
{
	const struct live_sample *live = live_get(platform->live, meter->slot);

	memset(view, 0, sizeof *view);
	view->meter = meter;
	view->gateway = &platform->dir->gateways[meter->gateway];
	view->space_id = meter->space ? platform->dir->spaces[meter->space - 1].space_id : 0;
	view->now_ms = clock_wall_ms();
	view->period_s = period_of(platform, meter);
	if (latest_get(platform->latest, meter->slot, &view->value)) {
		view->has_value = true;
		view->reading_at_s = view->value.time_s;
		view->value_at_ms = view->value.time_s * 1000;
	}
	if (live && live->received_mono_ms && live->at_ms >= view->value_at_ms) {
		view->has_value = true;
		view->value = live->value;
		view->value_is_live = true;
		view->value_at_ms = live->at_ms;
	}
	view->gateway_online = link_state_online(state, meter->gateway_id);
	view->watched = live_watched(platform->live, meter->gateway_id, clock_mono_ms());
	view->commands_open = link_state_commands(state, meter->meter);
}

static void show_one(struct request *request, const struct dir_meter *meter,
                     const struct link_state *state)
{
	struct meter_view view;

	view_fill(&view, request->http->platform, meter, state);
	show_meter(&request->out, NULL, &view);
	answer_json(request, 200);
}

static int by_number(const void *a, const void *b)
{
	const struct dir_meter *const *x = a, *const *y = b;

	return ((*x)->meter > (*y)->meter) - ((*x)->meter < (*y)->meter);
}

static int by_name(const void *a, const void *b)
{
	const struct dir_meter *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : by_number(a, b);
}

static bool is_behind(const struct list_ask *ask, const struct dir_meter *meter)
{
	int order = 0;

	if (!ask->has_after)
		return true;
	if (ask->sort == METERS_LIST_SORT_NAME)
		order = strcmp(meter->name, ask->after_text);
	if (!order)
		order = (meter->meter > ask->after_id) - (meter->meter < ask->after_id);
	return ask->descending ? order < 0 : order > 0;
}

static bool is_below(const struct place *place, int64_t space_id)
{
	for (size_t i = 0; i < SPACE_DEPTH; i++)
		if (place->space[i] == space_id)
			return true;
	return false;
}

/* In number or name; letters A-Z as small ones. */
static bool is_found(const struct dir_meter *meter, const char *search)
{
	char number[24];

	snprintf(number, sizeof number, "%012lld", (long long)meter->meter);
	return !*search || strstr(number, search) || strcasestr(meter->name, search);
}

/* What the parameters ask for; an id of what is not there, or not his, finds nothing. */
static bool is_wanted(const struct request *request, const struct list_ask *ask,
                      const struct dir_meter *meter, const struct place *place)
{
	const struct query_meters_list *query = meters_list_query(request);
	const struct directory *dir = request->http->platform->dir;

	return (!query->has_property ||
	        strcmp(dir->properties[meter->property].slug, query->property) == 0) &&
	       (!query->has_space || is_below(place, query->space)) && is_found(meter, ask->search);
}

/* Those behind the cursor that are asked for and that the caller sees, in the list's order. */
static size_t meters_sorted(struct request *request, const struct list_ask *ask,
                            const struct dir_meter **sorted)
{
	const struct directory *dir = request->http->platform->dir;
	size_t count = 0;

	for (size_t i = 0; i < dir->meter_count; i++) {
		const struct dir_meter *meter = &dir->meters[i];
		struct place place;

		if (!is_behind(ask, meter))
			continue;
		place = directory_place_of_meter(dir, meter);
		if (is_wanted(request, ask, meter, &place) &&
		    gate_shows(request, PERMISSION_PROPERTY_READ, &place))
			sorted[count++] = meter;
	}
	qsort(sorted, count, sizeof *sorted,
	      ask->sort == METERS_LIST_SORT_NAME ? by_name : by_number);
	return count;
}

static void show_page(struct request *request, struct page *page, const struct link_state *state)
{
	struct platform *platform = request->http->platform;
	const struct list_ask *ask = &page->ask;
	const struct dir_meter **sorted =
	        request_alloc(request, (platform->dir->meter_count + 1) * sizeof *sorted);
	struct meter_view view;
	size_t count;

	if (!sorted) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	count = meters_sorted(request, ask, sorted);
	for (size_t i = 0; i < count; i++) {
		const struct dir_meter *meter = sorted[ask->descending ? count - 1 - i : i];

		if (!page_take(page, meter->name, 0, meter->meter))
			break;
		view_fill(&view, platform, meter, state);
		show_meter(&request->out, NULL, &view);
	}
	page_close(request, page);
}

static enum err read_state(struct reader *reader, void *arg)
{
	return link_state_read(reader->db, &((struct meters_request *)arg)->state);
}

static void state_read(struct request *request, void *arg, enum err err)
{
	struct http *http = request->http;
	struct meters_request *meters = arg;
	const struct dir_meter *meter = directory_meter(http->platform->dir, meters->meter);

	if (!err)
		link_state_put(&http->link_state, &meters->state, meters->version, clock_mono_ms());
	if (!err && meters->meter && !meter)
		err = ERR_NOT_FOUND; /* gone meanwhile */
	if (err)
		answer_err(request, err);
	else if (meters->meter)
		show_one(request, meter, &meters->state);
	else
		show_page(request, &meters->page, &meters->state);
}

static void ask_state(struct request *request, int64_t meter, const struct page *page)
{
	struct meters_request *meters = request_alloc(request, sizeof *meters);

	if (!meters) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	meters->meter = meter;
	if (page)
		meters->page = *page;
	meters->version = request->http->link_state.version;
	request_read(request, read_state, meters, state_read);
}

void meter_show(struct request *request)
{
	const struct link_state *state =
	        link_state_get(&request->http->link_state, clock_mono_ms());

	if (state)
		show_one(request, request->scope.meter, state);
	else
		ask_state(request, request->scope.meter->meter, NULL);
}

void meters_list(struct request *request)
{
	const struct link_state *state =
	        link_state_get(&request->http->link_state, clock_mono_ms());
	struct page page = {0};

	if (!page_open(request, &page))
		return;
	if (state)
		show_page(request, &page, state);
	else
		ask_state(request, 0, &page);
}

/* ---- readings ---- */

static enum err read_history(struct reader *reader, void *arg)
{
	return history_read(reader->days, arg);
}

static void show_point(struct json_out *out, const struct history_point *point)
{
	out_object(out, NULL);
	out_time_s(out, "at", point->at_s);
	show_values(out, &point->value);
	out_int(out, "power_min_dw", point->power_min_dw);
	out_int(out, "power_max_dw", point->power_max_dw);
	show_quality(out, "quality", point->value.quality);
	out_object_end(out);
}

static void history_found(struct request *request, void *arg, enum err err)
{
	struct history_request *history = arg;
	struct json_out *out = &request->out;

	metric_add(METRIC_STORE_DAMAGED, (int64_t)history->damaged);
	if (err) {
		history_free(history);
		answer_err(request, err);
		return;
	}
	out_object(out, NULL);
	out_array(out, "items");
	for (size_t i = 0; i < history->point_count; i++)
		show_point(out, &history->point[i]);
	out_array_end(out);
	out_array(out, "gaps");
	for (size_t i = 0; i < history->gap_count; i++) {
		out_object(out, NULL);
		out_time_s(out, "from", history->gap[i].from_s);
		out_time_s(out, "to", history->gap[i].to_s);
		out_object_end(out);
	}
	out_array_end(out);
	out_int(out, "readings", (int64_t)history->reading_count);
	out_int(out, "damaged", (int64_t)history->damaged);
	out_object_end(out);
	history_free(history);
	answer_json(request, 200);
}

static bool history_ask(struct request *request, struct history_request *history)
{
	const struct query_meter_readings *query = meter_readings_query(request);
	struct refusal *refusal = &request->refusal;

	history->now_s = request->now_ms / 1000;
	history->to_s = query->has_to ? query->to_s : history->now_s + 1;
	history->from_s = query->has_from ? query->from_s : history->to_s - HISTORY_DEFAULT_S;
	history->points = query->has_points ? (size_t)query->points : HISTORY_POINTS_MAX;
	if (history->from_s < 0 || history->from_s >= history->to_s)
		return refuse(refusal, PROBLEM_BAD_FIELD, "from", "must be before `to`");
	if (history->to_s - history->from_s > HISTORY_SPAN_MAX_S)
		return refuse(refusal, PROBLEM_BAD_FIELD, "from", "at most 32 days before `to`");
	return true;
}

void meter_readings(struct request *request)
{
	const struct dir_meter *meter = request->scope.meter;
	struct history_request *history = request_alloc(request, sizeof *history);

	if (!history) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	history->property_id = meter->property_id;
	history->gateway_id = meter->gateway_id;
	history->meter = meter->meter;
	history->period_s = period_of(request->http->platform, meter);
	if (history_ask(request, history))
		request_read(request, read_history, history, history_found);
	else
		answer_refusal(request);
}
