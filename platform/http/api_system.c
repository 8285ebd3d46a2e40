/* Health, figures, the description of the API, and the files of the console. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/core/metrics.h"
#include "platform/http/context.h"
#include "platform/http/server.h"
#include "platform/http/static.h"

void health_show(struct request *request)
{
	answer_text(request, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

void ready_show(struct request *request)
{
	const char *why = "ready";
	bool ready = platform_ready(request->http->platform, &why);
	char text[192], replica[96] = "";

	/* Told, but no reason to take the platform out of service: that would be the standby's death
	 * killing the primary. */
	if (metric_get(METRIC_REPLICA_CONFIGURED))
		snprintf(replica, sizeof replica, "replica: %lld s behind%s%s\n",
		         (long long)metric_get(METRIC_REPLICA_LAG),
		         metric_get(METRIC_REPLICA_CONNECTED) ? "" : ", not connected",
		         metric_get(METRIC_REPLICA_ALARM) ? ", ALARM" : "");
	snprintf(text, sizeof text, "%s\n%s", ready ? "ready" : why, replica);
	answer_text(request, ready ? 200 : 503, "text/plain; charset=utf-8", text, strlen(text));
}

static size_t own_metrics(const struct http *http, char *to, size_t size)
{
	const struct server_counts counts = server_counts(http->server);

	return (size_t)snprintf(
	        to, size,
	        "# HELP wattle_http_requests_total requests answered, by class of status\n"
	        "# TYPE wattle_http_requests_total counter\n"
	        "wattle_http_requests_total{class=\"2xx\"} %llu\n"
	        "wattle_http_requests_total{class=\"3xx\"} %llu\n"
	        "wattle_http_requests_total{class=\"4xx\"} %llu\n"
	        "wattle_http_requests_total{class=\"5xx\"} %llu\n"
	        "# HELP wattle_http_connections connections of web clients\n"
	        "# TYPE wattle_http_connections gauge\n"
	        "wattle_http_connections %zu\n"
	        "# HELP wattle_http_timeouts_total connections ended because they were too slow\n"
	        "# TYPE wattle_http_timeouts_total counter\n"
	        "wattle_http_timeouts_total %llu\n"
	        "# HELP wattle_http_refused_total connections that were not let in\n"
	        "# TYPE wattle_http_refused_total counter\n"
	        "wattle_http_refused_total %llu\n"
	        "# HELP wattle_http_evicted_total idle or slow connections ended to make room\n"
	        "# TYPE wattle_http_evicted_total counter\n"
	        "wattle_http_evicted_total %llu\n"
	        "# HELP wattle_http_logins_refused_total logins with a wrong name or password\n"
	        "# TYPE wattle_http_logins_refused_total counter\n"
	        "wattle_http_logins_refused_total %llu\n"
	        "# HELP wattle_sse_clients pages that hear live events\n"
	        "# TYPE wattle_sse_clients gauge\n"
	        "wattle_sse_clients %zu\n"
	        "# HELP wattle_sse_dropped_total pages dropped because they did not keep up\n"
	        "# TYPE wattle_sse_dropped_total counter\n"
	        "wattle_sse_dropped_total %llu\n",
	        (unsigned long long)counts.by_class[2], (unsigned long long)counts.by_class[3],
	        (unsigned long long)counts.by_class[4], (unsigned long long)counts.by_class[5],
	        counts.connections, (unsigned long long)counts.timeouts,
	        (unsigned long long)counts.refused, (unsigned long long)counts.evicted,
	        (unsigned long long)http->logins_refused, sse_count(http->sse),
	        (unsigned long long)sse_dropped(http->sse));
}

void metrics_show(struct request *request)
{
	size_t platform_size = metrics_print(NULL, 0) + 1024; /* numbers may grow meanwhile */
	size_t own_size = own_metrics(request->http, NULL, 0) + 1, len;
	char *text = request_alloc(request, platform_size + own_size);

	if (!text) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	len = metrics_print(text, platform_size);
	if (len >= platform_size)
		len = platform_size - 1;
	len += own_metrics(request->http, text + len, own_size);
	answer_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", text, len);
}

/* docs/api/openapi.json, put into the program by CMake. */
extern const char openapi_json[];
extern const size_t openapi_json_len;

void openapi_show(struct request *request)
{
	answer_constant(request, 200, "application/json", openapi_json, openapi_json_len);
}

static void not_modified(struct request *request, int fd)
{
	close(fd);
	answer_empty(request, 304);
}

void console_file(struct request *request)
{
	char name[STATIC_PATH_MAX];
	struct static_file file;
	bool gzip = accepts_gzip(request_header(request, "Accept-Encoding"));

	if (request->http->console_fd < 0 || !static_name(request->path, name) ||
	    static_open(request->http->console_fd, name, gzip, &file) != ERR_NONE) {
		answer_problem(request, PROBLEM_NOT_FOUND, NULL, "no such page");
		return;
	}
	answer_header(request, "ETag", file.etag);
	answer_header(request, "Cache-Control",
	              file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
	answer_header(request, "Vary", "Accept-Encoding");
	if (etag_matches(request_header(request, "If-None-Match"), file.etag)) {
		not_modified(request, file.fd);
		return;
	}
	if (file.gzip)
		answer_header(request, "Content-Encoding", "gzip");
	answer_file(request, static_type(name), file.fd, file.size);
}
