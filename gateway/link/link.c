#include "gateway/link/link.h"

#include "libs/tls/why.h"

#include <assert.h>
#include <mosquitto.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PREFIX_SIZE      96 /* ids have 32 characters at most */
#define TOPIC_SIZE       (PREFIX_SIZE + 8)
#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS   30000
#define HANDSHAKE_MS     15000
#define POLL_MS          20
#define INFLIGHT         64 /* above the sender's window, so that the library never holds back */

struct link {
	struct link_config config;
	struct link_events events;
	struct mosquitto *mosq;
	char prefix[PREFIX_SIZE]; /* wattle/1/<property>/<gateway>/ */
	struct gaicb lookup;      /* of the broker's name */
	bool looking_up;
	bool tried;             /* a connection is there or being made */
	bool ready;             /* subscribed: messages flow both ways */
	char why[TLS_WHY_SIZE]; /* what the library logged of certificates since the last try */
	int subscriptions;
	int64_t next_try_ms, backoff_ms, since_ms;
	int64_t now_ms;
};

static const struct out {
	const char *name;
	int qos;
	bool retain;
} outs[] = {
        [LINK_UP] = {"up",    1, false},
        [LINK_NOW] = {"now",   0, false},
        [LINK_STATE] = {"state", 1, true }
};

static const char *const ins[] = {[LINK_ACK] = "ack", [LINK_DOWN] = "down"};

static void topic_make(const struct link *link, const char *name, char topic[TOPIC_SIZE])
{
	snprintf(topic, TOPIC_SIZE, "%s%s", link->prefix, name);
}

/* --- what libmosquitto tells --- */

static void broken(struct link *link, const char *why)
{
	link->tried = link->ready = false;
	if (link->why[0])
		why = link->why;
	link->next_try_ms = link->now_ms + link->backoff_ms;
	link->backoff_ms =
	        link->backoff_ms * 2 < BACKOFF_MAX_MS ? link->backoff_ms * 2 : BACKOFF_MAX_MS;
	link->events.down(link->events.ctx, why);
}

static void on_log(struct mosquitto *mosq, void *arg, int level, const char *line)
{
	struct link *link = arg;

	(void)level;
	tls_why(mosquitto_ssl_get(mosq), line, link->why);
}

static void on_connect(struct mosquitto *mosq, void *arg, int code)
{
	struct link *link = arg;
	char topic[TOPIC_SIZE];

	if (code != 0)
		return; /* a disconnect follows, with the reason */
	link->subscriptions = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ins); i++) {
		topic_make(link, ins[i], topic);
		(void)mosquitto_subscribe(mosq, NULL, topic, 1);
	}
}

/* Only with both subscriptions granted: an answer to the first batch must not be missed. */
static void on_subscribe(struct mosquitto *mosq, void *arg, int id, int count, const int *granted)
{
	struct link *link = arg;

	(void)id;
	for (int i = 0; i < count; i++) {
		if (granted[i] > 2) {
			(void)mosquitto_disconnect(mosq);
			return;
		}
	}
	if (++link->subscriptions < (int)ARRAY_SIZE(ins))
		return;
	link->ready = true;
	link->backoff_ms = BACKOFF_FIRST_MS;
	link->events.up(link->events.ctx);
}

static void on_message(struct mosquitto *mosq, void *arg, const struct mosquitto_message *message)
{
	struct link *link = arg;
	char topic[TOPIC_SIZE];

	(void)mosq;
	for (size_t i = 0; i < ARRAY_SIZE(ins); i++) {
		topic_make(link, ins[i], topic);
		if (strcmp(topic, message->topic) == 0)
			link->events.message(link->events.ctx, (enum link_in)i, message->payload,
			                     (size_t)message->payloadlen, message->retain);
	}
}

/* --- connecting --- */

static enum err session_prepare(struct link *link)
{
	struct mosquitto *mosq = link->mosq;
	const struct link_config *c = &link->config;
	char topic[TOPIC_SIZE];

	topic_make(link, outs[LINK_STATE].name, topic);
	mosquitto_log_callback_set(mosq, on_log);
	mosquitto_connect_callback_set(mosq, on_connect);
	mosquitto_subscribe_callback_set(mosq, on_subscribe);
	mosquitto_message_callback_set(mosq, on_message);
	/* A result behind another message would wait 40 ms for the other side's delayed TCP
	 * acknowledgement. */
	mosquitto_int_option(mosq, MOSQ_OPT_TCP_NODELAY, 1);
	if (mosquitto_tls_set(mosq, c->ca, NULL, c->certificate, c->key, NULL) ||
	    mosquitto_tls_opts_set(mosq, 1, "tlsv1.2", NULL) ||
	    mosquitto_max_inflight_messages_set(mosq, INFLIGHT) ||
	    mosquitto_will_set(mosq, topic, (int)strlen(c->will), c->will, 1, true))
		return ERR_AUTH;
	return ERR_NONE;
}

/* A fresh session each time: what the old one still held would come twice, and late. */
static void connect_try(struct link *link)
{
	int code;

	link->tried = true;
	link->since_ms = link->now_ms;
	code = mosquitto_reinitialise(link->mosq, link->config.id, true, link);
	if (!code && session_prepare(link))
		code = MOSQ_ERR_TLS;
	if (!code)
		code = mosquitto_connect_async(link->mosq, link->config.host, link->config.port,
		                               link->config.keepalive_s);
	if (code)
		broken(link, mosquitto_strerror(code));
}

/* libmosquitto asks for the address in the middle of its connect, and a name server that is away
 * would stop everything for half a minute. So the name is looked up beside the loop first; the
 * library connects when the answer is known to come at once. */
static void lookup_start(struct link *link)
{
	struct gaicb *list[] = {&link->lookup};

	link->why[0] = '\0';
	link->lookup = (struct gaicb){.ar_name = link->config.host};
	link->looking_up = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) == 0;
	if (!link->looking_up)
		broken(link, "the broker's name cannot be looked up");
}

static void lookup_check(struct link *link)
{
	int code = gai_error(&link->lookup);

	if (code == EAI_INPROGRESS)
		return;
	link->looking_up = false;
	if (code) {
		broken(link, gai_strerror(code));
		return;
	}
	freeaddrinfo(link->lookup.ar_result);
	connect_try(link);
}

/* False: the name server still owes an answer, and its thread would write it to our memory. */
static bool lookup_end(struct link *link)
{
	const struct gaicb *list[] = {&link->lookup};
	const struct timespec patience = {.tv_sec = 1};

	if (!link->looking_up)
		return true;
	if (gai_cancel(&link->lookup) != EAI_CANCELED)
		(void)gai_suspend(list, 1, &patience);
	if (gai_error(&link->lookup) == EAI_INPROGRESS)
		return false;
	if (gai_error(&link->lookup) == 0)
		freeaddrinfo(link->lookup.ar_result);
	return true;
}

enum err link_new(struct link **out, const struct link_config *config,
                  const struct link_events *events, char *why, size_t size)
{
	struct link *link = calloc(1, sizeof *link);

	if (!link)
		return ERR_NOMEM;
	link->config = *config;
	link->events = *events;
	link->backoff_ms = BACKOFF_FIRST_MS;
	snprintf(link->prefix, sizeof link->prefix, "wattle/1/%s/%s/", config->property,
	         config->id);
	mosquitto_lib_init();
	link->mosq = mosquitto_new(config->id, true, link);
	if (!link->mosq || session_prepare(link)) {
		snprintf(why, size, "[broker] ca, certificate or key: cannot be used (%s, %s, %s)",
		         config->ca, config->certificate, config->key);
		link_free(link);
		return ERR_AUTH;
	}
	*out = link;
	return ERR_NONE;
}

void link_free(struct link *link)
{
	/* The process ends now: better a leak than a wait of half a minute. */
	if (!lookup_end(link))
		return;
	mosquitto_destroy(link->mosq);
	mosquitto_lib_cleanup();
	free(link);
}

/* One pass of the library: reads, writes, keep-alive and the TLS handshake. It selects on its own
 * socket without waiting. */
void link_io(struct link *link)
{
	const char *why = NULL;
	int code;

	if (!link->tried)
		return;
	if (!link->ready)
		why = tls_hung_up(mosquitto_socket(link->mosq));
	if (!why) {
		code = mosquitto_loop(link->mosq, 0, 1);
		if (code)
			why = mosquitto_strerror(code);
	}
	if (why)
		broken(link, why);
}

void link_tick(struct link *link, int64_t mono_ms)
{
	link->now_ms = mono_ms;
	if (link->looking_up) {
		lookup_check(link);
		return;
	}
	if (!link->tried) {
		if (mono_ms >= link->next_try_ms)
			lookup_start(link);
		return;
	}
	link_io(link);
	if (link->tried && !link->ready && mono_ms - link->since_ms > HANDSHAKE_MS)
		broken(link, "the broker does not answer");
}

int link_fd(const struct link *link)
{
	return link->tried ? mosquitto_socket(link->mosq) : -1;
}

bool link_wants_write(const struct link *link)
{
	return link->tried && mosquitto_want_write(link->mosq);
}

/* --- publishing --- */

void link_publish(struct link *link, enum link_out topic, const uint8_t *bytes, size_t len)
{
	const struct out *out = &outs[topic];
	char name[TOPIC_SIZE];

	if (!link->ready)
		return;
	/* Live samples are worth nothing later: none behind a socket that does not drain. */
	if (topic == LINK_NOW && mosquitto_want_write(link->mosq))
		return;
	topic_make(link, out->name, name);
	(void)mosquitto_publish(link->mosq, NULL, name, (int)len, bytes, out->qos, out->retain);
}

void link_farewell(struct link *link, const uint8_t *state, size_t len, int patience_ms)
{
	if (!link->ready)
		return;
	link_publish(link, LINK_STATE, state, len);
	(void)mosquitto_disconnect(link->mosq);
	for (int waited = 0; link->tried && waited < patience_ms; waited += POLL_MS) {
		struct pollfd fd = {.fd = mosquitto_socket(link->mosq), .events = POLLIN};

		if (fd.fd < 0 || mosquitto_loop(link->mosq, 0, 1))
			break;
		(void)poll(&fd, 1, POLL_MS);
	}
}
