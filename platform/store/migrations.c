#include "platform/store/migrations.h"

#include "platform/store/charge_move.h"
#include "platform/store/migration_texts.h"

const struct migration store_migrations[] = {
        {1,  migration_places,        NULL       },
        {2,  migration_commands,      NULL       },
        {3,  migration_records,       NULL       },
        {4,  migration_answers,       NULL       },
        {5,  migration_numbers,       NULL       },
        {6,  migration_people,        NULL       },
        {7,  migration_organisation,  NULL       },
        {8,  migration_sheets,        NULL       },
        {9,  migration_keys,          NULL       },
        {10, migration_approvals,     NULL       },
        {11, migration_persons,       NULL       },
        {12, migration_plans,         NULL       },
        {13, migration_gateways,      NULL       },
        {14, migration_batch_indexes, NULL       },
        {15, migration_signatures,    NULL       },
        {16, migration_webhooks,      NULL       },
        {17, migration_gateway_boots, NULL       },
        {18, migration_lease_rooms,   NULL       },
        {19, migration_ledger,        NULL       },
        {20, migration_webhook_keys,  NULL       },
        {21, migration_day_ranges,    NULL       },
        {22, migration_accounts,      NULL       },
        {23, migration_tariffs,       NULL       },
        {24, migration_charges,       NULL       },
        {25, migration_supply,        NULL       },
        {26, migration_messages,      NULL       },
        {27, migration_orders,        NULL       },
        {28, migration_payments,      NULL       },
        {29, migration_vending,       NULL       },
        {30, migration_purses,        NULL       },
        {31, migration_account_bills, NULL       },
        {32, migration_allowances,    NULL       },
        {33, migration_supply_limits, NULL       },
        {34, migration_purse_ways,    NULL       },
        {35, migration_rosters,       NULL       },
        {36, migration_reports,       NULL       },
        {37, migration_alarms,        NULL       },
        {38, migration_overview,      NULL       },
        {39, migration_open_commands, NULL       },
        {40, migration_calendar_past, NULL       },
        {41, migration_charge_days,   charge_move},
        {42, migration_late_readings, NULL       },
        {43, migration_ledger_marks,  NULL       },
        {44, migration_meter_prices,  NULL       },
        {45, migration_meter_told,    NULL       },
        {46, migration_photos,        NULL       },
        {47, migration_task_owners,   NULL       },
        {48, migration_balance_order, NULL       },
        {49, migration_report_taken,  NULL       },
        {50, migration_corrections,   NULL       },
        {51, migration_closed_days,   NULL       },
        {0,  NULL,                    NULL       },
};

const struct migration day_migrations[] = {
        {1, migration_batches, NULL},
        {0, NULL,              NULL}
};

int migration_newest(const struct migration *list)
{
	int newest = 0;

	for (; list->id; list++)
		newest = list->id;
	return newest;
}

enum err migration_found(struct db *db, int *id)
{
	struct stmt *st;
	bool has_table;
	enum err err;

	*id = 0;
	err = db_has_table(db, "schema_migration", &has_table);
	if (err || !has_table)
		return err;
	st = db_query(db, "SELECT coalesce(max(id),0) FROM schema_migration");
	if (stmt_row(st))
		*id = (int)col_i64(st);
	return stmt_end(st);
}

static enum err has_migration(struct db *db, int id, bool *has)
{
	struct stmt *st = db_query(db, "SELECT count(*) FROM schema_migration WHERE id=?");

	bind_i64(st, id);
	*has = stmt_row(st) && col_i64(st) > 0;
	return stmt_end(st);
}

/* Another process may have been faster: what is there is asked again where nobody else writes. */
static enum err apply(struct db *db, const struct migration *m)
{
	bool has = false;
	struct stmt *st;
	enum err err;

	err = db_exec(db, "BEGIN IMMEDIATE");
	if (err)
		return err;
	err = db_exec(db, "CREATE TABLE IF NOT EXISTS schema_migration(id BIGINT PRIMARY KEY)");
	if (!err)
		err = has_migration(db, m->id, &has);
	if (!err && !has)
		err = db_exec(db, m->sql);
	if (!err && !has && m->move)
		err = m->move(db);
	if (!err && !has) {
		st = db_query(db, "INSERT INTO schema_migration(id) VALUES(?)");
		bind_i64(st, m->id);
		err = stmt_run(st);
	}
	if (!err)
		err = db_exec(db, "COMMIT");
	if (err && db_in_transaction(db))
		(void)!db_exec(db, "ROLLBACK");
	return err;
}

/* One look instead of one for each: a store is opened far more often than it is migrated. */
static enum err has_all(struct db *db, const struct migration *list, bool *all)
{
	struct stmt *st = db_query(db, "SELECT count(*) FROM schema_migration WHERE id<=?");
	int64_t count = 0;

	for (const struct migration *m = list; m->id; m++)
		count++;
	bind_i64(st, migration_newest(list));
	*all = stmt_row(st) && col_i64(st) == count;
	return stmt_end(st);
}

/* `found`: the newest in `db`; `other`: only what it has, NULL: all. */
static enum err apply_missing(struct db *db, int found, const struct migration *list,
                              struct db *other)
{
	enum err err = ERR_NONE;
	bool all = false;

	if (found)
		err = has_all(db, list, &all);
	for (; !err && !all && list->id; list++) {
		bool has = false, wanted = true;

		if (found)
			err = has_migration(db, list->id, &has);
		if (!err && other)
			err = has_migration(other, list->id, &wanted);
		if (!err && wanted && !has)
			err = apply(db, list);
	}
	return err;
}

enum err migrate(struct db *db, const struct migration *list)
{
	enum err err;
	int found;

	err = migration_found(db, &found);
	if (err)
		return err;
	return found > migration_newest(list) ? ERR_VERSION : apply_missing(db, found, list, NULL);
}

enum err migrate_like(struct db *db, struct db *other)
{
	int found, wanted;
	enum err err;

	err = migration_found(db, &found);
	if (!err)
		err = migration_found(other, &wanted);
	if (err)
		return err;
	if (wanted == 0)
		return ERR_NOT_FOUND;
	return wanted > migration_newest(store_migrations)
	               ? ERR_VERSION
	               : apply_missing(db, found, store_migrations, other);
}
