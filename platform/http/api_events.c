/* Live events: what pages hear, and the watch leases that make gateways send live samples. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/api_key.h"
#include "platform/core/clock.h"
#include "platform/core/show.h"
#include "platform/http/context.h"

#define KEEPALIVE_S 15

/* A page: its request stays open, as long as there are rights behind it. */
struct listener_page {
	struct http *http;
	struct sse_client *client;
	struct stream *stream;
	struct access *access; /* its own: no more than the grants that there are */
	int64_t property_id;   /* 0: of all that it sees */
	struct access_watch watch;
};

/* ---- what it may hear ---- */

static bool page_sees(void *arg, const struct sse_about *about)
{
	const struct listener_page *page = arg;

	if (page->property_id && page->property_id != about->place.property_id)
		return false;
	return access_allows(page->access, about->permission, &about->place,
	                     clock_wall_ms() / 1000);
}

/* NULL, and no question per event, for those who may everything everywhere. */
static sse_sees_fn sees_of(const struct listener_page *page)
{
	static const struct place everywhere;
	const struct access *access = page->access;

	for (size_t i = 0; !page->property_id && i < access->count; i++)
		if (access->grant[i].permissions == PERMISSION_ALL && !access->grant[i].expires_s &&
		    access_allows(access, PERMISSION_SYSTEM, &everywhere, 0))
			return NULL;
	return page_sees;
}

static struct sse_about about_property(const struct directory *dir, int64_t property_id,
                                       enum permission permission)
{
	const struct dir_property *property = directory_property(dir, property_id);
	struct sse_about about = {.permission = permission};

	if (property)
		about.place = directory_place_of_property(property);
	return about;
}

/* Of a meter: its place, or that of the property when it is not known (any more). */
static struct sse_about about_meter(const struct directory *dir, int64_t property_id, int64_t meter)
{
	const struct dir_meter *found = directory_meter(dir, meter);
	struct sse_about about = about_property(dir, property_id, PERMISSION_PROPERTY_READ);

	if (found && found->property_id == property_id)
		about.place = directory_place_of_meter(dir, found);
	return about;
}

/* ---- watch leases ---- */

static bool hears_gateway(struct listener_page *page, const struct dir_gateway *gateway)
{
	const struct directory *dir = page->http->platform->dir;
	struct sse_about property =
	        about_property(dir, gateway->property_id, PERMISSION_PROPERTY_READ);

	if (page_sees(page, &property))
		return true;
	if (!access_sees(page->access, &property.place, clock_wall_ms() / 1000))
		return false;
	/* He has some rooms of it. */
	for (uint32_t i = 0; i < gateway->meter_count; i++) {
		const struct dir_meter *meter = &dir->meters[gateway->first_meter + i];
		struct sse_about about = about_meter(dir, meter->property_id, meter->meter);

		if (page_sees(page, &about))
			return true;
	}
	return false;
}

static void watch_named(struct listener_page *page, const int64_t *meters, size_t count)
{
	struct platform *platform = page->http->platform;

	for (size_t i = 0; i < count; i++) {
		const struct dir_meter *meter = directory_meter(platform->dir, meters[i]);
		struct sse_about about;

		if (!meter)
			continue;
		about = about_meter(platform->dir, meter->property_id, meter->meter);
		if (page_sees(page, &about))
			live_watch(platform->live, meter->gateway_id, clock_mono_ms());
	}
}

static void watch_for(struct listener_page *page)
{
	struct platform *platform = page->http->platform;
	const struct directory *dir = platform->dir;
	int64_t now_ms = clock_mono_ms();
	size_t count;
	const int64_t *meters = sse_meters(page->client, &count);

	if (meters) {
		watch_named(page, meters, count);
		return;
	}
	for (size_t i = 0; i < dir->gateway_count; i++) {
		const struct dir_gateway *gateway = &dir->gateways[i];

		/* Many pages hear the same gateways: one that was just renewed is not asked for. */
		if (!live_renewed(platform->live, gateway->gateway_id, now_ms) &&
		    hears_gateway(page, gateway))
			live_watch(platform->live, gateway->gateway_id, now_ms);
	}
}

/* ---- a page comes and goes ---- */

static ssize_t page_read(void *arg, char *to, size_t size)
{
	struct listener_page *page = arg;

	return sse_read(page->client, to, size);
}

static void page_end(void *arg)
{
	struct listener_page *page = arg;

	sse_leave(page->client);
	access_watch_end(&page->watch);
	free(page->access);
	free(page);
}

/* Few hold more than a grant or two of the 32 that there is room for, and pages are many. */
static struct access *copy_access(const struct access *access)
{
	size_t size = offsetof(struct access, grant) + access->count * sizeof access->grant[0];
	struct access *copy = malloc(size);

	if (copy)
		memcpy(copy, access, size);
	return copy;
}

/* It hears no longer than its session lives, and no more than its rights. */
static void page_rights(void *arg, const struct access *access)
{
	struct listener_page *page = arg;
	bool may =
	        access && access_anywhere(access, PERMISSION_PROPERTY_READ, clock_wall_ms() / 1000);
	struct access *copy = may ? copy_access(access) : NULL;

	if (!copy) {
		sse_cut(page->client);
		return;
	}
	if (!access_equal(page->access, copy))
		sse_tell(page->client, "access", "{}");
	free(page->access);
	page->access = copy;
	sse_look_again(page->client, sees_of(page));
}

static void page_wake(void *arg)
{
	struct listener_page *page = arg;

	if (page->stream)
		stream_wake(page->stream);
}

static struct listener_page *page_new(struct request *request,
                                      const struct query_events_open *query, int64_t property_id)
{
	struct listener_page *page = calloc(1, sizeof *page);
	struct sse_page wish = {
	        .meters = query->has_meters ? query->meters : NULL,
	        .meter_count = query->meters_count,
	        .last_event_id = request_header(request, "Last-Event-ID"),
	        .wake = page_wake,
	        .arg = page,
	};

	if (!page)
		return NULL;
	page->access = copy_access(&request->access);
	if (!page->access) {
		free(page);
		return NULL;
	}
	page->http = request->http;
	page->property_id = property_id;
	memcpy(page->watch.token_hash, request->token_hash, sizeof page->watch.token_hash);
	page->watch.user_id = request->user.user_id;
	page->watch.key_id = request->access.key_id;
	page->watch.changed = page_rights;
	page->watch.arg = page;
	wish.sees = sees_of(page);
	page->client = sse_join(request->http->sse, &wish);
	if (!page->client) {
		free(page->access);
		free(page);
		return NULL;
	}
	access_watch_begin(request->http->watches, &page->watch);
	return page;
}

/* False: answered. */
static bool find_property(struct request *request, const char *slug, int64_t *property_id)
{
	const struct dir_property *property = directory_slug(request->http->platform->dir, slug);
	struct place place;
	char object[64];

	if (!property) {
		answer_err(request, ERR_NOT_FOUND);
		return false;
	}
	*property_id = property->property_id;
	place = directory_place_of_property(property);
	snprintf(object, sizeof object, "property %s", slug);
	return gate_reaches(request, PERMISSION_PROPERTY_READ, &place, object);
}

void events_open(struct request *request)
{
	const struct query_events_open *query = events_open_query(request);
	struct listener_page *page;
	int64_t property_id = 0;

	if (query->has_property && !find_property(request, query->property, &property_id))
		return;
	page = page_new(request, query, property_id);
	if (!page) {
		answer_err(request, ERR_FULL);
		return;
	}
	watch_for(page);
	page->stream = answer_event_stream(request, page_read, page_end, page);
	if (!page->stream) {
		page_end(page);
		answer_err(request, ERR_NOMEM);
	}
}

void events_tick(struct http *http)
{
	bool keepalive = ++http->keepalive_ticks % KEEPALIVE_S == 0;

	for (struct sse_client *c = sse_first(http->sse); c; c = sse_next(c))
		watch_for(sse_arg(c));
	watches_tick(http->watches);
	if (keepalive)
		sse_keepalive(http->sse);
}

static const char *gateway_name(const struct directory *dir, int64_t gateway_id)
{
	for (size_t i = 0; i < dir->gateway_count; i++)
		if (dir->gateways[i].gateway_id == gateway_id)
			return dir->gateways[i].name;
	return NULL;
}

static const char *property_name(const struct directory *dir, int64_t property_id)
{
	const struct dir_property *property = directory_property(dir, property_id);

	return property ? property->slug : NULL;
}

/* An account whose state may be another now: who shows it reads it again. */
static const char *supply_write(struct json_out *out, const struct directory *dir,
                                int64_t property_id, int64_t account_id, struct sse_about *about)
{
	*about = about_property(dir, property_id, PERMISSION_ACCOUNT_READ);
	out_object(out, NULL);
	out_text(out, "property", property_name(dir, property_id));
	out_id(out, "account", account_id);
	out_object_end(out);
	return "supply";
}

/* Its name, JSON, and whom it is for. NULL: nothing of it is for pages. */
static const char *effect_write(struct json_out *out, const struct directory *dir,
                                const struct effect *effect, struct sse_about *about)
{
	switch (effect->kind) {
	case EFFECT_COMMAND:
		*about = about_meter(dir, effect->u.command.property_id, effect->u.command.meter);
		show_command(out, NULL, &effect->u.command);
		return "command";
	case EFFECT_DEVICE:
		*about = about_property(dir, effect->u.device.property_id, PERMISSION_DEVICE_ADOPT);
		show_device(out, NULL, &effect->u.device,
		            property_name(dir, effect->u.device.property_id),
		            gateway_name(dir, effect->u.device.gateway_id));
		return "device";
	case EFFECT_GATEWAY:
		*about = about_property(dir, effect->u.gateway.property_id,
		                        PERMISSION_PROPERTY_READ);
		show_gateway(out, NULL, &effect->u.gateway,
		             property_name(dir, effect->u.gateway.property_id));
		return "gateway";
	case EFFECT_ALARM:
		*about = about_meter(dir, effect->u.alarm.property_id, effect->u.alarm.meter);
		show_event(out, NULL, &effect->u.alarm,
		           gateway_name(dir, effect->u.alarm.gateway_id));
		return "alarm";
	case EFFECT_SEND:
	case EFFECT_ACK:
	case EFFECT_DIRECTORY:
	case EFFECT_ACCESS:
	case EFFECT_SHEET:
	case EFFECT_ORDER:
		break;
	case EFFECT_ACCOUNT:
		return supply_write(out, dir, effect->u.account.property_id,
		                    effect->u.account.account_id, about);
	case EFFECT_SUPPLY:
		return supply_write(out, dir, effect->u.supply.property_id,
		                    effect->u.supply.account_id, about);
	}
	return NULL;
}

void events_effect(void *arg, const struct effect *effect)
{
	struct http *http = arg;
	struct sse_about about;
	struct json_out out;
	const char *name;

	if (effect->kind == EFFECT_COMMAND || effect->kind == EFFECT_GATEWAY ||
	    effect->kind == EFFECT_DIRECTORY)
		link_state_forget(&http->link_state);
	if (effect->kind == EFFECT_ACCESS) {
		session_cache_forget(&http->sessions, effect->u.access.user_id);
		watches_effect(http->watches, &effect->u.access);
	}
	json_out_init(&out);
	name = effect_write(&out, http->platform->dir, effect, &about);
	if (name && !out.failed)
		sse_send(http->sse, &about, name, out.data, out.len);
	json_out_free(&out);
}

static void show_sample(struct json_out *out, const struct live_sample *sample)
{
	out_object(out, NULL);
	out_meter(out, "meter", sample->meter);
	out_time_ms(out, "at", sample->at_ms);
	show_values(out, &sample->value);
	show_state(out, "state", sample->value.state);
	show_quality(out, "quality", sample->value.quality);
	out_object_end(out);
}

static struct sse_about about_sample(const struct directory *dir, int64_t meter)
{
	const struct dir_meter *found = directory_meter(dir, meter);

	return about_meter(dir, found ? found->property_id : 0, meter);
}

void events_live(void *arg, const struct live_sample *const *samples, size_t count)
{
	struct http *http = arg;
	struct sse_item *items;
	struct json_out out;
	size_t start = 0;

	if (!sse_count(http->sse) || !count)
		return;
	items = calloc(count, sizeof *items);
	if (!items)
		return;
	json_out_init(&out);
	for (size_t i = 0; i < count; i++) {
		out.more[0] = false; /* one value after another, each whole by itself */
		show_sample(&out, samples[i]);
		items[i].meter = samples[i]->meter;
		items[i].about = about_sample(http->platform->dir, samples[i]->meter);
		items[i].len = out.len - start;
		start = out.len;
	}
	if (!out.failed) {
		start = 0;
		for (size_t i = 0; i < count; i++) {
			items[i].json = out.data + start;
			start += items[i].len;
		}
		sse_send_live(http->sse, items, count);
	}
	json_out_free(&out);
	free(items);
}
