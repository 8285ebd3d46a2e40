/* Reference program: the least that can be done with libmicrohttpd. One page from memory, and an
 * event stream that sends the same bytes to every page that is open; no route, no session, no
 * header of ours. */
#include <inttypes.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"

#define CONNECTIONS_MAX 12000

struct page {
	struct MHD_Connection *connection;
	uint64_t next; /* event that it has not read yet */
	size_t offset; /* of it, already read */
	bool parked;
	struct page *after, **link;
};

static char *body;
static size_t body_len;
static char *event;
static size_t event_len;
static uint64_t events;
static struct page *pages;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t on_read(void *arg, uint64_t at, char *to, size_t size)
{
	struct page *page = arg;
	size_t left;

	(void)at;
	pthread_mutex_lock(&lock);
	if (page->next == events) {
		page->parked = true;
		MHD_suspend_connection(page->connection);
		pthread_mutex_unlock(&lock);
		return 0;
	}
	left = event_len - page->offset;
	if (size > left)
		size = left;
	memcpy(to, event + page->offset, size);
	page->offset += size;
	if (page->offset == event_len) {
		page->offset = 0;
		page->next++;
	}
	pthread_mutex_unlock(&lock);
	return (ssize_t)size;
}

static void on_end(void *arg)
{
	struct page *page = arg;

	pthread_mutex_lock(&lock);
	*page->link = page->after;
	if (page->after)
		page->after->link = page->link;
	pthread_mutex_unlock(&lock);
	free(page);
}

static enum MHD_Result answer_page(struct MHD_Connection *connection)
{
	struct MHD_Response *response =
	        MHD_create_response_from_buffer(body_len, body, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	MHD_add_response_header(response, "Content-Type", "application/json");
	result = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_events(struct MHD_Connection *connection)
{
	struct page *page = calloc(1, sizeof *page);
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!page)
		die("http-bare", "no memory");
	page->connection = connection;
	pthread_mutex_lock(&lock);
	page->next = events ? events - 1 : 0; /* one at once, so that the head leaves */
	page->after = pages;
	page->link = &pages;
	if (pages)
		pages->link = &page->after;
	pages = page;
	pthread_mutex_unlock(&lock);
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, on_read, page, on_end);
	MHD_add_response_header(response, "Content-Type", "text/event-stream");
	result = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **context)
{
	static int seen;

	(void)arg, (void)method, (void)version, (void)data, (void)len;
	if (!*context) {
		*context = &seen;
		return MHD_YES;
	}
	return strcmp(url, "/events") == 0 ? answer_events(connection) : answer_page(connection);
}

static char *filled(size_t len)
{
	char *text = malloc(len + 1);

	if (!text)
		die("http-bare", "no memory");
	memset(text, 'x', len);
	text[len] = '\0';
	return text;
}

static void broadcast(void)
{
	pthread_mutex_lock(&lock);
	events++;
	for (struct page *page = pages; page; page = page->after)
		if (page->parked) {
			page->parked = false;
			MHD_resume_connection(page->connection);
		}
	pthread_mutex_unlock(&lock);
}

int http_bare_main(int argc, char **argv)
{
	int64_t per_s = option_int(argc, argv, "events-per-s", 0);
	struct MHD_Daemon *daemon;
	char line[64];

	body_len = (size_t)option_int(argc, argv, "body", 700);
	body = filled(body_len);
	event_len = (size_t)option_int(argc, argv, "event", 400);
	event = filled(event_len);
	if (event_len >= 2)
		memcpy(event + event_len - 2, "\n\n", 2);
	events = 1;
	signal(SIGPIPE, SIG_IGN);
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
	                          NULL, on_request, NULL, MHD_OPTION_CONNECTION_LIMIT,
	                          (unsigned)CONNECTIONS_MAX, MHD_OPTION_END);
	if (!daemon)
		die("http-bare", "libmicrohttpd does not start");
	printf("{\"port\":%u}\n",
	       (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	if (!per_s) /* until our standard input ends */
		while (fgets(line, sizeof line, stdin))
			continue;
	while (per_s) {
		usleep((unsigned)(1000000 / per_s));
		broadcast();
	}
	return 0;
}
