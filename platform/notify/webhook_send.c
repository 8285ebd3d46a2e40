#include "platform/notify/webhook_send.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libs/base/utf8.h"
#include "platform/core/clock.h"
#include "platform/core/io.h"
#include "platform/core/webhook.h"
#include "platform/core/writer.h"
#include "platform/store/log.h"

#define TICK_MS    500
#define CONNECT_S  5L
#define TRANSFER_S 15L
#define WAIT_MS    200 /* the thread looks at least so often whether it should end */

/* One delivery on its way. The I/O thread makes it, the sender's thread works on it, the I/O thread
 * ends it. */
struct parcel {
	struct io_call call;  /* back to the I/O thread */
	struct parcel *next;  /* in `waiting` */
	struct parcel *other; /* in `all` */
	struct webhook_sender *sender;
	struct webhook_parcel content;
	struct webhook_sent sent;
	CURL *curl;
	struct curl_slist *headers;
	char why[CURL_ERROR_SIZE];
	bool refused; /* the address is none of ours to speak to */
};

struct webhook_sender {
	struct platform *platform;
	bool allow_private;
	pthread_t thread;
	bool running;
	CURLM *multi;

	/* I/O thread: */
	struct webhook_take take;
	bool taking;
	size_t on_their_way;
	struct parcel *all;

	pthread_mutex_t lock;
	struct parcel *waiting;
	bool stop;
};

/* ---- addresses ---- */

static bool v4_is_public(const uint8_t a[4])
{
	if (a[0] == 0 || a[0] == 10 || a[0] == 127 || a[0] >= 224)
		return false;
	if (a[0] == 100 && (a[1] & 0xC0) == 64)
		return false; /* shared address space, RFC 6598 */
	if (a[0] == 169 && a[1] == 254)
		return false;
	if (a[0] == 172 && (a[1] & 0xF0) == 16)
		return false;
	return !(a[0] == 192 && (a[1] == 168 || (a[1] == 0 && a[2] == 0))) &&
	       !(a[0] == 198 && (a[1] & 0xFE) == 18);
}

bool address_is_public(const uint8_t *bytes, size_t len)
{
	static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF},
	                     nat64[12] = {0, 0x64, 0xFF, 0x9B};

	if (len == 4)
		return v4_is_public(bytes);
	if (len != 16)
		return false;
	if (memcmp(bytes, mapped, 12) == 0 || memcmp(bytes, nat64, 12) == 0)
		return v4_is_public(bytes + 12);
	/* Only global unicast, 2000::/3, and of it neither 6to4 nor Teredo, which hide an IPv4. */
	return (bytes[0] & 0xE0) == 0x20 && !(bytes[0] == 0x20 && bytes[1] == 0x02) &&
	       !(bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0 && bytes[3] == 0);
}

static bool sockaddr_is_public(const struct curl_sockaddr *address)
{
	/* Behind the name look-up, so a name that changes its meaning gains nothing. */
	if (address->family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)&address->addr;

		return address_is_public((const uint8_t *)&v4->sin_addr, 4);
	}
	if (address->family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)&address->addr;

		return address_is_public(v6->sin6_addr.s6_addr, 16);
	}
	return false;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct parcel *parcel = arg;

	(void)purpose;
	if (!parcel->sender->allow_private && !sockaddr_is_public(address)) {
		parcel->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- the thread ---- */

static size_t ignore_body(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	(void)arg;
	return size * count;
}

static bool add_header(struct parcel *parcel, const char *name, const char *value)
{
	struct curl_slist *more;
	char line[256];

	snprintf(line, sizeof line, "%s: %s", name, value);
	more = curl_slist_append(parcel->headers, line);
	if (more)
		parcel->headers = more;
	return more != NULL;
}

static bool set_headers(struct parcel *parcel)
{
	char signature[WEBHOOK_SIGNATURE_SIZE], number[24];

	webhook_sign(parcel->content.secret, clock_wall_ms() / 1000, parcel->content.body,
	             signature);
	sodium_memzero(parcel->content.secret, sizeof parcel->content.secret);
	snprintf(number, sizeof number, "%lld", (long long)parcel->content.delivery_id);
	return add_header(parcel, "Content-Type", "application/json") &&
	       add_header(parcel, "Wattle-Signature", signature) &&
	       add_header(parcel, "Wattle-Event", parcel->content.kind) &&
	       add_header(parcel, "Wattle-Delivery", number) && add_header(parcel, "Expect", "");
}

static void begin(struct webhook_sender *s, struct parcel *parcel)
{
	const char *protocols = s->allow_private ? "https,http" : "https";

	parcel->curl = curl_easy_init();
	if (!parcel->curl || !set_headers(parcel)) {
		snprintf(parcel->sent.error, sizeof parcel->sent.error, "no memory");
		return;
	}
	curl_easy_setopt(parcel->curl, CURLOPT_PRIVATE, parcel);
	curl_easy_setopt(parcel->curl, CURLOPT_URL, parcel->content.url);
	curl_easy_setopt(parcel->curl, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(parcel->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(parcel->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(parcel->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(parcel->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(parcel->curl, CURLOPT_TIMEOUT, TRANSFER_S);
	curl_easy_setopt(parcel->curl, CURLOPT_USERAGENT, "wattle");
	curl_easy_setopt(parcel->curl, CURLOPT_HTTPHEADER, parcel->headers);
	curl_easy_setopt(parcel->curl, CURLOPT_POSTFIELDS, parcel->content.body);
	curl_easy_setopt(parcel->curl, CURLOPT_WRITEFUNCTION, ignore_body);
	curl_easy_setopt(parcel->curl, CURLOPT_ERRORBUFFER, parcel->why);
	curl_easy_setopt(parcel->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(parcel->curl, CURLOPT_OPENSOCKETDATA, parcel);
	if (curl_multi_add_handle(s->multi, parcel->curl) == CURLM_OK)
		return;
	curl_easy_cleanup(parcel->curl);
	parcel->curl = NULL;
	snprintf(parcel->sent.error, sizeof parcel->sent.error, "no memory");
}

static void sent_done(void *arg, enum err err)
{
	struct parcel *parcel = arg;

	if (err)
		log_warn("webhook: delivery %lld: its end is not stored: %s",
		         (long long)parcel->sent.delivery_id, err_text(err));
	free(parcel);
}

/* On the I/O thread. */
static void ended(void *arg)
{
	struct parcel *parcel = arg;
	struct webhook_sender *s = parcel->sender;
	struct parcel **link = &s->all;

	while (*link != parcel)
		link = &(*link)->other;
	*link = parcel->other;
	s->on_their_way--;
	if (writer_submit(s->platform->writer, webhook_sent_step, &parcel->sent, sent_done, parcel))
		free(parcel); /* it is tried again after WEBHOOK_TAKE_MS */
}

static void finish(struct webhook_sender *s, struct parcel *parcel, CURLcode code)
{
	long status = 0;

	if (parcel->curl) {
		curl_easy_getinfo(parcel->curl, CURLINFO_RESPONSE_CODE, &status);
		curl_multi_remove_handle(s->multi, parcel->curl);
		curl_easy_cleanup(parcel->curl);
	}
	curl_slist_free_all(parcel->headers);
	parcel->sent.status = code == CURLE_OK ? status : 0;
	if (parcel->refused)
		snprintf(parcel->sent.error, sizeof parcel->sent.error,
		         "this address is inside a private network");
	else if (code != CURLE_OK)
		utf8_copy(parcel->sent.error, sizeof parcel->sent.error,
		          parcel->why[0] ? parcel->why : curl_easy_strerror(code));
	parcel->curl = NULL;
	parcel->headers = NULL;
	parcel->call = (struct io_call){.fn = ended, .arg = parcel};
	io_post(s->platform->io, &parcel->call);
}

static struct parcel *take_waiting(struct webhook_sender *s, bool *stop)
{
	struct parcel *list;

	pthread_mutex_lock(&s->lock);
	list = s->waiting;
	s->waiting = NULL;
	*stop = s->stop;
	pthread_mutex_unlock(&s->lock);
	return list;
}

static void collect(struct webhook_sender *s)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(s->multi, &left))) {
		struct parcel *parcel;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&parcel);
		finish(s, parcel, code);
	}
}

static void *run(void *arg)
{
	struct webhook_sender *s = arg;
	bool stop = false;

	while (!stop) {
		struct parcel *parcel = take_waiting(s, &stop), *next;
		int running;

		for (; parcel; parcel = next) {
			next = parcel->next;
			begin(s, parcel);
			if (!parcel->curl)
				finish(s, parcel, CURLE_OUT_OF_MEMORY);
		}
		curl_multi_perform(s->multi, &running);
		collect(s);
		curl_multi_poll(s->multi, NULL, 0, WAIT_MS, NULL);
	}
	return NULL;
}

/* ---- the I/O thread ---- */

static void hand_over(struct webhook_sender *s, const struct webhook_parcel *content)
{
	struct parcel *parcel = calloc(1, sizeof *parcel);

	if (!parcel)
		return; /* tried again later */
	parcel->sender = s;
	parcel->content = *content;
	parcel->sent.property_id = content->property_id;
	parcel->sent.delivery_id = content->delivery_id;
	s->on_their_way++;
	parcel->other = s->all;
	s->all = parcel;
	pthread_mutex_lock(&s->lock);
	parcel->next = s->waiting;
	s->waiting = parcel;
	pthread_mutex_unlock(&s->lock);
	curl_multi_wakeup(s->multi);
}

static void taken(void *arg, enum err err)
{
	struct webhook_sender *s = arg;

	s->taking = false;
	for (size_t i = 0; !err && i < s->take.count; i++)
		hand_over(s, &s->take.parcel[i]);
	sodium_memzero(&s->take, sizeof s->take);
}

static void tick(void *arg)
{
	struct webhook_sender *s = arg;

	if (s->taking || s->on_their_way >= WEBHOOK_TAKE)
		return;
	s->take.want = WEBHOOK_TAKE - s->on_their_way;
	s->taking = writer_submit_bulk(s->platform->writer, webhook_take_step, &s->take, taken,
	                               s) == ERR_NONE;
}

enum err webhook_sender_new(struct webhook_sender **sender, struct platform *platform)
{
	struct webhook_sender *s = calloc(1, sizeof *s);

	if (!s)
		return ERR_NOMEM;
	s->platform = platform;
	s->allow_private = platform->settings.webhook_private;
	pthread_mutex_init(&s->lock, NULL);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		s->multi = curl_multi_init();
	if (!s->multi || !io_timer_add(platform->io, TICK_MS, TICK_MS, tick, s) ||
	    pthread_create(&s->thread, NULL, run, s)) {
		webhook_sender_free(s);
		return ERR_NOMEM;
	}
	s->running = true;
	*sender = s;
	return ERR_NONE;
}

void webhook_sender_stop(struct webhook_sender *s)
{
	if (!s || !s->running)
		return;
	s->taking = true; /* the timer takes no more */
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_mutex_unlock(&s->lock);
	curl_multi_wakeup(s->multi);
	pthread_join(s->thread, NULL);
	s->running = false;
}

/* Left on its way when the thread ended. */
static void drop(struct webhook_sender *s, struct parcel *parcel)
{
	if (parcel->curl) {
		curl_multi_remove_handle(s->multi, parcel->curl);
		curl_easy_cleanup(parcel->curl);
	}
	curl_slist_free_all(parcel->headers);
	free(parcel);
}

void webhook_sender_free(struct webhook_sender *s)
{
	if (!s)
		return;
	for (struct parcel *parcel = s->all, *other; parcel; parcel = other) {
		other = parcel->other;
		drop(s, parcel);
	}
	if (s->multi)
		curl_multi_cleanup(s->multi);
	curl_global_cleanup();
	pthread_mutex_destroy(&s->lock);
	free(s);
}
