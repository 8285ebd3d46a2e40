#include "platform/http/sse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"

#define SSE_QUEUE_FIRST 4
#define ID_FORMAT       "%" PRIx64 "-%" PRIu64 /* run, number */
#define ID_SIZE         40

struct frame {
	unsigned refs;
	uint64_t id;
	bool kept, live;        /* in the ring; values of meters that this client wanted and saw */
	struct sse_about about; /* of those in the ring */
	size_t len;
	char data[];
};

struct sse_client {
	struct sse *sse;
	struct sse_client *next, **link;
	void (*wake)(void *arg);
	sse_sees_fn sees; /* NULL: all */
	void *arg;
	/* A ring of `room` places: `first`, and memory of its own when it grows. */
	struct frame **queue, *first[SSE_QUEUE_FIRST];
	size_t room, head, count, bytes, offset; /* offset: of the frame at head, already read */
	uint64_t looked_id; /* frames before this one were queued under other rights */
	bool ended;
	bool limited; /* to `meters`, perhaps to none */
	size_t meter_count;
	int64_t meters[];
};

struct sse {
	struct sse_client *first;
	size_t client_count, clients_max;
	int64_t run;
	uint64_t next_id, dropped;
	struct frame *ring[SSE_RING_FRAMES];
	size_t ring_head, ring_count;
	uint64_t ring_lost; /* id of the newest frame that fell out of the ring */
};

struct sse *sse_new(size_t clients_max, int64_t run)
{
	struct sse *sse = calloc(1, sizeof *sse);

	if (!sse)
		return NULL;
	sse->clients_max = clients_max;
	sse->run = run;
	sse->next_id = 1;
	return sse;
}

static void frame_unref(struct frame *frame)
{
	if (--frame->refs == 0)
		free(frame);
}

void sse_free(struct sse *sse)
{
	if (!sse)
		return;
	assert(!sse->first);
	for (size_t i = 0; i < sse->ring_count; i++)
		frame_unref(sse->ring[(sse->ring_head + i) % SSE_RING_FRAMES]);
	free(sse);
}

/* "event: NAME\nid: RUN-N\ndata: JSON\n\n"; our JSON has no line ends, so one data line holds it.
 * NULL: no memory. */
static struct frame *frame_new(struct sse *sse, const char *event, const char *json, size_t len)
{
	char head[128];
	uint64_t id = sse->next_id++;
	int n = snprintf(head, sizeof head, "event: %s\nid: " ID_FORMAT "\ndata: ", event,
	                 (uint64_t)sse->run, id);
	struct frame *frame = malloc(sizeof *frame + (size_t)n + len + 2);

	assert(n > 0 && (size_t)n < sizeof head);
	if (!frame)
		return NULL;
	frame->refs = 1;
	frame->id = id;
	frame->kept = frame->live = false;
	frame->len = (size_t)n + len + 2;
	memcpy(frame->data, head, (size_t)n);
	memcpy(frame->data + n, json, len);
	memcpy(frame->data + (size_t)n + len, "\n\n", 2);
	return frame;
}

static void client_clear(struct sse_client *client)
{
	while (client->count) {
		frame_unref(client->queue[client->head]);
		client->head = (client->head + 1) % client->room;
		client->count--;
	}
	client->bytes = client->offset = 0;
}

static void queue_free(struct sse_client *client)
{
	if (client->queue != client->first)
		free(client->queue);
}

/* False: that many would be too many, or no memory. */
static bool queue_grow(struct sse_client *client)
{
	size_t room = 2 * client->room;
	struct frame **queue;

	if (room > SSE_QUEUE_FRAMES)
		return false;
	queue = calloc(room, sizeof *queue);
	if (!queue)
		return false;
	for (size_t i = 0; i < client->count; i++)
		queue[i] = client->queue[(client->head + i) % client->room];
	queue_free(client);
	client->queue = queue;
	client->room = room;
	client->head = 0;
	return true;
}

static void client_push(struct sse_client *client, struct frame *frame)
{
	if (client->ended)
		return;
	if (client->bytes + frame->len > SSE_QUEUE_BYTES ||
	    (client->count == client->room && !queue_grow(client))) {
		client->sse->dropped++;
		client_clear(client);
		client->ended = true;
	} else {
		frame->refs++;
		client->queue[(client->head + client->count) % client->room] = frame;
		client->count++;
		client->bytes += frame->len;
	}
	client->wake(client->arg);
}

static void ring_keep(struct sse *sse, struct frame *frame)
{
	if (sse->ring_count == SSE_RING_FRAMES) {
		sse->ring_lost = sse->ring[sse->ring_head]->id;
		frame_unref(sse->ring[sse->ring_head]);
		sse->ring_head = (sse->ring_head + 1) % SSE_RING_FRAMES;
		sse->ring_count--;
	}
	frame->refs++;
	frame->kept = true;
	sse->ring[(sse->ring_head + sse->ring_count) % SSE_RING_FRAMES] = frame;
	sse->ring_count++;
}

static bool client_sees(const struct sse_client *client, const struct sse_about *about)
{
	return !client->sees || client->sees(client->arg, about);
}

void sse_send(struct sse *sse, const struct sse_about *about, const char *event, const char *json,
              size_t len)
{
	struct frame *frame = frame_new(sse, event, json, len);

	if (!frame) {
		/* All have missed it: whoever comes back with an older id is told to read again. */
		sse->ring_lost = sse->next_id - 1;
		sse_end_all(sse);
		return;
	}
	frame->about = *about;
	ring_keep(sse, frame);
	for (struct sse_client *c = sse->first; c; c = c->next)
		if (client_sees(c, about))
			client_push(c, frame);
	frame_unref(frame);
}

static bool is_named(const struct sse_client *client, int64_t meter)
{
	for (size_t i = 0; i < client->meter_count; i++)
		if (client->meters[i] == meter)
			return true;
	return false;
}

static bool client_wants(const struct sse_client *client, const struct sse_item *item)
{
	return (!client->limited || is_named(client, item->meter)) &&
	       client_sees(client, &item->about);
}

/* ---- values of meters: pages that want the same share a frame ---- */

/* Which of the items, a bit for each; `words` of 64. */
struct view {
	uint64_t *items;
	struct frame *frame; /* NULL: no memory */
};

static bool is_in(const uint64_t *view, size_t i)
{
	return view[i / 64] >> i % 64 & 1;
}

/* False: it wants none of them. `view` is zero before. */
static bool view_fill(uint64_t *view, const struct sse_client *client, const struct sse_item *items,
                      size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if (!client_wants(client, &items[i]))
			continue;
		view[i / 64] |= UINT64_C(1) << i % 64;
		any = true;
	}
	return any;
}

static struct frame *live_frame(struct sse *sse, const uint64_t *view, const struct sse_item *items,
                                size_t count)
{
	static const char head[] = "{\"items\":[", tail[] = "]}";
	size_t size = sizeof head + sizeof tail, len = sizeof head - 1;
	struct frame *frame;
	char *json;

	for (size_t i = 0; i < count; i++)
		size += is_in(view, i) ? items[i].len + 1 : 0;
	json = malloc(size);
	if (!json)
		return NULL;
	memcpy(json, head, len);
	for (size_t i = 0; i < count; i++) {
		if (!is_in(view, i))
			continue;
		if (len > sizeof head - 1)
			json[len++] = ',';
		memcpy(json + len, items[i].json, items[i].len);
		len += items[i].len;
	}
	memcpy(json + len, tail, sizeof tail - 1);
	frame = frame_new(sse, "live", json, len + sizeof tail - 1);
	free(json);
	if (frame)
		frame->live = true;
	return frame;
}

/* Pages come in few kinds: everything, a property, the meters of one screen. */
#define VIEWS 16

void sse_send_live(struct sse *sse, const struct sse_item *items, size_t count)
{
	struct view views[VIEWS] = {0};
	size_t words = (count + 63) / 64, used = 0;
	uint64_t *memory = calloc(VIEWS + 1, words * sizeof *memory), *own = memory;

	if (!memory)
		return; /* the next values come in a second */
	for (size_t i = 0; i < VIEWS; i++)
		views[i].items = memory + (i + 1) * words;
	for (struct sse_client *c = sse->first; c; c = c->next) {
		size_t i = 0;

		memset(own, 0, words * sizeof *own);
		if (!view_fill(own, c, items, count))
			continue;
		while (i < used && i < VIEWS &&
		       memcmp(views[i].items, own, words * sizeof *own) != 0)
			i++;
		if (i == used || i == VIEWS) {
			i = used++ % VIEWS;
			if (views[i].frame)
				frame_unref(views[i].frame);
			memcpy(views[i].items, own, words * sizeof *own);
			views[i].frame = live_frame(sse, own, items, count);
		}
		if (views[i].frame)
			client_push(c, views[i].frame);
	}
	for (size_t i = 0; i < VIEWS; i++)
		if (views[i].frame)
			frame_unref(views[i].frame);
	free(memory);
}

/* Text that is no event. NULL: no memory. */
static struct frame *note_new(const char *text)
{
	size_t len = strlen(text);
	struct frame *frame = malloc(sizeof *frame + len);

	if (!frame)
		return NULL;
	frame->refs = 1;
	frame->id = 0;
	frame->kept = frame->live = false;
	frame->len = len;
	memcpy(frame->data, text, len);
	return frame;
}

void sse_keepalive(struct sse *sse)
{
	struct frame *frame = note_new(":\n\n");

	if (!frame)
		return;
	for (struct sse_client *c = sse->first; c; c = c->next)
		client_push(c, frame);
	frame_unref(frame);
}

/* Something to say at once: the head of an answer may wait for its first byte. */
static void client_greet(struct sse_client *client)
{
	struct frame *frame = note_new("retry: 2000\n\n");

	if (!frame)
		return;
	client_push(client, frame);
	frame_unref(frame);
}

/* An id as frame_new writes it for this run, and in no other way. */
static bool id_parse(const struct sse *sse, const char *text, uint64_t *id)
{
	char own[ID_SIZE];
	const char *dash = strchr(text, '-');

	*id = dash ? strtoull(dash + 1, NULL, 10) : 0;
	snprintf(own, sizeof own, ID_FORMAT, (uint64_t)sse->run, *id);
	return strcmp(own, text) == 0;
}

/* False: the id is not of this run, or frames after it are gone. */
static bool replay(struct sse *sse, struct sse_client *client, const char *last_event_id)
{
	uint64_t id;

	if (!id_parse(sse, last_event_id, &id) || id >= sse->next_id || id < sse->ring_lost)
		return false;
	for (size_t i = 0; i < sse->ring_count; i++) {
		struct frame *frame = sse->ring[(sse->ring_head + i) % SSE_RING_FRAMES];

		if (frame->id > id && client_sees(client, &frame->about))
			client_push(client, frame);
	}
	return !client->ended;
}

void sse_tell(struct sse_client *client, const char *event, const char *json)
{
	struct frame *frame = frame_new(client->sse, event, json, strlen(json));

	if (!frame)
		return;
	client_push(client, frame);
	frame_unref(frame);
}

static void client_reset(struct sse_client *client)
{
	client_clear(client);
	client->ended = false;
	client_greet(client);
	sse_tell(client, "reset", "{}");
}

static void wake_nobody(void *arg)
{
	(void)arg;
}

struct sse_client *sse_join(struct sse *sse, const struct sse_page *page)
{
	const char *last = page->last_event_id;
	struct sse_client *client;

	if (sse->client_count >= sse->clients_max || page->meter_count > SSE_METERS_MAX)
		return NULL;
	client = calloc(1, sizeof *client + page->meter_count * sizeof *page->meters);
	if (!client)
		return NULL;
	client->sse = sse;
	client->queue = client->first;
	client->room = SSE_QUEUE_FIRST;
	client->wake = wake_nobody; /* what is queued here is read when the answer begins */
	client->sees = page->sees;
	client->arg = page->arg;
	client->limited = page->meters != NULL;
	client->meter_count = page->meter_count;
	if (page->meter_count)
		memcpy(client->meters, page->meters, page->meter_count * sizeof *page->meters);
	client_greet(client);
	if (last && *last && !replay(sse, client, last))
		client_reset(client);
	client->wake = page->wake;
	client->next = sse->first;
	client->link = &sse->first;
	if (sse->first)
		sse->first->link = &client->next;
	sse->first = client;
	sse->client_count++;
	return client;
}

void sse_look_again(struct sse_client *client, sse_sees_fn sees)
{
	client->sees = sees;
	client->looked_id = client->sse->next_id;
}

/* Queued before its rights changed, and not for it any more. */
static bool is_withdrawn(const struct sse_client *client, const struct frame *frame)
{
	return frame->id < client->looked_id &&
	       (frame->live || (frame->kept && !client_sees(client, &frame->about)));
}

void sse_leave(struct sse_client *client)
{
	client_clear(client);
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	client->sse->client_count--;
	queue_free(client);
	free(client);
}

ssize_t sse_read(struct sse_client *client, char *to, size_t size)
{
	size_t len = 0;

	while (len < size && client->count) {
		struct frame *frame = client->queue[client->head];
		size_t n;

		if (!client->offset && is_withdrawn(client, frame))
			client->offset = frame->len;
		n = frame->len - client->offset;
		if (n > size - len)
			n = size - len;
		memcpy(to + len, frame->data + client->offset, n);
		len += n;
		client->offset += n;
		if (client->offset < frame->len)
			break;
		client->bytes -= frame->len;
		client->offset = 0;
		client->head = (client->head + 1) % client->room;
		client->count--;
		frame_unref(frame);
	}
	return len == 0 && client->ended ? -1 : (ssize_t)len;
}

void sse_end(struct sse_client *client)
{
	client->ended = true;
	client->wake(client->arg);
}

void sse_cut(struct sse_client *client)
{
	client_clear(client);
	sse_end(client);
}

void sse_end_all(struct sse *sse)
{
	for (struct sse_client *c = sse->first; c; c = c->next)
		sse_end(c);
}

size_t sse_count(const struct sse *sse)
{
	return sse->client_count;
}

uint64_t sse_dropped(const struct sse *sse)
{
	return sse->dropped;
}

struct sse_client *sse_first(struct sse *sse)
{
	return sse->first;
}

struct sse_client *sse_next(struct sse_client *client)
{
	return client->next;
}

const int64_t *sse_meters(const struct sse_client *client, size_t *count)
{
	*count = client->meter_count;
	return client->limited ? client->meters : NULL;
}

void *sse_arg(const struct sse_client *client)
{
	return client->arg;
}
