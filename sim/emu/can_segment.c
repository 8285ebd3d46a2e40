#include "sim/emu/can_segment.h"

#include <assert.h>
#include <string.h>

enum {
	ERROR_FLAG_BITS = 12, /* own flag and the echo of the others */
	ERROR_END_BITS = 8 + CAN_BITS_GAP,
	SUSPEND_BITS = 8,
	REC_AFTER_PASSIVE =
	        120, /* where a good frame puts a counter above 127 (bxCAN: RM0008 §24.7.6) */
	REC_MAX = 255,
	RATE_TOLERANCE = 64, /* 1/64: beyond 1.6 % nobody understands anybody */
};

struct contender {
	struct can_node *node;
	struct can_frame frame;
	struct can_bits bits;
	bool sending;
};

void can_segment_add(struct can_segment *s, struct can_node *node)
{
	assert(s->count < CAN_SEGMENT_NODES);
	s->node[s->count++] = node;
}

static bool takes_part(const struct can_node *n)
{
	return n->on && !n->syncing && !n->bus_off;
}

static bool same_rate(const struct can_node *n, vtime bit_ticks)
{
	vtime difference =
	        n->bit_ticks > bit_ticks ? n->bit_ticks - bit_ticks : bit_ticks - n->bit_ticks;

	return difference * RATE_TOLERANCE <= bit_ticks;
}

static bool error_passive(const struct can_node *n)
{
	return n->tec >= CAN_PASSIVE || n->rec >= CAN_PASSIVE;
}

static void count_sending_error(struct can_node *n, enum can_error error)
{
	/* An error-passive node that only misses its ACK stays where it is, or a lone node would
	 * end in bus-off (ISO 11898-1 §8, exception 1 of rule c). */
	if (!(error == CAN_ERROR_ACK && error_passive(n)))
		n->tec += 8;
	if (n->tec >= CAN_BUS_OFF) {
		n->bus_off = true;
		n->tec = CAN_BUS_OFF;
	}
	n->ops->changed(n->ctx, error);
}

static void count_receiving_error(struct can_node *n, enum can_error error)
{
	if (n->rec < REC_MAX)
		n->rec++;
	n->ops->changed(n->ctx, error);
}

static void count_sent(struct can_node *n)
{
	if (n->tec > 0)
		n->tec--;
	n->ops->changed(n->ctx, CAN_ERROR_NONE);
}

static void count_received(struct can_node *n)
{
	if (n->rec >= CAN_PASSIVE)
		n->rec = REC_AFTER_PASSIVE;
	else if (n->rec > 0)
		n->rec--;
	n->ops->changed(n->ctx, CAN_ERROR_NONE);
}

/* Groups of 11 recessive bits up to `at`, while the bus has been idle since runs_at. */
static uint64_t runs_until(const struct can_segment *s, vtime at, vtime bit_ticks)
{
	if (s->fault == CAN_BUS_STUCK || s->busy || at <= s->runs_at)
		return s->runs;
	return s->runs + (at - s->runs_at) / (CAN_BITS_BUS_IDLE * bit_ticks);
}

/* A bus that never carried a frame has no rate of its own: the usual one stands in. */
static void runs_settle(struct can_segment *s, vtime at)
{
	vtime bit_ticks = s->bit_ticks ? s->bit_ticks : 8 * VTIME_PER_US;

	s->runs = runs_until(s, at, bit_ticks);
	s->runs_at = at;
}

uint64_t can_segment_runs(struct can_segment *s, vtime at)
{
	if (!s->busy && s->fault != CAN_BUS_STUCK && at > s->runs_at)
		runs_settle(s, at);
	return s->runs;
}

void can_node_leave(struct can_segment *s, struct can_node *n)
{
	if (n->sending && s->busy)
		s->destroyed = true; /* a frame that breaks off is a stuff or form error to all */
	n->sending = false;
	n->syncing = false;
	n->recovering = false;
}

/* When `wanted` runs have passed, if nothing else happens on the bus. */
static vtime runs_at(const struct can_segment *s, const struct can_node *n, uint64_t wanted)
{
	if (wanted <= s->runs)
		return s->now;
	if (s->busy || s->fault == CAN_BUS_STUCK)
		return VTIME_NEVER;
	return s->runs_at + (wanted - s->runs) * CAN_BITS_BUS_IDLE * n->bit_ticks;
}

static vtime ready_at(const struct can_segment *s, const struct can_node *n)
{
	vtime at = VTIME_NEVER;

	if (!n->on)
		return at;
	if (n->syncing)
		at = runs_at(s, n, n->sync_runs);
	if (n->recovering)
		at = vtime_min(at, runs_at(s, n, n->recovery_runs));
	return at;
}

static void release(struct can_segment *s, struct can_node *n)
{
	if (n->recovering && runs_at(s, n, n->recovery_runs) <= s->now) {
		n->recovering = n->bus_off = false;
		n->tec = n->rec = 0;
	}
	if (n->syncing && runs_at(s, n, n->sync_runs) <= s->now)
		n->syncing = false;
	n->ops->changed(n->ctx, CAN_ERROR_NONE);
}

static void release_ready(struct can_segment *s)
{
	for (unsigned i = 0; i < s->count; i++)
		if (ready_at(s, s->node[i]) <= s->now)
			release(s, s->node[i]);
}

static vtime earliest_ready(const struct can_segment *s)
{
	vtime at = VTIME_NEVER;

	for (unsigned i = 0; i < s->count; i++)
		at = vtime_min(at, ready_at(s, s->node[i]));
	return at;
}

static bool may_send(const struct can_node *n)
{
	return takes_part(n) && !n->silent;
}

/* Start of the next frame, if nobody wakes up before. */
static vtime earliest_start(const struct can_segment *s)
{
	vtime at = VTIME_NEVER;

	if (s->fault == CAN_BUS_STUCK)
		return VTIME_NEVER;
	for (unsigned i = 0; i < s->count; i++) {
		struct can_node *n = s->node[i];
		struct can_frame frame;
		vtime since;

		if (!may_send(n) || !n->ops->offer(n->ctx, VTIME_NEVER, &frame, &since))
			continue;
		since = since > n->suspended_until ? since : n->suspended_until;
		at = vtime_min(at, since > s->idle_from ? since : s->idle_from);
	}
	return at;
}

vtime can_segment_next(struct can_segment *s)
{
	if (s->busy)
		return s->busy_until;
	return vtime_min(earliest_start(s), earliest_ready(s));
}

static unsigned collect(struct can_segment *s, struct contender *out, unsigned max)
{
	unsigned n = 0;
	vtime since;

	for (unsigned i = 0; i < s->count && n < max; i++) {
		struct can_node *node = s->node[i];

		if (!may_send(node) || node->suspended_until > s->now)
			continue;
		if (!node->ops->offer(node->ctx, s->now, &out[n].frame, &since))
			continue;
		out[n].node = node;
		out[n].sending = true;
		node->sending = true;
		node->will_fail = CAN_ERROR_NONE;
		n++;
	}
	return n;
}

/* Leaves only those with the smallest key; the others turn to receivers at once. */
static uint32_t arbitrate(struct contender *c, unsigned n)
{
	uint32_t best = UINT32_MAX;

	for (unsigned i = 0; i < n; i++) {
		uint32_t key = can_arbitration_key(c[i].frame.id);

		best = key < best ? key : best;
	}
	for (unsigned i = 0; i < n; i++) {
		if (can_arbitration_key(c[i].frame.id) == best)
			continue;
		c[i].sending = c[i].node->sending = false;
		c[i].node->ops->lost(c[i].node->ctx);
	}
	return best;
}

/* Several senders with one identifier: the first that sends recessive against a dominant bit of
 * another has a bit error. If one of those is error-active, its flag destroys the frame for all;
 * passive ones give up quietly and the frame of the rest goes on. Returns the bit at which the
 * frame was destroyed, or 0. */
static unsigned collide(struct contender *c, unsigned n, unsigned bits)
{
	for (unsigned p = 0; p < bits; p++) {
		unsigned dominant = 0;
		unsigned senders = 0;
		bool active = false;

		for (unsigned i = 0; i < n; i++) {
			senders += c[i].sending;
			dominant += c[i].sending && p < c[i].bits.count && !c[i].bits.level[p];
		}
		if (dominant == 0 || dominant == senders)
			continue;
		for (unsigned i = 0; i < n; i++) {
			if (!c[i].sending || !c[i].bits.level[p])
				continue;
			c[i].node->will_fail = CAN_ERROR_BIT_RECESSIVE;
			c[i].sending = false;
			active |= !error_passive(c[i].node);
		}
		if (active)
			return p;
	}
	return 0;
}

static struct contender *winner(struct contender *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (c[i].sending)
			return &c[i];
	return NULL;
}

/* A node that listens at another rate sees stuff errors and destroys what it hears until it is
 * error-passive. */
static bool disturbed_by_rate(const struct can_segment *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct can_node *n = s->node[i];

		if (takes_part(n) && !n->silent && !n->sending && !same_rate(n, s->bit_ticks) &&
		    !error_passive(n))
			return true;
	}
	return false;
}

static bool hit_by_noise(struct can_segment *s)
{
	if (s->fault != CAN_BUS_CORRUPT || s->corrupt_left == 0)
		return false;
	if (--s->corrupt_left == 0)
		s->fault = CAN_BUS_GOOD;
	return true;
}

/* Everyone who was still sending when the frame broke sees it as an error, too. */
static void fail_senders(struct contender *c, unsigned n, enum can_error error)
{
	for (unsigned i = 0; i < n; i++)
		if (c[i].node->sending && c[i].node->will_fail == CAN_ERROR_NONE)
			c[i].node->will_fail = error;
}

static bool any_mute(const struct contender *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (c[i].sending && c[i].node->mute)
			return true;
	return false;
}

static void begin(struct can_segment *s)
{
	static struct contender c[CAN_SEGMENT_NODES];
	unsigned n = collect(s, c, CAN_SEGMENT_NODES);
	struct contender *first;
	unsigned broken;

	assert(n > 0);
	arbitrate(c, n);
	for (unsigned i = 0; i < n; i++)
		if (c[i].sending)
			can_bits_make(&c[i].bits, &c[i].frame);
	first = winner(c, n);
	assert(first);
	s->bit_ticks = first->node->bit_ticks;
	s->frame = first->frame;
	s->busy = true;
	s->busy_from = s->now;
	for (unsigned i = 0; i < s->count; i++)
		s->node[i]->ops->activity(s->node[i]->ctx);
	if (any_mute(c, n)) { /* not even SOF comes back */
		s->destroyed = true;
		broken = 1;
		fail_senders(c, n, CAN_ERROR_BIT_DOMINANT);
	} else {
		broken = collide(c, n, first->bits.count - CAN_BITS_END);
		s->destroyed = broken > 0;
		if (s->destroyed)
			fail_senders(c, n, CAN_ERROR_STUFF);
	}
	first = winner(c, n);
	assert(first); /* who sends dominant stays */
	s->frame = first->frame;
	if (!s->destroyed && (hit_by_noise(s) || disturbed_by_rate(s))) {
		s->destroyed = true;
		broken = first->bits.arbitration_end;
		fail_senders(c, n, CAN_ERROR_BIT_DOMINANT);
	}
	s->busy_until = s->now + s->bit_ticks * (s->destroyed ? broken + ERROR_FLAG_BITS
	                                                      : first->bits.count);
}

static bool acknowledged(const struct can_segment *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct can_node *n = s->node[i];

		if (takes_part(n) && !n->silent && !n->sending && !n->mute &&
		    same_rate(n, s->bit_ticks))
			return true;
	}
	return false;
}

static void finish_sender(struct can_segment *s, struct can_node *n, bool ack)
{
	if (n->will_fail == CAN_ERROR_NONE && s->destroyed)
		n->will_fail = CAN_ERROR_STUFF;
	if (n->will_fail == CAN_ERROR_NONE && !ack)
		n->will_fail = CAN_ERROR_ACK;
	n->sending = false;
	if (n->will_fail == CAN_ERROR_NONE) {
		count_sent(n);
		n->ops->sent(n->ctx);
		return;
	}
	count_sending_error(n, n->will_fail);
	n->ops->failed(n->ctx);
}

static void finish_receiver(struct can_segment *s, struct can_node *n, bool good)
{
	if (good && same_rate(n, s->bit_ticks)) {
		count_received(n);
		n->ops->receive(n->ctx, &s->frame);
	} else {
		count_receiving_error(n, s->destroyed ? CAN_ERROR_FORM : CAN_ERROR_STUFF);
	}
}

static void suspend_passive_senders(struct can_segment *s, const bool *was_sender)
{
	for (unsigned i = 0; i < s->count; i++)
		if (was_sender[i] && error_passive(s->node[i]))
			s->node[i]->suspended_until = s->idle_from + SUSPEND_BITS * s->bit_ticks;
}

static void finish(struct can_segment *s)
{
	bool sender[CAN_SEGMENT_NODES];
	bool ack = acknowledged(s);
	bool good = ack && !s->destroyed;

	s->busy = false;
	s->busy_ticks += s->busy_until - s->busy_from;
	s->runs_at = s->now;
	s->idle_from = s->now + s->bit_ticks * (good ? CAN_BITS_GAP : ERROR_END_BITS);
	s->runs++; /* EOF and gap, or the error delimiter and gap, are 11 recessive bits */
	s->frames += good;
	s->errors += !good;
	if (good && s->trace)
		s->trace(s->trace_ctx, s->now, &s->frame);
	for (unsigned i = 0; i < s->count; i++)
		sender[i] = s->node[i]->sending;
	for (unsigned i = 0; i < s->count; i++) {
		if (sender[i])
			finish_sender(s, s->node[i], ack);
		else if (takes_part(s->node[i]))
			finish_receiver(s, s->node[i], good);
	}
	suspend_passive_senders(s, sender);
}

void can_segment_run(struct can_segment *s, vtime until)
{
	for (vtime next = can_segment_next(s); next <= until; next = can_segment_next(s)) {
		if (next > s->now)
			s->now = next;
		if (s->busy) {
			finish(s);
			continue;
		}
		release_ready(s);
		if (earliest_start(s) <= s->now) {
			runs_settle(s, s->now);
			begin(s);
		}
	}
	if (s->now < until)
		s->now = until;
}

void can_segment_set_fault(struct can_segment *s, enum can_bus_fault fault, unsigned frames)
{
	runs_settle(s, s->now);
	if (fault == CAN_BUS_STUCK && s->busy)
		s->destroyed = true;
	s->fault = fault;
	s->corrupt_left = frames;
	if (fault != CAN_BUS_STUCK) {
		s->idle_from = s->now > s->idle_from ? s->now : s->idle_from;
		return;
	}
	/* Six dominant bits are a stuff error; the error flag and the 8 dominant bits after each
	 * take every listener to error-passive within a few ms (§8 rules a and f). */
	for (unsigned i = 0; i < s->count; i++) {
		if (!takes_part(s->node[i]))
			continue;
		s->node[i]->rec = CAN_PASSIVE;
		s->node[i]->ops->changed(s->node[i]->ctx, CAN_ERROR_STUFF);
	}
}
