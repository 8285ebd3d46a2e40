/* Server-sent events: one hub, many pages. Each page has a bounded queue of shared frames; a page
 * that does not keep up is dropped and comes back with Last-Event-ID. Frames other than `live` are
 * kept in a ring for that; a page that asks for one which is gone gets a `reset` event and reads
 * its lists again. Knows no sockets: server.c moves the bytes. */
#ifndef PLATFORM_HTTP_SSE_H
#define PLATFORM_HTTP_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "platform/core/access.h"

#define SSE_QUEUE_FRAMES 256
#define SSE_QUEUE_BYTES  (512 * 1024)
#define SSE_RING_FRAMES  512
#define SSE_METERS_MAX   200

struct sse;
struct sse_client;

/* Whom an event is for: those who have this right at this place. */
struct sse_about {
	struct place place;
	enum permission permission;
};

typedef bool (*sse_sees_fn)(void *arg, const struct sse_about *about);

/* One meter's values in a `live` event: `json` is a whole JSON object. */
struct sse_item {
	int64_t meter;
	struct sse_about about;
	const char *json;
	size_t len;
};

/* `run` makes event ids of this process differ from those of the one before it. */
struct sse *sse_new(size_t clients_max, int64_t run);
/* All clients must have left. */
void sse_free(struct sse *sse);

struct sse_page {
	const int64_t *meters; /* `live` events of these only, perhaps of none; NULL: of all */
	size_t meter_count;
	sse_sees_fn sees; /* NULL: everything */
	const char *last_event_id;
	void (*wake)(void *arg); /* there is something to read, or the client is to end */
	void *arg;
};
/* NULL: too many clients, or no memory. */
struct sse_client *sse_join(struct sse *sse, const struct sse_page *page);
/* From now on it sees what `sees` says; of what is queued too, and no live values from before. */
void sse_look_again(struct sse_client *client, sse_sees_fn sees);
void sse_leave(struct sse_client *client);

/* Bytes for the wire: 0: nothing at present; -1: this client is over. */
ssize_t sse_read(struct sse_client *client, char *to, size_t size);

/* To those who see it, kept for Last-Event-ID. */
void sse_send(struct sse *sse, const struct sse_about *about, const char *event, const char *json,
              size_t len);
/* One `live` event per client with those items that it wants and sees; those who see the same get
 * the same frame. */
void sse_send_live(struct sse *sse, const struct sse_item *items, size_t count);
/* To this one alone, and not kept: it is about the client itself. */
void sse_tell(struct sse_client *client, const char *event, const char *json);
/* A comment, so that proxies and dead connections are noticed. */
void sse_keepalive(struct sse *sse);

/* The client's reads end after what is queued. */
void sse_end(struct sse_client *client);
/* They end at once: what is queued is no longer for it. */
void sse_cut(struct sse_client *client);
void sse_end_all(struct sse *sse);

size_t sse_count(const struct sse *sse);
uint64_t sse_dropped(const struct sse *sse);

struct sse_client *sse_first(struct sse *sse);
struct sse_client *sse_next(struct sse_client *client);
/* NULL: it wants all meters. */
const int64_t *sse_meters(const struct sse_client *client, size_t *count);
void *sse_arg(const struct sse_client *client);

#endif
