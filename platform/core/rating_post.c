/* Days that are over: whole fen, who pays, and one posting for all meters of a batch. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"
#include "libs/base/time.h"
#include "libs/credit/month.h"
#include "platform/core/rating_parts.h"
#include "platform/store/chain.h"
#include "platform/store/ledger.h"

#define KEY_BYTES 16

/* ---- whole fen ---- */

static bool is_sorted(const struct rating_open *open)
{
	for (size_t i = 1; i < open->count; i++)
		if (charge_by_line(&open->charge[i - 1], &open->charge[i]) > 0)
			return false;
	return true;
}

static struct charge_rest *rest_of(struct billing *b, const struct charge_row *row)
{
	const struct charge_rest none = {.line = row->line, .version_id = row->version_id};

	for (size_t i = 0; i < b->open->rests; i++)
		if (b->open->rest[i].line == row->line &&
		    b->open->rest[i].version_id == row->version_id)
			return &b->open->rest[i];
	return rating_open_rest(b->open, &none);
}

enum err billing_amounts(struct billing *b, struct charge_row *rows, size_t count,
                         struct money sum[RATING_LINES])
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < count; i++) {
		struct charge_row *row = &rows[i];
		struct charge_rest *rest = rest_of(b, row);

		err = rest ? rate_post(&rest->rest, row->exact, &row->amount) : ERR_NOMEM;
		if (!err && !money_add(sum[row->line], row->amount, &sum[row->line]))
			err = ERR_OVERFLOW;
	}
	return err;
}

/* ---- the minimum of a month ---- */

struct main_summing {
	const struct billing *b;
	struct money sum;
	bool fits;
};

static bool add_main(void *arg, const struct charge_row *row)
{
	struct main_summing *s = arg;

	if (row->line == 0 && row->group_no != CHARGE_OPEN &&
	    row->use_from_s == s->b->row.use_from_s)
		s->fits = money_add(s->sum, row->amount, &s->sum);
	return s->fits;
}

enum err billing_main_sum(const struct billing *b, int64_t from_day, int64_t to_day,
                          struct money *sum)
{
	struct main_summing s = {.b = b, .sum = money_fen(0), .fits = true};
	const struct rating_batch *batch = b->batch;
	enum err err = charge_list(batch->tx->db, batch->property_id, b->row.meter, from_day,
	                           to_day, add_main, &s);

	for (size_t i = 0; s.fits && i < batch->days; i++)
		if (batch->day[i].meter == b->row.meter && batch->day[i].day >= from_day &&
		    batch->day[i].day < to_day)
			s.fits = money_add(s.sum, batch->day[i].sum[0], &s.sum);
	*sum = s.sum;
	return err ? err : s.fits ? ERR_NONE : ERR_OVERFLOW;
}

struct money billing_missing(const struct billing *b, const struct plan *plan, int64_t day,
                             struct money main)
{
	int64_t use_day = rating_day_of(b->batch, b->row.use_from_s - 1) + 1;
	unsigned index, days = rating_month_of(day, &index);
	int64_t first = use_day > day - index ? use_day : day - index;

	if (first > day)
		return money_fen(0); /* no day began in it */
	return month_shortfall(money_fen(plan->minimum_fen), main, (unsigned)(day + 1 - first),
	                       days);
}

/* The main line of a month is filled up to the plan's minimum, once: at the month's last day or when the
 * use ends. */
static enum err add_minimum(struct billing *b, int64_t day, bool last, struct money main)
{
	int64_t end_s = last ? b->row.billed_s : rating_day_start(b->batch, day + 1);
	const struct plan *plan = billing_plan_at(b, end_s - 1);
	unsigned index, days;
	struct money before;
	struct charge_row row;
	enum err err;

	if (!plan || !plan->minimum_fen)
		return ERR_NONE;
	days = rating_month_of(day, &index);
	if (!last && index + 1 < days)
		return ERR_NONE;
	err = billing_main_sum(b, day - index, day, &before);
	if (!err && !money_add(before, main, &main))
		err = ERR_OVERFLOW;
	if (err)
		return err;
	row = billing_whole_row(b, day, CHARGE_LINE_MINIMUM, plan,
	                        billing_missing(b, plan, day, main));
	if (row.exact)
		billing_add(b, &row);
	return b->err;
}

/* ---- a day that is over ---- */

static void on_paid(void *arg, const struct grant *grant, struct money taken)
{
	(void)arg;
	(void)grant;
	(void)taken; /* the grant's own remainder tells */
}

/* Of what a day cost, the part that money allowances pay: the rest is the account's. One that is given inside the
 * day pays for all of it, one that ends inside it for what began before. With credit in the meter its purse pays all;
 * allowances stand in the account's money. */
static enum err share(struct billing *b, struct rated_day *day, const struct charge_row *rows,
                      size_t count)
{
	int64_t start_s = rating_day_start(b->batch, day->day),
	        last_s = start_s + SECONDS_PER_DAY - 1;
	struct allowances *all = &b->allowances;
	struct money due = money_fen(0), paid = money_fen(0);

	for (size_t line = 0; line < RATING_LINES; line++)
		if (!money_add(due, day->sum[line], &due))
			return ERR_OVERFLOW;
	day->total = due;
	day->paid = b->row.credit == CREDIT_METER ? money_fen(0) : due;
	day->free = money_fen(0);
	if (!all->count || money_cmp(due, money_fen(0)) == 0)
		return ERR_NONE;
	if (last_s > b->row.billed_s)
		last_s = b->row.billed_s;
	allowances_grants(all, GRANT_MONEY, b->row.service);
	for (size_t i = 0; i < all->grant_count; i++)
		if (all->grant[i].from_s > start_s && all->grant[i].from_s <= last_s)
			all->grant[i].from_s = start_s;
	for (size_t i = 0; i < count; i++) {
		const struct money rest = grants_pay(all->grant, all->grant_count, rows[i].amount,
		                                     rows[i].from_s, on_paid, NULL);

		if (!money_add(paid, rest, &paid))
			return ERR_OVERFLOW;
	}
	day->paid = paid;
	allowances_take(all);
	return money_sub(due, day->paid, &day->free) ? ERR_NONE : ERR_OVERFLOW;
}

enum err billing_keep_day(struct billing *b, const struct rated_day *day,
                          const struct charge_row *rows, size_t count)
{
	struct rating_batch *batch = b->batch;
	struct rated_day *kept;

	if (batch->days == batch->day_room) {
		size_t room = batch->day_room ? batch->day_room * 2 : 64;

		kept = realloc(batch->day, room * sizeof *kept);
		if (!kept)
			return ERR_NOMEM;
		batch->day = kept;
		batch->day_room = room;
	}
	kept = &batch->day[batch->days++];
	*kept = *day;
	kept->first = batch->packed.len;
	charge_pack(&batch->packed, rows, count);
	kept->len = batch->packed.len - kept->first;
	return batch->packed.failed ? ERR_NOMEM : ERR_NONE;
}

/* Closes the rows of one day, which stand from `first` on. */
static enum err close_day(struct billing *b, int64_t at, size_t first, size_t *end, bool last)
{
	struct rated_day day = {.day = at,
	                        .meter = b->row.meter,
	                        .use_from_s = b->row.use_from_s,
	                        .account_id = b->row.account_id,
	                        .service = b->row.service,
	                        .credit = b->row.credit};
	size_t count = b->open->count;
	enum err err;

	for (*end = first; *end < count && b->open->charge[*end].day == at;)
		++*end;
	err = *end > first ? billing_amounts(b, &b->open->charge[first], *end - first, day.sum)
	                   : ERR_NONE;
	if (!err)
		err = add_minimum(b, at, last, day.sum[0]);
	if (!err && b->open->count > count) {
		/* It was added at the end; its place is behind those of its day. */
		struct charge_row row = b->open->charge[count], *place = &b->open->charge[*end];

		memmove(place + 1, place, (count - *end) * sizeof *place);
		*place = row;
		err = billing_amounts(b, place, 1, day.sum);
		++*end;
	}
	if (err || *end == first)
		return err;
	for (size_t i = first; i < *end; i++)
		b->row.accrued -= b->open->charge[i].exact;
	err = share(b, &day, &b->open->charge[first], *end - first);
	return err ? err : billing_keep_day(b, &day, &b->open->charge[first], *end - first);
}

enum err billing_close_days(struct billing *b, bool last)
{
	int64_t today = rating_day_of(b->batch, b->row.billed_s);
	struct rating_open *open = b->open;
	size_t at = 0;
	enum err err = ERR_NONE;

	if (!is_sorted(open))
		qsort(open->charge, open->count, sizeof *open->charge, charge_by_line);
	for (int64_t day = b->row.posted_day; !err && day < today + last; day++) {
		size_t end;

		err = close_day(b, day, at, &end, last && day == today);
		b->posted += end > at;
		at = end;
	}
	if (!err && at) {
		memmove(open->charge, open->charge + at, (open->count - at) * sizeof *open->charge);
		open->count -= at;
	}
	b->row.posted_day = today;
	return err ? err : allowances_store(b->batch->tx->db, &b->allowances);
}

/* ---- a posting for all of them ---- */

/* Accounts with their money and their allowances, and what was sold. */
#define GROUP_DAYS ((LEDGER_ENTRIES_MAX - RATING_SERVICES * RATING_LINES) / 2)

static int order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* What is posted together: a day, or corrections of one posting of it. */
static int by_group(const struct rated_day *x, const struct rated_day *y)
{
	if ((x->to_s != 0) != (y->to_s != 0))
		return x->to_s != 0 ? 1 : -1;
	return x->day != y->day ? order(x->day, y->day) : order(x->refers, y->refers);
}

static int by_use(const struct rated_day *x, const struct rated_day *y)
{
	if (x->meter != y->meter)
		return order(x->meter, y->meter);
	return x->use_from_s != y->use_from_s ? order(x->use_from_s, y->use_from_s)
	                                      : order(x->to_s, y->to_s);
}

static int by_account(const void *a, const void *b)
{
	const struct rated_day *x = a, *y = b;
	int group = by_group(x, y);

	if (group)
		return group;
	return x->account_id != y->account_id ? order(x->account_id, y->account_id) : by_use(x, y);
}

/* As the rows stand in their tables, corrections behind the days. */
static int by_meter(const void *a, const void *b)
{
	const struct rated_day *x = a, *y = b;

	if ((x->to_s != 0) != (y->to_s != 0))
		return x->to_s != 0 ? 1 : -1;
	return x->day != y->day ? order(x->day, y->day) : by_use(x, y);
}

/* Often they stand in order already: they come by meter, and accounts were opened in that order. */
static void sort_days(struct rating_batch *batch, int (*order_of)(const void *, const void *))
{
	size_t sorted = 1;

	while (sorted < batch->days && order_of(&batch->day[sorted - 1], &batch->day[sorted]) <= 0)
		sorted++;
	if (sorted < batch->days)
		qsort(batch->day, batch->days, sizeof *batch->day, order_of);
}

/* One entry of each account, whatever number of its meters there are. */
static enum err add_accounts(const struct rated_day *day, size_t count, enum ledger_account account,
                             struct ledger_entry *entries, size_t *used)
{
	for (size_t i = 0, next; i < count; i = next) {
		struct money sum = money_fen(0);

		for (next = i; next < count && day[next].account_id == day[i].account_id; next++)
			if (!money_sub(sum,
			               account == LEDGER_GRANT ? day[next].free : day[next].paid,
			               &sum))
				return ERR_OVERFLOW;
		if (money_cmp(sum, money_fen(0)) != 0)
			entries[(*used)++] = (struct ledger_entry){account, day[i].account_id, sum};
	}
	return ERR_NONE;
}

/* What is bought into a purse is used out of it. */
static void add_purses(const struct rated_day *day, size_t count, struct ledger_entry *entries,
                       size_t *used)
{
	for (size_t i = 0; i < count; i++) {
		struct ledger_entry *entry = &entries[*used];

		if (day[i].credit == CREDIT_METER && money_cmp(day[i].total, money_fen(0)) != 0 &&
		    money_sub(money_fen(0), day[i].total, &entry->amount)) {
			entry->account = LEDGER_METER;
			entry->subject = day[i].meter;
			++*used;
		}
	}
}

static enum err add_sales(const struct rated_day *day, size_t count, struct ledger_entry *entries,
                          size_t *used)
{
	struct money sold[RATING_SERVICES][RATING_LINES] = {{{0}}};

	for (size_t i = 0; i < count; i++)
		for (size_t line = 0; line < RATING_LINES; line++) {
			struct money *sum = &sold[day[i].service][line];

			if (!money_add(*sum, day[i].sum[line], sum))
				return ERR_OVERFLOW;
		}
	for (int64_t service = 0; service < RATING_SERVICES; service++)
		for (int64_t line = 0; line < RATING_LINES; line++)
			if (money_cmp(sold[service][line], money_fen(0)) != 0)
				entries[(*used)++] = (struct ledger_entry){
				        LEDGER_SALES, service * 10 + line, sold[service][line]};
	return ERR_NONE;
}

/* The same meters' days have the same key, and no others have; a correction's interval is corrected once. */
static void make_key(const struct rated_day *day, size_t count, char key[LEDGER_KEY_SIZE])
{
	uint8_t digest[SHA256_SIZE];
	struct sha256 hash;
	char hex[2 * KEY_BYTES + 1];

	sha256_init(&hash);
	for (size_t i = 0; i < count; i++) {
		const int64_t numbers[] = {day[i].meter, day[i].use_from_s, day[i].from_s,
		                           day[i].to_s};

		chain_numbers(&hash, numbers, day[i].to_s ? 4 : 2);
	}
	sha256_final(&hash, digest);
	hex_encode(digest, KEY_BYTES, hex);
	snprintf(key, LEDGER_KEY_SIZE, "%s:%" PRId64 ":%s", day->to_s ? "correct" : "charge",
	         day->day, hex);
}

#define REASON_SIZE 48

/* A closed day stays as it was told: what comes later is of today, and names it; so is each correction. */
static void date_group(const struct rating_batch *batch, struct ledger_group *group,
                       bool correction, char *reason)
{
	int64_t today = rating_day_of(batch, batch->now_ms / 1000);
	struct civil date;

	if (!correction && group->day > batch->closed_day)
		return;
	date_from_days(group->day, &date);
	snprintf(reason, REASON_SIZE, "%s %04d-%02u-%02u", correction ? "late readings of" : "day",
	         (int)date.year, (unsigned)date.month, (unsigned)date.day);
	group->day = today > batch->closed_day ? today : batch->closed_day + 1;
}

static bool is_money(const struct rated_day *day)
{
	for (size_t line = 0; line < RATING_LINES; line++)
		if (money_cmp(day->sum[line], money_fen(0)) != 0)
			return true;
	return false;
}

/* Days of one date, by account. */
static enum err post_group(struct rating_batch *batch, struct rated_day *day, size_t count)
{
	struct ledger_entry *entries = malloc(LEDGER_ENTRIES_MAX * sizeof *entries);
	char key[LEDGER_KEY_SIZE], reason[REASON_SIZE] = "";
	struct ledger_group group = {.property_id = batch->property_id,
	                             .key = key,
	                             .kind = "charge",
	                             .at_ms = batch->now_ms,
	                             .day = day->day,
	                             .refers = day->refers,
	                             .who = "rating",
	                             .reason = reason,
	                             .entries = entries};
	enum err err = entries ? ERR_NONE : ERR_NOMEM;

	if (!err)
		err = add_accounts(day, count, LEDGER_ACCOUNT, entries, &group.count);
	if (!err)
		err = add_accounts(day, count, LEDGER_GRANT, entries, &group.count);
	if (!err)
		add_purses(day, count, entries, &group.count);
	if (!err)
		err = add_sales(day, count, entries, &group.count);
	if (!err && group.count) {
		make_key(day, count, key);
		date_group(batch, &group, day->to_s != 0, reason);
		err = ledger_post(batch->tx->db, &group);
		if (err == ERR_DUP)
			err = ERR_NONE;
	}
	free(entries);
	for (size_t i = 0; i < count; i++)
		day[i].group_no = is_money(&day[i]) ? group.group_no : CHARGE_FREE;
	return err;
}

static struct charge_day row_of(const struct rating_batch *batch, const struct rated_day *day)
{
	return (struct charge_day){.day = day->day,
	                           .meter = day->meter,
	                           .use_from_s = day->use_from_s,
	                           .account_id = day->account_id,
	                           .group_no = day->group_no,
	                           .amount = day->total,
	                           .packed = batch->packed.data + day->first,
	                           .len = day->len};
}

static enum err insert_rows(struct rating_batch *batch)
{
	struct charge_day *days = malloc(batch->days * sizeof *days);
	size_t count = 0;
	enum err err;

	if (!days)
		return ERR_NOMEM;
	sort_days(batch, by_meter);
	for (; count < batch->days && !batch->day[count].to_s; count++)
		days[count] = row_of(batch, &batch->day[count]);
	err = charge_days_insert(batch->tx->db, batch->property_id, days, count);
	free(days);
	for (size_t i = count; !err && i < batch->days; i++) {
		const struct rated_day *day = &batch->day[i];
		const struct charge_correction row = {row_of(batch, day), day->from_s, day->to_s};

		err = charge_correction_insert(batch->tx->db, batch->property_id, &row);
	}
	return err;
}

enum err rating_batch_post(struct rating_batch *batch)
{
	enum err err = ERR_NONE;

	if (batch->days == 0)
		return ERR_NONE;
	sort_days(batch, by_account);
	for (size_t first = 0, end; !err && first < batch->days; first = end) {
		for (end = first; end < batch->days && end - first < GROUP_DAYS; end++)
			if (by_group(&batch->day[end], &batch->day[first]) != 0)
				break;
		err = post_group(batch, &batch->day[first], end - first);
	}
	return err ? err : insert_rows(batch);
}
