/* Offers spooled batches to the platform, strictly in order, some at a time, and again until each
 * is acknowledged. */
#ifndef GATEWAY_CORE_SENDER_H
#define GATEWAY_CORE_SENDER_H

#include "gateway/spool/spool.h"

#include "libs/proto/uplink.h"

#define SENDER_WINDOW       32
#define SENDER_WINDOW_BYTES (1024 * 1024)

struct sender_entry {
	struct spool_entry batch;
	bool done;
	bool stored; /* done, because the platform has it */
};

struct sender {
	struct spool *spool;
	void (*publish)(void *ctx, const uint8_t *bytes, size_t len);
	void *ctx;
	bool link_up;
	struct sender_entry window[SENDER_WINDOW]; /* in order */
	size_t n;
	uint64_t next;       /* index to offer next */
	int64_t sent_ms;     /* when the window was offered last */
	int64_t patience_ms; /* offered again after this; grows */
	uint64_t repeats;
	uint64_t run; /* of the platform, as last told; 0: not yet */
	/* The newest batch that the platform acknowledged, perhaps behind one that was lost. */
	uint64_t newest_index, newest_boot, newest_seq;
	/* What that was before this run: if it does not have it now,
	 * its store is an older copy. boot 0: none. */
	uint64_t before_boot, before_seq;
	uint8_t *body; /* of RECORD_BODY_MAX, the caller's */
};

void sender_init(struct sender *s, struct spool *spool, uint8_t *body,
                 void (*publish)(void *ctx, const uint8_t *bytes, size_t len), void *ctx);
void sender_link(struct sender *s, bool up);

/* Sends what may be sent now. Answers ERR_IO when the spool cannot be read. */
MUST_USE enum err sender_pump(struct sender *s, int64_t mono_ms);

/* An acknowledgement of the platform. True: it comes from another store than before, and
 * everything kept is offered again. ERR_IO in *err as above. */
MUST_USE bool sender_ack(struct sender *s, const struct ack *ack, enum err *err);

/* The platform's start, as each of its messages names it; to be told before anything else of the
 * message. */
void sender_run(struct sender *s, uint64_t run);

/* The platform's store, as a `down` names it. True as above. */
MUST_USE bool sender_epoch(struct sender *s, uint64_t epoch);
#endif
