#include "platform/mqtt/link.h"

#include <errno.h>
#include <mosquitto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "libs/tls/why.h"
#include "platform/core/clock.h"
#include "platform/core/metrics.h"
#include "platform/store/log.h"

#define RETRY_MS     500
#define RETRY_MAX_MS 10000

enum link_state { LINK_IDLE, LINK_CONNECTING, LINK_OPEN };

struct link {
	struct link_config config;
	struct mosquitto *mosq;
	struct io_timer *timer;
	enum link_state state;
	bool session; /* the broker said yes */
	int fd;       /* watched, or -1 */
	bool writing; /* EPOLLOUT is asked for */
	int64_t retry_ms;
	int64_t next_try_ms; /* monotonic */
	bool stopping;
	char last_error[128];
	char why[TLS_WHY_SIZE]; /* what the library logged of certificates since the last try */

	/* mosquitto_connect resolves and waits, so it has a thread of its own; while it runs, no one
	 * else touches `mosq`. */
	pthread_t thread;
	struct io_call connected_call;
	int connect_result, connect_errno;
};

static void set_session(struct link *link, bool session)
{
	if (link->session == session)
		return;
	link->session = session;
	metric_set(METRIC_MQTT_CONNECTED, session);
	link->config.connected(link->config.arg, session);
}

/* One line per kind of trouble, not one per attempt. */
static void complain(struct link *link, const char *why)
{
	if (strncmp(link->last_error, why, sizeof link->last_error - 1) != 0)
		log_warn("broker %s:%d: %s", link->config.settings->broker_host,
		         (int)link->config.settings->broker_port, why);
	snprintf(link->last_error, sizeof link->last_error, "%s", why);
}

static void drop(struct link *link, const char *why)
{
	if (link->fd >= 0)
		io_remove(link->config.io, link->fd);
	link->fd = -1;
	link->state = LINK_IDLE;
	link->next_try_ms = clock_mono_ms() + link->retry_ms;
	link->retry_ms = link->retry_ms * 2 < RETRY_MAX_MS ? link->retry_ms * 2 : RETRY_MAX_MS;
	if (!link->stopping)
		complain(link, link->why[0] ? link->why : why);
	set_session(link, false);
}

static void watch_writes(struct link *link)
{
	bool want = mosquitto_want_write(link->mosq);

	if (link->fd < 0 || want == link->writing)
		return;
	link->writing = want;
	if (io_change(link->config.io, link->fd, want ? EPOLLIN | EPOLLOUT : EPOLLIN))
		drop(link, "cannot watch the socket");
}

static void on_ready(void *arg, uint32_t events)
{
	struct link *link = arg;
	const char *gone = link->session ? NULL : tls_hung_up(link->fd);
	int rc = MOSQ_ERR_SUCCESS;

	if (gone) {
		drop(link, gone); /* the next attempt closes it */
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		rc = mosquitto_loop_read(link->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && (events & EPOLLOUT))
		rc = mosquitto_loop_write(link->mosq, 1);
	if (rc != MOSQ_ERR_SUCCESS)
		drop(link, rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc));
	else
		watch_writes(link);
}

static void on_connect_done(void *arg)
{
	struct link *link = arg;

	if (link->stopping)
		return; /* link_stop has joined the thread */
	pthread_join(link->thread, NULL);
	if (link->connect_result != MOSQ_ERR_SUCCESS) {
		drop(link, link->connect_result == MOSQ_ERR_ERRNO
		                   ? strerror(link->connect_errno)
		                   : mosquitto_strerror(link->connect_result));
		return;
	}
	link->fd = mosquitto_socket(link->mosq);
	link->writing = true;
	if (link->fd < 0 || io_add(link->config.io, link->fd, EPOLLIN | EPOLLOUT, on_ready, link)) {
		mosquitto_disconnect(link->mosq);
		drop(link, "cannot watch the socket");
		return;
	}
	link->state = LINK_OPEN;
}

static void *connect_main(void *arg)
{
	struct link *link = arg;
	const struct settings *s = link->config.settings;

	link->connect_result = mosquitto_connect(link->mosq, s->broker_host, (int)s->broker_port,
	                                         (int)s->broker_keepalive_s);
	link->connect_errno = errno;
	link->connected_call = (struct io_call){.fn = on_connect_done, .arg = link};
	io_post(link->config.io, &link->connected_call);
	return NULL;
}

static void tick(void *arg)
{
	struct link *link = arg;
	int rc;

	if (link->state == LINK_OPEN) {
		rc = mosquitto_loop_misc(link->mosq); /* keep-alive */
		if (rc != MOSQ_ERR_SUCCESS)
			drop(link, mosquitto_strerror(rc));
		else
			watch_writes(link);
		return;
	}
	if (link->state == LINK_CONNECTING || link->stopping || clock_mono_ms() < link->next_try_ms)
		return;
	link->state = LINK_CONNECTING;
	link->why[0] = '\0';
	if (pthread_create(&link->thread, NULL, connect_main, link))
		drop(link, "no thread");
}

static void on_log(struct mosquitto *mosq, void *arg, int level, const char *line)
{
	struct link *link = arg;

	(void)level;
	tls_why(mosquitto_ssl_get(mosq), line, link->why);
}

static void on_connect(struct mosquitto *mosq, void *arg, int rc)
{
	struct link *link = arg;

	if (rc != 0) {
		complain(link, mosquitto_connack_string(rc));
		return;
	}
	for (const char *const *topic = link->config.topics; *topic; topic++)
		mosquitto_subscribe(mosq, NULL, *topic, 1);
	link->retry_ms = RETRY_MS;
	link->last_error[0] = '\0';
	metric_add(METRIC_MQTT_CONNECTS, 1);
	log_info("broker %s:%d: connected", link->config.settings->broker_host,
	         (int)link->config.settings->broker_port);
	set_session(link, true);
}

static void on_message(struct mosquitto *mosq, void *arg, const struct mosquitto_message *message)
{
	struct link *link = arg;

	(void)mosq;
	link->config.message(link->config.arg, message->topic, message->payload,
	                     message->payloadlen > 0 ? (size_t)message->payloadlen : 0);
}

enum err link_new(struct link **out, const struct link_config *config)
{
	const struct settings *s = config->settings;
	struct link *link = calloc(1, sizeof *link);
	int rc;

	*out = NULL;
	if (!link)
		return ERR_NOMEM;
	link->config = *config;
	link->fd = -1;
	link->retry_ms = RETRY_MS;
	mosquitto_lib_init();
	/* A clean session: what was missed is offered again by gateways and outbox. */
	link->mosq = mosquitto_new("wattled", true, link);
	if (!link->mosq) {
		free(link);
		return ERR_NOMEM;
	}
	mosquitto_log_callback_set(link->mosq, on_log);
	mosquitto_connect_callback_set(link->mosq, on_connect);
	mosquitto_message_callback_set(link->mosq, on_message);
	/* No limit of its own: the writer's queue bounds what is under way. */
	mosquitto_max_inflight_messages_set(link->mosq, 0);
	/* A command behind another message would wait 40 ms for the other side's delayed TCP
	 * acknowledgement. */
	mosquitto_int_option(link->mosq, MOSQ_OPT_TCP_NODELAY, 1);
	rc = mosquitto_tls_set(link->mosq, s->broker_ca, NULL, s->broker_cert, s->broker_key, NULL);
	if (rc != MOSQ_ERR_SUCCESS) {
		log_error("broker: certificate files %s, %s, %s: %s", s->broker_ca, s->broker_cert,
		          s->broker_key, mosquitto_strerror(rc));
		link_free(link);
		return ERR_BAD_INPUT;
	}
	link->timer = io_timer_add(config->io, 0, RETRY_MS, tick, link);
	*out = link;
	return ERR_NONE;
}

void link_stop(struct link *link)
{
	link->stopping = true;
	if (link->state == LINK_OPEN) {
		mosquitto_disconnect(link->mosq);
		drop(link, "stopping");
	} else if (link->state == LINK_CONNECTING) {
		pthread_join(link->thread, NULL);
		link->state = LINK_IDLE;
	}
}

void link_free(struct link *link)
{
	if (!link)
		return;
	mosquitto_destroy(link->mosq);
	mosquitto_lib_cleanup();
	free(link);
}

enum err link_publish(struct link *link, const char *topic, const void *payload, size_t len,
                      int qos)
{
	int rc;

	if (!link->session)
		return ERR_CLOSED;
	rc = mosquitto_publish(link->mosq, NULL, topic, (int)len, payload, qos, false);
	if (rc == MOSQ_ERR_SUCCESS) {
		metric_add(METRIC_MQTT_PUBLISHED, 1);
		watch_writes(link);
		return ERR_NONE;
	}
	return rc == MOSQ_ERR_NO_CONN || rc == MOSQ_ERR_CONN_LOST ? ERR_CLOSED : ERR_FULL;
}
