/* Gateways that send one-minute batches: each with its own connection and certificate, in order, a
 * window of batches on the way. A batch is done when the platform's acknowledgement of its durable
 * commit is here; with --puback 1 (reference: nobody but a counting subscriber behind the broker)
 * when the broker has it. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/batches.h"
#include "bench/bench.h"
#include "bench/mqtt.h"
#include "libs/proto/uplink.h"

#define GATEWAYS_MAX 256
#define BATCH_BYTES  8192

struct load;

struct gateway {
	struct load *load;
	struct mosquitto *client;
	unsigned index;
	char name[33];
	bool ready;
	uint64_t sent;  /* seq of the newest batch */
	uint64_t acked; /* batches of ours, each counted once: acknowledged up to here in order */
};

struct load {
	struct gateway gateways[GATEWAYS_MAX];
	unsigned count, window, ready;
	uint64_t boot, per_gateway; /* batches; 0: until the time is over */
	int64_t first_s;
	double rate; /* readings a second of all together; 0: as fast as it goes */
	bool puback;
	struct batches *batches;
	uint64_t readings, bytes, done, refused;
	uint8_t *arena;
};

static void on_subscribe(struct mosquitto *client, void *arg, int mid, int n, const int *qos)
{
	struct gateway *g = arg;

	(void)client, (void)mid, (void)n, (void)qos;
	if (!g->ready) {
		g->ready = true;
		g->load->ready++;
	}
}

static void on_disconnect(struct mosquitto *client, void *arg, int rc)
{
	struct gateway *g = arg;

	(void)client;
	if (rc)
		die(g->name, mosquitto_strerror(rc));
}

static void on_publish(struct mosquitto *client, void *arg, int mid)
{
	struct gateway *g = arg;

	(void)client, (void)mid;
	if (g->load->puback) {
		g->acked++;
		g->load->done++;
	}
}

/* Batches are acknowledged in their order, so a range ends where all before it are done too. */
static void on_ack(struct mosquitto *client, void *arg, const struct mosquitto_message *message)
{
	struct gateway *g = arg;
	struct arena arena;
	struct ack ack;

	(void)client;
	arena_init(&arena, g->load->arena, UPLINK_ARENA_SIZE);
	if (ack_decode(message->payload, (size_t)message->payloadlen, &arena, &ack))
		die(g->name, "bad ack");
	g->load->refused += ack.refused_count;
	for (size_t i = 0; i < ack.done_count; i++)
		if (ack.done[i].boot == g->load->boot && ack.done[i].last > g->acked &&
		    ack.done[i].first <= g->acked + 1) {
			g->load->done += ack.done[i].last - g->acked;
			g->acked = ack.done[i].last;
		}
}

static void open_gateway(struct load *load, unsigned i, int argc, char **argv)
{
	struct gateway *g = &load->gateways[i];
	char topic[128];

	g->load = load;
	g->index = i;
	snprintf(g->name, sizeof g->name, "%s%u", option(argc, argv, "prefix", "bench-"), i);
	g->client = mqtt_client(argc, argv, g->name, g);
	mosquitto_subscribe_callback_set(g->client, on_subscribe);
	mosquitto_disconnect_callback_set(g->client, on_disconnect);
	mosquitto_publish_callback_set(g->client, on_publish);
	mosquitto_message_callback_set(g->client, on_ack);
	mosquitto_max_inflight_messages_set(g->client, 2 * load->window);
	mqtt_connect(argc, argv, g->client);
	snprintf(topic, sizeof topic, "wattle/1/p1/%s/ack", g->name);
	mosquitto_subscribe(g->client, NULL, topic, 1);
}

static bool may_send(const struct load *load, const struct gateway *g, double elapsed_s)
{
	if (g->sent - g->acked >= load->window || mosquitto_want_write(g->client))
		return false;
	if (load->per_gateway && g->sent >= load->per_gateway)
		return false;
	return load->rate <= 0 || (double)load->readings < load->rate * elapsed_s;
}

static void send_batch(struct load *load, struct gateway *g)
{
	static uint8_t bytes[BATCH_BYTES];
	char topic[128];
	unsigned readings;
	size_t len;
	int rc;

	g->sent++;
	if (batches_next(load->batches, g->index, load->boot, g->sent,
	                 load->first_s + (int64_t)g->sent * 60, bytes, sizeof bytes, &len,
	                 &readings))
		die(g->name, "batch");
	snprintf(topic, sizeof topic, "wattle/1/p1/%s/up", g->name);
	rc = mosquitto_publish(g->client, NULL, topic, (int)len, bytes, 1, false);
	if (rc)
		die(g->name, mosquitto_strerror(rc));
	load->readings += readings;
	load->bytes += len;
}

static void move_bytes(struct load *load, int wait_ms, bool misc)
{
	struct pollfd fds[GATEWAYS_MAX];

	for (unsigned i = 0; i < load->count; i++) {
		struct mosquitto *client = load->gateways[i].client;

		fds[i].fd = mosquitto_socket(client);
		fds[i].events = (short)(POLLIN | (mosquitto_want_write(client) ? POLLOUT : 0));
	}
	if (poll(fds, load->count, wait_ms) <= 0 && !misc)
		return;
	for (unsigned i = 0; i < load->count; i++) {
		struct mosquitto *client = load->gateways[i].client;

		if (fds[i].revents & (POLLIN | POLLHUP))
			mosquitto_loop_read(client, 64);
		if (fds[i].revents & POLLOUT)
			mosquitto_loop_write(client, 1);
		if (misc)
			mosquitto_loop_misc(client);
	}
}

static bool finished(const struct load *load, double elapsed_s, double seconds)
{
	if (load->per_gateway)
		return load->done >= load->per_gateway * load->count;
	return elapsed_s >= seconds;
}

static void run(struct load *load, double seconds)
{
	int64_t start = mono_ns(), misc_ns = start, now = start;
	double elapsed_s = 0;

	while (!finished(load, elapsed_s, seconds)) {
		bool progress = false, misc = now - misc_ns > INT64_C(1000000000);

		for (unsigned i = 0; i < load->count; i++) {
			struct gateway *g = &load->gateways[i];

			for (int n = 0; n < 8 && may_send(load, g, elapsed_s); n++) {
				send_batch(load, g);
				progress = true;
			}
		}
		if (misc)
			misc_ns = now;
		move_bytes(load, progress ? 0 : 1, misc);
		now = mono_ns();
		elapsed_s = (double)(now - start) / 1e9;
		if (load->per_gateway && elapsed_s > 300)
			die("load", "not acknowledged in 300 s");
	}
	printf("{\"readings\":%" PRIu64 ",\"batches\":%" PRIu64 ",\"refused\":%" PRIu64
	       ",\"seconds\":%.3f,\"readings_per_s\":%.0f,\"bytes_per_reading\":%.2f,"
	       "\"cpu_s\":%.3f}\n",
	       load->readings, load->done, load->refused, elapsed_s,
	       (double)load->readings / elapsed_s, (double)load->bytes / (double)load->readings,
	       cpu_s());
}

int load_main(int argc, char **argv)
{
	unsigned meters = (unsigned)option_int(argc, argv, "meters", 100);
	static struct load load;

	load.count = (unsigned)option_int(argc, argv, "gateways", 20);
	load.window = (unsigned)option_int(argc, argv, "window", 32);
	load.per_gateway = (uint64_t)option_int(argc, argv, "batches", 0);
	load.rate = (double)option_int(argc, argv, "rate", 0);
	load.first_s = option_int(argc, argv, "first", 0);
	load.puback = option_int(argc, argv, "puback", 0) != 0;
	load.boot = (uint64_t)mono_ns() | 1;
	load.arena = malloc(UPLINK_ARENA_SIZE);
	if (load.count > GATEWAYS_MAX || !load.arena)
		die("gateways", "at most 256");
	if (batches_open(&load.batches, option(argc, argv, "csv", "data/household-45d.csv"),
	                 load.count, meters))
		die("data", "cannot be read");
	mosquitto_lib_init();
	for (unsigned i = 0; i < load.count; i++)
		open_gateway(&load, i, argc, argv);
	for (int64_t start = mono_ns(); load.ready < load.count;) {
		move_bytes(&load, 10, true);
		if (mono_ns() - start > INT64_C(20000000000))
			die("load", "not all gateways connected in 20 s");
	}
	run(&load, (double)option_int(argc, argv, "seconds", 10));
	return 0;
}
