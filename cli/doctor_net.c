/* The ports: is there somebody, is it ours, does it let us in? */
#include "cli/doctor.h"

#include <errno.h>
#include <mosquitto.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "platform/core/clock.h"

#define WAIT_S 3

static int connect_to(const char *host, int64_t port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list, *a;
	struct timeval wait = {.tv_sec = WAIT_S};
	char service[16];
	int fd = -1;

	snprintf(service, sizeof service, "%lld", (long long)port);
	if (getaddrinfo(host, service, &hints, &list))
		return -1;
	for (a = list; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
		if (connect(fd, a->ai_addr, a->ai_addrlen)) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

/* ---- wattled ---- */

static const char *http_host(const struct settings *s)
{
	return strcmp(s->http_listen, "0.0.0.0") == 0 || !*s->http_listen ? "127.0.0.1"
	                                                                  : s->http_listen;
}

/* The answer to GET `path`, as far as it fits; "" if there is none. */
static void http_get(const struct settings *s, const char *path, char *answer, size_t size)
{
	char request[256];
	int fd = connect_to(http_host(s), s->http_port);
	int n = snprintf(request, sizeof request,
	                 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
	size_t have = 0;
	ssize_t got = 1;

	answer[0] = '\0';
	if (fd < 0)
		return;
	if (send(fd, request, (size_t)n, MSG_NOSIGNAL) == n)
		while (have + 1 < size && (got = recv(fd, answer + have, size - 1 - have, 0)) > 0)
			have += (size_t)got;
	answer[have] = '\0';
	close(fd);
}

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
};

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
		      (long long)s->broker_port, mosquitto_strerror(rc));
	else if (attempt.code)
		found(d, "broker-refuses",
		      "the line of wattled in DATA/broker/clients must hold its certificate's serial number; "
		      "restore the file (检查授权名单)",
		      "the broker at %s port %lld does not let wattled in (code %d: %s)",
		      s->broker_host, (long long)s->broker_port, attempt.code,
		      mosquitto_reason_string(attempt.code));
	mosquitto_lib_cleanup();
}
