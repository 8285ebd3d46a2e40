/* Properties at a glance. What the store says is read once for all who ask within some seconds; what meters say
 * is looked through in memory. docs/design/overview.md. */
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/overview.h"
#include "platform/core/show.h"
#include "platform/http/context.h"
#include "platform/http/overview.h"

#define FRESH_MS INT64_C(15000)
#define SCAN_MS  INT64_C(5000)

/* ---- what is kept ---- */

struct kept {
	struct overview figures;
	int64_t wall_ms, mono_ms; /* when it was read */
};

/* Of one gateway's meters. */
struct silence {
	int64_t spoke_ms;                  /* the newest word of any of them */
	int64_t first_ms;                  /* the oldest last word of those that are silent */
	uint32_t silent, never, meters;    /* never: of the silent ones */
	int64_t silent_meter, never_meter; /* one of each */
};

struct overviews {
	struct kept *kept;
	size_t count, room;
	unsigned reading; /* requests whose figures are under way */
	/* The last look through the meters; both belong to `version` of the directory. */
	struct silence *silence;
	struct power_now *power;
	uint64_t version;
	int64_t scanned_ms; /* monotonic */
};

void overviews_free(struct overviews *all)
{
	if (!all)
		return;
	free(all->kept);
	free(all->silence);
	free(all->power);
	free(all);
}

static struct kept *kept_find(const struct overviews *all, int64_t property_id)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->kept[i].figures.property_id == property_id)
			return &all->kept[i];
	return NULL;
}

static void kept_put(struct overviews *all, const struct overview *figures, int64_t wall_ms,
                     int64_t mono_ms)
{
	struct kept *kept = kept_find(all, figures->property_id);

	if (!kept && all->count == all->room) {
		size_t room = all->room ? 2 * all->room : 4;
		struct kept *more = realloc(all->kept, room * sizeof *more);

		if (!more)
			return;
		all->kept = more;
		all->room = room;
	}
	if (!kept)
		kept = &all->kept[all->count++];
	*kept = (struct kept){*figures, wall_ms, mono_ms};
}

/* ---- a look through the meters ---- */

static struct silence silence_of(const struct platform *platform, const struct dir_gateway *gateway,
                                 int64_t now_ms)
{
	struct silence found = {.meters = gateway->meter_count};

	for (uint32_t i = 0; i < gateway->meter_count; i++) {
		const struct dir_meter *meter = &platform->dir->meters[gateway->first_meter + i];
		struct meter_now now = meter_now(platform, meter, now_ms);

		if (now.at_ms > found.spoke_ms)
			found.spoke_ms = now.at_ms;
		if (now.fresh)
			continue;
		found.silent++;
		if (!now.at_ms) {
			found.never++;
			found.never_meter = meter->meter;
		} else {
			found.silent_meter = meter->meter;
			if (!found.first_ms || now.at_ms < found.first_ms)
				found.first_ms = now.at_ms;
		}
	}
	return found;
}

/* False: no memory. */
static bool scan(struct http *http, int64_t now_ms)
{
	const struct platform *platform = http->platform;
	const struct directory *dir = platform->dir;
	struct overviews *all = http->overviews;
	int64_t mono_ms = clock_mono_ms();
	void *silence, *power;

	if (all->power && all->version == dir->version && mono_ms - all->scanned_ms < SCAN_MS)
		return true;
	silence = realloc(all->silence, (dir->gateway_count + 1) * sizeof *all->silence);
	if (silence)
		all->silence = silence;
	power = realloc(all->power, (dir->property_count + 1) * sizeof *all->power);
	if (power)
		all->power = power;
	all->version = 0;
	if (!silence || !power)
		return false;
	for (size_t i = 0; i < dir->gateway_count; i++)
		all->silence[i] = silence_of(platform, &dir->gateways[i], now_ms);
	power_sum(platform, now_ms, all->power);
	all->version = dir->version;
	all->scanned_ms = mono_ms;
	return true;
}

/* ---- what is shown ---- */

static void show_received(struct json_out *out, const char *key,
                          const struct overview_received *sum)
{
	out_object(out, key);
	out_int(out, "received_fen", sum->received_fen);
	out_int(out, "orders", sum->count);
	out_int(out, "returned_fen", sum->returned_fen);
	out_object_end(out);
}

static void show_money(struct json_out *out, const struct overview *o)
{
	out_object(out, "money");
	show_received(out, "today", &o->today);
	show_received(out, "month", &o->month);
	out_int(out, "credit_fen", o->credit_fen);
	out_int(out, "owed_fen", o->owed_fen);
	out_object_end(out);
}

static const char *const balance_words[BALANCE_STATES] = {"good",      "alarm-1", "alarm-2",
                                                          "overdraft", "grace",   "cut"};
static const char *const balance_keys[BALANCE_STATES] = {"good",      "alarm_1", "alarm_2",
                                                         "overdraft", "grace",   "cut"};

static void show_low(struct json_out *out, const struct overview_low *low)
{
	out_object(out, NULL);
	out_id(out, "id", low->account_id);
	out_text(out, "code", low->code);
	out_object(out, "customer");
	out_id(out, "id", low->customer_id);
	out_text(out, "name", low->customer);
	out_object_end(out);
	out_text(out, "path", low->path);
	if (low->meter)
		out_meter(out, "meter", low->meter);
	else
		out_null(out, "meter");
	out_int(out, "available_fen", low->available_fen);
	out_int(out, "days_left_tenths", low->days_left);
	out_text(out, "state", balance_words[low->state]);
	out_object_end(out);
}

static void show_balances(struct json_out *out, const struct overview *o)
{
	out_object(out, "balances");
	for (size_t i = 0; i < BALANCE_STATES; i++)
		out_int(out, balance_keys[i], o->states[i]);
	out_array(out, "lowest");
	for (size_t i = 0; i < o->low_count; i++)
		show_low(out, &o->low[i]);
	out_array_end(out);
	out_object_end(out);
}

static void show_alarms(struct json_out *out, const struct overview *o)
{
	out_object(out, "alarms");
	out_int(out, "urgent", o->alarms[ALARM_URGENT - 1]);
	out_int(out, "important", o->alarms[ALARM_IMPORTANT - 1]);
	out_int(out, "notice", o->alarms[ALARM_NOTICE - 1]);
	out_int(out, "unacknowledged", o->alarms_unseen);
	out_object_end(out);
}

static void show_group(struct json_out *out, const char *cause, const struct dir_gateway *gateway,
                       int64_t since_ms, uint32_t meters, int64_t meter)
{
	out_object(out, NULL);
	out_text(out, "cause", cause);
	out_text(out, "gateway", gateway->name);
	out_time_ms(out, "since", since_ms);
	out_int(out, "meters", meters);
	out_meter(out, "meter", meter);
	out_object_end(out);
}

/* Why a gateway's meters are silent, most likely. Returns how many are. */
static uint32_t show_silence(struct json_out *out, const struct dir_gateway *gateway,
                             const struct silence *s, bool online)
{
	uint32_t silent = s->silent - s->never;

	if (!online) {
		if (s->meters)
			show_group(out, "gateway", gateway, s->spoke_ms, s->meters,
			           silent ? s->silent_meter : s->never_meter);
		return s->meters;
	}
	if (silent > 1 && s->silent == s->meters)
		show_group(out, "bus", gateway, s->spoke_ms, silent, s->silent_meter);
	else if (silent)
		show_group(out, "terminal", gateway, s->first_ms, silent, s->silent_meter);
	if (s->never)
		show_group(out, "never", gateway, 0, s->never, s->never_meter);
	return s->silent;
}

static void show_meters(struct json_out *out, const struct http *http,
                        const struct dir_property *property, const struct link_state *state)
{
	const struct directory *dir = http->platform->dir;
	int64_t meters = 0, silent = 0;

	out_array(out, "silent");
	for (size_t i = 0; i < dir->gateway_count; i++) {
		const struct dir_gateway *gateway = &dir->gateways[i];

		if (gateway->property_id != property->property_id || gateway->revoked)
			continue;
		meters += gateway->meter_count;
		silent += show_silence(out, gateway, &http->overviews->silence[i],
		                       link_state_online(state, gateway->gateway_id));
	}
	out_array_end(out);
	out_int(out, "silent_meters", silent);
	out_int(out, "meters", meters);
}

/* At this time yesterday; NULL: nobody knows. */
static const struct power_row *power_yesterday(const struct overview *o, int64_t now_s)
{
	int64_t at_s = (now_s - SECONDS_PER_DAY) / POWER_EVERY_S * POWER_EVERY_S;

	for (size_t i = 0; i < o->power_count; i++)
		if (o->power[i].at_s == at_s)
			return &o->power[i];
	return NULL;
}

static void show_power(struct json_out *out, const struct overview *o, const struct power_now *now,
                       int64_t now_s)
{
	const struct power_row *yesterday = power_yesterday(o, now_s);

	out_object(out, "power");
	out_int(out, "now_w", now->power_w);
	out_int(out, "meters", now->meters);
	if (yesterday)
		out_int(out, "yesterday_w", yesterday->power_w);
	else
		out_null(out, "yesterday_w");
	out_array(out, "samples");
	for (size_t i = 0; i < o->power_count; i++) {
		out_object(out, NULL);
		out_time_s(out, "at", o->power[i].at_s);
		out_int(out, "power_w", o->power[i].power_w);
		out_object_end(out);
	}
	out_array_end(out);
	out_object_end(out);
}

static void show_uses(struct json_out *out, const struct overview *o, const struct directory *dir)
{
	out_array(out, "uses");
	for (size_t i = 0; i < o->use_count; i++) {
		const struct dir_meter *meter = directory_meter(dir, o->uses[i].meter);

		out_object(out, NULL);
		out_meter(out, "meter", o->uses[i].meter);
		out_text(out, "name", meter ? meter->name : "");
		out_int(out, "energy_wh", o->uses[i].energy_wh);
		out_int(out, "cost_fen", o->uses[i].cost_fen);
		out_object_end(out);
	}
	out_array_end(out);
}

static void show_count(struct json_out *out, const char *key, bool may, int64_t count)
{
	if (may)
		out_int(out, key, count);
	else
		out_null(out, key);
}

static void show_property(struct request *request, const struct dir_property *property,
                          const struct kept *kept, const struct link_state *state)
{
	const struct http *http = request->http;
	const struct directory *dir = http->platform->dir;
	const struct overview *o = &kept->figures;
	struct place place = directory_place_of_property(property);
	bool accounts = gate_shows(request, PERMISSION_ACCOUNT_READ, &place);
	bool ledger = gate_shows(request, PERMISSION_LEDGER_READ, &place);
	struct json_out *out = &request->out;

	out_object(out, NULL);
	out_text(out, "property", property->slug);
	out_text(out, "name", property->name);
	out_id(out, "group", property->group_id);
	out_time_ms(out, "as_of", kept->wall_ms);
	if (ledger)
		show_money(out, o);
	else
		out_null(out, "money");
	if (accounts)
		show_balances(out, o);
	else
		out_null(out, "balances");
	show_alarms(out, o);
	show_meters(out, http, property, state);
	show_power(out, o, &http->overviews->power[property - dir->properties],
	           request->now_ms / 1000);
	if (accounts)
		show_uses(out, o, dir);
	else
		out_null(out, "uses");
	out_object(out, "waiting");
	out_int(out, "commands", o->waiting.commands);
	out_int(out, "held_openings", o->waiting.held);
	show_count(out, "intervals", accounts, o->waiting.intervals);
	show_count(out, "differences", ledger, o->waiting.differences);
	show_count(out, "suspense", ledger, o->waiting.suspense);
	show_count(out, "approvals", gate_shows(request, PERMISSION_APPROVAL_DECIDE, &place),
	           o->waiting.approvals);
	show_count(out, "leases", gate_shows(request, PERMISSION_CUSTOMER_READ, &place),
	           o->waiting.leases);
	out_object_end(out);
	out_object_end(out);
}

/* ---- the request ---- */

struct ask {
	size_t count, stale;
	bool known; /* something, if old, is kept of each */
	int64_t *property_ids;
	struct overview *read; /* of the stale ones: malloc, freed when they are kept */
	int64_t wall_ms;
	uint64_t version; /* of the cached state, before the store was asked */
	struct link_state state;
};

static bool is_wanted(const struct request *request, const struct dir_property *property)
{
	const struct query_overview_show *query = overview_show_query(request);
	struct place place = directory_place_of_property(property);

	return !property->archived &&
	       (!query->has_property || strcmp(property->slug, query->property) == 0) &&
	       (!query->has_group || property->group_id == query->group) &&
	       gate_shows(request, PERMISSION_PROPERTY_READ, &place);
}

static void answer(struct request *request, const struct link_state *state)
{
	const struct http *http = request->http;
	const struct directory *dir = http->platform->dir;

	if (!scan(request->http, request->now_ms)) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	out_object(&request->out, NULL);
	out_array(&request->out, "items");
	for (size_t i = 0; i < dir->property_count; i++) {
		const struct dir_property *property = &dir->properties[i];
		const struct kept *kept = kept_find(http->overviews, property->property_id);

		if (kept && is_wanted(request, property))
			show_property(request, property, kept, state);
	}
	out_array_end(&request->out);
	out_object_end(&request->out);
	answer_json(request, 200);
}

static enum err read_all(struct reader *reader, void *arg)
{
	struct ask *ask = arg;
	enum err err = link_state_read(reader->db, &ask->state);

	for (size_t i = 0; !err && i < ask->stale; i++) {
		err = overview_read(reader->db, &ask->read[i], ask->wall_ms);
		if (err == ERR_NOT_FOUND) {
			ask->read[i].property_id = 0; /* gone meanwhile */
			err = ERR_NONE;
		}
	}
	return err;
}

static void all_read(struct request *request, void *arg, enum err err)
{
	struct http *http = request->http;
	struct ask *ask = arg;

	http->overviews->reading -= ask->stale > 0;
	for (size_t i = 0; !err && i < ask->stale; i++)
		if (ask->read[i].property_id)
			kept_put(http->overviews, &ask->read[i], ask->wall_ms, clock_mono_ms());
	free(ask->read);
	if (err) {
		answer_err(request, err);
		return;
	}
	link_state_put(&http->link_state, &ask->state, ask->version, clock_mono_ms());
	answer(request, &ask->state);
}

/* Fills in what has to be read. False: no memory. */
static bool ask_fill(struct request *request, struct ask *ask)
{
	const struct directory *dir = request->http->platform->dir;
	struct overviews *all = request->http->overviews;
	int64_t mono_ms = clock_mono_ms();

	ask->known = true;
	ask->read = calloc(dir->property_count + 1, sizeof *ask->read);
	if (!ask->read)
		return false;
	for (size_t i = 0; i < dir->property_count; i++) {
		const struct dir_property *property = &dir->properties[i];
		const struct kept *kept = kept_find(all, property->property_id);

		if (!is_wanted(request, property) || (kept && mono_ms - kept->mono_ms < FRESH_MS))
			continue;
		ask->read[ask->stale++].property_id = property->property_id;
		ask->known &= kept != NULL;
	}
	/* Somebody has asked already: what is kept will do for now. */
	if (ask->known && all->reading)
		ask->stale = 0;
	return true;
}

void overview_show(struct request *request)
{
	struct http *http = request->http;
	const struct link_state *state = link_state_get(&http->link_state, clock_mono_ms());
	struct ask *ask = request_alloc(request, sizeof *ask);

	if (!http->overviews)
		http->overviews = calloc(1, sizeof *http->overviews);
	if (!ask || !http->overviews || !ask_fill(request, ask)) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!ask->stale && state) {
		free(ask->read);
		answer(request, state);
		return;
	}
	ask->wall_ms = request->now_ms;
	ask->version = http->link_state.version;
	http->overviews->reading += ask->stale > 0;
	if (!request_read(request, read_all, ask, all_read)) {
		http->overviews->reading -= ask->stale > 0;
		free(ask->read);
	}
}
