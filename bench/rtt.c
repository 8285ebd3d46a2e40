/* Reference programs: a bare round trip through a broker (a server publishes, a gateway answers),
 * and a subscriber that only counts. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/mqtt.h"

#define DOWN "bench/rtt/down"
#define UP   "bench/rtt/up"

static atomic_int subscribed, answered;

static void on_subscribe(struct mosquitto *client, void *arg, int mid, int n, const int *qos)
{
	(void)client, (void)arg, (void)mid, (void)n, (void)qos;
	atomic_fetch_add(&subscribed, 1);
}

static void on_down(struct mosquitto *client, void *arg, const struct mosquitto_message *message)
{
	(void)arg;
	mosquitto_publish(client, NULL, UP, message->payloadlen, message->payload, 1, false);
}

static void on_up(struct mosquitto *client, void *arg, const struct mosquitto_message *message)
{
	(void)client, (void)arg;
	atomic_store(&answered, (int)strtol(message->payload, NULL, 10));
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static struct mosquitto *listener(int argc, char **argv, const char *name, const char *topic,
                                  void (*fn)(struct mosquitto *, void *,
                                             const struct mosquitto_message *))
{
	struct mosquitto *client = mqtt_client(argc, argv, name, NULL);

	mosquitto_subscribe_callback_set(client, on_subscribe);
	mosquitto_message_callback_set(client, fn);
	mqtt_connect(argc, argv, client);
	mosquitto_loop_start(client);
	mosquitto_subscribe(client, NULL, topic, 1);
	return client;
}

int rtt_main(int argc, char **argv)
{
	int n = (int)option_int(argc, argv, "count", 200), lost = 0;
	int64_t *us = calloc((size_t)n, sizeof *us);
	struct mosquitto *server;
	char text[64];

	if (!us)
		die("rtt", "no memory");
	mosquitto_lib_init();
	listener(argc, argv, option(argc, argv, "gateway", NULL), DOWN, on_down);
	server = listener(argc, argv, "wattled", UP, on_up);
	for (int wait = 0; atomic_load(&subscribed) < 2; wait++) {
		if (wait == 1000)
			die("rtt", "not subscribed in 10 s");
		usleep(10000);
	}
	for (int k = 1; k <= n; k++) {
		int len = snprintf(text, sizeof text, "%d trip 330100000001", k);
		int64_t start = mono_ns();

		mosquitto_publish(server, NULL, DOWN, len, text, 1, false);
		while (atomic_load(&answered) != k && mono_ns() - start < INT64_C(5000000000))
			usleep(20);
		us[k - 1] = (mono_ns() - start) / 1000;
		lost += atomic_load(&answered) != k;
		usleep(5000);
	}
	qsort(us, (size_t)n, sizeof *us, compare);
	printf("{\"count\":%d,\"lost\":%d,\"p50_us\":%" PRId64 ",\"p99_us\":%" PRId64 "}\n", n,
	       lost, us[n / 2], us[n * 99 / 100]);
	fflush(stdout);
	_exit(0); /* the library's threads need no farewell */
}

struct sink {
	int64_t wanted, seen, first_ns, last_ns;
};

static void on_any(struct mosquitto *client, void *arg, const struct mosquitto_message *message)
{
	struct sink *sink = arg;

	(void)message;
	sink->last_ns = mono_ns();
	if (!sink->seen++)
		sink->first_ns = sink->last_ns;
	if (sink->seen == sink->wanted)
		mosquitto_disconnect(client);
}

static void on_sink_ready(struct mosquitto *client, void *arg, int mid, int n, const int *qos)
{
	(void)client, (void)arg, (void)mid, (void)n, (void)qos;
	fprintf(stderr, "ready\n");
}

int sink_main(int argc, char **argv)
{
	struct sink sink = {.wanted = option_int(argc, argv, "messages", 1)};
	struct mosquitto *client;

	mosquitto_lib_init();
	client = mqtt_client(argc, argv, "wattled", &sink);
	mosquitto_message_callback_set(client, on_any);
	mosquitto_subscribe_callback_set(client, on_sink_ready);
	mqtt_connect(argc, argv, client);
	mosquitto_subscribe(client, NULL, "wattle/1/+/+/up", 1);
	mosquitto_loop_forever(client, 100, 1);
	printf("{\"messages\":%" PRId64 ",\"seconds\":%.3f,\"cpu_s\":%.3f}\n", sink.seen,
	       (double)(sink.last_ns - sink.first_ns) / 1e9, cpu_s());
	return sink.seen == sink.wanted ? 0 : 1;
}
