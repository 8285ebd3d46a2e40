#include "platform/store/supply.h"

#include <stdio.h>
#include <string.h>

#include "platform/store/info.h"

/* ---- words ---- */

#define WORD_OF(list, value) ((size_t)(value) < ARRAY_SIZE(list) ? (list)[value] : "")

static const char *const marks[] = {
        [MARK_NONE] = "",           [MARK_FIRE] = "fire-main", [MARK_MEDICAL] = "medical",
        [MARK_COLD] = "cold-chain", [MARK_OTHER] = "other",
};

const char *supply_mark_word(enum supply_mark mark)
{
	return WORD_OF(marks, mark);
}

bool supply_mark_parse(const char *word, enum supply_mark *mark)
{
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (strcmp(marks[i], word) == 0) {
			*mark = (enum supply_mark)i;
			return true;
		}
	return false;
}

const char *supply_want_word(enum supply_want want)
{
	static const char *const words[] = {"", "remind", "allow-close", "open", "close"};

	return WORD_OF(words, want);
}

const char *supply_reason_word(enum supply_reason reason)
{
	static const char *const words[] = {"",      "balance", "bill",   "alarm-2",
	                                    "money", "spared",  "person", "recall"};

	return WORD_OF(words, reason);
}

/* ---- what a property decides by ---- */

#define COLUMN(id, name, min, max, builtin)  ", " #name
#define BUILTIN(id, name, min, max, builtin) builtin,

static const int64_t builtin_rules[] = {SUPPLY_RULES(BUILTIN)};

enum err supply_rules_get(struct db *db, int64_t property_id, struct supply_rules *rules)
{
	struct stmt *st = db_query(db, "SELECT incident_ms, incident_by, incident_reason,"
	                               " version" SUPPLY_RULES(COLUMN) " FROM supply_rules"
	                                                               " WHERE property_id=?");

	memset(rules, 0, sizeof *rules);
	rules->property_id = property_id;
	memcpy(rules->value, builtin_rules, sizeof builtin_rules);
	bind_i64(st, property_id);
	if (stmt_row(st)) {
		rules->incident_ms = col_i64(st);
		col_text_to(st, rules->incident_by, sizeof rules->incident_by);
		col_text_to(st, rules->incident_reason, sizeof rules->incident_reason);
		rules->version = col_i64(st);
		for (size_t i = 0; i < SUPPLY_RULE_COUNT; i++) {
			int64_t value;

			rules->set[i] = !col_is_null(st);
			value = col_i64(st);
			if (rules->set[i])
				rules->value[i] = value;
		}
	}
	return stmt_end(st);
}

static void bind_rules(struct stmt *st, const struct supply_rules *rules)
{
	for (size_t i = 0; i < SUPPLY_RULE_COUNT; i++) {
		if (rules->set[i])
			bind_i64(st, rules->value[i]);
		else
			bind_null(st);
	}
	bind_i64(st, rules->incident_ms);
	bind_text(st, rules->incident_by);
	bind_text(st, rules->incident_reason);
}

#define MARK(id, name, min, max, builtin) "?,"
#define SET(id, name, min, max, builtin)  #name "=?, "

enum err supply_rules_put(struct db *db, struct supply_rules *rules)
{
	struct stmt *st;
	enum err err;

	if (rules->version == 0) {
		st = db_query(db, "INSERT INTO supply_rules(version, property_id" SUPPLY_RULES(
		                          COLUMN) ", incident_ms, incident_by, incident_reason)"
		                                  " VALUES(1,?," SUPPLY_RULES(MARK) "?,?,?)");
		bind_i64(st, rules->property_id);
		bind_rules(st, rules);
		err = stmt_run(st);
	} else {
		st = db_query(db, "UPDATE supply_rules SET " SUPPLY_RULES(
		                          SET) "incident_ms=?, incident_by=?, incident_reason=?,"
		                               " version=version+1"
		                               " WHERE property_id=? AND version=?");
		bind_rules(st, rules);
		bind_i64(st, rules->property_id);
		bind_i64(st, rules->version);
		err = stmt_run_one(st);
	}
	if (!err)
		rules->version++;
	return err;
}

/* ---- an account's memory ---- */

#define ACCOUNT_COLUMNS                                                                            \
	"state, told, reminded, cut_at_s, announced_s, not_before_s, episode, waits, cut_told,"    \
	" changed_s, again_s"

static void account_read(struct stmt *st, struct supply_account *row)
{
	row->memory.state = (enum balance_state)((uint64_t)col_i64(st) % BALANCE_STATES);
	row->memory.told = (uint8_t)col_i64(st);
	row->memory.reminded = col_i64(st);
	row->memory.cut_at_s = col_i64(st);
	row->announced_s = col_i64(st);
	row->not_before_s = col_i64(st);
	row->episode = col_i64(st);
	row->waits = col_i64(st);
	row->cut_told = col_i64(st);
	row->changed_s = col_i64(st);
	row->again_s = col_i64(st);
}

enum err supply_account_get(struct db *db, int64_t property_id, int64_t account_id,
                            struct supply_account *row)
{
	struct stmt *st = db_query(db, "SELECT " ACCOUNT_COLUMNS " FROM supply_account"
	                               " WHERE property_id=? AND account_id=?");

	*row = (struct supply_account){
	        .property_id = property_id, .account_id = account_id, .again_s = INT64_MAX};
	bind_i64(st, property_id);
	bind_i64(st, account_id);
	if (stmt_row(st))
		account_read(st, row);
	return stmt_end(st);
}

enum err supply_account_put(struct db *db, const struct supply_account *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO supply_account(" ACCOUNT_COLUMNS ", property_id, account_id)"
	            " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(property_id, account_id)"
	            " DO UPDATE SET state=excluded.state, told=excluded.told,"
	            " reminded=excluded.reminded, cut_at_s=excluded.cut_at_s,"
	            " announced_s=excluded.announced_s, not_before_s=excluded.not_before_s,"
	            " episode=excluded.episode, waits=excluded.waits, cut_told=excluded.cut_told,"
	            " changed_s=excluded.changed_s, again_s=excluded.again_s");

	bind_i64(st, row->memory.state);
	bind_i64(st, row->memory.told);
	bind_i64(st, row->memory.reminded);
	bind_i64(st, row->memory.cut_at_s);
	bind_i64(st, row->announced_s);
	bind_i64(st, row->not_before_s);
	bind_i64(st, row->episode);
	bind_i64(st, row->waits);
	bind_i64(st, row->cut_told);
	bind_i64(st, row->changed_s);
	bind_i64(st, row->again_s);
	bind_i64(st, row->property_id);
	bind_i64(st, row->account_id);
	return stmt_run(st);
}

enum err supply_account_delete(struct db *db, int64_t property_id, int64_t account_id)
{
	struct stmt *st =
	        db_query(db, "DELETE FROM supply_account WHERE property_id=? AND account_id=?");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	return stmt_run(st);
}

enum err supply_accounts_touch(struct db *db, int64_t group_id, int64_t property_id, int64_t now_s)
{
	struct stmt *st =
	        db_query(db, property_id ? "UPDATE supply_account SET again_s=? WHERE again_s>?"
	                                   " AND property_id=?"
	                                 : "UPDATE supply_account SET again_s=? WHERE again_s>?"
	                                   " AND property_id IN (SELECT property_id FROM property"
	                                   " WHERE group_id=?)");

	bind_i64(st, now_s);
	bind_i64(st, now_s);
	bind_i64(st, property_id ? property_id : group_id);
	return stmt_run(st);
}

static enum err take_due(struct stmt *st, int64_t now, size_t limit, struct supply_due *due,
                         size_t *count)
{
	bind_i64(st, now);
	bind_i64(st, (int64_t)limit);
	for (*count = 0; *count < limit && stmt_row(st); ++*count) {
		due[*count].property_id = col_i64(st);
		due[*count].id = col_i64(st);
	}
	return stmt_end(st);
}

enum err supply_accounts_due(struct db *db, int64_t now_s, size_t limit, struct supply_due *due,
                             size_t *count)
{
	return take_due(db_query(db, "SELECT property_id, account_id FROM supply_account"
	                             " WHERE again_s<=? ORDER BY again_s LIMIT ?"),
	                now_s, limit, due, count);
}

/* ---- a meter ---- */

#define METER_COLUMNS                                                                              \
	"property_id, meter, mode, mode_until_s, mode_s, mode_command_id, mode_by, mark,"          \
	" mark_reason, mark_by, mark_s, mark_version, opened, opened_ms, want, want_reason,"       \
	" want_ms, account_id, command_id, act_id, tries, due_ms, held_id"

static void meter_read(struct stmt *st, struct supply_meter *row)
{
	row->property_id = col_i64(st);
	row->meter = col_i64(st);
	row->mode = (enum supply_mode)col_i64(st);
	row->mode_until_s = col_i64(st);
	row->mode_s = col_i64(st);
	row->mode_command_id = col_i64(st);
	col_text_to(st, row->mode_by, sizeof row->mode_by);
	row->mark = (enum supply_mark)col_i64(st);
	col_text_to(st, row->mark_reason, sizeof row->mark_reason);
	col_text_to(st, row->mark_by, sizeof row->mark_by);
	row->mark_s = col_i64(st);
	row->mark_version = col_i64(st);
	row->opened = (enum supply_opened)col_i64(st);
	row->opened_ms = col_i64(st);
	row->want = (enum supply_want)col_i64(st);
	col_text_to(st, row->want_reason, sizeof row->want_reason);
	row->want_ms = col_i64(st);
	row->account_id = col_i64(st);
	row->command_id = col_i64(st);
	row->act_id = col_i64(st);
	row->tries = col_i64(st);
	row->due_ms = col_i64(st);
	row->held_id = col_i64(st);
}

enum err supply_meter_get(struct db *db, int64_t property_id, int64_t meter,
                          struct supply_meter *row)
{
	struct stmt *st = db_query(db, "SELECT " METER_COLUMNS " FROM supply_meter"
	                               " WHERE property_id=? AND meter=?");

	memset(row, 0, sizeof *row);
	bind_i64(st, property_id);
	bind_i64(st, meter);
	if (stmt_row(st))
		meter_read(st, row);
	row->property_id = property_id;
	row->meter = meter;
	return stmt_end(st);
}

enum err supply_meter_put(struct db *db, const struct supply_meter *row)
{
	struct stmt *st = db_query(
	        db,
	        "INSERT INTO supply_meter(" METER_COLUMNS ")"
	        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
	        " ON CONFLICT(property_id, meter) DO UPDATE SET mode=excluded.mode,"
	        " mode_until_s=excluded.mode_until_s, mode_s=excluded.mode_s,"
	        " mode_command_id=excluded.mode_command_id, mode_by=excluded.mode_by,"
	        " mark=excluded.mark, mark_reason=excluded.mark_reason, mark_by=excluded.mark_by,"
	        " mark_s=excluded.mark_s, mark_version=excluded.mark_version,"
	        " opened=excluded.opened, opened_ms=excluded.opened_ms, want=excluded.want,"
	        " want_reason=excluded.want_reason, want_ms=excluded.want_ms,"
	        " account_id=excluded.account_id, command_id=excluded.command_id,"
	        " act_id=excluded.act_id, tries=excluded.tries, due_ms=excluded.due_ms,"
	        " held_id=excluded.held_id");

	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->mode);
	bind_i64(st, row->mode_until_s);
	bind_i64(st, row->mode_s);
	bind_i64(st, row->mode_command_id);
	bind_text(st, row->mode_by);
	bind_i64(st, row->mark);
	bind_text(st, row->mark_reason);
	bind_text(st, row->mark_by);
	bind_i64(st, row->mark_s);
	bind_i64(st, row->mark_version);
	bind_i64(st, row->opened);
	bind_i64(st, row->opened_ms);
	bind_i64(st, row->want);
	bind_text(st, row->want_reason);
	bind_i64(st, row->want_ms);
	bind_i64(st, row->account_id);
	bind_i64(st, row->command_id);
	bind_i64(st, row->act_id);
	bind_i64(st, row->tries);
	bind_i64(st, row->due_ms);
	bind_i64(st, row->held_id);
	return stmt_run(st);
}

enum err supply_meters_due(struct db *db, int64_t now_ms, size_t limit, struct supply_due *due,
                           size_t *count)
{
	struct stmt *st =
	        db_query(db, "SELECT property_id, meter FROM supply_meter WHERE want<>0"
	                     " AND command_id=0 AND held_id<=0 AND (due_ms<=? OR due_ms>?)"
	                     " ORDER BY due_ms LIMIT ?");

	bind_i64(st, now_ms);
	return take_due(st, now_ms + SUPPLY_DUE_MOST_MS, limit, due, count);
}

enum err supply_keeps_over(struct db *db, int64_t now_s, size_t limit, struct supply_due *due,
                           size_t *count)
{
	return take_due(db_query(db, "SELECT property_id, meter FROM supply_meter WHERE mode=1"
	                             " AND mode_until_s>0 AND mode_until_s<=?"
	                             " ORDER BY mode_until_s LIMIT ?"),
	                now_s, limit, due, count);
}

static enum err each_meter(struct stmt *st, bool (*each)(void *arg, const struct supply_meter *),
                           void *arg)
{
	struct supply_meter row;

	while (stmt_row(st)) {
		meter_read(st, &row);
		if (!each(arg, &row))
			break;
	}
	return stmt_end(st);
}

enum err supply_opened_since(struct db *db, int64_t property_id, int64_t since_ms, int64_t after,
                             bool (*each)(void *arg, const struct supply_meter *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT " METER_COLUMNS " FROM supply_meter"
	                               " WHERE property_id=? AND meter>? AND opened<>0"
	                               " AND opened_ms>=? ORDER BY meter");

	bind_i64(st, property_id);
	bind_i64(st, after);
	bind_i64(st, since_ms);
	return each_meter(st, each, arg);
}

enum err supply_openings_given(struct db *db, int64_t property_id,
                               bool (*each)(void *arg, const struct supply_meter *), void *arg)
{
	/* 1 and 3: remind and open. */
	struct stmt *st = db_query(db, "SELECT " METER_COLUMNS " FROM supply_meter"
	                               " WHERE property_id=? AND want IN (1,3) AND command_id<>0"
	                               " ORDER BY meter");

	bind_i64(st, property_id);
	return each_meter(st, each, arg);
}
