/* The last look, when everything is quiet: what the store holds against what the oracle saw. */
#include "sim/world/divide_audit.h"
#include "sim/world/oracle_state.h"
#include "sim/world/server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/proto/meter.h"
#include "libs/proto/uplink.h"
#include "platform/core/clock.h"
#include "platform/store/audit.h"
#include "platform/store/info.h"
#include "platform/store/ledger.h"

#define FILES_MAX 512
#define COMMANDS  100000
#define OLD_MS    120000 /* a command has ended by then; money makes new ones also when it is quiet */

struct series {
	struct seen_row *row;
	size_t n, room;
};

struct look {
	struct world *w;
	struct series series[METERS];
	uint8_t *memory;
	uint64_t damaged;
	unsigned unit;
};

/* ---- readings ---- */

static void keep_row(struct look *look, const struct reading *r)
{
	int64_t n = r->meter - METER_FIRST;
	struct series *s;

	if (n < 0 || n >= METERS) {
		world_broken(look->w, "I10", "a reading of meter %lld", (long long)r->meter);
		return;
	}
	s = &look->series[n];
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 256;
		s->row = realloc(s->row, s->room * sizeof *s->row);
		assert(s->row != NULL);
	}
	s->row[s->n++] = (struct seen_row){
	        .time_s = r->time_s, .energy_wh = r->energy_wh, .quality = r->quality};
}

static void keep_rows(struct look *look, const struct readings *table)
{
	uint32_t at = 0;

	for (uint32_t run = 0; run < table->runs; run++)
		for (uint32_t end = at + table->run_len[run]; at < end; at++) {
			struct reading r = readings_row(table, run, at);

			keep_row(look, &r);
		}
}

static bool on_batch(void *arg, const struct batch_row *row)
{
	struct look *look = arg;
	struct world *w = look->w;
	unsigned box = (unsigned)row->gateway_id - 1;
	struct made *made = oracle_made(w, box, row->boot, row->seq);
	struct uplink up;
	struct arena arena;

	if (made && made->boot) {
		if (made->stored)
			world_broken(
			        w, "I10",
			        "batch %llx %llu of gateway %u is stored twice: %lld row %lld and %lld row %lld",
			        (unsigned long long)row->boot, (unsigned long long)row->seq, box,
			        (long long)made->file, (long long)made->row, (long long)row->file,
			        (long long)row->rowid);
		if (made->durable && made->hash != world_hash(0, row->body, row->body_len))
			world_broken(w, "I10", "batch %llx %llu of gateway %u is stored otherwise",
			             (unsigned long long)row->boot, (unsigned long long)row->seq,
			             box);
		made->stored = true;
		made->file = row->file;
		made->row = row->rowid;
	}
	arena_init(&arena, look->memory, UPLINK_ARENA_SIZE);
	if (uplink_decode(row->body, row->body_len, &arena, &up)) {
		world_broken(w, "I10", "a batch is stored that nobody can read");
		return !w->failed;
	}
	/* Only results may be offered before they are durable at the gateway. */
	if ((!made || !made->durable) && (up.table_count || up.event_count))
		world_broken(w, "I9", "batch %llx %llu of gateway %u was never durable there",
		             (unsigned long long)row->boot, (unsigned long long)row->seq, box);
	for (size_t i = 0; i < up.table_count; i++)
		keep_rows(look, &up.table[i]);
	return !w->failed;
}

static void read_days(struct look *look)
{
	struct world *w = look->w;
	struct day_reader *reader;
	int64_t files[FILES_MAX];
	uint8_t hash_key[16];
	size_t n;

	if (info_hash_key(w->server->db, hash_key) ||
	    day_reader_open(&reader, SERVER_DIR, hash_key)) {
		world_broken(w, "I23", "the store cannot be read");
		return;
	}
	n = day_reader_list(reader, files, FILES_MAX);
	for (size_t i = 0; i < n && i < FILES_MAX && !w->failed; i++)
		if (day_reader_walk(reader, files[i], 0, on_batch, look, &look->damaged))
			world_broken(w, "I23", "a day file cannot be read");
	day_reader_close(reader);
	if (look->damaged)
		world_broken(w, "I23", "%llu damaged parts in day files",
		             (unsigned long long)look->damaged);
}

static void all_arrived(struct world *w)
{
	const struct oracle *o = w->oracle;

	for (size_t i = 0; i < o->room && !w->failed; i++)
		if (o->batch[i].boot && !o->batch[i].stored)
			world_broken(w, "I9", "batch %llx %llu of gateway %u is lost%s",
			             (unsigned long long)o->batch[i].boot,
			             (unsigned long long)o->batch[i].seq, o->batch[i].box,
			             o->batch[i].acked ? "; it was acknowledged" : "");
}

static int by_time(const void *a, const void *b)
{
	const struct seen_row *x = a, *y = b;

	if (x->time_s != y->time_s)
		return x->time_s < y->time_s ? -1 : 1;
	return x->energy_wh < y->energy_wh ? -1 : x->energy_wh > y->energy_wh;
}

static bool happened(const struct world *w, enum mishap kind)
{
	return w->faults.count[kind] > 0;
}

/* The terminal's total is stored each quarter of an hour, and between that the module's register remembers
 * it. A register that was cleared and a power cut before the next store take back what neither holds. */
static bool forgot(const struct world *w)
{
	uint64_t cuts = w->faults.count[FAULT_POWER_CUT];

	for (unsigned k = FAULT_FLASH_NOTHING; k <= FAULT_FLASH_MARGINAL; k++)
		cuts += w->faults.count[k];
	return happened(w, FAULT_SENSOR_CLEARED) && cuts > 0;
}

/* Clocks were moved: seconds may come again. */
static bool clocks_moved(const struct world *w)
{
	return happened(w, FAULT_GATEWAY_CLOCK) || happened(w, FAULT_PLATFORM_CLOCK) ||
	       happened(w, FAULT_REPLAY_DOWN) || happened(w, FAULT_LINK_LATE);
}

static void check_series(struct look *look, unsigned n)
{
	struct world *w = look->w;
	struct series *s = &look->series[n];
	int64_t flowed_wh = (int64_t)(w->oracle->flowed[n] / 10);

	qsort(s->row, s->n, sizeof *s->row, by_time);
	for (size_t i = 0; i < s->n && !w->failed; i++) {
		const struct seen_row *r = &s->row[i];

		if (r->energy_wh < 0 || r->energy_wh > flowed_wh)
			world_broken(w, "I16", "meter %u: %lld Wh, but only %lld flowed", n,
			             (long long)r->energy_wh, (long long)flowed_wh);
		if (i == 0 || clocks_moved(w))
			continue;
		/* After a start the total is the stored one until a register is believed: marked. */
		if ((r->quality | r[-1].quality) & METER_IMPLAUSIBLE)
			continue;
		if (r->time_s == r[-1].time_s)
			world_broken(w, "I10", "meter %u: two readings at %lld", n,
			             (long long)r->time_s);
		if (r->energy_wh < r[-1].energy_wh && !forgot(w) &&
		    (n < UNITS_MAX || !happened(w, FAULT_REGISTER_ANEW)))
			world_broken(w, "I13", "meter %u: energy runs back at %lld", n,
			             (long long)r->time_s);
	}
}

/* Nothing that it counted is lost, and nothing that flowed was not counted. */
static void check_counted(struct look *look, unsigned n)
{
	struct world *w = look->w;
	const struct series *s = &look->series[n];
	int64_t flowed_wh = (int64_t)(w->oracle->flowed[n] / 10), seen_wh = 0, seen_s = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->row[i].energy_wh > seen_wh)
			seen_wh = s->row[i].energy_wh;
		if (s->row[i].time_s > seen_s)
			seen_s = s->row[i].time_s;
	}
	if (s->n == 0 || world_wall_ms(w) / 1000 - seen_s > 90)
		world_broken(w, "I26", "meter %u is silent since %lld", n, (long long)seen_s);
	else if (!happened(w, FAULT_SENSOR_CLEARED) && !happened(w, FAULT_SENSOR_FROZEN) &&
	         !happened(w, FAULT_SENSOR_JUMP) && flowed_wh - seen_wh > 200)
		world_broken(w, "I13", "meter %u: %lld Wh flowed, %lld were counted", n,
		             (long long)flowed_wh, (long long)seen_wh);
}

/* ---- commands ---- */

/* What was refused for a reason that passes may be obeyed when it comes again, and a cut takes the answer. */
static bool was_cut(const struct world *w)
{
	uint64_t cuts = w->faults.count[FAULT_POWER_CUT];

	for (unsigned k = FAULT_FLASH_NOTHING; k <= FAULT_FLASH_MARGINAL; k++)
		cuts += w->faults.count[k];
	return cuts > 0;
}

static void on_command(void *arg, const struct command_row *row)
{
	struct look *look = arg;
	struct world *w = look->w;
	bool executed = oracle_executed(w, look->unit, row->counter);

	if (w->failed)
		return;
	world_note(w, "command %lld: kind %u counter %u: %s, reason %u", (long long)row->command_id,
	           row->kind, (unsigned)row->counter, stage_text(row->stage),
	           (unsigned)row->reason_code);
	/* After a jump of the platform's clock no command ends by it for ten minutes. */
	if (!stage_final(row->stage) && world_wall_ms(w) - row->created_ms > OLD_MS &&
	    !happened(w, FAULT_PLATFORM_CLOCK) &&
	    !(row->stage == STAGE_EXECUTED && row->kind == COMMAND_TIME))
		world_broken(w, "I26", "command %lld is still %s", (long long)row->command_id,
		             stage_text(row->stage));
	else if ((row->stage == STAGE_EXECUTED || row->stage == STAGE_VERIFIED) && !executed)
		world_broken(w, "I11", "command %lld is %s, but its terminal never obeyed it",
		             (long long)row->command_id, stage_text(row->stage));
	/* Not greater than the last one: a gateway whose disk was full forgets with the power, and asks once more. */
	else if (row->kind != COMMAND_TIME && row->stage == STAGE_REFUSED && executed &&
	         row->reason_code < 64 && row->reason_code != REASON_SUPERSEDED &&
	         row->reason_code != REASON_COUNTER && !was_cut(w))
		world_broken(w, "I11", "command %lld is refused (%u), but its terminal obeyed it",
		             (long long)row->command_id, (unsigned)row->reason_code);
}

/* ---- chains ---- */

static void on_chain(void *arg, int64_t property_id, int64_t group_id)
{
	struct look *look = arg;
	struct audit_proof proof;

	if (audit_verify(look->w->server->db, property_id, group_id, &proof))
		world_broken(look->w, "I20", "audit chain %lld/%lld breaks at line %lld",
		             (long long)property_id, (long long)group_id, (long long)proof.bad_id);
}

void oracle_audit(struct world *w)
{
	struct look look = {.w = w, .memory = malloc(UPLINK_ARENA_SIZE)};
	struct db *db = w->server->db;

	assert(look.memory != NULL);
	read_days(&look);
	if (!w->failed)
		all_arrived(w);
	/* As they arrived, before they are sorted. */
	for (unsigned i = 0; i < w->n_bought + w->n_spares && !w->failed; i += 2)
		divide_audit(w, METER_FIRST + UNITS_MAX + i, look.series[UNITS_MAX + i].row,
		             look.series[UNITS_MAX + i].n);
	for (unsigned i = 0; i < METERS && !w->failed; i++)
		check_series(&look, i);
	for (unsigned i = 0; i < w->n_terminals && !w->failed; i++)
		check_counted(&look, i);
	for (look.unit = 0; look.unit < w->n_terminals && !w->failed; look.unit++)
		if (command_list(db, 1, unit_meter(look.unit), 0, COMMANDS, on_command, &look))
			world_broken(w, "I23", "commands cannot be read");
	if (!w->failed && audit_chains(db, on_chain, &look))
		world_broken(w, "I23", "the audit cannot be read");
	if (!w->failed && db_check(db))
		world_broken(w, "I23", "the store fails its own check");
	for (unsigned i = 0; i < METERS; i++)
		free(look.series[i].row);
	free(look.memory);
}
