#include "firmware/app/credit.h"

#include "firmware/app/flash_map.h"

#include "libs/base/bytes.h"

#include <string.h>

/* ---- what is durable ---- */

/* Beside them the limits stand as their command brought them: its arguments. */
enum {
	SETTINGS_COUNTER = 0,
	SETTINGS_MAC = 4,
	SETTINGS_PAGES = 12,
	SETTINGS_LIMITS = 14,
	SETTINGS_SIZE = SETTINGS_LIMITS + COMMAND_CREDIT_SIZE + 1,
};

static const struct flog_layout settings_layout = {
        .first_page = PAGE_CREDIT,
        .pages = CREDIT_PAGES,
        .payload_size = SETTINGS_SIZE,
        .refresh = true,
};

enum {
	MARK_WH = 0,
	MARK_AT = 8,
	MARK_SPENT = 12,
	MARK_REST = 20,
	MARK_STEP_USED = 24,
	MARK_STEP_SETTLED = 32,
	MARK_STATE = 40,
	MARK_TOLD = 41,
	MARK_SIZE = 42,
};

static const struct flog_layout marks_layout = {
        .first_page = PAGE_SPENT,
        .pages = SPENT_PAGES,
        .payload_size = MARK_SIZE,
        .refresh = true,
};

static const int64_t money_most = INT64_MAX / 2;

static bool limits_sound(const struct credit_args *a)
{
	return a->version && !(a->flags & ~(unsigned)CREDIT_SPENDS) && a->alarm2_fen >= 0 &&
	       a->alarm1_fen >= a->alarm2_fen && a->overdraft_fen >= 0 && a->hoarding_fen >= 0 &&
	       a->start_wh >= 0 && a->start_spent_fen >= 0 && a->start_spent_fen <= money_most;
}

static void read_limits(struct credit *c)
{
	struct command cmd = {.kind = COMMAND_CREDIT, .arg_len = COMMAND_CREDIT_SIZE};
	struct command_args args;

	memcpy(cmd.args, c->limits_bytes, COMMAND_CREDIT_SIZE);
	c->limits = command_args_decode(&cmd, &args) == ERR_NONE && limits_sound(&args.credit)
	                    ? args.credit
	                    : (struct credit_args){.version = 0};
}

static void open_settings(struct credit *c, const struct flash *flash, uint32_t now_ms)
{
	uint8_t payload[SETTINGS_SIZE] = {0};
	enum err err = flog_open(&c->settings, flash, &settings_layout, now_ms, payload);
	struct price_names names;

	c->failed = err && err != ERR_NOT_FOUND;
	c->counter = get_le32(payload + SETTINGS_COUNTER);
	memcpy(c->mac, payload + SETTINGS_MAC, sizeof c->mac);
	memcpy(c->limits_bytes, payload + SETTINGS_LIMITS, sizeof c->limits_bytes);
	read_limits(c);
	memcpy(names.page, payload + SETTINGS_PAGES, sizeof names.page);
	prices_open(&c->prices, flash, &names);
}

/* limits NULL: as they are. */
static enum err store_settings(struct credit *c, const uint8_t *limits,
                               const struct price_names *names, uint32_t counter,
                               const uint8_t mac[COMMAND_MAC_SIZE], uint32_t now_ms)
{
	uint8_t payload[SETTINGS_SIZE] = {0};
	enum err err;

	if (!limits)
		limits = c->limits_bytes;
	put_le32(payload + SETTINGS_COUNTER, counter);
	memcpy(payload + SETTINGS_MAC, mac, COMMAND_MAC_SIZE);
	memcpy(payload + SETTINGS_PAGES, names->page, sizeof names->page);
	memcpy(payload + SETTINGS_LIMITS, limits, COMMAND_CREDIT_SIZE);
	err = flog_append(&c->settings, payload, now_ms);
	c->failed = err != ERR_NONE;
	if (err)
		return err;
	memcpy(c->limits_bytes, payload + SETTINGS_LIMITS, sizeof c->limits_bytes);
	read_limits(c);
	c->counter = counter;
	memcpy(c->mac, mac, sizeof c->mac);
	return ERR_NONE;
}

/* Where the price may change next. */
static void find_edge(struct credit *c)
{
	const struct plan *list[PRICE_VERSIONS];
	unsigned count = prices_list(&c->prices, list);
	const struct plan *plan = plan_at(list, count, c->durable.at_s);
	struct plan_moment moment;

	c->edge_s = INT64_MAX;
	if (!plan)
		return;
	plan_look(plan, c->durable.at_s, &moment);
	c->edge_s = moment.edge_s;
	if (count > 1 && list[PRICE_NEXT]->valid_from_s > c->durable.at_s &&
	    list[PRICE_NEXT]->valid_from_s < c->edge_s)
		c->edge_s = list[PRICE_NEXT]->valid_from_s;
}

static bool is_sound(const struct credit_mark *mark)
{
	return mark->wh >= 0 && mark->spent.fen >= 0 && mark->spent.fen <= money_most &&
	       mark->rest < RATE_REST_PER_FEN && mark->steps.step_used >= 0;
}

static void open_marks(struct credit *c, const struct flash *flash, uint32_t now_ms)
{
	uint8_t payload[MARK_SIZE];
	struct credit_mark *mark = &c->durable;
	enum err err = flog_open(&c->marks, flash, &marks_layout, now_ms, payload);

	if (err == ERR_NOT_FOUND)
		return;
	c->failed = c->failed || err;
	mark->wh = (int64_t)get_le64(payload + MARK_WH);
	mark->at_s = get_le32(payload + MARK_AT);
	mark->spent = money_fen((int64_t)get_le64(payload + MARK_SPENT));
	mark->rest = get_le32(payload + MARK_REST);
	mark->steps.step_used = (int64_t)get_le64(payload + MARK_STEP_USED);
	mark->steps.step_settled_s = (int64_t)get_le64(payload + MARK_STEP_SETTLED);
	c->marked = is_sound(mark);
	if (!c->marked)
		memset(mark, 0, sizeof *mark);
	if (payload[MARK_STATE] < BALANCE_CUT)
		c->memory.state = (enum balance_state)payload[MARK_STATE];
	c->memory.told = payload[MARK_TOLD];
}

static enum err store_mark(struct credit *c, const struct credit_mark *mark, uint32_t uptime_s,
                           uint32_t now_ms)
{
	uint8_t payload[MARK_SIZE];
	enum err err;

	put_le64(payload + MARK_WH, (uint64_t)mark->wh);
	put_le32(payload + MARK_AT, mark->at_s);
	put_le64(payload + MARK_SPENT, (uint64_t)mark->spent.fen);
	put_le32(payload + MARK_REST, (uint32_t)mark->rest);
	put_le64(payload + MARK_STEP_USED, (uint64_t)mark->steps.step_used);
	put_le64(payload + MARK_STEP_SETTLED, (uint64_t)mark->steps.step_settled_s);
	payload[MARK_STATE] = (uint8_t)c->memory.state;
	payload[MARK_TOLD] = c->memory.told;
	err = flog_append(&c->marks, payload, now_ms);
	c->failed = err != ERR_NONE;
	c->stored_s = uptime_s;
	if (err)
		return err;
	c->durable = c->now = *mark;
	c->marked = true;
	c->wallet->purse.spent = mark->spent;
	find_edge(c);
	return ERR_NONE;
}

void credit_open(struct credit *c, const struct flash *flash, struct wallet *wallet, bool cut,
                 uint32_t now_ms)
{
	memset(c, 0, sizeof *c);
	c->wallet = wallet;
	open_settings(c, flash, now_ms);
	open_marks(c, flash, now_ms);
	/* The purse's record tells what was spent when money came last: a lost log of marks gives no more back. */
	if (money_cmp(c->durable.spent, wallet->purse.spent) < 0)
		c->durable.spent = wallet->purse.spent;
	wallet->purse.spent = c->durable.spent;
	c->now = c->durable;
	if (cut)
		c->memory.state = BALANCE_CUT;
	find_edge(c);
}

/* ---- charging ---- */

bool credit_active(const struct credit *c)
{
	return c->limits.flags & CREDIT_SPENDS && c->prices.names.page[PRICE_NOW];
}

/* 2 GWh at 4 x 1000 yuan stay within 64 bits. */
static void add_piece(void *arg, const struct rate_piece *piece)
{
	int64_t *sum = arg;

	for (unsigned i = 0; i < piece->line_count; i++)
		*sum += piece->charge[i];
}

/* What lies between two instants, at the prices of that time. False: nothing can be said of it. */
static bool charge(const struct credit *c, struct credit_mark *mark, int64_t from_s, int64_t to_s,
                   int64_t used)
{
	const struct plan *list[PRICE_VERSIONS];
	unsigned count = prices_list(&c->prices, list);
	int64_t sum = 0;
	struct money fen;

	/* What flowed before the first price holds waits for it. */
	if (list[PRICE_NOW]->valid_from_s > from_s)
		from_s = list[PRICE_NOW]->valid_from_s;
	if (to_s - from_s > CREDIT_SPAN_S)
		from_s = to_s - CREDIT_SPAN_S;
	if (to_s <= from_s)
		return false;
	return rate_interval(list, count, &mark->steps, NULL, 0, from_s, to_s, used, add_piece,
	                     &sum) == ERR_NONE &&
	       rate_post(&mark->rest, sum, &fen) == ERR_NONE &&
	       money_add(mark->spent, fen, &mark->spent);
}

/* Up to now, from what is durable. */
static void bring_up(struct credit *c, const struct credit_now *now)
{
	struct credit_mark next = c->durable;
	int64_t from_s = next.at_s, to_s = now->at_s;

	/* The total fell: its newest part went with a module that was replaced. It was charged, what flows now is
	 * new. Or a record is not ours: nobody uses 2 GWh through this contact. */
	if (now->wh < next.wh || now->wh - next.wh > INT32_MAX)
		next.wh = now->wh;
	if (to_s == 0) {
		/* No clock: the price of the record holds, and flash waits until the time is known. */
		to_s = from_s + (int64_t)now->uptime_s + 1;
		if (to_s > c->edge_s)
			to_s = c->edge_s;
	} else if (to_s <= from_s) {
		if (from_s - to_s <= (int64_t)CREDIT_BACK_S)
			return;
		from_s = to_s - 1; /* the clock was far ahead: it is now's use */
	}
	if (!charge(c, &next, from_s, to_s, now->wh - next.wh))
		return;
	next.wh = now->wh;
	next.at_s = (uint32_t)to_s;
	c->now = next;
	c->wallet->purse.spent = next.spent;
}

/* Without a mark charging begins here. */
static void first_mark(struct credit *c, const struct credit_now *now)
{
	if (c->marked || now->at_s == 0)
		return;
	c->durable.wh = now->wh;
	c->durable.at_s = now->at_s;
	if (store_mark(c, &c->durable, now->uptime_s, now->now_ms) != ERR_NONE)
		c->marked = false;
}

static bool is_due(const struct credit *c, const struct credit_now *now)
{
	if (now->at_s == 0 || c->now.at_s == c->durable.at_s)
		return false;
	return c->now.at_s >= c->edge_s ||
	       (c->now.wh != c->durable.wh && now->uptime_s - c->stored_s >= CREDIT_STORE_S);
}

bool credit_poll(struct credit *c, const struct credit_now *now)
{
	flog_poll(&c->settings, now->now_ms);
	flog_poll(&c->marks, now->now_ms);
	if (now->uptime_s == c->looked_s)
		return false;
	c->looked_s = now->uptime_s;
	if (!credit_active(c) || !now->wh_known)
		return false;
	first_mark(c, now);
	if (!c->marked)
		return false;
	bring_up(c, now);
	if (is_due(c, now) && store_mark(c, &c->now, now->uptime_s, now->now_ms) != ERR_NONE)
		c->edge_s = INT64_MAX; /* not each second: after a quarter of an hour again */
	return true;
}

enum err credit_settle(struct credit *c, const struct credit_now *now)
{
	if (!credit_active(c) || !now->wh_known || !c->marked || now->at_s == 0)
		return ERR_NONE;
	bring_up(c, now);
	if (c->now.at_s == c->durable.at_s)
		return ERR_NONE;
	return store_mark(c, &c->now, now->uptime_s, now->now_ms);
}

/* ---- deciding ---- */

static struct balance_limits balance_limits(const struct credit_args *args)
{
	return (struct balance_limits){
	        .alarm1 = money_fen(args->alarm1_fen),
	        .alarm2 = money_fen(args->alarm2_fen),
	        .overdraft = money_fen(args->overdraft_fen),
	        .close = money_fen(args->close_fen),
	        .hoarding = money_fen(args->hoarding_fen),
	};
}

struct balance_verdict credit_judge(struct credit *c, const struct credit_now *now,
                                    struct balance_memory *memory)
{
	struct balance_limits limits = balance_limits(&c->limits);
	struct balance_now at = {.at_s = now->at_s,
	                         .balance = purse_balance(&c->wallet->purse),
	                         .fresh = true,
	                         .spared = now->spared,
	                         .recharged = c->bought,
	                         .cut_from_s = now->at_s,
	                         .cut_from_grace_s = now->at_s};

	*memory = c->memory;
	c->bought = false;
	return balance_step(&limits, memory, &at);
}

/* ---- commands ---- */

/* Another use of the meter begins: durable before the limits that belong to it. A cut between leaves the old limits, and
 * the command, when it comes again, begins the same. */
static enum err begin(struct credit *c, const struct credit_args *args,
                      const struct credit_now *now)
{
	const struct plan *list[PRICE_VERSIONS];
	const struct plan *plan = plan_at(list, prices_list(&c->prices, list), args->start_s);
	struct credit_mark mark = {.wh = args->start_wh,
	                           .at_s = args->start_s,
	                           .spent = money_fen(args->start_spent_fen)};

	if (now->wh_known && mark.wh > now->wh)
		mark.wh = now->wh;
	if (plan) {
		mark.steps.step_used = args->start_step_wh;
		mark.steps.step_settled_s = plan_settled_at(plan, args->start_s);
	}
	/* Cut supply comes back by the balance, also when that is somebody else's now. */
	if (c->memory.state != BALANCE_CUT)
		c->memory.state = BALANCE_GOOD;
	c->memory.told = 0;
	return store_mark(c, &mark, now->uptime_s, now->now_ms);
}

static enum command_reason take_limits(struct credit *c, const struct command *cmd,
                                       const uint8_t *mac, const struct credit_args *args,
                                       const struct credit_now *now)
{
	bool spends = args->flags & CREDIT_SPENDS;
	enum err err = ERR_NONE;

	if (!limits_sound(args))
		return REASON_BAD_ARGUMENTS;
	if (spends && args->start_s != c->limits.start_s)
		err = begin(c, args, now);
	else if (!spends)
		err = credit_settle(c, now);
	if (!err)
		err = store_settings(c, cmd->args, &c->prices.names, cmd->counter, mac,
		                     now->now_ms);
	return err ? REASON_STORE : REASON_NONE;
}

static enum command_reason take_price(struct credit *c, const struct command *cmd,
                                      const uint8_t *mac, const struct price_args *args,
                                      const struct credit_now *now)
{
	struct price_names names;
	enum command_reason reason;

	/* What has flowed is charged by what held until now. */
	if (credit_settle(c, now) != ERR_NONE)
		return REASON_STORE;
	reason = prices_commit(&c->prices, args, c->marked ? c->durable.at_s : now->at_s, &names);
	if (reason)
		return reason;
	if (store_settings(c, NULL, &names, cmd->counter, mac, now->now_ms) != ERR_NONE)
		return REASON_STORE;
	prices_open(&c->prices, c->prices.flash, &names);
	find_edge(c);
	return REASON_NONE;
}

static enum command_reason take_part(struct credit *c, const struct command *cmd,
                                     const uint8_t *mac, const struct price_args *args)
{
	enum command_reason reason = prices_part(&c->prices, args);

	if (reason)
		return reason;
	c->part_counter = cmd->counter;
	memcpy(c->part_mac, mac, sizeof c->part_mac);
	return REASON_NONE;
}

enum command_reason credit_command(struct credit *c, const struct command *cmd,
                                   const uint8_t mac[COMMAND_MAC_SIZE],
                                   const struct command_args *args, const struct credit_now *now)
{
	if (cmd->kind == COMMAND_PRICE_PART)
		return take_part(c, cmd, mac, &args->price);
	if (cmd->kind == COMMAND_PRICE)
		return take_price(c, cmd, mac, &args->price, now);
	return take_limits(c, cmd, mac, &args->credit, now);
}

static bool is_it(uint32_t known, const uint8_t *known_mac, uint32_t counter, const uint8_t *mac)
{
	return known == counter && memcmp(known_mac, mac, COMMAND_MAC_SIZE) == 0;
}

bool credit_knows(const struct credit *c, uint32_t counter, const uint8_t mac[COMMAND_MAC_SIZE])
{
	return is_it(c->counter, c->mac, counter, mac) ||
	       is_it(c->part_counter, c->part_mac, counter, mac);
}

struct result_credit credit_tell(const struct credit *c, uint32_t at_s)
{
	const struct plan *list[PRICE_VERSIONS];
	unsigned count = prices_list(&c->prices, list);
	const struct plan *plan = plan_at(list, count, at_s);
	const struct plan *next = count && plan != list[count - 1] ? list[count - 1] : NULL;

	return (struct result_credit){.price = plan ? plan->version : 0,
	                              .next = next ? next->version : 0,
	                              .limits = c->limits.version};
}
