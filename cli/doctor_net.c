/* The ports: is there somebody, is it ours, does it let us in? */
#include "cli/doctor.h"
#include "cli/http_get.h"

#include <errno.h>
#include <mosquitto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libs/tls/why.h"
#include "platform/core/clock.h"

#define WAIT_S 3

/* ---- wattled ---- */

void check_http(struct doctor *d)
{
	char answer[2048];
	int fd = connect_to(http_host(&d->settings), d->settings.http_port);

	if (fd < 0) {
		found(d, "wattled-down",
		      "start it: `systemctl start wattled`, or read its log (启动平台服务)",
		      "nobody answers at [http] port %lld", (long long)d->settings.http_port);
		return;
	}
	close(fd);
	http_get(&d->settings, "/metrics", answer, sizeof answer);
	if (!strstr(answer, "wattle"))
		found(d, "port-taken",
		      "stop that program (`ss -ltnp` names it) or choose another [http] port (端口被占用)",
		      "another program listens at [http] port %lld",
		      (long long)d->settings.http_port);
}

/* ---- broker ---- */

struct attempt {
	bool answered;
	int code;
	char why[TLS_WHY_SIZE]; /* when there are certificates in the way */
};

static void on_log(struct mosquitto *mosq, void *arg, int level, const char *line)
{
	struct attempt *attempt = arg;

	(void)level;
	tls_why(mosquitto_ssl_get(mosq), line, attempt->why);
}

static void on_connect(struct mosquitto *mosq, void *arg, int code, int flags,
                       const mosquitto_property *properties)
{
	struct attempt *attempt = arg;

	(void)mosq;
	(void)flags;
	(void)properties;
	attempt->answered = true;
	attempt->code = code;
}

/* Connects as wattled does. MOSQ_ERR_SUCCESS: let in or refused (see *attempt); else the TLS failed. */
static int try_broker(const struct settings *s, struct attempt *attempt)
{
	struct mosquitto *mosq = mosquitto_new("wattled", true, attempt);
	int64_t end_ms = clock_mono_ms() + WAIT_S * 1000;
	int rc;

	if (!mosq)
		return MOSQ_ERR_NOMEM;
	mosquitto_int_option(mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_log_callback_set(mosq, on_log);
	mosquitto_connect_v5_callback_set(mosq, on_connect);
	rc = mosquitto_tls_set(mosq, s->broker_ca, NULL, s->broker_cert, s->broker_key, NULL);
	if (!rc)
		rc = mosquitto_connect(mosq, s->broker_host, (int)s->broker_port, 30);
	while (!rc && !attempt->answered && clock_mono_ms() < end_ms)
		rc = mosquitto_loop(mosq, 200, 1);
	if (attempt->answered)
		rc = MOSQ_ERR_SUCCESS;
	else if (!rc)
		rc = MOSQ_ERR_TLS; /* silence: whoever it is does not speak MQTT over TLS */
	mosquitto_disconnect(mosq);
	mosquitto_destroy(mosq);
	return rc;
}

static bool platform_is_connected(const struct settings *s)
{
	char answer[1024];

	http_get(s, "/readyz", answer, sizeof answer);
	return strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

void check_broker(struct doctor *d)
{
	const struct settings *s = &d->settings;
	struct attempt attempt = {0};
	int fd = connect_to(s->broker_host, s->broker_port), rc;

	if (fd < 0) {
		found(d, "broker-down",
		      "start it: `systemctl start wattle-broker`, or read its log (启动消息代理)",
		      "nobody answers at %s port %lld: %s", s->broker_host,
		      (long long)s->broker_port, strerror(errno));
		return;
	}
	close(fd);
	/* A second client of the same name would push the running wattled out: ask it instead. */
	if (platform_is_connected(s))
		return;
	mosquitto_lib_init();
	rc = try_broker(s, &attempt);
	if (rc)
		found(d, "broker-not-ours",
		      "check who listens there (`ss -ltnp`), [broker] host and ca, and the certificates (检查证书)",
		      "no MQTT over TLS with our certificates at %s port %lld: %s", s->broker_host,
		      (long long)s->broker_port,
		      attempt.why[0] ? attempt.why : mosquitto_strerror(rc));
	else if (attempt.code)
		found(d, "broker-refuses",
		      "the line of wattled in DATA/broker/clients must hold its certificate's serial number; "
		      "restore the file (检查授权名单)",
		      "the broker at %s port %lld does not let wattled in (code %d: %s)",
		      s->broker_host, (long long)s->broker_port, attempt.code,
		      mosquitto_reason_string(attempt.code));
	mosquitto_lib_cleanup();
}
