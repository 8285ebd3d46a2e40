#include "gateway/meter/commands.h"

#include "libs/base/bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS        2500 /* after sending; the relay takes 200 ms at most */
#define RETRY_MAX_MS     8000
#define RECEIVED_HOLD_MS 50    /* a terminal that answers sooner saves the report of its own */
#define REPORT_AGAIN_MS  3000  /* a repeated command is answered again at most so often */
#define KEEP_WAIT_MS     2000  /* a disk that is full holds nothing back for longer */
#define DELAY_MORE_MS    10000 /* beyond the longest delay that the command allows */
#define READ_BACK_MS     60000
#define READ_BACK_SETS   3  /* a first set may still show the moment before */
#define NO_CURRENT_MA    50 /* an open contact shows less */

void commands_init(struct commands *cs, struct terminals *terminals, const struct policy *policy,
                   const struct commands_out *out)
{
	cs->out = *out;
	cs->terminals = terminals;
	cs->policy = policy;
	cs->used = 0;
	cs->must_save = cs->may_save = cs->untold = false;
}

/* --- reporting --- */

static void stage_send(struct commands *cs, struct pending_command *c, uint32_t stage,
                       const struct commands_now *now)
{
	struct uplink_result result = {
	        .command_id = c->id, .stage = stage, .time_ms = now->time_ms};

	if (stage == c->stage)
		result.reason = c->reason;
	if (stage == UPLINK_ANSWERED) {
		result.body_len = c->answer_len;
		memcpy(result.body, c->answer, c->answer_len);
	}
	if (stage == UPLINK_READ_BACK) {
		result.current_ma = c->read_back.current_ma;
		result.power_dw = c->read_back.power_dw;
		result.state = c->read_back.state;
		result.energy_wh = c->read_back.energy_wh;
	}
	cs->out.result(cs->out.ctx, &result);
	c->reported_ms = now->mono_ms;
}

static void received_send(struct commands *cs, struct pending_command *c,
                          const struct commands_now *now)
{
	if (!c->received_due_ms)
		return;
	c->received_due_ms = 0;
	stage_send(cs, c, UPLINK_RECEIVED, now);
}

static void stage_reach(struct commands *cs, struct pending_command *c, uint32_t stage,
                        uint32_t reason, const struct commands_now *now)
{
	received_send(cs, c, now);
	c->stage = stage;
	c->reason = reason;
	c->told = false;
	cs->may_save = cs->untold = true;
	stage_send(cs, c, stage, now);
}

/* What the gateway alone decides must not be decided otherwise after a restart. */
static void finish(struct commands *cs, struct pending_command *c, uint32_t stage, uint32_t reason,
                   const struct commands_now *now)
{
	c->step = STEP_DONE;
	cs->must_save = true;
	stage_reach(cs, c, stage, reason, now);
}

static void report_all(struct commands *cs, struct pending_command *c,
                       const struct commands_now *now)
{
	c->received_due_ms = 0;
	if (c->stage != UPLINK_REFUSED)
		stage_send(cs, c, UPLINK_RECEIVED, now);
	if (c->answer_len)
		stage_send(cs, c, UPLINK_ANSWERED, now);
	if (c->stage > UPLINK_ANSWERED)
		stage_send(cs, c, c->stage, now);
}

/* The platform asks again because our answer did not reach it. */
static void report_again(struct commands *cs, struct pending_command *c,
                         const struct commands_now *now)
{
	if (now->mono_ms - c->reported_ms >= REPORT_AGAIN_MS)
		report_all(cs, c, now);
}

/* The memory is saved before the report is spooled; between the two the process may have ended. */
void commands_resume(struct commands *cs, const struct commands_now *now)
{
	for (size_t i = 0; i < cs->used; i++)
		if (cs->all[i].step != STEP_FREE && !cs->all[i].told)
			report_all(cs, &cs->all[i], now);
}

void commands_told(struct commands *cs)
{
	bool left = false;

	if (!cs->untold)
		return;
	for (size_t i = 0; i < cs->used; i++) {
		struct pending_command *c = &cs->all[i];

		if (c->step == STEP_FREE || c->told)
			continue;
		if (c->received_due_ms) {
			left = true;
			continue;
		}
		c->told = true;
		cs->may_save = true;
	}
	cs->untold = left;
}

/* --- taking --- */

static struct pending_command *command_find(struct commands *cs, uint64_t id)
{
	for (size_t i = 0; i < cs->used; i++)
		if (cs->all[i].step != STEP_FREE && cs->all[i].id == id)
			return &cs->all[i];
	return NULL;
}

/* A free place, or that of the finished command which expired first; NULL: all are under way. */
static struct pending_command *place_find(struct commands *cs)
{
	struct pending_command *oldest = NULL;

	for (size_t i = 0; i < cs->used; i++) {
		struct pending_command *c = &cs->all[i];

		if (c->step == STEP_FREE)
			return c;
		if (c->step == STEP_DONE && (!oldest || c->expires_s < oldest->expires_s))
			oldest = c;
	}
	return cs->used < COMMANDS_MAX ? &cs->all[cs->used++] : oldest;
}

/* Meters tripped in the window, each once: a second trip of the same meter cuts nobody more. */
static bool trip_allowed(const struct commands *cs, uint64_t meter, int64_t now_s)
{
	uint32_t tripped = 0;
	int64_t since_s = now_s - (int64_t)cs->policy->trip_limit_window_s;

	if (cs->policy->trip_limit_count == 0)
		return true;
	for (size_t i = 0; i < cs->used; i++) {
		const struct pending_command *c = &cs->all[i];
		bool counted = false;

		if (c->step == STEP_FREE || c->kind != COMMAND_TRIP || c->taken_s <= since_s ||
		    c->stage == UPLINK_REFUSED)
			continue;
		if (c->meter == meter)
			return true;
		for (size_t k = 0; k < i && !counted; k++)
			counted = cs->all[k].step != STEP_FREE && cs->all[k].meter == c->meter &&
			          cs->all[k].kind == COMMAND_TRIP && cs->all[k].taken_s > since_s &&
			          cs->all[k].stage != UPLINK_REFUSED;
		tripped += !counted;
	}
	return tripped < cs->policy->trip_limit_count;
}

/* 0: may go on. Keep-power, close and release are never held back by the limit. */
static uint32_t refusal_find(const struct commands *cs, const struct pending_command *c,
                             const struct command *parsed, int64_t now_s)
{
	if (!policy_by_number(cs->policy, c->meter))
		return UPLINK_COMMAND_UNKNOWN_METER;
	if (!parsed || parsed->kind != c->kind)
		return UPLINK_COMMAND_MALFORMED;
	if (c->kind == COMMAND_TRIP && !trip_allowed(cs, c->meter, now_s))
		return UPLINK_COMMAND_TRIP_LIMIT;
	return 0;
}

static void command_new(struct commands *cs, struct pending_command *c,
                        const struct down_command *from, const struct commands_now *now)
{
	struct command parsed;
	bool sound = from->body_len <= COMMAND_SIZE_MAX &&
	             command_parse(from->body, from->body_len, &parsed) == ERR_NONE;
	uint32_t refusal;

	memset(c, 0, sizeof *c);
	c->id = from->id;
	c->meter = from->meter;
	c->expires_s = from->expires_s;
	c->taken_s = now->time_ms / 1000;
	c->kind = (uint8_t)from->kind;
	if (sound) {
		c->counter = parsed.counter;
		c->body_len = (uint8_t)from->body_len;
		memcpy(c->body, from->body, from->body_len);
	}
	refusal = refusal_find(cs, c, sound ? &parsed : NULL, c->taken_s);
	if (refusal) {
		finish(cs, c, UPLINK_REFUSED, refusal, now);
		return;
	}
	c->step = STEP_WAITING;
	c->due_ms = now->mono_ms;
	c->stage = UPLINK_RECEIVED;
	c->reported_ms = now->mono_ms;
	c->received_due_ms = now->mono_ms + RECEIVED_HOLD_MS;
	cs->must_save = cs->untold = true;
}

static bool same_command(const struct pending_command *c, const struct down_command *from)
{
	return c->meter == from->meter &&
	       (c->body_len == 0 || (c->body_len == from->body_len &&
	                             memcmp(c->body, from->body, from->body_len) == 0));
}

void commands_take(struct commands *cs, const struct down_command *from,
                   const struct commands_now *now)
{
	struct pending_command *c = command_find(cs, from->id);

	if (c && !same_command(c, from)) {
		cs->out.note(cs->out.ctx, c, "the same id again with other content: ignored");
		return;
	}
	if (c) {
		report_again(cs, c, now);
		return;
	}
	c = place_find(cs);
	if (!c)
		return; /* the platform sends it again */
	command_new(cs, c, from, now);
	commands_tick(cs, now);
}

/* --- sending --- */

static bool meter_in_flight(const struct commands *cs, uint64_t meter)
{
	for (size_t i = 0; i < cs->used; i++)
		if (cs->all[i].step == STEP_IN_FLIGHT && cs->all[i].meter == meter)
			return true;
	return false;
}

/* An older command to the same meter goes first: its counter is smaller. */
static bool first_in_line(const struct commands *cs, const struct pending_command *c)
{
	for (size_t i = 0; i < cs->used; i++)
		if (cs->all[i].step == STEP_WAITING && cs->all[i].meter == c->meter &&
		    cs->all[i].counter < c->counter)
			return false;
	return true;
}

static int64_t retry_ms(unsigned tries)
{
	int64_t ms = INT64_C(500) << (tries < 5 ? tries : 5);

	return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

static void try_send(struct commands *cs, struct pending_command *c, const struct commands_now *now)
{
	const struct terminals_now tnow = {now->mono_ms, now->time_ms};
	struct terminal *t = terminals_by_meter(cs->terminals, c->meter);

	c->due_ms = now->mono_ms + retry_ms(c->tries);
	if (!t || !t->online || terminal_command(cs->terminals, t, c->body, c->body_len, &tnow))
		return;
	if (c->tries++ == 0)
		c->first_try_ms = now->mono_ms;
	c->step = STEP_IN_FLIGHT;
	c->due_ms = now->mono_ms + ANSWER_MS;
}

static bool expired(const struct pending_command *c, const struct commands_now *now)
{
	return now->time_sure && now->time_ms / 1000 > c->expires_s;
}

/* Waiting commands end here when it is too late for them. */
static bool given_up(struct commands *cs, struct pending_command *c, const struct commands_now *now)
{
	bool tired = c->tries && now->mono_ms - c->first_try_ms > COMMAND_GIVE_UP_MS;

	if (!tired && !expired(c, now))
		return false;
	/* One that was sent may have been executed: nobody can say that it just expired. */
	finish(cs, c, c->tries ? UPLINK_NO_ANSWER : UPLINK_EXPIRED, 0, now);
	return true;
}

/* The terminal repeats its answer to the newest command alone. Before the next one leaves, the answer to the
 * one before it is on the disk: otherwise a restart would ask again, and hear that it is refused. */
static bool answer_unkept(struct commands *cs, uint64_t meter, const struct commands_now *now)
{
	for (size_t i = 0; i < cs->used; i++) {
		const struct pending_command *c = &cs->all[i];

		if (c->step == STEP_FREE || c->meter != meter || !c->answer_len || c->kept ||
		    now->mono_ms - c->answered_ms > KEEP_WAIT_MS)
			continue;
		cs->must_save = true;
		return true;
	}
	return false;
}

static void waiting_tick(struct commands *cs, struct pending_command *c,
                         const struct commands_now *now)
{
	if (given_up(cs, c, now) || now->mono_ms < c->due_ms)
		return;
	if (!meter_in_flight(cs, c->meter) && first_in_line(cs, c) &&
	    !answer_unkept(cs, c->meter, now))
		try_send(cs, c, now);
}

/* No answer in time: once more with the same bytes. The terminal knows by the counter that it has
 * done it already and answers the same again. */
static void in_flight_again(struct pending_command *c, const struct commands_now *now)
{
	c->step = STEP_WAITING;
	c->due_ms = now->mono_ms + retry_ms(c->tries) - retry_ms(0);
}

static bool forgotten(const struct pending_command *c, const struct commands_now *now)
{
	return now->time_sure && now->time_ms / 1000 > c->expires_s + COMMAND_KEEP_S;
}

static void command_tick(struct commands *cs, struct pending_command *c,
                         const struct commands_now *now)
{
	switch (c->step) {
	case STEP_WAITING:
		waiting_tick(cs, c, now);
		break;
	case STEP_IN_FLIGHT:
		if (now->mono_ms >= c->due_ms)
			in_flight_again(c, now);
		break;
	case STEP_DELAYED:
		/* The second answer is overdue: asking again brings the last one. */
		if (now->mono_ms >= c->due_ms) {
			c->tries = 0;
			in_flight_again(c, now);
		}
		break;
	case STEP_READ_BACK:
		if (now->mono_ms >= c->due_ms)
			c->step = STEP_DONE;
		break;
	case STEP_DONE:
		if (forgotten(c, now))
			c->step = STEP_FREE;
		break;
	case STEP_FREE:
		break;
	}
}

void commands_tick(struct commands *cs, const struct commands_now *now)
{
	for (size_t i = 0; i < cs->used; i++) {
		if (now->mono_ms >= cs->all[i].received_due_ms)
			received_send(cs, &cs->all[i], now);
		command_tick(cs, &cs->all[i], now);
	}
}

void commands_send_failed(struct commands *cs, struct terminal *t, const struct commands_now *now)
{
	for (size_t i = 0; i < cs->used; i++)
		if (cs->all[i].step == STEP_IN_FLIGHT && cs->all[i].meter == t->meter)
			in_flight_again(&cs->all[i], now);
}

/* --- answers --- */

/* Whose answer it is: with the same counter the one that is in flight comes before one that was answered. */
static struct pending_command *answered_find(struct commands *cs, const struct terminal *t,
                                             const struct result *result)
{
	struct pending_command *found = NULL;

	for (size_t i = 0; i < cs->used; i++) {
		struct pending_command *c = &cs->all[i];

		if (c->step != STEP_FREE && c->meter == t->meter && c->body_len &&
		    c->counter == result->counter && c->kind == result->kind &&
		    (!found || c->step == STEP_IN_FLIGHT))
			found = c;
	}
	return found;
}

static int64_t delay_most_ms(const struct pending_command *c)
{
	struct command parsed;
	struct command_args args = {0};

	if (command_parse(c->body, c->body_len, &parsed) || command_args_decode(&parsed, &args))
		return DELAY_MORE_MS;
	return (int64_t)args.delay_max_s * 1000 + DELAY_MORE_MS;
}

static void answer_take(struct commands *cs, struct pending_command *c, struct terminal *t,
                        const struct result *result, const struct commands_now *now)
{
	switch ((enum command_outcome)result->outcome) {
	case COMMAND_EXECUTED:
		c->step = STEP_READ_BACK;
		c->due_ms = now->mono_ms + READ_BACK_MS;
		c->sets_at = t->sets;
		c->sets_seen = 0;
		break;
	case COMMAND_ACCEPTED:
		c->step = STEP_DELAYED;
		c->due_ms = now->mono_ms + delay_most_ms(c);
		break;
	case COMMAND_REFUSED:
	case COMMAND_FAILED:
		c->step = STEP_DONE;
		break;
	}
	stage_reach(cs, c, UPLINK_ANSWERED, result->reason, now);
}

bool commands_result(struct commands *cs, struct terminal *t, const uint8_t *body, size_t len,
                     const struct commands_now *now)
{
	struct pending_command *c;
	struct result result;

	if (result_parse(body, len, &result))
		return false;
	c = answered_find(cs, t, &result);
	if (!c)
		return false;
	/* The answer to a repeated send, known already. */
	if (c->answer_len == len && memcmp(c->answer, body, len) == 0) {
		if (c->step == STEP_IN_FLIGHT || c->step == STEP_WAITING)
			answer_take(cs, c, t, &result, now);
		return true;
	}
	/* Asked again after a restart, when a newer one was obeyed already: what it said then holds. */
	if (c->answer_len && result.outcome == COMMAND_REFUSED && result.reason == REASON_COUNTER) {
		c->step = STEP_DONE;
		return true;
	}
	assert(len <= sizeof c->answer);
	c->kept = false;
	c->answered_ms = now->mono_ms;
	c->answer_len = (uint8_t)len;
	memcpy(c->answer, body, len);
	answer_take(cs, c, t, &result, now);
	commands_tick(cs, now);
	return true;
}

/* --- read back --- */

static bool shows_command(const struct pending_command *c, const struct meter_values *v)
{
	bool closed = v->state & METER_CONTACT_CLOSED;

	switch ((enum command_kind)c->kind) {
	case COMMAND_TRIP:
		return !closed && abs(v->current_ma) < NO_CURRENT_MA;
	case COMMAND_CLOSE:
	case COMMAND_KEEP_POWER:
		return closed;
	case COMMAND_TIME:
		return v->state & METER_CLOCK_SET;
	case COMMAND_ALLOW_CLOSE:
	case COMMAND_RELEASE:
	case COMMAND_CONFIG:
	case COMMAND_RECHARGE:
	case COMMAND_PURSE_VOID:
	case COMMAND_PRICE_PART:
	case COMMAND_PRICE:
	case COMMAND_CREDIT:
		break;
	}
	return true;
}

static bool read_back_take(struct commands *cs, struct pending_command *c, struct terminal *t,
                           const struct commands_now *now)
{
	if (t->sets == c->sets_at)
		return false;
	c->sets_at = t->sets;
	if (!shows_command(c, &t->values) && ++c->sets_seen < READ_BACK_SETS)
		return false;
	c->read_back.current_ma = t->values.current_ma;
	c->read_back.power_dw = t->values.power_dw;
	c->read_back.state = t->values.state;
	c->read_back.energy_wh = (int64_t)t->values.energy_wh;
	c->step = STEP_DONE;
	stage_reach(cs, c, UPLINK_READ_BACK, 0, now);
	return true;
}

bool commands_values(struct commands *cs, struct terminal *t, const struct commands_now *now)
{
	bool read_back = false;

	if (t->meter == 0)
		return false;
	for (size_t i = 0; i < cs->used; i++)
		if (cs->all[i].step == STEP_READ_BACK && cs->all[i].meter == t->meter &&
		    read_back_take(cs, &cs->all[i], t, now))
			read_back = true;
	return read_back;
}

/* --- memory --- */

/* id 8, meter 8, expires 8, taken 8, counter 4, stage 4, reason 4, step 1, kind 1, body_len 1,
 * answer_len 1, body 88, answer 42, told 1, current 4 (at 180), power 4, state 4, energy 8 */
static void row_encode(const struct pending_command *c, uint8_t *row)
{
	memset(row, 0, COMMANDS_ROW);
	put_le64(row, c->id);
	put_le64(row + 8, c->meter);
	put_le64(row + 16, (uint64_t)c->expires_s);
	put_le64(row + 24, (uint64_t)c->taken_s);
	put_le32(row + 32, c->counter);
	put_le32(row + 36, c->stage);
	put_le32(row + 40, c->reason);
	row[44] = (uint8_t)c->step;
	row[45] = c->kind;
	row[46] = c->body_len;
	row[47] = c->answer_len;
	memcpy(row + 48, c->body, COMMAND_SIZE_MAX);
	memcpy(row + 136, c->answer, RESULT_SIZE);
	row[178] = c->told;
	put_le32(row + 180, (uint32_t)c->read_back.current_ma);
	put_le32(row + 184, (uint32_t)c->read_back.power_dw);
	put_le32(row + 188, c->read_back.state);
	put_le64(row + 192, (uint64_t)c->read_back.energy_wh);
}

static enum err row_decode(struct pending_command *c, const uint8_t *row)
{
	memset(c, 0, sizeof *c);
	if (row[44] <= STEP_FREE || row[44] > STEP_DONE || row[46] > COMMAND_SIZE_MAX ||
	    row[47] > RESULT_SIZE)
		return ERR_DAMAGED;
	c->id = get_le64(row);
	c->meter = get_le64(row + 8);
	c->expires_s = (int64_t)get_le64(row + 16);
	c->taken_s = (int64_t)get_le64(row + 24);
	c->counter = get_le32(row + 32);
	c->stage = get_le32(row + 36);
	c->reason = get_le32(row + 40);
	c->step = (enum command_step)row[44];
	c->kind = row[45];
	c->body_len = row[46];
	c->answer_len = row[47];
	memcpy(c->body, row + 48, COMMAND_SIZE_MAX);
	memcpy(c->answer, row + 136, RESULT_SIZE);
	c->told = row[178] == 1;
	c->kept = c->answer_len > 0;
	c->read_back.current_ma = (int32_t)get_le32(row + 180);
	c->read_back.power_dw = (int32_t)get_le32(row + 184);
	c->read_back.state = get_le32(row + 188);
	c->read_back.energy_wh = (int64_t)get_le64(row + 192);
	if (c->stage < UPLINK_RECEIVED || c->stage > UPLINK_REFUSED)
		return ERR_DAMAGED;
	/* Whatever was under way when the process ended is asked again: the terminal answers the
	 * same as before, or executes it now. */
	if (c->step != STEP_DONE)
		c->step = STEP_WAITING;
	return c->step == STEP_WAITING && c->body_len == 0 ? ERR_DAMAGED : ERR_NONE;
}

size_t commands_encode(struct commands *cs, uint8_t out[COMMANDS_SIZE_MAX])
{
	uint32_t n = 0;

	for (size_t i = 0; i < cs->used; i++)
		if (cs->all[i].step != STEP_FREE)
			row_encode(&cs->all[i], out + 8 + n++ * (size_t)COMMANDS_ROW);
	put_le32(out, 1);
	put_le32(out + 4, n);
	cs->must_save = cs->may_save = false;
	return 8 + n * (size_t)COMMANDS_ROW;
}

void commands_kept(struct commands *cs)
{
	for (size_t i = 0; i < cs->used; i++)
		cs->all[i].kept = cs->all[i].answer_len > 0;
}

enum err commands_decode(struct commands *cs, const uint8_t *bytes, size_t len)
{
	enum err err = ERR_NONE;
	uint32_t n;

	if (len < 8 || get_le32(bytes) != 1)
		return ERR_DAMAGED;
	n = get_le32(bytes + 4);
	if (n > COMMANDS_MAX || len != 8 + n * (size_t)COMMANDS_ROW)
		return ERR_DAMAGED;
	for (uint32_t i = 0; i < n && !err; i++)
		err = row_decode(&cs->all[i], bytes + 8 + i * (size_t)COMMANDS_ROW);
	cs->used = err ? 0 : n;
	cs->untold = cs->used > 0;
	return err;
}
