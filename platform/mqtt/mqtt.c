#include "platform/mqtt/mqtt.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "libs/proto/command.h"
#include "libs/proto/event.h"
#include "libs/proto/meter.h"
#include "libs/proto/uplink.h"
#include "platform/core/check.h"
#include "platform/core/clock.h"
#include "platform/core/clock_trust.h"
#include "platform/mqtt/acks.h"
#include "platform/mqtt/link.h"
#include "platform/mqtt/state.h"
#include "platform/mqtt/topic.h"
#include "platform/store/log.h"

#define PEER_TICK_MS    500
#define WATCH_RENEW_MS  5000
#define CONFIG_RENEW_MS 10000
#define CONFIG_METERS   512 /* of one message: some 20 KiB */
#define LIVE_BATCH      256

/* What the I/O thread remembers of a gateway between messages. */
struct peer {
	int64_t gateway_id;
	bool online;
	int64_t config_seen;
	int64_t config_sent_ms, watch_sent_ms; /* monotonic; 0: never */
	struct clock_witness clock;
};

struct mqtt {
	struct platform *platform;
	struct ingest *ingest;
	struct link *link;
	struct acks *acks;
	uint64_t run; /* random, of this start; never 0 */
	struct io_call flush;
	bool flush_posted;
	struct peer *peers;
	size_t peer_count;
	int64_t figures[BROKER_FIGURES];                   /* of the broker, as last told */
	const char *subscriptions[BROKER_FIGURES + 4 + 1]; /* NULL at the end */
	void *memory;                                      /* of `arena`: live messages */
	struct arena arena;
	uint8_t *out; /* UPLINK_MESSAGE_MAX: the message being sent */
};

static struct peer *peer_of(struct mqtt *mqtt, int64_t gateway_id)
{
	struct peer *peers;

	for (size_t i = 0; i < mqtt->peer_count; i++)
		if (mqtt->peers[i].gateway_id == gateway_id)
			return &mqtt->peers[i];
	peers = realloc(mqtt->peers, (mqtt->peer_count + 1) * sizeof *peers);
	if (!peers)
		return NULL;
	mqtt->peers = peers;
	peers[mqtt->peer_count] = (struct peer){.gateway_id = gateway_id};
	return &peers[mqtt->peer_count++];
}

/* ---- to gateways ---- */

static enum err publish(struct mqtt *mqtt, const char *property, const char *gateway,
                        const char *leaf, const void *message, size_t len)
{
	char topic[128];

	snprintf(topic, sizeof topic, "wattle/1/%s/%s/%s", property, gateway, leaf);
	return link_publish(mqtt->link, topic, message, len, 1);
}

static void send_ack(void *arg, const char *property, const char *gateway, const void *message,
                     size_t len)
{
	/* A lost ack is asked for again: the batch comes once more. */
	(void)!publish(arg, property, gateway, "ack", message, len);
}

static uint64_t epoch_of(void *arg, const char *name)
{
	struct mqtt *mqtt = arg;
	const struct dir_gateway *gateway = directory_gateway(mqtt->platform->dir, name);

	return ingest_epoch(mqtt->ingest, gateway ? gateway->epoch_part : 0);
}

static void flush_acks(void *arg)
{
	struct mqtt *mqtt = arg;

	const struct acks_out to = {mqtt, mqtt->run, epoch_of, send_ack};

	mqtt->flush_posted = false;
	acks_flush(mqtt->acks, clock_wall_ms(), &to);
}

/* All acks of a commit are effects in a row: the posted call runs behind the last of them. */
static void take_ack(struct mqtt *mqtt, const struct effect_ack *ack)
{
	if (acks_add(mqtt->acks, ack))
		return;
	if (mqtt->flush_posted)
		return;
	mqtt->flush_posted = true;
	mqtt->flush = (struct io_call){.fn = flush_acks, .arg = mqtt};
	io_post(mqtt->platform->io, &mqtt->flush);
}

static enum err send_down(struct mqtt *mqtt, const struct dir_gateway *gateway, struct down *down)
{
	size_t len;
	enum err err;

	down->epoch = ingest_epoch(mqtt->ingest, gateway->epoch_part);
	down->run = mqtt->run;
	down->time_ms = clock_wall_ms();
	err = down_encode(down, mqtt->out, UPLINK_MESSAGE_MAX, &len);
	if (err) {
		log_error("gateway %s: message not encoded: %s", gateway->name, err_text(err));
		return err;
	}
	return publish(mqtt, gateway->property, gateway->name, "down", mqtt->out, len);
}

static const struct dir_gateway *gateway_by_id(const struct directory *dir, int64_t gateway_id)
{
	for (size_t i = 0; i < dir->gateway_count; i++)
		if (dir->gateways[i].gateway_id == gateway_id)
			return &dir->gateways[i];
	return NULL;
}

static void free_arg(void *arg, enum err err)
{
	(void)err;
	free(arg);
}

static void submit_sent(struct mqtt *mqtt, int64_t command_id)
{
	struct sent_request *request = calloc(1, sizeof *request);

	if (!request)
		return; /* it stays queued until the gateway says received */
	request->rules = mqtt->platform->rules;
	request->command_id = command_id;
	if (writer_submit_bulk(mqtt->platform->writer, command_sent_step, request, free_arg,
	                       request))
		free(request);
}

static void send_command(struct mqtt *mqtt, const struct command_row *row)
{
	const struct dir_gateway *gateway = gateway_by_id(mqtt->platform->dir, row->gateway_id);
	struct down_command command = {.id = (uint64_t)row->command_id,
	                               .meter = (uint64_t)row->meter,
	                               .expires_s = row->expires_s,
	                               .kind = row->kind,
	                               .body_len = (uint16_t)row->body_len};
	struct down down = {.command_count = 1, .commands = &command};

	if (!gateway || gateway->revoked)
		return;
	memcpy(command.body, row->body, row->body_len);
	/* Not connected: the outbox comes again in a few seconds. */
	if (send_down(mqtt, gateway, &down) == ERR_NONE && row->stage == STAGE_QUEUED)
		submit_sent(mqtt, row->command_id);
}

static void send_config_part(struct mqtt *mqtt, const struct dir_gateway *gateway, uint32_t index,
                             uint32_t parts)
{
	const struct directory *dir = mqtt->platform->dir;
	const uint32_t first = gateway->first_meter + index * CONFIG_METERS;
	uint32_t left = gateway->meter_count - index * CONFIG_METERS;
	static struct down_meter list[CONFIG_METERS];
	struct down down = {
	        .has_config = true,
	        .config = {.version = (uint64_t)gateway->config_version,
	                   .period_s = (uint32_t)mqtt->platform->settings.reading_period_s,
	                   .trip_limit_count = (uint32_t)mqtt->platform->settings.trip_limit_count,
	                   .trip_limit_window_s =
	                           (uint32_t)mqtt->platform->settings.trip_limit_window_s,
	                   .part = parts > 1,
	                   .parts = parts,
	                   .index = index,
	                   .meter_count = left < CONFIG_METERS ? left : CONFIG_METERS,
	                   .meters = list}
        };

	for (size_t i = 0; i < down.config.meter_count; i++) {
		const struct dir_meter *meter = &dir->meters[first + i];

		list[i] = (struct down_meter){.number = (uint64_t)meter->meter,
		                              .period_s = meter->period_s};
		memcpy(list[i].chip, meter->chip, sizeof list[i].chip);
	}
	(void)!send_down(mqtt, gateway, &down); /* renewed until its state shows the version */
}

static void send_config(struct mqtt *mqtt, const struct dir_gateway *gateway, struct peer *peer)
{
	uint32_t parts = (gateway->meter_count + CONFIG_METERS - 1) / CONFIG_METERS;

	if (parts == 0)
		parts = 1; /* an empty list is a list */
	for (uint32_t i = 0; i < parts; i++)
		send_config_part(mqtt, gateway, i, parts);
	peer->config_sent_ms = clock_mono_ms();
}

static bool config_due(const struct dir_gateway *gateway, const struct peer *peer, int64_t now_ms)
{
	return peer->online && peer->config_seen != gateway->config_version &&
	       (peer->config_sent_ms == 0 || now_ms - peer->config_sent_ms >= CONFIG_RENEW_MS);
}

static void send_watch(struct mqtt *mqtt, const struct dir_gateway *gateway, struct peer *peer,
                       int64_t now_ms)
{
	struct down down = {.has_watch = true, .watch = {.lease_s = WATCH_LEASE_S}};

	if (send_down(mqtt, gateway, &down) == ERR_NONE)
		peer->watch_sent_ms = now_ms;
}

/* Leases and configurations that are due. */
static void peer_tick(void *arg)
{
	struct mqtt *mqtt = arg;
	const struct directory *dir = mqtt->platform->dir;
	int64_t now_ms = clock_mono_ms(), online = 0, watched = 0;

	if (!mqtt->platform->broker_connected)
		return;
	for (size_t i = 0; i < dir->gateway_count; i++) {
		const struct dir_gateway *gateway = &dir->gateways[i];
		struct peer *peer = gateway->revoked ? NULL : peer_of(mqtt, gateway->gateway_id);

		if (!peer)
			continue;
		online += peer->online;
		if (config_due(gateway, peer, now_ms))
			send_config(mqtt, gateway, peer);
		if (!live_watched(mqtt->platform->live, gateway->gateway_id, now_ms))
			continue;
		watched++;
		if (peer->watch_sent_ms == 0 || now_ms - peer->watch_sent_ms >= WATCH_RENEW_MS)
			send_watch(mqtt, gateway, peer, now_ms);
	}
	metric_set(METRIC_GATEWAYS_ONLINE, online);
	metric_set(METRIC_WATCHED_GATEWAYS, watched);
}

/* A new version goes out at once, not at the next renewal. */
static void directory_replaced(struct mqtt *mqtt)
{
	for (size_t i = 0; i < mqtt->peer_count; i++)
		mqtt->peers[i].config_sent_ms = 0;
	peer_tick(mqtt);
}

void mqtt_effect(struct mqtt *mqtt, const struct effect *effect)
{
	switch (effect->kind) {
	case EFFECT_SEND:
		send_command(mqtt, &effect->u.command);
		break;
	case EFFECT_ACK:
#if PLANT_ACK_BEFORE_COMMIT
		if (!effect->u.ack.refused)
			break; /* sent already, see take_up */
#endif
		take_ack(mqtt, &effect->u.ack);
		break;
	case EFFECT_DIRECTORY:
		directory_replaced(mqtt);
		break;
	case EFFECT_COMMAND:
	case EFFECT_DEVICE:
	case EFFECT_GATEWAY:
	case EFFECT_ALARM:
	case EFFECT_ACCESS:
	case EFFECT_SHEET:
	case EFFECT_ACCOUNT:
	case EFFECT_ORDER:
	case EFFECT_SUPPLY:
		break;
	}
}

/* ---- from gateways ---- */

/* An event of this gateway, once an hour for each kind and detail. */
static void report_event(struct mqtt *mqtt, const struct dir_gateway *gateway, uint32_t kind,
                         uint32_t detail)
{
	struct foreign_report *report = calloc(1, sizeof *report);

	if (!report)
		return;
	report->property_id = gateway->property_id;
	report->gateway_id = gateway->gateway_id;
	report->kind = kind;
	report->detail = detail;
	if (writer_submit(mqtt->platform->writer, foreign_report_step, report, free_arg, report))
		free(report);
}

/* `name` sent what is not its right, or could not connect (`reason` of the broker's plugin). A name
 * that is nobody's is only counted and logged. */
static void report_foreign(struct mqtt *mqtt, const char *name, uint32_t reason, const char *what)
{
	const struct dir_gateway *gateway = directory_gateway(mqtt->platform->dir, name);

	metric_add(METRIC_FOREIGN_TOPIC, 1);
	log_warn("gateway %s: refused: %s", *name ? name : "(no name)", what);
	if (gateway)
		report_event(mqtt, gateway, reason ? EVENT_CLIENT_REFUSED : EVENT_FOREIGN_TOPIC,
		             reason);
}

static void batch_done(void *arg, enum err err)
{
	struct ingest_batch *batch = arg;

	/* Not stored and not acknowledged: the gateway keeps it and offers it again. */
	if (err && err != ERR_DISK_FULL && !batch->clock_behind)
		log_warn("gateway %s: batch not stored: %s", batch->gateway, err_text(err));
	free(batch->body);
	free(batch);
}

static struct ingest_batch *batch_new(struct mqtt *mqtt, const struct dir_gateway *gateway,
                                      const void *payload, size_t len)
{
	struct ingest_batch *batch = calloc(1, sizeof *batch);

	if (!batch)
		return NULL;
	batch->body = malloc(len ? len : 1);
	if (!batch->body) {
		free(batch);
		return NULL;
	}
	if (len)
		memcpy(batch->body, payload, len);
	batch->len = len;
	batch->ingest = mqtt->ingest;
	batch->clock_behind = platform_clock_behind(mqtt->platform);
	batch->property_id = gateway->property_id;
	batch->gateway_id = gateway->gateway_id;
	memcpy(batch->property, gateway->property, sizeof batch->property);
	memcpy(batch->gateway, gateway->name, sizeof batch->gateway);
	return batch;
}

#if PLANT_ACK_BEFORE_COMMIT
/* The planted fault of tests/chain: an ack before the batch is on disk. */
static void plant_early_ack(struct mqtt *mqtt, const struct ingest_batch *batch)
{
	struct effect_ack ack = {.refused = 0};

	memcpy(ack.property, batch->property, sizeof ack.property);
	memcpy(ack.gateway, batch->gateway, sizeof ack.gateway);
	if (uplink_name(batch->body, batch->len, &ack.boot, &ack.seq))
		take_ack(mqtt, &ack);
}
#endif

static void take_up(struct mqtt *mqtt, const struct dir_gateway *gateway, const void *payload,
                    size_t len)
{
	struct ingest_batch *batch;

	if (len > UPLINK_MESSAGE_MAX) {
		metric_add(METRIC_TOO_LONG, 1);
		/* Only its beginning is taken along: enough to name it in the refusal. */
		len = UPLINK_MESSAGE_MAX + 1;
	}
	batch = batch_new(mqtt, gateway, payload, len);
	if (!batch)
		return;
#if PLANT_ACK_BEFORE_COMMIT
	plant_early_ack(mqtt, batch);
#endif
	if (writer_submit_bulk(mqtt->platform->writer, ingest_batch_step, batch, batch_done,
	                       batch)) {
		free(batch->body);
		free(batch);
	}
}

/* ---- live samples ---- */

static const char *yes(uint32_t bits, uint32_t bit)
{
	return bits & bit ? "true" : "false";
}

/* wattle/1/<property>/live/<meter>: for people, integrators and home automation. */
static void publish_live(struct mqtt *mqtt, const struct dir_gateway *gateway,
                         const struct live_sample *sample)
{
	const struct reading *v = &sample->value;
	char topic[96], at[RFC3339_SIZE], json[384];
	int n;

	if (rfc3339_format(v->time_s, at))
		return;
	snprintf(topic, sizeof topic, "wattle/1/%s/live/%" PRId64, gateway->property,
	         sample->meter);
	n = snprintf(json, sizeof json,
	             "{\"meter\":\"%" PRId64 "\",\"at\":\"%s\",\"voltage_dv\":%d,"
	             "\"current_ma\":%d,\"power_dw\":%d,\"pf_permille\":%d,\"frequency_chz\":%d,"
	             "\"energy_wh\":%" PRId64 ",\"contact_closed\":%s,\"quality\":%u}",
	             sample->meter, at, (int)v->voltage_dv, (int)v->current_ma, (int)v->power_dw,
	             (int)v->pf_permille, (int)v->frequency_chz, v->energy_wh,
	             yes(v->state, METER_CONTACT_CLOSED), (unsigned)v->quality);
	(void)!link_publish(mqtt->link, topic, json, (size_t)n, 0);
}

static void take_sample(struct mqtt *mqtt, const struct dir_gateway *gateway,
                        const struct dir_meter *meter, const struct reading *reading)
{
	struct live_sample sample = {.meter = meter->meter,
	                             .slot = meter->slot,
	                             .at_ms = reading->time_s * 1000,
	                             .received_ms = clock_wall_ms(),
	                             .received_mono_ms = clock_mono_ms(),
	                             .value = *reading};

	/* A date that cannot be would pass for the present until the next sample. */
	if (reading_check(reading, sample.received_ms / 1000) != CHECK_GOOD ||
	    live_put(mqtt->platform->live, &sample)) {
		metric_add(METRIC_LIVE_BAD, 1);
		return;
	}
	metric_add(METRIC_LIVE_SAMPLES, 1);
	publish_live(mqtt, gateway, &sample);
}

static void tell_samples(struct mqtt *mqtt, const struct readings *table,
                         const struct dir_gateway *gateway)
{
	const struct live_sample *list[LIVE_BATCH];
	size_t n = 0;

	for (uint32_t run = 0; run < table->runs; run++) {
		const struct dir_meter *meter =
		        directory_meter(mqtt->platform->dir, table->run_meter[run]);

		if (!meter || meter->gateway_id != gateway->gateway_id)
			continue;
		list[n] = live_get(mqtt->platform->live, meter->slot);
		if (list[n])
			n++;
		if (n == LIVE_BATCH) {
			platform_tell_live(mqtt->platform, list, n);
			n = 0;
		}
	}
	if (n)
		platform_tell_live(mqtt->platform, list, n);
}

static void take_live(struct mqtt *mqtt, const struct dir_gateway *gateway,
                      const struct readings *table)
{
	uint32_t first = 0;

	for (uint32_t run = 0; run < table->runs; first += table->run_len[run++]) {
		const struct dir_meter *meter =
		        directory_meter(mqtt->platform->dir, table->run_meter[run]);
		struct reading reading;

		if (!meter || meter->gateway_id != gateway->gateway_id) {
			metric_add(METRIC_LIVE_BAD, 1);
			continue;
		}
		/* Several rows of a meter in one message: the last is the newest. */
		reading = readings_row(table, run, first + table->run_len[run] - 1);
		take_sample(mqtt, gateway, meter, &reading);
	}
	tell_samples(mqtt, table, gateway);
}

static const struct dir_meter *meter_by_chip(const struct directory *dir,
                                             const struct dir_gateway *gateway,
                                             const uint8_t chip[CHIP_SIZE])
{
	for (uint32_t i = 0; i < gateway->meter_count; i++) {
		const struct dir_meter *meter = &dir->meters[gateway->first_meter + i];

		if (memcmp(meter->chip, chip, CHIP_SIZE) == 0)
			return meter;
	}
	return NULL;
}

/* What a gateway's clock says of ours. */
static void hear_clock(struct mqtt *mqtt, struct peer *peer, int64_t time_ms)
{
	struct platform *platform = mqtt->platform;
	int64_t wall_ms = clock_wall_ms(), mono_ms = clock_mono_ms();
	bool was = platform->clock_disputed_ms != 0;
	struct clock_votes votes = {0};

	peer->clock = (struct clock_witness){time_ms, mono_ms};
	for (size_t i = 0; i < mqtt->peer_count; i++)
		clock_vote(&votes, &mqtt->peers[i].clock, wall_ms, mono_ms);
	clock_dispute(&votes, wall_ms, &platform->clock_disputed_ms);
	if (!was && platform->clock_disputed_ms)
		log_error(
		        "clock: %u of %u gateways have another time; terminals get none from us until that "
		        "is right, or `wattle clock confirm`",
		        votes.differ, votes.differ + votes.agree);
	if (was && !platform->clock_disputed_ms)
		log_info("clock: most gateways have our time");
}

/* A terminal without a clock gets a signed time. One open command at a time, so asking often does
 * no harm. */
static void take_want(struct mqtt *mqtt, const struct dir_gateway *gateway,
                      const struct uplink_want *want)
{
	const struct dir_meter *meter = meter_by_chip(mqtt->platform->dir, gateway, want->chip);
	struct command_request *request;

	if (!meter)
		return; /* not adopted: we have no key to sign with */
	if (platform_clock_unsure(mqtt->platform))
		return;
	request = calloc(1, sizeof *request);
	if (!request)
		return;
	snprintf(request->actor.who, sizeof request->actor.who, "platform");
	request->actor.local = true;
	snprintf(request->actor.origin, sizeof request->actor.origin, "gateway:%s", gateway->name);
	request->rules = mqtt->platform->rules;
	request->meter = meter->meter;
	request->kind = COMMAND_TIME;
	request->clock_disputed_ms = mqtt->platform->clock_disputed_ms;
	request->want_boot = (uint16_t)want->boot;
	request->want_uptime_s = want->uptime_s;
	if (writer_submit(mqtt->platform->writer, command_create_step, request, free_arg, request))
		free(request);
}

static void take_now(struct mqtt *mqtt, const struct dir_gateway *gateway, const void *payload,
                     size_t len)
{
	struct peer *peer = peer_of(mqtt, gateway->gateway_id);
	struct now now;

	arena_reset(&mqtt->arena);
	if (len > UPLINK_MESSAGE_MAX || now_decode(payload, len, &mqtt->arena, &now)) {
		metric_add(METRIC_LIVE_BAD, 1);
		return;
	}
	if (peer)
		hear_clock(mqtt, peer, now.time_ms);
	if (now.live.count)
		take_live(mqtt, gateway, &now.live);
	for (size_t i = 0; i < now.want_count; i++)
		take_want(mqtt, gateway, &now.wants[i]);
}

/* ---- state ---- */

static void take_state(struct mqtt *mqtt, const struct dir_gateway *gateway, const void *payload,
                       size_t len)
{
	struct peer *peer = peer_of(mqtt, gateway->gateway_id);
	struct gateway_state *state = calloc(1, sizeof *state);

	if (!peer || !state || state_parse(payload, len, state)) {
		metric_add(METRIC_STATE_BAD, 1);
		free(state);
		return;
	}
	if (state->online && !peer->online)
		peer->config_sent_ms = peer->watch_sent_ms = 0;
	peer->online = state->online;
	if (state->online)
		peer->config_seen = state->config_seen;
#if PLANT_ACK_BEFORE_COMMIT
	state->acked_boot = 0; /* this check would repair what is planted */
#endif
	state->ingest = mqtt->ingest;
	state->property_id = gateway->property_id;
	state->gateway_id = gateway->gateway_id;
	if (writer_submit(mqtt->platform->writer, gateway_state_step, state, free_arg, state))
		free(state);
	peer_tick(mqtt);
}

/* ---- topics ---- */

static void take_gateway(struct mqtt *mqtt, const char *topic, const void *payload, size_t len)
{
	struct gateway_topic parts;
	const struct dir_gateway *gateway;

	if (!topic_parse(topic, &parts)) {
		metric_add(METRIC_FOREIGN_TOPIC, 1);
		return;
	}
	gateway = directory_topic(mqtt->platform->dir, parts.property, parts.gateway);
	if (!gateway)
		report_foreign(mqtt, parts.gateway, 0, topic);
	else if (strcmp(parts.leaf, "up") == 0)
		take_up(mqtt, gateway, payload, len);
	else if (strcmp(parts.leaf, "now") == 0)
		take_now(mqtt, gateway, payload, len);
	else if (strcmp(parts.leaf, "state") == 0)
		take_state(mqtt, gateway, payload, len);
}

/* The queue is what the broker holds without what it holds for good; both figures come every five
 * seconds, one after the other. */
static void take_figure(struct mqtt *mqtt, const char *topic, const void *payload, size_t len)
{
	enum broker_figure figure;
	int64_t value, queue;

	if (!figure_parse(topic, payload, len, &figure, &value))
		return;
	mqtt->figures[figure] = value;
	queue = mqtt->figures[BROKER_STORED] - mqtt->figures[BROKER_RETAINED];
	metric_set(METRIC_BROKER_QUEUE, queue > 0 ? queue : 0);
	metric_set(METRIC_BROKER_DROPS, mqtt->figures[BROKER_DROPPED]);
	metric_set(METRIC_BROKER_CLIENTS, mqtt->figures[BROKER_CLIENTS]);
}

static void take_refused(struct mqtt *mqtt, const void *payload, size_t len)
{
	struct refused refused;

	if (refused_parse(payload, len, &refused))
		log_warn("broker: a refusal of %zu bytes was not understood", len);
	else
		report_foreign(mqtt, refused.client, refused.reason, refused.what);
}

static void on_message(void *arg, const char *topic, const void *payload, size_t len)
{
	struct mqtt *mqtt = arg;

	if (topic[0] == '$')
		take_figure(mqtt, topic, payload, len);
	else if (strcmp(topic, "wattle/broker/refused") == 0)
		take_refused(mqtt, payload, len);
	else
		take_gateway(mqtt, topic, payload, len);
}

static void on_connected(void *arg, bool connected)
{
	struct mqtt *mqtt = arg;

	mqtt->platform->broker_connected = connected;
	/* Retained states come with the subscription; until then nobody counts as online. */
	for (size_t i = 0; i < mqtt->peer_count; i++)
		mqtt->peers[i].online = false;
}

/* ---- start, stop ---- */

static const char *const topics[] = {
        "wattle/1/+/+/up", "wattle/1/+/+/now", "wattle/1/+/+/state",
        "wattle/broker/refused", /* what its plugin turned away */
};

static void subscriptions_fill(struct mqtt *mqtt)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(topics); i++)
		mqtt->subscriptions[n++] = topics[i];
	for (int i = 0; i < BROKER_FIGURES; i++)
		mqtt->subscriptions[n++] = figure_topic((enum broker_figure)i);
	assert(n < ARRAY_SIZE(mqtt->subscriptions));
}

enum err mqtt_start(struct mqtt **out, struct platform *platform, struct ingest *ingest)
{
	struct mqtt *mqtt = calloc(1, sizeof *mqtt);
	struct link_config config = {.settings = &platform->settings,
	                             .io = platform->io,
	                             .topics = mqtt ? mqtt->subscriptions : NULL,
	                             .arg = mqtt,
	                             .connected = on_connected,
	                             .message = on_message};
	enum err err;

	*out = NULL;
	if (!mqtt)
		return ERR_NOMEM;
	mqtt->platform = platform;
	mqtt->ingest = ingest;
	randombytes_buf(&mqtt->run, sizeof mqtt->run);
	mqtt->run |= 1;
	subscriptions_fill(mqtt);
	mqtt->acks = acks_new();
	mqtt->memory = malloc(UPLINK_ARENA_SIZE);
	mqtt->out = malloc(UPLINK_MESSAGE_MAX);
	err = mqtt->acks && mqtt->memory && mqtt->out ? link_new(&mqtt->link, &config) : ERR_NOMEM;
	if (err) {
		mqtt_free(mqtt);
		return err;
	}
	arena_init(&mqtt->arena, mqtt->memory, UPLINK_ARENA_SIZE);
	io_timer_add(platform->io, PEER_TICK_MS, PEER_TICK_MS, peer_tick, mqtt);
	*out = mqtt;
	return ERR_NONE;
}

void mqtt_stop(struct mqtt *mqtt)
{
	flush_acks(mqtt);
	link_stop(mqtt->link);
}

void mqtt_free(struct mqtt *mqtt)
{
	if (!mqtt)
		return;
	link_free(mqtt->link);
	acks_free(mqtt->acks);
	free(mqtt->peers);
	free(mqtt->memory);
	free(mqtt->out);
	free(mqtt);
}
