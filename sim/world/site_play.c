/* What the meters measured: the load data shifted and scaled for each, a batch of each gateway for each period, with gaps, marks,
 * events, and commands in every stage they can end in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libs/proto/command.h"
#include "libs/proto/event.h"
#include "libs/proto/meter.h"
#include "libs/proto/uplink.h"
#include "sim/world/site.h"

#define BODY_BYTES    32768
#define ROWS_MAX      128
#define EVENTS_MAX    8
#define RESULTS_MAX   64
#define COMMANDS_MIN  24
#define COMMANDS_MAX  2000
#define ARRIVAL_MS    2000
#define OUTAGE_EVERY  50           /* gateways: one of so many is dark for a while each day */
#define UNSURE_EVERY  20           /* and one doubts its clock for a while */
#define SEGMENT_EVERY 300          /* meters: the sensor of one was replaced */
#define EVENT_APART_S (20 * 86400) /* of a meter, on average */
#define MINUTE_S      60
#define LAMP_PERMILLE 150
#define MAIN_PERMILLE 60000

/* A minute of the load data as a reading of one meter at scale 1. */
struct minute {
	bool present;
	int32_t voltage_dv, current_ma, power_dw, pf_permille;
};

/* What a command is to come to. */
enum fate {
	FATE_VERIFIED,
	FATE_REFUSED,
	FATE_FAILED,
	FATE_UNANSWERED,
	FATE_NOT_READ_BACK,
	FATE_COUNT
};

struct errand {
	int64_t at_s; /* on a period's boundary */
	size_t meter, gateway;
	uint8_t kind;
	enum fate fate;
};

struct play {
	struct site *site;
	struct minute *minutes;
	int64_t *used_w_min; /* before each minute; [count] is all of it */
	size_t minute_count;
	struct errand *errands; /* by time */
	size_t errand_count, errand_at;
	int64_t settle_until_s; /* open commands may end by the clock until then */
	struct arena arena;
	void *memory;
	struct uplink up;
	struct reading rows[ROWS_MAX];
	size_t row_count;
	struct uplink_event events[EVENTS_MAX];
	struct uplink_result results[RESULTS_MAX];
	struct command_rules rules;
};

/* ---- the load data ---- */

static uint32_t root(uint64_t square)
{
	uint64_t low = 0, high = UINT32_MAX;

	while (low < high) {
		uint64_t middle = (low + high + 1) / 2;

		if (middle * middle <= square)
			low = middle;
		else
			high = middle - 1;
	}
	return (uint32_t)low;
}

static struct minute minute_of(const struct load_row *row)
{
	uint64_t power = row->power_w, reactive = row->reactive_var;
	uint64_t apparent = root(power * power + reactive * reactive);

	if (!row->present || !row->voltage_mv)
		return (struct minute){.present = false};
	return (struct minute){.present = true,
	                       .voltage_dv = (int32_t)(row->voltage_mv / 100),
	                       .current_ma = (int32_t)(apparent * 1000000 / row->voltage_mv),
	                       .power_dw = (int32_t)(power * 10),
	                       .pf_permille = apparent ? (int32_t)(power * 1000 / apparent) : 1000};
}

static enum err read_load(struct play *play)
{
	const struct load_data *load = &play->site->load;

	play->minute_count = load->count;
	play->minutes = calloc(load->count, sizeof *play->minutes);
	play->used_w_min = calloc(load->count + 1, sizeof *play->used_w_min);
	if (!play->minutes || !play->used_w_min || !load->count)
		return ERR_NOMEM;
	for (size_t i = 0; i < load->count; i++) {
		play->minutes[i] = minute_of(&load->row[i]);
		play->used_w_min[i + 1] =
		        play->used_w_min[i] + (load->row[i].present ? load->row[i].power_w : 0);
	}
	return ERR_NONE;
}

/* From the beginning of the data on, which is played again and again. */
static int64_t used_until(const struct play *play, uint64_t minute)
{
	return (int64_t)(minute / play->minute_count) * play->used_w_min[play->minute_count] +
	       play->used_w_min[minute % play->minute_count];
}

static void set_meters(struct site *site)
{
	for (size_t g = 0; g < site->gateway_count; g++)
		for (size_t i = 0; i < site->gateways[g].meter_count; i++) {
			struct site_meter *m = &site->meters[site->gateways[g].first_meter + i];

			m->start_min = rnd_below(&site->rnd, (uint32_t)site->load.count);
			m->scale_permille = i == 0   ? MAIN_PERMILLE
			                    : i == 1 ? LAMP_PERMILLE
			                             : 300 + rnd_below(&site->rnd, 1200);
			m->base_wh = (int64_t)rnd_below(&site->rnd, 20000000);
			m->event_seq = 1;
			if (rnd_below(&site->rnd, SEGMENT_EVERY) == 0 || m == &site->meters[2])
				m->segment_s =
				        site->from_s +
				        (int64_t)rnd_below(&site->rnd, (uint32_t)(site->until_s -
				                                                  site->from_s));
		}
}

/* ---- readings ---- */

/* The day's half hour in which this gateway has no power; long enough to be seen as a gap. */
static bool is_dark(const struct site *site, size_t g, int64_t at_s)
{
	int64_t length_s = site->period_s * 3 > 1800 ? site->period_s * 3 : 1800;
	int64_t begin_s = (int64_t)(g * 2654435761u % 70000);

	return g % OUTAGE_EVERY == 0 && at_s % 86400 >= begin_s &&
	       at_s % 86400 < begin_s + length_s;
}

static bool is_unsure(size_t g, int64_t at_s)
{
	int64_t begin_s = (int64_t)((g + 1) * 40503u % 80000);

	return g % UNSURE_EVERY == 0 && at_s % 86400 >= begin_s && at_s % 86400 < begin_s + 900;
}

static uint32_t quality_of(const struct site *site, const struct site_meter *m, size_t g,
                           int64_t at_s)
{
	uint32_t quality = is_unsure(g, at_s) ? METER_CLOCK_UNSURE : 0;

	if (m->segment_s && at_s >= m->segment_s && at_s < m->segment_s + site->period_s)
		quality |= METER_SEGMENT;
	return quality;
}

static void take_reading(struct play *play, size_t g, struct site_meter *m, int64_t at_s)
{
	const struct site *site = play->site;
	uint64_t at = m->start_min + (uint64_t)(at_s - site->from_s) / MINUTE_S;
	uint64_t before = at - (uint64_t)(site->period_s / MINUTE_S);
	const struct minute *minute = &play->minutes[at % play->minute_count];
	bool open = at_s < m->open_until_s;
	int64_t scale = m->scale_permille;
	struct reading *row = &play->rows[play->row_count];

	if (open && at_s > site->from_s)
		m->lost += scale * (used_until(play, at) - used_until(play, before));
	if (!minute->present)
		return; /* the sensor was silent */
	play->row_count++;
	*row = (struct reading){
	        .meter = m->meter,
	        .time_s = at_s,
	        .energy_wh = m->base_wh +
	                     (scale * (used_until(play, at) - used_until(play, m->start_min)) -
	                      m->lost) /
	                             60000,
	        .voltage_dv = minute->voltage_dv,
	        .current_ma = open ? 0 : (int32_t)(minute->current_ma * scale / 1000),
	        .power_dw = open ? 0 : (int32_t)(minute->power_dw * scale / 1000),
	        .pf_permille = open ? 1000 : minute->pf_permille,
	        .frequency_chz = 4998 + (int32_t)rnd_below(&play->site->rnd, 5),
	        .state = METER_CLOCK_SET |
	                 (open ? METER_FORCED_TRIP : METER_CONTACT_CLOSED | METER_WANT_CLOSED),
	        .quality = quality_of(site, m, g, at_s)};
}

/* ---- events ---- */

static void add_event(struct play *play, struct site_meter *m, uint32_t kind, uint32_t detail,
                      int64_t value, int64_t at_s)
{
	struct uplink_event *event = &play->events[play->up.event_count];

	if (play->up.event_count == EVENTS_MAX)
		return;
	*event = (struct uplink_event){.time_s = at_s,
	                               .meter = (uint64_t)m->meter,
	                               .kind = kind,
	                               .detail = detail,
	                               .seq = ++m->event_seq,
	                               .value = value,
	                               .boot = 1,
	                               .has_chip = true};
	memcpy(event->chip, m->chip, sizeof event->chip);
	play->up.event_count++;
	play->site->events++;
}

static void happen(struct play *play, struct site_meter *m, int64_t at_s)
{
	switch (rnd_below(&play->site->rnd, 5)) {
	case 0:
		add_event(play, m, EVENT_SENSOR_FAULT, 0, 0, at_s - 30);
		add_event(play, m, EVENT_SENSOR_BACK, 0, 0, at_s - 10);
		break;
	case 1:
		add_event(play, m, EVENT_BUTTON, BUTTON_PRESSED, 0, at_s - 5);
		break;
	case 2:
		add_event(play, m, EVENT_BOOT, 1, 0, at_s - 40);
		break;
	case 3:
		add_event(play, m, EVENT_CLOCK_SET, 0, 1, at_s - 20);
		break;
	default:
		add_event(play, m, EVENT_RELAY_MOVED, RELAY_CAUSE_BUTTON, 0, at_s - 3);
		break;
	}
}

static void make_events(struct play *play, const struct site_gateway *gateway, int64_t at_s)
{
	struct site *site = play->site;
	struct site_meter *meters = &site->meters[gateway->first_meter];
	uint32_t odds = (uint32_t)(EVENT_APART_S / site->period_s);

	for (size_t i = 0; i < gateway->meter_count; i++)
		if (meters[i].segment_s && at_s >= meters[i].segment_s &&
		    at_s < meters[i].segment_s + site->period_s)
			add_event(play, &meters[i], EVENT_SEGMENT, 0, 0, at_s - 1);
	if (odds > 0 && rnd_below(&site->rnd, odds) < gateway->meter_count)
		happen(play, &meters[rnd_below(&site->rnd, (uint32_t)gateway->meter_count)], at_s);
}

/* ---- commands ---- */

static int errand_order(const void *a, const void *b)
{
	const struct errand *x = a, *y = b;

	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	return (x->meter > y->meter) - (x->meter < y->meter);
}

/* On a boundary of the last two days at which its gateway has power, with room for what comes after it. */
static int64_t draw_time(struct play *play, size_t g)
{
	const struct site *site = play->site;
	int64_t span = (site->until_s - site->from_s) / site->period_s - 6, at_s;

	if (span > 2 * 86400 / site->period_s)
		span = 2 * 86400 / site->period_s;
	for (int i = 0; i < 100; i++) {
		at_s = site->until_s -
		       (6 + (int64_t)rnd_below(&play->site->rnd, (uint32_t)(span > 0 ? span : 1))) *
		               site->period_s;
		if (!is_dark(site, g, at_s) && !is_dark(site, g, at_s + 3 * site->period_s))
			return at_s;
	}
	return site->until_s;
}

static void add_errand(struct play *play, size_t g, size_t meter, uint8_t kind, enum fate fate,
                       int64_t at_s)
{
	play->errands[play->errand_count++] = (struct errand){
	        .at_s = at_s, .meter = meter, .gateway = g, .kind = kind, .fate = fate};
}

static enum err plan_commands(struct play *play)
{
	static const uint8_t kinds[] = {COMMAND_CLOSE, COMMAND_RELEASE, COMMAND_ALLOW_CLOSE};
	struct site *site = play->site;
	size_t wanted = site->meter_count / 40;

	wanted = wanted < COMMANDS_MIN   ? COMMANDS_MIN
	         : wanted > COMMANDS_MAX ? COMMANDS_MAX
	                                 : wanted;
	play->errands = calloc(2 * wanted, sizeof *play->errands);
	if (!play->errands)
		return ERR_NOMEM;
	for (size_t i = 0; i < wanted; i++) {
		size_t g = rnd_below(&site->rnd, (uint32_t)site->gateway_count);
		const struct site_gateway *gateway = &site->gateways[g];
		size_t meter = gateway->first_meter +
		               rnd_below(&site->rnd, (uint32_t)gateway->meter_count);
		enum fate fate = i % 2 ? FATE_VERIFIED : (enum fate)(i / 2 % FATE_COUNT);
		int64_t at_s = draw_time(play, g);

		if (fate != FATE_VERIFIED) {
			add_errand(play, g, meter, kinds[rnd_below(&site->rnd, 3)], fate, at_s);
			continue;
		}
		add_errand(play, g, meter, COMMAND_TRIP, fate, at_s);
		add_errand(play, g, meter, COMMAND_CLOSE, fate, at_s + 3 * site->period_s);
	}
	qsort(play->errands, play->errand_count, sizeof *play->errands, errand_order);
	return ERR_NONE;
}

static void add_result(struct play *play, const struct uplink_result *result)
{
	if (play->up.result_count < RESULTS_MAX)
		play->results[play->up.result_count++] = *result;
}

/* What the terminal signs. */
static void answer(struct play *play, const struct errand *errand, const struct command_row *row,
                   uint8_t outcome, uint8_t reason)
{
	const struct site_meter *m = &play->site->meters[errand->meter];
	struct uplink_result up = {.command_id = (uint64_t)row->command_id,
	                           .stage = UPLINK_ANSWERED,
	                           .time_ms = play->site->store.now_ms,
	                           .body_len = RESULT_SIZE};
	struct result result = {.key_version = 1,
	                        .counter = row->counter,
	                        .kind = row->kind,
	                        .outcome = outcome,
	                        .reason = reason,
	                        .relay = row->kind == COMMAND_TRIP
	                                         ? METER_FORCED_TRIP
	                                         : METER_CONTACT_CLOSED | METER_WANT_CLOSED,
	                        .time_s = (uint32_t)(play->site->store.now_ms / 1000)};
	struct command_key key;

	memcpy(key.key, m->key, sizeof key.key);
	memcpy(key.chip, m->chip, sizeof key.chip);
	result_encode(&result, &key, up.body);
	add_result(play, &up);
}

static void carry_out(struct play *play, const struct errand *errand, const struct command_row *row)
{
	struct site *site = play->site;
	struct site_meter *m = &site->meters[errand->meter];
	struct uplink_result up = {.command_id = (uint64_t)row->command_id,
	                           .stage = UPLINK_RECEIVED,
	                           .time_ms = site->store.now_ms};

	if (errand->fate == FATE_UNANSWERED)
		return;
	add_result(play, &up);
	switch (errand->fate) {
	case FATE_REFUSED:
		answer(play, errand, row, COMMAND_REFUSED, REASON_KEEP_POWER);
		return;
	case FATE_FAILED:
		answer(play, errand, row, COMMAND_FAILED, REASON_CONTACT);
		return;
	case FATE_VERIFIED:
	case FATE_NOT_READ_BACK:
	case FATE_UNANSWERED:
	case FATE_COUNT:
		break;
	}
	answer(play, errand, row, COMMAND_EXECUTED, REASON_NONE);
	if (errand->fate != FATE_VERIFIED)
		return;
	up.stage = UPLINK_READ_BACK;
	up.state = METER_CLOCK_SET |
	           (errand->kind == COMMAND_TRIP ? METER_FORCED_TRIP
	                                         : METER_CONTACT_CLOSED | METER_WANT_CLOSED);
	add_result(play, &up);
	m->open_until_s = errand->kind == COMMAND_TRIP ? errand->at_s + 3 * site->period_s : 0;
	add_event(play, m, EVENT_RELAY_MOVED, RELAY_CAUSE_COMMAND, 0, errand->at_s);
}

static enum err give(struct play *play, const struct errand *errand)
{
	struct site *site = play->site;
	const struct site_gateway *gateway = &site->gateways[errand->gateway];
	struct command_request request = {.actor = site->properties[gateway->property].electrician,
	                                  .rules = play->rules,
	                                  .meter = site->meters[errand->meter].meter,
	                                  .kind = errand->kind};
	struct sent_request sent = {.rules = play->rules};
	enum err err;

	snprintf(request.actor.reason, sizeof request.actor.reason, "%s",
	         errand->kind == COMMAND_TRIP ? "线路检修" : "恢复供电");
	err = site_step(&site->store, command_create_step, &request);
	sent.command_id = request.row.command_id;
	if (!err)
		err = site_step(&site->store, command_sent_step, &sent);
	if (err)
		return err;
	site->commands++;
	play->settle_until_s = site->store.now_ms / 1000 + play->rules.expiry_s +
	                       play->rules.verify_wait_s + site->period_s;
	carry_out(play, errand, &request.row);
	return ERR_NONE;
}

/* ---- batches ---- */

static enum err send_batch(struct play *play, size_t g, int64_t at_s)
{
	struct site *site = play->site;
	struct site_gateway *gateway = &site->gateways[g];
	uint8_t body[BODY_BYTES];
	struct ingest_batch batch = {.property_id = gateway->row.property_id,
	                             .gateway_id = gateway->row.gateway_id,
	                             .body = body};
	enum err err = ERR_NONE;

	play->row_count = 0;
	for (size_t i = 0; i < gateway->meter_count; i++)
		take_reading(play, g, &site->meters[gateway->first_meter + i], at_s);
	play->up.boot = gateway->boot;
	play->up.seq = ++gateway->seq;
	play->up.table_count = play->row_count > 0;
	arena_reset(&play->arena);
	if (play->row_count)
		err = readings_from_rows(play->rows, play->row_count, &play->arena,
		                         &play->up.table[0]);
	if (!err)
		err = uplink_encode(&play->up, body, sizeof body, &batch.len);
	site->readings += play->row_count;
	return err ? err : site_batch(&site->store, &batch);
}

/* The commands of this moment, of one gateway: errands are few, gateways many. */
static enum err give_due(struct play *play, size_t g, int64_t at_s)
{
	enum err err = ERR_NONE;

	for (size_t i = play->errand_at; !err && i < play->errand_count; i++) {
		if (play->errands[i].at_s > at_s)
			break;
		if (play->errands[i].gateway == g)
			err = give(play, &play->errands[i]);
	}
	return err;
}

static enum err play_moment(struct play *play, int64_t at_s)
{
	struct site *site = play->site;
	struct outbox_request outbox = {.rules = play->rules};
	enum err err = ERR_NONE;

	/* A group ends in the file it began in: a day begins with a new one. */
	if (at_s % 86400 < site->period_s)
		err = site_save(&site->store);
	site->store.now_ms = at_s * 1000 + ARRIVAL_MS;
	for (size_t g = 0; !err && g < site->gateway_count; g++) {
		if (is_dark(site, g, at_s))
			continue;
		play->up.event_count = play->up.result_count = 0;
		err = give_due(play, g, at_s);
		make_events(play, &site->gateways[g], at_s);
		if (!err)
			err = send_batch(play, g, at_s);
	}
	while (play->errand_at < play->errand_count && play->errands[play->errand_at].at_s <= at_s)
		play->errand_at++;
	if (!err && at_s <= play->settle_until_s)
		err = site_step(&site->store, command_outbox_step, &outbox);
	return err;
}

/* What was left open ends by the clock. */
static enum err settle(struct play *play)
{
	struct outbox_request outbox = {.rules = play->rules};

	play->site->store.now_ms = play->site->until_s * 1000;
	return site_step(&play->site->store, command_outbox_step, &outbox);
}

static void show_progress(const struct site *site, int64_t at_s)
{
	if (isatty(STDERR_FILENO) && at_s % 3600 < site->period_s)
		fprintf(stderr, "\r%3d %%",
		        (int)((at_s - site->from_s) * 100 / (site->until_s - site->from_s)));
}

enum err site_play(struct site *site)
{
	struct play *play = calloc(1, sizeof *play);
	enum err err = ERR_NOMEM;

	if (!play)
		return ERR_NOMEM;
	play->site = site;
	play->up.events = play->events;
	play->up.results = play->results;
	play->rules = (struct command_rules){.expiry_s = site->store.settings.command_expiry_s,
	                                     .resend_ms = site->store.settings.command_resend_ms,
	                                     .verify_wait_s = site->store.settings.verify_wait_s};
	play->memory = malloc(UPLINK_ARENA_SIZE);
	if (play->memory) {
		arena_init(&play->arena, play->memory, UPLINK_ARENA_SIZE);
		err = read_load(play);
	}
	set_meters(site);
	if (!err)
		err = site_save(&site->store);
	if (!err)
		err = plan_commands(play);
	for (int64_t at_s = site->from_s; !err && at_s < site->until_s; at_s += site->period_s) {
		err = play_moment(play, at_s);
		show_progress(site, at_s);
	}
	if (!err)
		err = settle(play);
	free(play->errands);
	free(play->minutes);
	free(play->used_w_min);
	free(play->memory);
	free(play);
	return err;
}
