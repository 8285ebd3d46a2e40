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

#define SSE_QUEUE_FRAMES 256
#define SSE_QUEUE_BYTES  (512 * 1024)
#define SSE_RING_FRAMES  512
#define SSE_METERS_MAX   200

struct sse;
struct sse_client;

/* One meter's values in a `live` event: `json` is a whole JSON object. */
struct sse_item {
	int64_t meter;
	const char *json;
	size_t len;
};

/* `run` makes event ids of this process differ from those of the one before it. */
struct sse *sse_new(size_t clients_max, int64_t run);
/* All clients must have left. */
void sse_free(struct sse *sse);

/* NULL: too many clients, or no memory. `meters` limits `live` events to these, perhaps to none
 * (NULL: all meters). `wake` is called when there is something to read or the client is to end. */
struct sse_client *sse_join(struct sse *sse, const int64_t *meters, size_t meter_count,
                            const char *last_event_id, void (*wake)(void *arg), void *arg);
void sse_leave(struct sse_client *client);

/* Bytes for the wire: 0: nothing at present; -1: this client is over. */
ssize_t sse_read(struct sse_client *client, char *to, size_t size);

/* To everybody, kept for Last-Event-ID. */
void sse_send(struct sse *sse, const char *event, const char *json, size_t len);
/* One `live` event per client with those items that it wants. */
void sse_send_live(struct sse *sse, const struct sse_item *items, size_t count);
/* A comment, so that proxies and dead connections are noticed. */
void sse_keepalive(struct sse *sse);

/* The client's reads end after what is queued. */
void sse_end(struct sse_client *client);
void sse_end_all(struct sse *sse);

size_t sse_count(const struct sse *sse);
uint64_t sse_dropped(const struct sse *sse);

struct sse_client *sse_first(struct sse *sse);
struct sse_client *sse_next(struct sse_client *client);
/* NULL: it wants all meters. */
const int64_t *sse_meters(const struct sse_client *client, size_t *count);
void *sse_arg(const struct sse_client *client);

#endif
