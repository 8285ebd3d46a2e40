#include "libs/proto/uplink_columns.h"

#include <pb_decode.h>
#include <pb_encode.h>
#include <string.h>

/* A packed column is length-delimited, so the callback takes it whole and one loop resolves it:
 * four times faster than nanopb's call for each element (bench/, "batch decode"). */

static void set_callbacks(wattle_Readings *m, pb_callback_t cb)
{
	m->meter = m->run = m->time_s = m->voltage_dv = m->current_ma = m->power_dw = cb;
	m->pf_permille = m->frequency_chz = m->energy_wh = m->state = m->quality = cb;
}

/* ---- decoding ---- */

static bool take_column(pb_istream_t *s, const pb_field_t *field, void **arg)
{
	struct columns_raw *raw = *arg;
	size_t len = s->bytes_left;
	uint8_t *to;

	if (raw->column[field->tag].bytes) { /* in two pieces, or not packed */
		raw->err = ERR_BAD_INPUT;
		return false;
	}
	to = arena_take(raw->arena, len, 1);
	if (!to) {
		raw->err = ERR_NOMEM;
		return false;
	}
	raw->column[field->tag].bytes = to;
	raw->column[field->tag].len = len;
	return pb_read(s, to, len);
}

void columns_expect(wattle_Readings *msg, struct columns_raw *raw, struct arena *arena)
{
	memset(raw, 0, sizeof *raw);
	raw->arena = arena;
	set_callbacks(msg, (pb_callback_t){.funcs.decode = take_column, .arg = raw});
}

/* The position behind the varint, or NULL when the bytes end first or it has more than 64 bits. */
static const uint8_t *get_varint(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
	uint64_t value = 0;

	for (unsigned shift = 0; p < end; shift += 7) {
		uint8_t byte = *p++;

		if (shift == 63 && byte > 1) /* so it ends here at the latest */
			return NULL;
		value |= (uint64_t)(byte & 0x7F) << shift;
		if (byte < 0x80) {
			*v = value;
			return p;
		}
	}
	return NULL;
}

/* Nine of ten differences are one byte. */
static inline const uint8_t *next_varint(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
	if (*p < 0x80) {
		*v = *p;
		return p + 1;
	}
	return get_varint(p, end, v);
}

static inline int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* One column, resolved. A loop of its own for each type: this is where the time goes. `overflow`
 * gathers what does not fit instead of leaving the loop. */
#define DEFINE_COLUMN(name, type, is_difference)                                                   \
	static enum err name(const struct columns_raw *raw, unsigned column, uint32_t count,       \
	                     type **out)                                                           \
	{                                                                                          \
		const uint8_t *p = raw->column[column].bytes, *end;                                \
		type *v = arena_take(raw->arena, count, sizeof *v);                                \
		bool overflow = false;                                                             \
		int64_t value = 0;                                                                 \
		uint64_t entry;                                                                    \
		uint32_t i;                                                                        \
                                                                                                   \
		*out = v;                                                                          \
		if (!v)                                                                            \
			return ERR_NOMEM;                                                          \
		if (raw->column[column].len == 0) {                                                \
			memset(v, 0, count * sizeof *v);                                           \
			return ERR_NONE;                                                           \
		}                                                                                  \
		end = p + raw->column[column].len;                                                 \
		for (i = 0; i < count && p < end; i++) {                                           \
			p = next_varint(p, end, &entry);                                           \
			if (!p)                                                                    \
				return ERR_BAD_INPUT;                                              \
			if (is_difference)                                                         \
				overflow |=                                                        \
				        __builtin_add_overflow(value, unzigzag(entry), &value);    \
			else                                                                       \
				value = (int64_t)entry;                                            \
			v[i] = (type)value;                                                        \
			overflow |= (int64_t)v[i] != value;                                        \
		}                                                                                  \
		if (i == 1) /* one entry: the same in all rows */                                  \
			for (; i < count; i++)                                                     \
				v[i] = v[0];                                                       \
		if (i != count || p != end)                                                        \
			return ERR_BAD_INPUT;                                                      \
		return overflow ? ERR_RANGE : ERR_NONE;                                            \
	}

DEFINE_COLUMN(column_i64, int64_t, true)
DEFINE_COLUMN(column_i32, int32_t, true)
DEFINE_COLUMN(column_u32, uint32_t, false)

/* How many entries a packed column has: bytes without the continuation bit. */
static uint32_t entries(const struct columns_raw *raw, unsigned column)
{
	uint32_t n = 0;

	for (size_t i = 0; i < raw->column[column].len; i++)
		n += raw->column[column].bytes[i] < 0x80;
	return n;
}

static enum err resolve_runs(const struct columns_raw *raw, struct readings *t)
{
	uint64_t rows = 0;
	enum err err;

	t->runs = entries(raw, COLUMN_METER);
	if (t->runs == 0 || t->runs > t->count)
		return ERR_BAD_INPUT;
	err = column_i64(raw, COLUMN_METER, t->runs, &t->run_meter);
	if (!err)
		err = column_u32(raw, COLUMN_RUN, t->runs, &t->run_len);
	if (err)
		return err;
	for (uint32_t i = 0; i < t->runs; i++) {
		if (t->run_len[i] == 0)
			return ERR_BAD_INPUT;
		rows += t->run_len[i];
		if (t->run_meter[i] < 1 || t->run_meter[i] > UPLINK_METER_LAST)
			return ERR_RANGE;
		if (i > 0 && t->run_meter[i] <= t->run_meter[i - 1])
			return ERR_SEQUENCE;
	}
	return rows == t->count ? ERR_NONE : ERR_BAD_INPUT;
}

/* Within a run time never goes back. */
static enum err resolve_times(const struct columns_raw *raw, struct readings *t)
{
	enum err err = column_i64(raw, COLUMN_TIME, t->count, &t->time_s);
	const int64_t *at = t->time_s;

	if (err)
		return err;
	for (uint32_t run = 0; run < t->runs; at += t->run_len[run++])
		for (uint32_t i = 1; i < t->run_len[run]; i++)
			if (at[i] < at[i - 1])
				return ERR_SEQUENCE;
	return ERR_NONE;
}

enum err columns_resolve(const struct columns_raw *raw, uint32_t count, struct readings *t)
{
	static const uint32_t needed =
	        COLUMN_BIT(COLUMN_METER) | COLUMN_BIT(COLUMN_RUN) | COLUMN_BIT(COLUMN_TIME);
	enum err err;

	memset(t, 0, sizeof *t);
	for (unsigned i = 0; i < COLUMN_END; i++)
		if (raw->column[i].len > 0)
			t->has |= COLUMN_BIT(i);
	if (count > UPLINK_ROWS_MAX)
		return ERR_TOO_LONG;
	t->count = count;
	if (count == 0 || (t->has & needed) != needed)
		return ERR_BAD_INPUT;
	err = resolve_runs(raw, t);
	if (!err)
		err = resolve_times(raw, t);
	if (!err)
		err = column_i32(raw, COLUMN_VOLTAGE, count, &t->voltage_dv);
	if (!err)
		err = column_i32(raw, COLUMN_CURRENT, count, &t->current_ma);
	if (!err)
		err = column_i32(raw, COLUMN_POWER, count, &t->power_dw);
	if (!err)
		err = column_i32(raw, COLUMN_PF, count, &t->pf_permille);
	if (!err)
		err = column_i32(raw, COLUMN_FREQUENCY, count, &t->frequency_chz);
	if (!err)
		err = column_i64(raw, COLUMN_ENERGY, count, &t->energy_wh);
	if (!err)
		err = column_u32(raw, COLUMN_STATE, count, &t->state);
	if (!err)
		err = column_u32(raw, COLUMN_QUALITY, count, &t->quality);
	return err;
}

/* ---- rows ---- */

struct reading readings_row(const struct readings *t, uint32_t run, uint32_t i)
{
	return (struct reading){
	        .meter = t->run_meter[run],
	        .time_s = t->time_s[i],
	        .energy_wh = t->energy_wh[i],
	        .voltage_dv = t->voltage_dv[i],
	        .current_ma = t->current_ma[i],
	        .power_dw = t->power_dw[i],
	        .pf_permille = t->pf_permille[i],
	        .frequency_chz = t->frequency_chz[i],
	        .state = t->state[i],
	        .quality = t->quality[i],
	};
}

static bool take_all(struct arena *arena, size_t n, struct readings *t)
{
	t->run_meter = arena_take(arena, n, sizeof *t->run_meter);
	t->run_len = arena_take(arena, n, sizeof *t->run_len);
	t->time_s = arena_take(arena, n, sizeof *t->time_s);
	t->voltage_dv = arena_take(arena, n, sizeof *t->voltage_dv);
	t->current_ma = arena_take(arena, n, sizeof *t->current_ma);
	t->power_dw = arena_take(arena, n, sizeof *t->power_dw);
	t->pf_permille = arena_take(arena, n, sizeof *t->pf_permille);
	t->frequency_chz = arena_take(arena, n, sizeof *t->frequency_chz);
	t->energy_wh = arena_take(arena, n, sizeof *t->energy_wh);
	t->state = arena_take(arena, n, sizeof *t->state);
	t->quality = arena_take(arena, n, sizeof *t->quality);
	return t->run_meter && t->run_len && t->time_s && t->voltage_dv && t->current_ma &&
	       t->power_dw && t->pf_permille && t->frequency_chz && t->energy_wh && t->state &&
	       t->quality;
}

static void put_row(struct readings *t, uint32_t i, const struct reading *r)
{
	t->time_s[i] = r->time_s;
	t->voltage_dv[i] = r->voltage_dv;
	t->current_ma[i] = r->current_ma;
	t->power_dw[i] = r->power_dw;
	t->pf_permille[i] = r->pf_permille;
	t->frequency_chz[i] = r->frequency_chz;
	t->energy_wh[i] = r->energy_wh;
	t->state[i] = r->state;
	t->quality[i] = r->quality;
}

static enum err check_order(const struct reading *before, const struct reading *r)
{
	if (r->meter < 1 || r->meter > UPLINK_METER_LAST)
		return ERR_RANGE;
	if (!before || before->meter < r->meter)
		return ERR_NONE;
	return before->meter == r->meter && before->time_s <= r->time_s ? ERR_NONE : ERR_SEQUENCE;
}

enum err readings_from_rows(const struct reading *rows, size_t n, struct arena *arena,
                            struct readings *t)
{
	memset(t, 0, sizeof *t);
	if (n > UPLINK_ROWS_MAX)
		return ERR_TOO_LONG;
	if (!take_all(arena, n, t))
		return ERR_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		enum err err = check_order(i > 0 ? &rows[i - 1] : NULL, &rows[i]);

		if (err)
			return err;
		if (i == 0 || rows[i].meter != rows[i - 1].meter) {
			t->run_meter[t->runs] = rows[i].meter;
			t->run_len[t->runs++] = 0;
		}
		t->run_len[t->runs - 1]++;
		put_row(t, i, &rows[i]);
	}
	t->count = (uint32_t)n;
	t->has = COLUMNS_SINGLE_PHASE;
	return ERR_NONE;
}

/* ---- encoding ---- */

#define BLOCK 64 /* values handled at a time: a loop of its own for each column's type */

/* Values `from` .. `from + n - 1` of a column. */
static void gather(const struct readings *t, unsigned column, uint32_t from, uint32_t n,
                   int64_t block[BLOCK])
{
#define COPY(member)                                                                               \
	for (uint32_t i = 0; i < n; i++)                                                           \
		block[i] = t->member[from + i];                                                    \
	return

	switch ((enum readings_column)column) {
	case COLUMN_METER:
		COPY(run_meter);
	case COLUMN_RUN:
		COPY(run_len);
	case COLUMN_TIME:
		COPY(time_s);
	case COLUMN_VOLTAGE:
		COPY(voltage_dv);
	case COLUMN_CURRENT:
		COPY(current_ma);
	case COLUMN_POWER:
		COPY(power_dw);
	case COLUMN_PF:
		COPY(pf_permille);
	case COLUMN_FREQUENCY:
		COPY(frequency_chz);
	case COLUMN_ENERGY:
		COPY(energy_wh);
	case COLUMN_STATE:
		COPY(state);
	case COLUMN_QUALITY:
		COPY(quality);
	}
#undef COPY
}

static bool is_plain(unsigned column)
{
	return column == COLUMN_RUN || column == COLUMN_STATE || column == COLUMN_QUALITY;
}

/* A value as the wire has it: itself, or the zigzag difference to the one before. Differences wrap
 * like unsigned numbers; real values never get there. */
static inline uint64_t entry_from(int64_t value, bool plain, uint64_t *before)
{
	uint64_t difference = (uint64_t)value - *before;

	if (plain)
		return (uint64_t)value;
	*before = (uint64_t)value;
	return difference << 1 ^ (0 - (difference >> 63));
}

static size_t varint_size(uint64_t v)
{
	return v < 0x80 ? 1 : (70 - (size_t)__builtin_clzll(v)) / 7;
}

static size_t put_varint(uint8_t *to, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		to[n++] = (uint8_t)(v | 0x80);
	to[n++] = (uint8_t)v;
	return n;
}

/* How many entries a column needs (one when all rows agree), and how many bytes they take. */
static void measure(struct columns_out *out, unsigned column)
{
	const struct readings *t = out->table;
	uint32_t rows = column == COLUMN_METER || column == COLUMN_RUN ? t->runs : t->count;
	bool plain = is_plain(column), same = true;
	size_t all = 0, one = 0;
	uint64_t before = 0;
	int64_t first = 0, block[BLOCK];

	for (uint32_t from = 0; from < rows; from += BLOCK) {
		uint32_t n = rows - from < BLOCK ? rows - from : BLOCK;

		gather(t, column, from, n, block);
		if (from == 0)
			first = block[0];
		for (uint32_t i = 0; i < n; i++) {
			same &= block[i] == first;
			all += varint_size(entry_from(block[i], plain, &before));
			if (from + i == 0)
				one = all;
		}
	}
	out->entries[column] = same ? 1 : rows;
	out->bytes[column] = same ? one : all;
}

static bool put_entries(pb_ostream_t *s, const struct columns_out *out, unsigned column)
{
	uint32_t rows = out->entries[column];
	bool plain = is_plain(column);
	uint64_t before = 0;

	for (uint32_t from = 0; from < rows; from += BLOCK) {
		uint32_t n = rows - from < BLOCK ? rows - from : BLOCK;
		uint8_t packed[BLOCK * 10];
		int64_t block[BLOCK];
		size_t used = 0;

		gather(out->table, column, from, n, block);
		for (uint32_t i = 0; i < n; i++)
			used += put_varint(packed + used, entry_from(block[i], plain, &before));
		if (!pb_write(s, packed, used))
			return false;
	}
	return true;
}

/* nanopb asks twice for a submessage: first only for its size. */
static bool put_column(pb_ostream_t *s, const pb_field_t *field, void *const *arg)
{
	struct columns_out *out = *arg;
	unsigned column = field->tag;
	bool sizing = s->callback == NULL;

	if (!(out->table->has & COLUMN_BIT(column)))
		return true;
	if (sizing)
		measure(out, column);
	if (!pb_encode_tag(s, PB_WT_STRING, column) || !pb_encode_varint(s, out->bytes[column]))
		return false;
	return sizing ? pb_write(s, NULL, out->bytes[column]) : put_entries(s, out, column);
}

void columns_offer(wattle_Readings *msg, struct columns_out *out, const struct readings *table)
{
	out->table = table;
	msg->count = table->count;
	set_callbacks(msg, (pb_callback_t){.funcs.encode = put_column, .arg = out});
}
